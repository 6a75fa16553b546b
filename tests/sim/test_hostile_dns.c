/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile DNS. Each test is named after the class of bugs that it guards against:
 *
 *	row 5  DNS server options     row 6  predictable numbers    row 9  corrupt, then good
 *	row 21 loops and lies         row 22 forged answers         row 27 silence
 *	row 42 terminal escapes
 *
 * A forged answer names 10.0.0.66, which is not there: a machine that believed it does not boot.
 */
#include "attack.h"
#include "dnsd.h"
#include "expect.h"
#include "tests/unit.h"

#define MS	     1000u
#define EVIL	     IP4(10, 0, 0, 66)
#define NAME_AT	     12u /* of the question */
#define QUESTION_END (12u + 10 + 4)

static const struct dnsd_row zone[] = {
	{"boot.lab", DNSD_A, 300, LAB_SERVER, NULL},
	{"www.lab", DNSD_CNAME, 300, 0, "boot.lab"},
	{NULL, DNSD_A, 0, 0, NULL},
};

static const uint8_t server_ip[4] = {10, 0, 0, 1};

static const char by_name[] = "#!ipxe\n"
			      "kernel tftp://boot.lab/vmlinuz " LAB_CMDLINE "\n"
			      "initrd tftp://boot.lab/initrd.img\n"
			      "boot\n";

static struct sim_lab *lab_by_name(uint64_t seed, const char *script, struct sim_dnsd **d)
{
	struct sim_lab *l = lab_new(seed, 1);

	*d = dnsd_new(l->server, zone);
	dhcpd_option(&l->dhcp->conf, OPT_DNS, server_ip, 4);
	lab_script(l, script);
	l->initrd->size = 1000;
	lab_make_kernel(l->kernel, l->kernel_head, 4096);
	lab_node(l, NULL);
	return l;
}

typedef void tamper_fn(void *ctx, struct sim_dnsd *d, uint8_t *msg, uint32_t *len, uint32_t cap);

#define TAMPER(name)                                                                               \
	static void name(__attribute__((unused)) void *ctx,                                        \
		__attribute__((unused)) struct sim_dnsd *d, __attribute__((unused)) uint8_t *msg,  \
		__attribute__((unused)) uint32_t *len, __attribute__((unused)) uint32_t cap)

#define PUT(bytes) dnsd_put(msg, len, cap, bytes, sizeof(bytes) - 1)

/* ---- row 5: the option that names DNS servers ---- */

static void test_row5_server_options_of_each_length(void **state)
{
	static const uint8_t ips[20] = {
		10, 0, 0, 1, 10, 0, 0, 1, 0, 0, 0, 0, 255, 255, 255, 255, 127, 0, 0, 1};

	(void)state;
	for (uint32_t len = 0; len <= sizeof(ips); len++) {
		struct sim_dnsd *d;
		struct sim_lab *l = lab_by_name(len + 1, by_name, &d);

		l->dhcp->conf.extras = 0;
		dhcpd_option(&l->dhcp->conf, OPT_DNS, ips, len);
		if (len >= 4) {
			must_boot(l, 20);
		} else {
			must_fail(l, 20, 3011, "no DNS server");
			lab_free(l);
		}
	}
}

static void test_row5_search_options_that_lie(void **state)
{
	static const struct {
		const char *bytes;
		uint32_t len;
	} list[] = {
		{"\xc0\0", 2},
		{"\3lab\xc0\0", 6},
		{"\xc0\2\xc0\0", 4},
		{"\77lab", 4},
		{"\0\0\0\0", 4},
		{"\3\33[2J\0", 5},
		{"\1.\0\3lab\0", 8},
		{"\xff\xff\xff", 3},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(list); i++) {
		struct sim_dnsd *d;
		struct sim_lab *l = lab_by_name(30 + i,
			"#!ipxe\n"
			"nslookup a nobody || echo ${search} ${domain}\n"
			"kernel tftp://boot.lab/vmlinuz " LAB_CMDLINE "\n"
			"initrd tftp://boot.lab/initrd.img\n"
			"boot\n",
			&d);

		dhcpd_option(&l->dhcp->conf, 119, list[i].bytes, list[i].len);
		dhcpd_option(&l->dhcp->conf, OPT_DOMAIN, "\33]0;x..", 7);
		assert_true(lab_run(l, 20));
		assert_true(d->questions <= 4);
		must_boot(l, 1);
	}
}

/* ---- row 6: ids and ports ---- */

static unsigned equal_steps(const uint16_t *v, unsigned n)
{
	unsigned same = 0;

	for (unsigned i = 2; i < n; i++)
		same += (uint16_t)(v[i] - v[i - 1]) == (uint16_t)(v[i - 1] - v[i - 2]);
	return same;
}

static unsigned repeated(const uint16_t *v, unsigned n)
{
	unsigned same = 0;

	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < i; k++)
			same += v[i] == v[k];
	return same;
}

static void test_row6_ids_and_ports_do_not_step(void **state)
{
	static char script[2000] = "#!ipxe\n";
	struct sim_dnsd *d;
	struct sim_lab *l;
	uint16_t id[12], port[12];

	(void)state;
	for (unsigned i = 0; i < 12; i++)
		snprintf(script + strlen(script), 60, "nslookup a n%u.lab ||\n", i);
	l = lab_by_name(40, script, &d);
	assert_true(lab_run(l, 30));
	assert_int_equal(d->questions, 12);
	for (unsigned i = 0; i < 12; i++) {
		id[i] = dnsd_seen(d, i)->id;
		port[i] = dnsd_seen(d, i)->port;
	}
	assert_int_equal(equal_steps(id, 12), 0);
	assert_int_equal(equal_steps(port, 12), 0);
	assert_true(repeated(id, 12) <= 1);
	assert_true(repeated(port, 12) <= 1);
	assert_null(lab_violation(l));
	lab_free(l);
}

/* The same computer, switched on twenty times at the same moment of a new world. */
static void test_row6_cold_boots_differ(void **state)
{
	uint16_t id[20], port[20];

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		struct sim_lab *l = lab_new(100 + i, 1);
		struct sim_dnsd *d = dnsd_new(l->server, zone);

		dhcpd_option(&l->dhcp->conf, OPT_DNS, server_ip, 4);
		lab_script(l, by_name);
		lab_node(l, &(struct node_conf){.jitter_only = true});
		lab_run(l, 30);
		id[i] = dnsd_seen(d, 0)->id;
		port[i] = dnsd_seen(d, 0)->port;
		must_boot(l, 1);
	}
	assert_true(repeated(id, 20) <= 1);
	assert_true(repeated(port, 20) <= 2);
}

/* ---- row 9: corrupt, then good ---- */

struct byte {
	uint32_t at;
	uint8_t value;
};

/* Of the first answer alone. */
TAMPER(one_byte)
{
	const struct byte *b = ctx;

	if (b->at < *len)
		msg[b->at] = b->value;
	d->conf.tamper = NULL;
}

static void test_row9_each_byte_spoiled_then_good(void **state)
{
	static const uint8_t values[] = {0, 1, 0x3f, 0x40, 0xc0, 0xff};

	(void)state;
	for (uint32_t at = 0; at < 12 + 9 + 4 + 6 * 2 + 16; at++)
		for (size_t i = 0; i < sizeof(values); i++) {
			struct byte b = {at, values[i]};
			struct sim_dnsd *d;
			struct sim_lab *l = lab_by_name(6,
				"#!ipxe\n"
				"kernel tftp://www.lab/vmlinuz " LAB_CMDLINE "\n"
				"initrd tftp://boot.lab/initrd.img\n"
				"boot\n",
				&d);

			d->conf.tamper = one_byte;
			d->conf.tamper_ctx = &b;
			if (!lab_run(l, 150))
				fail_msg("byte %u = %u: hangs", at, values[i]);
			assert_true(d->questions <= 8);
			lab_close(l);
			assert_null(lab_violation(l));
			if (l->node[0]->state == NODE_BOOTED && !l->node[0]->booted_right)
				fail_msg("byte %u = %u: wrong boot", at, values[i]);
			lab_free(l);
		}
}

/* Cut at each length, or with rubbish behind it. */
TAMPER(cut_short)
{
	static uint32_t to;

	to = (to + 7) % *len;
	*len = to;
}

TAMPER(rubbish_behind)
{
	static uint8_t rubbish[3000];

	memset(rubbish, 0xc0, sizeof(rubbish));
	dnsd_put(msg, len, cap, rubbish, sizeof(rubbish));
}

static void test_row9_cut_or_too_long(void **state)
{
	struct sim_dnsd *d;
	struct sim_lab *l;

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		l = lab_by_name(50 + i, by_name, &d);
		d->conf.tamper = cut_short;
		must_fail(l, 20, 3013, "boot.lab");
		lab_free(l);
	}
	l = lab_by_name(61, by_name, &d);
	d->conf.tamper = rubbish_behind; /* comes in fragments */
	must_boot(l, 20);
}

/* ---- row 21: loops and lies ---- */

/* An answer without records, to be filled. */
static void bare(uint8_t *msg, uint32_t *len, unsigned answers)
{
	*len = QUESTION_END;
	wire_put16(msg + 2, 0x8180);
	wire_put16(msg + 6, answers);
}

#define A_RECORD "\0\1\0\1\0\0\1\0\0\4\x0a\0\0\x42"

TAMPER(pointer_to_itself)
{
	bare(msg, len, 1);
	PUT("\xc0\x1a" A_RECORD);
}

TAMPER(pointers_mutual)
{
	bare(msg, len, 1);
	PUT("\xc0\x1c\xc0\x1a" A_RECORD);
}

TAMPER(pointer_to_label_and_itself)
{
	bare(msg, len, 1);
	PUT("\1a\xc0\x1a" A_RECORD);
}

TAMPER(pointer_forwards)
{
	bare(msg, len, 1);
	PUT("\xff\xff" A_RECORD);
}

TAMPER(alias_pointer_to_itself)
{
	bare(msg, len, 1);
	PUT("\xc0\x0c\0\5\0\1\0\0\1\0\0\2\xc0\x26");
}

TAMPER(question_is_a_pointer)
{
	bare(msg, len, 1);
	memcpy(msg + NAME_AT, "\xc0\x0c", 2);
	PUT("\xc0\x0c" A_RECORD);
}

TAMPER(rdlength_too_long)
{
	bare(msg, len, 1);
	PUT("\xc0\x0c\0\1\0\1\0\0\1\0\xff\xff\x0a\0\0\x42");
}

TAMPER(rdlength_too_short)
{
	bare(msg, len, 1);
	PUT("\xc0\x0c\0\1\0\1\0\0\1\0\0\3\x0a\0\0\x42");
}

TAMPER(rdlength_of_alias)
{
	bare(msg, len, 2);
	PUT("\xc0\x0c\0\5\0\1\0\0\1\0\0\1\1a\xc0\x0c\xc0\x0c" A_RECORD);
}

TAMPER(ancount_65535)
{
	bare(msg, len, 65535);
	PUT("\xc0\x0c" A_RECORD);
}

/* As many records as a datagram holds, each with the longest of names. */
TAMPER(thousand_records)
{
	bare(msg, len, 65535);
	while (*len + 16 < cap)
		PUT("\xc0\x0d" A_RECORD);
}

TAMPER(alias_of_itself)
{
	bare(msg, len, 1);
	PUT("\xc0\x0c\0\5\0\1\0\0\1\0\0\2\xc0\x0c");
}

/* Another name each time it is asked. */
TAMPER(alias_without_end)
{
	static uint8_t n;
	uint8_t target[] = "\4aaaa\3lab";

	target[1] = (uint8_t)('a' + n / 26 % 26);
	target[2] = (uint8_t)('a' + n++ % 26);
	*len = NAME_AT;
	while (msg[*len])
		*len += 1u + msg[*len];
	*len += 5;
	wire_put16(msg + 2, 0x8180);
	wire_put16(msg + 6, 1);
	PUT("\xc0\x0c\0\5\0\1\0\0\1\0\0\x0a");
	dnsd_put(msg, len, cap, target, 10);
}

TAMPER(servfail)
{
	bare(msg, len, 0);
	msg[3] |= 2;
}

TAMPER(truncated_and_empty)
{
	bare(msg, len, 0);
	msg[2] |= 2;
}

/* Four commands that each ask for a name that the server never tells. */
static const char stubborn[] = "#!ipxe\n"
			       "kernel tftp://boot.lab/vmlinuz ||\n"
			       "initrd tftp://www1.lab/initrd.img ||\n"
			       "nslookup a www2.lab ||\n"
			       "chain tftp://www3.lab/boot.ipxe\n";

static void test_row21_loops_and_lies_end_and_are_no_flood(void **state)
{
	tamper_fn *const liar[] = {pointer_to_itself, pointers_mutual, pointer_to_label_and_itself,
		pointer_forwards, alias_pointer_to_itself, question_is_a_pointer, rdlength_too_long,
		rdlength_too_short, rdlength_of_alias, ancount_65535, thousand_records,
		alias_of_itself, alias_without_end, servfail, truncated_and_empty};

	(void)state;
	for (size_t i = 0; i < ROWS(liar); i++) {
		struct sim_dnsd *d;
		struct sim_lab *l = lab_by_name(70 + i, stubborn, &d);

		d->conf.tamper = liar[i];
		dhcpd_option(&l->dhcp->conf, OPT_DOMAIN, "lab", 3);
		if (!lab_run(l, 120))
			fail_msg("liar %u: hangs", (unsigned)i);
		if (d->questions > 200)
			fail_msg("liar %u: %u questions", (unsigned)i, d->questions);
		assert_int_equal(l->node[0]->state, NODE_EXITED);
		assert_in_range(l->node[0]->exit_code, 3012, 3014);
		must_end(l, 1);
	}
}

/* A liar in front of a good server: the good one is asked, too. */
static void test_row21_a_liar_does_not_stop_a_good_server(void **state)
{
	tamper_fn *const liar[] = {pointer_to_itself, rdlength_too_long, ancount_65535,
		alias_of_itself, servfail, truncated_and_empty};
	static const uint8_t ips[8] = {10, 0, 0, 66, 10, 0, 0, 1};

	(void)state;
	for (size_t i = 0; i < ROWS(liar); i++) {
		struct sim_dnsd *d, *evil;
		struct sim_lab *l = lab_by_name(90 + i, by_name, &d);

		l->dhcp->conf.extras = 0;
		dhcpd_option(&l->dhcp->conf, OPT_DNS, ips, 8);
		evil = dnsd_new(lab_host(l, "evil", EVIL), zone);
		evil->conf.tamper = liar[i];
		assert_true(lab_run(l, 20));
		assert_true(evil->questions >= 1);
		must_boot(l, 1);
	}
}

/* ---- row 22: forged answers ---- */

struct forgery {
	struct sim_host *h;
	unsigned kind, sent;
};

enum {
	FORGED_ID,
	FORGED_QUESTION,
	FORGED_SOURCE,
	FORGED_PORT,
	FORGED_TO_PORT,
	FORGED_QR,
	FORGERIES
};

/* In front of the answer, as if from the server, and right but for one thing. */
static void forge(void *ctx, struct sim_dnsd *d, const struct host_in *in)
{
	static const struct dnsd_row evil_zone[] = {
		{"boot.lab", DNSD_A, 300, EVIL, NULL},
		{NULL, DNSD_A, 0, 0, NULL},
	};
	const struct dnsd_row *good = d->conf.zone;
	struct forgery *f = ctx;
	uint8_t msg[512];
	struct host_out out = {.src_ip = LAB_SERVER,
		.dst_ip = in->src_ip,
		.dst_mac = in->src_mac,
		.src_port = DNSD_PORT,
		.dst_port = in->src_port,
		.data = msg};

	d->conf.zone = evil_zone;
	out.len = dnsd_answer(d, in->data, in->len, msg, sizeof(msg));
	d->conf.zone = good;
	for (unsigned i = 0; i < 64; i++) {
		uint8_t was[32];

		memcpy(was, msg, sizeof(was));
		switch (f->kind) {
		case FORGED_ID:
			wire_put16(msg, wire_get16(msg) + 1 + i * 1021);
			break;
		case FORGED_QUESTION:
			msg[NAME_AT + 1 + i % 4] ^= (uint8_t)(i & 4 ? 0x20 : 1 + i % 3);
			break;
		case FORGED_SOURCE:
			out.src_ip = i ? IP4(10, 0, 3, i) : EVIL;
			break;
		case FORGED_PORT:
			out.src_port = (uint16_t)(i ? 1024 + i : 54);
			break;
		case FORGED_TO_PORT:
			out.dst_port = (uint16_t)(in->src_port + 1 + i);
			break;
		case FORGED_QR:
			msg[2] &= 0x7f;
			break;
		default:
			break;
		}
		host_send(f->h, &out);
		f->sent++;
		memcpy(msg, was, sizeof(was));
	}
}

static void test_row22_forged_answers_are_not_used(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < FORGERIES; kind++) {
		struct sim_dnsd *d;
		struct sim_lab *l = lab_by_name(110 + kind, by_name, &d);
		struct forgery f = {lab_host(l, "forger", IP4(10, 0, 0, 67)), kind, 0};

		d->conf.overhears = forge;
		d->conf.overhears_ctx = &f;
		d->conf.delay_us = 20 * MS;
		assert_true(lab_run(l, 5));
		assert_int_equal(f.sent, 64);
		assert_int_equal(d->questions, 1);
		must_boot(l, 1);
	}
}

/* The forgery itself is good: with nothing wrong in it, it is believed. */
static void test_row22_the_forger_can_forge(void **state)
{
	struct sim_dnsd *d;
	struct sim_lab *l = lab_by_name(120, by_name, &d);
	struct forgery f = {lab_host(l, "forger", IP4(10, 0, 0, 67)), FORGERIES, 0};

	(void)state;
	d->conf.overhears = forge;
	d->conf.overhears_ctx = &f;
	d->conf.delay_us = 20 * MS;
	must_fail(l, 60, 3003, "");
	lab_free(l);
}

/* Who does not see the question guesses id and port, 20000 times a second. */
static void guess(struct sim_attack *a)
{
	uint8_t msg[] = "xx\x81\x80\0\1\0\1\0\0\0\0\4boot\3lab\0\0\1\0\1\xc0\x0c" A_RECORD;
	uint64_t r = rand_mix(a->n);
	struct host_out out = {.src_ip = LAB_SERVER,
		.dst_ip = ATTACK_VICTIM_IP,
		.dst_mac = a->victim,
		.src_port = DNSD_PORT,
		.dst_port = (uint16_t)(49152 + (r & 0x3fff)),
		.data = msg,
		.len = sizeof(msg) - 1};

	wire_put16(msg, (unsigned)(r >> 32 & 0xffff));
	host_send(a->h, &out);
}

static void test_row22_blind_guesses(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct sim_dnsd *d;
		struct sim_lab *l = lab_by_name(130 + i, by_name, &d);
		struct sim_attack *a = attack_new(l, 50, guess);

		d->conf.delay_us = 700 * MS;
		assert_true(lab_run(l, 30));
		assert_true(a->n > 10000);
		must_boot(l, 1);
	}
}

/* ---- row 27: silence ---- */

static void test_row27_silence_ends_in_15_seconds(void **state)
{
	struct sim_dnsd *d;
	struct sim_lab *l = lab_by_name(140, by_name, &d);

	(void)state;
	d->conf.silent = true;
	must_fail(l, 17, 3013, "boot.lab, server 10.0.0.1");
	lab_free(l);
}

/* ---- row 42: what a terminal would obey ---- */

TAMPER(escapes)
{
	bare(msg, len, 1);
	PUT("\xc0\x0c\0\5\0\1\0\0\1\0\0\x0b\5\33[31m\3%n\r\0");
}

static void test_row42_escapes_in_names(void **state)
{
	struct sim_dnsd *d;
	struct sim_lab *l =
		lab_by_name(150, "#!ipxe\nset verbose 1\nchain tftp://boot.lab/x || log\n", &d);

	(void)state;
	d->conf.tamper = escapes;
	must_end(l, 60); /* a control character on the console is a violation */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_row5_server_options_of_each_length),
		cmocka_unit_test(test_row5_search_options_that_lie),
		cmocka_unit_test(test_row6_ids_and_ports_do_not_step),
		cmocka_unit_test(test_row6_cold_boots_differ),
		cmocka_unit_test(test_row9_each_byte_spoiled_then_good),
		cmocka_unit_test(test_row9_cut_or_too_long),
		cmocka_unit_test(test_row21_loops_and_lies_end_and_are_no_flood),
		cmocka_unit_test(test_row21_a_liar_does_not_stop_a_good_server),
		cmocka_unit_test(test_row22_forged_answers_are_not_used),
		cmocka_unit_test(test_row22_the_forger_can_forge),
		cmocka_unit_test(test_row22_blind_guesses),
		cmocka_unit_test(test_row27_silence_ends_in_15_seconds),
		cmocka_unit_test(test_row42_escapes_in_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
