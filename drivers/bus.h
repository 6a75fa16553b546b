/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a driver sees of its device: configuration space, registers, DMA memory. One implementation
 * per platform (BIOS PCI, UEFI PCI_IO) and one in the tests (device models).
 */
#ifndef DRIVERS_BUS_H
#define DRIVERS_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct net;
struct bus_dev;

/* A mapped register window: memory or port space; opaque to drivers but for passing it back. */
struct bus_win {
	struct bus_dev *bus;
	uint64_t addr; /* first register: virtual address or port number */
	uint64_t size;
	bool io; /* port space */
};

struct bus_ops {
	/* Configuration space; width 1, 2 or 4 bytes. */
	uint32_t (*cfg_read)(struct bus_dev *b, unsigned off, unsigned width);
	void (*cfg_write)(struct bus_dev *b, unsigned off, unsigned width, uint32_t value);
	/* Maps BAR number bar; 0 or negative error. */
	int (*map)(struct bus_dev *b, unsigned bar, struct bus_win *win);
	/* Registers, little-endian as PCI has them; width 1, 2 or 4 bytes. off < win->size. */
	uint32_t (*read)(const struct bus_win *win, uint64_t off, unsigned width);
	void (*write)(const struct bus_win *win, uint64_t off, unsigned width, uint32_t value);
	/* Zeroed memory that both sides see coherently, the driver's for as long as it has the
	 * device; NULL when there is none. */
	void *(*dma_alloc)(struct bus_dev *b, size_t size, size_t align, uint64_t *bus_addr);
	/* The bus address of memory of this program (packet buffers, dma_alloc). */
	uint64_t (*dma_addr)(struct bus_dev *b, const void *p);
	void (*delay_us)(struct bus_dev *b, unsigned us);
};

struct bus_dev {
	const struct bus_ops *ops;
	void *ctx; /* the platform's */
	uint16_t vendor, device, sub_vendor, sub_device;
	uint8_t revision;
	uint16_t busdevfn; /* bus << 8 | dev << 3 | fn */
};

struct pci_id {
	uint16_t vendor, device;
};

/* For implementations: a register that lies in memory; width 1, 2 or 4 bytes. */
static inline uint32_t bus_mem_read(uintptr_t at, unsigned width)
{
	return width == 1   ? *(volatile uint8_t *)at
	       : width == 2 ? *(volatile uint16_t *)at
			    : *(volatile uint32_t *)at;
}

static inline void bus_mem_write(uintptr_t at, unsigned width, uint32_t value)
{
	if (width == 1)
		*(volatile uint8_t *)at = (uint8_t)value;
	else if (width == 2)
		*(volatile uint16_t *)at = (uint16_t)value;
	else
		*(volatile uint32_t *)at = value;
}

/* A row of config.drivers. */
struct driver {
	const char *name;
	const struct pci_id *ids;
	unsigned nids; /* 0: it finds its device by itself */
	/* Takes the device: makes a netdev of it. 0 or negative error. bus lives as long as the
	 * netdev. A driver without ids is asked once, with bus NULL: under BIOS in front of all
	 * others, as it may have to let go of a card, under UEFI for what they have left. */
	int (*probe)(struct net *net, struct bus_dev *bus);
	/* The rest is for drivers without ids, and may be NULL. All links are known. */
	void (*ready)(struct net *net);
	/* A kernel starts, all links are closed: nothing may be left of what the driver used. */
	void (*boot)(void);
};

/* Those without ids: asks them for their devices; tells them that all links are known. */
void drivers_probe(struct net *net);
void drivers_ready(struct net *net);

/* Memory barriers: between a ring's data and its index, and in front of a doorbell. */
#define barrier_write() __atomic_thread_fence(__ATOMIC_RELEASE)
#define barrier_read()	__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define barrier_full()	__atomic_thread_fence(__ATOMIC_SEQ_CST)

#endif
