/* SPDX-License-Identifier: BSD-2-Clause */
/* Who may have the file: challenges (RFC 9110 11) of Basic (RFC 7617) and Digest (RFC 7616). */
#ifndef NET_HTTP_AUTH_H
#define NET_HTTP_AUTH_H

#include <stdbool.h>
#include <stdint.h>
#include "net/bearssl/digest.h"

#define HTTP_AUTH_MAX 128 /* bytes of realm, nonce and opaque, with their NULs */

enum http_auth_scheme { /* the weakest first */
	HTTP_AUTH_NONE,
	HTTP_AUTH_BASIC,
	HTTP_AUTH_MD5, /* Digest, with qop=auth */
	HTTP_AUTH_SHA256,
};

struct http_auth {
	enum http_auth_scheme scheme; /* NONE: no challenge that we can meet */
	bool stale;		      /* the nonce was too old, the password is right */
	bool basic;		      /* Basic was offered as well */
	uint32_t nc;		      /* times that the nonce was used */
	char realm[HTTP_AUTH_MAX], nonce[HTTP_AUTH_MAX], opaque[HTTP_AUTH_MAX];
};

/*
 * A WWW-Authenticate field, which may hold several challenges: the strongest that we can meet is
 * kept, those of earlier fields included. An Authentication-Info field (RFC 7616 3.5) is read by
 * it, too: its nextnonce becomes a->nonce, and the rest says nothing.
 */
void http_auth_challenge(struct http_auth *a, const char *value);
/* RFC 7616 3.4.1; for net_config.http_digest */
void http_auth_response(const struct http_auth *a, const char *user, const char *password,
	const char *target, const char *nc, const char *cnonce, char hex[DIGEST_HEX]);

#endif
