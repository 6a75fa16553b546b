/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: the firmware's memory map, as broken as a BIOS can make it, and images in what is
 * left of it. The input: the program's own range, then rows of start, end (each 8 bytes,
 * little-endian) and type (1 byte).
 *
 * No address that a row calls something else than RAM, that no row calls RAM, or that is the
 * program's counts as RAM; images get RAM, above 1 MiB, and never the same.
 */
#include <stdlib.h>
#include <string.h>
#include "core/bytes.h"
#include "tests/fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fake fake;
static struct machine m;

static void check(bool good)
{
	if (!good)
		abort();
}

static bool is_in(const struct mem_range *r, uint64_t at)
{
	if (r->type == MEM_RAM)
		return r->start <= at && at < r->end;
	return r->start <= at && r->start != r->end && (at < r->end || r->end < r->start);
}

static void check_address(uint64_t at)
{
	bool ram = false;

	if (!mem_is_ram(&m, at, at + 1))
		return;
	for (unsigned i = 0; i < fake.nmap; i++) {
		ram |= fake.map[i].type == MEM_RAM && is_in(&fake.map[i], at);
		check(fake.map[i].type == MEM_RAM || !is_in(&fake.map[i], at));
	}
	check(ram && !is_in(&fake.self, at));
}

static void check_around(uint64_t at)
{
	check_address(at - 1);
	check_address(at);
	check_address(at | 4095);
	check_address(at + 1);
}

static void check_images(void)
{
	for (unsigned i = 0; i < IMAGE_MAX; i++) {
		struct image *img;
		struct range a, b;

		if (image_open(&m, "x", "", i % 5 == 4 ? IMAGE_SIZE_UNKNOWN : (uint64_t)1 << 3 * i,
			    i % 3 ? NULL : "path", &img))
			continue;
		a = image_span(img);
		check(a.start >= 0x100000 && mem_is_ram(&m, a.start, a.end));
		for (unsigned j = 0; j < IMAGE_MAX; j++) {
			b = image_span(&m.images[j]);
			check(&m.images[j] == img || m.images[j].state == IMAGE_FREE ||
				a.end <= b.start || b.end <= a.start);
		}
		if (img->total == IMAGE_SIZE_UNKNOWN)
			check(image_set_total(&m, img, img->capacity / 2) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = bytes_of(data, size);
	const struct ranges *ram = &m.mem.ram;

	memset(&fake, 0, sizeof(fake));
	fake.self.start = bytes_le64(&b);
	fake.self.end = bytes_le64(&b);
	fake.self.type = MEM_RESERVED;
	while (b.n && fake.nmap < MEM_RANGES_MAX) {
		struct mem_range *r = &fake.map[fake.nmap++];

		r->start = bytes_le64(&b);
		r->end = bytes_le64(&b);
		r->type = bytes_u8(&b);
	}
	check(machine_init(&m, NULL, &fake_platform, &fake, &fake_config) == 0);
	for (unsigned i = 0; i < ram->n; i++) {
		check(ram->r[i].start < ram->r[i].end);
		check(i == 0 || ram->r[i - 1].end < ram->r[i].start);
		check_around(ram->r[i].start);
		check_around(ram->r[i].end);
	}
	for (unsigned i = 0; i < fake.nmap; i++) {
		check_around(fake.map[i].start);
		check_around(fake.map[i].end);
	}
	check_around(fake.self.start);
	check_around(fake.self.end);
	check_images();
	return 0;
}
