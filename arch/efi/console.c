/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console: the firmware's text output and keyboard (UEFI 12.3 to 12.5). Both stand for all its
 * devices, screen and serial line, so nothing is sent to a serial line here.
 *
 * Text is collected, because each call repaints: a line at its end, the rest when somebody looks
 * (efi_console_poll()). Keys may only be read at TPL_APPLICATION, and are when we are outside;
 * there each reading asks every device, so it is done KEYS_US apart.
 *
 * Limits: one line of characters from U+0020 to U+FFFF; of keys, those of ASCII and enum key.
 */
#include "arch/efi/efi.h"

#define KEYS_US	 15000
#define TEXT_MAX 128 /* characters, with those of a new line and the end */
#define KEYS_MAX 16

static EFI_GUID input_ex_guid = EFI_SIMPLE_TEXT_INPUT_EX_PROTOCOL_GUID;
static EFI_SIMPLE_TEXT_INPUT_EX_PROTOCOL *input_ex; /* NULL: the older one alone */
static uint64_t keys_due_us;

/* -- text -- */

static CHAR16 text[TEXT_MAX];
static unsigned ntext;
static bool shown; /* there is a console */
static struct {
	uint32_t code;
	unsigned left; /* bytes that are to follow */
} utf8;

void efi_console_flush(void)
{
	if (!ntext)
		return;
	text[ntext] = 0;
	ntext = 0;
	if (shown)
		efi_st->ConOut->OutputString(efi_st->ConOut, text);
}

static void put(uint32_t code)
{
	text[ntext++] = (CHAR16)code;
	if (ntext >= TEXT_MAX - 3)
		efi_console_flush();
}

void efi_putc(void *ctx, char c)
{
	uint8_t b = (uint8_t)c;

	(void)ctx;
	if (b < 0x80) {
		utf8.left = 0;
		if (b == '\n')
			put('\r');
		put(b);
		if (b == '\n')
			efi_console_flush();
	} else if (b < 0xc0) {
		utf8.code = utf8.code << 6 | (b & 0x3f);
		if (utf8.left && !--utf8.left)
			put(utf8.code <= UINT16_MAX ? utf8.code : '?');
	} else {
		utf8.left = b < 0xe0 ? 1 : b < 0xf0 ? 2 : 3;
		utf8.code = b & 0x3fu >> utf8.left;
	}
}

/* -- keys -- */

static int keys[KEYS_MAX];
static unsigned key_head, key_tail; /* counts; both may wrap */
static bool typed;

/* UEFI table 12.2 */
static int key_of_scan(unsigned scan)
{
	static const uint16_t codes[] = {
		[0x01] = KEY_UP,
		[0x02] = KEY_DOWN,
		[0x03] = KEY_RIGHT,
		[0x04] = KEY_LEFT,
		[0x05] = KEY_HOME,
		[0x06] = KEY_END,
		[0x08] = KEY_DELETE,
		[0x09] = KEY_PAGE_UP,
		[0x0a] = KEY_PAGE_DOWN,
		[0x12] = KEY_F8,
		[0x17] = 0x1b,
	};

	return scan < sizeof(codes) / sizeof(codes[0]) && codes[scan] ? codes[scan] : KEY_NONE;
}

/* A serial line brings Ctrl-C as one character, a keyboard as 'c' with a key held down. */
static int key_of(const EFI_KEY_DATA *k)
{
	uint32_t shift = k->KeyState.KeyShiftState, c = k->Key.UnicodeChar;
	bool ctrl = (shift & EFI_SHIFT_STATE_VALID) &&
		    (shift & (EFI_LEFT_CONTROL_PRESSED | EFI_RIGHT_CONTROL_PRESSED));

	if (!c)
		return key_of_scan(k->Key.ScanCode);
	if (c >= 0x80)
		return KEY_NONE;
	if (ctrl && c >= 0x40)
		return c & 0x1f ? (int)(c & 0x1f) : KEY_NONE;
	return (int)c;
}

static bool key_read(EFI_KEY_DATA *k)
{
	*k = (EFI_KEY_DATA){0};
	if (input_ex)
		return !input_ex->ReadKeyStrokeEx(input_ex, k);
	return !efi_st->ConIn->ReadKeyStroke(efi_st->ConIn, &k->Key);
}

/* So many are looked at in a turn, however fast they come: not each is a key of ours. */
static void keys_take(void)
{
	EFI_KEY_DATA k;

	for (unsigned i = 0; i < KEYS_MAX && key_head - key_tail < KEYS_MAX && key_read(&k); i++) {
		int key = key_of(&k);

		typed = true;
		if (key != KEY_NONE)
			keys[key_head++ % KEYS_MAX] = key;
	}
}

int efi_key(void *ctx)
{
	(void)ctx;
	return key_head != key_tail ? keys[key_tail++ % KEYS_MAX] : KEY_NONE;
}

bool efi_console_active(void)
{
	bool was = typed;

	typed = false;
	return was;
}

void efi_console_poll(void)
{
	uint64_t now = efi_now_us(NULL);

	if (now < keys_due_us)
		return;
	keys_due_us = now + KEYS_US;
	efi_console_flush();
	if (efi_st->ConIn)
		keys_take();
}

EFI_EVENT efi_console_event(void)
{
	return input_ex ? input_ex->WaitForKeyEx : efi_st->ConIn ? efi_st->ConIn->WaitForKey : NULL;
}

/* -- from start to end -- */

void efi_console_init(void)
{
	if (efi_bs->HandleProtocol(efi_st->ConsoleInHandle, &input_ex_guid, (void **)&input_ex))
		input_ex = NULL;
	shown = true;
	efi_st->ConOut->EnableCursor(efi_st->ConOut, TRUE);
}

void efi_console_end(void)
{
	efi_console_flush();
	shown = false;
}
