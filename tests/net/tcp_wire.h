/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP segments (RFC 9293 3.1) as a peer by hand sees them: taken apart and put together on the
 * frames of lan.h, with nothing of net/tcp*.c, so that both ends cannot share a mistake. Options:
 * RFC 9293 3.2, 2018 2 and 3, 7323 2.2 and 3.2. Header only.
 */
#ifndef TESTS_NET_TCP_WIRE_H
#define TESTS_NET_TCP_WIRE_H

#include <stdio.h>
#include "tests/net/lan.h"

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32 };
enum { HAS_MSS = 1, HAS_WSCALE = 2, HAS_SACKOK = 4, HAS_SACK = 8, HAS_TS = 16 };

#define SEG_SACK_MAX	4
#define SEG_OPTIONS_MAX 40
#define SEG_DATA_MAX	1460

struct segment {
	uint32_t src, dst;
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t flags;
	uint16_t win, urg;
	unsigned has; /* options that are there */
	uint16_t mss;
	uint8_t wscale;
	uint32_t ts_val, ts_ecr;
	unsigned nsack;
	uint32_t sack[SEG_SACK_MAX][2];
	unsigned nraw; /* option bytes sent as they are, behind the others */
	uint8_t raw[SEG_OPTIONS_MAX];
	uint32_t n;
	uint8_t data[SEG_DATA_MAX];
	uint64_t at_us; /* when it was sent */
};

static inline uint16_t segment_sum(uint32_t src, uint32_t dst, const uint8_t *b, uint32_t n)
{
	uint8_t pseudo[12] = {0};

	wire_put32(pseudo, src);
	wire_put32(pseudo + 4, dst);
	pseudo[9] = 6;
	wire_put16(pseudo + 10, n);
	return wire_fold(wire_sum(wire_sum(0, pseudo, 12), b, n));
}

/* -- put together -- */

/* Options in the order of the bits, the padding NOPs in front of them. */
static inline uint32_t segment_put_options(const struct segment *s, uint8_t *b)
{
	uint8_t o[2 * SEG_OPTIONS_MAX];
	uint32_t n = 0, pad;

	if (s->has & HAS_MSS) {
		memcpy(o + n, "\2\4", 2);
		wire_put16(o + n + 2, s->mss);
		n += 4;
	}
	if (s->has & HAS_WSCALE) {
		memcpy(o + n, "\3\3", 2);
		o[n + 2] = s->wscale;
		n += 3;
	}
	if (s->has & HAS_SACKOK) {
		memcpy(o + n, "\4\2", 2);
		n += 2;
	}
	if (s->has & HAS_TS) {
		memcpy(o + n, "\10\12", 2);
		wire_put32(o + n + 2, s->ts_val);
		wire_put32(o + n + 6, s->ts_ecr);
		n += 10;
	}
	if (s->has & HAS_SACK) {
		o[n++] = 5;
		o[n++] = (uint8_t)(2 + 8 * s->nsack);
		for (unsigned i = 0; i < s->nsack; i++, n += 8) {
			wire_put32(o + n, s->sack[i][0]);
			wire_put32(o + n + 4, s->sack[i][1]);
		}
	}
	memcpy(o + n, s->raw, s->nraw);
	n += s->nraw;
	pad = -n & 3;
	assert_true(pad + n <= SEG_OPTIONS_MAX);
	memset(b, 1, pad);
	memcpy(b + pad, o, n);
	return pad + n;
}

/* The frame that carries s to the machine's first link. */
static inline struct frame segment_frame(struct lan *lan, const struct segment *s)
{
	struct ip ip = {.src = s->src, .dst = s->dst, .protocol = 6, .id = 7};
	uint8_t b[20 + SEG_OPTIONS_MAX + SEG_DATA_MAX] = {0};
	uint32_t n = 20 + segment_put_options(s, b + 20);

	wire_put16(b, s->sport);
	wire_put16(b + 2, s->dport);
	wire_put32(b + 4, s->seq);
	wire_put32(b + 8, s->ack);
	b[12] = (uint8_t)(n / 4 << 4);
	b[13] = s->flags;
	wire_put16(b + 14, s->win);
	wire_put16(b + 18, s->urg);
	memcpy(b + n, s->data, s->n);
	n += s->n;
	wire_put16(b + 16, segment_sum(s->src, s->dst, b, n));
	return frame_ip(&lan_link(lan, 0)->mac, &ip, b, n);
}

/* RFC 792: what a router or the peer's host says of a segment of ours that begins like `s`. */
static inline struct frame segment_icmp(
	struct lan *lan, const struct segment *s, unsigned code, unsigned mtu)
{
	struct ip ip = {.src = PEER(0), .dst = s->src, .protocol = 1, .id = 8};
	uint8_t b[8 + 20 + 8] = {3, (uint8_t)code};

	wire_put16(b + 6, mtu);
	b[8] = 0x45;
	wire_put16(b + 10, 40 + s->n);
	b[16] = 64;
	b[17] = 6;
	wire_put32(b + 20, s->src);
	wire_put32(b + 24, s->dst);
	wire_put16(b + 18, wire_fold(wire_sum(0, b + 8, 20)));
	wire_put16(b + 28, s->sport);
	wire_put16(b + 30, s->dport);
	wire_put32(b + 32, s->seq);
	wire_put16(b + 2, wire_fold(wire_sum(0, b, sizeof(b))));
	return frame_ip(&lan_link(lan, 0)->mac, &ip, b, sizeof(b));
}

/* -- taken apart -- */

/* One option other than NOP; false when it makes no sense. */
static inline bool segment_get_option(struct segment *s, const uint8_t *o, unsigned len)
{
	switch (o[0]) {
	case 2:
		s->has |= HAS_MSS;
		s->mss = wire_get16(o + 2);
		return len == 4 && s->flags & SYN;
	case 3:
		s->has |= HAS_WSCALE;
		s->wscale = o[2];
		return len == 3 && o[2] <= 14 && s->flags & SYN;
	case 4:
		s->has |= HAS_SACKOK;
		return len == 2 && s->flags & SYN;
	case 5:
		s->has |= HAS_SACK;
		s->nsack = (len - 2) / 8;
		for (unsigned i = 0; i < s->nsack && i < SEG_SACK_MAX; i++) {
			s->sack[i][0] = wire_get32(o + 2 + 8 * i);
			s->sack[i][1] = wire_get32(o + 6 + 8 * i);
		}
		return s->nsack && s->nsack <= SEG_SACK_MAX && len == 2 + 8 * s->nsack &&
		       !(s->flags & SYN);
	case 8:
		s->has |= HAS_TS;
		s->ts_val = wire_get32(o + 2);
		s->ts_ecr = wire_get32(o + 6);
		return len == 10;
	default:
		return false; /* nothing else has a reason to be sent */
	}
}

static inline const char *segment_get_options(struct segment *s, const uint8_t *o, uint32_t n)
{
	while (n && *o) {
		unsigned len = n > 1 ? o[1] : 0;

		if (*o == 1) {
			o++;
			n--;
			continue;
		}
		if (len < 2 || len > n || !segment_get_option(s, o, len))
			return "an option makes no sense";
		o += len;
		n -= len;
	}
	return NULL;
}

/* A frame that the machine sent, of IP and TCP; what is wrong with it or NULL. */
static inline const char *segment_parse(struct segment *s, const struct frame *f)
{
	const uint8_t *ip = f->data + 14, *h = ip + 20;
	uint32_t n = wire_get16(ip + 2), head;

	memset(s, 0, sizeof(*s));
	if (ip[0] != 0x45 || n < 40 || 14 + n > f->len || wire_fold(wire_sum(0, ip, 20)))
		return "IP header";
	if (wire_get16(ip + 6) & 0xbfff)
		return "a fragment";
	n -= 20;
	s->src = wire_get32(ip + 12);
	s->dst = wire_get32(ip + 16);
	head = h[12] / 16u * 4;
	if (segment_sum(s->src, s->dst, h, n))
		return "checksum";
	if (head < 20 || head > n || n - head > SEG_DATA_MAX)
		return "data offset";
	if (h[12] & 15 || h[13] & 0xc0)
		return "reserved bits";
	s->sport = wire_get16(h);
	s->dport = wire_get16(h + 2);
	s->seq = wire_get32(h + 4);
	s->ack = wire_get32(h + 8);
	s->flags = h[13];
	s->win = wire_get16(h + 14);
	s->urg = wire_get16(h + 18);
	s->n = n - head;
	memcpy(s->data, h + head, s->n);
	return segment_get_options(s, h + 20, head - 20);
}

/* -- shown, in the words of the scripts -- */

static inline void segment_text_options(
	const struct segment *s, uint32_t peer_isn, char *t, size_t size)
{
	size_t n = 0;

	t[0] = 0;
	if (s->has & HAS_MSS)
		n += (size_t)snprintf(t + n, size - n, " mss %u", s->mss);
	if (s->has & HAS_SACKOK)
		n += (size_t)snprintf(t + n, size - n, " sackOK");
	if (s->has & HAS_TS)
		n += (size_t)snprintf(t + n, size - n, " TS val %u ecr %u", s->ts_val, s->ts_ecr);
	if (s->has & HAS_WSCALE)
		n += (size_t)snprintf(t + n, size - n, " wscale %u", s->wscale);
	for (unsigned i = 0; i < s->nsack; i++)
		n += (size_t)snprintf(t + n, size - n, "%s%u:%u", i ? " " : " sack ",
			s->sack[i][0] - peer_isn, s->sack[i][1] - peer_isn);
}

/* s as sent by the machine: numbers relative to both ISNs, the window shifted by `scale`. */
static inline const char *segment_text(
	const struct segment *s, uint32_t isn, uint32_t peer_isn, unsigned scale, char t[300])
{
	char options[200], ack[30] = "";

	segment_text_options(s, peer_isn, options, sizeof(options));
	if (s->flags & ACK)
		snprintf(ack, sizeof(ack), " ack %u", s->ack - peer_isn);
	snprintf(t, 300, "%s%s%s%s%s %u:%u(%u)%s win %u <%s>", s->flags & SYN ? "S" : "",
		s->flags & FIN ? "F" : "", s->flags & RST ? "R" : "", s->flags & PSH ? "P" : "",
		s->flags & ACK ? "." : "", s->seq - isn, s->seq - isn + s->n, s->n, ack,
		(uint32_t)s->win << scale, options[0] ? options + 1 : "");
	return t;
}

#endif
