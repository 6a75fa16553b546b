/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A card whose other end is the test's: what is sent is kept, frames come when the test says so.
 * Header only; each test program has one.
 */
#ifndef TESTS_CARD_H
#define TESTS_CARD_H

#include "net/net.h"
#include "tests/unit.h"

static struct {
	struct netdev *dev;
	unsigned opens, closes, sent;
	uint8_t frame[2048]; /* sent last */
	uint32_t len;
	struct pkt *due;				 /* received in the next turn */
	bool groups;					 /* it hears all of them */
	bool broken;					 /* it does not open */
	void (*serve)(const uint8_t *frame, uint32_t n); /* what was sent reaches somebody */
} card;

static inline int card_open(struct netdev *dev)
{
	if (card.broken)
		return -ERR_NETDEV_OPEN;
	card.opens++;
	netdev_link(dev, true);
	return 0;
}

static inline void card_close(struct netdev *dev)
{
	(void)dev;
	card.closes++;
}

static inline void card_send(struct netdev *dev, struct pkt *p)
{
	card.sent++;
	card.len = p->len;
	memcpy(card.frame, p->data, p->len);
	pkt_free(&dev->net->pool, p);
	if (card.serve)
		card.serve(card.frame, card.len);
}

static inline void card_poll(struct netdev *dev, unsigned budget)
{
	(void)budget;
	for (struct pkt *p = card.due, *next; p; p = next) {
		next = p->next;
		netdev_rx(dev, p);
	}
	card.due = NULL;
}

static inline void card_groups(struct netdev *dev, bool all)
{
	assert_true(dev->is_open);
	card.groups = all;
}

/* n bytes are there in the next turn; returned to be filled in. The last of several comes first. */
static inline uint8_t *card_arrive(size_t n)
{
	struct pkt *p = pkt_alloc(&card.dev->net->pool);

	p->next = card.due;
	card.due = p;
	return pkt_put(p, n);
}

/* A new one, of MAC 02:00:00:00:00:01; the caller adds and opens it. */
static inline struct netdev *card_new(struct net *net)
{
	static const struct netdev_ops ops = {
		.open = card_open,
		.close = card_close,
		.send = card_send,
		.poll = card_poll,
		.groups = card_groups,
	};

	memset(&card, 0, sizeof(card));
	card.dev = netdev_new(net);
	card.dev->ops = &ops;
	card.dev->mac = (struct mac){{2, 0, 0, 0, 0, 1}};
	return card.dev;
}

/* Closed, with all packets back in the pool. */
static inline void card_end(void)
{
	for (struct pkt *p = card.due, *next; p; p = next) {
		next = p->next;
		pkt_free(&card.dev->net->pool, p);
	}
	netdev_close(card.dev);
	assert_int_equal(card.dev->net->pool.nfree, PKT_MAX);
}

#endif
