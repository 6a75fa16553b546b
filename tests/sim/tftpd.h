/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TFTP server on a simulated host: RFC 1350 (RRQ, octet), 2347 (options), 2348 (blksize), 2349
 * (timeout, tsize), 7440 (windowsize). Each transfer has a port of its own. Files come from memory
 * or from a generator, so that a file of many GiB needs none.
 *
 * It judges its clients (violations in the world's list): form of requests, block numbers of ACKs,
 * no more ACKs than there was reason for, no transfer identifier used twice. And it misbehaves on
 * request: struct tftpd_tricks.
 *
 * No WRQ, no netascii, no multicast (RFC 2090).
 */
#ifndef SIM_TFTPD_H
#define SIM_TFTPD_H

#include "host.h"

#define TFTPD_FILES_MAX	  16u
#define TFTPD_BLKSIZE_MAX 65464u
#define TFTPD_ACK_EVERY_US                                                                         \
	250000u /* an ACK without a cause is fair when nothing came for so long */

/* Byte `off` of a generated file is a function of seed and off alone. head overlays the first
 * head_len bytes. */
struct sim_file {
	const char *name;
	uint64_t size;
	uint64_t seed;
	const void *head;
	uint32_t head_len;
};

void file_read(
	const struct sim_file *f, uint64_t off, void *to, size_t len); /* off + len <= size */

enum tftpd_option { TFTP_BLKSIZE, TFTP_TSIZE, TFTP_TIMEOUT, TFTP_WINDOWSIZE, TFTP_OPTIONS };

enum tftpd_roll { ROLL_TO_0, ROLL_TO_1, ROLL_FAILS }; /* block 65535 + 1; the last: ERROR 3 */

/* What a broken or evil server does. Zero: nothing. Blocks are numbered from 1 without rolling
 * over. */
struct tftpd_tricks {
	uint64_t stop_at;	 /* never sends this block nor anything after it */
	uint64_t error_at;	 /* sends an ERROR in its place */
	const char *error_text;	 /* its text; NULL: "disk on fire" */
	uint32_t error_text_len; /* 0: with its NUL; else exactly so many bytes */
	uint64_t short_at;	 /* this block is one byte short: the transfer ends early */
	uint64_t long_at;	 /* this block is 8 bytes longer than blksize */
	bool endless;		 /* the file never ends */
	bool twice;		 /* every DATA is sent twice */
	bool answers_each_ack;	 /* the naive server of RFC 1123 4.2.3.1: sends DATA for every ACK,
				    old ones too */
	uint64_t stray_at;	 /* with this block, a wrong one comes from another port ... */
	uint32_t stray_ip;	 /* ... of this address (0: its own) */
	uint64_t garbage_at;	 /* before this block: runts, unknown opcodes, ACK, RRQ, OACK out of
				    place */
	const void *oack; /* these bytes follow the opcode, whatever was asked; NULL: honest */
	uint32_t oack_len;
	uint32_t oack_blksize; /* and then sends blocks of this size; 0: what was agreed */
	bool oack_unasked;     /* an OACK also to who sent no options */
	bool tsize_lies;       /* tsize is said to be tsize_lie */
	uint64_t tsize_lie;
	bool corrupt_data; /* bytes differ from the file's: shows that the check of contents works
			    */
};

struct sim_tftpd;
struct tftpd_session;

struct tftpd_conf {
	bool silent;
	bool no_options;	  /* as RFC 1350 only: ignores them */
	bool refuse_options;	  /* ERROR 8 to any request with options */
	bool lacks[TFTP_OPTIONS]; /* does not know this one */
	uint32_t blksize_max;	  /* 0: 65464 */
	uint32_t windowsize_max;  /* 0: 65535 */
	enum tftpd_roll roll;
	uint64_t think_us;	  /* from RRQ to the first answer */
	uint64_t timeout_us;	  /* 0: 1 s; the timeout option overrides it */
	uint32_t tries;		  /* 0: 6 */
	bool any_window_restarts; /* an ACK of what is already acknowledged restarts the window even
				     without windowsize */
	/* Makes files that are not in the table; what it returns lives as long as the world. NULL:
	 * no such file. */
	const struct sim_file *(*find)(void *ctx, const char *name);
	void *find_ctx;
	struct tftpd_tricks tricks;
};

struct tftpd_stats {
	uint64_t requests, sessions, completed, failed, unfinished;
	uint64_t data, data_bytes, resent, oacks, acks, acks_old, timeouts, errors_sent;
	uint64_t errors[9]; /* from clients, by code */
	uint64_t not_found;
};

struct tftpd_seen { /* one request heard */
	uint64_t at_us;
	uint32_t ip;
	uint16_t port;
	bool options;
	uint64_t progress_us;	      /* when the transfer's first ACK came; WORLD_NEVER: not yet */
	uint32_t blksize, windowsize; /* asked for; 0: not asked */
	bool tsize, timeout;
	char name[128];
};

struct sim_tftpd {
	struct sim_world *w;
	struct sim_host *h;
	struct tftpd_conf conf;
	struct sim_file file[TFTPD_FILES_MAX];
	uint32_t files;
	struct tftpd_session *sessions;
	struct host_sock *stray; /* the port that takes no part in any transfer */
	struct tftpd_seen *seen;
	uint32_t seens, seen_cap;
	struct tftpd_stats stats;
	uint64_t first_data_us; /* when the first block ever left; WORLD_NEVER: not yet */
};

struct sim_tftpd *tftpd_new(struct sim_host *h, const struct tftpd_conf *conf);
void tftpd_file(
	struct sim_tftpd *t, const struct sim_file *f); /* what f points to outlives the world */
const struct sim_file *tftpd_find(const struct sim_tftpd *t, const char *name);
void tftpd_restart(
	struct sim_tftpd *t); /* forgets all sessions, as a server that was started anew */
uint16_t tftpd_port(const struct sim_tftpd *t);	  /* of the session begun last; 0: none */
uint32_t tftpd_active(const struct sim_tftpd *t); /* sessions that still wait for something */

#endif
