/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HTTP connections: one request and its response at a time over a stream, kept between fetches for
 * the next one to the same server. Here are requests as bytes and responses as bytes; what is asked
 * for and what an answer means is decided in http.c.
 */
#ifndef NET_HTTP_CONN_H
#define NET_HTTP_CONN_H

#include <stdbool.h>
#include <stdint.h>
#include "config/limits.h"
#include "net/addr.h"
#include "net/fetch.h"
#include "net/http_chunk.h"
#include "net/http_head.h"
#include "net/stream.h"

struct net;
struct netdev;
struct http_conn;

/* A row of the schemes: HTTP over a kind of stream. */
struct http_scheme {
	struct filler_ops ops; /* first: f->ops is a pointer to it */
	uint16_t port;	       /* where a URL names none */
	int (*dial)(struct net *net, struct netdev *dev, const struct ip_addr *dst, uint16_t port,
		const struct stream_user *user, void *ctx, struct stream **out);
};

enum http_phase {
	HTTP_HEAD,
	HTTP_BODY,   /* stream positions [body, body_end) are a piece of the file */
	HTTP_CHUNKS, /* between two chunks */
	HTTP_DONE,   /* the response is complete, or none was asked for */
};

/* What is small stands in front: the code is smaller. */
struct http_conn {
	struct net *net;
	struct stream *s;  /* NULL: slot not in use */
	struct fetch *f;   /* whose request is under way, NULL: kept for the next one, or closing */
	uint64_t alive_us; /* when it was asked, or something came */
	bool opened;	   /* the stream was, ever */
	bool reused;	   /* it was kept, and may have been closed meanwhile */
	bool touched;	   /* something of the response has come */
	bool streamed;	   /* it is for streamed files: no large window was ever offered */

	/* the response */
	bool ranged; /* a range was asked for */
	bool skip;   /* its body is not the file's */
	enum http_phase phase;
	enum http_chunk chunk;
	int rc;			 /* what is wrong with it; the rest is not looked at */
	const char *why;	 /* and more of that, or NULL */
	uint64_t body, body_end; /* body_end HTTP_UNKNOWN: when the peer closes */
	uint64_t obj; /* where in the file the byte at `body`, or the next piece, belongs */
	uint64_t end; /* where in the file the response ends at the latest */
	uint64_t to;  /* where in the file our interest ends, not behind `end` */

	/* the request, at [tx, tx + request_n) of what we send */
	uint64_t tx;
	uint16_t request_n;

	/* to whom: these make a kept connection fit */
	uint16_t port;
	const struct http_scheme *scheme;
	struct netdev *dev;
	struct ip_addr server;

	struct http_head head;
	char host[sizeof(((struct url *)0)->host)];
	char request[HTTP_REQUEST_MAX];
};

/* A connection for f's server, kept or new. NULL: there is none left, or *rc says why not. */
struct http_conn *http_conn_get(struct fetch *f, int *rc);
/* Sends c->request[0, request_n). */
void http_conn_ask(struct http_conn *c);
/* Where in the file the next byte in order belongs. */
uint64_t http_conn_at(const struct http_conn *c);
/* The response is over: keeps the connection when the server agreed, else closes it. */
void http_conn_keep(struct http_conn *c);
/* At once, in whatever state. */
void http_conn_drop(struct http_conn *c);

/* -- what decides, http.c; c->f is set -- */

/*
 * The head of the response is in c->head. Says where its body belongs: c->obj, c->end and c->to, or
 * c->skip. A negative error ends it: http_broken() follows.
 */
int http_answer(struct http_conn *c);
/* n bytes of the file, from off on: false when they could not be placed now, or c->rc was set. */
bool http_put(struct http_conn *c, uint64_t off, const void *p, size_t n);
/* More has arrived in order. */
void http_progress(struct http_conn *c);
/* The response is complete. */
void http_over(struct http_conn *c);
/* It will not be: c->rc for what was wrong with it, else rc of the stream, 0 for its end. */
void http_broken(struct http_conn *c, int rc);

#endif
