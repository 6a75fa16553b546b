/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The walk through the tables of calls, and those that belong to no layer: PXE 2.1, 3.3 (PreBoot
 * API) and START_UNDI, STOP_UNDI.
 *
 * An NBP parts from us in two steps, in any order: from the base code (UNLOAD_STACK) and from UNDI
 * (STOP_UNDI or, as before 2.1, UNDI_CLEANUP). It may well keep UNDI for long. Opcode 15h is
 * STOP_UNDI; the specification gives the same number to UNDI_GET_STATE, which thus does not exist.
 * RESTART_DHCP is unsupported.
 */
#include "arch/x86/pxe/pxe.h"
#include "core/machine.h"
#include "net/net.h"

#define PXE_MEMORY 0x10fff0u /* what 16-bit segments and offsets reach */

static const struct pxe_call *const tables[] = {
	pxe_base_calls, pxe_undi_calls, pxe_udp_calls, pxe_tftp_calls, pxe_file_calls};
#define WITHOUT_BASE 2 /* tables of calls that work when the base code was unloaded */

void *pxe_at(struct pxe *p, struct segoff at, size_t n)
{
	uint32_t base = p->segment(p, at.seg);

	if (base >= PXE_MEMORY || n > 0x10000u - at.off || n > PXE_MEMORY - at.off ||
		base > PXE_MEMORY - at.off - n)
		return NULL;
	return p->memory + base + at.off;
}

static const struct pxe_call *find(const struct pxe *p, uint16_t opcode)
{
	unsigned n = p->stopped ? WITHOUT_BASE : sizeof(tables) / sizeof(tables[0]);

	for (unsigned i = 0; i < n; i++) {
		for (const struct pxe_call *c = tables[i]; c->call; c++) {
			if (c->opcode == opcode)
				return c;
		}
	}
	return NULL;
}

uint16_t pxe_call(struct pxe *p, uint16_t opcode, struct segoff params)
{
	const struct pxe_call *c = find(p, opcode);
	uint8_t *at = pxe_at(p, params, c ? c->size : 2);
	enum pxe_status status = PXENV_STATUS_UNSUPPORTED;

	if (!at)
		return PXENV_EXIT_FAILURE;
	p->m->now_us = p->m->plat->now_us(p->m->plat_ctx); /* what is started begins now */
	if (c)
		status = c->call(p, at);
	if (p->restart)
		return PXENV_EXIT_SUCCESS; /* the parameters may be part of another program now */
	at[0] = (uint8_t)status;
	at[1] = 0;
	return status == PXENV_STATUS_SUCCESS ? PXENV_EXIT_SUCCESS : PXENV_EXIT_FAILURE;
}

void pxe_start(struct pxe *p, struct netdev *dev, const char *uri)
{
	p->dev = p->udp.dev = dev;
	p->undi_started = p->undi_initialized = true;
	pxe_cached_make(p, uri);
}

static void base_end(struct pxe *p)
{
	pxe_udp_end(p);
	pxe_files_end(p);
	p->stopped = true;
}

void pxe_end(struct pxe *p)
{
	base_end(p);
	pxe_undi_end(p);
}

enum pxe_status pxe_part(struct pxe *p)
{
	if (!p->stopped || p->undi_started || !p->release || p->release(p))
		return PXENV_STATUS_SUCCESS;
	return PXENV_STATUS_KEEP_ALL;
}

static enum pxe_status start_undi(struct pxe *p, void *params)
{
	(void)params;
	p->undi_started = true;
	return PXENV_STATUS_SUCCESS;
}

static enum pxe_status start_base(struct pxe *p, void *params)
{
	(void)params;
	p->stopped = false;
	return PXENV_STATUS_SUCCESS;
}

static enum pxe_status stop_base(struct pxe *p, void *params)
{
	(void)params;
	base_end(p);
	return PXENV_STATUS_SUCCESS;
}

/* From here on only what the NBP itself opens by UNDI writes to memory. */
static enum pxe_status unload_stack(struct pxe *p, void *params)
{
	stop_base(p, params);
	if (!p->undi_open)
		netdev_close(p->dev);
	return pxe_part(p);
}

#define READ_FILE_SIZE 158

/* The file takes the NBP's place, and begins as that has. It often comes over the parameters, which
 * READ_FILE would write to again. */
static enum pxe_status restart_tftp(struct pxe *p, void *params)
{
	const struct pxe_call *read = find(p, 0x23);
	enum pxe_status status = PXENV_STATUS_UNSUPPORTED;
	uint8_t copy[READ_FILE_SIZE];

	memcpy(copy, params, sizeof(copy));
	if (read)
		status = read->call(p, copy);
	if (status == PXENV_STATUS_SUCCESS) {
		pxe_end(p);
		p->stopped = false;
		p->restart = true;
	}
	return status;
}

struct cached_info {
	uint16_t status, type, size;
	struct segoff buffer;
	uint16_t limit;
} __attribute__((packed));

/* PXE 2.1, 3.3.3.4: a copy, or where ours lies. An NBP may well ask for the copy there. */
static enum pxe_status get_cached_info(struct pxe *p, void *params)
{
	struct cached_info *info = params;
	unsigned i = info->type - 1u;
	uint16_t n;
	void *to;

	if (i >= PXE_PACKETS)
		return PXENV_STATUS_UNSUPPORTED;
	n = p->packet_n[i];
	if (!info->size) {
		info->buffer.off = (uint16_t)(i * PXE_PACKET_MAX);
		info->buffer.seg = p->base_seg;
	} else {
		n = info->size < n ? info->size : n;
		to = pxe_at(p, info->buffer, n);
		if (!to)
			return PXENV_STATUS_FAILURE;
		memmove(to, p->base->packet[i], n);
	}
	info->size = n;
	info->limit = PXE_CACHED_MAX;
	return PXENV_STATUS_SUCCESS;
}

const struct pxe_call pxe_base_calls[] = {
	{0x00, 12, start_undi},
	{0x70, 12, unload_stack},
	{0x71, sizeof(struct cached_info), get_cached_info},
	{0x73, READ_FILE_SIZE, restart_tftp},
	{0x75, 2, start_base},
	{0x76, 2, stop_base},
	{0, 0, NULL},
};
