/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs the scripts in tests/net/tcp, each a test of its own: what TCP says on the wire and to its
 * user, when, beside the sections of the RFCs that the scripts name. tests/net/tcp/README.md
 * describes their language. With arguments: those scripts alone, and each segment is shown.
 */
#include <glob.h>
#include "core/err.h"
#include "tests/net/tcp_peer.h"

#define SCRIPTS	       "tests/net/tcp/*.pkt"
#define SHEET_SIZE_MAX 65536
#define LINES_MAX      1024

static const struct ip_protocol protocols[] = {
	{.number = IPPROTO_UDP, .input = udp_input, .error = udp_error},
	{.number = IPPROTO_ICMP, .input = icmp_input},
	{.number = IPPROTO_TCP, .input = tcp_input, .error = tcp_error},
	{.number = 0},
};
static const struct net_config net_config = {.protocols = protocols, .schemes = lan_schemes};

struct sheet {
	char text[SHEET_SIZE_MAX];
	const char *line[LINES_MAX];
	unsigned nlines;
	unsigned repeat, times; /* the line behind `repeat`, and how often it is still gone to */
};

/* -- commands -- */

static bool arg_number(const struct line *s, unsigned i, int64_t *v)
{
	return i < s->nargs && number_whole(s->arg[i], v) ? true : complain("a number is missing");
}

static bool need_stream(void)
{
	return run.s ? true : complain("there is no connection");
}

/* The way the connection before this one ended does not matter any more. */
static bool do_open(const struct line *s)
{
	struct netdev *dev = lan_link(run.lan, 0);
	struct ip_addr peer = ip4_of(PEER(0));
	int rc;

	(void)s;
	if (run.s)
		return complain("one connection at a time");
	run.offered = run.arrived = 0;
	memset(run.have, 0, sizeof(run.have));
	run.syn_seen = run.agreed = run.ts_on = run.scaled = run.edge_known = false;
	run.isn = 0;
	run.reached = run.peer_isn;
	rc = tcp_open(&run.lan->net, dev, &peer, run.peer_port, &run_user, NULL, &run.s);
	return rc ? complain("tcp_open: %d", rc) : true;
}

static bool do_send(const struct line *s)
{
	int64_t n;

	if (!need_stream() || !arg_number(s, 1, &n))
		return false;
	run.offered += (uint64_t)n;
	run.s->ops->send(run.s, run.offered);
	return true;
}

static bool do_close(const struct line *s)
{
	(void)s;
	if (!need_stream())
		return false;
	run.s->ops->close(run.s);
	return true;
}

static bool do_abort(const struct line *s)
{
	struct stream *stream = run.s;

	(void)s;
	if (!need_stream())
		return false;
	run.s = NULL; /* not a word any more */
	stream->ops->abort(stream);
	return true;
}

static bool do_wake(const struct line *s)
{
	(void)s;
	if (!need_stream())
		return false;
	run.s->ops->wake(run.s);
	return true;
}

/* room N: bytes behind the front. */
static bool do_room(const struct line *s)
{
	int64_t n;

	if (!arg_number(s, 1, &n))
		return false;
	run.room_end = (run.s ? run.s->front : 0) + (uint64_t)n;
	return run.room_end <= RUN_BYTES_MAX ? true : complain("too much room");
}

/* take N: place() takes no more at once. */
static bool do_take(const struct line *s)
{
	int64_t n;

	if (!arg_number(s, 1, &n))
		return false;
	run.take = (uint64_t)n;
	return true;
}

static bool do_drop(const struct line *s)
{
	(void)s;
	tcp_drop(&run.lan->net, lan_link(run.lan, 0));
	return true;
}

/* Up to `expect count` only the number of segments sent matters, and the user may be told things.
 */
static bool do_anything(const struct line *s)
{
	(void)s;
	run.anything = true;
	run.ncounted = 0;
	return true;
}

/* icmp CODE seq N [mtu N] [dport N] [from A] */
static bool do_icmp(const struct line *s)
{
	struct segment quoted = {.src = US(0),
		.dst = PEER(0),
		.sport = run.our_port,
		.dport = run.peer_port,
		.n = 100};
	struct frame f;
	int64_t code, seq = 0, mtu = 0, v;

	if (!arg_number(s, 1, &code))
		return false;
	for (unsigned i = 2; i + 1 < s->nargs; i += 2) {
		if (!arg_number(s, i + 1, &v))
			return false;
		if (!strcmp(s->arg[i], "seq"))
			seq = v;
		else if (!strcmp(s->arg[i], "mtu"))
			mtu = v;
		else if (!strcmp(s->arg[i], "dport"))
			quoted.dport = (uint16_t)v;
		else
			return complain("no such word");
	}
	quoted.seq = run.isn + (uint32_t)seq;
	f = segment_icmp(run.lan, &quoted, (unsigned)code, (unsigned)mtu);
	lan_put(run.lan, 0, &f);
	return true;
}

/* peer isn N, peer clock N, peer port N */
static bool do_peer(const struct line *s)
{
	int64_t v;

	if (!arg_number(s, 2, &v))
		return false;
	if (!strcmp(s->arg[1], "isn"))
		run.peer_isn = (uint32_t)v;
	else if (!strcmp(s->arg[1], "clock"))
		run.ts_base = (uint32_t)v;
	else if (!strcmp(s->arg[1], "port"))
		run.peer_port = (uint16_t)v;
	else
		return complain("no such word");
	return true;
}

static int told_find(const char *name)
{
	for (int i = 0; i < TOLD_KINDS; i++)
		if (!strcmp(told_names[i], name))
			return i;
	return -1;
}

/* on opened send 100; on opened: nothing any more */
static bool do_on(const struct line *s)
{
	int what = s->nargs > 1 ? told_find(s->arg[1]) : -1;
	struct line *on;

	if (what < 0)
		return complain("on what?");
	on = &run.on[what];
	on->nargs = s->nargs - 2;
	memcpy(on->arg, s->arg[2], on->nargs * sizeof(s->arg[0]));
	return true;
}

static const struct script_command {
	const char *name;
	bool (*run)(const struct line *s);
} actions[] = {
	{"open", do_open},
	{"send", do_send},
	{"close", do_close},
	{"abort", do_abort},
	{"wake", do_wake},
	{"room", do_room},
	{"take", do_take},
	{"drop", do_drop},
	{"icmp", do_icmp},
	{"peer", do_peer},
	{"on", do_on},
	{"anything", do_anything},
};

static bool run_action(const struct line *s)
{
	for (unsigned i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (s->nargs && !strcmp(actions[i].name, s->arg[0]))
			return actions[i].run(s);
	return complain("no such command");
}

/* -- what a script expects -- */

static bool number_is(const struct number *v, uint32_t got)
{
	return v->any || (uint32_t)v->value == got;
}

static bool options_are(const struct line_segment *want, const struct segment *s)
{
	const unsigned told = HAS_MSS | HAS_WSCALE | HAS_SACKOK | HAS_SACK;

	if (want->options_any)
		return true;
	if ((want->has & told) != (s->has & told) || (want->has & ~s->has) ||
		want->nsack != s->nsack)
		return false;
	for (unsigned i = 0; i < s->nsack; i++)
		if (run.peer_isn + (uint32_t)want->sack[i][0] != s->sack[i][0] ||
			run.peer_isn + (uint32_t)want->sack[i][1] != s->sack[i][1])
			return false;
	return (!(want->has & HAS_MSS) || number_is(&want->mss, s->mss)) &&
	       (!(want->has & HAS_WSCALE) || number_is(&want->wscale, s->wscale)) &&
	       (!(want->has & HAS_TS) || (number_is(&want->ts_val, s->ts_val) &&
						 number_is(&want->ts_ecr, s->ts_ecr)));
}

static bool window_is(const struct line_segment *want, const struct segment *s)
{
	int64_t win = (int64_t)s->win << (run.scaled && !(s->flags & SYN) ? run.scale : 0);

	return want->win_is == '<'   ? win <= want->win
	       : want->win_is == '>' ? win >= want->win
	       : want->win_is	     ? win == want->win
				     : true;
}

/*
 * PSH must be there when the script says so, and may be anywhere with data (RFC 9293 3.9.1.2). A
 * reset may carry an acknowledgement, too.
 */
static bool segment_is(const struct line_segment *want, const struct segment *s)
{
	uint8_t flags = s->flags;

	if (s->n && !(want->flags & PSH))
		flags &= (uint8_t)~PSH;
	if (want->flags == RST)
		flags &= (uint8_t)~ACK;
	return flags == want->flags &&
	       (want->anywhere || s->seq == run.isn + (uint32_t)want->from) &&
	       s->n == (uint32_t)(want->to - want->from) &&
	       (!want->has_ack || s->ack == run.peer_isn + (uint32_t)want->ack) &&
	       s->urg == want->urg && window_is(want, s) && options_are(want, s);
}

static bool sent_any(void)
{
	return run.nsent;
}

static bool told_any(void)
{
	return run.ntold;
}

static bool line_expect(const struct line *s, uint64_t lo, uint64_t hi)
{
	char text[340];

	if (!run_until(hi, sent_any))
		return false;
	if (!run.nsent)
		return complain("nothing was sent");
	if (run.sent[0].at_us < lo || run.sent[0].at_us > hi || !segment_is(&s->seg, &run.sent[0]))
		return complain("sent was: %s", run_text(&run.sent[0], text));
	run.base = run.sent[0].at_us;
	memmove(run.sent, run.sent + 1, --run.nsent * sizeof(run.sent[0]));
	return true;
}

/* ok, error, any, ERR_X */
static bool result_is(const char *name, int rc)
{
#define ERR(name, code, text, hint) {"ERR_" #name, -(code)},
	static const struct {
		const char *name;
		int rc;
	} rows[] = {
		{"ok", 0},
#include "core/err.def"
	};
#undef ERR

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strcmp(rows[i].name, name))
			return rows[i].rc == rc;
	return !strcmp(name, "any") || (!strcmp(name, "error") && rc < 0);
}

/* opened, finished, closed RESULT */
static bool expect_told(const struct line *s, uint64_t lo, uint64_t hi)
{
	bool fits;

	if (!run_until(hi, told_any))
		return false;
	if (!run.ntold)
		return complain("the user is told nothing");
	fits = (int)run.told[0].what == told_find(s->arg[1]);
	if (fits && run.told[0].what == TOLD_CLOSED)
		fits = s->nargs > 2 && result_is(s->arg[2], run.told[0].rc);
	if (!fits || run.told[0].at_us > hi || (s->timed && run.told[0].at_us < lo))
		return complain("the user is told: %.6f %s %d",
			(double)(run.told[0].at_us - run.t0) / 1e6, told_names[run.told[0].what],
			run.told[0].rc);
	run.base = run.told[0].at_us;
	memmove(run.told, run.told + 1, --run.ntold * sizeof(run.told[0]));
	return true;
}

/* have 0:10 20:30, have nothing: the bytes that were placed. */
static bool expect_have(const struct line *s)
{
	char want[LINE_ARGS_MAX * LINE_WORD_MAX] = "", got[400] = "";
	size_t n = 0;

	for (unsigned i = 2; i < s->nargs; i++)
		n += (size_t)snprintf(want + n, sizeof(want) - n, " %s", s->arg[i]);
	n = 0;
	for (unsigned from = 0, to; from < RUN_BYTES_MAX && n < sizeof(got) - 30; from = to + 1) {
		while (from < RUN_BYTES_MAX && !run.have[from])
			from++;
		for (to = from; to < RUN_BYTES_MAX && run.have[to];)
			to++;
		if (to > from)
			n += (size_t)snprintf(got + n, sizeof(got) - n, " %u:%u", from, to);
	}
	return !strcmp(want, n ? got : " nothing") ? true : complain("there is:%s", got);
}

/* srtt 0.09~0.11 */
static bool expect_srtt(const struct line *s)
{
	const char *p = s->nargs > 2 ? s->arg[2] : "";
	uint64_t lo, hi;

	if (!need_stream() || !time_parse(&p, &lo) || *p++ != '~' || !time_parse(&p, &hi))
		return complain("srtt of what?");
	return run.s->srtt_us >= lo && run.s->srtt_us <= hi
		       ? true
		       : complain("srtt is %u us", run.s->srtt_us);
}

/* RFC 6528, 6056: all different, and no two steps the same. */
static bool expect_unpredictable(bool isns)
{
	if (run.nopens < 4)
		return complain("too few connections");
	for (unsigned i = 1; i < run.nopens; i++)
		for (unsigned k = 1; k < i; k++) {
			if (isns ? run.isns[i] == run.isns[k] : run.ports[i] == run.ports[k])
				return complain("%u and %u are the same", i, k);
			if (isns ? run.isns[i] - run.isns[i - 1] == run.isns[k] - run.isns[k - 1]
				 : run.ports[i] == run.ports[i - 1] + 1)
				return complain("%u and %u are a step apart", i, k);
		}
	return true;
}

/* count 1~10: so many segments were sent since `anything`. */
static bool expect_count(const struct line *s)
{
	unsigned lo, hi;

	if (!run.anything || s->nargs < 3 || sscanf(s->arg[2], "%u~%u", &lo, &hi) != 2)
		return complain("count what?");
	run.anything = false;
	return run.ncounted >= lo && run.ncounted <= hi ? true
							: complain("it was %u", run.ncounted);
}

static bool line_expect_command(const struct line *s, uint64_t lo, uint64_t hi)
{
	const char *what = s->nargs > 1 ? s->arg[1] : "";
	int64_t n;

	if (told_find(what) >= 0)
		return expect_told(s, lo, hi);
	if (!run_until(hi, NULL))
		return false;
	if (!strcmp(what, "have"))
		return expect_have(s);
	if (!strcmp(what, "srtt"))
		return expect_srtt(s);
	if (!strcmp(what, "count"))
		return expect_count(s);
	if (!strcmp(what, "isns") || !strcmp(what, "ports"))
		return expect_unpredictable(*what == 'i');
	if (!strcmp(what, "holes") && need_stream() && arg_number(s, 2, &n))
		return run.s->holes == n ? true : complain("it is %u", run.s->holes);
	if (!strcmp(what, "front") && need_stream() && arg_number(s, 2, &n))
		return run.s->front == (uint64_t)n
			       ? true
			       : complain("it is %llu", (unsigned long long)run.s->front);
	return complain("what is expected?");
}

/* -- a script -- */

static bool nothing_else(void)
{
	char text[340];

	if (run.nsent)
		return complain("before this was sent: %s", run_text(&run.sent[0], text));
	if (run.ntold && !run.anything)
		return complain("before this the user was told: %s %d",
			told_names[run.told[0].what], run.told[0].rc);
	return true;
}

/* What is received, done or waited for at a moment of its own. */
static bool line_act(struct sheet *sheet, const struct line *s, bool more)
{
	const char *name = s->arg[0];
	int64_t n;

	if (s->kind == LINE_RECEIVE) {
		if (!peer_say(&s->seg))
			return false;
	} else if (!strcmp(name, "repeat")) {
		sheet->times = arg_number(s, 1, &n) && n > 0 ? (unsigned)n : 0;
		return sheet->times ? true : complain("how often?");
	} else if (!strcmp(name, "quiet")) {
		const char *p = s->nargs > 1 ? s->arg[1] : "";
		uint64_t us;

		if (!time_parse(&p, &us))
			return complain("quiet for how long?");
		run.base = run.lan->fake.now_us + us;
		return run_until(run.base, sent_any) && nothing_else();
	} else if (strcmp(name, "end") && !run_action(s)) {
		return false;
	}
	return more || run_until(run.lan->fake.now_us, NULL);
}

/* more: the next line belongs to the same turn. */
static bool line_run(struct sheet *sheet, const struct line *s, bool more)
{
	uint64_t from = s->relative ? run.base : run.t0, now = run.lan->fake.now_us;
	uint64_t lo = s->timed ? from + s->lo_us : now, hi = s->timed ? from + s->hi_us : now;

	if (hi < now && s->kind != LINE_EXPECT)
		return complain("it is %.6f already", run_now());
	if (s->kind == LINE_EXPECT)
		return line_expect(s, lo, hi);
	if (!strcmp(s->arg[0], "expect"))
		return line_expect_command(s, lo, hi);
	if (s->timed && !run_until(lo, NULL))
		return false;
	if (!nothing_else())
		return false;
	run.base = lo;
	return line_act(sheet, s, more);
}

static bool sheet_load(struct sheet *sheet, const char *text)
{
	char *p = sheet->text;

	if (strlen(text) >= sizeof(sheet->text))
		return complain("too long");
	strcpy(p, text);
	for (sheet->nlines = 0; *p && sheet->nlines < LINES_MAX;) {
		char *end = p + strcspn(p, "\n");

		sheet->line[sheet->nlines++] = p;
		p = end + !!*end;
		*end = 0;
	}
	return !*p ? true : complain("too many lines");
}

static bool sheet_play(struct sheet *sheet)
{
	static struct line line, next;

	for (unsigned i = 0; i < sheet->nlines; i++) {
		unsigned peek = i + 1;
		bool fine = line_parse(&line, sheet->line[i]);

		if (!fine)
			complain("this line makes no sense");
		while (peek < sheet->nlines && line_parse(&next, sheet->line[peek]) &&
			next.kind == LINE_NONE)
			peek++;
		if (fine && line.kind != LINE_NONE)
			fine = line_run(sheet, &line,
				peek < sheet->nlines && next.kind != LINE_NONE && next.same_turn);
		if (!fine || run.bad[0]) {
			char why[sizeof(run.bad)];

			strcpy(why, run.bad);
			snprintf(run.bad, sizeof(run.bad), "%u: `%s`\n\t%.500s", i + 1,
				sheet->line[i], why);
			return false;
		}
		if (line.kind == LINE_COMMAND && !strcmp(line.arg[0], "repeat"))
			sheet->repeat = i;
		if (line.kind == LINE_COMMAND && !strcmp(line.arg[0], "end") && --sheet->times)
			i = sheet->repeat;
	}
	run.anything = false;
	return nothing_else();
}

/* What is wrong, NULL for nothing; good until the next call. */
static const char *sheet_run(const char *text, bool trace)
{
	static struct sheet sheet;
	bool good;

	memset(&run, 0, sizeof(run));
	run.trace = trace;
	run.lan = lan_new(1);
	run.lan->net.config = &net_config;
	lan_meet(run.lan, 0);
	run.t0 = run.base = run.lan->fake.now_us;
	run.peer_port = RUN_PORT;
	run.peer_isn = 3000000000u;
	run.ts_base = 700000000;
	run.take = UINT64_MAX;
	run.room_end = RUN_BYTES_MAX;
	good = sheet_load(&sheet, text) && sheet_play(&sheet);
	lan_end(run.lan);
	if (!good && !run.bad[0])
		complain("something is wrong");
	return run.bad[0] ? run.bad : NULL;
}

static void sheet_file(void **state)
{
	static char text[SHEET_SIZE_MAX];
	FILE *f = fopen(*state, "r");
	const char *bad;

	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = 0;
	fclose(f);
	bad = sheet_run(text, run.trace);
	if (bad)
		fail_msg("%s:%s", (const char *)*state, bad);
}

/* Scripts that say what is not so must fail, and name the line. */
static void lies_are_seen(void **state)
{
#define OPEN                                                                                       \
	"0 open\n0 > S 0:0(0) <...>\n0.01 < S. 0:0(0) ack 1 <mss 1460,sackOK>\n"                   \
	"0.01 > . 1:1(0) ack 1\nexpect opened\n"
	static const struct {
		const char *text, *bad;
	} rows[] = {
		{"0 open\n0.1 quiet 0.1", "2: "},
		{"0 open\n0 > S 0:0(0)", "2: "},
		{"0 open\n0.1 > S 0:0(0) <...>", "2: "},
		{"0 open\n0 > S 1:1(0) <...>", "2: "},
		{"0 open\n0 > S. 0:0(0) ack 1 <...>", "2: "},
		{"0 open\n0 > S 0:0(0) <mss 1461,sackOK,TS val * ecr 0,wscale *>", "2: "},
		{"0 open\n0 > S 0:0(0) <sackOK,TS val * ecr 0,wscale *>", "2: "},
		{"0 open\n0 > S 0:0(0) <...>\n0 expect opened", "3: "},
		{"0 open\n0 > S 0:0(0) <...>\n0 < . 0:1(2) ack 1", "3: "},
		{"0 open\n0 > S 0:0(0) <...>\n0 < . 0:0(0)", "3: "},
		{"0 open\n0 > S 0:0(0) <...>\n0 < S. 0:0(0) ack 1 <mms 1>", "3: "},
		{"0 jump", "1: "},
		{"1 quiet 1\n1 open", "2: "},
		{"0 send 1", "1: "},
		{OPEN "1 < . 1:11(10) ack 1", "1.000000 > . 1:1(0) ack 11"},
		{OPEN "1 < . 1:11(10) ack 1\n1 > . 1:1(0) ack 10", "7: "},
		{OPEN "1 < . 1:11(10) ack 1 evil\n1 > . 1:1(0) ack 11", "byte 0 is wrong"},
		{OPEN "1 < . 2:11(9) ack 1\n1 > . 1:1(0) ack 1 <sack 2:10>", "7: "},
		{OPEN "1 < . 2:11(9) ack 1\n1 > . 1:1(0) ack 1", "7: "},
		{OPEN "1 < . 1:11(10) ack 1\n1 > . 1:1(0) ack 11\nexpect have 0:9", "8: "},
		{OPEN "1 < F. 1:1(0) ack 1\n1 > . 1:1(0) ack 2\n2 close", "finished"},
		{OPEN "1 < R 1:1(0)\n1 expect closed ok", "7: "},
		{OPEN "1 < R 1:1(0)\n1 expect closed ERR_TFTP_SHORT", "7: "},
		{OPEN "1 < R 1:1(0)\n1 expect finished", "7: "},
		{OPEN "1 send 10\n1 > P. 1:11(10) ack 1 win 1", "7: "},
		{OPEN "1 send 10\n1 > P. 1:10(9) ack 1", "7: "},
		{OPEN "1 send 10\n1 > . 1:11(10) ack 1\n1 quiet 100", "8: "},
		{OPEN "anything\n1 expect count 1~2", "7: "},
		{OPEN "1 expect srtt 0.5~0.6", "6: "},
		{OPEN "1 expect front 1", "6: "},
		{OPEN "1 expect holes 1", "6: "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *bad = sheet_run(rows[i].text, false);

		if (!bad || !strstr(bad, rows[i].bad))
			fail_msg("row %zu: %s", i, bad ? bad : "nothing is wrong");
	}
}

int main(int argc, char **argv)
{
	glob_t files = {.gl_pathc = (size_t)argc - 1, .gl_pathv = argv + 1};
	struct CMUnitTest *tests;
	int failed;

	if (argc < 2 && glob(SCRIPTS, 0, NULL, &files)) {
		fprintf(stderr, "no scripts: to be run in the folder above tests/\n");
		return 1;
	}
	run.trace = argc > 1;
	tests = calloc(files.gl_pathc + 1, sizeof(tests[0]));
	if (!tests)
		return 1;
	for (size_t i = 0; i < files.gl_pathc; i++) {
		tests[i].name = files.gl_pathv[i];
		tests[i].test_func = sheet_file;
		tests[i].initial_state = files.gl_pathv[i];
	}
	tests[files.gl_pathc] = (struct CMUnitTest)cmocka_unit_test(lies_are_seen);
	failed = _cmocka_run_group_tests("scripts", tests, files.gl_pathc + (argc < 2), NULL, NULL);
	free(tests);
	if (argc < 2)
		globfree(&files);
	return failed;
}
