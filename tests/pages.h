/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The test platform of fake.h with a firmware that hands memory out in pages, each with a tag of
 * its own: what is given back must be out, and the test can count what is. Pages come from all over
 * memory, never two pieces adjacent, so that nobody can count on their order. Header only.
 */
#ifndef TESTS_PAGES_H
#define TESTS_PAGES_H

#include "tests/fake.h"
#include "tests/unit.h"

#define PAGES_FIRST 512u   /* 2 MiB: behind what the fake says is the program */
#define PAGES_MAX   16384u /* 64 MiB */

static struct {
	bool out[PAGES_MAX];
	unsigned now, most;	  /* pages that are out; most ever */
	unsigned sensible;	  /* for what nobody knows the size of; 0: 1 MiB */
	unsigned calls, fails_at; /* the call of pages_alloc that fails, from 1; 0: none */
} pages;

static inline bool pages_clear(const struct fake *f, unsigned at, unsigned n)
{
	if (at < PAGES_FIRST + 1 || (at + n + 1) * (uint64_t)MEM_PAGE > f->size)
		return false;
	for (unsigned i = at - 1; i <= at + n; i++)
		if (pages.out[i])
			return false;
	return true;
}

static inline bool pages_alloc(void *ctx, uint64_t size, uint64_t *phys, uint64_t *got)
{
	static uint64_t seed = 3;
	uint64_t n = size / MEM_PAGE + (size % MEM_PAGE != 0);
	unsigned at, start = fake_random(&seed) % PAGES_MAX;

	if (++pages.calls == pages.fails_at)
		return false;
	if (!size)
		n = pages.sensible ? pages.sensible : 256;
	for (unsigned i = 0; n < PAGES_MAX && i < PAGES_MAX; i++) {
		at = (start + i) % PAGES_MAX;
		if (!pages_clear(ctx, at, (unsigned)n))
			continue;
		memset(pages.out + at, 1, (size_t)n);
		pages.now += (unsigned)n;
		if (pages.now > pages.most)
			pages.most = pages.now;
		*phys = (uint64_t)at * MEM_PAGE;
		*got = n * MEM_PAGE;
		return true;
	}
	return false;
}

static inline void pages_free(void *ctx, uint64_t phys, uint64_t size)
{
	(void)ctx;
	assert_true(size > 0);
	assert_int_equal(phys % MEM_PAGE, 0);
	assert_int_equal(size % MEM_PAGE, 0);
	for (uint64_t i = phys / MEM_PAGE; i < (phys + size) / MEM_PAGE; i++) {
		assert_true(i < PAGES_MAX && pages.out[i]);
		pages.out[i] = false;
		pages.now--;
	}
}

/* All of the image's bytes lie in pages that are out. */
static inline bool pages_hold(const struct image *img)
{
	struct range span = image_span(img);

	for (uint64_t at = span.start & ~(uint64_t)(MEM_PAGE - 1); at < span.end; at += MEM_PAGE)
		if (!pages.out[at / MEM_PAGE])
			return false;
	return true;
}

/* The platform, to be used with a struct fake of 64 MiB at most. */
static inline const struct platform *pages_platform(void)
{
	static struct platform plat;

	memset(&pages, 0, sizeof(pages));
	plat = fake_platform;
	plat.pages_alloc = pages_alloc;
	plat.pages_free = pages_free;
	return &plat;
}

#endif
