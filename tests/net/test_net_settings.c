/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings of links and leases, as scripts read and write them. */
#include "tests/net/server.h"

static void is(struct lan *lan, const char *name, const char *want)
{
	char text[200];
	int n = setting_text(&lan->m, name, text, sizeof(text));

	if (want ? n < 0 || strcmp(text, want) : n != -ERR_SETTING_NONE)
		fail_msg("%s is \"%s\" (%d), not \"%s\"", name, text, n, want ? want : "unset");
}

/* Binds link i with those extra options; proxy: what a PXE server says, NULL for none. */
static void bind_link(struct lan *lan, unsigned i, const char *file, const char *proxy)
{
	struct sent s;
	struct answer a;

	assert_int_equal(netdev_open(lan_link(lan, i)), 0);
	lan_turn(lan);
	assert_int_equal(dhcp_start(lan_link(lan, i)), 0);
	s = server_expect(lan, DHCPDISCOVER, 0);
	if (proxy) {
		a = answer_to(&s, DHCPOFFER, IP4(10, 0, i, 3), 0, proxy);
		answer_text(&a, 60, "PXEClient");
		answer_text(&a, 209, "proxy.cfg");
		answer_send(lan, &a, 67);
	}
	server_lease(lan, &s, DHCPOFFER, file);
	s = server_expect(lan, DHCPREQUEST, 2 * S);
	a = answer_to(&s, DHCPACK, SERVER(i), LEASE(i), file);
	answer_text(&a, 12, "node1");
	answer_text(&a, 15, "example.org");
	answer_option(&a, 6, "\12\0\0\7\12\0\0\10", 8);
	answer_option(&a, 43, "\164\3foo\1\1\5", 8);
	answer_option(&a, 175, "\276\4user", 6);
	answer_send(lan, &a, 67);
	lan_pass(lan, 100 * MS);
	assert_int_equal(lan->net.dhcp[i].state, DHCP_BOUND);
	lan->nout = lan->taken = 0;
}

static void test_link(void **state)
{
	struct lan *lan = server_lan(2);
	struct netdev_place place = {.vendor = 0x1af4, .device = 0x1000, .busdevfn = 0x0018};

	(void)state;
	is(lan, "net1/mac", "52:54:00:00:01:01");
	is(lan, "mac", "52:54:00:00:01:00");
	is(lan, "netX/mac:hexhyp", "52-54-00-00-01-00");
	is(lan, "net0/chip", "lan");
	is(lan, "net0/ifname", "net0");
	is(lan, "net0/ip", NULL);
	is(lan, "net0/busid", NULL);
	is(lan, "net7/mac", NULL);
	is(lan, "nosuch/mac", NULL);
	lan_link(lan, 0)->place = place;
	is(lan, "net0/busid", "01:1a:f4:10:00");
	is(lan, "net0/busloc", "24");
	is(lan, "net0/bustype", "PCI");
	lan_end(lan);
}

static void test_lease(void **state)
{
	struct lan *lan = server_lan(2);

	(void)state;
	bind_link(lan, 1, "boot/file", NULL);
	is(lan, "net1/ip", "10.0.1.50");
	is(lan, "net1.dhcp/ip", "10.0.1.50");
	is(lan, "net1/netmask", "255.255.255.0");
	is(lan, "net1/gateway", "10.0.1.1");
	is(lan, "net1/hostname", "node1");
	is(lan, "net1/domain", "example.org");
	is(lan, "net1/dns", "10.0.0.7");
	is(lan, "net1/filename", "boot/file");
	is(lan, "net1/next-server", "10.0.1.1");
	is(lan, "net1/dhcp-server", "10.0.1.1");
	is(lan, "net1/67", "boot/file");
	is(lan, "net1/43.116:string", "foo");
	is(lan, "net1/43.1:int8", "5");
	is(lan, "43.2", NULL);
	is(lan, "username", "user");
	is(lan, "net0/filename", NULL);
	/* Without scope the other links are asked in order; the boot link before them. */
	is(lan, "hostname", "node1");
	is(lan, "filename", "boot/file");
	is(lan, "ip", "10.0.1.50");
	is(lan, "netX/ip", NULL);
	lan->net.boot_dev = lan_link(lan, 1);
	is(lan, "netX/ip", "10.0.1.50");
	is(lan, "mac", "52:54:00:00:01:01");
	is(lan, "proxydhcp/filename", NULL);
	lan_end(lan);
}

/* Name and server of the boot file come from one message: the PXE server's. The rest is the lease's
 * first. */
static void test_proxy(void **state)
{
	struct lan *lan = server_lan(1);

	(void)state;
	bind_link(lan, 0, "plain", "proxy.0");
	lan->net.boot_dev = lan_link(lan, 0);
	is(lan, "filename", "proxy.0");
	is(lan, "next-server", "10.0.0.3");
	is(lan, "netX/filename", "plain");
	is(lan, "netX/next-server", "10.0.0.1");
	is(lan, "proxydhcp/filename", "proxy.0");
	is(lan, "proxydhcp/next-server", "10.0.0.3");
	is(lan, "proxydhcp/dhcp-server", "10.0.0.3");
	is(lan, "proxydhcp/ip", NULL);
	is(lan, "dhcp-server", "10.0.0.1");
	is(lan, "209:string", "proxy.cfg");
	is(lan, "hostname", "node1");
	assert_int_equal(setting_set(&lan->m, "filename", "mine"), 0);
	is(lan, "filename", "mine");
	lan_end(lan);
}

/* Hostile row 42: what comes from a server cannot control the terminal. */
static void test_escape(void **state)
{
	struct lan *lan = server_lan(1);
	char text[64];

	(void)state;
	bind_link(lan, 0, "\33[2J%n", NULL);
	assert_true(setting_show(&lan->m, "filename", text, sizeof(text)) > 0);
	assert_string_equal(text, "\\x1b[2J%n");
	lan_end(lan);
}

static void test_set(void **state)
{
	struct lan *lan = server_lan(1);
	struct netdev *dev = lan_link(lan, 0);

	(void)state;
	assert_int_equal(setting_set(&lan->m, "net0/ip", "192.168.1.2"), 0);
	assert_int_equal(setting_set(&lan->m, "net0/netmask", "255.255.255.0"), 0);
	assert_int_equal(setting_set(&lan->m, "net0/gateway", "192.168.1.1"), 0);
	assert_int_equal(setting_set(&lan->m, "net0/mtu", "1400"), 0);
	assert_int_equal(ip4_u32(&dev->ip4.addr), IP4(192, 168, 1, 2));
	assert_int_equal(dev->ip4.mask, 0xffffff00);
	assert_int_equal(ip4_u32(&dev->ip4.gateway), IP4(192, 168, 1, 1));
	assert_int_equal(dev->mtu, 1400);
	is(lan, "net0/ip", "192.168.1.2");
	is(lan, "net0/mtu", "1400");
	assert_int_equal(setting_clear(&lan->m, "net0/gateway"), 0);
	assert_int_equal(dev->ip4.gateway.family, IP_NONE);
	assert_int_equal(
		setting_set(&lan->m, "net0/mtu", "9000"), 0); /* kept as a value, not used */
	assert_int_equal(dev->mtu, 1400);
	assert_int_equal(setting_set(&lan->m, "net0/hostname", "x"), 0);
	is(lan, "net0/hostname", "x");
	assert_int_equal(setting_set(&lan->m, "proxydhcp/ip", "1.2.3.4"), 0);
	assert_int_equal(ip4_u32(&dev->ip4.addr), IP4(192, 168, 1, 2));
	lan_end(lan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_lease),
		cmocka_unit_test(test_proxy),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
