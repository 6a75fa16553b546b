/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is in the UEFI half of a NIC's option ROM: config/efi.c with the drivers that bind to a card
 * of their own. It is a driver (arch/efi/driver.c): the firmware says when.
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
