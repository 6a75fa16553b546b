/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The language of pxelinux.cfg, read where it lies: a text in an image becomes lines with a key,
 * and entries (labels, submenus, separators) with the places of what was said about them. Nothing
 * is copied and nothing grows with the text: whoever wants a value reads it at its place.
 *
 *	cfg_start(&c, m, img);
 *	while (cfg_entry(&c))
 *		if (c.kind == CFG_LABEL)
 *			cfg_text(&c, c.at[CFG_APPEND], text, sizeof(text));
 */
#ifndef CORE_PXELINUX_CFG_H
#define CORE_PXELINUX_CFG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "config/limits.h"

struct machine;
struct image;

/* What a line is about, by its first word, or by the second of a line that begins with MENU. */
enum cfg_key {
	/* the entry that it stands in */
	CFG_KERNEL, /* LINUX BOOT PXE BSS COM32 COMBOOT FDIMAGE, too: the file says what it is */
	CFG_CONFIG,
	CFG_LOCALBOOT,
	CFG_APPEND, /* in front of the first entry: of all that say nothing else; SYSAPPEND, too */
	CFG_INITRD,
	CFG_SYSAPPEND, /* IPAPPEND, too */
	CFG_MENU_LABEL,
	CFG_TITLE, /* of the menu */
	CFG_MENU_DEFAULT,
	CFG_HIDE,
	CFG_INDENT,
	CFG_DISABLE,
	CFG_PASSWD,
	CFG_GOTO, /* MENU EXIT, too */
	CFG_OF_ENTRY,

	/* everything; the last line of a key counts */
	CFG_DEFAULT = CFG_OF_ENTRY,
	CFG_UI,
	CFG_PROMPT,
	CFG_TIMEOUT,
	CFG_TOTALTIMEOUT,
	CFG_ONTIMEOUT,
	CFG_ONERROR,
	CFG_NOESCAPE,
	CFG_ALLOWOPTIONS,
	CFG_IMPLICIT,
	CFG_HIDDEN,
	CFG_MASTER, /* MENU MASTER PASSWD */
	CFG_INCLUDE,
	CFG_SAY,
	CFG_OTHER, /* nothing we know, or a comment */
	CFG_VALUES,

	/* begins an entry and ends the one before */
	CFG_TOP = CFG_VALUES, /* no line: what stands in front of the first entry */
	CFG_LABEL,
	CFG_SEPARATOR,
	CFG_BEGIN,
	CFG_END,
	CFG_EOF,

	/* never seen outside: TEXT HELP and all up to ENDTEXT is CFG_OTHER */
	CFG_TEXT,
	CFG_ENDTEXT,
};

/* A reader. Places are offsets in the text; 0: there is none. */
struct cfg {
	struct machine *m;
	const struct image *img;
	uint32_t line, arg; /* of the line read last: its start, what stands behind its key */
	uint32_t next;	    /* start of the next one */
	bool help;	    /* inside of TEXT HELP */

	/* the entry read last */
	enum cfg_key kind;   /* CFG_TOP ... CFG_END */
	uint32_t start;	     /* of its first line */
	uint32_t name;	     /* LABEL's, MENU BEGIN's argument */
	uint32_t menu;	     /* start of the submenu that what it says is about; 0: the main one */
	uint32_t parent;     /* CFG_BEGIN: the menu around it */
	enum cfg_key ending; /* what has ended it */
	uint32_t at[CFG_VALUES]; /* arguments: of this entry, and of everything up to here */
	unsigned depth;
	uint32_t menus[PXELINUX_MENUS_MAX]; /* submenus around it; deeper ones are one with these */

	uint32_t window_at;
	char window[128];
};

/* The text from its start on; it must not change while it is read. Values of everything stay. */
void cfg_start(struct cfg *c, struct machine *m, const struct image *img);
/* Reads a line: c->line, c->arg, c->next. CFG_EOF behind the last. */
enum cfg_key cfg_line(struct cfg *c);
/* Reads an entry, first of all what stands in front of the first one. False behind the last. */
bool cfg_entry(struct cfg *c);
/*
 * The text from `place` to the end of its line without blanks at the end, terminated; "" when place
 * is 0. Bytes are those of the file: whoever shows them cleans them. False: it was cut.
 */
bool cfg_text(struct cfg *c, uint32_t place, char *text, size_t cap);
/* The same up to the first blank. */
bool cfg_word(struct cfg *c, uint32_t place, char *text, size_t cap);
/* The number at `place`, decimal or 0x..; `otherwise` when there is no place, 0 for what is none.
 */
uint32_t cfg_number(struct cfg *c, uint32_t place, uint32_t otherwise);

#endif
