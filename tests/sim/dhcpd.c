/* SPDX-License-Identifier: BSD-2-Clause */
/* The DHCP and PXE server of dhcpd.h: what it answers. What it thinks of its clients is in
 * dhcp_check.c. */
#include "dhcpd.h"

#include <stdio.h>
#include <stdlib.h>

/* An answer that waits for its delay. */
struct dhcpd_reply {
	struct dhcpd_reply *next;
	struct sim_dhcpd *d;
	struct dhcpd_client *c;
	struct sim_event send;
	struct bootp_head asked; /* the message that it answers */
	bool wants[256];	 /* the client's parameter list */
	uint32_t max_size;	 /* IP datagram that the client takes */
	unsigned type;
	uint16_t from_port; /* 67 or 4011 */
	bool renews;	/* it takes a broadcast for a boot server for a client that is rebinding */
	uint32_t to_ip; /* 4011: back to the asker */
	uint16_t to_port;
};

/* ---- clients ---- */

struct dhcpd_client *dhcpd_client(struct sim_dhcpd *d, const uint8_t *mac)
{
	for (uint32_t i = 0; i < d->clients; i++)
		if (mac_equal(d->client[i]->mac, mac))
			return d->client[i];
	return NULL;
}

static struct dhcpd_client *client_meet(struct sim_dhcpd *d, const uint8_t *mac)
{
	struct dhcpd_client *c = dhcpd_client(d, mac);

	if (c)
		return c;
	c = sim_alloc(sizeof(*c));
	memcpy(c->mac, mac, 6);
	c->first_us = d->w->now_us;
	d->client = sim_grow(d->client, (d->clients + 1) * sizeof(struct dhcpd_client *));
	d->client[d->clients++] = c;
	return c;
}

static bool client_address(struct sim_dhcpd *d, struct dhcpd_client *c)
{
	if (!c->ip && d->handed_out < d->conf.pool_len)
		c->ip = d->conf.pool + d->handed_out++;
	return c->ip != 0;
}

static void dhcpd_log(struct sim_dhcpd *d, const struct host_in *in, const struct bootp_in *msg)
{
	struct dhcpd_seen *s;

	if (d->seens == d->seen_cap) {
		d->seen_cap = d->seen_cap ? d->seen_cap * 2 : 64;
		d->seen = sim_grow(d->seen, d->seen_cap * sizeof(*d->seen));
	}
	s = &d->seen[d->seens++];
	*s = (struct dhcpd_seen){
		.at_us = d->w->now_us,
		.type = (uint8_t)bootp_type(msg),
		.port = in->dst_port,
		.src_port = in->src_port,
		.xid = msg->h.xid,
	};
	memcpy(s->mac, msg->h.chaddr, 6);
	world_trace(d->w, d->h->name, "%s from %s xid %08x secs %u", bootp_type_text(s->type),
		mac_text(s->mac), s->xid, msg->h.secs);
}

/* ---- answers ---- */

static void text_field(uint8_t *to, size_t cap, const char *text)
{
	size_t len = text ? strlen(text) : 0;

	memset(to, 0, cap);
	if (len)
		memcpy(to, text, len < cap ? len : cap - 1);
}

/* Adds an option when the client asked for it (or everything is sent). */
static void offer_option(struct bootp_out *out, const struct dhcpd_reply *r, unsigned code,
	const void *v, uint32_t len)
{
	if (r->wants[code] || r->d->conf.every_option)
		bootp_add(out, code, v, len);
}

static void offer_ip(struct bootp_out *out, const struct dhcpd_reply *r, unsigned code, uint32_t ip)
{
	uint8_t p[4];

	wire_put32(p, ip);
	if (ip)
		offer_option(out, r, code, p, 4);
}

static void reply_boot_file(struct bootp_out *out, const struct dhcpd_reply *r, const char *file)
{
	const struct dhcpd_conf *a = &r->d->conf;

	out->h.siaddr = a->next_server;
	if (a->file_in != FILE_OPTION && !(a->overload & 2))
		text_field(out->h.sname, sizeof(out->h.sname), a->server_name);
	else if (a->server_name)
		offer_option(
			out, r, OPT_TFTP_NAME, a->server_name, (uint32_t)strlen(a->server_name));
	if (!file)
		return;
	if (a->file_in != FILE_OPTION && !(a->overload & 1))
		text_field(out->h.file, sizeof(out->h.file), file);
	if (a->file_in != FILE_FIELD || a->overload & 1)
		offer_option(out, r, OPT_BOOTFILE, file, (uint32_t)strlen(file));
}

static void reply_pxe(struct bootp_out *out, const struct dhcpd_reply *r)
{
	const uint8_t control[] = {6, 1, 8, 255};
	uint8_t item[] = {PXE_ITEM, 4, 0, 0, 0, 0, 255};

	if (r->d->conf.role == DHCPD_SERVER && (!r->d->conf.pxe_class || r->renews))
		return;
	bootp_add_text(out, OPT_CLASS, "PXEClient");
	if (r->d->conf.pxe_control)
		bootp_add(out, OPT_VENDOR, control, sizeof(control));
	wire_put16(item + 2, r->d->conf.pxe_type);
	if (r->d->conf.role == DHCPD_BOOT)
		bootp_add(out, OPT_VENDOR, item, sizeof(item));
}

static void reply_address(struct bootp_out *out, const struct dhcpd_reply *r)
{
	const struct dhcpd_conf *a = &r->d->conf;

	out->h.yiaddr = r->c->ip;
	bootp_add32(out, OPT_LEASE, a->lease_s ? a->lease_s : 3600);
	offer_ip(out, r, OPT_MASK, a->mask);
	offer_ip(out, r, OPT_ROUTER, a->router);
}

static void reply_build(struct bootp_out *out, const struct dhcpd_reply *r)
{
	const struct dhcpd_conf *a = &r->d->conf;
	const char *file = r->from_port == 4011 && a->pxe_file ? a->pxe_file : a->boot_file;

	memset(out, 0, sizeof(*out));
	out->h = r->asked;
	out->h.op = 2;
	out->h.hops = 0;
	out->h.secs = 0;
	out->h.ciaddr = r->type == MSG_ACK ? r->asked.ciaddr : 0;
	memset(out->h.sname, 0, sizeof(out->h.sname));
	memset(out->h.file, 0, sizeof(out->h.file));
	bootp_add8(out, OPT_TYPE, r->type);
	bootp_add32(out, OPT_SERVER_ID, r->d->h->ip);
	if (r->type == MSG_NAK) {
		bootp_add_text(out, OPT_MESSAGE, "no such lease");
		return;
	}
	out->overload = a->overload;
	out->main_max = a->main_max;
	out->split = a->split;
	if (a->role == DHCPD_SERVER && r->from_port == 67)
		reply_address(out, r);
	reply_pxe(out, r);
	reply_boot_file(out, r, file);
	for (uint32_t i = 0; i < a->extras; i++)
		offer_option(out, r, a->extra[i].code, a->extra[i].value, a->extra[i].len);
	if (r->from_port == 4011 || a->role != DHCPD_SERVER)
		return;
	r->c->lease = r->type == MSG_ACK ? LEASE_BOUND : LEASE_OFFERED;
}

/* RFC 2131 4.1: where an answer goes. */
static void reply_address_to(
	const struct dhcpd_reply *r, const struct bootp_out *msg, struct host_out *out)
{
	enum dhcpd_cast cast = r->d->conf.cast;

	out->src_port = 67;
	out->dst_port = 68;
	if (r->from_port == 4011) {
		out->src_port = 4011;
		out->dst_port = r->to_port;
		out->dst_ip = r->to_ip;
	} else if (r->asked.giaddr) {
		out->dst_ip = r->asked.giaddr;
		out->dst_port = 67;
	} else if (r->type != MSG_NAK && r->asked.ciaddr) {
		out->dst_ip = r->asked.ciaddr;
	} else if (r->type == MSG_NAK || !msg->h.yiaddr || cast == CAST_BROADCAST ||
		   (cast == CAST_AS_ASKED && r->asked.flags & 0x8000)) {
		out->dst_ip = IP_ALL;
	} else {
		out->dst_ip = msg->h.yiaddr;
		out->dst_mac = r->c->mac;
	}
}

static void reply_count(const struct dhcpd_reply *r)
{
	struct sim_dhcpd *d = r->d;

	if (r->type == MSG_OFFER) {
		d->offers++;
		r->c->offers++;
		r->c->offered_xid = r->asked.xid;
	} else if (r->type == MSG_NAK) {
		d->naks++;
		r->c->naks++;
		r->c->lease = LEASE_NONE;
	} else if (r->from_port == 4011) {
		d->pxe_acks++;
	} else {
		d->acks++;
		r->c->acks++;
		r->c->acked_us = d->w->now_us;
	}
}

static void reply_free(struct dhcpd_reply *r)
{
	struct dhcpd_reply **at = &r->d->replies;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	world_cancel(r->d->w, &r->send);
	free(r);
}

static void reply_send(void *ctx)
{
	struct dhcpd_reply *r = ctx;
	struct sim_dhcpd *d = r->d;
	struct bootp_out *msg = sim_alloc(sizeof(*msg));
	struct host_out out = {0};
	uint8_t bytes[2048];

	reply_build(msg, r);
	out.data = bytes;
	out.len = bootp_emit(msg, bytes, r->max_size - IP_HEAD - UDP_HEAD);
	reply_address_to(r, msg, &out);
	if (d->conf.tamper)
		d->conf.tamper(d->conf.tamper_ctx, d, r->type, bytes, &out.len, sizeof(bytes));
	reply_count(r);
	world_trace(d->w, d->h->name, "%s %s to %s", bootp_type_text(r->type),
		ip_text(msg->h.yiaddr), mac_text(r->c->mac));
	host_send(d->h, &out);
	free(msg);
	reply_free(r);
}

static void reply_start(struct sim_dhcpd *d, struct dhcpd_client *c, const struct host_in *in,
	const struct bootp_in *msg, unsigned type)
{
	struct dhcpd_reply *r;
	uint8_t list[256], size[2];
	int n = bootp_get(msg, OPT_PARAMETERS, list, sizeof(list));

	if (d->conf.silent)
		return;
	r = sim_alloc(sizeof(*r));
	r->d = d;
	r->c = c;
	r->asked = msg->h;
	r->type = type;
	r->from_port = in->dst_port;
	r->to_ip = in->src_ip;
	r->to_port = in->src_port;
	for (int i = 0; i < n && i < (int)sizeof(list); i++)
		r->wants[list[i]] = true;
	r->max_size = 576;
	if (bootp_get(msg, OPT_MAX_SIZE, size, 2) == 2 && wire_get16(size) >= 576)
		r->max_size = wire_get16(size) < 1500 ? wire_get16(size) : 1500;
	r->next = d->replies;
	d->replies = r;
	event_init(&r->send, reply_send, r);
	world_in(d->w, &r->send, type == MSG_OFFER ? d->conf.offer_delay_us : d->conf.ack_delay_us);
}

/* ---- requests ---- */

int dhcpd_pxe_type(const struct bootp_in *msg)
{
	uint8_t v[255];
	int n = bootp_get(msg, OPT_VENDOR, v, sizeof(v));

	for (int i = 0; i + 4 <= n && v[i] != OPT_END; i += 2 + v[i + 1])
		if (v[i] == PXE_ITEM && v[i + 1] == 4)
			return wire_get16(v + i + 2);
	return -1;
}

static bool is_pxe_client(const struct bootp_in *msg)
{
	uint8_t class[9];

	return bootp_get(msg, OPT_CLASS, class, 9) >= 9 && !memcmp(class, "PXEClient", 9);
}

static void dhcpd_discover(struct sim_dhcpd *d, struct dhcpd_client *c, const struct host_in *in,
	const struct bootp_in *msg)
{
	d->discovers++;
	c->discovers++;
	if (d->conf.role == DHCPD_BOOT)
		return;
	if (d->conf.role == DHCPD_PROXY ? is_pxe_client(msg) : client_address(d, c))
		reply_start(d, c, in, msg, MSG_OFFER);
}

/* RFC 2131 4.3.2. */
static void dhcpd_request(struct sim_dhcpd *d, struct dhcpd_client *c, const struct host_in *in,
	const struct bootp_in *msg)
{
	uint32_t server = bootp_get_ip(msg, OPT_SERVER_ID),
		 wants = bootp_get_ip(msg, OPT_REQUESTED_IP);

	d->requests++;
	c->requests++;
	if (server != d->h->ip) {
		if (server && c->lease == LEASE_OFFERED)
			c->lease = LEASE_NONE;
		return;
	}
	if (d->conf.ignore_requests) {
		d->conf.ignore_requests--;
		return;
	}
	if (d->conf.naks ||
		(d->conf.role == DHCPD_SERVER && (c->lease == LEASE_NONE || wants != c->ip))) {
		if (d->conf.naks && d->conf.naks != DHCPD_NEVER_ACK)
			d->conf.naks--;
		reply_start(d, c, in, msg, MSG_NAK);
		return;
	}
	reply_start(d, c, in, msg, MSG_ACK);
}

/* RFC 2131 4.3.2: to a DHCP server the broadcast looks like one in state REBINDING. */
static void dhcpd_rebind(struct sim_dhcpd *d, struct dhcpd_client *c, const struct host_in *in,
	const struct bootp_in *msg)
{
	if (d->conf.role != DHCPD_SERVER || c->lease != LEASE_BOUND || msg->h.ciaddr != c->ip)
		return;
	reply_start(d, c, in, msg, MSG_ACK);
	if (d->replies)
		d->replies->renews = true;
}

/* For a PXE boot server, PXE 2.1 2.2: on port 4011, or broadcast on 67. */
static void pxe_discover(struct sim_dhcpd *d, struct dhcpd_client *c, const struct host_in *in,
	const struct bootp_in *msg)
{
	d->pxe_requests++;
	c->pxe_requests++;
	if (d->conf.ignore_requests && d->conf.role == DHCPD_BOOT) {
		d->conf.ignore_requests--;
		return;
	}
	if (d->conf.role == DHCPD_BOOT ? dhcpd_pxe_type(msg) == d->conf.pxe_type
				       : d->conf.port_4011 && in->dst_port == 4011)
		reply_start(d, c, in, msg, MSG_ACK);
	else if (in->dst_port == 67)
		dhcpd_rebind(d, c, in, msg);
}

static void dhcpd_decline(struct sim_dhcpd *d, struct dhcpd_client *c, const struct bootp_in *msg)
{
	if (bootp_get_ip(msg, OPT_SERVER_ID) != d->h->ip)
		return;
	d->declines++;
	c->declines++;
	c->lease = LEASE_NONE;
	c->ip = 0; /* the next address of the pool takes its place */
}

static void dhcpd_release(struct sim_dhcpd *d, struct dhcpd_client *c)
{
	d->releases++;
	c->releases++;
	c->lease = LEASE_NONE;
}

static void dhcpd_rx(void *ctx, const struct host_in *in)
{
	struct sim_dhcpd *d = ctx;
	struct bootp_in msg;
	struct dhcpd_client *c;

	if (!bootp_parse(&msg, in->data, in->len) || !msg.cookie) {
		dhcp_check_malformed(d, in);
		return;
	}
	if (msg.h.op != 1)
		return;
	c = client_meet(d, msg.h.chaddr);
	if (in->judged && !in->copy)
		(dhcpd_pxe_type(&msg) < 0 ? dhcp_check_message : dhcp_check_pxe_request)(
			d, c, in, &msg);
	dhcpd_log(d, in, &msg);
	if (dhcpd_pxe_type(&msg) >= 0) {
		pxe_discover(d, c, in, &msg);
		return;
	}
	switch (bootp_type(&msg)) {
	case MSG_DISCOVER:
		dhcpd_discover(d, c, in, &msg);
		break;
	case MSG_REQUEST:
		dhcpd_request(d, c, in, &msg);
		break;
	case MSG_DECLINE:
		dhcpd_decline(d, c, &msg);
		break;
	case MSG_RELEASE:
		dhcpd_release(d, c);
		break;
	}
}

/* PXE 2.1 2.4: the request that a client sends to the port that an offer with "PXEClient" stands
 * for. */
static void pxe_rx(void *ctx, const struct host_in *in)
{
	struct sim_dhcpd *d = ctx;
	struct bootp_in msg;
	struct dhcpd_client *c;

	if (!bootp_parse(&msg, in->data, in->len) || !msg.cookie) {
		dhcp_check_malformed(d, in);
		return;
	}
	c = client_meet(d, msg.h.chaddr);
	if (in->judged && !in->copy)
		dhcp_check_pxe_request(d, c, in, &msg);
	dhcpd_log(d, in, &msg);
	if (is_pxe_client(&msg))
		pxe_discover(d, c, in, &msg);
}

/* ---- life ---- */

static void dhcpd_watch(void *ctx, struct sim_frame *f)
{
	dhcp_check_frame(ctx, f);
}

static void dhcpd_end(void *thing)
{
	struct sim_dhcpd *d = thing;

	while (d->replies)
		reply_free(d->replies);
	for (uint32_t i = 0; i < d->clients; i++)
		free(d->client[i]);
	free(d->client);
	free(d->seen);
	free(d);
}

struct sim_dhcpd *dhcpd_new(struct sim_host *h, const struct dhcpd_conf *conf)
{
	struct sim_dhcpd *d = sim_alloc(sizeof(*d));

	d->w = h->w;
	d->h = h;
	d->conf = *conf;
	host_bind(h, 67, dhcpd_rx, d);
	if (conf->port_4011 || conf->role == DHCPD_BOOT)
		host_bind(h, 4011, pxe_rx, d);
	h->watch = dhcpd_watch;
	h->watch_ctx = d;
	world_own(h->w, d, dhcpd_end);
	return d;
}

void dhcpd_option(struct dhcpd_conf *conf, unsigned code, const void *value, uint32_t len)
{
	struct bootp_option *o;

	if (conf->extras == DHCPD_EXTRA_MAX)
		abort();
	o = &conf->extra[conf->extras++];
	o->code = (uint8_t)code;
	o->len = (uint16_t)(len < BOOTP_VALUE_MAX ? len : BOOTP_VALUE_MAX);
	if (o->len)
		memcpy(o->value, value, o->len);
}
