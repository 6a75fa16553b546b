/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver of snponly.efi: the firmware's own of the card that it was loaded from. Loaded from a
 * disk it takes all cards that the firmware has drivers for.
 */
#include "config/common.h"
#include "drivers/drivers.h"

const struct driver *const efi_drivers[] = {
	&driver_snponly,
	NULL,
};
