/* SPDX-License-Identifier: BSD-2-Clause */
/* The DHCP server model: what it answers, where to, and that its judge sees each breach of the
 * rules. */
#include "client.h"
#include "dhcpd.h"
#include "router.h"
#include "switch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define SERVER IP4(10, 0, 0, 1)
#define OTHER  IP4(10, 0, 0, 2)
#define MASK   0xffffff00u

struct lan {
	struct sim_world *w;
	struct sim_switch *s;
	struct sim_host *h;
	struct sim_dhcpd *d;
	struct sim_client *c;
};

static const struct dhcpd_conf plain = {
	.pool = IP4(10, 0, 0, 100),
	.pool_len = 3,
	.mask = MASK,
	.router = SERVER,
	.lease_s = 600,
	.next_server = SERVER,
	.server_name = "boss",
	.boot_file = "kernel",
};

static void lan_open(struct lan *l, const struct dhcpd_conf *conf)
{
	memset(l, 0, sizeof(*l));
	l->w = world_new(3);
	l->s = switch_new(l->w, "sw", 8);
	l->h = host_new(l->w, "dhcpd", SERVER, MASK);
	l->c = client_new(l->w, "client", 1);
	link_new(l->w, &l->h->port, switch_free_port(l->s), NULL);
	link_new(l->w, &l->c->h->port, switch_free_port(l->s), NULL);
	l->d = dhcpd_new(l->h, conf ? conf : &plain);
}

static void lan_close(struct lan *l)
{
	if (l->w->violations)
		fail_msg("%u violations, first: %s", l->w->violations, l->w->violation[0]);
	world_free(l->w);
}

static void run(struct lan *l)
{
	world_run(l->w, l->w->now_us + 500000);
}

static unsigned answer(const struct lan *l)
{
	return bootp_type(&l->c->in);
}

static void say(struct lan *l, unsigned type)
{
	struct bootp_out *msg = sim_alloc(sizeof(*msg));

	client_message(l->c, msg, type);
	client_send(l->c, msg);
	free(msg);
	run(l);
}

/* ---- what it answers ---- */

static void test_four_messages(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, NULL);
	assert_true(client_bind(l.c));
	assert_int_equal(l.c->h->ip, IP4(10, 0, 0, 100));
	assert_int_equal(l.c->h->mask, MASK);
	assert_int_equal(l.c->h->gateway, SERVER);
	assert_int_equal(l.c->in.h.siaddr, SERVER);
	assert_string_equal((char *)l.c->in.h.file, "kernel");
	assert_string_equal((char *)l.c->in.h.sname, "boss");
	assert_int_equal(bootp_get_ip(&l.c->in, OPT_LEASE), 600);
	assert_int_equal(l.c->in.len, BOOTP_MIN);
	assert_int_equal(l.d->discovers + l.d->offers + l.d->requests + l.d->acks, 4);
	assert_int_equal(l.d->seens, 2);
	assert_int_equal(l.d->seen[1].type, MSG_REQUEST);
	say(&l, MSG_RELEASE);
	assert_int_equal(l.d->releases, 1);
	lan_close(&l);
}

static void test_addresses_stay_with_their_mac_and_run_out(void **state)
{
	struct sim_client *more[4];
	struct lan l;

	(void)state;
	lan_open(&l, NULL);
	assert_true(client_bind(l.c));
	for (unsigned i = 0; i < 4; i++) {
		more[i] = client_new(l.w, "more", 10 + i);
		link_new(l.w, &more[i]->h->port, switch_free_port(l.s), NULL);
		assert_int_equal(client_bind(more[i]), i < 2);
	}
	assert_int_equal(more[1]->h->ip, IP4(10, 0, 0, 102));
	l.c->h->ip = 0;
	l.c->xid++;
	assert_true(client_bind(l.c));
	assert_int_equal(l.c->h->ip, IP4(10, 0, 0, 100));
	lan_close(&l);
}

static void test_decline_gets_another_address(void **state)
{
	struct lan l;

	(void)state;
	lan_open(&l, NULL);
	assert_true(client_bind(l.c));
	l.c->h->ip = 0;
	say(&l, MSG_DECLINE);
	assert_int_equal(l.d->declines, 1);
	l.c->xid++;
	assert_true(client_bind(l.c));
	assert_int_equal(l.c->h->ip, IP4(10, 0, 0, 101));
	lan_close(&l);
}

static void test_refuses_as_often_as_told(void **state)
{
	struct dhcpd_conf conf = plain;
	struct lan l;

	(void)state;
	conf.naks = 1;
	conf.ignore_requests = 1;
	lan_open(&l, &conf);
	say(&l, MSG_DISCOVER);
	say(&l, MSG_REQUEST);
	assert_int_equal(answer(&l), MSG_OFFER);
	say(&l, MSG_REQUEST);
	assert_int_equal(answer(&l), MSG_NAK);
	assert_int_equal(l.c->in.h.yiaddr, 0);
	l.c->xid++;
	assert_true(client_bind(l.c));
	assert_int_equal(l.d->naks, 1);
	lan_close(&l);
}

static void test_delay_and_silence(void **state)
{
	struct dhcpd_conf conf = plain;
	struct lan l;

	(void)state;
	conf.offer_delay_us = 700000;
	lan_open(&l, &conf);
	say(&l, MSG_DISCOVER);
	assert_int_equal(l.c->answers, 0);
	run(&l);
	assert_int_equal(answer(&l), MSG_OFFER);
	l.d->conf.silent = true;
	say(&l, MSG_REQUEST);
	run(&l);
	run(&l);
	assert_int_equal(answer(&l), MSG_OFFER);
	lan_close(&l);
}

static unsigned heard_broadcasts;

static void count_broadcasts(void *ctx, struct sim_frame *f)
{
	(void)ctx;
	heard_broadcasts += mac_is_broadcast(f->data) && wire_get16(f->data + 12) == TYPE_IP;
}

static void test_broadcast_only_for_who_wants_it(void **state)
{
	struct bootp_out *msg = sim_alloc(sizeof(*msg));
	struct lan l;

	(void)state;
	lan_open(&l, NULL);
	l.c->h->watch = count_broadcasts;
	heard_broadcasts = 0;
	say(&l, MSG_DISCOVER);
	assert_int_equal(heard_broadcasts, 0);
	client_message(l.c, msg, MSG_DISCOVER);
	msg->h.flags = 0x8000;
	client_send(l.c, msg);
	run(&l);
	assert_int_equal(heard_broadcasts, 1);
	l.d->conf.cast = CAST_UNICAST;
	client_send(l.c, msg);
	run(&l);
	assert_int_equal(heard_broadcasts, 1);
	l.d->conf.cast = CAST_BROADCAST;
	say(&l, MSG_DISCOVER);
	assert_int_equal(heard_broadcasts, 2);
	assert_int_equal(l.c->answers, 4);
	free(msg);
	lan_close(&l);
}

static void test_options_asked_for_and_not(void **state)
{
	struct dhcpd_conf conf = plain;
	uint8_t mtu[2];
	struct lan l;

	(void)state;
	dhcpd_option(&conf, OPT_MTU, "\x05\xdc", 2);
	dhcpd_option(&conf, OPT_DOMAIN, "example", 7);
	lan_open(&l, &conf);
	say(&l, MSG_DISCOVER);
	assert_int_equal(bootp_get(&l.c->in, OPT_MTU, mtu, 2), 2);
	assert_int_equal(wire_get16(mtu), 1500);
	assert_int_equal(bootp_count(&l.c->in, OPT_DOMAIN, NULL), 0);
	l.d->conf.every_option = true;
	say(&l, MSG_DISCOVER);
	assert_int_equal(bootp_count(&l.c->in, OPT_DOMAIN, NULL), 1);
	lan_close(&l);
}

static void test_long_options_are_split(void **state)
{
	struct dhcpd_conf conf = plain;
	char path[400], got[400];
	uint32_t len;
	struct lan l;

	(void)state;
	for (size_t i = 0; i < sizeof(path); i++)
		path[i] = (char)('a' + i % 26);
	dhcpd_option(&conf, OPT_PXELINUX_PREFIX, path, sizeof(path));
	conf.split = 100;
	lan_open(&l, &conf);
	say(&l, MSG_DISCOVER);
	assert_int_equal(bootp_count(&l.c->in, OPT_PXELINUX_PREFIX, &len), 4);
	assert_int_equal(len, 400);
	assert_int_equal(bootp_get(&l.c->in, OPT_PXELINUX_PREFIX, got, 400), 400);
	assert_memory_equal(got, path, 400);
	lan_close(&l);
}

static void test_overload_moves_options_into_the_fields(void **state)
{
	struct dhcpd_conf conf = plain;
	char long_file[161], got[161] = "";
	struct lan l;

	(void)state;
	memset(long_file, 'k', 160);
	long_file[160] = 0;
	conf.boot_file = long_file;
	conf.overload = 3;
	conf.main_max = 40;
	lan_open(&l, &conf);
	say(&l, MSG_DISCOVER);
	assert_int_equal(l.c->in.h.yiaddr, IP4(10, 0, 0, 100));
	assert_true(bootp_count(&l.c->in, OPT_BOOTFILE, NULL) >= 2);
	assert_int_equal(bootp_get(&l.c->in, OPT_BOOTFILE, got, 160), 160);
	assert_string_equal(got, long_file);
	assert_int_equal(bootp_get(&l.c->in, OPT_TFTP_NAME, got, 4), 4);
	assert_memory_equal(got, "boss", 4);
	lan_close(&l);
}

static void test_boot_file_as_an_option(void **state)
{
	struct dhcpd_conf conf = plain;
	char got[8] = "";
	struct lan l;

	(void)state;
	conf.file_in = FILE_OPTION;
	lan_open(&l, &conf);
	say(&l, MSG_DISCOVER);
	assert_int_equal(l.c->in.h.file[0], 0);
	assert_int_equal(bootp_get(&l.c->in, OPT_BOOTFILE, got, 8), 6);
	assert_string_equal(got, "kernel");
	assert_int_equal(bootp_get(&l.c->in, OPT_TFTP_NAME, got, 8), 4);
	l.d->conf.file_in = FILE_BOTH;
	say(&l, MSG_DISCOVER);
	assert_string_equal((char *)l.c->in.h.file, "kernel");
	assert_int_equal(bootp_count(&l.c->in, OPT_BOOTFILE, NULL), 1);
	lan_close(&l);
}

static void test_two_servers_and_the_choice(void **state)
{
	struct dhcpd_conf second = plain;
	struct sim_host *h;
	struct sim_dhcpd *d;
	struct lan l;

	(void)state;
	lan_open(&l, NULL);
	h = host_new(l.w, "other", OTHER, MASK);
	link_new(l.w, &h->port, switch_free_port(l.s), NULL);
	second.pool = IP4(10, 0, 0, 200);
	second.offer_delay_us = 1000;
	d = dhcpd_new(h, &second);
	assert_true(client_bind(l.c));
	assert_int_equal(l.c->answers, 3);
	assert_int_equal(l.c->h->ip, IP4(10, 0, 0, 200));
	assert_int_equal(d->acks, 1);
	assert_int_equal(l.d->acks, 0);
	assert_int_equal(l.d->client[0]->lease, LEASE_NONE);
	lan_close(&l);
}

static void proxy_lan(struct lan *l, struct sim_dhcpd **proxy, bool file_in_offer)
{
	struct dhcpd_conf server = plain;
	struct dhcpd_conf conf = {
		.role = DHCPD_PROXY,
		.port_4011 = true,
		.next_server = OTHER,
		.pxe_file = "pxe.0",
		.boot_file = file_in_offer ? "offer.0" : NULL,
		.pxe_control = true,
	};
	struct sim_host *h;

	server.boot_file = NULL;
	lan_open(l, &server);
	h = host_new(l->w, "proxy", OTHER, MASK);
	link_new(l->w, &h->port, switch_free_port(l->s), NULL);
	conf.offer_delay_us = 1000;
	*proxy = dhcpd_new(h, &conf);
}

static void test_proxy_offers_to_pxe_clients(void **state)
{
	struct bootp_out *msg = sim_alloc(sizeof(*msg));
	struct sim_dhcpd *proxy;
	uint8_t vendor[8];
	struct lan l;

	(void)state;
	proxy_lan(&l, &proxy, true);
	say(&l, MSG_DISCOVER);
	assert_int_equal(l.c->answers, 2);
	assert_int_equal(l.c->server, OTHER);
	assert_int_equal(l.c->in.h.yiaddr, 0);
	assert_int_equal(l.c->in.h.siaddr, OTHER);
	assert_string_equal((char *)l.c->in.h.file, "offer.0");
	assert_int_equal(bootp_count(&l.c->in, OPT_CLASS, NULL), 1);
	assert_int_equal(bootp_get(&l.c->in, OPT_VENDOR, vendor, 8), 4);
	assert_memory_equal(vendor, "\6\1\10\377", 4);
	client_message(l.c, msg, MSG_DISCOVER);
	bootp_remove(msg, OPT_CLASS);
	client_send(l.c, msg);
	run(&l);
	assert_int_equal(l.c->server, SERVER);
	assert_int_equal(proxy->offers, 1);
	assert_int_equal(l.w->violations, 4); /* both servers miss option 60, twice each */
	l.w->violations = 0;
	free(msg);
	lan_close(&l);
}

static void test_proxy_answers_on_4011(void **state)
{
	struct bootp_out *msg = sim_alloc(sizeof(*msg));
	uint8_t bytes[548];
	struct host_out out = {.dst_ip = OTHER, .src_port = 68, .dst_port = 4011, .data = bytes};
	struct sim_dhcpd *proxy;
	struct lan l;

	(void)state;
	proxy_lan(&l, &proxy, false);
	proxy->conf.silent = true; /* so that client_bind() sees the plain server's offer last */
	assert_true(client_bind(l.c));
	proxy->conf.silent = false;
	client_message(l.c, msg, MSG_REQUEST);
	bootp_remove(msg, OPT_SERVER_ID);
	bootp_remove(msg, OPT_REQUESTED_IP);
	msg->h.ciaddr = l.c->h->ip;
	out.len = bootp_emit(msg, bytes, sizeof(bytes));
	host_send(l.c->h, &out);
	run(&l);
	assert_int_equal(answer(&l), MSG_ACK);
	assert_int_equal(l.c->answer_port, 4011);
	assert_string_equal((char *)l.c->in.h.file, "pxe.0");
	assert_int_equal(proxy->pxe_acks, 1);
	free(msg);
	lan_close(&l);
}

static void test_relay(void **state)
{
	struct sim_world *w = world_new(1);
	struct sim_router *r = router_new(w, IP4(10, 0, 1, 1), IP4(10, 0, 0, 254), MASK, SERVER);
	struct sim_host *h = host_new(w, "dhcpd", SERVER, MASK);
	struct sim_client *c = client_new(w, "client", 1);
	struct dhcpd_conf conf = plain;
	struct sim_dhcpd *d;

	(void)state;
	link_new(w, &r->side[0]->port, &c->h->port, NULL);
	link_new(w, &r->side[1]->port, &h->port, NULL);
	h->gateway = IP4(10, 0, 0, 254);
	conf.pool = IP4(10, 0, 1, 50);
	conf.router = IP4(10, 0, 1, 1);
	d = dhcpd_new(h, &conf);
	assert_true(client_bind(c));
	assert_int_equal(c->h->ip, IP4(10, 0, 1, 50));
	assert_int_equal(c->in.h.giaddr, IP4(10, 0, 1, 1));
	assert_int_equal(r->relayed, 2);
	assert_int_equal(r->returned, 2);
	assert_int_equal(d->acks, 1);
	assert_int_equal(w->violations, 0);
	world_free(w);
}

static void test_relayed_breaches_are_seen_too(void **state)
{
	struct sim_world *w = world_new(1);
	struct sim_router *r = router_new(w, IP4(10, 0, 1, 1), IP4(10, 0, 0, 254), MASK, SERVER);
	struct sim_host *h = host_new(w, "dhcpd", SERVER, MASK);
	struct sim_client *c = client_new(w, "client", 1);
	struct bootp_out *msg = sim_alloc(sizeof(*msg));

	(void)state;
	link_new(w, &r->side[0]->port, &c->h->port, NULL);
	link_new(w, &r->side[1]->port, &h->port, NULL);
	dhcpd_new(h, &plain);
	client_message(c, msg, MSG_DISCOVER);
	bootp_remove(msg, OPT_ARCH);
	client_send(c, msg);
	world_run(w, 1000000);
	assert_true(world_violated(w, "option 93 missing"));
	free(msg);
	world_free(w);
}

static void tamper_type(
	void *ctx, struct sim_dhcpd *d, unsigned type, uint8_t *msg, uint32_t *len, uint32_t cap)
{
	(void)d;
	(void)type;
	assert_true(*len >= BOOTP_MIN && cap >= *len);
	msg[236] = 0;
	++*(unsigned *)ctx;
}

static void test_answers_can_be_spoiled(void **state)
{
	struct lan l;
	unsigned spoiled = 0;

	(void)state;
	lan_open(&l, NULL);
	l.d->conf.tamper = tamper_type;
	l.d->conf.tamper_ctx = &spoiled;
	say(&l, MSG_DISCOVER);
	assert_int_equal(spoiled, 1);
	assert_false(l.c->in.cookie);
	lan_close(&l);
}

/* ---- the judge ---- */

/* A way to spoil a message, and what the judge must say of it. */
struct breach {
	unsigned type;
	const char *why;
	void (*spoil)(struct bootp_out *m);
};

#define SPOIL(name, what)                                                                          \
	static void name(struct bootp_out *m)                                                      \
	{                                                                                          \
		what;                                                                              \
	}
SPOIL(htype, m->h.htype = 6)
SPOIL(hops, m->h.hops = 1)
SPOIL(flags, m->h.flags = 1)
SPOIL(yiaddr, m->h.yiaddr = 1)
SPOIL(siaddr, m->h.siaddr = 1)
SPOIL(chaddr_tail, m->h.chaddr[15] = 1)
SPOIL(chaddr, m->h.chaddr[5]++)
SPOIL(file, m->h.file[0] = 'x')
SPOIL(sname, m->h.sname[0] = 'x')
SPOIL(short_message, m->no_padding = true; bootp_remove(m, OPT_UUID); bootp_remove(m, OPT_CLASS))
SPOIL(no_end, m->no_end = true)
SPOIL(twice, bootp_add8(m, OPT_TYPE, MSG_DISCOVER))
SPOIL(long_id, bootp_add(m, OPT_CLIENT_ID, "x", 1))
SPOIL(size_575, bootp_remove(m, OPT_MAX_SIZE); bootp_add(m, OPT_MAX_SIZE, "\x02\x3f", 2))
SPOIL(ciaddr, m->h.ciaddr = SERVER; m->h.flags = 0)
SPOIL(xid_0, m->h.xid = 0)
SPOIL(server_id, bootp_add32(m, OPT_SERVER_ID, SERVER))
SPOIL(no_class, bootp_remove(m, OPT_CLASS))
SPOIL(other_class, bootp_remove(m, OPT_CLASS);
	bootp_add_text(m, OPT_CLASS, "PXEClient:Arch:00007:UNDI:002001"))
SPOIL(no_arch, bootp_remove(m, OPT_ARCH))
SPOIL(odd_arch, bootp_remove(m, OPT_ARCH); bootp_add(m, OPT_ARCH, "\0\0\0", 3))
SPOIL(no_undi, bootp_remove(m, OPT_UNDI))
SPOIL(undi_type, bootp_remove(m, OPT_UNDI); bootp_add(m, OPT_UNDI, "\2\2\1", 3))
SPOIL(no_uuid, bootp_remove(m, OPT_UUID))
SPOIL(uuid_type, bootp_remove(m, OPT_UUID); bootp_add(m, OPT_UUID, "\1abcdefghijklmnop", 17))
SPOIL(no_list, bootp_remove(m, OPT_PARAMETERS))
SPOIL(thin_list, bootp_remove(m, OPT_PARAMETERS); bootp_add(m, OPT_PARAMETERS, "\1\3", 2))
SPOIL(secs, m->h.secs = 100)
SPOIL(inform, bootp_remove(m, OPT_TYPE); bootp_add8(m, OPT_TYPE, MSG_OFFER))
SPOIL(no_server, bootp_remove(m, OPT_SERVER_ID))
SPOIL(no_address, bootp_remove(m, OPT_REQUESTED_IP))
SPOIL(wrong_address, bootp_remove(m, OPT_REQUESTED_IP);
	bootp_add32(m, OPT_REQUESTED_IP, IP4(10, 0, 0, 9)))
SPOIL(other_xid, m->h.xid++)
SPOIL(other_uuid, bootp_remove(m, OPT_UUID); bootp_add(m, OPT_UUID, "\0bbcdefghijklmnop", 17))
SPOIL(asks_list, bootp_add(m, OPT_PARAMETERS, "\1\3", 2))
SPOIL(secs_1, m->h.secs = 1)

static const struct breach breaches[] = {
	{MSG_DISCOVER, "htype 6", htype},
	{MSG_DISCOVER, "hops 1", hops},
	{MSG_DISCOVER, "reserved flags", flags},
	{MSG_DISCOVER, "yiaddr or siaddr", yiaddr},
	{MSG_DISCOVER, "yiaddr or siaddr", siaddr},
	{MSG_DISCOVER, "not padded", chaddr_tail},
	{MSG_DISCOVER, "not the sender", chaddr},
	{MSG_DISCOVER, "file field used", file},
	{MSG_DISCOVER, "sname field used", sname},
	{MSG_DISCOVER, "less than 300", short_message},
	{MSG_DISCOVER, "no END", no_end},
	{MSG_DISCOVER, "option 53 twice", twice},
	{MSG_DISCOVER, "option 61 has 1 bytes", long_id},
	{MSG_DISCOVER, "option 57 is 575", size_575},
	{MSG_DISCOVER, "ciaddr set", ciaddr},
	{MSG_DISCOVER, "xid 0", xid_0},
	{MSG_DISCOVER, "option 54 not allowed", server_id},
	{MSG_DISCOVER, "option 60 missing", no_class},
	{MSG_DISCOVER, "option 60 is not PXEClient:Arch:00000", other_class},
	{MSG_DISCOVER, "option 93 missing", no_arch},
	{MSG_DISCOVER, "option 93 has 3 bytes", odd_arch},
	{MSG_DISCOVER, "option 94 missing", no_undi},
	{MSG_DISCOVER, "option 94 is of type 2", undi_type},
	{MSG_DISCOVER, "option 97 missing", no_uuid},
	{MSG_DISCOVER, "option 97 is of type 1", uuid_type},
	{MSG_DISCOVER, "option 55 missing", no_list},
	{MSG_DISCOVER, "does not ask for 67", thin_list},
	{MSG_DISCOVER, "secs 100 after", secs},
	{MSG_DISCOVER, "message type 2", inform},
	{MSG_REQUEST, "option 54 missing", no_server},
	{MSG_REQUEST, "option 50 missing", no_address},
	{MSG_REQUEST, "asks for 10.0.0.9", wrong_address},
	{MSG_REQUEST, "the DISCOVER had", other_xid},
	{MSG_REQUEST, "no OFFER was made", other_xid},
	{MSG_REQUEST, "option 97 changed", other_uuid},
	{MSG_REQUEST, "option 55 missing", no_list},
	{MSG_REQUEST, "option 55 changed", thin_list},
	{MSG_REQUEST, "that of no DISCOVER", secs_1},
	{MSG_DECLINE, "option 54 missing", no_server},
	{MSG_DECLINE, "option 50 missing", no_address},
	{MSG_DECLINE, "option 55 not allowed", asks_list},
	{MSG_DECLINE, "ciaddr, flags or secs", secs_1},
	{MSG_RELEASE, "option 54 missing", no_server},
	{MSG_RELEASE, "option 55 not allowed", asks_list},
	{MSG_RELEASE, "flags or secs", secs_1},
};

static void test_judge_sees_each_breach(void **state)
{
	struct bootp_out *msg = sim_alloc(sizeof(*msg));

	(void)state;
	for (size_t i = 0; i < sizeof(breaches) / sizeof(breaches[0]); i++) {
		const struct breach *b = &breaches[i];
		struct lan l;

		lan_open(&l, NULL);
		if (b->type == MSG_REQUEST)
			say(&l, MSG_DISCOVER);
		if (b->type == MSG_DECLINE || b->type == MSG_RELEASE)
			assert_true(client_bind(l.c));
		if (b->type == MSG_DECLINE)
			l.c->h->ip = 0;
		client_message(l.c, msg, b->type);
		b->spoil(msg);
		assert_int_equal(l.w->violations, 0);
		client_send(l.c, msg);
		run(&l);
		if (!world_violated(l.w, b->why))
			fail_msg("%s: %u violations, first: %s", b->why, l.w->violations,
				l.w->violation[0]);
		l.w->violations = 0;
		lan_close(&l);
	}
	free(msg);
}

static void test_judge_sees_bad_bytes(void **state)
{
	struct bootp_out *msg = sim_alloc(sizeof(*msg));
	uint8_t bytes[548];
	uint32_t len;
	struct lan l;

	(void)state;
	lan_open(&l, NULL);
	client_message(l.c, msg, MSG_DISCOVER);
	len = bootp_emit(msg, bytes, sizeof(bytes));
	bytes[len++] = 7;
	client_send_bytes(l.c, bytes, len);
	run(&l);
	assert_true(world_violated(l.w, "bytes after END"));
	bytes[241] = 255;
	client_send_bytes(l.c, bytes, len);
	run(&l);
	assert_true(world_violated(l.w, "runs over the end"));
	bytes[236] = 0;
	client_send_bytes(l.c, bytes, len);
	client_send_bytes(l.c, bytes, 200);
	run(&l);
	assert_true(world_violated(l.w, "without header or cookie"));
	memset(bytes, 0, sizeof(bytes));
	l.w->violations = 0;
	client_message(l.c, msg, MSG_DISCOVER);
	bootp_emit(msg, bytes, sizeof(bytes));
	client_send_bytes(l.c, bytes, 548);
	run(&l);
	assert_int_equal(l.w->violations, 0);
	free(msg);
	lan_close(&l);
}

static void test_judge_sees_a_flood(void **state)
{
	struct bootp_out *msg = sim_alloc(sizeof(*msg));
	struct lan l;

	(void)state;
	lan_open(&l, NULL);
	client_message(l.c, msg, MSG_DISCOVER);
	for (unsigned i = 0; i < 30; i++) {
		client_send(l.c, msg);
		world_run(l.w, l.w->now_us + 100000);
	}
	assert_int_equal(l.w->violations, 0);
	for (unsigned i = 0; i < 30; i++) {
		client_send(l.c, msg);
		world_run(l.w, l.w->now_us + 90000);
	}
	assert_true(world_violated(l.w, "more than 10 messages in a second"));
	l.w->violations = 0;
	free(msg);
	lan_close(&l);
}

static void test_judge_sees_a_shared_xid_and_a_changed_client_id(void **state)
{
	struct bootp_out *msg = sim_alloc(sizeof(*msg));
	struct sim_client *twin;
	struct lan l;

	(void)state;
	lan_open(&l, NULL);
	twin = client_new(l.w, "twin", 2);
	link_new(l.w, &twin->h->port, switch_free_port(l.s), NULL);
	twin->xid = l.c->xid;
	client_message(l.c, msg, MSG_DISCOVER);
	bootp_add(msg, OPT_CLIENT_ID, "\1abcdef", 7);
	client_send(l.c, msg);
	run(&l);
	client_message(twin, msg, MSG_DISCOVER);
	client_send(twin, msg);
	run(&l);
	assert_true(world_violated(l.w, "is also that of"));
	client_message(l.c, msg, MSG_REQUEST);
	client_send(l.c, msg);
	run(&l);
	assert_true(world_violated(l.w, "option 61 left out"));
	l.w->violations = 0;
	free(msg);
	lan_close(&l);
}

static void test_judge_sees_who_uses_an_address_without_lease(void **state)
{
	const struct host_out out = {
		.dst_ip = SERVER, .src_port = 1, .dst_port = 2, .data = "x", .len = 1};
	struct lan l;

	(void)state;
	lan_open(&l, NULL);
	l.c->h->ip = IP4(10, 0, 0, 101);
	l.c->h->mask = MASK;
	host_send(l.c->h, &out);
	run(&l);
	assert_true(world_violated(l.w, "uses 10.0.0.101 without a lease"));
	l.w->violations = 0;
	l.c->h->ip = 0;
	assert_true(client_bind(l.c));
	host_send(l.c->h, &out);
	run(&l);
	assert_true(l.d->client[0]->used_address);
	lan_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_four_messages),
		cmocka_unit_test(test_addresses_stay_with_their_mac_and_run_out),
		cmocka_unit_test(test_decline_gets_another_address),
		cmocka_unit_test(test_refuses_as_often_as_told),
		cmocka_unit_test(test_delay_and_silence),
		cmocka_unit_test(test_broadcast_only_for_who_wants_it),
		cmocka_unit_test(test_options_asked_for_and_not),
		cmocka_unit_test(test_long_options_are_split),
		cmocka_unit_test(test_overload_moves_options_into_the_fields),
		cmocka_unit_test(test_boot_file_as_an_option),
		cmocka_unit_test(test_two_servers_and_the_choice),
		cmocka_unit_test(test_proxy_offers_to_pxe_clients),
		cmocka_unit_test(test_proxy_answers_on_4011),
		cmocka_unit_test(test_relay),
		cmocka_unit_test(test_relayed_breaches_are_seen_too),
		cmocka_unit_test(test_answers_can_be_spoiled),
		cmocka_unit_test(test_judge_sees_each_breach),
		cmocka_unit_test(test_judge_sees_bad_bytes),
		cmocka_unit_test(test_judge_sees_a_flood),
		cmocka_unit_test(test_judge_sees_a_shared_xid_and_a_changed_client_id),
		cmocka_unit_test(test_judge_sees_who_uses_an_address_without_lease),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
