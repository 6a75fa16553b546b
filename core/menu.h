/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A list on the console to choose from: what PXE's and PXELINUX's menus have in common.
 *
 * The entries are printed once, numbered, twenty at a time; the status line below shows the one
 * that Enter takes and the seconds left. Only that line is drawn again, so that a screen and a
 * serial line show the same. Up, Down, Home, digits and hotkeys choose; Enter takes; ESC gives up.
 * A key that means something ends the countdown; one that does not, as noise on a serial line,
 * changes nothing.
 *
 *	struct mine { struct menu menu; ... };            in m->script.cmd, a command's state
 *
 *	start: console_print(m, "%s\n", title);           cleaned; the menu prints no title
 *	       s->menu = (struct menu){.n = 3, .entry = mine_entry, .selected = 1,
 *		       .until_us = m->now_us + 5000000};  or TIME_NEVER
 *	       return menu_poll(m, &s->menu);
 *	poll:  rc = menu_poll(m, &s->menu);               COMMAND_WAIT, 0: s->menu.selected is it,
 *	                                                  or -ERR_CANCELLED (ESC)
 *
 * There is nothing to cancel: whoever cancels a command takes the status line away.
 */
#ifndef CORE_MENU_H
#define CORE_MENU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct machine;

#define MENU_TEXT_MAX 80 /* bytes of an entry's text with its NUL */
#define MENU_LINE     -1 /* entry(): a line between the others, it cannot be chosen */

struct menu {
	unsigned n; /* entries, such lines included; one at least can be chosen */
	/* Text of entry i, fit for a terminal (str_clean). Its hotkey, lower case, 0 for none. */
	int (*entry)(struct machine *m, unsigned i, char *text, size_t cap);
	unsigned selected; /* where to begin; in the end: what was chosen */
	uint64_t until_us; /* then `selected` is taken; TIME_NEVER: wait for a key */
	bool closed;	   /* the list is not shown before somebody asks for it: F8 or m */
	bool tabs;	   /* Tab takes an entry, too */
	bool timed_out;	   /* out: nobody has chosen */
	bool tab;	   /* out: Tab has */

	/* private; zero at first */
	bool drawn;	  /* the status line is as it should be */
	uint16_t number;  /* of the selected entry: those that can be chosen count from 1 */
	uint16_t typed;	  /* digits up to now */
	uint16_t page;	  /* that is on the screen, from 1 */
	uint32_t seconds; /* that the status line shows */
};

/* A turn, from a command's start() and poll(): COMMAND_WAIT, 0, or -ERR_CANCELLED. */
int menu_poll(struct machine *m, struct menu *mu);

#endif
