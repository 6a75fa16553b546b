/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parts of TCP are to each other: tcp.c has the pool, open, close and time; tcp_in.c what
 * arrives; tcp_out.c what is sent; tcp_opt.c the options on the wire; tcp_range.c lists of parts of
 * the sequence space.
 *
 * A callback may end its own connection. Whoever calls one asks tcp_gone() afterwards; net->tcp_now
 * keeps the slot from being given away until the caller is done.
 */
#ifndef NET_TCP_PRIV_H
#define NET_TCP_PRIV_H

#include "core/machine.h"
#include "net/net.h"
#include "net/netdev.h"
#include "net/pkt.h"
#include "net/tcp.h"

/* RFC 9293 3.3.2, in an order that comparisons use. */
enum tcp_state {
	TCP_CLOSED, /* the slot is free */
	TCP_OVER,   /* nothing but closed() is left to say, from the timer */
	TCP_SYN_SENT,
	TCP_SYN_RCVD, /* both ends opened at once */
	TCP_ESTABLISHED,
	TCP_FIN_WAIT_1,
	TCP_FIN_WAIT_2,
	TCP_CLOSE_WAIT,
	TCP_CLOSING,
	TCP_LAST_ACK,
	TCP_TIME_WAIT, /* the user is gone */
};

enum tcp_recovery { TCP_REC_NONE, TCP_REC_FAST, TCP_REC_RTO };

enum tcp_flag { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16 };

#define TCP_HEADER	20
#define TCP_OPTIONS	40  /* bytes at most */
#define TCP_TS_LEN	12  /* the timestamps option in each segment, with its padding */
#define TCP_SCALE	7   /* our window's unit is 128 bytes */
#define TCP_SACK_MAX	4   /* blocks that fit the options */
#define TCP_MSS_DEFAULT 536 /* RFC 9293 3.7.1 */
#define TCP_MSS_MIN	64  /* a peer that says less is not believed */
#define TCP_CAP_FIRST	(1u << 20)
#define TCP_CAP_MIN	(64u << 10)
#define TCP_CAP_MAX	(65535u << TCP_SCALE)
#define TCP_BURST	8 /* segments that, lost in a row, say that a queue was too short */
#define TCP_RTO_FIRST	1000000u

struct tcp_opts {
	uint16_t mss; /* 0: not said */
	uint8_t scale;
	bool scale_ok, sack_ok, ts;
	uint32_t tsval, tsecr;
	unsigned nsack;
	struct tcp_range sack[TCP_SACK_MAX];
};

/* A segment that has arrived. */
struct tcp_seg {
	uint32_t ports; /* as in struct tcp */
	uint32_t seq, ack;
	uint32_t wnd; /* as on the wire */
	uint32_t n;   /* bytes of payload */
	uint8_t flags;
	struct tcp_opts opt;
	struct bytes data;	/* the payload's first piece ... */
	const struct pkt *more; /* ... and the others */
};

static inline bool seq_lt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static inline bool seq_le(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) <= 0;
}

static inline struct net *tcp_net(const struct tcp *c)
{
	return c->dev->net;
}

static inline uint32_t tcp_now_us(const struct tcp *c)
{
	return (uint32_t)c->dev->net->m->now_us;
}

/* RFC 7323 5.4: a tick of 1 to 1000 ms; this one needs no division. */
static inline uint32_t tcp_ts_now(const struct tcp *c)
{
	return (uint32_t)(c->dev->net->m->now_us >> 10) + c->ts_off;
}

/* After a callback: nothing more may be said to the user. */
static inline bool tcp_gone(const struct tcp *c)
{
	return c->state <= TCP_OVER;
}

/* Behind all that we have to send, with our FIN. */
static inline uint32_t tcp_snd_limit(const struct tcp *c)
{
	return c->snd_end + c->fin;
}

/* b: all options of a segment. Fills in *o whatever it says. */
void tcp_opt_parse(struct bytes b, struct tcp_opts *o);
/* Those of a SYN, and of other segments. At most TCP_OPTIONS bytes each; return how many. */
unsigned tcp_opt_syn(const struct tcp *c, uint8_t *to);
unsigned tcp_opt_usual(const struct tcp *c, bool sack, uint8_t *to);

/* False when it would need another interval and there are `max` already. */
bool tcp_range_add(struct tcp_ranges *rs, uint32_t start, uint32_t end, unsigned max);
/* Forgets what lies in front of seq. */
void tcp_range_cut(struct tcp_ranges *rs, uint32_t seq);
/* The first interval that ends behind seq; NULL: none. */
const struct tcp_range *tcp_range_at(const struct tcp_ranges *rs, uint32_t seq);
bool tcp_range_has(const struct tcp_ranges *rs, uint32_t seq);
/* Bytes of [start, end) that are in none. */
uint32_t tcp_range_missing(const struct tcp_ranges *rs, uint32_t start, uint32_t end);

/* Sends a bare ACK with all that there is to say. */
void tcp_ack(struct tcp *c);
/* An ACK at the end of the turn. */
void tcp_ack_later(struct tcp *c);
/* RFC 5961: an ACK at the end of the turn, but not too many of them. */
void tcp_challenge(struct tcp *c);
/* SYN, or SYN and ACK when both ends opened at once. Errors as ipv4_send. */
int tcp_send_syn(struct tcp *c);
/* RST with that number; ack NULL: without one. */
void tcp_send_rst(struct netdev *dev, const struct ip_addr *src, const struct ip_addr *dst,
	uint32_t ports, uint32_t seq, const uint32_t *ack);
/* RFC 9293 3.8.4: asks the peer for a sign of life. */
void tcp_send_keepalive(struct tcp *c);
/* Sends what may be sent. */
void tcp_output(struct tcp *c);
/* The timer has fired: sends again what was not acknowledged, or asks for the window. */
void tcp_output_again(struct tcp *c);
/* Offers what room there is, see tcp_out.c; `much`: only if it is worth a segment of its own. */
bool tcp_offer(struct tcp *c, bool much);
/* A queue on the way is too short: offers less from now on. */
void tcp_cap_cut(struct tcp *c);
/* RFC 6298 2. */
void tcp_rtt_sample(struct tcp *c, uint32_t us);
/* May we take another token? */
bool tcp_bucket_take(struct tcp_bucket *b, uint32_t now_us, uint32_t rate);

/* Sees to it that the timer fires in time. */
void tcp_arm(struct tcp *c);
/* Frees the slot. */
void tcp_free(struct tcp *c);
/* Frees the slot and tells the user. */
void tcp_end(struct tcp *c, int rc);
/* The same later, from the timer. */
void tcp_over(struct tcp *c, int rc);
struct tcp *tcp_find(struct netdev *dev, const struct ip_addr *dst, uint32_t ports);

#endif
