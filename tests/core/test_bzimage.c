/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core/bzimage.c: kernels of each protocol version, truncated and lying ones, what goes into
 * boot_params, and where the kernel is put. KERNEL=FILE in the environment adds a real one. Where
 * initrds go: test_initrd.c.
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
static uint8_t file[KERNEL_MAX];
static uint32_t file_size;

static const uint16_t versions[] = {0x200, 0x201, 0x202, 0x203, 0x204, 0x205, 0x206, 0x207, 0x208,
	0x209, 0x20a, 0x20b, 0x20c, 0x20d, 0x20e, 0x20f};

/* As a distribution's kernel, but smaller. */
static const struct kernel_spec modern = {
	.version = 0x20f,
	.setup_sects = 0x27,
	.code_size = 300000 / 16 * 16,
	.initrd_addr_max = 0x7fffffff,
	.alignment = 2 << 20,
	.min_alignment = 12,
	.cmdline_size = 2047,
	.relocatable = 1,
	.pref_address = 16 << 20,
	.init_size = 3 << 20,
};

static const struct image_type *const types[] = {&bzimage_type, NULL};
static struct config config;

static void start(void)
{
	config = fake_config;
	config.image_types = types;
	assert_int_equal(machine_init(m, NULL, &fake_platform, &fake, &config), 0);
}

static int setup(void **state)
{
	(void)state;
	fake_init(&fake, 64 * MIB);
	fake.self = (struct mem_range){60 * MIB, 61 * MIB, 0}; /* old kernels need the second MiB */
	start();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_end(&fake);
	return 0;
}

static void make(const struct kernel_spec *s)
{
	file_size = kernel_make(file, s, 1);
}

/* The first n bytes of file as the only image; what image_close() said. */
static int load(struct image **img, uint32_t n)
{
	image_free_all(m);
	err_clear(m);
	assert_int_equal(image_open(m, "vmlinuz", "", n, NULL, img), 0);
	assert_int_equal(image_put(m, *img, 0, file, n), 0);
	return image_close(m, *img);
}

static int prepare(const char *cmdline)
{
	struct image *img;
	int ret = load(&img, file_size);

	if (ret)
		return ret;
	assert_ptr_equal(img->type, &bzimage_type);
	str_copy(img->cmdline, sizeof(img->cmdline), cmdline);
	memset(&req, 0xee, sizeof(req));
	return img->type->prepare(m, img, &req);
}

static uint64_t param(unsigned off, unsigned n)
{
	return kernel_get(req.params, off, n);
}

/* Carries out the moves and checks that the kernel's code is where the entry point says. */
static void check_code(void)
{
	const uint8_t *code = file + (file[0x1f1] + 1) * 512;

	assert_int_equal(req.nmoves, 1);
	fake_platform.phys_move(&fake, req.moves[0].dst, req.moves[0].src, req.moves[0].n);
	assert_memory_equal(fake.ram + req.entry, code, file_size - (size_t)(code - file));
	assert_int_equal(req.entry, req.moves[0].dst);
	assert_true(req.kernel_start <= req.entry);
	assert_true(req.entry + (file_size - (size_t)(code - file)) <= req.kernel_end);
}

static void test_versions(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ROWS(versions); i++) {
		struct kernel_spec s = modern;

		s.version = versions[i];
		make(&s);
		assert_int_equal(prepare("console=ttyS0 quiet"), 0);
		assert_int_equal(req.kind, BOOT_LINUX);
		assert_int_equal(req.protocol, versions[i]);
		assert_string_equal(req.cmdline, "console=ttyS0 quiet");
		check_code();
		if (versions[i] < 0x205)
			assert_int_equal(req.entry, MIB);
		else if (versions[i] < 0x20a)
			assert_int_equal(req.entry, 2 * MIB); /* the first place that is aligned */
		else
			assert_int_equal(req.entry, 16 * MIB);
		if (versions[i] >= 0x20a)
			assert_int_equal(req.kernel_end, 19 * MIB);
	}
}

static void test_params(void **state)
{
	uint8_t zero[4096] = {0};

	(void)state;
	make(&modern);
	file[0x1f2] = 1;		       /* root_flags: the kernel's own */
	kernel_put(file, 0x250, 0x1234567, 8); /* setup_data: nobody's business in a file */
	kernel_put(file, 0x268, 0x7c8db0, 4);
	assert_int_equal(prepare("a"), 0);
	assert_int_equal(param(0x1f1, 1), 0x27);
	assert_int_equal(param(0x1f2, 2), 1);
	assert_int_equal(param(0x1fe, 2), 0xaa55);
	assert_int_equal(param(0x202, 4), 0x53726448);
	assert_int_equal(param(0x210, 1), 0xff);
	assert_int_equal(param(0x211, 1), 0x01);
	assert_int_equal(param(0x214, 4), 16 * MIB);
	assert_int_equal(param(0x218, 8), 0); /* no initrd */
	assert_int_equal(param(0x228, 4), 0);
	assert_int_equal(param(0x230, 4), 2 << 20);
	assert_int_equal(param(0x250, 8), 0);
	assert_int_equal(param(0x258, 8), 16 * MIB);
	assert_int_equal(param(0x260, 4), 3 << 20);
	assert_int_equal(param(0x268, 4), 0x7c8db0);
	/* Nothing of the setup code behind the header, nor of the boot sector in front of it. */
	assert_memory_equal(req.params + 0x26c, zero, 0x2d0 - 0x26c);
	assert_memory_equal(req.params, zero, 0x1e0);
	assert_int_equal(param(0x1ec, 4), 0); /* sentinel and its neighbours */
}

/* The header ends where its jump says; without one, where 2.15 ends. */
static void test_header_end(void **state)
{
	struct kernel_spec s = modern;

	(void)state;
	s.version = 0x204;
	make(&s);
	assert_int_equal(prepare(""), 0);
	assert_int_equal(param(0x230, 8), 0);
	assert_int_not_equal(kernel_get(file, 0x230, 8), 0);
	make(&modern);
	file[0x201] = 0x7f;
	assert_int_equal(prepare(""), 0);
	assert_int_equal(param(0x280, 1), file[0x280]);
	assert_int_equal(param(0x281, 8), 0);
	make(&modern);
	file[0x201] = 0x80; /* backwards */
	assert_int_equal(prepare(""), 0);
	assert_int_equal(param(0x260, 4), 3 << 20);
	assert_int_equal(param(0x26c, 8), 0);
	file[0x200] = 0xe9;
	assert_int_equal(prepare(""), 0);
	assert_int_equal(param(0x260, 4), 3 << 20);
}

static void test_memory_map(void **state)
{
	(void)state;
	make(&modern);
	assert_int_equal(prepare(""), 0);
	assert_int_equal(param(0x1e8, 1), fake.nmap);
	for (unsigned i = 0; i < fake.nmap; i++) {
		assert_int_equal(param(0x2d0 + 20 * i, 8), fake.map[i].start);
		assert_int_equal(param(0x2d8 + 20 * i, 8), fake.map[i].end - fake.map[i].start);
		assert_int_equal(param(0x2e0 + 20 * i, 4), fake.map[i].type);
	}
	assert_int_equal(param(0x2d0 + 20 * fake.nmap, 8), 0);
	assert_int_equal(param(0x1e0, 4), 63 * 1024); /* KiB above 1 MiB */
	/* Two rows in a row, then a hole. */
	fake.map[3].end = 32 * MIB;
	fake.map[4] = (struct mem_range){32 * MIB, 40 * MIB, MEM_RAM};
	fake.map[5] = (struct mem_range){41 * MIB, 64 * MIB, MEM_RAM};
	fake.nmap = 6;
	start();
	assert_int_equal(prepare(""), 0);
	assert_int_equal(param(0x1e0, 4), 39 * 1024);
}

static void test_command_line(void **state)
{
	struct kernel_spec s = modern;
	static char line[IMAGE_CMDLINE_MAX];

	(void)state;
	for (unsigned i = 0; i < ROWS(versions); i++) {
		uint32_t max = versions[i] < 0x206 ? 255 : 2047;

		s.version = versions[i];
		make(&s);
		memset(line, 'x', max + 1);
		line[max] = 0;
		assert_int_equal(prepare(line), 0);
		assert_string_equal(req.cmdline, line);
		line[max] = 'x';
		line[max + 1] = 0;
		assert_int_equal(prepare(line), -ERR_BZIMAGE_CMDLINE);
		assert_int_equal(req.kind, BOOT_NONE);
	}
	make(&modern);
	assert_int_equal(prepare(""), 0);
	assert_string_equal(req.cmdline, "");
}

static void test_place_params(void **state)
{
	uint8_t params[4096] = {0};

	(void)state;
	bzimage_place_params(params, 0x202, 0x10000, 0x11000);
	assert_int_equal(kernel_get(params, 0x228, 4), 0x11000);
	assert_int_equal(kernel_get(params, 0x20, 4), 0);
	memset(params, 0, sizeof(params));
	bzimage_place_params(params, 0x201, 0x90000, 0x91000);
	assert_int_equal(kernel_get(params, 0x20, 2), 0xa33f);
	assert_int_equal(kernel_get(params, 0x22, 2), 0x1000);
	assert_int_equal(kernel_get(params, 0x228, 4), 0);
}

/* Each length that a file can be cut to, around everything that is looked at and between. */
static void test_truncated(void **state)
{
	struct image *img;

	(void)state;
	for (unsigned i = 0; i < ROWS(versions); i++) {
		struct kernel_spec s = modern;

		s.version = versions[i];
		s.setup_sects = i % 2 ? 0 : 2;
		s.code_size = 4096;
		make(&s);
		for (uint32_t n = 0; n < file_size; n += n < 0x2a0 ? 1 : 61) {
			int want = -ERR_IMAGE_TRUNCATED;

			if (n < 0x208)
				want = 0; /* nobody can tell what that was meant to be */
			else if (versions[i] < 0x204 && n > kernel_setup_size(&s))
				want = 0; /* the header cannot tell */
			assert_int_equal(load(&img, n), want);
			if (n < 0x208 || want)
				assert_null(img->type);
			if (want) {
				char there[32];

				snprintf(there, sizeof(there), "expected, %u there", n);
				assert_non_null(strstr(m->err.detail, there));
			}
		}
		assert_int_equal(load(&img, kernel_setup_size(&s)), -ERR_IMAGE_TRUNCATED);
		assert_int_equal(load(&img, file_size), 0);
	}
	/* The sentence names both numbers. */
	make(&modern);
	load(&img, 300000);
	assert_string_equal(m->err.detail, "vmlinuz: 320480 bytes expected, 300000 there");
	/* More than the header says is fine: signatures are appended. */
	make(&modern);
	memset(file + file_size, 0x5a, 1500);
	assert_int_equal(load(&img, file_size + 1500), 0);
}

static void test_not_a_kernel(void **state)
{
	struct image *img;

	(void)state;
	make(&modern);
	file[0x1fe] = 0;
	assert_int_equal(load(&img, file_size), 0);
	assert_null(img->type);
	make(&modern);
	file[0x203] ^= 1;
	assert_int_equal(load(&img, file_size), 0);
	assert_null(img->type);
	assert_int_equal(m->err.code, 0); /* not being a kernel is no failure */
}

static void test_too_old(void **state)
{
	struct image *img;

	(void)state;
	make(&modern);
	kernel_put(file, 0x206, 0x1ff, 2);
	assert_int_equal(load(&img, file_size), -ERR_BZIMAGE_OLD);
	assert_string_equal(m->err.detail, "vmlinuz: protocol 1.255");
	make(&modern);
	file[0x211] = 0; /* a zImage */
	assert_int_equal(load(&img, file_size), -ERR_BZIMAGE_OLD);
}

/* Fields that make no sense, one at a time. */
static void test_lies(void **state)
{
	static const struct {
		unsigned off, n;
		uint64_t value;
		int want;
		const char *detail;
	} rows[] = {
		{0x1f4, 4, 0xffffffff, -ERR_IMAGE_TRUNCATED, "68719497200 bytes expected"},
		{0x1f4, 4, 300000 / 16 + 1, -ERR_IMAGE_TRUNCATED,
			"320496 bytes expected, 320480 there"},
		{0x1f4, 4, 0, 0, ""}, /* says nothing */
		{0x1f1, 1, 0xff, -ERR_IMAGE_TRUNCATED, "expected"},
		{0x214, 4, 0, -ERR_BZIMAGE_BAD, "code32_start is 0x0"},
		{0x214, 4, 0xfffff, -ERR_BZIMAGE_BAD, "code32_start is 0xfffff"},
		{0x214, 4, 0x100000 + 300000, -ERR_BZIMAGE_BAD, "code32_start"},
		{0x214, 4, 0xffffffff, -ERR_BZIMAGE_BAD, "code32_start"},
		{0x230, 4, 0, -ERR_BZIMAGE_BAD, "kernel_alignment is 0x0"},
		{0x230, 4, 0x300000, -ERR_BZIMAGE_BAD, "kernel_alignment is 0x300000"},
		{0x230, 4, 0xffffffff, -ERR_BZIMAGE_BAD, "kernel_alignment"},
		{0x258, 8, 0x100000000, -ERR_BZIMAGE_BAD, "pref_address is 0x100000000"},
		{0x258, 8, UINT64_MAX, -ERR_BZIMAGE_BAD, "pref_address"},
		{0x258, 8, 0xffffffff, -ERR_BZIMAGE_PLACE, ""},
		{0x258, 8, 0, 0, ""},
		{0x260, 4, 0xffffffff, -ERR_BZIMAGE_PLACE, "4194303 KiB from 0x1000000 on"},
		{0x260, 4, 0, 0, ""}, /* an estimate is taken */
		{0x260, 4, 1, 0, ""},
		{0x230, 4, 0x80000000, 0, ""}, /* less is allowed by min_alignment */
		{0x235, 1, 0xff, 0, ""},
		{0x235, 1, 0x1f, 0, ""},
		{0x235, 1, 0x20, 0, ""},
		{0x238, 4, 0xffffffff, 0, ""},
		{0x22c, 4, 0, 0, ""},
		{0x206, 2, 0xffff, 0, ""},
	};

	(void)state;
	for (unsigned i = 0; i < ROWS(rows); i++) {
		make(&modern);
		kernel_put(file, rows[i].off, rows[i].value, rows[i].n);
		assert_int_equal(prepare("quiet"), rows[i].want);
		if (rows[i].want)
			assert_non_null(strstr(m->err.detail, rows[i].detail));
		else
			check_code();
	}
	/* What a version does not have is not looked at. */
	for (unsigned i = 0; i < ROWS(rows); i++) {
		struct kernel_spec s = modern;

		s.version = 0x203;
		make(&s);
		if (rows[i].off < 0x230)
			continue;
		kernel_put(file, rows[i].off, rows[i].value, rows[i].n);
		assert_int_equal(prepare("quiet"), 0);
	}
}

static void test_cannot_reach_min_alignment(void **state)
{
	(void)state;
	make(&modern);
	file[0x235] = 0;
	kernel_put(file, 0x230, 0x80000000, 4); /* and no smaller alignment */
	assert_int_equal(prepare(""), -ERR_BZIMAGE_PLACE);
}

/* The entry need not be the first byte. */
static void test_entry_offset(void **state)
{
	(void)state;
	make(&modern);
	kernel_put(file, 0x214, 0x100040, 4);
	assert_int_equal(prepare(""), 0);
	assert_int_equal(req.moves[0].dst, 16 * MIB);
	assert_int_equal(req.entry, 16 * MIB + 0x40);
	assert_int_equal(param(0x214, 4), 16 * MIB + 0x40);
}

static void reserve(uint64_t from, uint64_t to)
{
	fake.map[fake.nmap++] = (struct mem_range){from, to, MEM_RESERVED};
	start();
}

static void test_preferred_taken(void **state)
{
	(void)state;
	make(&modern);
	reserve(17 * MIB, 18 * MIB + 4096); /* within the kernel's window */
	assert_int_equal(prepare(""), 0);
	assert_int_equal(req.entry, 20 * MIB);
	assert_int_equal(req.kernel_end, 23 * MIB);
	assert_int_equal(param(0x230, 4), 2 << 20);
	check_code();
	/* The program itself is as good as reserved. */
	fake.nmap--;
	fake.self = (struct mem_range){16 * MIB, 16 * MIB + 1, 0};
	start();
	assert_int_equal(prepare(""), 0);
	assert_int_equal(req.entry, 18 * MIB);
}

#if SIZE_MAX > UINT32_MAX /* for FAKE_RAM_MAX */
/* Up to the end of the 32-bit entry's world, not beyond, where there is memory, too. */
static void test_4_gib(void **state)
{
	struct kernel_spec s = modern;

	(void)state;
	fake_end(&fake);
	fake_init(&fake, 6144 * MIB);
	start();
	s.pref_address = 0xffd00000; /* and the window of 3 MiB */
	s.alignment = 0x100000;
	make(&s);
	assert_int_equal(prepare(""), 0);
	assert_int_equal(req.entry, 0xffd00000);
	check_code();
	s.pref_address += 0x100000;
	make(&s);
	assert_int_equal(prepare(""), -ERR_BZIMAGE_PLACE);
}
#endif

/* Only at the upper end of memory, and there only with less alignment than the kernel likes. */
static void test_min_alignment(void **state)
{
	(void)state;
	make(&modern);
	fake.map[3].end = 19 * MIB + 0x5000;
	fake.self = (struct mem_range){16 * MIB, 16 * MIB + 0x5000, 0};
	start();
	assert_int_equal(prepare(""), 0);
	assert_int_equal(req.entry, 16 * MIB + 0x5000);
	assert_int_equal(param(0x230, 4), 0x1000); /* the kernel is told */
	check_code();
	fake.self.end++;
	start();
	assert_int_equal(prepare(""), -ERR_BZIMAGE_PLACE);
	assert_int_equal(req.kind, BOOT_NONE);
}

/* Loads at 1 MiB, runs where it prefers: both must be RAM. */
static void test_not_relocatable(void **state)
{
	struct kernel_spec s = modern;

	(void)state;
	s.relocatable = 0;
	make(&s);
	kernel_put(file, 0x230, 12345, 4); /* not looked at */
	fake.self = (struct mem_range){MIB, 2 * MIB, 0};
	start();
	assert_int_equal(prepare(""), -ERR_BZIMAGE_PLACE);
	fake.self = (struct mem_range){60 * MIB, 61 * MIB, 0};
	start();
	assert_int_equal(prepare(""), 0);
	assert_int_equal(req.entry, MIB);
	assert_int_equal(req.kernel_start, MIB);
	assert_int_equal(req.kernel_end, 19 * MIB);
	assert_int_equal(param(0x230, 4), 12345);
	check_code();
	reserve(18 * MIB, 18 * MIB + 1);
	assert_int_equal(prepare(""), -ERR_BZIMAGE_PLACE);
	fake.map[fake.nmap - 1] =
		(struct mem_range){15 * MIB, 16 * MIB, MEM_RESERVED}; /* the ISA hole */
	start();
	assert_int_equal(prepare(""), 0);
	fake.map[fake.nmap - 1] = (struct mem_range){MIB + 200000, MIB + 200001, MEM_RESERVED};
	start();
	assert_int_equal(prepare(""), -ERR_BZIMAGE_PLACE);
}

/* The kernel's own image may lie where the kernel is to run. */
static void test_in_its_own_way(void **state)
{
	(void)state;
	make(&modern);
	for (uint64_t at = 15 * MIB; at < 17 * MIB; at += 0x11000) {
		m->mem.floor = at;
		assert_int_equal(prepare(""), 0);
		assert_int_equal(m->images[0].base, at);
		assert_int_equal(req.entry, 16 * MIB);
		check_code();
	}
}

static void test_not_ready(void **state)
{
	struct image *img;

	(void)state;
	make(&modern);
	assert_int_equal(load(&img, file_size), 0);
	img->state = IMAGE_FILLING;
	assert_int_equal(bzimage_type.prepare(m, img, &req), -ERR_IMAGE_INCOMPLETE);
}

/* A kernel as it is shipped. */
static void test_real(void **state)
{
	const char *name = getenv("KERNEL");
	FILE *f = fopen(name ? name : "", "rb");
	struct image *img;
	uint8_t *bytes;
	long size;

	(void)state;
	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	rewind(f);
	bytes = malloc((size_t)size);
	assert_int_equal(fread(bytes, 1, (size_t)size, f), size);
	fclose(f);
	fake_end(&fake);
	fake_init(&fake, 512 * MIB);
	start();
	assert_int_equal(image_open(m, "vmlinuz", "", (uint64_t)size, NULL, &img), 0);
	assert_int_equal(image_put(m, img, 0, bytes, (size_t)size), 0);
	assert_int_equal(image_close(m, img), 0);
	assert_ptr_equal(img->type, &bzimage_type);
	assert_int_equal(img->type->prepare(m, img, &req), 0);
	assert_true(req.protocol >= 0x20c);
	assert_int_equal(req.entry, kernel_get(bytes, 0x258, 8));
	assert_true(req.kernel_end <= m->mem.floor);
	assert_int_equal(req.nmoves, 1);
	fake_platform.phys_move(&fake, req.moves[0].dst, req.moves[0].src, req.moves[0].n);
	assert_memory_equal(fake.ram + req.entry, bytes + (bytes[0x1f1] + 1) * 512,
		(size_t)size - (bytes[0x1f1] + 1u) * 512);
	/* A byte less than its header says. */
	image_free_all(m);
	size = (long)(kernel_get(bytes, 0x1f4, 4) * 16 + (bytes[0x1f1] + 1u) * 512) - 1;
	assert_int_equal(image_open(m, "vmlinuz", "", (uint64_t)size, NULL, &img), 0);
	assert_int_equal(image_put(m, img, 0, bytes, (size_t)size), 0);
	assert_int_equal(image_close(m, img), -ERR_IMAGE_TRUNCATED);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_versions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_params, setup, teardown),
		cmocka_unit_test_setup_teardown(test_header_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_memory_map, setup, teardown),
		cmocka_unit_test_setup_teardown(test_command_line, setup, teardown),
		cmocka_unit_test_setup_teardown(test_place_params, setup, teardown),
		cmocka_unit_test_setup_teardown(test_truncated, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_a_kernel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_old, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cannot_reach_min_alignment, setup, teardown),
		cmocka_unit_test_setup_teardown(test_entry_offset, setup, teardown),
		cmocka_unit_test_setup_teardown(test_preferred_taken, setup, teardown),
#if SIZE_MAX > UINT32_MAX
		cmocka_unit_test_setup_teardown(test_4_gib, setup, teardown),
#endif
		cmocka_unit_test_setup_teardown(test_min_alignment, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_relocatable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_in_its_own_way, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_ready, setup, teardown),
	};
	const struct CMUnitTest real[] = {
		cmocka_unit_test_setup_teardown(test_real, setup, teardown),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	/* The lab boots real kernels anyway; this only finds a failure sooner. */
	if (getenv("KERNEL"))
		failed += cmocka_run_group_tests(real, NULL, NULL);
	return failed;
}
