/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The language of pxelinux.cfg, read where it lies: a text in memory becomes lines with a key, and
 * entries (labels, submenus, separators) with the places of what was said about them. Nothing is
 * copied and nothing grows with the text: whoever wants a value reads it at its place.
 *
 *	c.m = m, c.base = img->base, c.size = 0;          room for SCRIPT_SIZE_MAX bytes
 *	cfg_start(&c);
 *	cfg_insert(&c, file);
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

struct image;
struct machine;

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
	CFG_QUIT,
	CFG_START, /* of the menu */

	/* everything; the last line of a key counts */
	CFG_DEFAULT,
	CFG_UI,
	CFG_PROMPT,
	CFG_TIMEOUT,
	CFG_TOTALTIMEOUT,
	CFG_ONTIMEOUT,
	CFG_ONERROR,
	CFG_ALLOWOPTIONS,
	CFG_IMPLICIT,
	CFG_HIDDEN,
	CFG_MASTER, /* MENU MASTER PASSWD */
	CFG_INCLUDE,
	CFG_SAY,
	CFG_TEXT, /* TEXT HELP; all up to ENDTEXT is CFG_OTHER */
	CFG_ENDTEXT,

	/* begins an entry and ends the one before */
	CFG_LABEL,
	CFG_SEPARATOR,
	CFG_BEGIN,
	CFG_END,

	CFG_OTHER, /* nothing we know, or a comment */
	CFG_TOP,   /* an entry's kind: what stands in front of the first one */
	CFG_EOF,
};
#define CFG_OF_ENTRY CFG_DEFAULT
#define CFG_VALUES   CFG_LABEL

/* A reader. Places are offsets in the text; 0: there is none. What is small stands in front. */
struct cfg {
	struct machine *m;  /* the owner sets these three */
	uint32_t size;	    /* bytes of the text */
	uint64_t base;	    /* its physical address */
	uint32_t line, arg; /* of the line read last: its start, what stands behind its key */
	uint32_t next;	    /* start of the next one */

	/* the entry read last */
	enum cfg_key kind;   /* CFG_TOP ... CFG_END */
	uint32_t name;	     /* LABEL's, MENU BEGIN's argument */
	uint32_t menu;	     /* name of the submenu that what it says is about; 0: the main one */
	uint32_t parent;     /* CFG_BEGIN: the menu around it */
	enum cfg_key ending; /* what has ended it */
	bool help;	     /* inside of TEXT HELP */
	unsigned depth;
	uint32_t window_at;
	uint32_t at[CFG_VALUES]; /* arguments: of this entry, and of everything up to here */
	uint32_t menus[PXELINUX_MENUS_MAX]; /* submenus around it; deeper ones are one with these */
	char window[128];
};

/* From the start on. Values of everything stay. */
void cfg_start(struct cfg *c);
/*
 * Puts a file in the place of the line read last, at the start, or behind the last line; it is what
 * is read next. The second word of the line is the tag of a submenu that the file is put into.
 * False: the text would be longer than SCRIPT_SIZE_MAX.
 */
bool cfg_insert(struct cfg *c, const struct image *file);
/* Reads a line: c->line, c->arg, c->next. CFG_EOF behind the last. */
enum cfg_key cfg_line(struct cfg *c);
/* Reads an entry, first of all what stands in front of the first one. False behind the last. */
bool cfg_entry(struct cfg *c);
/*
 * The text from `place` to the end of its line without blanks at the end, terminated; "" when place
 * is 0. Bytes are those of the file: whoever shows them cleans them. False: it was cut.
 */
bool cfg_text(struct cfg *c, uint32_t place, char *text, size_t cap);
/* The number at `place`, decimal or 0x..; 0 for what is none, `otherwise` without a place. */
uint32_t cfg_number(struct cfg *c, uint32_t place, uint32_t otherwise);

#endif
