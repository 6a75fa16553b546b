/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine's platform for tests: RAM as an array, a clock that only the test moves, keys by
 *script, the console as text. Hosted only.
 *
 *	struct fake f;
 *	fake_init(&f, 64 << 20);
 *	machine_init(&m, NULL, &fake_platform, &f, &fake_config);
 *	fake_type(&f, "help\r");
 *	fake_run(&f, &m, 1000000);
 *	assert_non_null(strstr(fake_text(&f), "chain"));
 *	fake_end(&f);
 *
 * Memory accesses outside of RAM or into the program's own range abort the test.
 */
#ifndef TESTS_FAKE_H
#define TESTS_FAKE_H

#include <stdint.h>
#include "core/boot.h"
#include "core/machine.h"

#define FAKE_KEYS_MAX 1024
#define FAKE_TEXT_MAX 65536
/* All of it lies in the test's own address space, where a 32-bit process has no room for more. */
#define FAKE_RAM_MAX (SIZE_MAX > UINT32_MAX ? 1ull << 40 : 1ull << 30)

struct fake {
	uint64_t now_us; /* the clock; tests may set it */

	/* Physical memory [0, size), all zero at first; what of it is RAM the map says. */
	uint8_t *ram;
	uint64_t size;
	/* Changeable before machine_init(). As a PC: RAM below 0x9fc00 and from 1 MiB up, the rest
	 * reserved. */
	struct mem_range map[MEM_RANGES_MAX];
	unsigned nmap;
	struct mem_range self; /* at first the second MiB */

	struct {
		uint64_t at_us;
		int key;
	} keys[FAKE_KEYS_MAX];
	unsigned nkeys, next_key;

	char text[FAKE_TEXT_MAX]; /* console output, the oldest half dropped when full */
	size_t ntext;

	uint32_t seed; /* of what entropy() gives; 0 gives zeros */
	enum entropy_grade grade;

	unsigned boots;	       /* calls of boot() */
	enum boot_kind booted; /* of the last */
	int boot_result;       /* what boot() returns */
};

extern const struct platform fake_platform; /* ctx: struct fake * */
/* No services, commands, types, sources or drivers. */
extern const struct config fake_config;

void fake_init(struct fake *f, uint64_t ram_size);
void fake_end(struct fake *f);
/* Keys that are there from now on, or from at_us on; in the order of these calls. */
void fake_type(struct fake *f, const char *keys);
void fake_key_at(struct fake *f, uint64_t at_us, int key);
/* The console's text since the last fake_text_clear(). */
const char *fake_text(struct fake *f);
void fake_text_clear(struct fake *f);
/*
 * Turns of m, the clock put forward to each next deadline, until for_us have passed or m->boot is
 * set. Aborts after a million turns. Returns the number of turns.
 */
unsigned fake_run(struct fake *f, struct machine *m, uint64_t for_us);

/* Random numbers for tests, the same ones for the same seed. */
uint32_t fake_random(uint64_t *seed);

#endif
