/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UEFI, as all files of this folder see it: the firmware's tables, the machine, and who does what.
 * "UEFI" is the Unified Extensible Firmware Interface Specification 2.10.
 *
 * Two levels. The *outside* is the firmware's or a payload's, at any TPL up to CALLBACK; firmware
 * services that need TPL_APPLICATION (keys, LoadImage, StartImage) are called there only. *Inside*
 * is everything that touches the machine: it runs at TPL_CALLBACK, so that none of the firmware's
 * own timers (its network stack polls cards) comes between. efi_enter() and efi_leave() are the
 * door. Nobody goes through it twice: what is called while the machine is at work returns
 * EFI_NOT_READY.
 *
 * Addresses are physical and virtual at once (UEFI 2.3.4, 2.3.6: identity mapped).
 */
#ifndef ARCH_EFI_EFI_H
#define ARCH_EFI_EFI_H

#include <efi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "config/system.h"

/* -- the firmware: set by efi_init() -- */

extern EFI_HANDLE efi_image; /* ours */
extern EFI_SYSTEM_TABLE *efi_st;
extern EFI_BOOT_SERVICES *efi_bs;
extern EFI_LOADED_IMAGE *efi_loaded; /* what the firmware says of us */

/* -- start.c: the machine -- */

extern struct system *efi_sys; /* NULL until efi_start(), and after efi_end() */

/* The tables above, the watchdog off, clock and console. First of all. */
EFI_STATUS efi_init(EFI_HANDLE image, EFI_SYSTEM_TABLE *st);
/* Makes the machine of config_efi; no links yet. On error nothing is left. */
EFI_STATUS efi_start(void);
/*
 * The outer loop, outside: runs the script, carries out boot requests, until one is BOOT_EXIT.
 * EFI_SUCCESS, or EFI_ABORTED when the script ended with an error.
 */
EFI_STATUS efi_run(void);
/* Closes everything, gives the cards back to the firmware and all memory. */
void efi_end(void);
/*
 * ExitBootServices has been called: links are being closed for good. Nothing may be allocated or
 * freed, no protocol called that could do so; only the device itself is to be stopped.
 */
extern bool efi_gone;

/* The first line on the console. */
void efi_greet(void);
/* For the application: all links that this build drives, in the order of the firmware's handles. */
void efi_find_links(void);
/*
 * autoexec.c: what to run. Take is called before the links are found, as the disk that we came from
 * may go with one; choose after it: the script is set up, and efi_run() runs it. An option ROM,
 * which nobody gave anything, does not take.
 */
void efi_take_script(void);
void efi_choose_script(void);

/* Inside. efi_enter: false when we are inside already: come back later. */
bool efi_enter(EFI_TPL *kept);
void efi_leave(EFI_TPL kept);
/* machine_wait() for what a payload calls; inside. The clock's time, not a duration, ends it. */
bool efi_wait(bool (*done)(void *ctx), void *ctx, uint64_t deadline_us);

/* -- clock.c, memory.c, console.c, identity.c: struct platform -- */

extern const struct platform efi_platform;

void efi_clock_init(void);
uint64_t efi_now_us(void *ctx);
/* Nothing is printed before that; firmware whose turn to boot it is not yet may have no console. */
void efi_console_init(void);
/* Outside: takes waiting keys from the firmware, for platform.key(). */
void efi_console_poll(void);
void efi_console_end(void);
/* What has been printed but not shown: at the end of a line it is by itself. */
void efi_console_flush(void);
/* Outside. A key waits when this event is signalled; NULL: no keyboard. */
EFI_EVENT efi_console_event(void);
/* Whether a key was taken since this was asked last. */
bool efi_console_active(void);
/* Of struct platform. */
void efi_putc(void *ctx, char c);
int efi_key(void *ctx);
bool efi_uuid(void *ctx, uint8_t uuid[16]);
enum entropy_grade efi_entropy(void *ctx, void *buf, size_t n);
unsigned efi_memory_map(void *ctx, struct mem_range *rows, unsigned max);
void efi_memory_self(void *ctx, struct mem_range *self);
bool efi_pages_alloc(void *ctx, uint64_t size, uint64_t *phys, uint64_t *got);
void efi_pages_free(void *ctx, uint64_t phys, uint64_t size);
void efi_phys_write(void *ctx, uint64_t phys, const void *src, size_t n);
void efi_phys_read(void *ctx, void *dst, uint64_t phys, size_t n);
void efi_phys_move(void *ctx, uint64_t dst, uint64_t src, uint64_t n);

/* -- links -- */

/* What the firmware knows of a link's card; one for each netdev, same index. */
struct efi_link {
	struct netdev *dev;    /* NULL: not in use */
	EFI_HANDLE card;       /* has the path below, and PciIo or SNP */
	EFI_DEVICE_PATH *path; /* the firmware's; of the card, or of the card and its MAC */
};
extern struct efi_link efi_links[NETDEV_MAX];
void efi_link_add(struct netdev *dev, EFI_HANDLE card);
/* The link of that MAC; NULL. */
struct netdev *efi_link_find(struct net *net, const uint8_t mac[6]);

/*
 * pci_efi.c: every card behind a PciIo that a driver of the table knows; the firmware's drivers are
 * disconnected from it first. only: NULL, or this handle alone (option ROM).
 */
void pci_efi_scan(struct net *net, EFI_HANDLE only);
/* All or one of them (option ROM) go back: PciIo closed, the firmware's drivers connected again. */
void pci_efi_release(EFI_HANDLE only);

/* snp.c: driver_snp makes links of the firmware's own; a driver row without ids. */
extern const struct driver driver_snp;
void snp_release(void);
/*
 * adopt.c: which link started us, its lease, and net->self_uri - out of the firmware's PXE Base
 * Code (cached packets) or the device path of its HTTP Boot. Called in front of the scans, while
 * the firmware's drivers still hold the card: keeps copies. adopt_apply() opens that link and
 * adopts.
 */
void adopt_collect(void);
void adopt_apply(struct net *net);
/* The card that we were loaded from: the handle in efi_loaded's device path; NULL: from a disk. */
EFI_HANDLE adopt_card(void);

/* -- run.c: BOOT_EFI -- */

/* Outside. 0 when the payload came back with success; negative error; or its status' low 31 bits.
 */
int efi_boot_image(const struct boot_request *req);

/* initrd.c: LoadFile2 on the Linux initrd media path, while a payload runs. */
EFI_STATUS efi_initrd_install(void);
void efi_initrd_uninstall(void);

/* -- nic.c: what payloads, and the firmware, are offered on a link -- */

struct efi_nic; /* a child handle of a link's card */

/*
 * Publishes dev: a new handle with the card's path and dev's MAC, SNP, PXE Base Code, a file system
 * of the images; all of it by value of the link as it is now. `load_file` for the option ROM: the
 * protocol that the boot menu looks for, or NULL. *out has the handle.
 */
EFI_STATUS efi_nic_open(
	struct netdev *dev, EFI_LOAD_FILE_INTERFACE *load_file, struct efi_nic **out);
EFI_HANDLE efi_nic_handle(const struct efi_nic *nic);
/* Takes everything back. EFI_ACCESS_DENIED: somebody does not let go, all stays. */
EFI_STATUS efi_nic_close(struct efi_nic *nic);
/* Outside: whoever of the firmware's drivers uses one of them lets go of it. */
void efi_nic_take_all(void);

/* -- handle.c -- */

/* Protocols that several files ask for; not const only for the firmware's sake. */
extern EFI_GUID efi_guid_loaded, efi_guid_path, efi_guid_pci, efi_guid_snp;
/* The interface of a protocol on the handle; NULL: it has none. */
void *handle_get(EFI_HANDLE handle, EFI_GUID *guid);
/* Whether `by` (NULL: anybody) has that protocol open, with one of the attributes of `how`. */
bool handle_is_used(EFI_HANDLE handle, EFI_GUID *guid, EFI_HANDLE by, UINT32 how);

/* UEFI appendix D: the number of an error, without the bit that makes it one. */
static inline unsigned efi_status_number(EFI_STATUS status)
{
	return (unsigned)(status & INT32_MAX);
}

/* -- devpath.c -- */

/* Bytes of a device path without its end node. */
size_t devpath_size(const EFI_DEVICE_PATH *path);
/* From the pool: base's nodes, then n bytes of nodes, then an end node. NULL: no memory. */
EFI_DEVICE_PATH *devpath_append(const EFI_DEVICE_PATH *base, const void *nodes, size_t n);
/* The first node of that type and subtype, NULL. */
const EFI_DEVICE_PATH *devpath_find(const EFI_DEVICE_PATH *path, unsigned type, unsigned subtype);
/* Whether path starts with all nodes of `above`: the same device, or one on it. */
bool devpath_is_below(const EFI_DEVICE_PATH *path, const EFI_DEVICE_PATH *above);

/* -- what the headers lack -- */

/* UEFI 13.2 */
#define EFI_LOAD_FILE2_GUID                                                                        \
	{                                                                                          \
		0x4006c0c1, 0xfcb3, 0x403e,                                                        \
		{                                                                                  \
			0x99, 0x6d, 0x4a, 0x6c, 0x87, 0x24, 0xe0, 0x6d                             \
		}                                                                                  \
	}
/* Linux, Documentation/arch/x86/boot.rst and drivers/firmware/efi/libstub: the vendor media node
 * under which a kernel looks for its initrd. */
#define LINUX_INITRD_MEDIA_GUID                                                                    \
	{                                                                                          \
		0x5568e427, 0x68fc, 0x4f3d,                                                        \
		{                                                                                  \
			0xac, 0x74, 0xca, 0x55, 0x52, 0x31, 0xcc, 0x68                             \
		}                                                                                  \
	}

#endif
