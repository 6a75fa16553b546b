/* SPDX-License-Identifier: BSD-2-Clause */
/* MD5 (RFC 1321) of short texts, as HTTP's Digest wants it. */
#ifndef NET_BEARSSL_DIGEST_H
#define NET_BEARSSL_DIGEST_H

/* Of the texts up to a NULL, with colons between them. */
void digest_hex(const char *const *part, char hex[33]);

#endif
