/* SPDX-License-Identifier: BSD-2-Clause */
/* The learning switch: learning, flooding, ageing, its table's bound, blocking ports, BPDUs. */
#include "switch.h"
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define STATIONS 4

struct station {
	struct sim_port port;
	unsigned frames, bpdus;
	uint8_t bpdu_flags;
};

struct lan {
	struct sim_world *w;
	struct sim_switch *s;
	struct station at[STATIONS];
	struct sim_link *link[STATIONS];
};

static void station_rx(void *ctx, struct sim_frame *f)
{
	struct station *s = ctx;

	if (!memcmp(f->data, "\x01\x80\xc2", 3)) {
		s->bpdus++;
		s->bpdu_flags = f->data[21];
	} else {
		s->frames++;
	}
}

static void lan_open(struct lan *l, uint64_t forward_delay_us, uint64_t bpdu_us)
{
	memset(l, 0, sizeof(*l));
	l->w = world_new(1);
	l->s = switch_new(l->w, "sw", STATIONS);
	l->s->forward_delay_us = forward_delay_us;
	l->s->bpdu_us = bpdu_us;
	for (unsigned i = 0; i < STATIONS; i++) {
		port_init(&l->at[i].port, l->w, "station", station_rx, NULL, &l->at[i]);
		l->link[i] = link_new(l->w, &l->at[i].port, switch_free_port(l->s), NULL);
	}
}

/* A frame from station `from`, whose address ends in `src`, to the address that ends in `dst`
 * (0xff: all). */
static void lan_send(struct lan *l, unsigned from, unsigned src, unsigned dst)
{
	struct sim_frame *f = frame_blank(ETH_MIN);

	memset(f->data, dst == 0xff ? 0xff : 0, 6);
	wire_put16(f->data + 4, dst == 0xff ? 0xffff : dst);
	wire_put16(f->data + 10, src);
	port_send(&l->at[from].port, f);
	world_run(l->w, l->w->now_us + 1);
}

static void lan_expect(struct lan *l, unsigned a, unsigned b, unsigned c, unsigned d)
{
	const unsigned want[STATIONS] = {a, b, c, d};

	for (unsigned i = 0; i < STATIONS; i++) {
		assert_int_equal(l->at[i].frames, want[i]);
		l->at[i].frames = 0;
	}
}

static void test_floods_unknown_and_broadcast_then_learns(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 0, 0);
	lan_send(&l, 0, 1, 2);
	lan_expect(&l, 0, 1, 1, 1);
	lan_send(&l, 1, 2, 1);
	lan_expect(&l, 1, 0, 0, 0);
	lan_send(&l, 0, 1, 2);
	lan_expect(&l, 0, 1, 0, 0);
	lan_send(&l, 1, 2, 0xff);
	lan_expect(&l, 1, 0, 1, 1);
	lan_send(&l, 0, 3, 1); /* to somebody on its own port */
	lan_expect(&l, 0, 0, 0, 0);
	assert_int_equal(l.s->flooded, 2);
	assert_int_equal(l.s->forwarded, 2);
	world_free(l.w);
}

static void test_a_station_that_moves_is_found_again(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 0, 0);
	lan_send(&l, 0, 1, 0xff);
	lan_send(&l, 2, 1, 0xff);
	lan_expect(&l, 1, 2, 1, 2);
	lan_send(&l, 3, 4, 1);
	lan_expect(&l, 0, 0, 1, 0);
	world_free(l.w);
}

static void test_addresses_age_and_leave_with_their_link(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 0, 0);
	lan_send(&l, 0, 1, 0xff);
	lan_send(&l, 1, 2, 0xff);
	lan_expect(&l, 1, 1, 2, 2);
	world_run(l.w, SWITCH_AGE_US + 10);
	lan_send(&l, 2, 3, 1);
	lan_expect(&l, 1, 1, 0, 1);
	lan_send(&l, 1, 2, 0xff);
	lan_expect(&l, 1, 0, 1, 1);
	link_set_up(l.link[1], false);
	lan_send(&l, 0, 1, 2);
	lan_expect(&l, 0, 0, 1, 1);
	world_free(l.w);
}

static void test_a_full_table_floods(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 0, 0);
	l.s->macs_max = 10;
	for (unsigned i = 0; i < 20; i++)
		lan_send(&l, 0, 100 + i, 0xff);
	assert_int_equal(l.s->macs, 10);
	lan_expect(&l, 0, 20, 20, 20);
	lan_send(&l, 1, 1, 105);
	lan_expect(&l, 1, 0, 0, 0);
	lan_send(&l, 1, 1, 115);
	lan_expect(&l, 1, 0, 1, 1);
	world_run(l.w, SWITCH_AGE_US * 2); /* old ones make room */
	lan_send(&l, 0, 200, 0xff);
	assert_int_equal(l.s->macs, 1);
	world_free(l.w);
}

static void test_a_blocked_port_passes_nothing_for_its_time(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 30000000, 0);
	lan_send(&l, 0, 1, 0xff);
	lan_expect(&l, 0, 0, 0, 0);
	assert_false(switch_forwards(l.s, 0));
	world_run(l.w, 29999999);
	lan_send(&l, 0, 1, 0xff);
	assert_int_equal(l.s->blocked, 2);
	lan_expect(&l, 0, 0, 0, 0);
	lan_send(&l, 0, 1, 0xff);
	lan_expect(&l, 0, 1, 1, 1);
	link_set_up(l.link[0], false);
	link_set_up(l.link[0], true);
	lan_send(&l, 0, 1, 0xff);
	lan_expect(&l, 0, 0, 0, 0);
	lan_send(&l, 1, 2, 0xff);
	lan_expect(&l, 0, 0, 1, 1);
	world_run(l.w, 70000000);
	lan_send(&l, 0, 1, 0xff);
	lan_expect(&l, 0, 1, 1, 1);
	world_free(l.w);
}

static void test_bpdus_tell_the_port_state(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 30000000, 2000000);
	world_run(l.w, 1000000);
	assert_int_equal(l.at[0].bpdus, 1);
	assert_int_equal(l.at[0].bpdu_flags, 0x0c);
	world_run(l.w, 17000000);
	assert_int_equal(l.at[0].bpdu_flags, 0x1c);
	world_run(l.w, 31000000);
	assert_int_equal(l.at[0].bpdu_flags, 0x3c);
	assert_int_equal(l.at[0].bpdus, 16);
	world_free(l.w);
}

static void test_reserved_addresses_and_runts_stay_here(void **state)
{
	struct sim_frame *f = frame_blank(ETH_MIN);
	struct lan l;

	(void)state;
	lan_open(&l, 0, 0);
	memcpy(f->data, "\x01\x80\xc2\x00\x00\x0e\x02\x00\x00\x00\x00\x01", 12);
	port_send(&l.at[0].port, f);
	port_send(&l.at[0].port, frame_blank(13));
	world_run(l.w, 10);
	lan_expect(&l, 0, 0, 0, 0);
	assert_int_equal(l.at[1].bpdus, 0);
	assert_null(switch_free_port(l.s));
	assert_null(switch_port(l.s, STATIONS));
	world_free(l.w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_floods_unknown_and_broadcast_then_learns),
		cmocka_unit_test(test_a_station_that_moves_is_found_again),
		cmocka_unit_test(test_addresses_age_and_leave_with_their_link),
		cmocka_unit_test(test_a_full_table_floods),
		cmocka_unit_test(test_a_blocked_port_passes_nothing_for_its_time),
		cmocka_unit_test(test_bpdus_tell_the_port_state),
		cmocka_unit_test(test_reserved_addresses_and_runts_stay_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
