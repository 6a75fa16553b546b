/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: TCP connections in every state, and what a peer, or somebody else, says to them.
 *
 * The input is a list of records; the low two bits of the first byte choose one of four
 *connections, the rest what happens:
 *
 *	0 open		4 send		8 close		12 abort	16 wake
 *	20 n		n * 100 ms pass
 *	24 n		place() takes n * 8 bytes at once, the room is as large
 *	28 c		callback c ends the connection
 *	32 e s m m	error e from below that quotes SND.UNA + s, MTU m
 *	36 SEGMENT	flags, how SEQ is from RCV.NXT (16 bits, signed), how ACK is from SND.UNA
 *(or SND.NXT when odd), window (16), timestamp (0: none, else from the last), length of data (16),
 *of options, these 40 SEGMENT	the same with its data in chains
 *
 * Whatever comes: each place is filled once and inside of the window, what is behind the front has
 * come, closed() is said once, answers are bounded, and in the end nothing is left.
 */
#include <stdlib.h>
#include <string.h>
#include "core/machine.h"
#include "net/net.h"
#include "tests/fake.h"

#define CONNS	  4
#define SPACE	  65536 /* bytes of a stream that are looked at */
#define TURNS_MAX 20000
#define PEER	  0x0a000009u
#define SENT_MAX  64 /* segments that one record may cause in one turn */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct user {
	struct stream *s;
	bool have[SPACE];
	uint64_t front, end;
	size_t take;
	unsigned opened, closed;
	int ends_at; /* callback that ends it, -1: none */
};

static struct fake fake;
static struct machine m;
static struct net net;
static struct user users[CONNS];
static unsigned sent;

static void check(bool good)
{
	if (!good)
		abort();
}

/* -- the users -- */

static bool ends(struct stream *s, int callback)
{
	struct user *u = s->ctx;

	if (u->ends_at != callback)
		return false;
	u->ends_at = -1;
	u->s = NULL;
	s->ops->abort(s);
	return true;
}

static void user_opened(struct stream *s)
{
	struct user *u = s->ctx;

	check(!u->opened++);
	ends(s, 0);
}

static void user_pull(struct stream *s, uint64_t off, uint8_t *dst, size_t n)
{
	struct user *u = s->ctx;

	check(n && off + n <= u->end);
	memset(dst, 'x', n);
	ends(s, 1);
}

static size_t user_place(struct stream *s, uint64_t off, struct bytes b)
{
	struct user *u = s->ctx;
	size_t n = b.n < u->take ? b.n : u->take;

	check(b.n && off >= u->front && off == (off & 0xffffffff));
	if (off >= SPACE)
		return 0;
	n = n < SPACE - off ? n : (size_t)(SPACE - off);
	for (size_t i = 0; i < n; i++) {
		check(!u->have[off + i]);
		u->have[off + i] = b.p[i] == 'y';
	}
	return ends(s, 2) ? 0 : n;
}

static uint64_t user_room(struct stream *s)
{
	struct user *u = s->ctx;
	uint64_t room = SPACE - s->front;

	return room < u->take ? room : u->take;
}

static void user_arrived(struct stream *s)
{
	struct user *u = s->ctx;

	check(s->front > u->front && s->front <= SPACE);
	for (; u->front < s->front; u->front++)
		check(u->have[u->front]);
	ends(s, 3);
}

static void user_finished(struct stream *s)
{
	ends(s, 4);
}

static void user_closed(struct stream *s, int rc)
{
	struct user *u = s->ctx;

	check(rc <= 0 && u->s == s);
	u->s = NULL;
}

static const struct stream_user stream_user = {
	.opened = user_opened,
	.pull = user_pull,
	.place = user_place,
	.room = user_room,
	.arrived = user_arrived,
	.finished = user_finished,
	.closed = user_closed,
};

/* -- the machine -- */

static int fuzz_open(struct netdev *dev)
{
	netdev_link(dev, true);
	return 0;
}

static void fuzz_close(struct netdev *dev)
{
	(void)dev;
}

static void fuzz_send(struct netdev *dev, struct pkt *p)
{
	uint8_t arp[28] = {0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 9};
	bool question = p->data[12] == 8 && p->data[13] == 6 && p->data[21] == 1;

	if (question) {
		memcpy(arp + 14, p->data + 38, 4);
		memcpy(arp + 18, dev->mac.b, 6);
		memcpy(arp + 24, p->data + 28, 4);
	}
	sent += !question;
	pkt_free(&dev->net->pool, p);
	if (question)
		arp_input(dev, arp, sizeof(arp));
}

static void fuzz_poll(struct netdev *dev, unsigned budget)
{
	(void)dev;
	(void)budget;
}

static const struct netdev_ops ops = {
	.open = fuzz_open, .close = fuzz_close, .send = fuzz_send, .poll = fuzz_poll};
static const struct ip_protocol protocols[] = {{.number = 0}};
static const struct filler_ops *const schemes[] = {NULL};
static const struct net_config net_config = {.protocols = protocols, .schemes = schemes};
static const struct service *const services[] = {&net_service, NULL};

static void pass(uint64_t us)
{
	uint64_t end = fake.now_us + us, due;

	for (unsigned i = 0; i < TURNS_MAX; i++) {
		sent = 0;
		due = machine_poll(&m);
		check(sent <= SENT_MAX);
		if (due > end) {
			fake.now_us = end;
			machine_poll(&m);
			return;
		}
		fake.now_us = due > fake.now_us ? due : fake.now_us + 1;
	}
	abort(); /* it spins */
}

static void start(void)
{
	static struct config config;
	struct netdev *dev;

	config = fake_config;
	config.services = services;
	config.net = &net_config;
	memset(&m, 0, sizeof(m));
	memset(users, 0, sizeof(users));
	fake_init(&fake, 4 << 20);
	fake.now_us = 0xfff00000; /* the lower half wraps soon */
	fake.seed = 1;
	net_init(&net, &m, &net_config);
	dev = netdev_new(&net);
	dev->ops = &ops;
	dev->driver = "fuzz";
	dev->mac = (struct mac){{2, 0, 0, 0, 0, 1}};
	dev->mtu_max = 1500;
	netdev_add(dev);
	check(!machine_init(&m, &net, &fake_platform, &fake, &config));
	check(!netdev_open(dev));
	dev->ip4.addr = ip4_of(0x0a000002);
	dev->ip4.mask = 0xffffff00;
}

/* -- what happens -- */

static void user_open(struct user *u)
{
	struct ip_addr peer = ip4_of(PEER);

	if (u->s)
		return;
	memset(u, 0, sizeof(*u));
	u->take = SPACE;
	u->ends_at = -1;
	check(!tcp_open(&net, &net.dev[0], &peer, 80, &stream_user, u, &u->s));
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

/* Hands the n bytes at b over; chained: after the header in pieces that grow. */
static void input(const uint8_t *b, size_t n, size_t head, bool chained)
{
	struct ip_meta meta = {.dev = &net.dev[0],
		.src = ip4_of(PEER),
		.dst = ip4_of(0x0a000002),
		.protocol = IPPROTO_TCP,
		.csum_ok = true};
	size_t first = chained ? head : n, pieces = 0;
	struct pkt p[16];
	uint8_t *block[16];

	for (size_t at = first, len; at < n; at += len, pieces++) {
		len = pieces == 15 || n - at < 7u << pieces ? n - at : 7u << pieces;
		block[pieces] = malloc(len);
		memcpy(block[pieces], b + at, len);
		p[pieces] = (struct pkt){.data = block[pieces], .len = (uint32_t)len};
		if (pieces)
			p[pieces - 1].more = &p[pieces];
	}
	meta.more = pieces ? p : NULL;
	{
		uint8_t *h = malloc(first);

		memcpy(h, b, first);
		sent = 0;
		tcp_input(&meta, bytes_of(h, first));
		free(h);
	}
	while (pieces--)
		free(block[pieces]);
	tcp_flush(&net);
	check(sent <= SENT_MAX);
}

/* A record of a segment, decoded; returns the bytes that it has in the input. */
static size_t segment(unsigned conn, bool chained, const uint8_t *r, size_t size)
{
	struct tcp *c = users[conn].s ? (struct tcp *)users[conn].s : &net.tcp[conn];
	static uint8_t b[60 + 4096];
	size_t n, options, head = 20;

	if (size < 10)
		return size;
	n = (size_t)(r[7] << 8 | r[8]) & 4095;
	options = r[9] & 63;
	options = options < size - 10 ? options : size - 10;
	memset(b, 1, sizeof(b));
	put32(b, c->ports);
	put32(b + 4, c->rcv_nxt + (uint32_t)(int16_t)(r[1] << 8 | r[2]));
	put32(b + 8, (r[3] & 1 ? c->snd_nxt : c->snd_una) + (uint32_t)((int8_t)r[3] / 2));
	b[13] = r[0];
	put16(b + 14, (uint32_t)r[4] << 8 | r[5]);
	if (r[6]) {
		b[22] = 8;
		b[23] = 10;
		put32(b + 24, c->ts_recent + r[6] - 2u);
		head += 12;
	}
	options = options < 60 - head ? options : 60 - head;
	memcpy(b + head, r + 10, options);
	head = (head + options + 3) & ~(size_t)3;
	b[12] = (uint8_t)(head / 4 << 4);
	memset(b + head, 'y', n);
	input(b, head + n, head, chained);
	return 10 + options;
}

static size_t error(unsigned conn, const uint8_t *r, size_t size)
{
	static const int errors[] = {ERR_UNREACHABLE, ERR_ARP_TIMEOUT, ERR_TOO_LONG};
	struct tcp *c = users[conn].s ? (struct tcp *)users[conn].s : &net.tcp[conn];
	struct ipv4_quote q = {.src = c->src,
		.dst = c->dst,
		.protocol = IPPROTO_TCP,
		.src_port = (uint16_t)c->ports,
		.dst_port = (uint16_t)(c->ports >> 16)};

	if (size < 4)
		return size;
	q.seq = c->snd_una + (uint32_t)(int8_t)r[1];
	tcp_error(&net.dev[0], &q, errors[r[0] % 3], (uint16_t)(r[2] << 8 | r[3]));
	return 4;
}

/* One record; returns its bytes behind the first. */
static size_t record(uint8_t what, const uint8_t *r, size_t size)
{
	unsigned conn = what & 3;
	struct user *u = &users[conn];
	uint8_t n = size ? r[0] : 0;

	switch (what / 4 % 11) {
	case 0:
		user_open(u);
		return 0;
	case 1:
		u->end += 700;
		if (u->s)
			u->s->ops->send(u->s, u->end);
		return 0;
	case 2:
		if (u->s)
			u->s->ops->close(u->s);
		return 0;
	case 3:
		if (u->s)
			u->s->ops->abort(u->s);
		u->s = NULL;
		return 0;
	case 4:
		if (u->s)
			u->s->ops->wake(u->s);
		return 0;
	case 5:
		pass(n * 100000ull);
		return 1;
	case 6:
		u->take = n * 8u;
		return 1;
	case 7:
		u->ends_at = n % 6;
		return 1;
	case 8:
		return error(conn, r, size);
	default:
		return segment(conn, what / 4 % 11 == 10, r, size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	start();
	while (size) {
		size_t n = 1;

		n += record(data[0], data + 1, size - 1);
		n = n < size ? n : size;
		data += n;
		size -= n;
		sent = 0;
		machine_poll(&m);
		check(sent <= SENT_MAX);
	}
	pass(130000000);
	for (struct user *u = users; u < users + CONNS; u++) {
		check(!u->s); /* all peers are silent: it is over */
		check(u->front <= SPACE);
	}
	for (struct tcp *c = net.tcp; c < net.tcp + TCP_MAX; c++)
		check(!c->state);
	check(!m.timers && !net.tcp_due && !net.tcp_now);
	machine_end(&m);
	check(net.pool.nfree == PKT_MAX && !net.pool.freed_twice);
	fake_end(&fake);
	return 0;
}
