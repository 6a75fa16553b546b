/* SPDX-License-Identifier: BSD-2-Clause */
/* The Internet checksum (RFC 1071): of IPv4 headers, ICMP, UDP and TCP. */
#ifndef CORE_CSUM_H
#define CORE_CSUM_H

#include <stddef.h>
#include <stdint.h>

/*
 * The sum over n bytes at p on top of `sum`, not folded. An odd n only in the last piece: it is
 * padded with a zero.
 */
uint32_t csum_add(uint32_t sum, const void *p, size_t n);
/* The checksum: folded and complemented, as a number; 0 over what has its checksum within. */
uint16_t csum_fold(uint32_t sum);

#endif
