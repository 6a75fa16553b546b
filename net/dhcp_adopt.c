/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A lease that is taken over: the packets that a PXE ROM keeps (PXE 2.1, 3.4.2: GET_CACHED_INFO),
 * or UEFI's PXE Base Code, or one made of what UEFI's HTTP Boot says (arch/efi/boot_path.c). They
 * count like answers from the wire: what is malformed or for somebody else is not taken.
 *
 * Whoever runs `dhcp` forgets all of this and asks anew.
 */
#include "net/dhcp_adopt.h"
#include "core/log.h"
#include "core/machine.h"
#include "core/str.h"
#include "net/net.h"

static bool for_us(struct bytes b, const struct netdev *dev, struct dhcp_msg *msg)
{
	if (!dhcp_parse(b, msg) || !mac_eq(&msg->chaddr, &dev->mac))
		return false;
	/* Where option 54 is missing the next best stands for it; the sender's address is lost. */
	if (ip_is_any(&msg->server_id))
		msg->server_id = msg->siaddr;
	msg->from = msg->server_id;
	return true;
}

/* A ROM without a proxyDHCP server's answer keeps the ACK twice. */
static bool says_more(const struct dhcp_msg *reply, const struct dhcp_msg *ack)
{
	return !ip_eq(&reply->server_id, &ack->server_id) || !ip_eq(&reply->siaddr, &ack->siaddr) ||
	       strcmp(reply->file, ack->file) || reply->noptions != ack->noptions ||
	       memcmp(reply->options, ack->options, ack->noptions);
}

static void self_set(struct net *net, const struct dhcp *d)
{
	const struct dhcp_msg *boot = dhcp_boot_msg(d);
	struct ip_addr next = dhcp_next_server(boot);
	char file[URL_MAX], ip[IP_STR_MAX];
	struct url url;

	/* What is no URL is not made part of a script. */
	if (ip_is_any(&next) || !dhcp_filename(boot, file, sizeof(file)) ||
		url_resolve("", ip_str(&next, ip), file, net->self_uri) ||
		url_parse(net->self_uri, &url))
		net->self_uri[0] = '\0';
}

bool dhcp_adopt(struct netdev *dev, struct bytes ack, struct bytes reply)
{
	struct net *net = dev->net;
	struct dhcp *d = &net->dhcp[dev->index];
	char ip[IP_STR_MAX];

	if (!for_us(ack, dev, &d->rx) || !ip4_is_unicast(ip4_u32(&d->rx.yiaddr)))
		return false;
	dhcp_prepare(dev);
	for_us(ack, dev, &d->ack);
	d->have_ack = true;
	d->ack_us = net->m->now_us;
	d->have_proxy = for_us(reply, dev, &d->proxy) && says_more(&d->proxy, &d->ack);
	d->state = DHCP_BOUND;
	dhcp_configure(dev, &d->ack);
	net->boot_dev = dev;
	self_set(net, d);
	log_put(net->m, LOG_INFO, "%s: %s taken over from our loader", dev->name,
		ip_str(&d->ack.yiaddr, ip));
	return true;
}
