/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HTTP authentication: the challenge grammar of RFC 9110 11.2 and 11.6.1, and what Digest answers,
 * RFC 7616 3.4.1. Digest beats Basic, which shows the password to everybody on the way.
 *
 * Not met, as if they had not been offered: other schemes, other algorithms than MD5 and SHA-256,
 * Digest without qop=auth, values with a backslash in them or longer than HTTP_AUTH_MAX. Not done:
 * userhash, rspauth.
 */
#include "net/http_auth.h"
#include "core/str.h"
#include "net/bearssl/digest.h"

/* A challenge under way. */
struct challenge {
	struct http_auth a;
	bool met, qop;
};

static const char *skip(const char *s, const char *what)
{
	while (*s && strchr(what, *s))
		s++;
	return s;
}

/* A token or what is between quotes into text; what does not fit or is escaped makes it unmet. */
static const char *value_read(const char *s, char text[HTTP_AUTH_MAX], bool *met)
{
	const char *stops = *s == '"' ? "\"" : " \t,=\"";
	unsigned n = 0;

	for (s += *s == '"'; *s && !strchr(stops, *s); s++) {
		if (*s == '\\' || n == HTTP_AUTH_MAX - 1)
			*met = false;
		else
			text[n++] = *s;
		if (*s == '\\' && s[1])
			s++;
	}
	text[n] = 0;
	return *s == '"' ? s + 1 : s;
}

/* "auth,auth-int" has auth, "auth-int" has not. */
static bool has_auth(const char *list)
{
	char word[HTTP_AUTH_MAX];
	bool met;

	while (*(list = skip(list, " \t,=\""))) {
		list = value_read(list, word, &met);
		if (str_ieq(word, "auth"))
			return true;
	}
	return false;
}

static void param_take(
	struct challenge *c, struct http_auth *best, const char *name, const char *value)
{
	struct http_auth *a = &c->a;
	char *text = str_ieq(name, "realm")	  ? a->realm
		     : str_ieq(name, "nonce")	  ? a->nonce
		     : str_ieq(name, "nextnonce") ? best->nonce
		     : str_ieq(name, "opaque")	  ? a->opaque
						  : NULL;

	if (text)
		str_copy(text, HTTP_AUTH_MAX, value);
	else if (str_ieq(name, "stale"))
		a->stale = str_ieq(value, "true");
	else if (str_ieq(name, "qop"))
		c->qop = has_auth(value);
	else if (str_ieq(name, "algorithm") && str_ieq(value, "SHA-256"))
		a->scheme = HTTP_AUTH_SHA256;
	else if (str_ieq(name, "algorithm"))
		c->met &= str_ieq(value, "MD5");
}

static void challenge_end(const struct challenge *c, struct http_auth *best)
{
	bool basic = best->basic || (c->met && c->a.scheme == HTTP_AUTH_BASIC);

	if (c->met && c->a.scheme > best->scheme && (c->qop || c->a.scheme == HTTP_AUTH_BASIC))
		*best = c->a;
	best->basic = basic;
}

static void challenge_begin(struct challenge *c, const char *scheme)
{
	memset(c, 0, sizeof(*c));
	c->met = true;
	c->a.scheme = str_ieq(scheme, "Digest")	 ? HTTP_AUTH_MD5
		      : str_ieq(scheme, "Basic") ? HTTP_AUTH_BASIC
						 : HTTP_AUTH_NONE;
}

void http_auth_challenge(struct http_auth *best, const char *s)
{
	char name[HTTP_AUTH_MAX], value[HTTP_AUTH_MAX];
	struct challenge c;
	const char *begin;

	challenge_begin(&c, "");
	do {
		begin = s;
		s = skip(value_read(skip(s, " \t,"), name, &c.met), " \t");
		if (*s == '=') {
			s = value_read(skip(s, "= \t"), value, &c.met);
			param_take(&c, best, name, value);
		} else {
			challenge_end(&c, best);
			challenge_begin(&c, name);
		}
	} while (s != begin);
}

void http_auth_response(const struct http_auth *a, const char *user, const char *password,
	const char *target, const char *nc, const char *cnonce, char hex[DIGEST_HEX])
{
	enum digest kind = a->scheme == HTTP_AUTH_SHA256 ? DIGEST_SHA256 : DIGEST_MD5;
	char who[DIGEST_HEX], what[DIGEST_HEX];

	digest_hex(kind, (const char *[]){user, a->realm, password, NULL}, who);
	digest_hex(kind, (const char *[]){"GET", target, NULL}, what);
	digest_hex(kind, (const char *[]){who, a->nonce, nc, cnonce, "auth", what, NULL}, hex);
}
