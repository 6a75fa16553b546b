/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shell: a prompt, the line editor, a history, completion of command names. What is typed runs
 * as a line of script; a line that fails leaves the shell open. `exit` or Ctrl-D goes back to what
 * was interrupted.
 */
#include "core/command.h"
#include "core/machine.h"

static const char *history_line(const struct script *s, unsigned back)
{
	return s->history[(s->history_n - back) % SHELL_HISTORY_MAX];
}

static void history_add(struct script *s)
{
	if (!s->typed[0] || (s->history_n && !strcmp(history_line(s, 1), s->typed)))
		return;
	str_copy(s->history[s->history_n++ % SHELL_HISTORY_MAX], EDIT_MAX, s->typed);
}

static void history_move(struct machine *m, int key)
{
	struct script *s = &m->script;
	unsigned max = s->history_n < SHELL_HISTORY_MAX ? s->history_n : SHELL_HISTORY_MAX;

	if (key == KEY_UP && s->history_back < max)
		s->history_back++;
	else if (key == KEY_DOWN && s->history_back)
		s->history_back--;
	edit_set(m, s->history_back ? history_line(s, s->history_back) : "");
}

/* Tab: completes a command's name as far as it is certain; shows the choice when it is not. */
static void complete(struct machine *m)
{
	const struct command *const *cmds = m->config->commands;
	struct edit *e = &m->script.edit;
	char name[EDIT_MAX] = "";
	unsigned found = 0, n = 0;

	for (unsigned i = 0; cmds[i]; i++) {
		if (!str_starts(cmds[i]->name, e->text))
			continue;
		if (!found++)
			str_copy(name, sizeof(name), cmds[i]->name);
		for (n = 0; name[n] && name[n] == cmds[i]->name[n]; n++)
			;
		name[n] = 0;
	}
	if (found > 1 && n == e->len)
		for (unsigned i = 0; cmds[i]; i++)
			if (str_starts(cmds[i]->name, e->text))
				console_print(m, "%s ", cmds[i]->name);
	if (found == 1 && n < sizeof(name) - 1)
		name[n] = ' ';
	if (found)
		edit_set(m, name);
}

bool shell_poll(struct machine *m)
{
	struct script *s = &m->script;
	enum edit_result done = EDIT_MORE;

	if (m->console.want_cancel) {
		m->console.want_cancel = false;
		edit_end(m);
	}
	if (!s->edit.active) {
		s->history_back = 0;
		edit_start(m, "reveille> ", "");
	} else if (!m->console.line_open) {
		edit_draw(m);
	}
	for (int key; done == EDIT_MORE && (key = console_key(m)) != KEY_NONE;) {
		if (key == KEY_UP || key == KEY_DOWN)
			history_move(m, key);
		else if (key == '\t')
			complete(m);
		else
			done = edit_key(m, key);
	}
	if (done == EDIT_MORE)
		return false;
	str_copy(s->typed, sizeof(s->typed), done == EDIT_DONE ? s->edit.text : "exit");
	history_add(s);
	return true;
}
