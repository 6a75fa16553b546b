/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core/err.c and the table core/err.def, of which docs/errors.md is the documented copy: the test
 * fails when they differ. UPDATE=1 in the environment writes the document instead. Run from the top
 * of the tree.
 */
#include "core/machine.h"
#include "tests/fake.h"
#include "tests/unit.h"

#define DOCUMENT     "docs/errors.md"
#define DOCUMENT_MAX 65536

static const struct row {
	const char *name;
	int code;
	const char *text, *hint;
} rows[] = {
#define ERR(name, code, text, hint) {#name, code, text, hint},
#include "core/err.def"
#undef ERR
};

static const struct {
	int first;
	const char *title;
} parts[] = {
	{1000, "Links"},
	{2000, "DHCP"},
	{3000, "IP, UDP, names"},
	{4000, "Transfers"},
	{5000, "Images"},
	{6000, "Scripts"},
	{7000, "The machine"},
};

static struct fake fake;
static struct machine machine;

static void test_table(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ROWS(rows); i++) {
		assert_in_range(rows[i].code, 1000, 7999);
		assert_true(rows[i].text[0]);
		for (unsigned j = 0; j < i; j++) {
			assert_int_not_equal(rows[i].code, rows[j].code);
			assert_string_not_equal(rows[i].text, rows[j].text);
		}
		assert_string_equal(err_text(rows[i].code), rows[i].text);
		assert_string_equal(err_text(-rows[i].code), rows[i].text);
		assert_string_equal(err_hint(-rows[i].code), rows[i].hint);
	}
	assert_string_equal(err_text(0), "unknown error");
	assert_string_equal(err_text(-9999), "unknown error");
	assert_string_equal(err_text(INT32_MIN), "unknown error");
	assert_string_equal(err_hint(1), "");
}

static size_t make_document(char *out)
{
	size_t n = 0;

	n += (size_t)snprintf(out + n, DOCUMENT_MAX - n,
		"# Errors\n\n"
		"Every error that Reveille shows, as `E<code>`. Codes are stable: none is ever "
		"used again\n"
		"for something else. This page is made from `core/err.def`; a test fails when they "
		"differ\n"
		"(`UPDATE=1` with that test writes it anew).\n");
	for (unsigned p = 0; p < ROWS(parts); p++) {
		n += (size_t)snprintf(out + n, DOCUMENT_MAX - n,
			"\n## %s\n\n| code | meaning | what to check |\n| --- | --- | --- |\n",
			parts[p].title);
		for (int code = parts[p].first; code < parts[p].first + 1000; code++)
			for (unsigned i = 0; i < ROWS(rows); i++)
				if (rows[i].code == code)
					n += (size_t)snprintf(out + n, DOCUMENT_MAX - n,
						"| E%d | %s | %s |\n", code, rows[i].text,
						rows[i].hint);
	}
	assert_true(n < DOCUMENT_MAX);
	return n;
}

static void test_document(void **state)
{
	static char want[DOCUMENT_MAX], got[DOCUMENT_MAX];
	bool update = getenv("UPDATE") != NULL;
	size_t n = make_document(want);
	FILE *file = fopen(DOCUMENT, update ? "w" : "r");

	(void)state;
	if (!file)
		fail_msg("cannot open %s: run this from the top of the tree", DOCUMENT);
	if (update)
		assert_int_equal(fwrite(want, 1, n, file), n);
	else
		got[fread(got, 1, sizeof(got) - 1, file)] = 0;
	fclose(file);
	if (!update)
		assert_string_equal(got, want);
}

static int setup(void **state)
{
	(void)state;
	fake_init(&fake, 16 << 20);
	return machine_init(&machine, NULL, &fake_platform, &fake, &fake_config);
}

static int teardown(void **state)
{
	(void)state;
	fake_end(&fake);
	return 0;
}

static void test_first_stays(void **state)
{
	struct machine *m = &machine;

	(void)state;
	assert_int_equal(err_set(m, ERR_LINK_DOWN, "%s", "net0"), -ERR_LINK_DOWN);
	assert_int_equal(err_set(m, ERR_DHCP_NAK, "%s", "net1"), -ERR_DHCP_NAK);
	assert_int_equal(m->err.code, ERR_LINK_DOWN);
	assert_string_equal(m->err.detail, "net0");
	log_show(m); /* both are there */
	assert_non_null(strstr(fake_text(&fake), "E1002 link is down: net0\n"));
	assert_non_null(strstr(fake_text(&fake), "E2002 DHCP server refused the address: net1\n"));
	err_clear(m);
	err_set(m, ERR_DHCP_NAK, "%s", "net2");
	assert_string_equal(m->err.detail, "net2");
}

static void test_long_detail(void **state)
{
	char text[500];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	err_set(&machine, ERR_BAD_URL, "%s", text);
	assert_int_equal(strlen(machine.err.detail), ERR_DETAIL_MAX - 1);
}

static void test_print(void **state)
{
	struct machine *m = &machine;

	(void)state;
	err_set(m, ERR_TFTP_TIMEOUT, "block %u", 7u);
	fake_text_clear(&fake);
	err_print(m, -ERR_TFTP_TIMEOUT);
	assert_string_equal(fake_text(&fake),
		"E4001: TFTP server stopped answering\n  block 7\n"
		"  check: TFTP service running? firewall? server overloaded?\n");
	/* Another error does not get this one's detail, one without advice no empty line. */
	fake_text_clear(&fake);
	err_print(m, -ERR_CANCELLED);
	assert_string_equal(fake_text(&fake), "E4009: cancelled by the user\n");
	fake_text_clear(&fake);
	err_print(m, 42);
	assert_string_equal(fake_text(&fake), "E42: unknown error\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_document),
		cmocka_unit_test_setup_teardown(test_first_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_detail, setup, teardown),
		cmocka_unit_test_setup_teardown(test_print, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
