/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The decompressor stub: finds room for the firmware at the top of memory below 4 GiB, unpacks it
 * there, relocates it and returns its entry point.
 *
 * The payload is this stub, a struct payload and the packed image; util/romtool makes it. In the
 * image, calls in the code have absolute targets; words that are to hold an address are that
 * much above `base`, and no other four bytes of the image are.
 */
#include <stddef.h>
#include <stdint.h>
#include "arch/x86/bios/handover.h"
#include "arch/x86/bios/stub/unpack.h"
#include "core/str.h"

struct payload {	 /* follows the stub */
	uint32_t packed; /* bytes behind this struct */
	uint32_t image;	 /* bytes of the image */
	uint32_t memory; /* bytes the image needs when it runs, zeroed ones included */
	uint32_t entry;	 /* offset of the entry point */
	uint32_t code;	 /* the first bytes of the image, which are instructions */
	uint32_t base;
};

extern const char stub_end[];

/*
 * Behind the image while it is unpacked. A copy of this stub runs there, because it is then on one
 * page: emulators are three times slower where a loop crosses the border of two.
 */
struct work {
	uint8_t stub[4096];
	struct model model;
};
typedef void unpack_fn(struct model *m, const struct model_opcodes *opcodes, uint8_t *dst,
	uint32_t size, uint32_t code, const uint8_t *src);

#define PAGE	4096u
#define LOW_END 0x100000u

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
	void *d = dst;

	__asm__ volatile("rep movsb" : "+D"(d), "+S"(src), "+c"(n) : : "memory");
	return dst;
}

/* n: a multiple of 4 */
static void zero(uint8_t *p, uint32_t n)
{
	n /= 4;
	__asm__ volatile("rep stosl" : "+D"(p), "+c"(n) : "a"(0) : "memory");
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

/* Calls and jumps are done by now: they are relative and need nothing. */
static void relocate(uint8_t *image, const struct payload *pl)
{
	for (uint32_t i = 0; i + 4 <= pl->image; i++) {
		uint32_t value;

		memcpy(&value, image + i, 4);
		value -= pl->base;
		if (value > pl->memory)
			continue;
		value += (uint32_t)image;
		memcpy(image + i, &value, 4);
		i += 3;
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
	uint32_t size = (pl->image + PAGE - 1) & ~(PAGE - 1);
	struct hole used[2] = {
		{(uint32_t)start & ~(PAGE - 1), (uint32_t)packed + pl->packed},
		{ho->ramdisk_image, ho->ramdisk_image + ho->ramdisk_size},
	};
	uint8_t *image;
	struct work *work = (struct work *)size;

	size += sizeof *work;
	if (size < pl->memory)
		size = pl->memory;
	size = (size + PAGE - 1) & ~(PAGE - 1);
	image = (uint8_t *)find_room(ho, size, used, 2);
	if (!image)
		return NULL;
	work = (struct work *)(image + (uintptr_t)work);
	zero(image, size);
	memcpy(work->stub, start, (uintptr_t)stub_end);
	((unpack_fn *)(work->stub + (uintptr_t)unpack))(&work->model,
		(const void *)(work->stub + (uintptr_t)&model_opcodes), image, pl->image, pl->code,
		packed);
	unfilter(image, (int32_t)pl->code);
	relocate(image, pl);
	zero(image + pl->image, size - pl->image);
	return image + pl->entry;
}
