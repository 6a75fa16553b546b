/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: virtio-net whose device writes what it likes into its rings and registers. The
 * first byte says which interface the device has, the next whether it gets so many buffers that
 * segments may come, then each step is an opcode and its arguments.
 * The device model aborts when the driver breaks a rule or sends the device to memory that is not
 * shared; at the end no packet is missing.
 */
#include <stdlib.h>
#include "core/bytes.h"
#include "drivers/drivers.h"
#include "tests/drivers/virtio_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rig rig;
static struct vm vm;
static struct netdev *dev;

/* A used element with any id and length, the index moved by any distance. */
static void lie(unsigned index, uint32_t id, uint32_t len, unsigned advance)
{
	struct vm_queue *q = &vm.q[index];

	if (!vm_runs(&vm, index))
		return;
	uint8_t *e = rig_mem(&vm.fn, q->used + 4 + 8u * (q->used_idx % q->num), 8);
	rig_put(e, 4, id);
	rig_put(e + 4, 4, len);
	q->used_idx = (uint16_t)(q->used_idx + advance);
	*vm_u16(&vm, q->used + 2) = q->used_idx;
}

/* Anything anywhere in what a device may write of a queue: flags, index, elements, its wish. */
static void scribble(unsigned index, unsigned at, uint16_t value)
{
	struct vm_queue *q = &vm.q[index];

	if (vm_runs(&vm, index))
		*vm_u16(&vm, q->used + 2 * (at % (3 + 4u * q->num))) = value;
}

/*
 * After a lie the model's own idea of what is on offer may be off; it goes on with what is
 * newest.
 */
static void catch_up(unsigned index)
{
	if (!vm_runs(&vm, index))
		return;
	struct vm_queue *q = &vm.q[index];
	uint16_t idx = *vm_u16(&vm, q->avail + 2);
	if ((uint16_t)(idx - q->last_avail) > q->num)
		q->last_avail = (uint16_t)(idx - q->num);
}

/* One that is put back in has forgotten everything. */
static void plug_or_pull(bool gone)
{
	if (vm.fn.gone && !gone) {
		vm_reset(&vm);
		vm.fn.cfg[4] = 0;
	}
	vm.fn.gone = gone;
}

/* Lies in registers: sizes, features, link, or a device that is not there. */
static void bend(unsigned how, uint16_t value)
{
	switch (how % 7) {
	case 0:
		vm.q[0].num_max = value;
		break;
	case 1:
		vm.q[1].num_max = value;
		break;
	case 2:
		vm.offer ^= 1ull << value % 40;
		break;
	case 3:
		rig_put(vm.config + value % 11, 2, value);
		break;
	case 4:
		vm.refuse = value & 1;
		break;
	case 5:
		vm.slow = value % 100;
		break;
	case 6:
		plug_or_pull(value & 1);
		break;
	}
}

/* In a turn or outside of one, which then ends. */
static void send_one(unsigned len, bool in_turn)
{
	rig.net.in_turn = in_turn;
	if (rig.net.pool.nfree)
		netdev_send(dev, rig_packet(&rig, 14 + len % 1501, len));
	rig.net.in_turn = false;
}

/* A buffer whose header says anything, and which is as long as the device likes. */
static void give(unsigned buffers, unsigned len, unsigned gso)
{
	uint8_t hdr[12] = {
		1, (uint8_t)gso, [10] = (uint8_t)buffers, [11] = (uint8_t)(buffers >> 8)};
	struct vm_chain c;

	catch_up(0);
	if (!vm_pop(&vm, 0, true, &c))
		return;
	vm_scatter(&c, 0, hdr, sizeof(hdr));
	vm_push(&vm, 0, c.head, len);
}

static void step(struct bytes *b)
{
	uint8_t op = bytes_u8(b);
	unsigned index = op >> 7;

	switch (op % 11) {
	case 0:
	case 1:
		dev->ops->poll(dev, 1 + (op >> 3));
		rig_free_received(&rig);
		break;
	case 2: {
		catch_up(0);
		unsigned len = bytes_le16(b);
		if (!(vm.accepted & VM_MRG_RXBUF))
			len %= 1900;
		vm_receive_hdr(&vm, len, op, op >> 4, op & 0x80 ? 1 : 0);
		break;
	}
	case 3:
		send_one(bytes_le16(b), op & 0x80);
		break;
	case 4:
		catch_up(1);
		vm_transmit(&vm, op >> 4);
		break;
	case 5: {
		uint32_t id = bytes_le16(b), len = bytes_le32(b);
		lie(index, id, len, bytes_u8(b) % 4);
		break;
	}
	case 6: {
		unsigned at = bytes_le16(b);
		scribble(index, at, bytes_le16(b));
		break;
	}
	case 7:
		bend(op >> 4, bytes_le16(b));
		break;
	case 8:
		rig_pass_us(&rig, bytes_le16(b) * 4u);
		break;
	case 9:
		netdev_close(dev);
		netdev_open(dev);
		break;
	case 10: {
		unsigned buffers = bytes_u8(b) | (op & 0x80u) << 4, len = bytes_le16(b);
		give(buffers, len, op >> 4 & 7);
		break;
	}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t offers[] = {VM_USUAL, VM_USUAL | VM_ANY_LAYOUT | VM_EVENT_IDX,
		VM_USUAL | VM_EVENT_IDX | VM_VERSION_1, VM_USUAL | VM_VERSION_1 | VM_MTU};
	struct bytes b = bytes_of(data, size);
	unsigned shape = bytes_u8(&b) % 4;

	rig_init(&rig);
	vm_init(&vm, shape < 2, shape >= 2, offers[shape]);
	rig_plug(&rig, &vm.fn, 3 << 3);
	if (rig_scan(&rig, &driver_virtio_net) != 1)
		abort();
	dev = netdev_find(&rig.net, "net0");
	dev->rx_ring = bytes_u8(&b) & 1 ? 32 : 160;
	netdev_open(dev);
	for (unsigned i = 0; b.n && i < 1000; i++)
		step(&b);
	netdev_close(dev);
	rig_free_received(&rig);
	if (rig.net.pool.nfree != PKT_MAX || rig.net.pool.freed_twice || rig_is_master(&vm.fn))
		abort();
	rig_end(&rig);
	return 0;
}
