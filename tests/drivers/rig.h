/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bench for drivers: a machine on the fake platform, and a PCI bus with device models plugged
 * in. Register accesses are counted. A model reaches memory only by bus address, only inside what
 * the driver may share (packet buffers, dma_alloc), and only while its function is bus master;
 * anything else aborts the test.
 *
 * Bus addresses differ from pointers on purpose; packets lie above 4 GiB.
 */
#ifndef TESTS_DRIVERS_RIG_H
#define TESTS_DRIVERS_RIG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/err.h"
#include "core/machine.h"
#include "drivers/bus.h"
#include "drivers/pci.h"
#include "net/net.h"
#include "tests/fake.h"

#define RIG_FUNCTIONS_MAX 16
#define RIG_ARENA	  (1u << 20)
#define RIG_ARENA_BUS	  0x20000000ull
#define RIG_PACKETS_BUS	  0x200000000ull

#define RIG_MASTER 0x0004u
#define RIG_MEMORY 0x0002u
#define RIG_IO	   0x0001u

struct rig;

/* A function's configuration space; the model's registers lie behind its BARs. */
struct rig_fn {
	struct rig *rig;
	uint16_t busdevfn;
	bool gone; /* pulled out: all reads give ones */
	uint8_t cfg[256];
	uint64_t bar_size[6]; /* 0: no such BAR, or the upper half of the one before */
	void *model;
	uint32_t (*read)(void *model, unsigned bar, uint64_t off, unsigned width);
	void (*write)(void *model, unsigned bar, uint64_t off, unsigned width, uint32_t value);
};

struct rig {
	struct fake fake;
	struct machine m;
	struct net net;
	struct rig_fn *fn[RIG_FUNCTIONS_MAX];
	unsigned nfn;
	struct bus_dev devs[NETDEV_MAX];

	unsigned reads, writes; /* of registers */
	uint64_t delayed_us;
	uint64_t map_limit; /* windows must end below; 0: anywhere */
	uint64_t arena_bus;
	size_t arena_used, arena_size;
	_Alignas(4096) uint8_t arena[RIG_ARENA];
};

static inline void rig_die(const char *what)
{
	fprintf(stderr, "rig: %s\n", what);
	abort();
}

/* ---- configuration space ---- */

static inline uint32_t rig_get(const uint8_t *p, unsigned width)
{
	uint32_t v = 0;
	for (unsigned i = 0; i < width; i++)
		v |= (uint32_t)p[i] << 8 * i;
	return v;
}

static inline void rig_put(uint8_t *p, unsigned width, uint32_t v)
{
	for (unsigned i = 0; i < width; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static inline uint32_t rig_ones(unsigned width)
{
	return width == 4 ? UINT32_MAX : (1u << 8 * width) - 1;
}

static inline struct rig_fn *rig_find(const struct rig *r, unsigned busdevfn)
{
	for (unsigned i = 0; i < r->nfn; i++)
		if (r->fn[i]->busdevfn == busdevfn)
			return r->fn[i];
	return NULL;
}

static inline uint32_t rig_cfg_read(struct bus_dev *b, unsigned off, unsigned width)
{
	struct rig_fn *fn = rig_find(b->ctx, b->busdevfn);
	if (off % width || off + width > 256)
		rig_die("crooked access to configuration space");
	return fn && !fn->gone ? rig_get(fn->cfg + off, width) : rig_ones(width);
}

static inline uint32_t rig_bar_value(const struct rig_fn *fn, unsigned n, uint32_t value)
{
	bool upper = n > 0 && !fn->bar_size[n] && fn->bar_size[n - 1] &&
		     (fn->cfg[0x10 + 4 * (n - 1)] & 4);
	uint64_t size = upper ? fn->bar_size[n - 1] : fn->bar_size[n];
	if (!size)
		return 0;
	if (upper)
		return value & (uint32_t)(~(size - 1) >> 32);
	uint32_t fixed = fn->cfg[0x10 + 4 * n] & 1 ? 3 : 15;
	return (value & (uint32_t) ~(size - 1) & ~fixed) | (fn->cfg[0x10 + 4 * n] & fixed);
}

static inline void rig_cfg_write(struct bus_dev *b, unsigned off, unsigned width, uint32_t value)
{
	struct rig_fn *fn = rig_find(b->ctx, b->busdevfn);
	if (off % width || off + width > 256)
		rig_die("crooked access to configuration space");
	if (!fn || fn->gone)
		return;
	if (off >= 0x10 && off < 0x28) {
		if (width != 4)
			rig_die("BAR written in pieces");
		if (fn->cfg[4] & (RIG_IO | RIG_MEMORY))
			rig_die("BAR written while it is decoded");
		value = rig_bar_value(fn, (off - 0x10) / 4, value);
	} else if (off < 0x40 && off != 4) {
		rig_die("write to a read-only part of configuration space");
	}
	rig_put(fn->cfg + off, width, value);
}

/* ---- registers ---- */

/* The function and BAR that decode an address now, as its configuration space has them. */
static inline struct rig_fn *rig_decode(
	const struct rig *r, bool io, uint64_t addr, unsigned *bar, uint64_t *off)
{
	for (unsigned i = 0; i < r->nfn; i++) {
		struct rig_fn *fn = r->fn[i];
		if (!(fn->cfg[4] & (io ? RIG_IO : RIG_MEMORY)))
			continue;
		for (unsigned n = 0; n < 6; n++) {
			uint32_t low = rig_get(fn->cfg + 0x10 + 4 * n, 4);
			if (!fn->bar_size[n] || (low & 1) != io)
				continue;
			uint64_t base = low & (io ? ~3u : ~15u);
			if (!io && (low & 4))
				base |= (uint64_t)rig_get(fn->cfg + 0x14 + 4 * n, 4) << 32;
			if (addr >= base && addr - base < fn->bar_size[n]) {
				*bar = n;
				*off = addr - base;
				return fn;
			}
		}
	}
	return NULL;
}

static inline uint32_t rig_read(const struct bus_win *win, uint64_t off, unsigned width)
{
	struct rig *r = win->bus->ctx;
	unsigned bar;
	uint64_t at;
	if (off >= win->size || width > win->size - off || off % width)
		rig_die("register read outside of its window");
	r->reads++;
	struct rig_fn *fn = rig_decode(r, win->io, win->addr + off, &bar, &at);
	return fn && !fn->gone ? fn->read(fn->model, bar, at, width) & rig_ones(width)
			       : rig_ones(width);
}

static inline void rig_write(
	const struct bus_win *win, uint64_t off, unsigned width, uint32_t value)
{
	struct rig *r = win->bus->ctx;
	unsigned bar;
	uint64_t at;
	if (off >= win->size || width > win->size - off || off % width)
		rig_die("register write outside of its window");
	r->writes++;
	struct rig_fn *fn = rig_decode(r, win->io, win->addr + off, &bar, &at);
	if (fn && !fn->gone)
		fn->write(fn->model, bar, at, width, value);
}

static inline int rig_map(struct bus_dev *b, unsigned bar, struct bus_win *win)
{
	struct rig *r = b->ctx;
	int rc = pci_map(b, bar, win);
	if (!rc && r->map_limit && win->addr + win->size > r->map_limit)
		rc = -ERR_NETDEV_OPEN;
	return rc;
}

/* ---- memory ---- */

static inline void *rig_dma_alloc(struct bus_dev *b, size_t size, size_t align, uint64_t *bus_addr)
{
	struct rig *r = b->ctx;
	size_t at = (r->arena_used + align - 1) & ~(align - 1);
	if (at > r->arena_size || size > r->arena_size - at)
		return NULL;
	r->arena_used = at + size;
	memset(r->arena + at, 0, size);
	*bus_addr = r->arena_bus + at;
	return r->arena + at;
}

static inline uint64_t rig_dma_addr(struct bus_dev *b, const void *p)
{
	struct rig *r = b->ctx;
	const uint8_t *q = p;
	if (q >= r->arena && q < r->arena + r->arena_used)
		return r->arena_bus + (uint64_t)(q - r->arena);
	if (q < r->net.buffers || q >= r->net.buffers + sizeof(r->net.buffers))
		rig_die("bus address of memory that is not shared");
	return RIG_PACKETS_BUS + (uint64_t)(q - r->net.buffers);
}

/* What a device may touch; NULL when it may not. */
static inline void *rig_mem_or_null(struct rig *r, uint64_t addr, uint64_t n)
{
	if (addr >= r->arena_bus && addr - r->arena_bus < r->arena_used &&
		n <= r->arena_used - (addr - r->arena_bus))
		return r->arena + (addr - r->arena_bus);
	uint64_t at = addr - RIG_PACKETS_BUS;
	if (addr < RIG_PACKETS_BUS || at >= sizeof(r->net.buffers))
		return NULL;
	if (n > PKT_SIZE - at % PKT_SIZE) /* from one packet into the next */
		return NULL;
	return r->net.buffers + at;
}

static inline void *rig_mem(struct rig_fn *fn, uint64_t addr, uint64_t n)
{
	void *p = rig_mem_or_null(fn->rig, addr, n);
	if (!p)
		rig_die("device was sent to memory it may not touch");
	return p;
}

static inline bool rig_is_master(const struct rig_fn *fn)
{
	return !fn->gone && (fn->cfg[4] & RIG_MASTER);
}

static inline void rig_delay_us(struct bus_dev *b, unsigned us)
{
	struct rig *r = b->ctx;
	r->delayed_us += us;
}

static const struct bus_ops rig_ops = {
	.cfg_read = rig_cfg_read,
	.cfg_write = rig_cfg_write,
	.map = rig_map,
	.read = rig_read,
	.write = rig_write,
	.dma_alloc = rig_dma_alloc,
	.dma_addr = rig_dma_addr,
	.delay_us = rig_delay_us,
};

/* ---- setting up ---- */

static inline void rig_init(struct rig *r)
{
	r->nfn = 0;
	r->reads = r->writes = 0;
	r->delayed_us = 0;
	r->map_limit = 0;
	r->arena_bus = RIG_ARENA_BUS;
	r->arena_used = 0;
	r->arena_size = RIG_ARENA;
	fake_init(&r->fake, 1 << 20);
	net_init(&r->net, &r->m, NULL);
	if (machine_init(&r->m, &r->net, &fake_platform, &r->fake, &fake_config))
		rig_die("machine_init");
}

static inline void rig_end(struct rig *r)
{
	fake_end(&r->fake);
}

static inline void rig_plug(struct rig *r, struct rig_fn *fn, uint16_t busdevfn)
{
	if (r->nfn == RIG_FUNCTIONS_MAX)
		rig_die("too many functions");
	fn->rig = r;
	fn->busdevfn = busdevfn;
	r->fn[r->nfn++] = fn;
}

static inline void rig_ids(struct rig_fn *fn, uint16_t vendor, uint16_t device, uint16_t subsystem)
{
	rig_put(fn->cfg, 2, vendor);
	rig_put(fn->cfg + 2, 2, device);
	rig_put(fn->cfg + 0x2c, 2, vendor);
	rig_put(fn->cfg + 0x2e, 2, subsystem);
	fn->cfg[8] = 3;
}

/* flags: the low bits of the register: 1 ports, 4 memory of 64 bits, 8 prefetchable. */
static inline void rig_bar(
	struct rig_fn *fn, unsigned n, uint64_t addr, uint64_t size, unsigned flags)
{
	rig_put(fn->cfg + 0x10 + 4 * n, 4, (uint32_t)addr | flags);
	if (flags & 4)
		rig_put(fn->cfg + 0x14 + 4 * n, 4, (uint32_t)(addr >> 32));
	fn->bar_size[n] = size;
}

static inline int rig_scan(struct rig *r, const struct driver *driver)
{
	const struct driver *const drivers[] = {driver, NULL};
	return pci_scan(&r->net, drivers, &rig_ops, r, 0, r->devs, NETDEV_MAX);
}

static inline void rig_pass_us(struct rig *r, uint64_t us)
{
	r->fake.now_us += us;
	r->m.now_us = r->fake.now_us;
}

/* The oldest frame that a driver has delivered; the caller frees it. */
static inline struct pkt *rig_received(struct rig *r)
{
	struct pkt *p = r->net.rx_head;
	if (p) {
		r->net.rx_head = p->next;
		if (!p->next)
			r->net.rx_tail = NULL;
	}
	return p;
}

static inline unsigned rig_free_received(struct rig *r)
{
	unsigned n = 0;
	for (struct pkt *p; (p = rig_received(r)); n++)
		pkt_free(&r->net.pool, p);
	return n;
}

/* A byte that depends on the frame and the place in it. */
static inline uint8_t rig_pattern(unsigned seed, unsigned i)
{
	return (uint8_t)(seed * 31 + i * 7 + (i >> 8));
}

static inline struct pkt *rig_packet(struct rig *r, unsigned len, unsigned seed)
{
	struct pkt *p = pkt_alloc(&r->net.pool);
	uint8_t *data = p ? pkt_put(p, len) : NULL;
	if (!data)
		rig_die("no packet");
	for (unsigned i = 0; i < len; i++)
		data[i] = rig_pattern(seed, i);
	return p;
}

static inline bool rig_is_pattern(const uint8_t *data, unsigned len, unsigned seed)
{
	for (unsigned i = 0; i < len; i++)
		if (data[i] != rig_pattern(seed, i))
			return false;
	return true;
}

#endif
