/* SPDX-License-Identifier: BSD-2-Clause */
/* The DNS server of dnsd.h. */
#include "dnsd.h"

#include <stdlib.h>
#include <strings.h>

enum {
	HEAD = 12,
	RECORDS_MAX = 64,
	NAMES_MAX = 32,
	ALIASES_MAX = 16,
	SIZE_MAX_UDP = 512, /* RFC 1035 4.2.1 */
	NXDOMAIN = 3,
};

struct dnsd_reply {
	struct dnsd_reply *next;
	struct sim_dnsd *d;
	struct sim_event due;
	uint32_t dst_ip;
	uint16_t dst_port;
	uint32_t len;
	uint8_t msg[4096];
};

/* A message being written, and where names stand in it. */
struct out {
	uint8_t *msg;
	uint32_t len, cap;
	struct {
		const char *name;
		uint32_t at;
	} known[NAMES_MAX];
	uint32_t nknown;
};

/* ---- questions ---- */

/* The name of the question as text, in lower case; where it ends, 0 when it is malformed. */
static uint32_t question_name(const uint8_t *msg, uint32_t len, char name[DNSD_NAME])
{
	uint32_t at = HEAD, n = 0;

	while (at < len && msg[at]) {
		uint32_t label = msg[at++];

		if (label > 63 || at + label > len || n + label + 2 > DNSD_NAME)
			return 0;
		if (n)
			name[n++] = '.';
		for (uint32_t i = 0; i < label; i++, at++)
			name[n++] =
				(char)(msg[at] >= 'A' && msg[at] <= 'Z' ? msg[at] + 32 : msg[at]);
	}
	name[n] = 0;
	return at < len ? at + 1 : 0;
}

/* What a client must not say; NULL: nothing. */
static const char *question_wrong(const uint8_t *msg, uint32_t len, uint32_t end)
{
	static const uint8_t counts[8] = {0, 1};

	if (wire_get16(msg + 2) != 0x0100)
		return "flags are not those of a question that wants recursion";
	if (memcmp(msg + 4, counts, 8))
		return "is not one question and nothing else";
	if (!end || len != end + 4)
		return "is malformed or has something behind it";
	if (end == HEAD + 1)
		return "is about the root";
	if (wire_get16(msg + end) != DNSD_A || wire_get16(msg + end + 2) != 1)
		return "is not about an address in the Internet";
	return NULL;
}

const struct dnsd_seen *dnsd_seen(const struct sim_dnsd *d, uint32_t i)
{
	if (i >= d->questions || i >= DNSD_SEEN)
		abort();
	return &d->seen[i];
}

static void judge(
	struct sim_dnsd *d, const struct host_in *in, const struct dnsd_seen *q, const char *wrong)
{
	const struct dnsd_seen *last = NULL;

	for (uint32_t i = 0; i < d->questions && i < DNSD_SEEN; i++)
		if (d->seen[i].ip == q->ip)
			last = &d->seen[i];
	if (!wrong && q->port < 1024)
		wrong = "comes from a privileged port";
	/* Both the same is what a bad link makes of one. */
	if (!wrong && last && (last->port == q->port || last->id == q->id) &&
		!(d->w->lossy && last->port == q->port && last->id == q->id))
		wrong = "has the port or id of the one before";
	if (wrong && in->judged)
		world_violation(d->w, d->h->name, "DNS question of %s %s", ip_text(q->ip), wrong);
}

/* ---- answers ---- */

static void put8(struct out *o, unsigned v)
{
	if (o->len < o->cap)
		o->msg[o->len] = (uint8_t)v;
	o->len++;
}

static void put16(struct out *o, unsigned v)
{
	put8(o, v >> 8);
	put8(o, v);
}

static void put32(struct out *o, uint32_t v)
{
	put16(o, v >> 16);
	put16(o, v & 0xffff);
}

/* By a pointer to where the name, or an end of it, stood before. */
static void put_name(struct out *o, const char *name)
{
	while (*name) {
		size_t n = strcspn(name, ".");

		for (uint32_t i = 0; i < o->nknown; i++) {
			if (!strcasecmp(o->known[i].name, name)) {
				put16(o, 0xc000 | o->known[i].at);
				return;
			}
		}
		if (o->nknown < NAMES_MAX && o->len < 0x4000) {
			o->known[o->nknown].name = name;
			o->known[o->nknown++].at = o->len;
		}
		put8(o, (unsigned)n);
		for (size_t i = 0; i < n; i++)
			put8(o, (uint8_t)name[i]);
		name += n + (name[n] == '.');
	}
	put8(o, 0);
}

static void put_record(struct out *o, const struct dnsd_row *row)
{
	uint32_t len_at;

	put_name(o, row->name);
	put16(o, row->type);
	put16(o, 1);
	put32(o, row->ttl);
	len_at = o->len;
	put16(o, 0);
	if (row->type == DNSD_A)
		put32(o, row->ip);
	else
		put_name(o, row->target);
	if (o->len <= o->cap)
		wire_put16(o->msg + len_at, o->len - len_at - 2);
}

/* The rows of an answer; their number. *code: NXDOMAIN when there is no such name at its end. */
static uint32_t look_up(
	const struct sim_dnsd *d, const char *name, const struct dnsd_row **rows, uint8_t *code)
{
	const struct dnsd_row *alias;
	uint32_t n = 0;

	for (uint32_t aliases = 0; aliases < ALIASES_MAX; aliases++) {
		alias = NULL;
		*code = NXDOMAIN;
		for (const struct dnsd_row *row = d->conf.zone; row->name; row++) {
			if (strcasecmp(row->name, name) || n == RECORDS_MAX)
				continue;
			*code = 0;
			rows[n++] = row;
			if (row->type == DNSD_CNAME)
				alias = row;
		}
		if (!alias)
			break;
		name = alias->target;
		if (d->conf.alias_alone)
			break;
	}
	return n;
}

uint32_t dnsd_answer(
	struct sim_dnsd *d, const uint8_t *question, uint32_t len, uint8_t *msg, uint32_t cap)
{
	const struct dnsd_row *rows[RECORDS_MAX];
	char name[DNSD_NAME];
	uint32_t end = question_name(question, len, name), n, put = 0;
	struct out o = {.msg = msg, .cap = cap < SIZE_MAX_UDP ? cap : SIZE_MAX_UDP};
	uint8_t code;

	if (!end || end + 4 > len || end + 4 > o.cap)
		return 0;
	memcpy(msg, question, end + 4);
	o.len = end + 4;
	for (const char *part = name; part && o.nknown < NAMES_MAX; part = strchr(part, '.')) {
		part += *part == '.';
		o.known[o.nknown].name = part;
		o.known[o.nknown++].at = HEAD + (uint32_t)(part - name);
	}
	n = look_up(d, name, rows, &code);
	if (d->conf.code) {
		code = d->conf.code;
		n = 0;
	}
	wire_put16(msg + 2, 0x8180u | code);
	for (; put < n; put++) {
		uint32_t before = o.len;

		put_record(&o, rows[d->conf.backwards ? n - 1 - put : put]);
		if (o.len > o.cap) {
			o.len = before;
			msg[2] |= 2; /* TC */
			break;
		}
	}
	wire_put16(msg + 6, put);
	return o.len;
}

void dnsd_put(uint8_t *msg, uint32_t *len, uint32_t cap, const void *bytes, uint32_t n)
{
	if (*len + n > cap)
		abort();
	memcpy(msg + *len, bytes, n);
	*len += n;
}

/* ---- the server ---- */

static void reply_free(struct dnsd_reply *r)
{
	struct dnsd_reply **at = &r->d->replies;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	world_cancel(r->d->w, &r->due);
	free(r);
}

static void reply_send(void *ctx)
{
	struct dnsd_reply *r = ctx;
	struct host_out out = {.dst_ip = r->dst_ip,
		.src_port = DNSD_PORT,
		.dst_port = r->dst_port,
		.data = r->msg,
		.len = r->len};

	r->d->answers++;
	host_send(r->d->h, &out);
	reply_free(r);
}

static void reply_new(struct sim_dnsd *d, const struct host_in *in)
{
	struct dnsd_reply *r = sim_alloc(sizeof(*r));

	r->d = d;
	r->dst_ip = in->src_ip;
	r->dst_port = in->src_port;
	r->len = dnsd_answer(d, in->data, in->len, r->msg, sizeof(r->msg));
	if (d->conf.tamper)
		d->conf.tamper(d->conf.tamper_ctx, d, r->msg, &r->len, sizeof(r->msg));
	event_init(&r->due, reply_send, r);
	r->next = d->replies;
	d->replies = r;
	world_in(d->w, &r->due, d->conf.delay_us);
}

static void dnsd_input(void *ctx, const struct host_in *in)
{
	struct sim_dnsd *d = ctx;
	struct dnsd_seen q = {
		.at_us = d->w->now_us,
		.ip = in->src_ip,
		.port = in->src_port,
	};
	const char *wrong;
	uint32_t end;

	if (in->len < HEAD || (in->data[2] & 0x80))
		return;
	q.id = wire_get16(in->data);
	end = question_name(in->data, in->len, q.name);
	wrong = question_wrong(in->data, in->len, end);
	world_trace(d->w, d->h->name, "%s asks for %s, id %04x, port %u", ip_text(q.ip), q.name,
		q.id, q.port);
	judge(d, in, &q, wrong);
	if (d->questions < DNSD_SEEN)
		d->seen[d->questions] = q;
	d->questions++;
	if (wrong || d->conf.silent)
		return;
	if (d->conf.ignore) {
		d->conf.ignore--;
		return;
	}
	if (d->conf.overhears)
		d->conf.overhears(d->conf.overhears_ctx, d, in);
	reply_new(d, in);
}

static void dnsd_end(void *thing)
{
	struct sim_dnsd *d = thing;

	while (d->replies)
		reply_free(d->replies);
	free(d);
}

struct sim_dnsd *dnsd_new(struct sim_host *h, const struct dnsd_row *zone)
{
	struct sim_dnsd *d = sim_alloc(sizeof(*d));

	d->w = h->w;
	d->h = h;
	d->conf.zone = zone;
	if (!host_bind(h, DNSD_PORT, dnsd_input, d))
		abort();
	world_own(h->w, d, dnsd_end);
	return d;
}
