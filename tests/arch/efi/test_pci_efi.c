/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arch/efi/pci_efi.c: a card is taken and given back with all that belongs to it, whatever fails in
 * between. Behind an EFI_PCI_IO_PROTOCOL that counts, and an IOMMU that gives memory other
 * addresses than it has. Registers need a real card: tests/qemu.
 */
#include "core/err.h"
#include "drivers/bus.h"
#include "drivers/pci.h"
#include "tests/arch/efi/firmware.h"
#include "tests/fake.h"

#define OFFSET	    0x7700000000 /* the card's address of memory, less ours */
#define NEVER	    UINT32_MAX
#define BLOCKS	    3 /* that the driver below allocates */
#define BLOCKS_MAX  8 /* pci_efi.c, DMA_MAX */
#define PCI_COMMAND 0x04
#define DAC	    EFI_PCI_IO_ATTRIBUTE_DUAL_ADDRESS_CYCLE
#define WANTED                                                                                     \
	(EFI_PCI_IO_ATTRIBUTE_IO | EFI_PCI_IO_ATTRIBUTE_MEMORY | EFI_PCI_IO_ATTRIBUTE_BUS_MASTER)

EFI_HANDLE efi_image = &efi_image;
EFI_LOADED_IMAGE *efi_loaded;

static struct {
	struct fake fake;
	struct system sys;
	EFI_LOADED_IMAGE loaded;

	EFI_PCI_IO_PROTOCOL io;
	uint8_t cfg[256];
	UINT64 attributes, supported;
	bool no_dac, in_pieces;
	unsigned calls, fails_at; /* of Map(), from 0 */
	unsigned maps, buffers;	  /* not given back */
	unsigned opened, disconnects, connects;
	UINTN handed_out; /* pages that the card has */

	unsigned blocks; /* the driver asks for so many */
	unsigned probes;
	int probe_rc;
	struct bus_dev *bus;
	uint8_t *block[BLOCKS_MAX + 1];
	uint64_t block_bus[BLOCKS_MAX + 1];
} t;

/* -- what pci_efi.c calls and is not looked at -- */

uint64_t efi_now_us(void *ctx)
{
	(void)ctx;
	return t.fake.now_us++;
}

void efi_link_add(struct netdev *dev, EFI_HANDLE card)
{
	(void)dev;
	(void)card;
}

/* -- the card -- */

static EFI_STATUS EFIAPI cfg_read(EFI_PCI_IO_PROTOCOL *This, EFI_PCI_IO_PROTOCOL_WIDTH width,
	UINT32 at, UINTN count, void *out)
{
	assert_ptr_equal(This, &t.io);
	memcpy(out, t.cfg + at, count << width);
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI cfg_write(EFI_PCI_IO_PROTOCOL *This, EFI_PCI_IO_PROTOCOL_WIDTH width,
	UINT32 at, UINTN count, void *in)
{
	assert_ptr_equal(This, &t.io);
	memcpy(t.cfg + at, in, count << width);
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI location(
	EFI_PCI_IO_PROTOCOL *This, UINTN *segment, UINTN *bus, UINTN *dev, UINTN *fn)
{
	(void)This;
	*segment = *bus = *fn = 0;
	*dev = 3;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI attributes(EFI_PCI_IO_PROTOCOL *This,
	EFI_PCI_IO_PROTOCOL_ATTRIBUTE_OPERATION op, UINT64 value, UINT64 *out)
{
	assert_ptr_equal(This, &t.io);
	assert_true(t.opened);
	if (op == EfiPciIoAttributeOperationGet)
		*out = t.attributes;
	else if (op == EfiPciIoAttributeOperationSupported)
		*out = t.supported;
	else if (op == EfiPciIoAttributeOperationEnable)
		t.attributes |= value;
	else if (op == EfiPciIoAttributeOperationSet)
		t.attributes = value;
	else
		fail();
	assert_false(t.attributes & ~t.supported);
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI map(EFI_PCI_IO_PROTOCOL *This, EFI_PCI_IO_PROTOCOL_OPERATION op, void *mem,
	UINTN *n, EFI_PHYSICAL_ADDRESS *at, void **token)
{
	assert_ptr_equal(This, &t.io);
	assert_true(t.opened);
	assert_int_equal(op, EfiPciIoOperationBusMasterCommonBuffer);
	if (t.calls++ == t.fails_at) {
		*token = &t; /* nothing that could be unmapped */
		return EFI_OUT_OF_RESOURCES;
	}
	if (t.in_pieces)
		*n -= EFI_PAGE_SIZE;
	*at = (uintptr_t)mem + OFFSET;
	*token = malloc(1);
	t.maps++;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI unmap(EFI_PCI_IO_PROTOCOL *This, void *token)
{
	assert_ptr_equal(This, &t.io);
	assert_true(t.opened);
	free(token);
	t.maps--;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI buffer_alloc(EFI_PCI_IO_PROTOCOL *This, EFI_ALLOCATE_TYPE type,
	EFI_MEMORY_TYPE kind, UINTN pages, void **mem, UINT64 how)
{
	(void)type;
	assert_ptr_equal(This, &t.io);
	assert_int_equal(kind, EfiBootServicesData);
	assert_true(how == 0 || how == DAC);
	if (t.no_dac == (how == DAC))
		return EFI_UNSUPPORTED;
	*mem = aligned_alloc(EFI_PAGE_SIZE, pages * EFI_PAGE_SIZE);
	memset(*mem, 0xa5, pages * EFI_PAGE_SIZE);
	t.buffers++;
	t.handed_out += pages;
	return EFI_SUCCESS;
}

/* What is still mapped is not freed: each buffer has a mapping, and the packets have one. */
static EFI_STATUS EFIAPI buffer_free(EFI_PCI_IO_PROTOCOL *This, UINTN pages, void *mem)
{
	assert_ptr_equal(This, &t.io);
	assert_true(t.maps < t.buffers + 1);
	free(mem);
	t.buffers--;
	t.handed_out -= pages;
	return EFI_SUCCESS;
}

/* -- the firmware -- */

static EFI_STATUS EFIAPI locate(
	EFI_LOCATE_SEARCH_TYPE how, EFI_GUID *guid, void *key, UINTN *n, EFI_HANDLE **out)
{
	(void)how;
	(void)key;
	assert_ptr_equal(guid, &efi_guid_pci);
	firmware.bs.AllocatePool(EfiBootServicesData, sizeof(**out), (void **)out);
	**out = &t;
	*n = 1;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI handle_protocol(EFI_HANDLE handle, EFI_GUID *guid, void **out)
{
	if (handle != &t || guid != &efi_guid_pci)
		return EFI_UNSUPPORTED;
	*out = &t.io;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI disconnect(EFI_HANDLE handle, EFI_HANDLE driver, EFI_HANDLE child)
{
	(void)driver;
	(void)child;
	assert_ptr_equal(handle, &t);
	assert_false(t.opened);
	t.disconnects++;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI connect(
	EFI_HANDLE handle, EFI_HANDLE *drivers, EFI_DEVICE_PATH *path, BOOLEAN all)
{
	(void)drivers;
	(void)path;
	assert_ptr_equal(handle, &t);
	assert_false(t.opened);
	assert_true(all);
	t.connects++;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI protocol_open(EFI_HANDLE handle, EFI_GUID *guid, void **out,
	EFI_HANDLE agent, EFI_HANDLE controller, UINT32 how)
{
	assert_ptr_equal(guid, &efi_guid_pci);
	assert_ptr_equal(agent, efi_image);
	assert_ptr_equal(controller, handle);
	assert_int_equal(how, EFI_OPEN_PROTOCOL_BY_DRIVER | EFI_OPEN_PROTOCOL_EXCLUSIVE);
	t.opened++;
	*out = &t.io;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI protocol_close(
	EFI_HANDLE handle, EFI_GUID *guid, EFI_HANDLE agent, EFI_HANDLE controller)
{
	assert_ptr_equal(guid, &efi_guid_pci);
	assert_ptr_equal(agent, efi_image);
	assert_ptr_equal(controller, handle);
	t.opened--;
	return EFI_SUCCESS;
}

/* -- the driver -- */

static int probe(struct net *net, struct bus_dev *bus)
{
	(void)net;
	t.probes++;
	t.bus = bus;
	pci_enable(bus);
	for (unsigned i = 0; i < t.blocks; i++) {
		t.block[i] = bus->ops->dma_alloc(bus, EFI_PAGE_SIZE + 1, 16, &t.block_bus[i]);
		if (!t.block[i])
			return -ERR_NETDEV_OPEN;
	}
	return t.probe_rc;
}

static const struct pci_id ids[] = {{0x1234, 0x5678}};
static const struct driver driver = {.name = "test", .ids = ids, .nids = 1, .probe = probe};
static const struct driver *const drivers[] = {&driver, NULL};
static struct config config;

/* -- before and after -- */

static int setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	firmware_init();
	firmware.bs.LocateHandleBuffer = locate;
	firmware.bs.HandleProtocol = handle_protocol;
	firmware.bs.DisconnectController = disconnect;
	firmware.bs.ConnectController = connect;
	firmware.bs.OpenProtocol = protocol_open;
	firmware.bs.CloseProtocol = protocol_close;
	t.io.Pci.Read = cfg_read;
	t.io.Pci.Write = cfg_write;
	t.io.GetLocation = location;
	t.io.Attributes = attributes;
	t.io.Map = map;
	t.io.Unmap = unmap;
	t.io.AllocateBuffer = buffer_alloc;
	t.io.FreeBuffer = buffer_free;
	memcpy(t.cfg, (uint8_t[]){0x34, 0x12, 0x78, 0x56, 0x02, 0x01}, 6);
	t.attributes = EFI_PCI_IO_ATTRIBUTE_MEMORY | EFI_PCI_IO_ATTRIBUTE_VGA_IO;
	t.supported = t.attributes | WANTED | DAC;
	t.fails_at = NEVER;
	t.blocks = BLOCKS;
	efi_loaded = &t.loaded;
	config = fake_config;
	config.drivers = drivers;
	fake_init(&t.fake, 64 << 20);
	efi_sys = &t.sys;
	return system_init(&t.sys, &fake_platform, &t.fake, &config);
}

static int teardown(void **state)
{
	(void)state;
	fake_end(&t.fake);
	return 0;
}

/* The card is the firmware's again, as it was, and so is all memory. */
static void assert_given_back(void)
{
	assert_int_equal(t.maps, 0);
	assert_int_equal(t.buffers, 0);
	assert_int_equal(t.handed_out, 0);
	assert_int_equal(t.opened, 0);
	assert_int_equal(t.disconnects, 1);
	assert_int_equal(t.connects, 1);
	assert_int_equal(t.attributes, EFI_PCI_IO_ATTRIBUTE_MEMORY | EFI_PCI_IO_ATTRIBUTE_VGA_IO);
	assert_int_equal(t.cfg[PCI_COMMAND], 2);
	assert_int_equal(t.cfg[PCI_COMMAND + 1], 1);
	firmware_end();
}

static void scan(void)
{
	pci_efi_scan(&t.sys.net, NULL);
}

/* -- the tests -- */

static void what_is_taken_is_given_back(void **state)
{
	(void)state;
	scan();
	assert_int_equal(t.probes, 1);
	assert_int_equal(t.maps, 1 + BLOCKS); /* the packets' and the rings' */
	assert_int_equal(t.buffers, BLOCKS);
	assert_int_equal(t.opened, 1);
	assert_true(t.cfg[PCI_COMMAND] & 4);
	scan(); /* it is ours already */
	assert_int_equal(t.probes, 1);
	pci_efi_release(NULL);
	assert_given_back();
	pci_efi_release(NULL);
	assert_given_back();
}

static void only_what_the_card_can_is_switched_on(void **state)
{
	(void)state;
	t.supported &= ~(UINT64)(EFI_PCI_IO_ATTRIBUTE_IO | DAC);
	scan();
	assert_int_equal(t.attributes, t.supported);
	pci_efi_release(&t);
	assert_given_back();
}

/* The card sees memory at the IOMMU's addresses; a block is zero, and there to its last byte. */
static void addresses_are_those_of_the_bus(void **state)
{
	uint8_t *packet = t.sys.net.buffers + 100;
	int other;

	(void)state;
	scan();
	assert_int_equal(t.bus->ops->dma_addr(t.bus, packet), (uintptr_t)packet + OFFSET);
	assert_int_equal(t.bus->ops->dma_addr(t.bus, &other), 0);
	for (unsigned i = 0; i < BLOCKS; i++) {
		uint8_t *last = t.block[i] + EFI_PAGE_SIZE;

		assert_int_equal(t.block_bus[i], (uintptr_t)t.block[i] + OFFSET);
		assert_int_equal(t.bus->ops->dma_addr(t.bus, last), (uintptr_t)last + OFFSET);
		assert_int_equal(t.block[i][0], 0);
		assert_int_equal(*last, 0);
	}
	pci_efi_release(NULL);
	assert_given_back();
}

/* 14.4, AllocateBuffer(): above 4 GiB only where the bridge can. */
static void without_dual_addresses_memory_is_low(void **state)
{
	(void)state;
	t.no_dac = true;
	scan();
	assert_int_equal(t.buffers, BLOCKS);
	pci_efi_release(NULL);
	assert_given_back();
}

static void each_map_may_fail(void **state)
{
	for (unsigned i = 0; i <= BLOCKS; i++) {
		teardown(state);
		setup(state);
		t.fails_at = i;
		scan();
		assert_int_equal(t.probes, i ? 1 : 0); /* without its packets a card is of no use */
		assert_int_equal(t.calls, i + 1);
		assert_given_back();
	}
}

static void memory_in_pieces_is_of_no_use(void **state)
{
	(void)state;
	t.in_pieces = true;
	scan();
	assert_int_equal(t.calls, 1);
	assert_int_equal(t.probes, 0);
	assert_given_back();
}

static void a_card_that_cannot_be_used_goes_back(void **state)
{
	(void)state;
	t.probe_rc = -ERR_NETDEV_OPEN;
	scan();
	assert_int_equal(t.calls, 1 + BLOCKS);
	assert_given_back();
}

static void one_block_too_many(void **state)
{
	(void)state;
	t.blocks = BLOCKS_MAX + 1;
	scan();
	assert_int_equal(t.calls, 1 + BLOCKS_MAX);
	assert_given_back();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_taken_is_given_back),
		TEST(only_what_the_card_can_is_switched_on),
		TEST(addresses_are_those_of_the_bus),
		TEST(without_dual_addresses_memory_is_low),
		TEST(each_map_may_fail),
		TEST(memory_in_pieces_is_of_no_use),
		TEST(a_card_that_cannot_be_used_goes_back),
		TEST(one_block_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
