/* SPDX-License-Identifier: BSD-2-Clause */
/* What the firmware knows of each link's card, for those who offer the link to payloads. */
#include "arch/efi/efi.h"
#include "core/str.h"

struct efi_link efi_links[NETDEV_MAX];

void efi_link_add(struct netdev *dev, EFI_HANDLE card)
{
	efi_links[dev->index] = (struct efi_link){
		.dev = dev, .card = card, .path = handle_get(card, &efi_guid_path)};
}

struct netdev *efi_link_find(struct net *net, const uint8_t mac[6])
{
	for (unsigned i = 0; i < net->ndev; i++)
		if (!memcmp(net->dev[i].mac.b, mac, sizeof(net->dev[i].mac.b)))
			return &net->dev[i];
	return NULL;
}
