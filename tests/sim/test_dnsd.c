/* SPDX-License-Identifier: BSD-2-Clause */
/* The DNS server model: what it answers byte for byte, and that its judge sees each breach of the
 * rules; then nodes that boot by names. */
#include "dnsd.h"
#include "expect.h"
#include "tests/unit.h"

#define SERVER IP4(10, 0, 0, 1)
#define CLIENT IP4(10, 0, 0, 2)
#define MASK   0xffffff00u
#define MS     1000u

static const struct dnsd_row zone[] = {
	{"boot.lab", DNSD_A, 300, SERVER, NULL},
	{"two.lab", DNSD_A, 60, IP4(10, 0, 0, 7), NULL},
	{"two.lab", DNSD_A, 60, IP4(10, 0, 0, 8), NULL},
	{"www.lab", DNSD_CNAME, 30, 0, "web.lab"},
	{"web.lab", DNSD_CNAME, 20, 0, "boot.lab"},
	{"round.lab", DNSD_CNAME, 20, 0, "round.lab"},
	{NULL, DNSD_A, 0, 0, NULL},
};

struct lan {
	struct sim_world *w;
	struct sim_host *h, *c;
	struct sim_dnsd *d;
	unsigned heard;
	uint8_t msg[2048];
	uint32_t len;
};

static void on_answer(void *ctx, const struct host_in *in)
{
	struct lan *l = ctx;

	l->heard++;
	l->len = in->len;
	memcpy(l->msg, in->data, in->len);
	assert_int_equal(in->src_port, 53);
}

static void lan_open(struct lan *l)
{
	memset(l, 0, sizeof(*l));
	l->w = world_new(5);
	l->h = host_new(l->w, "dnsd", SERVER, MASK);
	l->c = host_new(l->w, "client", CLIENT, MASK);
	l->c->client = true;
	link_new(l->w, &l->h->port, &l->c->port, NULL);
	l->d = dnsd_new(l->h, zone);
}

/* A question as it is, with id and from a port of its own; false when there is no answer. */
static bool ask_as(struct lan *l, const void *bytes, uint32_t len, uint16_t port)
{
	struct host_sock *s = host_bind(l->c, port, on_answer, l);
	struct host_out out = {
		.dst_ip = SERVER, .src_port = s->port, .dst_port = 53, .data = bytes, .len = len};
	unsigned before = l->heard;

	host_send(l->c, &out);
	world_run(l->w, l->w->now_us + 100 * MS);
	host_close(l->c, s);
	return l->heard > before;
}

#define QUESTION(id, name) id "\1\0\0\1\0\0\0\0\0\0" name "\0\0\1\0\1"

static bool ask(struct lan *l, const char *bytes, size_t len)
{
	return ask_as(l, bytes, (uint32_t)len, 0);
}

#define ASK(l, bytes) ask(l, bytes, sizeof(bytes) - 1)

static void heard(const struct lan *l, const char *bytes, size_t len)
{
	assert_int_equal(l->len, len);
	assert_memory_equal(l->msg, bytes, len);
}

#define HEARD(l, bytes) heard(l, bytes, sizeof(bytes) - 1)

#define ANSWER(id, code, n, name) id "\x81" code "\0\1\0" n "\0\0\0\0" name "\0\0\1\0\1"

static void test_answers(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l);
	assert_true(ASK(&l, QUESTION("ab", "\4Boot\3lab")));
	HEARD(&l, ANSWER("ab", "\x80", "\1",
			  "\4Boot\3lab") "\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\x0a\0\0\1");
	assert_true(ASK(&l, QUESTION("cd", "\3two\3lab")));
	HEARD(&l, ANSWER("cd", "\x80", "\2",
			  "\3two\3lab") "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\0\0\7"
					"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\0\0\x8");
	l.d->conf.backwards = true;
	assert_true(ASK(&l, QUESTION("ce", "\3two\3lab")));
	assert_int_equal(l.msg[l.len - 1], 7);
	assert_true(ASK(&l, QUESTION("ef", "\4none\3lab")));
	HEARD(&l, ANSWER("ef", "\x83", "\0", "\4none\3lab"));
	l.d->conf.code = 2;
	assert_true(ASK(&l, QUESTION("gh", "\4boot\3lab")));
	HEARD(&l, ANSWER("gh", "\x82", "\0", "\4boot\3lab"));
	assert_int_equal(l.d->questions, 5);
	assert_int_equal(l.d->answers, 5);
	assert_string_equal(dnsd_seen(l.d, 1)->name, "two.lab");
	assert_int_equal(dnsd_seen(l.d, 1)->id, 0x6364);
	assert_int_equal(l.w->violations, 0);
	world_free(l.w);
}

/* Names stand once; what follows points there. */
static void test_aliases(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l);
	assert_true(ASK(&l, QUESTION("ab", "\3www\3lab")));
	HEARD(&l, ANSWER("ab", "\x80", "\3",
			  "\3www\3lab") "\xc0\x0c\0\5\0\1\0\0\0\x1e\0\6\3web\xc0\x10"
					"\xc0\x25\0\5\0\1\0\0\0\x14\0\7\4boot\xc0\x10"
					"\xc0\x37\0\1\0\1\0\0\1\x2c\0\4\x0a\0\0\1");
	l.d->conf.alias_alone = true;
	assert_true(ASK(&l, QUESTION("cd", "\3www\3lab")));
	HEARD(&l, ANSWER("cd", "\x80", "\1",
			  "\3www\3lab") "\xc0\x0c\0\5\0\1\0\0\0\x1e\0\6\3web\xc0\x10");
	l.d->conf.alias_alone = false;
	assert_true(ASK(&l, QUESTION("ef", "\5round\3lab")));
	assert_int_equal(l.msg[7], 16);
	assert_int_equal(l.w->violations, 0);
	world_free(l.w);
}

/* 512 bytes are the most, in whole records. */
static void test_cut(void **state)
{
	static struct dnsd_row many[51];
	struct lan l;

	(void)state;
	lan_open(&l);
	for (unsigned i = 0; i < 50; i++)
		many[i] = (struct dnsd_row){"many.lab", DNSD_A, 300, IP4(10, 0, 1, i), NULL};
	l.d->conf.zone = many;
	assert_true(ASK(&l, QUESTION("ab", "\4many\3lab")));
	assert_int_equal(l.msg[2], 0x83);
	assert_int_equal(l.msg[7], 30);
	assert_int_equal(l.len, 12 + 14 + 30 * 16);
	many[30].name = NULL;
	assert_true(ASK(&l, QUESTION("cd", "\4many\3lab")));
	assert_int_equal(l.msg[2], 0x81);
	world_free(l.w);
}

static void test_waits_and_silence(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l);
	l.d->conf.ignore = 1;
	assert_false(ASK(&l, QUESTION("ab", "\4boot\3lab")));
	l.d->conf.delay_us = 50 * MS;
	assert_true(ASK(&l, QUESTION("cd", "\4boot\3lab")));
	l.d->conf.delay_us = 500 * MS;
	assert_false(ASK(&l, QUESTION("ef", "\4boot\3lab")));
	l.d->conf.silent = true;
	assert_false(ASK(&l, QUESTION("gh", "\4boot\3lab")));
	assert_int_equal(l.d->questions, 4);
	assert_int_equal(l.w->violations, 0);
	world_free(l.w); /* with an answer that has not left */
}

#define BAD(bytes)                                                                                 \
	{                                                                                          \
		bytes, sizeof(bytes) - 1                                                           \
	}

static void test_judge(void **state)
{
	static const struct {
		const char *bytes;
		uint32_t len;
	} bad[] = {
		BAD("ab\0\0\0\1\0\0\0\0\0\0\4boot\3lab\0\0\1\0\1"),   /* no recursion */
		BAD("ab\1\1\0\1\0\0\0\0\0\0\4boot\3lab\0\0\1\0\1"),   /* a code */
		BAD("ab\1\0\0\0\0\0\0\0\0\0\4boot\3lab\0\0\1\0\1"),   /* no question */
		BAD("ab\1\0\0\1\0\1\0\0\0\0\4boot\3lab\0\0\1\0\1"),   /* an answer */
		BAD("ab\1\0\0\1\0\0\0\0\0\0\4boot\3lab\0\0\1\0"),     /* cut */
		BAD("ab\1\0\0\1\0\0\0\0\0\0\4boot\3lab\0\0\1\0\1\0"), /* too long */
		BAD("ab\1\0\0\1\0\0\0\0\0\0\4boot\3labx\0\1\0\1"),    /* no end */
		BAD("ab\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1"),	      /* a pointer */
		BAD("ab\1\0\0\1\0\0\0\0\0\0\0\0\1\0\1"),	      /* the root */
		BAD("ab\1\0\0\1\0\0\0\0\0\0\4boot\3lab\0\0\x1c\0\1"), /* AAAA */
		BAD("ab\1\0\0\1\0\0\0\0\0\0\4boot\3lab\0\0\1\0\3"),   /* Chaos */
	};
	static const char good[] = QUESTION("ab", "\4boot\3lab");
	struct lan l;

	(void)state;
	for (size_t i = 0; i < ROWS(bad); i++) {
		lan_open(&l);
		assert_false(ask_as(&l, bad[i].bytes, bad[i].len, 0));
		assert_int_equal(l.w->violations, 1);
		world_free(l.w);
	}
	lan_open(&l);
	assert_true(ask_as(&l, good, sizeof(good) - 1, 1000));
	assert_int_equal(l.w->violations, 1);
	world_free(l.w);
	lan_open(&l);
	assert_true(ask_as(&l, good, sizeof(good) - 1, 50000));
	assert_int_equal(l.w->violations, 0);
	assert_true(ask_as(&l, good, sizeof(good) - 1, 50001)); /* the same id */
	assert_int_equal(l.w->violations, 1);
	assert_true(ask_as(&l, QUESTION("xy", "\4boot\3lab"), sizeof(good) - 1, 50001));
	assert_int_equal(l.w->violations, 2);
	assert_true(world_violated(l.w, "port or id"));
	world_free(l.w);
}

/* ---- nodes that boot by names ---- */

static const struct dnsd_row lab_zone[] = {
	{"boot.lab", DNSD_A, 300, LAB_SERVER, NULL},
	{"www.lab", DNSD_CNAME, 30, 0, "web.lab"},
	{"web.lab", DNSD_CNAME, 20, 0, "boot.lab"},
	/* Nobody, nobody of ours, a host without the service, and the one. */
	{"many.lab", DNSD_A, 300, IP4(10, 0, 77, 77), NULL},
	{"many.lab", DNSD_A, 300, IP4(10, 0, 0, 9), NULL},
	{"many.lab", DNSD_A, 300, LAB_SERVER, NULL},
	{NULL, DNSD_A, 0, 0, NULL},
};

static const uint8_t server_ip[4] = {10, 0, 0, 1};

#define BY_NAME(url)                                                                               \
	"#!ipxe\n"                                                                                 \
	"kernel " url "/vmlinuz " LAB_CMDLINE "\n"                                                 \
	"initrd " url "/initrd.img\n"                                                              \
	"boot\n"

/* The usual lab with a DNS server that option 6 names. */
static struct sim_lab *lab_by_name(uint64_t seed, const char *script, struct sim_dnsd **d)
{
	struct sim_lab *l = lab_new(seed, 1);

	*d = dnsd_new(l->server, lab_zone);
	dhcpd_option(&l->dhcp->conf, OPT_DNS, server_ip, 4);
	lab_script(l, script);
	lab_node(l, NULL);
	return l;
}

static void test_node_boots_by_name(void **state)
{
	struct sim_dnsd *d;
	struct sim_lab *l = lab_by_name(1, BY_NAME("tftp://boot.lab"), &d);

	(void)state;
	assert_true(lab_run(l, 20));
	assert_int_equal(d->questions, 1); /* the second file is of a server that is known */
	assert_true(node_says(l->node[0], " from boot.lab (10.0.0.1) by net0"));
	must_boot(l, 1);
}

/* RFC 2132 9.4: option 66 may be a name. Where it cannot be looked up, the DHCP server is asked. */
static void test_node_boots_by_option_66(void **state)
{
	(void)state;
	for (unsigned dns = 0; dns < 2; dns++) {
		struct sim_lab *l = lab_new(2, 1);
		struct sim_dnsd *d = dnsd_new(l->server, lab_zone);

		if (dns)
			dhcpd_option(&l->dhcp->conf, OPT_DNS, server_ip, 4);
		l->dhcp->conf.file_in = FILE_OPTION;
		l->dhcp->conf.next_server = 0;
		l->dhcp->conf.server_name = "boot.lab";
		lab_script(l, "#!ipxe\necho next [${next-server}] name [${tftp-server}]\n"
			      "kernel vmlinuz " LAB_CMDLINE "\ninitrd initrd.img\nboot\n");
		lab_node(l, NULL);
		assert_true(lab_run(l, 20));
		assert_true(node_says(l->node[0],
			dns ? "next [] name [boot.lab]" : "next [10.0.0.1] name [boot.lab]"));
		assert_int_equal(d->questions, dns);
		assert_int_equal(node_says(l->node[0], " from boot.lab (10.0.0.1) by net0"), dns);
		assert_int_equal(node_says(l->node[0], ", its TFTP server has boot.ipxe"), dns);
		must_boot(l, 1);
	}
}

static void test_node_boots_by_alias(void **state)
{
	struct sim_dnsd *d;
	struct sim_lab *l;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		l = lab_by_name(10 + i, BY_NAME("tftp://WWW.lab."), &d);
		d->conf.alias_alone = i & 1;
		d->conf.backwards = i & 2;
		assert_true(lab_run(l, 20));
		assert_int_equal(d->questions, i & 1 ? 3 : 1);
		must_boot(l, 1);
	}
}

static void test_node_boots_by_search_list(void **state)
{
	/* RFC 3397: none.lab, and lab by a pointer. */
	static const uint8_t list[] = "\4none\3lab\0\xc0\5";
	struct sim_dnsd *d;
	struct sim_lab *l = lab_by_name(20, BY_NAME("tftp://boot"), &d);

	(void)state;
	dhcpd_option(&l->dhcp->conf, OPT_DOMAIN, "lab", 3);
	assert_true(lab_run(l, 20));
	assert_int_equal(d->questions, 1);
	assert_string_equal(dnsd_seen(d, 0)->name, "boot.lab");
	must_boot(l, 1);
	l = lab_by_name(21, BY_NAME("tftp://boot"), &d);
	dhcpd_option(&l->dhcp->conf, 119, list, sizeof(list) - 1);
	assert_true(lab_run(l, 20));
	assert_int_equal(d->questions, 2);
	assert_string_equal(dnsd_seen(d, 0)->name, "boot.none.lab");
	must_boot(l, 1);
}

/* The addresses of a name are tried in turn: one that is not there, one that refuses. */
static void test_node_tries_each_address(void **state)
{
	struct sim_dnsd *d;
	struct sim_lab *l = lab_by_name(30, BY_NAME("tftp://many.lab"), &d);

	(void)state;
	lab_host(l, "other", IP4(10, 0, 0, 9));
	assert_true(lab_run(l, 60));
	assert_int_equal(d->questions, 1);
	assert_true(node_says(l->node[0], " from many.lab (10.0.0.1) by net0"));
	must_boot(l, 1);
}

/* A server that is not there, one that refuses, one that drops half of what it is asked. */
static void test_node_asks_each_server(void **state)
{
	static const uint8_t ips[12] = {10, 0, 0, 50, 10, 0, 0, 51, 10, 0, 0, 1};
	struct sim_dnsd *d, *refuses;
	struct sim_lab *l = lab_by_name(40, BY_NAME("tftp://boot.lab"), &d);

	(void)state;
	l->dhcp->conf.extras = 0;
	dhcpd_option(&l->dhcp->conf, OPT_DNS, ips, 12);
	refuses = dnsd_new(lab_host(l, "refuses", IP4(10, 0, 0, 51)), lab_zone);
	refuses->conf.code = 5;
	d->conf.ignore = 1;
	assert_true(lab_run(l, 60));
	assert_int_equal(refuses->questions, 1);
	assert_int_equal(d->questions, 2);
	must_boot(l, 1);
}

static void test_node_boots_by_name_over_a_bad_link(void **state)
{
	struct sim_dnsd *d;

	(void)state;
	for (uint64_t seed = 50; seed < 70; seed++) {
		struct sim_lab *l = lab_new(seed, 1);

		l->fault.loss_ppm = l->fault.dup_ppm = l->fault.reorder_ppm = 80000;
		l->fault.reorder_us = 300;
		l->fault.corrupt_ppm = 20000;
		d = dnsd_new(l->server, lab_zone);
		dhcpd_option(&l->dhcp->conf, OPT_DNS, server_ip, 4);
		lab_script(l, BY_NAME("tftp://www.lab"));
		d->conf.alias_alone = true;
		lab_node(l, NULL);
		must_boot(l, 120);
	}
}

/* 15 s, then a reason. */
static void test_node_gives_up(void **state)
{
	struct sim_dnsd *d;
	struct sim_lab *l = lab_by_name(80, BY_NAME("tftp://boot.lab"), &d);

	(void)state;
	d->conf.silent = true;
	must_fail(l, 20, 3013, "boot.lab, server 10.0.0.1");
	assert_in_range(d->questions, 4, 5);
	lab_free(l);
	l = lab_by_name(81, BY_NAME("tftp://none.lab"), &d);
	must_fail(l, 5, 3012, "none.lab");
	lab_free(l);
	l = lab_by_name(82, BY_NAME("tftp://boot.lab"), &d);
	l->dhcp->conf.extras = 0;
	must_fail(l, 5, 3011, "boot.lab");
	lab_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_waits_and_silence),
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_node_boots_by_name),
		cmocka_unit_test(test_node_boots_by_option_66),
		cmocka_unit_test(test_node_boots_by_alias),
		cmocka_unit_test(test_node_boots_by_search_list),
		cmocka_unit_test(test_node_tries_each_address),
		cmocka_unit_test(test_node_asks_each_server),
		cmocka_unit_test(test_node_boots_by_name_over_a_bad_link),
		cmocka_unit_test(test_node_gives_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
