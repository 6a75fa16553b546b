/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DNS messages between wire and struct: RFC 1035 section 4 (layout, compression), RFC 2181 8 (time
 * to live), RFC 3596 (AAAA), RFC 5452 9.1 (what makes an answer ours).
 *
 * An answer is taken whole or not at all: a record that runs past the end or lies about its length
 * makes it malformed, unless the server says that it had to cut the message; then what is there
 * counts. Aliases (CNAME) may stand in any order; DNS_CNAMES_MAX are followed. A compression
 * pointer must lead backwards, before the stretch of labels it ends, and a name may have
 * DNS_JUMPS_MAX of them: the walk of a name ends. Names with characters that no host has are walked
 * like others, but equal none that we ask for.
 *
 * Not done: EDNS(0) (RFC 6891), so answers beyond 512 bytes come truncated; DNSSEC; the authority
 * and additional sections are not looked at.
 */
#include "core/str.h"
#include "net/dns.h"
#include "net/wire.h"

#define DNS_HEADER     12
#define DNS_IN	       1
#define DNS_KIND(type) ((uint32_t)(type) << 16 | DNS_IN)
#define DNS_JUMPS_MAX  16
#define DNS_LABEL_MAX  63

/* Of the flags, RFC 1035 4.1.1. */
#define DNS_QR 0x8000
#define DNS_OP 0x7800
#define DNS_TC 0x0200
#define DNS_RD 0x0100

/* -- names -- */

/* c as it is compared (RFC 4343: no matter the case), '?' for what no host's name has. */
static char host_char(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c | 0x20);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ? (char)c
											: '?';
}

bool dns_name(char *text)
{
	size_t n = strlen(text), label = 0;

	if (n && text[n - 1] == '.')
		text[--n] = 0;
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '.') {
			if (!label)
				return false;
			label = 0;
			continue;
		}
		text[i] = host_char((uint8_t)text[i]);
		if (text[i] == '?' || ++label > DNS_LABEL_MAX)
			return false;
	}
	return label && n < DNS_NAME_MAX;
}

static void emit_name(struct emit *e, const char *name)
{
	while (*name) {
		size_t n = 0;

		while (name[n] && name[n] != '.')
			n++;
		emit_u8(e, (uint8_t)n);
		emit_bytes(e, name, n);
		name += n + (name[n] == '.');
	}
	emit_u8(e, 0);
}

/* Reads the name at b, in msg, as text; b is behind it then. */
static bool parse_name(const struct bytes *msg, struct bytes *b, char text[DNS_NAME_MAX])
{
	struct bytes at = *b;
	size_t floor = (size_t)(b->p - msg->p), n = 0;
	unsigned jumps = 0;

	for (;;) {
		uint8_t len = bytes_u8(&at);
		const uint8_t *label;

		if (len >= 0xc0) {
			size_t target = (len & 0x3fu) << 8 | bytes_u8(&at);

			if (!jumps)
				*b = at;
			if (at.bad || target >= floor || ++jumps > DNS_JUMPS_MAX)
				return false;
			floor = target;
			at = bytes_of(msg->p + target, msg->n - target);
			continue;
		}
		label = bytes_take(&at, len);
		if (at.bad || len > DNS_LABEL_MAX)
			return false;
		if (!len)
			break;
		if (n)
			text[n++] = '.';
		if (n + len >= DNS_NAME_MAX)
			return false;
		for (unsigned i = 0; i < len; i++)
			text[n++] = host_char(label[i]);
	}
	text[n] = 0;
	if (!jumps)
		*b = at;
	return true;
}

/* -- questions -- */

void dns_emit(struct emit *e, uint16_t id, const char *name, enum dns_type type)
{
	emit_u16(e, id);
	emit_u16(e, DNS_RD);
	emit_u16(e, 1); /* one question */
	emit_zero(e, 6);
	emit_name(e, name);
	emit_u16(e, (uint16_t)type);
	emit_u16(e, DNS_IN);
}

/* -- answers -- */

struct record {
	uint32_t kind; /* type and class */
	uint32_t ttl_s;
	uint32_t len;
	const uint8_t *data;
	char name[DNS_NAME_MAX];
};

static bool parse_record(const struct bytes *msg, struct bytes *b, struct record *rec)
{
	if (!parse_name(msg, b, rec->name))
		return false;
	rec->kind = bytes_u32(b);
	rec->ttl_s = bytes_u32(b);
	if (rec->ttl_s >> 31)
		rec->ttl_s = 0; /* RFC 2181 8 */
	rec->len = bytes_u16(b);
	rec->data = bytes_take(b, rec->len);
	return bytes_ok(b);
}

/* Takes over what a record says about r->name. False: malformed. */
static bool take_record(
	const struct bytes *msg, const struct record *rec, enum dns_type type, struct dns_reply *r)
{
	struct bytes data = bytes_of(rec->data, rec->len);

	if (rec->ttl_s < r->ttl_s)
		r->ttl_s = rec->ttl_s;
	if (rec->kind == DNS_KIND(DNS_CNAME)) {
		r->cnames++;
		return parse_name(msg, &data, r->name) && !data.n;
	}
	if (rec->len != (type == DNS_A ? 4 : 16))
		return false;
	if (r->naddr < FETCH_ADDR_MAX) {
		struct ip_addr *a = &r->addr[r->naddr++];

		a->family = type == DNS_A ? IP_V4 : IP_V6;
		memcpy(a->b, rec->data, rec->len);
	}
	return true;
}

/* One walk over the answers, up to an alias of r->name, which is followed. False: malformed. */
static bool walk_answers(const struct bytes *msg, struct bytes b, unsigned n, enum dns_type type,
	struct dns_reply *r)
{
	struct record rec;

	for (unsigned cnames = r->cnames; n-- && r->cnames == cnames;) {
		if (!parse_record(msg, &b, &rec))
			return r->truncated;
		if ((rec.kind == DNS_KIND(DNS_CNAME) || rec.kind == DNS_KIND(type)) &&
			!strcmp(rec.name, r->name) && !take_record(msg, &rec, type, r))
			return false;
	}
	return true;
}

bool dns_parse(
	struct bytes msg, uint16_t id, const char *name, enum dns_type type, struct dns_reply *r)
{
	uint8_t question[DNS_QUESTION_MAX];
	struct emit q = emit_to(question, sizeof(question));
	struct bytes b = msg;
	const uint8_t *h;
	unsigned flags, answers, cnames;

	dns_emit(&q, id, name, type);
	h = bytes_take(&b, q.n);
	if (q.bad || !h)
		return false;
	flags = wire_get16(h + 2);
	answers = wire_get16(h + 6);
	memcpy(question + 2, h + 2, 2); /* an answer differs in the flags and in what follows */
	memcpy(question + 6, h + 6, 6);
	if ((flags & (DNS_QR | DNS_OP)) != DNS_QR || memcmp(h, question, q.n))
		return false;
	memset(r, 0, sizeof(*r));
	r->rcode = flags & 15;
	r->truncated = flags & DNS_TC;
	r->ttl_s = UINT32_MAX;
	str_copy(r->name, sizeof(r->name), name);
	do {
		cnames = r->cnames;
		if (!walk_answers(&msg, b, answers, type, r))
			return false;
	} while (r->cnames != cnames && r->cnames <= DNS_CNAMES_MAX);
	return true;
}
