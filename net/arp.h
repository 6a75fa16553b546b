/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ARP (RFC 826, 5227) with the small cache of one link. A packet that waits for an answer is kept,
 * at most ARP_PENDING_MAX per neighbour, the latest ones. A question is asked ARP_TRIES times,
 * first ARP_RETRY_US apart, then doubling up to ARP_RETRY_MAX_US, jittered by a quarter: 8 s. Nine,
 * because on a link that spoils every second exchange five would fail one time in thirty. When
 * nobody has answered, the sockets that wait are told ERR_ARP_TIMEOUT.
 *
 * What is believed: only what answers a question of ours makes or changes an entry. Any ARP packet
 * from a known neighbour (RFC 826 does not ask for its kind) confirms its entry when the MAC is the
 * same; another MAC is a reason to ask again, at most every ARP_DOUBT_US, not to believe. Entries
 * that nothing has confirmed for ARP_EXPIRE_US are asked again before their next use, and so are
 * those that the layers above get no answer from (arp_doubt). So a forged
 * packet cannot redirect traffic by itself, but whoever answers a question first is believed: ARP
 * has no better. A server that moves is followed.
 *
 * Requests for our address and RFC 5227 probes for it are answered by the link that has it and by
 * no other. Somebody else using our address is counted, logged once, left to DHCP, and not fought
 * (RFC 5227 2.4 a).
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

#define ARP_TRIES	 9
#define ARP_RETRY_US	 250000 /* then doubling */
#define ARP_RETRY_MAX_US 1000000
#define ARP_EXPIRE_US	 60000000 /* entries that nothing confirmed are asked again after this */
#define ARP_DOUBT_US	 2000000  /* entries are not doubted when they were confirmed within this */

struct arp_entry {
	struct ip_addr ip; /* family IP_NONE: free */
	struct mac mac;
	bool resolved;
	bool doubted; /* asked again: the next answer is believed, whatever it says */
	uint8_t tries;
	uint64_t next_us;  /* unresolved: when to ask again; resolved: when it expires */
	uint64_t asked_us; /* when we asked last */
	uint64_t used_us;  /* when a packet was last sent to it: the one longest unused gives way */
	struct pkt *pending; /* IPv4 packets without Ethernet header */
	uint8_t npending;
};

struct arp_cache {
	struct arp_entry e[ARP_CACHE_MAX];
	uint64_t next_us;     /* no unresolved entry is due before */
	struct ip_addr probe; /* being probed: not ours yet, not answered for */
	uint32_t conflicts;   /* frames in which another MAC claims our address or the probed one */
	struct mac conflict_mac; /* of the latest */
};

/* Takes p, an IPv4 packet: sends it to next_hop's MAC, now or when that is known. */
void arp_send(struct netdev *dev, const struct ip_addr *next_hop, struct pkt *p);
/*
 * Nothing comes back from there: asks again, at most every ARP_DOUBT_US. What is sent in the
 * meantime goes where it went.
 */
void arp_doubt(struct netdev *dev, const struct ip_addr *next_hop);
/* Whether it is known who has that address; where it is not, somebody is being asked. */
bool arp_lookup(struct netdev *dev, const struct ip_addr *ip, struct mac *mac);
/* Borrows the frame's payload. */
void arp_input(struct netdev *dev, const uint8_t *data, uint32_t len);
/* Tells the link who has our address now (RFC 5227 2.3); ends a probe. */
void arp_announce(struct netdev *dev);
/*
 * Asks whether anybody has `ip` (RFC 5227 2.1.1); arp.conflicts counts the answers, from 0 for a
 * new `ip`.
 */
void arp_probe(struct netdev *dev, const struct ip_addr *ip);
/* Retries and expiry; returns when it wants to be called next. */
uint64_t arp_poll(struct netdev *dev);
/* Forgets everything and frees what waits. */
void arp_flush(struct netdev *dev);

#endif
