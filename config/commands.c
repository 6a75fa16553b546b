/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands of every build, as `help` lists them. */
#include "config/commands.h"
#include "core/cmd.h"
#include "net/net.h"

const struct command *const commands_all[] = {
	/* network */
	&cmd_autoboot,
	&cmd_dhcp,
	&cmd_ifopen,
	&cmd_ifclose,
	&cmd_ifstat,
	/* images */
	&cmd_kernel,
	&cmd_initrd,
	&cmd_imgfetch,
	&cmd_chain,
	&cmd_imgargs,
	&cmd_imgfree,
	&cmd_imgstat,
	&cmd_imgselect,
	&cmd_imgload,
	&cmd_imgexec,
	&cmd_boot,
	/* script */
	&cmd_set,
	&cmd_clear,
	&cmd_show,
	&cmd_inc,
	&cmd_read,
	&cmd_isset,
	&cmd_iseq,
	&cmd_echo,
	&cmd_goto,
	&cmd_exit,
	&cmd_sleep,
	&cmd_prompt,
	&cmd_shell,
	&cmd_help,
	&cmd_log,
	&cmd_reboot,
	&cmd_poweroff,
	NULL,
};
