/* SPDX-License-Identifier: BSD-2-Clause */
/* core/cpio.c, judged by GNU cpio. */
#include "core/cpio.h"
#include "tests/unit.h"

/* Output of a cpio command that reads an archive of one file. */
static void cpio(const char *options, const char *path, uint32_t mode, const char *data, char *out,
	size_t cap)
{
	static uint8_t archive[65536];
	struct emit e = emit_to(archive, sizeof(archive));
	char name[] = "/tmp/reveille-cpio-XXXXXX", command[128];
	int fd = mkstemp(name);
	FILE *pipe, *file;
	size_t n;

	cpio_header(&e, path, mode, (uint32_t)strlen(data));
	assert_int_equal(e.n, cpio_header_size(path));
	assert_int_equal(e.n % 4, 0);
	emit_bytes(&e, data, strlen(data));
	emit_zero(&e, (4 - e.n % 4) % 4);
	n = e.n;
	cpio_trailer(&e);
	assert_false(e.bad);
	assert_int_equal(e.n - n, CPIO_TRAILER_SIZE);

	assert_true(fd >= 0);
	file = fdopen(fd, "w");
	assert_int_equal(fwrite(archive, 1, e.n, file), e.n);
	fclose(file);
	snprintf(command, sizeof(command), "cpio --quiet %s < %s 2>&1", options, name);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	n = fread(out, 1, cap - 1, pipe);
	out[n] = 0;
	assert_int_equal(pclose(pipe), 0);
	remove(name);
}

static void test_names(void **state)
{
	static const struct {
		const char *path, *list;
	} rows[] = {
		{"file", "file\n"},
		{"/file", "file\n"},
		{"///etc/motd", "etc\netc/motd\n"},
		{"/usr/lib//x", "usr\nusr/lib\nusr/lib//x\n"},
		{"a/b/c/d", "a\na/b\na/b/c\na/b/c/d\n"},
		{"ab/abc", "ab\nab/abc\n"},
	};
	char out[1024];

	(void)state;
	for (unsigned i = 0; i < ROWS(rows); i++) {
		cpio("-it", rows[i].path, 0644, "some data", out, sizeof(out));
		assert_string_equal(out, rows[i].list);
	}
}

static void test_modes(void **state)
{
	char out[1024];

	(void)state;
	cpio("-itv", "bin/tool", 04755, "#!/bin/sh\n", out, sizeof(out));
	assert_non_null(strstr(out, "drwxr-xr-x"));
	assert_non_null(strstr(out, "-rwsr-xr-x"));
	assert_non_null(strstr(out, "  10 "));		       /* bytes */
	cpio("-itv", "secret", 0100600, "", out, sizeof(out)); /* only permissions are taken */
	assert_non_null(strstr(out, "-rw-------"));
}

static void test_data(void **state)
{
	char out[1024];

	(void)state;
	cpio("-i --to-stdout etc/motd", "/etc/motd", 0644, "hello, world", out, sizeof(out));
	assert_string_equal(out, "hello, world");
}

/* Every length of name and data, so every padding. */
static void test_padding(void **state)
{
	char path[64], data[8], out[1024], list[128];

	(void)state;
	for (unsigned i = 0; i < 32; i++) {
		snprintf(path, sizeof(path), "d/%.*s", 1 + (int)(i % 8), "abcdefgh");
		snprintf(data, sizeof(data), "%.*s", (int)(i / 8), "1234");
		snprintf(list, sizeof(list), "d\n%s\n", path);
		cpio("-it", path, 0644, data, out, sizeof(out));
		assert_string_equal(out, list);
	}
}

static void test_no_file(void **state)
{
	(void)state;
	assert_int_equal(cpio_header_size(""), 0);
	assert_int_equal(cpio_header_size("/"), 0);
	assert_int_equal(cpio_header_size("a/"), 0);
	assert_int_equal(cpio_header_size("/a//"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
