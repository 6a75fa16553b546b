/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The network half of a machine: its links, packets, sockets and transfers. Owned by whoever owns
 * the machine.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include "config/limits.h"
#include "core/timer.h"
#include "net/dhcp.h"
#include "net/dns.h"
#include "net/fetch.h"
#include "net/http_conn.h"
#include "net/ipv4.h"
#include "net/netdev.h"
#include "net/pkt.h"
#include "net/pxelinux.h"
#include "net/tcp.h"
#include "net/udp.h"

struct machine;

struct net_config {
	const struct ip_protocol *protocols;	 /* ends with number 0 */
	const struct filler_ops *const *schemes; /* ends with NULL */
	struct dhcp_timing dhcp;
	uint16_t client_arch; /* RFC 4578 2.1, IANA: 0 for x86 BIOS */
	/* http_auth_response(), or NULL: HTTP's Digest, which brings two hash functions along, is
	 * not met. */
	void (*http_digest)(const struct http_auth *a, const char *user, const char *password,
		const char *target, const char *nc, const char *cnonce, char hex[DIGEST_HEX]);
	/* initrd_late_open(): initrds are fetched when a kernel asks for them; NULL: at once. */
	int (*initrd_open)(struct fetch *f, uint64_t total);
	bool say_ipxe; /* send user class "iPXE" and option 175: rules written for iPXE apply */
};

/* What is small stands in front: the code is smaller. */
struct net {
	struct machine *m;
	const struct net_config *config;
	unsigned ndev;
	struct pkt *rx_head, *rx_tail; /* received, not yet processed */
	struct netdev *boot_dev;       /* the link that won */
	struct udp_sock *socks;
	uint32_t unsent;       /* bit i: net[i] was not yet told of all that was sent */
	uint32_t link_changed; /* bit i: net[i]'s link went up or down */
	uint32_t reopen;       /* bit i: net[i] was open when a payload was to start */
	uint32_t tcp_due;      /* bit i: tcp[i] owes an acknowledgement in this turn */
	struct tcp *tcp_now;   /* at work: its slot is not given away meanwhile */
	struct tcp_bucket tcp_resets;
	uint64_t icmp_second_us;
	uint32_t icmp_tokens; /* echo replies we may still send in this second */
	uint16_t ip_id;
	uint8_t tftp_window; /* blocks that the next TFTP transfer asks for; 0: not yet decided */
	bool in_turn;	     /* what is sent may wait for the turn's end */
	struct pkt_pool pool;
	struct discover discover;
	struct netdev dev[NETDEV_MAX];
	struct frag frag[FRAG_MAX];
	struct tcp tcp[TCP_MAX];
	struct fetch fetch[FETCH_MAX];
	struct http_conn http[HTTP_CONN_MAX];
	struct dns dns;
	struct dhcp dhcp[NETDEV_MAX];
	struct pxelinux pxelinux;
	/* The file that we are, "" when no PXE ROM has loaded us: a server that offers it again has
	 * nothing else for us. */
	char self_uri[URL_MAX];
	_Alignas(64) uint8_t buffers[PKT_MAX * PKT_SIZE];
};

extern const struct service net_service;	 /* devices, protocols */
extern const struct setting_source net_settings; /* netN/..., proxydhcp/... */
/* Commands, for the tables: those of links, and those that fetch. */
extern const struct command cmd_dhcp, cmd_ifopen, cmd_ifclose, cmd_ifstat, cmd_autoboot,
	cmd_nslookup, cmd_pxebs;
extern const struct command cmd_imgfetch, cmd_kernel, cmd_initrd, cmd_chain;
extern const struct command cmd_pxelinux;
extern const struct command cmd_md5sum, cmd_sha256sum;
extern const struct filler_ops tftp_filler;

/* Clears *net (but for the buffers) and ties both halves together; before machine_init(). */
void net_init(struct net *net, struct machine *m, const struct net_config *config);

#endif
