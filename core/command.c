/* SPDX-License-Identifier: BSD-2-Clause */
/* What commands share: finding one, options, arguments as one text. */
#include "core/command.h"
#include "core/machine.h"

const struct command *command_find(const struct machine *m, const char *name)
{
	for (const struct command *const *c = m->config->commands; *c; c++)
		if (!strcmp((*c)->name, name))
			return *c;
	return NULL;
}

int command_become(struct machine *m, const char *name, int argc, char **argv)
{
	const struct command *cmd = command_find(m, name);

	if (!cmd)
		return err_set(m, ERR_SCRIPT_COMMAND, "%s", name);
	m->script.running = cmd;
	return cmd->start(m, argc, argv);
}

static int usage(struct machine *m, const char *what, const char *arg)
{
	char shown[64];

	str_clean(shown, sizeof(shown), arg, strlen(arg));
	return err_set(m, ERR_SCRIPT_USAGE, "%s: %s", what, shown);
}

/* Stores an option's value: what is attached to it, or the next argument. */
static int option_take(struct machine *m, const struct option *o, const char *attached, int argc,
	char **argv, int *at)
{
	if (!o->text) {
		*o->flag = 1;
		return attached ? usage(m, "option takes no value", argv[*at]) : 0;
	}
	if (!attached && *at + 1 >= argc)
		return usage(m, "option needs a value", argv[*at]);
	*o->text = attached ? attached : argv[++*at];
	return 0;
}

/* --name, --name=value, --name value. */
static int option_long(
	struct machine *m, int argc, char **argv, int *at, const struct option *options, unsigned n)
{
	const char *name = argv[*at] + 2, *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);

	for (const struct option *o = options; o < options + n; o++)
		if (strlen(o->name) == len && !memcmp(o->name, name, len))
			return option_take(m, o, equals ? equals + 1 : NULL, argc, argv, at);
	return usage(m, "no such option", argv[*at]);
}

/* -n, -nvalue, -n value, and several letters without value as one word. */
static int option_letters(
	struct machine *m, int argc, char **argv, int *at, const struct option *options, unsigned n)
{
	const char *letter = argv[*at] + 1;

	for (; *letter; letter++) {
		const struct option *o = options;

		while (o < options + n && o->letter != *letter)
			o++;
		if (o == options + n)
			return usage(m, "no such option", argv[*at]);
		if (o->text)
			return option_take(m, o, letter[1] ? letter + 1 : NULL, argc, argv, at);
		*o->flag = 1;
	}
	return 0;
}

int command_options(
	struct machine *m, int argc, char **argv, const struct option *options, unsigned n)
{
	int at, ret;

	for (at = 1; at < argc && argv[at][0] == '-' && argv[at][1]; at++) {
		if (!strcmp(argv[at], "--"))
			return at + 1;
		ret = argv[at][1] == '-' ? option_long(m, argc, argv, &at, options, n)
					 : option_letters(m, argc, argv, &at, options, n);
		if (ret)
			return ret;
	}
	return at;
}

bool command_join(int argc, char **argv, char *text, size_t cap)
{
	size_t n = 0;

	text[0] = 0;
	for (int i = 0; i < argc; i++) {
		if (i && n + 1 < cap)
			text[n++] = ' ';
		if (!str_copy(text + n, cap - n, argv[i]))
			return false;
		n += strlen(text + n);
	}
	return true;
}
