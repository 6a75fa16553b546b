/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * printf into a buffer, ISO/IEC 9899:2011 7.21.6.1, the part named in the header. What is not known
 * is printed as it stands, which shows the mistake instead of guessing at the arguments.
 */
#include <stdbool.h>
#include <stdint.h>
#include "core/fmt.h"
#include "core/str.h"

struct out {
	char *buf;
	size_t cap, len;
	va_list args;
};

struct spec {
	bool left, zero, upper;
	bool has_precision; /* otherwise that of the conversion: all of a string, one digit */
	size_t width, precision;
	unsigned bytes; /* of an integer argument */
};

static void put(struct out *o, char c, size_t times)
{
	for (; times; times--, o->len++)
		if (o->len < o->cap)
			o->buf[o->len] = c;
}

static void put_field(struct out *o, const struct spec *sp, const char *sign, const char *s,
	size_t n, size_t zeros)
{
	size_t len = strlen(sign) + zeros + n, pad = sp->width > len ? sp->width - len : 0;

	if (!sp->left && sp->zero) {
		zeros += pad;
		pad = 0;
	}
	if (!sp->left)
		put(o, ' ', pad);
	while (*sign)
		put(o, *sign++, 1);
	put(o, '0', zeros);
	for (size_t i = 0; i < n; i++)
		put(o, s[i], 1);
	if (sp->left)
		put(o, ' ', pad);
}

static void put_string(struct out *o, struct spec *sp, const char *s)
{
	size_t n = 0;

	if (!s)
		s = "(null)";
	while ((!sp->has_precision || n < sp->precision) && s[n])
		n++;
	sp->zero = false;
	put_field(o, sp, "", s, n, 0);
}

static void put_number(struct out *o, struct spec *sp, uint64_t v, unsigned base, const char *sign)
{
	const char *digits = sp->upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[20]; /* UINT64_MAX has 20 digits */
	size_t at = sizeof(text), n;

	for (; v; v /= base)
		text[--at] = digits[v % base];
	n = sizeof(text) - at;
	if (sp->has_precision)
		sp->zero = false;
	else
		sp->precision = 1;
	put_field(o, sp, sign, text + at, n, sp->precision > n ? sp->precision - n : 0);
}

static uint64_t cut(uint64_t v, unsigned bytes)
{
	return bytes == 8 ? v : v & (((uint64_t)1 << 8 * bytes) - 1);
}

static void put_signed(struct out *o, struct spec *sp, uint64_t v)
{
	bool negative = v >> (8 * sp->bytes - 1) & 1;

	put_number(o, sp, negative ? cut(0 - v, sp->bytes) : v, 10, negative ? "-" : "");
}

static size_t parse_number(const char **f)
{
	size_t v = 0;

	while (**f >= '0' && **f <= '9')
		v = v * 10 + (size_t)(*(*f)++ - '0');
	return v;
}

/* Arguments are promoted to int at least; hh and h say what is left of that. */
static unsigned parse_length(const char **f)
{
	unsigned bytes = sizeof(int);

	if (**f == 'h') {
		bytes = sizeof(short);
		if (*++*f == 'h') {
			bytes = 1;
			++*f;
		}
	} else if (**f == 'z') {
		bytes = sizeof(size_t);
		++*f;
	} else if (**f == 'l') {
		bytes = sizeof(long);
		if (*++*f == 'l') {
			bytes = sizeof(long long);
			++*f;
		}
	}
	return bytes;
}

/* A number that may be `*`, an argument; negative ones set *negative. */
static size_t parse_star(struct out *o, const char **f, bool *negative)
{
	int v;

	if (**f != '*')
		return parse_number(f);
	++*f;
	v = va_arg(o->args, int);
	*negative = v < 0;
	return v < 0 ? 0u - (unsigned)v : (unsigned)v;
}

static struct spec parse_spec(struct out *o, const char **f)
{
	struct spec sp = {0};
	bool negative = false;

	for (; **f == '-' || **f == '0'; ++*f) {
		sp.left |= **f == '-';
		sp.zero |= **f == '0';
	}
	sp.width = parse_star(o, f, &negative);
	sp.left |= negative;
	if (**f == '.') {
		++*f;
		negative = false;
		sp.precision = parse_star(o, f, &negative);
		sp.has_precision = !negative;
	}
	sp.bytes = parse_length(f);
	return sp;
}

static uint64_t take_integer(struct out *o, const struct spec *sp)
{
	if (sp->bytes == 8)
		return va_arg(o->args, uint64_t);
	return cut(va_arg(o->args, unsigned), sp->bytes);
}

/* One argument by its conversion letter; false when the letter is not known. */
static bool put_argument(struct out *o, struct spec *sp, char letter)
{
	char c;

	switch (letter) {
	case 'd':
	case 'i':
		put_signed(o, sp, take_integer(o, sp));
		return true;
	case 'u':
		put_number(o, sp, take_integer(o, sp), 10, "");
		return true;
	case 'x':
	case 'X':
		sp->upper = letter == 'X';
		put_number(o, sp, take_integer(o, sp), 16, "");
		return true;
	case 'p':
		put_number(o, sp, (uintptr_t)va_arg(o->args, void *), 16, "0x");
		return true;
	case 's':
		put_string(o, sp, va_arg(o->args, const char *));
		return true;
	case 'c':
	case '%':
		c = letter == 'c' ? (char)va_arg(o->args, int) : letter;
		sp->zero = false;
		put_field(o, sp, "", &c, 1, 0);
		return true;
	default:
		return false;
	}
}

size_t fmt_vprint(char *buf, size_t cap, const char *f, va_list ap)
{
	struct out o = {.buf = buf, .cap = cap};

	va_copy(o.args, ap);
	while (*f) {
		const char *start = f;

		if (*f++ == '%') {
			struct spec sp = parse_spec(&o, &f);

			if (put_argument(&o, &sp, *f)) {
				f++;
				continue;
			}
		}
		while (start < f)
			put(&o, *start++, 1);
	}
	va_end(o.args);
	if (cap)
		buf[o.len < cap ? o.len : cap - 1] = 0;
	return o.len;
}

size_t fmt_print(char *buf, size_t cap, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = fmt_vprint(buf, cap, fmt, ap);
	va_end(ap);
	return n;
}
