/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DHCP client of one link: RFC 2131 section 3.1 and 4.4, PXE 2.1 sections 2.2 and 2.4, as the table
 * below.
 *
 * Offers are collected until the best possible one is in or a grace is over; the table in
 * docs/design.md, "Discovery", says what is better than what. A server that refuses (NAK) or does
 * not acknowledge is asked again after a pause, but any other server's offer is then preferred to
 * its own.
 *
 * Not done: renewal (a lease outlives a boot), INFORM, BOOTP servers, and probing the address
 * before use (RFC 2131 4.4.1 SHOULD): a probe costs a second or more of each boot and the server
 * has just made the same test. We announce the address (RFC 5227 2.3) and ARP reports whoever else
 * has it. The PXE boot menu is the commands' business (net/cmd_dhcp.c); a multicast group is only
 * spoken to: boot servers answer to our address.
 */
#include "core/log.h"
#include "core/machine.h"
#include "core/str.h"
#include "net/arp.h"
#include "net/net.h"
#include "net/netdev.h"

#define DHCP_NAKS_MAX	  10
#define DHCP_RESTARTS_MAX 2
#define RELEASE_LINGER_US 1000000 /* an address stays for that long after its release was sent */
#define MESSAGE_MAX	  548	  /* of ours: what every host takes, RFC 2131 section 2 */
#define DHCP_SIZE_MIN	  576	  /* of datagrams: what every host takes, RFC 791 3.1 */

/* -- the exchange, top-down -- */

static int discover_enter(struct machine *m, struct task *t);
static int discover_event(struct machine *m, struct task *t, const void *ev);
static int discover_expire(struct machine *m, struct task *t);
static int request_enter(struct machine *m, struct task *t);
static int request_event(struct machine *m, struct task *t, const void *ev);
static int request_expire(struct machine *m, struct task *t);
static int pxe_enter(struct machine *m, struct task *t);
static int pxe_event(struct machine *m, struct task *t, const void *ev);
static int pxe_expire(struct machine *m, struct task *t);
static int server_enter(struct machine *m, struct task *t);
static int server_event(struct machine *m, struct task *t, const void *ev);
static int server_expire(struct machine *m, struct task *t);
static int pause_expire(struct machine *m, struct task *t);

enum dhcp_row { ROW_DISCOVER, ROW_REQUEST, ROW_PXE, ROW_PAUSE, ROW_SERVER };

/* The first row's times are replaced by the machine's. */
static const struct step dhcp_steps[DHCP_STEPS] = {
	[ROW_DISCOVER] = {"discover", discover_enter, discover_event, discover_expire, 1000, 8000,
		7, 0},
	[ROW_REQUEST] = {"request", request_enter, request_event, request_expire, 500, 2000, 5, 0},
	[ROW_PXE] = {"PXE server", pxe_enter, pxe_event, pxe_expire, 500, 2000, 3, 0},
	/* Two messages each 400 ms at least: below ten a second however often a server refuses. */
	[ROW_PAUSE] = {"pause", NULL, NULL, pause_expire, 550, 0, 1, 0},
	/* Begun by dhcp_ask(). */
	[ROW_SERVER] = {"boot server", server_enter, server_event, server_expire, 1000, 8000, 4, 0},
};

/* -- sending -- */

/* A REQUEST has the secs of the DISCOVER that led to it (RFC 2131 3.1, step 3); a RELEASE 0 (table
 * 5). */
static uint16_t dhcp_secs(const struct dhcp *d, enum dhcp_type type)
{
	uint64_t s = (d->sent_us - d->start_us) / 1000000;

	if (type == DHCPRELEASE)
		return 0;
	return (uint16_t)(s > 0xffff ? 0xffff : s);
}

void dhcp_compose(const struct netdev *dev, struct dhcp_request *r, struct emit *e)
{
	const struct net *net = dev->net;
	const struct dhcp *d = &net->dhcp[dev->index];
	const struct machine *m = net->m;
	uint8_t uuid[16];

	r->xid = d->xid;
	r->secs = dhcp_secs(d, r->type);
	r->mac = dev->mac;
	r->max_size = dev->mtu < DHCP_SIZE_MIN ? DHCP_SIZE_MIN : dev->mtu;
	r->arch = net->config->client_arch;
	r->say_ipxe = net->config->say_ipxe;
	r->uuid = m->plat->uuid(m->plat_ctx, uuid) ? uuid : NULL;
	dhcp_emit(e, r);
}

/* Completes r and sends it: by broadcast from 0.0.0.0, or with r->ciaddr to dst. */
static int dhcp_send(struct dhcp *d, struct dhcp_request *r, uint32_t dst, uint16_t port)
{
	struct net *net = d->dev->net;
	struct ip_addr src = ip4_of(r->ciaddr), to = ip4_of(dst);
	struct pkt *p = udp_alloc(net);
	uint8_t *room = p ? pkt_put(p, MESSAGE_MAX) : NULL;
	struct emit e = emit_to(room, MESSAGE_MAX);

	if (!room)
		return 0; /* as if it was lost: sent again later */
	dhcp_compose(d->dev, r, &e);
	p->len = (uint32_t)e.n;
	d->sent++;
	udp_send(net, &d->sock, d->dev, p, &src, &to, port);
	return 0; /* what could not be sent is sent again later */
}

/* -- offers -- */

static bool has_file(const struct dhcp_msg *msg)
{
	char first[2];

	return dhcp_filename(msg, first, sizeof(first));
}

static enum dhcp_rank offer_rank(const struct dhcp *d, const struct dhcp_msg *msg)
{
	if (d->refused && d->refused == ip4_u32(&msg->server_id))
		return DHCP_RANK_REFUSED;
	if (dhcp_is_pxe(msg))
		return DHCP_RANK_PXE;
	return has_file(msg) ? DHCP_RANK_FILE : DHCP_RANK_LEASE;
}

/* A PXE server's offer without address, PXE 2.1 section 2.2.3. */
static bool is_proxy(const struct dhcp_msg *msg)
{
	return msg->type == DHCPOFFER && ip_is_any(&msg->yiaddr) && dhcp_is_pxe(msg);
}

static void proxy_take(struct dhcp *d, const struct dhcp_msg *msg)
{
	/* The first one, but for one that names the file at once. */
	if (d->have_proxy && (has_file(&d->proxy) || !has_file(msg)))
		return;
	d->proxy = *msg;
	d->have_proxy = true;
}

/* Waits for something better, but never longer than what the first offer began. */
static void grace_set(struct machine *m, struct dhcp *d)
{
	uint64_t wait = d->offer_score >= DHCP_RANK_FILE ? d->timing.grace_us : d->timing.proxy_us;

	if (d->deadline_us > m->now_us + wait)
		d->deadline_us = m->now_us + wait;
	timer_start(m, &d->grace, d->deadline_us - m->now_us);
}

static void lease_take(struct machine *m, struct dhcp *d, const struct dhcp_msg *msg)
{
	enum dhcp_rank rank = offer_rank(d, msg);

	if (!d->offer_score)
		d->deadline_us = TIME_NEVER;
	if ((int)rank <= d->offer_score)
		return;
	if (!d->first_offer_us)
		d->first_offer_us = m->now_us;
	d->offer = *msg;
	d->offer_score = (int)rank;
	d->latency_us = (uint32_t)(m->now_us - d->sent_us);
	grace_set(m, d);
}

static void offer_take(struct machine *m, struct dhcp *d, const struct dhcp_msg *msg)
{
	if (is_proxy(msg))
		proxy_take(d, msg);
	else if (msg->type == DHCPOFFER && ip4_is_unicast(ip4_u32(&msg->yiaddr)))
		lease_take(m, d, msg);
}

static int discover_enter(struct machine *m, struct task *t)
{
	struct dhcp *d = t->ctx;
	struct dhcp_request r = {.type = DHCPDISCOVER};

	if (t->tries == 1) {
		d->xid = rng_u32(m);
		d->offer_score = 0;
		d->have_proxy = false;
	}
	d->sent_us = m->now_us;
	return dhcp_send(d, &r, UINT32_MAX, DHCP_SERVER_PORT);
}

/* ev: a message, or NULL when the grace is over. */
static int discover_event(struct machine *m, struct task *t, const void *ev)
{
	struct dhcp *d = t->ctx;
	bool certain;

	if (ev)
		offer_take(m, d, ev);
	if (!d->offer_score)
		return STEP_STAY;
	/* Nothing can be better than a lease and a PXE server's word: no need to wait. */
	certain = d->offer_score == DHCP_RANK_PXE ||
		  (d->have_proxy && d->offer_score > DHCP_RANK_REFUSED);
	if (ev && !certain)
		return STEP_STAY;
	timer_stop(m, &d->grace);
	return STEP_TO(ROW_REQUEST);
}

static int discover_expire(struct machine *m, struct task *t)
{
	struct dhcp *d = t->ctx;

	timer_stop(m, &d->grace);
	return d->offer_score ? STEP_TO(ROW_REQUEST) : -ERR_DHCP_NO_OFFER;
}

/* -- request -- */

static int request_enter(struct machine *m, struct task *t)
{
	struct dhcp *d = t->ctx;
	struct dhcp_request r = {
		.type = DHCPREQUEST,
		.requested = ip4_u32(&d->offer.yiaddr),
		.server_id = ip4_u32(&d->offer.server_id),
	};

	(void)m;
	return dhcp_send(d, &r, UINT32_MAX, DHCP_SERVER_PORT);
}

/* Begins again, preferring anybody else. */
static int restart(struct dhcp *d)
{
	d->refused = ip4_u32(&d->offer.server_id);
	return STEP_TO(ROW_PAUSE);
}

static bool pxe_needed(const struct dhcp *d);

static int request_event(struct machine *m, struct task *t, const void *ev)
{
	struct dhcp *d = t->ctx;
	const struct dhcp_msg *msg = ev;

	if (!msg)
		return STEP_STAY;
	if (is_proxy(msg))
		proxy_take(d, msg);
	/* Another server may refuse what it never offered: only the chosen one's word counts. */
	if (!ip_eq(&msg->server_id, &d->offer.server_id))
		return STEP_STAY;
	if (msg->type == DHCPNAK) {
		log_put(m, LOG_INFO, "%s: DHCP server refuses", d->dev->name);
		return ++d->naks >= DHCP_NAKS_MAX ? -ERR_DHCP_NAK : restart(d);
	}
	if (msg->type != DHCPACK || !ip4_is_unicast(ip4_u32(&msg->yiaddr)))
		return STEP_STAY;
	d->ack = *msg;
	d->have_ack = true;
	d->ack_us = m->now_us;
	dhcp_configure(d->dev, msg);
	return pxe_needed(d) ? STEP_TO(ROW_PXE) : STEP_DONE;
}

static int request_expire(struct machine *m, struct task *t)
{
	struct dhcp *d = t->ctx;

	(void)m;
	return ++d->restarts > DHCP_RESTARTS_MAX ? -ERR_DHCP_NO_ACK : restart(d);
}

static int pause_expire(struct machine *m, struct task *t)
{
	(void)m;
	(void)t;
	return STEP_TO(ROW_DISCOVER);
}

/* -- the link's address -- */

/* RFC 3442: pairs of a shortened destination and a gateway. Returns whether there was any route. */
static bool routes_parse(struct bytes b, struct ipv4_conf *c)
{
	while (b.n && c->nroutes < IPV4_ROUTE_MAX) {
		unsigned width = bytes_u8(&b);
		uint8_t dst[4] = {0};
		struct ipv4_route r;

		if (width > 32)
			break;
		bytes_copy(&b, dst, (width + 7) / 8);
		r.mask = width ? UINT32_MAX << (32 - width) : 0;
		r.dst = ((uint32_t)dst[0] << 24 | (uint32_t)dst[1] << 16 | (uint32_t)dst[2] << 8 |
				dst[3]) &
			r.mask;
		r.gateway = bytes_u32(&b);
		if (!bytes_ok(&b))
			break;
		if (width)
			c->routes[c->nroutes++] = r;
		else if (ip4_is_unicast(r.gateway))
			c->gateway = ip4_of(r.gateway);
	}
	return c->nroutes || c->gateway.family;
}

/* Option 1, or for none and for one with holes the mask of the address's class. */
static uint32_t mask_of(const struct dhcp_msg *ack)
{
	uint32_t mask = dhcp_option_ip(ack, DHCP_SUBNET_MASK), addr = ip4_u32(&ack->yiaddr);

	if (mask && !(~mask & (~mask + 1)))
		return mask;
	return addr >> 31 == 0 ? 0xff000000 : addr >> 30 == 2 ? 0xffff0000 : 0xffffff00;
}

void dhcp_configure(struct netdev *dev, const struct dhcp_msg *ack)
{
	struct ipv4_conf c = {.addr = ack->yiaddr, .mask = mask_of(ack)};
	uint32_t router = dhcp_option_ip(ack, DHCP_ROUTERS);
	uint16_t len;
	const uint8_t *value = dhcp_option(ack, DHCP_CLASSLESS_ROUTES, 0, &len);

	/* RFC 3442: with classless routes, the routers are not looked at. */
	if (!routes_parse(bytes_of(value, len), &c) && ip4_is_unicast(router))
		c.gateway = ip4_of(router);
	dev->ip4 = c;
	value = dhcp_option(ack, DHCP_MTU, 0, &len);
	if (len == 2) {
		uint16_t mtu = (uint16_t)(value[0] << 8 | value[1]);

		/* RFC 2132 5.1 allows 68, but then no request of ours could be sent. */
		if (mtu >= 68 && mtu < DHCP_SIZE_MIN)
			mtu = DHCP_SIZE_MIN;
		if (mtu >= DHCP_SIZE_MIN)
			dev->mtu = mtu < dev->mtu_max ? mtu : dev->mtu_max;
	}
	arp_announce(dev);
}

/* -- PXE servers -- */

/* The PXE server that has a say: a proxyDHCP server, or the DHCP server when it is one. */
static const struct dhcp_msg *pxe_msg(const struct dhcp *d)
{
	if (d->have_proxy)
		return &d->proxy;
	return dhcp_is_pxe(&d->ack) ? &d->ack : NULL;
}

const struct dhcp_msg *dhcp_menu(const struct dhcp *d)
{
	const struct dhcp_msg *msg = pxe_msg(d);
	struct pxe_entry entry;

	if (!msg || d->have_server || !pxe_entry(msg, 0, &entry) ||
		((pxe_control(msg) & PXE_USE_FILE) && has_file(msg)))
		return NULL;
	return msg;
}

/* Whether its port 4011 has to be asked: it has said neither file nor menu. */
static bool pxe_needed(const struct dhcp *d)
{
	const struct dhcp_msg *msg = pxe_msg(d);

	return msg && !has_file(msg) && !dhcp_menu(d);
}

static int pxe_enter(struct machine *m, struct task *t)
{
	struct dhcp *d = t->ctx;
	struct dhcp_request r = {.type = DHCPREQUEST, .ciaddr = ip4_u32(&d->dev->ip4.addr)};

	if (t->tries == 1)
		d->xid = rng_u32(m);
	return dhcp_send(d, &r, ip4_u32(&pxe_msg(d)->server_id), PXE_SERVER_PORT);
}

static int pxe_event(struct machine *m, struct task *t, const void *ev)
{
	struct dhcp *d = t->ctx;
	const struct dhcp_msg *msg = ev;
	struct pxe_entry entry;

	(void)m;
	if (!msg || (msg->type != DHCPACK && msg->type != DHCPOFFER) ||
		!pxe_is_from(msg, ip4_u32(&pxe_msg(d)->server_id)) ||
		(!has_file(msg) && !pxe_entry(msg, 0, &entry)))
		return STEP_STAY;
	d->proxy = *msg;
	d->have_proxy = true;
	return STEP_DONE;
}

/* The lease is good all the same, and may name a file. */
static int pxe_expire(struct machine *m, struct task *t)
{
	struct dhcp *d = t->ctx;

	log_put(m, LOG_WARN, "%s: the PXE server does not answer on port %u", d->dev->name,
		PXE_SERVER_PORT);
	return STEP_DONE;
}

/* -- PXE boot servers -- */

/* Whose option 43 says how to find them. */
static const struct dhcp_msg *server_rules(const struct dhcp *d)
{
	const struct dhcp_msg *msg = pxe_msg(d);

	return msg ? msg : &d->ack;
}

static int server_enter(struct machine *m, struct task *t)
{
	struct dhcp *d = t->ctx;
	struct dhcp_request r = {.type = DHCPREQUEST,
		.ciaddr = ip4_u32(&d->dev->ip4.addr),
		.pxe_type = d->server_type,
		.has_type = true};
	uint32_t to[PXE_TARGETS_MAX];
	unsigned n = pxe_targets(server_rules(d), d->server_type, t->tries, to);

	if (!n)
		return server_expire(m, t);
	while (n--)
		dhcp_send(d, &r, to[n], to[n] == UINT32_MAX ? DHCP_SERVER_PORT : PXE_SERVER_PORT);
	return 0;
}

/* A DHCP server that takes our broadcast for a renewal is no PXE server. */
static int server_event(struct machine *m, struct task *t, const void *ev)
{
	struct dhcp *d = t->ctx;
	const struct dhcp_msg *msg = ev;

	(void)m;
	if (!msg || msg->type != DHCPACK || !dhcp_is_pxe(msg) || !has_file(msg) ||
		!pxe_accepts(server_rules(d), d->server_type, msg))
		return STEP_STAY;
	d->server = *msg;
	d->have_server = true;
	return STEP_DONE;
}

static int server_expire(struct machine *m, struct task *t)
{
	struct dhcp *d = t->ctx;

	err_clear(m); /* that one of them does not answer ARP */
	return err_set(m, ERR_PXE_NO_SERVER, "%s: type %u", d->dev->name, d->server_type);
}

/* -- the client -- */

static void dhcp_input(
	struct udp_sock *s, const struct ip_meta *meta, uint16_t src_port, struct bytes payload)
{
	struct dhcp *d = s->ctx;
	struct netdev *dev = d->dev;

	if ((src_port != DHCP_SERVER_PORT && src_port != PXE_SERVER_PORT) ||
		!dhcp_parse(payload, &d->rx) || d->rx.xid != d->xid ||
		!mac_eq(&d->rx.chaddr, &dev->mac)) {
		d->ignored++;
		return;
	}
	d->rx.from = meta->src;
	/* RFC 2131 wants option 54 in every answer; where it is missing the sender stands for it.
	 */
	if (ip_is_any(&d->rx.server_id))
		d->rx.server_id = meta->src;
	task_event(dev->net->m, &d->task, &d->rx);
}

static void grace_fire(struct machine *m, struct timer *t)
{
	struct dhcp *d = t->ctx;

	if (d->state == DHCP_RUNNING)
		task_event(m, &d->task, NULL);
	else
		memset(&d->dev->ip4, 0, sizeof(d->dev->ip4));
}

static void dhcp_done(struct machine *m, struct task *t, int result)
{
	struct dhcp *d = t->ctx;
	char ip[IP_STR_MAX], server[IP_STR_MAX];

	udp_close(d->dev->net, &d->sock);
	d->result = result;
	if (d->asking) {
		d->asking = false;
		return;
	}
	d->state = result ? DHCP_FAILED : DHCP_BOUND;
	if (result)
		log_put(m, LOG_INFO, "%s: DHCP failed: %s", d->dev->name, err_text(result));
	else
		log_put(m, LOG_INFO, "%s: %s leased by %s", d->dev->name,
			ip_str(&d->ack.yiaddr, ip), ip_str(&d->ack.server_id, server));
	discover_poke(d->dev->net);
}

static uint32_t setting_ms(struct machine *m, const char *name, uint32_t us)
{
	uint64_t ms = setting_number(m, name, us / 1000);

	return ms < 600000 ? (uint32_t)ms * 1000 : 600000000;
}

static void timing_read(struct machine *m, struct dhcp *d)
{
	struct dhcp_timing *t = &d->timing;

	*t = d->dev->net->config->dhcp;
	t->discover_us = setting_ms(m, "dhcp-retry", t->discover_us);
	t->discover_tries = (uint16_t)setting_number(m, "dhcp-tries", t->discover_tries);
	t->grace_us = setting_ms(m, "dhcp-grace", t->grace_us);
	t->proxy_us = setting_ms(m, "dhcp-proxy-wait", t->proxy_us);
	memcpy(d->steps, dhcp_steps, sizeof(d->steps));
	d->steps[ROW_DISCOVER].timeout_ms = t->discover_us / 1000;
	d->steps[ROW_DISCOVER].timeout_max_ms = t->discover_max_us / 1000;
	d->steps[ROW_DISCOVER].tries = t->discover_tries ? t->discover_tries : 1;
}

void dhcp_prepare(struct netdev *dev)
{
	struct machine *m = dev->net->m;
	struct dhcp *d = &dev->net->dhcp[dev->index];

	dhcp_cancel(dev);
	memset(d, 0, sizeof(*d));
	memset(&dev->ip4, 0, sizeof(dev->ip4));
	d->dev = dev;
	d->start_us = m->now_us;
	timing_read(m, d);
	task_init(&d->task, d->steps, DHCP_STEPS, dhcp_done, d);
	timer_init(&d->grace, grace_fire, d);
	d->sock.input = dhcp_input;
	d->sock.ctx = d;
}

int dhcp_start(struct netdev *dev)
{
	struct net *net = dev->net;
	struct dhcp *d = &net->dhcp[dev->index];
	int rc;

	dhcp_prepare(dev);
	rc = udp_open(net, &d->sock, dev, DHCP_CLIENT_PORT);
	if (rc)
		return rc;
	d->state = DHCP_RUNNING;
	task_start(net->m, &d->task, ROW_DISCOVER);
	return 0;
}

int dhcp_ask(struct netdev *dev, unsigned type)
{
	struct dhcp *d = &dev->net->dhcp[dev->index];
	struct machine *m = dev->net->m;
	int rc;

	if (d->state != DHCP_BOUND)
		return err_set(m, ERR_NO_ADDRESS, "%s", dev->name);
	dhcp_cancel(dev);
	rc = udp_open(dev->net, &d->sock, dev, DHCP_CLIENT_PORT);
	if (rc)
		return rc;
	d->have_server = false;
	d->server_type = (uint16_t)type;
	d->asking = true;
	d->xid = rng_u32(m);
	task_start(m, &d->task, ROW_SERVER);
	return 0;
}

void dhcp_cancel(struct netdev *dev)
{
	struct dhcp *d = &dev->net->dhcp[dev->index];

	if (!d->dev)
		return;
	task_cancel(dev->net->m, &d->task);
	udp_close(dev->net, &d->sock);
	if (d->state == DHCP_IDLE && d->grace.armed)
		memset(&dev->ip4, 0, sizeof(dev->ip4)); /* was released */
	timer_stop(dev->net->m, &d->grace);
	d->asking = false;
	if (d->state == DHCP_RUNNING)
		d->state = DHCP_IDLE;
}

void dhcp_release(struct netdev *dev)
{
	struct machine *m = dev->net->m;
	struct dhcp *d = &dev->net->dhcp[dev->index];
	struct dhcp_request r = {.type = DHCPRELEASE};

	if (d->state != DHCP_BOUND || udp_open(dev->net, &d->sock, dev, DHCP_CLIENT_PORT))
		return;
	r.ciaddr = ip4_u32(&d->ack.yiaddr);
	r.server_id = ip4_u32(&d->ack.server_id);
	d->xid = rng_u32(m);
	dhcp_send(d, &r, r.server_id, DHCP_SERVER_PORT);
	udp_close(dev->net, &d->sock);
	d->state = DHCP_IDLE;
	d->have_ack = d->have_proxy = d->have_server = false;
	timer_start(m, &d->grace, RELEASE_LINGER_US);
}

const struct dhcp_msg *dhcp_boot_msg(const struct dhcp *d)
{
	if (d->state != DHCP_BOUND)
		return NULL;
	if (d->have_server)
		return &d->server;
	return d->have_proxy && has_file(&d->proxy) ? &d->proxy : &d->ack;
}

enum dhcp_rank dhcp_rank(const struct dhcp *d)
{
	const struct dhcp_msg *boot = dhcp_boot_msg(d);

	if (boot) {
		if (dhcp_menu(d))
			return DHCP_RANK_PXE;
		if (!has_file(boot))
			return DHCP_RANK_LEASE;
		return boot == &d->proxy || dhcp_is_pxe(boot) ? DHCP_RANK_PXE : DHCP_RANK_FILE;
	}
	if (d->state != DHCP_RUNNING || !d->offer_score)
		return DHCP_RANK_NONE;
	return d->have_proxy ? DHCP_RANK_PXE : (enum dhcp_rank)d->offer_score;
}
