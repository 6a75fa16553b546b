/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hashes by BearSSL (MIT licence), whose sources util/setup --source fetches and the build compiles
 * beside this file; the only place that knows them.
 */
#include "net/bearssl/digest.h"
#include "bearssl_hash.h"

_Static_assert(sizeof(br_md5_context) <= sizeof(((struct digest_run *)0)->state) &&
		       sizeof(br_sha256_context) <= sizeof(((struct digest_run *)0)->state),
	"their states fit");

static void *state_of(struct digest_run *d)
{
	return d->state;
}

void digest_begin(struct digest_run *d, enum digest kind)
{
	d->kind = kind;
	if (kind == DIGEST_MD5)
		br_md5_init(state_of(d));
	else
		br_sha256_init(state_of(d));
}

void digest_add(struct digest_run *d, const void *p, size_t n)
{
	if (d->kind == DIGEST_MD5)
		br_md5_update(state_of(d), p, n);
	else
		br_sha256_update(state_of(d), p, n);
}

void digest_end(struct digest_run *d, char hex[DIGEST_HEX])
{
	unsigned size = d->kind == DIGEST_MD5 ? br_md5_SIZE : br_sha256_SIZE;
	uint8_t out[br_sha256_SIZE];

	if (d->kind == DIGEST_MD5)
		br_md5_out(state_of(d), out);
	else
		br_sha256_out(state_of(d), out);
	for (unsigned i = 0; i < 2 * size; i++)
		hex[i] = "0123456789abcdef"[out[i / 2] >> (i & 1 ? 0 : 4) & 15];
	hex[2 * size] = 0;
}

void digest_hex(enum digest kind, const char *const *part, char hex[DIGEST_HEX])
{
	struct digest_run d;

	digest_begin(&d, kind);
	for (; *part; part++) {
		digest_add(&d, *part, strlen(*part));
		if (part[1])
			digest_add(&d, ":", 1);
	}
	digest_end(&d, hex);
}
