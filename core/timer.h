/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers: a sorted list of what is due. A timer lives inside its owner and must be stopped before
 * the owner goes. Fires once, from machine_poll(), never from timer_start(). Time is microseconds
 * since machine start.
 */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include <stdbool.h>
#include <stdint.h>

struct machine;

struct timer {
	struct timer *next;
	uint64_t due_us;
	void (*fire)(struct machine *m, struct timer *t);
	void *ctx; /* the owner's */
	bool armed;
};

#define TIME_NEVER UINT64_MAX
/* What fires so late finds that nobody gave the machine its turns: a payload runs. */
#define TIMER_AWAY_US 1000000

void timer_init(struct timer *t, void (*fire)(struct machine *, struct timer *), void *ctx);
/* (Re)arms t to fire in delay_us from m->now_us. */
void timer_start(struct machine *m, struct timer *t, uint64_t delay_us);
void timer_stop(struct machine *m, struct timer *t);
/* Fires what is due at m->now_us, at most once each. */
void timer_run(struct machine *m);
/* When the next one is due, TIME_NEVER when none is armed. */
uint64_t timer_next(const struct machine *m);

#endif
