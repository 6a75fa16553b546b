/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The usual scene, so that tests read like sentences: one switch; one server (10.0.0.1/16) with
 * DHCP, TFTP and HTTP; three files - boot.ipxe, which loads vmlinuz and initrd.img and boots; nodes
 * with their links into the switch. Each part may be changed before lab_run() or while the clock
 * runs.
 *
 *	struct sim_lab *l = lab_new(seed, 100);
 *	for (...) lab_node(l, NULL);
 *	l->dhcp->conf.offer_delay_us = 200000;
 *	if (!lab_run(l, 60) || lab_trouble(l)) ...
 */
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include "dhcpd.h"
#include "httpd.h"
#include "node.h"
#include "switch.h"
#include "tftpd.h"

#define LAB_SERVER  IP4(10, 0, 0, 1)
#define LAB_MASK    0xffff0000u
#define LAB_POOL    IP4(10, 0, 1, 0)
#define LAB_SPARE   8u /* switch ports beside the nodes' */
#define LAB_URL	    "http://10.0.0.1/"
#define LAB_CMDLINE "console=ttyS0 quiet"

#define KERNEL_HEAD 0x2a0u /* bytes of a made kernel's header part */

struct sim_lab {
	struct sim_world *w;
	struct sim_switch *sw;
	struct sim_host *server;
	struct sim_link *server_link;
	struct sim_dhcpd *dhcp;
	struct sim_tftpd *tftp;
	struct sim_tcpd *tcp;
	struct sim_httpd *http; /* port 80, the same files */
	struct sim_file *script, *kernel,
		*initrd; /* in tftp's table: sizes and seeds may be changed */
	uint8_t kernel_head[KERNEL_HEAD];
	struct node_want want;	/* of all nodes that have none of their own */
	struct sim_fault fault; /* of the links that lab_node() makes */
	struct sim_node **node;
	struct sim_link **link; /* of each node's first NIC */
	unsigned nodes, nodes_max;
};

/* 1 Gbit/s links, a kernel of 300 kB, an initrd of 700 kB. max_ports: NICs of all nodes together.
 */
struct sim_lab *lab_new(uint64_t seed, unsigned max_ports);
void lab_free(struct sim_lab *l);

/* A further node; conf NULL: one NIC, autoboot. All its NICs are plugged into the switch unless
 * `unplugged`. */
struct sim_node *lab_node(struct sim_lab *l, const struct node_conf *conf);
struct sim_node *lab_node_unplugged(struct sim_lab *l, const struct node_conf *conf);
struct sim_link *lab_plug(struct sim_lab *l, struct sim_port *p);
/* A further host on the switch. */
struct sim_host *lab_host(struct sim_lab *l, const char *name, uint32_t ip);

/* The file becomes a bzImage of that size (protocol 2.15, relocatable, 16 MiB preferred). head:
 * KERNEL_HEAD bytes. */
void lab_make_kernel(struct sim_file *f, uint8_t *head, uint64_t size);
/* Replaces what boot.ipxe says. text is borrowed. */
void lab_script(struct sim_lab *l, const char *text);

/* The boot file is LAB_URL boot.ipxe: all files come by HTTP. */
void lab_http(struct sim_lab *l);

/* Runs until all nodes have ended, or for so many virtual seconds from now; whether they have. */
bool lab_run(struct sim_lab *l, uint64_t seconds);
/* Switches off what still runs, so that the books can be closed; then lab_trouble() knows of lost
 * packets too. */
void lab_close(struct sim_lab *l);
/* What is wrong: a violation, or a node that has not booted as wanted. NULL: nothing. Static
 * buffer. */
const char *lab_trouble(struct sim_lab *l);
/* The same, but nodes may have ended in any way. */
const char *lab_violation(struct sim_lab *l);

#endif
