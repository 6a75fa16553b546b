/* SPDX-License-Identifier: BSD-2-Clause */
/* The TFTP server model: options, windows, roll-over, each misbehaviour, and the judge of clients.
 */
#include "client.h"
#include "tftpd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define SERVER IP4(10, 0, 0, 1)
#define CLIENT IP4(10, 0, 0, 2)

struct lan {
	struct sim_world *w;
	struct sim_host *h;
	struct sim_tftpd *t;
	struct sim_client *c;
	struct sim_link *l;
	struct sim_file file;
};

static void lan_open(struct lan *l, uint64_t size)
{
	memset(l, 0, sizeof(*l));
	l->w = world_new(5);
	l->h = host_new(l->w, "tftpd", SERVER, 0xffffff00);
	l->c = client_new(l->w, "client", 1);
	l->c->h->ip = CLIENT;
	l->c->h->mask = 0xffffff00;
	l->l = link_new(l->w, &l->h->port, &l->c->h->port, NULL);
	l->t = tftpd_new(l->h, NULL);
	l->file = (struct sim_file){.name = "file", .size = size, .seed = 99};
	tftpd_file(l->t, &l->file);
}

static void lan_close(struct lan *l)
{
	if (l->w->violations)
		fail_msg("%u violations, first: %s", l->w->violations, l->w->violation[0]);
	world_free(l->w);
}

/* Fetches with the given options (NULL-terminated names and values) and lets it end. */
static void fetch(struct lan *l, const char *const *options)
{
	client_get(l->c, SERVER, &l->file, options);
	world_run(l->w, l->w->now_us + 30000000);
}

static void expect_whole(const struct lan *l)
{
	assert_true(l->c->get.done);
	assert_true(l->c->get.bytes == l->file.size);
	assert_int_equal(l->c->get.wrong_bytes, 0);
	assert_int_equal(tftpd_active(l->t), 0);
}

static const char *const all[] = {"blksize", "1428", "tsize", "0", "windowsize", "8", NULL};
static const char *const big[] = {"blksize", "1428", NULL};
static const char *const window[] = {"windowsize", "8", NULL};

/* ---- honest ---- */

static void test_contents_are_a_function_of_seed_and_offset(void **state)
{
	const struct sim_file f = {.size = 1000, .seed = 4, .head = "HEAD", .head_len = 4};
	uint8_t whole[1000], part[1000];

	(void)state;
	file_read(&f, 0, whole, 1000);
	assert_memory_equal(whole, "HEAD", 4);
	for (uint32_t at = 0; at < 1000; at += 7) {
		uint32_t len = 1000 - at < 13 ? 1000 - at : 13;

		file_read(&f, at, part, len);
		assert_memory_equal(part, whole + at, len);
	}
	file_read(&(struct sim_file){.size = 1000, .seed = 5}, 0, part, 1000);
	assert_memory_not_equal(part + 4, whole + 4, 8);
}

static void test_plain_transfer_and_its_counts(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 512 * 20 + 1);
	fetch(&l, NULL);
	expect_whole(&l);
	assert_int_equal(l.t->stats.data, 21);
	assert_int_equal(l.t->stats.acks, 21);
	assert_int_equal(l.t->stats.completed, 1);
	assert_int_equal(l.t->stats.resent, 0);
	assert_int_equal(l.t->stats.data_bytes, 512 * 20 + 1);
	lan_close(&l);
}

static void test_sizes_at_block_boundaries(void **state)
{
	static const uint64_t sizes[] = {0, 1, 511, 512, 513, 1024, 1428, 2856, 8 * 1428};
	const char *const *const options[] = {NULL, all, big, window};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (size_t k = 0; k < 4; k++) {
			struct lan l;

			lan_open(&l, sizes[i]);
			fetch(&l, options[k]);
			expect_whole(&l);
			assert_int_equal(l.t->stats.resent, 0);
			lan_close(&l);
		}
}

static void test_options_are_agreed(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 100000);
	fetch(&l, all);
	expect_whole(&l);
	assert_int_equal(l.c->get.blksize, 1428);
	assert_int_equal(l.c->get.windowsize, 8);
	assert_int_equal(l.c->get.tsize, 100000);
	assert_int_equal(l.t->stats.acks, 1 + (71 + 7) / 8);
	assert_int_equal(l.t->seen[0].blksize, 1428);
	assert_int_equal(l.t->seen[0].windowsize, 8);
	assert_true(l.t->seen[0].tsize && !l.t->seen[0].timeout);
	lan_close(&l);
}

static void test_options_are_limited_lacking_ignored_or_refused(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 100000);
	l.t->conf.blksize_max = 1024;
	l.t->conf.windowsize_max = 4;
	l.t->conf.lacks[TFTP_TSIZE] = true;
	fetch(&l, all);
	expect_whole(&l);
	assert_int_equal(l.c->get.blksize, 1024);
	assert_int_equal(l.c->get.windowsize, 4);
	assert_int_equal(l.c->get.tsize, 0);
	l.t->conf.no_options = true;
	fetch(&l, all);
	expect_whole(&l);
	assert_int_equal(l.c->get.blksize, 512);
	assert_int_equal(l.t->stats.oacks, 1);
	l.t->conf.no_options = false;
	l.t->conf.refuse_options = true;
	fetch(&l, all);
	assert_int_equal(l.c->get.error_code, 8);
	fetch(&l, NULL);
	expect_whole(&l);
	lan_close(&l);
}

static void test_missing_file_and_silence(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 1000);
	l.t->file[0].name = "other";
	fetch(&l, all);
	assert_int_equal(l.c->get.error_code, 1);
	assert_int_equal(l.t->stats.not_found, 1);
	l.t->conf.silent = true;
	fetch(&l, all);
	assert_false(l.c->get.done);
	assert_int_equal(l.t->stats.requests, 11);
	lan_close(&l);
}

static void roll_over(enum tftpd_roll roll)
{
	static const char *const tiny[] = {"blksize", "8", "windowsize", "100", NULL};
	struct lan l;

	lan_open(&l, 8 * 140000 + 3);
	l.t->conf.roll = roll;
	l.c->get.roll_to_1 = roll == ROLL_TO_1;
	fetch(&l, tiny);
	if (roll == ROLL_FAILS)
		assert_int_equal(l.c->get.block, 65535);
	else
		expect_whole(&l);
	assert_int_equal(l.c->get.errors, roll == ROLL_FAILS);
	lan_close(&l);
}

static void test_roll_over(void **state)
{
	(void)state;
	roll_over(ROLL_TO_0);
	roll_over(ROLL_TO_1);
	roll_over(ROLL_FAILS);
}

static void test_survives_a_bad_link(void **state)
{
	const struct sim_fault bad = {
		.delay_us = 200,
		.loss_ppm = 100000,
		.dup_ppm = 100000,
		.reorder_ppm = 100000,
		.reorder_us = 3000,
		.corrupt_ppm = 100000,
	};
	const char *const *const options[] = {NULL, all};

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		struct lan l;

		lan_open(&l, 60000);
		link_set_fault(l.l, &bad);
		client_get(l.c, SERVER, &l.file, options[k]);
		world_run(l.w, 200000000);
		assert_true(l.c->get.done);
		assert_true(l.c->get.bytes == 60000);
		assert_int_equal(l.c->get.wrong_bytes, 0);
		assert_true(l.t->stats.resent > 0);
		lan_close(&l);
	}
}

static void test_a_lost_last_ack_is_told_from_a_failure(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 1000);
	l.c->get.keeps_last_ack = true;
	fetch(&l, NULL);
	assert_int_equal(l.t->stats.unfinished, 1);
	assert_int_equal(l.t->stats.failed, 0);
	assert_int_equal(l.t->stats.timeouts, 5);
	lan_close(&l);
}

/* ---- misbehaviour ---- */

static void test_stops_and_errors(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 100000);
	l.t->conf.tricks.stop_at = 50;
	fetch(&l, NULL);
	assert_int_equal(l.c->get.block, 49);
	assert_int_equal(l.t->stats.timeouts, 0);
	l.t->conf.tricks.stop_at = 0;
	l.t->conf.tricks.error_at = 50;
	fetch(&l, all);
	assert_int_equal(l.c->get.block, 49);
	assert_int_equal(l.c->get.error_code, 0);
	assert_string_equal(l.c->get.error_text, "disk on fire");
	lan_close(&l);
}

static void test_short_long_and_endless(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 100000);
	l.t->conf.tricks.short_at = 10;
	fetch(&l, NULL);
	assert_true(l.c->get.done);
	assert_int_equal(l.c->get.bytes, 512 * 10 - 1);
	assert_int_equal(l.t->stats.completed, 1);
	l.t->conf.tricks.short_at = 0;
	l.t->conf.tricks.long_at = 10;
	fetch(&l, NULL);
	assert_int_equal(l.c->get.bytes, 100000 + 8);
	l.t->conf.tricks.long_at = 0;
	l.t->conf.tricks.endless = true;
	link_set_fault(l.l, &(struct sim_fault){.delay_us = 100});
	client_get(l.c, SERVER, &l.file, NULL);
	world_run(l.w, l.w->now_us + 1000000);
	assert_false(l.c->get.done);
	assert_true(l.c->get.bytes > 1000000);
	lan_close(&l);
}

static void test_says_everything_twice(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 50000);
	l.t->conf.tricks.twice = true;
	fetch(&l, NULL);
	expect_whole(&l);
	assert_int_equal(l.t->stats.data, 2 * 98);
	assert_int_equal(l.c->get.gaps, 98);
	lan_close(&l);
}

static void test_strays_and_garbage_reach_the_client(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 50000);
	l.t->conf.tricks.stray_at = 20;
	fetch(&l, NULL);
	expect_whole(&l);
	assert_int_equal(l.t->stats.errors[5], 1);
	l.t->conf.tricks.stray_at = 0;
	l.t->conf.tricks.garbage_at = 20;
	client_get(l.c, SERVER, &l.file, NULL);
	world_run(l.w, l.w->now_us + 5000000);
	expect_whole(&l);
	lan_close(&l);
}

static void test_lies_in_the_oack(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 50000);
	l.t->conf.tricks.oack = "blksize\0002048\0tsize\0007";
	l.t->conf.tricks.oack_len = 21;
	l.t->conf.tricks.oack_blksize = 2048;
	fetch(&l, all);
	assert_int_equal(l.c->get.blksize, 2048);
	assert_int_equal(l.c->get.tsize, 7);
	l.t->conf.tricks = (struct tftpd_tricks){.tsize_lies = true, .tsize_lie = UINT64_MAX};
	fetch(&l, all);
	assert_true(l.c->get.tsize == UINT64_MAX);
	expect_whole(&l);
	l.t->conf.tricks = (struct tftpd_tricks){.corrupt_data = true};
	fetch(&l, all);
	assert_true(l.c->get.wrong_bytes > 0);
	l.w->violations = 0;
	lan_close(&l);
}

/* ---- the judge ---- */

/* The sorcerer's apprentice (RFC 1123 4.2.3.1) needs both ends to be careless; either alone must
 * not start it. */
static void test_sorcerers_apprentice(void **state)
{
	const struct sim_fault twice_once = {.delay_us = 100, .dup_ppm = 20000};
	uint64_t data[4];

	(void)state;
	for (unsigned k = 0; k < 4; k++) {
		struct lan l;

		lan_open(&l, 60000);
		link_set_fault(l.l, &twice_once);
		l.t->conf.tricks.answers_each_ack = k & 1;
		l.c->get.acks_everything = k & 2;
		fetch(&l, NULL);
		assert_true(l.c->get.done);
		data[k] = l.t->stats.data;
		if (k & 2)
			l.w->violations = 0;
		lan_close(&l);
	}
	assert_int_equal(data[0], 118);
	assert_int_equal(data[2], 118);
	assert_true(data[1] < 130);
	assert_true(data[3] > 200);
}

static void test_judge_counts_acks(void **state)
{
	const struct sim_fault twice = {.delay_us = 100, .dup_ppm = 900000};
	struct lan l;

	(void)state;
	lan_open(&l, 50000);
	link_set_fault(l.l, &twice);
	l.c->get.acks_everything = true;
	fetch(&l, NULL);
	assert_true(world_violated(l.w, "ACKs for"));
	l.w->violations = 0;
	l.c->get.acks_everything = false;
	fetch(&l, NULL);
	expect_whole(&l);
	lan_close(&l);
}

static void test_judge_sees_acks_of_what_was_never_sent(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 5000);
	l.c->get.acks_ahead = true;
	fetch(&l, NULL);
	assert_true(world_violated(l.w, "acknowledges block 2, 1 was sent"));
	l.w->violations = 0;
	lan_close(&l);
}

static void expect_blame(const void *rrq, uint32_t len, const char *why)
{
	const struct host_out out = {
		.dst_ip = SERVER, .src_port = 3000, .dst_port = 69, .data = rrq, .len = len};
	struct lan l;

	lan_open(&l, 100);
	host_send(l.c->h, &out);
	world_run(l.w, 100000);
	if (why && !world_violated(l.w, why))
		fail_msg("wanted \"%s\", got \"%s\"", why, l.w->violation[0]);
	assert_int_equal(l.w->violations, why ? 1 : 0);
	l.w->violations = 0;
	lan_close(&l);
}

#define BLAME(rrq, why) expect_blame(rrq, sizeof(rrq) - 1, why)

static void test_judge_reads_requests(void **state)
{
	char long_name[600] = "\0\1";

	(void)state;
	BLAME("\0\1file\0octet\0", NULL);
	BLAME("\0\1file\0octet\0tsize\0000\0blksize\0001400\0", NULL);
	BLAME("\0\2file\0octet\0", "not an RRQ");
	BLAME("\0\1file\0octet", "no name or mode");
	BLAME("\0\1\0octet\0", "no name or mode");
	BLAME("\0\1file\0netascii\0", "mode netascii");
	BLAME("\0\1fi\tle\0octet\0", "printable");
	BLAME("\0\1file\0octet\0blksize\0", "do not end in NUL");
	BLAME("\0\1file\0octet\0blksize\0001400", "do not end in NUL");
	BLAME("\0\1file\0octet\0blksize\0007\0", "out of range: 7");
	BLAME("\0\1file\0octet\0blksize\00065465\0", "out of range: 65465");
	BLAME("\0\1file\0octet\0tsize\0001\0", "out of range: 1");
	BLAME("\0\1file\0octet\0timeout\0000\0", "out of range: 0");
	BLAME("\0\1file\0octet\0windowsize\00065536\0", "out of range: 65536");
	BLAME("\0\1file\0octet\0windowsize\000x\0", "out of range: x");
	BLAME("\0\1file\0octet\0tsize\0000\0TSIZE\0000\0", "option twice: TSIZE");
	memset(long_name + 2, 'a', 520);
	memcpy(long_name + 522, "\0octet", 7);
	expect_blame(long_name, 529, "longer than 512");
}

static void test_judge_sees_a_transfer_identifier_that_never_changes(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, 100);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(l.w->violations, 0);
		if (l.c->get.sock)
			host_close(l.c->h, l.c->get.sock);
		l.c->get.sock = NULL;
		l.c->h->next_port = 50000;
		fetch(&l, NULL);
		expect_whole(&l);
	}
	assert_true(world_violated(l.w, "transfer identifier used for a third transfer"));
	l.w->violations = 0;
	lan_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contents_are_a_function_of_seed_and_offset),
		cmocka_unit_test(test_plain_transfer_and_its_counts),
		cmocka_unit_test(test_sizes_at_block_boundaries),
		cmocka_unit_test(test_options_are_agreed),
		cmocka_unit_test(test_options_are_limited_lacking_ignored_or_refused),
		cmocka_unit_test(test_missing_file_and_silence),
		cmocka_unit_test(test_roll_over),
		cmocka_unit_test(test_survives_a_bad_link),
		cmocka_unit_test(test_a_lost_last_ack_is_told_from_a_failure),
		cmocka_unit_test(test_stops_and_errors),
		cmocka_unit_test(test_short_long_and_endless),
		cmocka_unit_test(test_says_everything_twice),
		cmocka_unit_test(test_strays_and_garbage_reach_the_client),
		cmocka_unit_test(test_lies_in_the_oack),
		cmocka_unit_test(test_sorcerers_apprentice),
		cmocka_unit_test(test_judge_counts_acks),
		cmocka_unit_test(test_judge_sees_acks_of_what_was_never_sent),
		cmocka_unit_test(test_judge_reads_requests),
		cmocka_unit_test(test_judge_sees_a_transfer_identifier_that_never_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
