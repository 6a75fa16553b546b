/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A plain TCP client on a simulated host, judged like a real one: one connection at a time, which
 * keeps what it receives, in any order, and asks again for what was lost. It exists to test the
 * servers; a test may take the pen from it (manual) and write its segments one by one.
 */
#ifndef SIM_TCP_CLIENT_H
#define SIM_TCP_CLIENT_H

#include "tcp_seg.h"

#define TCPC_HOLES_MAX 1024u
#define TCPC_OUT_MAX   16384u
#define TCPC_LOG_MAX   64u
#define TCPC_RETRY_US  300000u

struct tcpc_range {
	uint64_t from, to;
};

struct tcp_client {
	struct sim_world *w;
	struct sim_host *h;
	/* what it offers; set before tcpc_open() */
	uint16_t mss; /* 0: no option */
	bool scale, sack, timestamps;
	uint8_t shift;	 /* of its windows */
	uint32_t window; /* offered behind what it has */
	uint64_t limit;	 /* it takes nothing beyond that; raised by tcpc_take() */
	bool manual;	 /* says nothing by itself */
	bool slow_acks;	 /* an ACK for every other segment, or after 40 ms */

	uint32_t ip; /* the server */
	uint16_t port, own_port;
	uint32_t iss, irs;
	bool opened, finished, reset, closing;
	bool ts_on, sack_on, scale_on;
	uint32_t ts_recent, peer_mss, peer_shift;
	uint8_t out[TCPC_OUT_MAX];
	uint32_t out_len, una;
	bool fin_acked;
	struct sim_event retry, ack_late;
	bool owes_ack;

	uint8_t *in; /* cap bytes; what comes behind them is not kept */
	uint64_t cap, len, fin_at;
	struct tcpc_range hole[TCPC_HOLES_MAX]; /* islands behind len, sorted by from */
	uint32_t holes, newest;			/* index of the island that grew last */

	struct tcp_seg log[TCPC_LOG_MAX]; /* the last ones heard; data is not kept */
	uint64_t log_us[TCPC_LOG_MAX];
	uint32_t heard;	 /* so many; log[heard - 1 & 63] is the last */
	uint64_t copies; /* bytes that came again */
};

/* A host with that address, ready to open. cap: bytes of the answer that are kept. */
struct tcp_client *tcpc_new(struct sim_world *w, const char *name, uint32_t ip, size_t cap);
void tcpc_open(struct tcp_client *c, uint32_t ip, uint16_t port);
void tcpc_say(struct tcp_client *c, const void *data, uint32_t len);
void tcpc_text(struct tcp_client *c, const char *text);
void tcpc_close(struct tcp_client *c);
void tcpc_take(struct tcp_client *c, uint64_t limit, bool tell);
/* The segment that it would send now, to be changed and sent. */
struct tcp_seg tcpc_seg(struct tcp_client *c, unsigned flags);
void tcpc_send(struct tcp_client *c, const struct tcp_seg *s);
const struct tcp_seg *tcpc_last(const struct tcp_client *c);

#endif
