/* SPDX-License-Identifier: BSD-2-Clause */
/* net/udp.c: sockets, ports, checksums, lengths. */
#include "tests/net/lan.h"

static void datagram_arrives(void **state)
{
	struct lan *lan = lan_new(1);
	struct ear ear;

	(void)state;
	ear_open(lan, &ear, NULL, 69);
	for (uint32_t n = 0; n <= 1472; n++) {
		uint8_t text[1472];
		struct frame f;

		memset(text, (int)n, sizeof(text));
		f = frame_udp(lan, 0, 40000 + n, 69, text, n);
		lan_receive(lan, 0, &f);
		assert_int_equal(ear.heard, n + 1);
		assert_int_equal(ear.n, n);
		assert_memory_equal(ear.data, text, n);
		assert_int_equal(ear.src_port, 40000 + n);
	}
	assert_int_equal(lan_link(lan, 0)->stats.bad_udp, 0);
	lan_end(lan);
}

static void datagram_leaves(void **state)
{
	struct lan *lan = lan_new(1);
	const struct frame *f;
	struct ear ear;
	uint8_t pseudo[12] = {0};
	char text[200] = "";

	(void)state;
	lan_meet(lan, 0);
	ear_open(lan, &ear, NULL, 0);
	for (unsigned n = 0; n < sizeof(text) - 1; n++) {
		assert_int_equal(ear_say(lan, &ear, PEER(0), 69, text), 0);
		f = lan_take(lan);
		assert_int_equal(wire_get16(f->data + 34), ear.s.port);
		assert_int_equal(wire_get16(f->data + 36), 69);
		assert_int_equal(wire_get16(f->data + 38), 8 + n);
		assert_memory_equal(f->data + 42, text, n);
		memcpy(pseudo, f->data + 26, 8);
		pseudo[9] = 17;
		wire_put16(pseudo + 10, 8 + n);
		assert_int_equal(
			wire_fold(wire_sum(wire_sum(0, pseudo, 12), f->data + 34, 8 + n)), 0);
		text[n] = (char)('a' + n % 26);
	}
	lan_end(lan);
}

/* RFC 768: a checksum that comes out as 0 is sent as 0xffff. */
static void zero_checksum_is_not_sent(void **state)
{
	struct lan *lan = lan_new(1);
	struct ip_addr dst = ip4_of(PEER(0));
	struct ear ear;
	unsigned ones = 0;

	(void)state;
	lan_meet(lan, 0);
	ear_open(lan, &ear, NULL, 5000);
	for (unsigned v = 0; v < 0x10000; v++) {
		struct pkt *p = udp_alloc(&lan->net);
		const struct frame *f;

		wire_put16(pkt_put(p, 2), v);
		lan->nout = lan->taken = 0;
		assert_int_equal(udp_send(&lan->net, &ear.s, NULL, p, NULL, &dst, 69), 0);
		f = lan_take(lan);
		assert_int_not_equal(wire_get16(f->data + 40), 0);
		ones += wire_get16(f->data + 40) == 0xffff;
	}
	assert_true(ones >= 1);
	lan_end(lan);
}

static void checksums_are_checked(void **state)
{
	struct lan *lan = lan_new(1);
	struct netdev *dev = lan_link(lan, 0);
	struct frame good = frame_udp(lan, 0, 1000, 69, "seven..", 7), f;
	struct ear ear;

	(void)state;
	ear_open(lan, &ear, NULL, 69);
	for (unsigned at = 34; at < 34 + 15; at++) { /* a flipped bit anywhere */
		if (at == 38 || at == 39 || at == 36 || at == 37)
			continue; /* length and port are other tests' matter */
		f = good;
		f.data[at] ^= 0x10;
		lan_receive(lan, 0, &f);
	}
	assert_int_equal(ear.heard, 0);
	assert_int_equal(dev->stats.bad_udp, 11);
	f = good;
	wire_put32(f.data + 26, IP4(10, 0, 0, 8)); /* the pseudo header counts */
	ip_sum(&f);
	lan_receive(lan, 0, &f);
	assert_int_equal(dev->stats.bad_udp, 12);
	f = good;
	wire_put16(f.data + 40, 0); /* there is none */
	lan_receive(lan, 0, &f);
	assert_int_equal(ear.heard, 1);
	f = good;
	f.data[40] ^= 1;
	f.csum_ok = true; /* the device has looked */
	lan_receive(lan, 0, &f);
	assert_int_equal(ear.heard, 2);
	assert_true(ear.meta.csum_ok);
	lan_end(lan);
}

static void lengths_are_checked(void **state)
{
	static const struct {
		uint16_t length;
		int payload; /* -1: bad */
	} rows[] = {{0, -1}, {1, -1}, {7, -1}, {8, 0}, {9, 1}, {18, 10}, {19, -1}, {0xffff, -1}};
	struct lan *lan = lan_new(1);
	struct netdev *dev = lan_link(lan, 0);
	struct ear ear;

	(void)state;
	ear_open(lan, &ear, NULL, 69);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct frame f = frame_udp(lan, 0, 1000, 69, "ten bytes.", 10);
		uint32_t bad = dev->stats.bad_udp;

		wire_put16(f.data + 38, rows[i].length);
		wire_put16(f.data + 40, 0);
		ear.heard = 0;
		lan_receive(lan, 0, &f);
		assert_int_equal(ear.heard, rows[i].payload >= 0);
		assert_int_equal(dev->stats.bad_udp - bad, rows[i].payload < 0);
		if (ear.heard)
			assert_int_equal(ear.n, rows[i].payload);
	}
	for (uint32_t n = 0; n < 20;
		n++) { /* more in the datagram than UDP says, and a right sum */
		struct ip ip = {.src = PEER(0), .dst = US(0), .protocol = 17};
		uint8_t b[100];
		struct frame f;

		memset(b, 0x77, sizeof(b));
		udp_make(b, ip.src, ip.dst, 1000, 69, "text", 4);
		f = frame_ip(&dev->mac, &ip, b, 12 + n);
		ear.heard = 0;
		lan_receive(lan, 0, &f);
		assert_int_equal(ear.heard, 1);
		assert_int_equal(ear.n, 4);
	}
	for (uint32_t n = 0; n < 8; n++) { /* cut in the header */
		struct ip ip = {.src = PEER(0), .dst = US(0), .protocol = 17};
		struct frame f = frame_ip(&dev->mac, &ip, "\0\1\0E\0\10\0\0", n);
		uint32_t bad = dev->stats.bad_udp;

		f.len = 34 + n;
		lan_receive(lan, 0, &f);
		assert_int_equal(dev->stats.bad_udp - bad, 1);
	}
	lan_end(lan);
}

static void ports_are_bound_once(void **state)
{
	struct lan *lan = lan_new(2);
	struct ear any, first, second, twice;

	(void)state;
	ear_open(lan, &first, lan_link(lan, 0), 68);
	ear_open(lan, &second, lan_link(lan, 1), 68);
	memset(&twice, 0, sizeof(twice));
	assert_int_equal(udp_open(&lan->net, &twice.s, lan_link(lan, 0), 68), -ERR_NO_SOCKET);
	assert_int_equal(udp_open(&lan->net, &twice.s, NULL, 68), -ERR_NO_SOCKET);
	ear_open(lan, &any, NULL, 69);
	assert_int_equal(udp_open(&lan->net, &twice.s, lan_link(lan, 0), 69), -ERR_NO_SOCKET);
	udp_close(&lan->net, &twice.s); /* was never open */
	udp_close(&lan->net, &any.s);
	udp_close(&lan->net, &any.s);
	assert_int_equal(udp_open(&lan->net, &twice.s, lan_link(lan, 0), 69), 0);
	assert_int_equal(udp_open(&lan->net, &twice.s, lan_link(lan, 0), 70), 0); /* moves */
	assert_int_equal(udp_open(&lan->net, &any.s, NULL, 69), 0);
	lan_end(lan);
}

static void sockets_hear_their_own(void **state)
{
	struct lan *lan = lan_new(2);
	struct ear on0, on1, any;

	(void)state;
	ear_open(lan, &on0, lan_link(lan, 0), 68);
	ear_open(lan, &on1, lan_link(lan, 1), 68);
	ear_open(lan, &any, NULL, 69);
	for (unsigned link = 0; link < 2; link++) {
		struct frame f = frame_udp(lan, link, 67, 68, "x", 1);

		lan_receive(lan, link, &f);
		f = frame_udp(lan, link, 67, 69, "x", 1);
		lan_receive(lan, link, &f);
		f = frame_udp(lan, link, 67, 70, "x", 1);
		lan_receive(lan, link, &f);
		assert_int_equal(lan_link(lan, link)->stats.no_port, 1);
		assert_ptr_equal(any.meta.dev, lan_link(lan, link));
	}
	assert_int_equal(on0.heard, 1);
	assert_ptr_equal(on0.meta.dev, lan_link(lan, 0));
	assert_int_equal(on1.heard, 1);
	assert_ptr_equal(on1.meta.dev, lan_link(lan, 1));
	assert_int_equal(any.heard, 2);
	assert_null(lan_take(lan)); /* nobody is told that a port is closed */
	lan_end(lan);
}

static void sockets_are_bounded_and_ports_random(void **state)
{
	struct lan *lan = lan_new(1);
	static struct ear ears[UDP_SOCK_MAX + 1];
	unsigned up = 0;

	(void)state;
	for (unsigned i = 0; i < UDP_SOCK_MAX; i++) {
		ear_open(lan, &ears[i], NULL, 0);
		assert_true(ears[i].s.port >= 49152);
		for (unsigned k = 0; k < i; k++)
			assert_int_not_equal(ears[i].s.port, ears[k].s.port);
		up += i && ears[i].s.port == ears[i - 1].s.port + 1;
	}
	assert_true(up < 4); /* RFC 6056: not simply one after the other */
	assert_int_equal(udp_open(&lan->net, &ears[UDP_SOCK_MAX].s, NULL, 0), -ERR_NO_SOCKET);
	udp_close(&lan->net, &ears[7].s);
	assert_int_equal(udp_open(&lan->net, &ears[UDP_SOCK_MAX].s, NULL, 0), 0);
	lan_end(lan);
}

static void socket_may_close_when_it_hears(void **state)
{
	struct lan *lan = lan_new(1);
	struct frame f = frame_udp(lan, 0, 1, 69, "x", 1);
	struct ear ear;

	(void)state;
	ear_open(lan, &ear, NULL, 69);
	ear.close = true;
	lan_put(lan, 0, &f);
	lan_put(lan, 0, &f);
	lan_turn(lan);
	assert_int_equal(ear.heard, 1);
	assert_int_equal(lan_link(lan, 0)->stats.no_port, 1);
	lan_end(lan);
}

static void sending_fails_with_a_sentence(void **state)
{
	struct lan *lan = lan_new(2);
	struct ip_addr dst = ip4_of(PEER(0)), far = ip4_of(IP4(192, 0, 2, 1));
	struct pkt *p;
	struct ear ear;

	(void)state;
	ear_open(lan, &ear, NULL, 0);
	assert_int_equal(ear_say(lan, &ear, IP4(192, 0, 2, 1), 69, "x"), -ERR_NO_ROUTE);
	assert_int_equal(lan->m.err.code, ERR_NO_ROUTE);
	assert_non_null(strstr(lan->m.err.detail, "192.0.2.1 port 69"));
	err_clear(&lan->m);
	p = udp_alloc(&lan->net);
	assert_int_equal(
		udp_send(&lan->net, &ear.s, lan_link(lan, 1), p, NULL, &far, 69), -ERR_NO_ROUTE);
	assert_non_null(strstr(lan->m.err.detail, "net1: "));
	lan_link(lan, 0)->ip4.addr.family = IP_NONE;
	p = udp_alloc(&lan->net);
	assert_int_equal(
		udp_send(&lan->net, &ear.s, lan_link(lan, 0), p, NULL, &dst, 69), -ERR_NO_ADDRESS);
	lan_configure(lan_link(lan, 0));
	p = udp_alloc(&lan->net);
	memset(pkt_put(p, 1473), 0, 1473);
	assert_int_equal(udp_send(&lan->net, &ear.s, NULL, p, NULL, &dst, 69), -ERR_TOO_LONG);
	p = udp_alloc(&lan->net);
	pkt_push(p, PKT_HEADROOM - 1);
	assert_int_equal(udp_send(&lan->net, &ear.s, NULL, p, NULL, &dst, 69), -ERR_TOO_LONG);
	assert_null(lan_take(lan));
	lan_end(lan);
}

/* As DHCP does it: from 0.0.0.0 to everybody, on a link without address. */
static void link_without_address_may_broadcast(void **state)
{
	struct lan *lan = lan_new(1);
	struct netdev *dev = lan_link(lan, 0);
	struct ip_addr none = ip4_of(0), all = ip4_of(IP_ALL);
	const struct frame *f;
	struct ear ear;

	(void)state;
	dev->ip4.addr.family = IP_NONE;
	ear_open(lan, &ear, dev, 68);
	assert_int_equal(
		udp_send(&lan->net, &ear.s, NULL, udp_alloc(&lan->net), &none, &all, 67), 0);
	f = lan_take(lan);
	assert_memory_equal(f->data, mac_broadcast.b, 6);
	assert_int_equal(wire_get32(f->data + 26), 0);
	assert_int_equal(wire_get32(f->data + 30), IP_ALL);
	assert_int_equal(wire_get16(f->data + 34), 68);
	lan_end(lan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagram_arrives),
		cmocka_unit_test(datagram_leaves),
		cmocka_unit_test(zero_checksum_is_not_sent),
		cmocka_unit_test(checksums_are_checked),
		cmocka_unit_test(lengths_are_checked),
		cmocka_unit_test(ports_are_bound_once),
		cmocka_unit_test(sockets_hear_their_own),
		cmocka_unit_test(sockets_are_bounded_and_ports_random),
		cmocka_unit_test(socket_may_close_when_it_hears),
		cmocka_unit_test(sending_fails_with_a_sentence),
		cmocka_unit_test(link_without_address_may_broadcast),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
