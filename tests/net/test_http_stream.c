/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that are read while they come, by HTTP: the room offered and taken, and what is silence. */
#include "tests/net/http_rig.h"
#include "tests/unit.h"

#define RING 65536u
#define HEAD "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nAccept-Ranges: bytes\r\n"
#define MIB  1048576u

static uint8_t ring[RING];
static uint64_t pos; /* read */

static int setup(void **state)
{
	(void)state;
	pos = 0;
	rig_init();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_end();
	return 0;
}

static struct peer *begin(void)
{
	struct peer *p;

	assert_int_equal(
		fetch_stream(&rig.m, "http://10.0.0.9/file", "file", ring, RING, &rig.f), 0);
	p = &rig.peer[rig.npeers - 1];
	if (!p->opened)
		peer_open(p);
	return p;
}

static uint64_t room(struct peer *p)
{
	return p->s.user->room(&p->s);
}

static void read_on(size_t n)
{
	uint8_t *b = malloc(n);

	assert_true(image_get(&rig.m, rig.f->image, pos, b, n));
	for (size_t i = 0; i < n; i++)
		if (b[i] != file_byte(pos + i))
			fail_msg("byte %llu", (unsigned long long)(pos + i));
	free(b);
	pos += n;
	fetch_more(rig.f, pos);
}

/* What is offered never reaches beyond the ring, from the SYN on; what comes all the same is taken
 * up to the limit. */
static void test_room(void **state)
{
	struct peer *p = begin();
	uint64_t head, front;

	(void)state;
	assert_in_range(room(p), RING / 2, RING);
	peer_text(p, HEAD "Content-Length: 1048576\r\n\r\n");
	head = p->s.front;
	assert_in_range(room(p), RING / 2, RING);
	peer_file(p, 0, 40000);
	assert_in_range(room(p), 1, RING - 40000);
	front = p->s.front;
	peer_file(p, 40000, 80000);
	assert_int_equal(room(p), 0);
	assert_int_equal(p->s.front, head + RING);
	assert_true(front < p->s.front);
	assert_int_equal(rig.f->image->refused, 0);
	assert_int_equal(p->wakes, 0);
	read_on(50000);
	assert_int_equal(p->wakes, 1);
	assert_in_range(room(p), 40000, 50000);
	assert_int_equal(rig_live(), 1);
}

/* All of it, in pieces as there is room. */
static void all(struct peer *p, uint64_t size)
{
	while (pos < size) {
		uint64_t there = pos + room(p) < size ? pos + room(p) : size;

		peer_file(p, pos, there);
		read_on((size_t)(there - pos));
	}
	assert_true(rig.f->finished);
	assert_int_equal(rig.f->result, 0);
	assert_int_equal(rig.f->image->total, size);
}

static void test_whole(void **state)
{
	struct peer *p = begin();

	(void)state;
	peer_text(p, HEAD "Content-Length: 1048576\r\n\r\n");
	all(p, MIB);
	fetch_cancel(rig.f);
	rig.f = NULL;
}

/* Losses are no reason for more connections. */
static void test_one_connection(void **state)
{
	struct peer *p = begin();

	(void)state;
	peer_text(p, HEAD "Content-Length: 1048576\r\n\r\n");
	p->s.holes = 100;
	all(p, MIB);
	assert_int_equal(rig.npeers, 1);
}

/* A chunk's size finds room behind a full ring as soon as it is read. */
static void test_chunked(void **state)
{
	struct peer *p = begin();

	(void)state;
	peer_text(p, HEAD "Transfer-Encoding: chunked\r\n\r\n10000\r\n");
	assert_int_equal(rig.f->image->total, IMAGE_SIZE_UNKNOWN);
	peer_file(p, 0, RING);
	assert_int_equal(room(p), 0);
	read_on(RING);
	assert_true(room(p) > 0);
	peer_text(p, "\r\n0\r\n\r\n");
	assert_true(rig.f->finished);
	assert_int_equal(rig.f->result, 0);
	assert_int_equal(rig.f->image->total, RING);
}

static void test_resume(void **state)
{
	struct peer *p = begin();

	(void)state;
	peer_text(p, HEAD "Content-Length: 1048576\r\n\r\n");
	peer_file(p, 0, 60000);
	read_on(30000);
	peer_gone(p, -ERR_TCP_RESET);
	rig_pass(RIG_SECOND);
	assert_int_equal(rig.npeers, 2);
	p = &rig.peer[1];
	peer_open(p);
	assert_non_null(strstr(peer_request(p), "Range: bytes=60000-1048575\r\nIf-Range: \"v1\""));
	assert_in_range(room(p), 1, 30000 + RING - 60000);
	peer_text(p, "HTTP/1.1 206 P\r\nETag: \"v1\"\r\n"
		     "Content-Range: bytes 60000-1048575/1048576\r\n\r\n");
	peer_file(p, 60000, 70000);
	read_on(40000);
	all(p, MIB);
}

/* What was read cannot come again, whatever the server says. */
static void test_not_anew(void **state)
{
	static const char *const answers[] = {
		"HTTP/1.1 200 OK\r\nETag: \"v2\"\r\nContent-Length: 1048576\r\n\r\n",
		"HTTP/1.1 302 F\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n",
	};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct peer *p = begin();

		pos = 0;
		peer_text(p, HEAD "Content-Length: 1048576\r\n\r\n");
		peer_file(p, 0, 1000);
		read_on(10);
		peer_gone(p, -ERR_TCP_RESET);
		rig_pass(RIG_SECOND);
		p = &rig.peer[rig.npeers - 1];
		peer_open(p);
		peer_text(p, answers[i]);
		rig_pass(RIG_SECOND);
		assert_true(rig.f->finished);
		assert_int_equal(rig.f->result, i ? -ERR_REDIRECTS : -ERR_HTTP_CHANGED);
		fetch_cancel(rig.f);
		rig.f = NULL;
	}
}

/* A reader that takes its time, with turns and without, is not the server's silence. */
static void test_slow_reader(void **state)
{
	struct peer *p = begin();

	(void)state;
	peer_text(p, HEAD "Content-Length: 1048576\r\n\r\n");
	peer_file(p, 0, RING);
	rig_pass(300 * RIG_SECOND);
	assert_true(p->live);
	read_on(RING);
	rig.fake.now_us += 600ull * RIG_SECOND;
	rig_pass(RIG_SECOND);
	assert_true(p->live);
	all(p, MIB);
	assert_int_equal(rig.f->retries, 0);
}

static void test_silent_server(void **state)
{
	struct peer *p = begin();

	(void)state;
	peer_text(p, HEAD "Content-Length: 1048576\r\n\r\n");
	peer_file(p, 0, RING);
	read_on(RING);
	rig_pass(12 * RIG_SECOND);
	assert_false(p->live);
	assert_int_equal(rig.npeers, 2);
	rig_pass(RIG_SILENCE);
	assert_int_equal(rig.f->result, -ERR_HTTP_TIMEOUT);
}

/* A connection whose window was ever large is not used for a ring, and the other way round. */
static void test_connections_apart(void **state)
{
	struct peer *p;

	(void)state;
	assert_int_equal(fetch_start(&rig.m, "http://10.0.0.9/file", "file", NULL, &rig.f), 0);
	p = &rig.peer[0];
	peer_open(p);
	assert_true(room(p) > MIB);
	peer_text(p, HEAD "Content-Length: 0\r\n\r\n");
	assert_int_equal(rig.f->result, 0);
	fetch_cancel(rig.f);
	for (unsigned i = 0; i < 2; i++) {
		p = begin();
		assert_int_equal(rig.npeers, 2);
		peer_text(p, HEAD "Content-Length: 0\r\n\r\n");
		assert_true(rig.f->finished);
		fetch_cancel(rig.f);
	}
	rig.f = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_room, setup, teardown),
		cmocka_unit_test_setup_teardown(test_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_connection, setup, teardown),
		cmocka_unit_test_setup_teardown(test_chunked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_resume, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slow_reader, setup, teardown),
		cmocka_unit_test_setup_teardown(test_silent_server, setup, teardown),
		cmocka_unit_test_setup_teardown(test_connections_apart, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
