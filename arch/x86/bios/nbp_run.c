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
#define HOOK_18	     2

uint32_t nbp_call(void);
void nbp_enter(void); /* entry.asm */

static const uint8_t vectors[HOOKS] = {0x15, 0x1a, 0x18};
static struct pxe pxe;
static unsigned hooked; /* of the vectors, so many are ours */

static struct rm_nbp *rm_nbp(void)
{
	return (struct rm_nbp *)((uint8_t *)rm_block + rm_block->off_nbp);
}

/* -- memory ---------------------------------------------------------------------------- */

struct hole {
	uint32_t start, end;
};

static struct e820_entry *map_row(struct rm_nbp *rm)
{
	return (struct e820_entry *)((uint8_t *)rm_block + RM_MAP) + rm->map_rows;
}

/* RAM; and what the older calls know of it: from 1 MiB to 16 MiB, and from there on. */
static void map_add(struct rm_nbp *rm, uint32_t start, uint32_t end)
{
	if (start >= end || rm->map_rows == RM_MAP_ROWS)
		return;
	*map_row(rm) = (struct e820_entry){start, end - start, MEM_RAM};
	rm->map_rows++;
	if (start <= MEMORY_16M && end > MEMORY_16M) {
		rm->blocks_e801 = (uint16_t)((end - MEMORY_16M) >> 16);
		end = MEMORY_16M;
	}
	if (start <= MEM_LOW && end > MEM_LOW)
		rm->kib_e801 = rm->kib_88 = (uint16_t)((end - MEM_LOW) >> 10);
}

/* Images stay: scripts go on, and what was loaded can still be started. */
static struct hole images(const struct machine *m)
{
	struct hole h = {UINT32_MAX, 0};

	for (unsigned i = 0; i < IMAGE_MAX; i++) {
		struct range span = image_span(&m->images[i]);

		if (m->images[i].state == IMAGE_FREE)
			continue;
		if ((uint32_t)span.start < h.start)
			h.start = (uint32_t)span.start;
		if ((uint32_t)span.end > h.end)
			h.end = (uint32_t)span.end;
	}
	return h;
}

/*
 * The firmware's map, in its order, without what is ours: in ascending order the real-mode block
 * and what drivers have below it, images, and the firmware, all below 4 GiB.
 */
static void map_make(struct rm_nbp *rm, const struct machine *m)
{
	uint32_t base = *bda16(BDA_BASE_KIB) * 1024u;
	struct hole holes[3] = {{base, (uint32_t)rm_block + RM_BLOCK_SIZE}, images(m)};
	struct mem_range self;

	memory_self(NULL, &self);
	holes[2] = (struct hole){(uint32_t)self.start, (uint32_t)self.end};
	rm->map_rows = rm->kib_88 = rm->kib_e801 = rm->blocks_e801 = 0;
	for (unsigned i = 0; i < bios_handover.e820_count && i < E820_MAX; i++) {
		const struct e820_entry *e = &bios_handover.e820[i];
		uint32_t at = (uint32_t)e->addr, end = at + (uint32_t)e->size;

		if (e->type != MEM_RAM || (e->addr | e->size) >> 32) {
			if (rm->map_rows < RM_MAP_ROWS) {
				*map_row(rm) = *e;
				rm->map_rows++;
			}
			continue;
		}
		for (const struct hole *h = holes; h < holes + 3; h++) {
			uint32_t start = h->start & ~(MEM_PAGE - 1);

			if (start >= end || h->end <= at)
				continue;
			map_add(rm, at, start);
			at = (h->end + MEM_PAGE - 1) & ~(MEM_PAGE - 1);
		}
		map_add(rm, at, end);
	}
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
#pragma GCC unroll 1
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
	hooked = HOOKS;
}

/* False, and nothing is done, when one of the vectors is another's by now. */
static bool unhook(struct rm_nbp *rm)
{
	for (unsigned i = 0; i < hooked; i++) {
		if (vector(i)->off != rm->off_int[i] || vector(i)->seg != rm_segment())
			return false;
	}
	while (hooked) {
		hooked--;
		*vector(hooked) = rm->old[hooked];
	}
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
	rm->again = pxe.restart && !(rm->cr0 & 1);
	pxe.restart = false;
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
		if ((!dev || !dev->is_open) && net->dev[i].is_open)
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

bool nbp_stays(int result)
{
	if (!hooked || (result != PXENV_STATUS_KEEP_UNDI && result != PXENV_STATUS_KEEP_ALL))
		return false;
	*vector(HOOK_18) = rm_nbp()->old[HOOK_18]; /* that one would come back to us */
	hooked = HOOK_18;
	return true;
}

int nbp_run(struct machine *m)
{
	const struct boot_request *req = &m->boot;
	struct rm_nbp *rm = rm_nbp();
	struct rm_regs r = {0};
	struct netdev *dev;
	uint16_t kib = *bda16(BDA_BASE_KIB);

	if (req->payload_size > kib * 1024u - LOAD_ADDRESS)
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
	map_make(rm, m);
	make_structs(rm);
	hook(rm);
	memmove(low_memory(LOAD_ADDRESS), low_memory((uintptr_t)req->payload_start),
		req->payload_size);
	screen_flush();
	copy_end();
	rm_far(rm_segment(), rm->off_start, &r);
	if (nbp_stays((uint16_t)r.eax))
		return (uint16_t)r.eax;
	pxe_end(&pxe);
	copy_init(pxe.file[0].ring, PXE_RING);
	unhook(rm);
	if (*bda16(BDA_BASE_KIB) > kib)
		*bda16(BDA_BASE_KIB) = kib; /* it had been given back */
	all_links(m->net);
	return (uint16_t)r.eax;
}
