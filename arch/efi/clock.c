/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clock: a counter of the CPU, read without a call of the firmware. arm64 says how fast it
 * runs; the time stamp counter of x86 is measured against the firmware's Stall(), which waits for
 * at least as long as it is told (UEFI 7.5): of several readings the shortest is the right one.
 *
 * Limits: a time stamp counter that changes its pace, or stands still while the CPU sleeps, takes
 * our time with it.
 */
#include "arch/efi/cpu.h"
#include "arch/efi/efi.h"

#define MEASURE_US    2000
#define MEASURE_TIMES 4

static uint64_t start, us_per_tick; /* the latter as a fraction of 2^32: no division later */

static uint64_t ticks_measure(void)
{
	uint64_t best = UINT64_MAX;

	for (unsigned i = 0; i < MEASURE_TIMES; i++) {
		uint64_t before = cpu_ticks(), ticks;

		efi_bs->Stall(MEASURE_US);
		ticks = cpu_ticks() - before;
		if (ticks < best)
			best = ticks;
	}
	return best * (1000000 / MEASURE_US);
}

void efi_clock_init(void)
{
	uint64_t hz = cpu_ticks_hz();

	if (!hz)
		hz = ticks_measure();
	if (hz < 1000000)
		hz = 1000000; /* no CPU is that slow: its counter stands still */
	us_per_tick = (1000000ull << 32) / hz;
	start = cpu_ticks();
}

uint64_t efi_now_us(void *ctx)
{
	(void)ctx;
	return (uint64_t)((unsigned __int128)(cpu_ticks() - start) * us_per_tick >> 32);
}
