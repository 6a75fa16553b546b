/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command pxelinux, see pxelinux.h. File names, search order and what becomes of a label are
 * PXELINUX 6's (its doc/pxelinux.txt, doc/menu.txt; RFC 5071 for options 209 and 210).
 *
 * The configuration is one text: what it includes is put into it before anything else is looked
 * at. All that is kept of it are places; each question is a pass over the text.
 *
 * Not done: other modules than menus, reboot, poweroff, and chain.c32 to the next device;
 * passwords, F1 .. F12, DISPLAY, the help texts of entries. Limits: SCRIPT_SIZE_MAX bytes with all
 * that is included, PXELINUX_FILES_MAX files without a key being pressed, PXELINUX_LINES_MAX lines
 * of a menu.
 */
#include "core/console.h"
#include "core/fmt.h"
#include "core/machine.h"
#include "core/str.h"
#include "net/net.h"

#define GIVE_UP 600 /* tenths: TIMEOUT after a failure, if nobody is there and none is set */

static int run_place(struct pxelinux *p, uint32_t place);
static int screen_show(struct pxelinux *p);
static int menu_show(struct pxelinux *p);

static char *word_end(const char *s)
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

/* What stands at a place of the configuration, until the next call. */
static char *text_at(struct pxelinux *p, uint32_t place)
{
	cfg_text(&p->cfg, place, p->scratch, sizeof(p->scratch));
	return p->scratch;
}

static char *word_at(struct pxelinux *p, uint32_t place)
{
	*word_end(text_at(p, place)) = 0;
	return p->scratch;
}

static char *word_copy(struct pxelinux *p, const char *s)
{
	str_copy_n(p->scratch, sizeof(p->scratch), s, (size_t)(word_end(s) - s));
	return p->scratch;
}

/* What is behind the last slash. */
static char *file_part(char *name)
{
	char *part = name;

	for (; *name; name++)
		if (*name == '/')
			part = name + 1;
	return part;
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

/* In so many tenths of a second, an hour at most; 0: never. */
static uint64_t due(const struct pxelinux *p, uint32_t tenths)
{
	return tenths ? p->m->now_us + (tenths < 36000 ? tenths : 36000) * 100000 : TIME_NEVER;
}

/* -- what a label starts -- */

/* What was to be started cannot be: ONERROR has its turn, then the user. */
static int failed(struct pxelinux *p, int rc)
{
	uint32_t onerror = p->cfg.at[CFG_ONERROR];

	files_free(p);
	error_show(p, rc);
	if (onerror && !p->erred) {
		p->erred = true;
		return run_place(p, onerror);
	}
	if (!p->seen)
		p->failed = rc;
	return screen_show(p);
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
		return failed(p, rc);
	text_free(p);
	return 0;
}

/* Fetches the next file that an initrd= names; starts the kernel behind the last. */
static int initrd_got(struct pxelinux *p, int rc, struct image *img)
{
	const char *s = p->cmd + p->pos, *end;

	if (rc)
		return failed(p, rc);
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
	return rc < 0 ? failed(p, rc) : rc;
}

/* menu.c32 and vesamenu.c32, with whatever path, and without .c32. */
static bool is_menu(char *module)
{
	module = file_part(module);
	if (str_starts(module, "vesa"))
		module += 4;
	return str_starts(module, "menu") && (!module[4] || module[4] == '.');
}

/* What needs no file; BOOT_NONE: all else. */
static enum boot_kind kind_of(const struct pxelinux *p, char *module, const char *options)
{
	module = file_part(module);
	if (p->type == CFG_LOCALBOOT || (!strcmp(module, "chain.c32") && str_starts(options, "hd")))
		return BOOT_EXIT;
	if (!strcmp(module, "reboot.c32"))
		return BOOT_REBOOT;
	if (!strcmp(module, "poweroff.c32") || !strcmp(module, "poweroff.com"))
		return BOOT_POWEROFF;
	return BOOT_NONE;
}

/*
 * Fetches the configuration that the next word of p->cmd names, "~" for the first one of all; 0:
 * there is no more.
 */
static int config_fetch(
	struct pxelinux *p, int (*got)(struct pxelinux *p, int rc, struct image *img))
{
	const char *word = word_next(p->cmd + p->pos);

	if (!*word)
		return 0;
	p->pos = (uint32_t)(word_end(word) - p->cmd);
	if (p->files == PXELINUX_FILES_MAX)
		return -ERR_SCRIPT_DEPTH;
	p->files++;
	word = word_copy(p, word);
	return file_fetch(p, strcmp(word, "~") ? word : p->home, got);
}

static int config_got(struct pxelinux *p, int rc, struct image *img);

/* Starts p->cmd, which is of p->type. */
static int launch(struct pxelinux *p)
{
	char *name = word_copy(p, p->cmd), *end = word_end(p->cmd), *options = word_next(end);
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
		rc = config_fetch(p, config_got);
		if (!rc)
			rc = -ERR_BAD_URL;
	} else if (is_menu(name)) {
		rc = config_fetch(p, config_got);
		if (!rc)
			return menu_show(p);
	} else if ((p->pos > 4 && str_starts(end - 4, ".c32")) ||
		   !strcmp(file_part(name), "memdisk")) { /* has no 32-bit entry */
		rc = err_set(p->m, ERR_PXELINUX_ONLY, "%s", name);
	} else {
		rc = file_fetch(p, name, initrd_got);
	}
	return rc < 0 ? failed(p, rc) : rc;
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
		return failed(p, err_set(p->m, ERR_PXELINUX_ONLY, "MENU PASSWD"));
	if (!ok || (p->screen == PXELINUX_EDIT && strlen(p->cmd) >= EDIT_MAX))
		return failed(p, -ERR_SCRIPT_LINE);
	if (p->screen != PXELINUX_EDIT)
		return launch(p);
	for (char *s = p->cmd; *s; s++) /* the editor draws what is there */
		if (*s < ' ' || *s > '~')
			*s = (uint8_t)*s < ' ' ? ' ' : '?';
	edit_start(p->m, "> ", p->cmd);
	return COMMAND_WAIT;
}

/* The label that was read last. */
static int label_launch(struct pxelinux *p, const char *options)
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

/* What follows the name of the label that was read last in `text`; NULL: it is another one. */
static const char *label_match(struct pxelinux *p, const char *text)
{
	const char *name = text_at(p, p->cfg.name);

	if (p->cfg.kind != CFG_LABEL || !*name || !str_starts(text, name))
		return NULL;
	text += strlen(name);
	return (uint8_t)*text <= ' ' ? text : NULL;
}

/* A label, or a file, and options: what one types. */
static int run_text(struct pxelinux *p, const char *text)
{
	struct cfg *c = &p->cfg;
	const char *rest;

	p->index = UINT32_MAX;
	cfg_start(c);
	while (cfg_entry(c)) {
		rest = label_match(p, text);
		if (rest)
			return label_launch(p, rest);
	}
	rest = word_end(text);
	if (rest == text || !cfg_number(c, c->at[CFG_IMPLICIT], 1))
		return failed(p, err_set(p->m, ERR_SCRIPT_LABEL, "%s", text));
	memset(c->at, 0, CFG_OF_ENTRY * sizeof(c->at[0]));
	str_copy(p->cmd, sizeof(p->cmd), word_copy(p, text));
	p->type = CFG_KERNEL;
	return entry_launch(p, rest);
}

static int run_place(struct pxelinux *p, uint32_t place)
{
	char text[1024];

	if (!cfg_text(&p->cfg, place, text, sizeof(text)))
		return failed(p, -ERR_SCRIPT_LINE);
	p->screen = PXELINUX_PROMPT; /* nobody wants to edit it */
	return run_text(p, text);
}

/* -- menu and prompt -- */

/* Whether what was read last is a line of the menu that is shown. */
static bool is_item(const struct pxelinux *p)
{
	const struct cfg *c = &p->cfg;

	return c->kind != CFG_TOP && c->kind != CFG_END && !c->at[CFG_HIDE] &&
	       (c->kind == CFG_BEGIN ? c->parent : c->menu) == p->here;
}

/* Whether it can be chosen. */
static bool is_choice(const struct cfg *c)
{
	return c->kind != CFG_SEPARATOR && !c->at[CFG_DISABLE];
}

/* Reads line i of the menu, one of those that were counted. */
static void item_read(struct pxelinux *p, unsigned i)
{
	if (p->index > i + 1) {
		cfg_start(&p->cfg);
		p->index = 0;
	}
	while (p->index <= i && cfg_entry(&p->cfg))
		p->index += is_item(p);
}

static int item_show(struct machine *m, unsigned i, char *text, size_t cap)
{
	struct pxelinux *p = &m->net->pxelinux;
	struct cfg *c = &p->cfg;
	char label[MENU_TEXT_MAX], *hot;
	uint32_t place, indent;
	int key = 0;

	item_read(p, i);
	place = c->at[CFG_MENU_LABEL];
	if (!place && c->kind == CFG_BEGIN)
		place = c->at[CFG_TITLE];
	cfg_text(c, place ? place : c->name, label, sizeof(label) - 2);
	hot = strchr(label, '^');
	if (hot && hot[1]) { /* ^Install becomes [I]nstall */
		key = hot[1] >= 'A' ? hot[1] | 0x20 : hot[1];
		memmove(hot + 3, hot + 2, strlen(hot + 1));
		hot[0] = '[';
		hot[2] = ']';
	}
	indent = cfg_number(c, c->at[CFG_INDENT], 0) % (uint32_t)cap;
	memset(text, ' ', indent);
	str_clean(text + indent, cap - indent, label, strlen(label));
	if (c->kind == CFG_BEGIN)
		str_copy(text + strlen(text), cap - strlen(text), " >");
	return is_choice(c) ? key : MENU_LINE;
}

/* The label that is the default of its menu: DEFAULT says that only beside UI (menu.txt). */
static void default_name(struct pxelinux *p, char *text, size_t cap)
{
	const uint32_t *at = p->cfg.at;

	cfg_text(&p->cfg, at[CFG_UI] ? at[CFG_DEFAULT] : 0, text, cap);
}

/* Goes over all of the text: what is in the menu, what is true for everything. */
static bool survey(struct pxelinux *p)
{
	struct cfg *c = &p->cfg;
	bool any = false, sure = false, named;
	char text[256];

	default_name(p, text, sizeof(text));
	p->title = p->menu.n = p->menu.selected = 0;
	p->index = UINT32_MAX;
	cfg_start(c);
	while (cfg_entry(c)) {
		if (c->kind == CFG_TOP) {
			p->append = c->at[CFG_APPEND];
			p->sysappend = c->at[CFG_SYSAPPEND];
		}
		if (c->menu == p->here && c->at[CFG_TITLE])
			p->title = c->at[CFG_TITLE];
		if (c->kind == CFG_BEGIN && c->name == p->here)
			p->parent = c->parent;
		if (!is_item(p) || p->menu.n == PXELINUX_LINES_MAX)
			continue;
		p->menu.n++;
		if (!is_choice(c))
			continue;
		any = true;
		named = label_match(p, text);
		if (named || (!sure && c->at[CFG_MENU_DEFAULT]))
			p->menu.selected = p->menu.n - 1;
		sure |= named;
	}
	return any;
}

/* The menu to begin with: where MENU START is, or the default label. */
static void menu_first(struct pxelinux *p)
{
	struct cfg *c = &p->cfg;
	bool sure = false, named;
	char text[256];

	default_name(p, text, sizeof(text));
	cfg_start(c);
	while (cfg_entry(c)) {
		named = !c->at[CFG_HIDE] && label_match(p, text);
		if (named || (!sure && c->at[CFG_START]))
			p->here = c->menu;
		sure |= named;
	}
}

/* Prints a line of the configuration. */
static void place_show(struct pxelinux *p, uint32_t place)
{
	const char *text = text_at(p, place);
	char shown[256];

	str_clean(shown, sizeof(shown), text, strlen(text));
	console_print(p->m, "%s\n", shown);
}

/* Menu or prompt, as the configuration has it; nobody has to be there to see it. */
static int screen_show(struct pxelinux *p)
{
	struct cfg *c = &p->cfg;
	uint32_t tenths = cfg_number(c, c->at[CFG_TIMEOUT], 0);

	p->menu = (struct menu){.entry = item_show,
		.closed = c->at[CFG_HIDDEN] && !p->seen && !p->failed,
		.tabs = cfg_number(c, c->at[CFG_ALLOWOPTIONS], 1) && !c->at[CFG_MASTER]};
	p->menu.until_us = p->seen ? TIME_NEVER : due(p, p->failed && !tenths ? GIVE_UP : tenths);
	p->screen = PXELINUX_PROMPT;
	if (survey(p) && p->ui) {
		p->screen = PXELINUX_MENU;
		console_write(p->m, "\n", 1);
		place_show(p, p->title);
		if (p->menu.tabs)
			console_print(p->m, "Tab: edit, Esc: prompt\n");
	} else {
		edit_start(p->m, "boot: ", "");
	}
	return COMMAND_WAIT;
}

/* Without anything to choose, nobody waits for it for ever. */
static int menu_show(struct pxelinux *p)
{
	p->ui = true;
	if (!survey(p))
		return failed(p, err_set(p->m, ERR_SCRIPT_LABEL, "a menu without entries"));
	return screen_show(p);
}

/* MENU GOTO, MENU EXIT: the submenu of that name, or without name the one around this one. */
static int menu_goto(struct pxelinux *p, uint32_t place)
{
	struct cfg *c = &p->cfg;
	char want[64];

	str_copy(want, sizeof(want), word_at(p, place));
	p->here = want[0] ? 0 : p->parent;
	cfg_start(c);
	while (want[0] && cfg_entry(c))
		if (c->kind == CFG_BEGIN && !strcmp(want, word_at(p, c->name)))
			p->here = c->menu;
	return screen_show(p);
}

/* The menu's selected line. */
static int item_take(struct pxelinux *p)
{
	struct cfg *c = &p->cfg;

	item_read(p, p->menu.selected);
	if (c->at[CFG_GOTO])
		return menu_goto(p, c->at[CFG_GOTO]);
	if (c->at[CFG_QUIT]) {
		p->ui = false;
		return screen_show(p);
	}
	if (c->kind == CFG_BEGIN) {
		p->here = c->menu;
		return screen_show(p);
	}
	if (p->menu.tab)
		p->screen = PXELINUX_EDIT;
	return label_launch(p, "");
}

static int time_over(struct pxelinux *p)
{
	const uint32_t *at = p->cfg.at;

	p->total_us = TIME_NEVER;
	if (p->failed)
		return p->failed;
	if (!at[CFG_ONTIMEOUT] && p->screen != PXELINUX_PROMPT) {
		p->screen = PXELINUX_MENU;
		p->menu.tab = false;
		return item_take(p);
	}
	return run_place(p, at[at[CFG_ONTIMEOUT] ? CFG_ONTIMEOUT : CFG_DEFAULT]);
}

/* Somebody is there. */
static void user_seen(struct pxelinux *p)
{
	p->seen = true;
	p->erred = false;
	p->failed = 0;
	p->files = 0;
	p->menu.until_us = TIME_NEVER;
}

static int menu_step(struct pxelinux *p)
{
	int rc = menu_poll(p->m, &p->menu);

	if (rc == COMMAND_WAIT)
		return rc;
	if (p->menu.timed_out)
		return time_over(p);
	user_seen(p);
	if (!rc)
		return item_take(p);
	if (p->here)
		return menu_goto(p, 0);
	p->ui = !p->menu.tabs;
	return screen_show(p);
}

static int prompt_step(struct pxelinux *p)
{
	struct machine *m = p->m;
	char *text = m->script.edit.text;
	enum edit_result done = EDIT_MORE;
	int key;

	if (!m->console.line_open)
		edit_draw(m);
	while (done == EDIT_MORE && (key = console_key(m)) != KEY_NONE) {
		user_seen(p);
		done = key == KEY_ESC ? EDIT_EOF : edit_key(m, key);
	}
	if (done == EDIT_MORE && m->now_us < p->menu.until_us)
		return COMMAND_WAIT;
	edit_end(m);
	if (done == EDIT_MORE)
		return time_over(p);
	if (done == EDIT_EOF) {
		p->ui = true;
		return screen_show(p);
	}
	if (p->screen == PXELINUX_EDIT) {
		str_copy(p->cmd, sizeof(p->cmd), text);
		return launch(p);
	}
	if (!text[0])
		return run_place(p, p->cfg.at[CFG_DEFAULT]);
	if (!p->menu.tabs)
		*word_end(text) = 0;
	return run_text(p, text);
}

/* -- the configuration -- */

/* All of it is there. */
static int config_begin(struct pxelinux *p)
{
	const uint32_t *at = p->cfg.at;

	survey(p);
	menu_first(p);
	p->total_us = due(p, cfg_number(&p->cfg, at[CFG_TOTALTIMEOUT], 0));
	if (p->ui) /* a menu has read it: its own UI is not started once more */
		return menu_show(p);
	if (at[CFG_UI] || is_menu(word_at(p, at[CFG_DEFAULT]))) {
		cfg_text(&p->cfg, at[at[CFG_UI] ? CFG_UI : CFG_DEFAULT], p->cmd, sizeof(p->cmd));
		p->type = CFG_KERNEL;
		return is_menu(word_copy(p, p->cmd)) ? launch(p) : menu_show(p);
	}
	if (cfg_number(&p->cfg, at[CFG_PROMPT], 0))
		return screen_show(p);
	if (!at[CFG_DEFAULT])
		return failed(p, err_set(p->m, ERR_SCRIPT_LABEL, "neither DEFAULT nor UI"));
	return run_place(p, at[CFG_DEFAULT]);
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
			place_show(p, c->arg);
		if (key != CFG_INCLUDE)
			continue;
		if (p->files == PXELINUX_FILES_MAX)
			return -ERR_SCRIPT_DEPTH;
		p->files++;
		rc = file_fetch(p, word_at(p, c->arg), config_read);
		if (rc == COMMAND_WAIT)
			return rc;
		error_show(p, rc);
	}
	rc = 0;
	while (p->ui && (rc = config_fetch(p, config_read)) < 0)
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
		return failed(p, rc);
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
	if (!url || !*file_part(p->scratch))
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
	} else if (m->now_us >= p->total_us) {
		console_status_end(m);
		edit_end(m);
		rc = time_over(p);
	} else {
		rc = p->screen == PXELINUX_MENU ? menu_step(p) : prompt_step(p);
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
