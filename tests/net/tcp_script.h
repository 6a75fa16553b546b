/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The language of the scripts in tests/net/tcp, as README.md there describes it: one line to one
 * struct line. Knows nothing of the machine under test. Header only.
 */
#ifndef TESTS_NET_TCP_SCRIPT_H
#define TESTS_NET_TCP_SCRIPT_H

#include <ctype.h>
#include <stdio.h>
#include "tests/net/tcp_wire.h"

#define LINE_ARGS_MAX 8
#define LINE_WORD_MAX 48

enum line_kind { LINE_NONE, LINE_RECEIVE, LINE_EXPECT, LINE_COMMAND };

/* A number of a script: `any` for *, otherwise value, which may count from one that moves. */
struct number {
	bool any, moving; /* moving: "now", "last", with value added */
	int64_t value;
};

struct line_segment {
	uint8_t flags;
	int64_t from, to;
	bool anywhere; /* "*:*(0)" */
	bool has_ack;
	int64_t ack;
	char win_is; /* 0: not said; '=', '<' at most, '>' at least */
	int64_t win; /* bytes */
	uint16_t urg;
	bool options_said, options_any;
	unsigned has; /* as in struct segment */
	struct number mss, wscale, ts_val, ts_ecr;
	unsigned nsack;
	int64_t sack[SEG_SACK_MAX][2];
	unsigned nraw;
	uint8_t raw[SEG_OPTIONS_MAX];
	/* received ones alone: */
	bool evil, badsum;
	uint32_t src, dst; /* 0: the usual ones */
	uint16_t sport, dport;
};

struct line {
	enum line_kind kind;
	bool timed, relative, same_turn;
	uint64_t lo_us, hi_us;
	struct line_segment seg;
	unsigned nargs;
	char arg[LINE_ARGS_MAX][LINE_WORD_MAX];
};

/* -- words and numbers -- */

/* The next word up to a blank; false at the end of the line or at a comment. */
static inline bool word_next(const char **p, char word[LINE_WORD_MAX])
{
	size_t n = 0;

	*p += strspn(*p, " \t");
	if (!**p || **p == '#')
		return false;
	for (; **p && !strchr(" \t", **p); (*p)++)
		if (n < LINE_WORD_MAX - 1)
			word[n++] = **p;
	word[n] = 0;
	return true;
}

/* "12", "-5"; the whole word, or up to the character `stop`, which is skipped. */
static inline bool number_parse(const char **p, char stop, int64_t *v)
{
	char *end;

	if (!isdigit((unsigned char)**p) && **p != '-')
		return false;
	*v = strtoll(*p, &end, 10);
	if (end == *p || *end != stop)
		return false;
	*p = end + (stop != 0);
	return true;
}

static inline bool number_whole(const char *word, int64_t *v)
{
	return number_parse(&word, 0, v);
}

/* "*", "now", "now-100", "last+1", "7" */
static inline bool number_moving(const char *word, const char *name, struct number *v)
{
	size_t n = strlen(name);

	*v = (struct number){0};
	if (!strcmp(word, "*"))
		return v->any = true;
	if (strncmp(word, name, n))
		return number_whole(word, &v->value);
	v->moving = true;
	word += n;
	return !*word || (*word == '+' && number_whole(word + 1, &v->value)) ||
	       (*word == '-' && number_whole(word, &v->value));
}

/* Seconds: "0.25" */
static inline bool time_parse(const char **p, uint64_t *us)
{
	char *end;
	double seconds;

	if (!isdigit((unsigned char)**p))
		return false;
	seconds = strtod(*p, &end);
	*us = (uint64_t)(seconds * 1e6 + 0.5);
	*p = end;
	return true;
}

/* "0.5", "+0.5", "+0.5~0.7", "=" */
static inline bool line_time(struct line *s, const char *word)
{
	if (!strcmp(word, "="))
		return s->same_turn = true;
	s->relative = *word == '+';
	word += s->relative;
	if (!time_parse(&word, &s->lo_us))
		return false;
	s->hi_us = s->lo_us;
	if (*word == '~') {
		word++;
		if (!time_parse(&word, &s->hi_us) || s->hi_us < s->lo_us)
			return false;
	}
	s->timed = true;
	return !*word;
}

/* "10:20" with `stop` behind it. */
static inline bool range_parse(const char **p, char stop, int64_t *from, int64_t *to)
{
	return number_parse(p, ':', from) && number_parse(p, stop, to);
}

/* -- options: "<mss 1460,sackOK,TS val 1 ecr 0,wscale 7,sack 1:2 3:4>" -- */

static inline bool option_sack(struct line_segment *s, const char *p)
{
	char word[LINE_WORD_MAX];

	s->has |= HAS_SACK;
	while (word_next(&p, word)) {
		const char *w = word;

		if (s->nsack == SEG_SACK_MAX ||
			!range_parse(&w, 0, &s->sack[s->nsack][0], &s->sack[s->nsack][1]))
			return false;
		s->nsack++;
	}
	return s->nsack;
}

static inline bool option_raw(struct line_segment *s, const char *p)
{
	unsigned byte;

	for (p += strspn(p, " "); sscanf(p, "%2x", &byte) == 1; p += 2) {
		if (s->nraw == SEG_OPTIONS_MAX || !isxdigit((unsigned char)p[1]))
			return false;
		s->raw[s->nraw++] = (uint8_t)byte;
	}
	return !*p;
}

static inline bool option_ts(struct line_segment *s, const char *p)
{
	char val[LINE_WORD_MAX], ecr[LINE_WORD_MAX], name[LINE_WORD_MAX];

	s->has |= HAS_TS;
	return word_next(&p, name) && !strcmp(name, "val") && word_next(&p, val) &&
	       number_moving(val, "now", &s->ts_val) && word_next(&p, name) &&
	       !strcmp(name, "ecr") && word_next(&p, ecr) &&
	       number_moving(ecr, "last", &s->ts_ecr) && !word_next(&p, name);
}

static inline bool option_number(struct number *v, const char *p)
{
	char word[LINE_WORD_MAX];

	return word_next(&p, word) && number_moving(word, "=", v) && !word_next(&p, word);
}

static inline bool option_parse(struct line_segment *s, const char *text)
{
	char name[LINE_WORD_MAX];

	if (!word_next(&text, name))
		return false;
	if (!strcmp(name, "mss"))
		return s->has |= HAS_MSS, option_number(&s->mss, text);
	if (!strcmp(name, "wscale"))
		return s->has |= HAS_WSCALE, option_number(&s->wscale, text);
	if (!strcmp(name, "sackOK"))
		return s->has |= HAS_SACKOK, !*text;
	if (!strcmp(name, "sack"))
		return option_sack(s, text);
	if (!strcmp(name, "TS"))
		return option_ts(s, text);
	if (!strcmp(name, "raw"))
		return option_raw(s, text);
	return false;
}

/* At '<'; skips what is behind it up to '>'. */
static inline bool options_parse(struct line_segment *s, const char **p)
{
	const char *end = strchr(*p, '>');
	char text[200], *at = text, *comma;

	if (!end || (size_t)(end - *p) > sizeof(text))
		return false;
	memcpy(text, *p + 1, (size_t)(end - *p - 1));
	text[end - *p - 1] = 0;
	*p = end + 1;
	s->options_said = true;
	if (!strcmp(text, "..."))
		return s->options_any = true;
	if (!*text)
		return true;
	for (; (comma = strchr(at, ',')); at = comma + 1) {
		*comma = 0;
		if (!option_parse(s, at))
			return false;
	}
	return option_parse(s, at);
}

/* -- segments: "P. 1:101(100) ack 1 win 65535 <...>" -- */

static inline bool segment_flags(struct line_segment *s, const char *word)
{
	static const char letters[] = "FSRP.U";

	for (word += *word == '-'; *word; word++) {
		const char *at = strchr(letters, *word);

		if (!at)
			return false;
		s->flags |= (uint8_t)(1u << (at - letters));
	}
	return true;
}

static inline bool segment_range(struct line_segment *s, const char *word)
{
	int64_t n;

	if (!strcmp(word, "*:*(0)"))
		return s->anywhere = true;
	return range_parse(&word, '(', &s->from, &s->to) && number_parse(&word, ')', &n) &&
	       !*word && n == s->to - s->from && n >= 0 && n <= SEG_DATA_MAX;
}

static inline bool segment_window(struct line_segment *s, const char *word)
{
	s->win_is = '=';
	if ((*word == '<' || *word == '>') && word[1] == '=') {
		s->win_is = *word;
		word += 2;
	}
	return number_whole(word, &s->win);
}

static inline bool address_parse(const char *word, uint32_t *a)
{
	unsigned b[4];

	if (sscanf(word, "%u.%u.%u.%u", &b[0], &b[1], &b[2], &b[3]) != 4)
		return false;
	*a = IP4(b[0], b[1], b[2], b[3]);
	return true;
}

/* A word with its value. */
static inline bool segment_field(struct line_segment *s, const char *name, const char *value)
{
	int64_t v = 0;

	if (!strcmp(name, "ack"))
		return s->has_ack = true, number_whole(value, &s->ack);
	if (!strcmp(name, "win"))
		return segment_window(s, value);
	if (!strcmp(name, "from"))
		return address_parse(value, &s->src);
	if (!strcmp(name, "to"))
		return address_parse(value, &s->dst);
	if (!number_whole(value, &v) || v < 0 || v > 65535)
		return false;
	if (!strcmp(name, "urg"))
		s->urg = (uint16_t)v;
	else if (!strcmp(name, "sport"))
		s->sport = (uint16_t)v;
	else if (!strcmp(name, "dport"))
		s->dport = (uint16_t)v;
	else
		return false;
	return true;
}

static inline bool segment_line(struct line_segment *s, const char *p)
{
	char word[LINE_WORD_MAX], value[LINE_WORD_MAX];

	if (!word_next(&p, word) || !segment_flags(s, word) || !word_next(&p, word) ||
		!segment_range(s, word))
		return false;
	for (;;) {
		p += strspn(p, " \t");
		if (*p == '<') {
			if (!options_parse(s, &p))
				return false;
			continue;
		}
		if (!word_next(&p, word))
			return s->has_ack == !!(s->flags & ACK);
		if (!strcmp(word, "evil"))
			s->evil = true;
		else if (!strcmp(word, "badsum"))
			s->badsum = true;
		else if (!word_next(&p, value) || !segment_field(s, word, value))
			return false;
	}
}

/* One line of a script; false when it makes no sense. An empty one is LINE_NONE. */
static inline bool line_parse(struct line *s, const char *p)
{
	char word[LINE_WORD_MAX];
	const char *start = p;

	memset(s, 0, sizeof(*s));
	if (!word_next(&p, word))
		return true;
	if ((isdigit((unsigned char)*word) || strchr("+=", *word))) {
		if (!line_time(s, word))
			return false;
		start = p;
		if (!word_next(&p, word))
			return false;
	}
	s->kind = !strcmp(word, "<")   ? LINE_RECEIVE
		  : !strcmp(word, ">") ? LINE_EXPECT
				       : LINE_COMMAND;
	if (s->kind != LINE_COMMAND)
		return (s->timed || (s->same_turn && s->kind == LINE_RECEIVE)) &&
		       segment_line(&s->seg, p) && !(s->seg.anywhere && s->kind == LINE_RECEIVE);
	while (word_next(&start, word)) {
		if (s->nargs == LINE_ARGS_MAX)
			return false;
		strcpy(s->arg[s->nargs++], word);
	}
	return true;
}

#endif
