/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command pxelinux, see pxelinux.h. File names, search order and what becomes of a label are
 * PXELINUX 6's (its doc/pxelinux.txt, doc/menu.txt; RFC 5071 for options 209 and 210).
 *
 * The configuration is one text: what it includes is put into it before anything else is looked
 * at. All that is kept of it are places; each question is a pass over the text.
 *
 * What is shown is in net/pxelinux_menu.c, what names stand for in net/pxelinux_name.c.
 *
 * Not done: other modules than menus, reboot, poweroff, and chain.c32 to the next device;
 * passwords. Limits: SCRIPT_SIZE_MAX bytes with all that is included, PXELINUX_FILES_MAX files
 * without a key being pressed.
 */
#include "core/console.h"
#include "core/fmt.h"
#include "core/machine.h"
#include "core/str.h"
#include "net/net.h"

char *pxelinux_word_end(const char *s)
{
	while ((uint8_t)*s > ' ')
		s++;
	return (char *)(uintptr_t)s;
}

/* The next word, or the end. */
static char *word_next(const char *s)
{
	while (*s && (uint8_t)*s <= ' ')
		s++;
	return (char *)(uintptr_t)s;
}

char *pxelinux_text(struct pxelinux *p, uint32_t place)
{
	cfg_text(&p->cfg, place, p->scratch, sizeof(p->scratch));
	return p->scratch;
}

char *pxelinux_word(struct pxelinux *p, uint32_t place)
{
	*pxelinux_word_end(pxelinux_text(p, place)) = 0;
	return p->scratch;
}

static char *word_copy(struct pxelinux *p, const char *s)
{
	str_copy_n(p->scratch, sizeof(p->scratch), s, (size_t)(pxelinux_word_end(s) - s));
	return p->scratch;
}

/* -- files -- */

/* Fetches a file by the name that a configuration has for it. */
static int file_fetch(struct pxelinux *p, const char *name,
	int (*got)(struct pxelinux *p, int rc, struct image *img))
{
	char url[URL_MAX];
	int rc = pxelinux_url(p, name, url);

	p->got = got;
	if (!rc)
		rc = fetch_wait_start(p->m, &p->wait, url, NULL, NULL, 0);
	if (!rc && p->kernel) /* what follows it are initrds */
		p->wait.f->open = p->m->net->config->initrd_open;
	return rc ? rc : COMMAND_WAIT;
}

/* What was fetched for the label that is being started. */
static void files_free(struct pxelinux *p)
{
	for (struct image *img = p->m->images; img < p->m->images + IMAGE_MAX; img++)
		if (img->state != IMAGE_FREE && img->seq >= p->seq && img != p->text)
			image_free(p->m, img);
}

static void text_free(struct pxelinux *p)
{
	if (p->text)
		image_free(p->m, p->text);
	p->text = NULL;
}

static void error_show(struct pxelinux *p, int rc)
{
	err_print(p->m, rc);
	err_clear(p->m);
}

/* -- what a label starts -- */

int pxelinux_failed(struct pxelinux *p, int rc)
{
	uint32_t onerror = p->cfg.at[CFG_ONERROR];

	files_free(p);
	error_show(p, rc);
	if (onerror && !p->erred) {
		p->erred = true;
		return pxelinux_run_place(p, onerror);
	}
	if (!p->seen)
		p->failed = rc;
	return pxelinux_show(p);
}

static int run(struct pxelinux *p)
{
	char strings[256];
	int rc;

	fmt_print(strings, sizeof(strings), "%s%s%s",
		p->strings & 1 ? " ip=${netX/ip}:${next-server}:${netX/gateway}:${netX/netmask}"
			       : "",
		p->strings & 2 ? " BOOTIF=01-${netX/mac:hexhyp}" : "",
		p->strings & 4 ? " SYSUUID=${uuid}" : "");
	rc = setting_expand(p->m, strings, sizeof(strings));
	if (rc < 0 || fmt_print(p->kernel->cmdline, IMAGE_CMDLINE_MAX, "BOOT_IMAGE=%s%s", p->cmd,
			      strings) >= IMAGE_CMDLINE_MAX)
		rc = -ERR_BZIMAGE_CMDLINE;
	else
		rc = fetch_run(p->m, p->kernel);
	if (rc)
		return pxelinux_failed(p, rc);
	text_free(p);
	return 0;
}

/* Fetches the next file that an initrd= names; starts the kernel behind the last. */
static int initrd_got(struct pxelinux *p, int rc, struct image *img)
{
	const char *s = p->cmd + p->pos, *end;

	if (rc)
		return pxelinux_failed(p, rc);
	img->initrd = p->kernel != NULL;
	if (!p->kernel)
		p->kernel = img;
	do {
		if (*s == ',') {
			s++;
		} else {
			while (*s && !((uint8_t)*s <= ' ' && str_starts(s + 1, "initrd=")))
				s++;
			if (!*s)
				return run(p);
			s += 8;
		}
		for (end = s; (uint8_t)*end > ' ' && *end != ','; end++)
			;
	} while (end == s);
	str_copy_n(p->scratch, sizeof(p->scratch), s, (size_t)(end - s));
	p->pos = (uint32_t)(end - p->cmd);
	rc = file_fetch(p, p->scratch, initrd_got);
	return rc < 0 ? pxelinux_failed(p, rc) : rc;
}

/* menu.c32 and vesamenu.c32, with whatever path, and without .c32. */
static bool is_menu(char *module)
{
	module = pxelinux_file(module);
	if (str_starts(module, "vesa"))
		module += 4;
	return str_starts(module, "menu") && (!module[4] || module[4] == '.');
}

/* What needs no file; BOOT_NONE: all else. */
static enum boot_kind kind_of(const struct pxelinux *p, char *module, const char *options)
{
	module = pxelinux_file(module);
	if (p->type == CFG_LOCALBOOT || (!strcmp(module, "chain.c32") && str_starts(options, "hd")))
		return BOOT_EXIT;
	if (!strcmp(module, "reboot.c32"))
		return BOOT_REBOOT;
	if (!strcmp(module, "poweroff.c32") || !strcmp(module, "poweroff.com"))
		return BOOT_POWEROFF;
	return BOOT_NONE;
}

/* Fetches a configuration, of which no end is followed while nobody presses a key. */
static int config_fetch(struct pxelinux *p, const char *name,
	int (*got)(struct pxelinux *p, int rc, struct image *img))
{
	if (p->files == PXELINUX_FILES_MAX)
		return -ERR_SCRIPT_DEPTH;
	p->files++;
	return file_fetch(p, name, got);
}

/* The one that the next word of p->cmd names, "~" for the first one of all; 0: there is no more. */
static int config_next(
	struct pxelinux *p, int (*got)(struct pxelinux *p, int rc, struct image *img))
{
	const char *word = word_next(p->cmd + p->pos);

	if (!*word)
		return 0;
	p->pos = (uint32_t)(pxelinux_word_end(word) - p->cmd);
	word = word_copy(p, word);
	return config_fetch(p, strcmp(word, "~") ? word : p->home, got);
}

static int config_got(struct pxelinux *p, int rc, struct image *img);

int pxelinux_launch(struct pxelinux *p)
{
	char *name = word_copy(p, p->cmd), *end = pxelinux_word_end(p->cmd),
	     *options = word_next(end);
	int rc;

	p->pos = (uint32_t)(end - p->cmd);
	p->seq = p->m->image_seq;
	p->kernel = NULL;
	p->m->boot.kind = kind_of(p, name, options);
	if (p->m->boot.kind != BOOT_NONE) {
		p->m->boot.exit_code = 0;
		text_free(p);
		return 0;
	}
	if (p->type == CFG_CONFIG) {
		*end = 0; /* APPEND's folder is not ours */
		p->pos = 0;
		rc = config_next(p, config_got);
		if (!rc)
			rc = -ERR_BAD_URL;
	} else if (is_menu(name)) {
		rc = config_next(p, config_got);
		if (!rc)
			return pxelinux_menu_show(p);
	} else if ((p->pos > 4 && str_starts(end - 4, ".c32")) ||
		   !strcmp(pxelinux_file(name), "memdisk")) { /* has no 32-bit entry */
		rc = err_set(p->m, ERR_PXELINUX_ONLY, "%s", name);
	} else {
		rc = file_fetch(p, name, initrd_got);
	}
	return rc < 0 ? pxelinux_failed(p, rc) : rc;
}

/* Adds `lead` and what stands at `place`. */
static bool add(struct pxelinux *p, const char *lead, uint32_t place)
{
	char *end = p->cmd + strlen(p->cmd), *limit = p->cmd + sizeof(p->cmd);

	if (!str_copy(end, (size_t)(limit - end), lead))
		return false;
	end += strlen(end);
	return cfg_text(&p->cfg, place, end, (size_t)(limit - end));
}

/*
 * Starts p->cmd, a file's name up to now, with what the entry says that was read last. An APPEND
 * for all is for kernels, not for a menu, which would take it for names of files.
 */
static int entry_launch(struct pxelinux *p, const char *options)
{
	const uint32_t *at = p->cfg.at;
	uint32_t all = is_menu(word_copy(p, p->cmd)) ? 0 : p->append;
	uint32_t append = at[CFG_APPEND] ? at[CFG_APPEND] : all;
	char *end;
	bool ok;

	ok = !at[CFG_INITRD] || add(p, " initrd=", at[CFG_INITRD]);
	end = p->cmd + strlen(p->cmd);
	ok &= !append || add(p, " ", append);
	if (!strcmp(end, " -"))
		*end = 0;
	ok &= add(p, options, 0);
	p->strings = cfg_number(&p->cfg, at[CFG_SYSAPPEND] ? at[CFG_SYSAPPEND] : p->sysappend, 0);
	if (at[CFG_PASSWD])
		return pxelinux_failed(p, err_set(p->m, ERR_PXELINUX_ONLY, "MENU PASSWD"));
	if (!ok || (p->screen == PXELINUX_EDIT && strlen(p->cmd) >= EDIT_MAX))
		return pxelinux_failed(p, -ERR_SCRIPT_LINE);
	if (p->screen != PXELINUX_EDIT)
		return pxelinux_launch(p);
	for (char *s = p->cmd; *s; s++) /* the editor draws what is there */
		if (*s < ' ' || *s > '~')
			*s = (uint8_t)*s < ' ' ? ' ' : '?';
	edit_start(p->m, "> ", p->cmd);
	return COMMAND_WAIT;
}

int pxelinux_label(struct pxelinux *p, const char *options)
{
	uint32_t place = p->cfg.name;

	p->type = CFG_KERNEL;
	for (uint8_t key = CFG_KERNEL; key <= CFG_LOCALBOOT; key++) {
		if (p->cfg.at[key] > place) { /* the last one counts */
			place = p->cfg.at[key];
			p->type = key;
		}
	}
	cfg_text(&p->cfg, place, p->cmd, sizeof(p->cmd)); /* options may follow the file */
	return entry_launch(p, options);
}

const char *pxelinux_is_label(struct pxelinux *p, const char *text)
{
	const char *name = pxelinux_text(p, p->cfg.name);

	if (p->cfg.kind != CFG_LABEL || !*name || !str_starts(text, name))
		return NULL;
	text += strlen(name);
	return (uint8_t)*text <= ' ' ? text : NULL;
}

int pxelinux_run_text(struct pxelinux *p, const char *text)
{
	struct cfg *c = &p->cfg;
	const char *rest;

	p->index = UINT32_MAX;
	cfg_start(c);
	while (cfg_entry(c)) {
		rest = pxelinux_is_label(p, text);
		if (rest)
			return pxelinux_label(p, rest);
	}
	rest = pxelinux_word_end(text);
	if (rest == text || !cfg_number(c, c->at[CFG_IMPLICIT], 1))
		return pxelinux_failed(p, err_set(p->m, ERR_SCRIPT_LABEL, "%s", text));
	memset(c->at, 0, CFG_OF_ENTRY * sizeof(c->at[0]));
	str_copy(p->cmd, sizeof(p->cmd), word_copy(p, text));
	p->type = CFG_KERNEL;
	return entry_launch(p, rest);
}

int pxelinux_run_place(struct pxelinux *p, uint32_t place)
{
	char text[1024];

	if (!cfg_text(&p->cfg, place, text, sizeof(text)))
		return pxelinux_failed(p, -ERR_SCRIPT_LINE);
	p->screen = PXELINUX_PROMPT; /* nobody wants to edit it */
	return pxelinux_run_text(p, text);
}

/* -- the configuration -- */

/* All of it is there. */
static int config_begin(struct pxelinux *p)
{
	const uint32_t *at = p->cfg.at;

	pxelinux_menu_begin(p);
	if (p->ui) /* a menu has read it: its own UI is not started once more */
		return pxelinux_menu_show(p);
	if (at[CFG_UI] || is_menu(pxelinux_word(p, at[CFG_DEFAULT]))) {
		cfg_text(&p->cfg, at[at[CFG_UI] ? CFG_UI : CFG_DEFAULT], p->cmd, sizeof(p->cmd));
		p->type = CFG_KERNEL;
		return is_menu(word_copy(p, p->cmd)) ? pxelinux_launch(p) : pxelinux_menu_show(p);
	}
	if (cfg_number(&p->cfg, at[CFG_PROMPT], 0))
		return pxelinux_show(p);
	if (!at[CFG_DEFAULT])
		return pxelinux_failed(
			p, err_set(p->m, ERR_SCRIPT_LABEL, "neither DEFAULT nor UI"));
	return pxelinux_run_place(p, at[CFG_DEFAULT]);
}

/*
 * A file of the configuration has come, the first one or one that is included. Puts it where it
 * belongs and goes on reading. One that does not come is left out: so does PXELINUX.
 */
static int config_read(struct pxelinux *p, int rc, struct image *img)
{
	struct cfg *c = &p->cfg;
	enum cfg_key key;

	if (rc) {
		error_show(p, rc);
	} else {
		bool fits = cfg_insert(c, img);

		image_free(p->m, img);
		if (!fits)
			return -ERR_SCRIPT_SIZE;
	}
	while ((key = cfg_line(c)) != CFG_EOF) {
		if (key == CFG_SAY)
			pxelinux_say(p, c->arg);
		if (key != CFG_INCLUDE)
			continue;
		rc = config_fetch(p, pxelinux_word(p, c->arg), config_read);
		if (rc == COMMAND_WAIT || rc == -ERR_SCRIPT_DEPTH)
			return rc;
		error_show(p, rc);
	}
	rc = 0;
	while (p->ui && (rc = config_next(p, config_read)) < 0)
		error_show(p, rc);
	return rc ? rc : config_begin(p);
}

static int search_next(struct pxelinux *p);

/* The server has said that there is no such file, or that we may not have it. */
static bool is_absent(int rc)
{
	return (rc <= -ERR_TFTP_NOT_FOUND && rc >= -ERR_TFTP_ERROR) ||
	       (rc <= -ERR_HTTP_NOT_FOUND && rc >= -ERR_HTTP_STATUS);
}

static int config_got(struct pxelinux *p, int rc, struct image *img)
{
	if (rc && p->text)
		return pxelinux_failed(p, rc);
	if (is_absent(rc) && p->tries <= PXELINUX_NAMES)
		return search_next(p);
	if (!rc && !p->text)
		rc = image_open(p->m, "pxelinux.cfg", "", SCRIPT_SIZE_MAX, NULL, &p->text);
	if (rc)
		return rc;
	if (!p->home[0])
		str_copy(p->home, sizeof(p->home), img->uri);
	memset(&p->cfg, 0, sizeof(p->cfg));
	p->cfg.m = p->m;
	p->cfg.base = p->text->base;
	p->ui = p->type == CFG_KERNEL;
	p->here = 0;
	cfg_start(&p->cfg);
	return config_read(p, 0, img);
}

/* The next name that there is. */
static int search_next(struct pxelinux *p)
{
	int rc;

	err_clear(p->m);
	while (p->tries < PXELINUX_NAMES) {
		if (!pxelinux_name(p, p->tries++))
			continue;
		rc = file_fetch(p, p->scratch, config_got);
		if (rc != -ERR_BAD_URL)
			return rc;
	}
	return err_set(p->m, ERR_NO_CONFIG, "%s", p->base);
}

/* -- for others -- */

int pxelinux_start(struct machine *m, const char *url)
{
	struct pxelinux *p = &m->net->pxelinux;

	memset(p, 0, sizeof(*p));
	p->m = m;
	p->seq = m->image_seq;
	p->type = CFG_CONFIG;
	if (pxelinux_base(p, url))
		return err_set(m, ERR_BAD_URL, "no next-server");
	if (!url || !*pxelinux_file(p->scratch))
		return search_next(p);
	p->tries = PXELINUX_NAMES + 1;
	return file_fetch(p, p->scratch, config_got);
}

int pxelinux_poll(struct machine *m)
{
	struct pxelinux *p = &m->net->pxelinux;
	struct image *img;
	int rc;

	if (p->wait.f) {
		rc = fetch_wait_poll(m, &p->wait, &img);
		if (rc != COMMAND_WAIT)
			rc = p->got(p, rc, img);
	} else {
		rc = pxelinux_menu_poll(p);
	}
	if (rc < 0)
		pxelinux_cancel(m);
	if (rc != COMMAND_WAIT)
		p->m = NULL;
	return rc;
}

void pxelinux_cancel(struct machine *m)
{
	struct pxelinux *p = &m->net->pxelinux;

	if (!p->m)
		return; /* it has ended, or never begun */
	fetch_wait_cancel(m, &p->wait);
	edit_end(m);
	files_free(p);
	text_free(p);
	p->m = NULL;
}

static int pxelinux_cmd_start(struct machine *m, int argc, char **argv)
{
	return argc > 2 ? -ERR_SCRIPT_USAGE : pxelinux_start(m, argc > 1 ? argv[1] : NULL);
}

const struct command cmd_pxelinux = {"pxelinux", "[URL]", "boot what pxelinux.cfg says",
	pxelinux_cmd_start, pxelinux_poll, pxelinux_cancel};
