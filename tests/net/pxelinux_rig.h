/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command pxelinux run as a script would, with a TFTP server by hand and keys at the console.
 * Header only.
 */
#ifndef TESTS_NET_PXELINUX_RIG_H
#define TESTS_NET_PXELINUX_RIG_H

#include "core/cmd.h"
#include "net/pxelinux.h"
#include "tests/net/server.h"
#include "tests/unit.h"

#define FILES 24
#define DOWN  "\33[B"
#define ESC   "\33"

/* A kernel is what begins with "KERNEL"; what it was started with is kept in the request. */
static inline int kernel_probe(struct machine *m, const struct image *img)
{
	char magic[6];

	return image_get(m, img, 0, magic, 6) && !memcmp(magic, "KERNEL", 6) ? 0 : -ERR_IMAGE_TYPE;
}

static inline int kernel_prepare(struct machine *m, struct image *img, struct boot_request *req)
{
	(void)m;
	req->kind = BOOT_LINUX;
	str_copy(req->cmdline, sizeof(req->cmdline), img->cmdline);
	return 0;
}

static const struct image_type kernel_type = {
	.name = "kernel", .probe = kernel_probe, .prepare = kernel_prepare};
static const struct image_type *const types[] = {&script_type, &kernel_type, NULL};
static const struct command *const commands[] = {&cmd_pxelinux, &cmd_echo, &cmd_exit, NULL};

struct file {
	const char *name, *text;
};

/* What the server has, besides vmlinuz, other, initrd.img, more.img; what it was asked for. */
static struct {
	struct file files[8];
	char asked[FILES][256];
	uint32_t from[FILES];
	unsigned n;
	bool silent;
} server;

static inline const char *file_text(const char *name)
{
	static const struct file common[] = {{"vmlinuz", "KERNEL"}, {"other", "KERNEL"},
		{"initrd.img", "070701"}, {"more.img", "070701"}, {"note", "just text"},
		{"script", "#!ipxe\necho in the script\n"}};

	for (unsigned i = 0; i < ROWS(server.files); i++)
		if (server.files[i].name && !strcmp(server.files[i].name, name))
			return server.files[i].text;
	for (unsigned i = 0; i < ROWS(common); i++)
		if (!strcmp(common[i].name, name))
			return common[i].text;
	return NULL;
}

static inline void answer_file(struct lan *lan, const struct sent *s)
{
	const char *name = (const char *)s->data + 2, *text = file_text(name);
	uint8_t b[520] = {0, 3, 0, 1};

	assert_true(server.n < FILES);
	snprintf(server.asked[server.n], sizeof(server.asked[0]), "%s", name);
	server.from[server.n++] = s->dst;
	if (server.silent)
		return;
	if (!text) {
		server_put(lan, 0, s->dst, s->src, 1234, s->sport, "\0\5\0\1none", 9);
		return;
	}
	assert_true(strlen(text) < 512);
	memcpy(b + 4, text, strlen(text));
	server_put(lan, 0, s->dst, s->src, 1234, s->sport, b, 4 + (uint32_t)strlen(text));
}

/* A machine whose lease names `file` and has the options 209 and 210, NULL for none. */
static inline struct lan *site(const char *file, const char *config, const char *prefix)
{
	struct lan *lan = server_lan(1);
	struct sent s;

	memset(&server, 0, sizeof(server));
	((struct config *)(uintptr_t)lan->m.config)->image_types = types;
	((struct config *)(uintptr_t)lan->m.config)->commands = commands;
	assert_int_equal(discover_start(&lan->net, 1), 0);
	for (unsigned type = DHCPOFFER; type <= DHCPACK; type += DHCPACK - DHCPOFFER) {
		struct answer a;

		s = server_expect(lan, type == DHCPOFFER ? DHCPDISCOVER : DHCPREQUEST, S);
		a = answer_to(&s, type, SERVER(0), LEASE(0), file);
		if (config)
			answer_text(&a, 209, config);
		if (prefix)
			answer_text(&a, 210, prefix);
		answer_send(lan, &a, 67);
	}
	server_quiet(lan, 50 * MS);
	assert_int_equal(lan->net.discover.state, DISCOVER_DONE);
	return lan;
}

/* The usual one: "pxelinux.0", and `text` as the default configuration. */
static inline struct lan *site_default(const char *text)
{
	struct lan *lan = site("pxelinux.0", "pxelinux.cfg/default", NULL);

	server.files[0] = (struct file){"pxelinux.cfg/default", text};
	return lan;
}

/* Runs text as a script for at most us; the error it ends with, 0, or COMMAND_WAIT. */
static inline int run_for(struct lan *lan, const char *text, uint64_t us)
{
	uint64_t end = lan->fake.now_us + us;
	struct sent s;

	if (text) {
		lan->m.boot.kind = BOOT_NONE;
		fake_text_clear(&lan->fake);
		assert_int_equal(script_run_text(&lan->m, text, strlen(text)), 0);
	}
	while (lan->m.boot.kind == BOOT_NONE && lan->fake.now_us < end)
		if (server_wait(lan, &s, 100 * MS) && s.dport == 69)
			answer_file(lan, &s);
	if (lan->m.boot.kind == BOOT_NONE)
		return COMMAND_WAIT;
	return lan->m.boot.kind == BOOT_EXIT ? lan->m.boot.exit_code : 0;
}

static inline int run(struct lan *lan, const char *text)
{
	return run_for(lan, text, 10 * S);
}

/* Goes on with keys. */
static inline int keys(struct lan *lan, const char *typed)
{
	fake_type(&lan->fake, typed);
	return run(lan, NULL);
}

static inline bool printed(struct lan *lan, const char *text)
{
	return strstr(fake_text(&lan->fake), text);
}

static inline void booted(struct lan *lan, const char *cmdline)
{
	assert_int_equal(lan->m.boot.kind, BOOT_LINUX);
	assert_string_equal(lan->m.boot.cmdline, cmdline);
	assert_null(lan->net.pxelinux.text);
}

static inline unsigned initrds(struct lan *lan)
{
	unsigned n = 0;

	for (unsigned i = 0; i < IMAGE_MAX; i++)
		n += lan->m.images[i].state != IMAGE_FREE && lan->m.images[i].initrd;
	return n;
}

static inline unsigned images(struct lan *lan)
{
	unsigned n = 0;

	for (unsigned i = 0; i < IMAGE_MAX; i++)
		n += lan->m.images[i].state != IMAGE_FREE;
	return n;
}

static inline void end(struct lan *lan)
{
	script_cancel(&lan->m);
	lan_end(lan);
}

#endif
