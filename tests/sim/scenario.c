/* SPDX-License-Identifier: BSD-2-Clause */
/* The usual scene: see scenario.h. */
#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>

static const char default_script[] = "#!ipxe\n"
				     "kernel vmlinuz " LAB_CMDLINE "\n"
				     "initrd initrd.img\n"
				     "boot\n";

static void put_le(uint8_t *p, uint64_t v, unsigned n)
{
	for (; n; n--, v >>= 8)
		*p++ = (uint8_t)v;
}

/* Documentation/arch/x86/boot.rst: the fields that a loader reads. */
void lab_make_kernel(struct sim_file *f, uint8_t *head, uint64_t size)
{
	uint64_t code;

	f->size = size < 4096 ? 4096 : size & ~15ull;
	f->head = head;
	f->head_len = KERNEL_HEAD;
	code = f->size - 1024;
	memset(head, 0, KERNEL_HEAD);
	head[0x1f1] = 1;		    /* setup_sects */
	put_le(head + 0x1f4, code / 16, 4); /* syssize */
	put_le(head + 0x1fe, 0xaa55, 2);
	put_le(head + 0x200, 0x6aeb, 2); /* jump over the header, which ends at 26c */
	memcpy(head + 0x202, "HdrS", 4);
	put_le(head + 0x206, 0x020f, 2);
	head[0x211] = 1;		     /* LOADED_HIGH */
	put_le(head + 0x214, 0x100000, 4);   /* code32_start */
	put_le(head + 0x22c, 0x7fffffff, 4); /* initrd_addr_max */
	put_le(head + 0x230, 0x200000, 4);   /* kernel_alignment */
	head[0x234] = 1;		     /* relocatable_kernel */
	head[0x235] = 21;		     /* min_alignment */
	put_le(head + 0x238, 2047, 4);	     /* cmdline_size */
	put_le(head + 0x258, 0x1000000, 8);  /* pref_address */
	put_le(head + 0x260, code * 3, 4);   /* init_size */
}

void lab_script(struct sim_lab *l, const char *text)
{
	l->script->head = text;
	l->script->head_len = (uint32_t)strlen(text);
	l->script->size = strlen(text);
}

void lab_http(struct sim_lab *l)
{
	l->dhcp->conf.boot_file = LAB_URL "boot.ipxe";
}

static void lab_files(struct sim_lab *l)
{
	tftpd_file(l->tftp, &(struct sim_file){.name = "boot.ipxe"});
	tftpd_file(l->tftp, &(struct sim_file){.name = "vmlinuz", .seed = 1});
	tftpd_file(l->tftp, &(struct sim_file){.name = "initrd.img", .seed = 2, .size = 700000});
	l->script = &l->tftp->file[0];
	l->kernel = &l->tftp->file[1];
	l->initrd = &l->tftp->file[2];
	lab_script(l, default_script);
	lab_make_kernel(l->kernel, l->kernel_head, 300000);
	l->want = (struct node_want){
		.kernel = l->kernel,
		.cmdline = LAB_CMDLINE,
		.initrd = {l->initrd},
		.initrds = 1,
	};
}

static void lab_end(void *thing)
{
	struct sim_lab *l = thing;

	free(l->node);
	free(l->link);
	free(l);
}

/* The server is the router, too, and behind it is nothing. */
static bool lab_nowhere(void *ctx, struct sim_frame *f)
{
	(void)ctx;
	(void)f;
	return true;
}

struct sim_lab *lab_new(uint64_t seed, unsigned max_ports)
{
	const struct dhcpd_conf dhcp = {
		.pool = LAB_POOL,
		.pool_len = 4096,
		.mask = LAB_MASK,
		.router = LAB_SERVER,
		.lease_s = 3600,
		.next_server = LAB_SERVER,
		.boot_file = "boot.ipxe",
	};
	struct sim_world *w = world_new(seed);
	struct sim_lab *l = sim_alloc(sizeof(*l));

	world_own(w, l, lab_end);
	l->w = w;
	l->fault = (struct sim_fault){.rate_bps = 1000000000, .delay_us = 5};
	l->sw = switch_new(w, "switch", max_ports + LAB_SPARE);
	l->server = host_new(w, "server", LAB_SERVER, LAB_MASK);
	l->server->forward = lab_nowhere;
	l->server_link = lab_plug(l, &l->server->port);
	l->dhcp = dhcpd_new(l->server, &dhcp);
	l->tftp = tftpd_new(l->server, NULL);
	l->tcp = tcpd_new(l->server, NULL);
	l->http = httpd_new(l->tcp, 80, l->tftp);
	lab_files(l);
	l->nodes_max = max_ports;
	l->node = sim_alloc(max_ports * sizeof(struct sim_node *));
	l->link = sim_alloc(max_ports * sizeof(struct sim_link *));
	return l;
}

void lab_free(struct sim_lab *l)
{
	world_free(l->w);
}

struct sim_link *lab_plug(struct sim_lab *l, struct sim_port *p)
{
	struct sim_port *at = switch_free_port(l->sw);

	if (!at)
		abort();
	return link_new(l->w, p, at, &l->fault);
}

struct sim_host *lab_host(struct sim_lab *l, const char *name, uint32_t ip)
{
	struct sim_host *h = host_new(l->w, name, ip, LAB_MASK);

	lab_plug(l, &h->port);
	return h;
}

struct sim_node *lab_node_unplugged(struct sim_lab *l, const struct node_conf *conf)
{
	struct node_conf c = {0};

	if (l->nodes == l->nodes_max)
		abort();
	if (conf)
		c = *conf;
	if (!c.want)
		c.want = &l->want;
	if (!c.files[0])
		c.files[0] = l->tftp;
	l->node[l->nodes] = node_new(l->w, l->nodes, &c);
	return l->node[l->nodes++];
}

struct sim_node *lab_node(struct sim_lab *l, const struct node_conf *conf)
{
	struct sim_node *n = lab_node_unplugged(l, conf);

	for (unsigned i = 0; i < n->nics; i++) {
		struct sim_link *link = lab_plug(l, node_port(n, i));

		if (!i)
			l->link[l->nodes - 1] = link;
	}
	return n;
}

static bool lab_done(void *ctx)
{
	struct sim_lab *l = ctx;

	for (unsigned i = 0; i < l->nodes; i++)
		if (l->node[i]->state == NODE_RUNNING ||
			(l->node[i]->state == NODE_OFF && !l->node[i]->turns))
			return false;
	return true;
}

bool lab_run(struct sim_lab *l, uint64_t seconds)
{
	return world_run_until(l->w, lab_done, l, l->w->now_us + seconds * 1000000);
}

void lab_close(struct sim_lab *l)
{
	world_run(l->w, l->w->now_us + 1000000); /* last ACKs arrive */
	for (unsigned i = 0; i < l->nodes; i++)
		node_off(l->node[i]);
}

const char *lab_violation(struct sim_lab *l)
{
	static char text[600];

	if (!l->w->violations)
		return NULL;
	snprintf(text, sizeof(text), "seed %llu: %u violations: %s%s%s",
		(unsigned long long)l->w->seed, l->w->violations, l->w->violation[0],
		l->w->violations > 1 ? "; " : "", l->w->violations > 1 ? l->w->violation[1] : "");
	return text;
}

const char *lab_trouble(struct sim_lab *l)
{
	static const char *const state[] = {
		"does not end", "runs on", "booted", "gave up", "rebooted", "is off"};
	static char text[400];

	for (unsigned i = 0; i < l->nodes; i++) {
		const struct sim_node *n = l->node[i];
		uint32_t tail = n->console_len > 200 ? n->console_len - 200 : 0;

		if (n->state == NODE_BOOTED)
			continue;
		snprintf(text, sizeof(text), "seed %llu: %s %s: ...%s",
			(unsigned long long)l->w->seed, n->name, state[n->state],
			n->console + tail);
		return text;
	}
	return lab_violation(l);
}
