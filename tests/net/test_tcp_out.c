/* SPDX-License-Identifier: BSD-2-Clause */
/* What TCP sends: the window that it offers, and its bytes through a way that loses. */
#include "net/tcp_priv.h"
#include "tests/net/tcp_rig.h"

/* -- the window offered -- */

/* Brings `n` full segments in order, some in a turn; the window is in r->last afterwards. */
static uint64_t stream_on(struct rig *r, uint64_t off, unsigned n)
{
	for (unsigned i = 0; i < n; i++, off += 1448) {
		uint64_t edge = rig_edge(r);

		rig_data(r, off, 1448);
		rig_one(r);
		assert_true(rig_edge(r) >= edge);
		r->lan->fake.now_us += 10;
	}
	return off;
}

/* Bytes that are offered beyond the front. */
static uint64_t offered(struct rig *r)
{
	return rig_edge(r) - r->s->front;
}

static void cap_begins_at_a_mebibyte(void **state)
{
	struct rig *r = rig_new(RIG_ALL);
	uint64_t off;

	(void)state;
	assert_in_range(offered(r), 1 << 20, (1 << 20) + 127);
	off = stream_on(r, 0, 1500);
	assert_in_range(offered(r), 1000000, (1 << 20) + 127);
	r->room_end = off + 5000; /* less was offered before: stays as it is */
	stream_on(r, off, 1);
	assert_in_range(offered(r), 1000000, 1 << 20);
	assert_int_equal(r->s->holes, 0);
	rig_end(r);
}

/* The link had to drop frames: half of it, but not more than once for the same window. */
static void cap_follows_overruns(void **state)
{
	struct rig *r = rig_new(RIG_ALL);
	struct netdev_stats *st = &lan_link(r->lan, 0)->stats;
	uint64_t off = 0;

	(void)state;
	for (uint32_t cap = TCP_CAP_FIRST; cap > TCP_CAP_MIN / 4; cap /= 2) {
		uint32_t now = cap > TCP_CAP_MIN ? cap : TCP_CAP_MIN;

		assert_int_equal(rig_tcp(r)->cap, now);
		st->rx_overrun++;
		off = stream_on(r, off, 1);
		st->rx_no_buf++;
		off = stream_on(r, off, now / 1448 - 2);
		assert_int_equal(rig_tcp(r)->cap, now / 2 > TCP_CAP_MIN ? now / 2 : TCP_CAP_MIN);
		while (seq_lt(rig_tcp(r)->rcv_nxt, rig_tcp(r)->cap_cut - 2 * 1448))
			off = stream_on(r, off, 1);
	}
	assert_in_range(offered(r), TCP_CAP_MIN - 1448, TCP_CAP_MIN + 127);
	off = stream_on(r, off, 300); /* and it grows back */
	assert_true(rig_tcp(r)->cap > TCP_CAP_MIN * 3 / 2);
	stream_on(r, off, 1500);
	assert_true(rig_tcp(r)->cap < TCP_CAP_FIRST);
	rig_end(r);
}

/* Seven segments lost in a row say little, eight that a queue was too short. */
static void cap_follows_bursts(void **state)
{
	(void)state;
	for (unsigned lost = 7; lost <= 8; lost++) {
		struct rig *r = rig_new(RIG_ALL);

		rig_data(r, 1448ull * lost, 1448);
		assert_int_equal(r->s->holes, 1);
		assert_int_equal(rig_tcp(r)->cap, lost < 8 ? TCP_CAP_FIRST : TCP_CAP_FIRST / 2);
		rig_end(r);
	}
}

/* What 64 MB/s bring in a round trip, as far as the field goes. */
static void cap_follows_the_distance(void **state)
{
	static const struct {
		uint64_t rtt_us;
		uint32_t cap;
	} rows[] = {{1000, 1 << 20}, {20000, 20001 * 64}, {300000, 65535 << 7}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lan *lan = lan_new(1);
		uint64_t off = 0;
		struct rig *r;

		lan_meet(lan, 0);
		r = rig_start(lan);
		lan->fake.now_us += rows[i].rtt_us;
		rig_agree(r, RIG_ALL);
		assert_int_equal(r->s->srtt_us, rows[i].rtt_us + 1);
		for (unsigned k = 0; k < 40 && rig_tcp(r)->cap < rows[i].cap; k++) {
			uint32_t cap = rig_tcp(r)->cap;

			r->room_end = off + (1 << 23);
			/* as if a window had come */
			rig_tcp(r)->cap_grow = rig_tcp(r)->rcv_nxt;
			off = stream_on(r, off, 1);
			assert_true(rig_tcp(r)->cap <= cap + cap / 8);
		}
		assert_int_equal(rig_tcp(r)->cap, rows[i].cap);
		rig_end(r);
	}
}

static void no_scale_no_cap(void **state)
{
	struct rig *r = rig_new(HAS_MSS);

	(void)state;
	assert_int_equal(r->last.win, 65535);
	stream_on(r, 0, 100);
	assert_int_equal(r->last.win, 65535);
	rig_end(r);
}

/* The last bytes of a body are asked for, however few. */
static void small_rest(void **state)
{
	(void)state;
	for (unsigned rest = 1; rest < 3000; rest += 37) {
		struct lan *lan = lan_new(1);
		uint64_t off, size = 70000 + rest;
		unsigned acks = 0;
		struct rig *r;

		lan_meet(lan, 0);
		r = rig_start(lan);
		r->room_end = size;
		rig_agree(r, RIG_ALL);
		for (off = 0; off < size;) {
			uint64_t n = size - off < 1448 ? size - off : 1448;

			assert_true(rig_edge(r) > off);
			if (n > rig_edge(r) - off)
				n = rig_edge(r) - off;
			rig_data(r, off, (uint32_t)n);
			off += n;
			rig_one(r);
			acks++;
		}
		assert_true(offered(r) < 128 * acks); /* each field is rounded up */
		rig_end(r);
	}
}

/* -- a way that loses -- */

#define SIZE 150000

struct sink {
	struct rig *r;
	uint64_t seed;
	unsigned loss; /* of 100, in both directions */
	bool have[SIZE];
	uint64_t front;
	uint32_t last; /* where the segment began that came last */
	bool fin;
};

static bool lose(struct sink *k)
{
	return fake_random(&k->seed) % 100 < k->loss;
}

/* The island that `at` is in, as a SACK block. */
static bool sink_block(const struct sink *k, uint64_t at, uint32_t block[2])
{
	uint64_t start = at, end = at;

	if (at >= SIZE || !k->have[at] || at < k->front)
		return false;
	while (start > k->front && k->have[start - 1])
		start--;
	while (end < SIZE && k->have[end])
		end++;
	block[0] = k->r->isn + 1 + (uint32_t)start;
	block[1] = k->r->isn + 1 + (uint32_t)end;
	return start > k->front;
}

static void sink_take(struct sink *k)
{
	const struct segment *s = &k->r->last;
	uint64_t off = s->seq - k->r->isn - 1;

	for (uint32_t i = 0; i < s->n; i++) {
		assert_true(off + i < SIZE);
		assert_int_equal(s->data[i], byte_at(off + i));
		k->have[off + i] = true;
	}
	while (k->front < SIZE && k->have[k->front])
		k->front++;
	k->last = (uint32_t)off;
	if (s->flags & FIN) {
		assert_int_equal(off + s->n, SIZE);
		k->fin |= k->front == SIZE;
	}
}

static void sink_ack(struct sink *k, unsigned win)
{
	struct segment s = rig_segment(k->r, ACK, 0, 0, k->front + k->fin);

	s.win = (uint16_t)win;
	if (k->r->has & HAS_SACKOK) {
		s.nsack = sink_block(k, k->last, s.sack[0]);
		if (s.nsack && k->seed & 1) /* and one that says nothing */
			memcpy(s.sack[s.nsack++], &(uint32_t[]){s.ack - 5, s.ack - 1}, 8);
		s.has |= s.nsack ? HAS_SACK : 0;
	}
	if (!lose(k))
		rig_put(k->r, &s);
}

/* Until all is there and the FIN is acknowledged; returns how often each byte was sent, in percent.
 */
static unsigned send_all(unsigned has, unsigned loss, uint64_t seed)
{
	static struct sink k;
	uint64_t sent = 0;
	uint64_t end_us;

	memset(&k, 0, sizeof(k));
	k.r = rig_new(has);
	k.seed = seed;
	k.loss = loss;
	end_us = k.r->lan->fake.now_us + 400 * S;
	k.r->s->ops->send(k.r->s, SIZE);
	k.r->s->ops->close(k.r->s);
	while (k.r->s && rig_tcp(k.r)->state != TCP_FIN_WAIT_2) {
		unsigned n = 0;

		assert_true(k.r->lan->fake.now_us < end_us);
		while (rig_next(k.r) && ++n) {
			sent += k.r->last.n;
			if (lose(&k))
				continue;
			sink_take(&k);
			k.r->lan->fake.now_us += 100;
			sink_ack(&k, fake_random(&k.seed) % 64 ? 60000 : 700);
		}
		if (!n)
			lan_pass(k.r->lan, 10 * MS);
	}
	assert_int_equal(k.front, SIZE);
	assert_int_equal(k.r->told[CLOSED], 0);
	rig_end(k.r);
	return (unsigned)(sent * 100 / SIZE);
}

static void all_is_sent(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 8; seed++) {
		assert_in_range(send_all(RIG_ALL, 0, seed), 100, 100);
		assert_in_range(send_all(HAS_MSS, 0, seed), 100, 100);
		assert_in_range(send_all(RIG_ALL, 3, seed), 100, 130);
		assert_in_range(send_all(HAS_MSS, 3, seed), 100, 150);
		assert_in_range(send_all(HAS_MSS | HAS_SACKOK, 20, seed), 100, 250);
	}
}

/* RFC 6675: several holes are filled in one round trip, before the timer. */
static void holes_are_filled_at_once(void **state)
{
	struct rig *r = rig_new(HAS_MSS | HAS_SACKOK);
	struct segment s, sent[10];
	unsigned n = 0, again = 0;

	(void)state;
	r->s->ops->send(r->s, 10 * 1460);
	while (rig_next(r))
		sent[n++] = r->last;
	assert_int_equal(n, 10);
	r->lan->fake.now_us += 10 * MS;
	for (unsigned i = 1; i < 10; i += 2) { /* 0, 2, 4, 6, 8 are lost */
		s = rig_segment(r, ACK, 0, 0, 0);
		s.has |= HAS_SACK;
		s.nsack = i > 6 ? 4 : (i + 1) / 2;
		for (unsigned k = 0; k < s.nsack; k++) {
			s.sack[k][0] = sent[i - 2 * k].seq;
			s.sack[k][1] = s.sack[k][0] + 1460;
		}
		rig_put(r, &s);
	}
	while (rig_next(r)) {
		assert_int_equal(r->last.seq, sent[2 * again].seq);
		assert_int_equal(r->last.n, 1460);
		again++;
	}
	assert_in_range(again, 2, 5); /* as the halved window allows */
	rig_end(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cap_begins_at_a_mebibyte),
		cmocka_unit_test(cap_follows_overruns),
		cmocka_unit_test(cap_follows_bursts),
		cmocka_unit_test(cap_follows_the_distance),
		cmocka_unit_test(no_scale_no_cap),
		cmocka_unit_test(small_rest),
		cmocka_unit_test(all_is_sent),
		cmocka_unit_test(holes_are_filled_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
