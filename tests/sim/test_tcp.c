/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The firmware's TCP against the simulator's: how fast, in virtual time, over ways of all lengths
 * and losses (a table that is kept: golden/throughput.txt), with small rings and slow processors,
 * with servers of few options; and what it looks like from the other end.
 */
#include "expect.h"

#include <math.h>
#include <stdlib.h>

#define MS 1000u
#define S  1000000u

static const char fetch_one[] =
	"dhcp\nset http-connections 1\nimgfetch " LAB_URL "initrd.img\nexit 0";
static const char fetch_many[] = "dhcp\nimgfetch " LAB_URL "initrd.img\nexit 0";

/* One node that fetches so many bytes and keeps none. */
static struct sim_lab *lab_fetching(uint64_t seed, uint64_t size, struct node_conf conf)
{
	struct sim_lab *l = lab_new(seed, 1);

	l->initrd->size = size;
	conf.sparse = true;
	if (!conf.script)
		conf.script = fetch_one;
	lab_node(l, &conf);
	return l;
}

/* Runs to the good end; microseconds from the request to it. */
static uint64_t fetch_us(struct sim_lab *l, uint64_t seconds)
{
	struct sim_node *n = l->node[0];

	if (!lab_run(l, seconds))
		fail_msg("still runs after %u s: %s", (unsigned)seconds, n->console);
	lab_close(l);
	if (n->state != NODE_EXITED || n->exit_code || node_filled(n, l->initrd) != l->initrd->size)
		fail_msg("seed %u: ended %d with %d, %u of %u bytes: %s", (unsigned)l->w->seed,
			(int)n->state, n->exit_code, (unsigned)node_filled(n, l->initrd),
			(unsigned)l->initrd->size, n->console);
	if (lab_violation(l))
		fail_msg("%s", lab_violation(l));
	return n->end_us - l->http->seen[0].at_us;
}

/* ---- the table ---- */

static const uint32_t loss_ppm[] = {0, 1000, 10000, 30000, 50000};
static const uint32_t rtt_us[] = {200, 10000, 50000};

#define CELLS	  (5 * 3 * 2 * 2)
#define CELL_SIZE (6u << 20)
#define GOLDEN	  "tests/sim/golden/throughput.txt"

struct cell {
	unsigned loss, rtt, reorder, many;
	double mbit, golden;
};

static double cell_mbit(const struct cell *c)
{
	const struct sim_fault way = {
		.rate_bps = 1000000000,
		.queue_bytes = 512 << 10,
		.delay_us = rtt_us[c->rtt] / 2,
		.loss_ppm = loss_ppm[c->loss],
		.reorder_ppm = c->reorder ? 20000 : 0,
		.reorder_us = rtt_us[c->rtt] / 8,
	};
	struct sim_lab *l = lab_fetching(7 + c->loss, CELL_SIZE,
		(struct node_conf){.script = c->many ? fetch_many : fetch_one});
	uint64_t us;

	link_set_fault(l->server_link, &way);
	us = fetch_us(l, 2000);
	lab_free(l);
	return (double)CELL_SIZE * 8 / (double)us;
}

static void cell_print(FILE *file, const struct cell *c)
{
	fprintf(file, "%5.1f %9.1f  %-3s %6s %9.2f\n", loss_ppm[c->loss] / 10000.0,
		rtt_us[c->rtt] / 1000.0, c->reorder ? "yes" : "no", c->many ? "many" : "one",
		c->mbit);
}

static const char heading[] =
	"# SPDX-License-Identifier: BSD-2-Clause\n"
	"# Mbit/s of virtual time; 6 MiB by HTTP over 1 Gbit/s; UPDATE=1 tests/sim/test_tcp\n"
	"# loss %, each way   RTT ms   reordered (2 %, by RTT/8)   connections\n";

static void table_write(const struct cell *c)
{
	FILE *file = fopen(GOLDEN, "w");

	assert_non_null(file);
	fputs(heading, file);
	for (unsigned i = 0; i < CELLS; i++)
		cell_print(file, &c[i]);
	assert_int_equal(fclose(file), 0);
}

static void table_read(struct cell *c)
{
	FILE *file = fopen(GOLDEN, "r");
	char line[200];
	unsigned n = 0;

	assert_non_null(file);
	while (n < CELLS && fgets(line, sizeof(line), file))
		if (*line != '#')
			assert_int_equal(sscanf(line, "%*f %*f %*s %*s %lf", &c[n++].golden), 1);
	assert_int_equal(n, CELLS);
	fclose(file);
}

/* Where the way is short and lossy, one RTO (200 ms, three transfers long) decides a cell. */
static bool is_steady(const struct cell *c)
{
	return c->rtt || !c->loss;
}

/*
 * Any change elsewhere moves every random draw. So a cell must not be slower than half of what it
 * was (a sixth where chance decides), and the mean of the steady ones tells of a trend.
 */
static void table_compare(const struct cell *c)
{
	double sum = 0;
	unsigned n = 0;

	for (unsigned i = 0; i < CELLS; i++, c++) {
		if (c->mbit < c->golden / (is_steady(c) ? 2 : 6))
			fail_msg("loss %u ppm, RTT %u us, reorder %u, %s: %.2f Mbit/s, not %.2f",
				loss_ppm[c->loss], rtt_us[c->rtt], c->reorder,
				c->many ? "many" : "one", c->mbit, c->golden);
		sum += is_steady(c) ? log(c->mbit / c->golden) : 0;
		n += is_steady(c);
	}
	if (exp(sum / n) < 0.85)
		fail_msg("slower all over, by %.2f", exp(sum / n));
}

static void test_throughput_is_that_of_the_golden_file(void **state)
{
	struct cell c[CELLS];

	(void)state;
	for (unsigned i = 0; i < CELLS; i++) {
		c[i] = (struct cell){
			.loss = i / 12, .rtt = i / 4 % 3, .reorder = i / 2 % 2, .many = i % 2};
		c[i].mbit = cell_mbit(&c[i]);
	}
	for (unsigned i = 0; i < CELLS; i++)
		cell_print(stdout, &c[i]);
	if (getenv("UPDATE"))
		table_write(c);
	table_read(c);
	table_compare(c);
}

/* ---- ways and machines ---- */

static void test_a_long_way_is_filled(void **state)
{
	const struct sim_fault way = {.rate_bps = 200000000, .delay_us = 50 * MS};
	struct sim_lab *l = lab_fetching(20, 48 << 20, (struct node_conf){0});

	(void)state;
	link_set_fault(l->server_link, &way);
	assert_true(fetch_us(l, 100) < 4 * S); /* the wire needs 2 s, slow start 1 s */
	assert_int_equal(l->tcp->stats.resent, 0);
	assert_int_equal(l->tcp->seens, 1);
	lab_free(l);
}

/* A queue that is too short for a slow start's last round: what it loses is repeated, and no more.
 */
static void test_a_short_queue_costs_what_it_has_lost(void **state)
{
	struct sim_lab *l = lab_fetching(21, 16 << 20, (struct node_conf){0});
	const struct sim_fault narrow = {
		.rate_bps = 100000000, .queue_bytes = 128 << 10, .delay_us = 500};

	(void)state;
	link_set_fault(l->link[0], &narrow);
	assert_true(fetch_us(l, 100) < 2500 * MS); /* the wire needs 1.4 s */
	assert_true(l->tcp->stats.resent < 2 * l->link[0]->way[1].dropped);
	lab_free(l);
}

/* One overflow on a clean way is no loss that more connections would help against. */
static void test_an_overflow_needs_no_more_connections(void **state)
{
	struct sim_lab *l = lab_fetching(24, 4 << 20, (struct node_conf){.script = fetch_many});
	const struct sim_fault narrow = {.rate_bps = 100000000, .queue_bytes = 256 << 10};

	(void)state;
	link_set_fault(l->link[0], &narrow);
	fetch_us(l, 10);
	assert_in_range(l->link[0]->way[1].dropped, 100, 1000);
	assert_int_equal(l->tcp->seens, 1);
	lab_free(l);
}

static void test_a_ring_of_16_slots_and_a_slow_processor(void **state)
{
	struct sim_lab *l =
		lab_fetching(22, 16 << 20, (struct node_conf){.ring = 16, .turn_us = 300});

	(void)state;
	fetch_us(l, 100);
	if (l->node[0]->nic[0].overruns > 16 * 724 / 16)
		fail_msg("%u overruns", (unsigned)l->node[0]->nic[0].overruns);
	lab_free(l);
}

static void test_a_slow_machine_does_not_lose(void **state)
{
	struct sim_lab *l = lab_fetching(23, 16 << 20, (struct node_conf){.turn_us = 1000});

	(void)state;
	fetch_us(l, 100);
	if (l->node[0]->nic[0].overruns > 724)
		fail_msg("%u overruns", (unsigned)l->node[0]->nic[0].overruns);
	lab_free(l);
}

/* ---- servers ---- */

static void test_servers_that_lack_options(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 16; i++) {
		struct sim_lab *l = lab_fetching(30, 2 << 20, (struct node_conf){0});

		l->tcp->conf.no_scale = i & 1;
		l->tcp->conf.no_sack = i & 2;
		l->tcp->conf.no_timestamps = i & 4;
		l->tcp->conf.classic = l->tcp->conf.reno = i & 8;
		l->fault.loss_ppm = i & 8 ? 2000 : 0;
		link_set_fault(l->link[0], &l->fault);
		fetch_us(l, 100);
		lab_free(l);
	}
}

static void test_the_mtu_of_the_lease_is_kept(void **state)
{
	struct sim_lab *l = lab_fetching(31, 200000, (struct node_conf){0});

	(void)state;
	dhcpd_option(&l->dhcp->conf, OPT_MTU, "\x02\x58", 2);
	lab_run(l, 20);
	assert_int_equal(tcpd_youngest(l->tcp)->mss, 600 - 40 - 12);
	fetch_us(l, 1);
	lab_free(l);
}

static void test_acks_are_few(void **state)
{
	struct sim_lab *l = lab_fetching(32, 16 << 20, (struct node_conf){.turn_us = 50});

	(void)state;
	fetch_us(l, 20);
	/* a segment takes 12 us on the wire: one ACK for the four of a turn */
	assert_true(l->node[0]->nic[0].port.tx_frames < l->tcp->stats.segs_out / 3);
	lab_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_throughput_is_that_of_the_golden_file),
		cmocka_unit_test(test_a_long_way_is_filled),
		cmocka_unit_test(test_a_short_queue_costs_what_it_has_lost),
		cmocka_unit_test(test_an_overflow_needs_no_more_connections),
		cmocka_unit_test(test_a_ring_of_16_slots_and_a_slow_processor),
		cmocka_unit_test(test_a_slow_machine_does_not_lose),
		cmocka_unit_test(test_servers_that_lack_options),
		cmocka_unit_test(test_the_mtu_of_the_lease_is_kept),
		cmocka_unit_test(test_acks_are_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
