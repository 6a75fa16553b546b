/* SPDX-License-Identifier: BSD-2-Clause */
/* The test platform, see fake.h. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "tests/fake.h"

#define FAKE_TURNS_MAX 1000000

static void die(const char *what)
{
	fprintf(stderr, "fake: %s\n", what);
	abort();
}

static uint64_t now(void *ctx)
{
	return ((struct fake *)ctx)->now_us;
}

static enum entropy_grade entropy(void *ctx, void *buf, size_t n)
{
	struct fake *f = ctx;
	uint8_t *p = buf;

	for (size_t i = 0; i < n; i++) {
		f->seed = f->seed * 1664525 + (f->seed ? 1013904223 : 0);
		p[i] = (uint8_t)(f->seed >> 24);
	}
	return f->grade;
}

static unsigned memory_map(void *ctx, struct mem_range *rows, unsigned max)
{
	struct fake *f = ctx;
	unsigned n = f->nmap < max ? f->nmap : max;

	memcpy(rows, f->map, n * sizeof(rows[0]));
	return n;
}

static void memory_self(void *ctx, struct mem_range *self)
{
	*self = ((struct fake *)ctx)->self;
}

/* Every byte must be in a row of RAM, in none that is reserved, and not ours. */
static void check(const struct fake *f, uint64_t start, uint64_t n)
{
	uint64_t end = start + n, at = start;

	if (end < start || end > f->size)
		die("access outside of physical memory");
	if (start < f->self.end && end > f->self.start)
		die("access to the program's own memory");
	for (unsigned i = 0; i < f->nmap; i++)
		if (f->map[i].type != MEM_RAM && f->map[i].start != f->map[i].end &&
			start < f->map[i].end && end > f->map[i].start)
			die("access to reserved memory");
	for (unsigned i = 0; at < end && i < f->nmap; i++) {
		if (f->map[i].type == MEM_RAM && at >= f->map[i].start && at < f->map[i].end) {
			at = f->map[i].end;
			i = ~0u; /* from the first row again */
		}
	}
	if (at < end)
		die("access to memory that is not there");
}

static void phys_write(void *ctx, uint64_t phys, const void *src, size_t n)
{
	struct fake *f = ctx;

	if (!n)
		return;
	check(f, phys, n);
	memcpy(f->ram + phys, src, n);
}

static void phys_read(void *ctx, void *dst, uint64_t phys, size_t n)
{
	struct fake *f = ctx;

	if (!n)
		return;
	check(f, phys, n);
	memcpy(dst, f->ram + phys, n);
}

static void phys_move(void *ctx, uint64_t dst, uint64_t src, uint64_t n)
{
	struct fake *f = ctx;

	if (!n)
		return;
	check(f, dst, n);
	check(f, src, n);
	memmove(f->ram + dst, f->ram + src, (size_t)n);
}

static void put_char(void *ctx, char c)
{
	struct fake *f = ctx;

	if (f->ntext == FAKE_TEXT_MAX - 1) {
		f->ntext /= 2;
		memmove(f->text, f->text + FAKE_TEXT_MAX - 1 - f->ntext, f->ntext);
	}
	f->text[f->ntext++] = c;
}

static int key(void *ctx)
{
	struct fake *f = ctx;

	if (f->next_key == f->nkeys || f->keys[f->next_key].at_us > f->now_us)
		return KEY_NONE;
	return f->keys[f->next_key++].key;
}

/* Time passes until the deadline or the next key, as an interrupt would end the real thing. */
static void idle(void *ctx, uint64_t until_us)
{
	struct fake *f = ctx;

	if (f->next_key < f->nkeys && f->keys[f->next_key].at_us < until_us)
		until_us = f->keys[f->next_key].at_us;
	if (until_us > f->now_us)
		f->now_us = until_us;
}

static bool uuid(void *ctx, uint8_t id[16])
{
	(void)ctx;
	for (unsigned i = 0; i < 16; i++)
		id[i] = (uint8_t)(0xa0 + i);
	return true;
}

static int boot(void *ctx, const struct boot_request *req)
{
	struct fake *f = ctx;

	f->boots++;
	f->booted = req->kind;
	return f->boot_result;
}

const struct platform fake_platform = {
	.name = "fake",
	.buildarch = "test",
	.now_us = now,
	.entropy = entropy,
	.memory_map = memory_map,
	.memory_self = memory_self,
	.phys_write = phys_write,
	.phys_read = phys_read,
	.phys_move = phys_move,
	.putc = put_char,
	.key = key,
	.idle = idle,
	.uuid = uuid,
	.boot = boot,
};

static const struct service *const no_services[] = {NULL};
static const struct command *const no_commands[] = {NULL};
static const struct image_type *const no_types[] = {NULL};
static const struct setting_source *const no_sources[] = {NULL};
static const struct driver *const no_drivers[] = {NULL};

const struct config fake_config = {
	.product = "Reveille",
	.version = "test",
	.start = "",
	.services = no_services,
	.commands = no_commands,
	.image_types = no_types,
	.sources = no_sources,
	.drivers = no_drivers,
};

void fake_init(struct fake *f, uint64_t ram_size)
{
	memset(f, 0, sizeof(*f));
	f->size = ram_size;
	/* Costs only what is touched. */
	f->ram = mmap(NULL, (size_t)ram_size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (f->ram == MAP_FAILED || ram_size > FAKE_RAM_MAX)
		die("no memory");
	f->map[f->nmap++] = (struct mem_range){0, 0x9fc00, MEM_RAM};
	f->map[f->nmap++] = (struct mem_range){0x9fc00, 0xa0000, MEM_RESERVED};
	f->map[f->nmap++] = (struct mem_range){0xf0000, 0x100000, MEM_RESERVED};
	f->map[f->nmap++] = (struct mem_range){0x100000, ram_size, MEM_RAM};
	f->self = (struct mem_range){0x100000, 0x200000, MEM_RAM};
	f->seed = 1;
	f->grade = ENTROPY_JITTER;
}

void fake_end(struct fake *f)
{
	munmap(f->ram, (size_t)f->size);
	f->ram = NULL;
}

void fake_key_at(struct fake *f, uint64_t at_us, int k)
{
	if (f->nkeys == FAKE_KEYS_MAX)
		die("too many keys");
	f->keys[f->nkeys].at_us = at_us;
	f->keys[f->nkeys++].key = k;
}

void fake_type(struct fake *f, const char *keys)
{
	while (*keys)
		fake_key_at(f, f->now_us, (unsigned char)*keys++);
}

const char *fake_text(struct fake *f)
{
	f->text[f->ntext] = 0;
	return f->text;
}

void fake_text_clear(struct fake *f)
{
	f->ntext = 0;
}

unsigned fake_run(struct fake *f, struct machine *m, uint64_t for_us)
{
	uint64_t end = f->now_us + for_us;
	unsigned turns = 0;

	while (m->boot.kind == BOOT_NONE && f->now_us < end) {
		uint64_t next = machine_poll(m);

		if (++turns == FAKE_TURNS_MAX)
			die("a million turns");
		/* A machine that wants the next turn at once gets it, but time goes on. */
		idle(f, next <= f->now_us ? f->now_us + 1 : next < end ? next : end);
	}
	return turns;
}

/* Knuth's MMIX constants, upper half. */
uint32_t fake_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 32);
}
