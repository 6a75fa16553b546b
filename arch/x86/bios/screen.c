/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The BIOS console: VGA text through int 10h, keyboard through int 16h, and a 16550 serial port at
 * the address the BIOS data area names for COM1. A mode switch costs tens of microseconds, so text
 * for the screen is gathered and keys are asked for KEY_POLL_US apart.
 *
 * Where the BIOS itself mirrors the screen to the serial line (SeaBIOS with -nographic), int 10h is
 * not the VGA ROM's and moves the cursor all the same: then we leave the serial port alone, so
 * nothing is shown twice. Limits: COM1 only, SERIAL_BAUD 8N1.
 */
#include "arch/x86/bios/bios.h"
#include "arch/x86/bios/realmode.h"
#include "arch/x86/cpu.h"
#include "core/str.h"

#define SERIAL_BAUD  115200
#define KEY_POLL_US  20000
#define UART_WAIT_US 500000

enum { UART_DATA, UART_IER, UART_FCR, UART_LCR, UART_MCR, UART_LSR, UART_MSR, UART_SCRATCH };

static uint16_t uart;	     /* 0: none */
static bool uart_deaf;	     /* it did not take what we sent last */
static bool screen_mirrored; /* the BIOS writes what it shows to the serial line too */
static char pending[RM_TEXT_MAX];
static unsigned npending;
static uint64_t next_key_us;
static bool key_seen;

static bool uart_found(uint16_t port)
{
	outb(port + UART_SCRATCH, 0x5a);
	if (inb(port + UART_SCRATCH) != 0x5a)
		return false;
	outb(port + UART_SCRATCH, 0xa5);
	return inb(port + UART_SCRATCH) == 0xa5;
}

static void uart_init(uint16_t port)
{
	outb(port + UART_IER, 0);
	outb(port + UART_LCR, 0x80); /* divisor latch */
	outb(port + UART_DATA, 115200 / SERIAL_BAUD);
	outb(port + UART_IER, 0);
	outb(port + UART_LCR, 0x03); /* 8N1 */
	outb(port + UART_FCR, 0x07); /* FIFOs on and empty */
	outb(port + UART_MCR, 0x03); /* DTR, RTS */
}

/*
 * Waits for the line to take a character; on a busy host an emulated one may need a while. One that
 * does not has nobody at its end: then no more time is spent on it until it takes one again.
 */
static void uart_put(char c)
{
	uint64_t until = clock_us() + (uart_deaf ? 0 : UART_WAIT_US);

	do {
		if (inb(uart + UART_LSR) & 0x20) {
			outb(uart + UART_DATA, (uint8_t)c);
			uart_deaf = false;
			return;
		}
		cpu_pause();
	} while (clock_us() < until);
	uart_deaf = true;
}

static unsigned cursor(void)
{
	struct rm_regs r = {.eax = 0x0300};

	rm_int(0x10, &r);
	return r.edx & 0xffff;
}

void screen_init(void)
{
	const volatile uint16_t *int10 = low_memory(0x10 * 4);
	uint16_t port = *bda16(BDA_COM1);

	if (port && uart_found(port)) {
		uart = port;
		uart_init(port);
	}
	if (int10[1] == 0xf000) { /* the BIOS's own handler, not a video ROM's */
		unsigned before = cursor();

		rm_put_text(" \b ", 3);
		screen_mirrored = cursor() != before;
		rm_put_text("\b", 1);
	}
}

void screen_flush(void)
{
	if (npending)
		rm_put_text(pending, npending);
	npending = 0;
}

static void screen_byte(char c)
{
	pending[npending++] = c;
	if (npending == sizeof(pending))
		screen_flush();
	if (uart && !screen_mirrored)
		uart_put(c);
}

void screen_putc(void *ctx, char c)
{
	(void)ctx;
	if (c == '\n')
		screen_byte('\r');
	screen_byte(c);
	if (c == '\n')
		screen_flush(); /* screen and serial line tell the same story at the same time */
}

static int bios_key(uint16_t key)
{
	static const struct {
		uint8_t scan;
		uint16_t key;
	} keys[] = {/* IBM keyboard scan codes, set 1 */
		{0x48, KEY_UP}, {0x50, KEY_DOWN}, {0x4b, KEY_LEFT}, {0x4d, KEY_RIGHT},
		{0x47, KEY_HOME}, {0x4f, KEY_END}, {0x53, KEY_DELETE}, {0x49, KEY_PAGE_UP},
		{0x51, KEY_PAGE_DOWN}, {0x42, KEY_F8}};
	uint8_t c = (uint8_t)key, scan = (uint8_t)(key >> 8);

	if (c && c != 0xe0)
		return c;
	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (keys[i].scan == scan)
			return keys[i].key;
	}
	return KEY_NONE;
}

/* Also the window in which the BIOS's interrupt handlers run: timer ticks, keyboards. */
int screen_key(void *ctx)
{
	uint64_t now = clock_us();
	uint16_t key;

	(void)ctx;
	if (now < next_key_us)
		return KEY_NONE;
	screen_flush();
	key_seen = true;
	key = rm_key();
	if (key)
		return bios_key(key);
	if (uart && !screen_mirrored && inb(uart + UART_LSR) & 1)
		return inb(uart + UART_DATA);
	key_seen = false;
	next_key_us = now + KEY_POLL_US;
	return KEY_NONE;
}

/* Sleeps until an interrupt: a key, or the timer tick after at most 55 ms. */
void screen_idle(void *ctx, uint64_t until_us)
{
	(void)ctx;
	(void)until_us;
	rm_idle();
}

bool screen_active(void)
{
	bool active = key_seen;

	key_seen = false;
	return active;
}

/* struct screen_info at the start of boot_params (Linux include/uapi/linux/screen_info.h). */
void screen_info(uint8_t params[4096])
{
	unsigned at = cursor();
	const volatile uint8_t *mode = low_memory(BDA_VIDEO_MODE);
	const volatile uint8_t *rows = low_memory(BDA_ROWS);

	params[0x00] = at & 0xff;
	params[0x01] = (uint8_t)(at >> 8);
	params[0x06] = *mode;
	params[0x07] = (uint8_t)*bda16(BDA_COLUMNS);
	params[0x0e] = (uint8_t)(*rows ? *rows + 1 : 25);
	params[0x0f] = 1;  /* a VGA card: Linux's vgacon needs it */
	params[0x10] = 16; /* points of a character */
}
