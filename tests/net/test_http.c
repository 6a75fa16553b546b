/* SPDX-License-Identifier: BSD-2-Clause */
/* The HTTP client against servers by hand: what it asks, what it makes of answers, how it ends. */
#include "tests/net/http_get.h"

#define PLAIN "GET /file HTTP/1.1\r\nHost: 10.0.0.9\r\nUser-Agent: Reveille/9.9\r\n\r\n"

/* A good server: opens, and answers ranges. */
static void serve(struct peer *p, uint64_t total)
{
	unsigned long long a, b;
	const char *at;

	if (!p->live)
		return;
	if (!p->opened)
		peer_open(p);
	at = strstr(peer_request(p), "Range: bytes=");
	if (at && sscanf(at, "Range: bytes=%llu-%llu", &a, &b) == 2) {
		peer_part(p, a, b + 1, total);
		peer_file(p, a, b + 1);
	}
}

/* Reads "bytes=a-b" of a request. */
static struct range range_asked(struct peer *p)
{
	unsigned long long a = 0, b = 0;
	const char *at = strstr(peer_request(p), "Range: bytes=");

	assert_non_null(at);
	assert_int_equal(sscanf(at, "Range: bytes=%llu-%llu", &a, &b), 2);
	return (struct range){a, b + 1};
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

static void test_chunked(void **state)
{
	struct peer *p = begin();

	(void)state;
	peer_text(p, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	peer_text(p, "1000\r\n");
	peer_file(p, 0, 4096);
	peer_text(p, "\r\n7d0;x=y\r\n");
	peer_file(p, 4096, 6096);
	peer_text(p, "\r\n0\r\nX: y\r\n");
	assert_false(rig.f->finished);
	peer_text(p, "\r\n");
	expect_file(6096);
	assert_int_equal(rig_live(), 1);
}

static void test_until_close(void **state)
{
	struct peer *p = begin();

	(void)state;
	peer_text(p, "HTTP/1.0 200 OK\r\n\r\n");
	peer_file(p, 0, 5000);
	assert_false(rig.f->finished);
	peer_fin(p);
	expect_file(5000);
	assert_int_equal(rig_live(), 0);
	assert_true(p->closing);
}

/* Without a length, only an orderly end is one. */
static void test_until_reset(void **state)
{
	struct peer *p = begin();

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		peer_text(p, "HTTP/1.0 200 OK\r\n\r\n");
		peer_file(p, 0, 5000);
		peer_gone(p, -ERR_UNREACHABLE);
		if (i == 2)
			break;
		assert_null(rig.f->image);
		p = next_peer();
		assert_string_equal(peer_request(p), PLAIN);
	}
	expect_error(ERR_HTTP_TIMEOUT);
}

static void test_empty(void **state)
{
	struct peer *p = begin();

	(void)state;
	peer_text(p, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	expect_file(0);
}

/* The second file comes by the same connection, one from another port does not. */
static void test_persists(void **state)
{
	struct peer *p = begin(), *q;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		assert_string_equal(peer_request(p), PLAIN);
		peer_text(p, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
		peer_file(p, 0, 100);
		expect_file(100);
		assert_int_equal(rig_live(), 1);
		q = begin();
		assert_ptr_equal(p, q);
	}
	fetch_cancel(rig.f);
	rig.f = NULL;
	assert_true(p->aborted);
	p = begin();
	assert_ptr_not_equal(p, q);
	peer_text(p, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	expect_file(0);
	q = begin_uri("http://10.0.0.9:8080/file");
	assert_ptr_not_equal(p, q);
	assert_int_equal(q->port, 8080);
	assert_non_null(strstr(peer_request(q), "Host: 10.0.0.9:8080\r\n"));
}

/* What closes or speaks unasked while it is kept is not used again. */
static void test_kept_ends(void **state)
{
	struct peer *p;

	(void)state;
	for (unsigned how = 0; how < 4; how++) {
		unsigned before = rig.npeers;

		p = begin();
		assert_int_equal(rig.npeers, before + 1);
		peer_text(p, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n");
		peer_file(p, 0, 3);
		if (how == 3)
			peer_text(p, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad");
		expect_file(3);
		if (how == 0)
			peer_fin(p);
		else if (how == 1)
			peer_gone(p, -ERR_UNREACHABLE);
		else if (how == 2)
			peer_text(p, "HTTP/1.1 408 Timeout\r\n\r\n");
		assert_int_equal(rig_live(), 0);
	}
}

/* A kept connection that turns out to be closed is no error and costs no time. */
static void test_stale(void **state)
{
	struct peer *p = begin(), *q;

	(void)state;
	peer_text(p, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	expect_file(0);
	assert_ptr_equal(begin(), p);
	peer_gone(p, -ERR_UNREACHABLE);
	q = next_peer_now();
	assert_string_equal(peer_request(q), PLAIN);
	assert_int_equal(rig.f->retries, 0);
	peer_text(q, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	expect_file(0);
	/* The same when it is silent. */
	assert_ptr_equal(begin(), q);
	rig_pass(11 * RIG_SECOND);
	assert_true(q->aborted);
	p = next_peer_now();
	peer_text(p, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	expect_file(0);
}

/* -- resume -- */

static void test_resume(void **state)
{
	struct peer *p = begin(), *q;

	(void)state;
	peer_text(p, "HTTP/1.1 200 OK\r\n" TAG "Content-Length: 10000\r\n\r\n");
	peer_file(p, 0, 2500);
	peer_gone(p, -ERR_UNREACHABLE);
	p = next_peer();
	assert_non_null(strstr(peer_request(p), "Range: bytes=2500-9999\r\nIf-Range: \"v1\"\r\n"));
	peer_part(p, 2500, 10000, 10000);
	peer_file(p, 2500, 9000);
	q = p;
	p = next_peer(); /* silence counts as a break */
	assert_true(q->aborted);
	assert_non_null(strstr(peer_request(p), "Range: bytes=9000-9999\r\n"));
	peer_part(p, 9000, 10000, 10000);
	peer_file(p, 9000, 9500);
	peer_fin(p);
	p = next_peer();
	peer_part(p, 9500, 10000, 10000);
	peer_file(p, 9500, 10000);
	assert_int_equal(rig.f->retries, 3);
	expect_file(10000);
}

/* What came behind the break stays, and is not asked for. */
static void test_resume_island(void **state)
{
	static uint8_t body[1000000];
	static const struct range holes[] = {{1000, 2000}, {3000, 500000}, {800000, 1000000}};
	struct peer *p = begin();
	struct range r;
	uint64_t at;

	(void)state;
	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = file_byte(i);
	peer_text(p, "HTTP/1.1 200 OK\r\n" TAG "Content-Length: 1000000\r\n\r\n");
	at = p->sent;
	peer_data_at(p, at, body, 1000);
	peer_data_at(p, at + 2000, body + 2000, 1000);
	peer_data_at(p, at + 500000, body + 500000, 300000);
	assert_int_equal(rig.f->bytes, 302000);
	peer_gone(p, -ERR_UNREACHABLE);
	p = next_peer();
	for (unsigned i = 0; i < ROWS(holes); i++) {
		assert_ptr_equal(next_peer(), p); /* all on one connection */
		r = range_asked(p);
		assert_int_equal(r.start, holes[i].start);
		assert_int_equal(r.end, holes[i].end);
		peer_part(p, r.start, r.end, 1000000);
		peer_file(p, r.start, r.end);
	}
	expect_file(1000000);
}

/* The server is gone for good: the rest comes from the name's next address, and they go round. */
static void test_resume_elsewhere(void **state)
{
	struct peer *p = begin();
	struct range r;

	(void)state;
	rig.f->naddr = 3;
	rig.f->addr[1] = ip4_of(0xc0000201); /* there is no way to it */
	rig.f->addr[2] = ip4_of(RIG_SERVER + 1);
	peer_text(p, "HTTP/1.1 200 OK\r\n" TAG "Content-Length: 3000\r\n\r\n");
	peer_file(p, 0, 1000);
	peer_gone(p, -ERR_TCP_RESET);
	p = next_peer();
	assert_int_equal(ip4_u32(&p->to), RIG_SERVER); /* a break alone says nothing */
	peer_part(p, 1000, 3000, 3000);
	peer_file(p, 1000, 1500);
	peer_gone(p, -ERR_TCP_RESET);
	peer_gone(next_peer(), -ERR_TCP_REFUSED);
	p = next_peer();
	assert_int_equal(ip4_u32(&p->to), RIG_SERVER + 1);
	peer_gone(p, 0); /* nor does that one answer */
	p = next_peer();
	assert_int_equal(ip4_u32(&p->to), RIG_SERVER);
	rig_pass(11 * RIG_SECOND); /* silence */
	p = next_peer();
	assert_int_equal(ip4_u32(&p->to), RIG_SERVER + 1);
	r = range_asked(p);
	assert_int_equal(r.start, 1500);
	assert_int_equal(r.end, 3000);
	peer_part(p, 1500, 3000, 3000);
	peer_file(p, 1500, 3000);
	expect_file(3000);
}

/* A link without an address now: dialling itself fails. */
static void test_resume_elsewhere_undialled(void **state)
{
	struct peer *p = begin();

	(void)state;
	rig.f->naddr = 2;
	rig.f->addr[1] = ip4_of(RIG_SERVER + 1);
	peer_text(p, "HTTP/1.1 200 OK\r\n" TAG "Content-Length: 3000\r\n\r\n");
	peer_file(p, 0, 1000);
	rig.refuse = -ERR_NO_ADDRESS;
	peer_gone(p, -ERR_LINK_DOWN);
	rig_pass(RIG_SECOND);
	rig.refuse = 0;
	rig_pass(6 * RIG_SECOND);
	p = next_peer();
	assert_int_equal(ip4_u32(&p->to), RIG_SERVER + 1);
	peer_part(p, 1000, 3000, 3000);
	peer_file(p, 1000, 3000);
	expect_file(3000);
}

/* A server that knows no ranges sends all of it again; only what is missing is taken. */
static void test_resume_without_ranges(void **state)
{
	struct peer *p = begin();

	(void)state;
	peer_text(p, "HTTP/1.1 200 OK\r\n" TAG "Content-Length: 3000\r\n\r\n");
	peer_file(p, 0, 2000);
	peer_gone(p, 0);
	p = next_peer();
	peer_text(p, "HTTP/1.1 200 OK\r\n" TAG "Content-Length: 3000\r\n\r\n");
	for (unsigned i = 0; i < 2000; i++)
		peer_text(p, "x"); /* not what it was: may not matter */
	peer_file(p, 2000, 3000);
	expect_file(3000);
}

/* Nothing tells whether it is the same file: all of it again, in a new image. */
static void test_resume_without_validator(void **state)
{
	struct peer *p = begin();

	(void)state;
	peer_text(p, "HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n");
	for (unsigned i = 0; i < 2000; i++)
		peer_text(p, "x");
	peer_gone(p, 0);
	assert_null(rig.f->image);
	p = next_peer();
	assert_string_equal(peer_request(p), PLAIN);
	peer_text(p, "HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n");
	peer_file(p, 0, 3000);
	expect_file(3000);
}

static const char *const changed[] = {
	"HTTP/1.1 200 OK\r\nETag: \"v2\"\r\nContent-Length: 3000\r\n\r\n",
	"HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 3001\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n",
	"HTTP/1.1 206 P\r\nETag: \"v2\"\r\nContent-Range: bytes 2000-2999/3000\r\n\r\n",
	"HTTP/1.1 206 P\r\nETag: \"v1\"\r\nContent-Range: bytes 2000-2999/3001\r\n\r\n",
	"HTTP/1.1 206 P\r\nETag: \"v1\"\r\nContent-Range: bytes 2000-2999/*\r\n\r\n",
	"HTTP/1.1 206 P\r\nContent-Range: bytes 2000-2999/3000\r\n\r\n",
	"HTTP/1.1 416 R\r\nContent-Range: bytes */1000\r\nContent-Length: 0\r\n\r\n",
};

static void test_changed(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ROWS(changed); i++) {
		struct peer *p = begin();

		peer_text(p, "HTTP/1.1 200 OK\r\n" TAG "Content-Length: 3000\r\n\r\n");
		for (unsigned k = 0; k < 2000; k++)
			peer_text(p, "x");
		peer_gone(p, 0);
		p = next_peer();
		peer_text(p, changed[i]);
		assert_null(rig.f->image); /* of two files, never one */
		assert_int_equal(rig.f->bytes, 0);
		p = next_peer();
		assert_string_equal(peer_request(p), PLAIN);
		peer_text(p, "HTTP/1.1 200 OK\r\nETag: \"v2\"\r\nContent-Length: 3000\r\n\r\n");
		peer_file(p, 0, 3000);
		expect_file(3000);
	}
}

static void test_always_changed(void **state)
{
	struct peer *p = begin();
	char text[80];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		snprintf(text, sizeof(text),
			"HTTP/1.1 200 OK\r\nETag: \"%u\"\r\nContent-Length: 3000\r\n\r\n", i);
		peer_text(p, text);
		peer_file(p, 0, 100);
		peer_gone(p, 0);
		p = next_peer();
		peer_text(p, "HTTP/1.1 416 R\r\nContent-Length: 0\r\n\r\n");
		if (i < 2)
			p = next_peer();
	}
	expect_error(ERR_HTTP_CHANGED);
}

/* Down for a while: asked again and again, less and less often. */
static void test_server_returns(void **state)
{
	struct peer *p = begin();
	unsigned asked;

	(void)state;
	peer_text(p, "HTTP/1.1 200 OK\r\n" TAG "Content-Length: 3000\r\n\r\n");
	peer_file(p, 0, 100);
	peer_gone(p, 0);
	asked = rig.npeers;
	for (unsigned i = 0; i < 50; i++) { /* the next wait may be 6 s */
		rig_pass(RIG_SECOND);
		while (asked < rig.npeers)
			peer_gone(&rig.peer[asked++], -ERR_UNREACHABLE);
	}
	assert_in_range(asked, 8, 24);
	p = next_peer();
	peer_part(p, 100, 3000, 3000);
	peer_file(p, 100, 3000);
	expect_file(3000);
}

static void test_server_stays_away(void **state)
{
	struct peer *p = begin();
	unsigned asked;

	(void)state;
	peer_text(p, "HTTP/1.1 200 OK\r\n" TAG "Content-Length: 3000\r\n\r\n");
	peer_file(p, 0, 100);
	peer_gone(p, 0);
	asked = rig.npeers;
	for (unsigned i = 0; i < 62; i++) {
		rig_pass(RIG_SECOND);
		while (asked < rig.npeers)
			peer_gone(&rig.peer[asked++], -ERR_UNREACHABLE);
	}
	expect_error(ERR_HTTP_TIMEOUT);
}

/* -- what is no file -- */

static void expect_refused(const char *answer, enum err code)
{
	struct peer *p = begin();

	peer_text(p, answer);
	peer_file(p, 0, 100);
	peer_fin(p);
	if (!rig.f->finished)
		fail_msg("taken: %s", answer);
	expect_error(code);
}

static void test_refused(void **state)
{
	(void)state;
	expect_refused("HTTP/1.1 404 Not Found\r\nContent-Length: 100\r\n\r\n", ERR_HTTP_NOT_FOUND);
	expect_refused("HTTP/1.1 410 Gone\r\nContent-Length: 100\r\n\r\n", ERR_HTTP_NOT_FOUND);
	expect_refused("HTTP/1.1 403 Forbidden\r\n\r\n", ERR_HTTP_STATUS);
	expect_refused(
		"HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n", ERR_HTTP_STATUS);
	expect_refused("HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\n", ERR_HTTP_STATUS);
	expect_refused("HTTP/1.1 500 Oops\r\nContent-Length: 1000000000\r\n\r\n", ERR_HTTP_STATUS);
	expect_refused("HTTP/1.1 204 Nothing\r\nContent-Length: 100\r\n\r\n", ERR_HTTP_STATUS);
	expect_refused("HTTP/1.1 304 Same\r\nContent-Length: 100\r\n\r\n", ERR_HTTP_STATUS);
	expect_refused("HTTP/1.1 301 Moved\r\nContent-Length: 100\r\n\r\n", ERR_HTTP_STATUS);
	expect_refused("HTTP/1.1 300 Choose\r\nLocation: /a\r\nContent-Length: 100\r\n\r\n",
		ERR_HTTP_STATUS);
	expect_refused("HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: "
		       "100\r\n\r\n",
		ERR_HTTP_LOGIN);
	expect_refused(
		"HTTP/1.1 206 P\r\nContent-Range: bytes 0-99/100\r\nContent-Length: 100\r\n\r\n",
		ERR_HTTP_PROTOCOL);
	expect_refused("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 100\r\n\r\n",
		ERR_HTTP_PROTOCOL);
	expect_refused("HTTP/1.1 200 OK\r\nContent-Length: 100\r\nContent-Length: 99\r\n\r\n",
		ERR_HTTP_PROTOCOL);
	expect_refused("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n",
		ERR_HTTP_PROTOCOL);
	expect_refused("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", ERR_IMAGE_MEMORY);
}

static void test_reason_is_cleaned(void **state)
{
	struct peer *p = begin();

	(void)state;
	peer_text(p, "HTTP/1.1 500 \xe2\x80\xae%n\r\nContent-Length: 0\r\n\r\n");
	assert_non_null(strstr(rig.m.err.detail, "500 \\xe2\\x80\\xae%n"));
	expect_error(ERR_HTTP_STATUS);
}

/* More than there is memory for, and nobody said so before. */
static void test_endless(void **state)
{
	struct peer *p = begin();

	(void)state;
	peer_text(p, "HTTP/1.0 200 OK\r\n\r\n");
	peer_file(p, 0, 20 << 20);
	expect_error(ERR_IMAGE_MEMORY);
}

static void test_silence(void **state)
{
	struct peer *p = begin();

	(void)state;
	peer_request(p);
	rig_pass(59 * RIG_SECOND);
	assert_false(rig.f->finished);
	rig_pass(3 * RIG_SECOND);
	expect_error(ERR_HTTP_TIMEOUT);
}

static void test_head_drip(void **state)
{
	struct peer *p = begin();

	(void)state;
	peer_text(p, "HTTP/1.1 200 OK\r\nX: ");
	for (unsigned i = 0; i < 63 && !rig.f->finished; i++) {
		peer_text(p, "x");
		rig_pass(RIG_SECOND);
	}
	expect_error(ERR_HTTP_TIMEOUT);
}

static void test_no_connection(void **state)
{
	(void)state;
	peer_gone(begin(), -ERR_UNREACHABLE); /* had been opened */
	fetch_cancel(rig.f);
	assert_int_equal(fetch_start(&rig.m, "http://10.0.0.9/file", "file", NULL, &rig.f), 0);
	peer_gone(&rig.peer[rig.npeers - 1], -ERR_UNREACHABLE);
	expect_error(ERR_UNREACHABLE);
	rig.refuse = -ERR_NO_SOCKET;
	assert_int_equal(
		fetch_start(&rig.m, "http://10.0.0.9/file", "file", NULL, &rig.f), -ERR_NO_SOCKET);
	rig.f = NULL;
}

static void test_malformed_path(void **state)
{
	(void)state;
	assert_int_equal(
		fetch_start(&rig.m, "http://10.0.0.9/%zz", "file", NULL, &rig.f), -ERR_BAD_URL);
	rig.f = NULL;
}

static void test_closes_without_answer(void **state)
{
	struct peer *p = begin();

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		peer_fin(p);
		assert_false(rig.f->finished);
		p = next_peer();
	}
	peer_fin(p);
	expect_error(ERR_HTTP_TIMEOUT);
}

/* -- elsewhere, later, who -- */

static void test_redirect(void **state)
{
	struct peer *p = begin(), *q;
	char to[IP_STR_MAX];

	(void)state;
	peer_request(p);
	peer_text(
		p, "HTTP/1.1 302 There\r\nLocation: sub/other?a=b\r\nContent-Length: 3\r\n\r\nabc");
	q = next_peer();
	assert_ptr_equal(p, q); /* the same connection */
	assert_int_equal(strncmp(peer_request(p), "GET /sub/other?a=b HTTP/1.1\r\n", 29), 0);
	peer_text(p, "HTTP/1.1 308 There\r\nLocation: http://10.0.0.8:81/x\r\nContent-Length: "
		     "0\r\n\r\n");
	q = next_peer();
	assert_ptr_not_equal(p, q);
	assert_string_equal(ip_str(&q->to, to), "10.0.0.8");
	assert_int_equal(q->port, 81);
	peer_text(q, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
	peer_file(q, 0, 10);
	expect_file(10);
}

static void test_redirect_loop(void **state)
{
	struct peer *p = begin();
	unsigned hops = 0;

	(void)state;
	while (!rig.f->finished && hops < 100) {
		peer_text(p, "HTTP/1.1 301 There\r\nLocation: /file\r\nContent-Length: 0\r\n\r\n");
		rig_pass(1000);
		hops++;
	}
	assert_in_range(hops, 2, 21);
	expect_error(ERR_REDIRECTS);
}

static void test_retry_after(void **state)
{
	struct peer *p = begin();

	(void)state;
	peer_text(p, "HTTP/1.1 503 Busy\r\nRetry-After: 30\r\nContent-Length: 4\r\n\r\nBusy");
	peer_request(p);
	rig_pass(29 * RIG_SECOND);
	assert_string_equal(peer_request(p), "");
	rig_pass(17 * RIG_SECOND);
	assert_string_equal(peer_request(p), PLAIN);
	peer_text(p, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
	peer_file(p, 0, 10);
	expect_file(10);
}

static void test_retry_for_ever(void **state)
{
	struct peer *p = begin();
	unsigned i;

	(void)state;
	for (i = 0; i < 100 && !rig.f->finished; i++) {
		peer_text(p, "HTTP/1.1 429 Slow\r\nRetry-After: 4294967296\r\nContent-Length: "
			     "0\r\n\r\n");
		if (!rig.f->finished)
			p = next_peer();
	}
	assert_int_equal(i, 11);
	expect_error(ERR_HTTP_STATUS);
}

/* -- several connections -- */

#define BIG (8u << 20)

/* The first connection of a lossy way has opened three more. */
static void begin_lossy(struct peer *p[4])
{
	p[0] = begin();
	peer_text(p[0], "HTTP/1.1 200 OK\r\n" TAG
			"Accept-Ranges: bytes\r\nContent-Length: 8388608\r\n\r\n");
	peer_file(p[0], 0, 500000);
	assert_int_equal(rig.npeers, 1);
	p[0]->s.holes = 3;
	peer_file(p[0], 500000, 500001);
	assert_int_equal(rig.npeers, 4);
	for (unsigned i = 1; i < 4; i++) {
		p[i] = &rig.peer[i];
		peer_open(p[i]);
	}
}

static void test_lossy(void **state)
{
	struct peer *p[4];
	struct range r[4], next;
	uint64_t at;

	(void)state;
	begin_lossy(p);
	for (unsigned i = 1; i < 4; i++) {
		r[i] = range_asked(p[i]);
		peer_part(p[i], r[i].start, r[i].end, BIG);
	}
	assert_int_equal(r[1].end, BIG);
	assert_in_range(r[1].end - r[1].start, 3900000, 4000000);
	for (unsigned i = 1; i < 4; i++)
		peer_file(p[i], r[i].start, r[i].end < BIG / 2 ? r[i].end : r[i].start + 100000);
	/* One is ready: it takes half of what another has to do, on its connection. */
	at = 500001;
	for (unsigned i = 1; i < 4; i++) {
		if (r[i].end < BIG / 2 && !rig.f->finished) {
			next = range_asked(p[i]);
			assert_true(next.end > next.start);
			peer_part(p[i], next.start, next.end, BIG);
			peer_file(p[i], next.start, next.end);
		}
	}
	/* The first one ends where the others began, although its response goes on. */
	peer_file(p[0], at, BIG);
	assert_true(p[0]->aborted);
	for (unsigned turn = 0; turn < 200 && !rig.f->finished; turn++) {
		unsigned before = rig.npeers;

		for (unsigned i = 0; i < rig.npeers && !rig.f->finished; i++)
			serve(&rig.peer[i], BIG);
		assert_true(rig_live() <= 4);
		if (before == rig.npeers)
			rig_pass(RIG_SECOND);
	}
	expect_file(BIG);
}

/* What answers 200 to a range is dropped, and the first one goes on alone to the end. */
static void test_lossy_without_ranges(void **state)
{
	struct peer *p[4];

	(void)state;
	begin_lossy(p);
	for (unsigned i = 1; i < 4; i++)
		peer_text(p[i], "HTTP/1.1 200 OK\r\n" TAG "Content-Length: 8388608\r\n\r\nbad!");
	for (unsigned i = 1; i < 4; i++)
		peer_file(p[i], 0, 70000);
	assert_int_equal(rig_live(), 1);
	peer_file(p[0], 500001, BIG);
	for (unsigned i = 0; i < 50 && !rig.f->finished; i++) {
		for (unsigned k = 0; k < rig.npeers; k++)
			if (rig.peer[k].live && !rig.f->finished) {
				if (!rig.peer[k].opened)
					peer_open(&rig.peer[k]);
				if (peer_request(&rig.peer[k])[0]) {
					peer_text(&rig.peer[k], "HTTP/1.1 200 OK\r\n" TAG
								"Content-Length: 8388608\r\n\r\n");
					peer_file(&rig.peer[k], 0, BIG);
				}
			}
		rig_pass(RIG_SECOND);
	}
	expect_file(BIG);
}

/* Another connection is at work: one that came to nothing is no reason to leave. */
static void test_no_elsewhere(void **state)
{
	struct peer *p[4];

	(void)state;
	begin_lossy(p);
	rig.f->naddr = 2;
	rig.f->addr[1] = ip4_of(RIG_SERVER + 1);
	for (unsigned i = 1; i < 4; i++)
		peer_gone(p[i], -ERR_TCP_RESET);
	assert_int_equal(ip4_u32(&rig.f->server), RIG_SERVER);
	rig_pass(RIG_SECOND / 4); /* the shortest pause: they broke together */
	assert_int_equal(rig.npeers, 7);
}

/* Of a handshake and a request two packets were lost: nobody waits for TCP's own patience. */
static void test_lossy_stall(void **state)
{
	struct range r[4], again;
	struct peer *p[4];

	(void)state;
	begin_lossy(p);
	for (unsigned i = 1; i < 4; i++)
		r[i] = range_asked(p[i]);
	peer_part(p[3], r[3].start, r[3].end, BIG);
	rig_pass(RIG_SECOND * 3 / 2);
	assert_true(p[2]->live);
	peer_file(p[3], r[3].start, r[3].start + 2000);
	peer_file(p[0], 500001, 500002);
	rig_pass(RIG_SECOND);
	assert_true(p[2]->aborted && rig_live() == 4 && rig.npeers == 5);
	peer_open(&rig.peer[4]);
	again = range_asked(&rig.peer[4]);
	assert_true(again.start == r[2].start && again.end == r[2].end);
	/* When nothing came since, it is the way, and there is time. */
	rig_pass(6 * RIG_SECOND);
	assert_int_equal(rig.npeers, 5);
}

static void test_lossy_setting(void **state)
{
	struct peer *p = begin();

	(void)state;
	assert_int_equal(setting_set(&rig.m, "http-connections", "1"), 0);
	peer_text(p, "HTTP/1.1 200 OK\r\n" TAG
		     "Accept-Ranges: bytes\r\nContent-Length: 8388608\r\n\r\n");
	peer_file(p, 0, 1000);
	p->s.holes = 400;
	peer_file(p, 1000, 100000);
	assert_int_equal(rig.npeers, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_get, setup, teardown),
		cmocka_unit_test_setup_teardown(test_chunked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_until_close, setup, teardown),
		cmocka_unit_test_setup_teardown(test_until_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(test_empty, setup, teardown),
		cmocka_unit_test_setup_teardown(test_persists, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kept_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stale, setup, teardown),
		cmocka_unit_test_setup_teardown(test_resume, setup, teardown),
		cmocka_unit_test_setup_teardown(test_resume_island, setup, teardown),
		cmocka_unit_test_setup_teardown(test_resume_elsewhere, setup, teardown),
		cmocka_unit_test_setup_teardown(test_resume_elsewhere_undialled, setup, teardown),
		cmocka_unit_test_setup_teardown(test_resume_without_ranges, setup, teardown),
		cmocka_unit_test_setup_teardown(test_resume_without_validator, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_always_changed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_server_returns, setup, teardown),
		cmocka_unit_test_setup_teardown(test_server_stays_away, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reason_is_cleaned, setup, teardown),
		cmocka_unit_test_setup_teardown(test_endless, setup, teardown),
		cmocka_unit_test_setup_teardown(test_silence, setup, teardown),
		cmocka_unit_test_setup_teardown(test_head_drip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_connection, setup, teardown),
		cmocka_unit_test_setup_teardown(test_malformed_path, setup, teardown),
		cmocka_unit_test_setup_teardown(test_closes_without_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_redirect, setup, teardown),
		cmocka_unit_test_setup_teardown(test_redirect_loop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retry_after, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retry_for_ever, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lossy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lossy_without_ranges, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lossy_stall, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_elsewhere, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lossy_setting, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
