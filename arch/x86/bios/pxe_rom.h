/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PXE ROM that has loaded us (Preboot Execution Environment 2.1, Intel 1999): how it is found
 * and called. Structures are those of the specification's chapters 3.2.4 (!PXE), 4.4.5 (PXENV+) and
 * 4.2 and 4.3 (parameters).
 */
#ifndef ARCH_X86_BIOS_PXE_ROM_H
#define ARCH_X86_BIOS_PXE_ROM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/bytes.h"

/* Opcodes. */
enum {
	PXENV_UNDI_STARTUP = 0x01,
	PXENV_UNDI_CLEANUP = 0x02,
	PXENV_UNDI_INITIALIZE = 0x03,
	PXENV_UNDI_SHUTDOWN = 0x05,
	PXENV_UNDI_OPEN = 0x06,
	PXENV_UNDI_CLOSE = 0x07,
	PXENV_UNDI_TRANSMIT = 0x08,
	PXENV_UNDI_SET_STATION_ADDRESS = 0x0a,
	PXENV_UNDI_GET_INFORMATION = 0x0c,
	PXENV_UNDI_GET_NIC_TYPE = 0x12,
	PXENV_UNDI_GET_IFACE_INFO = 0x13,
	PXENV_UNDI_ISR = 0x14,
	PXENV_STOP_UNDI = 0x15,
	PXENV_TFTP_CLOSE = 0x21,
	PXENV_UDP_CLOSE = 0x31,
	PXENV_UNLOAD_STACK = 0x70,
	PXENV_GET_CACHED_INFO = 0x71,
};

struct undi_info { /* GET_INFORMATION */
	uint16_t status, base_io, irq, mtu, hw_type, hw_addr_len;
	uint8_t current_addr[16], permanent_addr[16];
	uint16_t rom_addr, rx_buffers, tx_buffers;
} __attribute__((packed));

struct undi_nic_type {
	uint16_t status;
	uint8_t type; /* UNDI_NIC_PCI: the rest is what PCI says of it */
	uint16_t vendor, device;
	uint8_t class[3], revision;
	uint16_t busdevfn, sub_vendor, sub_device;
} __attribute__((packed));
#define UNDI_NIC_PCI 2

struct undi_iface_info {
	uint16_t status;
	uint8_t type[16];
	uint32_t speed, flags, reserved[4];
} __attribute__((packed));
#define UNDI_IFACE_IRQ 0x1000u

struct undi_open {
	uint16_t status, flag, filter, multicast_n;
	uint8_t multicast[8][16];
} __attribute__((packed));
#define UNDI_DIRECTED	 1
#define UNDI_BROADCAST	 2
#define UNDI_PROMISCUOUS 4

struct undi_address { /* SET_STATION_ADDRESS */
	uint16_t status;
	uint8_t mac[16];
} __attribute__((packed));

struct undi_tbd { /* one frame to send, all of it "immediate" */
	uint16_t len, off, seg, blocks;
	uint8_t block[8][8];
} __attribute__((packed));

struct undi_transmit {
	uint16_t status;
	uint8_t protocol; /* 0: the frame has its header */
	uint8_t broadcast;
	uint16_t dst_off, dst_seg, tbd_off, tbd_seg;
	uint32_t reserved[2];
} __attribute__((packed));

struct undi_isr {
	uint16_t status, func;
	uint16_t buffer_len, frame_len, header_len, off, seg;
	uint8_t protocol, type;
} __attribute__((packed));
enum { UNDI_ISR_START = 1, UNDI_ISR_PROCESS = 2, UNDI_ISR_NEXT = 3 }; /* func, in */
enum { UNDI_ISR_OURS = 0, UNDI_ISR_DONE = 0, UNDI_ISR_SENT = 2, UNDI_ISR_RECEIVED = 3 }; /* out */

struct pxe_cached_info {
	uint16_t status, packet, size, off, seg, limit;
} __attribute__((packed));
enum { PXE_CACHED_ACK = 2, PXE_CACHED_REPLY = 3 };

/* How undi_low.asm begins: it lies in base memory while the ROM is used. */
struct pxe_low {
	uint16_t off_call, off_window, off_handler, unused;
	uint32_t entry, irq_old; /* far pointers */
	uint16_t pic_port;
	uint8_t pic_bit, irq_seen;
	uint8_t isr_params[18];
	uint8_t params[166];
} __attribute__((packed));
_Static_assert(sizeof(struct pxe_low) == 204, "undi_low.asm");

#define FAR(seg, off) ((uint32_t)(seg) << 16 | (uint16_t)(off))

/* NULL before pxe_rom_find() has found one. */
extern struct pxe_low *pxe_low;

/* Finds the ROM and readies the calls; false when none has loaded us. */
bool pxe_rom_find(void);
/* What a far pointer of the ROM's points to. */
void *pxe_rom_at(uint32_t far_pointer);
/*
 * Calls the ROM: params are copied there and back, n bytes, at most sizeof(pxe_low->params). 0, or
 * the status that it failed with. The NULL and 0 of params: nothing but the status.
 */
uint16_t pxe_rom_call(uint16_t opcode, void *params, size_t n);
/* A DHCP message that the ROM has kept, in its memory: PXE_CACHED_...; no bytes: it has none. */
struct bytes pxe_rom_cached(unsigned packet);
/* Whether the card sits on PCI and where; else all of *nic is 0. */
bool pxe_rom_nic(struct undi_nic_type *nic);
/* Lets go of the card: the ROM does not touch it, nor it memory, until it is told to initialise it.
 */
void pxe_rom_shutdown(void);
/* Ends the ROM for good: its hooks are gone, as far as it can. */
void pxe_rom_unload(void);

#endif
