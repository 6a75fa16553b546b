/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bad day for the lab's HTTP server, drawn from the world's seed: links are cut and restored, the
 * server's process is killed and started again, its computer loses power, it resets or closes a
 * connection or falls silent in the middle of a body. They begin when every node has some of the
 * initrd: who finds nobody at home at the door may go away. Between two there is time for some
 * progress, and each ends: whoever keeps trying gets all bytes in the end.
 */
#ifndef SIM_SCHEDULE_H
#define SIM_SCHEDULE_H

#include "scenario.h"

/* cuts mishaps, every_us apart on average. */
void schedule_new(struct sim_lab *l, unsigned cuts, uint64_t every_us);

#endif
