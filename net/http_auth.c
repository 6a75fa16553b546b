/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HTTP authentication: the challenge grammar of RFC 9110 11.2 and 11.6.1, and what Digest answers,
 * RFC 7616 3.4.1. Digest beats Basic, which shows the password to everybody on the way.
 *
 * Not met, as if they had not been offered: other schemes, `-sess` algorithms, qop without auth,
 * realms and nonces with a backslash in them or longer than HTTP_AUTH_MAX. Not done: auth-int,
 * userhash, proving that the server knows the password (rspauth).
 */
#include "net/http_auth.h"
#include "core/str.h"

/* A challenge under way. */
struct challenge {
	struct http_auth a;
	bool met; /* we can, as far as was read */
};

static bool is_separator(char c)
{
	return !c || strchr(" \t,=\"", c);
}

static const char *skip(const char *s, const char *what)
{
	while (*s && strchr(what, *s))
		s++;
	return s;
}

/* A token or what is between quotes into text; what does not fit or is escaped makes it unmet. */
static const char *value_read(const char *s, char text[HTTP_AUTH_MAX], bool *met)
{
	bool quoted = *s == '"';
	unsigned n = 0;

	for (s += quoted; *s && (quoted ? *s != '"' : !is_separator(*s)); s++) {
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

/* Whether the comma-separated list has the word. */
static bool list_has(const char *list, const char *word)
{
	char one[HTTP_AUTH_MAX];
	bool met;

	for (list = skip(list, " \t,"); *list; list = skip(list, " \t,=\"")) {
		list = value_read(list, one, &met);
		if (str_ieq(one, word))
			return true;
	}
	return false;
}

static void param_take(struct challenge *c, const char *name, const char *value)
{
	struct http_auth *a = &c->a;

	if (str_ieq(name, "realm")) {
		str_copy(a->realm, HTTP_AUTH_MAX, value);
	} else if (str_ieq(name, "nonce") || str_ieq(name, "nextnonce")) {
		str_copy(a->nonce, HTTP_AUTH_MAX, value);
	} else if (str_ieq(name, "opaque")) {
		str_copy(a->opaque, HTTP_AUTH_MAX, value);
	} else if (str_ieq(name, "stale")) {
		a->stale = str_ieq(value, "true");
	} else if (str_ieq(name, "qop")) {
		a->qop = list_has(value, "auth");
		c->met &= a->qop;
	} else if (str_ieq(name, "algorithm") && str_ieq(value, "SHA-256")) {
		a->digest = DIGEST_SHA256;
	} else if (str_ieq(name, "algorithm") && !str_ieq(value, "MD5")) {
		c->met = false;
	}
}

static void challenge_begin(struct challenge *c, const char *scheme)
{
	memset(c, 0, sizeof(*c));
	c->a.basic = str_ieq(scheme, "Basic");
	c->a.digest = str_ieq(scheme, "Digest") ? DIGEST_MD5 : DIGEST_NONE;
	c->met = c->a.basic || c->a.digest;
}

static void challenge_end(const struct challenge *c, struct http_auth *best)
{
	if (c->met && (c->a.digest > best->digest || (!best->digest && !best->basic)))
		*best = c->a;
}

/* Reads all of it; what it ended with is in *c. */
static void challenges_read(struct challenge *c, struct http_auth *best, const char *s)
{
	char name[HTTP_AUTH_MAX], value[HTTP_AUTH_MAX];
	const char *begin;
	bool met;

	for (s = skip(s, " \t,"); *s; s = skip(s, " \t,")) {
		begin = s;
		met = true;
		s = skip(value_read(s, name, &met), " \t");
		if (*s == '=') {
			s = value_read(skip(s, "= \t"), value, &met);
			c->met &= met;
			param_take(c, name, value);
		} else {
			challenge_end(c, best);
			challenge_begin(c, name);
		}
		if (s == begin)
			return; /* it makes no sense */
	}
}

void http_auth_challenge(struct http_auth *a, const char *value)
{
	struct challenge c;

	challenge_begin(&c, "");
	challenges_read(&c, a, value);
	challenge_end(&c, a);
}

void http_auth_info(char nonce[HTTP_AUTH_MAX], const char *value)
{
	struct http_auth none = {0};
	struct challenge c;

	challenge_begin(&c, "");
	c.met = true;
	challenges_read(&c, &none, value);
	str_copy(nonce, HTTP_AUTH_MAX, c.met ? c.a.nonce : "");
}

void http_auth_response(const struct http_auth *a, const char *user, const char *password,
	const char *target, const char *nc, const char *cnonce, char hex[DIGEST_HEX])
{
	char who[DIGEST_HEX], what[DIGEST_HEX];
	const char *const a1[] = {user, a->realm, password}, *const a2[] = {"GET", target};
	const char *const all[] = {who, a->nonce, nc, cnonce, "auth", what};
	const char *const old[] = {who, a->nonce, what};

	digest_hex(a->digest, a1, 3, who);
	digest_hex(a->digest, a2, 2, what);
	if (a->qop)
		digest_hex(a->digest, all, 6, hex);
	else
		digest_hex(a->digest, old, 3, hex);
}
