/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console, see console.h. The platform brings characters and keys of all its devices as one
 * stream each; here they become a status line, a ring of keys, and the cursor keys of serial
 * terminals (ECMA-48 5.4: ESC [ parameters final; DEC's ESC O final), so that each platform gets
 * all of it.
 *
 * Limits: 15 keys typed ahead, more are dropped; Ctrl-B and Ctrl-C are seen even then.
 */
#include <stdarg.h>
#include "core/fmt.h"
#include "core/machine.h"

/* -- output ------------------------------------------------------------------ */

static void put(struct machine *m, char c, unsigned times)
{
	while (times--)
		m->plat->putc(m->plat_ctx, c);
}

static void status_erase(struct machine *m)
{
	struct console *c = &m->console;

	if (!c->status_len)
		return;
	put(m, '\r', 1);
	put(m, ' ', c->status_len);
	put(m, '\r', 1);
	c->status_len = 0;
}

void console_raw(struct machine *m, const char *s, size_t n)
{
	struct console *c = &m->console;

	for (size_t i = 0; i < n; i++) {
		put(m, s[i], 1);
		if (s[i] == '\n' || s[i] == '\r')
			c->column = 0;
		else if (s[i] != '\b')
			c->column++;
		else if (c->column)
			c->column--;
	}
}

/* What others have begun on the screen ends here. */
static void line_close(struct machine *m)
{
	if (!m->console.line_open)
		return;
	m->console.line_open = false;
	console_raw(m, "\n", 1);
}

void console_write(struct machine *m, const char *s, size_t n)
{
	line_close(m);
	status_erase(m);
	console_raw(m, s, n);
}

void console_print(struct machine *m, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	fmt_vprint(text, sizeof(text), fmt, ap);
	va_end(ap);
	console_write(m, text, strlen(text));
}

void console_status(struct machine *m, const char *fmt, ...)
{
	struct console *c = &m->console;
	char text[CONSOLE_WIDTH];
	unsigned n = 0;
	va_list ap;

	va_start(ap, fmt);
	fmt_vprint(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!text[0]) {
		status_erase(m);
		return;
	}
	line_close(m);
	if (!c->status_len && c->column)
		console_raw(m, "\n", 1);
	put(m, '\r', 1);
	for (; text[n]; n++)
		put(m, text[n] >= 0x20 && text[n] <= 0x7e ? text[n] : '?', 1);
	if (n < c->status_len)
		put(m, ' ', c->status_len - n);
	c->status_len = n;
}

void console_status_end(struct machine *m)
{
	if (!m->console.status_len)
		return;
	m->console.status_len = 0;
	put(m, '\n', 1);
}

/* -- keys -------------------------------------------------------------------- */

static void key_add(struct console *c, int key)
{
	unsigned next = (c->key_head + 1) % (sizeof(c->keys) / sizeof(c->keys[0]));

	if (next == c->key_tail)
		return;
	c->keys[c->key_head] = key;
	c->key_head = next;
}

int console_key(struct machine *m)
{
	struct console *c = &m->console;
	int key;

	if (c->key_tail == c->key_head)
		return KEY_NONE;
	key = c->keys[c->key_tail];
	c->key_tail = (c->key_tail + 1) % (sizeof(c->keys) / sizeof(c->keys[0]));
	return key;
}

/* The key that a sequence stands for: xterm's and the VT220's, which everybody imitates. */
static int esc_key(char final, unsigned param)
{
	static const struct {
		char final;
		uint8_t param;
		uint16_t key;
	} keys[] = {
		{'A', 0, KEY_UP},
		{'B', 0, KEY_DOWN},
		{'C', 0, KEY_RIGHT},
		{'D', 0, KEY_LEFT},
		{'H', 0, KEY_HOME},
		{'F', 0, KEY_END},
		{'~', 1, KEY_HOME},
		{'~', 3, KEY_DELETE},
		{'~', 4, KEY_END},
		{'~', 5, KEY_PAGE_UP},
		{'~', 6, KEY_PAGE_DOWN},
		{'~', 7, KEY_HOME},
		{'~', 8, KEY_END},
		{'~', 19, KEY_F8},
	};

	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].final == final && (final != '~' || keys[i].param == param))
			return keys[i].key;
	return KEY_NONE;
}

static void esc_input(struct console *c, int key)
{
	if (c->esc == ESC_CSI && key >= '0' && key <= '9') {
		if (!c->esc_more && c->esc_param < 100)
			c->esc_param = c->esc_param * 10 + (unsigned)(key - '0');
		return;
	}
	if (c->esc == ESC_CSI && key >= 0x20 && key < 0x40) {
		c->esc_more = true;
		return;
	}
	c->esc = ESC_NONE;
	key = key >= 0x40 && key <= 0x7e ? esc_key((char)key, c->esc_param) : KEY_NONE;
	if (key != KEY_NONE)
		key_add(c, key);
}

static void key_input(struct machine *m, int key)
{
	struct console *c = &m->console;

	if (c->esc == ESC_START && (key == '[' || key == 'O')) {
		c->esc = key == '[' ? ESC_CSI : ESC_SS3;
		c->esc_param = 0;
		c->esc_more = false;
	} else if (c->esc == ESC_CSI || c->esc == ESC_SS3) {
		esc_input(c, key);
	} else {
		if (c->esc == ESC_START)
			key_add(c, KEY_ESC);
		c->esc = key == KEY_ESC ? ESC_START : ESC_NONE;
		if (key != KEY_ESC)
			key_add(c, key);
	}
	c->esc_us = m->now_us;
}

uint64_t console_poll(struct machine *m)
{
	struct console *c = &m->console;
	unsigned i, max = sizeof(c->keys) / sizeof(c->keys[0]) - 1; /* what the ring takes */

	for (i = 0; i < max; i++) {
		int key = m->plat->key(m->plat_ctx);

		if (key == KEY_NONE)
			break;
		if (key == KEY_CTRL('b') && key != c->deliver)
			c->want_shell = true;
		else if (key == KEY_CTRL('c') && key != c->deliver)
			c->want_cancel = true;
		else
			key_input(m, key);
	}
	if (c->esc != ESC_NONE && m->now_us - c->esc_us >= CONSOLE_ESC_US) {
		if (c->esc == ESC_START)
			key_add(c, KEY_ESC);
		c->esc = ESC_NONE;
	}
	return i < max ? m->now_us + CONSOLE_POLL_US : m->now_us;
}
