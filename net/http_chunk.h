/* SPDX-License-Identifier: BSD-2-Clause */
/* What stands between the pieces of a chunked body, RFC 9112 section 7.1. */
#ifndef NET_HTTP_CHUNK_H
#define NET_HTTP_CHUNK_H

#include "net/http_head.h"

enum http_chunk { HTTP_CHUNK_SIZE, HTTP_CHUNK_END, HTTP_CHUNK_TRAILER };

/*
 * Takes bytes of b. 1: a chunk of *size bytes begins with the next byte; when they are over, call
 * again. 2: the body is over. 0: more is needed. -1: refused. *state is HTTP_CHUNK_SIZE at first,
 * l->total 0.
 */
int http_chunk_read(enum http_chunk *state, struct http_line *l, struct bytes *b, uint64_t *size);

#endif
