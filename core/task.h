/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Step tasks: an exchange with the outside world written as a const table that reads top-down.
 *
 * Each row says what to send (enter), how to judge what comes back (event), how long to wait, how
 * often to try again, and where to go when all tries are used up. Waits double from timeout_ms up
 * to timeout_max_ms and are jittered by a quarter either way, so that a thousand nodes that start
 * together drift apart.
 *
 * The task lives in its owner's memory; done() is called once with 0 or a negative error, never
 * from inside task_start() and never after task_cancel().
 */
#ifndef CORE_TASK_H
#define CORE_TASK_H

#include <stdint.h>
#include "core/timer.h"

struct task;

/* What event() and expire() answer besides a negative error, which ends the task. */
#define STEP_STAY    (-0x10000) /* go on waiting */
#define STEP_DONE    (-0x10001) /* the task has succeeded */
#define STEP_TO(row) (row)	/* continue with that row of the table */

struct step {
	const char *name;
	int (*enter)(struct machine *m,
		struct task *t); /* first try and each retry; 0 or negative error */
	int (*event)(
		struct machine *m, struct task *t, const void *ev); /* NULL: events are ignored */
	int (*expire)(
		struct machine *m, struct task *t); /* all tries used up; NULL: fail with .error */
	uint32_t timeout_ms;
	uint32_t timeout_max_ms; /* 0: timeout_ms */
	uint16_t tries;		 /* 0: without end */
	uint16_t error;		 /* enum err for the default expire */
};

struct task {
	const struct step *steps;
	unsigned count; /* rows */
	unsigned row;
	unsigned tries; /* made in this row */
	bool running;
	int result; /* while ending: what done() will get */
	struct timer timer;
	void (*done)(struct machine *m, struct task *t, int result);
	void *ctx; /* the owner's */
};

void task_init(struct task *t, const struct step *steps, unsigned count,
	void (*done)(struct machine *, struct task *, int), void *ctx);
void task_start(struct machine *m, struct task *t, unsigned row);
void task_cancel(struct machine *m, struct task *t);
/* Hands an event to the current row. Does nothing when the task is not running. */
void task_event(struct machine *m, struct task *t, const void *ev);
/* Waits longer in the current row (a sign of life came): rearms its timeout from now, same try. */
void task_extend(struct machine *m, struct task *t);
const char *task_step_name(const struct task *t);

#endif
