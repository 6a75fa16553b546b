/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux/x86 kernels in bzImage form, by the Linux/x86 boot protocol 2.00 to 2.15 (Linux
 * Documentation/arch/x86/boot.rst), started at their 32-bit entry.
 *
 * The command line is exactly the image's, nothing is added. Of its options `mem=` is obeyed:
 * initrds stay below that address.
 *
 * Limits: zImage (loaded below 640 KiB) and kernels older than 1.3.73 are refused. The kernel's
 * real-mode setup code is not run, so `vga=` has no effect. Kernel and initrds lie below 4 GiB.
 */
#ifndef CORE_BZIMAGE_H
#define CORE_BZIMAGE_H

#include <stdint.h>
#include "core/image.h"

/*
 * probe: ERR_IMAGE_TYPE when it is none; ERR_IMAGE_TRUNCATED, ERR_BZIMAGE_OLD, ERR_BZIMAGE_BAD.
 * prepare: those, ERR_BZIMAGE_CMDLINE, ERR_BZIMAGE_PLACE, and what core/initrd.h says.
 */
extern const struct image_type bzimage_type;

/*
 * For a platform that has copied a request's params to the physical address params_addr and its
 * command line to cmdline_addr, both below 0xa0000, params on a page: writes the command line's
 * address into params. Before protocol 2.02 it is an offset from params: at most 65535. Those
 * kernels look for both at 0x90000.
 */
void bzimage_place_params(
	uint8_t *params, uint16_t protocol, uint32_t params_addr, uint32_t cmdline_addr);

#endif
