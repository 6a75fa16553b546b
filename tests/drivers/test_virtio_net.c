/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-net against a device model: every interface, speed in register accesses, and devices
 * that lie.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "tests/drivers/virtio_net.h"

static void test_probe_finds_mac_and_leaves_the_device_reset(void **state)
{
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		probe(s);
		static const struct mac mac = {{0x52, 0x54, 0x00, 0x12, 0x34, 0x56}};
		assert_true(mac_eq(&dev->mac, &mac));
		assert_string_equal(dev->driver, "virtio-net");
		assert_int_equal(dev->mtu_max, 1500);
		assert_int_equal(vm.status, 0);
		assert_false(rig_is_master(&vm.fn));
		assert_int_equal(rig.net.pool.nfree, PKT_MAX);
		rig_end(&rig);
	}
}

static void test_takes_what_it_can_use_of_the_features(void **state)
{
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		up(s);
		uint64_t good = VM_CSUM | VM_MAC | VM_STATUS | VM_GUEST_TSO4 | VM_MRG_RXBUF |
				VM_ANY_LAYOUT | VM_EVENT_IDX | VM_VERSION_1 | VM_ACCESS | VM_ORDER;
		uint64_t seen = s->modern ? s->offer : s->offer & UINT32_MAX;
		assert_true(vm.accepted == (seen & good));
		assert_int_equal(vm_is_modern(&vm), s->modern);
		assert_int_equal(vm.fn.cfg[5] & 4, 4); /* no INTx */
		if (s->modern)
			assert_int_equal(vm.fn.cfg[0x43] & 0x80, 0); /* no MSI-X */
		down();
	}
}

/* All or nothing: segments need mergeable buffers, and a ring that holds more than one. */
static void test_segments_are_taken_where_they_fit(void **state)
{
	static const struct {
		uint64_t without;
		unsigned share, num;
		bool taken;
	} rows[] = {
		{0, 0, 256, true},
		{0, 2 * PKT_CHAIN_MAX, 256, true},
		{0, 2 * PKT_CHAIN_MAX - 1, 256, false},
		{0, 16, 256, false},
		{0, 0, 128, true},
		{0, 0, 64, false},
		{VM_CSUM, 0, 256, false},
		{VM_GUEST_TSO4, 0, 256, false},
		{VM_MRG_RXBUF, 0, 256, false},
		{VM_GUEST_ECN, 0, 256, true},
	};
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			uint64_t all = VM_GUEST_TSO4 | VM_MRG_RXBUF | VM_GUEST_ECN;
			probe(s);
			vm.offer = (vm.offer | VM_GUEST_ECN) & ~rows[i].without;
			vm.q[0].num = vm.q[0].num_max = (uint16_t)rows[i].num;
			dev->rx_ring = rows[i].share;
			assert_int_equal(netdev_open(dev), 0);
			assert_true((vm.accepted & all) ==
				    (rows[i].taken ? all & ~rows[i].without : 0));
			assert_true(vm_receive(&vm, 1514, 1));
			poll();
			assert_int_equal(rig_free_received(&rig), 1);
			down();
		}
	}
}

static void test_frames_of_every_length_arrive_whole(void **state)
{
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		up(s);
		for (unsigned len = 14; len <= MTU_MAX + 14 + 8; len++) {
			assert_true(vm_receive(&vm, len, len));
			poll();
			struct pkt *p = rig_received(&rig);
			assert_non_null(p);
			assert_int_equal(p->len, len);
			assert_true(rig_is_pattern(p->data, len, len));
			assert_int_equal((uintptr_t)(p->data + 14) % 4, 0);
			assert_int_equal(
				(uintptr_t)(p->data + 14 + 20 + 8 + 4) % 16, 0); /* TFTP data */
			pkt_free(&rig.net.pool, p);
			assert_null(rig_received(&rig));
		}
		assert_int_equal(dev->stats.rx_errors, 0);
		down();
	}
}

/* Whether p is len bytes of the pattern, in packets that are full but for the last. */
static void expect_chain(const struct pkt *p, uint32_t len, unsigned seed)
{
	uint32_t at = 0, full = PKT_SIZE - PKT_HEADROOM - 2;
	assert_int_equal((uintptr_t)(p->data + 14) % 4, 0);
	for (unsigned n = 1; p; p = p->more, n++, full = PKT_SIZE - PKT_HEADROOM - 2 + 12) {
		assert_true(n <= PKT_CHAIN_MAX);
		assert_int_equal(p->len, p->more ? full : len - at);
		for (uint32_t i = 0; i < p->len; i++)
			assert_int_equal(p->data[i], rig_pattern(seed, at + i));
		at += p->len;
	}
	assert_int_equal(at, len);
}

static void expect_segment(uint32_t len, unsigned seed)
{
	struct pkt *p = rig_received(&rig);
	assert_non_null(p);
	assert_true(p->csum_ok);
	expect_chain(p, len, seed);
	pkt_free(&rig.net.pool, p);
}

#define GSO_TCPV4 1
#define GSO_ECN	  0x80

static void test_segments_of_all_lengths_arrive_whole(void **state)
{
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		up(s);
		for (uint32_t len = 54; len <= VM_SEGMENT_MAX + 4;) {
			assert_true(vm_receive_hdr(&vm, len, len, 1, GSO_TCPV4));
			poll();
			expect_segment(len, len);
			/* Around where a buffer ends each length, elsewhere some. */
			uint32_t left = (len + 12) % (PKT_SIZE - PKT_HEADROOM - 2 + 12);
			len += left > 1990 || left < 4 ? 1 : 131;
		}
		assert_int_equal(dev->stats.rx_errors, 0);
		assert_int_equal(vm.interrupts, 0);
		down();
	}
}

/* Its buffers are shown one by one, with turns between them. */
static void test_a_segment_in_pieces_is_waited_for(void **state)
{
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		up(s);
		for (unsigned round = 0; round < 50; round++) {
			uint16_t old = vm.q[0].used_idx;
			assert_true(vm_receive_hdr(&vm, 64000, round, 1, GSO_TCPV4));
			while (old != vm.q[0].used_idx) {
				assert_null(rig_received(&rig));
				*vm_u16(&vm, vm.q[0].used + 2) = ++old;
				poll();
			}
			expect_segment(64000, round);
		}
		/* Closed in the middle of one, and open again. */
		uint16_t old = vm.q[0].used_idx;
		assert_true(vm_receive_hdr(&vm, 64000, 7, 1, GSO_TCPV4));
		*vm_u16(&vm, vm.q[0].used + 2) = (uint16_t)(old + 20);
		poll();
		netdev_close(dev);
		assert_null(rig_received(&rig));
		assert_int_equal(rig.net.pool.nfree, PKT_MAX);
		assert_int_equal(netdev_open(dev), 0);
		assert_true(vm_receive_hdr(&vm, 64000, 8, 1, GSO_TCPV4));
		poll();
		expect_segment(64000, 8);
		down();
	}
}

static void test_frames_of_every_length_are_sent_at_once(void **state)
{
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		up(s);
		vm.sleepy = true;
		vm_wish(&vm, 1);
		for (unsigned len = 14; len <= 1514; len++) {
			unsigned kicks = vm.q[1].kicks;
			netdev_send(dev, rig_packet(&rig, len, len));
			assert_int_equal(vm.q[1].kicks, kicks + 1);
			assert_int_equal(vm_transmit(&vm, 1), 1);
			unsigned slot = (vm.nsent - 1) % VM_SENT_MAX;
			assert_int_equal(vm.sent[slot].len, len);
			assert_true(rig_is_pattern(vm.sent[slot].data, len, len));
		}
		assert_int_equal(dev->stats.tx_errors, 0);
		assert_int_equal(dev->stats.tx_full, 0);
		down();
	}
}

/* Past 65536 in both directions, in bursts that do not divide the ring. */
static void test_indices_wrap(void **state)
{
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		up(s);
		unsigned in = 0, out = 0;
		while (in < 70000) {
			unsigned burst = 1 + in % 37;
			for (unsigned i = 0; i < burst; i++)
				assert_true(vm_receive(&vm, 60, in + i));
			poll();
			for (unsigned i = 0; i < burst; i++, in++) {
				struct pkt *p = rig_received(&rig);
				assert_non_null(p);
				assert_true(p->len == 60 && rig_is_pattern(p->data, 60, in));
				netdev_send(dev, p);
			}
			out += vm_transmit(&vm, burst);
			assert_int_equal(out, in);
		}
		assert_int_equal(vm.interrupts, 0);
		assert_int_equal(dev->stats.tx_full, 0);
		down();
	}
}

/*
 * The speed goal: a device that keeps up is never bothered, not for receiving, not for sending.
 */
static void test_no_register_is_touched_while_the_device_is_awake(void **state)
{
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		up(s);
		vm.sleepy = false;
		vm_wish(&vm, 0);
		vm_wish(&vm, 1);
		unsigned before = rig.reads + rig.writes;
		for (unsigned i = 0; i < 10000; i++) {
			assert_true(vm_receive(&vm, 1500, i));
			if (i % 16 == 15) {
				poll();
				assert_int_equal(rig_free_received(&rig), 16);
				netdev_send(dev, rig_packet(&rig, 60, i));
				assert_int_equal(vm_transmit(&vm, 64), 1);
			}
		}
		assert_int_equal(rig.reads + rig.writes, before);
		assert_int_equal(vm.interrupts, 0);
		down();
	}
}

/* One that sleeps is woken once for a whole refill, not once a buffer. */
static void test_a_sleeping_device_is_woken_once_a_batch(void **state)
{
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		up(s);
		for (unsigned round = 0; round < 20; round++) {
			vm.sleepy = true;
			for (unsigned i = 0; i < 32; i++)
				assert_true(vm_receive(&vm, 100, i));
			unsigned kicks = vm.q[0].kicks, accesses = rig.reads + rig.writes;
			if (vm.accepted & VM_EVENT_IDX) /* awake until it has used up all */
				assert_true(vm_waiting(&vm, 0) > 0);
			poll();
			assert_int_equal(rig_free_received(&rig), 32);
			assert_int_equal(vm.q[0].kicks, kicks + !(vm.accepted & VM_EVENT_IDX));
			assert_int_equal(rig.reads + rig.writes - accesses, vm.q[0].kicks - kicks);
		}
		while (vm_receive(&vm, 100, 1)) {
		}
		unsigned kicks = vm.q[0].kicks;
		poll();
		assert_int_equal(vm.q[0].kicks, kicks + 1);
		down();
	}
}

/*
 * 64 KiB segments as fast as they are taken: the device runs out of buffers again and again, and
 * one doorbell for what a turn gives back is all it costs: less than 9 for a MiB.
 */
static void test_doorbells_for_a_flood_of_segments(void **state)
{
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		up(s);
		unsigned before = rig.reads + rig.writes, turns = 0, got = 0;
		while (got < 1600) {
			while (vm_receive_hdr(&vm, 65549, got, 1, GSO_TCPV4))
				got++;
			poll();
			rig_free_received(&rig);
			turns++;
		}
		assert_true(rig.reads + rig.writes - before <= turns);
		assert_true(turns < 1600 / 16 * 9);
		assert_int_equal(dev->stats.rx_no_buf, 0);
		down();
	}
}

/* All that is sent in one turn costs one doorbell, also for more than the ring holds. */
static void test_a_turn_rings_once(void **state)
{
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		up(s);
		vm.sleepy = true;
		vm_wish(&vm, 1);
		for (unsigned n = 1; n <= 32; n++) {
			unsigned kicks = vm.q[1].kicks;
			rig.net.in_turn = true;
			for (unsigned i = 0; i < n; i++)
				netdev_send(dev, rig_packet(&rig, 60, i));
			assert_int_equal(vm.q[1].kicks, kicks);
			assert_int_equal(vm_transmit(&vm, 64), 0);
			rig.net.in_turn = false;
			netdev_flush(&rig.net);
			assert_int_equal(vm.q[1].kicks, kicks + 1);
			assert_int_equal(vm_transmit(&vm, 64), n);
			poll();
			netdev_flush(&rig.net);
			assert_int_equal(vm.q[1].kicks, kicks + 1);
		}
		rig.net.in_turn = true;
		for (unsigned i = 0; !vm_waiting(&vm, 1); i++) {
			assert_true(i <= 65);
			netdev_send(dev, rig_packet(&rig, 60, i));
		}
		assert_int_equal(dev->stats.tx_full, 1); /* told, but it had no time */
		rig.net.in_turn = false;
		down();
	}
}

static void test_a_turn_delivers_no_more_than_its_budget(void **state)
{
	(void)state;
	up(&shapes[4]);
	for (unsigned i = 0; i < 100; i++)
		assert_true(vm_receive(&vm, 60, i));
	dev->ops->poll(dev, 7);
	assert_int_equal(rig_free_received(&rig), 7);
	dev->ops->poll(dev, 64);
	assert_int_equal(rig_free_received(&rig), 64);
	dev->ops->poll(dev, 64);
	assert_int_equal(rig_free_received(&rig), 29);
	for (unsigned i = 0; i < 3; i++)
		assert_true(vm_receive_hdr(&vm, 64000, i, 1, GSO_TCPV4));
	dev->ops->poll(dev, 34); /* one, and what the other needs to be whole */
	expect_segment(64000, 0);
	expect_segment(64000, 1);
	assert_null(rig_received(&rig));
	down();
}

static void test_the_ring_holds_no_more_than_its_share(void **state)
{
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		probe(s);
		dev->rx_ring = 48;
		assert_int_equal(netdev_open(dev), 0);
		assert_int_equal(vm_waiting(&vm, 0), 48);
		assert_int_equal(rig.net.pool.nfree, PKT_MAX - 48);
		down();
	}
}

static void test_checksums_that_the_host_vouches_for(void **state)
{
	(void)state;
	up(&shapes[4]);
	for (uint8_t flags = 0; flags < 4; flags++) {
		assert_true(vm_receive_hdr(&vm, 60, flags, flags, 0));
		poll();
		struct pkt *p = rig_received(&rig);
		assert_non_null(p);
		assert_int_equal(p->csum_ok, flags != 0);
		pkt_free(&rig.net.pool, p);
	}
	down();
}

static void test_mtu(void **state)
{
	(void)state;
	static const struct {
		uint16_t offered, used;
	} rows[] = {{1500, 1500}, {1400, 1400}, {68, 68}, {MTU_MAX, MTU_MAX}, {MTU_MAX + 1, 1500},
		{9000, 1500}, {65535, 1500}, {67, 1500}, {0, 1500}};
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct shape s = shapes[4];
		s.offer |= VM_MTU;
		plug(&s);
		rig_put(vm.config + 10, 2, rows[i].offered);
		assert_int_equal(rig_scan(&rig, &driver_virtio_net), 1);
		dev = netdev_find(&rig.net, "net0");
		assert_int_equal(dev->mtu_max, rows[i].used);
		assert_int_equal(netdev_open(dev), 0);
		assert_int_equal(!!(vm.accepted & VM_MTU), rows[i].used == rows[i].offered);
		down();
	}
}

/* The device sleeps and its doorbell was not rung: what waits is sent a little later. */
static void test_a_missed_wish_costs_a_tenth_of_a_second(void **state)
{
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		up(s);
		vm.sleepy = false;
		vm_wish(&vm, 1);
		netdev_send(dev, rig_packet(&rig, 60, 1));
		unsigned kicks = vm.q[1].kicks;
		rig_pass_us(&rig, 100000);
		poll();
		assert_int_equal(vm.q[1].kicks, kicks + 1);
		assert_int_equal(vm_transmit(&vm, 64), 1);
		poll();
		rig_pass_us(&rig, 100000);
		poll(); /* nothing waits */
		assert_int_equal(vm.q[1].kicks, kicks + 1);
		down();
	}
}

static void test_link_is_looked_at_ten_times_a_second(void **state)
{
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		up(s);
		vm.config[6] = 0;
		unsigned reads = rig.reads;
		for (unsigned i = 0; i < 99; i++) {
			rig_pass_us(&rig, 1000);
			poll();
		}
		assert_true(dev->link_up);
		assert_int_equal(rig.reads, reads);
		rig_pass_us(&rig, 1000);
		poll();
		assert_false(dev->link_up);
		assert_int_equal(rig.reads, reads + 1);
		vm.config[6] = 1;
		rig_pass_us(&rig, 100000);
		poll();
		assert_true(dev->link_up);
		down();
	}
}

static void test_without_link_status_the_link_is_up(void **state)
{
	(void)state;
	struct shape s = shapes[4];
	s.offer &= ~VM_STATUS;
	plug(&s);
	vm.config[6] = 0;
	assert_int_equal(rig_scan(&rig, &driver_virtio_net), 1);
	dev = netdev_find(&rig.net, "net0");
	assert_int_equal(netdev_open(dev), 0);
	assert_true(dev->link_up);
	down();
}

static void test_close_and_open_again(void **state)
{
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		up(s);
		size_t used = rig.arena_used;
		for (unsigned round = 0; round < 5; round++) {
			assert_true(vm_receive(&vm, 60, 1)); /* delivered by nobody any more */
			netdev_send(dev, rig_packet(&rig, 60, 1));
			netdev_close(dev);
			assert_int_equal(rig.net.pool.nfree, PKT_MAX);
			assert_false(vm_receive(&vm, 60, 1));
			assert_false(rig_is_master(&vm.fn));
			assert_int_equal(netdev_open(dev), 0);
			for (unsigned i = 0; i < 300; i++) {
				assert_true(vm_receive(&vm, 60, i));
				poll();
				assert_int_equal(rig_free_received(&rig), 1);
				netdev_send(dev, rig_packet(&rig, 60, i));
				assert_int_equal(vm_transmit(&vm, 2), 1);
			}
		}
		assert_int_equal(rig.arena_used, used);
		down();
	}
}

static void test_a_full_ring_drops_and_recovers(void **state)
{
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		up(s);
		unsigned room = 0;
		while (!dev->stats.tx_full && room < 1000) {
			netdev_send(dev, rig_packet(&rig, 60, 0));
			room++;
		}
		assert_in_range(room, 33, 65);
		assert_int_equal(vm_transmit(&vm, 5), 5);
		for (unsigned i = 0; i < 5; i++)
			netdev_send(dev, rig_packet(&rig, 60, 0));
		assert_int_equal(dev->stats.tx_full, 1);
		netdev_send(dev, rig_packet(&rig, 60, 0));
		assert_int_equal(dev->stats.tx_full, 2);
		down();
	}
}

static void test_an_empty_pool_is_counted_and_survived(void **state)
{
	(void)state;
	up(&shapes[4]);
	static struct pkt *hoard[PKT_MAX];
	unsigned n = 0;
	while ((hoard[n] = pkt_alloc(&rig.net.pool)))
		n++;
	unsigned ring = vm_waiting(&vm, 0);
	for (unsigned i = 0; i < 50; i++)
		assert_true(vm_receive(&vm, 60, i));
	poll();
	assert_true(dev->stats.rx_no_buf > 0);
	assert_int_equal(vm_waiting(&vm, 0), ring - 50);
	assert_int_equal(rig_free_received(&rig), 50);
	poll();
	assert_int_equal(vm_waiting(&vm, 0), ring);
	while (n)
		pkt_free(&rig.net.pool, hoard[--n]);
	down();
}

static void test_a_frame_without_headroom_is_not_sent(void **state)
{
	(void)state;
	up(&shapes[4]);
	struct pkt *p = rig_packet(&rig, 60, 0);
	p->data = p->buf + 11;
	netdev_send(dev, p);
	assert_int_equal(dev->stats.tx_errors, 1);
	assert_int_equal(vm_transmit(&vm, 1), 0);
	down();
}

/* ---- devices that lie ---- */

static void test_lengths_that_cannot_be_are_dropped(void **state)
{
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		up(s);
		unsigned hdr = vm_hdr_len(&vm), most = hdr + PKT_SIZE - PKT_HEADROOM - 2;
		uint32_t bad[] = {
			0, 1, hdr, hdr + 13, most + 1, 2048, 65536, 0x7fffffff, 0xffffffff};
		for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
			struct vm_chain c;
			assert_true(vm_pop(&vm, 0, true, &c));
			vm_push(&vm, 0, c.head, bad[i]);
			poll();
			assert_null(rig_received(&rig));
			assert_int_equal(dev->stats.rx_errors, i + 1);
		}
		uint32_t good[] = {hdr + 14, most};
		for (unsigned i = 0; i < 2; i++) {
			struct vm_chain c;
			assert_true(vm_pop(&vm, 0, true, &c));
			vm_scatter(&c, 0, (const uint8_t[12]){[10] = 1}, hdr);
			vm_push(&vm, 0, c.head, good[i]);
			poll();
			struct pkt *p = rig_received(&rig);
			assert_non_null(p);
			assert_int_equal(p->len, good[i] - hdr);
			pkt_free(&rig.net.pool, p);
		}
		assert_true(dev->link_up);
		down();
	}
}

static void test_segments_that_were_not_asked_for_are_dropped(void **state)
{
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		static const uint8_t types[] = {GSO_TCPV4, GSO_TCPV4 | GSO_ECN, 3, 4, 5, GSO_ECN,
			3 | GSO_ECN, 4 | GSO_ECN, 0xff};
		for (unsigned asked = 0; asked < 2; asked++) {
			unsigned errors = 0;
			probe(s);
			if (!asked)
				vm.offer &= ~VM_GUEST_TSO4;
			assert_int_equal(netdev_open(dev), 0);
			for (unsigned i = 0; i < sizeof(types); i++) {
				bool good = asked && (types[i] & 0x7f) == GSO_TCPV4;
				assert_true(
					vm_receive_hdr(&vm, asked ? 10000 : 1000, i, 1, types[i]));
				poll();
				if (good)
					expect_segment(10000, i);
				assert_null(rig_received(&rig));
				errors += !good;
				assert_int_equal(dev->stats.rx_errors, errors);
			}
			down();
		}
	}
}

/* A header that says so many buffers, and buffers of those lengths. */
static void give(unsigned num, const uint32_t *lens, unsigned n)
{
	uint8_t hdr[12] = {[0] = 1, [1] = GSO_TCPV4, [10] = num & 0xff, [11] = num >> 8 & 0xff};
	for (unsigned i = 0; i < n; i++) {
		struct vm_chain c;
		assert_true(vm_pop(&vm, 0, true, &c));
		vm_scatter(&c, 0, i ? (const uint8_t[12]){0} : hdr, 12);
		vm_push(&vm, 0, c.head, lens[i]);
	}
}

/* Counted once, nothing delivered, and what comes next is whole. */
static void expect_dropped(unsigned errors)
{
	poll();
	assert_null(rig_received(&rig));
	assert_int_equal(dev->stats.rx_errors, errors);
	assert_true(vm_receive_hdr(&vm, 30000, 3, 1, GSO_TCPV4));
	poll();
	expect_segment(30000, 3);
	assert_int_equal(dev->stats.rx_errors, errors);
}

static void test_buffers_that_make_no_frame_are_dropped(void **state)
{
	static const uint32_t most = PKT_SIZE - PKT_HEADROOM - 2 + 12;
	static const uint32_t bad[] = {0, most + 1, 2048, 65536, 0xffffffff};
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		unsigned errors = 0;
		uint32_t lens[40];
		up(s);
		for (unsigned i = 0; i < 40; i++)
			lens[i] = most;
		give(0, lens, 1);
		expect_dropped(++errors);
		for (unsigned n = PKT_CHAIN_MAX + 1; n <= 40; n++) {
			give(n, lens, n);
			expect_dropped(++errors);
		}
		for (unsigned at = 0; at < PKT_CHAIN_MAX; at++) {
			for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
				lens[at] = bad[i];
				give(PKT_CHAIN_MAX, lens, bad[i] || at ? PKT_CHAIN_MAX : 1);
				expect_dropped(++errors);
			}
			lens[at] = most;
		}
		lens[0] = 12 + 13; /* no Ethernet header; what it says of others does not count */
		give(5, lens, 1);
		expect_dropped(++errors);
		down();
	}
}

/* More than the ring has: the device has lost its mind. */
static void test_more_buffers_than_there_are_stop_the_device(void **state)
{
	static const unsigned nums[] = {257, 1000, 0x8000, 0xffff};
	static const uint32_t len = 1000;
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		for (unsigned i = 0; i < sizeof(nums) / sizeof(nums[0]); i++) {
			up(s);
			give(nums[i], &len, 1);
			expect_stopped();
		}
	}
}

static void test_a_device_pulled_out(void **state)
{
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		up(s);
		assert_true(vm_receive(&vm, 60, 1));
		vm.fn.gone = true;
		poll();
		assert_int_equal(rig_free_received(&rig), 1);
		rig_pass_us(&rig, 100000);
		poll();
		if (vm.accepted & VM_STATUS)
			assert_false(dev->link_up);
		netdev_send(dev, rig_packet(&rig, 60, 0));
		rig.delayed_us = 0;
		netdev_close(dev);
		assert_int_equal(rig.delayed_us, 0);
		assert_int_equal(rig.net.pool.nfree, PKT_MAX);
		assert_int_equal(netdev_open(dev), -ERR_NETDEV_OPEN);
		assert_int_equal(rig.delayed_us, 0);
		down();
	}
}

static void test_a_device_that_was_never_there(void **state)
{
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		plug(s);
		struct bus_dev b = {
			.ops = &rig_ops, .ctx = &rig, .device = s->legacy ? 0x1000 : 0x1041};
		b.busdevfn = vm.fn.busdevfn;
		vm.fn.gone = true;
		assert_int_equal(driver_virtio_net.probe(&rig.net, &b), -ERR_NETDEV_OPEN);
		assert_int_equal(rig.net.ndev, 0);
		rig_end(&rig);
	}
}

static void test_no_mac_address(void **state)
{
	(void)state;
	for (const struct shape *s = shapes; s != shapes_end; s++) {
		for (unsigned how = 0; how < 3; how++) {
			plug(s);
			if (how == 0)
				vm.offer &= ~VM_MAC;
			else if (how == 1)
				memset(vm.config, 0, 6);
			else
				vm.config[0] |= 1;
			assert_int_equal(rig_scan(&rig, &driver_virtio_net), 0);
			assert_int_equal(rig.net.ndev, 0);
			assert_non_null(strstr(rig.m.err.detail, "MAC"));
			assert_int_equal(vm.status, 0);
			rig_end(&rig);
		}
	}
}

/* A 64-bit BAR beyond what a 32-bit program reaches. */
static void test_registers_out_of_reach(void **state)
{
	(void)state;
	static const struct shape *both = &shapes[3], *modern = &shapes[4];
	plug(both);
	rig_bar(&vm.fn, 4, 0x800000000, 0x4000, 12);
	rig.map_limit = 1ull << 32;
	assert_int_equal(rig_scan(&rig, &driver_virtio_net), 1);
	dev = netdev_find(&rig.net, "net0");
	vm.offer &= UINT32_MAX;
	assert_int_equal(netdev_open(dev), 0);
	assert_false(vm_is_modern(&vm));
	assert_true(vm_receive(&vm, 60, 1));
	poll();
	assert_int_equal(rig_free_received(&rig), 1);
	down();

	plug(modern);
	rig_bar(&vm.fn, 4, 0x800000000, 0x4000, 12);
	rig.map_limit = 1ull << 32;
	assert_int_equal(rig_scan(&rig, &driver_virtio_net), 0);
	assert_int_equal(rig.m.err.code, ERR_NETDEV_OPEN);
	assert_non_null(strstr(rig.m.err.detail, "registers"));
	rig_end(&rig);
}

static void test_more_devices_than_slots(void **state)
{
	(void)state;
	plug(&shapes[4]);
	rig.net.ndev = NETDEV_MAX;
	assert_int_equal(rig_scan(&rig, &driver_virtio_net), 0);
	assert_int_equal(rig.net.ndev, NETDEV_MAX);
	rig_end(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probe_finds_mac_and_leaves_the_device_reset),
		cmocka_unit_test(test_takes_what_it_can_use_of_the_features),
		cmocka_unit_test(test_segments_are_taken_where_they_fit),
		cmocka_unit_test(test_frames_of_every_length_arrive_whole),
		cmocka_unit_test(test_segments_of_all_lengths_arrive_whole),
		cmocka_unit_test(test_a_segment_in_pieces_is_waited_for),
		cmocka_unit_test(test_frames_of_every_length_are_sent_at_once),
		cmocka_unit_test(test_indices_wrap),
		cmocka_unit_test(test_no_register_is_touched_while_the_device_is_awake),
		cmocka_unit_test(test_a_sleeping_device_is_woken_once_a_batch),
		cmocka_unit_test(test_doorbells_for_a_flood_of_segments),
		cmocka_unit_test(test_a_turn_rings_once),
		cmocka_unit_test(test_a_turn_delivers_no_more_than_its_budget),
		cmocka_unit_test(test_the_ring_holds_no_more_than_its_share),
		cmocka_unit_test(test_checksums_that_the_host_vouches_for),
		cmocka_unit_test(test_mtu),
		cmocka_unit_test(test_a_missed_wish_costs_a_tenth_of_a_second),
		cmocka_unit_test(test_link_is_looked_at_ten_times_a_second),
		cmocka_unit_test(test_without_link_status_the_link_is_up),
		cmocka_unit_test(test_close_and_open_again),
		cmocka_unit_test(test_a_full_ring_drops_and_recovers),
		cmocka_unit_test(test_an_empty_pool_is_counted_and_survived),
		cmocka_unit_test(test_a_frame_without_headroom_is_not_sent),
		cmocka_unit_test(test_lengths_that_cannot_be_are_dropped),
		cmocka_unit_test(test_segments_that_were_not_asked_for_are_dropped),
		cmocka_unit_test(test_buffers_that_make_no_frame_are_dropped),
		cmocka_unit_test(test_more_buffers_than_there_are_stop_the_device),
		cmocka_unit_test(test_a_device_pulled_out),
		cmocka_unit_test(test_a_device_that_was_never_there),
		cmocka_unit_test(test_no_mac_address),
		cmocka_unit_test(test_registers_out_of_reach),
		cmocka_unit_test(test_more_devices_than_slots),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
