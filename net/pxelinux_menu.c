/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Menu and prompt of the command pxelinux: what of the configuration is shown, what is chosen, and
 * what is done when nobody chooses (PXELINUX's doc/menu.txt). Lines and keys: core/menu.c and
 * core/edit.c.
 *
 * Not done: F1 .. F12, DISPLAY, the help texts of entries. Limit: PXELINUX_LINES_MAX lines.
 */
#include "core/console.h"
#include "core/machine.h"
#include "core/str.h"
#include "net/net.h"

#define GIVE_UP 600 /* tenths: TIMEOUT after a failure, if nobody is there and none is set */

/* In so many tenths of a second, an hour at most; 0: never. */
static uint64_t due(const struct pxelinux *p, uint32_t tenths)
{
	return tenths ? p->m->now_us + (tenths < 36000 ? tenths : 36000) * 100000 : TIME_NEVER;
}

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
		named = pxelinux_is_label(p, text);
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
		named = !c->at[CFG_HIDE] && pxelinux_is_label(p, text);
		if (named || (!sure && c->at[CFG_START]))
			p->here = c->menu;
		sure |= named;
	}
}

void pxelinux_say(struct pxelinux *p, uint32_t place)
{
	const char *text = pxelinux_text(p, place);
	char shown[256];

	str_clean(shown, sizeof(shown), text, strlen(text));
	console_print(p->m, "%s\n", shown);
}

int pxelinux_show(struct pxelinux *p)
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
		pxelinux_say(p, p->title);
		if (p->menu.tabs)
			console_print(p->m, "Tab: edit, Esc: prompt\n");
	} else {
		edit_start(p->m, "boot: ", "");
	}
	return COMMAND_WAIT;
}

int pxelinux_menu_show(struct pxelinux *p)
{
	p->ui = true;
	if (!survey(p))
		return pxelinux_failed(
			p, err_set(p->m, ERR_SCRIPT_LABEL, "a menu without entries"));
	return pxelinux_show(p);
}

/* MENU GOTO, MENU EXIT: the submenu of that name, or without name the one around this one. */
static int menu_goto(struct pxelinux *p, uint32_t place)
{
	struct cfg *c = &p->cfg;
	char want[64];

	str_copy(want, sizeof(want), pxelinux_word(p, place));
	p->here = want[0] ? 0 : p->parent;
	cfg_start(c);
	while (want[0] && cfg_entry(c))
		if (c->kind == CFG_BEGIN && !strcmp(want, pxelinux_word(p, c->name)))
			p->here = c->menu;
	return pxelinux_show(p);
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
		return pxelinux_show(p);
	}
	if (c->kind == CFG_BEGIN) {
		p->here = c->menu;
		return pxelinux_show(p);
	}
	if (p->menu.tab)
		p->screen = PXELINUX_EDIT;
	return pxelinux_label(p, "");
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
	return pxelinux_run_place(p, at[at[CFG_ONTIMEOUT] ? CFG_ONTIMEOUT : CFG_DEFAULT]);
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
	return pxelinux_show(p);
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
		return pxelinux_show(p);
	}
	if (p->screen == PXELINUX_EDIT) {
		str_copy(p->cmd, sizeof(p->cmd), text);
		return pxelinux_launch(p);
	}
	if (!text[0])
		return pxelinux_run_place(p, p->cfg.at[CFG_DEFAULT]);
	if (!p->menu.tabs)
		*pxelinux_word_end(text) = 0;
	return pxelinux_run_text(p, text);
}

void pxelinux_menu_begin(struct pxelinux *p)
{
	survey(p);
	menu_first(p);
	p->total_us = due(p, cfg_number(&p->cfg, p->cfg.at[CFG_TOTALTIMEOUT], 0));
}

int pxelinux_menu_poll(struct pxelinux *p)
{
	if (p->m->now_us < p->total_us)
		return p->screen == PXELINUX_MENU ? menu_step(p) : prompt_step(p);
	console_status_end(p->m);
	edit_end(p->m);
	return time_over(p);
}
