/* SPDX-License-Identifier: BSD-2-Clause */
/* A lease that a PXE ROM got: what of it counts, what it makes of the link, what is not taken. */
#include "net/dhcp_adopt.h"
#include "tests/net/server.h"

static struct lan *opened(void)
{
	struct lan *lan = server_lan(1);

	assert_int_equal(netdev_open(lan_link(lan, 0)), 0);
	lan_turn(lan);
	lan->nout = lan->taken = 0;
	return lan;
}

/* A message for link 0, as the ROM had it from a server; ip 0: a proxy's. */
static struct answer kept(struct lan *lan, unsigned server, uint32_t ip, const char *file)
{
	uint8_t request[240] = {1, 1, 6};
	struct sent s = {.data = request, .n = sizeof(request)};

	memcpy(request + 28, lan_link(lan, 0)->mac.b, 6);
	wire_put32(request + 236, 0x63825363);
	return answer_to(&s, DHCPACK, IP4(10, 0, 0, server), ip, file);
}

static struct bytes bytes(struct answer *a)
{
	a->b[a->n++] = 255;
	return bytes_of(a->b, a->n);
}

static void is(struct lan *lan, const char *name, const char *want)
{
	char text[200];

	setting_text(&lan->m, name, text, sizeof(text));
	assert_string_equal(text, want);
}

static void test_lease(void **state)
{
	struct lan *lan = opened();
	struct answer a = kept(lan, 1, LEASE(0), "dir/reveille.kpxe");
	struct bytes ack = bytes(&a);
	struct sent s;

	(void)state;
	assert_true(dhcp_adopt(lan_link(lan, 0), ack, ack));
	assert_ptr_equal(lan->net.boot_dev, lan_link(lan, 0));
	assert_int_equal(lan->net.dhcp[0].state, DHCP_BOUND);
	assert_false(lan->net.dhcp[0].have_proxy); /* the ACK once more says nothing new */
	is(lan, "netX/ip", "10.0.0.50");
	is(lan, "gateway", "10.0.0.1");
	is(lan, "filename", "dir/reveille.kpxe");
	is(lan, "next-server", "10.0.0.1");
	assert_string_equal(lan->net.self_uri, "tftp://10.0.0.1/dir/reveille.kpxe");
	server_quiet(lan, S);
	/* Who asks gets a lease of his own, and the link is free of the old one meanwhile. */
	assert_int_equal(dhcp_start(lan_link(lan, 0)), 0);
	s = server_expect(lan, DHCPDISCOVER, 0);
	assert_int_equal(s.src, 0);
	is(lan, "netX/ip", "");
	lan_end(lan);
}

static void test_proxy(void **state)
{
	struct lan *lan = opened();
	struct answer a = kept(lan, 1, LEASE(0), NULL), b = kept(lan, 3, 0, "boot/self");
	struct bytes ack, reply;

	(void)state;
	answer_text(&b, 60, "PXEClient");
	ack = bytes(&a);
	reply = bytes(&b);
	assert_true(dhcp_adopt(lan_link(lan, 0), ack, reply));
	is(lan, "filename", "boot/self");
	is(lan, "next-server", "10.0.0.3");
	is(lan, "proxydhcp/60:string", "PXEClient");
	assert_string_equal(lan->net.self_uri, "tftp://10.0.0.3/boot/self");
	lan_end(lan);
}

/* A file that is a URL is one; no file: nobody knows what we are. */
static void test_self(void **state)
{
	struct lan *lan = opened();
	struct answer a = kept(lan, 1, LEASE(0), "http://boot/reveille.pxe"), b;

	(void)state;
	assert_true(dhcp_adopt(lan_link(lan, 0), bytes(&a), bytes_of(NULL, 0)));
	assert_string_equal(lan->net.self_uri, "http://boot/reveille.pxe");
	b = kept(lan, 1, LEASE(0), NULL);
	assert_true(dhcp_adopt(lan_link(lan, 0), bytes(&b), bytes_of(NULL, 0)));
	assert_string_equal(lan->net.self_uri, "");
	b = kept(lan, 1, LEASE(0), "http://boot/a\nset x 1\n/reveille.pxe");
	assert_true(dhcp_adopt(lan_link(lan, 0), bytes(&b), bytes_of(NULL, 0)));
	assert_string_equal(lan->net.self_uri, ""); /* it becomes part of a script */
	b = kept(lan, 1, LEASE(0), "a b\n/reveille.pxe");
	assert_true(dhcp_adopt(lan_link(lan, 0), bytes(&b), bytes_of(NULL, 0)));
	assert_string_equal(lan->net.self_uri, "tftp://10.0.0.1/a%20b%0A/reveille.pxe");
	lan_end(lan);
}

static void refused(struct lan *lan, struct bytes ack)
{
	assert_false(dhcp_adopt(lan_link(lan, 0), ack, bytes_of(NULL, 0)));
	assert_null(lan->net.boot_dev);
	assert_int_equal(lan->net.dhcp[0].state, DHCP_IDLE);
	is(lan, "netX/ip", "");
	assert_string_equal(lan->net.self_uri, "");
}

static void test_refused(void **state)
{
	struct lan *lan = opened();
	struct answer a = kept(lan, 1, LEASE(0), "x"), b = a;

	(void)state;
	refused(lan, bytes_of(NULL, 0));
	refused(lan, bytes_of(a.b, 200));
	b.b[33] ^= 1; /* another card's */
	refused(lan, bytes(&b));
	b = a;
	b.b[236] = 0; /* no DHCP */
	refused(lan, bytes(&b));
	b = kept(lan, 1, 0, "x"); /* no address */
	refused(lan, bytes(&b));
	lan_end(lan);
}

/* A reply that is for somebody else does not harm the lease. */
static void test_foreign_reply(void **state)
{
	struct lan *lan = opened();
	struct answer a = kept(lan, 1, LEASE(0), "x"), b = kept(lan, 3, 0, "evil");

	(void)state;
	b.b[28] ^= 4;
	assert_true(dhcp_adopt(lan_link(lan, 0), bytes(&a), bytes(&b)));
	is(lan, "filename", "x");
	lan_end(lan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lease),
		cmocka_unit_test(test_proxy),
		cmocka_unit_test(test_self),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_foreign_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
