/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UNDI, the NBP's own use of the link: PXE 2.1, 3.4. While it is open, frames go to the NBP and our
 * protocols get none.
 *
 * We have no interrupt (number 0, and the service flags say so): the NBP polls, by UNDI_ISR with
 * START, PROCESS and GET_NEXT. A frame is handed over whole. The station address is the card's;
 * multicast addresses are refused, because not all drivers receive them; there are no diagnostics
 * and no FORCE_INTERRUPT. Frames
 * that find QUEUE_MAX others before them are dropped.
 */
#include "arch/x86/pxe/pxe.h"
#include "core/machine.h"
#include "net/eth.h"
#include "net/net.h"
#include "net/wire.h"

#define QUEUE_MAX 64
#define BLOCKS	  8
#define FRAME_MIN 60
#define ETH_RARP  0x8035
#define SERVICES  0x0821u /* broadcast; statistics are current; open and close */
#define SPEED	  100000000u

enum { FILTER_DIRECTED = 1, FILTER_BROADCAST = 2, FILTER_PROMISCUOUS = 4 };
enum { ISR_START = 1, ISR_PROCESS = 2, ISR_GET_NEXT = 3 };
enum { ISR_OURS = 0, ISR_NOT_OURS = 1, ISR_DONE = 0, ISR_TRANSMIT = 2, ISR_RECEIVE = 3 };

/* -- open and close -------------------------------------------------------------------- */

static enum pxe_status fine(struct pxe *p, void *params)
{
	(void)p;
	(void)params;
	return PXENV_STATUS_SUCCESS;
}

void pxe_undi_end(struct pxe *p)
{
	struct pkt *next;

	for (struct pkt *q = p->rx_head; q; q = next) {
		next = q->next;
		pkt_free(&p->dev->net->pool, q);
	}
	p->rx_head = NULL;
	p->rx_count = p->undi_sent = 0;
	p->undi_open = false;
	p->dev->raw = NULL;
}

static enum pxe_status undi_startup(struct pxe *p, void *params)
{
	p->undi_started = true;
	return fine(p, params);
}

static enum pxe_status undi_close(struct pxe *p, void *params)
{
	pxe_undi_end(p);
	return fine(p, params);
}

static enum pxe_status undi_shutdown(struct pxe *p, void *params)
{
	undi_close(p, params);
	netdev_close(p->dev);
	p->undi_initialized = false;
	return fine(p, params);
}

static enum pxe_status undi_stop(struct pxe *p, void *params)
{
	undi_shutdown(p, params);
	p->undi_started = false;
	return pxe_part(p);
}

static enum pxe_status undi_initialize(struct pxe *p, void *params)
{
	if (!p->undi_started)
		return PXENV_STATUS_UNDI_INVALID_STATE;
	if (netdev_open(p->dev))
		return PXENV_STATUS_UNDI_MEDIATEST_FAILED;
	p->undi_initialized = true;
	return fine(p, params);
}

/* What the filter lets in; a group's frame when the device has. */
static bool wanted(const struct pxe *p, const struct pkt *q)
{
	const struct mac *dst = (const struct mac *)q->data;

	if (q->len < ETH_HEADER || q->len > sizeof(p->base->frame) || q->more ||
		p->rx_count >= QUEUE_MAX)
		return false;
	if (p->filter & FILTER_PROMISCUOUS)
		return true;
	if (mac_is_multicast(dst))
		return p->filter & FILTER_BROADCAST || !mac_eq(dst, &mac_broadcast);
	return p->filter & FILTER_DIRECTED && mac_eq(dst, &p->dev->mac);
}

static void undi_receive(struct netdev *dev, struct pkt *q)
{
	struct pxe *p = dev->raw_ctx;

	if (!wanted(p, q)) {
		pkt_free(&dev->net->pool, q);
		return;
	}
	q->next = NULL;
	if (p->rx_head)
		p->rx_tail->next = q;
	else
		p->rx_head = q;
	p->rx_tail = q;
	p->rx_count++;
}

struct undi_open {
	uint16_t status, flag, filter, nmcast;
	uint8_t mcast[8][16];
} __attribute__((packed));

static enum pxe_status undi_open(struct pxe *p, void *params)
{
	const struct undi_open *o = params;

	p->filter = o->filter;
	p->dev->raw_ctx = p;
	p->dev->raw = undi_receive;
	if (p->dev->offload && !p->undi_open)
		netdev_close(p->dev);
	if (undi_initialize(p, params)) {
		p->dev->raw = NULL;
		return PXENV_STATUS_UNDI_INVALID_STATE;
	}
	p->undi_open = true;
	return PXENV_STATUS_SUCCESS;
}

struct undi_filter {
	uint16_t status;
	uint8_t filter;
} __attribute__((packed));

static enum pxe_status set_packet_filter(struct pxe *p, void *params)
{
	const struct undi_filter *f = params;

	p->filter = f->filter;
	return PXENV_STATUS_SUCCESS;
}

/* -- frames ---------------------------------------------------------------------------- */

struct undi_transmit {
	uint16_t status;
	uint8_t protocol, flag;
	struct segoff dst, tbd;
	uint8_t reserved[8];
} __attribute__((packed));

struct undi_tbd {
	uint16_t immediate_len;
	struct segoff immediate;
	uint16_t count;
	struct {
		uint8_t type, reserved; /* 0: a physical address, 1: a far pointer */
		uint16_t len;
		struct segoff at;
	} block[BLOCKS];
} __attribute__((packed));

static bool append(struct pxe *p, struct pkt *q, const void *src, size_t n)
{
	uint8_t *to =
		src && q->len + n <= (size_t)p->dev->mtu_max + ETH_HEADER ? pkt_put(q, n) : NULL;

	if (to)
		memcpy(to, src, n);
	return to || !n;
}

static bool gather(struct pxe *p, struct pkt *q, const struct undi_tbd *t)
{
	if (t->count > BLOCKS ||
		!append(p, q, pxe_at(p, t->immediate, t->immediate_len), t->immediate_len))
		return false;
	for (unsigned i = 0; i < t->count; i++) {
		struct segoff at = t->block[i].at;
		uint32_t linear = (uint32_t)at.seg << 16 | at.off;
		size_t n = t->block[i].len;
		const uint8_t *src = t->block[i].type	 ? pxe_at(p, at, n)
				     : linear < 0x100000 ? p->memory + linear
							 : NULL;

		if (!append(p, q, src, n))
			return false;
	}
	return q->len >= ETH_HEADER;
}

/* The media header, but for P_UNKNOWN whose data begin with one. */
static bool put_header(struct pxe *p, struct pkt *q, const struct undi_transmit *t)
{
	static const uint16_t types[] = {0, ETH_IPV4, ETH_ARP, ETH_RARP};
	const void *dst = t->flag & 1 ? &mac_broadcast : pxe_at(p, t->dst, sizeof(struct mac));
	uint8_t type[2];

	if (!t->protocol)
		return true;
	if (t->protocol > 3)
		return false;
	wire_put16(type, types[t->protocol]);
	return append(p, q, dst, 6) && append(p, q, &p->dev->mac, 6) && append(p, q, type, 2);
}

static enum pxe_status undi_transmit(struct pxe *p, void *params)
{
	const struct undi_transmit *t = params;
	const struct undi_tbd *tbd = pxe_at(p, t->tbd, sizeof(*tbd));
	struct pkt *q;

	if (!p->undi_initialized || !p->dev->is_open)
		return PXENV_STATUS_UNDI_INVALID_STATE;
	q = pkt_alloc(&p->dev->net->pool);
	if (!q)
		return PXENV_STATUS_OUT_OF_RESOURCES;
	if (!tbd || !put_header(p, q, t) || !gather(p, q, tbd)) {
		pkt_free(&p->dev->net->pool, q);
		return PXENV_STATUS_UNDI_INVALID_PARAMETER;
	}
	if (q->len < FRAME_MIN) {
		size_t n = FRAME_MIN - q->len;

		memset(pkt_put(q, n), 0, n);
	}
	netdev_send(p->dev, q);
	p->undi_sent++;
	return PXENV_STATUS_SUCCESS;
}

static bool has_news(void *ctx)
{
	const struct pxe *p = ctx;

	return p->undi_sent || p->rx_head;
}

struct undi_isr {
	uint16_t status, func, buffer_len, frame_len, header_len;
	struct segoff frame;
	uint8_t protocol, type;
} __attribute__((packed));

static void hand_over(struct pxe *p, struct undi_isr *isr)
{
	struct pkt *q = p->rx_head;
	const struct mac *dst = (const struct mac *)q->data;
	uint16_t type = wire_get16(q->data + 12);

	p->rx_head = q->next;
	p->rx_count--;
	memcpy(p->base->frame, q->data, q->len);
	isr->func = ISR_RECEIVE;
	isr->buffer_len = isr->frame_len = (uint16_t)q->len;
	isr->header_len = ETH_HEADER;
	isr->frame.off = offsetof(struct pxe_base, frame);
	isr->frame.seg = p->base_seg;
	isr->protocol = type == ETH_IPV4 ? 1 : type == ETH_ARP ? 2 : type == ETH_RARP ? 3 : 0;
	isr->type = mac_eq(dst, &mac_broadcast) ? 1 : mac_is_multicast(dst) ? 2 : 0;
	pkt_free(&p->dev->net->pool, q);
}

static enum pxe_status undi_isr(struct pxe *p, void *params)
{
	struct undi_isr *isr = params;

	if (!p->undi_open)
		return PXENV_STATUS_UNDI_INVALID_STATE;
	if (isr->func < ISR_START || isr->func > ISR_GET_NEXT)
		return PXENV_STATUS_UNDI_INVALID_PARAMETER;
	machine_wait(p->m, has_news, p, 0);
	if (isr->func == ISR_START) {
		isr->func = has_news(p) ? ISR_OURS : ISR_NOT_OURS;
	} else if (p->undi_sent) {
		p->undi_sent--;
		isr->func = ISR_TRANSMIT;
	} else if (p->rx_head) {
		hand_over(p, isr);
	} else {
		isr->func = ISR_DONE;
	}
	return PXENV_STATUS_SUCCESS;
}

/* -- what it is ------------------------------------------------------------------------ */

struct undi_station {
	uint16_t status;
	struct mac mac;
	uint8_t unused[10];
} __attribute__((packed));

static enum pxe_status set_station_address(struct pxe *p, void *params)
{
	const struct undi_station *s = params;

	return mac_eq(&s->mac, &p->dev->mac) ? PXENV_STATUS_SUCCESS : PXENV_STATUS_UNSUPPORTED;
}

struct undi_mcast {
	uint16_t status, count;
	uint8_t mcast[8][16];
} __attribute__((packed));

static enum pxe_status set_mcast_address(struct pxe *p, void *params)
{
	const struct undi_mcast *s = params;

	(void)p;
	return s->count ? PXENV_STATUS_UNSUPPORTED : PXENV_STATUS_SUCCESS;
}

struct undi_information {
	uint16_t status, base_io, interrupt, mtu, hw_type, hw_len;
	struct {
		struct mac mac;
		uint8_t unused[10];
	} current, permanent;
	uint16_t rom, rx_buffers, tx_buffers;
} __attribute__((packed));

static enum pxe_status get_information(struct pxe *p, void *params)
{
	struct undi_information *i = params;

	memset(i, 0, sizeof(*i));
	i->mtu = p->dev->mtu;
	i->hw_type = 1; /* Ethernet, RFC 1700 */
	i->hw_len = sizeof(struct mac);
	i->current.mac = i->permanent.mac = p->dev->mac;
	i->rx_buffers = i->tx_buffers = QUEUE_MAX;
	return PXENV_STATUS_SUCCESS;
}

struct undi_statistics {
	uint16_t status;
	uint32_t tx_good, rx_good, rx_bad, rx_dropped;
} __attribute__((packed));

static enum pxe_status get_statistics(struct pxe *p, void *params)
{
	const struct netdev_stats *s = &p->dev->stats;
	struct undi_statistics *u = params;

	u->tx_good = (uint32_t)s->tx_packets;
	u->rx_good = (uint32_t)s->rx_packets;
	u->rx_bad = s->rx_errors;
	u->rx_dropped = s->rx_no_buf + s->rx_overrun;
	return PXENV_STATUS_SUCCESS;
}

static enum pxe_status clear_statistics(struct pxe *p, void *params)
{
	memset(&p->dev->stats, 0, sizeof(p->dev->stats));
	return fine(p, params);
}

struct undi_mcast_address {
	uint16_t status;
	uint8_t ip[4], mac[16];
} __attribute__((packed));

static enum pxe_status get_mcast_address(struct pxe *p, void *params)
{
	struct undi_mcast_address *a = params;
	struct mac mac = ipv4_group_mac(wire_get32(a->ip));

	memset(a->mac, 0, sizeof(a->mac));
	memcpy(a->mac, mac.b, sizeof(mac.b));
	return fine(p, params);
}

struct undi_nic_type {
	uint16_t status;
	uint8_t type;
	uint16_t vendor, device;
	uint8_t class[3], revision;
	uint16_t busdevfn, sub_vendor, sub_device;
} __attribute__((packed));

static enum pxe_status get_nic_type(struct pxe *p, void *params)
{
	const struct netdev_place *place = &p->dev->place;
	struct undi_nic_type *t = params;

	memset(t, 0, sizeof(*t));
	t->type = 2; /* PCI */
	t->vendor = place->vendor;
	t->device = place->device;
	t->class[0] = 2; /* Ethernet controller */
	t->busdevfn = place->busdevfn;
	t->sub_vendor = t->sub_device = 0xffff;
	return PXENV_STATUS_SUCCESS;
}

struct undi_iface_info {
	uint16_t status;
	uint8_t type[16];
	uint32_t speed, services, reserved[4];
} __attribute__((packed));

static enum pxe_status get_iface_info(struct pxe *p, void *params)
{
	static const char name[] = "DIX+802.3";
	struct undi_iface_info *i = params;

	memset(i, 0, sizeof(*i));
	memcpy(i->type, name, sizeof(name));
	i->speed = SPEED;
	i->services = SERVICES;
	return fine(p, params);
}

const struct pxe_call pxe_undi_calls[] = {
	{0x01, 2, undi_startup},
	{0x02, 2, undi_stop}, /* CLEANUP */
	{0x03, 14, undi_initialize},
	{0x04, 4, fine}, /* RESET_NIC */
	{0x05, 2, undi_shutdown},
	{0x06, sizeof(struct undi_open), undi_open},
	{0x07, 2, undi_close},
	{0x08, sizeof(struct undi_transmit), undi_transmit},
	{0x09, sizeof(struct undi_mcast), set_mcast_address},
	{0x0a, sizeof(struct undi_station), set_station_address},
	{0x0b, sizeof(struct undi_filter), set_packet_filter},
	{0x0c, sizeof(struct undi_information), get_information},
	{0x0d, sizeof(struct undi_statistics), get_statistics},
	{0x0e, 2, clear_statistics},
	{0x11, sizeof(struct undi_mcast_address), get_mcast_address},
	{0x12, sizeof(struct undi_nic_type), get_nic_type},
	{0x13, sizeof(struct undi_iface_info), get_iface_info},
	{0x14, sizeof(struct undi_isr), undi_isr},
	{0x15, 2, undi_stop}, /* STOP_UNDI */
	{0, 0, NULL},
};
