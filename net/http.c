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

#define TICK_US		100000
#define SILENCE_US	60000000 /* nothing new for so long: given up */
#define STALL_US	10000000 /* a connection that brings nothing: broken */
#define STALL_SHARED_US 2000000	 /* the same while others may wait for its part */
#define RETRY_MIN_US	100000
#define RETRY_MAX_US	4000000
#define BREAKS_FIRST	3 /* before there was any response */
#define ANEW_MAX	2
#define LOGINS_MAX	4
#define WAITS_MAX	10 /* of Retry-After */
#define RETRY_DEFAULT_S 5
#define RETRY_MAX_S	120
#define SKIP_MAX	(64u << 10)  /* a body that is no file and larger: not worth to be read */
#define SPLIT_MIN	(512u << 10) /* what is left is shared when it is more */
#define FULL_REST	8192	     /* bytes of room that may be too few to be offered */
#define LOSSY_HOLES	3	     /* at least, and one in 2^LOSSY_SHIFT bytes: 180 segments */
#define LOSSY_SHIFT	18

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

	for (struct http_conn *c = NULL; (c = conn_next(f, c)) != NULL;)
		n++;
	return n;
}

/* -- ends -- */

static void drop_all(struct fetch *f)
{
	for (struct http_conn *c = NULL; (c = conn_next(f, c)) != NULL;)
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
	http_of(f)->retry_us = f->m->now_us + delay_us + rng_below(f->m, delay_us / 2);
}

/* From the first byte on, into a new image; or the end with rc. */
static void http_anew(struct fetch *f, int rc)
{
	struct http *h = http_of(f);

	if (f->ring || h->anew++ >= ANEW_MAX) {
		http_end(f, fetch_err(f, rc, "again and again"));
		return;
	}
	log_put(f->m, LOG_INFO, "%s: %s; beginning anew", f->url.host, err_text(rc));
	drop_all(f);
	if (f->image)
		image_free(f->m, f->image);
	f->image = NULL;
	f->bytes = 0;
	h->want = 1;
	http_pause(f, RETRY_MIN_US);
}

/* -- who fills what -- */

/* Asks for [from, to) of the file; for all of it while nothing is known. */
static int http_ask(struct fetch *f, const struct range *r)
{
	int rc;
	struct http_conn *c = http_conn_get(f, &rc);

	if (!c)
		return rc;
	c->ranged = r->start || (f->image && r->end != f->image->total);
	c->obj = r->start;
	c->end = c->to = r->end;
	if (!http_request_make(f, c)) {
		http_conn_drop(c);
		return -ERR_BAD_URL;
	}
	http_conn_ask(c);
	return 0;
}

/* The first part of the image that is missing and nobody's. */
static bool find_hole(const struct fetch *f, struct range *hole)
{
	struct ranges claimed = f->image->have;

	for (struct http_conn *c = NULL; (c = conn_next(f, c)) != NULL;)
		ranges_add(&claimed, http_conn_at(c), c->to);
	return ranges_hole(&claimed, 0, f->image->total, hole);
}

/* The upper half of the largest claim, which is taken away. */
static bool split_claim(const struct fetch *f, struct range *half)
{
	uint64_t most = SPLIT_MIN, at;
	struct http_conn *largest = NULL;

	for (struct http_conn *c = NULL; (c = conn_next(f, c)) != NULL;) {
		at = http_conn_at(c);
		if (c->to > at && c->to - at > most) {
			most = c->to - at;
			largest = c;
		}
	}
	if (!largest || largest->to == HTTP_UNKNOWN)
		return false;
	half->end = largest->to;
	half->start = largest->to -= most / 2;
	return true;
}

/* A server that cannot be reached again: what is missing may be had from the name's next address.
 */
static void http_unreached(struct fetch *f)
{
	if (f->image && !conn_count(f))
		fetch_elsewhere(f);
}

/* Asks for what nobody has been asked for, on as many connections as are allowed. */
static void http_work(struct fetch *f)
{
	struct http *h = http_of(f);
	struct range r = {0, HTTP_UNKNOWN};
	int rc = 0;

	if (f->image && image_complete(f->image)) {
		http_end(f, 0);
		return;
	}
	while (!rc && conn_count(f) < h->want && f->m->now_us >= h->retry_us) {
		if (f->image && !find_hole(f, &r) && !split_claim(f, &r))
			return;
		rc = http_ask(f, &r);
	}
	if (rc) {
		http_unreached(f);
		http_pause(f, RETRY_MAX_US); /* the link may be down */
	}
}

/* -- what the server says -- */

/* Whether it is still the file that was begun with. */
static bool answer_fits(struct fetch *f, const char *validator, uint64_t total)
{
	struct image *img = f->image;

	if (!validator[0] || strcmp(validator, http_of(f)->validator))
		return false;
	if (img->total == IMAGE_SIZE_UNKNOWN && total != HTTP_UNKNOWN)
		return !image_set_total(f->m, img, total);
	return img->total == total;
}

/* All of the file, or the range that was asked for or its beginning: RFC 9110 15.3.1, 15.3.7. */
static int answer_take(struct http_conn *c, bool part)
{
	struct http_head *h = &c->head;
	struct fetch *f = c->f;
	const char *validator = http_head_validator(h);

	if (!part) {
		h->from = 0;
		h->to = h->total = h->length;
	}
	if (h->encoded ||
		(part && (!c->ranged || !h->ranged || h->from != c->obj || h->to > c->end ||
				 (h->length != HTTP_UNKNOWN && h->length != h->to - h->from)))) {
		c->why = "not what was asked for";
		return -ERR_HTTP_PROTOCOL;
	}
	if (f->image) {
		if (!answer_fits(f, validator, h->total))
			return -ERR_HTTP_CHANGED;
	} else {
		int rc = fetch_open(f, h->total);

		if (rc)
			return rc;
		str_copy(http_of(f)->validator, HTTP_TAG_MAX, validator);
		http_of(f)->ranges = h->takes_ranges;
		http_of(f)->alive_us = f->m->now_us;
	}
	if (h->auth.nonce[0]) { /* for the next request, RFC 7616 3.5 */
		str_copy(http_of(f)->auth.nonce, HTTP_AUTH_MAX, h->auth.nonce);
		http_of(f)->auth.nc = 0;
	}
	c->obj = h->from;
	c->end = h->to;
	if (!part || c->to > c->end)
		c->to = c->end;
	return 0;
}

int http_answer(struct http_conn *c)
{
	unsigned status = c->head.status;

	if (status == 206 || (status == 200 && (!c->ranged || conn_count(c->f) == 1)))
		return answer_take(c, status == 206);
	c->skip = true; /* its words are no part of the file, its claim is nobody's */
	c->obj = c->to = 0;
	c->end = HTTP_UNKNOWN;
	return 0;
}

bool http_put(struct http_conn *c, uint64_t off, const void *p, size_t n)
{
	struct fetch *f = c->f;
	struct http *h = http_of(f);
	uint32_t refused = f->image->refused;
	size_t got;

	c->rc = image_put(f->m, f->image, off, p, n);
	if (c->rc || f->image->refused != refused)
		return false;
	got = (size_t)(ranges_bytes(&f->image->have) - f->bytes);
	if (!got)
		return true; /* it was there already: that is no progress */
	h->alive_us = f->m->now_us;
	h->breaks = 0;
	fetch_got(f, got);
	return true;
}

static bool is_lossy(const struct stream *s)
{
	return s->holes >= LOSSY_HOLES && s->front >> LOSSY_SHIFT < s->holes;
}

void http_progress(struct http_conn *c)
{
	struct fetch *f = c->f;
	struct http *h = http_of(f);
	uint64_t want;

	if (c->skip) {
		if (http_conn_at(c) > SKIP_MAX)
			http_broken(c, 0);
	} else if (http_conn_at(c) >= c->to && c->phase == HTTP_BODY) {
		http_conn_drop(c); /* the rest is another's */
		http_work(f);
	} else if (h->want == 1 && h->ranges && !f->ring && h->validator[0] && is_lossy(c->s)) {
		want = setting_number(f->m, "http-connections", HTTP_SHARE_MAX);
		h->want = want && want < HTTP_SHARE_MAX ? (uint8_t)want : HTTP_SHARE_MAX;
		http_work(f);
	}
}

/* A host that the user did not name gets no password that the user has not put into its URL. */
static void http_redirect(struct fetch *f, const char *to)
{
	struct url u;

	http_cancel(f);
	fetch_redirect(f, to);
	f->strayed |= url_parse(f->uri, &u) || !str_ieq(u.host, f->url.host);
}

/* Whether there is something to answer to the server's challenge; it is then asked again. */
static bool http_login(struct fetch *f, const struct http_auth *challenge)
{
	struct http *h = http_of(f);

	if (challenge->scheme == HTTP_AUTH_NONE || (h->auth.scheme && !challenge->stale) ||
		h->logins++ >= LOGINS_MAX)
		return false;
	h->auth = *challenge;
	if (h->auth.scheme > HTTP_AUTH_BASIC && !f->net->config->http_digest)
		h->auth.scheme = h->auth.basic ? HTTP_AUTH_BASIC : HTTP_AUTH_NONE;
	return h->auth.scheme && http_request_login(f);
}

static void http_wait(struct fetch *f, const struct http_head *head)
{
	uint32_t s = head->retry_s < RETRY_MAX_S ? head->retry_s : RETRY_MAX_S;

	log_put(f->m, LOG_INFO, "%s: %u, again in %u s", f->url.host, head->status, s);
	f->retries++;
	http_pause(f, s * 1000000);
	http_of(f)->alive_us = http_of(f)->retry_us;
}

static bool is_redirect(const struct http_head *h)
{
	unsigned n = h->status - 300u;

	return h->location[0] && n <= 8 && (0x18eu >> n & 1); /* 301 302 303 307 308 */
}

static enum err status_err(unsigned status)
{
	if (status == 401)
		return ERR_HTTP_LOGIN;
	return status == 404 || status == 410 ? ERR_HTTP_NOT_FOUND : ERR_HTTP_STATUS;
}

/* What the server said instead of the file. The connection is done with already. */
static void http_verdict(struct fetch *f, const struct http_head *head)
{
	unsigned status = head->status;
	char what[64];

	if (is_redirect(head)) {
		http_redirect(f, head->location);
	} else if (status == 401 && http_login(f, &head->auth)) {
		http_work(f);
	} else if (status == 416 && f->image) {
		http_anew(f, -ERR_HTTP_CHANGED);
	} else if ((status == 503 || status == 429) && head->retry_s &&
		   http_of(f)->waits++ < WAITS_MAX) {
		http_wait(f, head);
	} else {
		fmt_print(what, sizeof(what), "%u %s", status, head->reason);
		http_end(f, fetch_err(f, -(int)status_err(status), what));
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

void http_over(struct http_conn *c)
{
	struct fetch *f = c->f;
	int rc = 0;

	if (!c->skip && f->image->total == IMAGE_SIZE_UNKNOWN)
		rc = image_set_total(f->m, f->image, c->obj);
	http_conn_keep(c);
	if (c->skip) {
		if (!in_vain(f))
			http_verdict(f, &c->head);
	} else if (rc) {
		http_end(f, rc);
	} else {
		http_work(f);
	}
}

/* -- breaks -- */

/* A connection came to nothing: what is left of its claim is asked for again, a little later. */
static void http_broke(struct fetch *f)
{
	struct http *h = http_of(f);
	uint32_t delay = RETRY_MIN_US;

	f->retries++;
	if (h->want > 1 && f->m->now_us < h->retry_us)
		return; /* others broke just now: one server, one pause */
	for (unsigned i = 0; i < h->breaks && delay < RETRY_MAX_US; i++)
		delay *= 2;
	http_pause(f, delay);
	if (h->breaks++ >= BREAKS_FIRST && !f->image)
		http_end(f, fetch_err(f, -ERR_HTTP_TIMEOUT, "it closes without an answer"));
	else if (f->image && !h->validator[0])
		http_anew(f, -ERR_HTTP_TIMEOUT);
}

void http_broken(struct http_conn *c, int rc)
{
	struct fetch *f = c->f;
	bool stale = c->reused && !c->touched, connected = c->opened;

	http_conn_drop(c);
	if (c->skip || c->rc) {
		if (in_vain(f))
			return;
		if (c->skip)
			http_verdict(f, &c->head); /* how its words end does not matter */
		else if (c->rc == -ERR_HTTP_CHANGED)
			http_anew(f, c->rc);
		else
			http_end(f, fetch_err(f, c->rc, c->why ? c->why : ""));
	} else if (stale) {
		http_work(f); /* it was closed meanwhile: no error, another one */
	} else if (!f->image && !connected && rc) {
		http_end(f, fetch_err(f, rc, "no connection"));
	} else {
		if (!c->touched)
			http_unreached(f);
		http_broke(f);
	}
}

/* -- time -- */

/* A connection that brings nothing; before there is a file, only if it was a kept one. */
static bool is_stalled(struct fetch *f, const struct http_conn *c)
{
	const struct http *h = http_of(f);
	uint32_t limit = h->want > 1 && !h->breaks ? STALL_SHARED_US : STALL_US;

	return f->m->now_us - c->alive_us >= limit && (f->image || (c->reused && !c->touched));
}

/* Time in which nothing could be heard is no silence. */
static void http_away(struct fetch *f)
{
	if (http_of(f)->alive_us < f->m->now_us) /* else the server wants to be left alone */
		http_of(f)->alive_us = f->m->now_us;
	for (struct http_conn *c = NULL; (c = conn_next(f, c)) != NULL;)
		c->alive_us = f->m->now_us;
}

/* There is no room, or hardly any: nothing is asked for. */
static bool is_full(const struct fetch *f)
{
	return f->image && ranges_front(&f->image->have) + FULL_REST >= fetch_limit(f);
}

void http_more(struct fetch *f)
{
	for (struct http_conn *c = NULL; (c = conn_next(f, c)) != NULL;)
		c->s->ops->wake(c->s);
}

static void http_tick(struct machine *m, struct timer *timer)
{
	struct fetch *f = timer->ctx;
	int rc = f->dev->link_up ? -ERR_HTTP_TIMEOUT : -ERR_LINK_DOWN;

	if (is_full(f) || m->now_us - timer->due_us >= TIMER_AWAY_US)
		http_away(f);
	if (m->now_us > http_of(f)->alive_us + SILENCE_US) {
		http_end(f, fetch_err(f, rc, "silent for 60 s"));
		return;
	}
	timer_start(m, timer, TICK_US);
	for (struct http_conn *c = NULL; (c = conn_next(f, c)) != NULL;)
		if (is_stalled(f, c))
			http_broken(c, 0);
	if (timer->armed)
		http_work(f);
}

int http_start(struct fetch *f)
{
	const struct range all = {0, HTTP_UNKNOWN};
	struct http *h = http_of(f);
	int rc;

	memset(h, 0, sizeof(*h));
	h->alive_us = f->m->now_us;
	h->want = 1;
	timer_init(&h->timer, http_tick, f);
	rc = http_ask(f, &all);
	if (rc)
		return fetch_err(f, rc, "no connection");
	timer_start(f->m, &h->timer, TICK_US);
	return 0;
}
