/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UDP (RFC 768, RFC 1122 4.1). Sockets are a list that udp_open() bounds to UDP_SOCK_MAX. Datagrams
 * for a port that nobody has are counted and not answered: a boot firmware need not help those who
 * scan it.
 */
#include "net/udp.h"
#include "core/csum.h"
#include "core/err.h"
#include "core/machine.h"
#include "net/eth.h"
#include "net/net.h"
#include "net/netdev.h"
#include "net/pkt.h"
#include "net/wire.h"

#define UDP_PORT_FIRST 49152u /* dynamic ports (RFC 6335 6) */
#define UDP_PORT_TRIES 64

static bool devs_meet(const struct netdev *a, const struct netdev *b)
{
	return !a || !b || a == b;
}

/* The socket that takes `port` on dev (NULL: on any). */
static struct udp_sock *udp_find(struct net *net, const struct netdev *dev, uint16_t port)
{
	struct udp_sock *s = net->socks;

	while (s && (s->port != port || !devs_meet(s->dev, dev)))
		s = s->next;
	return s;
}

/*
 * A free port that an attacker cannot guess; 0 when there is none, which so few sockets cannot make
 * happen.
 */
static uint16_t udp_free_port(struct net *net, const struct netdev *dev)
{
	for (unsigned i = 0; i < UDP_PORT_TRIES; i++) {
		uint16_t port =
			(uint16_t)(UDP_PORT_FIRST + rng_below(net->m, 0x10000 - UDP_PORT_FIRST));

		if (!udp_find(net, dev, port))
			return port;
	}
	return 0;
}

int udp_open(struct net *net, struct udp_sock *s, struct netdev *dev, uint16_t port)
{
	unsigned n = 0;

	udp_close(net, s);
	for (const struct udp_sock *other = net->socks; other; other = other->next)
		n++;
	if (!port)
		port = udp_free_port(net, dev);
	if (!port || n >= UDP_SOCK_MAX || udp_find(net, dev, port))
		return err_set(net->m, ERR_NO_SOCKET, "UDP port %u", port);
	s->dev = dev;
	s->port = port;
	s->next = net->socks;
	net->socks = s;
	return 0;
}

void udp_close(struct net *net, struct udp_sock *s)
{
	for (struct udp_sock **at = &net->socks; *at; at = &(*at)->next) {
		if (*at == s) {
			*at = s->next;
			s->next = NULL;
			return;
		}
	}
}

struct pkt *udp_alloc(struct net *net)
{
	/* The headroom of every packet has room for them: */
	_Static_assert(
		PKT_HEADROOM >= ETH_HEADER + IPV4_HEADER + UDP_HEADER, "headers fit the headroom");
	return pkt_alloc(&net->pool);
}

static int udp_refuse(struct net *net, struct pkt *p, const struct netdev *dev,
	const struct ip_addr *dst, uint16_t dst_port, enum err code)
{
	char text[IP_STR_MAX];

	if (p)
		pkt_free(&net->pool, p);
	return err_set(net->m, code, "%s: UDP to %s port %u", dev ? dev->name : "any link",
		ip_str(dst, text), dst_port);
}

int udp_send(struct net *net, struct udp_sock *s, struct netdev *dev, struct pkt *p,
	const struct ip_addr *src, const struct ip_addr *dst, uint16_t dst_port)
{
	uint32_t len;
	uint16_t sum;
	uint8_t *h;
	int rc;

	if (!dev)
		dev = s->dev ? s->dev : ipv4_route_dev(net, dst);
	if (!dev)
		return udp_refuse(net, p, dev, dst, dst_port, ERR_NO_ROUTE);
	if (!src)
		src = &dev->ip4.addr;
	if (src->family == IP_NONE)
		return udp_refuse(net, p, dev, dst, dst_port, ERR_NO_ADDRESS);
	h = pkt_push(p, UDP_HEADER);
	if (!h)
		return udp_refuse(net, p, dev, dst, dst_port, ERR_TOO_LONG);
	len = p->len;
	wire_put16(h, s->port);
	wire_put16(h + 2, dst_port);
	wire_put16(h + 4, len);
	wire_put16(h + 6, 0);
	sum = csum_fold(csum_add(ipv4_csum_pseudo(src, dst, IPPROTO_UDP, len), h, len));
	wire_put16(h + 6, sum ? sum : 0xffff); /* RFC 768: 0 would mean that there is none */
	rc = ipv4_send(dev, p, src, dst, IPPROTO_UDP);
	return rc ? udp_refuse(net, NULL, dev, dst, dst_port, (enum err) - rc) : 0;
}

/* Whether the checksum of the datagram in b is right, absent, or was seen to by the device. */
static bool udp_csum_ok(const struct ip_meta *meta, const struct bytes *b, uint16_t sum)
{
	if (!sum || meta->csum_ok)
		return true;
	return !csum_fold(csum_add(
		ipv4_csum_pseudo(&meta->src, &meta->dst, IPPROTO_UDP, (uint32_t)b->n), b->p, b->n));
}

void udp_input(const struct ip_meta *meta, struct bytes payload)
{
	struct bytes b = payload;
	const uint8_t *h = bytes_take(&payload, UDP_HEADER);
	uint16_t len = h ? wire_get16(h + 4) : 0;
	struct udp_sock *s;

	if (len < UDP_HEADER || len > b.n)
		goto bad;
	b.n = len;
	payload.n = len - (size_t)UDP_HEADER;
	s = udp_find(meta->dev->net, meta->dev, wire_get16(h + 2));
	if (!s) {
		meta->dev->stats.no_port++;
		return;
	}
	if (!udp_csum_ok(meta, &b, wire_get16(h + 6)))
		goto bad;
	s->input(s, meta, wire_get16(h), payload);
	return;
bad:
	meta->dev->stats.bad_udp++;
}

void udp_error(struct netdev *dev, const struct ipv4_quote *q, int err, uint16_t mtu)
{
	struct udp_sock *s = udp_find(dev->net, dev, q->src_port);

	(void)mtu; /* routers may fragment what we send */
	if (s && s->error && err != ERR_TOO_LONG)
		s->error(s, err, &q->dst, q->dst_port);
}
