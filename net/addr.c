/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses as values and as text: Ethernet, IPv4 (RFC 1122 3.2.1.3 for what a host may have) and
 * IPv6 for printing only (RFC 4291 2.2, not the shortest form of RFC 5952). IPv6 text is not
 * parsed.
 */
#include "net/addr.h"
#include "core/fmt.h"
#include "core/str.h"
#include "net/wire.h"

const struct mac mac_broadcast = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

bool mac_eq(const struct mac *a, const struct mac *b)
{
	return wire_get32(a->b) == wire_get32(b->b) && wire_get16(a->b + 4) == wire_get16(b->b + 4);
}

struct ip_addr ip4_of(uint32_t host_order)
{
	struct ip_addr a = {.family = IP_V4};

	wire_put32(a.b, host_order);
	return a;
}

uint32_t ip4_u32(const struct ip_addr *a)
{
	return a->family == IP_V4 ? wire_get32(a->b) : 0;
}

bool ip_eq(const struct ip_addr *a, const struct ip_addr *b)
{
	return a->family == b->family && !memcmp(a->b, b->b, sizeof(a->b));
}

bool ip_is_any(const struct ip_addr *a)
{
	for (size_t i = 0; i < sizeof(a->b); i++) {
		if (a->b[i])
			return false;
	}
	return true;
}

bool ip4_is_multicast(uint32_t a)
{
	return a >> 28 == 0xe;
}

bool ip4_is_unicast(uint32_t a)
{
	uint32_t net = a >> 24;

	return net != 0 && net != 127 && net < 224;
}

const char *mac_str(const struct mac *a, char *buf)
{
	fmt_print(buf, MAC_STR_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", a->b[0], a->b[1], a->b[2],
		a->b[3], a->b[4], a->b[5]);
	return buf;
}

const char *ip_str(const struct ip_addr *a, char *buf)
{
	size_t n = 0;

	switch (a->family) {
	case IP_V4:
		fmt_print(buf, IP_STR_MAX, "%u.%u.%u.%u", a->b[0], a->b[1], a->b[2], a->b[3]);
		break;
	case IP_V6:
		for (unsigned i = 0; i < 16; i += 2)
			n += fmt_print(
				buf + n, IP_STR_MAX - n, i ? ":%x" : "%x", wire_get16(a->b + i));
		break;
	default:
		str_copy(buf, IP_STR_MAX, "none");
	}
	return buf;
}

/* One decimal octet without leading zeros at s[*at], which moves behind it. */
static bool octet_parse(const char *s, size_t n, size_t *at, uint8_t *octet)
{
	size_t start = *at;
	unsigned v = 0;

	while (*at < n && *at < start + 3 && s[*at] >= '0' && s[*at] <= '9')
		v = v * 10 + (unsigned)(s[(*at)++] - '0');
	*octet = (uint8_t)v;
	return *at > start && v <= 255 && (s[start] != '0' || *at == start + 1);
}

bool ip_parse(const char *s, size_t n, struct ip_addr *a)
{
	struct ip_addr v = {.family = IP_V4};
	size_t at = 0;

	for (unsigned i = 0; i < 4; i++) {
		if (i && (at >= n || s[at++] != '.'))
			return false;
		if (!octet_parse(s, n, &at, &v.b[i]))
			return false;
	}
	if (at != n)
		return false;
	*a = v;
	return true;
}
