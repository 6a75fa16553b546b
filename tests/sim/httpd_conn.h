/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the parts of the simulated HTTP server (httpd.h): requests, access, answers. */
#ifndef SIM_HTTPD_CONN_H
#define SIM_HTTPD_CONN_H

#include "httpd.h"

/* A part of what a connection sends: text, or bytes of a file, or 'f's. */
struct httpd_piece {
	uint64_t start, len; /* in the stream */
	char *text;	     /* owned; NULL: not text */
	const struct sim_file *file;
	uint64_t from;
	bool wrong;
};

struct httpd_conn {
	struct sim_httpd *d;
	struct tcpd_conn *tcp;
	uint32_t number;
	char request[HTTPD_REQUEST_MAX + 1];
	uint32_t request_len;
	unsigned served;
	struct httpd_piece *piece;
	uint32_t pieces, piece_cap;
	uint64_t made;	   /* bytes in pieces */
	uint64_t head_end; /* of the present answer, in the stream */
	uint64_t released; /* bytes given to TCP */
	uint64_t reset_at; /* stream position; UINT64_MAX: none */
	struct httpd_mood mood;
	bool judged;
	bool answering; /* nothing else is read */
	bool closes;	/* behind the present answer */
	struct sim_event timer;
};

/* http_request.c: one request, parsed and judged. */
struct http_request {
	char method[8], path[256], query[256], host[128];
	char if_range[64], authorization[512];
	bool range, closes, bad;
	uint64_t from, to; /* from UINT64_MAX: the last `to` bytes */
};

/* text: up to and with the empty line. judged: breaches are violations. */
void request_parse(struct sim_httpd *d, struct http_request *r, const char *text, bool judged,
	uint32_t client_ip);

/* http_auth.c */
bool auth_allows(const struct sim_httpd *d, const struct http_request *r);
/* The WWW-Authenticate line. */
void auth_challenge(const struct sim_httpd *d, char *line, size_t size);

/* http_answer.c: adds the pieces of an answer; c->mood says how. Returns the status. */
unsigned answer_make(struct httpd_conn *c, const struct http_request *r);
void piece_text(struct httpd_conn *c, const char *text, size_t len);
void piece_file(struct httpd_conn *c, const struct sim_file *f, uint64_t from, uint64_t len);

#endif
