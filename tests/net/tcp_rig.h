/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TCP connection of the machine with a user that checks each byte, and a peer by hand, for the
 * unit tests of net/tcp*.c. What RFCs promise on the wire is told by the scripts in tests/net/tcp;
 * here are the insides: chains, islands, caps, callbacks, pools. Header only.
 */
#ifndef TESTS_NET_TCP_RIG_H
#define TESTS_NET_TCP_RIG_H

#include "net/tcp.h"
#include "tests/net/tcp_wire.h"

#define RIG_BYTES    (4 << 20)
#define RIG_PEER_ISN 0xfffff000u /* numbers wrap soon */
#define MS	     1000ull
#define S	     1000000ull

enum event { OPENED, PLACED, ARRIVED, FINISHED, CLOSED, PULLED, EVENTS };

struct rig {
	struct lan *lan;
	struct stream *s;
	bool *have;	   /* RIG_BYTES: that were placed */
	uint64_t room_end; /* of positions that there is room for */
	uint64_t take;	   /* place() takes no more at once */
	unsigned told[EVENTS];
	int rc; /* that closed() said */
	void (*on)(struct rig *r, enum event e);

	uint16_t port; /* ours */
	uint32_t isn;  /* ours */
	struct segment last;
	unsigned has; /* options in each segment of the peer */
	uint32_t ts_val;
};

static inline uint8_t byte_at(uint64_t off)
{
	return (uint8_t)(off * 7 + off / 251);
}

static inline void tell(struct rig *r, enum event e)
{
	r->told[e]++;
	if (r->on)
		r->on(r, e);
}

static inline void rig_opened(struct stream *s)
{
	tell(s->ctx, OPENED);
}

static inline void rig_pull(struct stream *s, uint64_t off, uint8_t *dst, size_t n)
{
	for (size_t i = 0; i < n; i++)
		dst[i] = byte_at(off + i);
	tell(s->ctx, PULLED);
}

static inline size_t rig_place(struct stream *s, uint64_t off, struct bytes b)
{
	struct rig *r = s->ctx;
	size_t n = b.n < r->take ? b.n : (size_t)r->take;

	assert_true(b.n && off >= s->front);
	if (off >= r->room_end)
		return 0;
	if (n > r->room_end - off)
		n = (size_t)(r->room_end - off);
	assert_true(off + n <= RIG_BYTES);
	for (size_t i = 0; i < n; i++) {
		if (r->have[off + i])
			fail_msg("byte %llu comes twice", (unsigned long long)(off + i));
		assert_int_equal(b.p[i], byte_at(off + i));
		r->have[off + i] = true;
	}
	tell(r, PLACED);
	return n;
}

static inline uint64_t rig_room(struct stream *s)
{
	struct rig *r = s->ctx;

	return r->room_end - s->front;
}

static inline void rig_arrived(struct stream *s)
{
	struct rig *r = s->ctx;

	assert_true(s->front && r->have[s->front - 1]);
	tell(r, ARRIVED);
}

static inline void rig_finished(struct stream *s)
{
	tell(s->ctx, FINISHED);
}

static inline void rig_closed(struct stream *s, int rc)
{
	struct rig *r = s->ctx;

	r->rc = rc;
	r->s = NULL;
	tell(r, CLOSED);
}

static const struct stream_user rig_user = {
	.opened = rig_opened,
	.pull = rig_pull,
	.place = rig_place,
	.room = rig_room,
	.arrived = rig_arrived,
	.finished = rig_finished,
	.closed = rig_closed,
};

static inline struct tcp *rig_tcp(struct rig *r)
{
	return (struct tcp *)r->s;
}

/* The next TCP segment that the machine sent, in r->last; false: none. */
static inline bool rig_next(struct rig *r)
{
	struct frame *f;

	while ((f = lan_take(r->lan)) != NULL) {
		const char *bad;

		if (f->data[12] != 8 || f->data[13] != 0 || f->data[23] != 6)
			continue;
		bad = segment_parse(&r->last, f);
		if (bad)
			fail_msg("sent: %s", bad);
		return true;
	}
	r->lan->nout = r->lan->taken = 0;
	return false;
}

/* The only one. */
static inline void rig_one(struct rig *r)
{
	struct segment s;

	assert_true(rig_next(r));
	s = r->last;
	if (rig_next(r))
		fail_msg("more than one segment");
	r->last = s;
}

static inline void rig_quiet(struct rig *r)
{
	if (rig_next(r))
		fail_msg("flags %x, %u bytes sent", r->last.flags, r->last.n);
}

/* A segment from the peer: n bytes of the stream from off on. */
static inline struct segment rig_segment(
	struct rig *r, unsigned flags, uint64_t off, uint32_t n, uint64_t acked)
{
	struct segment s = {.src = PEER(0),
		.dst = US(0),
		.sport = 80,
		.dport = r->port,
		.flags = (uint8_t)flags,
		.win = 65535,
		.has = r->has & HAS_TS,
		.ts_val = r->ts_val,
		.n = n};

	s.seq = RIG_PEER_ISN + 1 + (uint32_t)off;
	s.ack = r->isn + 1 + (uint32_t)acked;
	assert_true(n <= SEG_DATA_MAX);
	for (uint32_t i = 0; i < n; i++)
		s.data[i] = byte_at(off + i);
	return s;
}

static inline void rig_put(struct rig *r, const struct segment *s)
{
	struct frame f = segment_frame(r->lan, s);

	if (lan_link(r->lan, 0)->is_open)
		lan_receive(r->lan, 0, &f);
}

static inline void rig_data(struct rig *r, uint64_t off, uint32_t n)
{
	struct segment s = rig_segment(r, ACK, off, n, 0);

	rig_put(r, &s);
}

/* As far as the SYN, which is in r->last. */
static inline struct rig *rig_start(struct lan *lan)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct ip_addr peer = ip4_of(PEER(0));

	assert_non_null(r);
	r->have = calloc(RIG_BYTES, 1);
	assert_non_null(r->have);
	r->lan = lan;
	r->room_end = RIG_BYTES;
	r->take = UINT64_MAX;
	assert_int_equal(tcp_open(&lan->net, lan_link(lan, 0), &peer, 80, &rig_user, r, &r->s), 0);
	rig_one(r);
	assert_int_equal(r->last.flags, SYN);
	r->port = r->last.sport;
	r->isn = r->last.seq;
	return r;
}

/* The peer's answer, with these options (HAS_...). */
static inline void rig_agree(struct rig *r, unsigned has)
{
	struct segment s;

	r->has = has;
	r->ts_val = 1000;
	s = rig_segment(r, SYN | ACK, 0, 0, 0);
	s.seq--;
	s.has = has;
	s.mss = 1460;
	s.wscale = 7;
	rig_put(r, &s);
	rig_one(r);
	assert_int_equal(r->last.flags, ACK);
	assert_int_equal(r->told[OPENED], 1);
}

#define RIG_ALL (HAS_MSS | HAS_WSCALE | HAS_SACKOK | HAS_TS)

static inline struct rig *rig_new(unsigned has)
{
	struct lan *lan = lan_new(1);
	struct rig *r;

	lan_meet(lan, 0);
	r = rig_start(lan);
	rig_agree(r, has);
	return r;
}

static inline void rig_free(struct rig *r)
{
	free(r->have);
	free(r);
}

static inline void rig_end(struct rig *r)
{
	struct lan *lan = r->lan;

	if (r->s)
		r->s->ops->abort(r->s);
	rig_free(r);
	lan_end(lan);
}

/* The right edge of the window that was offered last, as a position. */
static inline uint64_t rig_edge(const struct rig *r)
{
	unsigned scale = r->has & HAS_WSCALE ? 7 : 0;

	return r->last.ack - RIG_PEER_ISN - 1 + ((uint64_t)r->last.win << scale);
}

#endif
