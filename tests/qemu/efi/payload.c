/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A UEFI program that says on the console what it was given; the judge is test_efi_payload.py.
 * Lines are, numbers in decimal and status codes without their error bit:
 *
 *	OPTIONS size bytes		load options, as they lie in memory, in hexadecimal
 *	PATH text			the file node of LoadedImage's FilePath
 *	ON guid				a line for each protocol of the device that we come from
 *	INITRD asked size small boot crc crc
 *					of the Linux initrd media: status and size of a question
 *					without buffer, status with one that is a byte too small,
 *					with BootPolicy, and what came of two calls
 *	VOLUME label size		of the device's file system
 *	DIR path			and what is in it, recursively:
 *	FILE path size crc
 *	OPEN name status		how opening what is not there ends, and other misuse
 *	DRIVER STARTS			linked as a driver (LoadedImage says which), it installs a
 *					protocol on its own handle and stays; no other line then
 *	DRIVER THERE			a driver that was started before has stayed
 *	END
 *
 * Words of its options: "status=N" is returned, an error when N is above 0; "exit" calls Exit()
 * with that and text; "watchdog" has the machine reset 2 s later; "leave" leaves files open.
 */
#include "tests/qemu/efi/program.h"

#define NAME_MAX 256

static EFI_GUID files_guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
static EFI_GUID load_guid = EFI_LOAD_FILE2_GUID;
static EFI_GUID info_guid = EFI_FILE_INFO_ID;
static EFI_GUID system_guid = EFI_FILE_SYSTEM_INFO_ID;
static EFI_GUID driver_guid = {
	0x5a0cbf1e, 0x19b8, 0x4a31, {0x8d, 0x0e, 0x74, 0x65, 0x73, 0x74, 0x65, 0x72}};

/* -- saying ---------------------------------------------------------------------------- */

static unsigned number(EFI_STATUS status)
{
	return (unsigned)(status & 0xffff);
}

static unsigned crc_of(void *data, UINTN n)
{
	UINT32 crc = 0;

	if (n)
		bs->CalculateCrc32(data, n, &crc);
	return crc;
}

static void *room(UINTN n)
{
	void *p = NULL;

	if (bs->AllocatePool(EfiLoaderData, n ? n : 1, &p))
		say("OUT OF MEMORY\n");
	return p;
}

static void say_options(void)
{
	const uint8_t *b = self->LoadOptions;

	say("OPTIONS %u ", self->LoadOptionsSize);
	for (UINT32 i = 0; i < self->LoadOptionsSize; i++)
		say("%02x", b[i]);
	say("\r\n");
}

static void say_path(void)
{
	const EFI_DEVICE_PATH *node = self->FilePath;
	char text[NAME_MAX] = "";

	if (node && node->Type == MEDIA_DEVICE_PATH && node->SubType == MEDIA_FILEPATH_DP)
		utf16_to_utf8(text, sizeof(text), (const CHAR16 *)(node + 1), NAME_MAX);
	say("PATH %s\r\n", text);
}

static void say_protocols(void)
{
	EFI_GUID **guids;
	UINTN n;

	if (bs->ProtocolsPerHandle(self->DeviceHandle, &guids, &n))
		return;
	for (UINTN i = 0; i < n; i++)
		say("ON %08x-%04x-%04x\r\n", guids[i]->Data1, guids[i]->Data2, guids[i]->Data3);
	bs->FreePool(guids);
}

/* -- the initrd ------------------------------------------------------------------------ */

static void say_initrd(void)
{
	static struct {
		EFI_DEVICE_PATH vendor;
		EFI_GUID guid;
		EFI_DEVICE_PATH end;
	} media = {{MEDIA_DEVICE_PATH, MEDIA_VENDOR_DP, {20, 0}}, LINUX_INITRD_MEDIA_GUID,
		{END_DEVICE_PATH_TYPE, END_ENTIRE_DEVICE_PATH_SUBTYPE, {4, 0}}};
	EFI_DEVICE_PATH *path = &media.vendor;
	EFI_LOAD_FILE_INTERFACE *io;
	EFI_STATUS asked, small, boot, got[2];
	EFI_HANDLE handle;
	UINTN size = 0, n;
	unsigned crc[2];
	void *buf;

	if (bs->LocateDevicePath(&load_guid, &path, &handle))
		return;
	io = protocol(handle, &load_guid);
	asked = io->LoadFile(io, path, FALSE, &size, NULL);
	buf = room(size);
	n = size - 1;
	small = io->LoadFile(io, path, FALSE, &n, buf);
	boot = io->LoadFile(io, path, TRUE, &n, buf);
	for (int i = 0; i < 2; i++) {
		n = size;
		memset(buf, 0xa5, size);
		got[i] = io->LoadFile(io, path, FALSE, &n, buf);
		crc[i] = got[i] ? number(got[i]) : crc_of(buf, n);
	}
	say("INITRD %u %u %u %u %08x %08x\r\n", number(asked), (unsigned)size, number(small),
		number(boot), crc[0], crc[1]);
	bs->FreePool(buf);
}

/* -- files ----------------------------------------------------------------------------- */

static EFI_FILE *open(EFI_FILE *dir, const char *name, EFI_STATUS *status)
{
	CHAR16 wide[NAME_MAX];
	EFI_FILE *file = NULL;

	utf16_from_utf8(wide, NAME_MAX, name);
	*status = dir->Open(dir, &file, wide, EFI_FILE_MODE_READ, 0);
	return file;
}

/* In two halves, the second one by a position from the end. */
static unsigned read_crc(EFI_FILE *file, UINT64 *size)
{
	UINTN n, first;
	uint8_t *buf;
	unsigned crc;

	file->SetPosition(file, UINT64_MAX);
	file->GetPosition(file, size);
	buf = room((UINTN)*size);
	first = (UINTN)*size / 3;
	file->SetPosition(file, first);
	n = (UINTN)*size;
	if (file->Read(file, &n, buf + first) || n != *size - first)
		say("SHORT ");
	file->SetPosition(file, 0);
	if (file->Read(file, &first, buf))
		say("FAILED ");
	crc = crc_of(buf, (UINTN)*size);
	bs->FreePool(buf);
	return crc;
}

static void say_file(EFI_FILE *root, const char *path)
{
	EFI_STATUS status;
	EFI_FILE *file = open(root, path, &status);
	UINT64 size = 0;
	unsigned crc;

	if (status) {
		say("OPEN %s %u\r\n", path, number(status));
		return;
	}
	crc = read_crc(file, &size);
	say("FILE %s %u %08x\r\n", path, (unsigned)size, crc);
	file->Close(file);
}

static void say_folder(EFI_FILE *root, const char *path, int depth)
{
	static char buf[1024] __attribute__((aligned(8)));
	EFI_FILE_INFO *info = (EFI_FILE_INFO *)buf;
	EFI_STATUS status;
	EFI_FILE *dir = open(root, path, &status);
	char name[NAME_MAX], below[NAME_MAX];
	UINTN n = sizeof(buf);

	say("DIR %s %u\r\n", path, number(status));
	for (; !status && depth && !dir->Read(dir, &n, info) && n; n = sizeof(buf)) {
		utf16_to_utf8(name, sizeof(name), info->FileName, NAME_MAX);
		fmt_print(below, sizeof(below), "%s\\%s", path[1] ? path : "", name);
		if (info->Attribute & EFI_FILE_DIRECTORY)
			say_folder(root, below, depth - 1);
		else
			say_file(root, below);
	}
	if (!status)
		dir->Close(dir);
}

/* What must not work, or work in a certain way. */
static void say_misuse(EFI_FILE *root)
{
	static char info[1];
	EFI_STATUS status;
	EFI_FILE *file;
	UINTN n = 0;

	say_file(root, "\\no\\such\\file");
	say_file(root, "initrd.magic");
	status = root->Open(root, &file, (CHAR16[]){'x', 0},
		EFI_FILE_MODE_READ | EFI_FILE_MODE_WRITE | EFI_FILE_MODE_CREATE, 0);
	say("OPEN write %u\r\n", number(status));
	status = root->GetInfo(root, &info_guid, &n, info);
	say("OPEN info %u %u\r\n", number(status), (unsigned)n);
	status = root->Write(root, &n, info);
	say("OPEN put %u\r\n", number(status));
}

static void say_files(bool leave)
{
	static char buf[256] __attribute__((aligned(8)));
	EFI_FILE_SYSTEM_INFO *info = (EFI_FILE_SYSTEM_INFO *)buf;
	EFI_FILE_IO_INTERFACE *volume = protocol(self->DeviceHandle, &files_guid);
	EFI_FILE *root;
	char label[32];
	UINTN n = sizeof(buf);

	if (!volume || volume->OpenVolume(volume, &root))
		return;
	if (!root->GetInfo(root, &system_guid, &n, info)) {
		utf16_to_utf8(label, sizeof(label), info->VolumeLabel, 31);
		say("VOLUME %s %u\r\n", label, (unsigned)info->VolumeSize);
	}
	say_folder(root, "\\", 4);
	say_misuse(root);
	if (!leave)
		root->Close(root);
}

/* -- the story ------------------------------------------------------------------------- */

static EFI_STATUS status_of(void)
{
	const char *digits = word("status=");
	EFI_STATUS status = 0;

	for (; digits && *digits >= '0' && *digits <= '9'; digits++)
		status = status * 10 + (EFI_STATUS)(*digits - '0');
	return status ? EFIERR(status) : 0;
}

static EFI_STATUS run_driver(EFI_HANDLE image)
{
	EFI_STATUS status = status_of();

	say("DRIVER STARTS\r\n");
	if (!status)
		bs->InstallProtocolInterface(&image, &driver_guid, EFI_NATIVE_INTERFACE, NULL);
	return status;
}

EFI_STATUS EFIAPI efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
	static CHAR16 goodbye[] = L"good\tbye";
	void *there;

	program_start(image, table);
	if (self->ImageCodeType != EfiLoaderCode)
		return run_driver(image);
	say_options();
	say_path();
	say_protocols();
	say_initrd();
	say_files(word("leave"));
	if (!bs->LocateProtocol(&driver_guid, NULL, &there))
		say("DRIVER THERE\r\n");
	if (word("watchdog"))
		bs->SetWatchdogTimer(2, 0x10000, 0, NULL);
	say("END\r\n");
	if (word("exit")) {
		CHAR16 *text = room(sizeof(goodbye));

		memcpy(text, goodbye, sizeof(goodbye));
		bs->Exit(image, status_of(), sizeof(goodbye), text);
	}
	return status_of();
}
