/* SPDX-License-Identifier: BSD-2-Clause */
/* pxelinux: run as a script would, with a TFTP server by hand and keys at the console. */
#include "core/cmd.h"
#include "net/pxelinux.h"
#include "tests/net/server.h"
#include "tests/unit.h"

#define FILES 24
#define DOWN  "\33[B"
#define ESC   "\33"

/* A kernel is what begins with "KERNEL"; what it was started with is kept in the request. */
static int kernel_probe(struct machine *m, const struct image *img)
{
	char magic[6];

	return image_get(m, img, 0, magic, 6) && !memcmp(magic, "KERNEL", 6) ? 0 : -ERR_IMAGE_TYPE;
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
static const struct command *const commands[] = {&cmd_pxelinux, &cmd_echo, &cmd_exit, NULL};

struct file {
	const char *name, *text;
};

/* What the server has, besides vmlinuz, other, initrd.img, more.img; what it was asked for. */
static struct {
	struct file files[8];
	char asked[FILES][256];
	uint32_t from[FILES];
	unsigned n;
	bool silent;
} server;

static const char *file_text(const char *name)
{
	static const struct file common[] = {{"vmlinuz", "KERNEL"}, {"other", "KERNEL"},
		{"initrd.img", "070701"}, {"more.img", "070701"}, {"note", "just text"},
		{"script", "#!ipxe\necho in the script\n"}};

	for (unsigned i = 0; i < ROWS(server.files); i++)
		if (server.files[i].name && !strcmp(server.files[i].name, name))
			return server.files[i].text;
	for (unsigned i = 0; i < ROWS(common); i++)
		if (!strcmp(common[i].name, name))
			return common[i].text;
	return NULL;
}

static void answer_file(struct lan *lan, const struct sent *s)
{
	const char *name = (const char *)s->data + 2, *text = file_text(name);
	uint8_t b[520] = {0, 3, 0, 1};

	assert_true(server.n < FILES);
	snprintf(server.asked[server.n], sizeof(server.asked[0]), "%s", name);
	server.from[server.n++] = s->dst;
	if (server.silent)
		return;
	if (!text) {
		server_put(lan, 0, s->dst, s->src, 1234, s->sport, "\0\5\0\1none", 9);
		return;
	}
	assert_true(strlen(text) < 512);
	memcpy(b + 4, text, strlen(text));
	server_put(lan, 0, s->dst, s->src, 1234, s->sport, b, 4 + (uint32_t)strlen(text));
}

/* A machine whose lease names `file` and has the options 209 and 210, NULL for none. */
static struct lan *site(const char *file, const char *config, const char *prefix)
{
	struct lan *lan = server_lan(1);
	struct sent s;

	memset(&server, 0, sizeof(server));
	((struct config *)(uintptr_t)lan->m.config)->image_types = types;
	((struct config *)(uintptr_t)lan->m.config)->commands = commands;
	assert_int_equal(discover_start(&lan->net, 1), 0);
	for (unsigned type = DHCPOFFER; type <= DHCPACK; type += DHCPACK - DHCPOFFER) {
		struct answer a;

		s = server_expect(lan, type == DHCPOFFER ? DHCPDISCOVER : DHCPREQUEST, S);
		a = answer_to(&s, type, SERVER(0), LEASE(0), file);
		if (config)
			answer_text(&a, 209, config);
		if (prefix)
			answer_text(&a, 210, prefix);
		answer_send(lan, &a, 67);
	}
	server_quiet(lan, 50 * MS);
	assert_int_equal(lan->net.discover.state, DISCOVER_DONE);
	return lan;
}

/* The usual one: "pxelinux.0", and `text` as the default configuration. */
static struct lan *site_default(const char *text)
{
	struct lan *lan = site("pxelinux.0", "pxelinux.cfg/default", NULL);

	server.files[0] = (struct file){"pxelinux.cfg/default", text};
	return lan;
}

/* Runs text as a script for at most us; the error it ends with, 0, or COMMAND_WAIT. */
static int run_for(struct lan *lan, const char *text, uint64_t us)
{
	uint64_t end = lan->fake.now_us + us;
	struct sent s;

	if (text) {
		lan->m.boot.kind = BOOT_NONE;
		fake_text_clear(&lan->fake);
		assert_int_equal(script_run_text(&lan->m, text, strlen(text)), 0);
	}
	while (lan->m.boot.kind == BOOT_NONE && lan->fake.now_us < end)
		if (server_wait(lan, &s, 100 * MS) && s.dport == 69)
			answer_file(lan, &s);
	if (lan->m.boot.kind == BOOT_NONE)
		return COMMAND_WAIT;
	return lan->m.boot.kind == BOOT_EXIT ? lan->m.boot.exit_code : 0;
}

static int run(struct lan *lan, const char *text)
{
	return run_for(lan, text, 10 * S);
}

/* Goes on with keys. */
static int keys(struct lan *lan, const char *typed)
{
	fake_type(&lan->fake, typed);
	return run(lan, NULL);
}

static bool printed(struct lan *lan, const char *text)
{
	return strstr(fake_text(&lan->fake), text);
}

static void booted(struct lan *lan, const char *cmdline)
{
	assert_int_equal(lan->m.boot.kind, BOOT_LINUX);
	assert_string_equal(lan->m.boot.cmdline, cmdline);
	assert_null(lan->net.pxelinux.text);
}

static unsigned initrds(struct lan *lan)
{
	unsigned n = 0;

	for (unsigned i = 0; i < IMAGE_MAX; i++)
		n += lan->m.images[i].state != IMAGE_FREE && lan->m.images[i].initrd;
	return n;
}

static unsigned images(struct lan *lan)
{
	unsigned n = 0;

	for (unsigned i = 0; i < IMAGE_MAX; i++)
		n += lan->m.images[i].state != IMAGE_FREE;
	return n;
}

static void end(struct lan *lan)
{
	script_cancel(&lan->m);
	lan_end(lan);
}

/* The names of PXELINUX, in its order. */
static void test_search(void **state)
{
	static const char *const names[] = {"dir/pxelinux.cfg/a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf",
		"dir/pxelinux.cfg/a3a2a1a0-a5a4-a7a6-a8a9-aaabacadaeaf",
		"dir/pxelinux.cfg/01-52-54-00-00-01-00", "dir/pxelinux.cfg/0A000032",
		"dir/pxelinux.cfg/0A00003", "dir/pxelinux.cfg/0A0000", "dir/pxelinux.cfg/0A000",
		"dir/pxelinux.cfg/0A00", "dir/pxelinux.cfg/0A0", "dir/pxelinux.cfg/0A",
		"dir/pxelinux.cfg/0", "dir/pxelinux.cfg/default"};
	struct lan *lan = site("dir/pxelinux.0", NULL, NULL);

	(void)state;
	assert_int_equal(run(lan, "pxelinux"), ERR_NO_CONFIG);
	assert_true(printed(lan, "tftp://10.0.0.1/dir/"));
	assert_int_equal(server.n, ROWS(names));
	for (unsigned i = 0; i < ROWS(names); i++)
		assert_string_equal(server.asked[i], names[i]);
	assert_int_equal(images(lan), 0);
	/* Nothing was printed before that: whoever tries this last has his own words. */
	assert_false(printed(lan, "E4002"));
	/* The one in the middle. */
	server.n = 0;
	server.files[0] =
		(struct file){"dir/pxelinux.cfg/0A00", "default x\nlabel x\nkernel /vmlinuz"};
	server.files[1] = (struct file){"dir/vmlinuz", "KERNEL"};
	assert_int_equal(run(lan, "pxelinux"), 0);
	booted(lan, "BOOT_IMAGE=/vmlinuz");
	assert_int_equal(server.n, 9);
	end(lan);

	/* The folder is in front of /file, but not of ::/file; where it is none, that is asked for.
	 */
	lan = site("pxelinux.0", "pxelinux.cfg/default", NULL);
	server.files[0] = (struct file){"pxelinux.cfg/default", "default /vmlinuz"};
	server.files[1] = (struct file){"/vmlinuz", "KERNEL"};
	assert_int_equal(run(lan, "pxelinux"), 0);
	booted(lan, "BOOT_IMAGE=/vmlinuz");
	end(lan);
	lan = site("dir/pxelinux.0", "pxelinux.cfg/default", NULL);
	server.files[0] = (struct file){"dir/pxelinux.cfg/default", "default ::/vmlinuz"};
	server.files[1] = (struct file){"/vmlinuz", "KERNEL"};
	assert_int_equal(run(lan, "pxelinux"), 0);
	booted(lan, "BOOT_IMAGE=::/vmlinuz");
	end(lan);

	/* Options 209 and 210, and what they may not lead to. */
	lan = site("dir/pxelinux.0", "own.cfg", "/tftpboot");
	server.files[0] = (struct file){"/tftpboot/own.cfg", "default linux"};
	server.files[1] = (struct file){"/tftpboot/linux", "KERNEL"};
	assert_int_equal(run(lan, "pxelinux"), 0);
	booted(lan, "BOOT_IMAGE=linux");
	assert_int_equal(server.n, 2);
	server.n = 0;
	server.silent = true;
	assert_int_equal(run_for(lan, "pxelinux", 200 * S), ERR_TFTP_TIMEOUT);
	for (unsigned i = 0; i < server.n; i++)
		assert_string_equal(server.asked[i], "/tftpboot/own.cfg");
	end(lan);

	/* By hand: a folder, a configuration. */
	lan = site(NULL, NULL, NULL);
	server.files[0] = (struct file){"a/default", "default vmlinuz"};
	server.files[1] = (struct file){"b/pxelinux.cfg/default", "default vmlinuz"};
	server.files[2] = (struct file){"a/vmlinuz", "KERNEL"};
	server.files[3] = (struct file){"b/vmlinuz", "KERNEL"};
	assert_int_equal(run(lan, "pxelinux tftp://10.0.0.9/a/default"), 0);
	booted(lan, "BOOT_IMAGE=vmlinuz");
	assert_int_equal(run(lan, "pxelinux tftp://10.0.0.9/b/"), 0);
	assert_int_equal(server.from[server.n - 1], PEER(0));
	assert_int_equal(run(lan, "pxelinux tftp://10.0.0.9/c"), ERR_TFTP_NOT_FOUND);
	assert_int_equal(run(lan, "pxelinux a b"), ERR_SCRIPT_USAGE);
	assert_true(run(lan, "pxelinux tftp://10.0.0.9") > 0);
	end(lan);
}

/* Hostile networks 10: names that are made of what a server says have their limits. */
static void test_hostile_names(void **state)
{
	char config[256], prefix[256];
	struct lan *lan;

	(void)state;
	memset(config, 'c', 255);
	memset(prefix, 'p', 255);
	config[255] = prefix[255] = 0;
	lan = site("x", config, prefix);
	assert_int_equal(run(lan, "pxelinux"), ERR_NO_CONFIG);
	assert_int_equal(server.n, 12); /* the first is no URL any more */
	end(lan);
	lan = site("x", "../../%s%n\33[2J${net0/mac}", "tftp://10.0.0.9/\33");
	assert_int_equal(run(lan, "pxelinux"), ERR_NO_CONFIG);
	assert_false(printed(lan, "\33"));
	end(lan);
	lan = site(NULL, NULL, "http://");
	assert_int_equal(run(lan, "pxelinux"), ERR_NO_CONFIG);
	end(lan);
	lan = server_lan(1); /* no lease: no server */
	((struct config *)(uintptr_t)lan->m.config)->commands = commands;
	assert_int_equal(run(lan, "pxelinux"), ERR_BAD_URL);
	end(lan);
}

static unsigned opened;

static int open_initrd(struct fetch *f, uint64_t total)
{
	opened++;
	f->open = NULL;
	return fetch_open(f, total);
}

/* A platform's own way with initrds is that of all files behind the kernel, and of no other. */
static void test_initrds(void **state)
{
	struct lan *lan = site_default("default one\nlabel one\nkernel vmlinuz\n"
				       "append initrd=initrd.img,more.img\n");

	(void)state;
	((struct net_config *)(uintptr_t)lan->net.config)->initrd_open = open_initrd;
	opened = 0;
	assert_int_equal(run(lan, "pxelinux"), 0);
	booted(lan, "BOOT_IMAGE=vmlinuz initrd=initrd.img,more.img");
	assert_int_equal(opened, 2);
	lan_end(lan);
}

static void test_labels(void **state)
{
	static const char text[] =
		"default one\nappend all\nsysappend 2\n"
		"label one\nkernel vmlinuz\nappend initrd=initrd.img,more.img  ro\tquiet ---\n"
		"ipappend 3\n"
		"label two\nlinux other\ninitrd initrd.img\nappend -\nsysappend 0\n"
		"label three\nkernel vmlinuz\n"
		"label four x\nkernel 10.0.0.9::other\nappend -\nsysappend 0\n";
	struct lan *lan = site_default(text);

	(void)state;
	assert_int_equal(run(lan, "pxelinux"), 0);
	booted(lan, "BOOT_IMAGE=vmlinuz initrd=initrd.img,more.img  ro\tquiet --- "
		    "ip=10.0.0.50:10.0.0.1:10.0.0.1:255.255.255.0 BOOTIF=01-52-54-00-00-01-00");
	assert_string_equal(server.asked[1], "vmlinuz");
	assert_string_equal(server.asked[2], "initrd.img");
	assert_string_equal(server.asked[3], "more.img");
	assert_int_equal(initrds(lan), 2);
	image_free_all(&lan->m);

	server.files[0].text = text + 12; /* no default: the prompt */
	assert_int_equal(run(lan, "pxelinux"), COMMAND_WAIT);
	assert_true(printed(lan, "boot: "));
	assert_int_equal(keys(lan, "two a  b\r"), 0);
	booted(lan, "BOOT_IMAGE=other initrd=initrd.img a  b");
	assert_int_equal(initrds(lan), 1);
	image_free_all(&lan->m);

	assert_int_equal(run(lan, "pxelinux"), COMMAND_WAIT);
	assert_int_equal(keys(lan, "three\r"), 0);
	booted(lan, "BOOT_IMAGE=vmlinuz all BOOTIF=01-52-54-00-00-01-00");

	server.n = 0;
	assert_int_equal(run(lan, "pxelinux"), COMMAND_WAIT);
	assert_int_equal(keys(lan, "four x y\r"), 0);
	booted(lan, "BOOT_IMAGE=10.0.0.9::other y");
	assert_int_equal(server.from[1], PEER(0));

	/* No label: a file. */
	assert_int_equal(run(lan, "pxelinux"), COMMAND_WAIT);
	assert_int_equal(keys(lan, "vmlinuz own\r"), 0);
	booted(lan, "BOOT_IMAGE=vmlinuz all own BOOTIF=01-52-54-00-00-01-00");

	assert_int_equal(run(lan, "pxelinux"), COMMAND_WAIT);
	assert_int_equal(keys(lan, "script\r"), 0);
	assert_true(printed(lan, "in the script"));
	assert_int_equal(lan->m.boot.kind, BOOT_EXIT);
	end(lan);
}

/* What becomes of a label that does not work. */
static void test_failures(void **state)
{
	struct lan *lan = site_default("default gone\nlabel gone\nkernel gone\n");

	(void)state;
	/* Nobody is there: the prompt waits a minute, then it is over. */
	assert_int_equal(run(lan, "pxelinux"), COMMAND_WAIT);
	assert_true(printed(lan, "E4002"));
	assert_true(printed(lan, "boot: "));
	assert_int_equal(run_for(lan, NULL, 70 * S), ERR_TFTP_NOT_FOUND);
	assert_int_equal(images(lan), 0);
	/* Somebody is. */
	assert_int_equal(run(lan, "pxelinux"), COMMAND_WAIT);
	assert_int_equal(keys(lan, "gone\r"), COMMAND_WAIT);
	assert_int_equal(run_for(lan, NULL, 700 * S), COMMAND_WAIT);
	assert_int_equal(images(lan), 1);
	assert_int_equal(keys(lan, "vmlinuz\r"), 0);
	booted(lan, "BOOT_IMAGE=vmlinuz");
	end(lan);

	lan = site_default("default gone\nonerror back up\nlabel gone\nkernel vmlinuz\n"
			   "append initrd=initrd.img,gone.img\nlabel back\nkernel other\n");
	assert_int_equal(run(lan, "pxelinux"), 0);
	assert_true(printed(lan, "E4002"));
	booted(lan, "BOOT_IMAGE=other up");
	assert_int_equal(initrds(lan), 0);
	end(lan);

	/* CONFIG without a file. */
	lan = site_default("default a\nlabel a\nconfig\n");
	assert_int_equal(run(lan, "pxelinux"), COMMAND_WAIT);
	assert_int_equal(run_for(lan, NULL, 70 * S), ERR_BAD_URL);
	end(lan);

	/* It looks like a kernel, but would hang. */
	lan = site_default("default a\nlabel a\nkernel lib/memdisk\ninitrd initrd.img\n");
	assert_int_equal(run(lan, "pxelinux"), COMMAND_WAIT);
	assert_true(printed(lan, "E6013"));
	assert_int_equal(server.n, 1);
	fake_type(&lan->fake, "\3");
	assert_int_equal(run(lan, NULL), ERR_CANCELLED);
	end(lan);

	/* ONERROR that fails itself; no kernel; a module; a password; IMPLICIT. */
	lan = site_default("default note\nonerror note\nimplicit 0\nlabel note\ncom32 dir/hdt.c32\n"
			   "label secret\nmenu passwd $1$x\nkernel vmlinuz\nlabel\nlabel text\n"
			   "kernel note\n");
	assert_int_equal(run(lan, "pxelinux"), COMMAND_WAIT);
	assert_true(printed(lan, "E6013"));
	assert_true(printed(lan, "dir/hdt.c32"));
	assert_int_equal(server.n, 1);
	fake_text_clear(&lan->fake);
	assert_int_equal(keys(lan, "secret\r"), COMMAND_WAIT);
	assert_true(printed(lan, "MENU PASSWD"));
	fake_text_clear(&lan->fake);
	assert_int_equal(keys(lan, "vmlinuz\r"), COMMAND_WAIT);
	assert_true(printed(lan, "E6003"));
	fake_text_clear(&lan->fake);
	assert_int_equal(keys(lan, "text\r"), COMMAND_WAIT);
	assert_true(printed(lan, "E5003"));
	assert_int_equal(images(lan), 1);
	fake_type(&lan->fake, "\3");
	assert_int_equal(run(lan, NULL), ERR_CANCELLED);
	assert_int_equal(images(lan), 0);
	end(lan);
}

/* A line as installers have it: longer than a screen, edited and started whole. */
static void test_long_append(void **state)
{
	static char text[700], expected[600];
	char *append = expected + 19;
	struct lan *lan;

	(void)state;
	strcpy(expected, "BOOT_IMAGE=vmlinuz a=");
	memset(expected + 21, 'x', 400);
	strcpy(expected + 421, " end");
	snprintf(text, sizeof(text), "ui menu.c32\nlabel a\nkernel vmlinuz\nappend %s\n", append);
	lan = site_default(text);
	assert_int_equal(run_for(lan, "pxelinux", S), COMMAND_WAIT);
	assert_int_equal(keys(lan, "\t more\r"), 0);
	strcat(expected, " more");
	booted(lan, expected);
	end(lan);
}

static void test_power(void **state)
{
	static const struct {
		const char *kernel;
		enum boot_kind kind;
	} rows[] = {{"reboot.c32", BOOT_REBOOT}, {"lib/poweroff.c32", BOOT_POWEROFF},
		{"poweroff.com", BOOT_POWEROFF}};

	(void)state;
	for (unsigned i = 0; i < ROWS(rows); i++) {
		struct lan *lan;
		char text[200];

		snprintf(text, sizeof(text), "default a\nlabel a\ncom32 %s\n", rows[i].kernel);
		lan = site_default(text);
		run(lan, "pxelinux");
		assert_int_equal(lan->m.boot.kind, rows[i].kind);
		assert_int_equal(images(lan), 0);
		end(lan);
	}
}

static void test_local(void **state)
{
	static const char *const ways[] = {"localboot 0", "localboot -1", "localboot 0x80",
		"com32 chain.c32\nappend hd0 0", "kernel /lib/chain.c32\nappend hd0"};

	(void)state;
	for (unsigned i = 0; i < ROWS(ways); i++) {
		struct lan *lan;
		char text[200];

		snprintf(text, sizeof(text), "default local\nlabel local\n%s\n", ways[i]);
		lan = site_default(text);
		assert_int_equal(run(lan, "pxelinux && echo not reached"), 0);
		assert_int_equal(lan->m.boot.kind, BOOT_EXIT);
		assert_false(printed(lan, "not reached"));
		assert_int_equal(images(lan), 0);
		end(lan);
	}
}

static void test_includes(void **state)
{
	struct lan *lan =
		site_default("say Hello \33[2J\ninclude a.cfg\nmenu include gone.cfg\nlabel "
			     "two\nkernel two");

	(void)state;
	server.files[1] = (struct file){"a.cfg", "append all\r\ninclude b.cfg\r\ndefault one"};
	server.files[2] = (struct file){"b.cfg", "label one\nkernel vmlinuz\nappend own"};
	assert_int_equal(run(lan, "pxelinux"), 0);
	assert_true(printed(lan, "Hello \\x1b[2J\n"));
	assert_true(printed(lan, "E4002")); /* goes on without it */
	booted(lan, "BOOT_IMAGE=vmlinuz own");
	assert_string_equal(server.asked[1], "a.cfg");
	assert_string_equal(server.asked[2], "b.cfg");
	end(lan);
}

/* Debian's netboot directory: the files of its installer include one another. */
static void test_debian(void **state)
{
	static const struct file files[] = {
		{"pxelinux.cfg/default",
			"# D-I config version 2.0\n# search path for the c32 support libraries\n"
			"path d-i/boot-screens/\ninclude d-i/boot-screens/menu.cfg\n"
			"default d-i/boot-screens/vesamenu.c32\nprompt 0\ntimeout 0\n"},
		{"d-i/boot-screens/menu.cfg",
			"menu hshift 4\nmenu width 70\n\nmenu title Installer boot menu\n"
			"include d-i/boot-screens/std.cfg\ninclude d-i/boot-screens/txt.cfg\n"
			"menu begin advanced\n    menu label ^Advanced options\n"
			"\tmenu title Advanced options\n\tinclude d-i/boot-screens/std.cfg\n"
			"\tlabel mainmenu\n\t\tmenu label ^Back..\n\t\tmenu exit\n"
			"\tinclude d-i/boot-screens/adtxt.cfg\nmenu end\n"
			"label help\n\tmenu label ^Help\n\tconfig d-i/prompt.cfg\n"},
		{"d-i/boot-screens/std.cfg", "menu background splash.png\n"
					     "menu color title\t* #FFFFFFFF *\nmenu rows 12\n"},
		{"d-i/boot-screens/txt.cfg", "default install\nlabel install\n"
					     "\tmenu label ^Install\n\tmenu default\n"
					     "\tkernel vmlinuz\n\tappend vga=788 "
					     "initrd=initrd.img --- quiet \n"},
		{"d-i/boot-screens/adtxt.cfg",
			"label expert\n\tmenu label E^xpert install\n\tkernel vmlinuz\n\tappend "
			"priority=low vga=788 initrd=initrd.img --- \n"},
		{"d-i/prompt.cfg", "prompt 1\ndisplay f1.txt\ntimeout 0\n"
				   "include d-i/boot-screens/txt.cfg\n"
				   "label menu\n\tkernel d-i/boot-screens/vesamenu.c32\n"
				   "\tconfig pxelinux.cfg/default\n"},
	};
	struct lan *lan = site_default("");

	(void)state;
	memcpy(server.files, files, sizeof(files));
	assert_int_equal(run_for(lan, "pxelinux", 100 * S), COMMAND_WAIT);
	assert_true(printed(lan, "Installer boot menu\n"));
	assert_true(printed(lan, "  1. [I]nstall\n  2. [A]dvanced options >\n  3. [H]elp\n"));
	assert_int_equal(keys(lan, "\r"), 0);
	booted(lan, "BOOT_IMAGE=vmlinuz vga=788 initrd=initrd.img --- quiet");
	server.n = 0;
	assert_int_equal(run(lan, "pxelinux"), COMMAND_WAIT);
	assert_int_equal(keys(lan, "a\r"), COMMAND_WAIT);
	assert_true(printed(lan, "Advanced options\n"));
	assert_true(printed(lan, "  1. [B]ack..\n  2. E[x]pert install\n"));
	assert_int_equal(keys(lan, "x\r"), 0);
	booted(lan, "BOOT_IMAGE=vmlinuz priority=low vga=788 initrd=initrd.img ---");
	/* Help: the prompt, and back by its label. */
	server.n = 0;
	assert_int_equal(run(lan, "pxelinux"), COMMAND_WAIT);
	assert_int_equal(keys(lan, "h\r"), COMMAND_WAIT);
	assert_true(printed(lan, "boot: "));
	fake_text_clear(&lan->fake);
	assert_int_equal(keys(lan, "menu\r"), COMMAND_WAIT);
	assert_true(printed(lan, "  2. [A]dvanced options >\n"));
	end(lan);
}

/* A configuration that includes itself, and one that starts itself. */
static void test_loops(void **state)
{
	struct lan *lan = site_default("include pxelinux.cfg/default\n");
	struct sent s;
	unsigned n = 0;

	(void)state;
	lan->m.boot.kind = BOOT_NONE;
	script_run_text(&lan->m, "pxelinux", 8);
	while (lan->m.boot.kind == BOOT_NONE && server_wait(lan, &s, 10 * S)) {
		if (s.dport != 69)
			continue;
		server.n = 0;
		answer_file(lan, &s);
		n++;
	}
	assert_int_equal(lan->m.boot.exit_code, ERR_SCRIPT_DEPTH);
	assert_int_equal(n, PXELINUX_FILES_MAX + 1);
	assert_int_equal(images(lan), 0);

	server.files[0].text = "default x\nlabel x\nconfig pxelinux.cfg/default\n";
	lan->m.boot.kind = BOOT_NONE;
	script_run_text(&lan->m, "pxelinux", 8);
	for (n = 0; lan->m.boot.kind == BOOT_NONE && server_wait(lan, &s, 100 * S);) {
		if (s.dport != 69)
			continue;
		server.n = 0;
		answer_file(lan, &s);
		n++;
	}
	assert_int_equal(lan->m.boot.exit_code, ERR_SCRIPT_DEPTH);
	assert_int_equal(n, PXELINUX_FILES_MAX + 1);
	end(lan);
}

static const char menu_text[] =
	"ui vesamenu.c32\nmenu title Boot \33menu\ntimeout 50\n"
	"label a\nmenu label ^Alpha \33[2J\nkernel vmlinuz\nappend a\n"
	"label hidden\nmenu hide\nkernel h\n"
	"menu separator\n"
	"label b\nmenu label Beta ^2\nmenu indent 2\nmenu default\nkernel vmlinuz\nappend b\n"
	"menu begin sub\nmenu title Sub\nlabel c\nkernel other\nappend c\n"
	"label back\nmenu label Back\nmenu exit\nmenu end\n"
	"label off\nmenu disable\n"
	"label go\nmenu goto sub\n";

static void test_menu(void **state)
{
	struct lan *lan = site_default(menu_text);

	(void)state;
	/* Nobody: the default, when its time has come. */
	assert_int_equal(run_for(lan, "pxelinux", 4900 * MS), COMMAND_WAIT);
	assert_true(printed(lan, "\nBoot \\x1bmenu\nTab: edit, Esc: prompt\n"));
	assert_true(
		printed(lan, "  1. [A]lpha \\x1b[2J\n     \n  2.   Beta [2]\n  3. Sub >\n     off\n"
			     "  4. go\n"));
	assert_true(printed(lan, "5 s; "));
	assert_true(printed(lan, "Enter: 2.   Beta [2]"));
	assert_false(printed(lan, "hidden"));
	assert_false(printed(lan, "\33"));
	assert_int_equal(run_for(lan, NULL, S), 0);
	booted(lan, "BOOT_IMAGE=vmlinuz b");

	/* Keys. */
	assert_int_equal(run_for(lan, "pxelinux", S), COMMAND_WAIT);
	assert_int_equal(keys(lan, "a"), COMMAND_WAIT); /* and no time-out any more */
	assert_int_equal(keys(lan, "\r"), 0);
	booted(lan, "BOOT_IMAGE=vmlinuz a");

	/* A submenu, by its number and by name; out again by Esc and by its exit. */
	assert_int_equal(run_for(lan, "pxelinux", S), COMMAND_WAIT);
	assert_int_equal(keys(lan, "3\r"), COMMAND_WAIT);
	assert_true(printed(lan, "\nSub\nTab: edit, Esc: prompt\n  1. c\n  2. Back\n"));
	fake_text_clear(&lan->fake);
	assert_int_equal(keys(lan, "2\r"), COMMAND_WAIT);
	assert_true(printed(lan, "[A]lpha"));
	fake_text_clear(&lan->fake);
	assert_int_equal(keys(lan, "4\r"), COMMAND_WAIT);
	assert_true(printed(lan, "\nSub\nTab: edit, Esc: prompt\n  1. c\n  2. Back\n"));
	fake_text_clear(&lan->fake);
	assert_int_equal(keys(lan, ESC), COMMAND_WAIT);
	assert_true(printed(lan, "[A]lpha"));
	assert_int_equal(keys(lan, "3\r"), COMMAND_WAIT);
	assert_int_equal(keys(lan, "\r"), 0);
	booted(lan, "BOOT_IMAGE=other c");
	end(lan);
}

static void test_editing(void **state)
{
	struct lan *lan = site_default(menu_text);

	(void)state;
	assert_int_equal(run_for(lan, "pxelinux", S), COMMAND_WAIT);
	assert_int_equal(keys(lan, "\t"), COMMAND_WAIT);
	assert_true(printed(lan, "> vmlinuz b"));
	assert_int_equal(keys(lan, " single\r"), 0);
	booted(lan, "BOOT_IMAGE=vmlinuz b single");

	/* Esc: from the line to the menu, from there to the prompt, and back. */
	assert_int_equal(run_for(lan, "pxelinux", S), COMMAND_WAIT);
	assert_int_equal(keys(lan, "\t"), COMMAND_WAIT);
	fake_text_clear(&lan->fake);
	assert_int_equal(keys(lan, ESC), COMMAND_WAIT);
	assert_true(printed(lan, "[A]lpha"));
	assert_int_equal(keys(lan, ESC), COMMAND_WAIT);
	assert_true(printed(lan, "boot: "));
	fake_text_clear(&lan->fake);
	assert_int_equal(keys(lan, ESC), COMMAND_WAIT);
	assert_true(printed(lan, "[A]lpha"));
	assert_int_equal(keys(lan, ESC), COMMAND_WAIT);
	assert_int_equal(keys(lan, "a more\r"), 0);
	booted(lan, "BOOT_IMAGE=vmlinuz a more");

	/* What was edited fails: ONERROR is not to be edited. */
	server.files[0].text = "ui menu.c32\nonerror b\nlabel off\nmenu disable\nmenu default\n"
			       "label a\nkernel gone\nlabel b\nkernel vmlinuz\n"
			       "label last\nmenu default\nmenu disable\n";
	assert_int_equal(run_for(lan, "pxelinux", S), COMMAND_WAIT);
	assert_true(printed(lan, "Enter: 1. a"));
	assert_int_equal(keys(lan, "\t x\r"), 0);
	booted(lan, "BOOT_IMAGE=vmlinuz");
	pxelinux_cancel(&lan->m);	  /* does nothing any more */
	assert_int_equal(images(lan), 3); /* a kernel of each boot */

	/* Not where it is not wanted. */
	server.files[0].text = "ui menu.c32\nallowoptions 0\nlabel a\nkernel vmlinuz\nappend a\n";
	assert_int_equal(run_for(lan, "pxelinux", S), COMMAND_WAIT);
	fake_text_clear(&lan->fake);
	assert_int_equal(keys(lan, "\t" ESC), COMMAND_WAIT);
	assert_false(printed(lan, "boot: "));
	assert_false(printed(lan, "> vmlinuz"));
	assert_int_equal(keys(lan, "\r"), 0);
	booted(lan, "BOOT_IMAGE=vmlinuz a");
	/* What would not be text on a terminal. */
	server.files[0].text =
		"ui menu.c32\nlabel a\nkernel vmlinuz\nappend a\33[2J\tb \xc3\xa9\x9b\n";
	assert_int_equal(run_for(lan, "pxelinux", S), COMMAND_WAIT);
	fake_text_clear(&lan->fake);
	assert_int_equal(keys(lan, "\t"), COMMAND_WAIT);
	assert_true(printed(lan, "> vmlinuz a [2J b ???"));
	assert_int_equal(keys(lan, ESC), COMMAND_WAIT);
	assert_int_equal(keys(lan, "\r"), 0); /* as it stands there */
	booted(lan, "BOOT_IMAGE=vmlinuz a\33[2J\tb \xc3\xa9\x9b");

	server.files[0].text = "prompt 1\nallowoptions 0\nlabel a\nkernel vmlinuz\n";
	assert_int_equal(run_for(lan, "pxelinux", S), COMMAND_WAIT);
	assert_int_equal(keys(lan, "a init=/bin/sh\r"), 0);
	booted(lan, "BOOT_IMAGE=vmlinuz");
	end(lan);
}

/* Where the menu begins, and what it begins with. */
static void test_menu_start(void **state)
{
	struct lan *lan = site_default("");

	(void)state;
	/* DEFAULT beside UI: in its submenu, and before MENU DEFAULT. */
	server.files[0].text = "ui menu.c32\ntimeout 10\ndefault b\nlabel x\nkernel x\n"
			       "menu begin s\nlabel a\nmenu default\nkernel a\n"
			       "label b\nkernel vmlinuz\nmenu end\n";
	assert_int_equal(run(lan, "pxelinux"), 0);
	booted(lan, "BOOT_IMAGE=vmlinuz");
	/* MENU START; MENU QUIT. */
	server.files[0].text = "ui menu.c32\nlabel x\nkernel x\nmenu begin s\nmenu start\n"
			       "label q\nmenu quit\nmenu end\nlabel v\nkernel vmlinuz\n";
	assert_int_equal(run(lan, "pxelinux"), COMMAND_WAIT);
	assert_true(printed(lan, "  1. q\n"));
	assert_int_equal(keys(lan, "\r"), COMMAND_WAIT);
	assert_true(printed(lan, "boot: "));
	assert_int_equal(keys(lan, "v\r"), 0);
	booted(lan, "BOOT_IMAGE=vmlinuz");
	/* An included submenu's default is not the menu's. */
	server.files[0].text = "menu include tools.cfg Tools\nui menu.c32\ntimeout 10\n"
			       "label disk\nkernel vmlinuz\nmenu default\n";
	server.files[1] = (struct file){"tools.cfg", "label m\nkernel m\nmenu default\n"};
	assert_int_equal(run(lan, "pxelinux"), 0);
	assert_true(printed(lan, "  1. Tools >\n  2. disk\n"));
	booted(lan, "BOOT_IMAGE=vmlinuz");
	/* Of KERNEL and LOCALBOOT the last one counts. */
	server.files[0].text = "default a\nlabel a\nlocalboot 0\nkernel vmlinuz\n";
	assert_int_equal(run(lan, "pxelinux"), 0);
	booted(lan, "BOOT_IMAGE=vmlinuz");
	/* Nothing to start: what some servers send for every name. */
	server.files[0].text = "<html>\nlabel a\nkernel vmlinuz\n";
	assert_int_equal(run(lan, "pxelinux"), COMMAND_WAIT);
	assert_true(printed(lan, "neither DEFAULT nor UI"));
	assert_int_equal(run_for(lan, NULL, 70 * S), ERR_SCRIPT_LABEL);
	/* No entries at all: said, and not waited for without end. */
	server.files[0].text = "ui menu.c32\ninclude gone.cfg\n";
	assert_int_equal(run(lan, "pxelinux"), COMMAND_WAIT);
	assert_true(printed(lan, "E6003"));
	assert_int_equal(run_for(lan, NULL, 70 * S), ERR_SCRIPT_LABEL);
	end(lan);
}

/* Another configuration: CONFIG, and a menu's module with a file. */
static void test_config(void **state)
{
	struct lan *lan = site_default("default sub\nlabel sub\nconfig sub.cfg\n");

	(void)state;
	server.files[1] =
		(struct file){"sub.cfg", "label x\nkernel vmlinuz\ntimeout 10\ndefault x\n"};
	assert_int_equal(run_for(lan, "pxelinux", 500 * MS), 0);
	booted(lan, "BOOT_IMAGE=vmlinuz");
	server.files[0].text = "default sub\nlabel sub\nkernel menu.c32\nappend sub.cfg\n";
	assert_int_equal(run_for(lan, "pxelinux", 500 * MS), COMMAND_WAIT);
	assert_true(printed(lan, "  1. x\n"));
	assert_int_equal(run(lan, NULL), 0);
	booted(lan, "BOOT_IMAGE=vmlinuz");
	/* As DEFAULT or UI has it, which is no label; and with an APPEND that is for kernels. */
	server.files[0].text = "append quiet\nimplicit 0\ndefault menu.c32 sub.cfg\n";
	assert_int_equal(run(lan, "pxelinux"), 0);
	booted(lan, "BOOT_IMAGE=vmlinuz");
	server.files[0].text =
		"append quiet\nui vesamenu.c32\nlabel sub\nkernel menu.c32 sub.cfg\n";
	assert_int_equal(run(lan, "pxelinux"), COMMAND_WAIT);
	assert_int_equal(keys(lan, "\r"), COMMAND_WAIT);
	assert_true(printed(lan, "  1. x\n"));
	assert_int_equal(keys(lan, "\r"), 0);
	booted(lan, "BOOT_IMAGE=vmlinuz");
	/* Several files, one of which is not there; ~ is the first configuration. */
	server.files[0].text = "ui menu.c32\nlabel main\nkernel menu.c32\n"
			       "append look.cfg gone.cfg sub.cfg other.cfg\n";
	server.files[2] = (struct file){"look.cfg", "menu title Look"}; /* no LF */
	server.files[3] = (struct file){"other.cfg", "label back\nkernel vesamenu.c32\nappend ~"};
	assert_int_equal(run(lan, "pxelinux"), COMMAND_WAIT);
	assert_int_equal(keys(lan, "\r"), COMMAND_WAIT);
	assert_true(printed(lan, "Look\n"));
	assert_true(printed(lan, "  1. x\n  2. back\n"));
	fake_text_clear(&lan->fake);
	assert_int_equal(keys(lan, "2\r"), COMMAND_WAIT);
	assert_true(printed(lan, "  1. main\n"));
	assert_int_equal(keys(lan, "\3"), ERR_CANCELLED);
	/* One that is not there. */
	server.files[0].text = "default sub\nlabel sub\nkernel menu.c32\nappend sub.cfg\n";
	server.files[1].name = NULL;
	assert_int_equal(run_for(lan, "pxelinux", 500 * MS), COMMAND_WAIT);
	assert_true(printed(lan, "E4002"));
	assert_true(printed(lan, "boot: "));
	end(lan);
}

static void test_times(void **state)
{
	struct lan *lan =
		site_default("prompt 1\ntimeout 20\ndefault a\nontimeout b now\n"
			     "totaltimeout 100\nlabel a\nkernel a\nlabel b\nkernel vmlinuz\n");

	(void)state;
	assert_int_equal(run_for(lan, "pxelinux", 1900 * MS), COMMAND_WAIT);
	assert_int_equal(run_for(lan, NULL, 300 * MS), 0);
	booted(lan, "BOOT_IMAGE=vmlinuz now");
	assert_int_equal(run_for(lan, "pxelinux", S), COMMAND_WAIT);
	fake_type(&lan->fake, "x");
	assert_int_equal(run_for(lan, NULL, 8 * S), COMMAND_WAIT);
	assert_int_equal(run_for(lan, NULL, 2 * S), 0);
	booted(lan, "BOOT_IMAGE=vmlinuz now");
	/* Somebody left a line open: what the menu has chosen. */
	server.files[0].text = "ui menu.c32\ntotaltimeout 50\nlabel a\nkernel vmlinuz\n";
	assert_int_equal(run_for(lan, "pxelinux", S), COMMAND_WAIT);
	fake_type(&lan->fake, "\t x");
	assert_int_equal(run(lan, NULL), 0);
	booted(lan, "BOOT_IMAGE=vmlinuz");
	/* Without any, nothing is done. */
	server.files[0].text = "prompt 1\ndefault a\nlabel a\nkernel vmlinuz\n";
	assert_int_equal(run_for(lan, "pxelinux", 1000 * S), COMMAND_WAIT);
	assert_int_equal(keys(lan, "\r"), 0);
	booted(lan, "BOOT_IMAGE=vmlinuz");
	/* A hidden menu. */
	server.files[0].text = "default menu\nmenu hidden\ntimeout 30\nlabel a\nkernel vmlinuz\n";
	assert_int_equal(run_for(lan, "pxelinux", 2 * S), COMMAND_WAIT);
	assert_false(printed(lan, "\n  1. a"));
	assert_int_equal(run_for(lan, NULL, 2 * S), 0);
	booted(lan, "BOOT_IMAGE=vmlinuz");
	end(lan);
}

/* Ctrl-B at any time: what was fetched is gone, and all begins again. */
static void test_shell(void **state)
{
	struct lan *lan = site_default(menu_text);

	(void)state;
	assert_int_equal(run_for(lan, "pxelinux", S), COMMAND_WAIT);
	assert_int_equal(keys(lan, "\2"), COMMAND_WAIT);
	assert_true(printed(lan, "reveille> "));
	assert_int_equal(images(lan), 0);
	fake_text_clear(&lan->fake);
	assert_int_equal(keys(lan, "exit\r"), 0);
	assert_true(printed(lan, "[A]lpha"));
	booted(lan, "BOOT_IMAGE=vmlinuz b");
	end(lan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_initrds),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_long_append),
		cmocka_unit_test(test_power),
		cmocka_unit_test(test_local),
		cmocka_unit_test(test_includes),
		cmocka_unit_test(test_debian),
		cmocka_unit_test(test_loops),
		cmocka_unit_test(test_menu),
		cmocka_unit_test(test_editing),
		cmocka_unit_test(test_menu_start),
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_shell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
