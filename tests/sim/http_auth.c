/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Access to the simulated HTTP server: Basic (RFC 7617), and Digest with MD5 and qop=auth (RFC
 * 7616), with a nonce that stays the same.
 */
#include "httpd_conn.h"
#include "md5.h"

#include <stdio.h>
#include <stdlib.h>

#define REALM "simulated"
#define NONCE "dcd98b7102dd2f0e8b11d0f600bfb0c0"

static void base64(const char *from, char *to)
{
	static const char digit[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t len = strlen(from);

	for (size_t i = 0; i < len; i += 3) {
		uint32_t v = (uint32_t)(uint8_t)from[i] << 16;

		v |= i + 1 < len ? (uint32_t)(uint8_t)from[i + 1] << 8 : 0;
		v |= i + 2 < len ? (uint8_t)from[i + 2] : 0;
		*to++ = digit[v >> 18];
		*to++ = digit[v >> 12 & 63];
		*to++ = i + 1 < len ? digit[v >> 6 & 63] : '=';
		*to++ = i + 2 < len ? digit[v & 63] : '=';
	}
	*to = 0;
}

static bool basic_allows(const struct sim_httpd *d, const char *authorization)
{
	char both[200], text[300] = "Basic ";

	snprintf(both, sizeof(both), "%s:%s", d->conf.user, d->conf.password);
	base64(both, text + 6);
	return !strcmp(authorization, text);
}

/* The value of name=value or name="value" in a list. */
static void param(const char *list, const char *name, char *to, size_t size)
{
	size_t len = strlen(name), n = 0;

	*to = 0;
	for (const char *p = strstr(list, name); p; p = strstr(p + 1, name)) {
		bool quoted;

		if ((p[-1] != ' ' && p[-1] != ',') || p[len] != '=')
			continue;
		p += len + 1;
		quoted = *p == '"';
		for (p += quoted; *p && *p != (quoted ? '"' : ',') && n + 1 < size; p++)
			to[n++] = *p;
		to[n] = 0;
		return;
	}
}

static void hash(char hex[33], const char *a, const char *b, const char *c)
{
	char text[1200];
	int n = snprintf(text, sizeof(text), "%s:%s%s%s", a, b, c ? ":" : "", c ? c : "");

	md5_hex(text, (size_t)n, hex);
}

/* RFC 7616 3.4.1. */
static bool digest_allows(const struct sim_httpd *d, const struct http_request *r)
{
	char uri[300], nc[16], cnonce[100], qop[16], nonce[64], response[64], user[64], realm[64];
	char ha1[33], ha2[33], want[33], middle[300], target[520];
	const char *list = r->authorization;

	if (strncmp(list, "Digest ", 7))
		return false;
	param(list, "uri", uri, sizeof(uri));
	param(list, "nc", nc, sizeof(nc));
	param(list, "cnonce", cnonce, sizeof(cnonce));
	param(list, "qop", qop, sizeof(qop));
	param(list, "nonce", nonce, sizeof(nonce));
	param(list, "response", response, sizeof(response));
	param(list, "username", user, sizeof(user));
	param(list, "realm", realm, sizeof(realm));
	hash(ha1, d->conf.user, REALM, d->conf.password);
	hash(ha2, r->method, uri, NULL);
	snprintf(middle, sizeof(middle), "%s:%s:%s:%s", NONCE, nc, cnonce, "auth");
	hash(want, ha1, middle, ha2);
	snprintf(target, sizeof(target), "/%s%s%s", r->path, *r->query ? "?" : "", r->query);
	return !strcmp(qop, "auth") && !strcmp(nonce, NONCE) && !strcmp(user, d->conf.user) &&
	       !strcmp(realm, REALM) && strlen(nc) == 8 && *cnonce && !strcmp(response, want) &&
	       (strchr(uri, '%') || !strcmp(uri, target));
}

bool auth_allows(const struct sim_httpd *d, const struct http_request *r)
{
	if (!d->conf.user)
		return true;
	if (d->conf.never)
		return false;
	return d->conf.digest ? digest_allows(d, r) : basic_allows(d, r->authorization);
}

void auth_challenge(const struct sim_httpd *d, char *line, size_t size)
{
	if (d->conf.digest)
		snprintf(line, size,
			"WWW-Authenticate: Digest realm=\"" REALM "\", qop=\"auth,auth-int\", "
			"algorithm=MD5, nonce=\"" NONCE
			"\", opaque=\"5ccc069c403ebaf9f0171e95\"\r\n");
	else
		snprintf(line, size, "WWW-Authenticate: Basic realm=\"" REALM "\"\r\n");
}
