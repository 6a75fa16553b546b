/* SPDX-License-Identifier: BSD-2-Clause */
/* The simulated computer of node.h: platform, NIC driver and outer loop. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "config/system.h"
#include "tests/sim/node.h"

#define STREAK_MAX                                                                                 \
	200000u /* turns in a row that wanted another one at once, without a frame or a key */

/* ---- files and memory ---- */

const struct sim_file *node_file(const struct sim_node *n, const char *uri)
{
	const char *path = strstr(uri, "://");
	char name[256];

	path = path ? strchr(path + 3, '/') : NULL;
	snprintf(name, sizeof(name), "%.*s", path ? (int)strcspn(path + 1, "?#") : 0,
		path ? path + 1 : "");
	for (unsigned i = 0; path && i < 2; i++) {
		const struct sim_file *f =
			n->conf.files[i] ? tftpd_find(n->conf.files[i], name) : NULL;

		if (f)
			return f;
	}
	return NULL;
}

/* The image whose reservation holds [phys, phys + len). */
static const struct image *node_image(const struct sim_node *n, uint64_t phys, uint64_t len)
{
	for (unsigned i = 0; i < IMAGE_MAX; i++) {
		const struct image *img = &n->sys->m.images[i];

		if (img->state != IMAGE_FREE && phys >= img->base &&
			phys + len <= img->base + img->capacity)
			return img;
	}
	return NULL;
}

static uint64_t memory_size(const struct sim_node *n)
{
	return n->conf.memory ? n->conf.memory : 512u << 20;
}

static void memory_write(struct sim_node *n, uint64_t phys, const uint8_t *src, size_t len)
{
	while (len) {
		uint64_t page = phys / NODE_PAGE;
		size_t at = (size_t)(phys % NODE_PAGE),
		       part = NODE_PAGE - at < len ? NODE_PAGE - at : len;

		if (!n->page[page])
			n->page[page] = sim_alloc(NODE_PAGE);
		memcpy(n->page[page] + at, src, part);
		phys += part;
		src += part;
		len -= part;
	}
}

/* Marks [from, to) as put. */
static void fill_add(struct node_filled *f, uint64_t from, uint64_t to)
{
	size_t i = f->parts, last;

	while (i && f->part[i - 1].to >= from)
		i--;
	for (last = i; last < f->parts && f->part[last].from <= to; last++) {
		if (f->part[last].from < from)
			from = f->part[last].from;
		if (f->part[last].to > to)
			to = f->part[last].to;
	}
	if (f->parts == f->cap) {
		f->cap = f->cap ? f->cap * 2 : 16;
		f->part = sim_grow(f->part, f->cap * sizeof(*f->part));
	}
	memmove(f->part + i + 1, f->part + last, (f->parts - last) * sizeof(*f->part));
	f->parts += 1 + i - last;
	f->part[i].from = from;
	f->part[i].to = to;
}

static void fill_count(
	struct sim_node *n, const struct sim_file *file, uint32_t seq, uint64_t off, size_t len)
{
	for (unsigned i = 0; i < NODE_FILES_MAX; i++) {
		struct node_filled *f = &n->filled[i];

		if (f->file && f->file != file)
			continue;
		if (f->seq != seq)
			f->parts = 0;
		f->file = file;
		f->seq = seq;
		fill_add(f, off, off + len);
		return;
	}
}

uint64_t node_filled(const struct sim_node *n, const struct sim_file *file)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < NODE_FILES_MAX; i++)
		for (size_t k = 0; n->filled[i].file == file && k < n->filled[i].parts; k++)
			bytes += n->filled[i].part[k].to - n->filled[i].part[k].from;
	return bytes;
}

/* A write into an image that has a file must bring that file's bytes. */
static void compare(
	struct sim_node *n, const struct image *img, uint64_t off, const void *src, size_t len)
{
	const struct sim_file *f = node_file(n, img->uri);
	uint8_t *want;

	n->written += len;
	if (!f) {
		n->unknown += len;
		return;
	}
	if (off + len > f->size) {
		world_violation(n->w, n->name, "%s: bytes beyond its end", f->name);
		return;
	}
	want = sim_alloc(len);
	file_read(f, off, want, len);
	fill_count(n, f, img->seq, off, len);
	if (memcmp(want, src, len))
		world_violation(n->w, n->name, "%s: wrong bytes in %u at %llu", f->name,
			(unsigned)len, (unsigned long long)off);
	free(want);
}

static void plat_phys_write(void *ctx, uint64_t phys, const void *src, size_t len)
{
	struct sim_node *n = ctx;
	const struct image *img = node_image(n, phys, len);

	if (!len)
		return;
	if (!img || img->state != IMAGE_FILLING || phys + len > memory_size(n) - NODE_SELF) {
		world_violation(n->w, n->name, "writes %u bytes to %llx, outside of any image",
			(unsigned)len, (unsigned long long)phys);
		return;
	}
	compare(n, img, phys - img->base, src, len);
	if (!n->conf.sparse)
		memory_write(n, phys, src, len);
}

void node_read(struct sim_node *n, uint64_t phys, void *to, size_t len)
{
	const struct image *img = node_image(n, phys, len);
	const struct sim_file *f = img && n->conf.sparse ? node_file(n, img->uri) : NULL;
	uint8_t *p = to;

	if (f && phys - img->base + len <= f->size) {
		file_read(f, phys - img->base, to, len);
		return;
	}
	for (size_t i = 0; i < len; i++, phys++) {
		const uint8_t *page = phys < memory_size(n) ? n->page[phys / NODE_PAGE] : NULL;

		p[i] = page ? page[phys % NODE_PAGE] : 0;
	}
}

static void plat_phys_read(void *ctx, void *dst, uint64_t phys, size_t len)
{
	struct sim_node *n = ctx;

	if (len && !node_image(n, phys, len))
		world_violation(n->w, n->name, "reads %u bytes from %llx, outside of any image",
			(unsigned)len, (unsigned long long)phys);
	node_read(n, phys, dst, len);
}

/* Moves belong to a boot request, which is checked and not carried out. */
static void plat_phys_move(void *ctx, uint64_t dst, uint64_t src, uint64_t len)
{
	struct sim_node *n = ctx;

	world_violation(n->w, n->name, "moves %llu bytes from %llx to %llx",
		(unsigned long long)len, (unsigned long long)src, (unsigned long long)dst);
}

/* A PC: conventional memory, the hole for adapters and BIOS, extended memory, ACPI tables at its
 * end. */
static unsigned plat_memory_map(void *ctx, struct mem_range *rows, unsigned max)
{
	const struct sim_node *n = ctx;
	uint64_t end = memory_size(n);
	const struct mem_range map[] = {
		{0, 0x9fc00, MEM_RAM},
		{0x9fc00, 0xa0000, MEM_RESERVED},
		{0xf0000, 0x100000, MEM_RESERVED},
		{0x100000, end - 0x20000, MEM_RAM},
		{end - 0x20000, end, MEM_ACPI},
		{0xfffc0000, 0x100000000, MEM_RESERVED},
	};
	unsigned len = sizeof(map) / sizeof(map[0]);

	if (len > max)
		len = max;
	memcpy(rows, map, len * sizeof(map[0]));
	return len;
}

static void plat_memory_self(void *ctx, struct mem_range *self)
{
	const struct sim_node *n = ctx;

	*self = (struct mem_range){
		memory_size(n) - NODE_SELF, memory_size(n) - 0x20000, MEM_RESERVED};
}

/* ---- clock, entropy, console ---- */

static uint64_t plat_now_us(void *ctx)
{
	const struct sim_node *n = ctx;

	return n->w->now_us - n->conf.on_us;
}

/* A computer without a source of entropy still has the noise of its clocks. */
static enum entropy_grade plat_entropy(void *ctx, void *buf, size_t len)
{
	struct sim_node *n = ctx;

	memset(buf, 0, len);
	rand_fill(&n->rng, buf, n->conf.jitter_only && len > 4 ? 4 : len);
	return n->conf.jitter_only ? ENTROPY_JITTER : ENTROPY_HARDWARE;
}

static void plat_putc(void *ctx, char c)
{
	struct sim_node *n = ctx;

	if (((unsigned char)c < 0x20 && c != '\n' && c != '\r' && c != '\b') ||
		(unsigned char)c > 0x7e)
		world_violation(
			n->w, n->name, "control character %02x on the console", (unsigned char)c);
	if (n->console_len == NODE_CONSOLE_MAX) {
		n->console_lost++;
		return;
	}
	n->console[n->console_len++] = c;
	n->console[n->console_len] = 0;
	if (c == '\n' && n->w->trace) {
		uint32_t start = n->console_len - 1;

		while (start && n->console[start - 1] != '\n')
			start--;
		world_trace(n->w, n->name, "| %.*s", (int)(n->console_len - 1 - start),
			n->console + start);
	}
}

static int plat_key(void *ctx)
{
	struct sim_node *n = ctx;

	if (n->next_key >= n->conf.keys_len || n->conf.keys[n->next_key].at_us > plat_now_us(n))
		return KEY_NONE;
	n->idle_streak = 0;
	return n->conf.keys[n->next_key++].key;
}

/* The outer loop sleeps by asking the world for an event. */
static void plat_idle(void *ctx, uint64_t until_us)
{
	(void)ctx;
	(void)until_us;
}

static bool plat_uuid(void *ctx, uint8_t uuid[16])
{
	const struct sim_node *n = ctx;

	if (n->conf.no_uuid)
		return false;
	memcpy(uuid, n->uuid, 16);
	return true;
}

static int plat_boot(void *ctx, const struct boot_request *req)
{
	struct sim_node *n = ctx;
	static const enum node_state end[] = {
		[BOOT_LINUX] = NODE_BOOTED,
		[BOOT_EXIT] = NODE_EXITED,
		[BOOT_REBOOT] = NODE_REBOOTED,
		[BOOT_POWEROFF] = NODE_POWERED_OFF,
	};

	n->state = end[req->kind];
	n->exit_code = req->exit_code;
	if (req->kind == BOOT_LINUX)
		n->booted_right = node_boot_check(n, req);
	world_trace(n->w, n->name, "ends: %s", req->kind == BOOT_LINUX ? "boots Linux" : "leaves");
	return 0;
}

static const struct platform node_platform = {
	.name = "sim",
	.buildarch = sizeof(void *) == 8 ? "x86_64" : "i386",
	.now_us = plat_now_us,
	.entropy = plat_entropy,
	.memory_map = plat_memory_map,
	.memory_self = plat_memory_self,
	.phys_write = plat_phys_write,
	.phys_read = plat_phys_read,
	.phys_move = plat_phys_move,
	.putc = plat_putc,
	.key = plat_key,
	.idle = plat_idle,
	.uuid = plat_uuid,
	.boot = plat_boot,
};

/* ---- the loop ---- */

static void node_wake(struct sim_node *n, uint64_t at_us)
{
	if (at_us < n->busy_us)
		at_us = n->busy_us;
	if (n->state != NODE_RUNNING || at_us >= n->wake_us)
		return;
	n->wake_us = at_us;
	world_at(n->w, &n->turn, at_us);
}

static uint64_t turn_us(const struct sim_node *n)
{
	return n->conf.turn_us ? n->conf.turn_us : 5;
}

static void node_ended(struct sim_node *n)
{
	unsigned missing = PKT_MAX - n->sys->net.pool.nfree;

	n->end_us = n->w->now_us;
	world_cancel(n->w, &n->turn);
	n->wake_us = WORLD_NEVER;
	if (missing)
		world_violation(n->w, n->name, "%u packets are not back in the pool", missing);
}

/* When it must run next: at its deadline, or when the next key is due, but not before this turn is
 * over. */
static void node_sleep(struct sim_node *n, uint64_t next)
{
	uint64_t now = plat_now_us(n);

	n->idle_streak = next <= now ? n->idle_streak + 1 : 0;
	if (n->idle_streak > STREAK_MAX) {
		world_violation(n->w, n->name, "turns in circles");
		node_off(n);
		return;
	}
	if (n->next_key < n->conf.keys_len && n->conf.keys[n->next_key].at_us < next)
		next = n->conf.keys[n->next_key].at_us;
	for (unsigned i = 0; i < n->nics; i++)
		if (n->nic[i].waiting && n->nic[i].open)
			next = now;
	if (next < WORLD_NEVER - n->conf.on_us)
		node_wake(n, next + n->conf.on_us);
}

static void node_turn(void *ctx)
{
	struct sim_node *n = ctx;
	struct machine *m = &n->sys->m;
	uint64_t next;

	n->wake_us = WORLD_NEVER;
	n->busy_us = n->w->now_us + turn_us(n);
	n->turns++;
	next = machine_poll(m);
	if (m->boot.kind == BOOT_NONE) {
		node_sleep(n, next);
		return;
	}
	machine_end(m);
	plat_boot(n, &m->boot);
	node_ended(n);
}

void node_off(struct sim_node *n)
{
	if (n->state != NODE_RUNNING)
		return;
	machine_end(&n->sys->m);
	n->state = NODE_OFF;
	node_ended(n);
}

/* ---- NIC ---- */

static struct node_nic *nic_of(const struct netdev *dev)
{
	struct node_nic *nic;

	memcpy(&nic, dev->priv, sizeof(struct node_nic *));
	return nic;
}

static void nic_empty(struct node_nic *nic)
{
	for (; nic->waiting; nic->waiting--) {
		frame_free(nic->ring[nic->head]);
		nic->head = (nic->head + 1) % nic->slots;
	}
}

/* A frame on the wire: into the ring, if it is for us and there is room. */
static void nic_rx(void *ctx, struct sim_frame *f)
{
	struct node_nic *nic = ctx;
	bool ours = f->len >= 6 && ((f->data[0] & 1) || !memcmp(f->data, nic->mac, 6));

	if (!nic->open || (!ours && !nic->n->conf.promiscuous)) {
		nic->unheard++;
		return;
	}
	if (nic->waiting == nic->slots) {
		nic->overruns++;
		return;
	}
	nic->ring[(nic->head + nic->waiting++) % nic->slots] = frame_ref(f);
	node_wake(nic->n, nic->n->w->now_us);
}

static void nic_link_change(void *ctx, bool up)
{
	struct node_nic *nic = ctx;

	(void)up;
	node_wake(nic->n, nic->n->w->now_us);
}

static int nic_open(struct netdev *dev)
{
	struct node_nic *nic = nic_of(dev);
	unsigned slots = nic->n->conf.ring ? nic->n->conf.ring : dev->rx_ring;
	unsigned most = sizeof(nic->ring) / sizeof(nic->ring[0]);

	nic->slots = slots < most ? slots : most;
	nic->head = 0;
	nic->open = true;
	netdev_link(dev, port_up(&nic->port));
	return 0;
}

static void nic_close(struct netdev *dev)
{
	struct node_nic *nic = nic_of(dev);

	nic->open = false;
	nic_empty(nic);
}

static void nic_send(struct netdev *dev, struct pkt *p)
{
	struct node_nic *nic = nic_of(dev);

	port_send(&nic->port, frame_new(p->data, p->len));
	pkt_free(&dev->net->pool, p);
}

static void nic_take(struct netdev *dev, const struct sim_frame *f)
{
	struct pkt *p = pkt_alloc(&dev->net->pool);
	uint8_t *room = p && f->len <= PKT_SIZE - PKT_HEADROOM ? pkt_put(p, f->len) : NULL;

	if (!room) {
		*(p ? &dev->stats.rx_errors : &dev->stats.rx_no_buf) += 1;
		if (p)
			pkt_free(&dev->net->pool, p);
		return;
	}
	memcpy(room, f->data, f->len);
	netdev_rx(dev, p);
}

static void nic_poll(struct netdev *dev, unsigned budget)
{
	struct node_nic *nic = nic_of(dev);

	netdev_link(dev, port_up(&nic->port));
	for (; nic->waiting && budget; budget--) {
		struct sim_frame *f = nic->ring[nic->head];

		nic->head = (nic->head + 1) % nic->slots;
		nic->waiting--;
		nic->n->idle_streak = 0;
		nic_take(dev, f);
		frame_free(f);
	}
}

static const struct netdev_ops nic_ops = {
	.open = nic_open,
	.close = nic_close,
	.send = nic_send,
	.poll = nic_poll,
};

static void nic_add(struct sim_node *n, struct node_nic *nic)
{
	struct netdev *dev = netdev_new(&n->sys->net);

	if (!dev)
		abort();
	memcpy(dev->priv, &nic, sizeof(struct node_nic *));
	memcpy(dev->mac.b, nic->mac, 6);
	dev->ops = &nic_ops;
	dev->driver = "sim";
	dev->mtu_max = n->conf.mtu;
	dev->rx_ring = n->conf.ring;
	netdev_add(dev);
}

/* ---- life ---- */

static void node_power_on(void *ctx)
{
	struct sim_node *n = ctx;
	const char *script = n->conf.script ? n->conf.script : "autoboot";

	event_init(&n->turn, node_turn, n);
	n->state = NODE_RUNNING;
	if (system_init(n->sys, &node_platform, n, &config_host))
		abort();
	for (unsigned i = 0; i < n->nics; i++)
		nic_add(n, &n->nic[i]);
	if (script_run_text(&n->sys->m, script, strlen(script)))
		abort();
	node_wake(n, n->w->now_us);
}

static void node_end(void *thing)
{
	struct sim_node *n = thing;

	world_cancel(n->w, &n->turn);
	for (unsigned i = 0; i < n->nics; i++)
		nic_empty(&n->nic[i]);
	for (uint64_t i = 0; i < memory_size(n) / NODE_PAGE; i++)
		free(n->page[i]);
	for (unsigned i = 0; i < NODE_FILES_MAX; i++)
		free(n->filled[i].part);
	free(n->page);
	free(n->console);
	free(n->sys);
	free(n);
}

/* Packet buffers want more alignment than malloc() gives. */
static struct system *system_new(void)
{
	size_t align = _Alignof(struct system),
	       size = (sizeof(struct system) + align - 1) / align * align;
	struct system *s = aligned_alloc(align, size);

	if (!s)
		abort();
	return memset(s, 0, size);
}

struct sim_node *node_new(struct sim_world *w, unsigned number, const struct node_conf *conf)
{
	struct sim_node *n = sim_alloc(sizeof(*n));

	n->w = w;
	n->conf = *conf;
	n->wake_us = WORLD_NEVER;
	n->nics = conf->nics ? conf->nics : 1;
	n->sys = system_new();
	n->console = sim_alloc(NODE_CONSOLE_MAX + 1);
	n->page = sim_alloc((size_t)(memory_size(n) / NODE_PAGE) * sizeof(uint8_t *));
	world_stream(w, &n->rng);
	rand_fill(&n->rng, n->uuid, sizeof(n->uuid));
	snprintf(n->name, sizeof(n->name), "node%u", number);
	for (unsigned i = 0; i < n->nics; i++) {
		struct node_nic *nic = &n->nic[i];
		const uint8_t mac[6] = {
			2, 0x4e, 0, (uint8_t)(number >> 8), (uint8_t)number, (uint8_t)i};
		char port[32];

		nic->n = n;
		nic->index = i;
		nic->slots = 1;
		memcpy(nic->mac, mac, 6);
		snprintf(port, sizeof(port), "%s.%u", n->name, i);
		port_init(&nic->port, w, port, nic_rx, nic_link_change, nic);
	}
	event_init(&n->turn, node_power_on, n);
	world_at(w, &n->turn, conf->on_us);
	world_own(w, n, node_end);
	return n;
}

struct sim_port *node_port(struct sim_node *n, unsigned nic)
{
	return &n->nic[nic].port;
}

/* ---- what tests look at ---- */

bool node_says(const struct sim_node *n, const char *text)
{
	return strstr(n->console, text) != NULL;
}

uint32_t node_ip(const struct sim_node *n, unsigned nic)
{
	return ip4_u32(&n->sys->net.dev[nic].ip4.addr);
}

int node_error(const struct sim_node *n)
{
	return n->sys->m.err.code;
}

struct node_counts node_counts(const struct sim_node *n, unsigned nic)
{
	const struct netdev_stats *s = &n->sys->net.dev[nic].stats;

	return (struct node_counts){
		.rx = s->rx_packets,
		.tx = s->tx_packets,
		.bad_eth = s->bad_eth,
		.bad_arp = s->bad_arp,
		.bad_ip = s->bad_ip,
		.bad_icmp = s->bad_icmp,
		.bad_udp = s->bad_udp,
		.no_port = s->no_port,
		.ignored = s->rx_ignored,
	};
}
