/* SPDX-License-Identifier: BSD-2-Clause */
/* nslookup: run as a script would, the server by hand. */
#include "tests/net/dns_wire.h"
#include "tests/net/server.h"
#include "tests/unit.h"

/* Runs text with a server that knows host.lab alone; its exit status. */
static int run(struct lan *lan, const char *text)
{
	struct sent s;

	lan->m.boot.kind = BOOT_NONE;
	fake_text_clear(&lan->fake);
	assert_int_equal(script_run_text(&lan->m, text, strlen(text)), 0);
	for (int i = 0; i < 100 && lan->m.boot.kind == BOOT_NONE; i++) {
		bool known;
		struct dmsg d;

		if (!server_wait(lan, &s, 100 * MS) || s.dport != 53)
			continue;
		known = !memcmp(s.data + 12, "\4host\3lab", 10);
		d = dmsg_to(wire_get16(s.data), W_ANSWER | (known ? 0 : 3), "host.lab", W_A);
		d.n = s.n;
		memcpy(d.b + 12, s.data + 12, s.n - 12);
		if (known) {
			dmsg_a(&d, NULL, 300, IP4(192, 0, 2, 7));
			dmsg_a(&d, NULL, 300, IP4(192, 0, 2, 8));
		}
		server_put(lan, 0, s.dst, s.src, 53, s.sport, d.b, d.n);
	}
	assert_int_equal(lan->m.boot.kind, BOOT_EXIT);
	return lan->m.boot.exit_code;
}

static struct lan *cmd_lan(void)
{
	struct lan *lan = server_lan(1);

	assert_int_equal(netdev_open(lan_link(lan, 0)), 0);
	lan_configure(lan_link(lan, 0));
	lan_turn(lan);
	assert_int_equal(setting_set(&lan->m, "dns", "10.0.0.53"), 0);
	return lan;
}

static bool printed(struct lan *lan, const char *text)
{
	return strstr(fake_text(&lan->fake), text);
}

static void test_found(void **state)
{
	struct lan *lan = cmd_lan();

	(void)state;
	assert_int_equal(run(lan, "nslookup a host.lab && echo a is ${a}"), 0);
	assert_true(printed(lan, "a is 192.0.2.7\n"));
	assert_int_equal(run(lan, "set domain lab\nnslookup net0/gateway host && ifstat"), 0);
	assert_int_equal(ip4_u32(&lan_link(lan, 0)->ip4.gateway), IP4(192, 0, 2, 7));
	assert_int_equal(run(lan, "nslookup b 10.1.2.3 && echo b is ${b:hex}"), 0);
	assert_true(printed(lan, "b is 0a:01:02:03\n"));
	assert_int_equal(run(lan, "nslookup c:string host.lab && echo c is ${c}"), 0);
	assert_true(printed(lan, "c is 192.0.2.7\n"));
	lan_end(lan);
}

static void test_not_found(void **state)
{
	struct lan *lan = cmd_lan();

	(void)state;
	assert_int_equal(run(lan, "nslookup a other.lab"), ERR_DNS_NAME);
	assert_true(printed(lan, "E3012: no such host name\n  other.lab, server 10.0.0.53\n"));
	assert_int_equal(run(lan, "nslookup a other.lab || echo goes on"), 0);
	assert_true(printed(lan, "goes on\n"));
	assert_int_equal(run(lan, "nslookup a two..dots"), ERR_BAD_URL);
	assert_int_equal(run(lan, "nslookup / host.lab"), ERR_SETTING_VALUE);
	assert_int_equal(run(lan, "nslookup a"), ERR_SCRIPT_USAGE);
	assert_int_equal(run(lan, "nslookup a b c"), ERR_SCRIPT_USAGE);
	assert_int_equal(run(lan, "clear dns\nnslookup a third.lab"), ERR_NO_DNS);
	lan_end(lan);
}

static void test_cancelled(void **state)
{
	struct lan *lan = cmd_lan();
	const char *text = "nslookup a host.lab || echo goes on";

	(void)state;
	assert_int_equal(script_run_text(&lan->m, text, strlen(text)), 0);
	lan_pass(lan, 100 * MS);
	assert_non_null(lan->net.socks);
	fake_type(&lan->fake, "\3"); /* Ctrl-C */
	lan_pass(lan, 200 * MS);
	assert_null(lan->net.socks);
	assert_true(printed(lan, "goes on\n"));
	lan_end(lan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_not_found),
		cmocka_unit_test(test_cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
