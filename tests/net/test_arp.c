/* SPDX-License-Identifier: BSD-2-Clause */
/* net/arp.c: RFC 826, RFC 5227, and what is believed. */
#include "tests/net/lan.h"

static const struct mac nobody = {{0}};

static struct arp reply_from_peer(struct lan *lan, unsigned link)
{
	return (struct arp){.op = 2,
		.sha = peer_mac,
		.spa = PEER(link),
		.tha = lan_link(lan, link)->mac,
		.tpa = US(link)};
}

static void put_arp(struct lan *lan, unsigned link, const struct arp *a)
{
	struct frame f = frame_arp(a->op == 2 ? &lan_link(lan, link)->mac : &mac_broadcast, a);

	lan_receive(lan, link, &f);
}

/* The next frame sent asks for `ip`. */
static void assert_asks(struct lan *lan, uint32_t ip)
{
	const struct frame *f = lan_take(lan);
	struct arp a;

	assert_true(frame_is_arp(f, &a));
	assert_memory_equal(f->data, mac_broadcast.b, 6);
	assert_int_equal(a.op, 1);
	assert_int_equal(a.tpa, ip);
	assert_memory_equal(a.sha.b, f->data + 6, 6);
	assert_memory_equal(a.tha.b, nobody.b, 6);
}

/* The next frame sent is a datagram with that text to that MAC. */
static void assert_says(struct lan *lan, const struct mac *mac, const char *text)
{
	const struct frame *f = lan_take(lan);

	assert_non_null(f);
	assert_memory_equal(f->data, mac->b, 6);
	assert_int_equal(wire_get16(f->data + 12), 0x0800);
	assert_memory_equal(f->data + 42, text, strlen(text));
}

static void question_and_answer(void **state)
{
	struct lan *lan = lan_new(1);
	struct arp a = reply_from_peer(lan, 0);
	struct ear ear;

	(void)state;
	ear_open(lan, &ear, NULL, 0);
	assert_int_equal(ear_say(lan, &ear, PEER(0), 69, "one"), 0);
	assert_int_equal(ear_say(lan, &ear, PEER(0), 69, "two"), 0);
	assert_asks(lan, PEER(0));
	assert_null(lan_take(lan));
	put_arp(lan, 0, &a);
	assert_says(lan, &peer_mac, "one");
	assert_says(lan, &peer_mac, "two");
	ear_say(lan, &ear, PEER(0), 69, "three");
	assert_says(lan, &peer_mac, "three");
	assert_null(lan_take(lan));
	lan_end(lan);
}

static void latest_packets_are_kept(void **state)
{
	struct lan *lan = lan_new(1);
	struct arp a = reply_from_peer(lan, 0);
	struct ear ear;

	(void)state;
	ear_open(lan, &ear, NULL, 0);
	ear_say(lan, &ear, PEER(0), 69, "one");
	ear_say(lan, &ear, PEER(0), 69, "two");
	ear_say(lan, &ear, PEER(0), 69, "three");
	assert_asks(lan, PEER(0));
	put_arp(lan, 0, &a);
	assert_says(lan, &peer_mac, "two");
	assert_says(lan, &peer_mac, "three");
	assert_null(lan_take(lan));
	lan_end(lan);
}

/*
 * 250 ms, doubling up to a second, a quarter either way, nine times; then the sockets are told and
 * the operator too.
 */
static void silence_is_an_error(void **state)
{
	struct lan *lan = lan_new(1);
	uint64_t last, wait = ARP_RETRY_US;
	struct ear ear;

	(void)state;
	ear_open(lan, &ear, NULL, 0);
	ear_say(lan, &ear, PEER(0), 69, "one");
	ear_say(lan, &ear, PEER(0), 70, "two");
	assert_asks(lan, PEER(0));
	last = lan->fake.now_us;
	for (unsigned i = 1; i < ARP_TRIES; i++) {
		while (lan->taken == lan->nout) {
			uint64_t next = lan_turn(lan);

			if (lan->taken == lan->nout) {
				assert_true(
					next > lan->fake.now_us && next - last <= wait + wait / 4);
				lan->fake.now_us = next;
			}
		}
		assert_true(lan->fake.now_us - last >= wait - wait / 4);
		last = lan->fake.now_us;
		assert_asks(lan, PEER(0));
		assert_int_equal(ear.errors, 0);
		wait = wait < ARP_RETRY_MAX_US ? wait * 2 : wait;
	}
	lan_pass(lan, wait + wait / 4 + 1);
	assert_null(lan_take(lan));
	assert_int_equal(ear.errors, 2);
	assert_int_equal(ear.err, ERR_ARP_TIMEOUT);
	assert_int_equal(ip4_u32(&ear.err_dst), PEER(0));
	assert_int_equal(ear.err_port, 70);
	assert_int_equal(lan->m.err.code, ERR_ARP_TIMEOUT);
	assert_non_null(strstr(lan->m.err.detail, "net0: 10.0.0.9"));
	ear_say(lan, &ear, PEER(0), 69, "again"); /* a new question, not a remembered failure */
	assert_asks(lan, PEER(0));
	lan_end(lan);
}

static void say_again(struct udp_sock *s, int err, const struct ip_addr *dst, uint16_t dst_port)
{
	struct ear *ear = s->ctx;
	struct lan *lan = lan_of(s->dev);

	ear->errors++;
	ear->err = err;
	ear_say(lan, ear, ip4_u32(dst), dst_port, "again");
}

static void told_socket_may_send_again(void **state)
{
	struct lan *lan = lan_new(1);
	struct arp a = reply_from_peer(lan, 0);
	struct ear ear;

	(void)state;
	ear_open(lan, &ear, lan_link(lan, 0), 0);
	ear.s.error = say_again;
	ear_say(lan, &ear, PEER(0), 69, "one");
	lan_pass(lan, 10000000);
	assert_int_equal(ear.errors, 1);
	put_arp(lan, 0, &a);
	lan->taken = lan->nout - 1;
	assert_says(lan, &peer_mac, "again");
	lan_end(lan);
}

static void unasked_answers_make_no_entry(void **state)
{
	struct lan *lan = lan_new(1);
	struct arp a = reply_from_peer(lan, 0);
	struct ear ear;

	(void)state;
	ear_open(lan, &ear, NULL, 0);
	put_arp(lan, 0, &a);
	a = (struct arp){.op = 1, .sha = peer_mac, .spa = PEER(0), .tpa = PEER(0)}; /* gratuitous */
	put_arp(lan, 0, &a);
	a.tpa = US(0); /* a question to us is answered, not learned from */
	put_arp(lan, 0, &a);
	assert_non_null(lan_take(lan));
	ear_say(lan, &ear, PEER(0), 69, "one");
	assert_asks(lan, PEER(0));
	lan_end(lan);
}

/* A forged claim costs one question; the real host's answer is what counts. */
static void other_mac_is_asked_about(void **state)
{
	struct lan *lan = lan_new(1);
	struct arp real = reply_from_peer(lan, 0), forged = real;
	struct ear ear;

	(void)state;
	forged.sha = other_mac;
	lan_meet(lan, 0);
	ear_open(lan, &ear, NULL, 0);
	put_arp(lan, 0, &forged); /* just confirmed: not even doubted */
	assert_null(lan_take(lan));
	ear_say(lan, &ear, PEER(0), 69, "one");
	assert_says(lan, &peer_mac, "one");
	lan->fake.now_us += ARP_DOUBT_US;
	put_arp(lan, 0, &forged);
	assert_asks(lan, PEER(0));
	ear_say(lan, &ear, PEER(0), 69, "two");
	assert_null(lan_take(lan)); /* waits for the truth */
	put_arp(lan, 0, &real);
	assert_says(lan, &peer_mac, "two");
	put_arp(lan, 0, &forged);
	ear_say(lan, &ear, PEER(0), 69, "three");
	assert_says(lan, &peer_mac, "three");
	assert_null(lan_take(lan));
	lan_end(lan);
}

static void server_that_moves_is_followed(void **state)
{
	struct lan *lan = lan_new(1);
	struct arp moved = {.op = 1, .sha = other_mac, .spa = PEER(0), .tpa = PEER(0)};
	struct ear ear;

	(void)state;
	lan_meet(lan, 0);
	ear_open(lan, &ear, NULL, 0);
	lan->fake.now_us += ARP_DOUBT_US;
	put_arp(lan, 0, &moved);
	assert_asks(lan, PEER(0));
	moved = reply_from_peer(lan, 0);
	moved.sha = other_mac;
	put_arp(lan, 0, &moved);
	ear_say(lan, &ear, PEER(0), 69, "one");
	assert_says(lan, &other_mac, "one");
	lan_end(lan);
}

static void entries_expire_unless_confirmed(void **state)
{
	struct lan *lan = lan_new(1);
	struct arp a = {.op = 1, .sha = peer_mac, .spa = PEER(0), .tpa = IP4(10, 0, 0, 77)};
	struct ear ear;

	(void)state;
	lan_meet(lan, 0);
	ear_open(lan, &ear, NULL, 0);
	lan_pass(lan, ARP_EXPIRE_US - 1000000);
	put_arp(lan, 0, &a); /* the neighbour asks for somebody: it is still there */
	lan_pass(lan, ARP_EXPIRE_US - 1000000);
	ear_say(lan, &ear, PEER(0), 69, "one");
	assert_says(lan, &peer_mac, "one");
	lan_pass(lan, 1000000);
	ear_say(lan, &ear, PEER(0), 69, "two"); /* that we sent confirms nothing */
	ear_say(lan, &ear, PEER(0), 69, "three");
	assert_asks(lan, PEER(0));
	a = reply_from_peer(lan, 0);
	put_arp(lan, 0, &a);
	assert_says(lan, &peer_mac, "two");
	assert_says(lan, &peer_mac, "three");
	lan_pass(lan, ARP_EXPIRE_US);
	ear_say(lan, &ear, PEER(0), 69, "four"); /* once more, and now it is gone */
	ear_say(lan, &ear, PEER(0), 69, "five");
	lan_pass(lan, 20000000);
	for (unsigned i = 0; i < ARP_TRIES; i++)
		assert_asks(lan, PEER(0));
	assert_null(lan_take(lan));
	assert_int_equal(ear.errors, 2);
	lan_end(lan);
}

/* The ninth neighbour takes the place of the one longest unused. */
static void longest_unused_gives_way(void **state)
{
	struct lan *lan = lan_new(1);
	struct ear ear;

	(void)state;
	ear_open(lan, &ear, NULL, 0);
	for (unsigned i = 0; i <= ARP_CACHE_MAX; i++) {
		struct arp a = reply_from_peer(lan, 0);

		a.spa = IP4(10, 0, 0, 100 + i);
		lan->fake.now_us += 1000;
		lan_turn(lan);
		if (i == ARP_CACHE_MAX) /* use the oldest: the second is now the longest unused */
			ear_say(lan, &ear, IP4(10, 0, 0, 100), 69, "x");
		lan->fake.now_us += 1000;
		lan_turn(lan);
		ear_say(lan, &ear, a.spa, 69, "x");
		put_arp(lan, 0, &a);
	}
	lan->taken = lan->nout;
	ear_say(lan, &ear, IP4(10, 0, 0, 100), 69, "one");
	assert_says(lan, &peer_mac, "one");
	ear_say(lan, &ear, IP4(10, 0, 0, 102), 69, "two");
	assert_says(lan, &peer_mac, "two");
	ear_say(lan, &ear, IP4(10, 0, 0, 101), 69, "three");
	assert_asks(lan, IP4(10, 0, 0, 101));
	lan_end(lan);
}

/* What waits for a neighbour that gives way goes nowhere, least of all to the one that comes. */
static void waiting_packets_go_with_their_neighbour(void **state)
{
	struct lan *lan = lan_new(1);
	struct arp a = reply_from_peer(lan, 0);
	struct ear ear;

	(void)state;
	ear_open(lan, &ear, NULL, 0);
	for (unsigned i = 0; i <= ARP_CACHE_MAX; i++) {
		lan->fake.now_us += 1000;
		lan_turn(lan);
		ear_say(lan, &ear, IP4(10, 0, 0, 100 + i), 69, i ? "new" : "old");
	}
	lan->taken = lan->nout;
	a.spa = IP4(10, 0, 0, 100 + ARP_CACHE_MAX); /* has the place of .100 */
	put_arp(lan, 0, &a);
	assert_says(lan, &peer_mac, "new");
	a.spa = IP4(10, 0, 0, 101); /* used later than .100, so it stayed */
	put_arp(lan, 0, &a);
	assert_says(lan, &peer_mac, "new");
	a.spa = IP4(10, 0, 0, 100);
	put_arp(lan, 0, &a);
	assert_null(lan_take(lan));
	lan_end(lan);
}

static void assert_answers(struct lan *lan, uint32_t ip, const struct mac *to, uint32_t to_ip)
{
	const struct frame *f = lan_take(lan);
	struct arp a;

	assert_true(frame_is_arp(f, &a));
	assert_memory_equal(f->data, to->b, 6);
	assert_int_equal(a.op, 2);
	assert_int_equal(a.spa, ip);
	assert_memory_equal(a.sha.b, f->data + 6, 6);
	assert_memory_equal(a.tha.b, to->b, 6);
	assert_int_equal(a.tpa, to_ip);
	assert_null(lan_take(lan));
}

static void questions_for_us_are_answered(void **state)
{
	struct lan *lan = lan_new(1);
	struct arp a = {.op = 1, .sha = peer_mac, .spa = PEER(0), .tpa = US(0)};

	(void)state;
	put_arp(lan, 0, &a);
	assert_answers(lan, US(0), &peer_mac, PEER(0));
	a.spa = 0; /* a probe, RFC 5227 2.1.1 */
	put_arp(lan, 0, &a);
	assert_answers(lan, US(0), &peer_mac, 0);
	assert_int_equal(lan_link(lan, 0)->arp.conflicts, 0);
	a.tpa = IP4(10, 0, 0, 3);
	put_arp(lan, 0, &a);
	a.tpa = US(0);
	a.op = 2;
	put_arp(lan, 0, &a);
	lan_link(lan, 0)->ip4.addr.family = IP_NONE;
	a.op = 1;
	put_arp(lan, 0, &a);
	a.tpa = 0;
	put_arp(lan, 0, &a);
	assert_null(lan_take(lan));
	lan_end(lan);
}

/* Two links on one net: each answers for its own address alone. */
static void links_answer_for_themselves(void **state)
{
	struct lan *lan = lan_new(2);
	struct arp a = {.op = 1, .sha = peer_mac, .spa = PEER(0), .tpa = US(0)};

	(void)state;
	lan_link(lan, 1)->ip4.addr = ip4_of(IP4(10, 0, 0, 3));
	put_arp(lan, 1, &a);
	assert_null(lan_take(lan));
	a.tpa = IP4(10, 0, 0, 3);
	put_arp(lan, 0, &a);
	assert_null(lan_take(lan));
	put_arp(lan, 1, &a);
	assert_int_equal(lan->out[0].link, 1);
	assert_answers(lan, IP4(10, 0, 0, 3), &peer_mac, PEER(0));
	lan_end(lan);
}

static void announcement(void **state)
{
	struct lan *lan = lan_new(1);
	struct netdev *dev = lan_link(lan, 0);
	struct arp a;

	(void)state;
	arp_announce(dev);
	assert_true(frame_is_arp(lan_take(lan), &a));
	assert_int_equal(a.op, 1);
	assert_int_equal(a.spa, US(0));
	assert_int_equal(a.tpa, US(0));
	assert_memory_equal(a.sha.b, dev->mac.b, 6);
	dev->ip4.addr.family = IP_NONE;
	arp_announce(dev);
	assert_null(lan_take(lan));
	lan_end(lan);
}

static unsigned lines_with(struct lan *lan, const char *text)
{
	const char *at = lan->m.log.ring;
	unsigned n = 0;

	while ((at = strstr(at, text))) {
		at++;
		n++;
	}
	return n;
}

static void conflict_is_counted_and_logged_once(void **state)
{
	struct lan *lan = lan_new(1);
	struct netdev *dev = lan_link(lan, 0);
	struct arp a = {.op = 1, .sha = other_mac, .spa = US(0), .tpa = US(0)};

	(void)state;
	put_arp(lan, 0, &a);
	a.op = 2;
	put_arp(lan, 0, &a);
	a.tpa = PEER(0);
	put_arp(lan, 0, &a);
	assert_int_equal(dev->arp.conflicts, 3);
	assert_true(mac_eq(&dev->arp.conflict_mac, &other_mac));
	assert_int_equal(lines_with(lan, "E2005 another machine answers for our address: 10.0.0.2 "
					 "is at 52:54:00:00:00:0a"),
		1);
	assert_null(lan_take(lan));
	lan_end(lan);
}

static void probe_finds_the_owner(void **state)
{
	struct lan *lan = lan_new(1);
	struct netdev *dev = lan_link(lan, 0);
	struct ip_addr wish = ip4_of(IP4(10, 0, 0, 50));
	struct arp a;

	(void)state;
	dev->ip4.addr.family = IP_NONE;
	arp_probe(dev, &wish);
	assert_true(frame_is_arp(lan_take(lan), &a));
	assert_int_equal(a.op, 1);
	assert_int_equal(a.spa, 0);
	assert_int_equal(a.tpa, IP4(10, 0, 0, 50));
	a = (struct arp){.op = 2, .sha = other_mac, .spa = IP4(10, 0, 0, 51), .tha = dev->mac};
	put_arp(lan, 0, &a);
	a.spa = 0; /* an answer from nobody */
	a.tpa = IP4(10, 0, 0, 50);
	put_arp(lan, 0, &a);
	a = (struct arp){.op = 1, .sha = other_mac, .spa = PEER(0), .tpa = IP4(10, 0, 0, 50)};
	put_arp(lan, 0, &a); /* somebody asks for it, as we do */
	assert_int_equal(dev->arp.conflicts, 0);
	a = (struct arp){.op = 2, .sha = other_mac, .tha = dev->mac};
	a.spa = IP4(10, 0, 0, 50);
	put_arp(lan, 0, &a);
	assert_int_equal(dev->arp.conflicts, 1);
	a = (struct arp){.op = 1, .sha = other_mac, .tpa = IP4(10, 0, 0, 50)}; /* probes it too */
	put_arp(lan, 0, &a);
	assert_int_equal(dev->arp.conflicts, 2);
	arp_probe(dev, &wish); /* once more: keeps the count */
	assert_int_equal(dev->arp.conflicts, 2);
	wish = ip4_of(IP4(10, 0, 0, 52));
	arp_probe(dev, &wish);
	assert_int_equal(dev->arp.conflicts, 0);
	dev->ip4.addr = wish;
	arp_announce(dev); /* ours now: others' probes for it are answered */
	lan->taken = lan->nout;
	a.tpa = IP4(10, 0, 0, 52);
	put_arp(lan, 0, &a);
	assert_int_equal(dev->arp.conflicts, 0);
	assert_answers(lan, IP4(10, 0, 0, 52), &other_mac, 0);
	lan_end(lan);
}

/* Each field of a good question that is wrong makes it bad; it is then counted and not answered. */
static void malformed_is_dropped(void **state)
{
	static const struct {
		unsigned at;
		uint8_t value;
	} wrong[] = {{14, 1}, {15, 6}, {16, 0x86}, {17, 1}, {18, 7}, {18, 0}, {19, 5}, {19, 16},
		{20, 1}, {21, 0}, {21, 3}, {22, 0x53}, {28, 127}, {28, 224}, {28, 255}};
	struct lan *lan = lan_new(1);
	struct arp a = {.op = 1, .sha = peer_mac, .spa = PEER(0), .tpa = US(0)};

	(void)state;
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct frame f = frame_arp(&mac_broadcast, &a);

		f.data[wrong[i].at] = wrong[i].value;
		lan_receive(lan, 0, &f);
		assert_int_equal(lan_link(lan, 0)->stats.bad_arp, i + 1);
		assert_null(lan_take(lan));
	}
	lan_end(lan);
}

static void our_own_arp_is_ignored(void **state)
{
	struct lan *lan = lan_new(1);
	struct arp a = {.op = 1, .sha = lan_link(lan, 0)->mac, .spa = US(0), .tpa = US(0)};
	struct frame f = frame_arp(&mac_broadcast, &a);

	(void)state;
	memcpy(f.data + 6, other_mac.b, 6); /* as a proxy may send it */
	lan_receive(lan, 0, &f);
	assert_int_equal(lan_link(lan, 0)->arp.conflicts, 0);
	assert_int_equal(lan_link(lan, 0)->stats.rx_ignored, 1);
	lan_end(lan);
}

static void flush_frees_what_waits(void **state)
{
	struct lan *lan = lan_new(1);
	unsigned before = lan->net.pool.nfree;
	struct ear ear;

	(void)state;
	ear_open(lan, &ear, NULL, 0);
	for (unsigned i = 0; i < ARP_CACHE_MAX + 3; i++) {
		for (unsigned k = 0; k < ARP_PENDING_MAX + 2; k++)
			ear_say(lan, &ear, IP4(10, 0, 0, 100 + i), 69, "x");
	}
	assert_int_equal(lan->net.pool.nfree, before - ARP_CACHE_MAX * ARP_PENDING_MAX);
	arp_flush(lan_link(lan, 0));
	assert_int_equal(lan->net.pool.nfree, before);
	assert_int_equal(ear.errors, 0);
	lan_end(lan);
}

/* Who gets no answer asks again; until somebody says otherwise, packets go where they went. */
static void doubt_asks_and_follows(void **state)
{
	static const struct mac moved = {{2, 9, 9, 9, 9, 9}};
	struct lan *lan = lan_new(1);
	struct arp a = reply_from_peer(lan, 0);
	struct ip_addr peer = ip4_of(PEER(0)), far = ip4_of(IP4(192, 168, 0, 1));
	struct ear ear;

	(void)state;
	ear_open(lan, &ear, NULL, 0);
	arp_doubt(lan_link(lan, 0), &peer);
	assert_null(lan_take(lan)); /* nobody was known */
	ear_say(lan, &ear, PEER(0), 69, "one");
	assert_asks(lan, PEER(0));
	put_arp(lan, 0, &a);
	assert_says(lan, &peer_mac, "one");
	ipv4_doubt(lan_link(lan, 0), &peer);
	assert_null(lan_take(lan)); /* was asked just now */
	lan_pass(lan, ARP_DOUBT_US);
	ipv4_doubt(lan_link(lan, 0), &peer);
	assert_asks(lan, PEER(0));
	ear_say(lan, &ear, PEER(0), 69, "two");
	assert_says(lan, &peer_mac, "two");
	a.sha = moved;
	put_arp(lan, 0, &a);
	ear_say(lan, &ear, PEER(0), 69, "three");
	assert_says(lan, &moved, "three");
	lan_pass(lan, ARP_DOUBT_US);
	ipv4_doubt(lan_link(lan, 0), &far); /* the gateway, which nobody has used */
	assert_null(lan_take(lan));
	assert_int_equal(ear.errors, 0);
	lan_end(lan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(question_and_answer),
		cmocka_unit_test(latest_packets_are_kept),
		cmocka_unit_test(silence_is_an_error),
		cmocka_unit_test(told_socket_may_send_again),
		cmocka_unit_test(unasked_answers_make_no_entry),
		cmocka_unit_test(other_mac_is_asked_about),
		cmocka_unit_test(server_that_moves_is_followed),
		cmocka_unit_test(doubt_asks_and_follows),
		cmocka_unit_test(entries_expire_unless_confirmed),
		cmocka_unit_test(longest_unused_gives_way),
		cmocka_unit_test(waiting_packets_go_with_their_neighbour),
		cmocka_unit_test(questions_for_us_are_answered),
		cmocka_unit_test(links_answer_for_themselves),
		cmocka_unit_test(announcement),
		cmocka_unit_test(conflict_is_counted_and_logged_once),
		cmocka_unit_test(probe_finds_the_owner),
		cmocka_unit_test(malformed_is_dropped),
		cmocka_unit_test(our_own_arp_is_ignored),
		cmocka_unit_test(flush_frees_what_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
