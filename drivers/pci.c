/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI bus scan, capabilities, BARs. PCI Local Bus Specification 3.0 chapter 6 (configuration
 * space), appendix H (capability ids); PCI-to-PCI Bridge Architecture Specification 1.2 section
 * 3.2 (bus numbers).
 *
 * Limits: one segment of 256 buses; bus numbers and BARs are as the firmware has assigned them,
 * nothing is assigned here; devices are expected to be powered up (D0), as firmware leaves them.
 */
#include "drivers/pci.h"
#include "core/err.h"
#include "core/log.h"
#include "net/net.h"

#define PCI_ID		0x00
#define PCI_COMMAND	0x04
#define PCI_STATUS	0x06
#define PCI_REVISION	0x08
#define PCI_HEADER_TYPE 0x0e
#define PCI_BAR0	0x10
#define PCI_SUBORDINATE 0x1a /* bridges: the highest bus behind it */
#define PCI_SUB_VENDOR	0x2c
#define PCI_CAP_FIRST	0x34

#define COMMAND_IO	 0x0001
#define COMMAND_MEMORY	 0x0002
#define COMMAND_MASTER	 0x0004
#define COMMAND_INTX_OFF 0x0400
#define STATUS_CAPS	 0x0010
#define HEADER_MULTI	 0x80
#define HEADER_DEVICE	 0
#define MSI_ENABLE	 0x0001
#define MSIX_ENABLE	 0x8000

#define BAR_IO	  0x1u
#define BAR_IS64  0x4u /* of the two type bits the one that says 64 */
#define BAR_FLAGS 0xfu
#define CAPS_MAX  48 /* (256 - 64) / 4: more steps than that are a loop */

static uint32_t cfg_read(struct bus_dev *b, unsigned off, unsigned width)
{
	return b->ops->cfg_read(b, off, width);
}

static void cfg_write(struct bus_dev *b, unsigned off, unsigned width, uint32_t value)
{
	b->ops->cfg_write(b, off, width, value);
}

/* ---- finding devices ---- */

struct scan {
	struct net *net;
	const struct driver *const *drivers;
	struct bus_dev *devs;
	unsigned max, taken;
	unsigned last_bus; /* grows when a bridge leads further */
};

const struct driver *pci_driver(const struct driver *const *drivers, const struct bus_dev *b)
{
	for (; *drivers; drivers++)
		for (unsigned i = 0; i < (*drivers)->nids; i++)
			if ((*drivers)->ids[i].vendor == b->vendor &&
				(*drivers)->ids[i].device == b->device)
				return *drivers;
	return NULL;
}

int pci_probe(struct net *net, const struct driver *drv, struct bus_dev *b)
{
	unsigned at = b->busdevfn;
	uint32_t sub = cfg_read(b, PCI_SUB_VENDOR, 4);
	b->sub_vendor = (uint16_t)sub;
	b->sub_device = (uint16_t)(sub >> 16);
	b->revision = (uint8_t)cfg_read(b, PCI_REVISION, 1);
	int rc = drv->probe(net, b);
	log_put(net->m, rc ? LOG_WARN : LOG_INFO, "%02x:%02x.%x: %04x:%04x %s%s", at >> 8,
		at >> 3 & 31, at & 7, b->vendor, b->device, drv->name,
		rc ? ": cannot be used" : "");
	return rc;
}

/* b lives on the caller's stack: a driver gets its own copy, which stays. */
static void scan_device(struct scan *s, const struct bus_dev *b)
{
	const struct driver *drv = pci_driver(s->drivers, b);
	if (!drv)
		return;
	unsigned at = b->busdevfn;
	if (s->taken == s->max) {
		log_put(s->net->m, LOG_WARN, "%02x:%02x.%x: left alone, %u devices are the limit",
			at >> 8, at >> 3 & 31, at & 7, s->max);
		return;
	}
	s->devs[s->taken] = *b;
	if (!pci_probe(s->net, drv, &s->devs[s->taken]))
		s->taken++;
}

/*
 * Returns the header type byte, HEADER_DEVICE without the multi-function bit when there is no
 * such function.
 */
static unsigned scan_function(struct scan *s, struct bus_dev *b)
{
	uint32_t id = cfg_read(b, PCI_ID, 4);
	b->vendor = (uint16_t)id;
	b->device = (uint16_t)(id >> 16);
	if (b->vendor == 0xffff)
		return HEADER_DEVICE;
	unsigned type = cfg_read(b, PCI_HEADER_TYPE, 1);
	if ((type & ~(unsigned)HEADER_MULTI) == HEADER_DEVICE) {
		scan_device(s, b);
	} else {
		unsigned sub = cfg_read(b, PCI_SUBORDINATE, 1) & 0xff;
		if (sub > s->last_bus)
			s->last_bus = sub;
	}
	return type;
}

int pci_scan(struct net *net, const struct driver *const *drivers, const struct bus_ops *ops,
	void *ctx, unsigned last_bus, struct bus_dev *devs, unsigned max)
{
	struct scan s = {net, drivers, devs, max, 0, last_bus < 256 ? last_bus : 255};
	for (unsigned slot = 0; slot >> 5 <= s.last_bus; slot++) {
		struct bus_dev b = {.ops = ops, .ctx = ctx};
		unsigned fns = 1;
		for (unsigned fn = 0; fn < fns; fn++) {
			b.busdevfn = (uint16_t)(slot << 3 | fn);
			if (scan_function(&s, &b) & HEADER_MULTI)
				fns = 8;
		}
	}
	return (int)s.taken;
}

/* ---- one device ---- */

unsigned pci_cap(struct bus_dev *b, unsigned id, unsigned after)
{
	if (!(cfg_read(b, PCI_STATUS, 2) & STATUS_CAPS))
		return 0;
	unsigned at = cfg_read(b, after ? after + 1 : PCI_CAP_FIRST, 1) & 0xfc;
	for (unsigned i = 0; i < CAPS_MAX && at >= 0x40; i++) {
		uint32_t head = cfg_read(b, at, 2);
		if (head == 0xffff)
			return 0;
		if ((head & 0xff) == id)
			return at;
		at = head >> 8 & 0xfc;
	}
	return 0;
}

/* What BAR register n answers to all ones: its size mask (6.2.5.1). */
static uint32_t bar_mask(struct bus_dev *b, unsigned n)
{
	unsigned off = PCI_BAR0 + 4 * n;
	uint32_t kept = cfg_read(b, off, 4);
	cfg_write(b, off, 4, UINT32_MAX);
	uint32_t mask = cfg_read(b, off, 4);
	cfg_write(b, off, 4, kept);
	return mask;
}

int pci_bar(struct bus_dev *b, unsigned n, struct pci_bar *bar)
{
	if (n > 5)
		return -ERR_NETDEV_OPEN;
	uint32_t low = cfg_read(b, PCI_BAR0 + 4 * n, 4);
	*bar = (struct pci_bar){.io = low & BAR_IO, .is64 = !(low & BAR_IO) && (low & BAR_IS64)};
	if (low == UINT32_MAX || (bar->is64 && n == 5))
		return -ERR_NETDEV_OPEN;
	uint32_t flags = bar->io ? 3 : BAR_FLAGS;
	uint32_t command = cfg_read(b, PCI_COMMAND, 2);
	cfg_write(b, PCI_COMMAND, 2, command & ~(uint32_t)(COMMAND_IO | COMMAND_MEMORY));
	uint64_t mask = bar_mask(b, n) & ~flags;
	bar->addr = low & ~flags;
	if (bar->is64) {
		bar->addr |= (uint64_t)cfg_read(b, PCI_BAR0 + 4 * n + 4, 4) << 32;
		mask |= (uint64_t)bar_mask(b, n + 1) << 32;
	}
	cfg_write(b, PCI_COMMAND, 2, command);
	bar->size = mask & (~mask + 1); /* the lowest bit that can be set; ports have 16 or 32 */
	bool whole = bar->size && bar->addr && !(bar->addr & (bar->size - 1));
	return whole ? 0 : -ERR_NETDEV_OPEN;
}

int pci_map(struct bus_dev *b, unsigned n, struct bus_win *win)
{
	struct pci_bar bar;
	int rc = pci_bar(b, n, &bar);
	if (rc)
		return rc;
	uint64_t last = bar.addr + (bar.size - 1); /* aligned to its size: cannot wrap */
	if (last > (bar.io ? UINT16_MAX : UINTPTR_MAX))
		return -ERR_NETDEV_OPEN;
	*win = (struct bus_win){.bus = b, .addr = bar.addr, .size = bar.size, .io = bar.io};
	return 0;
}

void pci_attach(struct netdev *dev, struct bus_dev *b)
{
	dev->bus = b;
	dev->place = (struct netdev_place){b->vendor, b->device, b->busdevfn};
}

void pci_enable(struct bus_dev *b)
{
	unsigned msi = pci_cap(b, PCI_CAP_MSI, 0), msix = pci_cap(b, PCI_CAP_MSIX, 0);
	if (msi)
		cfg_write(b, msi + 2, 2, cfg_read(b, msi + 2, 2) & ~(uint32_t)MSI_ENABLE);
	if (msix)
		cfg_write(b, msix + 2, 2, cfg_read(b, msix + 2, 2) & ~(uint32_t)MSIX_ENABLE);
	uint32_t command = cfg_read(b, PCI_COMMAND, 2);
	cfg_write(b, PCI_COMMAND, 2,
		command | COMMAND_IO | COMMAND_MEMORY | COMMAND_MASTER | COMMAND_INTX_OFF);
}

void pci_disable(struct bus_dev *b)
{
	uint32_t command = cfg_read(b, PCI_COMMAND, 2);
	cfg_write(b, PCI_COMMAND, 2, command & ~(uint32_t)COMMAND_MASTER);
}
