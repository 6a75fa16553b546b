/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arch/efi/initrd.c: LoadFile2's protocol, which images are an initrd for whom, and a handle that
 * is somebody else's. The firmware has one handle; what is late comes from late_region() of the
 * test.
 */
#include "arch/efi/late.h"
#include "core/initrd.h"
#include "tests/arch/efi/firmware.h"
#include "tests/fake.h"

#ifdef __x86_64__ /* the firmware's calls are not ours there, UEFI 2.3.4 */
#define efi_list       __builtin_ms_va_list
#define efi_list_start __builtin_ms_va_start
#define efi_list_end   __builtin_ms_va_end
#else
#define efi_list       va_list
#define efi_list_start va_start
#define efi_list_end   va_end
#endif

static struct {
	struct fake fake;
	struct system sys;
	EFI_LOAD_FILE_INTERFACE *io; /* on the handle of the media path; NULL: there is no handle */
	EFI_STATUS refuse;	     /* what installing ends with */
	uint8_t program[0x400];	     /* what is to run */
	bool lost;
	unsigned fills;
} rig;
static EFI_DEVICE_PATH end = {0x7f, 0xff, {4, 0}};

/* -- the firmware -- */

EFI_STATUS late_region(void *buf, UINTN size)
{
	assert_true(firmware.inside);
	memset(buf, 'x', size);
	rig.fills++;
	return rig.lost ? EFI_DEVICE_ERROR : EFI_SUCCESS;
}

/* GUID, interface, GUID, interface, NULL: the path and LoadFile2. */
static EFI_STATUS EFIAPI install(EFI_HANDLE *handle, ...)
{
	efi_list ap;

	assert_false(firmware.inside);
	if (rig.refuse)
		return rig.refuse;
	if (rig.io)
		return EFI_ALREADY_STARTED;
	efi_list_start(ap, handle);
	for (int i = 0; i < 4; i++)
		rig.io = __builtin_va_arg(ap, void *);
	efi_list_end(ap);
	*handle = &rig;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI uninstall(EFI_HANDLE handle, ...)
{
	assert_ptr_equal(handle, &rig);
	rig.io = NULL;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI locate(EFI_GUID *guid, EFI_DEVICE_PATH **path, EFI_HANDLE *handle)
{
	static const uint8_t media[] = {4, 3, 20, 0, 0x27, 0xe4, 0x68, 0x55, 0xfc, 0x68, 0x3d, 0x4f,
		0xac, 0x74, 0xca, 0x55, 0x52, 0x31, 0xcc, 0x68, 0x7f, 0xff, 4, 0};

	(void)guid;
	assert_memory_equal(*path, media, sizeof(media));
	*handle = &rig;
	return rig.io ? EFI_SUCCESS : EFI_NOT_FOUND;
}

static EFI_STATUS EFIAPI protocol(EFI_HANDLE handle, EFI_GUID *guid, void **io)
{
	(void)guid;
	assert_ptr_equal(handle, &rig);
	*io = rig.io;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI reinstall(EFI_HANDLE handle, EFI_GUID *guid, void *old, void *now)
{
	(void)guid;
	assert_ptr_equal(handle, &rig);
	assert_ptr_equal(old, rig.io);
	rig.io = now;
	return EFI_SUCCESS;
}

static int setup(void **state)
{
	(void)state;
	memset(&rig, 0, sizeof(rig));
	firmware_init();
	firmware.bs.InstallMultipleProtocolInterfaces = install;
	firmware.bs.UninstallMultipleProtocolInterfaces = uninstall;
	firmware.bs.LocateDevicePath = locate;
	firmware.bs.HandleProtocol = protocol;
	firmware.bs.ReinstallProtocolInterface = reinstall;
	efi_sys = &rig.sys;
	fake_init(&rig.fake, 64 << 20);
	rig.sys.m.boot.kind = BOOT_NONE;
	assert_int_equal(
		machine_init(&rig.sys.m, &rig.sys.net, &fake_platform, &rig.fake, &fake_config), 0);
	rig.sys.m.boot.payload_start = (uintptr_t)rig.program;
	rig.sys.m.boot.payload_size = sizeof(rig.program);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	firmware_end();
	fake_end(&rig.fake);
	return 0;
}

static struct image *load(const char *name, unsigned n, enum image_initrd use)
{
	struct machine *m = &rig.sys.m;
	struct image *img;

	assert_int_equal(image_open(m, name, "tftp://192.0.2.1/x", n, NULL, &img), 0);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(image_put(m, img, i, "x", 1), 0);
	assert_int_equal(image_close(m, img), 0);
	img->initrd = (uint8_t)use;
	return img;
}

static EFI_STATUS ask(UINTN *size, void *buf)
{
	return rig.io->LoadFile(rig.io, &end, FALSE, size, buf);
}

/* -- tests -- */

static void test_size_then_data(void **state)
{
	char buf[8] = "";
	UINTN n = 0;

	(void)state;
	load("a", 5, INITRD_YES);
	assert_int_equal(efi_initrd_install(), EFI_SUCCESS);
	assert_int_equal(ask(&n, NULL), EFI_BUFFER_TOO_SMALL);
	assert_int_equal(n, 5);
	n = 100; /* whatever it says: there is no buffer */
	assert_int_equal(ask(&n, NULL), EFI_BUFFER_TOO_SMALL);
	assert_int_equal(n, 5);
	n = 4;
	assert_int_equal(ask(&n, buf), EFI_BUFFER_TOO_SMALL);
	assert_int_equal(rig.fills, 0);
	n = 8;
	assert_int_equal(ask(&n, buf), EFI_SUCCESS);
	assert_int_equal(n, 5);
	assert_string_equal(buf, "xxxxx"); /* and no more */
	assert_int_equal(ask(&n, buf), EFI_SUCCESS);
	assert_int_equal(rig.fills, 2);
	efi_initrd_uninstall();
	assert_null(rig.io);
}

/* "Not found" would be "there is none". */
static void test_errors(void **state)
{
	char buf[8];
	UINTN n = 8;

	(void)state;
	load("a", 5, INITRD_YES);
	assert_int_equal(efi_initrd_install(), EFI_SUCCESS);
	assert_int_equal(rig.io->LoadFile(rig.io, &end, TRUE, &n, buf), EFI_UNSUPPORTED);
	assert_int_equal(rig.io->LoadFile(rig.io, NULL, FALSE, &n, buf), EFI_INVALID_PARAMETER);
	assert_int_equal(rig.io->LoadFile(rig.io, &end, FALSE, NULL, buf), EFI_INVALID_PARAMETER);
	rig.lost = true;
	assert_int_equal(ask(&n, buf), EFI_DEVICE_ERROR);
	firmware.busy = true;
	assert_int_equal(ask(&n, buf), EFI_NOT_READY);
	assert_int_equal(efi_initrd_install(), EFI_NOT_READY);
	firmware.busy = false;
	efi_initrd_uninstall();
}

static void test_no_initrd_no_handle(void **state)
{
	(void)state;
	load("a", 5, INITRD_NO);
	assert_int_equal(efi_initrd_install(), EFI_SUCCESS);
	assert_null(rig.io);
	efi_initrd_uninstall();
}

/* Of 5 bytes one is an initrd for sure; of 3 nobody has said. */
static void offer(UINTN expected)
{
	UINTN n = 0;

	assert_int_equal(efi_initrd_install(), EFI_SUCCESS);
	assert_int_equal(ask(&n, NULL), EFI_BUFFER_TOO_SMALL);
	assert_int_equal(n, expected);
	efi_initrd_uninstall();
}

static void test_guessed_for_kernels_alone(void **state)
{
	struct image *guessed;

	(void)state;
	load("a", 5, INITRD_YES);
	guessed = load("b", 3, INITRD_GUESSED);
	offer(5);
	assert_int_equal(guessed->initrd, INITRD_GUESSED);
	memcpy(rig.program + 0x202, "HdrS", 4);
	offer(4096 + 3);
	memset(rig.program, 0, sizeof(rig.program));
	memcpy(rig.program + 0x38, "ARM\x64", 4);
	offer(4096 + 3);
	memset(rig.program, 0, sizeof(rig.program));
	memcpy(rig.program + 4, "zimg", 4);
	offer(4096 + 3);
	rig.sys.m.boot.payload_size = 7; /* the mark is cut off */
	offer(5);
}

static void test_somebody_elses(void **state)
{
	EFI_LOAD_FILE_INTERFACE theirs = {NULL};

	(void)state;
	load("a", 5, INITRD_YES);
	rig.io = &theirs;
	offer(5);
	assert_ptr_equal(rig.io, &theirs);
}

static void test_refused(void **state)
{
	struct image *guessed = load("b", 3, INITRD_GUESSED);

	(void)state;
	load("a", 5, INITRD_YES);
	rig.refuse = EFI_OUT_OF_RESOURCES;
	assert_int_equal(efi_initrd_install(), EFI_OUT_OF_RESOURCES);
	assert_int_equal(guessed->initrd, INITRD_GUESSED);
	assert_null(rig.io);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_size_then_data),
		TEST(test_errors),
		TEST(test_no_initrd_no_handle),
		TEST(test_guessed_for_kernels_alone),
		TEST(test_somebody_elses),
		TEST(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
