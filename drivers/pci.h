/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI, for platforms that reach configuration space and nothing more: finding devices and handing
 * them to drivers, capabilities, base address registers. PCI Local Bus Specification 3.0 chapter
 * 6.
 *
 * A platform fills struct bus_ops and calls, once, after machine_init() (log, clock and packets
 * must work):
 *
 *	static struct bus_dev devs[NETDEV_MAX];
 *	pci_scan(net, config->drivers, &ops, ctx, last_bus, devs, NETDEV_MAX);
 *
 * cfg_read and cfg_write get a bus_dev of which ops, ctx and busdevfn are set; they are the only
 * ops the scan itself calls. Where memory and ports are reached at their bus address, pci_map()
 * serves as ops->map.
 */
#ifndef DRIVERS_PCI_H
#define DRIVERS_PCI_H

#include "drivers/bus.h"

struct netdev;

struct pci_bar {
	uint64_t addr, size; /* bytes */
	bool io;
	bool is64; /* takes the next BAR as well */
};

#define PCI_CAP_MSI    0x05
#define PCI_CAP_VENDOR 0x09
#define PCI_CAP_MSIX   0x11

/*
 * Visits all functions of buses 0..last_bus and of those behind bridges, in order, and probes the
 * first driver that knows each. last_bus: what the firmware says is the highest bus (int 1Ah
 * B101h: CL), 255 when unknown. devs: room for max devices, which must live as long as the
 * machine. Returns how many devices were taken; a device whose probe fails is logged and left
 * alone.
 */
int pci_scan(struct net *net, const struct driver *const *drivers, const struct bus_ops *ops,
	void *ctx, unsigned last_bus, struct bus_dev *devs, unsigned max);

/* For platforms that find devices by themselves: the driver that knows b's ids, NULL; and b (its
 * ids and busdevfn are set) is handed to it, which is logged. 0 or negative error. */
const struct driver *pci_driver(const struct driver *const *drivers, const struct bus_dev *b);
int pci_probe(struct net *net, const struct driver *drv, struct bus_dev *b);

/*
 * Offset of the next capability of that id behind offset `after` (0: the first), 0 when there is
 * none.
 */
unsigned pci_cap(struct bus_dev *b, unsigned id, unsigned after);
/*
 * Where BAR n lies. The device does not answer while this is found out. -ERR_NETDEV_OPEN: it is
 * not usable.
 */
int pci_bar(struct bus_dev *b, unsigned n, struct pci_bar *bar);
/*
 * bus_ops.map where addresses are the same on both sides; fails for what a pointer cannot reach.
 */
int pci_map(struct bus_dev *b, unsigned n, struct bus_win *win);
/* Lets the device decode its BARs and be bus master; all its interrupts are off. */
void pci_enable(struct bus_dev *b);
/* Ties a link to its device, for the driver and for the settings that say where it sits. */
void pci_attach(struct netdev *dev, struct bus_dev *b);
/* No DMA from here on, whatever the device wants. */
void pci_disable(struct bus_dev *b);

#endif
