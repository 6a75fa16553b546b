/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is in a NIC's option ROM, which is 64 KiB: config/bios_common.c less what another program
 * can be fetched for, and less what needs hash functions - pxelinux, sha256sum, md5sum, HTTP's
 * Digest. A ROM for one NIC is this table with one driver.
 */
#include "config/common.h"
#include "config/system.h"
#include "core/bzimage.h"
#include "core/cmd.h"
#include "core/nbp.h"
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
	.http_digest = NULL,
	.say_ipxe = true,
};

static const struct image_type *const image_types[] = {
	&script_type,
	&bzimage_type,
	&nbp_type,
	NULL,
};

static const struct command *const commands[] = {
	/* network */
	&cmd_autoboot,
	&cmd_dhcp,
	&cmd_pxebs,
	&cmd_ifopen,
	&cmd_ifclose,
	&cmd_ifstat,
	&cmd_nslookup,
	/* images */
	&cmd_kernel,
	&cmd_initrd,
	&cmd_imgfetch,
	&cmd_chain,
	&cmd_imgargs,
	&cmd_imgfree,
	&cmd_imgstat,
	&cmd_imgselect,
	&cmd_imgload,
	&cmd_imgexec,
	&cmd_boot,
	/* script */
	&cmd_set,
	&cmd_clear,
	&cmd_show,
	&cmd_inc,
	&cmd_read,
	&cmd_isset,
	&cmd_iseq,
	&cmd_echo,
	&cmd_goto,
	&cmd_exit,
	&cmd_sleep,
	&cmd_prompt,
	&cmd_shell,
	&cmd_help,
	&cmd_log,
	&cmd_reboot,
	&cmd_poweroff,
	NULL,
};

const struct config config_bios = {
	.product = "Reveille",
	.version = REVEILLE_VERSION,
	.start = "autoboot",
	.services = common_services,
	.commands = commands,
	.image_types = image_types,
	.sources = common_sources,
	.drivers = drivers,
	.net = &net_config,
};
