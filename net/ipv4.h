/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv4 (RFC 791, 1122): checked input, reassembly in any order within hard bounds, output with
 * fragmentation refused (we never send more than the link's MTU). Options are skipped, source
 * routes dropped. TTL 64. Hosts are strong (RFC 1122 3.3.4.2): a link takes what is for its own
 * address, and answers leave by the link they are from. Groups are not joined: multicast is
 * dropped. No datagram is ever answered with an ICMP error.
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
#define IPPROTO_TCP  6
#define IPPROTO_UDP  17

struct ipv4_route {		     /* RFC 3442 classless static route */
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
	bool csum_ok;		/* transport checksum already verified by the device */
	bool broadcast;		/* dst is a broadcast or multicast address */
	const struct pkt *more; /* payload goes on in these */
};

/*
 * The start of a datagram that we sent, as an ICMP error quotes it or as it waited for its
 * neighbour.
 */
struct ipv4_quote {
	struct ip_addr src, dst;
	uint8_t protocol;
	uint16_t src_port, dst_port; /* of UDP and TCP */
	uint32_t seq;		     /* of TCP; no more than this is sure to be quoted (RFC 792) */
};

/* An upper protocol: a row of net_config.protocols. */
struct ip_protocol {
	uint8_t number;
	/* Borrows the payload. */
	void (*input)(const struct ip_meta *meta, struct bytes payload);
	/*
	 * What was quoted, sent from dev, did not arrive: ERR_UNREACHABLE, ERR_ARP_TIMEOUT, or
	 * ERR_TOO_LONG for links of mtu bytes (0: not said). Anybody can have written it. May be
	 * NULL.
	 */
	void (*error)(struct netdev *dev, const struct ipv4_quote *q, int err, uint16_t mtu);
};
/* The row of that number, NULL: none. */
const struct ip_protocol *ipv4_protocol(const struct net *net, uint8_t number);

/* The header and 8 bytes behind it; false when they are not there or make no sense. */
bool ipv4_quote_parse(struct bytes b, struct ipv4_quote *q);
/* Tells the quoted protocol, if it wants to know; false: it does not. */
bool ipv4_error(struct netdev *dev, const struct ipv4_quote *q, int err, uint16_t mtu);

/* Borrows p (data at the IPv4 header; it may be trimmed). */
void ipv4_input(struct netdev *dev, struct pkt *p);
/*
 * Takes p (data at the transport header) and sends it from dev. src may be any (0.0.0.0) for DHCP.
 * Broadcast and multicast go straight to the link; others by route and ARP. Errors: ERR_NO_ROUTE,
 * ERR_TOO_LONG.
 */
int ipv4_send(struct netdev *dev, struct pkt *p, const struct ip_addr *src,
	const struct ip_addr *dst, uint8_t protocol);
/*
 * What was sent to dst has had no answer: who has the address, or its router's, is asked anew (RFC
 * 1122 2.3.2.1, advice from the layers above), unless that was just done.
 */
void ipv4_doubt(struct netdev *dev, const struct ip_addr *dst);
/*
 * The device a packet to dst leaves by: the longest prefix of all open links wins, on-link before a
 * route of the same length, default gateways last; links that are up before those that are down,
 * then the boot link. NULL: none.
 */
struct netdev *ipv4_route_dev(struct net *net, const struct ip_addr *dst);
/* A program that we have started names a router, host order: it counts where the link has none and
 * reaches it. */
void ipv4_suggest_gateway(struct netdev *dev, uint32_t gateway);
/* Where frames to a group go, RFC 1112 6.4. */
struct mac ipv4_group_mac(uint32_t group);
/* Sum of the pseudo header of UDP and TCP. */
uint32_t ipv4_csum_pseudo(
	const struct ip_addr *src, const struct ip_addr *dst, uint8_t protocol, uint32_t len);

/*
 * IPv4 reassembly: FRAG_MAX datagrams at once, each with a hole map over a fixed buffer. See
 * net/frag.h.
 */
#define FRAG_RANGES_MAX 16
struct frag {
	bool used;
	bool dropped; /* broken: what else comes of it until it expires is dropped too */
	struct netdev *dev;
	uint32_t src, dst;
	uint16_t id;
	uint8_t protocol;
	uint16_t total; /* payload bytes, 0 until the last fragment was seen */
	uint64_t expires_us;
	unsigned nranges;
	struct {
		uint16_t start, end;
	} range[FRAG_RANGES_MAX]; /* sorted, disjoint, not adjacent */
	uint8_t data[FRAG_DATAGRAM_MAX];
};
#define FRAG_TIMEOUT_US                                                                            \
	15000000 /* RFC 1122 3.3.2 allows 60-120 s; nobody waits that long for a boot */

#endif
