/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a 16-bit prefix hands to the 32-bit half; the C view of handover.inc. Offsets are those of
 * boot_params (Linux/x86 boot protocol, "zero page"); the private part lies where EDD data would.
 */
#ifndef ARCH_X86_BIOS_HANDOVER_H
#define ARCH_X86_BIOS_HANDOVER_H

#include <stddef.h>
#include <stdint.h>

#define E820_MAX       128
#define HANDOVER_MAGIC 0x4c4c5652 /* "RVLL" */

/*
 * Who has started us. LOADER: a Linux loader that has used the 32-bit entry; KERNEL: one that has
 * not; PXE: a PXE ROM, as its network boot program; DISK: the boot sector of our disk and CD
 * images.
 */
enum handover_origin {
	ORIGIN_LOADER = 0,
	ORIGIN_ROM = 1,
	ORIGIN_KERNEL = 2,
	ORIGIN_PXE = 3,
	ORIGIN_DISK = 4,
};

struct e820_entry {
	uint64_t addr, size;
	uint32_t type;
} __attribute__((packed));

struct handover {
	uint8_t unused0[0x1e8];
	uint8_t e820_count;
	uint8_t unused1[0x218 - 0x1e9];
	uint32_t ramdisk_image, ramdisk_size;
	uint8_t unused2[0x228 - 0x220];
	uint32_t cmd_line_ptr;
	uint8_t unused3[0x2d0 - 0x22c];
	struct e820_entry e820[E820_MAX];
	uint8_t unused4[0xe00 - 0xcd0];
	uint32_t magic;
	uint16_t origin; /* enum handover_origin */
	uint16_t busdevfn;
	uint32_t ret_esp; /* ROM, PXE: all registers, and behind them a far return address */
	uint16_t ret_ss;
	uint16_t unused5;
	uint32_t pxenv, bangpxe; /* PXE: far pointers, segment in the upper half */
	uint8_t unused6[0x1000 - 0xe18];
} __attribute__((packed));

_Static_assert(offsetof(struct handover, e820_count) == 0x1e8, "boot_params");
_Static_assert(offsetof(struct handover, ramdisk_image) == 0x218, "boot_params");
_Static_assert(offsetof(struct handover, cmd_line_ptr) == 0x228, "boot_params");
_Static_assert(offsetof(struct handover, e820) == 0x2d0, "boot_params");
_Static_assert(offsetof(struct handover, magic) == 0xe00, "handover.inc");
_Static_assert(sizeof(struct handover) == 4096, "boot_params");

#endif
