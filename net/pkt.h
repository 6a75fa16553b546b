/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets: one contiguous DMA-able buffer each, from one pool, with one owner. A function that
 * takes a packet takes it also when it fails. Data lies in [data, data + len) inside buf[PKT_SIZE].
 *
 * What a device has put together of several segments is too long for one: a received frame may go
 * on in a chain of packets. They have its owner, are freed with it, and none of them is empty. All
 * headers up to IP's lie in the first. What is sent has no chain.
 */
#ifndef NET_PKT_H
#define NET_PKT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "config/limits.h"

struct netdev;

struct pkt {
	struct pkt *next; /* in whatever list the owner keeps it */
	struct pkt *more; /* where the frame goes on; PKT_CHAIN_MAX packets in all */
	uint8_t *buf;	  /* PKT_SIZE bytes, 64-byte aligned */
	uint8_t *data;
	uint32_t len;
	struct netdev *dev; /* received on */
	bool csum_ok;	    /* the device has verified the transport checksum */
	bool in_pool;	    /* for catching a double free */
};

struct pkt_pool {
	struct pkt pkts[PKT_MAX];
	struct pkt *free;
	unsigned nfree;
	uint32_t empty;	      /* allocations refused */
	uint32_t freed_twice; /* a bug above: counted, the second time has no effect */
};

/* buffers: PKT_MAX * PKT_SIZE bytes, 64-byte aligned, borrowed for as long as the pool lives. */
void pkt_pool_init(struct pkt_pool *pool, uint8_t *buffers);
/* An empty packet with PKT_HEADROOM in front; NULL (counted) when there is none. */
struct pkt *pkt_alloc(struct pkt_pool *pool);
/* With its chain. */
void pkt_free(struct pkt_pool *pool, struct pkt *p);
/* Bytes in the chain behind p; 0 when there is none. */
uint32_t pkt_more(const struct pkt *p);
/* Room for n bytes in front of / behind the data; NULL when there is none. */
uint8_t *pkt_push(struct pkt *p, size_t n);
uint8_t *pkt_put(struct pkt *p, size_t n);
/* Drops n bytes at the front; false (nothing dropped) when there are fewer. */
bool pkt_pull(struct pkt *p, size_t n);

#endif
