/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of commands that all targets share. */
#ifndef CONFIG_COMMANDS_H
#define CONFIG_COMMANDS_H

#include "core/command.h"

extern const struct command *const commands_all[]; /* ends with NULL */

#endif
