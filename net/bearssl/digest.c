/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hashes by BearSSL (MIT licence), whose sources util/setup --source fetches and the build compiles
 * beside this file; the only place that knows them.
 */
#include "net/bearssl/digest.h"
#include "bearssl_hash.h"

union context {
	br_md5_context md5;
	br_sha256_context sha256;
};

static void update(enum digest kind, union context *c, const char *text)
{
	if (kind == DIGEST_SHA256)
		br_sha256_update(&c->sha256, text, strlen(text));
	else
		br_md5_update(&c->md5, text, strlen(text));
}

void digest_hex(enum digest kind, const char *const *part, unsigned n, char hex[DIGEST_HEX])
{
	unsigned size = kind == DIGEST_SHA256 ? br_sha256_SIZE : br_md5_SIZE;
	uint8_t out[br_sha256_SIZE];
	union context c;

	if (kind == DIGEST_SHA256)
		br_sha256_init(&c.sha256);
	else
		br_md5_init(&c.md5);
	for (unsigned i = 0; i < n; i++) {
		if (i)
			update(kind, &c, ":");
		update(kind, &c, part[i]);
	}
	if (kind == DIGEST_SHA256)
		br_sha256_out(&c.sha256, out);
	else
		br_md5_out(&c.md5, out);
	for (unsigned i = 0; i < 2 * size; i++)
		hex[i] = "0123456789abcdef"[out[i / 2] >> (i & 1 ? 0 : 4) & 15];
	hex[2 * size] = 0;
}
