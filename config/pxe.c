/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The drivers of reveille.pxe, and of the disk images: all, and the PXE ROM's own for a card that
 * no other knows.
 */
#include "config/common.h"
#include "drivers/drivers.h"

const struct driver *const bios_drivers[] = {
	&driver_virtio_net,
	&driver_e1000,
	&driver_undi,
	NULL,
};
