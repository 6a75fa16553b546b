/* SPDX-License-Identifier: BSD-2-Clause */
/* Fetches apart from how they are filled: slots, URLs, links, and what the console is told. */
#include "tests/net/dns_wire.h"
#include "tests/net/server.h"
#include "tests/unit.h"

/* A filler that does what the test says. */
static unsigned started, cancelled;

/* A path that begins with "/later" gets its image later, if ever. */
static int fake_start(struct fetch *f)
{
	started++;
	if (!strcmp(f->url.path, "/fails"))
		return -ERR_TFTP_ERROR;
	if (!strncmp(f->url.path, "/later", 6))
		return 0;
	return image_open(f->m, f->name, f->uri, 1000, NULL, &f->image);
}

static void fake_cancel(struct fetch *f)
{
	(void)f;
	cancelled++;
}

static const struct filler_ops fake_filler = {"fake", fake_start, fake_cancel, NULL};
static const struct filler_ops other_filler = {"other", fake_start, fake_cancel, NULL};
static const struct filler_ops *const schemes[] = {&fake_filler, &other_filler, NULL};

static struct lan *fetch_lan(unsigned n)
{
	struct lan *lan = server_lan(n);

	((struct net_config *)(uintptr_t)lan->net.config)->schemes = schemes;
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(netdev_open(lan_link(lan, i)), 0);
		lan_configure(lan_link(lan, i));
	}
	lan_turn(lan);
	started = cancelled = 0;
	return lan;
}

static void fill(struct fetch *f, uint64_t off, unsigned n)
{
	static const uint8_t zeros[1000];

	assert_int_equal(image_put(f->m, f->image, off, zeros, n), 0);
	fetch_got(f, n);
}

static void test_refused(void **state)
{
	static const struct {
		const char *uri;
		int err;
	} row[] = {
		{"fake:/x", ERR_BAD_URL},
		{"fake:///x", ERR_BAD_URL},
		{"", ERR_BAD_URL},
		{"http://10.0.0.9/", ERR_NO_SCHEME},
		{"fake://two..dots/x", ERR_BAD_URL},
		{"fake://[fe80::1]/x", ERR_BAD_URL},
		{"fake://10.9.9.9/x", ERR_NO_ROUTE},
		{"fake://10.0.0.9/fails", ERR_TFTP_ERROR},
	};
	struct lan *lan = fetch_lan(1);
	char longest[URL_MAX + 1];
	struct fetch *f;

	(void)state;
	for (size_t i = 0; i < ROWS(row); i++) {
		assert_int_equal(fetch_start(&lan->m, row[i].uri, "n", NULL, &f), -row[i].err);
		assert_null(lan->net.fetch[0].m);
	}
	memset(longest, 'a', sizeof(longest));
	longest[URL_MAX] = 0;
	memcpy(longest, "fake://10.0.0.9/", 16);
	assert_int_equal(fetch_start(&lan->m, longest, "n", NULL, &f), -ERR_BAD_URL);
	assert_int_equal(
		fetch_start(&lan->m, "fake://10.0.0.9/x", longest, NULL, &f), -ERR_BAD_URL);
	lan_end(lan);
}

static void test_slots(void **state)
{
	struct lan *lan = fetch_lan(2);
	struct fetch *f[FETCH_MAX + 1];

	(void)state;
	for (unsigned i = 0; i < FETCH_MAX; i++) {
		assert_int_equal(
			fetch_start(&lan->m, i & 1 ? "fake://10.0.1.9/x" : "fake://10.0.0.9/x", "n",
				NULL, &f[i]),
			0);
		assert_ptr_equal(f[i]->dev, lan_link(lan, i & 1));
	}
	assert_int_equal(fetch_start(&lan->m, "fake://10.0.0.9/x", "n", NULL, &f[FETCH_MAX]),
		-ERR_FETCH_BUSY);
	fetch_cancel(f[1]);
	assert_int_equal(cancelled, 1);
	assert_int_equal(fetch_start(&lan->m, "fake://10.0.0.9/x", "n", NULL, &f[1]), 0);
	for (unsigned i = 0; i < FETCH_MAX; i++)
		fetch_cancel(f[i]);
	assert_null(image_nth(&lan->m, 0));
	lan_end(lan);
}

static void test_ends(void **state)
{
	struct lan *lan = fetch_lan(1);
	struct image *img;
	struct fetch *f;

	(void)state;
	assert_int_equal(fetch_start(&lan->m, "fake://10.0.0.9/x", "n", NULL, &f), 0);
	fill(f, 0, 1000);
	fetch_done(f, 0);
	assert_true(f->finished);
	img = fetch_end(f);
	assert_non_null(img);
	assert_int_equal(img->state, IMAGE_READY);
	assert_string_equal(img->name, "n");
	assert_string_equal(img->uri, "fake://10.0.0.9/x");
	assert_int_equal(cancelled, 0);
	image_free(&lan->m, img);

	/* A filler that says it is done when it is not. */
	assert_int_equal(fetch_start(&lan->m, "fake://10.0.0.9/x", "n", NULL, &f), 0);
	fill(f, 0, 999);
	fetch_done(f, 0);
	assert_int_equal(f->result, -ERR_IMAGE_INCOMPLETE);
	assert_null(fetch_end(f));
	assert_null(image_nth(&lan->m, 0));

	assert_int_equal(fetch_start(&lan->m, "fake://10.0.0.9/x", "n", NULL, &f), 0);
	fetch_done(f, -ERR_TFTP_ERROR);
	fetch_cancel(f); /* the filler has ended: nothing to cancel there */
	assert_int_equal(cancelled, 0);
	assert_null(image_nth(&lan->m, 0));
	lan_end(lan);
}

static struct fetch *begin(struct lan *lan, const char *uri)
{
	struct fetch *f;

	assert_int_equal(fetch_start(&lan->m, uri, "n", "path", &f), 0);
	return f;
}

/* The filler's words still stand when fetch_redirect() has returned; a turn later all is new. */
static void test_redirect(void **state)
{
	struct lan *lan = fetch_lan(2);
	struct fetch *f = begin(lan, "fake://user:pw@10.0.0.9/later/dir/x?q");
	struct image *img;

	(void)state;
	fetch_redirect(f, "../y");
	fetch_redirect(f, "twice");
	assert_string_equal(f->url.path, "/later/dir/x?q");
	assert_int_equal(started, 1);
	assert_int_equal(cancelled, 0);
	lan_pass(lan, 10);
	assert_int_equal(started, 2);
	assert_int_equal(cancelled, 1);
	assert_string_equal(f->uri, "fake://user:pw@10.0.0.9/later/y");
	assert_string_equal(f->url.path, "/later/y");
	assert_ptr_equal(f->ops, &fake_filler);
	fetch_redirect(f, "other://10.0.1.9/z"); /* another scheme, server and link */
	fetch_done(f, -ERR_TFTP_ERROR);		 /* it has ended by itself: no reason to cancel */
	assert_false(f->finished);
	lan_pass(lan, 10);
	assert_int_equal(cancelled, 1);
	assert_ptr_equal(f->ops, &other_filler);
	assert_ptr_equal(f->dev, lan_link(lan, 1));
	fill(f, 0, 1000);
	fetch_done(f, 0);
	img = fetch_end(f);
	assert_string_equal(img->uri, "other://10.0.1.9/z");
	assert_string_equal(img->name, "n");
	image_free(&lan->m, img);
	lan_end(lan);
}

/* What was fetched of the first place does not stay. */
static void test_redirect_drops_image(void **state)
{
	struct lan *lan = fetch_lan(1);
	struct fetch *f = begin(lan, "fake://10.0.0.9/x");

	(void)state;
	fill(f, 0, 500);
	fetch_redirect(f, "/later");
	lan_pass(lan, 10);
	assert_null(f->image);
	assert_int_equal(f->bytes, 0);
	assert_null(image_nth(&lan->m, 0));
	fetch_redirect(f, "/x");
	lan_pass(lan, 10);
	assert_non_null(f->image);
	fetch_redirect(f, "/y");
	fetch_cancel(f); /* before the filler was cancelled for that */
	assert_int_equal(cancelled, 3);
	lan_pass(lan, 10);
	assert_int_equal(started, 3);
	assert_null(image_nth(&lan->m, 0));
	lan_end(lan);
}

static void test_redirect_refused(void **state)
{
	static const struct {
		const char *ref;
		int err;
	} row[] = {
		{"", ERR_BAD_URL},
		{"fake:///x", ERR_BAD_URL},
		{"/with blank", ERR_BAD_URL},
		{"ftp://10.0.0.9/", ERR_NO_SCHEME},
		{"fake://10.9.9.9/x", ERR_NO_ROUTE},
		{"/fails", ERR_TFTP_ERROR},
	};
	struct lan *lan = fetch_lan(1);
	char longest[URL_MAX + 1] = "fake://10.0.0.9/";
	struct fetch *f;

	(void)state;
	memset(longest + 16, 'a', sizeof(longest) - 17);
	for (size_t i = 0; i <= ROWS(row); i++) {
		cancelled = 0;
		f = begin(lan, "fake://10.0.0.9/later");
		fetch_redirect(f, i < ROWS(row) ? row[i].ref : longest);
		assert_false(f->finished);
		lan_pass(lan, 10);
		assert_true(f->finished);
		assert_int_equal(f->result, i < ROWS(row) ? -row[i].err : -ERR_BAD_URL);
		assert_int_equal(cancelled, 1);
		assert_null(fetch_end(f));
	}
	lan_end(lan);
}

/* Twenty hops are a way, one more is a circle. */
static void test_redirect_circle(void **state)
{
	struct lan *lan = fetch_lan(1);
	struct fetch *f = begin(lan, "fake://10.0.0.9/later");

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		fetch_redirect(f, "later");
		lan_pass(lan, 10);
		assert_false(f->finished);
	}
	assert_int_equal(started, 21);
	fetch_redirect(f, "later");
	lan_pass(lan, 10);
	assert_int_equal(f->result, -ERR_REDIRECTS);
	assert_int_equal(started, 21);
	assert_int_equal(cancelled, 21);
	assert_null(fetch_end(f));
	lan_end(lan);
}

/* -- names -- */

/* The question for host.lab. */
static struct sent asked(struct lan *lan)
{
	struct sent s;

	if (!server_wait(lan, &s, 10 * MS) || s.dport != 53)
		fail_msg("no question");
	assert_string_equal((const char *)s.data + 12, "\4host\3lab");
	return s;
}

static void told(struct lan *lan, const struct sent *s, unsigned flags, unsigned n, va_list ap)
{
	struct dmsg d = dmsg_to(wire_get16(s->data), W_ANSWER | flags, "host.lab", W_A);

	while (n--)
		dmsg_a(&d, NULL, 0, va_arg(ap, uint32_t));
	server_put(lan, s->link, s->dst, s->src, 53, s->sport, d.b, d.n);
	lan_pass(lan, 10);
}

/* A fetch from a name with these addresses; nothing was tried of it when there are none. */
static struct fetch *begin_at(struct lan *lan, unsigned n, ...)
{
	struct fetch *f;
	struct sent s;
	va_list ap;

	setting_set(&lan->m, "dns", "10.0.0.53");
	f = begin(lan, "fake://host.lab/later");
	assert_int_equal(started, 0);
	s = asked(lan);
	va_start(ap, n);
	told(lan, &s, n ? 0 : 3, n, ap);
	va_end(ap);
	assert_null(f->query);
	return f;
}

static void test_name(void **state)
{
	struct lan *lan = fetch_lan(2);
	struct fetch *f = begin_at(lan, 2, IP4(10, 0, 1, 9), IP4(10, 0, 0, 9));
	char text[160];

	(void)state;
	assert_int_equal(started, 1);
	assert_ptr_equal(f->dev, lan_link(lan, 1));
	assert_int_equal(f->naddr, 2);
	assert_int_equal(ip4_u32(&f->server), IP4(10, 0, 1, 9));
	assert_string_equal(f->url.host, "host.lab");
	fetch_progress(f, text, sizeof(text));
	assert_string_equal(text, "n: asking host.lab");
	assert_int_equal(image_open(f->m, f->name, f->uri, 1000, NULL, &f->image), 0);
	fill(f, 0, 1000);
	f->start_us = lan->m.now_us;
	fetch_done(f, 0);
	fetch_summary(f, text, sizeof(text));
	assert_non_null(strstr(text, "/s from host.lab (10.0.1.9) by net1"));
	image_free(&lan->m, fetch_end(f));
	lan_end(lan);
}

static void test_name_unknown(void **state)
{
	struct lan *lan = fetch_lan(1);
	struct fetch *f = begin_at(lan, 0);

	(void)state;
	assert_true(f->finished);
	assert_int_equal(f->result, -ERR_DNS_NAME);
	assert_int_equal(started, 0);
	assert_null(fetch_end(f));
	/* One with an address that no link leads to, and nobody to be asked. */
	lan_pass(lan, 6 * S);
	f = begin_at(lan, 1, IP4(10, 9, 9, 9));
	assert_true(f->finished);
	assert_int_equal(f->result, -ERR_NO_ROUTE);
	assert_int_equal(started, 0);
	assert_null(fetch_end(f));
	setting_clear(&lan->m, "dns");
	f = begin(lan, "fake://host.lab/later");
	lan_pass(lan, 10);
	assert_int_equal(f->result, -ERR_NO_DNS);
	assert_null(fetch_end(f));
	lan_end(lan);
}

/* Nothing is left of it: not in the turn in which it began, nor while it waits. */
static void test_name_cancelled(void **state)
{
	struct lan *lan = fetch_lan(1);
	struct fetch *f;
	char text[160];

	(void)state;
	setting_set(&lan->m, "dns", "10.0.0.53");
	for (unsigned i = 0; i < 2 * DNS_QUERY_MAX; i++) {
		f = begin(lan, "fake://host.lab/later");
		if (i & 1)
			lan_pass(lan, 10);
		fetch_progress(f, text, sizeof(text));
		assert_string_equal(text, "n: looking up host.lab");
		fetch_cancel(f);
	}
	lan_pass(lan, 20 * S);
	assert_null(lan->net.socks);
	assert_int_equal(started, 0);
	assert_int_equal(cancelled, 0);
	lan_end(lan);
}

/* A redirect to a name, and from a name with addresses to spare to a number. */
static void test_name_redirect(void **state)
{
	struct lan *lan = fetch_lan(2);
	struct fetch *f = begin(lan, "fake://10.0.0.9/later");
	struct ip_addr addr[2] = {ip4_of(IP4(10, 0, 1, 9)), ip4_of(IP4(10, 0, 1, 10))};
	struct sent s;
	struct dmsg d;

	(void)state;
	setting_set(&lan->m, "dns", "10.0.0.53");
	fetch_redirect(f, "other://host.lab/later");
	s = asked(lan);
	assert_int_equal(started, 1);
	assert_int_equal(cancelled, 1);
	d = dmsg_to(wire_get16(s.data), W_ANSWER, "host.lab", W_A);
	dmsg_a(&d, NULL, 0, ip4_u32(&addr[0]));
	dmsg_a(&d, NULL, 0, ip4_u32(&addr[1]));
	server_put(lan, 0, s.dst, s.src, 53, s.sport, d.b, d.n);
	lan_pass(lan, 10);
	assert_int_equal(started, 2);
	assert_ptr_equal(f->ops, &other_filler);
	assert_true(ip_eq(&f->server, &addr[0]));
	fetch_redirect(f, "fake://10.0.0.9/later");
	lan_pass(lan, 10);
	assert_int_equal(f->naddr, 1);
	fetch_done(f, -ERR_UNREACHABLE); /* the other's second address is none of this one */
	assert_int_equal(f->result, -ERR_UNREACHABLE);
	assert_null(fetch_end(f));
	lan_end(lan);
}

static void test_next_address(void **state)
{
	struct lan *lan = fetch_lan(2);
	/* The third is not to be reached at all and costs nothing. */
	struct fetch *f = begin_at(
		lan, 4, IP4(10, 0, 0, 9), IP4(10, 0, 0, 10), IP4(10, 9, 9, 9), IP4(10, 0, 1, 9));

	(void)state;
	err_set(&lan->m, ERR_ARP_TIMEOUT, "the first");
	fetch_done(f, -ERR_ARP_TIMEOUT);
	assert_int_equal(started, 1); /* not from inside of the filler */
	lan_pass(lan, 10);
	assert_int_equal(started, 2);
	assert_int_equal(cancelled, 0);
	assert_int_equal(ip4_u32(&f->server), IP4(10, 0, 0, 10));
	fetch_done(f, -ERR_UNREACHABLE);
	lan_pass(lan, 10);
	assert_int_equal(started, 3);
	assert_int_equal(ip4_u32(&f->server), IP4(10, 0, 1, 9));
	assert_ptr_equal(f->dev, lan_link(lan, 1));
	assert_int_equal(f->retries, 3);
	assert_int_equal(lan->m.err.code, 0); /* the console shows what the last address has said */
	fetch_done(f, -ERR_TFTP_TIMEOUT);
	assert_int_equal(f->result, -ERR_TFTP_TIMEOUT);
	assert_null(fetch_end(f));

	started = 0;
	f = begin_at(lan, 2, IP4(10, 0, 0, 9),
		IP4(10, 9, 9, 9)); /* no more behind the one without a way */
	fetch_done(f, -ERR_LINK_DOWN);
	lan_pass(lan, 10);
	assert_int_equal(f->result, -ERR_NO_ROUTE);
	assert_null(fetch_end(f));
	lan_end(lan);
}

/* A server that was reached has the last word, and so has one that has begun to deliver. */
static void test_no_next_address(void **state)
{
	struct lan *lan = fetch_lan(1);
	struct fetch *f = begin_at(lan, 2, IP4(10, 0, 0, 9), IP4(10, 0, 0, 10));

	(void)state;
	fetch_done(f, -ERR_TFTP_NOT_FOUND);
	assert_int_equal(f->result, -ERR_TFTP_NOT_FOUND);
	assert_null(fetch_end(f));

	started = 0;
	f = begin_at(lan, 2, IP4(10, 0, 0, 9), IP4(10, 0, 0, 10));
	assert_int_equal(image_open(f->m, "n", "u", 1000, NULL, &f->image), 0);
	fetch_done(f, -ERR_TFTP_TIMEOUT);
	assert_int_equal(f->result, -ERR_TFTP_TIMEOUT);
	assert_null(fetch_end(f));
	assert_null(image_nth(&lan->m, 0));

	started = 0;
	f = begin_at(lan, 2, IP4(10, 0, 0, 9), IP4(10, 0, 0, 10));
	fetch_done(f, -ERR_TFTP_TIMEOUT);
	fetch_cancel(f); /* between two addresses nothing runs */
	lan_pass(lan, 10);
	assert_int_equal(started, 1);
	assert_int_equal(cancelled, 0);
	lan_end(lan);
}

static void test_progress(void **state)
{
	struct lan *lan = fetch_lan(1);
	struct fetch *f;
	char text[160], tiny[8];

	(void)state;
	assert_int_equal(fetch_start(&lan->m, "fake://10.0.0.9/x", "vmlinuz", NULL, &f), 0);
	fetch_progress(f, text, sizeof(text));
	assert_string_equal(text, "vmlinuz: asking 10.0.0.9");
	fill(f, 0, 100);
	f->image->total = 29000000;
	f->bytes = 12345678;
	lan->m.now_us += 500 * MS;
	fetch_progress(f, text, sizeof(text));
	assert_string_equal(text, "vmlinuz 42% 12.3 MB of 29.0 MB 24.6 MB/s 0:00 left");
	lan->m.now_us += 9500 * MS;
	fetch_progress(f, text, sizeof(text));
	assert_string_equal(text, "vmlinuz 42% 12.3 MB of 29.0 MB 1.23 MB/s 0:13 left");
	lan->m.now_us += 100000ull * S;
	fetch_progress(f, text, sizeof(text));
	assert_string_equal(text, "vmlinuz 42% 12.3 MB of 29.0 MB 123 bytes/s 99:59 left");
	f->image->total = IMAGE_SIZE_UNKNOWN;
	fetch_progress(f, text, sizeof(text));
	assert_string_equal(text, "vmlinuz 12.3 MB 123 bytes/s");
	fetch_progress(f, tiny, sizeof(tiny));
	assert_string_equal(tiny, "vmlinuz");
	f->start_us = 0;
	f->first_byte_us = 100 * MS;
	f->end_us = 600 * MS;
	fetch_summary(f, text, sizeof(text));
	assert_string_equal(
		text, "fetched vmlinuz: 12.3 MB in 0.60 s, 24.6 MB/s from 10.0.0.9 by net0");
	f->retries = 3;
	f->bytes = UINT64_MAX / 4096;
	fetch_summary(f, text, sizeof(text));
	assert_non_null(strstr(text, ", 3 retries"));
	fetch_cancel(f);
	lan_end(lan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_redirect),
		cmocka_unit_test(test_redirect_drops_image),
		cmocka_unit_test(test_redirect_refused),
		cmocka_unit_test(test_redirect_circle),
		cmocka_unit_test(test_name),
		cmocka_unit_test(test_name_unknown),
		cmocka_unit_test(test_name_cancelled),
		cmocka_unit_test(test_name_redirect),
		cmocka_unit_test(test_next_address),
		cmocka_unit_test(test_no_next_address),
		cmocka_unit_test(test_progress),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
