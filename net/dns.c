/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DNS client: RFC 1034 5.3 (resolver), 1035, 2308 (there is no such name), 5452 (forged answers).
 * It asks recursive servers; messages are in dns_msg.c.
 *
 * A name is asked for as it is and with each domain of the search list behind it: first as it is
 * when it has a dot, last when it has none, alone when it ends in one. The list is the setting
 * `search` (option 119), else `domain` (option 15); one that is longer than DNS_LIST_MAX is not
 * used. Servers are the setting `dns` and those of each link (option 6), DNS_SERVER_MAX at most,
 * asked in turn: each 1 s in the first round, 2 s in the next, then 4, 8, and again, jittered by a
 * quarter. One that says that it failed, refuses, or is not there is not asked
 * that question again. After DNS_LOOKUP_US or DNS_SENT_MAX questions a lookup is over.
 *
 * Each question has an id and a port of its own, both random, and is sent once. What is not from
 * the server just asked, from its port 53, with that id, to that port, with the question as it was
 * asked, is ignored; so is what is malformed. The strength of that is the random numbers': see
 * docs/threat.md.
 *
 * Aliases are followed, within an answer and by asking anew, DNS_CNAMES_MAX for one name. Names are
 * remembered for their time to live, a day at most; that one does not exist, for DNS_NEGATIVE_S.
 *
 * Not done: TCP when an answer was cut (what is there is used), AAAA questions while there is no
 * IPv6 (messages and addresses are ready for them), EDNS(0), DNSSEC, multicast DNS.
 */
#include "core/fmt.h"
#include "core/log.h"
#include "core/machine.h"
#include "core/str.h"
#include "net/net.h"
#include "net/wire.h"

#define DNS_WAIT_US    1000000u /* for the first answer, doubling each round */
#define DNS_ROUNDS     4	/* that double */
#define DNS_LOOKUP_US  15000000
#define DNS_SENT_MAX   32 /* questions of one lookup, however the servers answer */
#define DNS_TTL_MAX_S  86400
#define DNS_NEGATIVE_S 5

/* -- what is known -- */

/* NULL: not, or not any more. */
static struct dns_cached *cache_find(struct net *net, const char *name)
{
	for (unsigned i = 0; i < DNS_CACHE_MAX; i++) {
		struct dns_cached *c = &net->dns.cache[i];

		if (c->until_us > net->m->now_us && !strcmp(c->name, name))
			return c;
	}
	return NULL;
}

/* In the place of the oldest. */
static void cache_put(
	struct net *net, const char *name, const struct dns_reply *r, unsigned n, uint32_t s)
{
	struct dns_cached *c = &net->dns.cache[net->dns.cached++ % DNS_CACHE_MAX];

	str_copy(c->name, sizeof(c->name), name);
	c->until_us = net->m->now_us + s * 1000000ull;
	c->naddr = (uint8_t)n;
	memcpy(c->addr, r->addr, sizeof(c->addr));
}

/* -- ends -- */

void dns_cancel(struct dns_query *q)
{
	timer_stop(q->net->m, &q->timer);
	udp_close(q->net, &q->sock);
	q->net = NULL;
}

static void dns_end(struct dns_query *q, int rc, const struct ip_addr *addr, unsigned n)
{
	dns_answer *answer = q->answer;
	void *ctx = q->ctx;

	dns_cancel(q);
	answer(ctx, rc, addr, n);
}

static void dns_fail(struct dns_query *q, enum err code)
{
	struct machine *m = q->net->m;
	char text[IP_STR_MAX];

	if (m->err.code != (int)code)
		err_clear(m); /* what was no reason to give up is in the log */
	err_set(m, code, "%.100s, server %s", q->name, ip_str(&q->server[q->at], text));
	dns_end(q, -(int)code, NULL, 0);
}

/* -- questions -- */

/* 0, or why that server cannot be asked. A question that finds no buffer counts as lost. */
static int dns_send(struct dns_query *q)
{
	const struct ip_addr *server = &q->server[q->at];
	struct netdev *dev = ipv4_route_dev(q->net, server);
	int rc = dev ? udp_open(q->net, &q->sock, dev, 0) : -ERR_NO_ROUTE;
	struct emit e;
	struct pkt *p;

	if (rc)
		return rc;
	p = udp_alloc(q->net);
	if (!p)
		return 0;
	q->id = (uint16_t)rng_u32(q->net->m);
	e = emit_to(pkt_put(p, DNS_QUESTION_MAX), DNS_QUESTION_MAX);
	dns_emit(&e, q->id, q->asked, DNS_A);
	p->len = (uint32_t)e.n;
	return udp_send(q->net, &q->sock, NULL, p, NULL, server, DNS_PORT);
}

/* The server asked last cannot answer this question: it has said so, or why is an error. */
static void dns_mark(struct dns_query *q, int why)
{
	char text[IP_STR_MAX];

	log_put(q->net->m, LOG_INFO, "DNS server %s: %d for %s", ip_str(&q->server[q->at], text),
		why, q->asked);
	q->failed |= (uint8_t)(1u << q->at);
}

/* Asks the next server that can. */
static void dns_ask(struct dns_query *q)
{
	struct machine *m = q->net->m;
	int32_t left = (int32_t)(q->end_us - (uint32_t)m->now_us);
	uint32_t wait;
	int rc;

	for (;;) {
		if (left <= 0 || q->failed == (1u << q->nservers) - 1 || q->sent >= DNS_SENT_MAX) {
			dns_fail(q, left <= 0	  ? ERR_DNS_TIMEOUT
				    : q->nservers ? ERR_DNS_SERVER
						  : ERR_NO_DNS);
			return;
		}
		q->at = q->tries % q->nservers;
		wait = DNS_WAIT_US << q->tries / q->nservers % DNS_ROUNDS;
		q->tries++;
		if (q->failed >> q->at & 1)
			continue;
		rc = dns_send(q);
		if (!rc)
			break;
		dns_mark(q, -rc);
	}
	q->sent++;
	wait = wait - wait / 4 + rng_below(m, wait / 2);
	timer_start(m, &q->timer, wait < (uint32_t)left ? wait : (uint32_t)left);
}

/* Asks for another name, at the first server again. */
static void dns_question(struct dns_query *q, const char *name)
{
	str_copy(q->asked, sizeof(q->asked), name);
	q->tries = q->failed = 0;
	dns_ask(q);
}

/* What there is to try, in its order. dotted: the name as it is comes first; else it comes last. */
static void list_make(struct dns_query *q, bool dotted, bool absolute)
{
	char domains[DNS_LIST_MAX - 3] = "";
	int n = 0;

	if (!absolute)
		n = setting_text(q->net->m, "search", domains, sizeof(domains));
	if (!absolute && n <= 0)
		n = setting_text(q->net->m, "domain", domains, sizeof(domains));
	if (n >= (int)sizeof(domains))
		domains[0] = 0;
	fmt_print(q->list, sizeof(q->list), dotted ? ". %s" : "%s .", domains);
}

/* The next name to ask for into full; false when there are no more. */
static bool dns_candidate(struct dns_query *q)
{
	const char *domain = q->next;
	size_t n = 0;

	while (*domain == ' ')
		domain++;
	while (domain[n] && domain[n] != ' ')
		n++;
	q->next = domain + n;
	/* A dot at the end is none, and what does not fit is no name: see dns_name(). */
	if (fmt_print(q->full, sizeof(q->full), "%s.%.*s", q->name, *domain == '.' ? 0 : (int)n,
		    domain) >= sizeof(q->full))
		q->full[0] = 0;
	return n;
}

/* Asks for the next candidate that is not known already. */
static void dns_next(struct dns_query *q)
{
	const struct dns_cached *c;

	while (dns_candidate(q)) {
		if (!dns_name(q->full))
			continue;
		c = cache_find(q->net, q->full);
		if (!c) {
			q->cnames = 0;
			q->ttl_s = DNS_TTL_MAX_S;
			dns_question(q, q->full);
			return;
		}
		if (c->naddr) {
			dns_end(q, 0, c->addr, c->naddr);
			return;
		}
	}
	dns_fail(q, ERR_DNS_NAME);
}

/* The beginning, or nobody has answered. */
static void dns_fire(struct machine *m, struct timer *t)
{
	struct dns_query *q = t->ctx;
	struct ip_addr a;

	(void)m;
	if (q->next) {
		dns_ask(q);
		return;
	}
	q->next = q->list;
	if (ip_parse(q->name, strlen(q->name), &a))
		dns_end(q, 0, &a, 1);
	else
		dns_next(q);
}

/* -- answers -- */

static void dns_take(struct dns_query *q, struct dns_reply *r)
{
	unsigned cnames = q->cnames + r->cnames;
	bool good = r->rcode == DNS_NOERROR && cnames <= DNS_CNAMES_MAX;

	if (good && r->ttl_s < q->ttl_s)
		q->ttl_s = r->ttl_s;
	if (good && r->naddr) {
		cache_put(q->net, q->full, r, r->naddr, q->ttl_s);
		dns_end(q, 0, r->addr, r->naddr);
	} else if (good && r->cnames && dns_name(r->name)) {
		q->cnames = (uint8_t)cnames;
		dns_question(q, r->name);
	} else if (r->rcode == DNS_NXDOMAIN || (good && !r->cnames && !r->truncated)) {
		cache_put(q->net, q->full, r, 0, DNS_NEGATIVE_S);
		dns_next(q);
	} else {
		dns_mark(q, r->rcode);
		dns_ask(q);
	}
}

static void dns_input(
	struct udp_sock *s, const struct ip_meta *meta, uint16_t src_port, struct bytes b)
{
	struct dns_query *q = s->ctx;
	struct dns_reply r;

	if (src_port == DNS_PORT && ip_eq(&meta->src, &q->server[q->at]) &&
		dns_parse(b, q->id, q->asked, DNS_A, &r))
		dns_take(q, &r);
}

/* ICMP or ARP says that the server was not reached: no reason to wait for it. */
static void dns_unreachable(
	struct udp_sock *s, int err, const struct ip_addr *dst, uint16_t dst_port)
{
	struct dns_query *q = s->ctx;

	if (dst_port != DNS_PORT || !ip_eq(dst, &q->server[q->at]))
		return;
	dns_mark(q, err);
	dns_ask(q);
}

/* -- lookups -- */

/* A setting is a list of addresses; a few bytes more at its end mean nothing. */
static void servers_add(struct dns_query *q, const char *setting)
{
	uint8_t raw[4 * DNS_SERVER_MAX];
	int n = setting_get(q->net->m, setting, NULL, raw, sizeof(raw));

	for (const uint8_t *p = raw; n >= 4; n -= 4, p += 4) {
		struct ip_addr a = ip4_of(wire_get32(p));
		unsigned i = 0;

		while (i < q->nservers && !ip_eq(&a, &q->server[i]))
			i++;
		if (i == q->nservers && i < DNS_SERVER_MAX && ip4_is_unicast(wire_get32(p)))
			q->server[q->nservers++] = a;
	}
}

int dns_resolve(
	struct net *net, const char *name, dns_answer *answer, void *ctx, struct dns_query **out)
{
	struct dns_query *q = net->dns.query, *end = q + DNS_QUERY_MAX;
	size_t n = strlen(name);
	bool absolute = n && name[n - 1] == '.';
	char setting[16];

	while (q < end && q->net)
		q++;
	if (q == end)
		return err_set(net->m, ERR_NO_SOCKET, "%.100s", name);
	memset(q, 0, sizeof(*q));
	if (!str_copy(q->name, sizeof(q->name), name) || !dns_name(q->name))
		return err_set(net->m, ERR_BAD_URL, "%.100s", name);
	q->net = net;
	list_make(q, absolute || strchr(name, '.'), absolute);
	servers_add(q, "dns");
	for (unsigned i = 0; i < net->ndev; i++) {
		fmt_print(setting, sizeof(setting), "%s/dns", net->dev[i].name);
		servers_add(q, setting);
	}
	q->answer = answer;
	q->ctx = ctx;
	q->end_us = (uint32_t)net->m->now_us + DNS_LOOKUP_US;
	q->sock.input = dns_input;
	q->sock.error = dns_unreachable;
	q->sock.ctx = q;
	timer_init(&q->timer, dns_fire, q);
	timer_start(net->m, &q->timer, 0);
	*out = q;
	return 0;
}
