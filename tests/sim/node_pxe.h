/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network boot program on a simulated node, whose calls are the test's: memory is an array, and
 * the world goes on while a call waits, and only then, unless rig_away() says so. Header only; each
 * test program has one.
 */
#ifndef SIM_NODE_PXE_H
#define SIM_NODE_PXE_H

#include <stdlib.h>
#include "arch/x86/pxe/pxe.h"
#include "config/system.h"
#include "expect.h"

#define MS 1000u
#define S  1000000u

#define PACKED __attribute__((packed))
#define SERVER                                                                                     \
	{                                                                                          \
		10, 0, 0, 1                                                                        \
	}

#define RIG_MEMORY 0x10fff0u
#define RIG_HIGH   0x200000u /* what READ_FILE may write above 1 MiB */
#define RIG_HIGHS  0x600000u
#define RIG_PARAMS 0x1000u /* segments */
#define RIG_NAME   0x1100u
#define RIG_BUFFER 0x2000u
#define RIG_BASE   0x9000u

struct rig {
	struct sim_lab *l;
	struct sim_node *n;
	struct pxe *p;
	struct platform plat;
	uint8_t *memory, *high;
};
static struct rig rig;

/* Until the deadline or the next thing that happens. */
static inline void rig_idle(void *ctx, uint64_t until_us)
{
	uint64_t next = world_next(rig.l->w), until = until_us + rig.n->conf.on_us;

	(void)ctx;
	world_run(rig.l->w, next < until ? next : until);
}

static inline void rig_phys_write(void *ctx, uint64_t phys, const void *src, size_t n)
{
	(void)ctx;
	if (phys < 0xa0000 && phys + n <= 0xa0000)
		memcpy(rig.memory + phys, src, n);
	else if (phys >= RIG_HIGH && phys + n <= RIG_HIGH + RIG_HIGHS)
		memcpy(rig.high + (phys - RIG_HIGH), src, n);
	else
		fail_msg("writes to %llx", (unsigned long long)phys);
}

static inline uint32_t rig_segment(struct pxe *p, uint16_t seg)
{
	(void)p;
	return seg == 0xfff8 ? UINT32_MAX : seg * 16u; /* no such descriptor */
}

/* A node with a lease, and a program that was loaded from there. fault NULL: the usual link. */
static inline void rig_begin(uint64_t seed, const struct sim_fault *fault)
{
	memset(&rig, 0, sizeof(rig));
	rig.l = lab_new(seed, 1);
	rig.n = lab_node(rig.l, &(struct node_conf){.script = "dhcp\nsleep 100000"});
	world_run(rig.l->w, 2 * S);
	assert_int_not_equal(node_ip(rig.n, 0), 0);
	if (fault)
		link_set_fault(rig.l->link[0], fault);
	rig.n->state = NODE_OFF; /* nothing wakes it but the program's calls */
	world_cancel(rig.l->w, &rig.n->turn);
	rig.plat = *rig.n->sys->m.plat;
	rig.plat.idle = rig_idle;
	rig.plat.phys_write = rig_phys_write;
	rig.n->sys->m.plat = &rig.plat;
	rig.memory = calloc(1, RIG_MEMORY);
	rig.high = calloc(1, RIG_HIGHS);
	rig.memory[0x413] = 576 & 0xff;
	rig.memory[0x414] = 576 >> 8;
	rig.p = calloc(1, sizeof(*rig.p));
	rig.p->m = &rig.n->sys->m;
	rig.p->memory = rig.memory;
	rig.p->segment = rig_segment;
	rig.p->base = (struct pxe_base *)(rig.memory + RIG_BASE * 16);
	rig.p->base_seg = RIG_BASE;
	pxe_start(rig.p, &rig.n->sys->net.dev[0], "tftp://10.0.0.1/nbp");
}

/* The program is away for us: no turns, but the world goes on. */
static inline void rig_away(uint64_t us)
{
	world_run(rig.l->w, rig.l->w->now_us + us);
}

/* Nothing is left over, and nobody broke a rule. */
static inline void rig_end(void)
{
	pxe_end(rig.p);
	for (unsigned i = 0; i < FETCH_MAX; i++)
		assert_null(rig.n->sys->net.fetch[i].m);
	assert_null(image_nth(&rig.n->sys->m, 0));
	world_run(rig.l->w, rig.l->w->now_us + S);
	rig.n->state = NODE_RUNNING;
	lab_close(rig.l);
	if (lab_violation(rig.l))
		fail_msg("%s", lab_violation(rig.l));
	free(rig.p);
	free(rig.high);
	free(rig.memory);
	lab_free(rig.l);
}

static inline uint8_t *rig_at(uint16_t seg)
{
	return rig.memory + seg * 16u;
}

/*
 * Calls with n bytes of parameters, which are copied in and out; the status. AX must say the same.
 * What lies behind the parameters stays as it is.
 */
static inline unsigned rig_call(uint16_t opcode, void *params, size_t n)
{
	uint8_t *at = rig_at(RIG_PARAMS);
	uint16_t ax;

	memcpy(at, params, n);
	memset(at, 0xee, 2);
	memset(at + n, 0xa5, 64);
	ax = pxe_call(rig.p, opcode, (struct segoff){0, RIG_PARAMS});
	for (unsigned i = 0; i < 64; i++)
		assert_int_equal(at[n + i], 0xa5);
	memcpy(params, at, n);
	assert_int_equal(ax, at[0] || at[1] ? PXENV_EXIT_FAILURE : PXENV_EXIT_SUCCESS);
	return at[0] | (unsigned)at[1] << 8;
}
#define RIG_CALL(opcode, params) rig_call(opcode, &(params), sizeof(params))

/* n bytes are those of the file from off on. */
static inline void rig_compare(const struct sim_file *f, uint64_t off, const void *bytes, size_t n)
{
	uint8_t *want = malloc(n + 1);

	assert_true(off + n <= f->size);
	file_read(f, off, want, n);
	if (memcmp(want, bytes, n))
		fail_msg("%s: wrong bytes from %llu on", f->name, (unsigned long long)off);
	free(want);
}

#endif
