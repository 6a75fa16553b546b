/* SPDX-License-Identifier: BSD-2-Clause */
/* Chunked bodies, cut at every byte. */
#include "net/http_chunk.h"
#include "tests/unit.h"

/*
 * Decodes text, given in pieces of `step` bytes, into out. What http_chunk_read() said last; *left:
 * bytes behind the body.
 */
static int decode(const char *text, size_t step, char *out, size_t *left)
{
	static struct http_line line;
	enum http_chunk state = HTTP_CHUNK_SIZE;
	size_t size = strlen(text), at = 0;
	uint64_t body = 0;
	int got = 0;

	line.ended = true;
	line.total = 0;
	while (at < size) {
		size_t n = step < size - at ? step : size - at;
		struct bytes b = bytes_of(text + at, n);

		at += n;
		while (b.n) {
			if (body) {
				*out++ = (char)bytes_u8(&b);
				body--;
				continue;
			}
			got = http_chunk_read(&state, &line, &b, &body);
			if (got < 0 || got == 2) {
				*out = 0;
				*left = b.n + size - at;
				return got;
			}
		}
	}
	*out = 0;
	return got;
}

static void test_bodies(void **state)
{
	static const struct {
		const char *text, *body;
		size_t left;
	} good[] = {
		{"5\r\nhello\r\n0\r\n\r\n", "hello", 0},
		{"0\r\n\r\nHTTP/1.1 200 OK", "", 15},
		{"3\r\nabc\r\n0000000000000002\r\nde\r\n00\r\n\r\n", "abcde", 0},
		{"a;x=\"y\"\r\n0123456789\r\nA ; z\r\n0123456789\r\n0;q\r\nT: 1\r\nU: 2\r\n\r\n!",
			"01234567890123456789", 1},
		{"2\r\n\r\n\r\n0\r\n\r\n", "\r\n", 0},
	};
	char out[64];
	size_t left = 0;

	(void)state;
	for (unsigned i = 0; i < ROWS(good); i++) {
		for (size_t step = 1; step <= strlen(good[i].text); step++) {
			assert_int_equal(decode(good[i].text, step, out, &left), 2);
			assert_string_equal(out, good[i].body);
			assert_int_equal(left, good[i].left);
		}
	}
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
		"\r\n",
		"x\r\n",
		"-1\r\n",
		"+1\r\n",
		" 1\r\n",
		"0x1\r\n",
		"1 2\r\n",
		"1,\r\n",
		";x\r\n",
		"FFFFFFFFFFFFFFFF\r\n",
		"8000000000000000\r\n",
		"10000000000000000\r\n",
		"00000000000000001\r\n",
		"1\rx",
		"1\na\r\n",
		"1\r\na\n",
		"2\r\na\r\n1\r\n",
		"0\r\n\n",
		"1\r\nab\r\n",
		"1\r\na0\r\n\r\n",
		"1;\x01\r\n",
		"0\r\nA\rB",
	};
	char out[64];
	size_t left;

	(void)state;
	for (unsigned i = 0; i < ROWS(bad); i++)
		for (size_t step = 1; step <= strlen(bad[i]); step++)
			if (decode(bad[i], step, out, &left) != -1)
				fail_msg("taken: %s", bad[i]);
}

static void test_bounds(void **state)
{
	static char text[2 * HTTP_HEAD_MAX], out[2 * HTTP_HEAD_MAX];
	size_t left;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "1;", 2);
	assert_int_equal(decode(text, 1000, out, &left), -1);
	memcpy(text, "0\r\n", 3);
	assert_int_equal(decode(text, 1000, out, &left), -1);
	/* Any number of chunks, each with its own. */
	text[0] = 0;
	for (unsigned i = 0; i < HTTP_HEAD_MAX / 4; i++)
		memcpy(text + 6 * i, "1\r\nx\r\n", 7);
	assert_int_equal(decode(text, 1000, out, &left), 0);
	assert_int_equal(strlen(out), HTTP_HEAD_MAX / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
