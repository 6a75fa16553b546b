/* SPDX-License-Identifier: BSD-2-Clause */
/* arch/x86/pxe/pxe_cached.c: the DHCP messages as a program finds them, read as a server's. */
#include "tests/arch/x86/pxe/rig.h"

static struct dhcp_msg msg;

static struct dhcp *lease(void)
{
	static const uint8_t options[] = {
		53, 0, 1, 5, 1, 0, 4, 255, 255, 255, 0, 52, 0, 1, 3, 209, 0, 1, 'x', 43, 1, 44};
	struct dhcp *d = &rig.net.dhcp[0];

	d->dev = rig.dev;
	d->state = DHCP_BOUND;
	d->have_ack = true;
	d->ack.xid = 0x01020304;
	d->ack.siaddr = ip4_of(0x0a000001);
	strcpy(d->ack.file, "from-dhcp");
	strcpy(d->ack.sname, "server");
	memcpy(d->ack.options, options, sizeof(options));
	memset(d->ack.options + sizeof(options), 0x5a, 300); /* one of 300 bytes */
	d->ack.noptions = sizeof(options) + 300;
	return d;
}

static void parse(enum pxe_packet i)
{
	assert_true(dhcp_parse(bytes_of(rig.pxe.base->packet[i], rig.pxe.packet_n[i]), &msg));
}

static void assert_option(unsigned tag, const void *value, uint16_t n)
{
	uint16_t len;
	const uint8_t *v = dhcp_option(&msg, tag, 0, &len);

	assert_int_equal(len, n);
	if (n)
		assert_memory_equal(v, value, n);
}

static void test_ack(void **state)
{
	(void)state;
	lease();
	rig_start(NULL);
	parse(PXE_ACK);
	assert_int_equal(msg.xid, 0x01020304);
	assert_int_equal(ip4_u32(&msg.yiaddr), 0x0a000002);
	assert_int_equal(ip4_u32(&msg.siaddr), 0x0a000001);
	assert_true(mac_eq(&msg.chaddr, &rig.dev->mac));
	assert_string_equal(msg.file, "from-dhcp");
	assert_string_equal(msg.sname, "server");
	assert_int_equal(msg.type, DHCPACK);
	assert_option(DHCP_SUBNET_MASK, "\xff\xff\xff", 4);
	assert_option(DHCP_OVERLOAD, "", 0);
	assert_option(DHCP_PXE_CONFIG, "", 0); /* the setting's, and here it has none */
	assert_option(DHCP_VENDOR, rig.net.dhcp[0].ack.options + 22, 300);
}

static void test_reply(void **state)
{
	struct dhcp *d = lease();

	(void)state;
	d->have_proxy = true;
	d->proxy = d->ack;
	d->proxy.xid = 7;
	d->proxy.siaddr = ip4_of(0x0a000009);
	rig_start(NULL);
	parse(PXE_ACK);
	assert_int_equal(msg.xid, 0x01020304);
	parse(PXE_REPLY);
	assert_int_equal(msg.xid, 7);
	assert_int_equal(ip4_u32(&msg.siaddr), 0x0a000009);
}

static void test_loaded(void **state)
{
	char uri[URL_MAX], *end = uri + 300;

	(void)state;
	lease();
	rig_start("tftp://10.0.0.7/a%20b/x.0");
	parse(PXE_REPLY);
	assert_string_equal(msg.file, "a b/x.0");
	assert_int_equal(ip4_u32(&msg.siaddr), 0x0a000007);
	rig_start("http://web/x.0");
	parse(PXE_ACK);
	assert_string_equal(msg.file, "http://web/x.0");
	assert_int_equal(ip4_u32(&msg.siaddr), 0x0a000001);
	memset(uri, 'y', sizeof(uri));
	memcpy(uri, "http://web/", 11);
	*end = 0;
	rig_start(uri);
	parse(PXE_REPLY);
	assert_string_equal(msg.file, "");
	assert_option(DHCP_BOOT_FILE, uri, 300);
}

/* Whatever there is has no more room than programs have. */
static void test_full(void **state)
{
	struct dhcp *d = lease();

	(void)state;
	d->ack.options[20] = 1350 >> 8;
	d->ack.options[21] = 1350 & 0xff;
	d->ack.noptions = 22 + 1350;
	rig_start(NULL);
	parse(PXE_ACK);
	assert_option(DHCP_VENDOR, "", 0);
	assert_option(DHCP_SUBNET_MASK, "\xff\xff\xff", 4);
	for (unsigned i = PXE_CACHED_MAX; i < PXE_PACKET_MAX; i++)
		assert_int_equal(rig.pxe.base->packet[PXE_ACK][i], 0);
}

static void test_discover(void **state)
{
	const uint8_t *p = rig.memory + BASE * 16;

	(void)state;
	lease();
	rig_start(NULL);
	assert_int_equal(p[0], 1);
	assert_memory_equal(p + 28, rig.dev->mac.b, 6);
	assert_memory_equal(p + 236, "\x63\x82\x53\x63\x35\x01\x01", 7);
}

static void test_without_dhcp(void **state)
{
	(void)state;
	rig_start("tftp://10.0.0.7/x");
	parse(PXE_ACK);
	assert_int_equal(ip4_u32(&msg.yiaddr), 0x0a000002);
	assert_string_equal(msg.file, "x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ack, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reply, setup, teardown),
		cmocka_unit_test_setup_teardown(test_loaded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_discover, setup, teardown),
		cmocka_unit_test_setup_teardown(test_without_dhcp, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
