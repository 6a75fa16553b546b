/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine: all mutable state of one booting computer, and the one loop that drives it.
 *
 * A machine is a value. The firmware has one, the simulator a thousand. Whoever makes it owns the
 * memory and calls machine_poll() until m->boot.kind is set, then machine_end() and the platform's
 * boot(). If that comes back, machine_resume() goes on with the script. For BOOT_NBP there is no
 * machine_end(), and machine_return() goes on. machine_poll() is never re-entered and never blocks.
 */
#ifndef CORE_MACHINE_H
#define CORE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>
#include "config/limits.h"
#include "core/boot.h"
#include "core/config.h"
#include "core/console.h"
#include "core/err.h"
#include "core/image.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/platform.h"
#include "core/script.h"
#include "core/setting.h"
#include "core/str.h"
#include "core/timer.h"

struct net;

/* All of the platform's entropy; not for secrets when grade is below HARDWARE. */
struct rng {
	uint32_t key[2]; /* of HalfSipHash, also for other numbers that are not to be foretold */
	uint32_t count[2];
	enum entropy_grade grade;
};

/* What is small stands in front: the code is smaller. */
struct machine {
	const struct platform *plat;
	void *plat_ctx;
	const struct config *config;
	struct net *net; /* the network half, made by the same owner; NULL in tests of core alone */
	uint64_t now_us; /* read once a turn; all of a turn happens at this moment */

	struct timer *timers; /* sorted by due_us */
	struct image *kernel; /* what boot starts: the one selected last; NULL for none */
	uint32_t image_seq;
	struct rng rng;
	struct console console;
	struct err_report err;
	struct log log;
	struct settings settings;
	struct memmap mem;
	struct image images[IMAGE_MAX];
	struct script script;
	struct boot_request boot; /* kind != BOOT_NONE: the outer loop must act */
};

/* Prepares *m (any content) on a platform; inits all services. 0 or negative error. */
int machine_init(struct machine *m, struct net *net, const struct platform *plat, void *plat_ctx,
	const struct config *config);
/* One bounded turn. Returns when the next is needed at the latest, in platform time; may be <= now.
 */
uint64_t machine_poll(struct machine *m);
/*
 * For code that a payload calls back while it runs (PXE API, later UEFI protocols), never from
 * machine_poll(): lets services that work in the background (struct service) and timers go on
 * until done(ctx) says so or the platform's clock reaches deadline_us; whether done() did. Console
 * and script stand still: the script waits for the payload's end.
 */
bool machine_wait(struct machine *m, bool (*done)(void *ctx), void *ctx, uint64_t deadline_us);
/* Before a payload or the end: stops everything; no device writes to memory afterwards. */
void machine_end(struct machine *m);
/* After boot() came back with `result`: opens everything again and lets the script go on. */
int machine_resume(struct machine *m, int result);
/* After a payload that ran while all stayed open: 0, an error, or its own positive status. */
void machine_return(struct machine *m, int result);

uint32_t rng_u32(struct machine *m);
/* Uniform in [0, n), n > 0. */
uint32_t rng_below(struct machine *m, uint32_t n);

#endif
