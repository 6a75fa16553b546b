/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes what passes a simulated port into a file that tcpdump and Wireshark read: the classic pcap
 * format, microseconds, Ethernet (draft-ietf-opsawg-pcap, LINKTYPE 1). Frames longer than PCAP_SNAP
 * are cut short.
 */
#ifndef SIM_PCAP_H
#define SIM_PCAP_H

#include <stdint.h>

#define PCAP_SNAP 65535u

struct sim_world;
struct sim_pcap;

/* Belongs to the world, which closes it. NULL when the file cannot be made. */
struct sim_pcap *pcap_new(struct sim_world *w, const char *path);
void pcap_write(struct sim_pcap *p, uint64_t now_us, const void *frame, uint32_t len);

#endif
