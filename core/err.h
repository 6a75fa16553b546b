/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors as numbers that never change, and the one sentence that explains the latest failure.
 *
 * Functions return 0 or a negative code (-ERR_X). The place that first sees a failure calls
 * err_set() with what it was doing, on which link and with whom; callers only pass the code on. The
 * console prints both.
 */
#ifndef CORE_ERR_H
#define CORE_ERR_H

struct machine;

enum err {
	ERR_NONE = 0,
#define ERR(name, code, text, hint) ERR_##name = code,
#include "core/err.def"
#undef ERR
};

#define ERR_DETAIL_MAX 200

struct err_report {
	int code; /* positive, 0 for none */
	char detail[ERR_DETAIL_MAX];
};

/* Text and advice of a code of either sign; "unknown error" and "" for others. Static storage. */
const char *err_text(int code);
const char *err_hint(int code);

/*
 * Keeps the sentence of the first failure since err_clear() and logs each. Returns -code, so that
 * `return err_set(m, ERR_LINK_DOWN, "%s", dev->name);` reads well. Untrusted text goes through
 * str_clean().
 */
int err_set(struct machine *m, enum err code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void err_clear(struct machine *m);
/* Prints code, text, detail and advice of `code` to the console. */
void err_print(struct machine *m, int code);

#endif
