/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes of the wire as the simulated servers see them, and the few names of RFC 826, 791, 768, 792.
 * Written for the simulator alone: nothing here is shared with the firmware's own code, so that
 * both ends cannot share a mistake.
 */
#ifndef SIM_WIRE_H
#define SIM_WIRE_H

#include <stdint.h>
#include <string.h>

enum { ETH_HEAD = 14, ETH_MIN = 60, IP_HEAD = 20, UDP_HEAD = 8, ARP_LEN = 28 };
enum { TYPE_IP = 0x0800, TYPE_ARP = 0x0806 };
enum { PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_UDP = 17 };

#define IP4(a, b, c, d)                                                                            \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))
#define IP_ALL 0xffffffffu

static inline uint16_t wire_get16(const void *at)
{
	const uint8_t *p = at;

	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t wire_get32(const void *at)
{
	return (uint32_t)wire_get16(at) << 16 | wire_get16((const uint8_t *)at + 2);
}

static inline void wire_put16(void *at, unsigned v)
{
	uint8_t *p = at;

	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void wire_put32(void *at, uint32_t v)
{
	wire_put16(at, v >> 16);
	wire_put16((uint8_t *)at + 2, v & 0xffff);
}

/* RFC 1071: adds len bytes to a running one's complement sum; wire_fold() ends it. */
static inline uint32_t wire_sum(uint32_t sum, const void *data, uint32_t len)
{
	const uint8_t *p = data;

	for (; len >= 2; p += 2, len -= 2) {
		sum += wire_get16(p);
		sum = (sum & 0xffff) + (sum >> 16);
	}
	if (len)
		sum += (uint32_t)p[0] << 8;
	return sum;
}

static inline uint16_t wire_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static inline int mac_equal(const uint8_t *a, const uint8_t *b)
{
	return !memcmp(a, b, 6);
}

static inline int mac_is_group(const uint8_t *mac)
{
	return mac[0] & 1;
}

static inline int mac_is_broadcast(const uint8_t *mac)
{
	return mac_equal(mac, (const uint8_t *)"\xff\xff\xff\xff\xff\xff");
}

#endif
