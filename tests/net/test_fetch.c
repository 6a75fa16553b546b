/* SPDX-License-Identifier: BSD-2-Clause */
/* Fetches apart from how they are filled: slots, URLs, links, and what the console is told. */
#include "tests/net/server.h"

/* A filler that does what the test says. */
static unsigned cancelled;

static int fake_start(struct fetch *f)
{
	if (!strcmp(f->url.path, "/fails"))
		return -ERR_TFTP_ERROR;
	return image_open(f->m, f->name, f->uri, 1000, NULL, &f->image);
}

static void fake_cancel(struct fetch *f)
{
	(void)f;
	cancelled++;
}

static const struct filler_ops fake_filler = {"fake", fake_start, fake_cancel};
static const struct filler_ops *const schemes[] = {&fake_filler, NULL};

static struct lan *fetch_lan(unsigned n)
{
	struct lan *lan = server_lan(n);

	((struct net_config *)(uintptr_t)lan->net.config)->schemes = schemes;
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(netdev_open(lan_link(lan, i)), 0);
		lan_configure(lan_link(lan, i));
	}
	lan_turn(lan);
	cancelled = 0;
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
		{"fake://server/x", ERR_NO_NAMES},
		{"fake://10.0.0.256/x", ERR_NO_NAMES},
		{"fake://10.9.9.9/x", ERR_NO_ROUTE},
		{"fake://10.0.0.9/fails", ERR_TFTP_ERROR},
	};
	struct lan *lan = fetch_lan(1);
	char longest[URL_MAX + 1];
	struct fetch *f;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
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
		cmocka_unit_test(test_progress),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
