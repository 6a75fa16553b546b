/* SPDX-License-Identifier: BSD-2-Clause */
/* A lease that another program got for this link, and handed on with the machine. */
#ifndef NET_DHCP_ADOPT_H
#define NET_DHCP_ADOPT_H

#include <stdbool.h>
#include "core/bytes.h"

struct netdev;

/*
 * Makes the DHCPACK `ack` the lease of dev, an open link, without a packet, and dev the boot link.
 * reply: what a proxyDHCP or boot server has answered, or the same message once more, or no bytes.
 * net->self_uri becomes what they say to boot. Both are borrowed. False, and nothing has changed:
 * the ACK is malformed or not for this link.
 */
bool dhcp_adopt(struct netdev *dev, struct bytes ack, struct bytes reply);

#endif
