/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Settings that come from the network: what a link is (mac, chip, busid ...), its address, and each
 * option of its DHCP answers, as netN/name; netX is the link that won the boot, or the first one;
 * proxydhcp/name is what the PXE server said on that link.
 *
 * Without scope: filename, next-server and tftp-server come from the message that decides the boot
 * (the PXE server's before the lease), everything else from the boot link's lease, then from its
 * PXE server, then from the other links in order.
 *
 * ip, netmask, gateway and mtu of a link can be set; the link uses them at once, and the next
 * `dhcp` forgets them.
 */
#include "core/machine.h"
#include "core/str.h"
#include "net/net.h"

/* What answers for a link. */
enum from { FROM_LINK, FROM_LEASE, FROM_PROXY, FROM_BOOT };

static int put(uint8_t *raw, size_t cap, const void *src, size_t n)
{
	n = n < cap ? n : cap;
	memcpy(raw, src, n);
	return (int)n;
}

static int put_text(uint8_t *raw, size_t cap, const char *text)
{
	return put(raw, cap, text, strlen(text));
}

static int put_u32(uint8_t *raw, size_t cap, uint32_t v, size_t n)
{
	struct emit e = emit_to(raw, cap);

	if (n == 2)
		emit_u16(&e, (uint16_t)v);
	else
		emit_u32(&e, v);
	return e.bad ? -ERR_SETTING_NONE : (int)n;
}

static int put_ip(uint8_t *raw, size_t cap, const struct ip_addr *a)
{
	return ip_is_any(a) ? -ERR_SETTING_NONE : put(raw, cap, a->b, 4);
}

/* What a link is and how it is configured, whoever has done that. */
static int link_get(const struct netdev *dev, const char *name, uint8_t *raw, size_t cap)
{
	const struct netdev_place *pci = dev->place.vendor ? &dev->place : NULL;

	if (!strcmp(name, "mac") || !strcmp(name, "hwaddr"))
		return put(raw, cap, dev->mac.b, 6);
	if (!strcmp(name, "ifname"))
		return put_text(raw, cap, dev->name);
	if (!strcmp(name, "chip"))
		return put_text(raw, cap, dev->driver);
	if (!strcmp(name, "linktype"))
		return put_text(raw, cap, "Ethernet");
	if (!strcmp(name, "ip"))
		return put_ip(raw, cap, &dev->ip4.addr);
	if (!strcmp(name, "gateway"))
		return put_ip(raw, cap, &dev->ip4.gateway);
	if (!strcmp(name, "netmask") && dev->ip4.mask)
		return put_u32(raw, cap, dev->ip4.mask, 4);
	if (!strcmp(name, "mtu"))
		return put_u32(raw, cap, dev->mtu, 2);
	if (pci && !strcmp(name, "bustype"))
		return put_text(raw, cap, "PCI");
	if (pci && !strcmp(name, "busloc"))
		return put_u32(raw, cap, pci->busdevfn, 4);
	if (pci && !strcmp(name, "busid") && cap >= 5) {
		raw[0] = 1; /* PCI */
		put_u32(raw + 1, 4, (uint32_t)pci->vendor << 16 | pci->device, 4);
		return 5;
	}
	return -ERR_SETTING_NONE;
}

/* What a server said. */
static int msg_get(const struct dhcp_msg *msg, const char *name, unsigned tag, unsigned sub,
	uint8_t *raw, size_t cap)
{
	const uint8_t *value;
	uint16_t len;

	if (!msg)
		return -ERR_SETTING_NONE;
	if (!strcmp(name, "next-server")) {
		struct ip_addr next = dhcp_next_server(msg);

		/* A name instead: empty, and no other link is asked. */
		return ip_is_any(&next) ? 0 : put(raw, cap, next.b, 4);
	}
	if (tag == DHCP_BOOT_FILE && !sub) {
		size_t n = dhcp_filename(msg, (char *)raw, cap);

		return n ? (int)n : -ERR_SETTING_NONE;
	}
	value = tag ? dhcp_option(msg, tag, sub, &len) : NULL;
	return value ? put(raw, cap, value, len) : -ERR_SETTING_NONE;
}

static int from_get(struct net *net, const struct netdev *dev, enum from from, const char *name,
	unsigned tag, unsigned sub, uint8_t *raw, size_t cap)
{
	const struct dhcp *d = &net->dhcp[dev->index];

	switch (from) {
	case FROM_LINK:
		return link_get(dev, name, raw, cap);
	case FROM_LEASE:
		return msg_get(d->have_ack ? &d->ack : NULL, name, tag, sub, raw, cap);
	case FROM_PROXY:
		return msg_get(d->have_proxy ? &d->proxy : NULL, name, tag, sub, raw, cap);
	case FROM_BOOT:
		return msg_get(dhcp_boot_msg(d), name, tag, sub, raw, cap);
	}
	return -ERR_SETTING_NONE;
}

/* The link called `scope`; NULL: none. */
static struct netdev *scope_dev(struct net *net, const char *scope)
{
	if (!strcmp(scope, "netX") || !strcmp(scope, "proxydhcp"))
		return net->boot_dev || !net->ndev ? net->boot_dev : &net->dev[0];
	return netdev_find(net, scope);
}

static int unscoped_get(
	struct net *net, const char *name, unsigned tag, unsigned sub, uint8_t *raw, size_t cap)
{
	bool boot = !strcmp(name, "next-server") || (tag == DHCP_BOOT_FILE && !sub) ||
		    tag == DHCP_TFTP_SERVER;
	int n = -ERR_SETTING_NONE;

	/* -1 is the boot link. */
	for (int i = net->boot_dev ? -1 : 0; n < 0 && i < (int)net->ndev; i++) {
		const struct netdev *dev = i < 0 ? net->boot_dev : &net->dev[i];

		for (int from = boot ? FROM_BOOT : FROM_LINK; n < 0 && from <= FROM_BOOT; from++)
			n = from_get(net, dev, (enum from)from, name, tag, sub, raw, cap);
	}
	return n;
}

static int net_get(struct machine *m, const char *scope, const char *name, unsigned tag,
	unsigned sub, uint8_t *raw, size_t cap)
{
	struct net *net = m->net;
	struct netdev *dev;
	int n = -ERR_SETTING_NONE;

	if (!net)
		return n;
	if (!scope[0])
		return unscoped_get(net, name, tag, sub, raw, cap);
	dev = scope_dev(net, scope);
	if (!dev)
		return n;
	if (!strcmp(scope, "proxydhcp"))
		return from_get(net, dev, FROM_PROXY, name, tag, sub, raw, cap);
	n = from_get(net, dev, FROM_LINK, name, tag, sub, raw, cap);
	return n < 0 ? from_get(net, dev, FROM_LEASE, name, tag, sub, raw, cap) : n;
}

/* n 0: it is cleared. */
static int net_set(
	struct machine *m, const char *scope, const char *name, const uint8_t *raw, size_t n)
{
	struct netdev *dev = m->net && strcmp(scope, "proxydhcp") ? scope_dev(m->net, scope) : NULL;
	struct bytes b = bytes_of(raw, n);
	uint32_t v = n == 4 ? bytes_u32(&b) : n == 2 ? bytes_u16(&b) : 0;
	struct ip_addr a = v ? ip4_of(v) : (struct ip_addr){.family = IP_NONE};

	if (!dev)
		return -ERR_SETTING_NONE;
	if (!strcmp(name, "ip"))
		dev->ip4.addr = a;
	else if (!strcmp(name, "gateway"))
		dev->ip4.gateway = a;
	else if (!strcmp(name, "netmask"))
		dev->ip4.mask = v;
	else if (!strcmp(name, "mtu") && v >= 68 && v <= dev->mtu_max)
		dev->mtu = (uint16_t)v;
	else
		return -ERR_SETTING_NONE;
	return 0;
}

const struct setting_source net_settings = {"net", net_get, net_set};
