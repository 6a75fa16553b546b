/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decodes the image: a range decoder (G. N. N. Martin, "Range encoding", 1979) with one bit a step,
 * whose chance comes from the model. util/pack.c is the other end.
 */
#include "arch/x86/bios/stub/unpack.h"

/* Intel SDM volume 2, table A-2 */
const struct model_opcodes model_opcodes = {
	.modrm =
		{
			0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, 0x0f, /* arithmetic */
			0, 0, 0, 0, 0, 0x0a, 0, 0,			/* IMUL */
			0xff, 0xff, 0, 0, 0, 0, 0, 0, /* arithmetic, TEST, XCHG, MOV, LEA, POP */
			0xc3, 0, 0x0f, 0, 0, 0, 0xc0, 0xc0, /* shifts, MOV; unary, CALL, PUSH */
		},
	.imm8 =
		{
			0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, /* arithmetic with AL */
			0, 0, 0, 0, 0, 0x0c, 0xff, 0xff,		/* PUSH, IMUL; Jcc */
			0x0d, 0, 0, 0, 0, 0x01, 0xff, 0,		/* arithmetic, TEST, MOV */
			0x43, 0x20, 0, 0, 0xff, 0x08, 0, 0, /* shifts, MOV; LOOP, IN, OUT, JMP */
		},
	.imm32 =
		{
			0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, /* arithmetic with EAX */
			0, 0, 0, 0, 0, 0x03, 0, 0,			/* PUSH, IMUL */
			0x02, 0, 0, 0, 0x0f, 0x02, 0, 0xff, /* arithmetic, MOV, TEST, MOV */
			0x80, 0, 0, 0, 0, 0x03, 0, 0,	    /* MOV; CALL, JMP */
		},
};

void unpack(struct model *m, const struct model_opcodes *opcodes, uint8_t *dst, uint32_t size,
	uint32_t code, const uint8_t *src)
{
	uint32_t range = 0xffffffff;
	uint32_t value = 0;

	for (unsigned i = 0; i < 4; i++)
		value = value << 8 | *src++;
	model_start(m, opcodes);
	for (uint32_t pos = 0; pos < size; pos++) {
		struct model_bits b = model_byte(m, dst, pos, code);

		while (b.known < 0x100) {
			uint32_t chance = model_chance(m, &b);
			uint32_t bound = (range >> 16) * chance;
			uint32_t bit = value < bound;
			uint32_t zero = bit - 1; /* all ones for a 0: a branch here is slow */

			__asm__("" : "+r"(zero));
			value -= bound & zero;
			range = bound + ((range - 2 * bound) & zero);
			for (; range < 1u << 24; range <<= 8)
				value = value << 8 | *src++;
			model_learn(m, &b, chance, bit);
		}
		dst[pos] = (uint8_t)b.known;
		model_next(m, b.known & 0xff);
	}
}
