/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UEFI programs: PE32+ images (Microsoft PE Format, 2024; UEFI 2.1.1) for the CPU that we run on,
 * of the subsystems application, boot service driver and runtime driver. Linux kernels with an EFI
 * stub are such programs, and so are unified kernel images.
 *
 * The firmware loads them, relocates them and decides whether they may run. What is checked here is
 * what a better error can be said about: that it is one, for this CPU, and all there.
 */
#ifndef CORE_PE_H
#define CORE_PE_H

#include "core/image.h"

/*
 * probe: ERR_IMAGE_TYPE, ERR_IMAGE_TRUNCATED.
 * prepare: those, ERR_IMAGE_INCOMPLETE, ERR_BZIMAGE_CMDLINE, and what core/initrd.h says. The image
 * stays: it must not be freed before the firmware has loaded it.
 */
extern const struct image_type pe_type;
/* Behind that in a table. Claims nothing, but has a word on why what is to be run cannot be. */
extern const struct image_type pe_not_type;

#endif
