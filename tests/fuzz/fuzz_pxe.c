/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: a network boot program that calls the PXE API with whatever it likes, on a link
 * whose peers answer whatever they like.
 *
 * The input is a list of records, cut short where it ends; numbers are big-endian:
 * 'C' opcode16 seg16 off16 len8 bytes	a call; the bytes become its parameters
 * 'M' seg16 off16 len8 bytes		the program writes into its memory
 * 'A' n				it is away for n * n * 10 ms
 * 'F' len16 bytes			a frame comes, as it is
 * Each datagram that the machine sends is answered with the next record of 'S': from len16 bytes;
 * what is asked of port 69 is answered from port 1069. ARP is answered always.
 *
 * Whatever comes: no access outside of the program's memory, no call that does not end, and in the
 * end nothing is left over.
 */
#include <stdlib.h>
#include <string.h>
#include "arch/x86/pxe/pxe.h"
#include "core/machine.h"
#include "net/icmp.h"
#include "net/net.h"
#include "tests/fake.h"
#include "tests/sim/wire.h"

#define MEMORY	   0x10fff0u
#define BASE	   0x9000u /* segment of what is ours in the program's memory */
#define CALLS_MAX  64
#define IDLES_MAX  200000
#define FRAMES_MAX 8
#define FRAME_MAX  1514u
#define PEER	   IP4(10, 0, 0, 9)
#define US	   IP4(10, 0, 0, 2)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fake fake;
static struct platform platform;
static struct machine m;
static struct net net;
static struct pxe *pxe;
static struct bytes input;
static uint8_t *memory;
static unsigned idles;

static struct {
	unsigned n;
	uint32_t len[FRAMES_MAX];
	uint8_t data[FRAMES_MAX][FRAME_MAX];
} queue;

static void check(bool good)
{
	if (!good)
		abort();
}

static uint8_t *frame_new(uint32_t len)
{
	if (queue.n == FRAMES_MAX || len > FRAME_MAX)
		return NULL;
	queue.len[queue.n] = len;
	return queue.data[queue.n++];
}

/* ---- the peers ---- */

static void answer_arp(const uint8_t *asked)
{
	uint8_t *f = frame_new(60);

	if (!f)
		return;
	memset(f, 0, 60);
	memcpy(f, asked + 6, 6);
	memcpy(f + 6, "\x52\x54\0\0\0\x09", 6);
	memcpy(f + 12, asked + 12, 8);
	wire_put16(f + 20, 2);
	memcpy(f + 22, f + 6, 6);
	memcpy(f + 28, asked + 38, 4);
	memcpy(f + 32, asked + 22, 10);
}

/* The next record, if it is an 'S'. */
static void answer_udp(const uint8_t *asked)
{
	uint32_t port = wire_get16(asked + 36), n, len;
	uint8_t *f;

	if (!input.n || *input.p != 'S')
		return;
	bytes_skip(&input, 1);
	n = bytes_u16(&input);
	n = n < input.n ? n : (uint32_t)input.n;
	n = n < 1472 ? n : 1472;
	len = 42 + n < 60 ? 60 : 42 + n;
	f = frame_new(len);
	if (!f)
		return;
	memset(f, 0, len);
	memcpy(f, asked + 6, 6);
	memcpy(f + 6, asked, 6);
	wire_put16(f + 12, 0x0800);
	f[14] = 0x45;
	wire_put16(f + 16, 28 + n);
	f[22] = 64;
	f[23] = 17;
	memcpy(f + 26, asked + 30, 4);
	memcpy(f + 30, asked + 26, 4);
	wire_put16(f + 24, wire_fold(wire_sum(0, f + 14, 20)));
	wire_put16(f + 34, port == 69 ? 1069 : port);
	wire_put16(f + 36, wire_get16(asked + 34));
	wire_put16(f + 38, 8 + n);
	bytes_copy(&input, f + 42, n);
}

/* ---- the link ---- */

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
	/* UNDI_TRANSMIT sends what it is given. */
	if (p->len >= 42 && wire_get16(p->data + 12) == 0x0806)
		answer_arp(p->data);
	else if (p->len >= 42 && wire_get16(p->data + 12) == 0x0800 && p->data[23] == 17)
		answer_udp(p->data);
	pkt_free(&dev->net->pool, p);
}

static void fuzz_poll(struct netdev *dev, unsigned budget)
{
	struct pkt *p;
	uint8_t *room;

	check(budget > 0);
	for (unsigned i = 0; i < queue.n && (p = pkt_alloc(&dev->net->pool)); i++) {
		room = pkt_put(p, queue.len[i]);
		check(room);
		memcpy(room, queue.data[i], queue.len[i]);
		netdev_rx(dev, p);
	}
	queue.n = 0;
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
static const struct net_config net_config = {.protocols = protocols, .schemes = schemes};
static const struct service *const services[] = {&net_service, NULL};

/* ---- the machine ---- */

static void fuzz_idle(void *ctx, uint64_t until_us)
{
	(void)ctx;
	check(++idles < IDLES_MAX);
	if (until_us > fake.now_us)
		fake.now_us = until_us;
}

/* READ_FILE's memory: all that the map says is RAM. */
static void fuzz_write(void *ctx, uint64_t phys, const void *src, size_t n)
{
	if (phys + n <= 0xa0000)
		memcpy(memory + phys, src, n);
	else
		fake_platform.phys_write(ctx, phys, src, n);
}

static uint32_t segment(struct pxe *p, uint16_t seg)
{
	(void)p;
	return seg == 0xfff8 ? UINT32_MAX : seg * 16u;
}

static void start(void)
{
	static struct config config;
	struct netdev *dev;

	if (!fake.ram) {
		fake_init(&fake, 4 << 20);
		pxe = malloc(sizeof(*pxe));
	}
	fake.now_us = 1000000;
	fake.seed = 1;
	fake.ntext = 0;
	platform = fake_platform;
	platform.idle = fuzz_idle;
	platform.phys_write = fuzz_write;
	config = fake_config;
	config.services = services;
	config.net = &net_config;
	net_init(&net, &m, &net_config);
	dev = netdev_new(&net);
	dev->ops = &ops;
	dev->driver = "fuzz";
	dev->mac = (struct mac){{0x52, 0x54, 0, 0, 1, 0}};
	dev->mtu_max = 1500;
	netdev_add(dev);
	check(!machine_init(&m, &net, &platform, &fake, &config));
	check(!netdev_open(dev));
	dev->ip4.addr = ip4_of(US);
	dev->ip4.mask = 0xffffff00;
	memory = calloc(1, MEMORY); /* of exactly its size, for the sanitizer */
	memory[0x414] = 2;
	memset(pxe, 0, sizeof(*pxe));
	pxe->m = &m;
	pxe->memory = memory;
	pxe->segment = segment;
	pxe->base = (struct pxe_base *)(memory + BASE * 16);
	pxe->base_seg = BASE;
	pxe_start(pxe, dev, "tftp://10.0.0.9/nbp");
	queue.n = 0;
	idles = 0;
}

/* ---- the program ---- */

static struct segoff far_read(void)
{
	struct segoff at;

	at.seg = bytes_u16(&input);
	at.off = bytes_u16(&input);
	return at;
}

/* Bytes of the input to a place of the program's, as far as there is memory. */
static void poke(struct segoff at)
{
	uint32_t n = bytes_u8(&input), linear = at.seg * 16u + at.off;

	n = n < input.n ? n : (uint32_t)input.n;
	if (linear > MEMORY - n)
		bytes_skip(&input, n);
	else
		bytes_copy(&input, memory + linear, n);
}

static void records(void)
{
	unsigned calls = 0;

	while (input.n && bytes_ok(&input) && calls < CALLS_MAX) {
		uint8_t what = bytes_u8(&input);
		uint16_t opcode;
		struct segoff at;
		uint8_t *f;
		uint32_t n;

		switch (what) {
		case 'C':
			opcode = bytes_u16(&input);
			at = far_read();
			poke(at);
			check(pxe_call(pxe, opcode, at) <= PXENV_EXIT_FAILURE);
			calls++;
			break;
		case 'M':
			poke(far_read());
			break;
		case 'A':
			n = bytes_u8(&input);
			fake.now_us += n * n * 10000ull;
			break;
		case 'F':
			n = bytes_u16(&input);
			n = n < input.n ? n : (uint32_t)input.n;
			f = frame_new(n);
			if (f)
				bytes_copy(&input, f, n);
			else
				bytes_skip(&input, n);
			break;
		default:
			break;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	start();
	input = bytes_of(data, size);
	records();
	input.n = 0;
	pxe_end(pxe);
	for (unsigned i = 0; i < FETCH_MAX; i++)
		check(!net.fetch[i].m);
	check(!net.socks && !image_nth(&m, 0));
	machine_end(&m);
	check(net.pool.nfree == PKT_MAX && !net.pool.freed_twice);
	free(memory);
	return 0;
}
