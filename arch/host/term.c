/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The terminal, POSIX.1-2017 chapter 11: keys come one by one and unechoed, Ctrl-C among them, as
 * on the firmware's console. Ctrl-\ still ends the program. The settings found at start are put
 * back however it ends, but by SIGKILL. A terminal has one set of settings and a process one set of
 * signals, so what is kept here is the process's.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include "arch/host/host.h"

static struct termios saved;
static volatile sig_atomic_t is_raw, caught;

void term_restore(void)
{
	if (is_raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
	is_raw = 0;
}

static void on_crash(int number)
{
	term_restore();
	raise(number); /* the handler was reset */
}

bool term_raw(void)
{
	static const int crashes[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV};
	struct sigaction crash = {
		.sa_handler = on_crash, .sa_flags = (int)SA_RESETHAND | SA_NODEFER};
	struct termios raw;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &saved))
		return false;
	raw = saved;
	raw.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | IXON | ISTRIP);
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
	raw.c_cc[VINTR] = _POSIX_VDISABLE;
	raw.c_cc[VSUSP] = _POSIX_VDISABLE;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw))
		return false;
	is_raw = 1;
	atexit(term_restore);
	for (unsigned i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		sigaction(crashes[i], &crash, NULL);
	return true;
}

static void on_signal(int number)
{
	caught = number;
}

void term_catch(void)
{
	static const int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
	struct sigaction act = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};

	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &act, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int term_signal(void)
{
	return caught;
}
