/* SPDX-License-Identifier: BSD-2-Clause */
/* arch/x86/pxe/pxe_undi.c: states, frames in and out, what it says of itself. */
#include "tests/arch/x86/pxe/rig.h"

struct open {
	uint16_t status, flag, filter, n;
	uint8_t mcast[128];
};
struct transmit {
	uint16_t status;
	uint8_t protocol, flag;
	uint16_t dst_off, dst_seg, tbd_off, tbd_seg;
	uint8_t reserved[8];
};
struct isr {
	uint16_t status, func, buffer_len, frame_len, header_len, off, seg;
	uint8_t protocol, type;
};

static const uint8_t other[6] = {2, 0, 0, 0, 0, 9};

static void undi_open(uint16_t filter)
{
	struct open o = {.filter = filter};

	assert_int_equal(call(0x06, &o, sizeof(o)), PXENV_STATUS_SUCCESS);
}

static struct isr undi_isr(uint16_t func)
{
	struct isr i = {.func = func};

	assert_int_equal(call(0x14, &i, sizeof(i)), PXENV_STATUS_SUCCESS);
	return i;
}

/* A frame of n bytes for dst is there in the next turn. */
static void arrive(const uint8_t *dst, uint16_t type, size_t n)
{
	uint8_t *at = card_arrive(n);

	memset(at, 0x3c, n);
	memcpy(at, dst, 6);
	memcpy(at + 6, other, 6);
	at[12] = (uint8_t)(type >> 8);
	at[13] = (uint8_t)type;
}

static bool taken(const uint8_t *dst)
{
	arrive(dst, 0x0800, 60);
	return undi_isr(2).func == 3;
}

static void test_receive(void **state)
{
	struct isr i;

	(void)state;
	rig_start(NULL);
	undi_open(3);
	assert_int_equal(undi_isr(1).func, 1); /* not ours */
	arrive(rig.dev->mac.b, 0x0806, 1514);
	assert_int_equal(undi_isr(1).func, 0);
	i = undi_isr(2);
	assert_int_equal(i.func, 3);
	assert_int_equal(i.buffer_len, 1514);
	assert_int_equal(i.frame_len, 1514);
	assert_int_equal(i.header_len, 14);
	assert_int_equal(i.protocol, 2);
	assert_int_equal(i.type, 0);
	assert_memory_equal(rig.memory + i.seg * 16 + i.off, rig.dev->mac.b, 6);
	assert_int_equal(rig.memory[i.seg * 16 + i.off + 1513], 0x3c);
	assert_int_equal(undi_isr(3).func, 0);
}

static void test_filter(void **state)
{
	static const uint8_t group[6] = {1, 0, 0x5e, 1, 2, 3};

	(void)state;
	rig_start(NULL);
	undi_open(1);
	assert_true(taken(rig.dev->mac.b));
	assert_false(taken(mac_broadcast.b));
	assert_false(taken(other));
	assert_true(taken(group));
	undi_open(2);
	assert_false(taken(rig.dev->mac.b));
	assert_true(taken(mac_broadcast.b));
	undi_open(4);
	assert_true(taken(rig.dev->mac.b));
	assert_true(taken(mac_broadcast.b));
	assert_true(taken(other));
}

/* More than it takes and what does not fit is dropped; closed, all goes back. */
static void test_flood(void **state)
{
	unsigned n = 0;

	(void)state;
	rig_start(NULL);
	undi_open(3);
	for (unsigned i = 0; i < 100; i++)
		arrive(rig.dev->mac.b, 0x0800, 60);
	arrive(rig.dev->mac.b, 0x0800, 1600);
	while (undi_isr(3).func == 3)
		n++;
	assert_int_equal(n, 64);
	arrive(rig.dev->mac.b, 0x0800, 13);
	assert_int_equal(undi_isr(1).func, 1);
	arrive(rig.dev->mac.b, 0x0800, 60);
	undi_isr(1);
	assert_int_equal(plain(0x07), PXENV_STATUS_SUCCESS);
	assert_null(rig.dev->raw);
}

static void put_tbd(uint16_t immediate, uint16_t blocks)
{
	uint8_t *t = rig.memory + BUFFER * 16;

	memset(t, 0, 72);
	t[0] = (uint8_t)immediate;
	t[1] = (uint8_t)(immediate >> 8);
	t[2] = 0x00; /* BUFFER:0100 */
	t[3] = 0x01;
	t[5] = BUFFER >> 8;
	t[6] = (uint8_t)blocks;
	for (unsigned i = 0; i < 8; i++) {
		uint8_t *b = t + 8 + 8 * i;

		b[0] = i & 1; /* a physical address, a far pointer */
		b[2] = 10;
		if (b[0])
			b[5] = 2, b[7] = BUFFER >> 8; /* BUFFER:0200 */
		else
			b[4] = 0, b[5] = 3, b[6] = 2; /* 20300h */
	}
	memset(rig.memory + BUFFER * 16 + 0x100, 'i', 0x100);
	memset(rig.memory + BUFFER * 16 + 0x200, 'f', 0x100);
	memset(rig.memory + BUFFER * 16 + 0x300, 'p', 0x100);
}

static void test_transmit(void **state)
{
	struct transmit t = {.protocol = 1, .dst_off = 0x80, .dst_seg = BUFFER, .tbd_seg = BUFFER};
	struct isr i;

	(void)state;
	rig_start(NULL);
	undi_open(3);
	put_tbd(30, 2);
	memcpy(rig.memory + BUFFER * 16 + 0x80, other, 6);
	assert_int_equal(call(0x08, &t, sizeof(t)), PXENV_STATUS_SUCCESS);
	assert_int_equal(card.sent, 1);
	assert_int_equal(card.len, 14 + 50);
	assert_memory_equal(card.frame, other, 6);
	assert_memory_equal(card.frame + 6, rig.dev->mac.b, 6);
	assert_memory_equal(card.frame + 12, "\x08\x00", 2);
	assert_int_equal(card.frame[14], 'i');
	assert_int_equal(card.frame[44], 'p');
	assert_int_equal(card.frame[54], 'f');
	i = undi_isr(1);
	assert_int_equal(i.func, 0);
	assert_int_equal(undi_isr(2).func, 2); /* it was sent */
	assert_int_equal(undi_isr(3).func, 0);
	t.protocol = 2;
	t.flag = 1;
	put_tbd(4, 0);
	assert_int_equal(call(0x08, &t, sizeof(t)), PXENV_STATUS_SUCCESS);
	assert_int_equal(card.len, 60);
	assert_memory_equal(card.frame, mac_broadcast.b, 6);
	assert_memory_equal(card.frame + 12, "\x08\x06iiii\0\0", 8);
	/* An empty block lies nowhere. */
	put_tbd(0, 1);
	rig.memory[BUFFER * 16 + 4] = NO_SEG & 0xff;
	rig.memory[BUFFER * 16 + 5] = NO_SEG >> 8;
	assert_int_equal(call(0x08, &t, sizeof(t)), PXENV_STATUS_SUCCESS);
	assert_memory_equal(card.frame + 14, "pppp", 4);
	t.protocol = 0;
	put_tbd(100, 0);
	assert_int_equal(call(0x08, &t, sizeof(t)), PXENV_STATUS_SUCCESS);
	assert_int_equal(card.len, 100);
	assert_int_equal(card.frame[0], 'i');
}

static void test_transmit_bad(void **state)
{
	static const struct {
		uint8_t protocol;
		uint16_t immediate, blocks, dst_seg, tbd_seg;
	} bad[] = {
		{4, 50, 0, BUFFER, BUFFER},
		{1, 50, 9, BUFFER, BUFFER},
		{1, 1600, 0, BUFFER, BUFFER},
		{1, 1495, 1, BUFFER, BUFFER},
		{1, 50, 0, NO_SEG, BUFFER},
		{1, 50, 0, BUFFER, NO_SEG},
		{0, 13, 0, BUFFER, BUFFER},
	};
	struct transmit t = {0};

	(void)state;
	rig_start(NULL);
	undi_open(3);
	for (unsigned i = 0; i < ROWS(bad); i++) {
		put_tbd(bad[i].immediate, bad[i].blocks);
		t.protocol = bad[i].protocol;
		t.dst_seg = bad[i].dst_seg;
		t.tbd_seg = bad[i].tbd_seg;
		assert_int_equal(call(0x08, &t, sizeof(t)), PXENV_STATUS_UNDI_INVALID_PARAMETER);
	}
	put_tbd(50, 1);
	rig.memory[BUFFER * 16 + 8 + 7] = 0x80; /* above 1 MiB */
	t = (struct transmit){.protocol = 1, .flag = 1, .tbd_seg = BUFFER};
	assert_int_equal(call(0x08, &t, sizeof(t)), PXENV_STATUS_UNDI_INVALID_PARAMETER);
	assert_int_equal(card.sent, 0);
}

static void test_states(void **state)
{
	struct isr i = {.func = 1};
	struct transmit t = {.flag = 1, .tbd_seg = BUFFER};

	(void)state;
	rig_start(NULL);
	assert_int_equal(call(0x14, &i, sizeof(i)), PXENV_STATUS_UNDI_INVALID_STATE);
	undi_open(3);
	i.func = 4;
	assert_int_equal(call(0x14, &i, sizeof(i)), PXENV_STATUS_UNDI_INVALID_PARAMETER);
	assert_int_equal(plain(0x05), PXENV_STATUS_SUCCESS); /* SHUTDOWN */
	assert_false(rig.dev->is_open);
	put_tbd(50, 0);
	assert_int_equal(call(0x08, &t, sizeof(t)), PXENV_STATUS_UNDI_INVALID_STATE);
	assert_int_equal(plain(0x03), PXENV_STATUS_SUCCESS); /* INITIALIZE */
	assert_true(rig.dev->is_open);
	assert_int_equal(plain(0x02), PXENV_STATUS_SUCCESS); /* CLEANUP */
	assert_int_equal(plain(0x03), PXENV_STATUS_UNDI_INVALID_STATE);
	assert_int_equal(plain(0x06), PXENV_STATUS_UNDI_INVALID_STATE);
	assert_null(rig.dev->raw);
	assert_int_equal(plain(0x01), PXENV_STATUS_SUCCESS); /* STARTUP */
	assert_int_equal(plain(0x04), PXENV_STATUS_SUCCESS); /* RESET_NIC */
	undi_open(3);
}

/* A device that leaves work to us gets none that is the program's. */
static void test_offload(void **state)
{
	(void)state;
	rig.dev->offload = true;
	rig_start(NULL);
	undi_open(3);
	assert_int_equal(card.closes, 1);
	assert_int_equal(card.opens, 2);
	undi_open(3);
	assert_int_equal(card.opens, 2);
}

static void test_what_it_is(void **state)
{
	uint8_t p[64] = {0};

	(void)state;
	rig_start(NULL);
	assert_int_equal(call(0x0c, p, 50), PXENV_STATUS_SUCCESS); /* GET_INFORMATION */
	assert_memory_equal(p + 2, "\0\0\0\0\xdc\x05\x01\0\x06\0", 10);
	assert_memory_equal(p + 12, rig.dev->mac.b, 6);
	assert_memory_equal(p + 28, rig.dev->mac.b, 6);
	assert_int_equal(call(0x12, p, 17), PXENV_STATUS_SUCCESS); /* GET_NIC_TYPE */
	assert_memory_equal(p + 2, "\x02\xf4\x1a\x00\x10\x02\0\0\0\x18\0\xff\xff\xff\xff", 15);
	assert_int_equal(call(0x13, p, 42), PXENV_STATUS_SUCCESS); /* GET_IFACE_INFO */
	assert_string_equal((char *)p + 2, "DIX+802.3");
	assert_false(p[23] & 0x10); /* no interrupt */
	memcpy(p + 2, "\xef\x81\x02\x03", 4);
	assert_int_equal(call(0x11, p, 22), PXENV_STATUS_SUCCESS); /* GET_MCAST_ADDR */
	assert_memory_equal(p + 6, "\x01\0\x5e\x01\x02\x03\0\0", 8);
}

static void test_statistics(void **state)
{
	uint8_t p[18] = {0};

	(void)state;
	rig_start(NULL);
	undi_open(3);
	arrive(rig.dev->mac.b, 0x0800, 60);
	undi_isr(1);
	assert_int_equal(call(0x0d, p, sizeof(p)), PXENV_STATUS_SUCCESS);
	assert_memory_equal(p + 6, "\x01\0\0\0", 4);
	assert_int_equal(plain(0x0e), PXENV_STATUS_SUCCESS);
	assert_int_equal(call(0x0d, p, sizeof(p)), PXENV_STATUS_SUCCESS);
	assert_memory_equal(p + 6, "\0\0\0\0", 4);
}

static void test_refused(void **state)
{
	uint8_t p[132] = {0};

	(void)state;
	rig_start(NULL);
	memcpy(p + 2, rig.dev->mac.b, 6);
	assert_int_equal(call(0x0a, p, 18), PXENV_STATUS_SUCCESS); /* SET_STATION_ADDRESS */
	memcpy(p + 2, other, 6);
	assert_int_equal(call(0x0a, p, 18), PXENV_STATUS_UNSUPPORTED);
	memset(p, 0, sizeof(p));
	assert_int_equal(call(0x09, p, 132), PXENV_STATUS_SUCCESS); /* SET_MCAST_ADDR */
	p[2] = 1;
	assert_int_equal(call(0x09, p, 132), PXENV_STATUS_UNSUPPORTED);
	assert_int_equal(plain(0x0f), PXENV_STATUS_UNSUPPORTED);
	assert_int_equal(plain(0x10), PXENV_STATUS_UNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_receive, setup, teardown),
		cmocka_unit_test_setup_teardown(test_filter, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flood, setup, teardown),
		cmocka_unit_test_setup_teardown(test_transmit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_transmit_bad, setup, teardown),
		cmocka_unit_test_setup_teardown(test_states, setup, teardown),
		cmocka_unit_test_setup_teardown(test_offload, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_it_is, setup, teardown),
		cmocka_unit_test_setup_teardown(test_statistics, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
