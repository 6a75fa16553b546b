/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any Ethernet interface as a link, through a packet(7) socket beside the kernel's own stack. We
 * have a MAC of our own, which the NIC is asked to receive, so that the kernel ignores what is
 * meant for us and the other way round. What we send ourselves is not handed back
 * (PACKET_IGNORE_OUTGOING, Linux 4.20); with an older kernel we hear our own broadcasts, which is
 * harmless.
 */
#include <endian.h>
#include <errno.h>
#include <linux/filter.h>
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

/*
 * Lets through what is for our address or for a group, so that the computer's own traffic takes no
 * room of ours: BPF as in Linux Documentation/networking/filter.rst.
 */
static void packet_filter(const char *name, int fd, const struct mac *mac)
{
	const uint8_t *b = mac->b;
	uint32_t first = (uint32_t)b[0] << 8 | b[1];
	uint32_t rest = (uint32_t)b[2] << 24 | (uint32_t)b[3] << 16 | (uint32_t)b[4] << 8 | b[5];
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1, 4, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, rest, 0, 3),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, first, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)))
		host_die("interface %s: packet filter: %s", name, strerror(errno));
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
	f.ctl = frames_control();
	frames_add(net, "packet", &f, mac);
	mac = &net->dev[net->ndev - 1].mac;
	packet_filter(name, f.fd, mac);
	if (bind(f.fd, (struct sockaddr *)&at, sizeof(at)))
		packet_refused(name);
	packet_receive(name, f.fd, at.sll_ifindex, mac);
}
