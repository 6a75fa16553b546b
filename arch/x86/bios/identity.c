/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who this machine is and how random it can be: the SMBIOS system UUID (DMTF DSP0134 2.1.1, 7.2.1)
 * and an entropy pool of RDRAND where there is one, else of the jitter between two clocks.
 */
#include "arch/x86/bios/bios.h"
#include "arch/x86/cpu.h"
#include "core/smbios.h"
#include "core/str.h"

/* By the entry point on a paragraph of F000:0, with a right sum; or no bytes. */
static struct bytes structures(void)
{
	const uint8_t *p = low_memory(0xf0000);

	for (unsigned i = 0; i < 0x10000 / 16 - 2; i++, p += 16) {
		uint8_t sum = 0;

		if (memcmp(p, "_SM_", 4) || p[5] < 0x1e || p[5] > 0x20)
			continue;
		for (unsigned j = 0; j < p[5]; j++)
			sum = (uint8_t)(sum + p[j]);
		if (!sum)
			return smbios_table(p);
	}
	return bytes_of(NULL, 0);
}

bool identity_uuid(void *ctx, uint8_t uuid[16])
{
	(void)ctx;
	return smbios_uuid(structures(), uuid);
}

/* Time stamps at the edges of the timer's output wander by many ticks from one to the next. */
static uint32_t jitter(void)
{
	uint32_t h = 0x811c9dc5u;

	for (unsigned i = 0; i < 64; i++) {
		outb(0x43, 0x00); /* latch counter 0 */
		h = (h ^ inb(0x40) ^ (uint32_t)rdtsc()) * 0x01000193u;
		h = (h ^ inb(0x40)) * 0x01000193u;
	}
	return h;
}

enum entropy_grade identity_entropy(void *ctx, void *buf, size_t n)
{
	uint8_t *p = buf;
	bool hardware = has_rdrand();

	(void)ctx;
	for (size_t i = 0; i < n; i += 4) {
		uint32_t v = 0;

		if (hardware && !rdrand(&v) && !rdrand(&v))
			hardware = false;
		v ^= jitter();
		memcpy(p + i, &v, n - i < 4 ? n - i : 4);
	}
	return hardware ? ENTROPY_HARDWARE : ENTROPY_JITTER;
}
