/* SPDX-License-Identifier: BSD-2-Clause */
/* See options.h. Pure functions: nothing here asks the firmware. */
#include "arch/efi/options.h"
#include "arch/efi/node.h"
#include "arch/efi/utf16.h"
#include "core/str.h"

#define TYPE_MEDIA 4
#define SUB_FILE   4   /* of TYPE_MEDIA */
#define NAME_MAX   256 /* units of one node's text */

static const char *base_of(const char *path)
{
	const char *base = path;

	for (; *path; path++)
		if (*path == '\\' || *path == '/' || *path == ':')
			base = path + 1;
	return base;
}

/* Appends one node's text. Where one name ends and another begins there is one backslash. */
static bool path_add(char *path, size_t room, struct bytes text)
{
	size_t n = strlen(path), units = text.n / 2;
	uint16_t name[NAME_MAX];

	if (units > NAME_MAX)
		return false;
	memcpy(name, text.p, units * 2);
	if (n && path[n - 1] != '\\' && units && name[0] != '\\') {
		if (n + 1 >= room)
			return false;
		path[n++] = '\\';
		path[n] = '\0';
	}
	return utf16_to_utf8(path + n, room - n, name, units) <= room - n;
}

bool options_file(struct bytes nodes, char *path, size_t room)
{
	struct node node;

	path[0] = '\0';
	while (node_next(&nodes, &node))
		if (node.type == TYPE_MEDIA && node.subtype == SUB_FILE &&
			!path_add(path, room, node.body))
			return false;
	return path[0];
}

bool options_beside(char *path, size_t room, const char *name)
{
	size_t n = (size_t)(base_of(path) - path);

	return str_copy(path + n, room - n, name);
}

/* The same name, or the same without .efi: a shell tries that by itself. */
static bool is_program(const char *word, const char *self)
{
	static const char ext[] = ".efi";
	const char *base = base_of(word), *ours = base_of(self);
	size_t n = strlen(base), our = strlen(ours), dot = sizeof(ext) - 1;
	char name[NAME_MAX];

	if (n >= dot && str_ieq(base + n - dot, ext))
		return true;
	if (our <= dot || !str_ieq(ours + our - dot, ext) || our - dot >= sizeof(name))
		return false;
	str_copy_n(name, sizeof(name), ours, our - dot);
	return str_ieq(base, name);
}

/* The length of the first word with its quotes; the word itself, without, in word[]. */
static size_t first_word(const char *line, char word[NAME_MAX])
{
	size_t at = 0, n = 0;
	bool quoted = false;

	for (; line[at] && (quoted || line[at] != ' '); at++) {
		if (line[at] == '"')
			quoted = !quoted;
		else if (n < NAME_MAX - 1)
			word[n++] = line[at];
	}
	word[n] = '\0';
	return at;
}

static bool is_text(uint16_t c)
{
	return (c >= 0x20 && c <= 0x7e) || c == '\t' || c == '\n' || c == '\r';
}

/* Copies what is text; false when something is not. Always terminates. */
static bool copy_text(struct bytes options, char *line, size_t room)
{
	size_t n = 0;
	bool good = !(options.n % 2);

	while (good && options.n) {
		uint16_t c = bytes_le16(&options);

		if (!c)
			break;
		good = is_text(c) && n + 1 < room;
		if (good)
			line[n++] = (char)c;
	}
	line[n] = '\0';
	return good;
}

static const char *skip_spaces(const char *s)
{
	while (*s == ' ')
		s++;
	return s;
}

bool options_line(struct bytes options, const char *self, char *line, size_t room)
{
	bool good = copy_text(options, line, room);
	const char *from = skip_spaces(line);
	char word[NAME_MAX];
	size_t n = first_word(from, word);

	if (is_program(word, self))
		from = skip_spaces(from + n);
	n = good ? strlen(from) : 0;
	while (n && from[n - 1] == ' ')
		n--;
	memmove(line, from, n);
	line[n] = '\0';
	return n;
}
