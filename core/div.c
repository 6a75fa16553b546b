/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 64-bit division for CPUs without it, under the names that gcc and clang call on 32-bit targets
 * (unsigned only: nothing in the tree divides signed 64-bit numbers). Shift and subtract: small, a
 * microsecond each, fit for rates and clocks, not for inner loops. Division by zero gives all ones.
 */
#include <stddef.h>
#include <stdint.h>

uint64_t __udivmoddi4(uint64_t n, uint64_t d, uint64_t *rem);
uint64_t __udivdi3(uint64_t n, uint64_t d);
uint64_t __umoddi3(uint64_t n, uint64_t d);

uint64_t __udivmoddi4(uint64_t n, uint64_t d, uint64_t *rem)
{
	uint64_t q = 0, r = 0;

	for (int bit = 63; bit >= 0; bit--) {
		uint64_t carry = r >> 63;

		r = r << 1 | (n >> bit & 1);
		if (carry || r >= d) {
			r -= d;
			q |= (uint64_t)1 << bit;
		}
	}
	if (rem)
		*rem = r;
	return q;
}

uint64_t __udivdi3(uint64_t n, uint64_t d)
{
	return __udivmoddi4(n, d, NULL);
}

uint64_t __umoddi3(uint64_t n, uint64_t d)
{
	uint64_t r;

	__udivmoddi4(n, d, &r);
	return r;
}
