/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv4 input, output, routes (RFC 3442) and the pseudo header. See ipv4.h for what
 * is not done. A received payload is never copied, unless it came in fragments; the protocols read
 * it where the device put it. What a device has put together goes on in a chain of packets: only
 * segments of TCP do, others are dropped.
 */
#include "net/ipv4.h"
#include "core/csum.h"
#include "core/err.h"
#include "core/machine.h"
#include "core/str.h"
#include "net/eth.h"
#include "net/frag.h"
#include "net/net.h"
#include "net/netdev.h"
#include "net/pkt.h"
#include "net/wire.h"

#define IPV4_TTL       64
#define IPV4_BROADCAST 0xffffffffu
#define IPV4_DF	       0x4000 /* flags and offset: do not fragment */
#define IPV4_MORE      0x2000 /* more fragments */
#define IPV4_OFFSET    0x1fff /* in units of 8 bytes */

/* -- checksum -- */

uint32_t ipv4_csum_pseudo(
	const struct ip_addr *src, const struct ip_addr *dst, uint8_t protocol, uint32_t len)
{
	uint32_t sum = csum_add(protocol, src->b, 4);

	sum = csum_add(sum, dst->b, 4);
	return sum + (len & 0xffff) + (len >> 16);
}

/* -- input -- */

struct ipv4_header {
	uint32_t len; /* with options */
	uint32_t total;
	uint16_t id, frag;
	uint8_t protocol;
	uint32_t src, dst;
	bool broadcast; /* to all on the link */
};

/* Whether the options are well-formed and do not route by source (RFC 791 3.1, RFC 7126 4.3). */
static bool options_ok(struct bytes b)
{
	while (b.n) {
		uint8_t kind = bytes_u8(&b), len;

		if (kind == 0)
			return true;
		if (kind == 1)
			continue;
		len = bytes_u8(&b);
		if (kind == 131 || kind == 137 || len < 2)
			return false;
		bytes_skip(&b, len - 2u);
		if (!bytes_ok(&b))
			return false;
	}
	return true;
}

/*
 * Reads the header at the front of b, which then holds the payload alone, up to where it goes on in
 * a chain of `more` bytes; false: malformed. What a device has put together has no padding.
 */
static bool header_parse(struct bytes *b, uint32_t more, struct ipv4_header *h)
{
	const uint8_t *p = bytes_take(b, IPV4_HEADER);
	size_t room = b->n + IPV4_HEADER;

	if (!p || p[0] >> 4 != 4)
		return false;
	h->len = (p[0] & 0xfu) * 4;
	h->total = wire_get16(p + 2);
	h->id = wire_get16(p + 4);
	h->frag = wire_get16(p + 6);
	h->protocol = p[9];
	h->src = wire_get32(p + 12);
	h->dst = wire_get32(p + 16);
	if (h->len < IPV4_HEADER || h->len > room || h->total < h->len || h->total > room + more ||
		(more && h->total != room + more) || csum_fold(csum_add(0, p, h->len)))
		return false;
	b->n = h->total - more - IPV4_HEADER; /* the rest is padding */
	return h->len == IPV4_HEADER || options_ok(bytes_sub(b, h->len - IPV4_HEADER));
}

/* The address of all on the link's net. RFC 3021: a net of one or two hosts has none of its own. */
static uint32_t broadcast_of(const struct netdev *dev)
{
	uint32_t ours = ip4_u32(&dev->ip4.addr), host = ~dev->ip4.mask;

	return ours && host > 1 ? ours | host : IPV4_BROADCAST;
}

/*
 * Whether a datagram is for this link. A link without address takes any unicast for UDP: the DHCP
 * answer is sent to the address that the link does not have yet (RFC 2131 4.1).
 */
static bool is_for(uint32_t ours, const struct ipv4_header *h)
{
	return ours ? h->dst == ours : h->protocol == IPPROTO_UDP && ip4_is_unicast(h->dst);
}

const struct ip_protocol *ipv4_protocol(const struct net *net, uint8_t number)
{
	const struct ip_protocol *proto = net->config->protocols;

	while (proto->number && proto->number != number)
		proto++;
	return proto->number ? proto : NULL;
}

/* p: the packet that it came in; NULL: it came in fragments. */
static void deliver(
	struct netdev *dev, const struct ipv4_header *h, const struct pkt *p, struct bytes payload)
{
	const struct ip_protocol *proto = ipv4_protocol(dev->net, h->protocol);
	struct ip_meta meta = {
		.dev = dev,
		.src = ip4_of(h->src),
		.dst = ip4_of(h->dst),
		.protocol = h->protocol,
		.csum_ok = p && p->csum_ok,
		.broadcast = h->broadcast,
		.more = p ? p->more : NULL,
	};

	if (proto)
		proto->input(&meta, payload);
	else
		dev->stats.no_port++;
}

static void reassemble(struct netdev *dev, const struct ipv4_header *h, struct bytes payload)
{
	struct frag_piece piece = {
		.src = h->src,
		.dst = h->dst,
		.id = h->id,
		.protocol = h->protocol,
		.offset = (h->frag & IPV4_OFFSET) * 8u,
		.more = h->frag & IPV4_MORE,
	};
	struct frag *f = frag_input(dev, &piece, payload);

	if (f) {
		deliver(dev, h, NULL, bytes_of(f->data, f->total));
		frag_free(f);
	}
}

void ipv4_input(struct netdev *dev, struct pkt *p)
{
	struct bytes b = bytes_of(p->data, p->len);
	uint32_t ours = ip4_u32(&dev->ip4.addr), all = broadcast_of(dev);
	struct ipv4_header h;

	if (!header_parse(&b, pkt_more(p), &h)) {
		dev->stats.bad_ip++;
		return;
	}
	h.broadcast = h.dst == all || h.dst == IPV4_BROADCAST;
	/* Other clients' DHCP messages come from 0.0.0.0: not malformed. */
	if (!h.src || (!h.broadcast && !is_for(ours, &h))) {
		dev->stats.rx_ignored++;
		return;
	}
	/* No honest host sends from there: RFC 1122 3.2.1.3, 3.3.6. Ourselves we do not hear. */
	if (!ip4_is_unicast(h.src) || h.src == all || h.src == ours) {
		dev->stats.bad_ip++;
		return;
	}
	if (p->more && (h.protocol != IPPROTO_TCP || (h.frag & (IPV4_MORE | IPV4_OFFSET))))
		dev->stats.rx_ignored++;
	else if (h.frag & (IPV4_MORE | IPV4_OFFSET))
		reassemble(dev, &h, b);
	else
		deliver(dev, &h, p, b);
}

bool ipv4_quote_parse(struct bytes b, struct ipv4_quote *q)
{
	const uint8_t *p = bytes_take(&b, IPV4_HEADER);

	/*
	 * RFC 792: only 8 bytes behind the header need to be there, so its length field and sum say
	 * nothing.
	 */
	if (!p || p[0] >> 4 != 4 || (p[0] & 0xf) < 5 || (wire_get16(p + 6) & IPV4_OFFSET))
		return false;
	q->protocol = p[9];
	q->src = ip4_of(wire_get32(p + 12));
	q->dst = ip4_of(wire_get32(p + 16));
	bytes_skip(&b, (p[0] & 0xfu) * 4 - IPV4_HEADER);
	q->src_port = bytes_u16(&b);
	q->dst_port = bytes_u16(&b);
	q->seq = bytes_u32(&b);
	return bytes_ok(&b);
}

bool ipv4_error(struct netdev *dev, const struct ipv4_quote *q, int err, uint16_t mtu)
{
	const struct ip_protocol *proto = ipv4_protocol(dev->net, q->protocol);

	if (!proto || !proto->error)
		return false;
	proto->error(dev, q, err, mtu);
	return true;
}

/* -- output -- */

static unsigned prefix_len(uint32_t mask)
{
	unsigned n = 0;

	for (; mask; mask <<= 1)
		n++;
	return n;
}

/* How well dev reaches dst, 0: not at all; *hop is the neighbour to send to, host order. */
static unsigned route_rank(const struct netdev *dev, uint32_t dst, uint32_t *hop)
{
	const struct ipv4_conf *c = &dev->ip4;
	uint32_t gateway = ip4_u32(&c->gateway);
	unsigned best = 0, rank;

	if (c->addr.family != IP_V4)
		return 0;
	if (gateway) {
		best = 1;
		*hop = gateway;
	}
	for (unsigned i = 0; i < c->nroutes; i++) {
		rank = 2 + 2 * prefix_len(c->routes[i].mask);
		if (rank > best && (dst & c->routes[i].mask) == c->routes[i].dst) {
			best = rank;
			/* RFC 3442: a gateway of 0.0.0.0 means that the net is on the link. */
			*hop = c->routes[i].gateway ? c->routes[i].gateway : dst;
		}
	}
	rank = 3 + 2 * prefix_len(c->mask);
	if (rank > best && !((dst ^ ip4_u32(&c->addr)) & c->mask)) {
		best = rank;
		*hop = dst;
	}
	return best;
}

struct netdev *ipv4_route_dev(struct net *net, const struct ip_addr *dst)
{
	struct netdev *best = NULL;
	unsigned best_rank = 0;
	uint32_t hop;

	for (unsigned i = 0; i < net->ndev; i++) {
		struct netdev *dev = &net->dev[i];
		unsigned rank = dev->is_open ? route_rank(dev, ip4_u32(dst), &hop) * 2 : 0;

		if (!rank)
			continue;
		rank += (dev->link_up ? 256u : 0) + (dev == net->boot_dev);
		if (rank > best_rank) {
			best_rank = rank;
			best = dev;
		}
	}
	return best;
}

void ipv4_suggest_gateway(struct netdev *dev, uint32_t gateway)
{
	struct ipv4_conf *ip = &dev->ip4;

	if (gateway && ip_is_any(&ip->gateway) && !((gateway ^ ip4_u32(&ip->addr)) & ip->mask))
		ip->gateway = ip4_of(gateway);
}

void ipv4_doubt(struct netdev *dev, const struct ip_addr *dst)
{
	uint32_t hop;
	struct ip_addr next_hop;

	if (!route_rank(dev, ip4_u32(dst), &hop))
		return;
	next_hop = ip4_of(hop);
	arp_doubt(dev, &next_hop);
}

static bool header_push(struct netdev *dev, struct pkt *p, const struct ip_addr *src,
	const struct ip_addr *dst, uint8_t protocol)
{
	uint8_t *h = pkt_push(p, IPV4_HEADER);

	if (!h)
		return false;
	h[0] = 4 << 4 | IPV4_HEADER / 4;
	h[1] = 0;
	wire_put16(h + 2, p->len);
	/*
	 * Routers on the way may fragment (RFC 6864 4.1) what only TCP would hear of otherwise (RFC
	 * 1191).
	 */
	wire_put16(h + 4, dev->net->ip_id++);
	wire_put16(h + 6, protocol == IPPROTO_TCP ? IPV4_DF : 0);
	h[8] = IPV4_TTL;
	h[9] = protocol;
	wire_put16(h + 10, 0);
	memcpy(h + 12, src->b, 4);
	memcpy(h + 16, dst->b, 4);
	wire_put16(h + 10, csum_fold(csum_add(0, h, IPV4_HEADER)));
	return true;
}

struct mac ipv4_group_mac(uint32_t group)
{
	return (struct mac){
		{0x01, 0x00, 0x5e, group >> 16 & 0x7f, group >> 8 & 0xff, group & 0xff}};
}

static void send_to_all(struct netdev *dev, struct pkt *p, uint32_t dst)
{
	struct mac group = ipv4_group_mac(dst);

	eth_send(dev, p, ip4_is_multicast(dst) ? &group : &mac_broadcast, ETH_IPV4);
}

int ipv4_send(struct netdev *dev, struct pkt *p, const struct ip_addr *src,
	const struct ip_addr *dst, uint8_t protocol)
{
	uint32_t to = ip4_u32(dst), hop_u32 = 0;
	bool all = ip4_is_multicast(to) || to == IPV4_BROADCAST || to == broadcast_of(dev);
	struct ip_addr hop;
	int rc = 0;

	/* On a closed link a packet would wait for its neighbour for ever. */
	if (!dev->is_open || (!all && (!ip4_is_unicast(to) || !route_rank(dev, to, &hop_u32) ||
					      to == ip4_u32(&dev->ip4.addr))))
		rc = -ERR_NO_ROUTE;
	else if (p->len + IPV4_HEADER > dev->mtu || !header_push(dev, p, src, dst, protocol))
		rc = -ERR_TOO_LONG;
	if (rc) {
		pkt_free(&dev->net->pool, p);
		return rc;
	}
	if (all) {
		send_to_all(dev, p, to);
	} else {
		hop = ip4_of(hop_u32);
		arp_send(dev, &hop, p);
	}
	return 0;
}
