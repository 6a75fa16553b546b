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
 * HTTP dates are compared as text, never read: there may be no clock.
 */
#include "net/http_head.h"
#include "core/str.h"

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

/* Digits only, at most HTTP_SIZE_MAX; *s moves behind them. */
static bool number(const char **s, uint64_t *value)
{
	const char *p = *s;
	uint64_t v = 0;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (v > HTTP_SIZE_MAX / 10 - 1)
			return false;
		v = v * 10 + (unsigned)(*p - '0');
	}
	*value = v;
	if (p == *s)
		return false;
	*s = p;
	return true;
}

/* The next element of a comma-separated list, lower case; false when there is none. */
static bool element(const char **s, char word[16])
{
	unsigned n = 0;

	while (**s == ' ' || **s == '\t' || **s == ',')
		++*s;
	if (!**s)
		return false;
	for (; **s && **s != ',' && **s != ' ' && **s != '\t'; ++*s)
		if (n < 15)
			word[n++] = **s;
	word[n] = 0;
	return true;
}

/* -- the fields: each says whether the value can be -- */

static bool field_length(struct http_head *h, const char *v)
{
	uint64_t n;

	if (!number(&v, &n) || *v || (h->length != HTTP_UNKNOWN && h->length != n))
		return false;
	h->length = n;
	return true;
}

static bool field_transfer(struct http_head *h, const char *v)
{
	bool again = h->chunked;

	h->chunked = true;
	return !again && str_ieq(v, "chunked");
}

static bool field_encoding(struct http_head *h, const char *v)
{
	h->encoded = !str_ieq(v, "identity");
	return true;
}

static bool field_connection(struct http_head *h, const char *v)
{
	char word[16];

	while (element(&v, word)) {
		if (str_ieq(word, "close"))
			h->persists = false;
		else if (str_ieq(word, "keep-alive"))
			h->persists = true;
	}
	return true;
}

/* "bytes 0-99/200", 206; "bytes *" "/200", 416, says nothing that is needed. RFC 9110 14.4. */
static bool field_range(struct http_head *h, const char *v)
{
	uint64_t last;

	if (h->status != 206)
		return true;
	if (h->ranged || !str_starts(v, "bytes "))
		return false;
	v += 6;
	if (!number(&v, &h->from) || *v++ != '-' || !number(&v, &last) || *v++ != '/')
		return false;
	h->ranged = true;
	h->to = last + 1;
	if (v[0] == '*' && !v[1])
		return last >= h->from;
	return number(&v, &h->total) && !*v && last >= h->from && last < h->total;
}

static bool field_ranges(struct http_head *h, const char *v)
{
	h->takes_ranges = str_ieq(v, "bytes");
	return true;
}

static bool field_retry(struct http_head *h, const char *v)
{
	uint64_t s = 0;

	h->retry = true;
	h->retry_s = number(&v, &s) && !*v ? (s < UINT32_MAX ? (uint32_t)s : UINT32_MAX) : 0;
	return true;
}

/* Of these, what is too long is as if it had not been said. */
static bool keep(char *dst, size_t cap, const char *v)
{
	if (!str_copy(dst, cap, v))
		dst[0] = 0;
	return true;
}

static bool field_etag(struct http_head *h, const char *v)
{
	return keep(h->etag, sizeof(h->etag), v);
}

static bool field_modified(struct http_head *h, const char *v)
{
	return keep(h->modified, sizeof(h->modified), v);
}

static bool field_date(struct http_head *h, const char *v)
{
	return keep(h->date, sizeof(h->date), v);
}

static bool field_location(struct http_head *h, const char *v)
{
	return str_copy(h->location, sizeof(h->location), v);
}

static bool field_challenge(struct http_head *h, const char *v)
{
	http_auth_challenge(&h->auth, v);
	return true;
}

static bool field_info(struct http_head *h, const char *v)
{
	http_auth_info(h->nonce, v);
	return true;
}

static const struct {
	const char *name;
	bool (*take)(struct http_head *h, const char *value);
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
	{"Authentication-Info", field_info},
};

/* -- lines -- */

/* "HTTP/1.1 200 OK"; the reason may be missing, also with its blank. */
static bool status_line(struct http_head *h)
{
	const char *s = h->line.text;
	unsigned status = 0;

	if (!str_starts(s, "HTTP/1.") || s[7] < '0' || s[7] > '9' || s[8] != ' ')
		return false;
	h->persists = s[7] != '0';
	s += 9;
	for (unsigned i = 0; i < 3; i++, s++) {
		if (*s < '0' || *s > '9')
			return false;
		status = status * 10 + (unsigned)(*s - '0');
	}
	h->status = (uint16_t)status;
	if (*s == ' ')
		s++;
	else if (*s)
		return false;
	str_clean(h->reason, sizeof(h->reason), s, strlen(s));
	return status >= 100 && status <= 599 && status != 101; /* we never ask to switch */
}

/* RFC 9110 5.6.2 */
static bool is_token(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if ((uint8_t)*s <= ' ' || (uint8_t)*s >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", *s))
			return false;
	return true;
}

static bool field_line(struct http_head *h)
{
	char *name = h->line.text, *v = strchr(name, ':'), *end = name + h->line.n;

	if (!v)
		return false;
	*v++ = 0;
	if (!is_token(name))
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
	memset(&h->status, 0, sizeof(*h) - offsetof(struct http_head, status));
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
	if (h->etag[0] == '"')
		return h->etag;
	return h->modified[0] && !h->etag[0] && strcmp(h->modified, h->date) ? h->modified : NULL;
}
