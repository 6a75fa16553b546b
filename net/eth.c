/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ethernet: who a frame is for and which protocol gets it. Group frames other than broadcast are
 * left to the protocols (a device may filter them before). Sends untagged frames only.
 */
#include "net/eth.h"
#include "core/bytes.h"
#include "core/str.h"
#include "net/arp.h"
#include "net/ipv4.h"
#include "net/net.h"
#include "net/netdev.h"
#include "net/pkt.h"
#include "net/wire.h"

#define ETH_MIN 60 /* of a frame on the wire, without FCS (IEEE 802.3 4A.4.2) */

/* The type field, behind a priority tag if there is one. */
static uint16_t eth_type(const uint8_t *header, struct bytes *b)
{
	uint16_t type = wire_get16(header + 12);

	if (type == ETH_VLAN && (bytes_u16(b) & 0xfff) == 0)
		type = bytes_u16(b);
	return type;
}

/* Not for others, as a promiscuous device delivers, nor our own to all, which a switch has looped.
 */
static bool is_for(const struct netdev *dev, const struct mac *dst, const struct mac *src)
{
	return mac_is_multicast(dst) ? !mac_eq(src, &dev->mac) : mac_eq(dst, &dev->mac);
}

void eth_input(struct netdev *dev, struct pkt *p)
{
	struct bytes b = bytes_of(p->data, p->len);
	const uint8_t *h = bytes_take(&b, ETH_HEADER);
	const struct mac *dst = (const struct mac *)h, *src = h ? dst + 1 : NULL;
	uint16_t type = h ? eth_type(h, &b) : 0;

	if (!bytes_ok(&b) || mac_is_multicast(src)) {
		dev->stats.bad_eth++;
		return;
	}
	if (!is_for(dev, dst, src)) {
		dev->stats.rx_ignored++;
		return;
	}
	pkt_pull(p, p->len - b.n);
	if (type == ETH_IPV4)
		ipv4_input(dev, p);
	else if (type == ETH_ARP)
		arp_input(dev, p->data, p->len);
	else
		dev->stats.rx_ignored++;
}

void eth_send(struct netdev *dev, struct pkt *p, const struct mac *dst, enum eth_type type)
{
	uint8_t *h = pkt_push(p, ETH_HEADER);
	uint8_t *pad;

	if (!h) {
		dev->stats.tx_errors++;
		pkt_free(&dev->net->pool, p);
		return;
	}
	memcpy(h, dst->b, sizeof(dst->b));
	memcpy(h + 6, dev->mac.b, sizeof(dev->mac.b));
	wire_put16(h + 12, type);
	if (p->len < ETH_MIN) {
		size_t n = ETH_MIN - p->len;

		pad = pkt_put(p, n);
		if (pad)
			memset(pad, 0, n);
	}
	netdev_send(dev, p);
}
