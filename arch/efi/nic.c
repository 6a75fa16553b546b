/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A link's child handle: what it has, and who may take it back. UEFI 10.3.4 (MAC address and vendor
 * node), 7.3 (handles).
 *
 * The handle's path is the card's with the MAC behind it. The path of a card that is the firmware's
 * Simple Network Protocol ends with the MAC already, and no two handles have one path: there a
 * vendor node of ours follows.
 *
 * An option ROM's child stands for as long as the card is ours, and has no more than the boot menu
 * and the firmware's network stack look for: a file system would be listed as a disk. While a
 * payload runs, it has the rest, too.
 */
#include "arch/efi/nic.h"
#include "core/machine.h"

static EFI_GUID guid_pxe = EFI_PXE_BASE_CODE_PROTOCOL_GUID;
static EFI_GUID guid_files = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
static EFI_GUID guid_load_file = EFI_LOAD_FILE_PROTOCOL_GUID;

/* -- device path ----------------------------------------------------------------------- */

struct node_mac {
	EFI_DEVICE_PATH head;
	uint8_t mac[32], type;
} __attribute__((packed));
_Static_assert(sizeof(struct node_mac) == 37, "UEFI 10.3.4, MAC address");

struct node_vendor {
	EFI_DEVICE_PATH head;
	EFI_GUID guid;
};
_Static_assert(sizeof(struct node_vendor) == 20, "UEFI 10.3.4, vendor-defined");

static EFI_DEVICE_PATH *path_of(const struct netdev *dev, const EFI_DEVICE_PATH *card)
{
	static const struct node_vendor ours = {
		{MESSAGING_DEVICE_PATH, MSG_VENDOR_DP, {sizeof(ours), 0}},
		{0x8a2f6f0e, 0x3b0d, 0x4e6b, {0x9c, 0x51, 0x72, 0x65, 0x76, 0x65, 0x69, 0x6c}}};
	struct node_mac mac = {
		{MESSAGING_DEVICE_PATH, MSG_MAC_ADDR_DP, {sizeof(mac), 0}}, {0}, NIC_IF_ETHERNET};

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

	if (!efi_bs->OpenProtocol(card, &efi_guid_pci, &io, efi_image, nic->handle,
		    EFI_OPEN_PROTOCOL_BY_CHILD_CONTROLLER))
		nic->parent = card;
}

static void parent_close(struct efi_nic *nic)
{
	if (nic->parent)
		efi_bs->CloseProtocol(nic->parent, &efi_guid_pci, efi_image, nic->handle);
	nic->parent = NULL;
}

/* -- open and close -------------------------------------------------------------------- */

static struct efi_nic *nics[NETDEV_MAX];

bool nic_link_open(struct efi_nic *nic)
{
	if (nic->dev->is_open)
		return true;
	nic->opened = true;
	return !netdev_open(nic->dev);
}

void nic_reset(struct efi_nic *nic)
{
	EFI_TPL kept;

	if (!efi_enter(&kept))
		return;
	nic_snp_reset(nic);
	nic_pxe_reset(nic);
	if (nic->opened)
		netdev_close(nic->dev);
	nic->opened = false;
	efi_leave(kept);
}

void efi_nic_take_all(void)
{
	for (unsigned i = 0; i < NETDEV_MAX; i++) {
		if (!nics[i])
			continue;
		efi_bs->DisconnectController(nics[i]->handle, NULL, NULL);
		nic_reset(nics[i]);
	}
}

/* What only payloads are offered. All or nothing, as is each call of these. */
static EFI_STATUS offer(struct efi_nic *nic)
{
	EFI_STATUS status = EFI_SUCCESS;

	if (!nic->offered)
		status = efi_bs->InstallMultipleProtocolInterfaces(
			&nic->handle, &guid_pxe, &nic->pxe.proto, &guid_files, &nic->files, NULL);
	nic->offered = !status;
	return status;
}

static EFI_STATUS withdraw(struct efi_nic *nic)
{
	if (nic->offered && efi_bs->UninstallMultipleProtocolInterfaces(nic->handle, &guid_pxe,
				    &nic->pxe.proto, &guid_files, &nic->files, NULL))
		return EFI_ACCESS_DENIED;
	if (nic->offered)
		nic_file_end(nic);
	nic->offered = false;
	return EFI_SUCCESS;
}

static EFI_STATUS install(struct efi_nic *nic)
{
	return efi_bs->InstallMultipleProtocolInterfaces(&nic->handle, &efi_guid_path, nic->path,
		&efi_guid_snp, &nic->snp.proto, nic->load_file ? &guid_load_file : NULL,
		nic->load_file, NULL);
}

/*
 * The firmware's drivers let go when they are asked (UEFI 7.3.3), and shut the link down while they
 * do: all must still work then. The parent is closed first, because a handle that is gone is no
 * child to close it for.
 */
static EFI_STATUS uninstall(struct efi_nic *nic)
{
	EFI_HANDLE card = nic->parent;

	parent_close(nic);
	if (!efi_bs->UninstallMultipleProtocolInterfaces(nic->handle, &efi_guid_path, nic->path,
		    &efi_guid_snp, &nic->snp.proto, nic->load_file ? &guid_load_file : NULL,
		    nic->load_file, NULL))
		return EFI_SUCCESS;
	if (card)
		parent_open(nic, card);
	return EFI_ACCESS_DENIED;
}

static void nic_free(struct efi_nic *nic)
{
	nics[nic->dev->index] = NULL;
	nic_reset(nic);
	nic_snp_end(nic);
	if (nic->path)
		efi_bs->FreePool(nic->path);
	efi_bs->FreePool(nic);
}

static EFI_STATUS nic_make(struct efi_nic *nic, const struct efi_link *link)
{
	EFI_STATUS status = nic_snp_init(nic);

	nic_pxe_init(nic);
	nic_file_init(nic);
	nic_reset(nic);
	nic->path = path_of(nic->dev, link->path);
	if (!status)
		status = nic->path ? install(nic) : EFI_OUT_OF_RESOURCES;
	if (!status)
		parent_open(nic, link->card);
	return status;
}

static EFI_STATUS nic_new(
	struct netdev *dev, EFI_LOAD_FILE_INTERFACE *load_file, struct efi_nic **out)
{
	EFI_STATUS status = efi_bs->AllocatePool(EfiBootServicesData, sizeof(**out), (void **)out);

	if (status)
		return status;
	memset(*out, 0, sizeof(**out));
	(*out)->dev = dev;
	(*out)->load_file = load_file;
	nics[dev->index] = *out;
	status = nic_make(*out, &efi_links[dev->index]);
	if (status)
		nic_free(*out);
	return status;
}

EFI_STATUS efi_nic_open(
	struct netdev *dev, EFI_LOAD_FILE_INTERFACE *load_file, struct efi_nic **out)
{
	const struct efi_link *link = &efi_links[dev->index];
	EFI_STATUS status = EFI_SUCCESS;

	if (link->dev != dev || !link->path)
		return EFI_NOT_FOUND;
	*out = nics[dev->index];
	if (!*out)
		status = nic_new(dev, load_file, out);
	else
		nic_reset(*out);
	if (status)
		return status;
	(*out)->users++;
	if (load_file)
		return EFI_SUCCESS;
	status = offer(*out);
	if (status)
		efi_nic_close(*out);
	return status;
}

EFI_HANDLE efi_nic_handle(const struct efi_nic *nic)
{
	return nic->handle;
}

/* What somebody holds stays, if need be without users of ours: the next one finds it. */
EFI_STATUS efi_nic_close(struct efi_nic *nic)
{
	EFI_STATUS status = withdraw(nic);

	nic->users--;
	if (!status && !nic->users)
		status = uninstall(nic);
	if (!status && !nic->users)
		nic_free(nic);
	else
		nic_reset(nic);
	return status;
}
