/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim: boots N simulated machines and says how it went.
 *
 *	sim --nodes 100 --seed 7 --loss 2 --initrd-size 16
 *
 * One seed and one command line are one run. When an invariant fails (a node does not boot what it
 *should, delivered bytes are not the file's, a packet is lost from a pool, a client breaks a
 *protocol) the seed and the reason are printed and the exit status is 1. With --runs, so many seeds
 *from --seed on are tried.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "pcap.h"
#include "scenario.h"
#include "schedule.h"

#define CUTS_EVERY_US 1000000u /* on average */

struct options {
	unsigned nodes, nics, runs, windowsize, blksize, cuts;
	uint64_t seed, limit_s;
	double kernel_mib, initrd_mib, spread_s;
	double rate_mbit, server_mbit;
	uint32_t queue_kib;
	struct sim_fault fault;
	double stp_s;
	const char *pcap;
	bool verbose, http;
};

static const char usage[] =
	"usage: sim [options]\n"
	"  --nodes N           machines (100)           --nics N         of each machine (1)\n"
	"  --seed N            first seed (1)           --runs N         seeds to try (1)\n"
	"  --kernel-size MIB   (0.3)                    --initrd-size MIB (4)\n"
	"  --rate MBIT         of a node's link (1000)  --server-rate MBIT (1000)\n"
	"  --queue KIB         in front of each link (256)\n"
	"  --delay US --jitter US                       of each node's link (5, 0)\n"
	"  --loss % --dup % --reorder % --corrupt % --burst %   on each node's link, each way\n"
	"  --stp S             ports block so long after link-up (0)\n"
	"  --spread S          machines are switched on within so many seconds (1)\n"
	"  --windowsize N --blksize N                   the most that the server grants\n"
	"  --http              all files by HTTP         --cuts N         mishaps while it lasts\n"
	"  --limit S           virtual seconds at most (600)\n"
	"  --pcap FILE         what passes the server's port\n"
	"  --verbose           each machine's last words when it fails\n";

static uint32_t ppm(const char *percent)
{
	return (uint32_t)(strtod(percent, NULL) * 10000);
}

static bool option_fault(struct sim_fault *f, const char *name, const char *value)
{
	if (!strcmp(name, "delay"))
		f->delay_us = (uint32_t)strtoul(value, NULL, 10);
	else if (!strcmp(name, "jitter"))
		f->jitter_us = (uint32_t)strtoul(value, NULL, 10);
	else if (!strcmp(name, "loss"))
		f->loss_ppm = ppm(value);
	else if (!strcmp(name, "dup"))
		f->dup_ppm = ppm(value);
	else if (!strcmp(name, "reorder"))
		f->reorder_ppm = ppm(value);
	else if (!strcmp(name, "corrupt"))
		f->corrupt_ppm = ppm(value);
	else if (!strcmp(name, "burst"))
		f->burst_enter_ppm = ppm(value) / 10;
	else
		return false;
	return true;
}

static void option_set(struct options *o, const char *name, const char *value)
{
	struct {
		const char *name;
		unsigned *u;
		uint64_t *u64;
		double *d;
	} const table[] = {
		{"nodes", .u = &o->nodes},
		{"nics", .u = &o->nics},
		{"runs", .u = &o->runs},
		{"windowsize", .u = &o->windowsize},
		{"blksize", .u = &o->blksize},
		{"cuts", .u = &o->cuts},
		{"queue", .u = &o->queue_kib},
		{"seed", .u64 = &o->seed},
		{"limit", .u64 = &o->limit_s},
		{"kernel-size", .d = &o->kernel_mib},
		{"initrd-size", .d = &o->initrd_mib},
		{"spread", .d = &o->spread_s},
		{"rate", .d = &o->rate_mbit},
		{"server-rate", .d = &o->server_mbit},
		{"stp", .d = &o->stp_s},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].name, name))
			continue;
		if (table[i].u)
			*table[i].u = (unsigned)strtoul(value, NULL, 10);
		if (table[i].u64)
			*table[i].u64 = strtoull(value, NULL, 10);
		if (table[i].d)
			*table[i].d = strtod(value, NULL);
		return;
	}
	if (!strcmp(name, "pcap"))
		o->pcap = value;
	else if (!strcmp(name, "verbose"))
		o->verbose = true;
	else if (!strcmp(name, "http"))
		o->http = true;
	else
		option_fault(&o->fault, name, value);
}

static void options_read(struct options *o, int argc, char **argv)
{
	static const char *const names[] = {"nodes", "nics", "runs", "windowsize", "blksize",
		"queue", "seed", "limit", "kernel-size", "initrd-size", "spread", "rate",
		"server-rate", "stp", "pcap", "delay", "jitter", "loss", "dup", "reorder",
		"corrupt", "burst", "verbose", "http", "cuts"};
	struct option table[sizeof(names) / sizeof(names[0]) + 1] = {0};
	int which, c;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		table[i].name = names[i];
		table[i].has_arg = !strcmp(names[i], "verbose") || !strcmp(names[i], "http")
					   ? no_argument
					   : required_argument;
	}
	while ((c = getopt_long(argc, argv, "", table, &which)) == 0)
		option_set(o, table[which].name, optarg);
	if (c != -1 || optind != argc || !o->nodes || o->nodes > 4096 || !o->nics ||
		o->nics > NODE_NICS_MAX) {
		fputs(usage, stderr);
		exit(2);
	}
	o->fault.rate_bps = (uint64_t)(o->rate_mbit * 1e6);
	o->fault.queue_bytes = o->queue_kib * 1024;
	o->fault.reorder_us = 1000;
	o->fault.burst_us = 5000;
	o->fault.burst_loss_ppm = 900000;
}

static struct sim_lab *lab_build(const struct options *o, uint64_t seed)
{
	struct sim_lab *l = lab_new(seed, o->nodes * o->nics);
	struct sim_fault server = {.rate_bps = (uint64_t)(o->server_mbit * 1e6),
		.delay_us = 5,
		.queue_bytes = o->queue_kib * 1024};

	link_set_fault(l->server_link, &server);
	l->fault = o->fault;
	l->sw->forward_delay_us = (uint64_t)(o->stp_s * 1e6);
	l->tftp->conf.windowsize_max = o->windowsize;
	l->tftp->conf.blksize_max = o->blksize;
	lab_make_kernel(l->kernel, l->kernel_head, (uint64_t)(o->kernel_mib * 1048576));
	l->initrd->size = (uint64_t)(o->initrd_mib * 1048576);
	if (o->http)
		lab_http(l);
	if (o->pcap)
		l->server->port.pcap = pcap_new(l->w, o->pcap);
	for (unsigned i = 0; i < o->nodes; i++) {
		struct node_conf conf = {.nics = o->nics, .sparse = true, .memory = 8ull << 30};
		struct sim_rng r;

		if (l->kernel->size + l->initrd->size < 1u << 30)
			conf.memory = 3ull << 30;
		world_stream(l->w, &r);
		conf.on_us = rand_below(&r, (uint64_t)(o->spread_s * 1e6) + 1);
		lab_node(l, &conf);
	}
	if (o->cuts)
		schedule_new(l, o->cuts, CUTS_EVERY_US);
	return l;
}

static int compare_us(const void *a, const void *b)
{
	uint64_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x < y ? -1 : x > y;
}

/* Boot times, from power-on, in virtual seconds. */
static void report_times(const struct sim_lab *l)
{
	uint64_t *us = sim_alloc(l->nodes * sizeof(*us));
	unsigned n = 0;

	for (unsigned i = 0; i < l->nodes; i++)
		if (l->node[i]->state == NODE_BOOTED)
			us[n++] = l->node[i]->end_us - l->node[i]->conf.on_us;
	qsort(us, n, sizeof(*us), compare_us);
	printf("  booted %u of %u", n, l->nodes);
	if (n)
		printf(": p50 %.3f s, p99 %.3f s, last %.3f s", (double)us[n / 2] / 1e6,
			(double)us[(n * 99 + 99) / 100 - 1] / 1e6, (double)us[n - 1] / 1e6);
	putchar('\n');
	free(us);
}

static void report_http(const struct sim_lab *l)
{
	const struct tcpd_stats *s = &l->tcp->stats;

	printf("  HTTP: %" PRIu64 " requests, %" PRIu64 " ranges; TCP: %" PRIu64
	       " connections, %" PRIu64 " segments (%" PRIu64 " again), %" PRIu64
	       " duplicate ACKs, %" PRIu64 " server timeouts, %" PRIu64 " resets heard\n",
		l->http->stats.requests, l->http->stats.ranges, s->opens, s->segs_out, s->resent,
		s->dup_acks, s->timeouts, s->resets_in);
}

static void report_traffic(const struct sim_lab *l, const struct options *o)
{
	const struct tftpd_stats *s = &l->tftp->stats;
	uint64_t rx = 0, tx = 0, overruns = 0, turns = 0;

	for (unsigned i = 0; i < l->nodes; i++) {
		turns += l->node[i]->turns;
		for (unsigned k = 0; k < o->nics; k++) {
			rx += l->node[i]->nic[k].port.rx_frames;
			tx += l->node[i]->nic[k].port.tx_frames;
			overruns += l->node[i]->nic[k].overruns;
		}
	}
	printf("  nodes: %" PRIu64 " frames in, %" PRIu64 " out, %" PRIu64
	       " ring overruns, %" PRIu64 " turns\n",
		rx, tx, overruns, turns);
	printf("  DHCP: %" PRIu64 " DISCOVER, %" PRIu64 " REQUEST, %" PRIu64 " NAK\n",
		l->dhcp->discovers, l->dhcp->requests, l->dhcp->naks);
	printf("  TFTP: %" PRIu64 " requests, %" PRIu64 " DATA (%" PRIu64 " again), %" PRIu64
	       " ACK (%" PRIu64 " old), %" PRIu64 " server timeouts\n",
		s->requests, s->data, s->resent, s->acks, s->acks_old, s->timeouts);
	if (o->http)
		report_http(l);
}

/* One seed; false when an invariant failed. */
static bool run(const struct options *o, uint64_t seed)
{
	struct sim_lab *l = lab_build(o, seed);
	clock_t start = clock();
	const char *trouble;

	lab_run(l, o->limit_s);
	lab_close(l);
	trouble = lab_trouble(l);
	printf("seed %" PRIu64 ": %.3f virtual s, %" PRIu64 " events, %.2f s of CPU\n", seed,
		(double)l->w->now_us / 1e6, l->w->events,
		(double)(clock() - start) / CLOCKS_PER_SEC);
	report_times(l);
	report_traffic(l, o);
	if (trouble)
		printf("  FAILED: %s\n", trouble);
	for (unsigned i = 0; i < l->nodes && o->verbose; i++)
		if (l->node[i]->state != NODE_BOOTED)
			printf("--- %s\n%s\n", l->node[i]->name, l->node[i]->console);
	lab_free(l);
	return !trouble;
}

int main(int argc, char **argv)
{
	struct options o = {
		.nodes = 100,
		.nics = 1,
		.runs = 1,
		.seed = 1,
		.limit_s = 600,
		.kernel_mib = 0.3,
		.initrd_mib = 4,
		.spread_s = 1,
		.rate_mbit = 1000,
		.server_mbit = 1000,
		.queue_kib = 256,
		.fault = {.delay_us = 5},
	};
	unsigned failed = 0;
	uint64_t last = 0; /* that failed */

	options_read(&o, argc, argv);
	for (unsigned i = 0; i < o.runs; i++) {
		if (run(&o, o.seed + i))
			continue;
		failed++;
		last = o.seed + i;
	}
	if (o.runs > 1)
		printf("%u of %u seeds failed\n", failed, o.runs);
	if (o.runs > 1 && failed)
		printf("the last of them: --seed %" PRIu64 "\n", last);
	return failed != 0;
}
