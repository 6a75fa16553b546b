/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Late initrds on a simulated node, over ways that lose and from servers that change their mind or
 * go: what the kernel finds in its buffer is the servers' files as Linux unpacks them, or it is
 * told that there is nothing. The world goes on only while the kernel waits. The expected region is
 * put together here, without the firmware's code.
 */
#include <stdlib.h>
#include "config/system.h"
#include "core/initrd.h"
#include "expect.h"
#include "net/initrd_fetch.h"

#define MS    1000u
#define S     1000000u
#define GUARD 4096u
#define BASE  0x10000000u /* of the kernel's buffer: RAM that the node does not use */
#define TFTP  "tftp://10.0.0.1/"

/* The node and the buffer that its kernel has for initrds. */
static struct {
	struct sim_lab *l;
	struct sim_node *n;
	struct machine *m;
	struct platform plat, node_plat;
	struct net_config net_config;
	uint8_t *buf;
	uint64_t size;	 /* of the region */
	bool over;	 /* the kernel has it back: nobody writes */
	uint64_t writes; /* bytes that came */
	struct initrd_fill fill;
} rig;

/* ---- what Linux wants ---- */

struct region {
	uint8_t *p;
	uint64_t n;
};

static void region_pad(struct region *r, uint64_t to)
{
	r->p = sim_grow(r->p, (size_t)to + 1);
	memset(r->p + r->n, 0, (size_t)(to - r->n));
	r->n = to;
}

static void region_file(struct region *r, const struct sim_file *f)
{
	uint64_t at = r->n;

	region_pad(r, at + f->size);
	file_read(f, 0, r->p + at, (size_t)f->size);
}

/* newc, Documentation/driver-api/early-userspace/buffer-format.rst */
static uint32_t entry(char *to, const char *name, unsigned mode, unsigned links, uint64_t size)
{
	int n = sprintf(to, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s", 0, mode,
		0, 0, links, 0, (unsigned)size, 0, 0, 0, 0, (unsigned)strlen(name) + 1, 0, name);

	memset(to + n, 0, 4);
	return ((uint32_t)n + 1 + 3) & ~3u;
}

/* path "dir/name": header and trailer around the file, the data on a page. */
static void region_cpio(struct region *r, const struct sim_file *f, const char *path, unsigned mode)
{
	char head[1024] = "", dir[64] = "";
	uint64_t data = ((r->n + 4095) & ~4095ull) + 4096;
	const char *slash = strchr(path, '/');
	uint32_t n = 0;

	if (slash) {
		memcpy(dir, path, (size_t)(slash - path));
		n = entry(head, dir, 0040755, 1, 0);
	}
	n += entry(head + n, path, 0100000 | mode, 1, f->size);
	region_pad(r, data);
	memcpy(r->p + data - n, head, n);
	region_file(r, f);
	region_pad(r, (r->n + 3) & ~3ull);
	n = entry(head, "TRAILER!!!", 0, 1, 0);
	region_pad(r, r->n + n);
	memcpy(r->p + r->n - n, head, n);
}

static void region_plain(struct region *r, const struct sim_file *f)
{
	region_pad(r, (r->n + 4095) & ~4095ull);
	region_file(r, f);
}

/* ---- the node ---- */

static bool in_buffer(uint64_t phys, size_t n)
{
	return phys >= BASE && phys + n <= BASE + rig.size;
}

static void rig_phys_write(void *ctx, uint64_t phys, const void *src, size_t n)
{
	if (!in_buffer(phys, n)) {
		rig.node_plat.phys_write(ctx, phys, src, n);
		return;
	}
	if (rig.over)
		fail_msg("writes to %llx after the end", (unsigned long long)phys);
	rig.writes += n;
	memcpy(rig.buf + GUARD + (phys - BASE), src, n);
}

static void rig_phys_move(void *ctx, uint64_t dst, uint64_t src, uint64_t n)
{
	assert_true(in_buffer(dst, (size_t)n) && !rig.over);
	rig.node_plat.phys_read(ctx, rig.buf + GUARD + (dst - BASE), src, (size_t)n);
}

/* Until the deadline or the next thing that happens. */
static void rig_idle(void *ctx, uint64_t until_us)
{
	uint64_t next = world_next(rig.l->w), until = until_us + rig.n->conf.on_us;

	(void)ctx;
	world_run(rig.l->w, next < until ? next : until);
}

/* A node that runs the lines behind `dhcp` with late initrds, until nothing happens any more. */
static void rig_begin(uint64_t seed, const struct sim_fault *fault, const char *lines)
{
	static char script[512];

	memset(&rig, 0, sizeof(rig));
	rig.l = lab_new(seed, 1);
	snprintf(script, sizeof(script), "dhcp\nsleep 1\n%s\nsleep 100000", lines);
	rig.n = lab_node(rig.l, &(struct node_conf){.script = script});
	rig.m = &rig.n->sys->m;
	world_run(rig.l->w, S);
	assert_int_not_equal(node_ip(rig.n, 0), 0);
	rig.net_config = *rig.n->sys->net.config;
	rig.net_config.initrd_open = initrd_late_open;
	rig.n->sys->net.config = &rig.net_config;
	if (fault)
		link_set_fault(rig.l->link[0], fault);
}

/* The script has come to its end: the kernel runs now, and the node does nothing by itself. */
static void rig_run(uint64_t seconds)
{
	world_run(rig.l->w, rig.l->w->now_us + seconds * S);
	if (node_says(rig.n, "\nE"))
		fail_msg("%s", rig.n->console);
	rig.n->state = NODE_OFF;
	world_cancel(rig.l->w, &rig.n->turn);
	rig.node_plat = *rig.m->plat;
	rig.plat = rig.node_plat;
	rig.plat.idle = rig_idle;
	rig.plat.phys_write = rig_phys_write;
	rig.plat.phys_move = rig_phys_move;
	rig.m->plat = &rig.plat;
	rig.m->boot.kind = BOOT_EFI;
}

/* The kernel asks; what it is told. */
static int rig_ask(void)
{
	rig.size = initrd_total(rig.m);
	free(rig.buf);
	rig.buf = sim_alloc((size_t)rig.size + 2 * GUARD);
	memset(rig.buf, 0xa7, (size_t)rig.size + 2 * GUARD);
	rig.over = false;
	rig.writes = 0;
	initrd_fill_start(rig.m, &rig.fill, BASE, rig.size);
	machine_wait(rig.m, initrd_fill_poll, &rig.fill, TIME_NEVER);
	rig.over = true;
	assert_true(rig.fill.done);
	for (unsigned i = 0; i < GUARD; i++) {
		assert_int_equal(rig.buf[i], 0xa7);
		assert_int_equal(rig.buf[GUARD + rig.size + i], 0xa7);
	}
	return rig.fill.result;
}

static void rig_compare(struct region *r)
{
	assert_int_equal(r->n, rig.size);
	if (memcmp(r->p, rig.buf + GUARD, (size_t)r->n))
		fail_msg("the kernel's initrd is not what it should be");
	free(r->p);
}

/* Nothing of it goes on, nothing is left over, and nobody broke a rule. */
static void rig_end(void)
{
	for (unsigned i = 0; i < FETCH_MAX; i++)
		assert_null(rig.n->sys->net.fetch[i].m);
	world_run(rig.l->w, rig.l->w->now_us + S);
	rig.n->state = NODE_RUNNING;
	lab_close(rig.l);
	if (lab_violation(rig.l))
		fail_msg("%s", lab_violation(rig.l));
	lab_free(rig.l);
	free(rig.buf);
}

static const struct sim_fault lossy = {.rate_bps = 100000000,
	.delay_us = 200,
	.loss_ppm = 10000,
	.reorder_ppm = 1000,
	.reorder_us = 500};

/* ---- tests ---- */

static void two(const char *url, uint64_t seed, const struct sim_fault *fault)
{
	struct region r = {0};
	char lines[256];

	snprintf(lines, sizeof(lines),
		"initrd %sinitrd.img\ninitrd --name second %svmlinuz etc/second mode=0600", url,
		url);
	rig_begin(seed, fault, lines);
	rig_run(20);
	assert_int_equal(initrd_total(rig.m) / 4096, 700000 / 4096 + 1 + 1 + 300000 / 4096);
	/* What was wasted on the sizes: next to nothing. */
	assert_int_equal(rig.l->tftp->stats.data, 0);
	assert_int_equal(rig_ask(), 0);
	region_plain(&r, rig.l->initrd);
	region_cpio(&r, rig.l->kernel, "etc/second", 0600);
	rig_compare(&r);
}

static void test_http(void **state)
{
	(void)state;
	two(LAB_URL, 1, NULL);
	assert_int_equal(rig.l->http->stats.requests, 4);
	assert_true(rig.l->tcp->stats.bytes_out < 1000000 * 11 / 10);
	rig_end();
}

static void test_tftp(void **state)
{
	(void)state;
	two(TFTP, 2, NULL);
	assert_int_equal(rig.l->tftp->stats.requests, 4);
	assert_int_equal(rig.l->tftp->stats.errors[8], 2);
	world_run(rig.l->w, rig.l->w->now_us + S); /* the last ACK is under way */
	assert_int_equal(rig.l->tftp->stats.completed, 2);
	rig_end();
}

static void test_http_with_losses(void **state)
{
	(void)state;
	for (uint64_t seed = 10; seed < 20; seed++) {
		two(LAB_URL, seed, &lossy);
		rig_end();
	}
}

static void test_tftp_with_losses(void **state)
{
	(void)state;
	for (uint64_t seed = 20; seed < 30; seed++) {
		two(TFTP, seed, &lossy);
		rig_end();
	}
}

/* The kernel asks again, and gets it again. */
static void test_twice(void **state)
{
	struct region r = {0};

	(void)state;
	rig_begin(3, NULL, "initrd " LAB_URL "initrd.img\ninitrd " TFTP "vmlinuz a");
	rig_run(5);
	assert_int_equal(rig_ask(), 0);
	assert_int_equal(rig_ask(), 0);
	region_plain(&r, rig.l->initrd);
	region_cpio(&r, rig.l->kernel, "a", 0644);
	rig_compare(&r);
	assert_int_equal(rig.l->http->stats.requests, 3);
	rig_end();
}

/* A file whose size the server does not know is fetched at once, and copied. */
static void test_unknown_size(void **state)
{
	struct region r = {0};

	(void)state;
	rig_begin(4, NULL, "initrd " LAB_URL "vmlinuz x\ninitrd " LAB_URL "initrd.img");
	httpd_mood(rig.l->http, &(struct httpd_mood){.path = "vmlinuz", .chunk = 10000});
	rig_run(5);
	assert_int_equal(image_find(rig.m, "vmlinuz")->state, IMAGE_READY);
	assert_int_equal(image_find(rig.m, "initrd.img")->state, IMAGE_LATE);
	assert_int_equal(rig_ask(), 0);
	assert_int_equal(httpd_asked(rig.l->http, "vmlinuz"), 1);
	region_cpio(&r, rig.l->kernel, "x", 0644);
	region_plain(&r, rig.l->initrd);
	rig_compare(&r);
	rig_end();
}

/* What a redirect says holds for once: the next time the first URL is asked again. */
static void test_redirect(void **state)
{
	struct region r = {0};

	(void)state;
	rig_begin(5, NULL, "initrd " LAB_URL "here");
	tftpd_file(rig.l->tftp, &(struct sim_file){.name = "here", .size = 5, .seed = 1});
	httpd_mood(rig.l->http,
		&(struct httpd_mood){
			.path = "here", .times = 1, .location = "/initrd.img?token=1"});
	httpd_mood(rig.l->http,
		&(struct httpd_mood){.path = "here", .location = "/initrd.img?token=2"});
	rig_run(5);
	assert_string_equal(image_find(rig.m, "here")->uri, LAB_URL "here");
	assert_int_equal(rig_ask(), 0);
	assert_int_equal(rig.l->http->stats.requests, 4);
	assert_string_equal(rig.l->http->seen[1].query, "token=1");
	assert_string_equal(rig.l->http->seen[3].query, "token=2");
	region_plain(&r, rig.l->initrd);
	rig_compare(&r);
	rig_end();
}

static void test_changed(void **state)
{
	static const char *const url[] = {LAB_URL, TFTP};
	struct region r = {0};
	char line[64];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		snprintf(line, sizeof(line), "initrd %sinitrd.img", url[i]);
		rig_begin(6 + i, NULL, line);
		rig_run(5);
		for (unsigned k = 0; k < 2; k++) {
			rig.l->initrd->size = k ? 700001 : 699999;
			assert_int_equal(rig_ask(), -ERR_HTTP_CHANGED);
			assert_int_equal(rig.writes, 0);
		}
		assert_true(node_says(rig.n, "E4015"));
		rig.l->initrd->size = 700000;
		assert_int_equal(rig_ask(), 0);
		r = (struct region){0};
		region_plain(&r, rig.l->initrd);
		rig_compare(&r);
		rig_end();
	}
}

/* The server breaks off in the middle, for a while: the rest comes when it is back. */
static void test_broken_off(void **state)
{
	struct region r = {0};

	(void)state;
	rig_begin(8, NULL, "initrd " LAB_URL "initrd.img");
	rig_run(5);
	httpd_mood(rig.l->http,
		&(struct httpd_mood){
			.path = "initrd.img", .times = 3, .end = END_RESET, .end_at = 100000});
	assert_int_equal(rig_ask(), 0);
	assert_true(httpd_asked(rig.l->http, "initrd.img") >= 5);
	region_plain(&r, rig.l->initrd);
	rig_compare(&r);
	rig_end();
}

/* A cable that is out: an error in the end, and another try works once it is in again. */
static void test_cable(void **state)
{
	static const char *const url[] = {LAB_URL, TFTP};
	struct region r;
	char line[64];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		uint64_t began;
		int rc;

		r = (struct region){0};
		snprintf(line, sizeof(line), "initrd %sinitrd.img", url[i]);
		rig_begin(9 + i, NULL, line);
		rig_run(5);
		link_set_fault(rig.l->link[0],
			&(struct sim_fault){.rate_bps = 1000000000, .loss_ppm = 1000000});
		began = rig.l->w->now_us;
		rc = rig_ask();
		assert_true(rc == -ERR_TCP_CONNECT || rc == -ERR_TFTP_TIMEOUT ||
			    rc == -ERR_ARP_TIMEOUT || rc == -ERR_HTTP_TIMEOUT);
		assert_true(rig.l->w->now_us - began < 70 * S);
		link_set_fault(rig.l->link[0], &(struct sim_fault){.rate_bps = 1000000000});
		assert_int_equal(rig_ask(), 0);
		region_plain(&r, rig.l->initrd);
		rig_compare(&r);
		rig_end();
	}
}

/* A server that says its file is larger than it is, and one that sends more than it said. */
static void test_liars(void **state)
{
	(void)state;
	rig_begin(11, NULL, "initrd " TFTP "initrd.img");
	rig.l->tftp->conf.tricks.tsize_lies = true;
	rig.l->tftp->conf.tricks.tsize_lie = 800000;
	rig_run(5);
	assert_int_equal(rig_ask(), -ERR_TFTP_SHORT);
	rig_end();
	rig_begin(12, NULL, "initrd " TFTP "initrd.img");
	rig.l->tftp->conf.tricks.tsize_lies = true;
	rig.l->tftp->conf.tricks.tsize_lie = 600000;
	rig_run(5);
	assert_int_equal(rig_ask(), -ERR_TFTP_LONG);
	rig_end();
}

/* The connection breaks right behind the head: the size is known all the same. */
static void test_reset_behind_the_head(void **state)
{
	struct region r = {0};

	(void)state;
	rig_begin(13, NULL, "initrd " LAB_URL "initrd.img");
	httpd_mood(rig.l->http, &(struct httpd_mood){.times = 1, .end = END_RESET, .end_at = 1});
	rig_run(5);
	assert_int_equal(image_find(rig.m, "initrd.img")->state, IMAGE_LATE);
	assert_int_equal(rig_ask(), 0);
	region_plain(&r, rig.l->initrd);
	rig_compare(&r);
	rig_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_http),
		cmocka_unit_test(test_tftp),
		cmocka_unit_test(test_http_with_losses),
		cmocka_unit_test(test_tftp_with_losses),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_unknown_size),
		cmocka_unit_test(test_redirect),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_broken_off),
		cmocka_unit_test(test_cable),
		cmocka_unit_test(test_liars),
		cmocka_unit_test(test_reset_behind_the_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
