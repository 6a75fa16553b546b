/* SPDX-License-Identifier: BSD-2-Clause */
/* arch/x86/pxe/pxe_api.c: the walk through the tables, wrong addresses, parting. */
#include "tests/arch/x86/pxe/rig.h"

struct cached {
	uint16_t status, type, size, off, seg, limit;
};

static void test_addresses(void **state)
{
	(void)state;
	rig_start(NULL);
	assert_ptr_equal(pxe_at(&rig.pxe, (struct segoff){0x10, 1}, 4), rig.memory + 0x20);
	assert_non_null(pxe_at(&rig.pxe, (struct segoff){0, 0}, 0x10000));
	assert_null(pxe_at(&rig.pxe, (struct segoff){1, 0}, 0x10000));
	assert_non_null(pxe_at(&rig.pxe, (struct segoff){0xffff, 0xffff}, 0));
	assert_ptr_equal(
		pxe_at(&rig.pxe, (struct segoff){0xffff, 0xffff}, 1), rig.memory + MEMORY - 1);
	assert_null(pxe_at(&rig.pxe, (struct segoff){0xffff, 0xffff}, 2));
	assert_null(pxe_at(&rig.pxe, (struct segoff){0, 0}, SIZE_MAX));
	assert_null(pxe_at(&rig.pxe, (struct segoff){0, NO_SEG}, 1));
}

static void test_nonsense(void **state)
{
	(void)state;
	rig_start(NULL);
	assert_int_equal(plain(0x4321), PXENV_STATUS_UNSUPPORTED);
	assert_int_equal(pxe_call(&rig.pxe, 0x71, (struct segoff){0xfff8, 0x100}), 1);
	assert_int_equal(pxe_call(&rig.pxe, 0x71, (struct segoff){0, NO_SEG}), 1);
	assert_int_equal(pxe_call(&rig.pxe, 0x4321, (struct segoff){0xffff, 0}), 1);
}

static void test_cached_pointer(void **state)
{
	struct cached c = {.type = 2};

	(void)state;
	rig_start(NULL);
	assert_int_equal(call(0x71, &c, sizeof(c)), PXENV_STATUS_SUCCESS);
	assert_int_equal(c.seg, BASE);
	assert_int_equal(c.off, PXE_PACKET_MAX);
	assert_int_equal(c.size, PXE_CACHED_MAX);
	assert_int_equal(c.limit, PXE_CACHED_MAX);
	c = (struct cached){.type = 0};
	assert_int_not_equal(call(0x71, &c, sizeof(c)), PXENV_STATUS_SUCCESS);
	c = (struct cached){.type = 4};
	assert_int_not_equal(call(0x71, &c, sizeof(c)), PXENV_STATUS_SUCCESS);
}

static void test_cached_copy(void **state)
{
	struct cached c = {.type = 3, .size = 50, .off = 5, .seg = BUFFER};
	uint8_t *to = rig.memory + BUFFER * 16 + 5;

	(void)state;
	rig_start(NULL);
	to[50] = 0x77;
	assert_int_equal(call(0x71, &c, sizeof(c)), PXENV_STATUS_SUCCESS);
	assert_int_equal(c.size, 50);
	assert_memory_equal(to, rig.pxe.base->packet[PXE_REPLY], 50);
	assert_int_equal(to[50], 0x77);
	c = (struct cached){.type = 3, .size = 0xffff, .off = 0xff00, .seg = 0};
	assert_int_equal(call(0x71, &c, sizeof(c)), PXENV_STATUS_FAILURE);
}

/* What the program does to our packets in this way is its own affair. */
static void test_cached_copy_onto_itself(void **state)
{
	struct cached c = {.type = 3, .size = 50, .seg = BASE};
	uint8_t *reply, want[50];

	(void)state;
	rig_start(NULL);
	reply = rig.pxe.base->packet[PXE_REPLY];
	for (unsigned i = 0; i < sizeof(want); i++)
		want[i] = reply[i] = (uint8_t)i;
	c.off = (uint16_t)(PXE_REPLY * PXE_PACKET_MAX + 7);
	assert_int_equal(call(0x71, &c, sizeof(c)), PXENV_STATUS_SUCCESS);
	assert_memory_equal(reply + 7, want, 50);
}

/* Memory is given back when both halves were, in any order, and never before. */
static void test_part(void **state)
{
	(void)state;
	rig_start(NULL);
	assert_int_equal(plain(0x70), PXENV_STATUS_SUCCESS);
	assert_false(rig.dev->is_open);
	assert_int_equal(plain(0x30), PXENV_STATUS_UNSUPPORTED); /* UDP_OPEN */
	assert_int_equal(rig.releases, 0);
	assert_int_equal(plain(0x15), PXENV_STATUS_SUCCESS);
	assert_int_equal(rig.releases, 1);
	memset(&rig.pxe, 0, sizeof(rig.pxe));
	rig_start(NULL);
	rig.refuses = true;
	assert_int_equal(plain(0x02), PXENV_STATUS_SUCCESS);
	assert_int_equal(rig.releases, 1);
	assert_int_equal(plain(0x70), PXENV_STATUS_KEEP_ALL);
	assert_int_equal(rig.releases, 2);
}

static void test_base(void **state)
{
	(void)state;
	rig_start(NULL);
	assert_int_equal(plain(0x00), PXENV_STATUS_SUCCESS);
	assert_int_equal(plain(0x76), PXENV_STATUS_SUCCESS);
	assert_int_equal(plain(0x30), PXENV_STATUS_UNSUPPORTED);
	assert_int_equal(plain(0x75), PXENV_STATUS_SUCCESS);
	assert_int_equal(plain(0x30), PXENV_STATUS_SUCCESS);
	assert_true(rig.dev->is_open);
}

static void test_restart_fails(void **state)
{
	(void)state;
	rig_start(NULL);
	assert_int_not_equal(plain(0x73), PXENV_STATUS_SUCCESS);
	assert_false(rig.pxe.restart);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nonsense, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cached_pointer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cached_copy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cached_copy_onto_itself, setup, teardown),
		cmocka_unit_test_setup_teardown(test_part, setup, teardown),
		cmocka_unit_test_setup_teardown(test_base, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restart_fails, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
