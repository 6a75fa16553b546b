/* SPDX-License-Identifier: BSD-2-Clause */
/* net/udp_box.c: ports that a payload names as it goes, and datagrams that wait until it asks. */
#include "net/udp_box.h"
#include "tests/net/lan.h"
#include "tests/unit.h"

static struct lan *lan;
static struct udp_box *box;

static int setup(void **state)
{
	(void)state;
	lan = lan_new(1);
	box = calloc(1, sizeof(*box));
	box->dev = lan_link(lan, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	udp_box_end(box);
	assert_null(lan->net.socks);
	free(box);
	lan_end(lan);
	return 0;
}

static void test_ports(void **state)
{
	struct udp_sock *first = udp_box_port(box, 1000), *any, *s;

	(void)state;
	assert_int_equal(first->port, 1000);
	assert_ptr_equal(udp_box_port(box, 1000), first);
	any = udp_box_port(box, 0);
	assert_true(any != first && any->port >= 49152);
	assert_ptr_equal(udp_box_port(box, any->port), any);
	for (unsigned i = 2; i < UDP_BOX_PORTS; i++)
		assert_non_null(udp_box_port(box, (uint16_t)(1000 + i)));
	/* The one unused for longest makes room. */
	assert_ptr_equal(udp_box_port(box, 1000), first);
	s = udp_box_port(box, 2000);
	assert_ptr_equal(s, any);
	assert_int_equal(s->port, 2000);
	assert_ptr_equal(udp_box_port(box, 1000), first);
}

/* What another part of us has is not to be had, and costs nobody his port for long. */
static void test_port_of_ours(void **state)
{
	struct udp_sock ours = {.next = NULL};

	(void)state;
	assert_int_equal(udp_open(&lan->net, &ours, box->dev, 68), 0);
	assert_null(udp_box_port(box, 68));
	for (unsigned i = 0; i < UDP_BOX_PORTS; i++)
		assert_non_null(udp_box_port(box, (uint16_t)(1000 + i)));
	assert_null(udp_box_port(box, 68));
	for (unsigned i = 0; i < UDP_BOX_PORTS; i++)
		assert_non_null(udp_box_port(box, (uint16_t)(1000 + i)));
	udp_close(&lan->net, &ours);
}

static void arrive(uint16_t port, uint32_t src, uint16_t src_port, uint8_t mark, size_t n)
{
	struct udp_sock *s = udp_box_port(box, port);
	struct ip_meta meta = {.dev = box->dev, .src = ip4_of(src), .dst = ip4_of(US(0))};
	uint8_t *data = malloc(n + 1); /* so that a byte too far is seen */

	memset(data, mark, n);
	s->input(s, &meta, src_port, bytes_of(data, n));
	free(data);
}

/* The mark of the oldest that fits, which is free then; -1: none does. */
static int take(struct udp_want w)
{
	int mark;

	w.box = box;
	if (!udp_box_find(&w))
		return -1;
	mark = w.found->data[0];
	w.found->n = 0;
	return mark;
}

static void test_order(void **state)
{
	const struct udp_want any = {.box = NULL};

	(void)state;
	for (uint8_t i = 0; i < UDP_BOX_DATAGRAMS + 3; i++)
		arrive(1000, PEER(0), 7, i, 4);
	assert_int_equal(take(any), 0);
	assert_int_equal(take(any), 1);
	arrive(1000, PEER(0), 7, 100, 4); /* where the first one lay */
	for (uint8_t i = 2; i < UDP_BOX_DATAGRAMS; i++)
		assert_int_equal(take(any), i);
	assert_int_equal(take(any), 100); /* those that found no room are gone */
	assert_int_equal(take(any), -1);
}

/* Neither a port that nobody asks about nor a stranger makes us deaf. */
static void test_room(void **state)
{
	const struct udp_want at_1001 = {.dst_port = 1001}, peer = {.src = PEER(0), .src_port = 7};

	(void)state;
	for (uint8_t i = 0; i < UDP_BOX_DATAGRAMS; i++)
		arrive(1000, PEER(0), 7, i, 4);
	arrive(1001, PEER(0), 7, 100, 4); /* another port: in the place of 0 */
	assert_int_equal(take(at_1001), 100);
	assert_int_equal(take(peer), 1);
	udp_box_end(box);
	for (uint8_t i = 0; i < UDP_BOX_DATAGRAMS; i++)
		arrive(1000, PEER(0) + 1, 7, i, 4);
	arrive(1000, PEER(0), 7, 100, 4); /* another sender */
	arrive(1000, PEER(0), 8, 101, 4); /* and another port of his */
	assert_int_equal(take(peer), 100);
	assert_int_equal(take((struct udp_want){.src_port = 8}), 101);
	assert_int_equal(take((struct udp_want){.box = NULL}), 2);
}

static void test_sizes(void **state)
{
	struct udp_want w = {.box = box};

	(void)state;
	arrive(1000, PEER(0), 7, 1, 0);
	arrive(1000, PEER(0), 7, 2, UDP_BOX_MAX + 1);
	assert_false(udp_box_find(&w));
	arrive(1000, PEER(0), 7, 3, UDP_BOX_MAX);
	assert_true(udp_box_find(&w));
	assert_int_equal(w.found->n, UDP_BOX_MAX);
	assert_int_equal(w.found->data[UDP_BOX_MAX - 1], 3);
}

static void test_wants(void **state)
{
	struct udp_want w = {.box = box};

	(void)state;
	arrive(1000, PEER(0), 7, 1, 4);
	arrive(1001, PEER(0) + 1, 8, 2, 4);
	assert_int_equal(take((struct udp_want){.dst_port = 1001, .src = PEER(0)}), -1);
	assert_int_equal(take((struct udp_want){.dst = PEER(0)}), -1);
	assert_int_equal(take((struct udp_want){.src_port = 9}), -1);
	assert_int_equal(take((struct udp_want){.dst_port = 1001, .dst = US(0)}), 2);
	assert_int_equal(take((struct udp_want){.src = PEER(0), .src_port = 7}), 1);
	arrive(1000, PEER(0), 7, 1, 4);
	assert_true(udp_box_find(&w));
	assert_int_equal(w.found->src, PEER(0));
	assert_int_equal(w.found->dst, US(0));
	assert_int_equal(w.found->src_port, 7);
	assert_int_equal(w.found->dst_port, 1000);
	udp_box_end(box);
	assert_int_equal(take(w), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_ports),
		TEST(test_port_of_ours),
		TEST(test_order),
		TEST(test_room),
		TEST(test_sizes),
		TEST(test_wants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
