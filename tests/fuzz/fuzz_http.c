/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: what servers say to the HTTP client while it fetches two files, over streams.
 *
 * The input is a list of records: a letter, a byte, and for some what follows.
 *	'D' n	the next n bytes, in order
 *	'L' n	so many KiB of the file, in order
 *	'O' n	the next byte says how far behind, then n bytes there
 *	'F' 'G'	the server closes; the connection is reset
 *	'T' n	n * 100 ms pass
 *	'P' n	from now on it is about the connection made as the n-th before the last one
 * 'I' n as the very first one: the first file is a late initrd, the second fetch is the kernel's.
 * Whatever comes: an end in bounded time, an image only when all its bytes came, nothing leaked,
 *and in the kernel's memory nothing written but its buffer.
 */
#include "core/initrd.h"
#include "net/initrd_fetch.h"
#include "tests/net/http_rig.h"

#define FETCHES	   2
#define BUFFER	   0xc00000u
#define BUFFER_MAX 0x80000u

static struct initrd_fill fill;
static bool late; /* the first is an initrd; filling: the second is the kernel's */
static bool filling;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The connection that is n before the last one. */
static struct peer *peer_nth(unsigned n)
{
	return rig.npeers ? &rig.peer[n < rig.npeers ? rig.npeers - 1 - n : 0] : NULL;
}

static void start(void)
{
	rig_check(!fetch_start(&rig.m, "http://u:p@10.0.0.9/file", "file", NULL, &rig.f), "start");
	if (late)
		rig.f->open = initrd_late_open;
}

/* The kernel asks for what was found to be there. */
static void fill_start(struct image *img)
{
	rig_check(img->state == IMAGE_LATE && !img->capacity, "late");
	img->initrd = true;
	if (img->total > BUFFER_MAX) {
		image_free(&rig.m, img);
		return;
	}
	memset(rig.fake.ram + BUFFER, 0xa7, BUFFER_MAX + 4096);
	rig.m.boot.kind = BOOT_EFI;
	initrd_fill_start(&rig.m, &fill, BUFFER, initrd_total(&rig.m));
	filling = !initrd_fill_poll(&fill);
	rig_check(filling == (fill.f != NULL), "nothing comes");
	rig.f = fill.f;
	if (!filling)
		image_free(&rig.m, img);
}

static void fill_finish(void)
{
	struct image *img = image_nth(&rig.m, 0);

	rig_check(initrd_fill_poll(&fill), "no end");
	rig_check(fill.result || image_complete(&fill.image), "holes");
	for (uint64_t i = img->total; i < BUFFER_MAX + 4096; i++)
		rig_check(rig.fake.ram[BUFFER + i] == 0xa7, "beyond the buffer");
	rig_check(img->state == IMAGE_LATE, "used up");
	image_free(&rig.m, img);
	rig.f = NULL;
	filling = false;
}

/* What a fetch gives has no holes. */
static void finish(void)
{
	struct image *img;
	bool good = !rig.f->result;

	if (filling) {
		fill_finish();
		return;
	}
	img = fetch_end(rig.f);
	rig.f = NULL;
	rig_check(!img == !good, "an image and an error");
	if (!img)
		return;
	if (img->state == IMAGE_LATE) {
		fill_start(img);
		return;
	}
	rig_check(image_complete(img) && ranges_bytes(&img->have) == img->total, "holes");
	image_free(&rig.m, img);
}

/* Opens, and takes what is asked; what that is must make sense. */
static void listen_to(struct peer *p)
{
	const char *request;

	if (p->live && !p->opened)
		peer_open(p);
	if (!p->live || p->asked == p->end)
		return;
	request = peer_request(p);
	rig_check(str_starts(request, "GET /"), "no request");
	rig_check(strstr(request, "\r\n\r\n") == request + strlen(request) - 4, "its end");
	rig_check(strstr(request, "\r\nHost: ") != NULL, "its host");
}

/* One record of n bytes at most; how many it took. */
static size_t record(struct peer *p, const uint8_t *data, size_t n)
{
	size_t len = data[1];

	if (data[0] == 'T') {
		rig_pass(len * 100000);
	} else if (data[0] == 'F') {
		peer_fin(p);
	} else if (data[0] == 'G') {
		peer_gone(p, len ? -ERR_UNREACHABLE : 0);
	} else if (data[0] == 'L') {
		peer_file(p, 0, len << 10);
	} else if (data[0] == 'O' && n > 2) {
		len = len < n - 3 ? len : n - 3;
		peer_data_at(p, p->sent + data[2], data + 3, len);
		return 3 + len;
	} else if (data[0] == 'D') {
		len = len < n - 2 ? len : n - 2;
		peer_data(p, data + 2, len);
		return 2 + len;
	}
	return 2;
}

static void converse(const uint8_t *data, size_t size)
{
	unsigned nth = 0;

	for (unsigned fetches = 0; fetches < FETCHES; fetches++) {
		if (!filling)
			start();
		late = false;
		while (size >= 2 && !rig.f->finished) {
			size_t n;

			for (unsigned i = 0; i < rig.npeers; i++)
				listen_to(&rig.peer[i]);
			if (data[0] == 'P')
				nth = data[1];
			n = record(peer_nth(nth), data, size);
			data += n;
			size -= n;
		}
		/* Silence, however often the server asked to wait. */
		for (unsigned i = 0; i < 40 && !rig.f->finished; i++)
			rig_pass(70 * RIG_SECOND);
		rig_check(rig.f->finished, "no end");
		finish();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	rig_init();
	filling = false;
	late = size >= 2 && data[0] == 'I';
	if (late)
		converse(data + 2, size - 2);
	else
		converse(data, size);
	rig_end();
	return 0;
}
