/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The script engine: runs `#!ipxe` scripts, typed lines and the built-in start script, a bounded
 * step at a time. The program counter is the continuation: a stack of frames, each a position in a
 * script, plus the running command. Language: docs/script.md.
 *
 * A script's image belongs to its frame: it is freed when the script ends, however it ends.
 */
#ifndef CORE_SCRIPT_H
#define CORE_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "config/limits.h"
#include "core/edit.h"
#include "core/line.h"

struct machine;
struct image;
struct image_type;
struct command;

extern const struct image_type script_type;

/* One active script: an image, text that is borrowed for as long as it runs (embedded, command
 * line), or the shell, whose text is the line typed last. */
struct script_frame {
	struct image *img; /* NULL: text */
	const char *text;
	size_t len;
	bool shell;
	bool interrupt; /* shell: opened by Ctrl-B, `resume` is the status to go on with */
	bool replace;	/* the next script takes this one's place */
	int resume;

	size_t line_at;	    /* start of the line being run */
	size_t pc;	    /* start of the next one */
	bool in_line;	    /* a line is being run: */
	size_t pos;	    /* in it, what comes next, */
	enum line_op op;    /* and what stands in front of that */
	size_t command_pos; /* the same two of the command begun last, for running it again */
	enum line_op command_op;
	uint32_t jumps; /* gotos since the last command that waited */
};

/* Room for the private state of the running command; a command declares its own struct and casts.
 */
#define COMMAND_STATE_MAX 256

struct script {
	struct script_frame frame[SCRIPT_DEPTH_MAX + 1]; /* one more for the shell */
	unsigned depth;					 /* active frames; 0 when nothing runs */

	char line[SCRIPT_LINE_MAX];	/* of the top frame, as read, continuation joined */
	bool stale;			/* it has to be read again, another frame was on top */
	char expanded[SCRIPT_LINE_MAX]; /* one command of it, settings expanded, cut into words */
	char *argv[COMMAND_ARGS_MAX];
	int argc;
	const struct command *running; /* NULL: none waits */
	bool pushed;		       /* the command has started a script, whose end is its own */
	bool exiting;		       /* exit was called: leave the frame */
	bool yield;		       /* the turn ends here */
	int status;	  /* of the last command: 0 or negative: error, or -n after `exit n` */
	bool reported;	  /* and it was shown to the user */
	int failed;	  /* ${errno}: code of the last failure, positive */
	uint64_t wake_us; /* when the running command wants to be polled at the latest */
	_Alignas(16) uint8_t cmd[COMMAND_STATE_MAX]; /* the running command's state */

	/* the shell */
	struct edit edit;
	char typed[EDIT_MAX];			   /* the line being run */
	char history[SHELL_HISTORY_MAX][EDIT_MAX]; /* ring */
	unsigned history_n;			   /* lines ever entered */
	unsigned history_back; /* how many back the editor shows; 0: a new line */
};

/*
 * Runs text as a script (no #! line needed); borrowed until it ends. Before anything runs, or from
 * a command: its status is then that of the script. ERR_SCRIPT_DEPTH, and the caller keeps what it
 * gave.
 */
int script_run_text(struct machine *m, const char *text, size_t len);
/* Runs an image, which it owns from then on. */
int script_run_image(struct machine *m, struct image *img);
/* From a command: the script that it starts takes the place of the one it stands in (chain
 * --replace). */
void script_replace(struct machine *m);
/* From a command: goes on behind `label` of this script. ERR_SCRIPT_LABEL, ERR_SCRIPT_LOOP. */
int script_goto(struct machine *m, const char *label);
/* From a command: opens the shell, or goes back to it when it is open. */
void script_shell(struct machine *m);
/* The URL of the innermost script that came from one, base of relative URLs; "" for none. */
const char *script_base_uri(const struct machine *m);
/* Whether the image is a script that runs: it must not be freed. */
bool script_holds(const struct machine *m, const struct image *img);
/*
 * Service: runs until something waits or the turn's share is used up. When all is done and nothing
 * is to be booted, sets m->boot to BOOT_EXIT with the last status.
 */
uint64_t script_poll(struct machine *m);
/* Leaves all frames and cancels the running command. */
void script_cancel(struct machine *m);

/* Of the shell (core/shell.c): takes keys; true when m->script.typed holds a line to run. */
bool shell_poll(struct machine *m);

#endif
