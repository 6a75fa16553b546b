/* SPDX-License-Identifier: BSD-2-Clause */
/* Who may have the file: challenges (RFC 9110 11) of Basic (RFC 7617) and Digest (RFC 7616). */
#ifndef NET_HTTP_AUTH_H
#define NET_HTTP_AUTH_H

#include <stdbool.h>
#include <stdint.h>
#include "net/bearssl/digest.h"

#define HTTP_AUTH_MAX 128 /* bytes of realm, nonce and opaque, with their NULs */

struct http_auth {
	bool basic;
	enum digest digest; /* DIGEST_NONE and not basic: no challenge that we can meet */
	bool qop;	    /* auth is offered; else as RFC 2069 had it */
	bool stale;	    /* the nonce was too old, the password is right */
	uint32_t nc;	    /* times that the nonce was used */
	char realm[HTTP_AUTH_MAX], nonce[HTTP_AUTH_MAX], opaque[HTTP_AUTH_MAX];
};

/*
 * A WWW-Authenticate field, which may hold several challenges: the strongest that we can meet is
 * kept, those of earlier fields included. SHA-256, then MD5, then Basic.
 */
void http_auth_challenge(struct http_auth *a, const char *value);
/* The nextnonce of an Authentication-Info field, "" when there is none. */
void http_auth_info(char nonce[HTTP_AUTH_MAX], const char *value);
/* RFC 7616 3.4.1. cnonce and nc count only when there is a qop. */
void http_auth_response(const struct http_auth *a, const char *user, const char *password,
	const char *target, const char *nc, const char *cnonce, char hex[DIGEST_HEX]);

#endif
