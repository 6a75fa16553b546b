/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who this machine is and how random it can be: the SMBIOS system UUID (DMTF DSP0134 5.2, 7.2.1)
 * through the firmware's configuration tables, and entropy of the CPU or of EFI_RNG_PROTOCOL (UEFI
 * 37.5), on top of the jitter between the clock and the firmware's Stall().
 */
#include "arch/efi/cpu.h"
#include "arch/efi/efi.h"
#include "core/smbios.h"
#include "core/str.h"

static EFI_GUID rng_guid = EFI_RNG_PROTOCOL_GUID;

static const uint8_t *config_table(const EFI_GUID *guid)
{
	for (UINTN i = 0; i < efi_st->NumberOfTableEntries; i++)
		if (!memcmp(&efi_st->ConfigurationTable[i].VendorGuid, guid, sizeof(*guid)))
			return efi_st->ConfigurationTable[i].VendorTable;
	return NULL;
}

/* The structures, by whichever entry point there is. */
static struct bytes structures(void)
{
	static const EFI_GUID guid3 = SMBIOS3_TABLE_GUID, guid = SMBIOS_TABLE_GUID;
	const uint8_t *p = config_table(&guid3);

	if (p && !memcmp(p, "_SM3_", 5))
		return smbios_table3(p);
	p = config_table(&guid);
	if (p && !memcmp(p, "_SM_", 4))
		return smbios_table(p);
	return bytes_of(NULL, 0);
}

bool efi_uuid(void *ctx, uint8_t uuid[16])
{
	(void)ctx;
	return smbios_uuid(structures(), uuid);
}

/* Stall() ends a little later each time: the jitter of a clock against another. */
static uint64_t jitter(void)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (unsigned i = 0; i < 16; i++) {
		efi_bs->Stall(1);
		h = (h ^ cpu_ticks()) * 0x100000001b3u;
	}
	return h;
}

/* The firmware's generator, when it has one. */
static bool firmware_random(void *buf, size_t n)
{
	EFI_RNG_PROTOCOL *rng;

	return !efi_bs->LocateProtocol(&rng_guid, NULL, (void **)&rng) &&
	       !rng->GetRNG(rng, NULL, n, buf);
}

/* All sources are mixed: none can make it worse. */
enum entropy_grade efi_entropy(void *ctx, void *buf, size_t n)
{
	uint8_t *p = buf;
	bool cpu = cpu_has_random(), firmware;

	(void)ctx;
	memset(buf, 0, n);
	firmware = firmware_random(buf, n);
	for (size_t i = 0; i < n; i += 8) {
		uint64_t v = 0, mix = jitter();

		if (cpu && !cpu_random(&v) && !cpu_random(&v))
			cpu = false;
		mix ^= v;
		for (size_t j = 0; j < 8 && i + j < n; j++)
			p[i + j] ^= (uint8_t)(mix >> 8 * j);
	}
	return cpu || firmware ? ENTROPY_HARDWARE : ENTROPY_JITTER;
}
