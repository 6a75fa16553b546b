/* SPDX-License-Identifier: BSD-2-Clause */
/* What the cmocka tests of whole boots have in common: run, judge, say the seed. */
#ifndef SIM_EXPECT_H
#define SIM_EXPECT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "scenario.h"

/* All nodes boot what they should within so many virtual seconds, and nobody broke a rule. Frees
 * the lab. */
static inline void must_boot(struct sim_lab *l, uint64_t seconds)
{
	const char *trouble;

	lab_run(l, seconds);
	lab_close(l);
	trouble = lab_trouble(l);
	if (trouble)
		fail_msg("%s", trouble);
	lab_free(l);
}

/* The first node gives up within so many seconds, says `text` and has that error code. Does not
 * free. */
static inline void must_fail(struct sim_lab *l, uint64_t seconds, int code, const char *text)
{
	struct sim_node *n = l->node[0];

	if (!lab_run(l, seconds))
		fail_msg("still runs after %u s: %s", (unsigned)seconds, n->console);
	lab_close(l);
	if (n->state != NODE_EXITED || n->exit_code != code || !node_says(n, text))
		fail_msg("wanted E%d \"%s\", ended %d with %d: %s", code, text, (int)n->state,
			n->exit_code, n->console);
	if (lab_violation(l))
		fail_msg("%s", lab_violation(l));
}

/* The first node ends in any way within so many seconds: alive, and nothing wrong was started.
 * Frees the lab. */
static inline void must_end(struct sim_lab *l, uint64_t seconds)
{
	struct sim_node *n = l->node[0];

	if (!lab_run(l, seconds))
		fail_msg("still runs after %u s: %s", (unsigned)seconds, n->console);
	lab_close(l);
	if (n->state == NODE_BOOTED && !n->booted_right)
		fail_msg("started the wrong thing");
	if (lab_violation(l))
		fail_msg("%s", lab_violation(l));
	lab_free(l);
}

#endif
