/* SPDX-License-Identifier: BSD-2-Clause */
/* Late initrds, see initrd_fetch.h. One is fetched at a time, in the order of the region. */
#include "net/initrd_fetch.h"
#include "core/fmt.h"
#include "core/initrd.h"
#include "core/machine.h"
#include "core/str.h"
#include "net/net.h"

#define PROGRESS_US 1000000

/* -- the size alone -- */

/* In the turn that the image was opened in, but not from inside of the filler, which ends here. */
static void late_step(struct machine *m, struct timer *t)
{
	struct fetch *f = t->ctx;
	char name[IMAGE_NAME_MAX];

	if (f->running)
		f->ops->cancel(f);
	f->running = false;
	f->finished = true;
	f->end_us = m->now_us;
	/* The filler may have begun anew, as the connection broke right behind the size. */
	f->result = f->image ? 0 : err_set(m, ERR_HTTP_CHANGED, "%s", f->uri);
	if (f->result)
		return;
	str_clean(name, sizeof(name), f->name, strlen(f->name));
	console_print(m, "%s: %llu bytes, will be fetched when the kernel asks for them\n", name,
		(unsigned long long)f->image->total);
}

int initrd_late_open(struct fetch *f, uint64_t total)
{
	const char *path = f->path[0] ? f->path : NULL;
	int rc;

	if (total == IMAGE_SIZE_UNKNOWN) {
		f->open = NULL; /* as any other */
		return fetch_open(f, total);
	}
	rc = image_open_late(f->m, f->name, f->origin, total, path, &f->image);
	if (rc)
		return rc;
	f->image->limit = 0; /* nothing more is taken, and so nothing acknowledged */
	timer_init(&f->step, late_step, f);
	timer_start(f->m, &f->step, 0);
	return 0;
}

int initrd_changed(struct machine *m, const struct image *late, uint64_t total)
{
	err_clear(m); /* what was no reason to give up */
	return err_set(m, ERR_HTTP_CHANGED, "%s has %llu bytes, had %llu", late->name,
		(unsigned long long)total, (unsigned long long)late->total);
}

/* -- the whole region -- */

static void fill_end(struct initrd_fill *fill, int result)
{
	struct machine *m = fill->m;

	console_status(m, "%s", "");
	fill->done = true;
	fill->result = result;
	if (!result)
		return;
	err_print(m, result);
	err_clear(m); /* it was told: what the kernel makes of it is another error */
}

/* fetch.open: the late image's place in the buffer. Also when the transfer begins anew. */
static int fill_open(struct fetch *f, uint64_t total)
{
	struct initrd_fill *fill = f->opener;
	struct image *img = &fill->image;
	uint64_t base = img->base;

	if (total != IMAGE_SIZE_UNKNOWN && total != fill->late->total)
		return initrd_changed(f->m, fill->late, total);
	image_init(img, f->name, total);
	img->state = IMAGE_FILLING;
	img->base = base;
	img->capacity = fill->late->total;
	f->image = img;
	return 0;
}

/* The next initrd: one that is there is copied, a late one begins to come; or the end. */
static int fill_next(struct initrd_fill *fill)
{
	struct machine *m = fill->m;
	uint64_t off;
	const struct image *img = initrd_nth(m, fill->next, &off);
	int rc;

	if (!img) {
		fill_end(fill, 0);
		return 0;
	}
	if (off > fill->size || img->total > fill->size - off)
		return err_set(m, ERR_IMAGE_MEMORY, "initrd %s", img->name);
	fill->next++;
	if (img->state != IMAGE_LATE) {
		m->plat->phys_move(m->plat_ctx, fill->phys + off, img->base, img->total);
		return 0;
	}
	fill->late = img;
	fill->image.base = fill->phys + off;
	fill->image.total = IMAGE_SIZE_UNKNOWN;
	rc = fetch_start(m, img->uri, img->name, NULL, &fill->f);
	if (rc)
		return rc;
	fill->f->open = fill_open;
	fill->f->opener = fill;
	return 0;
}

static int fill_fetched(struct initrd_fill *fill)
{
	const struct image *img = &fill->image;
	struct fetch *f = fill->f;
	int rc = f->result;
	char line[160];

	if (!rc && (!image_complete(img) || img->total != fill->late->total))
		rc = initrd_changed(fill->m, fill->late, img->total);
	if (!rc) {
		err_clear(fill->m);
		fetch_summary(f, line, sizeof(line));
		console_print(fill->m, "%s\n", line);
	}
	fetch_end(f);
	fill->f = NULL;
	return rc;
}

bool initrd_fill_poll(void *ctx)
{
	struct initrd_fill *fill = ctx;
	struct machine *m = fill->m;
	char line[160];
	int rc;

	if (fill->done)
		return true;
	if (fill->f && !fill->f->finished) {
		if (m->now_us - fill->shown_us >= PROGRESS_US) {
			fill->shown_us = m->now_us;
			fetch_progress(fill->f, line, sizeof(line));
			console_status(m, "%s", line);
		}
		return false;
	}
	rc = fill->f ? fill_fetched(fill) : 0;
	while (!rc && !fill->f && !fill->done)
		rc = fill_next(fill);
	if (rc)
		fill_end(fill, rc);
	return fill->done;
}

void initrd_fill_start(struct machine *m, struct initrd_fill *fill, uint64_t phys, uint64_t size)
{
	int rc;

	memset(fill, 0, sizeof(*fill));
	fill->m = m;
	fill->phys = phys;
	fill->size = size;
	fill->shown_us = m->now_us;
	err_clear(m);
	rc = initrd_headers(m, &m->boot); /* as they are now */
	if (!rc && initrd_total(m) > size)
		rc = err_set(
			m, ERR_IMAGE_MEMORY, "initrds in %llu bytes", (unsigned long long)size);
	if (rc)
		fill_end(fill, rc);
	else
		initrd_frame(m, phys);
}

void initrd_fill_cancel(struct initrd_fill *fill)
{
	if (fill->f)
		fetch_cancel(fill->f);
	fill->f = NULL;
	if (!fill->done) {
		fill->done = true;
		fill->result = -ERR_CANCELLED;
		console_status(fill->m, "%s", "");
	}
}
