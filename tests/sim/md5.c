/* SPDX-License-Identifier: BSD-2-Clause */
/* MD5 as RFC 1321 section 3 says it, in no hurry. */
#include "md5.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t rotate(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static uint32_t word(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* 3.4: the four rounds. Step i of round r takes word k and turns by s. */
static void block(uint32_t state[4], const uint8_t *p)
{
	static const uint8_t turn[4][4] = {
		{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
	static const uint8_t first[4] = {0, 1, 5, 0}, step[4] = {1, 5, 3, 7};
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3];

	for (unsigned i = 0; i < 64; i++) {
		unsigned r = i / 16, k = (first[r] + step[r] * i) % 16;
		const uint32_t f[4] = {
			(b & c) | (~b & d), (b & d) | (c & ~d), b ^ c ^ d, c ^ (b | ~d)};
		uint32_t t = (uint32_t)(fabs(sin((double)i + 1)) * 4294967296.0);
		uint32_t x = a + f[r] + word(p + 4 * k) + t;

		a = d;
		d = c;
		c = b;
		b += rotate(x, turn[r][i % 4]);
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
}

void md5_hex(const void *data, size_t len, char hex[33])
{
	uint32_t state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
	size_t all = (len + 8) / 64 * 64 + 64;
	uint8_t *p = calloc(all, 1);

	if (!p)
		abort();
	memcpy(p, data, len);
	p[len] = 0x80;
	for (unsigned i = 0; i < 8; i++)
		p[all - 8 + i] = (uint8_t)((uint64_t)len * 8 >> 8 * i);
	for (size_t at = 0; at < all; at += 64)
		block(state, p + at);
	free(p);
	for (unsigned i = 0; i < 16; i++)
		snprintf(hex + 2 * i, 3, "%02x", state[i / 4] >> 8 * (i % 4) & 0xff);
}
