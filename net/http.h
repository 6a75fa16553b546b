/* SPDX-License-Identifier: BSD-2-Clause */
/* HTTP as a filler, see http.c. http_scheme.ops is its row for the tables. */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include "core/timer.h"
#include "net/http_conn.h"

/* What a filler keeps in f->priv. */
struct http {
	uint64_t alive_us; /* something new came */
	uint64_t retry_us; /* nothing is asked for before */
	uint8_t breaks;	   /* since something new came */
	uint8_t anew, waits, logins;
	uint8_t want; /* connections that may be in use */
	bool ranges;  /* the server knows what they are */
	struct timer timer;
	char validator[HTTP_TAG_MAX]; /* as in If-Range; "": none */
	struct http_auth auth;	      /* the challenge that is met in every request */
};

static inline struct http *http_of(struct fetch *f)
{
	return (struct http *)f->priv;
}

extern const struct http_scheme http_scheme; /* over TCP, http_tcp.c */

/* The functions of a row. */
int http_start(struct fetch *f);
void http_cancel(struct fetch *f);
void http_more(struct fetch *f);

/*
 * Writes the request for [c->obj, c->to) of f's file, of all of it unless c->ranged: false when the
 * URL's path is malformed or too long for HTTP_REQUEST_MAX, http_request.c.
 */
bool http_request_make(struct fetch *f, struct http_conn *c);
/* Whether there is a user and a password for f, from its URL or the settings. */
bool http_request_login(struct fetch *f);

#endif
