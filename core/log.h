/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log ring: what happened, for the person who comes later. Lines are kept in a ring of LOG_SIZE
 * bytes
 * (`log` command) and, from LOG_WARN up or when the `verbose` setting is on, also go to the
 * console.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <stdint.h>
#include "config/limits.h"

struct machine;

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct log {
	char ring[LOG_SIZE];
	uint32_t head;		      /* bytes ever written; the ring holds the last LOG_SIZE */
	enum log_level console_level; /* what also goes to the console */
};

void log_init(struct machine *m);
/* One line without its newline. Text from the wire goes through str_clean() first. */
void log_put(struct machine *m, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Prints the ring to the console. */
void log_show(struct machine *m);

#endif
