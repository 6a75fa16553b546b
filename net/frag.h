/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv4 reassembly (RFC 791, 815), FRAG_MAX datagrams of up to FRAG_DATAGRAM_MAX bytes at once.
 * Fragments come in any order; one that lies wholly in what is there is a duplicate and ignored.
 * One that overlaps in part, or contradicts the length, spoils its datagram: nothing of that
 * datagram is delivered (the rule of RFC 5722, which nobody honest runs into). When all places are
 * taken, the oldest datagram gives way.
 */
#ifndef NET_FRAG_H
#define NET_FRAG_H

#include <stdbool.h>
#include <stdint.h>
#include "core/bytes.h"

struct frag;
struct net;
struct netdev;

struct frag_piece {
	uint32_t src, dst; /* host order */
	uint16_t id;
	uint8_t protocol;
	uint32_t offset; /* bytes */
	bool more;
};

/*
 * Copies a fragment's payload. Returns the datagram when it is complete now: its payload is data[0
 * .. total), valid until frag_free(), which the caller must call. Otherwise NULL.
 */
struct frag *frag_input(struct netdev *dev, const struct frag_piece *piece, struct bytes payload);
void frag_free(struct frag *f);
/* Gives up what waits too long; returns when it wants to be called next. */
uint64_t frag_poll(struct net *net);
/* Forgets what came from dev. */
void frag_flush(struct netdev *dev);

#endif
