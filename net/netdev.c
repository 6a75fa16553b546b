/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Network devices: the table of a machine's links, and what lies between a driver and the
 * protocols. Sharing out the packet pool is done here too: a driver gets rx_ring buffers for good,
 * and what is left over stays for the frames of one turn, for sending, and for packets that wait
 * for a neighbour. To tell a device of something costs more than to send it, so a turn's packets
 * are told of together.
 */
#include "net/netdev.h"
#include "core/err.h"
#include "core/fmt.h"
#include "core/machine.h"
#include "core/str.h"
#include "net/arp.h"
#include "net/frag.h"
#include "net/net.h"
#include "net/pkt.h"
#include "net/tcp.h"

#define MTU_DEFAULT 1500
#define MTU_MIN	    68 /* RFC 791 3.2 */
#define RX_RING_MAX 256
#define RX_RING_MIN 16 /* for a link that appears after the pool was shared out */
#define TX_SHARE    32 /* packets a link has on their way out, or waiting */

struct netdev *netdev_new(struct net *net)
{
	struct netdev *dev;

	if (net->ndev >= NETDEV_MAX)
		return NULL;
	dev = &net->dev[net->ndev];
	memset(dev, 0, sizeof(*dev));
	dev->net = net;
	dev->index = (uint8_t)net->ndev;
	fmt_print(dev->name, sizeof(dev->name), "net%u", net->ndev);
	return dev;
}

void netdev_add(struct netdev *dev)
{
	if (!dev->mtu_max || dev->mtu_max > MTU_MAX)
		dev->mtu_max = dev->mtu_max ? MTU_MAX : MTU_DEFAULT;
	if (dev->mtu_max < MTU_MIN)
		dev->mtu_max = MTU_MIN;
	dev->mtu = dev->mtu_max < MTU_DEFAULT ? dev->mtu_max : MTU_DEFAULT;
	dev->net->ndev++;
}

struct netdev *netdev_find(struct net *net, const char *name)
{
	for (unsigned i = 0; i < net->ndev; i++) {
		if (!strcmp(net->dev[i].name, name))
			return &net->dev[i];
	}
	return NULL;
}

void netdev_share(struct net *net)
{
	unsigned left = PKT_MAX - RX_BUDGET - PKT_CHAIN_MAX - TX_SHARE * net->ndev, n = 0, share;

	for (unsigned i = 0; i < net->ndev; i++) {
		unsigned ring = net->dev[i].rx_ring;

		left -= ring < left ? ring : left;
		n += !ring;
	}
	share = n ? left / n : 0;
	share = share > RX_RING_MAX ? RX_RING_MAX : share < RX_RING_MIN ? RX_RING_MIN : share;
	for (unsigned i = 0; i < net->ndev; i++) {
		if (!net->dev[i].rx_ring)
			net->dev[i].rx_ring = share;
	}
}

int netdev_open(struct netdev *dev)
{
	int rc;

	if (dev->is_open)
		return 0;
	netdev_share(dev->net);
	rc = dev->ops->open(dev);
	if (rc)
		return err_set(dev->net->m, (enum err) - rc, "%s (%s)", dev->name, dev->driver);
	dev->is_open = true;
	return 0;
}

void netdev_close(struct netdev *dev)
{
	if (!dev->is_open)
		return;
	dev->is_open = false;
	dev->net->unsent &= ~(1u << dev->index);
	dev->ops->close(dev);
	netdev_link(dev, false);
	arp_flush(dev);
	frag_flush(dev);
	tcp_drop(dev->net, dev);
}

void netdev_send(struct netdev *dev, struct pkt *p)
{
	if (!dev->is_open) {
		pkt_free(&dev->net->pool, p);
		return;
	}
	dev->stats.tx_packets++;
	dev->stats.tx_bytes += p->len;
	dev->ops->send(dev, p);
	dev->net->unsent |= 1u << dev->index;
	if (!dev->net->in_turn)
		netdev_flush(dev->net);
}

void netdev_flush(struct net *net)
{
	for (unsigned i = 0; net->unsent >> i; i++) {
		struct netdev *dev = &net->dev[i];

		if ((net->unsent >> i & 1) && dev->ops->flush)
			dev->ops->flush(dev);
	}
	net->unsent = 0;
}

void netdev_rx(struct netdev *dev, struct pkt *p)
{
	struct net *net = dev->net;

	dev->stats.rx_packets++;
	dev->stats.rx_bytes += p->len + pkt_more(p);
	p->dev = dev;
	p->next = NULL;
	if (net->rx_head)
		net->rx_tail->next = p;
	else
		net->rx_head = p;
	net->rx_tail = p;
}

void netdev_link(struct netdev *dev, bool up)
{
	if (dev->link_up == up)
		return;
	dev->link_up = up;
	dev->link_since_us = dev->net->m->now_us;
	dev->net->link_changed |= 1u << dev->index;
}
