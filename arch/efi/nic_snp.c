/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EFI_SIMPLE_NETWORK_PROTOCOL over one of our links, UEFI 24.1: states, parameters and statuses as
 * it says.
 *
 * The link stays open while it is started, initialized and shut down: that is ours to say. A link
 * that leaves checksums out or joins segments is opened anew when it is initialized, and again when
 * it is ours, because it does that for us alone.
 *
 * Frames are copied when they are sent, so a buffer can be had back at once; one that NIC_TX_MAX
 * others wait before is EFI_NOT_READY. The station address is the card's, there is no NVRAM, no
 * promiscuous mode, and of the statistics only what we count. Groups are heard all or none, and
 * filtered here.
 *
 * WaitForPacket looks at the link when it is checked below TPL_CALLBACK; above, at what has come.
 */
#include "arch/efi/nic.h"
#include "core/machine.h"
#include "net/eth.h"
#include "net/net.h"

#define FILTER_UNICAST	  EFI_SIMPLE_NETWORK_RECEIVE_UNICAST
#define FILTER_MULTICAST  EFI_SIMPLE_NETWORK_RECEIVE_MULTICAST
#define FILTER_BROADCAST  EFI_SIMPLE_NETWORK_RECEIVE_BROADCAST
#define FILTER_ALL_GROUPS EFI_SIMPLE_NETWORK_RECEIVE_PROMISCUOUS_MULTICAST
#define FILTERS		  (FILTER_UNICAST | FILTER_MULTICAST | FILTER_BROADCAST | FILTER_ALL_GROUPS)

#define VLAN_TAG    4
#define FRAME_MIN   60
#define NOT_COUNTED UINT64_MAX

static struct efi_nic *nic_of(EFI_SIMPLE_NETWORK_PROTOCOL *This)
{
	return This ? (struct efi_nic *)((uint8_t *)This - offsetof(struct efi_nic, snp)) : NULL;
}

/* -- calls ----------------------------------------------------------------------------- */

/*
 * Each begins with it: `This`, the state that it needs, and the way inside. On success *nic is set
 * and leave() ends the call.
 */
static EFI_STATUS enter(EFI_SIMPLE_NETWORK_PROTOCOL *This, EFI_SIMPLE_NETWORK_STATE least,
	struct efi_nic **nic, EFI_TPL *kept)
{
	struct efi_nic *n = *nic = nic_of(This);

	if (!n)
		return EFI_INVALID_PARAMETER;
	if (!efi_enter(kept))
		return EFI_NOT_READY;
	if (n->snp.mode.State >= (UINT32)least)
		return EFI_SUCCESS;
	efi_leave(*kept);
	return n->snp.mode.State == EfiSimpleNetworkStopped ? EFI_NOT_STARTED : EFI_DEVICE_ERROR;
}

static EFI_STATUS leave(EFI_TPL kept, EFI_STATUS status)
{
	efi_leave(kept);
	return status;
}

/* -- receiving ------------------------------------------------------------------------- */

static bool is_listed(const EFI_SIMPLE_NETWORK_MODE *mode, const struct mac *dst)
{
	for (UINT32 i = 0; i < mode->MCastFilterCount; i++)
		if (!memcmp(mode->MCastFilter[i].Addr, dst->b, sizeof(dst->b)))
			return true;
	return false;
}

/* What the filter lets in; sentences of the specification's, 24.1 ReceiveFilters(). */
static bool passes(const struct efi_nic *nic, const struct mac *dst)
{
	const EFI_SIMPLE_NETWORK_MODE *mode = &nic->snp.mode;
	UINT32 filter = mode->ReceiveFilterSetting;

	if (mac_eq(dst, &mac_broadcast))
		return filter & FILTER_BROADCAST;
	if (mac_is_multicast(dst))
		return (filter & FILTER_ALL_GROUPS) ||
		       ((filter & FILTER_MULTICAST) && is_listed(mode, dst));
	return (filter & FILTER_UNICAST) && mac_eq(dst, &nic->dev->mac);
}

static void count_received(EFI_NETWORK_STATISTICS *stats, const struct mac *dst)
{
	if (mac_eq(dst, &mac_broadcast))
		stats->RxBroadcastFrames++;
	else if (mac_is_multicast(dst))
		stats->RxMulticastFrames++;
	else
		stats->RxUnicastFrames++;
}

/* Whether it is one for the payload, counted. */
static bool wanted(struct efi_nic *nic, const struct pkt *p)
{
	struct nic_snp *s = &nic->snp;
	const struct mac *dst = (const struct mac *)p->data;

	s->stats.RxTotalFrames++;
	s->stats.RxTotalBytes += p->len;
	if (p->len < ETH_HEADER) {
		s->stats.RxUndersizeFrames++;
		return false;
	}
	if (p->more) {
		s->stats.RxOversizeFrames++;
		return false;
	}
	if (!passes(nic, dst))
		return false;
	if (s->rx_count >= NIC_RX_MAX) {
		s->stats.RxDroppedFrames++;
		return false;
	}
	s->stats.RxGoodFrames++;
	count_received(&s->stats, dst);
	return true;
}

static void snp_raw(struct netdev *dev, struct pkt *p)
{
	struct efi_nic *nic = dev->raw_ctx;
	struct nic_snp *s = &nic->snp;

	if (!wanted(nic, p)) {
		pkt_free(&dev->net->pool, p);
		return;
	}
	p->next = NULL;
	if (s->rx_head)
		s->rx_tail->next = p;
	else
		s->rx_head = p;
	s->rx_tail = p;
	s->rx_count++;
	s->rx_news = true;
}

static void rx_drop(struct efi_nic *nic)
{
	struct nic_snp *s = &nic->snp;
	struct pkt *next;

	for (struct pkt *p = s->rx_head; p; p = next) {
		next = p->next;
		pkt_free(&nic->dev->net->pool, p);
	}
	s->rx_head = s->rx_tail = NULL;
	s->rx_count = 0;
	s->rx_news = false;
}

static bool has_frame(void *ctx)
{
	const struct efi_nic *nic = ctx;

	return nic->snp.rx_head;
}

/* One turn of the network, when nothing waits. */
static void look(struct efi_nic *nic)
{
	efi_wait(has_frame, nic, 0);
	nic->snp.mode.MediaPresent = nic->dev->link_up;
}

/* -- whose frames they are ------------------------------------------------------------- */

bool nic_borrow(struct netdev *dev)
{
	bool taken = dev && dev->raw == snp_raw;

	if (taken)
		dev->raw = NULL;
	return taken;
}

void nic_return(struct netdev *dev, bool borrowed)
{
	if (borrowed)
		dev->raw = snp_raw;
}

/* Only where it changes: it costs a device frames. */
static void hear_groups(struct efi_nic *nic, bool all)
{
	if (nic->dev->ops->groups && nic->snp.groups != all)
		nic->dev->ops->groups(nic->dev, all);
	nic->snp.groups = all;
}

/* Opens the link for the payload; it is open for us, as a rule. */
static bool link_take(struct efi_nic *nic)
{
	struct netdev *dev = nic->dev;

	dev->raw_ctx = nic;
	dev->raw = snp_raw;
	if (dev->offload && dev->is_open) {
		netdev_close(dev);
		netdev_open(dev); /* what it fails for was reported */
	}
	if (nic_link_open(nic))
		return true;
	dev->raw = NULL;
	return false;
}

static void link_give(struct efi_nic *nic)
{
	struct netdev *dev = nic->dev;

	dev->raw = NULL;
	dev->raw_ctx = NULL;
	hear_groups(nic, false);
	if (dev->offload && dev->is_open) {
		netdev_close(dev);
		netdev_open(dev);
	}
	rx_drop(nic);
}

/* -- states ---------------------------------------------------------------------------- */

static void mode_clear(struct nic_snp *s)
{
	s->mode.ReceiveFilterSetting = 0;
	s->mode.MCastFilterCount = 0;
	memset(s->mode.MCastFilter, 0, sizeof(s->mode.MCastFilter));
	s->sent_count = 0;
	s->sent_news = false;
}

static EFI_STATUS EFIAPI snp_start(EFI_SIMPLE_NETWORK_PROTOCOL *This)
{
	struct efi_nic *nic;
	EFI_TPL kept;
	EFI_STATUS status = enter(This, EfiSimpleNetworkStopped, &nic, &kept);

	if (status)
		return status;
	if (nic->snp.mode.State != EfiSimpleNetworkStopped)
		return leave(kept, EFI_ALREADY_STARTED);
	mode_clear(&nic->snp);
	nic->snp.mode.State = EfiSimpleNetworkStarted;
	return leave(kept, EFI_SUCCESS);
}

static EFI_STATUS EFIAPI snp_stop(EFI_SIMPLE_NETWORK_PROTOCOL *This)
{
	struct efi_nic *nic;
	EFI_TPL kept;
	EFI_STATUS status = enter(This, EfiSimpleNetworkStarted, &nic, &kept);

	if (status)
		return status;
	if (nic->snp.mode.State != EfiSimpleNetworkStarted)
		return leave(kept, EFI_DEVICE_ERROR);
	nic->snp.mode.State = EfiSimpleNetworkStopped;
	return leave(kept, EFI_SUCCESS);
}

/* Extra buffer space is not needed; unicast and broadcast are heard from the start, because there
 * are payloads that never ask. */
static EFI_STATUS EFIAPI snp_initialize(
	EFI_SIMPLE_NETWORK_PROTOCOL *This, UINTN ExtraRxBufferSize, UINTN ExtraTxBufferSize)
{
	struct efi_nic *nic;
	EFI_TPL kept;
	EFI_STATUS status = enter(This, EfiSimpleNetworkStarted, &nic, &kept);

	(void)ExtraRxBufferSize;
	(void)ExtraTxBufferSize;
	if (status)
		return status;
	if (nic->snp.mode.State != EfiSimpleNetworkStarted || !link_take(nic))
		return leave(kept, EFI_DEVICE_ERROR);
	memset(&nic->snp.stats, 0, sizeof(nic->snp.stats));
	nic->snp.mode.ReceiveFilterSetting = FILTER_UNICAST | FILTER_BROADCAST;
	nic->snp.mode.State = EfiSimpleNetworkInitialized;
	look(nic);
	return leave(kept, EFI_SUCCESS);
}

/* What waits is gone; filters stay. */
static EFI_STATUS EFIAPI snp_reset(EFI_SIMPLE_NETWORK_PROTOCOL *This, BOOLEAN ExtendedVerification)
{
	struct efi_nic *nic;
	EFI_TPL kept;
	EFI_STATUS status = enter(This, EfiSimpleNetworkInitialized, &nic, &kept);

	(void)ExtendedVerification;
	if (status)
		return status;
	rx_drop(nic);
	nic->snp.sent_count = 0;
	return leave(kept, EFI_SUCCESS);
}

static void shut_down(struct efi_nic *nic)
{
	link_give(nic);
	mode_clear(&nic->snp);
	nic->snp.mode.State = EfiSimpleNetworkStarted;
}

static EFI_STATUS EFIAPI snp_shutdown(EFI_SIMPLE_NETWORK_PROTOCOL *This)
{
	struct efi_nic *nic;
	EFI_TPL kept;
	EFI_STATUS status = enter(This, EfiSimpleNetworkInitialized, &nic, &kept);

	if (status)
		return status;
	shut_down(nic);
	return leave(kept, EFI_SUCCESS);
}

/* -- filters, addresses ---------------------------------------------------------------- */

static bool groups_valid(const EFI_MAC_ADDRESS *list, UINTN n)
{
	if (!n || n > NIC_MCAST_MAX || !list)
		return false;
	for (UINTN i = 0; i < n; i++)
		if (!(list[i].Addr[0] & 1))
			return false;
	return true;
}

static EFI_STATUS EFIAPI snp_receive_filters(EFI_SIMPLE_NETWORK_PROTOCOL *This, UINT32 Enable,
	UINT32 Disable, BOOLEAN ResetMCastFilter, UINTN MCastFilterCnt,
	EFI_MAC_ADDRESS *MCastFilter)
{
	struct efi_nic *nic;
	EFI_TPL kept;
	EFI_STATUS status = enter(This, EfiSimpleNetworkInitialized, &nic, &kept);
	bool listing = (Enable & ~Disable & FILTER_MULTICAST) && !ResetMCastFilter;
	EFI_SIMPLE_NETWORK_MODE *mode;

	if (status)
		return status;
	mode = &nic->snp.mode;
	if (((Enable | Disable) & ~mode->ReceiveFilterMask) ||
		(listing && !groups_valid(MCastFilter, MCastFilterCnt)))
		return leave(kept, EFI_INVALID_PARAMETER);
	mode->ReceiveFilterSetting = (mode->ReceiveFilterSetting | Enable) & ~Disable;
	if (ResetMCastFilter || listing) {
		mode->MCastFilterCount = listing ? (UINT32)MCastFilterCnt : 0;
		memset(mode->MCastFilter, 0, sizeof(mode->MCastFilter));
	}
	if (listing)
		memcpy(mode->MCastFilter, MCastFilter, MCastFilterCnt * sizeof(*MCastFilter));
	hear_groups(nic, mode->ReceiveFilterSetting & (FILTER_MULTICAST | FILTER_ALL_GROUPS));
	return leave(kept, EFI_SUCCESS);
}

static EFI_STATUS EFIAPI snp_station_address(
	EFI_SIMPLE_NETWORK_PROTOCOL *This, BOOLEAN Reset, EFI_MAC_ADDRESS *New)
{
	struct efi_nic *nic;
	EFI_TPL kept;
	EFI_STATUS status = enter(This, EfiSimpleNetworkInitialized, &nic, &kept);

	if (status)
		return status;
	if (Reset)
		return leave(kept, EFI_SUCCESS);
	if (!New)
		return leave(kept, EFI_INVALID_PARAMETER);
	return leave(kept, memcmp(New->Addr, nic->dev->mac.b, sizeof(nic->dev->mac.b))
				   ? EFI_UNSUPPORTED
				   : EFI_SUCCESS);
}

/* RFC 2464 7 */
static struct mac group_mac_ip6(const EFI_IPv6_ADDRESS *ip)
{
	struct mac mac = {{0x33, 0x33}};

	memcpy(mac.b + 2, ip->Addr + 12, 4);
	return mac;
}

static EFI_STATUS EFIAPI snp_mcast_ip_to_mac(
	EFI_SIMPLE_NETWORK_PROTOCOL *This, BOOLEAN IPv6, EFI_IP_ADDRESS *IP, EFI_MAC_ADDRESS *MAC)
{
	struct efi_nic *nic;
	EFI_TPL kept;
	EFI_STATUS status = enter(This, EfiSimpleNetworkInitialized, &nic, &kept);
	struct mac mac;

	if (status)
		return status;
	if (!IP || !MAC || !(IPv6 ? IP->v6.Addr[0] == 0xff : ip4_is_multicast(nic_get_ip(IP))))
		return leave(kept, EFI_INVALID_PARAMETER);
	mac = IPv6 ? group_mac_ip6(&IP->v6) : ipv4_group_mac(nic_get_ip(IP));
	nic_set_mac(MAC, &mac);
	return leave(kept, EFI_SUCCESS);
}

static EFI_STATUS EFIAPI snp_nvdata(EFI_SIMPLE_NETWORK_PROTOCOL *This, BOOLEAN ReadWrite,
	UINTN Offset, UINTN BufferSize, VOID *Buffer)
{
	struct efi_nic *nic;
	EFI_TPL kept;
	EFI_STATUS status = enter(This, EfiSimpleNetworkInitialized, &nic, &kept);

	(void)ReadWrite;
	(void)Offset;
	(void)BufferSize;
	(void)Buffer;
	return status ? status : leave(kept, EFI_UNSUPPORTED);
}

/* -- statistics ------------------------------------------------------------------------ */

static void fill_statistics(const struct efi_nic *nic, EFI_NETWORK_STATISTICS *t)
{
	*t = nic->snp.stats;
	t->RxCrcErrorFrames = t->TxUndersizeFrames = t->TxOversizeFrames = NOT_COUNTED;
	t->TxDroppedFrames = t->TxUnicastFrames = t->TxBroadcastFrames = NOT_COUNTED;
	t->TxMulticastFrames = t->TxCrcErrorFrames = NOT_COUNTED;
	t->Collisions = t->UnsupportedProtocol = NOT_COUNTED;
}

static EFI_STATUS EFIAPI snp_statistics(EFI_SIMPLE_NETWORK_PROTOCOL *This, BOOLEAN Reset,
	UINTN *StatisticsSize, EFI_NETWORK_STATISTICS *StatisticsTable)
{
	struct efi_nic *nic;
	EFI_TPL kept;
	EFI_STATUS status = enter(This, EfiSimpleNetworkInitialized, &nic, &kept);
	EFI_NETWORK_STATISTICS table;
	UINTN room;

	if (status)
		return status;
	if (!StatisticsSize && StatisticsTable)
		return leave(kept, EFI_INVALID_PARAMETER);
	fill_statistics(nic, &table);
	if (StatisticsSize) {
		room = StatisticsTable ? *StatisticsSize : 0;
		*StatisticsSize = sizeof(table);
		memcpy(StatisticsTable ? StatisticsTable : &table, &table,
			room < sizeof(table) ? room : sizeof(table));
		if (room < sizeof(table))
			status = EFI_BUFFER_TOO_SMALL;
	}
	if (Reset)
		memset(&nic->snp.stats, 0, sizeof(nic->snp.stats));
	return leave(kept, status);
}

/* -- frames ---------------------------------------------------------------------------- */

/* A buffer that the payload can have back; NULL when there is none. */
static void *take_sent(struct nic_snp *s)
{
	void *buffer;

	if (!s->sent_count)
		return NULL;
	buffer = s->sent[s->sent_first];
	s->sent_first = (s->sent_first + 1) % NIC_TX_MAX;
	s->sent_count--;
	return buffer;
}

static EFI_STATUS EFIAPI snp_get_status(
	EFI_SIMPLE_NETWORK_PROTOCOL *This, UINT32 *InterruptStatus, VOID **TxBuf)
{
	struct efi_nic *nic;
	EFI_TPL kept;
	EFI_STATUS status = enter(This, EfiSimpleNetworkInitialized, &nic, &kept);
	struct nic_snp *s;

	if (status)
		return status;
	look(nic);
	s = &nic->snp;
	if (InterruptStatus) {
		*InterruptStatus = (s->rx_news ? EFI_SIMPLE_NETWORK_RECEIVE_INTERRUPT : 0u) |
				   (s->sent_news ? EFI_SIMPLE_NETWORK_TRANSMIT_INTERRUPT : 0u);
		s->rx_news = s->sent_news = false;
	}
	if (TxBuf)
		*TxBuf = take_sent(s);
	return leave(kept, EFI_SUCCESS);
}

static void put_header(const struct efi_nic *nic, uint8_t *frame, const EFI_MAC_ADDRESS *src,
	const EFI_MAC_ADDRESS *dst, UINT16 protocol)
{
	memcpy(frame, dst->Addr, 6);
	memcpy(frame + 6, src ? src->Addr : nic->dev->mac.b, 6);
	wire_put16(frame + 12, protocol);
}

static EFI_STATUS transmit(struct efi_nic *nic, void *frame, UINTN n)
{
	struct nic_snp *s = &nic->snp;
	struct pkt *p;
	uint8_t *room;

	if (n > (UINTN)nic->dev->mtu_max + ETH_HEADER + VLAN_TAG)
		return EFI_INVALID_PARAMETER;
	if (s->sent_count >= NIC_TX_MAX)
		return EFI_NOT_READY;
	p = pkt_alloc(&nic->dev->net->pool);
	if (!p)
		return EFI_NOT_READY;
	room = pkt_put(p, n < FRAME_MIN ? FRAME_MIN : n);
	if (!room) {
		pkt_free(&nic->dev->net->pool, p);
		return EFI_INVALID_PARAMETER;
	}
	memcpy(room, frame, n);
	if (n < FRAME_MIN)
		memset(room + n, 0, FRAME_MIN - n);
	netdev_send(nic->dev, p);
	s->sent[(s->sent_first + s->sent_count++) % NIC_TX_MAX] = frame;
	s->sent_news = true;
	s->stats.TxTotalFrames++;
	s->stats.TxGoodFrames++;
	s->stats.TxTotalBytes += n;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI snp_transmit(EFI_SIMPLE_NETWORK_PROTOCOL *This, UINTN HeaderSize,
	UINTN BufferSize, VOID *Buffer, EFI_MAC_ADDRESS *SrcAddr, EFI_MAC_ADDRESS *DestAddr,
	UINT16 *Protocol)
{
	struct efi_nic *nic;
	EFI_TPL kept;
	EFI_STATUS status = enter(This, EfiSimpleNetworkInitialized, &nic, &kept);

	if (status)
		return status;
	if (!Buffer || (HeaderSize && (HeaderSize != ETH_HEADER || !DestAddr || !Protocol)))
		return leave(kept, EFI_INVALID_PARAMETER);
	if (BufferSize < ETH_HEADER)
		return leave(kept, EFI_BUFFER_TOO_SMALL);
	if (HeaderSize)
		put_header(nic, Buffer, SrcAddr, DestAddr, *Protocol);
	return leave(kept, transmit(nic, Buffer, BufferSize));
}

/* A frame that the buffer is too small for stays. */
static EFI_STATUS EFIAPI snp_receive(EFI_SIMPLE_NETWORK_PROTOCOL *This, UINTN *HeaderSize,
	UINTN *BufferSize, VOID *Buffer, EFI_MAC_ADDRESS *SrcAddr, EFI_MAC_ADDRESS *DestAddr,
	UINT16 *Protocol)
{
	struct efi_nic *nic;
	EFI_TPL kept;
	EFI_STATUS status = enter(This, EfiSimpleNetworkInitialized, &nic, &kept);
	struct pkt *p;
	UINTN room;

	if (status)
		return status;
	if (!BufferSize || !Buffer)
		return leave(kept, EFI_INVALID_PARAMETER);
	look(nic);
	p = nic->snp.rx_head;
	if (!p)
		return leave(kept, EFI_NOT_READY);
	room = *BufferSize;
	*BufferSize = p->len;
	if (room < p->len)
		return leave(kept, EFI_BUFFER_TOO_SMALL);
	memcpy(Buffer, p->data, p->len);
	if (HeaderSize)
		*HeaderSize = ETH_HEADER;
	if (DestAddr)
		memcpy(DestAddr->Addr, p->data, 6);
	if (SrcAddr)
		memcpy(SrcAddr->Addr, p->data + 6, 6);
	if (Protocol)
		*Protocol = wire_get16(p->data + 12);
	nic->snp.rx_head = p->next;
	nic->snp.rx_count--;
	pkt_free(&nic->dev->net->pool, p);
	return leave(kept, EFI_SUCCESS);
}

static void EFIAPI wait_for_packet(EFI_EVENT event, void *ctx)
{
	struct efi_nic *nic = ctx;
	EFI_TPL kept;

	if (nic->snp.mode.State == EfiSimpleNetworkInitialized && efi_enter(&kept)) {
		look(nic);
		efi_leave(kept);
	}
	if (nic->snp.rx_head)
		efi_bs->SignalEvent(event);
}

/* -- its life -------------------------------------------------------------------------- */

static void mode_init(EFI_SIMPLE_NETWORK_MODE *mode, const struct netdev *dev)
{
	mode->State = EfiSimpleNetworkStopped;
	mode->HwAddressSize = sizeof(struct mac);
	mode->MediaHeaderSize = ETH_HEADER;
	mode->MaxPacketSize = dev->mtu;
	mode->ReceiveFilterMask = FILTERS;
	mode->MaxMCastFilterCount = NIC_MCAST_MAX;
	nic_set_mac(&mode->CurrentAddress, &dev->mac);
	nic_set_mac(&mode->PermanentAddress, &dev->mac);
	nic_set_mac(&mode->BroadcastAddress, &mac_broadcast);
	mode->IfType = NIC_IF_ETHERNET;
	mode->MultipleTxSupported = TRUE;
	mode->MediaPresentSupported = TRUE;
	mode->MediaPresent = dev->link_up;
}

EFI_STATUS nic_snp_init(struct efi_nic *nic)
{
	static const EFI_SIMPLE_NETWORK_PROTOCOL calls = {
		.Revision = EFI_SIMPLE_NETWORK_PROTOCOL_REVISION,
		.Start = snp_start,
		.Stop = snp_stop,
		.Initialize = snp_initialize,
		.Reset = snp_reset,
		.Shutdown = snp_shutdown,
		.ReceiveFilters = snp_receive_filters,
		.StationAddress = snp_station_address,
		.Statistics = snp_statistics,
		.MCastIpToMac = snp_mcast_ip_to_mac,
		.NvData = snp_nvdata,
		.GetStatus = snp_get_status,
		.Transmit = snp_transmit,
		.Receive = snp_receive,
	};

	nic->snp.proto = calls;
	nic->snp.proto.Mode = &nic->snp.mode;
	return efi_bs->CreateEvent(EFI_EVENT_NOTIFY_WAIT, EFI_TPL_CALLBACK, wait_for_packet, nic,
		&nic->snp.proto.WaitForPacket);
}

void nic_snp_reset(struct efi_nic *nic)
{
	if (nic->snp.mode.State == EfiSimpleNetworkInitialized)
		shut_down(nic);
	mode_init(&nic->snp.mode, nic->dev);
}

void nic_snp_end(struct efi_nic *nic)
{
	if (nic->snp.proto.WaitForPacket)
		efi_bs->CloseEvent(nic->snp.proto.WaitForPacket);
	nic->snp.proto.WaitForPacket = NULL;
}
