/* SPDX-License-Identifier: BSD-2-Clause */
/* The inner loop of core/csum.c: a chain of additions with carry, RFC 1071 section 4. */
#ifndef ARCH_X86_CSUM_H
#define ARCH_X86_CSUM_H

#include <stddef.h>
#include <stdint.h>

#define CSUM_ARCH
#define CSUM_BLOCK 64 /* bytes a turn */

/* On top of sum; with the carry of the last addition, so the result is congruent modulo 0xffff. */
static inline uint32_t csum_blocks(uint32_t sum, const uint8_t *p, size_t blocks)
{
	struct csum_block {
		uint8_t b[CSUM_BLOCK];
	};

	for (; blocks; blocks--, p += CSUM_BLOCK)
		__asm__("addl (%1), %0; adcl 4(%1), %0; adcl 8(%1), %0; adcl 12(%1), %0\n"
			"adcl 16(%1), %0; adcl 20(%1), %0; adcl 24(%1), %0; adcl 28(%1), %0\n"
			"adcl 32(%1), %0; adcl 36(%1), %0; adcl 40(%1), %0; adcl 44(%1), %0\n"
			"adcl 48(%1), %0; adcl 52(%1), %0; adcl 56(%1), %0; adcl 60(%1), %0\n"
			"adcl $0, %0"
			: "+r"(sum)
			: "r"(p), "m"(*(const struct csum_block *)p)
			: "cc");
	return sum;
}

#endif
