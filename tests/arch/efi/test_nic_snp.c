/* SPDX-License-Identifier: BSD-2-Clause */
/* arch/efi/nic_snp.c: what only a link of the test's can show; tests/qemu/efi/offer.c has the rest.
 */
#include "tests/arch/efi/nic_rig.h"

static const uint8_t ours[6] = {2, 0, 0, 0, 0, 1}, other[6] = {2, 0, 0, 0, 0, 9},
		     all[6] = {255, 255, 255, 255, 255, 255}, group[6] = {1, 0, 0x5e, 0, 0, 1},
		     another[6] = {1, 0, 0x5e, 0, 0, 2};

static EFI_SIMPLE_NETWORK_PROTOCOL *snp;

static void up(void)
{
	snp = &rig.nic->snp.proto;
	assert_int_equal(snp->Start(snp), EFI_SUCCESS);
	assert_int_equal(snp->Initialize(snp, 0, 0), EFI_SUCCESS);
}

static void arrive(const uint8_t dst[6], unsigned mark, size_t n)
{
	uint8_t frame[1600];

	memset(frame, (int)mark, sizeof(frame));
	memcpy(frame, dst, 6);
	memcpy(frame + 6, other, 6);
	frame[12] = 0x86;
	frame[13] = 0xdd;
	memcpy(card_arrive(n), frame, n);
}

/* The last byte of the frame that waits; -1: none does. */
static int receive(void)
{
	static uint8_t frame[2048];
	UINTN n = sizeof(frame);
	EFI_STATUS status = snp->Receive(snp, NULL, &n, frame, NULL, NULL, NULL);

	if (status) {
		assert_int_equal(status, EFI_NOT_READY);
		return -1;
	}
	return frame[n - 1];
}

static bool taken(const uint8_t dst[6])
{
	arrive(dst, 7, 60);
	return receive() == 7;
}

static void test_filters(void **state)
{
	EFI_MAC_ADDRESS list = {{1, 0, 0x5e, 0, 0, 1}};
	const UINT32 uni = 1, multi = 2, broad = 4, all_groups = 16;

	(void)state;
	up();
	assert_true(taken(ours) && taken(all) && !taken(group) && !taken(other));
	assert_int_equal(snp->ReceiveFilters(snp, multi, uni, FALSE, 1, &list), EFI_SUCCESS);
	assert_true(!taken(ours) && taken(all) && taken(group) && !taken(another));
	assert_true(card.groups);
	assert_int_equal(snp->ReceiveFilters(snp, all_groups, broad, FALSE, 0, NULL), EFI_SUCCESS);
	assert_true(!taken(all) && taken(group) && taken(another));
	assert_int_equal(
		snp->ReceiveFilters(snp, uni, all_groups | multi, FALSE, 0, NULL), EFI_SUCCESS);
	assert_true(taken(ours) && !taken(group) && !taken(another));
	assert_false(card.groups);
	assert_int_equal(snp->ReceiveFilters(snp, all_groups, 0, FALSE, 0, NULL), EFI_SUCCESS);
	assert_int_equal(snp->Shutdown(snp), EFI_SUCCESS);
	assert_false(card.groups);
}

/* In order, up to a limit, and none after a reset. */
static void test_queue(void **state)
{
	EFI_NETWORK_STATISTICS table;
	UINTN n = sizeof(table);

	(void)state;
	up();
	for (unsigned i = 0; i < NIC_RX_MAX + 5; i++)
		arrive(ours, 100 + NIC_RX_MAX + 4 - i, 60);
	for (unsigned i = 0; i < NIC_RX_MAX; i++)
		assert_int_equal(receive(), (100 + i) & 0xff);
	assert_int_equal(receive(), -1);
	assert_int_equal(snp->Statistics(snp, FALSE, &n, &table), EFI_SUCCESS);
	assert_int_equal(table.RxGoodFrames, NIC_RX_MAX);
	assert_int_equal(table.RxDroppedFrames, 5);
	assert_int_equal(table.RxTotalFrames, NIC_RX_MAX + 5);
	arrive(ours, 1, 60);
	assert_int_equal(snp->GetStatus(snp, NULL, NULL), EFI_SUCCESS);
	assert_int_equal(snp->Reset(snp, FALSE), EFI_SUCCESS);
	assert_int_equal(receive(), -1);
}

static void test_odd_frames(void **state)
{
	struct pkt *chain;

	(void)state;
	up();
	arrive(ours, 1, 13);
	assert_int_equal(receive(), -1);
	arrive(ours, 2, 14);
	assert_int_equal(receive(), 0xdd);
	arrive(ours, 3, 1514);
	card.due->more = chain = pkt_alloc(&rig.sys.net.pool);
	pkt_put(chain, 1);
	assert_int_equal(receive(), -1);
}

static void test_interrupts(void **state)
{
	UINT32 interrupts;

	(void)state;
	up();
	arrive(ours, 1, 60);
	assert_int_equal(snp->GetStatus(snp, &interrupts, NULL), EFI_SUCCESS);
	assert_int_equal(interrupts, EFI_SIMPLE_NETWORK_RECEIVE_INTERRUPT);
	assert_int_equal(snp->GetStatus(snp, &interrupts, NULL), EFI_SUCCESS);
	assert_int_equal(interrupts, 0);
}

static void test_wait_for_packet(void **state)
{
	EFI_EVENT_NOTIFY notify = (EFI_EVENT_NOTIFY)(uintptr_t)rig.nic->snp.proto.WaitForPacket;

	(void)state;
	notify(NULL, rig.nic);
	up();
	notify(NULL, rig.nic);
	assert_int_equal(rig.signals, 0);
	arrive(ours, 1, 60);
	firmware.inside = true; /* it interrupts us: it can only look at what has come */
	notify(NULL, rig.nic);
	firmware.inside = false;
	assert_int_equal(rig.signals, 0);
	notify(NULL, rig.nic);
	assert_int_equal(rig.signals, 1);
}

/* Without being asked for its buffers it takes so many. Short frames are filled up with zeros. */
static void test_transmit(void **state)
{
	uint8_t frame[NIC_TX_MAX + 1][60];
	unsigned before;
	void *sent;

	(void)state;
	up();
	before = card.sent; /* we have said who we are */
	memset(frame, 0x77, sizeof(frame));
	for (unsigned i = 0; i < NIC_TX_MAX; i++)
		assert_int_equal(
			snp->Transmit(snp, 0, 20, frame[i], NULL, NULL, NULL), EFI_SUCCESS);
	assert_int_equal(
		snp->Transmit(snp, 0, 20, frame[NIC_TX_MAX], NULL, NULL, NULL), EFI_NOT_READY);
	assert_int_equal(card.sent - before, NIC_TX_MAX);
	assert_int_equal(card.len, 60);
	assert_int_equal(card.frame[19], 0x77);
	assert_int_equal(card.frame[20] | card.frame[59], 0);
	for (unsigned i = 0; i < NIC_TX_MAX; i++) {
		assert_int_equal(snp->GetStatus(snp, NULL, &sent), EFI_SUCCESS);
		assert_ptr_equal(sent, frame[i]);
	}
	assert_int_equal(snp->GetStatus(snp, NULL, &sent), EFI_SUCCESS);
	assert_null(sent);
}

static void test_header(void **state)
{
	EFI_MAC_ADDRESS src = {{6, 5, 4, 3, 2, 1}}, dst = {{9, 8, 7, 6, 5, 4}};
	static const uint8_t header[] = {9, 8, 7, 6, 5, 4, 6, 5, 4, 3, 2, 1, 0x88, 0x8e};
	uint8_t frame[64] = {0};
	UINT16 protocol = 0x888e;

	(void)state;
	up();
	assert_int_equal(snp->Transmit(snp, 14, 64, frame, &src, &dst, &protocol), EFI_SUCCESS);
	assert_memory_equal(card.frame, header, 14);
	assert_int_equal(card.len, 64);
}

/* No packets: the caller is to come again. */
static void test_no_buffers(void **state)
{
	struct pkt *all_of_them = NULL, *p;
	uint8_t frame[60] = {0};

	(void)state;
	up();
	while ((p = pkt_alloc(&rig.sys.net.pool))) {
		p->next = all_of_them;
		all_of_them = p;
	}
	assert_int_equal(snp->Transmit(snp, 0, 60, frame, NULL, NULL, NULL), EFI_NOT_READY);
	while ((p = all_of_them)) {
		all_of_them = p->next;
		pkt_free(&rig.sys.net.pool, p);
	}
	assert_int_equal(snp->Transmit(snp, 0, 60, frame, NULL, NULL, NULL), EFI_SUCCESS);
}

/* Opened anew without what it does for us alone, and again with it. */
static void test_offload(void **state)
{
	(void)state;
	rig.dev->offload = true;
	up();
	assert_int_equal(card.opens, 2);
	assert_int_equal(snp->Shutdown(snp), EFI_SUCCESS);
	assert_int_equal(card.opens, 3);
	assert_true(rig.dev->is_open);
}

/* Between Initialize and Shutdown frames are the payload's, but while we need them. */
static void test_whose_frames(void **state)
{
	(void)state;
	up();
	assert_true(nic_borrow(rig.dev));
	assert_false(nic_borrow(rig.dev));
	nic_return(rig.dev, false);
	arrive(ours, 1, 60);
	assert_int_equal(receive(), -1);
	nic_return(rig.dev, true);
	assert_true(taken(ours));
	assert_int_equal(snp->Shutdown(snp), EFI_SUCCESS);
	assert_false(nic_borrow(rig.dev));
	assert_false(nic_borrow(NULL));
}

/* While we are at work; the last call of all is the next test's. */
static void test_busy(void **state)
{
	(void)state;
	up();
	firmware.inside = true;
	assert_int_equal(snp->GetStatus(snp, NULL, NULL), EFI_NOT_READY);
	firmware.inside = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_filters, setup, teardown),
		cmocka_unit_test_setup_teardown(test_queue, setup, teardown),
		cmocka_unit_test_setup_teardown(test_odd_frames, setup, teardown),
		cmocka_unit_test_setup_teardown(test_interrupts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wait_for_packet, setup, teardown),
		cmocka_unit_test_setup_teardown(test_transmit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_header, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_buffers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_offload, setup, teardown),
		cmocka_unit_test_setup_teardown(test_whose_frames, setup, teardown),
		cmocka_unit_test_setup_teardown(test_busy, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
