/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device paths of network boots: the nodes MAC, IPv4, IPv6, VLAN, iSCSI, URI and DNS (UEFI 10.3.4;
 * each edition numbers them anew). And the way back to a DHCP message: RFC 2131 section 2.
 *
 * Limits: IPv6 addresses are only noticed.
 */
#include "arch/efi/boot_path.h"
#include "arch/efi/node.h"
#include "core/str.h"
#include "net/dhcp.h"
#include "net/url.h"

#define TYPE_MESSAGING 3

enum subtype { /* of TYPE_MESSAGING */
	SUB_MAC = 11,
	SUB_IPV4 = 12,
	SUB_IPV6 = 13,
	SUB_ISCSI = 19,
	SUB_VLAN = 20,
	SUB_URI = 24,
	SUB_DNS = 31,
};

#define BOOTREPLY      2
#define HTYPE_ETHERNET 1
#define DHCP_COOKIE    0x63825363
#define OPTION_MAX     255

/* -- parse -- */

static void parse_mac(struct bytes b, struct boot_path *bp)
{
	bytes_copy(&b, bp->mac.b, 6);
	bytes_skip(&b, 32 - 6);
	bp->is_net = bytes_u8(&b) == HTYPE_ETHERNET && bytes_ok(&b);
}

static struct ip_addr parse_ip4(struct bytes *b)
{
	return ip4_of(bytes_u32(b));
}

/* The last two came with UEFI 2.0: older nodes end in front of them. */
static void parse_ipv4(struct bytes b, struct boot_path *bp)
{
	bp->local = parse_ip4(&b);
	bp->remote = parse_ip4(&b);
	bytes_skip(&b, 7); /* ports, protocol, whether the address is static */
	bp->gateway = parse_ip4(&b);
	bp->mask = parse_ip4(&b);
}

/* Each address has the room of IPv6's, whichever it is. */
static void parse_dns(struct bytes b, struct boot_path *bp)
{
	bool is_ip6 = bytes_u8(&b);

	while (!is_ip6 && b.n && bp->ndns < DNS_SERVER_MAX) {
		struct ip_addr a = parse_ip4(&b);

		bytes_skip(&b, 12);
		if (bytes_ok(&b) && !ip_is_any(&a))
			bp->dns[bp->ndns++] = a;
	}
}

/* A path may have an empty node in front of the one that counts. */
static void parse_uri(struct bytes b, struct boot_path *bp)
{
	struct url url;

	if (!b.n)
		return;
	if (!str_copy_n(bp->uri, sizeof(bp->uri), (const char *)b.p, b.n) ||
		url_parse(bp->uri, &url))
		bp->uri[0] = '\0';
}

static void parse_node(unsigned subtype, struct bytes b, struct boot_path *bp)
{
	switch (subtype) {
	case SUB_MAC:
		parse_mac(b, bp);
		return;
	case SUB_IPV4:
		parse_ipv4(b, bp);
		return;
	case SUB_IPV6:
		bp->is_ip6 = true;
		return;
	case SUB_ISCSI:
		bp->is_net = false;
		return;
	case SUB_VLAN:
		bp->is_vlan = true;
		return;
	case SUB_URI:
		parse_uri(b, bp);
		return;
	case SUB_DNS:
		parse_dns(b, bp);
		return;
	default:
		return;
	}
}

void boot_path_parse(struct bytes nodes, struct boot_path *bp)
{
	struct node node;

	while (node_next(&nodes, &node))
		if (node.type == TYPE_MESSAGING)
			parse_node(node.subtype, node.body, bp);
}

/* -- a DHCPACK -- */

static void emit_ip(struct emit *e, const struct ip_addr *a)
{
	emit_u32(e, ip4_u32(a));
}

static void emit_ip_option(struct emit *e, unsigned tag, const struct ip_addr *a, unsigned n)
{
	if (!n || ip_is_any(a))
		return;
	emit_u8(e, (uint8_t)tag);
	emit_u8(e, (uint8_t)(4 * n));
	for (unsigned i = 0; i < n; i++)
		emit_ip(e, &a[i]);
}

/* In pieces, RFC 3396. */
static void emit_long_option(struct emit *e, unsigned tag, const char *value)
{
	for (size_t left = strlen(value); left;) {
		size_t n = left < OPTION_MAX ? left : OPTION_MAX;

		emit_u8(e, (uint8_t)tag);
		emit_u8(e, (uint8_t)n);
		emit_bytes(e, value, n);
		value += n;
		left -= n;
	}
}

bool boot_path_ack(const struct boot_path *bp, struct emit *e)
{
	if (!bp->is_net || bp->is_vlan || ip_is_any(&bp->local) || !bp->uri[0])
		return false;
	emit_u8(e, BOOTREPLY);
	emit_u8(e, HTYPE_ETHERNET);
	emit_u8(e, 6);
	emit_zero(e, 1 + 4 + 2 + 2 + 4); /* hops, xid, secs, flags, ciaddr */
	emit_ip(e, &bp->local);
	/* It has to have one; what has looked up the server's name need not say its address. */
	emit_ip(e, ip_is_any(&bp->remote) ? &bp->local : &bp->remote);
	emit_zero(e, 4); /* giaddr */
	emit_bytes(e, bp->mac.b, 6);
	emit_zero(e, 10 + 64 + 128);
	emit_u32(e, DHCP_COOKIE);
	emit_u8(e, DHCP_MESSAGE_TYPE);
	emit_u8(e, 1);
	emit_u8(e, DHCPACK);
	emit_ip_option(e, DHCP_SUBNET_MASK, &bp->mask, 1);
	emit_ip_option(e, DHCP_ROUTERS, &bp->gateway, 1);
	emit_ip_option(e, DHCP_DNS, bp->dns, bp->ndns);
	emit_long_option(e, DHCP_BOOT_FILE, bp->uri);
	emit_u8(e, DHCP_END);
	return !e->bad;
}
