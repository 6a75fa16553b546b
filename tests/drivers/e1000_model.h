/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device side of an Intel 82540EM, written from the Software Developer's Manual (317453-006)
 * and without our driver's code: registers, EEPROM, legacy descriptor rings. A driver that breaks
 * the manual's rules aborts the test.
 */
#ifndef TESTS_DRIVERS_E1000_MODEL_H
#define TESTS_DRIVERS_E1000_MODEL_H

#include "tests/drivers/rig.h"

#define EM_BASE	    0xfc000000u
#define EM_SIZE	    0x20000u
#define EM_SENT_MAX 64

struct em {
	struct rig_fn fn;
	uint32_t ctrl, rctl, tctl, status, imask, mpc, rxcsum, tipg, eerd;
	uint32_t ral[16], rah[16], mta[128];
	struct em_ring {
		uint64_t base;
		uint32_t len, head, tail;
		unsigned tail_writes;
	} rx, tx;
	uint16_t eeprom[64];
	bool is_82541;	/* EERD with other places for address and done */
	bool no_eeprom; /* EERD never completes, the filter stays empty */
	bool stuck;	/* never completes a reset */
	bool lazy;	/* does not write back what it has sent */
	unsigned eerd_delay, resets;
	struct {
		uint32_t len;
		uint8_t data[2048];
	} sent[EM_SENT_MAX];
	unsigned nsent;
};

static inline void em_load_mac(struct em *e)
{
	if (e->no_eeprom)
		return;
	e->ral[0] = e->eeprom[0] | (uint32_t)e->eeprom[1] << 16;
	e->rah[0] = e->eeprom[2] | 0x80000000u;
}

static inline void em_reset(struct em *e)
{
	e->resets++;
	e->ctrl &= ~0x04000000u;
	e->rctl = e->tctl = e->rxcsum = 0;
	e->imask = 0;
	e->rx = (struct em_ring){.base = 0xdeadbeefull, .tail_writes = e->rx.tail_writes};
	e->tx = (struct em_ring){.base = 0xdeadbeefull, .tail_writes = e->tx.tail_writes};
	memset(e->rah, 0, sizeof(e->rah));
	em_load_mac(e);
}

static inline uint32_t em_eerd(struct em *e)
{
	uint32_t v = e->eerd;
	if (!(v & 1) || e->no_eeprom)
		return v;
	if (e->eerd_delay) {
		e->eerd_delay--;
		return v;
	}
	unsigned word = e->is_82541 ? v >> 2 & 0x3fff : v >> 8 & 0xff;
	if (word >= 64)
		rig_die("EEPROM word that does not exist");
	return (v & 0xffff) | (e->is_82541 ? 0x02u : 0x10u) | (uint32_t)e->eeprom[word] << 16;
}

static inline uint32_t em_read(void *model, unsigned bar, uint64_t off, unsigned width)
{
	struct em *e = model;
	if (bar || width != 4)
		rig_die("register read by the wrong width");
	switch (off) {
	case 0x0000:
		return e->ctrl;
	case 0x0008:
		return e->status;
	case 0x0014:
		return em_eerd(e);
	case 0x0100:
		return e->rctl;
	case 0x0400:
		return e->tctl;
	case 0x2810:
		return e->rx.head;
	case 0x3810:
		return e->tx.head;
	case 0x4010: {
		uint32_t n = e->mpc;
		e->mpc = 0;
		return n;
	}
	case 0x5400:
		return e->ral[0];
	case 0x5404:
		return e->rah[0];
	}
	rig_die("read of a register nobody needs");
	return 0;
}

static inline void em_transmit(struct em *e);

static inline bool em_ring_write(
	struct em *e, struct em_ring *r, bool enabled, uint64_t off, uint32_t value)
{
	(void)e;
	if (enabled && off != 0x18)
		rig_die("ring moved under a running device");
	switch (off) {
	case 0x00:
		if (value & 15)
			rig_die("ring not aligned");
		r->base = (r->base & ~(uint64_t)UINT32_MAX) | value;
		return true;
	case 0x04:
		r->base = (r->base & UINT32_MAX) | (uint64_t)value << 32;
		return true;
	case 0x08:
		if (value & 127)
			rig_die("ring length not a multiple of 128");
		r->len = value;
		return true;
	case 0x10:
		r->head = value;
		return true;
	case 0x18:
		if (r->len && value >= r->len / 16)
			rig_die("tail outside of the ring");
		r->tail = value;
		r->tail_writes++;
		return true;
	}
	return false;
}

static inline void em_write(void *model, unsigned bar, uint64_t off, unsigned width, uint32_t value)
{
	struct em *e = model;
	if (bar || width != 4)
		rig_die("register written by the wrong width");
	if (off >= 0x2800 && off < 0x2820 &&
		em_ring_write(e, &e->rx, e->rctl & 2, off - 0x2800, value))
		return;
	if (off >= 0x3800 && off < 0x3820 &&
		em_ring_write(e, &e->tx, e->tctl & 2, off - 0x3800, value)) {
		if (off == 0x3818)
			em_transmit(e);
		return;
	}
	if (off >= 0x5200 && off < 0x5400) {
		e->mta[(off - 0x5200) / 4] = value;
		return;
	}
	if (off >= 0x5400 && off < 0x5480) {
		(off & 4 ? e->rah : e->ral)[(off - 0x5400) / 8] = value;
		return;
	}
	switch (off) {
	case 0x0000:
		e->ctrl = value;
		if ((value & 0x04000000u) && !e->stuck)
			em_reset(e);
		return;
	case 0x0014:
		e->eerd = value;
		return;
	case 0x00d8:
		e->imask &= ~value;
		return;
	case 0x0100:
		if ((value & 2) && (value & 0x02030000u || value & 0x24u))
			rig_die("receive buffers of an unexpected size");
		e->rctl = value;
		return;
	case 0x0400:
		e->tctl = value;
		return;
	case 0x0410:
		e->tipg = value;
		return;
	case 0x5000:
		e->rxcsum = value;
		return;
	}
	rig_die("write to a register nobody needs");
}

/*
 * As after power-on: decoding as a BIOS leaves it, all tables full of what was in them, link up.
 */
static inline void em_init(struct em *e, uint16_t device)
{
	memset(e, 0, sizeof(*e));
	rig_ids(&e->fn, 0x8086, device, 0);
	rig_bar(&e->fn, 0, EM_BASE, EM_SIZE, 0);
	rig_bar(&e->fn, 1, 0xc100, 0x40, 1);
	e->fn.cfg[4] = RIG_IO | RIG_MEMORY;
	e->fn.model = e;
	e->fn.read = em_read;
	e->fn.write = em_write;
	static const uint16_t mac[3] = {0x5452, 0x1200, 0x5634}; /* 52:54:00:12:34:56 */
	memcpy(e->eeprom, mac, sizeof(mac));
	for (unsigned i = 0; i < 128; i++)
		e->mta[i] = 0xa5a5a5a5;
	for (unsigned i = 1; i < 16; i++)
		e->rah[i] = 0x80001234;
	e->status = 0x80080783;
	em_load_mac(e);
}

static inline uint8_t *em_desc(struct em *e, struct em_ring *r, uint32_t i)
{
	return rig_mem(&e->fn, r->base + 16u * i, 16);
}

/* Frames that wait between head and tail; on the wire they get a CRC and, when short, padding. */
static inline void em_transmit(struct em *e)
{
	if (!(e->tctl & 2) || !rig_is_master(&e->fn))
		return;
	for (; e->tx.head != e->tx.tail; e->tx.head = (e->tx.head + 1) % (e->tx.len / 16)) {
		uint8_t *d = em_desc(e, &e->tx, e->tx.head);
		uint32_t len = rig_get(d + 8, 2);
		unsigned cmd = d[11];
		if ((cmd & 0x2b) != 0x0b) /* EOP, IFCS and RS, a legacy descriptor */
			rig_die("descriptor that is no whole frame");
		const uint8_t *data =
			rig_mem(&e->fn, rig_get(d, 4) | (uint64_t)rig_get(d + 4, 4) << 32, len);
		unsigned slot = e->nsent++ % EM_SENT_MAX;
		e->sent[slot].len = len;
		memcpy(e->sent[slot].data, data, len);
		if (!e->lazy)
			d[12] |= 1;
	}
}

/* Writes back descriptors that were left when it was lazy. */
static inline void em_write_back(struct em *e)
{
	for (uint32_t i = 0; i < e->tx.len / 16; i++)
		if (i != e->tx.tail)
			em_desc(e, &e->tx, i)[12] |= 1;
}

static inline bool em_can_receive(struct em *e)
{
	return (e->rctl & 2) && rig_is_master(&e->fn) && (e->ctrl & 0x40);
}

/* One descriptor, as the device would write it back; false when it has none. */
static inline bool em_give(struct em *e, const uint8_t *data, uint32_t write, uint32_t len,
	unsigned status, unsigned errors)
{
	if (!em_can_receive(e))
		return false;
	if (e->rx.head == e->rx.tail) {
		e->mpc++;
		return false;
	}
	uint8_t *d = em_desc(e, &e->rx, e->rx.head);
	if (d[12])
		rig_die("descriptor given with a status in it");
	memcpy(rig_mem(&e->fn, rig_get(d, 4) | (uint64_t)rig_get(d + 4, 4) << 32, write), data,
		write);
	rig_put(d + 8, 2, len);
	d[13] = (uint8_t)errors;
	__atomic_store_n(d + 12, (uint8_t)status, __ATOMIC_RELEASE);
	e->rx.head = (e->rx.head + 1) % (e->rx.len / 16);
	return true;
}

/* A good frame comes in from the wire, whole; without its CRC (RCTL.SECRC). */
static inline bool em_receive(struct em *e, uint32_t len, unsigned seed)
{
	uint8_t frame[2048];
	for (uint32_t i = 0; i < len; i++)
		frame[i] = rig_pattern(seed, i);
	if (em_can_receive(e) && !(e->rctl & 0x04000000))
		rig_die("CRC would be left in the frame");
	return em_give(e, frame, len, len, 0x07, 0); /* DD, EOP, IXSM */
}

#endif
