/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network device: a thing that sends and receives Ethernet frames. Drivers move packets between
 * ring and queue and nothing more; everything above sees only this.
 *
 * Rules for drivers: open() brings the device up, allocates from the bus only on the first open;
 * close() stops all DMA, returns every packet and allocates nothing; send() takes the packet,
 * always, and frees it when done or when the ring is full (counted); flush() tells the device of
 * what was sent, once for all of it; poll() delivers `budget` packets at most, but no part of a
 * frame, with netdev_rx(), and keeps dev->link_up true to the wire; a frame has no FCS. Memory of
 * packets is DMA-able as it is.
 */
#ifndef NET_NETDEV_H
#define NET_NETDEV_H

#include <stdbool.h>
#include <stdint.h>
#include "net/addr.h"
#include "net/arp.h"
#include "net/ipv4.h"
#include "net/pkt.h"

struct net;
struct netdev;
struct bus_dev;

struct netdev_ops {
	int (*open)(struct netdev *dev);
	void (*close)(struct netdev *dev);
	void (*send)(struct netdev *dev, struct pkt *p);
	void (*flush)(struct netdev *dev); /* NULL: send() has told the device already */
	void (*poll)(struct netdev *dev, unsigned budget);
	/* While open: hears what is for any group, or (at first) no more than it must. NULL: it
	 * has no such choice. */
	void (*groups)(struct netdev *dev, bool all);
};

struct netdev_stats {
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
	uint32_t rx_errors;  /* the device said the frame is bad, or it made no sense */
	uint32_t rx_no_buf;  /* ring could not be refilled */
	uint32_t rx_overrun; /* lost by the device because the ring was empty, as far as it tells */
	uint32_t tx_full;    /* ring full: packet dropped */
	uint32_t tx_errors;
	/* malformed, dropped by the stack: */
	uint32_t bad_eth, bad_arp, bad_ip, bad_icmp, bad_udp, bad_tcp;
	uint32_t no_port;    /* well-formed datagrams for nobody */
	uint32_t rx_ignored; /* for others, looped ones of ours, protocols that we do not speak */
};

struct netdev_place { /* on PCI; vendor 0: not there */
	uint16_t vendor, device;
	uint16_t busdevfn;
};

#define NETDEV_PRIV_MAX 1024

struct netdev {
	struct net *net;
	const struct netdev_ops *ops;
	const char *driver;	   /* "virtio-net", "e1000": ${netN/chip} */
	struct bus_dev *bus;	   /* the driver's; NULL for what is not on a bus */
	struct netdev_place place; /* copied from there, for settings */
	char name[8];		   /* "net0" */
	uint8_t index;
	/* Set: takes all that is received, in place of our protocols. */
	void (*raw)(struct netdev *dev, struct pkt *p);
	void *raw_ctx;
	bool offload; /* it leaves checksums out and puts frames together, unless raw at open() */
	bool is_open;
	bool link_up;
	uint64_t link_since_us; /* of the last change, platform time */
	struct mac mac;
	uint16_t mtu; /* payload of a frame, 68 .. mtu_max, in use: DHCP option 26 may lower it */
	uint16_t mtu_max;  /* what the device can */
	unsigned rx_ring;  /* receive buffers the driver may hold: netdev_share() sets it */
	unsigned rx_burst; /* frames in a row that the device can take; 0: a window of any size */
	struct ipv4_conf ip4;
	struct netdev_stats stats;
	struct arp_cache arp;
	_Alignas(16) uint8_t priv[NETDEV_PRIV_MAX]; /* the driver's */
};

/*
 * A free slot, named and zeroed, or NULL. The driver fills ops, driver, mac, mtu_max and calls
 * netdev_add().
 */
struct netdev *netdev_new(struct net *net);
/* Makes it known. Before that, netdev_new() may hand out the same slot again. */
void netdev_add(struct netdev *dev);
struct netdev *netdev_find(struct net *net, const char *name);
/* Gives every device that has none yet its share of the packet pool: rx_ring, at most 256. */
void netdev_share(struct net *net);

int netdev_open(struct netdev *dev);
void netdev_close(struct netdev *dev);
/*
 * Takes p: a whole frame from its destination address on. In the network's turn it may leave as
 * late as that turn's end, together with what else is sent; otherwise at once.
 */
void netdev_send(struct netdev *dev, struct pkt *p);
/* Whatever was sent leaves now; the end of the network's turn. */
void netdev_flush(struct net *net);
/*
 * From a driver's poll(): takes p, a frame of p->len bytes and those of its chain. Only queues: no
 * protocol runs inside a driver.
 */
void netdev_rx(struct netdev *dev, struct pkt *p);
/* From a driver: the link is now up or down. Only marks: net_poll() tells the protocols. */
void netdev_link(struct netdev *dev, bool up);

#endif
