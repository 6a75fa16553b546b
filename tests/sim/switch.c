/* SPDX-License-Identifier: BSD-2-Clause */
/* The learning switch of switch.h. */
#include "switch.h"

#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sim_switch_port {
	struct sim_switch *s;
	struct sim_port port;
	struct sim_event forward; /* ends the blocking time */
	struct sim_event bpdu;
	uint64_t up_us;
	bool forwards;
};

struct sim_switch_entry {
	uint8_t mac[6];
	uint16_t port;
	bool used;
	uint64_t seen_us;
};

/* ---- address table ---- */

/* The slot of mac, or the free one where it would go. The table is never more than half full. */
static struct sim_switch_entry *table_find(struct sim_switch *s, const uint8_t *mac)
{
	uint64_t slots = (uint64_t)s->macs_max * 2;
	uint64_t at = rand_mix((uint64_t)wire_get16(mac) << 32 | wire_get32(mac + 2)) % slots;

	while (s->table[at].used && !mac_equal(s->table[at].mac, mac))
		at = (at + 1) % slots;
	return &s->table[at];
}

static bool entry_is_old(const struct sim_switch *s, const struct sim_switch_entry *e)
{
	return s->w->now_us - e->seen_us > s->age_us;
}

/* Rebuilds the table without old entries, and without those of one port (or of none: port = ports).
 */
static void table_purge(struct sim_switch *s, unsigned port)
{
	struct sim_switch_entry *old = s->table;
	uint64_t slots = (uint64_t)s->macs_max * 2;

	s->table = sim_alloc((size_t)slots * sizeof(*s->table));
	s->macs = 0;
	for (uint64_t i = 0; i < slots; i++) {
		if (!old[i].used || old[i].port == port || entry_is_old(s, &old[i]))
			continue;
		*table_find(s, old[i].mac) = old[i];
		s->macs++;
	}
	free(old);
}

static void table_learn(struct sim_switch *s, const uint8_t *mac, unsigned port)
{
	struct sim_switch_entry *e;

	if (mac_is_group(mac))
		return;
	e = table_find(s, mac);
	if (!e->used) {
		if (s->macs >= s->macs_max) {
			table_purge(s, s->ports);
			e = table_find(s, mac);
		}
		if (s->macs >= s->macs_max)
			return;
		s->macs++;
	}
	e->used = true;
	e->port = (uint16_t)port;
	e->seen_us = s->w->now_us;
	memcpy(e->mac, mac, 6);
}

/* ---- frames ---- */

static void switch_out(struct sim_switch *s, unsigned n, struct sim_frame *f)
{
	if (port_up(&s->port[n].port) && s->port[n].forwards)
		port_send(&s->port[n].port, frame_ref(f));
}

static void switch_flood(struct sim_switch *s, unsigned from, struct sim_frame *f)
{
	s->flooded++;
	for (unsigned n = 0; n < s->ports; n++)
		if (n != from)
			switch_out(s, n, f);
}

static void switch_rx(void *ctx, struct sim_frame *f)
{
	struct sim_switch_port *from = ctx;
	struct sim_switch *s = from->s;
	unsigned n = (unsigned)(from - s->port);
	const struct sim_switch_entry *e;

	if (f->len < ETH_HEAD || !memcmp(f->data, "\x01\x80\xc2\x00\x00", 5))
		return;
	if (!from->forwards) {
		s->blocked++;
		return;
	}
	table_learn(s, f->data + 6, n);
	e = table_find(s, f->data);
	if (mac_is_group(f->data) || !e->used || entry_is_old(s, e)) {
		switch_flood(s, n, f);
	} else if (e->port != n) {
		s->forwarded++;
		switch_out(s, e->port, f);
	}
}

/* ---- port states ---- */

/* 802.1D 9.3.3: an RST BPDU from a designated port; flags bits 2-3 role, 4 learning, 5 forwarding.
 */
static void port_bpdu(void *ctx)
{
	struct sim_switch_port *p = ctx;
	uint64_t half = p->s->forward_delay_us / 2;
	struct sim_frame *f = frame_blank(ETH_MIN);
	bool learns = p->forwards || p->s->w->now_us - p->up_us >= half;
	unsigned flags = 3u << 2 | (unsigned)learns << 4 | (unsigned)p->forwards << 5;
	unsigned n = (unsigned)(p - p->s->port);
	const uint8_t bridge[8] = {0x80, 0, 2, 0, 0, 0xb, 0, 1};

	memcpy(f->data, "\x01\x80\xc2\x00\x00\x00\x02\x00\x00\x0b\x00\x01", 12);
	wire_put16(f->data + 12, 39); /* 802.3 length: LLC 3 + BPDU 36 */
	memcpy(f->data + 14, "\x42\x42\x03", 3);
	memcpy(f->data + 17, "\x00\x00\x02\x02", 4); /* protocol 0, version 2, type RST */
	f->data[21] = (uint8_t)flags;
	memcpy(f->data + 22, bridge, 8); /* root, path cost 0, then this bridge */
	memcpy(f->data + 34, bridge, 8);
	wire_put16(f->data + 42, 0x8000 | (n + 1));
	wire_put16(f->data + 46, 20 << 8); /* max age, hello time, forward delay: 1/256 s */
	wire_put16(f->data + 48, 2 << 8);
	wire_put16(f->data + 50, 15 << 8);
	port_send(&p->port, f);
	world_in(p->s->w, &p->bpdu, p->s->bpdu_us);
}

static void port_forward(void *ctx)
{
	struct sim_switch_port *p = ctx;

	p->forwards = true;
	world_trace(p->s->w, p->port.name, "forwarding");
}

static void switch_link_change(void *ctx, bool up)
{
	struct sim_switch_port *p = ctx;
	struct sim_switch *s = p->s;

	world_cancel(s->w, &p->forward);
	world_cancel(s->w, &p->bpdu);
	p->forwards = up && !s->forward_delay_us;
	p->up_us = s->w->now_us;
	if (!up)
		table_purge(s, (unsigned)(p - s->port));
	if (up && s->forward_delay_us)
		world_in(s->w, &p->forward, s->forward_delay_us);
	if (up && s->bpdu_us)
		world_in(s->w, &p->bpdu, 0);
}

/* ---- life ---- */

static void switch_end(void *thing)
{
	struct sim_switch *s = thing;

	for (unsigned n = 0; n < s->ports; n++) {
		world_cancel(s->w, &s->port[n].forward);
		world_cancel(s->w, &s->port[n].bpdu);
	}
	free(s->port);
	free(s->table);
	free(s);
}

struct sim_switch *switch_new(struct sim_world *w, const char *name, unsigned ports)
{
	struct sim_switch *s = sim_alloc(sizeof(*s));

	s->w = w;
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->ports = ports;
	s->age_us = SWITCH_AGE_US;
	s->macs_max = SWITCH_MACS_MAX;
	s->table = sim_alloc((size_t)s->macs_max * 2 * sizeof(*s->table));
	s->port = sim_alloc(ports * sizeof(*s->port));
	for (unsigned n = 0; n < ports; n++) {
		char port[48];

		snprintf(port, sizeof(port), "%s.%u", name, n);
		s->port[n].s = s;
		port_init(&s->port[n].port, w, port, switch_rx, switch_link_change, &s->port[n]);
		event_init(&s->port[n].forward, port_forward, &s->port[n]);
		event_init(&s->port[n].bpdu, port_bpdu, &s->port[n]);
	}
	world_own(w, s, switch_end);
	return s;
}

struct sim_port *switch_port(struct sim_switch *s, unsigned n)
{
	return n < s->ports ? &s->port[n].port : NULL;
}

struct sim_port *switch_free_port(struct sim_switch *s)
{
	for (unsigned n = 0; n < s->ports; n++)
		if (!s->port[n].port.link)
			return &s->port[n].port;
	return NULL;
}

bool switch_forwards(const struct sim_switch *s, unsigned n)
{
	return n < s->ports && s->port[n].forwards;
}
