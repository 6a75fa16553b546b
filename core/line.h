/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One line of script as words: labels, comments, separators, commands. Language: docs/script.md.
 */
#ifndef CORE_LINE_H
#define CORE_LINE_H

#include <stdbool.h>
#include <stddef.h>

struct machine;

/* What stands between two commands of a line, or ends it. */
enum line_op {
	LINE_END,
	LINE_THEN, /* ;  the next runs in any case */
	LINE_AND,  /* && when this one succeeded */
	LINE_OR,   /* || when it failed */
};

/* The label that the line begins with (borrowed, n bytes, without its ':'), or NULL; *rest: what
 * comes after. */
const char *line_label(const char *line, size_t *n, size_t *rest);
/*
 * The command that begins at *pos, which moves behind it and its separator *op. With `expand`, its
 * words are expanded and left in m->script.argv; without, it is skipped. 0, or -ERR_SCRIPT_LINE:
 * too long, too many words.
 */
int line_command(struct machine *m, const char *line, size_t *pos, bool expand, enum line_op *op);

#endif
