/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands ifopen, ifclose, ifstat: the links named, or all. */
#include "core/command.h"
#include "core/console.h"
#include "core/machine.h"
#include "net/net.h"

/* Does `what` to each link named, or to all; the first error ends it. */
static int each_link(struct machine *m, int argc, char **argv, int (*what)(struct netdev *dev))
{
	struct net *net = m->net;
	int rc = 0;

	for (unsigned i = 0; argc < 2 && i < net->ndev && !rc; i++)
		rc = what(&net->dev[i]);
	for (int i = 1; i < argc && !rc; i++) {
		struct netdev *dev = netdev_find(net, argv[i]);

		rc = dev ? what(dev) : err_set(m, ERR_NO_NETDEV, "%s", argv[i]);
	}
	return rc;
}

static int link_close(struct netdev *dev)
{
	dhcp_cancel(dev);
	netdev_close(dev);
	return 0;
}

static int link_stat(struct netdev *dev)
{
	struct machine *m = dev->net->m;
	const struct netdev_stats *s = &dev->stats;
	char mac[MAC_STR_MAX], ip[IP_STR_MAX];

	console_print(m, "%s: %s %s, %s, link %s\n", dev->name, mac_str(&dev->mac, mac),
		dev->driver, dev->is_open ? "open" : "closed", dev->link_up ? "up" : "down");
	console_print(m, "  %s, MTU %u, received %llu frames, %llu bytes, sent %llu, %llu\n",
		dev->ip4.addr.family ? ip_str(&dev->ip4.addr, ip) : "no address", dev->mtu,
		(unsigned long long)s->rx_packets, (unsigned long long)s->rx_bytes,
		(unsigned long long)s->tx_packets, (unsigned long long)s->tx_bytes);
	if (s->rx_errors | s->rx_no_buf | s->rx_overrun | s->tx_full | s->tx_errors)
		console_print(m,
			"  errors: receive %u, no buffer %u, overrun %u, send %u, ring full %u\n",
			s->rx_errors, s->rx_no_buf, s->rx_overrun, s->tx_errors, s->tx_full);
	if (s->bad_eth | s->bad_arp | s->bad_ip | s->bad_icmp | s->bad_udp | s->bad_tcp)
		console_print(m,
			"  malformed: Ethernet %u, ARP %u, IP %u, ICMP %u, UDP %u, TCP %u\n",
			s->bad_eth, s->bad_arp, s->bad_ip, s->bad_icmp, s->bad_udp, s->bad_tcp);
	return 0;
}

static int ifopen_start(struct machine *m, int argc, char **argv)
{
	return each_link(m, argc, argv, netdev_open);
}

static int ifclose_start(struct machine *m, int argc, char **argv)
{
	return each_link(m, argc, argv, link_close);
}

static int ifstat_start(struct machine *m, int argc, char **argv)
{
	return each_link(m, argc, argv, link_stat);
}

const struct command cmd_ifopen = {"ifopen", "[netN...]", "open links", ifopen_start, NULL, NULL};
const struct command cmd_ifclose = {
	"ifclose", "[netN...]", "close links", ifclose_start, NULL, NULL};
const struct command cmd_ifstat = {
	"ifstat", "[netN...]", "show links and their counters", ifstat_start, NULL, NULL};
