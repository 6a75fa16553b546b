/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See csum.h. Words are summed as they lie in memory: with all bytes swapped the sum is the same
 * but for its own bytes (RFC 1071 2 B), so one swap ends it.
 */
#include "core/csum.h"
#if defined(__i386__) || defined(__x86_64__)
#include "arch/x86/csum.h"
#else
#define CSUM_BLOCK 16
#endif

typedef uint32_t __attribute__((may_alias, aligned(1))) csum_word;

#ifndef CSUM_ARCH
/* CSUM_BLOCK bytes a turn. */
static uint32_t csum_blocks(uint32_t sum, const uint8_t *p, size_t blocks)
{
	const csum_word *w = (const csum_word *)p;
	uint64_t s = sum;

	for (; blocks; blocks--, w += 4)
		s += (uint64_t)w[0] + w[1] + w[2] + w[3];
	s = (s & 0xffffffff) + (s >> 32);
	return (uint32_t)s + (uint32_t)(s >> 32);
}
#endif

uint32_t csum_add(uint32_t sum, const void *p, size_t n)
{
	const uint8_t *b = p;
	size_t blocks = n / CSUM_BLOCK;
	uint64_t s = blocks ? csum_blocks(0, b, blocks) : 0;
	uint8_t last[4] = {0};
	uint32_t half;

	b += blocks * CSUM_BLOCK;
	for (n -= blocks * CSUM_BLOCK; n >= 4; n -= 4, b += 4)
		s += *(const csum_word *)b;
	for (size_t i = 0; i < n; i++)
		last[i] = b[i];
	s += *(const csum_word *)last;
	s = (s & 0xffffffff) + (s >> 32);
	half = (uint32_t)(s & 0xffff) + (uint32_t)(s >> 16);
	half = (half & 0xffff) + (half >> 16);
	if (*(const uint8_t *)&(uint16_t){1})
		half = (half & 0xff) << 8 | (half >> 8 & 0xff);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum + half;
}

uint16_t csum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}
