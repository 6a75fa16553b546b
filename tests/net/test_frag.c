/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net/frag.c: reassembly in any order, within bounds, and what spoils a datagram (hostile.md 7,
 * 12).
 */
#include "net/frag.h"
#include "tests/net/lan.h"

#define MORE 0x2000

/* A datagram on its way in pieces: a UDP message of n payload bytes to port 69. */
struct whole {
	uint8_t b[FRAG_DATAGRAM_MAX + 64];
	uint32_t n; /* with the UDP header */
	uint16_t id;
};

static void whole_make(struct whole *w, uint16_t id, uint32_t payload)
{
	static uint8_t text[FRAG_DATAGRAM_MAX + 64];

	for (uint32_t i = 0; i < payload; i++)
		text[i] = (uint8_t)(i * 7 + i / 256 + id);
	w->n = udp_make(w->b, PEER(0), US(0), 1000, 69, text, payload);
	w->id = id;
}

/* Receives what is between start and end; the last piece is the one that ends the datagram. */
static void piece(struct lan *lan, const struct whole *w, uint32_t start, uint32_t end)
{
	struct ip ip = {.src = PEER(0), .dst = US(0), .protocol = 17, .id = w->id};
	struct frame f;

	ip.frag = (uint16_t)((end < w->n ? MORE : 0) | start / 8);
	f = frame_ip(&lan_link(lan, 0)->mac, &ip, w->b + start, end - start);
	lan_receive(lan, 0, &f);
}

/* A piece with fields of the test's choice. */
static void odd_piece(struct lan *lan, uint16_t id, uint16_t frag, uint32_t n)
{
	static const uint8_t zeros[1500];
	struct ip ip = {.src = PEER(0), .dst = US(0), .protocol = 17, .id = id, .frag = frag};
	struct frame f = frame_ip(&lan_link(lan, 0)->mac, &ip, zeros, n);

	lan_receive(lan, 0, &f);
}

static void assert_heard(struct ear *ear, const struct whole *w)
{
	assert_int_equal(ear->heard, 1);
	assert_int_equal(ear->n, w->n - 8);
	assert_memory_equal(ear->data, w->b + 8, ear->n);
	ear->heard = 0;
}

/* Hostile.md row 12: every length of the last fragment, in both orders, is put together right. */
static void every_last_length(void **state)
{
	struct lan *lan = lan_new(1);
	struct whole *w = malloc(sizeof(*w));
	struct ear *ear = malloc(sizeof(*ear));

	(void)state;
	ear_open(lan, ear, NULL, 69);
	for (uint32_t last = 1; last <= 1480; last++) {
		whole_make(w, (uint16_t)last, 1480 + last - 8);
		piece(lan, w, 0, 1480);
		assert_int_equal(ear->heard, 0);
		piece(lan, w, 1480, w->n);
		assert_heard(ear, w);
		w->id = (uint16_t)(w->id + 2000);
		piece(lan, w, 1480, w->n);
		piece(lan, w, 0, 1480);
		assert_heard(ear, w);
	}
	assert_int_equal(lan_link(lan, 0)->stats.bad_udp, 0);
	assert_int_equal(lan_link(lan, 0)->stats.bad_ip, 0);
	free(w);
	free(ear);
	lan_end(lan);
}

/* All 120 orders of five pieces, each with one piece sent twice. */
static void every_order(void **state)
{
	struct lan *lan = lan_new(1);
	struct whole *w = malloc(sizeof(*w));
	struct ear *ear = malloc(sizeof(*ear));

	(void)state;
	ear_open(lan, ear, NULL, 69);
	for (unsigned perm = 0; perm < 120; perm++) {
		unsigned left[5] = {0, 1, 2, 3, 4}, code = perm;

		whole_make(w, (uint16_t)perm, 4 * 1024 + 100);
		for (unsigned n = 5; n > 0; n--) {
			unsigned pick = code % n, k = left[pick];
			uint32_t start = k * 1024, end = k == 4 ? w->n : start + 1024;

			code /= n;
			left[pick] = left[n - 1];
			piece(lan, w, start, end);
			if (n == 1 + perm % 4 + 1) /* duplicate, while it is not complete */
				piece(lan, w, start, end);
		}
		assert_heard(ear, w);
		for (unsigned i = 0; i < FRAG_MAX; i++) /* its place is free again */
			assert_false(lan->net.frag[i].used);
	}
	assert_int_equal(lan_link(lan, 0)->stats.bad_ip, 0);
	free(w);
	free(ear);
	lan_end(lan);
}

static void largest_datagram(void **state)
{
	struct lan *lan = lan_new(1);
	struct whole *w = malloc(sizeof(*w));
	struct ear *ear = malloc(sizeof(*ear));

	(void)state;
	ear_open(lan, ear, NULL, 69);
	whole_make(w, 1, FRAG_DATAGRAM_MAX - 8);
	for (uint32_t at = 0; at < w->n; at += 1480)
		piece(lan, w, at, at + 1480 < w->n ? at + 1480 : w->n);
	assert_heard(ear, w);
	assert_false(ear->meta.csum_ok);
	whole_make(w, 2, FRAG_DATAGRAM_MAX - 7); /* one more is too many */
	for (uint32_t at = 0; at < w->n; at += 1480)
		piece(lan, w, at, at + 1480 < w->n ? at + 1480 : w->n);
	assert_int_equal(ear->heard, 0);
	assert_int_equal(lan_link(lan, 0)->stats.bad_ip, 1);
	free(w);
	free(ear);
	lan_end(lan);
}

/*
 * What spoils a datagram: sent between its halves, it makes that nothing is delivered (RFC 5722).
 */
static void spoilers(void **state)
{
	static const struct {
		const char *what;
		uint16_t frag;
		uint32_t n;
	} rows[] = {
		{"overlaps the first half from within", MORE | 1000 / 8, 32},
		{"overlaps it from the middle to far behind", MORE | 512 / 8, 1024},
		{"covers it and more", MORE | 0, 1032},
		{"ends before what is there", 0 | 512 / 8, 8},
		{"ends where what is there ends", 0 | 512 / 8, 496},
		{"is not made of units of 8", MORE | 1200 / 8, 9},
		{"is empty", MORE | 1200 / 8, 0},
		{"is empty and last", 0 | 1200 / 8, 0},
		{"lies past the largest datagram", MORE | FRAG_DATAGRAM_MAX / 8, 8},
		{"reaches past the largest datagram", MORE | (FRAG_DATAGRAM_MAX - 8) / 8, 16},
		{"has the largest offset", 0x1fff, 8},
		{"has the largest offset and more", MORE | 0x1fff, 1480},
		{"wraps past 65535", 0x1fff, 1480},
	};
	struct lan *lan = lan_new(1);
	struct whole *w = malloc(sizeof(*w));
	struct ear *ear = malloc(sizeof(*ear));

	(void)state;
	ear_open(lan, ear, NULL, 69);
	for (uint16_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		lan_link(lan, 0)->stats.bad_ip = 0;
		whole_make(w, i, 2000);
		piece(lan, w, 0, 1008);
		odd_piece(lan, i, rows[i].frag, rows[i].n);
		if (lan_link(lan, 0)->stats.bad_ip != 1)
			fail_msg("%s: not seen", rows[i].what);
		piece(lan, w, 1008, w->n);
		piece(lan, w, 0, 1008); /* and what is sent again changes nothing */
		piece(lan, w, 1008, w->n);
		if (ear->heard || lan_link(lan, 0)->stats.bad_ip != 1)
			fail_msg("%s: heard %u bad_ip %u", rows[i].what, ear->heard,
				lan_link(lan, 0)->stats.bad_ip);
		lan_pass(lan, FRAG_TIMEOUT_US);
		piece(lan, w, 0, 1008); /* forgotten after the time-out */
		piece(lan, w, 1008, w->n);
		assert_heard(ear, w);
	}
	free(w);
	free(ear);
	lan_end(lan);
}

/* The last piece tells the length; what contradicts it spoils the datagram. */
static void length_is_fixed_by_the_last_piece(void **state)
{
	static const struct {
		uint16_t frag;
		uint32_t n;
	} rows[] = {{0 | 2000 / 8, 16}, {0 | 1000 / 8, 8}, {MORE | 2016 / 8, 8},
		{MORE | 2000 / 8, 16}, {MORE | 2000 / 8, 8}};
	struct lan *lan = lan_new(1);
	struct whole *w = malloc(sizeof(*w));
	struct ear *ear = malloc(sizeof(*ear));

	(void)state;
	ear_open(lan, ear, NULL, 69);
	for (uint16_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		whole_make(w, i, 2000); /* 2008 bytes */
		piece(lan, w, 1008, w->n);
		odd_piece(lan, i, rows[i].frag, rows[i].n);
		piece(lan, w, 0, 1008);
		assert_int_equal(ear->heard, 0);
		assert_int_equal(lan_link(lan, 0)->stats.bad_ip, i + 1u);
	}
	free(w);
	free(ear);
	lan_end(lan);
}

/* Hostile.md row 7, 12: total lengths shorter than a header, in a fragment. */
static void short_totals(void **state)
{
	struct lan *lan = lan_new(1);
	struct whole *w = malloc(sizeof(*w));
	struct ear *ear = malloc(sizeof(*ear));

	(void)state;
	ear_open(lan, ear, NULL, 69);
	whole_make(w, 1, 2000);
	for (unsigned total = 0; total < 28; total++) {
		struct ip ip = {.src = PEER(0), .dst = US(0), .protocol = 17, .id = 99};
		struct frame f;

		ip.frag = total & 1 ? MORE : 0x1fff;
		f = frame_ip(&lan_link(lan, 0)->mac, &ip, w->b, 1000);
		wire_put16(f.data + 16, total);
		ip_sum(&f);
		lan_receive(lan, 0, &f);
	}
	piece(lan, w, 0, 1008);
	piece(lan, w, 1008, w->n);
	assert_heard(ear, w);
	free(w);
	free(ear);
	lan_end(lan);
}

/* Pieces that differ in any part of what names a datagram are not mixed. */
static void datagrams_are_told_apart(void **state)
{
	struct lan *lan = lan_new(2);
	struct whole *w = malloc(sizeof(*w));
	struct ear *ear = malloc(sizeof(*ear));
	struct ip ip[] = {
		{.src = PEER(0), .dst = US(0), .protocol = 17, .id = 2},
		{.src = IP4(10, 0, 0, 10), .dst = US(0), .protocol = 17, .id = 1},
		{.src = PEER(0), .dst = IP4(10, 0, 0, 255), .protocol = 17, .id = 1},
		{.src = PEER(0), .dst = US(0), .protocol = 1, .id = 1},
	};

	(void)state;
	ear_open(lan, ear, NULL, 69);
	whole_make(w, 1, 2000);
	for (unsigned i = 0; i < 4; i++) {
		struct frame f;

		piece(lan, w, 0, 1008);
		ip[i].frag = 1008 / 8;
		f = frame_ip(&lan_link(lan, 0)->mac, &ip[i], w->b + 1008, w->n - 1008);
		lan_receive(lan, 0, &f);
		assert_int_equal(ear->heard, 0);
		piece(lan, w, 1008, w->n);
		assert_heard(ear, w);
		lan_pass(lan, FRAG_TIMEOUT_US);
	}
	lan_link(lan, 1)->ip4 = lan_link(lan, 0)->ip4; /* the same by another link */
	for (unsigned link = 0; link < 2; link++) {
		struct ip half = {.src = PEER(0), .dst = US(0), .protocol = 17, .id = 1};
		struct frame f;

		half.frag = link ? 1008 / 8 : MORE;
		f = frame_ip(&lan_link(lan, link)->mac, &half, w->b + link * 1008,
			link ? w->n - 1008 : 1008);
		lan_receive(lan, link, &f);
	}
	assert_int_equal(ear->heard, 0);
	free(w);
	free(ear);
	lan_end(lan);
}

static void oldest_gives_way(void **state)
{
	struct lan *lan = lan_new(1);
	struct whole *w = malloc(sizeof(*w));
	struct ear *ear = malloc(sizeof(*ear));

	(void)state;
	ear_open(lan, ear, NULL, 69);
	for (uint16_t id = 0; id < FRAG_MAX + 2; id++) {
		whole_make(w, id, 2000);
		piece(lan, w, 0, 1008);
		lan->fake.now_us += 1000;
	}
	for (uint16_t id = FRAG_MAX + 1; id > 1; id--) {
		whole_make(w, id, 2000);
		piece(lan, w, 1008, w->n);
		assert_heard(ear, w);
	}
	for (uint16_t id = 0; id < 2; id++) {
		whole_make(w, id, 2000);
		piece(lan, w, 1008, w->n);
		assert_int_equal(ear->heard, 0);
	}
	free(w);
	free(ear);
	lan_end(lan);
}

static void waiting_ends(void **state)
{
	struct lan *lan = lan_new(1);
	struct whole *w = malloc(sizeof(*w));
	struct ear *ear = malloc(sizeof(*ear));
	uint64_t begun;

	(void)state;
	ear_open(lan, ear, NULL, 69);
	whole_make(w, 1, 2000);
	begun = lan->fake.now_us;
	piece(lan, w, 0, 1008);
	lan->fake.now_us += 1000;
	whole_make(w, 2, 2000);
	piece(lan, w, 0, 1008);
	assert_int_equal(lan_turn(lan), begun + FRAG_TIMEOUT_US); /* it asks to be woken for it */
	lan->fake.now_us = begun + FRAG_TIMEOUT_US;
	assert_int_equal(lan_turn(lan), begun + FRAG_TIMEOUT_US + 1000);
	lan->fake.now_us += 1000;
	assert_int_equal(lan_turn(lan), TIME_NEVER);
	piece(lan, w, 1008, w->n);
	assert_int_equal(ear->heard, 0);
	whole_make(w, 3, 2000);
	piece(lan, w, 1008, w->n);
	netdev_close(lan_link(lan, 0)); /* what came by a link goes with it */
	assert_int_equal(lan_turn(lan), TIME_NEVER);
	free(w);
	free(ear);
	lan_end(lan);
}

/* More islands than a datagram remembers: those that do not fit are lost, the rest is kept. */
static void islands_are_bounded(void **state)
{
	struct lan *lan = lan_new(1);
	struct whole *w = malloc(sizeof(*w));
	struct ear *ear = malloc(sizeof(*ear));

	(void)state;
	ear_open(lan, ear, NULL, 69);
	whole_make(w, 1, 64 * 40 - 8);
	for (uint32_t i = 1; i < 40; i += 2)
		piece(lan, w, i * 64, i * 64 + 64);
	for (uint32_t i = 40; i > 0; i -= 2) /* from behind: the list is moved */
		piece(lan, w, i * 64 - 128, i * 64 - 64);
	assert_int_equal(ear->heard, 0);
	for (uint32_t i = 33; i < 40; i++)
		piece(lan, w, i * 64, i * 64 + 64);
	assert_heard(ear, w);
	free(w);
	free(ear);
	lan_end(lan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_last_length),
		cmocka_unit_test(every_order),
		cmocka_unit_test(largest_datagram),
		cmocka_unit_test(spoilers),
		cmocka_unit_test(length_is_fixed_by_the_last_piece),
		cmocka_unit_test(short_totals),
		cmocka_unit_test(datagrams_are_told_apart),
		cmocka_unit_test(oldest_gives_way),
		cmocka_unit_test(waiting_ends),
		cmocka_unit_test(islands_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
