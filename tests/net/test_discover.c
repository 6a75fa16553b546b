/* SPDX-License-Identifier: BSD-2-Clause */
/* Discovery over several links: who wins, what is waited for, and what is said when nobody does. */
#include "tests/net/server.h"

static void start(struct lan *lan, uint32_t mask)
{
	assert_int_equal(discover_start(&lan->net, mask), 0);
}

static enum discover_state state_of(struct lan *lan)
{
	return lan->net.discover.state;
}

static unsigned winner(struct lan *lan)
{
	assert_int_equal(state_of(lan), DISCOVER_DONE);
	assert_ptr_equal(lan->net.discover.winner, lan->net.boot_dev);
	return lan->net.boot_dev->index;
}

/* A link that answers: after delay_us the offer, at once the ACK. */
struct server {
	bool on, pxe;
	uint64_t delay_us;
	const char *file;
};

/*
 * Lets the servers answer for up to us or until discovery has ended; returns how long that took.
 * The first DISCOVER of each link counts.
 */
static uint64_t serve(struct lan *lan, const struct server *server, uint64_t us)
{
	uint64_t begin = lan->fake.now_us, due[LAN_LINKS] = {0};
	struct answer offer[LAN_LINKS];
	struct sent s;

	while (lan->fake.now_us < begin + us && state_of(lan) == DISCOVER_RUNNING) {
		while (server_next(lan, &s)) {
			const struct server *sv = &server[s.link];
			struct answer a =
				answer_to(&s, sent_type(&s) == DHCPREQUEST ? DHCPACK : DHCPOFFER,
					SERVER(s.link), LEASE(s.link), sv->file);

			if (sv->pxe)
				answer_text(&a, 60, "PXEClient");
			if (!sv->on)
				continue;
			if (sent_type(&s) == DHCPREQUEST) {
				answer_send(lan, &a, 67);
			} else if (!due[s.link]) {
				offer[s.link] = a;
				due[s.link] = lan->fake.now_us + sv->delay_us + 1;
			}
		}
		for (unsigned i = 0; i < LAN_LINKS; i++) {
			if (due[i] && due[i] <= lan->fake.now_us && offer[i].n) {
				answer_send(lan, &offer[i], 67);
				offer[i].n = 0;
			}
		}
		lan_turn(lan);
		lan->fake.now_us += MS / 2;
	}
	return lan->fake.now_us - begin;
}

/* One link that is up from the start: DISCOVER in the first turn, and the grace is all that is
 * waited for. */
static void test_at_once(void **state)
{
	struct lan *lan = server_lan(1);
	struct server sv[] = {{true, false, 0, "x"}};
	struct sent s;

	(void)state;
	start(lan, 0);
	lan_turn(lan);
	assert_int_equal(lan->nout, 1);
	assert_in_range(serve(lan, sv, 10 * S), 200 * MS, 210 * MS);
	assert_int_equal(winner(lan), 0);
	lan_end(lan);

	lan = server_lan(1);
	sv[0].pxe = true;
	start(lan, 0);
	assert_true(serve(lan, sv, 10 * S) <= 10 * MS);
	assert_int_equal(winner(lan), 0);
	assert_false(server_next(lan, &s) && sent_type(&s));
	lan_end(lan);
}

/* Only the last of eight has a server; the others are up and hear nothing. */
static void test_only_last(void **state)
{
	struct lan *lan = server_lan(8);
	struct server sv[8] = {[7] = {true, false, 5 * MS, "x"}};

	(void)state;
	start(lan, 0);
	assert_in_range(serve(lan, sv, 10 * S), 200 * MS, 220 * MS);
	assert_int_equal(winner(lan), 7);
	for (unsigned i = 0; i < 7; i++)
		assert_int_equal(lan->net.dhcp[i].state, DHCP_IDLE);
	server_quiet(lan, 60 * S); /* those who lost keep silent */
	lan_end(lan);
}

/* Rank before time, time between equals. */
static void test_choice(void **state)
{
	static const struct {
		struct server sv[3];
		unsigned winner;
		unsigned min_ms, max_ms;
	} row[] = {
		/* equal: the faster; the other one's grace is not waited for */
		{{{true, false, 30 * MS, "a"}, {true, false, 3 * MS, "b"}, {false}}, 1, 200, 215},
		/* PXE beats a file that came before, and ends the wait for that link only */
		{{{true, false, 0, "a"}, {true, true, 100 * MS, "b"}, {false}}, 1, 200, 215},
		/* a file beats a lease */
		{{{true, false, 0, NULL}, {true, false, 100 * MS, "b"}, {false}}, 1, 300, 315},
		/* all that are up are certain: no wait */
		{{{true, true, 0, "a"}, {true, true, 20 * MS, "b"}, {true, true, 10 * MS, "c"}}, 0,
			20, 35},
		/* leases alone: a second, and the fastest */
		{{{true, false, 50 * MS, NULL}, {true, false, 20 * MS, NULL}, {false}}, 1, 1015,
			1065},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct lan *lan = server_lan(3);
		uint64_t us;

		start(lan, 0);
		us = serve(lan, row[i].sv, 10 * S);
		if (winner(lan) != row[i].winner)
			fail_msg("row %zu: net%u won", i, winner(lan));
		if (us < row[i].min_ms * MS || us > row[i].max_ms * MS)
			fail_msg("row %zu: %u ms", i, (unsigned)(us / MS));
		lan_end(lan);
	}
}

/* A better offer that is being requested when the grace of the first ends. */
static void test_late_better(void **state)
{
	struct lan *lan = server_lan(2);
	struct server sv[] = {{true, false, 0, "a"}, {true, true, 199 * MS, "b"}};

	(void)state;
	start(lan, 0);
	serve(lan, sv, 10 * S);
	assert_int_equal(winner(lan), 1);
	lan_end(lan);
}

static void link_set(struct lan *lan, unsigned i, bool up)
{
	netdev_link(lan_link(lan, i), up);
	lan_turn(lan);
}

/* Links that are down hold nothing up; one that comes up joins in with no more than the poll's
 * delay. */
static void test_link_down(void **state)
{
	struct lan *lan = server_lan(2);
	struct server sv[] = {{true, true, 0, "a"}, {true, true, 0, "b"}};
	struct sent s;

	(void)state;
	start(lan, 0);
	netdev_link(lan_link(lan, 1), false);
	serve(lan, sv, 10 * S);
	assert_int_equal(winner(lan), 0);
	lan_end(lan);

	lan = server_lan(2);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(netdev_open(lan_link(lan, i)), 0);
	link_set(lan, 0, false);
	link_set(lan, 1, false);
	lan->nout = lan->taken = 0;
	start(lan, 0);
	server_quiet(lan, 3 * S);
	netdev_link(lan_link(lan, 1), true);
	assert_true(server_wait(lan, &s, 15 * MS));
	assert_int_equal(sent_type(&s), DHCPDISCOVER);
	assert_int_equal(s.link, 1);
	lan->taken--;
	serve(lan, sv, S);
	assert_int_equal(winner(lan), 1);
	lan_end(lan);
}

/* A link that goes down and up again begins anew at once. */
static void test_flap(void **state)
{
	struct lan *lan = server_lan(1);
	struct sent s;
	uint32_t xid;

	(void)state;
	start(lan, 0);
	s = server_expect(lan, DHCPDISCOVER, 0);
	xid = wire_get32(s.data + 4);
	link_set(lan, 0, false);
	server_quiet(lan, 5 * S);
	link_set(lan, 0, true);
	s = server_expect(lan, DHCPDISCOVER, 20 * MS);
	assert_int_not_equal(wire_get32(s.data + 4), xid);
	lan_end(lan);
}

/* Nothing works: one error in finite time that has a word about each link. */
static void test_failure(void **state)
{
	struct lan *lan = server_lan(3);
	struct server none[LAN_LINKS] = {{false, false, 0, NULL}};
	uint64_t us;

	(void)state;
	start(lan, 0);
	netdev_link(lan_link(lan, 2), false);
	us = serve(lan, none, 200 * S);
	assert_int_equal(state_of(lan), DISCOVER_FAILED);
	assert_in_range(us, 20 * S, 45 * S);
	assert_int_equal(lan->net.discover.result, -ERR_DHCP_NO_OFFER);
	assert_int_equal(lan->m.err.code, ERR_DHCP_NO_OFFER);
	assert_string_equal(lan->m.err.detail,
		"net0 no answer to 6 messages, net1 no answer to 6 messages, net2 link down");
	lan_end(lan);

	lan = server_lan(1);
	assert_int_equal(netdev_open(lan_link(lan, 0)), 0);
	link_set(lan, 0, false);
	start(lan, 0);
	us = serve(lan, none, 200 * S);
	assert_in_range(us, 10 * S, 10 * S + 50 * MS);
	assert_int_equal(lan->net.discover.result, -ERR_LINK_DOWN);
	lan_end(lan);

	lan = server_lan(2); /* the device does not open */
	lan->open_result = -ERR_NETDEV_OPEN;
	start(lan, 0);
	us = serve(lan, none, 200 * S);
	assert_true(us < 50 * MS);
	assert_int_equal(state_of(lan), DISCOVER_FAILED);
	assert_int_equal(lan->net.discover.result, -ERR_LINK_DOWN);
	assert_non_null(strstr(lan->m.err.detail, "net0"));
	lan_end(lan);

	lan = server_lan(0);
	assert_int_equal(discover_start(&lan->net, 0), -ERR_NO_NETDEV);
	lan_end(lan);
}

/* Only the links asked for, and nothing after cancel. */
static void test_mask_and_cancel(void **state)
{
	struct lan *lan = server_lan(3);
	struct sent s;

	(void)state;
	start(lan, 2);
	assert_true(server_wait(lan, &s, MS));
	assert_int_equal(s.link, 1);
	server_quiet(lan, 500 * MS);
	assert_false(lan_link(lan, 0)->is_open);
	discover_cancel(&lan->net);
	server_quiet(lan, 60 * S);
	assert_int_equal(state_of(lan), DISCOVER_IDLE);
	lan_end(lan);
}

/* When the boot link has brought its first byte, the other leases go back. */
static void test_settle(void **state)
{
	struct lan *lan = server_lan(3);
	struct server sv[] = {
		{true, true, 5 * MS, "a"}, {true, true, 0, "b"}, {true, true, 9 * MS, "c"}};
	unsigned released = 0;
	struct fetch f;
	struct sent s;

	(void)state;
	start(lan, 0);
	serve(lan, sv, S);
	assert_int_equal(winner(lan), 1);
	memset(&f, 0, sizeof(f));
	f.m = &lan->m;
	f.net = &lan->net;
	f.dev = lan->net.boot_dev;
	fetch_got(&f, 10);
	fetch_got(&f, 10);
	assert_int_equal(f.bytes, 20);
	while (server_wait(lan, &s, 100 * MS)) {
		assert_int_equal(sent_type(&s), DHCPRELEASE);
		assert_int_not_equal(s.link, 1);
		released |= 1u << s.link;
	}
	assert_int_equal(released, 5);
	lan_pass(lan, 2 * S);
	assert_int_equal(lan_link(lan, 0)->ip4.addr.family, IP_NONE);
	assert_int_equal(lan_link(lan, 1)->ip4.addr.family, IP_V4);
	assert_int_equal(lan_link(lan, 2)->ip4.addr.family, IP_NONE);
	lan_end(lan);
}

/* A link that a script has configured by itself is no loser. */
static void test_settle_keeps(void **state)
{
	struct lan *lan = server_lan(2);
	struct server sv[] = {{true, true, 0, "a"}, {true, true, 0, "b"}};
	struct fetch f;

	(void)state;
	start(lan, 1);
	serve(lan, sv, S);
	start(lan, 2);
	serve(lan, sv, S);
	assert_int_equal(winner(lan), 1);
	memset(&f, 0, sizeof(f));
	f.m = &lan->m;
	f.net = &lan->net;
	f.dev = lan->net.boot_dev;
	fetch_got(&f, 10);
	server_quiet(lan, 2 * S);
	assert_int_equal(lan_link(lan, 0)->ip4.addr.family, IP_V4);
	lan_end(lan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_only_last),
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_late_better),
		cmocka_unit_test(test_link_down),
		cmocka_unit_test(test_flap),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_mask_and_cancel),
		cmocka_unit_test(test_settle),
		cmocka_unit_test(test_settle_keeps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
