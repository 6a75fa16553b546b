/* SPDX-License-Identifier: BSD-2-Clause */
/* The TFTP client against a server by hand: what it asks, what it acknowledges and when, how it
 * ends. */
#include <stdio.h>
#include "tests/net/server.h"

#define TID 3333 /* the server's port of the transfer */

enum { RRQ = 1, DATA = 3, ACK = 4, ERROR = 5, OACK = 6 };

static uint8_t byte_at(uint64_t off)
{
	return (uint8_t)(off * 7 + off / 251);
}

struct get {
	struct lan *lan;
	struct fetch *f;
	struct sent rq; /* the latest request; its data is only good until the next packet */
	uint16_t port;	/* ours */
	unsigned blksize;
};

static struct get begin_uri(struct lan *lan, const char *uri)
{
	struct get g = {.lan = lan, .blksize = 512};

	assert_int_equal(netdev_open(lan_link(lan, 0)), 0);
	lan_configure(lan_link(lan, 0));
	assert_int_equal(fetch_start(&lan->m, uri, "file", NULL, &g.f), 0);
	assert_true(server_wait(lan, &g.rq, 100 * MS));
	assert_int_equal(g.rq.dst, PEER(0));
	assert_int_equal(wire_get16(g.rq.data), RRQ);
	g.port = g.rq.sport;
	return g;
}

static struct get begin(void)
{
	return begin_uri(server_lan(1), "tftp://10.0.0.9/some/file");
}

static void end(struct get *g)
{
	if (g->f->finished)
		fetch_end(g->f);
	lan_end(g->lan);
}

static void put(struct get *g, const void *data, size_t n)
{
	server_put(g->lan, 0, PEER(0), US(0), TID, g->port, data, (uint32_t)n);
	lan_turn(g->lan);
}

#define PUT(g, s) put(g, s, sizeof(s) - 1)

/* Block number `block` (from 1) with n bytes of the file. */
static void put_block(struct get *g, uint64_t block, unsigned wire, unsigned n)
{
	uint8_t b[4 + 1600] = {0, DATA, (uint8_t)(wire >> 8), (uint8_t)wire};

	for (unsigned i = 0; i < n; i++)
		b[4 + i] = byte_at((block - 1) * g->blksize + i);
	put(g, b, 4 + n);
}

static void put_data(struct get *g, uint64_t block)
{
	put_block(g, block, (uint16_t)block, g->blksize);
}

static void expect_ack(struct get *g, unsigned block)
{
	struct sent s;

	if (!server_next(g->lan, &s))
		fail_msg("no ACK %u", block);
	assert_int_equal(s.n, 4);
	assert_int_equal(s.dport, TID);
	assert_int_equal(s.sport, g->port);
	assert_int_equal(wire_get16(s.data), ACK);
	assert_int_equal(wire_get16(s.data + 2), block);
}

/* The last thing that was sent is an ERROR of that code. */
static void expect_error(struct get *g, unsigned code)
{
	struct sent s;

	assert_true(server_next(g->lan, &s));
	assert_int_equal(s.dport, TID);
	assert_int_equal(wire_get16(s.data), ERROR);
	assert_int_equal(wire_get16(s.data + 2), code);
}

static void expect_nothing(struct get *g)
{
	struct sent s;

	if (server_next(g->lan, &s))
		fail_msg("unexpected: op %u, %u", wire_get16(s.data), wire_get16(s.data + 2));
}

static void expect_result(struct get *g, int result)
{
	assert_true(g->f->finished);
	assert_int_equal(g->f->result, result);
	if (result)
		assert_int_equal(g->lan->m.err.code, -result);
}

static void expect_file(struct get *g, size_t size)
{
	uint8_t *b = malloc(size + 1);

	expect_result(g, 0);
	assert_int_equal(g->f->image->total, size);
	assert_true(image_get(&g->lan->m, g->f->image, 0, b, size));
	for (uint64_t i = 0; i < size; i++)
		if (b[i] != byte_at(i))
			fail_msg("byte %llu", (unsigned long long)i);
	free(b);
}

/* An agreed transfer of blksize 512 with that window. */
static struct get windowed(unsigned window)
{
	struct get g = begin();
	char oack[64] = "\0\6windowsize";
	int n = 13;

	n += sprintf(oack + n, "%u", window) + 1;
	put(&g, oack, (size_t)n);
	expect_ack(&g, 0);
	return g;
}

static const char *request_option(const struct sent *s, const char *name)
{
	const char *p = (const char *)s->data + 2, *e = (const char *)s->data + s->n;

	p += strlen(p) + 1;
	for (p += strlen(p) + 1; p < e; p += strlen(p) + 1) {
		bool found = !strcmp(p, name);

		p += strlen(p) + 1;
		if (found)
			return p;
	}
	return NULL;
}

static void test_request(void **state)
{
	struct get g = begin();
	struct netdev *dev = lan_link(g.lan, 0);

	(void)state;
	assert_int_equal(g.rq.dport, 69);
	assert_true(g.port >= 49152);
	assert_string_equal((const char *)g.rq.data + 2, "some/file");
	assert_string_equal((const char *)g.rq.data + 12, "octet");
	assert_string_equal(request_option(&g.rq, "blksize"), "1468");
	assert_string_equal(request_option(&g.rq, "tsize"), "0");
	assert_string_equal(request_option(&g.rq, "timeout"), "1");
	assert_string_equal(request_option(&g.rq, "windowsize"), "16");
	assert_int_equal(g.rq.data[g.rq.n - 1], 0);
	fetch_cancel(g.f);
	dev->mtu = 576;
	dev->rx_ring = 16;
	g = begin_uri(g.lan, "tftp://10.0.0.9:1069//abs/%41%20b?c");
	assert_int_equal(g.rq.dport, 1069);
	assert_string_equal((const char *)g.rq.data + 2, "/abs/A b?c");
	assert_string_equal(request_option(&g.rq, "blksize"), "544");
	assert_string_equal(request_option(&g.rq, "windowsize"), "8");
	fetch_cancel(g.f);
	assert_null(g.lan->net.socks);
	lan_end(g.lan);
}

static void test_name_too_long(void **state)
{
	struct lan *lan = server_lan(1);
	char uri[URL_MAX] = "tftp://10.0.0.9/";
	struct fetch *f;

	(void)state;
	assert_int_equal(netdev_open(lan_link(lan, 0)), 0);
	lan_configure(lan_link(lan, 0));
	memset(uri + strlen(uri), 'n', 440);
	assert_int_equal(fetch_start(&lan->m, uri, "file", NULL, &f), -ERR_BAD_URL);
	uri[16 + 439] = 0;
	assert_int_equal(fetch_start(&lan->m, uri, "file", NULL, &f), 0);
	fetch_cancel(f);
	lan_end(lan);
}

/* A whole transfer with all options: one ACK a window and nothing else. */
static void test_windows(void **state)
{
	struct get g = begin();

	(void)state;
	PUT(&g, "\0\6BLKSIZE\0001000\0windowsize\0004\0tsize\0009500\0timeout\0001\0");
	expect_ack(&g, 0);
	g.blksize = 1000;
	for (unsigned i = 1; i <= 9; i++) {
		put_data(&g, i);
		if (i % 4 == 0)
			expect_ack(&g, i);
		else
			expect_nothing(&g);
	}
	put_block(&g, 10, 10, 500);
	expect_ack(&g, 10);
	expect_file(&g, 9500);
	assert_int_equal(g.f->bytes, 9500);
	assert_int_equal(g.f->retries, 0);
	end(&g);
}

/* RFC 1350 alone: the server knows no options. The file is a whole number of blocks. */
static void test_no_options(void **state)
{
	struct get g = begin();

	(void)state;
	for (unsigned i = 1; i <= 3; i++) {
		put_data(&g, i);
		expect_ack(&g, i);
	}
	put_block(&g, 4, 4, 0);
	expect_ack(&g, 4);
	expect_file(&g, 3 * 512);
	end(&g);
}

static void test_empty_file(void **state)
{
	struct get g = begin();

	(void)state;
	PUT(&g, "\0\6tsize\0000\0");
	expect_ack(&g, 0);
	put_block(&g, 1, 1, 0);
	expect_ack(&g, 1);
	expect_file(&g, 0);
	end(&g);
}

/* ERROR 8: asked again without options, from another port. */
static void test_options_refused(void **state)
{
	struct get g = begin();
	uint16_t old = g.port;

	(void)state;
	PUT(&g, "\0\5\0\10no options\0");
	assert_true(server_next(g.lan, &g.rq));
	assert_int_equal(g.rq.dport, 69);
	assert_int_not_equal(g.rq.sport, old);
	assert_int_equal(g.rq.n, 2 + sizeof("some/file") + sizeof("octet"));
	g.port = g.rq.sport;
	put_block(&g, 1, 1, 100);
	expect_ack(&g, 1);
	expect_file(&g, 100);
	end(&g);

	g = begin(); /* and refused for ever */
	PUT(&g, "\0\5\0\10no options\0");
	assert_true(server_next(g.lan, &g.rq));
	g.port = g.rq.sport;
	PUT(&g, "\0\5\0\10no options\0");
	expect_result(&g, -ERR_TFTP_ERROR);
	end(&g);
}

/* Hostile rows 16, 31. */
static void test_oack_abuse(void **state)
{
#define BAD(s)                                                                                     \
	{                                                                                          \
		s, sizeof(s) - 1                                                                   \
	}
	static const struct {
		const char *s;
		size_t n;
	} bad[] = {
		BAD("\0\6blksize\0007\0"),
		BAD("\0\6blksize\0001469\0"),
		BAD("\0\6blksize\000-1\0"),
		BAD("\0\6blksize\00065464\0"),
		BAD("\0\6blksize\0\0"),
		BAD("\0\6blksize\0001024"),
		BAD("\0\6blksize\0000x400\0"),
		BAD("\0\6blksize\00018446744073709551616\0"),
		BAD("\0\6blksize\0"),
		BAD("\0\6windowsize\0000\0"),
		BAD("\0\6windowsize\00017\0"),
		BAD("\0\6windowsize\00065537\0"),
		BAD("\0\6xblksize\000512\0"),
		BAD("\0\6blksizex\000512\0"),
		BAD("\0\6timeout\0002\0"),
		BAD("\0\6multicast\000224.0.0.1,1,1\0"),
		BAD("\0\6tsize\000-1\0"),
		BAD("\0\6tsize\0001 \0"),
		BAD("\0\6\0\0\0\0"),
		BAD("\0\6a"),
		BAD("\0\6blksize\0512\0x"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct get g = begin();

		put(&g, bad[i].s, bad[i].n);
		if (!g.f->finished)
			fail_msg("row %zu was taken", i);
		expect_error(&g, 8);
		expect_result(&g, -ERR_TFTP_PROTOCOL);
		assert_null(g.f->image);
		end(&g);
	}
}

/* What is no answer at all is not heard; the transfer then goes on. */
static void test_garbage(void **state)
{
	struct get g = begin();

	(void)state;
	PUT(&g, "");
	PUT(&g, "\0");
	PUT(&g, "\0\3");
	PUT(&g, "\0\3\0");
	PUT(&g, "\0\3\0\2xx"); /* block 2 of nothing */
	PUT(&g, "\0\4\0\0");
	PUT(&g, "\0\1x\0octet\0");
	PUT(&g, "\3\0\0\1");
	expect_nothing(&g);
	assert_false(g.f->finished);
	put_block(&g, 1, 1, 5);
	expect_ack(&g, 1);
	expect_file(&g, 5);
	end(&g);
}

/* Blocks of a window in any order; a gap is told once, when the window is over. */
static void test_gap(void **state)
{
	struct get g = windowed(4);

	(void)state;
	put_data(&g, 1);
	put_data(&g, 3);
	expect_nothing(&g);
	put_data(&g, 4);
	expect_ack(&g, 1);
	/* The server goes back: 2, and what is here already. */
	put_data(&g, 2);
	put_data(&g, 3);
	put_data(&g, 4);
	expect_nothing(&g);
	put_data(&g, 5);
	expect_ack(&g, 5);
	/* Only reordered: no gap. */
	put_data(&g, 7);
	put_data(&g, 6);
	put_data(&g, 8);
	expect_nothing(&g);
	put_data(&g, 9);
	expect_ack(&g, 9);
	/* The last block comes before others: the end waits for them. */
	put_block(&g, 12, 12, 7);
	expect_ack(&g, 9);
	put_data(&g, 11);
	expect_nothing(&g);
	put_data(&g, 10);
	expect_ack(&g, 12);
	expect_file(&g, 11 * 512 + 7);
	end(&g);
}

/* Hostile row 28: everything twice makes no second ACK; a server that missed one hears it again. */
static void test_duplicates(void **state)
{
	struct get g = windowed(1);
	struct sent s;

	(void)state;
	for (unsigned i = 1; i <= 5; i++) {
		put_data(&g, i);
		expect_ack(&g, i);
		for (int n = 0; n < 3; n++) {
			put_data(&g, i);
			put_data(&g, i > 1 ? i - 1 : 1);
		}
		expect_nothing(&g);
	}
	for (int i = 0; i < 4; i++) { /* the ACK was lost; the wait doubles */
		uint64_t at = g.lan->fake.now_us;

		assert_true(server_wait(g.lan, &s, S));
		assert_int_equal(wire_get16(s.data + 2), 5);
		assert_in_range(s.at_us - at, (37 * MS) << i, (63 * MS) << i);
	}
	put_block(&g, 6, 6, 0);
	expect_ack(&g, 6);
	expect_file(&g, 5 * 512);
	assert_int_equal(g.f->retries, 4);
	end(&g);
}

/* Far ahead, far behind: not in the window. */
static void test_outside_window(void **state)
{
	struct get g = windowed(4);

	(void)state;
	put_data(&g, 5);
	put_data(&g, 0);
	put_data(&g, 32768);
	put_data(&g, 65535);
	put_data(&g, 1);
	expect_nothing(&g);
	assert_int_equal(g.f->bytes, 512);
	fetch_cancel(g.f);
	lan_end(g.lan);
}

static void test_silence(void **state)
{
	struct get g = begin();
	uint64_t first = g.rq.at_us, last = first;
	unsigned n = 1;

	(void)state;
	while (server_wait(g.lan, &g.rq, 10 * S)) {
		assert_int_equal(wire_get16(g.rq.data), RRQ);
		assert_int_equal(g.rq.sport, g.port);
		last = g.rq.at_us;
		n++;
	}
	assert_in_range(n, 15, 25);
	assert_in_range(last - first, 54 * S, 60 * S);
	expect_result(&g, -ERR_TFTP_TIMEOUT);
	assert_non_null(strstr(g.lan->m.err.detail, "10.0.0.9"));
	end(&g);

	g = windowed(4); /* hostile row 27: silent in the middle */
	put_data(&g, 1);
	first = g.lan->fake.now_us;
	for (n = 0; server_wait(g.lan, &g.rq, 10 * S); last = g.rq.at_us) {
		if (wire_get16(g.rq.data) == ACK) {
			assert_int_equal(wire_get16(g.rq.data + 2), 1);
			assert_in_range(g.rq.at_us - first, 0, 15 * S);
		} else { /* has it forgotten us? */
			assert_int_equal(wire_get16(g.rq.data), RRQ);
			assert_in_range(g.rq.at_us - first, 10 * S, 60 * S);
			n++;
		}
	}
	assert_in_range(n, 8, 25);
	assert_in_range(last - first, 54 * S, 60 * S);
	expect_result(&g, -ERR_TFTP_TIMEOUT);
	assert_null(fetch_end(g.f));
	assert_null(image_nth(&g.lan->m, 0));
	lan_end(g.lan);

	g = windowed(4);
	netdev_link(lan_link(g.lan, 0), false);
	lan_pass(g.lan, 65 * S);
	expect_result(&g, -ERR_LINK_DOWN);
	end(&g);
}

/* A server that was started anew in the middle is asked from the first block on, for a file that
 * may be another. */
static void test_restart(void **state)
{
	struct get g = windowed(4);

	(void)state;
	put_data(&g, 1);
	put_data(&g, 2);
	do
		assert_true(server_wait(g.lan, &g.rq, 10 * S));
	while (wire_get16(g.rq.data) == ACK);
	assert_int_equal(wire_get16(g.rq.data), RRQ);
	assert_int_not_equal(g.rq.sport, g.port);
	g.port = g.rq.sport;
	put_data(&g, 1);
	expect_ack(&g, 1);
	assert_int_equal(g.f->bytes, 512);
	put_block(&g, 2, 2, 100);
	expect_ack(&g, 2);
	expect_file(&g, 612);
	end(&g);
}

/* Duplicates are no sign of life: a server that has nothing else to say ends, too. */
static void test_only_duplicates(void **state)
{
	struct get g = windowed(4);

	(void)state;
	put_data(&g, 1);
	for (int i = 0; i < 66 * 4 && !g.f->finished; i++) {
		lan_pass(g.lan, 250 * MS);
		put_data(&g, 1);
	}
	expect_result(&g, -ERR_TFTP_TIMEOUT);
	end(&g);
}

static void test_errors(void **state)
{
	static const struct {
		const char *s;
		int err;
	} row[] = {
		{"\0\5\0\1gone", ERR_TFTP_NOT_FOUND},
		{"\0\5\0\2no\33[2J", ERR_TFTP_ACCESS},
		{"\0\5\0\0odd", ERR_TFTP_ERROR},
		{"\0\5\0\3full", ERR_TFTP_ERROR},
		{"\0\5\377\377", ERR_TFTP_ERROR},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		for (int begun = 0; begun < 2; begun++) {
			struct get g = begun ? windowed(4) : begin();

			put(&g, row[i].s,
				4 + strlen(row[i].s + 4) + (i != 1)); /* one without its NUL */
			expect_result(&g, -row[i].err);
			expect_nothing(&g);
			assert_null(strchr(g.lan->m.err.detail, 0x1b)); /* hostile row 42 */
			if (i == 1)
				assert_non_null(strstr(g.lan->m.err.detail, "no\\x1b[2J"));
			end(&g);
		}
	}
}

/* Hostile row 29. */
static void test_strays(void **state)
{
	struct get g = windowed(4);
	struct sent s;
	uint8_t evil[4 + 512] = {0, DATA, 0, 1};

	(void)state;
	for (int i = 0; i < 40; i++) {
		uint32_t from = i & 1 ? PEER(0) : IP4(10, 0, 0, 77);

		server_put(g.lan, 0, from, US(0), i & 1 ? 4444 : TID, g.port, evil, sizeof(evil));
		lan_turn(g.lan);
		lan_turn(g.lan);
		if (i == 0 && !server_next(g.lan, &s)) { /* the stranger's MAC was asked for */
			lan_turn(g.lan);
			assert_true(server_next(g.lan, &s));
		} else if (i < 16) {
			assert_true(i == 0 || server_next(g.lan, &s));
		} else {
			expect_nothing(&g);
			continue;
		}
		assert_int_equal(wire_get16(s.data), ERROR);
		assert_int_equal(wire_get16(s.data + 2), 5);
		assert_int_equal(s.dst, from);
		assert_int_equal(s.dport, i & 1 ? 4444 : TID);
	}
	/* A stranger's ERROR is neither believed nor answered. */
	server_put(g.lan, 0, PEER(0), US(0), 4444, g.port, "\0\5\0\1x", 6);
	lan_turn(g.lan);
	expect_nothing(&g);
	put_block(&g, 1, 1, 9);
	expect_ack(&g, 1);
	expect_file(&g, 9);
	end(&g);
}

/* Hostile row 32 and its opposite. */
static void test_wrong_size(void **state)
{
	struct get g = begin();

	(void)state;
	PUT(&g, "\0\6tsize\0001000\0");
	expect_ack(&g, 0);
	put_block(&g, 1, 1, 300);
	expect_ack(&g, 1);
	expect_result(&g, -ERR_TFTP_SHORT);
	assert_null(fetch_end(g.f));
	lan_end(g.lan);

	g = begin();
	PUT(&g, "\0\6tsize\000600\0");
	expect_ack(&g, 0);
	put_data(&g, 1);
	expect_ack(&g, 1);
	put_block(&g, 2, 2, 89);
	expect_error(&g, 3);
	expect_result(&g, -ERR_TFTP_LONG);
	end(&g);

	g = windowed(4); /* larger than agreed */
	put_block(&g, 1, 1, 513);
	expect_error(&g, 4);
	expect_result(&g, -ERR_TFTP_PROTOCOL);
	end(&g);

	g = windowed(4); /* blocks behind the last one */
	put_block(&g, 2, 2, 100);
	put_data(&g, 3);
	expect_ack(&g, 0);
	expect_error(&g, 4);
	expect_result(&g, -ERR_TFTP_PROTOCOL);
	end(&g);
}

/* Hostile row 15. */
static void test_memory(void **state)
{
	struct get g = begin();

	(void)state;
	PUT(&g, "\0\6tsize\00018446744073709551615\0");
	expect_error(&g, 3);
	expect_result(&g, -ERR_IMAGE_MEMORY);
	end(&g);

	g = begin();
	PUT(&g, "\0\6tsize\00018446744073709551614\0");
	expect_error(&g, 3);
	expect_result(&g, -ERR_IMAGE_MEMORY);
	end(&g);

	g = begin();
	PUT(&g, "\0\6blksize\0001468\0windowsize\00016\0");
	expect_ack(&g, 0);
	g.blksize = 1468;
	for (uint64_t i = 1; i < 100000 && !g.f->finished; i++) {
		struct sent s;

		put_data(&g, i);
		if (!g.f->finished)
			while (server_next(g.lan, &s))
				;
	}
	expect_error(&g, 3);
	expect_result(&g, -ERR_IMAGE_MEMORY);
	end(&g);
}

/* Hostile row 30: block numbers go round, to 0 or, without windows, to 1. */
static void test_rollover(void **state)
{
	(void)state;
	for (int to_1 = 0; to_1 < 2; to_1++) {
		struct get g = begin();
		uint64_t last = 140000;

		if (to_1)
			PUT(&g, "\0\6blksize\0008\0");
		else
			PUT(&g, "\0\6blksize\0008\0windowsize\00016\0");
		expect_ack(&g, 0);
		g.blksize = 8;
		for (uint64_t i = 1; i <= last; i++) {
			unsigned wire = (unsigned)(to_1 && i > 65535 ? (i - 65536) % 65535 + 1
								     : i & 0xffff);

			put_block(&g, i, wire, i == last ? 3 : 8);
			if (i == last || to_1 || i % 16 == 0)
				expect_ack(&g, wire);
		}
		expect_file(&g, (size_t)(last - 1) * 8 + 3);
		end(&g);
	}
}

static void unreached(struct get *g, uint32_t dst, uint16_t port, int err)
{
	struct ipv4_quote q = {.dst = ip4_of(dst), .src_port = g->port, .dst_port = port};

	udp_error(lan_link(g->lan, 0), &q, err, 0);
}

/* ICMP says so three times: believed, but only as long as nothing has come. */
static void test_unreachable(void **state)
{
	struct get g = begin();

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_false(g.f->finished);
		unreached(&g, IP4(10, 0, 0, 77), 69, ERR_UNREACHABLE);
		unreached(&g, PEER(0), 69, ERR_UNREACHABLE);
	}
	expect_result(&g, -ERR_UNREACHABLE);
	end(&g);

	g = begin();
	unreached(&g, PEER(0), 69, ERR_ARP_TIMEOUT);
	expect_result(&g, -ERR_ARP_TIMEOUT);
	end(&g);

	g = windowed(4);
	for (int i = 0; i < 10; i++)
		unreached(&g, PEER(0), TID, ERR_UNREACHABLE);
	assert_false(g.f->finished);
	put_block(&g, 1, 1, 1);
	expect_result(&g, 0);
	end(&g);
}

/* Fetches a file of n blocks in windows of 4, `holes` of them with a gap first. */
static void fetch_lossy(struct get *g, unsigned n, unsigned holes)
{
	PUT(g, "\0\6windowsize\0004\0");
	expect_ack(g, 0);
	for (unsigned i = 0; i < n; i += 4) {
		if (i >= 4 * holes) {
			put_data(g, i + 1);
			put_data(g, i + 2);
			put_data(g, i + 3);
		} else {
			put_data(g, i + 2);
			put_data(g, i + 3);
			put_data(g, i + 4);
			expect_ack(g, i);
			put_data(g, i + 1);
			expect_ack(g, i + 4);
			continue;
		}
		put_data(g, i + 4);
		expect_ack(g, i + 4);
	}
	put_block(g, n + 1, n + 1, 0);
	expect_ack(g, n + 1);
	expect_result(g, 0);
	fetch_end(g->f);
}

/* A way that loses blocks of many windows is asked for smaller ones next time, a clean one for
 * larger ones. */
static void test_window_adapts(void **state)
{
	static const struct {
		unsigned blocks, holes;
		const char *asked;
	} row[] = {
		{20, 5, "16"},
		{4, 0, "8"},
		{260, 0, "8"},
		{260, 2, "16"},
		{260, 0, "16"},
		{260, 0, "32"},
		{20, 5, "32"},
		{20, 5, "16"},
		{20, 5, "8"},
		{20, 5, "4"},
		{4, 0, "4"},
	};
	struct lan *lan = server_lan(1);

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct get g = begin_uri(lan, "tftp://10.0.0.9/x");

		assert_string_equal(request_option(&g.rq, "windowsize"), row[i].asked);
		fetch_lossy(&g, row[i].blocks, row[i].holes);
	}
	for (size_t i = 0; i < 3; i++) {
		static const char *const set[][2] = {{"5", "5"}, {"0", "1"}, {"99999999999", "32"}};
		struct get g;

		assert_int_equal(setting_set(&lan->m, "tftp-window", set[i][0]), 0);
		g = begin_uri(lan, "tftp://10.0.0.9/x");
		assert_string_equal(request_option(&g.rq, "windowsize"), set[i][1]);
		fetch_cancel(g.f);
	}
	lan_end(lan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_name_too_long),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_no_options),
		cmocka_unit_test(test_empty_file),
		cmocka_unit_test(test_options_refused),
		cmocka_unit_test(test_oack_abuse),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_outside_window),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_only_duplicates),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_strays),
		cmocka_unit_test(test_wrong_size),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_rollover),
		cmocka_unit_test(test_unreachable),
		cmocka_unit_test(test_window_adapts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
