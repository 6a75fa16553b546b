/* SPDX-License-Identifier: BSD-2-Clause */
/* pxelinux: labels, what they start, configurations and what they include. */
#include "tests/net/pxelinux_rig.h"

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

/* Runs it to its end, which must come by itself; how many files it has asked for. */
static unsigned files_asked(struct lan *lan)
{
	struct sent s;
	unsigned n = 0;

	lan->m.boot.kind = BOOT_NONE;
	script_run_text(&lan->m, "pxelinux", 8);
	while (lan->m.boot.kind == BOOT_NONE && server_wait(lan, &s, 100 * S)) {
		if (s.dport != 69)
			continue;
		server.n = 0;
		answer_file(lan, &s);
		n++;
	}
	return n;
}

/* A configuration that includes itself, and one that starts itself. */
static void test_loops(void **state)
{
	struct lan *lan = site_default("include pxelinux.cfg/default\n");

	(void)state;
	assert_int_equal(files_asked(lan), PXELINUX_FILES_MAX + 1);
	assert_int_equal(lan->m.boot.exit_code, ERR_SCRIPT_DEPTH);
	assert_int_equal(images(lan), 0);

	server.files[0].text = "default x\nlabel x\nconfig pxelinux.cfg/default\n";
	assert_int_equal(files_asked(lan), PXELINUX_FILES_MAX + 1);
	assert_int_equal(lan->m.boot.exit_code, ERR_SCRIPT_DEPTH);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_initrds),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_long_append),
		cmocka_unit_test(test_power),
		cmocka_unit_test(test_local),
		cmocka_unit_test(test_includes),
		cmocka_unit_test(test_debian),
		cmocka_unit_test(test_loops),
		cmocka_unit_test(test_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
