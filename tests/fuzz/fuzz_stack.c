/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: frames fed to the whole stack by a device, while DHCP runs on every link and then a
 *TFTP transfer.
 *
 * The input is a list of records, cut short where it ends. A record is a byte that says what, and
 *its operands: 'R' link len16 bytes	a frame as it is 'H' link len16 bytes	a frame, helped:
 *what a stranger cannot guess is filled in, see help() 'T' n			n * 50 ms pass 'L'
 *link		the cable is pulled, or put back Whatever comes: no overrun (each frame is a heap
 *block of its size, gone after the turn), no endless loop, and in the end all packets are in the
 *pool.
 */
#include <stdlib.h>
#include <string.h>
#include "core/machine.h"
#include "net/icmp.h"
#include "net/net.h"
#include "tests/fake.h"
#include "tests/sim/wire.h"

#define LINKS	   2
#define FRAME_MAX  2000
#define TURNS_MAX  20000
#define ANY_PORT   0xffff /* stands for the port of the newest socket in a helped frame */
#define FRAMES_MAX 64	  /* of one turn */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fake fake;
static struct machine m;
static struct net net;
static struct fetch *fetch;

/* The frame that comes next, and on which link; poll() delivers it. */
static struct {
	unsigned link;
	uint8_t *block;
	uint32_t len;
} next;

static void check(bool good)
{
	if (!good)
		abort();
}

static int fuzz_open(struct netdev *dev)
{
	netdev_link(dev, true);
	return 0;
}

static void fuzz_close(struct netdev *dev)
{
	(void)dev;
}

static void fuzz_send(struct netdev *dev, struct pkt *p)
{
	check(p->len >= 60 && p->len <= 14u + dev->mtu);
	pkt_free(&dev->net->pool, p);
}

static void fuzz_poll(struct netdev *dev, unsigned budget)
{
	struct pkt *p;

	check(budget > 0);
	if (!next.block || next.link != dev->index || !(p = pkt_alloc(&dev->net->pool)))
		return;
	p->data = next.block;
	p->len = next.len;
	netdev_rx(dev, p);
	next.len = 0;
	next.link = LINKS;
}

static const struct netdev_ops ops = {
	.open = fuzz_open, .close = fuzz_close, .send = fuzz_send, .poll = fuzz_poll};

static const struct ip_protocol protocols[] = {
	{.number = IPPROTO_TCP, .input = tcp_input, .error = tcp_error},
	{.number = IPPROTO_UDP, .input = udp_input, .error = udp_error},
	{.number = IPPROTO_ICMP, .input = icmp_input},
	{.number = 0},
};
static const struct filler_ops *const schemes[] = {&tftp_filler, NULL};
static const struct net_config net_config = {
	.protocols = protocols,
	.schemes = schemes,
	.dhcp = {.discover_us = 1000000,
		.discover_max_us = 8000000,
		.discover_tries = 4,
		.grace_us = 300000,
		.proxy_us = 1000000,
		.link_us = 5000000},
};
static const struct service *const services[] = {&net_service, NULL};

/* What the machine's user would do: fetch a file once there is a lease, and take what comes. */
static void follow(void)
{
	if (!fetch && net.discover.state == DISCOVER_DONE) {
		net.discover.state = DISCOVER_IDLE; /* once is enough */
		if (fetch_start(&m, "tftp://10.0.0.9/file", "file", NULL, &fetch))
			fetch = NULL;
	}
	if (fetch && fetch->finished) {
		struct image *img = fetch_end(fetch);

		if (img)
			image_free(&m, img);
		fetch = NULL;
	}
}

/* Turns until us later, each when the one before wants it; at least one. */
static void pass(uint64_t us)
{
	uint64_t end = fake.now_us + us, due;

	for (unsigned i = 0; i < TURNS_MAX; i++) {
		due = machine_poll(&m);
		follow();
		if (due > end) {
			fake.now_us = end > fake.now_us ? end : fake.now_us;
			return;
		}
		fake.now_us = due > fake.now_us ? due : fake.now_us + 1;
	}
	abort(); /* it spins */
}

static void udp_sum(uint8_t *ip, uint8_t *udp, uint32_t n)
{
	uint8_t pseudo[12] = {0};
	uint16_t sum;

	memcpy(pseudo, ip + 12, 8);
	pseudo[9] = ip[9];
	wire_put16(pseudo + 10, n);
	wire_put16(udp + 6, 0);
	sum = wire_fold(wire_sum(wire_sum(0, pseudo, sizeof(pseudo)), udp, n));
	wire_put16(udp + 6, sum ? sum : 0xffff);
}

/*
 * DHCP: the transaction id and our MAC. Any: ports that stand for that of the newest socket; the
 * checksum.
 */
static void help_udp(unsigned link, uint8_t *ip, uint8_t *udp, uint32_t n)
{
	if (n < 8)
		return;
	if (wire_get16(udp + 2) == DHCP_CLIENT_PORT && n >= 8 + 34) {
		wire_put32(udp + 8 + 4, net.dhcp[link].xid);
		memcpy(udp + 8 + 28, net.dev[link].mac.b, 6);
	}
	if (wire_get16(udp + 2) == ANY_PORT && net.socks)
		wire_put16(udp + 2, net.socks->port);
	if (wire_get16(udp + 4) == n)
		udp_sum(ip, udp, n);
}

static void help_ip(unsigned link, uint8_t *ip, uint32_t n)
{
	uint32_t head = (ip[0] & 15u) * 4, total;

	if (n < 20 || head < 20 || head > n)
		return;
	total = wire_get16(ip + 2) < n ? wire_get16(ip + 2) : n;
	if (!wire_get32(ip + 16))
		wire_put32(ip + 16, ip4_u32(&net.dev[link].ip4.addr));
	wire_put16(ip + 10, 0);
	wire_put16(ip + 10, wire_fold(wire_sum(0, ip, head)));
	if (total <= head || wire_get16(ip + 6) & 0x1fff)
		return;
	if (ip[9] == 17) {
		help_udp(link, ip, ip + head, total - head);
	} else if (ip[9] == 1 && total - head >= 4) {
		wire_put16(ip + head + 2, 0);
		wire_put16(ip + head + 2, wire_fold(wire_sum(0, ip + head, total - head)));
	}
}

/* Our MAC instead of 0, our IP address instead of 0, right checksums, and what help_udp() does. */
static void help(unsigned link, uint8_t *frame, uint32_t n)
{
	static const uint8_t nobody[6];

	if (n < 14)
		return;
	if (!memcmp(frame, nobody, 6))
		memcpy(frame, net.dev[link].mac.b, 6);
	if (wire_get16(frame + 12) == TYPE_IP && n > 14)
		help_ip(link, frame + 14, n - 14);
	else if (wire_get16(frame + 12) == TYPE_ARP && n >= 14 + 28 && !wire_get32(frame + 38))
		wire_put32(frame + 38, ip4_u32(&net.dev[link].ip4.addr));
}

static void receive(unsigned link, const uint8_t *data, uint32_t n, bool helped)
{
	next.block = malloc(n ? n : 1);
	next.len = n;
	next.link = link;
	if (n)
		memcpy(next.block, data, n);
	if (helped)
		help(link, next.block, n);
	pass(0);
	free(next.block);
	next.block = NULL;
}

static void records(struct bytes b)
{
	while (b.n && bytes_ok(&b)) {
		uint8_t what = bytes_u8(&b), arg = bytes_u8(&b);
		unsigned link = arg % LINKS;
		uint32_t n;

		switch (what) {
		case 'R':
		case 'H':
			n = bytes_u16(&b);
			n = n < b.n ? n : (uint32_t)b.n;
			n = n < FRAME_MAX ? n : FRAME_MAX;
			receive(link, bytes_take(&b, n), n, what == 'H');
			break;
		case 'T':
			pass(arg * 50000ull);
			break;
		case 'L':
			netdev_link(&net.dev[link], !net.dev[link].link_up);
			pass(0);
			break;
		default:
			break;
		}
	}
}

static void start(void)
{
	static struct config config;

	if (!fake.ram)
		fake_init(&fake, 16 << 20);
	fake.now_us = 1000000;
	fake.seed = 1;
	fake.ntext = 0;
	config = fake_config;
	config.services = services;
	config.net = &net_config;
	net_init(&net, &m, &net_config);
	for (unsigned i = 0; i < LINKS; i++) {
		struct netdev *dev = netdev_new(&net);

		dev->ops = &ops;
		dev->driver = "fuzz";
		dev->mac = (struct mac){{0x52, 0x54, 0, 0, 1, (uint8_t)i}};
		dev->mtu_max = 1500;
		netdev_add(dev);
	}
	check(!machine_init(&m, &net, &fake_platform, &fake, &config));
	check(!discover_start(&net, 0));
	fetch = NULL;
	pass(0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	start();
	records(bytes_of(data, size));
	if (fetch)
		fetch_cancel(fetch);
	discover_cancel(&net);
	machine_end(&m);
	check(net.pool.nfree == PKT_MAX && !net.pool.freed_twice);
	return 0;
}
