/* SPDX-License-Identifier: BSD-2-Clause */
/* net/icmp.c: echo, and unreachables for the right socket only (RFC 792, 5927; hostile.md 38). */
#include "tests/net/lan.h"

/* An ICMP message with a right checksum, from the peer to dst. */
static struct frame icmp(
	struct lan *lan, uint32_t dst, uint8_t type, uint8_t code, const void *rest, uint32_t n)
{
	struct ip ip = {.src = PEER(0), .dst = dst, .protocol = 1};
	uint8_t b[1500] = {type, code};

	if (n)
		memcpy(b + 4, rest, n);
	wire_put16(b + 2, wire_fold(wire_sum(0, b, 4 + n)));
	return frame_ip(dst == US(0) ? &lan_link(lan, 0)->mac : &mac_broadcast, &ip, b, 4 + n);
}

static void echo(void **state)
{
	struct lan *lan = lan_new(1);
	static const char text[] = "\1\2\3\4 what is said is said again";
	const struct frame *f;
	struct frame in;

	(void)state;
	lan_meet(lan, 0);
	for (uint32_t n = 4; n < sizeof(text); n++) {
		in = icmp(lan, US(0), 8, 0, text, n);
		lan_receive(lan, 0, &in);
		f = lan_take(lan);
		assert_non_null(f);
		assert_memory_equal(f->data, peer_mac.b, 6);
		assert_int_equal(wire_get16(f->data + 16), 20 + 4 + n);
		assert_int_equal(f->data[23], 1);
		assert_int_equal(wire_get32(f->data + 26), US(0));
		assert_int_equal(wire_get32(f->data + 30), PEER(0));
		assert_int_equal(f->data[34], 0);
		assert_int_equal(f->data[35], 0);
		assert_int_equal(wire_fold(wire_sum(0, f->data + 34, 4 + n)), 0);
		assert_memory_equal(f->data + 38, text, n);
	}
	lan_end(lan);
}

static void largest_echo(void **state)
{
	struct lan *lan = lan_new(1);
	uint8_t rest[1476], b[3000] = {8};
	struct frame f;

	(void)state;
	lan_meet(lan, 0);
	memset(rest, 0x5a, sizeof(rest));
	f = icmp(lan, US(0), 8, 0, rest, 1476);
	lan_receive(lan, 0, &f);
	assert_int_equal(lan_take(lan)->len, 1514);
	/* One that came in fragments is larger than what we send: no answer, and nothing leaks. */
	for (uint32_t n = 1484; n <= 2960; n += 164) {
		struct ip ip = {.src = PEER(0), .dst = US(0), .protocol = 1, .id = (uint16_t)n};

		wire_put16(b + 2, 0);
		wire_put16(b + 2, wire_fold(wire_sum(0, b, n)));
		ip.frag = 0x2000;
		f = frame_ip(&lan_link(lan, 0)->mac, &ip, b, 1480);
		lan_receive(lan, 0, &f);
		ip.frag = 1480 / 8;
		f = frame_ip(&lan_link(lan, 0)->mac, &ip, b + 1480, n - 1480);
		lan_receive(lan, 0, &f);
	}
	assert_null(lan_take(lan));
	assert_int_equal(lan_link(lan, 0)->stats.bad_icmp, 0);
	lan_end(lan);
}

static void echo_not_for_broadcast(void **state)
{
	struct lan *lan = lan_new(1);
	struct frame f;

	(void)state;
	lan_meet(lan, 0);
	f = icmp(lan, IP4(10, 0, 0, 255), 8, 0, "abcd", 4);
	lan_receive(lan, 0, &f);
	f = icmp(lan, IP_ALL, 8, 0, "abcd", 4);
	lan_receive(lan, 0, &f);
	assert_null(lan_take(lan));
	lan_end(lan);
}

static void echo_is_rate_limited(void **state)
{
	struct lan *lan = lan_new(1);
	struct frame f = icmp(lan, US(0), 8, 0, "abcd", 4);

	(void)state;
	lan_meet(lan, 0);
	for (unsigned second = 0; second < 2; second++) {
		lan->nout = 0;
		for (unsigned i = 0; i < ICMP_ECHO_RATE * 2; i++)
			lan_receive(lan, 0, &f);
		assert_int_equal(lan->nout, ICMP_ECHO_RATE);
		lan->fake.now_us += 1000000;
	}
	lan_end(lan);
}

/* Pinged by hosts nobody knows: they are asked for, a few packets wait, none is lost for good. */
static void echo_from_strangers_is_bounded(void **state)
{
	struct lan *lan = lan_new(1);
	struct ear ear;

	(void)state;
	ear_open(lan, &ear, NULL, 0);
	for (unsigned i = 0; i < 50; i++) {
		struct frame f = icmp(lan, US(0), 8, 0, "abcd", 4);

		wire_put32(f.data + 26, IP4(10, 0, 0, 100 + i));
		ip_sum(&f);
		lan_receive(lan, 0, &f);
		lan_receive(lan, 0, &f);
	}
	assert_true(lan->net.pool.nfree >= PKT_MAX - ARP_CACHE_MAX * ARP_PENDING_MAX);
	lan_pass(lan, 20000000);
	assert_int_equal(lan->net.pool.nfree, PKT_MAX);
	assert_int_equal(lan->m.err.code, 0); /* that they are gone is no failure of ours */
	lan_end(lan);
}

static void bad_messages(void **state)
{
	struct lan *lan = lan_new(1);
	struct frame f;

	(void)state;
	lan_meet(lan, 0);
	f = icmp(lan, US(0), 8, 0, "abcdefgh", 8);
	f.data[45] ^= 1;
	lan_receive(lan, 0, &f);
	assert_int_equal(lan_link(lan, 0)->stats.bad_icmp, 1);
	for (uint32_t n = 0; n < 4; n++) { /* shorter than a header */
		f = icmp(lan, US(0), 8, 0, "abcd", n);
		lan_receive(lan, 0, &f);
		assert_int_equal(lan_link(lan, 0)->stats.bad_icmp, 2 + n);
	}
	f = icmp(lan, US(0), 8, 1, "abcd", 4); /* no such code */
	lan_receive(lan, 0, &f);
	assert_null(lan_take(lan));
	lan_end(lan);
}

/* Hostile.md row 38: everything but echo and unreachable is counted and changes nothing. */
static void other_types_are_ignored(void **state)
{
	static const uint8_t types[] = {
		0, 1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 13, 15, 17, 30, 40, 255};
	struct lan *lan = lan_new(1);
	struct netdev *dev = lan_link(lan, 0);
	struct ipv4_conf before = dev->ip4;
	struct ear ear;
	uint8_t rest[4 + 28] = {10, 0, 0, 66};

	(void)state;
	ear_open(lan, &ear, NULL, 1234);
	rest[4] = 0x45;
	rest[13] = 17;
	wire_put32(rest + 16, US(0));
	wire_put32(rest + 20, PEER(0));
	wire_put16(rest + 24, 1234);
	for (unsigned i = 0; i < sizeof(types); i++) {
		struct frame f = icmp(lan, US(0), types[i], 1, rest, sizeof(rest));

		lan_receive(lan, 0, &f);
		assert_int_equal(dev->stats.rx_ignored, i + 1);
	}
	assert_int_equal(ear.errors, 0);
	assert_memory_equal(&before, &dev->ip4, sizeof(before));
	assert_null(lan_take(lan));
	lan_end(lan);
}

/* An unreachable of `code` that quotes a UDP datagram. */
static struct frame unreachable(
	struct lan *lan, uint8_t code, uint32_t src, uint32_t dst, unsigned sport, unsigned dport)
{
	uint8_t rest[4 + 28] = {0};

	rest[4] = 0x45;
	wire_put16(rest + 6, 1000); /* more than is quoted */
	rest[13] = 17;
	wire_put32(rest + 16, src);
	wire_put32(rest + 20, dst);
	wire_put16(rest + 24, sport);
	wire_put16(rest + 26, dport);
	return icmp(lan, US(0), 3, code, rest, sizeof(rest));
}

static void unreachable_reaches_the_socket(void **state)
{
	struct lan *lan = lan_new(1);
	struct ear ear, other;
	unsigned n = 0;

	(void)state;
	ear_open(lan, &ear, NULL, 1234);
	ear_open(lan, &other, NULL, 1235);
	for (uint8_t code = 0; code < 16; code++) {
		struct frame f = unreachable(lan, code, US(0), IP4(192, 0, 2, 1), 1234, 69);

		lan_receive(lan, 0, &f);
		n += code != 4;
		assert_int_equal(ear.errors, n);
	}
	assert_int_equal(ear.err, ERR_UNREACHABLE);
	assert_int_equal(ip4_u32(&ear.err_dst), IP4(192, 0, 2, 1));
	assert_int_equal(ear.err_port, 69);
	assert_int_equal(other.errors, 0);
	lan_end(lan);
}

static void unreachable_for_others_is_not_believed(void **state)
{
	struct lan *lan = lan_new(2);
	struct ear other_link, any, deaf;
	struct frame f;

	(void)state;
	ear_open(lan, &other_link, lan_link(lan, 1), 1234);
	ear_open(lan, &any, NULL, 1235);
	ear_open(lan, &deaf, NULL, 1236);
	deaf.s.error = NULL;
	f = unreachable(lan, 3, US(0), PEER(0), 1234, 69);
	lan_receive(lan, 0, &f);
	f = unreachable(lan, 3, US(1), PEER(0), 1235, 69); /* came by the wrong link */
	lan_receive(lan, 0, &f);
	f = unreachable(lan, 3, IP4(10, 0, 0, 3), PEER(0), 1235, 69); /* not sent by us */
	lan_receive(lan, 0, &f);
	f = unreachable(lan, 3, US(0), PEER(0), 1235, 69);
	f.data[42 + 9] = 132; /* quotes what we do not speak */
	wire_put16(f.data + 36, 0);
	wire_put16(f.data + 36, wire_fold(wire_sum(0, f.data + 34, 8 + 28)));
	lan_receive(lan, 0, &f);
	assert_int_equal(lan_link(lan, 0)->stats.no_port, 3);
	f = unreachable(lan, 3, US(0), PEER(0), 1237, 69); /* no such port */
	lan_receive(lan, 0, &f);
	f = unreachable(lan, 3, US(0), PEER(0), 1236, 69); /* a socket that does not care */
	lan_receive(lan, 0, &f);
	assert_int_equal(other_link.errors + any.errors + deaf.errors, 0);
	assert_int_equal(lan_link(lan, 0)->stats.bad_icmp, 0);
	lan_end(lan);
}

/* A quote cut at every length: RFC 792 promises 8 bytes behind the header. */
static void cut_quotes(void **state)
{
	struct lan *lan = lan_new(1);
	struct ear ear;

	(void)state;
	ear_open(lan, &ear, NULL, 1234);
	for (uint32_t n = 0; n <= 28; n++) {
		struct frame f = unreachable(lan, 3, US(0), PEER(0), 1234, 69);
		unsigned errors = ear.errors;

		f.len = 14 + 20 + 8 + n;
		wire_put16(f.data + 16, 20 + 8 + n);
		wire_put16(f.data + 36, 0);
		wire_put16(f.data + 36, wire_fold(wire_sum(0, f.data + 34, 8 + n)));
		ip_sum(&f);
		lan_receive(lan, 0, &f);
		assert_int_equal(ear.errors - errors, n >= 28);
	}
	assert_int_equal(lan_link(lan, 0)->stats.bad_icmp, 28);
	lan_end(lan);
}

static void close_on_error(
	struct udp_sock *s, int err, const struct ip_addr *dst, uint16_t dst_port)
{
	struct ear *ear = s->ctx;

	(void)dst;
	(void)dst_port;
	ear->err = err;
	ear->errors++;
	udp_close(lan_of(s->dev)->m.net, s);
}

static void socket_may_close_when_told(void **state)
{
	struct lan *lan = lan_new(1);
	struct frame f = unreachable(lan, 3, US(0), PEER(0), 1234, 69);
	struct ear ear;

	(void)state;
	ear_open(lan, &ear, lan_link(lan, 0), 1234);
	ear.s.error = close_on_error;
	lan_receive(lan, 0, &f);
	lan_receive(lan, 0, &f);
	assert_int_equal(ear.errors, 1);
	lan_end(lan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(echo),
		cmocka_unit_test(largest_echo),
		cmocka_unit_test(echo_not_for_broadcast),
		cmocka_unit_test(echo_is_rate_limited),
		cmocka_unit_test(echo_from_strangers_is_bounded),
		cmocka_unit_test(bad_messages),
		cmocka_unit_test(other_types_are_ignored),
		cmocka_unit_test(unreachable_reaches_the_socket),
		cmocka_unit_test(unreachable_for_others_is_not_believed),
		cmocka_unit_test(cut_quotes),
		cmocka_unit_test(socket_may_close_when_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
