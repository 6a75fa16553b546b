/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: pxelinux.cfg. The input is the files that the server has, in the order in which they
 * are asked for, each up to a 0xfe byte; what follows the first 0xff byte is typed on the console,
 * a key every 100 ms. When it has given all, the server has no more.
 *
 * Whatever they say: an end, or a turn that waits; nothing of it reaches the terminal as it is;
 * after the end nothing is left of the configuration.
 */
#include <stdlib.h>
#include <string.h>
#include "core/cmd.h"
#include "net/net.h"
#include "tests/fake.h"

#define TURNS_MAX 800
#define TIME_MAX  (100 * 1000000ull)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fake fake;
static struct machine m;
static struct net net;
static const uint8_t *files, *files_end;

static void check(bool good)
{
	if (!good)
		abort();
}

/* The next file, at once. */
static int file_start(struct fetch *f)
{
	const uint8_t *end;
	size_t n;
	int rc = -ERR_TFTP_NOT_FOUND;

	if (files < files_end) {
		end = memchr(files, 0xfe, (size_t)(files_end - files));
		n = (size_t)((end ? end : files_end) - files);
		rc = image_open(&m, f->name, f->uri, n, NULL, &f->image);
		if (!rc && n)
			image_put(&m, f->image, 0, files, n);
		files = end ? end + 1 : files_end;
	}
	fetch_done(f, rc);
	return 0;
}

static void file_cancel(struct fetch *f)
{
	(void)f;
}

static int dev_open(struct netdev *dev)
{
	netdev_link(dev, true);
	return 0;
}

static void dev_close(struct netdev *dev)
{
	(void)dev;
}

static void dev_send(struct netdev *dev, struct pkt *p)
{
	pkt_free(&dev->net->pool, p);
}

static void dev_poll(struct netdev *dev, unsigned budget)
{
	(void)dev;
	(void)budget;
}

/* "KERNEL" begins one. */
static int kernel_probe(struct machine *mm, const struct image *img)
{
	char magic[6];

	return image_get(mm, img, 0, magic, 6) && !memcmp(magic, "KERNEL", 6) ? 0 : -ERR_IMAGE_TYPE;
}

static int kernel_prepare(struct machine *mm, struct image *img, struct boot_request *req)
{
	(void)mm;
	check(memchr(img->cmdline, 0, sizeof(img->cmdline)) != NULL);
	req->kind = BOOT_LINUX;
	return 0;
}

static const struct netdev_ops ops = {
	.open = dev_open, .close = dev_close, .send = dev_send, .poll = dev_poll};
static const struct filler_ops scheme = {
	.scheme = "tftp", .start = file_start, .cancel = file_cancel};
static const struct filler_ops *const schemes[] = {&scheme, NULL};
static const struct ip_protocol protocols[] = {{.number = 0}};
static const struct net_config net_config = {.protocols = protocols, .schemes = schemes};
static const struct service console_service = {.name = "console", .poll = console_poll};
static const struct service script_service = {.name = "script", .poll = script_poll};
static const struct service *const services[] = {
	&console_service, &net_service, &script_service, NULL};
static const struct image_type kernel_type = {
	.name = "kernel", .probe = kernel_probe, .prepare = kernel_prepare};
static const struct image_type *const types[] = {&kernel_type, NULL};
static const struct setting_source *const sources[] = {&net_settings, &builtin_settings, NULL};
static const struct command *const commands[] = {&cmd_pxelinux, &cmd_shell, NULL};

static void start(void)
{
	static struct config config;
	static const char script[] = "pxelinux tftp://10.0.0.9/";
	struct netdev *dev;

	config = fake_config;
	config.services = services;
	config.commands = commands;
	config.image_types = types;
	config.sources = sources;
	config.net = &net_config;
	fake_init(&fake, 8 << 20);
	net_init(&net, &m, &net_config);
	dev = netdev_new(&net);
	dev->ops = &ops;
	dev->driver = "fuzz";
	dev->mac = (struct mac){{2, 0, 0, 0, 0, 1}};
	dev->mtu_max = 1500;
	netdev_add(dev);
	check(!machine_init(&m, &net, &fake_platform, &fake, &config));
	check(!netdev_open(dev));
	dev->ip4.addr = ip4_of(0x0a000002);
	dev->ip4.mask = 0xffffff00;
	check(!script_run_text(&m, script, sizeof(script) - 1));
}

static void run(void)
{
	for (unsigned turn = 0; turn < TURNS_MAX && fake.now_us < TIME_MAX; turn++) {
		uint64_t next = machine_poll(&m);

		check(net.pxelinux.cfg.size <= SCRIPT_SIZE_MAX);
		check(m.script.edit.len < EDIT_MAX && m.script.edit.pos <= m.script.edit.len);
		if (m.boot.kind != BOOT_NONE)
			break;
		fake.now_us = next > fake.now_us ? next : fake.now_us + 1;
	}
	if (m.boot.kind != BOOT_LINUX)
		script_cancel(&m);
	check(!net.pxelinux.text);
	machine_end(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *keys = memchr(data, 0xff, size);
	size_t n = keys ? (size_t)(keys - data) : size;

	start();
	files = data;
	files_end = data + n;
	for (size_t i = n + 1; i < size && i < n + 500; i++)
		if (data[i])
			fake_key_at(&fake, (i - n) * 100000, data[i]);
	run();
	check(!strchr(fake_text(&fake), 0x1b));
	fake_end(&fake);
	return 0;
}
