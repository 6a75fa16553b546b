/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The decompressor stub: finds room for the firmware at the top of memory below 4 GiB, unpacks it
 * there with the LZMA SDK's decoder (Debian's lzma-dev), relocates it and returns its entry point.
 *
 * The payload is this stub, a struct payload and the LZMA stream; util/romtool makes it.
 * Uncompressed it is the image, then its relocations: for each 32-bit word to add the load address
 * to, the distance from the word before as a base-128 number, most significant group first; a zero
 * ends them.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "arch/x86/bios/handover.h"
#include "lzma.h"

struct payload {	   /* follows the stub */
	uint32_t packed;   /* bytes of the LZMA stream behind this struct */
	uint32_t unpacked; /* image and relocations */
	uint32_t image;	   /* bytes of the image */
	uint32_t memory;   /* bytes the image needs when it runs, zeroed ones included */
	uint32_t entry;	   /* offset of the entry point */
	uint32_t code;	   /* the first bytes of the image, whose calls have absolute targets: see
			      romtool */
	uint8_t props[8];  /* LZMA properties, 5 bytes */
};

extern const char stub_end[];

#define PAGE	4096u
#define LOW_END 0x100000u

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
	void *d = dst;

	__asm__ volatile("rep movsb" : "+D"(d), "+S"(src), "+c"(n) : : "memory");
	return dst;
}

static void zero(uint8_t *p, uint32_t n)
{
	__asm__ volatile("rep stosb" : "+D"(p), "+c"(n) : "a"(0) : "memory");
}

struct hole {
	uint32_t start, end;
};

/* Lowers *end until [*end - size, *end) misses the hole; true when it had to. */
static int avoid(uint32_t *end, uint32_t size, const struct hole *h)
{
	if (h->start >= h->end || *end <= h->start || *end - size >= h->end)
		return 0;
	*end = h->start & ~(PAGE - 1);
	return 1;
}

/* The part of an E820 row that lies below 4 GiB, cut to pages: RAM inwards, everything else
 * outwards. */
static struct hole row_range(const struct e820_entry *e)
{
	uint64_t end = e->addr + e->size;
	struct hole h = {0, 0};

	if (end < e->addr || end > 0xfffff000u)
		end = 0xfffff000u;
	if (e->addr >= end)
		return h;
	h.start = (uint32_t)e->addr;
	h.end = (uint32_t)end;
	return h;
}

/* Highest place for size bytes: in one RAM row, off every other kind of row and off what is in use.
 */
static uint32_t find_room(
	const struct handover *ho, uint32_t size, const struct hole *used, unsigned nused)
{
	uint32_t best = 0;

	for (unsigned i = 0; i < ho->e820_count && i < E820_MAX; i++) {
		struct hole ram = row_range(&ho->e820[i]);
		uint32_t end = ram.end & ~(PAGE - 1);
		unsigned moved = 1;

		if (ho->e820[i].type != 1)
			continue;
		if (ram.start < LOW_END)
			ram.start = LOW_END;
		for (unsigned tries = 0; moved && tries < 2 * E820_MAX; tries++) {
			moved = 0;
			if (end < ram.start || end - ram.start < size)
				break;
			for (unsigned j = 0; j < nused; j++)
				moved |= (unsigned)avoid(&end, size, &used[j]);
			for (unsigned j = 0; j < ho->e820_count && j < E820_MAX; j++) {
				struct hole other = row_range(&ho->e820[j]);

				if (ho->e820[j].type != 1)
					moved |= (unsigned)avoid(&end, size, &other);
			}
		}
		if (!moved && end >= ram.start && end - ram.start >= size && end - size > best)
			best = end - size;
	}
	return best;
}

static void relocate(uint8_t *image, const uint8_t *rel)
{
	uint8_t *at = image;

	for (;;) {
		uint32_t distance = 0;
		uint32_t value;

		do
			distance = distance << 7 | (*rel & 0x7f);
		while (*rel++ & 0x80);
		if (distance == 0)
			return;
		at += distance;
		memcpy(&value, at, 4);
		value += (uint32_t)image;
		memcpy(at, &value, 4);
	}
}

/* Undoes romtool's filter_calls(): operands of call and jmp that lead into the code are relative
 * again. */
static void unfilter(uint8_t *p, int32_t size)
{
	for (int32_t i = 0; i + 5 <= size;) {
		int32_t value;

		if ((p[i++] & 0xfe) != 0xe8)
			continue;
		memcpy(&value, p + i, 4);
		i += 4;
		if (value >= 0 && value < size)
			value -= i;
		else if (value < 0 && value >= -i)
			value += size;
		memcpy(p + i - 4, &value, 4);
	}
}

void *stub_main(const struct handover *ho, uint8_t *start);

void *stub_main(const struct handover *ho, uint8_t *start)
{
	const struct payload *pl = (const void *)(start + (uintptr_t)stub_end); /* linked at 0 */
	const uint8_t *packed = (const uint8_t *)(pl + 1);
	uint32_t size = (pl->memory > pl->unpacked ? pl->memory : pl->unpacked) + LZMA_WORK;
	struct hole used[2] = {
		{(uint32_t)start & ~(PAGE - 1), (uint32_t)packed + pl->packed},
		{ho->ramdisk_image, ho->ramdisk_image + ho->ramdisk_size},
	};
	uint8_t *image;

	size = (size + PAGE - 1) & ~(PAGE - 1);
	image = (uint8_t *)find_room(ho, size, used, 2);
	if (!image)
		return NULL;
	if (!lzma_decode(
		    image, pl->unpacked, packed, pl->packed, pl->props, image + size - LZMA_WORK))
		return NULL;
	unfilter(image, (int32_t)pl->code);
	relocate(image, image + pl->image);
	zero(image + pl->image, pl->memory - pl->image);
	return image + pl->entry;
}
