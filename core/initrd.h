/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Initrds: all images marked as such become one region, in order of loading, somewhere the kernel
 * reaches.
 *
 * In the region each image starts on a page, what lies between is zero, and an image with a path
 * has its cpio header right in front and a trailer behind (core/cpio.h). Images that were loaded
 * one after the other lie like that already and stay where they are.
 */
#ifndef CORE_INITRD_H
#define CORE_INITRD_H

#include <stdbool.h>
#include <stdint.h>
#include "core/boot.h"
#include "core/ranges.h"

struct machine;

/*
 * Adds to *req the moves and blobs that put the kernel (one move; its bytes lie in an image) and
 * all initrds where they belong, in an order in which nothing is overwritten before it was read,
 * and fills initrd_start and initrd_size (both 0 when there is none). The region ends at or below
 * `limit` and does not touch `keep`, where the kernel will work. Returns false, *req unchanged,
 * when there is no such place: then memory is so full that images would have to trade places.
 * req->blob must hold the headers: initrd_headers() first.
 */
bool initrd_place(struct machine *m, const struct boot_move *kernel, struct range keep,
	uint64_t limit, struct boot_request *req);
/*
 * Checks that each initrd is complete, or late, and writes all cpio headers and the trailer into
 * req->blob. Errors: ERR_IMAGE_INCOMPLETE, ERR_CPIO_NAME, ERR_INITRD_PLACE (a file of 4 GiB or more
 * in a cpio).
 */
int initrd_headers(struct machine *m, struct boot_request *req);

/*
 * Where the kernel has a buffer for the whole region (UEFI), which net/initrd_fetch.h fills. It is
 * as above, wherever the buffer starts: with each image on a page of it.
 */

/* Bytes of the region, 0 when there is no initrd. */
uint64_t initrd_total(struct machine *m);
/* Initrd number i in it, NULL past the last; *off: of its data in the region. */
struct image *initrd_nth(struct machine *m, unsigned i, uint64_t *off);
/* Writes all that is no image's to the region at phys: zeros, and what initrd_headers() has put
 * into m->boot. */
void initrd_frame(struct machine *m, uint64_t phys);

#endif
