/* SPDX-License-Identifier: BSD-2-Clause */
/* reboot poweroff help log: core/cmd_machine.c. */
#include "tests/core/rig.h"

static void test_reboot(void **state)
{
	(void)state;
	run_for("echo a\nreboot --warm\necho b", 1000);
	assert_int_equal(m.boot.kind, BOOT_REBOOT);
	assert_string_equal(text(), "a\n");
	machine_resume(&m, -ERR_BOOT_FAILED);
	fake_run(&fake, &m, 1000);
	assert_int_equal(m.boot.exit_code, ERR_BOOT_FAILED);
}

static void test_poweroff(void **state)
{
	(void)state;
	run_for("poweroff || echo ${errno}", 1000);
	assert_int_equal(m.boot.kind, BOOT_POWEROFF);
	machine_resume(&m, -ERR_NO_POWEROFF);
	fake_run(&fake, &m, 1000);
	assert_has("\n7002\n");
	assert_int_equal(m.boot.exit_code, 0);
}

static void test_help(void **state)
{
	(void)state;
	assert_int_equal(run("help"), 0);
	for (const struct command *const *c = rig_commands; *c; c++)
		assert_has((*c)->name);
	assert_prints("help sleep", "sleep SECONDS\n  wait\n");
	assert_int_equal(run("help nosuch"), ERR_SCRIPT_COMMAND);
}

static void test_log(void **state)
{
	(void)state;
	log_put(&m, LOG_DEBUG, "remembered");
	assert_int_equal(run("log"), 0);
	assert_has("remembered\n");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(test_reboot), T(test_poweroff), T(test_help), T(test_log)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
