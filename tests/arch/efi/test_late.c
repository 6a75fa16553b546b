/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arch/efi/late.c: what a payload asks for and a server brings then, which is not always what it
 * once said. The server is a scheme of the test's, "test"; net/test_initrd_fetch.c has all that can
 * happen to a region.
 */
#include "tests/arch/efi/nic_rig.h"
#include "arch/efi/late.h"
#include "core/initrd.h"

#define SIZE   5000u
#define BUFFER (12 << 20) /* the kernel's */

static struct {
	struct net_config net_config;
	struct timer timer;
	uint64_t size; /* of its file */
	bool chunked;  /* it does not say so */
	int lost;      /* how it ends, in the middle; 0: well */
	unsigned requests;
	bool raw; /* while it sent, frames were somebody else's */
	struct image *late;
} server;

uint64_t efi_now_us(void *ctx)
{
	(void)ctx;
	return rig.fake.now_us;
}

void efi_console_flush(void)
{
}

static uint8_t byte(uint64_t i)
{
	return (uint8_t)(i * 7 + i / 256);
}

static void server_send(struct machine *m, struct timer *t)
{
	struct fetch *f = t->ctx;
	uint64_t n = server.lost ? server.size / 2 : server.size;
	int rc = fetch_open(f, server.chunked ? IMAGE_SIZE_UNKNOWN : server.size);

	server.raw |= rig.dev->raw != NULL;
	for (uint64_t i = 0; i < n && !rc; i++) {
		uint8_t b = byte(i);

		rc = image_put(m, f->image, i, &b, 1);
		fetch_got(f, 1);
	}
	if (!rc)
		rc = server.lost ? server.lost : image_set_total(m, f->image, n);
	fetch_done(f, rc);
}

static int server_start(struct fetch *f)
{
	server.requests++;
	timer_init(&server.timer, server_send, f);
	timer_start(f->m, &server.timer, 1000);
	return 0;
}

static void server_cancel(struct fetch *f)
{
	timer_stop(f->m, &server.timer);
}

static int begin(void **state)
{
	static const struct filler_ops ops = {
		.scheme = "test", .start = server_start, .cancel = server_cancel};
	static const struct filler_ops *const schemes[] = {&ops, NULL};
	struct machine *m = &rig.sys.m;

	setup(state);
	memset(&server, 0, sizeof(server));
	server.size = SIZE;
	server.net_config = *rig.sys.net.config;
	server.net_config.schemes = schemes;
	rig.sys.net.config = &server.net_config;
	assert_int_equal(
		image_open_late(m, "late", "test://10.0.0.1/a", SIZE, NULL, &server.late), 0);
	server.late->initrd = INITRD_GUESSED;
	server.late->mode = 0600;
	server.late->seq = 77;
	m->boot.kind = BOOT_EFI;
	assert_true(efi_enter(&(EFI_TPL){0}));
	return 0;
}

static int finish(void **state)
{
	efi_leave(EFI_TPL_APPLICATION);
	for (unsigned i = 0; i < FETCH_MAX; i++)
		assert_null(rig.sys.net.fetch[i].m);
	assert_int_equal(rig.sys.m.err.code, 0); /* who has called us was told, and that was it */
	image_free_all(&rig.sys.m);
	return teardown(state);
}

static bool printed(const char *text)
{
	return strstr(fake_text(&rig.fake), text);
}

/* Nothing has come of it but words; the image can be had another time. */
static void check_failed(const char *words)
{
	assert_null(late_image(server.late));
	assert_true(printed(words));
	assert_int_equal(server.late->state, IMAGE_LATE);
	assert_ptr_equal(image_nth(&rig.sys.m, 0), server.late);
	assert_null(image_nth(&rig.sys.m, 1));
	fake_text_clear(&rig.fake);
}

static void check_image(void)
{
	struct image *img = late_image(server.late);
	uint8_t data[SIZE];

	assert_non_null(img);
	assert_ptr_equal(image_nth(&rig.sys.m, 0), img);
	assert_null(image_nth(&rig.sys.m, 1));
	assert_int_equal(img->state, IMAGE_READY);
	assert_string_equal(img->name, "late");
	assert_int_equal(img->initrd, INITRD_GUESSED);
	assert_int_equal(img->mode, 0600);
	assert_int_equal(img->seq, 77);
	assert_int_equal(img->total, SIZE);
	assert_true(image_get(&rig.sys.m, img, 0, data, SIZE));
	for (unsigned i = 0; i < SIZE; i++)
		assert_int_equal(data[i], byte(i));
}

static void test_image(void **state)
{
	(void)state;
	check_image();
	assert_int_equal(server.requests, 1);
}

/* Who asks was told a size: what has another is not that file, however its server says so. */
static void test_image_changed(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		server.chunked = i >= 2;
		server.size = i % 2 ? SIZE + 1 : SIZE - 1;
		check_failed(
			i % 2 ? "late has 5001 bytes, had 5000" : "late has 4999 bytes, had 5000");
	}
	server.size = 0;
	check_failed("E4015");
	server.size = SIZE;
	check_image();
}

static void test_image_lost(void **state)
{
	(void)state;
	server.lost = -ERR_TFTP_SHORT;
	check_failed("E4");
	server.lost = 0;
	strcpy(server.late->uri, "other://10.0.0.1/a");
	check_failed("other://10.0.0.1/a");
	strcpy(server.late->uri, "test://10.0.0.1/a");
	check_image();
}

static void check_region(EFI_STATUS expected)
{
	uint64_t n = initrd_total(&rig.sys.m);

	memset(rig.fake.ram + BUFFER, 0xa7, 2 * SIZE);
	assert_int_equal(n, SIZE);
	assert_int_equal(late_region((void *)(uintptr_t)BUFFER, (UINTN)n), expected);
	for (uint64_t i = 0; i < SIZE && !expected; i++)
		assert_int_equal(rig.fake.ram[BUFFER + i], byte(i));
	for (uint64_t i = n; i < 2 * SIZE; i++)
		assert_int_equal(rig.fake.ram[BUFFER + i], 0xa7);
}

static void test_region(void **state)
{
	(void)state;
	check_region(EFI_SUCCESS);
	for (unsigned i = 0; i < 4; i++) {
		server.chunked = i >= 2;
		server.size = i % 2 ? SIZE + 1 : SIZE - 1;
		check_region(EFI_DEVICE_ERROR);
	}
	server.size = SIZE;
	check_region(EFI_SUCCESS);
	assert_int_equal(server.late->state, IMAGE_LATE);
}

/* While a payload has the link to itself, its frames are ours for as long as it takes. */
static void test_borrowed(void **state)
{
	EFI_SIMPLE_NETWORK_PROTOCOL *snp = &rig.nic->snp.proto;

	(void)state;
	efi_leave(EFI_TPL_APPLICATION);
	assert_int_equal(snp->Start(snp), EFI_SUCCESS);
	assert_int_equal(snp->Initialize(snp, 0, 0), EFI_SUCCESS);
	assert_true(efi_enter(&(EFI_TPL){0}));
	check_region(EFI_SUCCESS);
	assert_false(server.raw);
	assert_non_null(rig.dev->raw);
	check_image();
	assert_false(server.raw);
	assert_non_null(rig.dev->raw);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_image),
		TEST(test_image_changed),
		TEST(test_image_lost),
		TEST(test_region),
		TEST(test_borrowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
