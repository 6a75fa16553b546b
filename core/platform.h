/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a machine needs from the thing it runs on: BIOS, UEFI, a Linux process, the simulator.
 * One const table per platform, implemented under arch/ (and tests/sim). ctx is the platform's own
 * state.
 */
#ifndef CORE_PLATFORM_H
#define CORE_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/mem.h"

struct boot_request;
struct machine;

/* How much entropy stands behind what platform.entropy() gave. */
enum entropy_grade {
	ENTROPY_NONE,	  /* nothing: do not use for secrets */
	ENTROPY_JITTER,	  /* clocks, MACs, counters: differs between boots and machines */
	ENTROPY_HARDWARE, /* a hardware or operating system source */
};

/* Keys that are not characters, as key() returns them; all others are bytes 1..255. */
enum key {
	KEY_NONE = -1,
	KEY_UP = 0x100,
	KEY_DOWN,
	KEY_LEFT,
	KEY_RIGHT,
	KEY_HOME,
	KEY_END,
	KEY_DELETE,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
	KEY_F8,
};

struct platform {
	const char *name;      /* ${platform}: "pcbios", "efi", "linux", "sim" */
	const char *buildarch; /* ${buildarch}: "i386", "x86_64", "arm64" */

	/* Microseconds since start, monotonic. */
	uint64_t (*now_us)(void *ctx);
	enum entropy_grade (*entropy)(void *ctx, void *buf, size_t n);

	/* The firmware's memory map as a kernel would see it; returns the number of rows, at most
	 * max. */
	unsigned (*memory_map)(void *ctx, struct mem_range *rows, unsigned max);
	/* The range that this program itself occupies and that no image may touch. */
	void (*memory_self)(void *ctx, struct mem_range *self);
	/* Memory by physical address. The ranges are valid RAM outside of this program. move
	 * handles overlap. */
	void (*phys_write)(void *ctx, uint64_t phys, const void *src, size_t n);
	void (*phys_read)(void *ctx, void *dst, uint64_t phys, size_t n);
	void (*phys_move)(void *ctx, uint64_t dst, uint64_t src, uint64_t n);
	/*
	 * For a platform that hands memory out itself (UEFI); both NULL where core/mem.c finds
	 * places in the map. pages_alloc: the whole pages that `size` bytes need, or for size 0 as
	 * many as are sensible for what nobody knows the size of, 64 KiB at least; their start and
	 * how many bytes they are; false when there are none. pages_free: any whole pages out of
	 * those, in any order and number of calls.
	 */
	bool (*pages_alloc)(void *ctx, uint64_t size, uint64_t *phys, uint64_t *got);
	void (*pages_free)(void *ctx, uint64_t phys, uint64_t size);

	/* One character to every console (screen and serial); '\n' means a new line, '\r' and '\b'
	 * work. */
	void (*putc)(void *ctx, char c);
	/* A byte, one of enum key, or KEY_NONE when none waits. */
	int (*key)(void *ctx);
	/* Nothing to do until `until_us` or until a frame or key arrives, whichever a platform can
	 * see first. */
	void (*idle)(void *ctx, uint64_t until_us);

	/* The machine's identity: SMBIOS system UUID in its wire order (RFC 4578 2.3); false when
	 * there is none. */
	bool (*uuid)(void *ctx, uint8_t uuid[16]);

	/*
	 * Carries out m->boot after everything was closed; called by the outer loop, never from
	 * machine_poll(). Returns only when it did not work or when what it started came back: a
	 * negative error, or 0.
	 */
	int (*boot)(void *ctx, const struct boot_request *req);
};

#endif
