/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The simulated TCP server's scoreboard and congestion window: RFC 6675 (what is lost), 6582 (the
 * same without SACK), 5681 and 9438 (how much may be under way), and of RFC 8985 the thought that
 * what was sent before something that has arrived must have arrived, too.
 *
 * A segment is in the pipe unless it was acknowledged, SACKed, or is believed lost and was not sent
 * again. All arithmetic is on integers, so that a run is the same on every computer.
 */
#include "tcpd_conn.h"

enum { DUP_THRESH = 3, CUBIC_SPAN_MS = 1000000 };

static bool in_pipe(const struct tcpd_out *o)
{
	return o->times && !o->sacked && !o->lost;
}

/* ---- congestion window ---- */

void loss_start(struct tcpd_conn *c)
{
	c->cwnd = (uint64_t)TCPD_FIRST_SEGS * c->mss;
	c->ssthresh = UINT64_MAX;
}

/* RFC 9438 4.6 and 4.7: to seven tenths; a flow that did not reach its last maximum leaves room. */
static void cubic_reduce(struct tcpd_conn *c)
{
	struct tcpd_cubic *q = &c->cubic;

	q->w_max = c->cwnd < q->w_max ? c->cwnd * 17 / 20 : c->cwnd;
	q->epoch_us = 0;
	c->ssthresh = c->cwnd * 7 / 10;
}

static void reduce(struct tcpd_conn *c)
{
	if (c->t->conf.reno)
		c->ssthresh = c->cwnd / 2;
	else
		cubic_reduce(c);
	if (c->ssthresh < 2 * c->mss)
		c->ssthresh = 2 * c->mss;
}

static uint64_t cube_root(uint64_t x)
{
	uint64_t low = 0, high = 2642245;

	while (low < high) {
		uint64_t mid = (low + high + 1) / 2;

		if (mid * mid * mid <= x)
			low = mid;
		else
			high = mid - 1;
	}
	return low;
}

/* RFC 9438 4.2: W(t) = 0.4 (t - K)^3 + W_max, with t in ms and W in bytes. */
static uint64_t cubic_window(const struct tcpd_conn *c, uint64_t t_ms)
{
	int64_t d = (int64_t)t_ms - (int64_t)c->cubic.k_ms, w;

	if (d > CUBIC_SPAN_MS)
		d = CUBIC_SPAN_MS;
	if (d < -CUBIC_SPAN_MS)
		d = -CUBIC_SPAN_MS;
	w = 4 * d * d * d / 10000000 * (int64_t)c->mss / 1000 + (int64_t)c->cubic.w_max;
	return w > (int64_t)c->mss ? (uint64_t)w : c->mss;
}

static void cubic_begin(struct tcpd_conn *c)
{
	struct tcpd_cubic *q = &c->cubic;

	q->epoch_us = c->t->w->now_us;
	if (q->w_max < c->cwnd)
		q->w_max = c->cwnd;
	q->k_ms = cube_root((q->w_max - c->cwnd) / c->mss * 2500000000u);
	q->reno = c->cwnd;
	q->reno_acked = 0;
}

/* RFC 9438 4.3: what Reno with the same losses would have; alpha is 9/17. */
static void cubic_friend(struct tcpd_cubic *q, uint64_t acked, uint32_t mss)
{
	q->reno_acked += acked;
	while (q->reno_acked * 9 >= q->reno * 17) {
		q->reno_acked -= q->reno * 17 / 9;
		q->reno += mss;
	}
}

static void cubic_grow(struct tcpd_conn *c, uint64_t acked)
{
	struct tcpd_cubic *q = &c->cubic;
	uint64_t now, target;

	if (!q->epoch_us)
		cubic_begin(c);
	cubic_friend(q, acked, c->mss);
	now = (c->t->w->now_us - q->epoch_us) / 1000;
	target = cubic_window(c, now + c->srtt_us / 1000);
	if (target > c->cwnd * 3 / 2)
		target = c->cwnd * 3 / 2;
	if (target > c->cwnd)
		c->cwnd += (target - c->cwnd) * acked / c->cwnd;
	if (c->cwnd < q->reno)
		c->cwnd = q->reno;
}

/* RFC 5681 3.1, counting bytes. */
static void grow(struct tcpd_conn *c, uint64_t acked)
{
	if (c->cwnd < c->ssthresh)
		c->cwnd += acked;
	else if (!c->t->conf.reno)
		cubic_grow(c, acked);
	else
		c->cwnd += c->mss * acked / c->cwnd;
}

static void recovery_enter(struct tcpd_conn *c)
{
	if (c->recovering || c->in_rto)
		return;
	reduce(c);
	c->cwnd = c->ssthresh;
	c->recovering = true;
	c->recover = c->nxt;
	c->t->stats.recoveries++;
}

/* ---- scoreboard ---- */

void loss_sent(struct tcpd_conn *c, struct tcpd_out *o)
{
	if (!in_pipe(o) && !o->sacked)
		c->pipe += o->len;
	o->lost = false;
	o->times++;
	o->sent_us = c->t->w->now_us;
}

/* RFC 6298 2. */
void loss_measure(struct tcpd_conn *c, uint64_t sent_us)
{
	uint64_t rtt = c->t->w->now_us - sent_us, diff;

	diff = rtt > c->srtt_us ? rtt - c->srtt_us : c->srtt_us - rtt;
	c->rttvar_us = c->srtt_us ? (3 * c->rttvar_us + diff) / 4 : rtt / 2;
	c->srtt_us = c->srtt_us ? (7 * c->srtt_us + rtt) / 8 : rtt;
	c->srtt_us += !c->srtt_us;
	c->rto_us = c->srtt_us + 4 * c->rttvar_us;
	if (c->rto_us < TCPD_RTO_MIN_US)
		c->rto_us = TCPD_RTO_MIN_US;
}

/* Karn's rule: only what was sent once is measured. */
static void measure(struct tcpd_conn *c, const struct tcpd_out *o)
{
	if (o->times == 1)
		loss_measure(c, o->sent_us);
}

/* RFC 8985 7.2: a copy that seems to have arrived at once was not needed, and tells nothing. */
static void delivered(struct tcpd_conn *c, const struct tcpd_out *o)
{
	if (o->times > 1 && c->t->w->now_us - o->sent_us < c->srtt_us / 2)
		return;
	if (o->sent_us > c->delivered_us)
		c->delivered_us = o->sent_us;
}

/* What waited for a copy of something before it tells nothing about the round trip. */
static bool copies_acked(const struct tcpd_conn *c, uint64_t ack)
{
	for (uint32_t i = 0; i < c->out_n && out_at(c, i)->off < ack; i++)
		if (out_at(c, i)->times > 1)
			return true;
	return false;
}

static void acked_whole(struct tcpd_conn *c, const struct tcpd_out *o, bool measured)
{
	if (in_pipe(o))
		c->pipe -= o->len;
	if (!o->sacked && measured)
		measure(c, o);
	if (!o->sacked)
		delivered(c, o);
	c->fin_acked |= o->fin;
	c->out_first = (c->out_first + 1) % c->out_cap;
	c->out_n--;
}

void loss_acked(struct tcpd_conn *c, uint64_t ack)
{
	uint64_t acked = ack - c->una;
	bool limited = c->pipe * 2 >= c->cwnd || c->in_rto, measured = !copies_acked(c, ack);

	while (c->out_n && out_at(c, 0)->off + out_at(c, 0)->len <= ack)
		acked_whole(c, out_at(c, 0), measured);
	if (c->out_n && out_at(c, 0)->off < ack) {
		struct tcpd_out *o = out_at(c, 0);

		c->pipe -= in_pipe(o) ? ack - o->off : 0;
		o->len -= (uint32_t)(ack - o->off);
		o->off = ack;
	}
	c->una = ack;
	if (c->recovering && c->dup_acks > acked / c->mss) /* RFC 6582 3.2, step 3 */
		c->dup_acks -= (uint32_t)(acked / c->mss);
	else
		c->dup_acks = 0;
	c->backoff = 0;
	c->tail_probed = false;
	if ((c->recovering || c->in_rto) && ack >= c->recover) {
		c->recovering = c->in_rto = false;
		c->dup_acks = 0;
	} else if (c->recovering && !c->sack && c->out_n && !out_at(c, 0)->lost) {
		c->pipe -= out_at(c, 0)->len; /* a partial one */
		out_at(c, 0)->lost = true;
	}
	if (!c->recovering && limited)
		grow(c, acked);
}

void loss_sack(struct tcpd_conn *c, const struct tcp_seg *s)
{
	for (unsigned b = 0; b < s->sacks; b++) {
		uint64_t left =
			c->una + (uint64_t)(int64_t)seq_diff(s->sack[b][0], seq_at(c, c->una));
		uint64_t right = left + (s->sack[b][1] - s->sack[b][0]);

		for (uint32_t i = 0; i < c->out_n; i++) {
			struct tcpd_out *o = out_at(c, i);

			if (o->sacked || o->off < left || o->off + o->len - o->fin > right)
				continue;
			if (o->off + o->len > right) { /* all but the FIN, which may not have
							  been kept */
				delivered(c, o);
				continue;
			}
			if (in_pipe(o))
				c->pipe -= o->len;
			measure(c, o);
			delivered(c, o);
			o->sacked = true;
			o->lost = false;
		}
	}
}

static bool is_lost(const struct tcpd_conn *c, const struct tcpd_out *o, unsigned sacked_above)
{
	if (o->times == 1 && sacked_above >= DUP_THRESH)
		return true;
	return !c->t->conf.classic && o->sent_us + c->srtt_us / 4 < c->delivered_us;
}

void loss_detect(struct tcpd_conn *c)
{
	unsigned above = 0;
	bool found = false;

	for (uint32_t i = c->sack ? c->out_n : 0; i--;) {
		struct tcpd_out *o = out_at(c, i);

		above += o->sacked;
		if (!in_pipe(o) || !is_lost(c, o, above))
			continue;
		c->pipe -= o->len;
		o->lost = found = true;
	}
	if (found)
		recovery_enter(c);
}

/* RFC 5681 3.2: without SACK the third duplicate tells that the first segment is lost. */
void loss_dup_ack(struct tcpd_conn *c)
{
	c->dup_acks++;
	if (c->sack || c->dup_acks != DUP_THRESH || c->recovering || c->in_rto || !c->out_n)
		return;
	if (in_pipe(out_at(c, 0)))
		c->pipe -= out_at(c, 0)->len;
	out_at(c, 0)->lost = true;
	recovery_enter(c);
}

/* RFC 6298 5.4-5.7, RFC 5681 3.1: all that is not SACKed counts as lost. */
void loss_timeout(struct tcpd_conn *c)
{
	if (!c->in_rto)
		reduce(c);
	for (uint32_t i = 0; i < c->out_n; i++)
		out_at(c, i)->lost = !out_at(c, i)->sacked;
	c->pipe = 0;
	c->cwnd = c->mss;
	c->cubic.epoch_us = 0;
	c->dup_acks = 0;
	c->recovering = false;
	c->in_rto = true;
	c->recover = c->nxt;
}

struct tcpd_out *loss_next(const struct tcpd_conn *c)
{
	for (uint32_t i = 0; i < c->out_n; i++)
		if (out_at(c, i)->lost)
			return out_at(c, i);
	return NULL;
}
