/* SPDX-License-Identifier: BSD-2-Clause */
/* The DHCP client of one link against servers by hand: what it says, what it takes, how it ends. */
#include "tests/net/server.h"

static struct dhcp *client(struct lan *lan)
{
	return &lan->net.dhcp[0];
}

/* Opens link 0 and begins; the first DISCOVER. */
static struct sent begin(struct lan *lan)
{
	assert_int_equal(netdev_open(lan_link(lan, 0)), 0);
	lan_turn(lan);
	assert_int_equal(dhcp_start(lan_link(lan, 0)), 0);
	return server_expect(lan, DHCPDISCOVER, 0);
}

static void test_four_messages(void **state)
{
	struct lan *lan = server_lan(1);
	struct netdev *dev = lan_link(lan, 0);
	struct sent s = begin(lan);
	const struct dhcp_msg *boot;
	struct ip_addr next;
	uint32_t xid = wire_get32(s.data + 4);
	char file[32];
	unsigned len;

	(void)state;
	assert_int_equal(s.src, 0);
	assert_int_equal(s.dst, IP_ALL);
	assert_int_equal(s.dport, 67);
	assert_true(s.n >= 300);
	assert_int_equal(wire_get16(s.data + 10), 0x8000);
	assert_memory_equal(s.data + 28, dev->mac.b, 6);
	server_lease(lan, &s, DHCPOFFER, "boot/x");
	s = server_expect(lan, DHCPREQUEST, S);
	assert_int_equal(s.dst, IP_ALL);
	assert_int_equal(wire_get32(s.data + 4), xid);
	assert_int_equal(wire_get32(s.data + 12), 0); /* ciaddr */
	assert_int_equal(sent_option_ip(&s, 50), LEASE(0));
	assert_int_equal(sent_option_ip(&s, 54), SERVER(0));
	server_lease(lan, &s, DHCPACK, "boot/x");
	server_quiet(lan, S);
	assert_int_equal(client(lan)->state, DHCP_BOUND);
	assert_int_equal(ip4_u32(&dev->ip4.addr), LEASE(0));
	assert_int_equal(dev->ip4.mask, 0xffffff00);
	assert_int_equal(ip4_u32(&dev->ip4.gateway), SERVER(0));
	boot = dhcp_boot_msg(client(lan));
	len = (unsigned)dhcp_filename(boot, file, sizeof(file));
	assert_int_equal(len, 6);
	assert_string_equal(file, "boot/x");
	next = dhcp_next_server(boot);
	assert_int_equal(ip4_u32(&next), SERVER(0));
	assert_int_equal(dhcp_rank(client(lan)), DHCP_RANK_FILE);
	lan_end(lan);
}

/* What servers need to know a PXE client, and an iPXE, by: RFC 4578, and the rules that people have
 * written. */
static void test_identity(void **state)
{
	struct lan *lan = server_lan(1);
	struct sent s = begin(lan);
	const uint8_t *v;
	unsigned len;

	(void)state;
	v = sent_option(&s, 60, &len);
	assert_int_equal(len, 32);
	assert_memory_equal(v, "PXEClient:Arch:00000:UNDI:002001", 32);
	v = sent_option(&s, 93, &len);
	assert_int_equal(len, 2);
	assert_int_equal(wire_get16(v), 0);
	v = sent_option(&s, 94, &len);
	assert_int_equal(len, 3);
	assert_memory_equal(v, "\1\2\1", 3);
	v = sent_option(&s, 77, &len);
	assert_int_equal(len, 4);
	assert_memory_equal(v, "iPXE", 4);
	assert_non_null(sent_option(&s, 175, &len));
	v = sent_option(&s, 57, &len);
	assert_int_equal(len, 2);
	assert_int_equal(wire_get16(v), 1500);
	v = sent_option(&s, 55, &len);
	for (const char *want = "\1\3\6\14\17\21\32\53\66\102\103\167\171\257\321\322"; *want;
		want++)
		assert_non_null(memchr(v, *(const uint8_t *)want, len));
	lan_end(lan);

	lan = server_lan(1);
	((struct net_config *)(uintptr_t)lan->net.config)->say_ipxe = false;
	s = begin(lan);
	assert_null(sent_option(&s, 77, &len));
	assert_null(sent_option(&s, 175, &len));
	lan_end(lan);
}

/* 1, 2, 4, 8, 8 s, a quarter more or less; then one result. */
static void test_nobody(void **state)
{
	struct lan *lan = server_lan(1);
	struct sent s = begin(lan);
	uint64_t at = s.at_us, wait = S;
	uint32_t xid = wire_get32(s.data + 4);

	(void)state;
	for (unsigned i = 1; i < 6; i++) {
		s = server_expect(lan, DHCPDISCOVER, 20 * S);
		assert_in_range(s.at_us - at, wait * 3 / 4, wait * 5 / 4 + 1);
		assert_int_equal(wire_get32(s.data + 4), xid);
		assert_in_range(wire_get16(s.data + 8), (s.at_us - client(lan)->start_us) / S,
			(s.at_us - client(lan)->start_us) / S);
		at = s.at_us;
		wait = wait < 8 * S ? wait * 2 : wait;
	}
	server_quiet(lan, 20 * S);
	assert_int_equal(client(lan)->state, DHCP_FAILED);
	assert_int_equal(client(lan)->result, -ERR_DHCP_NO_OFFER);
	lan_end(lan);
}

/* A boot file ends the wait after the grace, a lease without one after the longer one. */
static void test_grace(void **state)
{
	struct lan *lan = server_lan(1);
	struct sent s = begin(lan);
	uint64_t at = s.at_us;

	(void)state;
	server_lease(lan, &s, DHCPOFFER, "x");
	s = server_expect(lan, DHCPREQUEST, 5 * S);
	assert_in_range(s.at_us - at, 200 * MS, 201 * MS);
	lan_end(lan);

	lan = server_lan(1);
	s = begin(lan);
	at = s.at_us;
	server_lease(lan, &s, DHCPOFFER, NULL);
	s = server_expect(lan, DHCPREQUEST, 5 * S);
	assert_in_range(s.at_us - at, 999 * MS, 1001 * MS);
	assert_int_equal(wire_get16(s.data + 8), 0); /* secs as in its DISCOVER */
	lan_end(lan);
}

/* The offer with the better rank is taken, whichever came first; a PXE server's at once. */
static void test_better_offer(void **state)
{
	struct lan *lan = server_lan(1);
	struct sent s = begin(lan), q = s;
	uint64_t at = s.at_us;
	struct answer a;

	(void)state;
	server_lease(lan, &q, DHCPOFFER, NULL);
	a = answer_to(&q, DHCPOFFER, IP4(10, 0, 0, 3), IP4(10, 0, 0, 60), "file");
	answer_send(lan, &a, 67);
	a = answer_to(&q, DHCPOFFER, IP4(10, 0, 0, 4), IP4(10, 0, 0, 70), "later");
	answer_send(lan, &a, 67);
	s = server_expect(lan, DHCPREQUEST, S);
	assert_int_equal(sent_option_ip(&s, 54), IP4(10, 0, 0, 3));
	assert_in_range(s.at_us - at, 200 * MS, 201 * MS);
	lan_end(lan);

	lan = server_lan(1);
	s = begin(lan);
	at = s.at_us;
	server_lease(lan, &s, DHCPOFFER, "file");
	a = answer_to(&s, DHCPOFFER, IP4(10, 0, 0, 3), IP4(10, 0, 0, 60), "pxe");
	answer_text(&a, 60, "PXEClient");
	answer_send(lan, &a, 67);
	s = server_expect(lan, DHCPREQUEST, S);
	assert_int_equal(sent_option_ip(&s, 54), IP4(10, 0, 0, 3));
	assert_int_equal(s.at_us, at);
	lan_end(lan);
}

/* A proxyDHCP server on port 67 names the file: no wait, and its word beats the lease's. */
static void test_proxy(void **state)
{
	struct lan *lan = server_lan(1);
	struct sent s = begin(lan);
	uint64_t at = s.at_us;
	struct answer a = answer_to(&s, DHCPOFFER, IP4(10, 0, 0, 3), 0, "proxy.0");
	struct ip_addr next;
	char file[32];

	(void)state;
	answer_text(&a, 60, "PXEClient");
	answer_send(lan, &a, 67);
	server_lease(lan, &s, DHCPOFFER, "plain");
	s = server_expect(lan, DHCPREQUEST, S);
	assert_int_equal(s.at_us, at);
	server_lease(lan, &s, DHCPACK, "plain");
	server_quiet(lan, S);
	assert_int_equal(client(lan)->state, DHCP_BOUND);
	assert_int_equal(dhcp_rank(client(lan)), DHCP_RANK_PXE);
	dhcp_filename(dhcp_boot_msg(client(lan)), file, sizeof(file));
	assert_string_equal(file, "proxy.0");
	next = dhcp_next_server(dhcp_boot_msg(client(lan)));
	assert_int_equal(ip4_u32(&next), IP4(10, 0, 0, 3));
	lan_end(lan);
}

/* A proxy alone is no lease: we go on asking. */
static void test_proxy_alone(void **state)
{
	struct lan *lan = server_lan(1);
	struct sent s = begin(lan);
	struct answer a = answer_to(&s, DHCPOFFER, IP4(10, 0, 0, 3), 0, "proxy.0");

	(void)state;
	answer_text(&a, 60, "PXEClient");
	answer_send(lan, &a, 67);
	server_expect(lan, DHCPDISCOVER, 2 * S);
	lan_pass(lan, 60 * S);
	assert_int_equal(client(lan)->result, -ERR_DHCP_NO_OFFER);
	lan_end(lan);
}

/* Up to the request to port 4011: a proxy that names no file, with `vendor` as option 43. */
static struct sent to_4011(struct lan *lan, const void *vendor, unsigned n)
{
	struct sent s = begin(lan);
	struct answer a = answer_to(&s, DHCPOFFER, IP4(10, 0, 0, 3), 0, NULL);

	answer_text(&a, 60, "PXEClient");
	answer_option(&a, 43, vendor, n);
	answer_send(lan, &a, 67);
	server_lease(lan, &s, DHCPOFFER, "plain");
	s = server_expect(lan, DHCPREQUEST, S);
	server_lease(lan, &s, DHCPACK, "plain");
	return server_expect(lan, DHCPREQUEST, S);
}

/* The proxy's answer on port 4011; only its own word counts. */
static void test_pxe_server(void **state)
{
	/* Its menu is cut, so there is no entry to choose. */
	struct lan *lan = server_lan(1);
	struct sent s = to_4011(lan, "\6\1\3\11\3\0\5\11\377", 9);
	struct answer a;
	char file[32];
	unsigned len;

	(void)state;
	assert_int_equal(s.dst, IP4(10, 0, 0, 3));
	assert_int_equal(s.dport, 4011);
	assert_int_equal(s.src, LEASE(0));
	assert_int_equal(wire_get32(s.data + 12), LEASE(0)); /* ciaddr */
	assert_null(sent_option(&s, 43, &len));
	a = answer_to(&s, DHCPACK, IP4(10, 0, 0, 9), 0, "evil.0");
	answer_text(&a, 60, "PXEClient");
	a.b[a.n++] = 255;
	server_put(lan, 0, IP4(10, 0, 0, 9), LEASE(0), 4011, 68, a.b, a.n);
	a = answer_to(&s, DHCPACK, IP4(10, 0, 0, 3), 0, "linux.0");
	answer_text(&a, 60, "PXEClient");
	a.b[a.n++] = 255;
	server_put(lan, 0, IP4(10, 0, 0, 3), LEASE(0), 4011, 68, a.b, a.n);
	server_quiet(lan, S);
	assert_int_equal(client(lan)->state, DHCP_BOUND);
	dhcp_filename(dhcp_boot_msg(client(lan)), file, sizeof(file));
	assert_string_equal(file, "linux.0");
	assert_int_equal(dhcp_rank(client(lan)), DHCP_RANK_PXE);
	assert_null(dhcp_menu(client(lan)));
	lan_end(lan);
}

/* A bound link whose DHCP server is a PXE server with that option 43. */
static struct lan *bound(const void *vendor, unsigned n, const char *file)
{
	struct lan *lan = server_lan(1);
	struct sent s = begin(lan);

	for (unsigned type = DHCPOFFER; type <= DHCPACK; type += DHCPACK - DHCPOFFER) {
		struct answer a = answer_to(&s, type, SERVER(0), LEASE(0), file);

		answer_text(&a, 60, "PXEClient");
		answer_option(&a, 43, vendor, n);
		answer_send(lan, &a, 67);
		if (type == DHCPOFFER)
			s = server_expect(lan, DHCPREQUEST, S);
	}
	server_quiet(lan, S);
	assert_int_equal(client(lan)->state, DHCP_BOUND);
	return lan;
}

/* A menu ends DHCP without a word on port 4011: somebody has to choose first. */
static void test_menu(void **state)
{
	struct lan *lan = bound("\11\4\0\5\1L\377", 7, NULL);

	(void)state;
	assert_non_null(dhcp_menu(client(lan)));
	assert_int_equal(dhcp_rank(client(lan)), DHCP_RANK_PXE);
	lan_end(lan);

	/* Bit 3 of the discovery control: the file, where there is one. */
	lan = bound("\6\1\10\11\4\0\5\1L\377", 10, "x.0");
	assert_null(dhcp_menu(client(lan)));
	lan_end(lan);
	lan = bound("\6\1\10\11\4\0\5\1L\377", 10, NULL);
	assert_non_null(dhcp_menu(client(lan)));
	lan_end(lan);
	lan = bound("\6\1\0\11\4\0\5\1L\377", 10, "x.0");
	assert_non_null(dhcp_menu(client(lan)));
	lan_end(lan);
}

/* What a boot server says to the question s, and how it is asked. */
static void boot_server(struct lan *lan, const struct sent *s, uint32_t ip, const char *class,
	unsigned type, const char *file)
{
	struct answer a = answer_to(s, DHCPACK, ip, 0, file);
	uint8_t item[] = {71, 4, 0, (uint8_t)type, 0, 0, 255};

	answer_text(&a, 60, class);
	answer_option(&a, 43, item, sizeof(item));
	a.b[a.n++] = 255;
	server_put(lan, 0, ip, LEASE(0), 4011, 68, a.b, a.n);
}

static void test_boot_server(void **state)
{
	/* Unicast to 10.0.0.4 for type 5. */
	struct lan *lan = bound("\6\1\3\10\7\0\5\1\12\0\0\4\11\4\0\5\1L\377", 19, NULL);
	const uint8_t *v;
	struct sent s;
	char file[32];
	unsigned len;

	(void)state;
	assert_int_equal(dhcp_ask(lan_link(lan, 0), 5), 0);
	s = server_expect(lan, DHCPREQUEST, S);
	assert_int_equal(s.dst, IP4(10, 0, 0, 4));
	assert_int_equal(s.dport, 4011);
	assert_int_equal(s.src, LEASE(0));
	assert_int_equal(wire_get32(s.data + 12), LEASE(0));
	v = sent_option(&s, 43, &len);
	assert_int_equal(len, 7);
	assert_memory_equal(v, "\107\4\0\5\0\0\377", 7);
	assert_null(sent_option(&s, 54, &len));
	/* Another machine, another type, a DHCP server that takes it for a renewal, no file. */
	boot_server(lan, &s, IP4(10, 0, 0, 9), "PXEClient", 5, "evil.0");
	boot_server(lan, &s, IP4(10, 0, 0, 4), "PXEClient", 6, "evil.0");
	boot_server(lan, &s, IP4(10, 0, 0, 4), "dhcp", 5, "evil.0");
	boot_server(lan, &s, IP4(10, 0, 0, 4), "PXEClient", 5, NULL);
	lan_turn(lan);
	lan_turn(lan);
	assert_true(client(lan)->asking);
	boot_server(lan, &s, IP4(10, 0, 0, 4), "PXEClient", 5, "linux.0");
	server_quiet(lan, 60 * S);
	assert_false(client(lan)->asking);
	assert_int_equal(client(lan)->result, 0);
	assert_null(lan->net.socks);
	dhcp_filename(dhcp_boot_msg(client(lan)), file, sizeof(file));
	assert_string_equal(file, "linux.0");
	assert_null(dhcp_menu(client(lan)));
	assert_int_equal(dhcp_rank(client(lan)), DHCP_RANK_PXE);
	/* What was asked for is forgotten with the lease. */
	dhcp_release(lan_link(lan, 0));
	assert_null(dhcp_boot_msg(client(lan)));
	lan_end(lan);
}

/* By all ways that are allowed, four times. */
static void test_boot_server_silent(void **state)
{
	struct lan *lan = bound("\7\4\xe0\0\1\2\10\7\0\5\1\12\0\0\4\11\4\0\5\1L\377", 22, "x");
	struct sent s;
	uint64_t at, wait = S;
	unsigned tries;

	(void)state;
	at = lan->fake.now_us;
	assert_int_equal(dhcp_ask(lan_link(lan, 0), 5), 0);
	for (tries = 0; tries < 4; tries++) {
		unsigned unicast = 0, broadcast = 0, group = 0;

		for (unsigned i = 0; i < 3; i++) {
			s = server_expect(lan, DHCPREQUEST, 20 * S);
			unicast += s.dst == IP4(10, 0, 0, 4) && s.dport == 4011;
			group += s.dst == 0xe0000102 && s.dport == 4011;
			broadcast += s.dst == IP_ALL && s.dport == 67;
			assert_int_equal(s.src, LEASE(0));
		}
		assert_true(unicast == 1 && broadcast == 1 && group == 1);
		if (tries)
			assert_in_range(s.at_us - at, wait * 3 / 4, wait * 5 / 4 + 1);
		if (tries)
			wait *= 2;
		at = s.at_us;
	}
	server_quiet(lan, 60 * S);
	assert_false(client(lan)->asking);
	assert_int_equal(client(lan)->result, -ERR_PXE_NO_SERVER);
	assert_string_equal(lan->m.err.detail, "net0: type 5");
	assert_int_equal(client(lan)->state, DHCP_BOUND);
	assert_int_equal(ip4_u32(&lan_link(lan, 0)->ip4.addr), LEASE(0));
	lan_end(lan);
}

/* Nobody may be asked: that is said at once. Nor without a lease, nor when it was cancelled. */
static void test_boot_server_nowhere(void **state)
{
	struct lan *lan = bound("\6\1\3\11\4\0\5\1L\377", 10, NULL);

	(void)state;
	assert_int_equal(dhcp_ask(lan_link(lan, 0), 5), 0);
	server_quiet(lan, MS);
	assert_int_equal(client(lan)->result, -ERR_PXE_NO_SERVER);
	dhcp_release(lan_link(lan, 0));
	assert_int_equal(dhcp_ask(lan_link(lan, 0), 5), -ERR_NO_ADDRESS);
	lan_end(lan);

	lan = bound("\11\4\0\5\1L\377", 7, NULL);
	assert_int_equal(dhcp_ask(lan_link(lan, 0), 5), 0);
	server_expect(lan, DHCPREQUEST, S);
	dhcp_cancel(lan_link(lan, 0));
	assert_false(client(lan)->asking);
	assert_null(lan->net.socks);
	server_quiet(lan, 60 * S);
	assert_int_equal(client(lan)->state, DHCP_BOUND);
	lan_end(lan);
}

/* Nobody on 4011: three tries, then what the lease says. */
static void test_pxe_server_silent(void **state)
{
	struct lan *lan = server_lan(1);
	uint64_t at = to_4011(lan, "\377", 1).at_us;
	char file[32];

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(server_expect(lan, DHCPREQUEST, 3 * S).dport, 4011);
	server_quiet(lan, 5 * S);
	assert_int_equal(client(lan)->state, DHCP_BOUND);
	assert_true(client(lan)->task.timer.due_us - at < 5 * S);
	dhcp_filename(dhcp_boot_msg(client(lan)), file, sizeof(file));
	assert_string_equal(file, "plain");
	lan_end(lan);
}

static void test_nak_then_ack(void **state)
{
	struct lan *lan = server_lan(1);
	struct sent s = begin(lan);
	uint32_t xid = 0;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_not_equal(wire_get32(s.data + 4), xid);
		xid = wire_get32(s.data + 4);
		server_lease(lan, &s, DHCPOFFER, "x");
		s = server_expect(lan, DHCPREQUEST, 2 * S);
		server_lease(lan, &s, DHCPNAK, NULL);
		s = server_expect(lan, DHCPDISCOVER, 2 * S);
	}
	server_lease(lan, &s, DHCPOFFER, "x");
	s = server_expect(lan, DHCPREQUEST, 2 * S);
	server_lease(lan, &s, DHCPACK, "x");
	server_quiet(lan, S);
	assert_int_equal(client(lan)->state, DHCP_BOUND);
	lan_end(lan);
}

/* Hostile row 19: refused without end. Ten messages a second at most, and an end. */
static void test_nak_for_ever(void **state)
{
	struct lan *lan = server_lan(1);
	struct sent s = begin(lan);
	uint64_t times[100];
	unsigned n = 0;

	(void)state;
	do {
		assert_true(n < 100);
		times[n++] = s.at_us;
		/* At once, as fast as the machine asks; PXE class: no grace slows it down. */
		if (sent_type(&s) == DHCPDISCOVER) {
			struct answer a = answer_to(&s, DHCPOFFER, SERVER(0), LEASE(0), "x");

			answer_text(&a, 60, "PXEClient");
			answer_send(lan, &a, 67);
		} else {
			server_lease(lan, &s, DHCPNAK, NULL);
		}
	} while (server_wait(lan, &s, 30 * S));
	assert_int_equal(client(lan)->state, DHCP_FAILED);
	assert_int_equal(client(lan)->result, -ERR_DHCP_NAK);
	assert_int_equal(client(lan)->naks, 10);
	assert_true(n <= 30);
	for (unsigned i = 10; i < n; i++)
		assert_true(times[i] - times[i - 10] >= S);
	lan_end(lan);
}

/* A server that offers and then keeps silent, or refuses, gives way to another one. */
static void test_other_server(void **state)
{
	for (int silent = 0; silent < 2; silent++) {
		struct lan *lan = server_lan(1);
		struct sent s = begin(lan);
		struct answer a;

		(void)state;
		server_lease(lan, &s, DHCPOFFER, "x");
		s = server_expect(lan, DHCPREQUEST, 2 * S);
		if (silent)
			for (int i = 0; i < 4; i++)
				s = server_expect(lan, DHCPREQUEST, 3 * S);
		else
			server_lease(lan, &s, DHCPNAK, NULL);
		s = server_expect(lan, DHCPDISCOVER, 5 * S);
		server_lease(lan, &s, DHCPOFFER, "x");
		a = answer_to(&s, DHCPOFFER, IP4(10, 0, 0, 3), IP4(10, 0, 0, 60), NULL);
		answer_send(lan, &a, 67);
		do /* the lease without boot file is waited with, and DISCOVER said again */
			assert_true(server_wait(lan, &s, 3 * S));
		while (sent_type(&s) == DHCPDISCOVER);
		assert_int_equal(sent_option_ip(&s, 54), IP4(10, 0, 0, 3));
		lan_end(lan);
	}
}

static void test_never_acknowledged(void **state)
{
	struct lan *lan = server_lan(1);
	struct sent s = begin(lan);
	unsigned requests = 0;

	(void)state;
	do {
		if (sent_type(&s) == DHCPDISCOVER)
			server_lease(lan, &s, DHCPOFFER, "x");
		else
			requests++;
	} while (server_wait(lan, &s, 30 * S));
	assert_int_equal(client(lan)->result, -ERR_DHCP_NO_ACK);
	assert_int_equal(requests, 15); /* five times to each of three offers */
	lan_end(lan);
}

/* Hostile row 20: what is not an answer to us is not heard; then the true one is. */
static void test_rogue(void **state)
{
	struct lan *lan = server_lan(1);
	struct sent s = begin(lan);

	(void)state;
	for (int i = 0; i < 8; i++) {
		struct answer a =
			answer_to(&s, DHCPOFFER, IP4(10, 0, 0, 66), IP4(10, 0, 0, 66), "evil");
		unsigned sport = 67;

		answer_text(&a, 60, "PXEClient");
		switch (i) {
		case 0:
			a.b[4] ^= 1;
			break; /* xid */
		case 1:
			a.b[33] ^= 1;
			break; /* chaddr */
		case 2:
			a.b[236] ^= 1;
			break; /* cookie */
		case 3:
			a.b[0] = 1;
			break; /* op */
		case 4:
			a.b[1] = 6;
			break; /* htype */
		case 5:
			a.b[2] = 16;
			break; /* hlen */
		case 6:
			sport = 1067;
			break;
		case 7:
			a.b[242] = DHCPDISCOVER;
			break; /* type */
		}
		answer_send(lan, &a, sport);
	}
	lan_pass(lan, 500 * MS);
	assert_int_equal(client(lan)->offer_score, DHCP_RANK_NONE);
	assert_int_equal(client(lan)->ignored, 7);
	/* Addresses that no host has. */
	for (int i = 0; i < 4; i++) {
		static const uint32_t bad[] = {
			IP_ALL, IP4(127, 0, 0, 1), IP4(224, 0, 0, 1), IP4(240, 0, 0, 1)};
		struct answer a = answer_to(&s, DHCPOFFER, SERVER(0), bad[i], "evil");

		answer_send(lan, &a, 67);
	}
	lan_pass(lan, 1 * MS);
	assert_int_equal(client(lan)->offer_score, DHCP_RANK_NONE);
	server_lease(lan, &s, DHCPOFFER, "good");
	s = server_expect(lan, DHCPREQUEST, 5 * S);
	while (sent_type(&s) != DHCPREQUEST)
		s = server_expect(lan, DHCPREQUEST, 5 * S);
	assert_int_equal(sent_option_ip(&s, 54), SERVER(0));
	lan_end(lan);
}

/* ACKs and NAKs of a server that was not asked. */
static void test_other_servers_word(void **state)
{
	struct lan *lan = server_lan(1);
	struct sent s = begin(lan);
	struct answer a;

	(void)state;
	server_lease(lan, &s, DHCPOFFER, "x");
	s = server_expect(lan, DHCPREQUEST, S);
	a = answer_to(&s, DHCPNAK, IP4(10, 0, 0, 66), 0, NULL);
	answer_send(lan, &a, 67);
	a = answer_to(&s, DHCPACK, IP4(10, 0, 0, 66), IP4(10, 0, 0, 66), "evil");
	answer_send(lan, &a, 67);
	lan_pass(lan, 100 * MS);
	assert_int_equal(client(lan)->state, DHCP_RUNNING);
	server_lease(lan, &s, DHCPACK, "x");
	lan_pass(lan, 100 * MS);
	assert_int_equal(client(lan)->state, DHCP_BOUND);
	assert_int_equal(ip4_u32(&lan_link(lan, 0)->ip4.addr), LEASE(0));
	lan_end(lan);
}

/* An ACK with these options. */
static struct dhcp_msg ack_of(const uint8_t *options, unsigned n, uint32_t yiaddr)
{
	uint8_t b[1500] = {2, 1, 6};
	struct dhcp_msg msg;

	wire_put32(b + 16, yiaddr);
	wire_put32(b + 236, 0x63825363);
	memcpy(b + 240, options, n);
	assert_true(dhcp_parse(bytes_of(b, 240 + n), &msg));
	return msg;
}

#define CONFIGURE(dev, yiaddr, ...)                                                                \
	do {                                                                                       \
		static const uint8_t o_[] = {__VA_ARGS__};                                         \
		struct dhcp_msg msg_ = ack_of(o_, sizeof(o_), yiaddr);                             \
		dhcp_configure(dev, &msg_);                                                        \
	} while (0)

static void test_configure(void **state)
{
	struct lan *lan = lan_new(1);
	struct netdev *dev = lan_link(lan, 0);

	(void)state;
	/* Masks: none and holes make the class's; /32 is a mask. */
	CONFIGURE(dev, IP4(10, 1, 2, 3), 255);
	assert_int_equal(dev->ip4.mask, 0xff000000);
	assert_int_equal(dev->ip4.gateway.family, IP_NONE);
	CONFIGURE(dev, IP4(172, 16, 2, 3), 1, 4, 255, 0, 255, 0);
	assert_int_equal(dev->ip4.mask, 0xffff0000);
	CONFIGURE(dev, IP4(192, 168, 2, 3), 1, 4, 0, 0, 0, 255);
	assert_int_equal(dev->ip4.mask, 0xffffff00);
	CONFIGURE(dev, IP4(10, 1, 2, 3), 1, 4, 255, 255, 255, 255);
	assert_int_equal(dev->ip4.mask, 0xffffffff);
	/* Routers: the first; a short one or a multicast one is none. */
	CONFIGURE(dev, IP4(10, 1, 2, 3), 3, 8, 10, 1, 2, 1, 10, 1, 2, 2);
	assert_int_equal(ip4_u32(&dev->ip4.gateway), IP4(10, 1, 2, 1));
	CONFIGURE(dev, IP4(10, 1, 2, 3), 3, 3, 10, 1, 2);
	assert_int_equal(dev->ip4.gateway.family, IP_NONE);
	CONFIGURE(dev, IP4(10, 1, 2, 3), 3, 4, 224, 0, 0, 1);
	assert_int_equal(dev->ip4.gateway.family, IP_NONE);
	/* RFC 3442: option 121 instead of 3. */
	CONFIGURE(dev, IP4(10, 1, 2, 3), 3, 4, 10, 1, 2, 1, 121, 13, 0, 10, 1, 2, 9, 17, 192, 168,
		255, 10, 1, 2, 8);
	assert_int_equal(ip4_u32(&dev->ip4.gateway), IP4(10, 1, 2, 9));
	assert_int_equal(dev->ip4.nroutes, 1);
	assert_int_equal(dev->ip4.routes[0].dst, IP4(192, 168, 128, 0));
	assert_int_equal(dev->ip4.routes[0].mask, 0xffff8000);
	assert_int_equal(dev->ip4.routes[0].gateway, IP4(10, 1, 2, 8));
	/* A width that cannot be, a route that is cut: what came before counts. */
	CONFIGURE(dev, IP4(10, 1, 2, 3), 3, 4, 10, 1, 2, 1, 121, 9, 33, 1, 2, 3, 4, 5, 6, 7, 8);
	assert_int_equal(dev->ip4.nroutes, 0);
	assert_int_equal(ip4_u32(&dev->ip4.gateway), IP4(10, 1, 2, 1));
	CONFIGURE(dev, IP4(10, 1, 2, 3), 121, 9, 8, 11, 10, 1, 2, 8, 32, 1, 2);
	assert_int_equal(dev->ip4.nroutes, 1);
	/* MTU: 68 .. what the device can. */
	CONFIGURE(dev, IP4(10, 1, 2, 3), 26, 2, 5, 0xdc);
	assert_int_equal(dev->mtu, 1500);
	CONFIGURE(dev, IP4(10, 1, 2, 3), 26, 2, 2, 64);
	assert_int_equal(dev->mtu, 576);
	CONFIGURE(dev, IP4(10, 1, 2, 3), 26, 2, 0, 67);
	assert_int_equal(dev->mtu, 576);
	CONFIGURE(dev, IP4(10, 1, 2, 3), 26, 2, 5, 0xdc);
	CONFIGURE(dev, IP4(10, 1, 2, 3), 26, 2, 0, 68); /* raised: a request has to fit */
	assert_int_equal(dev->mtu, 576);
	CONFIGURE(dev, IP4(10, 1, 2, 3), 26, 2, 0x23, 0x28);
	assert_int_equal(dev->mtu, 1500);
	CONFIGURE(dev, IP4(10, 1, 2, 3), 26, 1, 9);
	assert_int_equal(dev->mtu, 1500);
	lan_end(lan);
}

static void test_release(void **state)
{
	struct lan *lan = server_lan(1);
	struct sent s;

	(void)state;
	server_bind(lan, "x");
	dhcp_release(lan_link(lan, 0));
	s = server_expect(lan, DHCPRELEASE, 100 * MS);
	assert_int_equal(s.dst, SERVER(0));
	assert_int_equal(s.src, LEASE(0));
	assert_int_equal(wire_get32(s.data + 12), LEASE(0));
	assert_int_equal(sent_option_ip(&s, 54), SERVER(0));
	assert_int_equal(sent_option_ip(&s, 50), 0);
	lan_pass(lan, 2 * S);
	assert_int_equal(lan_link(lan, 0)->ip4.addr.family, IP_NONE);
	dhcp_release(lan_link(lan, 0)); /* nothing to give back */
	server_quiet(lan, S);
	lan_end(lan);
}

/* A second start forgets the first; cancel says nothing more. */
static void test_restart(void **state)
{
	struct lan *lan = server_lan(1);
	struct sent s = begin(lan), old = s;

	(void)state;
	assert_int_equal(dhcp_start(lan_link(lan, 0)), 0);
	s = server_expect(lan, DHCPDISCOVER, 0);
	assert_int_not_equal(wire_get32(s.data + 4), wire_get32(old.data + 4));
	server_lease(lan, &old, DHCPOFFER, "old");
	lan_pass(lan, MS);
	assert_int_equal(client(lan)->offer_score, DHCP_RANK_NONE);
	dhcp_cancel(lan_link(lan, 0));
	assert_int_equal(client(lan)->state, DHCP_IDLE);
	server_quiet(lan, 60 * S);
	lan_end(lan);
}

static void test_settings(void **state)
{
	struct lan *lan = server_lan(1);
	struct sent s;
	uint64_t at;

	(void)state;
	assert_int_equal(setting_set(&lan->m, "dhcp-grace", "50"), 0);
	assert_int_equal(setting_set(&lan->m, "dhcp-tries", "2"), 0);
	assert_int_equal(setting_set(&lan->m, "dhcp-retry", "400"), 0);
	s = begin(lan);
	at = s.at_us;
	s = server_expect(lan, DHCPDISCOVER, S);
	assert_in_range(s.at_us - at, 300 * MS, 500 * MS + 1);
	at = s.at_us;
	server_lease(lan, &s, DHCPOFFER, "x");
	s = server_expect(lan, DHCPREQUEST, S);
	assert_in_range(s.at_us - at, 50 * MS, 51 * MS);
	lan_end(lan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_four_messages),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_grace),
		cmocka_unit_test(test_better_offer),
		cmocka_unit_test(test_proxy),
		cmocka_unit_test(test_proxy_alone),
		cmocka_unit_test(test_boot_server),
		cmocka_unit_test(test_boot_server_silent),
		cmocka_unit_test(test_boot_server_nowhere),
		cmocka_unit_test(test_menu),
		cmocka_unit_test(test_pxe_server),
		cmocka_unit_test(test_pxe_server_silent),
		cmocka_unit_test(test_nak_then_ack),
		cmocka_unit_test(test_nak_for_ever),
		cmocka_unit_test(test_other_server),
		cmocka_unit_test(test_never_acknowledged),
		cmocka_unit_test(test_rogue),
		cmocka_unit_test(test_other_servers_word),
		cmocka_unit_test(test_configure),
		cmocka_unit_test(test_release),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
