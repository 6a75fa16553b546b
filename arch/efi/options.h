/* SPDX-License-Identifier: BSD-2-Clause */
/* What who started us has said: our load options (UEFI 9.1), and the path of our file. */
#ifndef ARCH_EFI_OPTIONS_H
#define ARCH_EFI_OPTIONS_H

#include <stdbool.h>
#include "core/bytes.h"

/*
 * The names of a device path's file nodes (UEFI 10.3.5.4), UTF-8; false when it has none, a node's
 * is longer than 256 units, or all are longer than `room`.
 */
bool options_file(struct bytes nodes, char *path, size_t room);
/* Replaces the file at the end of path by name; false when it does not fit. */
bool options_beside(char *path, size_t room, const char *name);
/*
 * The load options as a line of script. A shell puts the name of the program in front: the first
 * word is left out when it names `self`, or any .efi file. False: there are none, they are no
 * printable ASCII (boot entries may carry anything), or there is no room.
 */
bool options_line(struct bytes options, const char *self, char *line, size_t room);

#endif
