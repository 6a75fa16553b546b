/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HalfSipHash-2-4: a number that nobody without the key can foretell. The 32-bit sibling of SipHash
 * (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012), by its authors and with the same
 * structure. Its key has 64 bits: enough for what lives as long as a boot does, not for secrets
 * that last.
 */
#ifndef CORE_HALFSIPHASH_H
#define CORE_HALFSIPHASH_H

#include <stdint.h>

/* Of n words, each of which stands for 4 bytes, the lowest first; n < 64. */
uint32_t halfsiphash(const uint32_t key[2], const uint32_t *words, unsigned n);

#endif
