/* SPDX-License-Identifier: BSD-2-Clause */
/* What the firmware's SMBIOS structures say of the machine: DMTF DSP0134. */
#ifndef CORE_SMBIOS_H
#define CORE_SMBIOS_H

#include <stdbool.h>
#include <stdint.h>
#include "core/bytes.h"

/*
 * The structures that an entry point leads to: the 32-bit one, "_SM_" (5.2.1), or the 64-bit one,
 * "_SM3_" (5.2.2). Anchor and checksum are the caller's affair. What lies there is not looked at.
 */
struct bytes smbios_table(const uint8_t *entry);
struct bytes smbios_table3(const uint8_t *entry);
/* The system's UUID, in the order of its bytes there (7.2.1); false when there is none. */
bool smbios_uuid(struct bytes table, uint8_t uuid[16]);

#endif
