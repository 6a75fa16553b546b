/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Settings: the typed names that scripts read and write, named as iPXE users know them.
 *
 * A name is [scope/]name[:type]. Values are kept and passed as raw bytes (an IPv4 address is 4
 * bytes, a string has no NUL) and turned into text by a type: the one in the name, else the
 * setting's own. An unscoped name is looked up in: what a script has set, the link that won the
 * boot, the other links in order, the built-in ones. `name` may be a number: DHCP option of that
 * link, "175.3" an encapsulated one. A scope "net0.dhcp" is the same as "net0".
 */
#ifndef CORE_SETTING_H
#define CORE_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "config/limits.h"

struct machine;

struct setting_type {
	const char *name; /* "ipv4", "hexhyp", "uint16" ... */
	/* Raw bytes to text, terminated when cap > 0; returns the length the text would have. */
	size_t (*format)(const uint8_t *raw, size_t n, char *text, size_t cap);
	/* Text to raw bytes; returns the length or -ERR_SETTING_VALUE. NULL: cannot be set with
	 * this type. */
	int (*parse)(const char *text, uint8_t *raw, size_t cap);
};
extern const struct setting_type setting_types[]; /* ends with a NULL name; the first is string */
/* By the n bytes of its name; NULL when there is none. */
const struct setting_type *setting_type_find(const char *name, size_t n);

/* A name that has a meaning: which DHCP option it shows and how. */
struct setting_def {
	const char *name;
	const char *type;
	uint16_t tag; /* DHCP option number, or 0 */
	uint16_t sub; /* number of an option encapsulated in it, or 0 */
};
extern const struct setting_def setting_defs[]; /* ends with a NULL name; core/setting_defs.c */
const struct setting_def *setting_def_find(const char *name, size_t n);

/* Where values come from besides scripts: a row of config.sources. */
struct setting_source {
	const char *name;
	/*
	 * The raw value of `name` (tag: its option number or 0; sub: encapsulated option number or
	 * 0) in `scope`
	 * ("" for unscoped). Returns its length, 0 .. cap (what is
	 * longer is cut), or -ERR_SETTING_NONE.
	 */
	int (*get)(struct machine *m, const char *scope, const char *name, unsigned tag,
		unsigned sub, uint8_t *raw, size_t cap);
	/*
	 * Optional: takes a value that a script sets, when this source gives it an effect
	 * (net0/ip): 0 when taken, and from then on get() shows it; an error: it is kept like any
	 * other. n 0: it is cleared.
	 */
	int (*set)(struct machine *m, const char *scope, const char *name, const uint8_t *raw,
		size_t n);
};
/* The machine itself, for config.sources: version platform buildarch uuid errno memsize cwuri
 * cwduri. */
extern const struct setting_source builtin_settings;

struct setting {		     /* one that was set by a script */
	char name[SETTING_NAME_MAX]; /* with scope, without type; "" when free */
	const struct setting_type *type;
	uint16_t n;
	uint8_t raw[SETTING_VALUE_MAX];
};

struct settings {
	struct setting s[SETTING_MAX];
	char text[SCRIPT_LINE_MAX]; /* scratch of setting_expand() */
};

/* Raw value and, when type is not NULL, the type to show it with. Length, or -ERR_SETTING_NONE. */
int setting_get(struct machine *m, const char *name, const struct setting_type **type, uint8_t *raw,
	size_t cap);
/* Value as text, always terminated. Length (may exceed cap - 1: cut), or -ERR_SETTING_NONE. */
int setting_text(struct machine *m, const char *name, char *text, size_t cap);
/*
 * The same, fit to be printed: in strings that no script has set, bytes outside 0x20..0x7e become
 * \xNN. A DHCP server cannot send control sequences to the terminal; a script that builds one
 * itself can.
 */
int setting_show(struct machine *m, const char *name, char *text, size_t cap);
/* The value as an unsigned number, `otherwise` when there is none or it is not one. */
uint64_t setting_number(struct machine *m, const char *name, uint64_t otherwise);
/*
 * Sets it from text; "" clears it. ERR_SETTING_VALUE: text does not fit the type, or the name is
 * not one; ERR_SETTING_FULL.
 */
int setting_set(struct machine *m, const char *name, const char *text);
/* 0 also when it was not set. */
int setting_clear(struct machine *m, const char *name);
/*
 * Replaces each ${name} in text (terminated, cap bytes of room) by what setting_show() says,
 * innermost first, values included: ${net${i}/mac}, or a file name from DHCP with ${mac} in it.
 * Unset ones vanish. Returns the length or -ERR_SCRIPT_LINE: it became longer than cap, or took
 * more than SETTING_EXPAND_MAX lookups.
 */
int setting_expand(struct machine *m, char *text, size_t cap);

#endif
