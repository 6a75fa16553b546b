/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The firmware that all tests of arch/efi have: the door to the machine (arch/efi/start.c), its
 * waits, and pool memory that must all come back. What else a test's boot services do, the test
 * sets in firmware.bs. Header only; each test program has one.
 */
#ifndef TESTS_ARCH_EFI_FIRMWARE_H
#define TESTS_ARCH_EFI_FIRMWARE_H

#include "arch/efi/efi.h"
#include "core/machine.h"
#include "tests/unit.h"

EFI_BOOT_SERVICES *efi_bs;
struct system *efi_sys;

static struct {
	EFI_BOOT_SERVICES bs;
	bool inside, busy; /* busy: the machine is at work */
	int pools;	   /* not given back */
} firmware;

bool efi_enter(EFI_TPL *kept)
{
	*kept = EFI_TPL_APPLICATION;
	if (firmware.inside || firmware.busy)
		return false;
	firmware.inside = true;
	return true;
}

void efi_leave(EFI_TPL kept)
{
	assert_true(firmware.inside);
	assert_int_equal(kept, EFI_TPL_APPLICATION);
	firmware.inside = false;
}

bool efi_wait(bool (*done)(void *ctx), void *ctx, uint64_t deadline_us)
{
	assert_true(firmware.inside);
	return machine_wait(&efi_sys->m, done, ctx, deadline_us);
}

static EFI_STATUS EFIAPI firmware_alloc(EFI_MEMORY_TYPE type, UINTN n, void **out)
{
	(void)type;
	*out = malloc(n);
	firmware.pools++;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI firmware_free(void *p)
{
	assert_non_null(p);
	free(p);
	firmware.pools--;
	return EFI_SUCCESS;
}

static inline void firmware_init(void)
{
	memset(&firmware, 0, sizeof(firmware));
	firmware.bs.AllocatePool = firmware_alloc;
	firmware.bs.FreePool = firmware_free;
	efi_bs = &firmware.bs;
}

/* Nobody is inside, and all is given back. */
static inline void firmware_end(void)
{
	assert_int_equal(firmware.pools, 0);
	assert_false(firmware.inside);
}

#endif
