/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is in reveille.kpxe: config/bios.c with one driver, the PXE ROM's own. It works with every
 * card that has such a ROM.
 */
#include "config/common.h"
#include "config/system.h"
#include "drivers/drivers.h"
#include "embed.h"

static const struct driver *const drivers[] = {
	&driver_undi,
	NULL,
};

static const struct net_config net_config = {
	.protocols = common_protocols,
	.schemes = common_schemes,
	.dhcp = DHCP_TIMING_DEFAULT,
	.client_arch = 0, /* x86 BIOS */
	.say_ipxe = true,
};

const struct config config_bios = {
	.product = "Reveille",
	.version = REVEILLE_VERSION,
	.start = "autoboot",
	.services = common_services,
	.commands = common_commands,
	.image_types = common_image_types,
	.sources = common_sources,
	.drivers = drivers,
	.net = &net_config,
};
