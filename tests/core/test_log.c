/* SPDX-License-Identifier: BSD-2-Clause */
/* core/log.c. */
#include "core/machine.h"
#include "tests/fake.h"
#include "tests/unit.h"

static struct fake fake;
static struct machine machine;

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

static const char *shown(void)
{
	fake_text_clear(&fake);
	log_show(&machine);
	return fake_text(&fake);
}

static void test_levels(void **state)
{
	(void)state;
	machine.now_us = 12345678;
	log_put(&machine, LOG_INFO, "quiet %d", 1);
	log_put(&machine, LOG_WARN, "loud");
	assert_string_equal(fake_text(&fake), "loud\n");
	machine.log.console_level = LOG_DEBUG;
	log_put(&machine, LOG_DEBUG, "now heard");
	assert_string_equal(fake_text(&fake), "loud\nnow heard\n");
	assert_string_equal(shown(), "[  12.345] quiet 1\n[  12.345] loud\n[  12.345] now heard\n");
}

static void test_empty(void **state)
{
	(void)state;
	assert_string_equal(shown(), "");
}

/* The last lines, whole ones. */
static void test_wrap(void **state)
{
	const char *text;
	unsigned n;

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		log_put(&machine, LOG_INFO, "line %u", i);
		text = shown();
		assert_true(strlen(text) <= LOG_SIZE);
		if (i > LOG_SIZE / 12)
			assert_true(strlen(text) > LOG_SIZE - 40);
		assert_memory_equal(text, "[   0.000] line ", 16);
	}
	assert_int_equal(sscanf(text + 16, "%u", &n), 1);
	for (; *text; n++) {
		char want[40];

		snprintf(want, sizeof(want), "[   0.000] line %u\n", n);
		assert_memory_equal(text, want, strlen(want));
		text += strlen(want);
	}
	assert_int_equal(n, 3000);
}

static void test_long_line(void **state)
{
	char text[1000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	log_put(&machine, LOG_ERROR, "%s", text);
	log_put(&machine, LOG_INFO, "next");
	assert_non_null(strstr(shown(), "xxx\n[   0.000] next\n"));
	assert_true(strlen(shown()) < 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_levels, setup, teardown),
		cmocka_unit_test_setup_teardown(test_empty, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrap, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_line, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
