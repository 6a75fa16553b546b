/* SPDX-License-Identifier: BSD-2-Clause */
/* arch/host/prefault.c: which memory is there, as mincore(2) tells it. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "arch/host/prefault.h"
#include "tests/unit.h"

#define BLOCKS	64
#define SIZE	(BLOCKS * PREFAULT_BLOCK)
#define WAIT_MS 10000

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* One a test: a thread may look at it as long as the process lives. */
static struct prefault pool[1 + 4], *pf = pool;
static uint8_t *base;

static void pause_ms(long ms)
{
	const struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

/* New memory, of which nothing is there. */
static void memory_new(void)
{
	uint8_t *all = mmap(NULL, SIZE + PREFAULT_BLOCK, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_true(all != MAP_FAILED);
	base = all + PREFAULT_BLOCK - (uintptr_t)all % PREFAULT_BLOCK;
	if (madvise(base + SIZE - PREFAULT_BLOCK, 4096, MADV_POPULATE_WRITE))
		skip();
	madvise(base, SIZE, MADV_NOHUGEPAGE); /* else a page is more than what was asked for */
	madvise(base, SIZE, MADV_DONTNEED);
}

static void begin(size_t from, size_t size)
{
	pf++;
	prefault_start(pf, base + from, size);
}

/* Pages of the block that are there. */
static size_t present(size_t block)
{
	static unsigned char pages[PREFAULT_BLOCK / 4096];
	size_t n = 0, max = PREFAULT_BLOCK / (size_t)sysconf(_SC_PAGESIZE);

	assert_int_equal(mincore(base + block * PREFAULT_BLOCK, PREFAULT_BLOCK, pages), 0);
	for (size_t i = 0; i < max; i++)
		n += pages[i] & 1;
	return n;
}

static bool is_whole(size_t block)
{
	return present(block) == PREFAULT_BLOCK / (size_t)sysconf(_SC_PAGESIZE);
}

static bool wait_whole(size_t block)
{
	for (int ms = 0; ms < WAIT_MS && !is_whole(block); ms++)
		pause_ms(1);
	return is_whole(block);
}

/* As much ahead as was written, and never more than the limit. */
static void test_ahead(void **state)
{
	(void)state;
	memory_new();
	begin(0, SIZE);
	for (size_t b = 0; b < 20; b++) {
		size_t ahead = b + 1 < PREFAULT_AHEAD_MAX ? b + 1 : PREFAULT_AHEAD_MAX;

		prefault_near(pf, base + b * PREFAULT_BLOCK + 5);
		assert_true(wait_whole(b + ahead));
		pause_ms(2);
		assert_int_equal(present(b + ahead + 1), 0);
	}
	assert_int_equal(present(0), 0); /* nobody did write */
}

/* Several writers, each with something in front of it; the end of the memory is the end. */
static void test_writers(void **state)
{
	(void)state;
	memory_new();
	begin(0, SIZE);
	prefault_near(pf, base + 40 * PREFAULT_BLOCK);
	prefault_near(pf, base + 10 * PREFAULT_BLOCK);
	prefault_near(pf, base + (BLOCKS - 1) * PREFAULT_BLOCK);
	prefault_near(pf, base + 20 * PREFAULT_BLOCK);
	assert_true(wait_whole(41) && wait_whole(12) && wait_whole(24));
	assert_int_equal(present(42) + present(13) + present(25), 0);
}

/* What was written stays, whoever comes first. */
static void test_bytes_stay(void **state)
{
	(void)state;
	memory_new();
	begin(0, SIZE);
	for (size_t at = 0; at < SIZE; at += 1000) {
		prefault_near(pf, base + at);
		base[at] = (uint8_t)(at / 1000);
	}
	assert_true(wait_whole(BLOCKS - 1));
	for (size_t at = 0; at < SIZE; at += 1000)
		assert_int_equal(base[at], (uint8_t)(at / 1000));
}

/* Memory that begins and ends anywhere, smaller than a block. */
static void test_odd_ends(void **state)
{
	(void)state;
	memory_new();
	begin(3 * PREFAULT_BLOCK - 8192, 16384);
	assert_int_equal(pf->nblocks, 2);
	prefault_near(pf, pf->base);
	for (int ms = 0; ms < WAIT_MS && !present(3); ms++)
		pause_ms(1);
	pause_ms(5);
	assert_int_equal(present(2), 0);
	assert_int_equal(present(3), 8192 / (size_t)sysconf(_SC_PAGESIZE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ahead),
		cmocka_unit_test(test_writers),
		cmocka_unit_test(test_bytes_stay),
		cmocka_unit_test(test_odd_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
