/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parts of a link's child handle (nic.c) share: the Simple Network Protocol (nic_snp.c),
 * PXE Base Code (nic_pxe.c, nic_tftp.c, nic_udp.c) and the file system of the images (nic_file.c).
 *
 * The link stays ours while it is offered, open or not as it was. Who initializes the Simple
 * Network Protocol gets all its frames from then on (dev->raw), until he shuts it down; during a
 * call that needs our protocols, with nic_borrow() and nic_return() around it, they are ours again,
 * and those for him are lost, as on a busy wire.
 *
 * A payload's call may come at any TPL up to CALLBACK, with any parameters and in any order: what
 * is wrong is a status, never a crash. Pointers that are not NULL are believed, as everywhere in
 * UEFI.
 */
#ifndef ARCH_EFI_NIC_H
#define ARCH_EFI_NIC_H

#include "arch/efi/efi.h"
#include "core/str.h"
#include "net/udp_box.h"
#include "net/wire.h"

struct pkt;
struct netdev;
struct nic_file;

/* UEFI 24.1. Frames that find so many others before them are dropped, and a payload may leave so
 * many of its buffers without asking which of them were sent. */
#define NIC_RX_MAX    64
#define NIC_TX_MAX    64
#define NIC_MCAST_MAX MAX_MCAST_FILTER_CNT

#define NIC_IF_ETHERNET 1 /* RFC 1700: what kind of address a MAC is */

struct nic_snp {
	EFI_SIMPLE_NETWORK_PROTOCOL proto; /* first: `This` */
	EFI_SIMPLE_NETWORK_MODE mode;
	struct pkt *rx_head, *rx_tail; /* frames that wait for the payload */
	unsigned rx_count;
	void *sent[NIC_TX_MAX]; /* its buffers that it can have back; a ring */
	unsigned sent_first, sent_count;
	bool sent_news; /* something was sent since it last asked for the interrupt status */
	bool rx_news;
	bool groups; /* the device hears all groups */
	EFI_NETWORK_STATISTICS stats;
};

/* UEFI 24.3 */
struct nic_pxe {
	EFI_PXE_BASE_CODE_PROTOCOL proto; /* first: `This` */
	EFI_PXE_BASE_CODE_MODE mode;
	char uri[URL_MAX];     /* what this link has loaded; "": not known */
	struct ipv4_conf kept; /* the link's, where `moved` */
	bool moved;	       /* SetStationIp() has changed it */
	struct udp_box udp;
};

struct nic_region {	     /* all initrds as one file */
	uint64_t phys, size; /* 0: no memory yet */
	bool filled;
};

struct efi_nic {
	struct netdev *dev;
	EFI_HANDLE handle;
	EFI_DEVICE_PATH *path;
	EFI_HANDLE parent; /* its PciIo is open for us by that child; NULL: there is none */
	unsigned users;	   /* of us, who have opened and not closed it */
	bool opened;	   /* the link was closed until a payload needed it */
	EFI_LOAD_FILE_INTERFACE *load_file; /* of an option ROM */
	bool offered;			    /* a payload has the rest of it, too */
	EFI_FILE_IO_INTERFACE files;	    /* nic_file.c */
	struct nic_file *files_open;
	struct nic_region initrds;
	struct nic_snp snp;
	struct nic_pxe pxe;
};

/* -- addresses as UEFI has them: in fields that have room for any kind -- */

static inline void nic_set_mac(EFI_MAC_ADDRESS *to, const struct mac *mac)
{
	memset(to, 0, sizeof(*to));
	memcpy(to->Addr, mac->b, sizeof(mac->b));
}

/* IPv4, host order. */
static inline void nic_set_ip(EFI_IP_ADDRESS *to, uint32_t ip)
{
	memset(to, 0, sizeof(*to));
	wire_put32(to->v4.Addr, ip);
}

static inline uint32_t nic_get_ip(const EFI_IP_ADDRESS *ip)
{
	return wire_get32(ip->v4.Addr);
}

/* -- the parts -- */

/* Fill in the calls; nic_snp's need an event of the firmware's. */
EFI_STATUS nic_snp_init(struct efi_nic *nic);
void nic_pxe_init(struct efi_nic *nic);
void nic_snp_end(struct efi_nic *nic);
/* Inside: shows the link as it is now, and takes back all that a payload has left: it is ours. */
void nic_snp_reset(struct efi_nic *nic);
void nic_pxe_reset(struct efi_nic *nic);
/* nic_file.c: nic->files; the end frees what payloads have left open. */
void nic_file_init(struct efi_nic *nic);
void nic_file_end(struct efi_nic *nic);

/* nic.c, outside: what payloads have left is gone, and the link as it is now is shown. */
void nic_reset(struct efi_nic *nic);
/* Inside: opens the link, if it is not. */
bool nic_link_open(struct efi_nic *nic);

/* A call of PXE Base Code. Until nic_pxe_leave() the network is ours. */
struct nic_call {
	struct efi_nic *nic;
	EFI_TPL kept;
	bool borrowed;
};
/* EFI_SUCCESS, or what is wrong: nothing is to be left then. */
EFI_STATUS nic_pxe_enter(EFI_PXE_BASE_CODE_PROTOCOL *This, struct nic_call *call);
/* Returns status. */
EFI_STATUS nic_pxe_leave(struct nic_call *call, EFI_STATUS status);
/* Who on the handle wants to be asked while a call takes long (UEFI 24.4); NULL: nobody. */
EFI_PXE_BASE_CODE_CALLBACK_PROTOCOL *nic_pxe_callback(const struct efi_nic *nic);
/* nic_tftp.c, nic_udp.c: the calls of these names. */
EFI_STATUS EFIAPI nic_mtftp(EFI_PXE_BASE_CODE_PROTOCOL *This,
	EFI_PXE_BASE_CODE_TFTP_OPCODE Operation, VOID *BufferPtr, BOOLEAN Overwrite,
	UINT64 *BufferSize, UINTN *BlockSize, EFI_IP_ADDRESS *ServerIp, UINT8 *Filename,
	EFI_PXE_BASE_CODE_MTFTP_INFO *Info, BOOLEAN DontUseBuffer);
EFI_STATUS EFIAPI nic_udp_write(EFI_PXE_BASE_CODE_PROTOCOL *This, UINT16 OpFlags,
	EFI_IP_ADDRESS *DestIp, EFI_PXE_BASE_CODE_UDP_PORT *DestPort, EFI_IP_ADDRESS *GatewayIp,
	EFI_IP_ADDRESS *SrcIp, EFI_PXE_BASE_CODE_UDP_PORT *SrcPort, UINTN *HeaderSize,
	VOID *HeaderPtr, UINTN *BufferSize, VOID *BufferPtr);
EFI_STATUS EFIAPI nic_udp_read(EFI_PXE_BASE_CODE_PROTOCOL *This, UINT16 OpFlags,
	EFI_IP_ADDRESS *DestIp, EFI_PXE_BASE_CODE_UDP_PORT *DestPort, EFI_IP_ADDRESS *SrcIp,
	EFI_PXE_BASE_CODE_UDP_PORT *SrcPort, UINTN *HeaderSize, VOID *HeaderPtr, UINTN *BufferSize,
	VOID *BufferPtr);

/*
 * Inside, around what needs our protocols on a link that a payload may have for itself: its frames
 * are ours in between. Whether somebody has it, for nic_return(). NULL: no link.
 */
bool nic_borrow(struct netdev *dev);
void nic_return(struct netdev *dev, bool borrowed);

#endif
