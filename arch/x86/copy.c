/* SPDX-License-Identifier: BSD-2-Clause */
/* See copy.h. Intel SDM 1, 10 (SSE); 2, "REP" and 3.7.6 of the optimization manual (fast strings).
 */
#include "arch/x86/copy.h"
#include "arch/x86/cpu.h"
#include "core/str.h"

#define COPY_SMALL 128 /* below this, choosing costs more than copying */
#define CPUID_SSE  (1u << 25)
#define CR4_OSFXSR (1u << 9)
#define CR0_NO_SSE 0xcu /* EM, TS: an SSE instruction would be an exception */

typedef void copy_fn(void *dst, const void *src, size_t n);

static void copy_bytes(void *dst, const void *src, size_t n)
{
	__asm__ volatile("rep movsb" : "+D"(dst), "+S"(src), "+c"(n) : : "memory");
}

static void copy_words(void *dst, const void *src, size_t n)
{
	size_t words = n / 4, rest = n % 4;

	__asm__ volatile("rep movsl; movl %3, %%ecx; rep movsb"
			 : "+D"(dst), "+S"(src), "+c"(words)
			 : "r"(rest)
			 : "memory");
}

/* 64 bytes a turn through four registers, which are put back afterwards. */
static void copy_sse(void *dst, const void *src, size_t n)
{
	size_t turns = n / 64, rest = n % 64;
	uint8_t saved[64];

	__asm__ volatile("movups %%xmm0, (%3); movups %%xmm1, 16(%3)\n"
			 "movups %%xmm2, 32(%3); movups %%xmm3, 48(%3)\n"
			 "1: movups (%1), %%xmm0; movups 16(%1), %%xmm1\n"
			 "movups 32(%1), %%xmm2; movups 48(%1), %%xmm3\n"
			 "movups %%xmm0, (%0); movups %%xmm1, 16(%0)\n"
			 "movups %%xmm2, 32(%0); movups %%xmm3, 48(%0)\n"
			 "addl $64, %1; addl $64, %0; decl %2; jnz 1b\n"
			 "movups (%3), %%xmm0; movups 16(%3), %%xmm1\n"
			 "movups 32(%3), %%xmm2; movups 48(%3), %%xmm3\n"
			 : "+D"(dst), "+S"(src), "+c"(turns)
			 : "r"(saved)
			 : "memory", "cc");
	copy_words(dst, src, rest);
}

static copy_fn *copy_best = copy_words;
static uint32_t cr4_found;
static bool cr4_changed;

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
	if (n < COPY_SMALL)
		copy_bytes(dst, src, n);
	else
		copy_best(dst, src, n);
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	if ((uintptr_t)dst - (uintptr_t)src >= n)
		return memcpy(dst, src, n);
	if (dst != src) {
		uint8_t *d = (uint8_t *)dst + n - 1;
		const uint8_t *s = (const uint8_t *)src + n - 1;
		size_t left = n;

		__asm__ volatile("std; rep movsb; cld" : "+D"(d), "+S"(s), "+c"(left) : : "memory");
	}
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	void *d = dst;
	size_t words = n / 4, rest = n % 4;

	__asm__ volatile("rep stosl; movl %3, %%ecx; rep stosb"
			 : "+D"(d), "+c"(words)
			 : "a"((uint32_t)(uint8_t)c * 0x01010101u), "r"(rest)
			 : "memory");
	return dst;
}

static bool sse_enable(void)
{
	uint32_t r[4], cr0, cr4;

	cpuid(1, r);
	__asm__ volatile("movl %%cr0, %0" : "=r"(cr0));
	if (!(r[3] & CPUID_SSE) || cr0 & CR0_NO_SSE)
		return false;
	__asm__ volatile("movl %%cr4, %0" : "=r"(cr4));
	cr4_found = cr4;
	cr4_changed = true;
	__asm__ volatile("movl %0, %%cr4" : : "r"(cr4 | CR4_OSFXSR));
	return true;
}

/* Clock ticks of the fastest of a few copies, to an odd address, as payload often lands. */
static uint64_t copy_time(copy_fn *copy, uint8_t *scratch, size_t n)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 4; i++) {
		uint64_t start = rdtsc();

		for (int j = 0; j < 4; j++)
			copy(scratch + n / 2 + 2, scratch, 1468);
		start = rdtsc() - start;
		if (start < best)
			best = start;
	}
	return best;
}

const char *copy_init(void *scratch, size_t n)
{
	static const struct {
		const char *name;
		copy_fn *copy;
	} ways[] = {{"words", copy_words}, {"bytes", copy_bytes}, {"SSE", copy_sse}};
	unsigned count = sse_enable() ? 3 : 2;
	uint64_t best = UINT64_MAX;
	const char *name = "";

	for (unsigned i = 0; i < count; i++) {
		uint64_t t = copy_time(ways[i].copy, scratch, n);

		if (t < best) {
			best = t;
			copy_best = ways[i].copy;
			name = ways[i].name;
		}
	}
	return name;
}

void copy_end(void)
{
	copy_best = copy_words;
	if (cr4_changed)
		__asm__ volatile("movl %0, %%cr4" : : "r"(cr4_found));
	cr4_changed = false; /* from here on it is another's */
}
