/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * printf into a buffer, the part the firmware needs: %c %s %d %i %u %x %X %p %%, flags 0 and -,
 * width and precision (also *), lengths hh h l ll z. No floats, no locale, no allocation; output is
 * always terminated.
 */
#ifndef CORE_FMT_H
#define CORE_FMT_H

#include <stdarg.h>
#include <stddef.h>

/* Both return the length the whole text would have had, as snprintf does; cap may be 0. */
size_t fmt_print(char *buf, size_t cap, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
size_t fmt_vprint(char *buf, size_t cap, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

#endif
