/* SPDX-License-Identifier: BSD-2-Clause */
/* arch/efi/nic.c: a handle's path, its users, and what becomes of it when somebody holds it. */
#include "tests/arch/efi/nic_rig.h"

static void test_path(void **state)
{
	static const uint8_t mac[] = {3, 11, 37, 0, 2, 0, 0, 0, 0, 1};
	const uint8_t *path = (const uint8_t *)rig.nic->path;

	(void)state;
	assert_memory_equal(path, &rig_path, 4);
	assert_memory_equal(path + 4, mac, sizeof(mac));
	assert_int_equal(path[40], 1);
	assert_memory_equal(path + 41, &rig_path.end, 4);
}

/* The firmware's link has a MAC already: something else makes the path another. */
static void test_path_of_a_link(void **state)
{
	uint8_t link[37 + 4] = {3, 11, 37, 0, 2, 0, 0, 0, 0, 1, [37] = 0x7f, 0xff, 4, 0};
	const uint8_t *path;

	(void)state;
	assert_int_equal(efi_nic_close(rig.nic), EFI_SUCCESS);
	efi_links[0].path = (EFI_DEVICE_PATH *)link;
	assert_int_equal(efi_nic_open(rig.dev, NULL, &rig.nic), EFI_SUCCESS);
	path = (const uint8_t *)rig.nic->path;
	assert_memory_equal(path, link, 37);
	assert_int_equal(path[37], MESSAGING_DEVICE_PATH);
	assert_int_equal(path[38], MSG_VENDOR_DP);
	assert_int_equal(path[39], 20);
	assert_memory_equal(path + 57, link + 37, 4);
}

static void test_no_card(void **state)
{
	struct efi_nic *nic;

	(void)state;
	assert_int_equal(efi_nic_close(rig.nic), EFI_SUCCESS);
	rig.nic = NULL;
	efi_links[0].path = NULL;
	assert_int_equal(efi_nic_open(rig.dev, NULL, &nic), EFI_NOT_FOUND);
}

/* An option ROM's has no more than the boot menu needs, but while a payload runs. */
static void test_option_rom(void **state)
{
	static EFI_LOAD_FILE_INTERFACE load_file;
	struct efi_nic *payload;

	(void)state;
	assert_int_equal(efi_nic_close(rig.nic), EFI_SUCCESS);
	assert_int_equal(efi_nic_open(rig.dev, &load_file, &rig.nic), EFI_SUCCESS);
	assert_int_equal(rig.installs, 1);
	assert_int_equal(rig.children, 1);
	assert_int_equal(efi_nic_open(rig.dev, NULL, &payload), EFI_SUCCESS);
	assert_ptr_equal(payload, rig.nic);
	assert_int_equal(rig.installs, 2);
	assert_int_equal(efi_nic_close(payload), EFI_SUCCESS);
	assert_int_equal(rig.installs, 1);
}

static EFI_HANDLE disconnected;

static EFI_STATUS EFIAPI disconnect(EFI_HANDLE handle, EFI_HANDLE driver, EFI_HANDLE child)
{
	assert_false(firmware.inside);
	assert_null(driver);
	assert_null(child);
	disconnected = handle;
	return EFI_NOT_FOUND; /* what does not let go has its frames taken away all the same */
}

static void test_take_all(void **state)
{
	EFI_SIMPLE_NETWORK_PROTOCOL *snp = &rig.nic->snp.proto;

	(void)state;
	firmware.bs.DisconnectController = disconnect;
	assert_int_equal(snp->Start(snp), EFI_SUCCESS);
	assert_int_equal(snp->Initialize(snp, 0, 0), EFI_SUCCESS);
	assert_non_null(rig.dev->raw);
	disconnected = NULL;
	efi_nic_take_all();
	assert_ptr_equal(disconnected, efi_nic_handle(rig.nic));
	assert_null(rig.dev->raw);
	assert_int_equal(snp->Mode->State, EfiSimpleNetworkStopped);
	disconnected = NULL;
	assert_int_equal(efi_nic_close(rig.nic), EFI_SUCCESS);
	rig.nic = NULL;
	efi_nic_take_all();
	assert_null(disconnected);
}

/* The link is ours, and the handle the next payload's. */
static void test_held(void **state)
{
	EFI_SIMPLE_NETWORK_PROTOCOL *snp = &rig.nic->snp.proto;
	struct efi_nic *nic = rig.nic;

	(void)state;
	assert_int_equal(snp->Start(snp), EFI_SUCCESS);
	assert_int_equal(snp->Initialize(snp, 0, 0), EFI_SUCCESS);
	assert_non_null(rig.dev->raw);
	rig.held = true;
	assert_int_equal(efi_nic_close(rig.nic), EFI_ACCESS_DENIED);
	assert_null(rig.dev->raw);
	assert_true(rig.dev->is_open);
	assert_int_equal(rig.children, 1);
	assert_int_equal(snp->Receive(snp, NULL, NULL, NULL, NULL, NULL, NULL), EFI_NOT_STARTED);
	assert_int_equal(efi_nic_open(rig.dev, NULL, &rig.nic), EFI_SUCCESS);
	assert_ptr_equal(rig.nic, nic);
	assert_int_equal(efi_nic_close(rig.nic), EFI_ACCESS_DENIED);
	rig.held = false;
	assert_int_equal(efi_nic_open(rig.dev, NULL, &rig.nic), EFI_SUCCESS);
	assert_int_equal(rig.installs, 2);
}

/* A link that was closed is closed again. */
static void test_closed_link(void **state)
{
	EFI_SIMPLE_NETWORK_PROTOCOL *snp = &rig.nic->snp.proto;

	(void)state;
	netdev_close(rig.dev);
	assert_int_equal(snp->Start(snp), EFI_SUCCESS);
	card.broken = true;
	assert_int_equal(snp->Initialize(snp, 0, 0), EFI_DEVICE_ERROR);
	card.broken = false;
	assert_int_equal(snp->Initialize(snp, 0, 0), EFI_SUCCESS);
	assert_true(rig.dev->is_open);
	assert_int_equal(efi_nic_close(rig.nic), EFI_SUCCESS);
	rig.nic = NULL;
	assert_false(rig.dev->is_open);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_path, setup, teardown),
		cmocka_unit_test_setup_teardown(test_path_of_a_link, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_card, setup, teardown),
		cmocka_unit_test_setup_teardown(test_option_rom, setup, teardown),
		cmocka_unit_test_setup_teardown(test_take_all, setup, teardown),
		cmocka_unit_test_setup_teardown(test_held, setup, teardown),
		cmocka_unit_test_setup_teardown(test_closed_link, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
