/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packs the firmware's image for the stub of the BIOS images, which unpacks it: util/romtool's
 *helper.
 *
 *	pack CODE <image >packed	CODE: how many bytes at its start are instructions
 *	pack -d CODE SIZE <packed >image
 *
 * A range encoder (G. N. N. Martin, "Range encoding", 1979) with the stub's own model; what it made
 *is unpacked by the stub's own code before it is believed. The result depends on the input alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arch/x86/bios/stub/unpack.h"

#define INPUT_MAX (16u << 20)

struct encoder {
	uint64_t low; /* bit 32: a carry into what was written */
	uint32_t range;
	uint8_t *out;
	size_t len;
};

static void put_byte(struct encoder *e)
{
	if (e->low >> 32)
		for (size_t i = e->len; i-- && ++e->out[i] == 0;)
			;
	e->out[e->len++] = (uint8_t)(e->low >> 24);
	e->low = e->low << 8 & 0xffffffff;
}

static void put_bit(struct encoder *e, uint32_t chance, uint32_t bit)
{
	uint32_t bound = (e->range >> 16) * chance;

	if (bit) {
		e->range = bound;
	} else {
		e->low += bound;
		e->range -= bound;
	}
	for (; e->range < 1u << 24; e->range <<= 8)
		put_byte(e);
}

static size_t pack(
	struct model *m, uint8_t *dst, const uint8_t *image, uint32_t size, uint32_t code)
{
	struct encoder e = {0, 0xffffffff, dst, 0};

	model_start(m, &model_opcodes);
	for (uint32_t pos = 0; pos < size; pos++) {
		struct model_bits b = model_byte(m, image, pos, code);

		for (int i = 7; i >= 0; i--) {
			uint32_t chance = model_chance(m, &b);
			uint32_t bit = image[pos] >> i & 1;

			put_bit(&e, chance, bit);
			model_learn(m, &b, chance, bit);
		}
		model_next(m, image[pos]);
	}
	for (int i = 0; i < 4; i++)
		put_byte(&e);
	return e.len;
}

static void *zeroed(size_t size)
{
	void *p = calloc(1, size);

	if (!p) {
		fprintf(stderr, "pack: out of memory\n");
		exit(1);
	}
	return p;
}

static uint8_t *unpacked(const uint8_t *packed, uint32_t size, uint32_t code)
{
	struct model *m = zeroed(sizeof *m);
	uint8_t *image = zeroed(size + 1);

	unpack(m, &model_opcodes, image, size, code, packed);
	free(m);
	return image;
}

int main(int argc, char **argv)
{
	uint8_t *in = zeroed(INPUT_MAX + UNPACK_PADDING);
	uint32_t len = (uint32_t)fread(in, 1, INPUT_MAX, stdin);
	struct model *m = zeroed(sizeof *m);
	uint8_t *out;
	size_t size;

	if (argc == 4 && !strcmp(argv[1], "-d")) {
		size = strtoul(argv[3], NULL, 0);
		out = unpacked(in, (uint32_t)size, (uint32_t)strtoul(argv[2], NULL, 0));
	} else if (argc == 2) {
		uint32_t code = (uint32_t)strtoul(argv[1], NULL, 0);

		out = zeroed(2 * len + 64);
		size = pack(m, out, in, len, code);
		if (memcmp(unpacked(out, len, code), in, len)) {
			fprintf(stderr, "pack: cannot be unpacked\n");
			return 1;
		}
	} else {
		fprintf(stderr, "usage: pack CODE | pack -d CODE SIZE\n");
		return 1;
	}
	return fwrite(out, 1, size, stdout) != size || fflush(stdout);
}
