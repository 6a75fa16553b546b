/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Both neighbours of the TCP under test: its user, who remembers what it was told and checks every
 * byte, and its peer on the wire, who does only what a script says. What holds for every script is
 * checked here: checksums, addresses, timestamps (RFC 7323 3.2), that the right edge of the window
 * never moves back (RFC 9293 3.8.6), that nothing is acknowledged that was not sent, that no byte
 * is placed twice or wrong, that the front is where the first hole is. The first complaint is kept
 * and ends the run. Header only.
 */
#ifndef TESTS_NET_TCP_PEER_H
#define TESTS_NET_TCP_PEER_H

#include "net/tcp.h"
#include "tests/net/tcp_script.h"

#define RUN_SENT_MAX  256
#define RUN_TOLD_MAX  64
#define RUN_BYTES_MAX (1 << 20) /* of what the peer sends */
#define RUN_OPENS_MAX 64
#define RUN_TURNS_MAX 1000000
#define RUN_PORT      80

enum told { TOLD_OPENED, TOLD_ARRIVED, TOLD_FINISHED, TOLD_CLOSED, TOLD_KINDS };
static const char *const told_names[] = {"opened", "arrived", "finished", "closed"};

struct run {
	struct lan *lan;
	bool trace;
	char bad[700]; /* the first complaint; empty: none */
	uint64_t t0, base;

	/* the user */
	struct stream *s;
	uint64_t offered;	    /* bytes that we want to send */
	uint64_t room_end;	    /* positions that place() can take */
	uint64_t take;		    /* bytes that place() takes at once at the most */
	uint64_t arrived;	    /* the front when arrived() was called last */
	bool have[RUN_BYTES_MAX];   /* that were placed */
	struct line on[TOLD_KINDS]; /* done from inside of a callback */
	struct {
		enum told what;
		int rc;
		uint64_t at_us;
	} told[RUN_TOLD_MAX]; /* and not looked at yet; never TOLD_ARRIVED */
	unsigned ntold;

	/* the peer */
	uint16_t peer_port, our_port;
	uint32_t isn, peer_isn; /* isn: the machine's */
	bool syn_seen, agreed, ts_on;
	bool scaled; /* both windows, by: */
	uint8_t scale, peer_scale;
	unsigned offers; /* options in the machine's SYN */
	uint32_t ts_base, ts_last;
	uint32_t edge, reached; /* right edge offered to the peer; the end of what the peer sent */
	bool edge_known;
	struct segment sent[RUN_SENT_MAX]; /* by the machine, and not looked at yet */
	unsigned nsent;
	bool anything; /* what is sent is counted, no more: */
	unsigned ncounted;

	/* of all connections */
	uint32_t isns[RUN_OPENS_MAX];
	uint16_t ports[RUN_OPENS_MAX];
	unsigned nopens;
};

static struct run run; /* callbacks have no other way to it after closed() */

__attribute__((format(printf, 1, 2))) static inline bool complain(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (!run.bad[0])
		vsnprintf(run.bad, sizeof(run.bad), fmt, args);
	va_end(args);
	return false;
}

static inline double run_now(void)
{
	return (double)(run.lan->fake.now_us - run.t0) / 1e6;
}

static inline uint8_t our_byte(uint64_t off)
{
	return (uint8_t)(off * 5 + off / 253 + 1);
}

static inline uint8_t their_byte(uint64_t off)
{
	return (uint8_t)(off * 7 + off / 251);
}

/* -- the user -- */

static inline bool run_action(const struct line *s);

static inline void user_told(enum told what, int rc)
{
	if (run.trace)
		printf("%9.6f   %s %d\n", run_now(), told_names[what], rc);
	if (run.ntold == RUN_TOLD_MAX) {
		complain("the user is told too much");
		return;
	}
	if (what != TOLD_ARRIVED) {
		run.told[run.ntold].what = what;
		run.told[run.ntold].rc = rc;
		run.told[run.ntold++].at_us = run.lan->fake.now_us;
	}
	if (run.on[what].nargs)
		run_action(&run.on[what]);
}

static inline void user_opened(struct stream *s)
{
	if (s != run.s)
		complain("opened() for another stream");
	user_told(TOLD_OPENED, 0);
}

static inline void user_pull(struct stream *s, uint64_t off, uint8_t *dst, size_t n)
{
	if (s != run.s || off > run.offered || n > run.offered - off)
		complain("pull() of what was not offered");
	for (size_t i = 0; i < n; i++)
		dst[i] = our_byte(off + i);
}

static inline size_t user_place(struct stream *s, uint64_t off, struct bytes b)
{
	size_t n = b.n < run.take ? b.n : (size_t)run.take;

	if (s != run.s || off < s->front || !b.n)
		complain("place() at %llu, the front is %llu", (unsigned long long)off,
			(unsigned long long)s->front);
	if (off >= run.room_end)
		return 0;
	n = n < run.room_end - off ? n : (size_t)(run.room_end - off);
	for (size_t i = 0; i < n; i++) {
		if (run.have[off + i])
			complain("byte %llu is placed twice", (unsigned long long)off + i);
		if (b.p[i] != their_byte(off + i))
			complain("byte %llu is wrong", (unsigned long long)off + i);
		run.have[off + i] = true;
	}
	return n;
}

static inline uint64_t user_room(struct stream *s)
{
	return s->front < run.room_end ? run.room_end - s->front : 0;
}

static inline void user_arrived(struct stream *s)
{
	if (s != run.s || s->front <= run.arrived)
		complain("arrived() without a reason");
	run.arrived = s->front;
	user_told(TOLD_ARRIVED, 0);
}

static inline void user_finished(struct stream *s)
{
	if (s != run.s)
		complain("finished() for another stream");
	user_told(TOLD_FINISHED, 0);
}

static inline void user_closed(struct stream *s, int rc)
{
	if (s != run.s)
		complain("closed() for another stream");
	run.s = NULL;
	user_told(TOLD_CLOSED, rc);
}

static const struct stream_user run_user = {
	.opened = user_opened,
	.pull = user_pull,
	.place = user_place,
	.room = user_room,
	.arrived = user_arrived,
	.finished = user_finished,
	.closed = user_closed,
};

/* After each turn. */
static inline void user_check(void)
{
	uint64_t front = 0;

	if (!run.s)
		return;
	while (front < RUN_BYTES_MAX && run.have[front])
		front++;
	if (run.s->front != front)
		complain("the front is %llu, %llu bytes have arrived in order",
			(unsigned long long)run.s->front, (unsigned long long)front);
	if (run.arrived != front)
		complain("the front is %llu, arrived() was last called at %llu",
			(unsigned long long)front, (unsigned long long)run.arrived);
}

/* -- the peer hears -- */

static inline const char *run_text(const struct segment *s, char t[340])
{
	char segment[300];

	snprintf(t, 340, "%.6f > %s", (double)(s->at_us - run.t0) / 1e6,
		segment_text(s, run.isn, run.peer_isn,
			run.scaled && !(s->flags & SYN) ? run.scale : 0, segment));
	return t;
}

/* RFC 9293 3.8.1: the same SYN each time. */
static inline void peer_hear_syn(const struct segment *s)
{
	if (run.syn_seen) {
		if (s->seq != run.isn || s->sport != run.our_port)
			complain("another SYN than the first");
		return;
	}
	run.syn_seen = true;
	run.isn = s->seq;
	run.our_port = s->sport;
	run.offers = s->has;
	run.scale = s->wscale;
	if (run.nopens < RUN_OPENS_MAX) {
		run.isns[run.nopens] = s->seq;
		run.ports[run.nopens++] = s->sport;
	}
}

/* RFC 7323 3.2: agreed on, they are in every segment but a reset, and never run back. */
static inline void peer_check_ts(const struct segment *s)
{
	bool there = s->has & HAS_TS;

	if (!(s->flags & SYN) && there && !run.ts_on)
		complain("a timestamp that was not agreed on");
	if (run.ts_on && !there && !(s->flags & RST))
		complain("a segment without timestamp");
	if (!there)
		return;
	if (run.ts_on && (int32_t)(s->ts_val - run.ts_last) < 0)
		complain("its timestamp runs back from %u to %u", run.ts_last, s->ts_val);
	run.ts_last = s->ts_val;
}

static inline void peer_check_ack(const struct segment *s)
{
	unsigned scale = run.scaled && !(s->flags & SYN) ? run.scale : 0;
	uint32_t edge = s->ack + ((uint32_t)s->win << scale);

	if (!(s->flags & ACK))
		return;
	if ((int32_t)(s->ack - run.reached) > 0)
		complain("acknowledges %u, the peer has only sent up to %u", s->ack - run.peer_isn,
			run.reached - run.peer_isn);
	if (s->flags & RST)
		return;
	/* RFC 7323 2.4: but for what rounding takes. */
	if (run.edge_known && (int32_t)(edge - run.edge) <= -(1 << scale))
		complain("the window's right edge moves back from %u to %u",
			run.edge - run.peer_isn, edge - run.peer_isn);
	if (!run.edge_known || (int32_t)(edge - run.edge) > 0)
		run.edge = edge;
	run.edge_known = true;
}

/* A byte before the first, which some send to keep a connection alive, may be anything. */
static inline void peer_check_data(const struct segment *s)
{
	uint32_t off = s->seq - run.isn - 1;

	if (s->n && s->flags & SYN)
		complain("data in a SYN");
	for (uint32_t i = off == UINT32_MAX; i < s->n; i++)
		if (off + i >= run.offered || s->data[i] != our_byte(off + i)) {
			complain("byte %u of what it sends is wrong", off + i);
			return;
		}
}

static inline void peer_hear(const struct frame *f)
{
	struct segment *s = &run.sent[run.nsent];
	const char *wrong;
	char text[340];

	if (run.nsent == RUN_SENT_MAX || f->data[23] != 6) {
		complain("too many segments, or something else than TCP");
		return;
	}
	wrong = segment_parse(s, f);
	s->at_us = run.lan->fake.now_us;
	if (s->flags & SYN)
		peer_hear_syn(s);
	if (run.trace)
		puts(run_text(s, text));
	if (s->src != US(0) || s->dst != PEER(0) || s->sport != run.our_port ||
		s->dport != run.peer_port) {
		if (wrong || !(s->flags & RST)) /* strangers may be refused */
			complain("address or port in: %s", run_text(s, text));
		return;
	}
	peer_check_ts(s);
	peer_check_ack(s);
	peer_check_data(s);
	run.ncounted++;
	run.nsent += !run.anything;
	if (wrong)
		complain("%s", wrong);
	if (run.bad[0])
		snprintf(run.bad + strlen(run.bad), sizeof(run.bad) - strlen(run.bad), " in: %s",
			run_text(s, text));
}

/* All that was sent: ARP is answered, TCP looked at. */
static inline void peer_collect(void)
{
	struct lan *lan = run.lan;
	struct frame *f;

	while (!run.bad[0] && (f = lan_take(lan))) {
		struct arp a;

		if (wire_get16(f->data + 12) == 0x0800) {
			peer_hear(f);
		} else if (frame_is_arp(f, &a) && a.op == 1 && a.tpa == PEER(0)) {
			struct arp answer = {
				.op = 2, .sha = peer_mac, .spa = a.tpa, .tha = a.sha, .tpa = a.spa};
			struct frame reply = frame_arp(&a.sha, &answer);

			lan_put(lan, 0, &reply);
		}
	}
	lan->nout = lan->taken = 0;
}

/*
 * Time passes until t_us, or until `ready` says so; the turn of t_us is done. False for a
 * complaint.
 */
static inline bool run_until(uint64_t t_us, bool (*ready)(void))
{
	for (unsigned i = 0; i < RUN_TURNS_MAX; i++) {
		uint64_t next, now = run.lan->fake.now_us;

		if (ready && ready())
			return true;
		next = lan_turn(run.lan);
		peer_collect();
		user_check();
		if (run.bad[0])
			return false;
		if (now >= t_us || (ready && ready()))
			return true;
		next = next <= now || run.lan->nin ? now + 1 : next;
		run.lan->fake.now_us = next < t_us ? next : t_us;
	}
	return complain("the machine spins");
}

/* -- the peer says -- */

static inline uint32_t peer_clock(void)
{
	return run.ts_base + (uint32_t)((run.lan->fake.now_us - run.t0) / 1000);
}

static inline uint32_t number_value(const struct number *v, uint32_t moving)
{
	return (uint32_t)v->value + (v->moving ? moving : 0);
}

static inline void peer_options(struct segment *to, const struct line_segment *s)
{
	to->has = s->has;
	to->mss = (uint16_t)s->mss.value;
	to->wscale = (uint8_t)s->wscale.value;
	to->ts_val = number_value(&s->ts_val, peer_clock());
	to->ts_ecr = number_value(&s->ts_ecr, run.ts_last);
	if (run.ts_on && !s->options_said) {
		to->has |= HAS_TS;
		to->ts_val = peer_clock();
		to->ts_ecr = run.ts_last;
	}
	to->nsack = s->nsack;
	for (unsigned i = 0; i < s->nsack; i++) {
		to->sack[i][0] = run.isn + (uint32_t)s->sack[i][0];
		to->sack[i][1] = run.isn + (uint32_t)s->sack[i][1];
	}
	to->nraw = s->nraw;
	memcpy(to->raw, s->raw, s->nraw);
}

static inline bool peer_window(struct segment *to, const struct line_segment *s)
{
	unsigned scale = run.scaled && !(s->flags & SYN) ? run.peer_scale : 0;

	to->win = (uint16_t)(s->win_is ? s->win >> scale : 65535);
	if (s->win_is && (int64_t)to->win << scale != s->win)
		return complain(
			"a window of %lld cannot be said with wscale %u", (long long)s->win, scale);
	return true;
}

/* The first SYN of the peer's that can be meant for this connection settles the options. */
static inline void peer_agree(const struct segment *s)
{
	if (!(s->flags & SYN) || run.agreed || s->src != PEER(0) || s->seq != run.peer_isn ||
		(s->flags & ACK && s->ack != run.isn + 1))
		return;
	run.agreed = true;
	run.scaled = run.offers & s->has & HAS_WSCALE;
	run.peer_scale = s->wscale < 14 ? s->wscale : 14; /* RFC 7323 2.3 */
	run.ts_on = run.offers & s->has & HAS_TS;
}

/* Puts the segment of a script in; heard in the next turn. */
static inline bool peer_say(const struct line_segment *s)
{
	uint32_t end = (uint32_t)s->to + !!(s->flags & SYN) + !!(s->flags & FIN);
	struct segment to = {
		.src = s->src ? s->src : PEER(0),
		.dst = s->dst ? s->dst : US(0),
		.sport = s->sport ? s->sport : run.peer_port,
		.dport = s->dport ? s->dport : run.our_port,
		.seq = run.peer_isn + (uint32_t)s->from,
		.ack = s->has_ack ? run.isn + (uint32_t)s->ack : 0,
		.flags = s->flags,
		.urg = s->urg,
		.n = (uint32_t)(s->to - s->from),
	};
	struct frame f;
	char text[300];

	if (!peer_window(&to, s))
		return false;
	peer_options(&to, s);
	for (uint32_t i = 0; i < to.n; i++)
		to.data[i] =
			(uint8_t)(their_byte((uint32_t)s->from - 1 + i) ^ (s->evil ? 0xff : 0));
	peer_agree(&to);
	if ((int32_t)(run.peer_isn + end - run.reached) > 0)
		run.reached = run.peer_isn + end;
	f = segment_frame(run.lan, &to);
	f.data[14 + 20 + 16] ^= s->badsum;
	lan_put(run.lan, 0, &f);
	if (run.trace)
		printf("%9.6f < %s\n", run_now(),
			segment_text(&to, run.peer_isn, run.isn, 0, text));
	return true;
}

#endif
