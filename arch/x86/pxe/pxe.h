/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PXE API (Preboot Execution Environment 2.1, Intel 1999, chapters 3 and 4) that a network boot
 * program (NBP) calls while it runs on top of us. One NBP runs at a time; its calls come one at a
 * time, each to its end.
 *
 * Nothing here is assembly or BIOS: a call arrives as an opcode and the address of its parameters,
 * and the NBP's memory is a window of bytes. arch/x86/bios/nbp_run.c brings both from real or
 * protected mode; the hosted tests and the fuzzer bring them from an array. Every address, size and
 * state comes from the NBP and may be wrong: that is a status code, never a crash.
 *
 * pxe_api.c has the table walk, PRELOAD and BASE calls; pxe_cached.c the DHCP packets as a PXE ROM
 * would have kept them; pxe_undi.c UNDI; pxe_udp.c, pxe_tftp.c and pxe_file.c the rest.
 */
#ifndef ARCH_X86_PXE_PXE_H
#define ARCH_X86_PXE_PXE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "net/udp_box.h"

struct machine;
struct netdev;
struct fetch;
struct pkt;

/* What a call returns in AX. */
enum { PXENV_EXIT_SUCCESS = 0, PXENV_EXIT_FAILURE = 1 };

/* Status, the first word of all parameters (PXE 2.1, appendix A). */
enum pxe_status {
	PXENV_STATUS_SUCCESS = 0x00,
	PXENV_STATUS_FAILURE = 0x01,
	PXENV_STATUS_BAD_FUNC = 0x02,
	PXENV_STATUS_UNSUPPORTED = 0x03,
	PXENV_STATUS_KEEP_UNDI = 0x04,
	PXENV_STATUS_KEEP_ALL = 0x05,
	PXENV_STATUS_OUT_OF_RESOURCES = 0x06,
	PXENV_STATUS_ARP_TIMEOUT = 0x11,
	PXENV_STATUS_UDP_CLOSED = 0x18,
	PXENV_STATUS_UDP_OPEN = 0x19,
	PXENV_STATUS_TFTP_CLOSED = 0x1a,
	PXENV_STATUS_TFTP_OPEN = 0x1b,
	PXENV_STATUS_TFTP_CANNOT_ARP_ADDRESS = 0x30,
	PXENV_STATUS_TFTP_OPEN_TIMEOUT = 0x32,
	PXENV_STATUS_TFTP_UNKNOWN_OPCODE = 0x33,
	PXENV_STATUS_TFTP_READ_TIMEOUT = 0x35,
	PXENV_STATUS_TFTP_ERROR_OPCODE = 0x36,
	PXENV_STATUS_TFTP_CANNOT_OPEN_CONNECTION = 0x38,
	PXENV_STATUS_TFTP_CANNOT_READ_FROM_CONNECTION = 0x39,
	PXENV_STATUS_TFTP_TOO_MANY_PACKAGES = 0x3a,
	PXENV_STATUS_TFTP_FILE_NOT_FOUND = 0x3b,
	PXENV_STATUS_TFTP_ACCESS_VIOLATION = 0x3c,
	PXENV_STATUS_TFTP_NO_FILESIZE = 0x3e,
	PXENV_STATUS_TFTP_INVALID_PACKET_SIZE = 0x3f,
	PXENV_STATUS_UNDI_INVALID_FUNCTION = 0x60,
	PXENV_STATUS_UNDI_MEDIATEST_FAILED = 0x61,
	PXENV_STATUS_UNDI_INVALID_STATE = 0x6a,
	PXENV_STATUS_UNDI_TRANSMIT_ERROR = 0x6b,
	PXENV_STATUS_UNDI_INVALID_PARAMETER = 0x6c,
};

/* A far pointer as it lies in parameters: a paragraph or, from protected mode, a selector. */
struct segoff {
	uint16_t off, seg;
} __attribute__((packed));

enum pxe_packet { PXE_DISCOVER, PXE_ACK, PXE_REPLY, PXE_PACKETS };
#define PXE_PACKET_MAX 1472 /* UDP payload of a full Ethernet frame */
/* Of those that we keep: some NBPs have room for a BOOTPLAYER of just this size, and overwrite what
 * lies behind it with more (PXE 2.1, 3.3.3.4). */
#define PXE_CACHED_MAX 1260

/*
 * The part of the stack that has to lie in base memory, because NBPs are given pointers into it.
 * Made by the platform, 16-byte aligned.
 */
struct pxe_base {
	uint8_t packet[PXE_PACKETS][PXE_PACKET_MAX];
	uint8_t frame[1536]; /* UNDI: the received frame that the NBP is being handed */
};

#define PXE_FILES 4	/* open at once: one by TFTP, the others by FILE */
#define PXE_RING  65536 /* bytes of a file that are read ahead; a power of two */

/* An open file: read in order, at most PXE_RING bytes ahead of the NBP. */
struct pxe_file {
	struct fetch *fetch; /* NULL: closed */
	uint64_t pos;	     /* bytes that the NBP has had */
	uint16_t block;	     /* TFTP: bytes of one READ */
	uint16_t number;     /* TFTP: of the last block */
	uint8_t ring[PXE_RING];
};

struct pxe {
	struct machine *m;
	struct netdev *dev; /* the link that the NBP was loaded by; all calls are about it */
	/* The NBP's memory from address 0: 1 MiB and 64 KiB less 16 bytes. */
	uint8_t *memory;
	/* Linear address of a segment of the call at work: times 16, or out of the caller's
	 * descriptor table; UINT32_MAX when there is none such. */
	uint32_t (*segment)(struct pxe *p, uint16_t seg);
	struct pxe_base *base;
	uint16_t base_seg; /* its paragraph */
	/*
	 * The NBP wants nothing from us any more: gives back the memory and the interrupts. False,
	 * and all stays, when others have hooked them after us. May be NULL.
	 */
	bool (*release)(struct pxe *p);
	uint16_t packet_n[PXE_PACKETS]; /* bytes of base->packet[]; 0: there is none */

	/* UNDI */
	bool undi_started, undi_initialized, undi_open; /* open: frames go to the NBP */
	uint16_t undi_sent;				/* and it was not told yet */
	uint16_t filter;				/* UNDI packet filter bits */
	struct pkt *rx_head, *rx_tail;			/* frames that wait for the NBP */
	unsigned rx_count;

	/* UDP */
	bool udp_open;
	struct udp_box udp;

	struct pxe_file file[PXE_FILES]; /* [0]: TFTP */

	bool restart; /* what lies at 0000:7C00 now is to be started in the NBP's place */
	bool stopped; /* STOP_BASE, UNLOAD_STACK: nothing but the rest of the shutdown is left */
};

/* A row of the tables: what an opcode does. */
struct pxe_call {
	uint16_t opcode;
	uint16_t size; /* bytes of the parameters, the status included */
	/*
	 * params: in the NBP's memory, size bytes of it, at any alignment (packed structs). The
	 * result becomes the status word; anything but PXENV_STATUS_SUCCESS makes the call fail.
	 */
	enum pxe_status (*call)(struct pxe *p, void *params);
};
/* One table a file, each ends with call NULL. */
extern const struct pxe_call pxe_base_calls[], pxe_undi_calls[], pxe_udp_calls[], pxe_tftp_calls[],
	pxe_file_calls[];

/*
 * Begins for an NBP that was loaded by dev from uri (NULL: not known): makes the cached packets. *p
 * has m, memory, segment, base and base_seg set, everything else zero.
 */
void pxe_start(struct pxe *p, struct netdev *dev, const char *uri);
/* One call: AX. An unknown opcode, or parameters that are not in memory, is a failure. */
uint16_t pxe_call(struct pxe *p, uint16_t opcode, struct segoff params);
/* Closes all that the NBP left open; also when it has ended on its own. */
void pxe_end(struct pxe *p);

/* n bytes at a far pointer of the NBP's; NULL when they are not all in its memory or n crosses the
 * segment's end (64 KiB). */
void *pxe_at(struct pxe *p, struct segoff at, size_t n);

/* pxe_cached.c: fills base->packet[] from the lease, the PXE server's answer and uri. */
void pxe_cached_make(struct pxe *p, const char *uri);
/* pxe_udp.c, pxe_tftp.c, pxe_file.c: give everything back. */
void pxe_udp_end(struct pxe *p);
void pxe_files_end(struct pxe *p);
/* pxe_undi.c */
void pxe_undi_end(struct pxe *p);
/* A call by which the NBP parts from half of us; with the second half it is rid of us. */
enum pxe_status pxe_part(struct pxe *p);

/*
 * pxe_tftp.c, also for pxe_file.c: opens uri for reading in order; waits until the size is known
 * or it is certain that it is not (total IMAGE_SIZE_UNKNOWN). 0 or a negative error (core/err.def).
 */
int pxe_file_open(struct pxe *p, struct pxe_file *f, const char *uri);
/* Waits so long for bytes: how many can be read at once, 0 at the end of the file, or a negative
 * error; it is not the file's while !f->fetch->finished. */
int pxe_file_wait(struct pxe *p, struct pxe_file *f, uint32_t us);
/* The next n bytes at most into dst, waiting for them; less only at the end of the file, or a
 * negative error. */
int pxe_file_read(struct pxe *p, struct pxe_file *f, void *dst, size_t n);
/* What an error of opening a file is to the NBP. */
enum pxe_status pxe_file_status(int rc);
void pxe_file_close(struct pxe *p, struct pxe_file *f);

#endif
