/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables that all targets share. Each ends with NULL, the protocols with number 0. */
#ifndef CONFIG_COMMON_H
#define CONFIG_COMMON_H

#include "core/config.h"
#include "net/net.h"

extern const struct command *const common_commands[];
extern const struct setting_source *const common_sources[];
extern const struct service *const common_services[];
extern const struct ip_protocol common_protocols[];
extern const struct filler_ops *const common_schemes[];
extern const struct net_config common_net;
/* Each image's own: bios.c, pxe.c, kpxe.c; efi.c, snponly.c, efirom.c. */
extern const struct driver *const bios_drivers[], *const efi_drivers[];

#endif
