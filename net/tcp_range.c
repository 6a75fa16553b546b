/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists of parts of the sequence space: what has arrived beyond a hole, and what the peer says has
 * arrived there. As core/ranges.c, but numbers wrap. Linear searches: most connections have none,
 * bad ones a few.
 */
#include "net/tcp_priv.h"

bool tcp_range_add(struct tcp_ranges *rs, uint32_t start, uint32_t end, unsigned max)
{
	unsigned first = 0, last;

	/* [first, last): the intervals that the new one overlaps or touches */
	while (first < rs->n && seq_lt(rs->r[first].end, start))
		first++;
	for (last = first; last < rs->n && seq_le(rs->r[last].start, end); last++) {
		if (seq_lt(rs->r[last].start, start))
			start = rs->r[last].start;
		if (seq_lt(end, rs->r[last].end))
			end = rs->r[last].end;
	}
	if (first == last && rs->n >= max)
		return false;
	memmove(&rs->r[first + 1], &rs->r[last], (rs->n - last) * sizeof(rs->r[0]));
	rs->r[first] = (struct tcp_range){start, end};
	rs->n = rs->n + 1 - (last - first);
	return true;
}

void tcp_range_cut(struct tcp_ranges *rs, uint32_t seq)
{
	unsigned n = 0;

	while (n < rs->n && seq_le(rs->r[n].end, seq))
		n++;
	rs->n -= n;
	memmove(rs->r, rs->r + n, rs->n * sizeof(rs->r[0]));
	if (rs->n && seq_lt(rs->r[0].start, seq))
		rs->r[0].start = seq;
}

const struct tcp_range *tcp_range_at(const struct tcp_ranges *rs, uint32_t seq)
{
	for (unsigned i = 0; i < rs->n; i++)
		if (seq_lt(seq, rs->r[i].end))
			return &rs->r[i];
	return NULL;
}

bool tcp_range_has(const struct tcp_ranges *rs, uint32_t seq)
{
	const struct tcp_range *r = tcp_range_at(rs, seq);

	return r && seq_le(r->start, seq);
}

uint32_t tcp_range_missing(const struct tcp_ranges *rs, uint32_t start, uint32_t end)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < rs->n && seq_lt(start, end); i++) {
		const struct tcp_range *r = &rs->r[i];

		if (seq_lt(start, r->start))
			n += (seq_lt(r->start, end) ? r->start : end) - start;
		if (seq_lt(start, r->end))
			start = r->end;
	}
	return seq_lt(start, end) ? n + end - start : n;
}
