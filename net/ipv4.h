/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv4 (RFC 791, 1122): checked input, reassembly in any order within hard bounds, output with fragmentation
 * refused (we never send more than the link's MTU). Options are skipped, source routes dropped. TTL 64.
 */
#ifndef NET_IPV4_H
#define NET_IPV4_H

#include <stdbool.h>
#include <stdint.h>
#include "config/limits.h"
#include "net/addr.h"
#include "core/bytes.h"

struct net;
struct netdev;
struct pkt;

#define IPV4_HEADER  20
#define IPPROTO_ICMP 1
#define IPPROTO_UDP  17

struct ipv4_route { /* RFC 3442 classless static route */
	uint32_t dst, mask, gateway; /* host order */
};
#define IPV4_ROUTE_MAX 8

struct ipv4_conf {
	struct ip_addr addr; /* IP_NONE: not configured */
	uint32_t mask;	     /* host order */
	struct ip_addr gateway;
	struct ipv4_route routes[IPV4_ROUTE_MAX];
	unsigned nroutes;
};

/* What an upper protocol is told of a datagram. */
struct ip_meta {
	struct netdev *dev;
	struct ip_addr src, dst;
	uint8_t protocol;
	bool csum_ok;	/* transport checksum already verified by the device */
	bool broadcast; /* dst is a broadcast or multicast address */
};

/* An upper protocol: a row of net_config.protocols. Borrows the payload. */
struct ip_protocol {
	uint8_t number;
	void (*input)(const struct ip_meta *meta, struct bytes payload);
};

/* Borrows p (data at the IPv4 header; it may be trimmed). */
void ipv4_input(struct netdev *dev, struct pkt *p);
/*
 * Takes p (data at the transport header) and sends it from dev. src may be any (0.0.0.0) for DHCP. Broadcast
 * and multicast go straight to the link; others by route and ARP. Errors: ERR_NO_ROUTE, ERR_TOO_LONG.
 */
int ipv4_send(struct netdev *dev, struct pkt *p, const struct ip_addr *src, const struct ip_addr *dst,
	uint8_t protocol);
/* The device a packet to dst leaves by: on-link first, then a route, then the best default route. NULL: none. */
struct netdev *ipv4_route_dev(struct net *net, const struct ip_addr *dst);
/* RFC 1071 sum over n bytes on top of `sum`; fold with ipv4_csum_fold. Odd lengths only in the last piece. */
uint32_t ipv4_csum_add(uint32_t sum, const void *p, size_t n);
uint16_t ipv4_csum_fold(uint32_t sum); /* complemented; to be stored in wire order */
/* Sum of the pseudo header of UDP and TCP. */
uint32_t ipv4_csum_pseudo(const struct ip_addr *src, const struct ip_addr *dst, uint8_t protocol, uint32_t len);

/* IPv4 reassembly: FRAG_MAX datagrams at once, each with a hole map over a fixed buffer. RFC 815, 5722. */
struct frag {
	bool used;
	struct netdev *dev;
	uint32_t src, dst;
	uint16_t id;
	uint8_t protocol;
	uint16_t total; /* payload bytes, 0 until the last fragment was seen */
	uint64_t expires_us;
	unsigned nranges;
	struct {
		uint16_t start, end;
	} range[16];
	uint8_t data[FRAG_DATAGRAM_MAX];
};
#define FRAG_TIMEOUT_US 15000000 /* RFC 1122 3.3.2 allows 60-120 s; nobody waits that long for a boot */

#endif
