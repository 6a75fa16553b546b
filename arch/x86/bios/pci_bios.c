/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI under BIOS: configuration mechanism #1 (PCI 3.0, 3.2.2.3.2), registers at their bus address,
 * DMA without an IOMMU: a physical address is a pointer is a bus address.
 */
#include "arch/x86/bios/bios.h"
#include "arch/x86/bios/realmode.h"
#include "arch/x86/cpu.h"
#include "core/machine.h"
#include "drivers/bus.h"
#include "drivers/pci.h"
#include "net/net.h"

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA    0xcfc
#define DMA_ARENA_SIZE (256u << 10) /* rings of NETDEV_MAX cards */

static uint8_t dma_arena[DMA_ARENA_SIZE] __attribute__((aligned(4096)));
static size_t dma_used;
static struct bus_dev devices[NETDEV_MAX];

static uint16_t config_select(const struct bus_dev *b, unsigned off)
{
	outl(CONFIG_ADDRESS, 0x80000000u | (uint32_t)b->busdevfn << 8 | (off & 0xfc));
	return (uint16_t)(CONFIG_DATA + (off & 3));
}

static uint32_t config_read(struct bus_dev *b, unsigned off, unsigned width)
{
	return port_read(config_select(b, off), width);
}

static void config_write(struct bus_dev *b, unsigned off, unsigned width, uint32_t value)
{
	port_write(config_select(b, off), width, value);
}

static uint32_t reg_read(const struct bus_win *w, uint64_t off, unsigned width)
{
	uintptr_t at = (uintptr_t)(w->addr + off);

	return w->io ? port_read((uint16_t)at, width) : bus_mem_read(at, width);
}

static void reg_write(const struct bus_win *w, uint64_t off, unsigned width, uint32_t value)
{
	uintptr_t at = (uintptr_t)(w->addr + off);

	if (w->io)
		port_write((uint16_t)at, width, value);
	else
		bus_mem_write(at, width, value);
}

static void *dma_alloc(struct bus_dev *b, size_t size, size_t align, uint64_t *bus_addr)
{
	size_t at = (dma_used + align - 1) & ~(align - 1);

	(void)b;
	if (align > 4096 || size > sizeof(dma_arena) || at > sizeof(dma_arena) - size)
		return NULL;
	dma_used = at + size;
	*bus_addr = (uintptr_t)(dma_arena + at);
	return dma_arena + at;
}

static uint64_t dma_addr(struct bus_dev *b, const void *p)
{
	(void)b;
	return (uintptr_t)p;
}

static void delay_us(struct bus_dev *b, unsigned us)
{
	uint64_t end = clock_us() + us;

	(void)b;
	while (clock_us() < end)
		cpu_pause();
}

static const struct bus_ops bios_bus = {
	.cfg_read = config_read,
	.cfg_write = config_write,
	.map = pci_map,
	.read = reg_read,
	.write = reg_write,
	.dma_alloc = dma_alloc,
	.dma_addr = dma_addr,
	.delay_us = delay_us,
};

/* PCI BIOS 2.1, 4.2: int 1Ah B101h gives the last bus in CL. */
static unsigned last_bus(void)
{
	struct rm_regs r = {.eax = 0xb101};

	rm_int(0x1a, &r);
	return (r.flags & RM_CARRY) || (r.eax & 0xff00) ? 255 : r.ecx & 0xff;
}

void pci_bios_scan(struct net *net)
{
	pci_scan(net, net->m->config->drivers, &bios_bus, NULL, last_bus(), devices, NETDEV_MAX);
}

void pci_bios_quiet(uint16_t vendor, uint16_t device, uint16_t busdevfn)
{
	struct bus_dev b = {.ops = &bios_bus, .busdevfn = busdevfn};

	if (config_read(&b, 0, 4) == ((uint32_t)device << 16 | vendor))
		pci_disable(&b);
}
