/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DHCP client (RFC 2131, 2132, 3396, 4578, 5071; PXE 2.1 section 2), one per link, and the choice between links.
 *
 * dhcp_start() begins on one link; discover_* runs it on every open link at once, waits until the best answer is in
 * (docs/design.md, "Discovery") and says which link boots. Answers are kept as raw options, which the settings
 * source shows as netN/... and proxydhcp/... .
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

/* One server's answer, decoded: fixed fields and all options joined (overload undone, RFC 3396 concatenated). */
struct dhcp_msg {
	uint8_t type; /* option 53; 0: BOOTP or proxy without one */
	struct ip_addr yiaddr, siaddr, server_id;
	struct ip_addr from;	  /* IP source */
	char sname[65], file[129]; /* "" when overloaded or empty */
	uint16_t noptions;	  /* bytes in options[] */
	uint8_t options[DHCP_OPTIONS_MAX]; /* tag, len16 big-endian, value; each tag once */
};

struct dhcp_timing { /* all configurable: config/ tables, and settings of the same name */
	uint32_t discover_us; /* first retry of DISCOVER; doubles */
	uint32_t discover_max_us;
	uint16_t discover_tries;
	uint32_t grace_us; /* after the first offer with a boot file: 300 ms */
	uint32_t proxy_us; /* after the first offer without one: 1 s for a proxyDHCP answer */
	uint32_t link_us;  /* how long a link may take to come up */
};

enum dhcp_state {
	DHCP_IDLE,
	DHCP_RUNNING,
	DHCP_BOUND,  /* addr is configured; ack (and maybe proxy) are valid */
	DHCP_FAILED, /* see result */
};

struct dhcp {
	struct netdev *dev;
	enum dhcp_state state;
	int result;
	struct task task;
	struct udp_sock sock;	 /* port 68 */
	uint32_t xid;
	uint64_t start_us;	 /* for secs */
	uint64_t first_offer_us, ack_us;
	uint8_t naks;
	struct dhcp_msg offer;	 /* best so far */
	int offer_score;	 /* 0: none */
	struct dhcp_msg ack;
	struct dhcp_msg proxy;	 /* best PXE server's answer; type 0 and noptions 0: none */
	bool have_proxy, have_ack;
};

int dhcp_start(struct netdev *dev);
void dhcp_cancel(struct netdev *dev);
/* Tells the server that the address is free again (RFC 2131 4.4.6); unconfigures the link. */
void dhcp_release(struct netdev *dev);

/* Parses and checks; ERR_NONE or a negative code for what is malformed. */
int dhcp_parse(struct bytes b, struct dhcp_msg *msg);
/* Option `tag` (and, sub != 0, encapsulated option sub of it): borrowed value and length; NULL: not there. */
const uint8_t *dhcp_option(const struct dhcp_msg *msg, unsigned tag, unsigned sub, uint16_t *len);

/* Discovery: DHCP on every link at once. */
enum discover_state { DISCOVER_IDLE, DISCOVER_RUNNING, DISCOVER_DONE, DISCOVER_FAILED };
struct discover {
	enum discover_state state;
	int result;
	struct netdev *winner;
	uint32_t only; /* bit mask of links taking part */
	struct timer timer;
};
/* mask: bit i for net[i]; 0: all. */
int discover_start(struct net *net, uint32_t mask);
void discover_cancel(struct net *net);

#endif
