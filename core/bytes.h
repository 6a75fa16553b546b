/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The checked reader and writer: the only code that looks at bytes from outside.
 *
 * A reader is a cursor over borrowed memory with a sticky error. Reading past the end returns zeros
 * and sets bad; a parser reads all its fields and asks bytes_ok() once. A writer is its mirror.
 * Neither allocates. Wire order is big-endian; the le functions serve files and devices.
 */
#ifndef CORE_BYTES_H
#define CORE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
	const uint8_t *p; /* next byte */
	size_t n;	  /* bytes left */
	bool bad;	  /* something was read that is not there */
};

static inline struct bytes bytes_of(const void *p, size_t n)
{
	return (struct bytes){.p = p, .n = n, .bad = false};
}

static inline bool bytes_ok(const struct bytes *b)
{
	return !b->bad;
}

/* n bytes, borrowed from the buffer, or NULL (and bad) when there are fewer. */
const uint8_t *bytes_take(struct bytes *b, size_t n);
/* A reader of the next n bytes, which are skipped here; bad and empty when there are fewer. */
struct bytes bytes_sub(struct bytes *b, size_t n);
void bytes_skip(struct bytes *b, size_t n);
/* Copies n bytes out; fills dst with zeros when there are fewer. */
void bytes_copy(struct bytes *b, void *dst, size_t n);
uint8_t bytes_u8(struct bytes *b);
uint16_t bytes_u16(struct bytes *b);
uint32_t bytes_u32(struct bytes *b);
uint64_t bytes_u64(struct bytes *b);
uint16_t bytes_le16(struct bytes *b);
uint32_t bytes_le32(struct bytes *b);
uint64_t bytes_le64(struct bytes *b);
/* The bytes up to a NUL, as a borrowed C string, the NUL skipped too; NULL (and bad) when there is
 * none. */
const char *bytes_cstr(struct bytes *b);

struct emit {
	uint8_t *p; /* start of the buffer */
	size_t n;   /* bytes written */
	size_t cap; /* bytes the buffer holds */
	bool bad;   /* something did not fit; nothing of it was written */
};

static inline struct emit emit_to(void *p, size_t cap)
{
	return (struct emit){.p = p, .n = 0, .cap = cap, .bad = false};
}

/* Room for n bytes inside the buffer, to be filled by the caller, or NULL (and bad). */
uint8_t *emit_room(struct emit *e, size_t n);
void emit_bytes(struct emit *e, const void *src, size_t n);
void emit_zero(struct emit *e, size_t n);
void emit_u8(struct emit *e, uint8_t v);
void emit_u16(struct emit *e, uint16_t v);
void emit_u32(struct emit *e, uint32_t v);
/* The string with its NUL. */
void emit_cstr(struct emit *e, const char *s);

#endif
