/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console: screen, keyboard and serial line as one. Output is text; one status line (progress) may stand
 * at the bottom and is taken away before other text is printed. Ctrl-B and Ctrl-C are noticed whenever the
 * machine is polled: Ctrl-B asks for the shell, Ctrl-C cancels the running command.
 */
#ifndef CORE_CONSOLE_H
#define CORE_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct machine;

#define KEY_CTRL(c) ((c) & 0x1f)

struct console {
	int keys[16];	    /* ring of keys not yet read */
	unsigned key_head, key_tail;
	unsigned column;    /* of the cursor, from 0 */
	unsigned status_len; /* characters of the status line on screen, 0 for none */
	bool want_shell;    /* Ctrl-B was seen */
	bool want_cancel;   /* Ctrl-C was seen */
};

/* Service: moves keys from the platform into the ring, sees Ctrl-B and Ctrl-C. */
uint64_t console_poll(struct machine *m);
void console_print(struct machine *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void console_write(struct machine *m, const char *s, size_t n);
/* Replaces the status line; at most 78 characters are shown. "" removes it; console_status_end keeps it. */
void console_status(struct machine *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void console_status_end(struct machine *m);
/* The next key, KEY_NONE when there is none. Ctrl-B and Ctrl-C are not delivered here. */
int console_key(struct machine *m);

#endif
