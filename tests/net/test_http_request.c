/* SPDX-License-Identifier: BSD-2-Clause */
/* What the HTTP client asks for when a server wants to know who it is. */
#include "tests/net/http_get.h"

#define CHALLENGE(x) "HTTP/1.1 401 Who\r\nWWW-Authenticate: " x "\r\nContent-Length: 2\r\n\r\nno"

static void test_basic(void **state)
{
	struct peer *p = begin_uri("http://Aladdin:open%20sesame@10.0.0.9/file");

	(void)state;
	assert_null(strstr(peer_request(p), "Authorization"));
	peer_text(p, CHALLENGE("Basic realm=\"x\""));
	/* RFC 7617 2 */
	assert_non_null(
		strstr(peer_request(p), "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
	peer_text(p, CHALLENGE("Basic realm=\"x\""));
	expect_error(ERR_HTTP_LOGIN);
}

static void test_digest(void **state)
{
	struct peer *p = begin_uri("http://Mufasa:x@10.0.0.9/a%20b\"c");
	const char *request;

	(void)state;
	peer_request(p);
	peer_text(p, CHALLENGE("Digest realm=\"r\", nonce=\"n1\", qop=\"auth\", opaque=\"o\""));
	request = peer_request(p);
	assert_non_null(strstr(request, "GET /a%20b%22c HTTP/1.1\r\n"));
	assert_non_null(strstr(request, "Authorization: Digest username=\"Mufasa\", realm=\"r\", "
					"nonce=\"n1\", uri=\"/a%20b%22c\", response=\""));
	assert_non_null(strstr(request, ", algorithm=MD5, qop=auth, nc=00000001, cnonce=\""));
	/* Too old a nonce is not a wrong password. */
	peer_text(p, CHALLENGE("Digest realm=\"r\", nonce=\"n2\", qop=\"auth\", stale=true"));
	assert_non_null(strstr(peer_request(p), "nonce=\"n2\""));
	peer_text(p, "HTTP/1.1 200 OK\r\n" TAG "Content-Length: 10\r\n\r\n");
	peer_gone(p, 0);
	p = next_peer();
	assert_non_null(strstr(peer_request(p), "nc=00000002"));
	peer_text(p, "HTTP/1.1 200 OK\r\nAuthentication-Info: nextnonce=\"n3\"\r\n" TAG
		     "Content-Length: 10\r\n\r\n");
	peer_file(p, 0, 5);
	peer_gone(p, 0);
	p = next_peer();
	request = peer_request(p);
	assert_non_null(strstr(request, "nonce=\"n3\"")); /* RFC 7616 3.5 */
	assert_non_null(strstr(request, "nc=00000001"));
	peer_part(p, 5, 10, 10);
	peer_file(p, 5, 10);
	expect_file(10);
}

static void test_digest_loop(void **state)
{
	struct peer *p = begin_uri("http://u:p@10.0.0.9/file");
	unsigned i;

	(void)state;
	for (i = 0; i < 100 && !rig.f->finished; i++)
		peer_text(
			p, CHALLENGE("Digest realm=\"r\", nonce=\"n\", qop=\"auth\", stale=true"));
	assert_int_equal(i, 5);
	expect_error(ERR_HTTP_LOGIN);
}

/* A ROM has no hash functions: Digest alone is not met, and beside Basic it is passed over. */
static void test_no_digest(void **state)
{
	struct net_config config = *rig.net.config;
	struct peer *p;

	(void)state;
	config.http_digest = NULL;
	rig.net.config = &config;
	p = begin_uri("http://Aladdin:open%20sesame@10.0.0.9/file");
	peer_text(p,
		CHALLENGE("Digest realm=r, nonce=n, qop=auth\r\nWWW-Authenticate: Basic realm=x"));
	assert_non_null(strstr(peer_request(p), "Authorization: Basic QWxhZGRpbj"));
	peer_text(p, "HTTP/1.1 200 OK\r\n" TAG "Content-Length: 10\r\n\r\n");
	peer_file(p, 0, 10);
	expect_file(10);
	p = begin_uri("http://u:p@10.0.0.9/file");
	peer_text(p, CHALLENGE("Digest realm=r, nonce=n, qop=auth"));
	expect_error(ERR_HTTP_LOGIN);
	rig.net.config = &rig_net;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_basic, setup, teardown),
		cmocka_unit_test_setup_teardown(test_digest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_digest_loop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_digest, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
