/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls into the BIOS: a block of base memory that switches to real mode, runs one interrupt
 * handler (or one of its own routines) with given registers, and comes back. Interrupts are on only
 * in there. realmode.asm is the code; struct rm_block its first bytes.
 */
#ifndef ARCH_X86_BIOS_REALMODE_H
#define ARCH_X86_BIOS_REALMODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Code, data and stacks of the block, a multiple of 1 KiB; and where in it lie struct pxe_base, and
 * the memory map that network boot programs are told. */
#define RM_BLOCK_SIZE 18432u
#define RM_PXE_BASE   1728u
#define RM_MAP	      7680u
#define RM_MAP_ROWS   132
#define RM_TEXT_MAX   256

struct rm_regs {
	uint32_t eax, ebx, ecx, edx, esi, edi, ebp;
	uint16_t ds, es, flags, unused;
};
#define RM_CARRY 1u

struct rm_block {
	uint16_t gdt_limit;
	uint32_t gdt_base;
	uint16_t unused0;
	uint16_t real_ip, real_cs;
	uint32_t back_eip;
	uint16_t vector_ip, vector_cs;
	struct rm_regs regs;
	uint16_t off_enter, off_poll_keys, off_idle, off_put_text, off_leave_to, off_nbp;
	uint32_t leave_esp;
	uint16_t leave_ss, leave_ax;
	uint16_t text_len, unused2;
	char text[RM_TEXT_MAX];
} __attribute__((packed));

/* Takes RM_BLOCK_SIZE from the top of base memory (BDA 40:13); false when there is none. */
bool rm_init(void);
/* Gives it and all of rm_alloc() back, if nobody took more below it since. */
void rm_end(void);
/* rm_end() gives nothing of it back: somebody has an address in there. */
void rm_keep(void);
/* More base memory, for good: n bytes, zeroed, on a paragraph; NULL when there is none. */
void *rm_alloc(size_t n);
/* The block's first byte, for what has to lie in base memory; its text[] doubles as a 256-byte
 * buffer. */
extern struct rm_block *rm_block;
uint16_t rm_segment(void);

/* int n with *r; on return *r is what it left. */
void rm_int(uint8_t n, struct rm_regs *r);
/* The same for a routine anywhere that ends with iret. */
void rm_far(uint16_t cs, uint16_t ip, struct rm_regs *r);
/* Lets interrupts in and takes a key: BIOS scan code << 8 | character, 0 for none. */
uint16_t rm_key(void);
/* Sleeps until an interrupt, at most a timer tick of 55 ms. */
void rm_idle(void);
/* Writes n <= RM_TEXT_MAX characters to the screen. */
void rm_put_text(const char *s, unsigned n);
/* Goes back for good: ss:esp has all registers but AX (handover.inc, push_all), and a far return
 * address. */
_Noreturn void rm_leave(uint16_t ss, uint32_t esp, uint16_t ax);

#endif
