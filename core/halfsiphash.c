/* SPDX-License-Identifier: BSD-2-Clause */
/* HalfSipHash-2-4, see halfsiphash.h. */
#include "core/halfsiphash.h"

static uint32_t rotl(uint32_t v, unsigned n)
{
	return v << n | v >> (32 - n);
}

static void rounds(uint32_t *v, unsigned n)
{
	while (n--) {
		v[0] += v[1];
		v[1] = rotl(v[1], 5) ^ v[0];
		v[0] = rotl(v[0], 16);
		v[2] += v[3];
		v[3] = rotl(v[3], 8) ^ v[2];
		v[0] += v[3];
		v[3] = rotl(v[3], 7) ^ v[0];
		v[2] += v[1];
		v[1] = rotl(v[1], 13) ^ v[2];
		v[2] = rotl(v[2], 16);
	}
}

static void compress(uint32_t *v, uint32_t word)
{
	v[3] ^= word;
	rounds(v, 2);
	v[0] ^= word;
}

uint32_t halfsiphash(const uint32_t key[2], const uint32_t *words, unsigned n)
{
	uint32_t v[4] = {key[0], key[1], key[0] ^ 0x6c796765, key[1] ^ 0x74656462};

	for (unsigned i = 0; i < n; i++)
		compress(v, words[i]);
	compress(v, n << 26); /* the last word: no bytes left, and the length in bytes on top */
	v[2] ^= 0xff;
	rounds(v, 4);
	return v[1] ^ v[3];
}
