/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DHCP client (RFC 2131, 2132, 3396, 4578, 5071; PXE 2.1 section 2), one per link, and the choice
 * between links.
 *
 * dhcp_start() begins on one link; discover_* runs it on every open link at once, waits until the
 * best answer is in (docs/design.md, "Discovery") and says which link boots. Answers are kept as
 * raw options, which the settings source shows as netN/... and proxydhcp/... .
 */
#ifndef NET_DHCP_H
#define NET_DHCP_H

#include <stdbool.h>
#include <stdint.h>
#include "config/limits.h"
#include "core/bytes.h"
#include "core/task.h"
#include "net/addr.h"
#include "net/udp.h"

struct machine;
struct net;
struct netdev;

#define DHCP_SERVER_PORT 67
#define DHCP_CLIENT_PORT 68
#define PXE_SERVER_PORT	 4011

enum dhcp_type { /* option 53 */
	DHCPDISCOVER = 1,
	DHCPOFFER = 2,
	DHCPREQUEST = 3,
	DHCPDECLINE = 4,
	DHCPACK = 5,
	DHCPNAK = 6,
	DHCPRELEASE = 7,
};

enum dhcp_option { /* the ones the code names; RFC 2132 numbers */
	DHCP_PAD = 0,
	DHCP_SUBNET_MASK = 1,
	DHCP_ROUTERS = 3,
	DHCP_DNS = 6,
	DHCP_HOST_NAME = 12,
	DHCP_DOMAIN = 15,
	DHCP_ROOT_PATH = 17,
	DHCP_MTU = 26,
	DHCP_VENDOR = 43,
	DHCP_REQUESTED_IP = 50,
	DHCP_LEASE_TIME = 51,
	DHCP_OVERLOAD = 52,
	DHCP_MESSAGE_TYPE = 53,
	DHCP_SERVER_ID = 54,
	DHCP_PARAMETER_LIST = 55,
	DHCP_MESSAGE = 56,
	DHCP_MAX_SIZE = 57,
	DHCP_CLASS_ID = 60,
	DHCP_CLIENT_ID = 61,
	DHCP_TFTP_SERVER = 66,
	DHCP_BOOT_FILE = 67,
	DHCP_USER_CLASS = 77,
	DHCP_CLIENT_ARCH = 93,
	DHCP_CLIENT_NDI = 94,
	DHCP_CLIENT_UUID = 97,
	DHCP_DOMAIN_SEARCH = 119,
	DHCP_CLASSLESS_ROUTES = 121,
	DHCP_IPXE = 175,
	DHCP_PXE_CONFIG = 209,
	DHCP_PXE_PREFIX = 210,
	DHCP_END = 255,
};

enum pxe_option { /* inside DHCP_VENDOR, PXE 2.1 table 2-1 */
	PXE_DISCOVERY_CONTROL = 6,
	PXE_DISCOVERY_GROUP = 7, /* multicast address */
	PXE_BOOT_SERVERS = 8,
	PXE_BOOT_MENU = 9,
	PXE_MENU_PROMPT = 10,
	PXE_BOOT_ITEM = 71,
};

enum pxe_control { /* bits of PXE_DISCOVERY_CONTROL */
	PXE_NO_BROADCAST = 1,
	PXE_NO_MULTICAST = 2,
	PXE_ONLY_LISTED = 4, /* only servers in PXE_BOOT_SERVERS */
	PXE_USE_FILE = 8,    /* where a file is named: no menu, no servers */
};

/* One server's answer, decoded: fixed fields and all options joined (overload undone, RFC 3396
 * concatenated). */
struct dhcp_msg {
	uint8_t type; /* option 53; 0: BOOTP */
	uint32_t xid;
	struct mac chaddr;
	struct ip_addr yiaddr, siaddr;	   /* 0.0.0.0 when the server gave none */
	struct ip_addr server_id;	   /* option 54, IP_NONE when there is none */
	struct ip_addr from;		   /* IP source */
	char sname[65], file[129];	   /* "" when overloaded or empty */
	uint16_t noptions;		   /* bytes in options[] */
	uint8_t options[DHCP_OPTIONS_MAX]; /* tag, len16 big-endian, value; each tag once */
};

/* What we send. */
struct dhcp_request {
	enum dhcp_type type;
	uint32_t xid;
	uint16_t secs;
	struct mac mac;
	uint32_t ciaddr; /* host order, 0 while we have none; then the answer has to be broadcast */
	uint32_t requested;  /* option 50, host order; 0: none */
	uint32_t server_id;  /* option 54, host order; 0: none */
	uint16_t max_size;   /* option 57: largest message we take, IP and UDP headers included */
	uint16_t arch;	     /* option 93 */
	const uint8_t *uuid; /* 16 bytes, NULL: none */
	bool say_ipxe;
	uint16_t pxe_type; /* option 43.71: a boot server of that type, layer 0; if has_type */
	bool has_type;
};

struct dhcp_timing { /* all configurable: config/ tables, and settings (milliseconds, or a count) */
	uint32_t discover_us; /* first retry of DISCOVER, then doubling; dhcp-retry */
	uint32_t discover_max_us;
	uint16_t discover_tries; /* dhcp-tries */
	uint32_t grace_us; /* after the first offer with a boot file: 300 ms at most; dhcp-grace */
	uint32_t proxy_us; /* after the first offer without one: 1 s for a proxyDHCP answer;
			      dhcp-proxy-wait */
	uint32_t link_us;  /* how long a link may take to come up; link-wait */
};

/*
 * Ten DISCOVERs last 63 s, longer than a switch port that goes through spanning tree's states (50
 * s). A PXE server answers the same broadcast as the DHCP server, on the same LAN: 100 ms is for
 * one that is busy.
 */
#define DHCP_TIMING_DEFAULT                                                                        \
	{                                                                                          \
		.discover_us = 1000000, .discover_max_us = 8000000, .discover_tries = 10,          \
		.grace_us = 100000, .proxy_us = 1000000, .link_us = 10000000,                      \
	}

enum dhcp_state {
	DHCP_IDLE,
	DHCP_RUNNING,
	DHCP_BOUND,  /* addr is configured; ack (and maybe proxy) are valid */
	DHCP_FAILED, /* see result */
};

/* How good an answer is: what discovery compares. Within one rank the faster answer wins. */
enum dhcp_rank {
	DHCP_RANK_NONE,
	DHCP_RANK_REFUSED, /* a lease from a server that has refused us or kept silent before */
	DHCP_RANK_LEASE,
	DHCP_RANK_FILE, /* a lease with a boot file */
	DHCP_RANK_PXE,	/* a PXE server, class "PXEClient", has answered */
};

#define DHCP_STEPS 5

/* What is small stands in front: the code is smaller. */
struct dhcp {
	struct netdev *dev;
	enum dhcp_state state;
	int result; /* negative error when DHCP_FAILED */
	bool have_proxy, have_ack, have_server;
	bool asking;	      /* for a boot server, while BOUND; then `result` */
	uint16_t server_type; /* what was asked for */
	uint8_t naks;
	uint8_t restarts; /* offers that were never acknowledged */
	int offer_score;  /* enum dhcp_rank */
	uint32_t refused; /* server id of the last server that refused or did not acknowledge; host
			     order */
	uint32_t xid;
	uint64_t start_us;	 /* for secs */
	uint64_t sent_us;	 /* the latest DISCOVER */
	uint64_t first_offer_us; /* 0: none yet */
	uint64_t deadline_us;	 /* of the grace */
	uint64_t ack_us;
	uint32_t latency_us; /* between DISCOVER and the offer that was taken */
	uint32_t sent;	     /* messages, of all kinds */
	uint32_t ignored;    /* messages that are malformed or not for us */
	struct timer grace;  /* ends the wait for better offers; after a release, takes the address
				away */
	struct task task;
	struct udp_sock sock; /* port 68 */
	struct dhcp_timing timing;
	struct step steps[DHCP_STEPS]; /* the table with this machine's timings */
	struct dhcp_msg rx;	       /* being looked at */
	struct dhcp_msg offer;	       /* best so far */
	struct dhcp_msg ack;
	struct dhcp_msg proxy;	/* best PXE server's answer */
	struct dhcp_msg server; /* boot server's answer */
};

/* Begins; the link must be open. Forgets what the link had. ERR_NO_SOCKET. Ends in BOUND or FAILED.
 */
int dhcp_start(struct netdev *dev);
/* The first half of it: the link has no address and no lease, nothing was sent. */
void dhcp_prepare(struct netdev *dev);
/* Stops without a word; a bound link keeps its address. */
void dhcp_cancel(struct netdev *dev);
/*
 * Tells the server that the address is free again (RFC 2131 4.4.6); unconfigures the link, a second
 * later: the server's MAC may have to be asked for first.
 */
void dhcp_release(struct netdev *dev);
/* What the link has been offered up to now. */
enum dhcp_rank dhcp_rank(const struct dhcp *d);
/* The message that says what to boot: the boot server's, else the PXE server's when it names a
 * file, else the lease; NULL when unbound. */
const struct dhcp_msg *dhcp_boot_msg(const struct dhcp *d);
/* The PXE server's message when its boot menu has a say: it has entries, the server does not want
 * its file to be booted instead, and no boot server has answered yet. NULL: no menu. */
const struct dhcp_msg *dhcp_menu(const struct dhcp *d);
/*
 * Asks for a boot server of that type, as the PXE server allows; the link must be BOUND. Then watch
 * d->asking: in the end d->result is 0 and dhcp_boot_msg() the server's answer, or an error, with a
 * sentence in m->err. ERR_NO_SOCKET, ERR_NO_ADDRESS. dhcp_cancel() ends it.
 */
int dhcp_ask(struct netdev *dev, unsigned type);
/* The address of dev as in the lease: mask, gateway, routes, MTU. */
void dhcp_configure(struct netdev *dev, const struct dhcp_msg *ack);

/* Writes the message that *r begins (type, addresses, PXE item) as dev's own: net/dhcp.c; check
 * e->bad. */
void dhcp_compose(const struct netdev *dev, struct dhcp_request *r, struct emit *e);

/* -- messages: net/dhcp_msg.c -- */

/* Parses an answer of a server and checks all that does not need to know the question. False:
 * malformed. */
bool dhcp_parse(struct bytes b, struct dhcp_msg *msg);
/* Writes a message of at least 300 bytes (RFC 1542 2.1); check e->bad. */
void dhcp_emit(struct emit *e, const struct dhcp_request *r);
/* Option `tag` (and, sub != 0, encapsulated option sub of it): borrowed value and length; NULL: not
 * there. */
const uint8_t *dhcp_option(const struct dhcp_msg *msg, unsigned tag, unsigned sub, uint16_t *len);
/* An option that begins with an IPv4 address, host order; 0: not there or too short. */
uint32_t dhcp_option_ip(const struct dhcp_msg *msg, unsigned tag);
/* File name from the file field or option 67, as it came but for trailing NULs; length, 0: none. */
size_t dhcp_filename(const struct dhcp_msg *msg, char *text, size_t cap);
/*
 * siaddr, else option 66 or sname when they are an address, else who sent it; but none when option
 * 66 is a name and there is a DNS server to ask for it.
 */
struct ip_addr dhcp_next_server(const struct dhcp_msg *msg);
/* Whether it is a PXE server's answer: class "PXEClient". */
bool dhcp_is_pxe(const struct dhcp_msg *msg);

/* -- option 43 of PXE servers: net/pxe.c -- */

struct pxe_entry {
	unsigned type;	     /* of the boot server; 0: boot from the local disk */
	const uint8_t *text; /* len bytes, borrowed and as they came */
	unsigned len;
};
/* Entry i of the boot menu; false: it has no more. */
bool pxe_entry(const struct dhcp_msg *msg, unsigned i, struct pxe_entry *entry);
/* enum pxe_control; 0 when nothing is said. */
unsigned pxe_control(const struct dhcp_msg *msg);

#define PXE_TARGETS_MAX 3 /* so that three tries in a second are below ten messages */
/*
 * Where a request for a server of that type goes: the group, UINT32_MAX for a broadcast, servers
 * of the list, in each try (from 1) others. Returns how many; 0: nobody may be asked.
 */
unsigned pxe_targets(
	const struct dhcp_msg *msg, unsigned type, unsigned try, uint32_t to[PXE_TARGETS_MAX]);
/* Whether an answer to that may be believed: from one of those servers, or from anybody. */
bool pxe_accepts(const struct dhcp_msg *msg, unsigned type, const struct dhcp_msg *answer);
/* By the sender's address or by option 54: servers with several addresses mix them up. */
bool pxe_is_from(const struct dhcp_msg *answer, uint32_t ip);

/* -- discovery: DHCP on every link at once, net/discover.c -- */

enum discover_state { DISCOVER_IDLE, DISCOVER_RUNNING, DISCOVER_DONE, DISCOVER_FAILED };
struct discover {
	enum discover_state state;
	int result;
	struct netdev *winner;
	uint32_t only;	  /* bit mask of links taking part */
	uint32_t started; /* those that have begun DHCP */
	uint32_t broken;  /* those that did not open */
	uint32_t losers;  /* those that lost a choice, in any run, and may hold a lease that nobody
			     needs */
	uint64_t start_us;
	uint32_t link_us; /* timing.link_us */
	struct timer timer;
};
/*
 * Opens the links and begins. mask: bit i for net[i]; 0: all. Then watch state; on success the
 * winner is net->boot_dev, on failure one sentence about each link is in m->err. Errors:
 * ERR_NO_NETDEV.
 */
int discover_start(struct net *net, uint32_t mask);
/* A link has ended: the choice may be made. */
void discover_poke(struct net *net);
/* Stops what runs; bound links stay. */
void discover_cancel(struct net *net);
/* The boot link has delivered: gives the leases back that those hold who lost against it. */
void discover_settle(struct net *net);

#endif
