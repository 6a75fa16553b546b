/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers, see timer.h. A list: a machine has a few dozen at most, and most are armed near its
 * front. */
#include "core/machine.h"

void timer_init(struct timer *t, void (*fire)(struct machine *, struct timer *), void *ctx)
{
	*t = (struct timer){.fire = fire, .ctx = ctx};
}

void timer_start(struct machine *m, struct timer *t, uint64_t delay_us)
{
	struct timer **at = &m->timers;

	timer_stop(m, t);
	/* At least 1 us: what a timer starts with no delay fires in the next turn, not without end
	 * in this one. */
	if (!delay_us)
		delay_us = 1;
	t->due_us = delay_us > TIME_NEVER - m->now_us ? TIME_NEVER : m->now_us + delay_us;
	while (*at && (*at)->due_us <= t->due_us)
		at = &(*at)->next;
	t->next = *at;
	*at = t;
	t->armed = true;
}

void timer_stop(struct machine *m, struct timer *t)
{
	struct timer **at = &m->timers;

	if (!t->armed)
		return;
	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	t->next = NULL;
	t->armed = false;
}

void timer_run(struct machine *m)
{
	/* From the front each time: what fires may stop any other timer. */
	while (m->timers && m->timers->due_us <= m->now_us) {
		struct timer *t = m->timers;

		timer_stop(m, t);
		t->fire(m, t);
	}
}

uint64_t timer_next(const struct machine *m)
{
	return m->timers ? m->timers->due_us : TIME_NEVER;
}
