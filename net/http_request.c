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

static void put(struct text *t, const char *s)
{
	for (; *s; s++, t->n++)
		if (t->n < t->cap)
			t->p[t->n] = *s;
}

static void put_number(struct text *t, uint64_t v)
{
	char digits[24];

	fmt_print(digits, sizeof(digits), "%llu", (unsigned long long)v);
	put(t, digits);
}

static void put_quoted(struct text *t, const char *name, const char *value)
{
	put(t, name);
	put(t, "=\"");
	put(t, value);
	put(t, "\"");
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* The URL's path with what cannot stand in it percent-encoded, RFC 3986 2.1; not twice. */
static void put_target(struct text *t, const char *s)
{
	char code[4];

	for (; *s; s++) {
		bool plain = *s == '%' ? is_hex(s[1]) && is_hex(s[2]) : !strchr("\"<>\\^`{|}", *s);

		fmt_print(code, sizeof(code), plain ? "%c" : "%%%02X", *s);
		put(t, code);
	}
}

static bool login_get(struct fetch *f, struct login *l)
{
	if (f->url.user[0]) {
		str_copy(l->user, LOGIN_MAX, f->url.user);
		str_copy(l->password, LOGIN_MAX, f->url.password);
	} else if (f->strayed && !http_of(f)->auth.digest) {
		return false;
	} else if (setting_text(f->m, "username", l->user, LOGIN_MAX) <= 0) {
		return false;
	} else if (setting_text(f->m, "password", l->password, LOGIN_MAX) < 0) {
		l->password[0] = 0;
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
	char both[2 * LOGIN_MAX], code[4 * LOGIN_MAX];
	size_t n = fmt_print(both, sizeof(both), "%s:%s", l->user, l->password);

	setting_type_find("base64", 6)->format((const uint8_t *)both, n, code, sizeof(code));
	put(t, "Basic ");
	put(t, code);
}

/* RFC 7616 3.4 */
static void put_digest(struct text *t, struct fetch *f, const struct login *l, const char *target)
{
	struct http_auth *a = &http_of(f)->auth;
	char nc[9], cnonce[17], response[DIGEST_HEX];

	fmt_print(nc, sizeof(nc), "%08x", ++a->nc);
	fmt_print(cnonce, sizeof(cnonce), "%08x%08x", rng_u32(f->m), rng_u32(f->m));
	http_auth_response(a, l->user, l->password, target, nc, cnonce, response);
	put_quoted(t, "Digest username", l->user);
	put_quoted(t, ", realm", a->realm);
	put_quoted(t, ", nonce", a->nonce);
	put_quoted(t, ", uri", target);
	put_quoted(t, ", response", response);
	put(t, a->digest == DIGEST_MD5 ? ", algorithm=MD5" : ", algorithm=SHA-256");
	if (a->opaque[0])
		put_quoted(t, ", opaque", a->opaque);
	if (a->qop) {
		put(t, ", qop=auth, nc=");
		put(t, nc);
		put_quoted(t, ", cnonce", cnonce);
	}
}

static void put_login(struct text *t, struct fetch *f, const char *target)
{
	const struct http_auth *a = &http_of(f)->auth;
	struct login l;

	if ((!a->basic && !a->digest) || !login_get(f, &l))
		return;
	put(t, "Authorization: ");
	if (a->digest)
		put_digest(t, f, &l, target);
	else
		put_basic(t, &l);
	put(t, "\r\n");
}

static void put_range(struct text *t, const struct http_conn *c, const char *validator)
{
	put(t, "Range: bytes=");
	put_number(t, c->obj);
	put(t, "-");
	if (c->to != HTTP_UNKNOWN)
		put_number(t, c->to - 1);
	put(t, "\r\nIf-Range: ");
	put(t, validator);
	put(t, "\r\n");
}

/* RFC 9110 7.2: an IPv6 address in brackets, the port when it is not the usual one. */
static void put_host(struct text *t, const struct http_conn *c)
{
	bool v6 = strchr(c->host, ':');

	put(t, v6 ? "Host: [" : "Host: ");
	put(t, c->host);
	put(t, v6 ? "]" : "");
	if (c->port != c->scheme->port) {
		put(t, ":");
		put_number(t, c->port);
	}
	put(t, "\r\n");
}

bool http_request_make(struct fetch *f, struct http_conn *c)
{
	struct text t = {c->request, 0, sizeof(c->request)};
	size_t end;

	put(&t, "GET ");
	put_target(&t, f->url.path);
	end = t.n;
	put(&t, " HTTP/1.1\r\n");
	put_host(&t, c);
	put(&t, "User-Agent: Reveille/");
	put(&t, f->m->config->version);
	put(&t, "\r\n");
	if (c->ranged)
		put_range(&t, c, http_of(f)->validator);
	if (t.n < t.cap) {
		c->request[end] = 0; /* for a moment: Digest wants the target as it is sent */
		put_login(&t, f, c->request + 4);
		c->request[end] = ' ';
	}
	put(&t, "\r\n");
	c->request_n = (uint16_t)t.n;
	return t.n <= t.cap;
}
