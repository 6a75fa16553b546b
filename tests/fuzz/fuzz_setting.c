/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: settings. The first byte says what the rest is:
 *	0 .. n-1	raw bytes of type number that
 *	0x40 .. +n-1	text of type number that, 0x40 less
 *	0x80		name, NUL, value: set, read back in each type, cleared
 *	0x81		text to be expanded; net0/filename is the text itself
 *
 * Formats say the same length into any room and stay inside it; what a type has printed whole it
 *reads back.
 */
#include <stdlib.h>
#include <string.h>
#include "tests/fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fake fake;
static struct machine m;
static const uint8_t *served;
static size_t nserved;

static int server_get(struct machine *mm, const char *scope, const char *name, unsigned tag,
	unsigned sub, uint8_t *raw, size_t cap)
{
	(void)mm;
	(void)name;
	(void)sub;
	if (tag != 67 || (*scope && strcmp(scope, "net0")))
		return -ERR_SETTING_NONE;
	cap = cap < nserved ? cap : nserved;
	memcpy(raw, served, cap);
	return (int)cap;
}

static const struct setting_source server = {.name = "server", .get = server_get};
static const struct setting_source *const sources[] = {&server, &builtin_settings, NULL};

static void check(bool good)
{
	if (!good)
		abort();
}

static unsigned types(void)
{
	unsigned n = 0;

	while (setting_types[n].name)
		n++;
	return n;
}

/* Whether its text says all of any raw bytes. */
static bool is_exact(const struct setting_type *t)
{
	return str_starts(t->name, "hex") || str_starts(t->name, "base64");
}

static void check_format(const struct setting_type *t, const uint8_t *raw, size_t n)
{
	size_t len = t->format(raw, n, NULL, 0), small = len / 2 + 1;
	char *text = malloc(len + 1), *cut = malloc(small);
	uint8_t *back = malloc(n ? n : 1);

	check(t->format(raw, n, text, len + 1) == len);
	check(strlen(text) == len);
	check(t->format(raw, n, cut, small) == len);
	check(strlen(cut) == small - 1 && !memcmp(cut, text, small - 1));
	if (is_exact(t)) {
		check(t->parse(text, back, n) == (int)n);
		check(!memcmp(back, raw, n));
	}
	free(text);
	free(cut);
	free(back);
}

/* What it has read it prints and reads again to the same. */
static void check_parse(const struct setting_type *t, const char *text, size_t cap)
{
	uint8_t *raw = malloc(cap ? cap : 1), *again = malloc(cap ? cap : 1);
	int n = t->parse ? t->parse(text, raw, cap) : -ERR_SETTING_VALUE;
	char *out;

	check(n == -ERR_SETTING_VALUE || (n >= 0 && (size_t)n <= cap));
	if (n > 0 && !memchr(raw, 0, (size_t)n)) {
		size_t len = t->format(raw, (size_t)n, NULL, 0);

		out = malloc(len + 1);
		t->format(raw, (size_t)n, out, len + 1);
		check(t->parse(out, again, cap) == n);
		check(!memcmp(raw, again, (size_t)n));
		free(out);
	}
	free(raw);
	free(again);
}

static void check_set(const char *name, const char *value)
{
	static char text[SCRIPT_LINE_MAX];
	uint8_t raw[SETTING_VALUE_MAX];
	int ret = setting_set(&m, name, value), n;

	check(ret == 0 || ret == -ERR_SETTING_VALUE);
	n = setting_get(&m, name, NULL, raw, sizeof(raw));
	check(n == -ERR_SETTING_NONE || (n >= 0 && (size_t)n <= sizeof(raw)));
	setting_text(&m, name, text, sizeof(text));
	setting_show(&m, name, text, 7);
	check(strlen(text) < 7);
	setting_number(&m, name, 0);
	ret = setting_clear(&m, name);
	check(ret == 0 || ret == -ERR_SETTING_VALUE);
	for (unsigned i = 0; i < SETTING_MAX; i++)
		check(!m.settings.s[i].name[0]);
}

static void check_expand(const char *text)
{
	size_t cap = strlen(text) + 100;
	char *buf = malloc(cap);
	int n;

	setting_set(&m, "a", "${b}");
	setting_set(&m, "b", "net0/filename");
	strcpy(buf, text);
	n = setting_expand(&m, buf, cap);
	check(n == -ERR_SCRIPT_LINE || (size_t)n == strlen(buf));
	free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config config = fake_config;
	unsigned what = size ? data[0] : 0;
	char *text;

	if (!size)
		return 0;
	config.sources = sources;
	fake_init(&fake, 16 << 20);
	check(!machine_init(&m, NULL, &fake_platform, &fake, &config));
	served = data + 1;
	nserved = size - 1;
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = 0;
	if (what < types())
		check_format(&setting_types[what], data + 1, size - 1);
	else if (what >= 0x40 && what - 0x40 < types())
		check_parse(&setting_types[what - 0x40], text, size);
	else if (what == 0x80)
		check_set(text, strlen(text) < size - 1 ? text + strlen(text) + 1 : "");
	else if (what == 0x81)
		check_expand(text);
	free(text);
	fake_end(&fake);
	return 0;
}
