/* SPDX-License-Identifier: BSD-2-Clause */
/* The HTTP client against servers by hand: what it asks, what it makes of answers, how it ends. */
#include "tests/net/http_rig.h"
#include "tests/unit.h"

#define TAG "ETag: \"v1\"\r\n"

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

static struct peer *begin_uri(const char *uri)
{
	struct peer *p;

	assert_int_equal(fetch_start(&rig.m, uri, "file", NULL, &rig.f), 0);
	assert_true(rig.npeers > 0);
	p = &rig.peer[rig.npeers - 1];
	if (!p->opened)
		peer_open(p);
	return p;
}

static struct peer *begin(void)
{
	return begin_uri("http://10.0.0.9/file");
}

static void expect_result(int result)
{
	assert_true(rig.f->finished);
	assert_int_equal(rig.f->result, result);
	if (result)
		assert_int_equal(rig.m.err.code, -result);
}

static void end_fetch(void)
{
	struct image *img = fetch_end(rig.f);

	if (img)
		image_free(&rig.m, img);
	rig.f = NULL;
}

/* It has ended well with the file's first size bytes. */
static void expect_file(uint64_t size)
{
	uint8_t *b = malloc(size + 1);

	expect_result(0);
	assert_int_equal(rig.f->image->total, size);
	assert_int_equal(rig.f->bytes, size);
	assert_true(image_get(&rig.m, rig.f->image, 0, b, size));
	for (uint64_t i = 0; i < size; i++)
		if (b[i] != file_byte(i))
			fail_msg("byte %llu", (unsigned long long)i);
	free(b);
	end_fetch();
}

static void expect_error(enum err code)
{
	expect_result(-(int)code);
	assert_null(fetch_end(rig.f));
	rig.f = NULL;
	err_clear(&rig.m);
}

static void test_get(void **state)
{
	struct peer *p = begin();

	(void)state;
	assert_int_equal(p->port, 80);
	assert_string_equal(peer_request(p), "GET /file HTTP/1.1\r\n"
					     "Host: 10.0.0.9\r\n"
					     "User-Agent: Reveille/9.9\r\n\r\n");
	peer_text(p, "HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n");
	assert_non_null(rig.f->image);
	assert_int_equal(rig.f->image->total, 10000);
	peer_file(p, 0, 9999);
	assert_false(rig.f->finished);
	peer_file(p, 9999, 10000);
	expect_file(10000);
	assert_int_equal(rig_live(), 1); /* kept */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_get, setup, teardown),
	};

	(void)expect_error;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
