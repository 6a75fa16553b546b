/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HTTP over streams: the same file whatever pieces a response comes in and in whatever order, as
 * long as the stream brings again what was not taken.
 */
#include "tests/net/http_rig.h"
#include "tests/unit.h"

#define BODY  3000u
#define WIRE  8192u
#define PARTS 400u

/* Three ways to send the first BODY bytes of the file. */
enum how { LENGTH, CHUNKS, UNTIL_CLOSE, WAYS };

struct wire {
	uint8_t data[WIRE];
	size_t n;
	size_t body; /* of LENGTH and UNTIL_CLOSE: where it begins */
};

static int setup(void **state)
{
	(void)state;
	rig_init();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_end();
	return 0;
}

static void wire_text(struct wire *w, const char *text)
{
	memcpy(w->data + w->n, text, strlen(text));
	w->n += strlen(text);
}

static void wire_file(struct wire *w, unsigned from, unsigned to)
{
	for (; from < to; from++)
		w->data[w->n++] = file_byte(from);
}

static void wire_make(struct wire *w, enum how how)
{
	char size[16];

	w->n = 0;
	wire_text(w, "HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nServer: x\r\n");
	if (how == LENGTH)
		wire_text(w, "Content-Length: 3000\r\n\r\n");
	else if (how == UNTIL_CLOSE)
		wire_text(w, "Connection: close\r\n\r\n");
	else
		wire_text(w, "Transfer-Encoding: chunked\r\n\r\n");
	w->body = w->n;
	if (how != CHUNKS) {
		wire_file(w, 0, BODY);
		return;
	}
	for (unsigned from = 0, n = 1; from < BODY; from += n, n = n * 2 + 1) {
		n = n < BODY - from ? n : BODY - from;
		snprintf(size, sizeof(size), "%x;a\r\n", n);
		wire_text(w, size);
		wire_file(w, from, from + n);
		wire_text(w, "\r\n");
	}
	wire_text(w, "0\r\nTrailer: x\r\n\r\n");
}

static struct peer *begin(void)
{
	struct peer *p;

	assert_int_equal(fetch_start(&rig.m, "http://10.0.0.9/file", "file", NULL, &rig.f), 0);
	p = &rig.peer[rig.npeers - 1];
	if (!p->opened)
		peer_open(p);
	peer_request(p);
	return p;
}

static void expect_file(void)
{
	uint8_t b[BODY];
	struct image *img;

	assert_true(rig.f->finished);
	assert_int_equal(rig.f->result, 0);
	assert_int_equal(rig.f->bytes, BODY);
	img = fetch_end(rig.f);
	rig.f = NULL;
	assert_non_null(img);
	assert_int_equal(img->total, BODY);
	assert_true(image_get(&rig.m, img, 0, b, BODY));
	for (unsigned i = 0; i < BODY; i++)
		assert_int_equal(b[i], file_byte(i));
	image_free(&rig.m, img);
	while (rig.npeers && !rig.peer[rig.npeers - 1].live)
		rig.npeers--;
}

static void finish(struct peer *p, enum how how)
{
	if (how == UNTIL_CLOSE) {
		assert_false(rig.f->finished);
		peer_fin(p);
		peer_gone(p, 0);
	}
	expect_file();
}

static void test_cut_anywhere(void **state)
{
	static struct wire w;

	(void)state;
	for (unsigned how = 0; how < WAYS; how++) {
		wire_make(&w, how);
		for (size_t cut = 1; cut < w.n; cut += cut < w.body + 40 ? 1 : 37) {
			struct peer *p = begin();
			uint64_t at = p->sent;

			p->sent += w.n;
			peer_data_at(p, at, w.data, cut);
			assert_false(rig.f->finished);
			peer_data_at(p, at + cut, w.data + cut, w.n - cut);
			finish(p, how);
		}
	}
}

static void test_byte_by_byte(void **state)
{
	static struct wire w;

	(void)state;
	for (unsigned how = 0; how < WAYS; how++) {
		struct peer *p = begin();

		wire_make(&w, how);
		for (size_t i = 0; i < w.n; i++)
			peer_data(p, w.data + i, 1);
		finish(p, how);
	}
}

/* Segments in any order, those that were not taken again later. */
static void scramble(const struct wire *w, enum how how, uint64_t *seed)
{
	struct peer *p = begin();
	uint64_t at = p->sent;
	size_t part = 1 + fake_random(seed) % 300, turns = 0;

	p->sent += w->n;
	while (ranges_front(&p->taken) < at + w->n && p->live) {
		size_t off = fake_random(seed) % w->n;

		off = turns++ % 3 ? off - off % part : (size_t)(ranges_front(&p->taken) - at);
		peer_data_at(p, at + off, w->data + off, part < w->n - off ? part : w->n - off);
		assert_true(turns < 100000);
	}
	finish(p, how);
}

static void test_any_order(void **state)
{
	static struct wire w;
	uint64_t seed = 1;

	(void)state;
	for (unsigned i = 0; i < PARTS; i++) {
		wire_make(&w, i % WAYS);
		scramble(&w, i % WAYS, &seed);
	}
}

/* Behind a hole: what is mapped already is taken, what would have to be understood is not. */
static void test_holes(void **state)
{
	static struct wire w;
	struct peer *p = begin();
	uint64_t at = p->sent;

	(void)state;
	wire_make(&w, LENGTH);
	p->sent += w.n;
	peer_data_at(p, at + w.body + 100, w.data + w.body + 100, 50);
	assert_int_equal(p->taken.n, at ? 1 : 0); /* where the body begins is not known */
	peer_data_at(p, at, w.data, w.body);
	peer_data_at(p, at + w.body + 100, w.data + w.body + 100, 50);
	assert_int_equal(rig.f->bytes, 50);
	/* The rest of a segment behind the body is not taken out of order. */
	w.data[w.n] = w.data[w.n + 1] = 'x';
	peer_data_at(p, at + w.body + 200, w.data + w.body + 200, BODY - 200 + 2);
	assert_int_equal(rig.f->bytes, 50 + BODY - 200);
	assert_int_equal(p->taken.r[p->taken.n - 1].end, at + w.n);
	peer_data_at(p, at + w.body, w.data + w.body, 200);
	finish(p, LENGTH);
}

/* No more islands than the hole map holds are taken; nothing is lost by that. */
static void test_full_map(void **state)
{
	static uint8_t body[RANGES_MAX * 20];
	struct peer *p = begin();
	uint64_t at;

	(void)state;
	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = file_byte(i);
	peer_text(p, "HTTP/1.1 200 OK\r\nContent-Length: 1280\r\n\r\n");
	at = p->sent;
	for (unsigned i = 1; i < sizeof(body) / 10; i += 2)
		peer_data_at(p, at + i * 10, body + i * 10, 10);
	assert_int_equal(rig.f->bytes, sizeof(body) / 2);
	peer_data_at(p, at + 5, body + 5, 2); /* one too many */
	assert_int_equal(rig.f->bytes, sizeof(body) / 2);
	for (unsigned i = 0; i < 2; i++)
		peer_data_at(p, at, body, sizeof(body));
	assert_true(rig.f->finished);
	assert_int_equal(rig.f->result, 0);
	image_free(&rig.m, fetch_end(rig.f));
	rig.f = NULL;
}

/* The window is what is left of the file, and no more than that. */
static void test_room(void **state)
{
	struct peer *p = begin();

	(void)state;
	assert_true(p->s.user->room(&p->s) >= 1 << 20);
	peer_text(p, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
	assert_in_range(p->s.user->room(&p->s), 1000000, 1020000);
	peer_file(p, 0, 900000);
	assert_in_range(p->s.user->room(&p->s), 100000, 120000);
	peer_file(p, 900000, 1000000);
	assert_in_range(p->s.user->room(&p->s), 1, 20000);
	image_free(&rig.m, fetch_end(rig.f));
	rig.f = NULL;
}

/* The pool is bounded; a connection that was kept makes room for a new one. */
static void test_pool(void **state)
{
	char uri[64];

	(void)state;
	for (unsigned i = 0; i < HTTP_CONN_MAX + 3; i++) {
		struct peer *p;

		snprintf(uri, sizeof(uri), "http://10.0.0.9:%u/file", 1000 + i);
		assert_int_equal(fetch_start(&rig.m, uri, "file", NULL, &rig.f), 0);
		p = &rig.peer[rig.npeers - 1];
		peer_open(p);
		peer_text(p, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
		assert_true(rig.f->finished);
		image_free(&rig.m, fetch_end(rig.f));
		rig.f = NULL;
		assert_int_equal(rig_live(), i < HTTP_CONN_MAX ? i + 1 : HTTP_CONN_MAX);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_cut_anywhere, setup, teardown),
		cmocka_unit_test_setup_teardown(test_byte_by_byte, setup, teardown),
		cmocka_unit_test_setup_teardown(test_any_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_holes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_map, setup, teardown),
		cmocka_unit_test_setup_teardown(test_room, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pool, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
