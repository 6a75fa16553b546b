/* SPDX-License-Identifier: BSD-2-Clause */
/* e1000 against a device model: rings, speed in register accesses, and devices that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "drivers/drivers.h"
#include "tests/drivers/e1000_model.h"

#define EOP  0x02
#define DD   0x01
#define IXSM 0x04

static struct rig rig;
static struct em em;
static struct netdev *dev;
static const struct mac our_mac = {{0x52, 0x54, 0x00, 0x12, 0x34, 0x56}};

static void plug(uint16_t device)
{
	rig_init(&rig);
	em_init(&em, device);
	rig_plug(&rig, &em.fn, 4 << 3);
}

static void probe(void)
{
	assert_int_equal(rig_scan(&rig, &driver_e1000), 1);
	dev = netdev_find(&rig.net, "net0");
	assert_non_null(dev);
}

static void up(void)
{
	plug(0x100e);
	probe();
	assert_int_equal(netdev_open(dev), 0);
	assert_true(dev->link_up);
}

static void poll(void)
{
	dev->ops->poll(dev, RX_BUDGET);
}

static void down(void)
{
	netdev_close(dev);
	rig_free_received(&rig);
	assert_int_equal(rig.net.pool.nfree, PKT_MAX);
	assert_int_equal(rig.net.pool.freed_twice, 0);
	assert_false(rig_is_master(&em.fn));
	assert_int_equal(em.rctl & 2, 0);
	assert_int_equal(em.tctl & 2, 0);
	rig_end(&rig);
}

static void test_probe_reads_the_mac(void **state)
{
	(void)state;
	static const uint16_t devices[] = {0x100e, 0x100f, 0x100c, 0x1010, 0x1076};
	for (unsigned i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		plug(devices[i]);
		probe();
		assert_true(mac_eq(&dev->mac, &our_mac));
		assert_string_equal(dev->driver, "e1000");
		assert_int_equal(dev->mtu_max, 1500);
		assert_false(rig_is_master(&em.fn));
		rig_end(&rig);
	}
}

/* The address filter was lost, or never filled: the EEPROM has it, in either layout of EERD. */
static void test_mac_from_the_eeprom(void **state)
{
	(void)state;
	for (unsigned how = 0; how < 6; how++) {
		plug(how & 1 ? 0x1076 : 0x100e);
		em.is_82541 = how & 1;
		em.eerd_delay = 5;
		if (how / 2 == 0)
			em.rah[0] = 0;
		else if (how / 2 == 1)
			em.ral[0] = 0xffffffff;
		else
			em.ral[0] = em.rah[0] = 0;
		probe();
		assert_true(mac_eq(&dev->mac, &our_mac));
		rig_end(&rig);
	}
}

static void test_no_mac_address(void **state)
{
	(void)state;
	for (unsigned how = 0; how < 4; how++) {
		plug(0x100e);
		em.rah[0] = 0;
		em.no_eeprom = how == 0;
		if (how == 1)
			memset(em.eeprom, 0, sizeof(em.eeprom));
		else if (how == 2)
			memset(em.eeprom, 0xff, sizeof(em.eeprom));
		else if (how == 3)
			em.eeprom[0] |= 1; /* multicast */
		assert_int_equal(rig_scan(&rig, &driver_e1000), 0);
		assert_int_equal(rig.net.ndev, 0);
		assert_non_null(strstr(rig.m.err.detail, "MAC"));
		assert_false(rig_is_master(&em.fn));
		rig_end(&rig);
	}
}

static void test_open_sets_filters(void **state)
{
	(void)state;
	up();
	assert_int_equal(em.ral[0], 0x12005452);
	assert_int_equal(em.rah[0], 0x80005634);
	for (unsigned i = 1; i < 16; i++)
		assert_int_equal(em.rah[i], 0);
	for (unsigned i = 0; i < 128; i++)
		assert_int_equal(em.mta[i], 0);
	assert_int_equal(em.rctl & 0x8000, 0x8000); /* broadcast */
	assert_int_equal(em.rctl & 0x18, 0);	    /* not promiscuous */
	assert_int_equal(em.tctl & 8, 8);	    /* pads short frames */
	assert_int_equal(em.ctrl & 0x60, 0x60);	    /* link up, speed detected */
	assert_int_equal(em.imask, 0);
	assert_int_equal(em.fn.cfg[5] & 4, 4); /* no INTx */
	down();
}

static void test_groups_are_heard_on_demand(void **state)
{
	(void)state;
	up();
	dev->ops->groups(dev, true);
	assert_int_equal(em.rctl & 0x8018, 0x8010); /* all groups, not promiscuous */
	dev->ops->groups(dev, false);
	assert_int_equal(em.rctl & 0x8018, 0x8000);
	down();
}

static void test_frames_of_every_length_arrive_whole(void **state)
{
	(void)state;
	up();
	for (unsigned len = 14; len <= 1518; len++) {
		assert_true(em_receive(&em, len, len));
		poll();
		struct pkt *p = rig_received(&rig);
		assert_non_null(p);
		assert_int_equal(p->len, len);
		assert_true(rig_is_pattern(p->data, len, len));
		assert_int_equal((uintptr_t)(p->data + 14) % 4, 0);
		assert_false(p->csum_ok);
		pkt_free(&rig.net.pool, p);
	}
	assert_int_equal(dev->stats.rx_errors, 0);
	down();
}

static void test_frames_of_every_length_are_sent_at_once(void **state)
{
	(void)state;
	up();
	for (unsigned len = 14; len <= 1518; len++) {
		netdev_send(dev, rig_packet(&rig, len, len));
		assert_int_equal(em.nsent, len - 13);
		unsigned slot = (em.nsent - 1) % EM_SENT_MAX;
		assert_int_equal(em.sent[slot].len, len);
		assert_true(rig_is_pattern(em.sent[slot].data, len, len));
	}
	assert_int_equal(dev->stats.tx_full, 0);
	assert_int_equal(dev->stats.tx_errors, 0);
	down();
}

/* The speed goal: nothing is read, the tail is written once for 63 buffers: 12 times a MiB. */
static void test_one_register_write_for_63_frames(void **state)
{
	(void)state;
	static const unsigned bursts[] = {1, 3, 16, 40, 64};
	for (unsigned b = 0; b < sizeof(bursts) / sizeof(bursts[0]); b++) {
		up();
		unsigned reads = rig.reads, writes = rig.writes, n = 0;
		while (n < 12800) {
			for (unsigned i = 0; i < bursts[b]; i++)
				assert_true(em_receive(&em, 1514, n + i));
			poll();
			assert_int_equal(rig_free_received(&rig), bursts[b]);
			n += bursts[b];
		}
		assert_int_equal(rig.reads, reads);
		assert_true(rig.writes - writes <= n / 63);
		assert_int_equal(em.mpc, 0);
		down();
	}
}

static void test_one_register_write_for_a_frame_sent(void **state)
{
	(void)state;
	up();
	unsigned reads = rig.reads, writes = rig.writes;
	for (unsigned i = 0; i < 1000; i++) {
		netdev_send(dev, rig_packet(&rig, 60, i));
		poll();
	}
	assert_int_equal(rig.reads, reads);
	assert_int_equal(rig.writes, writes + 1000);
	down();
}

/* All that is sent in one turn costs one write, but nothing waits for a ring that is full. */
static void test_one_register_write_for_all_a_turn_sends(void **state)
{
	(void)state;
	up();
	unsigned sent = 0;
	for (unsigned n = 1; n < 64; n++) {
		unsigned writes = rig.writes;
		rig.net.in_turn = true;
		for (unsigned i = 0; i < n; i++)
			netdev_send(dev, rig_packet(&rig, 60, i));
		poll();
		assert_int_equal(em.nsent, sent);
		rig.net.in_turn = false;
		netdev_flush(&rig.net);
		sent += n;
		assert_int_equal(em.nsent, sent);
		poll();
		netdev_flush(&rig.net);
		assert_int_equal(rig.writes, writes + 1);
	}
	rig.net.in_turn = true;
	for (unsigned i = 0; i < 1000; i++)
		netdev_send(dev, rig_packet(&rig, 60, i));
	rig.net.in_turn = false;
	netdev_flush(&rig.net);
	assert_int_equal(em.nsent, sent + 1000);
	assert_int_equal(dev->stats.tx_full, 0);
	down();
}

static void test_small_shares_of_the_pool_work(void **state)
{
	(void)state;
	for (unsigned share = 1; share <= 300; share += share < 20 ? 1 : 70) {
		plug(0x100e);
		probe();
		dev->rx_ring = share;
		assert_int_equal(netdev_open(dev), 0);
		unsigned held = share < 255 ? share : 255;
		assert_int_equal(rig.net.pool.nfree, PKT_MAX - held);
		for (unsigned i = 0; i < 1000; i++) {
			assert_true(em_receive(&em, 60, i));
			poll();
			assert_int_equal(rig_free_received(&rig), 1);
		}
		down();
	}
}

static void test_a_turn_delivers_no_more_than_its_budget(void **state)
{
	(void)state;
	up();
	for (unsigned i = 0; i < 100; i++)
		assert_true(em_receive(&em, 60, i));
	dev->ops->poll(dev, 7);
	assert_int_equal(rig_free_received(&rig), 7);
	dev->ops->poll(dev, 64);
	assert_int_equal(rig_free_received(&rig), 64);
	dev->ops->poll(dev, 64);
	assert_int_equal(rig_free_received(&rig), 29);
	down();
}

static void test_checksums_that_the_device_has_verified(void **state)
{
	(void)state;
	static const struct {
		uint8_t status, errors;
		bool ok;
	} rows[] = {
		{DD | EOP | 0x20, 0, true},	    /* TCPCS */
		{DD | EOP | 0x20 | 0x40, 0, true},  /* and IPCS */
		{DD | EOP | 0x20 | IXSM, 0, false}, /* to be ignored */
		{DD | EOP | 0x40, 0, false},	    /* only IP */
		{DD | EOP | 0x20, 0x20, false},	    /* TCPE: delivered, for the stack to judge */
		{DD | EOP | 0x40, 0x40, false},	    /* IPE: the same */
	};
	up();
	assert_int_equal(em.rxcsum & 0x200, 0x200);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t frame[60] = {0};
		assert_true(em_give(&em, frame, 60, 60, rows[i].status, rows[i].errors));
		poll();
		struct pkt *p = rig_received(&rig);
		assert_non_null(p);
		assert_int_equal(p->csum_ok, rows[i].ok);
		pkt_free(&rig.net.pool, p);
	}
	down();
}

static void test_link_and_counters_ten_times_a_second(void **state)
{
	(void)state;
	up();
	em.status &= ~2u;
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
	assert_true(rig.reads - reads <= 2);
	em.status |= 2;
	em.mpc = 7;
	rig_pass_us(&rig, 100000);
	poll();
	assert_true(dev->link_up);
	assert_int_equal(dev->stats.rx_overrun, 7);
	rig_pass_us(&rig, 100000);
	poll();
	assert_int_equal(dev->stats.rx_overrun, 7);
	down();
}

static void test_close_and_open_again(void **state)
{
	(void)state;
	up();
	size_t used = rig.arena_used;
	for (unsigned round = 0; round < 5; round++) {
		assert_true(em_receive(&em, 60, 1));
		em.lazy = true;
		netdev_send(dev, rig_packet(&rig, 60, 1));
		em.lazy = false;
		netdev_close(dev);
		assert_int_equal(rig.net.pool.nfree, PKT_MAX);
		assert_false(em_receive(&em, 60, 1));
		assert_false(rig_is_master(&em.fn));
		rig.delayed_us = 0;
		assert_int_equal(netdev_open(dev), 0);
		assert_true(rig.delayed_us <= 10000);
		for (unsigned i = 0; i < 600; i++) {
			assert_true(em_receive(&em, 60, i));
			poll();
			assert_int_equal(rig_free_received(&rig), 1);
			netdev_send(dev, rig_packet(&rig, 60, i));
		}
	}
	assert_int_equal(rig.arena_used, used);
	down();
}

/* Another program had it running, its DMA on: a reset comes before anything else. */
static void test_a_device_left_running_is_stopped_first(void **state)
{
	(void)state;
	plug(0x100e);
	probe();
	em.rctl = em.tctl = 2;
	em.rx.base = em.tx.base = 0x1000;
	assert_int_equal(netdev_open(dev), 0);
	assert_int_equal(em.resets, 1);
	assert_true(rig.delayed_us >= 10000);
	down();
}

static void test_a_full_ring_drops_and_recovers(void **state)
{
	(void)state;
	up();
	em.lazy = true;
	for (unsigned i = 0; i < 63; i++)
		netdev_send(dev, rig_packet(&rig, 60, i));
	assert_int_equal(dev->stats.tx_full, 0);
	netdev_send(dev, rig_packet(&rig, 60, 0));
	assert_int_equal(dev->stats.tx_full, 1);
	em_write_back(&em);
	netdev_send(dev, rig_packet(&rig, 60, 0));
	assert_int_equal(dev->stats.tx_full, 1);
	assert_int_equal(em.nsent, 64);
	down();
}

static void test_a_frame_too_long_is_not_sent(void **state)
{
	(void)state;
	up();
	netdev_send(dev, rig_packet(&rig, 1523, 0));
	assert_int_equal(dev->stats.tx_errors, 1);
	assert_int_equal(em.nsent, 0);
	down();
}

static void test_an_empty_pool_is_counted_and_survived(void **state)
{
	(void)state;
	up();
	static struct pkt *hoard[PKT_MAX];
	unsigned n = 0, got = 0;
	while ((hoard[n] = pkt_alloc(&rig.net.pool)))
		n++;
	while (em_receive(&em, 60, got))
		got++;
	for (unsigned i = 0; i < 8; i++)
		poll();
	assert_true(dev->stats.rx_no_buf > 0);
	assert_int_equal(rig_free_received(&rig), got);
	for (unsigned i = 0; i < 1000; i++) {
		poll();
		assert_true(em_receive(&em, 60, i));
		poll();
		assert_int_equal(rig_free_received(&rig), 1);
	}
	while (n)
		pkt_free(&rig.net.pool, hoard[--n]);
	down();
}

/* Nothing but a handful of packets to be had, fewer than a batch: they go round all the same. */
static void test_a_starved_ring_still_moves(void **state)
{
	(void)state;
	up();
	static struct pkt *hoard[PKT_MAX];
	unsigned n = 0, got = 0;
	while (em_receive(&em, 60, got))
		got++;
	while ((hoard[n] = pkt_alloc(&rig.net.pool)))
		n++;
	for (unsigned i = 0; i < 8; i++)
		poll();
	struct pkt *kept[256], *p;
	for (unsigned i = 0; (p = rig_received(&rig)); i++)
		kept[i] = p;
	for (unsigned i = 0; i < 3; i++)
		pkt_free(&rig.net.pool, kept[i]);
	for (unsigned i = 0; i < 100; i++) {
		poll();
		assert_true(em_receive(&em, 60, i));
		poll();
		assert_int_equal(rig_free_received(&rig), 1);
	}
	for (unsigned i = 3; i < got; i++)
		pkt_free(&rig.net.pool, kept[i]);
	while (n)
		pkt_free(&rig.net.pool, hoard[--n]);
	down();
}

/* ---- devices that lie ---- */

static void test_lengths_that_cannot_be_are_dropped(void **state)
{
	(void)state;
	static const uint8_t frame[1];
	static const uint16_t bad[] = {0, 1, 13, PKT_SIZE - PKT_HEADROOM - 1, 2048, 16384, 65535};
	up();
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_true(em_give(&em, frame, 0, bad[i], DD | EOP | IXSM, 0));
		poll();
		assert_null(rig_received(&rig));
		assert_int_equal(dev->stats.rx_errors, i + 1);
	}
	assert_true(em_receive(&em, 60, 1));
	poll();
	assert_int_equal(rig_free_received(&rig), 1);
	down();
}

static void test_frames_with_errors_are_dropped(void **state)
{
	(void)state;
	static const uint8_t errors[] = {0x01, 0x02, 0x04, 0x10, 0x80, 0xff};
	up();
	for (unsigned i = 0; i < sizeof(errors); i++) {
		uint8_t frame[60] = {0};
		assert_true(em_give(&em, frame, 60, 60, DD | EOP | IXSM, errors[i]));
		poll();
		assert_null(rig_received(&rig));
		assert_int_equal(dev->stats.rx_errors, i + 1);
	}
	down();
}

static void test_a_frame_over_several_buffers_is_dropped_once(void **state)
{
	(void)state;
	static uint8_t part[1900];
	up();
	for (unsigned parts = 2; parts < 9; parts++) {
		for (unsigned i = 1; i < parts; i++)
			assert_true(em_give(&em, part, sizeof(part), 2048, DD | IXSM, 0));
		poll();
		assert_true(em_give(&em, part, 100, 100, DD | EOP | IXSM, 0));
		assert_true(em_receive(&em, 60, parts));
		poll();
		struct pkt *p = rig_received(&rig);
		assert_non_null(p);
		assert_true(rig_is_pattern(p->data, 60, parts));
		pkt_free(&rig.net.pool, p);
		assert_null(rig_received(&rig));
		assert_int_equal(dev->stats.rx_errors, parts - 1);
	}
	down();
}

/* Every descriptor says "done", also those that the device was never given. */
static void test_done_where_nothing_was_given(void **state)
{
	(void)state;
	plug(0x100e);
	probe();
	dev->rx_ring = 40;
	assert_int_equal(netdev_open(dev), 0);
	for (uint32_t i = 0; i < 256; i++)
		em_desc(&em, &em.rx, i)[12] = 0xff;
	for (uint32_t i = 0; i < 64; i++)
		em_desc(&em, &em.tx, i)[12] = 0xff;
	for (unsigned i = 0; i < 10; i++)
		poll();
	assert_true(rig_free_received(&rig) <= 40);
	assert_true(dev->stats.rx_errors <= 40);
	down();
}

static void test_a_device_pulled_out(void **state)
{
	(void)state;
	up();
	assert_true(em_receive(&em, 60, 1));
	em.fn.gone = true;
	poll();
	assert_int_equal(rig_free_received(&rig), 1);
	rig_pass_us(&rig, 100000);
	poll();
	assert_false(dev->link_up);
	assert_int_equal(dev->stats.rx_overrun, 0);
	for (unsigned i = 0; i < 100; i++)
		netdev_send(dev, rig_packet(&rig, 60, 0));
	rig.delayed_us = 0;
	netdev_close(dev);
	assert_int_equal(rig.delayed_us, 0);
	assert_int_equal(rig.net.pool.nfree, PKT_MAX);
	assert_int_equal(netdev_open(dev), -ERR_NETDEV_OPEN);
	assert_int_equal(rig.delayed_us, 0);
	em.rctl = em.tctl = 0; /* for down(): what is out cannot be stopped */
	down();
}

static void test_a_device_that_was_never_there(void **state)
{
	(void)state;
	plug(0x100e);
	struct bus_dev b = {.ops = &rig_ops, .ctx = &rig, .busdevfn = 4 << 3, .device = 0x100e};
	em.fn.gone = true;
	assert_int_equal(driver_e1000.probe(&rig.net, &b), -ERR_NETDEV_OPEN);
	/* It goes while its registers are already mapped: everything reads as ones. */
	em.fn.gone = false;
	em.ral[0] = em.rah[0] = 0xffffffff;
	em.no_eeprom = true;
	em.eerd = 0xffffffff;
	assert_int_equal(driver_e1000.probe(&rig.net, &b), -ERR_NETDEV_OPEN);
	assert_int_equal(rig.net.ndev, 0);
	rig_end(&rig);
}

static void test_a_reset_that_never_ends_is_given_up(void **state)
{
	(void)state;
	up();
	em.stuck = true;
	rig.delayed_us = 0;
	netdev_close(dev);
	assert_in_range(rig.delayed_us, 1, 100000);
	assert_int_equal(em.rctl & 2, 0);
	assert_int_equal(em.tctl & 2, 0);
	assert_int_equal(netdev_open(dev), -ERR_NETDEV_OPEN);
	assert_non_null(strstr(rig.m.err.detail, "reset"));
	down();
}

static void test_no_memory_for_rings(void **state)
{
	(void)state;
	plug(0x100e);
	probe();
	rig.arena_size = 4096;
	assert_int_equal(netdev_open(dev), -ERR_NETDEV_OPEN);
	assert_non_null(strstr(rig.m.err.detail, "memory"));
	rig.arena_size = RIG_ARENA;
	assert_int_equal(netdev_open(dev), 0);
	down();
}

static void test_registers_out_of_reach(void **state)
{
	(void)state;
	for (unsigned how = 0; how < 3; how++) {
		plug(0x100f);
		if (how == 0)
			rig_bar(&em.fn, 0, 0x800000000, EM_SIZE, 4);
		else if (how == 1)
			rig_bar(&em.fn, 0, EM_BASE, 0x1000, 0);
		else
			rig_bar(&em.fn, 0, 0xc000, 0x100, 1);
		if (how == 0)
			em.fn.bar_size[1] = 0;
		rig.map_limit = 1ull << 32;
		assert_int_equal(rig_scan(&rig, &driver_e1000), 0);
		assert_non_null(strstr(rig.m.err.detail, "registers"));
		assert_int_equal(rig.net.ndev, 0);
		rig_end(&rig);
	}
}

static void test_more_devices_than_slots(void **state)
{
	(void)state;
	plug(0x100e);
	rig.net.ndev = NETDEV_MAX;
	assert_int_equal(rig_scan(&rig, &driver_e1000), 0);
	assert_int_equal(rig.net.ndev, NETDEV_MAX);
	rig_end(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probe_reads_the_mac),
		cmocka_unit_test(test_mac_from_the_eeprom),
		cmocka_unit_test(test_no_mac_address),
		cmocka_unit_test(test_open_sets_filters),
		cmocka_unit_test(test_groups_are_heard_on_demand),
		cmocka_unit_test(test_frames_of_every_length_arrive_whole),
		cmocka_unit_test(test_frames_of_every_length_are_sent_at_once),
		cmocka_unit_test(test_one_register_write_for_63_frames),
		cmocka_unit_test(test_one_register_write_for_a_frame_sent),
		cmocka_unit_test(test_one_register_write_for_all_a_turn_sends),
		cmocka_unit_test(test_small_shares_of_the_pool_work),
		cmocka_unit_test(test_a_turn_delivers_no_more_than_its_budget),
		cmocka_unit_test(test_checksums_that_the_device_has_verified),
		cmocka_unit_test(test_link_and_counters_ten_times_a_second),
		cmocka_unit_test(test_close_and_open_again),
		cmocka_unit_test(test_a_device_left_running_is_stopped_first),
		cmocka_unit_test(test_a_full_ring_drops_and_recovers),
		cmocka_unit_test(test_a_frame_too_long_is_not_sent),
		cmocka_unit_test(test_an_empty_pool_is_counted_and_survived),
		cmocka_unit_test(test_a_starved_ring_still_moves),
		cmocka_unit_test(test_lengths_that_cannot_be_are_dropped),
		cmocka_unit_test(test_frames_with_errors_are_dropped),
		cmocka_unit_test(test_a_frame_over_several_buffers_is_dropped_once),
		cmocka_unit_test(test_done_where_nothing_was_given),
		cmocka_unit_test(test_a_device_pulled_out),
		cmocka_unit_test(test_a_device_that_was_never_there),
		cmocka_unit_test(test_a_reset_that_never_ends_is_given_up),
		cmocka_unit_test(test_no_memory_for_rings),
		cmocka_unit_test(test_registers_out_of_reach),
		cmocka_unit_test(test_more_devices_than_slots),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
