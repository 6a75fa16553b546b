/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a pxelinux.cfg is looked for, and what the names in it stand for. */
#include "tests/net/pxelinux_rig.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_hostile_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
