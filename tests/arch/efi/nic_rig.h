/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A firmware that is a few counters, and a link that is the test's: what is sent is kept, frames
 * come when the test says so. For arch/efi/nic*.c; header only, each test program has one.
 */
#ifndef TESTS_ARCH_EFI_NIC_RIG_H
#define TESTS_ARCH_EFI_NIC_RIG_H

#include "arch/efi/nic.h"
#include "core/machine.h"
#include "net/eth.h"
#include "net/net.h"
#include "tests/fake.h"
#include "tests/unit.h"

#define OURS   0x0a000002u
#define SERVER 0x0a000001u

EFI_BOOT_SERVICES *efi_bs;
EFI_HANDLE efi_image;
struct system *efi_sys;
struct efi_link efi_links[NETDEV_MAX];

static struct {
	struct fake fake;
	struct system sys;
	EFI_BOOT_SERVICES bs;
	struct netdev *dev;
	struct efi_nic *nic;
	bool inside;
	unsigned opens, closes, sent;
	uint8_t frame[2048]; /* sent last */
	uint32_t len;
	struct pkt *due; /* received in the next turn */
	bool groups;
	bool broken;					 /* the link does not open */
	void (*serve)(const uint8_t *frame, uint32_t n); /* what was sent reaches somebody */

	unsigned pools;	   /* not given back */
	unsigned events;   /* likewise */
	unsigned children; /* of the card */
	unsigned installs; /* of protocols, less those that were taken back */
	bool held;	   /* somebody does not let go */
	unsigned signals;
	void *callback; /* on the handle */
} rig;

/* -- the firmware -- */

bool efi_enter(EFI_TPL *kept)
{
	*kept = 4;
	if (rig.inside)
		return false;
	rig.inside = true;
	return true;
}

void efi_leave(EFI_TPL kept)
{
	assert_true(rig.inside);
	assert_int_equal(kept, 4);
	rig.inside = false;
}

bool efi_wait(bool (*done)(void *ctx), void *ctx, uint64_t deadline_us)
{
	assert_true(rig.inside);
	return machine_wait(&rig.sys.m, done, ctx, deadline_us);
}

void nic_file_init(struct efi_nic *nic)
{
	(void)nic;
}

void nic_file_end(struct efi_nic *nic)
{
	(void)nic;
}

static EFI_STATUS EFIAPI rig_alloc(EFI_MEMORY_TYPE type, UINTN n, void **out)
{
	(void)type;
	*out = malloc(n);
	rig.pools++;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI rig_free(void *p)
{
	assert_non_null(p);
	free(p);
	rig.pools--;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI rig_install(EFI_HANDLE *handle, ...)
{
	assert_false(rig.inside);
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
	rig.bs.AllocatePool = rig_alloc;
	rig.bs.FreePool = rig_free;
	rig.bs.InstallMultipleProtocolInterfaces = rig_install;
	rig.bs.UninstallMultipleProtocolInterfaces = rig_uninstall;
	rig.bs.OpenProtocol = rig_open_protocol;
	rig.bs.CloseProtocol = rig_close_protocol;
	rig.bs.HandleProtocol = rig_handle_protocol;
	rig.bs.CreateEvent = rig_create_event;
	rig.bs.CloseEvent = rig_close_event;
	rig.bs.SignalEvent = rig_signal;
	efi_bs = &rig.bs;
}

/* -- the link -- */

static inline int rig_open(struct netdev *dev)
{
	if (rig.broken)
		return -ERR_NETDEV_OPEN;
	rig.opens++;
	netdev_link(dev, true);
	return 0;
}

static inline void rig_close(struct netdev *dev)
{
	(void)dev;
	rig.closes++;
}

static inline void rig_send(struct netdev *dev, struct pkt *p)
{
	rig.sent++;
	rig.len = p->len;
	memcpy(rig.frame, p->data, p->len);
	pkt_free(&dev->net->pool, p);
	if (rig.serve)
		rig.serve(rig.frame, rig.len);
}

static inline void rig_poll(struct netdev *dev, unsigned budget)
{
	(void)budget;
	for (struct pkt *p = rig.due, *next; p; p = next) {
		next = p->next;
		netdev_rx(dev, p);
	}
	rig.due = NULL;
}

static inline void rig_groups(struct netdev *dev, bool all)
{
	assert_true(dev->is_open);
	rig.groups = all;
}

/* n bytes are there in the next turn. The last of several comes first. */
static inline void rig_arrive(const void *frame, size_t n)
{
	struct pkt *p = pkt_alloc(&rig.sys.net.pool);

	memcpy(pkt_put(p, n), frame, n);
	p->next = rig.due;
	rig.due = p;
}

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
	static const struct netdev_ops ops = {
		.open = rig_open,
		.close = rig_close,
		.send = rig_send,
		.poll = rig_poll,
		.groups = rig_groups,
	};
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
	rig.dev = netdev_new(&rig.sys.net);
	rig.dev->ops = &ops;
	rig.dev->mac = (struct mac){{2, 0, 0, 0, 0, 1}};
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
	assert_int_equal(rig.pools | rig.events | rig.children | rig.installs, 0);
	assert_null(rig.dev->raw);
	assert_false(rig.inside || rig.groups);
	for (struct pkt *p = rig.due, *next; p; p = next) {
		next = p->next;
		pkt_free(&rig.sys.net.pool, p);
	}
	netdev_close(rig.dev);
	assert_int_equal(rig.sys.net.pool.nfree, PKT_MAX);
	assert_null(rig.sys.net.socks);
	fake_end(&rig.fake);
	return 0;
}

#endif
