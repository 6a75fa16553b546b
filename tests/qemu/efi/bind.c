/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A UEFI program from a disk that uses an option ROM's driver as firmware does: names, binding and
 * unbinding, what is put back on the card, the child as a card, as a boot entry. It judges statuses
 * itself; test_efi_rom.py has the script that the boot entry runs, and looks at the cards that are
 * named here:
 *
 *	WRONG line got wanted	a status, or a value
 *	DRIVER name, CARD name	Component Name 2
 *	TURN n			the boot entry is called
 *	END checks
 *
 * Afterwards the driver is unloaded, and the cards have the firmware's own.
 */
#include "tests/qemu/efi/program.h"

#define ROUNDS	  12 /* more than there are links */
#define CARDS_MAX 4

static EFI_HANDLE driver, cards[CARDS_MAX];
static EFI_COMPONENT_NAME2_PROTOCOL *names;
static unsigned ncards;

static EFI_GUID names_guid = EFI_COMPONENT_NAME2_PROTOCOL_GUID;
static EFI_GUID binding_guid = EFI_DRIVER_BINDING_PROTOCOL_GUID;
static EFI_GUID pci_guid = EFI_PCI_IO_PROTOCOL_GUID;
static EFI_GUID load_guid = EFI_LOAD_FILE_PROTOCOL_GUID;
static EFI_GUID snp_guid = EFI_SIMPLE_NETWORK_PROTOCOL_GUID;
static EFI_GUID files_guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
static EFI_GUID path_guid = EFI_DEVICE_PATH_PROTOCOL_GUID;

/* -- names -- */

static bool name_is(const CHAR16 *name, const char *want)
{
	char text[64];

	utf16_to_utf8(text, sizeof(text), name, sizeof(text) - 1);
	return !strncmp(text, want, strlen(want));
}

static void name_say(const char *what, const CHAR16 *name)
{
	char text[64];

	utf16_to_utf8(text, sizeof(text), name, sizeof(text) - 1);
	say("%s %s\r\n", what, text);
}

/* The driver, and the cards that it has a name for. */
static bool find(void)
{
	CHAR8 *english = (CHAR8 *)"en";
	EFI_HANDLE *handles;
	CHAR16 *name;
	UINTN n;

	if (bs->LocateHandleBuffer(ByProtocol, &names_guid, NULL, &n, &handles))
		return false;
	for (UINTN i = 0; i < n && !driver; i++) {
		names = protocol(handles[i], &names_guid);
		if (!names->GetDriverName(names, english, &name) && name_is(name, "Reveille")) {
			driver = handles[i];
			name_say("DRIVER", name);
		}
	}
	bs->FreePool(handles);
	if (!driver || bs->LocateHandleBuffer(ByProtocol, &pci_guid, NULL, &n, &handles))
		return false;
	for (UINTN i = 0; i < n && ncards < CARDS_MAX; i++)
		if (!names->GetControllerName(names, handles[i], NULL, english, &name)) {
			cards[ncards++] = handles[i];
			name_say("CARD", name);
		}
	bs->FreePool(handles);
	return ncards;
}

static void names_refused(void)
{
	CHAR16 *name;

	IS(names->GetDriverName(names, (CHAR8 *)"fr", &name), EFI_UNSUPPORTED);
	IS(names->GetDriverName(names, (CHAR8 *)"en-US", &name), EFI_SUCCESS);
	IS(names->GetDriverName(names, NULL, &name), EFI_INVALID_PARAMETER);
	IS(names->GetControllerName(names, NULL, NULL, (CHAR8 *)"en", &name),
		EFI_INVALID_PARAMETER);
	IS(names->GetControllerName(names, driver, NULL, (CHAR8 *)"en", &name), EFI_UNSUPPORTED);
	IS(names->GetControllerName(names, cards[0], driver, (CHAR8 *)"en", &name),
		EFI_UNSUPPORTED);
}

/* -- cards and their children -- */

/* The handle that the driver has made of that card; NULL. */
static EFI_HANDLE child_of(EFI_HANDLE card)
{
	EFI_HANDLE child = NULL, *handles;
	CHAR16 *name;
	UINTN n;

	if (bs->LocateHandleBuffer(ByProtocol, &load_guid, NULL, &n, &handles))
		return NULL;
	for (UINTN i = 0; i < n; i++)
		if (!names->GetControllerName(names, card, handles[i], (CHAR8 *)"en", &name))
			child = handles[i];
	bs->FreePool(handles);
	return child;
}

/* What the boot menu and the network stack look for, and no file system: that would be a disk. */
static void child_is_whole(EFI_HANDLE card)
{
	EFI_HANDLE child = child_of(card);

	TRUE_THAT(child);
	if (!child)
		return;
	TRUE_THAT(protocol(child, &path_guid) && protocol(child, &snp_guid));
	TRUE_THAT(!protocol(child, &files_guid));
}

static void supported(void)
{
	EFI_DRIVER_BINDING *binding = protocol(driver, &binding_guid);

	TRUE_THAT(binding && binding->DriverBindingHandle == driver);
	IS(binding->Supported(binding, driver, NULL), EFI_UNSUPPORTED);
	IS(binding->Supported(binding, cards[0], NULL), EFI_ALREADY_STARTED);
	IS(binding->Stop(binding, driver, 0, NULL), EFI_DEVICE_ERROR);
}

/* One after the other, and all at once, so that the last takes the machine with it. */
static void come_and_go(void)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		EFI_HANDLE card = cards[i % ncards];

		IS(bs->DisconnectController(card, NULL, NULL), EFI_SUCCESS);
		TRUE_THAT(!child_of(card));
		IS(bs->ConnectController(card, NULL, NULL, TRUE), EFI_SUCCESS);
		child_is_whole(card);
	}
	for (unsigned i = 0; i < ncards; i++)
		IS(bs->DisconnectController(cards[i], driver, NULL), EFI_SUCCESS);
	for (unsigned i = 0; i < ncards; i++) {
		TRUE_THAT(!child_of(cards[i]));
		IS(bs->ConnectController(cards[i], NULL, NULL, TRUE), EFI_SUCCESS);
		child_is_whole(cards[i]);
	}
}

#define SWITCHES                                                                                   \
	(EFI_PCI_IO_ATTRIBUTE_IO | EFI_PCI_IO_ATTRIBUTE_MEMORY | EFI_PCI_IO_ATTRIBUTE_BUS_MASTER)

/* What Attributes() and the command register say of a card. */
struct state {
	UINT64 attributes;
	UINT16 command;
};

static struct state state_of(EFI_HANDLE card)
{
	EFI_PCI_IO_PROTOCOL *io = protocol(card, &pci_guid);
	struct state s = {0};

	IS(io->Attributes(io, EfiPciIoAttributeOperationGet, 0, &s.attributes), EFI_SUCCESS);
	IS(io->Pci.Read(io, EfiPciIoWidthUint16, 0x04, 1, &s.command), EFI_SUCCESS);
	return s;
}

static void link_open(EFI_HANDLE card)
{
	EFI_SIMPLE_NETWORK *snp = protocol(child_of(card), &snp_guid);

	TRUE_THAT(snp);
	if (!snp)
		return;
	IS(snp->Start(snp), EFI_SUCCESS);
	IS(snp->Initialize(snp, 0, 0), EFI_SUCCESS);
}

/*
 * A card that is off is switched on while it is the driver's, and off again when that lets go of
 * it, with its link open.
 */
static void put_back(EFI_HANDLE card)
{
	EFI_PCI_IO_PROTOCOL *io = protocol(card, &pci_guid);
	EFI_HANDLE only[] = {driver, NULL};
	struct state found, now;

	IS(bs->DisconnectController(card, NULL, NULL), EFI_SUCCESS);
	IS(io->Attributes(io, EfiPciIoAttributeOperationDisable, SWITCHES, NULL), EFI_SUCCESS);
	found = state_of(card);
	TRUE_THAT(!(found.attributes & SWITCHES) && !(found.command & 7));
	IS(bs->ConnectController(card, only, NULL, FALSE), EFI_SUCCESS);
	link_open(card);
	now = state_of(card);
	TRUE_THAT(now.attributes & EFI_PCI_IO_ATTRIBUTE_BUS_MASTER && now.command & 4);
	IS(bs->DisconnectController(card, NULL, NULL), EFI_SUCCESS);
	now = state_of(card);
	IS(now.attributes, found.attributes);
	IS(now.command, found.command);
	IS(bs->ConnectController(card, NULL, NULL, TRUE), EFI_SUCCESS);
}

/* -- the boot entry -- */

static void load(void)
{
	EFI_HANDLE child = child_of(cards[0]);
	EFI_LOAD_FILE_PROTOCOL *file = protocol(child, &load_guid);
	EFI_DEVICE_PATH *path = protocol(child, &path_guid);
	UINTN n = 0;

	IS(file->LoadFile(file, path, FALSE, &n, NULL), EFI_UNSUPPORTED);
	IS(file->LoadFile(file, path, TRUE, NULL, NULL), EFI_INVALID_PARAMETER);
	for (unsigned turn = 1; turn <= 2; turn++) {
		say("TURN %u\r\n", turn);
		IS(file->LoadFile(file, path, TRUE, &n, NULL), EFI_NOT_FOUND);
		child_is_whole(cards[0]);
	}
}

EFI_STATUS EFIAPI efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
	program_start(image, table);
	if (!find()) {
		say("NO DRIVER\r\n");
		return EFI_NOT_FOUND;
	}
	names_refused();
	supported();
	come_and_go();
	for (unsigned i = 0; i < ncards; i++)
		put_back(cards[i]);
	load();
	IS(bs->UnloadImage(driver), EFI_SUCCESS);
	for (unsigned i = 0; i < ncards; i++)
		bs->ConnectController(cards[i], NULL, NULL, TRUE);
	say("END %u\r\n", checks);
	return EFI_SUCCESS;
}
