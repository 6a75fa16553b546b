/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines into commands. A line is cut into words at blanks before anything is expanded: a value
 * never becomes two words, a separator or a comment, whatever a server has put into it.
 */
#include "core/line.h"
#include "core/machine.h"

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The word at or after *pos, borrowed, *pos behind it; false at the end of the line or a comment.
 */
static bool word_next(const char *line, size_t *pos, const char **word, size_t *n)
{
	size_t start = *pos;

	while (is_blank(line[start]))
		start++;
	*pos = start;
	if (!line[start] || line[start] == '#')
		return false;
	while (line[*pos] && !is_blank(line[*pos]))
		++*pos;
	*word = line + start;
	*n = *pos - start;
	return true;
}

const char *line_label(const char *line, size_t *n, size_t *rest)
{
	const char *word;

	*rest = 0;
	if (!word_next(line, rest, &word, n) || word[0] != ':') {
		*rest = 0;
		return NULL;
	}
	--*n;
	return word + 1;
}

static enum line_op separator(const char *word, size_t n)
{
	if (n == 1 && word[0] == ';')
		return LINE_THEN;
	if (n == 2 && word[0] == '&' && word[1] == '&')
		return LINE_AND;
	return n == 2 && word[0] == '|' && word[1] == '|' ? LINE_OR : LINE_END;
}

/* Appends the word to argv, its text to expanded[*used]. */
static int word_add(struct machine *m, const char *word, size_t n, size_t *used)
{
	struct script *s = &m->script;
	char *text = s->expanded + *used;
	size_t room = sizeof(s->expanded) - *used;
	int len;

	if (s->argc == COMMAND_ARGS_MAX)
		return err_set(m, ERR_SCRIPT_LINE, "more than %d words", COMMAND_ARGS_MAX);
	if (n >= room)
		return err_set(m, ERR_SCRIPT_LINE, "more than %d characters", SCRIPT_LINE_MAX - 1);
	memcpy(text, word, n);
	text[n] = 0;
	len = setting_expand(m, text, room);
	if (len < 0)
		return len;
	s->argv[s->argc++] = text;
	*used += (size_t)len + 1;
	return 0;
}

int line_command(struct machine *m, const char *line, size_t *pos, bool expand, enum line_op *op)
{
	const char *word;
	size_t n, used = 0;
	int ret = 0;

	m->script.argc = 0;
	while (word_next(line, pos, &word, &n)) {
		*op = separator(word, n);
		if (*op != LINE_END)
			return ret;
		if (expand && !ret)
			ret = word_add(m, word, n, &used);
	}
	*op = LINE_END;
	return ret;
}
