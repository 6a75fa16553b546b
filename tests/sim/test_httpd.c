/* SPDX-License-Identifier: BSD-2-Clause */
/* The HTTP server model: answers, ranges, access, each mood, and the judge of clients. */
#include "httpd.h"
#include "md5.h"
#include "tcp_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define SERVER IP4(10, 0, 0, 1)
#define CLIENT IP4(10, 0, 0, 2)
#define MS     1000u
#define S      1000000u
#define SIZE   10000u
#define HOST   "Host: server\r\n"
#define GET    "GET /file HTTP/1.1\r\n" HOST

struct lan {
	struct sim_world *w;
	struct sim_host *h;
	struct sim_tcpd *t;
	struct sim_httpd *d;
	struct sim_tftpd *files;
	struct tcp_client *c;
	uint8_t want[SIZE];
	const char *head, *body; /* of the answer */
	uint64_t body_len;
};

static void lan_open(struct lan *l)
{
	const struct sim_fault quick = {.delay_us = 100};

	memset(l, 0, sizeof(*l));
	l->w = world_new(1);
	l->h = host_new(l->w, "server", SERVER, 0xffff0000);
	l->c = tcpc_new(l->w, "client", CLIENT, 200000);
	link_new(l->w, &l->h->port, &l->c->h->port, &quick);
	l->files = tftpd_new(l->h, NULL);
	l->t = tcpd_new(l->h, NULL);
	l->d = httpd_new(l->t, 80, l->files);
	tftpd_file(l->files, &(struct sim_file){.name = "file", .size = SIZE, .seed = 5});
	file_read(&l->files->file[0], 0, l->want, SIZE);
}

static void lan_close(struct lan *l)
{
	if (l->w->violations)
		fail_msg("%u violations, first: %s", l->w->violations, l->w->violation[0]);
	world_free(l->w);
}

/* Says it in a new connection and waits a second for what comes. */
static void ask(struct lan *l, const char *text)
{
	tcpc_open(l->c, SERVER, 80);
	tcpc_text(l->c, text);
	world_run(l->w, l->w->now_us + S);
	assert_true(l->c->len < l->c->cap);
	l->c->in[l->c->len] = 0;
	l->head = (const char *)l->c->in;
	l->body = strstr(l->head, "\r\n\r\n");
	if (l->body)
		l->body += 4;
	l->body_len = l->body ? l->c->len - (uint64_t)(l->body - l->head) : 0;
}

static void expect_status(struct lan *l, const char *status)
{
	char want[40];

	snprintf(want, sizeof(want), "HTTP/1.1 %s", status);
	if (strncmp(l->head, want, strlen(want)))
		fail_msg("wanted %s, got %.200s", want, l->head);
}

static bool head_has(struct lan *l, const char *text)
{
	const char *at = strstr(l->head, text);

	return at && at < l->body;
}

static void expect_body(struct lan *l, uint64_t from, size_t len)
{
	assert_int_equal(l->body_len, len);
	assert_memory_equal(l->body, l->want + from, len);
}

/* ---- answers ---- */

static void test_get_and_head(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l);
	ask(&l, GET "\r\n");
	expect_status(&l, "200 OK\r\n");
	assert_true(head_has(&l, "Content-Length: 10000\r\n"));
	assert_true(head_has(&l, "ETag: \"1-2710\"\r\n"));
	expect_body(&l, 0, SIZE);
	ask(&l, "HEAD /file?x=%20y HTTP/1.1\r\n" HOST "\r\n");
	assert_true(head_has(&l, "Content-Length: 10000\r\n"));
	expect_body(&l, 0, 0);
	assert_string_equal(l.d->seen[1].query, "x=%20y");
	ask(&l, "GET /%66il%65 HTTP/1.1\r\n" HOST "\r\n");
	expect_body(&l, 0, SIZE);
	ask(&l, "GET /none HTTP/1.1\r\n" HOST "\r\n");
	expect_status(&l, "404");
	assert_int_equal(l.d->conns, 4);
	lan_close(&l);
}

static void test_one_connection_serves_many(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l);
	ask(&l, GET "\r\n" GET "Range: bytes=0-9\r\n\r\n" GET "Connection: close\r\n\r\n" GET
		    "\r\n");
	assert_int_equal(l.d->stats.requests, 3);
	assert_int_equal(l.d->conns, 1);
	assert_true(l.c->finished);
	l.d->conf.requests_max = 2;
	ask(&l, GET "\r\n" GET "\r\n" GET "\r\n");
	assert_int_equal(l.d->stats.requests, 5);
	lan_close(&l);
}

static void test_an_idle_connection_is_closed(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l);
	l.d->conf.idle_us = 300 * MS;
	ask(&l, GET "\r\n");
	assert_true(l.c->finished);
	lan_close(&l);
}

static void test_ranges(void **state)
{
	static const struct {
		const char *range;
		unsigned from, len;
		const char *said;
	} table[] = {
		{"0-0", 0, 1, "Content-Range: bytes 0-0/10000\r\n"},
		{"9999-", 9999, 1, "Content-Range: bytes 9999-9999/10000\r\n"},
		{"100-199", 100, 100, "Content-Length: 100\r\n"},
		{"5000-999999", 5000, 5000, "Content-Range: bytes 5000-9999/10000\r\n"},
		{"-7", 9993, 7, "Content-Range: bytes 9993-9999/10000\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct lan l;
		char text[200];

		lan_open(&l);
		snprintf(text, sizeof(text), GET "Range: bytes=%s\r\n\r\n", table[i].range);
		ask(&l, text);
		expect_status(&l, "206 Partial Content\r\n");
		assert_true(head_has(&l, table[i].said));
		expect_body(&l, table[i].from, table[i].len);
		lan_close(&l);
	}
}

static void test_a_range_beyond_the_end(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l);
	ask(&l, GET "Range: bytes=10000-\r\n\r\n");
	expect_status(&l, "416 ");
	assert_true(head_has(&l, "Content-Range: bytes */10000\r\n"));
	expect_body(&l, 0, 0);
	lan_close(&l);
}

static void if_range(const char *value, bool holds)
{
	struct lan l;
	char text[300];

	lan_open(&l);
	l.d->version = 7;
	snprintf(text, sizeof(text), GET "Range: bytes=10-\r\nIf-Range: %s\r\n\r\n", value);
	ask(&l, text);
	expect_status(&l, holds ? "206" : "200");
	expect_body(&l, holds ? 10 : 0, holds ? SIZE - 10 : SIZE);
	lan_close(&l);
}

static void test_if_range(void **state)
{
	(void)state;
	if_range("\"7-2710\"", true);
	if_range("\"8-2710\"", false);
	if_range("Sun, 06 Nov 1994 08:00:07 GMT", true);
	if_range("Sun, 06 Nov 1994 08:00:08 GMT", false);
}

static void test_basic_access(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l);
	l.d->conf.user = "Aladdin";
	l.d->conf.password = "open sesame";
	ask(&l, GET "\r\n");
	expect_status(&l, "401");
	assert_true(head_has(&l, "WWW-Authenticate: Basic realm=\"simulated\"\r\n"));
	ask(&l, GET "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n");
	expect_status(&l, "200");
	ask(&l, GET "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZA==\r\n\r\n");
	expect_status(&l, "401");
	lan_close(&l);
}

static void test_digest_access(void **state)
{
	struct lan l;
	char hex[33], one[33], two[33], text[500];
	static const char middle[] = "dcd98b7102dd2f0e8b11d0f600bfb0c0:00000001:0a4f:auth";

	(void)state;
	lan_open(&l);
	l.d->conf.user = "Mufasa";
	l.d->conf.password = "Circle";
	l.d->conf.digest = true;
	ask(&l, GET "\r\n");
	expect_status(&l, "401");
	md5_hex("Mufasa:simulated:Circle", 23, one);
	md5_hex("GET:/file", 9, two);
	snprintf(text, sizeof(text), "%s:%s:%s", one, middle, two);
	md5_hex(text, strlen(text), hex);
	for (unsigned i = 0; i < 2; i++) {
		snprintf(text, sizeof(text),
			GET "Authorization: Digest username=\"Mufasa\", realm=\"simulated\", "
			    "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c0\", uri=\"/file\", qop=auth, "
			    "nc=00000001, cnonce=\"0a4%c\", response=\"%s\"\r\n\r\n",
			i ? 'e' : 'f', hex);
		ask(&l, text);
		expect_status(&l, i ? "401" : "200");
	}
	lan_close(&l);
}

/* RFC 1321 A.5. */
static void test_md5(void **state)
{
	char hex[33];

	(void)state;
	md5_hex("", 0, hex);
	assert_string_equal(hex, "d41d8cd98f00b204e9800998ecf8427e");
	md5_hex("abcdefghijklmnopqrstuvwxyz", 26, hex);
	assert_string_equal(hex, "c3fcd3d76192e4007dfb496cca67e13b");
	md5_hex("12345678901234567890123456789012345678901234567890123456789012345678901234567890",
		80, hex);
	assert_string_equal(hex, "57edf4a22be3c955ac49da2e2107b67a");
}

/* ---- moods ---- */

static void in_mood(struct lan *l, const struct httpd_mood *m)
{
	lan_open(l);
	httpd_mood(l->d, m);
	ask(l, GET "\r\n");
}

static void test_a_body_until_the_end_of_the_connection(void **state)
{
	struct lan l;

	(void)state;
	in_mood(&l, &(struct httpd_mood){.no_length = true});
	assert_false(head_has(&l, "Content-Length"));
	assert_true(l.c->finished);
	expect_body(&l, 0, SIZE);
	lan_close(&l);
}

static void test_chunks(void **state)
{
	struct lan l;

	(void)state;
	in_mood(&l, &(struct httpd_mood){.chunk = 6000});
	assert_true(head_has(&l, "Transfer-Encoding: chunked\r\n"));
	assert_memory_equal(l.body, "1770\r\n", 6);
	assert_memory_equal(l.body + 6, l.want, 6000);
	assert_memory_equal(l.body + 6006, "\r\nfa0\r\n", 7);
	assert_memory_equal(l.body + 6013, l.want + 6000, 4000);
	assert_string_equal(l.body + 10013, "\r\n0\r\n\r\n");
	lan_close(&l);
	in_mood(&l, &(struct httpd_mood){.chunk = 6000, .chunk_size = "FFFFFFFFFFFFFFFF"});
	assert_memory_equal(l.body + 6006, "\r\nFFFFFFFFFFFFFFFF\r\n", 20);
	lan_close(&l);
}

static void test_moods_of_the_head(void **state)
{
	struct lan l;

	(void)state;
	in_mood(&l, &(struct httpd_mood){.status = 503, .retry = "7", .more = "X: y\r\n"});
	expect_status(&l, "503 ");
	assert_true(head_has(&l, "Retry-After: 7\r\n"));
	assert_true(head_has(&l, "X: y\r\n"));
	expect_body(&l, 0, SIZE);
	lan_close(&l);
	in_mood(&l, &(struct httpd_mood){.location = "/else"});
	expect_status(&l, "302 ");
	assert_true(head_has(&l, "Location: /else\r\n"));
	lan_close(&l);
	in_mood(&l, &(struct httpd_mood){.length = "Content-Length: -1\r\n"});
	assert_true(head_has(&l, "Content-Length: -1\r\n"));
	assert_false(head_has(&l, "Content-Length: 10000\r\n"));
	lan_close(&l);
	in_mood(&l, &(struct httpd_mood){.continues = 3});
	assert_memory_equal(l.head + 50, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200", 37);
	lan_close(&l);
	in_mood(&l, &(struct httpd_mood){.lf_only = true});
	assert_null(strchr((char *)l.c->in, '\r'));
	assert_non_null(strstr((char *)l.c->in, "Content-Length: 10000\n"));
	lan_close(&l);
	in_mood(&l, &(struct httpd_mood){.head = "what is this\r\n\r\n", .behind = "HTTP/1.1 200"});
	assert_memory_equal(l.head, "what is this\r\n\r\n", 16);
	assert_memory_equal(l.body + SIZE, "HTTP/1.1 200", 12);
	lan_close(&l);
}

static void test_a_segment_ends_behind_every_cr(void **state)
{
	struct lan l;
	uint32_t seen = 0;

	(void)state;
	in_mood(&l, &(struct httpd_mood){.cut_crlf = true});
	for (uint32_t i = 0; i < l.c->heard && i < TCPC_LOG_MAX; i++) {
		const struct tcp_seg *s = &l.c->log[i];
		uint32_t end = s->seq + s->len - l.c->irs - 1;

		seen += s->len && s->len < 100 && l.c->in[end - 1] == '\r' && l.c->in[end] == '\n';
	}
	assert_true(seen >= 7);
	expect_body(&l, 0, SIZE);
	lan_close(&l);
}

static void test_the_head_drips(void **state)
{
	struct lan l;

	(void)state;
	in_mood(&l, &(struct httpd_mood){.drip_us = 100 * MS});
	assert_true(l.c->len >= 9 && l.c->len <= 10);
	world_run(l.w, 100 * S);
	assert_true(l.c->len > SIZE);
	lan_close(&l);
}

static void test_ends_in_the_body(void **state)
{
	struct lan l;

	(void)state;
	in_mood(&l, &(struct httpd_mood){.end = END_STOP, .end_at = 5000});
	assert_int_equal(l.body_len, 5000);
	assert_false(l.c->finished || l.c->reset);
	lan_close(&l);
	in_mood(&l, &(struct httpd_mood){.end = END_RESET, .end_at = 5000});
	assert_int_equal(l.body_len, 5000);
	assert_true(l.c->reset);
	lan_close(&l);
	in_mood(&l, &(struct httpd_mood){.end = END_CLOSE, .end_at = 5000});
	assert_int_equal(l.body_len, 5000);
	assert_true(l.c->finished);
	lan_close(&l);
}

static void test_bodies_that_lie(void **state)
{
	struct lan l;

	(void)state;
	in_mood(&l, &(struct httpd_mood){.has_body = true, .body = SIZE + 50});
	assert_int_equal(l.body_len, SIZE + 50);
	assert_int_equal(l.body[SIZE + 49], 'f');
	lan_close(&l);
	in_mood(&l, &(struct httpd_mood){.has_body = true, .body = 50});
	expect_body(&l, 0, 50);
	lan_close(&l);
	in_mood(&l, &(struct httpd_mood){.wrong_bytes = true});
	assert_memory_not_equal(l.body, l.want, SIZE);
	lan_close(&l);
}

static void test_a_mood_is_for_some_requests_only(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l);
	tftpd_file(l.files, &(struct sim_file){.name = "other", .size = 10});
	httpd_mood(l.d, &(struct httpd_mood){.path = "file", .skip = 1, .times = 1, .status = 500});
	ask(&l, GET "\r\n");
	expect_status(&l, "200");
	ask(&l, "GET /other HTTP/1.1\r\n" HOST "\r\n");
	expect_status(&l, "200");
	ask(&l, GET "\r\n");
	expect_status(&l, "500");
	ask(&l, GET "\r\n");
	expect_status(&l, "200");
	assert_int_equal(httpd_asked(l.d, "file"), 3);
	lan_close(&l);
}

/* ---- the judge ---- */

static void judged(const char *request, const char *text)
{
	struct lan l;

	lan_open(&l);
	ask(&l, request);
	if (!world_violated(l.w, text))
		fail_msg("not noticed: %s in %s", text, request);
	expect_status(&l, "400");
	world_free(l.w);
}

static void test_the_judge_sees_each_breach(void **state)
{
	(void)state;
	judged("GET  /file HTTP/1.1\r\n" HOST "\r\n", "request line");
	judged("GET file HTTP/1.1\r\n" HOST "\r\n", "target");
	judged("GET /fi%6 HTTP/1.1\r\n" HOST "\r\n", "target");
	judged("GET /fi\"le HTTP/1.1\r\n" HOST "\r\n", "target");
	judged("GET /file HTTP/1.0\r\n" HOST "\r\n", "version");
	judged("PUT /file HTTP/1.1\r\n" HOST "\r\n", "method");
	judged("GET /file HTTP/1.1\r\n\r\n", "no Host");
	judged(GET HOST "\r\n", "Host");
	judged("GET /file HTTP/1.1\r\nHost: user@server\r\n\r\n", "Host");
	judged(GET "X\r\n\r\n", "header X");
	judged(GET "X : y\r\n\r\n", "header X");
	judged(GET "X: y\nZ: a\r\n\r\n", "does not end with CRLF");
	judged(GET "X: \x1b\r\n\r\n", "control character");
	judged(GET "Range: bytes=5-4\r\n\r\n", "Range");
	judged(GET "Range: bytes=a-\r\n\r\n", "Range");
	judged(GET "Range: bytes=1\r\n\r\n", "Range");
	judged(GET "If-Range: \"x\"\r\n\r\n", "If-Range without");
	judged(GET "Range: bytes=1-\r\nIf-Range: W/\"x\"\r\n\r\n", "If-Range W/");
	judged(GET "Content-Length: 3\r\n\r\n", "a body");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_get_and_head),
		cmocka_unit_test(test_one_connection_serves_many),
		cmocka_unit_test(test_an_idle_connection_is_closed),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_a_range_beyond_the_end),
		cmocka_unit_test(test_if_range),
		cmocka_unit_test(test_basic_access),
		cmocka_unit_test(test_digest_access),
		cmocka_unit_test(test_md5),
		cmocka_unit_test(test_a_body_until_the_end_of_the_connection),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_moods_of_the_head),
		cmocka_unit_test(test_a_segment_ends_behind_every_cr),
		cmocka_unit_test(test_the_head_drips),
		cmocka_unit_test(test_ends_in_the_body),
		cmocka_unit_test(test_bodies_that_lie),
		cmocka_unit_test(test_a_mood_is_for_some_requests_only),
		cmocka_unit_test(test_the_judge_sees_each_breach),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
