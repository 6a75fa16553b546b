/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fetches: slots of struct net, from fetch_start() to fetch_end(). The work is the filler's; here
 * are what all fillers share: the URL, the server's addresses, the link, and what the console says.
 *
 * A fetch stays on the link it began on: with several links, two fetches may run on two of them.
 */
#include "core/fmt.h"
#include "core/log.h"
#include "core/machine.h"
#include "core/str.h"
#include "net/net.h"

static const struct filler_ops *filler_find(const struct net *net, const char *scheme)
{
	const struct filler_ops *const *ops = net->config->schemes;

	while (*ops && strcmp((*ops)->scheme, scheme))
		ops++;
	return *ops;
}

static void log_address(const struct fetch *f)
{
	char text[IP_STR_MAX];

	log_put(f->m, LOG_INFO, "%s: not by %s", f->url.host, ip_str(&f->server, text));
}

/*
 * Whether another address of the server's name has its turn after this result: not when the server
 * was reached and had something to say.
 */
static bool fetch_goes_on(struct fetch *f, int result)
{
	static const uint16_t unreached[] = {ERR_LINK_DOWN, ERR_NO_ROUTE, ERR_ARP_TIMEOUT,
		ERR_UNREACHABLE, ERR_TCP_CONNECT, ERR_TCP_REFUSED, ERR_TCP_RESET, ERR_TCP_TIMEOUT,
		ERR_TFTP_TIMEOUT, ERR_HTTP_TIMEOUT};

	if (f->iaddr + 1 >= f->naddr)
		return false;
	for (size_t i = 0; i < sizeof(unreached) / sizeof(unreached[0]); i++) {
		if (result == -unreached[i]) {
			log_address(f);
			err_clear(f->m); /* the one that counts is that of the last address */
			f->retries++;
			return true;
		}
	}
	return false;
}

/*
 * Starts the filler with the address whose turn it is, or the first one after it that it can begin
 * with.
 */
static int fetch_try(struct fetch *f)
{
	int rc;

	for (;; f->iaddr++) {
		f->server = f->addr[f->iaddr];
		f->dev = ipv4_route_dev(f->net, &f->server);
		f->running = f->dev != NULL;
		rc = f->running ? f->ops->start(f) : err_set(f->m, ERR_NO_ROUTE, "%s", f->url.host);
		if (!rc)
			return 0;
		f->running = false;
		if (!fetch_goes_on(f, rc))
			return rc;
	}
}

static void fetch_finish(struct fetch *f, int result)
{
	f->finished = true;
	f->result = result;
	f->end_us = f->m->now_us;
}

static void fetch_found(void *ctx, int rc, const struct ip_addr *addr, unsigned n)
{
	struct fetch *f = ctx;

	f->query = NULL;
	f->naddr = (uint8_t)n;
	if (n)
		memcpy(f->addr, addr, n * sizeof(*addr));
	if (!rc)
		rc = fetch_try(f);
	if (rc)
		fetch_finish(f, rc);
}

/* Who and by which way, from f->uri; then the filler begins. */
static int fetch_begin(struct fetch *f)
{
	struct machine *m = f->m;

	if (url_parse(f->uri, &f->url) || !f->url.host[0])
		return err_set(m, ERR_BAD_URL, "%s", f->uri);
	f->ops = filler_find(f->net, f->url.scheme);
	if (!f->ops)
		return err_set(m, ERR_NO_SCHEME, "%s", f->uri);
	f->iaddr = 0;
	if (!ip_parse(f->url.host, strlen(f->url.host), &f->addr[0]))
		return dns_resolve(f->net, f->url.host, fetch_found, f, &f->query);
	f->naddr = 1;
	return fetch_try(f);
}

/* Nothing of the filler's is left, nor of what it has made. */
static void fetch_stop(struct fetch *f)
{
	timer_stop(f->m, &f->step);
	if (f->query)
		dns_cancel(f->query);
	f->query = NULL;
	if (f->running)
		f->ops->cancel(f);
	f->running = false;
	if (f->image)
		image_free(f->m, f->image);
	f->image = NULL;
	f->bytes = 0;
}

/*
 * The next address, or where a redirect leads to; f->result says whether that is an error. Never
 * from inside of the filler: it may still look at what is overwritten here.
 */
static void fetch_step(struct machine *m, struct timer *t)
{
	struct fetch *f = t->ctx;
	int rc = f->result;

	(void)m;
	fetch_stop(f);
	if (!rc)
		rc = f->naddr ? fetch_try(f) : fetch_begin(f);
	if (rc)
		fetch_finish(f, rc);
}

static int fetch_new(struct machine *m, const char *uri, const char *name, const char *path,
	uint8_t *ring, uint32_t size, struct fetch **out)
{
	struct fetch *f = m->net->fetch, *end = f + FETCH_MAX;
	int rc;

	while (f < end && f->m)
		f++;
	if (f == end)
		return err_set(m, ERR_FETCH_BUSY, "%s", uri);
	memset(f, 0, sizeof(*f));
	f->m = m;
	f->net = m->net;
	f->ring = ring;
	f->ring_size = size;
	f->start_us = m->now_us;
	timer_init(&f->step, fetch_step, f);
	str_copy(f->origin, sizeof(f->origin), uri);
	if (!str_copy(f->uri, sizeof(f->uri), uri))
		rc = err_set(m, ERR_BAD_URL, "longer than %u bytes", URL_MAX);
	else if (!str_copy(f->name, sizeof(f->name), name) ||
		 (path && !str_copy(f->path, sizeof(f->path), path)))
		rc = err_set(m, ERR_BAD_URL, "image name longer than %u bytes", IMAGE_NAME_MAX);
	else
		rc = fetch_begin(f);
	if (rc)
		f->m = NULL;
	else
		*out = f;
	return rc;
}

int fetch_start(
	struct machine *m, const char *uri, const char *name, const char *path, struct fetch **out)
{
	return fetch_new(m, uri, name, path, NULL, 0, out);
}

/* -- streamed files -- */

int fetch_stream(struct machine *m, const char *uri, const char *name, uint8_t *ring, uint32_t size,
	struct fetch **out)
{
	return fetch_new(m, uri, name, NULL, ring, size, out);
}

void fetch_more(struct fetch *f, uint64_t pos)
{
	f->image->limit = pos + f->ring_size;
	if (f->running)
		f->ops->more(f);
}

uint64_t fetch_limit(const struct fetch *f)
{
	if (f->image)
		return f->image->limit;
	return f->ring ? f->ring_size : UINT64_MAX;
}

/* -- what the filler says -- */

int fetch_open(struct fetch *f, uint64_t total)
{
	if (f->image)
		image_free(f->m, f->image);
	f->image = NULL;
	f->bytes = 0;
	if (f->open)
		return f->open(f, total);
	if (f->ring)
		return image_open_ring(f->m, f->name, total, f->ring, f->ring_size, &f->image);
	return image_open(f->m, f->name, f->uri, total, f->path[0] ? f->path : NULL, &f->image);
}

void fetch_got(struct fetch *f, size_t n)
{
	f->bytes += n;
	if (f->first_byte_us)
		return;
	f->first_byte_us = f->m->now_us;
	if (f->dev == f->net->boot_dev)
		discover_settle(f->net);
}

int fetch_err(struct fetch *f, int rc, const char *what)
{
	/* What was no reason to give up, as a neighbour not found at once, is in the log. */
	if (f->m->err.code != -rc)
		err_clear(f->m);
	return err_set(f->m, (enum err) - rc, "%.40s%.60s by %s: %s", f->url.host, f->url.path,
		f->dev->name, what);
}

void fetch_done(struct fetch *f, int result)
{
	f->running = false;
	if (f->step.armed)
		return; /* it is redirected already */
	if (!f->image && fetch_goes_on(f, result)) {
		f->iaddr++;
		timer_start(f->m, &f->step, 0);
		return;
	}
	fetch_finish(f, result || f->ring || f->open ? result : image_close(f->m, f->image));
}

void fetch_elsewhere(struct fetch *f)
{
	struct netdev *dev = NULL;

	if (f->naddr < 2)
		return;
	log_address(f);
	for (unsigned i = 0; !dev && i < f->naddr; i++) {
		if (++f->iaddr >= f->naddr)
			f->iaddr = 0;
		f->server = f->addr[f->iaddr];
		dev = ipv4_route_dev(f->net, &f->server);
	}
	if (dev)
		f->dev = dev;
}

void fetch_redirect(struct fetch *f, const char *ref)
{
	char uri[URL_MAX];

	if (f->step.armed)
		return;
	timer_start(f->m, &f->step, 0);
	if (f->redirects++ >= REDIRECTS_MAX || (f->ring && f->image))
		f->result = err_set(f->m, ERR_REDIRECTS, "%s", f->uri);
	else if (url_resolve(f->uri, "", ref, uri))
		f->result = err_set(f->m, ERR_BAD_URL, "%s leads to %s", f->url.host, ref);
	else
		str_copy(f->uri, sizeof(f->uri), uri);
	f->naddr = 0;
}

struct image *fetch_end(struct fetch *f)
{
	struct image *img = f->image;

	if (img && f->result) {
		image_free(f->m, img);
		img = NULL;
	}
	f->m = NULL;
	return img;
}

void fetch_cancel(struct fetch *f)
{
	fetch_stop(f);
	f->m = NULL;
}

/* -- what the console says -- */

/* "812 kB", "12.3 MB", "1.20 GB": three digits, in powers of ten. */
static const char *size_str(uint64_t n, char text[16])
{
	static const char *const unit[] = {"bytes", "kB", "MB", "GB", "TB"};
	unsigned u = 0, rest = 0;

	while (n >= 1000 && u < 4) {
		rest = (unsigned)(n % 1000);
		n /= 1000;
		u++;
	}
	if (!u || n >= 100)
		fmt_print(text, 16, "%u %s", (unsigned)n, unit[u]);
	else if (n >= 10)
		fmt_print(text, 16, "%u.%u %s", (unsigned)n, rest / 100, unit[u]);
	else
		fmt_print(text, 16, "%u.%02u %s", (unsigned)n, rest / 10, unit[u]);
	return text;
}

/* Bytes a second since the first one came. */
static uint64_t fetch_rate(const struct fetch *f, uint64_t now)
{
	uint64_t us = f->first_byte_us && now > f->first_byte_us ? now - f->first_byte_us : 1;

	return f->bytes * 1000 / (us / 1000 ? us / 1000 : 1);
}

void fetch_progress(const struct fetch *f, char *text, unsigned cap)
{
	uint64_t total = f->image ? f->image->total : IMAGE_SIZE_UNKNOWN,
		 rate = fetch_rate(f, f->m->now_us);
	char have[16], all[16], speed[16];
	unsigned left;

	size_str(f->bytes, have);
	size_str(rate, speed);
	if (!f->bytes) {
		fmt_print(text, cap, "%.32s: %s %s", f->name, f->query ? "looking up" : "asking",
			f->url.host);
	} else if (total == IMAGE_SIZE_UNKNOWN || !total || !rate) {
		fmt_print(text, cap, "%.32s %s %s/s", f->name, have, speed);
	} else {
		uint64_t s = (total - f->bytes) / rate;

		left = s < 5999 ? (unsigned)s : 5999;
		fmt_print(text, cap, "%.32s %u%% %s of %s %s/s %u:%02u left", f->name,
			(unsigned)(f->bytes * 100 / total), have, size_str(total, all), speed,
			left / 60, left % 60);
	}
}

void fetch_summary(const struct fetch *f, char *text, unsigned cap)
{
	unsigned ms = (unsigned)((f->end_us - f->start_us) / 1000);
	char size[16], speed[16], name[65], addr[IP_STR_MAX];
	bool named = strcmp(ip_str(&f->server, addr), f->url.host);
	size_t n;

	str_clean(name, sizeof(name), f->name, strlen(f->name));
	n = fmt_print(text, cap, "fetched %s: %s in %u.%02u s, %s/s from %s%s%s%s by %s", name,
		size_str(f->bytes, size), ms / 1000, ms % 1000 / 10,
		size_str(fetch_rate(f, f->end_us), speed), named ? f->url.host : "",
		named ? " (" : "", addr, named ? ")" : "", f->dev->name);
	if (f->retries && n < cap)
		fmt_print(text + n, cap - n, ", %u retries", f->retries);
}
