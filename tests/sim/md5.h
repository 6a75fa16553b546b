/* SPDX-License-Identifier: BSD-2-Clause */
/* MD5 (RFC 1321), for the simulated HTTP server's Digest access alone. */
#ifndef SIM_MD5_H
#define SIM_MD5_H

#include <stddef.h>

void md5_hex(const void *data, size_t len, char hex[33]);

#endif
