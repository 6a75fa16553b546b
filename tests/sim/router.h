/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A router between two segments with a DHCP relay agent (RFC 1542 section 4, RFC 2131 4.1).
 *
 * side[0] is where the clients are, side[1] where the server is. IP packets for the other side's
 * network are forwarded with their time to live lowered; it sends no ICMP errors and has no other
 * routes. The relay passes broadcasts of clients to `server` and its answers back, as the client's
 * broadcast flag asks.
 */
#ifndef SIM_ROUTER_H
#define SIM_ROUTER_H

#include "host.h"

struct sim_router {
	struct sim_host *side[2];
	uint32_t server; /* of DHCP; 0: no relay */
	uint64_t forwarded, relayed, returned;
};

/* Two hosts of the world become a router; each needs a link of its own. */
struct sim_router *router_new(struct sim_world *w, uint32_t client_side_ip, uint32_t server_side_ip,
	uint32_t mask, uint32_t dhcp_server);

#endif
