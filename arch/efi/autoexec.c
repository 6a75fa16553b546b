/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The choice of what to run. The first of these that there is: our load options, as one line of
 * script; the script that is embedded; autoexec.ipxe beside our file, on the disk or the server
 * that it came from; the built-in start.
 *
 * An empty file counts as none. So does one that cannot be read or is too long, but that is said.
 *
 * Limits: load options are ASCII. A file system on a card of the network (another boot loader's)
 * counts as a disk.
 */
#include "arch/efi/efi.h"
#include "arch/efi/options.h"
#include "arch/efi/utf16.h"
#include "core/str.h"
#include "embed.h"
#include "net/autoexec.h"

#define PATH_MAX 512

static EFI_GUID fs_guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
static EFI_GUID info_guid = EFI_FILE_INFO_ID;

static const char embedded[] = REVEILLE_EMBED;
static char text[SCRIPT_LINE_MAX]; /* of the load options, "" for none, or the built-in start's */
static struct image *script;	   /* from the disk */

_Static_assert(sizeof(text) >= AUTOEXEC_MAX, "the built-in start fits");

static struct bytes own_path(void)
{
	const EFI_DEVICE_PATH *path = efi_loaded->FilePath;

	return bytes_of(path, path ? devpath_size(path) : 0);
}

/* Size of an open file; 0 when it is a directory, or says nothing. */
static uint64_t file_size(EFI_FILE *file)
{
	union {
		EFI_FILE_INFO info;
		uint8_t room[sizeof(EFI_FILE_INFO) + PATH_MAX * sizeof(CHAR16)];
	} u;
	UINTN n = sizeof(u);

	if (file->GetInfo(file, &info_guid, &n, &u) || u.info.Attribute & EFI_FILE_DIRECTORY)
		return 0;
	return u.info.FileSize;
}

/* All of a file becomes an image, *out; it stays NULL when nothing is in it. */
static int file_load(struct machine *m, EFI_FILE *file, const char *name, struct image **out)
{
	uint64_t size = file_size(file), at = 0;
	uint8_t part[4096];
	int rc;

	if (!size)
		return 0;
	if (size > SCRIPT_SIZE_MAX)
		return err_set(m, ERR_SCRIPT_SIZE, "%s: %llu bytes, at most %u", name,
			(unsigned long long)size, SCRIPT_SIZE_MAX);
	rc = image_open(m, name, "", size, NULL, out);
	if (rc) {
		*out = NULL;
		return rc;
	}
	while (!rc && at < size) {
		UINTN n = sizeof(part);

		if (file->Read(file, &n, part) || !n)
			break;
		rc = image_put(m, *out, at, part, n);
		at += n;
	}
	if (!rc)
		rc = image_close(m, *out);
	if (rc) {
		image_free(m, *out);
		*out = NULL;
	}
	return rc;
}

static EFI_FILE *file_open(const char *path)
{
	EFI_FILE_IO_INTERFACE *fs;
	EFI_FILE *root, *file;
	CHAR16 name[PATH_MAX];
	EFI_STATUS status;

	if (utf16_from_utf8(name, PATH_MAX, path) > PATH_MAX || !efi_loaded->DeviceHandle ||
		efi_bs->HandleProtocol(efi_loaded->DeviceHandle, &fs_guid, (void **)&fs) ||
		fs->OpenVolume(fs, &root))
		return NULL;
	status = root->Open(root, &file, name, EFI_FILE_MODE_READ, 0);
	root->Close(root);
	return status ? NULL : file;
}

static void load_beside(struct machine *m, char *path)
{
	EFI_FILE *file;
	int rc;

	if (!options_beside(path, PATH_MAX, "autoexec.ipxe") || !(file = file_open(path)))
		return;
	rc = file_load(m, file, "autoexec.ipxe", &script);
	file->Close(file);
	if (rc)
		err_print(m, rc);
}

void efi_take_script(void)
{
	struct bytes options = bytes_of(
		efi_loaded->LoadOptions, efi_loaded->LoadOptions ? efi_loaded->LoadOptionsSize : 0);
	char path[PATH_MAX];
	bool is_file = options_file(own_path(), path, sizeof(path));
	EFI_TPL kept;

	if (options_line(options, is_file ? path : "", text, sizeof(text)) || embedded[0] ||
		!is_file || !efi_enter(&kept))
		return;
	load_beside(&efi_sys->m, path);
	efi_leave(kept);
}

/* Inside. */
static void choose(struct machine *m)
{
	const char *start = text;

	if (script) {
		script_run_image(m, script); /* its size was looked at, and it is the first */
		script = NULL;
		return;
	}
	if (!text[0])
		start = embedded[0] ? embedded : autoexec_start(m->net, text);
	script_run_text(m, start, strlen(start));
}

void efi_choose_script(void)
{
	EFI_TPL kept;

	if (!efi_enter(&kept))
		return;
	choose(&efi_sys->m);
	efi_leave(kept);
}
