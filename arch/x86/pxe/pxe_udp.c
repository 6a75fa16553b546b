/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The UDP calls of PXE 2.1, chapter 3: one address, datagrams of any port.
 *
 * Ports and what waits for the NBP are net/udp_box.h's; a port is bound when the NBP first writes
 * from it or waits for it. UDP_READ gives the network a turn and does not wait; it hears only ports
 * that are bound. What is larger than the NBP's buffer is cut.
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

void pxe_udp_end(struct pxe *p)
{
	udp_box_end(&p->udp);
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

static enum pxe_status udp_call_read(struct pxe *p, void *params)
{
	struct udp_read *r = params;
	struct udp_want w = {
		.box = &p->udp, .dst = wire_get32(r->dst), .dst_port = wire_get16(r->dst_port)};
	struct udp_datagram *d;
	void *to;

	if (!p->udp_open)
		return PXENV_STATUS_UDP_CLOSED;
	if (w.dst_port && !udp_box_port(&p->udp, w.dst_port))
		return PXENV_STATUS_OUT_OF_RESOURCES;
	if (!machine_wait(p->m, udp_box_find, &w, 0))
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
	s = udp_box_port(&p->udp, port ? port : PORT_DEFAULT);
	pkt = s ? udp_alloc(net) : NULL;
	if (!pkt)
		return PXENV_STATUS_OUT_OF_RESOURCES;
	room = pkt_put(pkt, w->size);
	if (!room) {
		pkt_free(&net->pool, pkt);
		return PXENV_STATUS_OUT_OF_RESOURCES;
	}
	memcpy(room, from, w->size);
	ipv4_suggest_gateway(p->dev, wire_get32(w->gateway));
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
