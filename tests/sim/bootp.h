/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BOOTP/DHCP messages (RFC 951, 2131 section 2, 2132, 3396) between bytes and structures, for the
 * simulated servers and the raw client of the self-tests. Shares nothing with the firmware's DHCP
 * code.
 *
 * Reading finds what is wrong instead of refusing it, so that a server can say so. Writing can
 * split options and spread them over the file and sname fields.
 */
#ifndef SIM_BOOTP_H
#define SIM_BOOTP_H

#include <stdbool.h>
#include <stdint.h>

enum bootp_type {
	MSG_DISCOVER = 1,
	MSG_OFFER,
	MSG_REQUEST,
	MSG_DECLINE,
	MSG_ACK,
	MSG_NAK,
	MSG_RELEASE,
	MSG_INFORM,
};

enum bootp_code { /* RFC 2132 unless said otherwise */
	OPT_PAD = 0,
	OPT_MASK = 1,
	OPT_ROUTER = 3,
	OPT_DNS = 6,
	OPT_HOSTNAME = 12,
	OPT_DOMAIN = 15,
	OPT_MTU = 26,
	OPT_VENDOR = 43,
	OPT_REQUESTED_IP = 50,
	OPT_LEASE = 51,
	OPT_OVERLOAD = 52,
	OPT_TYPE = 53,
	OPT_SERVER_ID = 54,
	OPT_PARAMETERS = 55,
	OPT_MESSAGE = 56,
	OPT_MAX_SIZE = 57,
	OPT_CLASS = 60,
	OPT_CLIENT_ID = 61,
	OPT_TFTP_NAME = 66,
	OPT_BOOTFILE = 67,
	OPT_USER_CLASS = 77,
	OPT_AGENT = 82,
	OPT_ARCH = 93,
	OPT_UNDI = 94,
	OPT_UUID = 97, /* RFC 4578 */
	OPT_PXELINUX_CONFIG = 209,
	OPT_PXELINUX_PREFIX = 210, /* RFC 5071 */
	OPT_END = 255,
};

enum { PXE_ITEM = 71 }; /* inside OPT_VENDOR, PXE 2.1 table 2-1 */

enum { BOOTP_FIXED = 236, BOOTP_OPTIONS = 240, BOOTP_MIN = 300 }; /* RFC 951: 300 bytes at least */
#define BOOTP_COOKIE	  0x63825363u
#define BOOTP_PIECES_MAX  256u
#define BOOTP_VALUE_MAX	  1024u
#define BOOTP_OPTIONS_MAX 48u

/* The fixed fields, as both directions have them. */
struct bootp_head {
	uint8_t op, htype, hlen, hops;
	uint32_t xid;
	uint16_t secs, flags;
	uint32_t ciaddr, yiaddr, siaddr, giaddr;
	uint8_t chaddr[16];
	uint8_t sname[64], file[128];
};

struct bootp_piece { /* one tag-length-value triple, in the order of RFC 3396 section 5 */
	uint8_t code, len;
	const uint8_t *value;
};

/* A message as it was received. Points into the datagram. */
struct bootp_in {
	struct bootp_head h;
	uint32_t len;
	bool cookie;   /* the magic cookie is there */
	bool ended;    /* an END option closes the options field */
	bool overrun;  /* an option is longer than its field */
	bool trailing; /* something else than zeros after END */
	struct bootp_piece piece[BOOTP_PIECES_MAX];
	uint32_t pieces;
};

/* False when the fixed part is not even there; everything else is told by the fields above. */
bool bootp_parse(struct bootp_in *in, const void *data, uint32_t len);
/* How many triples carry this code; *len: their bytes together (may be NULL). */
uint32_t bootp_count(const struct bootp_in *in, unsigned code, uint32_t *len);
/* Joins the option's pieces into to[cap]; returns the full length, -1 when it is absent. */
int bootp_get(const struct bootp_in *in, unsigned code, void *to, uint32_t cap);
uint32_t bootp_get_ip(const struct bootp_in *in, unsigned code); /* 0 when absent or not 4 bytes */
unsigned bootp_type(const struct bootp_in *in);			 /* option 53; 0 when absent */

struct bootp_option {
	uint8_t code;
	uint16_t len;
	uint8_t value[BOOTP_VALUE_MAX];
};

/* A message to be sent. */
struct bootp_out {
	struct bootp_head h;
	struct bootp_option option[BOOTP_OPTIONS_MAX];
	uint32_t options;
	uint32_t main_max; /* bytes of the options field before the others are used; 0: as many as
			      fit */
	uint8_t overload;  /* option 52: 1 file, 2 sname, 3 both carry options */
	uint8_t split;	   /* longest piece of an option; 0: 255 */
	bool no_end;
	bool no_padding; /* may be shorter than BOOTP_MIN */
};

void bootp_add(struct bootp_out *out, unsigned code, const void *value, uint32_t len);
void bootp_add8(struct bootp_out *out, unsigned code, unsigned value);
void bootp_add32(struct bootp_out *out, unsigned code, uint32_t value);
void bootp_add_text(struct bootp_out *out, unsigned code, const char *text); /* without its NUL */
void bootp_remove(struct bootp_out *out, unsigned code);

/* Writes at most cap bytes; returns their number. Options that find no room are left out. */
uint32_t bootp_emit(const struct bootp_out *out, uint8_t *to, uint32_t cap);

const char *bootp_type_text(unsigned type);

#endif
