/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The simulated TCP server of tcpd.h: connections from SYN to the end, and the judge of what
 * clients send, in the order of RFC 9293 3.10.7. Output is in tcpd_send.c, loss in tcpd_loss.c.
 */
#include "tcpd_conn.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SCALE = 7, ACKS_FREE = 16 };

void conn_blame(struct tcpd_conn *c, bool judged, const char *fmt, ...)
{
	char text[120];
	va_list ap;

	c->t->stats.bad++;
	if (!judged)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	world_violation(c->t->w, c->t->h->name, "TCP %s:%u: %s", ip_text(c->ip), c->port, text);
}

/* ---- life ---- */

static struct tcpd_conn **conn_place(struct sim_tcpd *t, uint32_t ip, uint16_t port)
{
	return &t->bucket[rand_mix((uint64_t)ip << 16 | port) % TCPD_BUCKETS];
}

static struct tcpd_conn *conn_find(struct sim_tcpd *t, const struct tcp_seg *s)
{
	struct tcpd_conn *c = *conn_place(t, s->src_ip, s->src_port);

	while (c && (c->dead || c->ip != s->src_ip || c->port != s->src_port ||
			    c->local_port != s->dst_port))
		c = c->next;
	return c;
}

static void conn_free(struct tcpd_conn *c)
{
	struct tcpd_conn **at = conn_place(c->t, c->ip, c->port);

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	world_cancel(c->t->w, &c->timer);
	free(c->out);
	free(c);
}

/* One ACK a segment, some more for duplicates that the network makes, and one now and then. */
static void check_acks(struct tcpd_conn *c)
{
	uint64_t silence = (c->t->w->now_us - c->opened_us) / TCPD_ACK_EVERY_US;

	if (!c->t->conf.attacked && c->acks > c->causes * 3 / 2 + silence + ACKS_FREE)
		conn_blame(
			c, true, "%u ACKs for %u segments", (unsigned)c->acks, (unsigned)c->causes);
}

/* The app hears of the end; c goes when nobody is inside of it. */
static void conn_end(struct tcpd_conn *c)
{
	if (c->dead)
		return;
	c->dead = true;
	c->t->active -= c->timer_for != TIMER_TIME_WAIT;
	world_cancel(c->t->w, &c->timer);
	conn_leave_wire(c);
	check_acks(c);
	if (c->app->gone)
		c->app->gone(c);
	if (!c->busy)
		conn_free(c);
}

static void conn_leave(struct tcpd_conn *c)
{
	if (!--c->busy && c->dead)
		conn_free(c);
}

void conn_give_up(struct tcpd_conn *c)
{
	world_trace(c->t->w, c->t->h->name, "gives up on %s:%u", ip_text(c->ip), c->port);
	c->t->stats.given_up++;
	conn_end(c);
}

/* Both directions are closed. Who closed first waits for stray segments. */
static void conn_finish(struct tcpd_conn *c)
{
	if (!c->fin_acked || !c->fin_heard || c->timer_for == TIMER_TIME_WAIT)
		return;
	c->t->stats.closed++;
	if (!c->closed_first) {
		conn_end(c);
		return;
	}
	c->t->active--;
	conn_timer(c, TIMER_TIME_WAIT, TCPD_TIME_WAIT_US);
}

static void conn_woken(void *ctx)
{
	struct tcpd_conn *c = ctx;

	c->busy++;
	if (c->timer_for == TIMER_TIME_WAIT) {
		conn_end(c);
	} else if (c->timer_for != TIMER_SYN) {
		conn_timeout(c);
	} else if (++c->unheard > TCPD_TRIES / 2) {
		conn_give_up(c);
	} else {
		conn_send_syn(c);
		conn_timer(c, TIMER_SYN, (uint64_t)TCPD_SYN_US << c->unheard);
	}
	conn_leave(c);
}

void conn_timer(struct tcpd_conn *c, enum tcpd_timer what, uint64_t delta_us)
{
	c->timer_for = what;
	if (what == TIMER_NONE)
		world_cancel(c->t->w, &c->timer);
	else
		world_in(c->t->w, &c->timer, delta_us);
}

/* ---- SYN ---- */

static void conn_log(struct tcpd_conn *c)
{
	struct sim_tcpd *t = c->t;

	if (t->seens == t->seen_cap) {
		t->seen_cap = t->seen_cap ? t->seen_cap * 2 : 16;
		t->seen = sim_grow(t->seen, t->seen_cap * sizeof(*t->seen));
	}
	t->seen[t->seens++] = (struct tcpd_seen){
		.at_us = t->w->now_us, .ip = c->ip, .port = c->port, .isn = c->irs};
	world_trace(t->w, t->h->name, "TCP connection from %s:%u", ip_text(c->ip), c->port);
}

static void conn_agree(struct tcpd_conn *c, const struct tcp_seg *s)
{
	const struct tcpd_conf *f = &c->t->conf;
	uint32_t mss = f->mss ? f->mss : 1460, theirs = s->mss ? s->mss : 536;

	c->mss = mss < theirs ? mss : theirs;
	c->sack = s->sack_ok && !f->no_sack;
	c->timestamps = s->has_ts && !f->no_timestamps;
	if (s->has_scale && !f->no_scale) {
		c->scale_in = s->scale;
		c->scale_out = SCALE;
	}
	if (c->timestamps)
		c->mss -= 12; /* RFC 6691 */
	c->ts_recent = s->ts;
}

static void check_syn(struct tcpd_conn *c, const struct tcp_seg *s, const struct host_in *in)
{
	if (!s->mss)
		conn_blame(c, in->judged, "SYN without MSS");
	if (s->len || s->flags != TCP_SYN || s->ack)
		conn_blame(c, in->judged, "SYN with data, an ack or flags %02x", s->flags);
	if (s->has_ts && s->ts_echo)
		conn_blame(c, in->judged, "SYN echoes a timestamp");
}

static void conn_open(
	struct sim_tcpd *t, const struct tcp_seg *s, const struct host_in *in, unsigned listener)
{
	struct tcpd_conn *c = sim_alloc(sizeof(*c));
	struct tcpd_conn **at = conn_place(t, s->src_ip, s->src_port);

	c->t = t;
	c->app = t->listener[listener].app;
	c->app_ctx = t->listener[listener].ctx;
	c->ip = s->src_ip;
	c->port = s->src_port;
	c->local_port = s->dst_port;
	c->irs = s->seq;
	c->judged = in->judged;
	c->iss = (uint32_t)rand_next(&t->h->rng);
	c->ts_offset = (uint32_t)rand_next(&t->h->rng);
	c->opened_us = t->w->now_us;
	c->rto_us = TCPD_SYN_US;
	c->next = *at;
	*at = c;
	event_init(&c->timer, conn_woken, c);
	conn_agree(c, s);
	check_syn(c, s, in);
	conn_log(c);
	loss_start(c);
	t->stats.opens++;
	t->active++;
	conn_send_syn(c);
	conn_timer(c, TIMER_SYN, TCPD_SYN_US);
}

/* RFC 9293 3.10.7.1: who speaks to nobody is told so. */
static void reset_stray(struct sim_tcpd *t, const struct tcp_seg *s)
{
	bool acks = s->flags & TCP_ACK;
	const struct tcp_seg rst = {
		.dst_ip = s->src_ip,
		.src_port = s->dst_port,
		.dst_port = s->src_port,
		.seq = acks ? s->ack : 0,
		.ack = acks ? 0 : s->seq + s->len + ((s->flags & TCP_SYN) != 0),
		.flags = acks ? TCP_RST : TCP_RST | TCP_ACK,
	};

	t->stats.no_conn++;
	if (s->flags & TCP_RST)
		return;
	t->stats.resets_out++;
	seg_send(t->h, &rst);
}

static void seg_to_nobody(struct sim_tcpd *t, const struct tcp_seg *s, const struct host_in *in)
{
	for (unsigned i = 0; i < 8 && !t->closed; i++)
		if (t->listener[i].port == s->dst_port &&
			(s->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN) {
			conn_open(t, s, in, i);
			return;
		}
	reset_stray(t, s);
}

static void handshake(struct tcpd_conn *c, const struct tcp_seg *s)
{
	if (s->flags & TCP_SYN) {
		if (s->seq == c->irs)
			conn_send_syn(c);
	} else if (s->flags & TCP_RST) {
		c->t->stats.resets_in++;
		if (s->seq == c->irs + 1) /* what a bad SYN-ACK deserves has another number */
			conn_end(c);
	} else if (s->flags & TCP_ACK && s->ack == c->iss + 1) {
		c->established = true;
		c->unheard = 0;
		if (c->syns == 1)
			loss_measure(c, c->opened_us);
		c->right = (uint64_t)s->window << c->scale_in;
		c->window_seq = s->seq;
		c->window_ack = s->ack;
		conn_timer(c, TIMER_NONE, 0);
		if (c->app->opened)
			c->app->opened(c);
	} else if (s->flags & TCP_ACK) {
		reset_stray(c->t, s);
	}
}

/* ---- acknowledgements ---- */

static void check_sacks(struct tcpd_conn *c, const struct tcp_seg *s, bool judged)
{
	if (s->sacks && !c->sack)
		conn_blame(c, judged, "SACK was not agreed");
	for (unsigned i = 0; i < s->sacks; i++) {
		int32_t left = seq_diff(s->sack[i][0], s->ack);
		int32_t right = seq_diff(s->sack[i][1], s->ack);
		bool copy = !i && right <= 0; /* RFC 2883: the first may tell of a duplicate */

		if (s->sacks > 1 && !i && left >= seq_diff(s->sack[1][0], s->ack) &&
			right <= seq_diff(s->sack[1][1], s->ack))
			copy = true;
		if (right <= left || (!copy && left <= 0) ||
			seq_diff(s->sack[i][1], seq_at(c, c->nxt)) > 0)
			conn_blame(c, judged, "SACK %d..%d behind the ACK, %d was sent", left,
				right, seq_diff(seq_at(c, c->nxt), s->ack));
	}
}

/* RFC 9293 3.10.7.4. The right edge may go back by less than the scale can say (RFC 7323 2.4). */
static void take_window(struct tcpd_conn *c, const struct tcp_seg *s, uint64_t ack, bool judged)
{
	uint64_t right = ack + ((uint64_t)s->window << c->scale_in);
	int32_t newer = seq_diff(s->seq, c->window_seq);

	if (newer < 0 || (!newer && seq_diff(s->ack, c->window_ack) < 0))
		return;
	/* Of two with equal numbers nobody knows which one is older when links change the order. */
	if (right + (1u << c->scale_in) <= c->right && s->ack != c->window_ack)
		conn_blame(c, judged, "window's right edge moves back by %u",
			(unsigned)(c->right - right));
	c->window_seq = s->seq;
	c->window_ack = s->ack;
	c->right = right;
	if (c->nxt < right && c->timer_for == TIMER_PERSIST)
		c->backoff = 0;
}

static void take_probed(struct tcpd_conn *c, uint64_t ack)
{
	c->fin_sent |= ack > c->end;
	c->fin_acked |= ack > c->end;
	c->nxt = ack;
}

/* False: the segment goes no further. */
static bool take_ack(struct tcpd_conn *c, const struct tcp_seg *s, const struct host_in *in)
{
	int32_t d = seq_diff(s->ack, seq_at(c, c->una));
	uint64_t ack = c->una + (uint64_t)(int64_t)d;

	if (d > 0 && ack > c->nxt && ack == c->probed)
		take_probed(c, ack);
	if (d > 0 && ack > c->nxt) {
		conn_blame(c, in->judged, "acknowledges %u bytes that were not sent",
			(unsigned)(ack - c->nxt));
		conn_send_ack(c);
		return false;
	}
	if (d < 0)
		return d > -0x40000000;
	check_sacks(c, s, in->judged);
	if (!d && c->out_n && !s->len && !(s->flags & TCP_FIN)) {
		c->t->stats.dup_acks++;
		loss_dup_ack(c);
	}
	if (d > 0) {
		loss_acked(c, ack);
		conn_timer(c, TIMER_NONE, 0);
		if (c->app->acked)
			c->app->acked(c);
	}
	c->t->stats.sacks += s->sacks != 0;
	if (c->sack)
		loss_sack(c, s);
	loss_detect(c);
	take_window(c, s, ack, in->judged);
	if (c->t->conf.tricks.silent_at && c->una >= c->t->conf.tricks.silent_at) {
		c->silent = true;
		conn_timer(c, TIMER_NONE, 0);
	}
	return !c->dead;
}

/* ---- data ---- */

/* Every copy of a byte must be the same. What is new is kept for that. */
static void check_copies(struct tcpd_conn *c, const struct tcp_seg *s, uint64_t off, bool judged)
{
	for (uint32_t i = 0; i < s->len && off + i < TCPD_HEARD_MAX; i++) {
		if (off + i < c->rcv && c->heard[off + i] != s->data[i]) {
			conn_blame(c, judged, "byte %u differs in a copy", (unsigned)(off + i));
			return;
		}
		c->heard[off + i] = s->data[i];
	}
}

static void take_data(struct tcpd_conn *c, const struct tcp_seg *s, const struct host_in *in)
{
	int32_t d = seq_diff(s->seq, c->irs + 1 + (uint32_t)c->rcv);
	uint64_t off = c->rcv + (uint64_t)(int64_t)d, old = (uint64_t)(-(int64_t)d), right;

	if (d > 0 || c->fin_heard || old > s->len) {
		conn_send_ack(c); /* a hole before it, or nothing new */
		return;
	}
	right = off + s->len;
	if (right > c->rcv_right) {
		if (right > c->rcv_right + 1)
			conn_blame(c, in->judged, "%u bytes beyond the window",
				(unsigned)(right - c->rcv_right));
		conn_send_ack(c);
		return;
	}
	check_copies(c, s, off, in->judged);
	c->rcv = right;
	if (c->app->rx && old < s->len)
		c->app->rx(c, s->data + old, s->len - (uint32_t)old);
	if (s->flags & TCP_FIN && !c->dead) {
		c->fin_heard = true;
		c->closed_first = c->fin_sent;
		if (c->app->fin)
			c->app->fin(c);
	}
	if (!c->dead && (!conn_output(c) || old == s->len))
		conn_send_ack(c);
}

/* ---- one segment ---- */

static bool is_acceptable(const struct tcpd_conn *c, const struct tcp_seg *s)
{
	int32_t d = seq_diff(s->seq, c->irs + 1 + (uint32_t)c->rcv + c->fin_heard);

	return d >= -(int32_t)s->len - 65536 && d <= 65536;
}

/* RFC 7323 3.2 and 5.3. False: drop it. */
static bool take_timestamp(struct tcpd_conn *c, const struct tcp_seg *s, const struct host_in *in)
{
	uint32_t now = c->ts_offset + (uint32_t)(c->t->w->now_us / 1000);

	if (!c->timestamps || s->flags & TCP_RST)
		return true;
	if (!s->has_ts) {
		conn_blame(c, in->judged, "no timestamp, though agreed");
		return false;
	}
	if (seq_diff(s->ts_echo, now) > 0 ||
		seq_diff(s->ts_echo, c->ts_offset + (uint32_t)(c->opened_us / 1000)) < 0)
		conn_blame(c, in->judged, "echoes timestamp %u, which was not sent", s->ts_echo);
	if (seq_diff(s->ts, c->ts_recent) < 0)
		return false;
	if (seq_diff(s->seq, c->irs + 1 + (uint32_t)c->rcv) <= 0)
		c->ts_recent = s->ts;
	return true;
}

/* RFC 5961 3.2 and 4.2. True: it was a RST or SYN, and dealt with. */
static bool take_reset(struct tcpd_conn *c, const struct tcp_seg *s)
{
	int32_t d = seq_diff(s->seq, c->irs + 1 + (uint32_t)c->rcv + c->fin_heard);

	if (s->flags & TCP_RST) {
		if (!d) {
			c->t->stats.resets_in++;
			world_trace(
				c->t->w, c->t->h->name, "%s:%u resets", ip_text(c->ip), c->port);
			conn_end(c);
		} else if (d > 0 && d < 65536) {
			conn_send_ack(c);
		}
		return true;
	}
	if (s->flags & TCP_SYN)
		conn_send_ack(c);
	return s->flags & TCP_SYN;
}

static void conn_in(struct tcpd_conn *c, const struct tcp_seg *s, const struct host_in *in)
{
	if (!take_timestamp(c, s, in) || !is_acceptable(c, s)) {
		if (!(s->flags & TCP_RST))
			conn_send_ack(c);
		return;
	}
	if (take_reset(c, s))
		return;
	c->unheard = 0;
	c->acks += !s->len && !(s->flags & TCP_FIN) && !in->copy;
	if (!(s->flags & TCP_ACK)) {
		conn_blame(c, in->judged, "segment without ACK");
		return;
	}
	if (s->flags & TCP_URG)
		conn_blame(c, in->judged, "urgent data");
	if (!take_ack(c, s, in))
		return;
	if (s->len || s->flags & TCP_FIN)
		take_data(c, s, in);
	else if (seq_diff(s->seq, c->irs + 1 + (uint32_t)c->rcv + c->fin_heard) < 0)
		conn_send_ack(c); /* a probe */
	if (!c->dead) {
		conn_output(c);
		conn_finish(c);
	}
}

/* RFC 9293 3.10.7.4 in TIME-WAIT, RFC 1122 4.2.2.13. True: it was the end, and s opens anew. */
static bool in_time_wait(struct tcpd_conn *c, const struct tcp_seg *s)
{
	if (s->flags & TCP_SYN && !(s->flags & TCP_RST) &&
		seq_diff(s->seq, c->irs + 1 + (uint32_t)c->rcv) > 0) {
		conn_end(c);
		return true;
	}
	if (s->len || s->flags & (TCP_FIN | TCP_SYN))
		conn_send_ack(c);
	return false;
}

static void tcpd_rx(void *ctx, const struct host_in *in)
{
	struct sim_tcpd *t = ctx;
	struct tcp_seg s;
	const char *wrong = seg_parse(&s, in);
	struct tcpd_conn *c;

	t->stats.segs_in++;
	if (wrong || in->dst_ip != t->h->ip) {
		t->stats.bad++;
		if (in->judged)
			world_violation(t->w, t->h->name, "TCP from %s: %s", ip_text(in->src_ip),
				wrong ? wrong : "not for one host");
		return;
	}
	c = conn_find(t, &s);
	if (c && c->silent)
		return;
	if (c && c->timer_for == TIMER_TIME_WAIT && in_time_wait(c, &s))
		c = NULL;
	else if (c && c->timer_for == TIMER_TIME_WAIT)
		return;
	if (!c) {
		seg_to_nobody(t, &s, in);
		return;
	}
	c->busy++;
	if (!c->established)
		handshake(c, &s);
	if (!c->dead && c->established && !(s.flags & TCP_SYN))
		conn_in(c, &s, in);
	else if (!c->dead && c->established)
		take_reset(c, &s);
	conn_leave(c);
}

/* ---- for who listens ---- */

void tcpd_send(struct tcpd_conn *c, uint64_t end)
{
	if (c->dead || c->closing || end <= c->end)
		return;
	c->end = end;
	if (!c->busy)
		conn_output(c);
}

void tcpd_close(struct tcpd_conn *c)
{
	if (c->dead || c->closing)
		return;
	c->closing = true;
	if (!c->busy)
		conn_output(c);
}

void tcpd_reset(struct tcpd_conn *c)
{
	if (c->dead)
		return;
	conn_send_reset(c);
	conn_end(c);
}

void tcpd_listen(struct sim_tcpd *t, uint16_t port, const struct tcpd_app *app, void *ctx)
{
	for (unsigned i = 0; i < 8; i++)
		if (!t->listener[i].port) {
			t->listener[i].port = port;
			t->listener[i].app = app;
			t->listener[i].ctx = ctx;
			return;
		}
	abort();
}

static void end_all(struct sim_tcpd *t, bool tell)
{
	for (unsigned i = 0; i < TCPD_BUCKETS; i++)
		for (struct tcpd_conn *c = t->bucket[i], *next; c; c = next) {
			next = c->next;
			if (tell && c->timer_for != TIMER_TIME_WAIT)
				conn_send_reset(c);
			conn_end(c);
		}
}

void tcpd_kill(struct sim_tcpd *t)
{
	end_all(t, true);
}

void tcpd_forget(struct sim_tcpd *t)
{
	end_all(t, false);
}

struct tcpd_conn *tcpd_youngest(const struct sim_tcpd *t)
{
	struct tcpd_conn *youngest = NULL;

	for (unsigned i = 0; i < TCPD_BUCKETS; i++)
		for (struct tcpd_conn *c = t->bucket[i]; c; c = c->next)
			if (!youngest || c->opened_us >= youngest->opened_us)
				youngest = c;
	return youngest;
}

static void tcpd_end(void *thing)
{
	struct sim_tcpd *t = thing;

	tcpd_forget(t);
	world_cancel(t->w, &t->wire);
	free(t->seen);
	free(t);
}

struct sim_tcpd *tcpd_new(struct sim_host *h, const struct tcpd_conf *conf)
{
	struct sim_tcpd *t = sim_alloc(sizeof(*t));

	t->w = h->w;
	t->h = h;
	if (conf)
		t->conf = *conf;
	event_init(&t->wire, tcpd_wire_free, t);
	h->tcp = tcpd_rx;
	h->tcp_ctx = t;
	world_own(h->w, t, tcpd_end);
	return t;
}
