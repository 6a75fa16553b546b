/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The DHCP messages that a PXE ROM or UEFI firmware keeps for the program that it has loaded (PXE
 * 2.1, 3.3.3.4; UEFI 24.3), made anew from what we know.
 *
 * They tell what was really loaded: server and file are those of the URL, whatever DHCP said, and
 * another URL than TFTP's is itself the file (so does Etherboot's descendant, and PXELINUX knows).
 * One that is too long for the field is option 67. Options 209 and 210 (RFC 5071) are the settings
 * of these names, wherever they come from. What finds no room is left out.
 */
#ifndef NET_DHCP_CACHED_H
#define NET_DHCP_CACHED_H

#include <stddef.h>
#include <stdint.h>
#include "net/dhcp.h"

#define DHCP_FILE_AT 108 /* in a message: the boot file's name, 128 bytes (RFC 2131, section 2) */

/*
 * Fills packet, size bytes (300 at least), with a server's message of dev's lease as it would have
 * been if it had named uri (NULL: it did name it).
 */
void dhcp_cached(const struct netdev *dev, const struct dhcp_msg *msg, const char *uri,
	uint8_t *packet, size_t size);

#endif
