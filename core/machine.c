/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one loop, see machine.h, and the random numbers: HalfSipHash of a counter. Many of them stand
 * on the wire, and whoever reads those knows nothing of the others: transaction ids, ports.
 */
#include "core/machine.h"
#include "core/halfsiphash.h"

uint32_t rng_u32(struct machine *m)
{
	m->rng.count[0]++;
	return halfsiphash(m->rng.key, m->rng.count, 2);
}

uint32_t rng_below(struct machine *m, uint32_t n)
{
	uint32_t unfair = (0u - n) % n; /* 2^32 mod n values would come up once too often */
	uint64_t product;

	do
		product = (uint64_t)rng_u32(m) * n;
	while ((uint32_t)product < unfair);
	return (uint32_t)(product >> 32);
}

static void services_end(struct machine *m, unsigned n)
{
	while (n--)
		if (m->config->services[n]->end)
			m->config->services[n]->end(m);
}

/* When one fails, those that did start are ended again. */
static int services_init(struct machine *m)
{
	const struct service *const *s = m->config->services;

	for (unsigned i = 0; s[i]; i++) {
		int ret = s[i]->init ? s[i]->init(m) : 0;

		if (ret) {
			services_end(m, i);
			return ret;
		}
	}
	return 0;
}

int machine_init(struct machine *m, struct net *net, const struct platform *plat, void *plat_ctx,
	const struct config *config)
{
	memset(m, 0, sizeof(*m));
	m->plat = plat;
	m->plat_ctx = plat_ctx;
	m->config = config;
	m->net = net;
	m->now_us = plat->now_us(plat_ctx);
	log_init(m);
	m->rng.grade = plat->entropy(plat_ctx, &m->rng, offsetof(struct rng, grade));
	mem_init(m);
	return services_init(m);
}

/* One turn of all services, or of those that work in the background. */
static uint64_t machine_turn(struct machine *m, bool background)
{
	uint64_t next = TIME_NEVER;

	m->now_us = m->plat->now_us(m->plat_ctx);
	for (const struct service *const *s = m->config->services; *s; s++) {
		uint64_t t = background && !(*s)->background ? TIME_NEVER : (*s)->poll(m);

		if (t < next)
			next = t;
	}
	/* What has arrived was handled first: it may have stopped the timer that waited for it. */
	if (timer_next(m) <= m->now_us) {
		timer_run(m);
		return m->now_us; /* a timer may have given any service something to do */
	}
	return timer_next(m) < next ? timer_next(m) : next;
}

uint64_t machine_poll(struct machine *m)
{
	return machine_turn(m, false);
}

bool machine_wait(struct machine *m, bool (*done)(void *ctx), void *ctx, uint64_t deadline_us)
{
	while (!done(ctx)) {
		uint64_t next = machine_turn(m, true);
		uint64_t now = m->plat->now_us(m->plat_ctx);

		if (now >= deadline_us)
			return done(ctx);
		if (next > deadline_us)
			next = deadline_us;
		if (next > now)
			m->plat->idle(m->plat_ctx, next);
	}
	return true;
}

void machine_end(struct machine *m)
{
	unsigned n = 0;

	while (m->config->services[n])
		n++;
	services_end(m, n);
}

void machine_return(struct machine *m, int result)
{
	m->boot.kind = BOOT_NONE;
	m->now_us = m->plat->now_us(m->plat_ctx);
	if (result > 0) {
		err_clear(m); /* its calls may have failed, and that was its own affair */
		result = err_set(m, ERR_BOOT_FAILED, "it ended with status %d", result);
	}
	m->script.status = result;
}

int machine_resume(struct machine *m, int result)
{
	machine_return(m, result);
	if (!result)
		m->script.status = err_set(m, ERR_BOOT_FAILED, "it ended");
	return services_init(m);
}
