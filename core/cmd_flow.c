/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands that steer a script: echo goto exit sleep prompt shell. */
#include "core/cmd.h"
#include "core/machine.h"

static int echo_start(struct machine *m, int argc, char **argv)
{
	bool newline = argc < 2 || strcmp(argv[1], "-n");

	for (int i = newline ? 1 : 2; i < argc; i++) {
		console_write(m, argv[i], strlen(argv[i]));
		if (i + 1 < argc)
			console_write(m, " ", 1);
	}
	if (newline)
		console_write(m, "\n", 1);
	return 0;
}

const struct command cmd_echo = {
	.name = "echo",
	.usage = "[-n] [TEXT...]",
	.help = "print text; -n: stay on the line",
	.start = echo_start,
};

static int goto_start(struct machine *m, int argc, char **argv)
{
	return argc == 2 ? script_goto(m, argv[1]) : -ERR_SCRIPT_USAGE;
}

const struct command cmd_goto = {
	.name = "goto",
	.usage = "LABEL",
	.help = "go on at the line that begins with :LABEL",
	.start = goto_start,
};

static int exit_start(struct machine *m, int argc, char **argv)
{
	uint64_t status = 0;

	if (argc > 2 || (argc == 2 && (!str_u64(argv[1], &status) || status > INT32_MAX)))
		return -ERR_SCRIPT_USAGE;
	m->script.exiting = true;
	return -(int)status;
}

const struct command cmd_exit = {
	.name = "exit",
	.usage = "[STATUS]",
	.help = "leave the script or the shell; a status other than 0 is a failure",
	.start = exit_start,
};

static int sleep_poll(struct machine *m)
{
	uint64_t *until = (uint64_t *)m->script.cmd;

	m->script.wake_us = *until;
	return m->now_us < *until ? COMMAND_WAIT : 0;
}

static int sleep_start(struct machine *m, int argc, char **argv)
{
	uint64_t s, *until = (uint64_t *)m->script.cmd;

	if (argc != 2 || !str_u64(argv[1], &s) || s > UINT32_MAX)
		return -ERR_SCRIPT_USAGE;
	*until = m->now_us + s * 1000000;
	return sleep_poll(m);
}

const struct command cmd_sleep = {
	.name = "sleep",
	.usage = "SECONDS",
	.help = "wait",
	.start = sleep_start,
	.poll = sleep_poll,
};

struct prompt {
	uint64_t until; /* TIME_NEVER: wait for ever */
	int key;	/* KEY_NONE: any */
};

static int prompt_end(struct machine *m, int status)
{
	m->console.deliver = 0;
	console_write(m, "\n", 1);
	return status;
}

static int prompt_poll(struct machine *m)
{
	struct prompt *p = (struct prompt *)m->script.cmd;
	int key = console_key(m);

	if (key != KEY_NONE)
		return prompt_end(m, p->key == KEY_NONE || p->key == key ? 0 : -ERR_SCRIPT_FALSE);
	if (m->now_us >= p->until)
		return prompt_end(m, -ERR_SCRIPT_FALSE);
	m->script.wake_us = p->until;
	return COMMAND_WAIT;
}

static void prompt_cancel(struct machine *m)
{
	prompt_end(m, 0);
}

/* A character, or the number of one: 0x02 is Ctrl-B. */
static bool parse_key(const char *text, int *key)
{
	uint64_t v;

	if (text[0] && !text[1])
		*key = (uint8_t)text[0];
	else if (str_u64(text, &v) && v > 0 && v < 256)
		*key = (int)v;
	else
		return false;
	return true;
}

static int prompt_start(struct machine *m, int argc, char **argv)
{
	struct prompt *p = (struct prompt *)m->script.cmd;
	const char *key = NULL, *timeout = NULL;
	const struct option options[] = {
		{"key", 'k', &key, NULL},
		{"timeout", 't', &timeout, NULL},
	};
	int at = command_options(m, argc, argv, options, 2);
	uint64_t ms = 0;

	p->key = KEY_NONE;
	p->until = TIME_NEVER;
	if (at < 0)
		return at;
	if ((key && !parse_key(key, &p->key)) ||
		(timeout && (!str_u64(timeout, &ms) || ms > UINT32_MAX)))
		return -ERR_SCRIPT_USAGE;
	if (ms)
		p->until = m->now_us + ms * 1000;
	if (p->key == KEY_CTRL('b') || p->key == KEY_CTRL('c'))
		m->console.deliver = p->key;
	for (; at < argc; at++) {
		console_write(m, argv[at], strlen(argv[at]));
		console_write(m, " ", 1);
	}
	return prompt_poll(m);
}

const struct command cmd_prompt = {
	.name = "prompt",
	.usage = "[--key KEY] [--timeout MS] [TEXT...]",
	.help = "wait for a key; fails for another key or none in time",
	.start = prompt_start,
	.poll = prompt_poll,
	.cancel = prompt_cancel,
};

static int shell_start(struct machine *m, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	script_shell(m);
	return 0;
}

const struct command cmd_shell = {
	.name = "shell",
	.usage = "",
	.help = "open the shell; exit goes on with the script",
	.start = shell_start,
};
