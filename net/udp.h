/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UDP (RFC 768) sockets. A socket lives in its owner's memory, is bound to a port on one link or on
 * all, and gets datagrams and ICMP errors by callback, from net_poll(). The callback may close the
 * socket.
 */
#ifndef NET_UDP_H
#define NET_UDP_H

#include <stdint.h>
#include "core/bytes.h"
#include "net/addr.h"

struct net;
struct netdev;
struct pkt;
struct ip_meta;
struct ipv4_quote;

struct udp_sock {
	struct udp_sock *next;
	struct netdev *dev; /* NULL: any */
	uint16_t port;	    /* local */
	/* payload is borrowed. */
	void (*input)(struct udp_sock *s, const struct ip_meta *meta, uint16_t src_port,
		struct bytes payload);
	/*
	 * ICMP says that what we sent to dst:dst_port did not arrive (ERR_UNREACHABLE); or ARP
	 * does. May be NULL.
	 */
	void (*error)(struct udp_sock *s, int err, const struct ip_addr *dst, uint16_t dst_port);
	void *ctx;
};

#define UDP_HEADER 8

/*
 * Binds. port 0: a random free one from 49152 up (RFC 6056). The caller has set input, error, ctx.
 */
int udp_open(struct net *net, struct udp_sock *s, struct netdev *dev, uint16_t port);
/* Does nothing when it is not open. */
void udp_close(struct net *net, struct udp_sock *s);
/* An empty packet with room for all headers in front; NULL when out of buffers. */
struct pkt *udp_alloc(struct net *net);
/*
 * Takes p, whose data is the payload. dev: NULL routes by dst, or the socket's own. src: NULL for
 * the link's address. Errors as ipv4_send, ERR_NO_ADDRESS.
 */
int udp_send(struct net *net, struct udp_sock *s, struct netdev *dev, struct pkt *p,
	const struct ip_addr *src, const struct ip_addr *dst, uint16_t dst_port);
/* For ip_protocol tables. */
void udp_input(const struct ip_meta *meta, struct bytes payload);
void udp_error(struct netdev *dev, const struct ipv4_quote *q, int err, uint16_t mtu);

#endif
