/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device paths, UEFI 10.2: nodes of type, subtype and length, one behind the other, up to an end
 * node. A node that says it is shorter than its own header ends the path.
 *
 * Limits: of a path with more than SIZE_MOST bytes, as of one without an end, there is what comes
 * before. Of several instances (10.3.1) there is the first.
 */
#include "arch/efi/efi.h"
#include "core/str.h"

#define PATH_END     0x7f
#define PATH_END_ALL 0xff
#define NODE_HEAD    4u
#define SIZE_MOST    0x10000u

static const EFI_DEVICE_PATH *node_at(const EFI_DEVICE_PATH *path, size_t at)
{
	return (const EFI_DEVICE_PATH *)((const uint8_t *)path + at);
}

/* Bytes of the node at that place; 0 at the end. */
static size_t node_size(const EFI_DEVICE_PATH *path, size_t at)
{
	const EFI_DEVICE_PATH *node = node_at(path, at);
	size_t n;

	if (SIZE_MOST - at < NODE_HEAD || node->Type == PATH_END)
		return 0;
	n = (size_t)node->Length[0] | (size_t)node->Length[1] << 8;
	return n < NODE_HEAD || n > SIZE_MOST - at ? 0 : n;
}

size_t devpath_size(const EFI_DEVICE_PATH *path)
{
	size_t at = 0;

	for (size_t n; (n = node_size(path, at));)
		at += n;
	return at;
}

EFI_DEVICE_PATH *devpath_append(const EFI_DEVICE_PATH *base, const void *nodes, size_t n)
{
	static const uint8_t end[NODE_HEAD] = {PATH_END, PATH_END_ALL, NODE_HEAD, 0};
	size_t head = devpath_size(base);
	uint8_t *path;

	if (efi_bs->AllocatePool(EfiBootServicesData, head + n + sizeof(end), (void **)&path))
		return NULL;
	memcpy(path, base, head);
	memcpy(path + head, nodes, n);
	memcpy(path + head + n, end, sizeof(end));
	return (EFI_DEVICE_PATH *)path;
}

const EFI_DEVICE_PATH *devpath_find(const EFI_DEVICE_PATH *path, unsigned type, unsigned subtype)
{
	for (size_t at = 0, n; (n = node_size(path, at)); at += n) {
		const EFI_DEVICE_PATH *node = node_at(path, at);

		if (node->Type == type && node->SubType == subtype)
			return node;
	}
	return NULL;
}

bool devpath_is_below(const EFI_DEVICE_PATH *path, const EFI_DEVICE_PATH *above)
{
	size_t n = devpath_size(above);

	return devpath_size(path) >= n && !memcmp(path, above, n);
}
