/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DNS client (RFC 1034, 1035, 2181, 5452): names to addresses, by the servers and the search list
 * that the links' leases or settings name.
 */
#ifndef NET_DNS_H
#define NET_DNS_H

#include <stdint.h>
#include "config/limits.h"
#include "net/addr.h"

struct net;
struct dns_query;

/*
 * Answers once: n > 0 addresses in the server's order (borrowed), or n 0 and a negative error:
 * ERR_DNS_NAME (there is no such name), ERR_DNS_TIMEOUT, ERR_DNS_SERVER, ERR_NO_DNS.
 */
typedef void dns_answer(void *ctx, int rc, const struct ip_addr *addr, unsigned n);

/*
 * Asks for the addresses of name ("host", "host.example.", or an address as text). The answer comes
 * later, never from inside. *out is to be cancelled by who no longer wants it. Errors:
 * ERR_NO_SOCKET, ERR_NO_DNS, ERR_BAD_URL for what cannot be a name.
 */
int dns_resolve(
	struct net *net, const char *name, dns_answer *answer, void *ctx, struct dns_query **out);
void dns_cancel(struct dns_query *q);

#endif
