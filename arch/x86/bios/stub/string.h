/* SPDX-License-Identifier: BSD-2-Clause */
/* What LzmaDec.c takes from <string.h>. */
#ifndef STUB_STRING_H
#define STUB_STRING_H
#include <stddef.h>
void *memcpy(void *restrict dst, const void *restrict src, size_t n);
#endif
