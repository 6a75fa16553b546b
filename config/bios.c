/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is in the BIOS images: every ROM and reveille.lkrn. A ROM for one NIC is this table with one
 * driver.
 */
#include "config/commands.h"
#include "config/system.h"
#include "core/bzimage.h"
#include "drivers/drivers.h"
#include "embed.h"
#include "net/icmp.h"

static const struct driver *const drivers[] = {
	&driver_virtio_net,
	&driver_e1000,
	NULL,
};

static const struct ip_protocol protocols[] = {
	{IPPROTO_UDP, udp_input},
	{IPPROTO_ICMP, icmp_input},
	{0, NULL},
};

static const struct filler_ops *const schemes[] = {
	&tftp_filler,
	NULL,
};

static const struct image_type *const image_types[] = {
	&script_type,
	&bzimage_type,
	NULL,
};

static const struct setting_source *const sources[] = {
	&net_settings,
	&builtin_settings,
	NULL,
};

static const struct service console_service = {.name = "console", .poll = console_poll};
static const struct service script_service = {.name = "script", .poll = script_poll};

static const struct service *const services[] = {
	&console_service,
	&net_service,
	&script_service,
	NULL,
};

static const struct net_config net_config = {
	.protocols = protocols,
	.schemes = schemes,
	.dhcp = DHCP_TIMING_DEFAULT,
	.client_arch = 0, /* x86 BIOS */
	.say_ipxe = true,
};

const struct config config_bios = {
	.product = "Reveille",
	.version = REVEILLE_VERSION,
	.start = "autoboot",
	.services = services,
	.commands = commands_all,
	.image_types = image_types,
	.sources = sources,
	.drivers = drivers,
	.net = &net_config,
};
