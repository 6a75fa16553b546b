/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: answers to the DNS client while it looks one name up.
 *
 * The first byte chooses the name, the search list and the number of servers; a list of records
 * follows: 'A' flags16 n16 len16 bytes is an answer to the latest question, from the server that
 * was asked: flags but for QR, which is set, number of records, and what follows the question; 'R'
 * len16 bytes is a whole message, only its id right; 'S' is the same from a stranger; 'U' says that
 * the server was not reached; 'T' n: n * 100 ms pass. Whatever comes: one answer within 15 s, with
 * addresses or an error, after a bounded number of questions; a stranger changes nothing; nothing
 * leaked.
 */
#include <stdlib.h>
#include <string.h>
#include "core/machine.h"
#include "net/net.h"
#include "tests/fake.h"

#define TURNS_MAX 20000
#define SERVER	  0x0a000009u
#define SENT_MAX  32 /* questions of one lookup */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fake fake;
static struct machine m;
static struct net net;
static unsigned sent, answers;
static uint8_t question[300]; /* the latest one, its header in front */
static size_t nquestion;
static uint32_t asked; /* who was */

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
	bool who_has = p->data[12] == 8 && p->data[13] == 6 && p->data[21] == 1;

	if (who_has) {
		memcpy(arp + 14, p->data + 38, 4);
		memcpy(arp + 18, dev->mac.b, 6);
		memcpy(arp + 24, p->data + 28, 4);
	} else if (p->data[12] == 8 && p->data[13] == 0) {
		sent++;
		asked = (uint32_t)p->data[30] << 24 | (uint32_t)p->data[31] << 16 |
			(uint32_t)p->data[32] << 8 | p->data[33];
		nquestion = ((size_t)p->data[38] << 8 | p->data[39]) - 8;
		check(nquestion >= 12 + 3 + 4 && nquestion <= 12 + 255 + 4);
		memcpy(question, p->data + 42, nquestion);
	}
	pkt_free(&dev->net->pool, p);
	if (who_has)
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
static const struct filler_ops *const schemes[] = {NULL};
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

static void found(void *ctx, int rc, const struct ip_addr *addr, unsigned n)
{
	(void)ctx;
	answers++;
	check(n <= FETCH_ADDR_MAX && (rc == 0) == (n > 0) && rc <= 0);
	for (unsigned i = 0; i < n; i++)
		check(addr[i].family == IP_V4);
}

/* The codec alone, as either type; what it says has the form that the client relies on. */
static void codec(const uint8_t *b, size_t n)
{
	static const enum dns_type types[] = {DNS_A, DNS_AAAA};
	char name[DNS_NAME_MAX] = "host.lab";
	struct dns_reply r;

	for (size_t i = 0; i < 2; i++) {
		uint16_t id = n >= 2 ? (uint16_t)(b[0] << 8 | b[1]) : 0;

		if (!dns_parse(bytes_of(b, n), id, name, types[i], &r))
			continue;
		check(memchr(r.name, 0, sizeof(r.name)) && r.naddr <= FETCH_ADDR_MAX);
		check(r.cnames <= DNS_CNAMES_MAX + 1 && r.rcode < 16);
		for (const char *c = r.name; *c; c++)
			check(*c >= '-' && *c <= 'z' && !(*c >= 'A' && *c <= 'Z'));
	}
}

static void message(uint8_t who, const uint8_t *head, size_t nhead, const uint8_t *data, size_t n)
{
	struct ip_meta meta = {.dev = &net.dev[0],
		.src = ip4_of(who == 'S' ? SERVER + 77 : asked),
		.protocol = IPPROTO_UDP};
	unsigned before = sent, told = answers;
	uint8_t *b = malloc(nhead + n + 1);

	check(b);
	if (nhead)
		memcpy(b, head, nhead);
	if (n)
		memcpy(b + nhead, data, n);
	codec(b, nhead + n);
	if (nhead + n >= 2 && nquestion)
		memcpy(b, question, 2);
	if (net.socks)
		net.socks->input(net.socks, &meta, DNS_PORT, bytes_of(b, nhead + n));
	if (who == 'S')
		check(sent == before && answers == told);
	free(b);
}

/* 'A' and what follows it; the bytes used. */
static size_t answer(const uint8_t *data, size_t size)
{
	uint8_t head[sizeof(question)];
	size_t n = (size_t)data[5] << 8 | data[6];

	n = n < size - 7 ? n : size - 7;
	memcpy(head, question, nquestion);
	if (nquestion) {
		head[2] = data[1] | 0x80;
		head[3] = data[2];
		memcpy(head + 6, data + 3, 2);
	}
	message('A', head, nquestion, data + 7, n);
	return 7 + n;
}

static void unreachable(void)
{
	const struct ipv4_quote q = {.protocol = IPPROTO_UDP,
		.dst = ip4_of(asked),
		.src_port = net.socks ? net.socks->port : 0,
		.dst_port = DNS_PORT};

	udp_error(&net.dev[0], &q, ERR_UNREACHABLE, 0);
}

static void start(uint8_t how)
{
	static const char *const names[] = {"host.lab", "host", "host.", "www.Host.LAB"};
	static const char *const lists[] = {"", "lab", "a b.lab", "lab example.com a.b.c.d.e.f"};
	static struct config config;
	struct dns_query *q;
	struct netdev *dev;

	config = fake_config;
	config.services = services;
	config.net = &net_config;
	memset(&m, 0, sizeof(m));
	sent = answers = 0;
	nquestion = 0;
	asked = SERVER;
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
	check(!setting_set(&m, "dns:hex", how & 16 ? "0a000009:0a00000a:0a00000b" : "0a000009"));
	check(!setting_set(&m, "search", lists[how >> 2 & 3]));
	check(!dns_resolve(&net, names[how & 3], found, NULL, &q));
	pass(1);
}

static void finish(void)
{
	pass(16000000);
	check(answers == 1 && !net.socks);
	check(sent <= SENT_MAX);
	machine_end(&m);
	check(net.pool.nfree == PKT_MAX && !net.pool.freed_twice);
	fake_end(&fake);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n;

	if (!size)
		return 0;
	start(*data++);
	size--;
	while (size) {
		n = 1;
		if (*data == 'A' && size >= 7) {
			n = answer(data, size);
			pass(1);
		} else if ((*data == 'R' || *data == 'S') && size >= 3) {
			n = (size_t)data[1] << 8 | data[2];
			n = n < size - 3 ? n : size - 3;
			message(*data, NULL, 0, data + 3, n);
			n += 3;
			pass(1);
		} else if (*data == 'T' && size >= 2) {
			n = 2;
			pass(data[1] * 100000ull);
		} else if (*data == 'U') {
			unreachable();
			pass(1);
		}
		data += n;
		size -= n;
	}
	finish();
	return 0;
}
