/* SPDX-License-Identifier: BSD-2-Clause */
/* Options and other things commands share: core/command.c. */
#include "tests/core/rig.h"

static const char *name;
static int verbose, force;
static const struct option options[] = {
	{"name", 'n', &name, NULL},
	{"verbose", 'v', NULL, &verbose},
	{"force", 0, NULL, &force},
};

/* Parses a line of words; the index of the first argument. */
static int parse(const char *line)
{
	static char words[256];
	char *argv[16];
	int argc = 0;

	name = NULL;
	verbose = force = 0;
	err_clear(&m);
	strcpy(words, line);
	for (char *w = strtok(words, " "); w; w = strtok(NULL, " "))
		argv[argc++] = w;
	argv[argc] = NULL;
	return command_options(&m, argc, argv, options, 3);
}

static void test_options(void **state)
{
	(void)state;
	assert_int_equal(parse("cmd"), 1);
	assert_int_equal(parse("cmd a --name b"), 1);
	assert_null(name);
	assert_int_equal(parse("cmd --name x a"), 3);
	assert_string_equal(name, "x");
	assert_int_equal(parse("cmd --name=x=y a"), 2);
	assert_string_equal(name, "x=y");
	assert_int_equal(parse("cmd --name= a"), 2);
	assert_string_equal(name, "");
	assert_int_equal(parse("cmd -n x a"), 3);
	assert_string_equal(name, "x");
	assert_int_equal(parse("cmd -nx a"), 2);
	assert_string_equal(name, "x");
	assert_int_equal(parse("cmd -vnx --force a"), 3);
	assert_string_equal(name, "x");
	assert_int_equal(verbose, 1);
	assert_int_equal(force, 1);
	assert_int_equal(parse("cmd -vv"), 2);
}

static void test_end_of_options(void **state)
{
	(void)state;
	assert_int_equal(parse("cmd -v -- --force"), 3);
	assert_int_equal(force, 0);
	assert_int_equal(parse("cmd - -v"), 1);
	assert_int_equal(verbose, 0);
	/* A value may look like an option. */
	assert_int_equal(parse("cmd --name --force"), 3);
	assert_string_equal(name, "--force");
}

static void test_bad_options(void **state)
{
	static const char *const bad[] = {"cmd --nosuch", "cmd --nam x", "cmd --names x", "cmd -x",
		"cmd -vx", "cmd --name", "cmd -n", "cmd --verbose=1", "cmd --=x"};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(bad[i]), -ERR_SCRIPT_USAGE);
		assert_int_equal(m.err.code, ERR_SCRIPT_USAGE);
	}
	parse("cmd --\033[2J");
	assert_null(strchr(m.err.detail, '\033'));
}

static void test_join(void **state)
{
	char *argv[] = {"ab", "", "cd"};
	char joined[8];

	(void)state;
	assert_true(command_join(3, argv, joined, sizeof(joined)));
	assert_string_equal(joined, "ab  cd");
	assert_true(command_join(3, argv, joined, 7));
	assert_false(command_join(3, argv, joined, 6));
	assert_true(command_join(0, argv, joined, 1));
	assert_string_equal(joined, "");
	for (size_t cap = 1; cap < 7; cap++) {
		memset(joined, '#', sizeof(joined));
		assert_false(command_join(3, argv, joined, cap));
		assert_true(strlen(joined) < cap);
	}
}

static void test_find(void **state)
{
	(void)state;
	assert_ptr_equal(command_find(&m, "echo"), &cmd_echo);
	assert_null(command_find(&m, "ech"));
	assert_null(command_find(&m, ""));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {T(test_options), T(test_end_of_options),
		T(test_bad_options), T(test_join), T(test_find)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
