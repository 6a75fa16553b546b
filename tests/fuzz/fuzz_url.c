/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: URLs. The input is base, next-server and reference, each up to a NUL. Whatever they
 * are: results are terminated, what resolved resolves to itself, and what was parsed has the form
 * that fetches rely on.
 */
#include <stdlib.h>
#include <string.h>
#include "net/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

/* The next string of the input, in a block of its own size. */
static char *take(const uint8_t **data, size_t *size)
{
	const uint8_t *end = *size ? memchr(*data, 0, *size) : NULL;
	size_t n = end ? (size_t)(end - *data) : *size;
	char *s = malloc(n + 1);

	check(s);
	if (n)
		memcpy(s, *data, n);
	s[n] = 0;
	*size -= end ? n + 1 : n;
	*data += end ? n + 1 : n;
	return s;
}

static void parsed(const char *text)
{
	struct url u;
	char name[64];

	if (url_parse(text, &u))
		return;
	check(u.path[0] == '/' && u.scheme[0]);
	check(memchr(u.scheme, 0, sizeof(u.scheme)) && memchr(u.user, 0, sizeof(u.user)));
	check(memchr(u.password, 0, sizeof(u.password)) && memchr(u.host, 0, sizeof(u.host)));
	check(memchr(u.path, 0, sizeof(u.path)));
	check(!strpbrk(u.path, " \r\n\t#") && !strpbrk(u.host, "/?#"));
	if (url_decode(u.path, name, sizeof(name)))
		check(strlen(name) < sizeof(name) && strlen(name) <= strlen(u.path));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *base = take(&data, &size), *next = take(&data, &size), *ref = take(&data, &size);
	char text[URL_MAX], again[URL_MAX];

	parsed(base);
	parsed(ref);
	if (!url_resolve(base, next, ref, text)) {
		check(strlen(text) < sizeof(text));
		check(!url_resolve("", "", text, again) && !strcmp(text, again));
		parsed(text);
	}
	free(base);
	free(next);
	free(ref);
	return 0;
}
