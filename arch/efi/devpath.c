/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device paths, UEFI 10.2: nodes of type, subtype and length, one behind the other, up to an end
 * node. A node that says it is shorter than its own header ends the path.
 */
#include "arch/efi/efi.h"
#include "core/str.h"

#define PATH_END     0x7f
#define PATH_END_ALL 0xff
#define NODE_HEAD    4u

static size_t node_size(const EFI_DEVICE_PATH *node)
{
	return (size_t)node->Length[0] | (size_t)node->Length[1] << 8;
}

static bool is_end(const EFI_DEVICE_PATH *node)
{
	return node->Type == PATH_END || node_size(node) < NODE_HEAD;
}

static const EFI_DEVICE_PATH *node_next(const EFI_DEVICE_PATH *node)
{
	return (const EFI_DEVICE_PATH *)((const uint8_t *)node + node_size(node));
}

size_t devpath_size(const EFI_DEVICE_PATH *path)
{
	const EFI_DEVICE_PATH *node = path;

	while (!is_end(node))
		node = node_next(node);
	return (size_t)((const uint8_t *)node - (const uint8_t *)path);
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
	for (const EFI_DEVICE_PATH *node = path; !is_end(node); node = node_next(node))
		if (node->Type == type && node->SubType == subtype)
			return node;
	return NULL;
}

bool devpath_is_below(const EFI_DEVICE_PATH *path, const EFI_DEVICE_PATH *above)
{
	size_t n = devpath_size(above);

	return devpath_size(path) >= n && !memcmp(path, above, n);
}
