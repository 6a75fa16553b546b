/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device side of virtio-net over PCI, written from VIRTIO 1.1 sections 2, 4.1 and 5.1 and
 * without our driver's code. A driver that breaks a rule the specification has for drivers aborts
 * the test.
 */
#ifndef TESTS_DRIVERS_VIRTIO_MODEL_H
#define TESTS_DRIVERS_VIRTIO_MODEL_H

#include "tests/drivers/rig.h"

#define VM_CSUM	       (1ull << 1)
#define VM_MTU	       (1ull << 3)
#define VM_MAC	       (1ull << 5)
#define VM_GUEST_TSO4  (1ull << 7)
#define VM_GUEST_ECN   (1ull << 9)
#define VM_MRG_RXBUF   (1ull << 15)
#define VM_STATUS      (1ull << 16)
#define VM_ANY_LAYOUT  (1ull << 27)
#define VM_INDIRECT    (1ull << 28)
#define VM_EVENT_IDX   (1ull << 29)
#define VM_VERSION_1   (1ull << 32)
#define VM_ACCESS      (1ull << 33)
#define VM_RING_PACKED (1ull << 34)
#define VM_ORDER       (1ull << 36)
#define VM_USUAL       (VM_CSUM | VM_MAC | VM_GUEST_TSO4 | VM_MRG_RXBUF | VM_STATUS | VM_INDIRECT)

#define VM_MEM_BASE    0xfe000000u
#define VM_IO_BASE     0xc000u
#define VM_SENT_MAX    64
#define VM_SEGMENT_MAX 65549 /* Ethernet header and the longest datagram */

struct vm_queue {
	uint16_t num_max, num;
	uint64_t desc, avail, used;
	bool ready;
	uint16_t last_avail, used_idx;
	unsigned kicks;
};

struct vm {
	struct rig_fn fn;
	bool legacy, modern; /* interfaces it has; both: transitional */
	uint64_t offer, accepted;
	uint32_t offer_select, accept_select;
	uint8_t status;
	uint16_t select;
	struct vm_queue q[3];
	uint8_t config[12]; /* MAC, status, pairs, MTU */
	bool refuse;	    /* does not take the features */
	bool stuck;	    /* never completes a reset */
	unsigned slow;	    /* reads of status before a reset is complete */
	unsigned resetting;
	bool sleepy; /* asks for a doorbell at the next buffer; otherwise for none */
	unsigned interrupts;
	unsigned resets;
	struct {
		uint32_t len;
		uint8_t data[PKT_SIZE];
	} sent[VM_SENT_MAX];
	unsigned nsent;
};

static inline bool vm_is_modern(const struct vm *v)
{
	return v->accepted & VM_VERSION_1;
}

static inline unsigned vm_hdr_len(const struct vm *v)
{
	return v->accepted & (VM_VERSION_1 | VM_MRG_RXBUF) ? 12 : 10;
}

static inline void vm_reset(struct vm *v)
{
	v->status = 0;
	v->accepted = 0;
	v->resets++;
	for (unsigned i = 0; i < 3; i++)
		v->q[i] = (struct vm_queue){
			.num_max = v->q[i].num_max, .num = v->q[i].num_max, .kicks = v->q[i].kicks};
}

/* ---- registers ---- */

/* 5.1.3.1; a segment of 64 KiB has no place without mergeable buffers, as ours are (5.1.6.3.1). */
static inline void vm_check_features(const struct vm *v)
{
	uint64_t f = v->accepted;
	if (f & ~v->offer)
		rig_die("driver takes features that were not offered");
	if ((f & VM_GUEST_TSO4) && !((f & VM_CSUM) && (f & VM_MRG_RXBUF)))
		rig_die("segments without what they need");
	if ((f & VM_GUEST_ECN) && !(f & VM_GUEST_TSO4))
		rig_die("segments with ECN, but none without");
}

static inline void vm_set_status(struct vm *v, uint8_t status)
{
	if (!status) {
		if (v->stuck)
			return;
		vm_reset(v);
		v->resetting = v->slow;
		return;
	}
	if ((v->status & ~status) && !(status & 0x80))
		rig_die("driver took a status bit back");
	if (status & 4 && !(v->status & 2))
		rig_die("driver is ready before it said hello");
	if (status & 4)
		vm_check_features(v);
	if ((status & 8) && v->refuse)
		status &= (uint8_t)~8u;
	v->status = status;
}

static inline uint8_t vm_get_status(struct vm *v)
{
	if (v->resetting) {
		v->resetting--;
		return 0x0f;
	}
	return v->stuck ? 0x0f : v->status;
}

static inline void vm_kick(struct vm *v, unsigned index, uint32_t value)
{
	if (index != value || index > 2)
		rig_die("doorbell of no queue");
	if (!(v->status & 4))
		rig_die("doorbell before DRIVER_OK");
	v->q[index].kicks++;
}

static inline struct vm_queue *vm_selected(struct vm *v)
{
	static struct vm_queue none;
	none = (struct vm_queue){.num = 0};
	return v->select < 3 ? &v->q[v->select] : &none;
}

/* Each field is accessed by its own width, 64-bit ones as two halves (4.1.3.1). */
static inline unsigned vm_common_width(uint64_t off)
{
	if (off < 0x10 || off >= 0x20)
		return 4;
	return off == 0x14 || off == 0x15 ? 1 : 2;
}

static inline uint32_t vm_common_read(struct vm *v, uint64_t off)
{
	struct vm_queue *q = vm_selected(v);
	switch (off) {
	case 0x00:
		return v->offer_select;
	case 0x04:
		if (!(v->status & 2))
			rig_die("features read before DRIVER");
		return v->offer_select > 1 ? 0 : (uint32_t)(v->offer >> 32 * v->offer_select);
	case 0x12:
		return 3;
	case 0x14:
		return vm_get_status(v);
	case 0x15:
		return 0;
	case 0x16:
		return v->select;
	case 0x18:
		return q->num;
	case 0x1c:
		return q->ready;
	case 0x1e:
		return v->select; /* queue_notify_off */
	}
	rig_die("read of a common register nobody needs");
	return 0;
}

static inline void vm_half(uint64_t *reg, bool high, uint32_t value)
{
	*reg = high ? (*reg & UINT32_MAX) | (uint64_t)value << 32
		    : (*reg & ~(uint64_t)UINT32_MAX) | value;
}

static inline void vm_common_write(struct vm *v, uint64_t off, uint32_t value)
{
	struct vm_queue *q = vm_selected(v);
	if (off >= 0x18 && (!(v->status & 8) || (v->status & 4)))
		rig_die("queue set up at the wrong time");
	switch (off) {
	case 0x00:
		v->offer_select = value;
		return;
	case 0x08:
		v->accept_select = value;
		return;
	case 0x0c:
		if (v->status & 8)
			rig_die("features written after FEATURES_OK");
		if (v->accept_select < 2)
			vm_half(&v->accepted, v->accept_select, value);
		return;
	case 0x14:
		vm_set_status(v, (uint8_t)value);
		return;
	case 0x16:
		v->select = (uint16_t)value;
		return;
	case 0x18:
		if (value > q->num_max || !value || (value & (value - 1)))
			rig_die("bad queue size");
		q->num = (uint16_t)value;
		return;
	case 0x1c:
		if (value != 1 || !q->desc || !q->avail || !q->used || q->desc % 16 ||
			q->avail % 2 || q->used % 4)
			rig_die("queue enabled before it is complete");
		q->ready = true;
		return;
	case 0x20:
	case 0x24:
		vm_half(&q->desc, off & 4, value);
		return;
	case 0x28:
	case 0x2c:
		vm_half(&q->avail, off & 4, value);
		return;
	case 0x30:
	case 0x34:
		vm_half(&q->used, off & 4, value);
		return;
	}
	rig_die("write to a common register");
}

static inline uint32_t vm_legacy_read(struct vm *v, uint64_t off, unsigned width)
{
	struct vm_queue *q = vm_selected(v);
	if (off >= 20 && off + width <= 20 + sizeof(v->config))
		return rig_get(v->config + (off - 20), width);
	if (off == 0 && width == 4)
		return (uint32_t)v->offer;
	if (off == 12 && width == 2)
		return q->num_max;
	if (off == 18 && width == 1)
		return vm_get_status(v);
	rig_die("read of a legacy register nobody needs");
	return 0;
}

static inline void vm_legacy_write(struct vm *v, uint64_t off, unsigned width, uint32_t value)
{
	struct vm_queue *q = vm_selected(v);
	if (off == 4 && width == 4) {
		v->accepted = value;
	} else if (off == 8 && width == 4) {
		q->ready = value;
		q->desc = (uint64_t)value << 12;
		q->avail = q->desc + 16u * q->num_max;
		q->used = (q->avail + 6 + 2u * q->num_max + 4095) & ~4095ull;
	} else if (off == 14 && width == 2) {
		v->select = (uint16_t)value;
	} else if (off == 16 && width == 2) {
		vm_kick(v, value & 0xffff, value);
	} else if (off == 18 && width == 1) {
		vm_set_status(v, (uint8_t)value);
	} else {
		rig_die("write to a legacy register");
	}
}

static inline uint32_t vm_read(void *model, unsigned bar, uint64_t off, unsigned width)
{
	struct vm *v = model;
	if (bar == 0)
		return vm_legacy_read(v, off, width);
	if (off < 0x1000) {
		if (width != vm_common_width(off))
			rig_die("common register read by the wrong width");
		return vm_common_read(v, off);
	}
	if (off >= 0x2000 && off + width <= 0x2000 + sizeof(v->config))
		return rig_get(v->config + (off - 0x2000), width);
	rig_die("register read outside of any structure");
	return 0;
}

static inline void vm_write(void *model, unsigned bar, uint64_t off, unsigned width, uint32_t value)
{
	struct vm *v = model;
	if (bar == 0) {
		vm_legacy_write(v, off, width, value);
	} else if (off < 0x1000) {
		if (width != vm_common_width(off))
			rig_die("common register written by the wrong width");
		vm_common_write(v, off, value);
	} else if (off >= 0x3000 && width == 2 && (off & 3) == 0) {
		vm_kick(v, (unsigned)(off - 0x3000) / 4, value);
	} else {
		rig_die("register written outside of any structure");
	}
}

/* ---- plugging in ---- */

/* One vendor capability (4.1.4); returns the offset behind it. */
static inline unsigned vm_cap(struct rig_fn *fn, unsigned at, unsigned type, unsigned bar,
	uint32_t off, uint32_t len, uint32_t mult)
{
	unsigned size = type == 2 ? 20 : 16;
	uint8_t *c = fn->cfg + at;
	c[0] = 0x09;
	c[1] = (uint8_t)(at + size);
	c[2] = (uint8_t)size;
	c[3] = (uint8_t)type;
	c[4] = (uint8_t)bar;
	rig_put(c + 8, 4, off);
	rig_put(c + 12, 4, len);
	if (type == 2)
		rig_put(c + 16, 4, mult);
	return at + size;
}

static inline void vm_caps(struct vm *v)
{
	unsigned at = 0x50;
	v->fn.cfg[0x06] |= 0x10;
	v->fn.cfg[0x34] = 0x40;
	rig_put(v->fn.cfg + 0x40, 4, 0x80025011); /* MSI-X, left on by somebody */
	at = vm_cap(&v->fn, at, 5, 0, 0, 0, 0);	  /* PCI configuration access */
	at = vm_cap(&v->fn, at, 1, 4, 0x0000, 0x38, 0);
	at = vm_cap(&v->fn, at, 3, 4, 0x1000, 1, 0);
	at = vm_cap(&v->fn, at, 4, 4, 0x2000, sizeof(v->config), 0);
	at = vm_cap(&v->fn, at, 2, 4, 0x3000, 0x100, 4);
	v->fn.cfg[at - 20 + 1] = 0;
}

/* The driver's view of QEMU's device, more or less: legacy, modern or both. */
static inline void vm_init(struct vm *v, bool legacy, bool modern, uint64_t offer)
{
	static const uint8_t mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
	memset(v, 0, sizeof(*v));
	v->legacy = legacy;
	v->modern = modern;
	v->offer = offer;
	memcpy(v->config, mac, 6);
	v->config[6] = 1;
	v->q[0].num_max = v->q[1].num_max = 256;
	v->q[2].num_max = 64;
	rig_ids(&v->fn, 0x1af4, legacy ? 0x1000 : 0x1041, 1);
	if (legacy)
		rig_bar(&v->fn, 0, VM_IO_BASE, 0x40, 1);
	if (modern) {
		rig_bar(&v->fn, 4, VM_MEM_BASE, 0x4000, 12);
		vm_caps(v);
	}
	v->fn.cfg[4] = RIG_IO | RIG_MEMORY; /* as a BIOS leaves it: decoding, no bus master */
	v->fn.model = v;
	v->fn.read = vm_read;
	v->fn.write = vm_write;
	vm_reset(v);
}

/* ---- queues, device side ---- */

static inline bool vm_runs(const struct vm *v, unsigned index)
{
	return rig_is_master(&v->fn) && (v->status & 4) && v->q[index].ready;
}

static inline uint16_t *vm_u16(struct vm *v, uint64_t addr)
{
	return rig_mem(&v->fn, addr, 2);
}

static inline uint16_t vm_waiting(struct vm *v, unsigned index)
{
	struct vm_queue *q = &v->q[index];
	uint16_t n = (uint16_t)(*vm_u16(v, q->avail + 2) - q->last_avail);
	if (n > q->num)
		rig_die("more buffers offered than the ring has places");
	return n;
}

struct vm_chain {
	uint16_t head;
	unsigned n;
	struct {
		uint8_t *p;
		uint32_t len;
	} part[4];
	uint32_t len;
};

/* Takes the next chain; all of its parts must be for the device to write, or all to read. */
static inline bool vm_pop(struct vm *v, unsigned index, bool writable, struct vm_chain *c)
{
	struct vm_queue *q = &v->q[index];
	if (!vm_runs(v, index) || !vm_waiting(v, index))
		return false;
	uint16_t id = *vm_u16(v, q->avail + 4 + 2u * (q->last_avail % q->num));
	*c = (struct vm_chain){.head = id};
	for (unsigned flags = 1; flags & 1;) {
		if (id >= q->num || c->n == 4)
			rig_die("bad chain of descriptors");
		const uint8_t *d = rig_mem(&v->fn, q->desc + 16u * id, 16);
		uint64_t addr = rig_get(d, 4) | (uint64_t)rig_get(d + 4, 4) << 32;
		uint32_t len = rig_get(d + 8, 4);
		flags = rig_get(d + 12, 2);
		id = (uint16_t)rig_get(d + 14, 2);
		if (!len || (flags & 4) || writable != !!(flags & 2))
			rig_die("bad descriptor");
		c->part[c->n].p = rig_mem(&v->fn, addr, len);
		c->part[c->n++].len = len;
		c->len += len;
	}
	/* 5.1.6: without ANY_LAYOUT a legacy device finds the header alone in the first descriptor.
	 */
	if (!(v->accepted & (VM_VERSION_1 | VM_ANY_LAYOUT)) &&
		(c->n < 2 || c->part[0].len != vm_hdr_len(v)))
		rig_die("header is not in a descriptor of its own");
	q->last_avail++;
	return true;
}

/* A used buffer, i places behind those that the driver is shown. */
static inline void vm_fill(struct vm *v, unsigned index, unsigned i, uint32_t id, uint32_t len)
{
	struct vm_queue *q = &v->q[index];
	uint8_t *e = rig_mem(&v->fn, q->used + 4 + 8u * ((q->used_idx + i) % q->num), 8);
	rig_put(e, 4, id);
	rig_put(e + 4, 4, len);
}

/* Shows n of them. What the driver would see as an interrupt is counted (2.6.7.2). */
static inline void vm_show(struct vm *v, unsigned index, unsigned n)
{
	struct vm_queue *q = &v->q[index];
	uint16_t old = q->used_idx;
	q->used_idx = (uint16_t)(old + n);
	__atomic_store_n(vm_u16(v, q->used + 2), q->used_idx, __ATOMIC_RELEASE);
	if (v->accepted & VM_EVENT_IDX) {
		uint16_t event = *vm_u16(v, q->avail + 4 + 2u * q->num);
		if ((uint16_t)(q->used_idx - event - 1) < (uint16_t)(q->used_idx - old))
			v->interrupts++;
	} else if (!(*vm_u16(v, q->avail) & 1)) {
		v->interrupts++;
	}
}

static inline void vm_push(struct vm *v, unsigned index, uint32_t id, uint32_t len)
{
	vm_fill(v, index, 0, id, len);
	vm_show(v, index, 1);
}

/* Says whether the next buffer is worth a doorbell (2.6.10). */
static inline void vm_wish(struct vm *v, unsigned index)
{
	struct vm_queue *q = &v->q[index];
	if (!vm_runs(v, index))
		return;
	*vm_u16(v, q->used) = v->sleepy ? 0 : 1;
	if (v->accepted & VM_EVENT_IDX)
		*vm_u16(v, q->used + 4 + 8u * q->num) =
			(uint16_t)(q->last_avail + (v->sleepy ? 0 : 0x7fff));
}

static inline void vm_scatter(struct vm_chain *c, uint32_t at, const uint8_t *src, uint32_t n)
{
	for (unsigned i = 0; i < c->n && n; i++) {
		uint32_t part = c->part[i].len;
		if (at >= part) {
			at -= part;
			continue;
		}
		uint32_t k = part - at < n ? part - at : n;
		memcpy(c->part[i].p + at, src, k);
		src += k;
		n -= k;
		at = 0;
	}
}

/* Asleep until there are more buffers than now. */
static inline bool vm_starve(struct vm *v)
{
	struct vm_queue *q = &v->q[0];
	if (!vm_runs(v, 0))
		return false;
	*vm_u16(v, q->used) = 0;
	*vm_u16(v, q->used + 4 + 8u * q->num) = *vm_u16(v, q->avail + 2);
	return false;
}

/*
 * A frame comes in from the wire, with buffers one after the other, each full (5.1.6.4) and all
 * shown at once. False when there are not buffers enough; then the device sleeps until some are
 * added.
 */
static inline bool vm_receive_hdr(
	struct vm *v, uint32_t len, unsigned seed, uint8_t flags, uint8_t gso)
{
	static uint8_t frame[12 + VM_SEGMENT_MAX + 4];
	struct vm_chain c[64];
	unsigned hdr_len = vm_hdr_len(v), n = 0;
	uint32_t all = hdr_len + len, room = 0, at = 0;
	uint16_t last = v->q[0].last_avail;
	while (room < all && n < 64 && vm_pop(v, 0, true, &c[n]))
		room += c[n++].len;
	if (room < all) {
		v->q[0].last_avail = last;
		return vm_starve(v);
	}
	if (n > 1 && !(v->accepted & VM_MRG_RXBUF))
		rig_die("receive buffer too small");
	memset(frame, 0, 12);
	frame[0] = flags;
	frame[1] = gso;
	if (hdr_len == 12)
		frame[10] = (uint8_t)n; /* num_buffers */
	for (uint32_t i = 0; i < len; i++)
		frame[hdr_len + i] = rig_pattern(seed, i);
	for (unsigned i = 0; i < n; i++) {
		uint32_t some = all - at < c[i].len ? all - at : c[i].len;
		vm_scatter(&c[i], 0, frame + at, some);
		vm_fill(v, 0, i, c[i].head, some);
		at += some;
	}
	vm_show(v, 0, n);
	vm_wish(v, 0);
	return true;
}

static inline bool vm_receive(struct vm *v, uint32_t len, unsigned seed)
{
	return vm_receive_hdr(v, len, seed, 0, 0);
}

/* Sends what waits, at most n frames; keeps the last VM_SENT_MAX of them. */
static inline unsigned vm_transmit(struct vm *v, unsigned n)
{
	struct vm_chain c;
	unsigned done = 0;
	for (; done < n && vm_pop(v, 1, false, &c); done++) {
		uint8_t all[PKT_SIZE];
		uint32_t len = 0;
		for (unsigned i = 0; i < c.n; i++) {
			if (len + c.part[i].len > sizeof(all))
				rig_die("frame too large");
			memcpy(all + len, c.part[i].p, c.part[i].len);
			len += c.part[i].len;
		}
		unsigned hdr_len = vm_hdr_len(v);
		static const uint8_t zero[12];
		if (len < hdr_len || memcmp(all, zero, hdr_len))
			rig_die("frame with a header that asks for something");
		unsigned slot = v->nsent++ % VM_SENT_MAX;
		v->sent[slot].len = len - hdr_len;
		memcpy(v->sent[slot].data, all + hdr_len, len - hdr_len);
		vm_push(v, 1, c.head, 0);
	}
	vm_wish(v, 1);
	return done;
}

#endif
