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

static const struct http_user *user_of(const struct http_conn *c)
{
	return c->scheme->user;
}

uint64_t http_conn_at(const struct http_conn *c)
{
	uint64_t front;

	if (c->phase != HTTP_BODY)
		return c->obj;
	front = c->s->front < c->body_end ? c->s->front : c->body_end;
	/* While the segment with the head in it is looked at, front is still in front of it. */
	return c->obj + (front > c->body ? front - c->body : 0);
}

/* -- ends -- */

static void ignore(struct stream *s)
{
	(void)s;
}

static void ignore_pull(struct stream *s, uint64_t off, uint8_t *dst, size_t n)
{
	(void)s;
	(void)off;
	memset(dst, 0, n);
}

static size_t ignore_place(struct stream *s, uint64_t off, struct bytes b)
{
	return off == s->front ? b.n : 0;
}

static uint64_t ignore_room(struct stream *s)
{
	(void)s;
	return ROOM_HEAD;
}

static void ignore_closed(struct stream *s, int rc)
{
	(void)s;
	(void)rc;
}

/* Of a stream that is left to itself while it closes. */
static const struct stream_user nobody = {
	ignore, ignore_pull, ignore_place, ignore_room, ignore, ignore, ignore_closed};

void http_conn_drop(struct http_conn *c)
{
	struct stream *s = c->s;

	c->s = NULL;
	c->f = NULL;
	if (s)
		s->ops->abort(s);
}

/* In order, as the server did or is to do. */
static void conn_close(struct http_conn *c)
{
	struct stream *s = c->s;

	c->s = NULL;
	c->f = NULL;
	s->user = &nobody;
	s->ops->close(s);
}

void http_conn_keep(struct http_conn *c)
{
	if (c->s && !c->head.persists) {
		conn_close(c);
		return;
	}
	c->f = NULL;
	c->alive_us = c->net->m->now_us;
}

/* -- what comes -- */

static void conn_fail(struct http_conn *c, int rc)
{
	if (!c->rc)
		c->rc = rc;
}

static void conn_refuse(struct http_conn *c, const char *why)
{
	if (!c->rc)
		c->rc = err_set(c->net->m, ERR_HTTP_PROTOCOL, "%s: %s", c->host, why);
}

static void conn_piece(struct http_conn *c, uint64_t pos, uint64_t size)
{
	c->phase = HTTP_BODY;
	c->body = pos;
	c->body_end = size < HTTP_UNKNOWN - pos ? pos + size : HTTP_UNKNOWN;
	if (!c->skip && size > c->end - c->obj && size != HTTP_UNKNOWN)
		conn_refuse(c, "longer than it said");
}

static void conn_over(struct http_conn *c)
{
	c->phase = HTTP_DONE;
	if (!c->skip && c->end != HTTP_UNKNOWN && c->obj != c->end)
		conn_refuse(c, "shorter than it said");
}

static void conn_piece_end(struct http_conn *c)
{
	c->obj += c->body_end - c->body;
	if (c->chunked)
		c->phase = HTTP_CHUNKS;
	else
		conn_over(c);
}

/* RFC 9112 6.3. pos: of the byte behind the head. */
static void conn_head(struct http_conn *c, uint64_t pos)
{
	struct http_head *h = &c->head;
	int rc;

	c->end = HTTP_UNKNOWN;
	c->chunked = h->chunked;
	rc = user_of(c)->answer(c);
	if (rc) {
		conn_fail(c, rc);
	} else if (h->status == 204 || h->status == 304) {
		conn_over(c);
	} else if (h->chunked) {
		c->phase = HTTP_CHUNKS;
		c->chunk = HTTP_CHUNK_SIZE;
		h->line.total = 0;
	} else if (h->length != HTTP_UNKNOWN) {
		conn_piece(c, pos, h->length);
	} else {
		h->persists = false;
		c->until_close = c->end == HTTP_UNKNOWN;
		conn_piece(c, pos, c->until_close ? HTTP_UNKNOWN : c->end - c->obj);
	}
}

/* What is not a piece of the file. base + taken is the stream's position. */
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
		bytes_skip(b, b->n);
	}
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
			if (!c->skip && !user_of(c)->put(c, c->obj + (pos - c->body), b.p, part))
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
	uint64_t at = http_conn_at(c), end = c->to < c->end ? c->to : c->end;

	if (!c->f || c->phase == HTTP_DONE)
		return ROOM_HEAD;
	if (c->skip || end == HTTP_UNKNOWN)
		return ROOM_UNKNOWN;
	return ROOM_HEAD + (end > at ? end - at : 0);
}

static void conn_arrived(struct stream *s)
{
	struct http_conn *c = s->ctx;

	if (!c->f) {
		http_conn_drop(c); /* nothing was asked */
		return;
	}
	if (!c->rc && c->phase == HTTP_BODY && s->front >= c->body_end)
		conn_piece_end(c);
	if (c->rc)
		user_of(c)->broken(c, c->rc);
	else if (c->phase == HTTP_DONE)
		user_of(c)->over(c);
	else
		user_of(c)->progress(c);
}

static void conn_finished(struct stream *s)
{
	struct http_conn *c = s->ctx;

	c->head.persists = false;
	if (!c->f) {
		conn_close(c);
	} else if (c->phase == HTTP_BODY && c->until_close) {
		c->body_end = s->front;
		conn_piece_end(c);
		if (c->rc)
			user_of(c)->broken(c, c->rc);
		else
			user_of(c)->over(c);
	} else {
		user_of(c)->broken(c, 0);
	}
}

static void conn_closed(struct stream *s, int rc)
{
	struct http_conn *c = s->ctx;

	c->s = NULL;
	if (c->f)
		user_of(c)->broken(c, rc);
}

/* -- what goes -- */

static void conn_opened(struct stream *s)
{
	struct http_conn *c = s->ctx;

	c->opened = true;
	c->alive_us = c->net->m->now_us;
	if (c->request_n)
		s->ops->send(s, c->tx + c->request_n);
}

static void conn_pull(struct stream *s, uint64_t off, uint8_t *dst, size_t n)
{
	struct http_conn *c = s->ctx;

	/* An earlier request was answered before all of it was acknowledged: nobody needs it. */
	for (; n && off < c->tx; n--, off++)
		*dst++ = ' ';
	memcpy(dst, c->request + (off - c->tx), n);
}

static const struct stream_user conn_user = {
	conn_opened, conn_pull, conn_place, conn_room, conn_arrived, conn_finished, conn_closed};

static bool conn_fits(const struct http_conn *c, const struct fetch *f, uint16_t port)
{
	return c->s && !c->f && &c->scheme->ops == f->ops && c->dev == f->dev && c->port == port &&
	       ip_eq(&c->server, &f->server) && !strcmp(c->host, f->url.host);
}

static bool conn_better(const struct http_conn *a, const struct http_conn *b)
{
	if (!b || !a->s || !b->s)
		return !b || (!a->s && b->s);
	return a->alive_us < b->alive_us;
}

/* An empty slot, or the connection that was kept longest, unless fewer than `spare` would be left.
 */
static struct http_conn *conn_slot(struct net *net, unsigned spare)
{
	struct http_conn *best = NULL;
	unsigned left = 0;

	for (struct http_conn *c = net->http; c < net->http + HTTP_CONN_MAX; c++) {
		if (c->s && c->f)
			continue;
		left++;
		if (conn_better(c, best))
			best = c;
	}
	return left > spare ? best : NULL;
}

static int conn_dial(struct http_conn *c, struct fetch *f, uint16_t port)
{
	if (c->s)
		conn_close(c);
	memset(c, 0, sizeof(*c));
	c->net = f->net;
	c->scheme = (const struct http_scheme *)f->ops;
	c->dev = f->dev;
	c->server = f->server;
	c->port = port;
	str_copy(c->host, sizeof(c->host), f->url.host);
	c->phase = HTTP_DONE;
	return c->scheme->dial(f->net, f->dev, &f->server, port, &conn_user, c, &c->s);
}

struct http_conn *http_conn_get(struct fetch *f, unsigned spare, int *rc)
{
	const struct http_scheme *scheme = (const struct http_scheme *)f->ops;
	uint16_t port = f->url.port ? f->url.port : scheme->port;
	struct http_conn *c;

	for (c = f->net->http; c < f->net->http + HTTP_CONN_MAX; c++) {
		if (conn_fits(c, f, port)) {
			c->reused = true;
			c->f = f;
			c->tx += c->request_n;
			c->request_n = 0;
			return c;
		}
	}
	c = conn_slot(f->net, spare);
	*rc = c ? conn_dial(c, f, port) : -ERR_NO_SOCKET;
	if (*rc) {
		if (c)
			c->s = NULL;
		return NULL;
	}
	c->f = f;
	return c;
}

void http_conn_ask(struct http_conn *c)
{
	http_head_init(&c->head);
	c->phase = HTTP_HEAD;
	c->rc = 0;
	c->touched = c->skip = c->until_close = c->chunked = false;
	c->end = HTTP_UNKNOWN;
	c->alive_us = c->net->m->now_us;
	if (c->opened)
		c->s->ops->send(c->s, c->tx + c->request_n);
}
