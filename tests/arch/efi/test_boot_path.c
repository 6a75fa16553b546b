/* SPDX-License-Identifier: BSD-2-Clause */
/* Device paths of network boots, as EDK2's drivers make them and as nobody should. */
#include "tests/unit.h"
#include "arch/efi/boot_path.h"
#include "net/dhcp.h"

#define ACPI_PCI                                                                                   \
	2, 1, 12, 0, 0xd0, 0x41, 0x03, 0x0a, 0, 0, 0, 0, /* PciRoot(0) */                          \
		1, 1, 6, 0, 0, 2			 /* Pci(2,0) */
#define MAC                                                                                        \
	3, 11, 37, 0, 0x52, 0x54, 0, 0x12, 0x34, 0x56, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,   \
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1
#define IPV4                                                                                       \
	3, 12, 27, 0, 192, 0, 2, 17, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 192, 0, 2, 254, 255, 255,  \
		255, 0
#define IPV4_SHORT 3, 12, 19, 0, 192, 0, 2, 17, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0
#define IPV4_EMPTY 3, 12, 27, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define IPV4_NO_REMOTE                                                                             \
	3, 12, 27, 0, 192, 0, 2, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 0
#define DNS4                                                                                       \
	3, 31, 37, 0, 0, 192, 0, 2, 53, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 192, 0, 2, 54, 0, 0,   \
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define DNS6	  3, 31, 21, 0, 1, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1
#define URI	  3, 24, 18, 0, 'h', 't', 't', 'p', ':', '/', '/', 'h', '/', 'r', '.', 'e', 'f', 'i'
#define URI_EMPTY 3, 24, 4, 0
#define VLAN	  3, 20, 6, 0, 5, 0
#define END	  0x7f, 0xff, 4, 0

#define PARSE(bp, ...)                                                                             \
	do {                                                                                       \
		const uint8_t nodes[] = {__VA_ARGS__};                                             \
		boot_path_parse(bytes_of(nodes, sizeof(nodes)), &(bp));                            \
	} while (0)

static uint32_t ip(const struct ip_addr *a)
{
	return ip4_u32(a);
}

static void test_http(void **state)
{
	static const struct mac mac = {{0x52, 0x54, 0, 0x12, 0x34, 0x56}};
	struct boot_path bp = {0};

	(void)state;
	PARSE(bp, ACPI_PCI, MAC, IPV4, DNS4, URI, END);
	assert_true(bp.is_net);
	assert_false(bp.is_ip6 || bp.is_vlan);
	assert_true(mac_eq(&bp.mac, &mac));
	assert_int_equal(ip(&bp.local), 0xc0000211);
	assert_int_equal(ip(&bp.remote), 0xc0000201);
	assert_int_equal(ip(&bp.gateway), 0xc00002fe);
	assert_int_equal(ip(&bp.mask), 0xffffff00);
	assert_int_equal(bp.ndns, 2);
	assert_int_equal(ip(&bp.dns[0]), 0xc0000235);
	assert_int_equal(ip(&bp.dns[1]), 0xc0000236);
	assert_string_equal(bp.uri, "http://h/r.efi");
}

/* The name of a file may come in a path of its own. */
static void test_uri_elsewhere(void **state)
{
	struct boot_path bp = {0};

	(void)state;
	PARSE(bp, ACPI_PCI, MAC, IPV4, URI_EMPTY, END);
	assert_string_equal(bp.uri, "");
	PARSE(bp, URI, END);
	assert_string_equal(bp.uri, "http://h/r.efi");
	assert_true(bp.is_net);
	assert_int_equal(ip(&bp.local), 0xc0000211);
}

static void test_not_from_a_server(void **state)
{
	struct boot_path bp = {0};

	(void)state;
	PARSE(bp, ACPI_PCI, END, MAC);
	assert_false(bp.is_net);
	/* iSCSI(IQN): 3.19; what is in it does not count. */
	PARSE(bp, ACPI_PCI, MAC, IPV4, 3, 19, 8, 0, 0, 0, 0, 0, END);
	assert_false(bp.is_net);
	/* InfiniBand's address is 20 bytes. */
	memset(&bp, 0, sizeof(bp));
	PARSE(bp, 3, 11, 37, 0, 0x52, 0x54, 0, 0x12, 0x34, 0x56, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, END);
	assert_false(bp.is_net);
}

static void test_ipv6_and_vlan(void **state)
{
	struct boot_path bp = {0};

	(void)state;
	PARSE(bp, MAC, VLAN, 3, 13, 4, 0, DNS6, URI, END);
	assert_true(bp.is_ip6 && bp.is_vlan);
	assert_int_equal(bp.ndns, 0);
}

static void test_malformed(void **state)
{
	/* Shorter than its own head, longer than the path, no end, text that is no URL. */
	static const uint8_t whole[] = {ACPI_PCI, MAC, IPV4, DNS4, URI, END};
	struct boot_path bp = {0};

	(void)state;
	PARSE(bp, 3, 24, 3, 0, URI);
	assert_string_equal(bp.uri, "");
	PARSE(bp, MAC, 3, 24, 0xff, 0xff, 'h', 't', 't', 'p');
	assert_true(bp.is_net);
	assert_string_equal(bp.uri, "");
	PARSE(bp, 3, 24, 8, 0, 'h', ' ', ':', '/');
	assert_string_equal(bp.uri, "");
	for (size_t n = 0; n < sizeof(whole); n++) {
		memset(&bp, 0, sizeof(bp));
		uint8_t *cut = malloc(n + 1); /* so that a byte too far is seen */

		memcpy(cut, whole, n);
		boot_path_parse(bytes_of(cut, n), &bp);
		free(cut);
		assert_int_equal(bp.is_net, n >= 18 + 37);
		assert_int_equal(bp.uri[0] != 0, n >= sizeof(whole) - 4);
	}
	memset(&bp, 0, sizeof(bp));
	PARSE(bp, 3, 11, 8, 0, 0x52, 0x54, 0, 0x12, END); /* a MAC that is cut off */
	assert_false(bp.is_net);
}

/* What is written, as the DHCP client reads it. */
static void read_back(const struct boot_path *bp, struct dhcp_msg *msg, char file[URL_MAX])
{
	uint8_t wire[2000];
	struct emit e = emit_to(wire, sizeof(wire));

	assert_true(boot_path_ack(bp, &e));
	assert_true(dhcp_parse(bytes_of(wire, e.n), msg));
	dhcp_filename(msg, file, URL_MAX);
}

static void test_ack(void **state)
{
	struct boot_path bp = {0};
	struct dhcp_msg msg;
	char file[URL_MAX];
	uint16_t len;

	(void)state;
	PARSE(bp, ACPI_PCI, MAC, IPV4, DNS4, URI, END);
	read_back(&bp, &msg, file);
	assert_int_equal(msg.type, DHCPACK);
	assert_true(mac_eq(&msg.chaddr, &bp.mac));
	assert_int_equal(ip(&msg.yiaddr), 0xc0000211);
	assert_int_equal(ip(&msg.siaddr), 0xc0000201);
	assert_int_equal(dhcp_option_ip(&msg, DHCP_SUBNET_MASK), 0xffffff00);
	assert_int_equal(dhcp_option_ip(&msg, DHCP_ROUTERS), 0xc00002fe);
	assert_non_null(dhcp_option(&msg, DHCP_DNS, 0, &len));
	assert_int_equal(len, 8);
	assert_string_equal(file, "http://h/r.efi");
}

static void test_ack_long_uri(void **state)
{
	struct boot_path bp = {0};
	struct dhcp_msg msg;
	uint8_t wire[300];
	struct emit e = emit_to(wire, sizeof(wire));
	char file[URL_MAX];

	(void)state;
	PARSE(bp, MAC, IPV4_NO_REMOTE, END);
	memset(bp.uri, 'a', sizeof(bp.uri) - 1);
	memcpy(bp.uri, "http://h/", 9);
	read_back(&bp, &msg, file);
	assert_string_equal(file, bp.uri);
	assert_int_equal(ip(&msg.siaddr), 0xc0000211);
	assert_int_equal(dhcp_option_ip(&msg, DHCP_ROUTERS), 0);
	assert_false(boot_path_ack(&bp, &e));
}

static void test_no_ack(void **state)
{
	struct boot_path bp = {0};
	uint8_t wire[2000];
	struct emit e = emit_to(wire, sizeof(wire));

	(void)state;
	PARSE(bp, MAC, IPV4_EMPTY, URI, END);
	assert_false(boot_path_ack(&bp, &e));
	PARSE(bp, IPV4_SHORT, END);
	assert_true(boot_path_ack(&bp, &e));
	assert_true(ip_is_any(&bp.mask));
	PARSE(bp, VLAN, END);
	assert_false(boot_path_ack(&bp, &e));
	memset(&bp, 0, sizeof(bp));
	PARSE(bp, MAC, IPV4, END); /* PXE: its packets say more */
	assert_false(boot_path_ack(&bp, &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_http),
		cmocka_unit_test(test_uri_elsewhere),
		cmocka_unit_test(test_not_from_a_server),
		cmocka_unit_test(test_ipv6_and_vlan),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_ack),
		cmocka_unit_test(test_ack_long_uri),
		cmocka_unit_test(test_no_ack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
