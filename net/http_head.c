/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HTTP response heads: RFC 9112 section 2.2 (lines), 4 (status line), 5 (fields), 6.3 (length), 9.3
 * (persistence); RFC 9110 for what the fields mean.
 *
 * Refused: NUL and other control bytes, a CR without LF, folded fields (RFC 9112 5.2), blanks
 * before the colon, any doubt about the length: Content-Length that is not digits, is said twice
 * and not the same, or stands beside Transfer-Encoding; transfer codings other than chunked;
 * multipart ranges. A line may end with LF alone (2.2). Of a line longer than HTTP_LINE_MAX only
 * the name counts, and a field that is needed and so long is refused. HTTP_HEAD_MAX bounds all
 * heads in front of a body together, interim responses included, so that 1xx cannot go on for ever.
 *
 * HTTP dates are compared as text, never read. HTTP/1.0 connections are not kept.
 */
#include "net/http_head.h"
#include "core/str.h"

#define RETRY_DATE_S 5 /* for a Retry-After that is a date: we may have no clock */

int http_line_read(struct http_line *l, struct bytes *b)
{
	if (l->ended) {
		l->n = 0;
		l->cr = l->cut = l->ended = false;
	}
	while (b->n) {
		uint8_t c = bytes_u8(b);

		if (++l->total > HTTP_HEAD_MAX || (l->cr && c != '\n'))
			return -1;
		if (c == '\n') {
			l->text[l->n] = 0;
			l->ended = true;
			return 1;
		}
		l->cr = c == '\r';
		if (l->cr)
			continue;
		if ((c < ' ' && c != '\t') || c == 0x7f)
			return -1;
		if (l->n < HTTP_LINE_MAX - 1)
			l->text[l->n++] = (char)c;
		else
			l->cut = true;
	}
	return 0;
}

/* Decimal digits only, at most HTTP_SIZE_MAX. */
static bool number(const char *s, uint64_t *value)
{
	return str_digits(s, value) && *value <= HTTP_SIZE_MAX;
}

/* -- the fields: each says whether the value can be -- */

static bool field_length(struct http_head *h, char *v)
{
	uint64_t n;

	if (!number(v, &n) || (h->length != HTTP_UNKNOWN && h->length != n))
		return false;
	h->length = n;
	return true;
}

static bool field_transfer(struct http_head *h, char *v)
{
	bool again = h->chunked;

	h->chunked = true;
	return !again && str_ieq(v, "chunked");
}

static bool field_encoding(struct http_head *h, char *v)
{
	h->encoded = !str_ieq(v, "identity");
	return true;
}

/* In a list of several it is overlooked: then the end of the connection says the same. */
static bool field_connection(struct http_head *h, char *v)
{
	h->persists &= !str_ieq(v, "close");
	return true;
}

/* "bytes 0-99/200", 206; what others have there says nothing that is needed. RFC 9110 14.4. */
static bool field_range(struct http_head *h, char *v)
{
	char *dash = strchr(v, '-'), *slash = strchr(v, '/');
	uint64_t last;

	if (h->status != 206)
		return true;
	if (h->ranged || !dash || !slash || !str_starts(v, "bytes "))
		return false;
	h->ranged = true;
	*dash = *slash = 0;
	if (!number(v + 6, &h->from) || !number(dash + 1, &last))
		return false;
	h->to = last + 1;
	return last >= h->from &&
	       (!strcmp(slash + 1, "*") || (number(slash + 1, &h->total) && last < h->total));
}

static bool field_ranges(struct http_head *h, char *v)
{
	h->takes_ranges = str_ieq(v, "bytes");
	return true;
}

static bool field_retry(struct http_head *h, char *v)
{
	uint64_t s;

	h->retry_s = !number(v, &s) ? RETRY_DATE_S : s > UINT16_MAX ? UINT16_MAX : (uint32_t)s | !s;
	return true;
}

/* Of these, what is too long is as if it had not been said. */
static bool keep(char *dst, size_t cap, const char *v)
{
	if (!str_copy(dst, cap, v))
		dst[0] = 0;
	return true;
}

static bool field_etag(struct http_head *h, char *v)
{
	return keep(h->etag, sizeof(h->etag), v);
}

static bool field_modified(struct http_head *h, char *v)
{
	return keep(h->modified, sizeof(h->modified), v);
}

static bool field_date(struct http_head *h, char *v)
{
	return keep(h->date, sizeof(h->date), v);
}

static bool field_location(struct http_head *h, char *v)
{
	return str_copy(h->location, sizeof(h->location), v);
}

static bool field_challenge(struct http_head *h, char *v)
{
	http_auth_challenge(&h->auth, v);
	return true;
}

static const struct {
	const char *name;
	bool (*take)(struct http_head *h, char *value);
} fields[] = {
	{"Content-Length", field_length},
	{"Transfer-Encoding", field_transfer},
	{"Content-Encoding", field_encoding},
	{"Connection", field_connection},
	{"Content-Range", field_range},
	{"Accept-Ranges", field_ranges},
	{"Retry-After", field_retry},
	{"ETag", field_etag},
	{"Last-Modified", field_modified},
	{"Date", field_date},
	{"Location", field_location},
	{"WWW-Authenticate", field_challenge},
	{"Authentication-Info", field_challenge},
};

/* -- lines -- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "HTTP/1.1 200 OK"; the reason may be missing, also with its blank. */
static bool status_line(struct http_head *h)
{
	const char *s = h->line.text;
	unsigned status = 0;

	if (!str_starts(s, "HTTP/1.") || !is_digit(s[7]) || s[8] != ' ')
		return false;
	h->persists = s[7] != '0';
	for (s += 9; is_digit(*s) && status < 100; s++)
		status = status * 10 + (unsigned)(*s - '0');
	h->status = (uint16_t)status;
	str_clean(h->reason, sizeof(h->reason), s + 1, *s ? strlen(s + 1) : 0);
	/* We never ask to switch to another protocol: 101. */
	return status >= 100 && status <= 599 && status != 101 && s == h->line.text + 12 &&
	       (*s == ' ' || !*s);
}

static bool field_line(struct http_head *h)
{
	char *name = h->line.text, *v = strchr(name, ':'), *end = name + h->line.n;

	if (!v || v == name)
		return false;
	*v++ = 0;
	for (const char *s = name; *s; s++)
		if ((uint8_t)*s <= ' ' || (uint8_t)*s >= 0x7f)
			return false;
	while (*v == ' ' || *v == '\t')
		v++;
	while (end > v && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = 0;
	for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (str_ieq(name, fields[i].name))
			return !h->line.cut && fields[i].take(h, v);
	return true;
}

/* What the fields are before they have come. */
static void head_clear(struct http_head *h)
{
	memset(h, 0, offsetof(struct http_head, line));
	h->length = h->total = HTTP_UNKNOWN;
}

void http_head_init(struct http_head *h)
{
	h->line.total = 0;
	h->line.ended = true;
	head_clear(h);
}

int http_head_read(struct http_head *h, struct bytes *b)
{
	int got;

	while ((got = http_line_read(&h->line, b)) > 0) {
		if (!h->status) {
			if (!status_line(h))
				return -1;
		} else if (h->line.n) {
			if (!field_line(h))
				return -1;
		} else if (h->status < 200) {
			head_clear(h);
		} else {
			/* RFC 9112 6.1, 6.3: both are an attempt to smuggle, or a fault. */
			return h->chunked && h->length != HTTP_UNKNOWN ? -1 : 1;
		}
	}
	return got;
}

const char *http_head_validator(const struct http_head *h)
{
	if (h->etag[0])
		return h->etag[0] == '"' ? h->etag : "";
	return strcmp(h->modified, h->date) ? h->modified : "";
}
