/* SPDX-License-Identifier: BSD-2-Clause */
/* Load options as shells, boot entries and other loaders give them, and the path of our file. */
#include "tests/unit.h"
#include "arch/efi/options.h"
#include "arch/efi/utf16.h"
#include "core/str.h"

/* The line that comes out of the options `text` has, with its NUL; "-" when there is none. */
static const char *line_of(const char *text, const char *self)
{
	static char line[64];
	uint16_t wide[256];
	size_t n = utf16_from_utf8(wide, 256, text);

	return options_line(bytes_of(wide, n * 2), self, line, sizeof(line)) ? line : "-";
}

static void test_plain(void **state)
{
	(void)state;
	assert_string_equal(line_of("shell", ""), "shell");
	assert_string_equal(
		line_of("  chain http://h/a.efi --x  ", ""), "chain http://h/a.efi --x");
	assert_string_equal(line_of("", ""), "-");
	assert_string_equal(line_of("   ", ""), "-");
}

static void test_program_name(void **state)
{
	const char *self = "\\EFI\\BOOT\\BOOTX64.EFI";

	(void)state;
	assert_string_equal(line_of("reveille.efi shell", self), "shell");
	assert_string_equal(line_of("FS0:\\EFI\\boot\\bootx64 shell", self), "shell");
	assert_string_equal(line_of("\"fs0:\\a dir\\x.efi\" echo \"a b\"", self), "echo \"a b\"");
	assert_string_equal(line_of("bootx64.efi", self), "-");
	assert_string_equal(line_of(".efi x", self), "x");
	assert_string_equal(line_of("bootx6 x", self), "bootx6 x");
	assert_string_equal(line_of("bootx64 x", ""), "bootx64 x");
	assert_string_equal(line_of("efi x", ".efi"), "efi x");
}

static void test_no_text(void **state)
{
	static const uint8_t windows[] = "WINDOWS\0\1\0\0\0\x88\0\0\0";
	static const uint16_t control[] = {'a', 7, 'b', 0}, latin[] = {0xe4, 0};
	static const uint16_t open_end[] = {'h', 'i'};
	char line[8] = "x";

	(void)state;
	assert_false(options_line(bytes_of(windows, sizeof(windows) - 1), "", line, sizeof(line)));
	assert_string_equal(line, "");
	assert_false(options_line(bytes_of(control, sizeof(control)), "", line, sizeof(line)));
	assert_false(options_line(bytes_of(latin, sizeof(latin)), "", line, sizeof(line)));
	assert_false(options_line(bytes_of(NULL, 0), "", line, sizeof(line)));
	assert_false(options_line(bytes_of(open_end, 3), "", line, sizeof(line)));
	assert_true(options_line(bytes_of(open_end, 4), "", line, sizeof(line)));
	assert_string_equal(line, "hi");
}

static void test_room(void **state)
{
	static const uint16_t text[] = {'1', '2', '3', '4', 0};
	char line[5];

	(void)state;
	assert_true(options_line(bytes_of(text, sizeof(text)), "", line, 5));
	assert_string_equal(line, "1234");
	assert_false(options_line(bytes_of(text, sizeof(text)), "", line, 4));
	assert_string_equal(line, "");
}

#define FILE_NODE(n, ...) 4, 4, (n) + 4, 0, __VA_ARGS__
#define END		  0x7f, 0xff, 4, 0

static void test_file(void **state)
{
	static const uint8_t whole[] = {
		1, 1, 6, 0, 0, 2, FILE_NODE(10, '\\', 0, 'a', 0, '\\', 0, 'b', 0, 0, 0), END};
	static const uint8_t parts[] = {
		FILE_NODE(4, 'a', 0, 0, 0), FILE_NODE(4, 'b', 0, 0, 0), END};
	static const uint8_t slashes[] = {
		FILE_NODE(4, '\\', 0, 'a', 0), FILE_NODE(6, '\\', 0, 'b', 0, 0, 0), END};
	static const uint8_t none[] = {END}, bad[] = {4, 4, 3, 0, 'a', 0},
			     beyond[] = {4, 4, 9, 0, 'a', 0};
	char path[8];

	(void)state;
	assert_true(options_file(bytes_of(whole, sizeof(whole)), path, sizeof(path)));
	assert_string_equal(path, "\\a\\b");
	assert_false(options_file(bytes_of(whole, sizeof(whole)), path, 4));
	assert_true(options_file(bytes_of(parts, sizeof(parts)), path, sizeof(path)));
	assert_string_equal(path, "a\\b");
	assert_false(options_file(bytes_of(parts, sizeof(parts)), path, 3));
	assert_true(options_file(bytes_of(slashes, sizeof(slashes)), path, sizeof(path)));
	assert_string_equal(path, "\\a\\b");
	assert_false(options_file(bytes_of(none, sizeof(none)), path, sizeof(path)));
	assert_false(options_file(bytes_of(bad, sizeof(bad)), path, sizeof(path)));
	assert_false(options_file(bytes_of(beyond, sizeof(beyond)), path, sizeof(path)));
	assert_false(options_file(bytes_of(NULL, 0), path, sizeof(path)));
}

static void test_beside(void **state)
{
	char path[16] = "\\EFI\\x.efi";

	(void)state;
	assert_true(options_beside(path, sizeof(path), "auto"));
	assert_string_equal(path, "\\EFI\\auto");
	assert_true(options_beside(path, 10, "auto"));
	assert_false(options_beside(path, 9, "auto"));
	str_copy(path, sizeof(path), "x.efi");
	assert_true(options_beside(path, sizeof(path), "auto"));
	assert_string_equal(path, "auto");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_program_name),
		cmocka_unit_test(test_no_text),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_beside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
