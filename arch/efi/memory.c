/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory: the firmware's map and its pages (UEFI 7.2), of which images are made, and what the
 * platform copies.
 *
 * A file of unknown size gets half of the longest free stretch, until its end is known: there is
 * room for another, and for what the firmware needs meanwhile.
 *
 * Limits: of a map that has more than MEM_RANGES_MAX rows when neighbours of one kind are put
 * together, the rest is not seen. Nothing is placed by these rows: ${memsize} is then too small.
 */
#include "arch/efi/efi.h"
#include "core/str.h"

#define UNKNOWN_MIN 0x10000u
#define ROWS_SPARE  16 /* the map grows by the memory that it lies in */

/* What an operating system may use is RAM, once nothing of the firmware's runs any more. */
static uint32_t type_of(uint32_t type)
{
	switch (type) {
	case EfiConventionalMemory:
	case EfiLoaderCode:
	case EfiLoaderData:
	case EfiBootServicesCode:
	case EfiBootServicesData:
		return MEM_RAM;
	case EfiACPIReclaimMemory:
		return MEM_ACPI;
	case EfiACPIMemoryNVS:
		return MEM_NVS;
	case EfiUnusableMemory:
		return MEM_UNUSABLE;
	default:
		return MEM_RESERVED;
	}
}

/* From the pool; NULL: there is none. *size: of all rows, *row: of one. */
static uint8_t *map_get(UINTN *size, UINTN *row)
{
	UINT32 version;
	UINTN key;
	uint8_t *map;

	*size = 0;
	if (efi_bs->GetMemoryMap(size, NULL, &key, row, &version) != EFI_BUFFER_TOO_SMALL)
		return NULL;
	*size += ROWS_SPARE * *row;
	if (efi_bs->AllocatePool(EfiBootServicesData, *size, (void **)&map))
		return NULL;
	if (!efi_bs->GetMemoryMap(size, (void *)map, &key, row, &version))
		return map;
	efi_bs->FreePool(map);
	return NULL;
}

unsigned efi_memory_map(void *ctx, struct mem_range *rows, unsigned max)
{
	UINTN size, row;
	uint8_t *map = map_get(&size, &row);
	unsigned n = 0;

	(void)ctx;
	if (!map)
		return 0;
	for (UINTN at = 0; at + row <= size; at += row) {
		const EFI_MEMORY_DESCRIPTOR *d = (const void *)(map + at);
		uint64_t start = d->PhysicalStart, end = start + d->NumberOfPages * MEM_PAGE;
		uint32_t type = type_of(d->Type);

		if (n && rows[n - 1].end == start && rows[n - 1].type == type)
			rows[n - 1].end = end;
		else if (n < max)
			rows[n++] = (struct mem_range){start, end, type};
	}
	efi_bs->FreePool(map);
	return n;
}

/* Our own memory is as much the firmware's as all that images do not have. */
void efi_memory_self(void *ctx, struct mem_range *self)
{
	(void)ctx;
	*self = (struct mem_range){0, 0, MEM_RESERVED};
}

/* Bytes of the longest free stretch. */
static uint64_t longest_free(void)
{
	UINTN size, row;
	uint8_t *map = map_get(&size, &row);
	uint64_t best = 0;

	if (!map)
		return 0;
	for (UINTN at = 0; at + row <= size; at += row) {
		const EFI_MEMORY_DESCRIPTOR *d = (const void *)(map + at);

		if (d->Type == EfiConventionalMemory && d->NumberOfPages * MEM_PAGE > best)
			best = d->NumberOfPages * MEM_PAGE;
	}
	efi_bs->FreePool(map);
	return best;
}

bool efi_pages_alloc(void *ctx, uint64_t size, uint64_t *phys, uint64_t *got)
{
	EFI_PHYSICAL_ADDRESS at;

	(void)ctx;
	if (!size && (size = longest_free() / 2) < UNKNOWN_MIN)
		return false;
	size = mem_align_up(size, MEM_PAGE);
	if (!size) /* there are not so many addresses */
		return false;
	if (efi_bs->AllocatePages(AllocateAnyPages, EfiLoaderData, size / MEM_PAGE, &at))
		return false;
	*phys = at;
	*got = size;
	return true;
}

void efi_pages_free(void *ctx, uint64_t phys, uint64_t size)
{
	(void)ctx;
	efi_bs->FreePages(phys, size / MEM_PAGE);
}

void efi_phys_write(void *ctx, uint64_t phys, const void *src, size_t n)
{
	(void)ctx;
	memcpy((void *)(uintptr_t)phys, src, n);
}

void efi_phys_read(void *ctx, void *dst, uint64_t phys, size_t n)
{
	(void)ctx;
	memcpy(dst, (const void *)(uintptr_t)phys, n);
}

void efi_phys_move(void *ctx, uint64_t dst, uint64_t src, uint64_t n)
{
	(void)ctx;
	memmove((void *)(uintptr_t)dst, (const void *)(uintptr_t)src, (size_t)n);
}
