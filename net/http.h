/* SPDX-License-Identifier: BSD-2-Clause */
/* HTTP as a filler, see http.c. http_scheme.ops is its row for the tables. */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include "net/http_conn.h"

extern const struct http_user http_user;     /* HTTP over any stream */
extern const struct http_scheme http_scheme; /* over TCP, http_tcp.c */

/* The functions of a row. */
int http_start(struct fetch *f);
void http_cancel(struct fetch *f);

#endif
