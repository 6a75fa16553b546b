/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A whole booting computer as one value: both halves of the machine, and the tables of each target.
 */
#ifndef CONFIG_SYSTEM_H
#define CONFIG_SYSTEM_H

#include "core/machine.h"
#include "net/net.h"

struct system {
	struct machine m;
	struct net net;
};

extern const struct config config_bios; /* config/bios_common.c; in a ROM rom.c */
extern const struct config config_efi;	/* config/efi_common.c */
extern const struct config config_host; /* config/host.c: hosted program, simulator, tests */

/* Ties both halves together and inits them. The caller owns *s. 0 or negative error. */
static inline int system_init(
	struct system *s, const struct platform *plat, void *plat_ctx, const struct config *config)
{
	net_init(&s->net, &s->m, config->net);
	return machine_init(&s->m, &s->net, plat, plat_ctx, config);
}

#endif
