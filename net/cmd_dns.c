/* SPDX-License-Identifier: BSD-2-Clause */
/* Command nslookup: a host name's address into a setting, the first when there are several. */
#include "core/command.h"
#include "core/console.h"
#include "core/fmt.h"
#include "core/machine.h"
#include "net/net.h"

struct nslookup {
	struct machine *m;
	struct dns_query *query; /* NULL: it has ended, and */
	int result;
	char setting[SETTING_NAME_MAX * 2];
};
_Static_assert(sizeof(struct nslookup) <= COMMAND_STATE_MAX, "a command's state fits its place");

static struct nslookup *state(struct machine *m)
{
	return (struct nslookup *)m->script.cmd;
}

static void nslookup_found(void *ctx, int rc, const struct ip_addr *addr, unsigned n)
{
	struct nslookup *c = ctx;
	char text[IP_STR_MAX];

	c->query = NULL;
	c->result = n ? setting_set(c->m, c->setting, ip_str(addr, text)) : rc;
}

static int nslookup_start(struct machine *m, int argc, char **argv)
{
	struct nslookup *c = state(m);
	int rc;

	if (argc != 3)
		return -ERR_SCRIPT_USAGE;
	c->m = m;
	if (fmt_print(c->setting, sizeof(c->setting), strchr(argv[1], ':') ? "%s" : "%s:ipv4",
		    argv[1]) >= sizeof(c->setting))
		return err_set(m, ERR_SETTING_VALUE, "%.100s", argv[1]);
	rc = dns_resolve(m->net, argv[2], nslookup_found, c, &c->query);
	return rc ? rc : COMMAND_WAIT;
}

static int nslookup_poll(struct machine *m)
{
	return state(m)->query ? COMMAND_WAIT : state(m)->result;
}

static void nslookup_cancel(struct machine *m)
{
	if (state(m)->query)
		dns_cancel(state(m)->query);
}

const struct command cmd_nslookup = {"nslookup", "SETTING NAME", "look up a host's address",
	nslookup_start, nslookup_poll, nslookup_cancel};
