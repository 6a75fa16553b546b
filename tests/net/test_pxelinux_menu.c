/* SPDX-License-Identifier: BSD-2-Clause */
/* Menu and prompt of pxelinux: what is shown, keys, and what happens without them. */
#include "tests/net/pxelinux_rig.h"

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
		cmocka_unit_test(test_menu),
		cmocka_unit_test(test_editing),
		cmocka_unit_test(test_menu_start),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_shell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
