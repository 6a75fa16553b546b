/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * URLs (RFC 3986): scheme://[user[:password]@]host[:port]/path[?query], parsed into fixed fields,
 * and relative references resolved against the URL of the script they stand in.
 *
 * TFTP paths keep what iPXE users expect, so that every file name can be written: the slash behind
 * the host is not part of the name. tftp://host/path asks for "path", tftp://host//path for
 * "/path".
 */
#ifndef NET_URL_H
#define NET_URL_H

#include <stdbool.h>
#include <stdint.h>
#include "config/limits.h"

struct url {
	char scheme[16];	     /* lower case */
	char user[64], password[64]; /* percent-decoded */
	char host[128];		     /* without brackets; "" for none */
	uint16_t port;		     /* 0: the scheme's own */
	char path[URL_MAX]; /* still percent-encoded, with its leading '/', query included, fragment
			       cut off */
};

/* ERR_BAD_URL when it is not one or does not fit. */
int url_parse(const char *text, struct url *u);
/*
 * Resolves `ref` against `base` (RFC 3986 5.2; "" for none) into text. A ref without scheme and
 * with an empty base is a file name on the next-server, taken as it is: tftp://NEXT/ref with what a
 * URL cannot hold percent- encoded, where next is its address or name ("" gives ERR_BAD_URL).
 * ERR_BAD_URL also when it does not fit.
 */
int url_resolve(const char *base, const char *next, const char *ref, char text[URL_MAX]);
/* Percent-decodes a path into dst; false when it does not fit, is malformed or has a %00. */
bool url_decode(const char *s, char *dst, unsigned cap);

#endif
