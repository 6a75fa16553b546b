/* SPDX-License-Identifier: BSD-2-Clause */
/* boot imgselect imgargs imgfree imgstat: core/cmd_image.c. */
#include "tests/core/rig.h"

/* A type for images that begin with "PAY"; "PAYx" is broken. */
static unsigned prepared;

static int pay_probe(struct machine *mm, const struct image *img)
{
	char head[4];

	if (!image_get(mm, img, 0, head, 4) || memcmp(head, "PAY", 3))
		return -ERR_IMAGE_TYPE;
	return 0;
}

static int pay_prepare(struct machine *mm, struct image *img, struct boot_request *req)
{
	char last;

	image_get(mm, img, 3, &last, 1);
	if (last == 'x')
		return err_set(mm, ERR_BZIMAGE_BAD, "x");
	req->kind = BOOT_LINUX;
	prepared++;
	return 0;
}

static const struct image_type pay_type = {
	.name = "pay", .probe = pay_probe, .prepare = pay_prepare};
static const struct image_type *const types[] = {&script_type, &pay_type, NULL};

static int setup(void **state)
{
	int ret = rig_setup(state);

	rig_config.image_types = types;
	prepared = 0;
	return ret;
}

static struct image *pay(const char *name)
{
	return image_of(name, "tftp://h/x", "PAY!", 4);
}

static void test_boot_selected(void **state)
{
	(void)state;
	m.kernel = pay("k");
	run_for("boot\necho no", 1000000);
	assert_int_equal(m.boot.kind, BOOT_LINUX);
	assert_int_equal(prepared, 1);
	assert_string_equal(text(), "");
	/* It came back: boot has failed, and the script goes on. */
	assert_int_equal(machine_resume(&m, 0), 0);
	fake_run(&fake, &m, 1000000);
	assert_int_equal(m.boot.kind, BOOT_EXIT);
	assert_int_equal(m.boot.exit_code, ERR_BOOT_FAILED);
	assert_has("E7001");
	assert_not("no\n");
}

static void test_boot_failure_is_handled(void **state)
{
	(void)state;
	pay("k");
	run_for("boot k || echo back ${errno}", 1000000);
	assert_int_equal(m.boot.kind, BOOT_LINUX);
	machine_resume(&m, -ERR_NO_POWEROFF);
	fake_run(&fake, &m, 1000000);
	assert_has("back 7002\n");
	assert_int_equal(m.boot.exit_code, 0);
}

static void test_boot_errors(void **state)
{
	(void)state;
	assert_int_equal(run("boot"), ERR_IMAGE_NO_KERNEL);
	assert_int_equal(run("boot \033x"), ERR_IMAGE_NOT_FOUND);
	assert_has("\\x1bx");
	image_of("junk", "", "junk", 4);
	assert_int_equal(run("boot junk"), ERR_IMAGE_TYPE);
	image_of("bad", "", "PAYx", 4);
	assert_int_equal(run("boot bad"), ERR_BZIMAGE_BAD);
	assert_int_equal(prepared, 0);
	assert_int_equal(run("boot --nosuch"), ERR_SCRIPT_USAGE);
}

static void test_boot_arguments(void **state)
{
	struct image *img = pay("k");

	(void)state;
	strcpy(img->cmdline, "old");
	run_for("boot --replace k", 1000);
	assert_string_equal(img->cmdline, "old");
	assert_false(img->autofree);
	machine_resume(&m, 0);
	fake_run(&fake, &m, 1000);
	run_for("imgexec -a k quiet  x=1", 1000);
	assert_string_equal(img->cmdline, "quiet x=1");
	assert_true(img->autofree);
}

static int chain_start(struct machine *mm, int argc, char **argv)
{
	command_join(argc, argv, probe.args, sizeof(probe.args));
	return probe_start(mm, argc, argv);
}

/* What is not loaded is fetched by chain, which then is the running command. */
static void test_boot_fetches(void **state)
{
	static const struct command cmd_chain = {.name = "chain",
		.usage = "",
		.help = "",
		.start = chain_start,
		.poll = probe_poll,
		.cancel = probe_cancel};
	static const struct command *const commands[] = {&cmd_boot, &cmd_chain, NULL};

	(void)state;
	rig_config.commands = commands;
	run_for("boot tftp://h/x a", 1000000);
	assert_string_equal(probe.args, "tftp://h/x a");
	assert_int_equal(probe.starts, 1);
	assert_true(probe.polls > 0);
	fake_type(&fake, "\x03");
	fake_run(&fake, &m, 1000000);
	assert_int_equal(probe.cancels, 1);
	assert_int_equal(m.boot.exit_code, ERR_CANCELLED);
}

static void test_select(void **state)
{
	struct image *k = pay("k"), *s = script_image("s", "#!ipxe\n");

	(void)state;
	assert_int_equal(run("imgselect k"), 0);
	assert_ptr_equal(m.kernel, k);
	assert_int_equal(run("imgload s"), 0);
	assert_ptr_equal(m.kernel, s);
	image_of("junk", "", "junk", 4);
	assert_int_equal(run("imgselect junk"), ERR_IMAGE_TYPE);
	assert_ptr_equal(m.kernel, s);
	assert_int_equal(run("imgselect nosuch"), ERR_IMAGE_NOT_FOUND);
	assert_int_equal(run("imgselect"), ERR_SCRIPT_USAGE);
}

static void test_args(void **state)
{
	struct image *k = pay("k");
	static char line[IMAGE_CMDLINE_MAX];

	(void)state;
	assert_int_equal(run("set x y z\nimgargs k root=/dev/sda  ${x} quiet"), 0);
	assert_string_equal(k->cmdline, "root=/dev/sda y z quiet");
	assert_int_equal(run("imgargs k"), 0);
	assert_string_equal(k->cmdline, "");
	assert_int_equal(run("imgargs nosuch x"), ERR_IMAGE_NOT_FOUND);
	assert_int_equal(run("imgargs"), ERR_SCRIPT_USAGE);
	/* A line's worth of arguments always fits. */
	memset(line, 'x', sizeof(line) - 1);
	memcpy(line, "imgargs k ", 10);
	assert_int_equal(run(line), 0);
	assert_string_equal(k->cmdline, line + 10);
}

static void test_imgfree(void **state)
{
	(void)state;
	pay("a");
	m.kernel = pay("b");
	pay("c");
	assert_int_equal(run("imgfree a c"), 0);
	assert_null(image_find(&m, "a"));
	assert_null(image_find(&m, "c"));
	assert_int_equal(run("imgfree a"), ERR_IMAGE_NOT_FOUND);
	pay("a");
	assert_int_equal(run("imgfree"), 0);
	assert_null(image_nth(&m, 0));
	assert_null(m.kernel);
	assert_int_equal(run("imgfree"), 0);
}

/* A script cannot free itself or its callers. */
static void test_free_of_running_scripts(void **state)
{
	(void)state;
	script_image("in", "#!ipxe\nimgfree in\nimgfree out\nimgfree\necho in\nimgstat\n");
	script_image("out", "#!ipxe\nboot in\necho out\n");
	pay("k");
	assert_int_equal(run("boot out"), 0);
	assert_string_equal(text(), "in\nin : 54 bytes [script]\nout : 24 bytes [script]\nout\n");
	assert_null(image_nth(&m, 0));
}

static void test_stat(void **state)
{
	struct image *k;

	(void)state;
	assert_prints("imgstat", "");
	k = pay("k");
	k->initrd = true;
	m.kernel = k;
	image_of("\033junk", "", "junk!", 5);
	assert_prints("imgargs k a b\033c\nimgstat",
		"k : 4 bytes [pay] [initrd] [selected] a b\\x1bc\n"
		"\\x1bjunk : 5 bytes\n");
	assert_prints("imgstat k", "k : 4 bytes [pay] [initrd] [selected] a b\\x1bc\n");
	assert_int_equal(run("imgstat k nosuch"), ERR_IMAGE_NOT_FOUND);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(test_boot_selected),
		T(test_boot_failure_is_handled),
		T(test_boot_errors),
		T(test_boot_arguments),
		T(test_boot_fetches),
		T(test_select),
		T(test_args),
		T(test_imgfree),
		T(test_free_of_running_scripts),
		T(test_stat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
