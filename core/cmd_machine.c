/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands on the machine as a whole: reboot poweroff help log. */
#include "core/cmd.h"
#include "core/machine.h"

static int reboot_start(struct machine *m, int argc, char **argv)
{
	(void)argc; /* --warm and --setup of other loaders mean nothing here */
	(void)argv;
	m->boot.kind = BOOT_REBOOT;
	return 0;
}

const struct command cmd_reboot = {
	.name = "reboot",
	.usage = "",
	.help = "restart the machine",
	.start = reboot_start,
};

static int poweroff_start(struct machine *m, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	m->boot.kind = BOOT_POWEROFF;
	return 0;
}

const struct command cmd_poweroff = {
	.name = "poweroff",
	.usage = "",
	.help = "switch the machine off",
	.start = poweroff_start,
};

static int help_start(struct machine *m, int argc, char **argv)
{
	const struct command *cmd = NULL;

	if (argc > 1) {
		cmd = command_find(m, argv[1]);
		if (!cmd)
			return -ERR_SCRIPT_COMMAND;
		console_print(m, "%s %s\n  %s\n", cmd->name, cmd->usage, cmd->help);
		return 0;
	}
	for (const struct command *const *c = m->config->commands; *c; c++)
		console_print(m, "%-10s %s\n", (*c)->name, (*c)->help);
	return 0;
}

const struct command cmd_help = {
	.name = "help",
	.usage = "[COMMAND]",
	.help = "list the commands, or show the arguments of one",
	.start = help_start,
};

static int log_start(struct machine *m, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	log_show(m);
	return 0;
}

const struct command cmd_log = {
	.name = "log",
	.usage = "",
	.help = "show what has happened so far",
	.start = log_start,
};
