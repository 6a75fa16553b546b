/* SPDX-License-Identifier: BSD-2-Clause */
/* What the machine knows of itself: core/builtin_settings.c. */
#include "tests/core/rig.h"

static void test_values(void **state)
{
	(void)state;
	assert_prints("echo ${version} ${platform} ${buildarch}", "test fake test\n");
	assert_prints("echo ${builtin/version} [${net0/version}] [${product}]", "test [] []\n");
	assert_prints("echo ${memsize} ${errno}", "63 0\n");
	/* SMBIOS order a0 a1 a2 .. in the order of the text. */
	assert_prints("echo ${uuid}", "a3a2a1a0-a5a4-a7a6-a8a9-aaabacadaeaf\n");
	assert_prints("echo [${cwuri}] [${cwduri}]", "[] []\n");
}

static bool no_uuid(void *ctx, uint8_t uuid[16])
{
	(void)ctx;
	(void)uuid;
	return false;
}

static void test_nothing_known(void **state)
{
	struct platform plat = fake_platform;

	(void)state;
	plat.uuid = no_uuid;
	m.plat = &plat;
	rig_config.version = "";
	assert_prints("echo [${uuid}] [${version}]", "[] []\n");
}

static void test_small_room(void **state)
{
	uint8_t raw[16];

	(void)state;
	assert_int_equal(builtin_settings.get(&m, "", "errno", 0, 0, raw, 3), -ERR_SETTING_NONE);
	assert_int_equal(builtin_settings.get(&m, "", "uuid", 0, 0, raw, 15), -ERR_SETTING_NONE);
	assert_int_equal(builtin_settings.get(&m, "", "version", 0, 0, raw, 2), 2);
}

static void test_working_uri(void **state)
{
	struct image *img = script_image("s", "#!ipxe\necho ${cwuri} ${cwduri}\n");

	(void)state;
	strcpy(img->uri, "http://h/a/b?c");
	assert_prints("boot s", "http://h/a/b?c http://h/a/\n");
	img = script_image("s", "#!ipxe\necho ${cwuri} [${cwduri}]\n");
	strcpy(img->uri, "b");
	assert_prints("boot s", "b []\n");
}

static void test_verbose(void **state)
{
	(void)state;
	assert_int_equal(run("set verbose 1"), 0);
	log_put(&m, LOG_DEBUG, "seen");
	assert_has("seen");
	assert_prints("echo ${verbose}\nset verbose 0\necho ${verbose}", "1\n0\n");
	log_put(&m, LOG_INFO, "unseen");
	assert_not("unseen");
	assert_int_equal(run("set verbose yes"), 0);
	assert_int_equal(m.log.console_level, LOG_DEBUG);
	assert_int_equal(run("clear verbose\nset net0/verbose 1"), 0);
	assert_int_equal(m.log.console_level, LOG_WARN);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {T(test_values), T(test_nothing_known),
		T(test_small_room), T(test_working_uri), T(test_verbose)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
