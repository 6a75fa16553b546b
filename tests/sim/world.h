/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The simulated world: a virtual clock, one queue of events, one seed.
 *
 * Nothing in it reads a real clock or real entropy, so a seed and a scenario are one run, bit for
 * bit, on every computer. Time is in microseconds since the world began and moves only from event
 * to event. Events of the same microsecond run in the order in which they were scheduled.
 *
 * Things that live in a world (links, switches, servers, machines) are made by their `_new` with
 * the world as first argument, belong to it, and end with it, youngest first.
 *
 * A violation is a breach of protocol by a client that some server or host noticed; tests assert
 * that there is none.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORLD_VIOLATIONS_MAX 64 /* texts kept; the count goes on */
#define WORLD_STORM_MAX                                                                            \
	2000000u /* events within one microsecond before the world calls it a livelock */
#define WORLD_NEVER UINT64_MAX

/* xoshiro256** 1.0 (Blackman, Vigna; public domain algorithm), seeded through splitmix64. */
struct sim_rng {
	uint64_t s[4];
};

void rand_seed(struct sim_rng *r, uint64_t seed);
uint64_t rand_next(struct sim_rng *r);
uint64_t rand_below(struct sim_rng *r, uint64_t bound); /* 0 .. bound-1; bound 0 gives 0 */
bool rand_chance(
	struct sim_rng *r, uint32_t ppm); /* true in ppm of a million cases; draws even for 0 */
void rand_fill(struct sim_rng *r, void *to, size_t len);
uint64_t rand_mix(uint64_t x); /* one splitmix64 step: a good 64-bit hash */

/*
 * An event is part of the thing it wakes, which calls event_init() once and cancels it before it
 * goes. Scheduling one that is already waiting moves it.
 */
struct sim_event {
	void (*fn)(void *ctx);
	void *ctx;
	size_t slot; /* place in the heap + 1; 0: not waiting */
};

void event_init(struct sim_event *e, void (*fn)(void *ctx), void *ctx);
bool event_waits(const struct sim_event *e);

struct sim_heap_entry {
	uint64_t at_us, seq;
	struct sim_event *e;
};

struct sim_owned {
	void *thing;
	void (*end)(void *thing);
};

struct sim_world {
	uint64_t now_us;
	uint64_t seed;
	uint64_t seq;	 /* of the next event */
	uint64_t events; /* run so far */
	struct sim_heap_entry *heap;
	size_t heap_len, heap_cap;
	struct sim_owned *owned;
	size_t owned_len, owned_cap;
	uint64_t streams; /* random streams handed out */
	uint32_t storm;	  /* events in this microsecond */
	bool lossy; /* a link loses frames: who hears a client does not know all that it said */
	bool stuck; /* a livelock was found; the clock no longer moves */
	bool trace; /* world_trace() prints to stderr; set by SIM_TRACE in the environment */
	uint32_t violations; /* all of them */
	char violation[WORLD_VIOLATIONS_MAX][192];
};

/* A world at time 0. Never NULL: running out of host memory ends the process. */
struct sim_world *world_new(uint64_t seed);
void world_free(struct sim_world *w);

/* Zeroed host memory; ends the process when there is none. Freed by the caller with free(). */
void *sim_alloc(size_t size);
void *sim_grow(void *old, size_t size);

/* The world calls end(thing) when it is freed. */
void world_own(struct sim_world *w, void *thing, void (*end)(void *thing));

/*
 * A random stream of its own for each thing that draws, so that a fault added on one link does not
 * change what happens on another.
 */
void world_stream(struct sim_world *w, struct sim_rng *r);

void world_at(struct sim_world *w, struct sim_event *e, uint64_t at_us); /* the past means now */
void world_in(struct sim_world *w, struct sim_event *e, uint64_t delta_us);
void world_cancel(struct sim_world *w, struct sim_event *e);
uint64_t world_next(
	const struct sim_world *w); /* time of the next event, WORLD_NEVER without one */

/* Runs every event up to and including until_us, then the clock shows until_us (unless the world
 * got stuck). */
void world_run(struct sim_world *w, uint64_t until_us);

/*
 * Runs until done(ctx), asked after every event, is true; returns true then. False at until_us, in
 * a livelock, or when nothing is left to happen.
 */
bool world_run_until(struct sim_world *w, bool (*done)(void *ctx), void *ctx, uint64_t until_us);

void world_violation(struct sim_world *w, const char *who, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool world_violated(const struct sim_world *w, const char *part_of_text);
void world_trace(const struct sim_world *w, const char *who, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
