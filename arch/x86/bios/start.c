/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The outer loop of the BIOS build: from the stub's jump to the payload's entry. Everything the
 * machine asks for in its boot request is carried out here, outside of machine_poll().
 *
 * When a boot fails, control goes back to the BIOS for its next device. Several Reveille ROMs in
 * one machine all drive all links, so the one that has failed leaves a note in the BIOS data area,
 * and the others return at once.
 */
#include "arch/x86/bios/bios.h"
#include "arch/x86/bios/nbp_run.h"
#include "arch/x86/bios/realmode.h"
#include "arch/x86/copy.h"
#include "arch/x86/cpu.h"
#include "config/system.h"
#include "core/bzimage.h"
#include "core/str.h"
#include "drivers/bus.h"
#include "embed.h"
#include "net/autoexec.h"

/* "Rv" and the low half of the BIOS's tick counter when all links had been tried: rom.asm looks for
 * it. */
struct note {
	uint16_t magic, tick;
};
#define NOTE_MAGIC 0x7652

struct handover bios_handover;
char bios_cmdline[1024];
static struct system sys;

#define CMDLINE_MAX 4096u /* bytes of a loader's command line that are looked at */
#define AWAKE_US    200000

_Noreturn void bios_main(const struct handover *ho);
void enter_kernel(uint32_t entry, uint32_t params, const void *gdtr); /* entry.asm */

static uint16_t bios_tick(void)
{
	return *bda16(0x46c);
}

static uint64_t bios_now_us(void *ctx)
{
	(void)ctx;
	return clock_us();
}

static void leave_note(void)
{
	volatile struct note *note = low_memory(BDA_SHARED);

	note->magic = NOTE_MAGIC;
	note->tick = bios_tick();
}

/* Back to who started us: everything as it was, or we stay in memory. A PXE ROM is told the status.
 */
static _Noreturn void leave(uint16_t status)
{
	const struct handover *ho = &bios_handover;

	screen_flush();
	copy_end();
	if (!nbp_stays(status))
		rm_end();
	if (ho->origin == ORIGIN_ROM || ho->origin == ORIGIN_PXE)
		rm_leave(ho->ret_ss, ho->ret_esp, status);
	/* A Linux loader and a boot sector cannot be gone back to: let the BIOS boot its next
	 * device. */
	for (;;) {
		struct rm_regs r = {0};

		rm_int(0x18, &r);
	}
}

/*
 * boot_params, the command line behind it and a descriptor table: at the address that the oldest
 * kernels expect, or lower where a PXE ROM or the BIOS leaves us less base memory. Our block lies
 * above them and is needed to the end.
 */
#define PARAMS_AT   0x90000u
#define PARAMS_ROOM (4096u + IMAGE_CMDLINE_MAX + 4096u)

static _Noreturn void start_linux(const struct boot_request *req)
{
	static const uint64_t flat[4] = {0, 0, 0x00cf9a000000ffffull, 0x00cf92000000ffffull};
	uint32_t below = ((uint32_t)rm_block - PARAMS_ROOM) & ~(MEM_PAGE - 1);
	uint32_t where = below < PARAMS_AT ? below : PARAMS_AT;
	uint8_t *params = low_memory(where);
	size_t cmdline = strlen(req->cmdline) + 1;
	uint8_t *at = params + sizeof(req->params);
	struct {
		uint16_t limit;
		uint32_t base;
	} __attribute__((packed)) gdtr = {sizeof(flat) - 1, 0};

	memcpy(params, req->params, sizeof(req->params));
	memcpy(at, req->cmdline, cmdline);
	bzimage_place_params(params, req->protocol, where, where + (uint32_t)sizeof(req->params));
	screen_info(params);
	at += (cmdline + 15) & ~15u;
	memcpy(at, flat, sizeof(flat));
	gdtr.base = (uint32_t)at;
	screen_flush();
	copy_end();
	rm_end();
	enter_kernel(req->entry, where, &gdtr);
	__builtin_unreachable();
}

/* Drivers that found their device by themselves. */
static void drivers_boot(void)
{
	for (const struct driver *const *drv = sys.m.config->drivers; *drv; drv++)
		if ((*drv)->boot)
			(*drv)->boot();
}

int start_boot(void *ctx, const struct boot_request *req)
{
	(void)ctx;
	switch (req->kind) {
	case BOOT_LINUX:
		drivers_boot();
		for (unsigned i = 0; i < req->nmoves; i++) {
			const struct boot_move *mv = &req->moves[i];

			if (mv->src == BOOT_MOVE_ZERO)
				memset(low_memory((uintptr_t)mv->dst), 0, (size_t)mv->n);
			else
				memory_move(NULL, mv->dst, mv->src, mv->n);
		}
		for (unsigned i = 0; i < req->nblobs; i++) {
			const struct boot_blob *b = &req->blobs[i];

			memory_write(NULL, b->dst, req->blob + b->off, b->n);
		}
		start_linux(req);
	case BOOT_REBOOT:
		screen_flush();
		power_reboot();
	case BOOT_POWEROFF:
		screen_flush();
		power_off();
		return -ERR_NO_POWEROFF;
	case BOOT_EXIT:
		/* Also when a script has said exit: another ROM would run it again. */
		if (bios_handover.origin != ORIGIN_PXE)
			leave_note();
		leave(req->exit_code ? PXENV_STATUS_FAILURE : PXENV_STATUS_SUCCESS);
	case BOOT_NBP: {
		int result = nbp_run(&sys.m);

		if (nbp_stays(result))
			leave((uint16_t)result);
		return result;
	}
	case BOOT_EFI: /* no image type of a BIOS build makes one */
	case BOOT_NONE:
		break;
	}
	return 0;
}

/*
 * Nothing wakes the processor but the 55 ms timer tick, so it sleeps only when nobody has sent or
 * typed anything for a while: an answer from a server or the next key is not to wait for a tick.
 */
static void idle(void *ctx, uint64_t until_us)
{
	static uint64_t seen, last_us;
	const struct net *net = &sys.net;
	uint64_t now = clock_us(), packets = 0;

	(void)ctx;
	for (unsigned i = 0; i < net->ndev; i++)
		packets += net->dev[i].stats.rx_packets + net->dev[i].stats.tx_packets;
	if (packets != seen || screen_active()) {
		seen = packets;
		last_us = now;
	}
	screen_flush();
	if (now - last_us >= AWAKE_US)
		screen_idle(NULL, until_us);
}

const struct platform bios_platform = {
	.name = "pcbios",
	.buildarch = "i386",
	.now_us = bios_now_us,
	.entropy = identity_entropy,
	.memory_map = memory_map,
	.memory_self = memory_self,
	.phys_write = memory_write,
	.phys_read = memory_read,
	.phys_move = memory_move,
	.putc = screen_putc,
	.key = screen_key,
	.idle = idle,
	.uuid = identity_uuid,
	.boot = start_boot,
};

/*
 * The command line a Linux boot loader gave, without what loaders add by themselves (BOOT_IMAGE=,
 * initrd=): a line of script. "" when there is none.
 */
static void take_cmdline(const struct handover *ho)
{
	const char *s = ho->cmd_line_ptr ? low_memory(ho->cmd_line_ptr) : "";
	size_t n = 0;

	for (size_t used = 0; used < CMDLINE_MAX && *s && n < sizeof(bios_cmdline) - 1;) {
		size_t word = 0;

		while (s[word] && s[word] != ' ' && used + word < CMDLINE_MAX)
			word++;
		if (!str_starts(s, "BOOT_IMAGE=") && !str_starts(s, "initrd=")) {
			if (word > sizeof(bios_cmdline) - 2 - n)
				break;
			memcpy(bios_cmdline + n, s, word);
			n += word;
			bios_cmdline[n++] = ' ';
		}
		while (s[word] == ' ')
			word++;
		s += word;
		used += word;
	}
	while (n && bios_cmdline[n - 1] == ' ')
		n--;
	bios_cmdline[n] = '\0';
}

/* What a Linux boot loader put beside us as initrd becomes an image, and runs when it is a script.
 */
static void run_initrd(struct machine *m)
{
	const struct handover *ho = &bios_handover;
	struct image *img;
	int rc;

	if (!ho->ramdisk_image || !ho->ramdisk_size)
		return;
	rc = image_open(m, "initrd", "", ho->ramdisk_size, NULL, &img);
	if (rc == 0)
		rc = image_put(m, img, 0, low_memory(ho->ramdisk_image), ho->ramdisk_size);
	if (rc == 0)
		rc = image_close(m, img);
	if (rc == 0)
		rc = script_run_image(m, img);
	if (rc < 0)
		err_print(m, rc);
}

/* Finds all links: those whose drivers need no bus first, as they may have to let go of a card. */
static void find_links(struct net *net)
{
	drivers_probe(net);
	pci_bios_scan(net);
	drivers_ready(net);
}

/* What to run: a loader's command line and then its initrd, else the embedded script, else the
 * built-in start. */
static void choose_start(struct machine *m)
{
	static const char embedded[] = REVEILLE_EMBED;

	if (bios_handover.ramdisk_size || bios_cmdline[0]) {
		run_initrd(m);
		if (bios_cmdline[0])
			script_run_text(m, bios_cmdline, strlen(bios_cmdline));
	} else if (embedded[0]) {
		script_run_text(m, embedded, sizeof(embedded) - 1);
	} else {
		static char room[AUTOEXEC_MAX];
		const char *text = autoexec_start(m->net, room);

		script_run_text(m, text, strlen(text));
	}
}

static _Noreturn void run(struct machine *m)
{
	for (;;) {
		uint64_t next = machine_poll(m);

		if (m->boot.kind == BOOT_NBP) {
			machine_return(m, start_boot(NULL, &m->boot));
		} else if (m->boot.kind != BOOT_NONE) {
			machine_end(m);
			machine_resume(m, start_boot(NULL, &m->boot));
		} else if (next > clock_us()) {
			idle(NULL, next);
		}
	}
}

_Noreturn void bios_main(const struct handover *ho)
{
	struct machine *m = &sys.m;
	const char *copy;

	memcpy(&bios_handover, ho, sizeof(bios_handover));
	if (ho->magic != HANDOVER_MAGIC)
		bios_handover.origin = ORIGIN_LOADER;
	if (bios_handover.origin == ORIGIN_LOADER || bios_handover.origin == ORIGIN_KERNEL)
		take_cmdline(ho);
	clock_init();
	if (!rm_init())
		power_reboot(); /* no base memory: nothing could be shown either */
	screen_init();
	copy = copy_init(sys.net.buffers, sizeof(sys.net.buffers));
	if (system_init(&sys, &bios_platform, NULL, &config_bios) < 0)
		leave(PXENV_STATUS_FAILURE);
	console_print(m, "\n%s %s - network boot\n", m->config->product, m->config->version);
	log_put(m, LOG_INFO, "copying by %s", copy);
	find_links(&sys.net);
	choose_start(m);
	run(m);
}
