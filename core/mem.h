/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where images go. The platform's map minus this program gives the free memory; images are placed
 * upward, adjacent, above a window that is kept free for the kernel to run in: with the kernel
 * there and the initrds in the order in which they came, nothing has to be moved to start it. See
 * docs/design.md, "Memory".
 *
 * Limits: what lies above 4 GiB is not used in 32-bit builds; nothing below 1 MiB is given to
 * images.
 */
#ifndef CORE_MEM_H
#define CORE_MEM_H

#include <stdbool.h>
#include <stdint.h>
#include "config/limits.h"
#include "core/ranges.h"

struct machine;

enum mem_type { /* ACPI 6.5 table 15.4, as int 15h E820 and Linux number them */
	MEM_RAM = 1,
	MEM_RESERVED = 2,
	MEM_ACPI = 3,
	MEM_NVS = 4,
	MEM_UNUSABLE = 5,
};

struct mem_range {
	uint64_t start, end; /* physical, [start, end) */
	uint32_t type;
};

#define MEM_PAGE 4096u
#define MEM_LOW	 0x100000u /* below: the BIOS's, and what an arch needs to start a kernel */
#define MEM_FLOOR_MAX                                                                              \
	0x8000000u /* 128 MiB: a distribution's kernel unpacks itself within 16 .. 90 MiB */

struct memmap {
	struct mem_range
		firmware[MEM_RANGES_MAX]; /* as the platform gave it: what a kernel is told */
	unsigned nfirmware;
	struct ranges ram; /* usable, whole pages, without this program */
	uint64_t floor;	   /* images start here: below is the window where a kernel will run */
};

/*
 * Reads the platform's map. What a row that is not RAM covers is never used, even when another says
 * it is RAM; rows that end before they start are empty as RAM and reach to the end of memory
 * otherwise.
 */
void mem_init(struct machine *m);
/*
 * The lowest free gap of at least `size` bytes (0: unknown, the largest gap) at or above the floor,
 * or below it when there is none; not overlapping any image, its start aligned to `align` (a power
 * of two). Returns false when there is none. The gap may be longer than size. Where the platform
 * hands out pages, these are the gap, and the caller's until pages_free().
 */
bool mem_place(const struct machine *m, uint64_t size, uint64_t align, struct range *gap);
/* Whether [start, end) is not empty and RAM from the first to the last byte, outside of this
 * program. */
bool mem_is_ram(const struct machine *m, uint64_t start, uint64_t end);

static inline uint64_t mem_align_up(uint64_t addr, uint64_t align)
{
	return (addr + align - 1) & ~(align - 1);
}

#endif
