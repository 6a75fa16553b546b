/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The initrds for a kernel with an EFI stub: EFI_LOAD_FILE2_PROTOCOL (UEFI 13.2) on a handle whose
 * path is the vendor media node that Linux looks for since 5.8. It asks for the size, allocates,
 * and asks again: what is not here yet is fetched into its buffer.
 *
 * A file that was only fetched may be an initrd, and is one for a kernel; to other programs it is
 * not given as such, who read it as a file (nic_file.c) and start kernels of their own choice.
 *
 * An error is never EFI_NOT_FOUND: a kernel would take that for "there is none" and start without.
 * Where somebody who has started us offers an initrd already, ours takes its place for as long as
 * the payload runs. A systemd-stub that brings an initrd of its own refuses to run beside ours.
 */
#include "arch/efi/late.h"
#include "core/initrd.h"

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
	*size = (UINTN)initrd_total(&efi_sys->m);
	if (room < *size)
		status = EFI_BUFFER_TOO_SMALL;
	else
		status = late_region(buf, *size);
	efi_leave(kept);
	return status;
}

static EFI_LOAD_FILE_INTERFACE ours = {load_file};
static EFI_LOAD_FILE_INTERFACE *theirs; /* of the handle, before us */
static EFI_HANDLE handle;		/* NULL: not installed */
static uint32_t guessed;		/* images that are no initrds for now */
_Static_assert(IMAGE_MAX <= 32, "a bit for each image");

/* Documentation/arch/x86/boot.rst; arch/arm64/booting.rst; zboot-header.S in drivers/firmware/efi/
 * libstub: a compressed kernel of any CPU. */
static bool is_linux(const struct boot_request *req)
{
	static const struct {
		uint32_t at;
		char magic[5];
	} marks[] = {{0x202, "HdrS"}, {0x38, "ARM\x64"}, {4, "zimg"}};
	const uint8_t *file = (const uint8_t *)(uintptr_t)req->payload_start;

	for (unsigned i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (req->payload_size >= marks[i].at + 4 &&
			!memcmp(file + marks[i].at, marks[i].magic, 4))
			return true;
	return false;
}

/* Returns the bytes of what remains. */
static uint64_t hide_guessed(struct machine *m)
{
	guessed = 0;
	for (unsigned i = 0; i < IMAGE_MAX && !is_linux(&m->boot); i++) {
		if (m->images[i].initrd != INITRD_GUESSED)
			continue;
		m->images[i].initrd = INITRD_NO;
		guessed |= 1u << i;
	}
	return initrd_total(m);
}

static void show_guessed(void)
{
	EFI_TPL kept;

	if (!efi_enter(&kept))
		return;
	for (unsigned i = 0; i < IMAGE_MAX; i++)
		if (guessed & 1u << i)
			efi_sys->m.images[i].initrd = INITRD_GUESSED;
	efi_leave(kept);
}

static EFI_STATUS install(void)
{
	EFI_DEVICE_PATH *path = &initrd_path.vendor;
	EFI_STATUS status;

	status = efi_bs->InstallMultipleProtocolInterfaces(
		&handle, &efi_guid_path, path, &load_guid, &ours, NULL);
	if (status != EFI_ALREADY_STARTED) /* no two handles have one path */
		return status;
	status = efi_bs->LocateDevicePath(&load_guid, &path, &handle);
	if (!status)
		status = efi_bs->HandleProtocol(handle, &load_guid, (void **)&theirs);
	if (!status)
		status = efi_bs->ReinstallProtocolInterface(handle, &load_guid, theirs, &ours);
	return status;
}

EFI_STATUS efi_initrd_install(void)
{
	EFI_STATUS status = EFI_SUCCESS;
	uint64_t total;
	EFI_TPL kept;

	if (!efi_enter(&kept))
		return EFI_NOT_READY;
	total = hide_guessed(&efi_sys->m);
	efi_leave(kept);
	handle = NULL;
	theirs = NULL;
	if (total)
		status = install();
	if (status)
		show_guessed();
	return status;
}

void efi_initrd_uninstall(void)
{
	show_guessed();
	if (theirs)
		efi_bs->ReinstallProtocolInterface(handle, &load_guid, &ours, theirs);
	else if (handle)
		efi_bs->UninstallMultipleProtocolInterfaces(
			handle, &efi_guid_path, &initrd_path, &load_guid, &ours, NULL);
}
