/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The network's turn: each open link delivers at most RX_BUDGET frames, which run through the
 * protocols to the end before the next link is asked, so that a turn needs no more than RX_BUDGET
 * packets beside the rings. Then links that went up or down, neighbours and fragments that wait for
 * something. At the end devices are told of what was sent meanwhile.
 *
 * While frames come, net_poll() asks to be called again at once. A platform that cannot be woken by
 * its NICs should go on polling a little while after that: in lock step with a server the next
 * frame is on its way.
 */
#include "net/net.h"
#include "core/config.h"
#include "core/log.h"
#include "core/machine.h"
#include "net/arp.h"
#include "net/eth.h"
#include "net/frag.h"
#include "net/tcp.h"

/* The buffers come last: nobody reads what lies there before it was received. */
void net_init(struct net *net, struct machine *m, const struct net_config *config)
{
	memset(net, 0, offsetof(struct net, buffers));
	net->m = m;
	net->config = config;
	pkt_pool_init(&net->pool, net->buffers);
}

static struct pkt *net_take_rx(struct net *net)
{
	struct pkt *p = net->rx_head;

	if (p)
		net->rx_head = p->next;
	return p;
}

/* Runs what was received through the protocols; whether there was anything. */
static bool net_receive(struct net *net)
{
	struct pkt *p = net_take_rx(net);

	if (!p)
		return false;
	for (; p; p = net_take_rx(net)) {
		if (p->dev->raw) {
			p->dev->raw(p->dev, p);
			continue;
		}
		if (p->dev->is_open) /* a protocol may have closed it */
			eth_input(p->dev, p);
		pkt_free(&net->pool, p);
	}
	return true;
}

/* Neighbours on the other side of a link are gone with it, and learn of us when it comes back. */
static void net_link_changed(struct netdev *dev)
{
	log_put(dev->net->m, LOG_INFO, "%s: link %s", dev->name, dev->link_up ? "up" : "down");
	if (dev->link_up)
		arp_announce(dev);
	else
		arp_flush(dev);
}

static int net_service_init(struct machine *m)
{
	struct net *net = m->net;
	uint32_t reopen = net->reopen;

	net->ip_id = (uint16_t)rng_u32(m);
	net->reopen = 0;
	for (unsigned i = 0; i < net->ndev; i++) {
		if (reopen >> i & 1)
			netdev_open(&net->dev[i]); /* one that fails was reported, and the others go
						      on */
	}
	return 0;
}

static uint64_t net_service_poll(struct machine *m)
{
	struct net *net = m->net;
	uint64_t next = TIME_NEVER, t;
	uint32_t changed;
	bool busy = false;

	net->in_turn = true;
	for (unsigned i = 0; i < net->ndev; i++) {
		struct netdev *dev = &net->dev[i];

		if (!dev->is_open)
			continue;
		dev->ops->poll(dev, RX_BUDGET);
		busy |= net_receive(net);
		tcp_flush(net);
		t = arp_poll(dev);
		next = t < next ? t : next;
	}
	changed = net->link_changed;
	net->link_changed = 0;
	for (unsigned i = 0; i < net->ndev; i++) {
		if (changed >> i & 1)
			net_link_changed(&net->dev[i]);
	}
	t = frag_poll(net);
	next = t < next ? t : next;
	net->in_turn = false;
	netdev_flush(net);
	return busy ? m->now_us : next;
}

static void net_service_end(struct machine *m)
{
	struct net *net = m->net;

	for (unsigned i = 0; i < net->ndev; i++) {
		net->reopen |= (uint32_t)net->dev[i].is_open << i;
		netdev_close(&net->dev[i]);
	}
}

const struct service net_service = {
	.name = "net",
	.init = net_service_init,
	.poll = net_service_poll,
	.end = net_service_end,
	.background = true,
};
