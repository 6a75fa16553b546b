/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The judge of DHCP clients: each rule that a message breaks is one violation in the world's list.
 *
 * Rules: RFC 2131 2, 3.1, 4.1, 4.4 and table 5; RFC 2132 for lengths; RFC 4578 and PXE 2.1 2.2 for
 * options 60, 93, 94, 97; and the project's own bound of DHCPD_RATE_MAX messages a second. Messages
 * that a relay passed on are not asked for their Ethernet and IP sources.
 */
#include "dhcpd.h"

#include <stdarg.h>
#include <stdio.h>

struct judge {
	struct sim_dhcpd *d;
	struct dhcpd_client *c;
	const struct host_in *in;
	const struct bootp_in *msg;
	unsigned type;
};

static void blame(const struct judge *j, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void blame(const struct judge *j, const char *fmt, ...)
{
	char text[120];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	world_violation(j->d->w, j->d->h->name, "DHCP%s of %s: %s", bootp_type_text(j->type),
		mac_text(j->msg->h.chaddr), text);
}

static bool has(const struct judge *j, unsigned code)
{
	return bootp_count(j->msg, code, NULL) != 0;
}

static void must_have(const struct judge *j, unsigned code, const char *why)
{
	if (!has(j, code))
		blame(j, "option %u missing (%s)", code, why);
}

static void must_not_have(const struct judge *j, unsigned code, const char *why)
{
	if (has(j, code))
		blame(j, "option %u not allowed (%s)", code, why);
}

static bool all_zero(const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len && !*p) {
		p++;
		len--;
	}
	return !len;
}

/* ---- form ---- */

static void check_fixed_fields(const struct judge *j)
{
	const struct bootp_head *h = &j->msg->h;
	uint8_t overload = 0;

	bootp_get(j->msg, OPT_OVERLOAD, &overload, 1);
	if (h->htype != 1 || h->hlen != 6)
		blame(j, "htype %u hlen %u", h->htype, h->hlen);
	if (h->hops && !h->giaddr)
		blame(j, "hops %u", h->hops);
	if (h->flags & 0x7fff)
		blame(j, "reserved flags %04x (RFC 2131 figure 2)", h->flags);
	if (h->yiaddr || h->siaddr)
		blame(j, "yiaddr or siaddr set (table 5)");
	if (!all_zero(h->chaddr + 6, 10))
		blame(j, "chaddr not padded with zeros");
	if (!(overload & 1) && !all_zero(h->file, sizeof(h->file)))
		blame(j, "file field used");
	if (!(overload & 2) && !all_zero(h->sname, sizeof(h->sname)))
		blame(j, "sname field used");
	if (!h->giaddr && !mac_equal(h->chaddr, j->in->src_mac))
		blame(j, "chaddr is not the sender %s", mac_text(j->in->src_mac));
}

static void check_size(const struct judge *j)
{
	if (j->msg->len < BOOTP_MIN)
		blame(j, "%u bytes, less than %u (RFC 1542 2.1)", j->msg->len, BOOTP_MIN);
	if (j->msg->len > 576 - IP_HEAD - UDP_HEAD)
		blame(j, "%u bytes, more than every server takes (RFC 2131 2)", j->msg->len);
}

static void check_options(const struct judge *j)
{
	const struct bootp_in *m = j->msg;

	if (m->overrun)
		blame(j, "option runs over the end");
	if (!m->ended)
		blame(j, "no END option");
	if (m->trailing)
		blame(j, "bytes after END");
	for (uint32_t i = 0; i < m->pieces; i++)
		for (uint32_t k = 0; k < i; k++)
			if (m->piece[k].code == m->piece[i].code)
				blame(j, "option %u twice", m->piece[i].code);
}

static void check_lengths(const struct judge *j)
{
	static const struct {
		uint8_t code, min, max, unit;
	} rule[] = {
		{OPT_HOSTNAME, 1, 255, 1},
		{OPT_REQUESTED_IP, 4, 4, 4},
		{OPT_LEASE, 4, 4, 4},
		{OPT_TYPE, 1, 1, 1},
		{OPT_SERVER_ID, 4, 4, 4},
		{OPT_PARAMETERS, 1, 255, 1},
		{OPT_MAX_SIZE, 2, 2, 2},
		{OPT_CLASS, 1, 255, 1},
		{OPT_CLIENT_ID, 2, 255, 1},
		{OPT_ARCH, 2, 254, 2},
		{OPT_UNDI, 3, 3, 3},
		{OPT_UUID, 17, 17, 17},
	};

	for (size_t i = 0; i < sizeof(rule) / sizeof(rule[0]); i++) {
		uint32_t len;

		if (!bootp_count(j->msg, rule[i].code, &len))
			continue;
		if (len < rule[i].min || len > rule[i].max || len % rule[i].unit)
			blame(j, "option %u has %u bytes", rule[i].code, len);
	}
}

static void check_form(const struct judge *j)
{
	check_size(j);
	check_fixed_fields(j);
	check_options(j);
	check_lengths(j);
}

/* ---- where it came from and went to ---- */

static void check_broadcast(const struct judge *j)
{
	if (j->msg->h.giaddr)
		return;
	if (j->in->src_ip || j->in->dst_ip != IP_ALL)
		blame(j, "sent from %s to %s (RFC 2131 4.1)", ip_text(j->in->src_ip),
			ip_text(j->in->dst_ip));
	if (!mac_is_broadcast(j->in->dst_mac))
		blame(j, "not an Ethernet broadcast");
}

static void check_unicast(const struct judge *j)
{
	if (j->in->dst_ip != j->d->h->ip || mac_is_broadcast(j->in->dst_mac))
		blame(j, "not sent to the server alone");
	if (!j->msg->h.ciaddr || j->msg->h.ciaddr != j->in->src_ip)
		blame(j, "ciaddr %s, sent from %s", ip_text(j->msg->h.ciaddr),
			ip_text(j->in->src_ip));
}

static void check_source_port(const struct judge *j)
{
	uint16_t want = j->msg->h.giaddr ? 67 : 68;

	if (j->in->src_port != want)
		blame(j, "sent from port %u", j->in->src_port);
}

/* No more than DHCPD_RATE_MAX messages in any second. */
static void check_rate(const struct judge *j)
{
	struct dhcpd_client *c = j->c;
	uint64_t now = j->d->w->now_us, oldest;

	c->time[c->messages % (DHCPD_RATE_MAX + 1)] = now;
	c->messages++;
	oldest = c->time[c->messages % (DHCPD_RATE_MAX + 1)];
	if (c->messages > DHCPD_RATE_MAX && now - oldest < 1000000)
		blame(j, "more than %u messages in a second", DHCPD_RATE_MAX);
}

/* ---- what stays the same ---- */

static void check_same(const struct judge *j, unsigned code, struct dhcpd_blob *b, bool must_repeat)
{
	uint8_t now[255];
	int len = bootp_get(j->msg, code, now, sizeof(now));

	if (len < 0) {
		if (b->seen && must_repeat)
			blame(j, "option %u left out, was in an earlier message", code);
		return;
	}
	if (len > (int)sizeof(now))
		return;
	if (b->seen && (b->len != (uint32_t)len || memcmp(b->data, now, (size_t)len)))
		blame(j, "option %u changed", code);
	b->seen = true;
	b->len = (uint32_t)len;
	memcpy(b->data, now, (size_t)len);
}

/* RFC 2131 3.5 (client id, parameter list), PXE 2.1 2.2 (the rest). */
static void check_identity(const struct judge *j)
{
	check_same(j, OPT_CLIENT_ID, &j->c->id, true);
	check_same(j, OPT_UUID, &j->c->uuid, false);
	check_same(j, OPT_CLASS, &j->c->class, false);
}

/* ---- PXE ---- */

/* PXE 2.1 2.2.3: "PXEClient:Arch:xxxxx:UNDI:yyyzzz", with the numbers of options 93 and 94. */
static void check_class(const struct judge *j)
{
	uint8_t class[33], arch[2] = {0}, undi[3] = {0};
	char want[33];

	if (bootp_get(j->msg, OPT_CLASS, class, 32) != 32) {
		blame(j, "option 60 is not PXEClient:Arch:xxxxx:UNDI:yyyzzz");
		return;
	}
	bootp_get(j->msg, OPT_ARCH, arch, 2);
	bootp_get(j->msg, OPT_UNDI, undi, 3);
	snprintf(want, sizeof(want), "PXEClient:Arch:%05u:UNDI:%03u%03u", wire_get16(arch),
		undi[1] % 1000u, undi[2] % 1000u);
	if (memcmp(class, want, 32))
		blame(j, "option 60 is not %s", want);
}

static void check_pxe_options(const struct judge *j)
{
	uint8_t undi[3] = {1}, uuid[17] = {0};

	must_have(j, OPT_CLASS, "PXE 2.1 2.2");
	must_have(j, OPT_ARCH, "RFC 4578 2.1");
	must_have(j, OPT_UNDI, "RFC 4578 2.2");
	must_have(j, OPT_UUID, "RFC 4578 2.3");
	bootp_get(j->msg, OPT_UNDI, undi, 3);
	if (undi[0] != 1)
		blame(j, "option 94 is of type %u, not UNDI", undi[0]);
	bootp_get(j->msg, OPT_UUID, uuid, 17);
	if (uuid[0])
		blame(j, "option 97 is of type %u", uuid[0]);
	check_class(j);
}

static void check_max_size(const struct judge *j)
{
	uint8_t size[2];

	if (bootp_get(j->msg, OPT_MAX_SIZE, size, 2) == 2 && wire_get16(size) < 576)
		blame(j, "option 57 is %u (RFC 2132 9.10)", wire_get16(size));
}

/* What a PXE client cannot do without must be asked for. */
static void check_parameters(const struct judge *j)
{
	static const uint8_t needed[] = {
		OPT_MASK, OPT_ROUTER, OPT_VENDOR, OPT_TFTP_NAME, OPT_BOOTFILE};
	uint8_t list[255];
	int n = bootp_get(j->msg, OPT_PARAMETERS, list, sizeof(list));

	if (n < 0) {
		blame(j, "option 55 missing");
		return;
	}
	for (size_t i = 0; i < sizeof(needed); i++)
		if (!memchr(list, needed[i], (size_t)n < sizeof(list) ? (size_t)n : sizeof(list)))
			blame(j, "option 55 does not ask for %u", needed[i]);
}

/* ---- one message type each ---- */

static void check_xid_is_ours_alone(const struct judge *j)
{
	for (uint32_t i = 0; i < j->d->clients; i++)
		if (j->d->client[i] != j->c && j->d->client[i]->xid == j->msg->h.xid)
			blame(j, "xid %08x is also that of %s", j->msg->h.xid,
				mac_text(j->d->client[i]->mac));
}

static void check_secs(const struct judge *j)
{
	struct dhcpd_client *c = j->c;
	uint16_t secs = j->msg->h.secs;

	if (secs > j->d->w->now_us / 1000000 + 1)
		blame(j, "secs %u after %u s", secs, (unsigned)(j->d->w->now_us / 1000000));
	if (c->xid != j->msg->h.xid)
		c->nsecs = 0;
	if (c->nsecs && secs < c->secs[(c->nsecs - 1) % DHCPD_SECS_MAX])
		blame(j, "secs went back to %u", secs);
	c->secs[c->nsecs++ % DHCPD_SECS_MAX] = secs;
}

static void check_discover(const struct judge *j)
{
	check_broadcast(j);
	check_xid_is_ours_alone(j);
	check_secs(j);
	if (j->msg->h.ciaddr)
		blame(j, "ciaddr set (table 5)");
	if (!j->msg->h.xid)
		blame(j, "xid 0");
	must_not_have(j, OPT_SERVER_ID, "table 5");
	check_pxe_options(j);
	check_max_size(j);
	check_parameters(j);
	check_same(j, OPT_PARAMETERS, &j->c->parameters, true);
	j->c->xid = j->msg->h.xid;
}

/* RFC 2131 3.1 step 3: secs as in the DISCOVER, which may have been lost on the way. */
static void check_request_secs(const struct judge *j)
{
	for (uint32_t i = 0; i < j->c->nsecs && i < DHCPD_SECS_MAX; i++)
		if (j->c->secs[i] == j->msg->h.secs)
			return;
	if (j->c->nsecs && !j->d->w->lossy)
		blame(j, "secs %u is that of no DISCOVER (RFC 2131 3.1)", j->msg->h.secs);
}

/* RFC 2131 4.3.2: the answer to an OFFER names server and address, and has no ciaddr. */
static void check_request(const struct judge *j)
{
	uint32_t server = bootp_get_ip(j->msg, OPT_SERVER_ID),
		 wants = bootp_get_ip(j->msg, OPT_REQUESTED_IP);

	check_broadcast(j);
	check_request_secs(j);
	must_have(j, OPT_SERVER_ID, "table 5, SELECTING");
	must_have(j, OPT_REQUESTED_IP, "table 5, SELECTING");
	if (j->msg->h.ciaddr)
		blame(j, "ciaddr set (table 5, SELECTING)");
	if (j->msg->h.xid != j->c->xid && j->c->xid)
		blame(j, "xid %08x, the DISCOVER had %08x", j->msg->h.xid, j->c->xid);
	check_pxe_options(j);
	check_max_size(j);
	check_parameters(j);
	check_same(j, OPT_PARAMETERS, &j->c->parameters, true);
	if (server != j->d->h->ip)
		return;
	if (j->c->offered_xid != j->msg->h.xid)
		blame(j, "no OFFER was made under xid %08x", j->msg->h.xid);
	if (j->d->conf.role == DHCPD_SERVER && wants != j->c->ip)
		blame(j, "asks for %s, %s was offered", ip_text(wants), ip_text(j->c->ip));
}

static void check_decline(const struct judge *j)
{
	check_broadcast(j);
	must_have(j, OPT_SERVER_ID, "table 5");
	must_have(j, OPT_REQUESTED_IP, "table 5");
	must_not_have(j, OPT_PARAMETERS, "table 5");
	must_not_have(j, OPT_MAX_SIZE, "table 5");
	if (j->msg->h.ciaddr || j->msg->h.flags || j->msg->h.secs)
		blame(j, "ciaddr, flags or secs set (table 5)");
}

static void check_release(const struct judge *j)
{
	check_unicast(j);
	must_have(j, OPT_SERVER_ID, "table 5");
	must_not_have(j, OPT_REQUESTED_IP, "table 5");
	must_not_have(j, OPT_PARAMETERS, "table 5");
	must_not_have(j, OPT_MAX_SIZE, "table 5");
	if (j->msg->h.flags || j->msg->h.secs)
		blame(j, "flags or secs set (table 5)");
	if (j->c->lease != LEASE_BOUND || j->c->ip != j->msg->h.ciaddr)
		blame(j, "%s is not its lease", ip_text(j->msg->h.ciaddr));
}

void dhcp_check_message(struct sim_dhcpd *d, struct dhcpd_client *c, const struct host_in *in,
	const struct bootp_in *msg)
{
	const struct judge j = {d, c, in, msg, bootp_type(msg)};

	check_form(&j);
	check_source_port(&j);
	check_rate(&j);
	check_identity(&j);
	switch (j.type) {
	case MSG_DISCOVER:
		check_discover(&j);
		break;
	case MSG_REQUEST:
		check_request(&j);
		break;
	case MSG_DECLINE:
		check_decline(&j);
		break;
	case MSG_RELEASE:
		check_release(&j);
		break;
	default:
		blame(&j, "message type %u from a client", j.type);
	}
}

void dhcp_check_pxe_request(struct sim_dhcpd *d, struct dhcpd_client *c, const struct host_in *in,
	const struct bootp_in *msg)
{
	const struct judge j = {d, c, in, msg, bootp_type(msg)};

	check_form(&j);
	check_rate(&j);
	check_identity(&j);
	if (dhcpd_pxe_type(msg) < 0)
		check_unicast(&j);
	else if (!msg->h.ciaddr || msg->h.ciaddr != in->src_ip || msg->h.flags)
		blame(&j, "ciaddr %s, flags %04x, sent from %s", ip_text(msg->h.ciaddr),
			msg->h.flags, ip_text(in->src_ip));
	must_not_have(&j, OPT_SERVER_ID, "PXE 2.1 2.2");
	must_not_have(&j, OPT_REQUESTED_IP, "PXE 2.1 2.2");
	check_pxe_options(&j);
	if (j.msg->h.op != 1 || j.type != MSG_REQUEST)
		blame(&j, "port 4011 takes REQUESTs only (PXE 2.1 2.4)");
	if (in->src_port != 68 && in->src_port != 4011)
		blame(&j, "port 4011 asked from port %u", in->src_port);
}

void dhcp_check_malformed(struct sim_dhcpd *d, const struct host_in *in)
{
	if (in->judged && !in->copy)
		world_violation(d->w, d->h->name,
			"DHCP message of %u bytes without header or cookie from %s", in->len,
			mac_text(in->src_mac));
}

/* ---- addresses in use ---- */

/* Who sends from an address of the pool must hold its lease; behind a router the frame's sender is
 * another. */
void dhcp_check_frame(struct sim_dhcpd *d, const struct sim_frame *f)
{
	uint16_t type = f->len < 34 ? 0 : wire_get16(f->data + 12);
	struct dhcpd_client *c;
	uint32_t src;

	if (!frame_judged(f) || (type != TYPE_IP && type != TYPE_ARP) ||
		(d->conf.pool ^ d->h->ip) & d->h->mask)
		return;
	src = wire_get32(f->data + (type == TYPE_IP ? 26 : 28));
	if (src - d->conf.pool >= d->conf.pool_len)
		return;
	c = dhcpd_client(d, f->data + 6);
	if (c && c->ip == src && c->lease == LEASE_BOUND)
		c->used_address = true;
	else if (!c || !c->used_address || c->ip != src)
		world_violation(d->w, d->h->name, "%s uses %s without a lease",
			mac_text(f->data + 6), ip_text(src));
}
