/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile TFTP servers. Each test is named after the class of bugs that it guards against:
 *
 *	row 9  GRUB TFTP               row 15 endless files, U-Boot       row 16 U-Boot lwIP
 *find_option row 28 sorcerer's apprentice   row 29 transfer identifiers        row 30 roll-over row
 *31 OACK abuse              row 32 truncation                  row 42 terminal escapes
 */
#include "expect.h"

#define MS 1000u

static struct sim_lab *lab_with_node(uint64_t seed)
{
	struct sim_lab *l = lab_new(seed, 1);

	lab_node(l, NULL);
	return l;
}

/* The boot file is the kernel itself, so that a transfer that ends wrongly would be run at once. */
static struct sim_lab *lab_with_kernel(uint64_t seed)
{
	struct sim_lab *l = lab_with_node(seed);

	l->dhcp->conf.boot_file = "vmlinuz";
	l->want.initrds = 0;
	l->want.cmdline = "";
	return l;
}

/* ---- row 9 ---- */

static void test_row9_long_names(void **state)
{
	static const unsigned lengths[] = {127, 128, 255, 400, 439, 440, 441, 490, 511, 512, 900};
	static char name[1000];

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct sim_lab *l = lab_with_node(1);

		memset(name, 'n', sizeof(name));
		name[lengths[i]] = 0;
		l->dhcp->conf.boot_file = name;
		l->dhcp->conf.file_in = FILE_OPTION;
		must_end(l, 100);
	}
}

static void test_row9_errors_in_the_middle(void **state)
{
	(void)state;
	for (uint64_t at = 1; at < 206; at += 17) {
		struct sim_lab *l = lab_with_kernel(2);

		l->tftp->conf.tricks.error_at = at;
		must_fail(l, 30, 4004, "disk on fire");
		lab_free(l);
	}
}

static void test_row9_every_error_code_and_a_text_without_end(void **state)
{
	static char text[500];

	(void)state;
	memset(text, 'e', sizeof(text));
	for (uint32_t len = 1; len < 500; len += 99) {
		struct sim_lab *l = lab_with_kernel(3);

		l->tftp->conf.tricks.error_at = 5;
		l->tftp->conf.tricks.error_text = text;
		l->tftp->conf.tricks.error_text_len = len;
		must_fail(l, 30, 4004, "e");
		lab_free(l);
	}
}

static void test_row9_garbage_in_the_middle(void **state)
{
	(void)state;
	for (uint64_t at = 1; at < 100; at += 32) {
		struct sim_lab *l = lab_with_node(4);

		l->tftp->conf.tricks.garbage_at = at;
		must_end(l, 100);
	}
}

/* ---- row 15 ---- */

static void test_row15_an_endless_file_ends_at_the_memory_limit(void **state)
{
	struct sim_lab *l = lab_new(10, 1);

	(void)state;
	lab_node(l, &(struct node_conf){.memory = 48 << 20});
	l->dhcp->conf.boot_file = "vmlinuz";
	l->tftp->conf.tricks.endless = true;
	l->tftp->conf.lacks[TFTP_TSIZE] = true;
	l->kernel->size = 1ull << 40;
	must_fail(l, 120, 5001, "not enough memory");
	assert_true(l->node[0]->written < 48u << 20);
	assert_int_equal(l->tftp->stats.errors[3], 1); /* and the server was told */
	lab_free(l);
}

static void test_row15_an_endless_file_that_announces_a_size(void **state)
{
	struct sim_lab *l = lab_with_kernel(11);

	(void)state;
	l->tftp->conf.tricks.endless = true;
	must_fail(l, 60, 4007, "larger than announced");
	lab_free(l);
}

static void test_row15_tsize_beyond_all_memory(void **state)
{
	static const uint64_t sizes[] = {
		UINT64_MAX, UINT64_MAX - 1, 1ull << 63, 1ull << 32, (1ull << 32) - 1, 600u << 20};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct sim_lab *l = lab_with_kernel(12);

		l->tftp->conf.tricks.tsize_lies = true;
		l->tftp->conf.tricks.tsize_lie = sizes[i];
		must_fail(l, 60, 5001, "not enough memory");
		lab_free(l);
	}
}

static void test_row15_tsize_too_small(void **state)
{
	static const uint64_t sizes[] = {1, 1467, 1468, 299999};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct sim_lab *l = lab_with_kernel(13);

		l->tftp->conf.tricks.tsize_lies = true;
		l->tftp->conf.tricks.tsize_lie = sizes[i];
		must_fail(l, 60, 4007, "larger than announced");
		lab_free(l);
	}
}

/* ---- rows 16 and 31: OACKs ---- */

struct oack {
	const char *bytes;
	uint32_t len;
	uint32_t blksize;
};

#define OACK(text)                                                                                 \
	{                                                                                          \
		text, sizeof(text) - 1, 0                                                          \
	}

static const struct oack oacks[] = {
	OACK(""),
	OACK("\0"),
	OACK("\0\0"),
	OACK("blksize"),
	OACK("blksize\0"),
	OACK("blksize\0001428"),
	OACK("xblksize\0001428\0"),
	OACK("blksize2\0001428\0"),
	OACK("blksize \0001428\0"),
	OACK("noblksize\0\0blksize\0"),
	OACK("tsize\0blksize\0"),
	OACK("a\0blksize\0blksize\0001428\0"),
	OACK("blksize\0000\0"),
	OACK("blksize\0007\0"),
	OACK("blksize\000-1\0"),
	OACK("blksize\000+512\0"),
	OACK("blksize\000 512\0"),
	OACK("blksize\0000x200\0"),
	OACK("blksize\000512 \0"),
	OACK("blksize\00065464\0"),
	OACK("blksize\00065535\0"),
	OACK("blksize\00065536\0"),
	OACK("blksize\0004294967808\0"),
	OACK("blksize\00018446744073709552128\0"),
	OACK("blksize\000512\0blksize\0001024\0"),
	OACK("BLKSIZE\000512\0"),
	OACK("tsize\000-1\0"),
	OACK("tsize\000\0"),
	OACK("tsize\00099999999999999999999999\0"),
	OACK("timeout\0000\0"),
	OACK("timeout\000256\0"),
	OACK("windowsize\0000\0"),
	OACK("windowsize\00065535\0"),
	OACK("windowsize\00065536\0"),
	OACK("multicast\0,,1\0"),
	OACK("multicast\00010.0.0.1,0,0\0"),
	OACK("multicast\000224.0.0.1\0"),
	OACK("rollover\0001\0"),
	OACK("%n%n%n\0%s%s%s\0"),
	OACK("\x1b[2J\0\x9b\0"),
	{"blksize\0001\0", 10, 1},
	{"blksize\0008192\0", 13, 8192},
	{"blksize\00065464\0", 14, 65464},
	{"blksize\000512\0", 12, 1428},
};

static void test_rows16_and_31_oacks_that_lie(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(oacks) / sizeof(oacks[0]); i++) {
		struct sim_lab *l = lab_with_kernel(20);

		l->tftp->conf.tricks.oack = oacks[i].bytes;
		l->tftp->conf.tricks.oack_len = oacks[i].len;
		l->tftp->conf.tricks.oack_blksize = oacks[i].blksize ? oacks[i].blksize : 512;
		if (!lab_run(l, 200))
			fail_msg("OACK %u: hangs: %s", (unsigned)i, l->node[0]->console);
		lab_close(l);
		if (l->node[0]->state == NODE_BOOTED && !l->node[0]->booted_right)
			fail_msg("OACK %u: wrong boot", (unsigned)i);
		if (lab_violation(l))
			fail_msg("OACK %u: %s", (unsigned)i, lab_violation(l));
		lab_free(l);
	}
}

/* RFC 2347: what was not asked for, or not so, is refused with ERROR 8. */
static void test_row31_refusals_have_code_8(void **state)
{
	static const struct oack bad[] = {
		OACK("blksize\0007\0"),
		OACK("blksize\00065464\0"),
		OACK("windowsize\0000\0"),
		OACK("multicast\0,,1\0"),
		OACK("timeout\00077\0"),
		OACK("blksize\000x\0"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sim_lab *l = lab_with_kernel(21);

		l->tftp->conf.tricks.oack = bad[i].bytes;
		l->tftp->conf.tricks.oack_len = bad[i].len;
		must_fail(l, 60, 4005, "broke the protocol");
		assert_int_equal(l->tftp->stats.errors[8], 1);
		lab_free(l);
	}
}

static void test_row31_every_length_of_an_oack(void **state)
{
	static const char whole[] =
		"blksize\0001024\0tsize\000314560\0timeout\0001\0windowsize\0004\0";

	(void)state;
	for (uint32_t len = 0; len < sizeof(whole); len++) {
		struct sim_lab *l = lab_with_kernel(22);

		lab_make_kernel(l->kernel, l->kernel_head, 314560);
		l->tftp->conf.tricks.oack = whole;
		l->tftp->conf.tricks.oack_len = len;
		l->tftp->conf.tricks.oack_blksize = len > 12 ? 1024 : 512;
		must_end(l, 200);
	}
}

/* ---- row 28 ---- */

static void test_row28_every_data_twice(void **state)
{
	struct sim_lab *l = lab_with_node(30);
	const struct tftpd_stats *s = &l->tftp->stats;

	(void)state;
	l->tftp->conf.tricks.twice = true;
	lab_run(l, 60);
	assert_true(s->acks <= s->data / 2 + 10);
	assert_int_equal(s->acks_old, 0);
	must_boot(l, 1);
}

static void test_row28_a_server_that_answers_every_ack(void **state)
{
	static const uint32_t windows[] = {1, 4, 64};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct sim_lab *l = lab_new(31 + i, 1);

		l->fault.dup_ppm = 200000;
		l->tftp->conf.tricks.answers_each_ack = true;
		l->tftp->conf.windowsize_max = windows[i];
		lab_node(l, NULL);
		lab_run(l, 60);
		assert_true(l->tftp->stats.data < 3 * 700);
		must_boot(l, 1);
	}
}

/* A lost ACK costs one time-out at most, whichever it is. */
static void test_row28_a_lost_ack_never_stalls(void **state)
{
	(void)state;
	for (uint64_t at = 203000; at < 207000; at += 61) {
		struct sim_lab *l = lab_with_kernel(32);

		link_cut(l->link[0], at, at + 120);
		lab_run(l, 60);
		assert_true(l->node[0]->end_us < 4000 * MS);
		must_boot(l, 1);
	}
}

/* ---- row 29 ---- */

static void stray(uint32_t ip)
{
	for (uint64_t at = 1; at < 40; at += 13) {
		struct sim_lab *l = lab_with_node(40);

		l->tftp->conf.tricks.stray_at = at;
		l->tftp->conf.tricks.stray_ip = ip;
		lab_run(l, 60);
		if (!ip)
			assert_true(l->tftp->stats.errors[5] >= 1);
		must_boot(l, 1);
	}
}

static void test_row29_data_from_another_port_gets_error_5(void **state)
{
	(void)state;
	stray(0);
}

static void test_row29_data_from_another_address(void **state)
{
	(void)state;
	stray(IP4(10, 0, 0, 55));
	stray(IP4(192, 168, 7, 7));
}

/* A request that the network duplicates makes a server open two transfers (RFC 1350, end of section
 * 4). */
static void test_row29_two_transfers_for_one_request(void **state)
{
	struct sim_lab *l = lab_new(41, 1);

	(void)state;
	l->fault.dup_ppm = 1000000;
	lab_node(l, NULL);
	lab_run(l, 60);
	assert_true(l->tftp->stats.sessions > 3);
	assert_true(l->tftp->stats.errors[5] >= 1);
	must_boot(l, 1);
}

/* ---- row 30 ---- */

static void many_blocks(enum tftpd_roll roll, uint32_t window)
{
	struct sim_lab *l = lab_with_kernel(50 + roll);

	lab_make_kernel(l->kernel, l->kernel_head, 8 * 66000);
	l->tftp->conf.blksize_max = 8;
	l->tftp->conf.windowsize_max = window;
	l->tftp->conf.roll = roll;
	must_boot(l, 60);
}

static void test_row30_more_than_65535_blocks(void **state)
{
	(void)state;
	many_blocks(ROLL_TO_0, 0);
	many_blocks(ROLL_TO_0, 1);
	many_blocks(ROLL_TO_1, 1);
}

static void test_row30_a_server_that_cannot(void **state)
{
	struct sim_lab *l = lab_with_kernel(53);

	(void)state;
	lab_make_kernel(l->kernel, l->kernel_head, 8 * 66000);
	l->tftp->conf.blksize_max = 8;
	l->tftp->conf.roll = ROLL_FAILS;
	must_fail(l, 60, 4004, "server reported an error");
	lab_free(l);
}

/* ---- row 32 ---- */

static void test_row32_a_transfer_that_ends_early_is_not_run(void **state)
{
	static const uint64_t at[] = {1, 2, 31, 32, 33, 204};

	(void)state;
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		struct sim_lab *l = lab_with_kernel(60);

		l->tftp->conf.tricks.short_at = at[i];
		must_fail(l, 60, 4006, "before the announced size");
		lab_free(l);
	}
}

static void test_row32_without_tsize_the_kernels_header_tells(void **state)
{
	struct sim_lab *l = lab_with_kernel(61);

	(void)state;
	l->tftp->conf.tricks.short_at = 100;
	l->tftp->conf.lacks[TFTP_TSIZE] = true;
	must_fail(l, 60, 5005, "shorter than its header says");
	lab_free(l);
}

static void test_row32_a_block_that_is_too_long(void **state)
{
	struct sim_lab *l = lab_with_kernel(62);

	(void)state;
	l->tftp->conf.tricks.long_at = 40;
	l->tftp->conf.blksize_max = 1024;
	must_fail(l, 60, 4005, "broke the protocol");
	lab_free(l);
}

/* ---- row 42 ---- */

static void test_row42_escapes_in_an_error_text(void **state)
{
	struct sim_lab *l = lab_with_kernel(70);

	(void)state;
	l->tftp->conf.tricks.error_at = 3;
	l->tftp->conf.tricks.error_text = "%n%s\x1b[2J\x9b\x07\r\n\x7f";
	must_fail(l, 60, 4004, "%n%s\\x1b[2J"); /* and no control character: the console judges */
	lab_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_row9_long_names),
		cmocka_unit_test(test_row9_errors_in_the_middle),
		cmocka_unit_test(test_row9_every_error_code_and_a_text_without_end),
		cmocka_unit_test(test_row9_garbage_in_the_middle),
		cmocka_unit_test(test_row15_an_endless_file_ends_at_the_memory_limit),
		cmocka_unit_test(test_row15_an_endless_file_that_announces_a_size),
		cmocka_unit_test(test_row15_tsize_beyond_all_memory),
		cmocka_unit_test(test_row15_tsize_too_small),
		cmocka_unit_test(test_rows16_and_31_oacks_that_lie),
		cmocka_unit_test(test_row31_refusals_have_code_8),
		cmocka_unit_test(test_row31_every_length_of_an_oack),
		cmocka_unit_test(test_row28_every_data_twice),
		cmocka_unit_test(test_row28_a_server_that_answers_every_ack),
		cmocka_unit_test(test_row28_a_lost_ack_never_stalls),
		cmocka_unit_test(test_row29_data_from_another_port_gets_error_5),
		cmocka_unit_test(test_row29_data_from_another_address),
		cmocka_unit_test(test_row29_two_transfers_for_one_request),
		cmocka_unit_test(test_row30_more_than_65535_blocks),
		cmocka_unit_test(test_row30_a_server_that_cannot),
		cmocka_unit_test(test_row32_a_transfer_that_ends_early_is_not_run),
		cmocka_unit_test(test_row32_without_tsize_the_kernels_header_tells),
		cmocka_unit_test(test_row32_a_block_that_is_too_long),
		cmocka_unit_test(test_row42_escapes_in_an_error_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
