/* SPDX-License-Identifier: BSD-2-Clause */
/* DNS messages: questions byte for byte, names, answers that are right, wrong, and lies. */
#include "net/dns.h"
#include "core/str.h"
#include "tests/net/dns_wire.h"
#include "tests/sim/wire.h"
#include "tests/unit.h"

#define ID   0x1234
#define HOST "host.example.com"

/* In a block of its own size, so that the sanitizer sees what reads past its end. */
static bool parse_as(const struct dmsg *d, enum dns_type type, struct dns_reply *r)
{
	uint8_t *b = malloc(d->n ? d->n : 1);
	bool good;

	assert_non_null(b);
	memcpy(b, d->b, d->n);
	memset(r, 0xa5, sizeof(*r));
	good = dns_parse(bytes_of(b, d->n), ID, HOST, type, r);
	free(b);
	return good;
}

static bool parse(const struct dmsg *d, struct dns_reply *r)
{
	return parse_as(d, DNS_A, r);
}

static struct dmsg answer(void)
{
	return dmsg_to(ID, W_ANSWER, HOST, W_A);
}

/* -- names -- */

static void test_name(void **state)
{
	static const struct {
		const char *text, *want; /* NULL: refused */
	} row[] = {
		{"host", "host"},
		{"Host.EXAMPLE.com.", "host.example.com"},
		{"a-b_c.0", "a-b_c.0"},
		{"10.0.0.1", "10.0.0.1"},
		{"", NULL},
		{".", NULL},
		{"..", NULL},
		{".a", NULL},
		{"a..b", NULL},
		{"a..", NULL},
		{"a b", NULL},
		{"a?b", NULL},
		{"::1", NULL},
		{"h\xc3\xb6st", NULL},
	};
	char text[400];

	(void)state;
	for (size_t i = 0; i < ROWS(row); i++) {
		strcpy(text, row[i].text);
		assert_int_equal(dns_name(text), row[i].want != NULL);
		if (row[i].want)
			assert_string_equal(text, row[i].want);
	}
	memset(text, 'a', sizeof(text));
	text[63] = 0;
	assert_true(dns_name(text));
	strcpy(text + 63, "a");
	assert_false(dns_name(text));
	for (unsigned n = 250; n < 260; n++) { /* 255 bytes on the wire are 253 characters */
		for (unsigned i = 0; i < n; i++)
			text[i] = i % 50 == 49 ? '.' : 'a';
		text[n - 1] = 'a';
		text[n] = 0;
		assert_int_equal(dns_name(text), n <= 253);
	}
}

static void test_question(void **state)
{
	static const uint8_t want[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
				      "\4host\7example\3com\0\x00\x01\x00\x01";
	uint8_t b[DNS_QUESTION_MAX];
	char text[DNS_NAME_MAX];
	struct emit e = emit_to(b, sizeof(b));

	(void)state;
	dns_emit(&e, ID, HOST, DNS_A);
	assert_false(e.bad);
	assert_int_equal(e.n, sizeof(want) - 1);
	assert_memory_equal(b, want, e.n);
	e = emit_to(b, sizeof(b));
	dns_emit(&e, ID, HOST, DNS_AAAA);
	assert_int_equal(b[e.n - 3], 28);
	memset(text, 'a', 253);
	text[253] = text[63] = text[127] = text[191] = 0;
	text[63] = text[127] = text[191] = '.';
	assert_true(dns_name(text));
	e = emit_to(b, sizeof(b));
	dns_emit(&e, ID, text, DNS_A);
	assert_false(e.bad);
	assert_int_equal(e.n, 12 + 255 + 4);
}

/* -- answers -- */

static void test_addresses(void **state)
{
	struct dmsg d = answer();
	struct dns_reply r;

	(void)state;
	assert_true(parse(&d, &r)); /* there is such a name, and it has none */
	assert_int_equal(r.rcode, DNS_NOERROR);
	assert_int_equal(r.naddr, 0);
	assert_int_equal(r.cnames, 0);
	assert_string_equal(r.name, HOST);
	dmsg_a(&d, NULL, 300, IP4(10, 0, 0, 1));
	dmsg_a(&d, "HOST.Example.com", 200, IP4(10, 0, 0, 2));
	dmsg_a(&d, "other.example.com", 5, IP4(10, 0, 0, 66));
	assert_true(parse(&d, &r));
	assert_int_equal(r.naddr, 2);
	assert_int_equal(r.ttl_s, 200); /* what is not about the name does not count */
	assert_int_equal(r.addr[0].family, IP_V4);
	assert_int_equal(ip4_u32(&r.addr[0]), IP4(10, 0, 0, 1));
	assert_int_equal(ip4_u32(&r.addr[1]), IP4(10, 0, 0, 2));
	for (unsigned i = 3; i < 20; i++)
		dmsg_a(&d, NULL, 300, IP4(10, 0, 0, i));
	assert_true(parse(&d, &r));
	assert_int_equal(r.naddr, FETCH_ADDR_MAX);
	assert_int_equal(ip4_u32(&r.addr[FETCH_ADDR_MAX - 1]), IP4(10, 0, 0, FETCH_ADDR_MAX));
	dmsg_a(&d, NULL, 0x80000000, IP4(10, 0, 0, 9)); /* RFC 2181 8: that is 0 */
	assert_true(parse(&d, &r));
	assert_int_equal(r.ttl_s, 0);
}

static void test_aaaa(void **state)
{
	static const uint8_t ip[16] = {0x20, 1, 0xd, 0xb8, [15] = 7};
	struct dmsg d = dmsg_to(ID, W_ANSWER, HOST, W_AAAA);
	struct dns_reply r;

	(void)state;
	dmsg_a(&d, NULL, 300, IP4(10, 0, 0, 1)); /* was not asked for */
	dmsg_cname(&d, NULL, 300, "six");
	dmsg_name(&d, "six");
	dmsg_record(&d, W_AAAA, 300);
	memcpy(d.b + d.n, ip, 16);
	d.n += 16;
	dmsg_end(&d);
	assert_true(parse_as(&d, DNS_AAAA, &r));
	assert_int_equal(r.naddr, 1);
	assert_int_equal(r.addr[0].family, IP_V6);
	assert_memory_equal(r.addr[0].b, ip, 16);
	assert_false(parse_as(&d, DNS_A, &r)); /* another question than ours */
	d.n--;
	dmsg_end(&d);
	assert_false(parse_as(&d, DNS_AAAA, &r));
}

static void test_aliases(void **state)
{
	struct dmsg d = answer();
	struct dns_reply r;

	(void)state;
	dmsg_cname(&d, NULL, 100, "B.example.com");
	assert_true(parse(&d, &r));
	assert_int_equal(r.naddr, 0);
	assert_int_equal(r.cnames, 1);
	assert_string_equal(r.name, "b.example.com");
	dmsg_cname(&d, "b.example.com", 50, "c.example.net");
	dmsg_a(&d, NULL, 1, IP4(10, 0, 0, 66)); /* of an alias: means nothing */
	dmsg_a(&d, "c.example.net", 70, IP4(10, 0, 0, 3));
	assert_true(parse(&d, &r));
	assert_int_equal(r.naddr, 1);
	assert_int_equal(r.cnames, 2);
	assert_int_equal(r.ttl_s, 50);
	assert_string_equal(r.name, "c.example.net");
	assert_int_equal(ip4_u32(&r.addr[0]), IP4(10, 0, 0, 3));
}

/* The order of records means nothing. */
static void test_aliases_backwards(void **state)
{
	struct dmsg d = answer();
	struct dns_reply r;
	char from[16], to[16];

	(void)state;
	dmsg_a(&d, "a8", 70, IP4(10, 0, 0, 3));
	for (unsigned i = 7; i; i--) {
		snprintf(from, sizeof(from), "a%u", i);
		snprintf(to, sizeof(to), "a%u", i + 1);
		dmsg_cname(&d, from, 70, to);
	}
	dmsg_cname(&d, NULL, 70, "a1");
	assert_true(parse(&d, &r));
	assert_int_equal(r.cnames, DNS_CNAMES_MAX);
	assert_int_equal(r.naddr, 1);
	dmsg_cname(&d, "a8", 70, "a9"); /* one too many */
	assert_true(parse(&d, &r));
	assert_int_equal(r.cnames, DNS_CNAMES_MAX + 1);
}

static void test_alias_circles(void **state)
{
	struct dmsg d = answer();
	struct dns_reply r;

	(void)state;
	dmsg_cname(&d, NULL, 100, HOST);
	assert_true(parse(&d, &r));
	assert_int_equal(r.cnames, DNS_CNAMES_MAX + 1);
	d = answer();
	dmsg_cname(&d, NULL, 100, "b");
	dmsg_cname(&d, "b", 100, HOST);
	assert_true(parse(&d, &r));
	assert_int_equal(r.cnames, DNS_CNAMES_MAX + 1);
}

/* What is not an answer to our question (RFC 5452 9.1). */
static void test_not_ours(void **state)
{
	static const struct {
		unsigned at;
		uint8_t value;
	} row[] = {
		{0, 0x13},	   /* id */
		{1, 0x35},	   /* id */
		{2, 0x01},	   /* a question */
		{2, 0x89},	   /* opcode */
		{5, 0},		   /* no question */
		{5, 2},		   /* two */
		{12 + 1, 'H'},	   /* not as it was asked */
		{12 + 1, 'g'},	   /* another name */
		{12 + 18 + 1, 28}, /* type */
		{12 + 18 + 3, 3},  /* class */
	};
	struct dmsg good = answer(), d;
	struct dns_reply r;

	(void)state;
	dmsg_a(&good, NULL, 300, IP4(10, 0, 0, 1));
	assert_true(parse(&good, &r));
	for (size_t i = 0; i < ROWS(row); i++) {
		d = good;
		assert_int_not_equal(d.b[row[i].at], row[i].value);
		d.b[row[i].at] = row[i].value;
		assert_false(parse(&d, &r));
	}
}

static void test_codes(void **state)
{
	struct dmsg d;
	struct dns_reply r;

	(void)state;
	for (unsigned code = 0; code < 16; code++) {
		d = dmsg_to(ID, W_ANSWER | W_AA | code, HOST, W_A);
		assert_true(parse(&d, &r));
		assert_int_equal(r.rcode, code);
		assert_false(r.truncated);
	}
}

/* Each prefix of a good message is refused, unless the server says that it cut it. */
static void test_cut(void **state)
{
	struct dmsg good = answer(), d;
	struct dns_reply r;
	uint32_t question = good.n;

	(void)state;
	dmsg_a(&good, NULL, 300, IP4(10, 0, 0, 1));
	dmsg_cname(&good, "alias", 300, "x");
	dmsg_a(&good, NULL, 300, IP4(10, 0, 0, 2));
	for (uint32_t n = 0; n < good.n; n++) {
		d = good;
		d.n = n;
		assert_false(parse(&d, &r));
		d.b[2] |= W_TC >> 8;
		assert_int_equal(parse(&d, &r), n >= question);
		if (n < question)
			continue;
		assert_true(r.truncated);
		assert_int_equal(r.naddr, n >= question + 16);
	}
	dmsg_u8(&good, 7); /* what comes behind the last record does not matter */
	assert_true(parse(&good, &r));
	assert_int_equal(r.naddr, 2);
}

/* -- lies -- */

static void test_lengths(void **state)
{
	static const unsigned lengths[] = {0, 1, 3, 5, 16, 255, 0xffff};
	struct dns_reply r;

	(void)state;
	for (size_t i = 0; i < ROWS(lengths); i++) {
		struct dmsg d = answer();

		dmsg_a(&d, NULL, 300, IP4(10, 0, 0, 1));
		d.b[d.len_at] = (uint8_t)(lengths[i] >> 8);
		d.b[d.len_at + 1] = (uint8_t)lengths[i];
		assert_false(parse(&d, &r));
		d = answer();
		dmsg_cname(&d, NULL, 300, "abc");
		d.b[d.len_at] = (uint8_t)(lengths[i] >> 8);
		d.b[d.len_at + 1] = (uint8_t)lengths[i];
		dmsg_a(&d, NULL, 300, IP4(10, 0, 0, 1)); /* so that there is enough */
		assert_int_equal(parse(&d, &r), lengths[i] == 5);
	}
}

static void test_counts(void **state)
{
	struct dmsg d = answer();
	struct dns_reply r;

	(void)state;
	dmsg_a(&d, NULL, 300, IP4(10, 0, 0, 1));
	dmsg_count(&d, 2);
	assert_false(parse(&d, &r));
	dmsg_count(&d, 0xffff);
	assert_false(parse(&d, &r));
	dmsg_count(&d, 0); /* then it is in a section that we do not look at */
	assert_true(parse(&d, &r));
	assert_int_equal(r.naddr, 0);
}

/* An owner that is two bytes, a pointer to where the test says. */
static bool owner_pointer(unsigned to, struct dns_reply *r)
{
	struct dmsg d = answer();

	dmsg_pointer(&d, to);
	dmsg_record(&d, W_A, 300);
	dmsg_u32(&d, IP4(10, 0, 0, 1));
	dmsg_end(&d);
	return parse(&d, r);
}

static void test_pointers(void **state)
{
	struct dmsg d = answer();
	struct dns_reply r;
	uint32_t at = d.n;

	(void)state;
	assert_true(owner_pointer(W_QUESTION, &r));
	assert_int_equal(r.naddr, 1);
	assert_true(owner_pointer(W_QUESTION + 5, &r)); /* "example.com" */
	assert_int_equal(r.naddr, 0);
	assert_false(owner_pointer(at, &r)); /* itself */
	assert_false(owner_pointer(at + 1, &r));
	assert_false(owner_pointer(at + 2, &r)); /* forwards */
	assert_false(owner_pointer(0x3fff, &r)); /* nowhere */

	/* Two that point at one another: the second one leads forwards. */
	dmsg_pointer(&d, at + 2);
	dmsg_pointer(&d, at);
	dmsg_count(&d, 1);
	assert_false(parse(&d, &r));

	/* A label in front of a pointer to itself: the name would grow for ever. */
	d = answer();
	dmsg_labels(&d, "a");
	dmsg_pointer(&d, at);
	dmsg_record(&d, W_A, 300);
	dmsg_end(&d);
	assert_false(parse(&d, &r));
}

/* A chain of pointers, each one to the one before: legal, but nobody needs so many. */
static void test_pointer_chain(void **state)
{
	struct dns_reply r;

	(void)state;
	for (unsigned n = 14; n < 20; n++) {
		struct dmsg d = answer();
		uint32_t at;

		dmsg_name(&d, "x"); /* the place for them: a text record of somebody else */
		dmsg_record(&d, W_TXT, 300);
		at = d.n;
		dmsg_pointer(&d, W_QUESTION);
		for (unsigned i = 1; i < n - 1; i++)
			dmsg_pointer(&d, at + 2 * i - 2);
		dmsg_end(&d);
		dmsg_pointer(&d, d.n - 2);
		dmsg_record(&d, W_A, 300);
		dmsg_u32(&d, IP4(10, 0, 0, 1));
		dmsg_end(&d);
		assert_int_equal(parse(&d, &r), n <= 16);
		if (n <= 16)
			assert_int_equal(r.naddr, 1);
	}
}

static void test_labels(void **state)
{
	struct dns_reply r;

	(void)state;
	/* 0x40 and 0x80 are reserved, RFC 1035 4.1.4. */
	for (unsigned len = 0; len < 256; len++) {
		struct dmsg d = answer();

		dmsg_u8(&d, len);
		memset(d.b + d.n, 'a', 70);
		d.n += len && len < 64 ? len : 0;
		if (len)
			dmsg_u8(&d, 0);
		dmsg_record(&d, W_A, 300);
		dmsg_u32(&d, 0);
		dmsg_end(&d);
		/* From c0 on it is a pointer into the message, at whose front there is an id. */
		if (len < 0xc0)
			assert_int_equal(parse(&d, &r), len < 64);
	}
}

/* Names up to 255 bytes, also when put together with pointers. */
static void test_long_names(void **state)
{
	static const char label[] = "123456789012345678901234567890123456789"; /* 40 with its dot */
	struct dns_reply r;

	(void)state;
	for (unsigned tail = 1; tail < 40; tail++) {
		struct dmsg d = answer();

		dmsg_pointer(&d, W_QUESTION);
		dmsg_record(&d, W_CNAME, 300);
		for (unsigned i = 0; i < 5; i++)
			dmsg_labels(&d, label);
		dmsg_u8(&d, tail);
		memset(d.b + d.n, 'a', tail);
		d.n += tail;
		dmsg_pointer(&d, W_QUESTION); /* 17 characters more with a dot */
		dmsg_end(&d);
		assert_int_equal(parse(&d, &r), 200 + tail + 17 <= 253);
		if (200 + tail + 17 <= 253)
			assert_int_equal(strlen(r.name), 200 + tail + 17);
	}
}

/* Bytes that no host's name has do not make it equal to one that has others. */
static void test_strange_names(void **state)
{
	static const char *const owner[] = {"host\1example.com", "h?st.example.com", "", "ho"};
	struct dmsg d;
	struct dns_reply r;

	(void)state;
	for (size_t i = 0; i < ROWS(owner); i++) {
		d = answer();
		dmsg_a(&d, owner[i], 300, IP4(10, 0, 0, 1));
		assert_true(parse(&d, &r));
		assert_int_equal(r.naddr, 0);
	}
	d = answer();
	dmsg_labels(&d, "hostXexample.com");
	d.b[d.n - 12 - 1 + 1] = '.'; /* a dot inside of a label */
	dmsg_u8(&d, 0);
	dmsg_record(&d, W_A, 300);
	dmsg_u32(&d, 0);
	dmsg_end(&d);
	assert_true(parse(&d, &r));
	assert_int_equal(r.naddr, 0);
	d = answer();
	dmsg_cname(&d, NULL, 300, "evil\33[2J.com");
	assert_true(parse(&d, &r));
	assert_string_equal(r.name, "evil??2j.com");
	assert_false(dns_name(r.name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name),
		cmocka_unit_test(test_question),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_aaaa),
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_aliases_backwards),
		cmocka_unit_test(test_alias_circles),
		cmocka_unit_test(test_not_ours),
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_pointers),
		cmocka_unit_test(test_pointer_chain),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_strange_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
