/* SPDX-License-Identifier: BSD-2-Clause */
/* The line editor: core/edit.c. What a screen would show is rebuilt from what was sent. */
#include "tests/core/rig.h"

/* Plays the console's output on a screen of one line; false for a character that must not be sent.
 */
static char screen[128];
static unsigned cursor;

static bool play(const char *s)
{
	memset(screen, ' ', sizeof(screen));
	cursor = 0;
	for (; *s; s++) {
		if (*s == '\n') {
			memset(screen, ' ', sizeof(screen));
			cursor = 0;
		} else if (*s == '\r') {
			cursor = 0;
		} else if (*s == '\b' && cursor) {
			cursor--;
		} else if (*s >= 0x20 && *s < 0x7f && cursor < CONSOLE_WIDTH) {
			screen[cursor++] = *s;
		} else {
			return false;
		}
	}
	for (unsigned i = sizeof(screen); i-- && screen[i] == ' ';)
		screen[i] = 0;
	return true;
}

static void type(const char *keys)
{
	for (; *keys; keys++)
		assert_int_equal(edit_key(&m, (unsigned char)*keys), EDIT_MORE);
}

static void key(int k)
{
	assert_int_equal(edit_key(&m, k), EDIT_MORE);
}

/* Text and cursor, in the editor and on the screen behind the prompt "> ". */
static void check(const char *line, unsigned pos)
{
	char expected[EDIT_MAX + 2] = "> ";

	assert_string_equal(m.script.edit.text, line);
	assert_int_equal(m.script.edit.pos, pos);
	strcat(expected, line);
	for (unsigned i = (unsigned)strlen(expected); i-- && expected[i] == ' ';)
		expected[i] = 0;
	assert_true(play(text()));
	assert_string_equal(screen, expected);
	assert_int_equal(cursor, pos + 2);
}

static void test_typing(void **state)
{
	(void)state;
	edit_start(&m, "> ", "");
	check("", 0);
	type("helo");
	check("helo", 4);
	key(KEY_LEFT);
	type("l");
	check("hello", 4);
	key(KEY_RIGHT);
	key(KEY_RIGHT);
	check("hello", 5);
	key(KEY_HOME);
	key(KEY_LEFT);
	type("so ");
	check("so hello", 3);
	key(KEY_END);
	check("so hello", 8);
	key(KEY_CTRL('a'));
	key(KEY_CTRL('f'));
	check("so hello", 1);
	key(KEY_CTRL('e'));
	/* Keys without a meaning here. */
	key(KEY_ESC);
	key(KEY_PAGE_UP);
	key(0xe4);
	check("so hello", 8);
	assert_int_equal(edit_key(&m, '\r'), EDIT_DONE);
	assert_string_equal(m.script.edit.text, "so hello");
	assert_false(m.script.edit.active);
	assert_int_equal(m.console.column, 0);
}

static void test_deleting(void **state)
{
	(void)state;
	edit_start(&m, "> ", "one two  three");
	check("one two  three", 14);
	type("\b\x7f");
	check("one two  thr", 12);
	type("\x17");
	check("one two  ", 9);
	type("\x17");
	check("one ", 4);
	key(KEY_DELETE);
	check("one ", 4);
	key(KEY_HOME);
	type("\b");
	key(KEY_DELETE);
	check("ne ", 0);
	type("\x04");
	check("e ", 0);
	type("abc");
	key(KEY_LEFT);
	type("\x0b");
	check("ab", 2);
	key(KEY_LEFT);
	type("\x15");
	check("b", 0);
	type("\x0b");
	check("", 0);
	assert_int_equal(edit_key(&m, KEY_CTRL('d')), EDIT_EOF);
}

static void test_limit(void **state)
{
	(void)state;
	edit_start(&m, "> ", "");
	for (int i = 0; i < EDIT_MAX + 10; i++)
		key('x');
	assert_int_equal(m.script.edit.len, EDIT_MAX - 1);
	assert_int_equal(strlen(m.script.edit.text), EDIT_MAX - 1);
	assert_true(play(text()));
}

/* The part around the cursor is visible; nothing is ever written past the screen's edge. */
static void test_scrolling(void **state)
{
	char line[EDIT_MAX];

	(void)state;
	for (unsigned i = 0; i < sizeof(line) - 1; i++)
		line[i] = (char)('a' + i % 26);
	line[sizeof(line) - 1] = 0;
	edit_start(&m, "> ", line);
	for (unsigned i = EDIT_MAX - 1; i--;) {
		const struct edit *e = &m.script.edit;

		key(KEY_LEFT);
		assert_true(play(text()));
		assert_int_equal(e->pos, i);
		assert_in_range(e->offset, 0, i);
		assert_int_equal(cursor, 2 + i - e->offset);
		assert_int_equal(screen[cursor], line[i]);
		fake_text_clear(&fake); /* what follows is relative: redraw all */
		m.console.line_open = false;
		console_write(&m, "\n", 1);
		edit_draw(&m);
	}
	key(KEY_END);
	assert_true(play(text()));
	assert_int_equal(cursor, CONSOLE_WIDTH - 1);
}

static void test_little_is_sent(void **state)
{
	(void)state;
	edit_start(&m, "> ", "a long line that is not sent again");
	fake_text_clear(&fake);
	key('x');
	assert_string_equal(text(), "x");
	fake_text_clear(&fake);
	key('\b');
	assert_string_equal(text(), "\b \b");
	fake_text_clear(&fake);
	key(KEY_LEFT);
	assert_string_equal(text(), "\b");
	fake_text_clear(&fake);
	key('y');
	assert_string_equal(text(), "yn\b");
}

static void test_other_text(void **state)
{
	(void)state;
	edit_start(&m, "> ", "");
	type("abc");
	key(KEY_LEFT);
	console_print(&m, "news\n");
	edit_draw(&m);
	assert_string_equal(text(), "> abc\b\nnews\n> abc\b");
	console_print(&m, "more");
	type("d");
	check("abdc", 3);
}

static void test_status_line_and_editor(void **state)
{
	(void)state;
	console_status(&m, "50%%");
	edit_start(&m, "> ", "a");
	assert_string_equal(text(), "\r50%\r   \r> a");
	console_status(&m, "60%%");
	edit_draw(&m);
	assert_string_equal(text(), "\r50%\r   \r> a\n\r60%\r   \r> a");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(test_typing),
		T(test_deleting),
		T(test_limit),
		T(test_scrolling),
		T(test_little_is_sent),
		T(test_other_text),
		T(test_status_line_and_editor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
