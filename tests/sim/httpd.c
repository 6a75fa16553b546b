/* SPDX-License-Identifier: BSD-2-Clause */
/* The simulated HTTP server of httpd.h: connections, moods, and when an answer leaves. */
#include "httpd_conn.h"

#include <stdio.h>
#include <stdlib.h>

static void conn_answer(struct httpd_conn *c);

/* ---- moods ---- */

struct httpd_mood *httpd_mood(struct sim_httpd *d, const struct httpd_mood *m)
{
	if (d->conf.moods == HTTPD_MOODS_MAX)
		abort();
	d->conf.mood[d->conf.moods] = *m;
	return &d->conf.mood[d->conf.moods++];
}

static struct httpd_mood mood_for(struct sim_httpd *d, const char *path)
{
	for (unsigned i = 0; i < d->conf.moods; i++) {
		struct httpd_mood *m = &d->conf.mood[i];

		if (m->path && strcmp(m->path, path))
			continue;
		m->asked++;
		if (m->asked > m->skip && (!m->times || m->asked <= m->skip + m->times))
			return *m;
	}
	return (struct httpd_mood){0};
}

unsigned httpd_asked(const struct sim_httpd *d, const char *path)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < d->seens; i++)
		n += !strcmp(d->seen[i].path, path);
	return n;
}

static void httpd_log(struct httpd_conn *c, const struct http_request *r, unsigned status)
{
	struct sim_httpd *d = c->d;
	struct httpd_seen *s;

	if (d->seens == d->seen_cap) {
		d->seen_cap = d->seen_cap ? d->seen_cap * 2 : 16;
		d->seen = sim_grow(d->seen, d->seen_cap * sizeof(*d->seen));
	}
	s = &d->seen[d->seens++];
	*s = (struct httpd_seen){.at_us = d->w->now_us,
		.ip = c->tcp->ip,
		.port = c->tcp->port,
		.conn = c->number,
		.status = status,
		.range = r->range,
		.from = r->from,
		.to = r->to};
	memcpy(s->method, r->method, sizeof(s->method));
	memcpy(s->path, r->path, sizeof(s->path));
	memcpy(s->query, r->query, sizeof(s->query));
	memcpy(s->host, r->host, sizeof(s->host));
	memcpy(s->if_range, r->if_range, sizeof(s->if_range));
	memcpy(s->authorization, r->authorization, sizeof(s->authorization));
	world_trace(d->w, d->h->name, "HTTP %s /%s %llu- from %s:%u: %u", s->method, s->path,
		(unsigned long long)r->from, ip_text(s->ip), s->port, status);
}

/* ---- letting an answer go ---- */

/* How much of what was made may leave now. */
static uint64_t leave_end(const struct httpd_conn *c)
{
	uint64_t end = c->made;

	if (c->mood.drip_us && c->released < c->head_end)
		end = c->released;
	else if (c->mood.end && c->head_end + c->mood.end_at < end)
		end = c->head_end + c->mood.end_at;
	return end;
}

static void conn_release(struct httpd_conn *c)
{
	uint64_t end = leave_end(c);

	if (c->d->first_data_us == WORLD_NEVER && end > c->head_end)
		c->d->first_data_us = c->d->w->now_us;
	c->released = end;
	tcpd_send(c->tcp, end);
	if (c->mood.drip_us && end < c->head_end) {
		world_in(c->d->w, &c->timer, c->mood.drip_us);
		return;
	}
	if (c->mood.end == END_RESET)
		c->reset_at = end;
	if (c->mood.end == END_CLOSE || (c->closes && end == c->made))
		tcpd_close(c->tcp);
	if (end < c->made || c->closes || c->mood.end)
		return; /* and nothing else will ever be answered */
	c->answering = false;
	if (c->d->conf.idle_us)
		world_in(c->d->w, &c->timer, c->d->conf.idle_us);
	conn_answer(c);
}

/* Time to think is over, or the next byte drips, or nobody came. */
static void conn_woken(void *ctx)
{
	struct httpd_conn *c = ctx;

	if (!c->answering) {
		tcpd_close(c->tcp);
		return;
	}
	if (c->mood.drip_us && c->released < c->head_end)
		c->released++;
	conn_release(c);
}

/* ---- requests ---- */

static void conn_request(struct httpd_conn *c, uint32_t len)
{
	struct sim_httpd *d = c->d;
	struct http_request r;
	char text[HTTPD_REQUEST_MAX + 1];
	unsigned status;

	memcpy(text, c->request, len);
	text[len] = 0;
	c->request_len -= len;
	memmove(c->request, c->request + len, c->request_len);
	request_parse(d, &r, text, c->judged, c->tcp->ip);
	c->mood = mood_for(d, r.path);
	c->served++;
	c->answering = true;
	c->closes = r.closes || r.bad || c->mood.close || c->mood.close_silent ||
		    c->mood.no_length || c->mood.http10 || c->served == d->conf.requests_max;
	d->stats.requests++;
	d->stats.heads += !strcmp(r.method, "HEAD");
	status = answer_make(c, &r);
	httpd_log(c, &r, status);
	world_cancel(d->w, &c->timer);
	if (c->mood.think_us)
		world_in(d->w, &c->timer, c->mood.think_us);
	else
		conn_release(c);
}

static void conn_answer(struct httpd_conn *c)
{
	char *end;

	if (c->answering)
		return;
	c->request[c->request_len] = 0;
	end = strstr(c->request, "\r\n\r\n");
	if (end)
		conn_request(c, (uint32_t)(end - c->request) + 4);
}

/* ---- TCP ---- */

static void httpd_opened(struct tcpd_conn *tcp)
{
	struct httpd_conn *c = sim_alloc(sizeof(*c));

	c->d = tcp->app_ctx;
	c->tcp = tcp;
	c->reset_at = UINT64_MAX;
	c->judged = tcp->judged;
	c->number = ++c->d->conns;
	c->d->stats.conns++;
	event_init(&c->timer, conn_woken, c);
	tcp->ctx = c;
}

static void httpd_rx(struct tcpd_conn *tcp, const uint8_t *data, uint32_t len)
{
	struct httpd_conn *c = tcp->ctx;

	if (len > HTTPD_REQUEST_MAX - c->request_len || memchr(data, 0, len)) {
		c->d->stats.bad++;
		if (c->judged)
			world_violation(c->d->w, c->d->h->name,
				"HTTP request of %s: too long, or NUL in it", ip_text(tcp->ip));
		tcpd_reset(tcp);
		return;
	}
	memcpy(c->request + c->request_len, data, len);
	c->request_len += len;
	conn_answer(c);
}

static const struct httpd_piece *piece_at(const struct httpd_conn *c, uint64_t off)
{
	uint32_t low = 0, high = c->pieces - 1;

	while (low < high) {
		uint32_t mid = (low + high + 1) / 2;

		if (c->piece[mid].start <= off)
			low = mid;
		else
			high = mid - 1;
	}
	return &c->piece[low];
}

static void httpd_pull(struct tcpd_conn *tcp, uint64_t off, uint8_t *to, uint32_t len)
{
	const struct httpd_conn *c = tcp->ctx;

	while (len) {
		const struct httpd_piece *p = piece_at(c, off);
		uint64_t at = off - p->start;
		uint32_t n = p->len - at < len ? (uint32_t)(p->len - at) : len;

		if (p->text)
			memcpy(to, p->text + at, n);
		else if (p->file)
			file_read(p->file, p->from + at, to, n);
		else
			memset(to, 'f', n);
		for (uint32_t i = 0; p->wrong && i < n; i += 97)
			to[i] ^= 0xff;
		off += n;
		to += n;
		len -= n;
	}
}

/* A segment ends behind every CR of what is text. */
static uint32_t httpd_cut(struct tcpd_conn *tcp, uint64_t off, uint32_t len)
{
	const struct httpd_conn *c = tcp->ctx;
	const struct httpd_piece *p = piece_at(c, off);
	uint64_t left = p->len - (off - p->start);
	const char *text = p->text ? p->text + (off - p->start) : NULL, *cr;

	if (!c->mood.cut_crlf)
		return len;
	if (left < len)
		len = (uint32_t)left;
	cr = text ? memchr(text, '\r', len) : NULL;
	return cr ? (uint32_t)(cr - text) + 1 : len;
}

static void httpd_acked(struct tcpd_conn *tcp)
{
	struct httpd_conn *c = tcp->ctx;

	if (c && tcp->una >= c->reset_at)
		tcpd_reset(tcp);
}

static void httpd_fin(struct tcpd_conn *tcp)
{
	struct httpd_conn *c = tcp->ctx;

	if (c->mood.end != END_STOP)
		tcpd_close(tcp);
}

static void httpd_gone(struct tcpd_conn *tcp)
{
	struct httpd_conn *c = tcp->ctx;

	if (!c)
		return;
	world_cancel(c->d->w, &c->timer);
	for (uint32_t i = 0; i < c->pieces; i++)
		free(c->piece[i].text);
	free(c->piece);
	free(c);
	tcp->ctx = NULL;
}

static const struct tcpd_app httpd_app = {
	.opened = httpd_opened,
	.rx = httpd_rx,
	.pull = httpd_pull,
	.cut = httpd_cut,
	.acked = httpd_acked,
	.fin = httpd_fin,
	.gone = httpd_gone,
};

static void httpd_end(void *thing)
{
	struct sim_httpd *d = thing;

	tcpd_forget(d->tcp);
	free(d->seen);
	free(d);
}

struct sim_httpd *httpd_new(struct sim_tcpd *tcp, uint16_t port, struct sim_tftpd *files)
{
	struct sim_httpd *d = sim_alloc(sizeof(*d));

	d->w = tcp->w;
	d->h = tcp->h;
	d->tcp = tcp;
	d->files = files;
	d->port = port;
	d->version = 1;
	d->first_data_us = WORLD_NEVER;
	tcpd_listen(tcp, port, &httpd_app, d);
	world_own(d->w, d, httpd_end);
	return d;
}
