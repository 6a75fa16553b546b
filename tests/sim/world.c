/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual clock, event heap, random streams, list of violations: see world.h.
 *
 * The heap is a binary min-heap ordered by (time, sequence number); the sequence number makes the
 * order total, so that it does not depend on the heap's shape.
 */
#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *sim_grow(void *old, size_t size)
{
	void *p = realloc(old, size);

	if (!p) {
		fprintf(stderr, "sim: out of memory (%zu bytes)\n", size);
		abort();
	}
	return p;
}

void *sim_alloc(size_t size)
{
	return memset(sim_grow(NULL, size ? size : 1), 0, size ? size : 1);
}

/* ---- randomness ---- */

uint64_t rand_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

void rand_seed(struct sim_rng *r, uint64_t seed)
{
	for (size_t i = 0; i < 4; i++)
		r->s[i] = rand_mix(seed + i * 0x9e3779b97f4a7c15u);
}

static uint64_t rotl(uint64_t x, unsigned k)
{
	return (x << k) | (x >> (64 - k));
}

uint64_t rand_next(struct sim_rng *r)
{
	uint64_t result = rotl(r->s[1] * 5, 7) * 9;
	uint64_t t = r->s[1] << 17;

	r->s[2] ^= r->s[0];
	r->s[3] ^= r->s[1];
	r->s[1] ^= r->s[2];
	r->s[0] ^= r->s[3];
	r->s[2] ^= t;
	r->s[3] = rotl(r->s[3], 45);
	return result;
}

/* The modulo's bias is below bound / 2^64: nothing that a test could see. */
uint64_t rand_below(struct sim_rng *r, uint64_t bound)
{
	uint64_t x = rand_next(r);

	return bound ? x % bound : 0;
}

bool rand_chance(struct sim_rng *r, uint32_t ppm)
{
	return rand_below(r, 1000000) < ppm;
}

void rand_fill(struct sim_rng *r, void *to, size_t len)
{
	uint8_t *p = to;

	while (len) {
		uint64_t x = rand_next(r);

		for (size_t i = 0; i < 8 && len; i++, len--, x >>= 8)
			*p++ = (uint8_t)x;
	}
}

void world_stream(struct sim_world *w, struct sim_rng *r)
{
	rand_seed(r, rand_mix(w->seed) ^ rand_mix(++w->streams));
}

/* ---- the world ---- */

struct sim_world *world_new(uint64_t seed)
{
	struct sim_world *w = sim_alloc(sizeof(*w));

	w->seed = seed;
	w->trace = getenv("SIM_TRACE") != NULL;
	return w;
}

void world_free(struct sim_world *w)
{
	while (w->owned_len) {
		struct sim_owned *o = &w->owned[--w->owned_len];

		o->end(o->thing);
	}
	free(w->owned);
	free(w->heap);
	free(w);
}

void world_own(struct sim_world *w, void *thing, void (*end)(void *thing))
{
	if (w->owned_len == w->owned_cap) {
		w->owned_cap = w->owned_cap ? w->owned_cap * 2 : 64;
		w->owned = sim_grow(w->owned, w->owned_cap * sizeof(*w->owned));
	}
	w->owned[w->owned_len].thing = thing;
	w->owned[w->owned_len].end = end;
	w->owned_len++;
}

/* ---- events ---- */

void event_init(struct sim_event *e, void (*fn)(void *ctx), void *ctx)
{
	e->fn = fn;
	e->ctx = ctx;
	e->slot = 0;
}

bool event_waits(const struct sim_event *e)
{
	return e->slot != 0;
}

static bool earlier(const struct sim_heap_entry *a, const struct sim_heap_entry *b)
{
	return a->at_us != b->at_us ? a->at_us < b->at_us : a->seq < b->seq;
}

static void heap_place(struct sim_world *w, size_t i, struct sim_heap_entry h)
{
	w->heap[i] = h;
	h.e->slot = i + 1;
}

static void heap_up(struct sim_world *w, size_t i)
{
	struct sim_heap_entry h = w->heap[i];

	while (i && earlier(&h, &w->heap[(i - 1) / 2])) {
		heap_place(w, i, w->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	heap_place(w, i, h);
}

static void heap_down(struct sim_world *w, size_t i)
{
	struct sim_heap_entry h = w->heap[i];

	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < w->heap_len && earlier(&w->heap[child + 1], &w->heap[child]))
			child++;
		if (child >= w->heap_len || !earlier(&w->heap[child], &h))
			break;
		heap_place(w, i, w->heap[child]);
		i = child;
	}
	heap_place(w, i, h);
}

void world_cancel(struct sim_world *w, struct sim_event *e)
{
	size_t i = e->slot;

	if (!i--)
		return;
	e->slot = 0;
	if (i == --w->heap_len)
		return;
	w->heap[i] = w->heap[w->heap_len];
	heap_down(w, i);
	heap_up(w, i);
}

void world_at(struct sim_world *w, struct sim_event *e, uint64_t at_us)
{
	struct sim_heap_entry h = {
		.at_us = at_us < w->now_us ? w->now_us : at_us, .seq = w->seq++, .e = e};

	world_cancel(w, e);
	if (w->heap_len == w->heap_cap) {
		w->heap_cap = w->heap_cap ? w->heap_cap * 2 : 256;
		w->heap = sim_grow(w->heap, w->heap_cap * sizeof(*w->heap));
	}
	w->heap[w->heap_len] = h;
	heap_up(w, w->heap_len++);
}

void world_in(struct sim_world *w, struct sim_event *e, uint64_t delta_us)
{
	world_at(w, e, delta_us > WORLD_NEVER - w->now_us ? WORLD_NEVER : w->now_us + delta_us);
}

uint64_t world_next(const struct sim_world *w)
{
	return w->heap_len ? w->heap[0].at_us : WORLD_NEVER;
}

/* Runs the next event. A world in which time stands still for ever is stopped and reported. */
static void world_step(struct sim_world *w)
{
	struct sim_heap_entry h = w->heap[0];

	w->storm = h.at_us == w->now_us ? w->storm + 1 : 0;
	if (w->storm > WORLD_STORM_MAX) {
		w->stuck = true;
		world_violation(w, "world", "livelock: time does not move on");
		return;
	}
	w->now_us = h.at_us;
	w->events++;
	world_cancel(w, h.e);
	h.e->fn(h.e->ctx);
}

void world_run(struct sim_world *w, uint64_t until_us)
{
	while (!w->stuck && w->heap_len && world_next(w) <= until_us)
		world_step(w);
	if (!w->stuck && w->now_us < until_us)
		w->now_us = until_us;
}

bool world_run_until(struct sim_world *w, bool (*done)(void *ctx), void *ctx, uint64_t until_us)
{
	while (!done(ctx)) {
		if (w->stuck)
			return false;
		if (!w->heap_len || world_next(w) > until_us) {
			world_run(w, until_us);
			return false;
		}
		world_step(w);
	}
	return true;
}

/* ---- what went wrong, and what went on ---- */

void world_violation(struct sim_world *w, const char *who, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	world_trace(w, who, "VIOLATION: %s", text);
	if (w->violations < WORLD_VIOLATIONS_MAX)
		snprintf(w->violation[w->violations], sizeof(w->violation[0]), "%s: %s", who, text);
	w->violations++;
}

bool world_violated(const struct sim_world *w, const char *part_of_text)
{
	for (uint32_t i = 0; i < w->violations && i < WORLD_VIOLATIONS_MAX; i++)
		if (strstr(w->violation[i], part_of_text))
			return true;
	return false;
}

void world_trace(const struct sim_world *w, const char *who, const char *fmt, ...)
{
	va_list ap;

	if (!w->trace)
		return;
	fprintf(stderr, "%5u.%06u %-10s ", (unsigned)(w->now_us / 1000000),
		(unsigned)(w->now_us % 1000000), who);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}
