/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A UEFI program that ends boot services while the link that it comes from receives. Its frames are
 * taken until one of Ethernet type 88B6h says that it is time, so that the card has room for more.
 * Nothing of it runs or writes to memory from there on; the judge, test_efi_exit.py, looks at
 * memory from outside. Lines are:
 *
 *	READY			broadcasts are received
 *	GONE			boot services have ended; on the serial line, without firmware
 *	FAILED status		they have not
 */
#include "arch/efi/cpu.h"
#include "tests/qemu/efi/program.h"

#define WAITS	 60000 /* of a millisecond, for the frame */
#define TRIES	 4     /* the map may change in between */
#define MAP_SIZE 65536

static EFI_GUID snp_guid = EFI_SIMPLE_NETWORK_PROTOCOL_GUID;

/* QEMU's first serial line: COM1 of a PC; PL011 of the arm64 machine "virt". */
static void serial_put(char c)
{
#ifdef CPU_PORTS
	outb(0x3f8, (uint8_t)c);
#else
	*(volatile uint32_t *)(uintptr_t)0x09000000 = (uint8_t)c;
#endif
}

static void interrupts_off(void)
{
#ifdef CPU_PORTS
	__asm__ volatile("cli");
#else
	__asm__ volatile("msr daifset, #15");
#endif
}

static bool listen(EFI_SIMPLE_NETWORK *snp)
{
	return snp && !snp->Start(snp) && !snp->Initialize(snp, 0, 0) &&
	       !snp->ReceiveFilters(snp, EFI_SIMPLE_NETWORK_RECEIVE_BROADCAST, 0, FALSE, 0, NULL);
}

/* Takes all that has come; whether the frame was among it. */
static bool told(EFI_SIMPLE_NETWORK *snp)
{
	static uint8_t frame[2048];
	bool yes = false;
	UINTN n = sizeof(frame);

	for (; !snp->Receive(snp, NULL, &n, frame, NULL, NULL, NULL); n = sizeof(frame))
		yes |= frame[12] == 0x88 && frame[13] == 0xb6;
	return yes;
}

static EFI_STATUS leave(EFI_HANDLE image)
{
	static uint8_t map[MAP_SIZE] __attribute__((aligned(8)));
	EFI_STATUS status = EFI_ABORTED;
	UINTN size, key, row;
	UINT32 version;

	for (unsigned i = 0; status && i < TRIES; i++) {
		size = sizeof(map);
		status = bs->GetMemoryMap(&size, (void *)map, &key, &row, &version);
		if (!status)
			status = bs->ExitBootServices(image, key);
	}
	return status;
}

EFI_STATUS EFIAPI efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
	EFI_SIMPLE_NETWORK *snp;
	EFI_STATUS status;

	program_start(image, table);
	snp = protocol(self->DeviceHandle, &snp_guid);
	if (!listen(snp))
		return EFI_DEVICE_ERROR;
	say("READY\r\n");
	for (unsigned i = 0; i < WAITS && !told(snp); i++)
		bs->Stall(1000);
	status = leave(image);
	if (status) {
		say("FAILED %llx\r\n", (unsigned long long)status);
		return status;
	}
	interrupts_off();
	for (const char *s = "GONE\r\n"; *s; s++)
		serial_put(*s);
	for (;;)
		cpu_pause();
}
