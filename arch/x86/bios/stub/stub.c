/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The decompressor stub: finds room for the firmware at the top of memory below 4 GiB, unpacks it
 * there, relocates it and returns its entry point.
 *
 * The payload is this stub, a struct payload and the packed image; util/romtool makes it. In the
 * image, calls in the code have absolute targets; words that are to hold an address are that
 * much above `base`, and no other four bytes of the image are.
 */
#include <stdbool.h>
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

#define PAGE	4096u
#define LOW_END 0x100000u

/*
 * Our stack ends at the boot sector's place, on whose page a prefix or a loader has run. Emulators
 * are a hundred times slower where they write to a page that holds what they have run, so that
 * goes: nobody needs it any more.
 */
#define BOOT_SECTOR    0x7c00u
#define STACK_PAGE_END 0x8000u

/*
 * Behind the image while it is unpacked. A copy of this stub runs there, because it is then on one
 * page: emulators are three times slower where a loop crosses the border of two.
 */
struct work {
	uint8_t stub[PAGE];
	struct model model;
};
typedef void unpack_fn(struct model *m, const struct model_opcodes *opcodes, uint8_t *dst,
	uint32_t size, uint32_t code, const uint8_t *src);

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

struct range {
	uint32_t start, end;
	bool free; /* RAM; all others must not be used */
};

/* What is in memory, below 4 GiB. */
struct map {
	struct range range[E820_MAX + 2];
	unsigned count;
};

static void add(struct map *map, uint64_t start, uint64_t size, bool free)
{
	struct range *r = &map->range[map->count];
	uint64_t end = start + size;

	if (end < start || end > 0u - PAGE)
		end = 0u - PAGE;
	if (start >= end)
		return;
	r->free = free;
	r->start = (uint32_t)start;
	r->end = (uint32_t)end;
	map->count++;
}

static bool fits(const struct map *map, uint32_t start, uint32_t end)
{
	bool inside = false;

	for (unsigned i = 0; i < map->count; i++) {
		const struct range *r = &map->range[i];

		if (r->free)
			inside |= r->start <= start && end <= r->end;
		else if (r->start < end && start < r->end)
			return false;
	}
	return inside;
}

/* Highest place for size bytes: in one RAM row, off every other kind of row and off what is in use.
 */
static uint32_t find_room(const struct map *map, uint32_t size)
{
	uint32_t best = 0;

	for (unsigned i = 0; i < map->count; i++) {
		const struct range *r = &map->range[i];
		uint32_t end = (r->free ? r->end : r->start) & ~(PAGE - 1);

		if (end >= LOW_END + size && end - size > best && fits(map, end - size, end))
			best = end - size;
	}
	return best;
}

/* A word anywhere. */
typedef uint32_t word __attribute__((may_alias, aligned(1)));

/* Calls and jumps are done by now: they are relative and need nothing. */
static void relocate(uint8_t *image, const struct payload *pl)
{
	for (uint8_t *p = image; p + 4 <= image + pl->image; p++) {
		uint32_t value = *(word *)p - pl->base;

		if (value > pl->memory)
			continue;
		*(word *)p = value + (uint32_t)image;
		p += 3;
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
		value = (int32_t) * (word *)(p + i);
		i += 4;
		if (value >= 0 && value < size)
			value -= i;
		else if (value < 0 && value >= -i)
			value += size;
		*(word *)(p + i - 4) = (uint32_t)value;
	}
}

/*
 * QEMU looks addresses up in a table that has 256 pages at first. It doubles whenever the table is
 * dropped while it is full (accel/tcg/cputlb.c); a change of CR0.WP, which means nothing without
 * paging, drops it. Four times make it large enough: unpacking is a third faster.
 */
static void grow_table(const volatile uint8_t *p, uint32_t size)
{
	for (unsigned i = 0; i < 4; i++) {
		uint32_t cr0;

		for (uint32_t at = 0; at < size; at += PAGE)
			(void)p[at];
		__asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
		__asm__ volatile("mov %0, %%cr0" : : "r"(cr0 ^ 0x10000) : "memory");
	}
}

void *stub_main(const struct handover *ho, uint8_t *start);

void *stub_main(const struct handover *ho, uint8_t *start)
{
	const struct payload *pl = (const void *)(start + (uintptr_t)stub_end); /* linked at 0 */
	const uint8_t *packed = (const uint8_t *)(pl + 1);
	uint32_t size = (pl->image + PAGE - 1) & ~(PAGE - 1);
	struct map map;
	uint8_t *image;
	struct work *work = (struct work *)size;

	map.count = 0;
	add(&map, (uint32_t)start, (uint32_t)(packed - start) + pl->packed, false);
	add(&map, ho->ramdisk_image, ho->ramdisk_size, false);
	for (unsigned i = 0; i < ho->e820_count && i < E820_MAX; i++)
		add(&map, ho->e820[i].addr, ho->e820[i].size, ho->e820[i].type == 1);
	size += sizeof *work;
	if (size < pl->memory)
		size = pl->memory;
	size = (size + PAGE - 1) & ~(PAGE - 1);
	image = (uint8_t *)find_room(&map, size);
	if (!image)
		return NULL;
	work = (struct work *)(image + (uintptr_t)work);
	zero((uint8_t *)work, sizeof *work);
	grow_table((uint8_t *)work, sizeof *work);
	zero((uint8_t *)BOOT_SECTOR, STACK_PAGE_END - BOOT_SECTOR);
	memcpy(work->stub, start, (uintptr_t)stub_end);
	((unpack_fn *)(work->stub + (uintptr_t)unpack))(&work->model,
		(const void *)(work->stub + (uintptr_t)&model_opcodes), image, pl->image, pl->code,
		packed);
	unfilter(image, (int32_t)pl->code);
	relocate(image, pl);
	zero(image + pl->image, size - pl->image);
	return image + pl->entry;
}
