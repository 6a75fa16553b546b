/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arch/efi/nic_pxe.c, nic_tftp.c, nic_udp.c: what the mode shows of a lease, and calls over a
 * server of 1981 that knows no options. tests/qemu/efi/offer.c has every call and every wrong
 * parameter.
 */
#include "tests/arch/efi/nic_rig.h"
#include "core/csum.h"
#include "net/wire.h"

static EFI_PXE_BASE_CODE_PROTOCOL *pxe;
static EFI_PXE_BASE_CODE_MODE *mode;

static int begin(void **state)
{
	setup(state);
	pxe = &rig.nic->pxe.proto;
	mode = pxe->Mode;
	return 0;
}

/* As a payload of that URL finds it. */
static void loaded(const char *uri)
{
	assert_int_equal(efi_nic_close(rig.nic), EFI_SUCCESS);
	rig.sys.m.boot.kind = BOOT_EFI;
	strcpy(rig.sys.m.boot.uri, uri);
	assert_int_equal(efi_nic_open(rig.dev, NULL, &rig.nic), EFI_SUCCESS);
	pxe = &rig.nic->pxe.proto;
	mode = pxe->Mode;
}

static EFI_IP_ADDRESS ip_of(uint32_t ip)
{
	EFI_IP_ADDRESS to = {.Addr = {0}};

	wire_put32(to.v4.Addr, ip);
	return to;
}

/* -- the mode -- */

static void test_lease(void **state)
{
	const EFI_PXE_BASE_CODE_DHCPV4_PACKET *ack = &mode->DhcpAck.Dhcpv4;

	(void)state;
	assert_true(mode->Started && mode->DhcpDiscoverValid && mode->DhcpAckReceived);
	assert_false(mode->ProxyOfferReceived || mode->PxeDiscoverValid || mode->PxeReplyReceived);
	assert_int_equal(wire_get32(mode->StationIp.v4.Addr), OURS);
	assert_int_equal(wire_get32(mode->SubnetMask.v4.Addr), 0xffffff00);
	assert_int_equal(mode->RouteTableEntries, 1);
	assert_int_equal(wire_get32(mode->RouteTable[0].GwAddr.v4.Addr), SERVER);
	assert_int_equal(wire_get32(mode->RouteTable[0].SubnetMask.v4.Addr), 0);
	assert_string_equal((const char *)ack->BootpBootFile, "from-dhcp");
	assert_int_equal(wire_get32(ack->BootpYiAddr), OURS);
	assert_int_equal(wire_get32(ack->BootpSiAddr), SERVER);
	assert_int_equal(mode->DhcpDiscover.Dhcpv4.BootpOpcode, 1);
}

/* What was loaded counts, not what the server has named. */
static void test_loaded(void **state)
{
	const EFI_PXE_BASE_CODE_DHCPV4_PACKET *ack;

	(void)state;
	loaded("tftp://10.0.0.9/dir/shimx64.efi");
	ack = &mode->DhcpAck.Dhcpv4;
	assert_string_equal((const char *)ack->BootpBootFile, "dir/shimx64.efi");
	assert_int_equal(wire_get32(ack->BootpSiAddr), 0x0a000009);
	loaded("http://10.0.0.9:8080/dir/shimx64.efi");
	ack = &mode->DhcpAck.Dhcpv4;
	assert_string_equal(
		(const char *)ack->BootpBootFile, "http://10.0.0.9:8080/dir/shimx64.efi");
}

static void test_servers(void **state)
{
	struct dhcp *d = &rig.sys.net.dhcp[0];

	(void)state;
	d->have_proxy = d->have_server = true;
	d->proxy = d->server = d->ack;
	d->proxy.xid = 0x11;
	d->server.xid = 0x22;
	strcpy(d->server.file, "from-server");
	d->server_type = 7;
	loaded("");
	assert_true(mode->ProxyOfferReceived && mode->PxeDiscoverValid && mode->PxeReplyReceived);
	assert_int_equal(wire_get32((uint8_t *)&mode->ProxyOffer.Dhcpv4.BootpIdent), 0x11);
	assert_int_equal(wire_get32((uint8_t *)&mode->PxeReply.Dhcpv4.BootpIdent), 0x22);
	assert_int_equal(mode->PxeDiscover.Dhcpv4.BootpOpcode, 1);
	assert_int_equal(wire_get32(mode->PxeDiscover.Dhcpv4.BootpCiAddr), OURS);
	assert_string_equal((char *)mode->PxeReply.Dhcpv4.BootpBootFile, "from-server");
}

static void test_routes(void **state)
{
	struct ipv4_conf *ip = &rig.dev->ip4;

	(void)state;
	for (ip->nroutes = 0; ip->nroutes < IPV4_ROUTE_MAX; ip->nroutes++)
		ip->routes[ip->nroutes] =
			(struct ipv4_route){0x0b000000 + ip->nroutes, 0xffffffff, SERVER};
	loaded("");
	assert_int_equal(mode->RouteTableEntries, 8);
	assert_int_equal(wire_get32(mode->RouteTable[7].IpAddr.v4.Addr), 0x0b000007);
}

/* No lease: not started, and Dhcp() asks until nobody has answered. */
static void test_no_lease(void **state)
{
	uint64_t before;

	(void)state;
	rig.sys.net.dhcp[0].state = DHCP_IDLE;
	loaded("");
	assert_false(mode->Started || mode->DhcpAckReceived);
	assert_int_equal(pxe->Dhcp(pxe, FALSE), EFI_NOT_STARTED);
	netdev_close(rig.dev);
	assert_int_equal(pxe->Start(pxe, FALSE), EFI_SUCCESS);
	assert_true(rig.dev->is_open);
	before = rig.fake.now_us;
	assert_int_equal(pxe->Dhcp(pxe, FALSE), EFI_NO_RESPONSE);
	assert_true(rig.fake.now_us - before < 80000000);
	assert_true(card.sent >= 10);
	assert_false(mode->DhcpAckReceived);
}

static void test_station(void **state)
{
	EFI_IP_ADDRESS ip = ip_of(0x0a000063), mask = ip_of(0xffff0000);

	(void)state;
	assert_int_equal(pxe->SetStationIp(pxe, &ip, &mask), EFI_SUCCESS);
	assert_int_equal(ip4_u32(&rig.dev->ip4.addr), 0x0a000063);
	ip = ip_of(0x0a000064);
	assert_int_equal(pxe->SetStationIp(pxe, &ip, NULL), EFI_SUCCESS);
	assert_int_equal(wire_get32(mode->StationIp.v4.Addr), 0x0a000064);
	assert_int_equal(rig.dev->ip4.mask, 0xffff0000);
	loaded("");
	assert_int_equal(ip4_u32(&rig.dev->ip4.addr), OURS);
	assert_int_equal(rig.dev->ip4.mask, 0xffffff00);
}

/* -- a server -- */

#define FILE_SIZE 1300

static bool silent, missing;
static unsigned acks;

static void put_ip(uint8_t *ip, uint32_t src, uint32_t dst, size_t n)
{
	static const uint8_t fixed[12] = {0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17};

	memcpy(ip, fixed, sizeof(fixed));
	wire_put16(ip + 2, (uint32_t)n);
	wire_put32(ip + 12, src);
	wire_put32(ip + 16, dst);
	wire_put16(ip + 10, csum_fold(csum_add(0, ip, IPV4_HEADER)));
}

/* From that port of the server's to where `asked` came from. */
static void answer(const uint8_t *asked, uint16_t port, const void *payload, size_t n)
{
	uint8_t frame[600] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 8, 0};
	uint8_t *ip = frame + ETH_HEADER, *udp = ip + IPV4_HEADER;

	put_ip(ip, SERVER, wire_get32(asked + ETH_HEADER + 12), IPV4_HEADER + UDP_HEADER + n);
	wire_put16(udp, port);
	memcpy(udp + 2, asked + ETH_HEADER + IPV4_HEADER, 2);
	wire_put16(udp + 4, (uint32_t)(UDP_HEADER + n));
	memcpy(udp + UDP_HEADER, payload, n);
	n += ETH_HEADER + IPV4_HEADER + UDP_HEADER;
	memcpy(card_arrive(n), frame, n);
}

static void answer_block(const uint8_t *asked, unsigned block)
{
	uint8_t data[4 + 512] = {0, 3, 0, (uint8_t)block};
	size_t at = (block - 1) * 512, n = FILE_SIZE - at < 512 ? FILE_SIZE - at : 512;

	if (at > FILE_SIZE)
		return;
	for (size_t i = 0; i < n; i++)
		data[4 + i] = (uint8_t)((at + i) * 7);
	answer(asked, 1069, data, 4 + n);
}

static void answer_arp(const uint8_t *frame)
{
	uint8_t arp[ETH_HEADER + 46] = {
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 8, 6, 0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 9};

	wire_put32(arp + 28, SERVER);
	memcpy(arp + 32, frame + 22, 10);
	if (frame[21] == 1 && wire_get32(frame + 38) == SERVER)
		memcpy(card_arrive(sizeof(arp)), arp, sizeof(arp));
}

/* A boot server of the type that is asked for. */
static void answer_pxe(const uint8_t *frame, const uint8_t *asked)
{
	static const uint8_t options[] = {0x63, 0x82, 0x53, 0x63, 53, 1, 5, 54, 4, 10, 0, 0, 1, 60,
		9, 'P', 'X', 'E', 'C', 'l', 'i', 'e', 'n', 't', 255};
	uint8_t m[300] = {2, 1, 6};

	memcpy(m + 4, asked + 4, 4);
	wire_put32(m + 20, SERVER);
	memcpy(m + 28, asked + 28, 16);
	strcpy((char *)m + 108, "from-boot-server");
	memcpy(m + 236, options, sizeof(options));
	answer(frame, 4011, m, sizeof(m));
}

static void serve(const uint8_t *frame, uint32_t n)
{
	static const uint8_t not_found[] = {0, 5, 0, 1, 'g', 'o', 'n', 'e', 0};
	const uint8_t *udp = frame + ETH_HEADER + IPV4_HEADER, *payload = udp + UDP_HEADER;

	if (frame[12] == 8 && frame[13] == 6)
		answer_arp(frame);
	else if (silent || frame[ETH_HEADER + 9] != IPPROTO_UDP)
		return;
	else if (wire_get16(udp + 2) == 7)
		answer(frame, 7, payload, wire_get16(udp + 4) - UDP_HEADER);
	else if (wire_get16(udp) == DHCP_CLIENT_PORT)
		answer_pxe(frame, payload);
	else if (missing)
		answer(frame, 1069, not_found, sizeof(not_found));
	else if (wire_get16(udp + 2) == 69)
		answer_block(frame, 1);
	else if (payload[1] == 4) {
		acks++;
		answer_block(frame, payload[3] + 1u);
	}
	(void)n;
}

static int begin_server(void **state)
{
	begin(state);
	card.serve = serve;
	silent = missing = false;
	acks = 0;
	return 0;
}

static EFI_STATUS tftp(EFI_PXE_BASE_CODE_TFTP_OPCODE op, void *buf, UINT64 *size)
{
	EFI_IP_ADDRESS server = ip_of(SERVER);

	return pxe->Mtftp(pxe, op, buf, FALSE, size, NULL, &server, (UINT8 *)"a file", NULL, FALSE);
}

/* -- calls -- */

/* Nobody says how long it is: it is read for that. */
static void test_size(void **state)
{
	UINT64 size = 0;

	(void)state;
	assert_int_equal(tftp(EFI_PXE_BASE_CODE_TFTP_GET_FILE_SIZE, NULL, &size), EFI_SUCCESS);
	assert_int_equal(size, FILE_SIZE);
	assert_int_equal(acks, 3);
	assert_int_equal(rig.sys.m.images[0].state, IMAGE_FREE);
}

static void test_read(void **state)
{
	uint8_t *buf = malloc(FILE_SIZE); /* exactly: what lies behind it is not ours */
	UINT64 size = FILE_SIZE;

	(void)state;
	assert_int_equal(tftp(EFI_PXE_BASE_CODE_TFTP_READ_FILE, buf, &size), EFI_SUCCESS);
	assert_int_equal(size, FILE_SIZE);
	for (unsigned i = 0; i < FILE_SIZE; i++)
		assert_int_equal(buf[i], (uint8_t)(i * 7));
	free(buf);
}

/* Known only when the buffer is full, and then it is not known how long it is. */
static void test_too_long(void **state)
{
	uint8_t *buf = malloc(FILE_SIZE - 1);
	UINT64 size = FILE_SIZE - 1;

	(void)state;
	assert_int_equal(tftp(EFI_PXE_BASE_CODE_TFTP_READ_FILE, buf, &size), EFI_BUFFER_TOO_SMALL);
	assert_int_equal(size, FILE_SIZE - 1);
	free(buf);
}

static void test_missing(void **state)
{
	UINT64 size = 5;

	(void)state;
	missing = true;
	assert_int_equal(tftp(EFI_PXE_BASE_CODE_TFTP_GET_FILE_SIZE, NULL, &size), EFI_TFTP_ERROR);
	assert_int_equal(size, 5);
	assert_true(mode->TftpErrorReceived);
	assert_int_equal(mode->TftpError.ErrorCode, 1);
	assert_non_null(strstr((char *)mode->TftpError.ErrorString, "gone"));
	assert_int_equal(rig.sys.m.err.code, 0); /* it is not the script's error */
}

static EFI_PXE_BASE_CODE_CALLBACK_STATUS EFIAPI stop(EFI_PXE_BASE_CODE_CALLBACK_PROTOCOL *This,
	EFI_PXE_BASE_CODE_FUNCTION function, BOOLEAN received, UINT32 n,
	EFI_PXE_BASE_CODE_PACKET *packet)
{
	(void)This;
	(void)function;
	(void)received;
	(void)n;
	(void)packet;
	rig.signals++;
	return rig.signals < 3 ? EFI_PXE_BASE_CODE_CALLBACK_STATUS_CONTINUE
			       : EFI_PXE_BASE_CODE_CALLBACK_STATUS_ABORT;
}

/* A silent server is waited for, unless somebody says that it is enough. */
static void test_silence(void **state)
{
	EFI_PXE_BASE_CODE_CALLBACK_PROTOCOL callback = {0, stop};
	uint64_t before = rig.fake.now_us;
	BOOLEAN yes = TRUE;
	UINT64 size = 0;

	(void)state;
	silent = true;
	assert_int_equal(tftp(EFI_PXE_BASE_CODE_TFTP_GET_FILE_SIZE, NULL, &size), EFI_TIMEOUT);
	assert_true(rig.fake.now_us - before > 10000000);
	rig.callback = &callback;
	assert_int_equal(pxe->SetParameters(pxe, NULL, NULL, NULL, NULL, &yes), EFI_SUCCESS);
	before = rig.fake.now_us;
	assert_int_equal(tftp(EFI_PXE_BASE_CODE_TFTP_GET_FILE_SIZE, NULL, &size), EFI_ABORTED);
	assert_int_equal(rig.signals, 3);
	assert_true(rig.fake.now_us - before < 1000000);
}

/* While another program has the link's frames they are ours for as long as the call lasts. */
static void test_borrowed(void **state)
{
	EFI_SIMPLE_NETWORK_PROTOCOL *snp = &rig.nic->snp.proto;
	UINT64 size = 0;

	(void)state;
	assert_int_equal(snp->Start(snp), EFI_SUCCESS);
	assert_int_equal(snp->Initialize(snp, 0, 0), EFI_SUCCESS);
	assert_int_equal(tftp(EFI_PXE_BASE_CODE_TFTP_GET_FILE_SIZE, NULL, &size), EFI_SUCCESS);
	assert_non_null(rig.dev->raw);
	assert_int_equal(rig.nic->snp.rx_count, 0);
}

static void test_udp(void **state)
{
	EFI_PXE_BASE_CODE_UDP_PORT echo = 7, port = 0, from = 0;
	EFI_IP_ADDRESS server = ip_of(SERVER), dst, src;
	uint8_t data[32] = "what comes back";
	UINTN n = 15;

	(void)state;
	assert_int_equal(
		pxe->UdpWrite(pxe, 0, &server, &echo, NULL, NULL, &port, NULL, NULL, &n, data),
		EFI_SUCCESS);
	assert_true(port >= 49152);
	memset(data, 0, sizeof(data));
	n = sizeof(data);
	assert_int_equal(pxe->UdpRead(pxe, EFI_PXE_BASE_CODE_UDP_OPFLAGS_ANY_SRC_PORT, NULL, &port,
				 &server, &from, NULL, NULL, &n, data),
		EFI_SUCCESS);
	assert_int_equal(n, 15);
	assert_int_equal(from, 7);
	assert_string_equal((char *)data, "what comes back");

	/* Of those that wait, only what is asked for. */
	assert_int_equal(
		pxe->UdpWrite(pxe, 0, &server, &echo, NULL, NULL, &port, NULL, NULL, &n, data),
		EFI_SUCCESS);
	src = ip_of(SERVER + 1);
	assert_int_equal(
		pxe->UdpRead(pxe, 0, NULL, &port, &src, &from, NULL, NULL, &n, data), EFI_TIMEOUT);
	from = 8;
	assert_int_equal(pxe->UdpRead(pxe, 0, NULL, &port, &server, &from, NULL, NULL, &n, data),
		EFI_TIMEOUT);
	from = 7;
	dst = ip_of(OURS + 1);
	assert_int_equal(pxe->UdpRead(pxe, 0, &dst, &port, &server, &from, NULL, NULL, &n, data),
		EFI_TIMEOUT);
	assert_int_equal(pxe->UdpRead(pxe, 0, NULL, &port, &server, &from, NULL, NULL, &n, data),
		EFI_SUCCESS);
}

static void test_discover(void **state)
{
	UINT16 layer = 0;

	(void)state;
	assert_int_equal(pxe->Discover(pxe, 3, &layer, FALSE, NULL), EFI_SUCCESS);
	assert_true(mode->PxeDiscoverValid && mode->PxeReplyReceived);
	assert_string_equal((char *)mode->PxeReply.Dhcpv4.BootpBootFile, "from-boot-server");
	assert_int_equal(mode->PxeReply.Dhcpv4.BootpOpcode, 2);
	silent = true;
	assert_int_equal(pxe->Discover(pxe, 3, &layer, FALSE, NULL), EFI_TIMEOUT);
	assert_false(mode->PxeDiscoverValid || mode->PxeReplyReceived);
	assert_true(mode->DhcpAckReceived);
}

/* No protocol at all, and while we are at work: as good as no call. */
static void test_refused(void **state)
{
	EFI_PXE_BASE_CODE_PROTOCOL *none[] = {NULL, pxe};
	const EFI_STATUS status[] = {EFI_INVALID_PARAMETER, EFI_NOT_READY};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		firmware.inside = i;
		assert_int_equal(pxe->Start(none[i], FALSE), status[i]);
		assert_int_equal(pxe->Stop(none[i]), status[i]);
		assert_int_equal(pxe->Dhcp(none[i], FALSE), status[i]);
		assert_int_equal(pxe->Discover(none[i], 0, NULL, FALSE, NULL), status[i]);
		assert_int_equal(pxe->Mtftp(none[i], EFI_PXE_BASE_CODE_TFTP_READ_FILE, NULL, FALSE,
					 NULL, NULL, NULL, NULL, NULL, FALSE),
			status[i]);
		assert_int_equal(pxe->UdpWrite(none[i], 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
					 NULL, NULL),
			status[i]);
		assert_int_equal(
			pxe->UdpRead(none[i], 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
			status[i]);
		assert_int_equal(pxe->SetIpFilter(none[i], NULL), status[i]);
		assert_int_equal(pxe->Arp(none[i], NULL, NULL), status[i]);
		assert_int_equal(
			pxe->SetParameters(none[i], NULL, NULL, NULL, NULL, NULL), status[i]);
		assert_int_equal(pxe->SetStationIp(none[i], NULL, NULL), status[i]);
		assert_int_equal(pxe->SetPackets(none[i], NULL, NULL, NULL, NULL, NULL, NULL, NULL,
					 NULL, NULL, NULL, NULL, NULL),
			status[i]);
	}
	firmware.inside = false;
}

static void test_arp(void **state)
{
	EFI_IP_ADDRESS server = ip_of(SERVER), nobody = ip_of(SERVER + 8);
	EFI_MAC_ADDRESS mac;

	(void)state;
	assert_int_equal(pxe->Arp(pxe, &server, &mac), EFI_SUCCESS);
	assert_int_equal(mac.Addr[5], 9);
	assert_int_equal(mode->ArpCacheEntries, 1);
	assert_int_equal(mode->ArpCache[0].MacAddr.Addr[5], 9);
	assert_int_equal(pxe->Arp(pxe, &nobody, &mac), EFI_TIMEOUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lease, begin, teardown),
		cmocka_unit_test_setup_teardown(test_loaded, begin, teardown),
		cmocka_unit_test_setup_teardown(test_servers, begin, teardown),
		cmocka_unit_test_setup_teardown(test_routes, begin, teardown),
		cmocka_unit_test_setup_teardown(test_no_lease, begin, teardown),
		cmocka_unit_test_setup_teardown(test_station, begin, teardown),
		cmocka_unit_test_setup_teardown(test_size, begin_server, teardown),
		cmocka_unit_test_setup_teardown(test_read, begin_server, teardown),
		cmocka_unit_test_setup_teardown(test_too_long, begin_server, teardown),
		cmocka_unit_test_setup_teardown(test_missing, begin_server, teardown),
		cmocka_unit_test_setup_teardown(test_silence, begin_server, teardown),
		cmocka_unit_test_setup_teardown(test_borrowed, begin_server, teardown),
		cmocka_unit_test_setup_teardown(test_udp, begin_server, teardown),
		cmocka_unit_test_setup_teardown(test_discover, begin_server, teardown),
		cmocka_unit_test_setup_teardown(test_refused, begin, teardown),
		cmocka_unit_test_setup_teardown(test_arp, begin_server, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
