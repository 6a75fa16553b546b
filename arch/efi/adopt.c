/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The link that started us, the lease that the firmware has got for it, and the URL that we are:
 * out of PXE Base Code's cached packets (UEFI 24.3.1, EFI_PXE_BASE_CODE_MODE), or the device path
 * of HTTP Boot (24.7.3.1). Other loaders - GRUB, iPXE, shim - leave one or the other, or nothing,
 * and then the links are discovered as if we came from a disk.
 *
 * All of it is copied before the firmware's drivers are taken off the card: with them goes the
 * handle that we were loaded from.
 *
 * Not done: IPv6, and VLANs under the link. Both are said, and discovery goes its own way.
 */
#include "arch/efi/boot_path.h"
#include "arch/efi/efi.h"
#include "core/log.h"
#include "core/str.h"
#include "net/dhcp_adopt.h"

#define PATH_MAX 1024 /* bytes of a device path that are looked at */
#define ACK_MAX	 (300 + 4 * DNS_SERVER_MAX + URL_MAX)

static EFI_GUID pxe_guid = EFI_PXE_BASE_CODE_PROTOCOL_GUID;

static struct {
	struct boot_path path;
	EFI_HANDLE card;
	bool by_ip6;
	size_t nack, nreply;
	uint8_t ack[sizeof(EFI_PXE_BASE_CODE_PACKET)], reply[sizeof(EFI_PXE_BASE_CODE_PACKET)];
} adopt;

_Static_assert(sizeof(adopt.ack) >= ACK_MAX, "room for a DHCPACK of our own");

static struct bytes path_bytes(const EFI_DEVICE_PATH *path)
{
	size_t n = path ? devpath_size(path) : 0;

	return bytes_of(path, n < PATH_MAX ? n : 0);
}

/*
 * The nearest device with this protocol at the path's MAC or above: below it are those that PXE
 * Base Code and others have made for themselves.
 */
static EFI_HANDLE nearest(const EFI_DEVICE_PATH *path, EFI_GUID *guid)
{
	static const uint8_t end[] = {0x7f, 0xff, 4, 0};
	const EFI_DEVICE_PATH *mac = devpath_find(path, MESSAGING_DEVICE_PATH, MSG_MAC_ADDR_DP);
	uint8_t copy[PATH_MAX + sizeof(end)];
	EFI_DEVICE_PATH *at = (EFI_DEVICE_PATH *)copy;
	size_t n = (size_t)((const uint8_t *)mac - (const uint8_t *)path) + mac->Length[0];
	EFI_HANDLE handle;

	memcpy(copy, path, n);
	memcpy(copy + n, end, sizeof(end));
	return EFI_ERROR(efi_bs->LocateDevicePath(guid, &at, &handle)) ? NULL : handle;
}

static size_t keep(uint8_t *to, const EFI_PXE_BASE_CODE_PACKET *packet, bool valid)
{
	if (valid)
		memcpy(to, packet, sizeof(*packet));
	return valid ? sizeof(*packet) : 0;
}

/* What a boot server has said stands in front of the proxyDHCP server's menu. */
static void keep_packets(const EFI_PXE_BASE_CODE_MODE *mode)
{
	adopt.by_ip6 = mode->UsingIpv6;
	if (adopt.by_ip6)
		return;
	adopt.nack = keep(adopt.ack, &mode->DhcpAck, mode->DhcpAckReceived);
	adopt.nreply = keep(adopt.reply, &mode->PxeReply, mode->PxeReplyReceived);
	if (!adopt.nreply)
		adopt.nreply = keep(adopt.reply, &mode->ProxyOffer, mode->ProxyOfferReceived);
}

void adopt_collect(void)
{
	EFI_HANDLE device = efi_loaded->DeviceHandle;
	EFI_DEVICE_PATH *path = device ? handle_get(device, &efi_guid_path) : NULL;
	EFI_PXE_BASE_CODE_PROTOCOL *pxe;
	struct emit e = emit_to(adopt.ack, sizeof(adopt.ack));

	memset(&adopt, 0, sizeof(adopt));
	boot_path_parse(path_bytes(path), &adopt.path);
	if (!adopt.path.is_net)
		return;
	if (!adopt.path.uri[0])
		boot_path_parse(path_bytes(efi_loaded->FilePath), &adopt.path);
	adopt.card = nearest(path, &efi_guid_snp);
	if (!adopt.card)
		adopt.card = nearest(path, &efi_guid_pci);
	adopt.by_ip6 = adopt.path.is_ip6;
	pxe = handle_get(device, &pxe_guid);
	if (boot_path_ack(&adopt.path, &e))
		adopt.nack = e.n;
	else if (pxe && pxe->Mode)
		keep_packets(pxe->Mode);
}

EFI_HANDLE adopt_card(void)
{
	return adopt.card;
}

void adopt_apply(struct net *net)
{
	struct netdev *dev = adopt.path.is_net ? efi_link_find(net, adopt.path.mac.b) : NULL;

	if (!dev)
		return;
	if (adopt.by_ip6)
		log_put(net->m, LOG_WARN, "%s: booted by IPv6; asking by IPv4", dev->name);
	if (adopt.path.is_vlan)
		log_put(net->m, LOG_WARN, "%s: booted from a VLAN; asking without", dev->name);
	if (!adopt.nack || adopt.path.is_vlan || netdev_open(dev))
		return;
	dhcp_adopt(dev, bytes_of(adopt.ack, adopt.nack), bytes_of(adopt.reply, adopt.nreply));
}
