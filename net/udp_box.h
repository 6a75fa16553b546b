/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UDP for a payload, which has no sockets but one address, and names ports as it goes (PXE 2.1,
 * chapter 3; UEFI 24.3).
 *
 * A port is bound when it is first named; of UDP_BOX_PORTS the one unused for longest makes room.
 * Up to UDP_BOX_DATAGRAMS wait until they are asked for. Then the oldest of another port or sender
 * makes room, as nobody may ever ask for that; when all are of one, what comes is dropped, as are
 * empty ones and those larger than a frame.
 */
#ifndef NET_UDP_BOX_H
#define NET_UDP_BOX_H

#include <stdbool.h>
#include <stdint.h>
#include "net/udp.h"

#define UDP_BOX_PORTS	  4
#define UDP_BOX_DATAGRAMS 16   /* all ports together */
#define UDP_BOX_MAX	  1472 /* bytes of a datagram: a full Ethernet frame's */

struct udp_datagram {
	uint16_t n; /* 0: free */
	uint16_t src_port, dst_port;
	uint32_t src, dst; /* host order */
	uint32_t seq;	   /* order of arrival */
	uint8_t data[UDP_BOX_MAX];
};

/* The payload's owner has it, and zeroes it before it sets dev. */
struct udp_box {
	struct netdev *dev;
	struct udp_sock sock[UDP_BOX_PORTS];
	uint32_t used[UDP_BOX_PORTS]; /* when: counts uses; 0: not open */
	uint32_t uses;
	uint32_t datagrams; /* that have come */
	struct udp_datagram datagram[UDP_BOX_DATAGRAMS];
};

/* The socket of that port (0: a free one), bound from now on; NULL when another part of us has it.
 */
struct udp_sock *udp_box_port(struct udp_box *box, uint16_t port);

/* What is waited for; 0: any. */
struct udp_want {
	struct udp_box *box;
	uint32_t dst, src; /* host order */
	uint16_t dst_port, src_port;
	struct udp_datagram *found; /* the oldest of those that fit; n = 0 frees it */
};
/* Takes a struct udp_want, for machine_wait(): whether there is one. */
bool udp_box_find(void *want);
/* Closes all ports, drops all datagrams. */
void udp_box_end(struct udp_box *box);

#endif
