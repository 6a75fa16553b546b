/* SPDX-License-Identifier: BSD-2-Clause */
/* See autoexec.h. */
#include "net/autoexec.h"
#include "core/fmt.h"
#include "core/machine.h"
#include "net/net.h"
#include "net/url.h"

const char *autoexec_start(const struct net *net, char text[AUTOEXEC_MAX])
{
	const char *start = net->m->config->start;
	char uri[URL_MAX];

	if (!net->self_uri[0] || url_resolve(net->self_uri, "", "autoexec.ipxe", uri))
		return start;
	fmt_print(text, AUTOEXEC_MAX,
		"imgfetch --name autoexec %s || goto none\nimgexec autoexec\nexit\n:none\n%s", uri,
		start);
	return text;
}
