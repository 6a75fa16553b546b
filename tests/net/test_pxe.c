/* SPDX-License-Identifier: BSD-2-Clause */
/* Option 43 of PXE servers: menus, whom to ask, whom to believe, and lists that lie: net/pxe.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "net/dhcp.h"

#define IP(d) (0x0a000000u + (d))

static struct dhcp_msg msg;

/* A message whose option 43 is these bytes. */
static void vendor(const void *v, size_t n)
{
	memset(&msg, 0, sizeof(msg));
	msg.options[0] = DHCP_VENDOR;
	msg.options[1] = (uint8_t)(n >> 8);
	msg.options[2] = (uint8_t)n;
	memcpy(msg.options + 3, v, n);
	msg.noptions = (uint16_t)(3 + n);
}
#define VENDOR(s) vendor(s, sizeof(s) - 1)

static struct dhcp_msg answer(uint32_t from, uint32_t server_id)
{
	return (struct dhcp_msg){.from = ip4_of(from), .server_id = ip4_of(server_id)};
}

static bool accepts(unsigned type, uint32_t from)
{
	struct dhcp_msg a = answer(from, from);

	return pxe_accepts(&msg, type, &a);
}

static void test_menu(void **state)
{
	struct pxe_entry e;

	(void)state;
	VENDOR("\x0a\4\5F8!\x09\x15\x80\0\7Install\0\0\5Local\0\7\0\377");
	assert_true(pxe_entry(&msg, 0, &e));
	assert_int_equal(e.type, 0x8000);
	assert_int_equal(e.len, 7);
	assert_memory_equal(e.text, "Install", 7);
	assert_true(pxe_entry(&msg, 1, &e));
	assert_int_equal(e.type, 0);
	assert_memory_equal(e.text, "Local", 5);
	assert_true(pxe_entry(&msg, 2, &e));
	assert_int_equal(e.type, 7);
	assert_int_equal(e.len, 0);
	assert_false(pxe_entry(&msg, 3, &e));
	assert_false(pxe_entry(&msg, UINT32_MAX, &e));
}

static void test_no_menu(void **state)
{
	struct dhcp_msg none = {0};
	struct pxe_entry e;

	(void)state;
	assert_false(pxe_entry(&none, 0, &e));
	assert_int_equal(pxe_control(&none), 0);
	VENDOR("");
	assert_false(pxe_entry(&msg, 0, &e));
	VENDOR("\x09\0\377");
	assert_false(pxe_entry(&msg, 0, &e));
	VENDOR("\6\0\377");
	assert_int_equal(pxe_control(&msg), 0);
	VENDOR("\6\1\13\377");
	assert_int_equal(pxe_control(&msg), 11);
}

/* What is whole counts, what is cut does not. */
static void test_menu_is_cut(void **state)
{
	static const char whole[] = "\x09\x09\0\1\1A\0\2\2BC";
	struct pxe_entry e;

	(void)state;
	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		char v[32];

		memcpy(v, whole, sizeof(whole));
		v[1] = (char)(n < 2 ? 0 : n - 2);
		vendor(v, n);
		assert_int_equal(pxe_entry(&msg, 0, &e), n >= 6);
		assert_false(pxe_entry(&msg, 1, &e));
	}
	/* An entry that says to be longer than the option. */
	VENDOR("\x09\5\0\1\377AB\377");
	assert_false(pxe_entry(&msg, 0, &e));
	/* The option that says so. */
	VENDOR("\x09\377\0\1\1A");
	assert_false(pxe_entry(&msg, 0, &e));
}

static void test_default_ways(void **state)
{
	uint32_t to[PXE_TARGETS_MAX];

	(void)state;
	/* Nothing said: broadcast. */
	VENDOR("\377");
	assert_int_equal(pxe_targets(&msg, 5, 1, to), 1);
	assert_int_equal(to[0], UINT32_MAX);
	assert_true(accepts(5, IP(9)));
	/* A group, and a server. */
	VENDOR("\7\4\xe0\0\1\2\10\7\0\5\1\12\0\0\4\377");
	assert_int_equal(pxe_targets(&msg, 5, 1, to), 3);
	assert_int_equal(to[0], 0xe0000102);
	assert_int_equal(to[1], UINT32_MAX);
	assert_int_equal(to[2], IP(4));
	assert_true(accepts(5, IP(9)));
	/* Of another type: that server is not asked. */
	assert_int_equal(pxe_targets(&msg, 6, 1, to), 2);
	/* "Group" of one machine, or cut. */
	VENDOR("\7\4\12\0\1\2\377");
	assert_int_equal(pxe_targets(&msg, 5, 1, to), 1);
	VENDOR("\7\3\xe0\0\1\377");
	assert_int_equal(pxe_targets(&msg, 5, 1, to), 1);
}

static void test_control_bits(void **state)
{
	uint32_t to[PXE_TARGETS_MAX];

	(void)state;
	VENDOR("\6\1\1\7\4\xe0\0\1\2\10\7\0\5\1\12\0\0\4\377");
	assert_int_equal(pxe_targets(&msg, 5, 1, to), 2);
	assert_int_equal(to[0], 0xe0000102);
	assert_int_equal(to[1], IP(4));
	assert_true(accepts(5, IP(9)));
	VENDOR("\6\1\2\7\4\xe0\0\1\2\10\7\0\5\1\12\0\0\4\377");
	assert_int_equal(pxe_targets(&msg, 5, 1, to), 2);
	assert_int_equal(to[0], UINT32_MAX);
	assert_true(accepts(5, IP(9)));
	/* Unicast alone: only who was asked may answer. */
	VENDOR("\6\1\3\7\4\xe0\0\1\2\10\7\0\5\1\12\0\0\4\377");
	assert_int_equal(pxe_targets(&msg, 5, 1, to), 1);
	assert_int_equal(to[0], IP(4));
	assert_true(accepts(5, IP(4)));
	assert_false(accepts(5, IP(9)));
	assert_false(accepts(6, IP(4)));
	assert_int_equal(pxe_targets(&msg, 6, 1, to), 0);
	/* Broadcast, but only the list is believed. */
	VENDOR("\6\1\6\10\7\0\5\1\12\0\0\4\377");
	assert_int_equal(pxe_targets(&msg, 5, 1, to), 2);
	assert_true(accepts(5, IP(4)));
	assert_false(accepts(5, IP(9)));
	/* A type listed without addresses: anybody. */
	VENDOR("\6\1\6\10\3\0\5\0\377");
	assert_int_equal(pxe_targets(&msg, 5, 1, to), 1);
	assert_true(accepts(5, IP(9)));
	assert_false(accepts(6, IP(9)));
}

/* In each try others of the list, until all were asked. */
static void test_long_list_of_servers(void **state)
{
	uint8_t v[48] = {6, 1, 3, 8, 35, 0, 5, 8};
	uint32_t to[PXE_TARGETS_MAX], seen = 0;

	(void)state;
	for (uint8_t i = 0; i < 8; i++)
		memcpy(v + 8 + i * 4, (uint8_t[]){10, 0, 0, i}, 4);
	vendor(v, 40);
	for (unsigned try = 1; try <= 4; try++) {
		assert_int_equal(pxe_targets(&msg, 5, try, to), PXE_TARGETS_MAX);
		for (unsigned i = 0; i < PXE_TARGETS_MAX; i++) {
			assert_in_range(to[i], IP(0), IP(7));
			seen |= 1u << (to[i] & 7);
		}
	}
	assert_int_equal(seen, 255);
	for (unsigned i = 0; i < 8; i++)
		assert_true(accepts(5, IP(i)));
}

static void test_lists_of_servers_that_lie(void **state)
{
	uint32_t to[PXE_TARGETS_MAX];

	(void)state;
	/* More addresses than bytes; behind a good entry; half a head; addresses nobody has. */
	VENDOR("\6\1\3\10\7\0\5\2\12\0\0\4\377");
	assert_int_equal(pxe_targets(&msg, 5, 1, to), 0);
	assert_false(accepts(5, IP(4)));
	VENDOR("\6\1\3\10\12\0\6\1\12\0\0\4\0\5\377\377");
	assert_int_equal(pxe_targets(&msg, 5, 1, to), 0);
	assert_int_equal(pxe_targets(&msg, 6, 1, to), 1);
	VENDOR("\6\1\3\10\2\0\5\377");
	assert_int_equal(pxe_targets(&msg, 5, 1, to), 0);
	VENDOR("\6\1\3\10\17\0\5\3\377\377\377\377\0\0\0\0\xe0\0\0\1\377");
	assert_int_equal(pxe_targets(&msg, 5, 1, to), 0);
}

static void test_answers(void **state)
{
	struct dhcp_msg a;

	(void)state;
	VENDOR("\6\1\3\10\7\0\5\1\12\0\0\4\377");
	/* A server with two addresses: one of them is enough. */
	a = answer(IP(9), IP(4));
	assert_true(pxe_accepts(&msg, 5, &a));
	a = answer(IP(4), IP(9));
	assert_true(pxe_accepts(&msg, 5, &a));
	a = answer(IP(8), IP(9));
	assert_false(pxe_accepts(&msg, 5, &a));
	/* Of the type that was asked for, if it says so. */
	a = answer(IP(4), IP(4));
	memcpy(a.options, "\53\0\7\107\4\0\5\0\0\377", 10);
	a.noptions = 10;
	assert_true(pxe_accepts(&msg, 5, &a));
	a.options[6] = 6;
	assert_false(pxe_accepts(&msg, 5, &a));
	a.options[4] = 1; /* cut */
	assert_false(pxe_accepts(&msg, 5, &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_menu),
		cmocka_unit_test(test_no_menu),
		cmocka_unit_test(test_menu_is_cut),
		cmocka_unit_test(test_default_ways),
		cmocka_unit_test(test_control_bits),
		cmocka_unit_test(test_long_list_of_servers),
		cmocka_unit_test(test_lists_of_servers_that_lie),
		cmocka_unit_test(test_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
