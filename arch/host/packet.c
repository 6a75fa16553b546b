/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any Ethernet interface as a link, through a packet(7) socket beside the kernel's own stack. We
 * have a MAC of our own, which the NIC is asked to receive, so that the kernel ignores what is
 * meant for us and the other way round. What we send ourselves is not handed back
 * (PACKET_IGNORE_OUTGOING, Linux 4.20); with an older kernel we see it, and what the computer
 * itself sends, which is harmless: neither is addressed to us.
 */
#include <endian.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "arch/host/frames.h"
#include "arch/host/host.h"
#include "core/str.h"
#include "net/net.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif
#define RECEIVE_BUFFER (32 << 20) /* bytes: what a server sends before it hears of a loss */

static _Noreturn void packet_refused(const char *name)
{
	if (errno == EPERM)
		host_die("interface %s: not permitted; run as root, or allow it to this program:\n"
			 "  setcap cap_net_raw+ep FILE",
			name);
	host_die("interface %s: %s", name, strerror(errno));
}

static void packet_option(const char *name, int fd, int option, const void *value, socklen_t n)
{
	if (setsockopt(fd, SOL_PACKET, option, value, n))
		host_die(
			"interface %s: packet socket option %d: %s", name, option, strerror(errno));
}

/* A second address of the NIC; one that has room for one only becomes promiscuous. */
static void packet_receive(const char *name, int fd, int ifindex, const struct mac *mac)
{
	struct packet_mreq own = {
		.mr_ifindex = ifindex, .mr_type = PACKET_MR_UNICAST, .mr_alen = sizeof(mac->b)};

	memcpy(own.mr_address, mac->b, sizeof(mac->b));
	packet_option(name, fd, PACKET_ADD_MEMBERSHIP, &own, sizeof(own));
}

void packet_add(struct net *net, const char *name, const struct mac *mac)
{
	struct frames f = {.is_packet = true, .up_flags = IFF_UP | IFF_RUNNING};
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htobe16(ETH_P_ALL)};
	int on = 1, bytes = RECEIVE_BUFFER;

	if (!str_copy(f.name, sizeof(f.name), name) ||
		!(at.sll_ifindex = (int)if_nametoindex(name)))
		host_die("interface %s: there is none of that name", name);
	f.fd = socket(
		AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); /* silent until bound */
	if (f.fd < 0)
		packet_refused(name);
	packet_option(name, f.fd, PACKET_AUXDATA, &on, sizeof(on));
	packet_option(name, f.fd, PACKET_VNET_HDR, &on, sizeof(on));
	setsockopt(f.fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
	if (setsockopt(f.fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(f.fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (bind(f.fd, (struct sockaddr *)&at, sizeof(at)))
		packet_refused(name);
	f.ctl = frames_control();
	frames_add(net, "packet", &f, mac);
	packet_receive(name, f.fd, at.sll_ifindex, &net->dev[net->ndev - 1].mac);
}
