/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a device path says of the link and the file that a program was booted from. UEFI 10.3.4; the
 * paths that the firmware's PXE and HTTP Boot make are in 24.3.1 and 24.7.3.1.
 */
#ifndef ARCH_EFI_BOOT_PATH_H
#define ARCH_EFI_BOOT_PATH_H

#include <stdbool.h>
#include "config/limits.h"
#include "core/bytes.h"
#include "net/addr.h"

struct boot_path {
	bool is_net; /* from a server, over the card of this MAC: not from an iSCSI disk */
	bool is_vlan;
	bool is_ip6;
	struct mac mac;
	struct ip_addr local, remote, gateway, mask; /* 0.0.0.0 when not said */
	struct ip_addr dns[DNS_SERVER_MAX];
	unsigned ndns;
	char uri[URL_MAX]; /* "" when there is none, or none that we can name */
};

/*
 * Adds to *bp what the nodes say; begin with zeros. A node that is malformed ends it, a path
 * without an end node is forgiven.
 */
void boot_path_parse(struct bytes nodes, struct boot_path *bp);
/*
 * HTTP Boot keeps none of its DHCP packets, so this writes the DHCPACK that its server could have
 * sent, of an HTTP server that is also the DHCP server. False: the path has no address for that.
 */
bool boot_path_ack(const struct boot_path *bp, struct emit *e);

#endif
