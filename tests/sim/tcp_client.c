/* SPDX-License-Identifier: BSD-2-Clause */
/* The plain TCP client of tcp_client.h. */
#include "tcp_client.h"

#include <stdlib.h>

enum { ACK_LATE_US = 40000 };

/* ---- what it says ---- */

static uint32_t ts_now(const struct tcp_client *c)
{
	return (uint32_t)(c->w->now_us / 1000) + 77;
}

static uint64_t window_of(const struct tcp_client *c)
{
	uint64_t right = c->len + c->window;

	if (right > c->limit)
		right = c->limit > c->len ? c->limit : c->len;
	return right - c->len;
}

static void seg_sacks(struct tcp_client *c, struct tcp_seg *s)
{
	unsigned most = c->ts_on ? 3 : 4;

	for (uint32_t k = 0; c->sack_on && k < c->holes && s->sacks < most; k++) {
		uint32_t i = (c->newest + k) % c->holes;

		s->sack[s->sacks][0] = c->irs + 1 + (uint32_t)c->hole[i].from;
		s->sack[s->sacks++][1] = c->irs + 1 + (uint32_t)c->hole[i].to;
	}
}

struct tcp_seg tcpc_seg(struct tcp_client *c, unsigned flags)
{
	uint64_t window = window_of(c) >> (c->scale_on ? c->shift : 0);
	struct tcp_seg s = {
		.dst_ip = c->ip,
		.src_port = c->own_port,
		.dst_port = c->port,
		.seq = c->iss + 1 + c->una,
		.ack = c->irs + 1 + (uint32_t)c->len + c->finished,
		.flags = (uint8_t)(flags | TCP_ACK),
		.window = (uint16_t)(window > 65535 ? 65535 : window),
		.has_ts = c->ts_on,
		.ts = ts_now(c),
		.ts_echo = c->ts_recent,
	};

	if (c->una == c->out_len && c->fin_acked)
		s.seq++;
	seg_sacks(c, &s);
	return s;
}

void tcpc_send(struct tcp_client *c, const struct tcp_seg *s)
{
	seg_send(c->h, s);
}

static void send_syn(struct tcp_client *c)
{
	struct tcp_seg s = {
		.dst_ip = c->ip,
		.src_port = c->own_port,
		.dst_port = c->port,
		.seq = c->iss,
		.flags = TCP_SYN,
		.window = (uint16_t)(window_of(c) > 65535 ? 65535 : window_of(c)),
		.mss = c->mss,
		.has_scale = c->scale,
		.scale = c->shift,
		.sack_ok = c->sack,
		.has_ts = c->timestamps,
		.ts = ts_now(c),
	};

	tcpc_send(c, &s);
}

static void send_ack(struct tcp_client *c)
{
	struct tcp_seg s = tcpc_seg(c, 0);

	c->owes_ack = false;
	s.seq = c->iss + 1 + c->out_len + (c->closing && c->fin_acked);
	tcpc_send(c, &s);
}

/* What the server has not acknowledged, a segment at a time. */
static void send_out(struct tcp_client *c)
{
	uint32_t left = c->out_len - c->una, most = c->peer_mss - (c->ts_on ? 12 : 0);
	struct tcp_seg s = tcpc_seg(c, left ? TCP_PSH : 0);

	if (c->fin_acked || (!left && !c->closing))
		return;
	s.data = c->out + c->una;
	s.len = left < most ? left : most;
	if (c->closing && s.len == left)
		s.flags |= TCP_FIN;
	c->owes_ack = false;
	tcpc_send(c, &s);
	world_in(c->w, &c->retry, TCPC_RETRY_US);
}

static void retry(void *ctx)
{
	struct tcp_client *c = ctx;

	if (c->manual || c->reset)
		return;
	if (c->opened) {
		send_out(c);
	} else {
		send_syn(c);
		world_in(c->w, &c->retry, TCPC_RETRY_US);
	}
}

static void ack_late(void *ctx)
{
	struct tcp_client *c = ctx;

	if (c->owes_ack && !c->reset)
		send_ack(c);
}

/* ---- what it hears ---- */

static void hole_add(struct tcp_client *c, uint64_t from, uint64_t to)
{
	uint32_t i = 0, last;

	while (i < c->holes && c->hole[i].to < from)
		i++;
	last = i;
	while (last < c->holes && c->hole[last].from <= to) {
		if (c->hole[last].from < from)
			from = c->hole[last].from;
		if (c->hole[last].to > to)
			to = c->hole[last].to;
		last++;
	}
	if (last == i && c->holes == TCPC_HOLES_MAX)
		return;
	memmove(c->hole + i + 1, c->hole + last, (c->holes - last) * sizeof(c->hole[0]));
	c->holes = c->holes - (last - i) + 1;
	c->hole[i] = (struct tcpc_range){from, to};
	c->newest = i;
}

static void hole_close(struct tcp_client *c)
{
	while (c->holes && c->hole[0].from <= c->len) {
		if (c->hole[0].to > c->len)
			c->len = c->hole[0].to;
		c->holes--;
		memmove(c->hole, c->hole + 1, c->holes * sizeof(c->hole[0]));
		c->newest = 0;
	}
}

static void keep(struct tcp_client *c, uint64_t off, const uint8_t *data, size_t len)
{
	if (off < c->cap)
		memcpy(c->in + off, data, c->cap - off < len ? (size_t)(c->cap - off) : len);
}

static void take_data(struct tcp_client *c, const struct tcp_seg *s)
{
	int32_t d = seq_diff(s->seq, c->irs + 1 + (uint32_t)c->len);
	uint64_t off = c->len + (uint64_t)(int64_t)d, skip = d < 0 ? (uint64_t) - (int64_t)d : 0;

	if (skip >= s->len) {
		c->copies += s->len;
		return;
	}
	c->copies += skip;
	if (off + s->len > c->len + window_of(c) + skip)
		return;
	keep(c, off + skip, s->data + skip, (size_t)(s->len - skip));
	if (d > 0) {
		hole_add(c, off, off + s->len);
		return;
	}
	c->len = off + s->len;
	hole_close(c);
}

static void take_fin(struct tcp_client *c, const struct tcp_seg *s)
{
	int32_t d = seq_diff(s->seq + s->len, c->irs + 1 + (uint32_t)c->len);

	if (s->flags & TCP_FIN)
		c->fin_at = c->len + (uint64_t)(int64_t)d;
	if (c->len == c->fin_at)
		c->finished = true;
}

static void take_syn(struct tcp_client *c, const struct tcp_seg *s)
{
	if (!(s->flags & TCP_ACK) || s->ack != c->iss + 1)
		return;
	c->irs = s->seq;
	c->opened = true;
	c->ts_on = s->has_ts && c->timestamps;
	c->sack_on = s->sack_ok && c->sack;
	c->scale_on = s->has_scale && c->scale;
	c->peer_mss = s->mss ? s->mss : 536;
	c->peer_shift = s->scale;
	c->ts_recent = s->ts;
	world_cancel(c->w, &c->retry);
	if (c->manual)
		return;
	if (c->out_len || c->closing)
		send_out(c);
	else
		send_ack(c);
}

static void take_ack(struct tcp_client *c, const struct tcp_seg *s)
{
	uint32_t acked = s->ack - (c->iss + 1);

	if (!(s->flags & TCP_ACK) || acked <= c->una || acked > c->out_len + c->closing)
		return;
	c->fin_acked = acked > c->out_len;
	c->una = c->fin_acked ? c->out_len : acked;
	world_cancel(c->w, &c->retry);
	if (!c->manual)
		send_out(c);
}

static void acknowledge(struct tcp_client *c, bool hole)
{
	if (!c->slow_acks || hole || c->owes_ack) {
		send_ack(c);
		return;
	}
	c->owes_ack = true;
	world_in(c->w, &c->ack_late, ACK_LATE_US);
}

static void client_rx(void *ctx, const struct host_in *in)
{
	struct tcp_client *c = ctx;
	struct tcp_seg s;

	if (seg_parse(&s, in) || s.src_ip != c->ip || s.src_port != c->port ||
		s.dst_port != c->own_port)
		return;
	c->log_us[c->heard % TCPC_LOG_MAX] = c->w->now_us;
	c->log[c->heard++ % TCPC_LOG_MAX] = s;
	c->log[(c->heard - 1) % TCPC_LOG_MAX].data = NULL;
	if (s.flags & TCP_RST) {
		c->reset = true;
	} else if (s.flags & TCP_SYN) {
		if (!c->opened)
			take_syn(c, &s);
		else if (!c->manual)
			send_ack(c);
	} else if (c->opened && !c->reset) {
		if (s.has_ts && seq_diff(s.seq, c->irs + 1 + (uint32_t)c->len) <= 0)
			c->ts_recent = s.ts;
		take_ack(c, &s);
		take_data(c, &s);
		take_fin(c, &s);
		if (!c->manual && (s.len || s.flags & TCP_FIN || !window_of(c)))
			acknowledge(c, c->holes || s.flags & TCP_FIN);
	}
}

/* ---- for the test ---- */

void tcpc_open(struct tcp_client *c, uint32_t ip, uint16_t port)
{
	c->ip = ip;
	c->port = port;
	c->own_port = (uint16_t)(20000 + rand_below(&c->h->rng, 40000));
	c->iss = (uint32_t)rand_next(&c->h->rng);
	c->opened = c->finished = c->reset = c->closing = c->fin_acked = c->owes_ack = false;
	c->ts_on = c->sack_on = c->scale_on = false;
	c->out_len = c->una = c->holes = c->newest = c->heard = 0;
	c->len = c->copies = 0;
	c->fin_at = UINT64_MAX;
	send_syn(c);
	world_in(c->w, &c->retry, TCPC_RETRY_US);
}

void tcpc_say(struct tcp_client *c, const void *data, uint32_t len)
{
	bool idle = c->una == c->out_len;

	if (len > TCPC_OUT_MAX - c->out_len)
		abort();
	memcpy(c->out + c->out_len, data, len);
	c->out_len += len;
	if (c->opened && idle)
		send_out(c);
}

void tcpc_text(struct tcp_client *c, const char *text)
{
	tcpc_say(c, text, (uint32_t)strlen(text));
}

void tcpc_close(struct tcp_client *c)
{
	c->closing = true;
	if (c->opened && c->una == c->out_len)
		send_out(c);
}

void tcpc_take(struct tcp_client *c, uint64_t limit, bool tell)
{
	c->limit = limit;
	if (tell)
		send_ack(c);
}

const struct tcp_seg *tcpc_last(const struct tcp_client *c)
{
	static const struct tcp_seg none;

	return c->heard ? &c->log[(c->heard - 1) % TCPC_LOG_MAX] : &none;
}

static void tcpc_end(void *thing)
{
	struct tcp_client *c = thing;

	world_cancel(c->w, &c->retry);
	world_cancel(c->w, &c->ack_late);
	free(c->in);
	free(c);
}

struct tcp_client *tcpc_new(struct sim_world *w, const char *name, uint32_t ip, size_t cap)
{
	struct tcp_client *c = sim_alloc(sizeof(*c));

	c->w = w;
	c->h = host_new(w, name, ip, 0xffff0000);
	c->h->client = true;
	c->h->tcp = client_rx;
	c->h->tcp_ctx = c;
	c->mss = 1460;
	c->scale = c->sack = c->timestamps = true;
	c->shift = 7;
	c->window = 4 << 20;
	c->limit = UINT64_MAX;
	c->cap = cap;
	c->in = sim_alloc(cap);
	event_init(&c->retry, retry, c);
	event_init(&c->ack_late, ack_late, c);
	world_own(w, c, tcpc_end);
	return c;
}
