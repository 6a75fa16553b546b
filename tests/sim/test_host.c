/* SPDX-License-Identifier: BSD-2-Clause */
/* The servers' network layer: ARP, IPv4 with fragments, UDP, ICMP, and what it thinks of bad
 * frames. */
#include "host.h"
#include "switch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define IP_A IP4(10, 0, 0, 1)
#define IP_B IP4(10, 0, 0, 2)
#define MASK 0xffffff00u

struct net {
	struct sim_world *w;
	struct sim_host *a, *b; /* a is the server, b the client under judgement */
	struct sim_link *l;
	unsigned got;
	struct host_in in;
	uint8_t data[2048];
	uint8_t fragments[256][2]; /* of the frames that b heard: offset field */
	unsigned heard;
	unsigned icmp;
	uint8_t icmp_type, icmp_code;
};

static void net_rx(void *ctx, const struct host_in *in)
{
	struct net *n = ctx;

	n->got++;
	n->in = *in;
	memcpy(n->data, in->data, in->len < sizeof(n->data) ? in->len : sizeof(n->data));
}

static void net_watch(void *ctx, struct sim_frame *f)
{
	struct net *n = ctx;

	if (wire_get16(f->data + 12) == TYPE_IP && n->heard < 256)
		memcpy(n->fragments[n->heard++], f->data + ETH_HEAD + 6, 2);
}

static void net_icmp(void *ctx, const struct host_in *in)
{
	struct net *n = ctx;

	n->icmp++;
	n->icmp_type = in->data[0];
	n->icmp_code = in->data[1];
}

static void net_open(struct net *n)
{
	memset(n, 0, sizeof(*n));
	n->w = world_new(9);
	n->a = host_new(n->w, "a", IP_A, MASK);
	n->b = host_new(n->w, "b", IP_B, MASK);
	n->b->client = true;
	n->l = link_new(n->w, &n->a->port, &n->b->port, NULL);
	host_bind(n->a, 1000, net_rx, n);
	host_bind(n->b, 1000, net_rx, n);
	n->b->watch = net_watch;
	n->b->watch_ctx = n;
	n->b->icmp = net_icmp;
	n->b->icmp_ctx = n;
}

static void net_run(struct net *n)
{
	world_run(n->w, n->w->now_us + 10000);
}

static void send_text(struct sim_host *h, uint32_t to, uint16_t port, const char *text)
{
	const struct host_out out = {.dst_ip = to,
		.src_port = 1000,
		.dst_port = port,
		.data = text,
		.len = (uint32_t)strlen(text)};

	host_send(h, &out);
}

static void test_resolves_and_delivers(void **state)
{
	struct net n;

	(void)state;
	net_open(&n);
	send_text(n.b, IP_A, 1000, "hello");
	send_text(n.b, IP_A, 1000, "world");
	net_run(&n);
	assert_int_equal(n.got, 2);
	assert_memory_equal(n.data, "world", 5);
	assert_int_equal(n.in.src_ip, IP_B);
	assert_true(n.in.judged);
	assert_int_equal(n.b->arp_asked, 1);
	assert_int_equal(n.a->arp_answered, 1);
	send_text(n.a, IP_B, 1000, "back"); /* a has learned b from its question */
	net_run(&n);
	assert_int_equal(n.got, 3);
	assert_false(n.in.judged);
	assert_int_equal(n.a->arp_asked, 0);
	assert_int_equal(n.w->violations, 0);
	world_free(n.w);
}

static void test_arp_retries_gives_up_and_asks_again_when_old(void **state)
{
	struct net n;

	(void)state;
	net_open(&n);
	n.a->deaf_arp = true;
	send_text(n.b, IP_A, 1000, "lost");
	world_run(n.w, 10000000);
	assert_int_equal(n.b->arp_asked, HOST_ARP_TRIES);
	assert_int_equal(n.b->arp_failed, 1);
	assert_int_equal(n.got, 0);
	n.a->deaf_arp = false;
	send_text(n.b, IP_A, 1000, "here");
	net_run(&n);
	assert_int_equal(n.got, 1);
	world_run(n.w, n.w->now_us + n.b->arp_age_us + 1);
	send_text(n.b, IP_A, 1000, "again");
	net_run(&n);
	assert_int_equal(n.got, 2);
	assert_int_equal(n.b->arp_asked, HOST_ARP_TRIES + 2);
	world_free(n.w);
}

static void test_gateway_and_broadcast(void **state)
{
	struct net n;

	(void)state;
	net_open(&n);
	n.b->gateway = IP_A;
	send_text(n.b, IP4(192, 168, 1, 1), 1000, "far");
	net_run(&n);
	assert_true(world_violated(n.w, "IPv4 for 192.168.1.1 sent to this host"));
	send_text(n.a, IP_ALL, 1000, "all");
	send_text(n.a, IP4(10, 0, 0, 255), 1000, "subnet");
	net_run(&n);
	assert_int_equal(n.got, 2);
	world_free(n.w);
}

static void test_sockets(void **state)
{
	struct host_sock *s, *one;
	struct net n;

	(void)state;
	net_open(&n);
	assert_null(host_bind(n.a, 1000, net_rx, &n));
	one = host_bind(n.a, 0, net_rx, &n);
	s = host_bind(n.a, 0, net_rx, &n);
	assert_true(one->port >= 49152 && s->port >= 49152 && s->port != one->port);
	send_text(n.b, IP_A, s->port, "x");
	net_run(&n);
	assert_int_equal(n.got, 1);
	host_close(n.a, s);
	send_text(n.b, IP_A, one->port, "y");
	net_run(&n);
	assert_int_equal(n.got, 2);
	world_free(n.w);
}

static void test_closed_port_answers_unreachable(void **state)
{
	struct net n;

	(void)state;
	net_open(&n);
	send_text(n.b, IP_A, 7, "anybody?");
	net_run(&n);
	assert_int_equal(n.icmp, 1);
	assert_int_equal(n.icmp_type, 3);
	assert_int_equal(n.icmp_code, 3);
	n.a->unreachables = false;
	send_text(n.b, IP_A, 7, "anybody?");
	net_run(&n);
	assert_int_equal(n.icmp, 1);
	assert_int_equal(n.w->violations, 0);
	world_free(n.w);
}

static void test_echo(void **state)
{
	uint8_t echo[40] = {8};
	const struct host_ip ip = {.dst_ip = IP_A, .ttl = 64, .proto = PROTO_ICMP};
	struct net n;

	(void)state;
	net_open(&n);
	wire_put16(echo + 2, wire_fold(wire_sum(0, echo, sizeof(echo))));
	host_send_ip(n.b, &ip, echo, sizeof(echo));
	net_run(&n);
	assert_int_equal(n.a->echoes, 1);
	assert_int_equal(n.icmp, 1);
	assert_int_equal(n.icmp_type, 0);
	assert_int_equal(n.w->violations, 0);
	world_free(n.w);
}

/* Checks that fragments of 4000 bytes leave in this order; offsets are in units of 8 bytes, 0x2000
 * is "more". */
static void expect_fragments(enum host_order order, unsigned a, unsigned b, unsigned c)
{
	uint8_t big[4000];
	const struct host_out out = {.dst_ip = IP_B, .dst_port = 1000, .data = big, .len = 4000};
	struct net n;

	net_open(&n);
	memset(big, 7, sizeof(big));
	send_text(n.b, IP_A, 1000, "hello");
	net_run(&n);
	n.a->order = order;
	host_send(n.a, &out);
	net_run(&n);
	assert_int_equal(n.heard, 3);
	assert_int_equal(wire_get16(n.fragments[0]), a);
	assert_int_equal(wire_get16(n.fragments[1]), b);
	assert_int_equal(wire_get16(n.fragments[2]), c);
	assert_int_equal(n.w->violations, 0);
	world_free(n.w);
}

static void test_fragments_in_any_order(void **state)
{
	(void)state;
	expect_fragments(ORDER_FORWARD, 0x2000, 0x2000 | 185, 370);
	expect_fragments(ORDER_REVERSE, 370, 0x2000 | 185, 0x2000);
	expect_fragments(ORDER_ODD_FIRST, 0x2000 | 185, 0x2000, 370);
}

static void test_shuffled_fragments_are_all_there(void **state)
{
	uint8_t big[15000] = {0};
	const struct host_out out = {
		.dst_ip = IP_B, .dst_port = 1000, .data = big, .len = sizeof(big)};
	unsigned sum = 0, sorted = 0;
	struct net n;

	(void)state;
	net_open(&n);
	send_text(n.b, IP_A, 1000, "hello");
	net_run(&n);
	n.a->order = ORDER_SHUFFLED;
	host_send(n.a, &out);
	net_run(&n);
	assert_int_equal(n.heard, 11);
	for (unsigned i = 0; i < 11; i++) {
		sum += wire_get16(n.fragments[i]) & 0x1fffu;
		sorted += (wire_get16(n.fragments[i]) & 0x1fffu) == 185 * i;
	}
	assert_int_equal(sum, 185 * 55);
	assert_true(sorted < 11);
	world_free(n.w);
}

/* ---- judgement ---- */

/* b sends these bytes; a must drop them and say why. why NULL: nothing is said. */
static void expect_blame(const void *frame, uint32_t len, const char *why)
{
	struct net n;

	net_open(&n);
	host_send_frame(n.b, frame, len);
	net_run(&n);
	if (why && !world_violated(n.w, why))
		fail_msg("wanted \"%s\", got \"%s\"", why, n.w->violation[0]);
	assert_int_equal(n.w->violations, why ? 1 : 0);
	assert_int_equal(n.got, 0);
	world_free(n.w);
}

/* A sound frame from b to a's port 1000. */
static uint32_t good_frame(uint8_t *f, const char *text)
{
	uint8_t *ip = f + ETH_HEAD;
	uint32_t len;

	mac_for_ip(f, IP_A);
	mac_for_ip(f + 6, IP_B);
	wire_put16(f + 12, TYPE_IP);
	memset(ip, 0, IP_HEAD);
	ip[0] = 0x45;
	ip[8] = 64;
	ip[9] = PROTO_UDP;
	wire_put32(ip + 12, IP_B);
	wire_put32(ip + 16, IP_A);
	len = udp_build(ip + IP_HEAD, IP_B, IP_A, 1000, 1000, text, (uint32_t)strlen(text));
	wire_put16(ip + 2, len + IP_HEAD);
	wire_put16(ip + 10, wire_fold(wire_sum(0, ip, IP_HEAD)));
	return ETH_HEAD + IP_HEAD + len;
}

static void resum(uint8_t *f)
{
	wire_put16(f + ETH_HEAD + 10, 0);
	wire_put16(f + ETH_HEAD + 10, wire_fold(wire_sum(0, f + ETH_HEAD, IP_HEAD)));
}

static void test_judges_ip(void **state)
{
	uint8_t f[200];
	uint32_t len = good_frame(f, "some text");
	static const struct {
		uint8_t at, value;
		const char *why;
	} spoil[] = {
		{14, 0x65, "header malformed"},
		{14, 0x44, "header malformed"},
		{17, 200, "IPv4 length"},
		{17, 19, "IPv4 length"},
		{20, 0x20, "fragment"},
		{21, 9, "fragment"},
		{20, 0x80, "fragment or reserved"},
		{22, 0, "time to live 0"},
		{26, 224, "IPv4 source"},
		{26, 127, "IPv4 source"},
		{29, 255, "IPv4 source 10.0.0.255"},
	};

	(void)state;
	expect_blame(f, 33, "header malformed");
	for (size_t i = 0; i < sizeof(spoil) / sizeof(spoil[0]); i++) {
		len = good_frame(f, "some text");
		f[spoil[i].at] = spoil[i].value;
		resum(f);
		expect_blame(f, len, spoil[i].why);
	}
	len = good_frame(f, "some text");
	f[24] ^= 1;
	expect_blame(f, len, "IPv4 header checksum wrong");
	len = good_frame(f, "some text");
	memset(f + 26, 0, 4);
	resum(f);
	expect_blame(f, len, "IPv4 source 0.0.0.0 to 10.0.0.1");
	len = good_frame(f, "some text");
	memset(f, 0xff, 6);
	expect_blame(f, len, "unicast to 10.0.0.1 in a group frame");
}

static void test_judges_udp(void **state)
{
	uint8_t f[200];
	uint32_t len = good_frame(f, "some text");

	(void)state;
	f[len - 1] ^= 4;
	expect_blame(f, len, "UDP checksum wrong");
	len = good_frame(f, "some text");
	wire_put16(f + 40, 0);
	expect_blame(f, len, "UDP without checksum");
	len = good_frame(f, "some text");
	f[39]--;
	expect_blame(f, len, "UDP length");
	len = good_frame(f, "some text");
	wire_put16(f + 34, 0);
	wire_put16(f + 40, (wire_get16(f + 40) + 1000u) % 65535);
	expect_blame(f, len, "UDP port 0");
}

static void test_judges_frames_and_arp(void **state)
{
	uint8_t f[60] = {0};

	(void)state;
	expect_blame(f, 13, "frame of 13 bytes");
	mac_for_ip(f, IP_A);
	f[6] = 1;
	expect_blame(f, 60, "group address");
	memset(f, 0xff, 6);
	mac_for_ip(f + 6, IP_B);
	wire_put16(f + 12, TYPE_ARP);
	expect_blame(f, 41, "ARP cut short");
	expect_blame(f, 60, "ARP header");
	memcpy(f + 14, "\0\1\10\0\6\4\0\1", 8);
	expect_blame(f, 60, "ARP sender");
	mac_for_ip(f + 22, IP_B);
	wire_put32(f + 28, IP_A);
	expect_blame(f, 60, "own address");
	wire_put32(f + 28, 0xe0000001);
	expect_blame(f, 60, "impossible address");
	wire_put32(f + 28, IP_B);
	wire_put32(f + 38, IP_A);
	expect_blame(f, 60, NULL);
}

static void test_blames_nobody_for_damage_or_for_liars(void **state)
{
	const struct sim_fault bad = {.corrupt_ppm = 1000000};
	uint8_t f[200];
	uint32_t len = good_frame(f, "some text");
	struct net n;

	(void)state;
	net_open(&n);
	link_set_fault(n.l, &bad);
	for (int i = 0; i < 500; i++) {
		host_send_frame(n.b, f, len);
		net_run(&n);
	}
	assert_true(n.a->bad_in > 200);
	link_set_fault(n.l, &(struct sim_fault){0});
	n.b->client = false;
	f[24] ^= 1;
	host_send_frame(n.b, f, len);
	net_run(&n);
	assert_int_equal(n.w->violations, 0);
	world_free(n.w);
}

static void test_a_host_that_is_down_says_nothing(void **state)
{
	struct net n;

	(void)state;
	net_open(&n);
	n.a->down = true;
	send_text(n.a, IP_ALL, 1000, "x");
	send_text(n.b, IP_A, 1000, "y");
	world_run(n.w, 10000000);
	assert_int_equal(n.got, 0);
	assert_int_equal(n.a->arp_answered, 0);
	world_free(n.w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resolves_and_delivers),
		cmocka_unit_test(test_arp_retries_gives_up_and_asks_again_when_old),
		cmocka_unit_test(test_gateway_and_broadcast),
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_closed_port_answers_unreachable),
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_fragments_in_any_order),
		cmocka_unit_test(test_shuffled_fragments_are_all_there),
		cmocka_unit_test(test_judges_ip),
		cmocka_unit_test(test_judges_udp),
		cmocka_unit_test(test_judges_frames_and_arp),
		cmocka_unit_test(test_blames_nobody_for_damage_or_for_liars),
		cmocka_unit_test(test_a_host_that_is_down_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
