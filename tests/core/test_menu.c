/* SPDX-License-Identifier: BSD-2-Clause */
/* A list to choose from: core/menu.c. */
#include <stdio.h>
#include "core/menu.h"
#include "tests/core/rig.h"

static struct menu setup; /* what the command begins with */
static struct menu *menu = (struct menu *)m.script.cmd;
static unsigned calls; /* of entry() */

/* "-" is a line, "x=text" has a hotkey. */
static const char *const *entries;

static int entry(struct machine *mm, unsigned i, char *out, size_t cap)
{
	const char *e = entries[i];

	(void)mm;
	calls++;
	assert_in_range(i, 0, setup.n - 1);
	str_copy(out, cap, e[1] == '=' ? e + 2 : e);
	return *e == '-' ? MENU_LINE : e[1] == '=' ? *e : 0;
}

static int choose_poll(struct machine *mm)
{
	return menu_poll(mm, (struct menu *)mm->script.cmd);
}

static int choose_start(struct machine *mm, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	memcpy(mm->script.cmd, &setup, sizeof(setup));
	return choose_poll(mm);
}

static const struct command cmd_choose = {
	.name = "choose", .usage = "", .help = "", .start = choose_start, .poll = choose_poll};
static const struct command *const commands[] = {&cmd_choose, NULL};

/* Shows the list; seconds: 0 to wait for ever. */
static void show(const char *const *list, unsigned seconds)
{
	rig_config.commands = commands;
	entries = list;
	setup.entry = entry;
	for (setup.n = 0; list[setup.n]; setup.n++)
		;
	setup.until_us = seconds ? m.now_us + seconds * 1000000u : TIME_NEVER;
	run_for("choose", 1000);
}

static void type(const char *keys)
{
	fake_text_clear(&fake);
	fake_type(&fake, keys);
	fake_run(&fake, &m, 200000);
}

/* And the command's next poll. */
static void wait_s(unsigned s)
{
	fake_text_clear(&fake);
	fake_run(&fake, &m, s * 1000000u + COMMAND_POLL_US);
}

/* It has ended, with this entry. */
static void chosen(unsigned i)
{
	assert_int_equal(m.boot.kind, BOOT_EXIT);
	assert_int_equal(m.boot.exit_code, 0);
	assert_int_equal(menu->selected, i);
	assert_int_equal(m.console.status_len, 0);
	assert_int_equal(m.console.column, 0);
}

static int menu_setup(void **state)
{
	memset(&setup, 0, sizeof(setup));
	calls = 0;
	return rig_setup(state);
}

static const char *const three[] = {"One", "Two", "Three", NULL};

static void test_list(void **state)
{
	(void)state;
	show(three, 0);
	assert_string_equal(
		text(), "  1. One\n  2. Two\n  3. Three\n\rUp, Down, number; Enter: 1. One");
	/* Nothing is sent while nothing changes. */
	wait_s(10);
	assert_string_equal(text(), "");
	type("\033[B");
	assert_string_equal(text(), "\rUp, Down, number; Enter: 2. Two");
	type("\r");
	assert_string_equal(text(), "\n");
	chosen(1);
	assert_false(menu->timed_out);
}

static void test_arrows_end_at_the_ends(void **state)
{
	(void)state;
	setup.selected = 1;
	show(three, 0);
	assert_has("Enter: 2. Two");
	type("\033[A");
	assert_has("1. One");
	type("\033[A");
	assert_string_equal(text(), "");
	type("\033OB\033[B\033[B\033[B");
	assert_has("3. Three");
	type("\033[H");
	assert_has("1. One");
	type("\n");
	chosen(0);
}

static void test_timeout(void **state)
{
	(void)state;
	setup.selected = 2;
	show(three, 3);
	assert_has("\r3 s; Up, Down, number; Enter: 3. Three");
	wait_s(2);
	assert_has("\r2 s; Up, Down, number; Enter: 3. Three");
	assert_has("\r1 s; ");
	assert_not("One");
	wait_s(1);
	chosen(2);
	assert_true(menu->timed_out);
}

/* A key that means something ends the countdown, noise does not. */
static void test_countdown_ends(void **state)
{
	(void)state;
	show(three, 3);
	type("xyz\x80\x01 9");
	assert_string_equal(text(), "");
	wait_s(1);
	assert_has("2 s; ");
	type("2");
	assert_string_equal(text(), "\rUp, Down, number; Enter: 2. Two     ");
	wait_s(3600);
	assert_int_equal(m.boot.kind, BOOT_NONE);
	type("\r");
	chosen(1);
}

static void test_closed(void **state)
{
	(void)state;
	setup.closed = true;
	show(three, 5);
	assert_string_equal(text(), "\r5 s; F8 or m: menu; Enter: 1. One");
	type("\033x2\033[B");
	assert_string_equal(text(), "");
	type("\033[19~");
	assert_has("  1. One\n  2. Two\n  3. Three\n\rUp, Down, number; Enter: 1. One");
	wait_s(60);
	type("3\r");
	chosen(2);

	show(three, 5);
	type("m\r");
	assert_has("  3. Three\n");
	chosen(0);

	show(three, 5);
	wait_s(5);
	assert_not("Two");
	chosen(0);
	assert_true(menu->timed_out);
}

static void test_escape(void **state)
{
	(void)state;
	show(three, 0);
	type("\033");
	fake_run(&fake, &m, 200000);
	assert_int_equal(m.boot.exit_code, ERR_CANCELLED);
	assert_has("cancelled by the user");
}

/* Lines have no number and are passed over. */
static void test_lines_and_hotkeys(void **state)
{
	static const char *const list[] = {
		"-- Linux", "d=Debian", "-", "a=Alma", "-- Other", "Memory test", "-end", NULL};

	(void)state;
	setup.selected = 0; /* a line: the next entry */
	show(list, 0);
	assert_string_equal(text(),
		"     -- Linux\n  1. Debian\n     -\n  2. Alma\n     -- Other\n  3. Memory test\n"
		"     -end\n\rUp, Down, number; Enter: 1. Debian");
	type("\033[B\033[B\033[B");
	assert_has("3. Memory test");
	type("A");
	assert_has("2. Alma");
	type("d");
	assert_has("1. Debian");
	type("3\r");
	chosen(5);
}

/* A digit that an entry has for its hotkey is no number. */
static void test_digit_hotkeys(void **state)
{
	static const char *const list[] = {"0=Disk", "1=Debian", "2=Alma", "Memory", "e", "f", "g",
		"h", "i", "j", "k", "l", NULL};

	(void)state;
	setup.selected = 3;
	show(list, 0);
	type("1");
	assert_has("2. Debian");
	type("2"); /* twelve */
	assert_has("12. l");
	type("0");
	assert_has("1. Disk");
	type("\033[A9");
	assert_has("9. i");
	type("2\r");
	chosen(2);
}

static void test_long_list(void **state)
{
	static char names[45][16];
	static const char *list[46];

	(void)state;
	for (unsigned i = 0; i < 45; i++) {
		sprintf(names[i], "entry %u", i + 1);
		list[i] = names[i];
	}
	setup.selected = 44;
	show(list, 0);
	assert_has(" 41. entry 41\n");
	assert_has("Enter: 45. entry 45");
	assert_not(" 40. ");
	type("7");
	assert_has("  1. entry 1\n");
	assert_has(" 20. entry 20\n");
	assert_not(" 21. ");
	assert_has("Enter: 7. entry 7");
	/* A second digit makes it a number of two; one that would be too large begins anew. */
	type("12");
	assert_has("Enter: 12. entry 12");
	type("5");
	assert_has("Enter: 5. entry 5");
	type("33");
	assert_has("Enter: 33. entry 33");
	assert_has(" 21. entry 21\n");
	type("\033[A");
	assert_has("Enter: 32. ");
	type("4");
	assert_has("Enter: 4. ");
	type("0\r");
	chosen(39);
}

/* As long as an entry may be: the status line stays one line. */
static void test_long_text(void **state)
{
	static char wide[200];
	const char *list[] = {wide, NULL};

	(void)state;
	memset(wide, 'w', sizeof(wide) - 1);
	show(list, 254);
	assert_has("254 s; ");
	assert_int_equal(m.console.status_len, CONSOLE_WIDTH - 1);
	type("\r");
	chosen(0);
}

/* What others print takes the status line away; it comes back. */
static void test_other_text(void **state)
{
	(void)state;
	show(three, 0);
	console_print(&m, "news\n");
	wait_s(1);
	assert_string_equal(text(), "\rUp, Down, number; Enter: 1. One");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, menu_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(test_list),
		T(test_arrows_end_at_the_ends),
		T(test_timeout),
		T(test_countdown_ends),
		T(test_closed),
		T(test_escape),
		T(test_lines_and_hotkeys),
		T(test_digit_hotkeys),
		T(test_long_list),
		T(test_long_text),
		T(test_other_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
