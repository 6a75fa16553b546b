/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The script engine: runs `#!ipxe` scripts, typed lines and the built-in start script, a bounded step at a
 * time. The program counter is the continuation: a position in a script image plus the running command.
 * Language: docs/script.md.
 */
#ifndef CORE_SCRIPT_H
#define CORE_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "config/limits.h"

struct machine;
struct image;
struct image_type;
struct command;

extern const struct image_type script_type;

/* One active script: an image, or text that is borrowed for as long as it runs (embedded, command line). */
struct script_frame {
	struct image *img; /* NULL: text; the frame keeps it from being freed under it */
	const char *text;
	size_t len;
	size_t pc;     /* start of the next line */
	uint32_t jumps; /* gotos since the last command that waited */
};

/* Room for the private state of the running command; a command declares its own struct and casts. */
#define COMMAND_STATE_MAX 256

struct script {
	struct script_frame frame[SCRIPT_DEPTH_MAX];
	unsigned depth; /* active frames; 0 when nothing runs */

	/* the line being run */
	char line[SCRIPT_LINE_MAX];	/* as read, continuation joined */
	char expanded[SCRIPT_LINE_MAX]; /* one command of it, settings expanded, cut into words */
	size_t line_pos;		/* what of line comes next */
	char *argv[COMMAND_ARGS_MAX];
	int argc;
	const struct command *running; /* NULL: none */
	int status;		       /* of the last command: 0 or negative error */
	bool exiting;		       /* exit was called: leave the frame */
	bool shell;		       /* the shell reads the next line from the console */
	_Alignas(16) uint8_t cmd[COMMAND_STATE_MAX]; /* the running command's state */

	/* the shell's line editor */
	char edit[256];
	unsigned edit_len, edit_pos, edit_shown;
	char history[SHELL_HISTORY_MAX][256];
	unsigned history_n, history_at;
	bool editing;
};

/* Runs text as a script (no #! line needed); borrowed until it ends. ERR_SCRIPT_DEPTH. */
int script_run_text(struct machine *m, const char *text, size_t len);
/* Runs an image. */
int script_run_image(struct machine *m, struct image *img);
/* Opens the shell on the console; leaving it goes on with what was interrupted. */
void script_shell(struct machine *m);
/* Service: runs until something waits or the turn's share is used up. When all is done and nothing is to be
 * booted, sets m->boot to BOOT_EXIT with the last status. */
uint64_t script_poll(struct machine *m);
/* Leaves all frames and cancels the running command. */
void script_cancel(struct machine *m);

#endif
