/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TCP of simulated servers (RFC 9293): passive opens, any number of connections. What it sends
 * is pulled by offset from who listens, so that a file of many GiB needs no memory.
 *
 * It sends as servers of today do: MSS, window scale, timestamps (RFC 7323), SACK (RFC 2018); ten
 * segments at first (RFC 6928), slow start and CUBIC (RFC 9438) or Reno (RFC 5681); recovery from
 * loss by the SACK scoreboard (RFC 6675), NewReno (RFC 6582) without SACK; in addition a lost
 * retransmission is seen by what was sent later and has arrived, and a lost tail is probed for
 * (both after RFC 8985), unless tcpd_conf.classic. RTO by RFC 6298, but 200 ms at least as in
 * Linux. A closed window is probed for (RFC 9293 3.8.6.1). What its own wire cannot take waits, as
 * in Linux, and is not lost.
 *
 * It judges its clients: form of segments, acknowledgements and SACK blocks of what was sent only,
 * windows whose right edge stays, timestamps once agreed, no more ACKs than there was reason for,
 * the same bytes in every copy of a segment. And it misbehaves on request: struct tcpd_tricks.
 *
 * It does not queue what comes out of order (clients of boot servers send little), nor pace, nor
 * undo reductions that turned out to be without cause, nor lower its MSS on ICMP.
 */
#ifndef SIM_TCPD_H
#define SIM_TCPD_H

#include "tcp_seg.h"

#define TCPD_BUCKETS	  64u
#define TCPD_RTO_MIN_US	  200000u
#define TCPD_RTO_MAX_US	  60000000u
#define TCPD_SYN_US	  1000000u /* until a SYN-ACK is sent again */
#define TCPD_TRIES	  12u	   /* RTOs in a row before a connection is given up */
#define TCPD_TIME_WAIT_US 60000000u
#define TCPD_FIRST_SEGS	  10u
#define TCPD_HEARD_MAX	  8192u	  /* bytes of a client kept to compare copies with */
#define TCPD_BACKLOG_US	  1000u	  /* of its own wire that a connection queues for */
#define TCPD_ACK_EVERY_US 100000u /* an ACK without a cause is fair that often */

struct tcpd_conn;

/* Who listens. Callbacks may send, close and reset; all but pull may be NULL. */
struct tcpd_app {
	void (*opened)(struct tcpd_conn *c);
	void (*rx)(struct tcpd_conn *c, const uint8_t *data, uint32_t len); /* in order */
	void (*pull)(struct tcpd_conn *c, uint64_t off, uint8_t *to, uint32_t len);
	/* How many of len bytes from off on may share a segment; at least 1. */
	uint32_t (*cut)(struct tcpd_conn *c, uint64_t off, uint32_t len);
	void (*acked)(struct tcpd_conn *c); /* c->una has moved */
	void (*fin)(struct tcpd_conn *c);   /* the client sends no more */
	void (*gone)(struct tcpd_conn *c);  /* the end: c is freed behind it */
};

/* What a broken or evil server does. Zero: nothing. */
struct tcpd_tricks {
	const void *syn_options; /* go out in the place of the SYN-ACK's; NULL: honest */
	uint32_t syn_options_len;
	const void *data_options; /* the same for what has data; at most 12 bytes */
	uint32_t data_options_len;
	uint32_t payload_max;  /* bytes in a segment; 0: the MSS */
	unsigned bad_syn_acks; /* so many SYNs of each connection are answered wrongly first */
	bool syn_reset_wrong;  /* and before them comes a RST that acknowledges something else */
	uint64_t closed_us;    /* the window is 0 for so long, and its opening is not told */
	bool shrinks;	       /* the window's right edge moves left now and then */
	bool urgent;	       /* everything sent is said to be urgent */
	uint32_t rewrites; /* after every so many segments the last one again with other bytes */
	uint32_t rewinds;  /* after every so many segments one that was acknowledged, other bytes */
	bool sack_lies;	   /* absurd SACK blocks with everything */
	uint32_t sum_bad;  /* every so many-th segment has a copy with a wrong checksum before it */
	uint64_t silent_at; /* says nothing more once so many bytes are acknowledged */
	bool forgets_fin;   /* never answers a FIN */
	bool probes;	    /* keep-alive probes with a byte of garbage before every segment */
};

struct tcpd_conf {
	uint16_t mss; /* 0: 1460 */
	bool no_scale, no_sack, no_timestamps;
	bool reno;     /* no CUBIC */
	bool classic;  /* no help from RFC 8985 */
	bool attacked; /* others forge segments: the judge cannot know who caused an ACK */
	struct tcpd_tricks tricks;
};

struct tcpd_stats {
	uint64_t opens, resets_in, resets_out, given_up, closed;
	uint64_t segs_in, segs_out, bytes_out; /* out: with data, copies too */
	uint64_t resent, resent_bytes, recoveries, timeouts, probes, tail_probes;
	uint64_t dup_acks, sacks, acks_in, no_conn, bad;
};

struct tcpd_seen { /* one SYN heard that opened a connection */
	uint64_t at_us;
	uint32_t ip, isn;
	uint16_t port;
};

/* A segment that is under way: [off, off + len), the FIN being a byte behind the stream's last. */
struct tcpd_out {
	uint64_t off, sent_us;
	uint32_t len;
	uint16_t times;
	bool sacked, lost, fin;
};

struct tcpd_cubic {
	uint64_t epoch_us; /* 0: a new one begins with the next ACK */
	uint64_t w_max, k_ms, start;
	uint64_t reno; /* what Reno would have by now, and what is missing to its next step */
	uint64_t reno_acked;
};

enum tcpd_timer { TIMER_NONE, TIMER_SYN, TIMER_RTO, TIMER_TAIL, TIMER_PERSIST, TIMER_TIME_WAIT };

/* Positions of both streams are offsets from 0; iss + 1 and irs + 1 are their sequence numbers. */
struct tcpd_conn {
	struct tcpd_conn *next;
	struct sim_tcpd *t;
	const struct tcpd_app *app;
	void *ctx; /* the app's, for one connection */
	void *app_ctx;
	uint32_t ip;
	uint16_t port, local_port;
	bool established, closing, fin_sent, fin_acked, fin_heard, closed_first, dead, silent;
	bool judged;   /* its client may be blamed for what it says */
	unsigned busy; /* inside of a callback: not to be freed yet */
	uint64_t opened_us;

	uint32_t iss, irs;
	uint32_t mss, scale_out, scale_in; /* scale_in: what shifts the client's windows */
	bool sack, timestamps;
	uint32_t ts_recent, ts_offset;

	/* what is sent */
	uint64_t end, una, nxt; /* end: of what the app has to say */
	uint64_t right;		/* of the client's window */
	uint64_t probed;	/* what was sent beyond it */
	uint32_t window_seq;	/* of the segment that set it, and its ack (RFC 9293 3.10.7.4) */
	uint32_t window_ack;
	struct tcpd_out *out; /* ring of out_n from out_first on */
	uint32_t out_first, out_n, out_cap;
	uint64_t pipe; /* bytes believed to be in the network */
	uint64_t cwnd, ssthresh, recover;
	bool recovering, in_rto;
	uint32_t dup_acks;
	uint64_t delivered_us; /* the latest send time of what has arrived */
	struct tcpd_cubic cubic;
	uint64_t last_sent_us;

	/* time */
	struct sim_event timer;
	enum tcpd_timer timer_for;
	uint64_t srtt_us, rttvar_us, rto_us; /* srtt 0: not measured */
	unsigned backoff, unheard; /* time-outs since progress, and since anything was heard */
	bool tail_probed;

	/* what is received */
	uint64_t rcv;		       /* bytes in order */
	uint64_t rcv_right;	       /* offered */
	uint8_t heard[TCPD_HEARD_MAX]; /* the first of them */

	/* the queue for the host's wire */
	struct tcpd_conn *wire_next;
	bool wire_waits;

	/* for the judge */
	uint64_t acks, causes; /* had from the client, and reasons that it was given */
	unsigned syns;
};

struct sim_tcpd {
	struct sim_world *w;
	struct sim_host *h;
	struct tcpd_conf conf;
	struct tcpd_listener {
		uint16_t port; /* 0: free */
		const struct tcpd_app *app;
		void *ctx;
	} listener[8];
	struct tcpd_conn *bucket[TCPD_BUCKETS];
	struct tcpd_stats stats;
	struct tcpd_seen *seen;
	uint32_t seens, seen_cap;
	struct tcpd_conn *wire_first, *wire_turn; /* who waits for the wire, and whose turn it is */
	struct sim_event wire;
	uint32_t active; /* connections but for those in TIME-WAIT */
	bool closed;	 /* nobody listens: SYNs are reset */
};

/* The only TCP of its host. conf NULL: all zero. */
struct sim_tcpd *tcpd_new(struct sim_host *h, const struct tcpd_conf *conf);
void tcpd_listen(struct sim_tcpd *t, uint16_t port, const struct tcpd_app *app, void *ctx);

/* The stream now reaches to end. */
void tcpd_send(struct tcpd_conn *c, uint64_t end);
void tcpd_close(struct tcpd_conn *c); /* FIN behind what there is */
void tcpd_reset(struct tcpd_conn *c); /* RST, and the connection is gone */

/* A process that ends: RST to all its clients, as its kernel says it. */
void tcpd_kill(struct sim_tcpd *t);
/* A computer that restarts: all is forgotten without a word. */
void tcpd_forget(struct sim_tcpd *t);
/* The connection that is the youngest; NULL: there is none. */
struct tcpd_conn *tcpd_youngest(const struct sim_tcpd *t);

#endif
