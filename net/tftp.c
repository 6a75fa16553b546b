/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TFTP client: RFC 1350 (protocol), 2347 (options), 2348 (blksize), 2349 (tsize, timeout), 7440
 * (windowsize), RFC 1123 4.2.3.1 (sorcerer's apprentice).
 *
 * Blocks go from the packet to their place in the image, in any order within the window; the hole
 * map there is the receive buffer. What is sent: one ACK when the last block of a window is in, of
 * all that is there without a gap; one ACK when the last block came but some before it did not (the
 * server then goes back); and the last ACK again when nothing new has come for a while. A duplicate
 * is never answered, so neither end can multiply packets, and a lost ACK costs one time-out. The
 * wait follows the measured round trip (RFC 6298) and doubles; a server that has brought nothing
 * new for SILENCE_US has failed. One that was silent for RESTART_US in the middle may have
 * forgotten us, because it was started anew or the way to it was cut for longer than it waits: it
 * is asked again, from the first block on and into a new image, since the file may be another.
 *
 * Block numbers are 16 bits on the wire and 32 here: after 65535 comes 0. A server without windows
 * that goes on with 1 instead is understood; with windows that cannot be told from a lost block.
 *
 * Not done: netascii and mail modes, sending files, multicast (RFC 2090). After its last ACK the
 * transfer is forgotten; a server that missed it sends its last block a few times more to a closed
 * port.
 */
#include "core/fmt.h"
#include "core/log.h"
#include "core/machine.h"
#include "core/str.h"
#include "net/net.h"

#define TFTP_PORT	  69
#define TFTP_BLKSIZE	  512 /* without options, RFC 1350 */
#define TFTP_BLKSIZE_MIN  8   /* RFC 2348 */
#define TFTP_HEADER	  4
#define TFTP_WINDOW_FIRST 16 /* see docs/design.md, "TFTP" */
#define TFTP_WINDOW_MIN	  4
#define TFTP_WINDOW_MAX	  32 /* bits of got */
#define TFTP_STRAYS_MAX	  16 /* packets of strangers that are answered, in one transfer */
#define TFTP_REFUSALS	  3  /* ICMP errors to our request that we believe in */

/* Of the file name: with the options below, a request stays within 512 bytes (RFC 2347). */
#define TFTP_NAME_MAX 440
/* A second request makes the server open the file twice: no hurry. */
#define REQUEST_WAIT_US 500000
#define RTO_FIRST_US	250000
#define RTO_MIN_US	50000
#define RTO_MAX_US	4000000
#define SILENCE_US	60000000
#define RESTART_US	10000000
#define RESTARTS_MAX	3 /* of one transfer: a server that always stops half-way ends it */
#define DOUBT_TRIES	2 /* so often unheard, we ask who has the server's address now */
#define TFTP_TIMEOUT_S	1 /* of the server, RFC 2349: as asked for */

enum tftp_op { TFTP_RRQ = 1, TFTP_DATA = 3, TFTP_ACK = 4, TFTP_ERROR = 5, TFTP_OACK = 6 };

enum tftp_code {
	TFTP_E_ANY = 0,
	TFTP_E_FILE = 1,
	TFTP_E_ACCESS = 2,
	TFTP_E_FULL = 3,
	TFTP_E_OP = 4,
	TFTP_E_TID = 5,
	TFTP_E_OPTION = 8
};

struct tftp {
	struct udp_sock sock;
	struct timer timer;
	uint64_t alive_us; /* when something new came last */
	uint64_t sent_us;  /* when we sent last */
	uint32_t next;	   /* first block that is not here, from 1 */
	uint32_t acked;	   /* last block that we have acknowledged */
	uint32_t last;	   /* number of the final block, 0 until it was seen */
	uint32_t got;	   /* bit i: block next + i is here */
	uint32_t rto_us, srtt_us, rttvar_us;
	uint32_t wait_us; /* rto_us, jittered */
	uint32_t skew;	  /* 1 for each time that the server skipped block number 0 */
	uint32_t lost;	  /* windows with gaps */
	uint16_t tail;	  /* bytes of the final block */
	uint16_t port;	  /* the server's TID, 0 until it has answered */
	uint16_t blksize, window;
	uint16_t asked_blksize, asked_window;
	uint8_t tries; /* of what we sent last */
	uint8_t strays, refusals, restarts;
	bool plain;  /* the server refused options: ask without */
	bool timing; /* a round trip is being measured */
	bool held;   /* an ACK waits for room, see send_ack() */
};
_Static_assert(sizeof(struct tftp) <= FILLER_PRIV_MAX, "a filler's state fits its place");

static struct tftp *tftp_of(struct fetch *f)
{
	return (struct tftp *)f->priv;
}

/* -- sending -- */

static void send_to(
	struct fetch *f, const struct ip_addr *to, uint16_t port, const void *data, size_t n)
{
	struct pkt *p = udp_alloc(f->net);
	uint8_t *room = p ? pkt_put(p, n) : NULL;

	if (!room)
		return; /* as if it was lost */
	memcpy(room, data, n);
	udp_send(f->net, &tftp_of(f)->sock, f->dev, p, NULL, to, port);
}

static void send_error(struct fetch *f, const struct ip_addr *to, uint16_t port,
	enum tftp_code code, const char *text)
{
	uint8_t buf[64];
	struct emit e = emit_to(buf, sizeof(buf));

	emit_u16(&e, TFTP_ERROR);
	emit_u16(&e, (uint16_t)code);
	emit_cstr(&e, text);
	send_to(f, to, port, buf, e.n);
}

/*
 * Acknowledges all blocks in front of `next`. That asks for the next window: while it has no room
 * in a streamed file, nothing is said, until tftp_more(). There is always room for what is behind a
 * block that was taken, and in the end for a window.
 */
static void send_ack(struct fetch *f)
{
	struct tftp *t = tftp_of(f);
	uint16_t block = (uint16_t)(t->next - 1 + t->skew);
	uint8_t ack[4] = {0, TFTP_ACK, (uint8_t)(block >> 8), (uint8_t)block};

	t->held = !t->last && (uint64_t)(t->next - 1 + t->window) * t->blksize > fetch_limit(f);
	if (t->held)
		return;
	t->acked = t->next - 1;
	t->sent_us = f->m->now_us;
	t->timing = t->tries == 0;
	send_to(f, &f->server, t->port, ack, sizeof(ack));
}

static void emit_number(struct emit *e, const char *name, unsigned v)
{
	char text[8];

	fmt_print(text, sizeof(text), "%u", v);
	emit_cstr(e, name);
	emit_cstr(e, text);
}

static void send_request(struct fetch *f)
{
	struct tftp *t = tftp_of(f);
	char name[URL_MAX];
	uint8_t buf[512];
	struct emit e = emit_to(buf, sizeof(buf));

	url_decode(f->url.path + 1, name, sizeof(name)); /* was checked by tftp_start() */
	emit_u16(&e, TFTP_RRQ);
	emit_cstr(&e, name);
	emit_cstr(&e, "octet");
	if (!t->plain) {
		emit_number(&e, "blksize", t->asked_blksize);
		emit_number(&e, "tsize", 0);
		emit_number(&e, "timeout", TFTP_TIMEOUT_S);
		emit_number(&e, "windowsize", t->asked_window);
	}
	t->sent_us = f->m->now_us;
	t->timing = t->tries == 0;
	send_to(f, &f->server, f->url.port ? f->url.port : TFTP_PORT, buf, e.n);
}

/* -- ends -- */

static void tftp_stop(struct fetch *f)
{
	struct tftp *t = tftp_of(f);

	timer_stop(f->m, &t->timer);
	udp_close(f->net, &t->sock);
}

/* The server is told, so that it does not go on sending. Code 8 is for whoever has only asked for
 * the size (RFC 2347, 2349). */
static void tftp_cancel(struct fetch *f)
{
	if (tftp_of(f)->port)
		send_error(f, &f->server, tftp_of(f)->port, f->bytes ? TFTP_E_ANY : TFTP_E_OPTION,
			"cancelled");
	tftp_stop(f);
}

static void tftp_end(struct fetch *f, int result)
{
	struct tftp *t = tftp_of(f);
	uint8_t *window = &f->net->tftp_window;

	/*
	 * Blocks lost in more than one window of 16: the way, or our ring, is short of buffers, so
	 * the next file is asked for in smaller windows. In larger ones when none was lost in many
	 * windows.
	 */
	if (t->lost > 2 && t->lost > t->next / (16u * t->window) && *window > TFTP_WINDOW_MIN)
		*window /= 2;
	else if (!t->lost && t->next > 64u * t->window && *window < TFTP_WINDOW_MAX)
		*window = (uint8_t)(*window * 2);
	tftp_stop(f);
	fetch_done(f, result);
}

/* We end it: the server is told, so that it does not go on sending. */
static void tftp_refuse(struct fetch *f, enum tftp_code code, int result)
{
	if (tftp_of(f)->port)
		send_error(f, &f->server, tftp_of(f)->port, code, err_text(result));
	tftp_end(f, result);
}

/* -- time -- */

/* RFC 6298 2, in integers. Only of what was sent once (Karn). */
static void rtt_sample(struct tftp *t, uint64_t us)
{
	uint32_t r = us < RTO_MAX_US ? (uint32_t)us + 1 : RTO_MAX_US;
	uint32_t diff = r > t->srtt_us ? r - t->srtt_us : t->srtt_us - r;

	if (!t->srtt_us) {
		t->srtt_us = r;
		t->rttvar_us = r / 2;
	} else {
		t->rttvar_us += diff / 4 - t->rttvar_us / 4;
		t->srtt_us += r / 8 - t->srtt_us / 8;
	}
}

static uint32_t rto_of(const struct tftp *t)
{
	uint32_t rto = t->srtt_us ? t->srtt_us + 4 * t->rttvar_us : RTO_FIRST_US;

	return rto < RTO_MIN_US ? RTO_MIN_US : rto;
}

/*
 * Something new came: the waits begin anew. The timer is not put forward for each block: when it
 * fires it looks at alive_us; only when it would fire too late it is touched, once a window at
 * most.
 */
static void tftp_alive(struct fetch *f)
{
	struct tftp *t = tftp_of(f);
	uint64_t now = f->m->now_us;

	t->alive_us = now;
	if (!t->timing && !t->tries)
		return;
	if (t->timing)
		rtt_sample(t, now - t->sent_us);
	t->timing = false;
	f->retries += t->tries;
	t->tries = 0;
	t->rto_us = t->wait_us = rto_of(t);
	if (t->timer.due_us > now + t->wait_us)
		timer_start(f->m, &t->timer, t->wait_us);
}

static int tftp_silent(struct fetch *f)
{
	struct tftp *t = tftp_of(f);
	char what[80];

	if (!f->dev->link_up)
		return fetch_err(f, -ERR_LINK_DOWN, "the link went down");
	if (t->port || t->restarts)
		fmt_print(what, sizeof(what), "silent for %u s after %llu bytes",
			(unsigned)(SILENCE_US / 1000000), (unsigned long long)f->bytes);
	else
		fmt_print(what, sizeof(what), "no answer to %u requests in %u s", t->tries + 1u,
			(unsigned)(SILENCE_US / 1000000));
	return fetch_err(f, -ERR_TFTP_TIMEOUT, what);
}

static int tftp_ask(struct fetch *f);

/* Begins again; what counts as silence goes on. */
static void tftp_restart(struct fetch *f)
{
	struct tftp *t = tftp_of(f);
	uint64_t alive_us = t->alive_us;
	int rc;

	log_put(f->m, LOG_INFO, "%s: TFTP server is silent, asking it again", f->dev->name);
	t->restarts++;
	f->retries++;
	t->port = 0;
	t->next = 1;
	t->acked = t->last = t->got = t->skew = 0;
	rc = tftp_ask(f);
	if (rc)
		tftp_end(f, rc);
	t->alive_us = alive_us;
}

static void tftp_fire(struct machine *m, struct timer *timer)
{
	struct fetch *f = timer->ctx;
	struct tftp *t = tftp_of(f);
	uint64_t since;

	/* Time in which the server could not be heard, or was not to say anything, is no silence.
	 */
	if (t->held || m->now_us - timer->due_us >= TIMER_AWAY_US)
		t->alive_us = m->now_us;
	since = t->alive_us > t->sent_us ? t->alive_us : t->sent_us;
	if (m->now_us < since + t->wait_us) {
		timer_start(m, timer, since + t->wait_us - m->now_us);
		return;
	}
	if (m->now_us - t->alive_us >= SILENCE_US) {
		tftp_end(f, tftp_silent(f));
		return;
	}
	if (t->port && !f->ring && m->now_us - t->alive_us >= RESTART_US &&
		t->restarts < RESTARTS_MAX) {
		tftp_restart(f);
		return;
	}
	if (t->tries < UINT8_MAX)
		t->tries++;
	if (t->tries >= DOUBT_TRIES)
		ipv4_doubt(f->dev, &f->server);
	t->rto_us = t->rto_us < RTO_MAX_US / 2 ? t->rto_us * 2 : RTO_MAX_US;
	/* A thousand nodes that lost their server at one moment do not come back at one moment. */
	t->wait_us = t->rto_us - t->rto_us / 4 + rng_below(m, t->rto_us / 2);
	if (t->port)
		send_ack(f);
	else
		send_request(f);
	timer_start(m, timer, t->wait_us);
}

/* -- what the server says -- */

/* The first answer has told the size, or that nobody knows it. False: it does not fit, all is over.
 */
static bool tftp_accept(struct fetch *f, uint16_t port, uint64_t size)
{
	int rc;

	tftp_of(f)->port = port;
	tftp_alive(f);
	rc = fetch_open(f, size); /* a new one after a transfer that we gave up */
	if (rc)
		tftp_refuse(f, TFTP_E_FULL, fetch_err(f, rc, "no room for it"));
	return !rc;
}

/* The final block and all before it are here. */
static void tftp_complete(struct fetch *f)
{
	struct tftp *t = tftp_of(f);
	uint64_t size = (uint64_t)(t->last - 1) * t->blksize + t->tail;
	int rc = 0;

	send_ack(f);
	if (f->image->total == IMAGE_SIZE_UNKNOWN)
		rc = image_set_total(f->m, f->image, size);
	else if (size < f->image->total)
		rc = fetch_err(f, -ERR_TFTP_SHORT, "it ends early");
	tftp_end(f, rc);
}

/* How far a block is ahead of the next one in order; negative or beyond the window: not wanted. */
static int tftp_ahead(struct tftp *t, uint16_t wire)
{
	int ahead = (int16_t)(uint16_t)(wire - (t->next + t->skew));

	if (ahead == 1 && wire == 1 &&
		t->window == 1) { /* after 65535, this server does not count 0 */
		t->skew++;
		return 0;
	}
	return ahead;
}

/* A block that was placed: what it lets us say. */
static void tftp_advance(struct fetch *f, uint32_t block)
{
	struct tftp *t = tftp_of(f);

	for (; t->got & 1; t->got >>= 1)
		t->next++;
	if (t->last && t->next > t->last) {
		tftp_complete(f);
	} else if (t->next > t->acked + t->window) {
		send_ack(f);
	} else if (block == t->acked + t->window || block == t->last) {
		t->lost++; /* the window is over and some of it is missing */
		f->retries++;
		send_ack(f);
	}
}

/* The path of every block. */
static void tftp_data(struct fetch *f, struct bytes b)
{
	struct tftp *t = tftp_of(f);
	int ahead = tftp_ahead(t, bytes_u16(&b)), rc;
	uint32_t block = t->next + (unsigned)ahead;
	uint64_t off = (uint64_t)(block - 1) * t->blksize;

	if (ahead < 0 || ahead >= t->window || (t->got >> ahead & 1) || !bytes_ok(&b))
		return; /* a duplicate, or nothing that can be: no answer */
	if (b.n > t->blksize || (t->last && block > t->last)) {
		tftp_refuse(f, TFTP_E_OP,
			fetch_err(f, -ERR_TFTP_PROTOCOL, "a block of the wrong size"));
		return;
	}
	if (off + b.n > f->image->total) {
		tftp_refuse(f, TFTP_E_FULL,
			fetch_err(f, -ERR_TFTP_LONG, "more came than the server said"));
		return;
	}
	if (off + b.n > fetch_limit(f))
		return; /* more than was asked for: as if it was lost */
	rc = image_put(f->m, f->image, off, b.p, b.n);
	if (rc) {
		tftp_refuse(f, TFTP_E_FULL, fetch_err(f, rc, "no room for it"));
		return;
	}
	fetch_got(f, b.n);
	tftp_alive(f);
	if (b.n < t->blksize) {
		t->last = block;
		t->tail = (uint16_t)b.n;
	}
	t->got |= 1u << ahead;
	tftp_advance(f, block);
}

/* One granted option; false for what we did not ask for, or not so. */
static bool oack_option(struct tftp *t, const char *name, uint64_t v, uint64_t *size)
{
	if (str_ieq(name, "blksize") && v >= TFTP_BLKSIZE_MIN && v <= t->asked_blksize)
		t->blksize = (uint16_t)v;
	else if (str_ieq(name, "windowsize") && v && v <= t->asked_window)
		t->window = (uint16_t)v;
	else if (str_ieq(name, "tsize"))
		/* Some say 0 for what they do not know. The largest number is a size like any
		 * other. */
		*size = v ? v - (v == IMAGE_SIZE_UNKNOWN) : IMAGE_SIZE_UNKNOWN;
	else
		return str_ieq(name, "timeout") && v == TFTP_TIMEOUT_S;
	return true;
}

/* RFC 2347: what was granted holds from now on; ACK 0 agrees. */
static void tftp_oack(struct fetch *f, uint16_t port, struct bytes b)
{
	struct tftp *t = tftp_of(f);
	uint64_t size = IMAGE_SIZE_UNKNOWN, v;
	bool ok = !t->plain;

	if (t->port)
		return; /* it missed our ACK 0, which our timer sends again */
	while (b.n && ok) {
		const char *name = bytes_cstr(&b), *value = bytes_cstr(&b);

		ok = bytes_ok(&b) && str_digits(value, &v) && oack_option(t, name, v, &size);
	}
	if (!ok) {
		t->port = port;
		tftp_refuse(f, TFTP_E_OPTION,
			fetch_err(f, -ERR_TFTP_PROTOCOL,
				"it grants options that were not asked for"));
		return;
	}
	if (tftp_accept(f, port, size))
		send_ack(f);
}

/* (Re)opens the socket, on a port of its own (RFC 1350 section 4), and asks for the file. */
static int tftp_ask(struct fetch *f)
{
	struct tftp *t = tftp_of(f);
	int rc = udp_open(f->net, &t->sock, f->dev, 0);

	if (rc)
		return rc;
	t->tries = 0;
	t->rto_us = t->wait_us = REQUEST_WAIT_US;
	t->alive_us = f->m->now_us;
	t->blksize = TFTP_BLKSIZE;
	t->window = 1;
	send_request(f);
	timer_start(f->m, &t->timer, t->wait_us);
	return 0;
}

static void tftp_error(struct fetch *f, struct bytes b)
{
	static const uint16_t codes[] = {
		[TFTP_E_FILE] = ERR_TFTP_NOT_FOUND,
		[TFTP_E_ACCESS] = ERR_TFTP_ACCESS,
	};
	struct tftp *t = tftp_of(f);
	uint16_t code = bytes_u16(&b);
	char text[64], what[100];
	enum err err = code < 3 && codes[code] ? (enum err)codes[code] : ERR_TFTP_ERROR;
	size_t n = 0;
	int rc;

	if (code == TFTP_E_OPTION && !t->plain && !t->port) {
		log_put(f->m, LOG_INFO, "%s: TFTP server refuses options", f->dev->name);
		t->plain = true;
		rc = tftp_ask(f);
		if (rc)
			tftp_end(f, rc);
		return;
	}
	while (n < b.n && b.p[n])
		n++;
	str_clean(text, sizeof(text), b.p, n);
	fmt_print(what, sizeof(what), "code %u \"%s\"", code, text);
	tftp_end(f, fetch_err(f, -(int)err, what));
}

/* RFC 1350 section 4: somebody else's packet does not disturb the transfer; its sender is told, but
 * not for ever. */
static void tftp_stray(struct fetch *f, const struct ip_meta *meta, uint16_t port, uint16_t op)
{
	struct tftp *t = tftp_of(f);

	if (op == TFTP_ERROR || t->strays >= TFTP_STRAYS_MAX ||
		ipv4_route_dev(f->net, &meta->src) != f->dev)
		return;
	t->strays++;
	send_error(f, &meta->src, port, TFTP_E_TID, "unknown transfer ID");
}

static void tftp_input(
	struct udp_sock *s, const struct ip_meta *meta, uint16_t src_port, struct bytes b)
{
	struct fetch *f = s->ctx;
	struct tftp *t = tftp_of(f);
	uint16_t op = bytes_u16(&b);

	if ((t->port && src_port != t->port) || !ip_eq(&meta->src, &f->server)) {
		tftp_stray(f, meta, src_port, op);
		return;
	}
	if (op == TFTP_DATA) {
		/* To a request with options: a server that knows none (RFC 2347). */
		if (t->port || (b.n >= 2 && !b.p[0] && b.p[1] == 1 &&
				       tftp_accept(f, src_port, IMAGE_SIZE_UNKNOWN)))
			tftp_data(f, b);
	} else if (op == TFTP_OACK) {
		tftp_oack(f, src_port, b);
	} else if (op == TFTP_ERROR) {
		tftp_error(f, b);
	}
}

/* ICMP or ARP says that we were not heard. Once a server has answered, that is nothing but noise
 * (RFC 5927), or it is being started anew. */
static void tftp_unreachable(
	struct udp_sock *s, int err, const struct ip_addr *dst, uint16_t dst_port)
{
	struct fetch *f = s->ctx;
	struct tftp *t = tftp_of(f);

	(void)dst_port;
	if (t->port || t->restarts || !ip_eq(dst, &f->server))
		return;
	if (err == ERR_ARP_TIMEOUT || ++t->refusals >= TFTP_REFUSALS)
		tftp_end(f, fetch_err(f, -err, err_text(err)));
}

static uint16_t blksize_of(const struct netdev *dev)
{
	unsigned room = dev->mtu - IPV4_HEADER - UDP_HEADER - TFTP_HEADER;

	return (uint16_t)(room < TFTP_BLKSIZE_MIN ? TFTP_BLKSIZE_MIN : room);
}

/* As the last transfers went, or as the setting tftp-window says; half of what the device can take
 * at most. */
static uint16_t window_of(struct net *net, const struct netdev *dev)
{
	uint64_t window, ring = dev->rx_ring / 2;

	if (!net->tftp_window)
		net->tftp_window = TFTP_WINDOW_FIRST;
	window = setting_number(net->m, "tftp-window", net->tftp_window);
	if (ring && window > ring)
		window = ring;
	return (uint16_t)(window < 1 ? 1 : window > TFTP_WINDOW_MAX ? TFTP_WINDOW_MAX : window);
}

static int tftp_start(struct fetch *f)
{
	struct tftp *t = tftp_of(f);
	char name[TFTP_NAME_MAX];

	memset(t, 0, sizeof(*t));
	if (!url_decode(f->url.path + 1, name, sizeof(name)))
		return err_set(f->m, ERR_BAD_URL, "file name for TFTP: %s", f->uri);
	t->asked_blksize = blksize_of(f->dev);
	t->asked_window = window_of(f->net, f->dev);
	t->next = 1;
	t->sock.input = tftp_input;
	t->sock.error = tftp_unreachable;
	t->sock.ctx = f;
	timer_init(&t->timer, tftp_fire, f);
	return tftp_ask(f);
}

static void tftp_more(struct fetch *f)
{
	struct tftp *t = tftp_of(f);

	if (t->held) {
		t->alive_us = f->m->now_us;
		send_ack(f);
	}
}

const struct filler_ops tftp_filler = {"tftp", tftp_start, tftp_cancel, tftp_more};
