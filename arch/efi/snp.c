/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Links over the firmware's own drivers: the Simple Network Protocol, UEFI 24.1. Every card that no
 * driver of ours has taken, or (driver_snponly) the one that we were loaded from.
 *
 * The protocol is opened exclusively, and the firmware's network stack, which would take frames
 * away, is disconnected by that. A frame is received into its packet; what is sent is copied once
 * into memory that the firmware may read for as long as it likes, and asked back when that runs
 * out, since each question costs the firmware an access to the card.
 *
 * A driver of the firmware's has few buffers and tells of no overrun, so the sender is asked for no
 * more in a row than BURST frames.
 *
 * Limits: NETDEV_MAX links; frames of 1514 bytes; groups all or none; at ExitBootServices nothing
 * is done, as a driver of the firmware's stops its card by itself (UEFI 7.4.6), and stopping it
 * here would free memory.
 */
#include "arch/efi/efi.h"
#include "core/err.h"
#include "core/log.h"
#include "core/str.h"
#include "drivers/drivers.h"
#include "net/net.h"

#define FRAME_MAX  1514
#define FRAME_MIN  60 /* without FCS; not all drivers fill up */
#define HEADER	   14
#define TX_BUFFERS 32
#define TX_TRIES   4	   /* of a frame for which the card has no room */
#define TX_LOST_US 1000000 /* a buffer that the firmware does not give back was sent long ago */
#define MEDIA_US   250000
#define SPARE_MAX  9216 /* a frame that is too long for us, to be rid of it */
#define BURST	   64	/* under OVMF, by HTTP: 16 and 32 bring 49 MB/s, 64 61, any number 42 */
#define ETHERNET   1	/* IfType, RFC 1700 */

struct snp_memory {
	uint8_t tx[TX_BUFFERS][FRAME_MAX + 6]; /* an even number of words */
	uint8_t spare[SPARE_MAX];
};

struct snp { /* a netdev's private part */
	EFI_SIMPLE_NETWORK *snp;
	EFI_HANDLE handle;
	struct snp_memory *memory; /* ours until snp_release() */
	struct pkt *rx;		   /* where the next frame goes */
	uint64_t media_us;	   /* when the link's state is asked for next */
	unsigned tx_next;
	uint64_t tx_us[TX_BUFFERS]; /* when it was sent; 0: it is free */
};

_Static_assert(sizeof(struct snp) <= NETDEV_PRIV_MAX, "it is a netdev's private part");

static struct snp *snp_of(struct netdev *dev)
{
	return (struct snp *)dev->priv;
}

/* -- receiving -- */

/* A frame that no packet holds stays in front of all others until somebody takes it. */
static void rx_too_long(struct netdev *dev)
{
	struct snp *s = snp_of(dev);
	UINTN n = sizeof(s->memory->spare);

	dev->stats.rx_errors++;
	s->snp->Receive(s->snp, NULL, &n, s->memory->spare, NULL, NULL, NULL);
}

/* True when there may be more. */
static bool rx_frame(struct netdev *dev)
{
	struct snp *s = snp_of(dev);
	const UINTN room = PKT_SIZE - PKT_HEADROOM;
	UINTN n = room;
	EFI_STATUS status;

	if (!s->rx)
		s->rx = pkt_alloc(&dev->net->pool);
	if (!s->rx) {
		dev->stats.rx_no_buf++;
		return false;
	}
	status = s->snp->Receive(s->snp, NULL, &n, s->rx->data, NULL, NULL, NULL);
	if (status == EFI_NOT_READY)
		return false;
	if (status == EFI_BUFFER_TOO_SMALL) {
		rx_too_long(dev);
		return true;
	}
	if (EFI_ERROR(status) || n > room || !pkt_put(s->rx, n)) {
		dev->stats.rx_errors++;
		return false;
	}
	netdev_rx(dev, s->rx);
	s->rx = NULL;
	return true;
}

/* Mode tells the truth only behind a GetStatus(). */
static void media_look(struct netdev *dev)
{
	struct snp *s = snp_of(dev);
	UINT32 interrupts;

	s->media_us = dev->net->m->now_us + MEDIA_US;
	if (!s->snp->Mode->MediaPresentSupported) {
		netdev_link(dev, true);
		return;
	}
	s->snp->GetStatus(s->snp, &interrupts, NULL);
	netdev_link(dev, s->snp->Mode->MediaPresent);
}

static void snp_poll(struct netdev *dev, unsigned budget)
{
	if (dev->net->m->now_us >= snp_of(dev)->media_us)
		media_look(dev);
	while (budget-- && rx_frame(dev))
		;
}

/* -- sending -- */

/* Takes back what was sent, one buffer a question. */
static void tx_recycle(struct snp *s)
{
	for (unsigned i = 0; i < TX_BUFFERS; i++) {
		void *sent = NULL;
		size_t at;

		if (s->snp->GetStatus(s->snp, NULL, &sent) || !sent)
			return;
		at = (size_t)((uint8_t *)sent - s->memory->tx[0]);
		if (at < sizeof(s->memory->tx))
			s->tx_us[at / sizeof(s->memory->tx[0])] = 0;
	}
}

/* The next buffer, NULL when it is not yet sent. */
static uint8_t *tx_buffer(struct netdev *dev, uint64_t now_us)
{
	struct snp *s = snp_of(dev);
	unsigned i = s->tx_next;

	if (s->tx_us[i])
		tx_recycle(s);
	if (s->tx_us[i] && now_us - s->tx_us[i] < TX_LOST_US)
		return NULL;
	s->tx_next = (i + 1) % TX_BUFFERS;
	s->tx_us[i] = now_us;
	return s->memory->tx[i];
}

static bool transmit(struct snp *s, uint8_t *frame, UINTN n)
{
	EFI_STATUS status = EFI_NOT_READY;

	for (unsigned i = 0; status == EFI_NOT_READY && i < TX_TRIES; i++) {
		if (i)
			tx_recycle(s);
		status = s->snp->Transmit(s->snp, 0, n, frame, NULL, NULL, NULL);
	}
	return !EFI_ERROR(status);
}

static void snp_send(struct netdev *dev, struct pkt *p)
{
	struct snp *s = snp_of(dev);
	UINTN n = p->len < FRAME_MIN ? FRAME_MIN : p->len;
	uint8_t *frame = NULL;

	if (n <= FRAME_MAX)
		frame = tx_buffer(dev, dev->net->m->now_us | 1); /* 0 says that it is free */
	if (frame) {
		memcpy(frame, p->data, p->len);
		memset(frame + p->len, 0, n - p->len);
	}
	if (!frame || !transmit(s, frame, n))
		dev->stats.tx_full++;
	pkt_free(&dev->net->pool, p);
}

/* -- open, close -- */

/* Whoever had it may have left it in any state. */
static void snp_stop(EFI_SIMPLE_NETWORK *snp)
{
	if (snp->Mode->State == EfiSimpleNetworkInitialized)
		snp->Shutdown(snp);
	if (snp->Mode->State == EfiSimpleNetworkStarted)
		snp->Stop(snp);
}

static void snp_groups(struct netdev *dev, bool all)
{
	EFI_SIMPLE_NETWORK *snp = snp_of(dev)->snp;
	UINT32 groups = EFI_SIMPLE_NETWORK_RECEIVE_PROMISCUOUS_MULTICAST;

	snp->ReceiveFilters(snp, all ? groups : 0, all ? 0 : groups, FALSE, 0, NULL);
}

/* Some cannot tell one kind of frame from another. */
static EFI_STATUS snp_filter(EFI_SIMPLE_NETWORK *snp)
{
	UINT32 want = EFI_SIMPLE_NETWORK_RECEIVE_UNICAST | EFI_SIMPLE_NETWORK_RECEIVE_BROADCAST;
	UINT32 all = snp->Mode->ReceiveFilterMask;
	EFI_STATUS status = snp->ReceiveFilters(snp, want, all & ~want, TRUE, 0, NULL);

	if (!EFI_ERROR(status))
		return status;
	return snp->ReceiveFilters(
		snp, want | EFI_SIMPLE_NETWORK_RECEIVE_PROMISCUOUS, 0, FALSE, 0, NULL);
}

static int snp_open(struct netdev *dev)
{
	struct snp *s = snp_of(dev);
	EFI_SIMPLE_NETWORK *snp = s->snp;
	EFI_PHYSICAL_ADDRESS at;

	if (!s->memory) {
		if (EFI_ERROR(efi_bs->AllocatePages(AllocateAnyPages, EfiBootServicesData,
			    EFI_SIZE_TO_PAGES(sizeof(*s->memory)), &at)))
			return -ERR_NETDEV_OPEN;
		s->memory = (struct snp_memory *)(uintptr_t)at;
	}
	memset(s->tx_us, 0, sizeof(s->tx_us));
	snp_stop(snp);
	if (EFI_ERROR(snp->Start(snp)) || EFI_ERROR(snp->Initialize(snp, 0, 0)) ||
		EFI_ERROR(snp_filter(snp))) {
		snp_stop(snp);
		return -ERR_NETDEV_OPEN;
	}
	media_look(dev);
	return 0;
}

static void snp_close(struct netdev *dev)
{
	struct snp *s = snp_of(dev);

	if (!efi_gone)
		snp_stop(s->snp);
	if (s->rx)
		pkt_free(&dev->net->pool, s->rx);
	s->rx = NULL;
}

static const struct netdev_ops snp_ops = {
	.open = snp_open,
	.close = snp_close,
	.send = snp_send,
	.poll = snp_poll,
	.groups = snp_groups,
};

/* -- the driver -- */

/* Where the card below the handle is on PCI; it need not be there. */
static struct netdev_place place_of(EFI_HANDLE handle)
{
	EFI_DEVICE_PATH *path = handle_get(handle, &efi_guid_path);
	struct netdev_place place = {0};
	UINTN segment, bus, slot, fn;
	EFI_PCI_IO_PROTOCOL *pci;
	uint16_t id[2];

	if (!path || EFI_ERROR(efi_bs->LocateDevicePath(&efi_guid_pci, &path, &handle)))
		return place;
	pci = handle_get(handle, &efi_guid_pci);
	if (!pci || EFI_ERROR(pci->GetLocation(pci, &segment, &bus, &slot, &fn)) ||
		EFI_ERROR(pci->Pci.Read(pci, EfiPciIoWidthUint16, 0, 2, id)))
		return place;
	place.vendor = id[0];
	place.device = id[1];
	place.busdevfn = (uint16_t)(bus << 8 | slot << 3 | fn);
	return place;
}

/*
 * A loader that has started us and still holds it exclusively (GRUB does) stands still until we
 * come back, so it can be shared with. Another user would take frames away, and is worth a word.
 */
static EFI_SIMPLE_NETWORK *snp_take(struct net *net, EFI_HANDLE handle)
{
	void *snp;

	if (!EFI_ERROR(efi_bs->OpenProtocol(
		    handle, &efi_guid_snp, &snp, efi_image, handle, EFI_OPEN_PROTOCOL_EXCLUSIVE)))
		return snp;
	log_put(net->m, LOG_INFO, "snp: somebody else has the card open, too");
	return EFI_ERROR(efi_bs->OpenProtocol(handle, &efi_guid_snp, &snp, efi_image, handle,
		       EFI_OPEN_PROTOCOL_GET_PROTOCOL))
		       ? NULL
		       : snp;
}

static void snp_give(EFI_HANDLE handle)
{
	efi_bs->CloseProtocol(handle, &efi_guid_snp, efi_image, handle);
	efi_bs->ConnectController(handle, NULL, NULL, TRUE);
}

/* Whether one of the handles lies nearer to the card: PXE Base Code has its own for a card's. */
static bool is_child(const EFI_HANDLE *handles, UINTN n, EFI_HANDLE handle)
{
	const EFI_DEVICE_PATH *path = handle_get(handle, &efi_guid_path), *other;

	for (UINTN i = 0; path && i < n; i++) {
		other = handle_get(handles[i], &efi_guid_path);
		if (other && devpath_is_below(path, other) &&
			devpath_size(other) < devpath_size(path))
			return true;
	}
	return false;
}

/* A card for which several handles stand is one link: they have one MAC. */
static void snp_add(struct net *net, EFI_HANDLE handle)
{
	static const uint8_t no_mac[6];
	EFI_SIMPLE_NETWORK *snp = handle_get(handle, &efi_guid_snp);
	struct netdev_place place = place_of(handle);
	struct netdev *dev = netdev_new(net);
	EFI_MAC_ADDRESS *mac;
	struct snp *s;

	if (!snp || snp->Mode->IfType != ETHERNET || snp->Mode->HwAddressSize != 6)
		return;
	mac = &snp->Mode->CurrentAddress;
	if (!memcmp(mac, no_mac, sizeof(no_mac)))
		mac = &snp->Mode->PermanentAddress;
	if (efi_link_find(net, mac->Addr))
		return;
	if (!dev) {
		log_put(net->m, LOG_WARN, "%04x:%04x: left alone, %u cards are the limit",
			place.vendor, place.device, NETDEV_MAX);
		return;
	}
	memcpy(dev->mac.b, mac->Addr, sizeof(dev->mac.b));
	snp = snp_take(net, handle);
	if (!snp)
		return;
	s = snp_of(dev);
	s->snp = snp;
	s->handle = handle;
	dev->ops = &snp_ops;
	dev->driver = driver_snp.name;
	dev->mtu_max = FRAME_MAX - HEADER;
	if (snp->Mode->MaxPacketSize < dev->mtu_max)
		dev->mtu_max = (uint16_t)snp->Mode->MaxPacketSize;
	dev->place = place;
	dev->rx_burst = BURST;
	dev->rx_ring = BURST; /* TFTP's window is half of it */
	netdev_add(dev);
	efi_link_add(dev, handle);
	log_put(net->m, LOG_INFO, "%s: %04x:%04x by the firmware's driver", dev->name, place.vendor,
		place.device);
}

static int snp_scan(struct net *net, EFI_HANDLE only)
{
	EFI_HANDLE *handles;
	UINTN n;

	if (EFI_ERROR(efi_bs->LocateHandleBuffer(ByProtocol, &efi_guid_snp, NULL, &n, &handles)))
		return 0;
	for (UINTN i = 0; i < n; i++)
		if (only ? handles[i] == only : !is_child(handles, n, handles[i]))
			snp_add(net, handles[i]);
	efi_bs->FreePool(handles);
	return 0;
}

static int snp_probe(struct net *net, struct bus_dev *bus)
{
	(void)bus;
	return snp_scan(net, NULL);
}

/* From a disk no card has booted us: all are meant. */
static int snponly_probe(struct net *net, struct bus_dev *bus)
{
	(void)bus;
	return snp_scan(net, adopt_card());
}

void snp_release(void)
{
	for (unsigned i = 0; i < NETDEV_MAX; i++) {
		struct netdev *dev = efi_links[i].dev;
		struct snp *s;

		if (!dev || dev->ops != &snp_ops)
			continue;
		s = snp_of(dev);
		snp_give(s->handle);
		if (s->memory)
			efi_bs->FreePages((EFI_PHYSICAL_ADDRESS)(uintptr_t)s->memory,
				EFI_SIZE_TO_PAGES(sizeof(*s->memory)));
		efi_links[i].dev = NULL;
	}
}

const struct driver driver_snp = {.name = "snp", .probe = snp_probe};
const struct driver driver_snponly = {.name = "snp", .probe = snponly_probe};
