/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The head of an HTTP response (RFC 9112, RFC 9110), read byte by byte as it comes: what its length
 * will be, which bytes of the file follow, and what the server wants instead. Strict: what could be
 * read in two ways is refused.
 */
#ifndef NET_HTTP_HEAD_H
#define NET_HTTP_HEAD_H

#include <stdbool.h>
#include <stdint.h>
#include "config/limits.h"
#include "core/bytes.h"
#include "net/http_auth.h"

#define HTTP_TAG_MAX  96	 /* bytes of a validator with its NUL; longer ones do not count */
#define HTTP_SIZE_MAX INT64_MAX	 /* of a body or a file */
#define HTTP_UNKNOWN  UINT64_MAX /* a length that nobody said */

/* One line under way. */
struct http_line {
	uint16_t n;		  /* bytes of text */
	uint16_t total;		  /* bytes read since the user cleared it */
	bool cr;		  /* a CR was the last; complete: the one in front of the LF */
	bool cut;		  /* the line was longer than text */
	bool ended;		  /* text is complete, and the next byte begins another */
	char text[HTTP_LINE_MAX]; /* complete: terminated, without line end */
};

/*
 * Takes bytes of b up to the end of a line: 1 and it is in l->text, 0: more is needed, -1: a byte
 * that cannot be, or more than HTTP_HEAD_MAX since total was 0.
 */
int http_line_read(struct http_line *l, struct bytes *b);

/* What is small stands in front: the code is smaller. */
struct http_head {
	uint16_t status; /* 0 until its line has come */
	bool persists;	 /* further requests are welcome on this connection */
	bool chunked;
	bool encoded;	   /* by a Content-Encoding */
	bool ranged;	   /* there was a Content-Range */
	bool takes_ranges; /* Accept-Ranges: bytes */
	uint32_t retry_s;  /* Retry-After, 0: none */
	uint64_t length;   /* Content-Length or HTTP_UNKNOWN */
	uint64_t from, to; /* Content-Range: bytes [from, to) ... */
	uint64_t total;	   /* of a file so long, or HTTP_UNKNOWN */
	char modified[32], date[32];
	char reason[40]; /* fit for a terminal */
	char etag[HTTP_TAG_MAX];
	char location[URL_MAX]; /* "": there was none */
	struct http_auth auth;	/* WWW-Authenticate, nextnonce */
	struct http_line line;
};

/* Before each response. */
void http_head_init(struct http_head *h);
/*
 * Takes bytes of b up to the empty line that ends the head of the final response; interim ones
 * (1xx) are read over. 1: complete; 0: more is needed; -1: refused.
 */
int http_head_read(struct http_head *h, struct bytes *b);
/*
 * What a resumed transfer is tied to, for If-Range (RFC 9110 13.1.5): a strong entity tag, or a
 * modification date that is older than the response; "" when the server said neither.
 */
const char *http_head_validator(const struct http_head *h);

#endif
