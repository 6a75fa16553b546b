/* SPDX-License-Identifier: BSD-2-Clause */
/* core/pe.c: which files are UEFI programs for us, what is said of others, and the request. */
#include "core/pe.h"
#include "core/machine.h"
#include "tests/core/kernel.h"
#include "tests/fake.h"
#include "tests/unit.h"

#define MIB	 ((uint64_t)1 << 20)
#define FILE_MAX 4096u

static struct fake fake;
static struct machine machine;
static struct machine *const m = &machine;
static struct platform plat;
static const struct image_type *const types[] = {&script_type, &pe_type, &pe_not_type, NULL};

/* A program of two sections, to be spoiled by the tests. */
static struct pe_spec {
	uint32_t lfanew;
	uint16_t machine, sections, optional, magic, subsystem;
	uint32_t headers, raw[2], at[2];
} spec;
static uint8_t file[FILE_MAX];
static uint32_t size;

static const struct pe_spec good = {.lfanew = 0x80,
	.machine = 0x8664,
	.sections = 2,
	.optional = 0xf0,
	.magic = 0x20b,
	.subsystem = 10,
	.headers = 0x200,
	.raw = {0x200, 0x200},
	.at = {0x200, 0x400}};

static void put(uint32_t at, uint64_t v, unsigned n)
{
	kernel_put(file, at, v, n);
}

static void make(void)
{
	uint32_t pe = spec.lfanew, table = pe + 24 + spec.optional;

	memset(file, 0, sizeof(file));
	memcpy(file, "MZ", 2);
	put(0x3c, pe, 4);
	size = 0x600;
	if (pe > 0x400)
		return;
	memcpy(file + pe, "PE\0\0", 4);
	put(pe + 4, spec.machine, 2);
	put(pe + 6, spec.sections, 2);
	put(pe + 20, spec.optional, 2);
	put(pe + 24, spec.magic, 2);
	put(pe + 24 + 60, spec.headers, 4);
	put(pe + 24 + 68, spec.subsystem, 2);
	for (uint32_t i = 0; i < 2; i++) {
		put(table + i * 40 + 16, spec.raw[i], 4);
		put(table + i * 40 + 20, spec.at[i], 4);
	}
}

static int setup(void **state)
{
	static struct config config;

	(void)state;
	config = fake_config;
	config.image_types = types;
	plat = fake_platform;
	plat.buildarch = "x86_64";
	fake_init(&fake, 64 * MIB);
	spec = good;
	return machine_init(m, NULL, &plat, &fake, &config);
}

static int teardown(void **state)
{
	(void)state;
	fake_end(&fake);
	return 0;
}

/* The n bytes as an image; what closing it says. */
static int load(const void *data, uint32_t n, struct image **img)
{
	image_free_all(m);
	err_clear(m);
	assert_int_equal(image_open(m, "x", "http://192.0.2.1/x", n, NULL, img), 0);
	assert_int_equal(image_put(m, *img, 0, data, n), 0);
	return image_close(m, *img);
}

static struct image *load_good(void)
{
	struct image *img;

	make();
	assert_int_equal(load(file, size, &img), 0);
	assert_ptr_equal(img->type, &pe_type);
	return img;
}

/* Nobody claims it, nobody complains; and who wants to run it hears why not. */
static void assert_not(const void *data, uint32_t n, const char *why)
{
	struct image *img;

	assert_int_equal(load(data, n, &img), 0);
	assert_null(img->type);
	assert_int_equal(m->err.code, 0);
	assert_int_equal(image_probe(m, img), -ERR_IMAGE_TYPE);
	if (!strstr(m->err.detail, why))
		fail_msg("%s, not %s", m->err.detail, why);
	assert_int_equal(pe_type.prepare(m, img, &m->boot), -ERR_IMAGE_TYPE);
	assert_int_equal(m->boot.kind, BOOT_NONE);
}

static void assert_spec_not(const char *why)
{
	make();
	assert_not(file, size, why);
	spec = good;
}

static void assert_truncated(void)
{
	struct image *img;

	assert_int_equal(load(file, size, &img), -ERR_IMAGE_TRUNCATED);
	assert_null(img->type);
	assert_non_null(strstr(m->err.detail, "x: "));
	spec = good;
}

static void test_good(void **state)
{
	(void)state;
	load_good();
	for (spec.subsystem = 10; spec.subsystem <= 12; spec.subsystem++)
		load_good();
	spec = good;
	spec.machine = 0xaa64;
	plat.buildarch = "arm64";
	load_good();
	plat.buildarch = "x86_64";
	spec = good;
	spec.lfanew = 0x40; /* right behind, as in Linux */
	load_good();
	spec = good;
	spec.raw[1] = 0; /* zeros only: where they are in the file means nothing */
	spec.at[1] = 0xffffffff;
	load_good();
	spec = good;
	spec.sections = 0;
	load_good();
}

static void test_others(void **state)
{
	static const uint8_t gzip[64] = {0x1f, 0x8b, 8};

	(void)state;
	assert_not("", 0, "x: ");
	assert_not("MZ", 2, "DOS");
	assert_not("<html>", 6, "x: ");
	assert_not(gzip, sizeof(gzip), "gzip");
	spec.machine = 0xaa64;
	assert_spec_not("for arm64");
	plat.buildarch = "arm64";
	assert_spec_not("for x86-64");
	plat.buildarch = "x86_64";
	spec.machine = 0x14c;
	assert_spec_not("another CPU");
	spec.magic = 0x10b;
	assert_spec_not("32-bit");
	spec.subsystem = 3;
	assert_spec_not("not for UEFI");
	spec.subsystem = 13;
	assert_spec_not("not for UEFI");
	spec.sections = 97;
	assert_spec_not("no sense");
	spec.optional = 111;
	assert_spec_not("no sense");
	make();
	file[0x81] = 'F';
	assert_not(file, size, "DOS");
}

static void test_kernel_without_stub(void **state)
{
	static uint8_t kernel[KERNEL_MAX];
	const struct kernel_spec old = {.version = 0x20f, .code_size = 4096, .alignment = 4096};
	uint32_t n = kernel_make(kernel, &old, 1);

	(void)state;
	kernel[0] = 0;
	assert_not(kernel, n, "without EFI stub");
	memset(kernel, 0, 64);
	memcpy(kernel + 56, "ARM\x64", 4);
	assert_not(kernel, 64, "without EFI stub");
}

/* Every length that is too short is seen, and the right one is not. */
static void test_truncated(void **state)
{
	struct image *img;

	(void)state;
	make();
	for (uint32_t n = 0; n < size; n++) {
		int ret = load(file, n, &img);

		assert_null(img->type);
		assert_int_equal(ret, n < 0x40 ? 0 : -ERR_IMAGE_TRUNCATED);
	}
	load_good();
	for (uint32_t far = 0xffffffff; far >= 0x600; far >>= 1) {
		spec.lfanew = far;
		make();
		assert_truncated();
		spec.headers = far + 1;
		make();
		if (far + 1)
			assert_truncated();
		for (unsigned i = 0; i < 2; i++) {
			spec.at[i] = far;
			make();
			assert_truncated();
			spec.raw[i] = far;
			make();
			assert_truncated();
		}
	}
	spec.sections = 96;
	spec.lfanew = 0x400;
	make();
	assert_truncated();
}

static void test_prepare(void **state)
{
	struct image *img = load_good(), *late;

	(void)state;
	memset(&m->boot, 0xa5, sizeof(m->boot));
	strcpy(img->cmdline, "root=/dev/ram0  quiet");
	assert_int_equal(image_open_late(m, "i", "http://192.0.2.1/i", 5, "etc/i", &late), 0);
	late->initrd = true;
	assert_int_equal(img->type->prepare(m, img, &m->boot), 0);
	assert_int_equal(m->boot.kind, BOOT_EFI);
	assert_int_equal(m->boot.payload_start, img->base);
	assert_int_equal(m->boot.payload_size, 0x600);
	assert_string_equal(m->boot.name, "x");
	assert_string_equal(m->boot.uri, "http://192.0.2.1/x");
	assert_string_equal(m->boot.cmdline, "root=/dev/ram0  quiet");
	assert_int_equal(m->boot.nmoves, 0);
	assert_int_equal(m->boot.nblobs, 0);
	assert_true(m->boot.nblob > 2 * 110); /* of the cpio */
	assert_ptr_equal(image_find(m, "x"), img);
	assert_int_equal(late->state, IMAGE_LATE);
}

static void test_prepare_unfinished(void **state)
{
	struct image *img, *other;

	(void)state;
	assert_int_equal(image_open(m, "x", "", 3, NULL, &img), 0);
	assert_int_equal(pe_type.prepare(m, img, &m->boot), -ERR_IMAGE_INCOMPLETE);
	assert_int_equal(image_open_late(m, "l", "", 3, NULL, &img), 0);
	assert_int_equal(pe_type.prepare(m, img, &m->boot), -ERR_IMAGE_INCOMPLETE);
	err_clear(m);
	assert_int_equal(image_probe(m, img), -ERR_IMAGE_TYPE);
	assert_non_null(strstr(m->err.detail, "when a kernel asks"));
	img = load_good();
	assert_int_equal(image_open(m, "i", "", 3, NULL, &other), 0);
	other->initrd = true;
	assert_int_equal(pe_type.prepare(m, img, &m->boot), -ERR_IMAGE_INCOMPLETE);
	assert_int_equal(m->boot.kind, BOOT_NONE);
	/* cpio has 32 bits for a file's size; without one a file may be larger. */
	image_free(m, other);
	assert_int_equal(image_open_late(m, "i", "", 1ull << 32, "i", &other), 0);
	other->initrd = true;
	assert_int_equal(pe_type.prepare(m, img, &m->boot), -ERR_INITRD_PLACE);
	image_free(m, other);
	assert_int_equal(image_open_late(m, "i", "", 1ull << 32, NULL, &other), 0);
	other->initrd = true;
	assert_int_equal(pe_type.prepare(m, img, &m->boot), 0);
}

/* A Linux kernel that is a program at once, and says how long a command line it takes. */
static void test_cmdline(void **state)
{
	static uint8_t kernel[KERNEL_MAX];
	struct kernel_spec linux = {
		.version = 0x20f, .code_size = 4096, .alignment = 4096, .cmdline_size = 10};
	struct image *img;
	uint32_t n;

	(void)state;
	for (linux.version = 0x205; linux.version <= 0x20f; linux.version += 10) {
		n = kernel_make(kernel, &linux, 1);
		make();
		memcpy(kernel, file, 0x1f1); /* with the first section's header, of no use here */
		assert_int_equal(load(kernel, n, &img), 0);
		assert_ptr_equal(img->type, &pe_type);
		strcpy(img->cmdline, "0123456789");
		assert_int_equal(img->type->prepare(m, img, &m->boot), 0);
		strcpy(img->cmdline, "0123456789x");
		assert_int_equal(img->type->prepare(m, img, &m->boot),
			linux.version == 0x205 ? 0 : -ERR_BZIMAGE_CMDLINE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good, setup, teardown),
		cmocka_unit_test_setup_teardown(test_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kernel_without_stub, setup, teardown),
		cmocka_unit_test_setup_teardown(test_truncated, setup, teardown),
		cmocka_unit_test_setup_teardown(test_prepare, setup, teardown),
		cmocka_unit_test_setup_teardown(test_prepare_unfinished, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cmdline, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
