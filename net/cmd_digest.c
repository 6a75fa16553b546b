/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands: md5sum sha256sum. What is hashed is what lies in memory and would be booted, a slice a
 * turn, so that keys, timers and the links go on. In net/ since the hashes are there, for HTTP.
 */
#include "core/command.h"
#include "core/fmt.h"
#include "core/machine.h"
#include "net/bearssl/digest.h"
#include "net/net.h"

#define SLICE (64u << 10) /* bytes a turn: a few milliseconds */
#define PIECE 512u

struct digesting {
	struct image *img;
	uint64_t off;
	struct digest_run run;
};
_Static_assert(sizeof(struct digesting) <= COMMAND_STATE_MAX, "a command's state fits its place");

static int digest_poll(struct machine *m)
{
	struct digesting *d = (struct digesting *)m->script.cmd;
	uint64_t left = d->img->total - d->off;
	uint64_t end = d->off + (left < SLICE ? left : SLICE);
	char hex[DIGEST_HEX], name[IMAGE_NAME_MAX];
	uint8_t piece[PIECE];

	while (d->off < end) {
		size_t n = end - d->off < PIECE ? (size_t)(end - d->off) : PIECE;

		if (!image_get(m, d->img, d->off, piece, n))
			return -ERR_IMAGE_INCOMPLETE;
		digest_add(&d->run, piece, n);
		d->off += n;
	}
	m->script.wake_us = m->now_us;
	if (d->off < d->img->total)
		return COMMAND_WAIT;
	digest_end(&d->run, hex);
	str_clean(name, sizeof(name), d->img->name, strlen(d->img->name));
	console_print(m, "%s  %s\n", hex, name);
	return 0;
}

static int digest_start(struct machine *m, int argc, char **argv)
{
	struct digesting *d = (struct digesting *)m->script.cmd;

	if (argc != 2)
		return -ERR_SCRIPT_USAGE;
	d->img = image_find(m, argv[1]);
	if (d->img && d->img->state == IMAGE_LATE)
		return err_set(m, ERR_IMAGE_INCOMPLETE, "%s: comes when the kernel asks for it",
			d->img->name);
	if (!d->img || !image_complete(d->img))
		return -ERR_IMAGE_NOT_FOUND;
	d->off = 0;
	digest_begin(&d->run, argv[0][0] == 'm' ? DIGEST_MD5 : DIGEST_SHA256);
	return digest_poll(m);
}

const struct command cmd_md5sum = {
	.name = "md5sum",
	.usage = "IMAGE",
	.help = "print the MD5 digest of an image",
	.start = digest_start,
	.poll = digest_poll,
};

const struct command cmd_sha256sum = {
	.name = "sha256sum",
	.usage = "IMAGE",
	.help = "print the SHA-256 digest of an image",
	.start = digest_start,
	.poll = digest_poll,
};
