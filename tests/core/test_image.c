/* SPDX-License-Identifier: BSD-2-Clause */
/* core/image.c. */
#include "core/cpio.h"
#include "core/machine.h"
#include "tests/fake.h"
#include "tests/pages.h"
#include "tests/unit.h"

#define MIB ((uint64_t)1 << 20)

static struct fake fake;
static struct machine machine;
static struct machine *const m = &machine;

/* A type that claims what starts with its name, and finds "broken..." broken. */
static int starts_with(struct machine *mm, const struct image *img, const char *name)
{
	char start[8];

	return image_get(mm, img, 0, start, strlen(name)) && !memcmp(start, name, strlen(name))
		       ? 0
		       : -ERR_IMAGE_TYPE;
}

static int probe_one(struct machine *mm, const struct image *img)
{
	if (!starts_with(mm, img, "broken"))
		return -ERR_BZIMAGE_BAD;
	return starts_with(mm, img, "one");
}

static int probe_any(struct machine *mm, const struct image *img)
{
	return starts_with(mm, img, "o");
}

static int probe_guess(struct machine *mm, const struct image *img)
{
	return starts_with(mm, img, "g");
}

static const struct image_type type_one = {"one", probe_one, NULL, false},
			       type_any = {"any", probe_any, NULL, false},
			       type_guess = {"guess", probe_guess, NULL, true};
static const struct image_type *const types[] = {&type_guess, &type_one, &type_any, NULL};

static int setup(void **state)
{
	static struct config config;

	(void)state;
	config = fake_config;
	config.image_types = types;
	fake_init(&fake, 64 * MIB);
	return machine_init(m, NULL, &fake_platform, &fake, &config);
}

static int teardown(void **state)
{
	(void)state;
	fake_end(&fake);
	return 0;
}

static struct image *open_image(const char *name, uint64_t size)
{
	struct image *img;

	assert_int_equal(image_open(m, name, "tftp://192.0.2.1/x", size, NULL, &img), 0);
	return img;
}

/* A complete image of the text. */
static struct image *load(const char *name, const char *text)
{
	struct image *img = open_image(name, strlen(text));

	assert_int_equal(image_put(m, img, 0, text, strlen(text)), 0);
	assert_int_equal(image_close(m, img), 0);
	return img;
}

static void test_known_size(void **state)
{
	struct image *img = open_image("kernel", 10);
	char got[10];

	(void)state;
	assert_string_equal(img->name, "kernel");
	assert_string_equal(img->uri, "tftp://192.0.2.1/x");
	assert_int_equal(img->state, IMAGE_FILLING);
	assert_int_equal(img->mode, 0644);
	assert_int_equal(img->base, m->mem.floor);
	assert_false(image_complete(img));
	assert_int_equal(image_close(m, img), -ERR_IMAGE_INCOMPLETE);
	assert_int_equal(img->state, IMAGE_FILLING);
	assert_int_equal(image_put(m, img, 5, "56789", 5), 0);
	assert_false(image_get(m, img, 0, got, 10));
	assert_memory_equal(got, "\0\0\0\0\0\0\0\0\0\0", 10);
	assert_true(image_get(m, img, 5, got, 5));
	assert_int_equal(image_put(m, img, 0, "01234", 5), 0);
	assert_true(image_complete(img));
	assert_int_equal(image_close(m, img), 0);
	assert_int_equal(img->state, IMAGE_READY);
	assert_null(img->type);
	assert_true(image_get(m, img, 0, got, 10));
	assert_memory_equal(got, "0123456789", 10);
	assert_memory_equal(fake.ram + img->base, "0123456789", 10);
	assert_false(image_get(m, img, 5, got, 6));
	assert_false(image_get(m, img, UINT64_MAX, got, 2));
	assert_true(image_get(m, img, 10, got, 0));
}

/* A byte that is there stays as it came first. */
static void test_first_wins(void **state)
{
	struct image *img = open_image("x", 12);
	char got[13] = {0};

	(void)state;
	image_put(m, img, 2, "bb", 2);
	image_put(m, img, 6, "cc", 2);
	image_put(m, img, 0, "XXXXXXXXXXXX", 12);
	image_put(m, img, 0, "YYYYYYYYYYYY", 12);
	assert_true(image_get(m, img, 0, got, 12));
	assert_string_equal(got, "XXbbXXccXXXX");
}

static void test_beyond(void **state)
{
	struct image *img = open_image("x", 10);

	(void)state;
	assert_int_equal(image_put(m, img, 9, "ab", 2), -ERR_IMAGE_MEMORY);
	assert_int_equal(image_put(m, img, 11, "a", 1), -ERR_IMAGE_MEMORY);
	assert_int_equal(image_put(m, img, UINT64_MAX, "ab", 2), -ERR_IMAGE_MEMORY);
	assert_int_equal(image_put(m, img, 2, "a", SIZE_MAX), -ERR_IMAGE_MEMORY);
	assert_int_equal(image_put(m, img, 10, "", 0), 0);
	assert_int_equal(ranges_bytes(&img->have), 0);
}

static void test_unknown_size(void **state)
{
	struct image *img = open_image("x", IMAGE_SIZE_UNKNOWN), *next;
	uint64_t all = img->capacity;

	(void)state;
	assert_int_equal(all, 64 * MIB - m->mem.floor);
	assert_int_equal(image_put(m, img, 0, "abc", 3), 0);
	assert_false(image_complete(img));
	assert_int_equal(image_close(m, img), -ERR_IMAGE_INCOMPLETE);
	/* Meanwhile others get what is left elsewhere. */
	next = open_image("next", 100);
	assert_true(next->base < img->base);
	image_free(m, next);
	assert_int_equal(image_set_total(m, img, 2), -ERR_IMAGE_TRUNCATED);
	assert_int_equal(image_set_total(m, img, all + 1), -ERR_IMAGE_MEMORY);
	assert_int_equal(image_set_total(m, img, 3), 0);
	assert_int_equal(image_put(m, img, 3, "d", 1), -ERR_IMAGE_MEMORY);
	assert_true(image_complete(img));
	assert_int_equal(image_close(m, img), 0);
	next = open_image("next", 100);
	assert_int_equal(next->base, img->base + 4096);
}

/* Sizes that no machine has, as a hostile server may announce them. */
static void test_absurd_size(void **state)
{
	static const uint64_t sizes[] = {65 * MIB, 1ull << 32, 1ull << 63, UINT64_MAX - 1,
		UINT64_MAX - 127, UINT64_MAX - 4222, UINT64_MAX - 4223, UINT64_MAX - 4224};
	struct image *img;

	(void)state;
	for (unsigned i = 0; i < ROWS(sizes); i++) {
		assert_int_equal(image_open(m, "x", "", sizes[i], NULL, &img), -ERR_IMAGE_MEMORY);
		assert_int_equal(image_open(m, "x", "", sizes[i], "path", &img), -ERR_IMAGE_MEMORY);
	}
	assert_null(image_nth(m, 0));
}

static void test_empty(void **state)
{
	struct image *img = open_image("x", 0);

	(void)state;
	assert_true(image_complete(img));
	assert_int_equal(image_close(m, img), 0);
	assert_null(img->type);
}

/* When the hole map is full, an island is lost, and can be sent again later. */
static void test_islands(void **state)
{
	struct image *img = open_image("x", 10000);
	char byte = 'a', got[10000];

	(void)state;
	for (unsigned i = 0; i < RANGES_MAX; i++)
		assert_int_equal(image_put(m, img, 100 + 2 * i, &byte, 1), 0);
	assert_int_equal(img->refused, 0);
	byte = 'b';
	assert_int_equal(image_put(m, img, 9000, &byte, 1), 0);
	assert_int_equal(img->refused, 1);
	assert_false(image_get(m, img, 9000, &byte, 1));
	memset(got, 'c', sizeof(got));
	assert_int_equal(image_put(m, img, 0, got, sizeof(got)), 0);
	assert_true(image_complete(img));
	assert_true(image_get(m, img, 9000, &byte, 1));
	assert_int_equal(byte, 'c');
}

static void test_types(void **state)
{
	struct image *img = load("x", "one of these");

	(void)state;
	assert_ptr_equal(img->type, &type_one);
	img = load("x", "other");
	assert_ptr_equal(img->type, &type_any);
	img = load("x", "nothing");
	assert_null(img->type);
	assert_int_equal(image_probe(m, img), -ERR_IMAGE_TYPE);
	img = load("x", "guess");
	assert_null(img->type);
	assert_int_equal(image_probe(m, img), 0);
	assert_ptr_equal(img->type, &type_guess);
	img = open_image("x", 6);
	image_put(m, img, 0, "broken", 6);
	assert_int_equal(image_close(m, img), -ERR_BZIMAGE_BAD);
	assert_int_equal(img->state, IMAGE_READY);
	assert_null(img->type);
}

static void test_find(void **state)
{
	struct image *a = load("a", "1"), *b = load("b", "2"), *a2;

	(void)state;
	assert_ptr_equal(image_nth(m, 0), a);
	assert_ptr_equal(image_nth(m, 1), b);
	assert_null(image_nth(m, 2));
	assert_ptr_equal(image_find(m, "a"), a);
	assert_ptr_equal(image_find(m, "b"), b);
	assert_null(image_find(m, "c"));
	image_free(m, a);
	assert_null(image_find(m, "a"));
	assert_ptr_equal(image_nth(m, 0), b);
	/* In a slot before b's, but loaded later. */
	a2 = load("b", "3");
	assert_true(a2 < b);
	assert_ptr_equal(image_nth(m, 0), b);
	assert_ptr_equal(image_nth(m, 1), a2);
	assert_ptr_equal(image_find(m, "b"), a2);
	image_free_all(m);
	assert_null(image_nth(m, 0));
}

static void test_too_many(void **state)
{
	struct image *img;

	(void)state;
	for (unsigned i = 0; i < IMAGE_MAX; i++)
		load("x", "1");
	assert_int_equal(image_open(m, "x", "", 1, NULL, &img), -ERR_IMAGE_MAX);
	image_free(m, image_nth(m, 3));
	load("x", "1");
}

static void test_kernel_and_script(void **state)
{
	struct image *a = load("a", "1"), *b = load("b", "2");

	(void)state;
	m->kernel = a;
	m->script.frame[1].img = b;
	m->script.depth = 2;
	image_free_all(m);
	assert_null(m->kernel);
	assert_int_equal(b->state, IMAGE_READY); /* it runs */
	assert_ptr_equal(image_nth(m, 0), b);
	m->script.depth = 0;
	image_free(m, b);
	assert_null(image_nth(m, 0));
}

static void test_path(void **state)
{
	struct image *img, *next;
	char path[IMAGE_NAME_MAX + 1];

	(void)state;
	assert_int_equal(image_open(m, "x", "", 100, "/etc/motd", &img), 0);
	assert_string_equal(img->path, "/etc/motd");
	assert_int_equal(img->base, m->mem.floor + 4096);
	assert_int_equal(image_span(img).start, m->mem.floor);
	assert_true(image_span(img).end >= img->base + 100 + 3 + CPIO_TRAILER_SIZE);
	next = open_image("y", 1);
	assert_int_equal(next->base, img->base + 4096);
	assert_int_equal(image_open(m, "x", "", IMAGE_SIZE_UNKNOWN, "f", &img), 0);
	assert_int_equal(image_span(img).end, 64 * MIB);
	assert_true(img->base + img->capacity <= 64 * MIB - 3 - CPIO_TRAILER_SIZE);
	image_free(m, img);
	/* The room around counts, too: all but as much as there is, then a byte more. */
	image_free_all(m);
	m->mem.floor = 64 * MIB - 3 * 4096;
	open_image("below", m->mem.floor - 2 * MIB);
	assert_int_equal(image_open(m, "x", "", 2 * 4096 - 126, "f", &img), -ERR_IMAGE_MEMORY);
	assert_int_equal(image_open(m, "x", "", 2 * 4096 - 127, "f", &img), 0);
	image_free(m, img);
	open_image("page", 2 * 4096);
	assert_int_equal(image_open(m, "x", "", IMAGE_SIZE_UNKNOWN, "f", &img), -ERR_IMAGE_MEMORY);
	image_free_all(m);
	/* Not file names. */
	assert_int_equal(image_open(m, "x", "", 1, "/", &img), -ERR_CPIO_NAME);
	assert_int_equal(image_open(m, "x", "", 1, "etc/", &img), -ERR_CPIO_NAME);
	memset(path, 'n', sizeof(path));
	path[IMAGE_NAME_MAX] = 0;
	assert_int_equal(image_open(m, "x", "", 1, path, &img), -ERR_CPIO_NAME);
	path[IMAGE_NAME_MAX - 1] = 0;
	assert_int_equal(image_open(m, "x", "", 1, path, &img), 0);
	/* Directories whose headers need more than a page. */
	for (unsigned i = 1; i < IMAGE_NAME_MAX - 2; i += 2)
		path[i] = '/';
	assert_int_equal(image_open(m, "x", "", 1, path, &img), -ERR_CPIO_NAME);
}

/* Random puts in random order always give the file, and images never overlap. */
static void test_random(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (int round = 0; round < 50; round++) {
		static uint8_t file[20000], got[20000];
		size_t size = 1 + fake_random(&seed) % (sizeof(file) - 1);
		struct image *img =
			open_image("r", fake_random(&seed) % 2 ? size : IMAGE_SIZE_UNKNOWN);

		for (size_t i = 0; i < size; i++)
			file[i] = (uint8_t)fake_random(&seed);
		if (img->total == IMAGE_SIZE_UNKNOWN && fake_random(&seed) % 2)
			assert_int_equal(image_set_total(m, img, size), 0);
		for (unsigned i = 0; i < 3000 && ranges_front(&img->have) != size; i++) {
			size_t off = fake_random(&seed) % size, n = fake_random(&seed) % 1500;

			if (n > size - off)
				n = size - off;
			assert_int_equal(image_put(m, img, off, file + off, n), 0);
		}
		assert_int_equal(image_put(m, img, 0, file, size), 0);
		assert_int_equal(image_set_total(m, img, size), 0);
		assert_int_equal(image_close(m, img), 0);
		assert_true(image_get(m, img, 0, got, size));
		assert_memory_equal(got, file, size);
		for (unsigned i = 0; i < IMAGE_MAX; i++) {
			struct range a = image_span(&m->images[i]), b = image_span(img);

			if (&m->images[i] != img && m->images[i].state != IMAGE_FREE)
				assert_true(a.end <= b.start || b.end <= a.start);
		}
		while (image_nth(m, 5))
			image_free(m, image_nth(m, fake_random(&seed) % 6));
	}
}

/* A file in a ring of 8 bytes: what lies in front of the limit is there, the rest is not taken. */
static void test_ring(void **state)
{
	uint8_t ring[8];
	char got[9] = {0};
	struct image *img;

	(void)state;
	assert_int_equal(image_open_ring(m, "r", 20, ring, sizeof(ring), &img), 0);
	assert_int_equal(image_span(img).end, 0);
	assert_int_equal(image_put(m, img, 0, "01234567", 8), 0);
	assert_int_equal(image_put(m, img, 8, "x", 1), 0);
	assert_int_equal(image_put(m, img, 7, "xx", 2), 0);
	assert_int_equal(img->refused, 2);
	assert_int_equal(ranges_front(&img->have), 8);
	assert_true(image_get(m, img, 0, got, 5));
	assert_string_equal(got, "01234");
	img->limit = 5 + 8;
	assert_int_equal(image_put(m, img, 10, "abc", 3), 0);
	assert_int_equal(image_put(m, img, 0, "XXXXXXXXXX", 10), 0);
	assert_true(image_get(m, img, 5, got, 8));
	assert_string_equal(got, "567XXabc");
	assert_int_equal(image_put(m, img, 20, "x", 1), -ERR_IMAGE_MEMORY);
	img->limit = 13 + 8;
	assert_int_equal(image_put(m, img, 13, "defghij", 7), 0);
	assert_true(image_complete(img));
	assert_true(image_get(m, img, 13, got, 7));
	assert_memory_equal(got, "defghij", 7);
	image_free(m, img);
	assert_int_equal(image_open_ring(m, "r", IMAGE_SIZE_UNKNOWN, ring, 8, &img), 0);
	assert_int_equal(image_put(m, img, 0, "01234", 5), 0);
	assert_int_equal(image_set_total(m, img, 5), 0);
	assert_true(image_complete(img));
}

/* It takes no memory from others. */
static void test_ring_in_no_memory(void **state)
{
	uint8_t ring[8];
	struct image *img, *big;

	(void)state;
	assert_int_equal(image_open_ring(m, "r", 1 << 30, ring, sizeof(ring), &img), 0);
	big = open_image("x", IMAGE_SIZE_UNKNOWN);
	assert_int_equal(big->base, m->mem.floor);
	for (unsigned i = 2; i < IMAGE_MAX; i++)
		open_image("y", 1);
	assert_int_equal(image_open_ring(m, "r", 1, ring, sizeof(ring), &img), -ERR_IMAGE_MAX);
}

/* -- a platform that hands out pages -- */

static int setup_pages(void **state)
{
	int ret = setup(state);

	m->plat = pages_platform();
	return ret;
}

/* Nothing stays out, whatever the test has done. */
static int teardown_pages(void **state)
{
	m->script.depth = 0;
	image_free_all(m);
	assert_int_equal(pages.now, 0);
	return teardown(state);
}

static void test_pages(void **state)
{
	static const struct {
		uint64_t size;
		unsigned pages;
	} rows[] = {{0, 1}, {1, 1}, {4095, 1}, {4096, 1}, {4097, 2}, {65536, 16}, {65537, 17}};

	(void)state;
	for (unsigned i = 0; i < ROWS(rows); i++) {
		struct image *img = open_image("x", rows[i].size);
		uint8_t byte = 7;

		assert_int_equal(pages.now, rows[i].pages);
		assert_int_equal(img->base % MEM_PAGE, 0);
		assert_true(pages_hold(img));
		if (rows[i].size)
			assert_int_equal(image_put(m, img, rows[i].size - 1, &byte, 1), 0);
		assert_int_equal(image_set_total(m, img, rows[i].size), 0);
		assert_true(pages_hold(img));
		image_free(m, img);
		assert_int_equal(pages.now, 0);
		image_free(m, img); /* nothing is there any more */
	}
}

/* What a file of unknown size did not need goes back when its end is known. */
static void test_pages_unknown(void **state)
{
	static const uint64_t sizes[] = {0, 1, 4096, 4097, 100000, (1 << 20) - 4096, 1 << 20};
	static uint8_t file[1 << 20];

	(void)state;
	for (unsigned i = 0; i < ROWS(sizes); i++) {
		struct image *img = open_image("x", IMAGE_SIZE_UNKNOWN);

		assert_int_equal(pages.now, 256);
		assert_int_equal(img->capacity, 1 << 20);
		assert_int_equal(image_put(m, img, 0, file, (size_t)sizes[i]), 0);
		assert_int_equal(image_set_total(m, img, (1 << 20) + 1), -ERR_IMAGE_MEMORY);
		if (sizes[i])
			assert_int_equal(
				image_set_total(m, img, sizes[i] - 1), -ERR_IMAGE_TRUNCATED);
		assert_int_equal(pages.now, 256);
		assert_int_equal(image_set_total(m, img, sizes[i]), 0);
		assert_int_equal(pages.now, (sizes[i] + 4095) / 4096);
		assert_int_equal(image_close(m, img), 0);
		assert_true(pages_hold(img));
		assert_int_equal(pages.now, (sizes[i] + 4095) / 4096);
		image_free(m, img);
		assert_int_equal(pages.now, 0);
	}
}

/* A page in front for the cpio's header, room behind for its trailer. */
static void test_pages_path(void **state)
{
	struct image *img;

	(void)state;
	assert_int_equal(image_open(m, "x", "", 4096 - 127, "etc/motd", &img), 0);
	assert_int_equal(pages.now, 2);
	assert_true(pages_hold(img));
	assert_int_equal(image_open(m, "x", "", 4096 - 126, "etc/motd", &img), 0);
	assert_int_equal(pages.now, 2 + 3);
	assert_true(pages_hold(img));
	assert_int_equal(image_open(m, "x", "", IMAGE_SIZE_UNKNOWN, "etc/motd", &img), 0);
	assert_int_equal(pages.now, 2 + 3 + 256);
	assert_true(img->base + img->capacity + img->tailroom <= img->held);
	assert_int_equal(image_set_total(m, img, 4096 - 127), 0);
	assert_int_equal(pages.now, 2 + 3 + 2);
	assert_true(pages_hold(img));
	image_free(m, img);
	assert_int_equal(pages.now, 2 + 3);
}

static void test_pages_errors(void **state)
{
	struct image *img;

	(void)state;
	pages.fails_at = 1;
	assert_int_equal(image_open(m, "x", "", 1, NULL, &img), -ERR_IMAGE_MEMORY);
	assert_int_equal(image_open(m, "x", "", 1ull << 40, NULL, &img), -ERR_IMAGE_MEMORY);
	assert_int_equal(image_open(m, "x", "", 1, "no/file/", &img), -ERR_CPIO_NAME);
	assert_int_equal(image_open(m, "x", "", UINT64_MAX - 1, "f", &img), -ERR_IMAGE_MEMORY);
	assert_null(image_nth(m, 0));
	assert_int_equal(pages.now, 0);
	for (unsigned i = 0; i < IMAGE_MAX; i++)
		open_image("x", 1);
	assert_int_equal(image_open(m, "x", "", 1, NULL, &img), -ERR_IMAGE_MAX);
	assert_int_equal(pages.now, IMAGE_MAX);
	/* One that runs keeps its memory, and a type that finds it broken does not cost any. */
	m->script.frame[0].img = image_nth(m, 5);
	m->script.depth = 1;
	image_free_all(m);
	assert_int_equal(pages.now, 1);
	assert_true(pages_hold(m->script.frame[0].img));
	img = open_image("x", 6);
	image_put(m, img, 0, "broken", 6);
	assert_int_equal(image_close(m, img), -ERR_BZIMAGE_BAD);
	assert_int_equal(pages.now, 2);
}

/* A ring is the caller's, and no page of it is the platform's. */
static void test_pages_ring(void **state)
{
	uint8_t ring[8];
	struct image *img;

	(void)state;
	assert_int_equal(image_open_ring(m, "r", IMAGE_SIZE_UNKNOWN, ring, sizeof(ring), &img), 0);
	assert_int_equal(image_set_total(m, img, 5), 0);
	image_free(m, img);
	assert_int_equal(pages.calls, 0);
}

static void test_pages_random(void **state)
{
	uint64_t seed = 9;

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		struct image *img = &m->images[fake_random(&seed) % IMAGE_MAX];
		uint64_t size = fake_random(&seed) % 300000;
		unsigned needed = 0;

		if (img->state == IMAGE_FREE) {
			bool path = fake_random(&seed) % 2, unknown = fake_random(&seed) % 2;

			pages.fails_at = fake_random(&seed) % 8 ? 0 : pages.calls + 1;
			image_open(m, "x", "", unknown ? IMAGE_SIZE_UNKNOWN : size,
				path ? "a/b" : NULL, &img);
		} else if (img->total == IMAGE_SIZE_UNKNOWN && fake_random(&seed) % 2) {
			assert_int_equal(image_set_total(m, img, size), 0);
		} else {
			image_free(m, img);
		}
		for (unsigned i = 0; i < IMAGE_MAX; i++) {
			const struct image *at = &m->images[i];
			struct range span = image_span(at);

			if (at->state == IMAGE_FREE)
				continue;
			assert_true(pages_hold(at));
			needed +=
				at->total == 0 && !at->headroom
					? (unsigned)((at->held - at->base) / MEM_PAGE)
					: (unsigned)((span.end + 4095) / 4096 - span.start / 4096);
		}
		assert_int_equal(pages.now, needed);
	}
}

/* -- late ones -- */

static void test_late(void **state)
{
	struct image *img, *next;
	char got[1];

	(void)state;
	assert_int_equal(image_open_late(m, "l", "http://h/l", 1ull << 40, "/etc/l", &img), 0);
	assert_int_equal(img->state, IMAGE_LATE);
	assert_int_equal(img->total, 1ull << 40);
	assert_int_equal(img->mode, 0644);
	assert_string_equal(img->uri, "http://h/l");
	assert_string_equal(img->path, "/etc/l");
	assert_int_equal(image_span(img).start, 0);
	assert_int_equal(image_span(img).end, 0);
	assert_false(image_complete(img));
	assert_false(image_get(m, img, 0, got, 1));
	assert_int_equal(image_put(m, img, 0, "x", 1), -ERR_IMAGE_MEMORY);
	assert_int_equal(image_close(m, img), -ERR_IMAGE_INCOMPLETE);
	assert_int_equal(img->state, IMAGE_LATE);
	assert_ptr_equal(image_find(m, "l"), img);
	next = open_image("n", 1);
	assert_true(next->seq > img->seq);
	image_free(m, img);
	assert_null(image_find(m, "l"));
	assert_ptr_equal(image_nth(m, 0), next);
	assert_int_equal(image_open_late(m, "l", "", 1, "dir/", &img), -ERR_CPIO_NAME);
	assert_int_equal(image_open_late(m, "l", "", 1, "", &img), 0);
	assert_int_equal(img->headroom, 0);
	err_clear(m);
	while (!image_open_late(m, "l", "", 1, NULL, &img))
		;
	assert_int_equal(m->err.code, ERR_IMAGE_MAX);
	assert_non_null(image_nth(m, IMAGE_MAX - 1));
	assert_int_equal(pages.calls, 1);
}

/* It is in nobody's way where images have their places in the map. */
static void test_late_in_no_memory(void **state)
{
	const uint64_t most = (1ull << IMAGE_LATE_BITS) - 1;
	struct image *img, *big;

	(void)state;
	assert_int_equal(image_open_late(m, "l", "", most + 1, "f", &img), -ERR_IMAGE_MEMORY);
	assert_int_equal(image_open_late(m, "l", "", UINT64_MAX - 1, "f", &img), -ERR_IMAGE_MEMORY);
	assert_null(image_find(m, "l"));
	assert_int_equal(image_open_late(m, "l", "", most, "f", &img), 0);
	big = open_image("x", IMAGE_SIZE_UNKNOWN);
	assert_int_equal(big->base, m->mem.floor);
	assert_int_equal(image_span(big).end, 64 * MIB);
}

static void test_free_auto(void **state)
{
	struct image *a = load("a", "1"), *b = load("b", "2"), *s = load("s", "3");

	(void)state;
	a->autofree = s->autofree = true;
	m->script.frame[0].img = s;
	m->script.depth = 1;
	image_free_auto(m);
	assert_null(image_find(m, "a"));
	assert_ptr_equal(image_nth(m, 0), b);
	assert_ptr_equal(image_nth(m, 1), s);
	assert_false(load("c", "4")->autofree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_known_size, setup, teardown),
		cmocka_unit_test_setup_teardown(test_first_wins, setup, teardown),
		cmocka_unit_test_setup_teardown(test_beyond, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown_size, setup, teardown),
		cmocka_unit_test_setup_teardown(test_absurd_size, setup, teardown),
		cmocka_unit_test_setup_teardown(test_empty, setup, teardown),
		cmocka_unit_test_setup_teardown(test_islands, setup, teardown),
		cmocka_unit_test_setup_teardown(test_types, setup, teardown),
		cmocka_unit_test_setup_teardown(test_find, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kernel_and_script, setup, teardown),
		cmocka_unit_test_setup_teardown(test_path, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ring, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ring_in_no_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pages, setup_pages, teardown_pages),
		cmocka_unit_test_setup_teardown(test_pages_unknown, setup_pages, teardown_pages),
		cmocka_unit_test_setup_teardown(test_pages_path, setup_pages, teardown_pages),
		cmocka_unit_test_setup_teardown(test_pages_errors, setup_pages, teardown_pages),
		cmocka_unit_test_setup_teardown(test_pages_ring, setup_pages, teardown_pages),
		cmocka_unit_test_setup_teardown(test_pages_random, setup_pages, teardown_pages),
		cmocka_unit_test_setup_teardown(test_late, setup_pages, teardown_pages),
		cmocka_unit_test_setup_teardown(test_late_in_no_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_free_auto, setup_pages, teardown_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
