/* SPDX-License-Identifier: BSD-2-Clause */
/* The attacker of attack.h. */
#include "attack.h"

#include <stdlib.h>

static void attack_stroke(void *ctx)
{
	struct sim_attack *a = ctx;

	a->fn(a);
	a->n++;
	world_in(a->l->w, &a->next, a->every_us);
}

static void attack_end(void *thing)
{
	struct sim_attack *a = thing;

	world_cancel(a->l->w, &a->next);
	free(a);
}

struct sim_attack *attack_new(
	struct sim_lab *l, uint64_t every_us, void (*fn)(struct sim_attack *a))
{
	struct sim_attack *a = sim_alloc(sizeof(*a));

	a->l = l;
	a->h = lab_host(l, "attacker", ATTACK_IP);
	a->every_us = every_us;
	a->victim = l->node[0]->nic[0].mac;
	a->fn = fn;
	event_init(&a->next, attack_stroke, a);
	world_in(l->w, &a->next, every_us);
	world_own(l->w, a, attack_end);
	return a;
}

void attack_frame(struct sim_attack *a, uint16_t type, const void *payload, uint32_t len)
{
	uint8_t frame[2048];

	memcpy(frame, a->victim, 6);
	memcpy(frame + 6, a->h->mac, 6);
	wire_put16(frame + 12, type);
	if (len)
		memcpy(frame + ETH_HEAD, payload, len);
	host_send_frame(a->h, frame, ETH_HEAD + len);
}

void attack_ip(struct sim_attack *a, struct host_ip ip, const void *payload, uint32_t len)
{
	ip.dst_mac = a->victim;
	if (!ip.dst_ip)
		ip.dst_ip = ATTACK_VICTIM_IP;
	if (!ip.ttl)
		ip.ttl = 64;
	host_send_ip(a->h, &ip, payload, len);
}
