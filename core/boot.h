/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A boot request: everything the arch outer loop needs to start a payload, as plain data. The image
 * code computes it; the platform carries it out after all devices are closed; the simulator checks
 * it.
 */
#ifndef CORE_BOOT_H
#define CORE_BOOT_H

#include <stdint.h>
#include "config/limits.h"

enum boot_kind {
	BOOT_NONE,
	BOOT_LINUX, /* 32-bit entry of the Linux/x86 boot protocol */
	BOOT_EXIT,  /* back to who started us: the BIOS's next boot device, a process's shell */
	BOOT_REBOOT,
	BOOT_POWEROFF,
	BOOT_NBP, /* a network boot program, which calls back: devices stay open */
	BOOT_EFI, /* a UEFI program, which calls back, too */
};

/* memmove(dst, src, n) in physical memory, in order; src == BOOT_MOVE_ZERO fills with zeros. */
struct boot_move {
	uint64_t dst, src, n;
};
#define BOOT_MOVE_ZERO UINT64_MAX

/* Small pieces that do not come from an image, such as cpio headers; copied after the moves.
 * Several may share bytes. */
#define BOOT_BLOB_MAX (IMAGE_MAX * 400)
struct boot_blob {
	uint64_t dst;
	uint32_t off, n; /* in blob[] */
};

/*
 * Moves and blobs only write to RAM above 1 MiB outside of the program. They may destroy images
 * that the payload does not need: from the first move on there is no way back.
 */
struct boot_request {
	enum boot_kind kind;
	int exit_code; /* BOOT_EXIT */
	struct boot_move moves[BOOT_MOVES_MAX];
	unsigned nmoves;
	struct boot_blob blobs[IMAGE_MAX * 2];
	unsigned nblobs;
	uint8_t blob[BOOT_BLOB_MAX];
	uint32_t nblob;

	/* BOOT_LINUX */
	uint32_t entry;			   /* physical address of the 32-bit entry */
	uint64_t kernel_start, kernel_end; /* what the kernel will use while it starts */
	uint64_t initrd_start, initrd_size;
	uint8_t params[4096]; /* boot_params, "zero page"; the platform adds screen_info */
	char cmdline[IMAGE_CMDLINE_MAX]; /* of BOOT_EFI, too */
	uint16_t protocol;		 /* boot protocol version, 0x020f for 2.15 */

	/* BOOT_NBP, BOOT_EFI: the file lies here, nowhere near where it runs */
	uint64_t payload_start;
	uint32_t payload_size;
	char uri[URL_MAX];	   /* where it came from */
	char name[IMAGE_NAME_MAX]; /* BOOT_EFI: of its image, which stays */
};

#endif
