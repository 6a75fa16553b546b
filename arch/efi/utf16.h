/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text between us (UTF-8) and the firmware (UTF-16, RFC 2781), exactly: command lines and names of
 * files.
 *
 * Bytes that are no UTF-8 and surrogates without their other half become U+FFFD.
 */
#ifndef ARCH_EFI_UTF16_H
#define ARCH_EFI_UTF16_H

#include <stddef.h>
#include <stdint.h>

/*
 * Writes s and a NUL, at most `room` units in all (room > 0, no character is cut). Returns the
 * units it takes with its NUL, whether or not there was room.
 */
size_t utf16_from_utf8(uint16_t *dst, size_t room, const char *s);
/*
 * The same the other way round: the first n units of s, or up to its NUL. Returns the bytes with
 * their NUL.
 */
size_t utf16_to_utf8(char *dst, size_t room, const uint16_t *s, size_t n);

#endif
