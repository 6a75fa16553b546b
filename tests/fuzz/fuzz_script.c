/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: scripts. The input is the text of a script; what follows its first 0xff byte is
 * typed on the console, a key every 10 ms.
 *
 * Whatever it says: a turn ends, limits hold, and a script in which no type is named cannot get the
 * control sequences that a server has put into its settings onto the terminal.
 */
#include <stdlib.h>
#include <string.h>
#include "core/cmd.h"
#include "tests/fake.h"

#define TURNS_MAX 500
#define TIME_MAX  (600 * 1000000ull)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fake fake;
static struct machine m;

static int server_get(struct machine *mm, const char *scope, const char *name, unsigned tag,
	unsigned sub, uint8_t *raw, size_t cap)
{
	static const char value[] = "a b\033[2J${filename:hex} ${net0/x}\x80";

	(void)mm;
	if ((strcmp(name, "filename") && tag != 17) || sub || (*scope && strcmp(scope, "net0")))
		return -ERR_SETTING_NONE;
	cap = cap < sizeof(value) - 1 ? cap : sizeof(value) - 1;
	memcpy(raw, value, cap);
	return (int)cap;
}

static const struct setting_source server = {.name = "server", .get = server_get};
static const struct setting_source *const sources[] = {&server, &builtin_settings, NULL};
static const struct service console_service = {.name = "console", .poll = console_poll};
static const struct service script_service = {.name = "script", .poll = script_poll};
static const struct service *const services[] = {&console_service, &script_service, NULL};
static const struct image_type *const types[] = {&script_type, NULL};
static const struct command *const commands[] = {&cmd_set, &cmd_clear, &cmd_inc, &cmd_read,
	&cmd_show, &cmd_isset, &cmd_iseq, &cmd_echo, &cmd_goto, &cmd_exit, &cmd_sleep, &cmd_prompt,
	&cmd_shell, &cmd_boot, &cmd_imgexec, &cmd_imgselect, &cmd_imgload, &cmd_imgargs,
	&cmd_imgfree, &cmd_imgstat, &cmd_reboot, &cmd_poweroff, &cmd_help, &cmd_log, NULL};

static void check(bool good)
{
	if (!good)
		abort();
}

/* The script as an image "s", which it may boot itself; false when it is not a script. */
static bool load(const uint8_t *text, size_t n)
{
	struct image *img;

	check(!image_open(&m, "s", "tftp://192.0.2.1/d/s", n, NULL, &img));
	check(!image_put(&m, img, 0, text, n));
	image_close(&m, img);
	return !script_run_image(&m, img);
}

static void check_limits(void)
{
	check(m.script.depth <= SCRIPT_DEPTH_MAX + 1);
	check(m.script.argc <= COMMAND_ARGS_MAX);
	check(m.script.edit.len < EDIT_MAX && m.script.edit.pos <= m.script.edit.len);
}

/* Scripts are cancelled at some point, in whatever state they are. */
static void run(void)
{
	for (unsigned turn = 0; turn < TURNS_MAX && fake.now_us < TIME_MAX; turn++) {
		uint64_t next = machine_poll(&m);

		check_limits();
		if (m.boot.kind == BOOT_EXIT)
			break;
		if (m.boot.kind != BOOT_NONE)
			machine_resume(&m, -ERR_BOOT_FAILED);
		fake.now_us = next > fake.now_us ? next : fake.now_us + 1;
	}
	script_cancel(&m);
	check(m.script.depth == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *keys = memchr(data, 0xff, size);
	size_t n = keys ? (size_t)(keys - data) : size;
	struct config config = fake_config;

	config.services = services;
	config.commands = commands;
	config.image_types = types;
	config.sources = sources;
	fake_init(&fake, 16 << 20);
	check(!machine_init(&m, NULL, &fake_platform, &fake, &config));
	for (size_t i = n + 1; i < size && i < n + 500; i++)
		if (data[i])
			fake_key_at(&fake, (i - n) * 10000, data[i]);
	if (load(data, n))
		run();
	if (!memchr(data, ':', size) && !memchr(data, 0x1b, size))
		check(!strchr(fake_text(&fake), 0x1b));
	fake_end(&fake);
	return 0;
}
