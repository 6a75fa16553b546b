/* SPDX-License-Identifier: BSD-2-Clause */
/* What this folder asks of a CPU, by one name on both. Of 32 bits there are only tests. */
#ifndef ARCH_EFI_CPU_H
#define ARCH_EFI_CPU_H

#if defined(__x86_64__) || defined(__i386__)
#include "arch/x86/cpu.h"

#define CPU_BUILDARCH "x86_64"
#define CPU_PORTS     /* in and out are instructions */

static inline uint64_t cpu_ticks(void)
{
	return rdtsc();
}

/* Ticks a second; 0 when that has to be measured. */
static inline uint64_t cpu_ticks_hz(void)
{
	return 0;
}

static inline bool cpu_has_random(void)
{
	return has_rdrand();
}

static inline bool cpu_random(uint64_t *v)
{
	uint32_t low, high;

	if (!rdrand(&low) || !rdrand(&high))
		return false;
	*v = (uint64_t)high << 32 | low;
	return true;
}

/* Loads and stores to devices are in order on x86 (SDM 3, 12.2): a compiler must not move them. */
static inline void device_write_barrier(void)
{
	__asm__ volatile("" : : : "memory");
}

static inline void device_read_barrier(void)
{
	__asm__ volatile("" : : : "memory");
}

#elif defined(__aarch64__)
#include "arch/arm64/cpu.h"

#define CPU_BUILDARCH "arm64"

static inline uint64_t cpu_ticks(void)
{
	return counter();
}

static inline uint64_t cpu_ticks_hz(void)
{
	return counter_hz();
}

static inline bool cpu_has_random(void)
{
	return has_rndr();
}

static inline bool cpu_random(uint64_t *v)
{
	return rndr(v);
}
#else
#error "no such CPU under UEFI"
#endif

#endif
