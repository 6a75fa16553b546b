/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio's transport and queues: capabilities in every order and state, a queue by itself, and
 * under a link whose device lies.
 */
#include "drivers/virtio.h"
#include "tests/drivers/virtio_net.h"

static struct bus_dev bus;
static struct virtio v;
static struct virtq q;

static void plug_alone(bool legacy, bool modern)
{
	rig_init(&rig);
	vm_init(&vm, legacy, modern, VM_USUAL | VM_EVENT_IDX | VM_VERSION_1);
	rig_plug(&rig, &vm.fn, 1 << 3);
	bus = (struct bus_dev){.ops = &rig_ops, .ctx = &rig, .busdevfn = 1 << 3};
	bus.device = legacy ? 0x1000 : 0x1041;
}

/* Offset of the model's capability of that type. */
static unsigned cap_at(unsigned type)
{
	for (unsigned at = vm.fn.cfg[0x34]; at; at = vm.fn.cfg[at + 1])
		if (vm.fn.cfg[at] == 9 && vm.fn.cfg[at + 3] == type)
			return at;
	return 0;
}

static void test_finds_its_registers(void **state)
{
	(void)state;
	plug_alone(false, true);
	assert_int_equal(virtio_init(&v, &bus), 0);
	assert_true(v.modern);
	assert_int_equal(v.common.off, 0);
	assert_int_equal(v.device.off, 0x2000);
	assert_int_equal(v.notify.off, 0x3000);
	assert_int_equal(v.notify_mult, 4);
	rig_end(&rig);

	plug_alone(true, false);
	assert_int_equal(virtio_init(&v, &bus), 0);
	assert_false(v.modern);
	rig_end(&rig);
}

/*
 * Each damage makes the modern interface unusable; a transitional device is then driven as
 * legacy.
 */
static void damage(unsigned how)
{
	static const unsigned types[] = {1, 2, 4};
	unsigned at = cap_at(types[how % 3]);
	switch (how / 3) {
	case 0:
		vm.fn.cfg[at + 3] = 9; /* a type nobody knows */
		break;
	case 1:
		vm.fn.cfg[at + 4] = 6; /* no such BAR */
		break;
	case 2:
		vm.fn.cfg[at + 4] = 5; /* a BAR it does not have */
		break;
	case 3:
		rig_put(vm.fn.cfg + at + 8, 4, 0x4000); /* behind the end */
		break;
	case 4:
		rig_put(vm.fn.cfg + at + 8, 4, 0xffffff00); /* wraps around */
		rig_put(vm.fn.cfg + at + 12, 4, 0x200);
		break;
	case 5:
		rig_put(vm.fn.cfg + at + 12, 4, 0x4001); /* longer than the BAR */
		break;
	case 6:
		rig_put(vm.fn.cfg + at + 12, 4, 0); /* nothing there */
		break;
	case 7:
		vm.fn.cfg[at + 2] = 15; /* a capability that ends too soon */
		break;
	}
}
#define DAMAGES (8 * 3)

static void test_capabilities_that_make_no_sense(void **state)
{
	(void)state;
	for (unsigned how = 0; how < DAMAGES; how++) {
		plug_alone(false, true);
		damage(how);
		assert_int_equal(virtio_init(&v, &bus), -ERR_NETDEV_OPEN);
		assert_non_null(v.why);
		rig_end(&rig);

		plug_alone(true, true);
		damage(how);
		assert_int_equal(virtio_init(&v, &bus), 0);
		assert_false(v.modern);
		rig_end(&rig);
	}
}

/* 4.1.4.1: of several of a type the first that can be used counts. */
static void test_the_first_usable_capability_counts(void **state)
{
	(void)state;
	plug_alone(false, true);
	memset(vm.fn.cfg + 0x40, 0, 0xc0);
	unsigned at = vm_cap(&vm.fn, 0x40, 1, 6, 0, 0x38, 0);
	at = vm_cap(&vm.fn, at, 1, 4, 0x0000, 0x38, 0);
	at = vm_cap(&vm.fn, at, 1, 4, 0x0800, 0x38, 0);
	at = vm_cap(&vm.fn, at, 2, 4, 0x3000, 0x100, 4);
	at = vm_cap(&vm.fn, at, 4, 4, 0x2000, 12, 0);
	vm.fn.cfg[at - 16 + 1] = 0;
	assert_int_equal(virtio_init(&v, &bus), 0);
	assert_int_equal(v.common.off, 0);
	rig_end(&rig);
}

static void test_a_list_of_capabilities_without_end(void **state)
{
	(void)state;
	plug_alone(false, true);
	vm.fn.cfg[cap_at(2) + 1] = 0x50;
	vm.fn.cfg[cap_at(1) + 3] = 9;
	assert_int_equal(virtio_init(&v, &bus), -ERR_NETDEV_OPEN);
	rig_end(&rig);
}

static void test_legacy_registers_that_cannot_be(void **state)
{
	(void)state;
	plug_alone(true, false);
	rig_bar(&vm.fn, 0, 0xfe000000, 0x1000, 0); /* memory, not ports */
	assert_int_equal(virtio_init(&v, &bus), -ERR_NETDEV_OPEN);
	rig_bar(&vm.fn, 0, 0xc000, 0x10, 1); /* too small */
	assert_int_equal(virtio_init(&v, &bus), -ERR_NETDEV_OPEN);
	rig_bar(&vm.fn, 0, 0xc000, 0x40, 1);
	bus.device = 0x1041; /* the ID of a modern device has no legacy interface */
	assert_int_equal(virtio_init(&v, &bus), -ERR_NETDEV_OPEN);
	rig_end(&rig);
}

static void test_configuration_is_read_inside_its_bounds(void **state)
{
	(void)state;
	plug_alone(false, true);
	rig_put(vm.fn.cfg + cap_at(4) + 12, 4, 8);
	assert_int_equal(virtio_init(&v, &bus), 0);
	uint64_t offered;
	assert_int_equal(virtio_hello(&v, &offered), 0);
	assert_int_equal(virtio_config(&v, 6, 2), 1);
	assert_int_equal(virtio_config(&v, 7, 2), UINT32_MAX);
	assert_int_equal(virtio_config(&v, 10, 2), UINT32_MAX);
	rig_end(&rig);
}

static void hello(void)
{
	uint64_t offered;
	plug_alone(false, true);
	memset(&q, 0, sizeof(q));
	assert_int_equal(virtio_init(&v, &bus), 0);
	assert_int_equal(virtio_hello(&v, &offered), 0);
	assert_true(offered == vm.offer);
	assert_int_equal(virtio_negotiate(&v, VM_VERSION_1 | VM_EVENT_IDX), 0);
}

static void test_a_doorbell_outside_of_its_registers(void **state)
{
	(void)state;
	hello();
	v.notify_mult = 0xffffffff;
	assert_int_equal(virtq_open(&q, &v, 1, 64, 0), -ERR_NETDEV_OPEN);
	assert_non_null(strstr(v.why, "doorbell"));
	v.notify_mult = 0xff;
	assert_int_equal(virtq_open(&q, &v, 1, 64, 0), -ERR_NETDEV_OPEN);
	rig_end(&rig);
}

static void test_one_doorbell_for_all_queues(void **state)
{
	(void)state;
	hello();
	v.notify_mult = 0; /* 4.1.4.4: allowed */
	assert_int_equal(virtq_open(&q, &v, 1, 64, 0), 0);
	assert_int_equal(q.notify_off, 0);
	rig_end(&rig);
}

/* A queue of packets from the pool, as a driver keeps it. */
static void open_queue(unsigned slots)
{
	hello();
	assert_int_equal(virtq_open(&q, &v, 1, slots, 0), 0);
	virtio_run(&v);
}

static bool give(void *owner)
{
	return virtq_add(&q, owner, rig_dma_addr(&bus, rig.net.buffers), 100, false);
}

static void test_a_queue_takes_what_fits(void **state)
{
	(void)state;
	open_queue(8);
	int marks[8];
	assert_int_equal(q.size, 8); /* no larger than needed */
	for (unsigned i = 0; i < 8; i++)
		assert_true(give(&marks[i]));
	assert_int_equal(virtq_given(&q), 8);
	assert_false(virtq_room(&q));
	assert_false(give(&marks[0]));
	assert_int_equal(vm_waiting(&vm, 1), 0); /* not shown yet */
	virtq_kick(&q);
	assert_int_equal(vm_waiting(&vm, 1), 8);
	rig_end(&rig);
}

static void test_buffers_come_back_in_any_order(void **state)
{
	(void)state;
	static const unsigned order[] = {5, 0, 7, 1, 6, 2, 4, 3};
	open_queue(8);
	int marks[8];
	for (unsigned i = 0; i < 8; i++)
		assert_true(give(&marks[i]));
	virtq_kick(&q);
	struct vm_chain chains[8];
	for (unsigned i = 0; i < 8; i++)
		assert_true(vm_pop(&vm, 1, false, &chains[i]));
	uint32_t len;
	assert_null(virtq_take(&q, &len));
	for (unsigned i = 0; i < 8; i++)
		vm_push(&vm, 1, chains[order[i]].head, 1000 + i);
	for (unsigned i = 0; i < 8; i++) {
		assert_ptr_equal(virtq_take(&q, &len), &marks[order[i]]);
		assert_int_equal(len, 1000 + i);
	}
	assert_null(virtq_take(&q, &len));
	assert_false(q.broken);
	rig_end(&rig);
}

/*
 * 2.6.10: the doorbell rings when the device's wish is among what was just shown, at every
 * distance.
 */
static void test_doorbell_by_event_index(void **state)
{
	(void)state;
	open_queue(8);
	int mark;
	uint16_t *event = vm_u16(&vm, vm.q[1].used + 4 + 8u * vm.q[1].num);
	for (unsigned round = 0; round < 70000; round++) {
		unsigned n = 1 + round % 3;
		uint16_t old = *vm_u16(&vm, vm.q[1].avail + 2);
		int at = (int)(round % 9) - 3;
		*event = (uint16_t)(old + at);
		unsigned kicks = vm.q[1].kicks;
		for (unsigned i = 0; i < n; i++)
			assert_true(give(&mark));
		virtq_kick(&q);
		assert_int_equal(vm.q[1].kicks - kicks, at >= 0 && at < (int)n);
		virtq_kick(&q); /* nothing new */
		assert_int_equal(vm.q[1].kicks - kicks, at >= 0 && at < (int)n);
		struct vm_chain c;
		uint32_t len;
		while (vm_pop(&vm, 1, false, &c))
			vm_push(&vm, 1, c.head, 0);
		while (virtq_take(&q, &len)) {
		}
	}
	assert_int_equal(vm.interrupts, 0);
	rig_end(&rig);
}

static void test_drain_gives_back_what_the_device_had(void **state)
{
	(void)state;
	unsigned slot = 0;
	memset(&q, 0, sizeof(q));
	assert_null(virtq_drain(&q, &slot)); /* never opened */
	open_queue(8);
	int marks[3];
	for (unsigned i = 0; i < 3; i++)
		assert_true(give(&marks[i]));
	assert_int_equal(virtio_reset(&v), 0);
	unsigned seen = 0;
	void *p;
	for (slot = 0; (p = virtq_drain(&q, &slot));)
		seen |= 1u << ((int *)p - marks);
	assert_int_equal(seen, 7);
	slot = 0;
	assert_null(virtq_drain(&q, &slot));
	rig_end(&rig);
}

static void test_a_broken_queue_yields_nothing_more(void **state)
{
	(void)state;
	open_queue(8);
	int mark;
	uint32_t len;
	assert_true(give(&mark));
	virtq_kick(&q);
	vm_push(&vm, 1, 77, 0);
	assert_null(virtq_take(&q, &len));
	assert_true(q.broken);
	vm_push(&vm, 1, *vm_u16(&vm, vm.q[1].avail + 4), 0);
	assert_null(virtq_take(&q, &len));
	assert_false(give(&mark));
	unsigned slot = 0;
	assert_ptr_equal(virtq_drain(&q, &slot), &mark);
	rig_end(&rig);
}

static void test_failing_leaves_the_device_so(void **state)
{
	(void)state;
	hello();
	virtio_fail(&v);
	assert_int_equal(vm.status, 0x80);
	assert_false(rig_is_master(&vm.fn));
	rig_end(&rig);
}

/* ---- under a link ---- */

/* Writes a used element as a device would, but with anything in it. */
static void lie(unsigned index, uint32_t id, uint32_t len, unsigned advance)
{
	struct vm_queue *theirs = &vm.q[index];
	uint8_t *e = rig_mem(&vm.fn, theirs->used + 4 + 8u * (theirs->used_idx % theirs->num), 8);
	rig_put(e, 4, id);
	rig_put(e + 4, 4, len);
	theirs->used_idx = (uint16_t)(theirs->used_idx + advance);
	*vm_u16(&vm, theirs->used + 2) = theirs->used_idx;
}

static void test_ids_out_of_range_stop_the_device(void **state)
{
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		static const uint32_t ids[] = {
			256, 257, 512, 0x7fff, 0x8000, 0xffff, 0x10000, 0xffffffff};
		for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
			for (unsigned queue = 0; queue < 2; queue++) {
				up(s);
				netdev_send(dev, rig_packet(&rig, 60, 0));
				lie(queue, ids[i], 60, 1);
				expect_stopped();
			}
		}
	}
}

static void test_an_id_twice_stops_the_device(void **state)
{
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		up(s);
		uint16_t id = *vm_u16(&vm, vm.q[0].avail + 4);
		lie(0, id, 80, 1);
		lie(0, id, 80, 1);
		expect_stopped();
	}
}

static void test_the_second_half_of_a_pair_is_no_id(void **state)
{
	(void)state;
	up(&shapes[0]);
	lie(0, (uint32_t)(*vm_u16(&vm, vm.q[0].avail + 4) + 1), 80, 1);
	expect_stopped();
}

static void test_an_index_that_runs_away_stops_the_device(void **state)
{
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		static const unsigned jumps[] = {257, 1000, 0x7fff, 0x8000, 0xffff};
		for (unsigned i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
			for (unsigned queue = 0; queue < 2; queue++) {
				up(s);
				netdev_send(dev, rig_packet(&rig, 60, 0));
				lie(queue, 0, 60, jumps[i]);
				expect_stopped();
			}
		}
	}
}

static void test_a_packet_sent_back_that_was_never_sent_stops_the_device(void **state)
{
	(void)state;
	up(&shapes[4]);
	lie(1, 0, 0, 1);
	expect_stopped();
}

static void test_a_slow_reset_is_waited_for(void **state)
{
	(void)state;
	probe(&shapes[4]);
	vm.slow = 50;
	assert_int_equal(netdev_open(dev), 0);
	netdev_close(dev);
	assert_int_equal(vm.resetting, 0);
	down();
}

static void test_a_reset_that_never_ends_is_given_up(void **state)
{
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		up(s);
		vm.stuck = true;
		rig.delayed_us = 0;
		netdev_close(dev);
		assert_in_range(rig.delayed_us, 1, 1000000);
		assert_false(rig_is_master(&vm.fn)); /* what keeps it from writing */
		assert_int_equal(netdev_open(dev), -ERR_NETDEV_OPEN);
		assert_non_null(strstr(rig.m.err.detail, "reset"));
		down();
	}
}

static void test_a_device_that_does_not_reset_is_left_alone(void **state)
{
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		plug(s);
		vm.stuck = true;
		assert_int_equal(rig_scan(&rig, &driver_virtio_net), 0);
		assert_int_equal(rig.net.ndev, 0);
		assert_in_range(rig.delayed_us, 1, 2000000);
		assert_false(rig_is_master(&vm.fn));
		rig_end(&rig);
	}
}

static void test_features_refused(void **state)
{
	(void)state;
	probe(&shapes[4]);
	vm.refuse = true;
	assert_int_equal(netdev_open(dev), -ERR_NETDEV_OPEN);
	assert_non_null(strstr(rig.m.err.detail, "features"));
	vm.refuse = false;
	assert_int_equal(netdev_open(dev), 0);
	down();
}

static void test_modern_without_version_1(void **state)
{
	(void)state;
	probe(&shapes[4]);
	vm.offer &= ~VM_VERSION_1;
	assert_int_equal(netdev_open(dev), -ERR_NETDEV_OPEN);
	down();
}

static void test_ring_sizes_that_make_no_sense(void **state)
{
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		static const uint16_t sizes[] = {0, 3, 255, 257, 0xffff};
		for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			probe(s);
			vm.q[i % 2].num_max = sizes[i];
			assert_int_equal(netdev_open(dev), -ERR_NETDEV_OPEN);
			assert_non_null(strstr(rig.m.err.detail, "ring"));
			down();
		}
	}
}

static void test_rings_of_every_size_work(void **state)
{
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		for (unsigned size = 2; size <= 4096; size *= 2) {
			probe(s);
			vm.q[0].num_max = vm.q[1].num_max = (uint16_t)size;
			assert_int_equal(netdev_open(dev), 0);
			for (unsigned i = 0; i < 3 * size; i++) {
				assert_true(vm_receive(&vm, 200, i));
				poll();
				struct pkt *p = rig_received(&rig);
				assert_non_null(p);
				netdev_send(dev, p);
				assert_int_equal(vm_transmit(&vm, 2), 1);
			}
			assert_int_equal(vm.interrupts, 0);
			down();
		}
	}
}

static void test_a_ring_that_grows_is_refused(void **state)
{
	(void)state;
	up(&shapes[1]);
	netdev_close(dev);
	vm.q[1].num_max = 1024;
	assert_int_equal(netdev_open(dev), -ERR_NETDEV_OPEN);
	vm.q[1].num_max = 256;
	assert_int_equal(netdev_open(dev), 0);
	down();
}

static void test_no_memory_for_rings(void **state)
{
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		probe(s);
		rig.arena_size = rig.arena_used + 16384;
		assert_int_equal(netdev_open(dev), -ERR_NETDEV_OPEN);
		assert_non_null(strstr(rig.m.err.detail, "memory"));
		rig.arena_size = RIG_ARENA;
		assert_int_equal(netdev_open(dev), 0);
		down();
	}
}

static void test_legacy_rings_have_a_ceiling(void **state)
{
	(void)state;
	probe(&shapes[1]);
	rig.arena_bus = 1ull << 44;
	assert_int_equal(netdev_open(dev), -ERR_NETDEV_OPEN);
	assert_non_null(strstr(rig.m.err.detail, "high"));
	down();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_its_registers),
		cmocka_unit_test(test_capabilities_that_make_no_sense),
		cmocka_unit_test(test_the_first_usable_capability_counts),
		cmocka_unit_test(test_a_list_of_capabilities_without_end),
		cmocka_unit_test(test_legacy_registers_that_cannot_be),
		cmocka_unit_test(test_configuration_is_read_inside_its_bounds),
		cmocka_unit_test(test_a_doorbell_outside_of_its_registers),
		cmocka_unit_test(test_one_doorbell_for_all_queues),
		cmocka_unit_test(test_a_queue_takes_what_fits),
		cmocka_unit_test(test_buffers_come_back_in_any_order),
		cmocka_unit_test(test_doorbell_by_event_index),
		cmocka_unit_test(test_drain_gives_back_what_the_device_had),
		cmocka_unit_test(test_a_broken_queue_yields_nothing_more),
		cmocka_unit_test(test_failing_leaves_the_device_so),
		cmocka_unit_test(test_ids_out_of_range_stop_the_device),
		cmocka_unit_test(test_an_id_twice_stops_the_device),
		cmocka_unit_test(test_the_second_half_of_a_pair_is_no_id),
		cmocka_unit_test(test_an_index_that_runs_away_stops_the_device),
		cmocka_unit_test(test_a_packet_sent_back_that_was_never_sent_stops_the_device),
		cmocka_unit_test(test_a_slow_reset_is_waited_for),
		cmocka_unit_test(test_a_reset_that_never_ends_is_given_up),
		cmocka_unit_test(test_a_device_that_does_not_reset_is_left_alone),
		cmocka_unit_test(test_features_refused),
		cmocka_unit_test(test_modern_without_version_1),
		cmocka_unit_test(test_ring_sizes_that_make_no_sense),
		cmocka_unit_test(test_rings_of_every_size_work),
		cmocka_unit_test(test_a_ring_that_grows_is_refused),
		cmocka_unit_test(test_no_memory_for_rings),
		cmocka_unit_test(test_legacy_rings_have_a_ceiling),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
