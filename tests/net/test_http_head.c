/* SPDX-License-Identifier: BSD-2-Clause */
/* Heads of HTTP responses: what they say, cut at every byte, and what is refused. */
#include "net/http_head.h"
#include "tests/unit.h"

#define OK "HTTP/1.1 200 OK\r\n"

static struct http_head head;

/* Reads text in two parts, cut behind n bytes; what the second call says. *left: bytes behind. */
static int read_cut(const char *text, size_t n, size_t *left)
{
	size_t size = strlen(text);
	char *first = malloc(n + 1), *second = malloc(size - n + 1);
	struct bytes a = bytes_of(first, n), b = bytes_of(second, size - n);
	int got;

	memcpy(first, text, n);
	memcpy(second, text + n, size - n);
	http_head_init(&head);
	got = http_head_read(&head, &a);
	if (!got)
		got = http_head_read(&head, &b);
	*left = a.n + b.n;
	free(first);
	free(second);
	return got;
}

static int read_all(const char *text)
{
	size_t left;

	return read_cut(text, 0, &left);
}

static const char rich[] = "HTTP/1.1 100 Continue\r\nETag: \"no\"\r\n\r\n"
			   "HTTP/1.1 206 Partial  Content\r\n"
			   "Content-Length:  100 \t\r\n"
			   "content-range: bytes 200-299/1000\r\n"
			   "ETag: \"x y\"\r\n"
			   "Last-Modified: Tue, 01 Jan 2030 00:00:00 GMT\r\n"
			   "Date: Tue, 01 Jan 2030 00:00:01 GMT\r\n"
			   "Accept-Ranges: bytes\n"
			   "Location: /other\r\n"
			   "X-Empty:\r\n"
			   "Connection: Close\r\n"
			   "Retry-After: 7\r\n\r\n"
			   "body";

static void test_cut_anywhere(void **state)
{
	size_t left;

	(void)state;
	for (size_t n = 0; n < sizeof(rich); n++) {
		assert_int_equal(read_cut(rich, n, &left), 1);
		assert_int_equal(left, 4);
		assert_int_equal(head.status, 206);
		assert_string_equal(head.reason, "Partial  Content");
		assert_int_equal(head.length, 100);
		assert_true(head.ranged);
		assert_int_equal(head.from, 200);
		assert_int_equal(head.to, 300);
		assert_int_equal(head.total, 1000);
		assert_string_equal(head.etag, "\"x y\"");
		assert_string_equal(http_head_validator(&head), "\"x y\"");
		assert_string_equal(head.location, "/other");
		assert_true(head.takes_ranges);
		assert_false(head.persists);
		assert_int_equal(head.retry_s, 7);
	}
	for (size_t n = 0; n < sizeof(rich) - 5; n++) {
		char *part = strndup(rich, n);

		assert_int_equal(read_all(part), 0);
		free(part);
	}
}

static void test_byte_by_byte(void **state)
{
	(void)state;
	http_head_init(&head);
	for (size_t i = 0; i < sizeof(rich) - 5; i++) {
		struct bytes b = bytes_of(rich + i, 1);

		assert_int_equal(http_head_read(&head, &b), i == sizeof(rich) - 6);
	}
	assert_int_equal(head.length, 100);
}

static void test_defaults(void **state)
{
	(void)state;
	assert_int_equal(read_all("HTTP/1.1 200\r\n\r\n"), 1);
	assert_int_equal(head.status, 200);
	assert_true(head.persists);
	assert_true(head.length == HTTP_UNKNOWN && head.total == HTTP_UNKNOWN);
	assert_false(
		head.chunked || head.ranged || head.takes_ranges || head.encoded || head.retry_s);
	assert_string_equal(http_head_validator(&head), "");
	assert_int_equal(read_all("HTTP/1.0 200 \n\n"), 1);
	assert_false(head.persists);
	assert_string_equal(head.reason, "");
	assert_int_equal(read_all("HTTP/1.9 404 \x1b[2J\r\n\r\n"), -1);
	assert_int_equal(read_all("HTTP/1.9 404 \xe9\r\n\r\n"), 1);
	assert_string_equal(head.reason, "\\xe9");
}

static void test_validators(void **state)
{
#define WHEN "Tue, 01 Jan 2030 00:00:00 GMT"
	(void)state;
	assert_int_equal(read_all(OK "ETag: W/\"1\"\r\n\r\n"), 1);
	assert_string_equal(http_head_validator(&head), "");
	assert_int_equal(read_all(OK "Last-Modified: " WHEN "\r\n\r\n"), 1);
	assert_string_equal(http_head_validator(&head), WHEN);
	/* Changed in this very second: it may change again in it. */
	assert_int_equal(read_all(OK "Last-Modified: " WHEN "\r\nDate: " WHEN "\r\n\r\n"), 1);
	assert_string_equal(http_head_validator(&head), "");
	/* RFC 9110 13.1.5: no date where there is an entity tag, also a weak one. */
	assert_int_equal(read_all(OK "ETag: W/\"1\"\r\nLast-Modified: " WHEN "\r\n\r\n"), 1);
	assert_string_equal(http_head_validator(&head), "");
}

static void test_long_lines(void **state)
{
	static char text[HTTP_HEAD_MAX + 100];
	char x[HTTP_LINE_MAX + 1];

	(void)state;
	memset(x, 'x', HTTP_LINE_MAX);
	x[HTTP_LINE_MAX] = 0;
	snprintf(text, sizeof(text), OK "X-Policy: %s\r\nContent-Length: 5\r\n\r\n", x);
	assert_int_equal(read_all(text), 1);
	assert_int_equal(head.length, 5);
	snprintf(text, sizeof(text), OK "Location: %s\r\n\r\n", x);
	assert_int_equal(read_all(text), -1);
	snprintf(text, sizeof(text), OK "ETag: \"%.100s\"\r\n\r\n", x);
	assert_int_equal(read_all(text), 1);
	assert_string_equal(http_head_validator(&head), "");
	/* All in front of the body is bounded, whatever it is. */
	memset(text, 'x', sizeof(text));
	memcpy(text, OK, strlen(OK));
	text[HTTP_HEAD_MAX] = 0;
	assert_int_equal(read_all(text), 0);
	text[HTTP_HEAD_MAX] = 'x';
	text[HTTP_HEAD_MAX + 1] = 0;
	assert_int_equal(read_all(text), -1);
	text[0] = 0;
	for (unsigned i = 0; strlen(text) < HTTP_HEAD_MAX + 20; i++)
		strcat(text, "HTTP/1.1 100 Continue\r\n\r\n");
	assert_int_equal(read_all(text), -1);
}

static const char *const refused[] = {
	"SSH-2.0-x\r\n",
	"\r\n",
	"<html>\r\n",
	"HTTP/2.0 200 OK\r\n",
	"HTTP/1.x 200 OK\r\n",
	"HTTP/1.1  200 OK\r\n",
	"HTTP/1.1 20 OK\r\n",
	"HTTP/1.1 2000 OK\r\n",
	"HTTP/1.1 099 OK\r\n",
	"HTTP/1.1 600 OK\r\n",
	"HTTP/1.1 -20 OK\r\n",
	"HTTP/1.1 101 Switching\r\n",
	"HTTP/1.1 200 OK\rX",
	"http/1.1 200 OK\r\n",
	"ICY 200 OK\r\n",
	OK "A: b\r\n c\r\n",
	OK " A: b\r\n",
	OK "A : b\r\n",
	OK "A\r\n",
	OK ": b\r\n",
	OK "A: b\rc\r\n",
	OK "A: \x01\r\n",
	OK "A: \x7f\r\n",

	OK "A\xe9: b\r\n",
	OK "Content-Length: \r\n",
	OK "Content-Length: -1\r\n",
	OK "Content-Length: +1\r\n",
	OK "Content-Length: 0x10\r\n",
	OK "Content-Length: 1 2\r\n",
	OK "Content-Length: 5,5\r\n",
	OK "Content-Length: 1.0\r\n",
	OK "Content-Length: 9223372036854775808\r\n",
	OK "Content-Length: 18446744073709551615\r\n",
	OK "Content-Length: 18446744073709551617\r\n",
	OK "Content-Length: 99999999999999999999999999\r\n",
	OK "Content-Length: 5\r\nContent-Length: 6\r\n",
	OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
	OK "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
	OK "Transfer-Encoding: gzip\r\n",
	OK "Transfer-Encoding: gzip, chunked\r\n",
	OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
	OK "Transfer-Encoding: identity\r\n",
	"HTTP/1.1 206 P\r\nContent-Range: bytes 5-4/10\r\n",
	"HTTP/1.1 206 P\r\nContent-Range: bytes 0-10/10\r\n",
	"HTTP/1.1 206 P\r\nContent-Range: bytes */10\r\n",
	"HTTP/1.1 206 P\r\nContent-Range: bytes 0-4\r\n",
	"HTTP/1.1 206 P\r\nContent-Range: bytes 0-4/\r\n",
	"HTTP/1.1 206 P\r\nContent-Range: bytes 0-4/10x\r\n",
	"HTTP/1.1 206 P\r\nContent-Range: lines 0-4/10\r\n",
	"HTTP/1.1 206 P\r\nContent-Range: bytes 0-9223372036854775808/*\r\n",
	"HTTP/1.1 206 P\r\nContent-Range: bytes 0-4/10\r\nContent-Range: bytes 0-4/10\r\n",
};

static void test_refused(void **state)
{
	size_t left;

	(void)state;
	for (unsigned i = 0; i < ROWS(refused); i++)
		for (size_t n = 0; n <= strlen(refused[i]); n++)
			if (read_cut(refused[i], n, &left) != -1)
				fail_msg("taken: %s", refused[i]);
}

static void test_nul(void **state)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nA: \0\r\n\r\n";
	struct bytes b = bytes_of(text, sizeof(text) - 1);

	(void)state;
	http_head_init(&head);
	assert_int_equal(http_head_read(&head, &b), -1);
}

static void test_lengths(void **state)
{
	(void)state;
	assert_int_equal(read_all(OK "Content-Length: 0\r\n\r\n"), 1);
	assert_int_equal(head.length, 0);
	assert_int_equal(read_all(OK "Content-Length: 007\r\nContent-Length: 7\r\n\r\n"), 1);
	assert_int_equal(head.length, 7);
	assert_int_equal(read_all(OK "Transfer-Encoding: Chunked\r\n\r\n"), 1);
	assert_true(head.chunked);
	assert_int_equal(read_all("HTTP/1.1 206 P\r\nContent-Range: bytes 0-4/*\r\n\r\n"), 1);
	assert_true(head.ranged && head.total == HTTP_UNKNOWN && head.to == 5);
	/* Of no other status. */
	assert_int_equal(read_all("HTTP/1.1 416 R\r\nContent-Range: bytes */10\r\n\r\n"), 1);
	assert_false(head.ranged);
	assert_int_equal(read_all(OK "Content-Encoding: gzip\r\n\r\n"), 1);
	assert_true(head.encoded);
	assert_int_equal(read_all(OK "Content-Encoding: identity\r\n\r\n"), 1);
	assert_false(head.encoded);
	assert_int_equal(read_all(OK "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n\r\n"), 1);
	assert_true(head.retry_s > 0);
	assert_int_equal(read_all(OK "Retry-After: 0\r\n\r\n"), 1);
	assert_int_equal(head.retry_s, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_validators),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
