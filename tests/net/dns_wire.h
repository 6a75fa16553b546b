/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DNS messages put together byte by byte, right or wrong as the test says. Shares nothing with
 * net/dns_msg.c. Header only.
 */
#ifndef TESTS_NET_DNS_WIRE_H
#define TESTS_NET_DNS_WIRE_H

#include <stdint.h>
#include <string.h>

enum { W_A = 1, W_NS = 2, W_CNAME = 5, W_TXT = 16, W_AAAA = 28, W_IN = 1, W_CH = 3 };
enum { W_ANSWER = 0x8180, W_AA = 0x0400, W_TC = 0x0200 }; /* QR, RD, RA */

#define W_QUESTION 12 /* where the question's name lies: most owners point there */

struct dmsg {
	uint8_t b[8192];
	uint32_t n;
	uint32_t len_at; /* of the record that is being written */
};

static inline void dmsg_u8(struct dmsg *d, unsigned v)
{
	d->b[d->n++] = (uint8_t)v;
}

static inline void dmsg_u16(struct dmsg *d, unsigned v)
{
	dmsg_u8(d, v >> 8);
	dmsg_u8(d, v);
}

static inline void dmsg_u32(struct dmsg *d, uint32_t v)
{
	dmsg_u16(d, v >> 16);
	dmsg_u16(d, v);
}

/* The labels of "a.b" without an end, so that a pointer may follow. */
static inline void dmsg_labels(struct dmsg *d, const char *name)
{
	while (*name) {
		size_t n = strcspn(name, ".");

		dmsg_u8(d, (unsigned)n);
		memcpy(d->b + d->n, name, n);
		d->n += (uint32_t)n;
		name += n + (name[n] == '.');
	}
}

static inline void dmsg_name(struct dmsg *d, const char *name)
{
	dmsg_labels(d, name);
	dmsg_u8(d, 0);
}

static inline void dmsg_pointer(struct dmsg *d, unsigned to)
{
	dmsg_u16(d, 0xc000 | to);
}

static inline void dmsg_count(struct dmsg *d, unsigned answers)
{
	d->b[6] = (uint8_t)(answers >> 8);
	d->b[7] = (uint8_t)answers;
}

/* Header and question. */
static inline struct dmsg dmsg_to(unsigned id, unsigned flags, const char *name, unsigned type)
{
	struct dmsg d = {.n = 0};

	dmsg_u16(&d, id);
	dmsg_u16(&d, flags);
	dmsg_u16(&d, 1);
	for (int i = 0; i < 3; i++)
		dmsg_u16(&d, 0);
	dmsg_name(&d, name);
	dmsg_u16(&d, type);
	dmsg_u16(&d, W_IN);
	return d;
}

/* What follows the owner, up to the data, whose length dmsg_end() fills in; counts the record. */
static inline void dmsg_record(struct dmsg *d, unsigned type, uint32_t ttl)
{
	dmsg_u16(d, type);
	dmsg_u16(d, W_IN);
	dmsg_u32(d, ttl);
	d->len_at = d->n;
	dmsg_u16(d, 0);
	dmsg_count(d, (unsigned)(d->b[6] << 8 | d->b[7]) + 1);
}

static inline void dmsg_end(struct dmsg *d)
{
	uint32_t n = d->n - d->len_at - 2;

	d->b[d->len_at] = (uint8_t)(n >> 8);
	d->b[d->len_at + 1] = (uint8_t)n;
}

/* owner NULL: the question's name, by a pointer. */
static inline void dmsg_owner(struct dmsg *d, const char *owner)
{
	if (owner)
		dmsg_name(d, owner);
	else
		dmsg_pointer(d, W_QUESTION);
}

static inline void dmsg_a(struct dmsg *d, const char *owner, uint32_t ttl, uint32_t ip)
{
	dmsg_owner(d, owner);
	dmsg_record(d, W_A, ttl);
	dmsg_u32(d, ip);
	dmsg_end(d);
}

static inline void dmsg_cname(struct dmsg *d, const char *owner, uint32_t ttl, const char *target)
{
	dmsg_owner(d, owner);
	dmsg_record(d, W_CNAME, ttl);
	dmsg_name(d, target);
	dmsg_end(d);
}

#endif
