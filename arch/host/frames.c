/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames over a file descriptor: tun(4) in TAP mode and packet(7). The kernel holds the ring; of
 * packets only those are held that the longest frame takes.
 *
 * Each frame comes with what the kernel knows of it, as virtio-net has it (VIRTIO 1.1 5.1.6): TCP
 * segments that are still together, or were put together, arrive as one, and a checksum that the
 * sender left to the device (the sender is this computer, or the other end of a veth) counts as
 * verified. From a packet socket also the VLAN tag that was taken off, which tells frames of other
 * networks apart; they are dropped.
 *
 * Limits: no multicast filters; nothing is left to the kernel of what we send; a TAP does not say
 * how many frames were lost because nobody read them.
 */
#include <assert.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
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

/* Frames that the kernel has dropped because its queue was full; reading makes it 0. */
static uint32_t overruns(const struct frames *f)
{
	struct tpacket_stats stats;
	socklen_t n = sizeof(stats);

	if (!f->is_packet || getsockopt(f->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &n))
		return 0;
	return stats.tp_drops;
}

static void link_look(struct netdev *dev)
{
	struct frames *f = frames_of(dev);
	uint64_t now = dev->net->m->now_us;

	if (now < f->link_due_us)
		return;
	f->link_due_us = now + LINK_LOOK_US;
	dev->stats.rx_overrun += overruns(f);
	netdev_link(dev, link_is_up(f));
}

/* Whether a TAP may give us whole segments: not the next program that uses it. */
static void segments_allow(const struct frames *f, bool yes)
{
	unsigned long offload = yes ? TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO_ECN : 0;

	if (!f->is_packet)
		ioctl(f->fd, TUNSETOFFLOAD, offload);
}

static int frames_open(struct netdev *dev)
{
	struct frames *f = frames_of(dev);

	if (f->gone)
		return -ERR_NETDEV_OPEN;
	f->link_due_us = 0;
	segments_allow(f, true);
	link_look(dev);
	return 0;
}

/* The kernel stops to queue when its queue is full, and we no longer read. */
static void frames_close(struct netdev *dev)
{
	struct frames *f = frames_of(dev);

	segments_allow(f, false);
	for (unsigned i = 0; i < PKT_CHAIN_MAX && f->spare[i]; i++) {
		pkt_free(&dev->net->pool, f->spare[i]);
		f->spare[i] = NULL;
	}
}

static void frames_send(struct netdev *dev, struct pkt *p)
{
	struct frames *f = frames_of(dev);
	uint8_t *info = pkt_push(p, sizeof(struct virtio_net_hdr));

	if (info)
		memset(info, 0, sizeof(struct virtio_net_hdr));
	if (!info || write(f->fd, p->data, p->len) != (ssize_t)p->len) {
		if (info && (errno == EAGAIN || errno == ENOBUFS))
			dev->stats.tx_full++;
		else
			dev->stats.tx_errors++;
	}
	pkt_free(&dev->net->pool, p);
}

/* The VLAN id that came with the frame; 0 when none did. */
static uint16_t packet_vlan(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		struct tpacket_auxdata aux;

		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		if (aux.tp_status & TP_STATUS_VLAN_VALID)
			return aux.tp_vlan_tci & 0xfff;
	}
	return 0;
}

/* As readv(), but bytes of the frame even when there were more than fit; 0: not for us. */
static ssize_t packet_read(int fd, struct iovec *iov, unsigned n)
{
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	} control;
	struct msghdr msg = {.msg_iov = iov,
		.msg_iovlen = n,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	ssize_t got = recvmsg(fd, &msg, MSG_TRUNC);

	return got > 0 && packet_vlan(&msg) ? 0 : got;
}

/* Packets for the longest frame there is; false when there are not so many. */
static bool spares_fill(struct netdev *dev)
{
	struct frames *f = frames_of(dev);

	for (unsigned i = 0; i < PKT_CHAIN_MAX; i++) {
		if (!f->spare[i])
			f->spare[i] = pkt_alloc(&dev->net->pool);
		if (!f->spare[i])
			return false;
		f->spare[i]->data = f->spare[i]->buf + (i ? 0 : PKT_HEADROOM);
	}
	return true;
}

/* Takes the first spares, into which a frame of n bytes was read, as a chain; packets of it. */
static unsigned spares_take(struct frames *f, uint32_t n, struct pkt **frame)
{
	unsigned used = 0, kept = 0;

	for (struct pkt **at = frame; n; at = &(*at)->more) {
		struct pkt *p = *at = f->spare[used++];
		uint32_t room = (uint32_t)(p->buf + PKT_SIZE - p->data);

		p->len = n < room ? n : room;
		n -= p->len;
	}
	for (unsigned i = used; i < PKT_CHAIN_MAX; i++)
		f->spare[kept++] = f->spare[i];
	while (kept < PKT_CHAIN_MAX)
		f->spare[kept++] = NULL;
	return used;
}

/* What we can make sense of: single frames, and segments of TCP over IPv4. */
static bool info_ok(const struct virtio_net_hdr *info)
{
	unsigned type = info->gso_type & ~(unsigned)VIRTIO_NET_HDR_GSO_ECN;

	return type == VIRTIO_NET_HDR_GSO_NONE || type == VIRTIO_NET_HDR_GSO_TCPV4;
}

/* One frame into the spares; packets that it took, 0 when there is none. */
static unsigned frames_take(struct netdev *dev)
{
	struct frames *f = frames_of(dev);
	struct virtio_net_hdr info = {0};
	struct iovec iov[1 + PKT_CHAIN_MAX] = {{&info, sizeof(info)}};
	struct pkt *frame;
	size_t room = 0;
	ssize_t n;

	for (unsigned i = 0; i < PKT_CHAIN_MAX; i++) {
		iov[1 + i].iov_base = f->spare[i]->data;
		iov[1 + i].iov_len = (size_t)(f->spare[i]->buf + PKT_SIZE - f->spare[i]->data);
		room += iov[1 + i].iov_len;
	}
	n = f->is_packet ? packet_read(f->fd, iov, 1 + PKT_CHAIN_MAX)
			 : readv(f->fd, iov, 1 + PKT_CHAIN_MAX);
	if (n < 0) {
		f->gone = errno != EAGAIN && errno != EINTR && errno != ENETDOWN;
		return 0;
	}
	if (!n || !info_ok(&info)) {
		dev->stats.rx_ignored++;
		return 1;
	}
	if ((size_t)n <= sizeof(info) || (size_t)n - sizeof(info) > room) {
		dev->stats.rx_errors++;
		return 1;
	}
	unsigned used = spares_take(f, (uint32_t)((size_t)n - sizeof(info)), &frame);
	frame->csum_ok = info.flags & (VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID);
	netdev_rx(dev, frame);
	return used;
}

static void frames_poll(struct netdev *dev, unsigned budget)
{
	struct frames *f = frames_of(dev);

	for (unsigned done = 0, used; done < budget && !f->gone; done += used) {
		if (!spares_fill(dev)) {
			dev->stats.rx_no_buf++;
			break;
		}
		used = frames_take(dev);
		if (!used)
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
