/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses: Ethernet and family-neutral IP, always in wire order. Values, compared whole. */
#ifndef NET_ADDR_H
#define NET_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mac {
	uint8_t b[6];
};

enum ip_family { IP_NONE = 0, IP_V4 = 4, IP_V6 = 6 };

struct ip_addr {
	uint8_t family; /* enum ip_family; bytes that the family does not use are zero */
	uint8_t b[16];
};

#define MAC_STR_MAX 18
#define IP_STR_MAX  48

extern const struct mac mac_broadcast;
bool mac_eq(const struct mac *a, const struct mac *b);
static inline bool mac_is_multicast(const struct mac *a)
{
	return a->b[0] & 1;
}

struct ip_addr ip4_of(uint32_t host_order);
uint32_t ip4_u32(const struct ip_addr *a); /* host order; 0 when it is not IPv4 */
bool ip_eq(const struct ip_addr *a, const struct ip_addr *b);
bool ip_is_any(const struct ip_addr *a); /* none, 0.0.0.0 or :: */
bool ip4_is_multicast(uint32_t a);
/* A unicast address that a host may have: not 0/8, 127/8, multicast, 240/4 (RFC 1122 3.2.1.3). */
bool ip4_is_unicast(uint32_t a);

/* Text into buf of at least MAC_STR_MAX / IP_STR_MAX bytes; returns buf. */
const char *mac_str(const struct mac *a, char *buf);
const char *ip_str(const struct ip_addr *a, char *buf);
/* "192.0.2.1"; false unless the n bytes are exactly an address. IPv6 text is not parsed yet. */
bool ip_parse(const char *s, size_t n, struct ip_addr *a);

#endif
