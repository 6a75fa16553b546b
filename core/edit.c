/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The line editor, see edit.h. Keys as readline has them: arrows, Home, End, Delete, Backspace,
 * Ctrl-A Ctrl-D Ctrl-E Ctrl-F Ctrl-K Ctrl-U Ctrl-W. What the screen shows is remembered, and only
 * the difference is sent: at 115200 baud a redrawn line would lag behind fast typing.
 */
#include "core/edit.h"
#include "core/machine.h"

static void text_delete(struct edit *e, unsigned from, unsigned to)
{
	memmove(e->text + from, e->text + to, e->len - to + 1);
	e->len -= to - from;
	e->pos = from;
}

static void text_insert(struct edit *e, char c)
{
	if (e->len == EDIT_MAX - 1)
		return;
	memmove(e->text + e->pos + 1, e->text + e->pos, e->len - e->pos + 1);
	e->text[e->pos++] = c;
	e->len++;
}

/* Where the word in front of the cursor begins. */
static unsigned word_start(const struct edit *e)
{
	unsigned at = e->pos;

	while (at && e->text[at - 1] == ' ')
		at--;
	while (at && e->text[at - 1] != ' ')
		at--;
	return at;
}

static void put_times(struct machine *m, char c, unsigned n)
{
	while (n--)
		console_raw(m, &c, 1);
}

/* Moves the cursor to column `to` of what is shown. */
static void move(struct machine *m, unsigned to)
{
	struct edit *e = &m->script.edit;

	if (to < e->shown_pos)
		put_times(m, '\b', e->shown_pos - to);
	else
		console_raw(m, e->shown + e->shown_pos, to - e->shown_pos);
	e->shown_pos = to;
}

static void draw_prompt(struct machine *m)
{
	struct edit *e = &m->script.edit;

	if (m->console.column)
		console_write(m, "\n", 1);
	console_write(m, e->prompt, strlen(e->prompt));
	m->console.line_open = true;
	e->shown_len = e->shown_pos = 0;
}

void edit_draw(struct machine *m)
{
	struct edit *e = &m->script.edit;
	unsigned width = CONSOLE_WIDTH - 1 - (unsigned)strlen(e->prompt), n, same = 0;
	const char *view;

	if (!m->console.line_open)
		draw_prompt(m);
	if (e->pos < e->offset)
		e->offset = e->pos;
	if (e->pos - e->offset > width)
		e->offset = e->pos - width;
	view = e->text + e->offset;
	n = e->len - e->offset < width ? e->len - e->offset : width;
	while (same < n && same < e->shown_len && view[same] == e->shown[same])
		same++;
	if (same < n || same < e->shown_len) {
		move(m, same);
		console_raw(m, view + same, n - same);
		e->shown_pos = n;
		if (n < e->shown_len) {
			put_times(m, ' ', e->shown_len - n);
			e->shown_pos = e->shown_len;
		}
		memcpy(e->shown, view, n);
		memset(e->shown + n, ' ', sizeof(e->shown) - n);
	}
	move(m, e->pos - e->offset);
	e->shown_len = n;
}

void edit_set(struct machine *m, const char *text)
{
	struct edit *e = &m->script.edit;

	str_copy(e->text, sizeof(e->text), text);
	e->len = e->pos = (unsigned)strlen(e->text);
	edit_draw(m);
}

void edit_start(struct machine *m, const char *prompt, const char *text)
{
	struct edit *e = &m->script.edit;

	e->active = true;
	e->prompt = prompt;
	e->offset = 0;
	m->console.line_open = false;
	edit_set(m, text);
}

void edit_end(struct machine *m)
{
	if (m->script.edit.active && m->console.line_open) {
		m->console.line_open = false;
		console_write(m, "\n", 1);
	}
	m->script.edit.active = false;
}

static void key_edit(struct edit *e, int key)
{
	if (key == KEY_LEFT && e->pos)
		e->pos--;
	else if ((key == KEY_RIGHT || key == KEY_CTRL('f')) && e->pos < e->len)
		e->pos++;
	else if (key == KEY_HOME || key == KEY_CTRL('a'))
		e->pos = 0;
	else if (key == KEY_END || key == KEY_CTRL('e'))
		e->pos = e->len;
	else if ((key == '\b' || key == 0x7f) && e->pos)
		text_delete(e, e->pos - 1, e->pos);
	else if ((key == KEY_DELETE || key == KEY_CTRL('d')) && e->pos < e->len)
		text_delete(e, e->pos, e->pos + 1);
	else if (key == KEY_CTRL('k'))
		text_delete(e, e->pos, e->len);
	else if (key == KEY_CTRL('u'))
		text_delete(e, 0, e->pos);
	else if (key == KEY_CTRL('w'))
		text_delete(e, word_start(e), e->pos);
	else if (key >= 0x20 && key < 0x7f)
		text_insert(e, (char)key);
}

enum edit_result edit_key(struct machine *m, int key)
{
	struct edit *e = &m->script.edit;

	if (key == '\r' || key == '\n') {
		edit_end(m);
		return EDIT_DONE;
	}
	if (key == KEY_CTRL('d') && !e->len) {
		edit_end(m);
		return EDIT_EOF;
	}
	key_edit(e, key);
	edit_draw(m);
	return EDIT_MORE;
}
