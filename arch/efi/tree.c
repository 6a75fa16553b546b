/* SPDX-License-Identifier: BSD-2-Clause */
/* See tree.h. Everything is looked up anew each time: there are few images. */
#include "arch/efi/tree.h"
#include "core/machine.h"

static bool separates(char c)
{
	return c == '/' || c == '\\';
}

/* The next component of a name from *s on, which moves behind it; 0 when there is none. */
static size_t next_part(const char **s, const char **part)
{
	const char *p = *s;

	while (separates(*p) || (*p == '.' && (!p[1] || separates(p[1]))))
		p++;
	*part = p;
	while (*p && !separates(*p))
		p++;
	*s = p;
	return (size_t)(p - *part);
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

static bool same_part(const char *a, size_t an, const char *b, size_t bn)
{
	for (size_t i = 0; i < an && an == bn; i++)
		if (lower(a[i]) != lower(b[i]))
			return false;
	return an == bn;
}

/* Whether a name begins with all of path; then *rest is what of it is behind that. */
static bool below(const char *name, const char *path, const char **rest)
{
	const char *a, *b;
	size_t n;

	while ((n = next_part(&path, &b))) {
		size_t an = next_part(&name, &a);

		if (!same_part(a, an, b, n))
			return false;
	}
	*rest = name;
	return true;
}

static void cut_last(char *path)
{
	size_t n = strlen(path);

	while (n && path[n - 1] != '/')
		n--;
	path[n ? n - 1 : 0] = '\0';
}

bool tree_path(char path[IMAGE_NAME_MAX], const char *dir, const char *name)
{
	const char *part;
	size_t n;

	str_copy(path, IMAGE_NAME_MAX, separates(*name) ? "" : dir);
	while ((n = next_part(&name, &part))) {
		size_t at = strlen(path);

		if (n == 2 && part[0] == '.' && part[1] == '.') {
			cut_last(path);
			continue;
		}
		if (at + !!at + n + 1 > IMAGE_NAME_MAX)
			return false;
		if (at)
			path[at++] = '/';
		memcpy(path + at, part, n);
		path[at + n] = '\0';
	}
	return true;
}

/* Whether it can be read. */
static bool there(const struct image *img)
{
	return img->state == IMAGE_READY || img->state == IMAGE_LATE;
}

struct tree_node tree_find(struct machine *m, const char *path)
{
	struct tree_node node = {.kind = *path ? TREE_NONE : TREE_FOLDER};
	const char *rest, *part;
	size_t n;

	for (unsigned i = 0; i < IMAGE_MAX; i++) {
		struct image *img = &m->images[i];

		if (!there(img) || !below(img->name, path, &rest))
			continue;
		if (next_part(&rest, &part)) {
			if (node.kind == TREE_NONE)
				node.kind = TREE_FOLDER;
		} else if (*path && (!node.img || img->seq > node.img->seq)) {
			node.kind = TREE_FILE;
			node.img = img;
		}
	}
	while ((n = next_part(&path, &part)))
		str_copy_n(node.name, sizeof(node.name), part, n);
	return node;
}

/* Whether one of the first n images has the same component in that folder. */
static bool seen(struct machine *m, const char *dir, unsigned n, const char *part, size_t len)
{
	const char *rest, *other;

	for (unsigned i = 0; i < n; i++) {
		const struct image *img = image_nth(m, i);
		size_t k =
			there(img) && below(img->name, dir, &rest) ? next_part(&rest, &other) : 0;

		if (k && same_part(other, k, part, len))
			return true;
	}
	return false;
}

struct tree_node tree_entry(struct machine *m, const char *dir, unsigned i)
{
	const struct image *img;
	const char *rest, *part;
	char name[IMAGE_NAME_MAX], path[IMAGE_NAME_MAX];

	for (unsigned j = 0; (img = image_nth(m, j)); j++) {
		size_t n = there(img) && below(img->name, dir, &rest) ? next_part(&rest, &part) : 0;

		if (!n || seen(m, dir, j, part, n))
			continue;
		if (i) {
			i--;
			continue;
		}
		str_copy_n(name, sizeof(name), part, n);
		if (tree_path(path, dir, name))
			return tree_find(m, path);
		break;
	}
	return (struct tree_node){.kind = TREE_NONE};
}
