/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whole boots on networks that mean well: one machine and a hundred, several links, all kinds of
 * DHCP and TFTP servers, slow switches, lossy links, outages. In each the kernel that is entered
 * must be the server's file, byte for byte, the initrd where the kernel looks for it, and no server
 * may have seen the firmware break a protocol.
 */
#include "expect.h"
#include "router.h"

#define MS 1000u
#define S  1000000u

/* When the first block of a file left the server. */
static uint64_t first_byte_us(const struct sim_lab *l)
{
	return l->tftp->first_data_us;
}

/* When the DHCP server first heard a message of that type; WORLD_NEVER: it did not. */
static uint64_t heard_us(const struct sim_dhcpd *d, unsigned type)
{
	for (uint32_t i = 0; i < d->seens; i++)
		if (d->seen[i].type == type)
			return d->seen[i].at_us;
	return WORLD_NEVER;
}

/* Another DHCP or proxyDHCP server on the switch. */
static struct sim_dhcpd *second_server(struct sim_lab *l, const struct dhcpd_conf *conf)
{
	return dhcpd_new(lab_host(l, "second", IP4(10, 0, 0, 2)), conf);
}

static struct dhcpd_conf second_pool(const char *boot_file)
{
	return (struct dhcpd_conf){
		.pool = IP4(10, 0, 128, 0),
		.pool_len = 100,
		.mask = LAB_MASK,
		.router = LAB_SERVER,
		.next_server = LAB_SERVER,
		.boot_file = boot_file,
	};
}

static struct dhcpd_conf proxy(const char *offer_file, const char *pxe_file)
{
	return (struct dhcpd_conf){
		.role = DHCPD_PROXY,
		.next_server = LAB_SERVER,
		.boot_file = offer_file,
		.pxe_file = pxe_file,
		.port_4011 = true,
		.pxe_control = offer_file != NULL,
	};
}

/* ---- how many, how fast ---- */

static void test_one_machine_boots_within_a_second(void **state)
{
	struct sim_lab *l = lab_new(1, 1);
	struct sim_node *n = lab_node(l, NULL);

	(void)state;
	lab_run(l, 10);
	assert_true(n->end_us < S);
	assert_int_equal(l->dhcp->discovers, 1);
	assert_int_equal(l->dhcp->requests, 1);
	assert_int_equal(l->tftp->stats.requests, 3);
	assert_int_equal(l->tftp->stats.resent, 0);
	must_boot(l, 10);
}

static void test_hundred_machines_boot_in_one_process(void **state)
{
	struct sim_lab *l = lab_new(2, 100);

	(void)state;
	l->initrd->size = 300000;
	for (unsigned i = 0; i < 100; i++)
		lab_node(l, &(struct node_conf){.on_us = i * 10 * MS});
	must_boot(l, 60);
}

static void test_the_same_seed_is_the_same_run(void **state)
{
	uint64_t events[3], end[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct sim_lab *l = lab_new(i == 2 ? 8 : 7, 3);

		l->fault.loss_ppm = 50000;
		for (unsigned k = 0; k < 3; k++)
			lab_node(l, NULL);
		lab_run(l, 100);
		events[i] = l->w->events;
		end[i] = l->w->now_us;
		must_boot(l, 1);
	}
	assert_true(events[0] == events[1] && end[0] == end[1]);
	assert_true(events[0] != events[2] || end[0] != end[2]);
}

/* ---- several links ---- */

/* Four NICs; first_nics() has done something with the first three. */
static void four_nics(void (*first_nics)(struct sim_lab *l, struct sim_node *n))
{
	struct sim_lab *one = lab_new(4, 1), *l = lab_new(4, 4);
	struct sim_node *n = lab_node_unplugged(l, &(struct node_conf){.nics = 4});
	uint64_t alone;

	first_nics(l, n);
	lab_plug(l, node_port(n, 3));
	lab_run(l, 60);
	lab_node(one, NULL);
	lab_run(one, 60);
	alone = first_byte_us(one);
	must_boot(one, 1);
	assert_true(first_byte_us(l) <= alone + 1500 * MS);
	must_boot(l, 1);
}

static void no_cable(struct sim_lab *l, struct sim_node *n)
{
	(void)l;
	(void)n;
}

static void empty_switch(struct sim_lab *l, struct sim_node *n)
{
	struct sim_switch *empty = switch_new(l->w, "empty", 4);

	for (unsigned i = 0; i < 3; i++)
		link_new(l->w, node_port(n, i), switch_free_port(empty), NULL);
}

static void test_four_nics_of_which_only_the_last_has_a_cable(void **state)
{
	(void)state;
	four_nics(no_cable);
}

static void test_four_nics_of_which_only_the_last_has_a_network(void **state)
{
	(void)state;
	four_nics(empty_switch);
}

static void test_losers_leases_are_released_before_the_kernel_starts(void **state)
{
	struct sim_lab *l = lab_new(5, 3);

	(void)state;
	lab_node(l, &(struct node_conf){.nics = 3});
	l->tftp->conf.think_us = 2 * S;
	lab_run(l, 30);
	world_run(l->w, l->w->now_us + S);
	assert_int_equal(l->dhcp->acks, 3);
	assert_int_equal(l->dhcp->releases, 2);
	must_boot(l, 1);
}

static void test_a_link_with_a_boot_file_beats_one_with_a_lease(void **state)
{
	struct sim_lab *l = lab_new(6, 2);
	struct sim_node *n = lab_node_unplugged(l, &(struct node_conf){.nics = 2});
	struct sim_host *other = host_new(l->w, "other", IP4(172, 16, 0, 1), LAB_MASK);
	struct dhcpd_conf lease = {.pool = IP4(172, 16, 1, 1), .pool_len = 9, .mask = LAB_MASK};

	(void)state;
	link_new(l->w, node_port(n, 0), &other->port, NULL);
	lab_plug(l, node_port(n, 1));
	dhcpd_new(other, &lease);
	l->dhcp->conf.offer_delay_us = 100 * MS;
	must_boot(l, 30);
}

static void test_a_cable_plugged_in_late_is_found(void **state)
{
	struct sim_lab *l = lab_new(7, 1);

	(void)state;
	lab_node(l, NULL);
	link_set_up(l->link[0], false);
	link_cut(l->link[0], 0, 5 * S);
	must_boot(l, 30);
}

/* ---- when to stop waiting for offers ---- */

static void test_an_offer_with_a_boot_file_ends_the_wait_within_300_ms(void **state)
{
	struct sim_lab *l = lab_new(10, 1);
	uint64_t discover, request;

	(void)state;
	l->dhcp->conf.offer_delay_us = 50 * MS;
	lab_node(l, NULL);
	lab_run(l, 30);
	discover = heard_us(l->dhcp, MSG_DISCOVER);
	request = heard_us(l->dhcp, MSG_REQUEST);
	assert_true(request >= discover + 50 * MS);
	assert_true(request <= discover + 50 * MS + 300 * MS + MS);
	must_boot(l, 1);
}

static void test_an_offer_without_boot_file_waits_a_second_for_a_proxy(void **state)
{
	struct sim_lab *l = lab_new(11, 1);
	struct sim_dhcpd *d;
	struct dhcpd_conf conf = proxy("boot.ipxe", NULL);

	(void)state;
	l->dhcp->conf.boot_file = NULL;
	conf.offer_delay_us = 900 * MS;
	d = second_server(l, &conf);
	lab_node(l, NULL);
	lab_run(l, 30);
	assert_int_equal(d->offers, 1);
	must_boot(l, 1);
}

static void test_without_any_boot_file_it_says_so_after_a_second(void **state)
{
	struct sim_lab *l = lab_new(12, 1);

	(void)state;
	l->dhcp->conf.boot_file = NULL;
	lab_node(l, NULL);
	must_fail(l, 30, 2004, "no boot file");
	assert_true(heard_us(l->dhcp, MSG_REQUEST) <= heard_us(l->dhcp, MSG_DISCOVER) + S + MS);
	lab_free(l);
}

/* ---- many servers, and PXE ---- */

static void test_of_several_servers_the_one_with_the_boot_file_wins(void **state)
{
	struct sim_lab *l = lab_new(13, 1);
	struct dhcpd_conf conf = second_pool(NULL);
	struct sim_dhcpd *d = second_server(l, &conf);

	(void)state;
	l->dhcp->conf.offer_delay_us = 150 * MS;
	lab_node(l, NULL);
	lab_run(l, 30);
	assert_int_equal(d->offers, 1);
	assert_int_equal(d->acks, 0);
	assert_int_equal(l->dhcp->acks, 1);
	must_boot(l, 1);
}

static void test_a_pxe_server_beats_a_plain_boot_file(void **state)
{
	struct sim_lab *l = lab_new(14, 1);
	struct dhcpd_conf conf = second_pool("boot.ipxe");

	(void)state;
	conf.pxe_class = conf.pxe_control = true;
	conf.offer_delay_us = 60 * MS;
	second_server(l, &conf);
	l->dhcp->conf.boot_file = "nonsense";
	lab_node(l, NULL);
	must_boot(l, 30);
}

static void test_a_proxy_beats_a_plain_boot_file(void **state)
{
	struct sim_lab *l = lab_new(15, 1);
	struct dhcpd_conf conf = proxy("boot.ipxe", NULL);

	(void)state;
	conf.offer_delay_us = 60 * MS;
	second_server(l, &conf);
	l->dhcp->conf.boot_file = "nonsense";
	lab_node(l, NULL);
	must_boot(l, 30);
}

static void test_a_proxy_that_answers_only_on_port_4011(void **state)
{
	struct sim_lab *l = lab_new(16, 1);
	struct dhcpd_conf conf = proxy(NULL, "boot.ipxe");
	struct sim_dhcpd *d;

	(void)state;
	d = second_server(l, &conf);
	l->dhcp->conf.boot_file = NULL;
	lab_node(l, NULL);
	lab_run(l, 30);
	assert_int_equal(d->pxe_requests, 1);
	must_boot(l, 1);
}

static void test_a_pxe_server_on_the_dhcp_server_answers_on_port_4011(void **state)
{
	struct sim_lab *l = lab_new(17, 1);
	struct sim_host *h = lab_host(l, "pxe", IP4(10, 0, 0, 3));
	struct dhcpd_conf conf = second_pool(NULL);
	struct sim_dhcpd *d;

	(void)state;
	l->dhcp->conf.silent = true;
	conf.pxe_class = conf.port_4011 = true;
	conf.pxe_file = "boot.ipxe";
	d = dhcpd_new(h, &conf);
	lab_node(l, NULL);
	lab_run(l, 30);
	assert_int_equal(d->pxe_acks, 1);
	must_boot(l, 1);
}

static void test_a_proxy_that_never_answers_on_4011_is_left_alone(void **state)
{
	struct sim_lab *l = lab_new(18, 1);
	struct dhcpd_conf conf = proxy(NULL, NULL);

	(void)state;
	conf.port_4011 = false;
	second_server(l, &conf);
	lab_node(l, NULL);
	must_boot(l, 30);
}

static void test_through_a_relay_and_a_router(void **state)
{
	struct sim_lab *l = lab_new(19, 1);
	struct sim_router *r =
		router_new(l->w, IP4(10, 9, 0, 1), IP4(10, 0, 0, 254), LAB_MASK, LAB_SERVER);
	struct sim_node *n = lab_node_unplugged(l, NULL);

	(void)state;
	lab_plug(l, &r->side[1]->port);
	link_new(l->w, &r->side[0]->port, node_port(n, 0), NULL);
	l->server->gateway = IP4(10, 0, 0, 254);
	l->dhcp->conf.pool = IP4(10, 9, 1, 0);
	l->dhcp->conf.router = IP4(10, 9, 0, 1);
	must_boot(l, 30);
}

/* ---- how a server may say it ---- */

static void boots_with(void (*change)(struct sim_lab *l))
{
	struct sim_lab *l = lab_new(20, 1);

	change(l);
	lab_node(l, NULL);
	must_boot(l, 60);
}

static void as_options(struct sim_lab *l)
{
	l->dhcp->conf.file_in = FILE_OPTION;
	l->dhcp->conf.next_server = 0;
	l->dhcp->conf.server_name = "10.0.0.1";
}

static void as_options_and_fields(struct sim_lab *l)
{
	l->dhcp->conf.file_in = FILE_BOTH;
}

static void overloaded(struct sim_lab *l)
{
	l->dhcp->conf.overload = 3;
	l->dhcp->conf.main_max = 30;
	l->dhcp->conf.file_in = FILE_OPTION;
}

static void split(struct sim_lab *l)
{
	l->dhcp->conf.split = 3;
	l->dhcp->conf.file_in = FILE_OPTION;
}

static void always_broadcast(struct sim_lab *l)
{
	l->dhcp->conf.cast = CAST_BROADCAST;
}

static void always_unicast(struct sim_lab *l)
{
	l->dhcp->conf.cast = CAST_UNICAST;
}

static void small_mtu(struct sim_lab *l)
{
	dhcpd_option(&l->dhcp->conf, OPT_MTU, "\x02\x58", 2);
}

static void classless_route(struct sim_lab *l)
{
	/* 10.0.0.0/24 by 10.0.0.1, and a default route by it */
	dhcpd_option(&l->dhcp->conf, 121, "\x18\x0a\0\0\x0a\0\0\1\0\x0a\0\0\1", 13);
	l->dhcp->conf.router = 0;
}

static void slow_acks(struct sim_lab *l)
{
	l->dhcp->conf.ack_delay_us = 700 * MS;
}

static void test_dhcp_answers_in_all_forms(void **state)
{
	void (*const change[])(struct sim_lab * l) = {
		as_options,
		as_options_and_fields,
		overloaded,
		split,
		always_broadcast,
		always_unicast,
		small_mtu,
		classless_route,
		slow_acks,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(change) / sizeof(change[0]); i++)
		boots_with(change[i]);
}

static void test_option_26_bounds_the_block_size(void **state)
{
	struct sim_lab *l = lab_new(21, 1);

	(void)state;
	small_mtu(l);
	lab_node(l, NULL);
	lab_run(l, 30);
	assert_int_equal(l->tftp->seen[0].blksize, 600 - 32);
	must_boot(l, 1);
}

static void test_a_request_that_is_not_acknowledged_is_repeated_with_the_same_secs(void **state)
{
	struct sim_lab *l = lab_new(22, 1);

	(void)state;
	l->dhcp->conf.ignore_requests = 2;
	lab_node(l, NULL);
	lab_run(l, 30);
	assert_int_equal(l->dhcp->requests, 3);
	must_boot(l, 1);
}

static void no_options(struct sim_lab *l)
{
	l->tftp->conf.no_options = true;
}

static void refuses_options(struct sim_lab *l)
{
	l->tftp->conf.refuse_options = true;
}

static void no_windows(struct sim_lab *l)
{
	l->tftp->conf.lacks[TFTP_WINDOWSIZE] = true;
}

static void no_tsize(struct sim_lab *l)
{
	l->tftp->conf.lacks[TFTP_TSIZE] = true;
}

static void no_blksize(struct sim_lab *l)
{
	l->tftp->conf.lacks[TFTP_BLKSIZE] = true;
}

static void thinks_long(struct sim_lab *l)
{
	l->tftp->conf.think_us = 3 * S;
}

static void forgets_neighbours(struct sim_lab *l)
{
	l->server->arp_age_us = 1 * MS;
}

static void fragments(struct sim_lab *l)
{
	l->server->mtu = 576;
	l->server->order = ORDER_SHUFFLED;
}

static void test_tftp_servers_of_all_kinds(void **state)
{
	void (*const change[])(struct sim_lab * l) = {
		no_options,
		refuses_options,
		no_windows,
		no_tsize,
		no_blksize,
		thinks_long,
		forgets_neighbours,
		fragments,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(change) / sizeof(change[0]); i++)
		boots_with(change[i]);
}

static void test_files_that_end_at_block_boundaries(void **state)
{
	static const uint64_t sizes[] = {
		1, 1467, 1468, 1469, 2936, 1468 * 32 - 1, 1468 * 32, 1468 * 32 + 1, 1468 * 64};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct sim_lab *l = lab_new(23, 1);

		l->initrd->size = sizes[i];
		lab_node(l, NULL);
		lab_run(l, 30);
		assert_int_equal(l->tftp->stats.resent, 0);
		must_boot(l, 1);
	}
}

static void test_initrds_in_cpio_and_several_of_them(void **state)
{
	struct sim_lab *l = lab_new(24, 1);

	(void)state;
	tftpd_file(l->tftp, &(struct sim_file){.name = "key", .size = 33, .seed = 9});
	tftpd_file(l->tftp, &(struct sim_file){.name = "conf", .size = 5001, .seed = 10});
	l->want.initrd[1] = tftpd_find(l->tftp, "key");
	l->want.path[1] = "etc/key";
	l->want.initrd[2] = tftpd_find(l->tftp, "conf");
	l->want.path[2] = "a/long/way/down/to/a.conf";
	l->want.initrds = 3;
	lab_script(l,
		"#!ipxe\nkernel vmlinuz " LAB_CMDLINE "\ninitrd initrd.img\ninitrd key etc/key\n"
		"initrd conf a/long/way/down/to/a.conf mode=755\nboot\n");
	lab_node(l, NULL);
	must_boot(l, 30);
}

static void test_a_kernel_as_the_boot_file_itself(void **state)
{
	struct sim_lab *l = lab_new(25, 1);

	(void)state;
	l->dhcp->conf.boot_file = "vmlinuz";
	l->want.initrds = 0;
	l->want.cmdline = "";
	lab_node(l, NULL);
	must_boot(l, 30);
}

/* ---- slow, lossy, cut ---- */

static void test_a_port_that_spanning_tree_blocks_for_30_s(void **state)
{
	struct sim_lab *l = lab_new(30, 4);

	(void)state;
	l->sw->forward_delay_us = 30 * S;
	l->sw->bpdu_us = 2 * S;
	for (unsigned i = 0; i < 4; i++) {
		lab_node(l, NULL);
		link_set_up(l->link[i], false);
		link_cut(l->link[i], 0, 500 * MS); /* the port comes up with the machine */
	}
	must_boot(l, 120);
}

static void test_a_server_that_is_away_for_a_minute_at_power_on(void **state)
{
	struct sim_lab *l = lab_new(31, 10);

	(void)state;
	link_cut(l->server_link, 0, 60 * S);
	for (unsigned i = 0; i < 10; i++)
		lab_node(l, &(struct node_conf){.on_us = i * 100 * MS,
				    .script = "set dhcp-tries 20\nautoboot"});
	lab_run(l, 200);
	assert_true(l->w->now_us < 72 * S); /* all back within some 10 s of its return */
	must_boot(l, 1);
}

static void test_a_cable_pulled_for_5_s_in_the_middle(void **state)
{
	struct sim_lab *l = lab_new(32, 2);

	(void)state;
	l->initrd->size = 4000000;
	lab_node(l, NULL);
	lab_node(l, NULL);
	link_cut(l->link[0], 220 * MS, 5220 * MS);
	link_cut(l->link[1], 205 * MS, 5205 * MS);
	must_boot(l, 60);
}

/* The standby server takes the address over, and nobody tells. */
static void test_a_server_that_moves_to_another_mac(void **state)
{
	struct sim_lab *l = lab_new(33, 1);

	(void)state;
	link_set_fault(l->server_link, &(struct sim_fault){.rate_bps = 20000000});
	lab_node(l, NULL);
	world_run(l->w, 300 * MS); /* the transfer has begun */
	assert_int_equal(tftpd_active(l->tftp), 1);
	l->server->mac[5] ^= 1;
	lab_run(l, 60);
	assert_true(l->node[0]->end_us < 15 * S);
	must_boot(l, 1);
}

/* The server starts anew: it knows nothing of the transfer, and answers its ACKs with "port
 * unreachable". */
static void test_a_server_that_restarts_in_the_middle(void **state)
{
	struct sim_lab *l = lab_new(34, 1);

	(void)state;
	link_set_fault(l->server_link, &(struct sim_fault){.rate_bps = 20000000});
	lab_node(l, NULL);
	world_run(l->w, 300 * MS);
	assert_int_equal(tftpd_active(l->tftp), 1);
	l->server->down = true;
	tftpd_restart(l->tftp);
	world_run(l->w, 5 * S);
	l->server->down = false;
	lab_run(l, 60);
	assert_true(l->node[0]->end_us < 30 * S);
	must_boot(l, 1);
}

static void test_ten_percent_of_everything(void **state)
{
	(void)state;
	for (uint64_t seed = 40; seed < 46; seed++) {
		struct sim_lab *l = lab_new(seed, 4);

		l->fault.loss_ppm = l->fault.dup_ppm = l->fault.reorder_ppm = l->fault.corrupt_ppm =
			100000;
		l->fault.reorder_us = 500;
		l->initrd->size = 200000;
		for (unsigned i = 0; i < 4; i++)
			lab_node(l, NULL);
		must_boot(l, 300);
	}
}

static void test_bursts_of_loss(void **state)
{
	struct sim_lab *l = lab_new(50, 4);

	(void)state;
	l->fault.burst_enter_ppm = 2000;
	l->fault.burst_us = 200 * MS;
	l->fault.burst_loss_ppm = 900000;
	for (unsigned i = 0; i < 4; i++)
		lab_node(l, NULL);
	must_boot(l, 300);
}

static void test_a_ring_of_16_slots_and_a_slow_processor(void **state)
{
	struct sim_lab *l = lab_new(51, 1);
	struct sim_node *n = lab_node(l, &(struct node_conf){.ring = 16, .turn_us = 300});

	(void)state;
	lab_run(l, 60);
	assert_true(n->nic[0].overruns < 200);
	must_boot(l, 1);
}

static void test_a_congested_server_port(void **state)
{
	struct sim_lab *l = lab_new(52, 30);
	const struct sim_fault narrow = {
		.rate_bps = 100000000, .queue_bytes = 64 * 1024, .delay_us = 5};

	(void)state;
	link_set_fault(l->server_link, &narrow);
	l->initrd->size = 300000;
	for (unsigned i = 0; i < 30; i++)
		lab_node(l, NULL);
	must_boot(l, 120);
}

static void test_a_file_of_64_mib_on_a_node_that_keeps_no_bytes(void **state)
{
	struct sim_lab *l = lab_new(53, 1);

	(void)state;
	l->initrd->size = 64 << 20;
	lab_node(l, &(struct node_conf){.sparse = true});
	must_boot(l, 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_machine_boots_within_a_second),
		cmocka_unit_test(test_hundred_machines_boot_in_one_process),
		cmocka_unit_test(test_the_same_seed_is_the_same_run),
		cmocka_unit_test(test_four_nics_of_which_only_the_last_has_a_cable),
		cmocka_unit_test(test_four_nics_of_which_only_the_last_has_a_network),
		cmocka_unit_test(test_losers_leases_are_released_before_the_kernel_starts),
		cmocka_unit_test(test_a_link_with_a_boot_file_beats_one_with_a_lease),
		cmocka_unit_test(test_a_cable_plugged_in_late_is_found),
		cmocka_unit_test(test_an_offer_with_a_boot_file_ends_the_wait_within_300_ms),
		cmocka_unit_test(test_an_offer_without_boot_file_waits_a_second_for_a_proxy),
		cmocka_unit_test(test_without_any_boot_file_it_says_so_after_a_second),
		cmocka_unit_test(test_of_several_servers_the_one_with_the_boot_file_wins),
		cmocka_unit_test(test_a_pxe_server_beats_a_plain_boot_file),
		cmocka_unit_test(test_a_proxy_beats_a_plain_boot_file),
		cmocka_unit_test(test_a_proxy_that_answers_only_on_port_4011),
		cmocka_unit_test(test_a_pxe_server_on_the_dhcp_server_answers_on_port_4011),
		cmocka_unit_test(test_a_proxy_that_never_answers_on_4011_is_left_alone),
		cmocka_unit_test(test_through_a_relay_and_a_router),
		cmocka_unit_test(test_dhcp_answers_in_all_forms),
		cmocka_unit_test(test_option_26_bounds_the_block_size),
		cmocka_unit_test(
			test_a_request_that_is_not_acknowledged_is_repeated_with_the_same_secs),
		cmocka_unit_test(test_tftp_servers_of_all_kinds),
		cmocka_unit_test(test_files_that_end_at_block_boundaries),
		cmocka_unit_test(test_initrds_in_cpio_and_several_of_them),
		cmocka_unit_test(test_a_kernel_as_the_boot_file_itself),
		cmocka_unit_test(test_a_port_that_spanning_tree_blocks_for_30_s),
		cmocka_unit_test(test_a_server_that_is_away_for_a_minute_at_power_on),
		cmocka_unit_test(test_a_cable_pulled_for_5_s_in_the_middle),
		cmocka_unit_test(test_a_server_that_moves_to_another_mac),
		cmocka_unit_test(test_a_server_that_restarts_in_the_middle),
		cmocka_unit_test(test_ten_percent_of_everything),
		cmocka_unit_test(test_bursts_of_loss),
		cmocka_unit_test(test_a_ring_of_16_slots_and_a_slow_processor),
		cmocka_unit_test(test_a_congested_server_port),
		cmocka_unit_test(test_a_file_of_64_mib_on_a_node_that_keeps_no_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
