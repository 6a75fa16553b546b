/* SPDX-License-Identifier: BSD-2-Clause */
/* The well-behaved raw client of client.h. */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { STEP_US = 500000, RETRY_US = 400000 };

/* ---- DHCP ---- */

static void dhcp_rx(void *ctx, const struct host_in *in)
{
	struct sim_client *c = ctx;

	if (in->len > sizeof(c->bytes) || in->len < BOOTP_FIXED ||
		wire_get32(in->data + 4) != c->xid)
		return;
	memcpy(c->bytes, in->data, in->len);
	bootp_parse(&c->in, c->bytes, in->len);
	c->answers++;
	c->answer_port = in->src_port;
	c->server = bootp_get_ip(&c->in, OPT_SERVER_ID);
	if (c->in.h.yiaddr)
		c->offered = c->in.h.yiaddr;
}

static void message_options(struct bootp_out *msg, unsigned type)
{
	const uint8_t parameters[] = {OPT_MASK, OPT_ROUTER, OPT_DNS, OPT_VENDOR, OPT_TFTP_NAME,
		OPT_BOOTFILE, OPT_MTU, OPT_PXELINUX_CONFIG, OPT_PXELINUX_PREFIX};

	if (type == MSG_DISCOVER || type == MSG_REQUEST) {
		bootp_add(msg, OPT_PARAMETERS, parameters, sizeof(parameters));
		bootp_add(msg, OPT_MAX_SIZE, "\x05\xc0", 2);
	}
	bootp_add_text(msg, OPT_CLASS, "PXEClient:Arch:00000:UNDI:002001");
	bootp_add(msg, OPT_ARCH, "\0\0", 2);
	bootp_add(msg, OPT_UNDI, "\1\2\1", 3);
	bootp_add(msg, OPT_UUID, "\0abcdefghijklmnop", 17);
}

void client_message(struct sim_client *c, struct bootp_out *msg, unsigned type)
{
	memset(msg, 0, sizeof(*msg));
	msg->h = (struct bootp_head){.op = 1, .htype = 1, .hlen = 6, .xid = c->xid};
	memcpy(msg->h.chaddr, c->h->mac, 6);
	bootp_add8(msg, OPT_TYPE, type);
	if (type == MSG_REQUEST || type == MSG_DECLINE) {
		bootp_add32(msg, OPT_SERVER_ID, c->server);
		bootp_add32(msg, OPT_REQUESTED_IP, c->offered);
	}
	if (type == MSG_RELEASE) {
		bootp_add32(msg, OPT_SERVER_ID, c->server);
		msg->h.ciaddr = c->h->ip;
	}
	message_options(msg, type);
}

void client_send_bytes(struct sim_client *c, const void *bytes, uint32_t len)
{
	const struct host_out out = {
		.src_ip = 0,
		.dst_ip = IP_ALL,
		.src_port = 68,
		.dst_port = 67,
		.data = bytes,
		.len = len,
	};

	host_send(c->h, &out);
}

void client_send(struct sim_client *c, const struct bootp_out *msg)
{
	uint8_t bytes[548];
	struct host_out out = {.dst_ip = IP_ALL, .src_port = 68, .dst_port = 67, .data = bytes};

	out.len = bootp_emit(msg, bytes, sizeof(bytes));
	if (msg->h.ciaddr && c->server)
		out.dst_ip = c->server;
	host_send(c->h, &out);
}

bool client_bind(struct sim_client *c)
{
	struct bootp_out *msg = sim_alloc(sizeof(*msg));
	bool bound = false;

	client_message(c, msg, MSG_DISCOVER);
	client_send(c, msg);
	world_run(c->w, c->w->now_us + STEP_US);
	if (bootp_type(&c->in) == MSG_OFFER) {
		client_message(c, msg, MSG_REQUEST);
		client_send(c, msg);
		world_run(c->w, c->w->now_us + STEP_US);
		bound = bootp_type(&c->in) == MSG_ACK;
	}
	if (bound) {
		uint8_t ip[4];

		c->h->ip = c->in.h.yiaddr;
		c->h->mask = bootp_get_ip(&c->in, OPT_MASK);
		if (bootp_get(&c->in, OPT_ROUTER, ip, 4) >= 4)
			c->h->gateway = wire_get32(ip);
	}
	free(msg);
	return bound;
}

/* ---- TFTP ---- */

static void get_send(struct sim_client *c, const void *packet, uint32_t len)
{
	const struct host_out out = {
		.dst_ip = c->get.server,
		.src_port = c->get.sock->port,
		.dst_port = c->get.server_port ? c->get.server_port : 69,
		.data = packet,
		.len = len,
	};

	host_send(c->h, &out);
	world_in(c->w, &c->get.timer, RETRY_US);
}

static void get_ack(struct sim_client *c)
{
	uint64_t block = c->get.block + c->get.acks_ahead;
	uint8_t packet[4] = {0, 4};

	if (c->get.done && c->get.keeps_last_ack)
		return;
	if (c->get.roll_to_1 && block)
		block = (block - 1) % 65535 + 1;
	wire_put16(packet + 2, block & 0xffff);
	get_send(c, packet, 4);
}

static void get_request(struct sim_client *c)
{
	uint8_t packet[512] = {0, 1};
	int n = snprintf((char *)packet + 2, 200, "%s%coctet", c->get.file->name, 0);
	uint32_t len = 2 + (uint32_t)n + 1;

	memcpy(packet + len, c->get.options, c->get.options_len);
	get_send(c, packet, len + c->get.options_len);
}

static void get_retry(void *ctx)
{
	struct sim_client *c = ctx;

	if (!c->get.running || c->get.tries++ > 8) {
		c->get.running = false;
		return;
	}
	c->get.acked_gap = false;
	if (c->get.server_port)
		get_ack(c);
	else
		get_request(c);
}

static void get_oack(struct sim_client *c, const uint8_t *p, uint32_t len)
{
	const char *name = (const char *)p, *end = name + len;

	while (name < end) {
		const char *value = name + strlen(name) + 1;

		if (!strcasecmp(name, "blksize"))
			c->get.blksize = (uint32_t)strtoul(value, NULL, 10);
		if (!strcasecmp(name, "windowsize"))
			c->get.windowsize = (uint32_t)strtoul(value, NULL, 10);
		if (!strcasecmp(name, "tsize"))
			c->get.tsize = strtoull(value, NULL, 10);
		name = value + strlen(value) + 1;
	}
	get_ack(c);
}

static void get_check(struct sim_client *c, const uint8_t *p, uint32_t len)
{
	uint8_t *want = sim_alloc(len);

	if (c->get.bytes + len > c->get.file->size) {
		c->get.wrong_bytes++;
	} else {
		file_read(c->get.file, c->get.bytes, want, len);
		c->get.wrong_bytes += memcmp(want, p, len) != 0;
	}
	free(want);
}

static void get_data(struct sim_client *c, uint16_t number, const uint8_t *p, uint32_t len)
{
	uint64_t want = c->get.block + 1;

	if (c->get.roll_to_1)
		want = (want - 1) % 65535 + 1;
	if (number != (want & 0xffff)) {
		c->get.gaps++;
		if (c->get.acks_everything || (!c->get.acked_gap && c->get.windowsize > 1))
			get_ack(c);
		c->get.acked_gap = true;
		return;
	}
	get_check(c, p, len);
	c->get.bytes += len;
	c->get.block++;
	c->get.tries = 0;
	c->get.acked_gap = false;
	c->get.done = len < c->get.blksize;
	if (c->get.done || c->get.block % c->get.windowsize == 0)
		get_ack(c);
	else
		world_in(c->w, &c->get.timer, RETRY_US);
	if (c->get.done)
		c->get.running = false;
}

static void get_rx(void *ctx, const struct host_in *in)
{
	struct sim_client *c = ctx;
	uint16_t opcode = in->len >= 4 ? wire_get16(in->data) : 0;

	if (c->get.server_port &&
		(in->src_port != c->get.server_port || in->src_ip != c->get.server)) {
		const uint8_t unknown[] = {0, 5, 0, 5, 'T', 'I', 'D', 0};
		const struct host_out out = {
			.dst_ip = in->src_ip,
			.src_port = in->dst_port,
			.dst_port = in->src_port,
			.data = unknown,
			.len = sizeof(unknown),
		};

		host_send(c->h, &out);
		return;
	}
	if (!opcode)
		return;
	if (!c->get.server_port)
		c->get.server_port = in->src_port;
	if (opcode == 3) {
		get_data(c, wire_get16(in->data + 2), in->data + 4, in->len - 4);
	} else if (opcode == 6 && !c->get.block) {
		get_oack(c, in->data + 2, in->len - 2);
	} else if (opcode == 5) {
		c->get.errors++;
		c->get.error_code = wire_get16(in->data + 2);
		snprintf(c->get.error_text, sizeof(c->get.error_text), "%.*s", (int)(in->len - 4),
			(const char *)in->data + 4);
		c->get.running = false;
	}
}

void client_get(
	struct sim_client *c, uint32_t server, const struct sim_file *f, const char *const *options)
{
	struct client_get g = {
		.file = f,
		.server = server,
		.blksize = 512,
		.windowsize = 1,
		.running = true,

		.acks_everything = c->get.acks_everything,
		.acks_ahead = c->get.acks_ahead,
		.keeps_last_ack = c->get.keeps_last_ack,
		.roll_to_1 = c->get.roll_to_1,
	};

	world_cancel(c->w, &c->get.timer);
	if (c->get.sock)
		host_close(c->h, c->get.sock);
	for (size_t i = 0; options && options[i]; i++) {
		size_t len = strlen(options[i]) + 1;

		memcpy(g.options + g.options_len, options[i], len);
		g.options_len += (uint32_t)len;
	}
	c->get = g;
	event_init(&c->get.timer, get_retry, c);
	c->get.sock = host_bind(c->h, 0, get_rx, c);
	get_request(c);
}

/* ---- life ---- */

static void client_end(void *thing)
{
	struct sim_client *c = thing;

	world_cancel(c->w, &c->get.timer);
	free(c);
}

struct sim_client *client_new(struct sim_world *w, const char *name, unsigned number)
{
	struct sim_client *c = sim_alloc(sizeof(*c));

	c->w = w;
	c->h = host_new(w, name, 0, 0);
	c->h->client = true;
	memcpy(c->h->mac, "\x02\xc1\x1e\x00", 4);
	wire_put16(c->h->mac + 4, number);
	c->xid = (uint32_t)rand_next(&c->h->rng);
	c->sock = host_bind(c->h, 68, dhcp_rx, c);
	event_init(&c->get.timer, get_retry, c);
	world_own(w, c, client_end);
	return c;
}
