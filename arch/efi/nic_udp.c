/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UdpWrite() and UdpRead() of PXE Base Code, UEFI 24.3, over net/udp_box.h.
 *
 * A port is heard from when it is first named; UdpRead() of any port hears those that are. It waits
 * READ_WAIT_US. A datagram that the caller's buffer is too small for is lost, as the next one is
 * what it would have got. Nothing is sent in fragments; a gateway of the caller's counts where the
 * lease has none.
 */
#include "arch/efi/nic.h"
#include "core/machine.h"
#include "net/net.h"

#define READ_WAIT_US 3000000

#define ANY_SRC_IP    EFI_PXE_BASE_CODE_UDP_OPFLAGS_ANY_SRC_IP
#define ANY_SRC_PORT  EFI_PXE_BASE_CODE_UDP_OPFLAGS_ANY_SRC_PORT
#define ANY_DEST_IP   EFI_PXE_BASE_CODE_UDP_OPFLAGS_ANY_DEST_IP
#define ANY_DEST_PORT EFI_PXE_BASE_CODE_UDP_OPFLAGS_ANY_DEST_PORT
#define USE_FILTER    EFI_PXE_BASE_CODE_UDP_OPFLAGS_USE_FILTER
#define MAY_FRAGMENT  EFI_PXE_BASE_CODE_UDP_OPFLAGS_MAY_FRAGMENT

/* -- writing --------------------------------------------------------------------------- */

static bool append(struct pkt *p, const void *src, UINTN n)
{
	uint8_t *to = pkt_put(p, n);

	if (to && n)
		memcpy(to, src, n);
	return to;
}

/* Header and data as one datagram; NULL: no packet for it. */
static struct pkt *gather(
	struct net *net, const void *header, UINTN header_n, const void *data, UINTN data_n)
{
	struct pkt *p = udp_alloc(net);

	if (!p || (append(p, header, header_n) && append(p, data, data_n)))
		return p;
	pkt_free(&net->pool, p);
	return NULL;
}

EFI_STATUS EFIAPI nic_udp_write(EFI_PXE_BASE_CODE_PROTOCOL *This, UINT16 OpFlags,
	EFI_IP_ADDRESS *DestIp, EFI_PXE_BASE_CODE_UDP_PORT *DestPort, EFI_IP_ADDRESS *GatewayIp,
	EFI_IP_ADDRESS *SrcIp, EFI_PXE_BASE_CODE_UDP_PORT *SrcPort, UINTN *HeaderSize,
	VOID *HeaderPtr, UINTN *BufferSize, VOID *BufferPtr)
{
	struct nic_call call;
	EFI_STATUS status = nic_pxe_enter(This, &call);
	UINTN header_n = HeaderSize ? *HeaderSize : 0, data_n = BufferSize ? *BufferSize : 0;
	struct netdev *dev;
	struct ip_addr dst;
	struct udp_sock *s;
	struct pkt *p;

	if (status)
		return status;
	dev = call.nic->dev;
	if ((OpFlags & ~(ANY_SRC_PORT | MAY_FRAGMENT)) || !DestIp || !DestPort || !BufferSize ||
		(HeaderSize && (!HeaderPtr || !header_n)) || (data_n && !BufferPtr) ||
		(SrcIp && nic_get_ip(SrcIp) != ip4_u32(&dev->ip4.addr)))
		return nic_pxe_leave(&call, EFI_INVALID_PARAMETER);
	if (data_n > UDP_BOX_MAX || header_n > UDP_BOX_MAX ||
		header_n + data_n > (UINTN)dev->mtu - IPV4_HEADER - UDP_HEADER)
		return nic_pxe_leave(&call, EFI_BAD_BUFFER_SIZE);
	s = udp_box_port(&call.nic->pxe.udp, SrcPort && !(OpFlags & ANY_SRC_PORT) ? *SrcPort : 0);
	p = s ? gather(dev->net, HeaderPtr, header_n, BufferPtr, data_n) : NULL;
	if (!p)
		return nic_pxe_leave(&call, EFI_OUT_OF_RESOURCES);
	if (SrcPort)
		*SrcPort = s->port;
	if (GatewayIp)
		ipv4_suggest_gateway(dev, nic_get_ip(GatewayIp));
	dst = ip4_of(nic_get_ip(DestIp));
	return nic_pxe_leave(&call, udp_send(dev->net, s, dev, p, NULL, &dst, *DestPort)
					    ? EFI_DEVICE_ERROR
					    : EFI_SUCCESS);
}

/* -- reading --------------------------------------------------------------------------- */

static EFI_STATUS hand_over(const struct udp_datagram *d, UINTN *header_size, void *header,
	UINTN *buffer_size, void *buffer)
{
	UINTN n = d->n, room = *buffer_size;

	if (header_size) {
		if (*header_size > n)
			*header_size = n;
		memcpy(header, d->data, *header_size);
		n -= *header_size;
	}
	*buffer_size = n;
	if (n > room)
		return EFI_BUFFER_TOO_SMALL;
	if (n)
		memcpy(buffer, d->data + d->n - n, n);
	return EFI_SUCCESS;
}

/* To whom it has to be: what the caller says, else the station; 0: anybody that we hear for. */
static uint32_t wanted_dst(const struct efi_nic *nic, UINT16 flags, const EFI_IP_ADDRESS *dst)
{
	const EFI_PXE_BASE_CODE_IP_FILTER *filter = &nic->pxe.mode.IpFilter;
	uint32_t station = ip4_u32(&nic->dev->ip4.addr);

	if (flags & USE_FILTER)
		return filter->Filters & EFI_PXE_BASE_CODE_IP_FILTER_BROADCAST ? 0 : station;
	if (flags & ANY_DEST_IP)
		return 0;
	return dst ? nic_get_ip(dst) : station;
}

EFI_STATUS EFIAPI nic_udp_read(EFI_PXE_BASE_CODE_PROTOCOL *This, UINT16 OpFlags,
	EFI_IP_ADDRESS *DestIp, EFI_PXE_BASE_CODE_UDP_PORT *DestPort, EFI_IP_ADDRESS *SrcIp,
	EFI_PXE_BASE_CODE_UDP_PORT *SrcPort, UINTN *HeaderSize, VOID *HeaderPtr, UINTN *BufferSize,
	VOID *BufferPtr)
{
	struct nic_call call;
	EFI_STATUS status = nic_pxe_enter(This, &call);
	struct udp_want w = {.box = NULL};

	if (status)
		return status;
	w.box = &call.nic->pxe.udp;
	if ((OpFlags & ~(ANY_SRC_IP | ANY_SRC_PORT | ANY_DEST_IP | ANY_DEST_PORT | USE_FILTER)) ||
		!BufferSize || (*BufferSize && !BufferPtr) ||
		(HeaderSize && (!HeaderPtr || !*HeaderSize)) ||
		(!(OpFlags & ANY_DEST_PORT) && !DestPort) || (!(OpFlags & ANY_SRC_IP) && !SrcIp) ||
		(!(OpFlags & ANY_SRC_PORT) && !SrcPort))
		return nic_pxe_leave(&call, EFI_INVALID_PARAMETER);
	w.dst = wanted_dst(call.nic, OpFlags, DestIp);
	w.dst_port = OpFlags & ANY_DEST_PORT ? 0 : *DestPort;
	w.src = OpFlags & ANY_SRC_IP ? 0 : nic_get_ip(SrcIp);
	w.src_port = OpFlags & ANY_SRC_PORT ? 0 : *SrcPort;
	if (w.dst_port && !udp_box_port(w.box, w.dst_port))
		return nic_pxe_leave(&call, EFI_OUT_OF_RESOURCES);
	if (!efi_wait(udp_box_find, &w, call.nic->dev->net->m->now_us + READ_WAIT_US))
		return nic_pxe_leave(&call, EFI_TIMEOUT);
	if (DestIp)
		nic_set_ip(DestIp, w.found->dst);
	if (SrcIp)
		nic_set_ip(SrcIp, w.found->src);
	if (DestPort)
		*DestPort = w.found->dst_port;
	if (SrcPort)
		*SrcPort = w.found->src_port;
	status = hand_over(w.found, HeaderSize, HeaderPtr, BufferSize, BufferPtr);
	w.found->n = 0;
	return nic_pxe_leave(&call, status);
}
