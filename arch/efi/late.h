/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a payload asks for and the network has to bring first: late initrds (net/initrd_fetch.h).
 * All of this is inside, and waits.
 */
#ifndef ARCH_EFI_LATE_H
#define ARCH_EFI_LATE_H

#include "arch/efi/efi.h"

/*
 * All initrds, framed as a kernel wants them, into a buffer of initrd_total() bytes.
 * EFI_DEVICE_ERROR: it was told why; the buffer is not written to any more.
 */
EFI_STATUS late_region(void *buf, UINTN size);
/*
 * The same late image, in memory: it has its size, name, order and use, and the late one is gone.
 * NULL: it was told why, and the late one is as it was.
 */
struct image *late_image(struct image *late);

#endif
