/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intel 8254x gigabit Ethernet, copper: "PCI/PCI-X Family of Gigabit Ethernet Controllers
 * Software Developer's Manual", 317453-006 (section numbers below are its). Ring <-> packet and
 * nothing more.
 *
 * Polling with all interrupts masked. A received frame costs no register access: what has arrived
 * is seen in descriptors in memory, the tail is moved once for RX_BATCH buffers given back. All
 * that one turn sends costs one write. Link and counters are read ten times a second.
 *
 * Limits: legacy descriptors, frames of up to 1522 bytes, groups all or none, no transmit offload,
 * flow control as the EEPROM has it. 82542, 82543, 82547 and the fiber and SerDes parts are not
 * driven.
 */
#include "core/err.h"
#include "core/machine.h"
#include "core/str.h"
#include "drivers/drivers.h"
#include "drivers/pci.h"
#include "net/net.h"

/* Registers (13.4). */
#define CTRL	  0x0000
#define STATUS	  0x0008
#define EERD	  0x0014
#define IMC	  0x00d8
#define RCTL	  0x0100
#define TCTL	  0x0400
#define TIPG	  0x0410
#define RDBAL	  0x2800
#define RDBAH	  0x2804
#define RDLEN	  0x2808
#define RDH	  0x2810
#define RDT	  0x2818
#define TDBAL	  0x3800
#define TDBAH	  0x3804
#define TDLEN	  0x3808
#define TDH	  0x3810
#define TDT	  0x3818
#define MPC	  0x4010 /* frames missed, cleared by reading */
#define RXCSUM	  0x5000
#define MTA	  0x5200 /* 128 words */
#define RAL0	  0x5400 /* 16 pairs RAL, RAH */
#define RAH0	  0x5404
#define REGS_SIZE 0x20000

#define CTRL_LRST    0x00000008u
#define CTRL_ASDE    0x00000020u
#define CTRL_SLU     0x00000040u
#define CTRL_ILOS    0x00000080u
#define CTRL_FRCSPD  0x00000800u
#define CTRL_FRCDPX  0x00001000u
#define CTRL_RST     0x04000000u
#define CTRL_VME     0x40000000u
#define CTRL_PHY_RST 0x80000000u
#define STATUS_LU    0x00000002u
#define EERD_START   0x00000001u
#define RCTL_EN	     0x00000002u
#define RCTL_MPE     0x00000010u /* all groups */
#define RCTL_BAM     0x00008000u /* broadcast */
#define RCTL_SECRC   0x04000000u /* strip the CRC; buffers are 2048 bytes */
#define TCTL_EN	     0x00000002u
#define TCTL_PSP     0x00000008u
#define TCTL_CT	     (0x0fu << 4)
#define TCTL_COLD    (0x40u << 12)
#define TIPG_COPPER  (10u | 8u << 10 | 6u << 20)
#define TIPG_82544   (8u | 8u << 10 | 6u << 20)
#define RXCSUM_TUOFL 0x00000200u
#define RAH_AV	     0x80000000u
#define REG_GONE     0xffffffffu /* what reads of a removed device give */

/* Descriptors (3.2.3, 3.3.3), little-endian. */
struct rx_desc {
	uint64_t addr;
	uint16_t len, csum;
	uint8_t status, errors;
	uint16_t special;
};
struct tx_desc {
	uint64_t addr;
	uint16_t len;
	uint8_t cso, cmd, status, css;
	uint16_t special;
};
_Static_assert(sizeof(struct rx_desc) == 16 && sizeof(struct tx_desc) == 16, "3.2.3, 3.3.3");

#define RX_DD	 0x01
#define RX_EOP	 0x02
#define RX_IXSM	 0x04
#define RX_TCPCS 0x20
#define RX_TCPE	 0x20 /* of errors */
#define RX_IPE	 0x40
#define TX_EOP	 0x01
#define TX_IFCS	 0x02
#define TX_RS	 0x08
#define TX_DD	 0x01

#define RX_DESCS 256
#define TX_DESCS 64
#define RX_BATCH 64

#define ETH_HEADER	14
#define ETH_FRAME_MAX	1522 /* RCTL.LPE off: longer ones never reach memory */
#define MTU_DEFAULT	1500
#define RX_FRAME_OFFSET (PKT_HEADROOM + 2) /* IP headers at a multiple of 4 */
#define RX_ROOM		(PKT_SIZE - RX_FRAME_OFFSET)
#define CHECK_US	100000

#define DRAIN_US     10000 /* for what is on the bus to end, before a reset */
#define RESET_US     5000  /* after it, until the EEPROM has been read */
#define RESET_STEPS  16	   /* milliseconds more that this may take on slow ones */
#define EERD_STEPS   100
#define EERD_STEP_US 10

_Static_assert(ETH_FRAME_MAX <= RX_ROOM, "what the device may write fits");

struct e1000 {
	struct bus_win regs;
	uint8_t *mem; /* rings and tables of packets, NULL before the first open */
	uint64_t bus_addr;
	struct rx_desc *rx;
	struct tx_desc *tx;
	struct pkt **rx_pkt, **tx_pkt;
	/* These count on and on; masked they are places in a ring. head: next to take back, tail:
	 * next to fill. */
	unsigned rx_head, rx_tail, rx_shown; /* shown: the tail that the device knows */
	unsigned tx_head, tx_tail, tx_shown;
	bool running;
	bool rx_skip;	   /* in the middle of a frame of several descriptors */
	uint64_t check_us; /* when to look at the link next */
};
_Static_assert(sizeof(struct e1000) <= NETDEV_PRIV_MAX, "it lives in netdev.priv");

static struct e1000 *priv(struct netdev *dev)
{
	return (struct e1000 *)dev->priv;
}

static uint32_t reg_read(const struct e1000 *e, unsigned reg)
{
	return e->regs.bus->ops->read(&e->regs, reg, 4);
}

static void reg_write(const struct e1000 *e, unsigned reg, uint32_t value)
{
	e->regs.bus->ops->write(&e->regs, reg, 4, value);
}

static void delay(const struct e1000 *e, unsigned us)
{
	e->regs.bus->ops->delay_us(e->regs.bus, us);
}

/* ---- receive ---- */

/*
 * Moves the tail when RX_BATCH buffers, or a quarter of a small ring, have come together, or when
 * the device has hardly any left because packets are short.
 */
static void rx_refill(struct netdev *dev)
{
	struct e1000 *e = priv(dev);
	unsigned want = dev->rx_ring < RX_DESCS ? dev->rx_ring : RX_DESCS - 1;
	unsigned batch = want / 4 < RX_BATCH ? want / 4 : RX_BATCH;
	while (e->rx_tail - e->rx_head < want) {
		struct pkt *p = pkt_alloc(&dev->net->pool);
		if (!p) {
			dev->stats.rx_no_buf++;
			break;
		}
		p->data = p->buf + RX_FRAME_OFFSET;
		unsigned i = e->rx_tail++ % RX_DESCS;
		e->rx_pkt[i] = p;
		e->rx[i] = (struct rx_desc){.addr = dev->bus->ops->dma_addr(dev->bus, p->data)};
	}
	unsigned fresh = e->rx_tail - e->rx_shown, left = e->rx_shown - e->rx_head;
	if (!fresh || (fresh < batch && left >= batch))
		return;
	barrier_write();
	reg_write(e, RDT, e->rx_tail % RX_DESCS);
	e->rx_shown = e->rx_tail;
}

/* Takes p; status, errors and len are what the device has written into its descriptor. */
static void rx_one(
	struct netdev *dev, struct pkt *p, unsigned status, unsigned errors, unsigned len)
{
	struct e1000 *e = priv(dev);
	bool skipped = e->rx_skip;
	e->rx_skip = !(status & RX_EOP);
	bool bad = errors & ~(unsigned)(RX_TCPE | RX_IPE);
	if (e->rx_skip || skipped || bad || len < ETH_HEADER || len > RX_ROOM) {
		dev->stats.rx_errors += !e->rx_skip;
		pkt_free(&dev->net->pool, p);
		return;
	}
	p->len = len;
	p->csum_ok = !(status & RX_IXSM) && (status & RX_TCPCS) && !(errors & RX_TCPE);
	netdev_rx(dev, p);
}

static void rx_poll(struct netdev *dev, unsigned budget)
{
	struct e1000 *e = priv(dev);
	for (; budget && e->rx_head != e->rx_shown; budget--) {
		unsigned i = e->rx_head % RX_DESCS;
		struct rx_desc *d = &e->rx[i];
		unsigned status = __atomic_load_n(&d->status, __ATOMIC_RELAXED);
		if (!(status & RX_DD))
			break;
		barrier_read();
		e->rx_head++;
		rx_one(dev, e->rx_pkt[i], status, __atomic_load_n(&d->errors, __ATOMIC_RELAXED),
			__atomic_load_n(&d->len, __ATOMIC_RELAXED));
	}
	rx_refill(dev);
}

/* ---- transmit ---- */

static void tx_reclaim(struct netdev *dev)
{
	struct e1000 *e = priv(dev);
	for (; e->tx_head != e->tx_shown; e->tx_head++) {
		unsigned i = e->tx_head % TX_DESCS;
		if (!(__atomic_load_n(&e->tx[i].status, __ATOMIC_RELAXED) & TX_DD))
			break;
		pkt_free(&dev->net->pool, e->tx_pkt[i]);
	}
}

/* Shows the device what was queued. */
static void e1000_flush(struct netdev *dev)
{
	struct e1000 *e = priv(dev);
	if (!e->running || e->tx_shown == e->tx_tail)
		return;
	barrier_write();
	reg_write(e, TDT, e->tx_tail % TX_DESCS);
	e->tx_shown = e->tx_tail;
}

static void e1000_send(struct netdev *dev, struct pkt *p)
{
	struct e1000 *e = priv(dev);
	if (!e->running || p->len > ETH_FRAME_MAX) {
		dev->stats.tx_errors++;
		pkt_free(&dev->net->pool, p);
		return;
	}
	if (e->tx_tail - e->tx_head == TX_DESCS - 1) {
		e1000_flush(dev);
		tx_reclaim(dev);
	}
	if (e->tx_tail - e->tx_head == TX_DESCS - 1) {
		dev->stats.tx_full++;
		pkt_free(&dev->net->pool, p);
		return;
	}
	unsigned i = e->tx_tail++ % TX_DESCS;
	e->tx_pkt[i] = p;
	e->tx[i] = (struct tx_desc){
		.addr = dev->bus->ops->dma_addr(dev->bus, p->data),
		.len = (uint16_t)p->len,
		.cmd = TX_EOP | TX_IFCS | TX_RS,
	};
}

/* ---- link and counters ---- */

static void check(struct netdev *dev)
{
	struct e1000 *e = priv(dev);
	if (dev->net->m->now_us < e->check_us)
		return;
	e->check_us = dev->net->m->now_us + CHECK_US;
	uint32_t status = reg_read(e, STATUS);
	bool up = status != REG_GONE && (status & STATUS_LU);
	if (up)
		dev->stats.rx_overrun += reg_read(e, MPC);
	if (up != dev->link_up)
		netdev_link(dev, up);
}

static void e1000_poll(struct netdev *dev, unsigned budget)
{
	if (!priv(dev)->running)
		return;
	tx_reclaim(dev);
	rx_poll(dev, budget);
	check(dev);
}

/* ---- up and down ---- */

/*
 * Chapter 14: masks interrupts, stops both directions, resets. Afterwards the device writes to no
 * memory, even if it has not followed: it is no bus master any more. False when it is gone.
 */
static bool reset(const struct e1000 *e)
{
	reg_write(e, IMC, 0xffffffff);
	bool active = (reg_read(e, RCTL) & RCTL_EN) || (reg_read(e, TCTL) & TCTL_EN);
	reg_write(e, RCTL, 0);
	reg_write(e, TCTL, TCTL_PSP);
	if (reg_read(e, STATUS) == REG_GONE) /* also flushes the writes */
		return false;
	if (active)
		delay(e, DRAIN_US);
	reg_write(e, CTRL, reg_read(e, CTRL) | CTRL_RST);
	delay(e, RESET_US);
	for (unsigned i = 0; i < RESET_STEPS && !(reg_read(e, RAH0) & RAH_AV); i++)
		delay(e, 1000);
	reg_write(e, IMC, 0xffffffff);
	return !(reg_read(e, CTRL) & CTRL_RST);
}

static void e1000_close(struct netdev *dev)
{
	struct e1000 *e = priv(dev);
	if (!e->running)
		return;
	e->running = false;
	reset(e);
	pci_disable(dev->bus);
	for (; e->rx_head != e->rx_tail; e->rx_head++)
		pkt_free(&dev->net->pool, e->rx_pkt[e->rx_head % RX_DESCS]);
	for (; e->tx_head != e->tx_tail; e->tx_head++)
		pkt_free(&dev->net->pool, e->tx_pkt[e->tx_head % TX_DESCS]);
	if (dev->link_up)
		netdev_link(dev, false);
}

static bool rings_init(struct netdev *dev)
{
	struct e1000 *e = priv(dev);
	size_t rx = RX_DESCS * sizeof(struct rx_desc), tx = TX_DESCS * sizeof(struct tx_desc);
	size_t tables = (RX_DESCS + TX_DESCS) * sizeof(struct pkt *);
	if (!e->mem)
		e->mem = dev->bus->ops->dma_alloc(dev->bus, rx + tx + tables, 128, &e->bus_addr);
	if (!e->mem)
		return false;
	memset(e->mem, 0, rx + tx + tables);
	e->rx = (void *)e->mem;
	e->tx = (void *)(e->mem + rx);
	e->rx_pkt = (void *)(e->mem + rx + tx);
	e->tx_pkt = e->rx_pkt + RX_DESCS;
	e->rx_head = e->rx_tail = e->rx_shown = e->tx_head = e->tx_tail = e->tx_shown = 0;
	e->rx_skip = false;
	return true;
}

/* base: RDBAL or TDBAL; the registers of both rings lie in the same order. */
static void ring_set(const struct e1000 *e, unsigned base, uint64_t addr, unsigned descs)
{
	reg_write(e, base, (uint32_t)addr);
	reg_write(e, base + (RDBAH - RDBAL), (uint32_t)(addr >> 32));
	reg_write(e, base + (RDLEN - RDBAL), descs * 16);
	reg_write(e, base + (RDH - RDBAL), 0);
	reg_write(e, base + (RDT - RDBAL), 0);
}

static bool is_82544(const struct bus_dev *b)
{
	return b->device == 0x1008 || b->device == 0x100c || b->device == 0x100d;
}

static void e1000_groups(struct netdev *dev, bool all)
{
	reg_write(priv(dev), RCTL, RCTL_EN | RCTL_BAM | RCTL_SECRC | (uint32_t)all * RCTL_MPE);
}

/* Chapter 14: link, filters, receive, transmit. */
static void start(struct netdev *dev)
{
	struct e1000 *e = priv(dev);
	const uint8_t *mac = dev->mac.b;
	uint32_t ctrl = reg_read(e, CTRL) & ~(CTRL_LRST | CTRL_ILOS | CTRL_FRCSPD | CTRL_FRCDPX |
						    CTRL_VME | CTRL_PHY_RST | CTRL_RST);
	reg_write(e, CTRL, ctrl | CTRL_SLU | CTRL_ASDE);
	reg_write(e, RAL0,
		mac[0] | (uint32_t)mac[1] << 8 | (uint32_t)mac[2] << 16 | (uint32_t)mac[3] << 24);
	reg_write(e, RAH0, mac[4] | (uint32_t)mac[5] << 8 | RAH_AV);
	for (unsigned i = 1; i < 16; i++)
		reg_write(e, RAH0 + 8 * i, 0);
	for (unsigned i = 0; i < 128; i++)
		reg_write(e, MTA + 4 * i, 0);
	ring_set(e, RDBAL, e->bus_addr, RX_DESCS);
	ring_set(e, TDBAL, e->bus_addr + RX_DESCS * sizeof(struct rx_desc), TX_DESCS);
	reg_write(e, RXCSUM, RXCSUM_TUOFL);
	reg_write(e, TIPG, is_82544(dev->bus) ? TIPG_82544 : TIPG_COPPER);
	reg_write(e, TCTL, TCTL_EN | TCTL_PSP | TCTL_CT | TCTL_COLD);
	e1000_groups(dev, false);
	e->running = true;
	rx_refill(dev);
}

static int e1000_open(struct netdev *dev)
{
	struct e1000 *e = priv(dev);
	const char *why = NULL;
	e1000_close(dev);
	pci_enable(dev->bus);
	if (!reset(e))
		why = "device does not reset";
	else if (!rings_init(dev))
		why = "no memory for rings";
	if (why) {
		pci_disable(dev->bus);
		return err_set(dev->net->m, ERR_NETDEV_OPEN, "%s: %s", dev->name, why);
	}
	start(dev);
	e->check_us = 0;
	check(dev);
	return 0;
}

static const struct netdev_ops e1000_ops = {
	.open = e1000_open,
	.close = e1000_close,
	.send = e1000_send,
	.flush = e1000_flush,
	.poll = e1000_poll,
	.groups = e1000_groups,
};

/* ---- probe ---- */

static bool mac_usable(const struct mac *a)
{
	static const struct mac none;
	return !mac_is_multicast(a) && !mac_eq(a, &none);
}

/*
 * 5.3.1, 13.4.4: a word of the EEPROM. 82541 have address and done bits elsewhere; which layout
 * this is shows in where "done" appears when word 0, the same in both, was asked for.
 */
static bool eeprom_read(const struct e1000 *e, unsigned word, unsigned *shift, uint16_t *value)
{
	reg_write(e, EERD, EERD_START | word << *shift);
	for (unsigned i = 0; i < EERD_STEPS; i++) {
		uint32_t eerd = reg_read(e, EERD);
		if (eerd == REG_GONE)
			return false;
		if (word == 0)
			*shift = eerd & 0x02 ? 2 : 8;
		if (eerd & (*shift == 2 ? 0x02 : 0x10)) {
			*value = (uint16_t)(eerd >> 16);
			return true;
		}
		delay(e, EERD_STEP_US);
	}
	return false;
}

/* From the address filter, which the device fills from its EEPROM after reset, or from there. */
static bool mac_read(const struct e1000 *e, struct mac *mac)
{
	uint32_t low = reg_read(e, RAL0), high = reg_read(e, RAH0);
	uint16_t words[3] = {(uint16_t)low, (uint16_t)(low >> 16), (uint16_t)high};
	unsigned shift = 8;
	for (unsigned pass = 0; pass < 2; pass++) {
		for (unsigned i = 0; i < 3; i++) {
			if (pass && !eeprom_read(e, i, &shift, &words[i]))
				return false;
			mac->b[2 * i] = (uint8_t)words[i];
			mac->b[2 * i + 1] = (uint8_t)(words[i] >> 8);
		}
		if ((pass || (high & RAH_AV)) && mac_usable(mac))
			return true;
	}
	return false;
}

static int e1000_probe(struct net *net, struct bus_dev *bus)
{
	struct netdev *dev = netdev_new(net);
	if (!dev)
		return err_set(net->m, ERR_NETDEV_OPEN, "more than %d network devices", NETDEV_MAX);
	struct e1000 *e = priv(dev);
	if (bus->ops->map(bus, 0, &e->regs) || e->regs.io || e->regs.size < REGS_SIZE)
		return err_set(net->m, ERR_NETDEV_OPEN, "e1000: registers cannot be reached");
	pci_enable(bus);
	bool have_mac = mac_read(e, &dev->mac);
	pci_disable(bus);
	if (!have_mac)
		return err_set(net->m, ERR_NETDEV_OPEN, "e1000: device has no MAC address");
	dev->ops = &e1000_ops;
	dev->driver = driver_e1000.name;
	pci_attach(dev, bus);
	dev->mtu_max = MTU_DEFAULT;
	netdev_add(dev);
	return 0;
}

static const struct pci_id e1000_ids[] = {
	{0x8086, 0x100e}, {0x8086, 0x1015},		      /* 82540EM, on board */
	{0x8086, 0x1016}, {0x8086, 0x1017}, {0x8086, 0x101e}, /* 82540EP */
	{0x8086, 0x1013}, {0x8086, 0x1018},		      /* 82541EI, mobile */
	{0x8086, 0x1014}, {0x8086, 0x1078},		      /* 82541ER */
	{0x8086, 0x1076}, {0x8086, 0x1077}, {0x8086, 0x107c}, /* 82541GI, mobile, PI */
	{0x8086, 0x1008}, {0x8086, 0x100c}, {0x8086, 0x100d}, /* 82544EI, GC, on board */
	{0x8086, 0x100f}, {0x8086, 0x1026},		      /* 82545EM, GM */
	{0x8086, 0x1010}, {0x8086, 0x101d},		      /* 82546EB, four ports */
	{0x8086, 0x1079}, {0x8086, 0x1099},		      /* 82546GB, four ports */
};

const struct driver driver_e1000 = {
	.name = "e1000",
	.ids = e1000_ids,
	.nids = sizeof(e1000_ids) / sizeof(e1000_ids[0]),
	.probe = e1000_probe,
};
