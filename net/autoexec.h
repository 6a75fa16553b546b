/* SPDX-License-Identifier: BSD-2-Clause */
/* The built-in start of a build, and autoexec.ipxe in front of it. */
#ifndef NET_AUTOEXEC_H
#define NET_AUTOEXEC_H

#include "config/limits.h"

struct net;

#define AUTOEXEC_MAX (2 * URL_MAX) /* bytes of the text */

/*
 * The script of the configuration. When a server has loaded us (net->self_uri), it may have a
 * script beside us, which comes first: nothing else can then be configured, because it gives us to
 * everybody who asks. The text lies in text[], or is const.
 */
const char *autoexec_start(const struct net *net, char text[AUTOEXEC_MAX]);

#endif
