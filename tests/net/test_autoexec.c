/* SPDX-License-Identifier: BSD-2-Clause */
/* autoexec.ipxe beside the file that we were loaded as: the script that looks for it. */
#include <stdio.h>
#include "net/autoexec.h"
#include "tests/net/lan.h"

static const char start[] = "autoboot";
static char text[AUTOEXEC_MAX];

static struct lan *loaded_from(const char *uri)
{
	struct lan *lan = lan_new(1);

	((struct config *)(uintptr_t)lan->m.config)->start = start;
	snprintf(lan->net.self_uri, sizeof(lan->net.self_uri), "%s", uri);
	memset(text, 'x', sizeof(text));
	return lan;
}

static void is_start_alone(const char *uri)
{
	struct lan *lan = loaded_from(uri);

	assert_ptr_equal(autoexec_start(&lan->net, text), start);
	lan_end(lan);
}

static void is_looked_for(const char *uri, const char *beside)
{
	struct lan *lan = loaded_from(uri);
	char wanted[4 * URL_MAX];

	snprintf(wanted, sizeof(wanted),
		"imgfetch --name autoexec %s || goto none\nimgexec autoexec\nexit\n:none\nautoboot",
		beside);
	assert_string_equal(autoexec_start(&lan->net, text), wanted);
	lan_end(lan);
}

static void test_nobody_has_loaded_us(void **state)
{
	(void)state;
	is_start_alone("");
}

static void test_beside(void **state)
{
	(void)state;
	is_looked_for("tftp://10.0.0.1/reveille.kpxe", "tftp://10.0.0.1/autoexec.ipxe");
	is_looked_for("tftp://10.0.0.1//a/../b", "tftp://10.0.0.1//autoexec.ipxe");
	is_looked_for("http://u:p@10.0.0.1:8080/boot/x?y=/z",
		"http://u:p@10.0.0.1:8080/boot/autoexec.ipxe");
	is_looked_for("http://10.0.0.1", "http://10.0.0.1/autoexec.ipxe");
}

/* One line whatever the length, and nothing of it cut: a server has chosen it. */
static void test_long(void **state)
{
	char uri[URL_MAX], beside[URL_MAX + 16];

	(void)state;
	for (unsigned n = URL_MAX - 40; n < URL_MAX; n++) {
		memset(uri, 'd', n);
		memcpy(uri, "tftp://10.0.0.1/", 16);
		memcpy(uri + n - 2, "/x", 3);
		memcpy(beside, uri, n - 1);
		memcpy(beside + n - 1, "autoexec.ipxe", 14);
		if (strlen(beside) < URL_MAX)
			is_looked_for(uri, beside);
		else
			is_start_alone(uri);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_has_loaded_us),
		cmocka_unit_test(test_beside),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
