/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log ring: lines "[seconds.milliseconds] text", the oldest overwritten. A line longer than
 * LOG_LINE_MAX is cut.
 */
#include <stdarg.h>
#include "core/console.h"
#include "core/fmt.h"
#include "core/machine.h"

#define LOG_LINE_MAX 256

void log_init(struct machine *m)
{
	m->log.head = 0;
	m->log.console_level = LOG_WARN;
}

void log_put(struct machine *m, enum log_level level, const char *fmt, ...)
{
	char line[LOG_LINE_MAX];
	struct log *log = &m->log;
	uint32_t ms = (uint32_t)(m->now_us / 1000);
	size_t n, stamp;
	va_list ap;

	stamp = fmt_print(line, sizeof(line), "[%4u.%03u] ", ms / 1000, ms % 1000);
	va_start(ap, fmt);
	n = stamp + fmt_vprint(line + stamp, sizeof(line) - stamp, fmt, ap);
	va_end(ap);
	if (n > sizeof(line) - 1)
		n = sizeof(line) - 1;
	line[n++] = '\n'; /* in place of the NUL */
	for (size_t i = 0; i < n; i++)
		log->ring[log->head++ % LOG_SIZE] = line[i];
	if (level <= log->console_level)
		console_write(m, line + stamp, n - stamp);
}

void log_show(struct machine *m)
{
	const struct log *log = &m->log;
	uint32_t at = log->head > LOG_SIZE ? log->head - LOG_SIZE : 0;

	/* When the ring has wrapped, its oldest line has lost its beginning. */
	if (at)
		while (log->ring[at++ % LOG_SIZE] != '\n')
			;
	for (; at != log->head; at++)
		console_write(m, &log->ring[at % LOG_SIZE], 1);
}
