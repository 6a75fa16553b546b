/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The BIOS platform: what its files share. Everything here exists once in the computer, so it may
 * be global.
 */
#ifndef ARCH_X86_BIOS_BIOS_H
#define ARCH_X86_BIOS_BIOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "arch/x86/bios/handover.h"
#include "core/mem.h"
#include "core/platform.h"

struct bus_dev;
struct net;

/* Low memory by address, hidden from the compiler's idea of what a pointer to 0x413 can be. */
static inline void *low_memory(uintptr_t addr)
{
	__asm__("" : "+r"(addr));
	return (void *)addr;
}

/* BIOS data area. */
enum {
	BDA_COM1 = 0x400,
	BDA_BASE_KIB = 0x413,
	BDA_COLUMNS = 0x44a,
	BDA_CURSOR = 0x450,
	BDA_VIDEO_MODE = 0x449,
	BDA_RESET_FLAG = 0x472,
	BDA_ROWS = 0x484,
	BDA_SHARED = 0x4f0, /* 16 bytes for programs to leave messages to one another */
};
static inline volatile uint16_t *bda16(uintptr_t addr)
{
	return low_memory(addr);
}

extern const struct platform bios_platform;
extern struct handover bios_handover; /* a copy; the original lies in memory that is given back */
extern char bios_cmdline[1024];	      /* from a Linux boot loader; "" for none */

/* clock.c: microseconds since clock_init(), which takes 6 to 24 ms. */
void clock_init(void);
uint64_t clock_us(void);

/* screen.c: text out and keys in, on screen and serial line. */
void screen_init(void);
void screen_putc(void *ctx, char c);
void screen_flush(void); /* what was written so far gets out */
int screen_key(void *ctx);
void screen_idle(void *ctx, uint64_t until_us);
bool screen_active(void); /* whether a key came since the last time this was asked */
/* Fills struct screen_info of boot_params for a text console. */
void screen_info(uint8_t params[4096]);

/* memory.c */
unsigned memory_map(void *ctx, struct mem_range *rows, unsigned max);
void memory_self(void *ctx, struct mem_range *self);
void memory_write(void *ctx, uint64_t phys, const void *src, size_t n);
void memory_read(void *ctx, void *dst, uint64_t phys, size_t n);
void memory_move(void *ctx, uint64_t dst, uint64_t src, uint64_t n);

/* pci_bios.c: finds all cards that drivers know. */
void pci_bios_scan(struct net *net);
/* Ends the DMA of a card that we have no driver for, if it is there. */
void pci_bios_quiet(uint16_t vendor, uint16_t device, uint16_t busdevfn);

/* identity.c */
bool identity_uuid(void *ctx, uint8_t uuid[16]);
enum entropy_grade identity_entropy(void *ctx, void *buf, size_t n);

/* power.c */
_Noreturn void power_reboot(void);
void power_off(void); /* returns when it did not work */

/* start.c */
int start_boot(void *ctx, const struct boot_request *req);

#endif
