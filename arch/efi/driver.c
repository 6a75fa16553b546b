/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The UEFI half of an option ROM: a driver of the firmware's, UEFI chapter 11. It binds each card
 * of the table (Driver Binding, 11.1), names it (Component Name 2, 11.5) and makes a child of it
 * (nic.c) with the Simple Network Protocol, over which the firmware's own network stack and other
 * programs can use the card, and Load File (13.1), which the boot menu lists.
 *
 * All cards are links of one machine, made with the first and gone with the last. While nobody has
 * called Load File the machine stands still: its links are moved by calls of the Simple Network
 * Protocol alone, and it prints nothing. Load File takes the links away from whoever has them, and
 * all other cards of the table, too; runs the script on all of them, and gives them back. It never
 * returns a file: what it boots does not come back, and anything else is the next boot entry's
 * turn.
 *
 * So whichever entry is called first tries all links, and those of other cards would try the same
 * ones again. When it has failed they return at once, for a minute. Each ROM is a driver of its
 * own, so that is said by a protocol on the driver's handle.
 *
 * Limits: cards that only the firmware has a driver for are left to its own network boot.
 */
#include "arch/efi/nic.h"
#include "arch/efi/utf16.h"
#include "core/err.h"
#include "core/fmt.h"
#include "core/str.h"
#include "drivers/bus.h"
#include "drivers/pci.h"

#define BINDING_VERSION 0x10	 /* 11.1: 10h and up are for makers of cards */
#define TRIED_US	60000000 /* long enough for one round through the boot order */
#define NAME_MAX	48

struct card {
	EFI_LOAD_FILE_INTERFACE load_file; /* first: `This` */
	EFI_HANDLE handle;		   /* has PciIo; NULL: not in use */
	struct netdev *dev;
	struct efi_nic *nic; /* NULL: its child has been stopped */
	CHAR16 name[NAME_MAX];
};

static struct card cards[NETDEV_MAX];
static bool running;

/* When all links had been tried; of each Reveille. */
struct note {
	EFI_HANDLE child; /* by this entry; NULL: never */
	uint64_t(EFIAPI *age_us)(void);
};
static struct note note;
static uint64_t note_us;
static EFI_GUID note_guid = {
	0x3c5a4a0e, 0x7d0e, 0x4b1b, {0x8f, 0x52, 0x72, 0x65, 0x76, 0x65, 0x69, 0x6c}};

static EFI_GUID binding_guid = EFI_DRIVER_BINDING_PROTOCOL_GUID;
static EFI_GUID name_guid = EFI_COMPONENT_NAME2_PROTOCOL_GUID;

EFI_STATUS EFIAPI efi_driver_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *st);

static struct card *card_find(EFI_HANDLE handle)
{
	for (unsigned i = 0; i < NETDEV_MAX; i++)
		if (cards[i].handle == handle)
			return &cards[i];
	return NULL;
}

/* -- links -- */

static int gone_open(struct netdev *dev)
{
	(void)dev;
	return -ERR_NETDEV_OPEN;
}

/* Of a link whose card is no longer ours. Links are known by number, so its place stays. */
static const struct netdev_ops gone_ops = {.open = gone_open};

static unsigned gone_find(const struct net *net)
{
	unsigned i = 0;

	while (i < net->ndev && net->dev[i].ops != &gone_ops)
		i++;
	return i;
}

static void link_forget(struct netdev *dev)
{
	dev->ops = &gone_ops;
	dev->driver = "gone";
	efi_links[dev->index].dev = NULL;
}

/* The last card takes the machine with it, unless that is at work: then what it runs goes on. */
static void machine_end_unused(void)
{
	for (unsigned i = 0; i < NETDEV_MAX; i++)
		if (cards[i].handle)
			return;
	if (!running)
		efi_end();
}

/* -- Load File -- */

/* The firmware's drivers come back. */
static void children_give(void)
{
	for (unsigned i = 0; i < NETDEV_MAX; i++)
		if (cards[i].handle && cards[i].nic)
			efi_bs->ConnectController(efi_nic_handle(cards[i].nic), NULL, NULL, TRUE);
}

static uint64_t EFIAPI note_age_us(void)
{
	return efi_now_us(NULL) - note_us;
}

static void note_leave(EFI_HANDLE child)
{
	note.child = child;
	note_us = efi_now_us(NULL);
}

/* Whether the entry of another card has just tried all links. */
static bool note_found(EFI_HANDLE child)
{
	EFI_HANDLE *handles;
	UINTN nhandles;
	bool found = false;

	if (efi_bs->LocateHandleBuffer(ByProtocol, &note_guid, NULL, &nhandles, &handles))
		return false;
	for (UINTN i = 0; i < nhandles; i++) {
		const struct note *n = handle_get(handles[i], &note_guid);

		found |= n && n->child && n->child != child && n->age_us() < TRIED_US;
	}
	efi_bs->FreePool(handles);
	return found;
}

/* As the links were found: closed. What was set stays. */
static void machine_rest(void)
{
	struct net *net = &efi_sys->net;
	EFI_TPL kept;

	if (!efi_enter(&kept))
		return;
	discover_cancel(net);
	for (unsigned i = 0; i < net->ndev; i++) {
		dhcp_cancel(&net->dev[i]);
		netdev_close(&net->dev[i]);
	}
	net->boot_dev = NULL;
	image_free_all(&efi_sys->m);
	efi_leave(kept);
}

/* What was taken for the script goes back to whoever had it. */
static void others_give(void)
{
	struct net *net = &efi_sys->net;

	for (unsigned i = 0; i < net->ndev; i++) {
		EFI_HANDLE card = efi_links[i].card;

		if (!efi_links[i].dev || card_find(card))
			continue;
		link_forget(&net->dev[i]);
		pci_efi_release(card);
	}
	while (net->ndev && net->dev[net->ndev - 1].ops == &gone_ops)
		net->ndev--;
}

static EFI_STATUS run_script(void)
{
	EFI_STATUS status;

	running = true;
	efi_bs->SetWatchdogTimer(0, 0, 0, NULL);
	efi_console_init();
	efi_greet();
	efi_nic_take_all();
	pci_efi_scan(&efi_sys->net, NULL);
	efi_choose_script();
	status = efi_run();
	machine_rest();
	others_give();
	children_give();
	efi_console_end();
	running = false;
	machine_end_unused();
	return status;
}

/* A script that ends well wants the next boot entry as much as one that fails. */
static EFI_STATUS EFIAPI load_file(EFI_LOAD_FILE_INTERFACE *This, EFI_DEVICE_PATH *FilePath,
	BOOLEAN BootPolicy, UINTN *BufferSize, VOID *Buffer)
{
	const struct card *c = (struct card *)This;
	EFI_STATUS status;
	EFI_HANDLE child;

	(void)Buffer;
	if (!This || !FilePath || !BufferSize)
		return EFI_INVALID_PARAMETER;
	if (!BootPolicy)
		return EFI_UNSUPPORTED;
	if (running || !efi_sys || !c->nic)
		return EFI_NOT_READY;
	child = efi_nic_handle(c->nic);
	if (note_found(child))
		return EFI_NOT_FOUND;
	status = run_script();
	note_leave(child);
	return EFI_ERROR(status) ? status : EFI_NOT_FOUND;
}

/* -- cards -- */

/* The link of that card, in the place of one that is gone if there is any; NULL: it has none. */
static struct netdev *link_make(EFI_HANDLE handle)
{
	struct net *net = &efi_sys->net;
	unsigned ndev = net->ndev, at = gone_find(net);
	struct netdev *dev;

	net->ndev = at;
	pci_efi_scan(net, handle);
	dev = net->ndev > at ? &net->dev[at] : NULL;
	if (net->ndev < ndev)
		net->ndev = ndev;
	if (!dev && at < ndev) /* it may have been begun */
		net->dev[at].ops = &gone_ops;
	return dev;
}

static void link_end(struct card *c)
{
	EFI_TPL kept;

	if (!efi_enter(&kept))
		return;
	dhcp_cancel(c->dev);
	netdev_close(c->dev);
	link_forget(c->dev);
	efi_leave(kept);
}

static void card_end(struct card *c)
{
	link_end(c);
	pci_efi_release(c->handle);
	memset(c, 0, sizeof(*c));
}

static EFI_STATUS card_begin(struct card *c, EFI_HANDLE handle)
{
	char name[NAME_MAX];
	EFI_STATUS status;
	EFI_TPL kept;

	if (!efi_enter(&kept))
		return EFI_NOT_READY;
	c->dev = link_make(handle);
	efi_leave(kept);
	if (!c->dev)
		return EFI_DEVICE_ERROR;
	c->handle = handle;
	c->load_file.LoadFile = load_file;
	fmt_print(name, sizeof(name), "%s %s", efi_sys->m.config->product, c->dev->driver);
	utf16_from_utf8(c->name, NAME_MAX, name);
	status = efi_nic_open(c->dev, &c->load_file, &c->nic);
	if (EFI_ERROR(status)) {
		c->nic = NULL;
		card_end(c);
	}
	return status;
}

/* -- Driver Binding -- */

static bool known(EFI_PCI_IO_PROTOCOL *io)
{
	struct bus_dev bus = {0};
	uint16_t id[2];

	if (EFI_ERROR(io->Pci.Read(io, EfiPciIoWidthUint16, 0, 2, id)))
		return false;
	bus.vendor = id[0];
	bus.device = id[1];
	return pci_driver(config_efi.drivers, &bus);
}

/* Asked for every card, often; nothing of it may be seen from outside. */
static EFI_STATUS EFIAPI binding_supported(
	EFI_DRIVER_BINDING *This, EFI_HANDLE handle, EFI_DEVICE_PATH *remaining)
{
	EFI_PCI_IO_PROTOCOL *io;
	EFI_STATUS status = efi_bs->OpenProtocol(handle, &efi_guid_pci, (void **)&io,
		This->DriverBindingHandle, handle, EFI_OPEN_PROTOCOL_BY_DRIVER);

	(void)remaining;
	if (EFI_ERROR(status))
		return status;
	status = known(io) ? EFI_SUCCESS : EFI_UNSUPPORTED;
	efi_bs->CloseProtocol(handle, &efi_guid_pci, This->DriverBindingHandle, handle);
	return status;
}

static EFI_STATUS EFIAPI binding_start(
	EFI_DRIVER_BINDING *This, EFI_HANDLE handle, EFI_DEVICE_PATH *remaining)
{
	struct card *c = card_find(NULL);
	EFI_STATUS status;

	(void)This;
	(void)remaining;
	if (!c)
		return EFI_OUT_OF_RESOURCES;
	if (!efi_sys) {
		status = efi_start();
		if (EFI_ERROR(status))
			return status;
	}
	status = card_begin(c, handle);
	if (EFI_ERROR(status))
		machine_end_unused();
	return status;
}

/* First the child, in a call of its own, then the card (11.1, Stop()). */
static EFI_STATUS EFIAPI binding_stop(
	EFI_DRIVER_BINDING *This, EFI_HANDLE handle, UINTN nchildren, EFI_HANDLE *children)
{
	struct card *c = card_find(handle);

	(void)This;
	(void)children;
	if (!handle || !c)
		return EFI_DEVICE_ERROR;
	/* A payload of ours that uses the child has only borrowed it. */
	if (c->nic && (c->nic->users > 1 || efi_nic_close(c->nic)))
		return EFI_DEVICE_ERROR;
	c->nic = NULL;
	if (nchildren)
		return EFI_SUCCESS;
	card_end(c);
	machine_end_unused();
	return EFI_SUCCESS;
}

static EFI_DRIVER_BINDING binding = {
	.Supported = binding_supported,
	.Start = binding_start,
	.Stop = binding_stop,
	.Version = BINDING_VERSION,
};

/* -- Component Name 2 -- */

/* RFC 4646: "en", "en-US" */
static bool is_english(const CHAR8 *language)
{
	return language && language[0] == 'e' && language[1] == 'n' &&
	       (!language[2] || language[2] == '-');
}

static EFI_STATUS EFIAPI name_driver(
	EFI_COMPONENT_NAME2_PROTOCOL *This, CHAR8 *language, CHAR16 **name)
{
	static CHAR16 text[NAME_MAX];

	if (!This || !language || !name)
		return EFI_INVALID_PARAMETER;
	if (!is_english(language))
		return EFI_UNSUPPORTED;
	utf16_from_utf8(text, NAME_MAX, config_efi.product);
	*name = text;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI name_controller(EFI_COMPONENT_NAME2_PROTOCOL *This, EFI_HANDLE handle,
	EFI_HANDLE child, CHAR8 *language, CHAR16 **name)
{
	struct card *c = card_find(handle);

	if (!This || !handle || !language || !name)
		return EFI_INVALID_PARAMETER;
	if (!c || !is_english(language))
		return EFI_UNSUPPORTED;
	if (child && (!c->nic || efi_nic_handle(c->nic) != child))
		return EFI_UNSUPPORTED;
	*name = c->name;
	return EFI_SUCCESS;
}

static EFI_COMPONENT_NAME2_PROTOCOL component = {
	.GetDriverName = name_driver,
	.GetControllerName = name_controller,
	.SupportedLanguages = (CHAR8 *)"en",
};

/* -- the driver -- */

static EFI_STATUS EFIAPI driver_unload(EFI_HANDLE image)
{
	for (unsigned i = 0; i < NETDEV_MAX; i++)
		if (cards[i].handle)
			efi_bs->DisconnectController(cards[i].handle, image, NULL);
	for (unsigned i = 0; i < NETDEV_MAX; i++)
		if (cards[i].handle)
			return EFI_ACCESS_DENIED;
	return efi_bs->UninstallMultipleProtocolInterfaces(
		image, &binding_guid, &binding, &name_guid, &component, &note_guid, &note, NULL);
}

EFI_STATUS EFIAPI efi_driver_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *st)
{
	efi_image = image;
	efi_st = st;
	efi_bs = st->BootServices;
	efi_clock_init();
	efi_loaded = handle_get(image, &efi_guid_loaded);
	if (!efi_loaded)
		return EFI_UNSUPPORTED;
	efi_loaded->Unload = driver_unload;
	note.age_us = note_age_us;
	binding.ImageHandle = binding.DriverBindingHandle = image;
	return efi_bs->InstallMultipleProtocolInterfaces(
		&image, &binding_guid, &binding, &name_guid, &component, &note_guid, &note, NULL);
}
