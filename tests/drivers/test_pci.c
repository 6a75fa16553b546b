/* SPDX-License-Identifier: BSD-2-Clause */
/* The bus scan, capabilities and BARs, also of devices that make no sense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "tests/drivers/rig.h"

static struct rig rig;
static struct rig_fn fns[RIG_FUNCTIONS_MAX];

/* A driver that notes what it was offered, and refuses what it is told to. */
static unsigned probed[64], nprobed, refuse;

static int note_probe(struct net *net, struct bus_dev *bus)
{
	(void)net;
	assert_true(nprobed < 64);
	probed[nprobed++] = bus->busdevfn;
	return bus->busdevfn == refuse ? -ERR_NETDEV_OPEN : 0;
}

static const struct pci_id ids[] = {{0x1234, 0x0001}, {0x1234, 0x0002}};
static const struct driver note = {.name = "note", .ids = ids, .nids = 2, .probe = note_probe};
static const struct driver other = {
	.name = "other", .ids = &ids[1], .nids = 1, .probe = note_probe};

static void setup(void)
{
	rig_init(&rig);
	memset(fns, 0, sizeof(fns));
	nprobed = 0;
	refuse = ~0u;
}

static struct rig_fn *add(
	unsigned bus, unsigned slot, unsigned fn, uint16_t vendor, uint16_t device)
{
	struct rig_fn *f = &fns[rig.nfn];
	rig_ids(f, vendor, device, 0x77);
	rig_plug(&rig, f, (uint16_t)(bus << 8 | slot << 3 | fn));
	return f;
}

static void bridge(unsigned bus, unsigned slot, unsigned secondary, unsigned subordinate)
{
	struct rig_fn *f = add(bus, slot, 0, 0x8086, 0x0bad);
	f->cfg[0x0e] = 1;
	f->cfg[0x19] = (uint8_t)secondary;
	f->cfg[0x1a] = (uint8_t)subordinate;
}

static int scan(unsigned last_bus, unsigned max)
{
	static const struct driver *const drivers[] = {&note, &other, NULL};
	return pci_scan(&rig.net, drivers, &rig_ops, &rig, last_bus, rig.devs, max);
}

static void test_finds_devices_in_order(void **state)
{
	(void)state;
	setup();
	add(0, 31, 0, 0x1234, 1);
	add(0, 2, 0, 0x1234, 2);
	add(0, 0, 0, 0x1234, 3); /* nobody's */
	assert_int_equal(scan(0, 8), 2);
	assert_int_equal(nprobed, 2);
	assert_int_equal(probed[0], 2 << 3);
	assert_int_equal(probed[1], 31 << 3);
	assert_int_equal(rig.devs[0].vendor, 0x1234);
	assert_int_equal(rig.devs[0].device, 2);
	assert_int_equal(rig.devs[0].sub_vendor, 0x1234);
	assert_int_equal(rig.devs[0].sub_device, 0x77);
	assert_int_equal(rig.devs[0].revision, 3);
	assert_ptr_equal(rig.devs[0].ctx, &rig);
	rig_end(&rig);
}

static void test_an_empty_bus(void **state)
{
	(void)state;
	setup();
	assert_int_equal(scan(255, 8), 0);
	rig_end(&rig);
}

/* Functions 1 to 7 answer only when function 0 says that there are several. */
static void test_functions(void **state)
{
	(void)state;
	setup();
	struct rig_fn *first = add(0, 3, 0, 0x1234, 1);
	add(0, 3, 4, 0x1234, 1);
	add(0, 3, 7, 0x1234, 1);
	add(0, 5, 1, 0x1234, 1); /* without function 0 there is no device */
	assert_int_equal(scan(0, 8), 1);
	first->cfg[0x0e] = 0x80;
	nprobed = 0;
	assert_int_equal(scan(0, 8), 3);
	assert_int_equal(probed[1], 3 << 3 | 4);
	assert_int_equal(probed[2], 3 << 3 | 7);
	rig_end(&rig);
}

static void test_follows_bridges(void **state)
{
	(void)state;
	setup();
	bridge(0, 1, 1, 3);
	bridge(1, 0, 2, 3);
	add(3, 9, 0, 0x1234, 1);
	add(4, 0, 0, 0x1234, 1); /* behind nothing, and beyond what the firmware says */
	assert_int_equal(scan(0, 8), 1);
	assert_int_equal(probed[0], 3 << 8 | 9 << 3);
	nprobed = 0;
	assert_int_equal(scan(4, 8), 2); /* a second root bus */
	rig_end(&rig);
}

static void test_bridges_that_point_anywhere(void **state)
{
	(void)state;
	setup();
	bridge(0, 1, 0, 0);
	bridge(0, 2, 0xff, 0xff);
	bridge(255, 0, 0, 255);
	add(255, 31, 0, 0x1234, 1);
	assert_int_equal(scan(0, 8), 1);
	assert_int_equal(nprobed, 1);
	nprobed = 0;
	assert_int_equal(scan(100000, 8), 1);
	rig_end(&rig);
}

static void test_no_more_than_there_is_room_for(void **state)
{
	(void)state;
	setup();
	for (unsigned i = 0; i < 6; i++)
		add(0, i, 0, 0x1234, 1);
	assert_int_equal(scan(0, 4), 4);
	assert_int_equal(nprobed, 4);
	rig_end(&rig);
}

static void test_a_failed_probe_is_passed_over(void **state)
{
	(void)state;
	setup();
	for (unsigned i = 0; i < 4; i++)
		add(0, i, 0, 0x1234, 1);
	refuse = 1 << 3;
	assert_int_equal(scan(0, 3), 3);
	assert_int_equal(nprobed, 4);
	assert_int_equal(rig.devs[1].busdevfn, 2 << 3);
	rig_end(&rig);
}

static void test_ids_nobody_has(void **state)
{
	(void)state;
	setup();
	add(0, 0, 0, 0x0000, 1);
	add(0, 1, 0, 0x0001, 0xffff); /* a device that is not ready yet (PCIe 2.3.2) */
	add(0, 2, 0, 0x1234, 1);
	fns[2].cfg[0x0e] = 2; /* a CardBus bridge with our ID */
	assert_int_equal(scan(0, 8), 0);
	assert_int_equal(nprobed, 0);
	rig_end(&rig);
}

/* ---- capabilities ---- */

static struct bus_dev dev_of(struct rig_fn *fn)
{
	return (struct bus_dev){.ops = &rig_ops, .ctx = &rig, .busdevfn = fn->busdevfn};
}

static void cap(struct rig_fn *fn, unsigned at, unsigned id, unsigned next)
{
	fn->cfg[6] |= 0x10;
	fn->cfg[at] = (uint8_t)id;
	fn->cfg[at + 1] = (uint8_t)next;
}

static void test_capabilities(void **state)
{
	(void)state;
	setup();
	struct rig_fn *fn = add(0, 0, 0, 0x1234, 1);
	struct bus_dev b = dev_of(fn);
	fn->cfg[0x34] = 0x40;
	assert_int_equal(pci_cap(&b, 9, 0), 0); /* status says that there is no list */
	cap(fn, 0x40, 5, 0x83);			/* the low bits are reserved */
	cap(fn, 0x80, 9, 0xfc);
	cap(fn, 0xfc, 9, 0);
	assert_int_equal(pci_cap(&b, 5, 0), 0x40);
	assert_int_equal(pci_cap(&b, 9, 0), 0x80);
	assert_int_equal(pci_cap(&b, 9, 0x80), 0xfc);
	assert_int_equal(pci_cap(&b, 9, 0xfc), 0);
	assert_int_equal(pci_cap(&b, 0x11, 0), 0);
	rig_end(&rig);
}

static void test_capability_lists_without_end(void **state)
{
	(void)state;
	setup();
	struct rig_fn *fn = add(0, 0, 0, 0x1234, 1);
	struct bus_dev b = dev_of(fn);
	fn->cfg[0x34] = 0x40;
	cap(fn, 0x40, 5, 0x40); /* itself */
	assert_int_equal(pci_cap(&b, 9, 0), 0);
	cap(fn, 0x40, 5, 0x80);
	cap(fn, 0x80, 5, 0x40); /* each other */
	assert_int_equal(pci_cap(&b, 9, 0), 0);
	cap(fn, 0x80, 5, 0x10); /* into the header */
	assert_int_equal(pci_cap(&b, 0, 0), 0);
	fn->gone = true;
	assert_int_equal(pci_cap(&b, 0xff, 0), 0);
	assert_int_equal(pci_cap(&b, 9, 0), 0);
	rig_end(&rig);
}

/* ---- BARs ---- */

static void test_bars(void **state)
{
	(void)state;
	setup();
	struct rig_fn *fn = add(0, 0, 0, 0x1234, 1);
	struct bus_dev b = dev_of(fn);
	struct pci_bar bar;
	rig_bar(fn, 0, 0xc020, 0x20, 1);
	rig_bar(fn, 1, 0xfe000000, 0x1000, 0);
	rig_bar(fn, 2, 0x4000000000, 0x200000000, 12); /* 8 GiB */
	rig_bar(fn, 4, 0xfd000000, 0x4000, 12);
	fn->cfg[4] = RIG_IO | RIG_MEMORY;
	uint8_t before[256];
	memcpy(before, fn->cfg, 256);

	assert_int_equal(pci_bar(&b, 0, &bar), 0);
	assert_true(bar.io && bar.addr == 0xc020 && bar.size == 0x20);
	assert_int_equal(pci_bar(&b, 1, &bar), 0);
	assert_true(!bar.io && !bar.is64 && bar.addr == 0xfe000000 && bar.size == 0x1000);
	assert_int_equal(pci_bar(&b, 2, &bar), 0);
	assert_true(bar.is64 && bar.addr == 0x4000000000 && bar.size == 0x200000000);
	assert_int_equal(pci_bar(&b, 4, &bar), 0);
	assert_true(bar.is64 && bar.addr == 0xfd000000 && bar.size == 0x4000);
	assert_memory_equal(fn->cfg, before, 256);
	rig_end(&rig);
}

static void test_bars_that_cannot_be_used(void **state)
{
	(void)state;
	setup();
	struct rig_fn *fn = add(0, 0, 0, 0x1234, 1);
	struct bus_dev b = dev_of(fn);
	struct pci_bar bar;
	assert_int_not_equal(pci_bar(&b, 0, &bar), 0); /* none */
	assert_int_not_equal(pci_bar(&b, 6, &bar), 0);
	assert_int_not_equal(pci_bar(&b, ~0u, &bar), 0);
	rig_bar(fn, 0, 0, 0x1000, 0); /* no address assigned */
	assert_int_not_equal(pci_bar(&b, 0, &bar), 0);
	rig_bar(fn, 1, 0xfe000800, 0x1000, 0); /* an address it cannot have */
	assert_int_not_equal(pci_bar(&b, 1, &bar), 0);
	rig_put(fn->cfg + 0x24, 4, 0xfe000004); /* 64 bits in the last */
	fn->bar_size[5] = 0x1000;
	assert_int_not_equal(pci_bar(&b, 5, &bar), 0);
	fn->gone = true;
	for (unsigned n = 0; n < 6; n++)
		assert_int_not_equal(pci_bar(&b, n, &bar), 0);
	rig_end(&rig);
}

/* Some port BARs answer zeros in their upper half. */
static uint32_t half_read(struct bus_dev *b, unsigned off, unsigned width)
{
	uint32_t v = rig_cfg_read(b, off, width);
	return off == 0x10 ? v & 0xffff : v;
}

static void test_port_bars_of_16_bits(void **state)
{
	(void)state;
	setup();
	struct rig_fn *fn = add(0, 0, 0, 0x1234, 1);
	struct bus_ops ops = rig_ops;
	ops.cfg_read = half_read;
	struct bus_dev b = dev_of(fn);
	b.ops = &ops;
	struct pci_bar bar;
	rig_bar(fn, 0, 0xc000, 0x40, 1);
	assert_int_equal(pci_bar(&b, 0, &bar), 0);
	assert_true(bar.io && bar.addr == 0xc000 && bar.size == 0x40);
	rig_end(&rig);
}

static void test_map(void **state)
{
	(void)state;
	setup();
	struct rig_fn *fn = add(0, 0, 0, 0x1234, 1);
	struct bus_dev b = dev_of(fn);
	struct bus_win win;
	rig_bar(fn, 0, 0xffe0, 0x20, 1);
	rig_bar(fn, 1, 0xfe000000, 0x1000, 0);
	rig_bar(fn, 2, 0x10000, 0x20, 1); /* no such ports */
	rig_bar(fn, 4, 0xffffffffffffc000, 0x4000, 4);
	assert_int_equal(pci_map(&b, 0, &win), 0);
	assert_true(win.io && win.addr == 0xffe0 && win.size == 0x20 && win.bus == &b);
	assert_int_equal(pci_map(&b, 1, &win), 0);
	assert_true(!win.io && win.addr == 0xfe000000 && win.size == 0x1000);
	assert_int_not_equal(pci_map(&b, 2, &win), 0);
	/* The last bytes of the address space: reached by 64 bits, not by 32. */
	assert_int_equal(pci_map(&b, 4, &win) == 0, UINTPTR_MAX > UINT32_MAX);
	rig_end(&rig);
}

static void test_enable_and_disable(void **state)
{
	(void)state;
	setup();
	struct rig_fn *fn = add(0, 0, 0, 0x1234, 1);
	struct bus_dev b = dev_of(fn);
	fn->cfg[0x34] = 0x40;
	cap(fn, 0x40, 0x05, 0x50);
	cap(fn, 0x50, 0x11, 0);
	rig_put(fn->cfg + 0x42, 2, 0x0081); /* MSI on */
	rig_put(fn->cfg + 0x52, 2, 0xc007); /* MSI-X on, masked */
	rig_put(fn->cfg + 4, 2, 0x0140);    /* parity and system errors: not ours to change */
	pci_enable(&b);
	assert_int_equal(rig_get(fn->cfg + 4, 2), 0x0547);
	assert_int_equal(rig_get(fn->cfg + 0x42, 2), 0x0080);
	assert_int_equal(rig_get(fn->cfg + 0x52, 2), 0x4007);
	pci_disable(&b);
	assert_int_equal(rig_get(fn->cfg + 4, 2), 0x0543);
	rig_end(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_devices_in_order),
		cmocka_unit_test(test_an_empty_bus),
		cmocka_unit_test(test_functions),
		cmocka_unit_test(test_follows_bridges),
		cmocka_unit_test(test_bridges_that_point_anywhere),
		cmocka_unit_test(test_no_more_than_there_is_room_for),
		cmocka_unit_test(test_a_failed_probe_is_passed_over),
		cmocka_unit_test(test_ids_nobody_has),
		cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_capability_lists_without_end),
		cmocka_unit_test(test_bars),
		cmocka_unit_test(test_bars_that_cannot_be_used),
		cmocka_unit_test(test_port_bars_of_16_bits),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_enable_and_disable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
