/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames over a file descriptor: tun(4) in TAP mode and packet(7). The kernel holds the ring, so
 * packets are taken from the pool only when a frame is there.
 *
 * Frames from a packet socket come with what the kernel knows of them: a checksum that the sender
 * left to the device (the sender is this computer, or the other end of a veth) counts as verified,
 * and the VLAN tag that was taken off tells frames of other networks apart, which are dropped.
 * Limits: what is larger than a packet buffer (offloads that merge segments) is an error; no
 * multicast filters.
 */
#include <assert.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "arch/host/frames.h"
#include "arch/host/host.h"
#include "net/net.h"

#define LINK_LOOK_US 50000 /* a cable that is pulled is seen so soon */

static struct frames *frames_of(struct netdev *dev)
{
	return (struct frames *)dev->priv;
}

static bool link_is_up(const struct frames *f)
{
	struct ifreq ifr = {0};

	memcpy(ifr.ifr_name, f->name, sizeof(ifr.ifr_name));
	return !f->gone && ioctl(f->ctl, SIOCGIFFLAGS, &ifr) == 0 &&
	       (ifr.ifr_flags & f->up_flags) == f->up_flags;
}

static void link_look(struct netdev *dev)
{
	struct frames *f = frames_of(dev);
	uint64_t now = dev->net->m->now_us;

	if (now < f->link_due_us)
		return;
	f->link_due_us = now + LINK_LOOK_US;
	netdev_link(dev, link_is_up(f));
}

static int frames_open(struct netdev *dev)
{
	struct frames *f = frames_of(dev);

	if (f->gone)
		return -ERR_NETDEV_OPEN;
	f->link_due_us = 0;
	link_look(dev);
	return 0;
}

static void frames_close(struct netdev *dev)
{
	(void)dev; /* the kernel stops to queue when its queue is full, and we no longer read */
}

static void frames_send(struct netdev *dev, struct pkt *p)
{
	struct frames *f = frames_of(dev);

	if (write(f->fd, p->data, p->len) != (ssize_t)p->len) {
		if (errno == EAGAIN || errno == ENOBUFS)
			dev->stats.tx_full++;
		else
			dev->stats.tx_errors++;
	}
	pkt_free(&dev->net->pool, p);
}

/* Status bits and VLAN id that came with the frame; 0 for both when none did. */
static void packet_status(struct msghdr *msg, uint32_t *status, uint16_t *vlan)
{
	*status = 0;
	*vlan = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		struct tpacket_auxdata aux;

		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		*status = aux.tp_status;
		if (aux.tp_status & TP_STATUS_VLAN_VALID)
			*vlan = aux.tp_vlan_tci & 0xfff;
	}
}

/* Bytes of the frame, which may be more than there was room for; 0: not for us; -1 and errno. */
static ssize_t packet_read(int fd, struct pkt *p, size_t room)
{
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	} control;
	struct iovec iov = {p->data, room};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(fd, &msg, MSG_TRUNC);
	uint32_t status;
	uint16_t vlan;

	if (n < 0)
		return n;
	packet_status(&msg, &status, &vlan);
	p->csum_ok = status & (TP_STATUS_CSUMNOTREADY | TP_STATUS_CSUM_VALID);
	return vlan ? 0 : n;
}

/* One frame; whether there may be more. */
static bool frames_take(struct netdev *dev, struct pkt *p)
{
	struct frames *f = frames_of(dev);
	size_t room = PKT_SIZE - PKT_HEADROOM;
	ssize_t n = f->is_packet ? packet_read(f->fd, p, room) : read(f->fd, p->data, room);

	if (n > 0 && (size_t)n <= room) {
		p->len = (uint32_t)n;
		netdev_rx(dev, p);
		return true;
	}
	pkt_free(&dev->net->pool, p);
	if (n >= 0) {
		*(n ? &dev->stats.rx_errors : &dev->stats.rx_ignored) += 1;
		return true;
	}
	if (errno != EAGAIN && errno != EINTR && errno != ENETDOWN)
		f->gone = true;
	return false;
}

static void frames_poll(struct netdev *dev, unsigned budget)
{
	struct frames *f = frames_of(dev);

	for (unsigned i = 0; i < budget && !f->gone; i++) {
		struct pkt *p = pkt_alloc(&dev->net->pool);

		if (!p) {
			dev->stats.rx_no_buf++;
			break;
		}
		if (!frames_take(dev, p))
			break;
	}
	link_look(dev);
}

static const struct netdev_ops frames_ops = {
	.open = frames_open,
	.close = frames_close,
	.send = frames_send,
	.poll = frames_poll,
};

int frames_fd(const struct netdev *dev)
{
	const struct frames *f = (const struct frames *)dev->priv;

	return dev->ops == &frames_ops && dev->is_open && !f->gone ? f->fd : -1;
}

int frames_control(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		host_die("no socket: %s", strerror(errno));
	return fd;
}

/* Not the interface's own: its kernel would answer what is meant for us, with "nobody there". */
static struct mac mac_random(struct machine *m)
{
	struct mac mac;

	for (unsigned i = 0; i < sizeof(mac.b); i++)
		mac.b[i] = (uint8_t)rng_u32(m);
	/* IEEE 802 8.2: individual, locally administered. */
	mac.b[0] = (uint8_t)((mac.b[0] & ~1) | 2);
	return mac;
}

void frames_add(struct net *net, const char *driver, const struct frames *f, const struct mac *mac)
{
	struct netdev *dev = netdev_new(net);
	struct ifreq ifr = {0};

	static_assert(sizeof(*f) <= NETDEV_PRIV_MAX, "a link's state has its place in the link");
	if (!dev)
		host_die("at most %d links", NETDEV_MAX);
	memcpy(dev->priv, f, sizeof(*f));
	memcpy(ifr.ifr_name, f->name, sizeof(ifr.ifr_name));
	if (ioctl(f->ctl, SIOCGIFMTU, &ifr) == 0 && ifr.ifr_mtu > 0)
		dev->mtu_max = (uint16_t)(ifr.ifr_mtu < MTU_MAX ? ifr.ifr_mtu : MTU_MAX);
	dev->ops = &frames_ops;
	dev->driver = driver;
	dev->mac = mac ? *mac : mac_random(net->m);
	netdev_add(dev);
}
