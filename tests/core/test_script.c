/* SPDX-License-Identifier: BSD-2-Clause */
/* The script language and its engine: core/script.c. */
#include <stdio.h>
#include <stdlib.h>
#include "tests/core/rig.h"

#define CTRL_B 2
#define CTRL_C 3

/* -- lines ---------------------------------------------------------------- */

static void test_lines(void **state)
{
	(void)state;
	assert_prints("echo one\necho two", "one\ntwo\n");
	assert_prints("echo one\r\n\r\necho two\r\n", "one\ntwo\n");
	assert_prints("#!ipxe\n# echo no\n\t echo  a \t b   c  # d\n", "a b c\n");
	assert_prints("echo a#b #c", "a#b\n");
	assert_prints("", "");
	assert_prints("\n\n", "");
}

static void test_nul_ends_a_line(void **state)
{
	static const char script[] = "echo a\0echo b\n\0\0\0";

	(void)state;
	assert_int_equal(script_run_text(&m, script, sizeof(script)), 0);
	fake_run(&fake, &m, 1000000);
	assert_string_equal(text(), "a\nb\n");
	assert_int_equal(m.boot.exit_code, 0);
}

static void test_continuation(void **state)
{
	(void)state;
	assert_prints("echo a \\\n b\\\nc\necho d", "a bc\nd\n");
	assert_prints("echo a \\\r\n b\r\necho d", "a b\nd\n");
	assert_prints("echo a\\", "a\n");
	assert_prints("# no \\\necho a\necho b", "b\n");
	/* Only the last character joins. */
	assert_prints("echo a\\ \necho b", "a\\\nb\n");
}

static void test_line_limit(void **state)
{
	char *script = malloc(SCRIPT_LINE_MAX * 2);
	static char expected[SCRIPT_LINE_MAX];

	(void)state;
	/* The longest line there may be, its command and the longest too long. */
	memset(script, 'x', SCRIPT_LINE_MAX * 2);
	memcpy(script, "echo ", 5);
	script[SCRIPT_LINE_MAX - 1] = 0;
	memset(expected, 'x', sizeof(expected));
	strcpy(expected + SCRIPT_LINE_MAX - 6, "\n");
	assert_prints(script, expected);

	script[SCRIPT_LINE_MAX - 1] = 'x';
	script[SCRIPT_LINE_MAX] = '\n';
	strcpy(script + SCRIPT_LINE_MAX + 1, "echo no");
	assert_int_equal(run(script), ERR_SCRIPT_LINE);
	assert_not("no");
	free(script);
}

static void test_line_limit_by_expansion(void **state)
{
	(void)state;
	assert_int_equal(run("set a 0123456789\n"
			     "set b ${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}\n"
			     "set c ${b}${b}${b}${b}${b}${b}${b}${b}${b}${b}\n"
			     "echo ${c}${c}${c}${c}${c}\n"),
		ERR_SCRIPT_LINE);
	/* And it can be dealt with. */
	assert_prints("echo ${c} ${c} ${c} ${c} ${c} || echo long",
		"E6004: script line too long: with settings "
		"expanded\nlong\n");
}

/* The words behind one that has grown are refused, too, when they no longer fit. */
static void test_line_limit_by_later_words(void **state)
{
	char script[3000] = "echo ${a}${a}${a} ";

	(void)state;
	assert_int_equal(run("set a 0123456789\nset a ${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}\n"
			     "set a ${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}"),
		0);
	memset(script + strlen(script), 'x', 1000);
	assert_int_equal(run(script), 0);
	memset(script + strlen(script), 'x', 1000);
	assert_int_equal(run(script), ERR_SCRIPT_LINE);
	assert_has("more than 4095 characters");
}

static void test_word_limit(void **state)
{
	static char script[3 * COMMAND_ARGS_MAX];

	(void)state;
	strcpy(script, "echo");
	for (int i = 1; i < COMMAND_ARGS_MAX; i++)
		strcat(script, " x");
	assert_int_equal(run(script), 0);
	strcat(script, " x");
	assert_int_equal(run(script), ERR_SCRIPT_LINE);
	assert_has("more than 256 words");
}

/* -- separators ----------------------------------------------------------- */

static void test_or(void **state)
{
	(void)state;
	assert_prints("iseq a b || echo no\necho on", "no\non\n");
	assert_prints("iseq a a || echo no", "");
	assert_prints("iseq a b ||\necho on", "on\n");
	assert_prints("iseq a b || iseq c d || echo no", "no\n");
}

static void test_and(void **state)
{
	(void)state;
	assert_prints("iseq a a && echo yes", "yes\n");
	assert_prints("iseq a b && echo yes || echo no", "no\n");
	/* One after the other, no precedence. */
	assert_prints("iseq a a || echo no && echo yes", "yes\n");
	assert_prints("iseq a a && iseq a b || echo no", "no\n");
	assert_int_equal(run("iseq a b && echo yes\necho on"), ERR_SCRIPT_FALSE);
	assert_string_equal(
		text(), "E6007: condition is false\n  in script, line 1: iseq a b && echo yes\n");
}

static void test_then(void **state)
{
	(void)state;
	assert_prints("echo a ; echo b ; ; echo c", "a\nb\nc\n");
	assert_prints("iseq a b ; echo b", "b\n");
	assert_int_equal(run("echo a ; iseq a b"), ERR_SCRIPT_FALSE);
	/* Only whole words separate. */
	assert_prints("echo a;b c||d e&&f", "a;b c||d e&&f\n");
}

static void test_failure_ends_the_script(void **state)
{
	(void)state;
	assert_int_equal(run("echo a\n\nfail\necho b"), ERR_TFTP_NOT_FOUND);
	assert_string_equal(text(), "a\n"
				    "E4002: file not found on the TFTP server\n"
				    "  tftp://192.0.2.1/x\n"
				    "  check: file name, TFTP root directory, permissions\n"
				    "  in script, line 3: fail\n");
}

static void test_failure_handled_is_one_line(void **state)
{
	(void)state;
	assert_prints("fail || echo b",
		"E4002: file not found on the TFTP server: tftp://192.0.2.1/x\nb\n");
}

static void test_unknown_command(void **state)
{
	(void)state;
	assert_int_equal(run("nosuch\033[2J x"), ERR_SCRIPT_COMMAND);
	assert_has("nosuch\\x1b[2J");
	assert_not("\033");
}

static void test_usage(void **state)
{
	(void)state;
	assert_int_equal(run("iseq a"), ERR_SCRIPT_USAGE);
	assert_has("usage: iseq A B");
}

/* -- settings in a line --------------------------------------------------- */

static void test_expansion(void **state)
{
	(void)state;
	assert_prints("set a b c\necho [${a}] [${nope}] [${a}${a}] $a ${a $ {a} }",
		"[b c] [] [b cb c] $a ${a $ {a} }\n");
	assert_prints(
		"set i 3\nset net3/mac 525400123456\necho ${net${i}/mac} ${net${i}/mac:hexhyp}",
		"52:54:00:12:34:56 52-54-00-12-34-56\n");
}

static void test_value_is_one_word(void **state)
{
	(void)state;
	assert_prints("set a x y\niseq ${a} ${a} && echo same\nisset ${nope} || echo unset",
		"same\nunset\n");
}

/* What comes from a server can be neither a separator, nor a comment, nor a second word. */
static void test_value_is_no_syntax(void **state)
{
	(void)state;
	outside_add(0, "net0", "filename", 67, 0, "a || poweroff ; # \\", 19);
	assert_prints("echo ${filename}\necho ${filename} b",
		"a || poweroff ; # \\\na || poweroff ; # \\ b\n");
	outside_add(0, "net0", "filename", 67, 0, "||", 2);
	assert_prints("echo a ${filename} echo b", "a || echo b\n");
}

/* Hostile row 42: control sequences and formats from DHCP are shown, not obeyed. */
static void test_hostile_42(void **state)
{
	(void)state;
	outside_add(0, "net0", "filename", 67, 0, "\033[2J%n%s\r\n\x9b\xff", 13);
	assert_prints("echo ${filename}\necho ${67:string}\necho ${net0/filename}",
		"\\x1b[2J%n%s\\x0d\\x0a\\x9b\\xff\n"
		"\\x1b[2J%n%s\\x0d\\x0a\\x9b\\xff\n"
		"\\x1b[2J%n%s\\x0d\\x0a\\x9b\\xff\n");
	/* Nor by way of another setting. */
	assert_prints("set copy ${filename}\necho ${copy}", "\\x1b[2J%n%s\\x0d\\x0a\\x9b\\xff\n");
	/* In the message about a failure, too. */
	assert_int_equal(run("${filename}"), ERR_SCRIPT_COMMAND);
	assert_not("\033");
	assert_int_equal(run("goto ${filename}"), ERR_SCRIPT_LABEL);
	assert_not("\033");
	/* A script may build its own. */
	assert_prints("set esc:hex 1b\necho ${esc:string}[1mx", "\033[1mx\n");
}

static void test_expansion_of_values(void **state)
{
	(void)state;
	/* What administrators write into DHCP servers. */
	outside_add(0, "net0", "filename", 67, 0, "http://h/x?mac=${mac:hexhyp}", 28);
	outside_add(1, "net0", "mac", 0, 0, "\x52\x54\0\x12\x34\x56", 6);
	assert_prints("echo ${filename}", "http://h/x?mac=52-54-00-12-34-56\n");
}

static void test_expansion_without_end(void **state)
{
	(void)state;
	outside_add(0, "net0", "a", 0, 0, "${a}", 4);
	assert_int_equal(run("echo ${a}"), ERR_SCRIPT_LINE);
	outside_add(1, "net0", "b", 0, 0, "${b}${b}", 8);
	assert_int_equal(run("echo ${b}"), ERR_SCRIPT_LINE);
}

/* -- labels --------------------------------------------------------------- */

static void test_goto(void **state)
{
	(void)state;
	assert_prints("goto end\necho no\n:end\necho yes", "yes\n");
	assert_prints("goto end || echo no\n:end echo yes", "yes\n");
	assert_prints("set n:int8 0\n:loop inc n ; echo ${n}\niseq ${n} 3 || goto loop\necho end",
		"1\n2\n3\nend\n");
	assert_prints("set l 52:54:00\ngoto ${l}\n:52:54\necho no\n  :52:54:00 # here\necho yes",
		"yes\n");
	/* The first of two. */
	assert_prints("goto a\n:a exit\n:a echo no", "");
}

static void test_goto_missing(void **state)
{
	(void)state;
	assert_int_equal(run("goto nowhere\n:nowhere2\n:now\necho on"), ERR_SCRIPT_LABEL);
	assert_not("on\n");
	/* The line goes on where it was. */
	assert_prints("echo a ; goto b || echo c\necho d", "a\nE6003: label not found: b\nc\nd\n");
}

static void test_goto_label_on_joined_line(void **state)
{
	(void)state;
	assert_prints("goto a ||\nexit\necho x \\\n:a\necho no", "E6003: label not found: a\n");
}

static void test_busy_loop_ends(void **state)
{
	(void)state;
	assert_int_equal(run(":a goto a"), ERR_SCRIPT_LOOP);
	assert_int_equal(run(":a iseq a b ||\ngoto a"), ERR_SCRIPT_LOOP);
}

static void test_loop_that_waits_is_no_busy_loop(void **state)
{
	static const struct service *const services[] = {&rig_script, NULL};
	unsigned turns;

	(void)state;
	rig_config.services = services; /* no keys to look for: a turn a second */
	script_run_text(&m, ":a sleep 1\ngoto a", 17);
	turns = fake_run(&fake, &m, 2ull * SCRIPT_JUMPS_MAX * 1000000);
	assert_in_range(turns, 2 * SCRIPT_JUMPS_MAX, 6 * SCRIPT_JUMPS_MAX);
	assert_int_equal(m.boot.kind, BOOT_NONE);
}

static void test_turn_is_bounded(void **state)
{
	static char script[200 * 8];
	unsigned n = 0;

	(void)state;
	for (int i = 0; i < 200; i++)
		strcat(script, "echo x\n");
	script_run_text(&m, script, strlen(script));
	machine_poll(&m);
	assert_int_equal(m.boot.kind, BOOT_NONE);
	for (const char *p = text(); *p; p++)
		n += *p == 'x';
	assert_in_range(n, 1, SCRIPT_TURN_MAX);
	/* One jump ends the turn. */
	script_cancel(&m);
	fake_text_clear(&fake);
	script_run_text(&m, "goto a\n:a echo x", 16);
	machine_poll(&m);
	assert_string_equal(text(), "");
	assert_true(machine_poll(&m) > 0);
	assert_string_equal(text(), "x\n");
}

/* -- commands that wait --------------------------------------------------- */

static void test_waiting_command(void **state)
{
	(void)state;
	run_for("probe a b\necho done ${errno}", 1000000);
	assert_int_equal(probe.starts, 1);
	assert_in_range(probe.polls, 10, 100);
	assert_string_equal(probe.args, "a b");
	assert_string_equal(text(), "");
	probe.result = 0;
	fake_run(&fake, &m, 1000000);
	assert_string_equal(text(), "done 0\n");
	assert_int_equal(m.boot.kind, BOOT_EXIT);
}

static void test_waiting_command_fails(void **state)
{
	(void)state;
	run_for("probe || echo ${errno}", 1000);
	probe.result = -ERR_TFTP_TIMEOUT;
	fake_run(&fake, &m, 1000000);
	assert_string_equal(text(), "E4001: TFTP server stopped answering\n4001\n");
}

static void test_cancel(void **state)
{
	(void)state;
	run_for("probe\necho no", 1000);
	script_cancel(&m);
	assert_int_equal(probe.cancels, 1);
	fake_run(&fake, &m, 1000000);
	assert_string_equal(text(), "");
	assert_int_equal(m.boot.kind, BOOT_NONE);
}

/* -- errno ---------------------------------------------------------------- */

static void test_errno(void **state)
{
	(void)state;
	assert_prints("echo ${errno}", "0\n");
	assert_prints("fail ||\niseq a b ||\necho a\niseq ${errno} 4002 && echo ${errno}",
		"E4002: file not found on the TFTP server: tftp://192.0.2.1/x\na\n4002\n");
}

/* -- scripts that start scripts ------------------------------------------- */

static void test_nested(void **state)
{
	(void)state;
	script_image("inner", "#!ipxe\necho in\nset x 1\n");
	assert_prints("echo a && boot inner && echo b || echo c\necho d ${x}", "a\nin\nb\nd 1\n");
	/* Its image is gone. */
	assert_null(image_find(&m, "inner"));
}

static void test_nested_failure_is_the_command_s(void **state)
{
	(void)state;
	script_image("inner", "#!ipxe\n\nfail\necho no\n");
	assert_int_equal(run("echo a \\\n;boot x ||\nboot inner || echo b\necho c"), 0);
	assert_string_equal(text(), "a ;boot x\nE4002: file not found on the TFTP server\n"
				    "  tftp://192.0.2.1/x\n"
				    "  check: file name, TFTP root directory, permissions\n"
				    "  in inner, line 3: fail\nb\nc\n");
	script_image("inner", "#!ipxe\n\nfail\necho no\n");
	assert_int_equal(run("boot inner\necho c"), ERR_TFTP_NOT_FOUND);
	assert_has("in inner, line 3: fail\n  in script, line 1: boot inner\n");
}

static void test_exit(void **state)
{
	(void)state;
	assert_int_equal(run("exit 3\necho no"), 3);
	assert_string_equal(text(), "");
	assert_int_equal(run("exit"), 0);
	assert_int_equal(run("exit 0"), 0);
	assert_int_equal(run("exit -1"), ERR_SCRIPT_USAGE);
	assert_int_equal(run("exit || echo no"), 0);
	script_image("inner", "#!ipxe\necho in\nexit 1\n");
	assert_prints("boot inner || echo ${errno}", "in\n1\n");
	script_image("inner", "#!ipxe\nexit\n");
	assert_prints("boot inner && echo on", "on\n");
}

/* A script that starts itself, each copy the next. */
static void test_depth(void **state)
{
	(void)state;
	for (int i = 0; i < SCRIPT_DEPTH_MAX; i++) {
		char name[16], script[32];

		snprintf(name, sizeof(name), "s%d", i);
		snprintf(script, sizeof(script), "#!ipxe\nboot s%d\n", i + 1);
		script_image(name, script);
	}
	assert_int_equal(run("boot s0"), ERR_SCRIPT_DEPTH);
	/* The one that was not started is still there, the others are not. */
	assert_non_null(image_find(&m, "s7"));
	assert_null(image_find(&m, "s6"));
	assert_null(image_find(&m, "s0"));
}

static int replace_start(struct machine *mm, int argc, char **argv)
{
	(void)argc;
	script_replace(mm);
	return script_run_image(mm, image_find(mm, argv[1]));
}

static void test_replace(void **state)
{
	static const struct command cmd_replace = {
		.name = "probe", .usage = "", .help = "", .start = replace_start};
	const struct command *commands[] = {&cmd_replace, &cmd_echo, &cmd_boot, &cmd_exit, NULL};

	(void)state;
	rig_config.commands = commands;
	script_image("inner", "#!ipxe\necho in\nprobe last\necho no\n");
	script_image("last", "#!ipxe\necho last\nexit 5\n");
	assert_prints("boot inner || echo on", "in\nlast\non\n");
	assert_null(image_find(&m, "inner"));
	assert_null(image_find(&m, "last"));
}

static void test_image_script_is_held(void **state)
{
	struct image *img = script_image("inner", "#!ipxe\necho in\nimgfree\nprobe\necho still\n");

	(void)state;
	run_for("boot inner", 1000000);
	assert_true(script_holds(&m, img));
	assert_ptr_equal(image_find(&m, "inner"), img);
	probe.result = 0;
	fake_run(&fake, &m, 1000000);
	assert_string_equal(text(), "in\nstill\n");
	assert_false(script_holds(&m, img));
	assert_null(image_find(&m, "inner"));
}

static void test_base_uri(void **state)
{
	struct image *img = script_image("inner", "#!ipxe\necho ${cwuri} ${cwduri}\nprobe\n");

	(void)state;
	strcpy(img->uri, "tftp://192.0.2.1/a/b.ipxe");
	assert_string_equal(script_base_uri(&m), "");
	run_for("boot inner", 1000000);
	assert_string_equal(script_base_uri(&m), "tftp://192.0.2.1/a/b.ipxe");
	assert_string_equal(text(), "tftp://192.0.2.1/a/b.ipxe tftp://192.0.2.1/a/\n");
}

/* -- Ctrl-C --------------------------------------------------------------- */

static void test_ctrl_c_fails_the_command(void **state)
{
	(void)state;
	fake_key_at(&fake, 500000, CTRL_C);
	assert_prints("probe || echo a\necho b", "E4009: cancelled by the user: Ctrl-C\na\nb\n");
	assert_int_equal(probe.cancels, 1);
}

static void test_ctrl_c_ends_a_loop(void **state)
{
	(void)state;
	fake_key_at(&fake, 1000, CTRL_C);
	assert_int_equal(run(":a goto a"), ERR_CANCELLED);
	assert_has("E4009");
}

/* -- Ctrl-B and the shell ------------------------------------------------- */

static void test_ctrl_b_runs_the_command_again(void **state)
{
	(void)state;
	fake_key_at(&fake, 500000, CTRL_B);
	run_for("set a 1 ; iseq a b || probe x ; echo after\necho end", 1000000);
	assert_int_equal(probe.starts, 1);
	assert_int_equal(probe.cancels, 1);
	assert_has("reveille> ");
	fake_type(&fake, "echo a=${a}\rfail\rexit\r");
	fake_run(&fake, &m, 1000000);
	assert_has("a=1\n");
	assert_int_equal(probe.starts, 2);
	probe.result = 0;
	fake_run(&fake, &m, 1000000);
	assert_has("after\nend\n");
	assert_int_equal(m.boot.exit_code, 0);
}

static void test_ctrl_b_before_anything(void **state)
{
	(void)state;
	fake_key_at(&fake, 0, CTRL_B);
	run_for("echo start", 1000000);
	assert_string_equal(text(), "reveille> ");
	fake_type(&fake, "\x04");
	fake_run(&fake, &m, 1000000);
	assert_string_equal(text(), "reveille> \nstart\n");
}

static void test_ctrl_b_at_full_depth(void **state)
{
	(void)state;
	for (int i = 0; i < SCRIPT_DEPTH_MAX - 1; i++) {
		char name[16], script[32];

		snprintf(name, sizeof(name), "s%d", i);
		snprintf(script, sizeof(script), "#!ipxe\nboot s%d\n", i + 1);
		script_image(name, i < SCRIPT_DEPTH_MAX - 2 ? script : "#!ipxe\nprobe\necho in\n");
	}
	fake_key_at(&fake, 500000, CTRL_B);
	run_for("boot s0", 1000000);
	assert_int_equal(m.script.depth, SCRIPT_DEPTH_MAX + 1);
	assert_has("reveille> ");
	script_image("more", "#!ipxe\necho more\n");
	fake_type(&fake, "boot more\r");
	fake_run(&fake, &m, 1000000);
	assert_has("E6005");
	probe.result = 0;
	fake_type(&fake, "exit\r");
	fake_run(&fake, &m, 1000000);
	assert_has("in\n");
	assert_int_equal(m.boot.exit_code, 0);
}

/* From a script that the shell has started, Ctrl-B goes back to the shell. */
static void test_ctrl_b_under_the_shell(void **state)
{
	(void)state;
	script_image("inner", "#!ipxe\nprobe\necho no\n");
	run_for("shell && echo on", 1000);
	fake_type(&fake, "boot inner\r");
	fake_run(&fake, &m, 1000000);
	assert_int_equal(m.script.depth, 3);
	fake_type(&fake, "\x02");
	fake_run(&fake, &m, 1000000);
	assert_int_equal(m.script.depth, 2);
	assert_int_equal(probe.cancels, 1);
	assert_null(image_find(&m, "inner"));
	fake_type(&fake, "exit\r");
	fake_run(&fake, &m, 1000000);
	assert_has("reveille> exit\non\n");
	assert_not("no\n");
}

static void test_ctrl_c_in_the_shell(void **state)
{
	(void)state;
	run_for("shell\necho on", 1000);
	fake_type(&fake, ":a goto a\r");
	fake_run(&fake, &m, 100);
	fake_type(&fake, "\x03");
	fake_run(&fake, &m, 1000000);
	assert_int_equal(m.script.depth, 2);
	assert_has("E4009");
	fake_type(&fake, "probe\r");
	fake_run(&fake, &m, 1000000);
	fake_type(&fake, "\x03");
	fake_run(&fake, &m, 1000000);
	assert_int_equal(probe.cancels, 1);
	fake_type(&fake, "exit\r");
	fake_run(&fake, &m, 1000000);
	assert_has("on\n");
}

static void test_shell_status(void **state)
{
	(void)state;
	fake_key_at(&fake, 1000, 'x');
	fake_type(&fake, "\bexit 7\r");
	assert_int_equal(run("shell || exit ${errno}"), 7);
	/* A shell that was not asked for does not change the outcome. */
	fake.nkeys = fake.next_key = 0;
	fake_key_at(&fake, fake.now_us, CTRL_B);
	fake_type(&fake, "exit 7\r");
	assert_int_equal(run("echo a"), 0);
}

/* -- the image type ------------------------------------------------------- */

static void test_probe(void **state)
{
	static const char *const yes[] = {"#!ipxe\n", "#!gpxe\r\n", "#!ipxe x\n", "#!ipxe\t"};
	static const char *const no[] = {
		"#!ipxe", "#!ipxes\n", "#!/bin/sh\n", "", "# !ipxe\n", "\n#!ipxe\n"};

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		assert_ptr_equal(script_image("x", yes[i])->type, &script_type);
	for (unsigned i = 0; i < 6; i++)
		assert_null(script_image("x", no[i])->type);
}

static void test_size_limit(void **state)
{
	static char big[SCRIPT_SIZE_MAX + 1];

	(void)state;
	memset(big, '\n', sizeof(big));
	memcpy(big, "#!ipxe\ngoto end\n", 16);
	memcpy(big + sizeof(big) - 15, ":end echo yes\n\n", 15);
	image_of("big", "", big, sizeof(big));
	assert_int_equal(run("boot big"), ERR_SCRIPT_SIZE);
	run("imgfree");
	image_of("big", "", big, sizeof(big) - 1);
	assert_prints("boot big", "yes\n");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(test_lines),
		T(test_nul_ends_a_line),
		T(test_continuation),
		T(test_line_limit),
		T(test_line_limit_by_expansion),
		T(test_line_limit_by_later_words),
		T(test_word_limit),
		T(test_or),
		T(test_and),
		T(test_then),
		T(test_failure_ends_the_script),
		T(test_failure_handled_is_one_line),
		T(test_unknown_command),
		T(test_usage),
		T(test_expansion),
		T(test_value_is_one_word),
		T(test_value_is_no_syntax),
		T(test_hostile_42),
		T(test_expansion_of_values),
		T(test_expansion_without_end),
		T(test_goto),
		T(test_goto_missing),
		T(test_goto_label_on_joined_line),
		T(test_busy_loop_ends),
		T(test_loop_that_waits_is_no_busy_loop),
		T(test_turn_is_bounded),
		T(test_waiting_command),
		T(test_waiting_command_fails),
		T(test_cancel),
		T(test_errno),
		T(test_nested),
		T(test_nested_failure_is_the_command_s),
		T(test_exit),
		T(test_depth),
		T(test_replace),
		T(test_image_script_is_held),
		T(test_base_uri),
		T(test_ctrl_c_fails_the_command),
		T(test_ctrl_c_ends_a_loop),
		T(test_ctrl_b_runs_the_command_again),
		T(test_ctrl_b_before_anything),
		T(test_ctrl_b_at_full_depth),
		T(test_ctrl_b_under_the_shell),
		T(test_ctrl_c_in_the_shell),
		T(test_shell_status),
		T(test_probe),
		T(test_size_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
