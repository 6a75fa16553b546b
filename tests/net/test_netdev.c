/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net/netdev.c, net/eth.c, net/net.c: links, the pool's shares, frames in and out, the network's
 * turn.
 */
#include "tests/net/lan.h"

/*
 * A request for our address, which a working link answers: the frame to see whether frames get
 * through.
 */
static struct frame question(struct lan *lan, unsigned link)
{
	struct arp a = {.op = 1, .sha = peer_mac, .spa = PEER(link), .tpa = US(link)};

	(void)lan;
	return frame_arp(&mac_broadcast, &a);
}

static void slots_are_named_and_bounded(void **state)
{
	struct lan *lan = lan_new(0);
	struct netdev *dev = netdev_new(&lan->net);

	(void)state;
	assert_string_equal(dev->name, "net0");
	dev->mac = other_mac;			      /* as a driver leaves it that gives up */
	assert_ptr_equal(netdev_new(&lan->net), dev); /* not added yet */
	assert_int_equal(dev->mac.b[0], 0);
	assert_null(netdev_find(&lan->net, "net0"));
	for (unsigned i = 0; i < NETDEV_MAX; i++) {
		dev = lan_add(lan);
		assert_ptr_equal(dev, lan_link(lan, i));
	}
	assert_null(netdev_new(&lan->net));
	assert_ptr_equal(netdev_find(&lan->net, "net7"), lan_link(lan, 7));
	assert_null(netdev_find(&lan->net, "net8"));
	assert_null(netdev_find(&lan->net, "net"));
	lan_end(lan);
}

static void mtu_is_bounded(void **state)
{
	static const struct {
		uint16_t can, max, mtu;
	} rows[] = {{0, 1500, 1500}, {1500, 1500, 1500}, {9000, MTU_MAX, 1500}, {1280, 1280, 1280},
		{10, 68, 68}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lan *lan = lan_new(0);
		struct netdev *dev = netdev_new(&lan->net);

		dev->mtu_max = rows[i].can;
		netdev_add(dev);
		assert_int_equal(dev->mtu_max, rows[i].max);
		assert_int_equal(dev->mtu, rows[i].mtu);
		lan_end(lan);
	}
}

/* Rings never take all packets: a turn's frames and 32 a link for sending are left. */
#define TURN (RX_BUDGET + PKT_CHAIN_MAX)

static void pool_is_shared_out(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= NETDEV_MAX; n++) {
		struct lan *lan = lan_new(n);
		unsigned sum = 0;

		for (unsigned i = 0; i < n; i++) {
			assert_int_equal(lan_link(lan, i)->rx_ring, lan_link(lan, 0)->rx_ring);
			sum += lan_link(lan, i)->rx_ring;
		}
		assert_true(lan_link(lan, 0)->rx_ring == 256 || sum + n + TURN + 32 * n > PKT_MAX);
		assert_true(lan_link(lan, 0)->rx_ring <= 256);
		assert_true(sum + TURN + 32 * n <= PKT_MAX);
		lan_end(lan);
	}
}

static void late_links_get_what_is_left(void **state)
{
	static const unsigned rings[] = {256, 256, 127, 16, 16, 16, 16, 16};
	struct lan *lan = lan_new(1);

	(void)state;
	for (unsigned i = 1; i < NETDEV_MAX; i++) {
		struct netdev *late = lan_add(lan);

		assert_int_equal(late->rx_ring, 0);
		assert_int_equal(netdev_open(late), 0);
	}
	for (unsigned i = 0; i < NETDEV_MAX; i++)
		assert_int_equal(lan_link(lan, i)->rx_ring, rings[i]);
	lan_end(lan);
}

static void open_and_close_once(void **state)
{
	struct lan *lan = lan_new(1);
	struct netdev *dev = lan_link(lan, 0);

	(void)state;
	assert_int_equal(netdev_open(dev), 0);
	assert_int_equal(lan->opens, 1);
	netdev_close(dev);
	assert_false(dev->is_open);
	assert_false(dev->link_up);
	netdev_close(dev);
	assert_int_equal(lan->closes, 1);
	lan->open_result = -ERR_NETDEV_OPEN;
	assert_int_equal(netdev_open(dev), -ERR_NETDEV_OPEN);
	assert_false(dev->is_open);
	assert_int_equal(lan->m.err.code, ERR_NETDEV_OPEN);
	assert_non_null(strstr(lan->m.err.detail, "net0"));
	lan_end(lan);
}

static void closed_link_sends_and_receives_nothing(void **state)
{
	struct lan *lan = lan_new(1);
	struct netdev *dev = lan_link(lan, 0);
	struct pkt *p = pkt_alloc(&lan->net.pool);
	struct frame f = question(lan, 0);

	(void)state;
	netdev_close(dev);
	pkt_put(p, 60);
	netdev_send(dev, p);
	lan_put(lan, 0, &f);
	lan_turn(lan);
	assert_int_equal(lan->nout, 0);
	assert_int_equal(lan->nin, 1);
	assert_int_equal(dev->stats.tx_packets, 0);
	lan_end(lan);
}

static void close_it(struct udp_sock *s, const struct ip_meta *meta, uint16_t port, struct bytes b)
{
	struct ear *ear = s->ctx;

	(void)port;
	(void)b;
	ear->heard++;
	netdev_close(meta->dev);
}

static void protocol_may_close_the_link(void **state)
{
	struct lan *lan = lan_new(1);
	struct frame f = frame_udp(lan, 0, 1, 69, "x", 1);
	struct ear ear;

	(void)state;
	ear_open(lan, &ear, NULL, 69);
	ear.s.input = close_it;
	lan_put(lan, 0, &f);
	lan_put(lan, 0, &f); /* still queued when the first is handled */
	lan_turn(lan);
	assert_int_equal(ear.heard, 1);
	assert_int_equal(lan->closes, 1);
	lan_end(lan);
}

static void payload_and_back(void **state)
{
	struct lan *lan = lan_new(2);

	(void)state;
	machine_end(&lan->m);
	assert_int_equal(lan->net.pool.nfree, PKT_MAX);
	assert_int_equal(lan->closes, 2);
	assert_int_equal(machine_resume(&lan->m, -ERR_BOOT_FAILED), 0);
	assert_int_equal(lan->opens, 4);
	assert_true(lan_link(lan, 0)->is_open && lan_link(lan, 1)->is_open);
	netdev_close(lan_link(lan, 1));
	machine_end(&lan->m);
	assert_int_equal(machine_resume(&lan->m, -ERR_BOOT_FAILED), 0);
	assert_int_equal(lan->opens, 5);
	assert_false(lan_link(lan, 1)->is_open);
	lan_end(lan);
}

static void turn_spins_while_frames_come(void **state)
{
	struct lan *lan = lan_new(1);
	struct frame f = question(lan, 0);

	(void)state;
	assert_true(lan_turn(lan) > lan->fake.now_us);
	lan_put(lan, 0, &f);
	assert_true(lan_turn(lan) <= lan->fake.now_us);
	assert_true(lan_turn(lan) > lan->fake.now_us);
	for (unsigned i = 0; i < RX_BUDGET + 1; i++)
		lan_put(lan, 0, &f);
	assert_true(lan_turn(lan) <= lan->fake.now_us);
	assert_int_equal(lan->nin, 1); /* the budget */
	assert_int_equal(lan_link(lan, 0)->stats.rx_packets, RX_BUDGET + 1);
	assert_int_equal(lan_link(lan, 0)->stats.rx_bytes, (RX_BUDGET + 1) * 60);
	lan_end(lan);
}

/* -- what is sent leaves -- */

static unsigned flushed;

static void flush_it(struct netdev *dev)
{
	flushed++;
	assert_true(dev->is_open);
}

static void answer(struct udp_sock *s, const struct ip_meta *meta, uint16_t port, struct bytes b)
{
	struct ear *ear = s->ctx;

	(void)b;
	ear->heard++;
	assert_int_equal(flushed, 0);
	udp_send(meta->dev->net, s, meta->dev, udp_alloc(meta->dev->net), NULL, &meta->src, port);
}

static struct netdev_ops flushing;

/* Once for all that one turn has sent, at its end; never for a link that sent nothing. */
static void a_turn_flushes_once(void **state)
{
	struct lan *lan = lan_new(2);
	struct frame f = frame_udp(lan, 0, 1, 69, "x", 1);
	struct ear ear;

	(void)state;
	flushing = lan_ops;
	flushing.flush = flush_it;
	lan_link(lan, 0)->ops = lan_link(lan, 1)->ops = &flushing;
	flushed = 0;
	lan_meet(lan, 0);
	flushed = 0;
	ear_open(lan, &ear, NULL, 69);
	ear.s.input = answer;
	for (unsigned i = 0; i < 5; i++)
		lan_put(lan, 0, &f);
	lan_turn(lan);
	assert_int_equal(ear.heard, 5);
	assert_int_equal(flushed, 1);
	lan_turn(lan);
	assert_int_equal(flushed, 1);
	lan_end(lan);
}

/* Timers and commands run outside of the network's turn, and nobody comes after them. */
static void outside_of_a_turn_it_leaves_at_once(void **state)
{
	struct lan *lan = lan_new(1);
	struct netdev *dev = lan_link(lan, 0);
	struct ear ear;

	(void)state;
	flushing = lan_ops;
	flushing.flush = flush_it;
	dev->ops = &flushing;
	lan_meet(lan, 0);
	ear_open(lan, &ear, NULL, 0);
	for (unsigned i = 0; i < 3; i++) {
		flushed = 0;
		ear_say(lan, &ear, PEER(0), 69, "x");
		assert_int_equal(flushed, 1);
	}
	lan_end(lan);
}

/* Sent and closed in one turn: nobody is there to be told. */
static void answer_and_close(
	struct udp_sock *s, const struct ip_meta *meta, uint16_t port, struct bytes b)
{
	answer(s, meta, port, b);
	netdev_close(meta->dev);
}

static void a_closed_link_is_not_flushed(void **state)
{
	struct lan *lan = lan_new(1);
	struct frame f = frame_udp(lan, 0, 1, 69, "x", 1);
	struct ear ear;

	(void)state;
	flushing = lan_ops;
	flushing.flush = flush_it;
	lan_link(lan, 0)->ops = &flushing;
	lan_meet(lan, 0);
	flushed = 0;
	ear_open(lan, &ear, NULL, 69);
	ear.s.input = answer_and_close;
	lan_put(lan, 0, &f);
	lan_turn(lan);
	assert_int_equal(ear.heard, 1);
	assert_int_equal(flushed, 0);
	lan_end(lan);
}

static void short_frames_are_padded_with_zeros(void **state)
{
	struct lan *lan = lan_new(1);
	struct netdev *dev = lan_link(lan, 0);
	struct pkt *p = pkt_alloc(&lan->net.pool);
	const struct frame *f;

	(void)state;
	memset(p->buf, 0xee, PKT_SIZE);
	memset(pkt_put(p, 3), 'x', 3);
	eth_send(dev, p, &peer_mac, ETH_IPV4);
	f = lan_take(lan);
	assert_int_equal(f->len, 60);
	assert_memory_equal(f->data, peer_mac.b, 6);
	assert_memory_equal(f->data + 12, "\x08\0xxx", 5);
	for (unsigned i = 17; i < 60; i++)
		assert_int_equal(f->data[i], 0);
	assert_int_equal(dev->stats.tx_packets, 1);
	assert_int_equal(dev->stats.tx_bytes, 60);
	p = pkt_alloc(&lan->net.pool);
	pkt_push(p, PKT_HEADROOM);
	eth_send(dev, p, &peer_mac, ETH_IPV4); /* no room for a header */
	assert_int_equal(dev->stats.tx_errors, 1);
	lan_end(lan);
}

/* Hostile.md row 37: nothing shorter than a header, and no length at all, does harm. */
static void runts_are_dropped(void **state)
{
	struct lan *lan = lan_new(1);
	struct netdev *dev = lan_link(lan, 0);
	struct frame f = question(lan, 0);

	(void)state;
	for (f.len = 0; f.len < 14; f.len++) {
		lan_receive(lan, 0, &f);
		assert_int_equal(dev->stats.bad_eth, f.len + 1);
	}
	for (; f.len < 14 + 28; f.len++)
		lan_receive(lan, 0, &f);
	assert_int_equal(dev->stats.bad_arp, 28);
	assert_null(lan_take(lan));
	lan_receive(lan, 0, &f); /* just long enough, without padding */
	assert_non_null(lan_take(lan));
	lan_end(lan);
}

static void frames_for_others_are_ignored(void **state)
{
	struct lan *lan = lan_new(1);
	struct netdev *dev = lan_link(lan, 0);
	struct frame f = question(lan, 0);

	(void)state;
	memcpy(f.data, other_mac.b, 6);
	lan_receive(lan, 0, &f); /* unicast to somebody else */
	assert_int_equal(dev->stats.rx_ignored, 1);
	f = question(lan, 0);
	memcpy(f.data + 6, dev->mac.b, 6);
	lan_receive(lan, 0, &f); /* ours, looped by a switch */
	assert_int_equal(dev->stats.rx_ignored, 2);
	f = question(lan, 0);
	f.data[6] |= 1;
	lan_receive(lan, 0, &f); /* from a group: nobody sends that */
	assert_int_equal(dev->stats.bad_eth, 1);
	assert_null(lan_take(lan));
	lan_end(lan);
}

/* Hostile.md row 37: what we do not speak, whole or cut, is counted and nothing else. */
static void other_types_are_ignored(void **state)
{
	static const uint16_t types[] = {0x0000, 0x0026, 0x05dc, 0x05ff, 0x86dd, 0x8809, 0x888e,
		0x88cc, 0x8906, 0x8914, 0x88a8, 0x9100, 0xffff};
	static const struct mac slow = {{0x01, 0x80, 0xc2, 0, 0, 2}};
	struct lan *lan = lan_new(1);
	struct netdev *dev = lan_link(lan, 0);
	uint8_t body[100];
	unsigned n = 0;

	(void)state;
	memset(body, 0xff, sizeof(body));
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		for (unsigned len = 0; len < sizeof(body); len += 7) {
			struct frame f = frame_eth(&slow, &peer_mac, types[i], body, len);

			lan_receive(lan, 0, &f);
			assert_int_equal(dev->stats.rx_ignored, ++n);
		}
	}
	assert_null(lan_take(lan));
	assert_int_equal(dev->stats.bad_eth, 0);
	lan_end(lan);
}

static struct frame tagged(const struct frame *f, unsigned tpid, unsigned tci)
{
	struct frame t = *f;

	memcpy(t.data + 16, f->data + 12, f->len - 12);
	wire_put16(t.data + 12, tpid);
	wire_put16(t.data + 14, tci);
	t.len += 4;
	return t;
}

static void only_the_priority_tag_is_taken_off(void **state)
{
	struct lan *lan = lan_new(1);
	struct netdev *dev = lan_link(lan, 0);
	struct frame plain = question(lan, 0), f;

	(void)state;
	f = tagged(&plain, 0x8100, 0xe000); /* priority 7, VLAN 0 */
	lan_receive(lan, 0, &f);
	assert_non_null(lan_take(lan));
	f = tagged(&plain, 0x8100, 0x0005);
	lan_receive(lan, 0, &f);
	assert_int_equal(dev->stats.rx_ignored, 1);
	f = tagged(&plain, 0x8100, 0);
	f = tagged(&f, 0x8100, 0); /* stacked */
	lan_receive(lan, 0, &f);
	assert_int_equal(dev->stats.rx_ignored, 2);
	for (f.len = 14; f.len < 18; f.len++) /* cut in the tag */
		lan_receive(lan, 0, &f);
	assert_int_equal(dev->stats.bad_eth, 4);
	assert_null(lan_take(lan));
	lan_end(lan);
}

static void link_changes_are_told(void **state)
{
	struct lan *lan = lan_new(2);
	struct netdev *dev = lan_link(lan, 1);
	struct arp a;

	(void)state;
	lan_meet(lan, 1);
	lan->fake.now_us += 5;
	lan_turn(lan);
	netdev_link(dev, false);
	assert_int_equal(dev->link_since_us, lan->fake.now_us);
	netdev_link(dev, false);
	lan_turn(lan);
	assert_int_equal(dev->arp.e[0].ip.family, IP_NONE); /* another switch, other neighbours */
	assert_non_null(strstr(lan->m.log.ring, "net1: link down"));
	lan->fake.now_us += 7;
	lan_turn(lan);
	netdev_link(dev, true);
	assert_int_equal(dev->link_since_us, lan->fake.now_us);
	assert_null(lan_take(lan)); /* only marked: a driver may say so anywhere */
	lan_turn(lan);
	assert_true(frame_is_arp(lan_take(lan), &a));
	assert_int_equal(lan->out[0].link, 1);
	assert_int_equal(a.spa, US(1));
	assert_int_equal(a.tpa, US(1));
	assert_null(lan_take(lan));
	lan_end(lan);
}

/* With an empty pool nothing is sent or received, and everything goes on when packets come back. */
static void empty_pool_is_survived(void **state)
{
	struct lan *lan = lan_new(1);
	struct frame f = question(lan, 0);
	struct pkt *held = NULL, *p;

	(void)state;
	while ((p = pkt_alloc(&lan->net.pool))) {
		p->next = held;
		held = p;
	}
	p = held;
	held = p->next;
	pkt_free(&lan->net.pool, p); /* one: the question is received, but cannot be answered */
	lan_receive(lan, 0, &f);
	assert_null(lan_take(lan));
	assert_true(lan->net.pool.empty > 1);
	while ((p = held)) {
		held = p->next;
		pkt_free(&lan->net.pool, p);
	}
	lan_receive(lan, 0, &f);
	assert_non_null(lan_take(lan));
	lan_end(lan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_are_named_and_bounded),
		cmocka_unit_test(mtu_is_bounded),
		cmocka_unit_test(pool_is_shared_out),
		cmocka_unit_test(late_links_get_what_is_left),
		cmocka_unit_test(open_and_close_once),
		cmocka_unit_test(closed_link_sends_and_receives_nothing),
		cmocka_unit_test(protocol_may_close_the_link),
		cmocka_unit_test(payload_and_back),
		cmocka_unit_test(turn_spins_while_frames_come),
		cmocka_unit_test(a_turn_flushes_once),
		cmocka_unit_test(outside_of_a_turn_it_leaves_at_once),
		cmocka_unit_test(a_closed_link_is_not_flushed),
		cmocka_unit_test(short_frames_are_padded_with_zeros),
		cmocka_unit_test(runts_are_dropped),
		cmocka_unit_test(frames_for_others_are_ignored),
		cmocka_unit_test(other_types_are_ignored),
		cmocka_unit_test(only_the_priority_tag_is_taken_off),
		cmocka_unit_test(link_changes_are_told),
		cmocka_unit_test(empty_pool_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
