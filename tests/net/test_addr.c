/* SPDX-License-Identifier: BSD-2-Clause */
/* net/addr.c: addresses as values and as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "net/addr.h"

static void mac_text_and_equality(void **state)
{
	struct mac a = {{0x52, 0x54, 0x00, 0x0a, 0xbc, 0xff}};
	char buf[MAC_STR_MAX];

	(void)state;
	assert_string_equal(mac_str(&a, buf), "52:54:00:0a:bc:ff");
	assert_string_equal(mac_str(&mac_broadcast, buf), "ff:ff:ff:ff:ff:ff");
	assert_true(mac_is_multicast(&mac_broadcast));
	assert_false(mac_is_multicast(&a));
	for (unsigned i = 0; i < 6; i++) {
		struct mac b = a;

		assert_true(mac_eq(&a, &b));
		b.b[i] ^= 1;
		assert_false(mac_eq(&a, &b));
	}
}

static void ip4_values(void **state)
{
	struct ip_addr a = ip4_of(0xc0000201), none = {.family = IP_NONE};
	struct ip_addr six = {.family = IP_V6, .b = {0xc0, 0, 2, 1}};

	(void)state;
	assert_int_equal(ip4_u32(&a), 0xc0000201);
	assert_int_equal(ip4_u32(&six), 0);
	assert_int_equal(ip4_u32(&none), 0);
	assert_true(ip_eq(&a, &a));
	assert_false(ip_eq(&a, &six));
	assert_false(ip_is_any(&a));
	a = ip4_of(1);
	assert_false(ip_is_any(&a));
	assert_true(ip_is_any(&none));
	a = ip4_of(0);
	assert_true(ip_is_any(&a));
	assert_false(ip_eq(&a, &none));
}

static void ip4_classes(void **state)
{
	(void)state;
	assert_true(ip4_is_unicast(0x0a000001));
	assert_true(ip4_is_unicast(0xdfffffff));
	assert_true(ip4_is_unicast(0x01000000));
	assert_false(ip4_is_unicast(0));
	assert_false(ip4_is_unicast(0x00ffffff));
	assert_false(ip4_is_unicast(0x7f000001));
	assert_false(ip4_is_unicast(0xe0000001));
	assert_false(ip4_is_unicast(0xf0000001));
	assert_false(ip4_is_unicast(0xffffffff));
	assert_true(ip4_is_multicast(0xe0000000));
	assert_true(ip4_is_multicast(0xefffffff));
	assert_false(ip4_is_multicast(0xdfffffff));
	assert_false(ip4_is_multicast(0xf0000000));
}

static void ip_text(void **state)
{
	struct ip_addr a = ip4_of(0xfffefd00), none = {.family = IP_NONE};
	struct ip_addr six = {.family = IP_V6, .b = {0x20, 1, 0xd, 0xb8, [15] = 1}};
	char buf[IP_STR_MAX];

	(void)state;
	assert_string_equal(ip_str(&a, buf), "255.254.253.0");
	assert_string_equal(ip_str(&none, buf), "none");
	assert_string_equal(ip_str(&six, buf), "2001:db8:0:0:0:0:0:1");
	memset(six.b, 0xff, sizeof(six.b));
	assert_string_equal(ip_str(&six, buf), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

static void ip_text_parsed(void **state)
{
	static const char *const bad[] = {"", ".", "1", "1.2.3", "1.2.3.", "1.2.3.4.", "1.2.3.4.5",
		"256.1.1.1", "1.2.3.256", "01.2.3.4", "1.2.3.04", "1..2.3", ".1.2.3", "1.2.3.4 ",
		" 1.2.3.4", "1.2.3.-4", "1.2.3.4x", "a.b.c.d", "1234.1.1.1", "0x1.2.3.4",
		"1.2.3.00", "::1"};
	static const struct {
		const char *text;
		uint32_t ip;
	} good[] = {{"0.0.0.0", 0}, {"255.255.255.255", 0xffffffff}, {"192.0.2.1", 0xc0000201},
		{"10.0.10.100", 0x0a000a64}};
	struct ip_addr a, untouched = ip4_of(7);
	char buf[IP_STR_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		a = untouched;
		assert_false(ip_parse(bad[i], strlen(bad[i]), &a));
		assert_true(ip_eq(&a, &untouched));
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(ip_parse(good[i].text, strlen(good[i].text), &a));
		assert_int_equal(ip4_u32(&a), good[i].ip);
		assert_string_equal(ip_str(&a, buf), good[i].text);
	}
	assert_true(ip_parse("1.2.3.4567", 7, &a)); /* exactly n bytes count */
	assert_int_equal(ip4_u32(&a), 0x01020304);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mac_text_and_equality),
		cmocka_unit_test(ip4_values),
		cmocka_unit_test(ip4_classes),
		cmocka_unit_test(ip_text),
		cmocka_unit_test(ip_text_parsed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
