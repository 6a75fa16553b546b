/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A firmware that is a few counters, and a card of the test's with a child handle, for
 * arch/efi/nic*.c. Header only; each test program has one.
 */
#ifndef TESTS_ARCH_EFI_NIC_RIG_H
#define TESTS_ARCH_EFI_NIC_RIG_H

#include "arch/efi/nic.h"
#include "net/eth.h"
#include "tests/arch/efi/firmware.h"
#include "tests/card.h"
#include "tests/fake.h"

#define OURS   0x0a000002u
#define SERVER 0x0a000001u

EFI_HANDLE efi_image;
struct efi_link efi_links[NETDEV_MAX];

static struct {
	struct fake fake;
	struct system sys;
	struct netdev *dev;
	struct efi_nic *nic;

	unsigned events;   /* not given back */
	unsigned children; /* of the card */
	unsigned installs; /* of protocols, less those that were taken back */
	bool held;	   /* somebody does not let go */
	unsigned signals;
	void *callback; /* on the handle */
} rig;

/* -- the firmware -- */

void nic_file_init(struct efi_nic *nic)
{
	(void)nic;
}

void nic_file_end(struct efi_nic *nic)
{
	(void)nic;
}

static EFI_STATUS EFIAPI rig_install(EFI_HANDLE *handle, ...)
{
	assert_false(firmware.inside);
	if (!*handle)
		*handle = &rig.installs;
	rig.installs++;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI rig_uninstall(EFI_HANDLE handle, ...)
{
	assert_ptr_equal(handle, &rig.installs);
	if (rig.held)
		return EFI_INVALID_PARAMETER;
	rig.installs--;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI rig_open_protocol(EFI_HANDLE handle, EFI_GUID *guid, void **out,
	EFI_HANDLE agent, EFI_HANDLE child, UINT32 how)
{
	(void)guid;
	(void)agent;
	assert_int_equal(how, EFI_OPEN_PROTOCOL_BY_CHILD_CONTROLLER);
	assert_ptr_equal(child, &rig.installs);
	assert_ptr_equal(handle, &rig);
	*out = NULL;
	rig.children++;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI rig_close_protocol(
	EFI_HANDLE handle, EFI_GUID *guid, EFI_HANDLE agent, EFI_HANDLE child)
{
	(void)guid;
	(void)agent;
	assert_ptr_equal(handle, &rig);
	assert_ptr_equal(child, &rig.installs);
	rig.children--;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI rig_handle_protocol(EFI_HANDLE handle, EFI_GUID *guid, void **out)
{
	(void)guid;
	assert_ptr_equal(handle, &rig.installs);
	*out = rig.callback;
	return rig.callback ? EFI_SUCCESS : EFI_UNSUPPORTED;
}

static EFI_STATUS EFIAPI rig_create_event(
	UINT32 type, EFI_TPL tpl, EFI_EVENT_NOTIFY notify, void *ctx, EFI_EVENT *out)
{
	assert_int_equal(type, EFI_EVENT_NOTIFY_WAIT);
	assert_int_equal(tpl, EFI_TPL_CALLBACK);
	(void)ctx;
	*out = (EFI_EVENT)(uintptr_t)notify; /* for the test to call */
	rig.events++;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI rig_close_event(EFI_EVENT event)
{
	(void)event;
	rig.events--;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI rig_signal(EFI_EVENT event)
{
	(void)event;
	rig.signals++;
	return EFI_SUCCESS;
}

static inline void rig_firmware(void)
{
	EFI_BOOT_SERVICES *bs = &firmware.bs;

	firmware_init();
	bs->InstallMultipleProtocolInterfaces = rig_install;
	bs->UninstallMultipleProtocolInterfaces = rig_uninstall;
	bs->OpenProtocol = rig_open_protocol;
	bs->CloseProtocol = rig_close_protocol;
	bs->HandleProtocol = rig_handle_protocol;
	bs->CreateEvent = rig_create_event;
	bs->CloseEvent = rig_close_event;
	bs->SignalEvent = rig_signal;
}

/* -- the link -- */

static inline void rig_lease(void)
{
	static const uint8_t options[] = {53, 0, 1, 5, 1, 0, 4, 255, 255, 255, 0};
	struct dhcp *d = &rig.sys.net.dhcp[0];

	dhcp_prepare(rig.dev);
	d->state = DHCP_BOUND;
	d->have_ack = true;
	d->xid = 0x01020304;
	d->ack.xid = 0x01020304;
	d->ack.siaddr = ip4_of(SERVER);
	strcpy(d->ack.file, "from-dhcp");
	memcpy(d->ack.options, options, sizeof(options));
	d->ack.noptions = sizeof(options);
	rig.dev->ip4.addr = ip4_of(OURS);
	rig.dev->ip4.mask = 0xffffff00;
	rig.dev->ip4.gateway = ip4_of(SERVER);
}

/* -- both -- */

static const struct {
	EFI_DEVICE_PATH node, end;
} rig_path = {{1, 1, {4, 0}}, {0x7f, 0xff, {4, 0}}};

static inline int setup(void **state)
{
	static const struct ip_protocol protocols[] = {
		{IPPROTO_UDP, udp_input, udp_error}, {.number = 0}};
	static const struct filler_ops *const schemes[] = {&tftp_filler, NULL};
	static const struct net_config net_config = {
		.protocols = protocols, .schemes = schemes, .dhcp = DHCP_TIMING_DEFAULT};
	static const struct service *const services[] = {&net_service, NULL};
	static struct config config;

	(void)state;
	memset(&rig, 0, sizeof(rig));
	rig_firmware();
	config = fake_config;
	config.services = services;
	config.net = &net_config;
	fake_init(&rig.fake, 64 << 20);
	efi_sys = &rig.sys;
	assert_int_equal(system_init(efi_sys, &fake_platform, &rig.fake, &config), 0);
	rig.dev = card_new(&rig.sys.net);
	netdev_add(rig.dev);
	assert_int_equal(netdev_open(rig.dev), 0);
	efi_links[0] = (struct efi_link){rig.dev, &rig, (EFI_DEVICE_PATH *)&rig_path.node};
	rig_lease();
	assert_int_equal(efi_nic_open(rig.dev, NULL, &rig.nic), EFI_SUCCESS);
	return 0;
}

/* All is given back. */
static inline int teardown(void **state)
{
	(void)state;
	if (rig.nic)
		assert_int_equal(efi_nic_close(rig.nic), EFI_SUCCESS);
	assert_int_equal(rig.events | rig.children | rig.installs, 0);
	assert_null(rig.dev->raw);
	assert_false(card.groups);
	firmware_end();
	card_end();
	assert_null(rig.sys.net.socks);
	fake_end(&rig.fake);
	return 0;
}

#endif
