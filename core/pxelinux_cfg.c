/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reader of pxelinux.cfg, see pxelinux_cfg.h. The language is SYSLINUX's (its doc/syslinux.txt,
 * doc/pxelinux.txt and doc/menu.txt): one directive a line, a key without regard to case, blanks,
 * and what it is set to. A control character but LF is a blank there, and lines end with LF, so
 * that CR LF and NUL bytes do no harm.
 *
 * A text has no structure but the order of its lines, so the reader knows only where it is: each
 * question to it is one pass from the start. Limits: PXELINUX_MENUS_MAX submenus inside of each
 * other, SCRIPT_SIZE_MAX bytes, which the caller sees to.
 */
#include "core/pxelinux_cfg.h"
#include "core/machine.h"

/* '+': behind MENU. */
static const struct {
	uint8_t key;
	char name[13];
} keys[] = {
	{CFG_LABEL, "label"},
	{CFG_KERNEL, "kernel"},
	{CFG_KERNEL, "linux"},
	{CFG_KERNEL, "boot"},
	{CFG_KERNEL, "pxe"},
	{CFG_KERNEL, "bss"},
	{CFG_KERNEL, "com32"},
	{CFG_KERNEL, "comboot"},
	{CFG_KERNEL, "fdimage"},
	{CFG_CONFIG, "config"},
	{CFG_LOCALBOOT, "localboot"},
	{CFG_APPEND, "append"},
	{CFG_INITRD, "initrd"},
	{CFG_SYSAPPEND, "sysappend"},
	{CFG_SYSAPPEND, "ipappend"},
	{CFG_DEFAULT, "default"},
	{CFG_UI, "ui"},
	{CFG_PROMPT, "prompt"},
	{CFG_TIMEOUT, "timeout"},
	{CFG_TOTALTIMEOUT, "totaltimeout"},
	{CFG_ONTIMEOUT, "ontimeout"},
	{CFG_ONERROR, "onerror"},
	{CFG_NOESCAPE, "noescape"},
	{CFG_ALLOWOPTIONS, "allowoptions"},
	{CFG_IMPLICIT, "implicit"},
	{CFG_SAY, "say"},
	{CFG_INCLUDE, "include"},
	{CFG_TEXT, "text"},
	{CFG_ENDTEXT, "endtext"},
	{CFG_INCLUDE, "+include"},
	{CFG_MENU_LABEL, "+label"},
	{CFG_TITLE, "+title"},
	{CFG_MENU_DEFAULT, "+default"},
	{CFG_HIDDEN, "+hidden"},
	{CFG_HIDE, "+hide"},
	{CFG_INDENT, "+indent"},
	{CFG_SEPARATOR, "+separator"},
	{CFG_DISABLE, "+disable"},
	{CFG_PASSWD, "+passwd"},
	{CFG_MASTER, "+master"},
	{CFG_BEGIN, "+begin"},
	{CFG_END, "+end"},
	{CFG_GOTO, "+goto"},
	{CFG_GOTO, "+exit"},
};

#define NO_WINDOW 0x80000000u /* farther than its size from every place */

static bool is_blank(int c)
{
	return c >= 0 && c <= ' ' && c != '\n';
}

/* The byte at a place, -1 behind the end. */
static int peek(struct cfg *c, uint32_t at)
{
	if (at >= c->img->total)
		return -1;
	if (at - c->window_at >= sizeof(c->window)) {
		size_t n = (size_t)c->img->total - at;

		if (n > sizeof(c->window))
			n = sizeof(c->window);
		image_get(c->m, c->img, at, c->window, n);
		c->window_at = at;
	}
	return (uint8_t)c->window[at - c->window_at];
}

/* The first place from `at` on that is not blank. */
static uint32_t skip(struct cfg *c, uint32_t at)
{
	while (is_blank(peek(c, at)))
		at++;
	return at;
}

/* The next word in lower case, as far as it fits; the place behind it and the blanks. */
static uint32_t take(struct cfg *c, uint32_t at, char *word, size_t cap)
{
	size_t n = 0;
	int ch;

	while ((ch = peek(c, at)) > ' ') {
		if (n < cap - 1)
			word[n++] = (char)(ch >= 'A' ? ch | 0x20 : ch);
		at++;
	}
	word[n] = 0;
	return skip(c, at);
}

void cfg_start(struct cfg *c, struct machine *m, const struct image *img)
{
	c->m = m;
	c->img = img;
	c->window_at = NO_WINDOW;
	c->next = c->line = 0;
	c->help = false;
	c->depth = 0;
	c->ending = CFG_TOP;
}

enum cfg_key cfg_line(struct cfg *c)
{
	enum cfg_key key = CFG_OTHER;
	char word[16];
	uint32_t at;
	int ch;

	c->line = c->next;
	if (c->line >= c->img->total)
		return CFG_EOF;
	at = take(c, skip(c, c->line), word, sizeof(word));
	if (!strcmp(word, "menu")) {
		word[0] = '+';
		at = take(c, at, word + 1, sizeof(word) - 1);
	}
	c->arg = at;
	while ((ch = peek(c, at++)) >= 0 && ch != '\n')
		;
	c->next = at;
	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!strcmp(keys[i].name, word))
			key = (enum cfg_key)keys[i].key;
	if (key == CFG_TEXT || key == CFG_ENDTEXT)
		c->help = key == CFG_TEXT;
	return c->help || key > CFG_EOF ? CFG_OTHER : key;
}

/* The start of the submenu we are in. */
static uint32_t menu_around(const struct cfg *c)
{
	unsigned depth = c->depth < PXELINUX_MENUS_MAX ? c->depth : PXELINUX_MENUS_MAX;

	return depth ? c->menus[depth - 1] : 0;
}

bool cfg_entry(struct cfg *c)
{
	enum cfg_key key = c->ending;

	if (key == CFG_EOF)
		return false;
	c->kind = key;
	c->start = c->line;
	c->name = c->arg;
	c->parent = menu_around(c);
	if (key == CFG_BEGIN && c->depth++ < PXELINUX_MENUS_MAX)
		c->menus[c->depth - 1] = c->start;
	if (key == CFG_END && c->depth)
		c->depth--;
	c->menu = menu_around(c);
	memset(c->at, 0, CFG_OF_ENTRY * sizeof(c->at[0]));
	while ((key = cfg_line(c)) < CFG_VALUES)
		c->at[key] = c->arg;
	c->ending = key;
	return true;
}

bool cfg_text(struct cfg *c, uint32_t place, char *text, size_t cap)
{
	size_t n = 0, end = 0;
	int ch;

	for (; place && (ch = peek(c, place)) >= 0 && ch != '\n'; place++) {
		if (n < cap - 1)
			text[n] = ch ? (char)ch : ' ';
		n++;
		if (ch > ' ')
			end = n;
	}
	text[end < cap ? end : cap - 1] = 0;
	return end < cap;
}

bool cfg_word(struct cfg *c, uint32_t place, char *text, size_t cap)
{
	bool whole = cfg_text(c, place, text, cap);

	while ((uint8_t)*text > ' ')
		text++;
	whole |= *text != 0;
	*text = 0;
	return whole;
}

uint32_t cfg_number(struct cfg *c, uint32_t place, uint32_t otherwise)
{
	char text[16];
	uint64_t v = 0;

	if (!place)
		return otherwise;
	cfg_word(c, place, text, sizeof(text));
	return str_u64(text, &v) && v <= UINT32_MAX ? (uint32_t)v : 0;
}
