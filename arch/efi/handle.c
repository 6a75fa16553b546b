/* SPDX-License-Identifier: BSD-2-Clause */
/* The firmware's handles: what they have, and who uses it. UEFI 7.3. */
#include "arch/efi/efi.h"

EFI_GUID efi_guid_loaded = EFI_LOADED_IMAGE_PROTOCOL_GUID;
EFI_GUID efi_guid_path = EFI_DEVICE_PATH_PROTOCOL_GUID;
EFI_GUID efi_guid_pci = EFI_PCI_IO_PROTOCOL_GUID;
EFI_GUID efi_guid_snp = EFI_SIMPLE_NETWORK_PROTOCOL_GUID;

void *handle_get(EFI_HANDLE handle, EFI_GUID *guid)
{
	void *interface;

	return EFI_ERROR(efi_bs->HandleProtocol(handle, guid, &interface)) ? NULL : interface;
}

bool handle_is_used(EFI_HANDLE handle, EFI_GUID *guid, EFI_HANDLE by, UINT32 how)
{
	EFI_OPEN_PROTOCOL_INFORMATION_ENTRY *users;
	bool used = false;
	UINTN n;

	if (EFI_ERROR(efi_bs->OpenProtocolInformation(handle, guid, &users, &n)))
		return false;
	for (UINTN i = 0; i < n; i++)
		used |= (!by || users[i].AgentHandle == by) && (users[i].Attributes & how);
	efi_bs->FreePool(users);
	return used;
}
