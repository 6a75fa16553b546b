/* SPDX-License-Identifier: BSD-2-Clause */
/* What the commands that fetch have in common: start, progress on the console, end. Not for others.
 */
#ifndef NET_CMD_FETCH_H
#define NET_CMD_FETCH_H

#include <stdint.h>
#include "config/limits.h"
#include "core/command.h"

struct fetch;
struct image;

/* One fetch that a command waits for; lies in the command's state. */
struct fetch_wait {
	struct fetch *f;   /* NULL: none */
	uint64_t shown_us; /* when the console was told last */
	uint64_t due_us;   /* --timeout; TIME_NEVER: none */
};

/* The URL that `ref` stands for in the running script, or on the next-server. ERR_BAD_URL. */
int fetch_resolve(struct machine *m, const char *ref, char uri[URL_MAX]);
/*
 * Starts fetching `ref`, which is resolved. name: of the
 * image, NULL for the last part of the URL. path: see fetch_start(). timeout_ms: 0 for none.
 */
int fetch_wait_start(struct machine *m, struct fetch_wait *w, const char *ref, const char *name,
	const char *path, uint64_t timeout_ms);
/* COMMAND_WAIT; 0 and the image; or an error, the image is gone. */
int fetch_wait_poll(struct machine *m, struct fetch_wait *w, struct image **img);
void fetch_wait_cancel(struct machine *m, struct fetch_wait *w);
/* Makes what was fetched run: a script at once, a payload when the command has ended. It is freed
 * when that is over, or cannot be. */
int fetch_run(struct machine *m, struct image *img);

#endif
