/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console: screen, keyboard and serial line as one. Output is text; one status line (progress)
 * may stand at the bottom and is taken away before other text is printed. Ctrl-B and Ctrl-C are
 * noticed whenever the machine is polled: Ctrl-B asks for the shell, Ctrl-C cancels the running
 * command. What is written goes to the terminal as it is: text from outside goes through
 * str_clean() first (the status line is cleaned here).
 */
#ifndef CORE_CONSOLE_H
#define CORE_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct machine;

#define KEY_CTRL(c) ((c)&0x1f)
#define KEY_ESC	    0x1b

#define CONSOLE_WIDTH	79    /* characters of a line we fill: the 80th makes terminals disagree */
#define CONSOLE_ESC_US	50000 /* an ESC that nothing follows for so long is the key itself */
#define CONSOLE_POLL_US 50000 /* keys are looked for at least this often */

enum console_esc { /* where we are in the key sequence of a serial terminal (ECMA-48 5.4) */
	ESC_NONE,
	ESC_START, /* ESC */
	ESC_CSI,   /* ESC [ */
	ESC_SS3,   /* ESC O */
};

struct console {
	int keys[16]; /* ring of keys not yet read */
	unsigned key_head, key_tail;
	unsigned column;     /* of the cursor, from 0 */
	unsigned status_len; /* characters of the status line on screen, 0 for none */
	bool line_open;	     /* the line editor's line is on screen: other text starts a new one and
				clears this */
	bool want_shell;     /* Ctrl-B was seen */
	bool want_cancel;    /* Ctrl-C was seen */
	int deliver; /* Ctrl-B or Ctrl-C while a command waits for that very key; 0 for none */
	enum console_esc esc;
	unsigned esc_param; /* first number of the sequence */
	bool esc_more;	    /* further numbers follow, which do not matter */
	uint64_t esc_us;    /* when its last byte came */
};

/* Service: moves keys from the platform into the ring, sees Ctrl-B and Ctrl-C. */
uint64_t console_poll(struct machine *m);
/* At most 511 characters of the formatted text are printed. */
void console_print(struct machine *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void console_write(struct machine *m, const char *s, size_t n);
/* Replaces the status line; at most 78 characters are shown. No text ("%s", "") removes it;
 * console_status_end keeps it. */
void console_status(struct machine *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void console_status_end(struct machine *m);
/* The next key, KEY_NONE when there is none. Ctrl-B and Ctrl-C are not delivered here, but for
 * `deliver`. */
int console_key(struct machine *m);
/* For the line editor: writes without looking at the status line or line_open. */
void console_raw(struct machine *m, const char *s, size_t n);

#endif
