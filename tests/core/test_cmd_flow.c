/* SPDX-License-Identifier: BSD-2-Clause */
/* echo goto exit sleep prompt shell: core/cmd_flow.c. The engine's side of them is in
 * test_script.c. */
#include "tests/core/rig.h"

#define S 1000000ull

static void test_echo(void **state)
{
	(void)state;
	assert_prints("echo", "\n");
	assert_prints("echo -n", "");
	assert_prints("echo -n a  b\necho c", "a bc\n");
	assert_prints("echo a -n -- --x", "a -n -- --x\n");
	assert_prints("echo --- a ---", "--- a ---\n");
	assert_prints("echo %s%n %d", "%s%n %d\n");
	assert_prints("echo a ${nope} b", "a  b\n");
}

static void test_usage(void **state)
{
	static const char *const bad[] = {"goto", "goto a b", "exit 1 2", "exit x",
		"exit 4294967296", "sleep", "sleep x", "sleep -1", "sleep 1 2", "sleep 99999999999",
		"prompt --key", "prompt --key ab", "prompt --key 0x0", "prompt --key 256",
		"prompt --timeout x", "prompt --nosuch"};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(run(bad[i]), ERR_SCRIPT_USAGE);
		assert_has("usage: ");
	}
}

static void test_sleep(void **state)
{
	uint64_t start = fake.now_us;

	(void)state;
	assert_prints("sleep 0\nsleep 3\necho x", "x\n");
	assert_in_range(fake.now_us - start, 3 * S, 3 * S + CONSOLE_POLL_US + 100);
}

static void test_prompt_any_key(void **state)
{
	(void)state;
	fake_key_at(&fake, 2 * S, 'x');
	assert_prints("prompt Press any key... && echo yes || echo no", "Press any key... \nyes\n");
	assert_in_range(fake.now_us, 2 * S, 3 * S);
}

static void test_prompt_timeout(void **state)
{
	(void)state;
	assert_prints("prompt --timeout 1500 Press && echo yes || echo no", "Press \nno\n");
	assert_in_range(fake.now_us, 1500000, 1500100 + CONSOLE_POLL_US);
	/* 0: without end, as if not given. */
	fake_key_at(&fake, 100 * S, 'x');
	assert_prints("prompt --timeout 0 && echo yes", "\nyes\n");
}

static void test_prompt_key(void **state)
{
	(void)state;
	fake_key_at(&fake, 1 * S, 's');
	assert_prints("prompt --key s --timeout 3000 x && echo yes || echo no", "x \nyes\n");
	fake_key_at(&fake, fake.now_us + S, 't');
	assert_prints("prompt -k s -t 3000 x && echo yes || echo no", "x \nno\n");
	fake_key_at(&fake, fake.now_us + S, 's');
	assert_prints("prompt --key 0x73 x && echo yes || echo no", "x \nyes\n");
}

/* Scripts ask for Ctrl-B themselves; there it is an answer and opens no shell by itself. */
static void test_prompt_ctrl_b(void **state)
{
	(void)state;
	fake_key_at(&fake, 1 * S, 2);
	assert_prints(
		"prompt --key 0x02 --timeout 2000 Ctrl-B for the shell && echo yes || echo no",
		"Ctrl-B for the shell \nyes\n");
	/* Afterwards it is what it always is. */
	fake_key_at(&fake, fake.now_us + S, 2);
	run_for("sleep 5", 3 * S);
	assert_has("reveille> ");
}

static void test_prompt_cancelled(void **state)
{
	(void)state;
	fake_key_at(&fake, 1 * S, 3);
	assert_prints("prompt --key 0x02 x || echo ${errno}",
		"x \nE4009: cancelled by the user: Ctrl-C\n4009\n");
	assert_int_equal(m.console.deliver, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(test_echo),
		T(test_usage),
		T(test_sleep),
		T(test_prompt_any_key),
		T(test_prompt_timeout),
		T(test_prompt_key),
		T(test_prompt_ctrl_b),
		T(test_prompt_cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
