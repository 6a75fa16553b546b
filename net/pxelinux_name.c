/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The names of PXELINUX: where a configuration may be (its doc/pxelinux.txt; RFC 5071 for options
 * 209 and 210), and what a name in it stands for. A URL of URL_MAX bytes is the limit.
 */
#include "core/fmt.h"
#include "core/machine.h"
#include "core/str.h"
#include "net/net.h"

static int server_name(struct machine *m, char *name, size_t cap)
{
	int n = setting_text(m, "next-server", name, cap);

	return n > 0 ? n : setting_text(m, "tftp-server", name, cap);
}

char *pxelinux_file(char *name)
{
	char *part = name;

	for (; *name; name++)
		if (*name == '/')
			part = name + 1;
	return part;
}

int pxelinux_url(struct pxelinux *p, const char *name, char url[URL_MAX])
{
	const char *base = p->base, *colon = strchr(name, ':'), *host = NULL;
	char server[DNS_NAME_MAX];

	if (colon && colon[1] == ':') {
		host = name;
		name = colon + 2;
	} else if (*name == '/' && str_starts(base, "tftp:")) {
		/* PXELINUX's folder is text in front of it: dir//file, and /file where it is "". */
		colon = strchr(base + 7, '/');
		host = colon && !colon[1] ? base + 7 : NULL;
	}
	while (!host && *name == '/')
		name++;
	if (host) {
		base = "";
		str_copy_n(server, sizeof(server), host, (size_t)(colon - host));
		if (colon == host)
			server_name(p->m, server, sizeof(server));
	}
	return url_resolve(base, server, name, url);
}

/* A name with settings in it, expanded; the length. */
static int expand(struct pxelinux *p, const char *name)
{
	str_copy(p->scratch, sizeof(p->scratch), name);
	return setting_expand(p->m, p->scratch, sizeof(p->scratch));
}

bool pxelinux_name(struct pxelinux *p, unsigned n)
{
	/* The UUID as PXELINUX shows it, in the order of option 97, and as everybody else does. */
	static const char *const names[] = {"${209:string}", "pxelinux.cfg/${uuid:guid}",
		"pxelinux.cfg/${uuid}", "pxelinux.cfg/01-${netX/mac:hexhyp}",
		"pxelinux.cfg/${netX/ip:hexraw}"};
	char *digits = p->scratch + 13;

	expand(p, names[n < 4 ? n : 4]);
	if (n >= 4) { /* C0A80105, C0A8010 ... C, and what is for all */
		for (char *s = digits; *s; s++)
			if (*s >= 'a')
				*s ^= 'a' ^ 'A';
		digits[PXELINUX_NAMES - 1 - n] = 0;
	}
	if (n == PXELINUX_NAMES - 1)
		str_copy(digits, 8, "default");
	return *pxelinux_file(p->scratch);
}

int pxelinux_base(struct pxelinux *p, const char *url)
{
	char next[DNS_NAME_MAX];
	int n;

	if (url) {
		str_copy(p->scratch, sizeof(p->scratch), url);
	} else {
		/* Option 210, whose last slash may be missing, else where the boot file is. */
		n = expand(p, "${210:string}/");
		if (n > 1 && p->scratch[n - 2] == '/')
			p->scratch[n - 1] = 0;
		if (n <= 1 && expand(p, "${filename}") <= 0)
			expand(p, "x"); /* to be cut off */
	}
	server_name(p->m, next, sizeof(next));
	n = url_resolve(url ? script_base_uri(p->m) : "", next, p->scratch, p->base);
	if (n)
		return n;
	str_copy(p->scratch, sizeof(p->scratch), p->base);
	*pxelinux_file(p->base) = 0;
	return 0;
}
