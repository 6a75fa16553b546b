/* SPDX-License-Identifier: BSD-2-Clause */
/* core/ranges.c, against a map with one flag a byte. */
#include "core/ranges.h"
#include "tests/fake.h"
#include "tests/unit.h"

#define SIZE 400 /* more islands fit than the map has room for */

static bool model[SIZE];

static unsigned islands(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < SIZE; i++)
		n += model[i] && (!i || !model[i - 1]);
	return n;
}

static void check(const struct ranges *rs)
{
	uint64_t bytes = 0, front = 0;

	assert_int_equal(rs->n, islands());
	for (unsigned i = 0; i < rs->n; i++) {
		assert_true(rs->r[i].start < rs->r[i].end);
		assert_true(rs->r[i].end <= SIZE);
		if (i)
			assert_true(rs->r[i - 1].end < rs->r[i].start);
		for (uint64_t b = rs->r[i].start; b < rs->r[i].end; b++)
			assert_true(model[b]);
	}
	for (unsigned i = 0; i < SIZE; i++)
		bytes += model[i];
	while (front < SIZE && model[front])
		front++;
	assert_int_equal(ranges_bytes(rs), bytes);
	assert_int_equal(ranges_front(rs), front);
}

static void check_hole(const struct ranges *rs, uint64_t start, uint64_t end)
{
	struct range hole;
	uint64_t a = start, b;

	while (a < end && model[a])
		a++;
	for (b = a; b < end && !model[b]; b++)
		;
	assert_int_equal(ranges_hole(rs, start, end, &hole), a < end);
	if (a < end) {
		assert_int_equal(hole.start, a);
		assert_int_equal(hole.end, b);
	}
}

/* Adding to the model; false, and nothing done, when a full map would get one island more. */
static bool model_add(uint64_t start, uint64_t end)
{
	bool touches = (start && model[start - 1]) || (end < SIZE && model[end]);

	for (uint64_t i = start; i < end; i++)
		touches |= model[i];
	if (start < end && !touches && islands() == RANGES_MAX)
		return false;
	for (uint64_t i = start; i < end; i++)
		model[i] = true;
	return true;
}

/* Cutting; the upper part of a split is lost when the map is full. */
static void model_cut(uint64_t start, uint64_t end)
{
	bool split = start && start < end && end < SIZE && model[start - 1] && model[end];

	for (uint64_t i = start; split && i < end; i++)
		split = model[i];
	if (split && islands() == RANGES_MAX)
		while (end < SIZE && model[end])
			end++;
	for (uint64_t i = start; i < end; i++)
		model[i] = false;
}

static void test_random(void **state)
{
	uint64_t seed = 4;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct ranges rs = {.n = 0};
		uint32_t longest = 1 + fake_random(&seed) % 12, adds = 1 + fake_random(&seed) % 8;

		memset(model, 0, sizeof(model));
		for (int op = 0; op < 400; op++) {
			uint64_t start = fake_random(&seed) % SIZE;
			uint64_t end = start + fake_random(&seed) % (longest + 1);

			if (end > SIZE)
				end = SIZE;
			if (fake_random(&seed) % (adds + 1)) {
				bool want = model_add(start, end);

				assert_int_equal(ranges_add(&rs, start, end), want);
			} else {
				ranges_cut(&rs, start, end);
				model_cut(start, end);
			}
			check(&rs);
			check_hole(&rs, start, end);
			check_hole(&rs, fake_random(&seed) % SIZE, SIZE);
		}
	}
}

static void test_full(void **state)
{
	struct ranges rs = {.n = 0};

	(void)state;
	for (uint64_t i = 0; i < RANGES_MAX; i++)
		assert_true(ranges_add(&rs, i * 10 + 10, i * 10 + 15));
	assert_false(ranges_add(&rs, 0, 5));
	assert_false(ranges_add(&rs, UINT64_MAX - 1, UINT64_MAX));
	assert_int_equal(rs.n, RANGES_MAX);
	/* What touches an island still fits, and joining two makes room. */
	assert_true(ranges_add(&rs, 15, 17));
	assert_true(ranges_add(&rs, 17, 20));
	assert_int_equal(rs.n, RANGES_MAX - 1);
	assert_true(ranges_add(&rs, 0, 5));
	assert_true(ranges_add(&rs, 0, UINT64_MAX));
	assert_int_equal(rs.n, 1);
	assert_int_equal(ranges_front(&rs), UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
