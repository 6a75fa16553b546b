/* SPDX-License-Identifier: BSD-2-Clause */
/* md5sum sha256sum: the vectors of RFC 1321 A.5 and FIPS 180-2 B. */
#include "tests/net/server.h"
#include "tests/unit.h"

#define MILLION 1000000u

static const struct command *const commands[] = {&cmd_md5sum, &cmd_sha256sum, NULL};

static struct lan *digest_lan(void)
{
	struct lan *lan = server_lan(1);

	((struct config *)(uintptr_t)lan->m.config)->commands = commands;
	return lan;
}

/* An image of n times the text. */
static void load(struct lan *lan, const char *name, const char *text, unsigned n)
{
	size_t size = strlen(text);
	struct image *img;

	assert_int_equal(image_open(&lan->m, name, "x:", n * size, NULL, &img), 0);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(image_put(&lan->m, img, i * size, text, size), 0);
	assert_int_equal(image_close(&lan->m, img), 0);
}

/* Runs a line to its end; how many turns it took is in *turns. */
static int run(struct lan *lan, const char *text, unsigned *turns)
{
	unsigned n = 0;

	lan->m.boot.kind = BOOT_NONE;
	fake_text_clear(&lan->fake);
	assert_int_equal(script_run_text(&lan->m, text, strlen(text)), 0);
	while (lan->m.boot.kind == BOOT_NONE && n++ < 1000)
		machine_poll(&lan->m);
	assert_int_equal(lan->m.boot.kind, BOOT_EXIT);
	if (turns)
		*turns = n;
	return lan->m.boot.exit_code;
}

static void test_vectors(void **state)
{
	static const struct {
		const char *name, *text, *md5, *sha256;
	} rows[] = {
		{"empty", "", "d41d8cd98f00b204e9800998ecf8427e",
			"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", "abc", "900150983cd24fb0d6963f7d28e17f72",
			"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	};
	struct lan *lan = digest_lan();
	char line[64], wanted[128];

	(void)state;
	for (unsigned i = 0; i < ROWS(rows); i++) {
		load(lan, rows[i].name, rows[i].text, *rows[i].text ? 1 : 0);
		snprintf(line, sizeof(line), "md5sum %s && sha256sum %s", rows[i].name,
			rows[i].name);
		assert_int_equal(run(lan, line, NULL), 0);
		snprintf(wanted, sizeof(wanted), "%s  %s\n%s  %s\n", rows[i].md5, rows[i].name,
			rows[i].sha256, rows[i].name);
		assert_string_equal(fake_text(&lan->fake), wanted);
	}
	lan_end(lan);
}

/* A long one takes turns, and the machine has them in between. */
static void test_turns(void **state)
{
	struct lan *lan = digest_lan();
	unsigned turns;

	(void)state;
	load(lan, "a", "aaaaaaaaaa", MILLION / 10);
	assert_int_equal(run(lan, "md5sum a", NULL), 0);
	assert_string_equal(fake_text(&lan->fake), "7707d6ae4e027c70eea2a935c2296f21  a\n");
	assert_int_equal(run(lan, "sha256sum a", &turns), 0);
	assert_string_equal(fake_text(&lan->fake),
		"cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0  a\n");
	assert_true(turns > 10);
	lan_end(lan);
}

/* Every turn is followed by another at once: time does not pass. */
static void test_no_pause(void **state)
{
	struct lan *lan = digest_lan();
	const char *text = "sha256sum a";

	(void)state;
	load(lan, "a", "aaaaaaaaaa", MILLION / 10);
	assert_int_equal(script_run_text(&lan->m, text, strlen(text)), 0);
	while (lan->m.boot.kind == BOOT_NONE) {
		uint64_t next = machine_poll(&lan->m);

		assert_true(lan->m.boot.kind != BOOT_NONE || next <= lan->m.now_us);
	}
	lan_end(lan);
}

static void test_refused(void **state)
{
	struct lan *lan = digest_lan();
	struct image *img;

	(void)state;
	assert_int_equal(run(lan, "sha256sum nothing", NULL), ERR_IMAGE_NOT_FOUND);
	assert_int_equal(run(lan, "md5sum", NULL), ERR_SCRIPT_USAGE);
	assert_int_equal(run(lan, "md5sum a b", NULL), ERR_SCRIPT_USAGE);
	/* One that is still being filled. */
	assert_int_equal(image_open(&lan->m, "part", "x:", 100, NULL, &img), 0);
	assert_int_equal(image_put(&lan->m, img, 0, "x", 1), 0);
	assert_int_equal(run(lan, "sha256sum part", NULL), ERR_IMAGE_NOT_FOUND);
	lan_end(lan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_no_pause),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
