/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ISO C functions of core/str.h for the firmware, which has no libc; ISO/IEC 9899:2011
 * section 7.24. Small before fast: each CPU brings memcpy, memmove and memset itself. Hosted builds
 * do not contain this file.
 */
#include "core/str.h"

/* Keeps a compiler from seeing a loop as the very function that it implements. */
#define LOOP() __asm__ volatile("")

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *p = a, *q = b;

	for (size_t i = 0; i < n; i++) {
		LOOP();
		if (p[i] != q[i])
			return p[i] - q[i];
	}
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n]) {
		LOOP();
		n++;
	}
	return n;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, PTRDIFF_MAX);
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		LOOP();
		if (a[i] != b[i] || !a[i])
			return (unsigned char)a[i] - (unsigned char)b[i];
	}
	return 0;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		LOOP();
		if (*s == (char)c)
			return (char *)(uintptr_t)s;
		if (!*s)
			return NULL;
	}
}
