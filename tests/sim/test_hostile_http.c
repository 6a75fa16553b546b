/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile HTTP servers. Each test is named after the class of bugs that it guards against:
 *
 *	row 8  GRUB CVE-2022-28734, split heads   row 11 shim CVE-2023-40547, lengths that differ
 *	row 15 endless files                      row 27 silent and slow peers
 *	row 33 lengths, RFC 9112 6.3              row 34 redirects, passwords, 1xx without end
 *	row 35 bodies that are not the file       row 42 terminal escapes
 *
 * The boot file is the kernel itself, so that a transfer that ends wrongly would be run at once.
 */
#include "expect.h"

#include <stdlib.h>

#define MS 1000u
#define S  1000000u

static struct sim_lab *lab_with_kernel(uint64_t seed)
{
	struct sim_lab *l = lab_new(seed, 1);

	l->dhcp->conf.boot_file = LAB_URL "vmlinuz";
	l->want.initrds = 0;
	l->want.cmdline = "";
	lab_node(l, NULL);
	return l;
}

static struct sim_lab *lab_in_mood(uint64_t seed, const struct httpd_mood *m)
{
	struct sim_lab *l = lab_with_kernel(seed);

	httpd_mood(l->http, m);
	return l;
}

/* Fails cleanly, and the server was not asked for ever. */
static void fails(const struct httpd_mood *m, uint64_t seconds, int code, const char *text)
{
	struct sim_lab *l = lab_in_mood(1, m);

	must_fail(l, seconds, code, text);
	if (l->http->stats.requests > 60)
		fail_msg("%u requests", (unsigned)l->http->stats.requests);
	lab_free(l);
}

/* ---- row 8 ---- */

static void test_row8_a_segment_ends_behind_every_cr(void **state)
{
	struct sim_lab *l = lab_in_mood(8, &(struct httpd_mood){.cut_crlf = true});

	(void)state;
	must_boot(l, 20);
	l = lab_in_mood(8, &(struct httpd_mood){.cut_crlf = true, .chunk = 10000});
	must_boot(l, 20);
}

static void test_row8_every_byte_a_segment(void **state)
{
	struct sim_lab *l = lab_in_mood(8, &(struct httpd_mood){.chunk = 100});

	(void)state;
	lab_make_kernel(l->kernel, l->kernel_head, 4096);
	l->tcp->conf.tricks.payload_max = 1;
	must_boot(l, 60);
}

static void test_row8_lines_that_end_with_lf(void **state)
{
	struct sim_lab *l = lab_in_mood(8, &(struct httpd_mood){.lf_only = true});

	(void)state;
	must_end(l, 100);
}

static void test_row8_heads_that_are_none(void **state)
{
	static const char *const heads[] = {
		"",
		"\r\n\r\n",
		"\n\n",
		"HTTP/1.1\r\n\r\n",
		"HTTP/1.1 \r\n\r\n",
		"HTTP/1.1 2\r\n\r\n",
		"HTTP/1.1 20\r\n\r\n",
		"HTTP/1.1 2000 OK\r\n\r\n",
		"HTTP/1.1 -20 OK\r\n\r\n",
		"HTTP/1.1 099 OK\r\n\r\n",
		"HTTP/1.1 999 OK\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\n\r\n",
		"HTTP/2 200 OK\r\nContent-Length: 300000\r\n\r\n",
		"HTTP/11 200 OK\r\nContent-Length: 300000\r\n\r\n",
		"http/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n",
		"ICY 200 OK\r\nContent-Length: 300000\r\n\r\n",
		" HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length : 300000\r\n\r\n",
		"HTTP/1.1 200 OK\r\n Content-Length: 300000\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX: y\r\n folded\r\nContent-Length: 300000\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX: y\rContent-Length: 300000\r\n\r\n",
		"HTTP/1.1 200 OK\r\n: 300000\r\n\r\n",
		"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
		"\x16\x03\x01 this is no HTTP",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		struct sim_lab *l = lab_in_mood(9, &(struct httpd_mood){.head = heads[i]});

		if (!lab_run(l, 200))
			fail_msg("head %u: hangs: %s", (unsigned)i, l->node[0]->console);
		lab_close(l);
		if (l->node[0]->state != NODE_EXITED || l->node[0]->exit_code / 1000 != 4)
			fail_msg("head %u: ended %d with %d: %s", (unsigned)i,
				(int)l->node[0]->state, l->node[0]->exit_code, l->node[0]->console);
		if (lab_violation(l))
			fail_msg("head %u: %s", (unsigned)i, lab_violation(l));
		lab_free(l);
	}
}

static void test_row8_a_head_without_end(void **state)
{
	static char more[200000];

	(void)state;
	for (unsigned i = 0; i + 10 < 3000; i += 10)
		memcpy(more + i, "X: yyyyy\r\n", 10);
	fails(&(struct httpd_mood){.head = "HTTP/1.1 200 OK\r\nX: ", .think_us = 0, .behind = more},
		100, 4014, "broke the protocol");
}

/* ---- rows 11 and 33 ---- */

static void test_rows11_and_33_lengths_that_cannot_be(void **state)
{
	static const char *const lengths[] = {
		"Content-Length: 18446744073709551615\r\n",
		"Content-Length: 18446744073709551616\r\n",
		"Content-Length: 18446744073709851616\r\n",
		"Content-Length: 9223372036854775808\r\n",
		"Content-Length: -1\r\n",
		"Content-Length: +300000\r\n",
		"Content-Length: 0x493e0\r\n",
		"Content-Length: 300000abc\r\n",
		"Content-Length: 3e5\r\n",
		"Content-Length: 300 000\r\n",
		"Content-Length: \r\n",
		"Content-Length: 300000, 300001\r\n",
		"Content-Length: 300000\r\nContent-Length: 299999\r\n",
		"Content-Length: 1\r\nContent-Length: 300000\r\n",
		"Content-Length: 300000\r\nTransfer-Encoding: chunked\r\n",
		"Transfer-Encoding: chunked\r\nContent-Length: 300000\r\n",
		"Transfer-Encoding: gzip, chunked\r\n",
		"Transfer-Encoding: xchunked\r\n",
		"Transfer-Encoding: chunked, identity\r\n",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
		"Content-Length: 300000\r\nContent-Encoding: gzip\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct sim_lab *l = lab_in_mood(11, &(struct httpd_mood){.length = lengths[i]});

		if (!lab_run(l, 100) || l->node[0]->state != NODE_EXITED ||
			(l->node[0]->exit_code != 4014 && l->node[0]->exit_code != 5001))
			fail_msg("%s: ended %d with %d: %s", lengths[i], (int)l->node[0]->state,
				l->node[0]->exit_code, l->node[0]->console);
		lab_close(l);
		if (lab_violation(l))
			fail_msg("%s: %s", lengths[i], lab_violation(l));
		lab_free(l);
	}
}

/* RFC 9112 6.3, 5: the same number twice may be taken as one. */
static void test_row11_one_length_said_twice(void **state)
{
	struct sim_lab *l = lab_in_mood(
		11, &(struct httpd_mood){
			    .length = "Content-Length: 300000\r\nContent-Length: 300000\r\n"});

	(void)state;
	must_end(l, 100);
}

static void test_row33_length_larger_than_memory(void **state)
{
	(void)state;
	fails(&(struct httpd_mood){.length = "Content-Length: 922337203685477\r\n"}, 100, 5001,
		"not enough memory");
	fails(&(struct httpd_mood){.length = "Content-Length: 600000000\r\n"}, 100, 5001,
		"not enough memory");
}

/* More was promised than there is, and the connection ends. */
static void test_row33_length_too_large(void **state)
{
	(void)state; /* the rest is asked for, and there is none */
	fails(&(struct httpd_mood){.length = "Content-Length: 400000\r\n", .close = true}, 200,
		4015, "file changed");
}

/* The same, and it stays open: what follows is silence. */
static void test_row33_length_too_large_and_silence(void **state)
{
	struct sim_lab *l =
		lab_in_mood(33, &(struct httpd_mood){.length = "Content-Length: 400000\r\n"});

	(void)state;
	lab_run(l, 900);
	lab_close(l);
	assert_int_equal(l->node[0]->state, NODE_EXITED);
	assert_true(l->node[0]->exit_code / 1000 == 4);
	assert_true(l->w->now_us < 400 * S);
	assert_null(lab_violation(l));
	lab_free(l);
}

/* Less was promised than comes: the kernel's own header tells that something is missing. */
static void test_row33_length_too_small(void **state)
{
	(void)state;
	fails(&(struct httpd_mood){.length = "Content-Length: 200000\r\n"}, 100, 5005,
		"shorter than its header says");
	fails(&(struct httpd_mood){.length = "Content-Length: 0\r\n"}, 100, 5003, "no known type");
}

/* Bytes that are not the file's were the server's own: no violation but that. */
static void expect_lies_only(const struct sim_lab *l)
{
	for (uint32_t i = 0; i < l->w->violations && i < WORLD_VIOLATIONS_MAX; i++)
		if (!strstr(l->w->violation[i], "wrong bytes") &&
			!strstr(l->w->violation[i], "beyond its end"))
			fail_msg("%s", l->w->violation[i]);
}

static void test_row33_chunk_sizes_that_cannot_be(void **state)
{
	static const char *const sizes[] = {
		"FFFFFFFFFFFFFFFF",
		"10000000000000000",
		"7fffffffffffffff",
		"-1",
		"+1388",
		"0x1388",
		"",
		" ",
		"g",
		"1388 1388",
		"1388\t",
		"1387",
		"1389",
		";name=value",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct sim_lab *l = lab_in_mood(
			34, &(struct httpd_mood){.chunk = 0x1388, .chunk_size = sizes[i]});

		if (!lab_run(l, 300) ||
			(l->node[0]->state == NODE_BOOTED && !l->node[0]->booted_right))
			fail_msg("chunk \"%s\": ended %d with %d: %s", sizes[i],
				(int)l->node[0]->state, l->node[0]->exit_code, l->node[0]->console);
		lab_close(l);
		if (l->node[0]->state == NODE_BOOTED && strcmp(sizes[i], "1388\t"))
			fail_msg("chunk \"%s\": boots", sizes[i]);
		expect_lies_only(l);
		lab_free(l);
	}
}

static void test_row33_a_chunked_body_that_ends_early(void **state)
{
	struct sim_lab *l = lab_in_mood(
		35, &(struct httpd_mood){
			    .chunk = 5000, .no_ranges = true, .end = END_CLOSE, .end_at = 150000});

	(void)state;
	must_fail(l, 100, 4011, "stopped answering");
	lab_free(l);
}

static void test_row33_a_body_without_length_that_ends_early(void **state)
{
	struct sim_lab *l = lab_in_mood(
		36, &(struct httpd_mood){.no_length = true, .has_body = true, .body = 150000});

	(void)state;
	must_fail(l, 100, 5005, "shorter than its header says");
	lab_free(l);
}

/* ---- row 15 ---- */

static void test_row15_an_endless_body_ends_at_the_memory_limit(void **state)
{
	struct sim_lab *l = lab_new(15, 1);

	(void)state;
	lab_node(l, &(struct node_conf){.memory = 48 << 20});
	l->dhcp->conf.boot_file = LAB_URL "vmlinuz";
	httpd_mood(l->http, &(struct httpd_mood){.no_length = true});
	l->kernel->size = 1ull << 40;
	must_fail(l, 120, 5001, "not enough memory");
	assert_true(l->node[0]->written < 48u << 20);
	lab_free(l);
}

/* ---- row 27 ---- */

static void test_row27_a_body_that_stops_in_the_middle(void **state)
{
	struct sim_lab *l = lab_in_mood(
		27, &(struct httpd_mood){.end = END_STOP, .end_at = 150000, .plain = true});

	(void)state;
	must_end(l, 300);
	l = lab_in_mood(27, &(struct httpd_mood){.end = END_STOP, .end_at = 0});
	must_fail(l, 300, 4011, "stopped answering");
	lab_free(l);
}

static void test_row27_a_head_that_drips(void **state)
{
	static const uint64_t drip[] = {100 * MS, 2 * S, 15 * S};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct sim_lab *l = lab_in_mood(28, &(struct httpd_mood){.drip_us = drip[i]});

		must_end(l, 900);
	}
}

static void test_row27_a_server_that_accepts_and_never_answers(void **state)
{
	struct sim_lab *l = lab_in_mood(29, &(struct httpd_mood){.think_us = 3600ull * S});

	(void)state;
	must_fail(l, 300, 4011, "stopped answering");
	lab_free(l);
}

/* ---- row 34 ---- */

static void test_row34_redirects_without_end(void **state)
{
	static const char *const to[] = {"/vmlinuz", "vmlinuz", LAB_URL "vmlinuz", "?", "#"};

	(void)state;
	for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
		struct sim_lab *l = lab_in_mood(34, &(struct httpd_mood){.location = to[i]});

		lab_run(l, 100);
		lab_close(l);
		assert_int_equal(l->node[0]->state, NODE_EXITED);
		assert_true(l->http->stats.requests <= 21);
		assert_null(lab_violation(l));
		lab_free(l);
	}
}

static void test_row34_redirects_to_nowhere(void **state)
{
	static char longer[3000];
	static const char *const to[] = {"", " ", "http://", "http:///", "http://[::1]/x",
		"http://10.0.0.1:0/", "http://10.0.0.1:99999/", "http://10.0.0.1:x/", "gopher://x/",
		"file:///etc/passwd", "javascript:x", "tftp://10.0.0.1/none", "http://256.1.1.1/",
		"http://user:pass@10.0.0.1/none", "/%zz", "/%00", "/a b", "/\"<>", "\x80\xff",
		"http://10.0.0.99/away", "/../../..", "http://10.0.0.1", longer};

	(void)state;
	memset(longer, 'l', sizeof(longer) - 1);
	for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
		struct sim_lab *l =
			lab_in_mood(35, &(struct httpd_mood){.path = "vmlinuz", .location = to[i]});

		if (!lab_run(l, 200) || l->node[0]->state != NODE_EXITED)
			fail_msg("to %.40s: ended %d: %s", to[i], (int)l->node[0]->state,
				l->node[0]->console);
		lab_close(l);
		if (lab_violation(l))
			fail_msg("to %.40s: %s", to[i], lab_violation(l));
		lab_free(l);
	}
}

static void test_row34_a_password_that_is_never_good_enough(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct sim_lab *l = lab_with_kernel(36);

		l->dhcp->conf.boot_file = "http://a:b@10.0.0.1/vmlinuz";
		l->http->conf.user = "a";
		l->http->conf.password = "b";
		l->http->conf.never = true;
		l->http->conf.digest = i;
		must_fail(l, 60, 4017, "another user or password");
		assert_true(l->http->stats.requests <= 5);
		lab_free(l);
	}
}

static void test_row34_twenty_thousand_times_continue(void **state)
{
	struct sim_lab *l = lab_in_mood(37, &(struct httpd_mood){.continues = 20000});

	(void)state;
	must_end(l, 200);
}

static void test_row34_come_again_for_ever(void **state)
{
	static const char *const when[] = {"0", "1", "99999999999999999999", "-1", "soon",
		"Sun, 06 Nov 1994 08:49:37 GMT", ""};

	(void)state;
	for (size_t i = 0; i < sizeof(when) / sizeof(when[0]); i++) {
		struct sim_lab *l =
			lab_in_mood(38, &(struct httpd_mood){.status = 503, .retry = when[i]});

		must_fail(l, 3600, 4013, "refuses");
		assert_true(l->http->stats.requests <= 20);
		lab_free(l);
	}
}

/* ---- row 35 ---- */

static void test_row35_errors_with_a_body_that_could_be_run(void **state)
{
	static const struct {
		unsigned status;
		int code;
	} table[] = {{404, 4012}, {410, 4012}, {403, 4013}, {500, 4013}, {503, 4013}, {400, 4013},
		{204, 4013}, {304, 4013}, {300, 4013}, {201, 4013}, {203, 4013}, {299, 4013},
		{416, 4013}, {401, 4017}};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct sim_lab *l =
			lab_in_mood(39, &(struct httpd_mood){.status = table[i].status});

		if (!lab_run(l, 100) || l->node[0]->exit_code != table[i].code)
			fail_msg("status %u: ended %d with %d: %s", table[i].status,
				(int)l->node[0]->state, l->node[0]->exit_code, l->node[0]->console);
		lab_close(l);
		assert_int_equal(l->node[0]->state, NODE_EXITED);
		assert_int_equal(l->node[0]->written, 0);
		assert_null(lab_violation(l));
		lab_free(l);
	}
}

static void test_row35_a_range_that_was_not_asked_for(void **state)
{
	static const char *const lengths[] = {
		"Content-Length: 300000\r\n",
		"Content-Length: 300000\r\nContent-Range: bytes 0-299999/300000\r\n",
		"Content-Length: 300000\r\nContent-Range: bytes 100-300099/400000\r\n",
		"Content-Length: 300000\r\nContent-Range: bytes */300000\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		fails(&(struct httpd_mood){.status = 206, .plain = true, .length = lengths[i]}, 60,
			4014, "broke the protocol");
}

/* After a break a range is asked for, and the answer is another one. */
static void test_row35_another_range_than_was_asked_for(void **state)
{
	static const char *const ranges[] = {
		"Content-Length: 150000\r\nContent-Range: bytes 0-149999/300000\r\n",
		"Content-Length: 150000\r\nContent-Range: bytes 150001-300000/300000\r\n",
		"Content-Length: 150000\r\nContent-Range: bytes 150000-299999/300001\r\n",
		"Content-Length: 150000\r\nContent-Range: bytes 150000-299999/299999\r\n",
		"Content-Length: 150000\r\nContent-Range: bytes 150000-149999/300000\r\n",
		"Content-Length: 150000\r\nContent-Range: bytes "
		"150000-18446744073709551615/18446744073709551616\r\n",
		"Content-Length: 150000\r\nContent-Range: lines 150000-299999/300000\r\n",
		"Content-Length: 150000\r\nContent-Range: bytes 150000-299999\r\n",
		"Content-Length: 150000\r\n",
		"Content-Length: 150001\r\nContent-Range: bytes 150000-299999/300000\r\n",
		"Content-Length: 150000\r\nContent-Type: multipart/byteranges; boundary=x\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		struct sim_lab *l = lab_in_mood(
			40, &(struct httpd_mood){.times = 1, .end = END_RESET, .end_at = 150000});

		httpd_mood(l->http, &(struct httpd_mood){.status = 206,
					    .plain = true,
					    .length = ranges[i],
					    .more = "ETag: \"1-493e0\"\r\n",
					    .has_body = true,
					    .body = 150000});
		if (!lab_run(l, 200) || l->node[0]->state != NODE_EXITED)
			fail_msg("range %u: ended %d with %d: %s", (unsigned)i,
				(int)l->node[0]->state, l->node[0]->exit_code, l->node[0]->console);
		lab_close(l);
		if (lab_violation(l))
			fail_msg("range %u: %s", (unsigned)i, lab_violation(l));
		lab_free(l);
	}
}

static void test_row35_a_second_response_behind_the_first(void **state)
{
	static char second[3000] =
		"HTTP/1.1 200 OK\r\nContent-Length: 2800\r\n\r\n#!ipxe\necho evil\n";
	struct sim_lab *l = lab_new(41, 1);

	(void)state;
	l->dhcp->conf.boot_file = LAB_URL "boot.ipxe";
	lab_node(l, NULL);
	memset(second + strlen(second), '#', 2000);
	httpd_mood(l->http, &(struct httpd_mood){.behind = second});
	lab_run(l, 60);
	assert_false(node_says(l->node[0], "evil"));
	must_boot(l, 1);
}

static void test_row35_a_kept_connection_that_speaks_unasked(void **state)
{
	static const char script[] = "dhcp\nimgfetch " LAB_URL "initrd.img\nsleep 1\n"
				     "imgfetch --name b " LAB_URL "initrd.img\nexit 0";
	struct sim_lab *l = lab_new(42, 1);

	(void)state;
	lab_node(l, &(struct node_conf){.script = script});
	httpd_mood(l->http,
		&(struct httpd_mood){.times = 1, .behind = "HTTP/1.1 404 Not Found\r\n\r\n"});
	lab_run(l, 60);
	lab_close(l);
	assert_int_equal(l->node[0]->exit_code, 0);
	assert_true(node_filled(l->node[0], l->initrd) == l->initrd->size);
	assert_null(lab_violation(l));
	lab_free(l);
}

/* Each part has another validator: they are never put together. */
static void test_row35_a_file_that_changes_with_every_answer(void **state)
{
	struct sim_lab *l = lab_with_kernel(43);

	(void)state;
	httpd_mood(l->http, &(struct httpd_mood){.end = END_CLOSE,
				    .end_at = 50000,
				    .length = "Content-Length: 300000\r\n"
					      "Content-Range: bytes "
					      "50000-299999/300000\r\n"});
	for (unsigned i = 0; i < 300 && l->node[0]->state != NODE_EXITED; i++) {
		world_run(l->w, l->w->now_us + 500 * MS);
		l->http->version++;
	}
	lab_close(l);
	assert_int_equal(l->node[0]->state, NODE_EXITED);
	assert_true(l->node[0]->exit_code / 1000 == 4);
	lab_free(l);
}

static void test_row35_the_check_of_contents_works(void **state)
{
	struct sim_lab *l = lab_in_mood(44, &(struct httpd_mood){.wrong_bytes = true});

	(void)state;
	lab_run(l, 60);
	assert_true(world_violated(l->w, "wrong bytes"));
	lab_free(l);
}

/* ---- row 42 ---- */

static void test_row42_escapes_in_what_a_server_says(void **state)
{
	struct sim_lab *l;

	(void)state;
	l = lab_in_mood(
		45, &(struct httpd_mood){
			    .head = "HTTP/1.1 404 %n%s\x1b[2J\x9b\x07\x7f\r\nContent-Length: "
				    "0\r\n\r\n"});
	must_end(l, 60); /* the console judges */
	l = lab_in_mood(46, &(struct httpd_mood){.location = "http://%n\x1b[2J\x9b/"});
	must_end(l, 60);
	l = lab_in_mood(47, &(struct httpd_mood){.status = 500,
				    .more = "WWW-Authenticate: Basic realm=\"\x1b[2J\"\r\n"});
	must_end(l, 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_row8_a_segment_ends_behind_every_cr),
		cmocka_unit_test(test_row8_every_byte_a_segment),
		cmocka_unit_test(test_row8_lines_that_end_with_lf),
		cmocka_unit_test(test_row8_heads_that_are_none),
		cmocka_unit_test(test_row8_a_head_without_end),
		cmocka_unit_test(test_rows11_and_33_lengths_that_cannot_be),
		cmocka_unit_test(test_row11_one_length_said_twice),
		cmocka_unit_test(test_row33_length_larger_than_memory),
		cmocka_unit_test(test_row33_length_too_large),
		cmocka_unit_test(test_row33_length_too_large_and_silence),
		cmocka_unit_test(test_row33_length_too_small),
		cmocka_unit_test(test_row33_chunk_sizes_that_cannot_be),
		cmocka_unit_test(test_row33_a_chunked_body_that_ends_early),
		cmocka_unit_test(test_row33_a_body_without_length_that_ends_early),
		cmocka_unit_test(test_row15_an_endless_body_ends_at_the_memory_limit),
		cmocka_unit_test(test_row27_a_body_that_stops_in_the_middle),
		cmocka_unit_test(test_row27_a_head_that_drips),
		cmocka_unit_test(test_row27_a_server_that_accepts_and_never_answers),
		cmocka_unit_test(test_row34_redirects_without_end),
		cmocka_unit_test(test_row34_redirects_to_nowhere),
		cmocka_unit_test(test_row34_a_password_that_is_never_good_enough),
		cmocka_unit_test(test_row34_twenty_thousand_times_continue),
		cmocka_unit_test(test_row34_come_again_for_ever),
		cmocka_unit_test(test_row35_errors_with_a_body_that_could_be_run),
		cmocka_unit_test(test_row35_a_range_that_was_not_asked_for),
		cmocka_unit_test(test_row35_another_range_than_was_asked_for),
		cmocka_unit_test(test_row35_a_second_response_behind_the_first),
		cmocka_unit_test(test_row35_a_kept_connection_that_speaks_unasked),
		cmocka_unit_test(test_row35_a_file_that_changes_with_every_answer),
		cmocka_unit_test(test_row35_the_check_of_contents_works),
		cmocka_unit_test(test_row42_escapes_in_what_a_server_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
