/* SPDX-License-Identifier: BSD-2-Clause */
/* Types of settings: core/setting_types.c. */
#include <stdlib.h>
#include "tests/core/rig.h"

static const struct setting_type *type_of(const char *name)
{
	const struct setting_type *t = setting_type_find(name, strlen(name));

	assert_non_null(t);
	return t;
}

/* Formats from and into memory of exactly the size: the sanitizer sees every byte too many. */
static void shows(const char *type, const void *raw, size_t n, const char *expected)
{
	const struct setting_type *t = type_of(type);
	size_t len = strlen(expected);
	uint8_t *copy = malloc(n ? n : 1);

	memcpy(copy, raw, n);
	for (size_t cap = 0; cap < len + 2; cap++) {
		char *text = malloc(cap ? cap : 1);

		assert_int_equal(t->format(copy, n, text, cap), len);
		if (cap) {
			size_t cut = len < cap ? len : cap - 1;

			assert_memory_equal(text, expected, cut);
			assert_int_equal(text[cut], 0);
		}
		free(text);
	}
	free(copy);
}

static void parses(const char *type, const char *text, const void *raw, size_t n)
{
	const struct setting_type *t = type_of(type);
	uint8_t *buf = malloc(n ? n : 1);

	assert_int_equal(t->parse(text, buf, n), (int)n);
	assert_memory_equal(buf, raw, n);
	if (n)
		assert_int_equal(t->parse(text, buf, n - 1), -ERR_SETTING_VALUE);
	free(buf);
}

static void refuses(const char *type, const char *text)
{
	uint8_t raw[64];

	assert_int_equal(type_of(type)->parse(text, raw, sizeof(raw)), -ERR_SETTING_VALUE);
}

static void test_find(void **state)
{
	(void)state;
	assert_string_equal(setting_type_find("hexhyp:x", 6)->name, "hexhyp");
	assert_null(setting_type_find("hexh", 4));
	assert_null(setting_type_find("", 0));
	assert_string_equal(setting_types[0].name, "string");
}

static void test_string(void **state)
{
	(void)state;
	shows("string", "abc", 3, "abc");
	shows("string", "a\0c", 3, "a");
	shows("string", "", 0, "");
	parses("string", "a b", "a b", 3);
}

static void test_uristring(void **state)
{
	(void)state;
	shows("uristring", "a b/\xff-._~9", 10, "a%20b%2f%ff-._~9");
	parses("uristring", "a%20b%2Fc", "a b/c", 5);
	refuses("uristring", "%2");
	refuses("uristring", "%");
	refuses("uristring", "%g0");
	refuses("uristring", "%0g");
}

static void test_ipv4(void **state)
{
	static const char *const bad[] = {"", "1", "1.2.3", "1.2.3.", "1.2.3.4.", "1.2.3.4.5",
		"256.1.1.1", "1.2.3.400", "1..2.3", "a.b.c.d", " 1.2.3.4", "1.2.3.4 ", "0001.2.3.4",
		"-1.2.3.4"};

	(void)state;
	shows("ipv4", "\xc0\0\x02\xff", 4, "192.0.2.255");
	shows("ipv4", "\xc0\0\x02\xff\1\2\3\4", 8, "192.0.2.255");
	shows("ipv4", "\xc0\0\x02", 3, "");
	shows("ipv4", "", 0, "");
	parses("ipv4", "192.0.2.255", "\xc0\0\x02\xff", 4);
	parses("ipv4", "0.0.0.0", "\0\0\0\0", 4);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuses("ipv4", bad[i]);
}

static void test_ipv6(void **state)
{
	(void)state;
	shows("ipv6", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, "::");
	shows("ipv6", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16, "::1");
	shows("ipv6", "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\0", 16, "2001:db8::");
	shows("ipv6", "\x20\1\x0d\xb8\0\0\0\1\0\0\0\0\0\0\0\1", 16, "2001:db8:0:1::1");
	/* RFC 5952 4.2: one group is not shortened, the longest run is, the first of two. */
	shows("ipv6", "\x20\1\x0d\xb8\0\0\0\1\0\1\0\1\0\1\0\1", 16, "2001:db8:0:1:1:1:1:1");
	shows("ipv6", "\x20\1\0\0\0\0\0\1\0\0\0\0\0\0\0\1", 16, "2001:0:0:1::1");
	shows("ipv6", "\x20\1\0\0\0\0\0\1\0\1\0\0\0\0\0\1", 16, "2001::1:1:0:0:1");
	shows("ipv6", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16,
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	shows("ipv6", "\1\2\3", 3, "");
	assert_null(type_of("ipv6")->parse);
}

static void test_numbers(void **state)
{
	(void)state;
	shows("uint8", "\xff", 1, "255");
	shows("int8", "\xff", 1, "-1");
	shows("int8", "\x80", 1, "-128");
	shows("int32", "\xff\xff", 2, "-1");
	shows("uint32", "\1\0", 2, "256");
	shows("uint16", "\xff\xff\xff\xff\xff\xff\xff\xff", 8, "18446744073709551615");
	shows("int16", "\x80\0\0\0\0\0\0\0", 8, "-9223372036854775808");
	shows("uint32", "", 0, "");
	shows("int32", "", 0, "");
	/* More than fits: the last eight bytes. */
	shows("uint32", "\1\0\0\0\0\0\0\0\5", 9, "5");

	parses("uint8", "255", "\xff", 1);
	parses("uint16", "0xbeef", "\xbe\xef", 2);
	parses("uint32", "4294967295", "\xff\xff\xff\xff", 4);
	parses("int8", "-128", "\x80", 1);
	parses("int8", "127", "\x7f", 1);
	parses("int16", "-1", "\xff\xff", 2);
	parses("int32", "-2147483648", "\x80\0\0\0", 4);
	refuses("uint8", "256");
	refuses("uint8", "-1");
	refuses("int8", "128");
	refuses("int8", "-129");
	refuses("int8", "--1");
	refuses("uint16", "65536");
	refuses("uint32", "4294967296");
	refuses("int32", "2147483648");
	refuses("int32", "");
	refuses("int32", "1x");
}

static void test_hex(void **state)
{
	(void)state;
	shows("hex", "\x52\x54\0\xff", 4, "52:54:00:ff");
	shows("hexhyp", "\x52\x54\0\xff", 4, "52-54-00-ff");
	shows("hexraw", "\x52\x54\0\xff", 4, "525400ff");
	shows("hex", "", 0, "");
	parses("hex", "52:54:00:FF", "\x52\x54\0\xff", 4);
	parses("hex", "525400ff", "\x52\x54\0\xff", 4);
	parses("hex", "1b", "\x1b", 1);
	parses("hex", "1:2:b", "\1\2\x0b", 3);
	parses("hexhyp", "52-54-00-ff", "\x52\x54\0\xff", 4);
	parses("hexraw", "525400ff", "\x52\x54\0\xff", 4);
	refuses("hex", "1g");
	refuses("hex", "g1");
	refuses("hex", "12:");
	refuses("hex", ":12");
	refuses("hex", "12::34");
	refuses("hex", "12 34");
	refuses("hexraw", "123");
	refuses("hexraw", "12:34:");
	refuses("hexraw", "12-345");
}

static void test_base64(void **state)
{
	(void)state;
	/* RFC 4648 section 10 */
	static const char *const text[] = {
		"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};

	for (unsigned i = 0; i < 7; i++) {
		shows("base64", "foobar", i, text[i]);
		parses("base64", text[i], "foobar", i);
	}
	shows("base64", "\xff\xef\xbe", 3, "/+++");
	parses("base64", "/+++", "\xff\xef\xbe", 3);
	refuses("base64", "Zg");
	refuses("base64", "Z===");
	refuses("base64", "Zg==Zg==");
	refuses("base64", "Zg=");
	refuses("base64", "Z g=");
	refuses("base64", "=");
}

static void test_uuid(void **state)
{
	static const uint8_t raw[] = {
		0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 1, 2, 3, 4, 5, 6, 7, 8};

	(void)state;
	shows("uuid", raw, 16, "12345678-9abc-def0-0102-030405060708");
	shows("guid", raw, 16, "78563412-bc9a-f0de-0102-030405060708");
	shows("uuid", raw, 15, "");
	parses("uuid", "12345678-9abc-def0-0102-030405060708", raw, 16);
	parses("guid", "78563412-BC9A-F0DE-0102-030405060708", raw, 16);
	refuses("uuid", "12345678-9abc-def0-0102-03040506070");
	refuses("uuid", "12345678-9abc-def0-0102-0304050607080");
	refuses("uuid", "1234567809abc-def0-0102-030405060708");
	refuses("uuid", "12345678-9abc-def0-0102-03040506070g");
	refuses("guid", "");
}

static void test_busdevfn(void **state)
{
	(void)state;
	shows("busdevfn", "\0\1\x02\x1d", 4, "0001:02:03.5");
	shows("busdevfn", "\x02\x1d", 2, "0000:02:03.5");
	shows("busdevfn", "", 0, "");
	assert_null(type_of("busdevfn")->parse);
}

static void test_dnssl(void **state)
{
	(void)state;
	/* RFC 3397 section 2: eng.apple.com, marketing.apple.com by pointer. */
	shows("dnssl", "\3eng\5apple\3com\0\x09marketing\xc0\x04", 27,
		"eng.apple.com marketing.apple.com");
	shows("dnssl", "\1a\0\1b\0", 6, "a b");
	shows("dnssl", "\1a\0\1b", 5, "a b");
	shows("dnssl", "", 0, "");
	/* Lies: a label past the end, loops, pointers forward and out of the text. */
	shows("dnssl", "\5abc", 4, "");
	shows("dnssl", "\xc0\0", 2, "");
	shows("dnssl", "\1a\xc0\0", 4, "a");
	shows("dnssl", "\1a\0\1b\xc0\x03", 7, "a b");
	shows("dnssl", "\xc0\x04\1a\0\1b", 6, "");
	shows("dnssl", "\1a\xff\xff", 4, "a");
	shows("dnssl", "\1a\xc0", 3, "a");
	shows("dnssl", "\x40xx", 3, "");
	/* Nothing that a terminal would obey. */
	shows("dnssl", "\3a\033b\0", 5, "a?b");
	parses("dnssl", "a b", "\1a\0\1b\0", 6);
	parses("dnssl", "eng.apple.com. lab.", "\3eng\5apple\3com\0\3lab\0", 20);
	refuses("dnssl", ".");
	refuses("dnssl", "a..b");
	refuses("dnssl", " a");
	refuses("dnssl", "a  b");
	refuses("dnssl", "0123456789012345678901234567890123456789012345678901234567890123");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_string),
		cmocka_unit_test(test_uristring),
		cmocka_unit_test(test_ipv4),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_uuid),
		cmocka_unit_test(test_busdevfn),
		cmocka_unit_test(test_dnssl),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
