/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whole boots by HTTP from servers that mean well: all forms of answers, redirects, passwords, and
 * transfers that break and go on where they broke. In each the kernel that is entered must be the
 * server's file, byte for byte, and the server may not have seen a breach of protocol.
 */
#include "dnsd.h"
#include "expect.h"
#include "schedule.h"

#define MS 1000u
#define S  1000000u

static struct sim_lab *lab_by_http(uint64_t seed)
{
	struct sim_lab *l = lab_new(seed, 1);

	lab_http(l);
	lab_node(l, NULL);
	return l;
}

/* A script of its own for the one node, which is not to boot. */
static struct sim_lab *lab_with_script(uint64_t seed, const char *script)
{
	struct sim_lab *l = lab_new(seed, 1);

	lab_node(l, &(struct node_conf){.script = script});
	return l;
}

/* The node ends well, and all that it has put into images were the server's bytes. */
static void must_fetch(struct sim_lab *l, uint64_t seconds, const struct sim_file *f)
{
	struct sim_node *n = l->node[0];

	if (!lab_run(l, seconds))
		fail_msg("still runs after %u s: %s", (unsigned)seconds, n->console);
	lab_close(l);
	if (n->state != NODE_EXITED || n->exit_code || node_filled(n, f) != f->size)
		fail_msg("ended %d with %d, %u of %u bytes: %s", (int)n->state, n->exit_code,
			(unsigned)node_filled(n, f), (unsigned)f->size, n->console);
	if (lab_violation(l))
		fail_msg("%s", lab_violation(l));
	lab_free(l);
}

/* Whole files that were served for that path: broken ones count in part. */
static double served(const struct sim_lab *l)
{
	uint64_t all = l->script->size + l->kernel->size + l->initrd->size;

	return (double)l->tcp->stats.bytes_out / (double)all;
}

/* ---- plain ---- */

static void test_one_machine_boots_within_a_second(void **state)
{
	struct sim_lab *l = lab_by_http(1);

	(void)state;
	lab_run(l, 10);
	assert_true(l->node[0]->end_us < S);
	assert_int_equal(l->http->stats.requests, 3);
	assert_int_equal(l->http->conns, 1);
	assert_int_equal(l->tcp->stats.resent, 0);
	assert_string_equal(l->http->seen[0].host, "10.0.0.1");
	assert_true(served(l) < 1.01);
	must_boot(l, 1);
}

static void test_twenty_machines_at_once(void **state)
{
	struct sim_lab *l = lab_new(2, 20);

	(void)state;
	lab_http(l);
	for (unsigned i = 0; i < 20; i++)
		lab_node(l, &(struct node_conf){.on_us = i * 10 * MS});
	must_boot(l, 60);
}

static void test_imgfetch_brings_the_exact_bytes(void **state)
{
	struct sim_lab *l = lab_with_script(3, "dhcp\nimgfetch " LAB_URL "initrd.img\nexit 0");

	(void)state;
	must_fetch(l, 10, l->initrd);
}

static void test_files_of_small_sizes(void **state)
{
	static const uint64_t sizes[] = {1, 2, 1447, 1448, 1449, 2896, 14480, 14481};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct sim_lab *l = lab_by_http(4);

		l->initrd->size = sizes[i];
		must_boot(l, 10);
	}
}

static void test_a_file_of_64_mib_on_a_node_that_keeps_no_bytes(void **state)
{
	struct sim_lab *l = lab_new(5, 1);

	(void)state;
	lab_http(l);
	l->initrd->size = 64 << 20;
	lab_node(l, &(struct node_conf){.sparse = true});
	lab_run(l, 10);
	assert_true(l->node[0]->end_us < 2 * S); /* the wire needs 0.56 s */
	assert_true(served(l) < 1.05);
	must_boot(l, 1);
}

static void test_another_port_and_a_query(void **state)
{
	struct sim_lab *l = lab_with_script(6,
		"dhcp\nimgfetch http://10.0.0.1:8080/initrd.img\n"
		"imgfetch --name q http://10.0.0.1:8080/initrd.img?x=1&y=a%20b\nexit 0");
	struct sim_httpd *d = httpd_new(l->tcp, 8080, l->tftp);

	(void)state;
	lab_run(l, 10);
	assert_int_equal(d->stats.requests, 2);
	assert_string_equal(d->seen[0].host, "10.0.0.1:8080");
	assert_string_equal(d->seen[1].query, "x=1&y=a%20b");
	assert_int_equal(l->node[0]->exit_code, 0);
	assert_null(lab_violation(l));
	lab_free(l);
}

static void test_odd_names_are_encoded(void **state)
{
	struct sim_lab *l = lab_with_script(
		7, "dhcp\nset n:string a\"b<c>\nimgfetch " LAB_URL "%61${n}%20d || exit 0\nexit 1");

	(void)state;
	lab_run(l, 10);
	assert_int_equal(l->http->stats.requests, 1);
	assert_string_equal(l->http->seen[0].path, "aa\"b<c> d");
	assert_int_equal(l->node[0]->exit_code, 0);
	assert_null(lab_violation(l));
	lab_free(l);
}

/* ---- answers of all forms ---- */

static void boots_in_mood(const struct httpd_mood *m)
{
	struct sim_lab *l = lab_by_http(10);

	httpd_mood(l->http, m);
	must_boot(l, 60);
}

static void test_answers_of_all_forms(void **state)
{
	static const struct httpd_mood moods[] = {
		{.chunk = 1},
		{.chunk = 1000},
		{.chunk = 65536},
		{.no_length = true},
		{.http10 = true},
		{.http10 = true, .no_length = true},
		{.close = true},
		{.close_silent = true},
		{.no_ranges = true},
		{.plain = true},
		{.continues = 3},
		{.lf_only = true},
		{.think_us = 3 * S},
		{.more = "X-Long: 0123456789012345678901234567890123456789\r\nX:\r\nY:   z   \r\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(moods) / sizeof(moods[0]); i++) {
		struct httpd_mood m = moods[i];

		if (m.chunk == 1)
			m.path = "boot.ipxe";
		boots_in_mood(&m);
	}
}

static void test_servers_without_validators_and_with_weak_ones(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct sim_lab *l = lab_by_http(11);

		l->http->conf.no_etag = i & 1;
		l->http->conf.no_date = i & 2;
		l->http->conf.weak = i == 0;
		must_boot(l, 60);
	}
}

static void test_a_server_that_closes_idle_connections(void **state)
{
	struct sim_lab *l = lab_with_script(12, "dhcp\nimgfetch " LAB_URL "initrd.img\nsleep 3\n"
						"imgfetch --name b " LAB_URL "initrd.img\nsleep 3\n"
						"imgfetch --name c " LAB_URL "initrd.img\nexit 0");

	(void)state;
	l->http->conf.idle_us = 1 * S;
	lab_run(l, 60);
	assert_int_equal(l->http->conns, 3);
	must_fetch(l, 1, l->initrd);
}

static void test_a_server_that_serves_two_requests_a_connection(void **state)
{
	struct sim_lab *l = lab_by_http(13);

	(void)state;
	l->http->conf.requests_max = 2;
	lab_run(l, 60);
	assert_int_equal(l->http->conns, 2);
	must_boot(l, 1);
}

/* The connection that is kept dies without a word: the next request finds out, and is sent anew. */
static void test_a_kept_connection_that_the_server_has_forgotten(void **state)
{
	struct sim_lab *l = lab_with_script(14, "dhcp\nimgfetch " LAB_URL "initrd.img\nsleep 3\n"
						"imgfetch --name b " LAB_URL "initrd.img\nexit 0");

	(void)state;
	world_run(l->w, 2 * S);
	assert_int_equal(l->http->stats.requests, 1);
	tcpd_forget(l->tcp);
	lab_run(l, 60);
	assert_true(l->node[0]->end_us < 5 * S);
	must_fetch(l, 1, l->initrd);
}

/* ---- redirects ---- */

static const struct sim_file *find_moved(void *ctx, const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? tftpd_find(ctx, slash + 1) : NULL;
}

static void test_redirects_relative_and_absolute(void **state)
{
	static const char *const to[] = {"/moved/vmlinuz", "moved/vmlinuz", "./moved/vmlinuz",
		"//10.0.0.1/moved/vmlinuz", "http://10.0.0.1/moved/vmlinuz",
		"HTTP://10.0.0.1:80/moved/vmlinuz", "/moved/../moved/vmlinuz#part"};
	static const unsigned status[] = {301, 302, 303, 307, 308};

	(void)state;
	for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
		struct sim_lab *l = lab_by_http(20);

		l->tftp->conf.find = find_moved;
		l->tftp->conf.find_ctx = l->tftp;
		httpd_mood(l->http,
			&(struct httpd_mood){
				.path = "vmlinuz", .location = to[i], .status = status[i % 5]});
		lab_run(l, 20);
		assert_int_equal(httpd_asked(l->http, "moved/vmlinuz"), 1);
		must_boot(l, 1);
	}
}

static void test_a_redirect_to_another_server(void **state)
{
	struct sim_lab *l = lab_by_http(21);
	struct sim_host *h = lab_host(l, "other", IP4(10, 0, 0, 7));
	struct sim_httpd *d = httpd_new(tcpd_new(h, NULL), 80, l->tftp);

	(void)state;
	httpd_mood(l->http, &(struct httpd_mood){.path = "initrd.img",
				    .location = "http://10.0.0.7/initrd.img"});
	lab_run(l, 20);
	assert_int_equal(d->stats.requests, 1);
	assert_string_equal(d->seen[0].host, "10.0.0.7");
	must_boot(l, 1);
}

/* ---- passwords ---- */

#define USER "Aladdin"
#define PASS "open sesame:%"

static void with_password(bool digest, const char *url)
{
	static char script[200];
	struct sim_lab *l;

	snprintf(script, sizeof(script), "dhcp\nimgfetch %s\nimgfetch --name b %s\nexit 0", url,
		url);
	l = lab_with_script(30, script);
	l->http->conf.user = USER;
	l->http->conf.password = PASS;
	l->http->conf.digest = digest;
	lab_run(l, 20);
	assert_int_equal(l->http->stats.answers[2], 2);
	assert_true(l->http->stats.answers[4] <= 2);
	assert_false(node_says(l->node[0], "sesame"));
	must_fetch(l, 1, l->initrd);
}

static void test_basic_and_digest_access(void **state)
{
	(void)state;
	with_password(false, "http://Aladdin:open%20sesame%3A%25@10.0.0.1/initrd.img");
	with_password(true, "http://Aladdin:open%20sesame%3A%25@10.0.0.1/initrd.img");
}

static void test_a_wrong_password_is_an_error(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct sim_lab *l =
			lab_with_script(31, i & 1 ? "dhcp\nimgfetch http://a:b@10.0.0.1/initrd.img"
						  : "dhcp\nimgfetch " LAB_URL "initrd.img");

		l->http->conf.user = USER;
		l->http->conf.password = PASS;
		l->http->conf.digest = i & 2;
		must_fail(l, 20, 4017, "another user or password");
		assert_true(l->http->stats.requests <= 3);
		lab_free(l);
	}
}

/* Neither in a lease, nor in a script's line that has failed, nor in why. */
static void test_passwords_are_not_shown(void **state)
{
	struct sim_lab *l = lab_by_http(33);

	(void)state;
	l->dhcp->conf.boot_file = "http://me:secret@10.0.0.1/boot.ipxe";
	lab_script(l, "#!ipxe\nimgfetch initrd.img && imgfetch http://me:secret@10.0.0.1/none\n");
	must_fail(l, 20, 4012, "imgfetch http://10.0.0.1/none");
	assert_true(node_says(l->node[0], "has http://10.0.0.1/boot.ipxe"));
	assert_int_equal(httpd_asked(l->http, "initrd.img"), 1);
	assert_false(node_says(l->node[0], "secret"));
	lab_free(l);
}

/* RFC 9110 11.6.2, 15.4: what one server is told is no other's business. */
static void test_passwords_are_not_taken_along_by_a_redirect(void **state)
{
	struct sim_lab *l =
		lab_with_script(32, "dhcp\nimgfetch http://a:b@10.0.0.1/initrd.img\nexit 0");
	struct sim_host *h = lab_host(l, "other", IP4(10, 0, 0, 7));
	struct sim_httpd *d = httpd_new(tcpd_new(h, NULL), 80, l->tftp);

	(void)state;
	d->conf.user = "a";
	d->conf.password = "b";
	httpd_mood(l->http, &(struct httpd_mood){.location = "http://10.0.0.7/initrd.img"});
	must_fail(l, 20, 4017, "another user or password");
	assert_true(d->seens >= 1);
	for (uint32_t i = 0; i < d->seens; i++)
		assert_string_equal(d->seen[i].authorization, "");
	lab_free(l);
}

/* ---- not now ---- */

static void test_a_server_that_asks_to_come_again(void **state)
{
	static const unsigned status[] = {503, 429};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct sim_lab *l = lab_by_http(40);

		httpd_mood(l->http,
			&(struct httpd_mood){
				.path = "vmlinuz", .times = 2, .status = status[i], .retry = "3"});
		lab_run(l, 60);
		assert_true(l->node[0]->end_us >= 6 * S && l->node[0]->end_us < 12 * S);
		must_boot(l, 1);
	}
}

/* ---- breaks ---- */

static void test_a_break_is_continued_where_it_was(void **state)
{
	static const enum httpd_end end[] = {END_RESET, END_CLOSE};
	static const uint64_t at[] = {0, 1, 100000, 499999, 500000, 699999};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(at) / sizeof(at[0]); i++) {
		struct sim_lab *l = lab_by_http(50);
		const struct httpd_seen *s;

		httpd_mood(l->http, &(struct httpd_mood){.path = "initrd.img",
					    .times = 1,
					    .end = end[i & 1],
					    .end_at = at[i / 2]});
		lab_run(l, 60);
		assert_int_equal(httpd_asked(l->http, "initrd.img"), 2);
		s = &l->http->seen[l->http->seens - 1];
		if (at[i / 2]) {
			assert_true(s->range && s->from == at[i / 2]);
			assert_string_equal(s->if_range, "\"1-aae60\"");
		}
		assert_true(l->node[0]->end_us < 3 * S);
		assert_true(served(l) < 1.05);
		must_boot(l, 1);
	}
}

static void test_silence_in_the_middle_is_noticed(void **state)
{
	struct sim_lab *l = lab_by_http(51);

	(void)state;
	httpd_mood(l->http,
		&(struct httpd_mood){
			.path = "initrd.img", .times = 1, .end = END_STOP, .end_at = 350000});
	lab_run(l, 60);
	assert_true(l->node[0]->end_us < 20 * S);
	assert_true(l->http->seen[l->http->seens - 1].from == 350000);
	must_boot(l, 1);
}

static void test_breaks_without_ranges_begin_anew(void **state)
{
	struct sim_lab *l = lab_by_http(52);

	(void)state;
	httpd_mood(l->http, &(struct httpd_mood){.path = "initrd.img",
				    .times = 1,
				    .plain = true,
				    .end = END_RESET,
				    .end_at = 350000});
	httpd_mood(l->http, &(struct httpd_mood){.plain = true});
	must_boot(l, 60);
}

static void test_a_server_that_ignores_ranges_after_a_break(void **state)
{
	struct sim_lab *l = lab_by_http(53);

	(void)state;
	httpd_mood(l->http,
		&(struct httpd_mood){
			.path = "initrd.img", .times = 1, .end = END_RESET, .end_at = 350000});
	httpd_mood(l->http, &(struct httpd_mood){.no_ranges = true});
	must_boot(l, 60);
}

static void test_chunks_that_break(void **state)
{
	struct sim_lab *l = lab_by_http(54);

	(void)state;
	httpd_mood(l->http, &(struct httpd_mood){.path = "initrd.img",
				    .times = 1,
				    .chunk = 5000,
				    .end = END_RESET,
				    .end_at = 350000});
	httpd_mood(l->http, &(struct httpd_mood){.chunk = 5000});
	must_boot(l, 60);
}

static void test_ten_breaks(void **state)
{
	struct sim_lab *l = lab_by_http(55);

	(void)state;
	httpd_mood(l->http,
		&(struct httpd_mood){
			.path = "initrd.img", .times = 9, .end = END_CLOSE, .end_at = 70000});
	must_boot(l, 120);
}

/* The server is started anew with another file of that name: all or nothing of it. */
static void test_a_file_that_changes_while_the_server_is_away(void **state)
{
	struct sim_lab *l = lab_by_http(56);

	(void)state;
	link_set_fault(l->server_link, &(struct sim_fault){.rate_bps = 20000000});
	world_run(l->w, 400 * MS);
	assert_true(node_filled(l->node[0], l->initrd) > 10000);
	link_set_up(l->server_link, false);
	tcpd_forget(l->tcp);
	l->initrd->seed++;
	l->initrd->size += 1000;
	l->http->version++;
	link_cut(l->server_link, 0, l->w->now_us + 2 * S);
	must_boot(l, 60);
}

static void test_a_cable_pulled_for_5_s_in_the_middle(void **state)
{
	struct sim_lab *l = lab_by_http(57);

	(void)state;
	link_set_fault(l->server_link, &(struct sim_fault){.rate_bps = 20000000});
	link_cut(l->link[0], 400 * MS, 5400 * MS);
	lab_run(l, 60);
	assert_true(l->node[0]->end_us < 12 * S);
	assert_true(served(l) < 1.3);
	must_boot(l, 1);
}

static void test_a_server_that_is_restarted_in_the_middle(void **state)
{
	struct sim_lab *l = lab_by_http(58);

	(void)state;
	link_set_fault(l->server_link, &(struct sim_fault){.rate_bps = 20000000});
	world_run(l->w, 400 * MS);
	l->tcp->closed = true;
	tcpd_kill(l->tcp);
	world_run(l->w, 2400 * MS);
	l->tcp->closed = false;
	lab_run(l, 60);
	assert_true(l->node[0]->end_us < 10 * S);
	must_boot(l, 1);
}

/* ---- two servers of one name ---- */

#define FIRST  IP4(10, 0, 0, 6)
#define SECOND IP4(10, 0, 0, 7)

static const struct dnsd_row two_servers[] = {
	{"web.lab", DNSD_A, 300, FIRST, NULL},
	{"web.lab", DNSD_A, 300, SECOND, NULL},
	{NULL, DNSD_A, 0, 0, NULL},
};

struct twins {
	struct sim_lab *l;
	struct sim_httpd *d[2];
};

/* The first dies for good when it has sent a third of the initrd: `mute`, or it refuses. */
static struct twins twins_of_which_one_dies(bool mute, unsigned version)
{
	struct twins t = {.l = lab_new(59, 1)};
	struct sim_host *h[2];

	for (unsigned i = 0; i < 2; i++) {
		h[i] = host_new(t.l->w, i ? "second" : "first", i ? SECOND : FIRST, LAB_MASK);
		link_set_fault(
			lab_plug(t.l, &h[i]->port), &(struct sim_fault){.rate_bps = 20000000});
		t.d[i] = httpd_new(tcpd_new(h[i], NULL), 80, t.l->tftp);
	}
	t.d[1]->version = version;
	dnsd_new(t.l->server, two_servers);
	dhcpd_option(&t.l->dhcp->conf, OPT_DNS, (const uint8_t[]){10, 0, 0, 1}, 4);
	t.l->dhcp->conf.boot_file = "http://web.lab/boot.ipxe";
	lab_node(t.l, NULL);
	for (unsigned i = 0; i < 5000 && node_filled(t.l->node[0], t.l->initrd) < 200000; i++)
		world_run(t.l->w, t.l->w->now_us + MS);
	t.d[0]->tcp->closed = true;
	if (mute)
		link_set_up(h[0]->port.link, false);
	else
		tcpd_kill(t.d[0]->tcp);
	return t;
}

static void test_the_rest_comes_from_another_address(void **state)
{
	(void)state;
	for (int mute = 0; mute < 2; mute++) {
		struct twins t = twins_of_which_one_dies(mute, 1);
		uint64_t died_us = t.l->w->now_us;

		lab_run(t.l, 60);
		assert_true(t.l->node[0]->end_us < died_us + (mute ? 25 : 2) * S);
		assert_int_equal(t.d[1]->stats.requests, 1);
		assert_true(t.d[1]->seen[0].range && t.d[1]->seen[0].from >= 200000);
		assert_true(t.d[1]->tcp->stats.bytes_out < 505000);
		must_boot(t.l, 1);
	}
}

/* Another file under the same name: from the first byte on. */
static void test_another_address_has_another_file(void **state)
{
	struct twins t = twins_of_which_one_dies(false, 2);

	(void)state;
	lab_run(t.l, 60);
	assert_int_equal(t.d[1]->stats.requests, 2);
	assert_false(t.d[1]->seen[1].range);
	must_boot(t.l, 1);
}

/* More of them, with longer transfers, in `make soak`. */
static void test_sixty_bad_days(void **state)
{
	(void)state;
	for (uint64_t seed = 1000; seed < 1060; seed++) {
		struct sim_lab *l = lab_new(seed, 1);
		struct sim_rng r;

		lab_http(l);
		world_stream(l->w, &r);
		l->initrd->size = 100000 + rand_below(&r, 900000);
		l->fault.rate_bps = 20000000;
		l->fault.loss_ppm = seed % 3 ? 0 : 5000;
		lab_node(l, &(struct node_conf){.sparse = true});
		schedule_new(l, 1 + (unsigned)rand_below(&r, 5), 400 * MS);
		must_boot(l, 300);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_machine_boots_within_a_second),
		cmocka_unit_test(test_twenty_machines_at_once),
		cmocka_unit_test(test_imgfetch_brings_the_exact_bytes),
		cmocka_unit_test(test_files_of_small_sizes),
		cmocka_unit_test(test_a_file_of_64_mib_on_a_node_that_keeps_no_bytes),
		cmocka_unit_test(test_another_port_and_a_query),
		cmocka_unit_test(test_odd_names_are_encoded),
		cmocka_unit_test(test_answers_of_all_forms),
		cmocka_unit_test(test_servers_without_validators_and_with_weak_ones),
		cmocka_unit_test(test_a_server_that_closes_idle_connections),
		cmocka_unit_test(test_a_server_that_serves_two_requests_a_connection),
		cmocka_unit_test(test_a_kept_connection_that_the_server_has_forgotten),
		cmocka_unit_test(test_redirects_relative_and_absolute),
		cmocka_unit_test(test_a_redirect_to_another_server),
		cmocka_unit_test(test_basic_and_digest_access),
		cmocka_unit_test(test_a_wrong_password_is_an_error),
		cmocka_unit_test(test_passwords_are_not_shown),
		cmocka_unit_test(test_passwords_are_not_taken_along_by_a_redirect),
		cmocka_unit_test(test_a_server_that_asks_to_come_again),
		cmocka_unit_test(test_a_break_is_continued_where_it_was),
		cmocka_unit_test(test_silence_in_the_middle_is_noticed),
		cmocka_unit_test(test_breaks_without_ranges_begin_anew),
		cmocka_unit_test(test_a_server_that_ignores_ranges_after_a_break),
		cmocka_unit_test(test_chunks_that_break),
		cmocka_unit_test(test_ten_breaks),
		cmocka_unit_test(test_a_file_that_changes_while_the_server_is_away),
		cmocka_unit_test(test_a_cable_pulled_for_5_s_in_the_middle),
		cmocka_unit_test(test_a_server_that_is_restarted_in_the_middle),
		cmocka_unit_test(test_the_rest_comes_from_another_address),
		cmocka_unit_test(test_another_address_has_another_file),
		cmocka_unit_test(test_sixty_bad_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
