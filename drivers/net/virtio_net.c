/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-net over PCI, legacy and modern: VIRTIO 1.1 section 5.1. Ring <-> packet and nothing
 * more.
 *
 * The device's header lies in the packet, right in front of the frame. Frames start 2 bytes
 * behind PKT_HEADROOM, so that IP headers are aligned to 4 bytes and UDP payload to 16. While
 * packets flow no register is touched but the doorbells the device asks for, at most one a turn and
 * direction; ten times a second the link is looked at, and a device that may have slept through is
 * knocked up.
 *
 * A host that is asked to leaves TCP segments together as its own stack had them, up to 64 KiB:
 * they fill several buffers (mergeable ones, 5.1.6.3.1) and become a chain of packets. A segment
 * for which there are never enough buffers would block the device, so a link with a small share of
 * them does without.
 *
 * Limits: one queue pair, no segmentation offload for what is sent, IPv4 only, no filters (the
 * device's default passes all; what is not for us is dropped above).
 */
#include "core/err.h"
#include "core/machine.h"
#include "core/str.h"
#include "drivers/drivers.h"
#include "drivers/pci.h"
#include "drivers/virtio.h"
#include "net/net.h"

/* Feature bits (5.1.3). */
#define NET_F_GUEST_CSUM (1ull << 1)
#define NET_F_MTU	 (1ull << 3)
#define NET_F_MAC	 (1ull << 5)
#define NET_F_GUEST_TSO4 (1ull << 7)
#define NET_F_GUEST_ECN	 (1ull << 9)
#define NET_F_MRG_RXBUF	 (1ull << 15)
#define NET_F_STATUS	 (1ull << 16)

/* Those that only make sense together. */
#define NET_F_SEGMENTS (NET_F_GUEST_CSUM | NET_F_GUEST_TSO4 | NET_F_MRG_RXBUF)

/* Device configuration (5.1.4). */
#define CONFIG_MAC     0
#define CONFIG_STATUS  6
#define CONFIG_MTU     10
#define STATUS_LINK_UP 1
#define STATUS_GONE    0xffff

/* Header of each frame (5.1.6); legacy without mergeable buffers has no num_buffers. */
#define HDR_FLAGS      0
#define HDR_GSO_TYPE   1
#define HDR_BUFFERS    10
#define HDR_LEN_LEGACY 10
#define HDR_LEN_MODERN 12
#define HDR_NEEDS_CSUM 1 /* from a neighbour on the same host: complete but for the checksum */
#define HDR_DATA_VALID 2
#define GSO_TCPV4      1
#define GSO_ECN	       0x80

enum { QUEUE_RX = 0, QUEUE_TX = 1 };
#define RX_SLOTS 256
#define TX_SLOTS 64

#define ETH_HEADER	14
#define MTU_DEFAULT	1500
#define MTU_MIN		68
#define LINK_CHECK_US	100000
#define RX_FRAME_OFFSET (PKT_HEADROOM + 2)
#define RX_ROOM		(PKT_SIZE - RX_FRAME_OFFSET) /* of a frame, in its first buffer */

_Static_assert(RX_FRAME_OFFSET >= HDR_LEN_MODERN, "the header lies in the headroom");
_Static_assert(
	RX_FRAME_OFFSET + ETH_HEADER + 8 + MTU_MAX <= PKT_SIZE, "a frame with two tags fits");
_Static_assert(
	HDR_LEN_MODERN + ETH_HEADER + 4 + UINT16_MAX <= PKT_CHAIN_MAX * (RX_ROOM + HDR_LEN_MODERN),
	"the longest segment fits");

struct virtio_net {
	struct virtio vio;
	struct virtq rx, tx;
	unsigned hdr_len;
	unsigned rx_left;		/* buffers to come of the frame that has begun */
	struct pkt *rx_frame, *rx_last; /* what is there of it; NULL: it is dropped */
	bool running;
	uint64_t link_check_us; /* when to look next */
};
_Static_assert(sizeof(struct virtio_net) <= NETDEV_PRIV_MAX, "it lives in netdev.priv");

static struct virtio_net *priv(struct netdev *dev)
{
	return (struct virtio_net *)dev->priv;
}

/* ---- link ---- */

static bool link_read(const struct virtio_net *vn)
{
	if (!(vn->vio.features & NET_F_STATUS))
		return true;
	uint32_t status = virtio_config(&vn->vio, CONFIG_STATUS, 2) & 0xffff;
	return status != STATUS_GONE && (status & STATUS_LINK_UP);
}

/* Ten times a second: looks at the link, and wakes a device that sleeps on what it was given. */
static void link_check(struct netdev *dev)
{
	struct virtio_net *vn = priv(dev);
	if (dev->net->m->now_us < vn->link_check_us)
		return;
	vn->link_check_us = dev->net->m->now_us + LINK_CHECK_US;
	virtq_nudge(&vn->rx);
	virtq_nudge(&vn->tx);
	bool up = link_read(vn);
	if (up != dev->link_up)
		netdev_link(dev, up);
}

/* ---- receive ---- */

static void rx_refill(struct netdev *dev)
{
	struct virtio_net *vn = priv(dev);
	struct bus_dev *b = dev->bus;
	while (virtq_room(&vn->rx) && virtq_given(&vn->rx) < dev->rx_ring) {
		struct pkt *p = pkt_alloc(&dev->net->pool);
		if (!p) {
			dev->stats.rx_no_buf++;
			break;
		}
		p->data = p->buf + RX_FRAME_OFFSET;
		virtq_add(&vn->rx, p, b->ops->dma_addr(b, p->data - vn->hdr_len),
			RX_ROOM + vn->hdr_len, true);
	}
	virtq_kick(&vn->rx);
}

/* Frees what there is of a frame that has begun. */
static void rx_drop(struct netdev *dev)
{
	struct virtio_net *vn = priv(dev);
	if (vn->rx_frame)
		pkt_free(&dev->net->pool, vn->rx_frame);
	vn->rx_frame = NULL;
}

/*
 * Reads the header in front of a frame, in the first of its buffers; false when it is to be
 * dropped. So many buffers as the ring does not have can only be a device that is lost.
 */
static bool rx_begin(struct netdev *dev, struct pkt *p, uint32_t len)
{
	struct virtio_net *vn = priv(dev);
	const uint8_t *hdr = p->data - vn->hdr_len;
	unsigned buffers = 1, gso = hdr[HDR_GSO_TYPE];
	vn->rx_left = 1;
	if (len < vn->hdr_len + ETH_HEADER)
		return false;
	if (vn->vio.features & NET_F_MRG_RXBUF) {
		buffers = hdr[HDR_BUFFERS] | (unsigned)hdr[HDR_BUFFERS + 1] << 8;
		vn->rx.broken |= buffers > vn->rx.slots;
		vn->rx_left = buffers ? buffers : 1;
		gso = (gso | GSO_ECN) == (GSO_TCPV4 | GSO_ECN) ? 0 : gso;
	}
	p->len = len - vn->hdr_len;
	p->csum_ok = hdr[HDR_FLAGS] & (HDR_NEEDS_CSUM | HDR_DATA_VALID);
	return !gso && buffers && buffers <= PKT_CHAIN_MAX;
}

/*
 * Takes p, of which the device says that it wrote len bytes: a frame with its header, or where one
 * goes on.
 */
static void rx_one(struct netdev *dev, struct pkt *p, uint32_t len)
{
	struct virtio_net *vn = priv(dev);
	bool first = !vn->rx_left, good = len && len <= RX_ROOM + vn->hdr_len;
	if (first) {
		good &= rx_begin(dev, p, len);
	} else {
		good &= vn->rx_frame != NULL;
		p->data -= vn->hdr_len;
		p->len = len;
	}
	if (!good) {
		dev->stats.rx_errors += first || vn->rx_frame;
		pkt_free(&dev->net->pool, p);
		rx_drop(dev);
	} else if (first) {
		vn->rx_frame = vn->rx_last = p;
	} else {
		vn->rx_last = vn->rx_last->more = p;
	}
	if (--vn->rx_left || !vn->rx_frame)
		return;
	netdev_rx(dev, vn->rx_frame);
	vn->rx_frame = NULL;
}

/* A frame that has begun is delivered whole, whatever is left of the budget. */
static void rx_poll(struct netdev *dev, unsigned budget)
{
	struct virtio_net *vn = priv(dev);
	struct pkt *p;
	uint32_t len;
	for (; (budget || vn->rx_left) && (p = virtq_take(&vn->rx, &len)); budget -= budget > 0)
		rx_one(dev, p, len);
	rx_refill(dev);
}

/* ---- transmit ---- */

static void tx_reclaim(struct netdev *dev)
{
	struct virtio_net *vn = priv(dev);
	struct pkt *p;
	uint32_t len;
	while ((p = virtq_take(&vn->tx, &len)))
		pkt_free(&dev->net->pool, p);
}

static void virtio_net_send(struct netdev *dev, struct pkt *p)
{
	struct virtio_net *vn = priv(dev);
	struct bus_dev *b = dev->bus;
	uint8_t *hdr = vn->running ? pkt_push(p, vn->hdr_len) : NULL;
	if (!hdr) {
		dev->stats.tx_errors++;
		pkt_free(&dev->net->pool, p);
		return;
	}
	memset(hdr, 0, vn->hdr_len);
	if (!vn->tx.nfree) {
		virtq_kick(&vn->tx);
		tx_reclaim(dev);
	}
	if (!virtq_add(&vn->tx, p, b->ops->dma_addr(b, p->data), p->len, false)) {
		dev->stats.tx_full++;
		pkt_free(&dev->net->pool, p);
	}
}

static void virtio_net_flush(struct netdev *dev)
{
	struct virtio_net *vn = priv(dev);
	if (vn->running)
		virtq_kick(&vn->tx);
}

/* ---- up and down ---- */

static void drain(struct netdev *dev, struct virtq *q)
{
	struct pkt *p;
	for (unsigned slot = 0; (p = virtq_drain(q, &slot));)
		pkt_free(&dev->net->pool, p);
}

static void virtio_net_close(struct netdev *dev)
{
	struct virtio_net *vn = priv(dev);
	if (!vn->running)
		return;
	vn->running = false;
	virtio_reset(&vn->vio);
	pci_disable(dev->bus);
	drain(dev, &vn->rx);
	drain(dev, &vn->tx);
	rx_drop(dev);
	if (dev->link_up)
		netdev_link(dev, false);
}

static void virtio_net_poll(struct netdev *dev, unsigned budget)
{
	struct virtio_net *vn = priv(dev);
	if (!vn->running)
		return;
	tx_reclaim(dev);
	rx_poll(dev, budget);
	link_check(dev);
	if (vn->rx.broken || vn->tx.broken) {
		err_set(dev->net->m, ERR_NETDEV_OPEN, "%s: device broke its ring, stopped",
			dev->name);
		virtio_net_close(dev);
	}
}

/* What we take of what is offered, beside what the device says about itself. */
static uint64_t features_pick(struct netdev *dev, uint64_t offered)
{
	struct virtio_net *vn = priv(dev);
	uint64_t want = NET_F_GUEST_CSUM | NET_F_MAC | NET_F_STATUS | VIRTIO_F_EVENT_IDX |
			VIRTIO_F_ANY_LAYOUT;
	if (vn->vio.modern)
		want |= VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM | VIRTIO_F_ORDER_PLATFORM;
	if (offered & NET_F_MTU) {
		uint32_t mtu = virtio_config(&vn->vio, CONFIG_MTU, 2) & 0xffff;
		/* 5.1.4.2: with a larger one our receive buffers would be too small. */
		if (mtu >= MTU_MIN && mtu <= MTU_MAX)
			want |= NET_F_MTU;
	}
	/* While one segment is worked on, the next should find its buffers. */
	unsigned ring = virtq_size(&vn->vio, QUEUE_RX, RX_SLOTS);
	ring = dev->rx_ring < ring ? dev->rx_ring : ring;
	if ((offered & NET_F_SEGMENTS) == NET_F_SEGMENTS && ring >= 2 * PKT_CHAIN_MAX)
		want |= NET_F_SEGMENTS | NET_F_GUEST_ECN;
	if (dev->raw) /* he expects frames as they were on a wire */
		want &= ~(NET_F_SEGMENTS | NET_F_GUEST_ECN);
	return offered & want;
}

static int queues_open(struct virtio_net *vn)
{
	bool split = !vn->vio.modern && !(vn->vio.features & VIRTIO_F_ANY_LAYOUT);
	bool merge = vn->vio.features & NET_F_MRG_RXBUF;
	vn->hdr_len = vn->vio.modern || merge ? HDR_LEN_MODERN : HDR_LEN_LEGACY;
	vn->rx_left = 0;
	unsigned head = split ? vn->hdr_len : 0;
	int rc = virtq_open(&vn->rx, &vn->vio, QUEUE_RX, RX_SLOTS, head);
	return rc ? rc : virtq_open(&vn->tx, &vn->vio, QUEUE_TX, TX_SLOTS, head);
}

static int virtio_net_open(struct netdev *dev)
{
	struct virtio_net *vn = priv(dev);
	uint64_t offered;
	virtio_net_close(dev);
	int rc = virtio_hello(&vn->vio, &offered);
	if (!rc)
		rc = virtio_negotiate(&vn->vio, features_pick(dev, offered));
	if (!rc)
		rc = queues_open(vn);
	if (rc) {
		virtio_fail(&vn->vio);
		return err_set(dev->net->m, ERR_NETDEV_OPEN, "%s: %s", dev->name, vn->vio.why);
	}
	vn->running = true;
	vn->link_check_us = 0;
	virtio_run(&vn->vio);
	rx_refill(dev);
	link_check(dev);
	return 0;
}

static const struct netdev_ops virtio_net_ops = {
	.open = virtio_net_open,
	.close = virtio_net_close,
	.send = virtio_net_send,
	.flush = virtio_net_flush,
	.poll = virtio_net_poll,
};

/* ---- probe ---- */

/* MAC and MTU; the device is left reset. */
static int identify(struct netdev *dev)
{
	struct virtio_net *vn = priv(dev);
	uint64_t offered;
	int rc = virtio_hello(&vn->vio, &offered);
	if (rc)
		return rc;
	uint64_t features = features_pick(dev, offered);
	for (unsigned i = 0; i < sizeof(dev->mac.b); i++)
		dev->mac.b[i] = (uint8_t)virtio_config(&vn->vio, CONFIG_MAC + i, 1);
	dev->mtu_max = MTU_DEFAULT;
	if (features & NET_F_MTU)
		dev->mtu_max = (uint16_t)virtio_config(&vn->vio, CONFIG_MTU, 2);
	virtio_reset(&vn->vio);
	pci_disable(dev->bus);
	static const struct mac none;
	if (!(features & NET_F_MAC) || mac_is_multicast(&dev->mac) || mac_eq(&dev->mac, &none)) {
		vn->vio.why = "device has no MAC address";
		return -ERR_NETDEV_OPEN;
	}
	return 0;
}

static int virtio_net_probe(struct net *net, struct bus_dev *bus)
{
	struct netdev *dev = netdev_new(net);
	if (!dev)
		return err_set(net->m, ERR_NETDEV_OPEN, "more than %d network devices", NETDEV_MAX);
	struct virtio_net *vn = priv(dev);
	dev->ops = &virtio_net_ops;
	dev->driver = driver_virtio_net.name;
	dev->offload = true;
	pci_attach(dev, bus);
	int rc = virtio_init(&vn->vio, bus);
	if (!rc)
		rc = identify(dev);
	if (rc)
		return err_set(net->m, ERR_NETDEV_OPEN, "virtio-net: %s", vn->vio.why);
	netdev_add(dev);
	return 0;
}

static const struct pci_id virtio_net_ids[] = {
	{0x1af4, 0x1000}, /* legacy or transitional */
	{0x1af4, 0x1041}, /* modern only */
};

const struct driver driver_virtio_net = {
	.name = "virtio-net",
	.ids = virtio_net_ids,
	.nids = sizeof(virtio_net_ids) / sizeof(virtio_net_ids[0]),
	.probe = virtio_net_probe,
};
