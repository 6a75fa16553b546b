/* SPDX-License-Identifier: BSD-2-Clause */
/* What the firmware's SMBIOS structures say of the machine: DMTF DSP0134. */
#ifndef CORE_SMBIOS_H
#define CORE_SMBIOS_H

#include <stdbool.h>
#include <stdint.h>
#include "core/bytes.h"

/* The system's UUID, in the order of its bytes there (7.2.1); false when there is none. */
bool smbios_uuid(struct bytes table, uint8_t uuid[16]);

#endif
