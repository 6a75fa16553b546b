/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The network layer of simulated servers: Ethernet, ARP (RFC 826), IPv4 (RFC 791), ICMP echo and
 * port unreachable (RFC 792), UDP (RFC 768). It sends what a real server sends, on request what a
 * broken or evil one sends, and judges strictly what comes in: a frame of a client that breaks a
 * rule is a violation in the world's list, and is dropped.
 *
 * It fragments what is larger than the MTU, in any order, and does not reassemble: no client of a
 * boot server has a reason to send fragments, so they are violations. No IP options on output.
 */
#ifndef SIM_HOST_H
#define SIM_HOST_H

#include "link.h"
#include "wire.h"

#define HOST_ARP_MAX	  8192u /* slots of the ARP table (a power of two) */
#define HOST_ARP_QUEUE	  128u	/* packets that wait for one address */
#define HOST_ARP_TRIES	  3u
#define HOST_ARP_RETRY_US 1000000u
#define HOST_BUCKETS	  256u /* of the socket table */

/* A datagram that came in; the handler borrows it. */
struct host_in {
	uint32_t src_ip, dst_ip;
	uint16_t src_port, dst_port;
	const uint8_t *src_mac, *dst_mac;
	const uint8_t *data;
	uint32_t len;
	bool judged; /* a client may be blamed for what it says */
	bool copy;   /* duplicated by a link */
};

typedef void host_udp_fn(void *ctx, const struct host_in *in);

struct host_sock {
	struct host_sock *next;
	uint16_t port;
	host_udp_fn *fn;
	void *ctx;
};

/* A datagram to send. What is zero is what an honest server does. */
struct host_out {
	uint32_t src_ip; /* 0: the host's own */
	uint32_t dst_ip;
	uint16_t src_port, dst_port;
	const uint8_t *dst_mac; /* NULL: ask by ARP */
	const void *data;
	uint32_t len;
	uint32_t mtu; /* fragments of at most this size; 0: the host's MTU */
	uint8_t ttl;  /* 0: 64 */
	enum { SUM_GOOD, SUM_NONE, SUM_BAD } sum;
};

/* One IP packet as it is, fragment or lie. */
struct host_ip {
	uint32_t src_ip, dst_ip; /* src 0: the host's own */
	const uint8_t *dst_mac;
	uint16_t id;
	uint16_t fragment;   /* flags and offset as on the wire: 0x2000 is "more" */
	uint16_t total_len;  /* 0: the true one */
	uint8_t version_ihl; /* 0: 0x45 */
	uint8_t ttl, proto;
	bool sum_bad;
};

struct host_arp {
	uint32_t ip; /* 0: free */
	uint8_t mac[6];
	bool known;
	uint8_t tries;
	uint64_t seen_us;
	struct sim_host *h;
	struct sim_event retry;
	struct sim_frame *wait[HOST_ARP_QUEUE];
	uint32_t waiting;
};

enum host_order { ORDER_FORWARD, ORDER_REVERSE, ORDER_SHUFFLED, ORDER_ODD_FIRST };

struct sim_host {
	struct sim_world *w;
	char name[24];
	struct sim_port port;
	struct sim_rng rng;
	uint8_t mac[6];
	uint32_t ip, mask, gateway; /* ip 0: not configured yet, hears IP for any address */
	uint32_t group;		    /* multicast group it listens to; 0: none */
	uint32_t mtu;		    /* 1500 */
	uint64_t arp_age_us;	    /* what is older is asked again; 60 s */
	bool down;		    /* switched off: hears and says nothing */
	bool deaf_arp;		    /* does not answer ARP */
	bool client;	   /* what it sends is judged (self-tests use a host as their client) */
	bool unreachables; /* closed UDP ports answer ICMP 3/3, as Linux does; true */
	uint32_t first_fragment; /* a datagram longer than this leaves as this and the rest; 0: by
				    MTU */
	enum host_order order;	 /* of the fragments it sends */
	void (*watch)(void *ctx, struct sim_frame *f); /* every frame heard; may be NULL */
	void *watch_ctx;
	bool (*forward)(
		void *ctx, struct sim_frame *f); /* IP for others: true when taken; may be NULL */
	void *forward_ctx;
	void (*icmp)(void *ctx,
		const struct host_in *in); /* ICMP other than echo request; data at type */
	void *icmp_ctx;
	void (*tcp)(void *ctx,
		const struct host_in
			*in); /* TCP, checksum unseen; data at its header; may be NULL */
	void *tcp_ctx;
	struct host_sock *sock[HOST_BUCKETS];
	struct host_arp **arp;
	uint16_t next_port, next_id;
	uint64_t udp_in, udp_out, echoes, arp_asked, arp_answered, arp_failed, unreachable_out,
		bad_in;
};

struct sim_host *host_new(struct sim_world *w, const char *name, uint32_t ip, uint32_t mask);

/* port 0: a fresh one above 49151. NULL when the port is taken. */
struct host_sock *host_bind(struct sim_host *h, uint16_t port, host_udp_fn *fn, void *ctx);
void host_close(struct sim_host *h, struct host_sock *s);

void host_send(struct sim_host *h, const struct host_out *out);
void host_send_ip(struct sim_host *h, const struct host_ip *ip, const void *payload, uint32_t len);
void host_send_frame(
	struct sim_host *h, const void *frame, uint32_t len); /* as it is, not even padded */
/* Passes on an IP packet with its header, as a router does. judged: as in struct host_in. */
void host_forward(struct sim_host *h, const uint8_t *packet, uint32_t len, bool judged);

/* UDP header and payload with a correct checksum; room for len + 8 bytes at to. Returns their
 * length. */
uint32_t udp_build(uint8_t *to, uint32_t src_ip, uint32_t dst_ip, uint16_t src_port,
	uint16_t dst_port, const void *data, uint32_t len);

void mac_for_ip(uint8_t *mac,
	uint32_t ip);		  /* the address host_new() gives: 02-00 and the four bytes of ip */
const char *ip_text(uint32_t ip); /* one of a few static buffers */
const char *mac_text(const uint8_t *mac);

#endif
