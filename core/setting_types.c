/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The types of settings: how raw bytes become text and text becomes raw bytes. Raw bytes may come
 * from a DHCP server: every format takes any bytes of any number and prints nothing when they make
 * no sense to it.
 *
 * string, uristring (RFC 3986 2.1), ipv4, ipv6 (RFC 5952), int8 .. uint32 (big-endian), hex
 * (aa:bb), hexhyp (aa-bb), hexraw (aabb), base64 (RFC 4648 4), uuid (RFC 4122 3), guid (the same,
 * first three fields little-endian, as UEFI and SMBIOS keep it), busdevfn, dnssl (RFC 3397). ipv6
 * and busdevfn are only shown.
 */
#include "core/bytes.h"
#include "core/err.h"
#include "core/fmt.h"
#include "core/setting.h"
#include "core/str.h"

/* Text being made: what does not fit is counted. */
struct out {
	char *text;
	size_t cap, len;
};

static void put(struct out *o, char c)
{
	if (o->len < o->cap)
		o->text[o->len] = c;
	o->len++;
}

static void put_hex(struct out *o, unsigned byte)
{
	static const char digits[] = "0123456789abcdef";

	put(o, digits[byte >> 4]);
	put(o, digits[byte & 15]);
}

static size_t put_end(struct out *o)
{
	if (o->cap)
		o->text[o->len < o->cap ? o->len : o->cap - 1] = 0;
	return o->len;
}

static struct out out_to(char *text, size_t cap)
{
	return (struct out){.text = text, .cap = cap};
}

/* 0 .. 15, or -1. */
static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* -- strings ----------------------------------------------------------------- */

static size_t format_string(const uint8_t *raw, size_t n, char *text, size_t cap)
{
	struct out o = out_to(text, cap);

	for (size_t i = 0; i < n && raw[i]; i++)
		put(&o, (char)raw[i]);
	return put_end(&o);
}

static int parse_string(const char *text, uint8_t *raw, size_t cap)
{
	size_t n = strlen(text);

	if (n > cap)
		return -ERR_SETTING_VALUE;
	memcpy(raw, text, n);
	return (int)n;
}

static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("-._~", c));
}

static size_t format_uristring(const uint8_t *raw, size_t n, char *text, size_t cap)
{
	struct out o = out_to(text, cap);

	for (size_t i = 0; i < n && raw[i]; i++) {
		if (is_unreserved((char)raw[i])) {
			put(&o, (char)raw[i]);
		} else {
			put(&o, '%');
			put_hex(&o, raw[i]);
		}
	}
	return put_end(&o);
}

static int parse_uristring(const char *text, uint8_t *raw, size_t cap)
{
	struct emit e = emit_to(raw, cap);

	for (; *text; text++) {
		if (*text == '%') {
			int hi = hex_digit(text[1]), lo = hi < 0 ? -1 : hex_digit(text[2]);

			if (lo < 0)
				return -ERR_SETTING_VALUE;
			emit_u8(&e, (uint8_t)(hi * 16 + lo));
			text += 2;
		} else {
			emit_u8(&e, (uint8_t)*text);
		}
	}
	return e.bad ? -ERR_SETTING_VALUE : (int)e.n;
}

/* -- addresses --------------------------------------------------------------- */

/* A list of addresses (DNS servers) shows its first. */
static size_t format_ipv4(const uint8_t *raw, size_t n, char *text, size_t cap)
{
	if (n < 4)
		return fmt_print(text, cap, "%s", "");
	return fmt_print(text, cap, "%u.%u.%u.%u", raw[0], raw[1], raw[2], raw[3]);
}

static int parse_ipv4(const char *text, uint8_t *raw, size_t cap)
{
	if (cap < 4)
		return -ERR_SETTING_VALUE;
	for (unsigned i = 0; i < 4; i++) {
		unsigned v = 0, digits = 0;

		for (; *text >= '0' && *text <= '9' && digits < 3; digits++)
			v = v * 10 + (unsigned)(*text++ - '0');
		if (!digits || v > 255 || *text != (i < 3 ? '.' : 0))
			return -ERR_SETTING_VALUE;
		text++;
		raw[i] = (uint8_t)v;
	}
	return 4;
}

static unsigned group(const uint8_t *raw, unsigned i)
{
	return (unsigned)raw[2 * i] << 8 | raw[2 * i + 1];
}

/* The first of the longest runs of at least two zero groups (RFC 5952 4.2); its length, 0 for none.
 */
static unsigned zero_run(const uint8_t *raw, unsigned *start)
{
	unsigned best = 1, n = 0;

	for (unsigned i = 0; i < 8; i++) {
		n = group(raw, i) ? 0 : n + 1;
		if (n > best) {
			best = n;
			*start = i + 1 - n;
		}
	}
	return best > 1 ? best : 0;
}

static size_t format_ipv6(const uint8_t *raw, size_t n, char *text, size_t cap)
{
	char full[40];
	size_t len = 0;
	unsigned start = 0, run = n < 16 ? 0 : zero_run(raw, &start);

	if (n < 16)
		return fmt_print(text, cap, "%s", "");
	for (unsigned i = 0; i < 8; i++) {
		if (run && i == start) {
			len += fmt_print(full + len, sizeof(full) - len, "::");
			i += run - 1;
			continue;
		}
		if (len && full[len - 1] != ':')
			full[len++] = ':';
		len += fmt_print(full + len, sizeof(full) - len, "%x", group(raw, i));
	}
	return fmt_print(text, cap, "%s", full);
}

/* -- numbers ----------------------------------------------------------------- */

static uint64_t number(const uint8_t *raw, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | raw[i];
	return v;
}

/* Of any width: an option of two bytes may be asked for as uint32. */
static size_t format_uint(const uint8_t *raw, size_t n, char *text, size_t cap)
{
	if (!n)
		return fmt_print(text, cap, "%s", "");
	return fmt_print(text, cap, "%llu", (unsigned long long)number(raw, n));
}

static size_t format_int(const uint8_t *raw, size_t n, char *text, size_t cap)
{
	uint64_t v = number(raw, n);

	if (!n || !(raw[0] & 0x80))
		return format_uint(raw, n, text, cap);
	if (n < 8)
		v |= UINT64_MAX << (8 * n);
	return fmt_print(text, cap, "-%llu", (unsigned long long)(0 - v));
}

static int parse_number(const char *text, uint8_t *raw, size_t cap, unsigned width, bool is_signed)
{
	bool negative = is_signed && *text == '-';
	uint64_t v, limit = ((uint64_t)1 << (8 * width - is_signed)) - !negative;

	if (width > cap || !str_u64(text + negative, &v) || v > limit)
		return -ERR_SETTING_VALUE;
	if (negative)
		v = 0 - v;
	for (unsigned i = width; i--; v >>= 8)
		raw[i] = (uint8_t)v;
	return (int)width;
}

static int parse_int8(const char *text, uint8_t *raw, size_t cap)
{
	return parse_number(text, raw, cap, 1, true);
}

static int parse_int16(const char *text, uint8_t *raw, size_t cap)
{
	return parse_number(text, raw, cap, 2, true);
}

static int parse_int32(const char *text, uint8_t *raw, size_t cap)
{
	return parse_number(text, raw, cap, 4, true);
}

static int parse_uint8(const char *text, uint8_t *raw, size_t cap)
{
	return parse_number(text, raw, cap, 1, false);
}

static int parse_uint16(const char *text, uint8_t *raw, size_t cap)
{
	return parse_number(text, raw, cap, 2, false);
}

static int parse_uint32(const char *text, uint8_t *raw, size_t cap)
{
	return parse_number(text, raw, cap, 4, false);
}

/* -- bytes ------------------------------------------------------------------- */

static size_t format_bytes(const uint8_t *raw, size_t n, char separator, char *text, size_t cap)
{
	struct out o = out_to(text, cap);

	for (size_t i = 0; i < n; i++) {
		if (i && separator)
			put(&o, separator);
		put_hex(&o, raw[i]);
	}
	return put_end(&o);
}

static size_t format_hex(const uint8_t *raw, size_t n, char *text, size_t cap)
{
	return format_bytes(raw, n, ':', text, cap);
}

static size_t format_hexhyp(const uint8_t *raw, size_t n, char *text, size_t cap)
{
	return format_bytes(raw, n, '-', text, cap);
}

static size_t format_hexraw(const uint8_t *raw, size_t n, char *text, size_t cap)
{
	return format_bytes(raw, n, 0, text, cap);
}

/* All three spellings: "0a:1b", "0a-1b", "0a1b"; and a single digit between separators. */
static int parse_hex(const char *text, uint8_t *raw, size_t cap)
{
	struct emit e = emit_to(raw, cap);

	while (*text) {
		int v = hex_digit(*text++), low = hex_digit(*text);

		if (v < 0)
			return -ERR_SETTING_VALUE;
		if (low >= 0) {
			v = v * 16 + low;
			text++;
		}
		emit_u8(&e, (uint8_t)v);
		if ((*text == ':' || *text == '-') && text[1])
			text++;
		else if (low < 0 && *text)
			return -ERR_SETTING_VALUE;
	}
	return e.bad ? -ERR_SETTING_VALUE : (int)e.n;
}

static int parse_hexraw(const char *text, uint8_t *raw, size_t cap)
{
	return strlen(text) % 2 || strchr(text, ':') || strchr(text, '-')
		       ? -ERR_SETTING_VALUE
		       : parse_hex(text, raw, cap);
}

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static size_t format_base64(const uint8_t *raw, size_t n, char *text, size_t cap)
{
	struct out o = out_to(text, cap);

	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)raw[i] << 16;

		if (i + 1 < n)
			v |= (uint32_t)raw[i + 1] << 8;
		if (i + 2 < n)
			v |= raw[i + 2];
		for (unsigned k = 0; k < 4; k++, v <<= 6)
			put(&o, i + k > n ? '=' : base64_digits[v >> 18 & 63]);
	}
	return put_end(&o);
}

static int parse_base64(const char *text, uint8_t *raw, size_t cap)
{
	struct emit e = emit_to(raw, cap);
	uint32_t v = 0;
	unsigned bits = 0, n = 0;

	for (; *text && *text != '='; text++, n++) {
		const char *at = strchr(base64_digits, *text);

		if (!at)
			return -ERR_SETTING_VALUE;
		v = v << 6 | (uint32_t)(at - base64_digits);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			emit_u8(&e, (uint8_t)(v >> bits));
		}
	}
	for (; *text == '='; text++)
		n++;
	return *text || n % 4 || bits > 4 || e.bad ? -ERR_SETTING_VALUE : (int)e.n;
}

/* -- identifiers ------------------------------------------------------------- */

/* guid: where byte i of the text's order lies (RFC 4122 4.1.2 against UEFI 2.10 appendix A). */
static const uint8_t guid_order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

static size_t format_identifier(const uint8_t *raw, size_t n, bool guid, char *text, size_t cap)
{
	struct out o = out_to(text, cap);

	for (unsigned i = 0; n >= 16 && i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			put(&o, '-');
		put_hex(&o, raw[guid ? guid_order[i] : i]);
	}
	return put_end(&o);
}

static int parse_identifier(const char *text, bool guid, uint8_t *raw, size_t cap)
{
	uint8_t bytes[16];

	if (strlen(text) != 36 || cap < 16)
		return -ERR_SETTING_VALUE;
	for (unsigned i = 0; i < 16; i++) {
		if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
			return -ERR_SETTING_VALUE;
		if (hex_digit(text[0]) < 0 || hex_digit(text[1]) < 0)
			return -ERR_SETTING_VALUE;
		bytes[guid ? guid_order[i] : i] =
			(uint8_t)(hex_digit(text[0]) * 16 + hex_digit(text[1]));
		text += 2;
	}
	memcpy(raw, bytes, sizeof(bytes));
	return 16;
}

static size_t format_uuid(const uint8_t *raw, size_t n, char *text, size_t cap)
{
	return format_identifier(raw, n, false, text, cap);
}

static size_t format_guid(const uint8_t *raw, size_t n, char *text, size_t cap)
{
	return format_identifier(raw, n, true, text, cap);
}

static int parse_uuid(const char *text, uint8_t *raw, size_t cap)
{
	return parse_identifier(text, false, raw, cap);
}

static int parse_guid(const char *text, uint8_t *raw, size_t cap)
{
	return parse_identifier(text, true, raw, cap);
}

/* segment:bus:device.function of segment << 16 | bus << 8 | device << 3 | function. */
static size_t format_busdevfn(const uint8_t *raw, size_t n, char *text, size_t cap)
{
	uint32_t v = (uint32_t)number(raw, n);

	if (!n)
		return fmt_print(text, cap, "%s", "");
	return fmt_print(
		text, cap, "%04x:%02x:%02x.%x", v >> 16, v >> 8 & 0xff, v >> 3 & 0x1f, v & 7);
}

/*
 * Domain names in DNS form (RFC 1035 4.1.4, 3397 2), one blank between. A pointer must lead
 * backwards, so that the walk of a name ends; at most DNSSL_LABELS labels are shown in all.
 */
#define DNSSL_LABELS 256

static size_t format_dnssl(const uint8_t *raw, size_t n, char *text, size_t cap)
{
	struct out o = out_to(text, cap);
	size_t at = 0, floor = 0; /* floor: where this stretch of labels began */
	size_t next = 0;	  /* behind the first pointer of this name; 0 for none yet */
	bool inside = false;	  /* a name, behind its first label */

	for (unsigned labels = 0; at < n && labels < DNSSL_LABELS; labels++) {
		uint8_t len = raw[at];

		if (len >= 0xc0) {
			size_t target = at + 1 < n ? (size_t)(len & 0x3f) << 8 | raw[at + 1] : n;

			if (!next)
				next = at + 2;
			if (target >= floor)
				break;
			at = floor = target;
		} else if (len == 0) {
			at = floor = next ? next : at + 1;
			next = 0;
			inside = false;
			if (at < n)
				put(&o, ' ');
		} else {
			if (len > 63 || at + 1 + len > n)
				break;
			if (inside)
				put(&o, '.');
			inside = true;
			for (uint8_t i = 1; i <= len; i++)
				put(&o, raw[at + i] > 0x20 && raw[at + i] < 0x7f ? (char)raw[at + i]
										 : '?');
			at += 1u + len;
		}
	}
	return put_end(&o);
}

/* Names with one blank between; uncompressed. */
static int parse_dnssl(const char *text, uint8_t *raw, size_t cap)
{
	struct emit e = emit_to(raw, cap);

	while (*text) {
		size_t n = 0;

		while (text[n] && text[n] != '.' && text[n] != ' ')
			n++;
		if (!n || n > 63)
			return -ERR_SETTING_VALUE;
		emit_u8(&e, (uint8_t)n);
		emit_bytes(&e, text, n);
		text += n;
		text += *text == '.';
		if (!*text || *text == ' ')
			emit_u8(&e, 0);
		text += *text == ' ';
	}
	return e.bad ? -ERR_SETTING_VALUE : (int)e.n;
}

const struct setting_type setting_types[] = {
	{"string", format_string, parse_string},
	{"uristring", format_uristring, parse_uristring},
	{"ipv4", format_ipv4, parse_ipv4},
	{"ipv6", format_ipv6, NULL},
	{"int8", format_int, parse_int8},
	{"int16", format_int, parse_int16},
	{"int32", format_int, parse_int32},
	{"uint8", format_uint, parse_uint8},
	{"uint16", format_uint, parse_uint16},
	{"uint32", format_uint, parse_uint32},
	{"hex", format_hex, parse_hex},
	{"hexhyp", format_hexhyp, parse_hex},
	{"hexraw", format_hexraw, parse_hexraw},
	{"base64", format_base64, parse_base64},
	{"uuid", format_uuid, parse_uuid},
	{"guid", format_guid, parse_guid},
	{"busdevfn", format_busdevfn, NULL},
	{"dnssl", format_dnssl, parse_dnssl},
	{NULL, NULL, NULL},
};
