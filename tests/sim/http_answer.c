/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers of the simulated HTTP server: status, head and body, as its mood is. */
#include "httpd_conn.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { HEAD_MAX = 4096 };

struct answer {
	struct httpd_conn *c;
	const struct httpd_mood *m;
	const struct http_request *r;
	const struct sim_file *file; /* NULL: an error's few words */
	unsigned status;
	uint64_t from, len; /* of the file */
	bool changed_length;
	char head[HEAD_MAX];
	size_t head_len;
};

/* ---- pieces ---- */

static struct httpd_piece *piece_new(struct httpd_conn *c, uint64_t len)
{
	struct httpd_piece *p;

	if (c->pieces == c->piece_cap) {
		c->piece_cap = c->piece_cap ? c->piece_cap * 2 : 16;
		c->piece = sim_grow(c->piece, c->piece_cap * sizeof(*c->piece));
	}
	p = &c->piece[c->pieces++];
	*p = (struct httpd_piece){.start = c->made, .len = len};
	c->made += len;
	return p;
}

void piece_text(struct httpd_conn *c, const char *text, size_t len)
{
	char *copy;

	if (!len)
		return;
	copy = sim_alloc(len);
	memcpy(copy, text, len);
	piece_new(c, len)->text = copy;
}

void piece_file(struct httpd_conn *c, const struct sim_file *f, uint64_t from, uint64_t len)
{
	uint64_t there = from < f->size ? f->size - from : 0;
	struct httpd_piece *p;

	if (there > len)
		there = len;
	if (there) {
		p = piece_new(c, there);
		p->file = f;
		p->from = from;
		p->wrong = c->mood.wrong_bytes;
	}
	if (len > there)
		piece_new(c, len - there);
}

/* ---- the head ---- */

static void say(struct answer *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct answer *a, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(a->head + a->head_len, HEAD_MAX - a->head_len, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= HEAD_MAX - a->head_len)
		abort();
	a->head_len += (size_t)n;
}

static const char *reason(unsigned status)
{
	static const struct {
		unsigned status;
		const char *text;
	} table[] = {{200, "OK"}, {206, "Partial Content"}, {301, "Moved Permanently"},
		{302, "Found"}, {307, "Temporary Redirect"}, {308, "Permanent Redirect"},
		{400, "Bad Request"}, {401, "Unauthorized"}, {404, "Not Found"},
		{416, "Range Not Satisfiable"}, {429, "Too Many Requests"},
		{500, "Internal Server Error"}, {503, "Service Unavailable"}};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].status == status)
			return table[i].text;
	return "Whatever";
}

static void etag(const struct sim_httpd *d, const struct sim_file *f, char text[64])
{
	snprintf(text, 64, "\"%x-%llx\"", d->version, (unsigned long long)f->size);
}

static void date(const struct sim_httpd *d, char text[64])
{
	snprintf(text, 64, "Sun, 06 Nov 1994 08:%02u:%02u GMT", d->version / 60 % 60,
		d->version % 60);
}

static void say_validators(struct answer *a)
{
	const struct httpd_conf *f = &a->c->d->conf;
	char text[64];

	if (!a->file || a->m->plain)
		return;
	etag(a->c->d, a->file, text);
	if (!f->no_etag)
		say(a, "ETag: %s%s\r\n", f->weak ? "W/" : "", text);
	date(a->c->d, text);
	if (!f->no_date)
		say(a, "Last-Modified: %s\r\n", text);
	if (!a->m->no_ranges)
		say(a, "Accept-Ranges: bytes\r\n");
}

static void say_length(struct answer *a)
{
	if (a->m->length)
		say(a, "%s", a->m->length);
	else if (a->m->chunk)
		say(a, "Transfer-Encoding: chunked\r\n");
	else if (!a->m->no_length)
		say(a, "Content-Length: %llu\r\n", (unsigned long long)a->len);
	if (a->status == 206 && a->file && !a->m->plain)
		say(a, "Content-Range: bytes %llu-%llu/%llu\r\n", (unsigned long long)a->from,
			(unsigned long long)(a->from + a->len - 1),
			(unsigned long long)a->file->size);
	if (a->status == 416)
		say(a, "Content-Range: bytes */%llu\r\n", (unsigned long long)a->len);
}

static void make_head(struct answer *a)
{
	const struct httpd_mood *m = a->m;
	char challenge[300];

	for (unsigned i = 0; i < m->continues; i++)
		piece_text(a->c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
	say(a, "HTTP/1.%c %u %s\r\n", m->http10 ? '0' : '1', a->status, reason(a->status));
	say(a, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: simulated\r\n");
	say_length(a);
	say_validators(a);
	if (m->location)
		say(a, "Location: %s\r\n", m->location);
	if (m->retry)
		say(a, "Retry-After: %s\r\n", m->retry);
	if (a->status == 401) {
		auth_challenge(a->c->d, challenge, sizeof(challenge));
		say(a, "%s", challenge);
	}
	if (a->c->closes && !m->close_silent)
		say(a, "Connection: close\r\n");
	say(a, "%s\r\n", m->more ? m->more : "");
}

static void to_lf(struct answer *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->head_len; i++)
		if (a->head[i] != '\r')
			a->head[n++] = a->head[i];
	a->head_len = n;
}

/* ---- the body ---- */

static void make_chunks(struct answer *a)
{
	char line[40];
	uint64_t n = 0;

	for (uint64_t at = 0; at < a->len; n++) {
		uint64_t len = a->len - at < a->m->chunk ? a->len - at : a->m->chunk;

		snprintf(line, sizeof(line), "%llx%s\r\n", (unsigned long long)len,
			n % 3 == 2 ? ";name=\"value\"" : "");
		if (n == 1 && a->m->chunk_size)
			snprintf(line, sizeof(line), "%s\r\n", a->m->chunk_size);
		piece_text(a->c, line, strlen(line));
		piece_file(a->c, a->file, a->from + at, len);
		piece_text(a->c, "\r\n", 2);
		at += len;
	}
	piece_text(a->c, "0\r\n\r\n", 5);
}

static const char sorry[] = "sorry\n";

static void make_body(struct answer *a)
{
	uint64_t len = a->m->has_body ? a->m->body : a->len;

	if (!strcmp(a->r->method, "HEAD"))
		return;
	if (!a->file)
		piece_text(a->c, sorry, a->len < sizeof(sorry) ? (size_t)a->len : 0);
	else if (a->m->chunk)
		make_chunks(a);
	else
		piece_file(a->c, a->file, a->from, len);
	if (a->m->behind)
		piece_text(a->c, a->m->behind,
			a->m->behind_len ? a->m->behind_len : strlen(a->m->behind));
}

/* ---- what it is ---- */

static bool if_range_holds(const struct answer *a)
{
	const struct httpd_conf *f = &a->c->d->conf;
	char tag[64], when[64];

	etag(a->c->d, a->file, tag);
	date(a->c->d, when);
	if (!*a->r->if_range)
		return true;
	if (!f->no_etag && !f->weak && !strcmp(a->r->if_range, tag))
		return true;
	return !f->no_date && !strcmp(a->r->if_range, when);
}

/* RFC 9110 14.2. */
static void choose_range(struct answer *a)
{
	const struct http_request *r = a->r;
	uint64_t size = a->file->size, to = r->to;

	if (!r->range || a->m->no_ranges || a->m->plain || !if_range_holds(a))
		return;
	if (r->from == UINT64_MAX) {
		a->from = to < size ? size - to : 0;
		to = size - 1;
	} else {
		a->from = r->from;
	}
	if (a->from >= size) {
		a->status = 416;
		a->len = size;
		a->file = NULL;
		return;
	}
	if (to >= size)
		to = size - 1;
	a->status = 206;
	a->len = to - a->from + 1;
	a->c->d->stats.ranges++;
}

static void choose(struct answer *a)
{
	struct sim_httpd *d = a->c->d;

	a->status = 200;
	a->file = tftpd_find(d->files, a->r->path);
	if (a->file)
		a->len = a->file->size;
	if (a->r->bad)
		a->status = 400;
	else if (!auth_allows(d, a->r))
		a->status = 401;
	else if (!a->file && !a->m->location && !a->m->status)
		a->status = 404;
	if (a->status != 200)
		a->file = NULL;
	else if (a->m->location)
		a->status = 302;
	else if (a->file)
		choose_range(a);
	if (a->m->status && a->status != 401)
		a->status = a->m->status;
	if (!a->file && a->status != 416)
		a->len = strlen(sorry);
}

static const struct httpd_mood empty = {.length = "Content-Length: 0\r\n"};

unsigned answer_make(struct httpd_conn *c, const struct http_request *r)
{
	struct answer *a = sim_alloc(sizeof(*a));
	unsigned status;

	a->c = c;
	a->m = &c->mood;
	a->r = r;
	choose(a);
	status = a->status;
	if (status == 416)
		a->m = &empty;
	make_head(a);
	if (c->mood.lf_only)
		to_lf(a);
	if (c->mood.head)
		piece_text(c, c->mood.head, strlen(c->mood.head));
	else
		piece_text(c, a->head, a->head_len);
	c->head_end = c->made;
	if (status != 416)
		make_body(a);
	c->d->stats.answers[status / 100 < 6 ? status / 100 : 0]++;
	free(a);
	return status;
}
