/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EFI_PXE_BASE_CODE_PROTOCOL over one of our links, UEFI 24.3, in the state in which the firmware's
 * own leaves it for what it has loaded: started, with an address, and with the DHCP messages of the
 * lease. TFTP and UDP are nic_tftp.c's and nic_udp.c's.
 *
 * Dhcp() shows the lease that there is, and asks for one where there is none; Discover() asks for
 * boot servers as the PXE server's message has it, a list of the caller's own is unsupported. No
 * IPv6, no BIS. TTL, type of service and AutoArp are kept and shown, but what is sent has ours: 64,
 * 0, and ARP always. Groups are not joined: a filter with one, or for frames of others, is
 * unsupported. The lease itself is never changed by a payload: an address of its own lasts as long
 * as the handle has users.
 */
#include "arch/efi/nic.h"
#include "core/machine.h"
#include "net/dhcp_cached.h"
#include "net/net.h"

#define DHCP_WAIT_US 70000000 /* DHCP ends before: net/dhcp.h */
#define ARP_WAIT_US  3000000
#define TTL_OURS     64

#define FILTERS (EFI_PXE_BASE_CODE_IP_FILTER_STATION_IP | EFI_PXE_BASE_CODE_IP_FILTER_BROADCAST)

static struct dhcp *dhcp_of(const struct efi_nic *nic)
{
	return &nic->dev->net->dhcp[nic->dev->index];
}

/* -- the mode -------------------------------------------------------------------------- */

static void show_address(struct efi_nic *nic)
{
	nic_set_ip(&nic->pxe.mode.StationIp, ip4_u32(&nic->dev->ip4.addr));
	nic_set_ip(&nic->pxe.mode.SubnetMask, nic->dev->ip4.mask);
}

static void add_route(EFI_PXE_BASE_CODE_MODE *mode, const struct ipv4_route *r)
{
	EFI_PXE_BASE_CODE_ROUTE_ENTRY *to = &mode->RouteTable[mode->RouteTableEntries];

	if (mode->RouteTableEntries >= EFI_PXE_BASE_CODE_MAX_ROUTE_ENTRIES)
		return;
	nic_set_ip(&to->IpAddr, r->dst);
	nic_set_ip(&to->SubnetMask, r->mask);
	nic_set_ip(&to->GwAddr, r->gateway);
	mode->RouteTableEntries++;
}

static void show_routes(struct efi_nic *nic)
{
	const struct ipv4_conf *ip = &nic->dev->ip4;
	const struct ipv4_route via = {.gateway = ip4_u32(&ip->gateway)};

	nic->pxe.mode.RouteTableEntries = 0;
	for (unsigned i = 0; i < ip->nroutes; i++)
		add_route(&nic->pxe.mode, &ip->routes[i]);
	if (via.gateway)
		add_route(&nic->pxe.mode, &via);
}

static void show_neighbours(struct efi_nic *nic)
{
	EFI_PXE_BASE_CODE_MODE *mode = &nic->pxe.mode;

	mode->ArpCacheEntries = 0;
	for (const struct arp_entry *e = nic->dev->arp.e; e < nic->dev->arp.e + ARP_CACHE_MAX;
		e++) {
		EFI_PXE_BASE_CODE_ARP_ENTRY *to = &mode->ArpCache[mode->ArpCacheEntries];

		if (!e->resolved || mode->ArpCacheEntries >= EFI_PXE_BASE_CODE_MAX_ARP_ENTRIES)
			continue;
		nic_set_ip(&to->IpAddr, ip4_u32(&e->ip));
		nic_set_mac(&to->MacAddr, &e->mac);
		mode->ArpCacheEntries++;
	}
}

/* What we have asked, as it would be asked now. */
static BOOLEAN show_question(
	struct efi_nic *nic, struct dhcp_request r, EFI_PXE_BASE_CODE_PACKET *packet)
{
	struct emit e = emit_to(packet->Raw, sizeof(packet->Raw));

	memset(packet, 0, sizeof(*packet));
	dhcp_compose(nic->dev, &r, &e);
	return !e.bad;
}

static BOOLEAN show_answer(
	struct efi_nic *nic, const struct dhcp_msg *msg, EFI_PXE_BASE_CODE_PACKET *packet)
{
	dhcp_cached(nic->dev, msg, nic->pxe.uri[0] ? nic->pxe.uri : NULL, packet->Raw,
		sizeof(packet->Raw));
	return TRUE;
}

static void show_server(struct efi_nic *nic)
{
	const struct dhcp *d = dhcp_of(nic);
	EFI_PXE_BASE_CODE_MODE *mode = &nic->pxe.mode;

	mode->PxeDiscoverValid = mode->PxeReplyReceived = FALSE;
	if (!d->have_server)
		return;
	mode->PxeDiscoverValid = show_question(nic,
		(struct dhcp_request){.type = DHCPREQUEST,
			.ciaddr = ip4_u32(&nic->dev->ip4.addr),
			.pxe_type = d->server_type,
			.has_type = true},
		&mode->PxeDiscover);
	mode->PxeReplyReceived = show_answer(nic, &d->server, &mode->PxeReply);
}

/* Whether there is a lease to show. */
static bool show_lease(struct efi_nic *nic)
{
	const struct dhcp *d = dhcp_of(nic);
	EFI_PXE_BASE_CODE_MODE *mode = &nic->pxe.mode;

	if (d->state != DHCP_BOUND)
		return false;
	mode->DhcpDiscoverValid = show_question(
		nic, (struct dhcp_request){.type = DHCPDISCOVER}, &mode->DhcpDiscover);
	mode->DhcpAckReceived = show_answer(nic, &d->ack, &mode->DhcpAck);
	mode->ProxyOfferReceived = d->have_proxy && show_answer(nic, &d->proxy, &mode->ProxyOffer);
	show_server(nic);
	show_address(nic);
	show_routes(nic);
	return true;
}

/* As Start() has it. */
static void mode_clear(EFI_PXE_BASE_CODE_MODE *mode)
{
	memset(mode, 0, sizeof(*mode));
	mode->AutoArp = TRUE;
	mode->SendGUID = TRUE;
	mode->TTL = TTL_OURS;
	mode->IpFilter.Filters = EFI_PXE_BASE_CODE_IP_FILTER_STATION_IP;
}

/* -- calls ----------------------------------------------------------------------------- */

static EFI_STATUS enter(EFI_PXE_BASE_CODE_PROTOCOL *This, struct nic_call *call)
{
	struct machine *m;

	call->nic = NULL;
	if (!This)
		return EFI_INVALID_PARAMETER;
	call->nic = (struct efi_nic *)((uint8_t *)This - offsetof(struct efi_nic, pxe));
	if (!efi_enter(&call->kept))
		return EFI_NOT_READY;
	m = call->nic->dev->net->m;
	m->now_us = m->plat->now_us(m->plat_ctx); /* what is started begins now */
	call->borrowed = nic_borrow(call->nic->dev);
	return EFI_SUCCESS;
}

EFI_STATUS nic_pxe_enter(EFI_PXE_BASE_CODE_PROTOCOL *This, struct nic_call *call)
{
	EFI_STATUS status = enter(This, call);

	if (status)
		return status;
	if (!call->nic->pxe.mode.Started)
		return nic_pxe_leave(call, EFI_NOT_STARTED);
	if (!nic_link_open(call->nic))
		return nic_pxe_leave(call, EFI_DEVICE_ERROR);
	return EFI_SUCCESS;
}

EFI_STATUS nic_pxe_leave(struct nic_call *call, EFI_STATUS status)
{
	show_neighbours(call->nic);
	nic_return(call->nic->dev, call->borrowed);
	efi_leave(call->kept);
	return status;
}

static EFI_STATUS EFIAPI pxe_start(EFI_PXE_BASE_CODE_PROTOCOL *This, BOOLEAN UseIpv6)
{
	struct nic_call call;
	EFI_STATUS status = enter(This, &call);
	EFI_PXE_BASE_CODE_MODE *mode;

	if (status)
		return status;
	mode = &call.nic->pxe.mode;
	if (mode->Started)
		return nic_pxe_leave(&call, EFI_ALREADY_STARTED);
	if (UseIpv6)
		return nic_pxe_leave(&call, EFI_UNSUPPORTED);
	if (!nic_link_open(call.nic))
		return nic_pxe_leave(&call, EFI_DEVICE_ERROR);
	mode_clear(mode);
	mode->Started = TRUE;
	return nic_pxe_leave(&call, EFI_SUCCESS);
}

static EFI_STATUS EFIAPI pxe_stop(EFI_PXE_BASE_CODE_PROTOCOL *This)
{
	struct nic_call call;
	EFI_STATUS status = nic_pxe_enter(This, &call);

	if (status)
		return status;
	udp_box_end(&call.nic->pxe.udp);
	call.nic->pxe.mode.Started = FALSE;
	return nic_pxe_leave(&call, EFI_SUCCESS);
}

/* -- DHCP ------------------------------------------------------------------------------ */

static bool dhcp_over(void *ctx)
{
	const struct dhcp *d = ctx;

	return d->state != DHCP_RUNNING;
}

/* A lease that is there is not asked for again. */
static EFI_STATUS EFIAPI pxe_dhcp(EFI_PXE_BASE_CODE_PROTOCOL *This, BOOLEAN SortOffers)
{
	struct nic_call call;
	EFI_STATUS status = nic_pxe_enter(This, &call);
	struct efi_nic *nic = call.nic;
	struct dhcp *d;

	(void)SortOffers;
	if (status)
		return status;
	if (show_lease(nic))
		return nic_pxe_leave(&call, EFI_SUCCESS);
	d = dhcp_of(nic);
	if (dhcp_start(nic->dev))
		return nic_pxe_leave(&call, EFI_OUT_OF_RESOURCES);
	if (!efi_wait(dhcp_over, d, nic->dev->net->m->now_us + DHCP_WAIT_US))
		dhcp_cancel(nic->dev);
	status = show_lease(nic)		   ? EFI_SUCCESS
		 : d->result == -ERR_DHCP_NO_OFFER ? EFI_NO_RESPONSE
						   : EFI_TIMEOUT;
	return nic_pxe_leave(&call, status);
}

static bool ask_over(void *ctx)
{
	const struct dhcp *d = ctx;

	return !d->asking;
}

static EFI_STATUS EFIAPI pxe_discover(EFI_PXE_BASE_CODE_PROTOCOL *This, UINT16 Type, UINT16 *Layer,
	BOOLEAN UseBis, EFI_PXE_BASE_CODE_DISCOVER_INFO *Info)
{
	struct nic_call call;
	EFI_STATUS status = nic_pxe_enter(This, &call);
	struct efi_nic *nic = call.nic;
	struct dhcp *d;

	if (status)
		return status;
	if (!Layer)
		return nic_pxe_leave(&call, EFI_INVALID_PARAMETER);
	if (UseBis || Info || *Layer != EFI_PXE_BASE_CODE_BOOT_LAYER_INITIAL)
		return nic_pxe_leave(&call, EFI_UNSUPPORTED);
	d = dhcp_of(nic);
	if (dhcp_ask(nic->dev, Type))
		return nic_pxe_leave(&call, EFI_DEVICE_ERROR);
	if (!efi_wait(ask_over, d, nic->dev->net->m->now_us + DHCP_WAIT_US))
		dhcp_cancel(nic->dev);
	show_server(nic);
	return nic_pxe_leave(&call, d->have_server ? EFI_SUCCESS : EFI_TIMEOUT);
}

/* -- addresses ------------------------------------------------------------------------- */

struct question {
	struct netdev *dev;
	struct ip_addr ip;
	struct mac mac; /* the answer */
};

static bool arp_answered(void *ctx)
{
	struct question *q = ctx;

	return arp_lookup(q->dev, &q->ip, &q->mac);
}

static EFI_STATUS EFIAPI pxe_arp(
	EFI_PXE_BASE_CODE_PROTOCOL *This, EFI_IP_ADDRESS *IpAddr, EFI_MAC_ADDRESS *MacAddr)
{
	struct nic_call call;
	EFI_STATUS status = nic_pxe_enter(This, &call);
	struct question q;

	if (status)
		return status;
	if (!IpAddr || !ip4_is_unicast(nic_get_ip(IpAddr)))
		return nic_pxe_leave(&call, EFI_INVALID_PARAMETER);
	q.dev = call.nic->dev;
	q.ip = ip4_of(nic_get_ip(IpAddr));
	q.mac = q.dev->mac;
	if (!ip_eq(&q.ip, &q.dev->ip4.addr) &&
		!efi_wait(arp_answered, &q, q.dev->net->m->now_us + ARP_WAIT_US))
		return nic_pxe_leave(&call, EFI_TIMEOUT);
	if (MacAddr)
		nic_set_mac(MacAddr, &q.mac);
	return nic_pxe_leave(&call, EFI_SUCCESS);
}

static EFI_STATUS EFIAPI pxe_set_station_ip(EFI_PXE_BASE_CODE_PROTOCOL *This,
	EFI_IP_ADDRESS *NewStationIp, EFI_IP_ADDRESS *NewSubnetMask)
{
	struct nic_call call;
	EFI_STATUS status = nic_pxe_enter(This, &call);
	struct nic_pxe *pxe;
	struct ipv4_conf *ip;

	if (status)
		return status;
	pxe = &call.nic->pxe;
	if (NewStationIp && !ip4_is_unicast(nic_get_ip(NewStationIp)))
		return nic_pxe_leave(&call, EFI_INVALID_PARAMETER);
	ip = &call.nic->dev->ip4;
	if (!pxe->moved)
		pxe->kept = *ip;
	pxe->moved = true;
	if (NewStationIp)
		ip->addr = ip4_of(nic_get_ip(NewStationIp));
	if (NewSubnetMask)
		ip->mask = nic_get_ip(NewSubnetMask);
	show_address(call.nic);
	return nic_pxe_leave(&call, EFI_SUCCESS);
}

static EFI_STATUS EFIAPI pxe_set_ip_filter(
	EFI_PXE_BASE_CODE_PROTOCOL *This, EFI_PXE_BASE_CODE_IP_FILTER *NewFilter)
{
	struct nic_call call;
	EFI_STATUS status = nic_pxe_enter(This, &call);

	if (status)
		return status;
	if (!NewFilter || NewFilter->IpCnt > EFI_PXE_BASE_CODE_MAX_IPCNT)
		return nic_pxe_leave(&call, EFI_INVALID_PARAMETER);
	if (NewFilter->Filters & ~FILTERS)
		return nic_pxe_leave(&call, EFI_UNSUPPORTED);
	for (unsigned i = 0; i < NewFilter->IpCnt; i++)
		if (nic_get_ip(&NewFilter->IpList[i]) != ip4_u32(&call.nic->dev->ip4.addr))
			return nic_pxe_leave(&call, EFI_UNSUPPORTED);
	call.nic->pxe.mode.IpFilter = *NewFilter;
	return nic_pxe_leave(&call, EFI_SUCCESS);
}

/* -- parameters, packets --------------------------------------------------------------- */

EFI_PXE_BASE_CODE_CALLBACK_PROTOCOL *nic_pxe_callback(const struct efi_nic *nic)
{
	static EFI_GUID guid = EFI_PXE_BASE_CODE_CALLBACK_PROTOCOL_GUID;

	return handle_get(nic->handle, &guid);
}

static EFI_STATUS EFIAPI pxe_set_parameters(EFI_PXE_BASE_CODE_PROTOCOL *This, BOOLEAN *NewAutoArp,
	BOOLEAN *NewSendGUID, UINT8 *NewTTL, UINT8 *NewToS, BOOLEAN *NewMakeCallback)
{
	struct nic_call call;
	EFI_STATUS status = nic_pxe_enter(This, &call);
	EFI_PXE_BASE_CODE_MODE *mode;

	if (status)
		return status;
	mode = &call.nic->pxe.mode;
	if (NewMakeCallback && *NewMakeCallback && !nic_pxe_callback(call.nic))
		return nic_pxe_leave(&call, EFI_INVALID_PARAMETER);
	if (NewAutoArp)
		mode->AutoArp = *NewAutoArp;
	if (NewSendGUID)
		mode->SendGUID = *NewSendGUID;
	if (NewTTL)
		mode->TTL = *NewTTL;
	if (NewToS)
		mode->ToS = *NewToS;
	if (NewMakeCallback)
		mode->MakeCallbacks = *NewMakeCallback;
	return nic_pxe_leave(&call, EFI_SUCCESS);
}

static void set_packet(BOOLEAN *valid, EFI_PXE_BASE_CODE_PACKET *packet, const BOOLEAN *new_valid,
	const EFI_PXE_BASE_CODE_PACKET *new_packet)
{
	if (new_valid)
		*valid = *new_valid;
	if (new_packet)
		*packet = *new_packet;
}

static EFI_STATUS EFIAPI pxe_set_packets(EFI_PXE_BASE_CODE_PROTOCOL *This,
	BOOLEAN *NewDhcpDiscoverValid, BOOLEAN *NewDhcpAckReceived, BOOLEAN *NewProxyOfferReceived,
	BOOLEAN *NewPxeDiscoverValid, BOOLEAN *NewPxeReplyReceived, BOOLEAN *NewPxeBisReplyReceived,
	EFI_PXE_BASE_CODE_PACKET *NewDhcpDiscover, EFI_PXE_BASE_CODE_PACKET *NewDhcpAck,
	EFI_PXE_BASE_CODE_PACKET *NewProxyOffer, EFI_PXE_BASE_CODE_PACKET *NewPxeDiscover,
	EFI_PXE_BASE_CODE_PACKET *NewPxeReply, EFI_PXE_BASE_CODE_PACKET *NewPxeBisReply)
{
	struct nic_call call;
	EFI_STATUS status = nic_pxe_enter(This, &call);
	EFI_PXE_BASE_CODE_MODE *m;

	if (status)
		return status;
	m = &call.nic->pxe.mode;
	set_packet(&m->DhcpDiscoverValid, &m->DhcpDiscover, NewDhcpDiscoverValid, NewDhcpDiscover);
	set_packet(&m->DhcpAckReceived, &m->DhcpAck, NewDhcpAckReceived, NewDhcpAck);
	set_packet(&m->ProxyOfferReceived, &m->ProxyOffer, NewProxyOfferReceived, NewProxyOffer);
	set_packet(&m->PxeDiscoverValid, &m->PxeDiscover, NewPxeDiscoverValid, NewPxeDiscover);
	set_packet(&m->PxeReplyReceived, &m->PxeReply, NewPxeReplyReceived, NewPxeReply);
	set_packet(
		&m->PxeBisReplyReceived, &m->PxeBisReply, NewPxeBisReplyReceived, NewPxeBisReply);
	return nic_pxe_leave(&call, EFI_SUCCESS);
}

/* -- its life -------------------------------------------------------------------------- */

/* What is being booted, and by this link. */
static void show_uri(struct efi_nic *nic)
{
	const struct boot_request *req = &nic->dev->net->m->boot;

	nic->pxe.uri[0] = 0;
	if (req->kind == BOOT_EFI)
		str_copy(nic->pxe.uri, sizeof(nic->pxe.uri), req->uri);
}

void nic_pxe_reset(struct efi_nic *nic)
{
	struct nic_pxe *pxe = &nic->pxe;

	udp_box_end(&pxe->udp);
	if (pxe->moved)
		nic->dev->ip4 = pxe->kept;
	pxe->moved = false;
	show_uri(nic);
	mode_clear(&pxe->mode);
	pxe->mode.Started = show_lease(nic);
}

void nic_pxe_init(struct efi_nic *nic)
{
	static const EFI_PXE_BASE_CODE_PROTOCOL calls = {
		.Revision = EFI_PXE_BASE_CODE_PROTOCOL_REVISION,
		.Start = pxe_start,
		.Stop = pxe_stop,
		.Dhcp = pxe_dhcp,
		.Discover = pxe_discover,
		.Mtftp = nic_mtftp,
		.UdpWrite = nic_udp_write,
		.UdpRead = nic_udp_read,
		.SetIpFilter = pxe_set_ip_filter,
		.Arp = pxe_arp,
		.SetParameters = pxe_set_parameters,
		.SetStationIp = pxe_set_station_ip,
		.SetPackets = pxe_set_packets,
	};

	nic->pxe.proto = calls;
	nic->pxe.proto.Mode = &nic->pxe.mode;
	nic->pxe.udp.dev = nic->dev;
}
