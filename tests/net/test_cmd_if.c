/* SPDX-License-Identifier: BSD-2-Clause */
/* ifopen, ifclose, ifstat. */
#include "tests/net/server.h"

static int run(struct lan *lan, const char *text)
{
	lan->m.boot.kind = BOOT_NONE;
	fake_text_clear(&lan->fake);
	assert_int_equal(script_run_text(&lan->m, text, strlen(text)), 0);
	for (int i = 0; i < 100 && lan->m.boot.kind == BOOT_NONE; i++)
		lan_turn(lan);
	assert_int_equal(lan->m.boot.kind, BOOT_EXIT);
	return lan->m.boot.exit_code;
}

static unsigned open_links(struct lan *lan)
{
	unsigned mask = 0;

	for (unsigned i = 0; i < lan->net.ndev; i++)
		mask |= (unsigned)lan_link(lan, i)->is_open << i;
	return mask;
}

static void test_open_close(void **state)
{
	struct lan *lan = server_lan(3);

	(void)state;
	assert_int_equal(run(lan, "ifopen net1"), 0);
	assert_int_equal(open_links(lan), 2);
	assert_int_equal(run(lan, "ifopen"), 0);
	assert_int_equal(open_links(lan), 7);
	assert_int_equal(run(lan, "ifclose net0 net2"), 0);
	assert_int_equal(open_links(lan), 2);
	assert_int_equal(run(lan, "ifopen net3"), ERR_NO_NETDEV);
	assert_int_equal(run(lan, "ifclose"), 0);
	assert_int_equal(open_links(lan), 0);
	lan->open_result = -ERR_NETDEV_OPEN;
	assert_int_equal(run(lan, "ifopen net0"), ERR_NETDEV_OPEN);
	lan_end(lan);
}

/* A link that is closed while DHCP runs on it. */
static void test_close_running(void **state)
{
	struct lan *lan = server_lan(1);

	(void)state;
	assert_int_equal(netdev_open(lan_link(lan, 0)), 0);
	lan_turn(lan);
	assert_int_equal(dhcp_start(lan_link(lan, 0)), 0);
	server_expect(lan, DHCPDISCOVER, 0);
	assert_int_equal(run(lan, "ifclose"), 0);
	assert_null(lan->net.socks);
	server_quiet(lan, 60 * S);
	lan_end(lan);
}

static void test_stat(void **state)
{
	struct lan *lan = server_lan(2);

	(void)state;
	assert_int_equal(netdev_open(lan_link(lan, 0)), 0);
	lan_configure(lan_link(lan, 0));
	lan_link(lan, 0)->stats.rx_overrun = 5;
	lan_link(lan, 0)->stats.bad_udp = 6;
	lan_link(lan, 0)->stats.bad_tcp = 7;
	assert_int_equal(run(lan, "ifstat"), 0);
	assert_non_null(
		strstr(fake_text(&lan->fake), "net0: 52:54:00:00:01:00 lan, open, link up\n"));
	assert_non_null(strstr(fake_text(&lan->fake), "10.0.0.2, MTU 1500"));
	assert_non_null(strstr(fake_text(&lan->fake), "overrun 5"));
	assert_non_null(strstr(fake_text(&lan->fake), "UDP 6, TCP 7"));
	assert_non_null(strstr(fake_text(&lan->fake),
		"net1: 52:54:00:00:01:01 lan, closed, link down\n  no address"));
	assert_int_equal(run(lan, "ifstat net1"), 0);
	assert_null(strstr(fake_text(&lan->fake), "net0"));
	lan_end(lan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_close),
		cmocka_unit_test(test_close_running),
		cmocka_unit_test(test_stat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
