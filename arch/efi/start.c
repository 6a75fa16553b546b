/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The outer loop of the UEFI builds, and the door between the firmware and the machine (efi.h).
 *
 * The machine's turns run at TPL_CALLBACK, a millisecond of them at a time; then the firmware's
 * timers, screen and keyboard have theirs. No service of the firmware is called for a packet. When
 * nothing has been sent, received or typed for a while, the processor sleeps until a timer or a
 * key: the firmware's own clock ticks each 10 ms or so, too rarely for a transfer.
 */
#include "arch/efi/cpu.h"
#include "arch/efi/efi.h"
#include "core/str.h"
#include "drivers/bus.h"

#define SLICE_US 1000	/* the machine's, between two windows for the firmware */
#define AWAKE_US 200000 /* without a frame or a key, before we sleep */
#define DOZE_US	 1000

EFI_HANDLE efi_image;
EFI_SYSTEM_TABLE *efi_st;
EFI_BOOT_SERVICES *efi_bs;
EFI_LOADED_IMAGE *efi_loaded;
struct system *efi_sys;
bool efi_gone;

static EFI_PHYSICAL_ADDRESS sys_pages;
static UINTN sys_npages;
static EFI_EVENT exit_event, doze_timer;

/* -- the door -- */

static bool inside;
static EFI_TPL outside_tpl;
static uint64_t window_us; /* when the firmware last had its turn */

bool efi_enter(EFI_TPL *kept)
{
	EFI_TPL tpl = efi_bs->RaiseTPL(TPL_CALLBACK);

	if (inside) {
		efi_bs->RestoreTPL(tpl);
		return false;
	}
	inside = true;
	*kept = outside_tpl = tpl;
	return true;
}

void efi_leave(EFI_TPL kept)
{
	inside = false;
	window_us = efi_now_us(NULL);
	efi_bs->RestoreTPL(kept);
}

/* The firmware's timers run, and what was printed is shown. Who of them calls us finds us busy. */
static void window(void)
{
	uint64_t now = efi_now_us(NULL);

	if (now - window_us < SLICE_US)
		return;
	window_us = now;
	efi_bs->RestoreTPL(outside_tpl);
	efi_console_flush();
	efi_bs->RaiseTPL(TPL_CALLBACK);
}

struct wait {
	bool (*done)(void *ctx);
	void *ctx;
};

static bool wait_done(void *ctx)
{
	const struct wait *w = ctx;

	window();
	return w->done(w->ctx);
}

bool efi_wait(bool (*done)(void *ctx), void *ctx, uint64_t deadline_us)
{
	struct wait w = {done, ctx};

	return machine_wait(&efi_sys->m, wait_done, &w, deadline_us);
}

/* -- the platform -- */

/* Within machine_wait(), whose wait_done() opens the window. */
static void idle(void *ctx, uint64_t until_us)
{
	(void)ctx;
	(void)until_us;
	cpu_pause();
}

static int power(void *ctx, const struct boot_request *req)
{
	EFI_RESET_TYPE type = req->kind == BOOT_POWEROFF ? EfiResetShutdown : EfiResetCold;

	(void)ctx;
	efi_console_flush();
	efi_st->RuntimeServices->ResetSystem(type, EFI_SUCCESS, 0, NULL);
	return -ERR_NO_POWEROFF;
}

const struct platform efi_platform = {
	.name = "efi",
	.buildarch = CPU_BUILDARCH,
	.now_us = efi_now_us,
	.entropy = efi_entropy,
	.memory_map = efi_memory_map,
	.memory_self = efi_memory_self,
	.phys_write = efi_phys_write,
	.phys_read = efi_phys_read,
	.phys_move = efi_phys_move,
	.pages_alloc = efi_pages_alloc,
	.pages_free = efi_pages_free,
	.putc = efi_putc,
	.key = efi_key,
	.idle = idle,
	.uuid = efi_uuid,
	.boot = power,
};

/* -- start -- */

EFI_STATUS efi_init(EFI_HANDLE image, EFI_SYSTEM_TABLE *st)
{
	efi_image = image;
	efi_st = st;
	efi_bs = st->BootServices;
	efi_bs->SetWatchdogTimer(0, 0, 0, NULL);
	efi_clock_init();
	efi_console_init();
	return efi_bs->HandleProtocol(image, &efi_guid_loaded, (void **)&efi_loaded);
}

/*
 * Memory for the machine: zeros, so that packet buffers start on a page, as an IOMMU likes it, and
 * below 4 GiB, for cards and bridges that reach no farther.
 */
static EFI_STATUS system_alloc(void)
{
	UINTN lead = -offsetof(struct system, net.buffers) % EFI_PAGE_SIZE;
	EFI_STATUS status;

	sys_npages = EFI_SIZE_TO_PAGES(lead + sizeof(struct system));
	sys_pages = UINT32_MAX;
	status = efi_bs->AllocatePages(
		AllocateMaxAddress, EfiBootServicesData, sys_npages, &sys_pages);
	if (status)
		status = efi_bs->AllocatePages(
			AllocateAnyPages, EfiBootServicesData, sys_npages, &sys_pages);
	if (status)
		return status;
	memset((void *)(uintptr_t)sys_pages, 0, sys_npages * EFI_PAGE_SIZE);
	efi_sys = (struct system *)(uintptr_t)(sys_pages + lead);
	return EFI_SUCCESS;
}

static void system_free(void)
{
	efi_bs->FreePages(sys_pages, sys_npages);
	efi_sys = NULL;
}

static void close_links(void)
{
	for (unsigned i = 0; i < efi_sys->net.ndev; i++)
		netdev_close(&efi_sys->net.dev[i]);
}

/*
 * ExitBootServices: no device of ours writes to memory from here on, and nothing of us runs again.
 * At TPL_NOTIFY, in front of what is notified at TPL_CALLBACK: there EDK II's driver of an IOMMU
 * ends all mappings. What closes a card calls PciIo alone, which is allowed at that level (UEFI
 * 7.1, TPL restrictions), allocates nothing and prints nothing.
 */
static void EFIAPI exit_notify(EFI_EVENT event, void *ctx)
{
	(void)event;
	(void)ctx;
	if (efi_gone)
		return;
	efi_gone = inside = true;
	close_links();
}

EFI_STATUS efi_start(void)
{
	EFI_STATUS status = system_alloc();

	if (status)
		return status;
	if (system_init(efi_sys, &efi_platform, NULL, &config_efi) < 0)
		status = EFI_OUT_OF_RESOURCES;
	if (!status)
		status = efi_bs->CreateEvent(
			EVT_SIGNAL_EXIT_BOOT_SERVICES, TPL_NOTIFY, exit_notify, NULL, &exit_event);
	if (status) {
		system_free();
		return status;
	}
	if (efi_bs->CreateEvent(EVT_TIMER, TPL_CALLBACK, NULL, NULL, &doze_timer))
		doze_timer = NULL;
	return EFI_SUCCESS;
}

void efi_greet(void)
{
	struct machine *m = &efi_sys->m;

	console_print(m, "\n%s %s - network boot\n", m->config->product, m->config->version);
}

/* The firmware's own links come last: what a driver of ours knows is no longer among them. */
void efi_find_links(void)
{
	struct net *net = &efi_sys->net;
	EFI_TPL kept;

	adopt_collect();
	pci_efi_scan(net, NULL);
	drivers_probe(net);
	drivers_ready(net);
	if (!efi_enter(&kept))
		return;
	adopt_apply(net);
	efi_leave(kept);
}

void efi_end(void)
{
	EFI_TPL kept;

	if (efi_enter(&kept)) {
		machine_end(&efi_sys->m);
		image_free_all(&efi_sys->m);
		efi_leave(kept);
	}
	snp_release();
	pci_efi_release(NULL);
	efi_bs->CloseEvent(exit_event);
	if (doze_timer)
		efi_bs->CloseEvent(doze_timer);
	efi_console_end();
	system_free();
}

/* -- the loop -- */

/* Whether nobody has sent, received or typed anything for a while. */
static bool is_quiet(const struct net *net)
{
	static uint64_t seen, last_us;
	uint64_t now = efi_now_us(NULL), packets = 0;

	for (unsigned i = 0; i < net->ndev; i++)
		packets += net->dev[i].stats.rx_packets + net->dev[i].stats.tx_packets;
	if (packets != seen || efi_console_active()) {
		seen = packets;
		last_us = now;
	}
	return now - last_us >= AWAKE_US;
}

/*
 * Turns of the machine until the firmware is to have its own; when the machine wants the next.
 * While frames flow it is asked again at once: in lock step each answer would wait for the door.
 */
static uint64_t slice(struct machine *m)
{
	uint64_t start = efi_now_us(NULL), next, now;
	EFI_TPL kept;

	if (!efi_enter(&kept))
		return start;
	do {
		next = machine_poll(m);
		now = efi_now_us(NULL);
	} while (m->boot.kind == BOOT_NONE && now - start < SLICE_US &&
		 (next <= now || !is_quiet(&efi_sys->net)));
	efi_leave(kept);
	return next;
}

static void doze(uint64_t until_us)
{
	EFI_EVENT events[2] = {doze_timer, efi_console_event()};
	uint64_t now = efi_now_us(NULL), us = until_us > now ? until_us - now : 0;
	UINTN which;

	if (!us || outside_tpl != TPL_APPLICATION || !doze_timer || !is_quiet(&efi_sys->net))
		return;
	us = us < DOZE_US ? us : DOZE_US;
	if (!efi_bs->SetTimer(doze_timer, TimerRelative, us * 10))
		efi_bs->WaitForEvent(events[1] ? 2 : 1, events, &which);
}

/* A program beside us: all links stay open. */
static void run_payload(struct machine *m)
{
	EFI_TPL kept;
	int rc;

	efi_console_flush();
	rc = efi_boot_image(&m->boot);
	if (!efi_enter(&kept))
		return;
	image_free_auto(m);
	machine_return(m, rc);
	efi_leave(kept);
}

/* What is the end of the machine, if it works. */
static void carry_out(struct machine *m)
{
	EFI_TPL kept;
	int rc;

	if (!efi_enter(&kept))
		return;
	machine_end(m);
	rc = m->plat->boot(m->plat_ctx, &m->boot);
	machine_resume(m, rc);
	efi_leave(kept);
}

EFI_STATUS efi_run(void)
{
	struct machine *m = &efi_sys->m;

	for (;;) {
		uint64_t next = slice(m);

		efi_console_poll();
		if (m->boot.kind == BOOT_EXIT) {
			m->boot.kind = BOOT_NONE;
			return m->boot.exit_code ? EFI_ABORTED : EFI_SUCCESS;
		}
		if (m->boot.kind == BOOT_EFI)
			run_payload(m);
		else if (m->boot.kind != BOOT_NONE)
			carry_out(m);
		else
			doze(next);
	}
}
