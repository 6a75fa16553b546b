/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memcpy, memmove and memset of the firmware, and the choice of the copy routine.
 *
 * Which way of copying is fastest differs by a factor of 30 between CPUs and emulators, so the
 * candidates are timed once at start. The SSE routine saves and restores the registers it uses:
 * nothing else in the firmware has any, and whoever called us may.
 */
#ifndef ARCH_X86_COPY_H
#define ARCH_X86_COPY_H

#include <stddef.h>

/* Chooses; scratch is `n` bytes (>= 8192) of memory to copy about in. Returns the name of the
 * winner. */
const char *copy_init(void *scratch, size_t n);
/* Puts CR4 back as it was found. */
void copy_end(void);

#endif
