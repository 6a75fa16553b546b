/* SPDX-License-Identifier: BSD-2-Clause */
/* core/str.c. */
#include <stdio.h>
#include "core/str.h"
#include "tests/unit.h"

static void test_copy(void **state)
{
	char buf[5] = "xxxx";

	(void)state;
	assert_true(str_copy(buf, sizeof(buf), "abcd"));
	assert_string_equal(buf, "abcd");
	assert_false(str_copy(buf, sizeof(buf), "efghi"));
	assert_string_equal(buf, "efgh");
	assert_false(str_copy(buf, 1, "z"));
	assert_string_equal(buf, "");
	assert_true(str_copy(buf, 1, ""));
	assert_true(str_copy_n(buf, sizeof(buf), "abcdef", 3));
	assert_string_equal(buf, "abc");
	assert_true(str_copy_n(buf, sizeof(buf), "ab\0cd", 5));
	assert_string_equal(buf, "ab");
	assert_false(str_copy_n(buf, sizeof(buf), "abcdef", 5));
	assert_string_equal(buf, "abcd");
	assert_true(str_copy_n(buf, sizeof(buf), NULL, 0));
	assert_string_equal(buf, "");
}

static void test_compare(void **state)
{
	(void)state;
	assert_true(str_ieq("BlkSize", "blksize"));
	assert_true(str_ieq("", ""));
	assert_false(str_ieq("abc", "ab"));
	assert_false(str_ieq("ab", "abc"));
	assert_false(str_ieq("[", "{")); /* not letters, though 0x20 apart */
	assert_true(str_starts("tftp://x", "tftp:"));
	assert_true(str_starts("x", ""));
	assert_false(str_starts("tft", "tftp"));
}

static void test_clean(void **state)
{
	char buf[16];

	(void)state;
	str_clean(buf, sizeof(buf), "a\x1b[2J\x7f~", 7);
	assert_string_equal(buf, "a\\x1b[2J\\x7f~");
	str_clean(buf, sizeof(buf), "\xff\0%n", 4);
	assert_string_equal(buf, "\\xff\\x00%n");
	/* An escape is there whole or not at all. */
	for (size_t cap = 0; cap <= sizeof(buf); cap++) {
		memset(buf, 'Z', sizeof(buf));
		str_clean(buf, cap, "\n\n\n\n", 4);
		if (cap)
			assert_int_equal(strlen(buf), (cap - 1) / 4 * 4);
		else
			assert_int_equal(buf[0], 'Z');
	}
}

static void test_u64(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		uint64_t value;
	} rows[] = {
		{"0", true, 0},
		{"00", true, 0},
		{"1428", true, 1428},
		{"18446744073709551615", true, UINT64_MAX},
		{"18446744073709551616", false, 0},
		{"99999999999999999999", false, 0},
		{"0x0", true, 0},
		{"0XfFfFfFfFfFfFfFfF", true, UINT64_MAX},
		{"0x10000000000000000", false, 0},
		{"0x00000000000000000001", true, 1},
		{"", false, 0},
		{"0x", false, 0},
		{"x", false, 0},
		{"-1", false, 0},
		{"+1", false, 0},
		{" 1", false, 0},
		{"1 ", false, 0},
		{"12a", false, 0},
		{"0x1g", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		uint64_t v = 77;

		assert_int_equal(str_u64(rows[i].text, &v), rows[i].ok);
		assert_int_equal(v, rows[i].ok ? rows[i].value : 77);
	}
}

static void test_hide(void **state)
{
	static const char *const row[][2] = {
		{"", ""},
		{"http://u:p@h/x: 404", "http://h/x: 404"},
		{"http://u:p@h", "http://h"},
		{"chain http://a@b@h?c@d && x://:p@/y", "chain http://h?c@d && x:///y"},
		{"http://h/a@b", "http://h/a@b"},
		{"http://h#a@b", "http://h#a@b"},
		{"http://h to me@x", "http://h to me@x"},
		{"http://://a@://b@", "http://://://"},
		{"://", "://"},
		{"me@x:/", "me@x:/"},
	};
	char text[64];

	(void)state;
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		snprintf(text, sizeof(text), "%s", row[i][0]);
		str_hide(text);
		assert_string_equal(text, row[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_hide),
		cmocka_unit_test(test_u64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
