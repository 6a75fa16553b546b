/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands dhcp and autoboot: discovery over the links named, or all; autoboot then shows the PXE
 * boot menu where there is one and runs what was found. pxebs asks for a PXE boot server.
 */
#include "core/console.h"
#include "core/machine.h"
#include "core/menu.h"
#include "core/str.h"
#include "net/cmd_fetch.h"
#include "net/net.h"

enum stage { FINDING, CHOOSING, ASKING, LINUX, FETCHING };

struct dhcp_cmd {
	enum stage stage; /* of autoboot */
	struct menu menu;
	struct fetch_wait wait;
	const struct command *linux; /* in stage LINUX */
	bool self;		     /* the boot file is net->self_uri */
	uint32_t left; /* autoboot: links that offered a boot file and were not tried yet */
};
_Static_assert(sizeof(struct dhcp_cmd) <= COMMAND_STATE_MAX, "a command's state fits its place");

static struct dhcp_cmd *state(struct machine *m)
{
	return (struct dhcp_cmd *)m->script.cmd;
}

static unsigned prefix_len(uint32_t mask)
{
	unsigned n = 0;

	for (; mask; mask <<= 1)
		n++;
	return n;
}

/* One line for each link that has a lease, the boot link first with what it will boot. */
static void link_show(struct machine *m, const struct netdev *dev)
{
	const struct dhcp *d = &m->net->dhcp[dev->index];
	const struct dhcp_msg *boot = dhcp_boot_msg(d);
	char a[IP_STR_MAX], b[IP_STR_MAX], file[URL_MAX], shown[160];
	struct ip_addr next = dhcp_next_server(boot);
	size_t n = dhcp_filename(boot, file, sizeof(file));

	console_print(
		m, "%s: %s/%u", dev->name, ip_str(&dev->ip4.addr, a), prefix_len(dev->ip4.mask));
	if (dev->ip4.gateway.family)
		console_print(m, " gw %s", ip_str(&dev->ip4.gateway, a));
	console_print(m, " from %s", ip_str(&d->ack.server_id, b));
	if (n) {
		str_hide(file);
		str_clean(shown, sizeof(shown), file, strlen(file));
		console_print(m, ", %s has %s",
			ip_is_any(&next) ? "its TFTP server" : ip_str(&next, a), shown);
	}
	console_print(m, "\n");
}

static void links_show(struct machine *m)
{
	struct net *net = m->net;

	link_show(m, net->boot_dev);
	for (unsigned i = 0; i < net->ndev; i++)
		if (net->dhcp[i].state == DHCP_BOUND && &net->dev[i] != net->boot_dev)
			link_show(m, &net->dev[i]);
}

static int dhcp_cmd_start(struct machine *m, int argc, char **argv)
{
	uint32_t mask = 0;
	int rc;

	memset(m->script.cmd, 0, sizeof(struct dhcp_cmd));
	for (int i = 1; i < argc; i++) {
		struct netdev *dev = netdev_find(m->net, argv[i]);

		if (!dev)
			return err_set(m, ERR_NO_NETDEV, "%s", argv[i]);
		mask |= 1u << dev->index;
	}
	rc = discover_start(m->net, mask);
	if (!rc)
		console_status(m, "looking for a DHCP server");
	return rc ? rc : COMMAND_WAIT;
}

static int dhcp_cmd_poll(struct machine *m)
{
	struct discover *ds = &m->net->discover;

	if (ds->state == DISCOVER_RUNNING)
		return COMMAND_WAIT;
	console_status(m, "%s", "");
	if (ds->state == DISCOVER_DONE)
		links_show(m);
	return ds->result;
}

static void dhcp_cmd_cancel(struct machine *m)
{
	console_status(m, "%s", "");
	discover_cancel(m->net);
}

/* -- PXE boot servers -- */

static struct dhcp *boot_dhcp(struct machine *m)
{
	return &m->net->dhcp[m->net->boot_dev->index];
}

static int ask_start(struct machine *m, struct netdev *dev, unsigned type)
{
	int rc = dhcp_ask(dev, type);

	if (!rc)
		console_status(m, "looking for a PXE boot server");
	return rc ? rc : COMMAND_WAIT;
}

static int ask_poll(struct machine *m, const struct dhcp *d)
{
	if (d->asking)
		return COMMAND_WAIT;
	console_status(m, "%s", "");
	return d->result;
}

static void ask_cancel(struct netdev *dev)
{
	if (dev && dev->net->dhcp[dev->index].asking)
		dhcp_cancel(dev);
}

static struct netdev **pxebs_dev(struct machine *m)
{
	return (struct netdev **)m->script.cmd;
}

static int pxebs_start(struct machine *m, int argc, char **argv)
{
	struct netdev *dev = m->net->boot_dev;
	uint64_t type;

	*pxebs_dev(m) = NULL;
	if (argc < 2 || argc > 3 || !str_u64(argv[argc - 1], &type) || type > UINT16_MAX)
		return -ERR_SCRIPT_USAGE;
	if (argc == 3)
		dev = netdev_find(m->net, argv[1]);
	if (!dev)
		return err_set(m, ERR_NO_NETDEV, "%s", argc == 3 ? argv[1] : "netX");
	*pxebs_dev(m) = dev;
	return ask_start(m, dev, (unsigned)type);
}

static int pxebs_poll(struct machine *m)
{
	return ask_poll(m, &m->net->dhcp[(*pxebs_dev(m))->index]);
}

static void pxebs_cancel(struct machine *m)
{
	ask_cancel(*pxebs_dev(m));
}

/* -- the PXE boot menu -- */

static int entry_show(struct machine *m, unsigned i, char *text, size_t cap)
{
	struct pxe_entry entry;

	pxe_entry(dhcp_menu(boot_dhcp(m)), i, &entry);
	str_clean(text, cap, entry.text, entry.len);
	return 0;
}

/*
 * PXE 2.1 table 2-1, tag 10: the prompt with its time-out, after which the first entry is taken; 0
 * takes it at once, 255 shows the menu and waits. Without prompt there is no time-out; but where
 * there is no choice either nobody is waited for. False: nothing to wait for.
 */
static bool menu_begin(struct machine *m, const struct dhcp_msg *msg)
{
	struct menu *mu = &state(m)->menu;
	struct pxe_entry entry;
	uint16_t len;
	const uint8_t *prompt = dhcp_option(msg, DHCP_VENDOR, PXE_MENU_PROMPT, &len);
	unsigned seconds;
	char text[256];

	*mu = (struct menu){.entry = entry_show, .until_us = TIME_NEVER};
	while (pxe_entry(msg, mu->n, &entry))
		mu->n++;
	seconds = len ? prompt[0] : mu->n > 1 ? 255 : 0;
	if (!seconds)
		return false;
	if (len) {
		str_clean(text, sizeof(text), prompt + 1, len - 1u);
		console_print(m, "%s\n", text);
	}
	if (seconds < 255) {
		mu->closed = true;
		mu->until_us = m->now_us + seconds * 1000000u;
	}
	return true;
}

/* "Local boot" is the end: the next boot device gets its turn, or the script goes on. */
static int menu_take(struct machine *m)
{
	struct pxe_entry entry;

	pxe_entry(dhcp_menu(boot_dhcp(m)), state(m)->menu.selected, &entry);
	state(m)->stage = ASKING;
	return entry.type ? ask_start(m, m->net->boot_dev, entry.type) : 0;
}

/* -- autoboot -- */

/* Links but the boot link that have offered a boot file too: they are tried when its file does not
 * come. */
static uint32_t other_choices(const struct net *net)
{
	uint32_t mask = 0;

	for (unsigned i = 0; i < net->ndev; i++)
		if (&net->dev[i] != net->boot_dev && dhcp_rank(&net->dhcp[i]) >= DHCP_RANK_FILE)
			mask |= 1u << i;
	return mask;
}

/*
 * There is no boot file, or it is what already runs. That is an error where there is no
 * pxelinux.cfg either.
 */
static int no_file(struct machine *m)
{
	char ip[IP_STR_MAX];

	err_clear(m);
	if (state(m)->self)
		return err_set(m, ERR_PXE_SELF, "%s", m->net->self_uri);
	return err_set(m, ERR_DHCP_NO_FILE, "%s: lease from %s", m->net->boot_dev->name,
		ip_str(&boot_dhcp(m)->ack.server_id, ip));
}

/*
 * Whether DHCP says where a pxelinux.cfg may be: options 209 and 210 (RFC 5071), or a TFTP server.
 * siaddr is no such word when it is the DHCP server: many give themselves for lack of another.
 */
static bool linux_hinted(const struct dhcp_msg *msg)
{
	static const uint8_t hints[] = {DHCP_TFTP_SERVER, DHCP_PXE_CONFIG, DHCP_PXE_PREFIX};
	uint16_t len;

	for (unsigned i = 0; i < sizeof(hints); i++)
		if (dhcp_option(msg, hints[i], 0, &len))
			return true;
	return !ip_is_any(&msg->siaddr) && !ip_eq(&msg->siaddr, &msg->server_id);
}

/* By the command of that name, if the build has it. Its state is not in m->script.cmd. */
static int linux_start(struct machine *m)
{
	char name[] = "pxelinux";
	const struct command *cmd = command_find(m, name);
	char *argv[] = {name, NULL};

	if (!cmd || (!state(m)->self && !linux_hinted(dhcp_boot_msg(boot_dhcp(m)))))
		return no_file(m);
	state(m)->linux = cmd;
	state(m)->stage = LINUX;
	return cmd->start(m, 1, argv);
}

static int boot_file_start(struct machine *m)
{
	char file[URL_MAX], uri[URL_MAX];
	int n = setting_text(m, "filename", file, sizeof(file));

	state(m)->self = false;
	if (n <= 0)
		return linux_start(m);
	if ((size_t)n >= sizeof(file) || setting_expand(m, file, sizeof(file)) < 0)
		return err_set(m, ERR_BAD_URL, "boot file name of %d bytes", n);
	n = fetch_resolve(m, file, uri);
	if (n)
		return n;
	state(m)->self = !strcmp(uri, m->net->self_uri);
	if (state(m)->self)
		return linux_start(m);
	state(m)->stage = FETCHING;
	n = fetch_wait_start(m, &state(m)->wait, uri, NULL, NULL, 0);
	return n ? n : COMMAND_WAIT;
}

/* The boot link's file did not come or does not run: the next link that has one, by a lease of its
 * own. */
static int try_next(struct machine *m, int rc)
{
	uint32_t mask = state(m)->left;

	if (!mask)
		return rc;
	err_print(m, rc);
	err_clear(m);
	dhcp_release(m->net->boot_dev);
	state(m)->stage = FINDING;
	rc = discover_start(m->net, mask);
	return rc ? rc : COMMAND_WAIT;
}

/* A link has won. */
static int autoboot_found(struct machine *m)
{
	struct dhcp_cmd *c = state(m);
	const struct dhcp_msg *msg = dhcp_menu(boot_dhcp(m));

	c->left = other_choices(m->net) & (c->left ? c->left : UINT32_MAX);
	if (!msg)
		return boot_file_start(m);
	if (!menu_begin(m, msg))
		return menu_take(m);
	c->stage = CHOOSING;
	return menu_poll(m, &c->menu);
}

static int autoboot_poll(struct machine *m)
{
	struct dhcp_cmd *c = state(m);
	struct image *img;
	int rc;

	switch (c->stage) {
	case FINDING:
		rc = dhcp_cmd_poll(m);
		if (rc)
			return rc;
		rc = autoboot_found(m);
		break;
	case CHOOSING:
		rc = menu_poll(m, &c->menu);
		if (rc)
			return rc;
		rc = menu_take(m);
		break;
	case ASKING:
		rc = ask_poll(m, boot_dhcp(m));
		if (!rc)
			rc = boot_file_start(m);
		break;
	case LINUX:
		rc = c->linux->poll(m);
		if (rc == -ERR_NO_CONFIG)
			rc = no_file(m);
		break;
	default:
		rc = fetch_wait_poll(m, &c->wait, &img);
		if (!rc)
			return fetch_run(m, img);
	}
	return rc < 0 ? try_next(m, rc) : rc;
}

static void autoboot_cancel(struct machine *m)
{
	dhcp_cmd_cancel(m);
	ask_cancel(m->net->boot_dev);
	if (state(m)->stage == LINUX)
		state(m)->linux->cancel(m);
	fetch_wait_cancel(m, &state(m)->wait);
}

const struct command cmd_dhcp = {"dhcp", "[netN...]",
	"get an address and boot file, on all links at once", dhcp_cmd_start, dhcp_cmd_poll,
	dhcp_cmd_cancel};
const struct command cmd_autoboot = {"autoboot", "[netN...]", "dhcp, then boot what it names",
	dhcp_cmd_start, autoboot_poll, autoboot_cancel};
const struct command cmd_pxebs = {"pxebs", "[netN] TYPE",
	"ask for a PXE boot server and its boot file", pxebs_start, pxebs_poll, pxebs_cancel};
