/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the parts of the simulated TCP server (tcpd.h): input and life, output, loss. */
#ifndef SIM_TCPD_CONN_H
#define SIM_TCPD_CONN_H

#include "tcpd.h"

/* tcpd.c */
void conn_blame(struct tcpd_conn *c, bool judged, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void conn_timer(struct tcpd_conn *c, enum tcpd_timer what, uint64_t delta_us);
void conn_give_up(struct tcpd_conn *c);

/* tcpd_send.c: segments */
static inline uint32_t seq_at(const struct tcpd_conn *c, uint64_t off)
{
	return c->iss + 1 + (uint32_t)off;
}

static inline struct tcpd_out *out_at(const struct tcpd_conn *c, uint32_t i)
{
	return &c->out[(c->out_first + i) % c->out_cap];
}

void conn_send_ack(struct tcpd_conn *c);
void conn_send_syn(struct tcpd_conn *c);
void conn_send_reset(struct tcpd_conn *c);
/* Sends what may be sent; false when that was nothing. */
bool conn_output(struct tcpd_conn *c);
/* The wire is free again: who waits for it has its turn. ctx: struct sim_tcpd. */
void tcpd_wire_free(void *ctx);
void conn_leave_wire(struct tcpd_conn *c);
void conn_timeout(struct tcpd_conn *c); /* RTO, tail probe or persist, as the timer says */
void conn_set_timer(struct tcpd_conn *c);

/* tcpd_loss.c: the scoreboard and the congestion window */
void loss_start(struct tcpd_conn *c);
void loss_measure(struct tcpd_conn *c, uint64_t sent_us); /* a round trip ends now */
void loss_sent(struct tcpd_conn *c, struct tcpd_out *o);  /* o goes out, now */
void loss_acked(struct tcpd_conn *c, uint64_t ack);	  /* una moves to ack */
void loss_sack(struct tcpd_conn *c, const struct tcp_seg *s);
void loss_dup_ack(struct tcpd_conn *c);
void loss_detect(struct tcpd_conn *c);
void loss_timeout(struct tcpd_conn *c);
/* The first segment to send again; NULL: none. */
struct tcpd_out *loss_next(const struct tcpd_conn *c);

#endif
