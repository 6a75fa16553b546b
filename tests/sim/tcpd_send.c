/* SPDX-License-Identifier: BSD-2-Clause */
/* What the simulated TCP server (tcpd.h) sends: segments, when, and what the tricks make of them.
 */
#include "tcpd_conn.h"

#include <stdlib.h>

enum { WINDOW = 65536, OUT_SEGS = 64, TAIL_MIN_US = 10000 };

/* ---- one segment ---- */

static uint64_t window_now(struct tcpd_conn *c)
{
	const struct tcpd_tricks *k = &c->t->conf.tricks;

	if (c->t->w->now_us - c->opened_us < k->closed_us)
		return 0;
	return k->shrinks ? 50 + rand_below(&c->t->h->rng, 2000) : WINDOW;
}

static uint32_t ts_now(const struct tcpd_conn *c)
{
	return c->ts_offset + (uint32_t)(c->t->w->now_us / 1000);
}

static void lie_in_sacks(struct tcpd_conn *c, struct tcp_seg *s)
{
	uint32_t rcv = c->irs + 1 + (uint32_t)c->rcv;
	const uint32_t lie[][2] = {{rcv + 1, rcv}, {rcv - 70000, rcv + 0x70000000},
		{rcv + 0x7fffffff, rcv - 0x7fffffff}, {0, 0xffffffff}, {rcv + 5, rcv + 5},
		{rcv - 1, rcv + 1}};

	s->sacks = c->timestamps ? 3 : 4;
	for (unsigned i = 0; i < s->sacks; i++)
		memcpy(s->sack[i], lie[rand_below(&c->t->h->rng, 6)], sizeof(lie[0]));
}

static struct tcp_seg seg_of(struct tcpd_conn *c, uint64_t off, unsigned flags)
{
	uint64_t window = window_now(c);
	struct tcp_seg s = {
		.dst_ip = c->ip,
		.src_port = c->local_port,
		.dst_port = c->port,
		.seq = seq_at(c, off),
		.ack = c->irs + 1 + (uint32_t)c->rcv + c->fin_heard,
		.flags = (uint8_t)(flags | TCP_ACK),
		.window = (uint16_t)(c->scale_out ? window >> c->scale_out
						  : (window > 65535 ? 65535 : window)),
		.has_ts = c->timestamps,
		.ts = ts_now(c),
		.ts_echo = c->ts_recent,
	};

	if (c->rcv_right < c->rcv + window)
		c->rcv_right = c->rcv + window;
	if (c->t->conf.tricks.sack_lies && c->sack && c->established)
		lie_in_sacks(c, &s);
	if (c->t->conf.tricks.urgent && c->established) {
		s.flags |= TCP_URG;
		s.urgent = 0xffff;
	}
	return s;
}

static void seg_out(struct tcpd_conn *c, const struct tcp_seg *s)
{
	if (c->silent)
		return;
	c->causes++;
	seg_send(c->t->h, s);
}

void conn_send_ack(struct tcpd_conn *c)
{
	struct tcp_seg s = seg_of(c, c->nxt, 0);

	if (c->fin_heard && c->t->conf.tricks.forgets_fin)
		return;
	c->causes -= !c->silent; /* no reason for an ACK */
	seg_out(c, &s);
}

void conn_send_reset(struct tcpd_conn *c)
{
	struct tcp_seg s = seg_of(c, c->nxt, TCP_RST);

	c->t->stats.resets_out++;
	seg_out(c, &s);
}

static void send_bad_syn_ack(struct tcpd_conn *c)
{
	struct tcp_seg s = seg_of(c, 0, TCP_SYN);

	s.seq = c->iss;
	s.ack += 1000;
	if (c->t->conf.tricks.syn_reset_wrong) {
		s.flags = TCP_RST | TCP_ACK;
		seg_out(c, &s);
		s.flags = TCP_SYN | TCP_ACK;
	}
	seg_out(c, &s);
}

void conn_send_syn(struct tcpd_conn *c)
{
	const struct tcpd_conf *f = &c->t->conf;
	struct tcp_seg s = seg_of(c, 0, TCP_SYN);
	uint64_t window = window_now(c);

	if (c->syns++ < f->tricks.bad_syn_acks) {
		send_bad_syn_ack(c);
		return;
	}
	s.seq = c->iss;
	s.window = (uint16_t)(window > 65535 ? 65535 : window); /* never scaled: RFC 7323 2.2 */
	s.mss = f->mss ? f->mss : 1460;
	s.sack_ok = c->sack;
	s.has_scale = c->scale_out != 0;
	s.scale = (uint8_t)c->scale_out;
	s.raw = f->tricks.syn_options;
	s.raw_len = f->tricks.syn_options_len;
	seg_out(c, &s);
}

/* ---- tricks with data ---- */

static void send_copies(struct tcpd_conn *c, struct tcp_seg *s, uint8_t *data)
{
	const struct tcpd_tricks *k = &c->t->conf.tricks;
	uint64_t n = c->t->stats.segs_out;

	if (k->sum_bad && n % k->sum_bad == 0) {
		s->sum_bad = true;
		seg_out(c, s);
		s->sum_bad = false;
	}
	if (k->probes) {
		struct tcp_seg probe = *s;

		probe.seq = seq_at(c, c->una) - 1;
		probe.len = 1;
		seg_out(c, &probe);
	}
	seg_out(c, s);
	if (!s->len)
		return;
	memset(data, 'X', s->len);
	if (k->rewrites && n % k->rewrites == 0)
		seg_out(c, s);
	if (k->rewinds && n % k->rewinds == 0 && c->una > s->len) {
		s->seq = seq_at(c, c->una - s->len);
		s->flags &= (uint8_t)~TCP_FIN;
		seg_out(c, s);
	}
}

static void send_out(struct tcpd_conn *c, struct tcpd_out *o)
{
	uint32_t len = o->len - o->fin;
	uint8_t *data = sim_alloc(len);
	struct tcp_seg s = seg_of(c, o->off, o->fin ? TCP_FIN : 0);
	struct tcpd_stats *st = &c->t->stats;

	if (o->off + len == c->end)
		s.flags |= TCP_PSH;
	if (len)
		c->app->pull(c, o->off, data, len);
	s.data = data;
	s.len = len;
	s.raw = c->t->conf.tricks.data_options;
	s.raw_len = c->t->conf.tricks.data_options_len;
	st->resent += o->times != 0;
	st->resent_bytes += o->times ? len : 0;
	st->segs_out++;
	st->bytes_out += len;
	loss_sent(c, o);
	c->last_sent_us = c->t->w->now_us;
	send_copies(c, &s, data);
	free(data);
}

/* ---- what may be sent ---- */

static struct tcpd_out *out_add(struct tcpd_conn *c)
{
	struct tcpd_out *old = c->out;
	uint32_t cap = c->out_cap ? c->out_cap * 2 : OUT_SEGS;

	if (c->out_n == c->out_cap) {
		c->out = sim_alloc(cap * sizeof(*c->out));
		for (uint32_t i = 0; i < c->out_n; i++)
			c->out[i] = old[(c->out_first + i) % c->out_cap];
		c->out_first = 0;
		c->out_cap = cap;
		free(old);
	}
	memset(out_at(c, c->out_n), 0, sizeof(*c->out));
	return out_at(c, c->out_n++);
}

/* What the network is believed to hold; without SACK each duplicate ACK tells of a segment that
 * left it. */
static uint64_t in_network(const struct tcpd_conn *c)
{
	uint64_t gone = c->sack ? 0 : (uint64_t)c->dup_acks * c->mss;

	return gone < c->pipe ? c->pipe - gone : 0;
}

static bool cwnd_allows(const struct tcpd_conn *c, uint32_t len)
{
	return !in_network(c) || in_network(c) + len <= c->cwnd;
}

/* How long a new segment may be now; *fin: it ends the stream. 0: none may go. RFC 9293
 * 3.8.6.2.1 keeps small ones back that only the window makes small. */
static uint32_t new_len(struct tcpd_conn *c, bool *fin)
{
	uint64_t left = c->end - c->nxt, window = c->right > c->nxt ? c->right - c->nxt : 0;
	uint64_t most = c->mss, len;

	*fin = false;
	if (c->fin_sent)
		return 0;
	if (c->t->conf.tricks.payload_max && c->t->conf.tricks.payload_max < most)
		most = c->t->conf.tricks.payload_max;
	len = left < most ? left : most;
	if (len && c->app->cut)
		len = c->app->cut(c, c->nxt, (uint32_t)len);
	if (len > window) {
		if (c->out_n)
			return 0;
		len = window;
	}
	*fin = c->closing && len == left && len < window;
	return (uint32_t)len + *fin;
}

/* RFC 5681 4.1: who has been silent for long does not know the network any more. */
static void restart_window(struct tcpd_conn *c)
{
	uint64_t first = (uint64_t)TCPD_FIRST_SEGS * c->mss;

	if (c->out_n || c->t->w->now_us - c->last_sent_us <= c->rto_us)
		return;
	if (c->cwnd > first)
		c->cwnd = first;
}

/* ---- the own wire, in turns ---- */

static void wire_wait(struct sim_tcpd *t)
{
	uint64_t backlog = port_backlog_us(&t->h->port);

	if (t->wire_first && !event_waits(&t->wire))
		world_in(t->w, &t->wire,
			backlog > TCPD_BACKLOG_US / 2 ? backlog - TCPD_BACKLOG_US / 2 : 0);
}

/* What is queued there is enough, or others were first: c comes when it is its turn. */
static bool wire_is_full(struct tcpd_conn *c)
{
	struct sim_tcpd *t = c->t;
	struct tcpd_conn **at = &t->wire_first;

	if (port_backlog_us(&t->h->port) <= TCPD_BACKLOG_US &&
		(!t->wire_first || t->wire_turn == c))
		return false;
	while (*at && !c->wire_waits)
		at = &(*at)->wire_next;
	if (!c->wire_waits)
		*at = c;
	c->wire_waits = true;
	wire_wait(t);
	return true;
}

void conn_leave_wire(struct tcpd_conn *c)
{
	struct tcpd_conn **at = &c->t->wire_first;

	while (*at && *at != c)
		at = &(*at)->wire_next;
	if (*at)
		*at = c->wire_next;
	c->wire_next = NULL;
	c->wire_waits = false;
}

void tcpd_wire_free(void *ctx)
{
	struct sim_tcpd *t = ctx;

	while (t->wire_first && port_backlog_us(&t->h->port) <= TCPD_BACKLOG_US) {
		t->wire_turn = t->wire_first;
		conn_leave_wire(t->wire_turn);
		conn_output(t->wire_turn);
	}
	t->wire_turn = NULL;
	wire_wait(t);
}

bool conn_output(struct tcpd_conn *c)
{
	bool sent = false;

	if (!c->established || c->dead || c->silent)
		return false;
	restart_window(c);
	for (;;) {
		struct tcpd_out *o = loss_next(c);
		bool fin = false;
		uint32_t len = o ? o->len : new_len(c, &fin);

		if (!len || ((!o || c->sack) && !cwnd_allows(c, len)) || wire_is_full(c))
			break;
		if (!o) {
			o = out_add(c);
			o->off = c->nxt;
			o->len = len;
			o->fin = fin;
			c->nxt += len;
			c->fin_sent |= fin;
			if (c->timer_for == TIMER_TAIL)
				conn_timer(c, TIMER_NONE, 0);
		}
		if (o == out_at(c, 0) && o->times) /* as Linux does: its own chance for the copy */
			conn_timer(c, TIMER_NONE, 0);
		send_out(c, o);
		sent = true;
	}
	conn_set_timer(c);
	return sent;
}

/* ---- time ---- */

static uint64_t backed_off(const struct tcpd_conn *c)
{
	uint64_t us = c->rto_us;

	for (unsigned i = 0; i < c->backoff && us < TCPD_RTO_MAX_US; i++)
		us *= 2;
	return us < TCPD_RTO_MAX_US ? us : TCPD_RTO_MAX_US;
}

static bool may_probe_tail(const struct tcpd_conn *c)
{
	return !c->t->conf.classic && c->sack && !c->recovering && !c->in_rto && !c->tail_probed &&
	       c->srtt_us && !c->backoff;
}

static enum tcpd_timer wanted_timer(const struct tcpd_conn *c)
{
	if (c->out_n)
		return may_probe_tail(c) ? TIMER_TAIL : TIMER_RTO;
	if (c->right <= c->nxt && (c->nxt < c->end || (c->closing && !c->fin_sent)))
		return TIMER_PERSIST;
	return TIMER_NONE;
}

/* RFC 6298 5.1-5.3: one that runs for the same purpose runs on; progress has stopped it. RFC 8985
 * 7.2 for the tail. */
void conn_set_timer(struct tcpd_conn *c)
{
	enum tcpd_timer wanted = wanted_timer(c);
	uint64_t tail = 2 * c->srtt_us > TAIL_MIN_US ? 2 * c->srtt_us : TAIL_MIN_US;

	if (c->dead || c->silent || c->timer_for == TIMER_TIME_WAIT)
		return;
	if (wanted == c->timer_for && event_waits(&c->timer))
		return;
	conn_timer(c, wanted, wanted == TIMER_TAIL && tail < c->rto_us ? tail : backed_off(c));
}

/* A byte beyond the window, or the FIN there. */
static void persist_probe(struct tcpd_conn *c)
{
	uint8_t byte = 0;
	struct tcp_seg s = seg_of(c, c->nxt, c->nxt == c->end ? TCP_FIN : 0);

	if (c->nxt < c->end) {
		c->app->pull(c, c->nxt, &byte, 1);
		s.data = &byte;
		s.len = 1;
	}
	c->t->stats.probes++;
	c->probed = c->nxt + 1;
	seg_out(c, &s);
}

/* The last segment again: its SACK tells what is missing before it. */
static void tail_probe(struct tcpd_conn *c)
{
	uint32_t i = c->out_n - 1;

	while (i && out_at(c, i)->sacked)
		i--;
	c->t->stats.tail_probes++;
	c->tail_probed = true;
	send_out(c, out_at(c, i));
	conn_set_timer(c);
}

void conn_timeout(struct tcpd_conn *c)
{
	if (c->timer_for == TIMER_TAIL) {
		tail_probe(c);
		return;
	}
	c->backoff++;
	if (++c->unheard > TCPD_TRIES) {
		conn_give_up(c);
		return;
	}
	if (c->timer_for == TIMER_PERSIST) {
		persist_probe(c);
		conn_set_timer(c);
		return;
	}
	c->t->stats.timeouts++;
	loss_timeout(c);
	conn_output(c);
}
