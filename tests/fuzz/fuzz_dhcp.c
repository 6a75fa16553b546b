/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: messages to the DHCP client, from DISCOVER to a boot file or a clean end, PXE boot
 * menus and servers included.
 *
 * The input is a list of records: 'M' port8 len16 bytes is a message from port 67 (port8 0) or
 * 4011, in which what a stranger cannot guess (xid, MAC) and what makes it a message at all (op,
 * cookie) is filled in; 'T' n lets n * 100 ms pass; 'B' n asks for a boot server, of the type of
 * the menu's n-th entry. Whatever comes: an end in bounded time, no more than ten messages a
 * second, all packets back in the pool.
 */
#include <stdlib.h>
#include <string.h>
#include "core/machine.h"
#include "net/net.h"
#include "tests/fake.h"

#define TURNS_MAX 20000
#define SENT_MAX  256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fake fake;
static struct machine m;
static struct net net;
static uint64_t sent_us[SENT_MAX];
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

/* IPv4 UDP to port 67 or 4011 counts: that is DHCP. */
static void fuzz_send(struct netdev *dev, struct pkt *p)
{
	if (p->data[12] == 8 && p->data[13] == 0 && sent < SENT_MAX) {
		sent_us[sent++] = m.now_us;
		if (sent > 10)
			check(m.now_us - sent_us[sent - 11] >= 900000);
	}
	pkt_free(&dev->net->pool, p);
}

static void fuzz_poll(struct netdev *dev, unsigned budget)
{
	(void)dev;
	(void)budget;
}

static const struct netdev_ops ops = {
	.open = fuzz_open, .close = fuzz_close, .send = fuzz_send, .poll = fuzz_poll};
static const struct ip_protocol protocols[] = {{.number = 0}};
static const struct filler_ops *const schemes[] = {NULL};
static const struct net_config net_config = {
	.protocols = protocols, .schemes = schemes, .dhcp = DHCP_TIMING_DEFAULT, .say_ipxe = true};
static const struct service *const services[] = {&net_service, NULL};
static const struct setting_source *const sources[] = {&net_settings, NULL};

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

/* As the user's choice would; the menu is walked to its end. */
static void ask(unsigned n)
{
	const struct dhcp_msg *menu = dhcp_menu(&net.dhcp[0]);
	struct pxe_entry entry = {.type = n};
	unsigned entries = 0;
	char text[80];

	while (menu && pxe_entry(menu, entries, &entry)) {
		check(entry.text >= menu->options &&
			entry.text + entry.len <= menu->options + menu->noptions);
		str_clean(text, sizeof(text), entry.text, entry.len);
		entries++;
	}
	check(!menu || entries);
	if (menu)
		pxe_entry(menu, n % entries, &entry);
	pass(1000000); /* nobody chooses faster */
	if (net.dhcp[0].state == DHCP_BOUND && net.discover.state == DISCOVER_DONE)
		check(!dhcp_ask(&net.dev[0], entry.type));
}

/* What scripts see of it. */
static void look(void)
{
	static const char *const names[] = {"filename", "next-server", "ip", "netmask", "gateway",
		"dns", "hostname", "proxydhcp/filename", "net0/43.9:hex", "175.190", "209:string",
		"root-path", "search"};
	char text[256];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		setting_show(&m, names[i], text, sizeof(text));
}

static void message(const uint8_t *data, size_t n, bool pxe)
{
	struct ip_meta meta = {
		.dev = &net.dev[0], .src = ip4_of(0x0a000001), .protocol = IPPROTO_UDP};
	struct dhcp *d = &net.dhcp[0];
	uint8_t *b = malloc(n ? n : 1);

	check(b);
	if (n)
		memcpy(b, data, n);
	if (n >= 240) {
		memcpy(b, "\2\1\6", 3);
		for (int i = 0; i < 4; i++)
			b[4 + i] = (uint8_t)(d->xid >> (24 - 8 * i));
		memcpy(b + 28, net.dev[0].mac.b, 6);
		memcpy(b + 236, "\143\202\123\143", 4);
	}
	if (net.socks)
		net.socks->input(
			net.socks, &meta, pxe ? PXE_SERVER_PORT : DHCP_SERVER_PORT, bytes_of(b, n));
	free(b);
}

static void start(void)
{
	static struct config config;
	struct netdev *dev;

	config = fake_config;
	config.services = services;
	config.sources = sources;
	config.net = &net_config;
	memset(&m, 0, sizeof(m));
	sent = 0;
	fake_init(&fake, 4 << 20);
	net_init(&net, &m, &net_config);
	dev = netdev_new(&net);
	dev->ops = &ops;
	dev->driver = "fuzz";
	dev->mac = (struct mac){{2, 0, 0, 0, 0, 1}};
	dev->mtu_max = 1500;
	netdev_add(dev);
	check(!machine_init(&m, &net, &fake_platform, &fake, &config));
	check(!discover_start(&net, 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	start();
	while (size >= 4 && sent < SENT_MAX / 2) {
		size_t n = (size_t)data[2] << 8 | data[3];

		if (data[0] == 'M') {
			n = n < size - 4 ? n : size - 4;
			message(data + 4, n, data[1]);
			pass(1);
			data += 4 + n;
			size -= 4 + n;
		} else {
			if (data[0] == 'T')
				pass(data[1] * 100000ull);
			else if (data[0] == 'B')
				ask(data[1]);
			data += 2;
			size -= 2;
		}
	}
	look();
	pass(120000000); /* nobody says anything any more */
	check(net.discover.state == DISCOVER_DONE || net.discover.state == DISCOVER_FAILED);
	check(!net.socks && !net.dhcp[0].asking);
	look();
	dhcp_release(&net.dev[0]);
	pass(2000000);
	machine_end(&m);
	check(net.pool.nfree == PKT_MAX && !net.pool.freed_twice);
	fake_end(&fake);
	return 0;
}
