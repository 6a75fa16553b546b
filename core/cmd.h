/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands of core, for the tables in config/. Those that need the network are in net/net.h. */
#ifndef CORE_CMD_H
#define CORE_CMD_H

#include "core/command.h"

/* cmd_setting.c */
extern const struct command cmd_set, cmd_clear, cmd_inc, cmd_read, cmd_show, cmd_isset, cmd_iseq;
/* cmd_flow.c */
extern const struct command cmd_echo, cmd_goto, cmd_exit, cmd_sleep, cmd_prompt, cmd_shell;
/* cmd_image.c; imgexec is another name of boot, imgload of imgselect */
extern const struct command cmd_boot, cmd_imgexec, cmd_imgselect, cmd_imgload;
extern const struct command cmd_imgargs, cmd_imgfree, cmd_imgstat;
/* cmd_machine.c */
extern const struct command cmd_reboot, cmd_poweroff, cmd_help, cmd_log;

#endif
