/* SPDX-License-Identifier: BSD-2-Clause */
/* A list to choose from, see menu.h. Nothing is kept of the entries: each is asked for again. */
#include "core/command.h"
#include "core/fmt.h"
#include "core/machine.h"
#include "core/menu.h"

#define MENU_PAGE 20 /* entries on the screen: 25 lines less a title and the status line */

/*
 * Walks over the entries that can be chosen, to the one with this number, or this index, or this
 * hotkey, whichever comes first. Its number, text and *index; 0: there is none.
 */
static unsigned menu_find(
	struct machine *m, struct menu *mu, unsigned number, unsigned index, int hotkey, char *text)
{
	unsigned seen = 0;

	for (unsigned i = 0; i < mu->n; i++) {
		int key = mu->entry(m, i, text, MENU_TEXT_MAX);

		if (key == MENU_LINE)
			continue;
		seen++;
		if (seen == number || i >= index || (key && key == hotkey)) {
			mu->selected = i;
			return seen;
		}
	}
	return 0;
}

static bool menu_go(struct machine *m, struct menu *mu, unsigned number, int hotkey)
{
	char text[MENU_TEXT_MAX];

	number = menu_find(m, mu, number, UINT32_MAX, hotkey, text);
	if (number)
		mu->number = (uint16_t)number;
	return number;
}

static void list_draw(struct machine *m, struct menu *mu)
{
	unsigned number = 0, page = (mu->number - 1u) / MENU_PAGE + 1;
	char text[MENU_TEXT_MAX];

	if (mu->closed || mu->page == page)
		return;
	mu->page = (uint16_t)page;
	for (unsigned i = 0; i < mu->n; i++) {
		bool line = mu->entry(m, i, text, sizeof(text)) == MENU_LINE;

		number += !line;
		if ((number - !!number) / MENU_PAGE + 1 != page)
			continue;
		if (line)
			console_print(m, "     %s\n", text);
		else
			console_print(m, "%3u. %s\n", number, text);
	}
	mu->drawn = false;
}

/* "5 s; F8 or m: menu; Enter: 1. Debian" */
static void status_draw(struct machine *m, struct menu *mu, uint32_t seconds)
{
	char text[MENU_TEXT_MAX], left[16] = "";

	if (mu->drawn && mu->seconds == seconds && m->console.status_len)
		return;
	menu_find(m, mu, mu->number, UINT32_MAX, 0, text);
	if (seconds)
		fmt_print(left, sizeof(left), "%u s; ", seconds);
	console_status(m, "%s%s; Enter: %u. %s", left,
		mu->closed ? "F8 or m: menu" : "Up, Down, number", mu->number, text);
	mu->drawn = true;
	mu->seconds = seconds;
}

/* Seconds that are left, rounded up; 0 when nothing is counted, or too much. */
static uint32_t seconds_left(struct machine *m, const struct menu *mu)
{
	uint64_t us = mu->until_us > m->now_us ? mu->until_us - m->now_us : 0;

	return us < UINT32_MAX - 1000000 ? ((uint32_t)us + 999999) / 1000000 : 0;
}

/* Whether the key means anything. */
static bool key_take(struct machine *m, struct menu *mu, int key)
{
	unsigned digit = (unsigned)key - '0', typed;

	if (mu->closed) {
		if (key != KEY_F8 && key != 'm')
			return false;
		mu->closed = false;
		return true;
	}
	if (digit < 10) {
		typed = mu->typed < 100 ? mu->typed * 10u + digit : digit;
		if ((!mu->typed || !menu_go(m, mu, typed, 0)) && !menu_go(m, mu, 0, key) &&
			!menu_go(m, mu, typed = digit, 0))
			typed = 0;
		mu->typed = (uint16_t)typed;
		return typed;
	}
	mu->typed = 0;
	if (key == KEY_UP)
		return menu_go(m, mu, mu->number - 1u, 0);
	if (key == KEY_DOWN)
		return menu_go(m, mu, mu->number + 1u, 0);
	if (key == KEY_HOME)
		return menu_go(m, mu, 1, 0);
	return key > ' ' && menu_go(m, mu, 0, key | ('A' <= key && key <= 'Z' ? 0x20 : 0));
}

int menu_poll(struct machine *m, struct menu *mu)
{
	char text[MENU_TEXT_MAX];
	int key;

	if (!mu->number)
		mu->number = (uint16_t)menu_find(m, mu, 0, mu->selected, 0, text);
	while ((key = console_key(m)) != KEY_NONE && key != '\r' && key != '\n' &&
		!(key == '\t' && mu->tabs)) {
		if (key == KEY_ESC && !mu->closed)
			return -ERR_CANCELLED;
		if (!key_take(m, mu, key))
			continue;
		mu->until_us = TIME_NEVER;
		mu->drawn = false;
	}
	list_draw(m, mu);
	status_draw(m, mu, seconds_left(m, mu));
	mu->tab = key == '\t';
	mu->timed_out = key == KEY_NONE && m->now_us >= mu->until_us;
	if (key == KEY_NONE && !mu->timed_out)
		return COMMAND_WAIT;
	console_status_end(m);
	return 0;
}
