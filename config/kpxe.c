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

const struct config config_bios = {
	.product = "Reveille",
	.version = REVEILLE_VERSION,
	.start = "autoboot",
	.services = common_services,
	.commands = common_commands,
	.image_types = bios_image_types,
	.sources = common_sources,
	.drivers = drivers,
	.net = &common_net,
};
