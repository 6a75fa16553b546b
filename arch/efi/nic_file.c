/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EFI_SIMPLE_FILE_SYSTEM_PROTOCOL and EFI_FILE_PROTOCOL (UEFI 13.4, 13.5) on a link's handle:
 * the images, as arch/efi/tree.h has them. For what loads its siblings from where it came itself
 * (shim, GRUB, systemd-boot), and for kernels before 5.8, whose initrd= names a file.
 *
 * Late images are fetched when they are first read, and stay; one that no longer has the size that
 * was announced is a device error. "initrd.magic" in the root folder is all initrds as LoadFile2
 * would give them, for those old kernels and scripts that were written for iPXE; it is made in
 * memory of its own when it is first read, which is where old kernels cost twice their initrd's
 * size.
 *
 * A file that is no image is not there: nothing is asked of the server, which would be a question
 * for every name that somebody tries. Read-only; no times of day; the asynchronous half of revision
 * 2 is not offered. A file that is freed while it is open reads as a device error.
 */
#include "arch/efi/late.h"
#include "arch/efi/nic.h"
#include "arch/efi/tree.h"
#include "arch/efi/utf16.h"
#include "core/initrd.h"

#define BLOCK	512u /* what the volume claims to be made of */
#define INITRDS "initrd.magic"

struct nic_file {
	EFI_FILE io; /* first: what the payload has of us */
	struct efi_nic *nic;
	struct nic_file *next;
	char path[IMAGE_NAME_MAX];
	enum tree_kind kind;
	bool initrds; /* all of them */
	uint32_t seq; /* else of the image */
	uint64_t pos; /* of the next byte, or entry */
};

static const CHAR16 label[] = L"Reveille";
static EFI_GUID file_info_guid = EFI_FILE_INFO_ID;
static EFI_GUID system_info_guid = EFI_FILE_SYSTEM_INFO_ID;
static EFI_GUID label_guid = EFI_FILE_SYSTEM_VOLUME_LABEL_INFO_ID;

static EFI_STATUS file_new(struct efi_nic *nic, const char *path, EFI_FILE **out);

/* Inside, with a machine. */
static bool enter(EFI_TPL *kept)
{
	if (!efi_enter(kept))
		return false;
	if (efi_sys)
		return true;
	efi_leave(*kept);
	return false;
}

/* NULL: it was freed meanwhile. */
static struct image *file_image(const struct nic_file *f)
{
	struct machine *m = &efi_sys->m;

	for (unsigned i = 0; i < IMAGE_MAX; i++)
		if (m->images[i].state >= IMAGE_READY && m->images[i].seq == f->seq)
			return &m->images[i];
	return NULL;
}

/* Whatever of this name is an image comes first. */
static struct tree_node find(const char *path)
{
	struct tree_node node = tree_find(&efi_sys->m, path);

	if (node.kind == TREE_NONE && !strcmp(path, INITRDS) && initrd_total(&efi_sys->m)) {
		node.kind = TREE_FILE;
		str_copy(node.name, sizeof(node.name), INITRDS);
	}
	return node;
}

static uint64_t file_size(const struct image *img)
{
	return img ? img->total : initrd_total(&efi_sys->m);
}

/* -- what is said of a file -- */

/* The sizes of `n` bytes of a struct, and of text behind it; the call's protocol for too small a
 * buffer. */
static EFI_STATUS info_room(UINTN *size, const void *buf, size_t n)
{
	bool fits = buf && *size >= n;

	*size = n;
	return fits ? EFI_SUCCESS : EFI_BUFFER_TOO_SMALL;
}

static EFI_STATUS info_put(const struct tree_node *node, UINTN *size, EFI_FILE_INFO *info)
{
	size_t chars = utf16_from_utf8(&(uint16_t){0}, 1, node->name);
	size_t n = SIZE_OF_EFI_FILE_INFO + chars * sizeof(CHAR16);
	EFI_STATUS status = info_room(size, info, n);

	if (status)
		return status;
	memset(info, 0, n);
	info->Size = n;
	info->Attribute = EFI_FILE_READ_ONLY;
	if (node->kind == TREE_FOLDER)
		info->Attribute |= EFI_FILE_DIRECTORY;
	else
		info->FileSize = file_size(node->img);
	info->PhysicalSize = (info->FileSize + BLOCK - 1) / BLOCK * BLOCK;
	utf16_from_utf8(info->FileName, chars, node->name);
	return EFI_SUCCESS;
}

static EFI_STATUS system_put(UINTN *size, EFI_FILE_SYSTEM_INFO *info)
{
	size_t n = SIZE_OF_EFI_FILE_SYSTEM_INFO + sizeof(label);
	EFI_STATUS status = info_room(size, info, n);
	struct machine *m = &efi_sys->m;

	if (status)
		return status;
	memset(info, 0, n);
	info->Size = n;
	info->ReadOnly = true;
	info->BlockSize = BLOCK;
	for (unsigned i = 0; i < IMAGE_MAX; i++)
		if (m->images[i].state >= IMAGE_READY)
			info->VolumeSize += m->images[i].total;
	memcpy(info->VolumeLabel, label, sizeof(label));
	return EFI_SUCCESS;
}

static EFI_STATUS label_put(UINTN *size, EFI_FILE_SYSTEM_VOLUME_LABEL_INFO *info)
{
	EFI_STATUS status = info_room(size, info, sizeof(label));

	if (!status)
		memcpy(info->VolumeLabel, label, sizeof(label));
	return status;
}

static EFI_STATUS file_info(struct nic_file *f, const EFI_GUID *what, UINTN *size, void *buf)
{
	struct tree_node node = find(f->path);

	if (!memcmp(what, &system_info_guid, sizeof(*what)))
		return system_put(size, buf);
	if (!memcmp(what, &label_guid, sizeof(*what)))
		return label_put(size, buf);
	if (memcmp(what, &file_info_guid, sizeof(*what)))
		return EFI_UNSUPPORTED;
	node.kind = f->kind; /* a folder that has become empty is still one */
	node.img = file_image(f);
	if (f->kind == TREE_FILE && !f->initrds && !node.img)
		return EFI_DEVICE_ERROR;
	return info_put(&node, size, buf);
}

static EFI_STATUS EFIAPI io_get_info(EFI_FILE *io, EFI_GUID *what, UINTN *size, void *buf)
{
	EFI_STATUS status;
	EFI_TPL kept;

	if (!io || !what || !size)
		return EFI_INVALID_PARAMETER;
	if (!enter(&kept))
		return EFI_NOT_READY;
	status = file_info((struct nic_file *)io, what, size, buf);
	efi_leave(kept);
	return status;
}

/* -- reading -- */

static EFI_STATUS folder_read(struct nic_file *f, UINTN *size, void *buf)
{
	struct tree_node node = tree_entry(&efi_sys->m, f->path, (unsigned)f->pos);
	EFI_STATUS status;

	if (node.kind == TREE_NONE) {
		*size = 0;
		return EFI_SUCCESS;
	}
	status = info_put(&node, size, buf);
	if (!status)
		f->pos++;
	return status;
}

/* The first time all of it is brought together. */
static EFI_STATUS initrds_read(struct efi_nic *nic, uint64_t pos, void *buf, size_t n)
{
	struct nic_region *r = &nic->initrds;
	EFI_STATUS status;

	if (!r->size && !efi_pages_alloc(NULL, initrd_total(&efi_sys->m), &r->phys, &r->size))
		return EFI_OUT_OF_RESOURCES;
	status = r->filled ? EFI_SUCCESS : late_region((void *)(uintptr_t)r->phys, (UINTN)r->size);
	r->filled = !status;
	if (pos + n > r->size) /* images have come since */
		return EFI_DEVICE_ERROR;
	if (!status)
		memcpy(buf, (const uint8_t *)(uintptr_t)r->phys + pos, n);
	return status;
}

static EFI_STATUS image_read(struct image *img, uint64_t pos, void *buf, size_t n)
{
	if (n && img->state == IMAGE_LATE)
		img = late_image(img);
	return img && image_get(&efi_sys->m, img, pos, buf, n) ? EFI_SUCCESS : EFI_DEVICE_ERROR;
}

static EFI_STATUS file_read(struct nic_file *f, UINTN *size, void *buf)
{
	struct image *img = file_image(f);
	uint64_t total = file_size(img);
	EFI_STATUS status;

	if ((!img && !f->initrds) || f->pos > total)
		return EFI_DEVICE_ERROR;
	if (*size > total - f->pos)
		*size = (UINTN)(total - f->pos);
	status = f->initrds ? initrds_read(f->nic, f->pos, buf, *size)
			    : image_read(img, f->pos, buf, *size);
	if (!status)
		f->pos += *size;
	return status;
}

static EFI_STATUS EFIAPI io_read(EFI_FILE *io, UINTN *size, void *buf)
{
	struct nic_file *f = (struct nic_file *)io;
	EFI_STATUS status;
	EFI_TPL kept;

	if (!io || !size || (*size && !buf))
		return EFI_INVALID_PARAMETER;
	if (!enter(&kept))
		return EFI_NOT_READY;
	status = f->kind == TREE_FOLDER ? folder_read(f, size, buf) : file_read(f, size, buf);
	efi_leave(kept);
	return status;
}

/* All ones: the end. */
static EFI_STATUS EFIAPI io_set_position(EFI_FILE *io, UINT64 pos)
{
	struct nic_file *f = (struct nic_file *)io;
	EFI_TPL kept;

	if (!io)
		return EFI_INVALID_PARAMETER;
	if (f->kind == TREE_FOLDER && pos)
		return EFI_UNSUPPORTED;
	if (!enter(&kept))
		return EFI_NOT_READY;
	f->pos = pos == UINT64_MAX ? file_size(file_image(f)) : pos;
	efi_leave(kept);
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI io_get_position(EFI_FILE *io, UINT64 *pos)
{
	const struct nic_file *f = (const struct nic_file *)io;

	if (!io || !pos)
		return EFI_INVALID_PARAMETER;
	if (f->kind == TREE_FOLDER)
		return EFI_UNSUPPORTED;
	*pos = f->pos;
	return EFI_SUCCESS;
}

/* -- what a read-only volume does not do -- */

static EFI_STATUS EFIAPI io_write(EFI_FILE *io, UINTN *size, void *buf)
{
	(void)io;
	(void)buf;
	if (size)
		*size = 0;
	return EFI_WRITE_PROTECTED;
}

static EFI_STATUS EFIAPI io_set_info(EFI_FILE *io, EFI_GUID *what, UINTN size, void *buf)
{
	(void)io;
	(void)what;
	(void)size;
	(void)buf;
	return EFI_WRITE_PROTECTED;
}

static EFI_STATUS EFIAPI io_flush(EFI_FILE *io)
{
	(void)io;
	return EFI_ACCESS_DENIED;
}

/* -- open and close -- */

static EFI_STATUS EFIAPI io_open(
	EFI_FILE *io, EFI_FILE **out, CHAR16 *name, UINT64 mode, UINT64 attributes)
{
	struct nic_file *f = (struct nic_file *)io;
	char utf8[IMAGE_NAME_MAX * 2], path[IMAGE_NAME_MAX];
	EFI_STATUS status = EFI_NOT_FOUND;
	EFI_TPL kept;

	(void)attributes; /* of a file that is made */
	if (!io || !out || !name)
		return EFI_INVALID_PARAMETER;
	if (mode != EFI_FILE_MODE_READ)
		return EFI_WRITE_PROTECTED;
	if (!enter(&kept))
		return EFI_NOT_READY;
	if (utf16_to_utf8(utf8, sizeof(utf8), name, IMAGE_NAME_MAX * 2) <= sizeof(utf8) &&
		tree_path(path, f->path, utf8))
		status = file_new(f->nic, path, out);
	efi_leave(kept);
	return status;
}

static EFI_STATUS EFIAPI io_close(EFI_FILE *io)
{
	struct nic_file *f = (struct nic_file *)io, **at;
	EFI_TPL kept;

	if (!io || !efi_enter(&kept))
		return EFI_SUCCESS; /* the only answer there is, 13.5; ended with the volume */
	for (at = &f->nic->files_open; *at && *at != f;)
		at = &(*at)->next;
	if (*at) {
		*at = f->next;
		efi_bs->FreePool(f);
	}
	efi_leave(kept);
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI io_delete(EFI_FILE *io)
{
	io_close(io);
	return EFI_WARN_DELETE_FAILURE;
}

static const EFI_FILE file_io = {
	.Revision = EFI_FILE_PROTOCOL_REVISION,
	.Open = io_open,
	.Close = io_close,
	.Delete = io_delete,
	.Read = io_read,
	.Write = io_write,
	.GetPosition = io_get_position,
	.SetPosition = io_set_position,
	.GetInfo = io_get_info,
	.SetInfo = io_set_info,
	.Flush = io_flush,
};

static EFI_STATUS file_new(struct efi_nic *nic, const char *path, EFI_FILE **out)
{
	struct tree_node node = find(path);
	struct nic_file *f;
	void *room;

	if (node.kind == TREE_NONE)
		return EFI_NOT_FOUND;
	if (efi_bs->AllocatePool(EfiBootServicesData, sizeof(*f), &room))
		return EFI_OUT_OF_RESOURCES;
	f = room;
	*f = (struct nic_file){
		.io = file_io, .nic = nic, .next = nic->files_open, .kind = node.kind};
	f->initrds = node.kind == TREE_FILE && !node.img;
	f->seq = node.img ? node.img->seq : UINT32_MAX;
	str_copy(f->path, sizeof(f->path), path);
	nic->files_open = f;
	*out = &f->io;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI volume_open(EFI_FILE_IO_INTERFACE *io, EFI_FILE **root)
{
	EFI_STATUS status;
	EFI_TPL kept;

	if (!io || !root)
		return EFI_INVALID_PARAMETER;
	if (!enter(&kept))
		return EFI_NOT_READY;
	status = file_new(
		(struct efi_nic *)((char *)io - offsetof(struct efi_nic, files)), "", root);
	efi_leave(kept);
	return status;
}

void nic_file_init(struct efi_nic *nic)
{
	nic->files = (EFI_FILE_IO_INTERFACE){EFI_FILE_IO_INTERFACE_REVISION, volume_open};
	nic->files_open = NULL;
	nic->initrds = (struct nic_region){0};
}

void nic_file_end(struct efi_nic *nic)
{
	while (nic->files_open) {
		struct nic_file *f = nic->files_open;

		nic->files_open = f->next;
		efi_bs->FreePool(f);
	}
	if (nic->initrds.size)
		efi_pages_free(NULL, nic->initrds.phys, nic->initrds.size);
	nic->initrds.size = 0;
}
