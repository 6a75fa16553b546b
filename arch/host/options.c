/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of the hosted program. Options end where the script begins. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include "arch/host/host.h"
#include "core/str.h"
#include "embed.h"

static const char usage[] =
	"usage: reveille [OPTION...] [COMMAND...]\n"
	"\n"
	"Runs the firmware as a process. COMMAND is a line of script; without one, and without\n"
	"--script, a shell starts on the terminal. What would be booted is printed. The exit\n"
	"status is 0 when the script succeeded.\n"
	"\n"
	"  --tap NAME        a link: our end of the TAP device NAME\n"
	"  --interface NAME  a link: any Ethernet interface, beside the kernel's own use of it\n"
	"  --mac MAC         address of the link named before it; otherwise a random local one\n"
	"  --script FILE     runs a script file\n"
	"  --memory MIB      memory of the machine (1024)\n"
	"  --save DIR        writes what was fetched into DIR in the end\n"
	"  --seed NUMBER     draws the same random numbers in each run\n"
	"  --verbose         shows the log as it grows\n"
	"\n"
	"  reveille --tap tap0 'dhcp && imgfetch tftp://${next-server}/file && imgstat'\n";

enum {
	OPT_TAP = 1,
	OPT_INTERFACE,
	OPT_MAC,
	OPT_SCRIPT,
	OPT_MEMORY,
	OPT_SAVE,
	OPT_SEED,
	OPT_VERBOSE,
	OPT_HELP,
	OPT_VERSION
};

static const struct option options[] = {
	{"tap", required_argument, NULL, OPT_TAP},
	{"interface", required_argument, NULL, OPT_INTERFACE},
	{"mac", required_argument, NULL, OPT_MAC},
	{"script", required_argument, NULL, OPT_SCRIPT},
	{"memory", required_argument, NULL, OPT_MEMORY},
	{"save", required_argument, NULL, OPT_SAVE},
	{"seed", required_argument, NULL, OPT_SEED},
	{"verbose", no_argument, NULL, OPT_VERBOSE},
	{"help", no_argument, NULL, OPT_HELP},
	{"version", no_argument, NULL, OPT_VERSION},
	{NULL, 0, NULL, 0},
};

static void link_option(struct host_options *o, enum host_link kind, const char *name)
{
	if (o->nlinks == NETDEV_MAX)
		host_die("at most %d links", NETDEV_MAX);
	o->link[o->nlinks].kind = kind;
	o->link[o->nlinks++].name = name;
}

static void mac_option(struct host_options *o, const char *text)
{
	unsigned b[6];
	int end = 0;

	if (!o->nlinks)
		host_die("--mac comes behind the link that it is for");
	if (strlen(text) != 17 ||
		sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", b, b + 1, b + 2, b + 3, b + 4, b + 5,
			&end) != 6 ||
		end != 17 || b[0] & 1)
		host_die("--mac %s: not the address of one station, such as 02:00:00:12:34:56",
			text);
	for (unsigned i = 0; i < 6; i++)
		o->link[o->nlinks - 1].mac.b[i] = (uint8_t)b[i];
	o->link[o->nlinks - 1].has_mac = true;
}

static uint64_t number_option(const char *name, const char *text, uint64_t min, uint64_t max)
{
	uint64_t value;

	if (!str_u64(text, &value) || value < min || value > max)
		host_die("--%s %s: a number from %llu to %llu is needed", name, text,
			(unsigned long long)min, (unsigned long long)max);
	return value;
}

static void print_and_exit(const char *text)
{
	fputs(text, stdout);
	exit(fflush(stdout) ? 2 : 0);
}

static void option(struct host_options *o, int which, const char *value)
{
	switch (which) {
	case OPT_TAP:
		link_option(o, HOST_TAP, value);
		break;
	case OPT_INTERFACE:
		link_option(o, HOST_PACKET, value);
		break;
	case OPT_MAC:
		mac_option(o, value);
		break;
	case OPT_SCRIPT:
		o->script_file = value;
		break;
	case OPT_MEMORY:
		o->memory_mib = (unsigned)number_option("memory", value, 4, HOST_MEMORY_MAX);
		break;
	case OPT_SAVE:
		o->save = value;
		break;
	case OPT_SEED:
		o->seed = number_option("seed", value, 0, UINT64_MAX);
		o->has_seed = true;
		break;
	case OPT_VERBOSE:
		o->verbose = true;
		break;
	case OPT_HELP:
		print_and_exit(usage);
		break;
	case OPT_VERSION:
		print_and_exit("Reveille " REVEILLE_VERSION "\n");
		break;
	default:
		fputs("reveille: --help shows what is understood\n", stderr);
		exit(2);
	}
}

void host_options(struct host_options *o, int argc, char **argv)
{
	int which;

	*o = (struct host_options){.memory_mib = HOST_MEMORY_MIB};
	/* "+": a word of the script that looks like an option is the script's. */
	while ((which = getopt_long(argc, argv, "+", options, NULL)) != -1)
		option(o, which, optarg);
	o->text = optind;
	if (o->script_file && o->text < argc)
		host_die("either --script or commands");
}
