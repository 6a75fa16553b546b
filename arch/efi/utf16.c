/* SPDX-License-Identifier: BSD-2-Clause */
/* See utf16.h. UTF-8 by RFC 3629 4: no long forms, no surrogates, nothing above U+10FFFF. */
#include "arch/efi/utf16.h"

#define REPLACEMENT 0xfffdu

/* The character at s, which is no NUL; *n is how many bytes it takes. */
static uint32_t utf8_char(const uint8_t *s, size_t *n)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	size_t more = s[0] >= 0xf0 ? 3 : s[0] >= 0xe0 ? 2 : 1;
	uint32_t c;

	*n = 1;
	if (s[0] < 0x80)
		return s[0];
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return REPLACEMENT;
	c = s[0] & (0x3fu >> more);
	for (size_t i = 1; i <= more; i++) { /* a NUL is no continuation: we stop there */
		if ((s[i] & 0xc0) != 0x80)
			return REPLACEMENT;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return REPLACEMENT;
	*n = more + 1;
	return c;
}

size_t utf16_from_utf8(uint16_t *dst, size_t room, const char *s)
{
	const uint8_t *p = (const uint8_t *)s;
	size_t units = 0, at = 0, n;

	for (; *p; p += n) {
		uint32_t c = utf8_char(p, &n);
		size_t takes = c >= 0x10000 ? 2 : 1;

		if (units == at && room - at > takes) {
			if (takes == 2) {
				dst[at++] = (uint16_t)(0xd800 + ((c - 0x10000) >> 10));
				dst[at++] = (uint16_t)(0xdc00 + (c & 0x3ff));
			} else {
				dst[at++] = (uint16_t)c;
			}
		}
		units += takes;
	}
	dst[at] = 0;
	return units + 1;
}

/* The character at s[*i], which is in front of n; *i moves behind it. */
static uint32_t utf16_char(const uint16_t *s, size_t *i, size_t n)
{
	uint32_t c = s[(*i)++];

	if (c < 0xd800 || c >= 0xe000)
		return c;
	if (c >= 0xdc00 || *i == n || s[*i] < 0xdc00 || s[*i] >= 0xe000)
		return REPLACEMENT;
	return 0x10000 + ((c - 0xd800) << 10) + (s[(*i)++] - 0xdc00u);
}

static size_t utf8_put(char out[4], uint32_t c)
{
	size_t more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;

	for (size_t i = more; i > 0; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(more ? (0xff80u >> more & 0xff) | c : c);
	return more + 1;
}

size_t utf16_to_utf8(char *dst, size_t room, const uint16_t *s, size_t n)
{
	size_t bytes = 0, at = 0;

	for (size_t i = 0; i < n && s[i];) {
		char c[4];
		size_t takes = utf8_put(c, utf16_char(s, &i, n));

		if (bytes == at && room - at > takes)
			for (size_t j = 0; j < takes; j++)
				dst[at++] = c[j];
		bytes += takes;
	}
	dst[at] = '\0';
	return bytes + 1;
}
