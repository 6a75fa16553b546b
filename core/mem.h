/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where images go. The platform's map minus this program gives the free memory; images are placed upward,
 * adjacent, above a window that is kept free for the kernel to run in. See docs/design.md, "Memory".
 *
 * Limits: images lie below 4 GiB in 32-bit builds.
 */
#ifndef CORE_MEM_H
#define CORE_MEM_H

#include <stdbool.h>
#include <stdint.h>
#include "config/limits.h"

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

struct memmap {
	struct mem_range firmware[MEM_RANGES_MAX]; /* as the platform gave it: what a kernel is told */
	unsigned nfirmware;
	struct mem_range ram[MEM_RANGES_MAX]; /* usable, sorted, merged, without this program */
	unsigned nram;
	uint64_t floor; /* images start here: below is the window where a kernel will run */
};

/* Reads the platform's map. Bad rows (empty, wrapping, overlapping with reserved) are cut out, never used. */
void mem_init(struct machine *m);
/*
 * The free gap for a new image of `size` bytes (0: unknown, the largest gap will be given) at or above the
 * floor, not overlapping any image, aligned to `align` (a power of two). Returns false when there is none.
 */
bool mem_place(struct machine *m, uint64_t size, uint64_t align, struct mem_range *gap);
/* Whether [start, end) is RAM from the first to the last byte, and outside of this program. */
bool mem_is_ram(const struct machine *m, uint64_t start, uint64_t end);

#endif
