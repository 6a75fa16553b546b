/* SPDX-License-Identifier: BSD-2-Clause */
/* The driver of reveille.kpxe: the PXE ROM's own. It works with every card that has such a ROM. */
#include "config/common.h"
#include "drivers/drivers.h"

const struct driver *const bios_drivers[] = {
	&driver_undi,
	NULL,
};
