/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TAP device as a link (Linux Documentation/networking/tuntap.rst): the kernel's side is an
 * interface that can be bridged or have a server on it, ours is the other end of its cable. The
 * link is up when that interface is. An interface of that name is made when there is none, which
 * takes a privilege, and vanishes with us.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "arch/host/frames.h"
#include "arch/host/host.h"
#include "core/str.h"

static _Noreturn void tap_refused(const char *name)
{
	if (errno == EPERM || errno == EACCES)
		host_die("tap %s: not permitted; run as root, or let root make it yours:\n"
			 "  ip tuntap add %s mode tap user %u && ip link set %s up%s",
			name, name, getuid(), name,
			errno == EACCES ? " && chmod 666 /dev/net/tun" : "");
	if (errno == EBUSY)
		host_die("tap %s: in use by another program", name);
	if (errno == EINVAL)
		host_die("tap %s: the interface of that name is no tap; see --interface", name);
	host_die("tap %s: %s", name, strerror(errno));
}

void tap_add(struct net *net, const char *name, const struct mac *mac)
{
	struct frames f = {.up_flags = IFF_UP};
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
	int header = sizeof(struct virtio_net_hdr);

	if (!str_copy(f.name, sizeof(f.name), name))
		host_die("tap %s: the name is longer than %d characters", name, IFNAMSIZ - 1);
	memcpy(ifr.ifr_name, f.name, sizeof(ifr.ifr_name));
	f.fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (f.fd < 0 && errno != EACCES)
		host_die("/dev/net/tun: %s; `modprobe tun` may help, or the container must get it",
			strerror(errno));
	if (f.fd < 0 || ioctl(f.fd, TUNSETIFF, &ifr) || ioctl(f.fd, TUNSETVNETHDRSZ, &header))
		tap_refused(name);
	f.ctl = frames_control();
	frames_add(net, "tap", &f, mac);
}
