/* SPDX-License-Identifier: BSD-2-Clause */
/* Output, the status line and keys: core/console.c. */
#include "tests/core/rig.h"

static void test_print(void **state)
{
	(void)state;
	console_print(&m, "%s %d\n", "a", 5);
	assert_string_equal(text(), "a 5\n");
	assert_int_equal(m.console.column, 0);
	console_write(&m, "abc", 3);
	assert_int_equal(m.console.column, 3);
	console_write(&m, "\b\bx\r", 4);
	assert_int_equal(m.console.column, 0);
	console_write(&m, "\b", 1);
	assert_int_equal(m.console.column, 0);
}

static void test_print_is_bounded(void **state)
{
	char big[2000];

	(void)state;
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = 0;
	console_print(&m, "%s", big);
	assert_int_equal(strlen(text()), 511);
}

static void test_status(void **state)
{
	(void)state;
	console_status(&m, "50%%");
	assert_string_equal(text(), "\r50%");
	fake_text_clear(&fake);
	/* Shorter: what stands there is covered. */
	console_status(&m, "9");
	assert_string_equal(text(), "\r9  ");
	fake_text_clear(&fake);
	/* Taken away for other text. */
	console_print(&m, "x\n");
	assert_string_equal(text(), "\r \rx\n");
	fake_text_clear(&fake);
	console_status(&m, "%s", "");
	assert_string_equal(text(), "");
	console_status(&m, "abc");
	console_status(&m, "%s", "");
	assert_string_equal(text(), "\rabc\r   \r");
	fake_text_clear(&fake);
	/* Kept. */
	console_status(&m, "abc");
	console_status_end(&m);
	console_status_end(&m);
	console_print(&m, "x");
	assert_string_equal(text(), "\rabc\nx");
}

static void test_status_below_unfinished_text(void **state)
{
	(void)state;
	console_print(&m, "wait ");
	console_status(&m, "1");
	console_status(&m, "2");
	assert_string_equal(text(), "wait \n\r1\r2");
}

static void test_status_is_cut_and_cleaned(void **state)
{
	char big[200];

	(void)state;
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = 0;
	console_status(&m, "%s", big);
	assert_int_equal(strlen(text()), 1 + CONSOLE_WIDTH - 1);
	fake_text_clear(&fake);
	console_status(&m, "a\033[2J\n\xff%s", "\r");
	assert_memory_equal(text(), "\ra?[2J???", 9);
}

/* Keys as they come out of console_key() after a poll. */
static void keys_are(const int *expected, unsigned n)
{
	console_poll(&m);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(console_key(&m), expected[i]);
	assert_int_equal(console_key(&m), KEY_NONE);
}

#define KEYS(...) keys_are((const int[]){__VA_ARGS__}, sizeof((int[]){__VA_ARGS__}) / sizeof(int))

static void test_keys(void **state)
{
	(void)state;
	fake_type(&fake, "ab\r\x7f\xe4");
	fake_key_at(&fake, 0, KEY_UP);
	KEYS('a', 'b', '\r', 0x7f, 0xe4, KEY_UP);
}

static void test_ring(void **state)
{
	(void)state;
	fake_type(&fake, "0123456789abcdefgh\x02\x03");
	/* A full ring drops keys, but not what asks for attention. */
	assert_true(console_poll(&m) <= fake.now_us);
	console_poll(&m);
	assert_true(m.console.want_shell);
	assert_true(m.console.want_cancel);
	KEYS('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e');
	fake_type(&fake, "x");
	KEYS('x');
}

static void test_attention(void **state)
{
	(void)state;
	fake_type(&fake, "a\x02z");
	KEYS('a', 'z');
	assert_true(m.console.want_shell);
	assert_false(m.console.want_cancel);
	m.console.want_shell = false;
	m.console.deliver = KEY_CTRL('b');
	fake_type(&fake, "\x02\x03");
	KEYS(2);
	assert_false(m.console.want_shell);
	assert_true(m.console.want_cancel);
}

static void test_sequences(void **state)
{
	(void)state;
	fake_type(&fake, "\033[A\033[B\033[C\033[D\033[H\033[F");
	KEYS(KEY_UP, KEY_DOWN, KEY_RIGHT, KEY_LEFT, KEY_HOME);
	KEYS(KEY_END);
	fake_type(&fake, "\033OA\033OH\033OF");
	KEYS(KEY_UP, KEY_HOME, KEY_END);
	fake_type(&fake, "\033[1~\033[3~\033[4~");
	KEYS(KEY_HOME, KEY_DELETE, KEY_END);
	fake_type(&fake, "\033[5~\033[6~\033[7~");
	KEYS(KEY_PAGE_UP, KEY_PAGE_DOWN, KEY_HOME);
	fake_type(&fake, "\033[8~\033[1;5Dx");
	KEYS(KEY_END, KEY_LEFT, 'x');
	fake_type(&fake, "\033[19~");
	KEYS(KEY_F8);
	/* Unknown ones vanish whole. */
	fake_type(&fake, "\033[99~\033[Zx");
	KEYS('x');
	fake_type(&fake, "\033[999999999~x");
	KEYS('x');
}

static void test_escape_alone(void **state)
{
	(void)state;
	fake_type(&fake, "\033");
	KEYS();
	fake.now_us += CONSOLE_ESC_US - 1;
	m.now_us = fake.now_us;
	KEYS();
	m.now_us++;
	KEYS(KEY_ESC);
	/* Followed by something that belongs to no sequence. */
	fake_type(&fake, "\033x");
	KEYS(KEY_ESC, 'x');
	fake_type(&fake, "\033\033[A");
	KEYS(KEY_ESC, KEY_UP);
}

static void test_sequence_in_pieces(void **state)
{
	(void)state;
	fake_type(&fake, "\033");
	KEYS();
	fake_type(&fake, "[");
	m.now_us += CONSOLE_ESC_US - 1;
	KEYS();
	fake_type(&fake, "A");
	m.now_us += CONSOLE_ESC_US - 1;
	KEYS(KEY_UP);
	/* One that never ends is forgotten. */
	fake_type(&fake, "\033[");
	KEYS();
	m.now_us += CONSOLE_ESC_US;
	KEYS();
	fake_type(&fake, "A");
	KEYS('A');
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(test_print),
		T(test_print_is_bounded),
		T(test_status),
		T(test_status_below_unfinished_text),
		T(test_status_is_cut_and_cleaned),
		T(test_keys),
		T(test_ring),
		T(test_attention),
		T(test_sequences),
		T(test_escape_alone),
		T(test_sequence_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
