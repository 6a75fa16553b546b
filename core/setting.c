/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Settings: names, the store of those that scripts set, and the order in which a name is looked up:
 * a script's own under that very name; for a name without scope a script's own in any scope; then
 * config.sources in order.
 *
 * A name that means a DHCP option and the number of that option are the same setting: `set 67 x`
 * shows as
 * ${filename}. Limits: SETTING_MAX settings of SETTING_VALUE_MAX bytes, names of SETTING_NAME_MAX.
 */
#include "core/fmt.h"
#include "core/machine.h"

/* A name taken apart. */
struct name {
	char scope[SETTING_NAME_MAX], name[SETTING_NAME_MAX]; /* scope "" for none */
	char key[SETTING_NAME_MAX];	 /* under which a script's value is kept */
	unsigned tag, sub;		 /* DHCP option, encapsulated option; 0 for none */
	const struct setting_type *type; /* as written; NULL for none */
	const struct setting_type *own;	 /* of the setting, when it is a known one */
};

const struct setting_def *setting_def_find(const char *name, size_t n)
{
	for (const struct setting_def *d = setting_defs; d->name; d++)
		if (strlen(d->name) == n && !memcmp(d->name, name, n))
			return d;
	return NULL;
}

const struct setting_type *setting_type_find(const char *name, size_t n)
{
	for (const struct setting_type *t = setting_types; t->name; t++)
		if (strlen(t->name) == n && !memcmp(t->name, name, n))
			return t;
	return NULL;
}

static const struct setting_def *def_by_tag(unsigned tag, unsigned sub)
{
	for (const struct setting_def *d = setting_defs; d->name; d++)
		if (d->tag == tag && d->sub == sub)
			return d;
	return NULL;
}

/* "67" or "43.116": true, and the numbers, when it is one. */
static bool parse_tag(const char *s, unsigned *tag, unsigned *sub)
{
	unsigned v[2] = {0, 0}, i = 0;

	for (; *s; s++) {
		if (*s == '.' && i == 0 && v[0])
			i = 1;
		else if (*s >= '0' && *s <= '9' && v[i] < 256)
			v[i] = v[i] * 10 + (unsigned)(*s - '0');
		else
			return false;
	}
	*tag = v[0];
	*sub = v[1];
	return v[0] && v[0] < 256 && v[1] < 256 && (!i || v[1]);
}

static void name_define(struct name *nm)
{
	const struct setting_def *d = NULL;

	if (parse_tag(nm->name, &nm->tag, &nm->sub)) {
		d = def_by_tag(nm->tag, nm->sub);
		if (d)
			str_copy(nm->name, sizeof(nm->name), d->name);
	} else {
		d = setting_def_find(nm->name, strlen(nm->name));
		nm->tag = d ? d->tag : 0;
		nm->sub = d ? d->sub : 0;
	}
	nm->own = d ? setting_type_find(d->type, strlen(d->type)) : NULL;
}

/* Where the last c in s is; NULL for nowhere. */
static const char *last(const char *s, char c)
{
	const char *at = NULL;

	for (; *s; s++)
		if (*s == c)
			at = s;
	return at;
}

/* False when it cannot be the name of anything. */
static bool name_parse(const char *text, struct name *nm)
{
	const char *slash = last(text, '/'), *name = slash ? slash + 1 : text,
		   *colon = strchr(name, ':');
	size_t scope_len = slash ? (size_t)(slash - text) : 0,
	       len = colon ? (size_t)(colon - name) : strlen(name);

	if (!len || !str_copy_n(nm->name, sizeof(nm->name), name, len) ||
		!str_copy_n(nm->scope, sizeof(nm->scope), text, scope_len))
		return false;
	if (scope_len > 5 && !strcmp(nm->scope + scope_len - 5, ".dhcp"))
		nm->scope[scope_len - 5] = 0;
	nm->type = NULL;
	if (colon) {
		nm->type = setting_type_find(colon + 1, strlen(colon + 1));
		if (!nm->type)
			return false;
	}
	name_define(nm);
	return fmt_print(nm->key, sizeof(nm->key), "%s%s%s", nm->scope, nm->scope[0] ? "/" : "",
		       nm->name) < sizeof(nm->key);
}

static struct setting *store_find(struct machine *m, const char *key)
{
	for (unsigned i = 0; i < SETTING_MAX; i++)
		if (!strcmp(m->settings.s[i].name, key))
			return &m->settings.s[i];
	return NULL;
}

/* For a name without scope: one that a script has set in any scope. */
static struct setting *store_find_scoped(struct machine *m, const char *name)
{
	for (unsigned i = 0; i < SETTING_MAX; i++) {
		const char *slash = last(m->settings.s[i].name, '/');

		if (slash && !strcmp(slash + 1, name))
			return &m->settings.s[i];
	}
	return NULL;
}

/* *foreign: no script has set it. */
static int lookup(struct machine *m, const char *text, const struct setting_type **type,
	uint8_t *raw, size_t cap, bool *foreign)
{
	const struct setting_source *const *src = m->config->sources;
	struct setting *s;
	struct name nm;
	int n = -ERR_SETTING_NONE;

	if (!name_parse(text, &nm))
		return n;
	s = store_find(m, nm.key);
	if (!s && !nm.scope[0])
		s = store_find_scoped(m, nm.name);
	*foreign = !s;
	if (s) {
		n = s->n < cap ? s->n : (int)cap;
		memcpy(raw, s->raw, (size_t)n);
	}
	for (; n < 0 && src && *src; src++)
		n = (*src)->get(m, nm.scope, nm.name, nm.tag, nm.sub, raw, cap);
	if (nm.type)
		*type = nm.type;
	else if (s)
		*type = s->type;
	else
		*type = nm.own ? nm.own : &setting_types[0];
	return n;
}

int setting_get(struct machine *m, const char *name, const struct setting_type **type, uint8_t *raw,
	size_t cap)
{
	const struct setting_type *t;
	bool foreign;
	int n = lookup(m, name, &t, raw, cap, &foreign);

	if (n >= 0 && type)
		*type = t;
	return n;
}

/* Length of the text of n raw bytes when each that is not printable takes four characters. */
static size_t clean_length(const uint8_t *raw, size_t n)
{
	size_t len = n;

	for (size_t i = 0; i < n; i++)
		if (raw[i] < 0x20 || raw[i] > 0x7e)
			len += 3;
	return len;
}

static int text_of(struct machine *m, const char *name, char *text, size_t cap, bool clean)
{
	uint8_t raw[SETTING_VALUE_MAX];
	const struct setting_type *type;
	bool foreign;
	int n = lookup(m, name, &type, raw, sizeof(raw), &foreign);

	text[0] = 0;
	if (n < 0)
		return n;
	if (!clean || !foreign || type != &setting_types[0])
		return (int)type->format(raw, (size_t)n, text, cap);
	n = (int)type->format(raw, (size_t)n, (char *)raw, 0); /* up to a NUL */
	str_clean(text, cap, raw, (size_t)n);
	return (int)clean_length(raw, (size_t)n);
}

int setting_text(struct machine *m, const char *name, char *text, size_t cap)
{
	return text_of(m, name, text, cap, false);
}

int setting_show(struct machine *m, const char *name, char *text, size_t cap)
{
	return text_of(m, name, text, cap, true);
}

uint64_t setting_number(struct machine *m, const char *name, uint64_t otherwise)
{
	char text[24];
	uint64_t v;
	int n = setting_text(m, name, text, sizeof(text));

	return n > 0 && (size_t)n < sizeof(text) && str_u64(text, &v) ? v : otherwise;
}

/* The first source that gives the value an effect keeps it. */
static bool offer(struct machine *m, const struct name *nm, const uint8_t *raw, size_t n)
{
	const struct setting_source *const *src = m->config->sources;

	for (; src && *src; src++)
		if ((*src)->set && !(*src)->set(m, nm->scope, nm->name, raw, n))
			return true;
	return false;
}

static int clear(struct machine *m, const struct name *nm)
{
	struct setting *s = store_find(m, nm->key);

	offer(m, nm, NULL, 0);
	if (s)
		s->name[0] = 0;
	return 0;
}

static int store(struct machine *m, const struct name *nm, const struct setting_type *type,
	const uint8_t *raw, size_t n)
{
	struct setting *s = store_find(m, nm->key);

	if (!s)
		s = store_find(m, "");
	if (!s)
		return err_set(m, ERR_SETTING_FULL, "%s (at most %d)", nm->key, SETTING_MAX);
	str_copy(s->name, sizeof(s->name), nm->key);
	s->type = type;
	s->n = (uint16_t)n;
	memcpy(s->raw, raw, n);
	return 0;
}

int setting_set(struct machine *m, const char *name, const char *text)
{
	uint8_t raw[SETTING_VALUE_MAX];
	const struct setting_type *type;
	struct name nm;
	char shown[ERR_DETAIL_MAX];
	int n = -ERR_SETTING_VALUE;

	str_clean(shown, sizeof(shown) / 2, name, strlen(name));
	if (!name_parse(name, &nm))
		return err_set(m, ERR_SETTING_VALUE, "\"%s\" is no name of a setting", shown);
	if (!text[0])
		return clear(m, &nm);
	type = nm.type ? nm.type : nm.own ? nm.own : &setting_types[0];
	if (type->parse)
		n = type->parse(text, raw, sizeof(raw));
	if (n < 0)
		return err_set(m, ERR_SETTING_VALUE, "%s takes %s of at most %d bytes", shown,
			type->name, SETTING_VALUE_MAX);
	return offer(m, &nm, raw, (size_t)n) ? 0 : store(m, &nm, type, raw, (size_t)n);
}

int setting_clear(struct machine *m, const char *name)
{
	return setting_set(m, name, "");
}

/* The first ${...} that holds no other: its braces; false when there is none. */
static bool find_innermost(char *text, char **start, char **end)
{
	*start = NULL;
	for (; *text; text++) {
		if (text[0] == '$' && text[1] == '{')
			*start = text;
		else if (*text == '}' && *start) {
			*end = text;
			return true;
		}
	}
	return false;
}

int setting_expand(struct machine *m, char *text, size_t cap)
{
	char *value = m->settings.text, *start, *end;

	for (unsigned i = 0; find_innermost(text, &start, &end); i++) {
		size_t tail = strlen(end + 1) + 1, head = (size_t)(start - text);
		int n;

		*end = 0;
		n = setting_show(m, start + 2, value, sizeof(m->settings.text));
		if (n < 0)
			n = 0;
		if (i == SETTING_EXPAND_MAX)
			return err_set(m, ERR_SCRIPT_LINE, "settings name one another without end");
		if ((size_t)n >= sizeof(m->settings.text) || head + (size_t)n + tail > cap)
			return err_set(m, ERR_SCRIPT_LINE, "with settings expanded");
		memmove(start + n, end + 1, tail);
		memcpy(start, value, (size_t)n);
	}
	return (int)strlen(text);
}
