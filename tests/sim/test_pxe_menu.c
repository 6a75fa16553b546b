/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PXE boot menu and boot servers (PXE 2.1 section 2.2): menus that end by time-out and by key,
 * servers found by unicast, multicast and broadcast, and those that lie. What nobody should believe
 * is a script that leaves with status 66. Nodes type their keys at given times: the menu is there
 * 20 ms after power-on.
 */
#include "expect.h"

#define MS    1000u
#define S     1000000u
#define GROUP IP4(225, 0, 0, 7)
#define BOOT  IP4(10, 0, 0, 4)

static const char evil_script[] = "#!ipxe\nexit 66\n";

/* Option 43, tag by tag. */
static struct {
	uint8_t b[1024];
	uint32_t n;
} vendor;

static void tag(unsigned code, const void *value, unsigned len)
{
	vendor.b[vendor.n++] = (uint8_t)code;
	vendor.b[vendor.n++] = (uint8_t)len;
	memcpy(vendor.b + vendor.n, value, len);
	vendor.n += len;
}

static void control(uint8_t bits)
{
	tag(6, &bits, 1);
}

static void prompt(uint8_t seconds, const char *text)
{
	char v[255];

	v[0] = (char)seconds;
	strcpy(v + 1, text);
	tag(10, v, 1 + (unsigned)strlen(text));
}

/* Type 5 "Install", type 0 "Local disk", type 6 "Rescue". */
static void entries(void)
{
	tag(9, "\0\5\7Install\0\0\12Local disk\0\6\6Rescue", 32);
}

/* A DHCP server that is a PXE server with what was said by tag(); its file is nonsense. */
static struct sim_lab *menu_lab(uint64_t seed)
{
	struct sim_lab *l = lab_new(seed, 2);

	vendor.b[vendor.n++] = 255;
	l->dhcp->conf.pxe_class = true;
	l->dhcp->conf.boot_file = "evil";
	dhcpd_option(&l->dhcp->conf, OPT_VENDOR, vendor.b, vendor.n);
	vendor.n = 0;
	tftpd_file(l->tftp, &(struct sim_file){
				    .name = "evil",
				    .size = sizeof(evil_script) - 1,
				    .head = evil_script,
				    .head_len = sizeof(evil_script) - 1,
			    });
	return l;
}

static struct sim_dhcpd *boot_server(
	struct sim_lab *l, uint32_t ip, uint16_t type, const char *file)
{
	const struct dhcpd_conf conf = {
		.role = DHCPD_BOOT,
		.next_server = LAB_SERVER,
		.boot_file = file,
		.pxe_type = type,
	};

	return dhcpd_new(lab_host(l, "boot", ip), &conf);
}

static struct sim_node *typing(struct sim_lab *l, const struct node_key *keys, unsigned n)
{
	return lab_node(l, &(struct node_conf){.keys = keys, .keys_len = n});
}

/* ---- the menu ---- */

static void test_prompt_times_out(void **state)
{
	struct sim_lab *l;
	struct sim_node *n;

	(void)state;
	prompt(3, "Press F8");
	entries();
	l = menu_lab(1);
	boot_server(l, BOOT, 5, "boot.ipxe");
	boot_server(l, IP4(10, 0, 0, 6), 6, "evil");
	n = lab_node(l, NULL);
	lab_run(l, 10);
	assert_true(n->end_us >= 3 * S && n->end_us < 4 * S);
	assert_true(node_says(n, "Press F8\n"));
	assert_false(node_says(n, "Rescue"));
	must_boot(l, 1);
}

static void test_prompt_of_no_time(void **state)
{
	struct sim_lab *l;
	struct sim_node *n;

	(void)state;
	prompt(0, "Press F8");
	entries();
	l = menu_lab(2);
	boot_server(l, BOOT, 5, "boot.ipxe");
	n = lab_node(l, NULL);
	lab_run(l, 10);
	assert_true(n->end_us < S);
	assert_false(node_says(n, "F8"));
	must_boot(l, 1);
}

static void test_an_entry_is_chosen(void **state)
{
	static const struct node_key keys[] = {{S, 'm'}, {2 * S, '3'}, {50 * S, '\r'}};
	struct sim_lab *l;
	struct sim_node *n;

	(void)state;
	prompt(3, "Press F8");
	entries();
	l = menu_lab(3);
	boot_server(l, BOOT, 5, "evil");
	boot_server(l, IP4(10, 0, 0, 6), 6, "boot.ipxe");
	n = typing(l, keys, 3);
	lab_run(l, 60);
	assert_true(n->end_us > 50 * S); /* a key has ended the countdown */
	assert_true(node_says(n, "  1. Install\n  2. Local disk\n  3. Rescue\n"));
	must_boot(l, 1);
}

static void test_no_time_out(void **state)
{
	static const struct node_key keys[] = {{3600ull * S, '\r'}};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct sim_lab *l;

		if (i)
			prompt(255, "Choose");
		entries();
		l = menu_lab(4);
		boot_server(l, BOOT, 5, "boot.ipxe");
		typing(l, keys, 1);
		assert_false(lab_run(l, 3599));
		must_boot(l, 10);
	}
}

static void test_one_entry_without_prompt(void **state)
{
	struct sim_lab *l;

	(void)state;
	tag(9, "\0\5\7Install", 10);
	l = menu_lab(5);
	boot_server(l, BOOT, 5, "boot.ipxe");
	lab_node(l, NULL);
	must_boot(l, 5);
}

static void test_local_boot(void **state)
{
	static const struct node_key keys[] = {{S, 'm'}, {2 * S, '2'}, {3 * S, '\r'}};
	struct sim_lab *l;
	struct sim_node *n;

	(void)state;
	prompt(5, "Press F8");
	entries();
	l = menu_lab(6);
	n = typing(l, keys, 3);
	assert_true(lab_run(l, 10));
	lab_close(l);
	assert_int_equal(n->state, NODE_EXITED);
	assert_int_equal(n->exit_code, 0);
	assert_null(lab_violation(l));
	lab_free(l);
}

static void test_a_file_that_is_to_be_used_at_once(void **state)
{
	struct sim_lab *l;

	(void)state;
	control(8);
	prompt(255, "Choose");
	entries();
	l = menu_lab(7);
	l->dhcp->conf.boot_file = "boot.ipxe";
	lab_node(l, NULL);
	must_boot(l, 5);
}

/* ---- finding a boot server ---- */

static void test_by_unicast(void **state)
{
	struct sim_lab *l;
	struct sim_dhcpd *second, *other;

	(void)state;
	control(3);
	prompt(0, "");
	entries();
	tag(8, "\0\6\1\12\0\0\6\0\5\2\12\0\0\3\12\0\0\4", 18);
	l = menu_lab(8); /* 10.0.0.3 is not there, 10.0.0.4 answers, 10.0.0.6 is another's */
	second = boot_server(l, BOOT, 5, "boot.ipxe");
	other = boot_server(l, IP4(10, 0, 0, 6), 5, "evil");
	lab_node(l, NULL);
	lab_run(l, 5);
	assert_int_equal(second->pxe_requests, 1);
	assert_int_equal(other->pxe_requests, 0);
	must_boot(l, 1);
}

static void test_by_multicast(void **state)
{
	struct sim_lab *l;
	struct sim_dhcpd *d;

	(void)state;
	control(1);
	prompt(0, "");
	entries();
	tag(7, "\341\0\0\7", 4);
	l = menu_lab(9);
	d = boot_server(l, BOOT, 5, "boot.ipxe");
	d->h->group = GROUP;
	boot_server(l, IP4(10, 0, 0, 6), 5, "evil"); /* not in the group */
	lab_node(l, NULL);
	must_boot(l, 5);
}

/* A DHCP server that takes it for a renewal answers, too: first, and with a file. */
static void test_by_broadcast(void **state)
{
	struct sim_lab *l;
	struct sim_dhcpd *d;

	(void)state;
	prompt(0, "");
	entries();
	l = menu_lab(10);
	d = boot_server(l, BOOT, 5, "boot.ipxe");
	d->conf.ack_delay_us = 100 * MS;
	lab_node(l, NULL);
	lab_run(l, 5);
	assert_int_equal(l->dhcp->acks, 2);
	must_boot(l, 1);
}

static void test_late_answer(void **state)
{
	struct sim_lab *l;
	struct sim_dhcpd *d;

	(void)state;
	prompt(0, "");
	entries();
	l = menu_lab(11);
	d = boot_server(l, BOOT, 5, "boot.ipxe");
	d->conf.ignore_requests = 3;
	lab_node(l, NULL);
	lab_run(l, 12);
	assert_int_equal(d->pxe_requests, 4);
	must_boot(l, 1);
}

static void test_silence(void **state)
{
	struct sim_lab *l;

	(void)state;
	prompt(0, "");
	entries();
	l = menu_lab(12);
	lab_node(l, NULL);
	must_fail(l, 20, 2006, "net0: type 5");
	lab_free(l);
}

/* No boot server answers on the first link: the second gets its turn. */
static void test_the_next_link(void **state)
{
	struct sim_lab *l;
	struct sim_node *n;

	(void)state;
	prompt(0, "");
	entries();
	l = menu_lab(13);
	n = lab_node(l, &(struct node_conf){.nics = 2});
	must_fail(l, 60, 2006, "net1: type 5");
	assert_true(node_says(n, "net0: type 5"));
	assert_int_equal(l->dhcp->pxe_requests, 8);
	lab_free(l);
}

static void test_pxebs_in_a_script(void **state)
{
	struct sim_lab *l;

	(void)state;
	prompt(255, "Choose");
	entries();
	l = menu_lab(14);
	boot_server(l, BOOT, 6, "boot.ipxe");
	lab_node(l,
		&(struct node_conf){
			.script =
				"dhcp && pxebs net0 6 && chain tftp://${next-server}/${filename}"});
	must_boot(l, 5);
}

/* ---- those that lie ---- */

/* Only servers of the list may answer; a stranger that hears the broadcast is quicker. */
static void test_row20_answer_of_a_stranger(void **state)
{
	struct sim_lab *l;
	struct sim_dhcpd *d;

	(void)state;
	control(4);
	prompt(0, "");
	entries();
	tag(8, "\0\5\1\12\0\0\4", 7);
	l = menu_lab(20);
	d = boot_server(l, BOOT, 5, "boot.ipxe");
	d->conf.ack_delay_us = 200 * MS;
	d = boot_server(l, IP4(10, 0, 0, 66), 5, "evil");
	lab_node(l, NULL);
	lab_run(l, 5);
	assert_int_equal(d->acks, 1);
	must_boot(l, 1);
}

static void other_type(
	void *ctx, struct sim_dhcpd *d, unsigned type, uint8_t *msg, uint32_t *len, uint32_t cap)
{
	(void)ctx;
	(void)d;
	(void)type;
	(void)cap;
	for (uint32_t i = 240; i + 6 < *len; i++)
		if (msg[i] == PXE_ITEM && msg[i + 1] == 4)
			msg[i + 3] ^= 3;
}

static void test_row20_answer_for_another_type(void **state)
{
	struct sim_lab *l;
	struct sim_dhcpd *d;

	(void)state;
	prompt(0, "");
	entries();
	l = menu_lab(21);
	boot_server(l, BOOT, 5, "boot.ipxe")->conf.ack_delay_us = 200 * MS;
	d = boot_server(l, IP4(10, 0, 0, 66), 5, "evil");
	d->conf.tamper = other_type;
	lab_node(l, NULL);
	must_boot(l, 5);
}

/* Prompt and entries with control sequences: the world's judge reads what the console shows. */
static void test_row42_escapes_in_the_menu(void **state)
{
	static const struct node_key keys[] = {{S, 'm'}, {2 * S, '2'}, {3 * S, '\r'}};
	struct sim_lab *l;
	struct sim_node *n;

	(void)state;
	prompt(5, "\33[2J\7\r\n\233m");
	tag(9, "\0\1\5\33[31m\0\5\10\33]0;x\7\n\377", 19);
	l = menu_lab(22);
	boot_server(l, BOOT, 5, "boot.ipxe");
	n = typing(l, keys, 3);
	lab_run(l, 10);
	assert_true(node_says(n, "\\x1b[2J\\x07\\x0d\\x0a\\x9bm\n"));
	assert_true(node_says(n, "  2. \\x1b]0;x\\x07\\x0a\\xff\n"));
	must_boot(l, 1);
}

/* No entry: no menu, whatever the prompt says, and the named file. */
static void test_row13_menu_without_entries(void **state)
{
	struct sim_lab *l;

	(void)state;
	prompt(255, "Choose");
	tag(9, "", 0);
	l = menu_lab(23);
	l->dhcp->conf.boot_file = "boot.ipxe";
	lab_node(l, NULL);
	must_boot(l, 5);
}

/* Cut anywhere, and each byte spoiled: it ends, in time, and starts nothing wrong. */
static void test_row13_each_byte_of_the_menu_spoiled(void **state)
{
	static const uint8_t values[] = {0, 1, 127, 255};
	static const struct node_key keys[] = {{5 * S, '\r'}, {6 * S, '\r'}};
	uint8_t good[64];
	uint32_t len;

	(void)state;
	prompt(1, "F8");
	control(4);
	tag(8, "\0\5\1\12\0\0\4", 7);
	entries();
	len = vendor.n;
	assert_in_range(len, 1, sizeof(good));
	memcpy(good, vendor.b, len);
	for (uint32_t at = 0; at < len; at++)
		for (size_t i = 0; i <= sizeof(values); i++) {
			struct sim_lab *l;

			vendor.n = i < sizeof(values) ? len : at;
			memcpy(vendor.b, good, len);
			if (i < sizeof(values))
				vendor.b[at] = values[i];
			l = menu_lab(24);
			l->dhcp->conf.boot_file = "boot.ipxe";
			boot_server(l, BOOT, 5, "boot.ipxe");
			typing(l, keys, 2);
			must_end(l, 300);
		}
}

/* As many entries as an option holds, without text; one of them is chosen. */
static void test_row13_eighty_entries(void **state)
{
	static const struct node_key keys[] = {{S, '4'}, {S, '0'}, {2 * S, '\r'}};
	static uint8_t many[255];
	struct sim_lab *l;

	(void)state;
	for (unsigned i = 0; i < 80; i++)
		memcpy(many + 3 * i, i == 39 ? "\0\5\0" : "\0\6\0", 3);
	tag(9, many, 240);
	l = menu_lab(25);
	boot_server(l, BOOT, 5, "boot.ipxe");
	boot_server(l, IP4(10, 0, 0, 6), 6, "evil");
	typing(l, keys, 3);
	must_boot(l, 10);
}

/* A menu that goes on about servers: all asked in four tries, no more than ten messages a second.
 */
static void test_row20_sixty_servers(void **state)
{
	uint8_t list[3 + 60 * 4] = {0, 5, 60};
	struct sim_lab *l;
	struct sim_dhcpd *d;

	(void)state;
	for (unsigned i = 0; i < 60; i++)
		memcpy(list + 3 + 4 * i, (uint8_t[]){10, 0, 0, (uint8_t)(4 + i % 2)}, 4);
	control(3);
	tag(8, list, sizeof(list));
	tag(9, "\0\5\0", 3);
	l = menu_lab(26);
	l->dhcp->conf.split = 100;
	d = boot_server(l, BOOT, 9, "evil");
	lab_node(l, NULL);
	must_fail(l, 30, 2006, "type 5");
	assert_in_range(d->pxe_requests, 4, 12);
	lab_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prompt_times_out),
		cmocka_unit_test(test_prompt_of_no_time),
		cmocka_unit_test(test_an_entry_is_chosen),
		cmocka_unit_test(test_no_time_out),
		cmocka_unit_test(test_one_entry_without_prompt),
		cmocka_unit_test(test_local_boot),
		cmocka_unit_test(test_a_file_that_is_to_be_used_at_once),
		cmocka_unit_test(test_by_unicast),
		cmocka_unit_test(test_by_multicast),
		cmocka_unit_test(test_by_broadcast),
		cmocka_unit_test(test_late_answer),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_the_next_link),
		cmocka_unit_test(test_pxebs_in_a_script),
		cmocka_unit_test(test_row20_answer_of_a_stranger),
		cmocka_unit_test(test_row20_answer_for_another_type),
		cmocka_unit_test(test_row42_escapes_in_the_menu),
		cmocka_unit_test(test_row13_menu_without_entries),
		cmocka_unit_test(test_row13_each_byte_of_the_menu_spoiled),
		cmocka_unit_test(test_row13_eighty_entries),
		cmocka_unit_test(test_row20_sixty_servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
