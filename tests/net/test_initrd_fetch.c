/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Late initrds: what `initrd` keeps of them, what other commands make of them, and how they come
 * into a buffer: by TFTP from a server by hand. The region must be, byte for byte, what a kernel
 * under BIOS would be given of the same files.
 */
#include "net/initrd_fetch.h"
#include "core/bzimage.h"
#include "core/initrd.h"
#include "tests/core/kernel.h"
#include "tests/net/server.h"
#include "tests/unit.h"

#define MIB	   ((uint64_t)1 << 20)
#define FILE_MAX   20000u
#define TID	   3333
#define BUFFER	   (12 * MIB) /* where the kernel wants its initrds */
#define BUFFER_MAX 0x40000u
#define GUARD	   0xa7

static struct file {
	char name[16];
	uint32_t size;	/* of what is there */
	uint64_t tsize; /* what the server says */
	bool silent;	/* it does not answer */
	uint32_t stops; /* it falls silent at this block; 0: never */
	uint8_t data[FILE_MAX];
} files[4];

static struct lan *lan;
static struct machine *m;
static const struct file *sending;
static unsigned client; /* port of the transfer */
static unsigned requests, errors[9], data_sent;
static struct initrd_fill fill;

static void file_make(unsigned i, const char *name, uint32_t size)
{
	uint64_t seed = 100 + i;

	strcpy(files[i].name, name);
	files[i].size = size;
	files[i].tsize = size;
	files[i].silent = false;
	files[i].stops = 0;
	for (uint32_t k = 0; k < size; k++)
		files[i].data[k] = (uint8_t)fake_random(&seed);
}

static int setup(void **state)
{
	struct net_config *config;

	(void)state;
	lan = server_lan(1);
	m = &lan->m;
	config = (struct net_config *)(uintptr_t)lan->net.config;
	config->initrd_open = initrd_late_open;
	assert_int_equal(netdev_open(lan_link(lan, 0)), 0);
	lan_configure(lan_link(lan, 0));
	lan_turn(lan);
	file_make(0, "first", 5000);
	file_make(1, "second", 1);
	file_make(2, "third", 512);
	file_make(3, "fourth", 12345);
	sending = NULL;
	requests = data_sent = 0;
	memset(errors, 0, sizeof(errors));
	memset(lan->fake.ram + BUFFER, GUARD, BUFFER_MAX);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (unsigned i = 0; i < FETCH_MAX; i++)
		assert_null(lan->net.fetch[i].m);
	image_free_all(m);
	lan_end(lan);
	return 0;
}

/* -- the server -- */

static void say(const void *data, uint32_t n)
{
	server_put(lan, 0, PEER(0), US(0), TID, client, data, n);
}

static void send_data(uint32_t block)
{
	uint8_t b[4 + 512] = {0, 3, (uint8_t)(block >> 8), (uint8_t)block};
	uint32_t at = (block - 1) * 512, n;

	if (at > sending->size || (sending->stops && block >= sending->stops))
		return;
	n = sending->size - at < 512 ? sending->size - at : 512;
	memcpy(b + 4, sending->data + at, n);
	data_sent++;
	say(b, 4 + n);
}

static void send_oack(void)
{
	char b[40] = "\0\6tsize";
	int n = 8 + snprintf(b + 8, 24, "%llu", (unsigned long long)sending->tsize) + 1;

	say(b, (uint32_t)n);
}

static void heard(const struct sent *s)
{
	unsigned op = wire_get16(s->data);

	if (op == 1) {
		requests++;
		client = s->sport;
		sending = NULL;
		for (unsigned i = 0; i < 4; i++)
			if (!strcmp((const char *)s->data + 2, files[i].name))
				sending = &files[i];
		if (!sending)
			say("\0\5\0\1gone", 9);
		else if (!sending->silent && sending->tsize == IMAGE_SIZE_UNKNOWN)
			send_data(1);
		else if (!sending->silent)
			send_oack();
	} else if (op == 4 && sending && s->sport == client) {
		send_data(wire_get16(s->data + 2) + 1u);
	} else if (op == 5) {
		errors[wire_get16(s->data + 2)]++;
		sending = NULL;
	}
}

/* Runs text as a script until it has ended; its exit status. */
static int run(const char *text)
{
	struct sent s;

	m->boot.kind = BOOT_NONE;
	fake_text_clear(&lan->fake);
	assert_int_equal(script_run_text(m, text, strlen(text)), 0);
	for (int i = 0; i < 10000 && m->boot.kind == BOOT_NONE; i++)
		if (server_wait(lan, &s, 100 * MS))
			heard(&s);
	assert_int_equal(m->boot.kind, BOOT_EXIT);
	return m->boot.exit_code;
}

static bool printed(const char *text)
{
	return strstr(fake_text(&lan->fake), text) != NULL;
}

static bool never(void *ctx)
{
	(void)ctx;
	return false;
}

/* One turn of a machine whose payload waits for it. */
static void background(void)
{
	struct sent s;

	machine_wait(m, never, NULL, lan->fake.now_us + 10 * MS);
	while (lan->nblocks)
		free(lan->blocks[--lan->nblocks]);
	while (server_next(lan, &s))
		heard(&s);
}

/* The kernel asks. */
static int fill_all(void)
{
	uint64_t total = initrd_total(m), seconds = 300;

	memset(lan->fake.ram + BUFFER, GUARD, BUFFER_MAX);
	m->boot.kind = BOOT_EFI;
	initrd_fill_start(m, &fill, BUFFER, total);
	for (unsigned i = 0; !initrd_fill_poll(&fill) && i < seconds * 100; i++)
		background();
	assert_true(fill.done);
	for (uint64_t i = total; i < BUFFER_MAX; i++)
		assert_int_equal(lan->fake.ram[BUFFER + i], GUARD);
	return fill.result;
}

/* -- what a kernel under BIOS is given -- */

static struct image *load(const struct file *f, const char *path)
{
	struct image *img;

	assert_int_equal(image_open(m, f->name, "", f->size, path, &img), 0);
	assert_int_equal(image_put(m, img, 0, f->data, f->size), 0);
	image_close(m, img);
	img->initrd = true;
	return img;
}

static void carry_out(const struct boot_request *req)
{
	uint8_t *ram = lan->fake.ram;

	for (unsigned i = 0; i < req->nmoves; i++) {
		const struct boot_move *mv = &req->moves[i];

		if (mv->src == BOOT_MOVE_ZERO)
			memset(ram + mv->dst, 0, (size_t)mv->n);
		else
			memmove(ram + mv->dst, ram + mv->src, (size_t)mv->n);
	}
	for (unsigned i = 0; i < req->nblobs; i++)
		memcpy(ram + req->blobs[i].dst, req->blob + req->blobs[i].off, req->blobs[i].n);
}

static const char *const paths[4] = {NULL, "/etc/second", "third", NULL};

static uint8_t *bios_region(uint64_t *size)
{
	static uint8_t kernel[KERNEL_MAX];
	const struct kernel_spec spec = {.version = 0x20f,
		.code_size = 4096,
		.initrd_addr_max = 0x7fffffff,
		.alignment = 4096,
		.relocatable = 1,
		.pref_address = 2 * MIB};
	uint32_t n = kernel_make(kernel, &spec, 1);
	struct image *img;
	uint8_t *region;

	for (unsigned i = 0; i < 4; i++)
		load(&files[i], paths[i])->mode = 0640;
	assert_int_equal(image_open(m, "kernel", "", n, NULL, &img), 0);
	assert_int_equal(image_put(m, img, 0, kernel, n), 0);
	img->state = IMAGE_READY;
	assert_int_equal(bzimage_type.prepare(m, img, &m->boot), 0);
	carry_out(&m->boot);
	*size = m->boot.initrd_size;
	region = malloc((size_t)*size);
	memcpy(region, lan->fake.ram + m->boot.initrd_start, (size_t)*size);
	image_free_all(m);
	return region;
}

static void check_region(void)
{
	uint64_t size, total = initrd_total(m);
	uint8_t *have = malloc((size_t)total), *want;

	memcpy(have, lan->fake.ram + BUFFER, (size_t)total);
	image_free_all(m);
	want = bios_region(&size);
	assert_int_equal(size, total);
	assert_memory_equal(have, want, (size_t)size);
	free(want);
	free(have);
}

/* -- tests -- */

static const char all_four[] = "initrd tftp://10.0.0.9/first\n"
			       "initrd tftp://10.0.0.9/second /etc/second mode=0640\n"
			       "initrd tftp://10.0.0.9/third third mode=0640\n"
			       "initrd tftp://10.0.0.9/fourth\n";

static void test_command(void **state)
{
	struct image *img;

	(void)state;
	assert_int_equal(run("initrd -n me tftp://10.0.0.9/first etc/it mode=0600"), 0);
	img = image_find(m, "me");
	assert_non_null(img);
	assert_int_equal(img->state, IMAGE_LATE);
	assert_true(img->initrd);
	assert_int_equal(img->total, 5000);
	assert_int_equal(img->mode, 0600);
	assert_string_equal(img->path, "etc/it");
	assert_string_equal(img->uri, "tftp://10.0.0.9/first");
	assert_true(printed("me: 5000 bytes, will be fetched when the kernel asks"));
	assert_false(printed("fetched me"));
	assert_int_equal(errors[8], 1); /* RFC 2347, 2349 */
	assert_int_equal(data_sent, 0);
	assert_int_equal(requests, 1);
	/* Others are fetched at once, whatever they turn out to be. */
	assert_int_equal(run("imgfetch tftp://10.0.0.9/third"), 0);
	assert_int_equal(image_find(m, "third")->state, IMAGE_READY);
	files[1].tsize = IMAGE_SIZE_UNKNOWN; /* nobody knows its size */
	assert_int_equal(run("initrd tftp://10.0.0.9/second"), 0);
	assert_int_equal(image_find(m, "second")->state, IMAGE_READY);
	assert_true(printed("fetched second: 1 bytes"));
	assert_int_equal(run("initrd tftp://10.0.0.9/missing"), ERR_TFTP_NOT_FOUND);
	assert_int_equal(run("initrd tftp://10.0.0.9/first dir/"), ERR_CPIO_NAME);
	assert_int_equal(run("initrd tftp://10.0.0.9/first x mode=9"), ERR_SCRIPT_USAGE);
	assert_null(image_find(m, "missing"));
	assert_null(image_find(m, "first"));
}

static void test_other_commands(void **state)
{
	(void)state;
	assert_int_equal(run("initrd tftp://10.0.0.9/first\nimgstat"), 0);
	assert_true(printed("first : 5000 bytes [initrd] [late]\n"));
	assert_int_equal(run("sha256sum first"), ERR_IMAGE_INCOMPLETE);
	assert_true(printed("first: comes when the kernel asks for it"));
	assert_int_equal(run("md5sum first"), ERR_IMAGE_INCOMPLETE);
	assert_int_equal(run("imgexec first"), ERR_IMAGE_TYPE);
	assert_int_equal(run("imgselect first"), ERR_IMAGE_TYPE);
	assert_int_equal(run("imgargs first a b\nimgstat first"), 0);
	assert_true(printed("[late] a b\n"));
	assert_int_equal(run("imgfree first"), 0);
	assert_null(image_find(m, "first"));
	assert_int_equal(run("initrd tftp://10.0.0.9/first\nimgfree"), 0);
	assert_null(image_nth(m, 0));
}

static void test_region(void **state)
{
	(void)state;
	assert_int_equal(run(all_four), 0);
	assert_int_equal(requests, 4);
	assert_int_equal(data_sent, 0);
	assert_int_equal(fill_all(), 0);
	assert_int_equal(requests, 8);
	assert_true(printed("fetched fourth: 12.3 kB"));
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(image_nth(m, i)->state, IMAGE_LATE);
	/* Once more: nothing was used up. */
	assert_int_equal(fill_all(), 0);
	check_region();
}

/* What is there already is copied. */
static void test_mixed(void **state)
{
	(void)state;
	files[0].tsize = files[2].tsize = IMAGE_SIZE_UNKNOWN;
	assert_int_equal(run(all_four), 0);
	assert_int_equal(image_find(m, "first")->state, IMAGE_READY);
	assert_int_equal(image_find(m, "second")->state, IMAGE_LATE);
	assert_int_equal(image_find(m, "third")->state, IMAGE_READY);
	requests = 0;
	assert_int_equal(fill_all(), 0);
	assert_int_equal(requests, 2);
	check_region();
}

static void test_present_only(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++)
		load(&files[i], paths[i])->mode = 0640;
	assert_int_equal(fill_all(), 0);
	assert_int_equal(requests, 0);
	check_region();
}

/* A server that had the size and now has none still has to bring as many bytes. */
static void test_size_not_announced_again(void **state)
{
	(void)state;
	assert_int_equal(run(all_four), 0);
	files[3].tsize = IMAGE_SIZE_UNKNOWN;
	assert_int_equal(fill_all(), 0);
	files[3].size--;
	assert_int_equal(fill_all(), -ERR_HTTP_CHANGED);
	assert_true(printed("fourth has 12344 bytes, had 12345"));
	files[3].size += 2;
	assert_int_equal(fill_all(), -ERR_IMAGE_MEMORY);
	files[3].size = 0;
	assert_int_equal(fill_all(), -ERR_HTTP_CHANGED);
	files[3].size = 12345;
	assert_int_equal(fill_all(), 0);
	check_region();
}

static void test_changed(void **state)
{
	(void)state;
	assert_int_equal(run(all_four), 0);
	for (files[2].tsize = 511; files[2].tsize <= 513; files[2].tsize += 2) {
		fake_text_clear(&lan->fake);
		data_sent = 0;
		assert_int_equal(fill_all(), -ERR_HTTP_CHANGED);
		assert_true(printed("E4015"));
		assert_true(printed("third has 51"));
		assert_int_equal(data_sent, 10 + 1); /* the first two files */
	}
	files[2].tsize = 1ull << 60;
	assert_int_equal(fill_all(), -ERR_HTTP_CHANGED);
	files[2].tsize = 512;
	/* It says so, but sends another number of bytes. */
	files[2].size = 513;
	assert_int_equal(fill_all(), -ERR_TFTP_LONG);
	files[2].size = 500;
	assert_int_equal(fill_all(), -ERR_TFTP_SHORT);
	files[2].size = 512;
	assert_int_equal(fill_all(), 0);
	check_region();
}

static void test_server_gone(void **state)
{
	(void)state;
	assert_int_equal(run(all_four), 0);
	files[1].silent = true;
	assert_int_equal(fill_all(), -ERR_TFTP_TIMEOUT);
	assert_true(printed("E4001"));
	assert_int_equal(m->err.code, 0); /* it was told */
	files[1].silent = false;
	files[3].stops = 7;
	assert_int_equal(fill_all(), -ERR_TFTP_TIMEOUT);
	files[3].stops = 0;
	strcpy(files[0].name, "other");
	assert_int_equal(fill_all(), -ERR_TFTP_NOT_FOUND);
	strcpy(files[0].name, "first");
	assert_int_equal(fill_all(), 0);
	check_region();
}

/* Nothing is written behind the end, whatever still arrives. */
static void test_cancelled(void **state)
{
	uint8_t *before = malloc(BUFFER_MAX);

	(void)state;
	assert_int_equal(run(all_four), 0);
	for (unsigned turns = 0; turns < 20; turns++) {
		initrd_fill_start(m, &fill, BUFFER, initrd_total(m));
		for (unsigned i = 0; i < turns && !initrd_fill_poll(&fill); i++)
			background();
		initrd_fill_cancel(&fill);
		assert_true(fill.done);
		assert_int_equal(fill.result, -ERR_CANCELLED);
		memcpy(before, lan->fake.ram + BUFFER, BUFFER_MAX);
		for (unsigned i = 0; i < 20; i++)
			background();
		assert_memory_equal(before, lan->fake.ram + BUFFER, BUFFER_MAX);
		assert_true(initrd_fill_poll(&fill));
	}
	free(before);
	assert_int_equal(fill_all(), 0);
	initrd_fill_cancel(&fill);
	assert_int_equal(fill.result, 0);
	check_region();
}

static void test_buffer_too_small(void **state)
{
	(void)state;
	assert_int_equal(run(all_four), 0);
	initrd_fill_start(m, &fill, BUFFER, initrd_total(m) - 1);
	assert_true(initrd_fill_poll(&fill));
	assert_int_equal(fill.result, -ERR_IMAGE_MEMORY);
	for (uint64_t i = 0; i < BUFFER_MAX; i++)
		assert_int_equal(lan->fake.ram[BUFFER + i], GUARD);
	/* An image that has come in the meantime is in nobody's plan. */
	memcpy(lan->fake.ram + BUFFER, "before", 6);
	{
		uint64_t size = initrd_total(m);

		load(&files[0], NULL);
		initrd_fill_start(m, &fill, BUFFER, size);
		assert_int_equal(fill.result, -ERR_IMAGE_MEMORY);
		assert_memory_equal(lan->fake.ram + BUFFER, "before", 6);
	}
}

/* Sizes whose sum begins anew at 0 would ask the kernel for a buffer of a few bytes. */
static void test_sum_of_sizes(void **state)
{
	(void)state;
	files[0].tsize = UINT64_MAX - 4095;
	files[1].tsize = UINT64_MAX / 2;
	assert_int_equal(run(all_four), ERR_IMAGE_MEMORY);
	assert_int_equal(run("initrd tftp://10.0.0.9/second"), ERR_IMAGE_MEMORY);
	assert_true(printed("second: no room for 9223372036854775807 bytes"));
	files[0].tsize = files[1].tsize = (1ull << IMAGE_LATE_BITS) - 1;
	for (unsigned i = 0; i < IMAGE_MAX; i++)
		assert_int_equal(run("initrd tftp://10.0.0.9/first etc/first"), 0);
	assert_true(initrd_total(m) > (uint64_t)IMAGE_MAX << (IMAGE_LATE_BITS - 1));
	assert_int_equal(fill_all(), -ERR_INITRD_PLACE);
}

/* The plan changes while it is carried out: nothing gets behind the end. */
static void test_grows(void **state)
{
	(void)state;
	assert_int_equal(run(all_four), 0);
	initrd_fill_start(m, &fill, BUFFER, initrd_total(m));
	image_find(m, "fourth")->total += 1;
	for (unsigned i = 0; !initrd_fill_poll(&fill) && i < 3000; i++)
		background();
	assert_int_equal(fill.result, -ERR_IMAGE_MEMORY);
}

static void test_none(void **state)
{
	(void)state;
	assert_int_equal(initrd_total(m), 0);
	assert_int_equal(fill_all(), 0);
	file_make(0, "first", 0);
	assert_int_equal(run("initrd tftp://10.0.0.9/first\ninitrd tftp://10.0.0.9/first a/b"), 0);
	assert_int_equal(fill_all(), 0);
}

/* Wherever the buffer starts: pages count from there. */
static void test_no_page(void **state)
{
	uint64_t total;

	(void)state;
	assert_int_equal(run(all_four), 0);
	total = initrd_total(m);
	m->boot.kind = BOOT_EFI;
	initrd_fill_start(m, &fill, BUFFER + 24, total);
	for (unsigned i = 0; !initrd_fill_poll(&fill) && i < 3000; i++)
		background();
	assert_int_equal(fill.result, 0);
	for (unsigned i = 0; i < 24; i++)
		assert_int_equal(lan->fake.ram[BUFFER + i], GUARD);
	for (unsigned i = 0; i < 4096; i++)
		assert_int_equal(lan->fake.ram[BUFFER + 24 + total + i], GUARD);
	memmove(lan->fake.ram + BUFFER, lan->fake.ram + BUFFER + 24, (size_t)total);
	check_region();
}

/* Cancelled in the very turn in which the size has come. */
static void test_command_cancelled(void **state)
{
	static const char text[] = "initrd tftp://10.0.0.9/first";
	struct sent s;

	(void)state;
	m->boot.kind = BOOT_NONE;
	assert_int_equal(script_run_text(m, text, strlen(text)), 0);
	assert_true(server_wait(lan, &s, 100 * MS));
	script_cancel(m);
	heard(&s);
	lan_turn(lan);
	assert_null(image_nth(m, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_command, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_commands, setup, teardown),
		cmocka_unit_test_setup_teardown(test_region, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mixed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_present_only, setup, teardown),
		cmocka_unit_test_setup_teardown(test_size_not_announced_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_server_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancelled, setup, teardown),
		cmocka_unit_test_setup_teardown(test_buffer_too_small, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sum_of_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_grows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_none, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_page, setup, teardown),
		cmocka_unit_test_setup_teardown(test_command_cancelled, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
