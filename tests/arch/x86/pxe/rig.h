/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network boot program whose memory is an array, on a card that is the test's. Header only; each
 * test program has one.
 */
#ifndef TESTS_ARCH_X86_PXE_RIG_H
#define TESTS_ARCH_X86_PXE_RIG_H

#include "arch/x86/pxe/pxe.h"
#include "core/machine.h"
#include "tests/card.h"
#include "tests/fake.h"

#define MEMORY 0x10fff0u
#define PARAMS 0x1000 /* segments */
#define BUFFER 0x2000
#define BASE   0x9000
#define NO_SEG 0xfff8 /* there is no such descriptor */

static struct {
	struct fake fake;
	struct machine m;
	struct net net;
	struct pxe pxe;
	uint8_t *memory;
	struct netdev *dev;
	unsigned releases;
	bool refuses;
} rig;

static inline uint32_t rig_segment(struct pxe *p, uint16_t seg)
{
	(void)p;
	return seg == NO_SEG ? UINT32_MAX : seg * 16u;
}

static inline bool rig_release(struct pxe *p)
{
	(void)p;
	rig.releases++;
	return !rig.refuses;
}

static inline void rig_start(const char *uri)
{
	rig.pxe.m = &rig.m;
	rig.pxe.memory = rig.memory;
	rig.pxe.segment = rig_segment;
	rig.pxe.release = rig_release;
	rig.pxe.base = (struct pxe_base *)(rig.memory + BASE * 16);
	rig.pxe.base_seg = BASE;
	pxe_start(&rig.pxe, rig.dev, uri);
}

static inline int setup(void **state)
{
	static const struct ip_protocol protocols[] = {{.number = 0}};
	static const struct filler_ops *const schemes[] = {NULL};
	static const struct net_config net_config = {.protocols = protocols, .schemes = schemes};
	static const struct service *const services[] = {&net_service, NULL};
	static struct config config;

	(void)state;
	memset(&rig, 0, sizeof(rig));
	config = fake_config;
	config.services = services;
	fake_init(&rig.fake, 64 << 20);
	net_init(&rig.net, &rig.m, &net_config);
	assert_int_equal(machine_init(&rig.m, &rig.net, &fake_platform, &rig.fake, &config), 0);
	rig.dev = card_new(&rig.net);
	rig.dev->place = (struct netdev_place){0x1af4, 0x1000, 0x0018};
	netdev_add(rig.dev);
	assert_int_equal(netdev_open(rig.dev), 0);
	rig.dev->ip4.addr = ip4_of(0x0a000002);
	rig.memory = calloc(1, MEMORY); /* exactly: beyond it is not the program's */
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	pxe_end(&rig.pxe);
	card_end();
	free(rig.memory);
	fake_end(&rig.fake);
	return 0;
}

/* Parameters in and out; the status. What lies behind them stays. */
static inline unsigned call(uint16_t opcode, void *params, size_t n)
{
	uint8_t *at = rig.memory + PARAMS * 16;
	uint16_t ax;

	memcpy(at, params, n);
	memset(at, 0xee, 2);
	memset(at + n, 0xa5, 16);
	ax = pxe_call(&rig.pxe, opcode, (struct segoff){0, PARAMS});
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(at[n + i], 0xa5);
	memcpy(params, at, n);
	assert_int_equal(ax, at[0] || at[1] ? PXENV_EXIT_FAILURE : PXENV_EXIT_SUCCESS);
	return at[0] | (unsigned)at[1] << 8;
}

/* A call whose parameters are the status alone, or do not matter. */
static inline unsigned plain(uint16_t opcode)
{
	uint8_t params[160] = {0};

	return call(opcode, params, sizeof(params));
}

#endif
