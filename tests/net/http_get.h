/* SPDX-License-Identifier: BSD-2-Clause */
/* A fetch over the rig's peers: its beginning, its connections in turn, and how it must have ended.
 */
#ifndef TESTS_NET_HTTP_GET_H
#define TESTS_NET_HTTP_GET_H

#include "tests/net/http_rig.h"
#include "tests/unit.h"

#define TAG "ETag: \"v1\"\r\n"

static inline int setup(void **state)
{
	(void)state;
	rig_init();
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	rig_end();
	return 0;
}

static inline struct peer *begin_uri(const char *uri)
{
	struct peer *p;

	assert_int_equal(fetch_start(&rig.m, uri, "file", NULL, &rig.f), 0);
	assert_true(rig.npeers > 0);
	p = &rig.peer[rig.npeers - 1];
	if (!p->opened)
		peer_open(p);
	return p;
}

static inline struct peer *begin(void)
{
	return begin_uri("http://10.0.0.9/file");
}

static inline void expect_result(int result)
{
	assert_true(rig.f->finished);
	assert_int_equal(rig.f->result, result);
	if (result)
		assert_int_equal(rig.m.err.code, -result);
}

static inline void end_fetch(void)
{
	struct image *img = fetch_end(rig.f);

	if (img)
		image_free(&rig.m, img);
	rig.f = NULL;
}

/* It has ended well with the file's first size bytes. */
static inline void expect_file(size_t size)
{
	uint8_t *b = malloc(size + 1);

	expect_result(0);
	assert_int_equal(rig.f->image->total, size);
	assert_int_equal(rig.f->bytes, size);
	assert_true(image_get(&rig.m, rig.f->image, 0, b, size));
	for (size_t i = 0; i < size; i++)
		if (b[i] != file_byte(i))
			fail_msg("byte %zu", i);
	free(b);
	end_fetch();
}

static inline void expect_error(enum err code)
{
	expect_result(-(int)code);
	assert_null(fetch_end(rig.f));
	rig.f = NULL;
	err_clear(&rig.m);
}

/* The connection made last, opened. */
static inline struct peer *next_peer_now(void)
{
	struct peer *p = &rig.peer[rig.npeers - 1];

	assert_true(p->live && !p->opened);
	peer_open(p);
	return p;
}

/* The connection on which something is asked next, within 200 s. */
static inline struct peer *next_peer(void)
{
	for (unsigned i = 0; i < 2000; i++) {
		for (struct peer *p = rig.peer; p < rig.peer + rig.npeers; p++) {
			if (p->live && !p->opened)
				peer_open(p);
			if (p->live && p->end > p->asked)
				return p;
		}
		rig_pass(RIG_SECOND / 10);
	}
	fail_msg("nothing is asked");
	return NULL;
}

/* The head of [from, to) of a file of so many bytes. */
static inline void peer_part(struct peer *p, uint64_t from, uint64_t to, uint64_t total)
{
	char text[200];

	snprintf(text, sizeof(text),
		"HTTP/1.1 206 Part\r\n" TAG "Content-Range: bytes %llu-%llu/%llu\r\n"
		"Content-Length: %llu\r\n\r\n",
		(unsigned long long)from, (unsigned long long)to - 1, (unsigned long long)total,
		(unsigned long long)(to - from));
	peer_text(p, text);
}

#endif
