/* SPDX-License-Identifier: BSD-2-Clause */
/* See udp_box.h. */
#include "net/udp_box.h"
#include "core/str.h"
#include "net/ipv4.h"
#include "net/netdev.h"

/*
 * A free one; else the oldest that came to another port, or from elsewhere: whoever that is, he
 * does not make the payload deaf for others. NULL: all are this sender's.
 */
static struct udp_datagram *make_room(
	struct udp_box *box, uint16_t port, uint32_t src, uint16_t src_port)
{
	struct udp_datagram *oldest = NULL, *d = box->datagram;

	for (; d < box->datagram + UDP_BOX_DATAGRAMS; d++) {
		if (!d->n)
			return d;
		if ((d->dst_port != port || d->src != src || d->src_port != src_port) &&
			(!oldest || (int32_t)(d->seq - oldest->seq) < 0))
			oldest = d;
	}
	return oldest;
}

static void box_input(
	struct udp_sock *s, const struct ip_meta *meta, uint16_t src_port, struct bytes b)
{
	struct udp_box *box = s->ctx;
	uint32_t src = ip4_u32(&meta->src);
	struct udp_datagram *d;

	if (b.n > sizeof(d->data))
		return;
	d = make_room(box, s->port, src, src_port);
	if (!d)
		return;
	d->n = (uint16_t)b.n;
	d->src_port = src_port;
	d->dst_port = s->port;
	d->src = src;
	d->dst = ip4_u32(&meta->dst);
	d->seq = box->datagrams++;
	bytes_copy(&b, d->data, b.n);
}

struct udp_sock *udp_box_port(struct udp_box *box, uint16_t port)
{
	struct udp_sock *s;
	unsigned at = 0;

	box->uses++;
	for (unsigned i = 0; i < UDP_BOX_PORTS; i++) {
		if (box->used[i] && box->sock[i].port == port) {
			box->used[i] = box->uses;
			return &box->sock[i];
		}
		if (box->used[i] < box->used[at])
			at = i;
	}
	s = &box->sock[at];
	s->input = box_input;
	s->ctx = box;
	box->used[at] = 0;
	if (udp_open(box->dev->net, s, box->dev, port))
		return NULL;
	box->used[at] = box->uses;
	return s;
}

static bool fits(const struct udp_want *w, const struct udp_datagram *d)
{
	return d->n && (!w->dst || w->dst == d->dst) && (!w->src || w->src == d->src) &&
	       (!w->dst_port || w->dst_port == d->dst_port) &&
	       (!w->src_port || w->src_port == d->src_port);
}

bool udp_box_find(void *want)
{
	struct udp_want *w = want;
	struct udp_datagram *d = w->box->datagram, *end = d + UDP_BOX_DATAGRAMS;

	for (w->found = NULL; d < end; d++)
		if (fits(w, d) && (!w->found || (int32_t)(d->seq - w->found->seq) < 0))
			w->found = d;
	return w->found;
}

void udp_box_end(struct udp_box *box)
{
	for (unsigned i = 0; i < UDP_BOX_PORTS; i++)
		udp_close(box->dev->net, &box->sock[i]);
	memset(box->used, 0, sizeof(box->used));
	for (unsigned i = 0; i < UDP_BOX_DATAGRAMS; i++)
		box->datagram[i].n = 0;
}
