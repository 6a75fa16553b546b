/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ICMPv4 (RFC 792, 1122): answers echo requests (rate-limited, not for broadcast), hands
 * unreachables that quote a datagram of ours to its socket. Redirects, source quench and all else
 * are counted and ignored (RFC 5927).
 */
#ifndef NET_ICMP_H
#define NET_ICMP_H

#include "core/bytes.h"

struct ip_meta;

#define ICMP_ECHO_RATE 100 /* echo replies a second */

void icmp_input(const struct ip_meta *meta, struct bytes payload);

#endif
