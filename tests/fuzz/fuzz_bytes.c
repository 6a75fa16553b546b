/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: the checked reader. The input is a program and the bytes it reads: one byte how many
 * bytes of program, the program, the data. Each step of the program is one call, whose result is
 * compared with arithmetic on a plain position, and never may a pointer leave the data. Strings
 * that come out are cleaned and read as numbers.
 */
#include <stdlib.h>
#include <string.h>
#include "core/bytes.h"
#include "core/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

/* The next n bytes as a number, or 0 when they are not all there. */
static uint64_t number(const uint8_t *p, size_t left, size_t n, bool big)
{
	uint64_t v = 0;

	for (size_t i = 0; left >= n && i < n; i++)
		v = v << 8 | p[big ? i : n - 1 - i];
	return v;
}

static void check_text(const void *p, size_t n)
{
	char text[64];
	uint64_t v;

	str_clean(text, sizeof(text), p, n);
	check(strlen(text) < sizeof(text));
	for (size_t i = 0; text[i]; i++)
		check(text[i] >= 0x20 && text[i] <= 0x7e);
	str_copy_n(text, sizeof(text), p, n);
	check(strlen(text) < sizeof(text));
	if (str_u64(text, &v)) {
		char *end;

		check(text[0] >= '0' && text[0] <= '9');
		check(strtoull(text, &end, text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10) ==
			v);
		check(!*end);
	}
}

static void step(struct bytes *b, uint8_t op)
{
	static const size_t sizes[] = {1, 2, 4, 8, 2, 4, 8};
	struct bytes before = *b, sub;
	size_t n = op >> 4, kind = op & 15;
	const char *text;
	uint8_t copy[16];
	uint64_t v;

	if (kind < 7) {
		n = sizes[kind];
		v = kind == 0	? bytes_u8(b)
		    : kind == 1 ? bytes_u16(b)
		    : kind == 2 ? bytes_u32(b)
		    : kind == 3 ? bytes_u64(b)
		    : kind == 4 ? bytes_le16(b)
		    : kind == 5 ? bytes_le32(b)
				: bytes_le64(b);
		check(v == number(before.p, before.bad ? 0 : before.n, n, kind < 4));
	} else if (kind == 7) {
		sub = bytes_sub(b, n);
		check(sub.bad ? !sub.n : sub.n == n && sub.p == before.p);
		while (sub.n)
			bytes_u8(&sub);
		check(bytes_u8(&sub) == 0 && sub.bad);
	} else if (kind == 8) {
		bytes_copy(b, copy, n);
		for (size_t i = 0; i < n; i++)
			check(copy[i] == (b->bad ? 0 : before.p[i]));
	} else if (kind == 9) {
		text = bytes_cstr(b);
		n = text ? strlen(text) + 1 : before.n + 1;
		if (text)
			check_text(text, strlen(text));
	} else {
		n = kind == 10 ? SIZE_MAX - n : n * n;
		bytes_skip(b, n);
	}
	if (before.bad || n > before.n)
		check(b->bad && !b->n);
	else
		check(!b->bad && b->n == before.n - n && b->p == before.p + n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes program, b = bytes_of(data, size);

	program = bytes_sub(&b, bytes_u8(&b));
	if (b.bad)
		return 0;
	check_text(b.p, b.n);
	while (program.n)
		step(&b, bytes_u8(&program));
	return 0;
}
