/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reboot by the keyboard controller and, if that does nothing, a triple fault; power off by APM 1.2
 * and by ACPI (6.5 chapters 5.2 and 7.4.2): the S5 sleep type is read from the \_S5 package in the
 * DSDT's byte code.
 */
#include "arch/x86/bios/bios.h"
#include "arch/x86/bios/realmode.h"
#include "arch/x86/cpu.h"
#include "core/bytes.h"
#include "core/str.h"

#define ACPI_TABLE_MAX (1u << 20)
#define SLP_EN	       (1u << 13)

_Noreturn void power_reboot(void)
{
	static const struct {
		uint16_t limit;
		uint32_t base;
	} __attribute__((packed)) no_idt = {0, 0};

	*bda16(BDA_RESET_FLAG) = 0x1234; /* warm: no memory test */
	outb(0x64, 0xfe);
	for (unsigned i = 0; i < 100000; i++)
		inb(0x64);
	__asm__ volatile("lidt %0; int3" : : "m"(no_idt));
	__builtin_unreachable();
}

/* The whole ACPI table at addr when it has the signature, else no bytes. */
static struct bytes acpi_table(uint32_t addr, const char *signature)
{
	const uint8_t *p = low_memory(addr);
	struct bytes b;
	uint32_t len;

	if (!addr || memcmp(p, signature, 4))
		return bytes_of(NULL, 0);
	b = bytes_of(p + 4, 4);
	len = bytes_le32(&b);
	return bytes_of(p, len <= ACPI_TABLE_MAX ? len : 0);
}

static uint32_t le32_at(struct bytes b, size_t off)
{
	bytes_skip(&b, off);
	return bytes_le32(&b);
}

/* RSDP: in the first KiB of the extended BIOS data area or in E0000-FFFFF, on 16 bytes (5.2.5.1).
 */
static uint32_t find_rsdt(void)
{
	uintptr_t ebda = (uintptr_t)*bda16(0x40e) << 4;

	for (unsigned area = 0; area < 2; area++) {
		uintptr_t at = area ? 0xe0000 : ebda, end = area ? 0x100000 : ebda + 1024;

		for (; at && at < end; at += 16) {
			const uint8_t *p = low_memory(at);

			if (!memcmp(p, "RSD PTR ", 8))
				return le32_at(bytes_of(p, 20), 16);
		}
	}
	return 0;
}

static uint32_t find_fadt(void)
{
	struct bytes rsdt = acpi_table(find_rsdt(), "RSDT");

	bytes_skip(&rsdt, 36);
	while (rsdt.n >= 4) {
		uint32_t addr = bytes_le32(&rsdt);

		if (acpi_table(addr, "FACP").n)
			return addr;
	}
	return 0;
}

/* \_S5 = Package (n) { SLP_TYPa, ... }: NameOp "_S5_" PackageOp PkgLength NumElements then an
 * integer (20.2). */
static int sleep_type(struct bytes dsdt)
{
	for (size_t i = 0; i + 12 < dsdt.n; i++) {
		const uint8_t *p = dsdt.p + i;

		if (memcmp(p, "_S5_", 4) || p[4] != 0x12)
			continue;
		p += 5 + 1 + (p[5] >> 6) +
		     1; /* package length has 1 to 4 bytes, then the number of elements */
		if (p + 1 >= dsdt.p + dsdt.n)
			return -1;
		return *p == 0x0a ? p[1] & 7 : *p & 7; /* BytePrefix, or ZeroOp and OneOp */
	}
	return -1;
}

static void acpi_off(void)
{
	struct bytes fadt = acpi_table(find_fadt(), "FACP");
	uint32_t smi_cmd = le32_at(fadt, 48), pm1a = le32_at(fadt, 64);
	uint8_t enable = fadt.n > 52 ? fadt.p[52] : 0;
	int type = sleep_type(acpi_table(le32_at(fadt, 40), "DSDT"));

	if (type < 0 || !pm1a || pm1a > 0xffff)
		return;
	if (!(inw((uint16_t)pm1a) & 1) && smi_cmd && smi_cmd <= 0xffff && enable) {
		outb((uint16_t)smi_cmd, enable);
		for (unsigned i = 0; i < 1000000 && !(inw((uint16_t)pm1a) & 1); i++)
			cpu_pause();
	}
	outw((uint16_t)pm1a, (uint16_t)((unsigned)type << 10 | SLP_EN));
}

static void apm_off(void)
{
	struct rm_regs r = {.eax = 0x5301}; /* connect real-mode interface */

	rm_int(0x15, &r);
	r = (struct rm_regs){.eax = 0x530e, .ecx = 0x0102};
	rm_int(0x15, &r);
	r = (struct rm_regs){.eax = 0x5307, .ebx = 1, .ecx = 3}; /* all devices off */
	rm_int(0x15, &r);
}

void power_off(void)
{
	uint64_t end;

	acpi_off();
	for (end = clock_us() + 500000; clock_us() < end;)
		cpu_pause();
	apm_off();
}
