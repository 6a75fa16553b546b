/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The judge of Linux boot requests: what would a kernel find in memory?
 *
 * The request's moves are not carried out but followed backwards: a byte at its final address comes
 * from a blob, from a zero fill, or through the moves (last one first) from memory as it is now.
 * What is found there must be the wanted kernel's code behind its setup part, and the wanted
 * initrds as Linux unpacks them (Documentation/driver-api/early-userspace/ buffer-format.rst), both
 * in RAM that is nobody else's; boot_params by Documentation/arch/x86/{boot,zero-page}.rst.
 *
 * Shares nothing with core/bzimage.c and core/initrd.c.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "config/system.h"
#include "tests/sim/node.h"

struct judge {
	struct sim_node *n;
	const struct boot_request *req;
	bool good;
};

static void blame(struct judge *j, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void blame(struct judge *j, const char *fmt, ...)
{
	char text[120];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	j->good = false;
	world_violation(j->n->w, j->n->name, "boot: %s", text);
}

/* ---- memory as the kernel finds it ---- */

static uint64_t min64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* How many bytes from addr on lie on the same side of [start, start + n) as addr; *in: inside. */
static uint64_t side(uint64_t addr, uint64_t start, uint64_t n, bool *in)
{
	*in = addr >= start && addr - start < n;
	if (*in)
		return n - (addr - start);
	return addr < start ? start - addr : UINT64_MAX;
}

/* Reads at most len bytes at their final address, as far as they have one origin; returns how many.
 */
static uint64_t final_piece(struct judge *j, uint64_t addr, uint8_t *to, uint64_t len)
{
	const struct boot_request *req = j->req;
	bool in;

	for (unsigned i = req->nblobs; i--;) {
		len = min64(len, side(addr, req->blobs[i].dst, req->blobs[i].n, &in));
		if (in) {
			memcpy(to, req->blob + req->blobs[i].off + (addr - req->blobs[i].dst),
				(size_t)len);
			return len;
		}
	}
	for (unsigned i = req->nmoves; i--;) {
		const struct boot_move *m = &req->moves[i];

		len = min64(len, side(addr, m->dst, m->n, &in));
		if (in && m->src == BOOT_MOVE_ZERO) {
			memset(to, 0, (size_t)len);
			return len;
		}
		if (in)
			addr = m->src + (addr - m->dst);
	}
	for (unsigned i = 0; i < IMAGE_MAX; i++) {
		const struct image *img = &j->n->sys->m.images[i];

		if (img->state != IMAGE_FREE)
			len = min64(len, side(addr, img->base, img->capacity, &in));
	}
	node_read(j->n, addr, to, (size_t)len);
	return len;
}

static void final_read(struct judge *j, uint64_t addr, uint8_t *to, uint64_t len)
{
	while (len) {
		uint64_t part = final_piece(j, addr, to, len);

		addr += part;
		to += part;
		len -= part;
	}
}

/* Whether the final bytes at addr are those of f from off on. */
static bool final_is(
	struct judge *j, uint64_t addr, const struct sim_file *f, uint64_t off, uint64_t len)
{
	static const uint64_t step = 65536;
	uint8_t *have = sim_alloc(step), *want = sim_alloc(step);
	bool same = true;

	for (uint64_t at = 0; at < len && same; at += step) {
		uint64_t part = min64(step, len - at);

		final_read(j, addr + at, have, part);
		file_read(f, off + at, want, (size_t)part);
		same = !memcmp(have, want, (size_t)part);
	}
	free(have);
	free(want);
	return same;
}

/* ---- what may be where ---- */

static bool is_ram(struct judge *j, uint64_t start, uint64_t end)
{
	struct mem_range rows[MEM_RANGES_MAX];
	unsigned n = j->n->sys->m.plat->memory_map(j->n, rows, MEM_RANGES_MAX);

	for (unsigned i = 0; i < n; i++)
		if (rows[i].type == MEM_RAM && start >= rows[i].start && end <= rows[i].end)
			return true;
	return false;
}

static void check_target(struct judge *j, uint64_t dst, uint64_t n)
{
	struct mem_range self;

	j->n->sys->m.plat->memory_self(j->n, &self);
	if (!is_ram(j, dst, dst + n) || dst < 0x100000 || (dst < self.end && dst + n > self.start))
		blame(j, "writes to %llx..%llx", (unsigned long long)dst,
			(unsigned long long)(dst + n));
}

static void check_targets(struct judge *j)
{
	for (unsigned i = 0; i < j->req->nmoves; i++)
		check_target(j, j->req->moves[i].dst, j->req->moves[i].n);
	for (unsigned i = 0; i < j->req->nblobs; i++)
		check_target(j, j->req->blobs[i].dst, j->req->blobs[i].n);
}

/* A sparse node has no bytes to compare: there every byte must have come, each compared when it
 * did. */
static void check_filled(struct judge *j, const struct sim_file *f)
{
	if (node_filled(j->n, f) != f->size)
		blame(j, "%s: %llu of %llu bytes came", f->name,
			(unsigned long long)node_filled(j->n, f), (unsigned long long)f->size);
}

/* ---- kernel ---- */

static uint32_t le(const uint8_t *p, unsigned n)
{
	uint32_t v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

/* The setup header must arrive in boot_params as it is in the file, but for what a loader fills in.
 */
static void check_params(struct judge *j, const uint8_t *head)
{
	static const struct {
		uint16_t from, to;
	} same[] = {{0x1f1, 0x210}, {0x228, 0x22c}, {0x22c, 0x230}, {0x234, 0x250}, {0x258, 0x264}};
	const uint8_t *p = j->req->params;

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		if (memcmp(p + same[i].from, head + same[i].from, same[i].to - same[i].from))
			blame(j, "boot_params differ from the kernel's header at %x", same[i].from);
	if (!p[0x210])
		blame(j, "type_of_loader is 0");
	if (!(p[0x211] & 1))
		blame(j, "LOADED_HIGH is not set");
	if (le(p + 0x218, 4) != j->req->initrd_start || le(p + 0x21c, 4) != j->req->initrd_size)
		blame(j, "ramdisk_image or ramdisk_size");
}

static void check_memory_map(struct judge *j)
{
	const uint8_t *p = j->req->params;
	struct mem_range rows[MEM_RANGES_MAX];
	unsigned n = j->n->sys->m.plat->memory_map(j->n, rows, MEM_RANGES_MAX);

	if (p[0x1e8] != n) {
		blame(j, "%u rows of memory map, the firmware has %u", p[0x1e8], n);
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		const uint8_t *e = p + 0x2d0 + i * 20;
		uint64_t start = le(e, 4) | (uint64_t)le(e + 4, 4) << 32;
		uint64_t size = le(e + 8, 4) | (uint64_t)le(e + 12, 4) << 32;

		if (start != rows[i].start || size != rows[i].end - rows[i].start ||
			le(e + 16, 4) != rows[i].type)
			blame(j, "row %u of the memory map", i);
	}
}

/* The kernels of the simulator are entered at the first byte behind their setup part. */
static void check_kernel(struct judge *j, const struct sim_file *f)
{
	uint8_t head[0x290];
	uint64_t setup, code, load = j->req->entry, need;

	file_read(f, 0, head, sizeof(head));
	setup = (head[0x1f1] + 1u) * 512;
	code = f->size - setup;
	need = le(head + 0x260, 4) > code ? le(head + 0x260, 4) : code;
	if (!final_is(j, load, f, setup, code))
		blame(j, "the kernel's code is not at %llx", (unsigned long long)load);
	if (load % le(head + 0x230, 4))
		blame(j, "kernel at %llx is not aligned", (unsigned long long)load);
	if (!is_ram(j, load, load + need))
		blame(j, "kernel at %llx has no room to run", (unsigned long long)load);
	if (j->req->initrd_size && load < j->req->initrd_start + j->req->initrd_size &&
		j->req->initrd_start < load + need)
		blame(j, "initrd lies where the kernel unpacks itself");
	if (j->req->initrd_size &&
		j->req->initrd_start + j->req->initrd_size - 1 > le(head + 0x22c, 4))
		blame(j, "initrd lies above the kernel's limit");
	check_filled(j, f);
	check_params(j, head);
	check_memory_map(j);
}

/* ---- initrds ---- */

static unsigned hex8(const uint8_t *p)
{
	char text[9] = "";

	memcpy(text, p, 8);
	return (unsigned)strtoul(text, NULL, 16);
}

/* Skips zeros as Linux does between archives. */
static uint64_t skip_zeros(struct judge *j, uint64_t at, uint64_t end)
{
	uint8_t c = 0;

	while (at < end) {
		final_read(j, at, &c, 1);
		if (c)
			break;
		at++;
	}
	return at;
}

struct cpio_entry {
	char name[256];
	uint32_t mode, size;
	uint64_t data; /* address */
};

/* One newc entry at *at, which moves behind its data. */
static bool cpio_next(struct judge *j, uint64_t *at, struct cpio_entry *e)
{
	uint8_t head[110];
	uint32_t name;

	final_read(j, *at, head, sizeof(head));
	name = hex8(head + 94);
	if (memcmp(head, "070701", 6) || *at % 4 || !name || name > sizeof(e->name))
		return false;
	final_read(j, *at + 110, (uint8_t *)e->name, name);
	e->mode = hex8(head + 14);
	e->size = hex8(head + 54);
	e->data = (*at + 110 + name + 3) & ~3ull;
	*at = (e->data + e->size + 3) & ~3ull;
	return !e->name[name - 1];
}

/* An archive at *at with the directories on the way to path, the file, and a trailer; moves *at
 * behind it. */
static bool check_cpio(struct judge *j, uint64_t *at, const struct sim_file *f, const char *path)
{
	struct cpio_entry e;

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/'))
		if (!cpio_next(j, at, &e) || e.mode >> 12 != 4 || e.size ||
			strlen(e.name) != (size_t)(slash - path) ||
			strncmp(e.name, path, strlen(e.name)))
			return false;
	return cpio_next(j, at, &e) && e.mode >> 12 == 8 && !strcmp(e.name, path) &&
	       e.size == f->size && final_is(j, e.data, f, 0, f->size) && cpio_next(j, at, &e) &&
	       !strcmp(e.name, "TRAILER!!!");
}

static void check_initrds(struct judge *j, const struct node_want *want)
{
	uint64_t at = j->req->initrd_start, end = at + j->req->initrd_size;

	if (end > at && !is_ram(j, at, end))
		blame(j, "initrds are not in RAM");
	for (unsigned i = 0; i < want->initrds; i++) {
		const struct sim_file *f = want->initrd[i];
		bool same;

		check_filled(j, f);
		at = want->path[i] ? skip_zeros(j, at, end) : (at + 4095) & ~4095ull;
		same = want->path[i] ? check_cpio(j, &at, f, want->path[i])
				     : final_is(j, at, f, 0, f->size);
		if (!want->path[i])
			at += f->size;
		if (!same || at > end) {
			blame(j, "initrd %s is not where the kernel would find it", f->name);
			return;
		}
	}
	if (skip_zeros(j, at, end) != end)
		blame(j, "something follows the initrds");
}

bool node_boot_check(struct sim_node *n, const struct boot_request *req)
{
	struct judge j = {n, req, true};
	const struct node_want *want = n->conf.want;

	if (!want)
		return true;
	check_targets(&j);
	check_kernel(&j, want->kernel);
	check_initrds(&j, want);
	if (want->cmdline && strcmp(req->cmdline, want->cmdline))
		blame(&j, "command line is \"%s\"", req->cmdline);
	return j.good;
}
