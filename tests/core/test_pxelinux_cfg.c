/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading pxelinux.cfg: core/pxelinux_cfg.c, on configurations as they are found at sites. */
#include "core/machine.h"
#include "core/pxelinux_cfg.h"
#include "tests/fake.h"
#include "tests/unit.h"

static struct fake fake;
static struct machine m;
static struct cfg cfg;
static char text[4096];

static int setup(void **state)
{
	(void)state;
	fake_init(&fake, 64 << 20);
	return machine_init(&m, NULL, &fake_platform, &fake, &fake_config);
}

static int teardown(void **state)
{
	(void)state;
	fake_end(&fake);
	return 0;
}

/* A file of the server. */
static struct image *file(const char *name, const void *what, size_t n)
{
	struct image *img;

	assert_int_equal(image_open(&m, name, "", n, NULL, &img), 0);
	assert_int_equal(image_put(&m, img, 0, what, n), 0);
	assert_int_equal(image_close(&m, img), 0);
	return img;
}

static void load_n(const void *what, size_t n)
{
	struct image *room;

	image_free_all(&m);
	assert_int_equal(image_open(&m, "cfg", "", SCRIPT_SIZE_MAX, NULL, &room), 0);
	memset(&cfg, 0xa5, sizeof(cfg));
	memset(cfg.at, 0, sizeof(cfg.at));
	cfg.m = &m;
	cfg.base = room->base;
	cfg.size = 0;
	cfg_start(&cfg);
	assert_true(cfg_insert(&cfg, file("file", what, n)));
}

static void load(const char *what)
{
	load_n(what, strlen(what));
}

/* The argument of `key`, of the entry or of everything. */
static const char *said(enum cfg_key key)
{
	assert_true(cfg_text(&cfg, cfg.at[key], text, sizeof(text)));
	return text;
}

/* The label's entry, by its name. */
static void find(const char *name)
{
	cfg_start(&cfg);
	while (cfg_entry(&cfg)) {
		cfg_text(&cfg, cfg.name, text, sizeof(text));
		if (cfg.kind == CFG_LABEL && !strcmp(text, name))
			return;
	}
	fail_msg("no label %s", name);
}

static void all(void)
{
	cfg_start(&cfg);
	while (cfg_entry(&cfg))
		;
}

/* What installers, provisioning systems and how-tos have in their configurations. */
struct want {
	const char *label;
	enum cfg_key key;
	const char *is;
};

static const struct site {
	const char *name, *text;
	unsigned labels;
	struct want want[8]; /* label NULL: of everything */
} sites[] = {
	{"debian",
		"# D-I config version 2.0\n# search path for the c32 support libraries\n"
		"path debian-installer/amd64/boot-screens/\n"
		"menu hshift 4\nmenu width 70\nmenu title Debian GNU/Linux installer boot menu\n"
		"menu background splash.png\nmenu color title\t* #FFFFFFFF *\n"
		"label install\n\tmenu label ^Install\n"
		"\tkernel debian-installer/amd64/linux\n"
		"\tappend vga=788 initrd=debian-installer/amd64/initrd.gz --- quiet \n"
		"label installgui\n\tmenu label ^Graphical install\n\tmenu default\n"
		"\tkernel debian-installer/amd64/linux\n"
		"\tappend vga=788 initrd=debian-installer/amd64/initrd.gz --- quiet \n"
		"menu begin advanced\n    menu label ^Advanced options\n"
		"\tmenu title Advanced options\n"
		"\tlabel mainmenu\n\t\tmenu label ^Back..\n\t\tmenu exit\n"
		"label expert\n\tmenu label E^xpert install\n"
		"\tkernel debian-installer/amd64/linux\n"
		"\tappend priority=low vga=788 initrd=debian-installer/amd64/initrd.gz --- \n"
		"menu end\n"
		"label help\n\tmenu label ^Help\n\ttext help\n   Display help screens; type "
		"'menu'\n"
		"label nothing\n\tendtext\n\tconfig debian-installer/amd64/prompt.cfg\n"
		"default debian-installer/amd64/boot-screens/vesamenu.c32\nprompt 0\ntimeout 0\n",
		5,
		{{"install", CFG_APPEND,
			 "vga=788 initrd=debian-installer/amd64/initrd.gz --- quiet"},
			{"installgui", CFG_MENU_LABEL, "^Graphical install"},
			{"installgui", CFG_MENU_DEFAULT, ""}, {"mainmenu", CFG_GOTO, ""},
			{"help", CFG_CONFIG, "debian-installer/amd64/prompt.cfg"},
			{NULL, CFG_DEFAULT, "debian-installer/amd64/boot-screens/vesamenu.c32"},
			{NULL, CFG_TIMEOUT, "0"}}},
	{"foreman",
		"# This file was deployed via 'Kickstart default PXELinux' template\r\n\r\n"
		"TIMEOUT 10\r\nDEFAULT installer\r\n\r\nLABEL installer\r\n"
		"MENU LABEL installer\r\nKERNEL boot/centos-stream-9-vmlinuz\r\n"
		"APPEND initrd=boot/centos-stream-9-initrd.img "
		"inst.ks=http://foreman.example.com/unattended/provision?token=7c5f "
		"ks.device=bootif "
		"network ks.sendmac\r\nIPAPPEND 2\r\n",
		1,
		{{"installer", CFG_KERNEL, "boot/centos-stream-9-vmlinuz"},
			{"installer", CFG_SYSAPPEND, "2"}, {NULL, CFG_DEFAULT, "installer"},
			{"installer", CFG_APPEND,
				"initrd=boot/centos-stream-9-initrd.img "
				"inst.ks=http://foreman.example.com/unattended/"
				"provision?token=7c5f "
				"ks.device=bootif network ks.sendmac"}}},
	{"foreman local",
		"DEFAULT menu\nPROMPT 0\nMENU TITLE PXE Menu\nTIMEOUT 200\nTOTALTIMEOUT 6000\n"
		"ONTIMEOUT local\n\nLABEL local\n     MENU LABEL (local)\n     MENU DEFAULT\n"
		"     COM32 chain.c32\n     APPEND hd0\n",
		1,
		{{"local", CFG_KERNEL, "chain.c32"}, {NULL, CFG_ONTIMEOUT, "local"},
			{NULL, CFG_TOTALTIMEOUT, "6000"}, {"local", CFG_APPEND, "hd0"}}},
	{"cobbler",
		"DEFAULT menu\nPROMPT 0\nMENU TITLE Cobbler | http://cobbler.github.io/\n"
		"TIMEOUT 200\nTOTALTIMEOUT 6000\nONTIMEOUT local\n\nLABEL local\n"
		"        MENU LABEL (local)\n        MENU DEFAULT\n        LOCALBOOT -1\n\n"
		"LABEL rocky9-x86_64\n        kernel /images/rocky9-x86_64/vmlinuz\n"
		"        MENU LABEL rocky9-x86_64\n"
		"        append initrd=/images/rocky9-x86_64/initrd.img ksdevice=bootif lang= "
		"kssendmac text  ks=http://10.0.0.1/cblr/svc/op/ks/profile/rocky9-x86_64\n"
		"        ipappend 2\nMENU end\n",
		2,
		{{"local", CFG_LOCALBOOT, "-1"},
			{"rocky9-x86_64", CFG_KERNEL, "/images/rocky9-x86_64/vmlinuz"},
			{"rocky9-x86_64", CFG_APPEND,
				"initrd=/images/rocky9-x86_64/initrd.img ksdevice=bootif lang= "
				"kssendmac text  "
				"ks=http://10.0.0.1/cblr/svc/op/ks/profile/rocky9-x86_64"}}},
	{"kickstart",
		"default vesamenu.c32\nprompt 1\ntimeout 600\ndisplay boot.msg\n"
		"label linux\n  menu label ^Install Red Hat Enterprise Linux\n  menu default\n"
		"  kernel images/RHEL-9/vmlinuz\n  append initrd=images/RHEL-9/initrd.img ip=dhcp "
		"inst.repo=http://192.168.124.2/RHEL-9/x86_64/iso-contents-root/\n"
		"label local\n  menu label Boot from ^local drive\n  localboot 0xffff\n",
		2,
		{{"local", CFG_LOCALBOOT, "0xffff"},
			{"linux", CFG_MENU_LABEL, "^Install Red Hat Enterprise Linux"},
			{NULL, CFG_PROMPT, "1"}}},
	{"ltsp",
		"default ltsp\nlabel ltsp\nkernel vmlinuz\n"
		"append ro initrd=ltsp.img,initrd.img root=/dev/nfs ip=dhcp boot=nfs "
		"nbdroot=:ltsp quiet splash\nsysappend 3\n",
		1,
		{{"ltsp", CFG_SYSAPPEND, "3"},
			{"ltsp", CFG_APPEND,
				"ro initrd=ltsp.img,initrd.img root=/dev/nfs ip=dhcp boot=nfs "
				"nbdroot=:ltsp quiet splash"}}},
	{"memtest",
		"UI menu.c32\nAPPEND console=ttyS0\nLABEL memtest86\n MENU LABEL Memtest86+\n"
		" LINUX memtest86+x64.bin\n APPEND -\nMENU SEPARATOR\nLABEL live\n LINUX "
		"live/vmlinuz\n"
		" INITRD live/initrd.img,live/firmware.img\n",
		2,
		{{"memtest86", CFG_APPEND, "-"},
			{"live", CFG_INITRD, "live/initrd.img,live/firmware.img"},
			{"memtest86", CFG_KERNEL, "memtest86+x64.bin"},
			{NULL, CFG_UI, "menu.c32"}}},
};

static void test_sites(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ROWS(sites); i++) {
		const struct site *site = &sites[i];
		unsigned labels = 0;

		load(site->text);
		while (cfg_entry(&cfg))
			labels += cfg.kind == CFG_LABEL;
		if (labels != site->labels)
			fail_msg("%s: %u labels", site->name, labels);
		for (const struct want *w = site->want; w->is; w++) {
			if (w->label)
				find(w->label);
			else
				all();
			if (!cfg.at[w->key])
				fail_msg("%s: %s does not say %u", site->name, w->label, w->key);
			assert_string_equal(said(w->key), w->is);
		}
	}
}

/* What stands in front of the first label is everybody's; what a label says ends with it. */
static void test_scopes(void **state)
{
	(void)state;
	load("append all\nipappend 1\ntimeout 30\nlabel a\nappend own\nlabel b\nkernel k\ntimeout "
	     "32\n");
	assert_true(cfg_entry(&cfg));
	assert_int_equal(cfg.kind, CFG_TOP);
	assert_string_equal(said(CFG_APPEND), "all");
	assert_int_equal(cfg_number(&cfg, cfg.at[CFG_TIMEOUT], 7), 30);
	assert_int_equal(cfg_number(&cfg, cfg.at[CFG_PROMPT], 7), 7);
	assert_int_equal(cfg_number(&cfg, cfg.at[CFG_APPEND], 7), 0);
	assert_true(cfg_entry(&cfg));
	assert_int_equal(cfg.kind, CFG_LABEL);
	assert_string_equal(said(CFG_APPEND), "own");
	assert_int_equal(cfg.at[CFG_SYSAPPEND], 0);
	assert_true(cfg_entry(&cfg));
	assert_int_equal(cfg.at[CFG_APPEND], 0);
	assert_string_equal(said(CFG_KERNEL), "k");
	assert_int_equal(cfg_number(&cfg, cfg.at[CFG_TIMEOUT], 7), 32);
	assert_false(cfg_entry(&cfg));
	assert_false(cfg_entry(&cfg));
}

/* Submenus, inside of each other and deeper than there is room for. */
static void test_menus(void **state)
{
	uint32_t one, two;

	(void)state;
	load("label top\nmenu begin one\nmenu title One\nlabel in one\nmenu begin two\nlabel in "
	     "two\nmenu end\nlabel again\nmenu end\nmenu end\nlabel last\n");
	cfg_entry(&cfg);
	cfg_entry(&cfg);
	assert_int_equal(cfg.menu, 0);
	cfg_entry(&cfg);
	assert_int_equal(cfg.kind, CFG_BEGIN);
	one = cfg.name;
	assert_int_equal(cfg.parent, 0);
	assert_int_equal(cfg.menu, one);
	assert_string_equal(said(CFG_TITLE), "One");
	cfg_entry(&cfg);
	assert_int_equal(cfg.menu, one);
	cfg_entry(&cfg);
	two = cfg.name;
	assert_int_equal(cfg.kind, CFG_BEGIN);
	assert_int_equal(cfg.parent, one);
	cfg_entry(&cfg);
	assert_int_equal(cfg.menu, two);
	find("again");
	assert_int_equal(cfg.menu, one);
	find("last");
	assert_int_equal(cfg.menu, 0);

	text[0] = 0;
	for (unsigned i = 0; i < 100; i++)
		strcat(text, "menu begin\n");
	strcat(text, "label deep\n");
	for (unsigned i = 0; i < 100; i++)
		strcat(text, "menu end\n");
	strcat(text, "label x\n");
	load(text);
	find("deep");
	assert_int_equal(cfg.menu, (PXELINUX_MENUS_MAX - 1) * 11 + 10);
	find("x");
	assert_int_equal(cfg.menu, 0);
}

/* Files that are put in the place of a line: at the start, in the middle, at the end. */
static void test_insert(void **state)
{
	struct image *one;

	(void)state;
	load("include one\nlabel x\ninclude one\nlabel y\ninclude one");
	one = file("one", "label one\nappend 1", 18);
	for (unsigned i = 0; i < 5; i++) {
		enum cfg_key key;

		while ((key = cfg_line(&cfg)) != CFG_INCLUDE && key != CFG_EOF)
			;
		assert_int_equal(key == CFG_EOF, i >= 3);
		if (key == CFG_INCLUDE)
			assert_true(cfg_insert(&cfg, one));
	}
	cfg_start(&cfg);
	cfg_entry(&cfg);
	for (unsigned i = 0; i < 5; i++) {
		assert_true(cfg_entry(&cfg));
		assert_int_equal(cfg.kind, CFG_LABEL);
		cfg_text(&cfg, cfg.name, text, sizeof(text));
		assert_string_equal(text, i % 2 ? (i == 1 ? "x" : "y") : "one");
		assert_string_equal(said(CFG_APPEND), i % 2 ? "" : "1");
	}
	assert_false(cfg_entry(&cfg));

	/* All that fits, and one byte more. */
	load("include all\n");
	assert_int_equal(cfg_line(&cfg), CFG_INCLUDE);
	one->total = SCRIPT_SIZE_MAX - 11;
	assert_false(cfg_insert(&cfg, one));
	one->total--;
	assert_true(cfg_insert(&cfg, one));
	one->total = 18;
	assert_int_equal(cfg.size, SCRIPT_SIZE_MAX - 11);
}

/* A tag makes a submenu of a file, wherever it stands. */
static void test_insert_tag(void **state)
{
	struct image *one;
	uint32_t tools;

	(void)state;
	load("Menu Include one.cfg  Tools \r\nlabel last");
	one = file("one", "label one\nmenu default\ninclude x", 32);
	assert_int_equal(cfg_line(&cfg), CFG_INCLUDE);
	assert_true(cfg_insert(&cfg, one));
	while (cfg_line(&cfg) != CFG_INCLUDE)
		;
	one->total = 9;
	assert_true(cfg_insert(&cfg, one)); /* no tag */
	cfg_start(&cfg);
	cfg_entry(&cfg);
	assert_true(cfg_entry(&cfg));
	assert_int_equal(cfg.kind, CFG_BEGIN);
	tools = cfg.name;
	cfg_text(&cfg, tools, text, sizeof(text));
	assert_string_equal(text, "Tools");
	for (unsigned i = 0; i < 2; i++) {
		assert_true(cfg_entry(&cfg));
		assert_int_equal(cfg.kind, CFG_LABEL);
		assert_int_equal(cfg.menu, tools);
	}
	assert_true(cfg_entry(&cfg));
	assert_int_equal(cfg.kind, CFG_END);
	assert_true(cfg_entry(&cfg));
	assert_int_equal(cfg.menu, 0);
	cfg_text(&cfg, cfg.name, text, sizeof(text));
	assert_string_equal(text, "last");
	assert_false(cfg_entry(&cfg));
	one->total = 32;

	/* What the tag adds has to fit, too. */
	load("include all A\n");
	assert_int_equal(cfg_line(&cfg), CFG_INCLUDE);
	one->total = SCRIPT_SIZE_MAX - 14 - 22;
	assert_true(cfg_insert(&cfg, one));
	load("include all A\n");
	one = file("one", "label one", 9);
	assert_int_equal(cfg_line(&cfg), CFG_INCLUDE);
	one->total = SCRIPT_SIZE_MAX - 14 - 21;
	assert_false(cfg_insert(&cfg, one));
	one->total = 9;
}

/* Decimal and hexadecimal, and what is neither. */
static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		uint32_t is;
	} rows[] = {{"timeout 0x1f", 31}, {"timeout 0XaB ", 171}, {"timeout 0x", 0},
		{"timeout 0x1:", 1}, {"timeout 12x", 12}, {"timeout -1", 0}, {"timeout 1a", 1},
		{"timeout 99999999999999", 999999999}};

	(void)state;
	for (unsigned i = 0; i < ROWS(rows); i++) {
		load(rows[i].text);
		all();
		assert_int_equal(cfg_number(&cfg, cfg.at[CFG_TIMEOUT], 7), rows[i].is);
	}
}

/* Bytes that nobody means, and lines of any length. */
static void test_hostile(void **state)
{
	static const char odd[] =
		"\0\0label\0one\0\r\n\tMeNu\t\tLaBeL \33a\33[2Jx\0\r\nkernel\nappend "
		"a\0b \0\n\377\200\nlabelx\nmenu\nlabel";
	char *big = malloc(SCRIPT_SIZE_MAX);
	unsigned n = 0;
	char cut[8];

	(void)state;
	load_n(odd, sizeof(odd) - 1);
	cfg_entry(&cfg);
	cfg_entry(&cfg);
	cfg_text(&cfg, cfg.name, text, sizeof(text));
	assert_string_equal(text, "one");
	assert_string_equal(said(CFG_MENU_LABEL), "a\33[2Jx");
	assert_string_equal(said(CFG_KERNEL), "");
	assert_string_equal(said(CFG_APPEND), "a b");
	cfg_entry(&cfg);
	assert_int_equal(cfg.kind, CFG_LABEL);
	cfg_text(&cfg, cfg.name, text, sizeof(text));
	assert_string_equal(text, "");
	assert_false(cfg_entry(&cfg));

	load("");
	assert_true(cfg_entry(&cfg));
	assert_int_equal(cfg.kind, CFG_TOP);
	assert_false(cfg_entry(&cfg));

	load("append 1234567\nlabel a\nappend 12345678   \nlabel b\n");
	cfg_entry(&cfg);
	assert_true(cfg_text(&cfg, cfg.at[CFG_APPEND], cut, sizeof(cut)));
	assert_string_equal(cut, "1234567");
	cfg_entry(&cfg);
	assert_false(cfg_text(&cfg, cfg.at[CFG_APPEND], cut, sizeof(cut)));
	assert_string_equal(cut, "1234567");

	/* 100000 labels, and one line of a megabyte. */
	while (n + 10 <= SCRIPT_SIZE_MAX)
		n += (unsigned)sprintf(big + n, "label %x\n", n / 10 % 16);
	load_n(big, n);
	for (n = 0; cfg_entry(&cfg); n++)
		;
	assert_true(n > 100000);
	memset(big, 'a', SCRIPT_SIZE_MAX);
	memcpy(big, "append ", 7);
	load_n(big, SCRIPT_SIZE_MAX);
	cfg_entry(&cfg);
	assert_false(cfg_text(&cfg, cfg.at[CFG_APPEND], text, sizeof(text)));
	assert_int_equal(strlen(text), sizeof(text) - 1);
	assert_false(cfg_entry(&cfg));
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sites),
		cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_menus),
		cmocka_unit_test(test_insert),
		cmocka_unit_test(test_insert_tag),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
