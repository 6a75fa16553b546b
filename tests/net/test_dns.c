/* SPDX-License-Identifier: BSD-2-Clause */
/* The DNS client against servers by hand: who is asked, when, for what; what is believed. */
#include "net/dns.h"
#include "tests/net/dns_wire.h"
#include "tests/net/server.h"
#include "tests/unit.h"

#define DNS1 IP4(10, 0, 0, 53)
#define DNS2 IP4(10, 0, 0, 54)
#define DNS3 IP4(10, 0, 1, 55)

/* What the lookup has come to. */
struct found {
	struct machine *m;
	uint64_t at_us;
	unsigned calls;
	int rc;
	unsigned n;
	struct ip_addr addr[FETCH_ADDR_MAX];
	struct dns_query *q;
};

static void on_answer(void *ctx, int rc, const struct ip_addr *addr, unsigned n)
{
	struct found *f = ctx;

	f->calls++;
	f->at_us = f->m->now_us;
	f->rc = rc;
	f->n = n;
	assert_true(n <= FETCH_ADDR_MAX);
	assert_int_equal(rc == 0, n > 0);
	if (n)
		memcpy(f->addr, addr, n * sizeof(*addr));
}

static struct lan *dns_lan(unsigned n, const char *servers)
{
	struct lan *lan = server_lan(n);

	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(netdev_open(lan_link(lan, i)), 0);
		lan_configure(lan_link(lan, i));
	}
	lan_turn(lan);
	assert_int_equal(setting_set(&lan->m, "dns:hex", servers), 0);
	return lan;
}

static struct found *resolve(struct lan *lan, const char *name)
{
	static struct found f[8];
	static unsigned at;
	struct found *found = &f[at++ % 8];

	memset(found, 0, sizeof(*found));
	found->m = &lan->m;
	assert_int_equal(dns_resolve(&lan->net, name, on_answer, found, &found->q), 0);
	assert_int_equal(found->calls, 0);
	return found;
}

/* The name asked for, with dots. */
static const char *sent_name(const struct sent *s)
{
	static char text[300];
	uint32_t at = 12, n = 0;

	while (s->data[at]) {
		assert_true(at + s->data[at] < s->n);
		if (n)
			text[n++] = '.';
		memcpy(text + n, s->data + at + 1, s->data[at]);
		n += s->data[at];
		at += 1u + s->data[at];
	}
	text[n] = 0;
	assert_int_equal(s->n, at + 5);
	assert_memory_equal(s->data + at, "\0\0\1\0\1", 5);
	return text;
}

/* The next question, within us, which is for name to that server. */
static struct sent question(struct lan *lan, uint64_t us, const char *name, uint32_t server)
{
	struct sent s;

	if (!server_wait(lan, &s, us))
		fail_msg("no question for %s", name);
	assert_int_equal(s.dport, 53);
	assert_int_equal(s.dst, server);
	assert_memory_equal(s.data + 2, "\1\0\0\1\0\0\0\0\0\0", 10); /* RD, one question */
	assert_string_equal(sent_name(&s), name);
	return s;
}

static struct dmsg answer(const struct sent *s, unsigned flags)
{
	return dmsg_to(wire_get16(s->data), W_ANSWER | flags, sent_name(s), W_A);
}

static void say(struct lan *lan, const struct sent *s, const struct dmsg *d)
{
	server_put(lan, s->link, s->dst, s->src, 53, s->sport, d->b, d->n);
	server_quiet(lan, 10);
}

/* The same, when a question follows at once. */
static void say_on(struct lan *lan, const struct sent *s, const struct dmsg *d)
{
	server_put(lan, s->link, s->dst, s->src, 53, s->sport, d->b, d->n);
}

static void say_address(struct lan *lan, const struct sent *s, uint32_t ttl, uint32_t ip)
{
	struct dmsg d = answer(s, 0);

	dmsg_a(&d, NULL, ttl, ip);
	say(lan, s, &d);
}

static void say_code(struct lan *lan, const struct sent *s, unsigned code)
{
	struct dmsg d = answer(s, code);

	say_on(lan, s, &d);
}

static void found_is(const struct found *f, uint32_t ip)
{
	assert_int_equal(f->calls, 1);
	assert_int_equal(f->rc, 0);
	assert_int_equal(ip4_u32(&f->addr[0]), ip);
}

static void found_not(const struct found *f, int err)
{
	assert_int_equal(f->calls, 1);
	assert_int_equal(f->rc, -err);
}

/* -- lookups -- */

static void test_addresses(void **state)
{
	struct lan *lan = dns_lan(1, "0a000035");
	struct found *f = resolve(lan, "Boot.Example.");
	struct sent s = question(lan, MS, "boot.example", DNS1);
	struct dmsg d = answer(&s, 0);

	(void)state;
	for (unsigned i = 1; i < 12; i++)
		dmsg_a(&d, NULL, 300, IP4(10, 0, 0, i));
	say(lan, &s, &d);
	found_is(f, IP4(10, 0, 0, 1));
	assert_int_equal(f->n, FETCH_ADDR_MAX);
	for (unsigned i = 0; i < f->n; i++)
		assert_int_equal(ip4_u32(&f->addr[i]), IP4(10, 0, 0, i + 1));
	say(lan, &s, &d); /* once is enough */
	assert_int_equal(f->calls, 1);
	assert_null(lan->net.socks);
	lan_end(lan);
}

static void test_literal(void **state)
{
	struct lan *lan = server_lan(1); /* neither link nor server is needed */
	struct found *f = resolve(lan, "192.0.2.7");

	(void)state;
	server_quiet(lan, MS);
	found_is(f, IP4(192, 0, 2, 7));
	lan_end(lan);
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
		"", ".", "a..b", "::1", "fe80::1", "two words", "semi;colon", "under%score", "a/b"};
	struct lan *lan = dns_lan(1, "0a000035");
	struct found f = {0};
	char name[300];

	(void)state;
	for (size_t i = 0; i < ROWS(bad); i++)
		assert_int_equal(dns_resolve(&lan->net, bad[i], on_answer, &f, &f.q), -ERR_BAD_URL);
	for (unsigned n = 253; n < 300; n++) {
		for (unsigned i = 0; i < n; i++)
			name[i] = i % 50 == 49 ? '.' : 'a';
		name[n - 1] = 'a';
		name[n] = 0;
		assert_int_equal(dns_resolve(&lan->net, name, on_answer, &f, &f.q),
			n > 253 ? -ERR_BAD_URL : 0);
		if (n == 253)
			dns_cancel(f.q);
	}
	server_quiet(lan, 20 * S);
	assert_int_equal(f.calls, 0);
	lan_end(lan);
}

static void test_no_server(void **state)
{
	struct lan *lan = dns_lan(1, "0a000035");
	struct found *f;

	(void)state;
	setting_clear(&lan->m, "dns");
	f = resolve(lan, "host");
	server_quiet(lan, MS);
	found_not(f, ERR_NO_DNS);
	lan_end(lan);
}

static void test_slots(void **state)
{
	struct lan *lan = dns_lan(1, "0a000035");
	struct found *f[DNS_QUERY_MAX], extra, *first = resolve(lan, "known.lab");
	struct sent s[DNS_QUERY_MAX];
	const char *const name[] = {"a.b", "c.d", "e.f", "g.h"};

	(void)state;
	question(lan, MS, "known.lab", DNS1); /* now the server's MAC is known */
	dns_cancel(first->q);
	for (unsigned i = 0; i < DNS_QUERY_MAX; i++)
		f[i] = resolve(lan, name[i]);
	assert_int_equal(
		dns_resolve(&lan->net, "i.j", on_answer, &extra, &extra.q), -ERR_NO_SOCKET);
	for (unsigned i = 0; i < DNS_QUERY_MAX; i++)
		s[i] = question(lan, MS, name[i], DNS1);
	dns_cancel(f[1]->q);
	for (unsigned i = DNS_QUERY_MAX; i--;) {
		struct dmsg d = dmsg_to(0, W_ANSWER, name[i], W_A);

		/* The frames are still there: nothing was sent since. */
		memcpy(d.b, s[i].data, 2);
		dmsg_a(&d, NULL, 9, IP4(10, 0, 0, i + 1));
		lan_turn(lan);
		say_on(lan, &s[i], &d);
		lan_turn(lan);
	}
	assert_int_equal(f[1]->calls, 0);
	found_is(f[0], IP4(10, 0, 0, 1));
	found_is(f[2], IP4(10, 0, 0, 3));
	found_is(f[3], IP4(10, 0, 0, 4));
	assert_null(lan->net.socks);
	lan_end(lan);
}

/* -- who is asked, and when -- */

/* One server that does not answer: after 1, 2, 4 s, a quarter more or less, and the end at 15 s. */
static void test_silence(void **state)
{
	struct lan *lan = dns_lan(1, "0a000035");
	struct found *f = resolve(lan, "host.lab");
	uint64_t start = lan->fake.now_us, last = start;
	uint32_t ids = 0, ports = 0;
	struct sent s;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		s = question(lan, 5 * S, "host.lab", DNS1);
		if (i)
			assert_in_range(
				s.at_us - last, (S << (i - 1)) * 3 / 4, (S << (i - 1)) * 5 / 4);
		last = s.at_us;
		assert_int_not_equal(wire_get16(s.data), ids);
		assert_int_not_equal(s.sport, ports);
		ids = wire_get16(s.data);
		ports = s.sport;
	}
	while (!f->calls && server_wait(lan, &s, 9 * S))
		;
	found_not(f, ERR_DNS_TIMEOUT);
	assert_in_range(f->at_us - start, 15 * S, 15 * S + MS);
	assert_non_null(strstr(lan->m.err.detail, "host.lab"));
	assert_non_null(strstr(lan->m.err.detail, "10.0.0.53"));
	server_quiet(lan, 30 * S);
	assert_int_equal(f->calls, 1);
	lan_end(lan);
}

static void test_servers_in_turn(void **state)
{
	struct lan *lan = dns_lan(2, "0a000035:0a000036");
	struct found *f;
	struct sent s;

	(void)state;
	assert_int_equal(setting_set(&lan->m, "net1/dns", "10.0.1.55"), 0);
	f = resolve(lan, "host.lab");
	question(lan, MS, "host.lab", DNS1);
	question(lan, 1300 * MS, "host.lab", DNS2);
	s = question(lan, 1300 * MS, "host.lab", DNS3);
	assert_int_equal(s.link, 1);
	question(lan, 1300 * MS, "host.lab", DNS1);
	s = question(lan, 2600 * MS, "host.lab", DNS2);
	say_address(lan, &s, 300, IP4(10, 0, 0, 1));
	found_is(f, IP4(10, 0, 0, 1));
	lan_end(lan);
}

/* Lists that are too long, too short, say things twice, or what no server has. */
static void test_servers_list(void **state)
{
	static const struct {
		const char *list;
		unsigned n;
	} row[] = {
		{"0a000035", 1},
		{"0a", 0},
		{"0a0000", 0},
		{"0a00003501", 1},
		{"0a000035010203", 1},
		{"0a0000350a000035", 1},
		{"00000000", 0},
		{"ffffffff", 0},
		{"7f000001:e0000001:0a000035", 1},
		{"0a000035:0a000036:0a000037:0a000038:0a000039", 4},
	};
	struct lan *lan = dns_lan(1, "00");
	struct found *f;

	(void)state;
	for (size_t i = 0; i < ROWS(row); i++) {
		setting_clear(&lan->m, "dns");
		assert_int_equal(setting_set(&lan->m, "dns:hex", row[i].list), 0);
		f = resolve(lan, "a.b");
		assert_int_equal(f->q->nservers, row[i].n);
		if (row[i].n)
			assert_int_equal(ip4_u32(&f->q->server[0]), DNS1);
		dns_cancel(f->q);
	}
	lan_end(lan);
}

/* One that fails or refuses is not waited for and not asked again; the last one decides. */
static void test_server_fails(void **state)
{
	static const unsigned codes[] = {DNS_SERVFAIL, DNS_REFUSED, 1, 4, 15};
	struct lan *lan = dns_lan(1, "0a000035:0a000036");
	struct found *f;
	struct sent s;

	(void)state;
	for (size_t i = 0; i < ROWS(codes); i++) {
		f = resolve(lan, "host.lab");
		s = question(lan, MS, "host.lab", DNS1);
		say_code(lan, &s, codes[i]);
		s = question(lan, MS, "host.lab", DNS2);
		question(lan, 1300 * MS, "host.lab", DNS2);
		s = question(lan, 2600 * MS, "host.lab", DNS2);
		say_code(lan, &s, codes[i]);
		server_quiet(lan, MS);
		found_not(f, ERR_DNS_SERVER);
	}
	lan_end(lan);
}

/* As ICMP or ARP report it of a datagram like s, but for where it went. */
static void unreachable(
	struct lan *lan, const struct sent *s, uint32_t dst, uint16_t port, enum err err)
{
	const struct ipv4_quote q = {.protocol = IPPROTO_UDP,
		.src = ip4_of(s->src),
		.dst = ip4_of(dst),
		.src_port = s->sport,
		.dst_port = port};

	udp_error(lan_link(lan, 0), &q, (int)err, 0);
}

static void test_server_unreachable(void **state)
{
	struct lan *lan = dns_lan(1, "0a090909:0a000035:0a000036"); /* no way to the first */
	struct found *f = resolve(lan, "host.lab");
	struct sent s = question(lan, MS, "host.lab", DNS1);

	(void)state;
	unreachable(lan, &s, DNS2, 53, ERR_UNREACHABLE);
	unreachable(lan, &s, DNS1, 54, ERR_UNREACHABLE);
	server_quiet(lan, 500 * MS); /* that was not about our question */
	unreachable(lan, &s, DNS1, 53, ERR_UNREACHABLE);
	s = question(lan, MS, "host.lab", DNS2);
	unreachable(lan, &s, DNS2, 53, ERR_ARP_TIMEOUT);
	found_not(f, ERR_DNS_SERVER);
	assert_null(lan->net.socks);

	setting_set(&lan->m, "dns", "10.9.9.9");
	f = resolve(lan, "host.lab");
	server_quiet(lan, MS);
	found_not(f, ERR_DNS_SERVER);
	lan_end(lan);
}

/* -- what is believed -- */

static void test_forged(void **state)
{
	struct lan *lan = dns_lan(1, "0a000035");
	struct found *f = resolve(lan, "host.lab");
	struct sent s = question(lan, MS, "host.lab", DNS1);
	struct dmsg good = answer(&s, 0), d = good;

	(void)state;
	dmsg_a(&good, NULL, 300, IP4(10, 0, 0, 66));
	server_put(lan, 0, DNS2, US(0), 53, s.sport, good.b, good.n); /* source */
	server_put(lan, 0, DNS1, US(0), 54, s.sport, good.b, good.n); /* its port */
	server_put(lan, 0, DNS1, US(0), 53, s.sport ^ 1, good.b, good.n);
	for (unsigned bit = 0; bit < 16; bit++) { /* id */
		d = good;
		d.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
		server_put(lan, 0, DNS1, US(0), 53, s.sport, d.b, d.n);
	}
	d = good;
	d.b[2] &= 0x7f; /* a question */
	server_put(lan, 0, DNS1, US(0), 53, s.sport, d.b, d.n);
	d = good;
	d.b[13] = 'H'; /* not as it was asked */
	server_put(lan, 0, DNS1, US(0), 53, s.sport, d.b, d.n);
	d = good;
	d.n--; /* malformed */
	server_put(lan, 0, DNS1, US(0), 53, s.sport, d.b, d.n);
	server_quiet(lan, 500 * MS);
	assert_int_equal(f->calls, 0);
	s = question(lan, 800 * MS, "host.lab", DNS1);
	server_put(lan, 0, DNS1, US(0), 53, s.sport ^ 1, good.b, good.n); /* too late */
	say_address(lan, &s, 300, IP4(10, 0, 0, 1));
	found_is(f, IP4(10, 0, 0, 1));
	lan_end(lan);
}

/* An answer to the question before: its port is closed. */
static void test_late(void **state)
{
	struct lan *lan = dns_lan(1, "0a000035");
	struct found *f = resolve(lan, "host.lab");
	struct sent first = question(lan, MS, "host.lab", DNS1);
	struct dmsg d = answer(&first, 0);

	(void)state;
	dmsg_a(&d, NULL, 300, IP4(10, 0, 0, 1));
	question(lan, 1300 * MS, "host.lab", DNS1);
	say(lan, &first, &d);
	assert_int_equal(f->calls, 0);
	dns_cancel(f->q);
	server_quiet(lan, 20 * S);
	assert_int_equal(f->calls, 0);
	assert_null(lan->net.socks);
	lan_end(lan);
}

/* What was cut is used as far as it goes; where it holds nothing, the server is no good. */
static void test_truncated(void **state)
{
	struct lan *lan = dns_lan(1, "0a000035");
	struct found *f = resolve(lan, "host.lab");
	struct sent s = question(lan, MS, "host.lab", DNS1);
	struct dmsg d = answer(&s, W_TC);

	(void)state;
	dmsg_a(&d, NULL, 300, IP4(10, 0, 0, 1));
	dmsg_count(&d, 40);
	say(lan, &s, &d);
	found_is(f, IP4(10, 0, 0, 1));
	f = resolve(lan, "other.lab");
	s = question(lan, MS, "other.lab", DNS1);
	d = answer(&s, W_TC);
	say(lan, &s, &d);
	found_not(f, ERR_DNS_SERVER);
	lan_end(lan);
}

/* -- aliases -- */

static void test_alias_asked_anew(void **state)
{
	struct lan *lan = dns_lan(1, "0a000035");
	struct found *f = resolve(lan, "www.lab");
	struct sent s = question(lan, MS, "www.lab", DNS1);
	struct dmsg d = answer(&s, 0);

	(void)state;
	dmsg_cname(&d, NULL, 30, "web.Lab");
	say_on(lan, &s, &d);
	s = question(lan, MS, "web.lab", DNS1);
	d = answer(&s, 0);
	dmsg_cname(&d, NULL, 300, "host.lab");
	dmsg_a(&d, "host.lab", 300, IP4(10, 0, 0, 1));
	say(lan, &s, &d);
	found_is(f, IP4(10, 0, 0, 1));
	f = resolve(lan, "www.lab"); /* remembered under its own name, as long as the shortest */
	server_quiet(lan, 29 * S);
	found_is(f, IP4(10, 0, 0, 1));
	resolve(lan, "www.lab");
	server_quiet(lan, 0);
	lan_pass(lan, S);
	f = resolve(lan, "www.lab");
	question(lan, MS, "www.lab", DNS1);
	dns_cancel(f->q);
	lan_end(lan);
}

/* A server that always has another alias is asked a bounded number of times. */
static void test_alias_circle(void **state)
{
	struct lan *lan = dns_lan(1, "0a000035:0a000036");
	struct found *f = resolve(lan, "n0.lab");
	unsigned asked = 0;
	char name[16];
	struct sent s;
	struct dmsg d;

	(void)state;
	for (; asked < 100 && server_wait(lan, &s, 10 * MS); asked++) {
		d = answer(&s, 0);
		snprintf(name, sizeof(name), "n%u.lab", asked + 1);
		dmsg_cname(&d, NULL, 300, name);
		say_on(lan, &s, &d);
	}
	assert_in_range(asked, DNS_CNAMES_MAX + 1, DNS_CNAMES_MAX + 2);
	found_not(f, ERR_DNS_SERVER);

	f = resolve(lan, "self.lab");
	for (asked = 0; asked < 100 && server_wait(lan, &s, 10 * MS); asked++) {
		d = answer(&s, 0);
		dmsg_cname(&d, NULL, 300, "self.lab");
		say_on(lan, &s, &d);
	}
	assert_int_equal(asked, 2);
	found_not(f, ERR_DNS_SERVER);

	f = resolve(lan, "half.lab"); /* one server that is mad does not spoil the other's answer */
	s = question(lan, MS, "half.lab", DNS1);
	d = answer(&s, 0);
	dmsg_cname(&d, NULL, 0, "half.lab");
	say_on(lan, &s, &d);
	s = question(lan, MS, "half.lab", DNS2);
	say_address(lan, &s, 300, IP4(10, 0, 0, 1));
	found_is(f, IP4(10, 0, 0, 1));

	f = resolve(lan, "bad.lab"); /* an alias that cannot be asked for */
	for (asked = 0; asked < 100 && server_wait(lan, &s, 10 * MS); asked++) {
		d = answer(&s, 0);
		dmsg_cname(&d, NULL, 300, "b\1d.lab");
		say_on(lan, &s, &d);
	}
	assert_int_equal(asked, 2);
	found_not(f, ERR_DNS_SERVER);
	lan_end(lan);
}

/* -- the search list -- */

/* Says that none of these exists; names end with NULL. */
static void ask_all(struct lan *lan, const char *name, const char *const *asked)
{
	struct found *f = resolve(lan, name);
	struct sent s;

	for (; *asked; asked++) {
		s = question(lan, MS, *asked, DNS1);
		say_code(lan, &s, DNS_NXDOMAIN);
	}
	server_quiet(lan, MS);
	found_not(f, ERR_DNS_NAME);
	lan_pass(lan, 6 * S); /* and forgets it */
}

static void test_search(void **state)
{
	struct lan *lan = dns_lan(1, "0a000035");

	(void)state;
	ask_all(lan, "host", (const char *[]){"host", NULL});
	ask_all(lan, "host.x", (const char *[]){"host.x", NULL});
	setting_set(&lan->m, "domain", "one.lab.");
	ask_all(lan, "host", (const char *[]){"host.one.lab", "host", NULL});
	ask_all(lan, "host.x", (const char *[]){"host.x", "host.x.one.lab", NULL});
	ask_all(lan, "host.", (const char *[]){"host", NULL});
	ask_all(lan, "host.x.", (const char *[]){"host.x", NULL});
	setting_set(&lan->m, "search", "one.lab two.lab"); /* takes domain's place */
	setting_set(&lan->m, "domain", "three.lab");
	ask_all(lan, "host", (const char *[]){"host.one.lab", "host.two.lab", "host", NULL});
	ask_all(lan, "host.x",
		(const char *[]){"host.x", "host.x.one.lab", "host.x.two.lab", NULL});
	/* A domain that is none is left out. */
	setting_set(&lan->m, "search:string", " a..b  one.lab x\x1b .. ");
	ask_all(lan, "host", (const char *[]){"host.one.lab", "host", NULL});
	lan_end(lan);
}

static void test_search_finds(void **state)
{
	struct lan *lan = dns_lan(1, "0a000035");
	struct found *f;
	struct sent s;

	(void)state;
	setting_set(&lan->m, "domain", "one.lab");
	f = resolve(lan, "host.x");
	s = question(lan, MS, "host.x", DNS1);
	say_code(lan, &s, DNS_NOERROR); /* there is such a name, but no address of it */
	s = question(lan, MS, "host.x.one.lab", DNS1);
	say_address(lan, &s, 300, IP4(10, 0, 0, 1));
	found_is(f, IP4(10, 0, 0, 1));
	f = resolve(lan, "host.x"); /* both are remembered */
	server_quiet(lan, MS);
	found_is(f, IP4(10, 0, 0, 1));
	lan_end(lan);
}

/* A list of n domains. */
static void set_list(struct lan *lan, unsigned n)
{
	char list[1000] = "";

	for (unsigned i = 0; i < n; i++)
		snprintf(list + 4 * i, 6, " %c%c%c", 'a' + i % 26, 'a' + i / 26, 'z');
	setting_set(&lan->m, "search:string", list);
}

/* Many domains: a bounded number of questions. Too many: as if there were none. */
static void test_search_long(void **state)
{
	struct lan *lan = dns_lan(1, "0a000035");
	struct found *f;
	struct sent s;
	unsigned asked = 0;

	(void)state;
	set_list(lan, 125);
	f = resolve(lan, "host");
	for (; asked < 300 && server_wait(lan, &s, 10 * MS); asked++)
		say_code(lan, &s, DNS_NXDOMAIN);
	assert_int_equal(asked, 32);
	found_not(f, ERR_DNS_SERVER);
	lan_pass(lan, 6 * S);
	set_list(lan, 128);
	ask_all(lan, "host", (const char *[]){"host", NULL});
	ask_all(lan, "host.x", (const char *[]){"host.x", NULL});
	lan_end(lan);
}

/* Hundreds of domains that are none, or known not to be there, end all the same. */
static void test_search_of_nothing(void **state)
{
	struct lan *lan = dns_lan(1, "0a000035");
	struct found *f;
	struct sent s;
	char list[509];

	(void)state;
	for (unsigned i = 0; i < sizeof(list); i++)
		list[i] = i & 1 ? ' ' : '?';
	list[508] = 0;
	setting_set(&lan->m, "search:string", list);
	ask_all(lan, "host", (const char *[]){"host", NULL});
	for (unsigned i = 0; i < sizeof(list); i += 2)
		list[i] = 'a';
	list[508] = 0;
	setting_set(&lan->m, "search:string", list);
	ask_all(lan, "host", (const char *[]){"host.a", "host", NULL});
	f = resolve(lan, "host");
	s = question(lan, MS, "host.a", DNS1);
	say_code(lan, &s, DNS_NXDOMAIN);
	s = question(lan, MS, "host", DNS1);
	say_code(lan, &s, DNS_NXDOMAIN);
	server_quiet(lan, MS);
	found_not(f, ERR_DNS_NAME);
	f = resolve(lan, "host"); /* both are known */
	server_quiet(lan, MS);
	found_not(f, ERR_DNS_NAME);
	lan_end(lan);
}

/* With a domain behind it the name may be too long: 253 characters are the most. */
static void test_search_name_too_long(void **state)
{
	struct lan *lan = dns_lan(1, "0a000035");
	char name[251], c[260], de[260];

	(void)state;
	for (unsigned i = 0; i < 250; i++)
		name[i] = i % 50 == 49 ? '.' : 'a';
	name[249] = 'a';
	name[250] = 0;
	snprintf(c, sizeof(c), "%s.c", name);
	snprintf(de, sizeof(de), "%s.de", name);
	setting_set(&lan->m, "search", "def c one.lab de");
	ask_all(lan, name, (const char *[]){name, c, de, NULL});
	lan_end(lan);
}

/* -- what is remembered -- */

static void test_cache(void **state)
{
	struct lan *lan = dns_lan(1, "0a000035");
	struct found *f = resolve(lan, "host.lab");
	struct sent s = question(lan, MS, "host.lab", DNS1);

	(void)state;
	say_address(lan, &s, 10, IP4(10, 0, 0, 1));
	f = resolve(lan, "HOST.lab.");
	server_quiet(lan, 9900 * MS);
	found_is(f, IP4(10, 0, 0, 1));
	lan_pass(lan, 200 * MS);
	f = resolve(lan, "host.lab");
	s = question(lan, MS, "host.lab", DNS1);
	say_address(lan, &s, UINT32_MAX, IP4(10, 0, 0, 2)); /* RFC 2181 8: no time at all */
	f = resolve(lan, "host.lab");
	s = question(lan, MS, "host.lab", DNS1);
	say_address(lan, &s, INT32_MAX, IP4(10, 0, 0, 3)); /* a day at most */
	f = resolve(lan, "host.lab");
	lan_pass(lan, MS);
	found_is(f, IP4(10, 0, 0, 3));
	lan->fake.now_us += 86398ull * S;
	f = resolve(lan, "host.lab");
	lan_pass(lan, MS);
	found_is(f, IP4(10, 0, 0, 3));
	lan->fake.now_us += 2 * S;
	f = resolve(lan, "host.lab");
	question(lan, MS, "host.lab", DNS1);
	dns_cancel(f->q);
	lan_end(lan);
}

static void test_cache_negative(void **state)
{
	struct lan *lan = dns_lan(1, "0a000035");
	struct found *f = resolve(lan, "host.lab");
	struct sent s = question(lan, MS, "host.lab", DNS1);

	(void)state;
	say_code(lan, &s, DNS_NXDOMAIN);
	server_quiet(lan, 10);
	found_not(f, ERR_DNS_NAME);
	f = resolve(lan, "host.lab");
	server_quiet(lan, 4900 * MS);
	found_not(f, ERR_DNS_NAME);
	lan_pass(lan, 200 * MS);
	f = resolve(lan, "host.lab");
	s = question(lan, MS, "host.lab", DNS1);
	say_address(lan, &s, 300, IP4(10, 0, 0, 1));
	found_is(f, IP4(10, 0, 0, 1));
	/* That a server failed is not remembered. */
	f = resolve(lan, "other.lab");
	s = question(lan, MS, "other.lab", DNS1);
	say_code(lan, &s, DNS_SERVFAIL);
	server_quiet(lan, 10);
	found_not(f, ERR_DNS_SERVER);
	f = resolve(lan, "other.lab");
	question(lan, MS, "other.lab", DNS1);
	dns_cancel(f->q);
	lan_end(lan);
}

/* The oldest gives way. */
static void test_cache_full(void **state)
{
	struct lan *lan = dns_lan(1, "0a000035");
	struct found *f;
	struct sent s;
	char name[16];

	(void)state;
	for (unsigned i = 0; i < DNS_CACHE_MAX + 1; i++) {
		snprintf(name, sizeof(name), "n%u.lab", i);
		resolve(lan, name);
		s = question(lan, MS, name, DNS1);
		say_address(lan, &s, 1000, IP4(10, 0, 0, i));
	}
	for (unsigned i = DNS_CACHE_MAX; i; i--) {
		snprintf(name, sizeof(name), "n%u.lab", i);
		f = resolve(lan, name);
		server_quiet(lan, MS);
		found_is(f, IP4(10, 0, 0, i));
	}
	f = resolve(lan, "n0.lab");
	question(lan, MS, "n0.lab", DNS1);
	dns_cancel(f->q);
	lan_end(lan);
}

/* -- hard to guess -- */

static void test_ids_and_ports(void **state)
{
	struct lan *lan = dns_lan(1, "0a000035");
	uint16_t id[40], port[40];
	int same = 0;
	char name[16];

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		struct sent s;
		struct found *f;

		snprintf(name, sizeof(name), "n%u.lab", i);
		f = resolve(lan, name);
		s = question(lan, MS, name, DNS1);
		id[i] = wire_get16(s.data);
		port[i] = s.sport;
		assert_true(s.sport >= 49152);
		dns_cancel(f->q);
		for (unsigned k = 0; k < i; k++)
			same += (id[k] == id[i]) + (port[k] == port[i]);
	}
	assert_true(same <= 4);
	for (unsigned i = 2; i < 40; i++) /* no constant step */
		assert_false(
			(uint16_t)(id[i] - id[i - 1]) == (uint16_t)(id[i - 1] - id[i - 2]) ||
			(uint16_t)(port[i] - port[i - 1]) == (uint16_t)(port[i - 1] - port[i - 2]));
	lan_end(lan);
}

/* No buffer is as if the question was lost. */
static void test_no_buffer(void **state)
{
	struct lan *lan = dns_lan(1, "0a000035");
	struct pkt *p[PKT_MAX + 1];
	unsigned n = 0;
	struct found *f;
	struct sent s;

	(void)state;
	while ((p[n] = pkt_alloc(&lan->net.pool)))
		n++;
	f = resolve(lan, "host.lab");
	lan_pass(lan, 100 * MS);
	while (n)
		pkt_free(&lan->net.pool, p[--n]);
	s = question(lan, 1300 * MS, "host.lab", DNS1);
	say_address(lan, &s, 300, IP4(10, 0, 0, 1));
	found_is(f, IP4(10, 0, 0, 1));
	lan_end(lan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_literal),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_server),
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_servers_in_turn),
		cmocka_unit_test(test_servers_list),
		cmocka_unit_test(test_server_fails),
		cmocka_unit_test(test_server_unreachable),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_alias_asked_anew),
		cmocka_unit_test(test_alias_circle),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_search_finds),
		cmocka_unit_test(test_search_long),
		cmocka_unit_test(test_search_of_nothing),
		cmocka_unit_test(test_search_name_too_long),
		cmocka_unit_test(test_cache),
		cmocka_unit_test(test_cache_negative),
		cmocka_unit_test(test_cache_full),
		cmocka_unit_test(test_ids_and_ports),
		cmocka_unit_test(test_no_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
