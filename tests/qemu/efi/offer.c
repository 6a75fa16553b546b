/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A UEFI program that makes every call of the protocols on the handle that it was loaded from, with
 * right and wrong parameters and in every state. It judges statuses itself; the rest is for
 * test_efi_offer.py, whose server has the files `file` and `large` and an echo on UDP port 7.
 *
 *	WRONG line got wanted	a status, or a value
 *	ADDRESS station server	from the DHCP messages, in hexadecimal
 *	FILE name		likewise
 *	READ size crc		of `file`
 *	END checks
 *
 * Words of its options: "leave" ends with the link initialized for itself; "hold" lets who started
 * it hold the Simple Network Protocol, so that it cannot be taken back, and "free" ends that.
 */
#include "tests/qemu/efi/program.h"

#define ETH_HEADER 14
#define ARP_FRAME  42
#define TRIES	   2000 /* of a millisecond */

static EFI_SIMPLE_NETWORK *snp;
static EFI_PXE_BASE_CODE *pxe;
static EFI_IP_ADDRESS server;

static EFI_GUID snp_guid = EFI_SIMPLE_NETWORK_PROTOCOL_GUID;
static EFI_GUID pxe_guid = EFI_PXE_BASE_CODE_PROTOCOL_GUID;
static EFI_GUID callback_guid = EFI_PXE_BASE_CODE_CALLBACK_PROTOCOL_GUID;

static unsigned get32(const UINT8 *p)
{
	return (unsigned)p[0] << 24 | (unsigned)p[1] << 16 | (unsigned)p[2] << 8 | p[3];
}

/* -- Simple Network Protocol ----------------------------------------------------------- */

static EFI_MAC_ADDRESS mac_of(UINT8 first, UINT8 last)
{
	return (EFI_MAC_ADDRESS){{first, 0, 0, 0, 0, last}};
}

static void snp_refuses(EFI_STATUS status)
{
	EFI_MAC_ADDRESS mac = mac_of(1, 1);
	UINT8 frame[64] = {0};
	UINTN n = sizeof(frame);
	UINT32 interrupts;

	IS(snp->Shutdown(snp), status);
	IS(snp->Reset(snp, FALSE), status);
	IS(snp->ReceiveFilters(snp, 0, 0, FALSE, 0, NULL), status);
	IS(snp->StationAddress(snp, TRUE, NULL), status);
	IS(snp->Statistics(snp, FALSE, NULL, NULL), status);
	IS(snp->MCastIpToMac(snp, FALSE, &server, &mac), status);
	IS(snp->NvData(snp, TRUE, 0, 1, frame), status);
	IS(snp->GetStatus(snp, &interrupts, NULL), status);
	IS(snp->Transmit(snp, 0, n, frame, NULL, NULL, NULL), status);
	IS(snp->Receive(snp, NULL, &n, frame, NULL, NULL, NULL), status);
}

static void snp_null(void)
{
	UINT8 frame[64] = {0};
	UINTN n = sizeof(frame);

	IS(snp->Start(NULL), EFI_INVALID_PARAMETER);
	IS(snp->Stop(NULL), EFI_INVALID_PARAMETER);
	IS(snp->Initialize(NULL, 0, 0), EFI_INVALID_PARAMETER);
	IS(snp->Transmit(NULL, 0, n, frame, NULL, NULL, NULL), EFI_INVALID_PARAMETER);
	IS(snp->Receive(NULL, NULL, &n, frame, NULL, NULL, NULL), EFI_INVALID_PARAMETER);
}

static void snp_states(void)
{
	IS(snp->Mode->State, EfiSimpleNetworkStopped);
	snp_null();
	snp_refuses(EFI_NOT_STARTED);
	IS(snp->Stop(snp), EFI_NOT_STARTED);
	IS(snp->Initialize(snp, 0, 0), EFI_NOT_STARTED);
	IS(snp->Start(snp), EFI_SUCCESS);
	IS(snp->Start(snp), EFI_ALREADY_STARTED);
	IS(snp->Mode->State, EfiSimpleNetworkStarted);
	snp_refuses(EFI_DEVICE_ERROR);
	IS(snp->Initialize(snp, 0, 0), EFI_SUCCESS);
	IS(snp->Initialize(snp, 0, 0), EFI_DEVICE_ERROR);
	IS(snp->Start(snp), EFI_ALREADY_STARTED);
	IS(snp->Stop(snp), EFI_DEVICE_ERROR);
	IS(snp->Mode->State, EfiSimpleNetworkInitialized);
	IS(snp->Mode->MediaPresent, TRUE);
}

static void snp_filters(void)
{
	EFI_MAC_ADDRESS list[2] = {mac_of(0x01, 1), mac_of(0x33, 2)};
	UINT32 group = EFI_SIMPLE_NETWORK_RECEIVE_MULTICAST, all = snp->Mode->ReceiveFilterMask;

	IS(snp->ReceiveFilters(snp, ~all, 0, FALSE, 0, NULL), EFI_INVALID_PARAMETER);
	IS(snp->ReceiveFilters(snp, 0, ~all, FALSE, 0, NULL), EFI_INVALID_PARAMETER);
	IS(snp->ReceiveFilters(snp, group, 0, FALSE, 0, NULL), EFI_INVALID_PARAMETER);
	IS(snp->ReceiveFilters(snp, group, 0, FALSE, 1, NULL), EFI_INVALID_PARAMETER);
	IS(snp->ReceiveFilters(snp, group, 0, FALSE, 17, list), EFI_INVALID_PARAMETER);
	list[1].Addr[0] = 0x32;
	IS(snp->ReceiveFilters(snp, group, 0, FALSE, 2, list), EFI_INVALID_PARAMETER);
	list[1].Addr[0] = 0x33;
	IS(snp->Mode->MCastFilterCount, 0);
	IS(snp->ReceiveFilters(snp, group, 0, FALSE, 2, list), EFI_SUCCESS);
	IS(snp->Mode->MCastFilterCount, 2);
	TRUE_THAT(snp->Mode->ReceiveFilterSetting & group);
	IS(snp->ReceiveFilters(snp, 0, group, TRUE, 0, NULL), EFI_SUCCESS);
	IS(snp->Mode->MCastFilterCount, 0);
	TRUE_THAT(!(snp->Mode->ReceiveFilterSetting & group));
	IS(snp->ReceiveFilters(snp,
		   EFI_SIMPLE_NETWORK_RECEIVE_UNICAST | EFI_SIMPLE_NETWORK_RECEIVE_BROADCAST, 0,
		   FALSE, 0, NULL),
		EFI_SUCCESS);
}

static void snp_addresses(void)
{
	EFI_MAC_ADDRESS own = snp->Mode->CurrentAddress, other = mac_of(2, 9), mac;
	EFI_IP_ADDRESS v4 = {.v4 = {{0xe0, 0x81, 2, 3}}},
		       v6 = {.v6 = {{0xff, 2, [12] = 1, 2, 3, 4}}};

	IS(snp->StationAddress(snp, TRUE, NULL), EFI_SUCCESS);
	IS(snp->StationAddress(snp, FALSE, NULL), EFI_INVALID_PARAMETER);
	IS(snp->StationAddress(snp, FALSE, &other), EFI_UNSUPPORTED);
	IS(snp->StationAddress(snp, FALSE, &own), EFI_SUCCESS);
	IS(snp->MCastIpToMac(snp, FALSE, NULL, &mac), EFI_INVALID_PARAMETER);
	IS(snp->MCastIpToMac(snp, FALSE, &v4, NULL), EFI_INVALID_PARAMETER);
	IS(snp->MCastIpToMac(snp, FALSE, &server, &mac), EFI_INVALID_PARAMETER);
	IS(snp->MCastIpToMac(snp, FALSE, &v4, &mac), EFI_SUCCESS);
	IS(get32(mac.Addr + 2), 0x5e010203);
	IS(snp->MCastIpToMac(snp, TRUE, &v6, &mac), EFI_SUCCESS);
	IS(get32(mac.Addr), 0x33330102);
	IS(snp->NvData(snp, TRUE, 0, 1, &mac), EFI_UNSUPPORTED);
}

static void snp_statistics(void)
{
	EFI_NETWORK_STATISTICS table;
	UINTN n = 0;

	IS(snp->Statistics(snp, FALSE, NULL, NULL), EFI_SUCCESS);
	IS(snp->Statistics(snp, FALSE, NULL, &table), EFI_INVALID_PARAMETER);
	IS(snp->Statistics(snp, FALSE, &n, NULL), EFI_BUFFER_TOO_SMALL);
	IS(n, sizeof(table));
	n = 8;
	IS(snp->Statistics(snp, FALSE, &n, &table), EFI_BUFFER_TOO_SMALL);
	IS(snp->Statistics(snp, FALSE, &n, &table), EFI_SUCCESS);
	TRUE_THAT(table.TxGoodFrames >= 2 && table.RxUnicastFrames >= 2);
	IS(snp->Statistics(snp, TRUE, &n, &table), EFI_SUCCESS);
	IS(snp->Statistics(snp, FALSE, &n, &table), EFI_SUCCESS);
	IS(table.TxGoodFrames, 0);
}

static UINT8 question[ARP_FRAME]; /* who has the server's address */

static EFI_STATUS ask(UINTN header)
{
	EFI_MAC_ADDRESS all = snp->Mode->BroadcastAddress;
	UINT16 arp = 0x0806;

	return snp->Transmit(snp, header, sizeof(question), question, NULL, &all, &arp);
}

static void make_question(void)
{
	static const UINT8 fixed[] = {0, 1, 8, 0, 6, 4, 0, 1};

	memcpy(question + ETH_HEADER, fixed, sizeof(fixed));
	memcpy(question + 22, snp->Mode->CurrentAddress.Addr, 6);
	memcpy(question + 28, pxe->Mode->StationIp.v4.Addr, 4);
	memcpy(question + 38, server.v4.Addr, 4);
}

static void snp_transmit_checks(void)
{
	EFI_MAC_ADDRESS all = snp->Mode->BroadcastAddress;
	UINT16 arp = 0x0806;
	UINT8 *q = question;
	UINTN n = sizeof(question);

	IS(snp->Transmit(snp, 0, n, NULL, NULL, NULL, NULL), EFI_INVALID_PARAMETER);
	IS(snp->Transmit(snp, 13, n, q, NULL, &all, &arp), EFI_INVALID_PARAMETER);
	IS(snp->Transmit(snp, 14, n, q, NULL, NULL, &arp), EFI_INVALID_PARAMETER);
	IS(snp->Transmit(snp, 14, n, q, NULL, &all, NULL), EFI_INVALID_PARAMETER);
	IS(snp->Transmit(snp, 14, 13, q, NULL, &all, &arp), EFI_BUFFER_TOO_SMALL);
	IS(snp->Transmit(snp, 0, 0x10000, q, NULL, NULL, NULL), EFI_INVALID_PARAMETER);
	IS(snp->Receive(snp, NULL, NULL, q, NULL, NULL, NULL), EFI_INVALID_PARAMETER);
	IS(snp->Receive(snp, NULL, &n, NULL, NULL, NULL, NULL), EFI_INVALID_PARAMETER);
}

static void get_sent(void)
{
	UINT32 interrupts;
	void *sent;

	IS(snp->GetStatus(snp, NULL, NULL), EFI_SUCCESS);
	IS(snp->GetStatus(snp, &interrupts, &sent), EFI_SUCCESS);
	TRUE_THAT(sent == question);
	TRUE_THAT(interrupts & EFI_SIMPLE_NETWORK_TRANSMIT_INTERRUPT);
	IS(snp->GetStatus(snp, &interrupts, &sent), EFI_SUCCESS);
	TRUE_THAT(!sent && !(interrupts & EFI_SIMPLE_NETWORK_TRANSMIT_INTERRUPT));
}

/* The answer to the question; whatever else is on the wire is dropped. */
static bool get_answer(void)
{
	static UINT8 frame[2048];
	EFI_MAC_ADDRESS src, dst;
	UINT16 type = 0;
	UINTN head = 0, n;

	for (int i = 0; i < TRIES; i++) {
		n = 1;
		if (snp->Receive(snp, NULL, &n, frame, NULL, NULL, NULL) == EFI_BUFFER_TOO_SMALL) {
			UINTN size = n;

			IS(snp->Receive(snp, &head, &n, frame, &src, &dst, &type), EFI_SUCCESS);
			IS(n, size);
			IS(head, ETH_HEADER);
			if (type == 0x0806 && n >= ARP_FRAME && frame[21] == 2 &&
				!memcmp(frame + 28, server.v4.Addr, 4)) {
				IS(memcmp(dst.Addr, snp->Mode->CurrentAddress.Addr, 6), 0);
				IS(memcmp(src.Addr, frame + 22, 6), 0);
				return true;
			}
		}
		bs->Stall(1000);
	}
	return false;
}

static void snp_frames(void)
{
	int i = 0;

	make_question();
	snp_transmit_checks();
	IS(ask(14), EFI_SUCCESS);
	IS(memcmp(question + 6, snp->Mode->CurrentAddress.Addr, 6), 0);
	get_sent();
	TRUE_THAT(get_answer());
	IS(ask(0), EFI_SUCCESS); /* the header is there by now */
	while (i < TRIES && bs->CheckEvent(snp->WaitForPacket)) {
		bs->Stall(1000);
		i++;
	}
	TRUE_THAT(i < TRIES);
	TRUE_THAT(get_answer());
	IS(ask(0), EFI_SUCCESS);
	bs->Stall(100000);
	IS(snp->GetStatus(snp, NULL, NULL), EFI_SUCCESS);
	IS(snp->Reset(snp, TRUE), EFI_SUCCESS);
}

/* More than it takes without being asked for them. */
static void snp_many(void)
{
	EFI_STATUS status = EFI_SUCCESS;
	void *sent;
	int n = 0, back = 0;

	for (int i = 0; i < 200 && !status; i++, n++)
		status = ask(0);
	IS(status, EFI_NOT_READY);
	while (back < 200 && !snp->GetStatus(snp, NULL, &sent) && sent)
		back++;
	IS(back, n - 1);
}

static void snp_all(void)
{
	snp_states();
	snp_filters();
	snp_addresses();
	snp_frames();
	snp_statistics();
	snp_many();
}

/* -- PXE Base Code: what it shows ------------------------------------------------------ */

static void pxe_mode(void)
{
	const EFI_PXE_BASE_CODE_MODE *m = pxe->Mode;

	IS(m->Started, TRUE);
	IS(m->DhcpAckReceived, TRUE);
	IS(m->DhcpDiscoverValid, TRUE);
	IS(m->PxeReplyReceived, FALSE);
	IS(m->DhcpDiscover.Dhcpv4.BootpOpcode, 1);
	IS(m->DhcpAck.Dhcpv4.BootpOpcode, 2);
	IS(get32((const UINT8 *)&m->DhcpAck.Dhcpv4.DhcpMagik), 0x63825363);
	IS(memcmp(m->DhcpAck.Dhcpv4.BootpYiAddr, m->StationIp.v4.Addr, 4), 0);
	IS(memcmp(m->DhcpAck.Dhcpv4.BootpHwAddr, snp->Mode->CurrentAddress.Addr, 6), 0);
	IS(get32(m->SubnetMask.v4.Addr), 0xffffff00);
	TRUE_THAT(m->RouteTableEntries == 1);
	TRUE_THAT(m->ArpCacheEntries >= 1);
	say("ADDRESS %08x %08x\r\n", get32(m->StationIp.v4.Addr),
		get32(m->DhcpAck.Dhcpv4.BootpSiAddr));
	say("FILE %s\r\n", (const char *)m->DhcpAck.Dhcpv4.BootpBootFile);
}

/* -- TFTP ------------------------------------------------------------------------------ */

static EFI_STATUS tftp(unsigned op, void *buf, UINT64 *size, const char *name)
{
	return pxe->Mtftp(pxe, (EFI_PXE_BASE_CODE_TFTP_OPCODE)op, buf, FALSE, size, NULL, &server,
		(UINT8 *)name, NULL, FALSE);
}

#define GET  EFI_PXE_BASE_CODE_TFTP_GET_FILE_SIZE
#define READ EFI_PXE_BASE_CODE_TFTP_READ_FILE

static void tftp_checks(void)
{
	static UINT8 name[] = "file";
	UINT64 size = 0;
	UINTN block = 511;
	UINT8 b[1];

	IS(pxe->Mtftp(NULL, GET, NULL, FALSE, &size, NULL, &server, name, NULL, FALSE),
		EFI_INVALID_PARAMETER);
	IS(tftp(0, b, &size, "file"), EFI_INVALID_PARAMETER);
	IS(tftp(EFI_PXE_BASE_CODE_MTFTP_LAST, b, &size, "file"), EFI_INVALID_PARAMETER);
	IS(tftp(GET, NULL, NULL, "file"), EFI_INVALID_PARAMETER);
	IS(tftp(GET, NULL, &size, NULL), EFI_INVALID_PARAMETER);
	IS(pxe->Mtftp(pxe, GET, NULL, FALSE, &size, NULL, NULL, name, NULL, FALSE),
		EFI_INVALID_PARAMETER);
	IS(pxe->Mtftp(pxe, GET, NULL, FALSE, &size, &block, &server, name, NULL, FALSE),
		EFI_INVALID_PARAMETER);
	IS(tftp(EFI_PXE_BASE_CODE_TFTP_WRITE_FILE, b, &size, "file"), EFI_UNSUPPORTED);
	IS(tftp(EFI_PXE_BASE_CODE_TFTP_READ_DIRECTORY, b, &size, "file"), EFI_UNSUPPORTED);
	IS(tftp(EFI_PXE_BASE_CODE_MTFTP_GET_FILE_SIZE, b, &size, "file"), EFI_UNSUPPORTED);
	IS(tftp(EFI_PXE_BASE_CODE_MTFTP_READ_FILE, b, &size, "file"), EFI_UNSUPPORTED);
	IS(tftp(EFI_PXE_BASE_CODE_MTFTP_READ_DIRECTORY, b, &size, "file"), EFI_UNSUPPORTED);
	IS(pxe->Mtftp(pxe, READ, b, FALSE, &size, NULL, &server, name, NULL, TRUE),
		EFI_UNSUPPORTED);
}

/* Neither the byte behind the file nor, when it does not fit, any is touched. */
static void tftp_read(void)
{
	UINT64 size = 0, n, most;
	UINT32 crc = 0;
	UINTN block = 512;
	UINT8 *buf;

	IS(tftp(GET, NULL, &size, "file"), EFI_SUCCESS);
	most = size + 1;
	bs->AllocatePool(EfiLoaderData, (UINTN)most, (void **)&buf);
	buf[0] = buf[size - 1] = buf[size] = 0xa5;
	n = 0;
	IS(tftp(READ, NULL, &n, "file"), EFI_BUFFER_TOO_SMALL);
	IS(n, size);
	n = size - 1;
	IS(tftp(READ, buf, &n, "file"), EFI_BUFFER_TOO_SMALL);
	IS(n, size);
	IS(buf[0], 0xa5);
	n = most;
	IS(pxe->Mtftp(pxe, READ, buf, TRUE, &n, &block, &server, (UINT8 *)"/file", NULL, FALSE),
		EFI_SUCCESS);
	IS(n, size);
	IS(buf[size], 0xa5);
	bs->CalculateCrc32(buf, (UINTN)size, &crc);
	say("READ %u %08x\r\n", (unsigned)size, crc);
	bs->FreePool(buf);
}

static void tftp_missing(void)
{
	UINT64 size = 0;

	IS(tftp(GET, NULL, &size, "no such file"), EFI_TFTP_ERROR);
	IS(pxe->Mode->TftpErrorReceived, TRUE);
	IS(pxe->Mode->TftpError.ErrorCode, 1);
	TRUE_THAT(pxe->Mode->TftpError.ErrorString[0]);
	IS(tftp(GET, NULL, &size, "file"), EFI_SUCCESS);
	IS(pxe->Mode->TftpErrorReceived, FALSE);
}

/* A URL, whatever the server's address says. */
static void tftp_url(void)
{
	const UINT8 *ip = server.v4.Addr;
	EFI_IP_ADDRESS kept = server;
	UINT64 size = 0, by_url = 1;
	char url[64];

	IS(tftp(GET, NULL, &size, "file"), EFI_SUCCESS);
	fmt_print(url, sizeof(url), "tftp://%u.%u.%u.%u/file", ip[0], ip[1], ip[2], ip[3]);
	memset(&server, 0, sizeof(server));
	IS(tftp(GET, NULL, &by_url, url), EFI_SUCCESS);
	server = kept;
	IS(by_url, size);
}

static EFI_PXE_BASE_CODE_CALLBACK_STATUS answer;
static unsigned callbacks;

static EFI_PXE_BASE_CODE_CALLBACK_STATUS EFIAPI callback(EFI_PXE_BASE_CODE_CALLBACK_PROTOCOL *This,
	EFI_PXE_BASE_CODE_FUNCTION Function, BOOLEAN Received, UINT32 PacketLen,
	EFI_PXE_BASE_CODE_PACKET *Packet)
{
	(void)This;
	(void)Received;
	TRUE_THAT(Function == EFI_PXE_BASE_CODE_FUNCTION_MTFTP && !PacketLen && !Packet);
	IS(snp->GetStatus(snp, NULL, NULL), EFI_NOT_READY); /* we are at work */
	callbacks++;
	return answer;
}

static EFI_PXE_BASE_CODE_CALLBACK_PROTOCOL callback_protocol = {
	EFI_PXE_BASE_CODE_CALLBACK_PROTOCOL_REVISION, callback};

static void tftp_callback(void)
{
	BOOLEAN yes = TRUE, no = FALSE;
	UINT64 size = 0, n;
	void *buf;

	IS(pxe->SetParameters(pxe, NULL, NULL, NULL, NULL, &yes), EFI_INVALID_PARAMETER);
	IS(bs->InstallProtocolInterface(
		   &self->DeviceHandle, &callback_guid, EFI_NATIVE_INTERFACE, &callback_protocol),
		EFI_SUCCESS);
	IS(pxe->SetParameters(pxe, NULL, NULL, NULL, NULL, &yes), EFI_SUCCESS);
	IS(tftp(GET, NULL, &size, "large"), EFI_SUCCESS);
	bs->AllocatePool(EfiLoaderData, (UINTN)size, &buf);
	n = size;
	callbacks = 0;
	answer = EFI_PXE_BASE_CODE_CALLBACK_STATUS_ABORT;
	IS(tftp(READ, buf, &n, "large"), EFI_ABORTED);
	IS(callbacks, 1);
	n = size;
	answer = EFI_PXE_BASE_CODE_CALLBACK_STATUS_CONTINUE;
	IS(tftp(READ, buf, &n, "large"), EFI_SUCCESS);
	TRUE_THAT(callbacks > 1); /* how often is a matter of time */
	IS(pxe->SetParameters(pxe, NULL, NULL, NULL, NULL, &no), EFI_SUCCESS);
	bs->UninstallProtocolInterface(self->DeviceHandle, &callback_guid, &callback_protocol);
	bs->FreePool(buf);
}

/* -- UDP ------------------------------------------------------------------------------- */

#define ANY_SRC_PORT EFI_PXE_BASE_CODE_UDP_OPFLAGS_ANY_SRC_PORT
#define ANY_SRC_IP   EFI_PXE_BASE_CODE_UDP_OPFLAGS_ANY_SRC_IP

static EFI_PXE_BASE_CODE_UDP_PORT echo = 7, ours;

static EFI_STATUS udp_write(UINT16 flags, UINTN *head_n, void *head, UINTN n, void *data)
{
	return pxe->UdpWrite(pxe, flags, &server, &echo, NULL, NULL, &ours, head_n, head, &n, data);
}

static EFI_STATUS udp_read(
	UINT16 flags, EFI_IP_ADDRESS *from, UINTN *head_n, void *head, UINTN *n, void *data)
{
	EFI_PXE_BASE_CODE_UDP_PORT port = echo;

	return pxe->UdpRead(pxe, flags, NULL, &ours, from, &port, head_n, head, n, data);
}

static void udp_checks(void)
{
	EFI_IP_ADDRESS other = server;
	UINT8 b[8];
	UINTN n = sizeof(b), zero = 0;

	IS(pxe->UdpWrite(pxe, 0x100, &server, &echo, NULL, NULL, NULL, NULL, NULL, &n, b),
		EFI_INVALID_PARAMETER);
	IS(pxe->UdpWrite(pxe, 0, NULL, &echo, NULL, NULL, NULL, NULL, NULL, &n, b),
		EFI_INVALID_PARAMETER);
	IS(pxe->UdpWrite(pxe, 0, &server, NULL, NULL, NULL, NULL, NULL, NULL, &n, b),
		EFI_INVALID_PARAMETER);
	IS(pxe->UdpWrite(pxe, 0, &server, &echo, NULL, NULL, NULL, NULL, NULL, NULL, b),
		EFI_INVALID_PARAMETER);
	IS(pxe->UdpWrite(pxe, 0, &server, &echo, NULL, &other, NULL, NULL, NULL, &n, b),
		EFI_INVALID_PARAMETER);
	IS(udp_write(0, &zero, b, n, b), EFI_INVALID_PARAMETER);
	IS(udp_write(0, &n, NULL, n, b), EFI_INVALID_PARAMETER);
	IS(udp_write(0, NULL, NULL, n, NULL), EFI_INVALID_PARAMETER);
	IS(udp_write(0, NULL, NULL, 1500, b), EFI_BAD_BUFFER_SIZE);
	IS(udp_read(0x100, &server, NULL, NULL, &n, b), EFI_INVALID_PARAMETER);
	IS(udp_read(0, NULL, NULL, NULL, &n, b), EFI_INVALID_PARAMETER);
	IS(udp_read(0, &server, NULL, NULL, NULL, b), EFI_INVALID_PARAMETER);
	IS(udp_read(0, &server, NULL, NULL, &n, NULL), EFI_INVALID_PARAMETER);
	IS(udp_read(0, &server, &zero, b, &n, b), EFI_INVALID_PARAMETER);
	IS(pxe->UdpRead(pxe, ANY_SRC_IP | ANY_SRC_PORT, NULL, NULL, NULL, NULL, NULL, NULL, &n, b),
		EFI_INVALID_PARAMETER);
}

static void udp_echo(void)
{
	static UINT8 out[] = "0123456789";
	EFI_IP_ADDRESS from;
	UINT8 head[4], in[16];
	UINTN head_n = 4, n = sizeof(in);

	IS(udp_write(ANY_SRC_PORT, &head_n, out, 6, out + 4), EFI_SUCCESS);
	TRUE_THAT(ours >= 49152);
	IS(udp_read(0, &server, &head_n, head, &n, in), EFI_SUCCESS);
	IS(head_n, 4);
	IS(n, 6);
	IS(memcmp(head, "0123", 4) | memcmp(in, "456789", 6), 0);
	IS(udp_write(0, NULL, NULL, 10, out), EFI_SUCCESS);
	n = 9;
	IS(udp_read(ANY_SRC_IP, &from, NULL, NULL, &n, in), EFI_BUFFER_TOO_SMALL);
	IS(n, 10);
	IS(memcmp(from.v4.Addr, server.v4.Addr, 4), 0);
	IS(udp_read(ANY_SRC_IP, &from, NULL, NULL, &n, in), EFI_TIMEOUT);
}

/* -- the rest -------------------------------------------------------------------------- */

static void pxe_filters(void)
{
	EFI_PXE_BASE_CODE_IP_FILTER filter = {.Filters = EFI_PXE_BASE_CODE_IP_FILTER_BROADCAST};

	IS(pxe->SetIpFilter(pxe, NULL), EFI_INVALID_PARAMETER);
	IS(pxe->SetIpFilter(pxe, &filter), EFI_SUCCESS);
	IS(pxe->Mode->IpFilter.Filters, EFI_PXE_BASE_CODE_IP_FILTER_BROADCAST);
	filter.IpCnt = 9;
	IS(pxe->SetIpFilter(pxe, &filter), EFI_INVALID_PARAMETER);
	filter.IpCnt = 1;
	filter.IpList[0].v4.Addr[0] = 0xe1;
	IS(pxe->SetIpFilter(pxe, &filter), EFI_UNSUPPORTED);
	filter.IpList[0] = pxe->Mode->StationIp;
	IS(pxe->SetIpFilter(pxe, &filter), EFI_SUCCESS);
	filter.Filters = EFI_PXE_BASE_CODE_IP_FILTER_PROMISCUOUS;
	IS(pxe->SetIpFilter(pxe, &filter), EFI_UNSUPPORTED);
}

static void pxe_arp(void)
{
	EFI_IP_ADDRESS nobody = server, own = pxe->Mode->StationIp, broadcast = {.Addr = {~0u}};
	EFI_MAC_ADDRESS mac;

	nobody.v4.Addr[3] = 250;
	IS(pxe->Arp(pxe, NULL, &mac), EFI_INVALID_PARAMETER);
	IS(pxe->Arp(pxe, &broadcast, &mac), EFI_INVALID_PARAMETER);
	IS(pxe->Arp(pxe, &server, NULL), EFI_SUCCESS);
	IS(pxe->Arp(pxe, &server, &mac), EFI_SUCCESS);
	IS(memcmp(mac.Addr, pxe->Mode->ArpCache[0].MacAddr.Addr, 6), 0);
	IS(pxe->Arp(pxe, &own, &mac), EFI_SUCCESS);
	IS(memcmp(mac.Addr, snp->Mode->CurrentAddress.Addr, 6), 0);
	IS(pxe->Arp(pxe, &nobody, &mac), EFI_TIMEOUT);
}

static void pxe_settings(void)
{
	static EFI_PXE_BASE_CODE_PACKET packet;
	EFI_IP_ADDRESS ip = pxe->Mode->StationIp, mask = {.v4 = {{255, 255, 0, 0}}},
		       bad = {.Addr = {0}};
	BOOLEAN yes = TRUE, no = FALSE;
	UINT8 ttl = 7, tos = 8;

	IS(pxe->SetParameters(pxe, &no, &no, &ttl, &tos, NULL), EFI_SUCCESS);
	TRUE_THAT(!pxe->Mode->AutoArp && !pxe->Mode->SendGUID);
	TRUE_THAT(pxe->Mode->TTL == 7 && pxe->Mode->ToS == 8);
	IS(pxe->SetStationIp(pxe, &bad, NULL), EFI_INVALID_PARAMETER);
	ip.v4.Addr[3] = 99;
	IS(pxe->SetStationIp(pxe, &ip, &mask), EFI_SUCCESS);
	IS(pxe->Mode->StationIp.v4.Addr[3], 99);
	IS(get32(pxe->Mode->SubnetMask.v4.Addr), 0xffff0000);
	packet.Raw[0] = 0x77;
	IS(pxe->SetPackets(
		   pxe, NULL, NULL, NULL, NULL, &yes, NULL, NULL, NULL, NULL, NULL, &packet, NULL),
		EFI_SUCCESS);
	TRUE_THAT(pxe->Mode->PxeReplyReceived && pxe->Mode->PxeReply.Raw[0] == 0x77);
}

static void pxe_states(void)
{
	EFI_PXE_BASE_CODE_DISCOVER_INFO info = {0};
	UINT64 size = 0;
	UINT16 layer = 0, other = 1;

	IS(pxe->Start(pxe, FALSE), EFI_ALREADY_STARTED);
	IS(pxe->Discover(pxe, 1, NULL, FALSE, NULL), EFI_INVALID_PARAMETER);
	IS(pxe->Discover(pxe, 1, &layer, FALSE, &info), EFI_UNSUPPORTED);
	IS(pxe->Discover(pxe, 1, &layer, TRUE, NULL), EFI_UNSUPPORTED);
	IS(pxe->Discover(pxe, 1, &other, FALSE, NULL), EFI_UNSUPPORTED);
	IS(pxe->Stop(NULL), EFI_INVALID_PARAMETER);
	IS(pxe->Stop(pxe), EFI_SUCCESS);
	IS(pxe->Mode->Started, FALSE);
	IS(pxe->Stop(pxe), EFI_NOT_STARTED);
	IS(tftp(GET, NULL, &size, "file"), EFI_NOT_STARTED);
	IS(pxe->Dhcp(pxe, FALSE), EFI_NOT_STARTED);
	IS(pxe->Arp(pxe, &server, NULL), EFI_NOT_STARTED);
	IS(pxe->Start(pxe, TRUE), EFI_UNSUPPORTED);
	IS(pxe->Start(pxe, FALSE), EFI_SUCCESS);
	IS(pxe->Mode->DhcpAckReceived, FALSE);
	IS(pxe->Dhcp(pxe, FALSE), EFI_SUCCESS);
	IS(pxe->Mode->DhcpAckReceived, TRUE);
}

static void pxe_all(void)
{
	pxe_mode();
	tftp_checks();
	tftp_read();
	tftp_missing();
	tftp_url();
	tftp_callback();
	udp_checks();
	udp_echo();
	pxe_filters();
	pxe_arp();
	pxe_states();
	pxe_settings();
}

/* -- the story ------------------------------------------------------------------------- */

/* While frames are its own, and the other protocol's in between. */
static void both(void)
{
	UINT64 size = 0;

	IS(tftp(GET, NULL, &size, "file"), EFI_SUCCESS);
	IS(ask(0), EFI_SUCCESS);
	TRUE_THAT(get_answer());
	IS(snp->Shutdown(snp), EFI_SUCCESS);
	IS(snp->Shutdown(snp), EFI_DEVICE_ERROR);
	IS(tftp(GET, NULL, &size, "file"), EFI_SUCCESS);
	IS(snp->Initialize(snp, 0, 0), EFI_SUCCESS);
	IS(ask(0), EFI_SUCCESS);
	TRUE_THAT(get_answer());
	IS(snp->Shutdown(snp), EFI_SUCCESS);
	IS(snp->Stop(snp), EFI_SUCCESS);
}

/* As if who started us was a driver that stays. */
static void hold(bool on)
{
	void *there;

	if (on)
		IS(bs->OpenProtocol(self->DeviceHandle, &snp_guid, &there, self->ParentHandle, NULL,
			   EFI_OPEN_PROTOCOL_EXCLUSIVE),
			EFI_SUCCESS);
	else
		IS(bs->CloseProtocol(self->DeviceHandle, &snp_guid, self->ParentHandle, NULL),
			EFI_SUCCESS);
}

EFI_STATUS EFIAPI efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
	program_start(image, table);
	snp = protocol(self->DeviceHandle, &snp_guid);
	pxe = protocol(self->DeviceHandle, &pxe_guid);
	if (!snp || !pxe) {
		say("NOTHING OFFERED\r\n");
		return EFI_NOT_FOUND;
	}
	memcpy(server.v4.Addr, pxe->Mode->DhcpAck.Dhcpv4.BootpSiAddr, 4);
	if (word("hold") || word("free")) {
		hold(word("hold"));
	} else {
		snp_all();
		both();
		pxe_all();
	}
	if (word("leave")) {
		IS(snp->Start(snp), EFI_SUCCESS);
		IS(snp->Initialize(snp, 0, 0), EFI_SUCCESS);
	}
	say("END %u\r\n", checks);
	return EFI_SUCCESS;
}
