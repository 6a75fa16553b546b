/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Network boot programs under BIOS (PXE 2.1): how one is started, what it finds in memory, and how
 * its calls get to arch/x86/pxe. nbp_run.inc is the real-mode half.
 */
#ifndef ARCH_X86_BIOS_NBP_RUN_H
#define ARCH_X86_BIOS_NBP_RUN_H

#include <stdint.h>
#include "arch/x86/pxe/pxe.h"

struct machine;

struct far {
	uint16_t off, seg;
};

struct segdesc { /* PXE 2.1, 3.2 */
	uint16_t seg;
	uint32_t addr;
	uint16_t size;
} __attribute__((packed));

/* In the real-mode block, at off_nbp. */
struct rm_nbp {
	uint16_t stack, off_start;
	uint16_t off_int[3]; /* handlers of int 15h, 1Ah, 18h */
	uint16_t off_back;
	uint32_t enter_eip;
	struct far real;
	struct far old[3]; /* handlers before ours */
	/* the call at work */
	uint16_t opcode;
	struct segoff params;
	uint16_t ax;
	uint32_t esp;
	uint16_t ss;
	uint8_t busy, again;
	uint16_t gdt_limit; /* the caller's */
	uint32_t gdt_base;
	uint16_t idt_limit;
	uint32_t idt_base;
	uint32_t cr0;
	/* what int 15h says: rows at RM_MAP, KiB above 1 MiB, 64 KiB blocks above 16 MiB */
	uint32_t map_rows;
	uint16_t kib_88, kib_e801, blocks_e801, unused0;
	struct { /* !PXE */
		uint8_t signature[4], length, sum, revision, unused1;
		struct far rom_id[2], entry_sp, entry_esp, callout;
		uint8_t unused2, ndesc;
		uint16_t selector;
		struct segdesc desc[7];
	} __attribute__((packed)) pxe;
	struct { /* PXENV+ */
		uint8_t signature[6];
		uint16_t version;
		uint8_t length, sum;
		struct far entry;
		uint8_t unused3[6];
		struct {
			uint16_t seg, size;
		} part[5];
		struct far pxe;
	} __attribute__((packed)) pxenv;
} __attribute__((packed));

_Static_assert(sizeof(struct rm_nbp) == 208, "nbp_run.inc");

/*
 * Runs m->boot, a BOOT_NBP, to its end: what it has returned in AX, or a negative error when it
 * could not be started. Links but the one that boots are closed meanwhile.
 */
int nbp_run(struct machine *m);
/* Whether the program that has returned this wants to be there, and us, while the BIOS goes on. */
bool nbp_stays(int result);

#endif
