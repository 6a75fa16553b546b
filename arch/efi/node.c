/* SPDX-License-Identifier: BSD-2-Clause */
/* See node.h. */
#include "arch/efi/node.h"

#define TYPE_END 0x7f
#define HEAD	 4u

bool node_next(struct bytes *path, struct node *node)
{
	node->type = bytes_u8(path);
	node->subtype = bytes_u8(path);
	node->body = bytes_sub(path, bytes_le16(path) - HEAD);
	return bytes_ok(path) && node->type != TYPE_END;
}
