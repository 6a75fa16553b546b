/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arch/efi/nic_file.c: images as files of EFI_FILE_PROTOCOL, in any order of calls. What is
 * late comes from late_image() and late_region() of the test.
 */
#include "arch/efi/late.h"
#include "arch/efi/nic.h"
#include "core/initrd.h"
#include "tests/arch/efi/firmware.h"
#include "tests/fake.h"

static EFI_GUID info_guid = EFI_FILE_INFO_ID, system_guid = EFI_FILE_SYSTEM_INFO_ID;
static EFI_GUID label_guid = EFI_FILE_SYSTEM_VOLUME_LABEL_INFO_ID;

static struct {
	struct fake fake;
	struct system sys;
	struct efi_nic nic;
	EFI_FILE *root;
	unsigned fetched; /* late ones */
	bool lost;	  /* they do not come */
	uint8_t *pages;
} rig;

/* -- the firmware, and what fetches -- */

bool efi_pages_alloc(void *ctx, uint64_t size, uint64_t *phys, uint64_t *got)
{
	(void)ctx;
	assert_null(rig.pages);
	*got = mem_align_up(size, MEM_PAGE);
	rig.pages = malloc((size_t)*got);
	*phys = (uintptr_t)rig.pages;
	return true;
}

void efi_pages_free(void *ctx, uint64_t phys, uint64_t size)
{
	(void)ctx;
	(void)size;
	assert_int_equal(phys, (uintptr_t)rig.pages);
	free(rig.pages);
	rig.pages = NULL;
}

static struct image *load(const char *name, const void *data, size_t n)
{
	struct machine *m = &rig.sys.m;
	struct image *img;

	assert_int_equal(image_open(m, name, "tftp://192.0.2.1/x", n, NULL, &img), 0);
	assert_int_equal(image_put(m, img, 0, data, n), 0);
	assert_int_equal(image_close(m, img), 0);
	return img;
}

struct image *late_image(struct image *late)
{
	struct image *img;
	uint32_t seq = late->seq;

	assert_true(firmware.inside);
	if (rig.lost)
		return NULL;
	rig.fetched++;
	img = load(late->name, "late", 4);
	image_free(&rig.sys.m, late);
	img->seq = seq;
	return img;
}

EFI_STATUS late_region(void *buf, UINTN size)
{
	assert_true(firmware.inside);
	if (rig.lost)
		return EFI_DEVICE_ERROR;
	rig.fetched++;
	for (UINTN i = 0; i < size; i++)
		((uint8_t *)buf)[i] = (uint8_t)i;
	return EFI_SUCCESS;
}

static int setup(void **state)
{
	(void)state;
	memset(&rig, 0, sizeof(rig));
	firmware_init();
	efi_sys = &rig.sys;
	fake_init(&rig.fake, 64 << 20);
	assert_int_equal(
		machine_init(&rig.sys.m, &rig.sys.net, &fake_platform, &rig.fake, &fake_config), 0);
	nic_file_init(&rig.nic);
	assert_int_equal(rig.nic.files.OpenVolume(&rig.nic.files, &rig.root), EFI_SUCCESS);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	nic_file_end(&rig.nic);
	assert_null(rig.pages);
	firmware_end();
	fake_end(&rig.fake);
	return 0;
}

/* -- what the tests say -- */

static EFI_STATUS open_from(EFI_FILE *dir, const CHAR16 *name, EFI_FILE **file)
{
	return dir->Open(dir, file, (CHAR16 *)name, EFI_FILE_MODE_READ, 0);
}

static EFI_FILE *opened(const CHAR16 *name)
{
	EFI_FILE *file = NULL;

	assert_int_equal(open_from(rig.root, name, &file), EFI_SUCCESS);
	return file;
}

static void assert_reads(EFI_FILE *file, UINTN room, const char *expected)
{
	char buf[64];
	UINTN n = room;

	assert_int_equal(file->Read(file, &n, buf), EFI_SUCCESS);
	assert_int_equal(n, strlen(expected));
	assert_memory_equal(buf, expected, n);
}

static UINT64 position(EFI_FILE *file)
{
	UINT64 pos = 0;

	assert_int_equal(file->GetPosition(file, &pos), EFI_SUCCESS);
	return pos;
}

/* -- tests -- */

static void test_read(void **state)
{
	EFI_FILE *file;

	(void)state;
	load("a", "0123456789", 10);
	file = opened(L"a");
	assert_reads(file, 4, "0123");
	assert_int_equal(position(file), 4);
	assert_reads(file, 0, "");
	assert_reads(file, 64, "456789");
	assert_reads(file, 64, "");
	file->SetPosition(file, 8);
	assert_reads(file, 64, "89");
	file->SetPosition(file, UINT64_MAX);
	assert_int_equal(position(file), 10);
	assert_reads(file, 64, "");
	assert_int_equal(file->Close(file), EFI_SUCCESS);
}

static void test_read_beyond_the_end(void **state)
{
	UINTN n = 1;
	char buf[1];
	EFI_FILE *file;

	(void)state;
	load("a", "0123456789", 10);
	file = opened(L"a");
	file->SetPosition(file, 11);
	assert_int_equal(file->Read(file, &n, buf), EFI_DEVICE_ERROR);
	file->SetPosition(file, UINT64_MAX - 1);
	assert_int_equal(file->Read(file, &n, buf), EFI_DEVICE_ERROR);
}

static void test_paths(void **state)
{
	EFI_FILE *dir, *file;

	(void)state;
	load("d/a", "in d", 4);
	load("b", "root", 4);
	dir = opened(L"\\D");
	assert_int_equal(open_from(dir, L"a", &file), EFI_SUCCESS);
	assert_reads(file, 64, "in d");
	assert_int_equal(open_from(dir, L"..\\b", &file), EFI_SUCCESS);
	assert_reads(file, 64, "root");
	assert_int_equal(open_from(dir, L"\\b", &file), EFI_SUCCESS);
	assert_int_equal(open_from(dir, L"b", &file), EFI_NOT_FOUND);
	assert_int_equal(open_from(dir, L"", &file), EFI_SUCCESS); /* itself */
	assert_int_equal(open_from(file, L"a", &file), EFI_SUCCESS);
}

static void test_name_without_end(void **state)
{
	CHAR16 name[1000];
	EFI_FILE *file;

	(void)state;
	for (unsigned i = 0; i < ROWS(name); i++)
		name[i] = i % 2 ? 0x20ac : 'x';
	name[ROWS(name) - 1] = 0;
	assert_int_equal(open_from(rig.root, name, &file), EFI_NOT_FOUND);
}

static void test_folder(void **state)
{
	char buf[256] __attribute__((aligned(8)));
	EFI_FILE_INFO *info = (EFI_FILE_INFO *)buf;
	UINTN n = 0;

	(void)state;
	load("d/a", "x", 1);
	load("b\xc3\xa9", "0123456789", 10);
	assert_int_equal(rig.root->Read(rig.root, &n, NULL), EFI_BUFFER_TOO_SMALL);
	assert_int_equal(n, SIZE_OF_EFI_FILE_INFO + sizeof(L"d"));
	assert_int_equal(rig.root->Read(rig.root, &n, buf), EFI_SUCCESS);
	assert_int_equal(info->Size, n);
	assert_memory_equal(info->FileName, L"d", sizeof(L"d"));
	assert_int_equal(info->Attribute, EFI_FILE_READ_ONLY | EFI_FILE_DIRECTORY);
	n = sizeof(buf);
	assert_int_equal(rig.root->Read(rig.root, &n, buf), EFI_SUCCESS);
	assert_memory_equal(info->FileName, L"b\u00e9", sizeof(L"b\u00e9"));
	assert_int_equal(info->Attribute, EFI_FILE_READ_ONLY);
	assert_int_equal(info->FileSize, 10);
	n = sizeof(buf);
	assert_int_equal(rig.root->Read(rig.root, &n, buf), EFI_SUCCESS);
	assert_int_equal(n, 0);
	assert_int_equal(rig.root->SetPosition(rig.root, 1), EFI_UNSUPPORTED);
	assert_int_equal(rig.root->SetPosition(rig.root, 0), EFI_SUCCESS);
	n = sizeof(buf);
	assert_int_equal(rig.root->Read(rig.root, &n, buf), EFI_SUCCESS);
	assert_memory_equal(info->FileName, L"d", sizeof(L"d"));
}

static void test_info(void **state)
{
	char buf[256] __attribute__((aligned(8)));
	EFI_FILE_SYSTEM_INFO *system = (EFI_FILE_SYSTEM_INFO *)buf;
	EFI_FILE_INFO *info = (EFI_FILE_INFO *)buf;
	UINTN n = sizeof(buf);
	EFI_FILE *file;

	(void)state;
	load("d/a", "0123456789", 10);
	file = opened(L"d\\A");
	assert_int_equal(file->GetInfo(file, &info_guid, &n, buf), EFI_SUCCESS);
	assert_int_equal(info->FileSize, 10);
	assert_int_equal(info->PhysicalSize, 512);
	n = sizeof(buf);
	assert_int_equal(file->GetInfo(file, &system_guid, &n, buf), EFI_SUCCESS);
	assert_int_equal(system->VolumeSize, 10);
	assert_true(system->ReadOnly);
	n = 0;
	assert_int_equal(file->GetInfo(file, &label_guid, &n, NULL), EFI_BUFFER_TOO_SMALL);
	assert_int_equal(file->GetInfo(file, &label_guid, &n, buf), EFI_SUCCESS);
	assert_memory_equal(buf, L"Reveille", sizeof(L"Reveille"));
	n = sizeof(buf);
	assert_int_equal(rig.root->GetInfo(rig.root, &info_guid, &n, buf), EFI_SUCCESS);
	assert_int_equal(info->FileName[0], 0);
	assert_int_equal(file->GetInfo(file, &(EFI_GUID){.Data1 = 1}, &n, buf), EFI_UNSUPPORTED);
}

/* An image that goes, and another in its place, are not the file that was opened. */
static void test_freed_while_open(void **state)
{
	struct image *img = load("a", "old", 3);
	EFI_FILE *file = opened(L"a");
	char buf[256];
	UINTN n = sizeof(buf);

	(void)state;
	image_free(&rig.sys.m, img);
	load("a", "new", 3);
	assert_int_equal(file->Read(file, &n, buf), EFI_DEVICE_ERROR);
	assert_int_equal(file->GetInfo(file, &info_guid, &n, buf), EFI_DEVICE_ERROR);
	assert_reads(opened(L"a"), 64, "new");
}

static struct image *load_late(const char *name, uint64_t total)
{
	struct image *img;

	assert_int_equal(
		image_open_late(&rig.sys.m, name, "tftp://192.0.2.1/x", total, NULL, &img), 0);
	img->initrd = INITRD_YES;
	return img;
}

static void test_late(void **state)
{
	EFI_FILE *file;
	char buf[8];
	UINTN n = 2;

	(void)state;
	load_late("late", 4);
	file = opened(L"late");
	file->SetPosition(file, UINT64_MAX);
	assert_int_equal(position(file), 4);
	assert_int_equal(rig.fetched, 0);
	file->SetPosition(file, 0);
	rig.lost = true;
	assert_int_equal(file->Read(file, &n, buf), EFI_DEVICE_ERROR);
	rig.lost = false;
	assert_reads(file, 2, "la");
	assert_reads(file, 2, "te");
	assert_int_equal(rig.fetched, 1);
}

static void test_all_initrds(void **state)
{
	EFI_FILE *file;
	uint8_t buf[8];
	UINTN n = 4;

	(void)state;
	assert_int_equal(open_from(rig.root, L"initrd.magic", &file), EFI_NOT_FOUND);
	load_late("one", 5000);
	file = opened(L"initrd.magic");
	file->SetPosition(file, 4097);
	rig.lost = true;
	assert_int_equal(file->Read(file, &n, buf), EFI_DEVICE_ERROR);
	rig.lost = false;
	assert_int_equal(file->Read(file, &n, buf), EFI_SUCCESS);
	assert_memory_equal(buf, ((const uint8_t[]){1, 2, 3, 4}), 4);
	assert_int_equal(file->Read(file, &n, buf), EFI_SUCCESS);
	assert_int_equal(buf[0], 5);
	assert_int_equal(rig.fetched, 1);
	/* What came later has no place in what there is. */
	load_late("two", 100000);
	file->SetPosition(file, 90000);
	assert_int_equal(file->Read(file, &n, buf), EFI_DEVICE_ERROR);
	/* An image of that name is the file. */
	load("initrd.magic", "own", 3);
	assert_reads(opened(L"initrd.magic"), 64, "own");
}

static void test_nothing_is_written(void **state)
{
	UINTN n = 4;
	EFI_FILE *file;

	(void)state;
	load("a", "0123456789", 10);
	assert_int_equal(
		rig.root->Open(rig.root, &file, L"b",
			EFI_FILE_MODE_READ | EFI_FILE_MODE_WRITE | EFI_FILE_MODE_CREATE, 0),
		EFI_WRITE_PROTECTED);
	file = opened(L"a");
	assert_int_equal(file->Write(file, &n, "evil"), EFI_WRITE_PROTECTED);
	assert_int_equal(n, 0);
	assert_int_equal(file->SetInfo(file, &info_guid, 0, NULL), EFI_WRITE_PROTECTED);
	assert_int_equal(file->Flush(file), EFI_ACCESS_DENIED);
	assert_int_equal(file->Delete(file), EFI_WARN_DELETE_FAILURE);
	assert_reads(opened(L"a"), 64, "0123456789");
}

/* Whoever calls in the middle of our own work, or after the machine has gone, is told to wait. */
static void test_not_ready(void **state)
{
	EFI_FILE *file;
	UINTN n = 1;
	char buf[1];

	(void)state;
	load("a", "0123456789", 10);
	file = opened(L"a");
	firmware.busy = true;
	assert_int_equal(file->Read(file, &n, buf), EFI_NOT_READY);
	assert_int_equal(open_from(rig.root, L"a", &file), EFI_NOT_READY);
	assert_int_equal(rig.nic.files.OpenVolume(&rig.nic.files, &file), EFI_NOT_READY);
	firmware.busy = false;
	efi_sys = NULL;
	assert_int_equal(file->Read(file, &n, buf), EFI_NOT_READY);
	assert_false(firmware.inside);
}

static void test_wrong_parameters(void **state)
{
	EFI_FILE *file = rig.root;
	UINTN n = 1;

	(void)state;
	assert_int_equal(file->Read(file, NULL, &n), EFI_INVALID_PARAMETER);
	assert_int_equal(file->Read(file, &n, NULL), EFI_INVALID_PARAMETER);
	assert_int_equal(file->Read(NULL, &n, &n), EFI_INVALID_PARAMETER);
	assert_int_equal(
		file->Open(file, &file, NULL, EFI_FILE_MODE_READ, 0), EFI_INVALID_PARAMETER);
	assert_int_equal(file->GetInfo(file, NULL, &n, &n), EFI_INVALID_PARAMETER);
	assert_int_equal(file->GetPosition(file, &(UINT64){0}), EFI_UNSUPPORTED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_read),
		TEST(test_read_beyond_the_end),
		TEST(test_paths),
		TEST(test_name_without_end),
		TEST(test_folder),
		TEST(test_info),
		TEST(test_freed_while_open),
		TEST(test_late),
		TEST(test_all_initrds),
		TEST(test_nothing_is_written),
		TEST(test_not_ready),
		TEST(test_wrong_parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
