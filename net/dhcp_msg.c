/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DHCP messages between wire and struct: RFC 2131 section 2 (layout), RFC 2132 9.3 (overload), RFC
 * 3396 (long options), RFC 4578 (PXE: 93, 94, 97), PXE 2.1 section 2.2.
 *
 * A message is taken whole or not at all: an option that runs past its field makes it malformed. A
 * missing END is forgiven. An option 52 inside file or sname means nothing. Options that find no
 * room in DHCP_OPTIONS_MAX are left out, the others stay.
 */
#include "core/str.h"
#include "core/fmt.h"
#include "net/dhcp.h"

#define BOOTREQUEST    1
#define BOOTREPLY      2
#define HTYPE_ETHERNET 1
#define DHCP_COOKIE    0x63825363
#define DHCP_MIN       300    /* RFC 1542 2.1: some relays drop shorter ones */
#define DHCP_BROADCAST 0x8000 /* flags */

/* -- options -- */

/* The next option of a field; false at its end, b->bad when one runs over. */
static bool option_next(struct bytes *b, unsigned *tag, struct bytes *value)
{
	size_t len;

	do {
		if (!b->n)
			return false;
		*tag = bytes_u8(b);
	} while (*tag == DHCP_PAD);
	if (*tag == DHCP_END)
		return false;
	len = bytes_u8(b);
	*value = bytes_sub(b, len);
	return bytes_ok(b);
}

static bool field_ok(struct bytes b)
{
	struct bytes value;
	unsigned tag;

	while (option_next(&b, &tag, &value))
		;
	return bytes_ok(&b);
}

/* Option 52 of the options field, 0 when there is none. */
static uint8_t field_overload(struct bytes b)
{
	struct bytes value;
	unsigned tag;

	while (option_next(&b, &tag, &value))
		if (tag == DHCP_OVERLOAD)
			return bytes_u8(&value);
	return 0;
}

/* Appends all pieces of option `tag`, in the order of RFC 3396 section 5, as one. */
static void option_join(
	struct dhcp_msg *msg, const struct bytes *field, unsigned nfields, unsigned tag)
{
	struct emit e = emit_to(msg->options + msg->noptions, sizeof(msg->options) - msg->noptions);
	uint8_t *head = emit_room(&e, 3);

	for (unsigned i = 0; i < nfields; i++) {
		struct bytes b = field[i], value;
		unsigned t;

		while (option_next(&b, &t, &value))
			if (t == tag)
				emit_bytes(&e, value.p, value.n);
	}
	if (!head || e.bad)
		return;
	head[0] = (uint8_t)tag;
	head[1] = (uint8_t)((e.n - 3) >> 8);
	head[2] = (uint8_t)(e.n - 3);
	msg->noptions = (uint16_t)(msg->noptions + e.n);
}

static void options_join(struct dhcp_msg *msg, const struct bytes *field, unsigned nfields)
{
	uint32_t seen[8] = {0};

	for (unsigned i = 0; i < nfields; i++) {
		struct bytes b = field[i], value;
		unsigned tag;

		while (option_next(&b, &tag, &value)) {
			uint32_t bit = 1u << tag % 32;

			if (seen[tag / 32] & bit)
				continue;
			seen[tag / 32] |= bit;
			option_join(msg, field, nfields, tag);
		}
	}
}

/* Option `sub` of an encapsulating option's value. */
static const uint8_t *option_sub(struct bytes b, unsigned sub, uint16_t *len)
{
	struct bytes value;
	unsigned tag;

	while (option_next(&b, &tag, &value)) {
		if (tag == sub) {
			*len = (uint16_t)value.n;
			return value.p;
		}
	}
	return NULL;
}

const uint8_t *dhcp_option(const struct dhcp_msg *msg, unsigned tag, unsigned sub, uint16_t *len)
{
	struct bytes b = bytes_of(msg->options, msg->noptions);

	*len = 0;
	while (b.n) {
		unsigned t = bytes_u8(&b);
		uint16_t n = bytes_u16(&b);
		const uint8_t *value = bytes_take(&b, n);

		if (!value || t != tag)
			continue;
		if (sub)
			return option_sub(bytes_of(value, n), sub, len);
		*len = n;
		return value;
	}
	return NULL;
}

uint32_t dhcp_option_ip(const struct dhcp_msg *msg, unsigned tag)
{
	uint16_t len;
	const uint8_t *value = dhcp_option(msg, tag, 0, &len);
	struct bytes b = bytes_of(value, len);

	return bytes_u32(&b);
}

bool dhcp_is_pxe(const struct dhcp_msg *msg)
{
	uint16_t len;
	const uint8_t *value = dhcp_option(msg, DHCP_CLASS_ID, 0, &len);

	return len >= 9 && !memcmp(value, "PXEClient", 9);
}

size_t dhcp_filename(const struct dhcp_msg *msg, char *text, size_t cap)
{
	uint16_t len;
	const uint8_t *value;

	if (msg->file[0]) {
		str_copy(text, cap, msg->file);
		return strlen(text);
	}
	value = dhcp_option(msg, DHCP_BOOT_FILE, 0, &len);
	text[0] = 0;
	if (value)
		str_copy_n(text, cap, (const char *)value, len);
	return strlen(text);
}

struct ip_addr dhcp_next_server(const struct dhcp_msg *msg)
{
	struct ip_addr a;
	uint16_t len;
	const uint8_t *name;

	if (!ip_is_any(&msg->siaddr))
		return msg->siaddr;
	name = dhcp_option(msg, DHCP_TFTP_SERVER, 0, &len);
	while (len && !name[len - 1])
		len--;
	if (name && ip_parse((const char *)name, len, &a))
		return a;
	if (ip_parse(msg->sname, strlen(msg->sname), &a))
		return a;
	if (len && dhcp_option_ip(msg, DHCP_DNS))
		return (struct ip_addr){.family = IP_NONE};
	return ip_is_any(&msg->server_id) ? msg->from : msg->server_id;
}

/* -- parse -- */

/* Copies a text field that need not be terminated. */
static void field_text(struct bytes b, char *text, size_t cap)
{
	str_copy_n(text, cap, (const char *)b.p, b.n);
}

bool dhcp_parse(struct bytes b, struct dhcp_msg *msg)
{
	struct bytes field[3], sname, file;
	unsigned n = 1;
	uint8_t op, htype, hlen, overload;
	uint16_t len;
	const uint8_t *type;

	memset(msg, 0, sizeof(*msg));
	op = bytes_u8(&b);
	htype = bytes_u8(&b);
	hlen = bytes_u8(&b);
	bytes_skip(&b, 1); /* hops */
	msg->xid = bytes_u32(&b);
	bytes_skip(&b, 8); /* secs, flags, ciaddr */
	msg->yiaddr = ip4_of(bytes_u32(&b));
	msg->siaddr = ip4_of(bytes_u32(&b));
	bytes_skip(&b, 4); /* giaddr */
	bytes_copy(&b, msg->chaddr.b, 6);
	bytes_skip(&b, 10);
	sname = bytes_sub(&b, 64);
	file = bytes_sub(&b, 128);
	if (bytes_u32(&b) != DHCP_COOKIE || !bytes_ok(&b))
		return false;
	if (op != BOOTREPLY || htype != HTYPE_ETHERNET || hlen != 6 || !field_ok(b))
		return false;
	overload = field_overload(b);
	field[0] = b;
	if (overload & 1)
		field[n++] = file;
	else
		field_text(file, msg->file, sizeof(msg->file));
	if (overload & 2)
		field[n++] = sname;
	else
		field_text(sname, msg->sname, sizeof(msg->sname));
	for (unsigned i = 1; i < n; i++)
		if (!field_ok(field[i]))
			return false;
	options_join(msg, field, n);
	type = dhcp_option(msg, DHCP_MESSAGE_TYPE, 0, &len);
	msg->type = len == 1 ? *type : 0;
	if (dhcp_option_ip(msg, DHCP_SERVER_ID))
		msg->server_id = ip4_of(dhcp_option_ip(msg, DHCP_SERVER_ID));
	return true;
}

/* -- emit -- */

/* What we ask for, option 55: servers send what is listed here, and dnsmasq, ISC and Kea little
 * else. */
static const uint8_t wanted[] = {1, 3, 6, 7, 12, 15, 17, 26, 28, 42, 43, 51, 54, 60, 66, 67, 119,
	121, 128, 129, 130, 131, 132, 133, 134, 135, 150, 175, 203, 209, 210};

/* Encapsulated in option 175, each a feature of iPXE's registry: TFTP, bzImage; and a version. */
static const uint8_t ipxe_features[] = {21, 1, 1, 24, 1, 1, 235, 3, 0, 1, 0};

static void emit_option(struct emit *e, unsigned tag, const void *value, size_t n)
{
	emit_u8(e, (uint8_t)tag);
	emit_u8(e, (uint8_t)n);
	emit_bytes(e, value, n);
}

static void emit_ip(struct emit *e, unsigned tag, uint32_t ip)
{
	if (!ip)
		return;
	emit_u8(e, (uint8_t)tag);
	emit_u8(e, 4);
	emit_u32(e, ip);
}

static void emit_u16_option(struct emit *e, unsigned tag, uint16_t v)
{
	emit_u8(e, (uint8_t)tag);
	emit_u8(e, 2);
	emit_u16(e, v);
}

/* Who we are and what we want to know: in all messages but RELEASE (RFC 2131 table 5, RFC 4578 2).
 */
static void emit_identity(struct emit *e, const struct dhcp_request *r)
{
	static const uint8_t ndi[] = {1, 2, 1}; /* UNDI 2.1 */
	char class[33];

	fmt_print(class, sizeof(class), "PXEClient:Arch:%05u:UNDI:002001", r->arch);
	emit_u16_option(e, DHCP_MAX_SIZE, r->max_size);
	emit_option(e, DHCP_PARAMETER_LIST, wanted, sizeof(wanted));
	emit_option(e, DHCP_CLASS_ID, class, 32);
	emit_u16_option(e, DHCP_CLIENT_ARCH, r->arch);
	emit_option(e, DHCP_CLIENT_NDI, ndi, sizeof(ndi));
	if (r->uuid) {
		emit_u8(e, DHCP_CLIENT_UUID);
		emit_u8(e, 17);
		emit_u8(e, 0); /* type: a UUID follows */
		emit_bytes(e, r->uuid, 16);
	}
	if (r->say_ipxe) {
		emit_option(
			e, DHCP_USER_CLASS, "iPXE", 4); /* as iPXE does, not in RFC 3004's form */
		emit_option(e, DHCP_IPXE, ipxe_features, sizeof(ipxe_features));
	}
	if (r->has_type) {
		emit_u8(e, DHCP_VENDOR);
		emit_u8(e, 7);
		emit_u8(e, PXE_BOOT_ITEM);
		emit_u8(e, 4);
		emit_u16(e, r->pxe_type);
		emit_u16(e, 0); /* layer: the first file */
		emit_u8(e, DHCP_END);
	}
}

void dhcp_emit(struct emit *e, const struct dhcp_request *r)
{
	emit_u8(e, BOOTREQUEST);
	emit_u8(e, HTYPE_ETHERNET);
	emit_u8(e, 6);
	emit_u8(e, 0); /* hops */
	emit_u32(e, r->xid);
	emit_u16(e, r->secs);
	/* Before it has an address a link need not take what is sent to one: RFC 2131 4.1. */
	emit_u16(e, r->ciaddr ? 0 : DHCP_BROADCAST);
	emit_u32(e, r->ciaddr);
	emit_zero(e, 12); /* yiaddr, siaddr, giaddr */
	emit_bytes(e, r->mac.b, 6);
	emit_zero(e, 10 + 64 + 128);
	emit_u32(e, DHCP_COOKIE);
	emit_u8(e, DHCP_MESSAGE_TYPE);
	emit_u8(e, 1);
	emit_u8(e, (uint8_t)r->type);
	emit_ip(e, DHCP_REQUESTED_IP, r->requested);
	emit_ip(e, DHCP_SERVER_ID, r->server_id);
	if (r->type != DHCPRELEASE)
		emit_identity(e, r);
	emit_u8(e, DHCP_END);
	if (e->n < DHCP_MIN)
		emit_zero(e, DHCP_MIN - e->n);
}
