/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is in the BIOS images: every ROM and reveille.lkrn. A ROM for one NIC is this table with one
 * driver.
 */
#include "config/common.h"
#include "config/system.h"
#include "drivers/drivers.h"
#include "embed.h"

static const struct driver *const drivers[] = {
	&driver_virtio_net,
	&driver_e1000,
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
