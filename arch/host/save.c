/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a hosted run: what would be started, in words, and with --save what was fetched, in
 * files. Only the last part of an image's name counts; of two images with the same name the later
 * one stays.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "arch/host/host.h"
#include "core/fmt.h"
#include "core/image.h"

#define COPY_BYTES 65536

void host_report(struct host *h, const struct boot_request *req)
{
	struct machine *m = h->m;

	if (req->kind == BOOT_REBOOT)
		console_print(m, "Would reboot now.\n");
	if (req->kind == BOOT_POWEROFF)
		console_print(m, "Would switch off now.\n");
	if (req->kind != BOOT_LINUX)
		return;
	console_print(m,
		"Would start Linux now: boot protocol %u.%02u, entry 0x%x, memory 0x%llx to "
		"0x%llx\n",
		req->protocol >> 8, req->protocol & 0xff, req->entry,
		(unsigned long long)req->kernel_start, (unsigned long long)req->kernel_end);
	if (req->initrd_size)
		console_print(m, "initrd: %llu bytes at 0x%llx\n",
			(unsigned long long)req->initrd_size,
			(unsigned long long)req->initrd_start);
	console_print(m, "command line: ");
	console_write(m, req->cmdline, strlen(req->cmdline));
	console_write(m, "\n", 1);
	for (unsigned i = 0; image_nth(m, i); i++) {
		const struct image *img = image_nth(m, i);

		console_print(m, "image: %s, %llu bytes at 0x%llx\n", img->name,
			(unsigned long long)img->total, (unsigned long long)img->base);
	}
}

/* -1 and a message when it cannot be made. */
static int save_open(const char *dir, const char *name)
{
	char path[4096];
	int fd = -1;

	if (fmt_print(path, sizeof(path), "%s/%s", dir, name) < sizeof(path))
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		fprintf(stderr, "reveille: %s: %s\n", path, strerror(errno));
	return fd;
}

static bool save_write(int fd, const void *data, size_t n)
{
	const uint8_t *p = data;

	while (n) {
		ssize_t done = write(fd, p, n);

		if (done <= 0) {
			fprintf(stderr, "reveille: cannot save: %s\n", strerror(errno));
			return false;
		}
		p += done;
		n -= (size_t)done;
	}
	return true;
}

/* Physical memory as a file. */
static bool save_memory(
	struct host *h, const char *dir, const char *name, uint64_t phys, uint64_t n)
{
	uint8_t buf[COPY_BYTES];
	int fd = save_open(dir, name);
	bool ok = fd >= 0;

	while (ok && n) {
		size_t part = n < sizeof(buf) ? (size_t)n : sizeof(buf);

		host_platform.phys_read(h, buf, phys, part);
		ok = save_write(fd, buf, part);
		phys += part;
		n -= part;
	}
	return fd >= 0 && close(fd) == 0 && ok;
}

static const char *last_part(const char *name)
{
	const char *part = name;

	for (; *name; name++) {
		if (*name == '/')
			part = name + 1;
	}
	return *part ? part : "unnamed";
}

bool host_save_images(struct host *h, const char *dir)
{
	bool ok = true;

	for (unsigned i = 0; image_nth(h->m, i); i++) {
		const struct image *img = image_nth(h->m, i);
		const char *name = last_part(img->name);

		if (!strcmp(name, ".") || !strcmp(name, ".."))
			name = "unnamed";
		if (img->state == IMAGE_READY)
			ok &= save_memory(h, dir, name, img->base, img->total);
	}
	return ok;
}

bool host_save_boot(struct host *h, const struct boot_request *req, const char *dir)
{
	bool ok;
	int fd;

	if (req->kind != BOOT_LINUX)
		return true;
	for (unsigned i = 0; i < req->nmoves; i++) {
		const struct boot_move *mv = &req->moves[i];

		if (mv->src == BOOT_MOVE_ZERO) {
			for (uint64_t at = 0; at < mv->n; at++)
				host_platform.phys_write(h, mv->dst + at, "", 1);
		} else {
			host_platform.phys_move(h, mv->dst, mv->src, mv->n);
		}
	}
	for (unsigned i = 0; i < req->nblobs; i++)
		host_platform.phys_write(
			h, req->blobs[i].dst, req->blob + req->blobs[i].off, req->blobs[i].n);
	ok = save_memory(h, dir, "boot.initrd", req->initrd_start, req->initrd_size);
	fd = save_open(dir, "boot.cmdline");
	return fd >= 0 && save_write(fd, req->cmdline, strlen(req->cmdline)) && close(fd) == 0 &&
	       ok;
}
