/* SPDX-License-Identifier: BSD-2-Clause */
/* DHCP messages: overload, long options, encapsulated ones, and everything that is malformed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "core/str.h"
#include "net/dhcp.h"

static const uint8_t cookie[] = {0x63, 0x82, 0x53, 0x63};

/* A reply with these options; exactly as long as it needs, so that the sanitizer sees every step
 * too far. */
struct wire {
	uint8_t *b;
	size_t n;
};

static struct wire reply(const void *options, size_t n)
{
	struct wire w = {calloc(1, 240 + n), 240 + n};

	w.b[0] = 2;
	w.b[1] = 1;
	w.b[2] = 6;
	memcpy(w.b + 236, cookie, 4);
	if (n)
		memcpy(w.b + 240, options, n);
	return w;
}

/* The same for a string literal. */
#define REPLY(s) reply(s, sizeof(s) - 1)

static bool parse(struct wire *w, struct dhcp_msg *msg)
{
	bool ok = dhcp_parse(bytes_of(w->b, w->n), msg);

	free(w->b);
	return ok;
}

static void has(const struct dhcp_msg *msg, unsigned tag, unsigned sub, const char *want)
{
	uint16_t len;
	const uint8_t *v = dhcp_option(msg, tag, sub, &len);

	if (!want) {
		assert_null(v);
		assert_int_equal(len, 0);
		return;
	}
	assert_non_null(v);
	assert_int_equal(len, strlen(want));
	assert_memory_equal(v, want, len);
}

static void test_fields(void **state)
{
	struct wire w = REPLY("\65\1\2\66\4\12\0\0\1\14\3abc\377\377junk");
	struct dhcp_msg msg;

	(void)state;
	memcpy(w.b + 4, "\1\2\3\4", 4);
	memcpy(w.b + 16, "\12\0\0\62", 4);
	memcpy(w.b + 20, "\12\0\0\2", 4);
	memcpy(w.b + 28, "RTMAC!", 6);
	memset(w.b + 44, 's', 64); /* not terminated */
	memset(w.b + 108, 'f', 128);
	assert_true(parse(&w, &msg));
	assert_int_equal(msg.type, DHCPOFFER);
	assert_int_equal(msg.xid, 0x01020304);
	assert_int_equal(ip4_u32(&msg.yiaddr), 0x0a000032);
	assert_int_equal(ip4_u32(&msg.siaddr), 0x0a000002);
	assert_int_equal(ip4_u32(&msg.server_id), 0x0a000001);
	assert_memory_equal(msg.chaddr.b, "RTMAC!", 6);
	assert_int_equal(strlen(msg.sname), 64);
	assert_int_equal(strlen(msg.file), 128);
	has(&msg, 12, 0, "abc");
	has(&msg, 13, 0, NULL);
}

/* Hostile rows 13, 17: cut short anywhere, lengths that lie. */
static void test_malformed(void **state)
{
	static const char options[] = "\65\1\2\0\0\14\3abc\103\2xy\377";
	struct dhcp_msg msg;

	(void)state;
	for (size_t n = 0; n < 240 + sizeof(options) - 1; n++) {
		struct wire w = REPLY(options);
		size_t cut = n - 240;
		/* Between options a missing END is forgiven. */
		bool whole = n >= 240 && (!cut || (cut >= 3 && cut <= 5) || cut == 10 || cut == 14);
		uint8_t *b = malloc(n ? n : 1);

		memcpy(b, w.b, n);
		free(w.b);
		w = (struct wire){b, n};
		if (parse(&w, &msg) != whole)
			fail_msg("%zu bytes", n);
	}
	for (unsigned i = 0; i < 3; i++) {
		struct wire w = REPLY("\377");

		w.b[i] ^= 4; /* op, htype, hlen */
		assert_false(parse(&w, &msg));
	}
	for (unsigned i = 236; i < 240; i++) {
		struct wire w = REPLY("\377");

		w.b[i] ^= 1;
		assert_false(parse(&w, &msg));
	}
}

/* Hostile row 17: options of no byte and of one where there should be more. */
static void test_short_options(void **state)
{
	static const uint8_t tags[] = {
		1, 3, 6, 12, 15, 17, 26, 43, 51, 52, 53, 54, 60, 66, 67, 97, 119, 121, 175, 209};
	char name[8];

	(void)state;
	for (size_t i = 0; i < sizeof(tags); i++) {
		for (uint8_t len = 0; len < 2; len++) {
			uint8_t o[] = {tags[i], len, 0, 255};
			struct wire w = reply(o, sizeof(o));
			struct dhcp_msg msg;
			struct ip_addr next;
			uint16_t n;

			assert_true(parse(&w, &msg));
			assert_int_equal(dhcp_option_ip(&msg, tags[i]), 0);
			assert_false(dhcp_is_pxe(&msg));
			assert_int_equal(dhcp_filename(&msg, name, sizeof(name)), 0);
			next = dhcp_next_server(&msg);
			assert_true(ip_is_any(&next));
			assert_null(dhcp_option(&msg, tags[i], 6, &n));
			assert_int_equal(msg.type, 0);
		}
	}
}

static void test_overload(void **state)
{
	struct dhcp_msg msg;

	(void)state;
	for (uint8_t over = 0; over < 8; over++) {
		struct wire w = reply((uint8_t[]){52, 1, over, 12, 1, 'a', 255}, 7);

		memcpy(w.b + 108, "\17\3dom\14\1b\64\1\3\377",
			12);			    /* file: domain, more name, nested 52 */
		memcpy(w.b + 44, "\14\1c\11\0", 5); /* sname: more name, an empty option */
		assert_true(parse(&w, &msg));
		has(&msg, 15, 0, over & 1 ? "dom" : NULL);
		has(&msg, 12, 0, (over & 3) == 3 ? "abc" : over & 1 ? "ab" : over & 2 ? "ac" : "a");
		assert_int_equal(!msg.file[0], over & 1);
		assert_int_equal(!msg.sname[0], over >> 1 & 1);
	}
	for (int field = 0; field < 2; field++) { /* an option that runs over its field */
		struct wire w = REPLY("\64\1\3\377");

		memset(w.b + 44, 255, 64 + 128);
		memcpy(w.b + (field ? 44 : 108), "\14\376", 2);
		assert_false(parse(&w, &msg));
	}
	for (int field = 0; field < 2; field++) { /* filled to the last byte, no END */
		struct wire w = REPLY("\64\1\3\377");
		uint16_t len;

		memset(w.b + 44, 'x', 64 + 128);
		memcpy(w.b + 44, "\14\76", 2);
		memcpy(w.b + 108, "\14\176", 2);
		assert_true(parse(&w, &msg));
		assert_non_null(dhcp_option(&msg, 12, 0, &len));
		assert_int_equal(len, 62 + 126);
	}
}

/* RFC 3396: one option in pieces, with others between. */
static void test_long_option(void **state)
{
	uint8_t o[3 * 257 + 4] = {0};
	struct dhcp_msg msg;
	struct wire w;
	uint16_t len;
	const uint8_t *v;

	(void)state;
	for (int i = 0; i < 3; i++) {
		o[i * 257] = 67;
		o[i * 257 + 1] = 255;
		memset(o + i * 257 + 2, 'a' + i, 255);
	}
	memcpy(o + 771, "\14\1h\377", 4);
	w = reply(o, sizeof(o));
	assert_true(parse(&w, &msg));
	v = dhcp_option(&msg, 67, 0, &len);
	assert_int_equal(len, 765);
	assert_int_equal(v[254], 'a');
	assert_int_equal(v[255], 'b');
	assert_int_equal(v[764], 'c');
	has(&msg, 12, 0, "h");
}

/* More than DHCP_OPTIONS_MAX: what does not fit is left out, the rest is there. */
static void test_too_much(void **state)
{
	uint8_t *o = calloc(1, 16000);
	struct dhcp_msg msg;
	struct wire w;
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 60; i++, n += 257) {
		o[n] = 128;
		o[n + 1] = 255;
	}
	memcpy(o + n, "\14\1h\377", 4);
	w = reply(o, n + 4);
	free(o);
	assert_true(parse(&w, &msg));
	has(&msg, 128, 0, NULL);
	has(&msg, 12, 0, "h");
}

static void test_encapsulated(void **state)
{
	struct wire w = REPLY("\53\20\0\6\1\10\11\4menu\377\6\1\0\0\0"
			      "\257\2\1\5\377");
	struct dhcp_msg msg;

	(void)state;
	assert_true(parse(&w, &msg));
	has(&msg, 43, 6, "\10");
	has(&msg, 43, 9, "menu");
	has(&msg, 43, 8, NULL);
	has(&msg, 175, 1, NULL); /* lies about its length */
	has(&msg, 44, 6, NULL);
}

static void test_boot_names(void **state)
{
	char name[16];
	struct dhcp_msg msg;
	struct ip_addr a;
	struct wire w = REPLY("\102\011\061\060.0.0.7\0\0\103\4opt\0\377");

	(void)state;
	assert_true(parse(&w, &msg));
	assert_int_equal(dhcp_filename(&msg, name, sizeof(name)), 3);
	assert_string_equal(name, "opt");
	a = dhcp_next_server(&msg);
	assert_int_equal(ip4_u32(&a), 0x0a000007);

	w = REPLY("\102\4name\66\4\12\0\0\1\103\3opt\377");
	memcpy(w.b + 108, "field", 5);
	memcpy(w.b + 44, "10.0.0.8", 8);
	assert_true(parse(&w, &msg));
	dhcp_filename(&msg, name, sizeof(name));
	assert_string_equal(name, "field");
	a = dhcp_next_server(&msg);
	assert_int_equal(ip4_u32(&a), 0x0a000008);
	msg.sname[0] = 0;
	a = dhcp_next_server(&msg);
	assert_int_equal(ip4_u32(&a), 0x0a000001);
	msg.siaddr = ip4_of(0x0a000009);
	a = dhcp_next_server(&msg);
	assert_int_equal(ip4_u32(&a), 0x0a000009);

	/* A name that can be looked up is better than who sent it, and worse than an address. */
	w = REPLY("\102\4name\66\4\12\0\0\1\6\4\12\0\0\2\377");
	assert_true(parse(&w, &msg));
	a = dhcp_next_server(&msg);
	assert_int_equal(a.family, IP_NONE);
	str_copy(msg.sname, sizeof(msg.sname), "10.0.0.8");
	a = dhcp_next_server(&msg);
	assert_int_equal(ip4_u32(&a), 0x0a000008);
}

static void test_emit(void **state)
{
	static const uint8_t uuid[16] = "0123456789abcde";
	struct dhcp_request r = {.type = DHCPREQUEST,
		.xid = 1,
		.requested = 2,
		.server_id = 3,
		.uuid = uuid,
		.say_ipxe = true,
		.has_type = true,
		.max_size = 1500,
		.arch = 65535};
	uint8_t buf[548];
	struct emit e = emit_to(buf, sizeof(buf));

	(void)state;
	dhcp_emit(&e, &r);
	assert_false(e.bad);
	assert_in_range(e.n, 300, 548);
	for (size_t cap = 0; cap < 300; cap++) { /* what does not fit is said */
		e = emit_to(buf, cap);
		dhcp_emit(&e, &r);
		assert_true(e.bad);
	}
	r = (struct dhcp_request){.type = DHCPRELEASE, .ciaddr = 2, .server_id = 3, .uuid = uuid};
	e = emit_to(buf, sizeof(buf));
	dhcp_emit(&e, &r);
	assert_int_equal(e.n, 300);
	assert_int_equal(buf[10], 0); /* no broadcast flag with an address */
	assert_memory_equal(
		buf + 240, "\65\1\7\66\4\0\0\0\3\377\0", 11); /* RFC 2131 table 5: nothing else */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_short_options),
		cmocka_unit_test(test_overload),
		cmocka_unit_test(test_long_option),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_encapsulated),
		cmocka_unit_test(test_boot_names),
		cmocka_unit_test(test_emit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
