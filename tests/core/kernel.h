/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernels that are not: bzImage files of any boot protocol version with a body of random bytes, for
 * tests.
 */
#ifndef TESTS_CORE_KERNEL_H
#define TESTS_CORE_KERNEL_H

#include <stdint.h>
#include <string.h>
#include "tests/fake.h"

#define KERNEL_MAX (1u << 20)

struct kernel_spec {
	uint16_t version;
	uint8_t setup_sects; /* 0 means 4 */
	uint32_t code_size;  /* a multiple of 16 */
	uint32_t initrd_addr_max, alignment, cmdline_size;
	uint8_t relocatable, min_alignment;
	uint16_t xloadflags;
	uint64_t pref_address;
	uint32_t init_size;
};

static inline void kernel_put(uint8_t *file, unsigned off, uint64_t v, unsigned n)
{
	for (; n; n--, v >>= 8)
		file[off++] = (uint8_t)v;
}

static inline uint64_t kernel_get(const uint8_t *file, unsigned off, unsigned n)
{
	uint64_t v = 0;

	while (n)
		v = v << 8 | file[off + --n];
	return v;
}

static inline uint32_t kernel_setup_size(const struct kernel_spec *s)
{
	return ((s->setup_sects ? s->setup_sects : 4u) + 1) * 512;
}

/* Writes the file; returns its size. Fields that the version does not have keep random bytes. */
static inline uint32_t kernel_make(uint8_t *file, const struct kernel_spec *s, uint64_t seed)
{
	static const struct {
		uint16_t version;
		uint16_t end;
	} ends[] = {{0x200, 0x224}, {0x201, 0x226}, {0x202, 0x22c}, {0x203, 0x230}, {0x205, 0x235},
		{0x206, 0x23c}, {0x207, 0x248}, {0x208, 0x250}, {0x209, 0x258}, {0x20a, 0x264},
		{0x20b, 0x268}, {0x20f, 0x26c}};
	uint32_t size = kernel_setup_size(s) + s->code_size;
	unsigned end = 0;

	for (uint32_t i = 0; i < size; i++)
		file[i] = (uint8_t)fake_random(&seed);
	for (unsigned i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (s->version >= ends[i].version)
			end = ends[i].end;
	memset(file + 0x1f1, 0, end - 0x1f1);
	file[0x1f1] = s->setup_sects;
	kernel_put(file, 0x1f4, s->code_size / 16, s->version >= 0x204 ? 4 : 2);
	kernel_put(file, 0x1fe, 0xaa55, 2);
	file[0x200] = 0xeb;
	file[0x201] = (uint8_t)(end - 0x202);
	kernel_put(file, 0x202, 0x53726448, 4);
	kernel_put(file, 0x206, s->version, 2);
	file[0x211] = 0x01;
	kernel_put(file, 0x214, 0x100000, 4);
	if (s->version >= 0x203)
		kernel_put(file, 0x22c, s->initrd_addr_max, 4);
	if (s->version >= 0x205) {
		kernel_put(file, 0x230, s->alignment, 4);
		file[0x234] = s->relocatable;
	}
	if (s->version >= 0x206)
		kernel_put(file, 0x238, s->cmdline_size, 4);
	if (s->version >= 0x20a) {
		file[0x235] = s->min_alignment;
		kernel_put(file, 0x258, s->pref_address, 8);
		kernel_put(file, 0x260, s->init_size, 4);
	}
	if (s->version >= 0x20c)
		kernel_put(file, 0x236, s->xloadflags, 2);
	return size;
}

#endif
