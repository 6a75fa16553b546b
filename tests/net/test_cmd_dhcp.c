/* SPDX-License-Identifier: BSD-2-Clause */
/* dhcp and autoboot: run as a script would; the servers of each link by hand. */
#include "tests/net/server.h"

#define LINKS 3

struct server {
	const char *file;    /* NULL: a lease without boot file */
	const char *content; /* of any file; NULL: not found */
	const char *only;    /* the name of the only one that there is; NULL: any */
	bool off;
	bool mute;     /* but by DHCP */
	uint32_t next; /* siaddr; 0: its own, with a file */
	unsigned discovers, requests, releases, reads;
};

/* Runs text until it has ended; its exit status. */
static int run(struct lan *lan, struct server *server, const char *text)
{
	struct sent s;

	lan->m.boot.kind = BOOT_NONE;
	fake_text_clear(&lan->fake);
	assert_int_equal(script_run_text(&lan->m, text, strlen(text)), 0);
	while (lan->m.boot.kind == BOOT_NONE && server_wait(lan, &s, 100 * S)) {
		struct server *sv = &server[s.link];
		unsigned type = s.dport == 67 ? sent_type(&s) : 0;

		sv->discovers += type == DHCPDISCOVER;
		sv->requests += type == DHCPREQUEST;
		sv->releases += type == DHCPRELEASE;
		if (sv->off || type == DHCPRELEASE)
			continue;
		if (type) {
			struct answer a = answer_to(&s, type == DHCPDISCOVER ? DHCPOFFER : DHCPACK,
				SERVER(s.link), LEASE(s.link), sv->file);

			if (sv->next)
				wire_put32(a.b + 20, sv->next);
			if (!wire_get32(s.data + 12)) /* ciaddr: for a boot server */
				answer_send(lan, &a, 67);
		} else if (!sv->mute && wire_get16(s.data) == 1) {
			uint8_t b[520] = {0, 3, 0, 1};
			bool there = !sv->only || !strcmp((const char *)s.data + 2, sv->only);
			uint32_t n = sv->content ? (uint32_t)strlen(sv->content) : 0;

			sv->reads += there;
			if (sv->content)
				memcpy(b + 4, sv->content, n);
			if (sv->content && there)
				server_put(lan, s.link, s.dst, s.src, 1234, s.sport, b, 4 + n);
			else
				server_put(lan, s.link, s.dst, s.src, 1234, s.sport, "\0\5\0\1none",
					9);
		}
	}
	return lan->m.boot.kind == BOOT_EXIT ? lan->m.boot.exit_code : -1;
}

static bool printed(struct lan *lan, const char *text)
{
	return strstr(fake_text(&lan->fake), text);
}

static void test_dhcp(void **state)
{
	struct lan *lan = server_lan(LINKS);
	struct server sv[LINKS] = {{.off = true}, {.file = "x\33"}, {.off = true}};

	(void)state;
	assert_int_equal(run(lan, sv, "dhcp && echo [${netX/ip} ${next-server}]"), 0);
	assert_true(printed(
		lan, "net1: 10.0.1.50/24 gw 10.0.1.1 from 10.0.1.1, 10.0.1.1 has x\\x1b\n"));
	assert_true(printed(lan, "[10.0.1.50 10.0.1.1]"));
	assert_int_equal(sv[0].discovers, 1);
	assert_int_equal(sv[2].discovers, 1);
	/* Only one link, by name. */
	assert_int_equal(run(lan, sv, "dhcp net1"), 0);
	assert_int_equal(sv[0].discovers, 1);
	assert_int_equal(sv[1].discovers, 2);
	assert_int_equal(run(lan, sv, "dhcp net9"), ERR_NO_NETDEV);
	sv[1].off = true;
	assert_int_equal(run(lan, sv, "dhcp net1 net2"), ERR_DHCP_NO_OFFER);
	assert_true(printed(lan, "net1 no answer to 6 messages, net2 no answer to 6 messages"));
	lan_end(lan);
}

static void test_autoboot(void **state)
{
	struct lan *lan = server_lan(LINKS);
	struct server sv[LINKS] = {{.off = true},
		{.file = "boot.ipxe", .content = "#!ipxe\necho booted from ${cwuri}\n"}};

	(void)state;
	assert_int_equal(run(lan, sv, "autoboot"), 0);
	assert_true(printed(lan, "booted from tftp://10.0.1.1/boot.ipxe\n"));
	/* A name in DHCP may hold settings; a script's own name wins. */
	sv[1].file = "${net1/mac:hexhyp}.ipxe";
	assert_int_equal(run(lan, sv, "autoboot"), 0);
	assert_true(printed(lan, "booted from tftp://10.0.1.1/52-54-00-00-01-01.ipxe\n"));
	assert_int_equal(run(lan, sv, "set filename own && autoboot net1"), 0);
	assert_true(printed(lan, "booted from tftp://10.0.1.1/own\n"));
	lan_end(lan);
}

static void test_no_file(void **state)
{
	struct lan *lan = server_lan(LINKS);
	struct server sv[LINKS] = {{.off = true}, {.file = NULL}, {.off = true}};

	(void)state;
	assert_int_equal(run(lan, sv, "autoboot"), ERR_DHCP_NO_FILE);
	assert_true(printed(lan, "net1: lease from 10.0.1.1"));
	lan_end(lan);
}

/* The winner's file is not there: the next link that has one gets its turn, with a lease of its
 * own. */
static void test_next_choice(void **state)
{
	struct lan *lan = server_lan(LINKS);
	struct server sv[LINKS] = {
		{.file = "a"}, {.file = "b"}, {.file = "c", .content = "#!ipxe\necho third\n"}};

	(void)state;
	assert_int_equal(run(lan, sv, "autoboot"), 0);
	assert_true(printed(lan, "third"));
	assert_true(printed(lan, "E4002"));
	assert_int_equal(sv[2].reads, 1);
	assert_true(sv[0].reads <= 1 && sv[1].reads <= 1);
	assert_int_equal(lan->net.boot_dev->index, 2);
	lan_pass(lan, 2 * S);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(lan_link(lan, i)->ip4.addr.family, IP_NONE);
	lan_end(lan);

	/* All fail: the error is the last one's, and it ends. */
	lan = server_lan(LINKS);
	sv[2].content = NULL;
	memset(&sv[0].reads, 0, sizeof(unsigned));
	sv[0].reads = sv[1].reads = sv[2].reads = 0;
	assert_int_equal(run(lan, sv, "autoboot"), ERR_TFTP_NOT_FOUND);
	for (unsigned i = 0; i < LINKS; i++)
		assert_int_equal(sv[i].reads, 1);
	lan_end(lan);
}

/* The file that we were loaded from is not loaded again. */
static void test_own_file(void **state)
{
	struct lan *lan = server_lan(LINKS);
	struct server sv[LINKS] = {
		{.off = true}, {.file = "own", .content = "#!ipxe\n", .only = "own"}};

	(void)state;
	str_copy(lan->net.self_uri, URL_MAX, "tftp://10.0.1.1/own");
	assert_int_equal(run(lan, sv, "autoboot net1"), ERR_PXE_SELF);
	assert_true(printed(lan, "tftp://10.0.1.1/own\n"));
	assert_int_equal(sv[1].reads, 0);
	/* Another link's is another's. */
	sv[0].off = false;
	sv[0].file = "own";
	sv[0].content = "#!ipxe\necho other\n";
	assert_int_equal(run(lan, sv, "autoboot"), 0);
	assert_true(printed(lan, "other\n"));
	assert_int_equal(sv[1].reads, 0);
	/* Where it is another one, it is a boot file like any. */
	sv[1].file = sv[1].only = "own2";
	assert_int_equal(run(lan, sv, "autoboot net1"), 0);
	assert_int_equal(sv[1].reads, 1);
	lan_end(lan);
}

/* A pxelinux.cfg beside it is looked for in builds that know the command. */
static void test_pxelinux(void **state)
{
	static const struct command *const commands[] = {&cmd_autoboot, &cmd_pxelinux, NULL};
	struct lan *lan = server_lan(LINKS);
	struct config config = *lan->m.config;
	struct server sv[LINKS] = {
		{.off = true},
		{.file = "own",
			.content = "say from pxelinux\ndefault a\nlabel a\nlocalboot 0\n",
			.only = "pxelinux.cfg/default"},
		{.off = true},
	};

	(void)state;
	config.commands = commands;
	lan->m.config = &config;
	str_copy(lan->net.self_uri, URL_MAX, "tftp://10.0.1.1/own");
	assert_int_equal(run(lan, sv, "autoboot"), 0);
	assert_true(printed(lan, "from pxelinux\n"));
	assert_int_equal(sv[1].reads, 1);
	/* Without a boot file only where the server is another one than that of the lease. */
	sv[1].file = NULL;
	assert_int_equal(run(lan, sv, "autoboot"), ERR_DHCP_NO_FILE);
	assert_int_equal(sv[1].reads, 1);
	sv[1].next = IP4(10, 0, 1, 7);
	assert_int_equal(run(lan, sv, "autoboot"), 0);
	assert_int_equal(sv[1].reads, 2);
	/* There is none; then the next link. */
	sv[1].file = "own";
	sv[1].next = 0;
	sv[1].only = "nothing";
	assert_int_equal(run(lan, sv, "autoboot"), ERR_PXE_SELF);
	sv[0] = (struct server){.file = "x", .content = "#!ipxe\n"};
	assert_int_equal(run(lan, sv, "autoboot"), 0);
	assert_int_equal(sv[0].reads, 1);
	/* Ctrl-C while it is looked for. */
	sv[0].off = sv[1].mute = true;
	fake_key_at(&lan->fake, lan->fake.now_us + 3 * S, KEY_CTRL('C'));
	assert_int_equal(run(lan, sv, "autoboot"), ERR_CANCELLED);
	assert_null(lan->net.pxelinux.wait.f);
	lan_end(lan);
}

static void test_pxebs(void **state)
{
	struct lan *lan = server_lan(LINKS);
	struct server sv[LINKS] = {{.file = "x", .content = "#!ipxe\n"}};

	(void)state;
	assert_int_equal(run(lan, sv, "pxebs 5"), ERR_NO_NETDEV);
	assert_int_equal(run(lan, sv, "pxebs net1 5"), ERR_NO_ADDRESS);
	for (unsigned i = 0; i < 5; i++) {
		static const char *const wrong[] = {
			"pxebs", "pxebs net0", "pxebs net0 65536", "pxebs 1 2 3", "pxebs net0 5x"};

		assert_int_equal(run(lan, sv, wrong[i]), ERR_SCRIPT_USAGE);
	}
	/* Nobody: the server by hand knows no boot servers. */
	assert_int_equal(run(lan, sv, "dhcp net0 && pxebs 5"), ERR_PXE_NO_SERVER);
	assert_null(lan->net.socks);
	fake_key_at(&lan->fake, lan->fake.now_us + 3 * S, KEY_CTRL('C'));
	assert_int_equal(run(lan, sv, "pxebs net0 5"), ERR_CANCELLED);
	assert_null(lan->net.socks);
	lan_end(lan);
}

static void test_cancel(void **state)
{
	struct lan *lan = server_lan(1);
	struct server sv[LINKS] = {{.off = true}};

	(void)state;
	fake_key_at(&lan->fake, lan->fake.now_us + 3 * S, KEY_CTRL('C'));
	assert_int_equal(run(lan, sv, "autoboot"), ERR_CANCELLED);
	assert_int_equal(lan->net.discover.state, DISCOVER_IDLE);
	assert_int_equal(sv[0].discovers, 2);
	assert_null(lan->net.socks);
	lan_end(lan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dhcp),
		cmocka_unit_test(test_autoboot),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_next_choice),
		cmocka_unit_test(test_own_file),
		cmocka_unit_test(test_pxelinux),
		cmocka_unit_test(test_pxebs),
		cmocka_unit_test(test_cancel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
