/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands dhcp and autoboot: discovery over the links named, or all; autoboot then runs what was
 * found. */
#include "core/console.h"
#include "core/machine.h"
#include "core/str.h"
#include "net/cmd_fetch.h"
#include "net/net.h"

struct dhcp_cmd {
	struct fetch_wait wait; /* autoboot: the boot file; f NULL during discovery */
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
	char a[IP_STR_MAX], b[IP_STR_MAX], file[129], shown[160];
	struct ip_addr next = dhcp_next_server(boot);
	size_t n = dhcp_filename(boot, file, sizeof(file));

	console_print(
		m, "%s: %s/%u", dev->name, ip_str(&dev->ip4.addr, a), prefix_len(dev->ip4.mask));
	if (dev->ip4.gateway.family)
		console_print(m, " gw %s", ip_str(&dev->ip4.gateway, a));
	console_print(m, " from %s", ip_str(&d->ack.server_id, b));
	if (n) {
		str_clean(shown, sizeof(shown), file, n);
		console_print(m, ", %s has %s", ip_str(&next, a), shown);
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

static int boot_file_start(struct machine *m)
{
	char file[URL_MAX], ip[IP_STR_MAX];
	int n = setting_text(m, "filename", file, sizeof(file));

	if (n <= 0)
		return err_set(m, ERR_DHCP_NO_FILE, "%s: lease from %s", m->net->boot_dev->name,
			ip_str(&m->net->dhcp[m->net->boot_dev->index].ack.server_id, ip));
	if ((size_t)n >= sizeof(file) || setting_expand(m, file, sizeof(file)) < 0)
		return err_set(m, ERR_BAD_URL, "boot file name of %d bytes", n);
	return fetch_wait_start(m, &state(m)->wait, file, NULL, NULL, 0);
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
	rc = discover_start(m->net, mask);
	return rc ? rc : COMMAND_WAIT;
}

static int autoboot_poll(struct machine *m)
{
	struct dhcp_cmd *c = state(m);
	struct image *img;
	int rc;

	if (!c->wait.f) {
		rc = dhcp_cmd_poll(m);
		if (rc)
			return rc;
		c->left = other_choices(m->net) & (c->left ? c->left : UINT32_MAX);
		rc = boot_file_start(m);
	} else {
		rc = fetch_wait_poll(m, &c->wait, &img);
		if (rc == COMMAND_WAIT)
			return rc;
		if (!rc)
			return fetch_run(m, img);
	}
	return !rc ? COMMAND_WAIT : try_next(m, rc);
}

static void autoboot_cancel(struct machine *m)
{
	dhcp_cmd_cancel(m);
	fetch_wait_cancel(m, &state(m)->wait);
}

const struct command cmd_dhcp = {"dhcp", "[netN...]",
	"get an address and boot file, on all links at once", dhcp_cmd_start, dhcp_cmd_poll,
	dhcp_cmd_cancel};
const struct command cmd_autoboot = {"autoboot", "[netN...]", "dhcp, then boot what it names",
	dhcp_cmd_start, autoboot_poll, autoboot_cancel};
