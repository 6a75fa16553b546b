/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The initrds for a kernel with an EFI stub: EFI_LOAD_FILE2_PROTOCOL (UEFI 13.2) on a handle whose
 * path is the vendor media node that Linux looks for since 5.8. It asks for the size, allocates,
 * and asks again: what is not here yet is fetched into its buffer.
 *
 * An error is never EFI_NOT_FOUND: a kernel would take that for "there is none" and start without.
 * Where somebody who has started us offers an initrd already, ours takes its place for as long as
 * the payload runs. A systemd-stub that brings an initrd of its own refuses to run beside ours.
 */
#include "arch/efi/late.h"
#include "core/initrd.h"

static EFI_GUID path_guid = EFI_DEVICE_PATH_PROTOCOL_GUID;
static EFI_GUID load_guid = EFI_LOAD_FILE2_GUID;

struct initrd_path {
	EFI_DEVICE_PATH vendor;
	EFI_GUID guid;
	EFI_DEVICE_PATH end;
};
_Static_assert(sizeof(struct initrd_path) == 24, "UEFI 10.3.5.3, 10.3.1");

static struct initrd_path initrd_path = {
	{MEDIA_DEVICE_PATH, MEDIA_VENDOR_DP, {offsetof(struct initrd_path, end), 0}},
	LINUX_INITRD_MEDIA_GUID,
	{END_DEVICE_PATH_TYPE, END_ENTIRE_DEVICE_PATH_SUBTYPE, {sizeof(EFI_DEVICE_PATH), 0}},
};

/* 13.2.2: the caller's path has nothing behind our handle's. */
static EFI_STATUS EFIAPI load_file(
	EFI_LOAD_FILE_INTERFACE *io, EFI_DEVICE_PATH *path, BOOLEAN boot, UINTN *size, VOID *buf)
{
	EFI_STATUS status = EFI_SUCCESS;
	UINTN room;
	EFI_TPL kept;

	if (!io || !path || !size)
		return EFI_INVALID_PARAMETER;
	if (boot)
		return EFI_UNSUPPORTED;
	if (!efi_enter(&kept))
		return EFI_NOT_READY;
	room = buf ? *size : 0;
	*size = initrd_total(&efi_sys->m);
	if (room < *size)
		status = EFI_BUFFER_TOO_SMALL;
	else
		status = late_region(buf, *size);
	efi_leave(kept);
	return status;
}

static EFI_LOAD_FILE_INTERFACE ours = {load_file};
static EFI_LOAD_FILE_INTERFACE *theirs; /* of the handle, before us */
static EFI_HANDLE handle;

EFI_STATUS efi_initrd_install(void)
{
	EFI_DEVICE_PATH *path = &initrd_path.vendor;
	EFI_STATUS status;

	handle = NULL;
	theirs = NULL;
	status = efi_bs->InstallMultipleProtocolInterfaces(
		&handle, &path_guid, path, &load_guid, &ours, NULL);
	if (status != EFI_ALREADY_STARTED) /* no two handles have one path */
		return status;
	status = efi_bs->LocateDevicePath(&load_guid, &path, &handle);
	if (!status)
		status = efi_bs->HandleProtocol(handle, &load_guid, (void **)&theirs);
	if (!status)
		status = efi_bs->ReinstallProtocolInterface(handle, &load_guid, theirs, &ours);
	return status;
}

void efi_initrd_uninstall(void)
{
	if (theirs)
		efi_bs->ReinstallProtocolInterface(handle, &load_guid, &ours, theirs);
	else
		efi_bs->UninstallMultipleProtocolInterfaces(
			handle, &path_guid, &initrd_path, &load_guid, &ours, NULL);
}
