/* SPDX-License-Identifier: BSD-2-Clause */
/* SMBIOS, see smbios.h. How to find its entry point is the platform's affair. */
#include "core/smbios.h"
#include "core/str.h"

/* Length, then address, at 16h. */
struct bytes smbios_table(const uint8_t *entry)
{
	struct bytes b = bytes_of(entry + 0x16, 6);
	uint16_t len = bytes_le16(&b);

	return bytes_of((const void *)(uintptr_t)bytes_le32(&b), len);
}

/* At 0Ch. The length is that of the room for them. */
struct bytes smbios_table3(const uint8_t *entry)
{
	struct bytes b = bytes_of(entry + 0x0c, 12);
	uint32_t len = bytes_le32(&b);

	return bytes_of((const void *)(uintptr_t)bytes_le64(&b), len);
}

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
