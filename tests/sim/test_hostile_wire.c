/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile networks below the boot protocols: Ethernet, ARP, IPv4, ICMP, UDP; silence, damage, and
 *what an attacker could guess. Each test is named after the class of bugs that it guards against:
 *
 *	row 6  predictable numbers          row 7  GRUB CVE-2022-28733        row 12  U-Boot
 *CVE-2022-30790/30552 row 26 damaged frames               row 27 silent peers               row 37
 *Ethernet row 38 ICMP (RFC 5927)              row 41 entropy at boot
 *
 * BOOT means that the right kernel starts although the attack goes on.
 */
#include "attack.h"
#include "expect.h"

#include <stdlib.h>

#define MS 1000u
#define S  1000000u

static struct sim_lab *lab_with_node(uint64_t seed)
{
	struct sim_lab *l = lab_new(seed, 2);

	lab_node(l, NULL);
	return l;
}

/* ---- rows 6 and 41: numbers that nobody should guess ---- */

static int compare_u32(const void *a, const void *b)
{
	uint32_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x < y ? -1 : x > y;
}

static unsigned distinct(uint32_t *v, unsigned n)
{
	unsigned d = n != 0;

	qsort(v, n, sizeof(*v), compare_u32);
	for (unsigned i = 1; i < n; i++)
		d += v[i] != v[i - 1];
	return d;
}

/* How many of the steps from number to number are the same as the one before. */
static unsigned equal_steps(const uint32_t *v, unsigned n)
{
	unsigned same = 0;

	for (unsigned i = 2; i < n; i++)
		same += v[i] - v[i - 1] == v[i - 1] - v[i - 2];
	return same;
}

static void test_row6_ports_of_new_transfers_do_not_step_by_a_constant(void **state)
{
	static char script[2000] = "dhcp\n";
	struct sim_lab *l = lab_new(1, 1);
	uint32_t port[12];

	(void)state;
	for (unsigned i = 0; i < 12; i++)
		strcat(script, "imgfetch tftp://10.0.0.1/boot.ipxe && imgfree\n");
	lab_node(l, &(struct node_conf){.script = script});
	assert_true(lab_run(l, 30));
	assert_int_equal(l->tftp->seens, 12);
	for (unsigned i = 0; i < 12; i++)
		port[i] = l->tftp->seen[i].port;
	assert_true(equal_steps(port, 12) <= 1);
	assert_true(distinct(port, 12) >= 11);
	assert_null(lab_violation(l));
	lab_free(l);
}

static void test_row6_xids_of_new_exchanges_do_not_step_by_a_constant(void **state)
{
	static char script[400] = "";
	struct sim_lab *l = lab_new(2, 1);
	uint32_t xid[12];
	unsigned n = 0;

	(void)state;
	for (unsigned i = 0; i < 12; i++)
		strcat(script, "dhcp\n");
	lab_node(l, &(struct node_conf){.script = script});
	assert_true(lab_run(l, 60));
	for (unsigned i = 0; i < l->dhcp->seens && n < 12; i++)
		if (l->dhcp->seen[i].type == MSG_DISCOVER)
			xid[n++] = l->dhcp->seen[i].xid;
	assert_int_equal(n, 12);
	assert_int_equal(equal_steps(xid, 12), 0);
	assert_int_equal(distinct(xid, 12), 12);
	lab_free(l);
}

/* The same computer, switched on twenty times at the same moment of a new world. */
static void cold_boots(bool jitter_only)
{
	uint32_t xid[20], port[20];

	for (unsigned i = 0; i < 20; i++) {
		struct sim_lab *l = lab_new(100 + i, 1);

		lab_node(l, &(struct node_conf){.jitter_only = jitter_only});
		lab_run(l, 30);
		xid[i] = l->dhcp->seen[0].xid;
		port[i] = l->tftp->seen[0].port;
		must_boot(l, 1);
	}
	assert_int_equal(distinct(xid, 20), 20);
	assert_true(distinct(port, 20) >= 18);
}

static void test_row41_xid_and_ports_differ_over_cold_boots(void **state)
{
	(void)state;
	cold_boots(false);
}

static void test_row41_they_differ_with_clock_noise_alone(void **state)
{
	(void)state;
	cold_boots(true);
}

/* ---- rows 7 and 12: fragments ---- */

static void fragment_at_the_end(struct sim_attack *a)
{
	static const uint16_t lengths[] = {1, 19, 20, 21, 27, 28, 35, 36, 1500};
	const uint8_t data[64] = {0x12, 0x34, 0, 69, 0, 64};
	struct host_ip ip = {
		.src_ip = LAB_SERVER, .proto = PROTO_UDP, .fragment = 65528 / 8, .id = 0x4242};

	ip.total_len = lengths[a->n % 9];
	if (a->n & 1)
		ip.fragment |= 0x2000;
	attack_ip(a, ip, data, sizeof(data));
	ip.fragment = 0x2000;
	ip.total_len = 0;
	attack_ip(a, ip, data, sizeof(data));
}

static void test_row7_fragments_at_65528_with_short_total_length(void **state)
{
	struct sim_lab *l = lab_with_node(3);

	(void)state;
	attack_new(l, 200, fragment_at_the_end);
	lab_run(l, 30);
	assert_true(node_counts(l->node[0], 0).bad_ip > 10);
	must_boot(l, 1);
}

static void tiny_fragments(struct sim_attack *a)
{
	const uint8_t data[64] = {0, 67, 0, 68, 0, 48};
	struct host_ip ip = {
		.src_ip = LAB_SERVER, .proto = PROTO_UDP, .id = (uint16_t)(1 + a->n / 8)};

	ip.total_len = (uint16_t)(20 + a->n % 8);
	ip.fragment = (uint16_t)(0x2000 | (a->n * 3 % 17));
	attack_ip(a, ip, data, a->n % 64);
}

static void test_row12_fragments_of_total_length_20_to_27(void **state)
{
	struct sim_lab *l = lab_with_node(4);

	(void)state;
	attack_new(l, 150, tiny_fragments);
	must_boot(l, 30);
}

/* Holes and overlaps in every combination, teardrop among them; never a whole datagram. */
static void overlapping_fragments(struct sim_attack *a)
{
	uint8_t data[600];
	struct host_ip ip = {
		.src_ip = LAB_SERVER, .proto = PROTO_UDP, .id = (uint16_t)(7 + a->n / 5)};
	uint64_t r = rand_next(&a->h->rng);

	memset(data, 0x5a, sizeof(data));
	ip.fragment = (uint16_t)((r & 63) | (r & 64 ? 0x2000 : 0));
	attack_ip(a, ip, data, (uint32_t)(r >> 8) % 600);
}

static void test_row12_overlapping_holes(void **state)
{
	struct sim_lab *l = lab_with_node(5);

	(void)state;
	attack_new(l, 100, overlapping_fragments);
	must_boot(l, 30);
}

/* The attacker's fragments have the ids of the server's, so that they are mixed into its datagrams.
 */
static void fragments_of_the_servers_ids(struct sim_attack *a)
{
	uint8_t data[256];
	struct host_ip ip = {.src_ip = LAB_SERVER, .proto = PROTO_UDP};

	memset(data, 0x66, sizeof(data));
	for (unsigned i = 0; i < 3; i++) {
		ip.id = (uint16_t)(a->l->server->next_id + i + 1);
		ip.fragment = (uint16_t)(0x2000 | (4 + 8 * i));
		attack_ip(a, ip, data, sizeof(data));
	}
}

static void test_row12_fragments_mixed_into_good_datagrams(void **state)
{
	struct sim_lab *l = lab_with_node(6);

	(void)state;
	l->server->mtu = 576;
	l->initrd->size = 60000;
	attack_new(l, 5 * MS, fragments_of_the_servers_ids);
	must_boot(l, 120);
}

/* One file of each length: "len-N". */
static const struct sim_file *file_of_length(void *ctx, const char *name)
{
	struct sim_file *file = ctx;
	unsigned n = 0;

	if (sscanf(name, "len-%u", &n) != 1 || n > 1500)
		return NULL;
	file[n] = (struct sim_file){.name = "len", .size = n, .seed = n};
	return &file[n];
}

/*
 * U-Boot's fix for CVE-2022-30790 broke datagrams whose last fragment has a multiple of 256 bytes:
 * here the last fragment has every length from 1 to 1480, and the file behind it must be whole.
 */
static void last_fragments(uint64_t seed, uint32_t first, unsigned from, unsigned to)
{
	char *script = sim_alloc(to * 96 + 96), *end = script + sprintf(script, "dhcp\n");
	struct sim_file *file = sim_alloc(1501 * sizeof(*file));
	struct sim_lab *l = lab_new(seed, 1);
	struct sim_node *n;

	for (unsigned i = from; i <= to; i++)
		end += sprintf(end,
			"imgfetch --name x tftp://10.0.0.1/len-%u && imgfree x || exit %u\n", i,
			i + 1);
	l->tftp->conf.find = file_of_length;
	l->tftp->conf.find_ctx = file;
	l->tftp->conf.no_options = false;
	l->server->first_fragment = first;
	n = lab_node(l, &(struct node_conf){.script = script});
	assert_true(lab_run(l, 100));
	if (n->exit_code)
		fail_msg("file of %d bytes did not come: %s", n->exit_code - 1,
			n->console + n->console_len - 200);
	lab_close(l);
	assert_int_equal(l->tftp->stats.completed, to - from + 1);
	assert_int_equal(l->tftp->stats.resent, 0);
	assert_null(lab_violation(l));
	lab_free(l);
	free(file);
	free(script);
}

static void test_row12_every_last_fragment_length(void **state)
{
	(void)state;
	/* DATA of n bytes is n + 12 of UDP: after a first fragment of 16, or 8, n - 4 or n + 4
	 * remain */
	last_fragments(7, 16, 5, 12);
	last_fragments(8, 8, 0, 1468);
	last_fragments(9, 1464, 1453, 1468);
}

/* ---- row 26: damage ---- */

static void test_row26_eight_to_fifteen_percent_of_each_fault(void **state)
{
	(void)state;
	for (uint32_t percent = 8; percent <= 15; percent++) {
		struct sim_lab *l = lab_new(200 + percent, 2);

		l->fault.loss_ppm = l->fault.dup_ppm = percent * 10000;
		l->fault.reorder_ppm = l->fault.corrupt_ppm = percent * 10000;
		l->fault.reorder_us = 500;
		l->initrd->size = 120000;
		lab_node(l, NULL);
		lab_node(l, NULL);
		must_boot(l, 600);
	}
}

static void test_row26_each_fault_alone(void **state)
{
	const struct sim_fault fault[] = {
		{.loss_ppm = 150000},
		{.dup_ppm = 500000},
		{.reorder_ppm = 150000, .reorder_us = 20000},
		{.corrupt_ppm = 150000},
		{.truncate_ppm = 150000},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(fault) / sizeof(fault[0]); i++) {
		struct sim_lab *l = lab_new(300 + i, 1);

		l->fault = fault[i];
		l->fault.delay_us = 20;
		lab_node(l, NULL);
		must_boot(l, 300);
	}
}

/* ---- row 27: silence, each with its bound and its sentence ---- */

static void test_row27_no_dhcp_server(void **state)
{
	struct sim_lab *l = lab_with_node(10);

	(void)state;
	l->dhcp->conf.silent = true;
	must_fail(l, 180, 2001, "no DHCP server answered");
	lab_free(l);
}

static void test_row27_an_offer_but_no_ack(void **state)
{
	struct sim_lab *l = lab_with_node(11);

	(void)state;
	l->dhcp->conf.ignore_requests = UINT32_MAX;
	must_fail(l, 180, 2003, "offered but did not acknowledge");
	lab_free(l);
}

static void test_row27_a_server_that_does_not_answer_arp(void **state)
{
	struct sim_lab *l = lab_with_node(12);

	(void)state;
	l->dhcp->conf.next_server = IP4(10, 0, 0, 77);
	must_fail(l, 90, 3003, "10.0.0.77");
	lab_free(l);
}

static void test_row27_no_tftp_server(void **state)
{
	struct sim_lab *l = lab_with_node(13);

	(void)state;
	l->tftp->conf.silent = true;
	must_fail(l, 90, 4001, "TFTP server stopped answering");
	lab_free(l);
}

static void test_row27_a_closed_tftp_port(void **state)
{
	struct sim_lab *l = lab_with_node(14);

	(void)state;
	lab_host(l, "nobody", IP4(10, 0, 0, 9));
	l->dhcp->conf.next_server = IP4(10, 0, 0, 9);
	must_fail(l, 30, 3004, "unreachable");
	lab_free(l);
}

static void test_row27_a_tftp_server_that_stops_half_way(void **state)
{
	struct sim_lab *l = lab_with_node(15);

	(void)state;
	l->dhcp->conf.boot_file = "vmlinuz";
	l->tftp->conf.tricks.stop_at = 100;
	must_fail(l, 180, 4001, "check:");
	assert_int_equal(l->node[0]->unknown, 0);
	lab_free(l);
}

/* ---- row 37: Ethernet ---- */

static void strange_frames(struct sim_attack *a)
{
	static const uint16_t types[] = {0x8809, 0x88cc, 0x888e, 0x8906, 0x8914, 0x8847, 0x86dd,
		0x8863, 0x0000, 0x05dc, 0x0600, 0xffff, 0x8100, 0x88a8, TYPE_ARP, TYPE_IP};
	uint8_t junk[1500];
	uint64_t r = rand_next(&a->h->rng);

	rand_fill(&a->h->rng, junk, sizeof(junk));
	attack_frame(a, types[a->n % 16], junk, (uint32_t)(r % (r & 1 << 20 ? 1500 : 40)));
}

static void test_row37_frames_of_other_protocols_cut_anywhere(void **state)
{
	struct sim_lab *l = lab_with_node(20);

	(void)state;
	attack_new(l, 50, strange_frames);
	must_boot(l, 30);
}

static void runts(struct sim_attack *a)
{
	uint8_t frame[64] = {0};

	memcpy(frame, a->victim, 6);
	memcpy(frame + 6, a->h->mac, 6);
	wire_put16(frame + 12, a->n & 1 ? TYPE_IP : TYPE_ARP);
	host_send_frame(a->h, frame, a->n % 64);
}

static void test_row37_runts(void **state)
{
	struct sim_lab *l = lab_with_node(21);

	(void)state;
	attack_new(l, 50, runts);
	must_boot(l, 30);
}

/* Stacked VLAN tags around a DHCP answer that must not be believed: it names a boot file that is
 * not there. */
static void stacked_vlans(struct sim_attack *a)
{
	uint8_t frame[400] = {0};
	unsigned tags = 1 + a->n % 60;

	for (unsigned i = 0; i < tags; i++) {
		wire_put16(frame + i * 4, 1 + i);
		wire_put16(frame + i * 4 + 2, i + 1 < tags ? 0x8100 : TYPE_IP);
	}
	frame[tags * 4] = 0x45;
	attack_frame(a, 0x8100, frame, tags * 4 + a->n % 100);
}

static void test_row37_stacked_vlan_tags(void **state)
{
	struct sim_lab *l = lab_with_node(22);

	(void)state;
	attack_new(l, 50, stacked_vlans);
	must_boot(l, 30);
}

static void own_address(struct sim_attack *a)
{
	uint8_t frame[60] = {0};

	memset(frame, 0xff, 6);
	memcpy(frame + 6, a->victim, 6);
	wire_put16(frame + 12, TYPE_ARP);
	host_send_frame(a->h, frame, 60);
	memset(frame + 6, 0xff, 6);
	memcpy(frame, a->victim, 6);
	host_send_frame(a->h, frame, 60);
}

static void test_row37_frames_from_impossible_senders(void **state)
{
	struct sim_lab *l = lab_with_node(23);

	(void)state;
	attack_new(l, 10 * MS, own_address);
	must_boot(l, 60);
}

/* ---- ARP ---- */

static void arp_lies(struct sim_attack *a)
{
	uint8_t arp[46] = {0, 1, 8, 0, 6, 4, 0, 2};

	arp[7] = (uint8_t)(1 + (a->n & 1));
	memcpy(arp + 8, a->h->mac, 6);
	wire_put32(arp + 14, a->n % 3 ? ATTACK_IP + a->n : 0xffffffff);
	memcpy(arp + 18, a->victim, 6);
	wire_put32(arp + 24, ATTACK_VICTIM_IP);
	if (a->n % 7 == 6)
		arp[a->n % 8] ^= (uint8_t)a->n;
	attack_frame(a, TYPE_ARP, arp, 28 + a->n % 18);
}

/* A storm of strangers' ARP must not push the server out of the small cache. */
static void test_row37_arp_storm(void **state)
{
	struct sim_lab *l = lab_with_node(24);

	(void)state;
	attack_new(l, 100, arp_lies);
	must_boot(l, 30);
}

/* Answers that nobody asked for, in the server's name, with a MAC where nobody lives. */
static void arp_spoof(struct sim_attack *a)
{
	uint8_t arp[46] = {0, 1, 8, 0, 6, 4, 0, 2, 2, 6, 6, 6, 6, 6};

	wire_put32(arp + 14, LAB_SERVER);
	memcpy(arp + 18, a->victim, 6);
	wire_put32(arp + 24, ATTACK_VICTIM_IP);
	attack_frame(a, TYPE_ARP, arp, 46);
}

static void test_row37_spoofed_arp_answers_now_and_then(void **state)
{
	struct sim_lab *l = lab_with_node(25);
	struct sim_attack *a;

	(void)state;
	link_set_fault(
		l->link[0], &(struct sim_fault){.delay_us = 20 * MS}); /* a boot takes seconds */
	a = attack_new(l, 300 * MS, arp_spoof);
	lab_run(l, 120);
	assert_true(a->n > 5);
	must_boot(l, 1);
}

/* ---- row 38: ICMP ---- */

static void icmp_send(struct sim_attack *a, uint8_t type, uint8_t code, uint32_t word,
	const void *quote, uint32_t len)
{
	uint8_t icmp[600] = {type, code};
	const struct host_ip ip = {.src_ip = LAB_SERVER, .proto = PROTO_ICMP};

	wire_put32(icmp + 4, word);
	if (len)
		memcpy(icmp + 8, quote, len);
	wire_put16(icmp + 2, wire_fold(wire_sum(0, icmp, 8 + len)));
	attack_ip(a, ip, icmp, 8 + len);
}

/* Hard errors that quote the victim's transfer exactly: the attacker knows the ports. */
static void icmp_errors(struct sim_attack *a)
{
	static const struct {
		uint8_t type, code;
		uint32_t word;
	} error[] = {
		{3, 0, 0},
		{3, 1, 0},
		{3, 2, 0},
		{3, 3, 0},
		{3, 4, 0},
		{3, 4, 68},
		{3, 4, 1},
		{3, 13, 0},
		{4, 0, 0},
		{5, 0, ATTACK_IP},
		{5, 1, ATTACK_IP},
		{5, 1, 0},
		{11, 0, 0},
		{11, 1, 0},
		{12, 0, 0},
		{9, 0, 0},
		{13, 0, 0},
		{17, 0, 0},
		{255, 255, 255},
	};
	const struct sim_tftpd *t = a->l->tftp;
	uint8_t quote[28] = {0x45, 0, 0, 32, 0, 1, 0, 0, 64, PROTO_UDP};
	size_t i = a->n % (sizeof(error) / sizeof(error[0]));

	wire_put32(quote + 12, ATTACK_VICTIM_IP);
	wire_put32(quote + 16, LAB_SERVER);
	if (t->seens)
		wire_put16(quote + 20, t->seen[t->seens - 1].port);
	wire_put16(quote + 22, a->n & 32 ? tftpd_port(t) : 69);
	wire_put16(quote + 24, 12);
	icmp_send(a, error[i].type, error[i].code, error[i].word, quote, a->n % 5 ? 28 : a->n % 29);
}

static void test_row38_forged_icmp_errors(void **state)
{
	struct sim_lab *l = lab_with_node(30);

	(void)state;
	attack_new(l, 70, icmp_errors);
	must_boot(l, 60);
}

static void echoes(struct sim_attack *a)
{
	uint8_t text[512] = {0};

	icmp_send(a, 8, 0, a->n, text, a->n % 512);
}

static void test_row38_echo_flood_is_answered_within_bounds(void **state)
{
	struct sim_lab *l = lab_with_node(31);
	struct sim_node *n = l->node[0];

	(void)state;
	attack_new(l, 100, echoes);
	lab_run(l, 30);
	assert_true(node_counts(n, 0).tx < 400 + (n->end_us / S + 1) * 200);
	must_boot(l, 1);
}

/* ---- UDP ---- */

static void udp_lies(struct sim_attack *a)
{
	uint8_t udp[128] = {0};
	uint32_t len = udp_build(udp, LAB_SERVER, ATTACK_VICTIM_IP, 69, 68, "hello", 5);
	const struct host_ip ip = {.src_ip = LAB_SERVER, .proto = PROTO_UDP};
	const struct sim_tftpd *t = a->l->tftp;

	if (t->seens)
		wire_put16(udp + 2, t->seen[t->seens - 1].port);
	wire_put16(udp + 4, a->n % 40 * (a->n & 64 ? 4000 : 1)); /* length: anything */
	if (a->n % 3)
		wire_put16(udp + 6, a->n);
	attack_ip(a, ip, udp, a->n % 5 ? len : a->n % 9);
}

static void test_row37_udp_headers_that_lie(void **state)
{
	struct sim_lab *l = lab_with_node(32);

	(void)state;
	attack_new(l, 60, udp_lies);
	lab_run(l, 30);
	assert_true(node_counts(l->node[0], 0).bad_udp > 10);
	must_boot(l, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_row6_ports_of_new_transfers_do_not_step_by_a_constant),
		cmocka_unit_test(test_row6_xids_of_new_exchanges_do_not_step_by_a_constant),
		cmocka_unit_test(test_row41_xid_and_ports_differ_over_cold_boots),
		cmocka_unit_test(test_row41_they_differ_with_clock_noise_alone),
		cmocka_unit_test(test_row7_fragments_at_65528_with_short_total_length),
		cmocka_unit_test(test_row12_fragments_of_total_length_20_to_27),
		cmocka_unit_test(test_row12_overlapping_holes),
		cmocka_unit_test(test_row12_fragments_mixed_into_good_datagrams),
		cmocka_unit_test(test_row12_every_last_fragment_length),
		cmocka_unit_test(test_row26_eight_to_fifteen_percent_of_each_fault),
		cmocka_unit_test(test_row26_each_fault_alone),
		cmocka_unit_test(test_row27_no_dhcp_server),
		cmocka_unit_test(test_row27_an_offer_but_no_ack),
		cmocka_unit_test(test_row27_a_server_that_does_not_answer_arp),
		cmocka_unit_test(test_row27_no_tftp_server),
		cmocka_unit_test(test_row27_a_closed_tftp_port),
		cmocka_unit_test(test_row27_a_tftp_server_that_stops_half_way),
		cmocka_unit_test(test_row37_frames_of_other_protocols_cut_anywhere),
		cmocka_unit_test(test_row37_runts),
		cmocka_unit_test(test_row37_stacked_vlan_tags),
		cmocka_unit_test(test_row37_frames_from_impossible_senders),
		cmocka_unit_test(test_row37_arp_storm),
		cmocka_unit_test(test_row37_spoofed_arp_answers_now_and_then),
		cmocka_unit_test(test_row38_forged_icmp_errors),
		cmocka_unit_test(test_row38_echo_flood_is_answered_within_bounds),
		cmocka_unit_test(test_row37_udp_headers_that_lie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
