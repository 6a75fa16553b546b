/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory under BIOS: one flat address space below 4 GiB, the map as the prefix has read it. */
#include "arch/x86/bios/bios.h"
#include "core/str.h"

extern char image_start[], memory_end[]; /* reveille.lds */

unsigned memory_map(void *ctx, struct mem_range *rows, unsigned max)
{
	unsigned n = 0;

	(void)ctx;
	for (unsigned i = 0; i < bios_handover.e820_count && i < E820_MAX && n < max; i++) {
		const struct e820_entry *e = &bios_handover.e820[i];

		rows[n++] = (struct mem_range){e->addr, e->addr + e->size, e->type};
	}
	return n;
}

void memory_self(void *ctx, struct mem_range *self)
{
	(void)ctx;
	*self = (struct mem_range){(uintptr_t)image_start, (uintptr_t)memory_end, MEM_RESERVED};
}

void memory_write(void *ctx, uint64_t phys, const void *src, size_t n)
{
	(void)ctx;
	memcpy(low_memory((uintptr_t)phys), src, n);
}

void memory_read(void *ctx, void *dst, uint64_t phys, size_t n)
{
	(void)ctx;
	memcpy(dst, low_memory((uintptr_t)phys), n);
}

void memory_move(void *ctx, uint64_t dst, uint64_t src, uint64_t n)
{
	(void)ctx;
	memmove(low_memory((uintptr_t)dst), low_memory((uintptr_t)src), (size_t)n);
}
