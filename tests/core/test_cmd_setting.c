/* SPDX-License-Identifier: BSD-2-Clause */
/* set clear inc read show isset iseq: core/cmd_setting.c. */
#include "tests/core/rig.h"

static void test_set(void **state)
{
	(void)state;
	assert_prints("set a b  c\necho ${a}", "b c\n");
	assert_prints("set a ${a} d\necho ${a}", "b c d\n");
	assert_prints("set a:hex 0a1b\necho ${a} ${a:hexraw}", "0a:1b 0a1b\n");
	assert_prints("set a\nisset ${a} || echo gone", "gone\n");
	assert_prints("set a x\nclear a\nclear a\nisset ${a} || echo gone", "gone\n");
	assert_prints(
		"set net0/ip 192.0.2.1\necho ${ip} ${net0/ip:hexraw}", "192.0.2.1 c0000201\n");
	/* A name may itself be a value. */
	assert_prints("set i 1\nset s${i}/v x\necho ${s1/v}", "x\n");
}

static void test_set_errors(void **state)
{
	(void)state;
	assert_int_equal(run("set a:int8 200"), ERR_SETTING_VALUE);
	assert_has("a:int8 takes int8");
	assert_int_equal(run("set a:nosuch 1"), ERR_SETTING_VALUE);
	assert_int_equal(run("set a:ipv6 ::1"), ERR_SETTING_VALUE);
	assert_int_equal(run("set net0/ 1"), ERR_SETTING_VALUE);
	assert_int_equal(run("set"), ERR_SCRIPT_USAGE);
	assert_int_equal(run("clear"), ERR_SCRIPT_USAGE);
	assert_int_equal(run("clear a b"), ERR_SCRIPT_USAGE);
}

static void test_inc(void **state)
{
	const struct setting_type *type;
	uint8_t raw[8];

	(void)state;
	assert_prints("inc a\necho ${a}\ninc a 10\necho ${a}", "1\n11\n");
	assert_prints("set b:int8 126\ninc b\necho ${b}", "127\n");
	assert_int_equal(run("inc b"), ERR_SETTING_VALUE);
	assert_int_equal(setting_get(&m, "b", &type, raw, sizeof(raw)), 1);
	assert_string_equal(type->name, "int8");
	assert_prints("set c 5\ninc c 0x10\necho ${c}", "21\n");
	assert_prints("inc d:uint16\necho ${d} ${d:hexraw}", "1 0001\n");
	assert_int_equal(run("inc a x"), ERR_SCRIPT_USAGE);
	assert_int_equal(run("inc"), ERR_SCRIPT_USAGE);
	assert_int_equal(run("inc a:"), ERR_SETTING_VALUE);
	/* A name that only just fits, and one that does not. */
	assert_int_equal(
		run("inc 012345678901234567890123456789012345678901234567890123456789012"), 0);
	assert_int_equal(
		run("inc 0123456789012345678901234567890123456789012345678901234567890123"),
		ERR_SETTING_VALUE);
}

static void test_read(void **state)
{
	(void)state;
	fake_type(&fake, "x\b\bwhat\r");
	assert_prints("set a old\nread a\necho ${a}", "oldx\b \b\b \bwhat\nolwhat\n");
	fake_key_at(&fake, fake.now_us + 1000000, 3);
	assert_prints(
		"read a || echo ${errno}", "olwhat\nE4009: cancelled by the user: Ctrl-C\n4009\n");
	assert_false(m.script.edit.active);
	fake_key_at(&fake, fake.now_us + 1000000, 4);
	assert_prints("clear a\nread a\nisset ${a} || echo none", "\nnone\n");
}

static void test_read_and_messages(void **state)
{
	(void)state;
	fake_type(&fake, "abc");
	run_for("read a", 100000);
	log_put(&m, LOG_WARN, "news");
	fake_type(&fake, "d\r");
	fake_run(&fake, &m, 100000);
	assert_string_equal(text(), "abc\nnews\nabcd\n");
	assert_int_equal(run("read"), ERR_SCRIPT_USAGE);
}

/* The shell interrupts it and it begins again. */
static void test_read_and_shell(void **state)
{
	(void)state;
	fake_type(&fake, "abc");
	run_for("read a\necho ${a}", 100000);
	fake_type(&fake, "\x02");
	fake_run(&fake, &m, 100000);
	fake_type(&fake, "exit\rxyz\r");
	fake_run(&fake, &m, 1000000);
	assert_string_equal(text(), "abc\nreveille> exit\nxyz\nxyz\n");
}

static void test_show(void **state)
{
	(void)state;
	assert_prints("set a:int8 5\nshow a\nshow a:hex", "a (int8) = 5\na:hex (hex) = 05\n");
	outside_add(0, "", "evil", 0, 0, "\033[2J", 4);
	assert_prints("show evil", "evil (string) = \\x1b[2J\n");
	assert_int_equal(run("show nope"), ERR_SETTING_NONE);
	assert_int_equal(run("show"), ERR_SCRIPT_USAGE);
}

static void test_conditions(void **state)
{
	(void)state;
	assert_prints("isset x && echo yes", "yes\n");
	assert_prints("isset ${nope} || echo no", "no\n");
	assert_prints("iseq a a && echo yes", "yes\n");
	assert_prints("iseq a A || echo no", "no\n");
	assert_prints("iseq ${nope} ${nope} && echo yes", "yes\n");
	assert_int_equal(run("isset"), ERR_SCRIPT_USAGE);
	assert_int_equal(run("isset a b"), ERR_SCRIPT_USAGE);
	assert_int_equal(run("iseq a"), ERR_SCRIPT_USAGE);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(test_set),
		T(test_set_errors),
		T(test_inc),
		T(test_read),
		T(test_read_and_messages),
		T(test_read_and_shell),
		T(test_show),
		T(test_conditions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
