/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every build has: the services in the order of their turns, protocols, URL schemes, image
 * types in the order they are asked, where settings come from, and the commands as `help` lists
 * them. What makes a target a target is in its own file: rom.c, bios.c, pxe.c, kpxe.c, host.c.
 */
#include "config/common.h"
#include "core/bzimage.h"
#include "core/cmd.h"
#include "core/machine.h"
#include "core/nbp.h"
#include "core/pe.h"
#include "net/http.h"
#include "net/http_auth.h"
#include "net/icmp.h"
#include "net/initrd_fetch.h"
#include "net/tcp.h"

static const struct service console_service = {.name = "console", .poll = console_poll};
static const struct service script_service = {.name = "script", .poll = script_poll};

const struct service *const common_services[] = {
	&console_service,
	&net_service,
	&script_service,
	NULL,
};

const struct ip_protocol common_protocols[] = {
	{IPPROTO_TCP, tcp_input, tcp_error},
	{IPPROTO_UDP, udp_input, udp_error},
	{IPPROTO_ICMP, icmp_input, NULL},
	{.number = 0},
};

const struct filler_ops *const common_schemes[] = {
	&http_scheme.ops,
	&tftp_filler,
	NULL,
};

const struct net_config common_net = {
	.protocols = common_protocols,
	.schemes = common_schemes,
	.dhcp = DHCP_TIMING_DEFAULT,
	.client_arch = 0, /* x86 BIOS; of hosted builds too: servers give them the same files */
	.http_digest = http_auth_response,
	.say_ipxe = true,
};

#ifdef __aarch64__
#define CLIENT_ARCH_EFI 11
#else
#define CLIENT_ARCH_EFI 7
#endif

const struct net_config efi_net = {
	.protocols = common_protocols,
	.schemes = common_schemes,
	.dhcp = DHCP_TIMING_DEFAULT,
	.client_arch = CLIENT_ARCH_EFI, /* RFC 4578 2.1 and IANA's list: UEFI on x64, on arm64 */
	.http_digest = http_auth_response,
	.initrd_open = initrd_late_open,
	.say_ipxe = true,
};

const struct image_type *const common_image_types[] = {
	&script_type,
	&bzimage_type,
	NULL,
};

/* And what needs a PC with a BIOS. */
const struct image_type *const bios_image_types[] = {
	&script_type,
	&bzimage_type,
	&nbp_type,
	NULL,
};

/* And what the firmware of a UEFI computer starts. */
const struct image_type *const efi_image_types[] = {
	&script_type,
	&pe_type,
	&pe_not_type,
	NULL,
};

const struct setting_source *const common_sources[] = {
	&net_settings,
	&builtin_settings,
	NULL,
};

const struct command *const common_commands[] = {
	/* network */
	&cmd_autoboot,
	&cmd_dhcp,
	&cmd_pxebs,
	&cmd_ifopen,
	&cmd_ifclose,
	&cmd_ifstat,
	&cmd_nslookup,
	&cmd_pxelinux,
	/* images */
	&cmd_kernel,
	&cmd_initrd,
	&cmd_imgfetch,
	&cmd_chain,
	&cmd_imgargs,
	&cmd_imgfree,
	&cmd_imgstat,
	&cmd_sha256sum,
	&cmd_md5sum,
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
