/* SPDX-License-Identifier: BSD-2-Clause */
/* URLs: RFC 3986 5.4's own examples, TFTP names as they come from DHCP, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "core/err.h"
#include "net/url.h"

static void test_parse(void **state)
{
	struct url u;

	(void)state;
	assert_int_equal(url_parse("TFTP://us%40er:p%3aw@10.0.2.2:6969/a/b%20c?x=1#frag", &u), 0);
	assert_string_equal(u.scheme, "tftp");
	assert_string_equal(u.user, "us@er");
	assert_string_equal(u.password, "p:w");
	assert_string_equal(u.host, "10.0.2.2");
	assert_int_equal(u.port, 6969);
	assert_string_equal(u.path, "/a/b%20c?x=1");

	assert_int_equal(url_parse("http://[2001:db8::1]:80", &u), 0);
	assert_string_equal(u.host, "2001:db8::1");
	assert_int_equal(u.port, 80);
	assert_string_equal(u.path, "/");

	assert_int_equal(url_parse("http://h?q", &u), 0);
	assert_string_equal(u.host, "h");
	assert_string_equal(u.path, "/?q");

	assert_int_equal(url_parse("tftp://h://x", &u), 0);
	assert_string_equal(u.host, "h");
	assert_int_equal(u.port, 0); /* "h:" has the scheme's own port */
	assert_string_equal(u.path, "//x");

	assert_int_equal(url_parse("tftp:///x", &u), 0);
	assert_string_equal(u.host, "");
}

static void test_parse_bad(void **state)
{
	static const char *const bad[] = {
		"",
		"x",
		"/x",
		"tftp:/x",
		"://h/x",
		"1a://h/x",
		"tf tp://h/x",
		"tftp://h/a b",
		"tftp://h/\n",
		"tftp://h/\x7f",
		"tftp://h/\x9b",
		"tftp://h:0/x",
		"tftp://h:65536/x",
		"tftp://h:99999999999/x",
		"tftp://h:-1/x",
		"tftp://h:8a/x",
		"tftp://[::1/x",
		"tftp://[::1]x/",
		"tftp://%zz@h/",
		"tftp://u:%4@h/",
		"tftp://%00@h/",
		"abcdefghijklmnop://h/",
	};
	char longest[URL_MAX + 40];
	struct url u;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (url_parse(bad[i], &u) != -ERR_BAD_URL)
			fail_msg("accepted: %s", bad[i]);
	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "tftp://h/", 9);
	longest[7 + 1 + URL_MAX - 1] = 0; /* a path of URL_MAX - 1 bytes and its NUL */
	assert_int_equal(url_parse(longest, &u), 0);
	assert_int_equal(strlen(u.path), URL_MAX - 1);
	longest[7 + 1 + URL_MAX - 1] = 'a';
	longest[7 + 1 + URL_MAX] = 0;
	assert_int_equal(url_parse(longest, &u), -ERR_BAD_URL);
}

static void resolves(const char *base, const char *ref, const char *want)
{
	char text[URL_MAX];

	assert_int_equal(url_resolve(base, "10.0.0.1", ref, text), 0);
	assert_string_equal(text, want);
}

/* RFC 3986 5.4.1 and 5.4.2, but for those without "//" behind the scheme: here they are paths. */
static void test_resolve_rfc(void **state)
{
	static const char *const row[][2] = {
		{"g", "http://a/b/c/g"},
		{"./g", "http://a/b/c/g"},
		{"g/", "http://a/b/c/g/"},
		{"/g", "http://a/g"},
		{"//g", "http://g"},
		{"?y", "http://a/b/c/d;p?y"},
		{"g?y", "http://a/b/c/g?y"},
		{";x", "http://a/b/c/;x"},
		{"g;x", "http://a/b/c/g;x"},
		{".", "http://a/b/c/"},
		{"./", "http://a/b/c/"},
		{"..", "http://a/b/"},
		{"../", "http://a/b/"},
		{"../g", "http://a/b/g"},
		{"../..", "http://a/"},
		{"../../", "http://a/"},
		{"../../g", "http://a/g"},
		{"../../../g", "http://a/g"},
		{"../../../../g", "http://a/g"},
		{"/./g", "http://a/g"},
		{"/../g", "http://a/g"},
		{"g.", "http://a/b/c/g."},
		{".g", "http://a/b/c/.g"},
		{"g..", "http://a/b/c/g.."},
		{"./../g", "http://a/b/g"},
		{"./g/.", "http://a/b/c/g/"},
		{"g/./h", "http://a/b/c/g/h"},
		{"g/../h", "http://a/b/c/h"},
		{"g;x=1/../y", "http://a/b/c/y"},
		{"g?y/./x", "http://a/b/c/g?y/./x"},
		{"g?y/../x", "http://a/b/c/g?y/../x"},
		{"http://x/y", "http://x/y"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		resolves("http://a/b/c/d;p?q", row[i][0], row[i][1]);
}

static void test_resolve_names(void **state)
{
	char text[URL_MAX], longest[2 * URL_MAX];

	(void)state;
	resolves("", "pxelinux.0", "tftp://10.0.0.1/pxelinux.0");
	resolves("", "/boot/x", "tftp://10.0.0.1//boot/x"); /* absolute stays absolute */
	resolves("", "boot\\x64\\a.0", "tftp://10.0.0.1/boot\\x64\\a.0");
	resolves("", "a b?c#d%e", "tftp://10.0.0.1/a%20b%3Fc%23d%25e");
	resolves("", "caf\xc3\xa9", "tftp://10.0.0.1/caf%C3%A9");
	resolves("http://h/d/", "caf\xc3\xa9", "http://h/d/caf%C3%A9");
	resolves("", "\x9b[2J",
		"tftp://10.0.0.1/%9B[2J"); /* hostile row 42: no control sequences in URLs */
	resolves("", "menu/52:54:00:12:34:56", "tftp://10.0.0.1/menu/52:54:00:12:34:56");
	resolves("tftp://h//abs/script", "vmlinuz", "tftp://h//abs/vmlinuz");
	resolves("tftp://h/script", "dir/vmlinuz", "tftp://h/dir/vmlinuz");
	resolves("tftp://h", "x", "tftp://h/x");
	resolves("tftp://h/a?x/y", "b", "tftp://h/b");
	assert_int_equal(url_resolve("", "", "x", text), -ERR_BAD_URL);
	assert_int_equal(url_resolve("tftp://h/x", "", "", text), -ERR_BAD_URL);
	memset(longest, '%', sizeof(longest));
	longest[sizeof(longest) - 1] = 0;
	assert_int_equal(url_resolve("", "10.0.0.1", longest, text), -ERR_BAD_URL);
	assert_int_equal(url_resolve("tftp://h/d/", "", longest, text), -ERR_BAD_URL);
	memcpy(longest, "tftp://", 7); /* a base whose host alone is too long */
	assert_int_equal(url_resolve(longest, "", "x", text), -ERR_BAD_URL);
	resolves("http://caf\xc3\xa9/a/b", "../c",
		"http://caf%C3%A9/c"); /* the root becomes longer */
	resolves("http://\xff\xff\xff/..", "x", "http://%FF%FF%FF/x");
}

static void test_decode(void **state)
{
	char text[8];

	(void)state;
	assert_true(url_decode("a%20b%2Fc", text, sizeof(text)));
	assert_string_equal(text, "a b/c");
	assert_true(url_decode("1234567", text, sizeof(text)));
	assert_false(url_decode("12345678", text, sizeof(text)));
	assert_false(url_decode("%", text, sizeof(text)));
	assert_false(url_decode("%4", text, sizeof(text)));
	assert_false(url_decode("%g0", text, sizeof(text)));
	assert_false(url_decode("%00", text, sizeof(text)));
	assert_false(url_decode("", text, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_bad),
		cmocka_unit_test(test_resolve_rfc),
		cmocka_unit_test(test_resolve_names),
		cmocka_unit_test(test_decode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
