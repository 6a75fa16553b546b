/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The nodes of a device path, as bytes whose number is known (UEFI 10.2); those of the firmware's
 * own paths, which are believed, are devpath.c's.
 */
#ifndef ARCH_EFI_NODE_H
#define ARCH_EFI_NODE_H

#include <stdbool.h>
#include "core/bytes.h"

struct node {
	uint8_t type, subtype;
	struct bytes body;
};

/*
 * Takes the next node off a path. False at its end node, where the bytes end, and at a node that is
 * malformed.
 */
bool node_next(struct bytes *path, struct node *node);

#endif
