/* SPDX-License-Identifier: BSD-2-Clause */
/* The stub's decompressor: one call, everything in memory. */
#ifndef STUB_UNPACK_H
#define STUB_UNPACK_H

#include <stdint.h>
#include "arch/x86/bios/stub/model.h"

#define UNPACK_PADDING 4 /* readable bytes behind what was packed */

/*
 * Unpacks to exactly `size` bytes at dst, of which the first `code` are instructions, what
 * util/pack made of them at src. m: zeroed memory. opcodes: &model_opcodes, in a stub that is not
 * where it was linked. What is packed is our own and verified by its sum: damage leads to other
 * bytes, never past dst, but past src.
 */
void unpack(struct model *m, const struct model_opcodes *opcodes, uint8_t *dst, uint32_t size,
	uint32_t code, const uint8_t *src);

#endif
