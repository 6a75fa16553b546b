/* SPDX-License-Identifier: BSD-2-Clause */
/* The stub's decompressor: one call, everything in memory. */
#ifndef STUB_LZMA_H
#define STUB_LZMA_H

#include <stdbool.h>
#include <stdint.h>

#define LZMA_PADDING 16 /* readable bytes behind the stream */
#define LZMA_WORK                                                                                  \
	(64u << 10) /* bytes of tables: 2 * (1846 + 768 << (lc + lp)), 28 KiB with lc + lp = 3 */

/*
 * Unpacks `packed` bytes at src to exactly `size` bytes at dst. props: LZMA properties. work:
 * LZMA_WORK bytes. The stream is our own, verified by its sum: damage is detected as far as LZMA
 * does, never past dst.
 */
bool lzma_decode(void *dst, uint32_t size, const void *src, uint32_t packed, const uint8_t props[5],
	void *work);

#endif
