/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DNS client: RFC 1034 5.3 (resolver), 1035, 2308 (there is no such name), 5452 (forged answers).
 * It asks recursive servers; messages are in dns_msg.c.
 *
 * A name is asked for as it is and with each domain of the search list behind it: first as it is
 * when it has a dot, last when it has none, alone when it ends in one. The list is the setting
 * `search` (option 119), else `domain` (option 15). Servers are the setting `dns` and those of each
 * link (option 6), DNS_SERVER_MAX at most, asked in turn: each 1 s in the first round, then 2 s, 4
 * s
 * ..., jittered by a quarter. One that says that it failed, refuses, or is not there is not asked
 * that question again. After DNS_LOOKUP_US or DNS_SENT_MAX questions a lookup is over.
 *
 * Each question has an id and a port of its own, both random, and is sent once. What is not from
 * the server just asked, from its port 53, with that id, to that port, with the question as it was
 * asked, is ignored; so is what is malformed. The strength of that is the random numbers': see
 * docs/threat.md.
 *
 * Aliases are followed, within an answer and by asking anew, DNS_CNAMES_MAX for one name. Names are
 * remembered for their time to live, a day at most; that one does not exist, for DNS_NEGATIVE_US.
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

#define DNS_WAIT_US	1000000u /* for the first answer, doubling each round */
#define DNS_ROUNDS	4	 /* that double */
#define DNS_LOOKUP_US	15000000
#define DNS_SENT_MAX	32 /* questions of one lookup, however the servers answer */
#define DNS_TTL_MAX_S	86400
#define DNS_NEGATIVE_US 5000000
#define DNS_LIST_MAX	512 /* bytes of the search list as text; names behind that are left out */

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

/* In the place of the one that ends first. */
static void cache_put(struct net *net, const char *name, const struct dns_reply *r, uint64_t us)
{
	struct dns_cached *c = net->dns.cache;

	for (unsigned i = 1; i < DNS_CACHE_MAX; i++) {
		if (net->dns.cache[i].until_us < c->until_us)
			c = &net->dns.cache[i];
	}
	str_copy(c->name, sizeof(c->name), name);
	c->until_us = net->m->now_us + us;
	c->naddr = r->naddr;
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
	uint8_t question[DNS_QUESTION_MAX], *room;
	struct emit e = emit_to(question, sizeof(question));
	struct pkt *p;

	if (rc)
		return rc;
	q->id = (uint16_t)rng_u32(q->net->m);
	dns_emit(&e, q->id, q->asked, DNS_A);
	p = udp_alloc(q->net);
	room = p ? pkt_put(p, e.n) : NULL;
	if (!room)
		return 0;
	memcpy(room, question, e.n);
	return udp_send(q->net, &q->sock, NULL, p, NULL, server, DNS_PORT);
}

/* The server asked last cannot answer this question. */
static void dns_mark(struct dns_query *q, const char *why)
{
	char text[IP_STR_MAX];

	log_put(q->net->m, LOG_INFO, "DNS server %s: %s: %s", ip_str(&q->server[q->at], text), why,
		q->asked);
	q->failed |= (uint8_t)(1u << q->at);
}

/* Asks the next server that can. */
static void dns_ask(struct dns_query *q)
{
	struct machine *m = q->net->m;
	uint64_t left = q->end_us > m->now_us ? q->end_us - m->now_us : 0;
	uint32_t wait;
	int rc;

	for (;;) {
		if (!left || q->failed == (1u << q->nservers) - 1 || q->sent >= DNS_SENT_MAX) {
			dns_fail(q, left ? ERR_DNS_SERVER : ERR_DNS_TIMEOUT);
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
		dns_mark(q, err_text(rc));
	}
	q->sent++;
	wait = wait - wait / 4 + rng_below(m, wait / 2);
	timer_start(m, &q->timer, wait < left ? wait : left);
}

/* Asks for another name, at the first server again. */
static void dns_question(struct dns_query *q, const char *name)
{
	str_copy(q->asked, sizeof(q->asked), name);
	q->tries = q->failed = 0;
	dns_ask(q);
}

/* The search list as text with blanks; "" for none. */
static void search_list(struct machine *m, char list[DNS_LIST_MAX])
{
	int n = setting_text(m, "search", list, DNS_LIST_MAX);
	size_t end;

	if (n <= 0)
		n = setting_text(m, "domain", list, DNS_LIST_MAX);
	if (n < DNS_LIST_MAX)
		return;
	for (end = strlen(list); end && list[end - 1] != ' ';)
		end--;
	list[end] = 0; /* not a domain that was cut */
}

/* The next name to ask for into full; false when there are no more. */
static bool dns_candidate(struct dns_query *q)
{
	bool dotted = q->absolute || strchr(q->name, '.');
	unsigned skip = q->candidates++;
	char list[DNS_LIST_MAX];
	const char *word = list;
	size_t n;

	if (skip || !dotted) {
		search_list(q->net->m, list);
		skip -= dotted;
		for (;; word += n, skip--) {
			while (*word == ' ')
				word++;
			for (n = 0; word[n] && word[n] != ' ';)
				n++;
			if (!n || !skip)
				break;
		}
		if (q->absolute || (!n && (dotted || skip)))
			return false;
		if (n) {
			q->full[0] = 0; /* which is no name, when the whole is too long for one */
			if (strlen(q->name) + 1 + n < sizeof(q->full))
				fmt_print(
					q->full, sizeof(q->full), "%s.%.*s", q->name, (int)n, word);
			return true;
		}
	}
	str_copy(q->full, sizeof(q->full), q->name);
	return true;
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
	if (q->candidates)
		dns_ask(q);
	else if (ip_parse(q->name, strlen(q->name), &a))
		dns_end(q, 0, &a, 1);
	else
		dns_next(q);
}

/* -- answers -- */

static void dns_take(struct dns_query *q, struct dns_reply *r)
{
	bool good = r->rcode == DNS_NOERROR;
	unsigned cnames = q->cnames + r->cnames;
	char why[24];

	if (cnames <= DNS_CNAMES_MAX && r->ttl_s < q->ttl_s)
		q->ttl_s = r->ttl_s;
	if (cnames > DNS_CNAMES_MAX) {
		dns_mark(q, "too many aliases");
		dns_ask(q);
	} else if (good && r->naddr) {
		cache_put(q->net, q->full, r, q->ttl_s * 1000000ull);
		dns_end(q, 0, r->addr, r->naddr);
	} else if (good && r->cnames && dns_name(r->name)) {
		q->cnames = (uint8_t)cnames;
		dns_question(q, r->name);
	} else if (r->rcode == DNS_NXDOMAIN || (good && !r->cnames && !r->truncated)) {
		r->naddr = 0;
		cache_put(q->net, q->full, r, DNS_NEGATIVE_US);
		dns_next(q);
	} else {
		fmt_print(why, sizeof(why), "answer code %u", r->rcode);
		dns_mark(q, why);
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
	dns_mark(q, err_text(err));
	dns_ask(q);
}

/* -- lookups -- */

static void server_add(struct dns_query *q, struct ip_addr a)
{
	for (unsigned i = 0; i < q->nservers; i++) {
		if (ip_eq(&a, &q->server[i]))
			return;
	}
	if (q->nservers < DNS_SERVER_MAX && ip4_is_unicast(ip4_u32(&a)))
		q->server[q->nservers++] = a;
}

/* A setting is a list of addresses; a few bytes more at its end mean nothing. */
static void servers_find(struct dns_query *q)
{
	struct net *net = q->net;
	uint8_t raw[4 * DNS_SERVER_MAX];
	char name[16] = "dns";

	for (unsigned i = 0;; i++) {
		int n = setting_get(net->m, name, NULL, raw, sizeof(raw));

		for (int at = 0; at + 4 <= n; at += 4)
			server_add(q, ip4_of(wire_get32(raw + at)));
		if (i == net->ndev)
			return;
		fmt_print(name, sizeof(name), "%s/dns", net->dev[i].name);
	}
}

/* Whether name is one that can be asked for; "10.0.0.256" is an address with a mistake. */
static bool query_name(struct dns_query *q, const char *name)
{
	size_t n = strlen(name), digits = 0;

	while (digits < n && (name[digits] == '.' || (name[digits] >= '0' && name[digits] <= '9')))
		digits++;
	q->absolute = n && name[n - 1] == '.';
	return digits < n && str_copy(q->name, sizeof(q->name), name) && dns_name(q->name);
}

int dns_resolve(
	struct net *net, const char *name, dns_answer *answer, void *ctx, struct dns_query **out)
{
	struct dns_query *q = net->dns.query, *end = q + DNS_QUERY_MAX;
	struct ip_addr a;
	bool literal = ip_parse(name, strlen(name), &a);

	while (q < end && q->net)
		q++;
	if (q == end)
		return err_set(net->m, ERR_NO_SOCKET, "DNS: %.100s", name);
	memset(q, 0, sizeof(*q));
	if (literal)
		str_copy(q->name, sizeof(q->name), name);
	else if (!query_name(q, name))
		return err_set(net->m, ERR_BAD_URL, "\"%.100s\" is no host name", name);
	q->net = net;
	servers_find(q);
	if (!q->nservers && !literal) {
		q->net = NULL;
		return err_set(net->m, ERR_NO_DNS, "%.100s", name);
	}
	q->answer = answer;
	q->ctx = ctx;
	q->end_us = net->m->now_us + DNS_LOOKUP_US;
	q->sock.input = dns_input;
	q->sock.error = dns_unreachable;
	q->sock.ctx = q;
	timer_init(&q->timer, dns_fire, q);
	timer_start(net->m, &q->timer, 0);
	*out = q;
	return 0;
}
