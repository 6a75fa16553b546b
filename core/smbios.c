/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of SMBIOS structures, see smbios.h. How to find it is the platform's affair. */
#include "core/smbios.h"
#include "core/str.h"

/* A structure: type, length, handle, fields; then strings up to an empty one. */
bool smbios_uuid(struct bytes table, uint8_t uuid[16])
{
	while (table.n >= 4) {
		uint8_t type = table.p[0], len = table.p[1];
		struct bytes body;

		if (len < 4)
			return false;
		body = bytes_sub(&table, len);
		if (type == 1 && len >= 0x18 && bytes_ok(&body)) {
			memcpy(uuid, body.p + 8, 16);
			return true;
		}
		while (table.n >= 2 && (table.p[0] || table.p[1]))
			bytes_skip(&table, 1);
		bytes_skip(&table, 2);
	}
	return false;
}
