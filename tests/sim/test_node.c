/* SPDX-License-Identifier: BSD-2-Clause */
/* The simulated computer itself: that it notices what it is there to notice. */
#include "config/system.h"
#include "expect.h"

static struct sim_lab *lab_with_node(uint64_t seed)
{
	struct sim_lab *l = lab_new(seed, 1);

	lab_node(l, NULL);
	return l;
}

/* Boots, and fails the test unless the world complains about `what`. */
static void expect_complaint(struct sim_lab *l, const char *what)
{
	lab_run(l, 30);
	lab_close(l);
	if (!world_violated(l->w, what))
		fail_msg("no complaint about \"%s\", but: %s", what, l->w->violation[0]);
	lab_free(l);
}

static void test_notices_wrong_bytes(void **state)
{
	struct sim_lab *l = lab_with_node(1);

	(void)state;
	l->dhcp->conf.boot_file = "vmlinuz";
	l->tftp->conf.tricks.corrupt_data = true;
	expect_complaint(l, "vmlinuz: wrong bytes");
}

static void test_notices_another_kernel(void **state)
{
	struct sim_lab *l = lab_with_node(2);
	static uint8_t head[KERNEL_HEAD];
	struct sim_file other = {.name = "other", .seed = 77};

	(void)state;
	lab_make_kernel(&other, head, 300000);
	l->want.kernel = &other;
	expect_complaint(l, "boot: the kernel's code is not at");
}

static void test_notices_another_initrd(void **state)
{
	struct sim_lab *l = lab_with_node(3);
	struct sim_file other = {.name = "other", .size = 700000, .seed = 77};

	(void)state;
	l->want.initrd[0] = &other;
	expect_complaint(l, "boot: initrd other is not where");
}

static void test_notices_an_initrd_too_many(void **state)
{
	struct sim_lab *l = lab_with_node(4);

	(void)state;
	l->want.initrds = 0;
	expect_complaint(l, "boot: something follows the initrds");
}

static void test_notices_another_command_line(void **state)
{
	struct sim_lab *l = lab_with_node(5);

	(void)state;
	l->want.cmdline = "console=ttyS1";
	expect_complaint(l, "boot: command line is \"console=ttyS0 quiet\"");
}

static void test_notices_a_wrong_cpio_path(void **state)
{
	struct sim_lab *l = lab_with_node(6);

	(void)state;
	lab_script(l, "#!ipxe\nkernel vmlinuz " LAB_CMDLINE "\ninitrd initrd.img etc/a\nboot\n");
	l->want.path[0] = "etc/b";
	expect_complaint(l, "boot: initrd initrd.img is not where");
}

static void test_notices_memory_access_outside_of_images(void **state)
{
	struct sim_lab *l = lab_with_node(7);
	struct sim_node *n = l->node[0];
	uint8_t byte = 0;

	(void)state;
	lab_run(l, 30);
	assert_int_equal(l->w->violations, 0);
	n->sys->m.plat->phys_write(n, 0x100000, &byte, 1);
	assert_true(world_violated(l->w, "writes 1 bytes to 100000, outside of any image"));
	n->sys->m.plat->phys_read(n, &byte, 0x200000, 1);
	assert_true(world_violated(l->w, "reads 1 bytes from 200000"));
	n->sys->m.plat->phys_move(n, 0x100000, 0x200000, 1);
	assert_true(world_violated(l->w, "moves 1 bytes"));
	lab_free(l);
}

static void test_notices_control_characters(void **state)
{
	struct sim_lab *l = lab_with_node(8);

	(void)state;
	world_run(l->w, 1000);
	l->node[0]->sys->m.plat->putc(l->node[0], 27);
	assert_true(world_violated(l->w, "control character 1b"));
	lab_free(l);
}

static void test_notices_a_lost_packet(void **state)
{
	struct sim_lab *l = lab_with_node(9);

	(void)state;
	world_run(l->w, 1000);
	assert_non_null(pkt_alloc(&l->node[0]->sys->net.pool));
	node_off(l->node[0]);
	assert_int_equal(l->node[0]->state, NODE_OFF);
	assert_true(world_violated(l->w, "1 packets are not back in the pool"));
	lab_free(l);
}

static void test_switched_off_at_any_time_it_gives_all_packets_back(void **state)
{
	(void)state;
	for (uint64_t at = 1; at < 215000; at += 1777) {
		struct sim_lab *l = lab_with_node(10);

		world_run(l->w, at);
		node_off(l->node[0]);
		assert_int_equal(l->w->violations, 0);
		lab_free(l);
	}
}

static void test_keys_are_typed_when_they_are_due(void **state)
{
	static const struct node_key keys[] = {
		{100000, 2},
		{300000, 'e'},
		{300000, 'c'},
		{310000, 'h'},
		{310000, 'o'},
		{310000, ' '},
		{310000, 'X'},
		{310000, 'Y'},
		{310000, '\r'},
		{400000, 'p'},
		{400000, 'o'},
		{400000, 'w'},
		{400000, 'e'},
		{400000, 'r'},
		{400000, 'o'},
		{400000, 'f'},
		{400000, 'f'},
		{500000, '\r'},
	};
	struct sim_lab *l = lab_new(11, 1);
	struct sim_node *n;

	(void)state;
	n = lab_node(
		l, &(struct node_conf){.keys = keys, .keys_len = sizeof(keys) / sizeof(keys[0])});
	assert_true(lab_run(l, 10));
	lab_close(l);
	assert_int_equal(n->state, NODE_POWERED_OFF);
	assert_in_range(n->end_us, 500000, 510000);
	assert_true(node_says(n, "\nXY\n"));
	assert_int_equal(l->w->violations, 0);
	lab_free(l);
}

static void test_its_own_script_and_its_end(void **state)
{
	struct sim_lab *l = lab_new(12, 3);

	(void)state;
	lab_node(l, &(struct node_conf){.script = "exit 7"});
	lab_node(l, &(struct node_conf){.script = "sleep 3\nreboot"});
	lab_node(l, &(struct node_conf){.script = "dhcp\nifstat", .on_us = 500000});
	assert_true(lab_run(l, 10));
	assert_int_equal(l->node[0]->state, NODE_EXITED);
	assert_int_equal(l->node[0]->exit_code, 7);
	assert_int_equal(l->node[1]->state, NODE_REBOOTED);
	assert_in_range(l->node[1]->end_us, 3000000, 3001000);
	assert_int_equal(l->node[2]->state, NODE_EXITED);
	assert_true(node_counts(l->node[2], 0).tx >= 3);
	lab_free(l);
}

static void test_a_full_ring_loses_frames(void **state)
{
	struct sim_lab *l = lab_new(13, 1);
	struct sim_node *n = lab_node(l, &(struct node_conf){.ring = 8, .turn_us = 2000});
	uint8_t frame[60] = {255, 255, 255, 255, 255, 255, 2};

	(void)state;
	world_run(l->w, 50100); /* between two turns */
	for (unsigned i = 0; i < 20; i++)
		host_send_frame(l->server, frame, sizeof(frame));
	world_run(l->w, 50200);
	assert_in_range(n->nic[0].waiting + n->nic[0].overruns, 18, 20);
	assert_true(n->nic[0].overruns >= 10);
	must_boot(l, 30);
}

static void test_sparse_nodes_boot_the_same(void **state)
{
	struct sim_lab *l = lab_new(14, 2);

	(void)state;
	l->initrd->size = 5000000;
	lab_node(l, &(struct node_conf){.sparse = true});
	lab_node(l, NULL);
	lab_run(l, 30);
	assert_null(l->node[0]->page[(256u << 20) / NODE_PAGE]);
	assert_int_equal(l->node[0]->written, l->node[1]->written);
	must_boot(l, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_notices_wrong_bytes),
		cmocka_unit_test(test_notices_another_kernel),
		cmocka_unit_test(test_notices_another_initrd),
		cmocka_unit_test(test_notices_an_initrd_too_many),
		cmocka_unit_test(test_notices_another_command_line),
		cmocka_unit_test(test_notices_a_wrong_cpio_path),
		cmocka_unit_test(test_notices_memory_access_outside_of_images),
		cmocka_unit_test(test_notices_control_characters),
		cmocka_unit_test(test_notices_a_lost_packet),
		cmocka_unit_test(test_switched_off_at_any_time_it_gives_all_packets_back),
		cmocka_unit_test(test_keys_are_typed_when_they_are_due),
		cmocka_unit_test(test_its_own_script_and_its_end),
		cmocka_unit_test(test_a_full_ring_loses_frames),
		cmocka_unit_test(test_sparse_nodes_boot_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
