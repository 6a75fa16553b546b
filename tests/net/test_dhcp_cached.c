/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net/dhcp_cached.c: what finds no room. arch/x86/pxe/test_pxe_cached.c and
 * arch/efi/test_nic_pxe.c have what programs find in these messages.
 */
#include "net/dhcp_cached.h"
#include "tests/net/lan.h"
#include "tests/unit.h"

#define LONG  600u
#define WHOLE (240u + 3 + LONG + 6 + 3 + 1) /* fields, type, three pieces, one byte, end */

static struct dhcp_msg msg, made;

/* In each room there is: whole options or none, in order, and no byte behind it. */
static void test_room(void **state)
{
	struct lan *lan = lan_new(1);
	uint16_t n, last;

	(void)state;
	memcpy(msg.options, (const uint8_t[]){53, 0, 1, 5, 43, LONG >> 8, LONG & 255}, 7);
	memset(msg.options + 7, 0x5a, LONG);
	memcpy(msg.options + 7 + LONG, (const uint8_t[]){150, 0, 1, 9}, 4);
	msg.noptions = 7 + LONG + 4;
	for (size_t size = 300; size < WHOLE + 5; size++) {
		uint8_t *packet = malloc(size);
		const uint8_t *v;

		dhcp_cached(lan_link(lan, 0), &msg, NULL, packet, size);
		assert_true(dhcp_parse(bytes_of(packet, size), &made));
		assert_int_equal(made.type, DHCPACK);
		v = dhcp_option(&made, 43, 0, &n);
		assert_int_equal(n, size < WHOLE - 3 ? 0 : LONG);
		for (unsigned i = 0; i < n; i++)
			assert_int_equal(v[i], 0x5a);
		dhcp_option(&made, 150, 0, &last);
		assert_int_equal(last, n && size < WHOLE ? 0 : 1);
		free(packet);
	}
	lan_end(lan);
}

/* A name that is too long for its field is an option. */
static void test_long_name(void **state)
{
	struct lan *lan = lan_new(1);
	char uri[URL_MAX] = "http://10.0.0.9/", file[URL_MAX];
	uint8_t packet[1024];

	(void)state;
	memset(&msg, 0, sizeof(msg));
	for (size_t n = 120; n < 140; n++) {
		memset(uri + 16, 'a', n - 16);
		uri[n] = '\0';
		dhcp_cached(lan_link(lan, 0), &msg, uri, packet, sizeof(packet));
		assert_true(dhcp_parse(bytes_of(packet, sizeof(packet)), &made));
		assert_int_equal(made.file[0] != 0, n < 128);
		dhcp_filename(&made, file, sizeof(file));
		assert_string_equal(file, uri);
	}
	lan_end(lan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_long_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
