/* SPDX-License-Identifier: BSD-2-Clause */
/* Arriving segments: chains, islands, callbacks that end what calls them. */
#include "tests/net/tcp_rig.h"

/* -- what a device has put together -- */

#define PIECES 5

/* Hands a segment over in pieces of these lengths, the first with the header; flip: a byte to
 * spoil. */
static void put_pieces(
	struct rig *r, const struct segment *s, const uint32_t *len, int flip, bool csum_ok)
{
	struct frame f = segment_frame(r->lan, s);
	uint8_t *all = f.data + 34, *block[PIECES];
	struct pkt p[PIECES] = {{.next = NULL}};
	struct ip_meta meta = {.dev = lan_link(r->lan, 0),
		.src = ip4_of(PEER(0)),
		.dst = ip4_of(US(0)),
		.protocol = 6,
		.csum_ok = csum_ok,
		.more = &p[1]};

	if (flip >= 0)
		all[flip] ^= 0x10;
	for (unsigned i = 0; i < PIECES; i++) {
		block[i] = malloc(len[i] ? len[i] : 1);
		memcpy(block[i], all, len[i]);
		all += len[i];
		p[i].data = block[i];
		p[i].len = len[i];
		p[i].more = i + 1 < PIECES ? &p[i + 1] : NULL;
	}
	tcp_input(&meta, bytes_of(block[0], len[0]));
	for (unsigned i = 0; i < PIECES; i++)
		free(block[i]);
	lan_turn(r->lan);
}

static void chains(void **state)
{
	struct rig *r = rig_new(RIG_ALL);
	struct netdev_stats *st = &lan_link(r->lan, 0)->stats;
	uint64_t seed = 7, off = 0;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		uint32_t len[PIECES] = {32}, n = 0;
		struct segment s;

		for (unsigned i = 0; i < PIECES; i++)
			n += len[i] += fake_random(&seed) % 200;
		s = rig_segment(r, ACK, off, n - 32, 0);
		st->bad_tcp = 0;
		put_pieces(r, &s, len, (int)(fake_random(&seed) % n), false);
		assert_int_equal(st->bad_tcp, 1);
		assert_int_equal(r->s->front, off);
		rig_quiet(r);
		put_pieces(r, &s, len, -1, false);
		off += n - 32;
		assert_int_equal(r->s->front, off);
		rig_one(r);
		assert_int_equal(r->last.ack, RIG_PEER_ISN + 1 + (uint32_t)off);
	}
	rig_end(r);
}

/* The second piece of a chain is here already, and the fourth. */
static void chain_over_islands(void **state)
{
	struct rig *r = rig_new(RIG_ALL);
	static const uint32_t len[PIECES] = {32 + 100, 100, 100, 100, 100};
	struct segment s;

	(void)state;
	rig_data(r, 90, 120);
	rig_data(r, 300, 100);
	s = rig_segment(r, ACK, 0, 500, 0);
	put_pieces(r, &s, len, -1, true);
	assert_int_equal(r->s->front, 500);
	assert_int_equal(r->told[ARRIVED], 1);
	rig_end(r);
}

static void headers_cut(void **state)
{
	struct rig *r = rig_new(RIG_ALL);
	struct netdev_stats *st = &lan_link(r->lan, 0)->stats;
	struct segment s = rig_segment(r, ACK, 0, 10, 0);
	struct frame whole = segment_frame(r->lan, &s);

	(void)state;
	for (uint32_t n = 0; n < 32; n++) {
		struct frame f = whole;

		f.len = 34 + n;
		wire_put16(f.data + 16, 20 + n);
		ip_sum(&f);
		f.csum_ok = true;
		lan_receive(r->lan, 0, &f);
		assert_int_equal(st->bad_tcp, n + 1);
	}
	for (unsigned offset = 0; offset < 5; offset++) {
		struct frame f = whole;

		f.data[34 + 12] = (uint8_t)(offset << 4);
		f.csum_ok = true;
		lan_receive(r->lan, 0, &f);
	}
	assert_int_equal(st->bad_tcp, 32 + 5);
	assert_int_equal(r->told[PLACED], 0);
	whole.csum_ok = true; /* what the device has looked at is not summed again */
	whole.data[34 + 16] ^= 1;
	lan_receive(r->lan, 0, &whole);
	assert_int_equal(r->told[PLACED], 1);
	rig_end(r);
}

/* -- any order -- */

/* Segments of random places and lengths, until all is there; rig_place() checks each byte. */
static void any_order(void **state)
{
	(void)state;
	for (uint64_t start = 1; start <= 20; start++) {
		struct rig *r = rig_new(start & 1 ? RIG_ALL : HAS_MSS);
		uint64_t seed = start, size = start % 5 ? 20000 : 2000, sent = 0;

		r->take = start % 3 ? UINT64_MAX : 100;
		while (r->s->front < size && sent++ < 20000) {
			uint64_t off = fake_random(&seed) % size;
			uint32_t n = 1 + fake_random(&seed) % (start % 5 ? 1460 : 3);

			if (fake_random(&seed) % 16 == 0)
				off = r->s->front;
			if (n > size - off)
				n = (uint32_t)(size - off);
			rig_data(r, off, n);
			assert_true(rig_tcp(r)->islands.n < TCP_ISLANDS_MAX);
			r->lan->nout = r->lan->taken = 0;
		}
		assert_int_equal(r->s->front, size);
		assert_int_equal(rig_tcp(r)->islands.n, 0);
		rig_end(r);
	}
}

/* Hostile row 24: one byte in two, from the end on. */
static void too_many_islands(void **state)
{
	struct rig *r = rig_new(RIG_ALL);

	(void)state;
	for (unsigned i = 1000; i > 0; i--) {
		rig_data(r, 2 * i, 1);
		rig_one(r);
	}
	assert_int_equal(rig_tcp(r)->islands.n, TCP_ISLANDS_MAX - 1);
	assert_int_equal(r->told[PLACED], TCP_ISLANDS_MAX - 1);
	rig_data(r, 0, 1); /* but what comes in order is always taken */
	assert_int_equal(r->s->front, 1);
	for (unsigned off = 1; off < 2001; off += 1000)
		rig_data(r, off, 1000);
	assert_int_equal(r->s->front, 2001);
	assert_int_equal(r->s->holes, 1);
	rig_end(r);
}

/* In one turn a sender with SACK hears of a new hole at once, and the rest at the end. */
static void acks_in_one_turn(void **state)
{
	(void)state;
	for (unsigned sack = 0; sack < 2; sack++) {
		struct rig *r = rig_new(sack ? RIG_ALL : HAS_MSS);
		unsigned n = 0;

		for (unsigned i = 1; i < 20; i++) {
			struct segment s = rig_segment(r, ACK, 100 * i, 100, 0);
			struct frame f = segment_frame(r->lan, &s);

			lan_put(r->lan, 0, &f);
		}
		lan_turn(r->lan);
		while (rig_next(r)) {
			n++;
			assert_int_equal(r->last.ack, RIG_PEER_ISN + 1);
			assert_int_equal(r->last.nsack, sack);
		}
		if (sack)
			assert_int_equal(r->last.sack[0][1], RIG_PEER_ISN + 1 + 2000);
		assert_int_equal(n, sack ? 2 : 19);
		for (unsigned i = 0; i < 20; i++) {
			struct segment s = rig_segment(r, ACK, 2000 + 100 * i, 100, 0);
			struct frame f = segment_frame(r->lan, &s);

			lan_put(r->lan, 0, &f);
		}
		rig_data(r, 0, 100);
		n = 0;
		while (rig_next(r))
			n++;
		assert_true(n <= (sack ? 1 : 21));
		assert_int_equal(r->last.ack, RIG_PEER_ISN + 1 + 4000);
		rig_end(r);
	}
}

/* -- callbacks -- */

static enum event hook_at;
static void (*hook_do)(struct rig *r);

static void hook(struct rig *r, enum event e)
{
	if (e == hook_at && r->told[e] == 1)
		hook_do(r);
}

static void do_abort(struct rig *r)
{
	if (r->s)
		r->s->ops->abort(r->s);
	r->s = NULL;
}

static void do_close(struct rig *r)
{
	if (r->s)
		r->s->ops->close(r->s);
}

static void do_send(struct rig *r)
{
	if (r->s)
		r->s->ops->send(r->s, 3000);
}

static void do_link(struct rig *r)
{
	netdev_close(lan_link(r->lan, 0));
}

/* Takes the slot of the connection that is just ending, if it can be had. */
static void do_reopen(struct rig *r)
{
	struct tcp *old = rig_tcp(r);
	struct ip_addr peer = ip4_of(PEER(0));

	do_abort(r);
	r->room_end = RIG_BYTES;
	if (!tcp_open(&r->lan->net, lan_link(r->lan, 0), &peer, 80, &rig_user, r, &r->s))
		assert_ptr_not_equal(rig_tcp(r), old);
}

/* A whole life, with `what` done at the first of each event. */
static void life(enum event at, void (*what)(struct rig *))
{
	struct lan *lan = lan_new(1);
	struct segment s;
	struct rig *r;

	lan_meet(lan, 0);
	r = rig_start(lan);
	r->on = hook;
	hook_at = at;
	hook_do = what;
	r->s->ops->send(r->s, 100);
	s = rig_segment(r, SYN | ACK, 0, 0, 0);
	s.seq--;
	rig_put(r, &s);
	rig_data(r, 2000, 1000);
	rig_data(r, 0, 1400);
	rig_data(r, 1300, 1200);
	s = rig_segment(r, ACK | FIN, 2500, 1000, 100);
	rig_put(r, &s);
	lan_pass(lan, 1 * S);
	if (r->s)
		r->s->ops->close(r->s);
	s = rig_segment(r, ACK, 3501, 0, 101);
	rig_put(r, &s);
	s.ack += 2900; /* what do_send() has sent */
	rig_put(r, &s);
	lan_pass(lan, 100 * S);
	assert_true(r->told[CLOSED] <= 1u + (what == do_reopen));
	assert_true(what == do_abort || what == do_reopen || r->told[CLOSED] == 1);
	r->on = NULL;
	rig_end(r);
}

static void callbacks_may_do_all(void **state)
{
	static void (*const all[])(struct rig *) = {
		do_abort, do_close, do_send, do_link, do_reopen};

	(void)state;
	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (enum event e = 0; e < EVENTS; e++)
			if (e != PULLED || all[i] != do_reopen)
				life(e, all[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chains),
		cmocka_unit_test(chain_over_islands),
		cmocka_unit_test(headers_cut),
		cmocka_unit_test(any_order),
		cmocka_unit_test(too_many_islands),
		cmocka_unit_test(acks_in_one_turn),
		cmocka_unit_test(callbacks_may_do_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
