/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ethernet II framing (IEEE 802.3 clause 3, RFC 894). Frames of length/type below 0x600 (802.3
 * length: spanning tree) and of types that we do not speak (VLAN, LLDP, LACP, EAPOL) are counted
 * and dropped; a priority tag, VLAN 0 (IEEE 802.1Q 9.6), is taken off, because some fabrics put one
 * on everything.
 */
#ifndef NET_ETH_H
#define NET_ETH_H

#include <stdint.h>
#include "net/addr.h"

struct netdev;
struct pkt;

#define ETH_HEADER 14

enum eth_type { ETH_IPV4 = 0x0800, ETH_ARP = 0x0806, ETH_VLAN = 0x8100 };

/* Borrows p, a whole frame received on dev; it is trimmed. */
void eth_input(struct netdev *dev, struct pkt *p);
/* Takes p, a payload of the given type, and sends it to dst. Short frames are padded with zeros. */
void eth_send(struct netdev *dev, struct pkt *p, const struct mac *dst, enum eth_type type);

#endif
