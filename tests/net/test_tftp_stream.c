/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that are read while they come, by TFTP: what is acknowledged when, and what is silence. */
#include <stdio.h>
#include "tests/net/server.h"

#define TID  3333
#define RING 65536u
#define BLK  1024u

enum { RRQ = 1, DATA = 3, ACK = 4, ERROR = 5, OACK = 6 };

struct get {
	struct lan *lan;
	struct fetch *f;
	uint16_t port;
	uint64_t pos;	    /* read */
	uint8_t ring[RING]; /* of the reader */
};

static uint8_t byte_at(uint64_t off)
{
	return (uint8_t)(off * 7 + off / 251);
}

static void put(struct get *g, const void *data, size_t n)
{
	server_put(g->lan, 0, PEER(0), US(0), TID, g->port, data, (uint32_t)n);
	lan_turn(g->lan);
}

static void put_block(struct get *g, uint32_t block, unsigned n)
{
	uint8_t b[4 + BLK] = {0, DATA, (uint8_t)(block >> 8), (uint8_t)block};

	for (unsigned i = 0; i < n; i++)
		b[4 + i] = byte_at((uint64_t)(block - 1) * BLK + i);
	put(g, b, 4 + n);
}

static void put_blocks(struct get *g, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i <= to; i++)
		put_block(g, i, BLK);
}

/* The next thing that is sent has these two numbers. */
static void expect(struct get *g, unsigned op, unsigned number)
{
	struct sent s;

	if (!server_wait(g->lan, &s, MS)) /* an address may have to be asked for first */
		fail_msg("no %u %u", op, number);
	assert_int_equal(wire_get16(s.data), op);
	assert_int_equal(wire_get16(s.data + 2), number);
}

static void expect_nothing(struct get *g)
{
	struct sent s;

	if (server_next(g->lan, &s))
		fail_msg("unexpected: op %u, %u", wire_get16(s.data), wire_get16(s.data + 2));
}

/* n bytes more are read, and right; then there is room for so many others. */
static void read_on(struct get *g, size_t n)
{
	uint8_t *b = malloc(n);

	assert_true(image_get(&g->lan->m, g->f->image, g->pos, b, n));
	for (size_t i = 0; i < n; i++)
		if (b[i] != byte_at(g->pos + i))
			fail_msg("byte %llu", (unsigned long long)(g->pos + i));
	free(b);
	g->pos += n;
	fetch_more(g->f, g->pos);
}

/* An agreed transfer of `total` bytes in windows of 16 blocks of 1 KiB. */
static struct get *begin(unsigned total)
{
	struct get *g = calloc(1, sizeof(*g));
	char oack[80] = "\0\6blksize\0001024\0windowsize\00016\0tsize";
	struct sent rq;
	int n = 35;

	g->lan = server_lan(1);
	assert_int_equal(netdev_open(lan_link(g->lan, 0)), 0);
	lan_configure(lan_link(g->lan, 0));
	assert_int_equal(
		fetch_stream(&g->lan->m, "tftp://10.0.0.9/f", "f", g->ring, RING, &g->f), 0);
	assert_true(server_wait(g->lan, &rq, 100 * MS));
	g->port = rq.sport;
	assert_null(g->f->image);
	n += sprintf(oack + n, "%u", total) + 1;
	put(g, oack, (size_t)n);
	expect(g, ACK, 0);
	assert_int_equal(g->f->image->total, total);
	return g;
}

static void end(struct get *g)
{
	fetch_cancel(g->f);
	assert_null(image_nth(&g->lan->m, 0));
	assert_null(g->lan->net.socks);
	lan_end(g->lan);
	free(g);
}

/* Four windows fill the ring. Before the fifth, the fourth is not acknowledged. */
static void test_held(void **state)
{
	struct get *g = begin(100 * BLK);

	(void)state;
	for (unsigned w = 0; w < 3; w++) {
		put_blocks(g, w * 16 + 1, w * 16 + 16);
		expect(g, ACK, w * 16 + 16);
	}
	put_blocks(g, 49, 64);
	expect_nothing(g);
	read_on(g, 16 * BLK - 1);
	expect_nothing(g);
	read_on(g, 1);
	expect(g, ACK, 64);
	put_blocks(g, 65, 80);
	expect_nothing(g);
	read_on(g, 64 * BLK);
	expect(g, ACK, 80);
	put_blocks(g, 81, 96);
	expect(g, ACK, 96);
	put_blocks(g, 97, 100);
	expect_nothing(g);
	put_block(g, 101, 0);
	expect(g, ACK, 101);
	assert_true(g->f->finished);
	assert_int_equal(g->f->result, 0);
	read_on(g, 20 * BLK);
	assert_int_equal(g->f->retries, 0);
	end(g);
}

/* A server that does not wait is not heard beyond the limit; nothing counts as lost. */
static void test_beyond(void **state)
{
	struct get *g = begin(100 * BLK);

	(void)state;
	for (unsigned w = 0; w < 3; w++) {
		put_blocks(g, w * 16 + 1, w * 16 + 16);
		expect(g, ACK, w * 16 + 16);
	}
	put_blocks(g, 49, 70);
	expect_nothing(g);
	assert_int_equal(ranges_front(&g->f->image->have), RING);
	assert_int_equal(g->f->image->refused, 0);
	read_on(g, RING);
	expect(g, ACK, 64);
	put_blocks(g, 65, 80);
	expect(g, ACK, 80);
	end(g);
}

/* A reader that takes minutes, with turns and without. Then the server is given its time. */
static void test_slow_reader(void **state)
{
	struct get *g = begin(200 * BLK);

	(void)state;
	for (unsigned w = 0; w < 3; w++) {
		put_blocks(g, w * 16 + 1, w * 16 + 16);
		expect(g, ACK, w * 16 + 16);
	}
	put_blocks(g, 49, 64);
	for (unsigned i = 0; i < 300; i++)
		lan_pass(g->lan, S);
	expect_nothing(g);
	read_on(g, RING);
	expect(g, ACK, 64);
	g->lan->fake.now_us += 600ull * S;
	lan_turn(g->lan);
	assert_false(g->f->finished);
	for (unsigned i = 0; i < 50; i++)
		lan_pass(g->lan, S);
	assert_false(g->f->finished);
	for (unsigned i = 0; i < 20; i++)
		lan_pass(g->lan, S);
	assert_true(g->f->finished);
	assert_int_equal(g->f->result, -ERR_TFTP_TIMEOUT);
	end(g);
}

/* What was read cannot come again: a silent server is not asked for the file anew. */
static void test_not_anew(void **state)
{
	struct get *g = begin(100 * BLK);
	struct sent s;

	(void)state;
	put_blocks(g, 1, 16);
	for (unsigned i = 0; i < 70; i++) {
		lan_pass(g->lan, S);
		while (server_next(g->lan, &s))
			assert_int_not_equal(wire_get16(s.data), RRQ);
	}
	assert_int_equal(g->f->result, -ERR_TFTP_TIMEOUT);
	end(g);
}

/* RFC 1350: whoever stops says so. */
static void test_cancel(void **state)
{
	struct get *g = begin(100 * BLK);

	(void)state;
	fetch_cancel(g->f);
	expect(g, ERROR, 8); /* only the size was wanted, RFC 2347 */
	assert_null(image_nth(&g->lan->m, 0));
	lan_end(g->lan);
	free(g);
	g = begin(100 * BLK);
	put_block(g, 1, BLK);
	fetch_cancel(g->f);
	expect(g, ERROR, 0);
	assert_null(image_nth(&g->lan->m, 0));
	lan_end(g->lan);
	free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_beyond),
		cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_not_anew),
		cmocka_unit_test(test_cancel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
