/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The options of TCP: MSS (RFC 9293 3.2), window scale and timestamps (RFC 7323), SACK (RFC 2018).
 * Others are skipped. Behind one whose length makes no sense nothing more is read; the segment is
 * good without (RFC 9293 MUST-7).
 */
#include "net/tcp_priv.h"
#include "net/wire.h"

enum {
	OPT_END = 0,
	OPT_NOP = 1,
	OPT_MSS = 2,
	OPT_SCALE = 3,
	OPT_SACK_OK = 4,
	OPT_SACK = 5,
	OPT_TS = 8
};
#define SCALE_MAX 14	     /* RFC 7323 2.3 */
#define TS_PADDED 0x0101080a /* NOP, NOP, kind, length: as RFC 7323 appendix A advises */

/* -- arriving -- */

static void option(struct tcp_opts *o, uint8_t kind, struct bytes b)
{
	if (kind == OPT_MSS && b.n == 2) {
		o->mss = bytes_u16(&b);
	} else if (kind == OPT_SCALE && b.n == 1) {
		o->scale = bytes_u8(&b);
		o->scale_ok = true;
		if (o->scale > SCALE_MAX)
			o->scale = SCALE_MAX;
	} else if (kind == OPT_SACK_OK && b.n == 0) {
		o->sack_ok = true;
	} else if (kind == OPT_TS && b.n == 8) {
		o->tsval = bytes_u32(&b);
		o->tsecr = bytes_u32(&b);
		o->ts = true;
	} else if (kind == OPT_SACK && b.n % 8 == 0) {
		for (o->nsack = 0; b.n && o->nsack < TCP_SACK_MAX; o->nsack++) {
			o->sack[o->nsack].start = bytes_u32(&b);
			o->sack[o->nsack].end = bytes_u32(&b);
		}
	}
}

void tcp_opt_parse(struct bytes b, struct tcp_opts *o)
{
	o->mss = 0;
	o->scale = 0;
	o->scale_ok = o->sack_ok = o->ts = false;
	o->nsack = 0;
	if (b.n == TCP_TS_LEN && wire_get32(b.p) == TS_PADDED) { /* nearly every segment */
		o->ts = true;
		o->tsval = wire_get32(b.p + 4);
		o->tsecr = wire_get32(b.p + 8);
		return;
	}
	while (b.n) {
		uint8_t kind = bytes_u8(&b), len;
		struct bytes body;

		if (kind == OPT_END)
			return;
		if (kind == OPT_NOP)
			continue;
		len = bytes_u8(&b);
		if (len < 2)
			return;
		body = bytes_sub(&b, len - 2u);
		if (!bytes_ok(&b))
			return;
		option(o, kind, body);
	}
}

/* -- leaving -- */

static unsigned put_ts(const struct tcp *c, uint8_t *to)
{
	wire_put32(to, TS_PADDED);
	wire_put32(to + 4, tcp_ts_now(c));
	wire_put32(to + 8, c->ts_recent);
	return TCP_TS_LEN;
}

/*
 * What we can do; in the answer to a SYN (TCP_SYN_RCVD), of that what the peer can, too. The order
 * is such that each four bytes are whole.
 */
unsigned tcp_opt_syn(const struct tcp *c, uint8_t *to)
{
	unsigned n = 4;

	wire_put32(to, OPT_MSS << 24 | 4 << 16 | (c->rcv_mss + TCP_TS_LEN));
	if (c->rcv_scale) {
		wire_put32(to + n, OPT_NOP << 24 | OPT_SCALE << 16 | 3 << 8 | c->rcv_scale);
		n += 4;
	}
	if (c->sack_ok) {
		wire_put32(to + n, OPT_NOP << 24 | OPT_NOP << 16 | OPT_SACK_OK << 8 | 2);
		n += 4;
	}
	return c->ts_ok ? n + put_ts(c, to + n) : n;
}

/*
 * RFC 2018 4: first the island that grew last, then others that grew lately, then any. Appends the
 * island that seq is in, once.
 */
static unsigned sack_add(const struct tcp *c, uint32_t seq, struct tcp_range *block, unsigned n)
{
	const struct tcp_range *r = tcp_range_at(&c->islands, seq);

	if (!tcp_range_has(&c->islands, seq))
		return n;
	for (unsigned i = 0; i < n; i++)
		if (block[i].start == r->start)
			return n;
	block[n] = *r;
	return n + 1;
}

static unsigned put_sack(const struct tcp *c, uint8_t *to, unsigned max)
{
	struct tcp_range block[TCP_SACK_MAX];
	unsigned n = 0;

	for (unsigned i = 0; i < TCP_RECENT_MAX && n < max; i++)
		n = sack_add(c, c->recent[i], block, n);
	for (unsigned i = 0; i < c->islands.n && n < max; i++)
		n = sack_add(c, c->islands.r[i].start, block, n);
	wire_put32(to, OPT_NOP << 24 | OPT_NOP << 16 | OPT_SACK << 8 | (2 + 8 * n));
	for (unsigned i = 0; i < n; i++) {
		wire_put32(to + 4 + 8 * i, block[i].start);
		wire_put32(to + 8 + 8 * i, block[i].end);
	}
	return 4 + 8 * n;
}

unsigned tcp_opt_usual(const struct tcp *c, bool sack, uint8_t *to)
{
	unsigned n = c->ts_ok ? put_ts(c, to) : 0;

	if (sack && c->sack_ok && c->islands.n)
		n += put_sack(c, to + n, (TCP_OPTIONS - 4 - n) / 8);
	return n;
}
