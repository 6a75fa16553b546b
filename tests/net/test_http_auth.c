/* SPDX-License-Identifier: BSD-2-Clause */
/* Challenges, and the examples of the RFCs for what answers them. */
#include "net/http_auth.h"
#include "tests/unit.h"

#define REALM "realm=\"http-auth@example.org\""
#define NONCE "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\""

static struct http_auth auth;

static void challenge(const char *value)
{
	memset(&auth, 0, sizeof(auth));
	http_auth_challenge(&auth, value);
}

static void expect_response(const char *want)
{
	char hex[DIGEST_HEX];

	http_auth_response(&auth, "Mufasa", "Circle of Life", "/dir/index.html", "00000001",
		"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", hex);
	assert_string_equal(hex, want);
}

/* RFC 7616 3.9.1 */
static void test_rfc7616(void **state)
{
	(void)state;
	challenge("Digest " REALM ", qop=\"auth, auth-int\", algorithm=MD5, " NONCE
		  ", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"");
	assert_int_equal(auth.scheme, HTTP_AUTH_MD5);
	assert_string_equal(auth.opaque, "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS");
	expect_response("8ca523f5e9506fed4657c9700eebdbec");
	challenge("Digest " REALM ", qop=\"auth, auth-int\", algorithm=SHA-256, " NONCE);
	assert_int_equal(auth.scheme, HTTP_AUTH_SHA256);
	expect_response("753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
}

/* RFC 2617 3.5 */
static void test_older(void **state)
{
	char hex[DIGEST_HEX];

	(void)state;
	challenge("Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", "
		  "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
		  "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"");
	http_auth_response(
		&auth, "Mufasa", "Circle Of Life", "/dir/index.html", "00000001", "0a4f113b", hex);
	assert_string_equal(hex, "6629fae49393a05397450978507c4ef1");
}

static void test_strongest(void **state)
{
	(void)state;
	challenge("Basic realm=\"a\"");
	assert_int_equal(auth.scheme, HTTP_AUTH_BASIC);
	assert_string_equal(auth.realm, "a");
	http_auth_challenge(&auth, "Digest realm=b, nonce=c, algorithm=SHA-256, qop=auth");
	assert_int_equal(auth.scheme, HTTP_AUTH_SHA256);
	http_auth_challenge(&auth, "Digest realm=d, nonce=e, algorithm=MD5, qop=auth");
	http_auth_challenge(&auth, "Basic realm=f");
	assert_int_equal(auth.scheme, HTTP_AUTH_SHA256);
	assert_string_equal(auth.nonce, "c");
	/* Several in one field, RFC 9110 11.6.1. */
	challenge(" , Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", "
		  "Basic realm=\"simple\" , Negotiate abc==, Digest realm = \"x, y\",nonce=\"n\" "
		  ",stale=TRUE, qop=\"auth\"");
	assert_int_equal(auth.scheme, HTTP_AUTH_MD5);
	assert_string_equal(auth.realm, "x, y");
	assert_string_equal(auth.nonce, "n");
	assert_true(auth.stale);
}

/* RFC 7616 3.5: it replaces the nonce and makes no challenge. */
static void test_info(void **state)
{
	(void)state;
	memset(&auth, 0, sizeof(auth));
	http_auth_challenge(&auth, "qop=auth, nonce=\"no\", nextnonce=\"a=b,\", rspauth=\"00\"");
	assert_int_equal(auth.scheme, HTTP_AUTH_NONE);
	assert_string_equal(auth.nonce, "a=b,");
}

static void test_not_met(void **state)
{
	static const char *const values[] = {
		"",
		"Negotiate",
		"Negotiate YII=",
		"NTLM TlRM",
		"Bearer realm=\"x\"",
		"Digest realm=a, nonce=b, algorithm=MD5-sess, qop=auth",
		"Digest realm=a, nonce=b",
		"Digest realm=a, nonce=b, algorithm=SHA-512-256, qop=auth",
		"Digest realm=a, nonce=b, qop=\"auth-int\"",
		"Digest realm=\"a\\\"\", nonce=b, qop=auth",
		"realm=\"x\"",
		"=",
		"\"",
		"\"Basic\" \\",
		",,,",
		"=\"=\"=",
		"Digest realm=\"a\\",
	};
	char text[400];

	(void)state;
	for (unsigned i = 0; i < ROWS(values); i++) {
		challenge(values[i]);
		if (auth.scheme > (values[i][0] == '"'))
			fail_msg("met: %s", values[i]);
	}
	for (size_t n = 126; n < 130; n++) {
		snprintf(text, sizeof(text), "Digest qop=auth, realm=a, nonce=\"%0*d\"", (int)n, 0);
		challenge(text);
		assert_int_equal(auth.scheme, n < HTTP_AUTH_MAX ? HTTP_AUTH_MD5 : HTTP_AUTH_NONE);
	}
}

/* RFC 1321 A.5, FIPS 180-4: the examples, with one and with two blocks. */
static void test_hashes(void **state)
{
	static const struct {
		const char *text, *md5, *sha256;
	} rows[] = {
		{"", "d41d8cd98f00b204e9800998ecf8427e",
			"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", "900150983cd24fb0d6963f7d28e17f72",
			"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
			"8215ef0796a20bcaaae116d3876c664a",
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	};
	char hex[DIGEST_HEX];

	(void)state;
	for (unsigned i = 0; i < ROWS(rows); i++) {
		digest_hex(DIGEST_MD5, (const char *[]){rows[i].text, NULL}, hex);
		assert_string_equal(hex, rows[i].md5);
		digest_hex(DIGEST_SHA256, (const char *[]){rows[i].text, NULL}, hex);
		assert_string_equal(hex, rows[i].sha256);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc7616),
		cmocka_unit_test(test_older),
		cmocka_unit_test(test_strongest),
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_not_met),
		cmocka_unit_test(test_hashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
