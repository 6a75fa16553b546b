/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine whose HTTP runs over streams that the test holds the other end of: what it asks is
 * text, what it hears is bytes in any order and pieces. Header only; the contract of net/stream.h
 * is checked, and what breaks it aborts.
 */
#ifndef TESTS_NET_HTTP_RIG_H
#define TESTS_NET_HTTP_RIG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/config.h"
#include "core/machine.h"
#include "net/http.h"
#include "net/net.h"
#include "tests/fake.h"

#define RIG_PEERS   64
#define RIG_TEXT    65536
#define RIG_SERVER  0x0a000009u
#define RIG_SECOND  1000000u
#define RIG_SILENCE (70 * RIG_SECOND)

/* The other end of one connection. */
struct peer {
	struct stream s;
	bool live;     /* the user has not been told, nor said, that it is over */
	bool aborted;  /* by the user */
	bool closing;  /* the user sends no more */
	bool finished; /* the test has said that it sends no more */
	bool opened;
	struct ip_addr to;
	uint16_t port;
	uint64_t end;	/* of what the user sends */
	uint64_t asked; /* of it, what rig_request() has returned */
	uint64_t sent;	/* of what the user hears */
	unsigned wakes; /* times that the user said that there is more room */
	struct ranges taken;
};

struct rig {
	struct fake fake;
	struct machine m;
	struct net net;
	struct fetch *f;
	struct peer peer[RIG_PEERS];
	unsigned npeers;
	int refuse; /* what dialling returns */
	char text[RIG_TEXT];
};

static struct rig rig;

static inline void rig_check(bool good, const char *what)
{
	if (!good) {
		fprintf(stderr, "rig: %s\n", what);
		abort();
	}
}

/* -- the stream -- */

static inline struct peer *peer_of(struct stream *s)
{
	return (struct peer *)s;
}

static inline void peer_send(struct stream *s, uint64_t end)
{
	rig_check(peer_of(s)->live && end >= peer_of(s)->end, "send");
	peer_of(s)->end = end;
}

static inline void peer_close(struct stream *s)
{
	rig_check(peer_of(s)->live, "close");
	peer_of(s)->closing = true;
}

static inline void peer_abort(struct stream *s)
{
	rig_check(peer_of(s)->live, "abort");
	peer_of(s)->live = false;
	peer_of(s)->aborted = true;
}

static inline void peer_wake(struct stream *s)
{
	rig_check(peer_of(s)->live, "wake");
	peer_of(s)->wakes++;
}

static const struct stream_ops peer_ops = {peer_send, peer_close, peer_abort, peer_wake};

static inline int rig_dial(struct net *net, struct netdev *dev, const struct ip_addr *dst,
	uint16_t port, const struct stream_user *user, void *ctx, struct stream **out)
{
	struct peer *p = &rig.peer[rig.npeers];

	rig_check(net == &rig.net && dev == &net->dev[0], "dial");
	if (rig.refuse)
		return rig.refuse;
	if (rig.npeers == RIG_PEERS)
		return -ERR_NO_SOCKET;
	rig.npeers++;
	*p = (struct peer){.s = {.ops = &peer_ops, .user = user, .ctx = ctx}, .live = true};
	p->to = *dst;
	p->port = port;
	*out = &p->s;
	return 0;
}

/* -- the machine -- */

static inline int rig_dev_open(struct netdev *dev)
{
	netdev_link(dev, true);
	return 0;
}

static inline void rig_dev_close(struct netdev *dev)
{
	(void)dev;
}

static inline void rig_dev_send(struct netdev *dev, struct pkt *p)
{
	pkt_free(&dev->net->pool, p);
}

static inline void rig_dev_poll(struct netdev *dev, unsigned budget)
{
	(void)dev;
	(void)budget;
}

static const struct netdev_ops rig_dev_ops = {
	.open = rig_dev_open, .close = rig_dev_close, .send = rig_dev_send, .poll = rig_dev_poll};
static const struct http_scheme rig_scheme = {
	{"http", http_start, http_cancel, http_more}, 80, rig_dial};
static const struct filler_ops *const rig_schemes[] = {&rig_scheme.ops, NULL};
static const struct ip_protocol rig_protocols[] = {{.number = 0}};
static const struct net_config rig_net = {
	.protocols = rig_protocols, .schemes = rig_schemes, .http_digest = http_auth_response};
static const struct service *const rig_services[] = {&net_service, NULL};

static inline void rig_init(void)
{
	static struct config config;
	struct netdev *dev;

	config = fake_config;
	config.services = rig_services;
	config.net = &rig_net;
	config.version = "9.9";
	memset(&rig.m, 0, sizeof(rig.m));
	fake_init(&rig.fake, 16 << 20);
	rig.npeers = 0;
	rig.refuse = 0;
	rig.f = NULL;
	net_init(&rig.net, &rig.m, &rig_net);
	dev = netdev_new(&rig.net);
	dev->ops = &rig_dev_ops;
	dev->driver = "rig";
	dev->mac = (struct mac){{2, 0, 0, 0, 0, 1}};
	dev->mtu_max = 1500;
	netdev_add(dev);
	rig_check(!machine_init(&rig.m, &rig.net, &fake_platform, &rig.fake, &config), "init");
	rig_check(!netdev_open(dev), "open");
	dev->ip4.addr = ip4_of(0x0a000002);
	dev->ip4.mask = 0xffffff00;
}

/* Nothing is left over. */
static inline void rig_end(void)
{
	if (rig.f)
		fetch_cancel(rig.f);
	for (unsigned i = 0; i < HTTP_CONN_MAX; i++)
		rig_check(!rig.net.http[i].f, "a connection works for nobody");
	rig_check(!rig.m.timers, "a timer is left");
	rig_check(!image_nth(&rig.m, 0), "an image is left");
	machine_end(&rig.m);
	rig_check(rig.net.pool.nfree == PKT_MAX, "packets are lost");
	fake_end(&rig.fake);
}

static inline void rig_pass(uint64_t us)
{
	uint64_t end = rig.fake.now_us + us, due;

	for (unsigned i = 0; i < 100000; i++) {
		due = machine_poll(&rig.m);
		if (due > end) {
			rig.fake.now_us = end;
			machine_poll(&rig.m);
			return;
		}
		rig.fake.now_us = due > rig.fake.now_us ? due : rig.fake.now_us + 1;
	}
	rig_check(false, "it spins");
}

/* -- what the test does -- */

static inline void peer_open(struct peer *p)
{
	p->opened = true;
	p->s.user->opened(&p->s);
}

/* What was asked since the last time, "" for nothing; good until the next call. */
static inline const char *peer_request(struct peer *p)
{
	size_t n = (size_t)(p->end - p->asked);

	rig_check(p->live && p->opened && n < RIG_TEXT, "request");
	if (n) {
		char *exact = malloc(n);

		p->s.user->pull(&p->s, p->asked, (uint8_t *)exact, n);
		memcpy(rig.text, exact, n);
		free(exact);
	}
	rig.text[n] = 0;
	p->asked = p->end;
	return rig.text;
}

static inline uint64_t ranges_high(const struct ranges *rs)
{
	return rs->n ? rs->r[rs->n - 1].end : 0;
}

/* Bytes of position off on, of which some may have been taken before: a segment as TCP has it. */
static inline void peer_data_at(struct peer *p, uint64_t off, const void *data, size_t n)
{
	struct range hole;
	uint64_t at = off, before = p->s.front;
	size_t took;
	uint8_t *b;

	for (; p->live && !p->finished && ranges_hole(&p->taken, at, off + n, &hole);
		at = hole.end) {
		size_t len = (size_t)(hole.end - hole.start);

		b = malloc(len);
		memcpy(b, (const uint8_t *)data + (hole.start - off), len);
		took = p->s.user->place(&p->s, hole.start, bytes_of(b, len));
		free(b);
		rig_check(took <= len, "took more than there was");
		if (!p->live)
			return;
		if (took && hole.start > ranges_high(&p->taken))
			p->s.holes++;
		ranges_add(&p->taken, hole.start, hole.start + took);
		p->s.front = ranges_front(&p->taken);
		rig_check((rig.f && (rig.f->ring || rig.f->open)) || p->s.user->room(&p->s) > 0,
			"no room is offered");
	}
	if (p->live && p->s.front > before)
		p->s.user->arrived(&p->s);
}

static inline void peer_data(struct peer *p, const void *data, size_t n)
{
	uint64_t at = p->sent;

	p->sent += n;
	peer_data_at(p, at, data, n);
}

/* What was asked before counts as heard. */
static inline void peer_text(struct peer *p, const char *text)
{
	p->asked = p->end;
	peer_data(p, text, strlen(text));
}

/* The server has sent all and says so. */
static inline void peer_fin(struct peer *p)
{
	if (!p->live || p->finished)
		return;
	p->finished = true;
	p->s.user->finished(&p->s);
}

static inline void peer_gone(struct peer *p, int rc)
{
	if (!p->live)
		return;
	p->live = false;
	p->s.user->closed(&p->s, rc);
}

static inline uint8_t file_byte(uint64_t off)
{
	return (uint8_t)(off * 7 + off / 251);
}

/* Bytes [from, to) of the file. */
static inline void peer_file(struct peer *p, uint64_t from, uint64_t to)
{
	uint8_t b[4096];

	while (from < to && p->live) {
		size_t n = to - from < sizeof(b) ? (size_t)(to - from) : sizeof(b);

		for (size_t i = 0; i < n; i++)
			b[i] = file_byte(from + i);
		peer_data(p, b, n);
		from += n;
	}
}

/* How many connections are in use or kept. */
static inline unsigned rig_live(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < rig.npeers; i++)
		n += rig.peer[i].live && !rig.peer[i].closing;
	return n;
}

#endif
