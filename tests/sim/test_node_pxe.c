/* SPDX-License-Identifier: BSD-2-Clause */
/* The file calls of the PXE API, against the simulated servers: what comes is the file's,
 * byte for byte, and whatever else an NBP asks is a status. */
#include "node_pxe.h"
#include "net/dhcp_cached.h"

/* As an NBP has them: PXE 2.1 and the PXE extensions. */
struct topen {
	uint16_t status;
	uint8_t server[4], gateway[4];
	char name[128];
	uint8_t port[2];
	uint16_t packet;
} PACKED;
struct tread {
	uint16_t status, number, size, off, seg;
} PACKED;
struct tfile {
	uint16_t status;
	char name[128];
	uint32_t size, buffer;
	uint8_t server[4], gateway[4], mcast[4], ports[4];
	uint16_t timeout, delay;
} PACKED;
struct tsize {
	uint16_t status;
	uint8_t server[4], gateway[4];
	char name[128];
	uint32_t size;
} PACKED;
struct fopen {
	uint16_t status, handle, off, seg;
	uint32_t reserved;
} PACKED;
struct fread {
	uint16_t status, handle, size, off, seg;
} PACKED;
struct fhandle {
	uint16_t status, handle;
} PACKED;
struct fselect {
	uint16_t status, handle, ready;
} PACKED;
struct fsize {
	uint16_t status, handle;
	uint32_t size;
} PACKED;
struct fcheck {
	uint16_t status, size;
	uint32_t magic, provider, mask, flags;
} PACKED;

enum { TFTP_OPEN = 0x20, TFTP_CLOSE, TFTP_READ, TFTP_READ_FILE, TFTP_GET_FSIZE = 0x25 };
enum { RESTART_TFTP = 0x73 };
enum { FILE_OPEN = 0xe0, FILE_CLOSE, FILE_SELECT, FILE_READ, FILE_SIZE, FILE_EXEC, FILE_CHECK };

#define BIG (3u << 20)

static const struct sim_fault lossy = {.rate_bps = 100000000,
	.delay_us = 200,
	.loss_ppm = 5000,
	.reorder_ppm = 1000,
	.reorder_us = 500};

static unsigned topen(const char *name, uint16_t packet)
{
	struct topen o = {.server = SERVER, .packet = packet};

	memcpy(o.name, name, strnlen(name, sizeof(o.name)));
	return RIG_CALL(TFTP_OPEN, o);
}

static unsigned tclose(void)
{
	struct fhandle c = {0};

	return rig_call(TFTP_CLOSE, &c, 2);
}

static unsigned tread(struct tread *r)
{
	*r = (struct tread){.seg = RIG_BUFFER};
	return rig_call(TFTP_READ, r, sizeof(*r));
}

/* Reads the open file to its end in blocks of that size. */
static void tread_all(const struct sim_file *f, unsigned block)
{
	uint64_t pos = 0;
	struct tread r;

	do {
		assert_int_equal(tread(&r), 0);
		rig_compare(f, pos, rig_at(RIG_BUFFER), r.size);
		assert_int_equal(r.number, (uint16_t)(pos / block + 1));
		pos += r.size;
	} while (r.size == block);
	assert_int_equal(pos, f->size);
}

/* ---- TFTP ---- */

static void test_tftp_of_3_mib_with_losses(void **state)
{
	struct tread r;

	(void)state;
	rig_begin(1, &lossy);
	rig.l->initrd->size = BIG;
	assert_int_equal(topen("initrd.img", 1408), 0);
	tread_all(rig.l->initrd, 1408);
	assert_int_equal(tread(&r), 0);
	assert_int_equal(r.size, 0);
	assert_int_equal(tclose(), 0);
	rig_end();
}

/* The NBP's blocks are not the wire's. */
static void test_tftp_blocks(void **state)
{
	static const struct {
		uint16_t asked, granted;
	} row[] = {{512, 512}, {513, 513}, {1468, 1468}, {1469, 1468}, {65535, 1468}};

	(void)state;
	rig_begin(2, NULL);
	rig.l->initrd->size = 100000;
	for (unsigned i = 0; i < 10; i++) {
		struct topen o = {
			.server = SERVER, .name = "initrd.img", .packet = row[i % 5].asked};

		rig.l->tftp->conf.no_options = i >= 5;
		rig.l->initrd->size += i;
		assert_int_equal(RIG_CALL(TFTP_OPEN, o), 0);
		assert_int_equal(o.packet, row[i % 5].granted);
		tread_all(rig.l->initrd, o.packet);
		assert_int_equal(tclose(), 0);
	}
	rig.l->initrd->size = 5 * 512;
	assert_int_equal(topen("initrd.img", 512), 0);
	tread_all(rig.l->initrd, 512);
	assert_int_equal(tclose(), 0);
	rig_end();
}

/* 70000 blocks: numbers go round. */
static void test_tftp_many_blocks(void **state)
{
	(void)state;
	rig_begin(3, NULL);
	rig.l->initrd->size = 70000 * 512;
	assert_int_equal(topen("/initrd.img", 512), PXENV_STATUS_TFTP_FILE_NOT_FOUND);
	assert_int_equal(topen("initrd.img", 512), 0);
	tread_all(rig.l->initrd, 512);
	rig_end();
}

static void test_tftp_states(void **state)
{
	struct topen o = {.server = SERVER, .packet = 512};
	struct tread r;

	(void)state;
	rig_begin(4, NULL);
	assert_int_equal(tread(&r), PXENV_STATUS_TFTP_CLOSED);
	assert_int_equal(tclose(), PXENV_STATUS_TFTP_CLOSED);
	assert_int_equal(topen("initrd.img", 511), PXENV_STATUS_TFTP_INVALID_PACKET_SIZE);
	assert_int_equal(topen("none", 512), PXENV_STATUS_TFTP_FILE_NOT_FOUND);
	assert_int_equal(tclose(), PXENV_STATUS_TFTP_CLOSED);
	memset(o.name, 'n', sizeof(o.name));
	assert_int_equal(RIG_CALL(TFTP_OPEN, o), PXENV_STATUS_TFTP_FILE_NOT_FOUND);
	assert_int_equal(topen("initrd.img", 1024), 0);
	assert_int_equal(topen("vmlinuz", 512), PXENV_STATUS_TFTP_OPEN);
	tread_all(rig.l->initrd, 1024);
	rig_end();
}

/* Segments and offsets that are not all memory, and buffers that end with their segment. */
static void test_tftp_wrong_buffers(void **state)
{
	static const struct tread bad[] = {
		{.seg = 0xfff8},
		{.seg = 0x2000, .off = 0xfc01},
		{.seg = 0xffff, .off = 0xffff},
	};
	struct tread r = {.seg = 0x2000, .off = 0xfc00};

	(void)state;
	rig_begin(5, NULL);
	assert_int_equal(topen("initrd.img", 1024), 0);
	for (unsigned i = 0; i < 3; i++) {
		struct tread b = bad[i];

		assert_int_equal(RIG_CALL(TFTP_READ, b), PXENV_STATUS_FAILURE);
	}
	assert_int_equal(RIG_CALL(TFTP_READ, r), 0);
	rig_compare(rig.l->initrd, 0, rig.memory + 0x2fc00, 1024);
	assert_int_equal(pxe_call(rig.p, TFTP_READ, (struct segoff){0, 0xfff8}), 1);
	assert_int_equal(pxe_call(rig.p, TFTP_READ, (struct segoff){0xfff7, 0x1000}), 1);
	rig_end();
}

/* Another port, another way of writing the name. */
static void test_tftp_names(void **state)
{
	struct topen o = {.server = SERVER, .name = "a b%c?#\\~/x", .packet = 512};

	(void)state;
	rig_begin(6, NULL);
	assert_int_equal(RIG_CALL(TFTP_OPEN, o), PXENV_STATUS_TFTP_FILE_NOT_FOUND);
	assert_string_equal(rig.l->tftp->seen[rig.l->tftp->seens - 1].name, o.name);
	o.port[1] = 70;
	assert_int_not_equal(RIG_CALL(TFTP_OPEN, o), 0);
	rig_end();
}

/* Nobody answers, or nobody goes on: the call comes back all the same. */
static void test_tftp_silence(void **state)
{
	struct topen nobody = {.server = {10, 0, 0, 77}, .name = "x", .packet = 512};
	uint64_t begin;
	struct tread r;
	unsigned status;

	(void)state;
	rig_begin(7, NULL);
	assert_int_equal(RIG_CALL(TFTP_OPEN, nobody), PXENV_STATUS_TFTP_CANNOT_ARP_ADDRESS);
	rig.l->tftp->conf.silent = true;
	begin = rig.l->w->now_us;
	assert_int_equal(topen("initrd.img", 512), PXENV_STATUS_TFTP_OPEN_TIMEOUT);
	assert_in_range(rig.l->w->now_us - begin, 50ull * S, 65ull * S);
	rig.l->tftp->conf.silent = false;
	rig.l->tftp->conf.tricks.stop_at = 3;
	assert_int_equal(topen("initrd.img", 1024), 0);
	begin = rig.l->w->now_us;
	while (!(status = tread(&r)))
		assert_true(r.size == 1024);
	assert_int_equal(status, PXENV_STATUS_TFTP_READ_TIMEOUT);
	assert_in_range(rig.l->w->now_us - begin, 50ull * S, 65ull * S);
	rig_end();
}

/* What came before an error is there. */
static void test_tftp_error(void **state)
{
	struct tread r;

	(void)state;
	rig_begin(8, NULL);
	rig.l->tftp->conf.tricks.error_at = 4;
	assert_int_equal(topen("initrd.img", 1468), 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(tread(&r), 0);
		rig_compare(rig.l->initrd, i * 1468u, rig_at(RIG_BUFFER), 1468);
	}
	assert_int_equal(tread(&r), PXENV_STATUS_TFTP_CANNOT_READ_FROM_CONNECTION);
	assert_int_equal(tclose(), 0);
	rig_end();
}

/* A pause that the server forgives: blocks are neither lost nor asked for twice. */
static void test_tftp_slow_reader(void **state)
{
	struct tread r;

	(void)state;
	rig_begin(9, NULL);
	assert_int_equal(topen("initrd.img", 1024), 0);
	for (uint64_t pos = 0; pos < rig.l->initrd->size; pos += r.size) {
		if (pos % (200 * 1024) == 0)
			rig_away(3 * S);
		assert_int_equal(tread(&r), 0);
		rig_compare(rig.l->initrd, pos, rig_at(RIG_BUFFER), r.size);
	}
	rig_end();
}

/* ---- whole files and sizes ---- */

static unsigned tfile(const char *name, uint32_t buffer, uint32_t *size)
{
	struct tfile r = {.server = SERVER, .size = *size, .buffer = buffer};
	unsigned status;

	strcpy(r.name, name);
	status = RIG_CALL(TFTP_READ_FILE, r);
	*size = r.size;
	return status;
}

static void test_read_file(void **state)
{
	uint32_t size = UINT32_MAX;

	(void)state;
	rig_begin(10, &lossy);
	rig.l->initrd->size = BIG;
	assert_int_equal(tfile("initrd.img", RIG_HIGH, &size), 0);
	assert_int_equal(size, BIG);
	rig_compare(rig.l->initrd, 0, rig.high, BIG);
	size = BIG;
	assert_int_equal(tfile("initrd.img", RIG_HIGH + 1, &size), 0);
	rig_compare(rig.l->initrd, 0, rig.high + 1, BIG);
	rig.l->initrd->size = size = 300000;
	assert_int_equal(tfile("initrd.img", 0x22000, &size), 0);
	rig_compare(rig.l->initrd, 0, rig.memory + 0x22000, 300000);
	/* The packets say so, as Microsoft's programs need it. */
	assert_string_equal(rig.p->base->packet[PXE_ACK] + DHCP_FILE_AT, "initrd.img");
	assert_string_equal(rig.p->base->packet[PXE_REPLY] + DHCP_FILE_AT, "initrd.img");
	rig_end();
}

static void test_read_file_where_it_may_not(void **state)
{
	/* vectors; the BIOS's data; what is ours in base memory; video; ROMs; us; beyond; round */
	static const uint32_t bad[] = {0, 0x400, 0x5ff, 576 * 1024 - 999, 0x9fc00, 0xa0000, 0xfffff,
		(512u << 20) - NODE_SELF - 999, (512u << 20) - 0x30000, 0x40000000, 0xfffff000,
		0xffffffff};
	struct tfile mcast = {.server = SERVER,
		.name = "initrd.img",
		.mcast = {224, 1, 1, 1},
		.size = 1 << 20,
		.buffer = RIG_HIGH};
	struct image *img;
	uint32_t size;

	(void)state;
	rig_begin(11, NULL);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		rig.l->initrd->size = 1000;
		size = 1 << 20;
		assert_int_equal(tfile("initrd.img", bad[i], &size), PXENV_STATUS_OUT_OF_RESOURCES);
	}
	assert_int_equal(image_open(rig.p->m, "kept", "", 5000, NULL, &img), 0);
	for (unsigned i = 0; i < 2; i++) {
		size = 1 << 20;
		assert_int_equal(
			tfile("initrd.img", (uint32_t)img->base + (i ? 4999 : -999u), &size),
			PXENV_STATUS_OUT_OF_RESOURCES);
	}
	image_free(rig.p->m, img);
	size = 999;
	memset(rig.high, 0xa5, 1000);
	assert_int_equal(tfile("initrd.img", RIG_HIGH, &size), PXENV_STATUS_OUT_OF_RESOURCES);
	rig.l->tftp->conf.no_options = true; /* the size is not known before */
	rig.l->initrd->size = 200000;
	size = 100000;
	assert_int_equal(tfile("initrd.img", RIG_HIGH, &size), PXENV_STATUS_OUT_OF_RESOURCES);
	assert_int_equal(rig.high[100000], 0);
	size = 200000;
	assert_int_equal(tfile("initrd.img", RIG_HIGH, &size), 0);
	rig_compare(rig.l->initrd, 0, rig.high, 200000);
	assert_int_equal(RIG_CALL(TFTP_READ_FILE, mcast), PXENV_STATUS_UNSUPPORTED);
	assert_int_equal(topen("initrd.img", 512), 0);
	assert_int_equal(tfile("initrd.img", RIG_HIGH, &size), PXENV_STATUS_TFTP_OPEN);
	rig_end();
}

/* Over its own parameters. */
static void test_read_file_over_parameters(void **state)
{
	uint32_t size = 100000;
	struct tfile r = {.server = SERVER, .name = "initrd.img", .size = 100000, .buffer = 0x8000};

	(void)state;
	rig_begin(12, NULL);
	rig.l->initrd->size = size;
	memcpy(rig_at(RIG_PARAMS), &r, sizeof(r));
	pxe_call(rig.p, TFTP_READ_FILE, (struct segoff){0, RIG_PARAMS});
	rig_compare(rig.l->initrd, 0, rig.memory + 0x8000, 0x8000);
	rig_compare(rig.l->initrd, 0x8000 + sizeof(r), rig_at(RIG_PARAMS) + sizeof(r), 60000);
	rig_end();
}

/* The program that takes the place of the old one and its parameters is whole. */
static void test_restart(void **state)
{
	struct tfile r = {.server = SERVER, .name = "initrd.img", .size = 100000, .buffer = 0x7c00};

	(void)state;
	rig_begin(14, NULL);
	rig.l->initrd->size = 100000;
	memcpy(rig_at(RIG_PARAMS), &r, sizeof(r));
	assert_int_equal(pxe_call(rig.p, RESTART_TFTP, (struct segoff){0, RIG_PARAMS}), 0);
	assert_true(rig.p->restart);
	rig_compare(rig.l->initrd, 0, rig.memory + 0x7c00, 100000);
	rig_end();
}

static void test_get_fsize(void **state)
{
	struct tsize s = {.server = SERVER, .name = "initrd.img"};

	(void)state;
	rig_begin(13, NULL);
	assert_int_equal(RIG_CALL(TFTP_GET_FSIZE, s), 0);
	assert_int_equal(s.size, rig.l->initrd->size);
	rig.l->initrd->size = 5ull << 32;
	assert_int_equal(RIG_CALL(TFTP_GET_FSIZE, s), PXENV_STATUS_TFTP_NO_FILESIZE);
	rig.l->tftp->conf.lacks[TFTP_TSIZE] = true;
	assert_int_equal(RIG_CALL(TFTP_GET_FSIZE, s), PXENV_STATUS_TFTP_NO_FILESIZE);
	strcpy(s.name, "none");
	assert_int_equal(RIG_CALL(TFTP_GET_FSIZE, s), PXENV_STATUS_TFTP_FILE_NOT_FOUND);
	assert_int_equal(topen("vmlinuz", 512), 0);
	assert_int_equal(RIG_CALL(TFTP_GET_FSIZE, s), PXENV_STATUS_TFTP_OPEN);
	rig_end();
}

/* ---- FILE ---- */

static unsigned file_open(const char *url, uint16_t *handle)
{
	struct fopen o = {.seg = RIG_NAME};
	unsigned status;

	strcpy((char *)rig_at(RIG_NAME), url);
	status = RIG_CALL(FILE_OPEN, o);
	*handle = o.handle;
	return status;
}

static unsigned file_call(uint16_t opcode, uint16_t handle)
{
	struct fhandle h = {0, handle};

	return RIG_CALL(opcode, h);
}

/* Reads on from *pos, at most n bytes a call, until it ends; the last status. */
static unsigned file_read_on(const struct sim_file *f, uint16_t handle, uint16_t n, uint64_t *pos)
{
	uint64_t give_up = rig.l->w->now_us + 200ull * S;

	while (rig.l->w->now_us < give_up) {
		struct fread r = {.handle = handle, .size = n, .seg = RIG_BUFFER};
		unsigned status = RIG_CALL(FILE_READ, r);

		if (status == PXENV_STATUS_TFTP_OPEN)
			continue;
		if (status || !r.size)
			return status;
		assert_true(r.size <= n);
		rig_compare(f, *pos, rig_at(RIG_BUFFER), r.size);
		*pos += r.size;
	}
	fail_msg("no end");
	return 0;
}

static void file_all(const struct sim_file *f, uint16_t handle, uint16_t n)
{
	uint64_t pos = 0;

	assert_int_equal(file_read_on(f, handle, n, &pos), 0);
	assert_int_equal(pos, f->size);
}

static void test_http_of_3_mib_with_losses(void **state)
{
	struct fsize s = {.handle = 1};
	uint16_t h;

	(void)state;
	rig_begin(20, &lossy);
	rig.l->initrd->size = BIG;
	assert_int_equal(file_open(LAB_URL "initrd.img", &h), 0);
	assert_int_equal(h, 1);
	assert_int_equal(RIG_CALL(FILE_SIZE, s), 0);
	assert_int_equal(s.size, BIG);
	file_all(rig.l->initrd, h, 16384);
	assert_int_equal(file_call(FILE_CLOSE, h), 0);
	assert_int_equal(rig.l->http->conns, 1);
	assert_int_equal(rig.l->http->stats.requests, 1);
	rig_end();
}

/* Without loss nothing is sent twice: the ring is never overrun. */
static void test_http_fits(void **state)
{
	uint16_t h;

	(void)state;
	rig_begin(21, NULL);
	rig.l->initrd->size = BIG;
	for (unsigned n = 100; n < 65536; n = n * 3 + 1) {
		assert_int_equal(file_open(LAB_URL "initrd.img", &h), 0);
		file_all(rig.l->initrd, h, (uint16_t)n);
		assert_int_equal(file_call(FILE_CLOSE, h), 0);
	}
	assert_int_equal(rig.l->tcp->stats.resent, 0);
	assert_int_equal(rig.l->http->conns, 1);
	rig_end();
}

static void test_http_slow_reader(void **state)
{
	uint64_t pos = 0;
	uint16_t h;

	(void)state;
	rig_begin(22, NULL);
	rig.l->initrd->size = BIG;
	assert_int_equal(file_open(LAB_URL "initrd.img", &h), 0);
	for (unsigned i = 0; i < 5; i++) {
		struct fread r = {.handle = h, .size = 30000, .seg = RIG_BUFFER};

		rig_away(300ull * S);
		while (RIG_CALL(FILE_READ, r))
			assert_int_equal(r.status, PXENV_STATUS_TFTP_OPEN);
		rig_compare(rig.l->initrd, pos, rig_at(RIG_BUFFER), r.size);
		pos += r.size;
	}
	assert_int_equal(file_read_on(rig.l->initrd, h, 1000, &pos), 0);
	assert_int_equal(pos, BIG);
	rig_end();
}

/* The server breaks off, and the rest comes by Range. */
static void test_http_resumes(void **state)
{
	uint16_t h;

	(void)state;
	rig_begin(23, NULL);
	rig.l->initrd->size = BIG;
	httpd_mood(
		rig.l->http, &(struct httpd_mood){.times = 4, .end = END_RESET, .end_at = 500000});
	assert_int_equal(file_open(LAB_URL "initrd.img", &h), 0);
	file_all(rig.l->initrd, h, 4096);
	assert_int_equal(rig.l->http->stats.ranges, 4);
	rig_end();
}

/* The server breaks off and has the rest elsewhere: what was read cannot come from there. */
static void test_http_leads_away(void **state)
{
	struct fsize s = {.handle = 1};
	uint64_t pos = 0;
	uint16_t h;

	(void)state;
	rig_begin(29, NULL);
	rig.l->initrd->size = BIG;
	httpd_mood(
		rig.l->http, &(struct httpd_mood){.times = 1, .end = END_RESET, .end_at = 500000});
	httpd_mood(rig.l->http, &(struct httpd_mood){.location = "/vmlinuz"});
	assert_int_equal(file_open(LAB_URL "initrd.img", &h), 0);
	assert_int_equal(file_read_on(rig.l->initrd, h, 4096, &pos),
		PXENV_STATUS_TFTP_CANNOT_READ_FROM_CONNECTION);
	assert_int_equal(RIG_CALL(FILE_SIZE, s), PXENV_STATUS_TFTP_CLOSED);
	assert_int_equal(file_call(FILE_CLOSE, h), 0);
	rig_end();
}

static void test_http_chunked(void **state)
{
	struct fsize s = {.handle = 1};
	uint16_t h;

	(void)state;
	rig_begin(24, NULL);
	httpd_mood(rig.l->http, &(struct httpd_mood){.chunk = 70000});
	assert_int_equal(file_open(LAB_URL "initrd.img", &h), 0);
	assert_int_equal(RIG_CALL(FILE_SIZE, s), PXENV_STATUS_TFTP_NO_FILESIZE);
	file_all(rig.l->initrd, h, 8192);
	assert_int_equal(RIG_CALL(FILE_SIZE, s), 0);
	assert_int_equal(s.size, rig.l->initrd->size);
	rig_end();
}

static void test_file_states(void **state)
{
	struct fread wrong = {.handle = 1, .size = 100, .seg = 0xfff8};
	struct fselect sel = {.handle = 1};
	uint16_t h[4], handles[] = {0, 2, 3, 4, 0xffff};
	uint64_t pos = 0;

	(void)state;
	rig_begin(25, NULL);
	assert_int_equal(file_open(LAB_URL "none", h), PXENV_STATUS_TFTP_FILE_NOT_FOUND);
	assert_int_equal(file_open("no-url", h), PXENV_STATUS_TFTP_CANNOT_OPEN_CONNECTION);
	assert_int_equal(
		file_open("ftp://10.0.0.1/x", h), PXENV_STATUS_TFTP_CANNOT_OPEN_CONNECTION);
	assert_int_equal(file_open(LAB_URL "initrd.img", h), 0);
	for (unsigned i = 0; i < 5; i++)
		for (uint16_t op = FILE_CLOSE; op <= FILE_SIZE; op++) {
			struct fread r = {.handle = handles[i]};

			assert_int_equal(rig_call(op, &r,
						 op == FILE_CLOSE    ? 4
						 : op == FILE_SELECT ? 6
						 : op == FILE_READ   ? 10
								     : 8),
				PXENV_STATUS_TFTP_CLOSED);
		}
	assert_int_equal(RIG_CALL(FILE_READ, wrong), PXENV_STATUS_FAILURE);
	assert_int_equal(file_open("tftp://10.0.0.1/vmlinuz", h + 1), 0);
	assert_int_equal(file_open(LAB_URL "boot.ipxe", h + 2), 0);
	assert_int_equal(file_open(LAB_URL "vmlinuz", h + 3), PXENV_STATUS_OUT_OF_RESOURCES);
	assert_int_equal(topen("vmlinuz", 512), 0);
	assert_int_equal(file_read_on(rig.l->script, h[2], 100, &pos), 0);
	file_all(rig.l->kernel, h[1], 1000);
	tread_all(rig.l->kernel, 512);
	file_all(rig.l->initrd, h[0], 10000);
	assert_int_equal(RIG_CALL(FILE_SELECT, sel), 0);
	assert_int_equal(sel.ready, 1);
	rig_end();
}

static void test_file_select(void **state)
{
	struct fselect sel = {.handle = 1};
	uint16_t h;
	unsigned i;

	(void)state;
	rig_begin(26, NULL);
	httpd_mood(rig.l->http, &(struct httpd_mood){.end = END_STOP, .end_at = 1000});
	assert_int_equal(file_open(LAB_URL "initrd.img", &h), 0);
	for (i = 0; i < 100 && !sel.ready; i++) {
		assert_int_equal(RIG_CALL(FILE_SELECT, sel), 0);
		rig_away(MS);
	}
	assert_true(sel.ready);
	for (i = 0; i < 10; i++) {
		struct fread r = {.handle = h, .size = 5000, .seg = RIG_BUFFER};

		if (RIG_CALL(FILE_READ, r) == PXENV_STATUS_TFTP_OPEN)
			break;
	}
	assert_true(i < 10);
	assert_int_equal(RIG_CALL(FILE_SELECT, sel), 0);
	assert_int_equal(sel.ready, 0);
	rig_end();
}

/* Names without an end, at the end of a segment and of memory. */
static void test_file_names(void **state)
{
	struct fopen o = {.seg = RIG_NAME, .off = 0xff00};

	(void)state;
	rig_begin(27, NULL);
	memset(rig_at(RIG_NAME), 'x', 0x10000);
	memset(rig_at(RIG_NAME) + 0x10000, 0, 16);
	assert_int_equal(RIG_CALL(FILE_OPEN, o), PXENV_STATUS_FAILURE);
	o.off = 0;
	assert_int_equal(RIG_CALL(FILE_OPEN, o), PXENV_STATUS_FAILURE);
	o.seg = 0xfff8;
	assert_int_equal(RIG_CALL(FILE_OPEN, o), PXENV_STATUS_FAILURE);
	o.seg = 0xffff;
	memset(rig.memory + RIG_MEMORY - 100, 'x', 100);
	o.off = 0xffff - 50;
	assert_int_equal(RIG_CALL(FILE_OPEN, o), PXENV_STATUS_FAILURE);
	rig_end();
}

static void test_file_api(void **state)
{
	struct fcheck c = {.size = 20, .magic = 0x91d447b2};

	(void)state;
	rig_begin(28, NULL);
	assert_int_equal(RIG_CALL(FILE_CHECK, c), 0);
	assert_int_equal(c.size, 20);
	assert_int_equal(c.magic, 0xe9c17b20);
	assert_int_equal(c.mask, 0x5f);
	assert_int_equal(c.flags, 0);
	assert_int_equal(RIG_CALL(FILE_CHECK, c), PXENV_STATUS_FAILURE);
	c.magic = 0x91d447b2;
	c.size = 19;
	assert_int_equal(RIG_CALL(FILE_CHECK, c), PXENV_STATUS_FAILURE);
	assert_int_equal(file_call(FILE_EXEC, 1), PXENV_STATUS_UNSUPPORTED);
	assert_int_equal(file_call(0xe7, 1), PXENV_STATUS_UNSUPPORTED);
	rig_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tftp_of_3_mib_with_losses),
		cmocka_unit_test(test_tftp_blocks),
		cmocka_unit_test(test_tftp_many_blocks),
		cmocka_unit_test(test_tftp_states),
		cmocka_unit_test(test_tftp_wrong_buffers),
		cmocka_unit_test(test_tftp_names),
		cmocka_unit_test(test_tftp_silence),
		cmocka_unit_test(test_tftp_error),
		cmocka_unit_test(test_tftp_slow_reader),
		cmocka_unit_test(test_read_file),
		cmocka_unit_test(test_read_file_where_it_may_not),
		cmocka_unit_test(test_read_file_over_parameters),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_get_fsize),
		cmocka_unit_test(test_http_of_3_mib_with_losses),
		cmocka_unit_test(test_http_fits),
		cmocka_unit_test(test_http_slow_reader),
		cmocka_unit_test(test_http_resumes),
		cmocka_unit_test(test_http_leads_away),
		cmocka_unit_test(test_http_chunked),
		cmocka_unit_test(test_file_states),
		cmocka_unit_test(test_file_select),
		cmocka_unit_test(test_file_names),
		cmocka_unit_test(test_file_api),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
