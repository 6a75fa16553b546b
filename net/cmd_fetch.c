/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands that fetch: imgfetch, kernel, initrd, chain. One file at a time; each shows its progress
 * and ends with one line that says how much, how fast, from where, by which link.
 *
 * A URL without scheme is relative to the script that it stands in, or names a file on the
 * next-server, or where there is none on the tftp-server (option 66), a name.
 */
#include "net/cmd_fetch.h"
#include "core/console.h"
#include "core/fmt.h"
#include "core/machine.h"
#include "core/str.h"
#include "net/net.h"

#define PROGRESS_US 1000000

/* -- one fetch -- */

/* The last part of a URL's path, without query; "image" when there is none. */
static void name_of(const char *uri, char *name, size_t cap)
{
	struct url u;
	const char *path = url_parse(uri, &u) ? "" : u.path, *part = path;
	size_t n;

	for (; *path && *path != '?'; path++)
		if (*path == '/')
			part = path + 1;
	n = (size_t)(path - part);
	str_copy_n(name, cap, n ? part : "image", n ? n : 5);
}

int fetch_resolve(struct machine *m, const char *ref, char uri[URL_MAX])
{
	char next[DNS_NAME_MAX];

	if (setting_text(m, "next-server", next, sizeof(next)) <= 0)
		setting_text(m, "tftp-server", next, sizeof(next));
	if (url_resolve(script_base_uri(m), next, ref, uri))
		return err_set(m, ERR_BAD_URL, next[0] ? "%s" : "%s (no next-server known)", ref);
	return 0;
}

int fetch_wait_start(struct machine *m, struct fetch_wait *w, const char *ref, const char *name,
	const char *path, uint64_t timeout_ms)
{
	char uri[URL_MAX], own[IMAGE_NAME_MAX];
	int rc = fetch_resolve(m, ref, uri);

	w->f = NULL;
	w->shown_us = m->now_us;
	w->due_us = timeout_ms ? m->now_us + timeout_ms * 1000 : TIME_NEVER;
	if (rc)
		return rc;
	if (!name) {
		name_of(uri, own, sizeof(own));
		name = own;
	}
	return fetch_start(m, uri, name, path, &w->f);
}

int fetch_wait_poll(struct machine *m, struct fetch_wait *w, struct image **img)
{
	struct fetch *f = w->f;
	char line[160];
	int rc;

	if (!f->finished && m->now_us >= w->due_us) {
		rc = err_set(
			m, ERR_TFTP_TIMEOUT, "%s: the time given by --timeout is over", f->uri);
		fetch_wait_cancel(m, w);
		return rc;
	}
	if (!f->finished) {
		if (m->now_us - w->shown_us >= PROGRESS_US) {
			w->shown_us = m->now_us;
			fetch_progress(f, line, sizeof(line));
			console_status(m, "%s", line);
		}
		if (w->due_us < m->script.wake_us)
			m->script.wake_us = w->due_us;
		return COMMAND_WAIT;
	}
	console_status(m, "%s", "");
	rc = f->result;
	if (!rc && f->image->state != IMAGE_LATE) {
		fetch_summary(f, line, sizeof(line));
		console_print(m, "%s\n", line);
	}
	*img = fetch_end(f);
	w->f = NULL;
	return rc;
}

void fetch_wait_cancel(struct machine *m, struct fetch_wait *w)
{
	console_status(m, "%s", "");
	if (w->f)
		fetch_cancel(w->f);
	w->f = NULL;
}

int fetch_run(struct machine *m, struct image *img)
{
	int rc = img->type ? 0 : image_probe(m, img);

	if (!rc)
		rc = img->type->prepare(m, img, &m->boot);
	img->autofree = true;
	if (rc) {
		err_set(m, (enum err) - rc, "%s", img->uri);
		image_free(m, img);
	}
	return rc;
}

/* -- the commands -- */

struct fetch_cmd {
	struct fetch_wait wait;
	char **args; /* what follows the URL; borrowed from the engine */
	int nargs;
	int replace, autofree, timeout_set;
};
_Static_assert(sizeof(struct fetch_cmd) <= COMMAND_STATE_MAX, "a command's state fits its place");

static struct fetch_cmd *state(struct machine *m)
{
	return (struct fetch_cmd *)m->script.cmd;
}

/* An initrd's arguments: PATH [mode=OCTAL]. */
static const char *initrd_path(int argc, char **argv)
{
	return argc && !str_starts(argv[0], "mode=") ? argv[0] : NULL;
}

static int fetch_cmd_start(struct machine *m, int argc, char **argv, bool initrd)
{
	struct fetch_cmd *c = state(m);
	const char *name = NULL, *timeout = NULL;
	uint64_t ms = 0;
	const struct option options[] = {
		{"name", 'n', &name, NULL},
		{"timeout", 't', &timeout, NULL},
		{"autofree", 'a', NULL, &c->autofree},
		{"replace", 'r', NULL, &c->replace},
	};
	int i;

	memset(c, 0, sizeof(*c));
	i = command_options(m, argc, argv, options, 4);
	if (i < 0)
		return i;
	if (i >= argc || (timeout && !str_u64(timeout, &ms)) || ms > UINT32_MAX)
		return -ERR_SCRIPT_USAGE;
	c->args = argv + i + 1;
	c->nargs = argc - i - 1;
	i = fetch_wait_start(
		m, &c->wait, argv[i], name, initrd ? initrd_path(c->nargs, c->args) : NULL, ms);
	return i ? i : COMMAND_WAIT;
}

static int plain_start(struct machine *m, int argc, char **argv)
{
	return fetch_cmd_start(m, argc, argv, false);
}

static int initrd_start(struct machine *m, int argc, char **argv)
{
	int rc = fetch_cmd_start(m, argc, argv, true);

	if (rc == COMMAND_WAIT)
		state(m)->wait.f->open = m->net->config->initrd_open;
	return rc;
}

static void fetch_cmd_cancel(struct machine *m)
{
	fetch_wait_cancel(m, &state(m)->wait);
}

/* Waits, then makes the other arguments the image's command line. */
static int fetch_cmd_poll(struct machine *m, struct image **img)
{
	struct fetch_cmd *c = state(m);
	int rc = fetch_wait_poll(m, &c->wait, img);

	if (rc)
		return rc;
	if (!command_join(c->nargs, c->args, (*img)->cmdline, sizeof((*img)->cmdline))) {
		image_free(m, *img);
		return err_set(m, ERR_BZIMAGE_CMDLINE, "at most %d bytes", IMAGE_CMDLINE_MAX - 1);
	}
	return 0;
}

/* What is neither a kernel nor a script is data for the kernel. */
static int imgfetch_poll(struct machine *m)
{
	struct image *img;
	int rc = fetch_cmd_poll(m, &img);

	if (!rc)
		img->initrd = img->type ? INITRD_NO : INITRD_GUESSED;
	return rc;
}

static int kernel_poll(struct machine *m)
{
	struct image *img;
	int rc = fetch_cmd_poll(m, &img);

	if (rc)
		return rc;
	if (!img->type)
		rc = image_probe(m, img);
	if (rc) {
		err_set(m, (enum err) - rc, "%s", img->uri);
		image_free(m, img);
		return rc;
	}
	m->kernel = img;
	return 0;
}

/* The mode in octal behind `mode=`, false when it is none. */
static bool mode_parse(const char *s, uint32_t *mode)
{
	uint32_t v = 0;

	for (; *s; s++) {
		if (*s < '0' || *s > '7' || v > 07777)
			return false;
		v = v * 8 + (uint32_t)(*s - '0');
	}
	*mode = v;
	return v <= 07777;
}

static int initrd_poll(struct machine *m)
{
	struct fetch_cmd *c = state(m);
	struct image *img;
	int rc = fetch_cmd_poll(m, &img);

	if (rc)
		return rc;
	img->initrd = INITRD_YES;
	for (int i = 0; i < c->nargs; i++) {
		if (str_starts(c->args[i], "mode=") && !mode_parse(c->args[i] + 5, &img->mode)) {
			image_free(m, img);
			return -ERR_SCRIPT_USAGE;
		}
	}
	return 0;
}

static int chain_poll(struct machine *m)
{
	struct image *img;
	int rc = fetch_cmd_poll(m, &img);

	if (rc)
		return rc;
	if (state(m)->replace)
		script_replace(m);
	return fetch_run(m, img);
}

#define OPTIONS "[--name NAME] [--timeout MS] "

const struct command cmd_imgfetch = {"imgfetch", OPTIONS "URL [ARGS...]",
	"fetch a file into an image", plain_start, imgfetch_poll, fetch_cmd_cancel};
const struct command cmd_kernel = {"kernel", OPTIONS "URL [ARGS...]",
	"fetch a kernel and select it for boot", plain_start, kernel_poll, fetch_cmd_cancel};
const struct command cmd_initrd = {"initrd", OPTIONS "URL [PATH [mode=OCTAL]]",
	"fetch an initrd; with PATH, a file for it", initrd_start, initrd_poll, fetch_cmd_cancel};
const struct command cmd_chain = {"chain", "[--replace] [--autofree] " OPTIONS "URL [ARGS...]",
	"fetch a script or kernel and run it", plain_start, chain_poll, fetch_cmd_cancel};
