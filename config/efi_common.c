/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What all UEFI programs have, but the drivers: those are in each one's own file, efi.c, snponly.c,
 * efirom.c.
 */
#include "config/common.h"
#include "config/system.h"
#include "core/pe.h"
#include "embed.h"
#include "net/http_auth.h"
#include "net/initrd_fetch.h"

#ifdef __aarch64__
#define CLIENT_ARCH 11
#else
#define CLIENT_ARCH 7
#endif

static const struct net_config net_config = {
	.protocols = common_protocols,
	.schemes = common_schemes,
	.dhcp = DHCP_TIMING_DEFAULT,
	.client_arch = CLIENT_ARCH, /* RFC 4578 2.1 and IANA's list: UEFI on x64, on arm64 */
	.http_digest = http_auth_response,
	.initrd_open = initrd_late_open,
	.say_ipxe = true,
};

static const struct image_type *const image_types[] = {
	&script_type,
	&pe_type,
	&pe_not_type,
	NULL,
};

const struct config config_efi = {
	.product = "Reveille",
	.version = REVEILLE_VERSION,
	.start = "autoboot",
	.services = common_services,
	.commands = common_commands,
	.image_types = image_types,
	.sources = common_sources,
	.drivers = efi_drivers,
	.net = &net_config,
};
