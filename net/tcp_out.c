/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What TCP sends: segments of the user's bytes, which are pulled anew each time (RFC
 * 9293 3.7, 3.8), acknowledgements with the window, resets; retransmission (RFC 6298), recovery
 * with SACK (RFC 6675) or without (RFC 6582), slow start and congestion avoidance (RFC 5681, 6928).
 * What a boot firmware sends are requests of a few hundred bytes, so all of this is short.
 *
 * One pair of numbers drives all retransmission: what lies in [again, lost) and was not SACKed is
 * taken to be lost and is sent before anything new, as far as the congestion window goes. A
 * time-out puts all that was sent in there, as does a router that says it was too long.
 *
 * The window offered (tcp_offer) is the room that the user has, up to a cap. The cap begins at 1
 * MiB. It is halved when the link says that it had to drop frames, or when a burst was lost: a
 * queue on the way is shorter than what we ask for. It grows by an eighth with each window that
 * went well, up to what 64 MB/s bring in a round trip: twice that filled, at 10 ms, the 1000 frames
 * that a tap queues. What was offered is never taken back: a smaller cap takes effect as the window
 * is used up.
 *
 * Not done: Nagle (requests are written whole), pacing, RACK, PRR, D-SACK, ECN, urgent data. RTO is
 * 200 ms at least instead of RFC 6298's 1 s, as everywhere today.
 */
#include "core/csum.h"
#include "net/tcp_priv.h"
#include "net/wire.h"

#define BURST_MAX	 16 /* segments that one call sends */
#define CWND_MAX	 (1u << 20)
#define CWND_FIRST	 10 /* segments, RFC 6928 */
#define RTO_MIN_US	 200000u
#define CHALLENGES	 10 /* in a second, of one connection: RFC 5961 7 */
#define CAP_BYTES_PER_US 64

/* -- segments -- */

/* Fills in what is left of the header that p begins with, and sends it. Errors as ipv4_send. */
static int segment_send(struct netdev *dev, struct pkt *p, const struct ip_addr *src,
	const struct ip_addr *dst, uint32_t ports, unsigned head_flags)
{
	uint8_t *h = p->data;

	wire_put16(h, ports & 0xffff);
	wire_put16(h + 2, ports >> 16);
	wire_put16(h + 12, head_flags);
	wire_put32(h + 16, 0); /* checksum, urgent pointer */
	wire_put16(h + 16,
		csum_fold(csum_add(ipv4_csum_pseudo(src, dst, IPPROTO_TCP, p->len), h, p->len)));
	return ipv4_send(dev, p, src, dst, IPPROTO_TCP);
}

/* A packet with room for the header; NULL: out of packets. */
static struct pkt *segment_new(struct net *net, unsigned flags, unsigned *head_flags)
{
	struct pkt *p = pkt_alloc(&net->pool);

	if (p)
		pkt_put(p, TCP_HEADER);
	*head_flags = TCP_HEADER / 4 << 12 | flags;
	return p;
}

void tcp_send_rst(struct netdev *dev, const struct ip_addr *src, const struct ip_addr *dst,
	uint32_t ports, uint32_t seq, const uint32_t *ack)
{
	unsigned head_flags;
	struct pkt *p = segment_new(dev->net, ack ? TCP_RST | TCP_ACK : TCP_RST, &head_flags);

	if (!p)
		return;
	wire_put32(p->data + 4, seq);
	wire_put32(p->data + 8, ack ? *ack : 0);
	wire_put16(p->data + 14, 0);
	segment_send(dev, p, src, dst, ports, head_flags);
}

/*
 * The window field, rounded up, and its edge is what we have to keep to: rounded down, the edge
 * would move back, and the last bytes of a body would never be asked for. RFC 7323 2.2: that of a
 * SYN is not scaled.
 */
static uint32_t window_field(struct tcp *c, unsigned flags)
{
	unsigned scale = flags & TCP_SYN ? 0 : c->rcv_scale;
	uint32_t field = (c->rcv_adv - c->rcv_nxt + (1u << scale) - 1) >> scale;

	if (field > 65535)
		field = 65535;
	c->rcv_adv = c->rcv_nxt + (field << scale);
	return field;
}

/*
 * One segment with n bytes of ours. All but a SYN acknowledge, and SACK when they carry nothing
 * else. Without a packet to be had it counts as lost. Errors as ipv4_send.
 */
static int segment(struct tcp *c, uint32_t seq, unsigned flags, uint32_t n)
{
	struct net *net = tcp_net(c);
	unsigned head_flags, options;
	struct pkt *p = segment_new(net, flags, &head_flags);
	uint8_t *h;

	if (!p)
		return 0;
	tcp_offer(c, false);
	h = p->data;
	wire_put32(h + 4, seq);
	wire_put32(h + 8, flags & TCP_ACK ? c->rcv_nxt : 0);
	wire_put16(h + 14, window_field(c, flags));
	options = flags & TCP_SYN ? tcp_opt_syn(c, h + TCP_HEADER)
				  : tcp_opt_usual(c, !n, h + TCP_HEADER);
	pkt_put(p, options);
	if (n)
		c->s.user->pull(&c->s, c->end - (c->snd_end - seq), pkt_put(p, n), n);
	if (tcp_gone(c)) {
		pkt_free(&net->pool, p);
		return 0;
	}
	if (flags & TCP_ACK) {
		c->rcv_acked = c->rcv_nxt;
		if (!n || !c->islands.n)
			net->tcp_due &= ~(1u << (c - net->tcp));
	}
	head_flags += options / 4 << 12;
	return segment_send(c->dev, p, &c->src, &c->dst, c->ports, head_flags);
}

void tcp_ack(struct tcp *c)
{
	segment(c, c->snd_nxt, TCP_ACK, 0);
}

void tcp_ack_later(struct tcp *c)
{
	struct net *net = tcp_net(c);

	net->tcp_due |= 1u << (c - net->tcp);
}

bool tcp_bucket_take(struct tcp_bucket *b, uint32_t now_us, uint32_t rate)
{
	if (now_us - b->since_us >= 1000000 || !b->since_us) {
		b->since_us = now_us | 1;
		b->tokens = rate;
	}
	if (!b->tokens)
		return false;
	b->tokens--;
	return true;
}

void tcp_challenge(struct tcp *c)
{
	if (tcp_bucket_take(&c->challenges, tcp_now_us(c), CHALLENGES))
		tcp_ack_later(c);
}

int tcp_send_syn(struct tcp *c)
{
	return segment(c, c->snd_una, c->state == TCP_SYN_RCVD ? TCP_SYN | TCP_ACK : TCP_SYN, 0);
}

void tcp_send_keepalive(struct tcp *c)
{
	segment(c, c->snd_nxt - 1, TCP_ACK, 0);
}

/* -- the window offered -- */

void tcp_cap_cut(struct tcp *c)
{
	if (seq_lt(c->rcv_nxt, c->cap_cut))
		return; /* what was in flight then is still coming */
	c->cap = c->cap / 2 > TCP_CAP_MIN ? c->cap / 2 : TCP_CAP_MIN;
	c->cap_cut = c->cap_grow = c->rcv_adv;
}

static void cap_adapt(struct tcp *c)
{
	const struct netdev_stats *st = &c->dev->stats;
	uint32_t overruns = st->rx_overrun + st->rx_no_buf, top = TCP_CAP_MAX;

	if (overruns != c->overruns) {
		c->overruns = overruns;
		tcp_cap_cut(c);
	}
	if (seq_lt(c->rcv_nxt, c->cap_grow) || !c->rcv_scale)
		return;
	if (c->s.srtt_us < TCP_CAP_MAX / CAP_BYTES_PER_US)
		top = c->s.srtt_us * CAP_BYTES_PER_US;
	if (top < TCP_CAP_FIRST)
		top = TCP_CAP_FIRST;
	c->cap = c->cap + c->cap / 8 < top ? c->cap + c->cap / 8 : top;
	c->cap_grow = c->rcv_adv;
	c->cap_cut = c->rcv_nxt; /* lest it seems to lie ahead after 2 GiB */
}

/*
 * RFC 9293 3.8.6: moves the right edge of the window, never to the left, and against silly windows
 * (3.8.6.2.2) by a segment or by half of the room there is, or, when that is all there is to say,
 * of the room there can be.
 */
bool tcp_offer(struct tcp *c, bool much)
{
	uint64_t room;
	uint32_t n, grow;

	if (c->fin_rcvd) /* nothing more comes, and the user may be gone */
		return false;
	room = c->s.user->room(&c->s);
	if (c->state >= TCP_ESTABLISHED)
		cap_adapt(c);
	n = c->dev->rx_burst ? c->dev->rx_burst * c->rcv_mss : c->cap;
	if (room < n)
		n = (uint32_t)room;
	if (n > c->rcv_room)
		c->rcv_room = n;
	grow = c->rcv_nxt + n - c->rcv_adv;
	if ((int32_t)grow <= 0 || (grow < c->rcv_mss && grow < (much ? c->rcv_room : n) / 2))
		return false;
	c->rcv_adv += grow;
	return true;
}

/* -- time, RFC 6298 -- */

void tcp_rtt_sample(struct tcp *c, uint32_t us)
{
	uint32_t r = us + 1, srtt = c->s.srtt_us, diff = r > srtt ? r - srtt : srtt - r;

	if (!srtt) {
		c->s.srtt_us = r;
		c->rttvar_us = r / 2;
	} else {
		c->rttvar_us += diff / 4 - c->rttvar_us / 4;
		c->s.srtt_us += r / 8 - srtt / 8;
	}
	c->rto_us = c->s.srtt_us + 4 * c->rttvar_us;
	if (c->rto_us < RTO_MIN_US)
		c->rto_us = RTO_MIN_US;
	if (c->rto_us > TCP_SILENCE_US)
		c->rto_us = TCP_SILENCE_US;
}

/* -- data -- */

/* RFC 6675 4: what is thought to be on its way. */
static uint32_t pipe(const struct tcp *c)
{
	uint32_t n = tcp_range_missing(&c->sacked, c->snd_una, c->snd_nxt), left;

	if (seq_lt(c->again, c->lost))
		n -= tcp_range_missing(&c->sacked, c->again, c->lost);
	/* RFC 6582: each has left the way, but after a time-out what that was is not known */
	left = c->sack_ok || c->recovery == TCP_REC_RTO ? 0 : (uint32_t)c->dups * c->mss;
	return n > left ? n - left : 0;
}

/*
 * Where to go on sending, and how many bytes (a FIN counts as one) may be sent from there: 0 for
 * none. `force`: the timer has fired, so at least one (RFC 9293 3.8.6.1: the window's probe).
 */
static uint32_t next_piece(struct tcp *c, bool force, uint32_t *seq)
{
	uint32_t n, edge = c->snd_una + c->snd_wnd;
	const struct tcp_range *r;

	for (; seq_lt(c->again, c->lost); c->again = r->end) {
		r = tcp_range_at(&c->sacked, c->again);
		if (!r || seq_lt(c->again, r->start))
			break;
	}
	*seq = seq_lt(c->again, c->lost) ? c->again : c->snd_nxt;
	n = tcp_snd_limit(c) - *seq;
	if (seq_lt(*seq + 1, c->lost)) /* but the byte of a probe goes with what follows it */
		n = c->lost - *seq;
	r = tcp_range_at(&c->sacked, *seq);
	if (r && r->start - *seq < n)
		n = r->start - *seq;
	if (n > c->mss)
		n = c->mss;
	if (seq_lt(edge, *seq + n)) {
		uint32_t fits = seq_lt(*seq, edge) ? edge - *seq : 0;

		/* RFC 9293 3.8.6.2.1: no silly segments */
		n = force ? (fits ? fits : 1) : fits >= c->snd_max_wnd / 2 ? fits : 0;
	}
	if (!force && !c->first && n && pipe(c) + n > c->cwnd && pipe(c))
		return 0;
	return n;
}

static bool send_piece(struct tcp *c, bool force)
{
	uint32_t seq, n = next_piece(c, force, &seq), data, end = seq + n;
	unsigned flags = TCP_ACK;

	if (!n)
		return false;
	data = seq_lt(c->snd_end, end) ? n - 1 : n;
	if (data != n)
		flags |= TCP_FIN;
	if (data && seq + data == c->snd_end)
		flags |= TCP_PSH;
	c->first = false;
	segment(c, seq, flags, data);
	if (tcp_gone(c))
		return false;
	if (seq != c->snd_nxt)
		c->timing = false; /* Karn: which one is acknowledged cannot be told */
	else if (!c->timing) {
		c->timing = true;
		c->rtt_seq = end;
		c->rtt_us = tcp_now_us(c);
	}
	if (seq_lt(seq, c->lost))
		c->again = end;
	if (seq_lt(c->snd_nxt, end))
		c->snd_nxt = end;
	return true;
}

static bool may_send(const struct tcp *c)
{
	return c->state >= TCP_ESTABLISHED && c->state < TCP_TIME_WAIT;
}

void tcp_output(struct tcp *c)
{
	if (!may_send(c) || c->snd_una == tcp_snd_limit(c))
		return;
	if (!c->waiting) { /* RFC 6298 5.1; RFC 5681 4.1 */
		c->waiting = true;
		c->since_us = c->alive_us = tcp_now_us(c);
		if (c->cwnd > CWND_FIRST * c->mss)
			c->cwnd = CWND_FIRST * c->mss;
	}
	for (unsigned i = 0; i < BURST_MAX && send_piece(c, false); i++)
		;
	if (!tcp_gone(c))
		tcp_arm(c);
}

void tcp_output_again(struct tcp *c)
{
	uint32_t flight = c->snd_nxt - c->snd_una;

	if (flight && c->snd_wnd) { /* RFC 5681 3.1; RFC 2018 8: it may have forgotten */
		if (c->tries == 1)
			c->ssthresh = flight / 2 > 2u * c->mss ? flight / 2 : 2u * c->mss;
		c->cwnd = c->mss;
		c->recovery = TCP_REC_RTO;
		c->recover = c->snd_nxt;
	}
	c->sacked.n = 0;
	c->dups = 0;
	c->again = c->snd_una;
	c->lost = c->snd_nxt;
	send_piece(c, true);
	c->timing = false;
	if (c->snd_wnd)
		return;
	c->again = c->snd_una; /* it was a probe: all goes again when there is a window */
	c->lost = c->snd_nxt;
}
