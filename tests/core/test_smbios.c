/* SPDX-License-Identifier: BSD-2-Clause */
/* core/smbios.c: entry points, and the system's UUID among structures of all kinds. */
#include "core/smbios.h"
#include "tests/unit.h"

static const uint8_t want[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

/* A structure of that type and length at *at; behind it are strings, ended by an empty one. */
static uint8_t *add(uint8_t **at, uint8_t type, uint8_t len, const char *strings, size_t n)
{
	uint8_t *s = *at;

	memset(s, 0, len);
	s[0] = type;
	s[1] = len;
	memcpy(s + len, strings, n);
	*at += len + n;
	return s;
}

static void test_uuid(void **state)
{
	uint8_t table[256], *at = table, uuid[16];

	(void)state;
	add(&at, 0, 0x18, "Vendor\0001.0\0", sizeof("Vendor\0001.0\0"));
	memcpy(add(&at, 1, 0x1b, "\0", 2) + 8, want, 16);
	add(&at, 127, 4, "\0", 2);
	assert_true(smbios_uuid(bytes_of(table, (size_t)(at - table)), uuid));
	assert_memory_equal(uuid, want, 16);
}

/* System information of SMBIOS 2.0 ends in front of it; and there may be none at all. */
static void test_no_uuid(void **state)
{
	uint8_t table[64], *at = table, uuid[16];

	(void)state;
	add(&at, 1, 0x08, "\0", 2);
	add(&at, 127, 4, "\0", 2);
	assert_false(smbios_uuid(bytes_of(table, (size_t)(at - table)), uuid));
	assert_false(smbios_uuid(bytes_of(NULL, 0), uuid));
}

/* Wherever the bytes end, and where a length is no length, nothing is read beyond. */
static void test_broken(void **state)
{
	uint8_t whole[64], *at = whole, uuid[16];
	size_t n;

	(void)state;
	add(&at, 0, 0x18, "x\0", 3);
	memcpy(add(&at, 1, 0x1b, "\0", 2) + 8, want, 16);
	n = (size_t)(at - whole) - 2;
	for (size_t i = 0; i <= n; i++) {
		uint8_t *cut = test_malloc(i + !i);

		memcpy(cut, whole, i);
		assert_int_equal(smbios_uuid(bytes_of(cut, i), uuid), i == n);
		test_free(cut);
	}
	whole[1] = 3;
	assert_false(smbios_uuid(bytes_of(whole, sizeof(whole)), uuid));
}

static void test_entry_points(void **state)
{
	static const uint8_t entry[0x1f] = {
		[0] = '_', 'S', 'M', '_', [0x16] = 0x34, 0x12, 0x78, 0x56, 0x0f, 0x00};
	static const uint8_t entry3[0x18] = {
		[0] = '_', 'S', 'M', '3', '_', [0x0c] = 0x45, 0x23, 1, 0, 0x20, 0xf0, 0x7f};
	struct bytes b = smbios_table(entry);

	(void)state;
	assert_int_equal((uintptr_t)b.p, 0xf5678);
	assert_int_equal(b.n, 0x1234);
	b = smbios_table3(entry3);
	assert_int_equal((uintptr_t)b.p, 0x7ff020);
	assert_int_equal(b.n, 0x12345);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uuid),
		cmocka_unit_test(test_no_uuid),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_entry_points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
