/* SPDX-License-Identifier: BSD-2-Clause */
/* MD5 (RFC 1321) and SHA-256 (FIPS 180-4), as hexadecimal text in lower case. */
#ifndef NET_BEARSSL_DIGEST_H
#define NET_BEARSSL_DIGEST_H

#include <stddef.h>
#include <stdint.h>

enum digest {
	DIGEST_MD5,
	DIGEST_SHA256,
};

#define DIGEST_HEX 65 /* bytes of the longest one as text, with its NUL */

/* A digest under way; the caller's memory. */
struct digest_run {
	enum digest kind;
	_Alignas(8) uint8_t state[112];
};

void digest_begin(struct digest_run *d, enum digest kind);
void digest_add(struct digest_run *d, const void *p, size_t n);
void digest_end(struct digest_run *d, char hex[DIGEST_HEX]);
/* Of the texts up to a NULL, with colons between them, as HTTP wants it. */
void digest_hex(enum digest kind, const char *const *part, char hex[DIGEST_HEX]);

#endif
