/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio-net link in every shape that its device may have, for tests that drive the transport or
 * the driver through it. One for each program.
 */
#ifndef TESTS_DRIVERS_VIRTIO_NET_H
#define TESTS_DRIVERS_VIRTIO_NET_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "drivers/drivers.h"
#include "tests/drivers/virtio_model.h"

static struct rig rig;
static struct vm vm;
static struct netdev *dev;

struct shape {
	const char *name;
	bool legacy, modern;
	uint64_t offer;
};

static const struct shape shapes[] = {
	{"legacy, header apart", true, false, VM_USUAL},
	{"legacy", true, false, VM_USUAL | VM_ANY_LAYOUT | VM_EVENT_IDX},
	{"legacy, no event index", true, false, VM_USUAL | VM_ANY_LAYOUT},
	{"transitional", true, true, VM_USUAL | VM_ANY_LAYOUT | VM_EVENT_IDX | VM_VERSION_1},
	{"modern", false, true,
		VM_USUAL | VM_EVENT_IDX | VM_VERSION_1 | VM_ACCESS | VM_ORDER | VM_RING_PACKED},
	{"modern, no event index", false, true, VM_USUAL | VM_VERSION_1},
};
static const struct shape *const shapes_end = shapes + sizeof(shapes) / sizeof(shapes[0]);

static inline void plug(const struct shape *s)
{
	rig_init(&rig);
	vm_init(&vm, s->legacy, s->modern, s->offer);
	rig_plug(&rig, &vm.fn, 3 << 3);
}

static inline void probe(const struct shape *s)
{
	plug(s);
	assert_int_equal(rig_scan(&rig, &driver_virtio_net), 1);
	dev = netdev_find(&rig.net, "net0");
	assert_non_null(dev);
}

static inline void up(const struct shape *s)
{
	probe(s);
	assert_int_equal(netdev_open(dev), 0);
	assert_true(dev->link_up);
}

static inline void poll(void)
{
	dev->ops->poll(dev, RX_BUDGET);
}

/* Down, and nothing is missing: no packet, no memory the device could still write to. */
static inline void down(void)
{
	netdev_close(dev);
	rig_free_received(&rig);
	assert_int_equal(rig.net.pool.nfree, PKT_MAX);
	assert_int_equal(rig.net.pool.freed_twice, 0);
	assert_false(rig_is_master(&vm.fn));
	assert_false(dev->link_up);
	rig_end(&rig);
}

/* The driver has found out that its device lies, and says so; then it may begin anew. */
static inline void expect_stopped(void)
{
	poll();
	assert_false(dev->link_up);
	assert_false(rig_is_master(&vm.fn));
	assert_int_equal(vm.status, 0);
	assert_int_equal(rig.m.err.code, ERR_NETDEV_OPEN);
	rig_free_received(&rig);
	assert_int_equal(rig.net.pool.nfree, PKT_MAX);
	netdev_send(dev, rig_packet(&rig, 60, 0));
	assert_int_equal(rig.net.pool.nfree, PKT_MAX);
	poll();
	netdev_close(dev);
	assert_int_equal(netdev_open(dev), 0);
	assert_true(vm_receive(&vm, 60, 9));
	poll();
	assert_int_equal(rig_free_received(&rig), 1);
	down();
}

#endif
