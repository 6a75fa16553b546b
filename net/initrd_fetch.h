/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Late initrds: under UEFI the kernel asks for all initrds at once, with a buffer of its own. So an
 * `initrd` whose size the server announces is only looked at: what is kept is its URL. When the
 * kernel asks, it is fetched to its place in that buffer, and there is never a second copy.
 *
 * What comes then is judged by its size alone: a server that now has another size fails. Nothing is
 * written outside of the buffer, whatever servers say; after the end nothing is written at all.
 */
#ifndef NET_INITRD_FETCH_H
#define NET_INITRD_FETCH_H

#include <stdbool.h>
#include <stdint.h>
#include "core/image.h"

struct fetch;
struct machine;

/*
 * For net_config.initrd_open. As soon as the size is known the filler is cancelled, and the fetch
 * ends well with an IMAGE_LATE; what has no known size is fetched into memory.
 */
int initrd_late_open(struct fetch *f, uint64_t total);
/* For whoever fetches a late image, and is given another size: ERR_HTTP_CHANGED with both sizes. */
int initrd_changed(struct machine *m, const struct image *late, uint64_t total);

/* The whole region on its way into a buffer; the caller's, any content. */
struct initrd_fill {
	struct machine *m;
	uint64_t phys, size;	  /* where the region starts; of the buffer */
	unsigned next;		  /* initrd whose turn is next */
	uint64_t shown_us;	  /* when the console was told last */
	struct fetch *f;	  /* of a late one, NULL: none is under way */
	const struct image *late; /* that one */
	struct image image;	  /* what f fills: its place in the buffer */
	bool done;
	int result; /* once done: 0, or the negative error that the console was told */
};

/*
 * Begins to fill the buffer of `size` bytes at phys, all of it RAM that nobody else uses, with the
 * region of core/initrd.h, while m->boot runs. Images stay as they are, so that it can be done
 * again. Between start and done the buffer must stay.
 */
void initrd_fill_start(struct machine *m, struct initrd_fill *fill, uint64_t phys, uint64_t size);
/* A bounded turn: true once fill->done. Takes a struct initrd_fill: for machine_wait(). */
bool initrd_fill_poll(void *fill);
/* Stops it at once, in any state after start; the result is ERR_CANCELLED when it was not done. */
void initrd_fill_cancel(struct initrd_fill *fill);

#endif
