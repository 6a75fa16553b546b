/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is in a build: one const table, readable top-down, that names everything. A row pulls its
 * object out of the archive; nothing else decides what links. See config/rom.c, config/host.c.
 */
#ifndef CORE_CONFIG_H
#define CORE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct machine;
struct command;
struct image_type;
struct setting_source;
struct net_config; /* net/net.h: protocols, URL schemes, timings */
struct driver;	   /* drivers/bus.h */

/* Something that machine_poll() gives a bounded turn. */
struct service {
	const char *name;
	/* At start, and again after end() when what was started came back. May be NULL. */
	int (*init)(struct machine *m);
	/* A bounded turn. Returns when it wants the next, TIME_NEVER for none. */
	uint64_t (*poll)(struct machine *m);
	/* Before a payload starts. May be NULL. */
	void (*end)(struct machine *m);
	bool background; /* machine_wait() gives it turns while a payload runs */
};

struct config {
	const char *product; /* "Reveille" */
	const char *version;
	const char *start;		       /* script that runs when nothing else was given */
	const struct service *const *services; /* in the order of their turns; ends with NULL */
	const struct command *const *commands; /* ends with NULL */
	const struct image_type *const *image_types; /* asked in order; ends with NULL */
	const struct setting_source *const *sources; /* asked in order; ends with NULL */
	const struct driver *const *drivers;	     /* ends with NULL */
	const struct net_config *net;
};

#endif
