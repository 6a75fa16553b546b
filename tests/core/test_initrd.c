/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core/initrd.c: after the moves and blobs of a boot request were carried out, on memory that
 * watches where they go, the kernel's code is at its place and the initrd region holds exactly the
 * files, as Linux would read it. By hand for the layouts that matter, then for random ones.
 */
#include "core/bzimage.h"
#include "core/machine.h"
#include "tests/core/kernel.h"
#include "tests/fake.h"
#include "tests/unit.h"

#define MIB ((uint64_t)1 << 20)

static struct fake fake;
static struct machine machine;
static struct machine *const m = &machine;
static struct boot_request req;
static struct config config;
static uint8_t kernel_file[KERNEL_MAX];
static uint32_t kernel_size;
static struct kernel_spec spec;

/* What was loaded, by slot of m->images. */
static uint8_t *data[IMAGE_MAX];

static const struct kernel_spec small = {
	.version = 0x20f,
	.setup_sects = 3,
	.code_size = 0x10000,
	.initrd_addr_max = 0x7fffffff,
	.alignment = 0x100000,
	.min_alignment = 12,
	.cmdline_size = 2047,
	.relocatable = 1,
	.pref_address = 2 << 20,
	.init_size = 1 << 20,
};

static const struct image_type *const types[] = {&bzimage_type, NULL};

static void start(uint64_t ram)
{
	config = fake_config;
	config.image_types = types;
	fake_init(&fake, ram);
	fake.self = (struct mem_range){0x90000, 0x91000, 0};
	assert_int_equal(machine_init(m, NULL, &fake_platform, &fake, &config), 0);
	spec = small;
}

static void forget(unsigned slot)
{
	free(data[slot]);
	data[slot] = NULL;
	image_free(m, &m->images[slot]);
}

static int teardown(void **state)
{
	(void)state;
	for (unsigned i = 0; i < IMAGE_MAX; i++)
		forget(i);
	fake_end(&fake);
	return 0;
}

/* Random bytes, from another point for each image. */
static void random_bytes(uint8_t *dst, uint32_t size)
{
	static uint32_t pool[(24 << 20) / 4];
	uint64_t seed = 10;

	for (uint32_t i = 0; !pool[0] && i < ROWS(pool); i++)
		pool[ROWS(pool) - 1 - i] = fake_random(&seed) | 1;
	assert_true(size <= 16 << 20);
	memcpy(dst, pool + m->image_seq % 64 * 32000, size);
}

/* Fills an image that was opened and closes it; bytes that neither cpio nor zero padding begins
 * with. */
static void fill(struct image *img, uint32_t size)
{
	unsigned slot = (unsigned)(img - m->images);

	data[slot] = malloc(size + 1u);
	random_bytes(data[slot], size);
	if (size)
		data[slot][0] = 0x1f;
	assert_int_equal(image_set_total(m, img, size), 0);
	assert_int_equal(image_put(m, img, 0, data[slot], size), 0);
	assert_int_equal(image_close(m, img), 0);
}

static struct image *load(const char *name, uint32_t size, const char *path)
{
	struct image *img;

	assert_int_equal(image_open(m, name, "", size, path, &img), 0);
	fill(img, size);
	return img;
}

static struct image *load_initrd(uint32_t size, const char *path)
{
	struct image *img = load("initrd", size, path);

	img->initrd = true;
	return img;
}

static struct image *load_kernel(void)
{
	struct image *img;

	kernel_size = kernel_make(kernel_file, &spec, 9);
	assert_int_equal(image_open(m, "vmlinuz", "", kernel_size, NULL, &img), 0);
	assert_int_equal(image_put(m, img, 0, kernel_file, kernel_size), 0);
	assert_int_equal(image_close(m, img), 0);
	return img;
}

/* Free RAM at `at`, for an image that would not come to lie there by itself. */
static void place_at(uint64_t at)
{
	m->mem.floor = at;
}

/* -- what the kernel would see ------------------------------------------------------------ */

static void carry_out(void)
{
	static uint8_t zero[8192];

	for (unsigned i = 0; i < req.nmoves; i++) {
		struct boot_move mv = req.moves[i];

		assert_true(mv.dst >= MIB);
		if (mv.src != BOOT_MOVE_ZERO)
			fake_platform.phys_move(&fake, mv.dst, mv.src, mv.n);
		for (uint64_t n; mv.src == BOOT_MOVE_ZERO && mv.n; mv.n -= n, mv.dst += n) {
			n = mv.n < sizeof(zero) ? mv.n : sizeof(zero);
			fake_platform.phys_write(&fake, mv.dst, zero, (size_t)n);
		}
	}
	for (unsigned i = 0; i < req.nblobs; i++) {
		const struct boot_blob *b = &req.blobs[i];

		assert_true(b->dst >= MIB);
		assert_true(b->off + b->n <= req.nblob);
		fake_platform.phys_write(&fake, b->dst, req.blob + b->off, b->n);
	}
}

static uint32_t hex(uint64_t at)
{
	char digits[9] = {0}, *end;
	uint32_t v;

	memcpy(digits, fake.ram + at, 8);
	v = (uint32_t)strtoul(digits, &end, 16);
	assert_ptr_equal(end, digits + 8);
	return v;
}

/* One entry of a cpio archive at *at, which moves behind it. Returns its mode, name and where its
 * data is. */
static uint32_t read_entry(uint64_t *at, const char **name, uint64_t *bytes, uint32_t *size)
{
	uint32_t mode = hex(*at + 14), namesize = hex(*at + 94);

	assert_memory_equal(fake.ram + *at, "070701", 6);
	assert_int_equal(hex(*at + 38), 1); /* links */
	*size = hex(*at + 54);
	*name = (const char *)fake.ram + *at + 110;
	assert_int_equal(strlen(*name) + 1, namesize);
	*bytes = (*at + 110 + namesize + 3) & ~3ull;
	*at = (*bytes + *size + 3) & ~3ull;
	return mode;
}

/* An archive with the directories on the way to img's path, its file, and the trailer. */
static uint64_t check_archive(uint64_t at, const struct image *img)
{
	const char *path = img->path, *name;
	uint64_t bytes;
	uint32_t size;

	while (*path == '/')
		path++;
	for (const char *p = path; *p; p++)
		if (p > path && *p == '/' && p[-1] != '/') {
			assert_int_equal(read_entry(&at, &name, &bytes, &size), 040755);
			assert_int_equal(strlen(name), p - path);
			assert_memory_equal(name, path, (size_t)(p - path));
			assert_int_equal(size, 0);
		}
	assert_int_equal(read_entry(&at, &name, &bytes, &size), 0100000 | img->mode);
	assert_string_equal(name, path);
	assert_int_equal(size, img->total);
	assert_memory_equal(fake.ram + bytes, data[img - m->images], size);
	read_entry(&at, &name, &bytes, &size);
	assert_string_equal(name, "TRAILER!!!");
	return at;
}

/* Linux init/initramfs.c in short: zeros are skipped, '0' on a multiple of 4 starts a cpio, else a
 * raw file. */
static void check_region(void)
{
	uint64_t at = req.initrd_start, end = at + req.initrd_size;
	const struct image *img;

	for (unsigned i = 0; (img = image_nth(m, i)); i++) {
		if (!img->initrd || (!img->total && !img->path[0]))
			continue;
		while (at < end && !fake.ram[at])
			at++;
		assert_true(at < end);
		if (img->path[0]) {
			assert_int_equal(at % 4, 0);
			at = check_archive(at, img);
		} else {
			assert_int_equal(at % 4096, 0);
			assert_memory_equal(
				fake.ram + at, data[img - m->images], (size_t)img->total);
			at += img->total;
		}
		assert_true(at <= end);
	}
	for (; at < end; at++)
		assert_int_equal(fake.ram[at], 0);
}

static void check_boot(void)
{
	uint32_t setup = kernel_setup_size(&spec);

	carry_out();
	assert_memory_equal(fake.ram + req.entry, kernel_file + setup, kernel_size - setup);
	check_region();
	assert_int_equal(req.initrd_start % 4096, 0);
	assert_true(req.initrd_start + req.initrd_size <= req.kernel_start ||
		    req.kernel_end <= req.initrd_start);
	assert_int_equal(kernel_get(req.params, 0x218, 4), req.initrd_start);
	assert_int_equal(kernel_get(req.params, 0x21c, 4), req.initrd_size);
}

static int prepare(struct image *kernel)
{
	err_clear(m);
	memset(&req, 0xee, sizeof(req));
	return kernel->type->prepare(m, kernel, &req);
}

/* Moves of bytes that are in images, the kernel's included. */
static unsigned data_moves(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < req.nmoves; i++)
		n += req.moves[i].src != BOOT_MOVE_ZERO;
	return n;
}

/* -- by hand ------------------------------------------------------------------------------ */

/* What everybody does: kernel, initrd, more initrds. Only the kernel moves. */
static void test_usual(void **state)
{
	struct image *kernel, *first;

	(void)state;
	start(64 * MIB);
	kernel = load_kernel();
	first = load_initrd(1000001, NULL);
	load_initrd(3, NULL);
	load_initrd(0, NULL);
	load_initrd(4096, "/etc/motd");
	load_initrd(70001, "a/b/c")->mode = 0755;
	load_initrd(512, NULL);
	assert_int_equal(prepare(kernel), 0);
	assert_int_equal(data_moves(), 1);
	assert_int_equal(req.initrd_start, first->base);
	check_boot();
	assert_int_equal(req.initrd_start + req.initrd_size, image_nth(m, 6)->base + 512);
}

/* One raw initrd: the region is exactly that file. */
static void test_single(void **state)
{
	struct image *kernel, *img;

	(void)state;
	start(64 * MIB);
	kernel = load_kernel();
	img = load_initrd(12345, NULL);
	assert_int_equal(prepare(kernel), 0);
	assert_int_equal(req.initrd_start, img->base);
	assert_int_equal(req.initrd_size, 12345);
	assert_int_equal(req.nmoves, 1);
	assert_int_equal(req.nblobs, 0);
	check_boot();
}

static void test_none(void **state)
{
	struct image *kernel;

	(void)state;
	start(64 * MIB);
	kernel = load_kernel();
	load("not an initrd", 1000, NULL);
	load_initrd(0, NULL); /* an empty one is as good as none */
	assert_int_equal(prepare(kernel), 0);
	assert_int_equal(req.initrd_start, 0);
	assert_int_equal(req.initrd_size, 0);
	assert_int_equal(req.nmoves, 1);
	check_boot();
}

/* The kernel, or something else, between two initrds: the smaller part is moved. */
static void test_between(void **state)
{
	struct image *kernel, *big;

	(void)state;
	start(64 * MIB);
	load_initrd(5000, NULL);
	kernel = load_kernel();
	big = load_initrd(4000000, NULL);
	load("script", 100, NULL);
	load_initrd(6000, "last");
	assert_int_equal(prepare(kernel), 0);
	assert_int_equal(data_moves(), 3);
	assert_int_equal(req.initrd_start + 8192, big->base);
	check_boot();
}

/* A later one that lies lower: the order of loading counts, not the place. */
static void test_out_of_order(void **state)
{
	struct image *kernel, *hole;

	(void)state;
	start(64 * MIB);
	hole = load("hole", 1000000, NULL);
	kernel = load_kernel();
	load_initrd(2000000, NULL);
	forget((unsigned)(hole - m->images));
	assert_true(load_initrd(900000, NULL)->base < kernel->base);
	assert_int_equal(prepare(kernel), 0);
	assert_int_equal(data_moves(), 2);
	check_boot();
}

/* Initrds where the kernel wants to run: they make way, before it is moved there. */
static void test_in_the_way(void **state)
{
	struct image *kernel;

	(void)state;
	start(64 * MIB);
	place_at(MIB);
	load_initrd(1500000, NULL);
	load_initrd(1500000, NULL);
	kernel = load_kernel();
	assert_int_equal(prepare(kernel), 0);
	assert_int_equal(req.entry, 2 * MIB);
	check_boot();
}

/* Memory all but full: initrds and kernel can only slide. */
static void test_slide(void **state)
{
	struct image *kernel, *gap;

	(void)state;
	start(16 * MIB);
	place_at(MIB);
	gap = load("gap", 2 << 20, NULL);
	load_initrd(6 << 20, NULL);
	kernel = load_kernel();
	load_initrd(6 << 20, NULL);
	forget((unsigned)(gap - m->images));
	assert_int_equal(prepare(kernel), 0);
	assert_int_equal(req.entry, 2 * MIB);
	check_boot();
}

/* Two that would have to trade places, were there not room behind a hole in memory. */
static void test_behind_a_hole(void **state)
{
	struct image *kernel;

	(void)state;
	start(20 * MIB);
	fake.map[fake.nmap++] = (struct mem_range){10 * MIB, 10 * MIB + 1, MEM_RESERVED};
	mem_init(m);
	place_at(6 * MIB);
	load_initrd(3 << 20, NULL);
	place_at(3 * MIB);
	load_initrd(3 << 20, NULL);
	place_at(19 * MIB);
	kernel = load_kernel();
	assert_int_equal(prepare(kernel), 0);
	assert_int_equal(req.entry, 2 * MIB);
	assert_int_equal(req.initrd_start, 10 * MIB + 4096);
	check_boot();
}

static void test_too_full(void **state)
{
	struct image *kernel, *hole;

	(void)state;
	start(16 * MIB);
	place_at(MIB);
	hole = load("hole", 7 << 20, NULL);
	load_initrd(6 << 20, NULL);
	forget((unsigned)(hole - m->images));
	load_initrd(6 << 20, NULL); /* the two would have to trade places */
	kernel = load_kernel();
	assert_int_equal(prepare(kernel), -ERR_INITRD_PLACE);
	assert_int_equal(req.kind, BOOT_NONE);
	assert_string_equal(m->err.detail, "below 0x80000000, beside vmlinuz");
}

static void test_limits(void **state)
{
	static const struct {
		uint16_t version, xloadflags;
		uint32_t initrd_addr_max;
		const char *cmdline;
		uint64_t base, limit;
	} rows[] = {
		{0x202, 0, 0, "", 0x37f00000, 0x38000000},
		{0x202, 0, 0, "", 0x37e00000, 0},
		{0x203, 0, 0x37ffffff, "", 0x37f00000, 0x38000000},
		{0x20f, 0, 0x37ffffff, "", 0x37f00000, 0x38000000},
		{0x20f, 0, 0x7fffffff, "", 0x37f00000, 0},
		{0x20f, 0, 0x7fffffff, "", 0x7ff00000, 0x80000000},
		{0x20f, 0, 0xffffffff, "", 0xa0000000, 0},
		{0x20f, 2, 0x7fffffff, "", 0x7ff00000, 0},	    /* reaches beyond 4 GiB */
		{0x20b, 2, 0x7fffffff, "", 0x7ff00000, 0x80000000}, /* has no such field */
		{0x20f, 2, 0, "", 0x90000000, 0},
		/* mem= is an option to the boot loader, too */
		{0x20f, 0, 0x7fffffff, "mem=64M", 0x10000000, 64 << 20},
		{0x20f, 0, 0x7fffffff, "quiet mem=0x4000000 x", 0x10000000, 64 << 20},
		{0x20f, 0, 0x7fffffff, "  mem=65536k", 0x10000000, 64 << 20},
		{0x20f, 0, 0x7fffffff, "mem=1G mem=67108864", 0x10000000, 64 << 20},
		{0x20f, 0, 0x7fffffff, "mem=1G", 0x10000000, 0},
		{0x20f, 0, 0x7fffffff, "mem=16E mem=999999P mem=1T", 0x10000000, 0},
		{0x20f, 0, 0x7fffffff, "mem=nopentium mem= mem=M mem=64MM mem", 0x10000000, 0},
		{0x20f, 0, 0x7fffffff, "xmem=64M memory=64M mem:64M", 0x10000000, 0},
		{0x20f, 0, 0x7fffffff, "mem=00000000000000000000000000064M", 0x10000000, 0},
	};

	for (unsigned i = 0; i < ROWS(rows); i++) {
		struct image *kernel, *img;

		if (rows[i].base >= FAKE_RAM_MAX)
			continue;
		start(FAKE_RAM_MAX < 4096 * MIB ? FAKE_RAM_MAX : 4096 * MIB);
		spec.version = rows[i].version;
		spec.xloadflags = rows[i].xloadflags;
		spec.initrd_addr_max = rows[i].initrd_addr_max;
		kernel = load_kernel();
		str_copy(kernel->cmdline, sizeof(kernel->cmdline), rows[i].cmdline);
		place_at(rows[i].base);
		img = load_initrd((1 << 20) + 1, NULL);
		assert_int_equal(img->base, rows[i].base);
		assert_int_equal(prepare(kernel), 0);
		if (rows[i].limit)
			assert_true(req.initrd_start + req.initrd_size <= rows[i].limit);
		else
			assert_int_equal(req.initrd_start, rows[i].base);
		check_boot();
		teardown(state);
	}
	start(16 * MIB);
}

/* A byte up to the limit is allowed, one more is not. */
static void test_limit_exact(void **state)
{
	struct image *kernel, *img;

	(void)state;
	start(64 * MIB);
	spec.initrd_addr_max = 0x2000000 + 4999;
	kernel = load_kernel();
	place_at(0x2000000);
	img = load_initrd(5000, NULL);
	assert_int_equal(prepare(kernel), 0);
	assert_int_equal(req.initrd_start, img->base);
	forget((unsigned)(img - m->images));
	img = load_initrd(5001, NULL);
	assert_int_equal(prepare(kernel), 0);
	assert_int_not_equal(req.initrd_start, img->base);
	check_boot();
}

static void test_incomplete(void **state)
{
	struct image *kernel, *img;

	(void)state;
	start(16 * MIB);
	kernel = load_kernel();
	img = load_initrd(5000, NULL);
	img->state = IMAGE_FILLING;
	assert_int_equal(prepare(kernel), -ERR_IMAGE_INCOMPLETE);
	assert_int_equal(req.kind, BOOT_NONE);
	assert_string_equal(m->err.detail, "initrd initrd");
	img->state = IMAGE_READY;
	img->total = 0x100000000; /* cpio has 32 bits for it, and so has the kernel */
	assert_int_equal(prepare(kernel), -ERR_INITRD_PLACE);
}

/* As many images as there can be, the kernel being one and an initrd as well. */
static void test_most(void **state)
{
	char path[100];
	struct image *kernel;

	(void)state;
	start(64 * MIB);
	kernel = load_kernel();
	for (unsigned i = 1; i < IMAGE_MAX; i++) {
		struct image *gap = i < IMAGE_MAX - 1 ? load("gap", 1, NULL) : NULL;

		snprintf(path, sizeof(path), "/directory/another/file%u", i);
		load_initrd(1000 + i, path);
		if (gap)
			forget((unsigned)(gap - m->images));
	}
	assert_int_equal(prepare(kernel), 0);
	check_boot();
	assert_true(req.nmoves <= BOOT_MOVES_MAX);
	data[kernel - m->images] = malloc(kernel_size);
	memcpy(data[kernel - m->images], kernel_file, kernel_size);
	start(64 * MIB);
}

/* Headers that are together too much for the request. */
static void test_many_headers(void **state)
{
	struct image *kernel;
	char path[IMAGE_NAME_MAX];
	int ret = 0;

	(void)state;
	start(64 * MIB);
	kernel = load_kernel();
	memset(path, 'x', sizeof(path));
	for (unsigned i = 8; i < 72; i += 8)
		path[i] = '/';
	path[IMAGE_NAME_MAX - 1] = 0;
	for (unsigned i = 1; i < IMAGE_MAX && !ret; i++) {
		load_initrd(10, path);
		ret = prepare(kernel);
		if (!ret)
			check_boot();
	}
	assert_int_equal(ret, -ERR_CPIO_NAME);
	assert_int_equal(req.kind, BOOT_NONE);
}

/* -- at random; ROUNDS=n in the environment for more ------------------------------------- */

#define PAGES 4096 /* 16 MiB */

static bool is_clear(uint64_t from, uint64_t to)
{
	if (!mem_is_ram(m, from, to))
		return false;
	for (unsigned i = 0; i < IMAGE_MAX; i++) {
		struct range span = image_span(&m->images[i]);

		if (m->images[i].state != IMAGE_FREE && from < span.end && span.start < to)
			return false;
	}
	return true;
}

/* An image at a random place that is free, if one is found. */
static struct image *scatter(uint64_t *seed, const char *path, uint32_t size)
{
	struct image *img;

	if (image_open(m, "r", "", size, path, &img))
		return NULL;
	for (unsigned i = 0; i < 20 && fake_random(seed) % 8; i++) {
		uint64_t base = img->base;

		img->state = IMAGE_FREE;
		img->base = (256 + fake_random(seed) % (PAGES - 256)) * 4096 + img->headroom;
		if (fake_random(seed) % 4 == 0)
			img->base += fake_random(seed) % 4096;
		if (!is_clear(image_span(img).start, image_span(img).end + 1))
			img->base = base;
		img->state = IMAGE_FILLING;
	}
	return img;
}

static void random_images(uint64_t *seed, struct image **kernel)
{
	static const char *const paths[] = {NULL, "/init", "etc/a/b", "//x//y"};
	unsigned n = fake_random(seed) % 7, k = fake_random(seed) % (n + 1);
	uint32_t full = 1 + fake_random(seed) % (14u << 20) / (n + 1);
	bool wild = fake_random(seed) % 2;

	*kernel = NULL;
	for (unsigned i = 0; i <= n; i++) {
		uint32_t size = fake_random(seed) % 2 ? full : fake_random(seed) % full;
		const char *path = paths[fake_random(seed) % 4];
		struct image *img = NULL;

		if (i == k) {
			kernel_size = kernel_make(kernel_file, &spec, *seed);
			size = kernel_size;
			path = NULL;
		}
		if (wild)
			img = scatter(seed, path, size);
		else if (image_open(m, "r", "", size, path, &img))
			img = NULL;
		if (!img)
			continue;
		if (i == k) {
			image_put(m, img, 0, kernel_file, size);
			assert_int_equal(image_close(m, img), 0);
			*kernel = img;
			continue;
		}
		fill(img, size);
		img->initrd = fake_random(seed) % 6 != 0;
		if (fake_random(seed) % 8 == 0)
			forget((unsigned)(img - m->images));
	}
}

/* A page where the whole region would lie in memory that nobody has, beside the preferred place. */
static bool has_room(uint64_t size, uint64_t keep, uint64_t keep_end)
{
	for (uint64_t p = 256; p < PAGES; p++) {
		uint64_t from = p * 4096, to = from + size;

		if (is_clear(from, to) && (to <= keep || keep_end <= from))
			return true;
	}
	return false;
}

static uint64_t expected_size(void)
{
	const struct image *img;
	uint64_t at = 0;

	for (unsigned i = 0; (img = image_nth(m, i)); i++)
		if (img->initrd) {
			at = ((at + 4095) & ~4095ull) + img->headroom + img->total;
			if (img->headroom)
				at = ((at + 3) & ~3ull) + 124;
		}
	return at;
}

static void test_random(void **state)
{
	const char *more = getenv("ROUNDS");
	unsigned rounds = more ? (unsigned)atoi(more) : 500, booted = 0, stayed = 0, moved = 0,
		 full = 0, elsewhere = 0;
	uint64_t seed = 8;

	for (unsigned round = 0; round < rounds; round++) {
		struct image *kernel;
		uint64_t size, keep_end;
		int ret;

		start(16 * MIB);
		spec.setup_sects = (uint8_t)(fake_random(&seed) % 5);
		spec.code_size = 16 + fake_random(&seed) % 0x80000 / 16 * 16;
		spec.alignment = 4096u << fake_random(&seed) % 10;
		spec.init_size = fake_random(&seed) % (4u << 20);
		spec.pref_address =
			MIB + fake_random(&seed) % (8 * MIB) / spec.alignment * spec.alignment;
		spec.relocatable = fake_random(&seed) % 4 != 0;
		for (unsigned i = fake_random(&seed) % 3; i; i--) {
			uint64_t hole = MIB + fake_random(&seed) % (15 * MIB);

			fake.map[fake.nmap++] = (struct mem_range){
				hole, hole + fake_random(&seed) % MIB, MEM_RESERVED};
		}
		fake.self.start = MIB + fake_random(&seed) % (15 * MIB);
		fake.self.end = fake.self.start + fake_random(&seed) % (MIB / 2);
		mem_init(m);
		if (fake_random(&seed) % 2)
			place_at(MIB + fake_random(&seed) % (14 * MIB) / 4096 * 4096);
		random_images(&seed, &kernel);
		if (!kernel) {
			teardown(state);
			continue;
		}
		if (fake_random(&seed) % 4 == 0)
			snprintf(kernel->cmdline, sizeof(kernel->cmdline), "mem=%u",
				fake_random(&seed) % (20u << 20));
		size = expected_size();
		ret = prepare(kernel);
		if (!ret) {
			unsigned n = data_moves();

			check_boot();
			assert_true(size == req.initrd_size);
			booted++;
			stayed += req.initrd_size && n == 1;
			moved += n > 1;
			elsewhere += spec.relocatable &&
				     req.entry != ((spec.pref_address + spec.alignment - 1) &
							  ~(uint64_t)(spec.alignment - 1));
		} else {
			assert_int_equal(req.kind, BOOT_NONE);
			assert_true(ret == -ERR_INITRD_PLACE || ret == -ERR_BZIMAGE_PLACE);
			full += ret == -ERR_INITRD_PLACE;
		}
		/* No excuse when the preferred place is RAM and the region would fit beside all
		 * else. */
		keep_end = spec.pref_address +
			   (spec.init_size > spec.code_size ? spec.init_size : spec.code_size);
		if (ret && spec.relocatable && !kernel->cmdline[0] && size && spec.init_size &&
			mem_is_ram(m, spec.pref_address, keep_end))
			assert_false(has_room(size, spec.pref_address, keep_end));
		teardown(state);
	}
	print_message(
		"of %u: %u booted, %u without moving initrds, %u moving some, %u with the kernel "
		"elsewhere; %u were too full\n",
		rounds, booted, stayed, moved, elsewhere, full);
	assert_true(stayed > rounds / 10 && moved > rounds / 10 && elsewhere > rounds / 50 &&
		    full > 10);
	start(16 * MIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_usual, teardown),
		cmocka_unit_test_teardown(test_single, teardown),
		cmocka_unit_test_teardown(test_none, teardown),
		cmocka_unit_test_teardown(test_between, teardown),
		cmocka_unit_test_teardown(test_out_of_order, teardown),
		cmocka_unit_test_teardown(test_in_the_way, teardown),
		cmocka_unit_test_teardown(test_slide, teardown),
		cmocka_unit_test_teardown(test_behind_a_hole, teardown),
		cmocka_unit_test_teardown(test_too_full, teardown),
		cmocka_unit_test_teardown(test_limits, teardown),
		cmocka_unit_test_teardown(test_limit_exact, teardown),
		cmocka_unit_test_teardown(test_incomplete, teardown),
		cmocka_unit_test_teardown(test_most, teardown),
		cmocka_unit_test_teardown(test_many_headers, teardown),
		cmocka_unit_test_teardown(test_random, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
