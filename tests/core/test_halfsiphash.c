/* SPDX-License-Identifier: BSD-2-Clause */
/* HalfSipHash-2-4 against the vectors of its authors: key 0 1 2 ..., input 0 1 2 .... */
#include "core/halfsiphash.h"
#include "tests/unit.h"

static void vectors(void **state)
{
	static const uint32_t key[2] = {0x03020100, 0x07060504};
	static const uint32_t input[] = {
		0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c, 0x13121110};
	/* of 0, 4, 8 ... bytes */
	static const uint32_t expected[] = {
		0x5b9f35a9, 0x89466e2a, 0x8f84b8d0, 0x2f87f057, 0x84acb5d9, 0x45104de3};

	(void)state;
	for (unsigned n = 0; n < ROWS(expected); n++)
		assert_int_equal(halfsiphash(key, input, n), expected[n]);
}

static void key_matters(void **state)
{
	static const uint32_t keys[][2] = {{0, 0}, {1, 0}, {0, 1}, {0x80000000, 0}};
	static const uint32_t input[4] = {1, 2, 3, 4};

	(void)state;
	for (unsigned i = 0; i < ROWS(keys); i++)
		for (unsigned k = 0; k < i; k++)
			assert_int_not_equal(
				halfsiphash(keys[i], input, 4), halfsiphash(keys[k], input, 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),
		cmocka_unit_test(key_matters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
