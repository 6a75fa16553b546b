/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HTTP/1.1 client (RFC 9110, 9112) as a filler: which bytes of the file are asked for on which
 * connection, what answers mean, and what happens when one breaks off.
 *
 * It begins with one plain GET. When that connection breaks, or the server has been silent for a
 * while, the first hole of the image is asked for by Range and If-Range on a new one, as often as
 * it takes, while something new comes within SILENCE_US. When losses, and not the line, are the
 * limit, further connections take the upper halves of what is left, at most `http-connections` in
 * all. Each byte that is missing is the claim of at most one connection, [http_conn_at(c), c->to);
 * a connection that has reached the end of its claim is free for the next one, or ended when the
 * server would go on.
 *
 * Never mixed: all responses of one image have the same length and the same validator (strong
 * entity tag or modification date). A file that turns out to have changed, or that cannot be told
 * from a changed one since the server named no validator, begins anew in a new image, ANEW_MAX
 * times.
 *
 * Not done: other methods than GET, proxies, cookies, content codings, multipart ranges, HTTP dates
 * in Retry-After (they count as RETRY_DEFAULT_S).
 */
#include "net/http.h"
#include "core/fmt.h"
#include "core/log.h"
#include "core/machine.h"
#include "core/str.h"
#include "net/net.h"

#define TICK_US		500000
#define SILENCE_US	60000000 /* nothing new for so long: given up */
#define STALL_US	10000000 /* a connection that brings nothing: broken */
#define STALL_HEAD_US	20000000 /* the same, while it owes us a head */
#define STALL_OPEN_US	5000000	 /* the same, while it connects */
#define RETRY_MIN_US	250000
#define RETRY_MAX_US	4000000
#define BREAKS_MAX	40 /* that brought less than GAIN each; in a row */
#define BREAKS_FIRST	3  /* the same, before any response */
#define GAIN		(64u << 10)
#define ANEW_MAX	2
#define LOGINS_MAX	4
#define WAITS_MAX	10 /* of Retry-After */
#define RETRY_DEFAULT_S 5
#define RETRY_MAX_S	120
#define SKIP_MAX	(64u << 10)  /* a body that is no file and larger: not worth to be read */
#define SPLIT_MIN	(512u << 10) /* what is left is shared when it is more */
#define ISLAND_MIN	(256u << 10) /* what is there already is left out when it is more */
#define LOSSY_HOLES	4	     /* so many at least, and one in LOSSY_BYTES, 200 segments */
#define LOSSY_BYTES	(200u * 1448)
#define SPARE_CONNS	3 /* that others can still make when we take further ones */

_Static_assert(sizeof(struct http) <= FILLER_PRIV_MAX, "a filler's state fits its place");

/* The next connection of f behind c, or the first for NULL; NULL when there is none. */
static struct http_conn *conn_next(const struct fetch *f, struct http_conn *c)
{
	struct http_conn *end = f->net->http + HTTP_CONN_MAX;

	for (c = c ? c + 1 : f->net->http; c < end; c++)
		if (c->f == f)
			return c;
	return NULL;
}

static unsigned conn_count(const struct fetch *f)
{
	unsigned n = 0;

	for (struct http_conn *c = conn_next(f, NULL); c; c = conn_next(f, c))
		n++;
	return n;
}

static int http_err(struct fetch *f, enum err code, const char *what)
{
	if (f->m->err.code != (int)code)
		err_clear(f->m); /* what was no reason to give up is in the log */
	return err_set(
		f->m, code, "%.40s%.60s by %s: %s", f->url.host, f->url.path, f->dev->name, what);
}

/* -- ends -- */

static void drop_all(struct fetch *f)
{
	for (struct http_conn *c = conn_next(f, NULL); c; c = conn_next(f, c))
		http_conn_drop(c);
}

void http_cancel(struct fetch *f)
{
	timer_stop(f->m, &http_of(f)->timer);
	drop_all(f);
}

static void http_end(struct fetch *f, int result)
{
	http_cancel(f);
	fetch_done(f, result);
}

/* Nothing is asked for during delay_us and up to half of it more: many nodes lose one server. */
static void http_pause(struct fetch *f, uint32_t delay_us)
{
	struct http *h = http_of(f);

	delay_us += rng_below(f->m, delay_us / 2);
	h->retry_us = f->m->now_us + delay_us;
	if (delay_us < TICK_US)
		timer_start(f->m, &h->timer, delay_us);
}

/* From the first byte on, into a new image. */
static void http_anew(struct fetch *f, enum err why)
{
	struct http *h = http_of(f);

	if (h->anew++ >= ANEW_MAX) {
		http_end(f, http_err(f, why, "again and again"));
		return;
	}
	log_put(f->m, LOG_INFO, "%s: %s; beginning anew", f->url.host, err_text((int)why));
	drop_all(f);
	if (f->image)
		image_free(f->m, f->image);
	f->image = NULL;
	f->bytes = h->gained = 0;
	h->want = 1;
	h->validator[0] = 0;
	http_pause(f, RETRY_MIN_US);
}

/* Asks for [from, to) of the file; for all of it while nothing is known. */
static int http_ask(struct fetch *f, uint64_t from, uint64_t to)
{
	int rc;
	struct http_conn *c = http_conn_get(f, conn_count(f) ? SPARE_CONNS : 0, &rc);

	if (!c)
		return rc;
	c->ranged = from || (f->image && to != f->image->total);
	c->obj = from;
	c->to = to;
	if (!http_request_make(f, c)) {
		http_conn_drop(c);
		return -ERR_BAD_URL;
	}
	http_conn_ask(c);
	return 0;
}

/* -- who fills what -- */

static struct http_conn *claimant(const struct fetch *f, uint64_t off)
{
	struct http_conn *c = conn_next(f, NULL);

	while (c && (off < http_conn_at(c) || off >= c->to))
		c = conn_next(f, c);
	return c;
}

/* Up to where to ask from start on: a claim, or something large that is there already. */
static uint64_t hole_end(const struct fetch *f, uint64_t start)
{
	const struct ranges *have = &f->image->have;
	uint64_t end = f->image->total, at;

	for (struct http_conn *c = conn_next(f, NULL); c; c = conn_next(f, c)) {
		at = http_conn_at(c);
		if (at > start && at < end && at < c->to)
			end = at;
	}
	for (unsigned i = 0; i < have->n; i++) {
		const struct range *r = &have->r[i];

		if (r->start > start && r->start < end && r->end - r->start >= ISLAND_MIN)
			end = r->start;
	}
	return end;
}

/* The first part of the image that is missing and nobody's. */
static bool find_hole(const struct fetch *f, struct range *hole)
{
	struct http_conn *c;
	uint64_t at = 0;

	for (unsigned i = 0; i <= HTTP_CONN_MAX; i++) {
		if (!ranges_hole(&f->image->have, at, f->image->total, hole))
			return false;
		c = claimant(f, hole->start);
		if (!c) {
			hole->end = hole_end(f, hole->start);
			return true;
		}
		at = c->to;
	}
	return false;
}

/* The upper half of the largest claim, which is taken away. */
static bool split_claim(const struct fetch *f, struct range *half)
{
	uint64_t most = SPLIT_MIN, rest;
	struct http_conn *largest = NULL;

	for (struct http_conn *c = conn_next(f, NULL); c; c = conn_next(f, c)) {
		rest = c->to - http_conn_at(c);
		if (c->to > http_conn_at(c) && rest > most) {
			most = rest;
			largest = c;
		}
	}
	if (!largest || largest->to == HTTP_UNKNOWN)
		return false;
	*half = (struct range){largest->to - most / 2, largest->to};
	largest->to = half->start;
	return true;
}

/* Asks for what nobody has been asked for, on as many connections as are allowed. */
static void http_work(struct fetch *f)
{
	struct http *h = http_of(f);
	struct range r = {0, HTTP_UNKNOWN};
	int rc = 0;

	while (!rc && conn_count(f) < h->want && f->m->now_us >= h->retry_us) {
		if (f->image && !find_hole(f, &r) && !split_claim(f, &r))
			return;
		rc = http_ask(f, r.start, r.end);
	}
	/* The link may be down, or others have all connections: later. */
	if (rc && !conn_count(f))
		http_pause(f, RETRY_MAX_US);
}

static void http_next(struct fetch *f)
{
	if (f->image && image_complete(f->image))
		http_end(f, 0);
	else
		http_work(f);
}

/* -- what the server says -- */

/* Its words are no part of the file. The rest of its claim is nobody's. */
static void answer_skip(struct http_conn *c)
{
	c->skip = true;
	c->obj = c->to = 0;
}

static int answer_open(struct http_conn *c, uint64_t total)
{
	struct fetch *f = c->f;
	struct http *h = http_of(f);
	const char *validator = http_head_validator(&c->head);
	int rc = image_open(f->m, f->name, f->uri, total, f->path[0] ? f->path : NULL, &f->image);

	if (rc)
		return rc;
	str_copy(h->validator, sizeof(h->validator), validator ? validator : "");
	h->ranges = c->head.takes_ranges;
	h->alive_us = f->m->now_us;
	return 0;
}

/* Whether it is still the file that was begun with; *total is what this answer says. */
static bool answer_fits(struct http_conn *c, uint64_t total)
{
	const char *validator = http_head_validator(&c->head);
	struct image *img = c->f->image;

	if (!validator || strcmp(validator, http_of(c->f)->validator))
		return false;
	if (img->total == IMAGE_SIZE_UNKNOWN && total != HTTP_UNKNOWN)
		return !image_set_total(c->f->m, img, total);
	return img->total == total;
}

/* 200: all of the file, whatever was asked for. */
static int answer_all(struct http_conn *c)
{
	struct fetch *f = c->f;
	uint64_t total = c->head.length;
	int rc = 0;

	if (!f->image)
		rc = answer_open(c, total);
	else if (!answer_fits(c, total))
		return -ERR_HTTP_CHANGED;
	else if (c->ranged)
		http_of(f)->ranges = false; /* it does not know them */
	c->obj = 0;
	c->end = c->to = total;
	return rc;
}

/* 206: the range that was asked for, or the beginning of it. RFC 9110 15.3.7. */
static int answer_part(struct http_conn *c)
{
	const struct http_head *h = &c->head;

	if (!h->ranged || h->from != c->obj || h->to > c->to ||
		(h->length != HTTP_UNKNOWN && h->length != h->to - h->from))
		return http_err(c->f, ERR_HTTP_PROTOCOL, "not the range that was asked for");
	if (!answer_fits(c, h->total))
		return -ERR_HTTP_CHANGED;
	c->end = h->to;
	if (c->to > c->end)
		c->to = c->end;
	http_of(c->f)->ranges = true;
	return 0;
}

static int http_answer(struct http_conn *c)
{
	const struct http_head *h = &c->head;
	struct http_auth *auth = &http_of(c->f)->auth;
	bool all = h->status == 200, part = h->status == 206;

	if ((all || part) && h->encoded)
		return http_err(c->f, ERR_HTTP_PROTOCOL, "Content-Encoding");
	if (part && !c->ranged)
		return http_err(c->f, ERR_HTTP_PROTOCOL, "a range that was not asked for");
	if (h->nonce[0]) {
		str_copy(auth->nonce, sizeof(auth->nonce), h->nonce);
		auth->nc = 0;
	}
	if (part)
		return answer_part(c);
	if (all && (!c->ranged || conn_count(c->f) == 1))
		return answer_all(c);
	answer_skip(c);
	return 0;
}

static bool http_put(struct http_conn *c, uint64_t off, const void *p, size_t n)
{
	struct fetch *f = c->f;
	uint32_t refused = f->image->refused;
	uint64_t before = ranges_bytes(&f->image->have);
	int rc = image_put(f->m, f->image, off, p, n);

	if (rc)
		c->rc = rc;
	if (rc || f->image->refused != refused)
		return false;
	http_of(f)->alive_us = f->m->now_us;
	fetch_got(f, (size_t)(ranges_bytes(&f->image->have) - before));
	return true;
}

static bool is_lossy(const struct http_conn *c)
{
	return c->s->holes >= LOSSY_HOLES && c->s->front <= (uint64_t)c->s->holes * LOSSY_BYTES;
}

static void http_progress(struct http_conn *c)
{
	struct fetch *f = c->f;
	struct http *h = http_of(f);

	if (c->skip) {
		if (http_conn_at(c) > SKIP_MAX)
			http_user.broken(c, 0);
		return;
	}
	if (!f->image || f->image->total == IMAGE_SIZE_UNKNOWN)
		return;
	if (http_conn_at(c) >= c->to) {
		http_conn_drop(c); /* the rest is another's */
		http_next(f);
	} else if (h->want == 1 && h->ranges && h->validator[0] && is_lossy(c)) {
		h->want = (uint8_t)setting_number(f->m, "http-connections", HTTP_SHARE_MAX);
		if (!h->want || h->want > HTTP_SHARE_MAX)
			h->want = 1;
		http_work(f);
	}
}

/*
 * A redirect to the host that we are talking to becomes a path, so that user and password of the
 * URL stay; any other is noted.
 */
static const char *redirect_ref(struct fetch *f, const char *to)
{
	const char *path = str_starts(to, "//") ? NULL : to;
	struct url u;

	if (path && strchr(to, ':') && !url_parse(to, &u)) {
		path = strchr(to + strlen(u.scheme) + 3, '/');
		if (strcmp(u.scheme, f->url.scheme) || !str_ieq(u.host, f->url.host) ||
			u.port != f->url.port || u.user[0])
			path = NULL;
	}
	f->strayed |= !path;
	return path ? path : to;
}

/* Whether there is something to answer to the server's challenge; it is then asked again. */
static bool http_login(struct fetch *f, const struct http_auth *challenge)
{
	struct http *h = http_of(f);
	bool tried = h->auth.basic || h->auth.digest;

	if ((!challenge->basic && !challenge->digest) || (tried && !challenge->stale) ||
		h->logins++ >= LOGINS_MAX)
		return false;
	h->auth = *challenge;
	return http_request_login(f);
}

static void http_wait(struct fetch *f, const struct http_head *head)
{
	uint32_t s = head->retry_s ? head->retry_s : RETRY_DEFAULT_S;

	s = s < RETRY_MAX_S ? s : RETRY_MAX_S;
	log_put(f->m, LOG_INFO, "%s: %u, again in %u s", f->url.host, head->status, s);
	f->retries++;
	http_pause(f, s * 1000000);
	http_of(f)->alive_us = http_of(f)->retry_us;
}

static enum err status_err(unsigned status)
{
	if (status == 401)
		return ERR_HTTP_LOGIN;
	return status == 404 || status == 410 ? ERR_HTTP_NOT_FOUND : ERR_HTTP_STATUS;
}

static bool is_redirect(const struct http_head *h)
{
	unsigned n = h->status - 300u;

	return h->location[0] && n <= 8 && (0x18eu >> n & 1); /* 301 302 303 307 308 */
}

/* What the server said instead of the file. The connection is done with already. */
static void http_verdict(struct fetch *f, const struct http_head *head)
{
	unsigned status = head->status;
	char what[64];

	if (is_redirect(head)) {
		http_cancel(f);
		fetch_redirect(f, redirect_ref(f, head->location));
	} else if (status == 401 && http_login(f, &head->auth)) {
		http_work(f);
	} else if (status == 416 && f->image) {
		http_anew(f, ERR_HTTP_CHANGED);
	} else if ((status == 503 || status == 429) && head->retry &&
		   http_of(f)->waits++ < WAITS_MAX) {
		http_wait(f, head);
	} else {
		fmt_print(what, sizeof(what), "%u %s", status, head->reason);
		http_end(f, http_err(f, status_err(status), what));
	}
}

/* Another connection is at work and does as well: this one was in vain. */
static bool in_vain(struct fetch *f)
{
	struct http *h = http_of(f);

	if (!conn_count(f))
		return false;
	h->want = 1;
	h->ranges = false;
	return true;
}

static void http_over(struct http_conn *c)
{
	struct fetch *f = c->f;
	bool skip = c->skip;
	int rc = 0;

	if (!skip && f->image->total == IMAGE_SIZE_UNKNOWN)
		rc = image_set_total(f->m, f->image, c->obj);
	http_conn_keep(c);
	if (rc)
		http_end(f, rc);
	else if (!skip)
		http_next(f);
	else if (!in_vain(f))
		http_verdict(f, &c->head);
}

/* -- breaks -- */

/* A connection came to nothing: what is left of its claim is asked for again, a little later. */
static void http_broke(struct fetch *f)
{
	struct http *h = http_of(f);
	uint32_t delay = RETRY_MIN_US;

	f->retries++;
	h->breaks = f->bytes - h->gained >= GAIN ? 0 : (uint8_t)(h->breaks + 1);
	h->gained = f->bytes;
	if (h->breaks > (f->image ? BREAKS_MAX : BREAKS_FIRST)) {
		http_end(f, http_err(f, ERR_HTTP_BROKEN, "again and again"));
		return;
	}
	if (f->image && !h->validator[0]) {
		http_anew(f, ERR_HTTP_BROKEN);
		return;
	}
	for (unsigned i = 1; i < h->breaks && delay < RETRY_MAX_US; i++)
		delay *= 2;
	http_pause(f, delay);
}

static void http_broken(struct http_conn *c, int rc)
{
	struct fetch *f = c->f;
	bool stale = c->reused && !c->touched, opened = c->opened, said = c->skip, ours = c->rc;

	http_conn_drop(c);
	if (stale)
		http_work(f); /* it was closed meanwhile: no error, another one */
	else if ((said || ours) && in_vain(f))
		return;
	else if (said)
		http_verdict(f, &c->head); /* the end of its words does not matter */
	else if (rc == -ERR_HTTP_CHANGED)
		http_anew(f, ERR_HTTP_CHANGED);
	else if (ours)
		http_end(f, rc);
	else if (!f->image && !opened && rc)
		http_end(f, http_err(f, (enum err) - rc, "no connection"));
	else
		http_broke(f);
}

const struct http_user http_user = {http_answer, http_put, http_progress, http_over, http_broken};

/* -- time -- */

/* How long this connection may bring nothing. */
static uint64_t patience(const struct fetch *f, const struct http_conn *c)
{
	if (c->reused && !c->touched)
		return STALL_US;
	if (!f->image)
		return SILENCE_US;
	return !c->opened ? STALL_OPEN_US : c->phase == HTTP_HEAD ? STALL_HEAD_US : STALL_US;
}

static int http_silent(struct fetch *f)
{
	char what[64];

	if (!f->dev->link_up)
		return http_err(f, ERR_LINK_DOWN, "the link went down");
	fmt_print(what, sizeof(what), "silent for %u s after %llu bytes", SILENCE_US / 1000000,
		(unsigned long long)f->bytes);
	return http_err(f, ERR_HTTP_TIMEOUT, what);
}

static void http_tick(struct machine *m, struct timer *timer)
{
	struct fetch *f = timer->ctx;
	struct http *h = http_of(f);
	struct http_conn *end = f->net->http + HTTP_CONN_MAX;

	timer_start(m, timer, TICK_US);
	if (m->now_us > h->alive_us + SILENCE_US) {
		http_end(f, http_silent(f));
		return;
	}
	for (struct http_conn *c = f->net->http; c < end && timer->armed; c++)
		if (c->f == f && m->now_us - c->alive_us >= patience(f, c))
			http_broken(c, 0);
	if (timer->armed)
		http_work(f);
}

int http_start(struct fetch *f)
{
	struct http *h = http_of(f);
	int rc;

	memset(h, 0, sizeof(*h));
	h->alive_us = f->m->now_us;
	h->want = 1;
	timer_init(&h->timer, http_tick, f);
	rc = http_ask(f, 0, HTTP_UNKNOWN);
	if (rc)
		return http_err(f, (enum err) - rc, "no connection");
	timer_start(f->m, &h->timer, TICK_US);
	return 0;
}
