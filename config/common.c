/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every build has: the services in the order of their turns, protocols, URL schemes, where
 * settings come from, and the commands as `help` lists them. What makes a target a target is in its
 * own file: bios_common.c with bios.c, pxe.c and kpxe.c; rom.c; efi_common.c with efi.c, snponly.c
 * and efirom.c; host.c.
 */
#include "config/common.h"
#include "core/cmd.h"
#include "core/machine.h"
#include "net/http.h"
#include "net/http_auth.h"
#include "net/icmp.h"
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
