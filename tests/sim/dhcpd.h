/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A DHCP server (RFC 2131) or PXE/proxyDHCP server (PXE 2.1 section 2) on a simulated host, and a
 * judge of its clients.
 *
 * One server has one pool; addresses go out in the order in which clients come and stay with their
 * MAC. It answers relayed requests. Timers of leases are not kept: nothing boots for that long.
 *
 * Whatever a client says that RFC 2131 (table 5 above all), 2132, 4578 or PXE 2.1 forbids becomes a
 * violation in the world's list: dhcp_check.c.
 */
#ifndef SIM_DHCPD_H
#define SIM_DHCPD_H

#include "bootp.h"
#include "host.h"

#define DHCPD_RATE_MAX	10u /* messages a client may send in one second */
#define DHCPD_EXTRA_MAX 24u
#define DHCPD_NEVER_ACK UINT32_MAX

enum dhcpd_role { DHCPD_SERVER, DHCPD_PROXY, DHCPD_BOOT /* PXE boot server of pxe_type */ };
enum dhcpd_cast { CAST_AS_ASKED, CAST_BROADCAST, CAST_UNICAST };
enum dhcpd_file { FILE_FIELD, FILE_OPTION, FILE_BOTH };

struct sim_dhcpd;

/* May be changed by the test at any time; takes effect with the next answer. */
struct dhcpd_conf {
	enum dhcpd_role role;
	uint32_t pool, pool_len; /* first address, number of them */
	uint32_t mask, router, lease_s;
	uint32_t next_server;	 /* siaddr; 0: not said */
	const char *server_name; /* sname field, option 66 with FILE_OPTION; may be NULL */
	const char *boot_file;	 /* NULL: none */
	enum dhcpd_file file_in;
	bool silent;	      /* hears (and judges), does not answer */
	bool pxe_class;	      /* says option 60 "PXEClient" (a proxy always does) */
	bool pxe_control;     /* option 43.6 = 8: boot the named file, ask no boot server */
	bool port_4011;	      /* answers PXE requests there */
	uint16_t pxe_type;    /* of a boot server: what it answers to, on both ports */
	const char *pxe_file; /* what port 4011 says; NULL: boot_file */
	uint64_t offer_delay_us, ack_delay_us;
	enum dhcpd_cast cast;
	uint32_t naks;		  /* so many REQUESTs are refused first; DHCPD_NEVER_ACK: all */
	uint32_t ignore_requests; /* so many REQUESTs are not answered first */
	bool every_option;	  /* also those that the client did not ask for */
	uint8_t overload;	  /* as in struct bootp_out */
	uint32_t main_max;
	uint8_t split;
	struct bootp_option extra[DHCPD_EXTRA_MAX]; /* sent in every OFFER and ACK */
	uint32_t extras;
	/* Sees each answer before it leaves and may change anything: *len up to cap. */
	void (*tamper)(void *ctx, struct sim_dhcpd *d, unsigned type, uint8_t *msg, uint32_t *len,
		uint32_t cap);
	void *tamper_ctx;
};

enum dhcpd_lease { LEASE_NONE, LEASE_OFFERED, LEASE_BOUND };

#define DHCPD_SECS_MAX 32u

struct dhcpd_blob { /* what must stay the same from message to message */
	bool seen;
	uint32_t len;
	uint8_t data[255];
};

struct dhcpd_client {
	uint8_t mac[6];
	uint32_t ip;
	enum dhcpd_lease lease;
	uint32_t offered_xid;	       /* of the last OFFER sent to it; 0: none */
	uint32_t xid;		       /* of its last DISCOVER */
	uint16_t secs[DHCPD_SECS_MAX]; /* of its DISCOVERs with that xid */
	uint32_t nsecs;
	uint64_t time[DHCPD_RATE_MAX + 1]; /* of its last messages */
	uint32_t messages;
	struct dhcpd_blob id, parameters, uuid, class;
	uint32_t discovers, requests, offers, acks, naks, releases, declines, pxe_requests;
	uint64_t first_us, acked_us;
	bool used_address; /* sent something from its leased address */
};

struct dhcpd_seen { /* one message heard */
	uint64_t at_us;
	uint8_t mac[6];
	uint8_t type;
	uint16_t port; /* 67 or 4011 */
	uint16_t src_port;
	uint32_t xid;
};

struct dhcpd_reply;

struct sim_dhcpd {
	struct sim_world *w;
	struct sim_host *h;
	struct dhcpd_conf conf;
	struct dhcpd_client **client;
	uint32_t clients;
	uint32_t handed_out; /* addresses taken from the pool */
	struct dhcpd_seen *seen;
	uint32_t seens, seen_cap;
	struct dhcpd_reply *replies; /* waiting for their delay */
	uint64_t discovers, offers, requests, acks, naks, releases, declines, pxe_requests,
		pxe_acks;
};

/* Serves on h (which it watches) until the world ends. */
struct sim_dhcpd *dhcpd_new(struct sim_host *h, const struct dhcpd_conf *conf);
void dhcpd_option(struct dhcpd_conf *conf, unsigned code, const void *value, uint32_t len);
struct dhcpd_client *dhcpd_client(struct sim_dhcpd *d, const uint8_t *mac); /* NULL: never heard */

/* dhcp_check.c: c is the sender's record as it was before this message. */
void dhcp_check_message(struct sim_dhcpd *d, struct dhcpd_client *c, const struct host_in *in,
	const struct bootp_in *msg);
int dhcpd_pxe_type(const struct bootp_in *msg); /* option 43.71: the type, -1 for none */
void dhcp_check_pxe_request(struct sim_dhcpd *d, struct dhcpd_client *c, const struct host_in *in,
	const struct bootp_in *msg);
void dhcp_check_malformed(struct sim_dhcpd *d, const struct host_in *in);
void dhcp_check_frame(struct sim_dhcpd *d, const struct sim_frame *f); /* who uses which address */

#endif
