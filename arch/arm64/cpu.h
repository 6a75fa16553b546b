/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions that C has no words for. Arm Architecture Reference Manual for A-profile (DDI 0487),
 * D12 (generic timer), K14.5 (random numbers), B2.3 (barriers).
 */
#ifndef ARCH_ARM64_CPU_H
#define ARCH_ARM64_CPU_H

#include <stdbool.h>
#include <stdint.h>

/* The virtual counter: runs at counter_hz() on all of them, from power-on. */
static inline uint64_t counter(void)
{
	uint64_t v;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(v) : : "memory");
	return v;
}

static inline uint64_t counter_hz(void)
{
	uint64_t v;

	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(v));
	return v;
}

/* FEAT_RNG: ID_AA64ISAR0_EL1, bits 63 to 60. */
static inline bool has_rndr(void)
{
	uint64_t v;

	__asm__ volatile("mrs %0, id_aa64isar0_el1" : "=r"(v));
	return v >> 60;
}

/* One random number; false when it has nothing to give. Only where has_rndr(). */
static inline bool rndr(uint64_t *v)
{
	uint32_t ok;

	__asm__ volatile("mrs %0, s3_3_c2_c4_0; cset %w1, ne" : "=r"(*v), "=r"(ok) : : "cc");
	return ok;
}

/* What was written before is seen by a device before what is written after, and likewise read. */
static inline void device_write_barrier(void)
{
	__asm__ volatile("dmb oshst" : : : "memory");
}

static inline void device_read_barrier(void)
{
	__asm__ volatile("dmb oshld" : : : "memory");
}

static inline void cpu_pause(void)
{
	__asm__ volatile("yield");
}

#endif
