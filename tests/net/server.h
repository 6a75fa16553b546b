/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Servers by hand on the LAN of lan.h: what a machine sends is taken apart, what it shall hear is
 * put together, message by message, as the test says. A machine made here has the tables of a real
 * build. Header only.
 */
#ifndef TESTS_NET_SERVER_H
#define TESTS_NET_SERVER_H

#include "config/common.h"
#include "core/console.h"
#include "core/script.h"
#include "tests/net/lan.h"

#define MS 1000u
#define S  1000000u

static const struct filler_ops *const server_schemes[] = {&tftp_filler, NULL};
static const struct setting_source *const server_sources[] = {
	&net_settings, &builtin_settings, NULL};
static const struct image_type *const server_types[] = {&script_type, NULL};
static const struct service server_console = {.name = "console", .poll = console_poll};
static const struct service server_script = {.name = "script", .poll = script_poll};
static const struct service *const server_services[] = {
	&server_console, &net_service, &server_script, NULL};

/* A machine with n closed links without addresses. */
static inline struct lan *server_lan(unsigned n)
{
	static struct config config;
	static struct net_config net_config;
	struct lan *lan = lan_new(n);

	config = fake_config;
	config.services = server_services;
	config.commands = common_commands;
	config.sources = server_sources;
	config.image_types = server_types;
	config.net = &net_config;
	net_config = (struct net_config){
		.protocols = lan_protocols,
		.schemes = server_schemes,
		.dhcp = {.discover_us = S,
			.discover_max_us = 8 * S,
			.discover_tries = 6,
			.grace_us = 200 * MS,
			.proxy_us = S,
			.link_us = 10 * S},
		.say_ipxe = true,
	};
	lan->m.config = &config;
	lan->net.config = &net_config;
	for (unsigned i = 0; i < n; i++) {
		netdev_close(lan_link(lan, i));
		memset(&lan_link(lan, i)->ip4, 0, sizeof(struct ipv4_conf));
	}
	lan_turn(lan);
	return lan;
}

/* -- what the machine said -- */

struct sent {
	unsigned link;
	uint32_t src, dst;
	uint16_t sport, dport;
	const uint8_t *data; /* payload */
	uint32_t n;
	uint64_t at_us; /* when it was looked at */
};

/* Answers a question for a neighbour; true when f was ARP. */
static inline bool server_arp(struct lan *lan, const struct frame *f)
{
	struct arp a, answer;
	struct frame out;

	if (!frame_is_arp(f, &a))
		return false;
	if (a.op == 1 && a.spa && a.spa != a.tpa) {
		answer = (struct arp){
			.op = 2, .sha = peer_mac, .spa = a.tpa, .tha = a.sha, .tpa = a.spa};
		out = frame_arp(&a.sha, &answer);
		lan_put(lan, f->link, &out);
	}
	return true;
}

/* The next datagram that was sent; false when there is none. ARP is dealt with on the way. */
static inline bool server_next(struct lan *lan, struct sent *s)
{
	struct frame *f;

	while ((f = lan_take(lan))) {
		if (server_arp(lan, f))
			continue;
		assert_int_equal(wire_get16(f->data + 12), 0x0800);
		assert_int_equal(f->data[23], 17);
		assert_int_equal(wire_fold(wire_sum(0, f->data + 14, 20)), 0);
		s->link = f->link;
		s->src = wire_get32(f->data + 26);
		s->dst = wire_get32(f->data + 30);
		s->sport = wire_get16(f->data + 34);
		s->dport = wire_get16(f->data + 36);
		s->n = wire_get16(f->data + 38) - 8u;
		s->data = f->data + 42;
		s->at_us = lan->fake.now_us;
		return true;
	}
	lan->nout = lan->taken = 0;
	return false;
}

/* The same, after as many turns as it takes, within us. The data is good until the next call. */
static inline bool server_wait(struct lan *lan, struct sent *s, uint64_t us)
{
	uint64_t end = lan->fake.now_us + us;

	for (unsigned i = 0; i < 1000000; i++) {
		uint64_t next;

		if (server_next(lan, s))
			return true;
		next = lan_turn(lan);
		if (lan->taken < lan->nout || lan->nin)
			continue;
		if (next > end) {
			lan->fake.now_us = end;
			lan_turn(lan);
			return server_next(lan, s);
		}
		if (next > lan->fake.now_us)
			lan->fake.now_us = next;
	}
	fail_msg("the machine spins");
	return false;
}

/* Nothing is sent for us. */
static inline void server_quiet(struct lan *lan, uint64_t us)
{
	struct sent s;

	if (server_wait(lan, &s, us))
		fail_msg("port %u is sent %u bytes", s.dport, s.n);
}

/* What the machine hears in its next turn. */
static inline void server_put(struct lan *lan, unsigned link, uint32_t src, uint32_t dst,
	unsigned sport, unsigned dport, const void *data, uint32_t n)
{
	struct ip ip = {.src = src, .dst = dst, .protocol = 17, .id = 7};
	uint8_t b[2048];
	struct frame f;

	if (lan->taken == lan->nout)
		lan->nout = lan->taken = 0;
	f = frame_ip(dst == IP_ALL ? &mac_broadcast : &lan_link(lan, link)->mac, &ip, b,
		udp_make(b, src, dst, sport, dport, data, n));
	lan_put(lan, link, &f);
}

/* -- DHCP -- */

#define SERVER(link) IP4(10, 0, (link), 1)
#define LEASE(link)  IP4(10, 0, (link), 50)

/* Option `tag` of what the machine said; NULL: not there. */
static inline const uint8_t *sent_option(const struct sent *s, unsigned tag, unsigned *len)
{
	const uint8_t *p = s->data + 240, *end = s->data + s->n;

	while (p < end && *p != 255) {
		if (!*p) {
			p++;
			continue;
		}
		assert_true(p + 2 + p[1] <= end);
		if (*p == tag) {
			*len = p[1];
			return p + 2;
		}
		p += 2 + p[1];
	}
	*len = 0;
	return NULL;
}

static inline unsigned sent_type(const struct sent *s)
{
	unsigned len;
	const uint8_t *type = s->n >= 240 ? sent_option(s, 53, &len) : NULL;

	return type && len == 1 ? *type : 0;
}

static inline uint32_t sent_option_ip(const struct sent *s, unsigned tag)
{
	unsigned len;
	const uint8_t *v = sent_option(s, tag, &len);

	return v && len == 4 ? wire_get32(v) : 0;
}

/* Waits for a DHCP message of that type; fails when another one or none comes. */
static inline struct sent server_expect(struct lan *lan, unsigned type, uint64_t us)
{
	struct sent s;

	if (!server_wait(lan, &s, us))
		fail_msg("no message of type %u", type);
	assert_int_equal(s.sport, 68);
	assert_int_equal(sent_type(&s), type);
	return s;
}

struct answer {
	uint8_t b[1500];
	uint32_t n;
	unsigned link;
	uint32_t server;
};

static inline void answer_option(struct answer *a, unsigned tag, const void *value, unsigned n)
{
	a->b[a->n++] = (uint8_t)tag;
	a->b[a->n++] = (uint8_t)n;
	memcpy(a->b + a->n, value, n);
	a->n += n;
}

static inline void answer_text(struct answer *a, unsigned tag, const char *text)
{
	answer_option(a, tag, text, (unsigned)strlen(text));
}

static inline void answer_ip(struct answer *a, unsigned tag, uint32_t ip)
{
	uint8_t b[4];

	wire_put32(b, ip);
	answer_option(a, tag, b, 4);
}

/* The beginning of an answer to q by `server`: fixed fields, type, server id. yiaddr 0: a proxy's.
 */
static inline struct answer answer_to(
	const struct sent *q, unsigned type, uint32_t server, uint32_t yiaddr, const char *file)
{
	struct answer a = {.n = 240, .link = q->link, .server = server};

	memcpy(a.b, q->data, 240);
	a.b[0] = 2;
	memset(a.b + 12, 0, 16);
	wire_put32(a.b + 16, yiaddr);
	memset(a.b + 44, 0, 192);
	if (file) {
		wire_put32(a.b + 20, server);
		memcpy(a.b + 108, file, strlen(file));
	}
	answer_option(&a, 53, &(uint8_t){(uint8_t)type}, 1);
	answer_ip(&a, 54, server);
	if (yiaddr) {
		answer_ip(&a, 1, 0xffffff00);
		answer_ip(&a, 3, server);
		answer_ip(&a, 51, 3600);
	}
	return a;
}

static inline void answer_send(struct lan *lan, struct answer *a, unsigned sport)
{
	a->b[a->n++] = 255;
	server_put(lan, a->link, a->server, IP_ALL, sport, 68, a->b, a->n);
}

/* OFFER or ACK of the link's usual server; file NULL: none. */
static inline void server_lease(
	struct lan *lan, const struct sent *q, unsigned type, const char *file)
{
	struct answer a = answer_to(q, type, SERVER(q->link), LEASE(q->link), file);

	answer_send(lan, &a, 67);
}

/* The way to a bound link 0, whose server has `file`. */
static inline void server_bind(struct lan *lan, const char *file)
{
	struct sent s;

	assert_int_equal(discover_start(&lan->net, 1), 0);
	s = server_expect(lan, DHCPDISCOVER, 0);
	server_lease(lan, &s, DHCPOFFER, file);
	s = server_expect(lan, DHCPREQUEST, S);
	server_lease(lan, &s, DHCPACK, file);
	server_quiet(lan, 50 * MS);
	assert_int_equal(lan->net.discover.state, DISCOVER_DONE);
}

#endif
