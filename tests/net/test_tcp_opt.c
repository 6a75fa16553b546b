/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of TCP on the wire: what is understood, what is sent. */
#include "net/tcp_priv.h"
#include "net/wire.h"
#include "tests/unit.h"

/* From a block of exactly that size, for the sanitizer. */
static struct tcp_opts parse(const void *bytes, size_t n)
{
	uint8_t *b = malloc(n ? n : 1);
	struct tcp_opts o;

	memset(&o, 0xa5, sizeof(o));
	if (n)
		memcpy(b, bytes, n);
	tcp_opt_parse(bytes_of(b, n), &o);
	free(b);
	return o;
}

#define PARSE(s) parse(s, sizeof(s) - 1)

static void nothing(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} rows[] = {
		{"", 0}, {"\0\2\4\5\264", 5},	 /* behind the end */
		{"\1\1\1\1", 4},		 /* padding */
		{"\2\0\0\0", 4},		 /* length 0 */
		{"\2\1\5\264", 4},		 /* length 1 */
		{"\2\377\5\264", 4},		 /* longer than there is */
		{"\2\4\5", 3},			 /* cut */
		{"\2", 1},			 /* cut */
		{"\2\5\5\264\0", 5},		 /* wrong lengths of all that we know */
		{"\3\4\7\7", 4},		 /* */
		{"\4\3\1", 3},			 /* */
		{"\10\11\0\0\0\0\0\0\0", 9},	 /* */
		{"\5\12\0\0\0\1\0\0\0\2\0", 11}, /* not of whole blocks: 8 bytes, of which ... */
		{"\377\4\0\0", 4},		 /* unknown */
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct tcp_opts o = parse(rows[i].bytes, rows[i].n);

		assert_int_equal(o.mss, 0);
		assert_false(o.scale_ok || o.sack_ok || o.ts);
		assert_int_equal(o.nsack, i == 12); /* ... one block is whole */
	}
}

static void what_is_known(void **state)
{
	struct tcp_opts o = PARSE("\2\4\5\264\1\3\3\7\4\2\10\12\0\0\0\1\0\0\0\2");

	(void)state;
	assert_int_equal(o.mss, 1460);
	assert_true(o.scale_ok && o.sack_ok && o.ts);
	assert_int_equal(o.scale, 7);
	assert_int_equal(o.tsval, 1);
	assert_int_equal(o.tsecr, 2);

	o = PARSE("\3\3\17"); /* RFC 7323 2.3: 15 counts as 14 */
	assert_int_equal(o.scale, 14);
	o = PARSE(
		"\375\6abcd\2\4\0\100\2\0"); /* between what is not known and what makes no sense */
	assert_int_equal(o.mss, 64);
	o = PARSE("\1\1\10\12\1\2\3\4\5\6\7\10"); /* as nearly all are */
	assert_true(o.ts);
	assert_int_equal(o.tsval, 0x01020304);
	assert_int_equal(o.tsecr, 0x05060708);
	assert_int_equal(o.mss, 0);
	assert_int_equal(o.nsack, 0);
}

static void sack(void **state)
{
	uint8_t b[40] = {1, 1, 5, 34};
	struct tcp_opts o;

	(void)state;
	for (unsigned i = 0; i < 8; i++)
		wire_put32(b + 4 + 4 * i, 100 + i);
	o = parse(b, 36);
	assert_int_equal(o.nsack, 4);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(o.sack[i].start, 100 + 2 * i);
		assert_int_equal(o.sack[i].end, 101 + 2 * i);
	}
	b[3] = 42; /* five blocks cannot be there */
	assert_int_equal(parse(b, 40).nsack, 0);
	assert_int_equal(PARSE("\5\2").nsack, 0);
}

/* Every string of few bytes, of those that matter: the sanitizer looks on. */
static void short_strings(void **state)
{
	static const uint8_t some[] = {0, 1, 2, 3, 4, 5, 8, 10, 255};
	uint8_t b[5];

	(void)state;
	for (unsigned k = 0; k < 9 * 9 * 9 * 9 * 9; k++) {
		unsigned rest = k;

		for (unsigned i = 0; i < sizeof(b); i++, rest /= 9)
			b[i] = some[rest % 9];
		assert_true(parse(b, sizeof(b)).nsack <= TCP_SACK_MAX);
	}
}

/* RFC 2018 4: the island that grew last is first; no more than fit beside the timestamps. */
static void blocks_sent(void **state)
{
	static struct machine m;
	static struct net net;
	static struct tcp c;
	uint8_t b[TCP_OPTIONS];
	struct tcp_opts o;
	unsigned n;

	(void)state;
	net.m = &m;
	net.dev[0].net = &net;
	c.dev = &net.dev[0];
	c.sack_ok = true;
	assert_int_equal(tcp_opt_usual(&c, true, b), 0);
	for (uint32_t i = 0; i < 6; i++)
		tcp_range_add(&c.islands, 100 * i, 100 * i + 50, TCP_ISLANDS_MAX);
	c.recent[0] = 310;
	c.recent[1] = 549;
	c.recent[2] = 300; /* the same as the first */
	c.recent[3] = 60;  /* none any more */
	n = tcp_opt_usual(&c, true, b);
	assert_int_equal(n, 36);
	tcp_opt_parse(bytes_of(b, n), &o);
	assert_int_equal(o.nsack, 4);
	assert_int_equal(o.sack[0].start, 300);
	assert_int_equal(o.sack[0].end, 350);
	assert_int_equal(o.sack[1].start, 500);
	assert_int_equal(o.sack[2].start, 0);
	assert_int_equal(o.sack[3].start, 100);

	c.ts_ok = true;
	c.ts_recent = 77;
	n = tcp_opt_usual(&c, true, b);
	assert_int_equal(n, 40);
	tcp_opt_parse(bytes_of(b, n), &o);
	assert_int_equal(o.nsack, 3);
	assert_int_equal(o.tsecr, 77);
	assert_int_equal(tcp_opt_usual(&c, false, b), 12);
	c.sack_ok = false;
	assert_int_equal(tcp_opt_usual(&c, true, b), 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing),
		cmocka_unit_test(what_is_known),
		cmocka_unit_test(sack),
		cmocka_unit_test(short_strings),
		cmocka_unit_test(blocks_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
