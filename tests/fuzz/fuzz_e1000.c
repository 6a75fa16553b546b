/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: e1000 whose device writes what it likes into its descriptors and registers. Each
 * step is an opcode and its arguments. The device model aborts when the driver breaks a rule or
 * sends the device to memory that is not shared; at the end no packet is missing.
 */
#include <stdlib.h>
#include "core/bytes.h"
#include "drivers/drivers.h"
#include "tests/drivers/e1000_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rig rig;
static struct em em;
static struct netdev *dev;

/*
 * The part of a descriptor that the device writes back; not the address, and for sending not the
 * command, which only the driver writes: the model would blame it.
 */
static void scribble(struct em_ring *r, unsigned at, uint32_t value)
{
	if (!rig_is_master(&em.fn) || !r->len)
		return;
	unsigned first = r == &em.tx ? 4 : at % 5;
	rig_put(em_desc(&em, r, at % (r->len / 16)) + 8 + first, 4, value);
}

static void receive(unsigned op, unsigned len, unsigned errors)
{
	static const uint8_t frame[2048];
	unsigned write = len < 1900 ? len : 1900;

	/* The model insists on clean descriptors; this device does not. */
	if (em_can_receive(&em) && em.rx.head != em.rx.tail)
		em_desc(&em, &em.rx, em.rx.head)[12] = 0;
	em_give(&em, frame, write, len, op, errors);
}

/* In a turn or outside of one, which then ends. */
static void send_one(unsigned len, bool in_turn)
{
	rig.net.in_turn = in_turn;
	if (rig.net.pool.nfree)
		netdev_send(dev, rig_packet(&rig, 14 + len % 1600, len));
	rig.net.in_turn = false;
}

/* One that is put back in has forgotten everything. */
static void plug_or_pull(bool gone)
{
	if (em.fn.gone && !gone) {
		em_reset(&em);
		em.fn.cfg[4] = 0;
	}
	em.fn.gone = gone;
}

static void step(struct bytes *b)
{
	uint8_t op = bytes_u8(b);

	switch (op % 8) {
	case 0:
	case 1:
		dev->ops->poll(dev, 1 + (op >> 3));
		rig_free_received(&rig);
		break;
	case 2: {
		unsigned len = bytes_le16(b), status = bytes_u8(b);
		receive(status, len, bytes_u8(b));
		break;
	}
	case 3:
		em.lazy = op & 0x80;
		send_one(bytes_le16(b), op & 0x40);
		break;
	case 4: {
		unsigned at = bytes_le16(b);
		scribble(op & 0x80 ? &em.tx : &em.rx, at, bytes_le32(b));
		break;
	}
	case 5:
		em.status = bytes_le32(b);
		em.mpc = bytes_le32(b);
		break;
	case 6:
		rig_pass_us(&rig, bytes_le16(b) * 4u);
		break;
	case 7:
		plug_or_pull(op & 0x80);
		em.stuck = op & 0x40;
		netdev_close(dev);
		netdev_open(dev);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = bytes_of(data, size);

	rig_init(&rig);
	em_init(&em, 0x100e);
	rig_plug(&rig, &em.fn, 3 << 3);
	if (rig_scan(&rig, &driver_e1000) != 1)
		abort();
	dev = netdev_find(&rig.net, "net0");
	dev->rx_ring = 1 + bytes_u8(&b);
	netdev_open(dev);
	for (unsigned i = 0; b.n && i < 1000; i++)
		step(&b);
	netdev_close(dev);
	rig_free_received(&rig);
	if (rig.net.pool.nfree != PKT_MAX || rig.net.pool.freed_twice || rig_is_master(&em.fn))
		abort();
	rig_end(&rig);
	return 0;
}
