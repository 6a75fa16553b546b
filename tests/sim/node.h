/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A simulated computer that runs the firmware: memory, clock, keyboard, console and NICs for one
 * `struct system`.
 *
 * Every byte that the firmware writes into an image is compared at once with the file that the
 * image's URI names. A node's memory either keeps the bytes (pages are made when first written) or,
 * when sparse, keeps nothing and reads back from the files' generators, so that a thousand nodes
 * can fetch a GiB each.
 *
 * What is checked, each breach being a violation in the world's list: bytes as in the file, memory
 * writes only inside of an image that is being filled, no control characters on the console but CR,
 * LF and BS, no endless turn without progress, and when the node ends: all packets back in the
 * pool. A Linux boot request is checked against node_conf.want without the firmware's help
 * (node_boot.c).
 */
#ifndef SIM_NODE_H
#define SIM_NODE_H

#include "link.h"
#include "tftpd.h"

#define NODE_NICS_MAX	 8u
#define NODE_INITRDS_MAX 4u
#define NODE_FILES_MAX	 16u
#define NODE_CONSOLE_MAX 65536u /* bytes kept; what comes later is counted */
#define NODE_PAGE	 65536u
#define NODE_SELF	 0x400000u /* at the top of memory, where the firmware says that it lies */

struct node_key {
	uint64_t at_us;
	int key;
};

/* What must be started; owned by the test, outlives the node. */
struct node_want {
	const struct sim_file *kernel;
	const char *cmdline; /* NULL: any */
	const struct sim_file *initrd[NODE_INITRDS_MAX];
	const char
		*path[NODE_INITRDS_MAX]; /* name in the cpio around it; NULL: the file as it is */
	unsigned initrds;
};

struct node_conf {
	const char *script; /* borrowed; NULL: "autoboot" */
	unsigned nics;	    /* 0: one */
	uint64_t memory;    /* bytes; 0: 512 MiB */
	bool sparse;
	uint64_t on_us;	  /* when it is switched on */
	uint64_t turn_us; /* what a turn of the loop takes; 0: 5 us */
	unsigned ring;	  /* receive slots of a NIC; 0: as many as the firmware wants */
	uint16_t mtu;	  /* of the NICs; 0: the firmware's default */
	bool promiscuous; /* its NICs pass on frames for others */
	bool no_uuid;
	bool jitter_only;	     /* its entropy is 32 bits of clock noise */
	const struct node_key *keys; /* typed at these times, in order */
	unsigned keys_len;
	struct sim_tftpd *files[2];   /* who has the files: what is fetched must be theirs */
	const struct node_want *want; /* NULL: a boot request is not looked into */
};

enum node_state {
	NODE_OFF,
	NODE_RUNNING,
	NODE_BOOTED,
	NODE_EXITED,
	NODE_REBOOTED,
	NODE_POWERED_OFF
};

struct system;
struct sim_node;

struct node_nic {
	struct sim_node *n;
	unsigned index;
	struct sim_port port;
	uint8_t mac[6];
	bool open;
	struct sim_frame *ring[1024];
	unsigned head, waiting, slots;
	uint64_t overruns, unheard; /* frames for which the ring was full, or the NIC closed */
};

struct sim_node {
	struct sim_world *w;
	char name[16];
	struct node_conf conf;
	struct system *sys;
	struct node_nic nic[NODE_NICS_MAX];
	unsigned nics;
	struct sim_rng rng;
	uint8_t uuid[16];
	uint8_t **page; /* memory that was written */
	struct sim_event turn;
	uint64_t wake_us; /* when turn is due; WORLD_NEVER: not */
	uint64_t busy_us; /* the last turn is over then */
	unsigned next_key;
	enum node_state state;
	int exit_code;	   /* NODE_EXITED */
	bool booted_right; /* NODE_BOOTED: as node_conf.want says */
	uint64_t end_us;
	uint64_t turns, idle_streak;
	uint64_t written, unknown; /* bytes put into images; those of no known file among them */
	struct node_filled {
		const struct sim_file *file;
		uint32_t seq; /* of the image */
		struct node_part {
			uint64_t from, to;
		} * part; /* sorted, apart */
		size_t parts, cap;
	} filled[NODE_FILES_MAX]; /* what was put of each file in its last transfer */
	char *console;
	uint32_t console_len;
	uint64_t console_lost;
};

/* Number `number` in the world gives its name and MACs: 02-4e-00-nn-nn-ii. Switched on at
 * conf->on_us. */
struct sim_node *node_new(struct sim_world *w, unsigned number, const struct node_conf *conf);
struct sim_port *node_port(struct sim_node *n, unsigned nic);
/* Ends a node that still runs, so that its packets can be counted. Nothing when it has ended by
 * itself. */
void node_off(struct sim_node *n);

/* The console's text up to now. */
bool node_says(const struct sim_node *n, const char *text);
uint32_t node_ip(const struct sim_node *n, unsigned nic); /* 0: none */
int node_error(const struct sim_node *n); /* code of the last reported error, 0 for none */

/* Counters of a link that tests look at. */
struct node_counts {
	uint64_t rx, tx;
	uint32_t bad_eth, bad_arp, bad_ip, bad_icmp, bad_udp, no_port, ignored;
};
struct node_counts node_counts(const struct sim_node *n, unsigned nic);

/* node_boot.c: compares a Linux boot request with n->conf.want; false and a violation when it
 * differs. */
struct boot_request;
bool node_boot_check(struct sim_node *n, const struct boot_request *req);
/* node.c, for it: bytes of memory as they are now. */
void node_read(struct sim_node *n, uint64_t phys, void *to, size_t len);
const struct sim_file *node_file(const struct sim_node *n, const char *uri);
uint64_t node_filled(const struct sim_node *n, const struct sim_file *f);

#endif
