/* SPDX-License-Identifier: BSD-2-Clause */
/* What the firmware knows of each link's card, for those who offer the link to payloads. */
#include "arch/efi/efi.h"

static EFI_GUID path_guid = EFI_DEVICE_PATH_PROTOCOL_GUID;

struct efi_link efi_links[NETDEV_MAX];

void efi_link_add(struct netdev *dev, EFI_HANDLE card)
{
	efi_links[dev->index] =
		(struct efi_link){.dev = dev, .card = card, .path = handle_get(card, &path_guid)};
}
