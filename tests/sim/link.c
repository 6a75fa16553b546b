/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames, ports and faulty links: see link.h. */
#include "link.h"

#include "pcap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A frame on its way to one port. */
struct sim_transit {
	struct sim_transit *next, **back;
	struct sim_event arrive;
	struct sim_link *l;
	unsigned way;
	struct sim_frame *f;
};

struct sim_cut {
	struct sim_cut *next;
	struct sim_event down, up;
};

/* ---- frames ---- */

struct sim_frame *frame_blank(uint32_t len)
{
	struct sim_frame *f;

	if (len > FRAME_MAX)
		len = FRAME_MAX;
	f = sim_alloc(sizeof(*f) + len);
	f->refs = 1;
	f->len = len;
	return f;
}

struct sim_frame *frame_new(const void *data, uint32_t len)
{
	struct sim_frame *f = frame_blank(len);

	if (f->len)
		memcpy(f->data, data, f->len);
	return f;
}

struct sim_frame *frame_ref(struct sim_frame *f)
{
	f->refs++;
	return f;
}

void frame_free(struct sim_frame *f)
{
	if (!--f->refs)
		free(f);
}

static struct sim_frame *frame_twin(const struct sim_frame *f)
{
	struct sim_frame *twin = frame_new(f->data, f->len);

	twin->damaged = f->damaged;
	twin->copy = f->copy;
	twin->by_server = f->by_server;
	return twin;
}

/* A frame that may be changed: f itself when nobody else holds it. Takes f. */
static struct sim_frame *frame_own(struct sim_frame *f)
{
	struct sim_frame *own;

	if (f->refs == 1)
		return f;
	own = frame_twin(f);
	frame_free(f);
	return own;
}

/* ---- one way of a link ---- */

/*
 * Flips bits of one aligned 16-bit word. The one's complement sum (RFC 1071) sees every such change
 * but 0000 <-> ffff, which is not made; flips in two words would cancel in one of 32 cases, and no
 * receiver could be blamed for that.
 */
static struct sim_frame *damage_bits(struct sim_frame *f, struct sim_rng *r)
{
	uint64_t flips = 1u << rand_below(r, 16);

	if (rand_chance(r, 500000))
		flips = 1 + rand_below(r, 0xfffe);
	f = frame_own(f);
	if (f->len >= 2) {
		uint64_t at = rand_below(r, f->len / 2) * 2;

		f->data[at] ^= (uint8_t)(flips >> 8);
		f->data[at + 1] ^= (uint8_t)flips;
	}
	f->damaged = true;
	return f;
}

static struct sim_frame *damage_length(struct sim_frame *f, struct sim_rng *r)
{
	f = frame_own(f);
	f->len = (uint32_t)rand_below(r, f->len);
	f->damaged = true;
	return f;
}

static uint64_t wire_ns(const struct sim_way *y, uint64_t bytes)
{
	return bytes * 8 * 1000000000u / y->fault.rate_bps;
}

/* Puts len bytes behind the queue; false when there is no room. done_us: when the last bit has
 * left. */
static bool way_enqueue(struct sim_way *y, uint64_t now_us, uint32_t len, uint64_t *done_us)
{
	uint64_t now_ns = now_us * 1000;
	uint64_t queue = y->fault.queue_bytes ? y->fault.queue_bytes : LINK_QUEUE_BYTES;

	*done_us = now_us;
	if (!y->fault.rate_bps)
		return true;
	if (y->busy_ns < now_ns)
		y->busy_ns = now_ns;
	if (y->busy_ns - now_ns + wire_ns(y, len) > wire_ns(y, queue))
		return false;
	y->busy_ns += wire_ns(y, len);
	*done_us = (y->busy_ns + 999) / 1000;
	return true;
}

static bool way_loses(struct sim_way *y, uint64_t now_us)
{
	const struct sim_fault *a = &y->fault;
	bool lost = rand_chance(&y->rng, a->loss_ppm);

	if (rand_chance(&y->rng, a->burst_enter_ppm) && now_us >= y->bad_us)
		y->bad_us = now_us + rand_below(&y->rng, 2ull * a->burst_us);
	if (rand_chance(&y->rng, a->burst_loss_ppm) && now_us < y->bad_us)
		lost = true;
	return lost;
}

static uint64_t way_arrival(struct sim_way *y, uint64_t sent_us)
{
	uint64_t at =
		sent_us + y->fault.delay_us + rand_below(&y->rng, (uint64_t)y->fault.jitter_us + 1);

	if (rand_chance(&y->rng, y->fault.reorder_ppm)) {
		y->reordered++;
		return at + 1 + rand_below(&y->rng, y->fault.reorder_us);
	}
	if (at < y->last_us)
		at = y->last_us;
	y->last_us = at;
	return at;
}

static void transit_end(struct sim_transit *t)
{
	world_cancel(t->l->w, &t->arrive);
	*t->back = t->next;
	if (t->next)
		t->next->back = t->back;
	frame_free(t->f);
	free(t);
}

static void transit_arrive(void *ctx)
{
	struct sim_transit *t = ctx;
	struct sim_port *to = t->l->end[!t->way];
	struct sim_frame *f = frame_ref(t->f);

	t->l->way[t->way].delivered++;
	transit_end(t);
	to->rx_frames++;
	to->rx_bytes += f->len;
	if (to->pcap)
		pcap_write(to->pcap, to->w->now_us, f->data, f->len);
	to->rx(to->ctx, f);
	frame_free(f);
}

static void transit_start(struct sim_link *l, unsigned way, struct sim_frame *f, uint64_t at_us)
{
	struct sim_transit *t = sim_alloc(sizeof(*t));

	t->l = l;
	t->way = way;
	t->f = f;
	t->next = l->transit;
	t->back = &l->transit;
	if (t->next)
		t->next->back = &t->next;
	l->transit = t;
	event_init(&t->arrive, transit_arrive, t);
	world_at(l->w, &t->arrive, at_us);
}

static void link_carry(struct sim_link *l, unsigned way, struct sim_frame *f)
{
	struct sim_way *y = &l->way[way];
	uint64_t sent_us;

	if (!way_enqueue(y, l->w->now_us, f->len, &sent_us)) {
		l->w->lossy = true;
		y->dropped++;
		frame_free(f);
		return;
	}
	if (way_loses(y, l->w->now_us)) {
		y->lost++;
		frame_free(f);
		return;
	}
	if (rand_chance(&y->rng, y->fault.corrupt_ppm))
		f = damage_bits(f, &y->rng);
	if (rand_chance(&y->rng, y->fault.truncate_ppm))
		f = damage_length(f, &y->rng);
	y->damaged += f->damaged;
	if (rand_chance(&y->rng, y->fault.dup_ppm)) {
		struct sim_frame *twin = frame_twin(f);

		y->duplicated++;
		twin->copy = true;
		transit_start(l, way, twin, way_arrival(y, sent_us));
	}
	transit_start(l, way, f, way_arrival(y, sent_us));
}

/* ---- ports ---- */

void port_init(struct sim_port *p, struct sim_world *w, const char *name,
	void (*rx)(void *ctx, struct sim_frame *f), void (*link_change)(void *ctx, bool up),
	void *ctx)
{
	memset(p, 0, sizeof(*p));
	p->w = w;
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->rx = rx;
	p->link_change = link_change;
	p->ctx = ctx;
}

bool port_up(const struct sim_port *p)
{
	return p->link && p->link->up;
}

uint64_t port_backlog_us(const struct sim_port *p)
{
	uint64_t busy_us = port_up(p) ? p->link->way[p->side].busy_ns / 1000 : 0;

	return busy_us > p->w->now_us ? busy_us - p->w->now_us : 0;
}

void port_send(struct sim_port *p, struct sim_frame *f)
{
	if (!port_up(p)) {
		p->tx_lost++;
		frame_free(f);
		return;
	}
	p->tx_frames++;
	p->tx_bytes += f->len;
	if (p->pcap)
		pcap_write(p->pcap, p->w->now_us, f->data, f->len);
	link_carry(p->link, p->side, f);
}

/* ---- links ---- */

static void link_end(void *thing)
{
	struct sim_link *l = thing;

	while (l->transit)
		transit_end(l->transit);
	while (l->cuts) {
		struct sim_cut *c = l->cuts;

		l->cuts = c->next;
		world_cancel(l->w, &c->down);
		world_cancel(l->w, &c->up);
		free(c);
	}
	l->end[0]->link = NULL;
	l->end[1]->link = NULL;
	free(l);
}

static void link_tell(struct sim_link *l)
{
	for (unsigned i = 0; i < 2; i++)
		if (l->end[i]->link_change)
			l->end[i]->link_change(l->end[i]->ctx, l->up);
}

struct sim_link *link_new(
	struct sim_world *w, struct sim_port *a, struct sim_port *b, const struct sim_fault *fault)
{
	struct sim_link *l = sim_alloc(sizeof(*l));
	struct sim_port *end[2] = {a, b};

	l->w = w;
	l->up = true;
	for (unsigned i = 0; i < 2; i++) {
		l->end[i] = end[i];
		end[i]->link = l;
		end[i]->side = i;
		world_stream(w, &l->way[i].rng);
	}
	if (fault)
		link_set_fault(l, fault);
	world_own(w, l, link_end);
	link_tell(l);
	return l;
}

void link_set_fault(struct sim_link *l, const struct sim_fault *fault)
{
	l->way[0].fault = *fault;
	l->way[1].fault = *fault;
	if (fault->loss_ppm || fault->burst_enter_ppm || fault->corrupt_ppm || fault->truncate_ppm)
		l->w->lossy = true;
}

void link_set_up(struct sim_link *l, bool up)
{
	if (l->up == up)
		return;
	l->up = up;
	l->w->lossy |= !up;
	while (!up && l->transit) {
		l->way[l->transit->way].lost++;
		transit_end(l->transit);
	}
	for (unsigned i = 0; i < 2; i++) {
		l->way[i].busy_ns = 0;
		l->way[i].last_us = 0;
	}
	link_tell(l);
}

static void cut_down(void *ctx)
{
	link_set_up(ctx, false);
}

static void cut_up(void *ctx)
{
	link_set_up(ctx, true);
}

void link_cut(struct sim_link *l, uint64_t down_us, uint64_t up_us)
{
	struct sim_cut *c = sim_alloc(sizeof(*c));

	c->next = l->cuts;
	l->cuts = c;
	event_init(&c->down, cut_down, l);
	event_init(&c->up, cut_up, l);
	world_at(l->w, &c->down, down_us);
	if (up_us != WORLD_NEVER)
		world_at(l->w, &c->up, up_us);
}
