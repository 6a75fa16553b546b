/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Images, see image.h. Each starts on a page, so that initrds that were loaded one after the other
 * lie as core/initrd.c would put them.
 */
#include "core/cpio.h"
#include "core/machine.h"

static void ram_put(struct machine *m, struct image *img, uint64_t off, const void *src, size_t n)
{
	m->plat->phys_write(m->plat_ctx, img->base + off, src, n);
}

static void ram_get(struct machine *m, const struct image *img, uint64_t off, void *dst, size_t n)
{
	m->plat->phys_read(m->plat_ctx, dst, img->base + off, n);
}

const struct image_store image_store_ram = {ram_put, ram_get};

/* How many of the n bytes from `at` on lie in front of the ring's end. */
static size_t ring_part(const struct image *img, uint32_t at, size_t n)
{
	return n < img->ring_size - at ? n : img->ring_size - at;
}

static void ring_put(struct machine *m, struct image *img, uint64_t off, const void *src, size_t n)
{
	uint32_t at = (uint32_t)off & (img->ring_size - 1);
	size_t part = ring_part(img, at, n);

	(void)m;
	memcpy(img->ring + at, src, part);
	memcpy(img->ring, (const uint8_t *)src + part, n - part);
}

static void ring_get(struct machine *m, const struct image *img, uint64_t off, void *dst, size_t n)
{
	uint32_t at = (uint32_t)off & (img->ring_size - 1);
	size_t part = ring_part(img, at, n);

	(void)m;
	memcpy(dst, img->ring + at, part);
	memcpy((uint8_t *)dst + part, img->ring, n - part);
}

const struct image_store image_store_ring = {ring_put, ring_get};

struct range image_span(const struct image *img)
{
	if (img->ring || img->state == IMAGE_LATE)
		return (struct range){0, 0};
	return (struct range){img->base - img->headroom, img->base + img->capacity + img->tailroom};
}

/* What lies behind end goes back to a platform that had handed it out. */
static void give_back(struct machine *m, struct image *img, uint64_t end)
{
	end = mem_align_up(end, MEM_PAGE);
	if (m->plat->pages_free && end < img->held) {
		m->plat->pages_free(m->plat_ctx, end, img->held - end);
		img->held = end;
	}
}

static struct image *find_slot(struct machine *m)
{
	for (unsigned i = 0; i < IMAGE_MAX; i++)
		if (m->images[i].state == IMAGE_FREE)
			return &m->images[i];
	return NULL;
}

/* Room for the cpio around it; whole pages in front, so that the data still starts on one. */
static int reserve_cpio(struct machine *m, struct image *img, const char *path)
{
	size_t header = cpio_header_size(path);

	if (!str_copy(img->path, sizeof(img->path), path) || !header || header > MEM_PAGE)
		return err_set(m, ERR_CPIO_NAME, "%s: not a file name, or too long for %s", path,
			img->name);
	img->headroom = MEM_PAGE;
	img->tailroom = 3 + CPIO_TRAILER_SIZE; /* the trailer is aligned to 4 */
	return 0;
}

/* Memory for size bytes, or the largest gap. An image without bytes holds one, to have a place. */
static int reserve(struct machine *m, struct image *img, uint64_t size)
{
	uint64_t extra = (uint64_t)img->headroom + img->tailroom;
	bool unknown = size == IMAGE_SIZE_UNKNOWN, found = false;
	struct range gap = {0, 0};

	if (unknown)
		found = mem_place(m, 0, MEM_PAGE, &gap) && gap.end - gap.start > extra;
	else if (size < UINT64_MAX - extra)
		found = mem_place(m, size + extra ? size + extra : 1, MEM_PAGE, &gap);
	if (!found)
		return err_set(m, ERR_IMAGE_MEMORY, "%s: no room for %llu bytes", img->name,
			unknown ? 1ull : (unsigned long long)size);
	img->held = gap.end;
	img->base = gap.start + img->headroom;
	img->capacity = unknown ? gap.end - gap.start - extra : size;
	return 0;
}

void image_init(struct image *img, const char *name, uint64_t total)
{
	memset(img, 0, sizeof(*img));
	str_copy(img->name, sizeof(img->name), name);
	img->mode = 0644;
	img->store = &image_store_ram;
	img->total = total;
	img->limit = UINT64_MAX;
}

/* A slot with all that needs no memory; still free. */
static int image_new(struct machine *m, const char *name, uint64_t size, struct image **out)
{
	struct image *img = *out = find_slot(m);

	if (!img)
		return err_set(m, ERR_IMAGE_MAX, "%s would be number %d", name, IMAGE_MAX + 1);
	image_init(img, name, size);
	return 0;
}

static void image_take(struct machine *m, struct image *img)
{
	img->state = IMAGE_FILLING;
	img->seq = m->image_seq++;
}

int image_open(struct machine *m, const char *name, const char *uri, uint64_t size,
	const char *path, struct image **out)
{
	struct image *img;
	int ret = image_new(m, name, size, &img);

	if (ret)
		return ret;
	str_copy(img->uri, sizeof(img->uri), uri);
	if (path && *path)
		ret = reserve_cpio(m, img, path);
	if (!ret)
		ret = reserve(m, img, size);
	if (ret)
		return ret;
	image_take(m, img);
	*out = img;
	return 0;
}

int image_open_ring(struct machine *m, const char *name, uint64_t total, uint8_t *ring,
	uint32_t size, struct image **out)
{
	struct image *img;
	int ret = image_new(m, name, total, &img);

	if (ret)
		return ret;
	img->store = &image_store_ring;
	img->capacity = total;
	img->limit = img->ring_size = size;
	img->ring = ring;
	image_take(m, img);
	*out = img;
	return 0;
}

int image_open_late(struct machine *m, const char *name, const char *uri, uint64_t total,
	const char *path, struct image **out)
{
	struct image *img;
	int ret = image_new(m, name, total, &img);

	if (!ret && total >> IMAGE_LATE_BITS)
		ret = err_set(m, ERR_IMAGE_MEMORY, "%s: no room for %llu bytes", name,
			(unsigned long long)total);
	if (!ret && path && *path)
		ret = reserve_cpio(m, img, path);
	if (ret)
		return ret;
	str_copy(img->uri, sizeof(img->uri), uri);
	img->seq = m->image_seq++;
	img->state = IMAGE_LATE;
	*out = img;
	return 0;
}

int image_set_total(struct machine *m, struct image *img, uint64_t total)
{
	struct range beyond;

	if (total > img->capacity)
		return err_set(m, ERR_IMAGE_MEMORY, "%s: %llu bytes, room for %llu", img->name,
			(unsigned long long)total, (unsigned long long)img->capacity);
	beyond = (struct range){total, total};
	if (img->have.n)
		beyond.end = img->have.r[img->have.n - 1].end;
	if (beyond.end > total)
		return err_set(m, ERR_IMAGE_TRUNCATED,
			"%s: said to have %llu bytes, %llu are there", img->name,
			(unsigned long long)total, (unsigned long long)beyond.end);
	img->total = total;
	img->capacity = total;
	give_back(m, img, image_span(img).end);
	return 0;
}

int image_put(struct machine *m, struct image *img, uint64_t off, const void *src, size_t n)
{
	const uint8_t *p = src;
	struct range hole;
	uint64_t at = off;

	if (off > img->capacity || n > img->capacity - off)
		return err_set(m, ERR_IMAGE_MEMORY, "%s: bytes at %llu, room for %llu", img->name,
			(unsigned long long)(off + n), (unsigned long long)img->capacity);
	if (off + n > img->limit) {
		img->refused++;
		return 0;
	}
	for (; ranges_hole(&img->have, at, off + n, &hole); at = hole.end)
		img->store->put(m, img, hole.start, p + (hole.start - off),
			(size_t)(hole.end - hole.start));
	if (!ranges_add(&img->have, off, off + n))
		img->refused++;
	return 0;
}

bool image_complete(const struct image *img)
{
	return img->total != IMAGE_SIZE_UNKNOWN && ranges_front(&img->have) == img->total;
}

static int probe(struct machine *m, struct image *img, bool guess)
{
	const struct image_type *const *type = m->config->image_types;
	int ret = -ERR_IMAGE_TYPE;

	for (img->type = NULL; *type && ret == -ERR_IMAGE_TYPE; type++) {
		if ((*type)->guess && !guess)
			continue;
		ret = (*type)->probe(m, img);
		if (!ret)
			img->type = *type;
	}
	return ret;
}

int image_close(struct machine *m, struct image *img)
{
	int ret;

	if (!image_complete(img))
		return err_set(m, ERR_IMAGE_INCOMPLETE, "%s: %llu bytes in %u pieces", img->name,
			(unsigned long long)ranges_bytes(&img->have), img->have.n);
	img->capacity = img->total;
	img->state = IMAGE_READY;
	ret = probe(m, img, false);
	return ret == -ERR_IMAGE_TYPE ? 0 : ret;
}

void image_free(struct machine *m, struct image *img)
{
	if (script_holds(m, img))
		return;
	if (m->kernel == img)
		m->kernel = NULL;
	give_back(m, img, image_span(img).start);
	img->state = IMAGE_FREE;
}

void image_free_all(struct machine *m)
{
	for (unsigned i = 0; i < IMAGE_MAX; i++)
		image_free(m, &m->images[i]);
}

void image_free_auto(struct machine *m)
{
	for (unsigned i = 0; i < IMAGE_MAX; i++)
		if (m->images[i].state != IMAGE_FREE && m->images[i].autofree)
			image_free(m, &m->images[i]);
}

bool image_get(struct machine *m, const struct image *img, uint64_t off, void *dst, size_t n)
{
	struct range hole;

	if (off > UINT64_MAX - n || ranges_hole(&img->have, off, off + n, &hole)) {
		memset(dst, 0, n);
		return false;
	}
	if (n)
		img->store->get(m, img, off, dst, n);
	return true;
}

struct image *image_find(struct machine *m, const char *name)
{
	struct image *found = NULL;

	for (unsigned i = 0; i < IMAGE_MAX; i++) {
		struct image *img = &m->images[i];

		if (img->state != IMAGE_FREE && strcmp(img->name, name) == 0 &&
			(!found || img->seq > found->seq))
			found = img;
	}
	return found;
}

struct image *image_nth(struct machine *m, unsigned n)
{
	/* The one that has exactly n before it. */
	for (unsigned i = 0; i < IMAGE_MAX; i++) {
		struct image *img = &m->images[i];
		unsigned before = 0;

		for (unsigned j = 0; j < IMAGE_MAX; j++)
			before += m->images[j].state != IMAGE_FREE && m->images[j].seq < img->seq;
		if (img->state != IMAGE_FREE && before == n)
			return img;
	}
	return NULL;
}

int image_probe(struct machine *m, struct image *img)
{
	return probe(m, img, true);
}

int image_truncated(struct machine *m, const struct image *img, uint64_t want)
{
	return err_set(m, ERR_IMAGE_TRUNCATED, "%s: %llu bytes expected, %llu there", img->name,
		(unsigned long long)want, (unsigned long long)img->total);
}
