/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Network boot programs of PXE (Preboot Execution Environment 2.1, 4.4.5): x86 real-mode code that
 * is loaded to 0000:7C00 and calls the firmware back.
 *
 * They have no header, so this is a guess, made only for what somebody wants to run: any file that
 * fits below 640 KiB and is not certainly something else. Whoever has it run trusts it with the
 * machine, as any kernel.
 */
#ifndef CORE_NBP_H
#define CORE_NBP_H

#include "core/image.h"

/*
 * probe: ERR_IMAGE_TYPE, with a word on what it is instead.
 * prepare: takes the image: its memory is the program's, once that has been copied.
 */
extern const struct image_type nbp_type;

#endif
