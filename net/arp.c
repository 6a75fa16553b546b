/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ARP for IPv4 over Ethernet, one small cache a link: see arp.h for what is believed and what is
 * not. No proxy ARP, no reverse ARP. The address of a link is dev->ip4.addr; links of one machine
 * do not answer for each other.
 */
#include "net/arp.h"
#include "core/bytes.h"
#include "core/err.h"
#include "core/log.h"
#include "core/machine.h"
#include "core/str.h"
#include "net/eth.h"
#include "net/net.h"
#include "net/netdev.h"
#include "net/pkt.h"
#include "net/wire.h"

#define ARP_LEN	     28
#define ARP_ETHERNET 1

enum arp_op { ARP_REQUEST = 1, ARP_REPLY = 2 };

struct arp_msg { /* RFC 826: sender and target, hardware and protocol address */
	uint16_t op;
	struct mac sha;
	uint32_t spa, tpa; /* host order */
};

static bool arp_parse(const uint8_t *data, uint32_t len, struct arp_msg *msg)
{
	struct bytes b = bytes_of(data, len);
	const uint8_t *h = bytes_take(&b, ARP_LEN);

	if (!h || wire_get16(h) != ARP_ETHERNET || wire_get16(h + 2) != ETH_IPV4 || h[4] != 6 ||
		h[5] != 4)
		return false;
	msg->op = wire_get16(h + 6);
	memcpy(msg->sha.b, h + 8, 6);
	msg->spa = wire_get32(h + 14);
	msg->tpa = wire_get32(h + 24);
	return (msg->op == ARP_REQUEST || msg->op == ARP_REPLY) && !mac_is_multicast(&msg->sha) &&
	       (!msg->spa || ip4_is_unicast(msg->spa));
}

/* tha: whom a reply is for; NULL: a question to all. */
static void arp_emit(
	struct netdev *dev, enum arp_op op, uint32_t spa, const struct mac *tha, uint32_t tpa)
{
	struct pkt *p = pkt_alloc(&dev->net->pool);
	uint8_t *h = p ? pkt_put(p, ARP_LEN) : NULL;

	if (!h)
		return; /* out of packets: counted there, asked again later */
	memset(h, 0, ARP_LEN);
	wire_put16(h, ARP_ETHERNET);
	wire_put16(h + 2, ETH_IPV4);
	h[4] = 6;
	h[5] = 4;
	wire_put16(h + 6, op);
	memcpy(h + 8, dev->mac.b, 6);
	wire_put32(h + 14, spa);
	if (tha)
		memcpy(h + 18, tha->b, 6);
	wire_put32(h + 24, tpa);
	eth_send(dev, p, tha ? tha : &mac_broadcast, ETH_ARP);
}

/* Asks once more and sets the time for the next try. */
static void arp_ask(struct netdev *dev, struct arp_entry *e)
{
	struct machine *m = dev->net->m;
	uint32_t wait_us = (uint32_t)ARP_RETRY_US << e->tries;

	if (wait_us > ARP_RETRY_MAX_US)
		wait_us = ARP_RETRY_MAX_US;
	arp_emit(dev, ARP_REQUEST, ip4_u32(&dev->ip4.addr), NULL, ip4_u32(&e->ip));
	e->tries++;
	e->asked_us = m->now_us;
	e->next_us = m->now_us + wait_us - wait_us / 4 + rng_below(m, wait_us / 2);
	if (e->next_us < dev->arp.next_us)
		dev->arp.next_us = e->next_us;
}

/* Begins asking for an entry, whose packets wait until then. */
static void arp_resolve(struct netdev *dev, struct arp_entry *e)
{
	e->resolved = false;
	e->tries = 0;
	arp_ask(dev, e);
}

static struct arp_entry *arp_find(struct netdev *dev, uint32_t ip)
{
	for (unsigned i = 0; i < ARP_CACHE_MAX; i++) {
		struct arp_entry *e = &dev->arp.e[i];

		if (e->ip.family && ip4_u32(&e->ip) == ip)
			return e;
	}
	return NULL;
}

/* Takes the packets that wait off the entry, oldest first. */
static struct pkt *arp_take_pending(struct arp_entry *e)
{
	struct pkt *p = e->pending;

	e->pending = NULL;
	e->npending = 0;
	return p;
}

static void arp_clear(struct netdev *dev, struct arp_entry *e)
{
	struct pkt *p, *next;

	for (p = arp_take_pending(e); p; p = next) {
		next = p->next;
		pkt_free(&dev->net->pool, p);
	}
	*e = (struct arp_entry){.resolved = false};
}

/* A slot for a new neighbour: a free one, or the one that was not used for longest. */
static struct arp_entry *arp_new(struct netdev *dev, const struct ip_addr *ip)
{
	struct arp_entry *e = &dev->arp.e[0];

	for (unsigned i = 1; i < ARP_CACHE_MAX && e->ip.family; i++) {
		if (!dev->arp.e[i].ip.family || dev->arp.e[i].used_us < e->used_us)
			e = &dev->arp.e[i];
	}
	arp_clear(dev, e);
	e->ip = *ip;
	return e;
}

/*
 * Keeps p until the entry is resolved; of too many the oldest is dropped (RFC 1122 2.3.2.2: keep
 * the latest).
 */
static void arp_wait(struct netdev *dev, struct arp_entry *e, struct pkt *p)
{
	struct pkt **at = &e->pending;

	if (e->npending >= ARP_PENDING_MAX) {
		struct pkt *old = e->pending;

		e->pending = old->next;
		e->npending--;
		pkt_free(&dev->net->pool, old);
	}
	while (*at)
		at = &(*at)->next;
	*at = p;
	p->next = NULL;
	e->npending++;
}

void arp_send(struct netdev *dev, const struct ip_addr *next_hop, struct pkt *p)
{
	uint64_t now = dev->net->m->now_us;
	struct arp_entry *e = arp_find(dev, ip4_u32(next_hop));

	if (e && e->resolved && now < e->next_us) {
		e->used_us = now;
		eth_send(dev, p, &e->mac, ETH_IPV4);
		return;
	}
	if (!e || e->resolved) {
		if (!e)
			e = arp_new(dev, next_hop);
		arp_resolve(dev, e);
	}
	e->used_us = now;
	arp_wait(dev, e, p);
}

void arp_doubt(struct netdev *dev, const struct ip_addr *next_hop)
{
	struct arp_entry *e = arp_find(dev, ip4_u32(next_hop));

	if (!e || !e->resolved || dev->net->m->now_us < e->asked_us + ARP_DOUBT_US)
		return;
	e->doubted = true;
	e->asked_us = dev->net->m->now_us;
	arp_emit(dev, ARP_REQUEST, ip4_u32(&dev->ip4.addr), NULL, ip4_u32(&e->ip));
}

bool arp_lookup(struct netdev *dev, const struct ip_addr *ip, struct mac *mac)
{
	struct arp_entry *e = arp_find(dev, ip4_u32(ip));

	if (!e) {
		e = arp_new(dev, ip);
		arp_resolve(dev, e);
	}
	e->used_us = dev->net->m->now_us;
	*mac = e->mac;
	return e->resolved;
}

/* The question is answered: whoever waits may go. */
static void arp_learn(struct netdev *dev, struct arp_entry *e, const struct mac *mac)
{
	struct pkt *p, *next;

	e->mac = *mac;
	e->resolved = true;
	e->doubted = false;
	e->next_us = dev->net->m->now_us + ARP_EXPIRE_US;
	for (p = arp_take_pending(e); p; p = next) {
		next = p->next;
		eth_send(dev, p, mac, ETH_IPV4);
	}
}

/* A known neighbour says that its MAC is `mac`. */
static void arp_heard(struct netdev *dev, struct arp_entry *e, const struct mac *mac)
{
	uint64_t now = dev->net->m->now_us;

	if (!e->resolved || e->doubted)
		arp_learn(dev, e, mac);
	else if (mac_eq(&e->mac, mac))
		e->next_us = now + ARP_EXPIRE_US;
	else if (now + ARP_EXPIRE_US >= e->next_us + ARP_DOUBT_US)
		arp_resolve(dev, e);
}

/* Told once as a warning, not kept as an error: most boots go on all the same. */
static void arp_conflict(struct netdev *dev, const struct mac *mac, uint32_t ip)
{
	char mac_text[MAC_STR_MAX], ip_text[IP_STR_MAX];
	struct ip_addr addr = ip4_of(ip);

	dev->arp.conflict_mac = *mac;
	if (!dev->arp.conflicts++)
		log_put(dev->net->m, LOG_WARN, "%s: E%d %s: %s is at %s, too; check: %s", dev->name,
			ERR_ADDRESS_CONFLICT, err_text(ERR_ADDRESS_CONFLICT),
			ip_str(&addr, ip_text), mac_str(mac, mac_text),
			err_hint(ERR_ADDRESS_CONFLICT));
}

/* Somebody has the address that we probe, or probes it at the same time (RFC 5227 2.1.1). */
static bool arp_hits_probe(const struct netdev *dev, const struct arp_msg *msg)
{
	uint32_t probe = ip4_u32(&dev->arp.probe);

	return probe &&
	       (msg->spa == probe || (!msg->spa && msg->op == ARP_REQUEST && msg->tpa == probe));
}

void arp_input(struct netdev *dev, const uint8_t *data, uint32_t len)
{
	uint32_t ours = ip4_u32(&dev->ip4.addr);
	struct arp_entry *e;
	struct arp_msg msg;

	if (!arp_parse(data, len, &msg)) {
		dev->stats.bad_arp++;
		return;
	}
	if (mac_eq(&msg.sha, &dev->mac)) {
		dev->stats.rx_ignored++;
		return;
	}
	if (arp_hits_probe(dev, &msg) || (ours && msg.spa == ours)) {
		arp_conflict(dev, &msg.sha, msg.spa ? msg.spa : msg.tpa);
		return;
	}
	e = msg.spa ? arp_find(dev, msg.spa) : NULL;
	if (e)
		arp_heard(dev, e, &msg.sha);
	if (msg.op == ARP_REQUEST && ours && msg.tpa == ours)
		arp_emit(dev, ARP_REPLY, ours, &msg.sha, msg.spa);
}

void arp_announce(struct netdev *dev)
{
	uint32_t ours = ip4_u32(&dev->ip4.addr);

	dev->arp.probe = (struct ip_addr){.family = IP_NONE};
	if (ours)
		arp_emit(dev, ARP_REQUEST, ours, NULL, ours);
}

void arp_probe(struct netdev *dev, const struct ip_addr *ip)
{
	if (!ip_eq(&dev->arp.probe, ip)) {
		dev->arp.probe = *ip;
		dev->arp.conflicts = 0;
	}
	arp_emit(dev, ARP_REQUEST, 0, NULL, ip4_u32(ip));
}

/* Nobody has answered: tells those whose packets waited. They may send again from there. */
static void arp_fail(struct netdev *dev, struct arp_entry *e)
{
	char hop_text[IP_STR_MAX], dst_text[IP_STR_MAX];
	struct ip_addr hop = e->ip;
	struct ipv4_quote q;
	struct pkt *p = arp_take_pending(e), *next;

	arp_clear(dev, e);
	for (; p; p = next) {
		next = p->next;
		if (ipv4_quote_parse(bytes_of(p->data, p->len), &q) && q.protocol != IPPROTO_ICMP) {
			err_set(dev->net->m, ERR_ARP_TIMEOUT,
				"%s: %s does not answer, on the way to %s", dev->name,
				ip_str(&hop, hop_text), ip_str(&q.dst, dst_text));
			ipv4_error(dev, &q, ERR_ARP_TIMEOUT, 0);
		}
		pkt_free(&dev->net->pool, p);
	}
}

uint64_t arp_poll(struct netdev *dev)
{
	uint64_t now = dev->net->m->now_us;

	if (now < dev->arp.next_us)
		return dev->arp.next_us;
	dev->arp.next_us = TIME_NEVER;
	for (unsigned i = 0; i < ARP_CACHE_MAX; i++) {
		struct arp_entry *e = &dev->arp.e[i];

		if (!e->ip.family || e->resolved)
			continue;
		if (now < e->next_us) {
			if (e->next_us < dev->arp.next_us)
				dev->arp.next_us = e->next_us;
		} else if (e->tries < ARP_TRIES) {
			arp_ask(dev, e);
		} else {
			arp_fail(dev, e);
		}
	}
	return dev->arp.next_us;
}

void arp_flush(struct netdev *dev)
{
	for (unsigned i = 0; i < ARP_CACHE_MAX; i++)
		arp_clear(dev, &dev->arp.e[i]);
}
