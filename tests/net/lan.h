/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine with links that the test holds the other end of: frames it puts in are received, frames
 * the machine sends are kept. Built on tests/fake.h and, for the bytes of the wire, on the
 * simulator's own wire.h, which shares no code with net/. Header only; each test program has one
 * struct lan.
 *
 * A received frame lies in a heap block of exactly its size that is freed after the turn, so that
 * the sanitizer sees a protocol that reads past its end or keeps a pointer into it. lan_end()
 * checks that no packet was lost.
 */
#ifndef TESTS_NET_LAN_H
#define TESTS_NET_LAN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "core/config.h"
#include "core/machine.h"
#include "net/eth.h"
#include "net/icmp.h"
#include "net/net.h"
#include "tests/fake.h"
#include "tests/sim/wire.h"

#define LAN_FRAMES 512
#define LAN_LINKS  8

/* The first link is 10.0.0.2/24, the next 10.0.1.2/24 ... ; peers are .9 of the same nets. */
#define US(link)   IP4(10, 0, (link), 2)
#define PEER(link) IP4(10, 0, (link), 9)

struct frame {
	unsigned link;
	uint32_t len;
	uint8_t data[2048];
	bool csum_ok; /* as a device would say */
};

struct lan {
	struct fake fake;
	struct machine m;
	struct net net;
	unsigned nin, nout, taken;
	struct frame in[LAN_FRAMES], out[LAN_FRAMES];
	void *blocks[LAN_FRAMES]; /* under the received frames of this turn */
	unsigned nblocks;
	int open_result; /* what opening a link returns */
	unsigned opens, closes;
};

static const struct mac peer_mac = {{0x52, 0x54, 0, 0, 0, 9}};
static const struct mac other_mac = {{0x52, 0x54, 0, 0, 0, 10}};

static inline struct lan *lan_of(struct netdev *dev)
{
	struct lan *lan;

	memcpy(&lan, dev->priv, sizeof(lan));
	return lan;
}

static inline int lan_open(struct netdev *dev)
{
	struct lan *lan = lan_of(dev);

	lan->opens++;
	if (!lan->open_result)
		netdev_link(dev, true);
	return lan->open_result;
}

static inline void lan_close(struct netdev *dev)
{
	lan_of(dev)->closes++;
}

static inline void lan_send(struct netdev *dev, struct pkt *p)
{
	struct lan *lan = lan_of(dev);
	struct frame *f = &lan->out[lan->nout++];

	assert_true(lan->nout <= LAN_FRAMES);
	assert_true(p->len >= 60 && p->len <= 14u + dev->mtu);
	assert_memory_equal(p->data + 6, dev->mac.b, 6);
	f->link = dev->index;
	f->len = p->len;
	memcpy(f->data, p->data, p->len);
	pkt_free(&dev->net->pool, p);
}

static inline void lan_poll(struct netdev *dev, unsigned budget)
{
	struct lan *lan = lan_of(dev);
	unsigned kept = 0;

	for (unsigned i = 0; i < lan->nin; i++) {
		struct frame *f = &lan->in[i];
		struct pkt *p;

		if (f->link != dev->index || !budget || !(p = pkt_alloc(&dev->net->pool))) {
			if (kept != i)
				lan->in[kept] = *f;
			kept++;
			continue;
		}
		budget--;
		p->data = malloc(f->len ? f->len : 1);
		p->len = f->len;
		p->csum_ok = f->csum_ok;
		memcpy(p->data, f->data, f->len);
		lan->blocks[lan->nblocks++] = p->data;
		netdev_rx(dev, p);
	}
	lan->nin = kept;
}

static const struct netdev_ops lan_ops = {
	.open = lan_open, .close = lan_close, .send = lan_send, .poll = lan_poll};

static const struct ip_protocol lan_protocols[] = {
	{.number = IPPROTO_TCP, .input = tcp_input, .error = tcp_error},
	{.number = IPPROTO_UDP, .input = udp_input, .error = udp_error},
	{.number = IPPROTO_ICMP, .input = icmp_input},
	{.number = 0},
};
static const struct filler_ops *const lan_schemes[] = {NULL};
static const struct net_config lan_net_config = {
	.protocols = lan_protocols, .schemes = lan_schemes};

static inline struct netdev *lan_link(struct lan *lan, unsigned i)
{
	assert_true(i < lan->net.ndev);
	return &lan->net.dev[i];
}

static inline struct netdev *lan_add(struct lan *lan)
{
	struct netdev *dev = netdev_new(&lan->net);

	assert_non_null(dev);
	dev->ops = &lan_ops;
	dev->driver = "lan";
	dev->mac = (struct mac){{0x52, 0x54, 0, 0, 1, dev->index}};
	dev->mtu_max = 1500;
	memcpy(dev->priv, &lan, sizeof(lan));
	netdev_add(dev);
	return dev;
}

static inline void lan_configure(struct netdev *dev)
{
	dev->ip4.addr = ip4_of(US(dev->index));
	dev->ip4.mask = 0xffffff00;
}

/* One turn; returns what machine_poll() did. */
static inline uint64_t lan_turn(struct lan *lan)
{
	uint64_t next = machine_poll(&lan->m);

	while (lan->nblocks)
		free(lan->blocks[--lan->nblocks]);
	return next;
}

/* Turns until us later, each at the time the last one asked for, and one then. */
static inline void lan_pass(struct lan *lan, uint64_t us)
{
	uint64_t end = lan->fake.now_us + us;

	for (unsigned i = 0; i < 100000; i++) {
		uint64_t next = lan_turn(lan);

		if (next <= lan->fake.now_us)
			next = lan->fake.now_us + 1;
		if (next > end) {
			lan->fake.now_us = end;
			lan_turn(lan);
			return;
		}
		lan->fake.now_us = next;
	}
	fail_msg("the machine spins");
}

/* A machine with n open and configured links that have not sent anything yet. */
static inline struct lan *lan_new(unsigned n)
{
	static const struct service *const services[] = {&net_service, NULL};
	static struct config config;
	struct lan *lan = aligned_alloc(_Alignof(struct lan), sizeof(*lan));

	assert_non_null(lan);
	memset(lan, 0, sizeof(*lan));
	config = fake_config;
	config.services = services;
	config.net = &lan_net_config;
	fake_init(&lan->fake, 16 << 20);
	lan->fake.now_us = 1000000;
	memset(&lan->net, 0xa5, sizeof(lan->net)); /* as memory is when a machine starts */
	net_init(&lan->net, &lan->m, &lan_net_config);
	for (unsigned i = 0; i < n; i++)
		lan_add(lan);
	assert_int_equal(machine_init(&lan->m, &lan->net, &fake_platform, &lan->fake, &config), 0);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(netdev_open(lan_link(lan, i)), 0);
	lan_turn(lan);
	for (unsigned i = 0; i < n; i++)
		lan_configure(lan_link(lan, i));
	assert_int_equal(lan->nout, 0);
	return lan;
}

/* Ends the machine: all packets must be back in the pool. */
static inline void lan_end(struct lan *lan)
{
	machine_end(&lan->m);
	assert_int_equal(lan->net.pool.nfree, PKT_MAX);
	assert_int_equal(lan->net.pool.freed_twice, 0);
	fake_end(&lan->fake);
	free(lan);
}

/* The oldest frame sent that was not looked at yet; NULL for none. */
static inline struct frame *lan_take(struct lan *lan)
{
	return lan->taken < lan->nout ? &lan->out[lan->taken++] : NULL;
}

static inline struct frame *lan_put(struct lan *lan, unsigned link, const struct frame *f)
{
	struct frame *in = &lan->in[lan->nin++];

	assert_true(lan->nin <= LAN_FRAMES);
	*in = *f;
	in->link = link;
	return in;
}

/* Puts a frame in and runs the turn in which it is received. */
static inline void lan_receive(struct lan *lan, unsigned link, const struct frame *f)
{
	lan_put(lan, link, f);
	lan_turn(lan);
	assert_int_equal(lan->nin, 0);
}

/* -- frames from the other side -- */

static inline struct frame frame_eth(const struct mac *dst, const struct mac *src, unsigned type,
	const void *payload, uint32_t n)
{
	struct frame f = {.len = 14 + n};

	memcpy(f.data, dst->b, 6);
	memcpy(f.data + 6, src->b, 6);
	wire_put16(f.data + 12, type);
	if (n)
		memcpy(f.data + 14, payload, n);
	return f;
}

struct arp {
	unsigned op;
	struct mac sha, tha;
	uint32_t spa, tpa;
};

static inline struct frame frame_arp(const struct mac *dst, const struct arp *a)
{
	uint8_t b[46] = {0, 1, 8, 0, 6, 4};

	wire_put16(b + 6, a->op);
	memcpy(b + 8, a->sha.b, 6);
	wire_put32(b + 14, a->spa);
	memcpy(b + 18, a->tha.b, 6);
	wire_put32(b + 24, a->tpa);
	return frame_eth(dst, &a->sha, 0x0806, b, sizeof(b));
}

static inline bool frame_is_arp(const struct frame *f, struct arp *a)
{
	static const uint8_t head[] = {8, 6, 0, 1, 8, 0, 6, 4};

	if (!f || f->len < 60 || memcmp(f->data + 12, head, sizeof(head)))
		return false;
	a->op = wire_get16(f->data + 20);
	memcpy(a->sha.b, f->data + 22, 6);
	a->spa = wire_get32(f->data + 28);
	memcpy(a->tha.b, f->data + 32, 6);
	a->tpa = wire_get32(f->data + 38);
	return true;
}

struct ip {
	uint32_t src, dst;
	uint8_t protocol;
	uint16_t id, frag; /* frag: flags and offset as on the wire */
	uint8_t options[40];
	unsigned noptions; /* a multiple of 4 */
};

static inline void ip_sum(struct frame *f)
{
	uint32_t len = (f->data[14] & 15u) * 4;

	wire_put16(f->data + 24, 0);
	wire_put16(f->data + 24, wire_fold(wire_sum(0, f->data + 14, len)));
}

static inline struct frame frame_ip(
	const struct mac *dst, const struct ip *ip, const void *payload, uint32_t n)
{
	uint32_t head = 20 + ip->noptions;
	uint8_t b[1600] = {(uint8_t)(0x40 | head / 4)};
	struct frame f;

	wire_put16(b + 2, head + n);
	wire_put16(b + 4, ip->id);
	wire_put16(b + 6, ip->frag);
	b[8] = 1; /* TTL: nobody looks */
	b[9] = ip->protocol;
	wire_put32(b + 12, ip->src);
	wire_put32(b + 16, ip->dst);
	memcpy(b + 20, ip->options, ip->noptions);
	if (n)
		memcpy(b + head, payload, n);
	f = frame_eth(dst, &peer_mac, 0x0800, b, head + n);
	ip_sum(&f);
	if (f.len < 60)
		f.len = 60;
	return f;
}

/* A UDP header with a right checksum and its payload, into b; returns the length. */
static inline uint32_t udp_make(uint8_t *b, uint32_t src, uint32_t dst, unsigned sport,
	unsigned dport, const void *payload, uint32_t n)
{
	uint8_t pseudo[12] = {0};
	uint16_t sum;

	wire_put16(b, sport);
	wire_put16(b + 2, dport);
	wire_put16(b + 4, 8 + n);
	wire_put16(b + 6, 0);
	if (n)
		memcpy(b + 8, payload, n);
	wire_put32(pseudo, src);
	wire_put32(pseudo + 4, dst);
	pseudo[9] = 17;
	wire_put16(pseudo + 10, 8 + n);
	sum = wire_fold(wire_sum(wire_sum(0, pseudo, 12), b, 8 + n));
	wire_put16(b + 6, sum ? sum : 0xffff);
	return 8 + n;
}

/* A datagram from the link's peer to us. */
static inline struct frame frame_udp(struct lan *lan, unsigned link, unsigned sport, unsigned dport,
	const void *payload, uint32_t n)
{
	struct ip ip = {.src = PEER(link), .dst = US(link), .protocol = 17, .id = 7};
	uint8_t b[1600];

	return frame_ip(&lan_link(lan, link)->mac, &ip, b,
		udp_make(b, ip.src, ip.dst, sport, dport, payload, n));
}

/* Makes the peer of a link known, and takes the packets of that away. */
static inline void lan_meet(struct lan *lan, unsigned link)
{
	struct netdev *dev = lan_link(lan, link);
	struct arp a = {
		.op = 2, .sha = peer_mac, .spa = PEER(link), .tha = dev->mac, .tpa = US(link)};
	struct ip_addr peer = ip4_of(PEER(link));
	struct pkt *p = udp_alloc(&lan->net);
	struct frame f = frame_arp(&dev->mac, &a);

	assert_non_null(p);
	arp_send(dev, &peer, p);
	lan_receive(lan, link, &f);
	lan->nout = lan->taken = 0;
}

/* -- a socket that remembers what it was told -- */

struct ear {
	struct udp_sock s;
	unsigned heard, errors;
	struct ip_meta meta;
	uint16_t src_port;
	uint8_t data[FRAG_DATAGRAM_MAX];
	size_t n;
	int err;
	struct ip_addr err_dst;
	uint16_t err_port;
	bool close; /* when something is heard */
};

static inline void ear_input(
	struct udp_sock *s, const struct ip_meta *meta, uint16_t src_port, struct bytes b)
{
	struct ear *ear = s->ctx;

	ear->heard++;
	ear->meta = *meta;
	ear->src_port = src_port;
	ear->n = b.n;
	assert_true(b.n <= sizeof(ear->data));
	if (b.n)
		memcpy(ear->data, b.p, b.n);
	if (ear->close)
		udp_close(meta->dev->net, s);
}

static inline void ear_error(
	struct udp_sock *s, int err, const struct ip_addr *dst, uint16_t dst_port)
{
	struct ear *ear = s->ctx;

	ear->errors++;
	ear->err = err;
	ear->err_dst = *dst;
	ear->err_port = dst_port;
}

static inline void ear_open(struct lan *lan, struct ear *ear, struct netdev *dev, uint16_t port)
{
	memset(ear, 0, sizeof(*ear));
	ear->s.input = ear_input;
	ear->s.error = ear_error;
	ear->s.ctx = ear;
	assert_int_equal(udp_open(&lan->net, &ear->s, dev, port), 0);
}

/* Sends text to ip:port and returns what udp_send() says. */
static inline int ear_say(
	struct lan *lan, struct ear *ear, uint32_t ip, uint16_t port, const char *text)
{
	struct pkt *p = udp_alloc(&lan->net);
	struct ip_addr dst = ip4_of(ip);

	assert_non_null(p);
	memcpy(pkt_put(p, strlen(text)), text, strlen(text));
	return udp_send(&lan->net, &ear->s, NULL, p, NULL, &dst, port);
}

#endif
