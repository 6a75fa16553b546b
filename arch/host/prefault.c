/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes a process's memory before it is written. The kernel zeroes a page when it is first touched;
 * for a file that comes at gigabytes a second that is a third of the work, and on a virtual
 * computer whose own memory is made when it is first touched it is most of it. A thread does it
 * (madvise(2), MADV_POPULATE_WRITE, Linux 5.14) some megabytes in front of whoever writes. That
 * changes no byte, so nobody has to wait for anybody: what is written before the thread comes is
 * faulted in by the writer.
 *
 * The two share nothing but a pipe, which holds numbers of blocks. As much is made ahead as was
 * written, up to PREFAULT_AHEAD_MAX blocks: a small file costs what it did, and at most that much
 * memory is taken that is never used.
 *
 * Not done: memory is not given back when an image is freed.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "arch/host/prefault.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum { UNKNOWN, ASKED, WRITTEN }; /* pf->state[] */

/* Number 0 begins at the last boundary in front of the memory: blocks are huge pages. */
static uintptr_t first_block(const struct prefault *pf)
{
	return (uintptr_t)pf->base / PREFAULT_BLOCK;
}

static int populate(const struct prefault *pf, uint32_t block)
{
	uint8_t *at = (uint8_t *)((first_block(pf) + block) * PREFAULT_BLOCK);
	uint8_t *end = at + PREFAULT_BLOCK < pf->end ? at + PREFAULT_BLOCK : pf->end;

	at = at > pf->base ? at : pf->base;
	return madvise(at, (size_t)(end - at), MADV_POPULATE_WRITE);
}

/* Until the pipe has no other end, or the kernel cannot do it. */
static void *prefault_run(void *arg)
{
	const struct prefault *pf = arg;
	uint32_t block;

	while (read(pf->told[0], &block, sizeof(block)) == sizeof(block))
		if (populate(pf, block) && errno != EAGAIN && errno != EINTR)
			break;
	return NULL;
}

/* Signals are the first thread's: they have to wake it. */
static bool thread_start(struct prefault *pf)
{
	sigset_t all, before;
	pthread_t thread;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&thread, NULL, prefault_run, pf);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return !rc && !pthread_detach(thread);
}

void prefault_start(struct prefault *pf, uint8_t *base, size_t size)
{
	*pf = (struct prefault){.base = base, .end = base + size, .told = {-1, -1}};
	pf->nblocks = ((uintptr_t)pf->end - 1) / PREFAULT_BLOCK - first_block(pf) + 1;
	pf->state = calloc(pf->nblocks, 1);
	if (!pf->state || pipe2(pf->told, O_CLOEXEC))
		return;
	if (fcntl(pf->told[1], F_SETFL, O_NONBLOCK) || !thread_start(pf)) {
		close(pf->told[1]);
		pf->told[1] = -1;
	}
}

void prefault_near(struct prefault *pf, const uint8_t *p)
{
	size_t block = (uintptr_t)p / PREFAULT_BLOCK - first_block(pf), ahead;

	if (pf->told[1] < 0 || pf->state[block] == WRITTEN)
		return;
	pf->state[block] = WRITTEN;
	ahead = ++pf->nwritten < PREFAULT_AHEAD_MAX ? pf->nwritten : PREFAULT_AHEAD_MAX;
	for (size_t i = block + 1; i <= block + ahead && i < pf->nblocks; i++) {
		uint32_t number = (uint32_t)i;

		if (pf->state[i] == UNKNOWN && write(pf->told[1], &number, sizeof(number)) > 0)
			pf->state[i] = ASKED;
	}
}
