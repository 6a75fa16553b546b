/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Step tasks, see task.h. The task's timer is the row's timeout while it runs; once it has ended,
 * the same timer brings done() in the next turn, so that no owner is called back from inside its
 * own call.
 */
#include "core/machine.h"
#include "core/task.h"

static void task_end(struct machine *m, struct task *t, int result)
{
	t->running = false;
	t->result = result;
	timer_start(m, &t->timer, 0);
}

static const struct step *step_of(const struct task *t)
{
	return &t->steps[t->row];
}

/* Waits for the current try: doubled with each one, then a quarter more or less. */
static void task_wait(struct machine *m, struct task *t)
{
	const struct step *s = step_of(t);
	uint32_t max = s->timeout_max_ms ? s->timeout_max_ms : s->timeout_ms;
	uint64_t ms = s->timeout_ms, us;

	for (unsigned i = 1; i < t->tries && ms < max; i++)
		ms *= 2;
	if (ms > max)
		ms = max;
	us = ms * 1000;
	/* us / 2 * 16 random bits: fits for any 32-bit number of milliseconds. */
	timer_start(m, &t->timer, us - us / 4 + ((us / 2 * (rng_u32(m) >> 16)) >> 16));
}

/* One try of the current row. The wait is armed first, so that enter() may see an event or cancel.
 */
static void task_try(struct machine *m, struct task *t)
{
	int ret;

	t->tries++;
	task_wait(m, t);
	ret = step_of(t)->enter ? step_of(t)->enter(m, t) : 0;
	if (ret && t->running)
		task_end(m, t, ret);
}

/* Follows what event() or expire() said. */
static void task_follow(struct machine *m, struct task *t, int what)
{
	if (!t->running || what == STEP_STAY)
		return;
	if (what == STEP_DONE)
		task_end(m, t, 0);
	else if (what < 0)
		task_end(m, t, what);
	else
		task_start(m, t, (unsigned)what);
}

static void task_fire(struct machine *m, struct timer *timer)
{
	struct task *t = timer->ctx;
	const struct step *s;

	if (!t->running) {
		t->done(m, t, t->result);
		return;
	}
	s = step_of(t);
	if (!s->tries || t->tries < s->tries) {
		task_try(m, t);
		return;
	}
	task_wait(m, t); /* for expire() that stays */
	task_follow(m, t, s->expire ? s->expire(m, t) : -(int)s->error);
}

void task_init(struct task *t, const struct step *steps, unsigned count,
	void (*done)(struct machine *, struct task *, int), void *ctx)
{
	*t = (struct task){.steps = steps, .count = count, .done = done, .ctx = ctx};
	timer_init(&t->timer, task_fire, t);
}

void task_start(struct machine *m, struct task *t, unsigned row)
{
	t->row = row;
	t->tries = 0;
	t->running = true;
	if (row < t->count)
		task_try(m, t);
	else
		task_end(m, t, 0); /* behind the last row: all is done */
}

void task_cancel(struct machine *m, struct task *t)
{
	t->running = false;
	timer_stop(m, &t->timer);
}

void task_event(struct machine *m, struct task *t, const void *ev)
{
	if (t->running && step_of(t)->event)
		task_follow(m, t, step_of(t)->event(m, t, ev));
}

void task_extend(struct machine *m, struct task *t)
{
	if (t->running)
		task_wait(m, t);
}

const char *task_step_name(const struct task *t)
{
	return t->row < t->count ? step_of(t)->name : "done";
}
