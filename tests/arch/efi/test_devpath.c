/* SPDX-License-Identifier: BSD-2-Clause */
/* arch/efi/devpath.c: paths as firmware makes them, and with lengths that nobody should write. */
#include "tests/arch/efi/firmware.h"

#define ACPI 2, 1, 12, 0, 0xd0, 0x41, 0x03, 0x0a, 0, 0, 0, 0 /* PciRoot(0) */
#define PCI  1, 1, 6, 0, 0, 2				     /* Pci(2,0) */
#define URI  3, 24, 8, 0, 't', 'e', 'x', 't'
#define END  0x7f, 0xff, 4, 0
#define MOST 0x10000u /* bytes of a path */

/* What lies in an array of exactly so many bytes: whoever reads on is seen. */
static EFI_DEVICE_PATH *path_of(const void *nodes, size_t n)
{
	return memcpy(malloc(n), nodes, n);
}

#define PATH(...) path_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static int setup(void **state)
{
	(void)state;
	firmware_init();
	return 0;
}

static void check_size(EFI_DEVICE_PATH *path, size_t n)
{
	assert_int_equal(devpath_size(path), n);
	free(path);
}

static void test_size(void **state)
{
	(void)state;
	check_size(PATH(ACPI, PCI, URI, END), 26);
	check_size(PATH(END), 0);
	check_size(PATH(ACPI, 0x7f, 1, 4, 0, PCI, END), 12); /* two instances */
	check_size(PATH(1, 1, 4, 0, END), 4);
}

/* Nothing of a node whose length cannot be is looked at, nor what lies behind it. */
static void test_short_node(void **state)
{
	(void)state;
	for (uint8_t n = 0; n < 4; n++) {
		check_size(PATH(ACPI, 3, 24, n, 0), 12);
		check_size(PATH(3, 24, n, 0), 0);
	}
}

/* A path has an end, be it ours. */
static void test_no_end(void **state)
{
	static uint8_t nodes[MOST];
	EFI_DEVICE_PATH *path;

	(void)state;
	for (size_t i = 0; i < MOST; i += 4)
		memcpy(nodes + i, (const uint8_t[]){1, 1, 4, 0}, 4);
	path = path_of(nodes, MOST);
	assert_null(devpath_find(path, 3, 24));
	assert_true(devpath_is_below(path, path));
	check_size(path, MOST);
	/* The last node runs past it, or has no room for its own length. */
	nodes[MOST - 2] = 5;
	check_size(path_of(nodes, MOST), MOST - 4);
	nodes[MOST - 6] = 6;
	check_size(path_of(nodes, MOST), MOST - 2);
	memset(nodes, 0xff, 4);
	check_size(path_of(nodes, 4), 0xffff);
}

static void test_find(void **state)
{
	EFI_DEVICE_PATH *path = PATH(ACPI, PCI, URI, END, URI);
	const uint8_t *found = (const uint8_t *)devpath_find(path, 3, 24);

	(void)state;
	assert_int_equal(found - (const uint8_t *)path, 18);
	assert_null(devpath_find(path, 3, 11));
	assert_null(devpath_find(path, 24, 3));
	assert_null(devpath_find(path, 0x7f, 0xff));
	free(path);
}

static void test_is_below(void **state)
{
	EFI_DEVICE_PATH *card = PATH(ACPI, PCI, END), *link = PATH(ACPI, PCI, URI, END);
	EFI_DEVICE_PATH *other = PATH(ACPI, 1, 1, 6, 0, 0, 3, URI, END), *none = PATH(END);

	(void)state;
	assert_true(devpath_is_below(link, card) && devpath_is_below(card, card));
	assert_false(devpath_is_below(card, link) || devpath_is_below(other, card));
	assert_true(devpath_is_below(card, none));
	assert_false(devpath_is_below(none, card));
	free(card);
	free(link);
	free(other);
	free(none);
}

static void test_append(void **state)
{
	static const uint8_t uri[] = {URI}, want[] = {ACPI, PCI, URI, END};
	EFI_DEVICE_PATH *base = PATH(ACPI, PCI, END), *broken = PATH(ACPI, PCI, 3, 24, 3, 0);
	EFI_DEVICE_PATH *path;

	(void)state;
	path = devpath_append(base, uri, sizeof(uri));
	assert_memory_equal(path, want, sizeof(want));
	firmware.bs.FreePool(path);
	path = devpath_append(broken, uri, sizeof(uri)); /* whole again */
	assert_memory_equal(path, want, sizeof(want));
	firmware.bs.FreePool(path);
	firmware_end();
	free(base);
	free(broken);
}

static EFI_STATUS EFIAPI no_memory(EFI_MEMORY_TYPE type, UINTN n, void **out)
{
	(void)type;
	(void)n;
	(void)out;
	return EFI_OUT_OF_RESOURCES;
}

static void test_append_without_memory(void **state)
{
	static const EFI_DEVICE_PATH end = {0x7f, 0xff, {4, 0}};

	(void)state;
	firmware.bs.AllocatePool = no_memory;
	assert_null(devpath_append(&end, "", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_size, setup),
		cmocka_unit_test_setup(test_short_node, setup),
		cmocka_unit_test_setup(test_no_end, setup),
		cmocka_unit_test_setup(test_find, setup),
		cmocka_unit_test_setup(test_is_below, setup),
		cmocka_unit_test_setup(test_append, setup),
		cmocka_unit_test_setup(test_append_without_memory, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
