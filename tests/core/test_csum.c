/* SPDX-License-Identifier: BSD-2-Clause */
/* core/csum.c against RFC 1071 and a loop over 16-bit words. */
#include <stdlib.h>
#include <string.h>
#include "core/csum.h"
#include "tests/unit.h"

static uint16_t reference(const uint8_t *p, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? p[i] : (uint64_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Every length at every alignment, whole and in two pieces, against a loop over 16-bit words. */
static void agrees_with_reference(void **state)
{
	_Alignas(16) uint8_t buf[400];

	(void)state;
	srand(1);
	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (uint8_t)rand();
	for (size_t at = 0; at < 8; at++) {
		for (size_t n = 0; n < 200; n++) {
			uint8_t *copy = malloc(n ? n : 1); /* for the sanitizer: exactly n bytes */
			uint32_t sum = csum_add(0, buf + at, n / 2 & ~(size_t)1);

			memcpy(copy, buf + at, n);
			assert_int_equal(csum_fold(csum_add(0, copy, n)), reference(buf + at, n));
			sum = csum_add(
				sum, buf + at + (n / 2 & ~(size_t)1), n - (n / 2 & ~(size_t)1));
			assert_int_equal(csum_fold(sum), reference(buf + at, n));
			free(copy);
		}
	}
}

static void carries(void **state)
{
	static uint8_t ones[65536];

	(void)state;
	memset(ones, 0xff, sizeof(ones));
	for (size_t n = 0; n < sizeof(ones); n += 257)
		assert_int_equal(csum_fold(csum_add(0, ones, n)), reference(ones, n));
	assert_int_equal(csum_fold(csum_add(0xffffffff, ones, 65536)), 0);
	assert_int_equal(csum_fold(0), 0xffff);
	assert_int_equal(csum_fold(0x1ffff), 0xfffe); /* the carry of the carry */
	assert_int_equal(csum_fold(0xffff8000), 0x7fff);
	assert_int_equal(csum_fold(0x12345678), (uint16_t)~0x68ac);
	ones[0] = 0;
	assert_int_equal(csum_fold(csum_add(0xffff, ones, 1)), 0);
}

static void example_of_rfc1071(void **state)
{
	static const uint8_t example[] = {
		0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}; /* section 3 */

	(void)state;
	assert_int_equal(csum_fold(csum_add(0, example, 8)), (uint16_t)~0xddf2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_reference),
		cmocka_unit_test(carries),
		cmocka_unit_test(example_of_rfc1071),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
