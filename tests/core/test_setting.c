/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of settings, their store and the order of look-ups: core/setting.c, core/setting_defs.c. */
#include <stdio.h>
#include "tests/core/rig.h"

static const char *get(const char *name)
{
	static char value[SETTING_VALUE_MAX * 4];

	return setting_text(&m, name, value, sizeof(value)) < 0 ? NULL : value;
}

static void test_set_and_get(void **state)
{
	(void)state;
	assert_null(get("x"));
	assert_int_equal(setting_set(&m, "x", "some text"), 0);
	assert_string_equal(get("x"), "some text");
	assert_int_equal(setting_set(&m, "x", "other"), 0);
	assert_string_equal(get("x"), "other");
	assert_int_equal(setting_clear(&m, "x"), 0);
	assert_null(get("x"));
	assert_int_equal(setting_clear(&m, "x"), 0);
	/* Nothing is as good as none. */
	assert_int_equal(setting_set(&m, "x", "y"), 0);
	assert_int_equal(setting_set(&m, "x", ""), 0);
	assert_null(get("x"));
}

static void test_types(void **state)
{
	const struct setting_type *type = NULL;
	uint8_t raw[16];

	(void)state;
	assert_int_equal(setting_set(&m, "x:int8", "-5"), 0);
	assert_string_equal(get("x"), "-5");
	assert_string_equal(get("x:hex"), "fb");
	assert_string_equal(get("x:uint8"), "251");
	assert_int_equal(setting_get(&m, "x", &type, raw, sizeof(raw)), 1);
	assert_string_equal(type->name, "int8");
	assert_int_equal(raw[0], 0xfb);
	/* Known names have a type of their own. */
	assert_int_equal(setting_set(&m, "ip", "192.0.2.7"), 0);
	assert_int_equal(setting_get(&m, "ip", &type, raw, sizeof(raw)), 4);
	assert_string_equal(type->name, "ipv4");
	assert_int_equal(setting_set(&m, "ip", "not one"), -ERR_SETTING_VALUE);
	assert_string_equal(get("ip"), "192.0.2.7");
	assert_int_equal(setting_set(&m, "ip:string", "a name"), 0);
	assert_string_equal(get("ip"), "a name");
}

static void test_bad_names(void **state)
{
	static const char *const bad[] = {"", ":string", "a/", "a/:hex", "x:nosuch", "x:", ":",
		"0123456789012345678901234567890123456789012345678901234567890123",
		"0123456789012345678901234567890123456789/0123456789012345678901234567890123456789",
		"0123456789012345678901234567890123456789012345678901234567890123/x"};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(setting_set(&m, bad[i], "1"), -ERR_SETTING_VALUE);
		assert_null(get(bad[i]));
		assert_int_equal(setting_clear(&m, bad[i]), -ERR_SETTING_VALUE);
	}
	assert_int_equal(
		setting_set(
			&m, "012345678901234567890123456789/012345678901234567890123456789ab", "1"),
		0);
}

static void test_scopes(void **state)
{
	(void)state;
	assert_int_equal(setting_set(&m, "net0/x", "a"), 0);
	assert_int_equal(setting_set(&m, "net1/x", "b"), 0);
	assert_string_equal(get("net0/x"), "a");
	assert_string_equal(get("net1/x"), "b");
	assert_null(get("net2/x"));
	/* Without scope: one that was set somewhere, but a plain one first. */
	assert_string_equal(get("x"), "a");
	assert_int_equal(setting_set(&m, "x", "c"), 0);
	assert_string_equal(get("x"), "c");
	assert_string_equal(get("net0/x"), "a");
	/* The DHCP half of a link is the link. */
	assert_string_equal(get("net1.dhcp/x"), "b");
	assert_int_equal(setting_set(&m, "net2.dhcp/x", "d"), 0);
	assert_string_equal(get("net2/x"), "d");
}

static void test_numbers_are_names(void **state)
{
	(void)state;
	assert_int_equal(setting_set(&m, "67", "file"), 0);
	assert_string_equal(get("filename"), "file");
	assert_int_equal(setting_set(&m, "filename", "other"), 0);
	assert_string_equal(get("67"), "other");
	assert_string_equal(get("67:hexraw"), "6f74686572");
	assert_int_equal(setting_set(&m, "209:string", "pxelinux.cfg/x"), 0);
	assert_string_equal(get("209"), "pxelinux.cfg/x");
	assert_int_equal(setting_set(&m, "175.190", "me"), 0);
	assert_string_equal(get("username"), "me");
}

static void test_tags_reach_the_source(void **state)
{
	(void)state;
	outside_add(0, "net0", "-", 43, 116, "\x01\x02", 2);
	outside_add(1, "net0", "-", 17, 0, "root", 4);
	outside_add(2, "net0", "-", 175, 190, "me", 2);
	assert_string_equal(get("43.116:hex"), "01:02");
	assert_string_equal(get("net0/43.116:uint16"), "258");
	assert_string_equal(get("17"), "root");
	assert_string_equal(get("root-path"), "root");
	assert_string_equal(get("username"), "me");
	/* What looks like a number and is none is a name like any other. */
	static const char *const not [] = {
		"256", "0", "17.", "17.0", ".17", "17.256", "1.2.3", "99999999999", "17x"};
	for (unsigned i = 0; i < sizeof(not ) / sizeof(not [0]); i++)
		assert_null(get(not [i]));
}

static void test_script_before_source(void **state)
{
	(void)state;
	outside_add(0, "net0", "filename", 67, 0, "dhcp", 4);
	assert_string_equal(get("filename"), "dhcp");
	assert_string_equal(get("net0/filename"), "dhcp");
	assert_null(get("net1/filename"));
	assert_int_equal(setting_set(&m, "net0/filename", "mine"), 0);
	assert_string_equal(get("net0/filename"), "mine");
	assert_string_equal(get("filename"), "mine");
	assert_int_equal(setting_clear(&m, "net0/filename"), 0);
	assert_string_equal(get("filename"), "dhcp");
}

static void test_source_takes(void **state)
{
	(void)state;
	offered.takes = "ip";
	assert_int_equal(setting_set(&m, "net0/ip", "192.0.2.1"), 0);
	assert_string_equal(offered.scope, "net0");
	assert_string_equal(offered.name, "ip");
	assert_int_equal(offered.n, 4);
	assert_memory_equal(offered.raw, "\xc0\0\x02\x01", 4);
	/* Taken: kept there, not here. */
	assert_null(get("net0/ip"));
	assert_int_equal(setting_clear(&m, "net0/ip"), 0);
	assert_int_equal(offered.n, 0);
	/* Not taken: kept like any other. */
	assert_int_equal(setting_set(&m, "net0/dns", "192.0.2.1"), 0);
	assert_string_equal(get("net0/dns"), "192.0.2.1");
	assert_int_equal(offered.calls, 3);
}

static void test_limits(void **state)
{
	char name[16], value[SETTING_VALUE_MAX + 2];

	(void)state;
	for (int i = 0; i < SETTING_MAX; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		assert_int_equal(setting_set(&m, name, "1"), 0);
	}
	assert_int_equal(setting_set(&m, "more", "1"), -ERR_SETTING_FULL);
	assert_int_equal(setting_set(&m, "s3", "2"), 0);
	assert_int_equal(setting_clear(&m, "s4"), 0);
	assert_int_equal(setting_set(&m, "more", "1"), 0);
	memset(value, 'x', sizeof(value));
	value[SETTING_VALUE_MAX + 1] = 0;
	assert_int_equal(setting_set(&m, "more", value), -ERR_SETTING_VALUE);
	value[SETTING_VALUE_MAX] = 0;
	assert_int_equal(setting_set(&m, "more", value), 0);
	assert_string_equal(get("more"), value);
}

static void test_text_is_cut(void **state)
{
	char small[4];

	(void)state;
	setting_set(&m, "x", "abcdef");
	assert_int_equal(setting_text(&m, "x", small, sizeof(small)), 6);
	assert_string_equal(small, "abc");
	assert_int_equal(setting_text(&m, "nope", small, sizeof(small)), -ERR_SETTING_NONE);
	assert_string_equal(small, "");
	outside_add(0, "", "y", 0, 0, "a\001b", 3);
	assert_int_equal(setting_show(&m, "y", small, sizeof(small)), 6);
	assert_string_equal(small, "a");
}

static void test_show_cleans_only_what_is_foreign(void **state)
{
	char value[32];

	(void)state;
	outside_add(0, "", "y", 0, 0, "a\033\0b", 4);
	assert_int_equal(setting_show(&m, "y", value, sizeof(value)), 5);
	assert_string_equal(value, "a\\x1b");
	assert_int_equal(setting_text(&m, "y", value, sizeof(value)), 2);
	assert_string_equal(value, "a\033");
	setting_set(&m, "esc:hex", "1b");
	assert_int_equal(setting_show(&m, "esc:string", value, sizeof(value)), 1);
	assert_string_equal(value, "\033");
	assert_int_equal(setting_show(&m, "y:uristring", value, sizeof(value)), 4);
	assert_string_equal(value, "a%1b");
}

static void test_number(void **state)
{
	(void)state;
	assert_int_equal(setting_number(&m, "x", 7), 7);
	setting_set(&m, "x", "12");
	assert_int_equal(setting_number(&m, "x", 7), 12);
	setting_set(&m, "x", "0x10");
	assert_int_equal(setting_number(&m, "x", 7), 16);
	setting_set(&m, "x", "12 ");
	assert_int_equal(setting_number(&m, "x", 7), 7);
	setting_set(&m, "x", "000000000000000000000000000000012");
	assert_int_equal(setting_number(&m, "x", 7), 7);
	setting_set(&m, "x:uint32", "4000000000");
	assert_int_equal(setting_number(&m, "x", 7), 4000000000u);
}

static const char *expand(const char *text, size_t cap)
{
	static char buf[256];

	strcpy(buf, text);
	return setting_expand(&m, buf, cap) < 0 ? NULL : buf;
}

static void test_expand(void **state)
{
	char name[300];

	(void)state;
	setting_set(&m, "a", "1");
	setting_set(&m, "n1", "one");
	setting_set(&m, "e", "${a}");
	assert_string_equal(expand("", 256), "");
	assert_string_equal(expand("x${a}y${a}", 256), "x1y1");
	assert_string_equal(expand("${n${a}}${nope}${}", 256), "one");
	assert_string_equal(expand("${a", 256), "${a");
	assert_string_equal(expand("a}$", 256), "a}$");
	assert_string_equal(expand("${x${a}", 256), "${x1");
	assert_string_equal(expand("${e}", 256), "1");
	/* The room is used to the last byte and no further. */
	assert_string_equal(expand("ab${a}cd", 9), "ab1cd");
	assert_string_equal(expand("${n1}${n1}", 11), "oneone");
	setting_set(&m, "long", "0123456789");
	assert_string_equal(expand("${long}", 11), "0123456789");
	assert_null(expand("${long}", 10));
	memset(name, 'x', sizeof(name));
	memcpy(name, "${", 2);
	strcpy(name + 200, "}y");
	assert_string_equal(expand(name, 256), "y");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(test_set_and_get),
		T(test_types),
		T(test_bad_names),
		T(test_scopes),
		T(test_numbers_are_names),
		T(test_tags_reach_the_source),
		T(test_script_before_source),
		T(test_source_takes),
		T(test_limits),
		T(test_text_is_cut),
		T(test_show_cleans_only_what_is_foreign),
		T(test_number),
		T(test_expand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
