/* SPDX-License-Identifier: BSD-2-Clause */
/* See udp_box.h. */
#include "net/udp_box.h"
#include "core/str.h"
#include "net/ipv4.h"
#include "net/netdev.h"

static void box_input(
	struct udp_sock *s, const struct ip_meta *meta, uint16_t src_port, struct bytes b)
{
	struct udp_box *box = s->ctx;
	struct udp_datagram *d = box->datagram, *end = d + UDP_BOX_DATAGRAMS;

	while (d < end && d->n)
		d++;
	if (d == end || b.n > sizeof(d->data))
		return;
	d->n = (uint16_t)b.n;
	d->src_port = src_port;
	d->dst_port = s->port;
	d->src = ip4_u32(&meta->src);
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
