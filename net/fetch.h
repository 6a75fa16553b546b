/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fetch: an object on its way from a URL into an image. It owns the image until the end and hands
 * ranges of it to fillers; today one filler (the URL's scheme) fills it all.
 *
 * Between fetch_start() and the end the filler may be started several times: for one address of the
 * server's name after the other, and again for each redirect. While the name is looked up, and
 * until the turn after a redirect or a failed address, no filler runs. One that has begun to
 * deliver may go on with the next address by itself: fetch_elsewhere().
 */
#ifndef NET_FETCH_H
#define NET_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "config/limits.h"
#include "core/timer.h"
#include "net/addr.h"
#include "net/url.h"

struct machine;
struct net;
struct netdev;
struct image;
struct fetch;
struct dns_query;

/* One way to fill an image: a row of net_config.schemes. */
struct filler_ops {
	const char *scheme; /* "tftp" */
	/*
	 * Begins with f->server by f->dev; returns 0 or an error, and from then on ends exactly
	 * once with fetch_done() or fetch_redirect(). Opens f->image with fetch_open() as soon as
	 * it knows the size or that nobody does. What it finds in f->priv is of no use to it.
	 */
	int (*start)(struct fetch *f);
	/* Gives everything back without a word. Not called after fetch_done(). */
	void (*cancel)(struct fetch *f);
	/* f->image->limit has moved on: more is taken. NULL: it fills no streamed files. */
	void (*more)(struct fetch *f);
};

#define FILLER_PRIV_MAX 768

/* What is small stands in front: the code is smaller. */
struct fetch {
	struct machine *m; /* NULL: slot not in use */
	struct net *net;
	const struct filler_ops *ops;
	struct netdev *dev;	 /* link in use; NULL: none was yet */
	struct dns_query *query; /* while the host's name is looked up */
	struct image *image;	 /* NULL until opened */
	/* What fetch_open() does for somebody who wants another image than a new one in memory;
	 * NULL. Set right behind fetch_start(). Sets f->image, or returns an error. The image is
	 * not closed at the end: its opener looks whether all is there. */
	int (*open)(struct fetch *f, uint64_t total);
	void *opener;  /* open's own */
	uint8_t *ring; /* streamed: where the bytes go; NULL: into memory */
	uint32_t ring_size;
	int result; /* once finished */
	bool finished;
	bool running; /* the filler was started and has not ended */
	bool strayed; /* a redirect has led to a host that the user did not name */
	uint8_t redirects;
	uint8_t naddr, iaddr;			  /* naddr 0: not known yet */
	uint32_t retries;			  /* of any kind, for the person who looks */
	uint64_t bytes;				  /* that arrived */
	uint64_t start_us, end_us, first_byte_us; /* first_byte_us 0: none yet */
	struct timer step;			  /* armed: what comes next is due when we return */
	struct ip_addr server;			  /* addr[iaddr] */
	struct ip_addr addr[FETCH_ADDR_MAX];	  /* of url.host, in the order they are tried */
	char uri[URL_MAX];			  /* where redirects have led to */
	char origin[URL_MAX];			  /* what fetch_start() was given */
	char name[IMAGE_NAME_MAX];
	char path[IMAGE_NAME_MAX]; /* cpio path, "" for none */
	struct url url;
	_Alignas(16) uint8_t priv[FILLER_PRIV_MAX]; /* the filler's */
};

/*
 * Starts fetching uri (absolute) into a new image called name. path: file name of the cpio around
 * an initrd, or NULL. Errors: ERR_FETCH_BUSY, ERR_BAD_URL, ERR_NO_SCHEME, ERR_NO_ROUTE, and what
 * the filler says.
 */
int fetch_start(
	struct machine *m, const char *uri, const char *name, const char *path, struct fetch **out);
/*
 * The same for a file that is read while it comes, in order: at most `size` bytes (a power of two,
 * 64 KiB at least) lie in the caller's ring. f->image is there once the size is known or it is
 * certain that it is not; it goes with the fetch. What came cannot be had again, so a file that has
 * changed, or that a silent server would have to begin anew, is an error.
 */
int fetch_stream(struct machine *m, const char *uri, const char *name, uint8_t *ring, uint32_t size,
	struct fetch **out);
/* From the reader of a streamed file: all below pos was read. */
void fetch_more(struct fetch *f, uint64_t pos);
/* For the filler: opens f->image, of so many bytes, in the place of the one there was. Errors as
 * image_open(). */
int fetch_open(struct fetch *f, uint64_t total);
/* For the filler: no byte at or beyond it is to be asked for now, and none would be taken. */
uint64_t fetch_limit(const struct fetch *f);
/* From the filler: n more bytes are in the image. */
void fetch_got(struct fetch *f, size_t n);
/*
 * From the filler, in front of fetch_done(): why it gives up, said with the object, the link and
 * `what`. Returns rc, a negative error.
 */
int fetch_err(struct fetch *f, int rc, const char *what);
/*
 * From the filler, once, with all of its own given back. When it fails before the image was opened
 * because the server could not be reached, the next address of its name has its turn.
 */
void fetch_done(struct fetch *f, int result);
/*
 * From the filler, which goes on: f->server could not be reached again. f->server and f->dev become
 * those of the next address of its name that there is a way to; the first follows the last.
 */
void fetch_elsewhere(struct fetch *f);
/*
 * From the filler instead of fetch_done(): what is wanted is at ref, a URL relative to f->uri. It
 * is fetched anew from there; after REDIRECTS_MAX hops that is an error (ERR_REDIRECTS).
 */
void fetch_redirect(struct fetch *f, const char *ref);
/* After finished was seen: hands the image (NULL on failure) to the caller and frees the slot. */
struct image *fetch_end(struct fetch *f);
/* Stops it, frees the image and the slot. */
void fetch_cancel(struct fetch *f);
/* One line for the console: name, percent, rate, time left. */
void fetch_progress(const struct fetch *f, char *text, unsigned cap);
/* And when it has succeeded: size, time, rate, server, link. */
void fetch_summary(const struct fetch *f, char *text, unsigned cap);

#endif
