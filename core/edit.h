/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The line editor of the shell and of `read`: one line of text on the console. Draws with printable
 * characters,
 * '\b' and '\r' alone, so that a VGA screen and a serial line show the same; a line wider than the
 * screen scrolls sideways.
 */
#ifndef CORE_EDIT_H
#define CORE_EDIT_H

#include <stdbool.h>
#include "config/limits.h"
#include "core/console.h"

struct machine;

struct edit {
	bool active;
	const char *prompt; /* borrowed */
	char text[EDIT_MAX];
	unsigned len, pos;	       /* characters, and the cursor among them */
	unsigned offset;	       /* the first character that is visible */
	char shown[CONSOLE_WIDTH];     /* what the screen shows behind the prompt */
	unsigned shown_len, shown_pos; /* its characters, and where the cursor stands among them */
};

enum edit_result {
	EDIT_MORE,
	EDIT_DONE, /* Enter: text is the line, terminated */
	EDIT_EOF,  /* Ctrl-D on an empty line */
};

/* Begins with `text` in the line ("" for none); prompt of at most 40 characters, borrowed. */
void edit_start(struct machine *m, const char *prompt, const char *text);
/* Takes one key; draws. After EDIT_DONE and EDIT_EOF the line is closed. */
enum edit_result edit_key(struct machine *m, int key);
/* Replaces the text, cursor at its end. */
void edit_set(struct machine *m, const char *text);
/* Draws what has changed; all of it when somebody else wrote to the screen. */
void edit_draw(struct machine *m);
/* Gives the line up; the screen goes on below it. */
void edit_end(struct machine *m);

#endif
