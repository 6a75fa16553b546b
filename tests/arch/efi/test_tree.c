/* SPDX-License-Identifier: BSD-2-Clause */
/* arch/efi/tree.c: images as files and folders, and the ways in which a payload names them. */
#include "arch/efi/tree.h"
#include "core/machine.h"
#include "tests/fake.h"
#include "tests/unit.h"

static struct fake fake;
static struct machine machine;
static struct machine *const m = &machine;

static int setup(void **state)
{
	(void)state;
	fake_init(&fake, 64 << 20);
	return machine_init(m, NULL, &fake_platform, &fake, &fake_config);
}

static int teardown(void **state)
{
	(void)state;
	fake_end(&fake);
	return 0;
}

static struct image *load(const char *name)
{
	struct image *img;

	assert_int_equal(image_open(m, name, "tftp://192.0.2.1/x", 1, NULL, &img), 0);
	assert_int_equal(image_put(m, img, 0, "x", 1), 0);
	assert_int_equal(image_close(m, img), 0);
	return img;
}

static void assert_path(const char *dir, const char *name, const char *expected)
{
	char path[IMAGE_NAME_MAX];

	assert_true(tree_path(path, dir, name));
	assert_string_equal(path, expected);
}

static void paths_are_resolved(void **state)
{
	(void)state;
	assert_path("", "", "");
	assert_path("", "\\", "");
	assert_path("", "\\EFI\\BOOT\\x.efi", "EFI/BOOT/x.efi");
	assert_path("a/b", "c", "a/b/c");
	assert_path("a/b", "/c", "c");
	assert_path("a/b", "\\\\c//d\\", "c/d");
	assert_path("a/b", ".", "a/b");
	assert_path("a/b", "..", "a");
	assert_path("a/b", ".\\..\\.\\c", "a/c");
	assert_path("a/b", "..\\..\\..\\..\\c", "c"); /* the root is its own parent */
	assert_path("a/b", ".c\\..d\\...", "a/b/.c/..d/...");
}

static void a_path_that_is_too_long_leads_nowhere(void **state)
{
	char name[IMAGE_NAME_MAX + 8], path[IMAGE_NAME_MAX];

	(void)state;
	memset(name, 'a', sizeof(name));
	name[IMAGE_NAME_MAX - 1] = '\0';
	assert_true(tree_path(path, "", name));
	assert_string_equal(path, name);
	assert_false(tree_path(path, "d", name));
	name[IMAGE_NAME_MAX - 1] = 'a';
	name[IMAGE_NAME_MAX] = '\0';
	assert_false(tree_path(path, "", name));
}

static void files_are_found_by_name(void **state)
{
	struct image *grub = load("grubx64.efi"), *conf = load("/loader\\loader.conf");
	struct tree_node node = tree_find(m, "grubx64.efi");

	(void)state;
	assert_int_equal(node.kind, TREE_FILE);
	assert_ptr_equal(node.img, grub);
	assert_string_equal(node.name, "grubx64.efi");
	node = tree_find(m, "LOADER/Loader.CONF");
	assert_int_equal(node.kind, TREE_FILE);
	assert_ptr_equal(node.img, conf);
	assert_int_equal(tree_find(m, "grubx64").kind, TREE_NONE);
	assert_int_equal(tree_find(m, "grubx64.efi.bak").kind, TREE_NONE);
	assert_int_equal(tree_find(m, "grubx64.efi/x").kind, TREE_NONE);
}

static void of_two_with_one_name_the_latest_is_there(void **state)
{
	struct image *latest;

	(void)state;
	load("a");
	latest = load("A");
	assert_ptr_equal(tree_find(m, "a").img, latest);
	assert_int_equal(tree_entry(m, "", 0).kind, TREE_FILE);
	assert_ptr_equal(tree_entry(m, "", 0).img, latest);
	assert_int_equal(tree_entry(m, "", 1).kind, TREE_NONE);
}

static void separators_in_names_make_folders(void **state)
{
	struct tree_node node;

	(void)state;
	load("vmlinuz");
	load("loader/loader.conf");
	load("loader/entries/b.conf");
	load("Loader/entries/a.conf");
	assert_int_equal(tree_find(m, "").kind, TREE_FOLDER);
	assert_string_equal(tree_find(m, "").name, "");
	node = tree_find(m, "loader/entries");
	assert_int_equal(node.kind, TREE_FOLDER);
	assert_null(node.img);
	assert_string_equal(node.name, "entries");
	assert_int_equal(tree_find(m, "load").kind, TREE_NONE);

	assert_string_equal(tree_entry(m, "", 0).name, "vmlinuz");
	node = tree_entry(m, "", 1);
	assert_string_equal(node.name, "loader");
	assert_int_equal(node.kind, TREE_FOLDER);
	assert_int_equal(tree_entry(m, "", 2).kind, TREE_NONE);
	assert_string_equal(tree_entry(m, "loader", 0).name, "loader.conf");
	assert_string_equal(tree_entry(m, "loader", 1).name, "entries");
	assert_int_equal(tree_entry(m, "loader", 2).kind, TREE_NONE);
	assert_string_equal(tree_entry(m, "loader/entries", 0).name, "b.conf");
	assert_string_equal(tree_entry(m, "loader/entries", 1).name, "a.conf");
	assert_int_equal(tree_entry(m, "vmlinuz", 0).kind, TREE_NONE);
	assert_int_equal(tree_entry(m, "none", 0).kind, TREE_NONE);
}

static void a_file_beats_a_folder_of_its_name(void **state)
{
	(void)state;
	load("a/b");
	load("a");
	assert_int_equal(tree_find(m, "a").kind, TREE_FILE);
	assert_int_equal(tree_find(m, "a/b").kind, TREE_FILE);
	assert_int_equal(tree_entry(m, "", 1).kind, TREE_NONE);
}

static void what_cannot_be_read_or_has_no_name_is_not_there(void **state)
{
	struct image *img, *named, *late;

	(void)state;
	assert_int_equal(image_open(m, "part", "tftp://192.0.2.1/x", 2, NULL, &img), 0);
	named = load("//.");
	assert_int_equal(image_open_late(m, "late", "tftp://192.0.2.1/x", 2, NULL, &late), 0);
	assert_ptr_equal(tree_find(m, "late").img, late);
	image_free(m, late);
	assert_int_equal(tree_find(m, "part").kind, TREE_NONE);
	assert_int_equal(tree_find(m, "").kind, TREE_FOLDER);
	assert_int_equal(tree_entry(m, "", 0).kind, TREE_NONE);
	image_free(m, named);
	image_free(m, img);
	assert_int_equal(tree_find(m, "").kind, TREE_FOLDER);
}

static void all_images_are_listed_once(void **state)
{
	char name[32];

	(void)state;
	for (int i = 0; i < IMAGE_MAX; i++) {
		snprintf(name, sizeof(name), "d%d/f%d", i % 3, i);
		load(name);
	}
	for (unsigned d = 0; d < 3; d++) {
		unsigned n = 0;

		snprintf(name, sizeof(name), "d%u", d);
		assert_string_equal(tree_entry(m, "", d).name, name);
		while (tree_entry(m, name, n).kind == TREE_FILE)
			n++;
		assert_int_equal(n, (IMAGE_MAX + 2 - d) / 3);
	}
	assert_int_equal(tree_entry(m, "", 3).kind, TREE_NONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(paths_are_resolved),
		TEST(a_path_that_is_too_long_leads_nowhere),
		TEST(files_are_found_by_name),
		TEST(of_two_with_one_name_the_latest_is_there),
		TEST(separators_in_names_make_folders),
		TEST(a_file_beats_a_folder_of_its_name),
		TEST(what_cannot_be_read_or_has_no_name_is_not_there),
		TEST(all_images_are_listed_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
