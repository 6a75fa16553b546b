/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The checked reader and writer. Every access goes through bytes_take() or emit_room(), which are
 * the only places that compare a length; both compare against what is left, so that no sum can
 * wrap.
 */
#include "core/bytes.h"
#include "core/str.h"

const uint8_t *bytes_take(struct bytes *b, size_t n)
{
	const uint8_t *p = b->p;

	if (b->bad || n > b->n) {
		b->bad = true;
		b->n = 0;
		return NULL;
	}
	if (n) {
		b->p += n;
		b->n -= n;
	}
	return p;
}

struct bytes bytes_sub(struct bytes *b, size_t n)
{
	const uint8_t *p = bytes_take(b, n);

	return (struct bytes){.p = p, .n = b->bad ? 0 : n, .bad = b->bad};
}

void bytes_skip(struct bytes *b, size_t n)
{
	bytes_take(b, n);
}

void bytes_copy(struct bytes *b, void *dst, size_t n)
{
	const uint8_t *p = bytes_take(b, n);

	if (!n)
		return;
	if (p)
		memcpy(dst, p, n);
	else
		memset(dst, 0, n);
}

/* n <= 8 bytes, most significant first. */
static uint64_t read_be(struct bytes *b, size_t n)
{
	const uint8_t *p = bytes_take(b, n);
	uint64_t v = 0;

	for (size_t i = 0; p && i < n; i++)
		v = v << 8 | p[i];
	return v;
}

static uint64_t read_le(struct bytes *b, size_t n)
{
	const uint8_t *p = bytes_take(b, n);
	uint64_t v = 0;

	while (p && n)
		v = v << 8 | p[--n];
	return v;
}

uint8_t bytes_u8(struct bytes *b)
{
	return (uint8_t)read_be(b, 1);
}

uint16_t bytes_u16(struct bytes *b)
{
	return (uint16_t)read_be(b, 2);
}

uint32_t bytes_u32(struct bytes *b)
{
	return (uint32_t)read_be(b, 4);
}

uint64_t bytes_u64(struct bytes *b)
{
	return read_be(b, 8);
}

uint16_t bytes_le16(struct bytes *b)
{
	return (uint16_t)read_le(b, 2);
}

uint32_t bytes_le32(struct bytes *b)
{
	return (uint32_t)read_le(b, 4);
}

uint64_t bytes_le64(struct bytes *b)
{
	return read_le(b, 8);
}

const char *bytes_cstr(struct bytes *b)
{
	size_t n = 0;

	while (n < b->n && b->p[n])
		n++;
	/* No NUL: n is all there is, and taking one more fails. */
	return (const char *)bytes_take(b, n + 1);
}

uint8_t *emit_room(struct emit *e, size_t n)
{
	uint8_t *p;

	if (e->bad || n > e->cap - e->n) {
		e->bad = true;
		return NULL;
	}
	p = e->p + e->n;
	e->n += n;
	return p;
}

void emit_bytes(struct emit *e, const void *src, size_t n)
{
	uint8_t *p = emit_room(e, n);

	if (p && n)
		memcpy(p, src, n);
}

void emit_zero(struct emit *e, size_t n)
{
	uint8_t *p = emit_room(e, n);

	if (p && n)
		memset(p, 0, n);
}

static void write_be(struct emit *e, uint32_t v, size_t n)
{
	uint8_t *p = emit_room(e, n);

	for (; p && n; v >>= 8)
		p[--n] = (uint8_t)v;
}

void emit_u8(struct emit *e, uint8_t v)
{
	write_be(e, v, 1);
}

void emit_u16(struct emit *e, uint16_t v)
{
	write_be(e, v, 2);
}

void emit_u32(struct emit *e, uint32_t v)
{
	write_be(e, v, 4);
}

void emit_cstr(struct emit *e, const char *s)
{
	emit_bytes(e, s, strlen(s) + 1);
}
