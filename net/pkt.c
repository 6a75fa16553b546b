/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pool of packet buffers: a free list, last freed first used, so that the next packet finds a
 * warm cache. A packet freed twice stays free once and is counted: the pool must not be what turns
 * a mistake into a crash.
 */
#include "net/pkt.h"

void pkt_pool_init(struct pkt_pool *pool, uint8_t *buffers)
{
	*pool = (struct pkt_pool){.nfree = 0};
	for (unsigned i = PKT_MAX; i-- > 0;) {
		pool->pkts[i].buf = buffers + (size_t)i * PKT_SIZE;
		pkt_free(pool, &pool->pkts[i]);
	}
}

struct pkt *pkt_alloc(struct pkt_pool *pool)
{
	struct pkt *p = pool->free;

	if (!p) {
		pool->empty++;
		return NULL;
	}
	pool->free = p->next;
	pool->nfree--;
	p->next = NULL;
	p->more = NULL;
	p->data = p->buf + PKT_HEADROOM;
	p->len = 0;
	p->dev = NULL;
	p->csum_ok = false;
	p->in_pool = false;
	return p;
}

/* A chain that has become a ring ends where it was begun: that one is in the pool. */
void pkt_free(struct pkt_pool *pool, struct pkt *p)
{
	for (; p; p = p->more) {
		if (p->in_pool) {
			pool->freed_twice++;
			return;
		}
		p->in_pool = true;
		p->next = pool->free;
		pool->free = p;
		pool->nfree++;
	}
}

uint32_t pkt_more(const struct pkt *p)
{
	uint32_t n = 0;

	for (p = p->more; p; p = p->more)
		n += p->len;
	return n;
}

uint8_t *pkt_push(struct pkt *p, size_t n)
{
	if (n > (size_t)(p->data - p->buf))
		return NULL;
	p->data -= n;
	p->len += (uint32_t)n;
	return p->data;
}

uint8_t *pkt_put(struct pkt *p, size_t n)
{
	uint8_t *end = p->data + p->len;

	if (n > (size_t)(p->buf + PKT_SIZE - end))
		return NULL;
	p->len += (uint32_t)n;
	return end;
}

bool pkt_pull(struct pkt *p, size_t n)
{
	if (n > p->len)
		return false;
	p->data += n;
	p->len -= (uint32_t)n;
	return true;
}
