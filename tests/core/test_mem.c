/* SPDX-License-Identifier: BSD-2-Clause */
/* core/mem.c: memory maps of all kinds, and gaps, against a map with one flag a page. */
#include "core/machine.h"
#include "tests/fake.h"
#include "tests/unit.h"

#define MIB   ((uint64_t)1 << 20)
#define PAGES 4096 /* 16 MiB */

static struct fake fake;
static struct machine machine;

static int setup(void **state)
{
	(void)state;
	fake_init(&fake, 16 * MIB);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_end(&fake);
	return 0;
}

static void start(void)
{
	assert_int_equal(machine_init(&machine, NULL, &fake_platform, &fake, &fake_config), 0);
}

static void row(uint64_t from, uint64_t to, uint32_t type)
{
	fake.map[fake.nmap++] = (struct mem_range){from, to, type};
}

/* An image's memory by hand. */
static void occupy(unsigned slot, uint64_t from, uint64_t to)
{
	machine.images[slot].state = IMAGE_READY;
	machine.images[slot].base = from;
	machine.images[slot].capacity = to - from;
}

static void test_pc(void **state)
{
	struct memmap *map = &machine.mem;

	(void)state;
	start();
	assert_int_equal(map->nfirmware, fake.nmap);
	assert_memory_equal(map->firmware, fake.map, fake.nmap * sizeof(fake.map[0]));
	assert_int_equal(map->ram.n, 2);
	assert_int_equal(map->ram.r[0].start, 0);
	assert_int_equal(map->ram.r[0].end, 0x9f000); /* whole pages */
	assert_int_equal(map->ram.r[1].start, 2 * MIB);
	assert_int_equal(map->ram.r[1].end, 16 * MIB);
	assert_true(mem_is_ram(&machine, 2 * MIB, 16 * MIB));
	assert_false(mem_is_ram(&machine, 2 * MIB - 1, 2 * MIB + 1));
	assert_false(mem_is_ram(&machine, 16 * MIB - 1, 16 * MIB + 1));
	assert_false(mem_is_ram(&machine, 3 * MIB, 3 * MIB));
	assert_false(mem_is_ram(&machine, 4 * MIB, 3 * MIB));
}

/* Every kind of row that firmware should not write. */
static void test_bad_rows(void **state)
{
	const struct ranges *ram = &machine.mem.ram;

	(void)state;
	fake.nmap = 0;
	row(8 * MIB, 4 * MIB, MEM_RAM); /* ends before it starts */
	row(4 * MIB, 4 * MIB, MEM_RAM); /* empty */
	row(MIB, 8 * MIB, MEM_RAM);
	row(6 * MIB, 10 * MIB, MEM_RAM);	     /* overlaps RAM */
	row(7 * MIB + 5, 7 * MIB + 6, MEM_ACPI);     /* a byte within RAM: its page is lost */
	row(9 * MIB, 9 * MIB, MEM_RESERVED);	     /* empty */
	row(11 * MIB + 1, 11 * MIB + 4096, MEM_RAM); /* no whole page */
	row(12 * MIB, 13 * MIB, 77);		     /* a type of the future */
	row(12 * MIB, 14 * MIB, MEM_RAM);
	row(UINT64_MAX - 4096, UINT64_MAX, MEM_RAM); /* beyond the last page that there can be */
	row(15 * MIB, 3, MEM_RESERVED);		     /* wraps: to the end */
	row(14 * MIB, 16 * MIB, MEM_RAM);
	fake.self = (struct mem_range){MIB, 2 * MIB, 0};
	start();
	assert_int_equal(ram->n, 3);
	assert_memory_equal(ram->r,
		((struct range[]){
			{2 * MIB, 7 * MIB}, {7 * MIB + 4096, 10 * MIB}, {13 * MIB, 15 * MIB}}),
		3 * sizeof(struct range));
}

static void test_nothing(void **state)
{
	struct range gap;

	(void)state;
	fake.nmap = 0;
	start();
	assert_int_equal(machine.mem.ram.n, 0);
	assert_false(mem_place(&machine, 1, 4096, &gap));
	assert_false(mem_place(&machine, 0, 4096, &gap));
	assert_false(mem_is_ram(&machine, 0, 1));
}

static void test_floor(void **state)
{
	(void)state;
	start(); /* 16 MiB: half of what there is */
	assert_in_range(machine.mem.floor, 7 * MIB, 8 * MIB);
	fake.map[3].end = 64 * MIB;
	start();
	assert_in_range(machine.mem.floor, 31 * MIB, 32 * MIB);
	fake.map[3].end = 4096 * MIB;
	start();
	assert_int_equal(machine.mem.floor, 128 * MIB);
	fake.nmap = 0;
	row(MIB, 2 * MIB, MEM_RAM);
	start();
	assert_int_equal(machine.mem.floor, MIB);
}

static void test_place(void **state)
{
	struct range gap;

	(void)state;
	start();
	machine.mem.floor = 8 * MIB;
	assert_true(mem_place(&machine, 1, 4096, &gap));
	assert_int_equal(gap.start, 8 * MIB);
	assert_int_equal(gap.end, 16 * MIB);
	occupy(3, 8 * MIB, 9 * MIB + 100);
	assert_true(mem_place(&machine, 4096, 4096, &gap));
	assert_int_equal(gap.start, 9 * MIB + 4096); /* right behind, on a page */
	occupy(0, 12 * MIB, 13 * MIB);
	assert_true(mem_place(&machine, 3 * MIB - 4096, 4096, &gap)); /* just fits */
	assert_int_equal(gap.start, 9 * MIB + 4096);
	assert_true(mem_place(&machine, 3 * MIB - 4095, 4096, &gap));
	assert_int_equal(gap.start, 13 * MIB);
	assert_true(mem_place(&machine, 0, 4096, &gap)); /* the largest */
	assert_int_equal(gap.start, 13 * MIB);
	assert_int_equal(gap.end, 16 * MIB);
	/* Not above the floor: below it. */
	assert_true(mem_place(&machine, 5 * MIB, 4096, &gap));
	assert_int_equal(gap.start, 2 * MIB);
	assert_int_equal(gap.end, 8 * MIB);
	assert_false(mem_place(&machine, 6 * MIB + 1, 4096, &gap));
	assert_false(mem_place(&machine, UINT64_MAX, 4096, &gap));
	/* Nothing free above: also an unknown size goes below. */
	occupy(1, 8 * MIB, 16 * MIB);
	assert_true(mem_place(&machine, 0, 4096, &gap));
	assert_int_equal(gap.start, 2 * MIB);
	occupy(2, 0, 16 * MIB);
	assert_false(mem_place(&machine, 1, 4096, &gap));
	assert_false(mem_place(&machine, 0, 4096, &gap));
}

/* Low memory is RAM, but never an image's. */
static void test_low(void **state)
{
	struct range gap;

	(void)state;
	fake.nmap = 0;
	row(0, 2 * MIB, MEM_RAM);
	start();
	assert_true(mem_is_ram(&machine, 0, 4096));
	assert_false(mem_place(&machine, 1, 4096, &gap)); /* the second MiB is the program's */
}

static bool is_free[PAGES];

/* The pages of a random map that are free, by the plainest means. */
static void model(void)
{
	for (uint64_t p = 0; p < PAGES; p++) {
		uint64_t from = p * 4096, to = from + 4096;
		bool ram = false;
		uint64_t at = from;

		for (unsigned i = 0; at < to && i < fake.nmap; i++)
			if (fake.map[i].type == MEM_RAM && fake.map[i].start <= at &&
				at < fake.map[i].end) {
				at = fake.map[i].end;
				i = ~0u;
			}
		ram = at >= to;
		for (unsigned i = 0; i < fake.nmap; i++)
			if (fake.map[i].type != MEM_RAM && fake.map[i].start < to &&
				from < fake.map[i].end)
				ram = false;
		is_free[p] = ram && !(fake.self.start < to && from < fake.self.end);
	}
}

static void test_random(void **state)
{
	uint64_t seed = 6;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct range gap;
		uint64_t size, floor, best = 0;
		unsigned rows = 1 + fake_random(&seed) % 12, images = fake_random(&seed) % 6;
		bool got;

		fake.nmap = 0;
		for (unsigned i = 0; i < rows; i++) {
			uint64_t from = fake_random(&seed) % (16 * MIB);
			uint64_t to = from + fake_random(&seed) % (8 * MIB);

			/* Page by page, or RAM rows that touch within one would differ from the
			 * model. */
			from &= ~4095ull;
			row(from, to > 16 * MIB ? 16 * MIB : to & ~4095ull,
				fake_random(&seed) % 3 ? MEM_RAM : 2 + fake_random(&seed) % 4);
			if (fake.map[i].end < fake.map[i].start)
				fake.map[i].end = fake.map[i].start;
		}
		fake.self.start = fake_random(&seed) % (16 * MIB);
		fake.self.end = fake.self.start + fake_random(&seed) % MIB;
		start();
		model();
		for (uint64_t p = 0; p < PAGES; p++)
			assert_int_equal(
				mem_is_ram(&machine, p * 4096, p * 4096 + 4096), is_free[p]);
		for (unsigned i = 0; i < images; i++) {
			uint64_t from = fake_random(&seed) % PAGES, n = fake_random(&seed) % 300;

			occupy(i, from * 4096, (from + n) * 4096);
			for (uint64_t p = from; p < from + n && p < PAGES; p++)
				is_free[p] = false;
		}
		size = fake_random(&seed) % 3 ? 1 + fake_random(&seed) % (3 * MIB) : 0;
		floor = machine.mem.floor / 4096;
		got = mem_place(&machine, size, 4096, &gap);
		/* The first run that is long enough, above the floor, else above 1 MiB. */
		for (int pass = 0; pass < 2 && !best; pass++) {
			uint64_t p = pass ? MIB / 4096 : floor, from, want = 0;

			for (; p < PAGES; p++) {
				for (from = p; p < PAGES && is_free[p];)
					p++;
				if ((p - from) * 4096 > (size ? size - 1 : best)) {
					best = (p - from) * 4096;
					want = from * 4096;
					if (size)
						break;
				}
			}
			if (best) {
				assert_true(got);
				assert_int_equal(gap.start, want);
				assert_int_equal(gap.end - gap.start, best);
			}
		}
		if (!best)
			assert_false(got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pc, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_floor, setup, teardown),
		cmocka_unit_test_setup_teardown(test_place, setup, teardown),
		cmocka_unit_test_setup_teardown(test_low, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
