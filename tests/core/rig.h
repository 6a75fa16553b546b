/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine with console, script engine and the commands of core, for tests of the language: no
 * network. Values "from outside" come from a source that tests fill.
 */
#ifndef TESTS_CORE_RIG_H
#define TESTS_CORE_RIG_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "core/cmd.h"
#include "tests/fake.h"

static struct machine m;
static struct fake fake;

/* -- a source of settings that no script has set ---------------------------------------- */

static struct {
	const char *scope, *name; /* NULL: none */
	unsigned tag, sub;
	uint8_t raw[256];
	size_t n;
} outside[4];
static struct {
	char scope[SETTING_NAME_MAX], name[SETTING_NAME_MAX];
	uint8_t raw[SETTING_VALUE_MAX];
	size_t n;
	unsigned calls;
	const char *takes; /* the name it takes, NULL for none */
} offered;

static inline int outside_get(struct machine *mm, const char *scope, const char *name, unsigned tag,
	unsigned sub, uint8_t *raw, size_t cap)
{
	(void)mm;
	for (unsigned i = 0; i < 4; i++) {
		if (!outside[i].name || (*scope && strcmp(outside[i].scope, scope)))
			continue;
		if (tag ? outside[i].tag != tag || outside[i].sub != sub
			: strcmp(outside[i].name, name) != 0)
			continue;
		if (outside[i].n < cap)
			cap = outside[i].n;
		memcpy(raw, outside[i].raw, cap);
		return (int)cap;
	}
	return -ERR_SETTING_NONE;
}

static inline int outside_set(
	struct machine *mm, const char *scope, const char *name, const uint8_t *raw, size_t n)
{
	(void)mm;
	offered.calls++;
	strcpy(offered.scope, scope);
	strcpy(offered.name, name);
	offered.n = n;
	if (n)
		memcpy(offered.raw, raw, n);
	return offered.takes && !strcmp(offered.takes, name) ? 0 : -ERR_SETTING_NONE;
}

static inline void outside_add(unsigned i, const char *scope, const char *name, unsigned tag,
	unsigned sub, const void *raw, size_t n)
{
	outside[i].scope = scope;
	outside[i].name = name;
	outside[i].tag = tag;
	outside[i].sub = sub;
	outside[i].n = n;
	memcpy(outside[i].raw, raw, n);
}

static const struct setting_source outside_source = {
	.name = "outside", .get = outside_get, .set = outside_set};

/* -- commands that tests steer ---------------------------------------------------------------- */

static struct {
	unsigned starts, polls, cancels;
	int result; /* of its next poll; COMMAND_WAIT at first */
	char args[256];
} probe;

static inline int probe_poll(struct machine *mm)
{
	(void)mm;
	probe.polls++;
	return probe.result;
}

static inline int probe_start(struct machine *mm, int argc, char **argv)
{
	(void)mm;
	probe.starts++;
	command_join(argc - 1, argv + 1, probe.args, sizeof(probe.args));
	return COMMAND_WAIT;
}

static inline void probe_cancel(struct machine *mm)
{
	(void)mm;
	probe.cancels++;
}

/* Waits until probe.result says otherwise. */
static const struct command cmd_probe = {.name = "probe",
	.usage = "",
	.help = "",
	.start = probe_start,
	.poll = probe_poll,
	.cancel = probe_cancel};

/* Fails with E4002. */
static inline int fail_start(struct machine *mm, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return err_set(mm, ERR_TFTP_NOT_FOUND, "tftp://192.0.2.1/x");
}
static const struct command cmd_fail = {
	.name = "fail", .usage = "", .help = "", .start = fail_start};

/* -- the machine ------------------------------------------------------------------------------- */

static const struct service rig_console = {.name = "console", .poll = console_poll};
static const struct service rig_script = {.name = "script", .poll = script_poll};
static const struct service *const rig_services[] = {&rig_console, &rig_script, NULL};
static const struct image_type *const rig_types[] = {&script_type, NULL};
static const struct setting_source *const rig_sources[] = {
	&outside_source, &builtin_settings, NULL};
static const struct command *const rig_commands[] = {&cmd_set, &cmd_clear, &cmd_inc, &cmd_read,
	&cmd_show, &cmd_isset, &cmd_iseq, &cmd_echo, &cmd_goto, &cmd_exit, &cmd_sleep, &cmd_prompt,
	&cmd_shell, &cmd_boot, &cmd_imgexec, &cmd_imgselect, &cmd_imgload, &cmd_imgargs,
	&cmd_imgfree, &cmd_imgstat, &cmd_reboot, &cmd_poweroff, &cmd_help, &cmd_log, &cmd_probe,
	&cmd_fail, NULL};
static struct config rig_config;

static inline int rig_setup(void **state)
{
	(void)state;
	rig_config = fake_config;
	rig_config.services = rig_services;
	rig_config.commands = rig_commands;
	rig_config.image_types = rig_types;
	rig_config.sources = rig_sources;
	memset(outside, 0, sizeof(outside));
	memset(&offered, 0, sizeof(offered));
	memset(&probe, 0, sizeof(probe));
	probe.result = COMMAND_WAIT;
	fake_init(&fake, 64 << 20);
	return machine_init(&m, NULL, &fake_platform, &fake, &rig_config);
}

static inline int rig_teardown(void **state)
{
	(void)state;
	script_cancel(&m);
	machine_end(&m);
	fake_end(&fake);
	return 0;
}

/* Runs text until it ends, an hour at most. The exit code. */
static inline int run(const char *text)
{
	m.boot.kind = BOOT_NONE;
	fake_text_clear(&fake);
	assert_int_equal(script_run_text(&m, text, strlen(text)), 0);
	fake_run(&fake, &m, 3600u * 1000000ull);
	assert_int_equal(m.boot.kind, BOOT_EXIT);
	assert_int_equal(m.script.depth, 0);
	return m.boot.exit_code;
}

/* Starts text and lets it run for a while. */
static inline void run_for(const char *text, uint64_t us)
{
	m.boot.kind = BOOT_NONE;
	fake_text_clear(&fake);
	assert_int_equal(script_run_text(&m, text, strlen(text)), 0);
	fake_run(&fake, &m, us);
}

static inline const char *text(void)
{
	return fake_text(&fake);
}

#define assert_prints(script, expected)                                                            \
	do {                                                                                       \
		assert_int_equal(run(script), 0);                                                  \
		assert_string_equal(text(), expected);                                             \
	} while (0)
#define assert_has(part) assert_non_null(strstr(text(), part))
#define assert_not(part) assert_null(strstr(text(), part))

/* A complete image of these bytes. */
static inline struct image *image_of(const char *name, const char *uri, const void *data, size_t n)
{
	struct image *img;

	assert_int_equal(image_open(&m, name, uri, n, NULL, &img), 0);
	assert_int_equal(image_put(&m, img, 0, data, n), 0);
	assert_int_equal(image_close(&m, img), 0);
	return img;
}

static inline struct image *script_image(const char *name, const char *script)
{
	return image_of(name, "", script, strlen(script));
}

#endif
