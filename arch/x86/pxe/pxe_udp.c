/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The UDP calls of PXE 2.1, chapter 3: one address, datagrams of any port.
 *
 * A port is bound when the NBP first writes from it or waits for it; of PXE_SOCKETS the one unused
 * for longest makes room. UDP_READ gives the network a turn and does not wait; it hears only ports
 * that are bound. Up to PXE_DATAGRAMS wait for the NBP, what comes then is dropped, as are empty
 * ones and those larger than a frame. What is larger than the NBP's buffer is cut.
 */
#include "arch/x86/pxe/pxe.h"
#include "core/machine.h"
#include "net/net.h"
#include "net/wire.h"

#define PORT_DEFAULT 2069 /* as the specification has it for UDP WRITE */

struct udp_address {
	uint16_t status;
	uint8_t ip[4];
} __attribute__((packed));
_Static_assert(sizeof(struct udp_address) == 6, "PXE 2.1, UDP OPEN");

struct udp_read {
	uint16_t status;
	uint8_t src[4], dst[4];
	uint8_t src_port[2], dst_port[2];
	uint16_t size;
	struct segoff buffer;
} __attribute__((packed));
_Static_assert(sizeof(struct udp_read) == 20, "PXE 2.1, UDP READ");

struct udp_write {
	uint16_t status;
	uint8_t dst[4], gateway[4];
	uint8_t src_port[2], dst_port[2];
	uint16_t size;
	struct segoff buffer;
} __attribute__((packed));
_Static_assert(sizeof(struct udp_write) == 20, "PXE 2.1, UDP WRITE");

void pxe_gateway(struct pxe *p, const uint8_t addr[4])
{
	struct ipv4_conf *ip = &p->dev->ip4;
	uint32_t gateway = wire_get32(addr);

	if (gateway && ip_is_any(&ip->gateway) && !((gateway ^ ip4_u32(&ip->addr)) & ip->mask))
		ip->gateway = ip4_of(gateway);
}

static void sock_input(
	struct udp_sock *s, const struct ip_meta *meta, uint16_t src_port, struct bytes b)
{
	struct pxe *p = s->ctx;
	struct pxe_datagram *d = p->datagram, *end = d + PXE_DATAGRAMS;

	while (d < end && d->n)
		d++;
	if (d == end || b.n > sizeof(d->data))
		return;
	d->n = (uint16_t)b.n;
	d->src_port = src_port;
	d->dst_port = s->port;
	d->src = ip4_u32(&meta->src);
	d->dst = ip4_u32(&meta->dst);
	d->seq = p->datagrams++;
	bytes_copy(&b, d->data, b.n);
}

/* The socket of that port; NULL when another part of us has it. */
static struct udp_sock *sock_of(struct pxe *p, uint16_t port)
{
	unsigned at = 0;

	for (unsigned i = 0; i < PXE_SOCKETS; i++) {
		if (p->sock_used[i] && p->sock[i].port == port) {
			p->sock_used[i] = p->calls;
			return &p->sock[i];
		}
		if (p->sock_used[i] < p->sock_used[at])
			at = i;
	}
	p->sock[at].input = sock_input;
	p->sock[at].ctx = p;
	p->sock_used[at] = 0;
	if (udp_open(p->dev->net, &p->sock[at], p->dev, port))
		return NULL;
	p->sock_used[at] = p->calls;
	return &p->sock[at];
}

void pxe_udp_end(struct pxe *p)
{
	for (unsigned i = 0; i < PXE_SOCKETS; i++)
		udp_close(p->dev->net, &p->sock[i]);
	memset(p->sock_used, 0, sizeof(p->sock_used));
	for (unsigned i = 0; i < PXE_DATAGRAMS; i++)
		p->datagram[i].n = 0;
	p->udp_open = false;
}

static enum pxe_status udp_call_open(struct pxe *p, void *params)
{
	struct udp_address *a = params;
	uint32_t ours = ip4_u32(&p->dev->ip4.addr), ip = wire_get32(a->ip);

	if (p->udp_open)
		return PXENV_STATUS_UDP_OPEN;
	if (ip && ip != ours)
		return PXENV_STATUS_FAILURE;
	wire_put32(a->ip, ours);
	p->udp_open = true;
	return PXENV_STATUS_SUCCESS;
}

static enum pxe_status udp_call_close(struct pxe *p, void *params)
{
	(void)params;
	if (!p->udp_open)
		return PXENV_STATUS_UDP_CLOSED;
	pxe_udp_end(p);
	return PXENV_STATUS_SUCCESS;
}

/* -- reading --------------------------------------------------------------------------- */

struct waiting {
	struct pxe *p;
	uint32_t dst;  /* 0: any */
	uint16_t port; /* 0: any */
	struct pxe_datagram *found;
};

/* The oldest of those that fit. */
static bool datagram_find(void *ctx)
{
	struct waiting *w = ctx;

	w->found = NULL;
	for (unsigned i = 0; i < PXE_DATAGRAMS; i++) {
		struct pxe_datagram *d = &w->p->datagram[i];

		if (d->n && (!w->dst || w->dst == d->dst) && (!w->port || w->port == d->dst_port) &&
			(!w->found || (int32_t)(d->seq - w->found->seq) < 0))
			w->found = d;
	}
	return w->found;
}

static enum pxe_status udp_call_read(struct pxe *p, void *params)
{
	struct udp_read *r = params;
	struct waiting w = {p, wire_get32(r->dst), wire_get16(r->dst_port), NULL};
	struct pxe_datagram *d;
	void *to;

	if (!p->udp_open)
		return PXENV_STATUS_UDP_CLOSED;
	if (w.port && !sock_of(p, w.port))
		return PXENV_STATUS_OUT_OF_RESOURCES;
	if (!machine_wait(p->m, datagram_find, &w, 0))
		return PXENV_STATUS_FAILURE;
	d = w.found;
	if (r->size > d->n)
		r->size = d->n;
	to = pxe_at(p, r->buffer, r->size);
	if (!to)
		return PXENV_STATUS_FAILURE;
	memcpy(to, d->data, r->size);
	wire_put32(r->src, d->src);
	wire_put32(r->dst, d->dst);
	wire_put16(r->src_port, d->src_port);
	wire_put16(r->dst_port, d->dst_port);
	d->n = 0;
	return PXENV_STATUS_SUCCESS;
}

/* -- writing --------------------------------------------------------------------------- */

static enum pxe_status udp_call_write(struct pxe *p, void *params)
{
	struct udp_write *w = params;
	struct net *net = p->dev->net;
	struct ip_addr dst = ip4_of(wire_get32(w->dst));
	uint16_t port = wire_get16(w->src_port);
	const void *from = pxe_at(p, w->buffer, w->size);
	struct udp_sock *s;
	struct pkt *pkt;
	uint8_t *room;

	if (!p->udp_open)
		return PXENV_STATUS_UDP_CLOSED;
	if (!from)
		return PXENV_STATUS_FAILURE;
	s = sock_of(p, port ? port : PORT_DEFAULT);
	pkt = s ? udp_alloc(net) : NULL;
	if (!pkt)
		return PXENV_STATUS_OUT_OF_RESOURCES;
	room = pkt_put(pkt, w->size);
	if (!room) {
		pkt_free(&net->pool, pkt);
		return PXENV_STATUS_OUT_OF_RESOURCES;
	}
	memcpy(room, from, w->size);
	pxe_gateway(p, w->gateway);
	return udp_send(net, s, p->dev, pkt, NULL, &dst, wire_get16(w->dst_port))
		       ? PXENV_STATUS_FAILURE
		       : PXENV_STATUS_SUCCESS;
}

const struct pxe_call pxe_udp_calls[] = {
	{0x30, sizeof(struct udp_address), udp_call_open},
	{0x31, 2, udp_call_close},
	{0x32, sizeof(struct udp_read), udp_call_read},
	{0x33, sizeof(struct udp_write), udp_call_write},
	{0, 0, NULL},
};
