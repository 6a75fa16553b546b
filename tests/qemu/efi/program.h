/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the lab's UEFI programs share. Each is one source with this header, so its state is static:
 * the tables, how the program was started, and how many checks it has made. What it says goes to
 * the console, in lines that a test reads.
 */
#ifndef TESTS_QEMU_EFI_PROGRAM_H
#define TESTS_QEMU_EFI_PROGRAM_H

#include "arch/efi/efi.h"
#include "arch/efi/utf16.h"
#include "core/fmt.h"
#include "core/str.h"

/* A status or a value; what is not as wanted is said: WRONG line got wanted, in hexadecimal. */
#define IS(got, want)	check(__LINE__, (UINT64)(got), (UINT64)(want))
#define TRUE_THAT(what) check(__LINE__, !!(what), 1)

EFI_STATUS EFIAPI efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table);

static EFI_SYSTEM_TABLE *st;
static EFI_BOOT_SERVICES *bs;
static EFI_LOADED_IMAGE *self;
static char options[256]; /* the load options as text, cut to fit */
static unsigned checks;

static inline void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline void say(const char *fmt, ...)
{
	static char text[512];
	static CHAR16 wide[512];
	va_list ap;

	va_start(ap, fmt);
	fmt_vprint(text, sizeof(text), fmt, ap);
	va_end(ap);
	utf16_from_utf8(wide, 512, text);
	st->ConOut->OutputString(st->ConOut, wide);
}

static inline void check(int line, UINT64 got, UINT64 want)
{
	checks++;
	if (got != want)
		say("WRONG %d %llx %llx\r\n", line, (unsigned long long)got,
			(unsigned long long)want);
}

/* The interface of a protocol on a handle; NULL: it is not there. */
static inline void *protocol(EFI_HANDLE handle, EFI_GUID *guid)
{
	void *interface;

	return bs->HandleProtocol(handle, guid, &interface) ? NULL : interface;
}

/* Sets all of the above: what efi_main() does first. */
static inline void program_start(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
	static EFI_GUID loaded_guid = EFI_LOADED_IMAGE_PROTOCOL_GUID;

	st = table;
	bs = table->BootServices;
	self = protocol(image, &loaded_guid);
	utf16_to_utf8(options, sizeof(options), self->LoadOptions,
		self->LoadOptionsSize / sizeof(CHAR16));
}

/* What follows that word in the options; NULL: it is not there. */
static inline const char *word(const char *wanted)
{
	size_t n = strlen(wanted);

	for (const char *s = options; *s; s++)
		if (!strncmp(s, wanted, n))
			return s + n;
	return NULL;
}

#endif
