/* SPDX-License-Identifier: BSD-2-Clause */
/* BearSSL's inner.h wants a <limits.h>, which may be a C library's; its hash functions use nothing
 * of it. */
#ifndef NET_BEARSSL_LIMITS_H
#define NET_BEARSSL_LIMITS_H

#define CHAR_BIT 8

#endif
