/* SPDX-License-Identifier: BSD-2-Clause */
/* The world itself: clock, order of events, random streams, links and each of their faults, pcap
 * files. */
#include "link.h"
#include "pcap.h"
#include "wire.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

/* ---- events ---- */

struct note {
	struct sim_event e;
	struct sim_world *w;
	char *log;
	char name;
	uint64_t at_us;
};

static void note_fire(void *ctx)
{
	struct note *n = ctx;
	size_t len = strlen(n->log);

	n->log[len] = n->name;
	n->log[len + 1] = 0;
	n->at_us = n->w->now_us;
}

static void test_events_run_in_time_order_then_in_scheduling_order(void **state)
{
	struct sim_world *w = world_new(1);
	char log[32] = "";
	struct note n[6];
	const uint64_t at[6] = {30, 10, 20, 10, 30, 10};

	(void)state;
	for (int i = 0; i < 6; i++) {
		n[i] = (struct note){.w = w, .log = log, .name = (char)('a' + i)};
		event_init(&n[i].e, note_fire, &n[i]);
		world_at(w, &n[i].e, at[i]);
	}
	world_run(w, 15);
	assert_string_equal(log, "bdf");
	assert_int_equal(w->now_us, 15);
	world_run(w, 100);
	assert_string_equal(log, "bdfcae");
	assert_int_equal(n[4].at_us, 30);
	assert_int_equal(w->now_us, 100);
	world_free(w);
}

static void test_events_can_be_cancelled_and_moved(void **state)
{
	struct sim_world *w = world_new(1);
	char log[32] = "";
	struct note n[4];

	(void)state;
	for (int i = 0; i < 4; i++) {
		n[i] = (struct note){.w = w, .log = log, .name = (char)('a' + i)};
		event_init(&n[i].e, note_fire, &n[i]);
		world_in(w, &n[i].e, (uint64_t)i + 1);
	}
	world_cancel(w, &n[1].e);
	world_cancel(w, &n[1].e);
	world_at(w, &n[0].e, 50);
	assert_false(event_waits(&n[1].e));
	assert_true(event_waits(&n[0].e));
	assert_int_equal(world_next(w), 3);
	world_run(w, 100);
	assert_string_equal(log, "cda");
	assert_int_equal(world_next(w), WORLD_NEVER);
	world_free(w);
}

struct shuffled {
	struct sim_event e;
	struct sim_world *w;
	uint64_t want_us;
	uint64_t *last_us;
	unsigned *fired;
};

static void shuffled_fire(void *ctx)
{
	struct shuffled *s = ctx;

	assert_int_equal(s->w->now_us, s->want_us);
	assert_true(s->want_us >= *s->last_us);
	*s->last_us = s->want_us;
	++*s->fired;
}

static void test_heap_keeps_order_under_random_use(void **state)
{
	enum { N = 2000 };
	struct sim_world *w = world_new(7);
	struct shuffled *s = calloc(N, sizeof(*s));
	struct sim_rng r;
	uint64_t last_us = 0;
	unsigned fired = 0, cancelled = 0;

	(void)state;
	world_stream(w, &r);
	for (int i = 0; i < N; i++) {
		s[i] = (struct shuffled){.w = w, .last_us = &last_us, .fired = &fired};
		event_init(&s[i].e, shuffled_fire, &s[i]);
		s[i].want_us = rand_below(&r, 5000);
		world_at(w, &s[i].e, s[i].want_us);
	}
	for (int i = 0; i < N; i++) {
		struct shuffled *victim = &s[rand_below(&r, N)];

		if (rand_chance(&r, 300000)) {
			cancelled += event_waits(&victim->e);
			world_cancel(w, &victim->e);
		} else if (event_waits(&victim->e)) {
			victim->want_us = rand_below(&r, 5000);
			world_at(w, &victim->e, victim->want_us);
		}
	}
	world_run(w, 5000);
	assert_true(cancelled > 100);
	assert_int_equal(fired, N - cancelled);
	free(s);
	world_free(w);
}

static void again_fire(void *ctx)
{
	struct note *n = ctx;

	world_in(n->w, &n->e, 0);
}

static void test_livelock_is_found(void **state)
{
	struct sim_world *w = world_new(1);
	struct note n = {.w = w};

	(void)state;
	event_init(&n.e, again_fire, &n);
	world_in(w, &n.e, 5);
	world_run(w, 100);
	assert_true(w->stuck);
	assert_int_equal(w->now_us, 5);
	assert_true(world_violated(w, "livelock"));
	world_cancel(w, &n.e);
	world_free(w);
}

static void test_violations_are_bounded_and_counted(void **state)
{
	struct sim_world *w = world_new(1);

	(void)state;
	for (int i = 0; i < 1000; i++)
		world_violation(w, "judge", "rule %d", i);
	assert_int_equal(w->violations, 1000);
	assert_true(world_violated(w, "judge: rule 63"));
	assert_false(world_violated(w, "rule 64"));
	world_free(w);
}

static void test_random_streams_depend_on_seed_and_order_alone(void **state)
{
	struct sim_world *w[3] = {world_new(42), world_new(42), world_new(43)};
	struct sim_rng r[3][2];

	(void)state;
	for (int i = 0; i < 3; i++)
		for (int k = 0; k < 2; k++)
			world_stream(w[i], &r[i][k]);
	for (int n = 0; n < 100; n++) {
		uint64_t a = rand_next(&r[0][0]), b = rand_next(&r[0][1]);

		assert_true(a == rand_next(&r[1][0]));
		assert_true(b == rand_next(&r[1][1]));
		assert_true(a != b);
		assert_true(a != rand_next(&r[2][0]));
	}
	for (int i = 0; i < 3; i++)
		world_free(w[i]);
}

static void test_random_chance_is_near_its_number(void **state)
{
	struct sim_rng r;
	unsigned hits = 0, low = 0;

	(void)state;
	rand_seed(&r, 5);
	for (int i = 0; i < 100000; i++) {
		hits += rand_chance(&r, 250000);
		low += rand_below(&r, 10) < 3;
	}
	assert_in_range(hits, 24000, 26000);
	assert_in_range(low, 29000, 31000);
}

/* ---- links ---- */

struct station {
	struct sim_port port;
	unsigned frames, damaged, copies, changes, out_of_order;
	uint64_t bytes, first_us, last_us;
	uint32_t last_number;
	bool up;
	struct sim_frame *kept;
};

static void station_rx(void *ctx, struct sim_frame *f)
{
	struct station *s = ctx;
	uint32_t number = f->len >= 18 ? wire_get32(f->data + 14) : 0;

	if (!s->frames++)
		s->first_us = s->port.w->now_us;
	s->last_us = s->port.w->now_us;
	s->bytes += f->len;
	s->damaged += f->damaged;
	s->copies += f->copy;
	s->out_of_order += number < s->last_number;
	if (number > s->last_number && !f->damaged)
		s->last_number = number;
	if (s->kept)
		frame_free(s->kept);
	s->kept = frame_ref(f);
}

static void station_link(void *ctx, bool up)
{
	struct station *s = ctx;

	s->up = up;
	s->changes++;
}

struct pair {
	struct sim_world *w;
	struct station a, b;
	struct sim_link *l;
};

static void pair_open(struct pair *p, uint64_t seed, const struct sim_fault *fault)
{
	memset(p, 0, sizeof(*p));
	p->w = world_new(seed);
	port_init(&p->a.port, p->w, "a", station_rx, station_link, &p->a);
	port_init(&p->b.port, p->w, "b", station_rx, station_link, &p->b);
	p->l = link_new(p->w, &p->a.port, &p->b.port, fault);
}

static void pair_close(struct pair *p)
{
	if (p->a.kept)
		frame_free(p->a.kept);
	if (p->b.kept)
		frame_free(p->b.kept);
	world_free(p->w);
}

/* Sends n numbered frames of len bytes from a, gap_us apart, and lets them arrive. */
static void pair_send(struct pair *p, uint32_t n, uint32_t len, uint64_t gap_us)
{
	for (uint32_t i = 1; i <= n; i++) {
		struct sim_frame *f = frame_blank(len);

		if (len >= 18)
			wire_put32(f->data + 14, i);
		port_send(&p->a.port, f);
		world_run(p->w, p->w->now_us + gap_us);
	}
	world_run(p->w, p->w->now_us + 10000000);
}

static void test_perfect_link(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 1, NULL);
	assert_true(p.a.up && p.b.up);
	pair_send(&p, 100, 60, 0);
	assert_int_equal(p.b.frames, 100);
	assert_int_equal(p.b.out_of_order, 0);
	assert_int_equal(p.b.last_us, 0);
	assert_int_equal(p.a.frames, 0);
	assert_int_equal(p.a.port.tx_bytes, 6000);
	assert_int_equal(p.b.port.rx_frames, 100);
	pair_close(&p);
}

static void test_rate_delay_and_tail_drop(void **state)
{
	const struct sim_fault slow = {.rate_bps = 8000000, .queue_bytes = 10000, .delay_us = 500};
	struct pair p;

	(void)state;
	pair_open(&p, 1, &slow);
	pair_send(&p, 20, 1000, 0); /* one byte a microsecond; ten frames fit the queue */
	assert_int_equal(p.b.frames, 10);
	assert_int_equal(p.b.first_us, 1500);
	assert_int_equal(p.b.last_us, 10500);
	assert_int_equal(p.l->way[0].dropped, 10);
	pair_send(&p, 5, 1000, 1000); /* at just the rate nothing is dropped */
	assert_int_equal(p.b.frames, 15);
	pair_close(&p);
}

static void test_jitter_keeps_order_and_reorder_breaks_it(void **state)
{
	const struct sim_fault jitter = {.delay_us = 100, .jitter_us = 1000};
	const struct sim_fault reorder = {
		.delay_us = 100, .reorder_ppm = 100000, .reorder_us = 5000};
	struct pair p;

	(void)state;
	pair_open(&p, 3, &jitter);
	pair_send(&p, 1000, 64, 10);
	assert_int_equal(p.b.frames, 1000);
	assert_int_equal(p.b.out_of_order, 0);
	pair_close(&p);
	pair_open(&p, 3, &reorder);
	pair_send(&p, 1000, 64, 10);
	assert_int_equal(p.b.frames, 1000);
	assert_in_range(p.b.out_of_order, 60, 140);
	assert_in_range(p.l->way[0].reordered, 60, 140);
	pair_close(&p);
}

static void test_loss_and_bursts(void **state)
{
	const struct sim_fault loss = {.loss_ppm = 100000};
	const struct sim_fault burst = {
		.burst_enter_ppm = 10000, .burst_us = 10, .burst_loss_ppm = 1000000};
	struct pair p;

	(void)state;
	pair_open(&p, 4, &loss);
	pair_send(&p, 10000, 60, 1);
	assert_in_range(p.b.frames, 8800, 9200);
	assert_int_equal(p.b.frames + p.l->way[0].lost, 10000);
	pair_close(&p);
	pair_open(&p, 4, &burst); /* a frame each us: bad 10 of 110 us */
	pair_send(&p, 20000, 60, 1);
	assert_in_range(p.l->way[0].lost, 1300, 2400);
	pair_close(&p);
}

static void test_duplicates_are_marked(void **state)
{
	const struct sim_fault twice = {.dup_ppm = 200000, .delay_us = 10};
	struct pair p;

	(void)state;
	pair_open(&p, 5, &twice);
	pair_send(&p, 1000, 60, 1);
	assert_in_range(p.b.copies, 150, 250);
	assert_int_equal(p.b.frames, 1000 + p.b.copies);
	pair_close(&p);
}

static void test_damage_is_marked_seen_by_the_checksum_and_leaves_the_original_alone(void **state)
{
	const struct sim_fault bad = {.corrupt_ppm = 1000000};
	struct sim_frame *f = frame_blank(100);
	struct pair p;

	(void)state;
	pair_open(&p, 6, &bad);
	for (int i = 0; i < 2000; i++) {
		port_send(&p.a.port, frame_ref(f));
		world_run(p.w, p.w->now_us + 1);
		assert_true(p.b.kept->damaged);
		assert_int_equal(p.b.kept->len, 100);
		assert_int_not_equal(wire_fold(wire_sum(0, p.b.kept->data, 100)), 0xffff);
	}
	assert_int_equal(wire_fold(wire_sum(0, f->data, 100)), 0xffff);
	assert_false(f->damaged);
	assert_int_equal(f->refs, 1);
	frame_free(f);
	pair_close(&p);
}

static void test_truncation(void **state)
{
	const struct sim_fault cut = {.truncate_ppm = 500000};
	struct pair p;

	(void)state;
	pair_open(&p, 6, &cut);
	pair_send(&p, 1000, 100, 1);
	assert_int_equal(p.b.frames, 1000);
	assert_in_range(p.b.damaged, 400, 600);
	assert_in_range(p.b.bytes, 65000, 85000);
	pair_close(&p);
}

static void test_cut_loses_what_is_under_way_and_both_ends_see_it(void **state)
{
	const struct sim_fault far = {.delay_us = 1000};
	struct pair p;

	(void)state;
	pair_open(&p, 1, &far);
	link_cut(p.l, 5500, 20000);
	for (int i = 0; i < 30; i++) { /* at 0, 1000, ... 29000 */
		port_send(&p.a.port, frame_blank(60));
		world_run(p.w, p.w->now_us + 1000);
		assert_int_equal(port_up(&p.b.port), p.w->now_us < 5500 || p.w->now_us >= 20000);
	}
	world_run(p.w, 100000);
	assert_int_equal(p.a.changes, 3);
	assert_int_equal(p.b.changes, 3);
	assert_int_equal(p.b.frames, 5 + 10);
	assert_int_equal(p.a.port.tx_lost, 14); /* 6000 .. 19000 */
	assert_int_equal(p.l->way[0].lost, 1);
	pair_close(&p);
}

static void test_a_port_without_link_loses_frames(void **state)
{
	struct sim_world *w = world_new(1);
	struct station s = {0};

	(void)state;
	port_init(&s.port, w, "lonely", station_rx, NULL, &s);
	port_send(&s.port, frame_blank(60));
	assert_int_equal(s.port.tx_lost, 1);
	assert_false(port_up(&s.port));
	world_free(w);
}

/* Two runs of one seed are the same run; another seed is another. */
static uint64_t fingerprint(uint64_t seed)
{
	const struct sim_fault all = {
		.rate_bps = 10000000,
		.delay_us = 100,
		.jitter_us = 300,
		.loss_ppm = 50000,
		.burst_enter_ppm = 10000,
		.burst_us = 1000,
		.burst_loss_ppm = 800000,
		.dup_ppm = 50000,
		.reorder_ppm = 50000,
		.reorder_us = 2000,
		.corrupt_ppm = 50000,
		.truncate_ppm = 20000,
	};
	struct pair p;
	uint64_t sum = 0;

	pair_open(&p, seed, &all);
	for (uint32_t i = 0; i < 2000; i++) {
		struct sim_frame *f = frame_blank(200);

		wire_put32(f->data + 14, i);
		port_send(&p.a.port, f);
		world_run(p.w, p.w->now_us + 150);
		if (p.b.kept)
			sum = rand_mix(
				sum ^ p.b.last_us ^ wire_sum(0, p.b.kept->data, p.b.kept->len));
	}
	pair_close(&p);
	return sum;
}

static void test_a_seed_is_a_run(void **state)
{
	(void)state;
	assert_true(fingerprint(11) == fingerprint(11));
	assert_true(fingerprint(11) != fingerprint(12));
}

/* ---- pcap ---- */

static void test_pcap_file(void **state)
{
	char path[] = "/tmp/sim-pcap-XXXXXX";
	uint32_t word[10];
	int fd = mkstemp(path);
	struct pair p;
	FILE *file;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	pair_open(&p, 1, NULL);
	p.b.port.pcap = pcap_new(p.w, path);
	assert_non_null(p.b.port.pcap);
	world_run(p.w, 3000007);
	port_send(&p.a.port, frame_blank(77));
	world_run(p.w, 3000010);
	port_send(&p.b.port, frame_blank(60));
	pair_close(&p);
	file = fopen(path, "rb");
	assert_int_equal(fread(word, 4, 10, file), 10);
	assert_int_equal(word[0], 0xa1b2c3d4);
	assert_int_equal(word[5], 1);
	assert_int_equal(word[6], 3);
	assert_int_equal(word[7], 7);
	assert_int_equal(word[8], 77);
	assert_int_equal(word[9], 77);
	fseek(file, 0, SEEK_END);
	assert_int_equal(ftell(file), 24 + 16 + 77 + 16 + 60);
	fclose(file);
	unlink(path);
	assert_null(pcap_new(NULL, "/nonexistent/file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events_run_in_time_order_then_in_scheduling_order),
		cmocka_unit_test(test_events_can_be_cancelled_and_moved),
		cmocka_unit_test(test_heap_keeps_order_under_random_use),
		cmocka_unit_test(test_livelock_is_found),
		cmocka_unit_test(test_violations_are_bounded_and_counted),
		cmocka_unit_test(test_random_streams_depend_on_seed_and_order_alone),
		cmocka_unit_test(test_random_chance_is_near_its_number),
		cmocka_unit_test(test_perfect_link),
		cmocka_unit_test(test_rate_delay_and_tail_drop),
		cmocka_unit_test(test_jitter_keeps_order_and_reorder_breaks_it),
		cmocka_unit_test(test_loss_and_bursts),
		cmocka_unit_test(test_duplicates_are_marked),
		cmocka_unit_test(
			test_damage_is_marked_seen_by_the_checksum_and_leaves_the_original_alone),
		cmocka_unit_test(test_truncation),
		cmocka_unit_test(test_cut_loses_what_is_under_way_and_both_ends_see_it),
		cmocka_unit_test(test_a_port_without_link_loses_frames),
		cmocka_unit_test(test_a_seed_is_a_run),
		cmocka_unit_test(test_pcap_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
