/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The DHCP messages that a PXE ROM keeps for its network boot program (PXE 2.1, 3.3.3.4), made anew
 * from what we know: our DISCOVER, the ACK, and the PXE server's answer, or the ACK again where
 * there was none. All are of the same size, filled with zeros.
 *
 * They tell what was really loaded: server and file are those of the URL, whatever DHCP said, and
 * another URL than TFTP's is itself the file (so does Etherboot's descendant, and PXELINUX knows).
 * One that is too long for the field is option 67. Options 209 and 210 (RFC 5071) are the settings
 * of these names, wherever they come from. What finds no room is left out.
 */
#include "arch/x86/pxe/pxe.h"
#include "core/bytes.h"
#include "core/fmt.h"
#include "core/machine.h"
#include "net/net.h"
#include "net/url.h"
#include "net/wire.h"

#define COOKIE 0x63825363u

struct bootp { /* RFC 2131, section 2 */
	uint8_t op, htype, hlen, hops, xid[4], secs[2], flags[2];
	uint8_t ciaddr[4], yiaddr[4], siaddr[4], giaddr[4], chaddr[16], sname[64], file[128];
	uint8_t cookie[4], options[];
};
_Static_assert(offsetof(struct bootp, file) == PXE_FILE_AT, "RFC 2131");

/* What was loaded. */
struct loaded {
	struct ip_addr server;
	char file[URL_MAX];
};

/* As often as it takes (RFC 3396); not at all when there is no room. */
static void put_option(struct emit *e, unsigned tag, const void *value, size_t n)
{
	const uint8_t *v = value;

	for (size_t part; n && e->n + 2 + n < e->cap; v += part, n -= part) {
		part = n < 255 ? n : 255;
		emit_u8(e, (uint8_t)tag);
		emit_u8(e, (uint8_t)part);
		emit_bytes(e, v, part);
	}
}

static void put_options(struct pxe *p, struct emit *e, const struct dhcp_msg *msg)
{
	struct bytes b = bytes_of(msg->options, msg->noptions);
	const struct setting_type *type;
	uint8_t value[SETTING_VALUE_MAX];
	char name[4];

	while (b.n) {
		unsigned tag = bytes_u8(&b);
		size_t n = bytes_u16(&b);
		const uint8_t *v = bytes_take(&b, n);

		if (v && tag != DHCP_OVERLOAD && tag != DHCP_PXE_CONFIG && tag != DHCP_PXE_PREFIX)
			put_option(e, tag, v, n);
	}
	for (unsigned tag = DHCP_PXE_CONFIG; tag <= DHCP_PXE_PREFIX; tag++) {
		int n;

		fmt_print(name, sizeof(name), "%u", tag);
		n = setting_get(p->m, name, &type, value, sizeof(value));
		if (n > 0)
			put_option(e, tag, value, (size_t)n);
	}
	emit_u8(e, DHCP_END);
}

static void put_reply(
	struct pxe *p, uint8_t *packet, const struct dhcp_msg *msg, const struct loaded *from)
{
	struct bootp *b = (struct bootp *)packet;
	struct emit e = emit_to(b->options, PXE_CACHED_MAX - sizeof(*b));
	size_t n = strlen(from->file);

	b->op = 2; /* reply */
	b->htype = 1;
	b->hlen = sizeof(p->dev->mac);
	wire_put32(b->xid, msg->xid);
	memcpy(b->yiaddr, p->dev->ip4.addr.b, 4);
	memcpy(b->siaddr, from->server.b, 4);
	memcpy(b->chaddr, p->dev->mac.b, sizeof(p->dev->mac));
	memcpy(b->sname, msg->sname, sizeof(b->sname));
	wire_put32(b->cookie, COOKIE);
	if (n < sizeof(b->file))
		memcpy(b->file, from->file, n);
	else
		put_option(&e, DHCP_BOOT_FILE, from->file, n);
	put_options(p, &e, msg);
}

/* What the URL says, where it is one; else what DHCP has said. */
static void find_loaded(const struct dhcp_msg *msg, const char *uri, struct loaded *from)
{
	struct url u;

	from->server = dhcp_next_server(msg);
	dhcp_filename(msg, from->file, sizeof(from->file));
	if (!uri || url_parse(uri, &u))
		return;
	ip_parse(u.host, strlen(u.host), &from->server);
	if (strcmp(u.scheme, "tftp") || !url_decode(u.path + 1, from->file, URL_MAX))
		str_copy(from->file, sizeof(from->file), uri);
}

void pxe_cached_make(struct pxe *p, const char *uri)
{
	const struct dhcp *d = &p->dev->net->dhcp[p->dev->index];
	const struct dhcp_msg *boot = dhcp_boot_msg(d);
	struct dhcp_request discover = {.type = DHCPDISCOVER};
	struct emit e = emit_to(p->base->packet[PXE_DISCOVER], PXE_CACHED_MAX);
	struct loaded from;

	if (!boot)
		boot = &d->ack;
	memset(p->base, 0, sizeof(*p->base));
	dhcp_compose(p->dev, &discover, &e);
	find_loaded(boot, uri, &from);
	put_reply(p, p->base->packet[PXE_ACK], &d->ack, &from);
	put_reply(p, p->base->packet[PXE_REPLY], boot, &from);
	for (unsigned i = 0; i < PXE_PACKETS; i++)
		p->packet_n[i] = PXE_CACHED_MAX;
}
