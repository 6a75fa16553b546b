/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The script engine, see script.h and docs/script.md.
 *
 * A turn takes steps: it reads a line, begins the next command of it, polls the one that waits, or
 * ends a frame. A line that was interrupted by another frame - a chained script, the shell - is
 * read again from where it lies: nothing of it is kept but positions. Scripts are untrusted: lines,
 * words, depth, jumps and expansions are all bounded, and a turn ends after SCRIPT_TURN_MAX
 * commands or one goto, whatever the script does.
 */
#include "core/command.h"
#include "core/machine.h"

/* -- frames ------------------------------------------------------------------ */

static struct script_frame *top(struct machine *m)
{
	return &m->script.frame[m->script.depth - 1];
}

static void frame_release(struct machine *m, struct script_frame *f)
{
	struct image *img = f->img;

	f->img = NULL; /* image_free() leaves alone what a frame holds */
	if (img)
		image_free(m, img);
}

static int frame_push(struct machine *m, const struct script_frame *f, unsigned max)
{
	struct script *s = &m->script;

	if (s->depth && top(m)->replace)
		frame_release(m, top(m));
	else if (s->depth >= max)
		return err_set(m, ERR_SCRIPT_DEPTH, "at most %d", SCRIPT_DEPTH_MAX);
	else
		s->depth++;
	*top(m) = *f;
	s->stale = true;
	s->pushed = true;
	return 0;
}

/* Ends the innermost script; what it ends with is the status of the command that had started it. */
static void frame_pop(struct machine *m, int status)
{
	struct script *s = &m->script;
	struct script_frame *f = top(m);

	frame_release(m, f);
	s->status = f->interrupt ? f->resume : status;
	s->stale = true;
	if (--s->depth)
		return;
	m->boot.kind = BOOT_EXIT;
	m->boot.exit_code = -s->status;
}

int script_run_text(struct machine *m, const char *text, size_t len)
{
	struct script_frame f = {.text = text, .len = len};

	return frame_push(m, &f, SCRIPT_DEPTH_MAX);
}

int script_run_image(struct machine *m, struct image *img)
{
	struct script_frame f = {.img = img, .len = (size_t)img->total};

	if (img->total > SCRIPT_SIZE_MAX)
		return err_set(m, ERR_SCRIPT_SIZE, "%s: %llu bytes, at most %u", img->name,
			(unsigned long long)img->total, SCRIPT_SIZE_MAX);
	return frame_push(m, &f, SCRIPT_DEPTH_MAX);
}

void script_replace(struct machine *m)
{
	if (m->script.depth && !top(m)->shell)
		top(m)->replace = true;
}

const char *script_base_uri(const struct machine *m)
{
	for (unsigned i = m->script.depth; i--;)
		if (m->script.frame[i].img && m->script.frame[i].img->uri[0])
			return m->script.frame[i].img->uri;
	return "";
}

bool script_holds(const struct machine *m, const struct image *img)
{
	for (unsigned i = 0; i < m->script.depth; i++)
		if (m->script.frame[i].img == img)
			return true;
	return false;
}

/* -- reading ----------------------------------------------------------------- */

/* A window on the text of a frame. */
struct source {
	struct machine *m;
	const struct script_frame *f;
	char buf[128];
	size_t start, end; /* what of the text is in buf */
};

static char source_char(struct source *src, size_t at)
{
	const struct script_frame *f = src->f;

	if (at < src->start || at >= src->end) {
		size_t n = f->len - at < sizeof(src->buf) ? f->len - at : sizeof(src->buf);

		src->start = at;
		src->end = at + n;
		if (!f->img)
			memcpy(src->buf, f->text + at, n);
		else
			image_get(src->m, f->img, at, src->buf, n); /* zeros when it fails */
	}
	return src->buf[at - src->start];
}

/*
 * Reads the line at f->pc into s->line, those joined to it by a '\\' included. A NUL ends a line,
 * too. False at the end of the script; *too_long: the line was cut.
 */
static bool line_read(struct machine *m, struct script_frame *f, bool *too_long)
{
	struct source src = {.m = m, .f = f};
	char *line = m->script.line;
	size_t n = 0, at = f->pc;
	bool joined = true;

	*too_long = false;
	f->line_at = at;
	if (at >= f->len)
		return false;
	while (joined && at < f->len) {
		size_t start = n;
		char c;

		while (at < f->len && (c = source_char(&src, at++)) != '\n' && c) {
			if (n < SCRIPT_LINE_MAX - 1)
				line[n++] = c;
			else
				*too_long = true;
		}
		if (n > start && line[n - 1] == '\r')
			n--;
		joined = n > start && line[n - 1] == '\\';
		n -= joined;
	}
	line[n] = 0;
	f->pc = at;
	m->script.stale = false;
	return true;
}

/* Number of the line being run, from 1. */
static unsigned line_number(struct machine *m, const struct script_frame *f)
{
	struct source src = {.m = m, .f = f};
	unsigned n = 1;

	for (size_t at = 0; at < f->line_at; at++)
		n += source_char(&src, at) == '\n';
	return n;
}

/* -- results ----------------------------------------------------------------- */

static const char *command_name(const struct machine *m)
{
	return m->script.argc ? m->script.argv[0] : "";
}

/* A failure that the line deals with itself gets one line, any other all there is to say. */
static void report(struct machine *m, int status)
{
	struct script *s = &m->script;
	const struct command *cmd = command_find(m, command_name(m));

	s->reported = true;
	if (status > -ERR_NO_NETDEV)
		return; /* exit's number */
	if (top(m)->op != LINE_OR)
		err_print(m, status);
	else if (m->err.code == -status)
		console_print(m, "E%d: %s: %s\n", -status, err_text(status), m->err.detail);
	else
		console_print(m, "E%d: %s\n", -status, err_text(status));
	if (status == -ERR_SCRIPT_USAGE && cmd)
		console_print(m, "  usage: %s %s\n", cmd->name, cmd->usage);
}

/* Of a command that has left a boot request: machine_resume() says what came of it. */
static int outcome_poll(struct machine *m)
{
	return m->script.status;
}

static const struct command outcome = {.name = "", .poll = outcome_poll};

static void command_end(struct machine *m, int status)
{
	struct script *s = &m->script;

	s->running = !status && m->boot.kind != BOOT_NONE ? &outcome : NULL;
	top(m)->replace = false;
	if (s->pushed || s->running)
		return; /* its status will be that of what it has started */
	s->status = status < 0 ? status : 0;
	s->reported = false;
	/* A condition that does not hold is an answer, not a failure. */
	if (status < 0 && status != -ERR_SCRIPT_FALSE) {
		s->failed = -status;
		report(m, status);
	}
	if (s->exiting) {
		s->exiting = false;
		frame_pop(m, s->status);
	}
}

/* The line has failed, and nothing in it deals with that. */
static void frame_fail(struct machine *m)
{
	struct script *s = &m->script;
	struct script_frame *f = top(m);
	char name[64], text[64];

	if (!s->reported)
		err_print(m, s->status);
	s->reported = true;
	if (f->shell)
		return;
	str_clean(name, sizeof(name), f->img ? f->img->name : "script",
		f->img ? strlen(f->img->name) : 6);
	str_hide(s->line);
	str_clean(text, sizeof(text), s->line, strlen(s->line));
	console_print(m, "  in %s, line %u: %s\n", name, line_number(m, f), text);
	frame_pop(m, s->status);
}

/* -- commands ---------------------------------------------------------------- */

static void command_cancel(struct machine *m)
{
	const struct command *cmd = m->script.running;

	m->script.running = NULL;
	if (cmd && cmd->cancel)
		cmd->cancel(m);
	if (m->script.depth)
		top(m)->replace = false;
}

static void command_start(struct machine *m)
{
	struct script *s = &m->script;
	const struct command *cmd = command_find(m, s->argv[0]);
	char name[64];
	int ret;

	if (!cmd) {
		str_clean(name, sizeof(name), s->argv[0], strlen(s->argv[0]));
		command_end(m, err_set(m, ERR_SCRIPT_COMMAND, "%s", name));
		return;
	}
	s->running = cmd; /* start() may put another one there */
	ret = cmd->start(m, s->argc, s->argv);
	if (ret != COMMAND_WAIT)
		command_end(m, ret);
}

/* Begins the next command of the line, or skips it. */
static void command_next(struct machine *m, struct script_frame *f)
{
	struct script *s = &m->script;
	bool run = f->op == LINE_THEN || (f->op == LINE_AND && !s->status) ||
		   (f->op == LINE_OR && s->status);
	int ret;

	f->command_pos = f->pos;
	f->command_op = f->op;
	err_clear(m);
	s->pushed = false;
	ret = line_command(m, s->line, &f->pos, run, &f->op);
	if (!run)
		return;
	if (ret)
		command_end(m, ret);
	else if (s->argc)
		command_start(m);
	else
		s->status = 0; /* `chain x ||` goes on in any case */
}

static void line_begin(struct machine *m, struct script_frame *f)
{
	struct script *s = &m->script;
	bool too_long;
	size_t n;

	if (!line_read(m, f, &too_long)) {
		if (f->shell)
			f->text = NULL;
		else
			frame_pop(m, s->status);
		return;
	}
	line_label(s->line, &n, &f->pos);
	f->op = LINE_THEN;
	f->in_line = true;
	s->status = 0;
	s->argc = 0;
	s->pushed = false;
	if (too_long) {
		f->op = LINE_END;
		err_clear(m);
		command_end(m, err_set(m, ERR_SCRIPT_LINE, "more than %d characters",
				       SCRIPT_LINE_MAX - 1));
	}
}

int script_goto(struct machine *m, const char *label)
{
	struct script *s = &m->script;
	struct script_frame *f = top(m);
	size_t pc = f->pc, line_at = f->line_at, n, rest, len = strlen(label);
	char shown[64];
	bool too_long;

	if (f->jumps++ >= SCRIPT_JUMPS_MAX)
		return err_set(m, ERR_SCRIPT_LOOP, "%d jumps", SCRIPT_JUMPS_MAX);
	s->yield = true;
	f->pc = 0;
	while (line_read(m, f, &too_long)) {
		const char *found = line_label(s->line, &n, &rest);

		if (found && n == len && !memcmp(found, label, n)) {
			f->pc = f->line_at;
			f->in_line = false;
			return 0;
		}
	}
	f->pc = pc;
	f->line_at = line_at;
	s->stale = true;
	str_clean(shown, sizeof(shown), label, len);
	return err_set(m, ERR_SCRIPT_LABEL, "%s", shown);
}

/* -- interruptions ----------------------------------------------------------- */

/* Leaves what stands on top of frame number `depth`. */
static void unwind(struct machine *m, unsigned depth)
{
	struct script *s = &m->script;

	while (s->depth > depth)
		frame_release(m, &s->frame[--s->depth]);
	s->stale = true;
}

/* Depth at which the shell is the top frame; 0 when it is not open. */
static unsigned shell_depth(const struct machine *m)
{
	unsigned depth = m->script.depth;

	while (depth && !m->script.frame[depth - 1].shell)
		depth--;
	return depth;
}

static void shell_open(struct machine *m, bool interrupt)
{
	struct script *s = &m->script;
	struct script_frame f = {.shell = true, .interrupt = interrupt, .resume = s->status};
	unsigned depth = shell_depth(m);

	if (depth) {
		unwind(m, depth);
		top(m)->in_line = false;
		top(m)->text = NULL;
	} else {
		frame_push(m, &f, SCRIPT_DEPTH_MAX + 1);
	}
}

void script_shell(struct machine *m)
{
	shell_open(m, false);
}

/* Ctrl-B: the command that was running begins again when the shell is left. */
static void interrupt_shell(struct machine *m)
{
	struct script *s = &m->script;
	struct script_frame *f = top(m);

	if (s->running) {
		f->pos = f->command_pos;
		f->op = f->command_op;
		command_cancel(m);
	}
	console_status(m, "%s", "");
	shell_open(m, true);
}

/* Ctrl-C: ends the running command; when there is none, a loop: all scripts down to the shell. */
static void interrupt_cancel(struct machine *m)
{
	struct script *s = &m->script;
	unsigned depth = shell_depth(m);

	err_clear(m);
	err_set(m, ERR_CANCELLED, "Ctrl-C");
	console_status(m, "%s", "");
	if (s->running) {
		command_cancel(m);
		s->pushed = false;
		command_end(m, -ERR_CANCELLED);
		return;
	}
	err_print(m, -ERR_CANCELLED);
	unwind(m, depth ? depth : 1);
	top(m)->in_line = false;
	top(m)->text = NULL;
	if (!depth)
		frame_pop(m, -ERR_CANCELLED);
}

/* Whether keys are the shell's: it waits for a line. */
static bool shell_reads(struct machine *m)
{
	return top(m)->shell && !top(m)->text;
}

static void interrupts(struct machine *m)
{
	struct console *c = &m->console;

	if (c->want_shell) {
		c->want_shell = false;
		c->want_cancel = false;
		if (!shell_reads(m))
			interrupt_shell(m);
	} else if (c->want_cancel && !shell_reads(m)) {
		c->want_cancel = false;
		interrupt_cancel(m);
	}
}

void script_cancel(struct machine *m)
{
	command_cancel(m);
	edit_end(m);
	unwind(m, 0);
}

/* -- the turn ---------------------------------------------------------------- */

/* The next command of the line, or its end. */
static void line_step(struct machine *m, struct script_frame *f)
{
	bool too_long;

	if (m->script.stale) {
		f->pc = f->line_at;
		line_read(m, f, &too_long);
	}
	if (f->op != LINE_END) {
		command_next(m, f);
		return;
	}
	f->in_line = false;
	if (m->script.status)
		frame_fail(m);
}

/* One step. False: nothing to do before m->script.wake_us. */
static bool step(struct machine *m)
{
	struct script *s = &m->script;
	struct script_frame *f = top(m);

	if (s->running) {
		int ret = s->running->poll(m);

		if (ret == COMMAND_WAIT) {
			f->jumps = 0;
			return false;
		}
		command_end(m, ret);
	} else if (shell_reads(m)) {
		if (!shell_poll(m))
			return false;
		f->text = s->typed;
		f->len = strlen(s->typed);
		f->pc = 0;
	} else if (!f->in_line) {
		line_begin(m, f);
	} else {
		line_step(m, f);
	}
	return true;
}

uint64_t script_poll(struct machine *m)
{
	struct script *s = &m->script;

	if (!s->depth || m->boot.kind != BOOT_NONE)
		return TIME_NEVER;
	interrupts(m);
	s->yield = false;
	for (unsigned i = 0; i < SCRIPT_TURN_MAX && s->depth && !s->yield; i++) {
		s->wake_us = m->now_us + COMMAND_POLL_US;
		if (!step(m))
			return s->wake_us;
		if (m->boot.kind != BOOT_NONE)
			return TIME_NEVER;
	}
	return m->now_us;
}

/* -- the image type ---------------------------------------------------------- */

/* "#!ipxe" or "#!gpxe" and something blank. */
static int script_probe(struct machine *m, const struct image *img)
{
	char magic[7];

	if (!image_get(m, img, 0, magic, sizeof(magic)) ||
		(memcmp(magic, "#!ipxe", 6) && memcmp(magic, "#!gpxe", 6)) ||
		!(magic[6] == ' ' || (magic[6] >= '\t' && magic[6] <= '\r')))
		return -ERR_IMAGE_TYPE;
	return 0;
}

static int script_prepare(struct machine *m, struct image *img, struct boot_request *req)
{
	(void)req;
	return script_run_image(m, img);
}

const struct image_type script_type = {
	.name = "script",
	.probe = script_probe,
	.prepare = script_prepare,
};
