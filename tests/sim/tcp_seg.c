/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP segments of the simulated ends: see tcp_seg.h. */
#include "tcp_seg.h"

#include <stdlib.h>

enum { OPT_EOL, OPT_NOP, OPT_MSS, OPT_SCALE, OPT_SACK_OK, OPT_SACK, OPT_TS = 8 };

static uint16_t tcp_sum(uint32_t src, uint32_t dst, const uint8_t *tcp, uint32_t len)
{
	uint8_t pseudo[12] = {0};

	wire_put32(pseudo, src);
	wire_put32(pseudo + 4, dst);
	pseudo[9] = PROTO_TCP;
	wire_put16(pseudo + 10, len);
	return wire_fold(wire_sum(wire_sum(0, pseudo, sizeof(pseudo)), tcp, len));
}

/* ---- wire to struct ---- */

static const char *option_parse(struct tcp_seg *s, const uint8_t *p, uint8_t len)
{
	switch (p[0]) {
	case OPT_MSS:
		if (len != 4 || !(s->flags & TCP_SYN) || !wire_get16(p + 2))
			return "MSS option";
		s->mss = wire_get16(p + 2);
		break;
	case OPT_SCALE:
		if (len != 3 || !(s->flags & TCP_SYN) || p[2] > 14)
			return "window scale option (RFC 7323 2.3)";
		s->has_scale = true;
		s->scale = p[2];
		break;
	case OPT_SACK_OK:
		if (len != 2 || !(s->flags & TCP_SYN))
			return "SACK permitted option";
		s->sack_ok = true;
		break;
	case OPT_SACK:
		if (len < 10 || (len - 2) % 8 || s->sacks)
			return "SACK option";
		for (const uint8_t *b = p + 2; b < p + len; b += 8, s->sacks++) {
			s->sack[s->sacks][0] = wire_get32(b);
			s->sack[s->sacks][1] = wire_get32(b + 4);
		}
		break;
	case OPT_TS:
		if (len != 10 || s->has_ts)
			return "timestamps option";
		s->has_ts = true;
		s->ts = wire_get32(p + 2);
		s->ts_echo = wire_get32(p + 6);
		break;
	}
	return NULL;
}

static const char *options_parse(struct tcp_seg *s, const uint8_t *p, const uint8_t *end)
{
	while (p < end && *p != OPT_EOL) {
		const char *wrong;

		if (*p == OPT_NOP) {
			p++;
			continue;
		}
		if (end - p < 2 || p[1] < 2 || p[1] > end - p)
			return "option length";
		wrong = option_parse(s, p, p[1]);
		if (wrong)
			return wrong;
		p += p[1];
	}
	for (; p < end; p++)
		if (*p)
			return "something behind the end of options";
	return NULL;
}

const char *seg_parse(struct tcp_seg *s, const struct host_in *in)
{
	const uint8_t *p = in->data;
	uint32_t head;

	memset(s, 0, sizeof(*s));
	if (in->len < TCP_HEAD)
		return "header cut short";
	head = (p[12] >> 4) * 4u;
	if (head < TCP_HEAD || head > in->len)
		return "data offset";
	if (tcp_sum(in->src_ip, in->dst_ip, p, in->len))
		return "checksum";
	s->src_ip = in->src_ip;
	s->dst_ip = in->dst_ip;
	s->src_port = wire_get16(p);
	s->dst_port = wire_get16(p + 2);
	s->seq = wire_get32(p + 4);
	s->ack = wire_get32(p + 8);
	s->flags = p[13];
	s->window = wire_get16(p + 14);
	s->urgent = wire_get16(p + 18);
	s->data = p + head;
	s->len = in->len - head;
	if (!s->src_port || !s->dst_port)
		return "port 0";
	if (p[12] & 15)
		return "reserved bits";
	return options_parse(s, p + TCP_HEAD, p + head);
}

/* ---- struct to wire ---- */

static uint8_t *sacks_emit(uint8_t *o, const struct tcp_seg *s, unsigned max)
{
	unsigned n = s->sacks < max ? s->sacks : max;

	*o++ = OPT_NOP;
	*o++ = OPT_NOP;
	*o++ = OPT_SACK;
	*o++ = (uint8_t)(2 + 8 * n);
	for (unsigned i = 0; i < n; i++, o += 8) {
		wire_put32(o, s->sack[i][0]);
		wire_put32(o + 4, s->sack[i][1]);
	}
	return o;
}

/* Options at o, filled up to four bytes; returns their length. */
static uint32_t options_emit(uint8_t *o, const struct tcp_seg *s)
{
	uint8_t *start = o;

	if (s->raw) {
		memcpy(o, s->raw, s->raw_len);
		return s->raw_len;
	}
	if (s->mss) {
		memcpy(o, "\2\4", 2);
		wire_put16(o + 2, s->mss);
		o += 4;
	}
	if (s->sack_ok) {
		memcpy(o, "\1\1\4\2", 4);
		o += 4;
	}
	if (s->has_scale) {
		memcpy(o, "\1\3\3", 3);
		o[3] = s->scale;
		o += 4;
	}
	if (s->has_ts) {
		memcpy(o, "\1\1\10\12", 4);
		wire_put32(o + 4, s->ts);
		wire_put32(o + 8, s->ts_echo);
		o += 12;
	}
	if (s->sacks)
		o = sacks_emit(o, s, s->has_ts ? 3 : 4);
	return (uint32_t)(o - start);
}

void seg_send(struct sim_host *h, const struct tcp_seg *s)
{
	const struct host_ip ip = {
		.src_ip = s->src_ip, .dst_ip = s->dst_ip, .ttl = 64, .proto = PROTO_TCP};
	uint8_t *p = sim_alloc(TCP_HEAD_MAX + s->len);
	uint32_t head = TCP_HEAD + options_emit(p + TCP_HEAD, s);

	wire_put16(p, s->src_port);
	wire_put16(p + 2, s->dst_port);
	wire_put32(p + 4, s->seq);
	wire_put32(p + 8, s->ack);
	p[12] = (uint8_t)(head / 4 << 4);
	p[13] = s->flags;
	wire_put16(p + 14, s->window);
	wire_put16(p + 18, s->urgent);
	if (s->len)
		memcpy(p + head, s->data, s->len);
	wire_put16(p + 16, tcp_sum(s->src_ip ? s->src_ip : h->ip, s->dst_ip, p, head + s->len) ^
				   (s->sum_bad ? 0x5555u : 0));
	host_send_ip(h, &ip, p, head + s->len);
	free(p);
}
