/* SPDX-License-Identifier: BSD-2-Clause */
/* The router and relay agent of router.h. */
#include "router.h"

#include "bootp.h"

#include <stdlib.h>

enum { HOPS_MAX = 16 }; /* RFC 1542 4.1.1 */

/* A packet for the router's address on the far side: that side hears it as if it came by its own
 * wire. */
static void router_deliver(struct sim_host *to, const struct sim_frame *f)
{
	struct sim_frame *own = frame_new(f->data, f->len);

	memcpy(own->data, to->mac, 6);
	own->by_server = !frame_judged(f);
	own->copy = f->copy;
	to->port.rx(to->port.ctx, own);
	frame_free(own);
}

static bool router_forward(struct sim_router *r, unsigned from, const struct sim_frame *f)
{
	const uint8_t *ip = f->data + ETH_HEAD;
	struct sim_host *to = r->side[!from];
	uint32_t len = wire_get16(ip + 2), head = (ip[0] & 15u) * 4;
	uint8_t packet[FRAME_MAX];

	if (wire_get32(ip + 16) == to->ip) {
		router_deliver(to, f);
		return true;
	}
	if ((wire_get32(ip + 16) ^ to->ip) & to->mask || ip[8] < 2)
		return false;
	memcpy(packet, ip, len);
	packet[8]--;
	wire_put16(packet + 10, 0);
	wire_put16(packet + 10, wire_fold(wire_sum(0, packet, head)));
	r->forwarded++;
	host_forward(to, packet, len, frame_judged(f));
	return true;
}

static bool forward_up(void *ctx, struct sim_frame *f)
{
	return router_forward(ctx, 0, f);
}

static bool forward_down(void *ctx, struct sim_frame *f)
{
	return router_forward(ctx, 1, f);
}

/* Sends a BOOTP message on; what is wrong in a judged one is still the client's fault. */
static void relay_send(struct sim_host *h, const struct host_out *out, bool judged)
{
	bool was = h->client;

	h->client = judged;
	host_send(h, out);
	h->client = was;
}

static void relay_request(struct sim_router *r, const struct host_in *in)
{
	uint8_t msg[2048];
	struct host_out out = {
		.dst_ip = r->server,
		.src_port = 67,
		.dst_port = 67,
		.data = msg,
		.len = in->len,
		.src_ip = r->side[1]->ip,
	};

	if (!r->server || in->len < BOOTP_FIXED || in->len > sizeof(msg) || in->data[3] >= HOPS_MAX)
		return;
	memcpy(msg, in->data, in->len);
	msg[3]++;
	if (!wire_get32(msg + 24))
		wire_put32(msg + 24, r->side[0]->ip);
	r->relayed++;
	relay_send(r->side[1], &out, in->judged);
}

/* RFC 1542 4.1.2: back to the client, by its hardware address or as a broadcast. */
static void relay_answer(struct sim_router *r, const struct host_in *in)
{
	struct host_out out = {
		.src_port = 67,
		.dst_port = 68,
		.data = in->data,
		.len = in->len,
		.dst_ip = IP_ALL,
	};
	uint32_t yiaddr;

	if (in->len < BOOTP_FIXED || wire_get32(in->data + 24) != r->side[0]->ip)
		return;
	yiaddr = wire_get32(in->data + 16);
	if (yiaddr && !(wire_get16(in->data + 10) & 0x8000)) {
		out.dst_ip = yiaddr;
		out.dst_mac = in->data + 28;
	}
	r->returned++;
	relay_send(r->side[0], &out, false);
}

static void relay_rx(void *ctx, const struct host_in *in)
{
	if (in->len && in->data[0] == 1 && in->dst_ip == IP_ALL)
		relay_request(ctx, in);
	else if (in->len && in->data[0] == 2)
		relay_answer(ctx, in);
}

struct sim_router *router_new(struct sim_world *w, uint32_t client_side_ip, uint32_t server_side_ip,
	uint32_t mask, uint32_t dhcp_server)
{
	struct sim_router *r = sim_alloc(sizeof(*r));

	r->side[0] = host_new(w, "router0", client_side_ip, mask);
	r->side[1] = host_new(w, "router1", server_side_ip, mask);
	r->server = dhcp_server;
	r->side[0]->forward = forward_up;
	r->side[1]->forward = forward_down;
	for (unsigned i = 0; i < 2; i++) {
		r->side[i]->forward_ctx = r;
		host_bind(r->side[i], 67, relay_rx, r);
	}
	world_own(w, r, free);
	return r;
}
