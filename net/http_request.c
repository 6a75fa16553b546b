/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HTTP requests (RFC 9112 3, RFC 9110): GET with Host, User-Agent, and where they are needed Range,
 * If-Range and Authorization.
 *
 * User and password come from the URL, else from the settings `username` and `password`; these are
 * not shown (Basic) to a host that only a redirect has named. A name that Digest would have to
 * escape, with quotes, backslashes or control bytes, counts as none.
 */
#include "core/fmt.h"
#include "core/machine.h"
#include "core/str.h"
#include "net/http.h"
#include "net/net.h"

#define LOGIN_MAX 96 /* bytes of user and of password, with their NULs */

struct login {
	char user[LOGIN_MAX], password[LOGIN_MAX];
};

/* What is written; n goes on counting where p is full. */
struct text {
	char *p;
	size_t n, cap;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (t->n < t->cap)
		t->n += fmt_vprint(t->p + t->n, t->cap - t->n, fmt, ap);
	va_end(ap);
}

/* The URL's path with what cannot stand in it percent-encoded, RFC 3986 2.1. */
static void put_target(struct text *t, const char *s)
{
	for (; *s; s++)
		put(t, strchr("\"<>\\^`{|}", *s) ? "%%%02X" : "%c", *s);
}

static bool login_get(struct fetch *f, struct login *l)
{
	l->password[0] = 0;
	if (f->url.user[0]) {
		str_copy(l->user, LOGIN_MAX, f->url.user);
		str_copy(l->password, LOGIN_MAX, f->url.password);
	} else {
		if ((f->strayed && http_of(f)->auth.scheme == HTTP_AUTH_BASIC) ||
			setting_text(f->m, "username", l->user, LOGIN_MAX) <= 0)
			return false;
		setting_text(f->m, "password", l->password, LOGIN_MAX);
	}
	for (const char *s = l->user; *s; s++)
		if ((uint8_t)*s < ' ' || *s == '"' || *s == '\\')
			return false;
	return true;
}

bool http_request_login(struct fetch *f)
{
	struct login l;

	return login_get(f, &l);
}

/* RFC 7617 */
static void put_basic(struct text *t, const struct login *l)
{
	char both[2 * LOGIN_MAX], code[3 * LOGIN_MAX];
	size_t n = fmt_print(both, sizeof(both), "%s:%s", l->user, l->password);

	setting_type_find("base64", 6)->format((const uint8_t *)both, n, code, sizeof(code));
	put(t, "Authorization: Basic %s\r\n", code);
}

/* RFC 7616 3.4 */
static void put_digest(struct text *t, struct fetch *f, const struct login *l, const char *target)
{
	struct http_auth *a = &http_of(f)->auth;
	char nc[9], cnonce[9], response[DIGEST_HEX];

	fmt_print(nc, sizeof(nc), "%08x", ++a->nc);
	fmt_print(cnonce, sizeof(cnonce), "%08x", rng_u32(f->m));
	f->net->config->http_digest(a, l->user, l->password, target, nc, cnonce, response);
	put(t,
		"Authorization: Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", uri=\"%s\", "
		"response=\"%s\", algorithm=%s, qop=auth, nc=%s, cnonce=\"%s\"",
		l->user, a->realm, a->nonce, target, response,
		a->scheme == HTTP_AUTH_MD5 ? "MD5" : "SHA-256", nc, cnonce);
	put(t, a->opaque[0] ? ", opaque=\"%s\"\r\n" : "%s\r\n", a->opaque);
}

bool http_request_make(struct fetch *f, struct http_conn *c)
{
	enum http_auth_scheme scheme = http_of(f)->auth.scheme;
	struct text t = {c->request, 0, sizeof(c->request)};
	char decoded[URL_MAX];
	struct login l;
	size_t end;

	if (!url_decode(f->url.path, decoded, sizeof(decoded)))
		return false; /* a % that begins nothing */
	put(&t, "GET ");
	put_target(&t, f->url.path);
	end = t.n;
	put(&t, " HTTP/1.1\r\nHost: %s", c->host);
	if (f->url.port)
		put(&t, ":%u", f->url.port);
	put(&t, "\r\nUser-Agent: Reveille/%s\r\n", f->m->config->version);
	if (c->ranged) {
		put(&t, "Range: bytes=%llu-", (unsigned long long)c->obj);
		if (c->to != HTTP_UNKNOWN)
			put(&t, "%llu", (unsigned long long)c->to - 1);
		put(&t, "\r\nIf-Range: %s\r\n", http_of(f)->validator);
	}
	if (scheme == HTTP_AUTH_BASIC && login_get(f, &l)) {
		put_basic(&t, &l);
	} else if (scheme > HTTP_AUTH_BASIC && login_get(f, &l)) {
		c->request[end] = 0; /* for a moment: Digest wants the target as it is sent */
		put_digest(&t, f, &l, c->request + 4);
		c->request[end] = ' ';
	}
	put(&t, "\r\n");
	c->request_n = (uint16_t)t.n;
	return t.n < t.cap;
}
