/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * URLs, RFC 3986: parsing (section 3), relative references (5.2), dot segments (5.2.4),
 * percent-encoding (2.1).
 *
 * A word is a URL only when "://" follows its scheme: everything else is a path, so that file names
 * with a colon (a MAC address) work. Not done: IPv6 zone ids, internationalized names. Limit:
 * URL_MAX bytes.
 */
#include "core/err.h"
#include "core/str.h"
#include "net/url.h"

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Length of the scheme in front of "://"; 0 when there is none. */
static size_t scheme_len(const char *s)
{
	size_t n = 0;

	if (!is_alpha(s[0]))
		return 0;
	while (is_alpha(s[n]) || is_digit(s[n]) || s[n] == '+' || s[n] == '-' || s[n] == '.')
		n++;
	return str_starts(s + n, "://") ? n : 0;
}

/* Bytes of s up to the first of `stops` or its end. */
static size_t span_until(const char *s, const char *stops)
{
	size_t n = 0;

	while (s[n] && !strchr(stops, s[n]))
		n++;
	return n;
}

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool decode_n(const char *s, size_t n, char *dst, size_t cap)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++, at++) {
		char c = s[i];

		if (c == '%') {
			int high = i + 2 < n ? hex_value(s[i + 1]) : -1;
			int low = i + 2 < n ? hex_value(s[i + 2]) : -1;

			if (high < 0 || low < 0 || !(high | low))
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (at + 1 >= cap)
			return false;
		dst[at] = c;
	}
	dst[at] = 0;
	return true;
}

bool url_decode(const char *s, char *dst, unsigned cap)
{
	return cap && decode_n(s, strlen(s), dst, cap);
}

static bool parse_port(const char *s, size_t n, uint16_t *port)
{
	uint32_t v = 0;

	for (size_t i = 0; i < n; i++) {
		if (!is_digit(s[i]) || v > 65535)
			return false;
		v = v * 10 + (uint32_t)(s[i] - '0');
	}
	*port = (uint16_t)v;
	return !n || (v && v <= 65535); /* "host:" has the scheme's own port, 3.2.3 */
}

static bool parse_userinfo(const char *s, size_t n, struct url *u)
{
	size_t user = 0;

	while (user < n && s[user] != ':')
		user++;
	if (!decode_n(s, user, u->user, sizeof(u->user)))
		return false;
	return user == n || decode_n(s + user + 1, n - user - 1, u->password, sizeof(u->password));
}

/* [userinfo@]host[:port], section 3.2. */
static bool parse_authority(const char *s, size_t n, struct url *u)
{
	size_t at = n, host;

	while (at && s[at - 1] != '@')
		at--;
	if (at && !parse_userinfo(s, at - 1, u))
		return false;
	s += at;
	n -= at;
	if (n && *s == '[') {
		for (host = 1; host < n && s[host] != ']'; host++)
			;
		if (host == n || !str_copy_n(u->host, sizeof(u->host), s + 1, host - 1))
			return false;
		host++;
	} else {
		for (host = 0; host < n && s[host] != ':'; host++)
			;
		if (!str_copy_n(u->host, sizeof(u->host), s, host))
			return false;
	}
	if (host == n)
		return true;
	return s[host] == ':' && parse_port(s + host + 1, n - host - 1, &u->port);
}

int url_parse(const char *text, struct url *u)
{
	size_t n = scheme_len(text);
	bool bare;

	memset(u, 0, sizeof(*u));
	for (const char *c = text; *c; c++)
		if ((uint8_t)*c <= ' ' || (uint8_t)*c >= 0x7f)
			return -ERR_BAD_URL;
	if (!n || n >= sizeof(u->scheme))
		return -ERR_BAD_URL;
	for (size_t i = 0; i < n; i++)
		u->scheme[i] = (char)(text[i] | 0x20); /* lower case; digits, '+', '-', '.' stay */
	text += n + 3;
	n = span_until(text, "/?#");
	if (!parse_authority(text, n, u))
		return -ERR_BAD_URL;
	text += n;
	n = span_until(text, "#");
	bare = *text != '/'; /* no path, or a query alone: "/" is its path */
	u->path[0] = '/';
	return str_copy_n(u->path + bare, sizeof(u->path) - bare, text, n) ? 0 : -ERR_BAD_URL;
}

/* -- references -- */

struct builder {
	char *text; /* URL_MAX bytes */
	size_t n;
	bool full;
};

static void build_byte(struct builder *b, char c)
{
	if (b->n + 1 < URL_MAX)
		b->text[b->n++] = c;
	else
		b->full = true;
	b->text[b->n] = 0;
}

static void build_encoded(struct builder *b, uint8_t c)
{
	build_byte(b, '%');
	build_byte(b, "0123456789ABCDEF"[c >> 4]);
	build_byte(b, "0123456789ABCDEF"[c & 15]);
}

/* Bytes that are not ASCII are percent-encoded, so that a URL can be shown to anybody. */
static void build_char(struct builder *b, char c)
{
	if ((uint8_t)c < 0x80)
		build_byte(b, c);
	else
		build_encoded(b, (uint8_t)c);
}

static void build_n(struct builder *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n && s[i]; i++)
		build_char(b, s[i]);
}

static void build(struct builder *b, const char *s)
{
	build_n(b, s, SIZE_MAX);
}

/* A file name as a path: what would mean something else in a URL, or to a terminal, is
 * percent-encoded. */
static void build_name(struct builder *b, const char *s)
{
	for (; *s; s++) {
		uint8_t c = (uint8_t)*s;

		if (c <= ' ' || c >= 0x7f || strchr("%?#", c))
			build_encoded(b, c);
		else
			build_byte(b, (char)c);
	}
}

/* Takes "." and ".." out of a path that begins with '/', in place, section 5.2.4. Empty segments
 * stay. */
static void remove_dots(char *path)
{
	char *in = path, *out = path;

	while (*in == '/') {
		size_t n = span_until(in + 1, "/?");
		bool dot = n == 1 && in[1] == '.';
		bool dots = n == 2 && in[1] == '.' && in[2] == '.';
		bool last = in[n + 1] != '/';

		if (dots)
			while (out > path && *--out != '/')
				;
		if (!dot && !dots) {
			memmove(out, in, n + 1);
			out += n + 1;
		} else if (last) {
			*out++ = '/';
		}
		in += n + 1;
	}
	memmove(out, in, strlen(in) + 1);
}

/* The reference has a base: section 5.2.2 without the case of a scheme. */
static void build_relative(struct builder *b, const char *base, const char *ref)
{
	size_t scheme = scheme_len(base);
	size_t root = scheme + 3 + span_until(base + scheme + 3, "/?#");
	size_t path = root + span_until(base + root, "?#");
	size_t dir = path, start;

	if (str_starts(ref, "//")) {
		build_n(b, base, scheme + 1);
		build(b, ref);
		return;
	}
	while (dir > root && base[dir - 1] != '/')
		dir--;
	build_n(b, base, root); /* may become longer: what is not ASCII is encoded */
	start = b->n;
	if (*ref != '/')
		build_n(b, base + root, (*ref == '?' ? path : dir) - root);
	if (b->n == start && *ref != '/')
		build_char(b, '/');
	build(b, ref);
	remove_dots(b->text + start);
}

int url_resolve(const char *base, const char *next, const char *ref, char text[URL_MAX])
{
	struct builder b = {.text = text};

	text[0] = 0;
	if (!*ref)
		return -ERR_BAD_URL;
	if (scheme_len(ref)) {
		build(&b, ref);
	} else if (scheme_len(base)) {
		build_relative(&b, base, ref);
	} else if (*next) {
		build(&b, "tftp://");
		build(&b, next);
		build(&b, "/");
		build_name(&b, ref);
	} else {
		return -ERR_BAD_URL;
	}
	return b.full ? -ERR_BAD_URL : 0;
}
