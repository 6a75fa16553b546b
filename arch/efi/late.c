/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See late.h. A transfer ends by itself, a minute after the last new byte (net/tftp.c, net/http.c),
 * so no time is set for the wait. Links that the payload has taken for itself are ours meanwhile.
 *
 * Limits: keys are the payload's. None of them ends the wait, nor does Ctrl-C.
 */
#include "arch/efi/late.h"
#include "arch/efi/nic.h"
#include "net/initrd_fetch.h"

static void wait(bool (*done)(void *ctx), void *ctx)
{
	struct net *net = &efi_sys->net;
	bool borrowed[NETDEV_MAX];

	for (unsigned i = 0; i < net->ndev; i++)
		borrowed[i] = nic_borrow(&net->dev[i]);
	efi_wait(done, ctx, TIME_NEVER);
	for (unsigned i = 0; i < net->ndev; i++)
		nic_return(&net->dev[i], borrowed[i]);
	efi_console_flush();
}

EFI_STATUS late_region(void *buf, UINTN size)
{
	struct machine *m = &efi_sys->m;
	static struct initrd_fill fill; /* large for a payload's stack */

	m->now_us = efi_now_us(NULL); /* no turn has been while the payload ran */
	initrd_fill_start(m, &fill, (uintptr_t)buf, size);
	wait(initrd_fill_poll, &fill);
	initrd_fill_cancel(&fill);
	return fill.result ? EFI_DEVICE_ERROR : EFI_SUCCESS;
}

static bool is_finished(void *ctx)
{
	const struct fetch *f = ctx;

	return f->finished;
}

struct image *late_image(struct image *late)
{
	struct machine *m = &efi_sys->m;
	struct image *img = NULL;
	struct fetch *f;
	int rc;

	m->now_us = efi_now_us(NULL);
	err_clear(m);
	rc = fetch_start(m, late->uri, late->name, late->path, &f);
	if (!rc) {
		wait(is_finished, f);
		if (!f->result && f->image->total != late->total)
			f->result = initrd_changed(m, late, f->image->total);
		rc = f->result;
		img = fetch_end(f);
	}
	if (rc) {
		err_print(m, rc);
		err_clear(m);
		return NULL;
	}
	img->initrd = late->initrd;
	img->mode = late->mode;
	img->seq = late->seq;
	image_free(m, late);
	return img;
}
