/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP segments as the simulated ends see them: header and the options of RFC 9293 3.2, 7323 and
 * 2018, to and from a struct. What a liar sends in the place of options goes out byte by byte.
 */
#ifndef SIM_TCP_SEG_H
#define SIM_TCP_SEG_H

#include "host.h"

#define TCP_HEAD      20u
#define TCP_HEAD_MAX  60u
#define TCP_SACKS_MAX 4u

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16, TCP_URG = 32 };

struct tcp_seg {
	uint32_t src_ip, dst_ip; /* src 0: the host's own */
	uint16_t src_port, dst_port;
	uint32_t seq, ack;
	uint8_t flags;
	uint16_t window, urgent; /* window as on the wire, not scaled */
	uint16_t mss;		 /* 0: no such option */
	bool has_scale, sack_ok, has_ts;
	uint8_t scale;
	uint32_t ts, ts_echo;
	uint32_t sack[TCP_SACKS_MAX][2]; /* left and right edge */
	unsigned sacks;
	const uint8_t *raw; /* options in the place of those above; NULL: none */
	uint32_t raw_len;   /* at most 40, a multiple of 4 */
	const uint8_t *data;
	uint32_t len;
	bool sum_bad;
};

/* Differences of sequence numbers, RFC 9293 3.4. */
static inline int32_t seq_diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

/* What is wrong with the segment in a packet, NULL for nothing. s->data borrows from in. */
const char *seg_parse(struct tcp_seg *s, const struct host_in *in);
void seg_send(struct sim_host *h, const struct tcp_seg *s);

#endif
