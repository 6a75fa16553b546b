/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory map and the gaps in it, see mem.h. */
#include "core/machine.h"

/* Highest address + 1 that this build reaches, in whole pages. */
#define MEM_END ((uint64_t)UINTPTR_MAX & ~(uint64_t)(MEM_PAGE - 1))

static void add_ram(struct memmap *map, const struct mem_range *row)
{
	uint64_t end = (row->end < MEM_END ? row->end : MEM_END) & ~(uint64_t)(MEM_PAGE - 1);

	if (row->start < end)
		ranges_add(&map->ram, mem_align_up(row->start, MEM_PAGE), end);
}

static void cut(struct memmap *map, const struct mem_range *row)
{
	uint64_t end = row->end < row->start ? UINT64_MAX : row->end;

	if (row->start >= end || row->start >= MEM_END)
		return;
	end = end < MEM_END ? mem_align_up(end, MEM_PAGE) : MEM_END;
	ranges_cut(&map->ram, row->start & ~(uint64_t)(MEM_PAGE - 1), end);
}

/* Half of the memory, at most what a kernel is likely to need. */
static uint64_t find_floor(const struct memmap *map)
{
	uint64_t half = ranges_bytes(&map->ram) / 2 & ~(uint64_t)(MEM_PAGE - 1);

	if (half > MEM_FLOOR_MAX)
		return MEM_FLOOR_MAX;
	return half > MEM_LOW ? half : MEM_LOW;
}

void mem_init(struct machine *m)
{
	struct memmap *map = &m->mem;
	struct mem_range self;

	map->ram.n = 0;
	map->nfirmware = m->plat->memory_map(m->plat_ctx, map->firmware, MEM_RANGES_MAX);
	for (unsigned i = 0; i < map->nfirmware; i++)
		if (map->firmware[i].type == MEM_RAM)
			add_ram(map, &map->firmware[i]);
	for (unsigned i = 0; i < map->nfirmware; i++)
		if (map->firmware[i].type != MEM_RAM)
			cut(map, &map->firmware[i]);
	m->plat->memory_self(m->plat_ctx, &self);
	cut(map, &self);
	map->floor = find_floor(map);
}

bool mem_is_ram(const struct machine *m, uint64_t start, uint64_t end)
{
	struct range hole;

	return start < end && !ranges_hole(&m->mem.ram, start, end, &hole);
}

/* Of the images whose memory reaches beyond `at`, the span of the one that starts lowest. */
static bool next_image(const struct machine *m, uint64_t at, struct range *next)
{
	bool found = false;

	for (unsigned i = 0; i < IMAGE_MAX; i++) {
		struct range span = image_span(&m->images[i]);

		if (m->images[i].state != IMAGE_FREE && span.end > at &&
			(!found || span.start < next->start)) {
			*next = span;
			found = true;
		}
	}
	return found;
}

static bool place_above(
	const struct machine *m, uint64_t floor, uint64_t size, uint64_t align, struct range *gap)
{
	uint64_t best = size ? size - 1 : 0; /* a gap must be larger */
	bool found = false;

	for (unsigned i = 0; i < m->mem.ram.n; i++) {
		const struct range *r = &m->mem.ram.r[i];
		uint64_t at = mem_align_up(r->start > floor ? r->start : floor, align);

		while (at < r->end) {
			struct range next = *r;
			uint64_t end = r->end;

			if (next_image(m, at, &next) && next.start < end)
				end = next.start;
			if (end > at && end - at > best) {
				*gap = (struct range){at, end};
				found = true;
				best = end - at;
				if (size)
					return true;
			}
			at = mem_align_up(next.end, align);
		}
	}
	return found;
}

bool mem_place(const struct machine *m, uint64_t size, uint64_t align, struct range *gap)
{
	if (m->plat->pages_alloc) {
		bool found = m->plat->pages_alloc(m->plat_ctx, size, &gap->start, &gap->end);

		gap->end += gap->start;
		return found;
	}
	return place_above(m, m->mem.floor, size, align, gap) ||
	       place_above(m, MEM_LOW, size, align, gap);
}
