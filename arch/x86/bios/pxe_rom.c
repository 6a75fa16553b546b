/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See pxe_rom.h. The ROM has named itself when it started us: !PXE on the stack, PXENV+ in ES:BX;
 * int 1Ah 5650h (PXE 2.1, 3.1) is asked when neither is sound. Calls pass their parameters both as
 * !PXE and as PXENV+ want them.
 *
 * Limits: the protected-mode entry points are not used.
 */
#include "arch/x86/bios/pxe_rom.h"
#include "arch/x86/bios/bios.h"
#include "arch/x86/bios/realmode.h"
#include "core/str.h"

#define PACKET_MAX 1500

struct pxenv { /* PXENV+, 4.4.5 */
	char signature[6];
	uint16_t version;
	uint8_t len, sum;
	uint32_t entry;
	uint8_t unused[26];
	uint32_t bangpxe; /* version 2.1 */
} __attribute__((packed));

struct bangpxe { /* !PXE, 3.2.4 */
	char signature[4];
	uint8_t len, sum, revision, unused0;
	uint32_t undi_id, base_id;
	uint32_t entry;
} __attribute__((packed));

extern const char undi_low[], undi_low_end[]; /* undi_low.asm */

struct pxe_low *pxe_low;

void *pxe_rom_at(uint32_t far_pointer)
{
	return low_memory((far_pointer >> 16) * 16 + (far_pointer & 0xffff));
}

static bool sound(const void *p, uint8_t len, size_t min)
{
	const uint8_t *b = p;
	uint8_t sum = 0;

	for (unsigned i = 0; i < len; i++)
		sum = (uint8_t)(sum + b[i]);
	return len >= min && !sum;
}

/* The entry point of a !PXE, 0 when it is none. */
static uint32_t bangpxe_entry(uint32_t far_pointer)
{
	const struct bangpxe *p = pxe_rom_at(far_pointer);

	if (memcmp(p->signature, "!PXE", 4) || !sound(p, p->len, sizeof(*p)))
		return 0;
	return p->entry;
}

static uint32_t pxenv_entry(uint32_t far_pointer)
{
	const struct pxenv *p = pxe_rom_at(far_pointer);
	uint32_t entry = 0;

	if (memcmp(p->signature, "PXENV+", 6) || !sound(p, p->len, offsetof(struct pxenv, bangpxe)))
		return 0;
	if (p->version >= 0x0201 && p->len >= sizeof(*p))
		entry = bangpxe_entry(p->bangpxe);
	return entry ? entry : p->entry;
}

static uint32_t int1a_entry(void)
{
	struct rm_regs r = {.eax = 0x5650};

	rm_int(0x1a, &r);
	if ((r.flags & RM_CARRY) || (r.eax & 0xffff) != 0x564e)
		return 0;
	return pxenv_entry(FAR(r.es, r.ebx));
}

bool pxe_rom_find(void)
{
	size_t n = (size_t)(undi_low_end - undi_low);
	uint32_t entry;

	if (bios_handover.origin != ORIGIN_PXE)
		return false;
	entry = bangpxe_entry(bios_handover.bangpxe);
	if (!entry)
		entry = pxenv_entry(bios_handover.pxenv);
	if (!entry)
		entry = int1a_entry();
	pxe_low = entry ? rm_alloc(n) : NULL;
	if (!pxe_low)
		return false;
	memcpy(pxe_low, undi_low, n);
	pxe_low->entry = entry;
	return true;
}

uint16_t pxe_rom_call(uint16_t opcode, void *params, size_t n)
{
	uint16_t seg = (uint16_t)((uintptr_t)pxe_low >> 4), status;
	struct rm_regs r = {
		.ebx = opcode, .edi = offsetof(struct pxe_low, params), .ds = seg, .es = seg};

	memset(pxe_low->params, 0, sizeof(pxe_low->params));
	if (n)
		memcpy(pxe_low->params, params, n);
	rm_far(seg, pxe_low->off_call, &r);
	if (n)
		memcpy(params, pxe_low->params, n);
	memcpy(&status, pxe_low->params, sizeof(status));
	return !(r.eax & 0xffff) ? 0 : status ? status : 1;
}

struct bytes pxe_rom_cached(unsigned packet)
{
	struct pxe_cached_info info = {.packet = (uint16_t)packet};

	/* No buffer: it says where its own is. */
	if (pxe_rom_call(PXENV_GET_CACHED_INFO, &info, sizeof(info)) || !FAR(info.seg, info.off))
		return bytes_of(NULL, 0);
	if (info.size > PACKET_MAX)
		info.size = PACKET_MAX;
	return bytes_of(pxe_rom_at(FAR(info.seg, info.off)), info.size);
}

bool pxe_rom_nic(struct undi_nic_type *nic)
{
	memset(nic, 0, sizeof(*nic));
	if (!pxe_rom_call(PXENV_UNDI_GET_NIC_TYPE, nic, sizeof(*nic)) && nic->type == UNDI_NIC_PCI)
		return true;
	memset(nic, 0, sizeof(*nic));
	return false;
}

/* What the ROM has open is closed first; that there is nothing is no failure. */
void pxe_rom_shutdown(void)
{
	pxe_rom_call(PXENV_TFTP_CLOSE, NULL, 0);
	pxe_rom_call(PXENV_UDP_CLOSE, NULL, 0);
	pxe_rom_call(PXENV_UNDI_CLOSE, NULL, 0);
	pxe_rom_call(PXENV_UNDI_SHUTDOWN, NULL, 0);
}

void pxe_rom_unload(void)
{
	pxe_rom_call(PXENV_UNDI_SHUTDOWN, NULL, 0);
	pxe_rom_call(PXENV_UNDI_CLEANUP, NULL, 0);
	pxe_rom_call(PXENV_UNLOAD_STACK, NULL, 0);
	pxe_rom_call(PXENV_STOP_UNDI, NULL, 0);
}
