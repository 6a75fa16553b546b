/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hashes by BearSSL (MIT licence), whose sources util/setup --source fetches and the build compiles
 * beside this file; the only place that knows them.
 */
#include "net/bearssl/digest.h"
#include "bearssl_hash.h"

void digest_hex(const char *const *part, char hex[33])
{
	uint8_t out[br_md5_SIZE];
	br_md5_context c;

	br_md5_init(&c);
	for (; *part; part++) {
		br_md5_update(&c, *part, strlen(*part));
		if (part[1])
			br_md5_update(&c, ":", 1);
	}
	br_md5_out(&c, out);
	for (unsigned i = 0; i < 2 * br_md5_SIZE; i++)
		hex[i] = "0123456789abcdef"[out[i / 2] >> (i & 1 ? 0 : 4) & 15];
	hex[2 * br_md5_SIZE] = 0;
}
