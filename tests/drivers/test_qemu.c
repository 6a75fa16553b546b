/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The drivers against QEMU's device models, which nobody here wrote: the guest's CPU sleeps, this
 * process reaches the registers by QEMU's qtest protocol (text lines), its memory is the guest's
 * RAM, and frames go in and out by a socket; segments that are still together by a TAP, for which
 * the kernel must lend us a network of our own. Skipped, and said so, where there is no QEMU or no
 * such network.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <endian.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "core/err.h"
#include "core/machine.h"
#include "drivers/drivers.h"
#include "drivers/pci.h"
#include "net/net.h"
#include "tests/fake.h"

#define QEMU	  "qemu-system-i386"
#define RAM_SIZE  (32u << 20)
#define RAM_START (1u << 20) /* below lie the holes of a PC */
#define WAIT_MS	  5000	     /* real time, for a frame that must come */
#define QUIET_MS  30	     /* real time, for one that must not */
#define PCI_SLOT  3

/* All that a device may write to; lies in the guest's RAM. */
struct guest {
	struct machine m;
	struct net net;
	_Alignas(4096) uint8_t arena[1 << 18];
};

static struct {
	pid_t pid;
	int qtest, wire; /* our ends */
	char line[256];
	uint8_t *ram;
	size_t arena_used;
	unsigned accesses; /* of registers */
	struct fake fake;
	struct bus_dev devs[NETDEV_MAX];
	struct guest *g;
	struct netdev *dev;
} vm;

/* ---- qtest ---- */

/* One line there and one back: the number after OK. */
static uint64_t ask(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static uint64_t ask(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(vm.line, sizeof(vm.line), fmt, ap);
	va_end(ap);
	assert_int_equal(write(vm.qtest, vm.line, (size_t)n), n);
	size_t got = 0;
	do {
		struct pollfd pfd = {.fd = vm.qtest, .events = POLLIN};
		assert_int_equal(poll(&pfd, 1, WAIT_MS), 1);
		ssize_t k = read(vm.qtest, vm.line + got, sizeof(vm.line) - 1 - got);
		assert_true(k > 0);
		got += (size_t)k;
		vm.line[got] = 0;
	} while (!strchr(vm.line, '\n'));
	assert_memory_equal(vm.line, "OK", 2);
	return vm.line[2] == ' ' ? strtoull(vm.line + 3, NULL, 0) : 0;
}

static char size_letter(unsigned width)
{
	return width == 1 ? 'b' : width == 2 ? 'w' : 'l';
}

static void cfg_select(unsigned busdevfn, unsigned off)
{
	ask("outl 0xcf8 0x%x\n", 0x80000000u | busdevfn << 8 | (off & 0xfc));
}

static uint32_t cfg_read(struct bus_dev *b, unsigned off, unsigned width)
{
	cfg_select(b->busdevfn, off);
	return (uint32_t)ask("in%c 0x%x\n", size_letter(width), 0xcfc + (off & 3));
}

static void cfg_write(struct bus_dev *b, unsigned off, unsigned width, uint32_t value)
{
	cfg_select(b->busdevfn, off);
	ask("out%c 0x%x 0x%x\n", size_letter(width), 0xcfc + (off & 3), value);
}

static uint32_t reg_read(const struct bus_win *win, uint64_t off, unsigned width)
{
	vm.accesses++;
	return (uint32_t)ask("%s%c 0x%llx\n", win->io ? "in" : "read", size_letter(width),
		(unsigned long long)(win->addr + off));
}

static void reg_write(const struct bus_win *win, uint64_t off, unsigned width, uint32_t value)
{
	vm.accesses++;
	ask("%s%c 0x%llx 0x%x\n", win->io ? "out" : "write", size_letter(width),
		(unsigned long long)(win->addr + off), value);
}

/* The device's clock is the real one, so is ours. */
static void tick(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	vm.fake.now_us = (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
	vm.g->m.now_us = vm.fake.now_us;
}

static void delay_us(struct bus_dev *b, unsigned us)
{
	(void)b;
	usleep(us);
}

static uint64_t dma_addr(struct bus_dev *b, const void *p)
{
	(void)b;
	return (uint64_t)((const uint8_t *)p - vm.ram);
}

static void *dma_alloc(struct bus_dev *b, size_t size, size_t align, uint64_t *bus_addr)
{
	size_t at = (vm.arena_used + align - 1) & ~(align - 1);
	if (at > sizeof(vm.g->arena) || size > sizeof(vm.g->arena) - at)
		return NULL;
	vm.arena_used = at + size;
	memset(vm.g->arena + at, 0, size);
	*bus_addr = dma_addr(b, vm.g->arena + at);
	return vm.g->arena + at;
}

static const struct bus_ops qtest_ops = {
	.cfg_read = cfg_read,
	.cfg_write = cfg_write,
	.map = pci_map,
	.read = reg_read,
	.write = reg_write,
	.dma_alloc = dma_alloc,
	.dma_addr = dma_addr,
	.delay_us = delay_us,
};

/* ---- starting and ending a guest ---- */

/* A file without a name, which QEMU opens by its number. */
static int file_make(const char *name, size_t size)
{
	int fd = memfd_create(name, 0);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	return fd;
}

/* A BIOS that does nothing: cli; hlt; jmp back to it, at the reset vector. */
static int bios_make(void)
{
	static const uint8_t code[] = {0xfa, 0xf4, 0xeb, 0xfd};
	int fd = file_make("bios", 65536);
	assert_int_equal(pwrite(fd, code, sizeof(code), 0xfff0), sizeof(code));
	return fd;
}

struct ends { /* file descriptors that the guest gets */
	int qtest, wire, ram, bios;
	bool tap; /* what kind of thing the wire is */
};

static void run_qemu(const char *device, const struct ends *e)
{
	char ram[128], net[64], dev[256], chr[64], bios[64];
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(ram, sizeof(ram),
		"memory-backend-file,id=ram,size=%u,mem-path=/proc/self/fd/%d,share=on", RAM_SIZE,
		e->ram);
	snprintf(bios, sizeof(bios), "/proc/self/fd/%d", e->bios);
	snprintf(net, sizeof(net), "%s,id=n,fd=%d", e->tap ? "tap" : "socket", e->wire);
	snprintf(chr, sizeof(chr), "socket,id=q,fd=%d", e->qtest);
	snprintf(dev, sizeof(dev), "%s,netdev=n,addr=%d,romfile=,mac=52:54:00:12:34:56", device,
		PCI_SLOT);
	execlp(QEMU, QEMU, "-nodefaults", "-display", "none", "-m", "32M", "-object", ram,
		"-machine", "pc,accel=tcg,memory-backend=ram", "-bios", bios, "-chardev", chr,
		"-object", "qtest,id=t,chardev=q,log=/dev/null", "-netdev", net, "-device", dev,
		(char *)NULL);
	_exit(127);
}

/* What a BIOS would do: addresses for the BARs. */
static void assign_bars(void)
{
	struct bus_dev b = {.busdevfn = PCI_SLOT << 3};
	uint32_t mem = 0xe0000000, port = 0xc000;
	for (unsigned n = 0; n < 6; n++) {
		unsigned off = 0x10 + 4 * n;
		cfg_write(&b, off, 4, 0xffffffff);
		uint32_t mask = cfg_read(&b, off, 4);
		if (!mask)
			continue;
		if (mask & 1) {
			cfg_write(&b, off, 4, port);
			port += 0x100;
		} else {
			cfg_write(&b, off, 4, mem);
			mem += 0x100000;
			n += (mask & 4) != 0;
		}
	}
}

/* w: our end of the wire and theirs, which they get for themselves. */
static void start(const char *device, const int w[2], bool tap)
{
	int q[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, q), 0);
	struct ends theirs = {q[1], w[1], file_make("ram", RAM_SIZE), bios_make(), tap};
	vm.qtest = q[0];
	vm.wire = w[0];
	vm.ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, theirs.ram, 0);
	assert_true(vm.ram != MAP_FAILED);
	fcntl(vm.qtest, F_SETFD, FD_CLOEXEC);
	fcntl(vm.wire, F_SETFD, FD_CLOEXEC);
	vm.pid = fork();
	assert_true(vm.pid >= 0);
	if (!vm.pid)
		run_qemu(device, &theirs);
	close(theirs.qtest);
	close(theirs.wire);
	close(theirs.ram);
	close(theirs.bios);
	vm.arena_used = 0;
	vm.g = (struct guest *)(vm.ram + RAM_START);
	assign_bars();

	fake_init(&vm.fake, 1 << 20);
	net_init(&vm.g->net, &vm.g->m, NULL);
	assert_int_equal(
		machine_init(&vm.g->m, &vm.g->net, &fake_platform, &vm.fake, &fake_config), 0);
	const struct driver *const drivers[] = {&driver_virtio_net, &driver_e1000, NULL};
	assert_int_equal(
		pci_scan(&vm.g->net, drivers, &qtest_ops, NULL, 0, vm.devs, NETDEV_MAX), 1);
	vm.dev = netdev_find(&vm.g->net, "net0");
	assert_non_null(vm.dev);
}

static void stop(void)
{
	close(vm.qtest);
	close(vm.wire);
	kill(vm.pid, SIGTERM);
	waitpid(vm.pid, NULL, 0);
	munmap(vm.ram, RAM_SIZE);
	fake_end(&vm.fake);
}

/* ---- frames ---- */

static void wire_send(unsigned len, unsigned seed)
{
	uint8_t f[2048];
	for (unsigned i = 0; i < len; i++)
		f[i] = (uint8_t)(i < 6 ? vm.dev->mac.b[i] : seed + i * 3);
	assert_int_equal(send(vm.wire, f, len, 0), len);
}

/* Turns until a frame is there or real time is up; device time goes on as well. */
static struct pkt *receive(unsigned wait_ms)
{
	for (unsigned ms = 0;; ms++) {
		vm.dev->ops->poll(vm.dev, RX_BUDGET);
		struct pkt *p = vm.g->net.rx_head;
		if (p) {
			vm.g->net.rx_head = p->next;
			return p;
		}
		if (ms == wait_ms)
			return NULL;
		usleep(1000);
		tick();
	}
}

static void expect_frame(unsigned len, unsigned seed)
{
	struct pkt *p = receive(WAIT_MS);
	assert_non_null(p);
	assert_int_equal(p->len, len);
	for (unsigned i = 6; i < len; i++)
		assert_int_equal(p->data[i], (uint8_t)(seed + i * 3));
	pkt_free(&vm.g->net.pool, p);
}

static void expect_sent(unsigned len, unsigned seed)
{
	struct pkt *p = pkt_alloc(&vm.g->net.pool);
	assert_non_null(p);
	uint8_t *data = pkt_put(p, len), f[2048];
	for (unsigned i = 0; i < len; i++)
		data[i] = (uint8_t)(seed + i * 5);
	netdev_send(vm.dev, p);
	struct pollfd pfd = {.fd = vm.wire, .events = POLLIN};
	assert_int_equal(poll(&pfd, 1, WAIT_MS), 1);
	ssize_t n = recv(vm.wire, f, sizeof(f), 0);
	assert_true(n >= (ssize_t)len);
	for (unsigned i = 0; i < len; i++)
		assert_int_equal(f[i], (uint8_t)(seed + i * 5));
}

/* Bursts in, one frame out for each, until rings have gone round several times; frames sent. */
static unsigned exchange(unsigned frames)
{
	unsigned bursts = 0;
	for (unsigned sent = 0; sent < frames;) {
		unsigned burst = 1 + sent % 23;
		for (unsigned i = 0; i < burst; i++)
			wire_send(60 + (sent + i) * 7 % 1455, sent + i);
		for (unsigned i = 0; i < burst; i++)
			expect_frame(60 + (sent + i) * 7 % 1455, sent + i);
		expect_sent(60 + sent % 1455, sent);
		sent += burst;
		bursts++;
	}
	return bursts;
}

static void need_qemu(void)
{
	if (!system("command -v " QEMU " >/dev/null"))
		return;
	print_message("skipped: no " QEMU " here\n");
	skip();
}

static void drive(void **state)
{
	const char *device = *state;
	static const struct mac mac = {{0x52, 0x54, 0x00, 0x12, 0x34, 0x56}};
	int w[2];

	need_qemu();
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, w), 0);
	start(device, w, false);
	assert_true(mac_eq(&vm.dev->mac, &mac));
	for (unsigned round = 0; round < 2; round++) {
		tick();
		assert_int_equal(netdev_open(vm.dev), 0);
		assert_true(vm.dev->link_up);
		/* QEMU's e1000 holds frames back for a second after RCTL was written. */
		exchange(1);
		uint64_t begun = vm.fake.now_us;
		unsigned accesses = vm.accesses, sent = exchange(round ? 100 : 1000);
		tick();
		unsigned checks = (unsigned)((vm.fake.now_us - begun) / 100000) + 2;
		/* One a frame sent, one for 63 received, and up to three in 100 ms. */
		assert_in_range(vm.accesses - accesses, sent, sent + 1000 / 63 + 1 + 3 * checks);
		assert_int_equal(vm.dev->stats.rx_errors + vm.dev->stats.tx_errors, 0);
		netdev_close(vm.dev);
		assert_int_equal(vm.g->net.pool.nfree, PKT_MAX);
		/* Closed, it touches nothing. */
		static uint8_t before[sizeof(vm.g->arena)];
		memcpy(before, vm.g->arena, sizeof(before));
		memset(vm.g->net.buffers, 0xa5, sizeof(vm.g->net.buffers));
		wire_send(100, 1);
		usleep(QUIET_MS * 1000);
		assert_memory_equal(before, vm.g->arena, sizeof(before));
		for (size_t i = 0; i < sizeof(vm.g->net.buffers); i++)
			assert_int_equal(vm.g->net.buffers[i], 0xa5);
		/* What arrived meanwhile may still lie in QEMU's queue. */
		assert_int_equal(netdev_open(vm.dev), 0);
		struct pkt *p = receive(QUIET_MS);
		if (p)
			pkt_free(&vm.g->net.pool, p);
		netdev_close(vm.dev);
	}
	stop();
}

/* ---- segments ---- */

/* A network in which nobody says anything but us; whether there is one. */
static bool network_make(void)
{
	static int made;
	if (made)
		return made > 0;
	made = unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET) ? -1 : 1;
	int fd = open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY);
	if (fd >= 0 && write(fd, "1", 1) != 1)
		made = -1; /* it would look for neighbours */
	if (fd >= 0)
		close(fd);
	return made > 0;
}

/* A TAP and a packet socket at its other end, both with a virtio_net_hdr in front of each frame. */
static bool tap_make(int w[2])
{
	struct ifreq ifr = {
		.ifr_name = "segments", .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htobe16(ETH_P_ALL)};
	int on = 1;
	if (!network_make())
		return false;
	w[1] = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	w[0] = socket(AF_PACKET, SOCK_RAW, 0);
	if (w[0] < 0 || w[1] < 0 || ioctl(w[1], TUNSETIFF, &ifr))
		return false;
	at.sll_ifindex = (int)if_nametoindex("segments");
	ifr.ifr_flags = IFF_UP;
	return !ioctl(w[0], SIOCSIFFLAGS, &ifr) &&
	       !setsockopt(w[0], SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) &&
	       !bind(w[0], (struct sockaddr *)&at, sizeof(at));
}

/* A segment of TCP over IPv4 that nobody has cut yet, with a payload of a pattern. */
static void segment_send(uint32_t len, unsigned seed)
{
	static uint8_t all[sizeof(struct virtio_net_hdr) + 65536];
	struct virtio_net_hdr info = {
		VIRTIO_NET_HDR_F_NEEDS_CSUM, VIRTIO_NET_HDR_GSO_TCPV4, 54, 1448, 34, 16};
	static const uint8_t ip[20] = {
		0x45, [8] = 64, [9] = 6, [12] = 10, [15] = 1, [16] = 10, [19] = 2};
	uint8_t *f = all + sizeof(info);
	memset(all, 0, sizeof(info) + 54);
	memcpy(all, &info, sizeof(info));
	memcpy(f, vm.dev->mac.b, 6);
	f[6] = 2;
	f[12] = 8;
	memcpy(f + 14, ip, sizeof(ip));
	f[16] = (uint8_t)((len - 14) >> 8);
	f[17] = (uint8_t)(len - 14);
	f[46] = 0x50; /* a header of 20 bytes, */
	f[47] = 0x10; /* an acknowledgement */
	for (uint32_t i = 54; i < len; i++)
		f[i] = (uint8_t)(seed + i * 3 + (i >> 8));
	assert_int_equal(send(vm.wire, all, sizeof(info) + len, 0), sizeof(info) + len);
}

static void expect_segment(uint32_t len, unsigned seed)
{
	struct pkt *p = receive(WAIT_MS);
	uint32_t at = 0;
	assert_non_null(p);
	assert_true(p->csum_ok);
	for (const struct pkt *q = p; q; q = q->more) {
		for (uint32_t i = 0; i < q->len; i++, at++)
			if (at >= 54)
				assert_int_equal(q->data[i], (uint8_t)(seed + at * 3 + (at >> 8)));
	}
	assert_int_equal(at, len);
	pkt_free(&vm.g->net.pool, p);
}

/* Lengths around the ends of buffers and up to the longest, and more at once than the ring holds.
 */
static void take_segments(void **state)
{
	int w[2];
	need_qemu();
	if (!tap_make(w)) {
		print_message("skipped: no network of our own with a TAP here\n");
		skip();
	}
	start(*state, w, true);
	tick();
	assert_int_equal(netdev_open(vm.dev), 0);
	for (uint32_t len = 1600; len <= 65536; len += len < 6100 ? 1 : 311) {
		segment_send(len, len);
		expect_segment(len, len);
	}
	unsigned accesses = vm.accesses;
	for (unsigned round = 0; round < 10; round++) {
		for (unsigned i = 0; i < 16; i++)
			segment_send(65000, i);
		for (unsigned i = 0; i < 16; i++)
			expect_segment(65000, i);
	}
	assert_true(vm.accesses - accesses < 10 * 9 + 20);
	assert_int_equal(vm.dev->stats.rx_errors, 0);
	netdev_close(vm.dev);
	assert_int_equal(vm.g->net.pool.nfree, PKT_MAX);
	stop();
}

#define DEVICE(text)                                                                               \
	{                                                                                          \
		text, drive, NULL, NULL, (void *)(uintptr_t)text                                   \
	}
#define SEGMENTS(text)                                                                             \
	{                                                                                          \
		"segments, " text, take_segments, NULL, NULL, (void *)(uintptr_t)text              \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DEVICE("virtio-net-pci,disable-modern=on"),
		DEVICE("virtio-net-pci,disable-modern=on,event_idx=off,any_layout=off"),
		DEVICE("virtio-net-pci,disable-modern=on,rx_queue_size=1024,tx_queue_size=256"),
		DEVICE("virtio-net-pci,disable-modern=off,disable-legacy=off"),
		DEVICE("virtio-net-pci,disable-legacy=on"),
		DEVICE("virtio-net-pci,disable-legacy=on,event_idx=off"),
		DEVICE("virtio-net-pci,disable-legacy=on,host_mtu=1400,mq=on"),
		DEVICE("e1000"),
		DEVICE("e1000-82544gc"),
		DEVICE("e1000-82545em"),
		SEGMENTS("virtio-net-pci,disable-modern=on"),
		SEGMENTS("virtio-net-pci,disable-modern=on,event_idx=off,any_layout=off"),
		SEGMENTS("virtio-net-pci,disable-legacy=on"),
		SEGMENTS("virtio-net-pci,disable-legacy=on,event_idx=off,rx_queue_size=1024"),
	};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
