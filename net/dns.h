/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DNS client (RFC 1034, 1035, 2181, 5452): names to addresses, by the servers and the search list
 * that the links' leases or settings name.
 */
#ifndef NET_DNS_H
#define NET_DNS_H

#include <stdbool.h>
#include <stdint.h>
#include "config/limits.h"
#include "core/bytes.h"
#include "core/timer.h"
#include "net/addr.h"
#include "net/udp.h"

struct net;
struct dns_query;

#define DNS_PORT 53

/*
 * Answers once: n > 0 addresses in the server's order (borrowed), or n 0 and a negative error:
 * ERR_DNS_NAME (there is no such name), ERR_DNS_TIMEOUT, ERR_DNS_SERVER, ERR_NO_DNS.
 */
typedef void dns_answer(void *ctx, int rc, const struct ip_addr *addr, unsigned n);

/*
 * Asks for the addresses of name ("host", "host.example.", or an address as text). The answer comes
 * later, never from inside, and 15 s later at most. *out is to be cancelled by who no longer wants
 * it. Errors: ERR_NO_SOCKET, ERR_BAD_URL for what cannot be a name.
 */
int dns_resolve(
	struct net *net, const char *name, dns_answer *answer, void *ctx, struct dns_query **out);
void dns_cancel(struct dns_query *q);

/* -- messages: net/dns_msg.c -- */

enum dns_type { DNS_A = 1, DNS_CNAME = 5, DNS_AAAA = 28 }; /* RFC 1035 3.2.2, 3596 2.1 */

enum dns_rcode { DNS_NOERROR = 0, DNS_SERVFAIL = 2, DNS_NXDOMAIN = 3, DNS_REFUSED = 5 };

#define DNS_LIST_MAX 512 /* bytes of the search list as text; a longer one is not used */

/* A name as text with its NUL: 255 bytes on the wire (RFC 1035 2.3.4) are 253 characters. */
#define DNS_NAME_MAX	 254
#define DNS_QUESTION_MAX (12 + 255 + 4) /* bytes of a question with its header */

/* What a server said to one question. */
struct dns_reply {
	uint8_t rcode;
	bool truncated; /* there is more than it could say */
	uint8_t cnames; /* aliases on the way from the question to name; DNS_CNAMES_MAX + 1: too
			   many, nothing else counts */
	uint8_t naddr;
	uint32_t ttl_s;		 /* of all of it; UINT32_MAX when it has said nothing */
	char name[DNS_NAME_MAX]; /* whose addresses these are; none: that one is to be asked for */
	struct ip_addr addr[FETCH_ADDR_MAX];
};

/*
 * Makes text the name that we ask for and compare with: lower case, without a dot at the end. False
 * when it cannot be a host's: other characters than letters, digits, '-', '_', labels that are
 * empty or longer than 63, more than 253 in all. Addresses as text pass.
 */
bool dns_name(char *text);
/* A question about what dns_name() has made; fits DNS_QUESTION_MAX bytes. */
void dns_emit(struct emit *e, uint16_t id, const char *name, enum dns_type type);
/*
 * Parses an answer to that very question. False: it is none, or malformed; what is in r then means
 * nothing.
 */
bool dns_parse(
	struct bytes msg, uint16_t id, const char *name, enum dns_type type, struct dns_reply *r);

/* -- state: net/dns.c -- */

/* What is small stands in front: the code is smaller. */
struct dns_query {
	struct net *net; /* NULL: not in use */
	dns_answer *answer;
	void *ctx;
	uint32_t end_us;  /* when it is given up, low bits of the clock */
	const char *next; /* in list: the candidate behind full; NULL: it has not begun */
	uint32_t ttl_s;
	uint16_t id;
	uint8_t nservers;
	uint8_t failed; /* bit i: server[i] cannot answer this question */
	uint8_t at;	/* server asked last */
	uint8_t tries;	/* times that this question was asked */
	uint8_t sent;	/* questions in all */
	uint8_t cnames; /* aliases on the way from full to asked */
	struct udp_sock sock;
	struct timer timer; /* always armed */
	struct ip_addr server[DNS_SERVER_MAX];
	char name[DNS_NAME_MAX];     /* as it was given */
	char full[DNS_NAME_MAX + 1]; /* candidate */
	char asked[DNS_NAME_MAX];    /* where aliases have led from there: the question */
	char list[DNS_LIST_MAX];     /* domains to put behind name, with blanks; "." for none */
};

struct dns_cached {
	uint64_t until_us;
	uint8_t naddr; /* 0: there is no such name, or it has no address */
	struct ip_addr addr[FETCH_ADDR_MAX];
	char name[DNS_NAME_MAX];
};

struct dns {
	struct dns_query query[DNS_QUERY_MAX];
	unsigned cached; /* names put into cache, in all: they go round */
	struct dns_cached cache[DNS_CACHE_MAX];
};

#endif
