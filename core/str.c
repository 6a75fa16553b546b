/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Strings of known size: copies that always terminate, comparisons as RFCs want them, numbers, and
 * untrusted text made fit for a terminal. ASCII only. The ISO C functions are in core/libc.c or the
 * host's libc.
 */
#include "core/str.h"

bool str_copy(char *dst, size_t cap, const char *s)
{
	return str_copy_n(dst, cap, s, SIZE_MAX);
}

bool str_copy_n(char *dst, size_t cap, const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n && s[i]; i++) {
		if (i + 1 >= cap) {
			dst[i] = 0;
			return false;
		}
		dst[i] = s[i];
	}
	dst[i] = 0;
	return true;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

bool str_ieq(const char *a, const char *b)
{
	while (*a && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return lower(*a) == lower(*b);
}

bool str_starts(const char *s, const char *prefix)
{
	while (*prefix)
		if (*s++ != *prefix++)
			return false;
	return true;
}

void str_clean(char *dst, size_t cap, const void *src, size_t n)
{
	static const char hex[] = "0123456789abcdef";
	const uint8_t *p = src;
	size_t at = 0;

	if (!cap)
		return;
	for (size_t i = 0; i < n; i++) {
		bool plain = p[i] >= 0x20 && p[i] <= 0x7e;

		if ((plain ? 1u : 4u) > cap - 1 - at)
			break;
		if (plain) {
			dst[at++] = (char)p[i];
		} else {
			dst[at++] = '\\';
			dst[at++] = 'x';
			dst[at++] = hex[p[i] >> 4];
			dst[at++] = hex[p[i] & 15];
		}
	}
	dst[at] = 0;
}

void str_hide(char *text)
{
	for (; *text; text++) {
		char *host = NULL;

		if (!str_starts(text, "://"))
			continue;
		text += 2;
		for (char *s = text + 1; (uint8_t)*s > ' ' && !strchr("/?#", *s); s++)
			if (*s == '@')
				host = s + 1;
		if (host)
			memmove(text + 1, host, strlen(host) + 1);
	}
}

/* The value of a digit, 16 for what is none. */
static unsigned digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c = lower(c);
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

bool str_u64(const char *s, uint64_t *value)
{
	unsigned base = 10;
	uint64_t v = 0, limit = UINT64_MAX / 10;

	if (s[0] == '0' && lower(s[1]) == 'x') {
		base = 16;
		limit = UINT64_MAX / 16;
		s += 2;
	}
	if (!*s)
		return false;
	for (; *s; s++) {
		unsigned d = digit(*s);

		if (d >= base || v > limit || v * base > UINT64_MAX - d)
			return false;
		v = v * base + d;
	}
	*value = v;
	return true;
}

bool str_digits(const char *s, uint64_t *value)
{
	for (const char *c = s; *c; c++)
		if (*c < '0' || *c > '9')
			return false;
	return str_u64(s, value);
}
