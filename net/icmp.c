/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ICMPv4: echo replies and the delivery of unreachables, see icmp.h. RFC 792, 1122 3.2.2, 1191,
 * 5927. An unreachable reaches a protocol only when it quotes our address; whether what it quotes
 * was really sent is for the protocol and the owner of the socket to check. Nothing that comes here
 * ends a transfer by itself.
 */
#include "net/icmp.h"
#include "core/csum.h"
#include "core/err.h"
#include "core/machine.h"
#include "core/str.h"
#include "net/net.h"
#include "net/netdev.h"
#include "net/pkt.h"
#include "net/wire.h"

enum icmp_type { ICMP_ECHO_REPLY = 0, ICMP_UNREACHABLE = 3, ICMP_ECHO = 8 };
#define ICMP_HEADER	 8
#define ICMP_FRAG_NEEDED 4

/* ICMP_ECHO_RATE replies a second, not carried over. */
static bool echo_allowed(struct net *net)
{
	uint64_t now = net->m->now_us;

	if (now >= net->icmp_second_us + 1000000) {
		net->icmp_second_us = now;
		net->icmp_tokens = ICMP_ECHO_RATE;
	}
	if (!net->icmp_tokens)
		return false;
	net->icmp_tokens--;
	return true;
}

/* The same message back, by the link that it came from. */
static void echo_reply(const struct ip_meta *meta, struct bytes message)
{
	struct net *net = meta->dev->net;
	struct pkt *p;
	uint8_t *h;

	if (meta->broadcast || !echo_allowed(net))
		return;
	p = pkt_alloc(&net->pool);
	if (!p)
		return;
	h = pkt_put(p, message.n);
	if (!h) { /* was reassembled: larger than we can send */
		pkt_free(&net->pool, p);
		return;
	}
	bytes_copy(&message, h, p->len);
	h[0] = ICMP_ECHO_REPLY;
	wire_put16(h + 2, 0);
	wire_put16(h + 2, csum_fold(csum_add(0, h, p->len)));
	ipv4_send(meta->dev, p, &meta->dst, &meta->src, IPPROTO_ICMP);
}

/*
 * b: the datagram that could not be delivered. RFC 5927 4: believe only what quotes something we
 * can have sent.
 */
static void unreachable(const struct ip_meta *meta, struct bytes b, int err, uint16_t mtu)
{
	struct netdev *dev = meta->dev;
	struct ipv4_quote q;

	if (!ipv4_quote_parse(b, &q))
		dev->stats.bad_icmp++;
	else if (!ip_eq(&q.src, &dev->ip4.addr) || !ipv4_error(dev, &q, err, mtu))
		dev->stats.no_port++;
}

void icmp_input(const struct ip_meta *meta, struct bytes payload)
{
	struct bytes message = payload;
	const uint8_t *h = bytes_take(&payload, ICMP_HEADER);

	if (!h || csum_fold(csum_add(0, message.p, message.n))) {
		meta->dev->stats.bad_icmp++;
		return;
	}
	if (h[0] == ICMP_ECHO && h[1] == 0)
		echo_reply(meta, message);
	else if (h[0] == ICMP_UNREACHABLE && h[1] == ICMP_FRAG_NEEDED)
		unreachable(meta, payload, ERR_TOO_LONG, wire_get16(h + 6));
	else if (h[0] == ICMP_UNREACHABLE)
		unreachable(meta, payload, ERR_UNREACHABLE, 0);
	else
		meta->dev->stats.rx_ignored++;
}
