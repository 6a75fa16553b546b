/* SPDX-License-Identifier: BSD-2-Clause */
/* net/ipv4.c: the checksum, what is taken and what is not, and where things are sent. */
#include "core/csum.h"
#include "tests/net/lan.h"

/* -- checksum -- */

static uint16_t reference(const uint8_t *p, size_t n)
{
	return wire_fold(wire_sum(0, p, (uint32_t)n));
}

static void csum_of_pseudo(void **state)
{
	struct ip_addr a = ip4_of(0x01020304), b = ip4_of(0xfffefdfc);

	(void)state;
	assert_int_equal(csum_fold(ipv4_csum_pseudo(&a, &b, 17, 0x11234)),
		reference((const uint8_t *)"\1\2\3\4\xff\xfe\xfd\xfc\0\x11\0\1\x12\x34", 14));
}

/* -- input -- */

/* One field of a good datagram made wrong, and which counter sees it. */
struct row {
	const char *what;
	unsigned at, width; /* in the frame, bytes; width 0: cut the datagram to `value` bytes */
	uint32_t value;
	char counter; /* Bad_ip, Ignored, No_port */
	bool keep_sum;
};

#define AT_TOTAL 16
#define AT_SUM	 24
#define AT_SRC	 26
#define AT_DST	 30

static const struct row wrong[] = {
	{"nothing at all", 0, 0, 0, 'B', true},
	{"cut in the header", 0, 0, 19, 'B', true},
	{"cut behind the header", 0, 0, 20, 'B', true},
	{"cut in the payload", 0, 0, 31, 'B', true},
	{"version 6", 14, 1, 0x65, 'B', false},
	{"header length 16", 14, 1, 0x44, 'B', false},
	{"header length 0", 14, 1, 0x40, 'B', false},
	{"header past the end", 14, 1, 0x4f, 'B', false},
	{"total length 0", AT_TOTAL, 2, 0, 'B', false},
	{"total length 19", AT_TOTAL, 2, 19, 'B', false},
	{"total length past the end", AT_TOTAL, 2, 20 + 8 + 32, 'B', false},
	{"total length 65535", AT_TOTAL, 2, 65535, 'B', false},
	{"bad checksum", AT_SUM, 2, 0x1234, 'B', true},
	{"no checksum", AT_SUM, 2, 0, 'B', true},
	{"from loopback", AT_SRC, 4, IP4(127, 0, 0, 1), 'B', false},
	{"from a group", AT_SRC, 4, IP4(224, 0, 0, 1), 'B', false},
	{"from class E", AT_SRC, 4, IP4(240, 0, 0, 1), 'B', false},
	{"from broadcast", AT_SRC, 4, IP_ALL, 'B', false},
	{"from the net's broadcast", AT_SRC, 4, IP4(10, 0, 0, 255), 'B', false},
	{"from our own address", AT_SRC, 4, US(0), 'B', false},
	{"from nobody", AT_SRC, 4, 0, 'I', false},
	{"to somebody else", AT_DST, 4, IP4(10, 0, 0, 3), 'I', false},
	{"to the other link's address", AT_DST, 4, US(1), 'I', false},
	{"to a group", AT_DST, 4, IP4(224, 0, 0, 251), 'I', false},
	{"to nobody", AT_DST, 4, 0, 'I', false},
	{"to loopback", AT_DST, 4, IP4(127, 0, 0, 1), 'I', false},
	{"of protocol 132", 23, 1, 132, 'N', false},
	{"of protocol 0", 23, 1, 0, 'N', false},
};

static void spoil(struct frame *f, const struct row *row)
{
	if (row->width == 0)
		f->len = 14 + row->value;
	else if (row->width == 1)
		f->data[row->at] = (uint8_t)row->value;
	else if (row->width == 2)
		wire_put16(f->data + row->at, row->value);
	else
		wire_put32(f->data + row->at, row->value);
	if (!row->keep_sum)
		ip_sum(f);
}

static void bad_datagrams_are_counted(void **state)
{
	struct lan *lan = lan_new(2);
	struct netdev_stats *stats = &lan_link(lan, 0)->stats;
	struct frame good = frame_udp(lan, 0, 1000, 69, "hello, this is padded by nobody", 31);
	struct ear ear;

	(void)state;
	ear_open(lan, &ear, NULL, 69);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct frame f = good;

		memset(stats, 0, sizeof(*stats));
		spoil(&f, &wrong[i]);
		lan_receive(lan, 0, &f);
		if (ear.heard || stats->bad_ip != (wrong[i].counter == 'B') ||
			stats->rx_ignored != (wrong[i].counter == 'I') ||
			stats->no_port != (wrong[i].counter == 'N'))
			fail_msg("%s: bad_ip %u rx_ignored %u no_port %u", wrong[i].what,
				stats->bad_ip, stats->rx_ignored, stats->no_port);
	}
	lan_receive(lan, 0, &good);
	assert_int_equal(ear.heard, 1);
	assert_null(lan_take(lan));
	lan_end(lan);
}

static void padding_is_not_payload(void **state)
{
	struct lan *lan = lan_new(1);
	struct frame f = frame_udp(lan, 0, 1000, 69, "x", 1);
	struct ear ear;

	(void)state;
	assert_int_equal(f.len, 60);
	ear_open(lan, &ear, NULL, 69);
	lan_receive(lan, 0, &f);
	assert_int_equal(ear.n, 1);
	assert_int_equal(ear.data[0], 'x');
	assert_false(ear.meta.broadcast);
	assert_int_equal(ip4_u32(&ear.meta.src), PEER(0));
	assert_int_equal(ip4_u32(&ear.meta.dst), US(0));
	assert_int_equal(ear.meta.protocol, 17);
	assert_ptr_equal(ear.meta.dev, lan_link(lan, 0));
	lan_end(lan);
}

static void broadcasts_are_taken(void **state)
{
	static const uint32_t to[] = {IP_ALL, IP4(10, 0, 0, 255)};
	struct lan *lan = lan_new(1);
	struct ear ear;
	uint8_t b[100];

	(void)state;
	ear_open(lan, &ear, NULL, 69);
	for (unsigned i = 0; i < 2; i++) {
		struct ip ip = {.src = PEER(0), .dst = to[i], .protocol = 17};
		struct frame f = frame_ip(
			&mac_broadcast, &ip, b, udp_make(b, ip.src, ip.dst, 1, 69, "x", 1));

		lan_receive(lan, 0, &f);
		assert_int_equal(ear.heard, i + 1);
		assert_true(ear.meta.broadcast);
	}
	lan_end(lan);
}

/*
 * A link without address takes what a DHCP server sends to the address-to-be, and nothing but UDP.
 */
static void unconfigured_link_takes_unicast(void **state)
{
	struct lan *lan = lan_new(1);
	struct netdev *dev = lan_link(lan, 0);
	struct ip ip = {.src = PEER(0), .dst = IP4(10, 0, 0, 77), .protocol = 17};
	struct ear ear;
	struct frame f;
	uint8_t b[100];

	(void)state;
	dev->ip4.addr.family = IP_NONE;
	ear_open(lan, &ear, dev, 68);
	f = frame_ip(&dev->mac, &ip, b, udp_make(b, ip.src, ip.dst, 67, 68, "x", 1));
	lan_receive(lan, 0, &f);
	assert_int_equal(ear.heard, 1);
	ip.dst = IP_ALL;
	f = frame_ip(&mac_broadcast, &ip, b, udp_make(b, ip.src, ip.dst, 67, 68, "x", 1));
	lan_receive(lan, 0, &f);
	assert_int_equal(ear.heard, 2);
	ip.dst = IP4(10, 0, 0, 77);
	ip.protocol = 1;
	memset(b, 0, sizeof(b));
	b[0] = 8;
	wire_put16(b + 2, wire_fold(wire_sum(0, b, 8)));
	f = frame_ip(&dev->mac, &ip, b, 8);
	lan_receive(lan, 0, &f); /* an echo request */
	assert_null(lan_take(lan));
	assert_int_equal(dev->stats.rx_ignored, 1);
	lan_end(lan);
}

/* RFC 3021: a net of two hosts has no broadcast address, and a host route neither. */
static void small_nets_have_no_broadcast(void **state)
{
	struct lan *lan = lan_new(1);
	struct netdev *dev = lan_link(lan, 0);
	struct ear ear;
	uint8_t b[100];

	(void)state;
	ear_open(lan, &ear, NULL, 69);
	for (uint32_t mask = 0xfffffffe; mask; mask = mask == 0xfffffffe ? 0xffffffff : 0) {
		struct ip ip = {.src = IP4(10, 0, 0, 3), .dst = US(0), .protocol = 17};
		struct frame f =
			frame_ip(&dev->mac, &ip, b, udp_make(b, ip.src, ip.dst, 1, 69, "x", 1));

		dev->ip4.mask = mask;
		ear.heard = 0;
		lan_receive(lan, 0, &f);
		assert_int_equal(ear.heard, 1);
		assert_false(ear.meta.broadcast);
	}
	lan_end(lan);
}

static void options(void **state)
{
	static const struct {
		uint8_t bytes[8];
		bool good;
	} rows[] = {
		{{0, 0, 0, 0}, true},		   /* end */
		{{1, 1, 1, 1}, true},		   /* no operation to the last byte */
		{{1, 1, 0, 99}, true},		   /* nothing counts behind the end */
		{{148, 4, 0, 0, 1, 0}, true},	   /* router alert */
		{{30, 2, 1, 1, 1, 1, 1, 1}, true}, /* as short as can be */
		{{7, 8, 4, 0, 0, 0, 0, 0}, true},  /* record route */
		{{131, 7, 4, 10, 0, 0, 1}, false}, /* loose source route */
		{{1, 137, 7, 4, 10, 0, 0, 1}, false},
		{{148, 0, 1, 1}, false}, /* lengths that cannot be */
		{{148, 1, 1, 1}, false}, {{148, 9, 1, 1}, false},
		{{1, 1, 1, 1, 1, 1, 1, 148}, false}, /* cut in front of its length */
	};
	struct lan *lan = lan_new(1);
	struct ear ear;
	uint8_t b[100];

	(void)state;
	ear_open(lan, &ear, NULL, 69);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ip ip = {.src = PEER(0), .dst = US(0), .protocol = 17, .noptions = 8};
		struct frame f;

		ear.heard = 0;
		memcpy(ip.options, rows[i].bytes, 8);
		f = frame_ip(&lan_link(lan, 0)->mac, &ip, b,
			udp_make(b, ip.src, ip.dst, 1, 69, "text", 4));
		lan_receive(lan, 0, &f);
		if (ear.heard != rows[i].good)
			fail_msg("row %zu", i);
		if (ear.heard)
			assert_memory_equal(ear.data, "text", 4);
	}
	lan_end(lan);
}

/* -- chains -- */

static unsigned heard;
static uint8_t heard_data[65536];
static uint32_t heard_len;
static bool heard_csum_ok;

static void hear(const struct ip_meta *meta, struct bytes payload)
{
	heard++;
	heard_csum_ok = meta->csum_ok;
	memcpy(heard_data, payload.p, payload.n);
	heard_len = (uint32_t)payload.n;
	for (const struct pkt *p = meta->more; p; p = p->more) {
		memcpy(heard_data + heard_len, p->data, p->len);
		heard_len += p->len;
	}
}

static const struct ip_protocol hearing[] = {
	{.number = IPPROTO_TCP, .input = hear},
	{.number = IPPROTO_UDP, .input = hear},
	{.number = 0},
};
static const struct net_config hearing_config = {.protocols = hearing};

struct chained {
	unsigned n; /* packets */
	uint32_t len[PKT_CHAIN_MAX];
	uint32_t total; /* of the datagram; 0: as long as all there is */
	uint16_t frag;
	uint8_t protocol, options;
};

/* A datagram whose payload is a pattern, cut at will. */
static struct pkt *chain_new(struct lan *lan, const struct chained *c)
{
	struct pkt *head = NULL, **at = &head;
	struct ip ip = {.src = PEER(0), .dst = US(0), .protocol = c->protocol, .frag = c->frag};
	struct frame f;
	unsigned seen = 0;

	ip.noptions = c->options;
	memset(ip.options, 1, sizeof(ip.options));
	f = frame_ip(&lan_link(lan, 0)->mac, &ip, NULL, 0);
	for (unsigned i = 0; i < c->n; i++, at = &(*at)->more) {
		*at = pkt_alloc(&lan->net.pool);
		(*at)->data = (*at)->buf + (i ? 0 : PKT_HEADROOM);
		assert_non_null(pkt_put(*at, c->len[i]));
		for (uint32_t j = 0; j < c->len[i]; j++)
			(*at)->data[j] = (uint8_t)(seen++ % 251);
	}
	wire_put16(f.data + 16, c->total ? c->total : seen);
	ip_sum(&f);
	memcpy(head->data, f.data + 14,
		20u + c->options < c->len[0] ? 20u + c->options : c->len[0]);
	head->csum_ok = true;
	return head;
}

static void chain_input(struct lan *lan, const struct chained *c)
{
	struct pkt *p = chain_new(lan, c);

	memset(&lan_link(lan, 0)->stats, 0, sizeof(struct netdev_stats));
	heard = heard_len = 0;
	ipv4_input(lan_link(lan, 0), p);
	pkt_free(&lan->net.pool, p);
}

static void chains_are_handed_on(void **state)
{
	static const struct chained rows[] = {
		{.n = 1, .len = {100}},
		{.n = 2, .len = {100, 1}},
		{.n = 2, .len = {20, 1500}}, /* the header alone in the first */
		{.n = 2, .len = {60, 1500}, .options = 40},
		{.n = 3, .len = {1500, 1984, 7}},
	};
	struct lan *lan = lan_new(1);
	struct chained most = {.n = PKT_CHAIN_MAX, .protocol = IPPROTO_TCP};
	uint32_t left = 65535, some;

	(void)state;
	lan->net.config = &hearing_config;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct chained c = rows[i];
		uint32_t all = 0;

		for (unsigned j = 0; j < c.n; j++)
			all += c.len[j];
		c.protocol = IPPROTO_TCP;
		chain_input(lan, &c);
		assert_int_equal(heard, 1);
		assert_true(heard_csum_ok);
		assert_int_equal(heard_len, all - 20 - c.options);
		for (uint32_t j = 0; j < heard_len; j++)
			assert_int_equal(heard_data[j], (20 + c.options + j) % 251);
	}
	for (unsigned i = 0; i < most.n; i++) {
		some = i ? PKT_SIZE - 58 : PKT_SIZE - PKT_HEADROOM;
		most.len[i] = left < some ? left : some;
		left -= most.len[i];
	}
	assert_int_equal(left, 0); /* the longest datagram there is */
	chain_input(lan, &most);
	assert_int_equal(heard_len, 65515);
	lan_end(lan);
}

/* Nothing may be missing and nothing be too much, and nobody but TCP gets them. */
static void chains_that_are_dropped(void **state)
{
	static const struct {
		struct chained c;
		char counter; /* as in `wrong` */
	} rows[] = {
		{{.n = 2, .len = {100, 100}, .total = 199}, 'B'},
		{{.n = 2, .len = {100, 100}, .total = 201}, 'B'},
		{{.n = 2, .len = {100, 100}, .total = 100}, 'B'},
		{{.n = 2, .len = {100, 100}, .total = 20}, 'B'},
		{{.n = 2, .len = {100, 100}, .total = 65535}, 'B'},
		{{.n = 2, .len = {19, 100}}, 'B'}, /* the header is not in the first */
		{{.n = 2, .len = {20, 100}, .options = 4}, 'B'},
		{{.n = 2, .len = {59, 100}, .options = 40}, 'B'},
		{{.n = 2, .len = {100, 100}, .frag = 0x2000}, 'I'},
		{{.n = 2, .len = {100, 100}, .frag = 1}, 'I'},
		{{.n = 2, .len = {100, 100}, .protocol = IPPROTO_UDP}, 'I'},
		{{.n = 2, .len = {100, 100}, .protocol = IPPROTO_ICMP}, 'I'},
		{{.n = 2, .len = {100, 100}, .protocol = 99}, 'I'},
	};
	struct lan *lan = lan_new(1);
	const struct netdev_stats *stats = &lan_link(lan, 0)->stats;

	(void)state;
	lan->net.config = &hearing_config;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct chained c = rows[i].c;

		c.protocol = c.protocol ? c.protocol : IPPROTO_TCP;
		chain_input(lan, &c);
		if (heard || stats->bad_ip != (rows[i].counter == 'B') ||
			stats->rx_ignored != (rows[i].counter == 'I'))
			fail_msg("row %zu: bad_ip %u rx_ignored %u", i, stats->bad_ip,
				stats->rx_ignored);
		assert_int_equal(lan->net.frag[0].used, false);
	}
	lan_end(lan);
}

/* -- output -- */

static void header_on_the_wire(void **state)
{
	struct lan *lan = lan_new(1);
	struct ear ear;
	const struct frame *f;
	uint16_t id;

	(void)state;
	lan_meet(lan, 0);
	ear_open(lan, &ear, NULL, 0);
	assert_int_equal(ear_say(lan, &ear, PEER(0), 69, "four"), 0);
	f = lan_take(lan);
	assert_int_equal(f->data[14], 0x45);
	assert_int_equal(wire_get16(f->data + 16), 32);
	assert_int_equal(wire_get16(f->data + 20), 0); /* may be fragmented on the way */
	assert_int_equal(f->data[22], 64);
	assert_int_equal(f->data[23], 17);
	assert_int_equal(reference(f->data + 14, 20), 0);
	assert_int_equal(wire_get32(f->data + 26), US(0));
	assert_int_equal(wire_get32(f->data + 30), PEER(0));
	id = wire_get16(f->data + 18);
	assert_int_not_equal(id, 0); /* begins anywhere */
	ear_say(lan, &ear, PEER(0), 69, "four");
	assert_int_equal(wire_get16(lan_take(lan)->data + 18), (uint16_t)(id + 1));
	lan_end(lan);
}

static void mtu_is_kept(void **state)
{
	struct lan *lan = lan_new(1);
	struct netdev *dev = lan_link(lan, 0);
	struct ip_addr dst = ip4_of(PEER(0));
	struct pkt *p;

	(void)state;
	lan_meet(lan, 0);
	dev->mtu = 1000;
	p = udp_alloc(&lan->net);
	memset(pkt_put(p, 980), 'x', 980);
	assert_int_equal(ipv4_send(dev, p, &dev->ip4.addr, &dst, 17), 0);
	assert_int_equal(lan_take(lan)->len, 1014);
	p = udp_alloc(&lan->net);
	memset(pkt_put(p, 981), 'x', 981);
	assert_int_equal(ipv4_send(dev, p, &dev->ip4.addr, &dst, 17), -ERR_TOO_LONG);
	p = udp_alloc(&lan->net);
	pkt_push(p, PKT_HEADROOM);
	assert_int_equal(
		ipv4_send(dev, p, &dev->ip4.addr, &dst, 17), -ERR_TOO_LONG); /* no room in front */
	assert_null(lan_take(lan));
	lan_end(lan);
}

static void groups_go_straight_to_the_link(void **state)
{
	static const struct {
		uint32_t ip;
		uint8_t mac[6];
	} rows[] = {{IP_ALL, {255, 255, 255, 255, 255, 255}},
		{IP4(10, 0, 0, 255), {255, 255, 255, 255, 255, 255}},
		{IP4(224, 0, 0, 251), {1, 0, 0x5e, 0, 0, 251}},
		{IP4(239, 255, 1, 2), {1, 0, 0x5e, 0x7f, 1, 2}}};
	struct lan *lan = lan_new(1);
	struct netdev *dev = lan_link(lan, 0);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ip_addr dst = ip4_of(rows[i].ip);
		struct pkt *p = udp_alloc(&lan->net);

		assert_int_equal(ipv4_send(dev, p, &dev->ip4.addr, &dst, 17), 0);
		assert_memory_equal(lan_take(lan)->data, rows[i].mac, 6);
	}
	lan_end(lan);
}

static void nowhere_to_send(void **state)
{
	static const uint32_t bad[] = {
		0, IP4(127, 0, 0, 1), IP4(240, 0, 0, 1), IP4(192, 0, 2, 1), US(0)};
	struct lan *lan = lan_new(1);
	struct netdev *dev = lan_link(lan, 0);
	struct ip_addr six = {.family = IP_V6, .b = {10, 0, 0, 9}};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct ip_addr dst = ip4_of(bad[i]);

		assert_int_equal(ipv4_send(dev, udp_alloc(&lan->net), &dev->ip4.addr, &dst, 17),
			-ERR_NO_ROUTE);
	}
	assert_int_equal(
		ipv4_send(dev, udp_alloc(&lan->net), &dev->ip4.addr, &six, 17), -ERR_NO_ROUTE);
	netdev_close(dev);
	six = ip4_of(PEER(0));
	assert_int_equal(
		ipv4_send(dev, udp_alloc(&lan->net), &dev->ip4.addr, &six, 17), -ERR_NO_ROUTE);
	assert_int_equal(lan->net.pool.nfree, PKT_MAX);
	assert_null(lan_take(lan));
	lan_end(lan);
}

/* Who is asked for when something is sent to dst: the hop. 0: nobody. */
static uint32_t hop_of(struct lan *lan, struct netdev *dev, uint32_t dst)
{
	struct ip_addr to_dst = ip4_of(dst);
	struct arp a = {0};

	arp_flush(dev);
	lan->taken = lan->nout = 0;
	if (ipv4_send(dev, udp_alloc(&lan->net), &dev->ip4.addr, &to_dst, 17))
		return 0;
	assert_true(frame_is_arp(lan_take(lan), &a));
	return a.tpa;
}

static void longest_prefix_wins(void **state)
{
	struct lan *lan = lan_new(1);
	struct netdev *dev = lan_link(lan, 0);

	(void)state;
	assert_int_equal(hop_of(lan, dev, IP4(10, 0, 0, 1)), IP4(10, 0, 0, 1));
	assert_int_equal(hop_of(lan, dev, IP4(10, 0, 1, 1)), 0);
	dev->ip4.gateway = ip4_of(IP4(10, 0, 0, 254));
	assert_int_equal(hop_of(lan, dev, IP4(10, 0, 1, 1)), IP4(10, 0, 0, 254));
	assert_int_equal(hop_of(lan, dev, IP4(10, 0, 0, 1)), IP4(10, 0, 0, 1));
	dev->ip4.routes[0] = (struct ipv4_route){IP4(10, 0, 0, 0), 0xffff0000, IP4(10, 0, 0, 253)};
	dev->ip4.routes[1] = (struct ipv4_route){IP4(10, 0, 1, 0), 0xffffff00, IP4(10, 0, 0, 252)};
	dev->ip4.routes[2] =
		(struct ipv4_route){IP4(10, 0, 0, 128), 0xffffff80, IP4(10, 0, 0, 251)};
	dev->ip4.routes[3] = (struct ipv4_route){IP4(10, 0, 2, 0), 0xffffff00, 0}; /* on the link */
	dev->ip4.routes[4] = (struct ipv4_route){0, 0, IP4(10, 0, 0, 250)};
	dev->ip4.routes[5] = (struct ipv4_route){IP4(10, 0, 0, 0), 0xffffff00, IP4(10, 0, 0, 249)};
	dev->ip4.nroutes = 6;
	assert_int_equal(hop_of(lan, dev, IP4(10, 0, 3, 1)), IP4(10, 0, 0, 253));
	assert_int_equal(hop_of(lan, dev, IP4(10, 0, 1, 1)), IP4(10, 0, 0, 252));
	assert_int_equal(hop_of(lan, dev, IP4(10, 0, 0, 129)), IP4(10, 0, 0, 251));
	assert_int_equal(
		hop_of(lan, dev, IP4(10, 0, 0, 1)), IP4(10, 0, 0, 1)); /* on-link before a route */
	assert_int_equal(hop_of(lan, dev, IP4(10, 0, 2, 7)), IP4(10, 0, 2, 7));
	assert_int_equal(
		hop_of(lan, dev, IP4(192, 0, 2, 1)), IP4(10, 0, 0, 250)); /* before the gateway */
	lan_end(lan);
}

static void best_link_is_taken(void **state)
{
	struct lan *lan = lan_new(3);
	struct netdev *dev[3] = {lan_link(lan, 0), lan_link(lan, 1), lan_link(lan, 2)};
	struct ip_addr far = ip4_of(IP4(192, 0, 2, 1)), near = ip4_of(PEER(1)),
		       none = {.family = IP_NONE};

	(void)state;
	assert_null(ipv4_route_dev(&lan->net, &far));
	assert_ptr_equal(ipv4_route_dev(&lan->net, &near), dev[1]);
	dev[0]->ip4.gateway = ip4_of(PEER(0));
	dev[1]->ip4.gateway = ip4_of(PEER(1));
	assert_ptr_equal(ipv4_route_dev(&lan->net, &far), dev[0]);
	lan->net.boot_dev = dev[1];
	assert_ptr_equal(ipv4_route_dev(&lan->net, &far), dev[1]);
	dev[2]->ip4.routes[0] = (struct ipv4_route){IP4(192, 0, 2, 0), 0xffffff00, PEER(2)};
	dev[2]->ip4.nroutes = 1;
	assert_ptr_equal(ipv4_route_dev(&lan->net, &far), dev[2]);
	netdev_link(dev[2], false); /* a worse way that works is better */
	assert_ptr_equal(ipv4_route_dev(&lan->net, &far), dev[1]);
	netdev_close(dev[1]);
	assert_ptr_equal(ipv4_route_dev(&lan->net, &far), dev[0]);
	assert_ptr_equal(ipv4_route_dev(&lan->net, &near), dev[0]);
	netdev_link(dev[0], false); /* one that is down is better than none: it may come back */
	assert_ptr_equal(ipv4_route_dev(&lan->net, &far), dev[2]);
	dev[0]->ip4.addr = dev[2]->ip4.addr = none;
	assert_null(ipv4_route_dev(&lan->net, &far));
	lan_end(lan);
}

/* A program's router is taken where there is none yet, and where the link reaches it. */
static void gateways_of_programs(void **state)
{
	struct lan *lan = lan_new(1);
	struct netdev *dev = lan_link(lan, 0);

	(void)state;
	ipv4_suggest_gateway(dev, 0);
	ipv4_suggest_gateway(dev, PEER(1));
	assert_true(ip_is_any(&dev->ip4.gateway));
	ipv4_suggest_gateway(dev, PEER(0));
	assert_int_equal(ip4_u32(&dev->ip4.gateway), PEER(0));
	ipv4_suggest_gateway(dev, PEER(0) + 1);
	assert_int_equal(ip4_u32(&dev->ip4.gateway), PEER(0));
	lan_end(lan);
}

static void quotes(void **state)
{
	uint8_t b[64] = {0x46};
	struct ipv4_quote q;

	(void)state;
	b[9] = 17;
	wire_put32(b + 12, US(0));
	wire_put32(b + 16, PEER(0));
	wire_put16(b + 24, 1234);
	wire_put16(b + 26, 69);
	wire_put32(b + 28, 0x12345678);
	assert_true(ipv4_quote_parse(bytes_of(b, 32), &q));
	assert_int_equal(q.protocol, 17);
	assert_int_equal(ip4_u32(&q.src), US(0));
	assert_int_equal(ip4_u32(&q.dst), PEER(0));
	assert_int_equal(q.src_port, 1234);
	assert_int_equal(q.dst_port, 69);
	assert_int_equal(q.seq, 0x12345678);
	for (size_t n = 0; n < 32; n++) {
		uint8_t *copy = malloc(n ? n : 1);

		memcpy(copy, b, n);
		assert_false(ipv4_quote_parse(bytes_of(copy, n), &q));
		free(copy);
	}
	wire_put16(b + 6, 1); /* not the first fragment: no ports there */
	assert_false(ipv4_quote_parse(bytes_of(b, 32), &q));
	wire_put16(b + 6, 0x2000);
	assert_true(ipv4_quote_parse(bytes_of(b, 32), &q));
	b[0] = 0x44;
	assert_false(ipv4_quote_parse(bytes_of(b, 32), &q));
	b[0] = 0x65;
	assert_false(ipv4_quote_parse(bytes_of(b, 32), &q));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csum_of_pseudo),
		cmocka_unit_test(bad_datagrams_are_counted),
		cmocka_unit_test(padding_is_not_payload),
		cmocka_unit_test(broadcasts_are_taken),
		cmocka_unit_test(unconfigured_link_takes_unicast),
		cmocka_unit_test(small_nets_have_no_broadcast),
		cmocka_unit_test(options),
		cmocka_unit_test(chains_are_handed_on),
		cmocka_unit_test(chains_that_are_dropped),
		cmocka_unit_test(header_on_the_wire),
		cmocka_unit_test(mtu_is_kept),
		cmocka_unit_test(groups_go_straight_to_the_link),
		cmocka_unit_test(nowhere_to_send),
		cmocka_unit_test(longest_prefix_wins),
		cmocka_unit_test(best_link_is_taken),
		cmocka_unit_test(gateways_of_programs),
		cmocka_unit_test(quotes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
