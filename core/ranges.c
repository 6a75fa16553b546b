/* SPDX-License-Identifier: BSD-2-Clause */
/* The hole map, see ranges.h. Linear searches: RANGES_MAX is small and most streams have one
 * interval. */
#include "core/ranges.h"
#include "core/str.h"

bool ranges_add(struct ranges *rs, uint64_t start, uint64_t end)
{
	unsigned first = 0, last;

	if (start >= end)
		return true;
	/* [first, last): the intervals that the new one overlaps or touches */
	while (first < rs->n && rs->r[first].end < start)
		first++;
	for (last = first; last < rs->n && rs->r[last].start <= end; last++) {
		if (rs->r[last].start < start)
			start = rs->r[last].start;
		if (rs->r[last].end > end)
			end = rs->r[last].end;
	}
	if (first == last && rs->n == RANGES_MAX)
		return false;
	memmove(&rs->r[first + 1], &rs->r[last], (rs->n - last) * sizeof(rs->r[0]));
	rs->r[first] = (struct range){start, end};
	rs->n = rs->n + 1 - (last - first);
	return true;
}

void ranges_cut(struct ranges *rs, uint64_t start, uint64_t end)
{
	unsigned i = 0;

	while (start < end && i < rs->n) {
		struct range *r = &rs->r[i], upper = {end, r->end};

		if (r->end <= start || r->start >= end) {
			i++;
		} else if (r->start < start) {
			r->end = start;
			ranges_add(rs, upper.start, upper.end);
			i++;
		} else if (r->end > end) {
			r->start = end;
		} else {
			rs->n--;
			memmove(r, r + 1, (rs->n - i) * sizeof(*r));
		}
	}
}

bool ranges_hole(const struct ranges *rs, uint64_t start, uint64_t end, struct range *hole)
{
	unsigned i;

	for (i = 0; i < rs->n && rs->r[i].start <= start; i++)
		if (rs->r[i].end > start)
			start = rs->r[i].end;
	if (i < rs->n && rs->r[i].start < end)
		end = rs->r[i].start;
	*hole = (struct range){start, end};
	return start < end;
}

uint64_t ranges_bytes(const struct ranges *rs)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < rs->n; i++)
		sum += rs->r[i].end - rs->r[i].start;
	return sum;
}

uint64_t ranges_front(const struct ranges *rs)
{
	return rs->n && rs->r[0].start == 0 ? rs->r[0].end : 0;
}
