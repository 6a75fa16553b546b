/* SPDX-License-Identifier: BSD-2-Clause */
/* The drivers of reveille.lkrn: all. */
#include "config/common.h"
#include "drivers/drivers.h"

const struct driver *const bios_drivers[] = {
	&driver_virtio_net,
	&driver_e1000,
	NULL,
};
