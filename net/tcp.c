/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP's connections: their pool, open, close, abort (RFC 9293 3.10.1 to 3.10.5), their time (3.8.3,
 * RFC 6298 5), errors from below (RFC 1191, 5927), numbers and ports that are hard to guess (RFC
 * 6528, RFC 6056 3.3.1). What arrives is in tcp_in.c, what is sent in tcp_out.c.
 *
 * Each connection has one timer. It is not put forward for each segment: when it fires it looks at
 * the times, and starts again when there is time left; only when it would fire too late it is
 * touched.
 *
 * Limits: TCP_MAX connections; no listening; the address and the link of a connection do not
 * change. An idle peer is asked for a sign of life after 25 s (RFC 9293 3.8.4 would wait two
 * hours): a server that was restarted while it sent to us is found out so.
 */
#include "core/err.h"
#include "core/halfsiphash.h"
#include "net/tcp_priv.h"

#define KEEP_FIRST_US 25000000u /* of silence, and a sign of life is asked for ... */
#define KEEP_US	      10000000u /* ... so often */
#define PORT_FIRST    0xc000u	/* 49152: dynamic ports (RFC 6335 6) */
#define PORT_MASK     0x3fffu
#define DOUBT_TRIES   2	   /* so often unheard, we ask who has the peer's address now */
#define REFUSALS      3	   /* ICMP errors to our SYN that we believe in */
#define TRIES_MAX     10   /* of one segment, RFC 9293 3.8.3 R2: 100 s or more */
#define MTU_MIN	      576u /* routers that claim less are not believed */
#define HEADERS	      (IPV4_HEADER + TCP_HEADER + 0u)

_Static_assert(TCP_MAX <= 32, "tcp_due has a bit for each");

/* -- the pool -- */

struct tcp *tcp_find(struct netdev *dev, const struct ip_addr *dst, uint32_t ports)
{
	struct tcp *c = dev->net->tcp;

	for (; c < dev->net->tcp + TCP_MAX; c++)
		if (c->ports == ports && c->state > TCP_OVER && c->dev == dev &&
			ip4_u32(&c->dst) == ip4_u32(dst)) /* shorter than ip_eq() */
			return c;
	return NULL;
}

void tcp_free(struct tcp *c)
{
	struct net *net = tcp_net(c);

	timer_stop(net->m, &c->timer);
	net->tcp_due &= ~(1u << (c - net->tcp));
	c->state = TCP_CLOSED;
}

void tcp_end(struct tcp *c, int rc)
{
	tcp_free(c);
	c->s.user->closed(&c->s, rc);
}

void tcp_over(struct tcp *c, int rc)
{
	c->state = TCP_OVER;
	c->rc = rc;
	tcp_arm(c);
}

/* A free slot, else the one that has been in TIME-WAIT for longest; NULL: none. */
static struct tcp *slot_find(struct net *net)
{
	struct tcp *found = NULL;

	for (struct tcp *c = net->tcp; c < net->tcp + TCP_MAX; c++) {
		if (c == net->tcp_now)
			continue;
		if (c->state == TCP_CLOSED)
			return c;
		if (c->state == TCP_TIME_WAIT && (!found || seq_lt(c->alive_us, found->alive_us)))
			found = c;
	}
	if (found)
		tcp_free(found);
	return found;
}

/* -- time -- */

/* RFC 6298 5.5: doubled with each try. */
static uint32_t backoff(const struct tcp *c)
{
	uint32_t us = c->rto_us;

	for (unsigned i = 0; i < c->tries && us < TCP_SILENCE_US; i++)
		us *= 2;
	return us < TCP_SILENCE_US ? us : TCP_SILENCE_US;
}

static bool opening(const struct tcp *c)
{
	return c->state == TCP_SYN_SENT || c->state == TCP_SYN_RCVD;
}

/* Microseconds until the peer's silence is a reason to give up; may be negative. */
static int32_t silence_left(const struct tcp *c)
{
	uint32_t limit = opening(c) ? TCP_CONNECT_US : TCP_SILENCE_US;

	return (int32_t)(c->alive_us + limit - tcp_now_us(c));
}

/* Microseconds until something is to be done; may be negative. */
static int32_t time_left(const struct tcp *c)
{
	int32_t end = silence_left(c), next;

	if (c->state == TCP_OVER)
		return 0;
	/* TIME-WAIT: 2 MSL with an MSL of 30 s */
	if (c->state == TCP_TIME_WAIT || (c->state == TCP_FIN_WAIT_2 && !c->waiting))
		return end;
	if (c->waiting)
		next = (int32_t)(c->since_us + backoff(c) - tcp_now_us(c));
	else if (seq_le(c->since_us, c->alive_us))
		next = (int32_t)(c->alive_us + KEEP_FIRST_US - tcp_now_us(c));
	else
		next = (int32_t)(c->since_us + KEEP_US - tcp_now_us(c));
	return next < end ? next : end;
}

void tcp_arm(struct tcp *c)
{
	struct machine *m = tcp_net(c)->m;
	int32_t left = time_left(c);

	if (left < 0)
		left = 0;
	if (!c->timer.armed || c->timer.due_us > m->now_us + (uint32_t)left)
		timer_start(m, &c->timer, (uint32_t)left);
}

/* Nothing has come for too long. */
static void tcp_silent(struct tcp *c)
{
	if (c->state == TCP_TIME_WAIT)
		tcp_free(c);
	else
		tcp_end(c, !c->dev->link_up ? -ERR_LINK_DOWN
			   : opening(c)	    ? -ERR_TCP_CONNECT
					    : -ERR_TCP_TIMEOUT);
}

/* What was sent was not heard, or there is nothing to send and we wonder. */
static void tcp_retry(struct tcp *c)
{
	c->since_us = tcp_now_us(c);
	if (!c->waiting) {
		tcp_send_keepalive(c);
		return;
	}
	c->tries++;
	if (c->tries >= TRIES_MAX && c->snd_wnd) { /* it answers, but does not take it */
		tcp_end(c, -ERR_TCP_TIMEOUT);
		return;
	}
	if (c->tries >= DOUBT_TRIES)
		ipv4_doubt(c->dev, &c->dst);
	if (opening(c))
		tcp_send_syn(c);
	else
		tcp_output_again(c);
}

static void tcp_fire(struct machine *m, struct timer *timer)
{
	struct tcp *c = timer->ctx;

	if (time_left(c) <= 0) {
		m->net->tcp_now = c;
		if (c->state == TCP_OVER)
			tcp_end(c, c->rc);
		else if (silence_left(c) <= 0)
			tcp_silent(c);
		else
			tcp_retry(c);
		m->net->tcp_now = NULL;
	}
	if (c->state != TCP_CLOSED)
		tcp_arm(c);
}

/* -- what the user does -- */

static struct tcp *tcp_of(struct stream *s)
{
	return (struct tcp *)s;
}

static void tcp_send(struct stream *s, uint64_t end)
{
	struct tcp *c = tcp_of(s);

	if (c->fin || end <= c->end)
		return;
	c->snd_end += (uint32_t)(end - c->end);
	c->end = end;
	tcp_output(c);
}

static void tcp_abort(struct stream *s)
{
	struct tcp *c = tcp_of(s);

	if (c->state >= TCP_SYN_RCVD)
		tcp_send_rst(c->dev, &c->src, &c->dst, c->ports, c->snd_nxt, &c->rcv_nxt);
	tcp_free(c);
}

static void tcp_close(struct stream *s)
{
	struct tcp *c = tcp_of(s);

	if (c->state == TCP_ESTABLISHED) {
		c->state = TCP_FIN_WAIT_1;
	} else if (c->state == TCP_CLOSE_WAIT) {
		c->state = TCP_LAST_ACK;
	} else {
		if (c->state == TCP_SYN_RCVD)
			tcp_send_rst(c->dev, &c->src, &c->dst, c->ports, c->snd_nxt, &c->rcv_nxt);
		if (opening(c))
			tcp_over(c, 0);
		return;
	}
	c->fin = true;
	tcp_output(c);
}

/* RFC 9293 3.8.6.2.2: tells of more room, unless it is too little to speak of. */
static void tcp_wake(struct stream *s)
{
	struct tcp *c = tcp_of(s);
	struct net *net = tcp_net(c);

	if (c->state < TCP_ESTABLISHED || !tcp_offer(c, true))
		return;
	if (net->tcp_now)
		tcp_ack_later(c);
	else
		tcp_ack(c);
}

static const struct stream_ops tcp_ops = {
	.send = tcp_send, .close = tcp_close, .abort = tcp_abort, .wake = tcp_wake};

/*
 * A number that only we know, for each pair of ends: RFC 6528 3. The generator shares the key, but
 * hashes two words: none of its numbers is one of these.
 */
static uint32_t tcp_hash(const struct tcp *c, uint32_t salt)
{
	uint32_t words[] = {ip4_u32(&c->src), ip4_u32(&c->dst), c->ports, salt};

	return halfsiphash(tcp_net(c)->m->rng.key, words, 4);
}

/* RFC 6056 3.3.1: from a random one on, the first that is free; fewer than TCP_MAX are not. */
static void tcp_pick_port(struct tcp *c, uint16_t port)
{
	uint32_t r = rng_u32(tcp_net(c)->m);

	do
		c->ports = (uint32_t)port << 16 | PORT_FIRST | (r++ & PORT_MASK);
	while (tcp_find(c->dev, &c->dst, c->ports));
}

/* RFC 9293 3.10.1 */
static void tcp_start(struct tcp *c)
{
	uint32_t iss = (uint32_t)(tcp_net(c)->m->now_us >> 2) + tcp_hash(c, 0); /* RFC 6528: 4 us */

	c->state = TCP_SYN_SENT;
	c->snd_una = iss;
	c->snd_nxt = c->snd_end = c->again = c->lost = iss + 1;
	c->ts_off = tcp_hash(c, 1);
	c->ts_ok = c->sack_ok = true;
	c->rcv_scale = TCP_SCALE;
	c->cap = 65535; /* of a SYN */
	c->mss = (uint16_t)(c->dev->mtu - HEADERS);
	c->rcv_mss = c->mss - (uint32_t)TCP_TS_LEN;
	c->rto_us = TCP_RTO_FIRST;
	c->waiting = true;
	c->since_us = c->alive_us = tcp_now_us(c);
	c->overruns = c->dev->stats.rx_overrun + c->dev->stats.rx_no_buf;
	timer_init(&c->timer, tcp_fire, c);
}

int tcp_open(struct net *net, struct netdev *dev, const struct ip_addr *dst, uint16_t port,
	const struct stream_user *user, void *ctx, struct stream **out)
{
	char text[IP_STR_MAX];
	int rc = -ERR_NO_ADDRESS;
	struct tcp *c;

	if (dev->ip4.addr.family != IP_V4)
		goto refuse;
	rc = -ERR_NO_SOCKET;
	c = slot_find(net);
	if (!c)
		goto refuse;
	memset(c, 0, sizeof(*c));
	c->s = (struct stream){.ops = &tcp_ops, .user = user, .ctx = ctx};
	c->dev = dev;
	c->src = dev->ip4.addr;
	c->dst = *dst;
	tcp_pick_port(c, port);
	tcp_start(c);
	rc = tcp_send_syn(c);
	if (rc) {
		tcp_free(c);
		goto refuse;
	}
	tcp_arm(c);
	*out = &c->s;
	return 0;
refuse:
	return err_set(net->m, (enum err) - rc, "%s: TCP to %s port %u", dev->name,
		ip_str(dst, text), port);
}

/* -- what comes from below -- */

/* RFC 1191 6.4: what was sent is lost, and goes in smaller pieces now, at first one alone. */
static void tcp_mtu(struct tcp *c, uint16_t mtu)
{
	unsigned mss = (mtu > MTU_MIN ? mtu : MTU_MIN) - HEADERS - (c->ts_ok ? TCP_TS_LEN : 0u);

	if (mss >= c->mss || opening(c))
		return;
	c->mss = (uint16_t)mss;
	c->timing = false;
	c->cwnd = c->mss;
	c->again = c->snd_una;
	c->lost = c->snd_nxt;
	tcp_output(c);
}

/*
 * RFC 5927 4.1: only what quotes a number that is on its way can be true, and even then it ends
 * nothing but an attempt to connect, when it comes again and again.
 */
void tcp_error(struct netdev *dev, const struct ipv4_quote *q, int err, uint16_t mtu)
{
	struct tcp *c = tcp_find(dev, &q->dst, (uint32_t)q->dst_port << 16 | q->src_port);

	if (!c || q->seq - c->snd_una >= c->snd_nxt - c->snd_una)
		return;
	if (err == ERR_TOO_LONG)
		tcp_mtu(c, mtu);
	else if (c->state == TCP_SYN_SENT && (err == ERR_ARP_TIMEOUT || ++c->refusals >= REFUSALS))
		tcp_over(c, -err);
}

void tcp_flush(struct net *net)
{
	for (unsigned i = 0; net->tcp_due >> i; i++)
		if (net->tcp_due >> i & 1)
			tcp_ack(&net->tcp[i]);
}

void tcp_drop(struct net *net, struct netdev *dev)
{
	for (struct tcp *c = net->tcp; c < net->tcp + TCP_MAX; c++)
		if (c->dev == dev && !tcp_gone(c) && c->state != TCP_TIME_WAIT)
			tcp_over(c, -ERR_LINK_DOWN);
}
