/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ARP (RFC 826, 5227) with the small cache of one link. An entry is learned from answers to our own questions
 * and refreshed by what the neighbour sends us; a packet that waits for an answer is kept, at most
 * ARP_PENDING_MAX per neighbour. A question is asked ARP_TRIES times, ARP_RETRY_US apart, then those who
 * wait are told. Somebody else using our address is counted, logged once and reported to DHCP.
 */
#ifndef NET_ARP_H
#define NET_ARP_H

#include <stdbool.h>
#include <stdint.h>
#include "config/limits.h"
#include "net/addr.h"

struct netdev;
struct pkt;
struct net;

#define ARP_TRIES     5
#define ARP_RETRY_US  250000  /* then doubling */
#define ARP_EXPIRE_US 60000000 /* unused entries are asked again after this */

struct arp_entry {
	struct ip_addr ip; /* family IP_NONE: free */
	struct mac mac;
	bool resolved;
	uint8_t tries;
	uint64_t next_us; /* when to ask again, or when it expires */
	uint64_t used_us;
	struct pkt *pending; /* IPv4 packets without Ethernet header */
	uint8_t npending;
};

struct arp_cache {
	struct arp_entry e[ARP_CACHE_MAX];
	uint32_t conflicts; /* frames in which another MAC claims our address */
	struct mac conflict_mac;
};

/* Takes p, an IPv4 packet: sends it to next_hop's MAC, now or when that is known. */
void arp_send(struct netdev *dev, const struct ip_addr *next_hop, struct pkt *p);
/* Borrows the frame's payload. */
void arp_input(struct netdev *dev, const uint8_t *data, uint32_t len);
/* Tells the link who has our address now (RFC 5227 2.3). */
void arp_announce(struct netdev *dev);
/* Asks whether anybody has `ip` (RFC 5227 2.1.1); arp.conflicts counts the answers. */
void arp_probe(struct netdev *dev, const struct ip_addr *ip);
/* Retries and expiry; returns when it wants to be called next. */
uint64_t arp_poll(struct netdev *dev);
/* Forgets everything and frees what waits. */
void arp_flush(struct netdev *dev);

#endif
