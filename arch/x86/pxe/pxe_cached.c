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
#include "core/machine.h"
#include "net/net.h"
#include "net/url.h"

#define FILE_SIZE 128
#define COOKIE	  0x63825363u

/* As often as it takes (RFC 3396). */
static void put_option(struct emit *e, unsigned tag, const uint8_t *value, size_t n)
{
	size_t part;

	do {
		part = n < 255 ? n : 255;
		if (e->n + 2 + part >= PXE_CACHED_MAX)
			return;
		emit_u8(e, (uint8_t)tag);
		emit_u8(e, (uint8_t)part);
		emit_bytes(e, value, part);
		value += part;
		n -= part;
	} while (n);
}

static void put_options(struct pxe *p, struct emit *e, const struct dhcp_msg *msg)
{
	static const char *const settings[] = {"209", "210"};
	struct bytes b = bytes_of(msg->options, msg->noptions);
	const struct setting_type *type;
	uint8_t value[SETTING_VALUE_MAX];

	while (b.n) {
		unsigned tag = bytes_u8(&b);
		size_t n = bytes_u16(&b);
		const uint8_t *v = bytes_take(&b, n);

		if (v && tag != DHCP_OVERLOAD && tag != DHCP_PXE_CONFIG && tag != DHCP_PXE_PREFIX)
			put_option(e, tag, v, n);
	}
	for (unsigned i = 0; i < 2; i++) {
		int n = setting_get(p->m, settings[i], &type, value, sizeof(value));

		if (n > 0)
			put_option(e, DHCP_PXE_CONFIG + i, value, (size_t)n);
	}
}

struct loaded {
	uint32_t server;
	char file[URL_MAX];
};

static void put_reply(
	struct pxe *p, struct emit *e, const struct dhcp_msg *msg, const struct loaded *from)
{
	size_t n = strlen(from->file);

	emit_u32(e, 0x02010600); /* reply, Ethernet */
	emit_u32(e, msg->xid);
	emit_zero(e, 8);
	emit_u32(e, ip4_u32(&p->dev->ip4.addr));
	emit_u32(e, from->server);
	emit_u32(e, 0);
	emit_bytes(e, p->dev->mac.b, 6);
	emit_zero(e, 10);
	emit_bytes(e, msg->sname, 64);
	emit_bytes(e, from->file, n < FILE_SIZE ? n : 0);
	emit_zero(e, n < FILE_SIZE ? FILE_SIZE - n : FILE_SIZE);
	emit_u32(e, COOKIE);
	if (n >= FILE_SIZE)
		put_option(e, DHCP_BOOT_FILE, (const uint8_t *)from->file, n);
	put_options(p, e, msg);
	emit_u8(e, DHCP_END);
}

static void put_discover(struct pxe *p, struct emit *e, const struct dhcp *d)
{
	const struct net_config *config = p->dev->net->config;
	uint8_t uuid[16];
	struct dhcp_request r = {
		.type = DHCPDISCOVER,
		.xid = d->xid,
		.mac = p->dev->mac,
		.max_size = PXE_PACKET_MAX,
		.arch = config->client_arch,
		.say_ipxe = config->say_ipxe,
	};

	if (p->m->plat->uuid(p->m->plat_ctx, uuid))
		r.uuid = uuid;
	dhcp_emit(e, &r);
}

/* What the URL says, where it is one; else what DHCP has said. */
static void find_loaded(const struct dhcp_msg *msg, const char *uri, struct loaded *from)
{
	struct ip_addr server = dhcp_next_server(msg);
	struct url u;

	if (!uri || url_parse(uri, &u)) {
		dhcp_filename(msg, from->file, sizeof(from->file));
	} else {
		ip_parse(u.host, strlen(u.host), &server);
		if (strcmp(u.scheme, "tftp") || !url_decode(u.path + 1, from->file, URL_MAX))
			str_copy(from->file, sizeof(from->file), uri);
	}
	from->server = ip4_u32(&server);
}

void pxe_cached_make(struct pxe *p, const char *uri)
{
	const struct dhcp *d = &p->dev->net->dhcp[p->dev->index];
	const struct dhcp_msg *boot = dhcp_boot_msg(d);
	struct loaded from;
	struct emit e;

	boot = boot ? boot : &d->ack;
	memset(p->base, 0, sizeof(*p->base));
	find_loaded(boot, uri, &from);
	for (unsigned i = 0; i < PXE_PACKETS; i++) {
		e = emit_to(p->base->packet[i], PXE_CACHED_MAX);
		if (i == PXE_DISCOVER)
			put_discover(p, &e, d);
		else
			put_reply(p, &e, i == PXE_REPLY ? boot : &d->ack, &from);
		p->packet_n[i] = PXE_CACHED_MAX;
	}
}
