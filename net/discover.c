/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Discovery: DHCP on every link at once, and the choice of the one that boots. docs/design.md,
 * "Discovery".
 *
 * A link begins the moment it is up and ends for itself, bound or failed. We choose when nothing
 * better can come: all links that are up have ended; or the first answer's grace is over
 * (dhcp_timing.grace_us with a boot file, .proxy_us without one) and no link is in the middle of
 * taking a better offer. Links that are down hold nothing up; when none works they are waited for
 * until .link_us. A link that comes up while others still try joins in.
 */
#include "core/fmt.h"
#include "core/log.h"
#include "core/machine.h"
#include "core/str.h"
#include "net/net.h"

#define LINK_DOWN_POLL_US 10000	 /* how often links that are down are looked at */
#define LINK_UP_POLL_US	  100000 /* and those that are up */

static bool takes_part(const struct net *net, unsigned i)
{
	return net->discover.only & 1u << i;
}

/* -- one link -- */

/* Begins on links that are up, and again on those that went down in between. */
static void link_step(struct net *net, unsigned i)
{
	struct discover *ds = &net->discover;
	struct netdev *dev = &net->dev[i];
	uint32_t bit = 1u << i;

	if (ds->broken & bit)
		return;
	if (!dev->link_up && (ds->started & bit)) {
		log_put(net->m, LOG_INFO, "%s: link went down", dev->name);
		dhcp_cancel(dev);
		ds->started &= ~bit;
	} else if (dev->link_up && !(ds->started & bit)) {
		ds->started |= bit;
		if (dhcp_start(dev))
			ds->broken |= bit;
	}
}

static bool link_open(struct net *net, unsigned i)
{
	struct netdev *dev = &net->dev[i];

	dhcp_cancel(dev);
	return dev->is_open || !netdev_open(dev);
}

/* What became of one link, for the person who has to find out why the machine does not boot. */
static size_t link_report(struct net *net, unsigned i, char *text, size_t cap)
{
	struct netdev *dev = &net->dev[i];
	struct dhcp *d = &net->dhcp[i];

	if (net->discover.broken & 1u << i)
		return fmt_print(text, cap, "%s does not open", dev->name);
	if (!dev->link_up)
		return fmt_print(text, cap, "%s link down", dev->name);
	if (d->result == -ERR_DHCP_NAK)
		return fmt_print(text, cap, "%s refused %u times", dev->name, d->naks);
	if (d->result == -ERR_DHCP_NO_ACK)
		return fmt_print(text, cap, "%s offer but no ACK", dev->name);
	if (d->have_proxy)
		return fmt_print(text, cap, "%s only proxyDHCP answers", dev->name);
	return fmt_print(text, cap, "%s no answer to %u messages", dev->name, d->sent);
}

/* -- the choice -- */

static bool better(const struct dhcp *a, const struct dhcp *b)
{
	if (dhcp_rank(a) != dhcp_rank(b))
		return dhcp_rank(a) > dhcp_rank(b);
	return a->latency_us < b->latency_us;
}

static struct dhcp *best_bound(struct net *net)
{
	struct dhcp *best = NULL;

	for (unsigned i = 0; i < net->ndev; i++) {
		struct dhcp *d = &net->dhcp[i];

		if (takes_part(net, i) && d->state == DHCP_BOUND && net->dev[i].link_up &&
			(!best || better(d, best)))
			best = d;
	}
	return best;
}

/* When the grace of the links' first answers is over: that of a boot file cuts that of a lease
 * short. */
static uint64_t grace_end(struct net *net)
{
	uint64_t end = TIME_NEVER;

	for (unsigned i = 0; i < net->ndev; i++) {
		const struct dhcp *d = &net->dhcp[i];
		uint64_t wait, at;

		if (!takes_part(net, i) || d->state != DHCP_BOUND)
			continue;
		wait = dhcp_rank(d) >= DHCP_RANK_FILE ? d->timing.grace_us : d->timing.proxy_us;
		at = d->first_offer_us + wait;
		if (at < end)
			end = at;
	}
	return end;
}

/*
 * Until when the choice has to wait for the links that are still at it; 0 for no longer. A link
 * that holds a better offer than the best bound one is given the time that a lease without boot
 * file would have had.
 */
static uint64_t choice_due(struct net *net, const struct dhcp *best)
{
	uint64_t now = net->m->now_us, end = grace_end(net), due = 0;

	for (unsigned i = 0; i < net->ndev; i++) {
		const struct dhcp *d = &net->dhcp[i];
		uint64_t until = end;

		if (!takes_part(net, i) || d->state != DHCP_RUNNING)
			continue;
		if (dhcp_rank(d) > dhcp_rank(best))
			until = end + d->timing.proxy_us;
		if (until > due)
			due = until;
	}
	return due > now ? due : 0;
}

static void discover_won(struct net *net, struct dhcp *best)
{
	net->discover.state = DISCOVER_DONE;
	net->discover.result = 0;
	net->discover.winner = best->dev;
	net->boot_dev = best->dev;
	net->discover.losers |= net->discover.only;
	net->discover.losers &= ~(1u << best->dev->index);
	err_clear(net->m); /* what failed on other links is in the log */
	for (unsigned i = 0; i < net->ndev; i++)
		if (takes_part(net, i) && net->dhcp[i].state == DHCP_RUNNING)
			dhcp_cancel(&net->dev[i]);
}

/* The error that says most about what to look at. */
static enum err failure_code(struct net *net)
{
	enum err code = ERR_LINK_DOWN;

	for (unsigned i = 0; i < net->ndev; i++) {
		int rc = net->dhcp[i].result;

		if (!takes_part(net, i) || !(net->discover.started & 1u << i))
			continue;
		if (rc == -ERR_DHCP_NAK || rc == -ERR_DHCP_NO_ACK)
			return (enum err) - rc;
		code = ERR_DHCP_NO_OFFER;
	}
	return code;
}

static void discover_fail(struct net *net)
{
	char text[ERR_DETAIL_MAX];
	size_t n = 0;

	for (unsigned i = 0; i < net->ndev; i++) {
		if (!takes_part(net, i) || n >= sizeof(text))
			continue;
		if (n)
			n += fmt_print(text + n, sizeof(text) - n, ", ");
		if (n < sizeof(text))
			n += link_report(net, i, text + n, sizeof(text) - n);
	}
	net->discover.state = DISCOVER_FAILED;
	net->discover.result = err_set(net->m, failure_code(net), "%s", text);
}

/* -- the clock of it -- */

static bool any_running(struct net *net)
{
	for (unsigned i = 0; i < net->ndev; i++)
		if (takes_part(net, i) && net->dhcp[i].state == DHCP_RUNNING)
			return true;
	return false;
}

/* Whether links are down that may still come up in time. */
static bool any_hope(struct net *net)
{
	const struct discover *ds = &net->discover;

	return net->m->now_us < ds->start_us + ds->link_us &&
	       (ds->only & ~(ds->started | ds->broken));
}

/* A bounded turn: ten or a hundred times a second, when the choice is due, and when a link has
 * ended. */
static void discover_fire(struct machine *m, struct timer *t)
{
	struct net *net = t->ctx;
	struct discover *ds = &net->discover;
	uint64_t wait, due = 0;
	struct dhcp *best;

	for (unsigned i = 0; i < net->ndev; i++)
		if (takes_part(net, i))
			link_step(net, i);
	best = best_bound(net);
	if (best)
		due = choice_due(net, best);
	if (best && !due) {
		discover_won(net, best);
	} else if (!best && !any_running(net) && !any_hope(net)) {
		discover_fail(net);
	} else {
		wait = ds->only & ~(ds->started | ds->broken) ? LINK_DOWN_POLL_US : LINK_UP_POLL_US;
		timer_start(m, t, due && due - m->now_us < wait ? due - m->now_us : wait);
	}
}

int discover_start(struct net *net, uint32_t mask)
{
	struct discover *ds = &net->discover;
	uint32_t all = (1u << net->ndev) - 1, losers = ds->losers;

	discover_cancel(net);
	memset(ds, 0, sizeof(*ds));
	ds->losers = losers;
	net->boot_dev = NULL;
	ds->only = mask ? mask & all : all;
	ds->start_us = net->m->now_us;
	ds->link_us =
		(uint32_t)setting_number(net->m, "link-wait", net->config->dhcp.link_us / 1000) *
		1000;
	if (!ds->only)
		return err_set(net->m, ERR_NO_NETDEV, "%u devices", net->ndev);
	for (unsigned i = 0; i < net->ndev; i++)
		if (takes_part(net, i) && !link_open(net, i))
			ds->broken |= 1u << i;
	ds->state = DISCOVER_RUNNING;
	timer_init(&ds->timer, discover_fire, net);
	discover_fire(net->m, &ds->timer);
	return 0;
}

void discover_poke(struct net *net)
{
	if (net->discover.state == DISCOVER_RUNNING)
		timer_start(net->m, &net->discover.timer, 0);
}

void discover_cancel(struct net *net)
{
	struct discover *ds = &net->discover;

	if (ds->state != DISCOVER_RUNNING)
		return;
	timer_stop(net->m, &ds->timer);
	for (unsigned i = 0; i < net->ndev; i++)
		if (takes_part(net, i))
			dhcp_cancel(&net->dev[i]);
	ds->state = DISCOVER_IDLE;
}

void discover_settle(struct net *net)
{
	for (unsigned i = 0; i < net->ndev; i++)
		if (net->discover.losers & 1u << i)
			dhcp_release(&net->dev[i]);
	net->discover.losers = 0;
}
