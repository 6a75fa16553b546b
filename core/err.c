/* SPDX-License-Identifier: BSD-2-Clause */
/* The error table (core/err.def) and the sentence about the first failure. */
#include <stdarg.h>
#include "core/console.h"
#include "core/fmt.h"
#include "core/machine.h"

static const struct {
	uint16_t code;
	const char *text, *hint;
} errors[] = {
#define ERR(name, code, text, hint) {code, text, hint},
#include "core/err.def"
#undef ERR
};

#define ERRORS (sizeof(errors) / sizeof(errors[0]))

/* Row of a code of either sign; ERRORS for none. */
static size_t find_row(int code)
{
	size_t i = 0;

	while (i < ERRORS && errors[i].code != code && -errors[i].code != code)
		i++;
	return i;
}

const char *err_text(int code)
{
	size_t i = find_row(code);

	return i < ERRORS ? errors[i].text : "unknown error";
}

const char *err_hint(int code)
{
	size_t i = find_row(code);

	return i < ERRORS ? errors[i].hint : "";
}

int err_set(struct machine *m, enum err code, const char *fmt, ...)
{
	char text[URL_MAX]; /* what str_hide() looks at must be whole */
	char detail[ERR_DETAIL_MAX];
	va_list ap;

	va_start(ap, fmt);
	fmt_vprint(text, sizeof(text), fmt, ap);
	va_end(ap);
	str_hide(text);
	str_clean(detail, sizeof(detail), text, strlen(text)); /* names in it may be a server's */
	log_put(m, LOG_INFO, "E%d %s: %s", (int)code, err_text((int)code), detail);
	if (!m->err.code) {
		m->err.code = (int)code;
		str_copy(m->err.detail, sizeof(m->err.detail), detail);
	}
	return -(int)code;
}

void err_clear(struct machine *m)
{
	m->err.code = 0;
	m->err.detail[0] = 0;
}

void err_print(struct machine *m, int code)
{
	const char *hint = err_hint(code);

	if (code < 0)
		code = -code;
	console_print(m, "E%d: %s\n", code, err_text(code));
	/* The detail belongs to the first failure; under another code it would mislead. */
	if (m->err.code == code && m->err.detail[0])
		console_print(m, "  %s\n", m->err.detail);
	if (hint[0])
		console_print(m, "  check: %s\n", hint);
}
