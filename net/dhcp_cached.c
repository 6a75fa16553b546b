/* SPDX-License-Identifier: BSD-2-Clause */
/* See dhcp_cached.h. */
#include "net/dhcp_cached.h"
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
_Static_assert(offsetof(struct bootp, file) == DHCP_FILE_AT, "RFC 2131");

/* What was loaded. */
struct loaded {
	struct ip_addr server;
	char file[URL_MAX];
};

/* In as many pieces as it takes (RFC 3396); not at all when there is no room for it and the end. */
static void put_option(struct emit *e, unsigned tag, const void *value, size_t n)
{
	size_t heads = 2 * ((n + 254) / 255);
	const uint8_t *v = value;

	if (e->n + heads + n >= e->cap)
		return;
	for (size_t part; n; v += part, n -= part) {
		part = n < 255 ? n : 255;
		emit_u8(e, (uint8_t)tag);
		emit_u8(e, (uint8_t)part);
		emit_bytes(e, v, part);
	}
}

static void put_options(struct machine *m, struct emit *e, const struct dhcp_msg *msg)
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
		n = setting_get(m, name, &type, value, sizeof(value));
		if (n > 0)
			put_option(e, tag, value, (size_t)n);
	}
	emit_u8(e, DHCP_END);
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

void dhcp_cached(const struct netdev *dev, const struct dhcp_msg *msg, const char *uri,
	uint8_t *packet, size_t size)
{
	const struct dhcp_msg *boot = dhcp_boot_msg(&dev->net->dhcp[dev->index]);
	struct bootp *b = (struct bootp *)packet;
	struct emit e = emit_to(b->options, size - sizeof(*b));
	struct loaded from;
	size_t n;

	find_loaded(boot ? boot : msg, uri, &from);
	n = strlen(from.file);
	memset(packet, 0, size);
	b->op = 2; /* reply */
	b->htype = 1;
	b->hlen = sizeof(dev->mac);
	wire_put32(b->xid, msg->xid);
	memcpy(b->yiaddr, dev->ip4.addr.b, 4);
	memcpy(b->siaddr, from.server.b, 4);
	memcpy(b->chaddr, dev->mac.b, sizeof(dev->mac));
	memcpy(b->sname, msg->sname, sizeof(b->sname));
	wire_put32(b->cookie, COOKIE);
	if (n < sizeof(b->file))
		memcpy(b->file, from.file, n);
	else
		put_option(&e, DHCP_BOOT_FILE, from.file, n);
	put_options(dev->net->m, &e, msg);
}
