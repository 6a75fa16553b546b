/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The card of the PXE ROM that has loaded us, through the ROM's own driver: UNDI, PXE 2.1 chapter
 * 4.3. Where a driver of ours knows the card, UNDI is shut down before that driver sees it. The
 * lease that the ROM got becomes the link's either way.
 *
 * UNDI_ISR wants to be called as an interrupt handler would: START when the card interrupts, then
 * PROCESS, then GET_NEXT until nothing is left. A card with an interrupt has it hooked in real mode
 * (undi_low.asm) and lets it through once a poll; for one without, or one whose interrupts do not
 * come although frames are sent, each poll is an interrupt. Its START may say "not ours" (iPXE does
 * of cards whose interrupt it cannot switch), and frames are there all the same.
 *
 * The sender is asked for no more in a row than BURST frames: overload is where ROMs break. iPXE's
 * driver for the i8255x then lets its card write to address 0: by HTTP its own ROM hangs after some
 * 300 KB, we after 4 to 8 MB with four frames, and not with two.
 *
 * Limits: one card; no multicast; no link state (UNDI 2.1 has none: the link counts as up); frames
 * of 1514 bytes.
 */
#include "arch/x86/bios/bios.h"
#include "arch/x86/bios/pxe_rom.h"
#include "arch/x86/bios/realmode.h"
#include "arch/x86/cpu.h"
#include "core/err.h"
#include "core/log.h"
#include "core/machine.h"
#include "core/str.h"
#include "drivers/drivers.h"
#include "net/dhcp_adopt.h"
#include "net/net.h"

#define FRAME_MAX    1514
#define TX_BUFFERS   4	   /* a ROM may read a frame after TRANSMIT has returned */
#define TX_TRIES     8	   /* of a frame for which the ROM has no room */
#define SILENT_US    50000 /* a frame was sent and no interrupt has come: none will */
#define BURST	     8	   /* ROMs have few buffers, and no counter of what is lost */
#define BURST_I8255X 2
#define IRQ_CASCADE  2	/* timer, keyboard and the slave PIC are nobody's card */
#define ISR_STEPS    64 /* calls of a poll beside those that bring frames */

struct undi_buffer { /* in base memory */
	struct undi_tbd tbd;
	uint8_t frame[FRAME_MAX];
} __attribute__((packed));

static struct {
	struct undi_buffer *tx;
	unsigned tx_next;
	struct netdev *dev;
	struct undi_nic_type nic;
	bool native;	    /* a driver of ours has the card */
	uint8_t irq;	    /* 0: none */
	bool hooked;	    /* its vector is ours, the line is masked */
	bool polled;	    /* no interrupt is waited for */
	uint8_t pic_kept;   /* the line was masked before */
	bool processing;    /* the card has been quieted, and not all was taken */
	struct pkt *rx;	    /* the frame that comes in pieces */
	unsigned rx_left;   /* bytes of it that are missing; of a frame that is dropped too */
	bool silent;	    /* a frame was sent since the last interrupt */
	uint64_t silent_us; /* since when */
} undi;

/* -- the interrupt -- */

static volatile uint32_t *irq_vector(void)
{
	return low_memory((undi.irq < 8 ? 0x08u + undi.irq : 0x70u - 8 + undi.irq) * 4);
}

static uint32_t irq_handler(void)
{
	return FAR((uintptr_t)pxe_low >> 4, pxe_low->off_handler);
}

static void irq_hook(void)
{
	undi.polled = !undi.irq;
	if (undi.polled)
		return;
	pxe_low->pic_port = undi.irq < 8 ? 0x21 : 0xa1;
	pxe_low->pic_bit = (uint8_t)(1u << (undi.irq & 7));
	undi.pic_kept = inb(pxe_low->pic_port) & pxe_low->pic_bit;
	outb(pxe_low->pic_port, (uint8_t)(inb(pxe_low->pic_port) | pxe_low->pic_bit));
	pxe_low->irq_old = *irq_vector();
	*irq_vector() = irq_handler();
	undi.hooked = true;
}

/* Somebody who has hooked it after us calls us for ever: then we stay there, and never hook again.
 */
static void irq_unhook(void)
{
	if (!undi.hooked)
		return;
	undi.hooked = false;
	if (*irq_vector() == irq_handler()) {
		*irq_vector() = pxe_low->irq_old;
	} else {
		rm_keep();
		undi.irq = 0;
	}
	if (!undi.pic_kept)
		outb(pxe_low->pic_port, (uint8_t)(inb(pxe_low->pic_port) & ~pxe_low->pic_bit));
}

/* Whether the card has interrupted. One that never does keeps its line masked: nobody else would
 * quiet it. */
static bool irq_window(struct netdev *dev)
{
	struct rm_regs r = {0};

	rm_far((uint16_t)((uintptr_t)pxe_low >> 4), pxe_low->off_window, &r);
	if (r.eax & 0xff) {
		undi.silent = false;
		return true;
	}
	if (undi.silent && dev->net->m->now_us - undi.silent_us > SILENT_US) {
		log_put(dev->net->m, LOG_INFO, "%s: interrupt %u does not come, polling", dev->name,
			undi.irq);
		undi.polled = true;
	}
	return false;
}

/* -- receiving -- */

static bool isr_call(struct undi_isr *isr, unsigned func)
{
	memset(isr, 0, sizeof(*isr));
	isr->func = (uint16_t)func;
	return !pxe_rom_call(PXENV_UNDI_ISR, isr, sizeof(*isr));
}

/* A piece of a frame, or all of it; true when that made it whole. */
static bool rx_piece(struct netdev *dev, const struct undi_isr *isr)
{
	uint8_t *room;

	if (!undi.rx_left) {
		undi.rx_left = isr->frame_len;
		undi.rx = isr->frame_len <= FRAME_MAX ? pkt_alloc(&dev->net->pool) : NULL;
		if (!undi.rx)
			dev->stats.rx_no_buf++;
	}
	if (!isr->buffer_len || isr->buffer_len > undi.rx_left) {
		dev->stats.rx_errors++;
		undi.rx_left = 0;
		if (undi.rx)
			pkt_free(&dev->net->pool, undi.rx);
		undi.rx = NULL;
		return false;
	}
	undi.rx_left -= isr->buffer_len;
	if (!undi.rx)
		return false;
	room = pkt_put(undi.rx, isr->buffer_len);
	memcpy(room, pxe_rom_at(FAR(isr->seg, isr->off)), isr->buffer_len);
	if (undi.rx_left)
		return false;
	netdev_rx(dev, undi.rx);
	undi.rx = NULL;
	return true;
}

static void undi_poll(struct netdev *dev, unsigned budget)
{
	struct undi_isr isr;
	unsigned func = UNDI_ISR_NEXT;

	if (!undi.processing) {
		if (undi.polled)
			isr_call(&isr, UNDI_ISR_START);
		else if (!irq_window(dev))
			return;
		undi.processing = true;
		func = UNDI_ISR_PROCESS;
	}
	for (unsigned steps = budget + ISR_STEPS; budget && steps; steps--) {
		if (!isr_call(&isr, func) ||
			(isr.func != UNDI_ISR_SENT && isr.func != UNDI_ISR_RECEIVED)) {
			undi.processing = false;
			return;
		}
		if (isr.func == UNDI_ISR_RECEIVED)
			budget -= rx_piece(dev, &isr);
		func = UNDI_ISR_NEXT;
	}
}

/* -- sending -- */

static bool transmit(struct undi_buffer *b)
{
	uint16_t seg = (uint16_t)((uintptr_t)b >> 4), off = (uintptr_t)b & 15;
	struct undi_transmit t = {.tbd_off = off, .tbd_seg = seg};

	b->tbd.seg = seg;
	b->tbd.off = (uint16_t)(off + offsetof(struct undi_buffer, frame));
	return !pxe_rom_call(PXENV_UNDI_TRANSMIT, &t, sizeof(t));
}

/* A ROM whose ring is full has to be asked what was sent before it has room again. */
static void undi_send(struct netdev *dev, struct pkt *p)
{
	struct undi_buffer *b = &undi.tx[undi.tx_next];
	bool sent = false;

	undi.tx_next = (undi.tx_next + 1) % TX_BUFFERS;
	if (p->len <= FRAME_MAX) {
		memset(&b->tbd, 0, sizeof(b->tbd));
		b->tbd.len = (uint16_t)p->len;
		memcpy(b->frame, p->data, p->len);
		sent = transmit(b);
		for (unsigned i = 0; !sent && i < TX_TRIES; i++) {
			undi_poll(dev, 1);
			sent = transmit(b);
		}
	}
	if (!sent)
		dev->stats.tx_full++;
	if (!undi.silent)
		undi.silent_us = dev->net->m->now_us;
	undi.silent = true;
	pkt_free(&dev->net->pool, p);
}

/* -- open, close -- */

static int undi_open(struct netdev *dev)
{
	struct undi_open o = {.filter = UNDI_DIRECTED | UNDI_BROADCAST};
	struct undi_address address = {0};

	pxe_rom_call(PXENV_UNDI_CLOSE, NULL, 0); /* the ROM may have it open for itself */
	/* Some open only after this, and some refuse it: that it is the card's own does no harm. */
	memcpy(address.mac, dev->mac.b, 6);
	pxe_rom_call(PXENV_UNDI_SET_STATION_ADDRESS, &address, sizeof(address));
	if (pxe_rom_call(PXENV_UNDI_OPEN, &o, sizeof(o))) {
		/* Some cannot tell one from the other. */
		o = (struct undi_open){.filter = UNDI_DIRECTED | UNDI_BROADCAST | UNDI_PROMISCUOUS};
		if (pxe_rom_call(PXENV_UNDI_OPEN, &o, sizeof(o)))
			return -ERR_NETDEV_OPEN;
	}
	undi.processing = false;
	undi.silent = false;
	irq_hook();
	netdev_link(dev, true);
	return 0;
}

static void undi_close(struct netdev *dev)
{
	irq_unhook();
	pxe_rom_call(PXENV_UNDI_CLOSE, NULL, 0);
	if (undi.rx)
		pkt_free(&dev->net->pool, undi.rx);
	undi.rx = NULL;
	undi.rx_left = 0;
}

static const struct netdev_ops undi_ops = {
	.open = undi_open,
	.close = undi_close,
	.send = undi_send,
	.poll = undi_poll,
};

/* -- the driver -- */

static bool native_driver(const struct net *net)
{
	const struct driver *const *drv = net->m->config->drivers;

	for (; *drv; drv++)
		for (unsigned i = 0; i < (*drv)->nids; i++)
			if ((*drv)->ids[i].vendor == undi.nic.vendor &&
				(*drv)->ids[i].device == undi.nic.device)
				return true;
	return false;
}

/* A ROM that has let go of its card, or never had it, is told to take it. */
static bool undi_info(struct undi_info *info)
{
	uint8_t init[14] = {0};

	memset(info, 0, sizeof(*info));
	if (pxe_rom_call(PXENV_UNDI_GET_INFORMATION, info, sizeof(*info))) {
		pxe_rom_call(PXENV_UNDI_STARTUP, NULL, 0);
		pxe_rom_call(PXENV_UNDI_INITIALIZE, init, sizeof(init));
		if (pxe_rom_call(PXENV_UNDI_GET_INFORMATION, info, sizeof(*info)))
			return false;
	}
	return info->hw_type == 1 && info->hw_addr_len == 6;
}

/* Intel's 82557 to 82559 and their embedded kin. */
static unsigned burst(void)
{
	bool i8255x = undi.nic.device == 0x1229 || undi.nic.device == 0x1209;

	return undi.nic.vendor == 0x8086 && i8255x ? BURST_I8255X : BURST;
}

static int undi_attach(struct net *net)
{
	struct undi_iface_info iface = {0};
	struct undi_info info;
	struct netdev *dev = netdev_new(net);

	undi.tx = rm_alloc(TX_BUFFERS * sizeof(*undi.tx)); /* before the ROM may take some more */
	if (!undi.tx)
		return err_set(net->m, ERR_NETDEV_OPEN, "undi: no base memory");
	if (!dev || !undi_info(&info))
		return err_set(net->m, ERR_NETDEV_OPEN, "undi: not an Ethernet card");
	if (!pxe_rom_call(PXENV_UNDI_GET_IFACE_INFO, &iface, sizeof(iface)) &&
		(iface.flags & UNDI_IFACE_IRQ) && info.irq > IRQ_CASCADE && info.irq < 16)
		undi.irq = (uint8_t)info.irq;
	memcpy(dev->mac.b, info.current_addr, 6);
	dev->ops = &undi_ops;
	dev->driver = driver_undi.name;
	dev->mtu_max = info.mtu && info.mtu < FRAME_MAX - 14 ? info.mtu : FRAME_MAX - 14;
	dev->place = (struct netdev_place){undi.nic.vendor, undi.nic.device, undi.nic.busdevfn};
	dev->rx_burst = burst();
	dev->rx_ring = 2 * dev->rx_burst; /* TFTP's window is half of it */
	netdev_add(dev);
	undi.dev = dev;
	log_put(net->m, LOG_INFO, "%s: %.16s by UNDI, interrupt %u", dev->name, iface.type,
		undi.irq);
	return 0;
}

static int undi_probe(struct net *net, struct bus_dev *bus)
{
	(void)bus;
	if (!pxe_rom_find())
		return 0;
	undi.native = pxe_rom_nic(&undi.nic) && native_driver(net);
	if (!undi.native)
		return undi_attach(net);
	pxe_rom_shutdown();
	return 0;
}

/* The link of the ROM's card goes on where the ROM has been. */
static void undi_ready(struct net *net)
{
	for (unsigned i = 0; undi.native && i < net->ndev; i++)
		if (net->dev[i].place.vendor && net->dev[i].place.busdevfn == undi.nic.busdevfn)
			undi.dev = &net->dev[i];
	if (undi.dev && !netdev_open(undi.dev))
		dhcp_adopt(
			undi.dev, pxe_rom_cached(PXE_CACHED_ACK), pxe_rom_cached(PXE_CACHED_REPLY));
}

static void undi_boot(void)
{
	if (!pxe_low)
		return;
	pxe_rom_unload();
	if (undi.nic.type == UNDI_NIC_PCI)
		pci_bios_quiet(undi.nic.vendor, undi.nic.device, undi.nic.busdevfn);
}

const struct driver driver_undi = {
	.name = "undi",
	.probe = undi_probe,
	.ready = undi_ready,
	.boot = undi_boot,
};
