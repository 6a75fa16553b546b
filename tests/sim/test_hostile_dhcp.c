/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile DHCP. Each test is named after the class of bugs that it guards against:
 *
 *	row 10 GRUB CVE-2025-0624   row 13 U-Boot CVE-2024-42040     row 17 udhcpc CVE-2018-20679,
 *CVE-2019-5747 row 18 overload             row 19 NAK                       row 20 rogue servers
 *	row 42 terminal escapes
 *
 * A rogue server answers at once, the good one 50 ms later. What only the rogue names is a script
 *that leaves with status 66, so that a machine that believed it is found out.
 */
#include "expect.h"

#include <stdlib.h>

#define MS 1000u

static const char evil_script[] = "#!ipxe\nexit 66\n";

typedef void tamper_fn(
	void *ctx, struct sim_dhcpd *d, unsigned type, uint8_t *msg, uint32_t *len, uint32_t cap);

#define TAMPER(name)                                                                               \
	static void name(__attribute__((unused)) void *ctx,                                        \
		__attribute__((unused)) struct sim_dhcpd *d,                                       \
		__attribute__((unused)) unsigned type, __attribute__((unused)) uint8_t *msg,       \
		__attribute__((unused)) uint32_t *len, __attribute__((unused)) uint32_t cap)

/* A node, the good server, and a rogue whose answers tamper() has spoiled. */
static struct sim_lab *lab_with_rogue(uint64_t seed, tamper_fn *tamper)
{
	struct sim_lab *l = lab_new(seed, 1);
	struct dhcpd_conf conf = {
		.pool = IP4(10, 0, 200, 0),
		.pool_len = 100,
		.mask = LAB_MASK,
		.router = IP4(10, 0, 0, 66),
		.next_server = LAB_SERVER,
		.boot_file = "evil",
		.every_option = true,
		.cast = CAST_BROADCAST,
		.tamper = tamper,
	};

	tftpd_file(l->tftp, &(struct sim_file){
				    .name = "evil",
				    .size = sizeof(evil_script) - 1,
				    .head = evil_script,
				    .head_len = sizeof(evil_script) - 1,
			    });
	dhcpd_new(lab_host(l, "rogue", IP4(10, 0, 0, 66)), &conf);
	l->dhcp->conf.offer_delay_us = 50 * MS;
	lab_node(l, NULL);
	return l;
}

static void survives(uint64_t seed, tamper_fn *tamper)
{
	must_boot(lab_with_rogue(seed, tamper), 60);
}

/* Where an option lies in a message; 0: it is not there. */
static uint32_t option_at(const uint8_t *msg, uint32_t len, unsigned code)
{
	uint32_t i = 240;

	while (i + 2 <= len && msg[i] != OPT_END && msg[i] != code)
		i += msg[i] == OPT_PAD ? 1 : 2u + msg[i + 1];
	return i + 2 <= len && msg[i] == code ? i : 0;
}

/* ---- row 13: malformed offers; the next one works ---- */

TAMPER(runs_over)
{
	*len = option_at(msg, *len, OPT_LEASE) + 2;
	msg[*len - 1] = 255;
}

TAMPER(no_end)
{
	memset(msg + 240, OPT_HOSTNAME, cap - 240);
	*len = 548;
}

TAMPER(code_without_length)
{
	*len = option_at(msg, *len, OPT_LEASE) + 1;
}

TAMPER(cut_short)
{
	static uint32_t to;

	to = (to + 37) % 240;
	*len = to;
}

TAMPER(only_pads)
{
	memset(msg + 240, 0, *len - 240);
}

static void test_row13_malformed_offers_then_a_good_one(void **state)
{
	(void)state;
	survives(1, runs_over);
	survives(2, no_end);
	survives(3, code_without_length);
	survives(4, cut_short);
	survives(5, only_pads);
}

/* Each byte of the good server's own answers set to each of a few values: no crash, no hang, no
 * wrong boot. */
struct byte {
	uint32_t at;
	uint8_t value;
};

TAMPER(one_byte)
{
	const struct byte *b = ctx;

	if (b->at < *len)
		msg[b->at] = b->value;
}

static void test_row13_each_byte_spoiled(void **state)
{
	static const uint8_t values[] = {0, 1, 127, 255};

	(void)state;
	for (uint32_t at = 0; at < 330; at += at >= 236 ? 1 : 7)
		for (size_t i = 0; i < sizeof(values); i++) {
			struct byte b = {at, values[i]};
			struct sim_lab *l = lab_new(6, 1);

			l->dhcp->conf.tamper = one_byte;
			l->dhcp->conf.tamper_ctx = &b;
			l->dhcp->conf.every_option = true;
			l->initrd->size = 1000;
			lab_make_kernel(l->kernel, l->kernel_head, 4096);
			lab_node(l, NULL);
			if (!lab_run(l, 200))
				fail_msg("byte %u = %u: hangs", at, values[i]);
			lab_close(l);
			/* the judge cannot know which address the spoiled answer gave */
			if (l->node[0]->state == NODE_BOOTED && !l->node[0]->booted_right)
				fail_msg("byte %u = %u: wrong boot", at, values[i]);
			lab_free(l);
		}
}

/* ---- row 17: options without a value, and with too little of one ---- */

static void ends(struct sim_lab *l)
{
	lab_node(l, NULL);
	must_end(l, 200);
}

static void test_row17_every_option_empty(void **state)
{
	(void)state;
	for (unsigned code = 1; code < 255; code++) {
		struct sim_lab *l;

		if (code == OPT_TYPE || code == OPT_SERVER_ID || code == OPT_LEASE ||
			code == OPT_OVERLOAD)
			continue;
		l = lab_new(code, 1);
		l->initrd->size = 1000;
		lab_make_kernel(l->kernel, l->kernel_head, 4096);
		l->dhcp->conf.every_option = true;
		l->dhcp->conf.router = l->dhcp->conf.mask = 0;
		dhcpd_option(&l->dhcp->conf, code, "", 0);
		ends(l);
	}
}

static void test_row17_options_of_one_byte(void **state)
{
	static const uint8_t codes[] = {1, 3, 6, 12, 15, 17, 26, 28, 33, 43, 51, 54, 58, 60, 66, 67,
		119, 121, 150, 175, 209, 210};

	(void)state;
	for (unsigned len = 1; len < 9; len++) {
		struct sim_lab *l = lab_new(300 + len, 1);

		l->dhcp->conf.every_option = true;
		l->dhcp->conf.router = l->dhcp->conf.mask = 0;
		for (size_t i = 0; i < sizeof(codes); i++)
			dhcpd_option(&l->dhcp->conf, codes[i], "\xff\0\x21\0\0\0\xff\xff", len);
		ends(l);
	}
}

/* ---- row 18: overload and long options ---- */

TAMPER(overload_everything)
{
	uint32_t at = option_at(msg, *len, OPT_LEASE);

	memcpy(msg + at, "\x34\1\3\0\0\0", 6);
	memset(msg + 44, OPT_OVERLOAD, 192); /* option 52 of 52 bytes, again and again */
}

TAMPER(overload_runs_over)
{
	uint32_t at = option_at(msg, *len, OPT_LEASE);

	memcpy(msg + at, "\x34\1\3\0\0\0", 6);
	memset(msg + 44, 0, 192);
	memcpy(msg + 44 + 60,
		"\x43\xff"
		"ab",
		4); /* at the end of sname, longer than it */
	memcpy(msg + 108 + 126, "\x43\xff", 2);
}

TAMPER(overload_nested)
{
	uint32_t at = option_at(msg, *len, OPT_LEASE);

	memcpy(msg + at, "\x34\1\1\0\0\0", 6);
	memset(msg + 108, 0, 128);
	memcpy(msg + 108, "\x34\1\2\x43\4evil\xff",
		10); /* in the file field: also look into sname, and a file */
}

static void test_row18_overload_that_is_nonsense(void **state)
{
	(void)state;
	survives(20, overload_everything);
	survives(21, overload_runs_over);
	must_end(lab_with_rogue(22, overload_nested), 200);
}

static void test_row18_overload_and_split_options_that_are_right(void **state)
{
	static char name[300];

	(void)state;
	memset(name, 'd', 250);
	memcpy(name + 250, "/boot.ipxe", 11);
	for (unsigned split = 1; split < 256; split += 50) {
		struct sim_lab *l = lab_new(30 + split, 1);

		l->script->name = name;
		lab_script(
			l, "#!ipxe\nkernel /vmlinuz " LAB_CMDLINE "\ninitrd /initrd.img\nboot\n");
		l->dhcp->conf.boot_file = name;
		l->dhcp->conf.file_in = FILE_OPTION;
		l->dhcp->conf.split = (uint8_t)split;
		l->dhcp->conf.overload = (uint8_t)(split % 4);
		l->dhcp->conf.main_max = split % 4 == 3 ? 150 : 0;
		lab_node(l, NULL);
		must_boot(l, 30);
	}
}

/* ---- row 10: long names of all kinds ---- */

static void test_row10_long_names(void **state)
{
	static const uint8_t codes[] = {OPT_HOSTNAME, OPT_DOMAIN, 17, OPT_TFTP_NAME, OPT_BOOTFILE,
		OPT_PXELINUX_CONFIG, OPT_PXELINUX_PREFIX, OPT_VENDOR, OPT_CLASS};
	static char name[BOOTP_VALUE_MAX];

	(void)state;
	memset(name, 'A', sizeof(name));
	for (size_t i = 0; i < sizeof(codes); i++)
		for (uint32_t len = 255; len <= 1000; len += 149) {
			struct sim_lab *l = lab_new(40 + i, 1);

			lab_script(l,
				"#!ipxe\n"
				"imgfetch cfg/${hostname}/${mac:hexhyp}/${ip}/${domain} ||\n"
				"imgfetch ${root-path}${209:string}${210:string} ||\n"
				"echo ${hostname} ${filename} ${66} ${net0/67:hex} ${43:hexhyp}\n"
				"kernel tftp://10.0.0.1/vmlinuz " LAB_CMDLINE "\n"
				"initrd tftp://10.0.0.1/initrd.img\nboot\n");
			l->dhcp->conf.every_option = true;
			dhcpd_option(&l->dhcp->conf, codes[i], name, len);
			ends(l);
		}
}

/* ---- row 19: NAK ---- */

static void test_row19_three_naks_then_an_ack(void **state)
{
	struct sim_lab *l = lab_new(50, 1);

	(void)state;
	l->dhcp->conf.naks = 3;
	lab_node(l, NULL);
	lab_run(l, 60);
	assert_int_equal(l->dhcp->naks, 3);
	must_boot(l, 1);
}

static void test_row19_endless_naks_end_and_are_no_flood(void **state)
{
	struct sim_lab *l = lab_new(51, 1);

	(void)state;
	l->dhcp->conf.naks = DHCPD_NEVER_ACK;
	lab_node(l, NULL);
	must_fail(l, 120, 2002, "refused"); /* more than 10 messages in a second are a violation */
	lab_free(l);
}

static void test_row19_another_servers_nak_is_not_ours(void **state)
{
	struct sim_lab *l = lab_new(52, 1);
	struct dhcpd_conf conf = {
		.pool = IP4(10, 0, 200, 0), .pool_len = 100, .naks = DHCPD_NEVER_ACK};
	struct sim_dhcpd *d = dhcpd_new(lab_host(l, "other", IP4(10, 0, 0, 66)), &conf);

	(void)state;
	lab_node(l, NULL);
	lab_run(l, 30);
	assert_int_equal(d->offers, 1);
	assert_int_equal(l->dhcp->acks, 1);
	must_boot(l, 1);
}

/* ---- row 20: rogue servers ---- */

TAMPER(wrong_xid)
{
	msg[7] ^= 1;
}

TAMPER(wrong_chaddr)
{
	msg[28 + 5] ^= 1;
}

TAMPER(wrong_cookie)
{
	msg[236] ^= 1;
}

TAMPER(wrong_op)
{
	msg[0] = 1;
}

TAMPER(wrong_hardware)
{
	msg[1] = 6;
	msg[2] = 16;
}

TAMPER(wrong_type)
{
	msg[option_at(msg, *len, OPT_TYPE) + 2] = MSG_ACK;
}

TAMPER(impossible_address)
{
	static const uint8_t addresses[4][4] = {
		{255, 255, 255, 255}, {127, 0, 0, 1}, {224, 0, 0, 1}, {0, 0, 0, 0}};
	static unsigned n;

	memcpy(msg + 16, addresses[n++ % 4], 4);
}

static void test_row20_rogue_answers_are_ignored(void **state)
{
	tamper_fn *const rogue[] = {wrong_xid, wrong_chaddr, wrong_cookie, wrong_op, wrong_hardware,
		wrong_type, impossible_address};

	(void)state;
	for (size_t i = 0; i < sizeof(rogue) / sizeof(rogue[0]); i++)
		survives(60 + i, rogue[i]);
}

/* Otherwise faultless, but from another port than 67. */
static void test_row20_answers_from_another_port_are_ignored(void **state)
{
	struct sim_lab *l = lab_new(70, 1);
	uint8_t bytes[600];
	struct bootp_out *msg = sim_alloc(sizeof(*msg));
	struct host_out out = {.dst_ip = IP_ALL, .src_port = 6767, .dst_port = 68, .data = bytes};
	struct sim_host *h = lab_host(l, "rogue", IP4(10, 0, 0, 66));

	(void)state;
	l->dhcp->conf.offer_delay_us = 50 * MS;
	lab_node(l, NULL);
	world_run(l->w, 1000);
	assert_int_equal(l->dhcp->seens, 1);
	msg->h = (struct bootp_head){.op = 2,
		.htype = 1,
		.hlen = 6,
		.xid = l->dhcp->seen[0].xid,
		.yiaddr = IP4(10, 0, 200, 1),
		.siaddr = LAB_SERVER,
		.file = "evil"};
	memcpy(msg->h.chaddr, l->node[0]->nic[0].mac, 6);
	bootp_add8(msg, OPT_TYPE, MSG_OFFER);
	bootp_add32(msg, OPT_SERVER_ID, h->ip);
	out.len = bootp_emit(msg, bytes, sizeof(bytes));
	host_send(h, &out);
	free(msg);
	lab_run(l, 30);
	assert_int_equal(l->dhcp->requests, 1); /* and none to the rogue */
	must_boot(l, 1);
}

/* ---- row 42: text for the terminal ---- */

#define ESCAPES "%n%s%x\x1b[2J\x1b]0;owned\x07\x9b\x80\r\n\b\t\x7f%999999d"

static void test_row42_escapes_and_formats_in_dhcp_text(void **state)
{
	struct sim_lab *l = lab_new(80, 1);

	(void)state;
	l->dhcp->conf.boot_file = ESCAPES;
	dhcpd_option(&l->dhcp->conf, OPT_HOSTNAME, ESCAPES, sizeof(ESCAPES) - 1);
	dhcpd_option(&l->dhcp->conf, OPT_MESSAGE, ESCAPES, sizeof(ESCAPES) - 1);
	l->dhcp->conf.every_option = true;
	lab_node(l, &(struct node_conf){.script = "dhcp && ifstat ; echo ${hostname} ${filename} "
						  "${56:string} ; autoboot"});
	if (!lab_run(l, 200))
		fail_msg("hangs");
	lab_close(l);
	assert_false(world_violated(l->w, "control character"));
	assert_int_equal(l->node[0]->state, NODE_EXITED);
	lab_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_row13_malformed_offers_then_a_good_one),
		cmocka_unit_test(test_row13_each_byte_spoiled),
		cmocka_unit_test(test_row17_every_option_empty),
		cmocka_unit_test(test_row17_options_of_one_byte),
		cmocka_unit_test(test_row18_overload_that_is_nonsense),
		cmocka_unit_test(test_row18_overload_and_split_options_that_are_right),
		cmocka_unit_test(test_row10_long_names),
		cmocka_unit_test(test_row19_three_naks_then_an_ack),
		cmocka_unit_test(test_row19_endless_naks_end_and_are_no_flood),
		cmocka_unit_test(test_row19_another_servers_nak_is_not_ours),
		cmocka_unit_test(test_row20_rogue_answers_are_ignored),
		cmocka_unit_test(test_row20_answers_from_another_port_are_ignored),
		cmocka_unit_test(test_row42_escapes_and_formats_in_dhcp_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
