/* SPDX-License-Identifier: BSD-2-Clause */
/* The shell: core/shell.c. */
#include "tests/core/rig.h"

static void type(const char *keys)
{
	fake_type(&fake, keys);
	fake_run(&fake, &m, 1000000);
}

static void key(int k)
{
	fake_key_at(&fake, fake.now_us, k);
	fake_run(&fake, &m, 100000);
}

static int open_shell(void **state)
{
	int ret = rig_setup(state);

	run_for("shell", 1000);
	fake_text_clear(&fake);
	return ret;
}

static void test_runs_lines(void **state)
{
	(void)state;
	type("echo a ; echo b\r");
	assert_string_equal(text(), "echo a ; echo b\na\nb\nreveille> ");
	/* A long line arrives faster than the ring holds keys. */
	type("echo 0123456789012345678901234567890123456789\r");
	assert_has("\n0123456789012345678901234567890123456789\n");
}

static void test_failure_leaves_it_open(void **state)
{
	(void)state;
	type("fail ; exit\r");
	assert_int_equal(m.boot.kind, BOOT_EXIT);
	m.boot.kind = BOOT_NONE;
	run_for("shell", 1000);
	type("fail\r");
	assert_has("E4002");
	assert_not("in script");
	type("iseq a b\r");
	assert_has("E6007");
	type("nosuch\r\r\recho on\r");
	assert_has("E6001");
	assert_has("\non\n");
	assert_int_equal(m.boot.kind, BOOT_NONE);
}

static void test_exit(void **state)
{
	(void)state;
	type("exit 3\r");
	assert_int_equal(m.boot.kind, BOOT_EXIT);
	assert_int_equal(m.boot.exit_code, 3);
}

static void test_ctrl_d(void **state)
{
	(void)state;
	type("x\x04");
	assert_int_equal(m.boot.kind, BOOT_NONE);
	type("\b\x04");
	assert_int_equal(m.boot.kind, BOOT_EXIT);
	assert_int_equal(m.boot.exit_code, 0);
}

static void test_ctrl_c_drops_the_line(void **state)
{
	(void)state;
	type("echo no");
	type("\x03");
	type("echo yes\r");
	assert_string_equal(text(), "echo no\nreveille> echo yes\nyes\nreveille> ");
}

static void test_history(void **state)
{
	(void)state;
	type("echo 1\recho 2\recho 2\r");
	type("dra");
	key(KEY_UP);
	assert_string_equal(m.script.edit.text, "echo 2");
	key(KEY_UP);
	assert_string_equal(m.script.edit.text, "echo 1");
	key(KEY_UP);
	assert_string_equal(m.script.edit.text, "echo 1");
	key(KEY_DOWN);
	assert_string_equal(m.script.edit.text, "echo 2");
	key(KEY_DOWN);
	assert_string_equal(m.script.edit.text, "");
	key(KEY_DOWN);
	assert_string_equal(m.script.edit.text, "");
	key(KEY_UP);
	key(KEY_UP);
	fake_text_clear(&fake);
	type("\r");
	assert_string_equal(text(), "\n1\nreveille> ");
}

static void test_history_is_bounded(void **state)
{
	char line[] = "echo a\r";

	(void)state;
	for (int i = 0; i < SHELL_HISTORY_MAX + 3; i++, line[5]++)
		type(line);
	for (int i = 0; i < SHELL_HISTORY_MAX + 3; i++)
		key(KEY_UP);
	assert_string_equal(m.script.edit.text, "echo d"); /* a, b and c are gone */
}

static void test_completion(void **state)
{
	(void)state;
	type("slee\t");
	assert_string_equal(m.script.edit.text, "sleep ");
	type("\x15img\t");
	assert_string_equal(m.script.edit.text, "img");
	assert_has("imgargs");
	assert_has("imgstat");
	assert_not("echo");
	type("\x15is\t");
	assert_string_equal(m.script.edit.text, "is");
	assert_has("isset");
	type("\x15nosuch\t");
	assert_string_equal(m.script.edit.text, "nosuch");
	type("\x15imgs\t");
	assert_string_equal(m.script.edit.text, "imgs");
	type("\x15iset x\t");
	assert_string_equal(m.script.edit.text, "iset x");
}

static void test_messages_do_not_break_the_line(void **state)
{
	(void)state;
	type("echo ab");
	log_put(&m, LOG_WARN, "news");
	type("c\r");
	assert_string_equal(text(), "echo ab\nnews\nreveille> echo abc\nabc\nreveille> ");
}

/* What is typed while a command runs is there when the prompt comes. */
static void test_typed_ahead(void **state)
{
	(void)state;
	type("sleep 2\recho x\r");
	assert_not("\nx\n");
	type("");
	type("");
	assert_has("reveille> echo x\nx\n");
}

static void test_label_and_goto(void **state)
{
	(void)state;
	type(":a echo x ; exit 1 || goto a\r");
	assert_int_equal(m.boot.exit_code, 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_shell, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(test_runs_lines),
		T(test_failure_leaves_it_open),
		T(test_exit),
		T(test_ctrl_d),
		T(test_ctrl_c_drops_the_line),
		T(test_history),
		T(test_history_is_bounded),
		T(test_completion),
		T(test_messages_do_not_break_the_line),
		T(test_typed_ahead),
		T(test_label_and_goto),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
