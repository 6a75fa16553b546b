/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reader of pxelinux.cfg, see pxelinux_cfg.h. The language is SYSLINUX's (its doc/syslinux.txt,
 * doc/pxelinux.txt and doc/menu.txt): one directive a line, a key without regard to case, blanks,
 * and what it is set to. A control character but LF is a blank there, and lines end with LF, so
 * that CR LF and NUL bytes do no harm.
 *
 * A text has no structure but the order of its lines, so the reader knows only where it is: each
 * question to it is one pass from the start. Limits: PXELINUX_MENUS_MAX submenus inside of each
 * other, SCRIPT_SIZE_MAX bytes.
 */
#include "core/pxelinux_cfg.h"
#include "core/fmt.h"
#include "core/machine.h"

/* In the order of enum cfg_key. '+': behind MENU; '=': another name of the one before. */
static const char keys[] = "kernel\0=linux\0=boot\0=pxe\0=bss\0=com32\0=comboot\0=fdimage\0"
			   "config\0localboot\0append\0initrd\0sysappend\0=ipappend\0"
			   "+label\0+title\0+default\0+hide\0+indent\0+disable\0+passwd\0"
			   "+goto\0=+exit\0+quit\0+start\0"
			   "default\0ui\0prompt\0timeout\0totaltimeout\0ontimeout\0onerror\0"
			   "allowoptions\0implicit\0+hidden\0+master\0"
			   "include\0=+include\0say\0text\0endtext\0"
			   "label\0+separator\0+begin\0+end\0";

#define NO_WINDOW 0x80000000u /* farther than its size from every place */

static bool is_blank(int c)
{
	return c >= 0 && c <= ' ' && c != '\n';
}

/* The byte at a place, -1 behind the end. */
static int peek(struct cfg *c, uint32_t at)
{
	if (at >= c->size)
		return -1;
	if (at - c->window_at >= sizeof(c->window)) {
		uint32_t n = c->size - at;

		if (n > sizeof(c->window))
			n = sizeof(c->window);
		c->m->plat->phys_read(c->m->plat_ctx, c->window, c->base + at, n);
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

void cfg_start(struct cfg *c)
{
	c->window_at = NO_WINDOW;
	c->next = c->line = 0;
	c->help = false;
	c->depth = 0;
	c->ending = CFG_TOP;
}

bool cfg_insert(struct cfg *c, const struct image *file)
{
	const struct platform *plat = c->m->plat;
	uint32_t at = c->line < c->size ? c->line : c->size;
	uint32_t end = c->next > at ? c->next - 1 : at; /* the line's LF stays */
	char tag[PXELINUX_TAG_MAX], lead[PXELINUX_TAG_MAX + 16], word[2];
	const char *tail = "";
	size_t n;

	/* The line before may end without LF where the text does. */
	str_copy(lead, sizeof(lead), at && at == c->size ? "\n" : "");
	tag[0] = 0;
	if (end > at)
		cfg_text(c, take(c, c->arg, word, sizeof(word)), tag, sizeof(tag));
	if (tag[0]) {
		fmt_print(lead, sizeof(lead), "menu begin %s\n", tag);
		tail = "\nmenu end";
	}
	n = strlen(lead) + strlen(tail);
	if (file->total > SCRIPT_SIZE_MAX - c->size || file->total + n > SCRIPT_SIZE_MAX - c->size)
		return false;
	n = strlen(lead);
	plat->phys_move(c->m->plat_ctx, c->base + at + n + file->total + strlen(tail),
		c->base + end, c->size - end);
	plat->phys_write(c->m->plat_ctx, c->base + at, lead, n);
	plat->phys_move(c->m->plat_ctx, c->base + at + n, file->base, file->total);
	plat->phys_write(c->m->plat_ctx, c->base + at + n + file->total, tail, strlen(tail));
	c->size += (uint32_t)(n + file->total + strlen(tail)) - (end - at);
	c->next = at;
	c->window_at = NO_WINDOW;
	return true;
}

static enum cfg_key key_find(const char *word)
{
	unsigned key = 0;

	for (const char *name = keys; *name; name += strlen(name) + 1) {
		key += *name != '=';
		if (!strcmp(name + (*name == '='), word))
			return (enum cfg_key)(key - 1);
	}
	return CFG_OTHER;
}

enum cfg_key cfg_line(struct cfg *c)
{
	enum cfg_key key;
	char word[16];
	uint32_t at;
	int ch;

	c->line = c->next;
	if (c->line >= c->size)
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
	key = key_find(word);
	if (key == CFG_TEXT || key == CFG_ENDTEXT)
		c->help = key == CFG_TEXT;
	return c->help ? CFG_OTHER : key;
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
	c->name = c->arg;
	c->parent = menu_around(c);
	if (key == CFG_BEGIN && c->depth++ < PXELINUX_MENUS_MAX)
		c->menus[c->depth - 1] = c->name;
	if (key == CFG_END && c->depth)
		c->depth--;
	c->menu = menu_around(c);
	memset(c->at, 0, CFG_OF_ENTRY * sizeof(c->at[0]));
	while ((key = cfg_line(c)) < CFG_VALUES || key == CFG_OTHER)
		if (key != CFG_OTHER)
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

uint32_t cfg_number(struct cfg *c, uint32_t place, uint32_t otherwise)
{
	unsigned base = 10, digit;
	int ch;

	if (!place)
		return otherwise;
	if (peek(c, place) == '0' && (peek(c, place + 1) | 0x20) == 'x') {
		base = 16;
		place += 2;
	}
	for (otherwise = 0; otherwise < 100000000; otherwise = otherwise * base + digit) {
		ch = peek(c, place++);
		digit = (unsigned)(ch > '9' ? (ch | 0x20) - 'a' + 10 : ch - '0');
		if (digit >= base)
			break;
	}
	return otherwise;
}
