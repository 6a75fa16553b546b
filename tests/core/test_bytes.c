/* SPDX-License-Identifier: BSD-2-Clause */
/* core/bytes.c: values, ends, and that an error sticks. */
#include "core/bytes.h"
#include "core/str.h"
#include "tests/unit.h"

static const uint8_t digits[] = {1, 2, 3, 4, 5, 6, 7, 8};

static void test_numbers(void **state)
{
	struct bytes b = bytes_of(digits, 8);

	(void)state;
	assert_int_equal(bytes_u8(&b), 0x01);
	assert_int_equal(bytes_u16(&b), 0x0203);
	assert_int_equal(bytes_u32(&b), 0x04050607);
	assert_int_equal(b.n, 1);
	assert_true(bytes_ok(&b));
	b = bytes_of(digits, 8);
	assert_int_equal(bytes_u64(&b), 0x0102030405060708);
	b = bytes_of(digits, 8);
	assert_int_equal(bytes_le16(&b), 0x0201);
	assert_int_equal(bytes_le32(&b), 0x06050403);
	b = bytes_of(digits, 8);
	assert_int_equal(bytes_le64(&b), 0x0807060504030201);
	assert_true(bytes_ok(&b));
}

/* Each reader one byte short of what it wants: zero, bad, and bad from then on. */
static void test_short(void **state)
{
	uint8_t copy[4] = {9, 9, 9, 9};
	struct bytes b;

	(void)state;
#define SHORT(len, expr)                                                                           \
	do {                                                                                       \
		b = bytes_of(digits, (len)-1);                                                     \
		assert_int_equal(expr, 0);                                                         \
		assert_false(bytes_ok(&b));                                                        \
		assert_int_equal(b.n, 0);                                                          \
		assert_int_equal(bytes_u8(&b), 0);                                                 \
	} while (0)
	SHORT(1, bytes_u8(&b));
	SHORT(2, bytes_u16(&b));
	SHORT(4, bytes_u32(&b));
	SHORT(8, bytes_u64(&b));
	SHORT(2, bytes_le16(&b));
	SHORT(4, bytes_le32(&b));
	SHORT(8, bytes_le64(&b));
	SHORT(3, (uintptr_t)bytes_take(&b, 3));
	SHORT(3, (uintptr_t)bytes_cstr(&b));
	b = bytes_of(digits, 3);
	bytes_copy(&b, copy, 4);
	assert_memory_equal(copy, "\0\0\0\0", 4);
	assert_false(bytes_ok(&b));
	b = bytes_of(digits, 3);
	bytes_skip(&b, SIZE_MAX);
	assert_false(bytes_ok(&b));
}

static void test_empty(void **state)
{
	struct bytes b = bytes_of(NULL, 0), sub;

	(void)state;
	bytes_skip(&b, 0);
	bytes_copy(&b, NULL, 0);
	sub = bytes_sub(&b, 0);
	assert_true(bytes_ok(&b));
	assert_true(bytes_ok(&sub));
	assert_int_equal(sub.n, 0);
	assert_null(bytes_cstr(&b));
	assert_false(bytes_ok(&b));
}

static void test_sub(void **state)
{
	struct bytes b = bytes_of(digits, 8), sub = bytes_sub(&b, 3);

	(void)state;
	assert_int_equal(sub.n, 3);
	assert_int_equal(bytes_u16(&sub), 0x0102);
	assert_int_equal(bytes_u16(&sub), 0); /* the parent's next byte is out of its reach */
	assert_false(bytes_ok(&sub));
	assert_true(bytes_ok(&b));
	assert_int_equal(bytes_u8(&b), 4);
	sub = bytes_sub(&b, 5);
	assert_false(bytes_ok(&sub));
	assert_int_equal(sub.n, 0);
	assert_false(bytes_ok(&b));
}

static void test_cstr(void **state)
{
	struct bytes b = bytes_of("one\0\0two", 8);

	(void)state;
	assert_string_equal(bytes_cstr(&b), "one");
	assert_string_equal(bytes_cstr(&b), "");
	assert_int_equal(b.n, 3);
	assert_null(bytes_cstr(&b));
	assert_false(bytes_ok(&b));
}

static void test_emit(void **state)
{
	uint8_t buf[16];
	struct emit e = emit_to(buf, sizeof(buf));

	(void)state;
	memset(buf, 0xee, sizeof(buf));
	emit_u8(&e, 1);
	emit_u16(&e, 0x0203);
	emit_u32(&e, 0x04050607);
	emit_zero(&e, 2);
	emit_bytes(&e, "xy", 2);
	emit_cstr(&e, "abc");
	assert_false(e.bad);
	assert_int_equal(e.n, 15);
	assert_memory_equal(buf, "\1\2\3\4\5\6\7\0\0xyabc\0\xee", 16);
}

/* What does not fit is not written at all, nor is anything after it. */
static void test_emit_full(void **state)
{
	uint8_t buf[4] = {0xee, 0xee, 0xee, 0xee};
	struct emit e = emit_to(buf, 3);

	(void)state;
	emit_u32(&e, 1);
	assert_true(e.bad);
	emit_u8(&e, 1);
	emit_bytes(&e, NULL, 0);
	assert_null(emit_room(&e, 0));
	assert_int_equal(e.n, 0);
	assert_memory_equal(buf, "\xee\xee\xee\xee", 4);
	e = emit_to(buf, 3);
	emit_u16(&e, 0x0102);
	assert_null(emit_room(&e, SIZE_MAX));
	assert_memory_equal(buf, "\1\2\xee\xee", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_sub),
		cmocka_unit_test(test_cstr),
		cmocka_unit_test(test_emit),
		cmocka_unit_test(test_emit_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
