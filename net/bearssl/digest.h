/* SPDX-License-Identifier: BSD-2-Clause */
/* MD5 (RFC 1321) and SHA-256 (FIPS 180-4) of short texts, as HTTP's Digest wants them. */
#ifndef NET_BEARSSL_DIGEST_H
#define NET_BEARSSL_DIGEST_H

enum digest {
	DIGEST_NONE,
	DIGEST_MD5,
	DIGEST_SHA256,
};

#define DIGEST_HEX 65 /* bytes of the longest one as text, with its NUL */

/* Of the n texts with colons between them, in lower case. hex may be one of them. */
void digest_hex(enum digest kind, const char *const *part, unsigned n, char hex[DIGEST_HEX]);

#endif
