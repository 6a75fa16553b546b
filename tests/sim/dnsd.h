/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A recursive DNS server (RFC 1035, 2308) on a simulated host, and a judge of its clients. It has
 * what its table says and shares nothing with the firmware's DNS code.
 *
 * Owners and aliases in an answer are compressed where they stood before (RFC 1035 4.1.4). An
 * answer longer than 512 bytes is cut between two records and says so.
 *
 * A question that breaks RFC 1035 4.1, is not about a host's address in the Internet, comes from
 * the port or has the id of the one before (RFC 5452 9.2), or from a port below 1024, is a
 * violation.
 */
#ifndef SIM_DNSD_H
#define SIM_DNSD_H

#include "host.h"

#define DNSD_PORT 53u
#define DNSD_SEEN 256u /* questions that are remembered */
#define DNSD_NAME 256u

enum dnsd_type { DNSD_A = 1, DNSD_CNAME = 5 };

struct dnsd_row {
	const char *name;
	enum dnsd_type type;
	uint32_t ttl;
	uint32_t ip;	    /* A */
	const char *target; /* CNAME */
};

struct sim_dnsd;

/* May be changed by the test at any time; takes effect with the next answer. */
struct dnsd_conf {
	const struct dnsd_row *zone; /* ends with a NULL name; borrowed */
	bool silent;		     /* hears and judges, does not answer */
	uint32_t ignore;	     /* so many questions are not answered first */
	uint64_t delay_us;
	uint8_t code;	  /* of every answer; 0: as the zone says */
	bool alias_alone; /* says what a name is an alias of and nothing of that one */
	bool backwards;	  /* the last record first */
	/* Sees each answer before it leaves and may change anything: *len up to cap. */
	void (*tamper)(void *ctx, struct sim_dnsd *d, uint8_t *msg, uint32_t *len, uint32_t cap);
	void *tamper_ctx;
	/* Is told of each question before its answer leaves: to be faster than that. */
	void (*overhears)(void *ctx, struct sim_dnsd *d, const struct host_in *in);
	void *overhears_ctx;
};

struct dnsd_seen {
	uint64_t at_us;
	uint32_t ip; /* who */
	uint16_t port, id;
	char name[DNSD_NAME];
};

struct dnsd_reply;

struct sim_dnsd {
	struct sim_world *w;
	struct sim_host *h;
	struct dnsd_conf conf;
	struct dnsd_seen seen[DNSD_SEEN];
	uint32_t questions, answers; /* all of them */
	struct dnsd_reply *replies;  /* waiting for their delay */
};

/* Serves on h until the world ends. */
struct sim_dnsd *dnsd_new(struct sim_host *h, const struct dnsd_row *zone);
/* The question with that number, from 0; only of the first DNSD_SEEN. */
const struct dnsd_seen *dnsd_seen(const struct sim_dnsd *d, uint32_t i);

/* For those who tamper: appends to a message of at most cap bytes, which it must fit. */
void dnsd_put(uint8_t *msg, uint32_t *len, uint32_t cap, const void *bytes, uint32_t n);
/* The answer that the zone has to a question, at most cap bytes; its length. */
uint32_t dnsd_answer(
	struct sim_dnsd *d, const uint8_t *question, uint32_t len, uint8_t *msg, uint32_t cap);

#endif
