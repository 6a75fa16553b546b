/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is in snponly.efi: config/efi.c with one driver, the firmware's own of the card that it was
 * loaded from. Loaded from a disk it takes all cards that the firmware has drivers for.
 */
#include "config/common.h"
#include "config/system.h"
#include "drivers/drivers.h"
#include "embed.h"

static const struct driver *const drivers[] = {
	&driver_snponly,
	NULL,
};

const struct config config_efi = {
	.product = "Reveille",
	.version = REVEILLE_VERSION,
	.start = "autoboot",
	.services = common_services,
	.commands = common_commands,
	.image_types = efi_image_types,
	.sources = common_sources,
	.drivers = drivers,
	.net = &efi_net,
};
