/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Images: named objects in memory, each with its hole map. The image is the receive buffer: a
 * transfer writes payload at its final address with image_put() and nothing else ever writes there.
 * Architecture section 1.
 *
 * An image is owned by the machine (m->images). A transfer borrows it between image_open() and
 * image_close() or image_free(). Positions are bytes from the start of the object.
 */
#ifndef CORE_IMAGE_H
#define CORE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/ranges.h"

struct machine;
struct image;
struct boot_request;

#define IMAGE_SIZE_UNKNOWN UINT64_MAX

/* Where the bytes lie. put and get stay inside [0, capacity). */
struct image_store {
	void (*put)(struct machine *m, struct image *img, uint64_t off, const void *src, size_t n);
	void (*get)(struct machine *m, const struct image *img, uint64_t off, void *dst, size_t n);
};
extern const struct image_store image_store_ram;  /* by the platform's phys_write and phys_read */
extern const struct image_store image_store_ring; /* in img->ring */

struct image_type {
	const char *name;
	/* 0 when the image is of this type; -ERR_IMAGE_TYPE when it is not; another error: it is,
	 * but broken. */
	int (*probe)(struct machine *m, const struct image *img);
	/*
	 * Makes it ready to run: fills *req for a payload (returns 0), or starts it as a script
	 * (returns 0 with req->kind BOOT_NONE). A negative error: nothing was changed.
	 */
	int (*prepare)(struct machine *m, struct image *img, struct boot_request *req);
	bool guess; /* nothing marks its files: only what is to be run is asked about */
};

enum image_state {
	IMAGE_FREE,    /* slot not in use */
	IMAGE_FILLING, /* a transfer is writing */
	IMAGE_READY,   /* complete */
	IMAGE_LATE,    /* an initrd of known size and URL, without memory: fetched when a kernel
			  asks for it, net/initrd_fetch.h */
};

/* What is small stands in front: the code is smaller. */
enum image_initrd {
	INITRD_NO,
	INITRD_YES,
	INITRD_GUESSED, /* a file of no type: nobody has said what it is for */
};

struct image {
	enum image_state state;
	uint32_t seq;		       /* order of loading */
	const struct image_type *type; /* NULL: none has claimed it */
	const struct image_store *store;
	uint64_t base;	    /* physical address of byte 0 */
	uint64_t capacity;  /* bytes reserved from base */
	uint64_t held;	    /* end of the pages that it has; what is behind its span can go back */
	uint64_t total;	    /* bytes of the object, IMAGE_SIZE_UNKNOWN until known */
	uint64_t limit;	    /* bytes at or beyond it are not taken now; UINT64_MAX: all are */
	uint32_t headroom;  /* bytes kept free in front of base, for a cpio header; whole pages */
	uint32_t tailroom;  /* and behind capacity, for the cpio trailer; 0 without headroom */
	uint32_t refused;   /* puts that the hole map, or the limit, had no room for */
	uint32_t mode;	    /* of the file `path`, 0644 by default */
	uint8_t *ring;	    /* NULL: it lies at base */
	uint32_t ring_size; /* a power of two */
	uint8_t initrd;	    /* enum image_initrd: handed to the kernel, in order of seq */
	bool autofree;	    /* not wanted any more when what it started has come back */
	char path[IMAGE_NAME_MAX]; /* initrd: file name in the cpio made around it; "" for none */
	char name[IMAGE_NAME_MAX];
	struct ranges have;
	char uri[URL_MAX]; /* where it came from; base of relative URLs for scripts */
	char cmdline[IMAGE_CMDLINE_MAX];
};

/*
 * A new image that is to be filled. size may be IMAGE_SIZE_UNKNOWN: it gets the largest gap until
 * image_set_total(). path (may be NULL) reserves room for the cpio header. Strings that are too
 * long are cut, but the path. Errors: ERR_IMAGE_MAX, ERR_IMAGE_MEMORY, ERR_CPIO_NAME.
 */
int image_open(struct machine *m, const char *name, const char *uri, uint64_t size,
	const char *path, struct image **out);
/*
 * A new image that keeps no more than the `size` bytes (a power of two) in front of its limit, in
 * a ring of the caller's: for whoever reads it in order with image_get() while it is filled, and
 * moves the limit on. It lies nowhere in memory, is never READY and of no type. Errors:
 * ERR_IMAGE_MAX.
 */
int image_open_ring(struct machine *m, const char *name, uint64_t total, uint8_t *ring,
	uint32_t size, struct image **out);
/*
 * For whoever has a place of his own for a file, and no slot of the machine's: an image without
 * memory, still free. He sets its state, and its base or store and the capacity.
 */
void image_init(struct image *img, const char *name, uint64_t total);
/* The size became known; ERR_IMAGE_MEMORY when it does not fit, ERR_IMAGE_TRUNCATED when more is
 * there already. */
int image_set_total(struct machine *m, struct image *img, uint64_t total);
/*
 * The only way bytes enter an image. Never touches a byte that is already marked. ERR_IMAGE_MEMORY
 * when off + n lies beyond the capacity or the total; ERR_NONE also when the hole map was full or
 * off + n lies beyond the limit (counted, lost).
 */
int image_put(struct machine *m, struct image *img, uint64_t off, const void *src, size_t n);
/*
 * A new IMAGE_LATE. Its bytes are to be had at uri, as often as they are needed. The sizes of all
 * of them, which servers say, can be added up without a thought. Errors: ERR_IMAGE_MAX,
 * ERR_CPIO_NAME; ERR_IMAGE_MEMORY from IMAGE_LATE_BITS on.
 */
int image_open_late(struct machine *m, const char *name, const char *uri, uint64_t total,
	const char *path, struct image **out);
/* The memory that the image holds; empty at 0 for one in a ring, and for a late one. */
struct range image_span(const struct image *img);
/* Whether total is known and every byte is there. */
bool image_complete(const struct image *img);
/*
 * Filling has ended: trims the reservation, finds the type (none is no error). ERR_IMAGE_INCOMPLETE
 * leaves it FILLING; the error of a type that claims a broken file leaves it READY without a type.
 */
int image_close(struct machine *m, struct image *img);
/* Gives the image and its memory back, in any state. An image that runs as a script stays. */
void image_free(struct machine *m, struct image *img);
void image_free_all(struct machine *m);
/* After a payload came back: frees what was to go with it (struct image, autofree). */
void image_free_auto(struct machine *m);
/* Copies n bytes from off; false (dst zeroed) when they lie outside what is there. */
bool image_get(struct machine *m, const struct image *img, uint64_t off, void *dst, size_t n);
/* The one loaded last under that name, NULL for none. */
struct image *image_find(struct machine *m, const char *name);
/* Image number i in order of loading, NULL past the last. */
struct image *image_nth(struct machine *m, unsigned i);

/* For an image that is to be run: asks each type in turn; 0 and img->type set, or the error of the
 * type that claimed it, or ERR_IMAGE_TYPE. */
int image_probe(struct machine *m, struct image *img);
/* From a type: its headers promise `want` bytes, and there are not so many. ERR_IMAGE_TRUNCATED. */
int image_truncated(struct machine *m, const struct image *img, uint64_t want);

#endif
