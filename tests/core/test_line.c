/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines into words and commands: core/line.c. */
#include "tests/core/rig.h"

static void check_label(const char *line, const char *label, size_t rest)
{
	size_t n = 0, at = 99;
	const char *found = line_label(line, &n, &at);

	assert_int_equal(at, rest);
	if (!label) {
		assert_null(found);
		return;
	}
	assert_non_null(found);
	assert_int_equal(n, strlen(label));
	assert_memory_equal(found, label, n);
}

static void test_label(void **state)
{
	(void)state;
	check_label(":a", "a", 2);
	check_label("  :a-b:c echo", "a-b:c", 8);
	check_label(": x", "", 1);
	check_label("echo :a", NULL, 0);
	check_label("# :a", NULL, 0);
	check_label("", NULL, 0);
	check_label(" \t", NULL, 0);
}

static void test_command(void **state)
{
	const char *line = "echo a  b && || x#y ; # echo";
	size_t pos = 0;
	enum line_op op;

	(void)state;
	assert_int_equal(line_command(&m, line, &pos, true, &op), 0);
	assert_int_equal(op, LINE_AND);
	assert_int_equal(m.script.argc, 3);
	assert_string_equal(m.script.argv[2], "b");
	assert_int_equal(line_command(&m, line, &pos, true, &op), 0);
	assert_int_equal(op, LINE_OR);
	assert_int_equal(m.script.argc, 0);
	assert_int_equal(line_command(&m, line, &pos, true, &op), 0);
	assert_int_equal(op, LINE_THEN);
	assert_string_equal(m.script.argv[0], "x#y");
	assert_int_equal(line_command(&m, line, &pos, true, &op), 0);
	assert_int_equal(op, LINE_END);
	assert_int_equal(m.script.argc, 0);
}

static void test_skipped_command_is_not_expanded(void **state)
{
	size_t pos = 0;
	enum line_op op;

	(void)state;
	outside_add(0, "", "a", 0, 0, "${a}", 4); /* expanding it is an error */
	assert_int_equal(line_command(&m, "x ${a} || y", &pos, false, &op), 0);
	assert_int_equal(op, LINE_OR);
	assert_int_equal(m.script.argc, 0);
	pos = 0;
	assert_int_equal(line_command(&m, "x ${a} || y", &pos, true, &op), -ERR_SCRIPT_LINE);
	/* The rest of the line can still be reached. */
	assert_int_equal(op, LINE_OR);
	assert_int_equal(line_command(&m, "x ${a} || y", &pos, true, &op), 0);
	assert_string_equal(m.script.argv[0], "y");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(test_label), T(test_command), T(test_skipped_command_is_not_expanded)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
