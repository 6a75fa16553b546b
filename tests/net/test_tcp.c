/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP's connections: their pool, their numbers, their ends, and what ICMP and ARP say of them. */
#include "net/tcp_priv.h"
#include "tests/net/tcp_rig.h"

static int try_open(struct rig *r, struct stream **s)
{
	struct ip_addr peer = ip4_of(PEER(0));

	return tcp_open(&r->lan->net, lan_link(r->lan, 0), &peer, 80, &rig_user, r, s);
}

/* -- the pool -- */

static void pool_is_bounded(void **state)
{
	struct rig *r = rig_new(RIG_ALL);
	struct stream *s[TCP_MAX];
	uint32_t ports = 0;

	(void)state;
	for (unsigned i = 1; i < TCP_MAX; i++) {
		assert_int_equal(try_open(r, &s[i]), 0);
		rig_one(r);
		assert_true(r->last.sport >= 49152);
		assert_int_not_equal(r->last.sport, ports);
		ports = r->last.sport;
	}
	assert_int_equal(try_open(r, &s[0]), -ERR_NO_SOCKET);
	assert_int_equal(r->lan->m.err.code, ERR_NO_SOCKET);
	s[3]->ops->abort(s[3]);
	assert_int_equal(try_open(r, &s[3]), 0);
	for (unsigned i = 1; i < TCP_MAX; i++)
		s[i]->ops->abort(s[i]);
	rig_end(r);
}

/* Both ends have said that it is over, we first: TIME-WAIT, and the user is told at once. */
static void close_first(struct rig *r)
{
	struct segment s;

	r->s->ops->close(r->s);
	s = rig_segment(r, ACK | FIN, 0, 0, 1);
	rig_put(r, &s);
	assert_int_equal(r->told[CLOSED], 1);
	assert_int_equal(r->rc, 0);
}

/* TIME-WAIT never delays a boot: the oldest gives way. */
static void time_wait_gives_way(void **state)
{
	struct lan *lan = lan_new(1);
	struct rig *r[TCP_MAX], *next;
	struct segment s;

	(void)state;
	lan_meet(lan, 0);
	for (unsigned i = 0; i < TCP_MAX; i++) {
		r[i] = rig_start(lan);
		rig_agree(r[i], RIG_ALL);
		close_first(r[i]);
		lan->nout = lan->taken = 0;
		lan->fake.now_us += MS;
		lan_turn(lan);
	}
	next = rig_start(lan);
	s = rig_segment(r[1], ACK | FIN, 0, 0, 1); /* the second is still there ... */
	rig_put(r[1], &s);
	rig_one(r[1]);
	assert_int_equal(r[1]->last.flags, ACK);
	s = rig_segment(r[0], ACK | FIN, 0, 0, 1); /* ... the first is not */
	rig_put(r[0], &s);
	rig_one(r[0]);
	assert_int_equal(r[0]->last.flags, RST);
	lan_pass(lan, 200 * S); /* and nobody stays for ever */
	for (unsigned i = 0; i < TCP_MAX; i++)
		assert_int_equal(lan->net.tcp[i].state, TCP_CLOSED);
	assert_int_equal(next->rc, -ERR_TCP_CONNECT);
	for (unsigned i = 1; i < TCP_MAX; i++)
		rig_free(r[i]);
	rig_free(r[0]);
	rig_end(next);
}

static void open_wants_an_address(void **state)
{
	struct rig *r = rig_new(RIG_ALL);
	struct netdev *dev = lan_link(r->lan, 0);
	struct ip_addr far = ip4_of(IP4(192, 0, 2, 1));
	struct stream *s;

	(void)state;
	assert_int_equal(tcp_open(&r->lan->net, dev, &far, 80, &rig_user, r, &s), -ERR_NO_ROUTE);
	dev->ip4.addr.family = IP_NONE;
	assert_int_equal(try_open(r, &s), -ERR_NO_ADDRESS);
	dev->ip4.addr.family = IP_V4;
	for (unsigned i = 1; i < TCP_MAX; i++)
		assert_int_equal(r->lan->net.tcp[i].state, TCP_CLOSED);
	rig_quiet(r);
	rig_end(r);
}

/* The only segment that the machine has sent, with these flags, has left by this link. */
static void sent_by(struct rig *r, unsigned link, unsigned flags)
{
	const struct frame *f;

	do {
		f = lan_take(r->lan);
		assert_non_null(f);
	} while (wire_get16(f->data + 12) != 0x0800);
	assert_int_equal(f->link, link);
	assert_null(segment_parse(&r->last, f));
	assert_int_equal(r->last.flags, flags);
	rig_quiet(r);
}

/* Two links, each to a network of its own with the same addresses: nothing is mixed up. */
static void a_connection_belongs_to_its_link(void **state)
{
	struct lan *lan = lan_new(2);
	struct netdev *other = lan_link(lan, 1);
	struct ip_addr peer = ip4_of(PEER(0));
	struct arp arp = {
		.op = 2, .sha = peer_mac, .spa = PEER(0), .tha = other->mac, .tpa = US(0)};
	struct segment s;
	struct frame f;
	struct rig *r;

	(void)state;
	lan_meet(lan, 0);
	r = rig_start(lan); /* by the first link */
	other->ip4.addr = ip4_of(US(0));
	r->s->ops->abort(r->s);
	assert_int_equal(tcp_open(&lan->net, other, &peer, 80, &rig_user, r, &r->s), 0);
	f = frame_arp(&other->mac, &arp);
	lan_receive(lan, 1, &f);
	sent_by(r, 1, SYN);
	r->port = r->last.sport;
	r->isn = r->last.seq;

	s = rig_segment(r, SYN | ACK, 0, 0, 0);
	s.seq--;
	rig_put(r, &s);
	assert_int_equal(r->told[OPENED], 0);
	sent_by(r, 0, RST); /* of a connection that this link does not have */

	f = segment_frame(lan, &s);
	memcpy(f.data, other->mac.b, 6);
	lan_receive(lan, 1, &f);
	assert_int_equal(r->told[OPENED], 1);
	sent_by(r, 1, ACK);
	rig_end(r);
}

/* RFC 6528: with another key other numbers; with the same one they grow by the clock. */
static void numbers_have_a_key(void **state)
{
	struct rig *r = rig_new(RIG_ALL);
	struct tcp *c = rig_tcp(r);
	uint32_t ports = c->ports, isn[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct stream *s;
		r->lan->m.rng = (struct rng){.count = {1}}; /* the same port */
		if (i)
			r->lan->fake.now_us += 4000;
		lan_turn(r->lan);
		if (i == 2) { /* and again, with another key: the count that gives it was searched
				 for */
			r->lan->m.rng.key[1] = 1;
			while ((0xc000 | (rng_u32(&r->lan->m) & 0x3fff)) != (uint16_t)ports)
				assert_true(r->lan->m.rng.count[0] < 1u << 20);
			r->lan->m.rng.count[0]--;
		}
		assert_int_equal(try_open(r, &s), 0);
		rig_one(r);
		isn[i] = r->last.seq;
		if (i)
			assert_int_equal(((struct tcp *)s)->ports, ports);
		ports = ((struct tcp *)s)->ports;
		s->ops->abort(s);
	}
	assert_int_equal(isn[1] - isn[0], 1000);
	assert_int_not_equal(isn[2] - isn[1], 1000);
	rig_end(r);
}

/* -- ends -- */

static void link_closed(void **state)
{
	struct rig *r = rig_new(RIG_ALL);

	(void)state;
	r->s->ops->send(r->s, 100);
	r->lan->nout = r->lan->taken = 0;
	netdev_close(lan_link(r->lan, 0));
	assert_int_equal(r->told[CLOSED], 0);
	r->s->ops->send(r->s, 200); /* does no harm */
	r->s->ops->wake(r->s);
	r->s->ops->close(r->s);
	lan_pass(r->lan, MS);
	rig_quiet(r);
	assert_int_equal(r->told[CLOSED], 1);
	assert_int_equal(r->rc, -ERR_LINK_DOWN);
	rig_end(r);
}

static void silence(uint64_t open, bool link, int rc)
{
	struct rig *r = rig_new(RIG_ALL);

	r->s->ops->send(r->s, open);
	if (!link)
		netdev_link(lan_link(r->lan, 0), false);
	lan_pass(r->lan, 59 * S);
	assert_int_equal(r->told[CLOSED], 0);
	lan_pass(r->lan, 2 * S);
	assert_int_equal(r->told[CLOSED], 1);
	assert_int_equal(r->rc, rc);
	rig_end(r);
}

/* Whether something waits to be acknowledged or not; and what is told is what was wrong. */
static void silence_ends(void **state)
{
	(void)state;
	silence(0, true, -ERR_TCP_TIMEOUT);
	silence(100, true, -ERR_TCP_TIMEOUT);
	silence(100, false, -ERR_LINK_DOWN);
}

/* A connection that was idle for long has all the time when it is used again. */
static void idle_is_not_silence(void **state)
{
	struct rig *r = rig_new(RIG_ALL);
	struct segment s;

	(void)state;
	lan_pass(r->lan, 24 * S);
	r->s->ops->send(r->s, 100);
	lan_pass(r->lan, 59 * S);
	assert_int_equal(r->told[CLOSED], 0);
	s = rig_segment(r, ACK, 0, 0, 100);
	r->lan->nout = r->lan->taken = 0;
	rig_put(r, &s);
	lan_pass(r->lan, 20 * S);
	rig_quiet(r);
	lan_meet(r->lan, 0); /* it was forgotten meanwhile */
	lan_pass(r->lan, 10 * S);
	rig_one(r); /* a sign of life, please */
	assert_int_equal(r->last.seq, r->isn + 100);
	assert_int_equal(r->last.n, 0);
	rig_end(r);
}

/* -- ICMP and ARP -- */

static void icmp(struct rig *r, const struct segment *quoted, unsigned code, unsigned mtu)
{
	struct frame f = segment_icmp(r->lan, quoted, code, mtu);

	lan_receive(r->lan, 0, &f);
}

/* Three times what quotes our SYN; never what does not, RFC 5927. */
static void unreachable(void **state)
{
	struct lan *lan = lan_new(1);
	struct segment syn, wrong;
	struct rig *r;

	(void)state;
	lan_meet(lan, 0);
	r = rig_start(lan);
	syn = wrong = r->last;
	for (unsigned i = 0; i < 20; i++) {
		wrong.seq = syn.seq + 1 + i * i * 1000000;
		icmp(r, &wrong, 3, 0);
		wrong.seq = syn.seq - 1;
		icmp(r, &wrong, 1, 0);
	}
	wrong.seq = syn.seq;
	wrong.dport++;
	for (unsigned i = 0; i < 5; i++)
		icmp(r, &wrong, 3, 0);
	lan_pass(lan, MS);
	assert_int_equal(r->told[CLOSED], 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(r->told[CLOSED], 0);
		icmp(r, &syn, 3, 0);
		lan_pass(lan, MS);
	}
	assert_int_equal(r->told[CLOSED], 1);
	assert_int_equal(r->rc, -ERR_UNREACHABLE);
	rig_end(r);

	r = rig_new(RIG_ALL);
	r->s->ops->send(r->s, 100);
	rig_one(r);
	syn = r->last;
	for (unsigned i = 0; i < 100; i++)
		icmp(r, &syn, (uint8_t)(i % 16 == 4 ? 3 : i % 16), 0);
	lan_pass(r->lan, MS);
	assert_int_equal(r->told[CLOSED], 0);
	rig_end(r);
}

static void nobody_has_the_address(void **state)
{
	struct lan *lan = lan_new(1);
	struct ip_addr peer = ip4_of(IP4(10, 0, 0, 77));
	struct rig *r;
	struct stream *s;

	(void)state;
	lan_meet(lan, 0);
	r = rig_start(lan);
	assert_int_equal(tcp_open(&lan->net, lan_link(lan, 0), &peer, 80, &rig_user, r, &s), 0);
	lan_pass(lan, 19 * S);
	assert_int_equal(r->told[CLOSED], 1);
	assert_int_equal(r->rc, -ERR_ARP_TIMEOUT);
	lan_pass(lan, 2 * S); /* the other one, too, is told then */
	assert_int_equal(r->rc, -ERR_TCP_CONNECT);
	rig_end(r);
}

/* Hostile row 38: MTUs that make no sense neither shrink segments for ever nor multiply them. */
static void mtu(void **state)
{
	struct rig *r = rig_new(RIG_ALL);
	struct segment first;
	unsigned n = 0;

	(void)state;
	r->s->ops->send(r->s, 5000);
	assert_true(rig_next(r));
	first = r->last;
	assert_int_equal(first.n, 1448);
	while (rig_next(r))
		;
	icmp(r, &first, 4, 1500);
	icmp(r, &first, 4, 65535);
	rig_quiet(r);
	for (unsigned i = 0; i < 50; i++)
		icmp(r, &first, 4, i);
	while (rig_next(r)) {
		assert_int_equal(r->last.n, 576 - 40 - 12);
		n++;
	}
	assert_int_equal(n, 1);
	rig_end(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pool_is_bounded),
		cmocka_unit_test(time_wait_gives_way),
		cmocka_unit_test(open_wants_an_address),
		cmocka_unit_test(a_connection_belongs_to_its_link),
		cmocka_unit_test(numbers_have_a_key),
		cmocka_unit_test(link_closed),
		cmocka_unit_test(silence_ends),
		cmocka_unit_test(idle_is_not_silence),
		cmocka_unit_test(unreachable),
		cmocka_unit_test(nobody_has_the_address),
		cmocka_unit_test(mtu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
