/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BOOT_EFI: a program is given to the firmware (LoadImage, UEFI 7.4.1), is told where it comes from
 * and what its command line is (9.1), and runs (7.4.2) beside us, on the link that has loaded it
 * (nic.c), with our images as files and as the kernel's initrd. All links stay open. When it comes
 * back, whatever it has left behind is taken down, and the script goes on; a driver stays, and is
 * shown all devices.
 *
 * The command line is exactly what the script says: nothing stands in front, and where there is
 * none, there are no load options. (A shim takes the first word for the name of what it is to
 * load.) Whether a program may run is the firmware's decision alone: what Secure Boot refuses is
 * not started.
 *
 * Limits: a program that takes a protocol of the link's handle and does not give it back keeps the
 * handle alive; the link is still ours. A program for a firmware of other word size is refused.
 */
#include "arch/efi/efi.h"
#include "arch/efi/tree.h"
#include "arch/efi/utf16.h"
#include "core/console.h"

struct payload {
	const struct boot_request *req;
	char name[IMAGE_NAME_MAX]; /* its image's, for the console */
	struct efi_nic *nic;	   /* NULL: it comes from no link */
	EFI_HANDLE device;	   /* where it comes from */
	EFI_DEVICE_PATH *path;	   /* of the file there */
	EFI_HANDLE image;
	EFI_LOADED_IMAGE *loaded;
	CHAR16 *options;
	bool initrd; /* installed */
};

static EFI_GUID global_guid = EFI_GLOBAL_VARIABLE;

/* -- what the firmware says -- */

/* UEFI 3.3, table 3.3: SecureBoot is 1 while it is enforced. */
static bool secure_boot(void)
{
	uint8_t on = 0;
	UINTN n = sizeof(on);

	return !efi_st->RuntimeServices->GetVariable(L"SecureBoot", &global_guid, NULL, &n, &on) &&
	       on == 1;
}

/* One line, with the payload's name in front. */
static void payload_say(const struct payload *p, const char *text, EFI_STATUS status)
{
	EFI_TPL kept;

	if (!efi_enter(&kept))
		return;
	if (status)
		log_put(&efi_sys->m, LOG_WARN, "%s: %s (EFI status %u)", p->name, text,
			efi_status_number(status));
	else
		console_print(&efi_sys->m, "%s: %s\n", p->name, text);
	efi_leave(kept);
}

/* Inside. */
static int load_error(const struct payload *p, EFI_STATUS status)
{
	struct machine *m = &efi_sys->m;
	unsigned n = efi_status_number(status);

	switch (status) {
	case EFI_SECURITY_VIOLATION:
	case EFI_ACCESS_DENIED:
		return err_set(m, ERR_EFI_REFUSED, "%s: refused by %s (EFI status %u)", p->name,
			secure_boot() ? "Secure Boot" : "the firmware", n);
	case EFI_OUT_OF_RESOURCES:
		return err_set(m, ERR_IMAGE_MEMORY, "%s: firmware has no room to load it", p->name);
	default:
		return err_set(m, ERR_IMAGE_TYPE, "%s: firmware cannot load it (EFI status %u)",
			p->name, n);
	}
}

/* -- before it runs -- */

/* The link that boots, else one with an address; NULL for none. */
static struct netdev *boot_link(void)
{
	struct net *net = &efi_sys->net;

	if (net->boot_dev)
		return net->boot_dev;
	for (unsigned i = 0; i < net->ndev; i++)
		if (net->dev[i].is_open && net->dev[i].ip4.addr.family)
			return &net->dev[i];
	return NULL;
}

/* Where it comes from: our link's own handle, or the disk that has loaded us. The handle
 * that a card has loaded us by has gone with the firmware's driver. */
static void payload_device(struct payload *p)
{
	struct netdev *dev = boot_link();
	EFI_STATUS status = dev ? efi_nic_open(dev, NULL, &p->nic) : EFI_NOT_FOUND;

	p->device = !status	   ? efi_nic_handle(p->nic)
		    : adopt_card() ? NULL
				   : efi_loaded->DeviceHandle;
	if (status && dev)
		payload_say(p, "is not offered the link", status);
}

/* The device's path and that of the image in the file system there. */
static void payload_path(struct payload *p)
{
	struct {
		EFI_DEVICE_PATH head;
		CHAR16 name[1 + IMAGE_NAME_MAX];
	} node = {{MEDIA_DEVICE_PATH, MEDIA_FILEPATH_DP, {0, 0}}, {'\\'}};
	static EFI_DEVICE_PATH none = {
		END_DEVICE_PATH_TYPE, END_ENTIRE_DEVICE_PATH_SUBTYPE, {4, 0}};
	EFI_DEVICE_PATH *base = handle_get(p->device, &efi_guid_path);
	char path[IMAGE_NAME_MAX];
	size_t n;

	tree_path(path, "", p->req->name);
	n = utf16_from_utf8(node.name + 1, IMAGE_NAME_MAX, path) + 1;
	for (size_t i = 0; i < n; i++)
		if (node.name[i] == '/')
			node.name[i] = '\\';
	n = sizeof(node.head) + n * sizeof(CHAR16);
	node.head.Length[0] = (UINT8)n;
	node.head.Length[1] = (UINT8)(n >> 8);
	p->path = devpath_append(base ? base : &none, &node, n);
}

/* UEFI 9.1: with its NUL, as the boot manager's and the shell's are. */
static EFI_STATUS payload_options(struct payload *p)
{
	size_t units = utf16_from_utf8(&(CHAR16){0}, 1, p->req->cmdline);
	EFI_STATUS status;

	p->loaded->LoadOptionsSize = 0;
	p->loaded->LoadOptions = NULL;
	if (units == 1)
		return EFI_SUCCESS;
	status = efi_bs->AllocatePool(EfiLoaderData, units * sizeof(CHAR16), (void **)&p->options);
	if (status)
		return status;
	utf16_from_utf8(p->options, units, p->req->cmdline);
	p->loaded->LoadOptionsSize = (UINT32)(units * sizeof(CHAR16));
	p->loaded->LoadOptions = p->options;
	return EFI_SUCCESS;
}

/* 7.4.1: after EFI_SECURITY_VIOLATION it is there, but not to be started. */
static EFI_STATUS payload_load(struct payload *p)
{
	EFI_STATUS status;

	payload_device(p);
	payload_path(p);
	status = efi_bs->LoadImage(FALSE, efi_image, p->path,
		(void *)(uintptr_t)p->req->payload_start, p->req->payload_size, &p->image);
	if (!status)
		status = efi_bs->HandleProtocol(p->image, &efi_guid_loaded, (void **)&p->loaded);
	if (!status)
		status = payload_options(p);
	if (!status) {
		status = efi_initrd_install();
		p->initrd = !status;
	}
	if (status && p->image)
		efi_bs->UnloadImage(p->image);
	else if (!status)
		p->loaded->DeviceHandle = p->device;
	return status;
}

/* -- when it has come back -- */

/*
 * What is known only now may be a device's: each driver is asked about each handle. The firmware's
 * network stack takes the children of an option ROM's cards on that occasion, and gives them back.
 */
static void connect_all(void)
{
	EFI_HANDLE *handles;
	UINTN n;

	if (efi_bs->LocateHandleBuffer(AllHandles, NULL, NULL, &n, &handles))
		return;
	for (UINTN i = 0; i < n; i++)
		efi_bs->ConnectController(handles[i], NULL, NULL, TRUE);
	efi_bs->FreePool(handles);
	efi_nic_take_all();
}

/* UEFI 7.4.5: text, perhaps with data behind it. */
static void show_exit_data(const struct payload *p, CHAR16 *data, UINTN size)
{
	char text[256], clean[256];

	if (!data)
		return;
	utf16_to_utf8(text, sizeof(text), data, size / sizeof(*data));
	str_clean(clean, sizeof(clean), text, strlen(text));
	if (clean[0])
		payload_say(p, clean, EFI_SUCCESS);
	efi_bs->FreePool(data);
}

/* What it may have set for itself. */
static void take_back(void)
{
	SIMPLE_TEXT_OUTPUT_INTERFACE *out = efi_st->ConOut;

	efi_bs->SetWatchdogTimer(0, 0, 0, NULL);
	out->SetAttribute(out, EFI_LIGHTGRAY | EFI_BACKGROUND_BLACK);
	out->EnableCursor(out, TRUE);
}

/* 0, or its status. From here on the image's handle may be gone: the firmware unloads it. */
static int payload_run(struct payload *p, bool driver)
{
	CHAR16 *data = NULL;
	UINTN size = 0;
	EFI_STATUS status;

	efi_console_flush();
	status = efi_bs->StartImage(p->image, &size, &data);
	take_back();
	show_exit_data(p, data, size);
	if (driver && !status) {
		p->loaded->DeviceHandle = NULL; /* ours goes */
		p->options = NULL;		/* it may look again */
	}
	if (status && !efi_status_number(status))
		return 1;
	return (int)efi_status_number(status);
}

/* UEFI table 7.5. A shim starts programs only, and does not say what they are. */
static bool is_driver(const struct payload *p)
{
	return p->loaded->ImageCodeType == EfiBootServicesCode ||
	       p->loaded->ImageCodeType == EfiRuntimeServicesCode;
}

static void payload_end(struct payload *p)
{
	EFI_STATUS status;

	if (p->initrd)
		efi_initrd_uninstall();
	status = p->nic ? efi_nic_close(p->nic) : EFI_SUCCESS;
	if (status)
		payload_say(p, "does not let go of the link", status);
	if (p->path)
		efi_bs->FreePool(p->path);
	if (p->options)
		efi_bs->FreePool(p->options);
}

int efi_boot_image(const struct boot_request *req)
{
	struct payload p = {.req = req};
	EFI_STATUS status;
	EFI_TPL kept;
	int rc;

	str_clean(p.name, sizeof(p.name), req->name, strlen(req->name));
	status = payload_load(&p);
	if (!status) {
		bool driver = is_driver(&p);

		rc = payload_run(&p, driver);
		payload_end(&p);
		if (driver && !rc)
			connect_all();
		return rc;
	}
	payload_end(&p);
	if (!efi_enter(&kept))
		return -ERR_EFI_REFUSED;
	rc = load_error(&p, status);
	efi_leave(kept);
	return rc;
}
