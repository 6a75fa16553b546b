/* SPDX-License-Identifier: BSD-2-Clause */
/* Parts of the sequence space against a model that knows each number by itself. */
#include "net/tcp_priv.h"
#include "tests/fake.h"
#include "tests/unit.h"

#define SPACE 200
#define BASE  0xffffff9cu /* 100 in front of the wrap */

static void check(const struct tcp_ranges *rs, const bool *model)
{
	unsigned n = 0;

	for (unsigned i = 0; i <= SPACE; i++) {
		const struct tcp_range *r = tcp_range_at(rs, BASE + i);
		bool in = r && seq_le(r->start, BASE + i);

		assert_int_equal(in, i < SPACE && model[i]);
		n += i < SPACE && model[i] && (!i || !model[i - 1]);
	}
	assert_int_equal(rs->n, n); /* none touches another */
	for (unsigned i = 0; i + 1 < rs->n; i++)
		assert_true(seq_lt(rs->r[i].end, rs->r[i + 1].start));
}

static uint32_t missing(const bool *model, unsigned start, unsigned end)
{
	uint32_t n = 0;

	for (; start < end; start++)
		n += !model[start];
	return n;
}

static void as_the_model(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		struct tcp_ranges rs = {.n = 0};
		bool model[SPACE] = {false};
		unsigned max = 1 + fake_random(&seed) % 8, cut = 0;

		for (unsigned step = 0; step < 40; step++) {
			unsigned a = cut + fake_random(&seed) % (SPACE - cut),
				 b = a + 1 + fake_random(&seed) % (SPACE - a), before = rs.n;

			if (fake_random(&seed) % 8 == 0) {
				cut = a;
				tcp_range_cut(&rs, BASE + cut);
				memset(model, 0, cut);
			} else if (tcp_range_add(&rs, BASE + a, BASE + b, max)) {
				memset(model + a, true, b - a);
			} else {
				assert_int_equal(before, max);
			}
			assert_true(rs.n <= max);
			check(&rs, model);
			assert_int_equal(
				tcp_range_missing(&rs, BASE + a, BASE + b), missing(model, a, b));
		}
	}
}

static void full_still_merges(void **state)
{
	struct tcp_ranges rs = {.n = 0};

	(void)state;
	for (uint32_t i = 0; i < TCP_ISLANDS_MAX; i++)
		assert_true(tcp_range_add(&rs, 10 * i, 10 * i + 5, TCP_ISLANDS_MAX));
	assert_false(tcp_range_add(&rs, 6, 9, TCP_ISLANDS_MAX));
	assert_true(tcp_range_add(&rs, 5, 10, TCP_ISLANDS_MAX));
	assert_int_equal(rs.n, TCP_ISLANDS_MAX - 1);
	assert_true(tcp_range_add(&rs, 0, 10 * TCP_ISLANDS_MAX, TCP_ISLANDS_MAX));
	assert_int_equal(rs.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_model),
		cmocka_unit_test(full_still_merges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
