/* SPDX-License-Identifier: BSD-2-Clause */
/* core/fmt.c, compared with the host's snprintf. */
#include "core/fmt.h"
#include "tests/fake.h"
#include "tests/unit.h"

#define SAME(...)                                                                                  \
	do {                                                                                       \
		char want[128], got[128];                                                          \
		int n = snprintf(want, sizeof(want), __VA_ARGS__);                                 \
                                                                                                   \
		memset(got, 'Z', sizeof(got));                                                     \
		assert_int_equal(fmt_print(got, sizeof(got), __VA_ARGS__), n);                     \
		assert_string_equal(got, want);                                                    \
	} while (0)

static void test_plain(void **state)
{
	int here;

	(void)state;
	SAME("%s", "");
	SAME("100%%");
	SAME("%c%c", 'a', 'b');
	SAME("%-3c|%3c|", 'a', 'b');
	SAME("[%s] [%8s] [%-8s] [%.2s] [%8.2s]", "text", "text", "text", "text", "text");
	SAME("[%*s] [%-*s] [%.*s] [%.*s]", 6, "ab", 6, "ab", 1, "ab", -1, "ab");
	SAME("[%*d] [%*d]", -6, 42, 6, -42);
	SAME("%.3s", (const char[]){'a', 'b', 'c'}); /* not terminated: read no further */
	SAME("%p", (void *)&here);
	SAME("%d %i %u %x %X", -1, -2, 3u, 0xbeefu, 0xBEEFu);
	SAME("%lld %lld %llu", INT64_MIN + 0ll, INT64_MAX + 0ll, UINT64_MAX + 0ull);
	SAME("%zu %ld %lu", sizeof(state), -5l, 5ul);
	SAME("%hhd %hhu %hd %hu %hhx", (signed char)-1, (unsigned char)255, (short)-1,
		(unsigned short)65535, (unsigned char)0x7f);
}

/* Flags, width, precision, length and conversion of integers in all combinations, at random values.
 */
static void test_integers(void **state)
{
	static const char *const flags[] = {"", "-", "0", "-0"}, *const lengths[] = {"hh", "h", "",
									 "l", "ll", "z"};
	uint64_t seed = 3;

	(void)state;
	for (int round = 0; round < 50000; round++) {
		unsigned length = fake_random(&seed) % 6;
		char f[32], width[8] = "", precision[8] = "";
		uint64_t v = (uint64_t)fake_random(&seed) << 32 | fake_random(&seed);

		v >>= fake_random(&seed) % 64;
		if (fake_random(&seed) % 8 == 0)
			v = 0;
		if (fake_random(&seed) % 2)
			snprintf(width, sizeof(width), "%u", 1 + fake_random(&seed) % 30);
		if (fake_random(&seed) % 2)
			snprintf(precision, sizeof(precision), ".%u", fake_random(&seed) % 30);
		snprintf(f, sizeof(f), "<%%%s%s%s%s%c>", flags[fake_random(&seed) % 4], width,
			precision, lengths[length], "diuxX"[fake_random(&seed) % 5]);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		if (length < 3)
			SAME(f, (int)v);
		else if (length == 4)
			SAME(f, (unsigned long long)v);
		else
			SAME(f, (unsigned long)v);
#pragma GCC diagnostic pop
	}
}

/* Always terminated, never beyond cap, and the length is that of the whole. */
static void test_cut(void **state)
{
	char buf[12];

	(void)state;
	for (size_t cap = 0; cap <= 11; cap++) {
		memset(buf, 'Z', sizeof(buf));
		assert_int_equal(fmt_print(buf, cap, "%s-%04d", "abc", 17), 8);
		assert_int_equal(buf[cap], 'Z');
		if (cap) {
			assert_int_equal(strlen(buf), cap - 1 < 8 ? cap - 1 : 8);
			assert_memory_equal(buf, "abc-0017", strlen(buf));
		}
	}
	assert_int_equal(fmt_print(NULL, 0, "%s", "text"), 4);
}

/* A mistake in a format is shown as it stands; nothing is read that may not be there. */
static void test_unknown(void **state)
{
	const char *f = "%q %5";
	char buf[32];

	(void)state;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
	fmt_print(buf, sizeof(buf), f);
#pragma GCC diagnostic pop
	assert_string_equal(buf, "%q %5");
}

static void test_null(void **state)
{
	const char *volatile none = NULL;
	char buf[32];

	(void)state;
	fmt_print(buf, sizeof(buf), "%s", none);
	assert_string_equal(buf, "(null)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
