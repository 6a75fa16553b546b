/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv4 reassembly: see frag.h. A datagram keeps its ranges sorted, disjoint and not adjacent, so it
 * is complete when one range covers it. Datagrams are told apart by link, source, destination,
 * protocol and id (RFC 791 2.3).
 */
#include "net/frag.h"
#include "core/machine.h"
#include "core/str.h"
#include "net/net.h"
#include "net/netdev.h"

static bool frag_matches(
	const struct frag *f, const struct netdev *dev, const struct frag_piece *piece)
{
	return f->used && f->dev == dev && f->id == piece->id && f->src == piece->src &&
	       f->dst == piece->dst && f->protocol == piece->protocol;
}

/*
 * The datagram that the piece is of: a known one, or a new one in a free place or in that of the
 * oldest.
 */
static struct frag *frag_find(struct netdev *dev, const struct frag_piece *piece)
{
	struct net *net = dev->net;
	struct frag *f = &net->frag[0];

	for (unsigned i = 0; i < FRAG_MAX; i++) {
		if (frag_matches(&net->frag[i], dev, piece))
			return &net->frag[i];
	}
	for (unsigned i = 1; i < FRAG_MAX && f->used; i++) {
		if (!net->frag[i].used || net->frag[i].expires_us < f->expires_us)
			f = &net->frag[i];
	}
	f->used = true;
	f->dropped = false;
	f->dev = dev;
	f->src = piece->src;
	f->dst = piece->dst;
	f->id = piece->id;
	f->protocol = piece->protocol;
	f->total = 0;
	f->expires_us = net->m->now_us + FRAG_TIMEOUT_US;
	f->nranges = 0;
	return f;
}

/*
 * Puts [start, end), which touches nothing but edges, into the sorted list; false when the list is
 * full.
 */
static bool frag_mark(struct frag *f, uint16_t start, uint16_t end)
{
	unsigned i = 0, n = f->nranges;
	bool left, right;

	while (i < n && f->range[i].end < start)
		i++;
	left = i < n && f->range[i].end == start;
	right = i + left < n && f->range[i + left].start == end;
	if (left && right) {
		f->range[i].end = f->range[i + 1].end;
		memmove(&f->range[i + 1], &f->range[i + 2], (n - i - 2) * sizeof(f->range[0]));
		f->nranges--;
	} else if (left) {
		f->range[i].end = end;
	} else if (right) {
		f->range[i].start = start;
	} else {
		if (n == FRAG_RANGES_MAX)
			return false;
		memmove(&f->range[i + 1], &f->range[i], (n - i) * sizeof(f->range[0]));
		f->range[i].start = start;
		f->range[i].end = end;
		f->nranges++;
	}
	return true;
}

enum frag_fit { FRAG_NEW, FRAG_DUPLICATE, FRAG_OVERLAP };

static enum frag_fit frag_check(const struct frag *f, uint32_t start, uint32_t end)
{
	for (unsigned i = 0; i < f->nranges; i++) {
		if (start >= f->range[i].start && end <= f->range[i].end)
			return FRAG_DUPLICATE;
		if (start < f->range[i].end && end > f->range[i].start)
			return FRAG_OVERLAP;
	}
	return FRAG_NEW;
}

/*
 * Whether the piece agrees with what is known of the datagram's length, which the last piece tells.
 */
static bool frag_length_ok(struct frag *f, const struct frag_piece *piece, uint32_t end)
{
	uint32_t reached = f->nranges ? f->range[f->nranges - 1].end : 0;

	if (piece->more)
		return !f->total || end < f->total;
	if (f->total)
		return end == f->total;
	f->total = (uint16_t)end;
	return reached < end;
}

struct frag *frag_input(struct netdev *dev, const struct frag_piece *piece, struct bytes payload)
{
	uint32_t start = piece->offset, n = (uint32_t)payload.n, end = start + n;
	struct frag *f = frag_find(dev, piece);
	enum frag_fit fit;

	if (f->dropped)
		return NULL;
	/*
	 * RFC 791 3.2: all but the last are made of units of 8. The bound also keeps end within 16
	 * bits.
	 */
	fit = frag_check(f, start, end);
	if (!n || (piece->more && n % 8) || end > FRAG_DATAGRAM_MAX || fit == FRAG_OVERLAP ||
		!frag_length_ok(f, piece, end)) {
		dev->stats.bad_ip++;
		f->dropped = true;
		return NULL;
	}
	if (fit == FRAG_DUPLICATE || !frag_mark(f, (uint16_t)start, (uint16_t)end))
		return NULL;
	bytes_copy(&payload, f->data + start, n);
	return f->total && f->nranges == 1 && !f->range[0].start && f->range[0].end == f->total
		       ? f
		       : NULL;
}

void frag_free(struct frag *f)
{
	f->used = false;
}

uint64_t frag_poll(struct net *net)
{
	uint64_t next = TIME_NEVER;

	for (unsigned i = 0; i < FRAG_MAX; i++) {
		struct frag *f = &net->frag[i];

		if (f->used && net->m->now_us >= f->expires_us)
			frag_free(f);
		if (f->used && f->expires_us < next)
			next = f->expires_us;
	}
	return next;
}

void frag_flush(struct netdev *dev)
{
	for (unsigned i = 0; i < FRAG_MAX; i++) {
		if (dev->net->frag[i].dev == dev)
			frag_free(&dev->net->frag[i]);
	}
}
