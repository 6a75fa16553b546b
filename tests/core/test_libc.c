/* SPDX-License-Identifier: BSD-2-Clause */
/* core/libc.c, beside the host's functions of the same names, and core/div.c beside the CPU's
 * division. */
#define memcmp	our_memcmp
#define strlen	our_strlen
#define strcmp	our_strcmp
#define strncmp our_strncmp
#define strchr	our_strchr
#include "core/libc.c"
#undef memcmp
#undef strlen
#undef strcmp
#undef strncmp
#undef strchr
#define __udivmoddi4 our_udivmoddi4
#define __udivdi3    our_udivdi3
#define __umoddi3    our_umoddi3
#include "core/div.c"

#include "tests/fake.h"
#include "tests/unit.h"

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

static void test_strings(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char a[6] = {0}, b[6] = {0};
		size_t n = fake_random(&seed) % 7;
		int c = (int)(fake_random(&seed) % 4);

		for (size_t i = 0; i < 5; i++) {
			a[i] = (char)(fake_random(&seed) % 3 * 0x7f);
			b[i] = fake_random(&seed) % 4 ? a[i]
						      : (char)(fake_random(&seed) % 3 * 0x7f);
		}
		assert_int_equal(our_strlen(a), strlen(a));
		assert_int_equal(sign(our_strcmp(a, b)), sign(strcmp(a, b)));
		assert_int_equal(sign(our_strncmp(a, b, n)), sign(strncmp(a, b, n)));
		assert_int_equal(sign(our_memcmp(a, b, n % 6)), sign(memcmp(a, b, n % 6)));
		assert_ptr_equal(our_strchr(a, c * 0x7f), strchr(a, c * 0x7f));
	}
}

static void test_division(void **state)
{
	uint64_t seed = 2;

	(void)state;
	for (int round = 0; round < 100000; round++) {
		uint64_t n = (uint64_t)fake_random(&seed) << 32 | fake_random(&seed), rem;
		uint64_t d = (uint64_t)fake_random(&seed) << 32 | fake_random(&seed);

		n >>= fake_random(&seed) % 64;
		d >>= fake_random(&seed) % 64;
		if (!d)
			continue;
		assert_int_equal(our_udivmoddi4(n, d, &rem), n / d);
		assert_int_equal(rem, n % d);
		assert_int_equal(our_udivdi3(n, d), n / d);
		assert_int_equal(our_umoddi3(n, d), n % d);
	}
	assert_int_equal(our_udivdi3(UINT64_MAX, UINT64_MAX), 1);
	assert_int_equal(our_umoddi3(UINT64_MAX, UINT64_MAX - 1), 1);
	assert_int_equal(our_udivdi3(5, 0), UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_division),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
