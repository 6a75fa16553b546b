/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See nbp_run.h. The machine stays as it is while the program runs, all of it in memory that int
 * 15h hides: the firmware at the top, images in the middle, the real-mode block at the top of base
 * memory. Devices stay open, but only one link.
 *
 * The program gives us up by UNLOAD_STACK and STOP_UNDI: then, if nobody has hooked our interrupts
 * after us, memory and vectors are as they were before we came.
 */
#include "arch/x86/bios/nbp_run.h"
#include "arch/x86/bios/bios.h"
#include "arch/x86/bios/realmode.h"
#include "arch/x86/copy.h"
#include "core/machine.h"
#include "net/net.h"

#define LOAD_ADDRESS 0x7c00u
#define MEMORY_16M   0x1000000u
#define HOOKS	     3

uint32_t nbp_call(void);
void nbp_enter(void); /* entry.asm */

static const uint8_t vectors[HOOKS] = {0x15, 0x18, 0x1a};
static struct pxe pxe;
static bool hooked;

static struct rm_nbp *rm_nbp(void)
{
	return (struct rm_nbp *)((uint8_t *)rm_block + rm_block->off_nbp);
}

/* -- memory ---------------------------------------------------------------------------- */

struct map {
	struct e820_entry *rows;
	unsigned n;
	uint64_t hide[3][2];
};

static void map_add(struct map *map, uint64_t start, uint64_t end, uint32_t type)
{
	if (start < end && map->n < RM_MAP_ROWS)
		map->rows[map->n++] = (struct e820_entry){start, end - start, type};
}

/* The firmware's map, in its order, without what is ours: holes in ascending order. */
static void map_make(struct map *map)
{
	for (unsigned i = 0; i < bios_handover.e820_count && i < E820_MAX; i++) {
		const struct e820_entry *e = &bios_handover.e820[i];
		uint64_t at = e->addr, end = e->addr + e->size;

		for (unsigned h = 0; h < 3 && e->type == MEM_RAM; h++) {
			uint64_t start = map->hide[h][0], stop = map->hide[h][1];

			if (start >= end || stop <= at)
				continue;
			map_add(map, at, start, MEM_RAM);
			at = stop > at ? stop : at;
		}
		map_add(map, at, end, e->type);
	}
}

/* Bytes of RAM from `at` on, in one row. */
static uint32_t map_from(const struct map *map, uint32_t at, uint32_t max)
{
	for (unsigned i = 0; i < map->n; i++) {
		const struct e820_entry *e = &map->rows[i];

		if (e->type == MEM_RAM && e->addr <= at && e->addr + e->size > at)
			return e->addr + e->size - at < max ? (uint32_t)(e->addr + e->size) - at
							    : max;
	}
	return 0;
}

/* Images stay: scripts go on, and what was loaded can still be started. */
static void map_images(const struct machine *m, uint64_t hide[2])
{
	hide[0] = UINT64_MAX;
	hide[1] = 0;
	for (unsigned i = 0; i < IMAGE_MAX; i++) {
		struct range span = image_span(&m->images[i]);

		if (m->images[i].state == IMAGE_FREE)
			continue;
		if (span.start < hide[0])
			hide[0] = span.start & ~(uint64_t)(MEM_PAGE - 1);
		if (span.end > hide[1])
			hide[1] = mem_align_up(span.end, MEM_PAGE);
	}
}

static void map_init(const struct machine *m)
{
	struct rm_nbp *rm = rm_nbp();
	struct map map = {.rows = (struct e820_entry *)((uint8_t *)rm_block + RM_MAP)};
	struct mem_range self;
	uint32_t low;

	memory_self(NULL, &self);
	map.hide[0][0] = (uintptr_t)rm_block;
	map.hide[0][1] = (uintptr_t)rm_block + RM_BLOCK_SIZE;
	map_images(m, map.hide[1]);
	map.hide[2][0] = self.start & ~(uint64_t)(MEM_PAGE - 1);
	map.hide[2][1] = mem_align_up(self.end, MEM_PAGE);
	map_make(&map);
	rm->map_rows = map.n;
	low = map_from(&map, MEM_LOW, MEMORY_16M - MEM_LOW);
	rm->kib_e801 = rm->kib_88 = (uint16_t)(low >> 10);
	rm->blocks_e801 = (uint16_t)(map_from(&map, MEMORY_16M, 0xffff0000u) >> 16);
}

/* -- what it finds --------------------------------------------------------------------- */

static void set_sum(void *p, uint8_t n, uint8_t *sum)
{
	const uint8_t *at = p;
	uint8_t s = *sum; /* not counted */

	while (n--)
		s = (uint8_t)(s - *at++);
	*sum = s;
}

static void make_structs(struct rm_nbp *rm)
{
	uint16_t seg = rm_segment();

	rm->enter_eip = (uint32_t)nbp_enter;
	rm->real.seg = seg;
	rm->pxe.entry_sp.seg = rm->pxe.entry_esp.seg = seg;
	for (unsigned i = 0; i < 7; i++)
		rm->pxe.desc[i] = (struct segdesc){seg, (uint32_t)rm_block, RM_BLOCK_SIZE};
	rm->pxenv.entry.seg = rm->pxenv.pxe.seg = seg;
	for (unsigned i = 0; i < 5; i++) {
		rm->pxenv.part[i].seg = seg;
		rm->pxenv.part[i].size = RM_BLOCK_SIZE;
	}
	set_sum(&rm->pxe, sizeof(rm->pxe), &rm->pxe.sum);
	set_sum(&rm->pxenv, sizeof(rm->pxenv), &rm->pxenv.sum);
}

static struct far *vector(unsigned i)
{
	return low_memory(vectors[i] * 4u);
}

static void hook(struct rm_nbp *rm)
{
	for (unsigned i = 0; i < HOOKS && !hooked; i++) {
		rm->old[i] = *vector(i);
		*vector(i) = (struct far){rm->off_int[i], rm_segment()};
	}
	hooked = true;
}

/* False, and nothing is done, when one of the vectors is another's by now. */
static bool unhook(struct rm_nbp *rm)
{
	for (unsigned i = 0; i < HOOKS; i++) {
		if (vector(i)->off != rm->off_int[i] || vector(i)->seg != rm_segment())
			return false;
	}
	for (unsigned i = 0; i < HOOKS; i++)
		*vector(i) = rm->old[i];
	hooked = false;
	return true;
}

/* -- its calls ------------------------------------------------------------------------- */

/* A descriptor's base (Intel SDM 3A 3.4.5); UINT32_MAX when the table has none such. */
static uint32_t descriptor(uint32_t table, uint32_t limit, uint16_t selector)
{
	const uint8_t *d = low_memory(table + (selector & ~7u));

	if ((selector | 7u) > limit)
		return UINT32_MAX;
	return (uint32_t)(d[2] | d[3] << 8 | d[4] << 16) | (uint32_t)d[7] << 24;
}

static uint32_t nbp_segment(struct pxe *p, uint16_t seg)
{
	const struct rm_nbp *rm = rm_nbp();
	uint16_t ldt;

	(void)p;
	if (!(rm->cr0 & 1))
		return seg * 16u;
	if (seg < 4)
		return UINT32_MAX; /* the null selector */
	if (seg & 4) {
		/* 64 KiB are as much as any table has. */
		__asm__ volatile("sldt %0" : "=r"(ldt));
		return descriptor(descriptor(rm->gdt_base, rm->gdt_limit, ldt), 0xffff, seg);
	}
	return descriptor(rm->gdt_base, rm->gdt_limit, seg);
}

/* From nbp_enter: the call that the block holds. Where in the block to go on. */
uint32_t nbp_call(void)
{
	struct rm_nbp *rm = rm_nbp();

	rm->ax = pxe_call(&pxe, rm->opcode, rm->params);
	return rm->off_back;
}

/* -- its life -------------------------------------------------------------------------- */

static bool nbp_release(struct pxe *p)
{
	(void)p;
	if (!unhook(rm_nbp()))
		return false;
	rm_end();
	return true;
}

/* The link that boots, alone and open; which others were is kept in net->reopen. */
static struct netdev *one_link(struct net *net)
{
	struct netdev *dev = net->boot_dev;

	for (unsigned i = 0; i < net->ndev; i++) {
		if (!dev && net->dev[i].is_open)
			dev = &net->dev[i];
	}
	for (unsigned i = 0; i < HTTP_CONN_MAX; i++)
		http_conn_drop(&net->http[i]);
	for (unsigned i = 0; i < net->ndev; i++) {
		net->reopen |= (uint32_t)net->dev[i].is_open << i;
		if (&net->dev[i] != dev)
			netdev_close(&net->dev[i]);
	}
	return dev;
}

static void all_links(struct net *net)
{
	for (unsigned i = 0; i < net->ndev; i++) {
		if (net->reopen >> i & 1)
			netdev_open(&net->dev[i]);
	}
	net->reopen = 0;
}

int nbp_run(struct machine *m)
{
	const struct boot_request *req = &m->boot;
	struct rm_nbp *rm = rm_nbp();
	struct rm_regs r = {0};
	struct netdev *dev;
	uint16_t kib = *bda16(BDA_BASE_KIB);

	if (req->nbp_size > (uintptr_t)rm_block - LOAD_ADDRESS)
		return -ERR_IMAGE_MEMORY;
	dev = one_link(m->net);
	if (!dev)
		return -ERR_NO_NETDEV;
	memset(&pxe, 0, sizeof(pxe));
	pxe.m = m;
	pxe.memory = low_memory(0);
	pxe.segment = nbp_segment;
	pxe.release = nbp_release;
	pxe.base = (struct pxe_base *)((uint8_t *)rm_block + RM_PXE_BASE);
	pxe.base_seg = (uint16_t)(rm_segment() + RM_PXE_BASE / 16);
	pxe_start(&pxe, dev, req->uri);
	map_init(m);
	make_structs(rm);
	hook(rm);
	memory_move(NULL, LOAD_ADDRESS, req->nbp_start, req->nbp_size);
	screen_flush();
	copy_end();
	rm_far(rm_segment(), rm->off_start, &r);
	pxe_end(&pxe);
	copy_init(pxe.file[0].ring, PXE_RING);
	unhook(rm);
	if (*bda16(BDA_BASE_KIB) > kib)
		*bda16(BDA_BASE_KIB) = kib; /* it had been given back */
	all_links(m->net);
	return (uint16_t)r.eax;
}
