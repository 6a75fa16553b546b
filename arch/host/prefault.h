/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that is there before it is written, see prefault.c. */
#ifndef ARCH_HOST_PREFAULT_H
#define ARCH_HOST_PREFAULT_H

#include <stddef.h>
#include <stdint.h>

#define PREFAULT_BLOCK	   ((size_t)2 << 20) /* bytes faulted in at once: a huge page */
#define PREFAULT_AHEAD_MAX 16u		     /* blocks made ahead of a writer */

struct prefault {
	uint8_t *base, *end; /* the memory */
	uint8_t *state;	     /* of each block */
	size_t nblocks;
	size_t nwritten; /* blocks that somebody has begun to write */
	int told[2];	 /* a pipe of block numbers; [1] is -1: there is no thread */
};

/*
 * Begins to look after [base, base + size), an anonymous mapping. It has to outlive the process's
 * last prefault_near(). Where there is no thread or no kernel for it nothing is faulted in.
 */
void prefault_start(struct prefault *pf, uint8_t *base, size_t size);
/* Something is about to be written at p, inside the memory. */
void prefault_near(struct prefault *pf, const uint8_t *p);

#endif
