/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clock: the time stamp counter, measured against the programmable interval timer (Intel 8254)
 * at start. Counter 2 is used (the speaker's): counter 0 belongs to the BIOS.
 *
 * A single reading may be stretched at either end, by an SMI or a busy host, so each one gives
 * bounds: the longest and the shortest that the true interval can have been. Readings of 2 ms are
 * taken until the best bounds agree within 1/64, at least three and at most MEASURE_MAX.
 */
#include "arch/x86/bios/bios.h"
#include "arch/x86/cpu.h"

#define PIT_HZ	  1193182u
#define PIT_TICKS 2386u /* 2 ms */
#define PIT_DATA2 0x42
#define PIT_CTRL  0x43
#define PIT_GATE  0x61 /* bit 0: gate of counter 2, bit 1: speaker, bit 5: output of counter 2 */

#define MEASURE_MIN 3
#define MEASURE_MAX 12

static uint64_t start_tsc;
static uint32_t us_per_tick; /* as a fraction of 2^32: no division when the clock is read */

/* Bounds of the TSC's ticks in PIT_TICKS of the PIT. Mode 0: output goes high when the count has
 * run out. */
static void measure(uint32_t *low, uint32_t *high)
{
	uint64_t before, after, running, now;
	unsigned turns = 0;

	outb(PIT_GATE, (uint8_t)(inb(PIT_GATE) & ~3));
	outb(PIT_CTRL, 0xb0); /* counter 2, low and high byte, mode 0 */
	outb(PIT_DATA2, PIT_TICKS & 0xff);
	outb(PIT_DATA2, PIT_TICKS >> 8);
	before = rdtsc();
	outb(PIT_GATE, (uint8_t)((inb(PIT_GATE) & ~3) | 1));
	after = running = now = rdtsc();
	while (!(inb(PIT_GATE) & 0x20) && ++turns < 1000000) {
		running = now; /* it had not run out yet when this was read */
		now = rdtsc();
	}
	now = rdtsc();
	if ((uint32_t)(running - after) > *low)
		*low = (uint32_t)(running - after);
	if ((uint32_t)(now - before) < *high)
		*high = (uint32_t)(now - before);
}

void clock_init(void)
{
	uint8_t gate = inb(PIT_GATE);
	uint32_t low = 0, high = UINT32_MAX, tsc_per_ms;

	for (unsigned i = 0; i < MEASURE_MAX && (i < MEASURE_MIN || high - low > high / 64); i++)
		measure(&low, &high);
	outb(PIT_GATE, gate);
	tsc_per_ms = (uint32_t)((uint64_t)(low + (high - low) / 2) * (PIT_HZ / 1000) / PIT_TICKS);
	if (tsc_per_ms <= 1000)
		tsc_per_ms = 1001; /* below 1 MHz there is no such CPU: no timer answered */
	us_per_tick = (uint32_t)((1000ull << 32) / tsc_per_ms);
	start_tsc = rdtsc();
}

uint64_t clock_us(void)
{
	uint64_t t = rdtsc() - start_tsc;

	return ((uint64_t)(uint32_t)t * us_per_tick >> 32) + (t >> 32) * us_per_tick;
}
