/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What all BIOS images have, but the drivers: those are in each one's own file, bios.c, pxe.c,
 * kpxe.c. A NIC's option ROM has less: rom.c.
 */
#include "config/common.h"
#include "config/system.h"
#include "core/bzimage.h"
#include "core/nbp.h"
#include "embed.h"

static const struct image_type *const image_types[] = {
	&script_type,
	&bzimage_type,
	&nbp_type,
	NULL,
};

const struct config config_bios = {
	.product = "Reveille",
	.version = REVEILLE_VERSION,
	.start = "autoboot",
	.services = common_services,
	.commands = common_commands,
	.image_types = image_types,
	.sources = common_sources,
	.drivers = bios_drivers,
	.net = &common_net,
};
