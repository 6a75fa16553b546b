/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile networks at TCP's level. Each test is named after the class of bugs that it guards
 * against:
 *
 *	row 6  predictable numbers      row 23 blind attacks, RFC 5961    row 24 options and SACK
 *	row 25 windows, urgent, rewriting   row 26 damage of all kinds   row 27 silent peers
 *	row 38 ICMP (RFC 5927)
 *
 * BOOT means that the right kernel starts although the attack goes on.
 */
#include "attack.h"
#include "expect.h"

#include <stdlib.h>

#define MS 1000u
#define S  1000000u

static struct sim_lab *lab_by_http(uint64_t seed)
{
	struct sim_lab *l = lab_new(seed, 2);

	lab_http(l);
	lab_node(l, NULL);
	return l;
}

/* The same on a slow wire, so that there is time for an attack. */
static struct sim_lab *lab_slow(uint64_t seed)
{
	struct sim_lab *l = lab_by_http(seed);

	link_set_fault(l->server_link, &(struct sim_fault){.rate_bps = 20000000});
	l->tcp->conf.attacked = true;
	return l;
}

/* ---- row 6 ---- */

static int compare_u32(const void *a, const void *b)
{
	uint32_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x < y ? -1 : x > y;
}

static unsigned distinct(uint32_t *v, unsigned n)
{
	unsigned d = n != 0;

	qsort(v, n, sizeof(*v), compare_u32);
	for (unsigned i = 1; i < n; i++)
		d += v[i] != v[i - 1];
	return d;
}

static unsigned equal_steps(const uint32_t *v, unsigned n)
{
	unsigned same = 0;

	for (unsigned i = 2; i < n; i++)
		same += v[i] - v[i - 1] == v[i - 1] - v[i - 2];
	return same;
}

static void test_row6_ports_and_isns_do_not_step_by_a_constant(void **state)
{
	static char script[2000] = "dhcp\n";
	struct sim_lab *l = lab_new(1, 1);
	uint32_t port[12], isn[12];

	(void)state;
	for (unsigned i = 0; i < 12; i++)
		strcat(script, "imgfetch " LAB_URL "boot.ipxe && imgfree\n");
	strcat(script, "exit 0");
	l->http->conf.requests_max = 1;
	lab_node(l, &(struct node_conf){.script = script});
	assert_true(lab_run(l, 30));
	assert_int_equal(l->tcp->seens, 12);
	for (unsigned i = 0; i < 12; i++) {
		port[i] = l->tcp->seen[i].port;
		isn[i] = l->tcp->seen[i].isn;
	}
	assert_true(equal_steps(port, 12) <= 1);
	assert_int_equal(equal_steps(isn, 12), 0);
	assert_true(distinct(port, 12) >= 11);
	assert_int_equal(distinct(isn, 12), 12);
	assert_null(lab_violation(l));
	lab_free(l);
}

static void test_row41_isns_differ_over_cold_boots(void **state)
{
	uint32_t isn[20], port[20];

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		struct sim_lab *l = lab_new(100 + i, 1);

		lab_http(l);
		lab_node(l, &(struct node_conf){.jitter_only = i & 1});
		lab_run(l, 30);
		isn[i] = l->tcp->seen[0].isn;
		port[i] = l->tcp->seen[0].port;
		must_boot(l, 1);
	}
	assert_int_equal(distinct(isn, 20), 20);
	assert_true(distinct(port, 20) >= 18);
}

/* ---- row 23 ---- */

/* A segment as if from the server, in the connection that is the youngest now: sound but for what
 * the caller changes. False: there is none. */
static bool forge(struct sim_attack *a, struct tcp_seg *s)
{
	struct tcpd_conn *c = tcpd_youngest(a->l->tcp);

	if (!c || !c->established || c->fin_heard)
		return false;
	*s = (struct tcp_seg){
		.src_ip = LAB_SERVER,
		.dst_ip = c->ip,
		.src_port = c->local_port,
		.dst_port = c->port,
		.seq = c->iss + 1 + (uint32_t)c->nxt,
		.ack = c->irs + 1 + (uint32_t)c->rcv,
		.flags = TCP_ACK,
		.window = 1000,
		.has_ts = true,
		.ts = c->ts_offset + (uint32_t)(a->l->w->now_us / 1000),
		.ts_echo = c->ts_recent,
	};
	return true;
}

/* In the window, but far from what can be expected next. */
static uint32_t near_by(struct sim_attack *a)
{
	return 3000000 + (uint32_t)rand_below(&a->h->rng, 1000);
}

static void resets(struct sim_attack *a)
{
	struct tcp_seg s;

	if (!forge(a, &s))
		return;
	s.flags = a->n & 1 ? TCP_RST : TCP_RST | TCP_ACK;
	s.seq += a->n & 2 ? near_by(a) : (uint32_t)-near_by(a);
	s.has_ts = a->n & 4;
	seg_send(a->h, &s);
}

static void syns(struct sim_attack *a)
{
	struct tcp_seg s;

	if (!forge(a, &s))
		return;
	s.flags = a->n & 1 ? TCP_SYN : TCP_SYN | TCP_ACK;
	s.seq += a->n & 2 ? near_by(a) : (uint32_t)rand_next(&a->h->rng);
	seg_send(a->h, &s);
}

static void data_with_impossible_acks(struct sim_attack *a)
{
	static const uint8_t evil[1000] = "evil";
	struct tcp_seg s;

	if (!forge(a, &s))
		return;
	s.ack += a->n & 1 ? 100000 + near_by(a) : 0x40000000;
	s.data = evil;
	s.len = sizeof(evil);
	s.flags |= a->n & 2 ? TCP_FIN : 0;
	seg_send(a->h, &s);
}

static void old_timestamps(struct sim_attack *a)
{
	static const uint8_t evil[1000] = "evil";
	struct tcp_seg s;

	if (!forge(a, &s))
		return;
	s.ts -= 1000000 + (uint32_t)a->n;
	s.data = evil;
	s.len = sizeof(evil);
	seg_send(a->h, &s);
}

static void under_attack(void (*stroke)(struct sim_attack *a), unsigned frames)
{
	struct sim_lab *l = lab_slow(23);
	uint64_t tx;

	attack_new(l, 300, stroke);
	lab_run(l, 60);
	assert_int_equal(l->http->conns, 1); /* the connection has stood it */
	assert_true(l->node[0]->end_us < 3 * S);
	tx = l->node[0]->nic[0].port.tx_frames;
	if (tx > frames)
		fail_msg("%u frames sent", (unsigned)tx);
	must_boot(l, 1);
}

/* Some 750 segments come; what RFC 5961 has answered has a limit. */
static void test_row23_resets_that_are_not_exact(void **state)
{
	(void)state;
	under_attack(resets, 1200);
}

static void test_row23_syns_in_a_connection(void **state)
{
	(void)state;
	under_attack(syns, 1200);
}

static void test_row23_data_with_impossible_acks(void **state)
{
	(void)state;
	under_attack(data_with_impossible_acks, 1200);
}

static void test_row23_data_with_old_timestamps(void **state)
{
	(void)state;
	under_attack(old_timestamps, 4000); /* RFC 7323 5.3 wants an ACK for each */
}

/* A reset that hits exactly costs a connection, not the boot. */
static void exact_resets(struct sim_attack *a)
{
	struct tcpd_conn *c = tcpd_youngest(a->l->tcp);
	struct tcp_seg s;

	if (!forge(a, &s))
		return;
	s.flags = TCP_RST;
	s.seq = c->iss + 1 + (uint32_t)c->una;
	for (unsigned i = 0; i < 30; i++, s.seq += 1448)
		seg_send(a->h, &s);
}

static void test_row23_resets_that_hit(void **state)
{
	struct sim_lab *l = lab_slow(24);

	(void)state;
	attack_new(l, 300 * MS, exact_resets);
	must_boot(l, 100);
}

static void test_row23_wrong_answers_to_the_syn(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct sim_lab *l = lab_by_http(25);

		l->tcp->conf.tricks.bad_syn_acks = 2;
		l->tcp->conf.tricks.syn_reset_wrong = i;
		lab_run(l, 60);
		assert_true(l->tcp->stats.resets_in + l->tcp->stats.no_conn >
			    0); /* and were answered */
		must_boot(l, 1);
	}
}

/* ---- row 24 ---- */

static void test_row24_options_of_a_syn_ack_that_lie(void **state)
{
	static const struct {
		const char *bytes;
		uint32_t len;
	} options[] = {
		{"\2\4\0\0", 4},			    /* MSS 0 */
		{"\2\4\0\1", 4},			    /* MSS 1 */
		{"\2\4\xff\xff", 4},			    /* 65535 */
		{"\2\0\5\xb4", 4},			    /* length 0 */
		{"\2\1\5\xb4", 4},			    /* length 1 */
		{"\2\xff\5\xb4", 4},			    /* length 255 */
		{"\2\3\5\1", 4},			    /* length 3 */
		{"\3\3\xff\0", 4},			    /* scale 255 */
		{"\3\3\17\0", 4},			    /* scale 15 */
		{"\3\3\7\3\3\3\1\0", 8},		    /* scale twice */
		{"\4\3\1\1", 4},			    /* SACK permitted, long */
		{"\10\12\0\0\0\0\0\0", 8},		    /* timestamps cut off */
		{"\10\12\0\0\0\0\xff\xff\xff\xff\1\1", 12}, /* echo of nothing */
		{"\5\12\0\0\0\1\xff\xff\xff\xff\1\1", 12},  /* SACK in a SYN */
		{"\x22\x22\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\1",
			36},
		{"\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1",
			40},
		{"", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		struct sim_lab *l = lab_by_http(30);

		l->tcp->conf.tricks.syn_options = options[i].bytes;
		l->tcp->conf.tricks.syn_options_len = options[i].len;
		l->tcp->conf.no_scale = l->tcp->conf.no_sack = l->tcp->conf.no_timestamps = true;
		if (!lab_run(l, 200))
			fail_msg("options %u: hangs: %s", (unsigned)i, l->node[0]->console);
		lab_close(l);
		if (l->node[0]->state == NODE_BOOTED && !l->node[0]->booted_right)
			fail_msg("options %u: wrong boot", (unsigned)i);
		/* timestamps that seem to be agreed, and then do not come */
		if (l->node[0]->state != NODE_BOOTED && i != 12)
			fail_msg("options %u: does not boot", (unsigned)i);
		if (lab_violation(l))
			fail_msg("options %u: %s", (unsigned)i, lab_violation(l));
		lab_free(l);
	}
}

static void test_row24_options_of_data_that_lie(void **state)
{
	static const struct {
		const char *bytes;
		uint32_t len;
	} options[] = {
		{"\10\0\0\0", 4},
		{"\10\1\0\0", 4},
		{"\10\xff\0\0", 4},
		{"\5\2\1\1", 4},
		{"\5\3\0\0", 4},
		{"\5\xff\0\0", 4},
		{"\2\4\0\1", 4},
		{"\0\xff\xff\xff", 4},
		{"\xfe\4\0\0", 4},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		struct sim_lab *l = lab_by_http(31);

		l->tcp->conf.no_timestamps =
			true; /* else they are missed, and the segments dropped */
		l->tcp->conf.tricks.data_options = options[i].bytes;
		l->tcp->conf.tricks.data_options_len = options[i].len;
		must_boot(l, 60);
	}
}

static void test_row24_absurd_sacks(void **state)
{
	struct sim_lab *l = lab_by_http(32);

	(void)state;
	l->tcp->conf.tricks.sack_lies = true;
	must_boot(l, 60);
}

static void test_row24_segments_of_one_byte(void **state)
{
	struct sim_lab *l = lab_by_http(33);

	(void)state;
	l->tcp->conf.tricks.payload_max = 1;
	lab_make_kernel(l->kernel, l->kernel_head, 4096);
	l->initrd->size = 3000;
	must_boot(l, 60);
}

static void test_row24_a_server_with_a_small_mss(void **state)
{
	static const uint16_t mss[] = {1, 8, 64, 536};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct sim_lab *l = lab_by_http(34);

		l->tcp->conf.mss = mss[i];
		l->tcp->conf.no_timestamps = mss[i] < 20;
		lab_make_kernel(l->kernel, l->kernel_head, 4096);
		l->initrd->size = 3000;
		must_boot(l, 100);
	}
}

/* ---- row 25 ---- */

static void test_row25_a_closed_window_whose_opening_is_not_told(void **state)
{
	struct sim_lab *l = lab_by_http(40);

	(void)state;
	l->tcp->conf.tricks.closed_us = 3 * S;
	lab_run(l, 60);
	assert_true(l->node[0]->end_us > 3 * S && l->node[0]->end_us < 12 * S);
	must_boot(l, 1);
}

static void test_row25_a_window_that_shrinks(void **state)
{
	struct sim_lab *l = lab_by_http(41);

	(void)state;
	l->tcp->conf.tricks.shrinks = true;
	must_boot(l, 60);
}

static void test_row25_everything_is_urgent(void **state)
{
	struct sim_lab *l = lab_by_http(42);

	(void)state;
	l->tcp->conf.tricks.urgent = true;
	must_boot(l, 60);
}

/* Old data and copies with other bytes: what was taken stays. */
static void test_row25_data_that_is_rewritten(void **state)
{
	struct sim_lab *l = lab_by_http(43);

	(void)state;
	l->tcp->conf.tricks.rewrites = 2;
	l->tcp->conf.tricks.rewinds = 3;
	must_boot(l, 60);
}

static void test_row25_probes_with_garbage_and_bad_checksums(void **state)
{
	struct sim_lab *l = lab_by_http(44);

	(void)state;
	l->tcp->conf.tricks.probes = true;
	l->tcp->conf.tricks.sum_bad = 2;
	must_boot(l, 60);
}

static void test_row25_a_fin_that_is_never_acknowledged(void **state)
{
	struct sim_lab *l = lab_by_http(45);

	(void)state;
	l->tcp->conf.tricks.forgets_fin = true;
	l->http->conf.requests_max = 1;
	lab_run(l, 60);
	assert_true(l->node[0]->end_us < 2 * S); /* nobody waits for TIME-WAIT */
	must_boot(l, 1);
}

/* ---- row 26 ---- */

static void damaged(struct sim_fault f)
{
	for (uint64_t seed = 50; seed < 53; seed++) {
		struct sim_lab *l = lab_by_http(seed);

		f.rate_bps = 100000000;
		link_set_fault(l->link[0], &f);
		l->initrd->size = 200000;
		must_boot(l, 600);
	}
}

static void test_row26_lost(void **state)
{
	(void)state;
	damaged((struct sim_fault){.loss_ppm = 150000});
}

static void test_row26_duplicated(void **state)
{
	(void)state;
	damaged((struct sim_fault){.dup_ppm = 150000, .delay_us = 50, .jitter_us = 300});
}

static void test_row26_reordered(void **state)
{
	(void)state;
	damaged((struct sim_fault){.reorder_ppm = 150000, .reorder_us = 1000});
}

static void test_row26_bits_flipped_and_cut_short(void **state)
{
	(void)state;
	damaged((struct sim_fault){.corrupt_ppm = 80000, .truncate_ppm = 80000});
}

static void test_row26_all_of_it(void **state)
{
	(void)state;
	damaged((struct sim_fault){.loss_ppm = 80000,
		.dup_ppm = 80000,
		.reorder_ppm = 80000,
		.reorder_us = 1000,
		.corrupt_ppm = 80000});
}

/* ---- row 27 ---- */

/* The boot file is the kernel itself, so that a transfer that ends wrongly would be run at once. */
static struct sim_lab *lab_with_kernel(uint64_t seed)
{
	struct sim_lab *l = lab_by_http(seed);

	l->dhcp->conf.boot_file = LAB_URL "vmlinuz";
	l->want.initrds = 0;
	l->want.cmdline = "";
	return l;
}

static void server_off(struct sim_lab *l)
{
	l->server->down = true;
	tcpd_forget(l->tcp);
}

static void test_row27_a_server_that_is_switched_off_in_the_middle(void **state)
{
	struct sim_lab *l = lab_with_kernel(60);

	(void)state;
	link_set_fault(l->server_link, &(struct sim_fault){.rate_bps = 20000000});
	world_run(l->w, 160 * MS);
	assert_true(l->node[0]->written > 10000 && l->node[0]->written < l->kernel->size);
	server_off(l);
	must_fail(l, 120, 4011, "stopped answering");
	lab_free(l);
}

static void test_row27_a_server_that_stops_forever_on_every_connection(void **state)
{
	struct sim_lab *l = lab_with_kernel(61);

	(void)state;
	l->tcp->conf.tricks.silent_at = 1; /* acknowledges the request, and never more */
	must_end(l, 400);
}

static void test_row27_a_server_that_never_answers_a_syn(void **state)
{
	struct sim_lab *l = lab_with_kernel(62);

	(void)state;
	l->tcp->h->tcp = NULL;
	lab_run(l, 300);
	assert_true(l->w->now_us < 60 * S);
	assert_int_equal(l->node[0]->exit_code / 1000, 3);
	must_end(l, 1);
}

static void test_row27_a_server_that_refuses_every_connection(void **state)
{
	struct sim_lab *l = lab_with_kernel(63);

	(void)state;
	l->tcp->closed = true;
	lab_run(l, 60);
	assert_int_equal(l->node[0]->state, NODE_EXITED);
	assert_true(l->tcp->stats.no_conn < 20);
	must_end(l, 1);
}

static void test_row27_the_link_stays_down(void **state)
{
	struct sim_lab *l = lab_with_kernel(64);

	(void)state;
	link_set_fault(l->server_link, &(struct sim_fault){.rate_bps = 20000000});
	link_cut(l->link[0], 160 * MS, WORLD_NEVER);
	lab_run(l, 200);
	assert_int_equal(l->node[0]->state, NODE_EXITED);
	assert_true(l->node[0]->exit_code);
	must_end(l, 1);
}

/* ---- row 38 ---- */

/* What a router or host quotes of the node's own last segment. */
static void icmp_errors(struct sim_attack *a)
{
	static const struct {
		uint8_t type, code;
		uint16_t mtu;
	} error[] = {{3, 0, 0}, {3, 1, 0}, {3, 2, 0}, {3, 3, 0}, {3, 4, 0}, {3, 4, 1}, {3, 4, 68},
		{3, 4, 296}, {3, 4, 65535}, {3, 9, 0}, {3, 13, 0}, {4, 0, 0}, {5, 1, 0}, {11, 0, 0},
		{12, 0, 0}};
	struct tcpd_conn *c = tcpd_youngest(a->l->tcp);
	uint8_t icmp[8 + 28] = {0}, *quote = icmp + 8;
	unsigned i = a->n % 15;

	if (!c || !c->established)
		return;
	icmp[0] = error[i].type;
	icmp[1] = error[i].code;
	wire_put16(icmp + 6, error[i].mtu);
	memcpy(quote, "\x45\0\0\x28\0\0\x40\0\x40\6\0\0", 12);
	wire_put32(quote + 12, ATTACK_VICTIM_IP);
	wire_put32(quote + 16, LAB_SERVER);
	wire_put16(quote + 10, wire_fold(wire_sum(0, quote, 20)));
	wire_put16(quote + 20, c->port);
	wire_put16(quote + 22, c->local_port);
	wire_put32(quote + 24, c->irs + 1 + (uint32_t)c->rcv - (a->n & 1));
	wire_put16(icmp + 2, wire_fold(wire_sum(0, icmp, sizeof(icmp))));
	attack_ip(a, (struct host_ip){.proto = PROTO_ICMP}, icmp, sizeof(icmp));
}

static void test_row38_forged_icmp_errors_are_soft(void **state)
{
	struct sim_lab *l = lab_slow(70);

	(void)state;
	attack_new(l, 2 * MS, icmp_errors);
	lab_run(l, 60);
	assert_int_equal(l->http->conns, 1);
	assert_true(l->node[0]->end_us < 3 * S);
	must_boot(l, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_row6_ports_and_isns_do_not_step_by_a_constant),
		cmocka_unit_test(test_row41_isns_differ_over_cold_boots),
		cmocka_unit_test(test_row23_resets_that_are_not_exact),
		cmocka_unit_test(test_row23_syns_in_a_connection),
		cmocka_unit_test(test_row23_data_with_impossible_acks),
		cmocka_unit_test(test_row23_data_with_old_timestamps),
		cmocka_unit_test(test_row23_resets_that_hit),
		cmocka_unit_test(test_row23_wrong_answers_to_the_syn),
		cmocka_unit_test(test_row24_options_of_a_syn_ack_that_lie),
		cmocka_unit_test(test_row24_options_of_data_that_lie),
		cmocka_unit_test(test_row24_absurd_sacks),
		cmocka_unit_test(test_row24_segments_of_one_byte),
		cmocka_unit_test(test_row24_a_server_with_a_small_mss),
		cmocka_unit_test(test_row25_a_closed_window_whose_opening_is_not_told),
		cmocka_unit_test(test_row25_a_window_that_shrinks),
		cmocka_unit_test(test_row25_everything_is_urgent),
		cmocka_unit_test(test_row25_data_that_is_rewritten),
		cmocka_unit_test(test_row25_probes_with_garbage_and_bad_checksums),
		cmocka_unit_test(test_row25_a_fin_that_is_never_acknowledged),
		cmocka_unit_test(test_row26_lost),
		cmocka_unit_test(test_row26_duplicated),
		cmocka_unit_test(test_row26_reordered),
		cmocka_unit_test(test_row26_bits_flipped_and_cut_short),
		cmocka_unit_test(test_row26_all_of_it),
		cmocka_unit_test(test_row27_a_server_that_is_switched_off_in_the_middle),
		cmocka_unit_test(test_row27_a_server_that_stops_forever_on_every_connection),
		cmocka_unit_test(test_row27_a_server_that_never_answers_a_syn),
		cmocka_unit_test(test_row27_a_server_that_refuses_every_connection),
		cmocka_unit_test(test_row27_the_link_stays_down),
		cmocka_unit_test(test_row38_forged_icmp_errors_are_soft),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
