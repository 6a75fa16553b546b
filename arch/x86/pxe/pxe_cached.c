/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The DHCP messages that a network boot program may ask for: our DISCOVER, the ACK, and the PXE
 * server's answer, or the ACK again where there was none. All are of the same size, filled with
 * zeros; net/dhcp_cached.h says what is in them.
 */
#include "net/dhcp_cached.h"
#include "arch/x86/pxe/pxe.h"
#include "core/bytes.h"
#include "core/str.h"
#include "net/net.h"

void pxe_cached_make(struct pxe *p, const char *uri)
{
	const struct dhcp *d = &p->dev->net->dhcp[p->dev->index];
	const struct dhcp_msg *boot = dhcp_boot_msg(d);
	struct dhcp_request discover = {.type = DHCPDISCOVER};
	struct emit e = emit_to(p->base->packet[PXE_DISCOVER], PXE_CACHED_MAX);

	memset(p->base, 0, sizeof(*p->base));
	dhcp_compose(p->dev, &discover, &e);
	dhcp_cached(p->dev, &d->ack, uri, p->base->packet[PXE_ACK], PXE_CACHED_MAX);
	dhcp_cached(p->dev, boot ? boot : &d->ack, uri, p->base->packet[PXE_REPLY], PXE_CACHED_MAX);
	for (unsigned i = 0; i < PXE_PACKETS; i++)
		p->packet_n[i] = PXE_CACHED_MAX;
}
