/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arriving segments, in the order of RFC 9293 3.10.7, with RFC 7323 (timestamps, PAWS), RFC 5961
 * (blind attacks), RFC 2018 and 6675 (SACK), RFC 6582 (without it).
 *
 * Payload goes from the packet to where the user puts it, at once and in any order. What was taken
 * beyond a hole is remembered as an island: the same list says what to SACK and what not to hand
 * out a second time. Of too many islands the next ones count as lost; the one that closes the
 * first hole always finds a place.
 *
 * A segment is acknowledged at the end of the turn in which it came, together with all others of
 * that turn. At once: the first one behind a new hole, so that the sender counts its duplicates
 * from there; without SACK every one behind a hole, because then each counts.
 *
 * Not done: urgent data (taken as any other), D-SACK, ECN. What comes with a SYN is not taken, so
 * it comes again. Timestamps older than 24 days are not told from new ones.
 */
#include "core/csum.h"
#include "core/err.h"
#include "net/tcp_priv.h"
#include "net/wire.h"

#define DUP_THRESH  3  /* RFC 5681 3.2 */
#define RESETS	    20 /* in a second: answers to segments of nobody's connections */
#define CWND_MAX    (1u << 20)
#define CWND_FIRST  10	     /* segments, RFC 6928 */
#define RTO_LOST_US 3000000u /* RFC 6298 5.7 */

/* -- decoding -- */

/* The sum over the payload and the packets that it goes on in; an odd piece shifts the next. */
static bool csum_ok(const struct ip_meta *meta, struct bytes b, uint32_t len)
{
	uint32_t sum = ipv4_csum_pseudo(&meta->src, &meta->dst, IPPROTO_TCP, len);
	bool odd = b.n & 1;

	sum = csum_add(sum, b.p, b.n);
	for (const struct pkt *p = meta->more; p; p = p->more) {
		uint16_t piece = (uint16_t)~csum_fold(csum_add(0, p->data, p->len));

		sum += odd ? (uint32_t)(piece >> 8 | (piece & 0xff) << 8) : piece;
		odd ^= p->len & 1;
	}
	return !csum_fold(sum);
}

/* False: malformed. */
static bool seg_parse(const struct ip_meta *meta, struct bytes b, struct tcp_seg *seg)
{
	uint32_t len = (uint32_t)b.n, head;
	struct bytes all = b;
	const uint8_t *h = bytes_take(&b, TCP_HEADER);

	if (!h)
		return false;
	for (const struct pkt *p = meta->more; p; p = p->more)
		len += p->len;
	head = (h[12] >> 4) * 4u;
	if (head < TCP_HEADER || (!meta->csum_ok && !csum_ok(meta, all, len)))
		return false;
	seg->ports = wire_get32(h);
	seg->seq = wire_get32(h + 4);
	seg->ack = wire_get32(h + 8);
	seg->flags = h[13];
	seg->wnd = wire_get16(h + 14);
	seg->n = len - head;
	seg->more = meta->more;
	tcp_opt_parse(bytes_sub(&b, head - TCP_HEADER), &seg->opt);
	seg->data = b;
	return bytes_ok(&b);
}

/* What the segment takes of the sequence space (SEG.LEN). */
static uint32_t seg_len(const struct tcp_seg *seg)
{
	return seg->n + !!(seg->flags & TCP_SYN) + !!(seg->flags & TCP_FIN);
}

/* -- no connection, RFC 9293 3.10.7.1 -- */

/* A server that goes on sending to a connection that we have given up is told so. */
static void refuse(const struct ip_meta *meta, const struct tcp_seg *seg)
{
	uint32_t end = seg->seq + seg_len(seg);
	struct net *net = meta->dev->net;

	meta->dev->stats.no_port++;
	if ((seg->flags & TCP_RST) ||
		!tcp_bucket_take(&net->tcp_resets, (uint32_t)net->m->now_us, RESETS))
		return;
	if (seg->flags & TCP_ACK)
		tcp_send_rst(meta->dev, &meta->dst, &meta->src, seg->ports, seg->ack, NULL);
	else
		tcp_send_rst(meta->dev, &meta->dst, &meta->src, seg->ports, 0, &end);
}

/* -- what we sent: RFC 9293 3.10.7.4, fifth -- */

static void established(struct tcp *c)
{
	c->state = TCP_ESTABLISHED;
	if (c->rcv_scale)
		c->cap = TCP_CAP_FIRST;
	c->cap_cut = c->rcv_nxt;
	c->cap_grow = c->rcv_nxt + c->cap;
	c->cwnd = (c->tries ? 1u : CWND_FIRST) * c->mss;
	c->ssthresh = CWND_MAX;
	if (c->tries)
		c->rto_us = RTO_LOST_US;
	c->tries = 0;
	c->again = c->lost = c->snd_una;
	c->waiting = false;
	c->s.user->opened(&c->s);
	tcp_output(c); /* what the user has sent before */
}

/* RFC 5681 3.1 */
static void cwnd_grow(struct tcp *c, uint32_t acked)
{
	if (c->cwnd < c->ssthresh)
		c->cwnd += acked < c->mss ? acked : c->mss;
	else
		c->cwnd += (uint32_t)c->mss * c->mss / c->cwnd + 1;
	if (c->cwnd > CWND_MAX)
		c->cwnd = CWND_MAX;
}

/* More of what we sent is there. */
static void ack_new(struct tcp *c, uint32_t ack)
{
	uint32_t now = tcp_now_us(c), acked = ack - c->snd_una;

	c->snd_una = ack;
	tcp_range_cut(&c->sacked, ack);
	if (seq_lt(c->again, ack))
		c->again = ack;
	if (seq_lt(c->lost, ack))
		c->lost = ack;
	if (c->timing && seq_le(c->rtt_seq, ack)) {
		tcp_rtt_sample(c, now - c->rtt_us);
		c->timing = false;
	}
	c->dups = c->tries = 0;
	c->since_us = now; /* RFC 6298 5.3 */
	c->waiting = ack != tcp_snd_limit(c);
	if (c->recovery && seq_le(c->recover, ack)) {
		if (c->recovery == TCP_REC_FAST)
			c->cwnd = c->ssthresh;
		c->recovery = TCP_REC_NONE;
	}
	if (c->recovery != TCP_REC_FAST) {
		cwnd_grow(c, acked);
	} else if (!c->sacked.n && c->again == ack) { /* RFC 6582 3.2: the next one, too */
		c->lost = seq_lt(ack + c->mss, c->snd_nxt) ? ack + c->mss : c->snd_nxt;
		c->first = true;
	}
}

/* RFC 2018 5. Edges that we cannot have sent say nothing, however far away they are. */
static void ack_sacked(struct tcp *c, const struct tcp_opts *o)
{
	for (unsigned i = 0; i < o->nsack && c->sack_ok; i++) {
		const struct tcp_range *r = &o->sack[i];
		uint32_t start = r->start - c->snd_una, end = r->end - c->snd_una;

		if (start && start < end && end <= c->snd_nxt - c->snd_una)
			tcp_range_add(&c->sacked, r->start, r->end, TCP_ISLANDS_MAX);
	}
}

/* RFC 6675 5: whether it is time to think that something is lost; what that is. */
static void ack_judge(struct tcp *c)
{
	struct tcp_ranges *sacked = &c->sacked;
	uint32_t flight = c->snd_nxt - c->snd_una, high;

	if (!c->recovery) {
		high = flight - tcp_range_missing(sacked, c->snd_una, c->snd_nxt);
		if (c->dups < DUP_THRESH && sacked->n < DUP_THRESH &&
			high <= (DUP_THRESH - 1u) * c->mss)
			return;
		c->recovery = TCP_REC_FAST;
		c->recover = c->snd_nxt;
		c->ssthresh = flight / 2 > 2u * c->mss ? flight / 2 : 2u * c->mss;
		c->cwnd = c->ssthresh;
		c->again = c->snd_una;
		c->lost = flight > c->mss ? c->snd_una + c->mss : c->snd_nxt;
		c->first = true;
	}
	if (c->recovery == TCP_REC_FAST && sacked->n &&
		seq_lt(c->lost, sacked->r[sacked->n - 1].start))
		c->lost = sacked->r[sacked->n - 1].start;
}

/* Our FIN is acknowledged. False: the connection is over. */
static bool fin_acked(struct tcp *c)
{
	if (c->state == TCP_FIN_WAIT_1) {
		c->state = TCP_FIN_WAIT_2;
	} else if (c->state == TCP_CLOSING) {
		c->state = TCP_TIME_WAIT;
		c->s.user->closed(&c->s, 0);
	} else if (c->state == TCP_LAST_ACK) {
		tcp_end(c, 0);
	}
	return !tcp_gone(c);
}

/* False: the segment is of no more use. */
static bool ack_arrives(struct tcp *c, const struct tcp_seg *seg)
{
	uint32_t ack = seg->ack, wnd = seg->wnd << c->snd_scale;

	if (c->state == TCP_SYN_RCVD) {
		if (ack != c->snd_nxt) {
			tcp_send_rst(c->dev, &c->src, &c->dst, c->ports, ack, NULL);
			return false;
		}
		c->snd_una = ack;
		c->snd_wl1 = seg->seq - 1; /* whatever it says is news */
		established(c);
		if (tcp_gone(c))
			return false;
	}
	/* RFC 5961 5.2 */
	if (seq_lt(c->snd_nxt, ack) || seq_lt(ack, c->snd_una - c->snd_max_wnd)) {
		tcp_challenge(c);
		return false;
	}
	if (seq_lt(ack, c->snd_una))
		return true;
	if (c->snd_una != c->snd_nxt) {
		if (ack != c->snd_una)
			ack_new(c, ack);
		else if (!seg_len(seg) && wnd == c->snd_wnd && c->dups < UINT8_MAX)
			c->dups++;
		ack_sacked(c, &seg->opt);
		ack_judge(c);
	}
	if (seq_lt(c->snd_wl1, seg->seq) || (c->snd_wl1 == seg->seq && seq_le(c->snd_wl2, ack))) {
		if (wnd && !c->snd_wnd)
			c->tries = 0; /* the probes have had an answer */
		c->snd_wnd = wnd;
		if (wnd > c->snd_max_wnd)
			c->snd_max_wnd = wnd;
		c->snd_wl1 = seg->seq;
		c->snd_wl2 = ack;
	}
	return !c->fin || ack != tcp_snd_limit(c) || fin_acked(c);
}

/* -- what they sent: seventh and eighth -- */

/* `n` bytes from the front on are where they belong. */
static void front_move(struct tcp *c, uint32_t n)
{
	c->rcv_nxt += n;
	c->s.front += n;
}

static uint32_t place(struct tcp *c, uint32_t seq, struct bytes b)
{
	return (uint32_t)c->s.user->place(&c->s, c->s.front + (seq - c->rcv_nxt), b);
}

/* [high, seq) is missing: something came behind it. All of one queue's overflow is one hole. */
static void hole_found(struct tcp *c, uint32_t high, uint32_t seq)
{
	c->s.holes += high == c->rcv_nxt;
	if (seq - high >= TCP_BURST * c->rcv_mss)
		tcp_cap_cut(c);
}

/* Where what is here ends, with holes in front. */
static uint32_t rcv_high(const struct tcp *c)
{
	return c->islands.n ? c->islands.r[c->islands.n - 1].end : c->rcv_nxt;
}

/* Hands out those parts of b, inside the window, that were not taken before. */
static void take_parts(struct tcp *c, uint32_t seq, struct bytes b)
{
	while (b.n) {
		const struct tcp_range *r = tcp_range_at(&c->islands, seq);
		uint32_t n = (uint32_t)b.n, high = rcv_high(c), taken;

		if (tcp_range_has(&c->islands, seq)) {
			n = r->end - seq < n ? r->end - seq : n;
			bytes_skip(&b, n);
			seq += n;
			continue;
		}
		/* Of too many islands some count as lost; the front always has a place. */
		if (c->islands.n >= TCP_ISLANDS_MAX - 1 && seq != c->rcv_nxt &&
			!tcp_range_has(&c->islands, seq - 1))
			return;
		n = r && r->start - seq < n ? r->start - seq : n;
		taken = place(c, seq, bytes_sub(&b, n));
		if (tcp_gone(c) || !taken)
			return;
		tcp_range_add(&c->islands, seq, seq + taken, TCP_ISLANDS_MAX);
		if (seq_lt(high, seq))
			hole_found(c, high, seq);
		if (taken < n)
			return;
		seq += n;
	}
}

static void take(struct tcp *c, uint32_t seq, struct bytes b)
{
	uint32_t edge = c->fin_seen ? c->fin_seq : c->rcv_adv;

	if (seq_lt(seq, c->rcv_nxt)) {
		uint32_t old = c->rcv_nxt - seq;

		if (old >= b.n)
			return;
		bytes_skip(&b, old);
		seq = c->rcv_nxt;
	}
	if (!seq_lt(seq, edge) || !b.n)
		return;
	if (b.n > edge - seq)
		b.n = edge - seq;
	if (seq == c->rcv_nxt && !c->islands.n) {
		uint32_t n = place(c, seq, b);

		front_move(c, n);
		return;
	}
	take_parts(c, seq, b);
	if (c->islands.n && c->islands.r[0].start == c->rcv_nxt) {
		front_move(c, c->islands.r[0].end - c->rcv_nxt);
		tcp_range_cut(&c->islands, c->rcv_nxt);
	}
}

/* RFC 2018 4: what grew last is said first. */
static void remember(struct tcp *c, uint32_t seq)
{
	const struct tcp_range *r = tcp_range_at(&c->islands, c->recent[0]);

	if (!r || seq_lt(seq, r->start) || seq_lt(r->end, seq))
		memmove(c->recent + 1, c->recent, sizeof(c->recent) - sizeof(c->recent[0]));
	c->recent[0] = seq;
}

static void text_arrives(struct tcp *c, const struct tcp_seg *seg)
{
	uint32_t front = c->rcv_nxt, seq = seg->seq;
	unsigned islands = c->islands.n;
	const struct pkt *more = seg->more;
	struct bytes b = seg->data;

	for (;;) {
		take(c, seq, b);
		if (tcp_gone(c))
			return;
		if (!more)
			break;
		seq += (uint32_t)b.n;
		b = bytes_of(more->data, more->len);
		more = more->more;
	}
	tcp_ack_later(c);
	if (c->rcv_nxt != front) {
		c->s.user->arrived(&c->s);
	} else if (c->islands.n && seq_lt(front, seg->seq)) {
		remember(c, seg->seq);
		if (c->islands.n > islands || !c->sack_ok)
			tcp_ack(c);
	}
}

/*
 * A FIN counts when all before it is here; until then it is only remembered. One that would cut off
 * what has come already was not sent by the peer.
 */
static void fin_arrives(struct tcp *c, const struct tcp_seg *seg)
{
	uint32_t fin = seg->seq + seg->n;

	if ((seg->flags & TCP_FIN) && !c->fin_seen && seq_le(rcv_high(c), fin) &&
		seq_le(fin, c->rcv_adv)) {
		c->fin_seen = true;
		c->fin_seq = fin;
	}
	if (!c->fin_seen || c->fin_rcvd || c->rcv_nxt != c->fin_seq)
		return;
	c->fin_rcvd = true;
	c->rcv_adv += c->rcv_adv == c->rcv_nxt;
	c->rcv_nxt++;
	tcp_ack_later(c);
	if (c->state == TCP_ESTABLISHED)
		c->state = TCP_CLOSE_WAIT;
	else if (c->state == TCP_FIN_WAIT_1)
		c->state = TCP_CLOSING;
	c->s.user->finished(&c->s);
	if (c->state == TCP_FIN_WAIT_2) {
		c->state = TCP_TIME_WAIT;
		c->s.user->closed(&c->s, 0);
	}
}

static void data_arrives(struct tcp *c, const struct tcp_seg *seg)
{
	bool open = c->state == TCP_ESTABLISHED || c->state == TCP_FIN_WAIT_1 ||
		    c->state == TCP_FIN_WAIT_2;

	if (open && seg->n)
		text_arrives(c, seg);
	else if (seg_len(seg))
		tcp_ack_later(c);
	if (open && !tcp_gone(c))
		fin_arrives(c, seg);
	tcp_output(c);
}

/* -- SYN-SENT, RFC 9293 3.10.7.3 -- */

static void syn_options(struct tcp *c, const struct tcp_opts *o)
{
	uint16_t mss = o->mss ? o->mss : TCP_MSS_DEFAULT;

	c->ts_ok = o->ts;
	c->sack_ok = o->sack_ok;
	c->snd_scale = o->scale;
	if (!o->scale_ok)
		c->rcv_scale = 0;
	if (mss < TCP_MSS_MIN)
		mss = TCP_MSS_MIN;
	if (mss < c->mss)
		c->mss = mss;
	if (c->ts_ok) {
		c->mss = (uint16_t)(c->mss - TCP_TS_LEN);
		c->ts_recent = o->tsval;
	}
}

static void syn_sent_arrives(struct tcp *c, const struct tcp_seg *seg)
{
	bool acked = seg->flags & TCP_ACK;

	if (acked && seg->ack != c->snd_nxt) {
		if (!(seg->flags & TCP_RST))
			tcp_send_rst(c->dev, &c->src, &c->dst, c->ports, seg->ack, NULL);
		return;
	}
	if (seg->flags & TCP_RST) {
		if (acked)
			tcp_end(c, -ERR_TCP_REFUSED);
		return;
	}
	if (!(seg->flags & TCP_SYN))
		return;
	c->rcv_adv += seg->seq + 1 - c->rcv_nxt;
	c->rcv_nxt = seg->seq + 1;
	c->snd_wnd = c->snd_max_wnd = seg->wnd;
	c->snd_wl1 = seg->seq;
	c->snd_wl2 = seg->ack;
	syn_options(c, &seg->opt);
	c->alive_us = tcp_now_us(c);
	if (!acked) {
		c->state = TCP_SYN_RCVD;
		tcp_send_syn(c);
		return;
	}
	if (!c->tries)
		tcp_rtt_sample(c, tcp_now_us(c) - c->since_us);
	c->snd_una = seg->ack;
	tcp_ack_later(c);
	established(c);
}

/* -- all other states, RFC 9293 3.10.7.4 -- */

/* First: whether any of it lies in the window. With window 0 what comes next in order counts, too.
 */
static bool in_window(const struct tcp *c, const struct tcp_seg *seg)
{
	uint32_t len = seg_len(seg);

	if (seq_lt(c->rcv_nxt, seg->seq))
		return seq_lt(seg->seq, c->rcv_adv);
	return seg->seq == c->rcv_nxt || c->rcv_nxt - seg->seq < len;
}

/*
 * RFC 7323 5.3, the first two steps. A segment without timestamps was not sent by the peer; one
 * with old ones is a late duplicate.
 */
static bool paws_ok(const struct tcp *c, const struct tcp_seg *seg)
{
	return !c->ts_ok || (seg->flags & TCP_RST) || !seq_lt(seg->opt.tsval, c->ts_recent);
}

/* Second. RFC 5961 3.2: only the very next number resets. */
static void reset_arrives(struct tcp *c, const struct tcp_seg *seg)
{
	if (seg->seq != c->rcv_nxt)
		tcp_challenge(c);
	else if (c->state == TCP_TIME_WAIT)
		tcp_free(c);
	else if (c->state == TCP_CLOSING || c->state == TCP_LAST_ACK)
		tcp_end(c, 0);
	else
		tcp_end(c, c->state == TCP_SYN_RCVD ? -ERR_TCP_REFUSED : -ERR_TCP_RESET);
}

/* What is not acceptable is answered by what is: data each turn, all else at a bounded rate. */
static void unacceptable(struct tcp *c, const struct tcp_seg *seg)
{
	if (seg->flags & TCP_RST)
		return;
	if (seg->n)
		tcp_ack_later(c);
	else
		tcp_challenge(c);
	if (c->state == TCP_TIME_WAIT && (seg->flags & TCP_FIN))
		c->alive_us = tcp_now_us(c);
}

/* RFC 9293 figure 7: both ends have opened, and this is the SYN that we know, with the ACK. */
static bool meets_ours(const struct tcp *c, const struct tcp_seg *seg)
{
	return c->state == TCP_SYN_RCVD && seg->seq + 1 == c->rcv_nxt &&
	       (seg->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == (TCP_SYN | TCP_ACK);
}

static void segment_arrives(struct tcp *c, struct tcp_seg *seg)
{
	if (c->ts_ok && !seg->opt.ts && !(seg->flags & TCP_RST))
		return; /* RFC 7323 3.2 */
	if (meets_ours(c, seg)) {
		seg->seq++;
		seg->flags ^= TCP_SYN;
		tcp_ack_later(c);
	}
	if (!paws_ok(c, seg) || !in_window(c, seg)) {
		unacceptable(c, seg);
		return;
	}
	if (seg->flags & TCP_RST) {
		reset_arrives(c, seg);
	} else if (seg->flags & TCP_SYN) {
		tcp_challenge(c); /* RFC 5961 4.2 */
	} else if (seg->flags & TCP_ACK) {
		c->alive_us = tcp_now_us(c);
		if (!ack_arrives(c, seg))
			return;
		/* RFC 7323 5.3 R3, but not of what anybody can have sent: RFC 7323 5.2, 5961 5 */
		if (seg->opt.ts && seq_le(seg->seq, c->rcv_acked))
			c->ts_recent = seg->opt.tsval;
		data_arrives(c, seg);
	}
}

void tcp_input(const struct ip_meta *meta, struct bytes payload)
{
	struct net *net = meta->dev->net;
	struct tcp_seg seg;
	struct tcp *c;

	if (meta->broadcast || !seg_parse(meta, payload, &seg)) {
		meta->dev->stats.bad_tcp++;
		return;
	}
	c = tcp_find(meta->dev, &meta->src, seg.ports);
	if (!c) {
		refuse(meta, &seg);
		return;
	}
	net->tcp_now = c;
	if (c->state == TCP_SYN_SENT)
		syn_sent_arrives(c, &seg);
	else
		segment_arrives(c, &seg);
	net->tcp_now = NULL;
}
