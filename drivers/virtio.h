/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio over PCI: how a device is found, reset, talked into features, and its split virtqueues.
 * Virtual I/O Device (VIRTIO) 1.1 (same text in 1.2) sections 2, 3 and 4.1; "legacy" is the 0.9.5
 * interface it describes.
 *
 * Everything a device writes into a ring is checked before use: a queue whose device broke the
 * rules is marked broken and yields nothing more.
 */
#ifndef DRIVERS_VIRTIO_H
#define DRIVERS_VIRTIO_H

#include "drivers/bus.h"

/* Feature bits of all devices (section 6). */
#define VIRTIO_F_ANY_LAYOUT	 (1ull << 27) /* legacy: header and data may share a descriptor */
#define VIRTIO_F_EVENT_IDX	 (1ull << 29)
#define VIRTIO_F_VERSION_1	 (1ull << 32)
#define VIRTIO_F_ACCESS_PLATFORM (1ull << 33) /* as bus_ops.dma_addr() does */
#define VIRTIO_F_ORDER_PLATFORM	 (1ull << 36) /* hardware: PCI's barriers */

/* A block of registers inside a BAR. */
struct virtio_area {
	struct bus_win win;
	uint32_t off, len;
};

struct virtio {
	struct bus_dev *bus;
	bool modern;
	struct virtio_area common; /* legacy: all of the port BAR */
	struct virtio_area notify; /* modern only */
	struct virtio_area device; /* configuration that belongs to the device type */
	uint32_t notify_mult;
	uint64_t features; /* negotiated */
	const char *why;   /* static text: what went wrong in the latest call that failed */
};

/* 2.6.5, 2.6.6, 2.6.8; all fields little-endian. */
struct virtq_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};
struct virtq_used_elem {
	uint32_t id, len;
};

struct virtq {
	struct virtio *vio;
	uint16_t index; /* queue number */
	uint16_t size;	/* entries of the rings, a power of two */
	uint16_t slots; /* buffers we give to the device at most */
	uint16_t nfree; /* slots not with the device */
	uint16_t head; /* bytes of each buffer that go into a descriptor of their own; 0: none do */
	uint16_t avail_idx, published_idx, used_idx;
	bool event_idx;
	bool broken;
	uint32_t notify_off;
	uint64_t bus_addr;
	uint8_t *mem; /* rings, then slots; NULL before the first open */
	struct virtq_desc *desc;
	uint16_t *avail, *used; /* flags, idx, ring ... */
	struct virtq_used_elem *used_ring;
	void **owner; /* per slot: what the caller gave, NULL when free */
	uint16_t *free;
};

/*
 * Finds the registers: modern ones, or legacy ones where those cannot be reached. 0 or
 * -ERR_NETDEV_OPEN.
 */
int virtio_init(struct virtio *v, struct bus_dev *bus);
/*
 * Resets the device and waits until it has: from then on it touches no memory. -ERR_NETDEV_OPEN
 * when it does not within a second, or is gone; DMA is switched off then.
 */
int virtio_reset(struct virtio *v);
/* Resets, then says hello: *offered are the device's features, configuration may be read. */
int virtio_hello(struct virtio *v, uint64_t *offered);
/* Settles on `features`, a subset of what was offered. */
int virtio_negotiate(struct virtio *v, uint64_t features);
/* All queues are open: go. */
void virtio_run(struct virtio *v);
/* Gives up and says so to the device. */
void virtio_fail(struct virtio *v);
/*
 * Device configuration; width 1, 2 or 4. All ones where there is none. Not for fields wider than
 * that.
 */
uint32_t virtio_config(const struct virtio *v, unsigned off, unsigned width);

/*
 * Entries that the rings of queue `index` will have, of which `slots` are enough; 0 for nonsense.
 * May be asked before there is agreement on features.
 */
unsigned virtq_size(struct virtio *v, unsigned index, unsigned slots);
/*
 * Sets up queue `index` of a device that has been negotiated with, for up to `slots` buffers.
 * head: bytes of the header in front of each, for legacy devices that want it in a descriptor of
 * its own. Allocates on the first call; *q is zeroed before that and kept after.
 */
int virtq_open(struct virtq *q, struct virtio *v, unsigned index, unsigned slots, unsigned head);
/* Buffers that the device has. */
static inline unsigned virtq_given(const struct virtq *q)
{
	return (unsigned)(q->slots - q->nfree);
}
/* Whether virtq_add() will succeed. */
static inline bool virtq_room(const struct virtq *q)
{
	return q->nfree && !q->broken;
}
/*
 * Queues [addr, addr + len) for the device; false when there is no room. Invisible until
 * virtq_kick().
 */
bool virtq_add(struct virtq *q, void *owner, uint64_t addr, uint32_t len, bool device_writes);
/* Shows the device what was added, and knocks when it wants that. */
void virtq_kick(struct virtq *q);
/*
 * Knocks when the device has anything, wanted or not. For now and then: QEMU before 8.0 drops a
 * guest's barriers with TCG and one CPU, so that the device's wish to be woken can be missed, and
 * by the rule of 2.6.13.4.1 a wish once missed is missed for ever.
 */
void virtq_nudge(struct virtq *q);
/*
 * The owner of a buffer that the device is done with, NULL when there is none. *len is the
 * device's claim.
 */
void *virtq_take(struct virtq *q, uint32_t *len);
/*
 * After a reset: takes back what the device still had, one a call, NULL at the end. Start with
 * *slot = 0.
 */
void *virtq_drain(struct virtq *q, unsigned *slot);

#endif
