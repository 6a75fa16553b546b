/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests to the simulated HTTP server, and the judge of their form (RFC 9112 2-6, RFC 3986). */
#include "httpd_conn.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

struct parse {
	struct sim_httpd *d;
	struct http_request *r;
	bool judged;
	uint32_t ip;
	unsigned hosts, ranges, authorizations;
};

static void blame(struct parse *p, const char *what, const char *detail)
{
	p->r->bad = true;
	p->d->stats.bad++;
	if (p->judged)
		world_violation(p->d->w, p->d->h->name, "HTTP request of %s: %s %.60s",
			ip_text(p->ip), what, detail);
}

/* ---- the request line ---- */

/* RFC 3986 3.3: what may stand in a path or query as it is. */
static bool target_char(char c)
{
	return isalnum((unsigned char)c) || strchr("-._~!$&'()*+,;=:@/?%", c);
}

static bool check_target(const char *t)
{
	if (*t != '/')
		return false;
	for (; *t; t++) {
		if (!target_char(*t))
			return false;
		if (*t == '%' && (!isxdigit((unsigned char)t[1]) || !isxdigit((unsigned char)t[2])))
			return false;
	}
	return true;
}

static void decode(char *to, size_t size, const char *from, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n + 1 < size; i++) {
		unsigned byte;

		if (from[i] == '%' && i + 2 < len && sscanf(from + i + 1, "%2x", &byte) == 1) {
			to[n++] = (char)byte;
			i += 2;
		} else {
			to[n++] = from[i];
		}
	}
	to[n] = 0;
}

static void request_line(struct parse *p, const char *line)
{
	char method[8] = "", target[HTTPD_REQUEST_MAX] = "", version[16] = "", more = 0;
	const char *query;
	char whole[HTTPD_REQUEST_MAX + 40];

	if (sscanf(line, "%7s %16383s %15s%c", method, target, version, &more) != 3)
		blame(p, "request line", line);
	snprintf(whole, sizeof(whole), "%s %s %s", method, target, version);
	if (strcmp(whole, line))
		blame(p, "blanks in the request line", line);
	if (strcmp(method, "GET") && strcmp(method, "HEAD"))
		blame(p, "method", method);
	if (strcmp(version, "HTTP/1.1"))
		blame(p, "version", version);
	if (!check_target(target))
		blame(p, "target", target);
	query = strchr(target, '?');
	snprintf(p->r->method, sizeof(p->r->method), "%s", method);
	decode(p->r->path, sizeof(p->r->path), target + (*target == '/'),
		(query ? (size_t)(query - target) : strlen(target)) - (*target == '/'));
	if (query)
		snprintf(p->r->query, sizeof(p->r->query), "%.255s", query + 1);
}

/* ---- headers ---- */

static bool is_token(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("!#$%&'*+-.^_`|~", name[i]))
			return false;
	return len > 0;
}

/* RFC 9110 14.1.2, one range. */
static void header_range(struct parse *p, const char *value)
{
	char *end;

	p->r->range = true;
	if (p->ranges++ || strncmp(value, "bytes=", 6)) {
		blame(p, "Range", value);
		return;
	}
	value += 6;
	p->r->from = *value == '-' ? UINT64_MAX : strtoull(value, &end, 10);
	if (*value == '-')
		end = (char *)(uintptr_t)value;
	p->r->to = UINT64_MAX;
	if (*end != '-' || (end[1] && !isdigit((unsigned char)end[1]))) {
		blame(p, "Range", value);
		return;
	}
	if (end[1])
		p->r->to = strtoull(end + 1, &end, 10);
	else
		end++;
	if (*end || (p->r->from != UINT64_MAX && p->r->from > p->r->to))
		blame(p, "Range", value);
}

static void header_host(struct parse *p, const char *value)
{
	if (p->hosts++ || !*value || strpbrk(value, " /@?#"))
		blame(p, "Host", value);
	snprintf(p->r->host, sizeof(p->r->host), "%.127s", value);
}

/* RFC 9110 13.1.5: a date or a strong entity tag. */
static void header_if_range(struct parse *p, const char *value)
{
	size_t len = strlen(value);

	if (!strncmp(value, "W/", 2) || !len ||
		(*value == '"' && (len < 2 || value[len - 1] != '"')))
		blame(p, "If-Range", value);
	snprintf(p->r->if_range, sizeof(p->r->if_range), "%.63s", value);
}

static void header(struct parse *p, const char *line)
{
	const char *colon = strchr(line, ':'), *value = colon ? colon + 1 : line;
	size_t len = colon ? (size_t)(colon - line) : 0;
	char name[64];

	if (!is_token(line, len) || len >= sizeof(name)) {
		blame(p, "header", line);
		return;
	}
	snprintf(name, sizeof(name), "%.*s", (int)len, line);
	while (*value == ' ' || *value == '\t')
		value++;
	if (!strcasecmp(name, "Host"))
		header_host(p, value);
	else if (!strcasecmp(name, "Range"))
		header_range(p, value);
	else if (!strcasecmp(name, "If-Range"))
		header_if_range(p, value);
	else if (!strcasecmp(name, "Connection"))
		p->r->closes = !strcasecmp(value, "close");
	else if (!strcasecmp(name, "Authorization") && p->authorizations++)
		blame(p, "second", line);
	else if (!strcasecmp(name, "Authorization"))
		snprintf(p->r->authorization, sizeof(p->r->authorization), "%.511s", value);
	else if (!strcasecmp(name, "Content-Length") || !strcasecmp(name, "Transfer-Encoding"))
		blame(p, "a body is announced:", line);
}

/* ---- all of it ---- */

static void check_bytes(struct parse *p, const char *text)
{
	for (const char *c = text; *c; c++) {
		if (*c == '\r' && c[1] == '\n')
			c++;
		else if ((*c < 0x20 && *c != '\t') || *c == 0x7f || *c & 0x80) {
			blame(p, "control character or a line that does not end with CRLF", text);
			return;
		}
	}
}

void request_parse(struct sim_httpd *d, struct http_request *r, const char *text, bool judged,
	uint32_t client_ip)
{
	struct parse p = {.d = d, .r = r, .judged = judged, .ip = client_ip};
	char line[HTTPD_REQUEST_MAX + 1];
	unsigned n = 0;

	memset(r, 0, sizeof(*r));
	check_bytes(&p, text);
	while (*text && strncmp(text, "\r\n", 2)) {
		size_t len = strcspn(text, "\r\n");

		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		text += len;
		text += *text == '\r';
		text += *text == '\n';
		if (!n++)
			request_line(&p, line);
		else
			header(&p, line);
	}
	if (!p.hosts)
		blame(&p, "no Host", "");
	if (*r->if_range && !r->range)
		blame(&p, "If-Range without Range", "");
}
