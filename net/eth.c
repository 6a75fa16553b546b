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

/* The type field, behind a priority tag if there is one; 0 when the frame ends before it. */
static uint16_t eth_type(struct bytes *b)
{
	uint16_t type = bytes_u16(b);

	if (type == ETH_VLAN && (bytes_u16(b) & 0xfff) == 0)
		type = bytes_u16(b);
	return type;
}

void eth_input(struct netdev *dev, struct pkt *p)
{
	struct bytes b = bytes_of(p->data, p->len);
	const struct mac *dst = (const struct mac *)bytes_take(&b, sizeof(*dst));
	const struct mac *src = (const struct mac *)bytes_take(&b, sizeof(*src));
	uint16_t type = eth_type(&b);

	if (!bytes_ok(&b) || mac_is_multicast(src)) {
		dev->stats.bad_eth++;
		return;
	}
	/* For others (the device is promiscuous), or our own broadcast that a switch has looped. */
	if ((!mac_is_multicast(dst) && !mac_eq(dst, &dev->mac)) || mac_eq(src, &dev->mac)) {
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
