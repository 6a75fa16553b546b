/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests to the simulated TFTP server (tftpd.h): the judge of their form, and the agreement on
 * options (RFC 2347, 2348, 2349, 7440).
 */
#include "tftp_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static const struct {
	const char *name;
	uint64_t min, max;
} option[TFTP_OPTIONS] = {
	[TFTP_BLKSIZE] = {"blksize", 8, 65464},
	[TFTP_TSIZE] = {"tsize", 0, 0}, /* 0 in a read request: RFC 2349 */
	[TFTP_TIMEOUT] = {"timeout", 1, 255},
	[TFTP_WINDOWSIZE] = {"windowsize", 1, 65535},
};

struct request {
	struct sim_tftpd *t;
	const struct host_in *in;
	const char *name;
	const uint8_t *options; /* behind the mode's NUL */
	uint32_t options_len;
};

static void blame(const struct request *r, const char *what, const char *detail)
{
	if (r->in->judged && !r->in->copy)
		world_violation(r->t->w, r->t->h->name, "TFTP request of %s: %s %.40s",
			ip_text(r->in->src_ip), what, detail);
}

/* The next NUL-terminated string of *len bytes at *p, which move behind it. NULL: none is left. */
static const char *next_string(const uint8_t **p, uint32_t *len)
{
	const uint8_t *start = *p, *end = *len ? memchr(start, 0, *len) : NULL;

	if (!end)
		return NULL;
	*len -= (uint32_t)(end - start) + 1;
	*p = end + 1;
	return (const char *)start;
}

static bool parse_value(const char *text, uint64_t *value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	*value = strtoull(text, &end, 10);
	return !*end;
}

static int option_index(const char *name)
{
	for (int i = 0; i < TFTP_OPTIONS; i++)
		if (!strcasecmp(option[i].name, name))
			return i;
	return -1;
}

/* ---- the judge ---- */

static void check_option(const struct request *r, const char *name, const char *text, bool *had)
{
	int i = option_index(name);
	uint64_t value;

	if (i < 0)
		return; /* RFC 2347: any name may be asked for */
	if (had[i])
		blame(r, "option twice:", name);
	had[i] = true;
	if (!parse_value(text, &value) || value < option[i].min || value > option[i].max)
		blame(r, "option value out of range:", text);
}

static void check_options(const struct request *r)
{
	const uint8_t *p = r->options;
	uint32_t len = r->options_len;
	bool had[TFTP_OPTIONS] = {false};

	while (len) {
		const char *name = next_string(&p, &len),
			   *text = name ? next_string(&p, &len) : NULL;

		if (!text) {
			blame(r, "options do not end in NUL", "");
			return;
		}
		check_option(r, name, text, had);
	}
}

/*
 * RFC 1350 4: transfer identifiers are chosen anew each time. Two that are the same may be chance,
 * three in a world are not.
 */
static void check_tid(const struct request *r)
{
	unsigned before = 0;

	for (uint32_t i = 0; i < r->t->seens; i++) {
		const struct tftpd_seen *s = &r->t->seen[i];

		before += s->ip == r->in->src_ip && s->port == r->in->src_port &&
			  s->progress_us < r->t->w->now_us &&
			  r->t->w->now_us - s->progress_us > 500000;
	}
	if (before > 1)
		blame(r, "transfer identifier used for a third transfer,", r->name);
}

static bool request_parse(struct request *r)
{
	const uint8_t *p = r->in->data + 2;
	uint32_t len = r->in->len - 2;
	const char *mode;

	r->name = next_string(&p, &len);
	mode = r->name ? next_string(&p, &len) : NULL;
	if (!mode || !*r->name) {
		blame(r, "no name or mode", "");
		return false;
	}
	if (strcasecmp(mode, "octet"))
		blame(r, "mode", mode);
	for (const char *c = r->name; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			blame(r, "name is not printable ASCII", "");
	if (r->in->len > 512)
		blame(r, "longer than 512 bytes (RFC 2347)", "");
	r->options = p;
	r->options_len = len;
	return true;
}

/* ---- agreement ---- */

static void oack_add(struct tftpd_session *s, const char *name, uint64_t value)
{
	int n = snprintf((char *)s->oack + s->oack_len, OACK_MAX - s->oack_len, "%s%c%llu", name, 0,
		(unsigned long long)value);

	if (n > 0 && s->oack_len + (uint32_t)n + 1 <= OACK_MAX)
		s->oack_len += (uint32_t)n + 1;
}

static uint64_t at_most(uint64_t value, uint64_t max)
{
	return max && value > max ? max : value;
}

static void agree(struct tftpd_session *s, const char *name, uint64_t value)
{
	const struct tftpd_conf *a = &s->t->conf;
	int i = option_index(name);

	if (i < 0 || a->lacks[i] || value < option[i].min ||
		(i != TFTP_TSIZE && value > option[i].max))
		return;
	switch (i) {
	case TFTP_BLKSIZE:
		value = at_most(value, a->blksize_max);
		s->blksize = (uint32_t)value;
		break;
	case TFTP_TSIZE:
		value = a->tricks.tsize_lies ? a->tricks.tsize_lie : s->file->size;
		break;
	case TFTP_TIMEOUT:
		s->timeout_us = value * 1000000;
		break;
	case TFTP_WINDOWSIZE:
		value = at_most(value, a->windowsize_max);
		s->windowsize = (uint32_t)value;
		break;
	}
	oack_add(s, name, value);
}

static void agree_all(struct tftpd_session *s)
{
	const struct tftpd_tricks *k = &s->t->conf.tricks;
	const uint8_t *p = s->options;
	uint32_t len = s->options_len;

	s->oack_len = 2;
	wire_put16(s->oack, 6);
	while (len) {
		const char *name = next_string(&p, &len),
			   *text = name ? next_string(&p, &len) : NULL;
		uint64_t value;

		if (text && parse_value(text, &value))
			agree(s, name, value);
		if (!text)
			break;
	}
	if (k->oack && (s->options_len || k->oack_unasked)) {
		s->oack_len = 2 + (k->oack_len < OACK_MAX - 2 ? k->oack_len : OACK_MAX - 2);
		memcpy(s->oack + 2, k->oack, s->oack_len - 2);
	}
	if (k->oack_blksize)
		s->blksize = k->oack_blksize;
	if (s->oack_len == 2 && !k->oack)
		s->oack_len = 0;
}

void session_begin(struct tftpd_session *s)
{
	const struct tftpd_conf *a = &s->t->conf;

	if (!s->file) {
		s->t->stats.not_found++;
		session_error(s, 1, "File not found", 15);
		s->ended = true;
		return;
	}
	if (a->refuse_options && s->options_len) {
		session_error(s, 8, "no options here", 16);
		s->ended = true;
		return;
	}
	if (!a->no_options)
		agree_all(s);
	s->last = a->tricks.endless ? UINT64_MAX : s->file->size / s->blksize + 1;
	session_again(s);
}

/* ---- port 69 ---- */

static uint32_t asked_value(const struct request *r, enum tftpd_option which)
{
	const uint8_t *p = r->options;
	uint32_t len = r->options_len;
	uint64_t value;

	while (len) {
		const char *name = next_string(&p, &len),
			   *text = name ? next_string(&p, &len) : NULL;

		if (!text)
			break;
		if (option_index(name) == (int)which)
			return parse_value(text, &value) ? (uint32_t)value + !value : 1;
	}
	return 0;
}

static void tftpd_log(struct sim_tftpd *t, const struct request *r)
{
	struct tftpd_seen *s;

	if (t->seens == t->seen_cap) {
		t->seen_cap = t->seen_cap ? t->seen_cap * 2 : 64;
		t->seen = sim_grow(t->seen, t->seen_cap * sizeof(*t->seen));
	}
	s = &t->seen[t->seens++];
	*s = (struct tftpd_seen){
		.at_us = t->w->now_us,
		.progress_us = WORLD_NEVER,
		.ip = r->in->src_ip,
		.port = r->in->src_port,
		.options = r->options_len != 0,
		.blksize = asked_value(r, TFTP_BLKSIZE),
		.windowsize = asked_value(r, TFTP_WINDOWSIZE),
		.tsize = asked_value(r, TFTP_TSIZE) != 0,
		.timeout = asked_value(r, TFTP_TIMEOUT) != 0,
	};
	snprintf(s->name, sizeof(s->name), "%s", r->name);
	world_trace(t->w, t->h->name, "RRQ %s from %s:%u", s->name, ip_text(s->ip), s->port);
}

static void tftpd_rx(void *ctx, const struct host_in *in)
{
	struct sim_tftpd *t = ctx;
	struct request r = {.t = t, .in = in};
	struct tftpd_session *s;

	if (in->len < 4 || wire_get16(in->data) != 1) {
		blame(&r, "not an RRQ", "");
		return;
	}
	t->stats.requests++;
	if (!request_parse(&r))
		return;
	check_options(&r);
	check_tid(&r);
	tftpd_log(t, &r);
	if (t->conf.silent)
		return;
	s = session_new(t, in, tftpd_find(t, r.name));
	s->options_len = r.options_len < sizeof(s->options) ? r.options_len : 0;
	memcpy(s->options, r.options, s->options_len);
}

/* What clients say to the port that strays come from: RFC 1350 wants an ERROR 5. */
static void stray_rx(void *ctx, const struct host_in *in)
{
	struct sim_tftpd *t = ctx;

	if (in->len >= 4 && wire_get16(in->data) == 5 && wire_get16(in->data + 2) < 9)
		t->stats.errors[wire_get16(in->data + 2)]++;
	else if (in->judged)
		world_violation(t->w, t->h->name,
			"TFTP %s speaks to a port that is not its server's", ip_text(in->src_ip));
}

static void tftpd_end(void *thing)
{
	struct sim_tftpd *t = thing;

	tftpd_restart(t);
	free(t->seen);
	free(t);
}

struct sim_tftpd *tftpd_new(struct sim_host *h, const struct tftpd_conf *conf)
{
	struct sim_tftpd *t = sim_alloc(sizeof(*t));

	t->w = h->w;
	t->h = h;
	t->first_data_us = WORLD_NEVER;
	if (conf)
		t->conf = *conf;
	host_bind(h, 69, tftpd_rx, t);
	t->stray = host_bind(h, 0, stray_rx, t);
	world_own(h->w, t, tftpd_end);
	return t;
}
