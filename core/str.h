/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The handful of C string functions the firmware uses, with their ISO C meaning. Hosted builds take
 * libc's; the freestanding ones are in core/libc.c, but memcpy, memmove and memset, which each CPU
 * writes for itself. str_copy and friends are ours: they always terminate and say when something
 * did not fit.
 */
#ifndef CORE_STR_H
#define CORE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);

/* Copies s and its NUL; false when it was cut to fit cap (> 0). */
bool str_copy(char *dst, size_t cap, const char *s);
/* The same for n bytes that need not be terminated; stops at a NUL. */
bool str_copy_n(char *dst, size_t cap, const char *s, size_t n);
/* Case-insensitive (ASCII) equality, for what RFCs compare that way. */
bool str_ieq(const char *a, const char *b);
bool str_starts(const char *s, const char *prefix);
/* Untrusted bytes made fit for a terminal: everything outside 0x20..0x7e becomes \xNN. Always
 * terminates. */
void str_clean(char *dst, size_t cap, const void *src, size_t n);
/*
 * Takes out of the URLs in text what is not to be shown, user and password: http://me:secret@host/
 * becomes http://host/. What is no URL, as one with a '/' in its password, stays as it is.
 */
void str_hide(char *text);
/* Digits in base 10 or 0x.. 16, whole string, no sign; false on anything else or overflow. */
bool str_u64(const char *s, uint64_t *value);
/* The same for decimal digits alone. */
bool str_digits(const char *s, uint64_t *value);

#endif
