/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A link made of a file descriptor: one read or write is one Ethernet frame, behind a struct
 * virtio_net_hdr of 10 bytes.
 */
#ifndef ARCH_HOST_FRAMES_H
#define ARCH_HOST_FRAMES_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include "config/limits.h"
#include "net/addr.h"

struct net;
struct netdev;
struct pkt;

struct frames {
	int fd;		/* non-blocking */
	bool is_packet; /* a packet(7) socket, otherwise tun(4) */
	short up_flags; /* flags of the interface that together mean that the link is up */
	char name[IFNAMSIZ];
	int ctl;			  /* any socket, to ask about the interface */
	bool gone;			  /* the interface was deleted: no frame will ever come */
	uint64_t link_due_us;		  /* when to look at the link again */
	struct pkt *spare[PKT_CHAIN_MAX]; /* room for the next frame; NULL from some place on */
};

/* Makes it a link of the net, which owns the descriptors then. mac NULL: a random local one. */
void frames_add(struct net *net, const char *driver, const struct frames *f, const struct mac *mac);
/* What to wait for; -1 while it is closed or when it is gone. */
int frames_fd(const struct netdev *dev);
/* A socket to ask about interfaces with. */
int frames_control(void);

#endif
