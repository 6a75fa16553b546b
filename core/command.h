/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands: what a script line or the shell can do. A command that has to wait says so and is
 * polled; there is at most one at a time in a machine, and its state lives in m->script.cmd.
 *
 * A waiting command is polled after every turn that something happened in, and every
 * COMMAND_POLL_US at least; it sets m->script.wake_us in each poll when it needs that sooner or
 * later. A command that starts a script (script_run_image) or leaves a boot request in m->boot
 * returns 0 at once: what becomes of those is its outcome.
 */
#ifndef CORE_COMMAND_H
#define CORE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "config/limits.h"

struct machine;

#define COMMAND_WAIT	1 /* not finished: poll me */
#define COMMAND_POLL_US 100000

struct command {
	const char *name;
	const char *usage; /* arguments, one line, without the name */
	const char *help;  /* what it does, one line */
	/*
	 * Runs or starts it; argv[0] is the name; strings are borrowed until the command ends.
	 * Returns 0, a negative error, or COMMAND_WAIT; ERR_SCRIPT_USAGE makes the engine print the
	 * usage.
	 */
	int (*start)(struct machine *m, int argc, char **argv);
	int (*poll)(struct machine *m);	   /* same answers; NULL when start never waits */
	void (*cancel)(struct machine *m); /* gives everything back; NULL when there is nothing */
};

/* By name in config.commands; NULL when there is none. */
const struct command *command_find(const struct machine *m, const char *name);
/* From a command's start(): another one takes its place, with these arguments. */
int command_become(struct machine *m, const char *name, int argc, char **argv);

/* Options of a command: `--name NAME`, `--name=NAME`, `-n NAME`, `-nNAME`, in front of the other
 * arguments. */
struct option {
	const char *name;  /* without the dashes */
	char letter;	   /* 0 for none */
	const char **text; /* where the value goes; or */
	int *flag;	   /* set to 1 for an option without value */
};
/* Parses options; returns the index of the first other argument, or -ERR_SCRIPT_USAGE. `--` ends
 * them. */
int command_options(
	struct machine *m, int argc, char **argv, const struct option *options, unsigned n);
/* The arguments from argv[0] on, one blank between, into text; false when they do not fit. */
bool command_join(int argc, char **argv, char *text, size_t cap);

#endif
