/* SPDX-License-Identifier: BSD-2-Clause */
/* The mishaps of schedule.h. */
#include "schedule.h"

#include <stdlib.h>

enum { MS = 1000, LOOK_US = 2000 };

enum mishap { NODE_CUT, SERVER_CUT, SERVER_KILLED, POWER_LOST, RESET, CLOSE, SILENCE, MISHAPS };

struct schedule {
	struct sim_lab *l;
	struct sim_rng r;
	struct sim_event begin, end;
	enum mishap now;
	unsigned left;
	bool begun;
	uint64_t every_us;
};

static const char *const name[MISHAPS] = {"a node's link is cut", "the server's link is cut",
	"the server is killed", "the server loses power", "a reset", "a close", "silence"};

/* One of the answers to come ends somewhere in its body. */
static void spoil_answer(struct schedule *s, enum httpd_end end)
{
	uint64_t at = rand_below(&s->r, s->l->initrd->size);

	if (s->l->http->conf.moods == HTTPD_MOODS_MAX)
		return;
	httpd_mood(s->l->http,
		&(struct httpd_mood){
			.path = s->l->initrd->name, .times = 1, .end = end, .end_at = at});
}

static void cut(struct schedule *s, struct sim_link *link, uint64_t most_us)
{
	uint64_t now = s->l->w->now_us;

	link_cut(link, now, now + 1 + rand_below(&s->r, most_us));
}

/* Old and new connections are refused until it is there again. */
static void kill_server(struct schedule *s, bool power)
{
	s->l->tcp->closed = true;
	s->l->server->down = power;
	if (power)
		tcpd_forget(s->l->tcp);
	else
		tcpd_kill(s->l->tcp);
	world_in(s->l->w, &s->end, rand_below(&s->r, 3000 * MS));
}

static void schedule_end(void *ctx)
{
	struct schedule *s = ctx;

	s->l->tcp->closed = false;
	s->l->server->down = false;
}

static bool is_time(const struct sim_lab *l)
{
	for (unsigned i = 0; i < l->nodes; i++)
		if (l->node[i]->state != NODE_BOOTED && !node_filled(l->node[i], l->initrd))
			return false;
	return true;
}

static void schedule_begin(void *ctx)
{
	struct schedule *s = ctx;

	s->begun = s->begun || is_time(s->l);
	if (!s->begun) {
		world_in(s->l->w, &s->begin, LOOK_US);
		return;
	}
	s->now = (enum mishap)rand_below(&s->r, MISHAPS);
	world_trace(s->l->w, "schedule", "%s", name[s->now]);
	if (s->now == NODE_CUT)
		cut(s, s->l->link[rand_below(&s->r, s->l->nodes)], 8000 * MS);
	else if (s->now == SERVER_CUT)
		cut(s, s->l->server_link, 8000 * MS);
	else if (s->now == SERVER_KILLED || s->now == POWER_LOST)
		kill_server(s, s->now == POWER_LOST);
	else
		spoil_answer(s, s->now == RESET	  ? END_RESET
				: s->now == CLOSE ? END_CLOSE
						  : END_STOP);
	if (--s->left)
		world_in(s->l->w, &s->begin, 1 + rand_below(&s->r, 2 * s->every_us));
}

static void schedule_free(void *thing)
{
	struct schedule *s = thing;

	world_cancel(s->l->w, &s->begin);
	world_cancel(s->l->w, &s->end);
	free(s);
}

void schedule_new(struct sim_lab *l, unsigned cuts, uint64_t every_us)
{
	struct schedule *s = sim_alloc(sizeof(*s));

	s->l = l;
	s->left = cuts;
	s->every_us = every_us;
	world_stream(l->w, &s->r);
	event_init(&s->begin, schedule_begin, s);
	event_init(&s->end, schedule_end, s);
	world_own(l->w, s, schedule_free);
	if (cuts)
		world_in(l->w, &s->begin, LOOK_US);
}
