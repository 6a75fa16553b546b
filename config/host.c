/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is in the hosted builds: the Linux program, the simulator, the tests. It has no drivers:
 * whoever makes the machine gives it its links.
 */
#include "config/common.h"
#include "config/system.h"
#include "core/bzimage.h"
#include "embed.h"

static const struct driver *const drivers[] = {
	NULL,
};

static const struct image_type *const image_types[] = {
	&script_type,
	&bzimage_type,
	NULL,
};

const struct config config_host = {
	.product = "Reveille",
	.version = REVEILLE_VERSION,
	.start = "shell",
	.services = common_services,
	.commands = common_commands,
	.image_types = image_types,
	.sources = common_sources,
	.drivers = drivers,
	.net = &common_net,
};
