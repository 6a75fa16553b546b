/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The drivers of the UEFI half of a NIC's option ROM: those that bind to a card of their own. It is
 * itself a driver (arch/efi/driver.c): the firmware says when.
 */
#include "config/common.h"
#include "drivers/drivers.h"

const struct driver *const efi_drivers[] = {
	&driver_virtio_net,
	&driver_e1000,
	NULL,
};
