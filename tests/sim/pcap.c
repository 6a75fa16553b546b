/* SPDX-License-Identifier: BSD-2-Clause */
/* The pcap writer of pcap.h. Numbers are in the host's byte order, as the format allows (the magic
 * tells). */
#include "pcap.h"

#include "world.h"

#include <stdio.h>
#include <stdlib.h>

struct sim_pcap {
	FILE *file;
};

struct file_header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy, snap, linktype;
};
_Static_assert(sizeof(struct file_header) == 24, "pcap file header");

struct packet_header {
	uint32_t seconds, microseconds, kept, length;
};
_Static_assert(sizeof(struct packet_header) == 16, "pcap packet header");

static void pcap_end(void *thing)
{
	struct sim_pcap *p = thing;

	fclose(p->file);
	free(p);
}

struct sim_pcap *pcap_new(struct sim_world *w, const char *path)
{
	const struct file_header h = {
		.magic = 0xa1b2c3d4, .major = 2, .minor = 4, .snap = PCAP_SNAP, .linktype = 1};
	FILE *file = fopen(path, "wb");
	struct sim_pcap *p;

	if (!file)
		return NULL;
	p = sim_alloc(sizeof(*p));
	p->file = file;
	fwrite(&h, sizeof(h), 1, file);
	world_own(w, p, pcap_end);
	return p;
}

void pcap_write(struct sim_pcap *p, uint64_t now_us, const void *frame, uint32_t len)
{
	const struct packet_header h = {
		.seconds = (uint32_t)(now_us / 1000000),
		.microseconds = (uint32_t)(now_us % 1000000),
		.kept = len < PCAP_SNAP ? len : PCAP_SNAP,
		.length = len,
	};

	fwrite(&h, sizeof(h), 1, p->file);
	fwrite(frame, h.kept, 1, p->file);
}
