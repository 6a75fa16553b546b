/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PXELINUX without PXELINUX: finds pxelinux.cfg as it does, shows prompt or menu, fetches and
 * starts what a label says. What of the language is understood: docs/script.md.
 *
 * A command that waits in turns, for the command `pxelinux` and for others that end with it: they
 * call start once, poll as long as it says COMMAND_WAIT, or cancel. Its state is in struct net, so
 * there is one at a time.
 */
#ifndef NET_PXELINUX_H
#define NET_PXELINUX_H

#include <stdbool.h>
#include <stdint.h>
#include "config/limits.h"
#include "core/menu.h"
#include "core/pxelinux_cfg.h"
#include "net/cmd_fetch.h"

struct image;
struct machine;

enum pxelinux_screen { PXELINUX_MENU, PXELINUX_PROMPT, PXELINUX_EDIT };

/* What is small stands in front: the code is smaller. */
struct pxelinux {
	struct machine *m; /* NULL: not at work */
	/* What to do with the file that is being fetched. */
	int (*got)(struct pxelinux *p, int rc, struct image *img);
	struct image *text;   /* holds the configuration with all that it includes; NULL: none */
	struct image *kernel; /* of what is being started */
	uint32_t seq;	      /* images from this one on were fetched for it */
	uint32_t strings;     /* its SYSAPPEND */
	uint32_t pos;	      /* in cmd: what comes behind the file fetched last */
	uint32_t append;      /* places: what stands in front of the first label */
	uint32_t sysappend;
	uint32_t here, parent; /* the submenu that is shown, and the one around it; 0: main menu */
	uint32_t title;	       /* place; 0: none */
	uint32_t index;	       /* lines of it that were passed; UINT32_MAX: cfg is elsewhere */
	int failed;	       /* what has failed while nobody was seen; 0: nothing */
	uint8_t type;	       /* of what is being started: CFG_KERNEL, CFG_CONFIG, CFG_LOCALBOOT */
	uint8_t screen;	       /* enum pxelinux_screen */
	uint8_t tries;	       /* names of the configuration that were asked for */
	uint8_t files;	       /* INCLUDE and CONFIG that were followed since the last key */
	bool ui;	       /* there is a menu */
	bool seen;	       /* somebody has pressed a key */
	bool erred;	       /* ONERROR had its turn */
	struct fetch_wait wait; /* f NULL: the user is waited for */
	struct cfg cfg;
	struct menu menu;
	uint64_t total_us;	     /* TOTALTIMEOUT; TIME_NEVER: none */
	char scratch[URL_MAX + 8];   /* what is cut to fit is too long for a URL, too */
	char base[URL_MAX];	     /* folder that file names are relative to */
	char home[URL_MAX];	     /* the configuration that all began with */
	char cmd[IMAGE_CMDLINE_MAX]; /* file and options */
};

#define PXELINUX_NAMES 13 /* option 209, UUID twice, MAC, eight of the address, default */

/* -- names: net/pxelinux_name.c -- */

/*
 * The folder that names are relative to, into p->base; what it was made from, with a file's name,
 * into p->scratch. url as below. ERR_BAD_URL, negative.
 */
int pxelinux_base(struct pxelinux *p, const char *url);
/* Name n of a configuration, in the order of the search, into p->scratch; false: it has none. */
bool pxelinux_name(struct pxelinux *p, unsigned n);
/*
 * The URL of a name: host::file and ::file are on a TFTP server, as they stand there; URLs are
 * themselves; all else is in the base, /file too. As url_resolve().
 */
int pxelinux_url(struct pxelinux *p, const char *name, char url[URL_MAX]);
/* What is behind the last slash of a name; all of it when there is none. */
char *pxelinux_file(char *name);

/* -- menu and prompt: net/pxelinux_menu.c -- */

/* A configuration is there: finds the menu to begin with; TOTALTIMEOUT runs from here on. */
void pxelinux_menu_begin(struct pxelinux *p);
/* Menu or prompt, whichever is due, anew. COMMAND_WAIT. */
int pxelinux_show(struct pxelinux *p);
/* The menu; without anything to choose pxelinux_failed(), as nobody may wait for it for ever. */
int pxelinux_menu_show(struct pxelinux *p);
/* Keys and times while the user is waited for. As pxelinux_poll(). */
int pxelinux_menu_poll(struct pxelinux *p);
/* Prints the line that stands at a place of the configuration. */
void pxelinux_say(struct pxelinux *p, uint32_t place);

/* -- what is started: net/cmd_pxelinux.c; as pxelinux_poll() where an int comes back -- */

/* Line and word at a place of the configuration, in p->scratch. */
char *pxelinux_text(struct pxelinux *p, uint32_t place);
char *pxelinux_word(struct pxelinux *p, uint32_t place);
/* The end of the word that s begins with. */
char *pxelinux_word_end(const char *s);
/* What follows the name of the label that p->cfg has read last in `text`; NULL: another one. */
const char *pxelinux_is_label(struct pxelinux *p, const char *text);
/* Starts that label, or lets it be edited first (PXELINUX_EDIT), with these options behind it. */
int pxelinux_label(struct pxelinux *p, const char *options);
/* Starts a label, or a file, and options: what one types; what stands at a place. */
int pxelinux_run_text(struct pxelinux *p, const char *text);
int pxelinux_run_place(struct pxelinux *p, uint32_t place);
/* Starts p->cmd, which is of p->type. */
int pxelinux_launch(struct pxelinux *p);
/* What was to be started cannot be: ONERROR has its turn, then the user. */
int pxelinux_failed(struct pxelinux *p, int rc);

/* -- the command: net/cmd_pxelinux.c -- */

/*
 * url: a configuration, or the folder of pxelinux.cfg when it ends with a slash; NULL: what DHCP
 * says. Nothing is printed before a configuration is there. Errors: ERR_BAD_URL, ERR_NO_CONFIG,
 * what the fetch says.
 */
int pxelinux_start(struct machine *m, const char *url);
/*
 * COMMAND_WAIT; 0: a script or a boot request was started; ERR_NO_CONFIG: the server has none; what
 * the fetch of the configuration says, when the server did not answer; what a label said that
 * failed while nobody was there to choose another one.
 */
int pxelinux_poll(struct machine *m);
/* Frees all that was fetched; nothing when it has ended by itself or was never started. */
void pxelinux_cancel(struct machine *m);

#endif
