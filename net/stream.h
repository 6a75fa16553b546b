/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Byte streams, on which layers stack: TCP below, later TLS between, HTTP above. One small
 * interface, and no buffer in it: what we send is pulled by position as often as it has to be sent,
 * what arrives is placed by its position where it will stay, in any order.
 *
 * Positions count from 0, the first byte of each direction. The lower layer owns the stream: it
 * comes from its pool and goes back there by itself once closed() was called or abort() was; the
 * user must forget it then. The user may send, close or abort from inside any callback.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include "core/bytes.h"

struct stream;

struct stream_user {
	/* Both ends agree: bytes may flow. */
	void (*opened)(struct stream *s);
	/* Copies bytes [off, off + n) of what we send to dst; asked only below what send() said. */
	void (*pull)(struct stream *s, uint64_t off, uint8_t *dst, size_t n);
	/*
	 * Bytes of position off on have come, behind s->front when something before them is
	 * missing; never any that were taken before. Returns how many of them, from the first on,
	 * are now where they belong. The others count as lost and come again.
	 */
	size_t (*place)(struct stream *s, uint64_t off, struct bytes b);
	/* Bytes behind s->front that place() could take: the window offered. */
	uint64_t (*room)(struct stream *s);
	/* s->front has moved. */
	void (*arrived)(struct stream *s);
	/* The peer has said that it sends no more, and all that it sent has arrived. */
	void (*finished)(struct stream *s);
	/* Over, once: 0 after both ends said so, or a negative error. s is gone after that. */
	void (*closed)(struct stream *s, int rc);
};

struct stream_ops {
	/* What we send has grown: pull() may be asked for [0, end). Never less than before. */
	void (*send)(struct stream *s, uint64_t end);
	/* We send no more than that; closed() follows when the peer agrees or time is over. */
	void (*close)(struct stream *s);
	/* At once, without another word to the user. The peer is told. */
	void (*abort)(struct stream *s);
	/* room() has become larger without anything arriving. */
	void (*wake)(struct stream *s);
};

struct stream {
	const struct stream_ops *ops;
	const struct stream_user *user;
	void *ctx;	  /* the user's */
	uint64_t front;	  /* bytes that have arrived in order */
	uint32_t holes;	  /* times that something was found missing, and nothing was before */
	uint32_t srtt_us; /* round trip, 0: not known */
};

#endif
