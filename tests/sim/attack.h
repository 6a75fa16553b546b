/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An attacker on the lab's switch: a host that does something again and again while the first node
 * boots. It knows the node's MAC and the address that it will get, and hears the node's broadcasts.
 */
#ifndef SIM_ATTACK_H
#define SIM_ATTACK_H

#include "scenario.h"

#define ATTACK_IP	 IP4(10, 0, 0, 66)
#define ATTACK_VICTIM_IP LAB_POOL /* of the first node that asks */

struct sim_attack {
	struct sim_lab *l;
	struct sim_host *h;
	struct sim_event next;
	uint64_t every_us;
	unsigned n;	       /* number of this stroke, from 0 */
	const uint8_t *victim; /* MAC of the first node */
	void (*fn)(struct sim_attack *a);
};

/* fn is called every so many microseconds, as long as the world runs. The node must have been made.
 */
struct sim_attack *attack_new(
	struct sim_lab *l, uint64_t every_us, void (*fn)(struct sim_attack *a));
/* A frame to the victim with this Ethernet type. */
void attack_frame(struct sim_attack *a, uint16_t type, const void *payload, uint32_t len);
/* An IP packet to the victim, as if from src_ip. */
void attack_ip(struct sim_attack *a, struct host_ip ip, const void *payload, uint32_t len);

#endif
