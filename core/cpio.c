/* SPDX-License-Identifier: BSD-2-Clause */
/* cpio headers, see cpio.h. */
#include "core/cpio.h"
#include "core/fmt.h"
#include "core/str.h"

#define CPIO_HEADER 110 /* the magic and 13 numbers of 8 hexadecimal digits */

enum { /* stat.h, POSIX 2017 and Linux's values */
	MODE_FILE = 0100000,
	MODE_DIR = 0040000,
	MODE_PERMISSIONS = 07777,
};

/* Header and name, up to the next multiple of 4. */
static size_t entry_size(size_t name)
{
	return (CPIO_HEADER + name + 1 + 3) & ~(size_t)3;
}

static void put_entry(struct emit *e, const char *name, size_t n, uint32_t mode, uint32_t size)
{
	const uint32_t number[13] = {
		[1] = mode,
		[4] = 1, /* links: never a hard link */
		[6] = size,
		[11] = (uint32_t)n + 1,
	};
	char digits[9];

	emit_bytes(e, "070701", 6);
	for (unsigned i = 0; i < 13; i++) {
		fmt_print(digits, sizeof(digits), "%08x", number[i]);
		emit_bytes(e, digits, 8);
	}
	emit_bytes(e, name, n);
	emit_zero(e, entry_size(n) - CPIO_HEADER - n);
}

static const char *skip_root(const char *path)
{
	while (*path == '/')
		path++;
	return path;
}

/* Whether path[0 .. n) names a directory on the way: a slash follows, none stands in front of it.
 */
static bool is_directory(const char *path, size_t n)
{
	return n && path[n] == '/' && path[n - 1] != '/';
}

size_t cpio_header_size(const char *path)
{
	size_t size = 0, n;

	path = skip_root(path);
	for (n = 0; path[n]; n++)
		if (is_directory(path, n))
			size += entry_size(n);
	return n && path[n - 1] != '/' ? size + entry_size(n) : 0;
}

void cpio_header(struct emit *e, const char *path, uint32_t mode, uint32_t size)
{
	size_t n;

	path = skip_root(path);
	for (n = 0; path[n]; n++)
		if (is_directory(path, n))
			put_entry(e, path, n, MODE_DIR | 0755, 0);
	put_entry(e, path, n, MODE_FILE | (mode & MODE_PERMISSIONS), size);
}

void cpio_trailer(struct emit *e)
{
	put_entry(e, "TRAILER!!!", 10, 0, 0);
}
