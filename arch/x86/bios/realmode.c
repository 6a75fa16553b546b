/* SPDX-License-Identifier: BSD-2-Clause */
/* See realmode.h. */
#include "arch/x86/bios/realmode.h"
#include "arch/x86/bios/bios.h"
#include "core/str.h"

extern const char rm_image[], rm_image_end[]; /* entry.asm */
extern uint64_t gdt[6];
extern const struct {
	uint16_t limit;
	const void *base;
} __attribute__((packed)) gdt_pointer;
void rm_switch(uint32_t enter_offset);
void rm_back(void);

#define BASE_KIB_MIN 128 /* base memory that is left alone */

#define GDT_CODE16 4
#define GDT_DATA16 5

_Static_assert(sizeof(struct rm_block) == 80 + RM_TEXT_MAX, "realmode.asm");

struct rm_block *rm_block;
static uint16_t base_kib; /* base memory before we took ours */
static uint16_t low_kib;  /* and what is left of it */

uint16_t rm_segment(void)
{
	return (uint16_t)((uintptr_t)rm_block >> 4);
}

/* Intel SDM 3A 3.4.5: base bits 0-23 at bit 16, 24-31 at bit 56. */
static void gdt_set_base(unsigned i, uint32_t base)
{
	gdt[i] &= ~0xff0000ffffff0000ull;
	gdt[i] |= (uint64_t)(base & 0xffffff) << 16 | (uint64_t)(base >> 24) << 56;
}

void *rm_alloc(size_t n)
{
	unsigned kib = (unsigned)(n + 1023) / 1024;
	void *p;

	if (*bda16(BDA_BASE_KIB) != low_kib || low_kib < BASE_KIB_MIN + kib)
		return NULL;
	low_kib = (uint16_t)(low_kib - kib);
	*bda16(BDA_BASE_KIB) = low_kib;
	p = low_memory(low_kib * 1024u);
	memset(p, 0, kib * 1024u);
	return p;
}

bool rm_init(void)
{
	size_t n = (size_t)(rm_image_end - rm_image);

	base_kib = *bda16(BDA_BASE_KIB);
	if (base_kib < BASE_KIB_MIN + RM_BLOCK_SIZE / 1024 || base_kib > 640)
		return false;
	low_kib = base_kib;
	rm_block = rm_alloc(RM_BLOCK_SIZE);
	memcpy(rm_block, rm_image, n);
	gdt_set_base(GDT_CODE16, (uint32_t)rm_block);
	gdt_set_base(GDT_DATA16, (uint32_t)rm_block);
	rm_block->gdt_limit = gdt_pointer.limit;
	rm_block->gdt_base = (uint32_t)gdt_pointer.base;
	rm_block->real_cs = rm_segment();
	rm_block->back_eip = (uint32_t)rm_back;
	return true;
}

void rm_end(void)
{
	if (rm_block && *bda16(BDA_BASE_KIB) == low_kib)
		*bda16(BDA_BASE_KIB) = base_kib;
}

void rm_keep(void)
{
	base_kib = low_kib;
}

static void rm_call(uint16_t cs, uint16_t ip)
{
	rm_block->vector_cs = cs;
	rm_block->vector_ip = ip;
	rm_switch(rm_block->off_enter);
}

void rm_far(uint16_t cs, uint16_t ip, struct rm_regs *r)
{
	rm_block->regs = *r;
	rm_call(cs, ip);
	*r = rm_block->regs;
}

void rm_int(uint8_t n, struct rm_regs *r)
{
	const volatile uint16_t *vector = low_memory(n * 4u);

	rm_far(vector[1], vector[0], r);
}

uint16_t rm_key(void)
{
	rm_call(rm_segment(), rm_block->off_poll_keys);
	return (uint16_t)rm_block->regs.eax;
}

void rm_idle(void)
{
	rm_call(rm_segment(), rm_block->off_idle);
}

void rm_put_text(const char *s, unsigned n)
{
	memcpy(rm_block->text, s, n);
	rm_block->text_len = (uint16_t)n;
	rm_call(rm_segment(), rm_block->off_put_text);
}

_Noreturn void rm_leave(uint16_t ss, uint32_t esp, uint16_t ax)
{
	rm_block->leave_ax = ax;
	rm_block->leave_ss = ss;
	rm_block->leave_esp = esp;
	rm_call(rm_segment(), rm_block->off_leave_to);
	__builtin_unreachable();
}
