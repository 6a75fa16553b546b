/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TFTP server of tftpd.h: sessions, blocks and windows. Requests and options are in
 * tftp_request.c.
 *
 * Blocks are counted from 1 in 64 bits; only the packets have 16-bit numbers. A window starts
 * behind the last acknowledged block and is sent in one go (RFC 7440 section 4): an ACK inside it
 * starts the next one there.
 */
#include "tftp_session.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- files ---- */

static uint8_t file_byte(uint64_t word, uint64_t off)
{
	return (uint8_t)(word >> (off & 7) * 8);
}

void file_read(const struct sim_file *f, uint64_t off, void *to, size_t len)
{
	uint8_t *p = to;
	uint64_t word = 0;

	for (size_t i = 0; i < len; i++, off++) {
		if (!i || !(off & 7))
			word = rand_mix(f->seed + (off >> 3));
		p[i] = file_byte(word, off);
	}
	off -= len;
	if (off < f->head_len)
		memcpy(to, (const uint8_t *)f->head + off,
			f->head_len - off < len ? (size_t)(f->head_len - off) : len);
}

void tftpd_file(struct sim_tftpd *t, const struct sim_file *f)
{
	if (t->files == TFTPD_FILES_MAX)
		abort();
	t->file[t->files++] = *f;
}

const struct sim_file *tftpd_find(const struct sim_tftpd *t, const char *name)
{
	for (uint32_t i = 0; i < t->files; i++)
		if (!strcmp(t->file[i].name, name))
			return &t->file[i];
	return t->conf.find ? t->conf.find(t->conf.find_ctx, name) : NULL;
}

/* ---- sending ---- */

void session_send(struct tftpd_session *s, const void *packet, uint32_t len)
{
	const struct host_out out = {
		.dst_ip = s->ip,
		.src_port = s->sock->port,
		.dst_port = s->port,
		.data = packet,
		.len = len,
	};

	host_send(s->t->h, &out);
}

void session_error(struct tftpd_session *s, unsigned code, const char *text, uint32_t len)
{
	uint8_t packet[600] = {0, 5};

	if (len > sizeof(packet) - 4)
		len = sizeof(packet) - 4;
	wire_put16(packet + 2, code);
	memcpy(packet + 4, text, len);
	s->t->stats.errors_sent++;
	session_send(s, packet, 4 + len);
}

/* RFC 1350 has no word on what follows block 65535; servers differ. */
static uint16_t block_number(const struct tftpd_session *s, uint64_t block)
{
	if (s->t->conf.roll == ROLL_TO_1)
		return (uint16_t)(block ? (block - 1) % 65535 + 1 : 0);
	return (uint16_t)block;
}

static uint32_t block_len(const struct tftpd_session *s, uint64_t block)
{
	const struct tftpd_tricks *k = &s->t->conf.tricks;

	if (block == k->short_at)
		return s->blksize - 1;
	if (block == k->long_at)
		return s->blksize + 8;
	if (block < s->last)
		return s->blksize;
	return (uint32_t)(s->file->size - (block - 1) * s->blksize);
}

/* Bytes of the file; zeros where a lying server sends more than there is. */
static void block_fill(const struct tftpd_session *s, uint64_t block, uint8_t *to, uint32_t len)
{
	uint64_t off = (block - 1) * s->blksize;
	uint64_t left = off < s->file->size ? s->file->size - off : 0;

	memset(to, 0, len);
	file_read(s->file, off, to, left < len ? (size_t)left : len);
	for (uint32_t i = 0; i < len && s->t->conf.tricks.corrupt_data; i += 97)
		to[i] ^= 0xff;
}

/* A DATA of the right number and wrong contents, from a port (and perhaps address) that has no part
 * in the transfer. */
static void session_stray(struct tftpd_session *s, uint64_t block)
{
	uint8_t packet[4 + 64] = {0, 3};
	const struct host_out out = {
		.src_ip = s->t->conf.tricks.stray_ip,
		.dst_ip = s->ip,
		.src_port = s->t->stray->port,
		.dst_port = s->port,
		.data = packet,
		.len = sizeof(packet),
	};

	wire_put16(packet + 2, block_number(s, block));
	memset(packet + 4, 0x66, 64);
	host_send(s->t->h, &out);
}

static void session_garbage(struct tftpd_session *s)
{
	static const struct {
		uint8_t len, byte[20];
	} junk[] = {
		{0, {0}},
		{1, {0}},
		{1, {3}},
		{2, {0, 3}},
		{3, {0, 3, 0}},
		{2, {0, 5}},
		{4, {0, 0, 0, 1}},
		{4, {0, 9, 0, 1}},
		{4, {0xff, 0xff, 0, 1}},
		{4, {0, 4, 0, 1}},
		{11, "\0\1x\0octet\0"},
		{3, {0, 6, 0}},
		{16, "\0\6blksize\00065000"},
	};

	for (size_t i = 0; i < sizeof(junk) / sizeof(junk[0]); i++)
		session_send(s, junk[i].byte, junk[i].len);
}

/* Sends block number n, or what the tricks put in its place. False when the session goes no
 * further. */
static bool session_data(struct tftpd_session *s, uint64_t n)
{
	const struct tftpd_tricks *k = &s->t->conf.tricks;
	const char *text = k->error_text ? k->error_text : "disk on fire";
	uint32_t len = block_len(s, n);
	uint8_t *packet;

	if (k->stop_at && n >= k->stop_at) {
		s->stopped = true;
		world_cancel(s->t->w, &s->timer);
		return false;
	}
	if (n == k->error_at || (n == 65536 && s->t->conf.roll == ROLL_FAILS)) {
		session_error(s, 0, text,
			k->error_text_len ? k->error_text_len : (uint32_t)strlen(text) + 1);
		s->ended = true;
		return false;
	}
	if (n == k->garbage_at)
		session_garbage(s);
	if (n == k->stray_at)
		session_stray(s, n);
	packet = sim_alloc(len + 4);
	wire_put16(packet, 3);
	wire_put16(packet + 2, block_number(s, n));
	block_fill(s, n, packet + 4, len);
	for (unsigned i = 0; i < (k->twice ? 2u : 1u); i++) {
		session_send(s, packet, len + 4);
		s->packets++;
		s->t->stats.data++;
		s->t->stats.data_bytes += len;
	}
	free(packet);
	s->t->stats.resent += n <= s->sent;
	if (s->t->first_data_us == WORLD_NEVER)
		s->t->first_data_us = s->t->w->now_us;
	if (n > s->sent)
		s->sent = n;
	return true;
}

static void session_window(struct tftpd_session *s)
{
	uint64_t n = s->acked;

	while (n < s->last && n - s->acked < s->windowsize)
		if (!session_data(s, ++n))
			return;
	world_in(s->t->w, &s->timer, s->timeout_us);
}

/* ---- end of a session ---- */

/* Each packet is a reason for one ACK, and so is a long silence. */
static void session_check_acks(const struct tftpd_session *s)
{
	uint64_t silence = (s->t->w->now_us - s->start_us) / TFTPD_ACK_EVERY_US;

	if (s->acks > s->packets + silence + 4)
		world_violation(s->t->w, s->t->h->name, "TFTP %s: %u ACKs for %u packets",
			ip_text(s->ip), (unsigned)s->acks, (unsigned)s->packets);
}

void session_free(struct tftpd_session *s)
{
	struct tftpd_session **at = &s->t->sessions;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	world_cancel(s->t->w, &s->timer);
	host_close(s->t->h, s->sock);
	free(s);
}

static void session_close(struct tftpd_session *s)
{
	session_check_acks(s);
	session_free(s);
}

static void session_give_up(struct tftpd_session *s)
{
	if (s->sent == s->last)
		s->t->stats.unfinished++;
	else
		s->t->stats.failed++;
	world_trace(s->t->w, s->t->h->name, "gives up on %s at block %u", ip_text(s->ip),
		(unsigned)s->acked);
	session_close(s);
}

static void session_timeout(void *ctx)
{
	struct tftpd_session *s = ctx;
	uint32_t tries = s->t->conf.tries ? s->t->conf.tries : 6;

	if (!s->begun) {
		s->begun = true;
		session_begin(s);
	} else if (++s->tries >= tries) {
		session_give_up(s);
		return;
	} else {
		s->t->stats.timeouts++;
		session_again(s);
	}
	if (s->ended)
		session_close(s);
}

void session_again(struct tftpd_session *s)
{
	if (!s->oack_len) {
		session_window(s);
		return;
	}
	session_send(s, s->oack, s->oack_len);
	s->packets++;
	s->t->stats.oacks++;
	world_in(s->t->w, &s->timer, s->timeout_us);
}

/* ---- ACKs ---- */

/* The block that a 16-bit number means: the first at or after the last acknowledged one. */
static uint64_t block_of(const struct tftpd_session *s, uint16_t number)
{
	uint16_t at = block_number(s, s->acked);

	if (s->t->conf.roll != ROLL_TO_1)
		return s->acked + (uint16_t)(number - at);
	if (!s->acked || !number)
		return number;
	return s->acked + (number + 65535u - at) % 65535;
}

static void session_complete(struct tftpd_session *s)
{
	s->t->stats.completed++;
	world_trace(s->t->w, s->t->h->name, "%s has %s", ip_text(s->ip), s->file->name);
	s->ended = true;
}

static void session_progress(struct tftpd_session *s, uint64_t block)
{
	struct tftpd_seen *seen = &s->t->seen[s->request];

	if (seen->progress_us == WORLD_NEVER)
		seen->progress_us = s->t->w->now_us;
	s->oack_len = 0;
	s->acked = block;
	s->tries = 0;
	if (block == s->last || (block && block == s->t->conf.tricks.short_at))
		session_complete(s);
	else
		session_window(s);
}

static void session_old_ack(struct tftpd_session *s, uint64_t block)
{
	const struct tftpd_conf *a = &s->t->conf;

	s->t->stats.acks_old++;
	if (a->tricks.answers_each_ack && block < s->last)
		session_data(s, block + 1);
	else if (block == s->acked && (s->windowsize > 1 || a->any_window_restarts))
		session_window(s);
}

static void session_ack(struct tftpd_session *s, const struct host_in *in)
{
	uint64_t block = block_of(s, wire_get16(in->data + 2));

	s->t->stats.acks++;
	s->acks += !in->copy;
	if (in->judged && in->len != 4)
		world_violation(s->t->w, s->t->h->name, "TFTP ACK of %u bytes", in->len);
	if (block > s->sent && block - s->acked <= 32768) {
		if (in->judged)
			world_violation(s->t->w, s->t->h->name,
				"TFTP %s acknowledges block %u, %u was sent", ip_text(s->ip),
				(unsigned)block, (unsigned)s->sent);
		return;
	}
	if (block > s->sent)
		session_old_ack(s, block < 65536 ? 0 : block - 65536);
	else if (block > s->acked || s->oack_len)
		session_progress(s, block);
	else
		session_old_ack(s, block);
}

static void session_refused(struct tftpd_session *s, const struct host_in *in)
{
	unsigned code = wire_get16(in->data + 2);

	s->t->stats.errors[code < 9 ? code : 0]++;
	if (in->judged && (code > 8 || in->len < 5 || in->data[in->len - 1]))
		world_violation(s->t->w, s->t->h->name, "TFTP ERROR %u of %u bytes is malformed",
			code, in->len);
	world_trace(s->t->w, s->t->h->name, "%s sent ERROR %u", ip_text(s->ip), code);
	s->ended = true;
}

void session_rx(void *ctx, const struct host_in *in)
{
	struct tftpd_session *s = ctx;

	if (in->src_ip != s->ip || in->src_port != s->port || s->stopped)
		return;
	if (in->len >= 4 && wire_get16(in->data) == 4)
		session_ack(s, in);
	else if (in->len >= 4 && wire_get16(in->data) == 5)
		session_refused(s, in);
	else if (in->judged)
		world_violation(s->t->w, s->t->h->name,
			"TFTP packet of %u bytes, opcode %u, in a transfer", in->len,
			in->len >= 2 ? wire_get16(in->data) : 0);
	if (s->ended)
		session_close(s);
}

struct tftpd_session *session_new(
	struct sim_tftpd *t, const struct host_in *in, const struct sim_file *file)
{
	struct tftpd_session *s = sim_alloc(sizeof(*s));

	s->t = t;
	s->file = file;
	s->ip = in->src_ip;
	s->port = in->src_port;
	s->blksize = 512;
	s->windowsize = 1;
	s->timeout_us = t->conf.timeout_us ? t->conf.timeout_us : 1000000;
	s->start_us = t->w->now_us;
	s->request = t->seens - 1;
	s->sock = host_bind(t->h, 0, session_rx, s);
	event_init(&s->timer, session_timeout, s);
	s->next = t->sessions;
	t->sessions = s;
	t->stats.sessions++;
	world_in(t->w, &s->timer, t->conf.think_us);
	return s;
}

uint32_t tftpd_active(const struct sim_tftpd *t)
{
	uint32_t n = 0;

	for (const struct tftpd_session *s = t->sessions; s; s = s->next)
		n += !s->stopped;
	return n;
}

uint16_t tftpd_port(const struct sim_tftpd *t)
{
	return t->sessions ? t->sessions->sock->port : 0;
}

void tftpd_restart(struct sim_tftpd *t)
{
	while (t->sessions)
		session_free(t->sessions);
}
