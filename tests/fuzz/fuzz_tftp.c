/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: packets to the TFTP client while it fetches one file.
 *
 * The input is a list of records: who len16 bytes, where who is 'S' for the server from its
 * transfer's port, 'O' for the server from another port, 'X' for another host; or 'T' n: n * 100 ms
 * pass. Whatever comes: an end in bounded time, no answer that is not caused by what came, an image
 * only when all its bytes came, nothing leaked.
 */
#include <stdlib.h>
#include <string.h>
#include "core/machine.h"
#include "net/net.h"
#include "tests/fake.h"

#define TURNS_MAX 20000
#define SERVER	  0x0a000009u
#define TID	  3000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fake fake;
static struct machine m;
static struct net net;
static struct fetch *fetch;
static unsigned sent;

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

/* Answers for every neighbour, so that what is sent goes out. */
static void fuzz_send(struct netdev *dev, struct pkt *p)
{
	uint8_t arp[28] = {0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 9};
	bool question = p->data[12] == 8 && p->data[13] == 6 && p->data[21] == 1;

	if (question) {
		memcpy(arp + 14, p->data + 38, 4);
		memcpy(arp + 18, dev->mac.b, 6);
		memcpy(arp + 24, p->data + 28, 4);
	}
	sent += p->data[12] == 8 && p->data[13] == 0;
	pkt_free(&dev->net->pool, p);
	if (question)
		arp_input(dev, arp, sizeof(arp));
}

static void fuzz_poll(struct netdev *dev, unsigned budget)
{
	(void)dev;
	(void)budget;
}

static const struct netdev_ops ops = {
	.open = fuzz_open, .close = fuzz_close, .send = fuzz_send, .poll = fuzz_poll};
static const struct ip_protocol protocols[] = {{.number = 0}};
static const struct filler_ops *const schemes[] = {&tftp_filler, NULL};
static const struct net_config net_config = {.protocols = protocols, .schemes = schemes};
static const struct service *const services[] = {&net_service, NULL};

static void pass(uint64_t us)
{
	uint64_t end = fake.now_us + us, due;

	for (unsigned i = 0; i < TURNS_MAX; i++) {
		due = machine_poll(&m);
		if (due > end) {
			fake.now_us = end;
			machine_poll(&m);
			return;
		}
		fake.now_us = due > fake.now_us ? due : fake.now_us + 1;
	}
	abort(); /* it spins */
}

static void packet(uint8_t who, const uint8_t *data, size_t n)
{
	struct ip_meta meta = {.dev = &net.dev[0],
		.src = ip4_of(who == 'X' ? SERVER + 1 : SERVER),
		.protocol = IPPROTO_UDP};
	uint8_t *b = malloc(n ? n : 1);
	unsigned before = sent;

	check(b);
	if (n)
		memcpy(b, data, n);
	if (net.socks)
		net.socks->input(net.socks, &meta, who == 'O' ? TID + 1 : TID, bytes_of(b, n));
	/* At most an answer, or an ACK and an ERROR. */
	check(sent - before <= 2);
	free(b);
}

static void start(void)
{
	static struct config config;
	struct netdev *dev;

	config = fake_config;
	config.services = services;
	config.net = &net_config;
	memset(&m, 0, sizeof(m));
	fake_init(&fake, 4 << 20);
	net_init(&net, &m, &net_config);
	dev = netdev_new(&net);
	dev->ops = &ops;
	dev->driver = "fuzz";
	dev->mac = (struct mac){{2, 0, 0, 0, 0, 1}};
	dev->mtu_max = 1500;
	netdev_add(dev);
	check(!machine_init(&m, &net, &fake_platform, &fake, &config));
	check(!netdev_open(dev));
	dev->ip4.addr = ip4_of(0x0a000002);
	dev->ip4.mask = 0xffffff00;
	check(!fetch_start(&m, "tftp://10.0.0.9/file", "file", NULL, &fetch));
}

/* What a fetch gives has no holes. */
static void finish(void)
{
	struct image *img;
	bool good = !fetch->result;

	check(fetch->finished);
	img = fetch_end(fetch);
	check(!img == !good);
	if (img) {
		check(img->state == IMAGE_READY && image_complete(img));
		check(ranges_bytes(&img->have) == img->total);
		image_free(&m, img);
	}
	check(!image_nth(&m, 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	start();
	while (size >= 3 && !fetch->finished) {
		size_t n = (size_t)data[1] << 8 | data[2];

		if (data[0] == 'T') {
			pass(data[1] * 100000ull);
			data += 2;
			size -= 2;
			continue;
		}
		n = n < size - 3 ? n : size - 3;
		packet(data[0], data + 3, n);
		data += 3 + n;
		size -= 3 + n;
	}
	pass(70000000); /* silence */
	finish();
	check(!net.socks);
	machine_end(&m);
	check(net.pool.nfree == PKT_MAX && !net.pool.freed_twice);
	fake_end(&fake);
	return 0;
}
