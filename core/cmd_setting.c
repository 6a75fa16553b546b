/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands on settings: set clear inc read show isset iseq. */
#include "core/cmd.h"
#include "core/fmt.h"
#include "core/machine.h"

static int set_start(struct machine *m, int argc, char **argv)
{
	char value[SCRIPT_LINE_MAX];

	if (argc < 2)
		return -ERR_SCRIPT_USAGE;
	command_join(
		argc - 2, argv + 2, value, sizeof(value)); /* it came from a line of that size */
	return setting_set(m, argv[1], value);
}

const struct command cmd_set = {
	.name = "set",
	.usage = "NAME[:TYPE] [VALUE...]",
	.help = "set a setting; without value: clear it",
	.start = set_start,
};

static int clear_start(struct machine *m, int argc, char **argv)
{
	return argc == 2 ? setting_clear(m, argv[1]) : -ERR_SCRIPT_USAGE;
}

const struct command cmd_clear = {
	.name = "clear",
	.usage = "NAME",
	.help = "clear a setting",
	.start = clear_start,
};

static int inc_start(struct machine *m, int argc, char **argv)
{
	const struct setting_type *type = &setting_types[0];
	char name[SETTING_NAME_MAX * 2], text[24];
	uint64_t by = 1;
	uint8_t raw[8];

	if (argc < 2 || argc > 3 || (argc == 3 && !str_u64(argv[2], &by)))
		return -ERR_SCRIPT_USAGE;
	/* A type not named is the one it has; one that is new is a number. */
	if (setting_get(m, argv[1], &type, raw, sizeof(raw)) < 0 && type == &setting_types[0])
		type = setting_type_find("int32", 5);
	fmt_print(name, sizeof(name), strchr(argv[1], ':') ? "%s" : "%s:%s", argv[1], type->name);
	fmt_print(
		text, sizeof(text), "%llu", (unsigned long long)(setting_number(m, name, 0) + by));
	return setting_set(m, name, text);
}

const struct command cmd_inc = {
	.name = "inc",
	.usage = "NAME [BY]",
	.help = "add 1 or a number to a setting",
	.start = inc_start,
};

static int read_poll(struct machine *m)
{
	const char *name = *(const char **)m->script.cmd;

	if (!m->console.line_open)
		edit_draw(m);
	for (int key; (key = console_key(m)) != KEY_NONE;)
		if (edit_key(m, key) != EDIT_MORE)
			return setting_set(m, name, m->script.edit.text);
	return COMMAND_WAIT;
}

static int read_start(struct machine *m, int argc, char **argv)
{
	char value[EDIT_MAX];

	if (argc != 2)
		return -ERR_SCRIPT_USAGE;
	*(const char **)m->script.cmd = argv[1];
	setting_show(m, argv[1], value, sizeof(value));
	edit_start(m, "", value);
	return COMMAND_WAIT;
}

const struct command cmd_read = {
	.name = "read",
	.usage = "NAME",
	.help = "let the user type a setting's value",
	.start = read_start,
	.poll = read_poll,
	.cancel = edit_end,
};

static int show_start(struct machine *m, int argc, char **argv)
{
	const struct setting_type *type;
	char value[512];
	uint8_t raw[1];
	int ret;

	if (argc != 2)
		return -ERR_SCRIPT_USAGE;
	ret = setting_get(m, argv[1], &type, raw, sizeof(raw));
	if (ret < 0)
		return ret;
	setting_show(m, argv[1], value, sizeof(value));
	console_print(m, "%s (%s) = ", argv[1], type->name);
	console_print(m, "%s\n", value);
	return 0;
}

const struct command cmd_show = {
	.name = "show",
	.usage = "NAME",
	.help = "print a setting and its type",
	.start = show_start,
};

static int isset_start(struct machine *m, int argc, char **argv)
{
	(void)m;
	if (argc != 2)
		return -ERR_SCRIPT_USAGE;
	return argv[1][0] ? 0 : -ERR_SCRIPT_FALSE;
}

const struct command cmd_isset = {
	.name = "isset",
	.usage = "${NAME}",
	.help = "succeeds when the text is not empty",
	.start = isset_start,
};

static int iseq_start(struct machine *m, int argc, char **argv)
{
	(void)m;
	if (argc != 3)
		return -ERR_SCRIPT_USAGE;
	return strcmp(argv[1], argv[2]) ? -ERR_SCRIPT_FALSE : 0;
}

const struct command cmd_iseq = {
	.name = "iseq",
	.usage = "A B",
	.help = "succeeds when both texts are the same",
	.start = iseq_start,
};
