/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A plain DHCP and TFTP client on a simulated host, which is judged like a real one. It exists to
 * test the servers: it keeps the rules, one step at a time as the test says, and can be told to
 * break one.
 */
#ifndef SIM_CLIENT_H
#define SIM_CLIENT_H

#include "bootp.h"
#include "host.h"
#include "tftpd.h"

struct client_get {		     /* one TFTP transfer */
	const struct sim_file *file; /* what must arrive */
	struct host_sock *sock;
	struct sim_event timer;
	uint32_t server;
	uint16_t server_port; /* 0: not known yet */
	char options[128];    /* as sent, NULs included */
	uint32_t options_len;
	uint32_t blksize, windowsize; /* agreed */
	uint64_t tsize;		      /* of the OACK */
	uint64_t block;		      /* the last one in order */
	uint64_t bytes;
	uint32_t gaps, errors, wrong_bytes, tries;
	uint16_t error_code;
	char error_text[64];
	bool acked_gap;
	bool running, done;
	/* rules to break */
	bool acks_everything; /* also duplicates: the sorcerer's apprentice */
	bool acks_ahead;
	bool keeps_last_ack; /* to itself */
	bool roll_to_1;
};

struct sim_client {
	struct sim_world *w;
	struct sim_host *h;
	struct host_sock *sock; /* port 68 */
	uint32_t xid;
	struct bootp_in in;  /* the last answer, */
	uint8_t bytes[2048]; /* and its bytes */
	uint32_t answers;
	uint16_t answer_port;	  /* the server's */
	uint32_t offered, server; /* of the last OFFER or ACK */
	struct client_get get;
};

struct sim_client *client_new(struct sim_world *w, const char *name, unsigned number);

/* A faultless message of the given type, for the test to spoil. */
void client_message(struct sim_client *c, struct bootp_out *msg, unsigned type);
void client_send(struct sim_client *c, const struct bootp_out *msg);
void client_send_bytes(struct sim_client *c, const void *bytes, uint32_t len);

/* DISCOVER, OFFER, REQUEST, ACK, half a second for each; configures the address. True when bound.
 */
bool client_bind(struct sim_client *c);

/* Starts fetching f->name; options as name, value, name, value, NULL. */
void client_get(struct sim_client *c, uint32_t server, const struct sim_file *f,
	const char *const *options);

#endif
