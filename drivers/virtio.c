/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio over PCI and split virtqueues: VIRTIO 1.1 sections 2.6 (queues), 3.1 (initialization),
 * 4.1 (PCI).
 *
 * Polling only: interrupts are off in PCI, refused in the rings, and the ISR register is never
 * touched. A doorbell is the only register written while packets flow, and only when the device
 * asks for it or, by virtq_nudge(), now and then.
 *
 * Limits: no packed rings, no indirect descriptors, no MMIO or channel I/O transport.
 */
#include "drivers/virtio.h"
#include "core/err.h"
#include "core/str.h"
#include "drivers/pci.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "rings are used as they lie in memory");
_Static_assert(sizeof(struct virtq_desc) == 16, "2.6.5");
_Static_assert(sizeof(struct virtq_used_elem) == 8, "2.6.8");

#define LEGACY_DEVICE_LAST 0x103f /* transitional PCI ids end here (4.1.2.1) */

/* Vendor capability (4.1.4): where things are, and what. */
#define CAP_LEN	   2
#define CAP_TYPE   3
#define CAP_BAR	   4
#define CAP_OFFSET 8
#define CAP_LENGTH 12
#define CAP_MULT   16 /* of the notify capability */
enum { CFG_COMMON = 1, CFG_NOTIFY = 2, CFG_DEVICE = 4 };
#define CAPS_MAX 16

/* Common configuration (4.1.4.3). */
#define COMMON_OFFER_SELECT  0x00
#define COMMON_OFFER	     0x04
#define COMMON_ACCEPT_SELECT 0x08
#define COMMON_ACCEPT	     0x0c
#define COMMON_STATUS	     0x14
#define COMMON_QUEUE_SELECT  0x16
#define COMMON_QUEUE_SIZE    0x18
#define COMMON_QUEUE_ENABLE  0x1c
#define COMMON_NOTIFY_OFF    0x1e
#define COMMON_QUEUE_DESC    0x20
#define COMMON_QUEUE_AVAIL   0x28
#define COMMON_QUEUE_USED    0x30
#define COMMON_SIZE	     0x38

/* Legacy registers (4.1.4.8), all in port BAR 0. */
#define LEGACY_OFFER	    0x00
#define LEGACY_ACCEPT	    0x04
#define LEGACY_QUEUE_PAGE   0x08
#define LEGACY_QUEUE_SIZE   0x0c
#define LEGACY_QUEUE_SELECT 0x0e
#define LEGACY_NOTIFY	    0x10
#define LEGACY_STATUS	    0x12
#define LEGACY_DEVICE	    0x14 /* with MSI-X off */
#define LEGACY_PAGE_SHIFT   12

/* Device status (2.1). */
#define STATUS_ACKNOWLEDGE 0x01
#define STATUS_DRIVER	   0x02
#define STATUS_DRIVER_OK   0x04
#define STATUS_FEATURES_OK 0x08
#define STATUS_FAILED	   0x80
#define STATUS_GONE	   0xff /* what reads of a removed device give; no device sets all bits */

#define RESET_STEP_US 1000
#define RESET_STEPS   1000

#define DESC_NEXT	   1
#define DESC_DEVICE_WRITES 2
#define AVAIL_NO_INTERRUPT 1
#define USED_NO_NOTIFY	   1
#define QUEUE_SIZE_MAX	   32768
#define QUEUE_ALIGN	   4096 /* what legacy demands; more than enough for modern */

static uint32_t area_read(const struct virtio_area *a, uint32_t off, unsigned width)
{
	return a->win.bus->ops->read(&a->win, a->off + off, width);
}

static void area_write(const struct virtio_area *a, uint32_t off, unsigned width, uint32_t value)
{
	a->win.bus->ops->write(&a->win, a->off + off, width, value);
}

static int fail(struct virtio *v, const char *why)
{
	v->why = why;
	return -ERR_NETDEV_OPEN;
}

/* ---- finding the registers ---- */

/* The block that the capability at `cap` describes, if it lies in its BAR and we can reach it. */
static bool area_map(struct virtio *v, unsigned cap, uint32_t min_len, struct virtio_area *a)
{
	struct bus_dev *b = v->bus;
	unsigned bar = b->ops->cfg_read(b, cap + CAP_BAR, 1);
	a->off = b->ops->cfg_read(b, cap + CAP_OFFSET, 4);
	a->len = b->ops->cfg_read(b, cap + CAP_LENGTH, 4);
	if (bar > 5 || a->len < min_len || b->ops->map(b, bar, &a->win))
		return false;
	return a->off <= a->win.size && a->len <= a->win.size - a->off;
}

/* 4.1.4.1: the first usable capability of each type counts. */
static bool modern_find(struct virtio *v)
{
	struct bus_dev *b = v->bus;
	unsigned found = 0, cap = 0;
	for (unsigned i = 0; i < CAPS_MAX; i++) {
		cap = pci_cap(b, PCI_CAP_VENDOR, cap);
		if (!cap)
			break;
		unsigned type = b->ops->cfg_read(b, cap + CAP_TYPE, 1);
		unsigned len = b->ops->cfg_read(b, cap + CAP_LEN, 1);
		if (type > CFG_DEVICE || (found & 1u << type) ||
			len < (type == CFG_NOTIFY ? CAP_MULT + 4 : CAP_MULT))
			continue;
		bool ok = false;
		if (type == CFG_COMMON)
			ok = area_map(v, cap, COMMON_SIZE, &v->common);
		else if (type == CFG_NOTIFY)
			ok = area_map(v, cap, 2, &v->notify);
		else if (type == CFG_DEVICE)
			ok = area_map(v, cap, 1, &v->device);
		if (!ok)
			continue;
		found |= 1u << type;
		if (type == CFG_NOTIFY)
			v->notify_mult = b->ops->cfg_read(b, cap + CAP_MULT, 4);
	}
	return found == (1u << CFG_COMMON | 1u << CFG_NOTIFY | 1u << CFG_DEVICE);
}

static bool legacy_find(struct virtio *v)
{
	struct bus_win win;
	if (v->bus->device > LEGACY_DEVICE_LAST || v->bus->ops->map(v->bus, 0, &win))
		return false;
	if (!win.io || win.size <= LEGACY_DEVICE || win.size > UINT16_MAX)
		return false;
	uint32_t size = (uint32_t)win.size;
	v->common = (struct virtio_area){win, 0, size};
	v->device = (struct virtio_area){win, LEGACY_DEVICE, size - LEGACY_DEVICE};
	return true;
}

int virtio_init(struct virtio *v, struct bus_dev *bus)
{
	*v = (struct virtio){.bus = bus};
	v->modern = modern_find(v);
	if (!v->modern && !legacy_find(v))
		return fail(v, "registers cannot be reached");
	return 0;
}

/* ---- reset, features ---- */

static unsigned status_get(const struct virtio *v)
{
	return area_read(&v->common, v->modern ? COMMON_STATUS : LEGACY_STATUS, 1);
}

static void status_set(struct virtio *v, unsigned status)
{
	area_write(&v->common, v->modern ? COMMON_STATUS : LEGACY_STATUS, 1, status);
}

int virtio_reset(struct virtio *v)
{
	status_set(v, 0);
	for (unsigned i = 0; i < RESET_STEPS; i++) {
		unsigned status = status_get(v);
		if (status == 0)
			return 0;
		if (status == STATUS_GONE)
			break;
		v->bus->ops->delay_us(v->bus, RESET_STEP_US);
	}
	pci_disable(v->bus);
	return fail(v, "device does not reset");
}

int virtio_hello(struct virtio *v, uint64_t *offered)
{
	pci_enable(v->bus);
	int rc = virtio_reset(v);
	if (rc)
		return rc;
	status_set(v, STATUS_ACKNOWLEDGE);
	status_set(v, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
	if (!v->modern) {
		*offered = area_read(&v->common, LEGACY_OFFER, 4);
		return 0;
	}
	area_write(&v->common, COMMON_OFFER_SELECT, 4, 1);
	uint64_t high = area_read(&v->common, COMMON_OFFER, 4);
	area_write(&v->common, COMMON_OFFER_SELECT, 4, 0);
	*offered = high << 32 | area_read(&v->common, COMMON_OFFER, 4);
	return 0;
}

int virtio_negotiate(struct virtio *v, uint64_t features)
{
	v->features = features;
	if (!v->modern) {
		area_write(&v->common, LEGACY_ACCEPT, 4, (uint32_t)features);
		return 0;
	}
	if (!(features & VIRTIO_F_VERSION_1))
		return fail(v, "device is not what its capabilities say");
	for (unsigned i = 0; i < 2; i++) {
		area_write(&v->common, COMMON_ACCEPT_SELECT, 4, i);
		area_write(&v->common, COMMON_ACCEPT, 4, (uint32_t)(features >> 32 * i));
	}
	status_set(v, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK);
	unsigned status = status_get(v);
	if (status == STATUS_GONE || !(status & STATUS_FEATURES_OK))
		return fail(v, "device refuses our features");
	return 0;
}

void virtio_run(struct virtio *v)
{
	unsigned ok = v->modern ? STATUS_FEATURES_OK : 0;
	status_set(v, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_DRIVER_OK | ok);
}

void virtio_fail(struct virtio *v)
{
	if (!virtio_reset(v))
		status_set(v, STATUS_FAILED);
	pci_disable(v->bus);
}

uint32_t virtio_config(const struct virtio *v, unsigned off, unsigned width)
{
	if (off + width > v->device.len)
		return UINT32_MAX;
	return area_read(&v->device, off, width);
}

/* ---- virtqueues ---- */

/*
 * Rings in one block as legacy has them (2.6.2): descriptors, available, and page-aligned used.
 */
static size_t used_offset(unsigned size)
{
	size_t avail_end = 16 * (size_t)size + 2 * (size_t)size + 6;
	return (avail_end + QUEUE_ALIGN - 1) & ~(size_t)(QUEUE_ALIGN - 1);
}

static int queue_alloc(struct virtq *q, unsigned size, unsigned slots)
{
	size_t used = used_offset(size);
	size_t rings = (used + 8 * (size_t)size + 6 + 15) & ~(size_t)15;
	size_t total = rings + slots * (sizeof(*q->owner) + sizeof(*q->free));
	struct bus_dev *b = q->vio->bus;
	if (!q->mem) {
		q->mem = b->ops->dma_alloc(b, total, QUEUE_ALIGN, &q->bus_addr);
		if (!q->mem)
			return fail(q->vio, "no memory for a ring");
	} else if (size != q->size) {
		return fail(q->vio, "ring has changed its size");
	}
	memset(q->mem, 0, total);
	q->size = (uint16_t)size;
	q->desc = (void *)q->mem;
	q->avail = (void *)(q->mem + 16 * (size_t)size);
	q->used = (void *)(q->mem + used);
	q->used_ring = (void *)(q->mem + used + 4);
	q->owner = (void *)(q->mem + rings);
	q->free = (void *)(q->owner + slots);
	return 0;
}

/* The size the device wants, or on modern ones a smaller one that is enough; 0 for nonsense. */
unsigned virtq_size(struct virtio *v, unsigned index, unsigned slots)
{
	area_write(&v->common, v->modern ? COMMON_QUEUE_SELECT : LEGACY_QUEUE_SELECT, 2, index);
	unsigned size = area_read(&v->common, v->modern ? COMMON_QUEUE_SIZE : LEGACY_QUEUE_SIZE, 2);
	if (!size || size > QUEUE_SIZE_MAX || (size & (size - 1)))
		return 0;
	while (v->modern && size > slots && size > 2)
		size /= 2;
	return size;
}

static void common_write64(struct virtio *v, uint32_t off, uint64_t value)
{
	area_write(&v->common, off, 4, (uint32_t)value);
	area_write(&v->common, off + 4, 4, (uint32_t)(value >> 32));
}

static int queue_enable(struct virtq *q)
{
	struct virtio *v = q->vio;
	if (!v->modern) {
		uint64_t page = q->bus_addr >> LEGACY_PAGE_SHIFT;
		if (page > UINT32_MAX)
			return fail(v, "ring lies too high");
		area_write(&v->common, LEGACY_QUEUE_PAGE, 4, (uint32_t)page);
		return 0;
	}
	uint64_t off = (uint64_t)area_read(&v->common, COMMON_NOTIFY_OFF, 2) * v->notify_mult;
	if (off + 2 > v->notify.len)
		return fail(v, "doorbell lies outside of its registers");
	q->notify_off = (uint32_t)off;
	area_write(&v->common, COMMON_QUEUE_SIZE, 2, q->size);
	common_write64(v, COMMON_QUEUE_DESC, q->bus_addr);
	common_write64(v, COMMON_QUEUE_AVAIL, q->bus_addr + 16 * (uint64_t)q->size);
	common_write64(v, COMMON_QUEUE_USED, q->bus_addr + used_offset(q->size));
	area_write(&v->common, COMMON_QUEUE_ENABLE, 2, 1);
	return 0;
}

int virtq_open(struct virtq *q, struct virtio *v, unsigned index, unsigned slots, unsigned head)
{
	q->vio = v;
	q->index = (uint16_t)index;
	q->head = (uint16_t)head;
	unsigned size = virtq_size(v, index, slots);
	if (!size)
		return fail(v, "a ring is missing or makes no sense");
	int rc = queue_alloc(q, size, slots);
	if (rc)
		return rc;
	unsigned fit = head ? size / 2 : size;
	q->slots = (uint16_t)(slots < fit ? slots : fit);
	for (q->nfree = 0; q->nfree < q->slots; q->nfree++)
		q->free[q->nfree] = q->nfree;
	q->avail_idx = q->published_idx = q->used_idx = 0;
	q->event_idx = v->features & VIRTIO_F_EVENT_IDX;
	q->broken = false;
	q->avail[0] = AVAIL_NO_INTERRUPT;
	return queue_enable(q);
}

/* A slot is one descriptor, or with a header of its own two neighbours. */
bool virtq_add(struct virtq *q, void *owner, uint64_t addr, uint32_t len, bool device_writes)
{
	if (!virtq_room(q))
		return false;
	unsigned slot = q->free[--q->nfree];
	q->owner[slot] = owner;
	uint16_t flags = device_writes ? DESC_DEVICE_WRITES : 0;
	unsigned id = slot;
	if (q->head) {
		id = 2 * slot;
		q->desc[id + 1] = (struct virtq_desc){addr + q->head, len - q->head, flags, 0};
		len = q->head;
		flags |= DESC_NEXT;
	}
	q->desc[id] = (struct virtq_desc){addr, len, flags, (uint16_t)(id + 1)};
	q->avail[2 + (q->avail_idx & (q->size - 1))] = (uint16_t)id;
	q->avail_idx++;
	return true;
}

/* 2.6.7.2, 2.6.10: whether the device's wish lies among what was published just now. */
static bool wants_notify(const struct virtq *q, uint16_t old)
{
	if (!q->event_idx)
		return !(__atomic_load_n(&q->used[0], __ATOMIC_RELAXED) & USED_NO_NOTIFY);
	const uint16_t *avail_event = (const uint16_t *)(q->used_ring + q->size);
	uint16_t event = __atomic_load_n(avail_event, __ATOMIC_RELAXED);
	return (uint16_t)(q->avail_idx - event - 1) < (uint16_t)(q->avail_idx - old);
}

static void notify(struct virtq *q)
{
	struct virtio *v = q->vio;
	if (v->modern)
		area_write(&v->notify, q->notify_off, 2, q->index);
	else
		area_write(&v->common, LEGACY_NOTIFY, 2, q->index);
}

void virtq_kick(struct virtq *q)
{
	uint16_t old = q->published_idx;
	if (q->avail_idx == old)
		return;
	/* used_event half a turn away: never is an interrupt due. */
	q->avail[2 + q->size] = (uint16_t)(q->used_idx + 0x8000);
	barrier_write();
	__atomic_store_n(&q->avail[1], q->avail_idx, __ATOMIC_RELAXED);
	q->published_idx = q->avail_idx;
	barrier_full(); /* index first, then look whether the device sleeps (2.6.13.4.1) */
	if (wants_notify(q, old))
		notify(q);
}

void virtq_nudge(struct virtq *q)
{
	if (virtq_given(q) && !q->broken)
		notify(q);
}

void *virtq_take(struct virtq *q, uint32_t *len)
{
	if (q->broken || __atomic_load_n(&q->used[1], __ATOMIC_RELAXED) == q->used_idx)
		return NULL;
	barrier_read();
	const struct virtq_used_elem *e = &q->used_ring[q->used_idx & (q->size - 1)];
	uint32_t id = __atomic_load_n(&e->id, __ATOMIC_RELAXED);
	*len = __atomic_load_n(&e->len, __ATOMIC_RELAXED);
	uint32_t slot = q->head ? id / 2 : id;
	bool odd = q->head && (id & 1);
	if (odd || slot >= q->slots || !q->owner[slot]) {
		q->broken = true;
		return NULL;
	}
	void *owner = q->owner[slot];
	q->owner[slot] = NULL;
	q->free[q->nfree++] = (uint16_t)slot;
	q->used_idx++;
	return owner;
}

void *virtq_drain(struct virtq *q, unsigned *slot)
{
	for (; q->mem && *slot < q->slots; ++*slot) {
		void *owner = q->owner[*slot];
		q->owner[*slot] = NULL;
		if (owner)
			return owner;
	}
	return NULL;
}
