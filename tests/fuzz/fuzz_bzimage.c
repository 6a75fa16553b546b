/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: a kernel file beside initrds, in memory that watches what is written. The input:
 *	byte 0		where images start, in half MiB
 *	byte 1		number of initrds (low 3 bits), kernel loaded in front of that many (next 3)
 *	bytes 2, 3	a reserved hole in memory: where and how much, in 64 KiB
 *	byte 4		where the program lies, in 64 KiB
 *	5 bytes		for each initrd: size in bytes, 2 and in 256 bytes, 1; which path; flags
 *	rest		the kernel file
 *
 * Whatever the file says: either an error and no boot, or a kernel in RAM and an initrd region
 *beside it, where the moves stay inside RAM (the memory aborts) and the files arrive.
 */
#include <stdlib.h>
#include <string.h>
#include "core/bytes.h"
#include "core/bzimage.h"
#include "tests/fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MIB	 ((uint64_t)1 << 20)
#define RAM_SIZE (16 * MIB)

static struct fake fake;
static struct machine m;
static struct boot_request req;
static const struct image_type *const types[] = {&bzimage_type, NULL};

static void check(bool good)
{
	if (!good)
		abort();
}

static void set_up(struct bytes *b)
{
	static struct config config;
	uint64_t floor = bytes_u8(b), order = bytes_u8(b), hole = bytes_u8(b), length = bytes_u8(b);

	config = fake_config;
	config.image_types = types;
	fake_init(&fake, RAM_SIZE);
	fake.map[fake.nmap++] = (struct mem_range){hole << 16, (hole + length) << 16, MEM_RESERVED};
	fake.self.start = (uint64_t)bytes_u8(b) << 16;
	fake.self.end = fake.self.start + 65536;
	check(machine_init(&m, NULL, &fake_platform, &fake, &config) == 0);
	m.mem.floor = MIB + (floor << 19) % RAM_SIZE;
	m.image_seq = (uint32_t)order; /* a place to remember it until all is loaded */
}

/* A file of bytes that say which image they belong to. */
static void load_initrd(struct bytes *b)
{
	static const char *const paths[] = {NULL, "init", "/a/b/c", "x//y", "/etc/", ""};
	static uint8_t text[1 << 18];
	uint32_t n = bytes_u16(b) + bytes_u8(b) * 256u;
	const char *path = paths[bytes_u8(b) % 6];
	uint8_t flags = bytes_u8(b);
	struct image *img;

	if (image_open(&m, "initrd", "", flags & 1 ? IMAGE_SIZE_UNKNOWN : n, path, &img))
		return;
	memset(text, 0x80 | (int)(img - m.images), n);
	if (image_set_total(&m, img, n) || image_put(&m, img, 0, text, n) || image_close(&m, img) ||
		flags & 2)
		image_free(&m, img);
	else
		img->initrd = !(flags & 4);
}

static void load_kernel(struct bytes b, struct image **kernel)
{
	struct image *img;

	if (image_open(&m, "vmlinuz", "", b.n, NULL, &img))
		return;
	check(image_put(&m, img, 0, b.p, b.n) == 0);
	if (image_close(&m, img) == 0 && img->type)
		*kernel = img;
	else
		image_free(&m, img);
}

static void carry_out(void)
{
	static uint8_t zero[3 * 4096];

	for (unsigned i = 0; i < req.nmoves; i++) {
		const struct boot_move *mv = &req.moves[i];

		check(mv->dst >= MIB);
		if (mv->src == BOOT_MOVE_ZERO) {
			check(mv->n <= sizeof(zero));
			fake_platform.phys_write(&fake, mv->dst, zero, mv->n);
		} else {
			fake_platform.phys_move(&fake, mv->dst, mv->src, mv->n);
		}
	}
	for (unsigned i = 0; i < req.nblobs; i++) {
		const struct boot_blob *blob = &req.blobs[i];

		check(blob->dst >= MIB && blob->off + blob->n <= req.nblob);
		fake_platform.phys_write(&fake, blob->dst, req.blob + blob->off, blob->n);
	}
}

/* Each file is in the region, in order: the first byte of each, its last, and how many it has. */
static void check_region(void)
{
	uint64_t at = req.initrd_start, end = at + req.initrd_size;
	const struct image *img;

	for (unsigned i = 0; (img = image_nth(&m, i)); i++) {
		uint8_t mark = (uint8_t)(0x80 | (img - m.images));

		if (!img->initrd)
			continue;
		for (uint64_t n = 0; n < img->total; at++) {
			check(at < end);
			if (fake.ram[at] == mark)
				n++;
			else
				check(n == 0 && fake.ram[at] < 0x80);
		}
	}
	for (; at < end; at++)
		check(fake.ram[at] < 0x80);
}

static void check_boot(const struct image *kernel, struct bytes file)
{
	uint32_t setup = (file.p[0x1f1] ? file.p[0x1f1] + 1u : 5u) * 512;
	uint64_t code = kernel->total - setup, load = req.entry;
	struct bytes start = bytes_of(file.p + 0x214, 4);

	check(req.kind == BOOT_LINUX);
	check(req.kernel_start <= load && load < req.kernel_end);
	check(!req.initrd_size || req.initrd_start + req.initrd_size <= req.kernel_start ||
		req.kernel_end <= req.initrd_start);
	carry_out();
	/* The entry point's offset is in the header, which is believed. */
	load -= bytes_le32(&start);
	check(memcmp(fake.ram + load + 0x100000, file.p + setup, code) == 0);
	check_region();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = bytes_of(data, size);
	struct image *kernel = NULL;
	unsigned n, k;

	set_up(&b);
	n = m.image_seq & 7;
	k = m.image_seq >> 3 & 7;
	m.image_seq = 0;
	if (size > 5 + 5 * n) {
		struct bytes file = bytes_of(data + 5 + 5 * n, size - 5 - 5 * n);

		for (unsigned i = 0; i <= n; i++) {
			if (i == (k < n ? k : n))
				load_kernel(file, &kernel);
			if (i < n)
				load_initrd(&b);
		}
		if (kernel && kernel->type->prepare(&m, kernel, &req) == 0)
			check_boot(kernel, file);
		else
			check(!kernel || req.kind == BOOT_NONE);
	}
	fake_end(&fake);
	return 0;
}
