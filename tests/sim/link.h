/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames, ports, and the links between ports with everything that goes wrong on links.
 *
 * A frame is what lies between preamble and FCS. It is counted, not copied: a broadcast to a
 * thousand receivers is one frame with a thousand references, and nobody changes a frame that
 * others may hold.
 *
 * A link is full duplex and each direction ("way") has its own faults and random stream. The order
 * in which they act: the sender's queue (rate, tail drop), loss, burst loss, damage, then delay and
 * jitter; a duplicate takes a delay of its own. Delay and jitter alone keep the order of frames;
 * only `reorder` breaks it. Frames under way when a link goes down are lost.
 */
#ifndef SIM_LINK_H
#define SIM_LINK_H

#include "world.h"

struct sim_pcap;

#define FRAME_MAX 65550u /* bytes; far above any MTU, so that oversized frames can be sent too */

struct sim_frame {
	uint32_t refs;
	uint32_t len;
	bool damaged;	/* a link flipped bits in it or cut it short */
	bool copy;	/* made by a link: its sender sent it once */
	bool by_server; /* sent by a simulated server, which may lie on purpose */
	uint8_t data[];
};

struct sim_frame *frame_new(const void *data, uint32_t len); /* one reference, the caller's */
struct sim_frame *frame_blank(uint32_t len);		     /* zeroed, to be filled by its maker */
struct sim_frame *frame_ref(struct sim_frame *f);
void frame_free(struct sim_frame *f); /* gives back one reference */

/* May a client be blamed for what is in the frame? */
static inline bool frame_judged(const struct sim_frame *f)
{
	return !f->damaged && !f->by_server;
}

struct sim_link;

struct sim_port {
	struct sim_world *w;
	char name[24];
	void (*rx)(
		void *ctx, struct sim_frame *f); /* borrows f for the call; frame_ref() keeps it */
	void (*link_change)(void *ctx, bool up); /* may be NULL */
	void *ctx;
	struct sim_link *link; /* NULL: nothing plugged in */
	unsigned side;
	struct sim_pcap *pcap; /* NULL: not recorded */
	uint64_t tx_frames, tx_bytes, rx_frames, rx_bytes;
	uint64_t tx_lost; /* sent while the link was down or missing */
};

/* Ports live in their owner, who outlives the links (links are made later, so the world ends them
 * first). */
void port_init(struct sim_port *p, struct sim_world *w, const char *name,
	void (*rx)(void *ctx, struct sim_frame *f), void (*link_change)(void *ctx, bool up),
	void *ctx);
void port_send(struct sim_port *p, struct sim_frame *f); /* takes the caller's reference, always */
bool port_up(const struct sim_port *p);
uint64_t port_backlog_us(const struct sim_port *p); /* until what was sent has left */

/* One direction's faults. All zero is a perfect, infinitely fast wire. */
struct sim_fault {
	uint64_t rate_bps;	      /* 0: unlimited */
	uint32_t queue_bytes;	      /* waiting to be sent, before tail drop; 0 with a rate:
					 LINK_QUEUE_BYTES */
	uint32_t delay_us, jitter_us; /* delay .. delay + jitter */
	uint32_t loss_ppm;	      /* independent losses */
	/* Bursts, after Gilbert and Elliott: a frame may begin one, which lasts 0 .. 2 burst_us;
	 * time ends it. */
	uint32_t burst_enter_ppm, burst_us;
	uint32_t burst_loss_ppm; /* lost while it lasts */
	uint32_t dup_ppm;
	uint32_t reorder_ppm; /* these frames wait up to reorder_us longer and others overtake them
			       */
	uint32_t reorder_us;
	uint32_t corrupt_ppm;  /* bits flip within one 16-bit word: what an Internet checksum must
				  see */
	uint32_t truncate_ppm; /* the tail is cut off */
};

#define LINK_QUEUE_BYTES 262144u

struct sim_way {
	struct sim_fault fault;
	struct sim_rng rng;
	uint64_t busy_ns; /* the sender is busy until then */
	uint64_t last_us; /* latest arrival in order */
	uint64_t bad_us;  /* a burst of losses lasts until then */
	uint64_t delivered, dropped, lost, duplicated, reordered,
		damaged; /* dropped: by the queue */
};

struct sim_transit;

struct sim_link {
	struct sim_world *w;
	struct sim_port *end[2];
	struct sim_way way[2]; /* way[0] leads from end[0] to end[1] */
	bool up;
	struct sim_transit *transit; /* frames under way */
	struct sim_cut *cuts;
};

/* Plugs a cable between two free ports, up at once. fault may be NULL; it acts both ways. Belongs
 * to the world. */
struct sim_link *link_new(
	struct sim_world *w, struct sim_port *a, struct sim_port *b, const struct sim_fault *fault);
void link_set_fault(struct sim_link *l, const struct sim_fault *fault); /* both ways */
void link_set_up(struct sim_link *l, bool up);				/* now */
void link_cut(
	struct sim_link *l, uint64_t down_us, uint64_t up_us); /* at these times; up may be NEVER */

#endif
