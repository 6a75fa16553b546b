/* SPDX-License-Identifier: BSD-2-Clause */
/* core/nbp.c: what may be a network boot program and what is certainly none; its request. */
#include "core/nbp.h"
#include "core/machine.h"
#include "tests/fake.h"
#include "tests/unit.h"

#define MIB  ((uint64_t)1 << 20)
#define ROOM (0x9fc00 - 0x7c00)

static struct fake fake;
static struct machine machine;
static struct machine *const m = &machine;
static const struct image_type *const types[] = {&nbp_type, NULL};

static void start(void)
{
	static struct config config;

	config = fake_config;
	config.image_types = types;
	assert_int_equal(machine_init(m, NULL, &fake_platform, &fake, &config), 0);
}

static int setup(void **state)
{
	(void)state;
	fake_init(&fake, 64 * MIB);
	start();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_end(&fake);
	return 0;
}

static struct image *load(const void *data, size_t n)
{
	struct image *img;

	image_free_all(m);
	assert_int_equal(image_open(m, "x", "tftp://192.0.2.1/x", n, NULL, &img), 0);
	assert_int_equal(image_put(m, img, 0, data, n), 0);
	assert_int_equal(image_close(m, img), 0);
	assert_null(img->type); /* nobody wants to run it yet */
	return img;
}

static void assert_none(const void *data, size_t n, const char *why)
{
	struct image *img = load(data, n);

	err_clear(m);
	assert_int_equal(image_probe(m, img), -ERR_IMAGE_TYPE);
	assert_null(img->type);
	assert_non_null(strstr(m->err.detail, why));
}

static void test_yes(void **state)
{
	static uint8_t big[ROOM];
	struct image *img = load("\xf4", 1);

	(void)state;
	assert_int_equal(image_probe(m, img), 0);
	assert_ptr_equal(img->type, &nbp_type);
	img = load("\x60\x1e\x06\x0f\xa8\x0f\xa0#!ipxe", 13);
	assert_int_equal(image_probe(m, img), 0);
	big[0] = 0xeb;
	img = load(big, sizeof(big));
	assert_int_equal(image_probe(m, img), 0);
}

static void test_no(void **state)
{
	static uint8_t big[ROOM + 1];

	(void)state;
	assert_none("", 0, "text");
	assert_none("<html>\r\n<head>404 Not Found", 26, "text");
	assert_none("<?xml version=\"1.0\"?>", 21, "text");
	assert_none("hi\n", 3, "text");
	assert_none("MZ\x90\0\x03\0\0\0\x04\0", 10, "UEFI");
	assert_none("\x7f"
		    "ELF\x01\x01\x01\0",
		8, "ELF");
	assert_none("\x1f\x8b\x08\0\0\0\0\0", 8, "gzip");
	big[0] = 0xeb;
	assert_none(big, sizeof(big), "large");
}

static void test_no_base_memory(void **state)
{
	(void)state;
	fake.map[0].end = 0x7c00;
	start();
	assert_none("\xeb\xfe", 2, "large");
}

static void test_prepare(void **state)
{
	struct image *img = load("\xeb\xfe\x90", 3);
	uint64_t base = img->base;

	(void)state;
	memset(&m->boot, 0xa5, sizeof(m->boot));
	assert_int_equal(image_probe(m, img), 0);
	assert_int_equal(img->type->prepare(m, img, &m->boot), 0);
	assert_int_equal(m->boot.kind, BOOT_NBP);
	assert_int_equal(m->boot.payload_start, base);
	assert_int_equal(m->boot.payload_size, 3);
	assert_string_equal(m->boot.uri, "tftp://192.0.2.1/x");
	assert_int_equal(m->boot.nmoves, 0);
	assert_null(image_find(m, "x"));
}

static void test_prepare_unfinished(void **state)
{
	struct image *img;

	(void)state;
	assert_int_equal(image_open(m, "x", "", 3, NULL, &img), 0);
	assert_int_equal(nbp_type.prepare(m, img, &m->boot), -ERR_IMAGE_INCOMPLETE);
	assert_ptr_equal(image_find(m, "x"), img);
	assert_int_equal(m->boot.kind, BOOT_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_yes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_base_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_prepare, setup, teardown),
		cmocka_unit_test_setup_teardown(test_prepare_unfinished, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
