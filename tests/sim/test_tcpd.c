/* SPDX-License-Identifier: BSD-2-Clause */
/* The TCP server model: opening, options, loss, windows, the end, each misbehaviour, and the judge
 * of clients. */
#include "switch.h"
#include "tcp_client.h"
#include "tcpd.h"
#include "tftpd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define SERVER IP4(10, 0, 0, 1)
#define CLIENT IP4(10, 0, 0, 2)
#define PORT   80
#define MS     1000u
#define S      1000000u

struct lan {
	struct sim_world *w;
	struct sim_host *h;
	struct sim_tcpd *t;
	struct tcp_client *c;
	struct sim_link *link;
	struct sim_file file;
	uint64_t heard; /* bytes that the server's app was given */
	unsigned opened, fins, gone;
	bool closes; /* behind the file */
	bool waits;  /* for a byte of the client */
	/* data segments that get lost before the client hears them, by number from 0 */
	uint64_t lose;
	unsigned number;
	void (*hear)(void *ctx, struct sim_frame *f);
};

/* ---- the app: sends the file to who connects ---- */

static void app_start(struct tcpd_conn *c)
{
	struct lan *l = c->app_ctx;

	tcpd_send(c, l->file.size);
	if (l->closes)
		tcpd_close(c);
}

static void app_opened(struct tcpd_conn *c)
{
	struct lan *l = c->app_ctx;

	l->opened++;
	if (!l->waits)
		app_start(c);
}

static void app_rx(struct tcpd_conn *c, const uint8_t *data, uint32_t len)
{
	struct lan *l = c->app_ctx;

	for (uint32_t i = 0; i < len; i++)
		assert_int_equal(data[i], (uint8_t)(l->heard++ * 7));
	if (l->waits)
		app_start(c);
}

static void app_pull(struct tcpd_conn *c, uint64_t off, uint8_t *to, uint32_t len)
{
	struct lan *l = c->app_ctx;

	assert_true(off + len <= l->file.size);
	file_read(&l->file, off, to, len);
}

static void app_fin(struct tcpd_conn *c)
{
	struct lan *l = c->app_ctx;

	l->fins++;
	tcpd_close(c);
}

static void app_gone(struct tcpd_conn *c)
{
	struct lan *l = c->app_ctx;

	l->gone++;
}

static const struct tcpd_app app = {
	.opened = app_opened,
	.rx = app_rx,
	.pull = app_pull,
	.fin = app_fin,
	.gone = app_gone,
};

/* A switch between them: the faults are on the client's link. */
static void lan_open(struct lan *l, uint64_t seed, size_t size, const struct sim_fault *fault)
{
	struct sim_switch *sw;

	memset(l, 0, sizeof(*l));
	l->w = world_new(seed);
	l->h = host_new(l->w, "server", SERVER, 0xffff0000);
	l->c = tcpc_new(l->w, "client", CLIENT, size + 1);
	sw = switch_new(l->w, "switch", 2);
	link_new(l->w, &l->h->port, switch_port(sw, 0), NULL);
	l->link = link_new(l->w, switch_port(sw, 1), &l->c->h->port, fault);
	l->t = tcpd_new(l->h, NULL);
	tcpd_listen(l->t, PORT, &app, l);
	l->file = (struct sim_file){.name = "file", .size = size, .seed = 99};
	l->closes = true;
}

static void lan_close(struct lan *l)
{
	if (l->w->violations)
		fail_msg("%u violations, first: %s", l->w->violations, l->w->violation[0]);
	world_free(l->w);
}

static bool fetched(void *ctx)
{
	struct lan *l = ctx;

	return l->c->finished || l->c->reset;
}

/* Loses what l->lose says. */
static void lose(void *ctx, struct sim_frame *f)
{
	struct lan *l = ctx;
	const uint8_t *ip = f->data + ETH_HEAD;
	bool data = f->len >= 60 && wire_get16(f->data + 12) == TYPE_IP &&
		    wire_get16(ip + 2) > IP_HEAD + (ip[IP_HEAD + 12] >> 4) * 4u;

	if (data && l->number++ < 64 && l->lose >> (l->number - 1) & 1)
		return;
	l->hear(l->c->h, f);
}

static void lose_segments(struct lan *l, uint64_t mask)
{
	struct sim_port *p = &l->c->h->port;

	l->lose = mask;
	l->hear = p->rx;
	p->rx = lose;
	p->ctx = l;
}

/* Fetches within so many virtual seconds. */
static void fetch(struct lan *l, uint64_t seconds)
{
	tcpc_open(l->c, SERVER, PORT);
	world_run_until(l->w, fetched, l, l->w->now_us + seconds * S);
	tcpc_close(l->c);
}

static void expect_whole(struct lan *l)
{
	size_t size = (size_t)l->file.size;
	uint8_t *want = sim_alloc(size);

	file_read(&l->file, 0, want, size);
	assert_true(l->c->finished);
	assert_true(l->c->len == size);
	assert_memory_equal(l->c->in, want, size);
	free(want);
}

static const struct sim_fault quick = {.delay_us = 100};

/* ---- opening ---- */

static void test_a_file_of_each_size_arrives_and_both_ends_close(void **state)
{
	static const size_t sizes[] = {0, 1, 1447, 1448, 1449, 14480, 14481, 500000};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct lan l;

		lan_open(&l, 1, sizes[i], &quick);
		fetch(&l, 10);
		expect_whole(&l);
		world_run(l.w, l.w->now_us + S);
		assert_int_equal(l.t->active, 0);
		assert_int_equal(l.t->stats.closed, 1);
		assert_int_equal(l.t->stats.resent, 0);
		assert_int_equal(l.fins, 1);
		lan_close(&l);
	}
}

static void test_options_are_agreed_only_with_who_offers_them(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 16; i++) {
		struct lan l;
		const struct tcp_seg *s;

		lan_open(&l, 2, 30000, &quick);
		l.c->manual = true;
		l.c->sack = i & 1;
		l.c->scale = i & 2;
		l.c->timestamps = i & 4;
		l.t->conf.mss = i & 8 ? 1000 : 0;
		tcpc_open(l.c, SERVER, PORT);
		world_run(l.w, 100 * MS);
		s = tcpc_last(l.c);
		assert_int_equal(s->flags, TCP_SYN | TCP_ACK);
		assert_int_equal(s->sack_ok, (i & 1) != 0);
		assert_int_equal(s->has_scale, (i & 2) != 0);
		assert_int_equal(s->has_ts, (i & 4) != 0);
		assert_int_equal(s->mss, i & 8 ? 1000 : 1460);
		lan_close(&l);
	}
}

static void test_segments_keep_to_the_smaller_mss(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 3, 5000, &quick);
	l.c->mss = 500;
	fetch(&l, 10);
	expect_whole(&l);
	assert_int_equal(l.t->stats.segs_out, (5000 + 487) / 488);
	lan_close(&l);
}

static void test_without_any_option_it_works_too(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 4, 100000, &quick);
	l.c->sack = l.c->scale = l.c->timestamps = false;
	l.c->window = 5000;
	fetch(&l, 10);
	expect_whole(&l);
	assert_int_equal(l.t->stats.resent, 0);
	lan_close(&l);
}

static void test_a_syn_ack_is_repeated_when_it_is_lost(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 5, 100, &quick);
	l.c->manual = true; /* so that the SYN is not */
	link_cut(l.link, 350, 500 * MS);
	tcpc_open(l.c, SERVER, PORT);
	world_run(l.w, 800 * MS);
	assert_false(l.c->opened);
	world_run(l.w, 2 * S);
	assert_true(l.c->opened);
	lan_close(&l);
}

static void test_a_port_where_nobody_listens_resets(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 6, 100, &quick);
	tcpc_open(l.c, SERVER, 81);
	world_run(l.w, 100 * MS);
	assert_true(l.c->reset);
	assert_int_equal(tcpc_last(l.c)->ack, l.c->iss + 1);
	l.t->closed = true;
	tcpc_open(l.c, SERVER, PORT);
	world_run(l.w, 200 * MS);
	assert_true(l.c->reset);
	lan_close(&l);
}

/* ---- loss ---- */

static void lossy(uint64_t seed, uint32_t ppm, bool sack, bool classic)
{
	const struct sim_fault f = {.delay_us = 5 * MS,
		.loss_ppm = ppm,
		.dup_ppm = ppm / 2,
		.reorder_ppm = ppm,
		.reorder_us = 3 * MS,
		.corrupt_ppm = ppm / 2,
		.rate_bps = 100000000};
	struct lan l;

	lan_open(&l, seed, 600000, &f);
	l.c->sack = sack;
	l.c->slow_acks = seed & 1;
	l.t->conf.classic = classic;
	l.t->conf.reno = seed & 2;
	fetch(&l, 400);
	expect_whole(&l);
	lan_close(&l);
}

static void test_every_byte_arrives_over_bad_links(void **state)
{
	static const uint32_t ppm[] = {1000, 10000, 50000, 100000};

	(void)state;
	for (uint64_t seed = 0; seed < 24; seed++)
		lossy(seed, ppm[seed % 4], seed & 4, seed & 8);
}

/* One segment of the first flight is lost: it alone is sent again, and at once. */

/* What is lost of so many segments is sent again within some round trips, and nothing else. */
static void some_lost_of(unsigned n, uint64_t mask, unsigned resent, bool sack, bool classic)
{
	const struct sim_fault f = {.delay_us = 10 * MS, .rate_bps = 100000000};
	struct lan l;

	lan_open(&l, 10, n * 1448ull, &f);
	l.c->sack = sack;
	l.t->conf.classic = classic;
	lose_segments(&l, mask);
	fetch(&l, 20);
	expect_whole(&l);
	if (l.t->stats.timeouts || l.t->stats.resent != resent || l.w->now_us > 200 * MS)
		fail_msg("mask %x: %u timeouts, %u resent, %u us", (unsigned)mask,
			(unsigned)l.t->stats.timeouts, (unsigned)l.t->stats.resent,
			(unsigned)l.w->now_us);
	lan_close(&l);
}

static void some_lost(uint64_t mask, unsigned resent, bool sack, bool classic)
{
	some_lost_of(13, mask, resent, sack, classic);
}

static void test_what_is_lost_is_sent_again_without_a_timeout(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 9; i++) {
		some_lost(1ull << i, 1, true, true);
		some_lost(1ull << i, 1, true, false);
		some_lost(1ull << i, 1, false, true);
	}
	some_lost(0x2a, 3, true, true);
	some_lost(0x1f, 5, true, true);
	some_lost(0x3, 2, false, true);
}

static void test_a_lost_tail_is_probed_for(void **state)
{
	(void)state;
	some_lost(1ull << 12, 1, true, false);
	some_lost(3ull << 11, 2, true, false);
}

static void test_a_lost_copy_is_seen_by_what_came_later(void **state)
{
	(void)state;
	some_lost_of(60, 1ull << 3 | 1ull << 15, 2, true, false);
}

static void test_the_classic_sender_waits_for_its_timer(void **state)
{
	const struct sim_fault f = {.delay_us = 10 * MS};
	struct lan l;

	(void)state;
	lan_open(&l, 11, 13 * 1448, &f);
	l.t->conf.classic = true;
	lose_segments(&l, 1ull << 12);
	fetch(&l, 20);
	expect_whole(&l);
	assert_int_equal(l.t->stats.timeouts, 1);
	assert_true(l.w->now_us > 200 * MS);
	lan_close(&l);
}

static void test_the_first_flight_is_ten_segments_and_the_next_twenty(void **state)
{
	const struct sim_fault f = {.delay_us = 20 * MS};
	struct lan l;

	(void)state;
	lan_open(&l, 12, 1000000, &f);
	tcpc_open(l.c, SERVER, PORT);
	world_run(l.w, 130 * MS); /* ARP, SYN, data */
	assert_int_equal(l.t->stats.segs_out, 10);
	world_run(l.w, 170 * MS);
	assert_int_equal(l.t->stats.segs_out, 30);
	world_run(l.w, 210 * MS);
	assert_int_equal(l.t->stats.segs_out, 70);
	lan_close(&l);
}

static void fills_the_wire(bool reno, uint64_t seconds)
{
	const struct sim_fault f = {
		.delay_us = 10 * MS, .rate_bps = 100000000, .queue_bytes = 250000};
	struct lan l;

	lan_open(&l, 13, 20 << 20, &f);
	l.t->conf.reno = reno;
	fetch(&l, 60);
	expect_whole(&l);
	assert_true(l.w->now_us < seconds * S);
	assert_int_equal(l.t->stats.timeouts, 0);
	assert_true(l.t->stats.recoveries >= 1); /* the queue has overflowed */
	lan_close(&l);
}

static void test_a_long_transfer_fills_the_wire(void **state)
{
	(void)state; /* 20 MiB at 100 Mbit/s take 1.7 s */
	fills_the_wire(false, 3);
	fills_the_wire(true, 3);
}

static void test_an_outage_is_survived_by_timeouts_that_back_off(void **state)
{
	const struct sim_fault f = {.delay_us = 1 * MS, .rate_bps = 50000000};
	struct lan l;

	(void)state;
	lan_open(&l, 12, 2000000, &f);
	link_cut(l.link, 100 * MS, 5 * S);
	fetch(&l, 60);
	expect_whole(&l);
	assert_true(l.t->stats.timeouts >= 4 && l.t->stats.timeouts < 8);
	assert_true(l.w->now_us > 5 * S && l.w->now_us < 12 * S);
	lan_close(&l);
}

/* ---- windows ---- */

static void test_a_closed_window_is_probed_for(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 20, 50000, &quick);
	l.c->limit = 20000;
	l.c->shift = 0;
	l.c->window = 60000;
	tcpc_open(l.c, SERVER, PORT);
	world_run(l.w, 5 * S);
	assert_true(l.c->len == 20000);
	assert_true(l.t->stats.probes >= 3 && l.t->stats.probes < 8);
	tcpc_take(l.c, UINT64_MAX, false); /* and its opening is not told */
	world_run_until(l.w, fetched, &l, 30 * S);
	expect_whole(&l);
	tcpc_close(l.c);
	lan_close(&l);
}

static void test_a_window_smaller_than_a_segment_is_used(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 21, 9000, &quick);
	l.c->window = 900;
	l.c->shift = 0;
	fetch(&l, 60);
	expect_whole(&l);
	lan_close(&l);
}

/* ---- the end ---- */

static void handshake(struct lan *l)
{
	l->waits = true;
	tcpc_open(l->c, SERVER, PORT);
	world_run(l->w, l->w->now_us + 10 * MS);
	assert_true(l->c->opened);
	l->c->manual = true;
}

static void test_a_reset_must_be_exact(void **state)
{
	struct lan l;
	struct tcp_seg s;

	(void)state;
	lan_open(&l, 30, 100, &quick);
	handshake(&l);
	s = tcpc_seg(l.c, TCP_RST);
	s.seq += 5;
	tcpc_send(l.c, &s);
	world_run(l.w, l.w->now_us + 10 * MS);
	assert_int_equal(l.gone, 0);
	assert_int_equal(tcpc_last(l.c)->flags, TCP_ACK); /* RFC 5961 3.2 */
	s.seq -= 5;
	tcpc_send(l.c, &s);
	world_run(l.w, l.w->now_us + 10 * MS);
	assert_int_equal(l.gone, 1);
	assert_int_equal(l.t->stats.resets_in, 1);
	lan_close(&l);
}

static void test_a_syn_in_a_connection_is_challenged(void **state)
{
	struct lan l;
	struct tcp_seg s;

	(void)state;
	lan_open(&l, 31, 100, &quick);
	handshake(&l);
	s = tcpc_seg(l.c, 0);
	s.flags = TCP_SYN;
	tcpc_send(l.c, &s);
	world_run(l.w, l.w->now_us + 10 * MS);
	assert_int_equal(tcpc_last(l.c)->flags, TCP_ACK);
	assert_int_equal(l.gone, 0);
	lan_close(&l);
}

static void test_a_killed_server_resets_and_a_restarted_one_does_so_when_asked(void **state)
{
	struct lan l;
	struct tcp_seg s;

	(void)state;
	lan_open(&l, 32, 100, &quick);
	handshake(&l);
	tcpd_kill(l.t);
	world_run(l.w, l.w->now_us + 10 * MS);
	assert_true(l.c->reset);
	l.c->manual = false;
	handshake(&l);
	tcpd_forget(l.t);
	world_run(l.w, l.w->now_us + 10 * MS);
	assert_false(l.c->reset);
	s = tcpc_seg(l.c, 0);
	tcpc_send(l.c, &s);
	world_run(l.w, l.w->now_us + 10 * MS);
	assert_true(l.c->reset);
	assert_int_equal(tcpc_last(l.c)->seq, s.ack);
	assert_int_equal(l.gone, 2);
	lan_close(&l);
}

static void test_a_client_that_falls_silent_is_given_up(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 33, 100000, &quick);
	handshake(&l);
	tcpc_text(l.c, "");
	l.waits = false;
	link_set_up(l.link, false);
	tcpd_send(tcpd_youngest(l.t), 100000);
	world_run(l.w, 1000 * S);
	assert_int_equal(l.t->stats.given_up, 1);
	assert_int_equal(l.t->active, 0);
	lan_close(&l);
}

/* ---- the judge ---- */

/* Sends the segment that spoil() has changed, into a connection that has sent 10 segments. */
static void judged(void (*spoil)(struct tcp_client *c, struct tcp_seg *s), const char *text)
{
	struct lan l;
	struct tcp_seg s;

	lan_open(&l, 40, 200000, &quick);
	l.c->limit = 4000000;
	handshake(&l);
	tcpd_send(tcpd_youngest(l.t), 100000);
	world_run(l.w, l.w->now_us + 10 * MS);
	s = tcpc_seg(l.c, 0);
	s.ack = l.c->irs + 1;
	s.window = 1000;
	s.ts_echo = tcpc_last(l.c)->ts;
	tcpc_send(l.c, &s);
	world_run(l.w, l.w->now_us + MS);
	if (l.w->violations)
		fail_msg("%s", l.w->violation[0]);
	spoil(l.c, &s);
	tcpc_send(l.c, &s);
	world_run(l.w, l.w->now_us + MS);
	if (!world_violated(l.w, text))
		fail_msg("not noticed: %s", text);
	world_free(l.w);
}

static void ack_too_much(struct tcp_client *c, struct tcp_seg *s)
{
	(void)c;
	s->ack += 1000000;
}

static void no_timestamp(struct tcp_client *c, struct tcp_seg *s)
{
	(void)c;
	s->has_ts = false;
}

static void wrong_echo(struct tcp_client *c, struct tcp_seg *s)
{
	(void)c;
	s->ts_echo -= 5000;
}

static void shrink(struct tcp_client *c, struct tcp_seg *s)
{
	(void)c;
	s->ack += 1448;
	s->window = 10;
}

static void sack_behind(struct tcp_client *c, struct tcp_seg *s)
{
	(void)c;
	s->sacks = 2;
	s->sack[0][0] = s->ack + 3000;
	s->sack[0][1] = s->ack + 4000;
	s->sack[1][0] = s->ack;
	s->sack[1][1] = s->ack + 1000;
}

static void sack_beyond(struct tcp_client *c, struct tcp_seg *s)
{
	(void)c;
	s->sacks = 1;
	s->sack[0][0] = s->ack + 1448;
	s->sack[0][1] = s->ack + 900000;
}

static void urgent(struct tcp_client *c, struct tcp_seg *s)
{
	(void)c;
	s->flags |= TCP_URG;
}

static void no_ack(struct tcp_client *c, struct tcp_seg *s)
{
	(void)c;
	s->flags = TCP_PSH;
}

static void bad_sum(struct tcp_client *c, struct tcp_seg *s)
{
	(void)c;
	s->sum_bad = true;
}

static void bad_option(struct tcp_client *c, struct tcp_seg *s)
{
	(void)c;
	s->raw = (const uint8_t *)"\x08\x0b\0\0";
	s->raw_len = 4;
}

static void other_bytes(struct tcp_client *c, struct tcp_seg *s)
{
	s->data = (const uint8_t *)"\0\7";
	s->len = 2;
	tcpc_send(c, s);
	s->data = (const uint8_t *)"\0\6";
}

static void too_many_acks(struct tcp_client *c, struct tcp_seg *s)
{
	for (unsigned i = 0; i < 40; i++)
		tcpc_send(c, s);
	s->flags |= TCP_RST;
}

static void test_the_judge_sees_each_breach(void **state)
{
	(void)state;
	judged(ack_too_much, "that were not sent");
	judged(no_timestamp, "no timestamp");
	judged(wrong_echo, "which was not sent");
	judged(shrink, "moves back");
	judged(sack_behind, "SACK 0..1000");
	judged(sack_beyond, "SACK 1448..900000");
	judged(urgent, "urgent");
	judged(no_ack, "without ACK");
	judged(bad_sum, "checksum");
	judged(bad_option, "option length");
	judged(other_bytes, "differs in a copy");
	judged(too_many_acks, "ACKs for");
}

static void test_a_bad_syn_is_seen(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 41, 100, &quick);
	l.c->mss = 0;
	tcpc_open(l.c, SERVER, PORT);
	world_run(l.w, 10 * MS);
	assert_true(world_violated(l.w, "SYN without MSS"));
	world_free(l.w);
}

/* ---- tricks ---- */

static void trick(struct lan *l, uint64_t seconds)
{
	fetch(l, seconds);
	expect_whole(l);
	lan_close(l);
}

static void test_a_client_that_takes_the_first_copy_stands_the_rewriters(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 50, 100000, &quick);
	l.t->conf.tricks.rewrites = 3;
	l.t->conf.tricks.rewinds = 4;
	l.t->conf.tricks.sum_bad = 5;
	l.t->conf.tricks.probes = true;
	l.t->conf.tricks.urgent = true;
	l.t->conf.tricks.payload_max = 700;
	fetch(&l, 20);
	assert_true(l.c->copies > 50000);
	expect_whole(&l);
	lan_close(&l);
}

static void test_small_segments(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 51, 300, &quick);
	l.t->conf.tricks.payload_max = 1;
	fetch(&l, 60);
	assert_int_equal(l.t->stats.segs_out, 300);
	expect_whole(&l);
	lan_close(&l);
}

static void test_bad_syn_acks_come_first(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 52, 300, &quick);
	l.t->conf.tricks.bad_syn_acks = 2;
	trick(&l, 20);
	lan_open(&l, 52, 300, &quick);
	l.t->conf.tricks.bad_syn_acks = 1;
	l.t->conf.tricks.syn_reset_wrong = true;
	tcpc_open(l.c, SERVER, PORT);
	world_run(l.w, 100 * MS);
	assert_true(l.c->reset); /* this client believes it */
	lan_close(&l);
}

static void test_a_window_that_is_closed_and_not_opened(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 53, 300, &quick);
	l.c->manual = true;
	l.t->conf.tricks.closed_us = 2 * S;
	tcpc_open(l.c, SERVER, PORT);
	world_run(l.w, 3 * S);
	assert_int_equal(tcpc_last(l.c)->window, 0);
	lan_close(&l);
}

static void test_silence_from_a_byte_on(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 54, 400000, &quick);
	l.t->conf.tricks.silent_at = 50000;
	fetch(&l, 100);
	assert_true(l.c->len >= 50000 && l.c->len < 400000);
	lan_close(&l);
}

static void test_options_and_sacks_that_lie(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 55, 100, &quick);
	l.t->conf.tricks.syn_options = "\2\4\0\0";
	l.t->conf.tricks.syn_options_len = 4;
	l.t->conf.tricks.sack_lies = true;
	tcpc_open(l.c, SERVER, PORT);
	world_run(l.w, 10 * MS);
	assert_int_equal(l.c->heard, 0); /* this client's parser refuses the SYN-ACK */
	lan_close(&l);
	lan_open(&l, 55, 100, &quick);
	l.t->conf.tricks.sack_lies = true;
	fetch(&l, 20);
	assert_int_equal(tcpc_last(l.c)->sacks, 3);
	expect_whole(&l);
	lan_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_file_of_each_size_arrives_and_both_ends_close),
		cmocka_unit_test(test_options_are_agreed_only_with_who_offers_them),
		cmocka_unit_test(test_segments_keep_to_the_smaller_mss),
		cmocka_unit_test(test_without_any_option_it_works_too),
		cmocka_unit_test(test_a_syn_ack_is_repeated_when_it_is_lost),
		cmocka_unit_test(test_a_port_where_nobody_listens_resets),
		cmocka_unit_test(test_every_byte_arrives_over_bad_links),
		cmocka_unit_test(test_what_is_lost_is_sent_again_without_a_timeout),
		cmocka_unit_test(test_a_lost_tail_is_probed_for),
		cmocka_unit_test(test_a_lost_copy_is_seen_by_what_came_later),
		cmocka_unit_test(test_the_classic_sender_waits_for_its_timer),
		cmocka_unit_test(test_the_first_flight_is_ten_segments_and_the_next_twenty),
		cmocka_unit_test(test_a_long_transfer_fills_the_wire),
		cmocka_unit_test(test_an_outage_is_survived_by_timeouts_that_back_off),
		cmocka_unit_test(test_a_closed_window_is_probed_for),
		cmocka_unit_test(test_a_window_smaller_than_a_segment_is_used),
		cmocka_unit_test(test_a_reset_must_be_exact),
		cmocka_unit_test(test_a_syn_in_a_connection_is_challenged),
		cmocka_unit_test(
			test_a_killed_server_resets_and_a_restarted_one_does_so_when_asked),
		cmocka_unit_test(test_a_client_that_falls_silent_is_given_up),
		cmocka_unit_test(test_the_judge_sees_each_breach),
		cmocka_unit_test(test_a_bad_syn_is_seen),
		cmocka_unit_test(test_a_client_that_takes_the_first_copy_stands_the_rewriters),
		cmocka_unit_test(test_small_segments),
		cmocka_unit_test(test_bad_syn_acks_come_first),
		cmocka_unit_test(test_a_window_that_is_closed_and_not_opened),
		cmocka_unit_test(test_silence_from_a_byte_on),
		cmocka_unit_test(test_options_and_sacks_that_lie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
