/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The FILE calls: Etherboot's extension of the PXE API ("PXE extensions", opcodes 00E0h to 00E7h),
 * by which PXELINUX and others open any URL that we have a scheme for.
 *
 * FILE_READ does not wait longer than READ_WAIT_US: nothing there yet is PXENV_STATUS_TFTP_OPEN.
 * Not there, and not in the mask that FILE_API_CHECK returns: FILE_EXEC, FILE_EXIT_HOOK.
 */
#include "arch/x86/pxe/pxe.h"
#include "core/machine.h"
#include "core/str.h"
#include "net/fetch.h"

#define READ_WAIT_US 20000
#define MAGIC_ASKED  0x91d447b2u
#define MAGIC_HERE   0xe9c17b20u
#define PROVIDER     0x6c696576u /* "veil" */
#define API_MASK     0x5fu	 /* opcodes 00E0h + bit */

enum { READY_READ = 1 };

struct file_open {
	uint16_t status, handle;
	struct segoff name;
	uint32_t reserved;
} __attribute__((packed));
_Static_assert(sizeof(struct file_open) == 12, "FILE OPEN");

struct file_handle {
	uint16_t status, handle;
} __attribute__((packed));

struct file_select {
	uint16_t status, handle, ready;
} __attribute__((packed));

struct file_read {
	uint16_t status, handle, size;
	struct segoff buffer;
} __attribute__((packed));
_Static_assert(sizeof(struct file_read) == 10, "FILE READ");

struct file_size {
	uint16_t status, handle;
	uint32_t size;
} __attribute__((packed));
_Static_assert(sizeof(struct file_size) == 8, "GET FILE SIZE");

struct file_check {
	uint16_t status, size;
	uint32_t magic, provider, mask, flags;
} __attribute__((packed));
_Static_assert(sizeof(struct file_check) == 20, "FILE API CHECK");

/* Handles count from 1: the one file that TFTP reads has number 0. NULL: no such file is open. */
static struct pxe_file *file_of(struct pxe *p, const void *params)
{
	const struct file_handle *h = params;

	if (!h->handle || h->handle >= PXE_FILES || !p->file[h->handle].fetch)
		return NULL;
	return &p->file[h->handle];
}

/* The NBP's URL; false when it has no end inside of its segment or is too long. */
static bool file_uri(struct pxe *p, struct segoff at, char uri[URL_MAX])
{
	for (unsigned i = 0; i < URL_MAX && at.off + i <= UINT16_MAX; i++) {
		const char *c = pxe_at(p, (struct segoff){(uint16_t)(at.off + i), at.seg}, 1);

		if (!c)
			return false;
		uri[i] = *c;
		if (!*c)
			return true;
	}
	return false;
}

static enum pxe_status file_open(struct pxe *p, void *params)
{
	struct file_open *o = params;
	char uri[URL_MAX];
	uint16_t i = 1;
	int rc;

	while (i < PXE_FILES && p->file[i].fetch)
		i++;
	if (i == PXE_FILES)
		return PXENV_STATUS_OUT_OF_RESOURCES;
	if (!file_uri(p, o->name, uri))
		return PXENV_STATUS_FAILURE;
	rc = pxe_file_open(p, &p->file[i], uri);
	o->handle = i;
	return rc ? pxe_file_status(rc) : PXENV_STATUS_SUCCESS;
}

static enum pxe_status file_close(struct pxe *p, void *params)
{
	struct pxe_file *f = file_of(p, params);

	if (!f)
		return PXENV_STATUS_TFTP_CLOSED;
	pxe_file_close(p, f);
	return PXENV_STATUS_SUCCESS;
}

/* An end or an error is ready, too: FILE_READ says so. */
static enum pxe_status file_select(struct pxe *p, void *params)
{
	struct file_select *s = params;
	struct pxe_file *f = file_of(p, params);

	if (!f)
		return PXENV_STATUS_TFTP_CLOSED;
	s->ready = pxe_file_wait(p, f, 0) > 0 || f->fetch->finished ? READY_READ : 0;
	return PXENV_STATUS_SUCCESS;
}

static enum pxe_status file_read(struct pxe *p, void *params)
{
	struct file_read *r = params;
	struct pxe_file *f = file_of(p, params);
	void *to = pxe_at(p, r->buffer, r->size);
	int n;

	if (!f)
		return PXENV_STATUS_TFTP_CLOSED;
	if (!to)
		return PXENV_STATUS_FAILURE;
	n = pxe_file_wait(p, f, READ_WAIT_US);
	if (n < 0)
		return f->fetch->finished ? PXENV_STATUS_TFTP_CANNOT_READ_FROM_CONNECTION
					  : PXENV_STATUS_TFTP_OPEN;
	n = pxe_file_read(p, f, to, n < r->size ? (size_t)n : r->size);
	r->size = (uint16_t)n;
	return PXENV_STATUS_SUCCESS;
}

static enum pxe_status file_get_size(struct pxe *p, void *params)
{
	struct file_size *s = params;
	const struct pxe_file *f = file_of(p, params);
	const struct image *img = f ? f->fetch->image : NULL;

	if (!img)
		return PXENV_STATUS_TFTP_CLOSED; /* also when reading it has failed */
	if (img->total > UINT32_MAX)
		return PXENV_STATUS_TFTP_NO_FILESIZE;
	s->size = (uint32_t)img->total;
	return PXENV_STATUS_SUCCESS;
}

static enum pxe_status file_api_check(struct pxe *p, void *params)
{
	struct file_check *c = params;

	(void)p;
	if (c->magic != MAGIC_ASKED || c->size < sizeof(*c))
		return PXENV_STATUS_FAILURE;
	c->size = sizeof(*c);
	c->magic = MAGIC_HERE;
	c->provider = PROVIDER;
	c->mask = API_MASK;
	c->flags = 0;
	return PXENV_STATUS_SUCCESS;
}

const struct pxe_call pxe_file_calls[] = {
	{0xe0, sizeof(struct file_open), file_open},
	{0xe1, sizeof(struct file_handle), file_close},
	{0xe2, sizeof(struct file_select), file_select},
	{0xe3, sizeof(struct file_read), file_read},
	{0xe4, sizeof(struct file_size), file_get_size},
	{0xe6, sizeof(struct file_check), file_api_check},
	{0, 0, NULL},
};
