/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hole map: which byte ranges of an object have arrived. A sorted list of disjoint,
 * non-adjacent, half-open intervals of fixed capacity; when a new island does not fit, it is
 * refused and counts as lost.
 */
#ifndef CORE_RANGES_H
#define CORE_RANGES_H

#include <stdbool.h>
#include <stdint.h>
#include "config/limits.h"

struct range {
	uint64_t start, end; /* [start, end) */
};

struct ranges {
	unsigned n;
	struct range r[RANGES_MAX];
};

/* Adds [start, end); true when all of it is in the map afterwards, false when an island had to be
 * refused. */
bool ranges_add(struct ranges *rs, uint64_t start, uint64_t end);
/* Takes [start, end) out. When that makes one interval two and the map is full, the upper one is
 * lost. */
void ranges_cut(struct ranges *rs, uint64_t start, uint64_t end);
/* The first part of [start, end) that is not in the map; false when there is none. */
bool ranges_hole(const struct ranges *rs, uint64_t start, uint64_t end, struct range *hole);
/* Bytes in the map. */
uint64_t ranges_bytes(const struct ranges *rs);
/* End of the interval that starts at 0: what has arrived in order. */
uint64_t ranges_front(const struct ranges *rs);

#endif
