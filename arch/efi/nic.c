/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A link's child handle: what it has, and who may take it back. UEFI 10.3.4.8 (MAC address node),
 * 10.3.4.12 (vendor node), 7.3 (handles).
 *
 * The handle's path is the card's with the MAC behind it. The path of a card that is the firmware's
 * Simple Network Protocol ends with the MAC already, and no two handles have one path: there a
 * vendor node of ours follows.
 */
#include "arch/efi/nic.h"
#include "core/machine.h"

#define IF_ETHERNET 1 /* RFC 1700 */

static EFI_GUID guid_path = EFI_DEVICE_PATH_PROTOCOL_GUID;
static EFI_GUID guid_snp = EFI_SIMPLE_NETWORK_PROTOCOL_GUID;
static EFI_GUID guid_pxe = EFI_PXE_BASE_CODE_PROTOCOL_GUID;
static EFI_GUID guid_files = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
static EFI_GUID guid_load_file = EFI_LOAD_FILE_PROTOCOL_GUID;
static EFI_GUID guid_pci_io = EFI_PCI_IO_PROTOCOL_GUID;

/* -- device path ----------------------------------------------------------------------- */

struct node_mac {
	EFI_DEVICE_PATH head;
	uint8_t mac[32], type;
} __attribute__((packed));
_Static_assert(sizeof(struct node_mac) == 37, "UEFI 10.3.4.8");

struct node_vendor {
	EFI_DEVICE_PATH head;
	EFI_GUID guid;
};
_Static_assert(sizeof(struct node_vendor) == 20, "UEFI 10.3.4.12");

static EFI_DEVICE_PATH *path_of(const struct netdev *dev, const EFI_DEVICE_PATH *card)
{
	static const struct node_vendor ours = {
		{MESSAGING_DEVICE_PATH, MSG_VENDOR_DP, {sizeof(ours), 0}},
		{0x8a2f6f0e, 0x3b0d, 0x4e6b, {0x9c, 0x51, 0x72, 0x65, 0x76, 0x65, 0x69, 0x6c}}};
	struct node_mac mac = {
		{MESSAGING_DEVICE_PATH, MSG_MAC_ADDR_DP, {sizeof(mac), 0}}, {0}, IF_ETHERNET};

	if (devpath_find(card, MESSAGING_DEVICE_PATH, MSG_MAC_ADDR_DP))
		return devpath_append(card, &ours, sizeof(ours));
	memcpy(mac.mac, dev->mac.b, sizeof(dev->mac.b));
	return devpath_append(card, &mac, sizeof(mac));
}

/* -- parent ---------------------------------------------------------------------------- */

/* The card's driver has a child: who asks for the card finds it (UEFI 7.3.9). No card, no child. */
static void parent_open(struct efi_nic *nic, EFI_HANDLE card)
{
	void *io;

	if (!efi_bs->OpenProtocol(card, &guid_pci_io, &io, efi_image, nic->handle,
		    EFI_OPEN_PROTOCOL_BY_CHILD_CONTROLLER))
		nic->parent = card;
}

static void parent_close(struct efi_nic *nic)
{
	if (nic->parent)
		efi_bs->CloseProtocol(nic->parent, &guid_pci_io, efi_image, nic->handle);
	nic->parent = NULL;
}

/* -- open and close -------------------------------------------------------------------- */

static EFI_STATUS install(struct efi_nic *nic)
{
	return efi_bs->InstallMultipleProtocolInterfaces(&nic->handle, &guid_path, nic->path,
		&guid_snp, &nic->snp.proto, &guid_pxe, &nic->pxe.proto, &guid_files, &nic->files,
		nic->load_file ? &guid_load_file : NULL, nic->load_file, NULL);
}

/* All or nothing. */
static EFI_STATUS uninstall(struct efi_nic *nic)
{
	return efi_bs->UninstallMultipleProtocolInterfaces(nic->handle, &guid_path, nic->path,
		&guid_snp, &nic->snp.proto, &guid_pxe, &nic->pxe.proto, &guid_files, &nic->files,
		nic->load_file ? &guid_load_file : NULL, nic->load_file, NULL);
}

static EFI_STATUS nic_new(struct netdev *dev, struct efi_nic **out)
{
	EFI_STATUS status =
		efi_bs->AllocatePool(EfiBootServicesData, sizeof(struct efi_nic), (void **)out);

	if (status)
		return status;
	memset(*out, 0, sizeof(struct efi_nic));
	(*out)->dev = dev;
	return EFI_SUCCESS;
}

static void nic_free(struct efi_nic *nic)
{
	nic_snp_end(nic);
	nic_pxe_end(nic);
	nic_file_end(nic);
	if (nic->path)
		efi_bs->FreePool(nic->path);
	efi_bs->FreePool(nic);
}

EFI_STATUS efi_nic_open(
	struct netdev *dev, EFI_LOAD_FILE_INTERFACE *load_file, struct efi_nic **out)
{
	const struct efi_link *link = &efi_links[dev->index];
	struct efi_nic *nic;
	EFI_STATUS status;

	if (link->dev != dev)
		return EFI_NOT_FOUND;
	status = nic_new(dev, &nic);
	if (status)
		return status;
	nic->load_file = load_file;
	nic->path = path_of(dev, link->path);
	nic_pxe_init(nic);
	nic_file_init(nic);
	status = nic_snp_init(nic);
	if (!status)
		status = nic->path ? install(nic) : EFI_OUT_OF_RESOURCES;
	if (status) {
		nic_free(nic);
		return status;
	}
	parent_open(nic, link->card);
	*out = nic;
	return EFI_SUCCESS;
}

EFI_HANDLE efi_nic_handle(const struct efi_nic *nic)
{
	return nic->handle;
}

/*
 * The firmware's drivers let go when they are asked (UEFI 7.3.3), and shut the link down while they
 * do: all must still work then. The child is its parent's until it has gone: a handle that was
 * given back has no number any more by which to close it.
 */
EFI_STATUS efi_nic_close(struct efi_nic *nic)
{
	EFI_HANDLE card = nic->parent;

	parent_close(nic);
	if (uninstall(nic)) {
		if (card)
			parent_open(nic, card);
		return EFI_ACCESS_DENIED;
	}
	nic_free(nic);
	return EFI_SUCCESS;
}
