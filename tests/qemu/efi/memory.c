/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A UEFI program from a disk that starts the option ROM's driver and reveille.efi from there, again
 * and again, and counts the free pages of the firmware's memory map after each time. The first time
 * is for the firmware, which connects its drivers and loads what it needs for that. Lines are:
 *
 *	WRONG line got wanted	a status, or a count
 *	FREE name pages		after each time
 *	END checks
 *
 * Limits: OVMF's network stack loses about a third of a page each time that it is connected to a
 * card, as it is after us, so that is measured, too. Its disk buffers of 64 KiB, and a page of its
 * pool, come and go. So many pages more may be missing at the end, of all times together.
 */
#include "tests/qemu/efi/program.h"

#define DRIVER_TIMES   40 /* half a page of each would be found */
#define APP_TIMES      16 /* a page */
#define FIRMWARE_PAGES 17
#define MAP_SIZE       65536
#define PATH_MAX       512

static EFI_GUID path_guid = EFI_DEVICE_PATH_PROTOCOL_GUID;
static EFI_GUID pci_guid = EFI_PCI_IO_PROTOCOL_GUID;
static EFI_GUID snp_guid = EFI_SIMPLE_NETWORK_PROTOCOL_GUID;
static EFI_GUID load_guid = EFI_LOAD_FILE_PROTOCOL_GUID;

static INTN pages_free(void)
{
	static uint8_t map[MAP_SIZE] __attribute__((aligned(8)));
	UINTN size = sizeof(map), key, row;
	INTN pages = 0;
	UINT32 version;

	IS(bs->GetMemoryMap(&size, (void *)map, &key, &row, &version), EFI_SUCCESS);
	for (UINTN at = 0; at + row <= size; at += row) {
		const EFI_MEMORY_DESCRIPTOR *d = (const void *)(map + at);

		if (d->Type == EfiConventionalMemory)
			pages += (INTN)d->NumberOfPages;
	}
	return pages;
}

/* A file of the disk that we come from, as an image. */
static EFI_HANDLE load(EFI_HANDLE image, const char *name)
{
	static uint8_t path[PATH_MAX];
	const uint8_t *disk = protocol(self->DeviceHandle, &path_guid);
	EFI_HANDLE loaded = NULL;
	CHAR16 wide[32];
	size_t n = 0, length;

	while (disk[n] != END_DEVICE_PATH_TYPE)
		n += disk[n + 2];
	utf16_from_utf8(wide, 32, name);
	length = 4 + 2 * (strlen(name) + 1);
	memcpy(path, disk, n);
	memcpy(path + n, (uint8_t[]){MEDIA_DEVICE_PATH, MEDIA_FILEPATH_DP, (uint8_t)length, 0}, 4);
	memcpy(path + n + 4, wide, length - 4);
	memcpy(path + n + length, (uint8_t[]){END_DEVICE_PATH_TYPE, 0xff, 4, 0}, 4);
	IS(bs->LoadImage(FALSE, image, (EFI_DEVICE_PATH *)path, NULL, 0, &loaded), EFI_SUCCESS);
	return loaded;
}

/* Its script ends with success, and with that it is unloaded (UEFI 7.4, StartImage). */
static void application(EFI_HANDLE image)
{
	IS(bs->StartImage(load(image, "\\reveille.efi"), NULL, NULL), EFI_SUCCESS);
}

/* Opens the link of each card that the driver has made a boot entry of. */
static unsigned links_open(void)
{
	EFI_HANDLE *handles;
	unsigned opened = 0;
	UINTN n;

	if (bs->LocateHandleBuffer(ByProtocol, &load_guid, NULL, &n, &handles))
		return 0;
	for (UINTN i = 0; i < n; i++) {
		EFI_SIMPLE_NETWORK *snp = protocol(handles[i], &snp_guid);

		if (!snp || snp->Start(snp))
			continue;
		IS(snp->Initialize(snp, 0, 0), EFI_SUCCESS);
		opened++;
	}
	bs->FreePool(handles);
	return opened;
}

/* The firmware's network stack first: EDK II's virtio driver does not stop while it is used. */
static void links_give_up(void)
{
	EFI_HANDLE *handles;
	UINTN n;

	if (bs->LocateHandleBuffer(ByProtocol, &snp_guid, NULL, &n, &handles))
		return;
	while (n--)
		bs->DisconnectController(handles[n], NULL, NULL);
	bs->FreePool(handles);
}

static bool is_card(EFI_HANDLE handle)
{
	EFI_PCI_IO_PROTOCOL *io = protocol(handle, &pci_guid);
	uint8_t class = 0;

	io->Pci.Read(io, EfiPciIoWidthUint8, 0x0b, 1, &class);
	return class == 2; /* PCI 3.0 appendix D: network controller */
}

/*
 * Takes all cards from the firmware's drivers, and gives them to that one alone, without the
 * firmware's network stack above; NULL: back to the firmware. The number of cards.
 */
static INTN cards_move(EFI_HANDLE driver_image)
{
	EFI_HANDLE *handles, only[2] = {driver_image, NULL};
	INTN cards = 0;
	UINTN n;

	links_give_up();
	if (bs->LocateHandleBuffer(ByProtocol, &pci_guid, NULL, &n, &handles))
		return 0;
	for (UINTN i = 0; i < n; i++) {
		if (!is_card(handles[i]))
			continue;
		bs->DisconnectController(handles[i], NULL, NULL);
		if (driver_image)
			IS(bs->ConnectController(handles[i], only, NULL, FALSE), EFI_SUCCESS);
		else
			bs->ConnectController(handles[i], NULL, NULL, TRUE);
		cards++;
	}
	bs->FreePool(handles);
	return cards;
}

static void driver(EFI_HANDLE image)
{
	EFI_HANDLE loaded = load(image, "\\driver.efi");

	IS(bs->StartImage(loaded, NULL, NULL), EFI_SUCCESS);
	IS(cards_move(loaded), 2);
	IS(links_open(), 2);
	IS(bs->UnloadImage(loaded), EFI_SUCCESS);
}

/* What reveille.efi has the firmware do, without it. */
static void firmware(EFI_HANDLE image)
{
	(void)image;
	IS(cards_move(NULL), 2);
}

/* The pages that are missing after the last time, and were there after the first. */
static INTN missing(
	EFI_HANDLE image, const char *name, unsigned times, void (*run)(EFI_HANDLE image))
{
	INTN first = 0, now = 0;

	for (unsigned i = 0; i < times; i++) {
		run(image);
		now = pages_free();
		say("FREE %s %u\r\n", name, (unsigned)now);
		if (!i)
			first = now;
	}
	return first - now;
}

EFI_STATUS EFIAPI efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
	INTN own;

	program_start(image, table);
	TRUE_THAT(missing(image, "driver", DRIVER_TIMES, driver) <= FIRMWARE_PAGES);
	own = missing(image, "firmware", APP_TIMES, firmware);
	TRUE_THAT(missing(image, "application", APP_TIMES, application) <= own + FIRMWARE_PAGES);
	say("END %u\r\n", checks);
	return EFI_SUCCESS;
}
