/* SPDX-License-Identifier: BSD-2-Clause */
/* The outer loop of the hosted program, as arch/x86/bios/start.c is that of the ROM. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arch/host/host.h"
#include "config/system.h"

/* The firmware's state as in the ROM: not on the stack, which it would fill. */
static struct system sys;
static struct host host;

/* All arguments from argv[first] on, one blank between; never freed: the script borrows it. */
static char *join(int first, int argc, char **argv)
{
	size_t size = 1;
	char *text, *at;

	for (int i = first; i < argc; i++)
		size += strlen(argv[i]) + 1;
	text = at = malloc(size);
	if (!text)
		host_die("out of memory");
	for (int i = first; i < argc; i++)
		at += sprintf(at, "%s%s", i > first ? " " : "", argv[i]);
	*at = '\0';
	return text;
}

static char *read_script(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = malloc(SCRIPT_SIZE_MAX + 1);
	size_t n;

	if (!file)
		host_die("%s: %s", path, strerror(errno));
	if (!text)
		host_die("out of memory");
	n = fread(text, 1, SCRIPT_SIZE_MAX + 1, file);
	if (ferror(file))
		host_die("%s: %s", path, strerror(errno));
	if (n > SCRIPT_SIZE_MAX)
		host_die("%s: a script has at most %u bytes", path, SCRIPT_SIZE_MAX);
	fclose(file);
	text[n] = '\0';
	return text;
}

static void add_links(struct net *net, const struct host_options *o)
{
	for (unsigned i = 0; i < o->nlinks; i++) {
		const struct mac *mac = o->link[i].has_mac ? &o->link[i].mac : NULL;

		if (o->link[i].kind == HOST_TAP)
			tap_add(net, o->link[i].name, mac);
		else
			packet_add(net, o->link[i].name, mac);
	}
}

static const char *choose_start(int argc, char **argv)
{
	if (host.opt.script_file)
		return read_script(host.opt.script_file);
	if (host.opt.text < argc)
		return join(host.opt.text, argc, argv);
	return config_host.start;
}

/* A signal ends us as if we had not caught it, but with the terminal as it was. */
static _Noreturn void leave(int number)
{
	machine_end(&sys.m);
	host_flush(&host);
	term_restore();
	raise(number);
	exit(EXIT_FAILURE);
}

static _Noreturn void run(struct machine *m)
{
	for (;;) {
		uint64_t next = machine_poll(m);

		if (term_signal())
			leave(term_signal());
		if (m->boot.kind != BOOT_NONE) {
			machine_end(m);
			machine_resume(m, m->plat->boot(&host, &m->boot));
		} else if (next > m->now_us) {
			m->plat->idle(&host, next);
		}
	}
}

int main(int argc, char **argv)
{
	struct machine *m = &sys.m;
	const char *script;

	host_options(&host.opt, argc, argv);
	script = choose_start(argc, argv);
	host.m = m;
	host.net = &sys.net;
	if (!host_init(&host))
		host_die("no %u MiB of memory: %s", host.opt.memory_mib, strerror(errno));
	if (system_init(&sys, &host_platform, &host, &config_host) < 0)
		host_die("the machine did not start");
	if (host.opt.verbose)
		m->log.console_level = LOG_DEBUG;
	add_links(&sys.net, &host.opt);
	term_catch();
	host.is_tty = term_raw();
	if (script_run_text(m, script, strlen(script)) < 0)
		host_die("the script did not start");
	run(m);
}
