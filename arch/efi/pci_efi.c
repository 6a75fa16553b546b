/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI through EFI_PCI_IO_PROTOCOL (UEFI 14.4): configuration space, registers, DMA memory.
 *
 * Registers are reached where they lie, as memory and, on x86, as ports: a call of the firmware for
 * each costs more than all the rest of a packet. Where the host bridge translates addresses they go
 * through the protocol. DMA memory is mapped once a card, packet buffers as one piece, so that
 * an address on the bus is an addition.
 *
 * A card is taken from the firmware's drivers, and given back to them as it was found.
 *
 * Limits: packet buffers must be visible to the card as they are, coherently: a bridge that would
 * have them copied (BusMasterRead, BusMasterWrite) makes the card unusable, and it goes back to the
 * firmware's driver. NETDEV_MAX cards.
 */
#include "arch/efi/cpu.h"
#include "arch/efi/efi.h"
#include "core/str.h"
#include "drivers/pci.h"

#define BARS	    6
#define DMA_MAX	    8 /* blocks of one card: rings */
#define PCI_COMMAND 0x04

/* What dma_alloc() gave. */
struct dma_block {
	uint8_t *mem;
	UINTN pages;
	uint64_t bus;
	void *map;
};

struct card {
	struct bus_dev bus; /* its ctx is this */
	EFI_HANDLE handle;  /* NULL: not in use */
	bool lent;	    /* of a driver binding: the firmware's drivers are not our affair */
	EFI_PCI_IO_PROTOCOL *io;
	uint64_t attributes; /* as found, and as they are put back */
	uint16_t command;
	const uint8_t *buffers; /* the packets' */
	uint64_t buffers_bus;
	void *buffers_map; /* NULL: not mapped */
	struct dma_block dma[DMA_MAX];
	unsigned ndma;
};

static struct card cards[NETDEV_MAX];

static struct card *card_of(struct bus_dev *b)
{
	return b->ctx;
}

/* -- configuration space -- */

static EFI_PCI_IO_PROTOCOL_WIDTH width_of(unsigned width)
{
	return width == 1   ? EfiPciIoWidthUint8
	       : width == 2 ? EfiPciIoWidthUint16
			    : EfiPciIoWidthUint32;
}

static uint32_t config_read(struct bus_dev *b, unsigned off, unsigned width)
{
	EFI_PCI_IO_PROTOCOL *io = card_of(b)->io;
	uint32_t value = 0;

	if (io->Pci.Read(io, width_of(width), off, 1, &value))
		return UINT32_MAX >> (32 - 8 * width);
	return value;
}

static void config_write(struct bus_dev *b, unsigned off, unsigned width, uint32_t value)
{
	EFI_PCI_IO_PROTOCOL *io = card_of(b)->io;

	io->Pci.Write(io, width_of(width), off, 1, &value);
}

/* -- registers -- */

/* UEFI table 14.9: QWORD Address Space Descriptor (ACPI 6.4.3.5.1) */
struct address_space {
	uint8_t tag; /* 8Ah */
	uint16_t length;
	uint8_t type; /* 0 memory, 1 ports */
	uint8_t flags, flags_type;
	uint64_t granularity, min, max, offset, size;
} __attribute__((packed));
#define ADDRESS_SPACE 0x8a

/*
 * The protocol's number of a BAR, and what the host bridge adds to its address. It is not that of
 * configuration space: firmware counts a 64-bit BAR, which has two registers, as one.
 */
static bool bar_find(
	EFI_PCI_IO_PROTOCOL *io, const struct pci_bar *bar, uint8_t *index, uint64_t *offset)
{
	for (uint8_t i = 0; i < BARS; i++) {
		struct address_space *as;
		bool found;

		if (io->GetBarAttributes(io, i, NULL, (void **)&as))
			continue;
		found = as->tag == ADDRESS_SPACE && as->type == bar->io &&
			(as->min == bar->addr || as->min + as->offset == bar->addr);
		*offset = as->offset;
		efi_bs->FreePool(as);
		if (found) {
			*index = i;
			return true;
		}
	}
	return false;
}

/* win->addr: of the first register, or where the protocol is needed the number of its BAR. */
static bool by_protocol(const struct bus_win *win)
{
	return win->addr < BARS;
}

static bool reached_directly(const struct pci_bar *bar)
{
#ifdef CPU_PORTS
	return !bar->io || bar->addr + bar->size <= 0x10000;
#else
	return !bar->io;
#endif
}

static int bar_map(struct bus_dev *b, unsigned n, struct bus_win *win)
{
	struct pci_bar bar;
	uint64_t offset;
	uint8_t index;
	int rc = pci_bar(b, n, &bar);

	if (rc)
		return rc;
	if (!bar_find(card_of(b)->io, &bar, &index, &offset))
		return -ERR_NETDEV_OPEN;
	*win = (struct bus_win){.bus = b, .addr = bar.addr, .size = bar.size, .io = bar.io};
	if (offset || !reached_directly(&bar))
		win->addr = index;
	return 0;
}

static uint32_t protocol_read(const struct bus_win *win, uint64_t off, unsigned width)
{
	EFI_PCI_IO_PROTOCOL *io = card_of(win->bus)->io;
	uint32_t value = 0;

	(win->io ? io->Io.Read : io->Mem.Read)(
		io, width_of(width), (uint8_t)win->addr, off, 1, &value);
	return value;
}

static void protocol_write(const struct bus_win *win, uint64_t off, unsigned width, uint32_t value)
{
	EFI_PCI_IO_PROTOCOL *io = card_of(win->bus)->io;

	(win->io ? io->Io.Write : io->Mem.Write)(
		io, width_of(width), (uint8_t)win->addr, off, 1, &value);
}

#ifndef CPU_PORTS /* reached_directly() lets none come here */
static uint32_t port_read(uint16_t port, unsigned width)
{
	(void)port;
	return UINT32_MAX >> (32 - 8 * width);
}

static void port_write(uint16_t port, unsigned width, uint32_t value)
{
	(void)port, (void)width, (void)value;
}
#endif

static uint32_t reg_read(const struct bus_win *win, uint64_t off, unsigned width)
{
	uintptr_t at = (uintptr_t)(win->addr + off);
	uint32_t value;

	if (by_protocol(win))
		return protocol_read(win, off, width);
	if (win->io)
		return port_read((uint16_t)at, width);
	value = bus_mem_read(at, width);
	device_read_barrier();
	return value;
}

static void reg_write(const struct bus_win *win, uint64_t off, unsigned width, uint32_t value)
{
	uintptr_t at = (uintptr_t)(win->addr + off);

	if (by_protocol(win)) {
		protocol_write(win, off, width, value);
		return;
	}
	if (win->io) {
		port_write((uint16_t)at, width, value);
		return;
	}
	device_write_barrier();
	bus_mem_write(at, width, value);
}

/* -- DMA -- */

/* The bus address of [mem, mem + n), for good; *map is what unmaps it. false: not in one piece, and
 * *map is NULL. */
static bool dma_map(EFI_PCI_IO_PROTOCOL *io, void *mem, size_t n, uint64_t *bus, void **map)
{
	UINTN got = n;
	EFI_PHYSICAL_ADDRESS at;

	if (io->Map(io, EfiPciIoOperationBusMasterCommonBuffer, mem, &got, &at, map)) {
		*map = NULL;
		return false;
	}
	*bus = at;
	if (got == n)
		return true;
	io->Unmap(io, *map);
	*map = NULL;
	return false;
}

static void *dma_alloc(struct bus_dev *b, size_t size, size_t align, uint64_t *bus_addr)
{
	struct card *c = card_of(b);
	struct dma_block *d = &c->dma[c->ndma];
	void *mem;

	if (c->ndma == DMA_MAX || align > EFI_PAGE_SIZE)
		return NULL;
	d->pages = EFI_SIZE_TO_PAGES(size);
	if (c->io->AllocateBuffer(c->io, AllocateAnyPages, EfiBootServicesData, d->pages, &mem,
		    EFI_PCI_IO_ATTRIBUTE_DUAL_ADDRESS_CYCLE) &&
		c->io->AllocateBuffer(
			c->io, AllocateAnyPages, EfiBootServicesData, d->pages, &mem, 0))
		return NULL;
	if (!dma_map(c->io, mem, d->pages * EFI_PAGE_SIZE, &d->bus, &d->map)) {
		c->io->FreeBuffer(c->io, d->pages, mem);
		return NULL;
	}
	d->mem = mem;
	c->ndma++;
	memset(mem, 0, d->pages * EFI_PAGE_SIZE);
	*bus_addr = d->bus;
	return mem;
}

static uint64_t dma_addr(struct bus_dev *b, const void *p)
{
	const struct card *c = card_of(b);
	size_t off = (size_t)((const uint8_t *)p - c->buffers);

	if (off < PKT_MAX * PKT_SIZE)
		return c->buffers_bus + off;
	for (unsigned i = 0; i < c->ndma; i++) {
		off = (size_t)((const uint8_t *)p - c->dma[i].mem);
		if (off < c->dma[i].pages * EFI_PAGE_SIZE)
			return c->dma[i].bus + off;
	}
	return 0;
}

static void delay_us(struct bus_dev *b, unsigned us)
{
	uint64_t end = efi_now_us(NULL) + us;

	(void)b;
	while (efi_now_us(NULL) < end)
		cpu_pause();
}

static const struct bus_ops efi_bus = {
	.cfg_read = config_read,
	.cfg_write = config_write,
	.map = bar_map,
	.read = reg_read,
	.write = reg_write,
	.dma_alloc = dma_alloc,
	.dma_addr = dma_addr,
	.delay_us = delay_us,
};

/* -- taking a card, and giving it back -- */

/* What we need of what the card can (14.4, Attributes()). */
#define ATTRIBUTES                                                                                 \
	(EFI_PCI_IO_ATTRIBUTE_IO | EFI_PCI_IO_ATTRIBUTE_MEMORY | EFI_PCI_IO_ATTRIBUTE_BUS_MASTER | \
		EFI_PCI_IO_ATTRIBUTE_DUAL_ADDRESS_CYCLE)

static void card_close(struct card *c)
{
	EFI_PCI_IO_PROTOCOL *io = c->io;

	if (c->buffers_map)
		io->Unmap(io, c->buffers_map);
	for (unsigned i = 0; i < c->ndma; i++) {
		io->Unmap(io, c->dma[i].map);
		io->FreeBuffer(io, c->dma[i].pages, c->dma[i].mem);
	}
	io->Attributes(io, EfiPciIoAttributeOperationSet, c->attributes, NULL);
	config_write(&c->bus, PCI_COMMAND, 2, c->command);
	efi_bs->CloseProtocol(c->handle, &efi_guid_pci, efi_image, c->handle);
	if (!c->lent)
		efi_bs->ConnectController(c->handle, NULL, NULL, TRUE);
	c->handle = NULL;
}

/*
 * Whether the card's driver has started us, as the ROM of another boot loader does: it waits in the
 * middle of a call and cannot be stopped. Its card is then driven by its SNP.
 */
static bool driver_waits(EFI_HANDLE card)
{
	const EFI_LOADED_IMAGE *parent = handle_get(efi_loaded->ParentHandle, &efi_guid_loaded);

	return parent && parent->ImageCodeType == EfiBootServicesCode &&
	       handle_is_used(
		       card, &efi_guid_pci, efi_loaded->ParentHandle, EFI_OPEN_PROTOCOL_BY_DRIVER);
}

/*
 * The firmware's network stack lets go of all links on the card. EDK II's virtio driver does not
 * stop while somebody uses its Simple Network Protocol, and does not ask him to stop; the firmware
 * then tries for ever. So false: somebody stays.
 */
static bool users_disconnect(EFI_HANDLE card)
{
	const EFI_DEVICE_PATH *path = handle_get(card, &efi_guid_path), *link;
	EFI_HANDLE *handles;
	bool free = true;
	UINTN n;

	if (!path || efi_bs->LocateHandleBuffer(ByProtocol, &efi_guid_snp, NULL, &n, &handles))
		return true;
	/* Children first: a loader that has started us hangs in between. */
	for (UINTN i = n; i--;) {
		link = handle_get(handles[i], &efi_guid_path);
		if (!link || !devpath_is_below(link, path))
			continue;
		efi_bs->DisconnectController(handles[i], NULL, NULL);
		/* A GRUB that has started us holds it for itself. */
		free &= !handle_is_used(
			handles[i], &efi_guid_snp, NULL, EFI_OPEN_PROTOCOL_EXCLUSIVE);
	}
	efi_bs->FreePool(handles);
	return free;
}

/* Nobody else drives it from here on; or c->io stays NULL. */
static EFI_STATUS card_seize(struct card *c)
{
	UINT32 how = EFI_OPEN_PROTOCOL_BY_DRIVER | (c->lent ? 0 : EFI_OPEN_PROTOCOL_EXCLUSIVE);
	EFI_STATUS status;

	if (!c->lent) {
		if (driver_waits(c->handle) || !users_disconnect(c->handle))
			return EFI_ACCESS_DENIED;
		efi_bs->DisconnectController(c->handle, NULL, NULL);
	}
	status = efi_bs->OpenProtocol(
		c->handle, &efi_guid_pci, (void **)&c->io, efi_image, c->handle, how);
	if (!status)
		return status;
	c->io = NULL; /* set all the same where somebody like us has it */
	if (!c->lent)
		efi_bs->ConnectController(c->handle, NULL, NULL, TRUE);
	return status;
}

/* The card is ours alone, switched on, and sees the packet buffers. */
static EFI_STATUS card_open(struct card *c, struct net *net)
{
	EFI_STATUS status = card_seize(c);
	EFI_PCI_IO_PROTOCOL *io = c->io;
	UINT64 can;

	if (status)
		return status;
	io->Attributes(io, EfiPciIoAttributeOperationGet, 0, &c->attributes);
	c->command = (uint16_t)config_read(&c->bus, PCI_COMMAND, 2);
	if (!io->Attributes(io, EfiPciIoAttributeOperationSupported, 0, &can))
		io->Attributes(io, EfiPciIoAttributeOperationEnable, can & ATTRIBUTES, NULL);
	c->buffers = net->buffers;
	return dma_map(io, net->buffers, sizeof(net->buffers), &c->buffers_bus, &c->buffers_map)
		       ? EFI_SUCCESS
		       : EFI_OUT_OF_RESOURCES;
}

static void card_take(struct net *net, EFI_HANDLE handle, const struct driver *drv, struct card *c)
{
	unsigned ndev = net->ndev;
	EFI_STATUS status = card_open(c, net);

	if (!status && !pci_probe(net, drv, &c->bus)) {
		for (; ndev < net->ndev; ndev++)
			efi_link_add(&net->dev[ndev], handle);
		return;
	}
	if (status)
		log_put(net->m, LOG_WARN, "%04x:%04x: %s (EFI status %u)", c->bus.vendor,
			c->bus.device,
			c->io ? "does not reach our memory" : "firmware does not let go of it",
			efi_status_number(status));
	if (c->io)
		card_close(c);
	c->handle = NULL;
}

static struct card *card_find(EFI_HANDLE handle)
{
	for (unsigned i = 0; i < NETDEV_MAX; i++)
		if (cards[i].handle == handle)
			return &cards[i];
	return NULL;
}

static void card_look(struct net *net, EFI_HANDLE handle, bool lent)
{
	const struct driver *drv;
	struct card *place = card_find(NULL), none, *c = place ? place : &none;
	UINTN segment, bus, dev, fn;
	EFI_PCI_IO_PROTOCOL *io = handle_get(handle, &efi_guid_pci);
	uint32_t id;

	if (card_find(handle) || !io || io->GetLocation(io, &segment, &bus, &dev, &fn))
		return;
	*c = (struct card){.handle = handle, .lent = lent, .io = io};
	c->bus = (struct bus_dev){
		.ops = &efi_bus, .ctx = c, .busdevfn = (uint16_t)(bus << 8 | dev << 3 | fn)};
	id = config_read(&c->bus, 0, 4);
	c->bus.vendor = (uint16_t)id;
	c->bus.device = (uint16_t)(id >> 16);
	c->io = NULL;
	drv = pci_driver(net->m->config->drivers, &c->bus);
	if (drv && place) {
		card_take(net, handle, drv, c);
		return;
	}
	if (drv)
		log_put(net->m, LOG_WARN, "%04x:%04x: left alone, %u cards are the limit",
			c->bus.vendor, c->bus.device, NETDEV_MAX);
	c->handle = NULL;
}

void pci_efi_scan(struct net *net, EFI_HANDLE only)
{
	EFI_HANDLE *handles;
	UINTN n;

	if (only) {
		card_look(net, only, true);
		return;
	}
	if (efi_bs->LocateHandleBuffer(ByProtocol, &efi_guid_pci, NULL, &n, &handles))
		return;
	for (UINTN i = 0; i < n; i++)
		card_look(net, handles[i], false);
	efi_bs->FreePool(handles);
}

void pci_efi_release(EFI_HANDLE only)
{
	for (unsigned i = 0; i < NETDEV_MAX; i++)
		if (cards[i].handle && (!only || cards[i].handle == only))
			card_close(&cards[i]);
}
