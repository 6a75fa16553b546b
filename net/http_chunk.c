/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chunked coding, RFC 9112 section 7.1: sizes of up to 16 hexadecimal digits, at most
 * HTTP_SIZE_MAX. Extensions and trailers are read over; both are bounded by HTTP_HEAD_MAX, a
 * chunk's extension on its own. Trailer lines are not looked at. All lines end with CRLF here: with
 * a LF alone, a size that is one too large would take the CR for data and still find its end.
 */
#include "net/http_chunk.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The size in front of an extension. */
static bool size_parse(const char *s, uint64_t *size)
{
	unsigned digits = 0;
	uint64_t v = 0;

	for (; hex_digit(*s) >= 0; s++, digits++)
		v = v << 4 | (unsigned)hex_digit(*s);
	while (*s == ' ' || *s == '\t')
		s++;
	*size = v;
	return digits && digits <= 16 && v <= HTTP_SIZE_MAX && (!*s || *s == ';');
}

int http_chunk_read(enum http_chunk *state, struct http_line *l, struct bytes *b, uint64_t *size)
{
	int got;

	while ((got = http_line_read(l, b)) > 0) {
		if (!l->cr)
			return -1;
		if (*state == HTTP_CHUNK_TRAILER) {
			if (!l->n)
				return 2;
		} else if (*state == HTTP_CHUNK_END) {
			if (l->n)
				return -1;
			*state = HTTP_CHUNK_SIZE;
		} else {
			if (!size_parse(l->text, size))
				return -1;
			l->total = 0;
			*state = *size ? HTTP_CHUNK_END : HTTP_CHUNK_TRAILER;
			if (*size)
				return 1;
		}
	}
	return got;
}
