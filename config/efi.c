/* SPDX-License-Identifier: BSD-2-Clause */
/* The drivers of reveille.efi: all, and the firmware's own for a card that no other knows. */
#include "config/common.h"
#include "drivers/drivers.h"

const struct driver *const efi_drivers[] = {
	&driver_virtio_net,
	&driver_e1000,
	&driver_snp,
	NULL,
};
