/* SPDX-License-Identifier: BSD-2-Clause */
/* BOOTP/DHCP messages: see bootp.h. */
#include "bootp.h"

#include "wire.h"

/* ---- reading ---- */

static void head_parse(struct bootp_head *h, const uint8_t *p)
{
	h->op = p[0];
	h->htype = p[1];
	h->hlen = p[2];
	h->hops = p[3];
	h->xid = wire_get32(p + 4);
	h->secs = wire_get16(p + 8);
	h->flags = wire_get16(p + 10);
	h->ciaddr = wire_get32(p + 12);
	h->yiaddr = wire_get32(p + 16);
	h->siaddr = wire_get32(p + 20);
	h->giaddr = wire_get32(p + 24);
	memcpy(h->chaddr, p + 28, 16);
	memcpy(h->sname, p + 44, 64);
	memcpy(h->file, p + 108, 128);
}

/* Takes the triples of one field. Returns true when an END closed it. */
static bool area_parse(struct bootp_in *in, const uint8_t *p, uint32_t len)
{
	uint32_t i = 0;

	while (i < len && p[i] != OPT_END) {
		if (p[i] == OPT_PAD) {
			i++;
			continue;
		}
		if (i + 2 > len || i + 2 + p[i + 1] > len || in->pieces == BOOTP_PIECES_MAX) {
			in->overrun = true;
			return false;
		}
		in->piece[in->pieces++] = (struct bootp_piece){p[i], p[i + 1], p + i + 2};
		i += 2u + p[i + 1];
	}
	for (uint32_t k = i + 1; k < len; k++)
		if (p[k])
			in->trailing = true;
	return i < len;
}

bool bootp_parse(struct bootp_in *in, const void *data, uint32_t len)
{
	const uint8_t *p = data;
	uint8_t overload = 0;

	memset(in, 0, sizeof(*in));
	in->len = len;
	if (len < BOOTP_FIXED)
		return false;
	head_parse(&in->h, p);
	in->cookie = len >= BOOTP_OPTIONS && wire_get32(p + BOOTP_FIXED) == BOOTP_COOKIE;
	if (!in->cookie)
		return true;
	in->ended = area_parse(in, p + BOOTP_OPTIONS, len - BOOTP_OPTIONS);
	bootp_get(in, OPT_OVERLOAD, &overload, 1);
	if (overload & 1)
		area_parse(in, p + 108, 128);
	if (overload & 2)
		area_parse(in, p + 44, 64);
	return true;
}

uint32_t bootp_count(const struct bootp_in *in, unsigned code, uint32_t *len)
{
	uint32_t n = 0, all = 0;

	for (uint32_t i = 0; i < in->pieces; i++) {
		if (in->piece[i].code != code)
			continue;
		n++;
		all += in->piece[i].len;
	}
	if (len)
		*len = all;
	return n;
}

int bootp_get(const struct bootp_in *in, unsigned code, void *to, uint32_t cap)
{
	uint8_t *p = to;
	uint32_t at = 0;
	bool found = false;

	for (uint32_t i = 0; i < in->pieces; i++) {
		const struct bootp_piece *e = &in->piece[i];

		if (e->code != code)
			continue;
		found = true;
		for (uint32_t k = 0; k < e->len; k++, at++)
			if (at < cap)
				p[at] = e->value[k];
	}
	return found ? (int)at : -1;
}

uint32_t bootp_get_ip(const struct bootp_in *in, unsigned code)
{
	uint8_t ip[4];

	return bootp_get(in, code, ip, 4) == 4 ? wire_get32(ip) : 0;
}

unsigned bootp_type(const struct bootp_in *in)
{
	uint8_t type = 0;

	return bootp_get(in, OPT_TYPE, &type, 1) == 1 ? type : 0;
}

/* ---- writing ---- */

void bootp_add(struct bootp_out *out, unsigned code, const void *value, uint32_t len)
{
	struct bootp_option *o;

	if (out->options == BOOTP_OPTIONS_MAX)
		return;
	o = &out->option[out->options++];
	o->code = (uint8_t)code;
	o->len = (uint16_t)(len < BOOTP_VALUE_MAX ? len : BOOTP_VALUE_MAX);
	if (o->len)
		memcpy(o->value, value, o->len);
}

void bootp_add8(struct bootp_out *out, unsigned code, unsigned value)
{
	bootp_add(out, code, &(uint8_t){(uint8_t)value}, 1);
}

void bootp_add32(struct bootp_out *out, unsigned code, uint32_t value)
{
	uint8_t p[4];

	wire_put32(p, value);
	bootp_add(out, code, p, 4);
}

void bootp_add_text(struct bootp_out *out, unsigned code, const char *text)
{
	bootp_add(out, code, text, (uint32_t)strlen(text));
}

void bootp_remove(struct bootp_out *out, unsigned code)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < out->options; i++)
		if (out->option[i].code != code)
			out->option[kept++] = out->option[i];
	out->options = kept;
}

/* The up to three fields that options are written to, in the order in which a reader joins them
 * (RFC 3396 5). */
struct area {
	uint8_t *p;
	uint32_t used, cap; /* cap leaves one byte for END */
};

struct writer {
	struct area area[3];
	unsigned areas, at;
};

static void writer_open(struct writer *w, uint8_t *p, uint32_t cap)
{
	if (cap)
		w->area[w->areas++] = (struct area){p, 0, cap - 1};
}

static void option_emit(struct writer *w, const struct bootp_option *o, uint32_t split)
{
	uint32_t done = 0;

	do {
		struct area *a = &w->area[w->at];
		uint32_t room = a->cap - a->used, piece = o->len - done;

		if (room < 2u + (piece > 0)) {
			if (++w->at >= w->areas)
				return;
			continue;
		}
		if (piece > room - 2)
			piece = room - 2;
		if (piece > split)
			piece = split;
		a->p[a->used] = o->code;
		a->p[a->used + 1] = (uint8_t)piece;
		memcpy(a->p + a->used + 2, o->value + done, piece);
		a->used += 2 + piece;
		done += piece;
	} while (done < o->len);
}

static void head_emit(const struct bootp_head *h, uint8_t *p)
{
	p[0] = h->op;
	p[1] = h->htype;
	p[2] = h->hlen;
	p[3] = h->hops;
	wire_put32(p + 4, h->xid);
	wire_put16(p + 8, h->secs);
	wire_put16(p + 10, h->flags);
	wire_put32(p + 12, h->ciaddr);
	wire_put32(p + 16, h->yiaddr);
	wire_put32(p + 20, h->siaddr);
	wire_put32(p + 24, h->giaddr);
	memcpy(p + 28, h->chaddr, 16);
	memcpy(p + 44, h->sname, 64);
	memcpy(p + 108, h->file, 128);
	wire_put32(p + BOOTP_FIXED, BOOTP_COOKIE);
}

uint32_t bootp_emit(const struct bootp_out *out, uint8_t *to, uint32_t cap)
{
	struct writer w = {0};
	uint32_t len, room = cap - BOOTP_OPTIONS;

	memset(to, 0, cap);
	head_emit(&out->h, to);
	writer_open(&w, to + BOOTP_OPTIONS,
		out->main_max && out->main_max < room ? out->main_max : room);
	if (out->overload & 1) {
		memset(to + 108, 0, 128);
		writer_open(&w, to + 108, 128);
	}
	if (out->overload & 2) {
		memset(to + 44, 0, 64);
		writer_open(&w, to + 44, 64);
	}
	if (out->overload)
		option_emit(&w,
			&(struct bootp_option){
				.code = OPT_OVERLOAD, .len = 1, .value = {out->overload}},
			255);
	for (uint32_t i = 0; i < out->options && w.at < w.areas; i++)
		option_emit(&w, &out->option[i], out->split ? out->split : 255);
	for (unsigned i = 0; i < w.areas && !out->no_end; i++)
		w.area[i].p[w.area[i].used++] = OPT_END;
	len = BOOTP_OPTIONS + w.area[0].used;
	return len < BOOTP_MIN && !out->no_padding ? BOOTP_MIN : len;
}

const char *bootp_type_text(unsigned type)
{
	static const char *const text[] = {
		"BOOTP",
		"DISCOVER",
		"OFFER",
		"REQUEST",
		"DECLINE",
		"ACK",
		"NAK",
		"RELEASE",
		"INFORM",
	};

	return type < sizeof(text) / sizeof(text[0]) ? text[type] : "?";
}
