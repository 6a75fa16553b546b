/* SPDX-License-Identifier: BSD-2-Clause */
/* The UDP calls of the PXE API, against a simulated host that sends back what it hears. */
#include "node_pxe.h"

/* As an NBP has them, PXE 2.1. UDP_WRITE's parameters are the same, the router in the place of dst,
 * the peer in that of src. */
struct uopen {
	uint16_t status;
	uint8_t ip[4];
} PACKED;
struct uread {
	uint16_t status;
	uint8_t src[4], dst[4], sport[2], dport[2];
	uint16_t size, off, seg;
} PACKED;

enum { UDP_OPEN = 0x30, UDP_CLOSE, UDP_READ, UDP_WRITE };

#define ECHO 7777u

static struct {
	unsigned heard;
	uint16_t port; /* whose it was */
	uint8_t data[2048];
	uint32_t n;
	bool mute;
} echo;

static void echo_rx(void *ctx, const struct host_in *in)
{
	struct sim_host *h = ctx;
	const struct host_out out = {.dst_ip = in->src_ip,
		.src_port = ECHO,
		.dst_port = in->src_port,
		.data = in->data,
		.len = in->len};

	echo.heard++;
	echo.port = in->src_port;
	echo.n = in->len;
	memcpy(echo.data, in->data, in->len);
	if (!echo.mute)
		host_send(h, &out);
}

static unsigned udp_open_call(uint8_t last)
{
	struct uopen o = {.ip = {10, 0, last == 255 ? 0 : 1, last}};

	if (last == 255)
		memset(o.ip, 0, 4);
	return RIG_CALL(UDP_OPEN, o);
}

static unsigned udp_write(uint16_t from, const char *text)
{
	struct uread w = {.src = SERVER,
		.sport = {(uint8_t)(from >> 8), (uint8_t)from},
		.dport = {ECHO >> 8, ECHO & 255},
		.size = (uint16_t)strlen(text),
		.seg = RIG_NAME};

	memcpy(rig_at(RIG_NAME), text, strlen(text));
	return RIG_CALL(UDP_WRITE, w);
}

/* dst 0: any; port 0: any. */
static unsigned udp_read(struct uread *r, uint32_t dst, uint16_t port)
{
	*r = (struct uread){.size = 2000, .seg = RIG_BUFFER};
	wire_put32(r->dst, dst);
	wire_put16(r->dport, port);
	return rig_call(UDP_READ, r, sizeof(*r));
}

/* The same, as an NBP does it: until something is there. */
static unsigned udp_wait(struct uread *r, uint32_t dst, uint16_t port)
{
	unsigned status = PXENV_STATUS_FAILURE;

	for (unsigned i = 0; i < 100 && status == PXENV_STATUS_FAILURE; i++) {
		status = udp_read(r, dst, port);
		rig_away(100);
	}
	return status;
}

static void udp_begin(uint64_t seed)
{
	rig_begin(seed, NULL);
	memset(&echo, 0, sizeof(echo));
	host_bind(rig.l->server, ECHO, echo_rx, rig.l->server);
	assert_int_equal(udp_open_call(255), 0);
}

static void test_udp(void **state)
{
	uint32_t us;
	struct uread r;

	(void)state;
	udp_begin(30);
	us = node_ip(rig.n, 0);
	assert_int_equal(udp_write(0, "hello"), 0);
	assert_int_equal(udp_wait(&r, 0, 0), 0);
	assert_int_equal(echo.port, 2069);
	assert_int_equal(echo.n, 5);
	assert_int_equal(r.size, 5);
	assert_memory_equal(rig_at(RIG_BUFFER), "hello", 5);
	assert_int_equal(wire_get32(r.src), LAB_SERVER);
	assert_int_equal(wire_get32(r.dst), us);
	assert_int_equal(wire_get16(r.sport), ECHO);
	assert_int_equal(wire_get16(r.dport), 2069);
	assert_int_equal(udp_read(&r, 0, 0), PXENV_STATUS_FAILURE);
	/* filters */
	assert_int_equal(udp_write(1001, "a"), 0);
	assert_int_equal(udp_write(1002, "b"), 0);
	assert_int_equal(udp_wait(&r, us, 1002), 0);
	assert_memory_equal(rig_at(RIG_BUFFER), "b", 1);
	assert_int_equal(udp_read(&r, us + 1, 1001), PXENV_STATUS_FAILURE);
	assert_int_equal(udp_read(&r, us, 1003), PXENV_STATUS_FAILURE);
	assert_int_equal(udp_read(&r, us, 0), 0);
	assert_memory_equal(rig_at(RIG_BUFFER), "a", 1);
	rig_end();
}

static void test_udp_states(void **state)
{
	struct uread bad = {.src = SERVER, .dport = {1, 1}, .size = 100, .seg = 0xfff8};
	struct uopen o = {.ip = {0}};
	struct uread r;

	(void)state;
	rig_begin(31, NULL);
	assert_int_equal(udp_write(1, "x"), PXENV_STATUS_UDP_CLOSED);
	assert_int_equal(udp_read(&r, 0, 0), PXENV_STATUS_UDP_CLOSED);
	assert_int_equal(rig_call(UDP_CLOSE, &r, 2), PXENV_STATUS_UDP_CLOSED);
	assert_int_equal(udp_open_call(250), PXENV_STATUS_FAILURE);
	assert_int_equal(RIG_CALL(UDP_OPEN, o), 0);
	assert_int_equal(wire_get32(o.ip), node_ip(rig.n, 0));
	assert_int_equal(RIG_CALL(UDP_OPEN, o), PXENV_STATUS_UDP_OPEN);
	assert_int_equal(RIG_CALL(UDP_WRITE, bad), PXENV_STATUS_FAILURE);
	bad.seg = RIG_NAME;
	bad.size = 1500; /* more than a frame takes */
	assert_int_equal(RIG_CALL(UDP_WRITE, bad), PXENV_STATUS_FAILURE);
	bad.size = 60000;
	assert_int_equal(RIG_CALL(UDP_WRITE, bad), PXENV_STATUS_OUT_OF_RESOURCES);
	assert_int_equal(udp_read(&r, 0, 68), PXENV_STATUS_FAILURE);
	assert_int_equal(rig_call(UDP_CLOSE, &r, 2), 0);
	assert_int_equal(RIG_CALL(UDP_OPEN, o), 0);
	rig_end();
}

/* Where a datagram does not fit, it stays or is cut; more than can wait are dropped. */
static void test_udp_buffers(void **state)
{
	struct uread r = {.size = 3, .seg = RIG_BUFFER};
	struct uread bad = {.size = 3, .seg = 0xfff8}, other;
	char text[2] = "A";

	(void)state;
	udp_begin(32);
	assert_int_equal(udp_write(0, "longer"), 0);
	assert_int_equal(udp_wait(&other, 0, 1), PXENV_STATUS_FAILURE); /* ARP, and the answer */
	assert_int_equal(RIG_CALL(UDP_READ, bad), PXENV_STATUS_FAILURE);
	assert_int_equal(RIG_CALL(UDP_READ, r), 0);
	assert_int_equal(r.size, 3);
	assert_memory_equal(rig_at(RIG_BUFFER), "lon\0", 4);
	assert_int_equal(udp_read(&r, 0, 0), PXENV_STATUS_FAILURE);
	for (unsigned i = 0; i < UDP_BOX_DATAGRAMS + 5; i++, text[0]++) {
		assert_int_equal(udp_write(0, text), 0);
		rig_away(MS);
	}
	for (unsigned i = 0; i < UDP_BOX_DATAGRAMS; i++) {
		assert_int_equal(udp_read(&r, 0, 0), 0);
		assert_int_equal(rig_at(RIG_BUFFER)[0], 'A' + i);
	}
	assert_int_equal(udp_read(&r, 0, 0), PXENV_STATUS_FAILURE);
	assert_int_equal(echo.heard, 1 + UDP_BOX_DATAGRAMS + 5);
	rig_end();
}

/* Ports of the one that was not used for longest are given away, and never those of others. */
static void test_udp_ports(void **state)
{
	struct uread r;

	(void)state;
	udp_begin(33);
	for (uint16_t port = 5000; port < 5020; port++) {
		assert_int_equal(udp_write(port, "x"), 0);
		assert_int_equal(udp_wait(&r, 0, port), 0);
		assert_int_equal(echo.port, port);
	}
	echo.mute = true;
	assert_int_equal(udp_write(5019, "x"), 0);
	assert_int_equal(udp_read(&r, 0, 5017), PXENV_STATUS_FAILURE);
	for (uint16_t port = 6000; port < 6002; port++)
		assert_int_equal(udp_write(port, "x"), 0);
	assert_int_equal(rig.n->sys->net.socks != NULL, 1);
	for (unsigned i = 0; i < UDP_BOX_PORTS; i++)
		assert_true(rig.p->udp.sock[i].port == 5019 || rig.p->udp.sock[i].port == 5017 ||
			    rig.p->udp.sock[i].port == 6000 || rig.p->udp.sock[i].port == 6001);
	rig_end();
}

/* What waits at a port that the NBP has forgotten does not make it deaf at others. */
static void test_udp_forgotten(void **state)
{
	struct uread r;

	(void)state;
	udp_begin(35);
	assert_int_equal(udp_write(5000, "a"), 0);
	assert_int_equal(udp_wait(&r, 0, 5000), 0);
	for (unsigned i = 0; i < UDP_BOX_DATAGRAMS; i++) {
		assert_int_equal(udp_write(5000, "b"), 0);
		rig_away(MS);
	}
	assert_int_equal(udp_read(&r, 0, 6000), PXENV_STATUS_FAILURE);
	for (unsigned i = 0; i < UDP_BOX_DATAGRAMS; i++)
		assert_int_equal(rig.p->udp.datagram[i].dst_port, 5000);
	assert_int_equal(udp_write(6000, "c"), 0);
	assert_int_equal(udp_wait(&r, 0, 6000), 0);
	assert_memory_equal(rig_at(RIG_BUFFER), "c", 1);
	rig_end();
}

/* A router of the NBP's counts only where there is no other, and only on the link. */
static void test_gateway(void **state)
{
	struct netdev *dev;
	struct ip_addr ours;
	struct uread w = {.src = {192, 0, 2, 1},
		.dst = {10, 9, 9, 9},
		.dport = {1, 1},
		.size = 1,
		.seg = RIG_NAME};

	(void)state;
	udp_begin(34);
	dev = rig.p->dev;
	ours = dev->ip4.gateway;
	assert_int_equal(RIG_CALL(UDP_WRITE, w), 0);
	assert_true(ip_eq(&ours, &dev->ip4.gateway));
	dev->ip4.gateway = ip4_of(0);
	assert_int_equal(RIG_CALL(UDP_WRITE, w), PXENV_STATUS_FAILURE);
	wire_put32(w.dst, IP4(10, 0, 0, 1));
	assert_int_equal(RIG_CALL(UDP_WRITE, w), 0);
	assert_true(ip_eq(&ours, &dev->ip4.gateway));
	rig_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_udp),
		cmocka_unit_test(test_udp_states),
		cmocka_unit_test(test_udp_buffers),
		cmocka_unit_test(test_udp_ports),
		cmocka_unit_test(test_udp_forgotten),
		cmocka_unit_test(test_gateway),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
