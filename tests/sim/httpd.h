/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An HTTP/1.1 server on the simulated TCP (RFC 9110, 9112): GET and HEAD of the TFTP server's
 * files, persistent connections, Content-Length, chunked or until the connection ends, one range
 * with If-Range, ETag and Last-Modified, Basic (RFC 7617) and Digest with MD5 (RFC 7616) access.
 *
 * It judges its clients (violations in the world's list): form of the request line and of every
 * header, one Host, ranges and validators that mean something. And it has moods: struct
 * httpd_mood says for which requests it is broken or evil, and how.
 *
 * No PUT or POST, no several ranges in one answer, no trailers, no compression.
 */
#ifndef SIM_HTTPD_H
#define SIM_HTTPD_H

#include "tcpd.h"
#include "tftpd.h"

#define HTTPD_MOODS_MAX	  8u
#define HTTPD_REQUEST_MAX 16384u

enum httpd_end { END_NONE, END_STOP, END_RESET, END_CLOSE };

/* The server's mood for some requests. What is zero is what an honest server does. */
struct httpd_mood {
	const char *path; /* name of the file; NULL: any */
	unsigned skip;	  /* so many such requests are served well before it */
	unsigned times;	  /* and then so many are not; 0: all */
	uint64_t think_us;

	/* the head */
	unsigned status;      /* 0: the right one; the body is the file's all the same */
	const char *location; /* redirects; status 0: 302 */
	const char *retry;    /* Retry-After */
	const char *length;   /* header lines in the place of Content-Length, each with CRLF */
	const char *more;     /* further header lines */
	const char *head;     /* all of the head, as it is */
	unsigned continues;   /* so many "100 Continue" come first */
	uint64_t drip_us;     /* the head comes a byte at a time, so far apart */
	bool lf_only;	      /* lines end with LF */
	bool cut_crlf;	      /* a segment ends behind every CR */

	/* the body */
	bool no_length;		/* it lasts until the connection ends */
	uint64_t chunk;		/* it comes in chunks of that size */
	const char *chunk_size; /* what the second chunk's size line says, without CRLF */
	bool no_ranges;		/* serves all of it whatever was asked */
	bool plain;		/* no ranges, and no validators */
	bool has_body;		/* body bytes are sent, whatever was said; */
	uint64_t body;		/* what is beyond the file's end is 'f' */
	const char *behind;	/* comes behind the response */
	uint32_t behind_len;	/* 0: its strlen */
	bool wrong_bytes;	/* differ from the file's: shows that the check of contents works */

	/* the connection */
	enum httpd_end end; /* falls silent, resets or closes ... */
	uint64_t end_at;    /* ... at this byte of the body */
	bool close;	    /* closes behind the response, and says so */
	bool close_silent;  /* closes and does not say so */
	bool http10;	    /* says HTTP/1.0 */

	unsigned asked; /* counts itself */
};

struct httpd_conf {
	struct httpd_mood mood[HTTPD_MOODS_MAX];
	unsigned moods;
	const char *user, *password; /* NULL: everybody may */
	bool digest;		     /* Digest, not Basic */
	bool never;		     /* whatever they say */
	bool no_etag, no_date, weak; /* validators: none, no Last-Modified, W/ */
	uint64_t idle_us;	     /* an idle connection is closed after that; 0: never */
	unsigned requests_max;	     /* of a connection; 0: any number */
};

struct httpd_stats {
	uint64_t requests, heads, ranges, answers[6]; /* by the first digit of the status */
	uint64_t bad, conns, killed;
};

struct httpd_seen { /* one request heard */
	uint64_t at_us;
	uint32_t ip, conn; /* conn: number of its connection, from 1 */
	uint16_t port;
	unsigned status;
	bool range;
	uint64_t from, to; /* to UINT64_MAX: open */
	char method[8], path[256], query[256], host[128], if_range[64], authorization[512];
};

struct sim_httpd {
	struct sim_world *w;
	struct sim_host *h;
	struct sim_tcpd *tcp;
	struct sim_tftpd *files;
	struct httpd_conf conf;
	uint16_t port;
	unsigned version; /* of all files, in ETag and Last-Modified */
	uint32_t conns;
	struct httpd_seen *seen;
	uint32_t seens, seen_cap;
	struct httpd_stats stats;
	uint64_t first_data_us; /* when the first body byte ever left; WORLD_NEVER: not yet */
};

/* Serves the files of another server. */
struct sim_httpd *httpd_new(struct sim_tcpd *tcp, uint16_t port, struct sim_tftpd *files);
/* A further mood; all of it is borrowed. Returns the one in the table. */
struct httpd_mood *httpd_mood(struct sim_httpd *d, const struct httpd_mood *m);
/* How many requests there were for that file. */
unsigned httpd_asked(const struct sim_httpd *d, const char *path);

#endif
