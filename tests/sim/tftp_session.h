/* SPDX-License-Identifier: BSD-2-Clause */
/* What tftpd.c (sessions) and tftp_request.c (requests and options) know of each other. */
#ifndef SIM_TFTP_SESSION_H
#define SIM_TFTP_SESSION_H

#include "tftpd.h"

#define OACK_MAX 512u

/* One transfer, from its request to the last ACK. Belongs to its server; ends with session_free().
 */
struct tftpd_session {
	struct tftpd_session *next;
	struct sim_tftpd *t;
	const struct sim_file *file;
	struct host_sock *sock;
	struct sim_event timer;
	uint32_t ip; /* the client */
	uint16_t port;
	uint32_t request; /* in t->seen */
	uint32_t blksize, windowsize;
	uint64_t timeout_us, start_us;
	uint64_t last;	      /* number of the last block, the short one */
	uint64_t acked, sent; /* highest blocks */
	uint64_t packets,
		acks; /* sent to and had from the client, without copies that links made */
	uint32_t tries;
	uint8_t oack[OACK_MAX]; /* waits for its ACK */
	uint32_t oack_len;	/* 0: no longer */
	bool begun;		/* the think time is over */
	bool stopped;		/* fell silent for good */
	bool ended;		/* to be freed */
	uint8_t options[512];	/* the request's name and value pairs */
	uint32_t options_len;
};

struct tftpd_session *session_new(
	struct sim_tftpd *t, const struct host_in *in, const struct sim_file *file);
void session_free(struct tftpd_session *s);
void session_send(struct tftpd_session *s, const void *packet, uint32_t len);
void session_error(struct tftpd_session *s, unsigned code, const char *text, uint32_t len);
void session_again(struct tftpd_session *s); /* (re)sends the OACK or the window */
void session_rx(void *ctx, const struct host_in *in);
void session_begin(struct tftpd_session *s); /* tftp_request.c: the first answer */

#endif
