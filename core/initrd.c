/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where kernel and initrds end up, see initrd.h.
 *
 * The layout of the region is the same wherever it starts, so a plan is just that start. All starts
 * that can make sense are tried - those that leave one of the initrds where it is, and the lowest
 * behind each thing that can be in the way: a hole in memory, an image, what the kernel keeps - and
 * the one that moves the fewest bytes is taken: none for initrds that came in order.
 */
#include "core/cpio.h"
#include "core/initrd.h"
#include "core/machine.h"

_Static_assert(BOOT_MOVES_MAX >= 2 * IMAGE_MAX + 2, "the kernel, each initrd, a gap around each");

#define ALIGN4(v) (((v) + 3) & ~(uint64_t)3)

struct plan {
	struct machine *m;
	struct image *initrd[IMAGE_MAX];
	unsigned n;
	uint64_t size; /* of the region */
	struct boot_move kernel;
	struct range keep;
	uint64_t limit;

	uint64_t start; /* best so far */
	uint64_t cost;	/* bytes that it moves, UINT64_MAX: none found */
	struct boot_move moves[IMAGE_MAX + 1];
	unsigned nmoves;
};

static void find_initrds(struct machine *m, struct plan *p)
{
	struct image *img;

	p->n = 0;
	for (unsigned i = 0; (img = image_nth(m, i)); i++)
		if (img->initrd)
			p->initrd[p->n++] = img;
}

/* Where an image's data starts when what comes before it ends at `at`. */
static uint64_t data_start(const struct image *img, uint64_t at)
{
	return mem_align_up(at, MEM_PAGE) + img->headroom;
}

static uint64_t data_end(const struct image *img, uint64_t start)
{
	uint64_t end = start + img->total;

	return img->headroom ? ALIGN4(end) + CPIO_TRAILER_SIZE : end;
}

static uint64_t region_size(const struct plan *p)
{
	uint64_t at = 0;

	for (unsigned i = 0; i < p->n; i++)
		at = data_end(p->initrd[i], data_start(p->initrd[i], at));
	return at;
}

static bool overlap(uint64_t a, uint64_t an, uint64_t b, uint64_t bn)
{
	return a < b + bn && b < a + an;
}

/* Whether move j would destroy what another one from first on has yet to read. */
static bool destroys(const struct boot_move *mv, unsigned first, unsigned n, unsigned j)
{
	for (unsigned i = first; i < n; i++)
		if (i != j && overlap(mv[j].dst, mv[j].n, mv[i].src, mv[i].n))
			return true;
	return false;
}

/* Sorts moves so that none destroys the source of a later one; false when they form a circle. */
static bool sort_moves(struct boot_move *mv, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct boot_move first;
		unsigned j = i;

		while (j < n && destroys(mv, i, n, j))
			j++;
		if (j == n)
			return false;
		first = mv[j];
		mv[j] = mv[i];
		mv[i] = first;
	}
	return true;
}

/* Takes the region's start when all of it is allowed there, it can be reached, and at less cost. */
static void try_start(struct plan *p, uint64_t start)
{
	struct boot_move moves[IMAGE_MAX + 1];
	uint64_t cost = 0, at = start, end = start + p->size;
	unsigned n = 0;

	if (start % MEM_PAGE || start < MEM_LOW || end < start || end > p->limit ||
		!mem_is_ram(p->m, start, end) ||
		overlap(start, p->size, p->keep.start, p->keep.end - p->keep.start))
		return;
	moves[n++] = p->kernel;
	for (unsigned i = 0; i < p->n; i++) {
		const struct image *img = p->initrd[i];

		at = data_start(img, at);
		if (img->total)
			moves[n++] = (struct boot_move){at, img->base, img->total};
		if (at != img->base)
			cost += img->total;
		at = data_end(img, at);
	}
	if (cost >= p->cost || !sort_moves(moves, n))
		return;
	p->start = start;
	p->cost = cost;
	p->nmoves = n;
	memcpy(p->moves, moves, sizeof(moves));
}

static void find_start(struct plan *p)
{
	const struct ranges *ram = &p->m->mem.ram;
	uint64_t at = 0;
	unsigned i;

	p->cost = UINT64_MAX;
	for (i = 0; i < p->n; i++) {
		uint64_t off = data_start(p->initrd[i], at);

		try_start(p, p->initrd[i]->base - off);
		at = data_end(p->initrd[i], off);
	}
	try_start(p, mem_align_up(p->keep.end, MEM_PAGE));
	for (i = 0; i < ram->n; i++)
		try_start(p, ram->r[i].start);
	for (i = 0; i < IMAGE_MAX; i++)
		if (p->m->images[i].state != IMAGE_FREE)
			try_start(p, mem_align_up(image_span(&p->m->images[i]).end, MEM_PAGE));
}

static void add_move(struct boot_request *req, uint64_t dst, uint64_t src, uint64_t n)
{
	if (n && dst != src)
		req->moves[req->nmoves++] = (struct boot_move){dst, src, n};
}

static void add_blob(struct boot_request *req, uint64_t dst, uint32_t off, uint32_t n)
{
	req->blobs[req->nblobs++] = (struct boot_blob){dst, off, n};
}

/* Zeros between the images, then headers and trailers; the trailer is the last of req->blob. */
static void add_rest(const struct plan *p, struct boot_request *req)
{
	uint64_t at = p->start, filled = at; /* in the layout; up to where there is data or zeros */
	uint32_t off = 0;

	for (unsigned i = 0; i < p->n; i++) {
		const struct image *img = p->initrd[i];
		uint64_t data = data_start(img, at);

		add_move(req, filled, BOOT_MOVE_ZERO, data - filled);
		filled = data + img->total;
		at = data_end(img, data);
		if (img->headroom) {
			uint32_t n = (uint32_t)cpio_header_size(img->path);

			add_blob(req, data - n, off, n);
			add_blob(req, at - CPIO_TRAILER_SIZE, req->nblob - CPIO_TRAILER_SIZE,
				CPIO_TRAILER_SIZE);
			off += n;
		}
	}
	add_move(req, filled, BOOT_MOVE_ZERO, at - filled);
}

bool initrd_place(struct machine *m, const struct boot_move *kernel, struct range keep,
	uint64_t limit, struct boot_request *req)
{
	struct plan p = {.m = m, .kernel = *kernel, .keep = keep, .limit = limit};

	find_initrds(m, &p);
	p.size = region_size(&p);
	if (!p.size) {
		add_move(req, kernel->dst, kernel->src, kernel->n);
		return true;
	}
	find_start(&p);
	if (p.cost == UINT64_MAX)
		return false;
	for (unsigned i = 0; i < p.nmoves; i++)
		add_move(req, p.moves[i].dst, p.moves[i].src, p.moves[i].n);
	add_rest(&p, req);
	req->initrd_start = p.start;
	req->initrd_size = p.size;
	return true;
}

int initrd_headers(struct machine *m, struct boot_request *req)
{
	struct emit e = emit_to(req->blob, sizeof(req->blob));
	struct plan p;

	find_initrds(m, &p);
	for (unsigned i = 0; i < p.n; i++) {
		const struct image *img = p.initrd[i];

		if (img->state == IMAGE_FILLING)
			return err_set(m, ERR_IMAGE_INCOMPLETE, "initrd %s", img->name);
		if (!img->headroom)
			continue;
		if (img->total > UINT32_MAX)
			return err_set(m, ERR_INITRD_PLACE, "%s is larger than 4 GiB", img->name);
		cpio_header(&e, img->path, img->mode, (uint32_t)img->total);
	}
	cpio_trailer(&e);
	if (e.bad)
		return err_set(m, ERR_CPIO_NAME, "all headers together: more than %d bytes",
			BOOT_BLOB_MAX);
	req->nblob = (uint32_t)e.n;
	return 0;
}

/* -- into a buffer -- */

uint64_t initrd_total(struct machine *m)
{
	struct plan p;

	find_initrds(m, &p);
	return region_size(&p);
}

struct image *initrd_nth(struct machine *m, unsigned i, uint64_t *off)
{
	struct plan p;
	uint64_t at = 0;

	find_initrds(m, &p);
	if (i >= p.n)
		return NULL;
	for (unsigned j = 0; j < i; j++)
		at = data_end(p.initrd[j], data_start(p.initrd[j], at));
	*off = data_start(p.initrd[i], at);
	return p.initrd[i];
}

static void write_zeros(struct machine *m, uint64_t phys, uint64_t n)
{
	static const uint8_t zeros[256];

	for (uint64_t part; n; phys += part, n -= part) {
		part = n < sizeof(zeros) ? n : sizeof(zeros);
		m->plat->phys_write(m->plat_ctx, phys, zeros, (size_t)part);
	}
}

void initrd_frame(struct machine *m, uint64_t phys)
{
	struct boot_request *req = &m->boot;
	struct plan p = {.m = m}; /* pages count from the region's start, wherever that lies */

	req->nmoves = req->nblobs = 0;
	find_initrds(m, &p);
	add_rest(&p, req);
	for (unsigned i = 0; i < req->nmoves; i++) /* zeros, all of them */
		write_zeros(m, phys + req->moves[i].dst, req->moves[i].n);
	for (unsigned i = 0; i < req->nblobs; i++) {
		const struct boot_blob *b = &req->blobs[i];

		m->plat->phys_write(m->plat_ctx, phys + b->dst, req->blob + b->off, b->n);
	}
}
