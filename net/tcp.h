/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP (RFC 9293), active opens only: the lower end of a stream (net/stream.h). The receiver's user
 * gives each byte its place; nothing is queued here, in either direction.
 *
 * A connection belongs to one link, and to the address that this had when it was opened. Its slot
 * is one of TCP_MAX; those that only wait for stray segments of a connection that is over
 * (TIME-WAIT) are given away when a new one needs them.
 */
#ifndef NET_TCP_H
#define NET_TCP_H

#include <stdbool.h>
#include <stdint.h>
#include "config/limits.h"
#include "core/bytes.h"
#include "core/timer.h"
#include "net/addr.h"
#include "net/ipv4.h"
#include "net/stream.h"

struct net;
struct netdev;

/*
 * Begins to connect from dev to dst:port. From then on user->closed() is called exactly once,
 * unless abort() was: later, never from inside. Errors: ERR_NO_SOCKET, ERR_NO_ADDRESS,
 * ERR_NO_ROUTE.
 *
 * What closed() says: 0; ERR_TCP_CONNECT (no answer for TCP_CONNECT_US), ERR_TCP_REFUSED,
 * ERR_UNREACHABLE or ERR_ARP_TIMEOUT before opened() was called; ERR_TCP_RESET, ERR_TCP_TIMEOUT
 * (the peer has been silent for TCP_SILENCE_US, though it was asked, or does not take what we send
 * for 100 s or more), ERR_LINK_DOWN at any time.
 *
 * The stream is the user's from here on, and it may say send() before opened(). room() is asked
 * from inside, for the window of the SYN. Of what the user sends no more than 1 GiB may wait to be
 * acknowledged; a peer that has no room for it is waited for as long as it answers. After close()
 * the peer has TCP_SILENCE_US from its last segment on to close, too.
 */
int tcp_open(struct net *net, struct netdev *dev, const struct ip_addr *dst, uint16_t port,
	const struct stream_user *user, void *ctx, struct stream **out);
/* For ip_protocol tables. */
void tcp_input(const struct ip_meta *meta, struct bytes payload);
void tcp_error(struct netdev *dev, const struct ipv4_quote *q, int err, uint16_t mtu);
/* At the end of a turn: one acknowledgement for each connection that owes one. */
void tcp_flush(struct net *net);
/*
 * A link was closed: connections on it end without a word to the peer. closed(ERR_LINK_DOWN)
 * follows in a later turn, if there is one.
 */
void tcp_drop(struct net *net, struct netdev *dev);

#define TCP_CONNECT_US 20000000u
#define TCP_SILENCE_US 60000000u
#define TCP_RECENT_MAX 4

/* -- private to net/tcp*.c, here for the size of struct net -- */

/* Parts of the sequence space: sorted, disjoint, not adjacent, all within 2^31 of one another. */
struct tcp_range {
	uint32_t start, end; /* [start, end) */
};
struct tcp_ranges {
	unsigned n;
	struct tcp_range r[TCP_ISLANDS_MAX];
};

/* So many in a second, not carried over. */
struct tcp_bucket {
	uint32_t tokens, since_us;
};

/*
 * A connection: the transmission control block of RFC 9293 3.3.1. Times are the lower 32 bits of
 * the machine's; the timer fires at least once a minute, so that differences are true. What is used
 * often comes first: within 128 bytes each use is three bytes shorter.
 */
struct tcp {
	struct stream s; /* first: what the user has is this */
	struct netdev *dev;
	uint8_t state; /* enum tcp_state */
	/* what we send */
	uint8_t recovery; /* enum tcp_recovery */
	uint8_t tries;	  /* times that the timer fired since we last heard of progress */
	uint8_t dups;	  /* duplicate ACKs in a row */
	bool waiting;	  /* for an acknowledgement, or for the peer's window */
	bool timing;	  /* a round trip is measured: rtt_seq was sent at rtt_us */
	bool fin;	  /* the user has closed: a FIN follows at snd_end */
	bool first;	  /* what is first in [again, lost) goes whatever cwnd says */
	/* what we receive */
	bool fin_seen;	   /* the peer's FIN is at fin_seq ... */
	bool fin_rcvd;	   /* ... and all before it is here */
	uint8_t rcv_scale; /* RFC 7323 2: ours */
	uint8_t snd_scale; /* and theirs */
	bool ts_ok;	   /* agreed with the peer: RFC 7323 ... */
	bool sack_ok;	   /* ... RFC 2018 */
	uint16_t mss;	   /* payload of the segments that we send */

	uint32_t alive_us;	   /* of the last acceptable segment, or the start of waiting */
	uint32_t since_us;	   /* what the timer waits for is counted from here */
	uint32_t rcv_nxt, rcv_adv; /* the window offered is [rcv_nxt, rcv_adv) */
	uint32_t snd_una, snd_nxt;
	uint32_t snd_end;	 /* behind the user's last byte; our FIN's, when there is one */
	uint32_t again, lost;	 /* of [again, lost) what was not SACKed is to be sent again */
	uint32_t cwnd, ssthresh; /* RFC 5681 */
	uint32_t snd_wnd, snd_wl1, snd_wl2, snd_max_wnd;
	uint32_t cap;	    /* the most that is offered, whatever there is room for */
	uint32_t cap_grow;  /* it may be larger when this has arrived ... */
	uint32_t cap_cut;   /* ... and smaller when this has */
	uint32_t ts_recent; /* the peer's clock, to be echoed */

	uint64_t end;		    /* of the stream, as far as the user has it: at snd_end */
	uint32_t ports;		    /* theirs << 16 | ours, as an arriving header has them */
	uint32_t ts_off;	    /* our clock is the machine's and this */
	uint32_t recover;	    /* RFC 6582: recovery ends when this is acknowledged */
	uint32_t rtt_seq, rtt_us;   /* see timing */
	uint32_t rttvar_us, rto_us; /* RFC 6298; its SRTT is s.srtt_us */
	uint32_t rcv_acked;	    /* RFC 7323: Last.ACK.sent */
	uint32_t rcv_mss;	    /* payload of a full segment to us */
	uint32_t rcv_room;	    /* the most that the user ever had */
	uint32_t fin_seq;
	uint32_t overruns;		 /* of the link, when looked at last */
	int rc;				 /* in TCP_OVER: what closed() will say */
	struct tcp_bucket challenges;	 /* RFC 5961 7 */
	uint32_t recent[TCP_RECENT_MAX]; /* sequence numbers that islands grew at, latest first */
	uint8_t refusals;		 /* ICMP errors to our SYN */
	struct ip_addr src, dst;
	struct timer timer;
	struct tcp_ranges islands; /* what is here beyond rcv_nxt */
	struct tcp_ranges sacked;  /* what the peer has beyond snd_una */
};

#endif
