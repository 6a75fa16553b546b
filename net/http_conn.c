/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HTTP/1.1 messages over streams, RFC 9112. No pipelining: one request at a time.
 *
 * Once the head of a response is known, a piece of its body is a straight map from positions of the
 * stream to positions of the file: what arrives behind a hole is placed at once. Between pieces
 * (heads, chunk sizes) only what is in order can be understood; the rest is left to the stream to
 * bring again. Bytes that come when nothing was asked, or behind the response, are never looked at,
 * and the connection is not used again.
 */
#include "net/http_conn.h"
#include "core/machine.h"
#include "core/str.h"
#include "net/net.h"

/* Room offered where it is not known how much comes: more than any path holds. */
#define ROOM_UNKNOWN (16u << 20)
/* Beside a piece of a known length. */
#define ROOM_HEAD HTTP_HEAD_MAX
/* Of a streamed file less is offered than there is room for: TCP's unit rounds up, a bit with each
 * ACK, and what then finds no room is lost. */
#define ROOM_SLACK 4096

uint64_t http_conn_at(const struct http_conn *c)
{
	if (c->phase != HTTP_BODY)
		return c->obj;
	return c->obj + (c->s->front < c->body_end ? c->s->front : c->body_end) - c->body;
}

/* -- ends -- */

void http_conn_drop(struct http_conn *c)
{
	struct stream *s = c->s;

	c->s = NULL;
	c->f = NULL;
	if (s)
		s->ops->abort(s);
}

/* One that closes stays in its slot until it has, or the slot is needed. */
void http_conn_keep(struct http_conn *c)
{
	c->f = NULL;
	if (!c->head.persists)
		c->s->ops->close(c->s);
}

/* -- what comes -- */

static void conn_refuse(struct http_conn *c, const char *why)
{
	c->rc = -ERR_HTTP_PROTOCOL;
	c->why = why;
}

static void conn_piece(struct http_conn *c, uint64_t pos, uint64_t size)
{
	c->phase = HTTP_BODY;
	c->body = pos;
	c->body_end = size == HTTP_UNKNOWN ? size : pos + size;
	if (size != HTTP_UNKNOWN && size > c->end - c->obj)
		conn_refuse(c, "longer than it said");
}

static void conn_over(struct http_conn *c)
{
	c->phase = HTTP_DONE;
	if (c->end != HTTP_UNKNOWN && c->obj != c->end)
		conn_refuse(c, "shorter than it said");
}

static void conn_piece_end(struct http_conn *c)
{
	c->obj += c->body_end - c->body;
	c->phase = HTTP_CHUNKS;
	if (!c->head.chunked)
		conn_over(c);
}

/* RFC 9112 6.3. pos: of the byte behind the head. */
static void conn_head(struct http_conn *c, uint64_t pos)
{
	struct http_head *h = &c->head;

	c->rc = http_answer(c);
	if (h->chunked) {
		c->phase = HTTP_CHUNKS;
		c->chunk = HTTP_CHUNK_SIZE;
		h->line.total = 0;
		return;
	}
	if (h->length == HTTP_UNKNOWN) {
		h->persists = false;
		if (c->skip)
			h->length = 0;
		else if (c->end != HTTP_UNKNOWN)
			h->length = c->end - c->obj;
	}
	if (!c->rc)
		conn_piece(c, pos, h->length);
}

/* What is not a piece of the file. base + what was taken of n bytes is the stream's position. */
static void conn_parse(struct http_conn *c, uint64_t base, struct bytes *b, size_t n)
{
	uint64_t size;
	int got;

	if (c->phase == HTTP_BODY) {
		conn_piece_end(c);
	} else if (c->phase == HTTP_HEAD) {
		got = http_head_read(&c->head, b);
		if (got < 0)
			conn_refuse(c, "malformed head");
		else if (got)
			conn_head(c, base + (n - b->n));
	} else if (c->phase == HTTP_CHUNKS) {
		got = http_chunk_read(&c->chunk, &c->head.line, b, &size);
		if (got < 0)
			conn_refuse(c, "malformed chunk");
		else if (got == 2)
			conn_over(c);
		else if (got)
			conn_piece(c, base + (n - b->n), size);
	} else {
		c->head.persists = false;
		b->n = 0;
	}
}

/* As many of the *n bytes as there is room for. */
static bool conn_put(struct http_conn *c, uint64_t at, const uint8_t *p, size_t *n)
{
	uint64_t limit = fetch_limit(c->f);

	if (at >= limit)
		return false;
	if (*n > limit - at)
		*n = (size_t)(limit - at);
	return http_put(c, at, p, *n);
}

static size_t conn_place(struct stream *s, uint64_t off, struct bytes b)
{
	struct http_conn *c = s->ctx;
	bool ordered = off == s->front;
	size_t n = b.n, part;
	uint64_t pos;

	c->alive_us = c->net->m->now_us;
	c->touched = true;
	while (b.n && !c->rc) {
		pos = off + (n - b.n);
		if (c->phase == HTTP_BODY && pos < c->body_end) {
			part = c->body_end - pos < b.n ? (size_t)(c->body_end - pos) : b.n;
			if (!c->skip && !conn_put(c, c->obj + (pos - c->body), b.p, &part))
				break;
			bytes_skip(&b, part);
		} else if (ordered) {
			conn_parse(c, off, &b, n);
		} else {
			break;
		}
	}
	return c->rc && ordered ? n : n - b.n;
}

static uint64_t conn_room(struct stream *s)
{
	struct http_conn *c = s->ctx;
	uint64_t at = http_conn_at(c), room = ROOM_UNKNOWN, limit;

	if (c->to != HTTP_UNKNOWN)
		room = ROOM_HEAD + (c->to > at ? c->to - at : 0);
	if (!c->f || c->skip)
		return room;
	limit = fetch_limit(c->f);
	limit = limit > at + ROOM_SLACK ? limit - at - ROOM_SLACK : 0;
	return room < limit ? room : limit;
}

static void conn_arrived(struct stream *s)
{
	struct http_conn *c = s->ctx;

	if (!c->rc && c->phase == HTTP_BODY && s->front >= c->body_end)
		conn_piece_end(c);
	if (!c->f)
		http_conn_drop(c); /* nothing was asked */
	else if (c->rc)
		http_broken(c, 0);
	else if (c->phase == HTTP_DONE)
		http_over(c);
	else
		http_progress(c);
}

static void conn_finished(struct stream *s)
{
	struct http_conn *c = s->ctx;

	c->head.persists = false;
	if (!c->f) {
		s->ops->close(s);
	} else if (c->phase == HTTP_BODY && c->body_end == HTTP_UNKNOWN) {
		c->body_end = s->front;
		conn_arrived(s);
	} else {
		http_broken(c, 0);
	}
}

static void conn_closed(struct stream *s, int rc)
{
	struct http_conn *c = s->ctx;

	c->s = NULL;
	if (c->f)
		http_broken(c, rc);
}

/* -- what goes -- */

static void conn_opened(struct stream *s)
{
	struct http_conn *c = s->ctx;

	c->opened = true;
}

/* An earlier request may have been answered before all of it was acknowledged: nobody needs it. */
static void conn_pull(struct stream *s, uint64_t off, uint8_t *dst, size_t n)
{
	struct http_conn *c = s->ctx;

	for (; n; n--, off++)
		*dst++ = off < c->tx ? ' ' : (uint8_t)c->request[off - c->tx];
}

static const struct stream_user conn_user = {
	conn_opened, conn_pull, conn_place, conn_room, conn_arrived, conn_finished, conn_closed};

static bool conn_fits(const struct http_conn *c, const struct fetch *f, uint16_t port)
{
	return c->s && c->head.persists && &c->scheme->ops == f->ops && c->dev == f->dev &&
	       c->streamed == !!f->ring && c->port == port && ip_eq(&c->server, &f->server) &&
	       !strcmp(c->host, f->url.host);
}

static int conn_dial(struct http_conn *c, struct fetch *f, uint16_t port)
{
	http_conn_drop(c);
	memset(c, 0, sizeof(*c));
	c->net = f->net;
	c->scheme = (const struct http_scheme *)f->ops;
	c->dev = f->dev;
	c->streamed = f->ring;
	c->server = f->server;
	c->port = port;
	str_copy(c->host, sizeof(c->host), f->url.host);
	c->phase = HTTP_DONE;
	return c->scheme->dial(f->net, f->dev, &f->server, port, &conn_user, c, &c->s);
}

struct http_conn *http_conn_get(struct fetch *f, int *rc)
{
	struct http_conn *c = f->net->http, *end = c + HTTP_CONN_MAX, *slot = NULL;
	uint16_t port = f->url.port ? f->url.port : ((const struct http_scheme *)f->ops)->port;

	for (; c < end; c++) {
		if (c->f)
			continue;
		if (conn_fits(c, f, port)) {
			c->reused = true;
			break;
		}
		if (!slot || !c->s)
			slot = c;
	}
	if (c == end) {
		c = slot;
		*rc = c ? conn_dial(c, f, port) : -ERR_NO_SOCKET;
		if (*rc)
			return NULL;
	}
	c->f = f;
	c->tx += c->request_n;
	return c;
}

void http_conn_ask(struct http_conn *c)
{
	http_head_init(&c->head);
	c->phase = HTTP_HEAD;
	c->rc = 0;
	c->why = NULL;
	c->touched = c->skip = false;
	c->alive_us = c->net->m->now_us;
	c->s->ops->send(c->s, c->tx + c->request_n);
}
