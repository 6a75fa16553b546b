/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a PXE server says in option 43: the boot menu, and which boot servers may be asked (PXE 2.1
 * table 2-1 and section 2.2; wire form as RFC 2132 8.4).
 *
 * Lists are read as far as they are whole: what is cut or lies about its length ends them.
 * Credentials (bit 15 of an item's layer) and MTFTP (tags 1 to 5) are not looked at.
 */
#include "core/str.h"
#include "net/dhcp.h"

static struct bytes pxe_tag(const struct dhcp_msg *msg, unsigned tag)
{
	uint16_t len;
	const uint8_t *value = dhcp_option(msg, DHCP_VENDOR, tag, &len);

	return bytes_of(value, len);
}

unsigned pxe_control(const struct dhcp_msg *msg)
{
	struct bytes b = pxe_tag(msg, PXE_DISCOVERY_CONTROL);

	return bytes_u8(&b);
}

bool pxe_entry(const struct dhcp_msg *msg, unsigned i, struct pxe_entry *entry)
{
	struct bytes b = pxe_tag(msg, PXE_BOOT_MENU);

	do {
		entry->type = bytes_u16(&b);
		entry->len = bytes_u8(&b);
		entry->text = bytes_take(&b, entry->len);
	} while (bytes_ok(&b) && i--);
	return bytes_ok(&b);
}

/* The addresses of the servers of that type, none when any will do; false: the type is not listed.
 */
static bool pxe_servers(const struct dhcp_msg *msg, unsigned type, struct bytes *ips)
{
	struct bytes b = pxe_tag(msg, PXE_BOOT_SERVERS);

	while (b.n) {
		unsigned t = bytes_u16(&b);
		size_t n = bytes_u8(&b);

		*ips = bytes_sub(&b, n * 4);
		if (bytes_ok(&b) && t == type)
			return true;
	}
	*ips = bytes_of(NULL, 0);
	return false;
}

unsigned pxe_targets(
	const struct dhcp_msg *msg, unsigned type, unsigned try, uint32_t to[PXE_TARGETS_MAX])
{
	unsigned control = pxe_control(msg), n = 0, from, count;
	struct bytes group = pxe_tag(msg, PXE_DISCOVERY_GROUP), ips;
	uint32_t ip = bytes_u32(&group);

	if (!(control & PXE_NO_MULTICAST) && ip4_is_multicast(ip))
		to[n++] = ip;
	if (!(control & PXE_NO_BROADCAST))
		to[n++] = UINT32_MAX;
	pxe_servers(msg, type, &ips);
	count = (unsigned)ips.n / 4;
	from = (try - 1) * (PXE_TARGETS_MAX - n);
	for (unsigned i = 0; i < count && n < PXE_TARGETS_MAX; i++) {
		struct bytes at = bytes_of(ips.p + (from + i) % count * 4, 4);

		ip = bytes_u32(&at);
		if (ip4_is_unicast(ip))
			to[n++] = ip;
	}
	return n;
}

bool pxe_is_from(const struct dhcp_msg *answer, uint32_t ip)
{
	return ip == ip4_u32(&answer->from) || ip == ip4_u32(&answer->server_id);
}

bool pxe_accepts(const struct dhcp_msg *msg, unsigned type, const struct dhcp_msg *answer)
{
	unsigned control = pxe_control(msg);
	struct bytes ips, item = pxe_tag(answer, PXE_BOOT_ITEM);
	bool listed = pxe_servers(msg, type, &ips);

	if (item.n && bytes_u16(&item) != type)
		return false;
	/* Who has not been named may answer what was not asked of him alone. */
	if (listed && !ips.n)
		return true;
	if (!(control & PXE_ONLY_LISTED) && ~control & (PXE_NO_BROADCAST | PXE_NO_MULTICAST))
		return true;
	while (ips.n)
		if (pxe_is_from(answer, bytes_u32(&ips)))
			return true;
	return false;
}
