/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpio, the "newc" format, as Linux's initramfs wants it: what has to stand in front of and behind
 * a file so that the kernel unpacks it. By Linux Documentation/driver-api/early-userspace/,
 * buffer-format.rst.
 *
 * Each file becomes an archive of its own, with a trailer: only then may anything that is padded or
 * compressed follow. Directories on the way to it are created with mode 0755.
 */
#ifndef CORE_CPIO_H
#define CORE_CPIO_H

#include <stddef.h>
#include <stdint.h>
#include "core/bytes.h"

#define CPIO_TRAILER_SIZE 124

/* Bytes of the headers for path, a multiple of 4; 0 when it names no file: empty, or ends in a
 * slash. */
size_t cpio_header_size(const char *path);
/*
 * Emits them; the file's data follows. Leading slashes are left out. mode: the permission bits. The
 * address that the first byte ends up at must be a multiple of 4.
 */
void cpio_header(struct emit *e, const char *path, uint32_t mode, uint32_t size);
/* CPIO_TRAILER_SIZE bytes, for an address that is a multiple of 4. */
void cpio_trailer(struct emit *e);

#endif
