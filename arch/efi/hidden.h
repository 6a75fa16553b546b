/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In front of every source of the UEFI builds (Makefile): nothing is anybody else's, so also what
 * is only declared is found relative to the code. -fvisibility=hidden says that of definitions
 * alone, and the others would go through a global offset table, which nobody would fill.
 */
#pragma GCC visibility push(hidden)
