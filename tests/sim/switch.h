/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A learning Ethernet switch (IEEE 802.1D-2004, 7.7-7.9): learns source addresses, forwards known
 * unicast to one port, floods broadcast, multicast and unknown unicast, keeps the addresses
 * 01-80-C2-00-00-0x to itself. Addresses age out; a full table learns no more and floods.
 *
 * A port may be made to block after link-up, as 802.1D spanning tree does (listening and learning,
 * 15 s each): until then nothing passes. With bpdu_us the switch sends rapid spanning tree BPDUs
 * (802.1D 9.3.3) whose flags show the port's state. It does not take part in spanning tree, knows
 * no VLANs and no IGMP snooping.
 */
#ifndef SIM_SWITCH_H
#define SIM_SWITCH_H

#include "link.h"

#define SWITCH_AGE_US	300000000u /* 802.1D table 7-5: 300 s */
#define SWITCH_MACS_MAX 8192u	   /* default size of the address table */

struct sim_switch_port;
struct sim_switch_entry;

struct sim_switch {
	struct sim_world *w;
	char name[24];
	struct sim_switch_port *port;
	unsigned ports;
	struct sim_switch_entry *table; /* open addressing, twice macs_max slots */
	uint32_t macs, macs_max;
	uint64_t age_us;	   /* may be set after switch_new() */
	uint64_t forward_delay_us; /* blocking time after link-up; set before links are made */
	uint64_t bpdu_us;	   /* period of BPDUs; 0: none */
	uint64_t flooded, forwarded, blocked;
};

struct sim_switch *switch_new(struct sim_world *w, const char *name, unsigned ports);
struct sim_port *switch_port(struct sim_switch *s, unsigned n);
struct sim_port *switch_free_port(
	struct sim_switch *s); /* one without a link; NULL when all are taken */
bool switch_forwards(const struct sim_switch *s, unsigned n);

#endif
