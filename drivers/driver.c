/* SPDX-License-Identifier: BSD-2-Clause */
/* Drivers that find their devices by themselves, see bus.h. The others are pci.c's affair. */
#include "core/config.h"
#include "core/machine.h"
#include "drivers/bus.h"
#include "net/net.h"

void drivers_probe(struct net *net)
{
	for (const struct driver *const *drv = net->m->config->drivers; *drv; drv++)
		if (!(*drv)->nids && (*drv)->probe(net, NULL))
			err_print(net->m, -ERR_NETDEV_OPEN);
}

void drivers_ready(struct net *net)
{
	for (const struct driver *const *drv = net->m->config->drivers; *drv; drv++)
		if ((*drv)->ready)
			(*drv)->ready(net);
}
