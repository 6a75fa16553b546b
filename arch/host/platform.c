/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The platform of a Linux process. Memory is a mapping of which only touched pages cost anything;
 * physical address HOST_RAM_START is its first byte, and the map says that there is nothing else.
 * Its pages should be huge ones, and there when they are written (prefault.c): to fault in a file 4
 * KiB at a time takes longer than to receive it.
 *
 * Standard input is the keyboard whatever it is; where it ends, a Ctrl-D is typed now and then, so
 * that a shell and a prompt end. From a pipe no more is read than the console has room for.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include "arch/host/frames.h"
#include "arch/host/host.h"
#include "net/net.h"

#define IDLE_MAX_US 1000000 /* the clock is looked at so often even when nothing is due */

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t host_now_us(void *ctx)
{
	return (clock_ns() - ((struct host *)ctx)->start_ns) / 1000;
}

/* splitmix64 (Steele, Lea, Flood 2014): with --seed each run draws the same. */
static uint64_t seed_next(struct host *h)
{
	uint64_t x = h->seed += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static enum entropy_grade host_entropy(void *ctx, void *buf, size_t n)
{
	struct host *h = ctx;
	uint8_t *p = buf;

	if (!h->opt.has_seed && getrandom(buf, n, 0) == (ssize_t)n)
		return ENTROPY_HARDWARE;
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)seed_next(h);
	return ENTROPY_NONE;
}

static unsigned host_memory_map(void *ctx, struct mem_range *rows, unsigned max)
{
	const struct host *h = ctx;

	if (!max)
		return 0;
	rows[0] = (struct mem_range){HOST_RAM_START, HOST_RAM_START + h->ram_size, MEM_RAM};
	return 1;
}

/* The process lies somewhere else altogether. */
static void host_memory_self(void *ctx, struct mem_range *self)
{
	(void)ctx;
	*self = (struct mem_range){0, 0, MEM_RESERVED};
}

/* What the firmware would destroy on a real machine ends the process here. */
static uint8_t *host_memory(struct host *h, uint64_t phys, uint64_t n)
{
	uint64_t off = phys - HOST_RAM_START;

	if (phys < HOST_RAM_START || off > h->ram_size || n > h->ram_size - off) {
		fprintf(stderr,
			"reveille: access to memory that is not there: %llu bytes at 0x%llx\n",
			(unsigned long long)n, (unsigned long long)phys);
		abort();
	}
	return h->ram + off;
}

static void host_phys_write(void *ctx, uint64_t phys, const void *src, size_t n)
{
	struct host *h = ctx;
	uint8_t *dst;

	if (!n)
		return;
	dst = host_memory(h, phys, n);
	prefault_near(&h->prefault, dst);
	memcpy(dst, src, n);
}

static void host_phys_read(void *ctx, void *dst, uint64_t phys, size_t n)
{
	if (n)
		memcpy(dst, host_memory(ctx, phys, n), n);
}

static void host_phys_move(void *ctx, uint64_t dst, uint64_t src, uint64_t n)
{
	if (n)
		memmove(host_memory(ctx, dst, n), host_memory(ctx, src, n), (size_t)n);
}

/* Nobody to write to any more (a pager was left) is no reason to stop: the script goes on. */
void host_flush(struct host *h)
{
	unsigned done = 0;

	while (done < h->nout) {
		ssize_t n = write(STDOUT_FILENO, h->out + done, h->nout - done);
		struct pollfd fd = {.fd = STDOUT_FILENO, .events = POLLOUT};

		if (n > 0)
			done += (unsigned)n;
		else if (n < 0 && errno == EAGAIN)
			poll(&fd, 1, 1000);
		else if (n >= 0 || errno != EINTR)
			break;
	}
	h->nout = 0;
}

static void host_putc(void *ctx, char c)
{
	struct host *h = ctx;

	h->out[h->nout++] = c;
	if (c == '\n' || h->nout == sizeof(h->out))
		host_flush(h);
}

/* A terminal's keys are as hurried as a person; a pipe waits until there is room for them. */
static bool key_room(const struct host *h)
{
	const struct console *c = &h->m->console;
	unsigned size = sizeof(c->keys) / sizeof(c->keys[0]);

	return h->is_tty || (c->key_tail + size - c->key_head - 1) % size > 0;
}

static int key_eof(struct host *h)
{
	uint64_t now = host_now_us(h);

	if (now < h->eof_due_us)
		return KEY_NONE;
	h->eof_due_us = now + HOST_KEY_EOF_US;
	return KEY_CTRL('d');
}

static int host_key(void *ctx)
{
	struct host *h = ctx;
	struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
	unsigned char c;
	ssize_t n;

	if (!key_room(h))
		return KEY_NONE;
	if (h->eof)
		return key_eof(h);
	if (poll(&fd, 1, 0) <= 0)
		return KEY_NONE;
	n = read(STDIN_FILENO, &c, 1);
	if (n == 1)
		return !h->is_tty && c == '\n' ? '\r' : c ? c : KEY_NONE;
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return KEY_NONE;
	h->eof = true;
	return KEY_NONE;
}

/* Sleeps until a frame, a key or a signal comes, or it is time. */
static void host_idle(void *ctx, uint64_t until_us)
{
	struct host *h = ctx;
	struct pollfd fds[1 + NETDEV_MAX];
	uint64_t now = host_now_us(h), wait = until_us > now ? until_us - now : 0;
	struct timespec t;
	nfds_t n = 0;

	host_flush(h);
	if (!wait)
		return;
	wait = wait < IDLE_MAX_US ? wait : IDLE_MAX_US;
	t = (struct timespec){(time_t)(wait / 1000000), (long)(wait % 1000000 * 1000)};
	if (!h->eof && key_room(h))
		fds[n++] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
	for (unsigned i = 0; i < h->net->ndev; i++) {
		int fd = frames_fd(&h->net->dev[i]);

		if (fd >= 0)
			fds[n++] = (struct pollfd){.fd = fd, .events = POLLIN};
	}
	ppoll(fds, n, &t, NULL);
}

/* Not the computer's own: a server must not take us for its operating system. */
static bool host_uuid(void *ctx, uint8_t uuid[16])
{
	(void)ctx;
	(void)uuid;
	return false;
}

static int host_boot(void *ctx, const struct boot_request *req)
{
	struct host *h = ctx;
	const char *dir = h->opt.save;
	bool ok = true;

	host_report(h, req);
	if (dir)
		ok = host_save_images(h, dir) && host_save_boot(h, req, dir);
	host_flush(h);
	exit(!ok || (req->kind == BOOT_EXIT && req->exit_code) ? EXIT_FAILURE : EXIT_SUCCESS);
}

const struct platform host_platform = {
	.name = "linux",
	.buildarch = sizeof(void *) == 8 ? "x86_64" : "i386",
	.now_us = host_now_us,
	.entropy = host_entropy,
	.memory_map = host_memory_map,
	.memory_self = host_memory_self,
	.phys_write = host_phys_write,
	.phys_read = host_phys_read,
	.phys_move = host_phys_move,
	.putc = host_putc,
	.key = host_key,
	.idle = host_idle,
	.uuid = host_uuid,
	.boot = host_boot,
};

bool host_init(struct host *h)
{
	size_t size = (size_t)h->opt.memory_mib << 20;

	h->start_ns = clock_ns();
	h->seed = h->opt.seed;
	h->ram_size = (uint64_t)h->opt.memory_mib << 20;
	if (size != h->ram_size) {
		errno = ENOMEM;
		return false;
	}
	h->ram = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (h->ram == MAP_FAILED)
		return false;
	madvise(h->ram, size, MADV_HUGEPAGE); /* advice: nothing is lost where it fails */
	prefault_start(&h->prefault, h->ram, size);
	return true;
}

void host_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("reveille: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(2);
}
