/* SPDX-License-Identifier: BSD-2-Clause */
/* arch/efi/utf16.c: command lines and names, exactly, both ways; and what is no text at all. */
#include "arch/efi/utf16.h"
#include "tests/unit.h"

static void both(const char *utf8, const uint16_t *utf16, size_t units)
{
	uint16_t wide[64];
	char back[64];

	assert_int_equal(utf16_from_utf8(wide, ROWS(wide), utf8), units);
	assert_memory_equal(wide, utf16, units * sizeof(*wide));
	assert_int_equal(utf16_to_utf8(back, sizeof(back), utf16, units), strlen(utf8) + 1);
	assert_string_equal(back, utf8);
}

#define BOTH(utf8, ...)                                                                            \
	both(utf8, (const uint16_t[]){__VA_ARGS__},                                                \
		sizeof((const uint16_t[]){__VA_ARGS__}) / sizeof(uint16_t))

static void characters_of_all_lengths(void **state)
{
	(void)state;
	BOTH("", 0);
	BOTH("a \x7f", 'a', ' ', 0x7f, 0);
	BOTH("\xc2\x80\xdf\xbf", 0x80, 0x7ff, 0);
	BOTH("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf", 0x800, 0xd7ff, 0xe000, 0xffff, 0);
	BOTH("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 0xd800, 0xdc00, 0xdbff, 0xdfff, 0);
}

static void what_is_no_utf8_is_replaced_byte_by_byte(void **state)
{
	static const struct {
		const char *text;
		uint16_t units[6];
	} rows[] = {
		{"a\x80z", {'a', 0xfffd, 'z', 0}}, /* a continuation alone */
		{"\xc3", {0xfffd, 0}},		   /* cut off */
		{"\xe2\x82", {0xfffd, 0xfffd, 0}},
		{"\xe2\x82z", {0xfffd, 0xfffd, 'z', 0}},
		{"\xc1\xbf", {0xfffd, 0xfffd, 0}}, /* long forms */
		{"\xe0\x9f\xbf", {0xfffd, 0xfffd, 0xfffd, 0}},
		{"\xf0\x8f\xbf\xbf", {0xfffd, 0xfffd, 0xfffd, 0xfffd, 0}},
		{"\xed\xa0\x80", {0xfffd, 0xfffd, 0xfffd, 0}},		   /* a surrogate */
		{"\xf4\x90\x80\x80", {0xfffd, 0xfffd, 0xfffd, 0xfffd, 0}}, /* above U+10FFFF */
		{"\xff", {0xfffd, 0}},
	};
	uint16_t wide[8];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		size_t n = utf16_from_utf8(wide, ROWS(wide), rows[i].text);

		assert_in_range(n, 2, 6);
		assert_memory_equal(wide, rows[i].units, n * sizeof(*wide));
		assert_int_equal(wide[n - 1], 0);
	}
}

static void lonely_surrogates_are_replaced(void **state)
{
	const uint16_t s[] = {0xd800, 'a', 0xdc00, 0xd800};
	char text[32];

	(void)state;
	assert_int_equal(utf16_to_utf8(text, sizeof(text), s, ROWS(s)), 3 + 1 + 3 + 3 + 1);
	assert_string_equal(text, "\xef\xbf\xbd"
				  "a\xef\xbf\xbd\xef\xbf\xbd");
}

static void room_is_kept_and_no_character_cut(void **state)
{
	uint16_t wide[4] = {1, 1, 1, 1};
	char text[4] = "xxx";

	(void)state;
	assert_int_equal(utf16_from_utf8(wide, 3,
				 "ab\xf0\x90\x80\x80"
				 "c"),
		6);
	assert_int_equal(wide[2], 0);
	assert_int_equal(wide[3], 1);
	/* What would fit behind something that did not is not put there. */
	assert_int_equal(utf16_from_utf8(wide, 3,
				 "a\xf0\x90\x80\x80"
				 "c"),
		5);
	assert_int_equal(wide[1], 0);
	assert_int_equal(utf16_to_utf8(text, 3, (const uint16_t[]){'a', 0xe9, 'b'}, 3), 5);
	assert_string_equal(text, "a");
	assert_int_equal(utf16_to_utf8(text, 1, (const uint16_t[]){'a'}, 1), 2);
	assert_string_equal(text, "");
}

static void a_nul_ends_text_that_says_it_is_longer(void **state)
{
	char text[8];

	(void)state;
	assert_int_equal(utf16_to_utf8(text, sizeof(text), (const uint16_t[]){'a', 0, 'b'}, 3), 2);
	assert_string_equal(text, "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters_of_all_lengths),
		cmocka_unit_test(what_is_no_utf8_is_replaced_byte_by_byte),
		cmocka_unit_test(lonely_surrogates_are_replaced),
		cmocka_unit_test(room_is_kept_and_no_character_cut),
		cmocka_unit_test(a_nul_ends_text_that_says_it_is_longer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
