/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP (RFC 9293), active opens only: the lower end of a stream (net/stream.h). The receiver's user
 * gives each byte its place; nothing is queued here, in either direction.
 */
#ifndef NET_TCP_H
#define NET_TCP_H

#include <stdint.h>
#include "core/bytes.h"
#include "net/addr.h"
#include "net/ipv4.h"
#include "net/stream.h"

struct net;
struct netdev;

/*
 * Begins to connect from dev to dst:port. From then on user->closed() is called exactly once,
 * unless abort() was: later, never from inside. Errors: ERR_NO_SOCKET, ERR_NO_ADDRESS.
 */
int tcp_open(struct net *net, struct netdev *dev, const struct ip_addr *dst, uint16_t port,
	const struct stream_user *user, void *ctx, struct stream **out);
/* For ip_protocol tables. */
void tcp_input(const struct ip_meta *meta, struct bytes payload);
void tcp_error(struct netdev *dev, const struct ipv4_quote *q, int err, uint16_t mtu);
/* At the end of a turn: one acknowledgement for each connection that owes one. */
void tcp_flush(struct net *net);
/* A link was closed or a payload is to start: connections on it end without a word. dev NULL: all.
 */
void tcp_drop(struct net *net, struct netdev *dev);

#endif
