/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The drivers there are, for the tables in config/. Each lives in drivers/net/, in a file of its
 * name.
 */
#ifndef DRIVERS_DRIVERS_H
#define DRIVERS_DRIVERS_H

#include "drivers/bus.h"

extern const struct driver driver_virtio_net; /* virtio 0.9.5 to 1.2 over PCI */
extern const struct driver driver_e1000;      /* Intel 8254x, copper */
/* The card of the PXE ROM that has loaded us; BIOS only: arch/x86/bios/undi.c */
extern const struct driver driver_undi;
/* What cards the firmware has drivers for, all or the one that has loaded us; UEFI only:
 * arch/efi/snp.c */
extern const struct driver driver_snp, driver_snponly;

#endif
