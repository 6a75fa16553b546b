/* SPDX-License-Identifier: BSD-2-Clause */
/* The simulated servers' network layer: see host.h. Input from the frame up, then output down to
 * it. */
#include "host.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void host_blame(struct sim_host *h, const struct sim_frame *f, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Records what is wrong with a frame, unless a link or a server made it so, and counts it. */
static void host_blame(struct sim_host *h, const struct sim_frame *f, const char *fmt, ...)
{
	char text[120];
	va_list ap;

	h->bad_in++;
	if (!frame_judged(f))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	world_violation(
		h->w, h->name, "%s (from %s)", text, f->len >= 12 ? mac_text(f->data + 6) : "?");
}

const char *ip_text(uint32_t ip)
{
	static char text[4][16];
	static unsigned n;
	char *t = text[n++ % 4];

	snprintf(t, sizeof(text[0]), "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255,
		ip & 255);
	return t;
}

const char *mac_text(const uint8_t *mac)
{
	static char text[4][18];
	static unsigned n;
	char *t = text[n++ % 4];

	snprintf(t, sizeof(text[0]), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		mac[3], mac[4], mac[5]);
	return t;
}

void mac_for_ip(uint8_t *mac, uint32_t ip)
{
	wire_put16(mac, 0x0200);
	wire_put32(mac + 2, ip);
}

static bool ip_is_broadcast(const struct sim_host *h, uint32_t ip)
{
	return ip == IP_ALL || (h->mask && ip == (h->ip | ~h->mask));
}

static bool ip_is_unicast(const struct sim_host *h, uint32_t ip)
{
	return ip && ip >> 28 < 0xe && ip >> 24 != 127 && !ip_is_broadcast(h, ip);
}

/* ---- ARP table ---- */

static void arp_ask(struct sim_host *h, uint32_t ip)
{
	struct sim_frame *f = frame_blank(ETH_MIN);
	uint8_t *arp = f->data + ETH_HEAD;

	memset(f->data, 0xff, 6);
	memcpy(f->data + 6, h->mac, 6);
	wire_put16(f->data + 12, TYPE_ARP);
	memcpy(arp, "\x00\x01\x08\x00\x06\x04\x00\x01", 8);
	memcpy(arp + 8, h->mac, 6);
	wire_put32(arp + 14, h->ip);
	wire_put32(arp + 24, ip);
	f->by_server = !h->client;
	h->arp_asked++;
	port_send(&h->port, f);
}

static void arp_drop(struct host_arp *a)
{
	while (a->waiting)
		frame_free(a->wait[--a->waiting]);
}

static void arp_retry(void *ctx)
{
	struct host_arp *a = ctx;

	if (a->h->down || a->tries >= HOST_ARP_TRIES) {
		a->h->arp_failed++;
		a->tries = 0;
		arp_drop(a);
		return;
	}
	a->tries++;
	arp_ask(a->h, a->ip);
	world_in(a->h->w, &a->retry, HOST_ARP_RETRY_US);
}

/* The entry of ip, made when there is none yet. The table never fills: the simulator has fewer
 * addresses. */
static struct host_arp *arp_entry(struct sim_host *h, uint32_t ip)
{
	uint32_t at = (uint32_t)rand_mix(ip) % HOST_ARP_MAX;

	for (uint32_t n = 0; n < HOST_ARP_MAX; n++, at = (at + 1) % HOST_ARP_MAX) {
		if (!h->arp[at]) {
			h->arp[at] = sim_alloc(sizeof(*h->arp[at]));
			h->arp[at]->ip = ip;
			h->arp[at]->h = h;
			event_init(&h->arp[at]->retry, arp_retry, h->arp[at]);
		}
		if (h->arp[at]->ip == ip)
			return h->arp[at];
	}
	abort();
}

static void arp_learn(struct sim_host *h, uint32_t ip, const uint8_t *mac)
{
	struct host_arp *a = arp_entry(h, ip);

	memcpy(a->mac, mac, 6);
	a->known = true;
	a->tries = 0;
	a->seen_us = h->w->now_us;
	world_cancel(h->w, &a->retry);
	for (uint32_t i = 0; i < a->waiting; i++) {
		memcpy(a->wait[i]->data, mac, 6);
		port_send(&h->port, a->wait[i]);
	}
	a->waiting = 0;
}

/* Sends f to the station that has ip, now or when it has answered. Takes f. */
static void arp_send(struct sim_host *h, uint32_t ip, struct sim_frame *f)
{
	struct host_arp *a = arp_entry(h, ip);

	if (a->known && h->w->now_us - a->seen_us <= h->arp_age_us) {
		memcpy(f->data, a->mac, 6);
		port_send(&h->port, f);
		return;
	}
	a->known = false;
	if (a->waiting == HOST_ARP_QUEUE) {
		frame_free(f);
		return;
	}
	a->wait[a->waiting++] = f;
	if (!event_waits(&a->retry))
		arp_retry(a);
}

/* ---- input: ARP ---- */

static void arp_answer(struct sim_host *h, const uint8_t *asker)
{
	struct sim_frame *f = frame_blank(ETH_MIN);
	uint8_t *arp = f->data + ETH_HEAD;

	memcpy(f->data, asker, 6);
	memcpy(f->data + 6, h->mac, 6);
	wire_put16(f->data + 12, TYPE_ARP);
	memcpy(arp, "\x00\x01\x08\x00\x06\x04\x00\x02", 8);
	memcpy(arp + 8, h->mac, 6);
	wire_put32(arp + 14, h->ip);
	memcpy(arp + 18, asker, 10);
	f->by_server = !h->client;
	h->arp_answered++;
	port_send(&h->port, f);
}

static bool arp_is_sound(struct sim_host *h, const struct sim_frame *f)
{
	const uint8_t *arp = f->data + ETH_HEAD;

	if (f->len < ETH_HEAD + ARP_LEN) {
		host_blame(h, f, "ARP cut short (%u bytes)", f->len);
		return false;
	}
	if (memcmp(arp, "\x00\x01\x08\x00\x06\x04\x00", 7) || arp[7] < 1 || arp[7] > 2) {
		host_blame(h, f, "ARP header is not Ethernet/IPv4 request or reply");
		return false;
	}
	if (!mac_equal(arp + 8, f->data + 6)) {
		host_blame(h, f, "ARP sender %s is not the frame's", mac_text(arp + 8));
		return false;
	}
	return true;
}

static void host_arp_in(struct sim_host *h, struct sim_frame *f)
{
	const uint8_t *arp = f->data + ETH_HEAD;
	uint32_t sender, target;

	if (!arp_is_sound(h, f))
		return;
	sender = wire_get32(arp + 14);
	target = wire_get32(arp + 24);
	if (sender && !ip_is_unicast(h, sender)) {
		host_blame(h, f, "ARP from impossible address %s", ip_text(sender));
		return;
	}
	if (sender == h->ip && h->ip) {
		host_blame(h, f, "ARP claims this host's own address %s", ip_text(sender));
		return;
	}
	if (arp[7] == 2 && target == h->ip && !mac_equal(arp + 18, h->mac))
		host_blame(h, f, "ARP reply names another target %s", mac_text(arp + 18));
	if (sender && ((target == h->ip && h->ip) || arp_entry(h, sender)->known))
		arp_learn(h, sender, arp + 8);
	if (arp[7] == 1 && target == h->ip && h->ip && !h->deaf_arp)
		arp_answer(h, sender ? arp + 8 : f->data + 6);
}

/* ---- input: IP ---- */

static bool ip_is_sound(struct sim_host *h, const struct sim_frame *f)
{
	const uint8_t *ip = f->data + ETH_HEAD;
	uint32_t room = f->len - ETH_HEAD, head;

	if (room < IP_HEAD || ip[0] >> 4 != 4 || (ip[0] & 15) < 5) {
		host_blame(h, f, "IPv4 header malformed (%u bytes, first %02x)", room,
			room ? ip[0] : 0);
		return false;
	}
	head = (ip[0] & 15u) * 4;
	if (wire_get16(ip + 2) < head || wire_get16(ip + 2) > room) {
		host_blame(h, f, "IPv4 length %u of %u bytes", wire_get16(ip + 2), room);
		return false;
	}
	if (wire_fold(wire_sum(0, ip, head))) {
		host_blame(h, f, "IPv4 header checksum wrong");
		return false;
	}
	if (!ip[8]) {
		host_blame(h, f, "IPv4 with time to live 0");
		return false;
	}
	if (wire_get16(ip + 6) & 0xbfff) {
		host_blame(h, f, "IPv4 fragment or reserved flag (%04x)", wire_get16(ip + 6));
		return false;
	}
	return true;
}

/* RFC 1122 3.2.1.3 (source addresses) and 3.3.6 (link-layer broadcast only for IP broadcast and
 * multicast), RFC 1112 6.4 (MAC of a group). */
static bool ip_addresses_are_sound(
	struct sim_host *h, const struct sim_frame *f, uint32_t src, uint32_t dst)
{
	if (!src ? dst != IP_ALL : !ip_is_unicast(h, src)) {
		host_blame(h, f, "IPv4 source %s to %s", ip_text(src), ip_text(dst));
		return false;
	}
	if (dst >> 28 == 0xe &&
		(wire_get16(f->data) != 0x0100 ||
			wire_get32(f->data + 2) != (0x5e000000 | (dst & 0x7fffff)))) {
		host_blame(h, f, "IPv4 for group %s to %s", ip_text(dst), mac_text(f->data));
		return false;
	}
	if (mac_is_group(f->data) && ip_is_unicast(h, dst)) {
		host_blame(h, f, "IPv4 unicast to %s in a group frame", ip_text(dst));
		return false;
	}
	return true;
}

/* RFC 792: the header and the first 8 bytes of what could not be delivered. */
static void host_unreachable(struct sim_host *h, const struct sim_frame *f, uint32_t src)
{
	uint8_t icmp[8 + IP_HEAD + 40 + 8] = {3, 3};
	uint32_t quote = (f->data[ETH_HEAD] & 15u) * 4 + 8;
	const struct host_ip out = {.dst_ip = src, .ttl = 64, .proto = PROTO_ICMP};

	memcpy(icmp + 8, f->data + ETH_HEAD, quote);
	wire_put16(icmp + 2, wire_fold(wire_sum(0, icmp, 8 + quote)));
	h->unreachable_out++;
	host_send_ip(h, &out, icmp, 8 + quote);
}

static uint32_t udp_pseudo_sum(uint32_t src, uint32_t dst, uint32_t len)
{
	uint8_t pseudo[12] = {0};

	wire_put32(pseudo, src);
	wire_put32(pseudo + 4, dst);
	pseudo[9] = PROTO_UDP;
	wire_put16(pseudo + 10, len);
	return wire_sum(0, pseudo, sizeof(pseudo));
}

static bool udp_is_sound(struct sim_host *h, const struct sim_frame *f, const struct host_in *in)
{
	const uint8_t *udp = in->data;

	if (in->len < UDP_HEAD || wire_get16(udp + 4) != in->len) {
		host_blame(h, f, "UDP length %u in %u bytes of IP",
			in->len < 6 ? 0 : wire_get16(udp + 4), in->len);
		return false;
	}
	if (!wire_get16(udp + 6)) {
		host_blame(h, f, "UDP without checksum (RFC 1122 4.1.3.4)");
		return false;
	}
	if (wire_fold(wire_sum(udp_pseudo_sum(in->src_ip, in->dst_ip, in->len), udp, in->len))) {
		host_blame(h, f, "UDP checksum wrong");
		return false;
	}
	if (!wire_get16(udp) || !wire_get16(udp + 2)) {
		host_blame(h, f, "UDP port 0");
		return false;
	}
	return true;
}

static void host_udp_in(struct sim_host *h, struct sim_frame *f, struct host_in *in)
{
	struct host_sock *s;

	if (!udp_is_sound(h, f, in))
		return;
	in->src_port = wire_get16(in->data);
	in->dst_port = wire_get16(in->data + 2);
	in->data += UDP_HEAD;
	in->len -= UDP_HEAD;
	h->udp_in++;
	for (s = h->sock[in->dst_port % HOST_BUCKETS]; s; s = s->next)
		if (s->port == in->dst_port)
			break;
	if (s)
		s->fn(s->ctx, in);
	else if (h->unreachables && in->dst_ip == h->ip)
		host_unreachable(h, f, in->src_ip);
}

static void host_icmp_in(struct sim_host *h, struct sim_frame *f, const struct host_in *in)
{
	const struct host_ip out = {.dst_ip = in->src_ip, .ttl = 64, .proto = PROTO_ICMP};
	uint8_t *echo;

	if (in->len < 8 || wire_fold(wire_sum(0, in->data, in->len))) {
		host_blame(h, f, "ICMP short or checksum wrong");
		return;
	}
	if (in->data[0] != 8 || in->dst_ip != h->ip) {
		if (h->icmp)
			h->icmp(h->icmp_ctx, in);
		return;
	}
	echo = sim_alloc(in->len);
	memcpy(echo, in->data, in->len);
	echo[0] = 0;
	wire_put16(echo + 2, 0);
	wire_put16(echo + 2, wire_fold(wire_sum(0, echo, in->len)));
	h->echoes++;
	host_send_ip(h, &out, echo, in->len);
	free(echo);
}

static void host_ip_in(struct sim_host *h, struct sim_frame *f)
{
	const uint8_t *ip = f->data + ETH_HEAD;
	struct host_in in = {
		.src_mac = f->data + 6,
		.dst_mac = f->data,
		.judged = frame_judged(f),
		.copy = f->copy,
	};
	uint32_t head;

	if (!ip_is_sound(h, f))
		return;
	in.src_ip = wire_get32(ip + 12);
	in.dst_ip = wire_get32(ip + 16);
	if (!ip_addresses_are_sound(h, f, in.src_ip, in.dst_ip))
		return;
	if (in.dst_ip >> 28 == 0xe && in.dst_ip != h->group)
		return;
	if (in.dst_ip != h->ip && in.dst_ip != h->group && !ip_is_broadcast(h, in.dst_ip) &&
		h->ip) {
		if (h->forward && h->forward(h->forward_ctx, f))
			return;
		host_blame(h, f, "IPv4 for %s sent to this host", ip_text(in.dst_ip));
		return;
	}
	head = (ip[0] & 15u) * 4;
	in.data = ip + head;
	in.len = wire_get16(ip + 2) - head;
	if (ip[9] == PROTO_UDP)
		host_udp_in(h, f, &in);
	else if (ip[9] == PROTO_ICMP)
		host_icmp_in(h, f, &in);
	else if (ip[9] == PROTO_TCP && h->tcp)
		h->tcp(h->tcp_ctx, &in);
}

static void host_rx(void *ctx, struct sim_frame *f)
{
	struct sim_host *h = ctx;

	if (h->down)
		return;
	if (h->watch)
		h->watch(h->watch_ctx, f);
	if (f->len < ETH_HEAD) {
		host_blame(h, f, "frame of %u bytes", f->len);
		return;
	}
	if (!mac_equal(f->data, h->mac) && !mac_is_broadcast(f->data) &&
		!(h->group && f->data[0] == 1))
		return;
	if (mac_is_group(f->data + 6))
		host_blame(h, f, "frame from a group address");
	else if (wire_get16(f->data + 12) == TYPE_ARP)
		host_arp_in(h, f);
	else if (wire_get16(f->data + 12) == TYPE_IP)
		host_ip_in(h, f);
}

/* ---- output ---- */

void host_send_frame(struct sim_host *h, const void *frame, uint32_t len)
{
	struct sim_frame *f = frame_new(frame, len);

	f->by_server = !h->client;
	if (h->down)
		frame_free(f);
	else
		port_send(&h->port, f);
}

/* An IP identification; never 0, which means "choose one" in struct host_ip. */
static uint16_t host_id(struct sim_host *h)
{
	return ++h->next_id ? h->next_id : ++h->next_id;
}

/* Gives an IP packet, already in its frame, a destination. Takes f. */
static void host_route(
	struct sim_host *h, struct sim_frame *f, uint32_t dst, const uint8_t *dst_mac)
{
	uint32_t hop = h->gateway && (dst ^ h->ip) & h->mask ? h->gateway : dst;

	memcpy(f->data + 6, h->mac, 6);
	wire_put16(f->data + 12, TYPE_IP);
	if (h->down) {
		frame_free(f);
		return;
	}
	if (!dst_mac && !ip_is_broadcast(h, dst) && dst >> 28 != 0xe) {
		arp_send(h, hop, f);
		return;
	}
	if (dst_mac) {
		memcpy(f->data, dst_mac, 6);
	} else if (dst >> 28 == 0xe) { /* RFC 1112 6.4 */
		wire_put16(f->data, 0x0100);
		wire_put32(f->data + 2, 0x5e000000 | (dst & 0x7fffff));
	} else {
		memset(f->data, 0xff, 6);
	}
	port_send(&h->port, f);
}

void host_forward(struct sim_host *h, const uint8_t *packet, uint32_t len, bool judged)
{
	struct sim_frame *f = frame_blank(len + ETH_HEAD < ETH_MIN ? ETH_MIN : len + ETH_HEAD);

	memcpy(f->data + ETH_HEAD, packet, len);
	f->by_server = !judged;
	host_route(h, f, wire_get32(packet + 16), NULL);
}

void host_send_ip(struct sim_host *h, const struct host_ip *ip, const void *payload, uint32_t len)
{
	uint32_t all = ETH_HEAD + IP_HEAD + len;
	struct sim_frame *f = frame_blank(all < ETH_MIN ? ETH_MIN : all);
	uint8_t *p = f->data + ETH_HEAD;

	p[0] = ip->version_ihl ? ip->version_ihl : 0x45;
	wire_put16(p + 2, ip->total_len ? ip->total_len : IP_HEAD + len);
	wire_put16(p + 4, ip->id ? ip->id : host_id(h));
	wire_put16(p + 6, ip->fragment);
	p[8] = ip->ttl;
	p[9] = ip->proto;
	wire_put32(p + 12, ip->src_ip ? ip->src_ip : h->ip);
	wire_put32(p + 16, ip->dst_ip);
	wire_put16(p + 10, wire_fold(wire_sum(0, p, IP_HEAD)) ^ (ip->sum_bad ? 0x5555u : 0));
	if (len)
		memcpy(p + IP_HEAD, payload, len);
	f->by_server = !h->client;
	host_route(h, f, ip->dst_ip, ip->dst_mac);
}

uint32_t udp_build(uint8_t *to, uint32_t src_ip, uint32_t dst_ip, uint16_t src_port,
	uint16_t dst_port, const void *data, uint32_t len)
{
	uint16_t sum;

	wire_put16(to, src_port);
	wire_put16(to + 2, dst_port);
	wire_put16(to + 4, len + UDP_HEAD);
	wire_put16(to + 6, 0);
	if (len)
		memcpy(to + UDP_HEAD, data, len);
	sum = wire_fold(
		wire_sum(udp_pseudo_sum(src_ip, dst_ip, len + UDP_HEAD), to, len + UDP_HEAD));
	wire_put16(to + 6, sum ? sum : 0xffff);
	return len + UDP_HEAD;
}

/* The number of the k-th fragment to send of n. */
static uint32_t fragment_number(enum host_order order, uint32_t k, uint32_t n)
{
	if (order == ORDER_REVERSE)
		return n - 1 - k;
	if (order == ORDER_ODD_FIRST)
		return k < n / 2 ? 2 * k + 1 : 2 * (k - n / 2);
	return k;
}

static void host_send_fragments(
	struct sim_host *h, struct host_ip *ip, const uint8_t *data, uint32_t len, uint32_t piece)
{
	uint32_t n = (len + piece - 1) / piece;
	uint32_t *turn = sim_alloc(n * sizeof(*turn));

	for (uint32_t k = 0; k < n; k++)
		turn[k] = fragment_number(h->order, k, n);
	for (uint32_t k = n; h->order == ORDER_SHUFFLED && k > 1; k--) {
		uint32_t other = (uint32_t)rand_below(&h->rng, k), t = turn[other];

		turn[other] = turn[k - 1];
		turn[k - 1] = t;
	}
	for (uint32_t k = 0; k < n; k++) {
		uint32_t at = turn[k] * piece, left = len - at;

		ip->fragment = (uint16_t)(at / 8 | (left > piece ? 0x2000 : 0));
		host_send_ip(h, ip, data + at, left > piece ? piece : left);
	}
	free(turn);
}

static void host_send_two(struct sim_host *h, struct host_ip *ip, const uint8_t *data, uint32_t len)
{
	uint32_t first = h->first_fragment & ~7u;

	ip->fragment = 0x2000;
	host_send_ip(h, ip, data, first);
	ip->fragment = (uint16_t)(first / 8);
	host_send_ip(h, ip, data + first, len - first);
}

void host_send(struct sim_host *h, const struct host_out *out)
{
	struct host_ip ip = {
		.src_ip = out->src_ip ? out->src_ip : h->ip,
		.dst_ip = out->dst_ip,
		.dst_mac = out->dst_mac,
		.id = host_id(h),
		.ttl = out->ttl ? out->ttl : 64,
		.proto = PROTO_UDP,
	};
	uint8_t *udp = sim_alloc(out->len + UDP_HEAD);
	uint32_t len = udp_build(
		udp, ip.src_ip, ip.dst_ip, out->src_port, out->dst_port, out->data, out->len);
	uint32_t mtu = out->mtu ? out->mtu : h->mtu;

	if (out->sum == SUM_NONE)
		wire_put16(udp + 6, 0);
	if (out->sum == SUM_BAD)
		udp[6] ^= 0x55;
	h->udp_out++;
	if (h->first_fragment && len > h->first_fragment)
		host_send_two(h, &ip, udp, len);
	else if (len + IP_HEAD <= mtu)
		host_send_ip(h, &ip, udp, len);
	else
		host_send_fragments(h, &ip, udp, len, (mtu - IP_HEAD) & ~7u);
	free(udp);
}

/* ---- sockets and life ---- */

struct host_sock *host_bind(struct sim_host *h, uint16_t port, host_udp_fn *fn, void *ctx)
{
	struct host_sock *s;

	for (uint32_t n = 0; !port && n < 16384; n++) {
		uint16_t guess = h->next_port;

		h->next_port = (uint16_t)(guess == 65535 ? 49152 : guess + 1);
		for (s = h->sock[guess % HOST_BUCKETS]; s && s->port != guess;)
			s = s->next;
		if (!s)
			port = guess;
	}
	for (s = h->sock[port % HOST_BUCKETS]; s; s = s->next)
		if (s->port == port)
			return NULL;
	if (!port)
		return NULL;
	s = sim_alloc(sizeof(*s));
	s->port = port;
	s->fn = fn;
	s->ctx = ctx;
	s->next = h->sock[port % HOST_BUCKETS];
	h->sock[port % HOST_BUCKETS] = s;
	return s;
}

void host_close(struct sim_host *h, struct host_sock *s)
{
	struct host_sock **at = &h->sock[s->port % HOST_BUCKETS];

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	free(s);
}

static void host_end(void *thing)
{
	struct sim_host *h = thing;

	for (uint32_t i = 0; i < HOST_ARP_MAX; i++) {
		if (!h->arp[i])
			continue;
		world_cancel(h->w, &h->arp[i]->retry);
		arp_drop(h->arp[i]);
		free(h->arp[i]);
	}
	for (uint32_t i = 0; i < HOST_BUCKETS; i++)
		while (h->sock[i])
			host_close(h, h->sock[i]);
	free(h->arp);
	free(h);
}

struct sim_host *host_new(struct sim_world *w, const char *name, uint32_t ip, uint32_t mask)
{
	struct sim_host *h = sim_alloc(sizeof(*h));

	h->w = w;
	snprintf(h->name, sizeof(h->name), "%s", name);
	h->ip = ip;
	h->mask = mask;
	h->mtu = 1500;
	h->arp_age_us = 60000000;
	h->unreachables = true;
	world_stream(w, &h->rng);
	h->next_port = (uint16_t)(49152 + rand_below(&h->rng, 16384));
	h->next_id = (uint16_t)rand_next(&h->rng);
	h->arp = sim_alloc(HOST_ARP_MAX * sizeof(struct host_arp *));
	mac_for_ip(h->mac, ip);
	port_init(&h->port, w, name, host_rx, NULL, h);
	world_own(w, h, host_end);
	return h;
}
