/* SPDX-License-Identifier: BSD-2-Clause */
/* imgfetch, kernel, initrd, chain: run as a script would, their files served by hand. */
#include "tests/net/server.h"
#include "tests/unit.h"

/* A kernel is what begins with "KERNEL"; what it was started with is kept in the request. */
static int kernel_probe(struct machine *m, const struct image *img)
{
	char magic[6];

	if (!image_get(m, img, 0, magic, 6) || memcmp(magic, "KERNEL", 6))
		return -ERR_IMAGE_TYPE;
	return img->total > 6 ? 0 : -ERR_IMAGE_TRUNCATED;
}

static int kernel_prepare(struct machine *m, struct image *img, struct boot_request *req)
{
	(void)m;
	req->kind = BOOT_LINUX;
	str_copy(req->cmdline, sizeof(req->cmdline), img->cmdline);
	return 0;
}

static const struct image_type kernel_type = {
	.name = "kernel", .probe = kernel_probe, .prepare = kernel_prepare};
static const struct image_type *const types[] = {&script_type, &kernel_type, NULL};

static struct lan *cmd_lan(void)
{
	struct lan *lan = server_lan(1);

	((struct config *)(uintptr_t)lan->m.config)->image_types = types;
	assert_int_equal(netdev_open(lan_link(lan, 0)), 0);
	lan_configure(lan_link(lan, 0));
	lan_turn(lan);
	return lan;
}

struct file {
	const char *name, *text; /* NULL text: not there */
};

static const struct file files[] = {
	{"vmlinuz", "KERNEL code"},
	{"broken", "KERNEL"},
	{"initrd.img", "070701"},
	{"note", "just text"},
	{"script", "#!ipxe\necho in the script ${cwuri}\nkernel vmlinuz from script\n"},
	{"dir/first", "#!ipxe\nchain --replace ../dir2/second\necho not reached\n"},
	{"dir2/second", "#!ipxe\nkernel /vmlinuz second\n"},
	{NULL, NULL},
};

static const char *file_text(const char *name)
{
	const struct file *f = files;

	while (f->name && strcmp(f->name, name))
		f++;
	return f->text;
}

/* Runs text as a script with a TFTP server that has `files`, until it has ended; its exit status.
 */
static int run(struct lan *lan, const char *text)
{
	struct sent s;

	lan->m.boot.kind = BOOT_NONE;
	fake_text_clear(&lan->fake);
	assert_int_equal(script_run_text(&lan->m, text, strlen(text)), 0);
	for (int i = 0; i < 100 && lan->m.boot.kind == BOOT_NONE; i++) {
		uint8_t b[520] = {0, 3, 0, 1};
		const char *content;

		if (!server_wait(lan, &s, 100 * MS) || wire_get16(s.data) != 1)
			continue;
		content = file_text((const char *)s.data + 2);
		if (content) {
			memcpy(b + 4, content, strlen(content));
			server_put(lan, 0, s.dst, US(0), 1234, s.sport, b,
				4 + (uint32_t)strlen(content));
		} else if (!strcmp((const char *)s.data + 2, "missing")) {
			server_put(lan, 0, s.dst, US(0), 1234, s.sport, "\0\5\0\1none", 9);
		}
	}
	return lan->m.boot.kind == BOOT_EXIT ? lan->m.boot.exit_code : 0;
}

static bool printed(struct lan *lan, const char *text)
{
	return strstr(fake_text(&lan->fake), text);
}

static void test_kernel(void **state)
{
	struct lan *lan = cmd_lan();

	(void)state;
	assert_int_equal(run(lan, "kernel tftp://10.0.0.9/vmlinuz root=/dev/ram0  quiet"), 0);
	assert_non_null(lan->m.kernel);
	assert_string_equal(lan->m.kernel->name, "vmlinuz");
	assert_string_equal(lan->m.kernel->cmdline, "root=/dev/ram0 quiet");
	assert_false(lan->m.kernel->initrd);
	assert_true(printed(lan, "fetched vmlinuz: 11 bytes in "));
	assert_true(printed(lan, "from 10.0.0.9 by net0\n"));
	assert_int_equal(run(lan, "kernel --name linux tftp://10.0.0.9/vmlinuz && boot"), 0);
	assert_int_equal(lan->m.boot.kind, BOOT_LINUX);
	lan->m.boot.kind = BOOT_NONE;
	script_cancel(&lan->m);
	/* What is no kernel, or a broken one, is not kept and does not replace the good one. */
	assert_int_equal(run(lan, "kernel tftp://10.0.0.9/note"), ERR_IMAGE_TYPE);
	assert_true(printed(lan, "tftp://10.0.0.9/note"));
	assert_int_equal(run(lan, "kernel tftp://10.0.0.9/broken"), ERR_IMAGE_TRUNCATED);
	assert_null(image_find(&lan->m, "note"));
	assert_null(image_find(&lan->m, "broken"));
	assert_string_equal(lan->m.kernel->name, "linux");
	lan_end(lan);
}

static void test_initrd(void **state)
{
	struct lan *lan = cmd_lan();
	struct image *img;

	(void)state;
	assert_int_equal(run(lan, "initrd tftp://10.0.0.9/initrd.img"), 0);
	img = image_find(&lan->m, "initrd.img");
	assert_non_null(img);
	assert_true(img->initrd);
	assert_string_equal(img->path, "");
	assert_int_equal(run(lan, "initrd -n key tftp://10.0.0.9/script /etc/key mode=0600"), 0);
	img = image_find(&lan->m, "key");
	assert_non_null(img);
	assert_true(img->initrd); /* whatever it looks like */
	assert_string_equal(img->path, "/etc/key");
	assert_int_equal(img->mode, 0600);
	assert_true(img->headroom > 0);
	assert_int_equal(run(lan, "initrd tftp://10.0.0.9/note /x mode=0800"), ERR_SCRIPT_USAGE);
	assert_int_equal(run(lan, "initrd tftp://10.0.0.9/note /x mode=77777"), ERR_SCRIPT_USAGE);
	assert_null(image_find(&lan->m, "note"));
	assert_int_equal(run(lan, "imgfetch tftp://10.0.0.9/note"), 0);
	assert_true(image_find(&lan->m, "note")->initrd);
	assert_int_equal(run(lan, "imgfetch tftp://10.0.0.9/vmlinuz a b"), 0);
	assert_false(image_find(&lan->m, "vmlinuz")->initrd);
	assert_string_equal(image_find(&lan->m, "vmlinuz")->cmdline, "a b");
	lan_end(lan);
}

static void test_chain(void **state)
{
	struct lan *lan = cmd_lan();

	(void)state;
	assert_int_equal(run(lan, "chain tftp://10.0.0.9/script && echo and back"), 0);
	assert_true(printed(lan, "in the script tftp://10.0.0.9/script\n"));
	assert_true(printed(lan, "and back"));
	assert_string_equal(lan->m.kernel->uri, "tftp://10.0.0.9/vmlinuz");
	assert_string_equal(lan->m.kernel->cmdline, "from script");
	assert_int_equal(run(lan, "chain --autofree tftp://10.0.0.9/dir/first"), 0);
	assert_false(printed(lan, "not reached"));
	assert_string_equal(lan->m.kernel->cmdline, "second");
	assert_null(image_find(&lan->m, "first"));
	assert_int_equal(run(lan, "chain tftp://10.0.0.9/vmlinuz x=y"), 0);
	assert_int_equal(lan->m.boot.kind, BOOT_LINUX);
	assert_string_equal(lan->m.boot.cmdline, "x=y");
	lan->m.boot.kind = BOOT_NONE;
	script_cancel(&lan->m);
	/* When that has come back, what was chained goes; what was selected stays. */
	assert_string_equal(image_find(&lan->m, "vmlinuz")->cmdline, "x=y");
	image_free_auto(&lan->m);
	assert_string_equal(image_find(&lan->m, "vmlinuz")->cmdline, "second");
	assert_int_equal(run(lan, "chain tftp://10.0.0.9/note"), ERR_IMAGE_TYPE);
	assert_null(image_find(&lan->m, "note"));
	lan_end(lan);
}

static void test_failures(void **state)
{
	struct lan *lan = cmd_lan();
	uint64_t at;

	(void)state;
	assert_int_equal(run(lan, "kernel"), ERR_SCRIPT_USAGE);
	assert_int_equal(run(lan, "kernel --timeout x tftp://10.0.0.9/vmlinuz"), ERR_SCRIPT_USAGE);
	assert_int_equal(run(lan, "kernel vmlinuz"), ERR_BAD_URL); /* no next-server */
	assert_true(printed(lan, "no next-server"));
	assert_int_equal(run(lan, "kernel tftp://10.0.0.9/missing"), ERR_TFTP_NOT_FOUND);
	assert_true(printed(lan, "10.0.0.9/missing by net0: code 1 \"none\""));
	at = lan->fake.now_us;
	assert_int_equal(
		run(lan, "kernel --timeout 2500 tftp://10.0.0.9/silent"), ERR_TFTP_TIMEOUT);
	assert_in_range(lan->fake.now_us - at, 2500 * MS, 2700 * MS);
	assert_int_equal(run(lan, "kernel tftp://10.0.0.9/missing || set next-server 10.0.0.9 && "
				  "kernel vmlinuz"),
		0);
	lan_end(lan);
}

static void test_passwords_are_not_shown(void **state)
{
	static const struct {
		const char *line;
		int err;
	} row[] = {
		{"kernel gopher://me:secret@10.0.0.9/x", ERR_NO_SCHEME},
		{"kernel tftp://me:secret@/x", ERR_BAD_URL},
		{"kernel tftp://me:secret@10.0.0.9/missing", ERR_TFTP_NOT_FOUND},
		{"kernel --timeout 500 tftp://me:secret@10.0.0.9/silent", ERR_TFTP_TIMEOUT},
		{"kernel tftp://me:secret@10.0.0.9/note", ERR_IMAGE_TYPE},
		{"chain tftp://me:secret@10.0.0.9/note", ERR_IMAGE_TYPE},
		/* No '@' is seen in what is cut off. */
		{"kernel tftp://ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZ:"
		 "secretABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZ@10.0.0.9/missing",
			ERR_TFTP_NOT_FOUND},
	};
	struct lan *lan = cmd_lan();

	(void)state;
	for (size_t i = 0; i < ROWS(row); i++) {
		assert_int_equal(run(lan, row[i].line), row[i].err);
		assert_false(printed(lan, "secret"));
		err_clear(&lan->m);
	}
	lan_end(lan);
}

/* Progress once a second, and Ctrl-C ends it at once. */
static void test_wait_and_cancel(void **state)
{
	struct lan *lan = cmd_lan();
	const char *text = "kernel tftp://10.0.0.9/silent";

	(void)state;
	assert_int_equal(script_run_text(&lan->m, text, strlen(text)), 0);
	fake_key_at(&lan->fake, lan->fake.now_us + 5 * S, KEY_CTRL('C'));
	lan_pass(lan, 4500 * MS);
	assert_true(printed(lan, "silent: asking 10.0.0.9"));
	assert_false(printed(lan, "E4009"));
	lan_pass(lan, 1 * S);
	assert_true(printed(lan, "E4009"));
	assert_int_equal(lan->m.boot.kind, BOOT_EXIT);
	assert_null(lan->net.fetch[0].m);
	assert_null(lan->net.socks);
	lan_end(lan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_initrd),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_passwords_are_not_shown),
		cmocka_unit_test(test_wait_and_cancel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
