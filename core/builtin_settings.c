/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the machine knows of itself, as settings without scope or in scope "builtin". There is no
 * `product` here: to the scripts of this world that is the product name in SMBIOS, never the name
 * of the loader.
 */
#include "core/machine.h"

static int get_string(const char *s, uint8_t *raw, size_t cap)
{
	size_t n = strlen(s);

	if (!n)
		return -ERR_SETTING_NONE;
	if (n > cap)
		n = cap;
	memcpy(raw, s, n);
	return (int)n;
}

static int get_uint32(uint32_t v, uint8_t *raw, size_t cap)
{
	if (cap < 4)
		return -ERR_SETTING_NONE;
	for (unsigned i = 4; i--; v >>= 8)
		raw[i] = (uint8_t)v;
	return 4;
}

/*
 * The platform gives SMBIOS's bytes, whose first three fields are little-endian (SMBIOS 3.6 7.2.1);
 * the setting is in the order of its text, as other loaders and dmidecode show it.
 */
static int get_uuid(struct machine *m, uint8_t *raw, size_t cap)
{
	static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	uint8_t smbios[16];

	if (cap < 16 || !m->plat->uuid(m->plat_ctx, smbios))
		return -ERR_SETTING_NONE;
	for (unsigned i = 0; i < 16; i++)
		raw[i] = smbios[order[i]];
	return 16;
}

/* RAM of the machine in MiB. */
static uint32_t memsize(const struct machine *m)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < m->mem.nfirmware; i++)
		if (m->mem.firmware[i].type == MEM_RAM)
			sum += m->mem.firmware[i].end - m->mem.firmware[i].start;
	return (uint32_t)(sum >> 20);
}

/* The URL of the running script; only up to its last '/' when dir. */
static int get_cwuri(struct machine *m, bool dir, uint8_t *raw, size_t cap)
{
	const char *uri = script_base_uri(m);
	int n = get_string(uri, raw, cap);

	while (dir && n > 0 && raw[n - 1] != '/')
		n--;
	return n > 0 ? n : -ERR_SETTING_NONE;
}

static int builtin_get(struct machine *m, const char *scope, const char *name, unsigned tag,
	unsigned sub, uint8_t *raw, size_t cap)
{
	(void)tag;
	(void)sub;
	if (scope[0] && strcmp(scope, "builtin"))
		return -ERR_SETTING_NONE;
	if (!strcmp(name, "version"))
		return get_string(m->config->version, raw, cap);
	if (!strcmp(name, "platform"))
		return get_string(m->plat->name, raw, cap);
	if (!strcmp(name, "buildarch"))
		return get_string(m->plat->buildarch, raw, cap);
	if (!strcmp(name, "uuid"))
		return get_uuid(m, raw, cap);
	if (!strcmp(name, "errno"))
		return get_uint32((uint32_t)m->script.failed, raw, cap);
	if (!strcmp(name, "memsize"))
		return get_uint32(memsize(m), raw, cap);
	if (!strcmp(name, "cwuri"))
		return get_cwuri(m, false, raw, cap);
	if (!strcmp(name, "cwduri"))
		return get_cwuri(m, true, raw, cap);
	return -ERR_SETTING_NONE;
}

/* `verbose` has an effect, but is kept like any other: never taken. */
static int builtin_set(
	struct machine *m, const char *scope, const char *name, const uint8_t *raw, size_t n)
{
	if (!scope[0] && !strcmp(name, "verbose"))
		m->log.console_level = n && raw[0] != '0' ? LOG_DEBUG : LOG_WARN;
	return -ERR_SETTING_NONE;
}

const struct setting_source builtin_settings = {
	.name = "builtin", .get = builtin_get, .set = builtin_set};
