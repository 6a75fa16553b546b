/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The UEFI application, reveille.efi and snponly.efi: from the firmware's call to its end. What
 * distinguishes them is their table.
 */
#include "arch/efi/efi.h"

EFI_STATUS EFIAPI efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *st);

/* There is no machine that could say it. */
static EFI_STATUS no_start(EFI_STATUS status)
{
	for (const char *s = "Reveille: no memory of the firmware's to start with\n"; *s; s++)
		efi_putc(NULL, *s);
	return status;
}

EFI_STATUS EFIAPI efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *st)
{
	EFI_STATUS status = efi_init(image, st);

	if (status == EFI_SUCCESS)
		status = efi_start();
	if (status != EFI_SUCCESS)
		return no_start(status);
	efi_greet();
	efi_take_script();
	efi_find_links();
	efi_choose_script();
	status = efi_run();
	efi_end();
	return status;
}
